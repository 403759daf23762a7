//! A line of Fluxbase's log: a JSON object, or the text of its console writer (SPEC FB-22).
//!
//! Both are what zerolog writes: `time` is a number of unix seconds in JSON and RFC 3339 in text,
//! and a request that failed has `error` twice in one object.

use std::fmt::{self, Write as _};

use chrono::SecondsFormat;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use tracing::Level;

use crate::model::{SafeText, Span, Timestamp};

/// Levels as zerolog writes them, in JSON and in its console's text, with what they are here.
const LEVELS: [(&str, &str, Level); 7] = [
    ("trace", "TRC", Level::TRACE),
    ("debug", "DBG", Level::DEBUG),
    ("info", "INF", Level::INFO),
    ("warn", "WRN", Level::WARN),
    ("error", "ERR", Level::ERROR),
    ("fatal", "FTL", Level::ERROR),
    ("panic", "PNC", Level::ERROR),
];
/// What every request has and nobody looks for in a line.
const USUAL: [&str; 4] = ["protocol", "user_agent", "referer", "response_bytes"];
/// The message of a request.
const REQUEST: &str = "HTTP request";
/// Most characters of one value.
const VALUE: usize = 256;
/// A line that is older than this when it is read tells its time.
const FRESH: Span = Span::from_secs(2);

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// How serious; what has none is information.
    pub level: Level,
    /// When it was written, by the clock of who wrote it.
    pub time: Option<Timestamp>,
    /// The line in words, as it came.
    text: String,
}

impl Entry {
    /// The text for a terminal; with its time when that is not about the present.
    #[must_use]
    pub fn shown(&self, now: Timestamp) -> SafeText {
        let old = self.time.filter(|time| now.since(*time) > FRESH || time.since(now) > FRESH);
        match old.and_then(Timestamp::to_utc) {
            Some(time) => {
                let time = time.to_rfc3339_opts(SecondsFormat::Secs, true);
                SafeText::line(&format!("{time} {}", self.text))
            }
            None => SafeText::line(&self.text),
        }
    }
}

/// Reads a line.
#[must_use]
pub fn entry(line: &[u8]) -> Entry {
    let text = String::from_utf8_lossy(line);
    let text = text.trim();
    let object = text.starts_with('{').then(|| serde_json::from_str::<Fields>(text).ok());
    match object.flatten() {
        Some(fields) => of_json(fields),
        None => of_text(&without_colours(text)),
    }
}

fn level_of(word: &str) -> Option<(&'static str, Level)> {
    let found =
        LEVELS.iter().find(|(long, short, _)| word.eq_ignore_ascii_case(long) || word == *short);
    found.map(|(long, _, level)| (*long, *level))
}

/// The level as a word, where the console has no such level.
fn loud(long: &str) -> &'static str {
    match long {
        "fatal" => "fatal: ",
        "panic" => "panic: ",
        _ => "",
    }
}

fn of_json(fields: Fields) -> Entry {
    let (mut level, mut time) = (("info", Level::INFO), None);
    let (mut message, mut method, mut path) = (None, None, None);
    let (mut status, mut took) = (None, None);
    let (mut errors, mut others) = (Vec::<String>::new(), String::new());
    for (key, value) in fields.0 {
        match (&*key, &value) {
            ("level", Value::String(word)) => level = level_of(word).unwrap_or(level),
            ("time", _) => time = moment(&value),
            ("message", _) => message = Some(words(&value)),
            ("method", _) => method = Some(words(&value)),
            ("path", _) => path = Some(words(&value)),
            ("status", _) => status = Some(words(&value)),
            ("duration_ms", Value::Number(number)) => took = number.as_f64(),
            // The same error by the handler and by the event is told once.
            ("error", _) => {
                let error = words(&value);
                if !errors.contains(&error) {
                    errors.push(error);
                }
            }
            (key, _) if USUAL.contains(&key) => {}
            // Writing to a string cannot fail.
            (key, value) => {
                let _ = write!(others, " {key}={}", words(value));
            }
        }
    }
    if method.is_some() && message.as_deref() == Some(REQUEST) {
        message = None;
    }
    let took = took.map(|took| format!("{} ms", tenths(took)));
    let begin = [method, path, status, took].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let errors = (!errors.is_empty()).then(|| errors.join("; "));
    let said = [message, errors].into_iter().flatten().collect::<Vec<_>>().join(": ");
    let parts = [begin, said, others.trim_start().to_owned()];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    Entry { level: level.1, time, text: format!("{}{}", loud(level.0), parts.join("  ")) }
}

/// `2026-02-25T03:00:00+01:00 ERR words key=value`, or whatever else it is.
fn of_text(text: &str) -> Entry {
    let word = |text: &str| {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        (word.to_owned(), rest.trim_start().to_owned())
    };
    let (first, rest) = word(text);
    let (time, after) = match first.parse::<Timestamp>() {
        Ok(time) => (Some(time), rest),
        Err(_) => (None, text.to_owned()),
    };
    let (first, rest) = word(&after);
    match level_of(&first) {
        Some((long, level)) if time.is_some() => {
            Entry { level, time, text: format!("{}{rest}", loud(long)) }
        }
        // No time before it: a word that happens to be a level belongs to the text.
        _ => Entry { level: Level::INFO, time, text: after },
    }
}

/// Unix seconds, whole or not, or RFC 3339.
fn moment(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => {
            let millis = match number.as_i64() {
                Some(seconds) => seconds.checked_mul(1000)?,
                None => whole(number.as_f64()? * 1000.0)?,
            };
            let time = Timestamp::from_millis(millis);
            time.to_utc().is_some().then_some(time)
        }
        _ => None,
    }
}

/// The whole part, inside the years that a time has.
fn whole(value: f64) -> Option<i64> {
    if !(0.0..1e15).contains(&value) {
        return None;
    }
    format!("{value:.0}").parse().ok()
}

/// A value as text, with an end.
fn words(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(VALUE) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

/// With one place after the point, where there is something.
fn tenths(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

/// The text without the colours and other sequences that begin with `ESC [`; any other control
/// character stays, and is spelled out where it is shown.
fn without_colours(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        let end = after.find(|c: char| ('@'..='~').contains(&c));
        rest = end.and_then(|end| after.get(end + 1..)).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The members of an object in their order, a key as often as it comes.
struct Fields(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Fields(members))
    }
}

#[cfg(test)]
#[path = "entry_tests.rs"]
mod tests;
