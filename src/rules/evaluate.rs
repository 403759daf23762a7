//! From an observation to a state with its reasons.
//!
//! | what was seen | state |
//! |---|---|
//! | a failure that blames the target (refused, timeout, TLS, ...) | CRITICAL (SPEC D-27) |
//! | no answer to any ping | UNKNOWN, or CRITICAL where the host says `unreachable = "critical"` |
//! | any other failure: the check could not be made | UNKNOWN, the text names connectivity (FM-06) |
//! | no failure | the worst of the plugin's exit code and of every metric with a limit |
//!
//! A failure decides alone: numbers of a failed run are kept but not judged (all packets lost is
//! "unreachable", not "loss 100 %"). Limits are strict, a value that is not a number is UNKNOWN,
//! and a limit never lowers what a plugin says.
//!
//! What a rule judges is judged there alone ([`super::reading`]); here its ranges are only shown.
//!
//! A limit whose metric was not measured is no problem for our own probes: a rate has no value at
//! a first run, a plain URL has no certificate. It is UNKNOWN where an operator named a number of
//! a foreign program: every limit of `custom` (unless the plugin itself reports a problem),
//! `result` of `mysql`, and every level that `get` and `walk` of `snmp` name.

use crate::model::snmp::SnmpType;
use crate::model::threshold::Thresholds;
use crate::model::{
    Check, Failure, FailureKind, Metric, Observation, Range, SafeText, Spec, State, Unit,
    spec::Kind,
};

/// What an observation means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How bad.
    pub state: State,
    /// The reasons, then what the probe said; one line.
    pub output: SafeText,
    /// True when nothing came back from the host at all.
    pub silent: bool,
}

impl Verdict {
    /// A verdict with its line.
    #[must_use]
    pub fn new(state: State, output: impl AsRef<str>) -> Self {
        Self { state, output: SafeText::line(output.as_ref()), silent: false }
    }
}

/// Most reasons in one line; the rest is counted.
const REASON_LIMIT: usize = 5;

/// Judges an observation, and writes the ranges in force on its metrics (for graphs and
/// perfdata). A plugin's own ranges stay where the check has no limit. `unreachable` is the
/// host's; everything but CRITICAL means UNKNOWN.
pub fn evaluate(check: &Check, unreachable: State, seen: &mut Observation) -> Verdict {
    for metric in &mut seen.metrics {
        if let Some(limits) = check.limit(&metric.name) {
            metric.warning = limits.warning;
            metric.critical = limits.critical;
        }
    }
    match &seen.failure {
        Some(failure) => judge_failure(failure, unreachable),
        None => judge_numbers(check, seen),
    }
}

fn judge_failure(failure: &Failure, unreachable: State) -> Verdict {
    let state = match failure.kind {
        kind if kind.blames_target() => State::Critical,
        FailureKind::Unreachable if unreachable == State::Critical => State::Critical,
        _ => State::Unknown,
    };
    let hint = match failure.kind {
        _ if state != State::Unknown || failure.message.as_str().contains("connectivity") => "",
        FailureKind::Unreachable | FailureKind::NoRoute | FailureKind::Resolve => {
            "; investigate connectivity"
        }
        // The target was reached; what it said is of no use.
        FailureKind::Unreadable => "; check not made",
        _ => NOT_MADE,
    };
    let silent = failure.kind.is_silence();
    Verdict { silent, ..Verdict::new(state, format!("{}{hint}", failure.message)) }
}

/// Said of a check that could not be made: it tells nothing about the target (FM-06).
const NOT_MADE: &str = "; check not made, connectivity unverified";

fn judge_numbers(check: &Check, seen: &Observation) -> Verdict {
    let mut reasons: Vec<(State, String)> = Vec::new();
    for metric in &seen.metrics {
        let Some(limits) = check.limit(&metric.name).filter(|limits| !limits.is_empty()) else {
            continue;
        };
        if check.is_by_rule(&metric.name) {
            continue;
        }
        let state = limits.judge(metric.value);
        if state.is_problem() {
            reasons.push((state, reason(metric, limits, state)));
        }
    }
    for name in missing(check, seen) {
        reasons.push((State::Unknown, format!("metric {name} is missing")));
    }
    // Stable: within one state the order of the probe stays.
    reasons.sort_by_key(|(state, _)| std::cmp::Reverse(state.severity()));
    let claimed = seen.claimed.unwrap_or(State::Ok);
    let state = reasons.iter().fold(claimed, |worst, (state, _)| worst.worst(*state));
    let is_foreign = check.kind() == Kind::Custom;
    let hint = if seen.claimed == Some(State::Unknown) && is_foreign { NOT_MADE } else { "" };
    let output = format!("{}{hint}", seen.output);
    Verdict::new(state, sentence(&reasons, &output))
}

fn missing<'a>(check: &'a Check, seen: &'a Observation) -> impl Iterator<Item = &'a str> {
    let names = check.limits.iter().filter(|limit| !limit.thresholds.is_empty());
    let names = names.filter(|limit| !check.is_by_rule(&limit.metric));
    let demanded = names.map(|limit| &*limit.metric).filter(|name| match check.kind() {
        Kind::Custom => !seen.claimed.is_some_and(State::is_problem),
        Kind::Mysql => *name == "result",
        Kind::Snmp => snmp_gauge(check, name),
        _ => false,
    });
    demanded.filter(|name| !seen.metrics.iter().any(|metric| &*metric.name == *name))
}

/// True for a level that an operator asked an agent for. A counter has no rate at a first run.
fn snmp_gauge(check: &Check, name: &str) -> bool {
    let Spec::Snmp(spec) = &*check.spec else { return false };
    let mut entries = spec.get.iter().chain(&spec.walk);
    entries.any(|entry| entry.name == name && entry.counts == SnmpType::Gauge)
}

pub(super) fn sentence(reasons: &[(State, String)], output: &str) -> String {
    let mut parts: Vec<&str> =
        reasons.iter().take(REASON_LIMIT).map(|(_, text)| text.as_str()).collect();
    let more = match reasons.len().saturating_sub(REASON_LIMIT) {
        0 => String::new(),
        more => format!("{more} more"),
    };
    parts.extend([more.as_str(), output].into_iter().filter(|part| !part.is_empty()));
    parts.join("; ")
}

/// `disk_usage[/var] 83 % (> 80)`: label, value, unit, and what is wrong with it.
pub(super) fn reason(metric: &Metric, limits: &Thresholds, state: State) -> String {
    let label = metric.label();
    let range = match state {
        State::Critical => limits.critical,
        State::Warning => limits.warning,
        State::Ok | State::Unknown => None,
    };
    let Some(range) = range else {
        return format!("{label} has no value");
    };
    let (factor, unit) = shown_unit(metric);
    let blank = if unit.is_empty() { "" } else { " " };
    let value = digits(metric.value, factor, &range);
    format!("{label} {value}{blank}{unit} ({})", complaint(&range, metric.value, factor))
}

/// `disk_usage[/var] 83 %`: label, value, unit.
pub(super) fn plain(metric: &Metric) -> String {
    let (factor, unit) = shown_unit(metric);
    let blank = if unit.is_empty() { "" } else { " " };
    let value = trim(&format!("{:.2}", metric.value * factor));
    format!("{} {value}{blank}{unit}", metric.label())
}

/// By what to multiply for people, and the unit then: times below a minute in ms.
fn shown_unit(metric: &Metric) -> (f64, &str) {
    let size = metric.value.abs();
    match &metric.unit {
        Unit::Count | Unit::Counter => (1.0, ""),
        Unit::Percent => (1.0, "%"),
        Unit::Celsius => (1.0, "°C"),
        Unit::Other(unit) => (1.0, unit),
        Unit::Seconds if size < 60.0 => (1e3, "ms"),
        Unit::Seconds => (1.0, "s"),
        Unit::Bytes => scaled(size, 1024.0, ["B", "KiB", "MiB", "GiB", "TiB"]),
        Unit::BitsPerSecond => {
            scaled(size, 1000.0, ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"])
        }
    }
}

fn scaled(size: f64, base: f64, units: [&'static str; 5]) -> (f64, &'static str) {
    let mut factor = 1.0;
    let mut rest = size;
    for unit in units {
        if rest < base || unit.starts_with('T') {
            return (factor, unit);
        }
        rest /= base;
        factor /= base;
    }
    (1.0, "")
}

/// The value with two decimals, or as many as it takes to be on the alerting side.
fn digits(value: f64, factor: f64, range: &Range) -> String {
    let shown = value * factor;
    let mut text = String::new();
    for decimals in 2..=9 {
        text = trim(&format!("{shown:.decimals$}"));
        if text.parse::<f64>().is_ok_and(|seen| range.alerts(seen / factor)) {
            break;
        }
    }
    text
}

fn trim(text: &str) -> String {
    if !text.contains('.') {
        return text.to_owned();
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The range's complaint in the shown unit, without the dust of binary fractions.
fn complaint(range: &Range, value: f64, factor: f64) -> String {
    let round = |end: f64| {
        if end.is_finite() { format!("{:.6}", end * factor).parse().unwrap_or(end) } else { end }
    };
    let shown = Range { start: round(range.start), end: round(range.end), ..*range };
    let side = if value > range.end { f64::INFINITY } else { f64::NEG_INFINITY };
    shown.complaint(side)
}

#[cfg(test)]
#[path = "evaluate_tests.rs"]
mod tests;
