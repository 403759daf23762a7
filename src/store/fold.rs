//! Folding: from the journal's rows in the order of time to one row per check and hour.
//!
//! A *window* of the oldest rows is folded check by check in calls of bounded size; its rows are
//! deleted by the call that reaches the last check. In between a result may be in the journal and in
//! its chunk: readers count it once, by (`at`, `slot`).

use std::collections::BTreeMap;

use super::bulk::{MANY, SOME, groups, rows};
use super::pack::{Entry, batch, chunk};
use super::tx::{Tx, on};
use super::{StoreError, days};
use crate::model::Timestamp;

/// Milliseconds of an hour.
pub(super) const HOUR: i64 = 3_600_000;
/// Row of `meta` that says which window is being folded, and how far.
const STATE: &str = "fold";
/// Row of `meta`: the first hour whose chunks are kept.
pub(super) const KEPT_FROM: &str = "chunks_from";
/// Most results of a window; bounds the memory of a call to some 10 MB.
const WINDOW_RESULTS: i64 = 300_000;

const UPSERT: &str = "INSERT INTO chunks (hour, check_no, vals) VALUES ";
const CONFLICT: &str = " ON CONFLICT (hour, check_no) DO UPDATE SET vals = excluded.vals";
const LAST: &str = "UPDATE statuses SET last_result = v.column2 FROM (VALUES ";
const LAST_END: &str = ") AS v WHERE statuses.check_no = v.column1 \
    AND (statuses.last_result IS NULL OR statuses.last_result < v.column2)";

/// First moment of the hour of a moment.
pub(super) const fn hour_of(at: i64) -> i64 {
    at.saturating_sub(at.rem_euclid(HOUR))
}

/// The rows `seq <= last`, `newest < cut`; checks up to `done` are folded.
#[derive(Clone, Copy)]
struct Window {
    last: i64,
    cut: i64,
    done: i64,
}

impl Window {
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split(' ').map(str::parse::<i64>);
        let mut next = || numbers.next()?.ok();
        Some(Self { last: next()?, cut: next()?, done: next()? })
    }
}

impl Tx {
    /// Moves journal rows that are wholly before `up_to` into chunks, about `limit` results of
    /// whole checks a call; gives how many. Call it again, each time in a unit of work of its own,
    /// until it gives 0.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn fold(&mut self, up_to: Timestamp, limit: usize) -> Result<usize, StoreError> {
        loop {
            let Some(window) = self.window(up_to).await? else { return Ok(0) };
            let batches = self.batches(window).await?;
            let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
            for bytes in &batches {
                if let Err(error) = batch::skim(bytes, |check, _| {
                    if check > window.done {
                        *counts.entry(check).or_default() += 1;
                    }
                }) {
                    tracing::error!(%error, "a damaged row of the journal is given up");
                }
            }
            let mut total = 0;
            let mut last = None;
            for (check, count) in &counts {
                if total > 0 && total + count > limit {
                    break;
                }
                total += count;
                last = Some(*check);
            }
            let complete = last == counts.keys().next_back().copied();
            if let Some(last) = last {
                self.fold_checks(&batches, window.done, last).await?;
            }
            match (complete, last) {
                (false, Some(last)) => {
                    let text = format!("{} {} {last}", window.last, window.cut);
                    self.put_meta(STATE, &text).await?;
                }
                _ => self.end_window(window).await?,
            }
            if total > 0 {
                return Ok(total);
            }
        }
    }

    async fn window(&mut self, up_to: Timestamp) -> Result<Option<Window>, StoreError> {
        // No more rows than one call may delete.
        const SQL: &str =
            "SELECT seq, results FROM journal WHERE newest < $1 ORDER BY seq LIMIT 2000";
        if let Some(text) = self.meta(STATE).await? {
            return match Window::parse(&text) {
                Some(window) => Ok(Some(window)),
                None => Err(self.corrupt(format!("its row `{STATE}` reads `{text}`"))),
            };
        }
        let cut = up_to.millis();
        let rows: Vec<(i64, i64)> =
            on!(self, c => sqlx::query_as(SQL).bind(cut).fetch_all(c).await)?;
        let mut results = 0_i64;
        let mut window = None;
        for (seq, count) in rows {
            results = results.saturating_add(count);
            if window.is_some() && results > WINDOW_RESULTS {
                break;
            }
            window = Some(Window { last: seq, cut, done: i64::MIN });
        }
        Ok(window)
    }

    async fn batches(&mut self, window: Window) -> Result<Vec<Vec<u8>>, StoreError> {
        const SQL: &str = "SELECT vals FROM journal WHERE seq <= $1 AND newest < $2 ORDER BY seq";
        on!(self, c => sqlx::query_scalar(SQL).bind(window.last).bind(window.cut).fetch_all(c).await)
    }

    async fn end_window(&mut self, window: Window) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM journal WHERE seq <= $1 AND newest < $2";
        on!(self, c => sqlx::query(SQL).bind(window.last).bind(window.cut).execute(c).await.map(drop))?;
        self.drop_meta(STATE).await
    }

    /// Folds the checks above `after` up to `last`.
    async fn fold_checks(
        &mut self,
        batches: &[Vec<u8>],
        after: i64,
        last: i64,
    ) -> Result<(), StoreError> {
        let kept_from = self.kept_from().await?;
        let mut hours: BTreeMap<(i64, i64), Vec<Entry>> = BTreeMap::new();
        let mut newest: BTreeMap<i64, i64> = BTreeMap::new();
        for bytes in batches {
            // What is damaged was reported by the skim.
            let rows = batch::decode(bytes, |check| check > after && check <= last);
            for (check, entry) in rows.unwrap_or_default() {
                let at = newest.entry(check).or_insert(entry.at);
                *at = entry.at.max(*at);
                let hour = hour_of(entry.at);
                if hour >= kept_from {
                    hours.entry((hour, check)).or_default().push(entry);
                }
            }
        }
        let grown = self.merge_stored(&mut hours, after, last).await?;
        let mut bytes = -grown;
        let packed: Vec<(i64, i64, Vec<u8>)> = hours
            .into_iter()
            .map(|((hour, check), mut entries)| (hour, check, chunk::encode(hour, &mut entries)))
            .collect();
        for (.., vals) in &packed {
            bytes += i64::try_from(vals.len()).unwrap_or(0);
        }
        for group in groups(&packed) {
            self.put_chunks(group).await?;
        }
        self.count("chunk_bytes", bytes).await?;
        let newest: Vec<(i64, i64)> = newest.into_iter().collect();
        for group in groups(&newest) {
            self.put_last_results(group).await?;
        }
        self.roll_again(packed.iter().map(|(hour, check, _)| (days::day_of(*hour), *check))).await
    }

    /// Adds what the chunks already hold; gives how many bytes that takes now.
    async fn merge_stored(
        &mut self,
        hours: &mut BTreeMap<(i64, i64), Vec<Entry>>,
        after: i64,
        last: i64,
    ) -> Result<i64, StoreError> {
        const SQL: &str = "SELECT check_no, vals FROM chunks \
            WHERE hour = $1 AND check_no > $2 AND check_no <= $3";
        let mut touched: Vec<i64> = hours.keys().map(|(hour, _)| *hour).collect();
        touched.dedup();
        let mut bytes = 0;
        for hour in touched {
            let stored: Vec<(i64, Vec<u8>)> = on!(self, c => sqlx::query_as(SQL)
                .bind(hour).bind(after).bind(last).fetch_all(c).await)?;
            for (check, vals) in stored {
                let Some(entries) = hours.get_mut(&(hour, check)) else { continue };
                bytes += i64::try_from(vals.len()).unwrap_or(0);
                match chunk::decode(hour, &vals) {
                    Ok(old) => entries.extend(old),
                    Err(error) => {
                        tracing::error!(check, hour, %error, "a damaged hour of history is replaced");
                    }
                }
            }
        }
        Ok(bytes)
    }

    async fn put_chunks(&mut self, group: &[(i64, i64, Vec<u8>)]) -> Result<(), StoreError> {
        let sql = match group.len() {
            MANY => rows!(UPSERT, 64, 3, "", CONFLICT),
            SOME => rows!(UPSERT, 16, 3, "", CONFLICT),
            _ => rows!(UPSERT, 1, 3, "", CONFLICT),
        };
        on!(self, c => {
            let mut query = sqlx::query(sql);
            for (hour, check, vals) in group {
                query = query.bind(*hour).bind(*check).bind(vals);
            }
            query.execute(c).await.map(drop)
        })
    }

    /// When the journal's row is gone, the status has to know when the last result was made.
    async fn put_last_results(&mut self, group: &[(i64, i64)]) -> Result<(), StoreError> {
        let sql = match group.len() {
            MANY => rows!(LAST, 64, 2, "BIGINT", LAST_END),
            SOME => rows!(LAST, 16, 2, "BIGINT", LAST_END),
            _ => rows!(LAST, 1, 2, "BIGINT", LAST_END),
        };
        on!(self, c => {
            let mut query = sqlx::query(sql);
            for (check, at) in group {
                query = query.bind(*check).bind(*at);
            }
            query.execute(c).await.map(drop)
        })
    }

    /// The first hour whose chunks are kept.
    pub(super) async fn kept_from(&mut self) -> Result<i64, StoreError> {
        let text = self.meta(KEPT_FROM).await?;
        Ok(text.and_then(|text| text.parse().ok()).unwrap_or(i64::MIN))
    }
}
