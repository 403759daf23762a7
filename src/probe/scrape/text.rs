//! The text format 0.0.4, one sample at a time.
//!
//! Accepts what Prometheus's parser accepts (model/textparse/promparse.go): blank lines, blanks
//! and tabs between tokens, comments, a missing last line break.

use super::reader::{Family, Sample};
use super::token::{Bad, Labels, Style, byte, float, labels, name_end, quoted_end, skip_blanks};

/// Reads the next sample that begins at `*at`; `None` at the end.
pub(super) fn next<'a>(
    text: &'a [u8],
    at: &mut usize,
    known: &[u8],
    family: &mut Family,
    out: &mut Labels,
) -> Result<Option<Sample<'a>>, Bad> {
    loop {
        let start = skip_blanks(text, *at);
        match byte(text, start) {
            _ if start >= text.len() => return Ok(None),
            b'\n' => *at = start + 1,
            b'#' => *at = comment(text, start, family)?,
            _ => {
                let (sample, end) = sample(text, start, known, out)?;
                *at = end;
                return Ok(Some(sample));
            }
        }
    }
}

fn line_end(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    memchr::memchr(b'\n', rest).map_or(text.len(), |length| at + length)
}

/// A line that begins with `#`: a type, a help text, or anything. Gives the next line's place.
fn comment(text: &[u8], start: usize, family: &mut Family) -> Result<usize, Bad> {
    let end = line_end(text, start);
    let word = skip_blanks(text, start + 1);
    let meta = word > start + 1
        && matches!(text.get(word..word + 4), Some(b"HELP" | b"TYPE"))
        && matches!(byte(text, word + 4), b' ' | b'\t');
    if !meta {
        return Ok(end + 1);
    }
    let is_type = text.get(word..word + 4) == Some(b"TYPE");
    let name = skip_blanks(text, word + 4);
    let name_ends = match byte(text, name) {
        b'"' => quoted_end(text, name, false).unwrap_or(name),
        _ => name_end(text, name, true),
    };
    if name_ends == name {
        return Err(Bad::new("expected a metric name after HELP or TYPE", name));
    }
    // A name in quotes may have a line break in it.
    let end = line_end(text, name_ends);
    let rest = text.get(name_ends + 1..end).unwrap_or_default();
    if is_type {
        family.kind = match rest {
            b"counter" | b"gauge" | b"untyped" => None,
            b"histogram" => Some("le"),
            b"summary" => Some("quantile"),
            _ => return Err(Bad::new("invalid metric type", name_ends)),
        };
    } else if std::str::from_utf8(rest).is_err() {
        return Err(Bad::new("a help text is not UTF-8", name_ends));
    }
    Ok(end + 1)
}

fn sample<'a>(
    text: &'a [u8],
    start: usize,
    known: &[u8],
    out: &mut Labels,
) -> Result<(Sample<'a>, usize), Bad> {
    let rest = text.get(start..).unwrap_or_default();
    let ends = start + known.len();
    // The same bytes as the last time need no second look.
    let is_known = !known.is_empty()
        && rest.starts_with(known)
        && matches!(byte(text, ends), b' ' | b'\t')
        && byte(text, skip_blanks(text, ends)) != b'{';
    let (name, series_end) =
        if is_known { (start..start, ends) } else { series(text, start, out)? };
    let raw = text.get(start..series_end).unwrap_or_default();
    let value_at = skip_blanks(text, series_end);
    let rest = text.get(value_at..).unwrap_or_default();
    let length = rest.iter().take_while(|byte| !b"{ \t\n".contains(*byte)).count();
    let value_end = value_at + length;
    if length == 0 {
        return Err(Bad::new("expected a value after the metric", value_at));
    }
    let value = float(text.get(value_at..value_end).unwrap_or_default(), value_at)?;
    let stamp_at = skip_blanks(text, value_end);
    let digits = text.get(stamp_at..).unwrap_or_default();
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let stamp = if count == 0 { None } else { Some(stamp(text, stamp_at..stamp_at + count)?) };
    let end = skip_blanks(text, stamp_at + count);
    if end < text.len() && byte(text, end) != b'\n' {
        return Err(Bad::new("expected a time stamp or the end of the line", end));
    }
    Ok((Sample { raw, name, value, stamp, is_known }, end + 1))
}

fn stamp(text: &[u8], range: std::ops::Range<usize>) -> Result<i64, Bad> {
    let at = range.start;
    let digits = text.get(range).and_then(|digits| std::str::from_utf8(digits).ok());
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| Bad::new("a time stamp is out of range", at))
}

/// A metric's name with its labels; gives the name's place and where both end.
fn series(
    text: &[u8],
    start: usize,
    out: &mut Labels,
) -> Result<(std::ops::Range<usize>, usize), Bad> {
    out.list.clear();
    out.quoted_name = None;
    let name_ends = name_end(text, start, true);
    if name_ends == start && byte(text, start) != b'{' {
        return Err(Bad::new("expected a metric name", start));
    }
    let brace = skip_blanks(text, name_ends);
    if byte(text, brace) != b'{' {
        return Ok((start..name_ends, name_ends));
    }
    let end = labels(text, brace + 1, Style::Text, false, out)?;
    match &out.quoted_name {
        Some(_) if name_ends > start => Err(Bad::new("the metric has two names", start)),
        Some(name) => Ok((name.clone(), end)),
        None if name_ends == start => Err(Bad::new("the metric has no name", start)),
        None => Ok((start..name_ends, end)),
    }
}
