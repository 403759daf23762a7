//! Soft and hard states, and what a missing result means.
//!
//! | status before | result | status after |
//! |---|---|---|
//! | any | OK | OK, hard, attempt 0 |
//! | OK or waiting | problem | soft, attempt 1; hard when one attempt is enough |
//! | soft problem, attempt n | any problem | attempt n+1 (another problem counts on); hard at `attempts` |
//! | hard problem | any problem | hard at once in the new state |
//! | any | none for too long | UNKNOWN, hard: the wait was the confirmation; flaps no more |

use super::evaluate::Verdict;
use super::flapping;
use crate::model::{
    Check, Flap, FlapLimits, SafeText, Span, State, Status, Steady, Timestamp, Wait,
};

/// The status after a result that was made `at`. `attempts` below 1 counts as 1; `limits` say when
/// it flaps.
///
/// `since` moves only with the state. `output` moves with state, attempt or the words of a
/// problem, not with its numbers, so that a row stays the same while nothing happens.
#[must_use]
pub fn advance(
    status: &Status,
    attempts: u32,
    limits: Option<FlapLimits>,
    verdict: &Verdict,
    at: Timestamp,
) -> Status {
    let attempts = attempts.max(1);
    let state = verdict.state;
    let was_hard_problem = status.hard && status.hard_state.is_problem();
    let attempt = match state {
        State::Ok => 0,
        _ if was_hard_problem => attempts,
        _ => status.attempt.saturating_add(1).min(attempts),
    };
    let hard = attempt == 0 || attempt == attempts;
    let first = status.is_waiting();
    let mut next = Status {
        state,
        hard,
        hard_state: if hard { state } else { status.hard_state },
        attempt,
        since: if first || state != status.state { at } else { status.since },
        last_result: status.last_result.max(Some(at)),
        late: false,
        output: verdict.output.clone(),
        flap: flapping::after(status, state, limits),
        silent: verdict.silent,
        wait: status.wait,
    };
    keep_words(status, &mut next);
    next
}

/// Keeps the output of the status before, when nothing but numbers changed.
pub(super) fn keep_words(before: &Status, next: &mut Status) {
    let reworded = next.state.is_problem() && !same_words(&before.output, &next.output);
    let same = (next.state, next.attempt, next.hard) == (before.state, before.attempt, before.hard);
    if !before.is_waiting() && !reworded && same {
        next.output = before.output.clone();
    }
}

/// True when two texts differ only in their numbers.
fn same_words(one: &SafeText, other: &SafeText) -> bool {
    let words = |text: &SafeText| -> String {
        text.as_str().chars().filter(|c| !c.is_ascii_digit() && *c != '.').collect()
    };
    one == other || words(one) == words(other)
}

/// True when something changed that an alert or a list shows: anything but the time of the last
/// result, which of the last results were changes, and which were a problem.
#[must_use]
pub fn row_changed(before: &Status, after: &Status) -> bool {
    let flap = Flap { changes: after.flap.changes, ..before.flap };
    let wait = Wait { recent: after.wait.recent, ..before.wait };
    Status { last_result: after.last_result, flap, wait, ..before.clone() } != *after
}

/// How old the last result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// As it should be.
    Fresh,
    /// Overdue: shown greyed, state as it was.
    Late,
    /// Too old to be believed: UNKNOWN.
    Stale,
}

/// When a check without a new result becomes late, and when stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overdue {
    /// Late from this moment on.
    pub late: Steady,
    /// Stale from this moment on; not before `late`.
    pub stale: Steady,
}

impl Overdue {
    /// The moments for a check from which a result is expected since `since`: the latest of its
    /// last result, the engine's start, a resume, its assignment.
    #[must_use]
    pub fn of(check: &Check, since: Steady) -> Self {
        let late = check.interval + check.timeout + Span::from_secs(5);
        Self { late: since + late, stale: since + patience(check) }
    }

    /// The freshness at a moment.
    #[must_use]
    pub fn at(self, now: Steady) -> Freshness {
        if now >= self.stale {
            Freshness::Stale
        } else if now >= self.late {
            Freshness::Late
        } else {
            Freshness::Fresh
        }
    }

    /// When the freshness changes next; `None` once it is stale.
    #[must_use]
    pub fn next_change(self, now: Steady) -> Option<Steady> {
        [self.late, self.stale].into_iter().find(|at| *at > now)
    }
}

/// How long a check may be without a result before it is believed no more.
fn patience(check: &Check) -> Span {
    let (interval, timeout) = (check.interval, check.timeout);
    (interval + interval).max(interval + Span::from_secs(15)) + timeout
}

/// The freshness of a check from which a result is expected since `since`; see [`Overdue::of`].
#[must_use]
pub fn freshness(check: &Check, since: Steady, now: Steady) -> Freshness {
    Overdue::of(check, since).at(now)
}

/// The status of a late check: as it was, marked.
#[must_use]
pub fn late(status: &Status) -> Status {
    Status { late: true, ..status.clone() }
}

/// The status of a stale check: UNKNOWN and hard, because its time limit was the wait.
/// `expected` is when the last result was made, or since when the first one is expected.
#[must_use]
pub fn stale(status: &Status, expected: Timestamp, attempts: u32, now: Timestamp) -> Status {
    let since =
        if status.state == State::Unknown && !status.is_waiting() { status.since } else { now };
    Status {
        state: State::Unknown,
        hard: true,
        hard_state: State::Unknown,
        attempt: attempts.max(1),
        since,
        last_result: status.last_result,
        late: false,
        output: SafeText::line(&format!("no result since {}", clock_face(expected, now))),
        flap: Flap::default(),
        silent: false,
        wait: Wait::default(),
    }
}

/// `21:04 UTC`, with the date when it was on another day.
pub(super) fn clock_face(at: Timestamp, now: Timestamp) -> String {
    let (Some(time), Some(today)) = (at.to_utc(), now.to_utc()) else {
        return at.to_string();
    };
    let form = if time.date_naive() == today.date_naive() { "%H:%M UTC" } else { "%F %H:%M UTC" };
    time.format(form).to_string()
}

/// The status with which a check goes on when the engine starts again.
///
/// A blind time counts as any other gap between two results, from the last one that is known: as long
/// as the check would be believed without a new one ([`Overdue`]), attempts and durations go on as if
/// nothing had been; what was not seen neither adds to them nor ends them, for only a result decides.
/// After a longer one the problems in a row are not in a row any more: soft attempts and durations
/// begin again. Hard states stay.
#[must_use]
pub fn resumed(status: &Status, check: &Check, now: Timestamp) -> Status {
    let mut next = status.clone();
    if now.since(status.last_result.unwrap_or(status.since)) >= patience(check) {
        if !status.hard {
            next.attempt = 0;
            next.wait = Wait::default();
        }
        next.wait.critical = next.wait.critical.filter(|_| status.hard_state == State::Critical);
    }
    next
}

#[cfg(test)]
#[path = "attempts_tests.rs"]
mod tests;
