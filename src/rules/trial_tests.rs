//! What would have fired: stories of letters, and a second reckoning over random ones.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::model::spec::{CustomCommand, CustomSpec, PingSpec, SystemSpec};
use crate::model::{Condition, Metric, Rule, Spec, Unit};

fn second(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1000)
}

fn check(kind: Kind) -> Check {
    let spec = match kind {
        Kind::Ping => Spec::Ping(PingSpec::default()),
        Kind::Custom => Spec::Custom(CustomSpec {
            command: CustomCommand::Shell("x".to_owned()),
            env: std::collections::BTreeMap::new(),
        }),
        _ => Spec::System(SystemSpec::default()),
    };
    Check::new("db-1", "High CPU", "127.0.0.1", spec)
}

fn trial(rule: Rule) -> Trial {
    let mut check = check(Kind::System);
    check.flapping = None;
    check.attempts = rule.attempts;
    check.rule = Some(Box::new(Ruled { rule: Arc::new(rule), source: "system".into() }));
    Trial::new(check).unwrap()
}

fn rule(minutes: u64) -> Rule {
    let thresholds = (Some(75.0), Some(90.0));
    let mut rule = Rule::new("R", "*".parse().unwrap(), "use", Condition::Above, thresholds);
    rule.duration = Span::from_secs(60 * minutes);
    rule
}

fn seen(value: f64) -> Observation {
    Observation::seen("x", vec![Metric::new("use", value, Unit::Percent)])
}

/// Plays `(second, letter)`: `o`, `w`, `c` are 10, 80 and 95 %, `C` 99 %, `f` a failure, `-` a result
/// without the metric. Gives the alerts as `from-to STATE peak`.
fn play(rule: Rule, story: &[(i64, char)], end: i64) -> (Vec<String>, Told) {
    let mut trial = trial(rule);
    for (at, letter) in story {
        let seen = match letter {
            'o' => seen(10.0),
            'w' => seen(80.0),
            'c' => seen(95.0),
            'C' => seen(99.0),
            'f' => stored(&trial.check, State::Unknown, true, seen(99.0)),
            _ => Observation::seen("x", vec![Metric::new("other", 1.0, Unit::Count)]),
        };
        trial.result(second(*at), &seen);
    }
    let told = trial.end(second(end));
    let said = told.episodes.iter().map(|one| {
        let to = one.to.map_or("still".to_owned(), |to| (to.millis() / 1000).to_string());
        let peak = one.peak.map_or(String::new(), |peak| format!(" {peak}"));
        format!("{}-{to} {}{peak}", one.from.millis() / 1000, one.worst)
    });
    (said.collect(), told)
}

#[test]
fn fm_20_to_23_what_would_have_fired() {
    let in_a_row = Rule { attempts: 3, ..rule(0) };
    let of_last = Rule { attempts: 2, of_last: Some(4), ..rule(0) };
    let below =
        Rule { condition: Condition::Below, warning: Some(85.0), critical: Some(50.0), ..rule(0) };
    for (rule, story, wanted, why) in [
        (rule(5), &[(0, 'c'), (60, 'c'), (120, 'o')][..], &[][..], "it does not persist"),
        (
            rule(1),
            &[(0, 'c'), (60, 'C'), (120, 'c'), (180, 'o')],
            &["60-180 CRITICAL 99"],
            "at the end of the duration, with the peak",
        ),
        (
            rule(0),
            &[(0, 'w'), (60, 'c'), (120, 'w'), (180, 'o'), (240, 'w')],
            &["0-180 CRITICAL 95", "240-still WARNING 80"],
            "the worst state, and one that still fires",
        ),
        (
            in_a_row,
            &[(0, 'c'), (60, 'c'), (120, 'o'), (180, 'c'), (240, 'c'), (300, 'c'), (330, 'o')],
            &["300-330 CRITICAL 95"],
            "three in a row",
        ),
        (
            of_last,
            &[(0, 'c'), (60, 'o'), (120, 'c'), (180, 'o'), (240, 'o'), (300, 'o')],
            &["120-240 CRITICAL 95"],
            "two of the last four",
        ),
        (below, &[(0, 'o'), (60, 'w'), (90, 'c')], &["0-90 CRITICAL 10"], "below is worse"),
        (
            rule(2),
            &[(0, 'c'), (60, 'f'), (120, 'f'), (130, 'c'), (140, 'o')],
            &["130-140 CRITICAL 95"],
            "a failure neither clears nor fires",
        ),
        (
            rule(2),
            &[(0, 'c'), (60, 'c'), (1000, 'c'), (1060, 'c'), (1120, 'c')],
            &["1120-still CRITICAL 95"],
            "a gap longer than the duration begins it again",
        ),
        (
            rule(0),
            &[(0, 'c'), (60, 'c'), (1000, 'c')],
            &["0-still CRITICAL 95"],
            "a gap does not end an alert",
        ),
        (
            rule(0),
            &[(0, 'o'), (60, '-'), (120, '-'), (180, '-'), (240, 'o')],
            &["130-240 UNKNOWN"],
            "the absence of data is an alert of its own",
        ),
        (
            rule(0),
            &[(0, 'o'), (60, '-'), (130, '-'), (190, '-'), (240, 'o')],
            &["130-240 UNKNOWN"],
            "it is absent when a result without it comes at that very moment",
        ),
        (rule(0), &[(0, 'o'), (60, '-'), (130, 'o')], &[], "a value of that moment is in time"),
        (rule(0), &[(0, 'o')], &[], "no results at all are none"),
    ] {
        let end = story.last().unwrap().0 + 20;
        assert_eq!(play(rule, story, end).0, wanted, "{why}");
    }
}

#[test]
fn fm_22_reminders_and_recoveries_are_counted_as_they_would_be_told() {
    let long: Vec<(i64, char)> =
        (0..61).map(|minute| (minute * 60, if minute == 60 { 'o' } else { 'c' })).collect();
    let again = Rule { re_alert: Some(Span::from_secs(1200)), ..rule(0) };
    // First, after 20 and 40 minutes, and its end; at its very end nobody reminds before.
    assert_eq!(play(again.clone(), &long, 3700).1.notices, 5);
    let quiet = Rule { notify_recovery: false, ..again.clone() };
    assert_eq!(play(quiet, &long, 3700).1.notices, 4);
    assert_eq!(play(rule(0), &long, 3700).1.notices, 2);
    assert_eq!(play(Rule { notify: false, ..again.clone() }, &long, 3700).1.notices, 0);
    // Reminders without end are given up, not waited for.
    let mad = Rule { re_alert: Some(Span::from_millis(1)), ..again };
    assert_eq!(play(mad, &long, 3700).1.notices, 2 + REMINDERS);
}

#[test]
fn what_is_kept_is_bounded_and_the_rest_counted() {
    let story: Vec<(i64, char)> =
        (0..1000).map(|n| (n * 60, if n % 2 == 0 { 'c' } else { 'o' })).collect();
    let (said, told) = play(rule(0), &story, 60_000);
    assert_eq!((said.len(), told.alerts, told.results), (EPISODES, [0, 500, 0], 1000));
    assert_eq!(said.last().unwrap(), "59880-59940 CRITICAL 95");
    assert_eq!(told.firing, Span::from_secs(500 * 60));
}

#[test]
fn d_27_a_stored_result_is_read_as_it_was_seen() {
    let loss = |loss| Observation::seen("x", vec![Metric::new("loss", loss, Unit::Percent)]);
    for (kind, state, values, seen, failed) in [
        (Kind::System, State::Ok, true, seen(1.0), false),
        (Kind::System, State::Critical, true, seen(1.0), false),
        (Kind::System, State::Unknown, true, seen(1.0), true),
        (Kind::System, State::Critical, false, Observation::default(), true),
        (Kind::System, State::Ok, false, Observation::default(), false),
        (Kind::Custom, State::Unknown, true, seen(1.0), false),
        (Kind::Custom, State::Unknown, false, Observation::default(), true),
        (Kind::Ping, State::Critical, true, loss(100.0), true),
        (Kind::Ping, State::Critical, true, loss(80.0), false),
    ] {
        let found = stored(&check(kind), state, values, seen).failure.is_some();
        assert_eq!(found, failed, "{kind:?} {state} {values}");
    }
}

/// The alerts by a second reckoning: in a row and for so long.
fn reckoned(story: &[(i64, bool)], duration: i64, attempts: usize) -> Vec<(i64, Option<i64>)> {
    let mut all: Vec<(i64, Option<i64>)> = Vec::new();
    let mut row: Vec<i64> = Vec::new();
    let mut firing = false;
    for (at, bad) in story {
        if *bad {
            row.push(*at);
            if !firing && row.len() >= attempts && at - row[0] >= duration {
                all.push((*at, None));
                firing = true;
            }
        } else {
            if firing {
                all.last_mut().unwrap().1 = Some(*at);
            }
            firing = false;
            row.clear();
        }
    }
    all
}

proptest! {
    #[test]
    fn fm_21_the_trial_fires_when_a_second_reckoning_says_so(
        steps in prop::collection::vec((1..70_i64, any::<bool>()), 1..120),
        minutes in 0..4_u64,
        attempts in 1..4_u32,
    ) {
        let mut at = 0;
        let story: Vec<(i64, bool)> =
            steps.into_iter().map(|(step, bad)| { at += step; (at, bad) }).collect();
        let mut tried =
            trial(Rule { attempts, warning: None, ..rule(minutes) });
        for (at, bad) in &story {
            tried.result(second(*at), &seen(if *bad { 91.0 } else { 90.0 }));
        }
        let told = tried.end(second(at));
        let found: Vec<(i64, Option<i64>)> = told.episodes.iter()
            .map(|one| (one.from.millis() / 1000, one.to.map(|to| to.millis() / 1000)))
            .collect();
        let duration = i64::try_from(minutes).unwrap() * 60;
        prop_assert_eq!(found, reckoned(&story, duration, attempts as usize));
    }
}

#[test]
fn results_of_one_moment_count_and_older_ones_do_not() {
    let counted = |story: &[(i64, char)]| play(rule(0), story, 40).1.results;
    assert_eq!(counted(&[(0, 'o'), (0, 'c'), (5, 'o')]), 3);
    assert_eq!(counted(&[(10, 'o'), (5, 'c'), (20, 'o')]), 2);
}
