//! One log line as a JSON object, with the keys of the seed: `level`, `time`, `message`, then the
//! fields of the event.
//!
//! A text from outside cannot break out of its line: JSON escapes what is no letter.

use std::fmt::{self, Debug, Write as _};

use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::clock::Clock;

/// Columns of a field; an error may carry a whole answer.
const LONGEST: usize = 4096;

/// Writes events so.
pub(super) struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let level = match *event.metadata().level() {
            Level::TRACE => "trace",
            Level::DEBUG => "debug",
            Level::INFO => "info",
            Level::WARN => "warn",
            Level::ERROR => "error",
        };
        writer.write_str(&line(level, &fields.message, &fields.rest))
    }
}

/// The line of a panic.
pub(super) fn fatal(message: &str, place: &str) -> String {
    line("fatal", message, &[("place", Value::from(place))])
}

fn line(level: &str, message: &str, rest: &[(&str, Value)]) -> String {
    let time = Clock::System.now().wall;
    let mut line = format!(r#"{{"level":"{level}","time":"{time}","message":{}"#, text(message));
    for (name, value) in rest {
        // The three are the line's own.
        if !["level", "time", "message"].contains(name) {
            let _ = write!(line, ",{}:{value}", text(name));
        }
    }
    line.push_str("}\n");
    line
}

fn text(text: &str) -> Value {
    Value::from(text)
}

#[derive(Default)]
struct Fields {
    message: String,
    rest: Vec<(&'static str, Value)>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        // Of lines that came through the `log` crate.
        if !field.name().starts_with("log.") {
            self.rest.push((field.name(), value));
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let value = crate::model::safe_text::truncate(value, LONGEST);
        if field.name() == "message" {
            self.message = value;
        } else {
            self.put(field, Value::from(value));
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, Value::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::from(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fb_22_the_keys_stand_in_their_order_and_no_text_breaks_the_line() {
        let rest = [("status", Value::from(200)), ("level", Value::from("forged"))];
        let line = line("info", "HTTP \"request\"\n{\u{1b}[2J", &rest);
        let time = Clock::System.now().wall.to_string();
        let (day, _) = time.split_once('T').unwrap();
        assert!(line.starts_with(&format!(r#"{{"level":"info","time":"{day}T"#)), "{line}");
        assert!(
            line.ends_with(
                "Z\",\"message\":\"HTTP \\\"request\\\"\\n{\\u001b[2J\",\"status\":200}\n"
            ),
            "{line}"
        );
        assert_eq!(line.matches('\n').count(), 1);
        assert!(serde_json::from_str::<Value>(&fatal("x\"", "a.rs:1:2")).is_ok());
    }
}
