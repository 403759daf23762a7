//! Values made from JSON schemas: such as fit, and such as do not.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::{Union, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

/// Chance with a seed.
pub struct Draw(TestRunner);

impl Draw {
    pub fn new(seed: u64) -> Self {
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        Self(TestRunner::new_with_rng(Config::default(), rng))
    }

    pub fn of<T: std::fmt::Debug>(&mut self, strategy: &impl Strategy<Value = T>) -> T {
        strategy.new_tree(&mut self.0).unwrap().current()
    }

    /// A number below this one.
    pub fn below(&mut self, below: usize) -> usize {
        self.of(&(0..below))
    }

    /// True so many times of a hundred.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn one<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// What makes values of a schema.
pub struct Maker<'a> {
    pub document: &'a Value,
    /// Good values of the server at hand for a field of this name.
    pub known: &'a dyn Fn(&str) -> Vec<Value>,
    /// How many of a hundred optional fields are there.
    pub optional: u32,
}

impl Maker<'_> {
    /// Values that fit a schema, of a field of this name.
    pub fn fitting(&self, schema: &Value, name: &str, depth: usize) -> BoxedStrategy<Value> {
        let known = (self.known)(name);
        let generic = self.generic(schema, name, depth);
        if known.is_empty() {
            return generic;
        }
        prop_oneof![9 => select(known), 1 => generic].boxed()
    }

    fn generic(&self, schema: &Value, name: &str, depth: usize) -> BoxedStrategy<Value> {
        if let Some(reference) = schema["$ref"].as_str() {
            let meant = self.document.pointer(&reference[1..]).unwrap();
            return self.generic(meant, name, depth);
        }
        if let Some(words) = schema["enum"].as_array() {
            return select(words.clone()).boxed();
        }
        for key in ["oneOf", "anyOf"] {
            if let Some(parts) = schema[key].as_array() {
                let parts: Vec<_> =
                    parts.iter().map(|part| self.generic(part, name, depth)).collect();
                return Union::new(parts).boxed();
            }
        }
        if let Some(parts) = schema["allOf"].as_array() {
            return self.of_all(parts, name, depth);
        }
        match &schema["type"] {
            Value::String(word) => self.of_type(schema, word, name, depth),
            Value::Array(words) => {
                let words = words.iter().filter_map(Value::as_str);
                Union::new(words.map(|word| self.of_type(schema, word, name, depth))).boxed()
            }
            _ => select(strange()).boxed(),
        }
    }

    /// Values of several parts; a part that only says that one of some fields must be there has them
    /// put into the others.
    fn of_all(&self, parts: &[Value], name: &str, depth: usize) -> BoxedStrategy<Value> {
        let either = parts.iter().find_map(|part| part["anyOf"].as_array());
        let Some(either) = either.filter(|either| either.iter().all(only_requires)) else {
            let parts: Vec<_> = parts.iter().map(|part| self.generic(part, name, depth)).collect();
            return parts.prop_map(merged).boxed();
        };
        let ways = either.iter().map(|way| {
            let parts = parts.iter().filter(|part| part.get("anyOf").is_none()).map(|part| {
                let mut part = part.clone();
                let more = way["required"].as_array().unwrap().clone();
                part["required"].as_array_mut().unwrap().extend(more);
                self.generic(&part, name, depth)
            });
            parts.collect::<Vec<_>>().prop_map(merged)
        });
        Union::new(ways).boxed()
    }

    fn of_type(
        &self,
        schema: &Value,
        word: &str,
        name: &str,
        depth: usize,
    ) -> BoxedStrategy<Value> {
        match word {
            "null" => Just(Value::Null).boxed(),
            "boolean" => any::<bool>().prop_map(Value::from).boxed(),
            "integer" => {
                let low = schema["minimum"].as_i64().unwrap_or(i64::MIN);
                let most = if schema["format"] == "int32" { i64::from(i32::MAX) } else { i64::MAX };
                let high = schema["maximum"].as_i64().unwrap_or(most);
                let small = (low.max(-5), high.min(5000).max(low));
                prop_oneof![
                    6 => (small.0..=small.1).prop_map(Value::from),
                    1 => Just(json!(low)),
                    1 => Just(json!(high)),
                ]
                .boxed()
            }
            "number" => (-1e6..1e6).prop_map(|number: f64| json!(number)).boxed(),
            "string" => texts(schema),
            "array" => self.arrays(schema, name, depth),
            "object" => self.objects(schema, depth),
            other => panic!("a type {other}"),
        }
    }

    fn arrays(&self, schema: &Value, name: &str, depth: usize) -> BoxedStrategy<Value> {
        if let Some(parts) = schema["prefixItems"].as_array() {
            let parts: Vec<_> =
                parts.iter().map(|part| self.fitting(part, name, depth + 1)).collect();
            return parts.prop_map(Value::from).boxed();
        }
        if depth > 8 {
            return Just(json!([])).boxed();
        }
        let item = self.fitting(&schema["items"], &format!("{name}[]"), depth + 1);
        // What must be there must not be empty, either, in the least that is asked.
        let least = if self.optional > 0 && !name.is_empty() { 0 } else { 1 };
        vec(item, least..3).prop_map(Value::from).boxed()
    }

    fn objects(&self, schema: &Value, depth: usize) -> BoxedStrategy<Value> {
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut all: Vec<BoxedStrategy<Option<(String, Value)>>> = Vec::new();
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let named = name.clone();
            let value = self.fitting(field, name, depth + 1);
            let value = value.prop_map(move |value| Some((named.clone(), value)));
            all.push(if required.contains(&&**name) {
                value.boxed()
            } else if depth > 8 || self.optional == 0 {
                Just(None).boxed()
            } else {
                prop_oneof![
                    self.optional => value,
                    (100 - self.optional).max(1) => Just(None)
                ]
                .boxed()
            });
        }
        if schema["additionalProperties"].is_object() {
            let value = self.fitting(&schema["additionalProperties"], "", depth + 1);
            let more = ("[a-z]{1,6}", value).prop_map(|(name, value)| Some((name, value)));
            all.push(more.boxed());
        }
        all.prop_map(|fields| fields.into_iter().flatten().collect::<Map<_, _>>().into()).boxed()
    }
}

fn only_requires(schema: &Value) -> bool {
    schema.get("required").is_some() && schema.get("properties").is_none()
}

fn merged(parts: Vec<Value>) -> Value {
    let mut all = Map::new();
    for part in parts {
        if let Value::Object(fields) = part {
            all.extend(fields);
        }
    }
    all.into()
}

fn texts(schema: &Value) -> BoxedStrategy<Value> {
    if let Some(pattern) = schema["pattern"].as_str() {
        assert!(pattern.starts_with("^[^/]+/"), "no values for {pattern}");
        return "[a-z]{1,8}/[a-z \u{e4}/]{1,8}".prop_map(Value::from).boxed();
    }
    match schema["format"].as_str().unwrap_or_default() {
        "date-time" => (1_771_900_000_i64..1_772_100_000)
            .prop_map(|at| json!(fluxnoc::model::Timestamp::from_millis(at * 1000)))
            .boxed(),
        "date" => Just(json!("2026-02-25")).boxed(),
        "uuid" => any::<u128>()
            .prop_map(|bits| {
                let hex = format!("{bits:032x}");
                json!(format!(
                    "{}-{}-{}-{}-{}",
                    &hex[..8],
                    &hex[8..12],
                    &hex[12..16],
                    &hex[16..20],
                    &hex[20..]
                ))
            })
            .boxed(),
        "password" => "[ -~]{12,20}".prop_map(Value::from).boxed(),
        _ => {
            let least = schema["minLength"].as_u64().unwrap_or(0);
            let plain = format!("[a-z0-9 .*-]{{{},16}}", least.max(1));
            let strange = format!("\\PC{{{least},12}}");
            let wild = format!("(?s).{{{least},12}}");
            prop_oneof![
                4 => proptest::string::string_regex(&plain).unwrap(),
                1 => proptest::string::string_regex(&strange).unwrap(),
                1 => proptest::string::string_regex(&wild).unwrap(),
            ]
            .prop_map(Value::from)
            .boxed()
        }
    }
}

/// Values that hardly anything takes.
pub fn strange() -> Vec<Value> {
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    let deep_object = (0..100).fold(json!(1), |inner, _| json!({ "a": inner }));
    vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1.5),
        json!(1e308),
        json!(""),
        json!("\u{0}\u{1b}[2J\u{202e}"),
        json!("x".repeat(70_000)),
        json!("'; DROP TABLE alert; --"),
        json!("9999-12-31T23:59:59Z"),
        json!("1970-01-01T00:00:00Z"),
        json!([]),
        json!({}),
        json!([null]),
        json!({ "a": 1 }),
        deep,
        deep_object,
    ]
}

/// Changes one place of a value into something that does not belong there.
pub fn damage(draw: &mut Draw, value: &mut Value) {
    let go_on = draw.percent(70);
    match value {
        Value::Object(fields) if !fields.is_empty() && go_on => {
            let names: Vec<String> = fields.keys().cloned().collect();
            let name = draw.one(&names).clone();
            match draw.below(6) {
                0 => {
                    fields.remove(&name);
                }
                1 => {
                    fields.insert("unknown field".to_owned(), json!(1));
                }
                _ => damage(draw, fields.get_mut(&name).unwrap()),
            }
        }
        Value::Array(items) if !items.is_empty() && go_on => {
            let at = draw.below(items.len());
            if draw.percent(10) {
                let item = items[at].clone();
                items.extend(vec![item; 2000]);
            } else {
                damage(draw, &mut items[at]);
            }
        }
        other => *other = draw.one(&strange()).clone(),
    }
}
