//! Numbers as Go writes them.

/// The shortest digits that say which number it is; with an exponent below 1e-4 and from a million on.
pub fn general(number: f64) -> String {
    if let Some(special) = special(number) {
        return special;
    }
    let (sign, digits, exponent) = parts(&format!("{number:e}"));
    if !(-4..6).contains(&exponent) {
        return scientific(sign, &digits, exponent);
    }
    plain(sign, &digits, exponent)
}

/// So many significant digits at most, without zeros at the end: `%.4g`.
pub fn significant(number: f64, precision: usize) -> String {
    if let Some(special) = special(number) {
        return special;
    }
    let precision = precision.max(1);
    let (sign, digits, exponent) = parts(&format!("{number:.*e}", precision - 1));
    let trimmed = digits.trim_end_matches('0');
    let digits = if trimmed.is_empty() { "0" } else { trimmed };
    let limit = i32::try_from(precision).unwrap_or(i32::MAX);
    if exponent < -4 || exponent >= limit {
        return scientific(sign, digits, exponent);
    }
    plain(sign, digits, exponent)
}

/// With an exponent and so many digits behind the point: `%.3e`.
pub fn exponential(number: f64, precision: usize) -> String {
    if let Some(special) = special(number) {
        return special;
    }
    let written = format!("{number:.precision$e}");
    let (mantissa, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    format!("{mantissa}{}", exponent_text(exponent.parse().unwrap_or(0)))
}

/// So many digits behind the point: `%.2f`.
pub fn fixed(number: f64, precision: usize) -> String {
    special(number).unwrap_or_else(|| format!("{number:.precision$}"))
}

fn special(number: f64) -> Option<String> {
    let name = match number {
        f64::INFINITY => "+Inf",
        f64::NEG_INFINITY => "-Inf",
        _ if number.is_nan() => "NaN",
        _ => return None,
    };
    Some(name.to_owned())
}

/// Sign, digits without a point, and the exponent of the first digit.
fn parts(written: &str) -> (&'static str, String, i32) {
    let (sign, rest) = written.strip_prefix('-').map_or(("", written), |rest| ("-", rest));
    let (mantissa, exponent) = rest.split_once('e').unwrap_or((rest, "0"));
    (sign, mantissa.replace('.', ""), exponent.parse().unwrap_or(0))
}

fn exponent_text(exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("e{sign}{:02}", exponent.abs())
}

fn scientific(sign: &str, digits: &str, exponent: i32) -> String {
    let (first, rest) = digits.split_at(1.min(digits.len()));
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{first}{point}{rest}{}", exponent_text(exponent))
}

fn plain(sign: &str, digits: &str, exponent: i32) -> String {
    let Ok(whole) = usize::try_from(exponent) else {
        let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
        return format!("{sign}0.{zeros}{digits}");
    };
    if digits.len() <= whole + 1 {
        return format!("{sign}{digits}{}", "0".repeat(whole + 1 - digits.len()));
    }
    let (before, after) = digits.split_at(whole + 1);
    format!("{sign}{before}.{after}")
}
