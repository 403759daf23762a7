//! Requests made from an operation of the document.

use fluxnoc::model::Role;
use serde_json::{Value, json};

use crate::known::Known;
use crate::stage::Operation;
use crate::values::{Draw, Maker, damage, strange};

/// One request.
#[derive(Clone)]
pub struct Sent {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<Vec<u8>>,
}

impl std::fmt::Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body = self.body.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        let body: String = body.chars().take(1000).collect();
        write!(f, "{} {} {:?} {body}", self.method, self.path, self.headers)
    }
}

/// How a request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// As the schema says, with nothing that may be absent.
    Least,
    /// As the schema says.
    Fitting,
    /// With something wrong somewhere.
    Wrong,
}

/// Makes a request of an operation in a way, for a role.
pub fn make(
    (document, known): (&Value, &Known),
    op: &Operation,
    role: Option<Role>,
    way: Way,
    draw: &mut Draw,
) -> Sent {
    let values = |field: &str| known.values(&op.id, role, field);
    let optional = if way == Way::Least { 0 } else { 40 };
    let maker = Maker { document, known: &values, optional };
    let mut sent =
        Sent { method: op.method.clone(), path: op.path.clone(), headers: Vec::new(), body: None };
    let mut query = Vec::new();
    if op.path.contains("{host}/{check}") && !known.pairs.is_empty() && draw.percent(90) {
        let scraped = ("api-1".to_owned(), "node".to_owned());
        let (host, check) =
            if op.id == "series_past" { scraped } else { draw.one(&known.pairs).clone() };
        sent.path = op.path.replace("{host}", &coded(&host)).replace("{check}", &coded(&check));
    }
    // One of the places is made wrong: a parameter, or the body.
    let has_body = op.about.get("requestBody").is_some();
    let wrong_body = way == Way::Wrong && has_body && draw.percent(80);
    let wrong_parameter = way == Way::Wrong && !wrong_body;
    for parameter in op.about["parameters"].as_array().into_iter().flatten() {
        let parameter = match parameter["$ref"].as_str() {
            Some(reference) => document.pointer(&reference[1..]).unwrap(),
            None => parameter,
        };
        let name = parameter["name"].as_str().unwrap();
        let is_needed = parameter["required"] == true;
        let is_there = is_needed || way != Way::Least && draw.percent(40);
        if !is_there || wrong_parameter && draw.percent(5) && parameter["in"] != "path" {
            continue;
        }
        let mut value = draw.of(&maker.fitting(&parameter["schema"], name, 0));
        if wrong_parameter && draw.percent(60) {
            value = draw.one(&strange()).clone();
        }
        let text = plain(&value);
        match parameter["in"].as_str().unwrap() {
            // An empty place would be another path.
            "path" => {
                let text = if text.is_empty() { "-" } else { &text };
                sent.path = sent.path.replace(&format!("{{{name}}}"), &coded(text));
            }
            "query" => query.push(format!("{name}={}", coded(&text))),
            _ => sent.headers.push((name.to_owned(), visible(&text))),
        }
    }
    if wrong_parameter {
        match draw.below(8) {
            0 => query.push("unknown=1".to_owned()),
            1 if !query.is_empty() => query.push(query[0].clone()),
            2 => query.push("limit=%ff%00".to_owned()),
            3 => sent.headers.push(("idempotency-key".to_owned(), "7".to_owned())),
            4 => sent.headers.push(("fluxnoc-role".to_owned(), "root".to_owned())),
            5 => sent.headers.push(("if-match".to_owned(), "\"x\"".to_owned())),
            _ => {}
        }
    }
    if !query.is_empty() {
        sent.path = format!("{}?{}", sent.path, query.join("&"));
    }
    if has_body {
        let schema = &op.about["requestBody"]["content"]["application/json"]["schema"];
        let mut value = draw.of(&maker.fitting(schema, "", 0));
        let mut raw = None;
        if wrong_body {
            match draw.below(12) {
                0 => raw = Some(Vec::new()),
                1 => raw = Some(b"{\"targets\":".to_vec()),
                2 => raw = Some(vec![0xff, 0xfe, b'{', b'}']),
                3 => raw = Some("[".repeat(50_000).into_bytes()),
                4 => {
                    raw = Some(
                        format!("{{\"x\":{}1{}}}", "[".repeat(300), "]".repeat(300)).into_bytes(),
                    )
                }
                _ => damage(draw, &mut value),
            }
        }
        sent.body = Some(raw.unwrap_or_else(|| value.to_string().into_bytes()));
    } else if way == Way::Wrong && draw.percent(20) {
        sent.body = Some(json!({ "a": 1 }).to_string().into_bytes());
    }
    sent
}

fn plain(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    // A request's first line has an end.
    text.chars().take(2000).collect()
}

/// What may stand in a header.
fn visible(text: &str) -> String {
    text.chars().filter(|c| (' '..='~').contains(c)).collect()
}

/// Percent-encoded, every byte that is not plain.
fn coded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
