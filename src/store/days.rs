//! Daily rows: what stays when the hours of a day are forgotten.

use std::collections::BTreeSet;

use super::StoreError;
use super::bulk::rows;
use super::fold::HOUR;
use super::pack::chunk;
use super::pack::day::DaySummary;
use super::tx::{Tx, on};
use crate::model::Timestamp;

/// Milliseconds of a day; days are UTC.
pub(super) const DAY: i64 = 24 * HOUR;
/// A day is rolled this long after its end, when what was under way has been folded.
const GRACE: i64 = HOUR;
/// Row of `meta`: the day that is being rolled, and the last check that is done.
const STATE: &str = "rolled";
const CHECKS_AT_ONCE: i64 = 200;

const HOURS: &str = "SELECT check_no, hour, vals FROM chunks WHERE hour IN ";
const HOURS_END: &str = " AND check_no > $25 AND check_no <= $26 ORDER BY check_no, hour";

/// First moment of the day of a moment.
pub(super) const fn day_of(at: i64) -> i64 {
    at.saturating_sub(at.rem_euclid(DAY))
}

impl Tx {
    /// Writes daily rows of days that are over, of at most 200 checks a call; gives how many
    /// checks it looked at. Call it again, each time in a unit of work of its own, until it
    /// gives 0.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub async fn roll_days(&mut self, now: Timestamp) -> Result<usize, StoreError> {
        const FIRST: &str = "SELECT MIN(hour) FROM chunks WHERE hour >= $1";
        const CHECKS: &str = "SELECT no FROM checks WHERE no > $1 ORDER BY no LIMIT $2";
        loop {
            let (day, done) = self.rolled().await?.unwrap_or((i64::MIN, 0));
            let first: Option<i64> =
                on!(self, c => sqlx::query_scalar(FIRST).bind(day).fetch_one(c).await)?;
            let Some(first) = first.map(day_of) else { return Ok(0) };
            let (day, done) = if first > day { (first, 0) } else { (day, done) };
            if day.saturating_add(DAY + GRACE) > now.millis() {
                return Ok(0);
            }
            let checks: Vec<i64> = on!(self, c => sqlx::query_scalar(CHECKS)
                .bind(done).bind(CHECKS_AT_ONCE).fetch_all(c).await)?;
            let Some(last) = checks.last().copied() else {
                self.put_rolled(day.saturating_add(DAY), 0).await?;
                continue;
            };
            self.roll(day, done, last).await?;
            self.put_rolled(day, last).await?;
            return Ok(checks.len());
        }
    }

    /// Rolls days again into which something came late.
    pub(super) async fn roll_again(
        &mut self,
        touched: impl Iterator<Item = (i64, i64)>,
    ) -> Result<(), StoreError> {
        let Some((day, done)) = self.rolled().await? else { return Ok(()) };
        let touched: BTreeSet<(i64, i64)> =
            touched.filter(|(d, check)| *d < day || (*d == day && *check <= done)).collect();
        for (day, check) in touched {
            self.roll(day, check - 1, check).await?;
        }
        Ok(())
    }

    /// First day that is not wholly rolled.
    pub(super) async fn rolled_until(&mut self) -> Result<i64, StoreError> {
        Ok(self.rolled().await?.map_or(i64::MIN, |(day, _)| day))
    }

    async fn rolled(&mut self) -> Result<Option<(i64, i64)>, StoreError> {
        let Some(text) = self.meta(STATE).await? else { return Ok(None) };
        let parsed = text
            .split_once(' ')
            .and_then(|(day, done)| Some((day.parse().ok()?, done.parse().ok()?)));
        match parsed {
            Some(state) => Ok(Some(state)),
            None => Err(self.corrupt(format!("its row `{STATE}` reads `{text}`"))),
        }
    }

    async fn put_rolled(&mut self, day: i64, done: i64) -> Result<(), StoreError> {
        self.put_meta(STATE, &format!("{day} {done}")).await
    }

    /// Rolls one day of the checks above `after` up to `last`.
    async fn roll(&mut self, day: i64, after: i64, last: i64) -> Result<(), StoreError> {
        const UPSERT: &str = "INSERT INTO days (day, check_no, vals) VALUES ($1, $2, $3) \
            ON CONFLICT (day, check_no) DO UPDATE SET vals = excluded.vals";
        let sql = rows!(HOURS, 1, 24, "", HOURS_END);
        let stored: Vec<(i64, i64, Vec<u8>)> = on!(self, c => {
            let mut query = sqlx::query_as(sql);
            for hour in 0..24 {
                query = query.bind(day.saturating_add(hour * HOUR));
            }
            query.bind(after).bind(last).fetch_all(c).await
        })?;
        for hours in stored.chunk_by(|a, b| a.0 == b.0) {
            let Some((check, ..)) = hours.first() else { continue };
            let mut entries = Vec::new();
            for (_, hour, vals) in hours {
                match chunk::decode(*hour, vals) {
                    Ok(more) => entries.extend(more),
                    Err(error) => {
                        tracing::error!(check, hour, %error, "a damaged hour is left out of its day");
                    }
                }
            }
            let vals = DaySummary::of(&entries).encode();
            on!(self, c => sqlx::query(UPSERT).bind(day).bind(*check).bind(&vals)
                .execute(c).await.map(drop))?;
        }
        Ok(())
    }
}
