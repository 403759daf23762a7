//! Durations, rows of results and re-tests, told as stories of letters.

use super::*;
use crate::model::{Condition, Span};

fn rule(minutes: u64) -> Rule {
    let thresholds = (Some(75.0), Some(90.0));
    let mut rule =
        Rule::new("High CPU", "*".parse().unwrap(), "cpu_usage", Condition::Above, thresholds);
    rule.duration = Span::from_secs(60 * minutes);
    rule
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1000)
}

/// Plays `(second, letter)`: `o`, `w`, `c` are values, `u` is nothing known. Gives state and
/// hardness after each: `c` soft, `C` hard.
fn play(rule: &Rule, story: &[(i64, char)]) -> String {
    let mut status = Status::waiting(second(0));
    let mut said = String::new();
    for (at, letter) in story {
        let at = Moment::from(second(*at));
        let verdict = |state| Verdict::new(state, "x");
        status = match letter {
            'o' => advance(&status, rule, None, &verdict(State::Ok), at),
            'w' => advance(&status, rule, None, &verdict(State::Warning), at),
            'c' => advance(&status, rule, None, &verdict(State::Critical), at),
            _ => hold(&status, &verdict(State::Unknown), at.wall),
        };
        let letter = match status.state {
            State::Ok => 'o',
            State::Warning => 'w',
            State::Critical => 'c',
            State::Unknown => 'u',
        };
        said.push(if status.hard { letter.to_ascii_uppercase() } else { letter });
    }
    said
}

#[test]
fn fm_21_durations() {
    let five = rule(5);
    for (story, wanted, why) in [
        (&[(0, 'c'), (299, 'o')][..], "cO", "it clears one second before"),
        (&[(0, 'c'), (299, 'c'), (300, 'c'), (301, 'c')], "ccCC", "exactly at the duration"),
        (&[(0, 'c'), (60, 'o'), (61, 'c'), (360, 'c'), (361, 'c')], "cOccC", "it begins again"),
        (&[(0, 'w'), (240, 'c'), (300, 'c'), (540, 'c')], "wcWC", "CRITICAL has its own duration"),
        (&[(0, 'c'), (200, 'w'), (300, 'w')], "cwW", "WARNING counts what was worse"),
        (&[(0, 'c'), (300, 'c'), (310, 'w'), (320, 'o')], "cCWO", "better at once"),
        (
            &[(0, 'w'), (300, 'w'), (310, 'c'), (320, 'w'), (610, 'c')],
            "wWWWW",
            "a peak is no CRITICAL",
        ),
        (&[(0, 'c'), (100, 'u'), (200, 'c'), (300, 'c')], "cucC", "UNKNOWN does not clear"),
        (&[(0, 'c'), (100, 'u'), (300, 'u'), (310, 'c')], "cuuC", "UNKNOWN does not fire"),
        (&[(0, 'c'), (100, 'u'), (200, 'o')], "cuO", "what is good after UNKNOWN is over"),
        (&[(0, 'c'), (100, 'u'), (400, 'c')], "cuC", "UNKNOWN for exactly as long"),
        (
            &[(0, 'c'), (10, 'u'), (311, 'c'), (610, 'c'), (611, 'c')],
            "cuccC",
            "unknown for too long",
        ),
        (&[(0, 'c'), (300, 'c'), (310, 'u'), (900, 'c')], "cCuC", "what fired goes on"),
        (&[(0, 'u'), (10, 'o'), (20, 'u')], "uOu", "unknown is never OK"),
    ] {
        assert_eq!(play(&five, story), wanted, "{why}");
    }
    assert_eq!(play(&rule(0), &[(0, 'c'), (1, 'w'), (2, 'o')]), "CWO", "no duration: at once");
    let lone = Rule { warning: None, ..rule(5) };
    assert_eq!(play(&lone, &[(0, 'c'), (299, 'c'), (300, 'c')]), "ccC", "only CRITICAL is given");
}

#[test]
fn d_05_consecutive_results_and_m_of_the_last_n() {
    let run = |rule: &Rule, story: &str| {
        let steps: Vec<(i64, char)> = (0..).step_by(60).zip(story.chars()).collect();
        play(rule, &steps)
    };
    let three = Rule { attempts: 3, ..rule(0) };
    assert_eq!(run(&three, "ccocccco"), "ccOccCCO");
    assert_eq!(run(&three, "ccucu"), "ccuCu", "UNKNOWN is not in the row");
    let of_five = Rule { attempts: 3, of_last: Some(5), ..rule(0) };
    assert_eq!(run(&of_five, "cocoooc"), "cOcOOOc", "never three of five");
    assert_eq!(run(&of_five, "cococoooo"), "cOcOCOOOO", "the third of five");
    assert_eq!(run(&of_five, "cccoooo"), "ccCCCOO", "three of five hold until they are two");
    assert_eq!(run(&of_five, "cwoc"), "cwOC", "in the state of the last one");
    let of_32 = Rule { attempts: 32, of_last: Some(32), ..rule(0) };
    let run_32 = run(&of_32, &"c".repeat(33));
    assert_eq!((&run_32[30..], run_32.matches('C').count()), ("cCC", 2));
}

#[test]
fn fm_21_the_re_test_is_due_when_the_next_duration_ends() {
    let five = rule(5);
    let value = |before: &Status, state, at| {
        advance(before, &five, None, &Verdict::new(state, "x"), Moment::from(second(at)))
    };
    let waiting = Status::waiting(second(0));
    assert_eq!(due(&waiting, &five), None);
    let soft = value(&waiting, State::Warning, 10);
    assert_eq!(due(&soft, &five), Some(second(310)));
    let worse = value(&soft, State::Critical, 100);
    assert_eq!(due(&worse, &five), Some(second(310)), "WARNING first");
    let lone = Rule { warning: None, ..rule(5) };
    assert_eq!(due(&worse, &lone), Some(second(400)));
    let hard = value(&worse, State::Critical, 310);
    assert_eq!(due(&hard, &five), Some(second(400)), "then CRITICAL");
    let hard = value(&hard, State::Critical, 400);
    assert_eq!((hard.state, due(&hard, &five)), (State::Critical, None));
    let unknown = hold(&soft, &Verdict::new(State::Unknown, "?"), second(20));
    assert_eq!(due(&unknown, &five), Some(second(310)));
    assert_eq!(due(&value(&unknown, State::Ok, 30), &five), None);
    assert_eq!(due(&soft, &rule(0)), None, "without a duration nothing is waited for");
}

#[test]
fn fm_21_the_wall_clock_moves_no_duration() {
    let five = rule(5);
    let bad = Verdict::new(State::Critical, "x");
    let at = |wall, line| Moment { wall: second(wall), line: second(line) };
    let soft = advance(&Status::waiting(second(0)), &five, None, &bad, at(0, 0));
    assert!(!advance(&soft, &five, None, &bad, at(86_400, 60)).hard, "a day forward");
    assert!(advance(&soft, &five, None, &bad, at(-86_400, 300)).hard, "a day back");
}

#[test]
fn d_05_a_restart_keeps_a_duration_unless_it_took_too_long() {
    use crate::model::{Spec, spec::SystemSpec};
    let check = Check::new("db-1", "High CPU", "192.0.2.1", Spec::System(SystemSpec::default()));
    let five = rule(5);
    let bad = Verdict::new(State::Critical, "x");
    let soft = advance(&Status::waiting(second(0)), &five, None, &bad, Moment::from(second(7)));
    // The last result was at 7 s; the check is believed for 130 s: two intervals and the timeout.
    let short = attempts::resumed(&soft, &check, second(136));
    assert_eq!(short, soft, "a restart neither restarts nor skips it");
    let long = attempts::resumed(&soft, &check, second(137));
    assert!(long.wait.is_over() && long.state == State::Critical);
    let back = attempts::resumed(&soft, &check, second(-3600));
    assert_eq!(back, soft, "a clock that was put back is no gap");
    let warned = Verdict::new(State::Warning, "x");
    let hard = advance(&soft, &five, None, &warned, Moment::from(second(307)));
    let worse = advance(&hard, &five, None, &bad, Moment::from(second(310)));
    assert_eq!((worse.hard_state, worse.wait.critical), (State::Warning, Some(second(310))));
    let long = attempts::resumed(&worse, &check, second(4000));
    assert_eq!((long.hard, long.wait.since, long.wait.critical), (true, Some(second(7)), None));
}

/// What an observer with a stop watch says of the last values: the states that persisted.
fn persisted(rule: &Rule, history: &[(i64, char)]) -> Option<State> {
    let (now, last) = *history.last()?;
    let since = |bad: &[char]| {
        let run = history.iter().rev().take_while(|(_, letter)| bad.contains(letter));
        run.filter(|(_, letter)| *letter != 'u').last().map(|(at, _)| *at)
    };
    let length = i64::try_from(rule.duration.millis() / 1000).unwrap();
    let over = |begun: Option<i64>| begun.is_some_and(|begun| now - begun >= length);
    match last {
        'c' if over(since(&['c', 'u'])) => Some(State::Critical),
        'c' | 'w' if over(since(&['c', 'w', 'u'])) => Some(State::Warning),
        'o' => Some(State::Ok),
        _ => None,
    }
}

proptest::proptest! {
    #[test]
    fn fm_21_a_hard_state_is_one_that_persisted_and_ok_is_one_that_was_measured(
        minutes in 0..4_u64,
        story in proptest::collection::vec((1..200_i64, 0..8_u8), 1..60),
    ) {
        let rule = rule(minutes);
        let mut status = Status::waiting(second(0));
        let (mut now, mut history) = (0, Vec::new());
        // When it last became unknown; what lasts longer than the duration begins again.
        let mut unknown: Option<i64> = None;
        for (wait, letter) in story {
            now += wait;
            let letter = ['o', 'w', 'w', 'c', 'c', 'c', 'u', 'o'][usize::from(letter)];
            let at = Moment::from(second(now));
            let before = status.clone();
            let level = match letter {
                'o' => State::Ok,
                'w' => State::Warning,
                'c' => State::Critical,
                _ => State::Unknown,
            };
            let verdict = Verdict::new(level, "x");
            if letter == 'u' {
                unknown.get_or_insert(now);
                status = hold(&status, &verdict, at.wall);
                proptest::prop_assert!(!status.hard, "what is unknown confirms nothing");
                proptest::prop_assert_eq!(status.hard_state, before.hard_state);
                history.push((now, letter));
                continue;
            }
            let length = i64::try_from(rule.duration.millis() / 1000).unwrap();
            let fired = matches!(before.hard_state, State::Warning | State::Critical);
            if unknown.take().is_some_and(|since| now - since > length) && !fired {
                history.clear();
            }
            history.push((now, letter));
            status = advance(&status, &rule, None, &verdict, at);
            let wanted = persisted(&rule, &history);
            proptest::prop_assert_eq!(status.hard.then_some(status.state), wanted, "{:?}", history);
            proptest::prop_assert_eq!(status.state == State::Ok, letter == 'o');
            if let Some(due) = due(&status, &rule) {
                proptest::prop_assert!(due > at.line, "what is due was decided");
            }
        }
    }
}

/// What the checks of a rule give, as fresh as they are.
#[test]
fn whatever_becomes_of_a_value_its_row_is_as_fresh_as_it() {
    let stale = |state, hard| Status {
        state,
        hard,
        hard_state: state,
        last_result: Some(second(1)),
        late: true,
        ..Status::default()
    };
    let nothing = Verdict::new(State::Unknown, "x");
    let held = hold(&stale(State::Ok, true), &nothing, second(9));
    assert_eq!((held.last_result, held.late), (Some(second(9)), false));
    let absent = hold(&stale(State::Unknown, true), &nothing, second(9));
    assert_eq!((absent.last_result, absent.hard), (Some(second(9)), true));
    // Two of the last five hold on through a good one.
    let of_last = Rule { attempts: 2, of_last: Some(5), ..rule(0) };
    let mut before = stale(State::Critical, true);
    before.wait.recent = 0b11;
    let good = Verdict::new(State::Ok, "x");
    let after = advance(&before, &of_last, None, &good, Moment::from(second(9)));
    let fresh = (after.state, after.last_result, after.late);
    assert_eq!(fresh, (State::Critical, Some(second(9)), false));
}

#[test]
fn what_was_not_known_is_no_change_of_state() {
    let limits = Some(FlapLimits { start: 30, stop: 25 });
    let value = |before: &Status, state| {
        let verdict = Verdict::new(state, "x");
        advance(before, &rule(0), limits, &verdict, Moment::from(second(9))).flap.changes & 1
    };
    let ok =
        Status { state: State::Ok, hard: true, last_result: Some(second(1)), ..Status::default() };
    assert_eq!((value(&ok, State::Ok), value(&ok, State::Critical)), (0, 1));
    let held = hold(&ok, &Verdict::new(State::Unknown, "x"), second(2));
    assert_eq!((value(&held, State::Ok), value(&held, State::Critical)), (0, 0));
    let absent = Status { state: State::Unknown, ..ok };
    assert_eq!(value(&absent, State::Ok), 1, "its absence was an alert");
}

#[test]
fn fm_21_absence_begins_once_and_is_no_result() {
    let ruled = Ruled { rule: std::sync::Arc::new(rule(0)), source: "system".into() };
    let spec = crate::model::Spec::System(crate::model::spec::SystemSpec::default());
    let check = Check::new("db-1", "r", "127.0.0.1", spec);
    let ok = Status {
        state: State::Ok,
        hard: true,
        since: second(1),
        last_result: Some(second(1)),
        ..Status::default()
    };
    let lost = |before: &Status, comes, at| {
        without_value(before, &check, &ruled, comes, second(1), second(at))
    };
    let first = lost(&ok, true, 100);
    assert_eq!((first.state, first.hard, first.since), (State::Unknown, true, second(100)));
    assert_eq!(lost(&first, true, 200).since, second(100));
    let held = lost(&ok, false, 100);
    assert_eq!((held.state, held.hard, held.since), (State::Unknown, false, second(100)));
    assert_eq!(held.last_result, Some(second(1)), "nothing came");
    assert_eq!(lost(&held, true, 200).since, second(200), "an alert of its own");
}
