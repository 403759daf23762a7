//! What goes live, what goes late, what keeps its number.

use super::*;
use crate::model::{CheckKey, Failure, Observation, Scrape, Timestamp};
use crate::worker::spool::Limits;
use crate::worker::spool::tests::{at, finding};

fn batch(results: Vec<Finding>, now: Steady) -> Batch {
    Batch { results, oldest: Some(now), ..Batch::default() }
}

fn one(at: i64, now: Steady) -> Batch {
    batch(vec![finding(at)], now)
}

const fn now(seconds: i64) -> Now {
    Now { steady: at(seconds), wall: Timestamp::from_millis(1_000_000 + seconds * 1000) }
}

fn post(dir: &std::path::Path, boot: u64) -> Post {
    Post::new(boot, Spool::open(dir, Limits::default(), 1, at(0)).unwrap())
}

fn times(report: &Report) -> Vec<i64> {
    report.results.iter().map(|finding| finding.at.millis()).collect()
}

#[test]
fn fs_06_an_unanswered_report_keeps_its_number_and_what_comes_meanwhile_is_late() {
    let dir = tempfile::tempdir().unwrap();
    let mut post = post(dir.path(), 5);
    post.take(one(1, at(1)), true, at(1));
    let sent = post.live().unwrap();
    assert_eq!((sent.boot, sent.seq, sent.late, times(&sent)), (5, 1, None, vec![1]));
    // More comes while it is under way, and it does not join what was sent.
    post.take(one(2, at(2)), true, at(2));
    post.closed(at(3));
    post.take(one(3, at(3)), false, at(3));
    post.tick(at(7));
    assert!(post.late(at(7)).is_none(), "still gathering");
    post.tick(at(8));
    post.take(one(70, at(70)), false, at(70));
    let changed = Finding { generation: 0, ..finding(71) };
    post.take(batch(vec![changed], at(70)), false, at(70));
    post.opened(&[(CheckKey::new("h", "c"), (1, 4))].into(), at(70));
    let again = post.live().unwrap();
    assert_eq!((again.seq, times(&again)), (1, vec![1]));
    assert_eq!(again.results[0].generation, 4, "the server numbers anew");
    post.live_done(false);
    let live = post.live().unwrap();
    assert_eq!((live.seq, times(&live)), (2, vec![70]), "live ones first");
    post.live_done(false);
    assert!(!post.has_live());
    let late = post.late(at(70)).unwrap();
    assert_eq!((late.seq, times(&late)), (1, vec![2, 3]));
    assert!(late.late.is_some_and(|stream| stream != 5));
    post.late_done(false);
    assert!(post.late(at(70)).is_none());
    post.tick(at(76));
    assert_eq!(times(&post.late(at(76)).unwrap()), [71], "its check is another one now");
}

#[test]
fn what_waited_longer_than_a_minute_was_not_live() {
    let dir = tempfile::tempdir().unwrap();
    let mut post = post(dir.path(), 5);
    post.take(one(1, at(1)), true, at(61));
    post.take(one(2, at(2)), true, at(63));
    assert_eq!(times(&post.live().unwrap()), [1]);
    post.tick(at(80));
    assert_eq!(times(&post.late(at(80)).unwrap()), [2]);
}

#[test]
fn a_stop_keeps_what_was_not_answered_under_its_number() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = post(dir.path(), 5);
    first.take(one(1, at(1)), true, at(1));
    first.live().unwrap();
    first.take(one(2, at(2)), true, at(2));
    first.keep(at(2));
    drop(first);
    let mut second = post(dir.path(), 6);
    let owed = second.late(at(3)).unwrap();
    assert_eq!((owed.boot, owed.late, owed.seq, times(&owed)), (6, Some(5), 1, vec![1]));
    second.late_done(false);
    assert_eq!(times(&second.late(at(3)).unwrap()), [2]);
}

#[test]
fn samples_and_series_are_not_kept_and_large_results_do_not_share_a_report() {
    let dir = tempfile::tempdir().unwrap();
    let mut post = post(dir.path(), 5);
    let sample = Finding { sample: true, ..finding(1) };
    let mut large = finding(2);
    let values = vec![1.5; 200_000];
    large.observation.scrape = Some(Scrape { values, ..Scrape::default() }.into());
    post.take(batch(vec![sample.clone(), large.clone(), large.clone()], at(1)), true, at(1));
    assert_eq!(post.live.len(), 2, "each has almost 4 MB");
    post.closed(at(2));
    post.keep(at(2));
    let late = post.late(at(3)).unwrap();
    assert_eq!(times(&late), [2, 2]);
    assert!(late.results.iter().all(|finding| finding.observation.scrape.is_none()));
}

#[test]
fn fs_09_runs_that_the_agent_could_not_make_are_counted_and_targets_that_are_down_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let mut post = post(dir.path(), 5);
    let failed = |kind| {
        let failure = Failure::new(kind, "no");
        Finding { observation: Observation::failed(failure), ..finding(1) }
    };
    post.take(batch(vec![failed(FailureKind::Denied), finding(1)], at(1)), true, at(1));
    post.take(batch(vec![failed(FailureKind::Refused)], at(1)), true, at(1));
    assert_eq!(post.beat(None, now(1)).failed, 1);
    post.take(batch(vec![finding(1); 20], at(1)), true, at(1));
    let beat = post.beat(Some(Span::from_millis(3)), now(1));
    assert_eq!((beat.failed, beat.boot, beat.rtt), (0, 5, Some(Span::from_millis(3))));
}
