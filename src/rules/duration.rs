//! When a rule's problem is real: it persisted for its duration, in enough results.
//!
//! | status before | reading | status after |
//! |---|---|---|
//! | any | OK | OK, hard; all durations end |
//! | OK, waiting | problem | soft; its duration begins (each of WARNING and CRITICAL has its own) |
//! | soft, the duration not over | problem | soft |
//! | soft, the duration over, enough in a row | problem | hard, in the worst state whose duration is over |
//! | hard WARNING | CRITICAL, its duration not over | hard WARNING |
//! | hard | problem | hard |
//! | any but absent | nothing known | UNKNOWN, soft: durations go on, nothing fires or recovers |
//! | UNKNOWN for longer than the duration | problem | soft; the duration begins again |
//! | any | absent for too long | UNKNOWN, hard; all durations end |
//! | with `of_last`: fewer of the last ones are a problem | OK, problem | OK, or soft |
//! | with `of_last`: enough are | OK | as it was, when it was hard |
//!
//! Nothing becomes hard by the clock alone: the deciding value is measured at the duration's end or
//! later, and [`due`] says when the engine must ask for it (the confirming re-test). So an UNKNOWN
//! inside a duration neither clears it nor fires it.

use super::evaluate::Verdict;
use super::{Moment, attempts, flapping, reading};
use crate::model::{
    Check, Flap, FlapLimits, Rule, Ruled, SafeText, State, Status, Timestamp, Wait,
};

/// The status after a value. `limits` say when it flaps.
#[must_use]
pub fn advance(
    before: &Status,
    rule: &Rule,
    limits: Option<FlapLimits>,
    verdict: &Verdict,
    at: Moment,
) -> Status {
    let level = verdict.state;
    let wait = waited(before, rule, level, at);
    let Some((attempt, sure)) = confirmed(before, rule, level, wait, at.line) else {
        // The condition "M of the last N" holds on through a good value.
        return Status {
            last_result: before.last_result.max(Some(at.wall)),
            late: false,
            wait,
            ..before.clone()
        };
    };
    let state = sure.unwrap_or(level);
    let hard = sure.is_some();
    let mut next = Status {
        state,
        hard,
        hard_state: if hard { state } else { before.hard_state },
        attempt,
        since: if before.is_waiting() || state != before.state { at.wall } else { before.since },
        last_result: before.last_result.max(Some(at.wall)),
        late: false,
        output: verdict.output.clone(),
        flap: flapping::after(&known(before, state), state, limits),
        silent: false,
        wait,
    };
    attempts::keep_words(before, &mut next);
    next
}

/// What was known before: what was not known is no change of state.
fn known(before: &Status, state: State) -> Status {
    let unknown = before.state == State::Unknown && !before.hard && !before.is_waiting();
    Status { state: if unknown { state } else { before.state }, ..before.clone() }
}

fn waited(before: &Status, rule: &Rule, level: State, at: Moment) -> Wait {
    let recent = (before.wait.recent << 1) | u32::from(level.is_problem());
    // What was unknown for as long as it must persist has not persisted for all we know.
    let unknown = before.state == State::Unknown && !before.hard;
    let lost = unknown
        && before.hard_state != State::Warning
        && before.hard_state != State::Critical
        && at.wall.since(before.since) > rule.duration;
    let old = if lost { Wait::default() } else { before.wait };
    let since = level.is_problem().then(|| old.since.unwrap_or(at.line));
    let critical = (level == State::Critical).then(|| old.critical.unwrap_or(at.line));
    Wait { since, critical, recent }
}

/// The attempt, and the state that is sure; `None` when everything stays as it was.
fn confirmed(
    before: &Status,
    rule: &Rule,
    level: State,
    wait: Wait,
    line: Timestamp,
) -> Option<(u32, Option<State>)> {
    let wanted = rule.attempts.max(1);
    let was_bad = before.hard && matches!(before.hard_state, State::Warning | State::Critical);
    if let Some(last) = rule.of_last {
        let mask = u32::MAX.checked_shr(32_u32.saturating_sub(last)).unwrap_or(0);
        let count = (wait.recent & mask).count_ones();
        return match level {
            State::Ok if was_bad && count >= wanted => None,
            State::Ok => Some((0, Some(State::Ok))),
            _ => Some((count.min(wanted), (count >= wanted).then_some(level))),
        };
    }
    if level == State::Ok {
        return Some((0, Some(State::Ok)));
    }
    let attempt = if was_bad { wanted } else { before.attempt.saturating_add(1).min(wanted) };
    let persisted = |since: Option<Timestamp>| since.is_some_and(|at| line >= at + rule.duration);
    let sure = if attempt < wanted {
        None
    } else if persisted(wait.critical) {
        Some(State::Critical)
    } else if persisted(wait.since) && (level == State::Warning || rule.warning.is_some()) {
        Some(State::Warning)
    } else {
        None
    };
    Some((attempt, sure))
}

/// The status when nothing is known for now.
#[must_use]
pub fn hold(before: &Status, verdict: &Verdict, at: Timestamp) -> Status {
    let last_result = before.last_result.max(Some(at));
    if before.state == State::Unknown && before.hard {
        return Status { last_result, ..before.clone() };
    }
    let same = before.state == State::Unknown && !before.is_waiting();
    let mut next = Status {
        state: State::Unknown,
        hard: false,
        since: if same { before.since } else { at },
        last_result,
        late: false,
        output: verdict.output.clone(),
        ..before.clone()
    };
    attempts::keep_words(before, &mut next);
    next
}

/// The status of a rule's check that got no value for too long: its own alert when the check that it
/// judges gives results (`comes`), else unknown and as certain as before.
#[must_use]
pub fn without_value(
    before: &Status,
    check: &Check,
    ruled: &Ruled,
    comes: bool,
    expected: Timestamp,
    now: Timestamp,
) -> Status {
    if comes {
        return absent(before, check, ruled, expected, now);
    }
    let text = format!("no {}: `{}` gives no results", ruled.rule.metric, ruled.source);
    let held = hold(before, &Verdict::new(State::Unknown, text), now);
    Status { last_result: before.last_result, ..held }
}

/// The status when the metric stayed away for too long, though its check is run. `expected` is when
/// the last value was measured, or since when the first one is expected.
#[must_use]
pub fn absent(
    before: &Status,
    check: &Check,
    ruled: &Ruled,
    expected: Timestamp,
    now: Timestamp,
) -> Status {
    let same = before.state == State::Unknown && before.hard && !before.is_waiting();
    let since = attempts::clock_face(expected, now);
    Status {
        state: State::Unknown,
        hard: true,
        hard_state: State::Unknown,
        attempt: ruled.rule.attempts.max(1),
        since: if same { before.since } else { now },
        last_result: before.last_result,
        late: false,
        output: SafeText::line(&reading::absence(check, ruled, &since)),
        flap: Flap::default(),
        silent: false,
        wait: Wait::default(),
    }
}

/// When, on the engine's own scale of time, a value is needed that decides: the end of the duration
/// that comes next. `None` while none runs.
#[must_use]
pub fn due(status: &Status, rule: &Rule) -> Option<Timestamp> {
    if rule.duration == crate::model::Span::default() || status.is_waiting() {
        return None;
    }
    let wait = status.wait;
    let open = match (status.hard_state, wait.critical) {
        (State::Critical, _) => None,
        (State::Warning, critical) => critical,
        (State::Ok | State::Unknown, critical) if rule.warning.is_none() => critical,
        (State::Ok | State::Unknown, _) => wait.since,
    };
    open.map(|since| since + rule.duration)
}

#[cfg(test)]
#[path = "duration_tests.rs"]
mod tests;
