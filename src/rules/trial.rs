//! What a rule would have made of the stored past: would it have fired, when, how bad.
//!
//! In: a rule's check, and the results of its source in the order of time.
//! Out: the alerts that would have been, and how often somebody would have been told.
//!
//! Judged is by what judges live: [`reading`], [`duration`], [`alert`]. So the same results give the
//! same moments. What the past cannot tell makes these differences:
//!
//! - No one asked for a confirming result at a duration's end: it fires with the next one that is there.
//! - Nobody acknowledges, no window or parent hides anything; a contact list's own `repeat` is not known.
//! - While the engine was off nothing came, as while a check gave nothing: UNKNOWN, and it goes on.

use std::collections::VecDeque;

use super::alert::{self, Input};
use super::attempts::{self, Freshness, Overdue};
use super::reading::{self, Reading};
use super::{Cover, Verdict, duration};
use crate::model::{
    Alert, AlertId, Check, EdgeKind, Kind, Observation, Policy, Ruled, Span, State, Status, Steady,
    Timestamp,
};

/// Alerts of one check that are kept, the newest; more are only counted.
pub const EPISODES: usize = 100;
/// Reminders of one check that are counted; then nobody looks any more.
const REMINDERS: u64 = 10_000;

/// One alert that would have been.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    /// When it would have fired.
    pub from: Timestamp,
    /// When it would have been over; `None` when it would still fire.
    pub to: Option<Timestamp>,
    /// The worst state.
    pub worst: State,
    /// The worst value since the problem began; `None` for an absence.
    pub peak: Option<f64>,
}

/// What would have been.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// The newest alerts, oldest first.
    pub episodes: VecDeque<Episode>,
    /// All alerts, by their worst state: WARNING, CRITICAL, UNKNOWN.
    pub alerts: [u64; 3],
    /// How long alerts would have been firing, together.
    pub firing: Span,
    /// How often somebody would have been told: alerts, changes, reminders, recoveries.
    pub notices: u64,
    /// Results that were looked at.
    pub results: u64,
    /// When the first of them was made.
    pub first: Option<Timestamp>,
    /// When the last of them was made.
    pub last: Option<Timestamp>,
}

/// A rule on one check, fed with the past.
#[derive(Clone, Debug)]
pub struct Trial {
    check: Check,
    ruled: Ruled,
    policy: Policy,
    status: Status,
    alert: Option<Alert>,
    firing: Option<Episode>,
    peak: Option<f64>,
    /// The last result of the source.
    source_at: Option<Timestamp>,
    /// The last one that said something to the rule.
    value_at: Option<Timestamp>,
    minted: i64,
    reminders: u64,
    told: Told,
}

impl Trial {
    /// A trial of a check that a rule makes; `None` for another one.
    #[must_use]
    pub fn new(check: Check) -> Option<Self> {
        let ruled = check.rule.as_deref()?.clone();
        Some(Self {
            policy: check.policy(),
            ruled,
            check,
            status: Status::waiting(Timestamp::default()),
            alert: None,
            firing: None,
            peak: None,
            source_at: None,
            value_at: None,
            minted: 0,
            reminders: 0,
            told: Told::default(),
        })
    }

    /// Takes a result of the source. Times never go back: an earlier one is passed over.
    pub fn result(&mut self, at: Timestamp, seen: &Observation) {
        if self.source_at.is_some_and(|last| at < last) {
            return;
        }
        self.pass_time(at);
        self.told.results += 1;
        self.told.first.get_or_insert(at);
        self.told.last = Some(at);
        self.source_at = Some(at);
        self.value_at.get_or_insert(at);
        let mine = reading::part(&self.ruled, seen);
        match reading::read(&self.ruled, &mine) {
            // Its absence counts from the last value on.
            Reading::Absent => self.absent_for_long(at),
            Reading::Nothing(verdict) => {
                self.value_at = Some(at);
                self.status = duration::hold(&self.status, &verdict, at);
            }
            Reading::Value(verdict) => {
                self.value_at = Some(at);
                self.value(&mine, &verdict, at);
            }
        }
    }

    fn value(&mut self, seen: &Observation, verdict: &Verdict, at: Timestamp) {
        let rule = &self.ruled.rule;
        if verdict.state.is_problem() {
            let upward = rule.condition.is_upward();
            let values = seen.metrics.iter().map(|metric| metric.value).filter(|v| v.is_finite());
            let worst = |a: f64, b: f64| if upward { a.max(b) } else { a.min(b) };
            self.peak = values.chain(self.peak).reduce(worst);
        }
        let after = duration::advance(&self.status, rule, self.check.flapping, verdict, at.into());
        self.follow(after, at);
    }

    fn follow(&mut self, after: Status, at: Timestamp) {
        let changed = attempts::row_changed(&self.status, &after);
        self.status = after;
        if changed {
            self.step(true, at);
        }
    }

    /// Runs the alert's state machine: the status is new, or only time passed.
    fn step(&mut self, is_new: bool, at: Timestamp) {
        self.minted += 1;
        let id = AlertId::from_parts(self.minted, [0; 10]);
        let (check, attempts) = (&self.check.key, self.check.attempts);
        let input = if is_new {
            Input::Status { check, status: &self.status, attempts }
        } else {
            Input::Tick
        };
        let step =
            alert::step(self.alert.as_ref(), input, &Cover::default(), &self.policy, at, || id);
        self.told.notices += step.notices.len() as u64;
        for edge in &step.edges {
            if edge.kind == EdgeKind::Fired {
                let episode = Episode { from: edge.at, to: None, worst: edge.to, peak: None };
                self.firing = Some(episode);
            }
            if let Some(episode) = &mut self.firing {
                episode.worst = episode.worst.worst(edge.to);
            }
        }
        self.alert = step.alert.filter(Alert::is_open);
        if self.alert.is_none() {
            if let Some(episode) = self.firing.take() {
                self.keep(Episode { to: Some(at), ..episode }, at);
            }
            self.peak = None;
        }
    }

    fn keep(&mut self, mut episode: Episode, end: Timestamp) {
        let place = match episode.worst {
            State::Ok | State::Warning => 0,
            State::Critical => 1,
            State::Unknown => 2,
        };
        if let Some(count) = self.told.alerts.get_mut(place) {
            *count += 1;
        }
        self.told.firing = self.told.firing + end.since(episode.from);
        if self.told.episodes.len() >= EPISODES {
            self.told.episodes.pop_front();
        }
        episode.peak = self.peak;
        self.told.episodes.push_back(episode);
    }

    /// What happens by itself until `now`: the metric stays away, somebody is told again.
    fn pass_time(&mut self, now: Timestamp) {
        let missing = self.value_at.map(|at| self.overdue(at)).filter(|at| *at < now);
        // Said once: what is known to be missing goes on missing.
        let last = self.source_at;
        let missing = missing.filter(|at| last.is_none_or(|last| last < *at));
        if let Some(at) = missing {
            self.remind(at);
            self.stays_away(at);
        }
        self.remind(now);
    }

    /// When a check from which nothing came since `at` is too old to be believed.
    fn overdue(&self, at: Timestamp) -> Timestamp {
        Timestamp::from_millis(Overdue::of(&self.check, steady(at)).stale.millis())
    }

    fn absent_for_long(&mut self, now: Timestamp) {
        if self.value_at.is_some_and(|at| self.overdue(at) <= now) {
            self.stays_away(now);
        }
    }

    /// No value for too long: an alert of its own when the check gives results, else unknown.
    fn stays_away(&mut self, at: Timestamp) {
        let comes = self.source_at.is_some_and(|last| {
            attempts::freshness(&self.check, steady(last), steady(at)) == Freshness::Fresh
        });
        let expected = self.status.last_result.or(self.value_at).unwrap_or(at);
        let (check, ruled) = (&self.check, &self.ruled);
        let after = duration::without_value(&self.status, check, ruled, comes, expected, at);
        if comes {
            self.follow(after, at);
        } else {
            self.status = after;
        }
    }

    fn remind(&mut self, now: Timestamp) {
        while self.reminders < REMINDERS {
            let due = self.alert.as_ref().and_then(|alert| alert::remind_at(alert, &self.policy));
            let Some(due) = due.filter(|due| *due <= now) else { return };
            self.reminders += 1;
            self.step(false, due);
        }
    }

    /// The past is over at `now`: what would have been.
    #[must_use]
    pub fn end(mut self, now: Timestamp) -> Told {
        self.pass_time(now);
        if let Some(episode) = self.firing.take() {
            self.keep(episode, now);
        }
        self.told
    }
}

/// The past has one scale of time.
const fn steady(at: Timestamp) -> Steady {
    Steady::from_millis(at.millis())
}

/// A stored result as it was seen. The store keeps no failures: a result that measured nothing and
/// is a problem failed, one whose own numbers say less than UNKNOWN failed too (but for a plugin,
/// which may say so of itself), and a ping of which all was lost. A run that failed half-way, and
/// still gave the metric, counts by its number.
#[must_use]
pub fn stored(check: &Check, state: State, has_values: bool, mut seen: Observation) -> Observation {
    let kind = check.kind();
    let lost = || {
        let loss = seen.metrics.iter().find(|metric| &*metric.name == "loss");
        kind == Kind::Ping && loss.is_some_and(|loss| loss.value >= 100.0)
    };
    let failed = (!has_values && state.is_problem())
        || (state == State::Unknown && kind != Kind::Custom)
        || lost();
    if failed {
        let failure = crate::model::Failure::new(
            crate::model::FailureKind::Stale,
            "the check failed, or measured nothing",
        );
        seen.failure = Some(failure);
    }
    seen
}

#[cfg(test)]
#[path = "trial_tests.rs"]
mod tests;
