//! `OpenMetrics` 1.0, one sample at a time.
//!
//! As Prometheus reads it (model/textparse/openmetricslex.l), and stricter where the
//! specification says MUST and a monitor should know: counters are numbers and not negative,
//! families do not interleave, an exemplar's label set has at most 128 characters.

use std::ops::Range;

use super::reader::{Family, Sample};
use super::token::{Bad, Labels, Style, byte, float, labels, name_end, quoted_end};

/// Most characters of an exemplar's label set.
const EXEMPLAR_LIMIT: usize = 128;

/// Reads the next sample that begins at `*at`; `None` behind `# EOF`.
pub(super) fn next<'a>(
    text: &'a [u8],
    at: &mut usize,
    known: &[u8],
    family: &mut Family,
    out: &mut Labels,
) -> Result<Option<Sample<'a>>, Bad> {
    loop {
        let start = *at;
        if start >= text.len() {
            return Err(Bad::new("the data does not end with # EOF", start));
        }
        if byte(text, start) != b'#' {
            let (sample, end) = sample(text, start, known, family, out)?;
            *at = end;
            return Ok(Some(sample));
        }
        let rest = text.get(start..).unwrap_or_default();
        if let Some(after) = rest.strip_prefix(b"# EOF") {
            return match after {
                b"" | b"\n" => Ok(None),
                _ => Err(Bad::new("unexpected data after # EOF", start)),
            };
        }
        *at = metadata(text, start, family)?;
    }
}

fn metadata(text: &[u8], start: usize, family: &mut Family) -> Result<usize, Bad> {
    let rest = text.get(start..).unwrap_or_default();
    let word = rest.get(2..6).unwrap_or_default();
    let known = matches!(word, b"HELP" | b"TYPE" | b"UNIT");
    if !rest.starts_with(b"# ") || !known || byte(text, start + 6) != b' ' {
        return Err(Bad::new("only HELP, TYPE, UNIT and EOF may follow `# `", start));
    }
    let name = start + 7;
    let name_ends = match byte(text, name) {
        b'"' => quoted_end(text, name, true).unwrap_or(name),
        _ => name_end(text, name, true),
    };
    if name_ends == name {
        return Err(Bad::new("expected a metric name after HELP, TYPE or UNIT", name));
    }
    let end = memchr::memchr(b'\n', text.get(name_ends..).unwrap_or_default());
    let Some(end) = end.map(|length| name_ends + length) else {
        return Err(Bad::new("the data does not end with # EOF", text.len()));
    };
    if byte(text, name_ends) != b' ' {
        return Err(Bad::new("expected a blank and a text after the metric name", name_ends));
    }
    let rest = text.get(name_ends + 1..end).unwrap_or_default();
    let bare = if byte(text, name) == b'"' { name + 1..name_ends - 1 } else { name..name_ends };
    let bare = text.get(bare).unwrap_or_default();
    family.enter(bare, start)?;
    match word {
        b"TYPE" => {
            family.kind = None;
            family.is_counter = false;
            match rest {
                b"counter" => family.is_counter = true,
                b"histogram" => family.kind = Some("le"),
                b"summary" => family.kind = Some("quantile"),
                b"gauge" | b"gaugehistogram" | b"info" | b"stateset" | b"unknown" => {}
                _ => return Err(Bad::new("invalid metric type", name_ends)),
            }
        }
        b"UNIT" => {
            let fits = rest.is_empty()
                || bare.strip_suffix(rest).is_some_and(|before| before.ends_with(b"_"));
            if !fits {
                return Err(Bad::new("the unit is not a suffix of the metric's name", name_ends));
            }
        }
        _ if std::str::from_utf8(rest).is_err() => {
            return Err(Bad::new("a help text is not UTF-8", name_ends));
        }
        _ => {}
    }
    Ok(end + 1)
}

fn sample<'a>(
    text: &'a [u8],
    start: usize,
    known: &[u8],
    family: &mut Family,
    out: &mut Labels,
) -> Result<(Sample<'a>, usize), Bad> {
    let rest = text.get(start..).unwrap_or_default();
    let ends = start + known.len();
    let is_known = !known.is_empty() && rest.starts_with(known) && byte(text, ends) == b' ';
    let (name, series_end) =
        if is_known { (start..start, ends) } else { series(text, start, out)? };
    let raw = text.get(start..series_end).unwrap_or_default();
    family.holds(
        if name.is_empty() { raw } else { text.get(name.clone()).unwrap_or_default() },
        start,
    )?;
    let value_end = word_end(text, series_end);
    if value_end <= series_end + 1 {
        return Err(Bad::new("expected a blank and a value after the metric", series_end));
    }
    let value = text.get(series_end + 1..value_end).unwrap_or_default();
    let value = float(value, series_end + 1)?;
    if family.is_counter && (value.is_nan() || value < 0.0) && family.is_total(raw) {
        return Err(Bad::new("a counter is negative or not a number", series_end + 1));
    }
    let mut end = value_end;
    let mut stamp = None;
    let exemplar = |at: usize| text.get(at..at + 4) == Some(b" # {");
    if byte(text, end) == b' ' && !exemplar(end) {
        let stamp_end = word_end(text, end);
        let seconds = float(text.get(end + 1..stamp_end).unwrap_or_default(), end + 1)?;
        if !seconds.is_finite() {
            return Err(Bad::new("invalid time stamp", end + 1));
        }
        #[expect(clippy::cast_possible_truncation, reason = "saturates, as it should")]
        let millis = (seconds * 1000.0) as i64;
        stamp = Some(millis);
        end = stamp_end;
    }
    if exemplar(end) {
        end = read_exemplar(text, end + 4)?;
    }
    match byte(text, end) {
        b'\n' => Ok((Sample { raw, name, value, stamp, is_known }, end + 1)),
        _ if end >= text.len() => Err(Bad::new("the data does not end with # EOF", end)),
        _ => Err(Bad::new("expected a time stamp, an exemplar or the end of the line", end)),
    }
}

/// Where the word behind the blank at `at` ends; `at` when there is no blank.
fn word_end(text: &[u8], at: usize) -> usize {
    if byte(text, at) != b' ' {
        return at;
    }
    let rest = text.get(at + 1..).unwrap_or_default();
    at + 1 + rest.iter().take_while(|byte| !matches!(byte, b' ' | b'\n')).count()
}

/// Reads an exemplar behind its brace; its labels and values are checked and let go.
fn read_exemplar(text: &[u8], at: usize) -> Result<usize, Bad> {
    let mut found = Labels::default();
    let end = labels(text, at, Style::Open, true, &mut found)?;
    let count = |range: &Range<usize>| {
        let bytes = text.get(range.clone()).unwrap_or_default();
        String::from_utf8_lossy(bytes).chars().count()
    };
    let size: usize = found.list.iter().map(|label| count(&label.name) + count(&label.value)).sum();
    if size > EXEMPLAR_LIMIT {
        return Err(Bad::new("an exemplar's labels have more than 128 characters", at));
    }
    let value_end = word_end(text, end);
    if value_end <= end + 1 {
        return Err(Bad::new("expected a blank and a value after the exemplar's labels", end));
    }
    float(text.get(end + 1..value_end).unwrap_or_default(), end + 1)?;
    if byte(text, value_end) != b' ' {
        return Ok(value_end);
    }
    let stamp_end = word_end(text, value_end);
    let stamp = float(text.get(value_end + 1..stamp_end).unwrap_or_default(), value_end + 1)?;
    if stamp.is_finite() {
        Ok(stamp_end)
    } else {
        Err(Bad::new("invalid time stamp of an exemplar", value_end + 1))
    }
}

/// A metric's name with its labels; gives the name's place and where both end.
fn series(text: &[u8], start: usize, out: &mut Labels) -> Result<(Range<usize>, usize), Bad> {
    out.list.clear();
    out.quoted_name = None;
    let name_ends = name_end(text, start, true);
    if name_ends == start && byte(text, start) != b'{' {
        return Err(Bad::new("expected a metric name", start));
    }
    if byte(text, name_ends) != b'{' {
        return Ok((start..name_ends, name_ends));
    }
    let end = labels(text, name_ends + 1, Style::Open, false, out)?;
    match &out.quoted_name {
        Some(_) if name_ends > start => Err(Bad::new("the metric has two names", start)),
        Some(name) => Ok((name.clone(), end)),
        None if name_ends == start => Err(Bad::new("the metric has no name", start)),
        None => Ok((start..name_ends, end)),
    }
}
