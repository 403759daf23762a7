//! Words to stdout and stderr; a reader that went away ends nothing with a panic.

use std::fmt::{Display, Write as _};
use std::io::Write;

use crate::model::safe_text::sanitize;

/// Results: one or more lines to stdout.
pub fn out(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Results with their own line breaks to stdout.
pub fn whole(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// One line of what came from outside, as a terminal may see it, however long.
#[must_use]
pub fn safe_line(outside: &impl Display) -> String {
    sanitize(&outside.to_string(), usize::MAX)
}

/// A value as indented JSON. What a terminal would obey or hide is written as an escape of JSON: a
/// reader of JSON gets the text as it is.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn as_json<T: serde::Serialize>(value: &T) -> serde_json::Result<String> {
    let json = serde_json::to_string_pretty(value)?;
    let mut out = String::with_capacity(json.len());
    let (mut letter, mut units) = ([0; 4], [0; 2]);
    for c in json.chars() {
        let alone: &str = c.encode_utf8(&mut letter);
        if matches!(c, '\n' | ' '..='~') || sanitize(alone, usize::MAX) == alone {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut units) {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    Ok(out)
}

/// Messages: one or more lines to stderr.
pub fn error(text: &str) {
    let text = crate::model::SafeText::text(text);
    let _ = writeln!(std::io::stderr().lock(), "fluxnoc: {text}");
}

/// A value as JSON to stdout, indented.
pub fn json<T: serde::Serialize>(value: &T) {
    match as_json(value) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_every_text_and_shows_a_terminal_nothing_to_obey() {
        let text = "a\u{9b}2J\u{7f}\u{202e}é 日 👨\u{200d}👩\n\u{1b}]0;x\u{7}\u{e0041}\u{10fffd}";
        let json = as_json(&[text]).unwrap();
        let hidden = json.lines().any(|line| safe_line(&line) != line);
        assert!(!hidden, "{json:?}");
        assert!(json.contains("é 日 👨") && json.contains("\\udb40\\udc41"), "{json:?}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), [text]);
    }
}
