//! Which fields a type declares, against which of them a sample fills: read from the types
//! themselves, by walking a sample with their own `Deserialize`.
//!
//! In: a value. Out: `Type.field` with whether any sample filled it.
//! Never: sees into what serde buffers (flattened and internally tagged types): those are walked
//! by themselves.

use std::cell::RefCell;
use std::collections::BTreeMap;

use fluxnoc::model::spec::{Kind, Spec};
use fluxnoc::protocol::query::HostMore;
use fluxnoc::protocol::{Outcome, Query};
use serde::de::value::{Error, StrDeserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer as _,
    MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Value;

use crate::{samples, world};

/// Filled or not, by `Type.field`.
#[derive(Default)]
pub struct Declared(RefCell<BTreeMap<String, bool>>);

impl Declared {
    /// Walks a sample as its type says.
    pub fn walk<T: DeserializeOwned + serde::Serialize>(&self, sample: &T) {
        let json = serde_json::to_value(sample).unwrap();
        T::deserialize(Walk { value: &json, seen: self }).unwrap();
    }

    /// What no sample filled.
    pub fn empty(&self) -> Vec<String> {
        let seen = self.0.borrow();
        seen.iter().filter(|(_, filled)| !**filled).map(|(field, _)| field.clone()).collect()
    }

    fn note(&self, name: &str, fields: &[&str], value: &Value) {
        for field in fields {
            let filled = match value.get(field) {
                None | Some(Value::Null) => false,
                Some(Value::Array(all)) => !all.is_empty(),
                Some(Value::Object(all)) => !all.is_empty(),
                Some(Value::String(text)) => !text.is_empty(),
                Some(_) => true,
            };
            *self.0.borrow_mut().entry(format!("{name}.{field}")).or_default() |= filled;
        }
    }
}

struct Walk<'a> {
    value: &'a Value,
    seen: &'a Declared,
}

impl<'a> Walk<'a> {
    fn of(&self, value: &'a Value) -> Self {
        Self { value, seen: self.seen }
    }

    /// Fields in the order of the type, so that a tag comes before its content.
    fn fields(&self, order: &[&str]) -> Fields<'a> {
        let mut all: Vec<(&'a str, &'a Value)> = self
            .value
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.as_str(), value))
            .collect();
        all.sort_by_key(|(key, _)| order.iter().position(|known| known == key));
        Fields { all: all.into_iter(), value: None, seen: self.seen }
    }
}

impl<'de, 'a: 'de> Deserializer<'de> for Walk<'a> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(value), _) => visitor.visit_u64(value),
                (_, Some(value)) => visitor.visit_i64(value),
                _ => visitor.visit_f64(number.as_f64().unwrap()),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(all) => visitor.visit_seq(Items { all: all.iter(), seen: self.seen }),
            Value::Object(_) => visitor.visit_map(self.fields(&[])),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        // A kind of event or answer may have no content.
        if fields.last() != Some(&"data") {
            self.seen.note(name, fields, self.value);
        }
        visitor.visit_map(self.fields(fields))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.value {
            Value::String(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            Value::Object(all) => {
                let (variant, value) = all.iter().next().unwrap();
                visitor.visit_enum(Variant { name, variant, content: self.of(value) })
            }
            other => Err(de::Error::custom(format!("{other} is no variant of {name}"))),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

struct Items<'a> {
    all: std::slice::Iter<'a, Value>,
    seen: &'a Declared,
}

impl<'de, 'a: 'de> SeqAccess<'de> for Items<'a> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let next = self.all.next();
        next.map(|value| seed.deserialize(Walk { value, seen: self.seen })).transpose()
    }
}

struct Fields<'a> {
    all: std::vec::IntoIter<(&'a str, &'a Value)>,
    value: Option<&'a Value>,
    seen: &'a Declared,
}

impl<'de, 'a: 'de> MapAccess<'de> for Fields<'a> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some((key, value)) = self.all.next() else { return Ok(None) };
        self.value = Some(value);
        let key: StrDeserializer<'_, Error> = key.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let value = self.value.take().unwrap();
        seed.deserialize(Walk { value, seen: self.seen })
    }
}

struct Variant<'a> {
    name: &'static str,
    variant: &'a str,
    content: Walk<'a>,
}

impl<'de, 'a: 'de> EnumAccess<'de> for Variant<'a> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let name: StrDeserializer<'_, Error> = self.variant.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de, 'a: 'de> VariantAccess<'de> for Variant<'a> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.content)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.content.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.content.seen.note(self.name, fields, self.content.value);
        visitor.visit_map(self.content.fields(fields))
    }
}

/// The fields of all types that cross the seam which no sample fills: a text there would be seen
/// by nobody.
pub fn unfilled() -> Vec<String> {
    let seen = Declared::default();
    samples::events().iter().for_each(|event| seen.walk(event));
    Query::samples().iter().for_each(|query| seen.walk(&samples::answer_to(query)));
    seen.walk(&world::problem());
    // What serde buffers is walked by itself; the patterns have a compiler's word for it.
    for outcome in samples::outcomes() {
        match outcome {
            Outcome::Done { count: _, failures: _, failed: _, undo_until: _ } => {}
            Outcome::Tested { answers: _, taken: _ } => {}
            Outcome::Rule { rule, checks: _ } => seen.walk(&rule),
            Outcome::User(user) => seen.walk(&user),
            Outcome::Token { token, plain: _ } => seen.walk(&token),
            Outcome::Maintenance(window) => seen.walk(&window),
            Outcome::Enrolled { name, key: _ } => seen.walk(&name),
            Outcome::Assigned { generation: _, assignments, life: _, pause: _ } => {
                seen.walk(&assignments);
            }
            Outcome::Test(test) => seen.walk(&*test),
            Outcome::Schedule(row) => seen.walk(&*row),
            Outcome::Directives(directives) => seen.walk(&directives),
        }
    }
    seen.walk(&HostMore::from(&samples::host()));
    for kind in Kind::ALL {
        match samples::spec(*kind) {
            Spec::Ping(spec) => seen.walk(&spec),
            Spec::Tcp(spec) => seen.walk(&spec),
            Spec::Udp(spec) => seen.walk(&spec),
            Spec::Http(spec) => seen.walk(&spec),
            Spec::Dns(spec) => seen.walk(&spec),
            Spec::Mysql(spec) => seen.walk(&spec),
            Spec::Process(spec) => seen.walk(&spec),
            Spec::Custom(spec) => seen.walk(&spec),
            Spec::System(spec) => seen.walk(&spec),
            Spec::Trace(spec) => seen.walk(&spec),
            Spec::Snmp(spec) => seen.walk(&*spec),
            Spec::Json(spec) => seen.walk(&spec),
            Spec::Scrape(spec) => seen.walk(&spec),
            Spec::Fluxmq(spec) => seen.walk(&spec),
            Spec::Fluxbase(spec) => seen.walk(&spec),
            Spec::Agent | Spec::Schedule | Spec::Query(_) => {}
        }
    }
    seen.empty()
}
