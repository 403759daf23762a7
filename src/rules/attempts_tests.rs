//! Tables: soft and hard states, late and stale results.

use super::*;
use crate::model::Spec;
use crate::model::spec::PingSpec;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_millis(1_772_000_000_000 + secs * 1000)
}

fn check(interval: u64, timeout: u64) -> Check {
    let mut check = Check::new("h", "ping", "192.0.2.1", Spec::Ping(PingSpec::default()));
    check.interval = Span::from_secs(interval);
    check.timeout = Span::from_secs(timeout);
    check
}

/// Runs results through `advance`; each is `(state, hard, attempt, hard_state)`.
fn run(attempts: u32, results: &[State]) -> Vec<(State, bool, u32, State)> {
    let mut status = Status::waiting(at(0));
    let mut seen = Vec::new();
    for (secs, state) in (1..).zip(results) {
        status = advance(&status, attempts, None, &Verdict::new(*state, "x"), at(secs));
        seen.push((status.state, status.hard, status.attempt, status.hard_state));
    }
    seen
}

#[test]
fn a_problem_becomes_hard_at_its_last_attempt_and_ok_at_once() {
    use State::{Critical, Ok, Unknown, Warning};
    assert_eq!(
        run(3, &[Ok, Warning, Critical, Critical, Unknown, Warning, Ok]),
        [
            (Ok, true, 0, Ok),
            (Warning, false, 1, Ok),
            (Critical, false, 2, Ok),
            (Critical, true, 3, Critical),
            (Unknown, true, 3, Unknown),
            (Warning, true, 3, Warning),
            (Ok, true, 0, Ok),
        ]
    );
    assert_eq!(run(1, &[Critical]), [(Critical, true, 1, Critical)]);
    assert_eq!(run(0, &[Critical]), [(Critical, true, 1, Critical)]);
}

#[test]
fn a_check_that_was_never_good_is_unknown_while_soft() {
    assert_eq!(run(2, &[State::Critical]), [(State::Critical, false, 1, State::Unknown)]);
}

#[test]
fn since_moves_with_the_state_and_output_with_the_words() {
    let step = |status: &Status, state, text: &str, secs| {
        advance(status, 1, None, &Verdict::new(state, text), at(secs))
    };
    let first = step(&Status::waiting(at(0)), State::Critical, "loss 80 %", 10);
    assert_eq!(first.since, at(10));
    let second = step(&first, State::Critical, "loss 92.5 %", 20);
    assert_eq!((second.since, second.output.as_str()), (at(10), "loss 80 %"));
    assert!(!row_changed(&first, &second), "another number is no change of the row");
    let third = step(&second, State::Critical, "connection refused", 30);
    assert_eq!((third.since, third.output.as_str()), (at(10), "connection refused"));
    let fourth = step(&third, State::Ok, "rtt 1 ms", 40);
    assert_eq!((fourth.since, fourth.last_result), (at(40), Some(at(40))));
    let older = step(&fourth, State::Ok, "rtt 2 ms", 35);
    assert_eq!(older.last_result, Some(at(40)), "time does not go back");
}

#[test]
fn late_after_interval_timeout_and_five_seconds_then_stale() {
    use Freshness::{Fresh, Late, Stale};
    let states = |interval, timeout, secs: &[i64]| -> Vec<Freshness> {
        let check = check(interval, timeout);
        let at = |millis| freshness(&check, Steady::from_millis(0), Steady::from_millis(millis));
        secs.iter().flat_map(|s| [at(s * 1000 - 1), at(s * 1000)]).collect()
    };
    assert_eq!(states(60, 10, &[75, 130]), [Fresh, Late, Late, Stale]);
    assert_eq!(states(5, 5, &[15, 25]), [Fresh, Late, Late, Stale]);
    assert_eq!(states(1, 1, &[7, 17]), [Fresh, Late, Late, Stale]);
    let overdue = Overdue::of(&check(60, 10), Steady::from_millis(0));
    assert_eq!(overdue.next_change(Steady::from_millis(0)), Some(overdue.late));
    assert_eq!(overdue.next_change(overdue.late), Some(overdue.stale));
    assert_eq!(overdue.next_change(overdue.stale), None);
}

#[test]
fn fm_06_no_result_is_a_hard_unknown_that_says_since_when() {
    let good = advance(&Status::waiting(at(0)), 3, None, &Verdict::new(State::Ok, "fine"), at(0));
    let overdue = late(&good);
    assert!(overdue.late && overdue.state == State::Ok && row_changed(&good, &overdue));
    let gone = stale(&overdue, at(0), 3, at(130));
    assert_eq!((gone.state, gone.hard, gone.late), (State::Unknown, true, false));
    assert_eq!(gone.output.as_str(), "no result since 06:13 UTC");
    assert_eq!(stale(&gone, at(0), 3, at(190)).since, at(130));
    assert_eq!(
        stale(&gone, at(0), 3, at(90_000)).output.as_str(),
        "no result since 2026-02-25 06:13 UTC"
    );
    let back = advance(&gone, 3, None, &Verdict::new(State::Ok, "fine"), at(200));
    assert_eq!((back.state, back.hard), (State::Ok, true));
}

#[test]
fn a_check_that_never_ran_in_time_does_not_wait_any_more() {
    let waiting = Status::waiting(at(0));
    assert!(waiting.is_waiting());
    assert!(!stale(&waiting, at(0), 3, at(130)).is_waiting());
}

#[test]
fn soft_attempts_start_again_when_the_engine_was_away_for_long() {
    let check = check(60, 10);
    let bad = Verdict::new(State::Critical, "x");
    let soft = advance(&Status::waiting(at(0)), 3, None, &bad, at(1));
    // Two intervals and the timeout after its last result it would have become stale.
    assert_eq!(resumed(&soft, &check, at(130)).attempt, 1);
    assert_eq!(resumed(&soft, &check, at(131)).attempt, 0);
    let hard = advance(&soft, 1, None, &bad, at(2));
    assert_eq!(resumed(&hard, &check, at(9999)), hard);
}

#[test]
fn a_row_changes_with_anything_but_its_moments_and_its_memory() {
    use crate::model::{Flap, Wait};
    let row = Status { state: State::Ok, hard: true, ..Status::default() };
    let changed = |after: Status| row_changed(&row, &after);
    assert!(!changed(Status { last_result: Some(Timestamp::from_millis(9)), ..row.clone() }));
    assert!(!changed(Status { flap: Flap { changes: 5, active: false }, ..row.clone() }));
    assert!(changed(Status { flap: Flap { changes: 5, active: true }, ..row.clone() }));
    assert!(!changed(Status { wait: Wait { recent: 5, ..row.wait }, ..row.clone() }));
    assert!(changed(Status { late: true, ..row.clone() }));
}
