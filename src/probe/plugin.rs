//! The text of a monitoring plugin: first line, long text, perfdata. Pure.
//!
//! Line 1 is `TEXT | perfdata`; the first later line with a `|` ends the long text and everything
//! behind it is perfdata too. Numbers become base units: seconds, bytes, bits per second. KB, MB,
//! GB and TB are powers of 1024, because the common plugins that write them divide by 1024.

use std::collections::HashSet;

use crate::model::metric::SERIES_LIMIT;
use crate::model::safe_text::sanitize;
use crate::model::{Metric, Name, Range, SafeText, Unit};

/// Longest label, in characters; what is longer is cut.
pub(super) const LABEL_LIMIT: usize = 64;
/// Longest unit that is passed on, in characters.
const UNIT_LIMIT: usize = 8;

/// What a plugin said.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Output {
    /// The first line without its perfdata.
    pub text: SafeText,
    /// The further lines; a last one says how many perfdata items were not used.
    pub long: SafeText,
    /// The numbers, at most [`SERIES_LIMIT`], each label once.
    pub metrics: Vec<Metric>,
    /// Items that are not `label=number`, repeat a label, or are beyond the limit.
    pub dropped: usize,
}

/// Reads what a plugin printed; any bytes give a value.
pub(super) fn parse(bytes: &[u8]) -> Output {
    let all = String::from_utf8_lossy(bytes);
    let mut lines = all.lines().skip_while(|line| line.trim().is_empty());
    let (text, mut perfdata) = split_bar(lines.next().unwrap_or_default());
    let mut long = Vec::new();
    for line in lines.by_ref() {
        let (words, numbers) = split_bar(line);
        if line.contains('|') {
            if !words.is_empty() {
                long.push(words.to_owned());
            }
            perfdata = format!("{perfdata} {numbers}");
            break;
        }
        long.push(line.to_owned());
    }
    for line in lines {
        perfdata.push(' ');
        perfdata.push_str(line);
    }
    let (metrics, dropped) = read_perfdata(&perfdata);
    if dropped > 0 {
        let items = if dropped == 1 { "item was" } else { "items were" };
        long.push(format!(
            "{dropped} perfdata {items} not used: no number, a repeated label, or beyond {SERIES_LIMIT}"
        ));
    }
    let long = SafeText::text(long.join("\n").trim_end());
    Output { text: SafeText::line(text), long, metrics, dropped }
}

fn split_bar(line: &str) -> (&str, String) {
    let (text, perfdata) = line.split_once('|').unwrap_or((line, ""));
    (text.trim(), perfdata.to_owned())
}

fn read_perfdata(text: &str) -> (Vec<Metric>, usize) {
    let mut metrics: Vec<Metric> = Vec::new();
    let mut labels: HashSet<Name> = HashSet::new();
    let mut dropped = 0;
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (metric, tail) = read_item(rest);
        match metric {
            Some(metric) if metrics.len() < SERIES_LIMIT && labels.insert(metric.name.clone()) => {
                metrics.push(metric);
            }
            _ => dropped += 1,
        }
        rest = tail.trim_start();
    }
    (metrics, dropped)
}

/// The first item and what stands behind it. An item that is none ends at the next blank.
fn read_item(text: &str) -> (Option<Metric>, &str) {
    let word_end = |text: &str| text.find(char::is_whitespace).unwrap_or(text.len());
    let (label, behind) = match text.strip_prefix('\'') {
        Some(quoted) => match quoted_label(quoted) {
            Some((label, behind)) => (label, behind),
            None => return (None, text.split_at(word_end(text)).1),
        },
        None => match text.find(|c: char| c == '=' || c.is_whitespace()) {
            Some(end) => (text.get(..end).unwrap_or_default().to_owned(), text.split_at(end).1),
            None => return (None, ""),
        },
    };
    let Some(values) = behind.strip_prefix('=') else {
        return (None, behind.split_at(word_end(behind)).1);
    };
    let (values, tail) = values.split_at(word_end(values));
    (read_values(&label, values), tail)
}

/// The label in quotes, where `''` is a quote, and what follows. The text begins behind the first.
fn quoted_label(text: &str) -> Option<(String, &str)> {
    let mut label = String::new();
    let mut rest = text;
    loop {
        let (part, behind) = rest.split_once('\'')?;
        label.push_str(part);
        match behind.strip_prefix('\'') {
            Some(more) => {
                label.push('\'');
                rest = more;
            }
            None => return Some((label, behind)),
        }
    }
}

fn read_values(label: &str, text: &str) -> Option<Metric> {
    let mut parts = text.split(';');
    let first = parts.next()?;
    let name: String = sanitize(label, LABEL_LIMIT * 4).chars().take(LABEL_LIMIT).collect();
    if name.trim().is_empty() {
        return None;
    }
    if first == "U" {
        return Some(Metric::new(&name, f64::NAN, Unit::Count));
    }
    let (number, written) = split_number(first)?;
    let (unit, factor) = unit_of(written)?;
    let value = scaled(number, factor)?;
    let mut metric = Metric::new(&name, value, unit);
    metric.warning = parts.next().and_then(|text| read_range(text, factor));
    metric.critical = parts.next().and_then(|text| read_range(text, factor));
    let bound = |text: &str| split_number(text).and_then(|(number, _)| scaled(number, factor));
    metric.min = parts.next().and_then(bound);
    metric.max = parts.next().and_then(bound);
    Some(metric)
}

fn scaled(number: f64, factor: f64) -> Option<f64> {
    Some(number * factor).filter(|value| value.is_finite())
}

/// A decimal number at the beginning and the rest: no `inf`, `nan` or hexadecimal digits.
fn split_number(text: &str) -> Option<(f64, &str)> {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let mut end = usize::from(text.starts_with(['-', '+']));
    end += digits(text.get(end..)?);
    if text.get(end..)?.starts_with('.') {
        end += 1;
        end += digits(text.get(end..)?);
    }
    if let Some(exponent) = text.get(end..)?.strip_prefix(['e', 'E']) {
        let sign = usize::from(exponent.starts_with(['-', '+']));
        let count = digits(exponent.get(sign..)?);
        // Without digits the letter belongs to the unit.
        if count > 0 {
            end += 1 + sign + count;
        }
    }
    let (number, rest) = text.split_at(end);
    let number: f64 = number.parse().ok()?;
    number.is_finite().then_some((number, rest))
}

/// The plugins' own units behind a range's numbers (`80%`) are tolerated.
fn read_range(text: &str, factor: f64) -> Option<Range> {
    let bare = text.trim_end_matches(|c: char| c.is_alphabetic() || c == '%');
    // A range may only have what ranges have: `inf` and `nan` are read as numbers elsewhere.
    let plain = |c: char| c.is_ascii_digit() || "@~:.+-eE".contains(c);
    if bare.is_empty() || !bare.chars().all(plain) {
        return None;
    }
    let range = bare.parse::<Range>().ok()?;
    let scaled = range.scaled(factor);
    let kept = |before: f64, after: f64| before.is_finite() == after.is_finite();
    (kept(range.start, scaled.start) && kept(range.end, scaled.end)).then_some(scaled)
}

/// The base unit and the factor to it; `None` when it cannot be a unit.
fn unit_of(written: &str) -> Option<(Unit, f64)> {
    const KIB: f64 = 1024.0;
    let known = match written {
        "" => (Unit::Count, 1.0),
        "%" => (Unit::Percent, 1.0),
        "c" => (Unit::Counter, 1.0),
        "C" | "°C" => (Unit::Celsius, 1.0),
        "ns" => (Unit::Seconds, 1e-9),
        "us" | "µs" | "μs" => (Unit::Seconds, 1e-6),
        "ms" => (Unit::Seconds, 1e-3),
        "s" => (Unit::Seconds, 1.0),
        "m" | "min" => (Unit::Seconds, 60.0),
        "h" => (Unit::Seconds, 3600.0),
        "d" => (Unit::Seconds, 86_400.0),
        "B" => (Unit::Bytes, 1.0),
        "KB" | "kB" | "KiB" => (Unit::Bytes, KIB),
        "MB" | "MiB" => (Unit::Bytes, KIB * KIB),
        "GB" | "GiB" => (Unit::Bytes, KIB * KIB * KIB),
        "TB" | "TiB" => (Unit::Bytes, KIB * KIB * KIB * KIB),
        "PB" | "PiB" => (Unit::Bytes, KIB * KIB * KIB * KIB * KIB),
        "EB" | "EiB" => (Unit::Bytes, KIB * KIB * KIB * KIB * KIB * KIB),
        // Bits are counted in thousands everywhere.
        "b" => (Unit::Other("b".into()), 1.0),
        "kb" | "Kb" => (Unit::Other("b".into()), 1e3),
        "Mb" => (Unit::Other("b".into()), 1e6),
        "Gb" => (Unit::Other("b".into()), 1e9),
        "Tb" => (Unit::Other("b".into()), 1e12),
        "bps" => (Unit::BitsPerSecond, 1.0),
        "kbps" | "Kbps" => (Unit::BitsPerSecond, 1e3),
        "Mbps" => (Unit::BitsPerSecond, 1e6),
        "Gbps" => (Unit::BitsPerSecond, 1e9),
        other => (other_unit(other)?, 1.0),
    };
    Some(known)
}

/// A unit that we only pass on: a letter or sign first, no digits (`0x1F` is no number).
fn other_unit(written: &str) -> Option<Unit> {
    let fits = |c: char| c.is_alphabetic() || "%/°²³".contains(c);
    if written.chars().all(fits) && !written.is_empty() {
        let short: String = sanitize(written, UNIT_LIMIT * 4).chars().take(UNIT_LIMIT).collect();
        Some(Unit::Other(short.into()))
    } else {
        None
    }
}

#[cfg(test)]
#[path = "plugin_tests.rs"]
mod tests;
