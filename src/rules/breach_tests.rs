//! The limits one by one, equality, confirmation, and schedules that never have a baseline.

use proptest::prelude::*;

use super::*;

fn limits() -> TestLimits {
    TestLimits {
        download_min_mbps: Some(800.0),
        upload_min_mbps: Some(400.0),
        latency_max_ms: Some(20.0),
        jitter_max_ms: Some(10.0),
        packet_loss_max_pct: Some(0.5),
        baseline_deviation_pct: None,
    }
}

fn well() -> Figures {
    Figures {
        download_mbps: Some(800.0),
        upload_mbps: Some(400.0),
        latency_ms: Some(20.0),
        jitter_ms: Some(10.0),
        loss_pct: Some(0.5),
    }
}

fn base(count: u32, median: f64) -> Baselines {
    let one = Baseline { count, median, at: Timestamp::from_millis(0) };
    Baselines { download: Some(one), upload: Some(one) }
}

fn kinds(limits: &TestLimits, figures: &Figures, baselines: &Baselines) -> Vec<BreachKind> {
    breaches(limits, figures, baselines).into_iter().map(|breach| breach.kind).collect()
}

#[test]
fn fs_29_each_of_the_six_kinds_and_equality_is_none() {
    let none = Baselines::default();
    assert_eq!(kinds(&limits(), &well(), &none), []);
    type Change = fn(&mut Figures);
    let cases: [(Change, BreachKind, f64, f64); 5] = [
        (|f| f.download_mbps = Some(799.9), BreachKind::Download, 799.9, 800.0),
        (|f| f.upload_mbps = Some(399.9), BreachKind::Upload, 399.9, 400.0),
        (|f| f.latency_ms = Some(20.1), BreachKind::Latency, 20.1, 20.0),
        (|f| f.jitter_ms = Some(10.1), BreachKind::Jitter, 10.1, 10.0),
        (|f| f.loss_pct = Some(0.51), BreachKind::PacketLoss, 0.51, 0.5),
    ];
    for (change, kind, value, limit) in cases {
        let mut figures = well();
        change(&mut figures);
        assert_eq!(breaches(&limits(), &figures, &none), [Breach { kind, value, limit }]);
    }
    let slow = Figures { download_mbps: Some(899.0), upload_mbps: Some(901.0), ..well() };
    let at = Baselines { upload: base(50, 1300.0).upload, ..base(50, 1284.3) };
    assert_eq!(
        kinds(&limits(), &slow, &at),
        [BreachKind::DownloadBaseline, BreachKind::UploadBaseline]
    );
}

#[test]
fn fs_29_a_figure_that_is_not_there_breaks_nothing() {
    let mut strict = limits();
    strict.baseline_deviation_pct = Some(0.0);
    assert_eq!(kinds(&strict, &Figures::default(), &base(50, 900.0)), []);
    let zero = Figures { download_mbps: Some(0.0), ..Figures::default() };
    assert_eq!(kinds(&TestLimits::default(), &zero, &Baselines::default()), []);
}

#[test]
fn fs_34_a_baseline_of_49_results_is_held_against_nothing() {
    let slow = Figures { download_mbps: Some(1.0), ..Figures::default() };
    let none = TestLimits::default();
    assert_eq!(kinds(&none, &slow, &base(49, 1000.0)), []);
    assert_eq!(kinds(&none, &slow, &base(50, 1000.0)), [BreachKind::DownloadBaseline]);
}

#[test]
fn fs_35_exactly_30_per_cent_below_is_none_and_the_share_can_be_set() {
    let at = |mbps| Figures { download_mbps: Some(mbps), ..Figures::default() };
    let none = TestLimits::default();
    for median in [1000.0, 941.3, 0.1, 0.7, 333.33, 1e-3, 98_765.432] {
        let limit = median * 0.7;
        assert_eq!(kinds(&none, &at(limit), &base(50, median)), [], "{median}");
        let below = at(limit * 0.999_999);
        assert_eq!(kinds(&none, &below, &base(50, median)), [BreachKind::DownloadBaseline]);
    }
    let share = |pct| TestLimits { baseline_deviation_pct: Some(pct), ..TestLimits::default() };
    assert_eq!(kinds(&share(10.0), &at(900.0), &base(50, 1000.0)), []);
    assert_eq!(kinds(&share(10.0), &at(899.9), &base(50, 1000.0)), [BreachKind::DownloadBaseline]);
    assert_eq!(kinds(&share(100.0), &at(0.0), &base(50, 1000.0)), [], "all of it");
    let found = breaches(&none, &at(699.0), &base(50, 1000.0));
    assert_eq!(found.first().map(|breach| (breach.value, breach.limit)), Some((699.0, 700.0)));
}

proptest! {
    /// Medians, rates and shares as decimals of three places, against whole numbers.
    #[test]
    fn fs_35_decimals_are_judged_as_whole_numbers_are(
        median in 1_i64..5_000_000,
        share in 0_i64..=100,
        near in -2_i64..=2,
        far in 0_i64..5_000_000,
        is_near in any::<bool>(),
    ) {
        let edge = median * (100 - share) / 100 + near;
        let value = if is_near { edge.max(0) } else { far };
        let wanted = value * 100 < median * (100 - share);
        let real = |thousandths: i64| {
            f64::from(i32::try_from(thousandths).unwrap()) / 1000.0
        };
        let limits = TestLimits {
            baseline_deviation_pct: Some(f64::from(i32::try_from(share).unwrap())),
            ..TestLimits::default()
        };
        let figures = Figures { download_mbps: Some(real(value)), ..Figures::default() };
        let found = kinds(&limits, &figures, &base(50, real(median)));
        prop_assert_eq!(!found.is_empty(), wanted, "{} of {} at {} %", value, median, share);
    }
}

#[test]
fn fs_32_breaches_are_confirmed_in_a_row() {
    let (bad, good, none) = (Some(true), Some(false), None);
    for (latest_first, wanted, why) in [
        (vec![bad, bad, bad], true, "three in a row"),
        (vec![bad, bad], false, "two"),
        (vec![good, bad, bad, bad], false, "the latest was well"),
        (vec![bad, good, bad, bad], false, "two breaches and a good one reset"),
        (vec![bad, bad, good, bad], false, "a good one between"),
        (vec![bad, none, bad, none, none, bad], true, "what measured nothing resets nothing"),
        (vec![none, none, none], false, "and confirms nothing"),
        (vec![bad, bad, none, good], false, "nor does it stand for a breach"),
        (vec![], false, "nothing yet"),
    ] {
        assert_eq!(confirmed(latest_first, 3, None), wanted, "{why}");
    }
    assert!(confirmed([bad], 1, None));
    assert!(!confirmed([good, bad], 1, None));
}

#[test]
fn fs_32_so_many_of_the_last() {
    let (bad, good, none) = (Some(true), Some(false), None);
    for (latest_first, wanted, why) in [
        (vec![bad, good, bad, good, bad], true, "three of five"),
        (vec![good, bad, good, bad, bad], true, "whichever they are"),
        (vec![good, good, bad, bad, good, bad], false, "the sixth does not count"),
        (vec![bad, none, good, none, bad, none, good, none, bad], true, "only measured ones do"),
        (vec![bad, bad, good], false, "two of three"),
        (vec![bad, bad, bad], true, "fewer than five are known"),
    ] {
        assert_eq!(confirmed(latest_first, 3, Some(5)), wanted, "{why}");
    }
}

fn plan(body: &str) -> Plan {
    let mut map: serde_json::Map<String, serde_json::Value> = serde_json::from_str(body).unwrap();
    map.entry("name").or_insert("x".into());
    map.entry("test_type").or_insert("speedtest".into());
    serde_json::from_value(map.into()).unwrap()
}

#[test]
fn d_19_who_can_never_have_a_baseline_is_told_so() {
    for (body, runs) in [
        (r#"{"interval_seconds": 3600}"#, None),
        (r#"{"interval_seconds": 21600}"#, None),
        (r#"{"interval_seconds": 24192}"#, None),
        (r#"{"interval_seconds": 24685}"#, None),
        (r#"{"interval_seconds": 24686}"#, Some("at most 49 runs")),
        (r#"{"interval_seconds": 86400}"#, Some("at most 14 runs")),
        (r#"{"interval_seconds": 2592000}"#, Some("at most 1 run in")),
        (r#"{"cron": "0 3 * * *"}"#, Some("at most 14 runs")),
        (r#"{"cron": "0 */6 * * *"}"#, None),
        (r#"{"cron": "* * * * *"}"#, None),
        (r#"{"cron": "0 9 * * MON-FRI"}"#, Some("at most 10 runs")),
        // The clocks go forward, and a Monday is there twice.
        (r#"{"cron": "0 9 * * MON-FRI", "zone": "Europe/Berlin"}"#, Some("at most 11 runs")),
        (r#"{"cron": "*/15 * 29 2 *"}"#, None),
        (r#"{"cron": "0 0,12 29 2 *"}"#, Some("at most 2 runs")),
    ] {
        let told = unreliable(&plan(body));
        assert_eq!(told.is_some(), runs.is_some(), "{body}: {told:?}");
        if let (Some(told), Some(runs)) = (told, runs) {
            assert!(told.starts_with("this job will never have a baseline"), "{told}");
            assert!(told.contains(runs) && told.contains("4 times a day"), "{told}");
        }
    }
    let trace = plan(r#"{"test_type": "trace", "interval_seconds": 86400, "target": "a"}"#);
    assert_eq!(unreliable(&trace), None, "a trace has no baseline anyway");
}
