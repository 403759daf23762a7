//! Warning and critical ranges in the notation of the monitoring plugins.
//!
//! `[@]start:end` with inclusive ends: outside alerts, with `@` inside alerts. A plain number with
//! a unit (`500ms`, `80%`) alerts strictly above it. Source: the plugin developer guidelines.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::state::State;

/// One range; see the module's head for the notation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// Lowest value inside; negative infinity for `~`.
    pub start: f64,
    /// Highest value inside; infinity when open.
    pub end: f64,
    /// True for `@`: a value inside alerts.
    pub inverted: bool,
}

impl Range {
    /// Alerts strictly above `limit`, never below.
    #[must_use]
    pub const fn above(limit: f64) -> Self {
        Self { start: f64::NEG_INFINITY, end: limit, inverted: false }
    }

    /// Alerts strictly below `limit`, never above.
    #[must_use]
    pub const fn below(limit: f64) -> Self {
        Self { start: limit, end: f64::INFINITY, inverted: false }
    }

    /// True when `value` is in the alerting part. A NaN never is: it is UNKNOWN, see
    /// [`Thresholds::judge`].
    #[must_use]
    pub fn alerts(&self, value: f64) -> bool {
        let inside = self.start <= value && value <= self.end;
        if value.is_nan() { false } else { inside == self.inverted }
    }

    /// The same range with both ends multiplied, to go from `500ms` to seconds.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        Self { start: self.start * factor, end: self.end * factor, ..self }
    }

    /// What is wrong with a value that alerts, in words: `> 75`, `< 7`, `outside 2:5`.
    #[must_use]
    pub fn complaint(&self, value: f64) -> String {
        match (self.inverted, self.start.is_finite(), self.end.is_finite()) {
            (true, true, false) => return format!(">= {}", trim(self.start)),
            (true, false, true) => return format!("<= {}", trim(self.end)),
            (true, ..) => return format!("inside {}", &self.to_string()[1..]),
            (false, ..) => {}
        }
        if value > self.end {
            return format!("> {}", trim(self.end));
        }
        if self.end.is_infinite() || self.start.is_finite() {
            return format!("< {}", trim(self.start));
        }
        format!("outside {self}")
    }
}

fn trim(value: f64) -> String {
    format!("{value}")
}

/// Why a text is no range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a range; write 10, 10:, ~:10, 10:20 or @10:20")]
pub struct BadRange(pub String);

impl FromStr for Range {
    type Err = BadRange;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadRange(text.chars().take(64).collect());
        let number = |part: &str| match part.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            _ => Err(bad()),
        };
        let trimmed = text.trim();
        let (inverted, body) = match trimmed.strip_prefix('@') {
            Some(body) => (true, body),
            None => (false, trimmed),
        };
        let (start, end) = match body.split_once(':') {
            None => (0.0, number(body)?),
            Some((start, end)) => {
                let start = match start {
                    "" => 0.0,
                    "~" => f64::NEG_INFINITY,
                    start => number(start)?,
                };
                (start, if end.is_empty() { f64::INFINITY } else { number(end)? })
            }
        };
        if start > end { Err(bad()) } else { Ok(Self { start, end, inverted }) }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.inverted { "@" } else { "" };
        let start = if self.start == f64::NEG_INFINITY {
            "~:".to_owned()
        } else if self.start == 0.0 && self.end.is_finite() {
            String::new()
        } else {
            format!("{}:", self.start)
        };
        let end = if self.end.is_infinite() { String::new() } else { self.end.to_string() };
        f.pad(&format!("{at}{start}{end}"))
    }
}

impl Serialize for Range {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Range {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A warning and a critical range, either of them optional.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Thresholds {
    /// Alerts as WARNING.
    pub warning: Option<Range>,
    /// Alerts as CRITICAL; tested first.
    pub critical: Option<Range>,
}

impl Thresholds {
    /// Both as "strictly above".
    #[must_use]
    pub const fn above(warning: f64, critical: f64) -> Self {
        Self { warning: Some(Range::above(warning)), critical: Some(Range::above(critical)) }
    }

    /// The state of a value: critical is tested before warning, a NaN or infinity is UNKNOWN.
    #[must_use]
    pub fn judge(&self, value: f64) -> State {
        if !value.is_finite() {
            return State::Unknown;
        }
        if self.critical.is_some_and(|range| range.alerts(value)) {
            return State::Critical;
        }
        if self.warning.is_some_and(|range| range.alerts(value)) {
            return State::Warning;
        }
        State::Ok
    }

    /// True when neither is given.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.warning.is_none() && self.critical.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_follow_the_plugin_guidelines() {
        let cases: [(&str, &[f64], &[f64]); 10] = [
            ("10", &[-0.1, 10.1], &[0.0, 10.0]),
            ("10:", &[9.9], &[10.0, 1e9]),
            ("~:10", &[10.1], &[-1e9, 10.0]),
            ("10:20", &[9.9, 20.1], &[10.0, 20.0]),
            ("@10:20", &[10.0, 15.0, 20.0], &[9.9, 20.1]),
            ("-7:23", &[-7.1, 23.1], &[-7.0, 23.0]),
            (":5.75", &[-0.1, 5.76], &[0.0, 5.75]),
            ("~:-95.99", &[-95.98], &[-95.99, -100.0]),
            ("~:0", &[0.1], &[0.0]),
            ("@1:1", &[1.0], &[0.9, 1.1]),
        ];
        for (text, alerting, quiet) in cases {
            let range: Range = text.parse().unwrap();
            assert!(alerting.iter().all(|v| range.alerts(*v)), "{text}");
            assert!(!quiet.iter().any(|v| range.alerts(*v)), "{text}");
            assert_eq!(range.to_string().parse::<Range>(), Ok(range), "{text}");
        }
        for bad in ["2:1", "", "x", "1e999", "NaN", "~", "1:2:3", "@"] {
            assert!(bad.parse::<Range>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_not_a_number_is_unknown() {
        let limits = Thresholds::above(1.0, 2.0);
        assert_eq!(limits.judge(f64::NAN), State::Unknown);
        assert_eq!(limits.judge(f64::INFINITY), State::Unknown);
        assert_eq!(limits.judge(-0.0), State::Ok);
    }

    #[test]
    fn complaints_are_words() {
        assert_eq!(Range::above(75.0).complaint(80.0), "> 75");
        assert_eq!(Range::below(7.0).complaint(3.0), "< 7");
        assert_eq!("@1:2".parse::<Range>().unwrap().complaint(1.0), "inside 1:2");
    }
}
