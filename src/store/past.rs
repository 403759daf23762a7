//! The stored results of many checks one by one, in pages: what a rule is tried on.
//!
//! Of each result only the values of one metric are kept, so that a device with thousands of series
//! takes no more memory than any other check.

use std::collections::{HashMap, HashSet};

use super::fold::{HOUR, KEPT_FROM, hour_of};
use super::pack::{Entry, batch, chunk};
use super::{Store, StoreError, read};
use crate::model::{Metric, State, Timestamp};

/// Hours of one page of a check with few series.
const HOURS: i64 = 64;
/// Series beyond which a page is shorter.
const FEW: usize = 64;

const BOUNDS: &str = "SELECT (SELECT MIN(hour) FROM chunks), (SELECT MAX(hour) FROM chunks)";

/// A stored result, with the values of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// When it was made.
    pub at: Timestamp,
    /// Its state, as it was judged then.
    pub state: State,
    /// True when it came too late to be judged.
    pub late: bool,
    /// True when it measured anything, of whatever metric.
    pub measured: bool,
    /// Values, each with the place of its series in [`Past::metrics`].
    pub values: Vec<(usize, f64)>,
}

/// One check whose past is read.
#[derive(Debug, Default)]
struct OfCheck {
    metrics: Vec<Metric>,
    places: HashMap<i64, usize>,
    series: usize,
    /// What is not yet folded, by `(at, slot)`.
    open: Vec<(i64, i64, Recorded)>,
    /// Where the next page begins; `None` when all was given.
    next: Option<i64>,
}

/// The past of some checks, open to be read page by page.
#[derive(Debug)]
pub struct Past {
    checks: HashMap<i64, OfCheck>,
    to: i64,
    /// Where the last chunk ends.
    folded: i64,
    /// Before this moment single results are kept no more; `None` while all are.
    pub kept_from: Option<Timestamp>,
    /// Stored pieces that could not be read.
    pub damaged: u32,
}

impl Past {
    /// The series of a check that have the metric asked for, without values.
    #[must_use]
    pub fn metrics(&self, check_no: i64) -> &[Metric] {
        self.checks.get(&check_no).map_or(&[], |check| &check.metrics)
    }
}

impl Store {
    /// Opens the past of a few checks, each with the metric that is wanted of it, from `from`
    /// (inclusive) to `to` (exclusive).
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn past(
        &self,
        wanted: &[(i64, &str)],
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Past, StoreError> {
        let (from, to) = (from.millis(), to.millis());
        let mut checks: HashMap<i64, OfCheck> = HashMap::new();
        for (no, metric) in wanted {
            let all = self.series_of(*no).await?;
            let mut check = OfCheck { series: all.len(), ..OfCheck::default() };
            for (series, known) in all {
                if *known.name == **metric {
                    check.places.insert(series, check.metrics.len());
                    check.metrics.push(known);
                }
            }
            checks.insert(*no, check);
        }
        let mut past = Past { checks, to, folded: i64::MIN, kept_from: None, damaged: 0 };
        // First the journal, then the chunks: what is folded in between is seen twice, not never.
        self.read_journal(&mut past, from).await?;
        let kept_from: Option<i64> = self.meta(KEPT_FROM).await?.and_then(|text| text.parse().ok());
        past.kept_from = kept_from.map(Timestamp::from_millis);
        let bounds: (Option<i64>, Option<i64>) =
            read!(self, pool => sqlx::query_as(BOUNDS).fetch_one(pool).await)?;
        let mut first = from.max(kept_from.unwrap_or(from));
        if let (Some(oldest), Some(newest)) = bounds {
            past.folded = newest.saturating_add(HOUR);
            first = first.max(oldest.min(to));
        }
        // A result of the journal may be older than what is kept in chunks.
        for check in past.checks.values_mut() {
            let oldest = check.open.iter().map(|(at, ..)| *at).min();
            check.next = Some(first.min(oldest.unwrap_or(first)).max(from));
        }
        Ok(past)
    }

    async fn read_journal(&self, past: &mut Past, from: i64) -> Result<(), StoreError> {
        const SQL: &str =
            "SELECT vals FROM journal WHERE newest >= $1 AND oldest < $2 ORDER BY seq";
        let to = past.to;
        let stored: Vec<Vec<u8>> =
            read!(self, pool => sqlx::query_scalar(SQL).bind(from).bind(to).fetch_all(pool).await)?;
        for bytes in stored {
            let Ok(rows) = batch::decode(&bytes, |check| past.checks.contains_key(&check)) else {
                past.damaged += 1;
                continue;
            };
            for (no, entry) in rows {
                if let Some(check) = past.checks.get_mut(&no)
                    && (from..to).contains(&entry.at)
                {
                    let slim = check.slim(&entry);
                    check.open.push((entry.at, entry.slot, slim));
                }
            }
        }
        Ok(())
    }

    /// The next page of a check's results, oldest first; `None` when all was given. A page may be
    /// empty.
    ///
    /// # Errors
    /// When the database cannot be read. Damaged rows are counted, not an error.
    pub async fn past_page(
        &self,
        past: &mut Past,
        check_no: i64,
    ) -> Result<Option<Vec<Recorded>>, StoreError> {
        let (to, folded) = (past.to, past.folded);
        let Some(check) = past.checks.get_mut(&check_no) else { return Ok(None) };
        let Some(start) = check.next.filter(|start| *start < to) else { return Ok(None) };
        let hours = if check.series <= FEW { HOURS } else { HOURS / 8 };
        // What lies behind the last chunk is one page: only the journal has it.
        let end = if start >= folded { to } else { to.min(hour_of(start) + hours * HOUR) };
        check.next = Some(end);
        let mut seen = HashSet::new();
        let mut found: Vec<(i64, i64, Recorded)> = Vec::new();
        for one in check.open.extract_if(.., |(at, ..)| *at < end) {
            if seen.insert((one.0, one.1)) {
                found.push(one);
            }
        }
        if start < folded {
            let sql = super::history::CHUNKS_OF;
            let rows = self.by_time(sql, check_no, (hour_of(start), end, HOUR)).await?;
            for (hour, vals) in rows {
                let Ok(entries) = chunk::decode(hour, &vals) else {
                    past.damaged += 1;
                    continue;
                };
                for entry in entries.iter().filter(|e| (start..end).contains(&e.at)) {
                    if seen.insert(entry.key()) {
                        found.push((entry.at, entry.slot, check.slim(entry)));
                    }
                }
            }
        }
        found.sort_by_key(|(at, slot, _)| (*at, *slot));
        Ok(Some(found.into_iter().map(|(.., recorded)| recorded).collect()))
    }
}

impl OfCheck {
    fn slim(&self, entry: &Entry) -> Recorded {
        let mine = |(no, value): &(i64, f64)| Some((*self.places.get(no)?, *value));
        Recorded {
            at: Timestamp::from_millis(entry.at),
            state: State::from_exit_code(i32::from(entry.state)).unwrap_or(State::Unknown),
            late: entry.late,
            measured: !entry.values.is_empty(),
            values: entry.values.iter().filter_map(mine).collect(),
        }
    }
}
