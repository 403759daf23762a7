//! Whether an answer is as the document says: its status, its media type, its body, and nothing
//! more in it than is documented.

use std::collections::HashMap;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::stage::Operation;

/// The document as a judge of answers.
pub struct Judge {
    pub document: Value,
    validators: HashMap<String, Validator>,
}

impl Judge {
    pub fn new(document: Value) -> Self {
        Self { document, validators: HashMap::new() }
    }

    /// What is wrong with an answer; nothing, when it is as documented.
    pub fn wrong(
        &mut self,
        op: &Operation,
        status: u16,
        media: &str,
        body: &str,
    ) -> Option<String> {
        let responses = &op.about["responses"];
        let Some(response) = responses.get(status.to_string()) else {
            return Some(format!("status {status} is not documented: {body}"));
        };
        if status >= 500 {
            return Some(format!("{status}: {body}"));
        }
        let content = response["content"].as_object()?;
        let Some(said) = content.get(media) else {
            return Some(format!("{status}: media type {media:?} is not documented: {body}"));
        };
        if !media.contains("json") {
            return None;
        }
        let Ok(value) = serde_json::from_str::<Value>(body) else {
            return Some(format!("{status}: no JSON: {body}"));
        };
        self.wrong_value(&said["schema"], &value).map(|why| format!("{status}: {why}"))
    }

    /// What is wrong with a value of a schema.
    pub fn wrong_value(&mut self, schema: &Value, value: &Value) -> Option<String> {
        let document = &self.document;
        let validator = self.validators.entry(schema.to_string()).or_insert_with(|| {
            let mut root = schema.clone();
            root["components"] = document["components"].clone();
            root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
            let options = jsonschema::options().should_validate_formats(true);
            // The formats of OpenAPI say how many bits a number has, and that a text is a secret.
            options.should_ignore_unknown_formats(true).build(&root).unwrap()
        });
        if let Some(error) = validator.iter_errors(value).next() {
            let cut: String = error.to_string().chars().take(600).collect();
            return Some(format!("at {}: {cut}", error.instance_path()));
        }
        let mut more = Vec::new();
        undocumented(document, &[schema], value, "", &mut more);
        (!more.is_empty()).then(|| format!("not documented: {more:?}"))
    }
}

/// All schemas that a schema is made of: itself, what it refers to, its parts.
fn parts<'a>(document: &'a Value, schema: &'a Value, out: &mut Vec<&'a Value>) {
    out.push(schema);
    if let Some(path) = schema.get("$ref").and_then(Value::as_str) {
        parts(document, document.pointer(&path[1..]).unwrap(), out);
    }
    for key in ["allOf", "oneOf", "anyOf"] {
        for part in schema.get(key).and_then(Value::as_array).into_iter().flatten() {
            parts(document, part, out);
        }
    }
}

/// Collects the fields of a value that none of its schemas names.
fn undocumented(
    document: &Value,
    schemas: &[&Value],
    value: &Value,
    at: &str,
    out: &mut Vec<String>,
) {
    let mut all = Vec::new();
    for schema in schemas {
        parts(document, schema, &mut all);
    }
    // What may be anything is whatever it is.
    if all.iter().any(|schema| schema.as_object().is_some_and(serde_json::Map::is_empty)) {
        return;
    }
    match value {
        Value::Object(fields) => {
            let free: Vec<&Value> =
                all.iter().filter_map(|schema| schema.get("additionalProperties")).collect();
            let is_free = free.iter().any(|more| **more != json!(false));
            for (name, field) in fields {
                let mut named: Vec<&Value> =
                    all.iter().filter_map(|schema| schema["properties"].get(name)).collect();
                if named.is_empty() && is_free {
                    named.extend(free.iter().filter(|more| more.is_object()));
                } else if named.is_empty() {
                    out.push(format!("{at}/{name}"));
                    continue;
                }
                undocumented(document, &named, field, &format!("{at}/{name}"), out);
            }
        }
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                let of: Vec<&Value> = all
                    .iter()
                    .filter_map(|schema| {
                        schema["prefixItems"].get(n).or_else(|| schema.get("items"))
                    })
                    .collect();
                undocumented(document, &of, item, &format!("{at}/{n}"), out);
            }
        }
        _ => {}
    }
}
