//! Health documents: `application/health+json` (draft-inadarei-api-health-check-06) and its kin.

use hyper::StatusCode;
use serde_json::Value;

use super::{Said, is_good};
use crate::model::safe_text::sanitize;
use crate::model::{Failure, FailureKind, Metric, State, Unit};

/// Most parts of a document that are read.
const PART_LIMIT: usize = 100;
/// Longest shown text, in characters.
const TEXT_LIMIT: usize = 160;

/// The draft's words with its aliases, and those of services that have the same idea.
const WORDS: [(&str, State); 12] = [
    ("pass", State::Ok),
    ("ok", State::Ok),
    ("up", State::Ok),
    ("healthy", State::Ok),
    ("warn", State::Warning),
    ("warning", State::Warning),
    ("degraded", State::Warning),
    ("fail", State::Critical),
    ("error", State::Critical),
    ("down", State::Critical),
    ("unhealthy", State::Critical),
    ("critical", State::Critical),
];

/// Reads a document that came with `status`.
///
/// # Errors
/// When it is no health document.
pub(super) fn read(document: &Value, status: StatusCode) -> Result<Said, Failure> {
    let unreadable = |why: String| Failure::new(FailureKind::Unreadable, why);
    let word = document.get("status").and_then(Value::as_str);
    let word = word.ok_or_else(|| unreadable("the health document has no `status`".to_owned()))?;
    let state = state_of(word).ok_or_else(|| {
        unreadable(format!("the status `{}` is not pass, warn or fail", cut(word)))
    })?;
    let mut said = Said { state: Some(state), ..Said::default() };
    let mut bad = Vec::new();
    for (name, part) in parts(document) {
        let state = part.get("status").and_then(Value::as_str).and_then(state_of);
        let output = part.get("output").or_else(|| part.get("message")).and_then(Value::as_str);
        let label = label(name, part);
        let output = output.map(|text| format!(": {}", cut(text))).unwrap_or_default();
        let shown = part.get("status").and_then(Value::as_str).map_or("no status".to_owned(), cut);
        said.long.push(format!("{label} {shown}{output}"));
        if state.is_some_and(State::is_problem) {
            bad.push(format!("{label} {shown}{output}"));
        }
        said.metrics.extend(observed(name, part));
    }
    let output = document.get("output").and_then(Value::as_str);
    let output = output.filter(|text| !text.is_empty()).map(|text| format!(": {}", cut(text)));
    said.line = format!("status {}{}", cut(word), output.unwrap_or_default());
    for text in bad.iter().take(5) {
        said.line = format!("{}; {text}", said.line);
    }
    // The draft binds status and code together; one that contradicts is not to be trusted.
    if is_good(status) == (state == State::Critical) {
        said.state = Some(state.worst(State::Warning));
        said.line = format!("{}, but HTTP {} says otherwise", said.line, status.as_u16());
    }
    Ok(said)
}

fn state_of(word: &str) -> Option<State> {
    WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, state)| *state)
}

fn cut(text: &str) -> String {
    sanitize(text, TEXT_LIMIT)
}

/// The entries of `checks`, each a list or a single object.
fn parts(document: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let checks = document.get("checks").or_else(|| document.get("services"));
    let entries = checks.and_then(Value::as_object).into_iter().flatten();
    let all = entries.flat_map(|(name, entry)| {
        let list = entry.as_array().map_or(std::slice::from_ref(entry), Vec::as_slice);
        list.iter().map(move |part| (name.as_str(), part))
    });
    all.take(PART_LIMIT)
}

fn label(name: &str, part: &Value) -> String {
    match part.get("componentId").and_then(Value::as_str) {
        Some(id) => format!("{}[{}]", cut(name), cut(id)),
        None => cut(name),
    }
}

/// `observedValue` with its unit, as the metric `observed` of that part.
fn observed(name: &str, part: &Value) -> Option<Metric> {
    let (value, factor) = match part.get("observedValue") {
        Some(value) => (value.as_f64()?, None),
        None => (part.get("latency_ms")?.as_f64()?, Some((0.001, Unit::Seconds))),
    };
    let unit = part.get("observedUnit").and_then(Value::as_str).unwrap_or("");
    let (factor, unit) = factor.unwrap_or_else(|| match unit.to_ascii_lowercase().as_str() {
        "ms" => (0.001, Unit::Seconds),
        "s" => (1.0, Unit::Seconds),
        "percent" | "%" => (1.0, Unit::Percent),
        "bytes" | "b" => (1.0, Unit::Bytes),
        _ => (1.0, Unit::Count),
    });
    Some(Metric::new("observed", value * factor, unit).of(&label(name, part)))
}
