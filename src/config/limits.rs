//! What is judged: from written thresholds to a check's limits.

use toml::de::DeValue;

use super::reader::Reader;
use super::value::{Measure, show_threshold, threshold};
use crate::model::{Check, Kind, Limit, Range, Thresholds};

/// The metrics of `system` that thresholds can be set for, with what they count.
pub(super) const SYSTEM_METRICS: [(&str, Measure); 11] = [
    ("cpu_usage", Measure::Percent),
    ("memory_usage", Measure::Percent),
    ("disk_usage", Measure::Percent),
    ("io_wait", Measure::Percent),
    ("network_error_rate", Measure::Percent),
    ("load1_per_core", Measure::Count),
    ("swap_usage", Measure::Percent),
    ("inode_usage", Measure::Percent),
    ("uptime", Measure::Time),
    ("open_files", Measure::Percent),
    ("temperature", Measure::Count),
];

/// A metric with the two keys that judge it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judged {
    pub metric: &'static str,
    pub measure: Measure,
    pub warning: &'static str,
    pub critical: &'static str,
}

const fn judged(
    metric: &'static str,
    measure: Measure,
    warning: &'static str,
    critical: &'static str,
) -> Judged {
    Judged { metric, measure, warning, critical }
}

const TIME: Judged = judged("time", Measure::Time, "warning", "critical");
const HTTP: [Judged; 2] = [
    TIME,
    judged("certificate_days", Measure::DaysLeft, "certificate_warning", "certificate_critical"),
];
const MYSQL: [Judged; 2] = [
    judged("query_time", Measure::Time, "warning", "critical"),
    judged("result", Measure::Count, "result_warning", "result_critical"),
];
const PROCESS: [Judged; 3] = [
    judged("count", Measure::Count, "warning", "critical"),
    judged("cpu", Measure::Percent, "cpu_warning", "cpu_critical"),
    judged("rss", Measure::Bytes, "rss_warning", "rss_critical"),
];

/// The metrics of a kind that have keys of their own. `ping` and `trace` have one pair for two.
pub(super) const fn judged_metrics(kind: Kind) -> &'static [Judged] {
    match kind {
        Kind::Tcp | Kind::Udp | Kind::Dns | Kind::Fluxmq | Kind::Fluxbase => &[TIME],
        Kind::Http | Kind::Json | Kind::Scrape => &HTTP,
        Kind::Mysql => &MYSQL,
        Kind::Process => &PROCESS,
        Kind::Ping
        | Kind::Trace
        | Kind::Custom
        | Kind::System
        | Kind::Snmp
        | Kind::Agent
        | Kind::Schedule
        | Kind::Query => &[],
    }
}

/// The limits of a check: the kind's defaults, each replaced where something is written.
pub(super) fn read(reader: &Reader<'_>, kind: Kind) -> Vec<Limit> {
    let mut limits = Check::default_limits(kind);
    match kind {
        Kind::Ping | Kind::Trace => round_trip(reader, &mut limits),
        Kind::System => system(reader, &mut limits),
        Kind::Custom => custom(reader, &mut limits),
        Kind::Snmp => snmp(reader, &mut limits),
        Kind::Json | Kind::Scrape => named(reader, kind, &mut limits),
        _ => {}
    }
    for judged in judged_metrics(kind) {
        let mut set = |key: &'static str, critical: bool| {
            if let Some(text) = written(reader, key, FORMS)
                && let Some(range) = parse(reader, key, &text, judged.measure)
            {
                put(&mut limits, judged.metric, critical, range);
            }
        };
        set(judged.warning, false);
        set(judged.critical, true);
        if kind == Kind::Process && judged.metric == "count" && reader.has("count") {
            if reader.has("critical") {
                reader.wrong("count", "is the same as critical; write one of them");
            }
            set("count", true);
        }
        let keys = [judged.warning, judged.critical];
        refuse_inverted(reader, &limits, judged.metric, judged.measure, &keys);
    }
    limits.retain(|limit| !limit.thresholds.is_empty());
    limits
}

/// What a threshold is expected to be.
const FORMS: &str = "a number or a text such as \"500ms\"";

/// A threshold as text: a text, or a number written without quotes. `wanted` says what is expected.
pub(super) fn written(reader: &Reader<'_>, key: &str, wanted: &str) -> Option<String> {
    let value = reader.get(key)?;
    match value.get_ref() {
        DeValue::String(_) => reader.text(key).map(str::to_owned),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        DeValue::Float(number) => match number.as_str().parse::<f64>() {
            Ok(number) if number.is_finite() => Some(number.to_string()),
            _ => {
                reader.wrong(key, "must be a finite number");
                None
            }
        },
        _ => {
            reader.type_error(key, value, wanted);
            None
        }
    }
}

fn parse(reader: &Reader<'_>, key: &str, text: &str, measure: Measure) -> Option<Range> {
    threshold(text, measure).map_err(|why| reader.wrong(key, why)).ok()
}

fn put(limits: &mut Vec<Limit>, metric: &str, critical: bool, range: Range) {
    let at = limits.iter().position(|limit| &*limit.metric == metric);
    let Some(limit) = at.and_then(|at| limits.get_mut(at)) else {
        let (warning, critical) = if critical { (None, Some(range)) } else { (Some(range), None) };
        limits.push(Limit::new(metric, warning, critical));
        return;
    };
    let slot =
        if critical { &mut limit.thresholds.critical } else { &mut limit.thresholds.warning };
    *slot = Some(range);
}

/// `RTT,LOSS` of `ping` and `trace`; either may be left out, but not both.
fn round_trip(reader: &Reader<'_>, limits: &mut Vec<Limit>) {
    for (key, critical) in [("warning", false), ("critical", true)] {
        let Some(text) = written(reader, key, FORMS) else { continue };
        let (rtt, loss) = text.split_once(',').unwrap_or((&text, ""));
        if rtt.trim().is_empty() && loss.trim().is_empty() {
            reader.wrong(key, "write RTT,LOSS such as \"200ms,20%\"");
        }
        for (part, metric, measure) in
            [(rtt, "rtt", Measure::RoundTrip), (loss, "loss", Measure::Percent)]
        {
            // A lone `20%` is the loss.
            let (metric, measure) = if metric == "rtt" && part.trim().ends_with('%') {
                ("loss", Measure::Percent)
            } else {
                (metric, measure)
            };
            if !part.trim().is_empty()
                && let Some(range) = parse(reader, key, part, measure)
            {
                put(limits, metric, critical, range);
            }
        }
    }
    for (metric, measure) in [("rtt", Measure::RoundTrip), ("loss", Measure::Percent)] {
        refuse_inverted(reader, limits, metric, measure, &["warning", "critical"]);
    }
}

fn system(reader: &Reader<'_>, limits: &mut Vec<Limit>) {
    let Some(table) = reader.table("thresholds") else { return };
    let names: Vec<&str> = SYSTEM_METRICS.iter().map(|(name, _)| *name).collect();
    table.refuse_unknown(&names);
    for (metric, measure) in SYSTEM_METRICS {
        if table.has(metric) {
            limits.retain(|limit| &*limit.metric != metric);
            pair(&table, metric, measure, limits);
        }
    }
}

fn snmp(reader: &Reader<'_>, limits: &mut Vec<Limit>) {
    let Some(table) = reader.table("thresholds") else { return };
    let names = super::snmp::judged(reader);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    table.refuse_unknown(&names);
    for (metric, _) in table.keys() {
        if names.contains(&metric) {
            limits.retain(|limit| &*limit.metric != metric);
            pair(&table, metric, super::snmp::measure(metric), limits);
        }
    }
}

fn custom(reader: &Reader<'_>, limits: &mut Vec<Limit>) {
    let Some(table) = reader.table("metrics") else { return };
    for (label, _) in table.keys() {
        pair(&table, label, Measure::Count, limits);
    }
}

/// The thresholds of the metrics that a polling kind names.
fn named(reader: &Reader<'_>, kind: Kind, limits: &mut Vec<Limit>) {
    let Some((key, _)) = super::polled::named(kind) else { return };
    let Some(table) = reader.get(key).and_then(|_| reader.table(key)) else { return };
    for (name, _) in table.keys() {
        // What is no table has been complained about with the other parameters.
        let entry = table.get(name).filter(|value| value.get_ref().is_table());
        let Some(entry) = entry.and_then(|_| table.table(name)) else { continue };
        let measure = super::polled::measure(&entry);
        for (side, critical) in [("warning", false), ("critical", true)] {
            if let Some(text) = written(&entry, side, FORMS)
                && let Some(range) = parse(&entry, side, &text, measure)
            {
                put(limits, name, critical, range);
            }
        }
        refuse_inverted(&entry, limits, name, measure, &["warning", "critical"]);
    }
}

/// `[75, 90]` (warning above, critical above; `[]` is no limit) or `{ warning, critical }`.
fn pair(table: &Reader<'_>, metric: &str, measure: Measure, limits: &mut Vec<Limit>) {
    let Some(value) = table.get(metric) else { return };
    let mut thresholds = Thresholds::default();
    let slots = [&mut thresholds.warning, &mut thresholds.critical];
    if let Some(list) = value.get_ref().as_array() {
        if list.len() > 2 {
            table.wrong(metric, "write [WARNING, CRITICAL]");
            return;
        }
        for (slot, item) in slots.into_iter().zip(list) {
            let text = match item.get_ref() {
                DeValue::String(text) => text.to_string(),
                DeValue::Integer(number) if number.radix() == 10 => number.as_str().to_owned(),
                DeValue::Float(number) => number.as_str().to_owned(),
                _ => {
                    table.type_error(metric, item, "a number or a text");
                    continue;
                }
            };
            // An empty text keeps the place of the warning that there is not.
            if text.trim().is_empty() {
                continue;
            }
            match above_or_range(&text, measure) {
                Ok(range) => *slot = Some(range),
                Err(why) => table.sink.wrong(&item.span(), format!("{metric}: {why}")),
            }
        }
    } else if value.get_ref().is_table() {
        let Some(inner) = table.table(metric) else { return };
        inner.refuse_unknown(&["warning", "critical"]);
        for (slot, key) in slots.into_iter().zip(["warning", "critical"]) {
            if let Some(text) = written(&inner, key, FORMS) {
                *slot = parse(&inner, key, &text, measure);
            }
        }
    } else {
        table.type_error(metric, value, "[WARNING, CRITICAL] or { warning = .., critical = .. }");
        return;
    }
    limits.push(Limit { metric: metric.into(), thresholds });
    refuse_inverted(table, limits, metric, measure, &[metric]);
}

/// In a pair a plain number is a limit that must not be exceeded (SPEC FM-08: strictly above).
fn above_or_range(text: &str, measure: Measure) -> Result<Range, String> {
    match text.trim().parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Range::above(number)),
        _ => threshold(text, measure),
    }
}

/// Complains when a warning can never be seen because critical alerts wherever it does.
fn refuse_inverted(
    reader: &Reader<'_>,
    limits: &[Limit],
    metric: &str,
    measure: Measure,
    keys: &[&str],
) {
    let Some(limit) = limits.iter().find(|limit| &*limit.metric == metric) else { return };
    let Thresholds { warning: Some(warning), critical: Some(critical) } = &limit.thresholds else {
        return;
    };
    let Some(key) = keys.iter().find(|key| reader.has(key)) else { return };
    if !beyond(warning, critical) {
        return;
    }
    let default = keys.iter().any(|key| !reader.has(key));
    let mend = if default { "; one of them is the default: write both" } else { "" };
    let (warning, critical) = (show_threshold(warning, measure), show_threshold(critical, measure));
    let which = if keys.len() > 1 { format!(" for {metric}") } else { String::new() };
    let why = format!("warning {warning} lies beyond critical {critical}{which}{mend}");
    reader.wrong(key, why);
}

/// True when critical alerts everywhere that warning does, and elsewhere too.
fn beyond(warning: &Range, critical: &Range) -> bool {
    // What is measured is never negative, so `10` and `~:10` are the same limit.
    let start = |range: &Range| if range.start == 0.0 { f64::NEG_INFINITY } else { range.start };
    let (w, c) = ((start(warning), warning.end), (start(critical), critical.end));
    match (warning.inverted, critical.inverted) {
        (false, false) => c.0 >= w.0 && c.1 <= w.1 && c != w,
        (true, true) => c.0 <= w.0 && c.1 >= w.1 && c != w,
        _ => false,
    }
}

/// Refuses `warning` and `critical` on kinds that have none, with the mend.
pub(super) fn refuse_ranges(reader: &Reader<'_>, kind: Kind) -> Vec<&'static str> {
    let mend = match kind {
        Kind::Custom => {
            "`custom` is judged by its exit code; for perfdata write \
             metrics = { LABEL = { warning = \"80\", critical = \"90\" } }"
        }
        Kind::System => "`system` has many metrics; write thresholds = { cpu_usage = [75, 90] }",
        Kind::Snmp => "`snmp` has many metrics; write thresholds = { cpu_usage = [75, 90] }",
        _ => return Vec::new(),
    };
    for key in ["warning", "critical"] {
        if reader.has(key) {
            reader.wrong(key, mend);
        }
    }
    // Already complained about, so they count as known.
    vec!["warning", "critical"]
}
