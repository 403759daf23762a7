//! `[[rule]]`: each read by itself, then held against hosts, checks and contact lists.
//!
//! A rule's metric must be one that some kind of check gives, or one that a configured check names.
//! A bare name is judged on every check of a host that gives it; `CHECK.METRIC` on that check only,
//! and is the way to a plugin's perfdata (`CHECK.LABEL`).

use std::collections::{BTreeSet, HashMap};

use toml::de::DeValue;

use super::problem::{Place, Problem, Sink, allowed};
use super::reader::Reader;
use super::targets::Job;
use super::value::{Measure, level};
use super::{channels, keys, limits, metrics, spread};
use crate::model::{Check, Condition, Host, Name, Rule, Span};

/// Most rules of one configuration.
pub const RULE_LIMIT: usize = 10_000;
/// Longest `duration_minutes` and `re_alert_minutes`: 30 days.
const MINUTES: f64 = 43_200.0;

/// A rule as it was read, with the places that later messages need.
pub(super) struct Written {
    rule: Rule,
    source: String,
    name_at: Place,
    hosts_at: Place,
    metric_at: Place,
    list_at: Place,
    /// Thresholds whose unit depends on the metric: key, text, place.
    levels: Vec<(&'static str, String, Place)>,
    full_metric: String,
}

impl Written {
    fn problem(&self, place: Place, message: impl Into<String>) -> Problem {
        Problem { source: self.source.clone(), place, message: message.into() }
    }

    fn line(&self) -> String {
        format!("{}:{}", self.source, self.name_at.line)
    }
}

/// Reads one rule; `None` when it cannot become one (which was said).
pub(super) fn read(reader: &Reader<'_>) -> Option<Written> {
    reader.refuse_unknown(keys::RULE);
    for (key, mend) in [
        ("rule_name", "rule_name = \"High CPU\""),
        ("host_pattern", "host_pattern = \"db-prod-*\""),
        ("metric", "metric = \"cpu_usage\""),
        ("condition", "condition = \">\""),
    ] {
        reader.require(key, mend);
    }
    if !reader.has("warning_threshold") && !reader.has("critical_threshold") {
        reader.require("critical_threshold", "critical_threshold = 90, or a warning_threshold");
    }
    let rule_name = reader.name("rule_name");
    let hosts = reader.text("host_pattern").and_then(|text| {
        text.parse().map_err(|error| reader.wrong("host_pattern", format!("{error}"))).ok()
    });
    let metric = reader.text("metric");
    let condition = reader.choice("condition", &Condition::ALL);
    let place = |key: &str| reader.sink.text.place(reader.place(key).start);
    let mut levels = Vec::new();
    for key in ["warning_threshold", "critical_threshold"] {
        levels.extend(limits::written(reader, key, "a number").map(|text| (key, text, place(key))));
    }
    let re_alert = minutes(reader, "re_alert_minutes").filter(|time| *time > Span::ZERO);
    let (attempts, of_last) = rows(reader);
    let rule = Rule {
        duration: minutes(reader, "duration_minutes").unwrap_or_default(),
        attempts,
        of_last,
        re_alert,
        notify: reader.boolean("auto_notify").unwrap_or(true),
        contact_list: reader.name("notify_contact_list").map(Name::from),
        notify_recovery: reader.boolean("notify_recovery").unwrap_or(true),
        overrides: reader.boolean("override").unwrap_or(false),
        enabled: reader.boolean("enabled").unwrap_or(true),
        origin: Some(reader.origin()),
        ..Rule::new(rule_name?, hosts?, metric?, condition?, (None, None))
    };
    if of_last.is_some() && rule.duration > Span::ZERO {
        reader.wrong("of_last", "cannot stand beside duration_minutes; write one of them");
    }
    Some(Written {
        source: reader.sink.text.name.clone(),
        name_at: place("rule_name"),
        hosts_at: place("host_pattern"),
        metric_at: place("metric"),
        list_at: place("notify_contact_list"),
        levels,
        full_metric: rule.metric.to_string(),
        rule,
    })
}

/// `attempts` results in a row, or that many of the last `of_last`.
fn rows(reader: &Reader<'_>) -> (u32, Option<u32>) {
    let attempts: u32 = reader.number("attempts", 1..=100).unwrap_or(1);
    let of_last: Option<u32> = reader.number("of_last", 2..=32);
    if let Some(last) = of_last
        && (attempts > last || !reader.has("attempts"))
    {
        let why = format!(
            "{last} results hold no {attempts} that decide; write attempts = 3 and of_last = 5 for \
             three of the last five"
        );
        let message =
            if attempts > last { why } else { "needs `attempts`: how many of them".to_owned() };
        reader.wrong("of_last", message);
    }
    (attempts, of_last)
}

/// A number of minutes, with or without a part.
fn minutes(reader: &Reader<'_>, key: &str) -> Option<Span> {
    let value = reader.get(key)?;
    let text = match value.get_ref() {
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().to_owned(),
        DeValue::Float(number) => number.as_str().to_owned(),
        _ => {
            reader.type_error(key, value, "a number of minutes");
            return None;
        }
    };
    let minutes = text.parse::<f64>().ok().filter(|n| (0.0..=MINUTES).contains(n));
    let Some(minutes) = minutes else {
        reader.wrong(key, format!("{text} is not within 0 to {MINUTES} minutes"));
        return None;
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to 30 days in milliseconds"
    )]
    let millis = (minutes * 60_000.0).round() as u64;
    Some(Span::from_millis(millis))
}

/// What rules are held against.
pub(super) struct Known<'a> {
    pub hosts: &'a [Host],
    pub checks: &'a [Check],
    pub jobs: &'a [Job],
    pub lists: &'a [Name],
    /// Rules that are right already, and first.
    pub rules: &'a [Rule],
}

/// The rules that are right; what is wrong goes into the sink.
pub(super) fn settle(written: Vec<Written>, known: &Known<'_>, sink: &Sink<'_>) -> Vec<Rule> {
    let place = |rule: &Rule| (rule.name.to_string(), rule.origin.clone().unwrap_or_default());
    let mut first: HashMap<String, String> = known.rules.iter().map(place).collect();
    let mut good: Vec<Written> = Vec::new();
    for mut one in written {
        let name = one.rule.name.to_string();
        if let Some(at) = first.get(&name) {
            sink.push(one.problem(one.name_at, format!("rule `{name}` exists already, in {at}")));
            continue;
        }
        first.insert(name, one.line());
        if known.rules.len() + good.len() >= RULE_LIMIT {
            sink.push(one.problem(one.name_at, format!("there are more than {RULE_LIMIT} rules")));
            break;
        }
        contact(&one, known.lists, sink);
        let Some(measure) = measured(&mut one, known, sink) else { continue };
        if thresholds(&mut one, measure, sink) {
            good.push(one);
        }
    }
    let before = known.rules.len();
    let mut rules = known.rules.to_vec();
    rules.extend(good.iter().map(|one| one.rule.clone()));
    let plan = spread::plan(&rules, known.checks);
    for clash in &plan.clashes {
        if let Some(one) = clash.rule.checked_sub(before).and_then(|at| good.get(at)) {
            sink.push(one.problem(one.name_at, clash.message.clone()));
        }
    }
    for (at, one) in good.iter().enumerate() {
        if one.rule.enabled && !plan.judges(before + at) {
            sink.warning(one.problem(one.hosts_at, nothing(one, known)));
        }
    }
    rules.split_off(before)
}

fn nothing(one: &Written, known: &Known<'_>) -> String {
    let name = &one.rule.name;
    if known.hosts.iter().any(|host| one.rule.hosts.matches(&host.name)) {
        let metric = &one.full_metric;
        format!("rule `{name}` judges nothing yet: no check of its hosts gives {metric}")
    } else {
        format!("rule `{name}` judges nothing yet: `{}` matches no host", one.rule.hosts)
    }
}

fn contact(one: &Written, lists: &[Name], sink: &Sink<'_>) {
    let Some(wanted) = &one.rule.contact_list else { return };
    if !lists.contains(wanted) {
        let why = channels::unknown("contact list", wanted, lists.iter().map(AsRef::as_ref));
        sink.push(one.problem(one.list_at, format!("notify_contact_list: {why}")));
    }
}

/// Finds the check and the metric that a rule names; gives how that is counted.
fn measured(one: &mut Written, known: &Known<'_>, sink: &Sink<'_>) -> Option<Measure> {
    let text = one.full_metric.clone();
    let prototypes = known.jobs.iter().map(|job| &job.prototype);
    let all = || known.checks.iter().chain(prototypes.clone());
    let bare = metrics::fixed().find(|(name, _)| *name == text).map(|(_, measure)| measure);
    let bare = bare.or_else(|| all().find_map(|check| metrics::measure(check, &text, false)));
    if bare.is_some() {
        return bare;
    }
    let names: BTreeSet<&str> = known
        .checks
        .iter()
        .map(|check| &*check.key.name)
        .chain(known.jobs.iter().map(|job| job.name.as_str()))
        .collect();
    let mut called = None;
    // Names of checks and labels may have points of their own: the longest known name counts.
    for (at, _) in text.match_indices('.').collect::<Vec<_>>().into_iter().rev() {
        let (check, metric) = (text.get(..at)?, text.get(at + 1..)?);
        if metric.is_empty() || !names.contains(check) {
            continue;
        }
        called.get_or_insert(check.to_owned());
        let of_check = known.checks.iter().filter(|known| &*known.key.name == check);
        let of_job = known.jobs.iter().filter(|job| job.name == check).map(|job| &job.prototype);
        let mut found = of_check.chain(of_job);
        if let Some(measure) = found.find_map(|known| metrics::measure(known, metric, true)) {
            one.rule.check = Some(check.into());
            one.rule.metric = metric.into();
            return Some(measure);
        }
    }
    let why = match called {
        Some(check) => format!("metric: no check `{check}` gives `{text}`"),
        None => {
            let words = metrics::names();
            let mend = "a plugin's perfdata is written CHECK.LABEL";
            format!("metric: `{text}` is given by no check{}; {mend}", allowed(&text, &words))
        }
    };
    sink.push(one.problem(one.metric_at, why));
    None
}

/// Takes the thresholds in the metric's unit; false when they are wrong (which was said).
fn thresholds(one: &mut Written, measure: Measure, sink: &Sink<'_>) -> bool {
    let mut good = true;
    for (key, text, place) in std::mem::take(&mut one.levels) {
        match level(&text, measure) {
            Ok(value) if key == "warning_threshold" => one.rule.warning = Some(value),
            Ok(value) => one.rule.critical = Some(value),
            Err(why) => {
                good = false;
                sink.push(one.problem(place, format!("{key}: {why}")));
            }
        }
        if key == "critical_threshold"
            && let (Some(warning), Some(critical)) = (one.rule.warning, one.rule.critical)
            && (if one.rule.condition.is_upward() {
                warning > critical
            } else {
                warning < critical
            })
        {
            good = false;
            let condition = one.rule.condition;
            let why = format!(
                "{key}: with `{condition}` WARNING at {warning} lies beyond CRITICAL at {critical}; \
                 exchange them, or turn the condition round"
            );
            sink.push(one.problem(place, why));
        }
    }
    good && (one.rule.warning.is_some() || one.rule.critical.is_some())
}
