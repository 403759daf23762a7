//! The storm: more than [`THRESHOLD`] new alerts within [`WINDOW`], and what most of them share.
//!
//! It begins when the window holds more than 100 alerts, and ends only when it holds fewer than 20
//! ([`CALM`]) for 60 s on end ([`REST`]): a storm that breathes does not make the list jump.
//! Memory is bounded: the last [`KEPT`] alerts with what they can be grouped by; beyond that only
//! the number goes on being counted, second by second.

use std::collections::{HashMap, VecDeque};

use crate::model::{Name, Span, Steady, Timestamp};
use crate::tui::groups::GroupBy;

/// More new alerts than this within the window are a storm.
pub const THRESHOLD: usize = 100;
/// The window.
pub const WINDOW: Span = Span::from_secs(60);
/// Fewer new alerts than this within the window are calm.
pub const CALM: usize = 20;
/// So long it must be calm.
pub const REST: Span = Span::from_secs(60);
/// Alerts that are kept to be explained.
pub const KEPT: usize = 8192;
/// Labels and groups that are kept of an alert.
const TRAITS: usize = 16;
/// Percent of the alerts that a thing must be shared by to explain the storm.
const EXPLAINS: usize = 30;

/// An alert that has just begun to fire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAlert {
    /// When this was learned.
    pub at: Steady,
    /// When it fired, by the wall clock.
    pub fired: Timestamp,
    /// The host.
    pub host: Name,
    /// The check.
    pub check: Name,
    /// The host's labels.
    pub labels: Vec<(Name, Name)>,
}

/// What most alerts of a storm share: `site fra`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The kind of thing: a label or the check.
    pub by: GroupBy,
    /// Its value.
    pub value: Name,
    /// Percent of the alerts that have it, rounded down.
    pub percent: usize,
}

/// A storm that is going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storm {
    /// Alerts since it began.
    pub total: usize,
    /// Alerts within the window now.
    pub recent: usize,
    /// The alert that fired first.
    pub first: (Name, Timestamp),
    /// What explains most of it; `None` when nothing is shared by enough.
    pub cause: Option<Cause>,
}

/// Finds storms; fed with every alert that begins to fire.
#[derive(Clone, Debug, Default)]
pub struct Detector {
    /// The newest alerts, by arrival.
    kept: VecDeque<NewAlert>,
    /// Arrivals by second, the newest at the end; at most one more than the window has.
    seconds: VecDeque<(i64, usize)>,
    storm: Option<Running>,
}

#[derive(Clone, Debug)]
struct Running {
    total: usize,
    first: (Name, Timestamp),
    /// Since when it is calm.
    calm: Option<Steady>,
}

impl Detector {
    /// Nothing seen yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in an alert that has just begun to fire.
    pub fn push(&mut self, mut alert: NewAlert) {
        // Times that run backwards are taken as the last one.
        let second = alert.at.millis().div_euclid(1000);
        let second = self.seconds.back().map_or(second, |(last, _)| second.max(*last));
        match self.seconds.back_mut() {
            Some((last, count)) if *last == second => *count = count.saturating_add(1),
            _ => self.seconds.push_back((second, 1)),
        }
        if let Some(storm) = &mut self.storm {
            storm.total = storm.total.saturating_add(1);
            if alert.fired < storm.first.1 {
                storm.first = (Name::clone(&alert.host), alert.fired);
            }
        }
        alert.labels.truncate(TRAITS);
        let at = alert.at;
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(alert);
        self.tick(at);
    }

    /// Lets time go on: forgets what has left the window, begins and ends the storm. True when a
    /// storm began or ended.
    pub fn tick(&mut self, now: Steady) -> bool {
        let horizon = now.millis().saturating_sub(span_millis(WINDOW));
        while self.seconds.front().is_some_and(|(at, _)| at.saturating_mul(1000) <= horizon) {
            self.seconds.pop_front();
        }
        while self.kept.front().is_some_and(|alert| alert.at.millis() <= horizon) {
            self.kept.pop_front();
        }
        let recent = self.recent();
        match &mut self.storm {
            None if recent > THRESHOLD => {
                self.storm = Some(Running { total: recent, first: self.earliest(), calm: None });
                true
            }
            None => false,
            Some(storm) if recent >= CALM => {
                storm.calm = None;
                false
            }
            Some(storm) => {
                let since = *storm.calm.get_or_insert(now);
                let ends = now.since(since) >= REST;
                if ends {
                    self.storm = None;
                }
                ends
            }
        }
    }

    /// New alerts within the window.
    fn recent(&self) -> usize {
        self.seconds.iter().map(|(_, count)| count).sum()
    }

    fn earliest(&self) -> (Name, Timestamp) {
        let first = self.kept.iter().min_by_key(|alert| alert.fired);
        first.map_or_else(
            || (Name::from(""), Timestamp::default()),
            |alert| (Name::clone(&alert.host), alert.fired),
        )
    }

    /// True while a storm is going on.
    #[must_use]
    pub const fn is_storm(&self) -> bool {
        self.storm.is_some()
    }

    /// The storm that is going on. Costs a pass over the kept alerts: at most once a second.
    #[must_use]
    pub fn storm(&self) -> Option<Storm> {
        let running = self.storm.as_ref()?;
        Some(Storm {
            total: running.total,
            recent: self.recent(),
            first: running.first.clone(),
            cause: self.cause(),
        })
    }

    /// What most of the kept alerts share. At equal shares a label explains more than the check,
    /// `site` more than other labels, and the first by name the rest. What all alerts of a quiet
    /// network share too (one label on every host) can explain it; the caller knows no better.
    fn cause(&self) -> Option<Cause> {
        let mut counts: HashMap<(u8, &str, &str), (usize, &Name)> = HashMap::new();
        for alert in &self.kept {
            for (key, value) in &alert.labels {
                let rank = u8::from(**key != *"site");
                counts.entry((rank, key, value)).or_insert((0, value)).0 += 1;
            }
            counts.entry((2, "", &alert.check)).or_insert((0, &alert.check)).0 += 1;
        }
        let best = counts
            .into_iter()
            .max_by(|(one, (a, _)), (other, (b, _))| a.cmp(b).then_with(|| other.cmp(one)));
        let ((rank, key, _), (count, value)) = best?;
        let by = match rank {
            0 => GroupBy::Site,
            1 => GroupBy::Tag(key.to_owned()),
            _ => GroupBy::Check,
        };
        let percent = count * 100 / self.kept.len().max(1);
        (percent >= EXPLAINS).then(|| Cause { by, value: Name::clone(value), percent })
    }
}

fn span_millis(span: Span) -> i64 {
    i64::try_from(span.millis()).unwrap_or(i64::MAX)
}

/// `STORM 3 012 in 60 s, 71 % site fra, first core-fra-2 21:02`; `clock` writes a moment.
#[must_use]
pub fn headline(storm: &Storm, clock: impl Fn(Timestamp) -> String) -> String {
    let cause = storm.cause.as_ref().map_or_else(String::new, |cause| {
        let by = match &cause.by {
            GroupBy::Tag(key) => key.clone(),
            other => other.to_string(),
        };
        format!(", {} % {by} {}", cause.percent, cause.value)
    });
    let (host, at) = &storm.first;
    let (count, secs) = (thousands(storm.recent), WINDOW.millis() / 1000);
    format!("STORM {count} in {secs} s{cause}, first {host} {}", clock(*at))
}

/// `3 012`.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
#[path = "storm_tests.rs"]
mod tests;
