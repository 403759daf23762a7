//! The spool: order, bounds, numbers that are used once, torn files, a disk that takes nothing.

use super::*;
use crate::model::{CheckKey, Observation, Timestamp};

/// A result of a moment.
pub fn finding(at: i64) -> Finding {
    Finding {
        check: CheckKey::new("h", "c"),
        generation: 1,
        slot: Timestamp::from_millis(at),
        at: Timestamp::from_millis(at),
        forced: false,
        sample: false,
        observation: Observation::seen("fine", Vec::new()),
    }
}

fn parcel(at: i64, count: usize) -> Parcel {
    let results = (0..count).map(|n| finding(at + i64::try_from(n).unwrap())).collect();
    Parcel { owed: None, results }
}

/// A moment.
pub const fn at(seconds: i64) -> Steady {
    Steady::from_millis(seconds * 1000)
}

fn open(dir: &Path) -> Spool {
    Spool::open(dir, Limits::default(), 1, at(0)).unwrap()
}

fn first(results: &[Finding]) -> i64 {
    results[0].at.millis()
}

#[test]
fn fs_06_the_oldest_goes_first_and_each_under_a_number_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = open(dir.path());
    for n in 0..3 {
        spool.put(parcel(n * 10, 2), at(n));
    }
    assert_eq!(spool.waiting(), 6);
    let mut seen = Vec::new();
    let ((stream, _), _) = spool.next(at(5)).unwrap();
    while let Some(((of, seq), results)) = spool.next(at(5)) {
        assert_eq!(of, stream);
        assert_eq!(spool.next(at(5)).unwrap().0, (of, seq), "asked again, the same");
        seen.push((seq, first(&results)));
        spool.done(false);
    }
    assert_eq!(seen, [(1, 0), (2, 10), (3, 20)]);
    assert_eq!((spool.waiting(), spool.dropped()), (0, 0));
    // A parcel after an empty spool, and after a start, goes on with the numbers.
    spool.put(parcel(30, 1), at(6));
    assert_eq!(spool.next(at(6)).unwrap().0, (stream, 4));
    drop(spool);
    let mut spool = open(dir.path());
    assert_eq!(spool.next(at(6)).unwrap().0, (stream, 4), "not answered: the same number");
    spool.done(false);
    spool.put(parcel(40, 1), at(7));
    drop(spool);
    let mut spool = open(dir.path());
    assert_eq!(spool.next(at(8)).unwrap().0, (stream, 5), "answered: never used again");
}

#[test]
fn what_was_sent_before_keeps_its_number_and_goes_first() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = open(dir.path());
    spool.put(parcel(10, 1), at(1));
    spool.put_owed((77, 9), parcel(0, 1).results, at(2));
    drop(spool);
    let mut spool = open(dir.path());
    assert_eq!(spool.next(at(3)).unwrap().0, (77, 9));
    spool.done(false);
    assert_eq!(spool.next(at(3)).unwrap().0.1, 1);
}

#[test]
fn fs_06_the_oldest_give_way_by_size_and_by_age_and_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    let one = serde_json::to_vec(&parcel(0, 4)).unwrap().len() as u64;
    let limits = Limits { bytes: one * 3 + one / 2, age: Span::from_secs(100) };
    let mut spool = Spool::open(dir.path(), limits, 1, at(0)).unwrap();
    for n in 0..5 {
        spool.put(parcel(n, 4), at(n));
    }
    assert_eq!((spool.waiting(), spool.dropped()), (12, 8));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 3);
    assert_eq!(first(&spool.next(at(103)).unwrap().1), 3, "the one of second 2 is too old");
    assert_eq!((spool.waiting(), spool.dropped()), (8, 12));
    // What is under way stays until it is answered, or its end would remove another one.
    spool.put(parcel(9, 4), at(104));
    spool.put(parcel(10, 4), at(205));
    assert_eq!((spool.waiting(), first(&spool.next(at(205)).unwrap().1)), (8, 3));
    spool.done(false);
    assert_eq!(first(&spool.next(at(205)).unwrap().1), 10);
}

#[test]
fn a_torn_file_is_passed_over_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = open(dir.path());
    spool.put(parcel(0, 3), at(0));
    spool.put(parcel(10, 1), at(1));
    let torn = dir.path().join(spool.entries[0].0.clone());
    std::fs::write(&torn, b"{\"results\":[{").unwrap();
    std::fs::write(dir.path().join("x.part"), b"half").unwrap();
    drop(spool);
    let mut spool = open(dir.path());
    assert_eq!(first(&spool.next(at(2)).unwrap().1), 10);
    assert_eq!((spool.waiting(), spool.dropped()), (1, 3));
    assert!(!torn.exists() && !dir.path().join("x.part").exists());
}

#[test]
fn a_disk_that_takes_nothing_leaves_twenty_thousand_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let mut spool = open(dir.path());
    spool.put(parcel(0, 1), at(0));
    // A file where a folder should be: nothing can be written below it.
    let real = std::mem::replace(&mut spool.dir, dir.path().join("nothing"));
    for n in 0..50 {
        spool.put(parcel(100 + n * 1000, 500), at(1));
    }
    assert_eq!((spool.waiting(), spool.dropped()), (20_001, 5000));
    spool.dir = real;
    assert_eq!(first(&spool.next(at(2)).unwrap().1), 0);
    spool.done(false);
    let ((_, seq), results) = spool.next(at(2)).unwrap();
    assert_eq!((seq, first(&results)), (2, 10_100));
    spool.done(true);
    assert_eq!((spool.waiting(), spool.dropped()), (19_500, 5500));
}
