//! What the tests of vantages moved, and at which rates: for the ledger of traffic.

use super::{Store, StoreError, read, words};
use crate::model::traffic::QUARTER;
use crate::model::{Figures, Name, SafeText, Timestamp};

/// Most rates that are read back.
const RATES: i64 = 10_000;

/// Bytes that a vantage moved in the quarter of an hour that begins then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The vantage.
    pub agent: Name,
    /// The begin of the quarter.
    pub at: Timestamp,
    /// How many bytes.
    pub bytes: u64,
}

/// The figures of the last speedtest of a vantage and a target that measured.
#[derive(Clone, Debug, PartialEq)]
pub struct LastRate {
    /// The vantage.
    pub agent: Name,
    /// The target.
    pub target: SafeText,
    /// When it was asked for.
    pub at: Timestamp,
    /// Of its figures the rates.
    pub figures: Figures,
}

impl Store {
    /// What the tests that began at a moment or later moved.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn moved(&self, since: Timestamp) -> Result<Vec<Moved>, StoreError> {
        // The parameter stands where its type is known to PostgreSQL; `/` of whole numbers cuts.
        const SQL: &str = "SELECT agent, began_at / 900000, CAST(SUM(bytes) AS BIGINT) FROM tests \
            WHERE began_at >= $1 AND bytes > 0 GROUP BY agent, began_at / 900000";
        const { assert!(QUARTER == 900_000) };
        let rows: Vec<(String, i64, i64)> = read!(self, pool => sqlx::query_as(SQL)
            .bind(since.millis().max(0)).fetch_all(pool).await)?;
        let moved = |(agent, quarter, bytes): (String, i64, i64)| Moved {
            agent: agent.into(),
            at: Timestamp::from_millis(quarter * QUARTER),
            bytes: u64::try_from(bytes).unwrap_or(0),
        };
        Ok(rows.into_iter().map(moved).collect())
    }

    /// The figures of the last speedtest of each vantage and target that measured, of those that
    /// were asked for at a moment or later.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn last_rates(&self, since: Timestamp) -> Result<Vec<LastRate>, StoreError> {
        const SQL: &str = "SELECT agent, target, asked_at, download, upload FROM tests WHERE id IN \
            (SELECT MAX(id) FROM tests WHERE kind = 'speedtest' AND phase = 'done' \
            AND asked_at >= $1 GROUP BY agent, target) ORDER BY id DESC LIMIT $2";
        type Row = (String, String, i64, Option<f64>, Option<f64>);
        let rows: Vec<Row> = read!(self, pool => sqlx::query_as(SQL)
            .bind(since.millis()).bind(RATES).fetch_all(pool).await)?;
        let rate = |(agent, target, at, download_mbps, upload_mbps): Row| {
            let figures = Figures { download_mbps, upload_mbps, ..Figures::default() };
            LastRate {
                agent: Name::from(agent),
                target: words::safe(&target),
                at: Timestamp::from_millis(at),
                figures,
            }
        };
        Ok(rows.into_iter().map(rate).collect())
    }
}
