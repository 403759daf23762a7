//! The journal: results as they come, one packed row per group commit, appended only.
//!
//! A row per result would cost a statement's binds and a page's share for each; a packed row per
//! commit costs a few dozen bytes a result and no index entry.

use super::StoreError;
use super::pack::Entry;
use super::pack::batch::{self, BATCH_LIMIT};
use super::tx::{Tx, on};
use crate::model::{State, Timestamp};

/// One result of a check, ready to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalRow {
    /// The check's number.
    pub check_no: i64,
    /// When it was made.
    pub at: Timestamp,
    /// When it was due. A check has one result per (`at`, `slot`).
    pub slot: Timestamp,
    /// Its judged state.
    pub state: State,
    /// True when it came too late to be judged.
    pub late: bool,
    /// Values by series number, each at most once. Kept to four significant digits (see
    /// [`pack`](super::pack)); what is no number is left out.
    pub values: Vec<(i64, f64)>,
}

impl Tx {
    /// Appends results. Costs one statement for up to [`BATCH_LIMIT`] of them.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn append_journal(&mut self, rows: &[JournalRow]) -> Result<(), StoreError> {
        const SQL: &str =
            "INSERT INTO journal (seq, oldest, newest, results, vals) VALUES ($1, $2, $3, $4, $5)";
        let meters = std::sync::Arc::clone(&self.meters);
        for rows in rows.chunks(BATCH_LIMIT) {
            let timer = meters.storage.begin("write");
            let mut packed: Vec<_> = rows.iter().map(pack).collect();
            let times = rows.iter().map(|row| row.at.millis());
            let (oldest, newest) = (times.clone().min(), times.max());
            let vals = batch::encode(&mut packed);
            let results = i64::try_from(rows.len()).unwrap_or(i64::MAX);
            let seq = self.take("journal", 1).await?;
            on!(self, c => sqlx::query(SQL).bind(seq).bind(oldest).bind(newest).bind(results)
                .bind(&vals).execute(c).await.map(drop))?;
            timer.end(vals.len());
        }
        Ok(())
    }
}

fn pack(row: &JournalRow) -> (i64, Entry) {
    let entry = Entry {
        at: row.at.millis(),
        slot: row.slot.millis(),
        state: row.state.exit_code(),
        late: row.late,
        values: row.values.clone(),
    };
    (row.check_no, entry)
}
