//! Samples in, samples out, and what happens at every bound.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::model::{Layout, ScrapeReport};

fn scrape(series: &[(&str, f64)]) -> Scrape {
    let names: Vec<Name> = series.iter().map(|(name, _)| Name::from(*name)).collect();
    let id = names.iter().fold(names.len() as u64, |sum, name| {
        name.bytes().fold(sum, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)))
    });
    Scrape {
        layout: Arc::new(Layout { id, series: names }),
        values: series.iter().map(|(_, value)| *value).collect(),
        report: ScrapeReport { up: true, samples: 1, ..ScrapeReport::default() },
        ..Scrape::default()
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(1_000_000_000 + second * 1000)
}

fn key(name: &str) -> CheckKey {
    CheckKey::new("host", name)
}

fn values(memory: &Memory, name: &str) -> Vec<Option<f64>> {
    let all = memory.samples(&key("t"), name).unwrap_or_default();
    all.into_iter().map(|found| found.value).collect()
}

#[test]
fn what_is_absent_is_stale_and_a_failed_scrape_is_an_empty_one() {
    let memory = Memory::new(Bounds::default());
    let target = key("t");
    memory.append(&target, &scrape(&[("a", 1.0), ("b", 2.0)]), at(0));
    memory.append(&target, &scrape(&[("a", 3.0)]), at(15));
    assert_eq!(memory.last(&target, "b"), Some(Found { at: at(15), value: None }));
    memory.append(&target, &Scrape::default(), at(30));
    memory.append(&target, &scrape(&[("b", f64::NAN), ("c", 4.0)]), at(45));
    assert_eq!(values(&memory, "a"), [Some(1.0), Some(3.0), None, None]);
    assert_eq!(values(&memory, "c"), [None, None, None, Some(4.0)]);
    let b = values(&memory, "b");
    assert!(b[0] == Some(2.0) && b[1].is_none() && b[2].is_none() && b[3].unwrap().is_nan());
    assert_eq!(values(&memory, "up"), [Some(1.0), Some(1.0), Some(0.0), Some(1.0)]);
    assert_eq!(memory.samples(&target, "none"), None);
    // A clock that goes back, or the same moment twice, changes nothing.
    memory.append(&target, &scrape(&[("a", 9.0)]), at(45));
    memory.append(&target, &scrape(&[("a", 9.0)]), at(5));
    assert_eq!(memory.size().out_of_order, 2);
    assert_eq!(values(&memory, "a").len(), 4);
}

#[test]
fn what_has_a_time_of_its_own_lingers() {
    let memory = Memory::new(Bounds::default());
    let mut stamped = scrape(&[("a", 1.0), ("b", 1.0)]);
    stamped.stamps = vec![(0, at(3).millis())];
    memory.append(&key("t"), &stamped, at(10));
    assert_eq!(memory.samples(&key("t"), "a").unwrap()[0].at, at(3));
    memory.append(&key("t"), &Scrape::default(), at(25));
    assert_eq!(memory.last(&key("t"), "a"), Some(Found { at: at(3), value: Some(1.0) }));
    assert_eq!(memory.last(&key("t"), "b"), Some(Found { at: at(25), value: None }));
    memory.append(&key("t"), &Scrape::default(), at(400));
    assert_eq!(memory.last(&key("t"), "a"), Some(Found { at: at(400), value: None }));
}

#[test]
fn age_forgets_whole_blocks_and_series_that_have_nothing_left() {
    let bounds = Bounds { age: Span::from_secs(3600), ..Bounds::default() };
    let memory = Memory::new(bounds);
    for n in 0..2000_i64 {
        let mut now = vec![("steady", 1.0)];
        if n < 10 {
            now.push(("early", 2.0));
        }
        memory.append(&key("t"), &scrape(&now), at(n * 15));
    }
    let kept = memory.samples(&key("t"), "steady").unwrap();
    let oldest = at(1999 * 15).since(kept[0].at);
    assert!(oldest >= Span::from_secs(3600 - 15) && oldest <= Span::from_secs(3600 + 120 * 15));
    assert_eq!(memory.samples(&key("t"), "early"), None);
    let size = memory.size();
    assert_eq!((size.series, size.evicted), (6, 0));
    assert_eq!(size.samples, kept.len() as u64 * 6);
    // What a place was given to later starts at its own time.
    memory.append(&key("t"), &scrape(&[("late", 7.0), ("steady", 1.0)]), at(2000 * 15));
    let late = memory.samples(&key("t"), "late").unwrap();
    assert_eq!(late.iter().filter(|found| found.value.is_some()).count(), 1);
}

#[test]
fn too_many_samples_push_the_oldest_out_and_are_counted() {
    let bounds = Bounds { samples: 5000, ..Bounds::default() };
    let memory = Memory::new(bounds);
    for n in 0..1000_i64 {
        for name in ["x", "y"] {
            memory.append(&key(name), &scrape(&[("a", 1.0), ("b", 2.0)]), at(n * 15));
        }
        assert!(memory.size().samples <= 5000);
    }
    let size = memory.size();
    assert_eq!(size.samples + size.evicted, 1000 * 2 * 7);
    assert_eq!(size.targets, 2);
}

#[test]
fn too_many_series_find_no_room_until_there_is_some() {
    let bounds = Bounds { series: 8, ..Bounds::default() };
    let memory = Memory::new(bounds);
    let many = scrape(&[("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0), ("e", 5.0)]);
    memory.append(&key("t"), &many, at(0));
    memory.append(&key("t"), &many, at(15));
    let size = memory.size();
    assert_eq!((size.series, size.refused), (8, 2));
    assert_eq!(values(&memory, "c"), [Some(3.0), Some(3.0)]);
    assert_eq!(memory.samples(&key("t"), "d"), None);
    memory.append(&key("u"), &many, at(15));
    assert_eq!(memory.size().series, 8, "another target finds none either");
    memory.forget(&key("t"));
    memory.append(&key("u"), &scrape(&[("z", 1.0)]), at(30));
    assert_eq!(memory.last(&key("u"), "z").unwrap().value, Some(1.0));
}

#[test]
fn new_series_with_every_scrape_stay_within_the_bounds() {
    let bounds = Bounds { series: 500, samples: 20_000, age: Span::from_secs(600) };
    let memory = Memory::new(bounds);
    for n in 0..3000_i64 {
        let names: Vec<String> = (0..20).map(|m| format!("x{{n=\"{n}\",m=\"{m}\"}}")).collect();
        let series: Vec<(&str, f64)> = names.iter().map(|name| (name.as_str(), 1.0)).collect();
        memory.append(&key("t"), &scrape(&series), at(n));
    }
    let size = memory.size();
    assert!(size.series <= 500 && size.samples <= 20_000 && size.refused > 0, "{size:?}");
    assert!(size.bytes < 2 << 20, "{size:?}");
}

#[test]
fn a_series_of_an_exporter_costs_about_two_bytes_a_sample() {
    let memory = Memory::new(Bounds::default());
    let names: Vec<String> = (0..100).map(|n| format!("metric{{n=\"{n}\"}}")).collect();
    for n in 0..1200_i64 {
        let value = |at: usize| {
            let slow = u32::try_from(n / 40).unwrap();
            let fast = u32::try_from(n * 17).unwrap() * u32::try_from(at).unwrap();
            if at < 60 { f64::from(slow) } else { f64::from(fast) }
        };
        let series: Vec<(&str, f64)> =
            names.iter().enumerate().map(|(at, name)| (name.as_str(), value(at))).collect();
        memory.append(&key("t"), &scrape(&series), at(n * 15));
    }
    let size = memory.size();
    #[expect(clippy::cast_precision_loss, reason = "small")]
    let each = size.bytes as f64 / size.samples as f64;
    assert!(each < 3.0, "{each} bytes a sample");
}

proptest! {
    /// Whatever comes and goes, what is kept reads back as it came.
    #[test]
    fn samples_read_back(rounds in proptest::collection::vec(
        proptest::collection::btree_map(0_u8..6, prop_oneof![Just(1.0), -5.0..5.0_f64], 0..6), 1..300))
    {
        let memory = Memory::new(Bounds::default());
        for (n, round) in (0..).zip(&rounds) {
            let names: Vec<String> = round.keys().map(|name| format!("s{name}")).collect();
            let series: Vec<(&str, f64)> =
                names.iter().map(String::as_str).zip(round.values().copied()).collect();
            memory.append(&key("t"), &scrape(&series), at(n));
        }
        for name in 0..6_u8 {
            let wanted: Vec<Option<f64>> = rounds.iter().map(|round| round.get(&name).copied()).collect();
            if wanted.iter().any(Option::is_some) {
                prop_assert_eq!(values(&memory, &format!("s{name}")), wanted);
            }
        }
    }
}
