//! Baseline, views and report of the history, each against a count by hand.

use std::collections::BTreeMap;

use fluxnoc::model::{Breach, Figures, Test, TestPhase, Timestamp, View};
use fluxnoc::report::{Outcome, Stats, summarize};
use fluxnoc::rules::baseline::{Sample, baseline};
use fluxnoc::rules::trend::{Point, trend};

use crate::history::{DAY, asked, at, end, history, run, sla, start};

const SEEDS: [u64; 4] = [1, 42, 4711, 987_654_321];

type Pick = fn(&Figures) -> Option<f64>;
const PICKS: [Pick; 5] = [
    |of| of.download_mbps,
    |of| of.upload_mbps,
    |of| of.latency_ms,
    |of| of.jitter_ms,
    |of| of.loss_pct,
];

fn sorted(tests: &[Test], pick: Pick, with_maintenance: bool) -> Vec<f64> {
    let mut all = Vec::new();
    for test in tests {
        if test.phase == TestPhase::Done && (with_maintenance || !test.in_maintenance) {
            all.extend(pick(&test.figures));
        }
    }
    all.sort_by(|a, b| a.partial_cmp(b).unwrap());
    all
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

#[test]
fn fs_33_the_baseline_of_the_history_equals_brute_force() {
    for seed in SEEDS {
        let tests = history(seed);
        let done = tests.iter().filter(|test| test.phase == TestPhase::Done);
        let samples = done.map(|test| Sample {
            at: test.asked_at,
            download: test.figures.download_mbps,
            upload: test.figures.upload_mbps,
            in_maintenance: test.in_maintenance,
        });
        let made = baseline(samples, end());
        for (made, pick) in [(made.download, PICKS[0]), (made.upload, PICKS[1])] {
            let made = made.unwrap();
            let all = sorted(&tests, pick, false);
            let (n, half) = (all.len(), all.len() / 2);
            let median = if n % 2 == 1 { all[half] } else { (all[half - 1] + all[half]) / 2.0 };
            assert_eq!((made.count as usize, made.median), (n, median), "seed {seed}");
            assert!(made.is_reliable());
        }
        // Slow maintenance would have pulled it down.
        assert!(made.download.unwrap().median > 900.0);
    }
}

#[test]
fn fs_36_the_views_of_the_history_equal_brute_force() {
    let zone = chrono_tz::Europe::Berlin;
    for seed in SEEDS {
        let tests = history(seed);
        let done = || tests.iter().filter(|test| test.phase == TestPhase::Done);
        let points = || done().map(|test| Point { at: test.asked_at, figures: test.figures });
        let form = |view| match view {
            View::Week => "%F %H %z",
            View::Month => "%F",
            _ => "%G-%V",
        };
        for view in [View::Week, View::Month, View::Year] {
            let name = |at: Timestamp| {
                at.to_utc().unwrap().with_timezone(&zone).format(form(view)).to_string()
            };
            let made = trend(view, zone, end(), points());
            let mut groups: BTreeMap<String, Vec<f64>> = BTreeMap::new();
            for point in points().filter(|one| one.at >= made.start && one.at < end()) {
                let group = groups.entry(name(point.at)).or_default();
                group.extend(point.figures.download_mbps);
            }
            let shown = made.buckets.iter().filter(|one| one.download_mbps.is_some()).count();
            assert_eq!(shown, groups.len(), "{view}");
            for bucket in &made.buckets {
                let Some(mean) = bucket.download_mbps else { continue };
                let group = &groups[&name(bucket.start)];
                let sum: f64 = group.iter().sum();
                assert_eq!(mean.count as usize, group.len(), "{view} {}", bucket.start);
                assert!(close(mean.mean, sum / f64::from(mean.count)));
                assert_eq!(mean.min, group.iter().copied().fold(f64::MAX, f64::min));
                assert_eq!(mean.max, group.iter().copied().fold(0.0, f64::max));
            }
        }
        for (view, hours) in [(View::SixHours, 6), (View::Day, 24)] {
            let from = end().millis() - hours * 3_600_000;
            let wanted = done().filter(|test| test.asked_at.millis() >= from).count();
            assert_eq!(trend(view, zone, end(), points()).buckets.len(), wanted);
        }
    }
}

/// The least value that so many per cent do not exceed.
fn percentile(all: &[f64], pct: usize) -> f64 {
    let reaches =
        |value: &&f64| all.iter().filter(|other| *other <= *value).count() * 100 >= pct * all.len();
    *all.iter().find(reaches).unwrap()
}

fn equals(made: Option<&Stats>, all: &[f64]) {
    let Some(made) = made else {
        assert!(all.is_empty());
        return;
    };
    let sum: f64 = all.iter().sum();
    let count = u32::try_from(all.len()).unwrap();
    assert_eq!(made.count, u64::from(count));
    assert!(close(made.mean, sum / f64::from(count)));
    assert_eq!(
        [made.min, made.p5, made.p50, made.p95, made.max],
        [all[0], percentile(all, 5), percentile(all, 50), percentile(all, 95), all[all.len() - 1]]
    );
}

#[test]
fn fs_37_d_20_d_22_the_figures_of_the_report_equal_brute_force() {
    for seed in SEEDS {
        let tests = history(seed);
        let report = summarize(asked(Some(sla())), &tests);
        for (figure, pick) in report.figures.iter().zip(PICKS) {
            equals(figure.counted.as_ref(), &sorted(&tests, pick, false));
            equals(figure.all.as_ref(), &sorted(&tests, pick, true));
        }
        let count = |phase, maintenance| {
            let of = tests.iter().filter(|test| test.phase == phase);
            of.filter(|test| test.in_maintenance == maintenance).count() as u64
        };
        let quality = &report.quality;
        assert_eq!(quality.expected, Some(tests.len() as u64));
        assert_eq!(quality.done, count(TestPhase::Done, false));
        assert_eq!(quality.done_in_maintenance, count(TestPhase::Done, true));
        assert!(quality.done_in_maintenance > 10);
        assert_eq!(quality.failed, count(TestPhase::Failed, false));
        let missed = count(TestPhase::Missed, false) + count(TestPhase::Missed, true);
        assert_eq!(quality.missed, missed);
        let all: u64 = quality.named().iter().map(|(_, count)| count).sum();
        assert_eq!((all, report.results), (tests.len() as u64, tests.len() as u64));
        let reasons: u64 = quality.reasons.iter().map(|(_, count)| count).sum();
        assert_eq!(reasons, quality.failed + quality.failed_in_maintenance + quality.missed);

        let done = tests.iter().filter(|test| test.phase == TestPhase::Done);
        let mut broken = 0;
        for test in done {
            let of = &test.figures;
            broken += u64::from(of.download_mbps.unwrap() < 800.0);
            broken += u64::from(of.upload_mbps.unwrap() < 400.0);
            broken += u64::from(of.latency_ms.unwrap() > 25.0);
            broken += u64::from(of.loss_pct.unwrap() > 0.5);
            broken += test.breaches.len() as u64;
        }
        assert_eq!(report.broken, broken);
        assert!(report.log.len() as u64 == broken && broken > 20, "{broken}");
        assert!(report.log.is_sorted_by_key(|line| line.at));
        let words = report.maintenance();
        let both = format!(
            "{} of {}",
            quality.done_in_maintenance,
            quality.done + quality.done_in_maintenance
        );
        assert!(words.contains(&both) && words.contains("do not count"), "{words}");
    }
}

#[test]
fn d_20_one_bad_day_breaks_the_promise_only_where_the_low_tail_says_so() {
    let tests = history(1);
    // 24 of 1,344 runs were bad: less than 5 %.
    assert_eq!(summarize(asked(Some(sla())), &tests).verdict.outcome, Outcome::Met);
    let mut strict = sla();
    strict.download_mbps = Some(930.0);
    let report = summarize(asked(Some(strict)), &tests);
    assert_eq!(report.verdict.outcome, Outcome::Broken);
    let sentence = &report.verdict.sentence;
    assert!(sentence.contains("in the slowest 5 % of the runs download was"), "{sentence}");
    assert_eq!(summarize(asked(None), &tests).verdict.outcome, Outcome::Unknown);
}

#[test]
fn d_21_the_period_is_half_open_and_the_order_is_that_in_which_runs_were_due() {
    let one = |number, at: Timestamp| run(number, at, Figures::default());
    let just = |at: Timestamp, by: i64| Timestamp::from_millis(at.millis() + by);
    let mut tests = vec![
        one(1, just(end(), -1)),
        one(2, end()),
        one(3, start()),
        one(4, just(start(), -1)),
        one(5, at("2026-03-29T01:00:00Z")),
    ];
    let report = summarize(asked(None), &tests);
    assert_eq!(report.results, 3);
    tests.reverse();
    assert_eq!(summarize(asked(None), &tests).digest, report.digest);
    let mut builder = fluxnoc::report::Builder::new(asked(None));
    let taken = tests.iter().filter(|test| builder.add(test).is_some()).count();
    assert_eq!(taken, 3, "also when they come one by one");
    assert_eq!(report.charts[0].columns.len() % 14, 0, "a day is so many columns of a chart");
    assert_eq!(report.charts[0].place(just(start(), 7 * DAY)), 0.5);
}

#[test]
fn what_is_not_over_is_no_result_yet() {
    let mut tests = history(1);
    let before = summarize(asked(None), &tests);
    let mut waits = run(9999, at("2026-03-30T00:00:00Z"), Figures::default());
    waits.phase = TestPhase::Running;
    tests.push(waits);
    let after = summarize(asked(None), &tests);
    assert_eq!((after.quality.unfinished, before.quality.unfinished), (1, 0));
    assert_eq!((after.results, &after.digest), (before.results, &before.digest));
    let file = fluxnoc::report::csv::write(&after, &tests, Vec::new()).unwrap();
    assert!(fluxnoc::report::verify::csv(&file).is_ok());
}

#[test]
fn i22_what_is_no_number_enters_no_figure() {
    let mut tests = history(1);
    tests.truncate(10);
    let clean = summarize(asked(None), &tests);
    for (index, bad) in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].into_iter().enumerate() {
        let at = Timestamp::from_millis(start().millis() + 20 * DAY / 24);
        let figures = Figures { download_mbps: Some(bad), ..Figures::default() };
        let mut test = run(1000 + index as u64, at, figures);
        test.breaches.push(Breach {
            kind: fluxnoc::model::BreachKind::Download,
            value: bad,
            limit: 1.0,
        });
        tests.push(test);
    }
    let report = summarize(asked(None), &tests);
    assert_eq!(report.figures, clean.figures);
    assert_eq!(report.broken, clean.broken);
}
