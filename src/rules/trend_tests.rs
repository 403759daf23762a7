//! The views against figures that are calculated one result at a time, in zones whose clocks are set.

use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn point(at: Timestamp, download: f64) -> Point {
    let figures = Figures { download_mbps: Some(download), ..Figures::default() };
    Point { at, figures }
}

fn starts(trend: &Trend) -> Vec<String> {
    let short = |bucket: &Bucket| bucket.start.to_string().replace(":00.000Z", "");
    trend.buckets.iter().map(short).collect()
}

#[test]
fn fs_36_six_hours_and_a_day_show_each_result_half_open() {
    let now = at("2026-03-29T12:00:00Z");
    for (view, hours) in [(View::SixHours, 6_u64), (View::Day, 24)] {
        let first = now - Span::from_secs(hours * 3600);
        let just = Span::from_millis(1);
        let all = [
            point(now, 9.0),
            point(now - just, 3.0),
            point(first, 1.0),
            point(first - just, 9.0),
            point(first + just, 2.0),
        ];
        let shown = trend(view, Tz::UTC, now, all);
        let values: Vec<f64> =
            shown.buckets.iter().map(|one| one.download_mbps.unwrap().mean).collect();
        assert_eq!(values, [1.0, 2.0, 3.0], "oldest first: {view}");
        assert_eq!((shown.start, shown.end), (first, now));
        assert!(shown.buckets.iter().all(|one| one.upload_mbps.is_none()));
    }
}

#[test]
fn fs_36_hours_days_and_weeks_begin_with_those_of_the_zone() {
    let now = at("2026-03-29T12:30:00Z");
    let week = trend(View::Week, chrono_tz::Asia::Kolkata, now, []);
    assert_eq!(starts(&week).first().unwrap(), "2026-03-22T12:30", "18:00 in Kolkata");
    assert_eq!(week.buckets.len(), 168, "its last hour just ended");
    let month = trend(View::Month, chrono_tz::Europe::Berlin, now, []);
    let days = starts(&month);
    assert_eq!(days.len(), 31);
    assert_eq!(days.first().unwrap(), "2026-02-26T23:00", "midnight of the 27th");
    assert_eq!(&days[29..], ["2026-03-27T23:00", "2026-03-28T23:00"]);
    let year = trend(View::Year, chrono_tz::America::New_York, now, []);
    assert_eq!(starts(&year).first().unwrap(), "2025-03-24T04:00", "a Monday");
    assert_eq!(year.buckets.len(), 53);
}

#[test]
fn fs_36_a_day_has_23_or_25_hours_where_clocks_are_set() {
    let hours = |zone, now| {
        let month = trend(View::Month, zone, at(now), []);
        let of = |one: &Bucket| one.end.since(one.start).millis() / 3_600_000;
        let mut lengths: Vec<u64> = month.buckets.iter().map(of).collect();
        lengths.pop();
        lengths.retain(|hours| *hours != 24);
        lengths
    };
    assert_eq!(hours(chrono_tz::Europe::Berlin, "2026-04-10T00:00:00Z"), [23]);
    assert_eq!(hours(chrono_tz::Europe::Berlin, "2026-11-10T00:00:00Z"), [25]);
    assert_eq!(hours(chrono_tz::UTC, "2026-04-10T00:00:00Z"), [0_u64; 0]);
    // Here midnight is left out, or comes twice.
    assert_eq!(hours(chrono_tz::Africa::Cairo, "2026-05-10T00:00:00Z"), [23]);
    assert_eq!(hours(chrono_tz::America::Havana, "2025-11-10T00:00:00Z"), [25]);
    // A day that Samoa left out.
    let month = trend(View::Month, chrono_tz::Pacific::Apia, at("2012-01-10T00:00:00Z"), []);
    let whole = month.buckets.iter().rev().skip(1);
    assert!(whole.clone().all(|one| one.end.since(one.start) == Span::from_secs(86_400)));
    assert_eq!(month.buckets.len(), 30, "30 days, today, and one of them never was");
}

const ZONES: [Tz; 7] = [
    Tz::UTC,
    chrono_tz::Europe::Berlin,
    chrono_tz::America::New_York,
    chrono_tz::Asia::Kolkata,
    chrono_tz::Australia::Lord_Howe,
    chrono_tz::Africa::Cairo,
    chrono_tz::Pacific::Apia,
];

/// The stretch that a moment belongs to, found from its own local time alone.
fn key(view: View, zone: Tz, now: Timestamp, at: Timestamp) -> String {
    let utc: DateTime<Utc> = at.to_utc().unwrap();
    match view {
        View::SixHours | View::Day => String::new(),
        View::Week => {
            let shown = now.to_utc().unwrap().with_timezone(&zone).offset().fix();
            utc.with_timezone(&shown).format("%F %H").to_string()
        }
        View::Month => utc.with_timezone(&zone).format("%F").to_string(),
        View::Year => utc.with_timezone(&zone).format("%G-%V").to_string(),
    }
}

proptest! {
    #[test]
    fn fs_36_means_equal_brute_force(
        zone in prop::sample::select(&ZONES[..]),
        view in prop::sample::select(&View::ALL[2..]),
        now in 1_700_000_000_000_i64..1_850_000_000_000,
        ages in prop::collection::vec((0.0..1.05_f64, prop::option::of(0.0..2000.0_f64)), 0..120),
    ) {
        let now = Timestamp::from_millis(now);
        let first = start(view, zone, now);
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a draw")]
        let results: Vec<Point> = ages.iter().map(|(age, value)| {
            let back = (now.since(first).millis() as f64 * age) as u64;
            let figures = Figures { upload_mbps: *value, latency_ms: Some(*age), ..Figures::default() };
            Point { at: now - Span::from_millis(back), figures }
        }).collect();
        let made = trend(view, zone, now, results.iter().copied());

        let pairs = made.buckets.windows(2);
        for pair in pairs {
            prop_assert_eq!(pair[0].end, pair[1].start, "no gap and no overlap");
        }
        prop_assert_eq!(made.buckets.first().map(|one| one.start), Some(first));
        prop_assert_eq!(made.buckets.last().map(|one| one.end), Some(now));
        let mut seen = std::collections::BTreeSet::new();
        let mut counted = 0;
        for bucket in &made.buckets {
            let name = key(view, zone, now, bucket.start);
            prop_assert!(seen.insert(name.clone()), "two buckets of {}", name);
            let before = key(view, zone, now, bucket.start - Span::from_millis(1));
            prop_assert_ne!(&name, &before, "it begins at its first moment");
            let of: Vec<f64> = results.iter()
                .filter(|one| one.at >= first && one.at < now)
                .filter(|one| key(view, zone, now, one.at) == name)
                .filter_map(|one| one.figures.upload_mbps)
                .collect();
            counted += of.len();
            match bucket.upload_mbps {
                None => prop_assert!(of.is_empty()),
                Some(mean) => {
                    let sum: f64 = of.iter().sum();
                    let wanted = sum / f64::from(u32::try_from(of.len()).unwrap());
                    prop_assert_eq!(mean.count as usize, of.len());
                    prop_assert!((mean.mean - wanted).abs() <= 1e-9 * wanted.abs());
                    prop_assert_eq!(mean.min, of.iter().copied().fold(f64::INFINITY, f64::min));
                    prop_assert_eq!(mean.max, of.iter().copied().fold(0.0, f64::max));
                }
            }
        }
        let inside = results.iter().filter(|one| one.at >= first && one.at < now);
        prop_assert_eq!(counted, inside.filter(|one| one.figures.upload_mbps.is_some()).count());
    }
}
