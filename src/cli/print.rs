//! Words to stdout and stderr; a reader that went away ends nothing with a panic.

use std::io::Write;

/// Results: one or more lines to stdout.
pub fn out(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Messages: one or more lines to stderr.
pub fn error(text: &str) {
    let text = crate::model::SafeText::text(text);
    let _ = writeln!(std::io::stderr().lock(), "fluxnoc: {text}");
}

/// A value as JSON to stdout, indented.
pub fn json<T: serde::Serialize>(value: &T) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => out(&text),
        Err(why) => error(&format!("cannot write JSON: {why}")),
    }
}

/// Lines to stderr as they are, made safe.
pub fn lines_to_stderr(text: &str) {
    let mut out = std::io::stderr().lock();
    for line in text.lines() {
        let _ = writeln!(out, "{}", crate::model::SafeText::line(line));
    }
}
