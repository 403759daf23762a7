//! When a storm begins and ends, what explains it, and how it is written.

use proptest::prelude::*;

use super::*;

fn alert(millis: i64, host: &str, site: &str, check: &str) -> NewAlert {
    NewAlert {
        at: Steady::from_millis(millis),
        fired: Timestamp::from_millis(millis),
        host: host.into(),
        check: check.into(),
        labels: vec![("role".into(), "edge".into()), ("site".into(), site.into())],
    }
}

fn at(secs: i64) -> Steady {
    Steady::from_millis(secs * 1000)
}

#[test]
fn more_than_a_hundred_in_a_minute_are_a_storm() {
    let mut detector = Detector::new();
    for n in 0..100 {
        detector.push(alert(n * 500, "a", "fra", "ping"));
    }
    assert!(!detector.is_storm(), "100 are not more than 100");
    detector.push(alert(50_000, "a", "fra", "ping"));
    assert!(detector.is_storm());
    let mut slow = Detector::new();
    for n in 0..1000 {
        slow.push(alert(n * 1000, "a", "fra", "ping"));
    }
    assert!(!slow.is_storm(), "60 a minute");
}

#[test]
fn it_ends_a_minute_after_it_became_calm() {
    let mut detector = Detector::new();
    for n in 0..200 {
        detector.push(alert(n, "a", "fra", "ping"));
    }
    assert!(!detector.tick(at(59)));
    assert!(!detector.tick(at(61)), "calm from here on");
    assert!(!detector.tick(at(120)) && detector.is_storm());
    for n in 0..20 {
        detector.push(alert(120_500 + n, "a", "fra", "ping"));
    }
    assert!(!detector.tick(at(125)), "it breathes: the rest begins anew");
    assert!(!detector.tick(at(190)), "calm again");
    assert!(!detector.tick(at(249)) && detector.is_storm());
    assert!(detector.tick(at(250)) && !detector.is_storm());
}

#[test]
fn the_header_names_size_cause_and_first() {
    let mut detector = Detector::new();
    for n in 0..3012_i64 {
        let site = if n % 100 < 71 {
            "fra"
        } else if n % 2 == 0 {
            "dal"
        } else {
            "ber"
        };
        let host = if n == 0 { "core-fra-2".to_owned() } else { format!("h-{n}") };
        let mut one = alert(n, &host, site, if n % 3 == 0 { "ping" } else { "http" });
        one.labels.retain(|(key, _)| **key == *"site");
        detector.push(one);
    }
    let storm = detector.storm().unwrap();
    assert_eq!(
        headline(&storm, |_| "21:02".to_owned()),
        "STORM 3 012 in 60 s, 71 % site fra, first core-fra-2 21:02"
    );
}

#[test]
fn a_check_or_nothing_may_explain_it() {
    let mut checks = Detector::new();
    let mut mixed = Detector::new();
    for n in 0..200 {
        let host = format!("h-{n}");
        let mut one = alert(n, &host, &format!("s-{n}"), "dns");
        one.labels.retain(|(key, _)| **key == *"site");
        mixed.push(NewAlert { check: format!("c-{n}").into(), ..one.clone() });
        checks.push(one);
    }
    let storm = checks.storm().unwrap();
    let cause = storm.cause.clone().unwrap();
    assert_eq!((cause.by, cause.percent), (GroupBy::Check, 100));
    assert!(headline(&storm, |_| "x".to_owned()).contains(", 100 % check dns, first h-0 x"));
    let storm = mixed.storm().unwrap();
    assert_eq!(storm.cause, None);
    assert_eq!(headline(&storm, |_| "x".to_owned()), "STORM 200 in 60 s, first h-0 x");
}

#[test]
fn the_first_is_who_fired_first_not_who_was_heard_first() {
    let mut detector = Detector::new();
    for n in 0..150 {
        detector.push(alert(1000 + n, "late", "fra", "ping"));
    }
    let early = NewAlert { fired: Timestamp::from_millis(1), ..alert(2000, "early", "fra", "x") };
    detector.push(early);
    assert_eq!(&*detector.storm().unwrap().first.0, "early");
}

#[test]
fn numbers_are_parted_in_thousands() {
    assert_eq!([7, 999, 1000, 1_234_567].map(thousands), ["7", "999", "1 000", "1 234 567"]);
}

proptest! {
    #[test]
    fn memory_is_bounded_and_a_storm_needs_its_number(
        steps in proptest::collection::vec((0_u16..3000, 0_usize..300), 1..60),
    ) {
        let mut detector = Detector::new();
        let (mut now, mut times) = (0_i64, Vec::new());
        for (pause, count) in steps {
            now += i64::from(pause);
            for n in 0..count {
                detector.push(alert(now, "h", if n % 2 == 0 { "a" } else { "b" }, "ping"));
                times.push(now);
            }
            let before = detector.is_storm();
            let changed = detector.tick(Steady::from_millis(now));
            prop_assert_eq!(changed, before != detector.is_storm());
            prop_assert!(detector.kept.len() <= KEPT && detector.seconds.len() <= 61);
            // Seconds are cut whole, so the count is exact but for the oldest second.
            let within = |millis: i64| times.iter().filter(|at| now - **at < millis).count();
            let recent = detector.recent();
            prop_assert!(within(59_000) <= recent && recent <= within(60_000));
            if within(59_000) > THRESHOLD {
                prop_assert!(detector.is_storm());
            }
        }
        let far = Steady::from_millis(now + 1_000_000);
        detector.tick(far);
        detector.tick(far + REST);
        prop_assert!(!detector.is_storm() && detector.kept.is_empty());
    }

    #[test]
    fn what_explains_it_is_shared_by_so_many(sites in proptest::collection::vec(0_u8..4, 101..300)) {
        let mut detector = Detector::new();
        for (n, site) in sites.iter().enumerate() {
            let mut one = alert(0, "h", &site.to_string(), &format!("c{n}"));
            one.labels.retain(|(key, _)| **key == *"site");
            detector.push(one);
        }
        let most = (0..4).map(|s| sites.iter().filter(|x| **x == s).count()).max().unwrap();
        let percent = most * 100 / sites.len();
        let found = detector.storm().unwrap().cause.map(|cause| cause.percent);
        prop_assert_eq!(found, (percent >= EXPLAINS).then_some(percent));
    }
}
