//! Reading a check's past: the journal's open rows, chunks, and daily rows before them.

use std::collections::{BTreeMap, HashSet};

use super::bulk::rows;
use super::days::{DAY, day_of};
use super::fold::{HOUR, KEPT_FROM, hour_of};
use super::pack::day::{DaySummary, SeriesDay};
use super::pack::{Entry, batch, chunk};
use super::{Store, StoreError, read, words};
use crate::model::{Metric, State, Timestamp};

/// Rows of one statement.
const PAGE: usize = 64;
/// No history reaches back further from the newest hour than this.
const REACH: i64 = 500 * DAY;

const CHUNKS: &str = "SELECT hour, vals FROM chunks WHERE hour IN ";
const DAYS: &str = "SELECT day, vals FROM days WHERE day IN ";
const OF_CHECK: &str = " AND check_no = $65";
/// The chunks of one check in 64 hours.
pub(super) const CHUNKS_OF: &str = rows!(CHUNKS, 1, 64, "", OF_CHECK);

/// A stored value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When the result was made.
    pub at: Timestamp,
    /// The value, to four significant digits.
    pub value: f64,
}

/// A series on one day whose results are no longer kept one by one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DayPoint {
    /// First moment of the day (UTC).
    pub day: Timestamp,
    /// How many values.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// What 95 % of them do not exceed.
    pub p95: f64,
}

/// One metric of a check; days come before points, both oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its number.
    pub no: i64,
    /// Name, instance and unit; its value is the last one here (NaN without any).
    pub metric: Metric,
    /// Single values.
    pub points: Vec<Point>,
    /// Days before them.
    pub days: Vec<DayPoint>,
}

/// A result's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatePoint {
    /// When the result was made.
    pub at: Timestamp,
    /// Its judged state.
    pub state: State,
    /// True when it came too late to be judged.
    pub late: bool,
}

/// The states of one day whose results are no longer kept one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayStates {
    /// First moment of the day (UTC).
    pub day: Timestamp,
    /// Results that were OK, WARNING, CRITICAL, UNKNOWN.
    pub counts: [u64; 4],
    /// Of them, those that came too late to be judged.
    pub late: u64,
}

/// A check's past.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// By series number; only those with something in the time asked for.
    pub series: Vec<Series>,
    /// Single results, oldest first.
    pub states: Vec<StatePoint>,
    /// Days before them, oldest first.
    pub days: Vec<DayStates>,
    /// Stored hours and days that could not be read: what they held is missing here.
    pub damaged: u32,
}

impl Store {
    /// What is stored of a check from `from` (inclusive) to `to` (exclusive): single results as
    /// long as those are kept, daily rows before.
    ///
    /// # Errors
    /// When the database cannot be read. Damaged rows are counted, not an error.
    pub async fn history(
        &self,
        check_no: i64,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<History, StoreError> {
        let (from, to) = (from.millis(), to.millis());
        let mut damaged = 0;
        // First the journal, then the chunks: what is folded in between is seen twice, not never.
        let mut entries = self.journal_entries(check_no, from, to, &mut damaged).await?;
        let kept_from = self.meta(KEPT_FROM).await?;
        let kept_from = kept_from.and_then(|text| text.parse().ok()).unwrap_or(i64::MIN);
        let seen: HashSet<(i64, i64)> = entries.iter().map(Entry::key).collect();
        let stored = self.chunk_entries(check_no, from.max(kept_from), to, &mut damaged).await?;
        entries.extend(
            stored.into_iter().filter(|e| e.at >= from && e.at < to && !seen.contains(&e.key())),
        );
        entries.sort_by_key(Entry::key);
        let days = self.day_rows(check_no, from, to.min(kept_from), &mut damaged).await?;
        let names = self.series_of(check_no).await?;
        Ok(assemble(names, &entries, &days, damaged))
    }

    async fn journal_entries(
        &self,
        check_no: i64,
        from: i64,
        to: i64,
        damaged: &mut u32,
    ) -> Result<Vec<Entry>, StoreError> {
        const SQL: &str =
            "SELECT vals FROM journal WHERE newest >= $1 AND oldest < $2 ORDER BY seq";
        let timer = self.meters.storage.begin("read");
        let stored: Vec<Vec<u8>> =
            read!(self, pool => sqlx::query_scalar(SQL).bind(from).bind(to).fetch_all(pool).await)?;
        timer.end(stored.iter().map(Vec::len).sum());
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen = HashSet::new();
        for bytes in stored {
            match batch::decode(&bytes, |check| check == check_no) {
                Ok(rows) => entries.extend(
                    rows.into_iter()
                        .map(|(_, entry)| entry)
                        .filter(|e| e.at >= from && e.at < to && seen.insert(e.key())),
                ),
                Err(_) => *damaged += 1,
            }
        }
        Ok(entries)
    }

    async fn chunk_entries(
        &self,
        check_no: i64,
        from: i64,
        to: i64,
        damaged: &mut u32,
    ) -> Result<Vec<Entry>, StoreError> {
        const BOUNDS: &str =
            "SELECT (SELECT MIN(hour) FROM chunks), (SELECT MAX(hour) FROM chunks)";
        let bounds: (Option<i64>, Option<i64>) =
            read!(self, pool => sqlx::query_as(BOUNDS).fetch_one(pool).await)?;
        let (Some(first), Some(last)) = bounds else { return Ok(Vec::new()) };
        let end = to.min(last.saturating_add(HOUR));
        let start = hour_of(from.max(first).max(end.saturating_sub(REACH)));
        let sql = CHUNKS_OF;
        let mut entries = Vec::new();
        let timer = self.meters.storage.begin("read");
        let stored = self.by_time(sql, check_no, (start, end, HOUR)).await?;
        timer.end(stored.iter().map(|(_, vals)| vals.len()).sum());
        for (hour, vals) in stored {
            match chunk::decode(hour, &vals) {
                Ok(more) => entries.extend(more),
                Err(_) => *damaged += 1,
            }
        }
        Ok(entries)
    }

    /// The daily rows of days that end at or before `to` and are not over at `from`.
    async fn day_rows(
        &self,
        check_no: i64,
        from: i64,
        to: i64,
        damaged: &mut u32,
    ) -> Result<Vec<(i64, DaySummary)>, StoreError> {
        const FIRST: &str = "SELECT MIN(day) FROM days";
        let first: Option<i64> =
            read!(self, pool => sqlx::query_scalar(FIRST).fetch_one(pool).await)?;
        let Some(first) = first.filter(|first| *first < to) else { return Ok(Vec::new()) };
        let start = day_of(from.max(first).max(to.saturating_sub(REACH)));
        let sql = rows!(DAYS, 1, 64, "", OF_CHECK);
        let mut days = Vec::new();
        for (day, vals) in self.by_time(sql, check_no, (start, day_of(to), DAY)).await? {
            match DaySummary::decode(&vals) {
                Ok(summary) => days.push((day, summary)),
                Err(_) => *damaged += 1,
            }
        }
        days.sort_by_key(|(day, _)| *day);
        Ok(days)
    }

    /// The rows of a check at each step from `start` to `end`. The key begins with the time, so
    /// each row is asked for by name.
    pub(super) async fn by_time(
        &self,
        sql: &'static str,
        check_no: i64,
        (start, end, step): (i64, i64, i64),
    ) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        let mut found = Vec::new();
        let mut next = start;
        while next < end {
            let page = next;
            let rows: Vec<(i64, Vec<u8>)> = read!(self, pool => {
                let mut query = sqlx::query_as(sql);
                for row in 0..PAGE {
                    let row = i64::try_from(row).unwrap_or(0);
                    let at = page.saturating_add(row.saturating_mul(step));
                    // What lies behind the end is not fetched: the first is asked for twice instead.
                    query = query.bind(if at < end { at } else { page });
                }
                query.bind(check_no).fetch_all(pool).await
            })?;
            found.extend(rows);
            next = next.saturating_add(step.saturating_mul(i64::try_from(PAGE).unwrap_or(1)));
        }
        Ok(found)
    }

    pub(super) async fn series_of(
        &self,
        check_no: i64,
    ) -> Result<BTreeMap<i64, Metric>, StoreError> {
        const SQL: &str = "SELECT no, metric, instance, unit FROM series WHERE check_no = $1";
        let rows: Vec<(i64, String, String, String)> =
            read!(self, pool => sqlx::query_as(SQL).bind(check_no).fetch_all(pool).await)?;
        let mut names = BTreeMap::new();
        for (no, name, instance, unit) in rows {
            let unit = words::from_json(&unit)
                .ok_or_else(|| self.corrupt(format!("series {no} has no readable unit")))?;
            let mut metric = Metric::new(&name, f64::NAN, unit);
            metric.instance = (!instance.is_empty()).then(|| instance.into());
            names.insert(no, metric);
        }
        Ok(names)
    }
}

fn assemble(
    names: BTreeMap<i64, Metric>,
    entries: &[Entry],
    days: &[(i64, DaySummary)],
    damaged: u32,
) -> History {
    let mut series: BTreeMap<i64, Series> = names
        .into_iter()
        .map(|(no, metric)| (no, Series { no, metric, points: Vec::new(), days: Vec::new() }))
        .collect();
    let mut states = Vec::with_capacity(entries.len());
    for entry in entries {
        let at = Timestamp::from_millis(entry.at);
        let state = State::from_exit_code(i32::from(entry.state)).unwrap_or(State::Unknown);
        states.push(StatePoint { at, state, late: entry.late });
        for (no, value) in &entry.values {
            if let Some(series) = series.get_mut(no) {
                series.points.push(Point { at, value: *value });
            }
        }
    }
    let mut day_states = Vec::with_capacity(days.len());
    for (day, summary) in days {
        let day = Timestamp::from_millis(*day);
        day_states.push(DayStates { day, counts: summary.states, late: summary.late });
        for of_day in &summary.series {
            if let Some(series) = series.get_mut(&of_day.series) {
                series.days.push(day_point(day, of_day));
            }
        }
    }
    let mut series: Vec<Series> = series.into_values().collect();
    series.retain(|series| !series.points.is_empty() || !series.days.is_empty());
    for series in &mut series {
        let last = series.points.last().map(|point| point.value);
        series.metric.value =
            last.or_else(|| series.days.last().map(|day| day.mean)).unwrap_or(f64::NAN);
    }
    History { series, states, days: day_states, damaged }
}

const fn day_point(day: Timestamp, of_day: &SeriesDay) -> DayPoint {
    DayPoint {
        day,
        count: of_day.count,
        mean: of_day.mean,
        min: of_day.min,
        max: of_day.max,
        p95: of_day.p95,
    }
}
