//! Text that a terminal may see: the one gate for everything that comes from outside.
//!
//! Control characters, escape sequences, bidirectional overrides, zero-width and tag characters
//! become visible escapes; lines and columns are counted here and nowhere else.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr};

/// Longest single line that is kept, in bytes after escaping.
pub const LINE_LIMIT: usize = 1024;
/// Longest multi-line text that is kept, in bytes after escaping.
pub const TEXT_LIMIT: usize = 64 * 1024;
/// Most code points of one grapheme; what follows is dropped (a pile of accents is an attack).
const GRAPHEME_LIMIT: usize = 16;

/// A text that was sanitised; the only kind of outside text that widgets and logs accept.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct SafeText(Arc<str>);

impl SafeText {
    /// One line from outside: line breaks are shown as `␤`, cut at [`LINE_LIMIT`] bytes with `…`.
    #[must_use]
    pub fn line(outside: &str) -> Self {
        let trimmed = outside.trim_end_matches(['\r', '\n']);
        Self(sanitize(trimmed, LINE_LIMIT).into())
    }

    /// Several lines from outside: `\n` stays, cut at [`TEXT_LIMIT`] bytes with `…`.
    #[must_use]
    pub fn text(outside: &str) -> Self {
        let mut out = String::new();
        for line in outside.lines() {
            if out.len() >= TEXT_LIMIT {
                break;
            }
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(&sanitize(line, TEXT_LIMIT - out.len()));
        }
        Self(out.into())
    }

    /// As [`Self::line`], from bytes that may not be UTF-8.
    #[must_use]
    pub fn line_from_bytes(outside: &[u8]) -> Self {
        Self::line(&String::from_utf8_lossy(outside))
    }

    /// Nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self(Arc::from(""))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Columns it takes in a terminal.
    #[must_use]
    pub fn width(&self) -> usize {
        width(&self.0)
    }
}

impl Default for SafeText {
    fn default() -> Self {
        Self::empty()
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl<'de> Deserialize<'de> for SafeText {
    /// The wire is outside too: what comes in is sanitised again (a safe text stays as it is).
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::text(&String::deserialize(deserializer)?))
    }
}

/// Columns that `text` takes in a terminal: the one width function of the program. What is shown as
/// a visible escape counts as that, whether or not it was made one yet.
#[must_use]
pub fn width(text: &str) -> usize {
    // Most texts are plain: the long way gives the same for them.
    if is_plain(text) {
        return text.len();
    }
    columns_of(&shown(text))
}

/// True when every byte is a printable ASCII character: each takes one column.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

fn columns_of(text: &str) -> usize {
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// The text in parts of one or two columns, as cells of a terminal take them: graphemes, and what a
/// wider one (some syllables of India) is made of.
#[must_use]
pub fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for grapheme in text.graphemes(true) {
        let mut rest = grapheme;
        while columns_of(rest) > 2 {
            let mut used = 0;
            let end = rest.char_indices().skip(1).find(|(_, c)| {
                used += c.width().unwrap_or(0);
                used > 1
            });
            let Some((part, after)) = end.and_then(|(end, _)| rest.split_at_checked(end)) else {
                break;
            };
            parts.push(part);
            rest = after;
        }
        parts.push(rest);
    }
    parts
}

/// The text as a line of it is shown; safe text is that already.
fn shown(text: &str) -> Cow<'_, str> {
    let may_differ =
        |c: char| c.is_control() || is_hidden(c) || ('\u{1f3fb}'..='\u{1f3ff}').contains(&c);
    if text.chars().any(may_differ) {
        Cow::Owned(sanitize(text, usize::MAX))
    } else {
        Cow::Borrowed(text)
    }
}

/// Cuts `text` to `columns`, with `…` in the last column when something was cut.
#[must_use]
pub fn truncate(text: &str, columns: usize) -> String {
    let text = &*shown(text);
    let mut used = 0;
    // Where it is cut when all of it does not fit; what lies behind the last column is not looked at.
    let mut cut = None;
    for (at, grapheme) in text.grapheme_indices(true) {
        let wide = UnicodeWidthStr::width(grapheme);
        if used + wide + 1 > columns {
            cut = cut.or(Some(at));
        }
        if used + wide > columns {
            let mut out = text.get(..cut.unwrap_or(at)).unwrap_or_default().to_owned();
            if columns > 0 {
                out.push('…');
            }
            return out;
        }
        used += wide;
    }
    text.to_owned()
}

/// The text with everything invisible or harmful made visible, at most `limit` bytes.
#[must_use]
pub fn sanitize(text: &str, limit: usize) -> String {
    if text.len() <= limit && is_plain(text) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len().min(limit));
    for grapheme in text.graphemes(true) {
        if out.len() + 3 > limit && out.len() + grapheme.len() > limit {
            out.push('…');
            break;
        }
        for c in grapheme.chars().take(GRAPHEME_LIMIT) {
            push_safe(&mut out, c, grapheme);
        }
    }
    out
}

fn push_safe(out: &mut String, c: char, grapheme: &str) {
    match c {
        '\n' => out.push('␤'),
        '\t' => out.push(' '),
        '\r' => {}
        '\u{0}'..='\u{1f}' => {
            // The control picture of the same number, so that ESC reads `␛`.
            out.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'));
        }
        '\u{7f}' => out.push('␡'),
        // A joiner or selector inside a visible cluster (emoji) shapes it; alone it hides.
        '\u{200d}' | '\u{fe0e}' | '\u{fe0f}'
            if columns_of(grapheme) > 0 && !grapheme.starts_with(c) =>
        {
            out.push(c);
        }
        // A skin colour without anything to colour: terminals agree on nothing about it.
        '\u{1f3fb}'..='\u{1f3ff}' if columns_of(grapheme) > 2 => {
            let _ = write!(out, "<U+{:04X}>", u32::from(c));
        }
        c if is_hidden(c) => {
            // Writing to a string cannot fail.
            let _ = write!(out, "<U+{:04X}>", u32::from(c));
        }
        c => out.push(c),
    }
}

/// Characters that change how others are shown, or that show nothing: C1 controls, bidirectional
/// controls, zero-width and separator characters, tags, variation selectors, private noncharacters.
const fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{fffe}'..='\u{ffff}' | '\u{e000}'..='\u{f8ff}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_terminal_obeys_passes() {
        let hostile =
            "a\u{1b}]52;c;cm0=\u{7}b\u{9b}2Jc\u{202e}d\u{200b}e\u{2028}f\u{e0041}g\rh\0i\u{7f}";
        let safe = SafeText::line(hostile);
        assert!(!safe.as_str().chars().any(|c| c.is_control() || is_hidden(c)), "{safe:?}");
        assert!(safe.as_str().contains("␛]52"));
        assert_eq!(SafeText::line(safe.as_str()), safe, "sanitising twice changes nothing");
    }

    #[test]
    fn no_part_is_wider_than_two_columns_and_none_is_lost() {
        for text in ["हिन्दी में", "நிலை", "日本", "👨\u{200d}👩\u{200d}👧", "e\u{301}te", "abc"]
        {
            let parts = parts(text);
            assert_eq!(parts.concat(), text);
            assert!(parts.iter().all(|part| width(part) <= 2), "{parts:?}");
            assert_eq!(
                parts.iter().map(|part| width(part)).sum::<usize>(),
                width(text),
                "{parts:?}"
            );
        }
    }

    #[test]
    fn a_text_is_as_wide_as_it_is_shown() {
        for raw in ["a\u{9b}b", "\u{1b}[2J", "x\ty\nz", "\u{202e}cod", "👨\u{200d}👩", "日\0"]
        {
            let safe = SafeText::line(raw);
            assert_eq!(width(raw), width(safe.as_str()), "{raw:?}");
            assert_eq!(truncate(raw, 4), truncate(safe.as_str(), 4), "{raw:?}");
            assert!(width(&truncate(raw, 4)) <= 4);
        }
    }

    #[test]
    fn lines_are_bounded_and_marked() {
        let long = SafeText::line(&"ä".repeat(10_000));
        assert!(long.as_str().len() <= LINE_LIMIT + 3);
        assert!(long.as_str().ends_with('…'));
        let pile = SafeText::line(&format!("e{}", "\u{301}".repeat(10_000)));
        assert!(pile.as_str().chars().count() <= GRAPHEME_LIMIT);
        assert!(SafeText::text(&"x\n".repeat(100_000)).as_str().len() <= TEXT_LIMIT + 3);
    }

    #[test]
    fn columns_are_counted_by_grapheme() {
        assert_eq!(width("日本"), 4);
        assert_eq!(truncate("日本語", 4), "日…");
        assert_eq!(truncate("abc", 3), "abc");
        assert_eq!(truncate("abcd", 3), "ab…");
        assert_eq!(truncate("abcd", 0), "");
    }
}
