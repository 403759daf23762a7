//! The outbox as a whole: what waits, what was given up, what is over; sending again, giving up.
//!
//! In: destinations and keys. Out: rows and counts, by the indexes of what is open and what ended.
//! Never: reads all of the outbox.

use super::outbox::DeliveredRow;
use super::tx::{Tx, on};
use super::{Delivered, Store, StoreError, read, words};
use crate::model::Timestamp;

/// How many notifications of a destination are in which state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The destination.
    pub destination: String,
    /// How many wait.
    pub due: u64,
    /// How many of them were tried in vain.
    pub failing: u64,
    /// How many were given up.
    pub parked: u64,
}

/// A notification of the list, and when an operator last had it sent again.
pub type Listed = (Delivered, Option<Timestamp>);

type ListedRow = (String, String, i64, String, i64, Option<i64>, Option<String>, Option<i64>);

impl Store {
    /// What of each destination is not delivered, by name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn standings(&self) -> Result<Vec<Standing>, StoreError> {
        const SQL: &str = "SELECT destination, \
            COUNT(CASE WHEN state = 'due' THEN 1 END), \
            COUNT(CASE WHEN state = 'due' AND tries > 0 THEN 1 END), \
            COUNT(CASE WHEN state = 'parked' THEN 1 END) \
            FROM outbox WHERE state IN ('due', 'parked') GROUP BY destination ORDER BY destination";
        let rows: Vec<(String, i64, i64, i64)> =
            read!(self, pool => sqlx::query_as(SQL).fetch_all(pool).await)?;
        let count = |count: i64| u64::try_from(count).unwrap_or(0);
        let standing = |(destination, due, failing, parked)| Standing {
            destination,
            due: count(due),
            failing: count(failing),
            parked: count(parked),
        };
        Ok(rows.into_iter().map(standing).collect())
    }

    /// Since when the oldest notification is due; `None` when none is.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn oldest_due(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        const SQL: &str = "SELECT MIN(not_before) FROM outbox WHERE state = 'due' \
            AND +not_before <= $1";
        let at: Option<i64> =
            read!(self, pool => sqlx::query_scalar(SQL).bind(now.millis()).fetch_one(pool).await)?;
        Ok(words::moment(at))
    }

    /// When a destination last took a notification.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn last_sent(&self, destination: &str) -> Result<Option<Timestamp>, StoreError> {
        const SQL: &str = "SELECT sent_at FROM outbox WHERE destination = $1 \
            AND sent_at IS NOT NULL AND state = 'sent' ORDER BY sent_at DESC LIMIT 1";
        let at: Option<i64> = read!(self, pool => sqlx::query_scalar(SQL)
            .bind(destination).fetch_optional(pool).await)?;
        Ok(words::moment(at))
    }

    /// Notifications, of one destination or of all: what waits, the oldest first; what was given
    /// up; what is over, the newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn listed(
        &self,
        destination: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Listed>, StoreError> {
        const OPEN: &str = "SELECT key, body, not_before, state, tries, sent_at, error, resent_at \
            FROM outbox WHERE state IN ('due', 'parked') AND ($1 = '' OR destination = $1) \
            ORDER BY state, CASE WHEN state = 'due' THEN not_before ELSE -not_before END, \
            alert, edge_seq, key LIMIT $2";
        const ENDED: &str = "SELECT key, body, not_before, state, tries, sent_at, error, resent_at \
            FROM outbox WHERE sent_at IS NOT NULL AND destination = $1 \
            ORDER BY sent_at DESC, alert DESC, edge_seq DESC, key LIMIT $2";
        const ALL_ENDED: &str = "SELECT key, body, not_before, state, tries, sent_at, error, \
            resent_at FROM outbox WHERE sent_at IS NOT NULL \
            ORDER BY not_before DESC, alert DESC, edge_seq DESC, key LIMIT $1";
        let mut rows: Vec<ListedRow> = read!(self, pool => sqlx::query_as(OPEN)
            .bind(destination.unwrap_or_default()).bind(i64::from(limit)).fetch_all(pool).await)?;
        let left = i64::from(limit) - i64::try_from(rows.len()).unwrap_or(i64::MAX);
        if left > 0 {
            let ended: Vec<ListedRow> = match destination {
                Some(destination) => read!(self, pool => sqlx::query_as(ENDED)
                    .bind(destination).bind(left).fetch_all(pool).await)?,
                None => {
                    read!(self, pool => sqlx::query_as(ALL_ENDED).bind(left).fetch_all(pool).await)?
                }
            };
            rows.extend(ended);
        }
        let listed = |row: ListedRow| {
            let (key, body, not_before, state, tries, sent_at, error, resent) = row;
            let row: DeliveredRow = (key, body, not_before, state, tries, sent_at, error);
            Ok((self.delivered(row)?, words::moment(resent)))
        };
        rows.into_iter().map(listed).collect()
    }

    /// The state of one notification; `None` when there is none of this key.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn promise_state(&self, key: &str) -> Result<Option<String>, StoreError> {
        const SQL: &str = "SELECT state FROM outbox WHERE key = $1";
        read!(self, pool => sqlx::query_scalar(SQL).bind(key).fetch_optional(pool).await)
    }
}

impl Tx {
    /// Makes one due now that waits for a try, was given up or dropped.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn resend(&mut self, key: &str, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE outbox SET state = 'due', not_before = $2, tries = 0, \
            gate = 2, sent_at = NULL, resent_at = $2 WHERE key = $1 AND (state IN ('parked', 'dropped') \
            OR state = 'due' AND tries > 0)";
        on!(self, c => sqlx::query(SQL).bind(key).bind(now.millis()).execute(c).await.map(drop))
    }

    /// The same for all that a destination has not taken.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn resend_all(&mut self, to: &str, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE outbox SET state = 'due', not_before = $2, tries = 0, \
            gate = 2, resent_at = $2 WHERE destination = $1 AND (state = 'parked' \
            OR state = 'due' AND tries > 0)";
        on!(self, c => sqlx::query(SQL).bind(to).bind(now.millis()).execute(c).await.map(drop))
    }

    /// Gives one up that was not delivered; it is kept to be seen.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn give_up(&mut self, key: &str, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE outbox SET state = 'dropped', sent_at = $2 \
            WHERE key = $1 AND state IN ('due', 'parked')";
        on!(self, c => sqlx::query(SQL).bind(key).bind(now.millis()).execute(c).await.map(drop))
    }

    /// The same for all that a destination has not taken.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn give_all_up(&mut self, to: &str, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE outbox SET state = 'dropped', sent_at = $2 \
            WHERE destination = $1 AND state IN ('due', 'parked')";
        on!(self, c => sqlx::query(SQL).bind(to).bind(now.millis()).execute(c).await.map(drop))
    }
}
