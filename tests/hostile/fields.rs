//! Every place in what crosses the seam where a text can stand, found in the samples by trying:
//! where any word survives the types, there is a text.
//!
//! In: a sample. Out: the sample with a token at each such place, and the list of places.
//! Never: a list by hand.

use std::collections::BTreeMap;

use fluxnoc::model::{AlertId, MaintenanceId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

const PROBE: &str = "QZprobe";
/// Numbers of the two fields that all others name: the host and the check on it.
pub const HOST: usize = 0;
pub const CHECK: usize = 1;
/// Bytes of a token.
pub const TOKEN: usize = 10;

/// The places.
pub struct Fields {
    /// Their names, such as `Event.check.data.status.output`.
    pub names: Vec<String>,
    /// What may stand there, where that is not every text: a glob, a selector.
    choosy: Vec<Option<Accepts>>,
    known: BTreeMap<String, usize>,
}

/// True for what its type takes.
type Accepts = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// What stands at a place until the wire puts a text there.
pub fn token(field: usize, variant: usize) -> String {
    format!("QZ{field:04}{variant:03}Z")
}

/// Field and variant of a token.
pub fn read_token(bytes: &[u8]) -> Option<(usize, usize)> {
    let text = std::str::from_utf8(bytes.get(..TOKEN)?).ok()?;
    let digits = text.strip_prefix("QZ")?.strip_suffix('Z')?;
    Some((digits.get(..4)?.parse().ok()?, digits.get(4..)?.parse().ok()?))
}

pub fn host_name(variant: usize) -> String {
    format!("h{variant:03}{}", token(HOST, variant))
}

pub fn check_name(variant: usize) -> String {
    format!("c{variant:03}{}", token(CHECK, variant))
}

pub fn alert_id(variant: usize) -> AlertId {
    AlertId::from_parts(9, [u8::try_from(variant).unwrap() + 1; 10])
}

pub fn window_id(variant: usize) -> MaintenanceId {
    MaintenanceId::from_parts(7, [u8::try_from(variant).unwrap() + 1; 10])
}

#[derive(Clone, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
    /// The name of a field, not what is in it.
    Name(String),
}

impl Fields {
    pub fn new() -> Self {
        let names = vec!["the host".to_owned(), "the check".to_owned()];
        Self { names, choosy: vec![None, None], known: BTreeMap::new() }
    }

    /// A sample as it is for a variant, with tokens in it.
    pub fn plant<T: Serialize + DeserializeOwned + 'static>(
        &mut self,
        root: &str,
        sample: &T,
        variant: usize,
    ) -> T {
        let mut json = serde_json::to_value(sample).unwrap();
        let mut leaves = Vec::new();
        collect(&json, &mut Vec::new(), &mut leaves);
        // The deepest first: a name that changes moves what is below it.
        leaves.reverse();
        for path in leaves {
            let Some(text) = get(&json, &path).map(str::to_owned) else { continue };
            if let Some(word) = self.word::<T>(root, &json, &path, &text, variant) {
                set(&mut json, &path, &word);
            }
        }
        serde_json::from_value(json).unwrap_or_else(|error| panic!("{root}: {error}"))
    }

    fn word<T: Serialize + DeserializeOwned + 'static>(
        &mut self,
        root: &str,
        json: &Value,
        path: &[Step],
        text: &str,
        variant: usize,
    ) -> Option<String> {
        if text == AlertId::from_parts(9, [9; 10]).to_string() {
            return Some(alert_id(variant).to_string());
        }
        if text == MaintenanceId::from_parts(7, [7; 10]).to_string() {
            return Some(window_id(variant).to_string());
        }
        let carries = carries::<T>(json.clone(), path.to_vec());
        let both = format!("{PROBE}/{PROBE}");
        if !carries(PROBE) && !carries(&both) {
            return None;
        }
        let name = format!("{root}.{}", spelled(path));
        let word = match text {
            "Zürich 3" | "web 1" => host_name(variant),
            "disk é" | "path" => check_name(variant),
            "Zürich 3/disk é" => format!("{}/{}", host_name(variant), check_name(variant)),
            _ => {
                let next = self.names.len();
                let field = *self.known.entry(name.clone()).or_insert(next);
                // Of what is sorted by, the order must not hang on the text.
                let sorted = ["labels.site", "labels.tier", "groups.[]"];
                let first = if sorted.iter().any(|end| name.ends_with(end)) {
                    format!("s{variant:03}")
                } else if name.contains(".metrics.[].") || name.contains(".metric.") {
                    format!("m{field:04}v{variant:03}")
                } else {
                    String::new()
                };
                // A selector carries a text as the value of a label.
                let (first, last) = if name.ends_with(".spec.metrics.[].series") {
                    (first + "{x=\"", "\"}")
                } else {
                    (first, "")
                };
                if field == next {
                    self.names.push(name.clone());
                    let before = first.clone();
                    let takes = move |word: &str| carries(&format!("{before}{word}{last}"));
                    let is_choosy = ["a{[", "\u{2c30} ", "\"\\"].iter().any(|word| !takes(word));
                    self.choosy.push(is_choosy.then_some(Box::new(takes)));
                }
                return Some(first + &token(field, variant) + last);
            }
        };
        self.known.insert(name, if text.starts_with('Z') { HOST } else { CHECK });
        Some(word)
    }

    /// The number of the field at a place.
    pub fn number(&self, place: &str) -> Option<usize> {
        self.known.get(place).copied()
    }

    /// True where not every text may stand.
    pub fn is_choosy(&self, place: &str) -> bool {
        self.number(place).is_some_and(|field| self.choosy[field].is_some())
    }

    /// True when the type of a field takes a text.
    pub fn takes(&self, field: usize, text: &str) -> bool {
        self.choosy[field].as_ref().is_none_or(|accepts| accepts(text))
    }

    /// All places, also those where a host or a check is named.
    pub fn places(&self) -> impl Iterator<Item = &String> {
        self.known.keys()
    }
}

/// Whether a word at a place of a value survives its type.
fn carries<T: Serialize + DeserializeOwned>(
    json: Value,
    path: Vec<Step>,
) -> impl Fn(&str) -> bool + Send + Sync + 'static {
    move |word| {
        let mut probed = json.clone();
        set(&mut probed, &path, word);
        let back = serde_json::from_value::<T>(probed).ok();
        let back = back.and_then(|back| serde_json::to_value(back).ok());
        back.is_some_and(|back| get(&back, &named(&path, word)) == Some(word))
    }
}

fn collect(value: &Value, at: &mut Vec<Step>, out: &mut Vec<Vec<Step>>) {
    match value {
        Value::String(_) => out.push(at.clone()),
        Value::Array(all) => {
            for (n, value) in all.iter().enumerate() {
                at.push(Step::Index(n));
                collect(value, at, out);
                at.pop();
            }
        }
        Value::Object(all) => {
            for (key, value) in all {
                at.push(Step::Name(key.clone()));
                out.push(at.clone());
                at.pop();
                at.push(Step::Key(key.clone()));
                collect(value, at, out);
                at.pop();
            }
        }
        _ => {}
    }
}

/// The path after the name at its end became `word`.
fn named(path: &[Step], word: &str) -> Vec<Step> {
    let mut path = path.to_vec();
    if let Some(Step::Name(name)) = path.last_mut() {
        word.clone_into(name);
    }
    path
}

fn get<'a>(value: &'a Value, path: &'a [Step]) -> Option<&'a str> {
    match path.split_first() {
        None => value.as_str(),
        Some((Step::Key(key), rest)) => get(value.get(key)?, rest),
        Some((Step::Index(n), rest)) => get(value.get(n)?, rest),
        Some((Step::Name(name), _)) => value.get(name).map(|_| name.as_str()),
    }
}

fn set(value: &mut Value, path: &[Step], word: &str) {
    match path.split_first() {
        None => *value = Value::String(word.to_owned()),
        Some((Step::Key(key), rest)) => set(&mut value[key.as_str()], rest, word),
        Some((Step::Index(n), rest)) => set(&mut value[*n], rest, word),
        Some((Step::Name(name), _)) => {
            let all: &mut Map<String, Value> = value.as_object_mut().unwrap();
            if let Some(inner) = all.remove(name) {
                all.insert(word.to_owned(), inner);
            }
        }
    }
}

fn spelled(path: &[Step]) -> String {
    let words: Vec<String> = path
        .iter()
        .map(|step| match step {
            Step::Key(key) => key.clone(),
            Step::Index(_) => "[]".to_owned(),
            Step::Name(_) => "{}".to_owned(),
        })
        .collect();
    words.join(".")
}
