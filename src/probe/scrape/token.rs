//! The pieces that both exposition formats share: names, label sets, numbers.
//!
//! Everything works on offsets into the body, so that nothing is copied before it is needed. What
//! is accepted is what Prometheus's lexer accepts (model/textparse/promlex.l, openmetricslex.l).

use std::borrow::Cow;
use std::ops::Range;

/// The one NaN that a sample can have; the stale marker has other bits.
pub(super) const NAN: f64 = f64::from_bits(0x7ff8_0000_0000_0001);

/// Why a body cannot be read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bad {
    /// What is wrong.
    pub what: Cow<'static, str>,
    /// The byte it was found at.
    pub at: usize,
}

impl Bad {
    pub fn new(what: impl Into<Cow<'static, str>>, at: usize) -> Self {
        Self { what: what.into(), at }
    }

    /// The sentence with the line and its beginning, for people.
    pub fn describe(&self, text: &[u8]) -> String {
        let before = text.get(..self.at.min(text.len())).unwrap_or_default();
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        let shown = text.get(start..).unwrap_or_default();
        let shown = shown.get(..shown.len().min(80)).unwrap_or_default();
        let shown = shown.split(|byte| *byte == b'\n').next().unwrap_or_default();
        format!("line {line}: {} in `{}`", self.what, String::from_utf8_lossy(shown))
    }
}

/// The bytes of a label's name and value, without quotes and still escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub name: Range<usize>,
    pub value: Range<usize>,
}

/// What stands between the braces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Labels {
    pub list: Vec<Label>,
    /// A name in quotes among the labels.
    pub quoted_name: Option<Range<usize>>,
}

/// The byte at a place; 0 beyond the end, which no rule accepts.
pub(super) fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

/// Where a name that begins at `at` ends; `at` itself when there is none.
pub(super) fn name_end(text: &[u8], at: usize, colon: bool) -> usize {
    let good = |byte: u8, first: bool| {
        byte == b'_'
            || byte.is_ascii_alphabetic()
            || (colon && byte == b':')
            || (!first && byte.is_ascii_digit())
    };
    let rest = text.get(at..).unwrap_or_default();
    let length = rest.iter().enumerate().take_while(|(n, byte)| good(**byte, *n == 0)).count();
    at + length
}

/// Where a text in quotes that begins at `at` ends, behind the closing quote.
pub(super) fn quoted_end(text: &[u8], at: usize, one_line: bool) -> Option<usize> {
    if byte(text, at) != b'"' {
        return None;
    }
    let mut place = at + 1;
    loop {
        let rest = text.get(place..)?;
        place += memchr::memchr3(b'"', b'\\', b'\n', rest)?;
        match byte(text, place) {
            b'"' => return Some(place + 1),
            b'\\' if text.get(place + 1).is_some_and(|byte| *byte != b'\n') => place += 2,
            b'\n' if !one_line => place += 1,
            _ => return None,
        }
    }
}

/// Behind the blanks and tabs that begin at `at`.
pub(super) fn skip_blanks(text: &[u8], mut at: usize) -> usize {
    while matches!(byte(text, at), b' ' | b'\t') {
        at += 1;
    }
    at
}

/// How strict a label set is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Text 0.0.4: blanks anywhere, a comma may be missing, a value may have line breaks.
    Text,
    /// `OpenMetrics`: none of these.
    Open,
}

/// Reads a label set whose opening brace is before `at`; gives the place behind the closing one.
/// An exemplar has no name.
pub(super) fn labels(
    text: &[u8],
    mut at: usize,
    style: Style,
    exemplar: bool,
    out: &mut Labels,
) -> Result<usize, Bad> {
    let blanks = |at| if style == Style::Text { skip_blanks(text, at) } else { at };
    let one_line = style == Style::Open;
    loop {
        at = blanks(at);
        if byte(text, at) == b'}' {
            return Ok(at + 1);
        }
        let start = at;
        let quoted = byte(text, at) == b'"';
        let end = if quoted {
            quoted_end(text, at, one_line && exemplar)
                .ok_or_else(|| Bad::new("a quote is not closed", start))?
        } else {
            name_end(text, at, false)
        };
        if end == start {
            return Err(Bad::new("expected a label name", at));
        }
        let name = if quoted { start + 1..end - 1 } else { start..end };
        at = blanks(end);
        if quoted && !exemplar && matches!(byte(text, at), b',' | b'}') {
            if out.quoted_name.replace(name).is_some() {
                return Err(Bad::new("the metric has two names", start));
            }
            if byte(text, at) == b'}' {
                return Ok(at + 1);
            }
            at += 1;
            continue;
        }
        if byte(text, at) != b'=' {
            return Err(Bad::new("expected `=` after a label name", at));
        }
        at = blanks(at + 1);
        let end = quoted_end(text, at, one_line)
            .ok_or_else(|| Bad::new("expected a label value in quotes", at))?;
        if text.get(at..end).is_none_or(|value| std::str::from_utf8(value).is_err()) {
            return Err(Bad::new("a label value is not UTF-8", at));
        }
        out.list.push(Label { name, value: at + 1..end - 1 });
        at = blanks(end);
        match byte(text, at) {
            b',' => at += 1,
            b'}' => {}
            _ if style == Style::Open => return Err(Bad::new("expected `,` or `}`", at)),
            _ => {}
        }
    }
}

/// Undoes `\\`, `\"` and `\n`; other escapes stay as they are.
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some(escaped @ ('\\' | '"')) => out.push(escaped),
            Some(other) => {
                out.push('\\');
                out.push(other);
            }
            None => out.push('\\'),
        }
    }
    Cow::Owned(out)
}

/// A value as Go's `ParseFloat` reads it, without hexadecimal and `_`.
pub(super) fn float(text: &[u8], at: usize) -> Result<f64, Bad> {
    // Most values are short whole numbers.
    if text.len() <= 15 && !text.is_empty() && text.iter().all(u8::is_ascii_digit) {
        let whole = text.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(digit & 15));
        #[expect(clippy::cast_precision_loss, reason = "fifteen digits are exact")]
        return Ok(whole as f64);
    }
    let bad = || Bad::new("a value is not a number", at);
    let word = std::str::from_utf8(text).map_err(|_| bad())?;
    let value: f64 = word.parse().map_err(|_| bad())?;
    let digits = word.bytes().any(|byte| byte.is_ascii_digit());
    // Rust takes a signed NaN, and makes infinity of what is too large; Go does neither.
    if value.is_nan() {
        return if word.len() == 3 { Ok(NAN) } else { Err(bad()) };
    }
    if value.is_infinite() && digits {
        return Err(Bad::new("a value is out of range", at));
    }
    Ok(value)
}

/// A bound as `OpenMetrics` writes it: `1` becomes `1.0` (Prometheus 3 does so for `le` and
/// `quantile` in both formats). What is no number stays.
pub(super) fn canonical_bound(text: &str) -> Cow<'_, str> {
    let Ok(value) = float(text.as_bytes(), 0) else { return Cow::Borrowed(text) };
    if value.is_nan() {
        return Cow::Borrowed("NaN");
    }
    if value.is_infinite() {
        return Cow::Borrowed(if value > 0.0 { "+Inf" } else { "-Inf" });
    }
    // Go's shortest `%g`: with an exponent below 1e-4 and from 1e6 on.
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..6).contains(&exponent) && value != 0.0 {
        let sign = if exponent < 0 { '-' } else { '+' };
        return Cow::Owned(format!("{digits}e{sign}{:02}", exponent.abs()));
    }
    let plain = format!("{value}");
    Cow::Owned(if plain.contains('.') { plain } else { plain + ".0" })
}
