//! The present state of each check: written when something that judgement needs has changed.

use std::collections::HashSet;

use super::bulk::{MANY, SOME, groups, rows};
use super::tx::{Tx, on};
use super::{StoreError, words};
use crate::model::Status;

const INSERT: &str = "INSERT INTO statuses \
    (check_no, state, hard, hard_state, attempt, since, last_result, late, output, flap, \
    wait_since, wait_critical, recent, silent) VALUES ";
const CONFLICT: &str = " ON CONFLICT (check_no) DO UPDATE SET state = excluded.state, \
    hard = excluded.hard, hard_state = excluded.hard_state, attempt = excluded.attempt, \
    since = excluded.since, last_result = excluded.last_result, late = excluded.late, \
    output = excluded.output, flap = excluded.flap, \
    wait_since = excluded.wait_since, wait_critical = excluded.wait_critical, \
    recent = excluded.recent, silent = excluded.silent";

impl Tx {
    /// Writes where checks stand. Of several rows of one check the last one counts.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn put_statuses(&mut self, rows: &[(i64, &Status)]) -> Result<(), StoreError> {
        let mut seen = HashSet::with_capacity(rows.len());
        let mut last: Vec<(i64, &Status)> =
            rows.iter().rev().filter(|(no, _)| seen.insert(*no)).copied().collect();
        // Neighbours share pages, and one order for all keeps writers from locking crosswise.
        last.sort_unstable_by_key(|(no, _)| *no);
        for group in groups(&last) {
            let sql = match group.len() {
                MANY => rows!(INSERT, 64, 14, "", CONFLICT),
                SOME => rows!(INSERT, 16, 14, "", CONFLICT),
                _ => rows!(INSERT, 1, 14, "", CONFLICT),
            };
            on!(self, c => {
                let mut query = sqlx::query(sql);
                for (no, status) in group {
                    query = query
                        .bind(*no)
                        .bind(status.state.word())
                        .bind(status.hard)
                        .bind(status.hard_state.word())
                        .bind(i64::from(status.attempt))
                        .bind(status.since.millis())
                        .bind(words::millis(status.last_result))
                        .bind(status.late)
                        .bind(status.output.as_str())
                        .bind(words::flap(status.flap))
                        .bind(words::millis(status.wait.since))
                        .bind(words::millis(status.wait.critical))
                        .bind(i64::from(status.wait.recent))
                        .bind(status.silent);
                }
                query.execute(c).await.map(drop)
            })?;
        }
        Ok(())
    }
}
