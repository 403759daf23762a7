//! The timetable: intervals, retries, forced runs, changes under way.

use super::*;
use crate::model::State;
use crate::model::spec::{PingSpec, Spec};

fn assignment(name: &str, generation: u64, last: State) -> Assignment {
    let check = Check::new("h", name, "127.0.0.1", Spec::Ping(PingSpec::default()));
    Assignment { check: Arc::new(check), generation, last, soft: false }
}

const fn at(millis: i64) -> Steady {
    Steady::from_millis(millis)
}

#[test]
fn a_check_runs_once_per_interval_at_a_steady_phase() {
    let mut jobs = Jobs::default();
    jobs.start(vec![assignment("a", 1, State::Ok)], at(0));
    let mut runs = Vec::new();
    for now in (0..300_000).step_by(100) {
        while let Some(run) = jobs.take_due(at(now)) {
            runs.push(now);
            assert!(jobs.finished(run.job, run.generation, run.memory, at(now)).is_some());
        }
    }
    let gaps: Vec<i64> = runs.windows(2).skip(1).map(|w| w[1] - w[0]).collect();
    assert!(gaps.len() >= 3 && gaps.iter().all(|gap| (59_900..=60_100).contains(gap)), "{runs:?}");
}

#[test]
fn d_25_a_soft_problem_is_retried_at_the_retry_interval() {
    let mut jobs = Jobs::default();
    jobs.start(vec![assignment("a", 1, State::Ok)], at(0));
    let run = jobs.take_due(at(0)).unwrap();
    jobs.finished(run.job, run.generation, run.memory, at(10));
    jobs.pace(&CheckKey::new("h", "a"), true, at(10));
    assert_eq!(jobs.next_due(), Some(at(15_010)));
    jobs.pace(&CheckKey::new("h", "a"), false, at(20));
    assert!(jobs.next_due().unwrap() <= at(60_020));
}

#[test]
fn a_check_never_overlaps_itself_and_a_forced_run_follows() {
    let mut jobs = Jobs::default();
    jobs.start(vec![assignment("a", 1, State::Ok)], at(0));
    let run = jobs.take_due(at(0)).unwrap();
    assert!(jobs.take_due(at(200_000)).is_none(), "still running");
    jobs.run_now(&CheckKey::new("h", "a"), at(200_001));
    assert!(jobs.take_due(at(200_001)).is_none());
    jobs.finished(run.job, run.generation, run.memory, at(200_002));
    assert!(jobs.take_due(at(200_002)).unwrap().forced);
}

#[test]
fn a_result_of_a_redefined_or_dropped_check_does_not_count() {
    let mut jobs = Jobs::default();
    jobs.start(vec![assignment("a", 1, State::Ok), assignment("b", 1, State::Ok)], at(0));
    let first = jobs.take_due(at(0)).unwrap();
    jobs.assign(assignment(&first.check.key.name, 2, State::Ok), at(5));
    assert_eq!(jobs.finished(first.job, first.generation, first.memory, at(6)), None);
    let second = jobs.take_due(at(2000)).unwrap();
    jobs.drop_check(&second.check.key);
    assert_eq!(jobs.finished(second.job, second.generation, second.memory, at(2001)), None);
}

#[test]
fn the_worst_last_state_runs_first_and_the_start_is_spread() {
    let mut jobs = Jobs::default();
    let mut list: Vec<_> = (0..200).map(|n| assignment(&format!("c{n}"), 1, State::Ok)).collect();
    list.push(assignment("bad", 1, State::Critical));
    jobs.start(list, at(0));
    assert_eq!(&*jobs.take_due(at(0)).unwrap().check.key.name, "bad");
    let mut in_first_second = 1;
    while jobs.take_due(at(999)).is_some() {
        in_first_second += 1;
    }
    // 50 of the ramp, and the few whose own slot comes so soon.
    assert!((50..=60).contains(&in_first_second), "{in_first_second}");
}

#[test]
fn the_load_of_a_large_list_is_flat_from_the_first_second_on() {
    let mut jobs = Jobs::default();
    let list = (0..60_000).map(|n| assignment(&format!("c{n}"), 1, State::Ok)).collect();
    jobs.start(list, at(0));
    let mut begun = std::collections::HashSet::new();
    for second in 0..120 {
        let mut runs = 0;
        while let Some(run) = jobs.take_due(at(second * 1000 + 999)) {
            begun.insert(run.job);
            let now = at(second * 1000 + 999);
            assert!(jobs.finished(run.job, run.generation, run.memory, now).is_some());
            runs += 1;
        }
        assert!((800..=1200).contains(&runs), "{runs} runs in second {second}");
    }
    assert_eq!(begun.len(), 60_000);
}

#[test]
fn a_followed_check_is_sampled_between_its_runs() {
    let mut jobs = Jobs::default();
    jobs.start(vec![assignment("a", 1, State::Ok)], at(0));
    let run = jobs.take_due(at(0)).unwrap();
    jobs.finished(run.job, run.generation, run.memory, at(1));
    jobs.follow(&[CheckKey::new("h", "a")], at(10));
    let sample = jobs.take_due(at(2010)).unwrap();
    assert!(sample.sample);
    jobs.finished(sample.job, sample.generation, sample.memory, at(2011));
    jobs.follow(&[], at(2012));
    // The entry that was planned still comes; after it only judged runs do.
    let mut samples = 0;
    for now in (2100..50_000).step_by(100) {
        while let Some(run) = jobs.take_due(at(now)) {
            samples += u32::from(run.sample);
            jobs.finished(run.job, run.generation, run.memory, at(now));
        }
    }
    assert!(samples <= 1, "{samples}");
}

#[test]
fn fs_06_a_server_that_numbers_anew_has_nothing_run_again_and_a_run_under_way_counts() {
    let mut jobs = Jobs::default();
    let list = |generation| vec![assignment("a", generation, State::Ok)];
    jobs.start(list(7), at(0));
    let run = jobs.take_due(at(0)).unwrap();
    let next = jobs.next_due();
    jobs.replace(list(1), at(100));
    jobs.replace(list(2), at(110));
    assert_eq!(jobs.next_due(), next);
    assert_eq!(jobs.finished(run.job, run.generation, run.memory, at(120)), Some(2));
    jobs.replace(vec![assignment("b", 3, State::Ok)], at(130));
    assert_eq!(&*jobs.take_due(at(200)).unwrap().check.key.name, "b");
    assert!(jobs.take_due(at(200_000)).is_none_or(|run| &*run.check.key.name == "b"));
}
