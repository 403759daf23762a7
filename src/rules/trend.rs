//! The views of the past of tests (SPEC FS-36): every result, or means of hours, days and weeks of a
//! zone.
//!
//! Every bucket holds what lies from its start inclusive to its end exclusive. Days and weeks (from
//! Monday) begin when the clocks of the zone show their first moment, so a day has 23 to 25 hours
//! where clocks are set; hours are all of one length and begin with those of the zone's clocks at
//! the end of the view. The first bucket is a whole one, the last ends with the view.

use chrono::{Datelike as _, Days, MappedLocalTime, Months, NaiveDate, NaiveTime, Offset as _};
use chrono::{TimeDelta, TimeZone as _};
use chrono_tz::Tz;

use crate::model::{Bucket, Figures, Mean, Span, Timestamp, Trend, View};

const HOUR: i64 = 3_600_000;
/// Most results of a view that shows each; of more the latest are shown.
pub const RAW_LIMIT: usize = 20_000;

/// A result that measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When.
    pub at: Timestamp,
    /// What.
    pub figures: Figures,
}

/// The first moment that a view shows which ends at `now`.
#[must_use]
pub fn start(view: View, zone: Tz, now: Timestamp) -> Timestamp {
    let days = |count| today(zone, now).and_then(|day| day.checked_sub_days(Days::new(count)));
    let midnight = |day: Option<NaiveDate>| day.and_then(|day| first_moment(zone, day));
    match view {
        View::SixHours => now - Span::from_secs(6 * 3600),
        View::Day => now - Span::from_secs(24 * 3600),
        View::Week => hour_of(now - Span::from_secs(7 * 86_400), offset(zone, now)),
        View::Month => midnight(days(30)).unwrap_or(now),
        View::Year => {
            let day = today(zone, now).and_then(|day| day.checked_sub_months(Months::new(12)));
            midnight(day.and_then(monday)).unwrap_or(now)
        }
    }
}

/// A view that ends at `now`. The results may come in any order; those outside are left out.
#[must_use]
pub fn trend(
    view: View,
    zone: Tz,
    now: Timestamp,
    results: impl IntoIterator<Item = Point>,
) -> Trend {
    let start = start(view, zone, now);
    let within = results.into_iter().filter(|one| one.at >= start && one.at < now);
    let buckets = match view {
        View::SixHours | View::Day => raw(within),
        View::Week | View::Month | View::Year => means(&edges(view, zone, start, now), within),
    };
    Trend { view, zone: zone.name().to_owned(), start, end: now, buckets }
}

fn raw(results: impl Iterator<Item = Point>) -> Vec<Bucket> {
    let mut points: Vec<Point> = results.collect();
    points.sort_by_key(|one| one.at);
    let surplus = points.len().saturating_sub(RAW_LIMIT);
    let shown = points.into_iter().skip(surplus).map(|one| {
        let mut bucket = Bucket::empty(one.at, one.at);
        for (slot, value) in slots(&mut bucket).into_iter().zip(values(&one.figures)) {
            *slot = value.map(Mean::of);
        }
        bucket
    });
    shown.collect()
}

/// Where the buckets begin, and the end of the last.
fn edges(view: View, zone: Tz, start: Timestamp, now: Timestamp) -> Vec<Timestamp> {
    let mut edges = vec![start];
    let mut day = today(zone, start);
    let mut at = start;
    while at < now {
        let next = match view {
            View::Month | View::Year => {
                let step = if view == View::Month { 1 } else { 7 };
                day = day.and_then(|day| day.checked_add_days(Days::new(step)));
                day.and_then(|day| first_moment(zone, day))
            }
            _ => Some(at + Span::from_secs(3600)),
        };
        at = next.unwrap_or(now).min(now);
        // A day that a zone left out has no moment.
        if edges.last().is_some_and(|last| *last < at) {
            edges.push(at);
        }
    }
    edges
}

fn means(edges: &[Timestamp], results: impl Iterator<Item = Point>) -> Vec<Bucket> {
    let pairs = edges.iter().zip(edges.iter().skip(1));
    let mut buckets: Vec<Bucket> = pairs.map(|(start, end)| Bucket::empty(*start, *end)).collect();
    for one in results {
        let index = buckets.partition_point(|bucket| bucket.end <= one.at);
        let Some(bucket) = buckets.get_mut(index) else { continue };
        for (slot, value) in slots(bucket).into_iter().zip(values(&one.figures)) {
            if let Some(value) = value {
                add(slot, value);
            }
        }
    }
    // While results come in, `mean` is their sum.
    for bucket in &mut buckets {
        for mean in slots(bucket).into_iter().flatten() {
            mean.mean /= f64::from(mean.count);
        }
    }
    buckets
}

fn add(slot: &mut Option<Mean>, value: f64) {
    match slot {
        None => *slot = Some(Mean::of(value)),
        Some(so_far) => {
            so_far.mean += value;
            so_far.min = so_far.min.min(value);
            so_far.max = so_far.max.max(value);
            so_far.count = so_far.count.saturating_add(1);
        }
    }
}

fn slots(bucket: &mut Bucket) -> [&mut Option<Mean>; 5] {
    [
        &mut bucket.download_mbps,
        &mut bucket.upload_mbps,
        &mut bucket.latency_ms,
        &mut bucket.jitter_ms,
        &mut bucket.loss_pct,
    ]
}

/// The figures in the order of [`slots`]; what is no number is none.
fn values(figures: &Figures) -> [Option<f64>; 5] {
    figures.named().map(|(_, value)| value.filter(|value| value.is_finite()))
}

fn offset(zone: Tz, at: Timestamp) -> i64 {
    let local = at.to_utc().map(|utc| utc.with_timezone(&zone));
    local.map_or(0, |local| i64::from(local.offset().fix().local_minus_utc()) * 1000)
}

fn hour_of(at: Timestamp, offset: i64) -> Timestamp {
    Timestamp::from_millis(at.millis() - (at.millis().saturating_add(offset)).rem_euclid(HOUR))
}

fn today(zone: Tz, at: Timestamp) -> Option<NaiveDate> {
    Some(at.to_utc()?.with_timezone(&zone).date_naive())
}

fn monday(day: NaiveDate) -> Option<NaiveDate> {
    day.checked_sub_days(Days::new(u64::from(day.weekday().num_days_from_monday())))
}

/// The first moment at which the clocks of a zone show a day, or the next day that they show.
#[must_use]
pub fn first_moment(zone: Tz, day: NaiveDate) -> Option<Timestamp> {
    let midnight = day.and_time(NaiveTime::MIN);
    // Clocks that are set forward at midnight leave out a part of the day, and once a whole one.
    let minutes = (0..=48 * 60).map(TimeDelta::minutes);
    let mut shown = minutes.filter_map(|later| {
        match zone.from_local_datetime(&midnight.checked_add_signed(later)?) {
            MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(at, _) => {
                Some(Timestamp::from_millis(at.timestamp_millis()))
            }
            MappedLocalTime::None => None,
        }
    });
    shown.next()
}

#[cfg(test)]
#[path = "trend_tests.rs"]
mod tests;
