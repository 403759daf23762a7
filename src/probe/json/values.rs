//! The values that the configuration names by path.

use serde_json::Value;
use serde_json_path::{JsonPath, LocatedNode};

use super::Said;
use crate::model::safe_text::sanitize;
use crate::model::spec::JsonValue;
use crate::model::{Failure, FailureKind, Metric, Name, State};

/// Most nodes of all paths together; the check's own figures have the rest of what is kept.
const NODE_LIMIT: usize = 200;
/// Longest name of an instance and longest shown text, in characters.
const TEXT_LIMIT: usize = 120;

/// Reads all values of a document. A value that is not there, or is no number, has none, which
/// is UNKNOWN; a text that is not an expected one is CRITICAL.
///
/// # Errors
/// A path that cannot be used, or finds more than a check can have.
pub(super) fn read(wanted: &[JsonValue], document: &Value) -> Result<Said, Failure> {
    let mut said = Said::default();
    let mut texts = Vec::new();
    let mut complaints = Vec::new();
    for value in wanted {
        let path = JsonPath::parse(&value.path).map_err(|error| {
            let why = format!("values.{}: `{}` is no path: {error}", value.name, value.path);
            Failure::new(FailureKind::Config, why)
        })?;
        let nodes = path.query_located(document);
        if said.metrics.len() + nodes.len() > NODE_LIMIT {
            let why = format!(
                "values.{}: `{}` finds {} values, and a check keeps {NODE_LIMIT}",
                value.name,
                value.path,
                nodes.len()
            );
            return Err(Failure::new(FailureKind::Unreadable, why));
        }
        if nodes.is_empty() {
            complaints.push((State::Unknown, format!("there is nothing at {}", value.path)));
        }
        let alone = nodes.len() == 1;
        for node in nodes.iter() {
            let instance = if alone && value.label.is_none() {
                None
            } else {
                Some(instance(value, node, document))
            };
            let place =
                instance.as_ref().map_or(value.name.clone(), |of| format!("{}[{of}]", value.name));
            if !value.expect.is_empty() {
                let text = shown(node.node());
                if value.expect.contains(&text) {
                    texts.push(format!("{place} {text}"));
                } else {
                    let wanted = value.expect.join(" or ");
                    complaints.push((State::Critical, format!("{place} is {text}, not {wanted}")));
                }
                continue;
            }
            match number(node.node()) {
                Some(number) => {
                    let mut metric = Metric::new(&value.name, number, value.unit.clone());
                    metric.instance = instance;
                    said.metrics.push(metric);
                }
                None => {
                    let text = shown(node.node());
                    complaints.push((State::Unknown, format!("{place} is {text}, no number")));
                }
            }
        }
    }
    complaints.sort_by_key(|(state, _)| std::cmp::Reverse(state.severity()));
    said.state = complaints.first().map(|(state, _)| *state);
    let complaints = complaints.into_iter().map(|(_, text)| text);
    said.line = complaints.chain(texts).take(8).collect::<Vec<_>>().join("; ");
    Ok(said)
}

/// What names one of several nodes: the text of a key beside it, or where it stands.
fn instance(value: &JsonValue, node: &LocatedNode<'_>, document: &Value) -> Name {
    let location = node.location().to_json_pointer();
    let beside = value.label.as_ref().and_then(|label| {
        // The node itself when it is an object, else the objects around it, the nearest first.
        let mut place = location.as_str();
        loop {
            let found = document.pointer(place).and_then(|node| node.get(label.as_str()));
            if let Some(found) = found.filter(|found| !found.is_object() && !found.is_array()) {
                return Some(shown(found));
            }
            place = place.rsplit_once('/')?.0;
        }
    });
    let text = beside.unwrap_or_else(|| location.trim_start_matches('/').to_owned());
    sanitize(&text, TEXT_LIMIT).into()
}

/// Numbers, numbers in quotes, and true and false as 1 and 0.
fn number(node: &Value) -> Option<f64> {
    match node {
        Value::Number(number) => number.as_f64(),
        Value::Bool(value) => Some(if *value { 1.0 } else { 0.0 }),
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

/// A value for people.
fn shown(node: &Value) -> String {
    match node {
        Value::String(text) => sanitize(text, TEXT_LIMIT),
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        other => other.to_string(),
    }
}
