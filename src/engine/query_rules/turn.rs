//! One iteration of a group: its rules in their order, each seeing what those before it made.
//!
//! Pure but for the memory of series, which it reads and writes what it recorded to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{Body, Group, QueryRules, Rule, series_key};
use crate::model::selector::series_id;
use crate::model::{CheckKey, Layout, Name, Scrape, Timestamp, hash};
use crate::promql::alerting::{Alerts, Failure, Phase, Turn, restored};
use crate::promql::{Fault, Labels, NAME, Sample};
use crate::series::Memory;

/// An alert from before a start.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Before {
    /// Its labels.
    pub labels: Labels,
    /// Since when it was there.
    pub active_at: i64,
    /// When it was last seen.
    pub seen_at: i64,
}

/// What a rule remembers from one iteration to the next.
#[derive(Debug, Default)]
pub(super) struct Memo {
    alerts: Alerts,
    /// What was known of its alerts before the start, until its first evaluation that works.
    before: Vec<Before>,
    /// The series that it wrote last, and how they are called.
    layout: Option<(Vec<Labels>, Arc<Layout>)>,
    wrote: bool,
}

impl Memo {
    /// Nothing, but for what was known before a start.
    pub fn new(before: Vec<Before>) -> Self {
        Self { before, ..Self::default() }
    }
}

/// A group with what its rules remember.
#[derive(Debug)]
pub(super) struct Running {
    pub group: Arc<Group>,
    pub memos: Vec<Memo>,
    /// The time of the last iteration; before the first one, just before it may be due.
    pub last: Timestamp,
}

/// An alert as a rule sees it.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Active {
    pub labels: Labels,
    pub firing: bool,
    pub annotations: Vec<(String, String)>,
    pub value: f64,
    pub since: Timestamp,
    /// It is not there any more, and only fires because of `keep_firing_for`.
    pub kept: bool,
}

/// What a rule made.
#[derive(Debug)]
pub(in crate::engine) enum Made {
    /// All its alerts that are pending or firing.
    Alerts(Vec<Active>),
    /// So many series.
    Series(usize),
    /// Nothing, and why.
    Failed(String),
}

/// What an iteration of a group made.
#[derive(Debug)]
pub(in crate::engine) struct News {
    pub group: Arc<Group>,
    /// Its time.
    pub at: Timestamp,
    /// Iterations before it that were skipped.
    pub missed: u64,
    /// What it made.
    pub made: Iteration,
}

/// What the rules of a group made at one time.
#[derive(Debug, Default)]
pub(in crate::engine) struct Iteration {
    /// Of each rule: what it made, and in how many microseconds.
    pub rules: Vec<(Made, u64)>,
    /// The series that are to leave, of each rule that has any or had some the last time. An
    /// evaluation bounds them, and so few iterations wait that they need no other bound.
    pub recorded: Vec<Recorded>,
}

/// Series that a rule made.
#[derive(Debug)]
pub(in crate::engine) struct Recorded {
    /// Whose: under which key the memory of series has them.
    pub key: CheckKey,
    /// Their time.
    pub at: Timestamp,
    /// Their names and values.
    pub series: Arc<Scrape>,
}

/// What rules are evaluated with.
pub(super) struct Ground<'a> {
    pub rules: &'a QueryRules,
    pub memory: &'a Memory,
    /// Set when the time is over.
    pub stop: &'a AtomicBool,
    /// When it is over.
    pub until: Instant,
}

/// Evaluates a group for a time.
pub(super) fn turn(running: &mut Running, at: Timestamp, ground: &Ground<'_>) -> Iteration {
    let group = Arc::clone(&running.group);
    running.last = at;
    let mut all = Iteration::default();
    for (index, (rule, memo)) in group.rules.iter().zip(&mut running.memos).enumerate() {
        let begun = Instant::now();
        let left = ground.until.saturating_duration_since(begun);
        let made = if left.is_zero() || ground.stop.load(Ordering::Relaxed) {
            Made::Failed("there was no time left for it in this iteration".to_owned())
        } else {
            let share = share(left, group.rules.len() - index);
            let (made, recorded) = one(&group, (index, rule), memo, at, (ground, share));
            all.recorded.extend(recorded);
            made
        };
        let took = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        all.rules.push((made, took));
    }
    all
}

/// How much of the time that is left a rule may take, of so many that wait: the last one all of it, the
/// others half, so that one that takes too long leaves some for those after it.
fn share(left: Duration, waiting: usize) -> Duration {
    if waiting > 1 { left / 2 } else { left }
}

fn one(
    group: &Group,
    (index, rule): (usize, &Rule),
    memo: &mut Memo,
    at: Timestamp,
    (ground, share): (&Ground<'_>, Duration),
) -> (Made, Option<Recorded>) {
    let end = Instant::now() + share;
    let is_over = || Instant::now() >= end || ground.stop.load(Ordering::Relaxed);
    let reader = ground.memory.reader(&is_over);
    let turn = Turn {
        at: at.millis(),
        offset: group.query_offset,
        limit: group.limit,
        options: &ground.rules.options,
        installation: &ground.rules.installation,
    };
    let key = || series_key(ground.rules, group, index);
    match &rule.body {
        Body::Record(record) => match record.evaluate(&reader, &turn) {
            Ok(samples) => {
                let count = samples.len();
                let then = Timestamp::from_millis(at.millis().saturating_sub(group.query_offset));
                (Made::Series(count), write(memo, samples, then, ground.memory, key))
            }
            Err(why) => (failed(&why, rule, share), None),
        },
        Body::Alert(alert) => {
            if let Err(why) = memo.alerts.evaluate(alert, &reader, &turn) {
                return (failed(&why, rule, share), None);
            }
            let hold = i64::try_from(rule.hold.millis()).unwrap_or(i64::MAX);
            for before in std::mem::take(&mut memo.before) {
                let since = restored(before.active_at, before.seen_at, at.millis(), hold);
                if let Some(since) = since {
                    memo.alerts.restore(&before.labels, since);
                }
            }
            let series = memo.alerts.series();
            let recorded = write(memo, series, at, ground.memory, key);
            (Made::Alerts(active(&memo.alerts)), recorded)
        }
    }
}

/// Why a rule made nothing; of one that took too much, what would help.
fn failed(why: &Failure, rule: &Rule, share: Duration) -> Made {
    let Failure::Fault(fault) = why else { return Made::Failed(why.to_string()) };
    if !fault.is_of_bounds() {
        return Made::Failed(why.to_string());
    }
    let name = &rule.name;
    let why = match fault {
        Fault::OutOfTime => format!("it took more than its share of {} ms", share.as_millis()),
        _ => why.to_string(),
    };
    Made::Failed(format!(
        "rule {name} was ended: {why}; let it select fewer series, look back less far or with longer \
         steps, or record a part of it by a rule of its own"
    ))
}

fn active(alerts: &Alerts) -> Vec<Active> {
    let open = alerts.iter().filter(|(_, alert)| alert.phase != Phase::Resolved);
    let seen = open.map(|(labels, alert)| Active {
        labels: labels.clone(),
        firing: alert.phase == Phase::Firing,
        annotations: alert.annotations.clone(),
        value: alert.value,
        since: Timestamp::from_millis(alert.active_at),
        kept: alert.kept_since.is_some(),
    });
    seen.collect()
}

/// Writes samples into the memory, and gives what leaves of them; a rule that makes none costs nothing
/// until it did once.
fn write(
    memo: &mut Memo,
    samples: Vec<Sample>,
    at: Timestamp,
    memory: &Memory,
    key: impl Fn() -> CheckKey,
) -> Option<Recorded> {
    if samples.is_empty() && !memo.wrote {
        return None;
    }
    memo.wrote = true;
    let (labels, values): (Vec<Labels>, Vec<f64>) =
        samples.into_iter().map(|sample| (sample.labels, sample.value)).unzip();
    let known = memo.layout.take().filter(|(known, _)| *known == labels);
    let (labels, layout) = known.unwrap_or_else(|| {
        let layout = layout(&labels);
        (labels, layout)
    });
    let made = Scrape { layout: Arc::clone(&layout), values, ..Scrape::default() };
    memo.layout = Some((labels, layout));
    let key = key();
    memory.record(&key, &made, at);
    Some(Recorded { key, at, series: Arc::new(made) })
}

fn layout(all: &[Labels]) -> Arc<Layout> {
    let name = |labels: &Labels| {
        let pairs: Vec<(&str, &str)> = labels.iter().filter(|(name, _)| *name != NAME).collect();
        Name::from(series_id(labels.get(NAME), &pairs))
    };
    let series: Vec<Name> = all.iter().map(name).collect();
    let id = series
        .iter()
        .fold(series.len() as u64, |id, name| id.rotate_left(7) ^ hash::fnv1a(name.as_bytes()));
    Arc::new(Layout { id, series })
}

#[cfg(test)]
#[path = "turn_tests.rs"]
mod tests;
