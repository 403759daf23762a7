//! The duty log: notes, who took over, and when nobody watched; and the edges of a time.

use super::tx::{Tx, on};
use super::{Store, StoreError, edges, read, words};
use crate::model::{Duty, DutyKind, Edge, EdgeKind, Timestamp};

/// Most entries of one answer.
const LIMIT: i64 = 2000;

type DutyRow = (i64, Option<i64>, String, Option<String>, String);

impl Store {
    /// Entries that were written, or lasted, at some moment from `from` on, the newest `LIMIT`,
    /// oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn duty(&self, from: Timestamp) -> Result<Vec<Duty>, StoreError> {
        const SQL: &str = "SELECT at, until, kind, author, text FROM duty \
            WHERE at >= $1 OR until > $1 OR (kind = 'blind' AND until IS NULL) \
            ORDER BY at DESC, seq DESC LIMIT $2";
        let rows: Vec<DutyRow> = read!(self, pool => sqlx::query_as(SQL)
            .bind(from.millis()).bind(LIMIT).fetch_all(pool).await)?;
        rows.into_iter().rev().map(|row| self.duty_of(row)).collect()
    }

    /// The last sign-off.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn last_sign_off(&self) -> Result<Option<Duty>, StoreError> {
        const SQL: &str = "SELECT at, until, kind, author, text FROM duty \
            WHERE kind = 'sign_off' ORDER BY at DESC, seq DESC LIMIT 1";
        let row: Option<DutyRow> =
            read!(self, pool => sqlx::query_as(SQL).fetch_optional(pool).await)?;
        row.map(|row| self.duty_of(row)).transpose()
    }

    fn duty_of(&self, (at, until, kind, author, text): DutyRow) -> Result<Duty, StoreError> {
        let kind = DutyKind::from_word(&kind)
            .ok_or_else(|| self.corrupt("an entry of the duty log cannot be read"))?;
        Ok(Duty {
            at: Timestamp::from_millis(at),
            until: words::moment(until),
            kind,
            author: author.as_deref().map(words::safe),
            text: words::safe(&text),
        })
    }

    /// Recorded changes of a kind from a moment on, the newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn edges_of(
        &self,
        kind: EdgeKind,
        from: Timestamp,
        limit: usize,
    ) -> Result<Vec<Edge>, StoreError> {
        const SQL: &str = "SELECT alert, edge_seq, host, check_name, at, kind, from_state, \
            to_state, output, actor, in_maintenance FROM edges WHERE kind = $1 AND at >= $2 \
            ORDER BY at DESC, seq DESC LIMIT $3";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<edges::EdgeRow> = read!(self, pool => sqlx::query_as(SQL)
            .bind(kind.word()).bind(from.millis()).bind(limit).fetch_all(pool).await)?;
        let read = |row: edges::EdgeRow| {
            let name = format!("edge {} of alert {}", row.1, row.0);
            edges::edge(row).ok_or_else(|| self.corrupt(format!("{name} cannot be read")))
        };
        rows.into_iter().map(read).collect()
    }
}

impl Store {
    /// Edges of every kind since a moment, the newest first, at most so many.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn edges_since(
        &self,
        from: Timestamp,
        limit: usize,
    ) -> Result<Vec<Edge>, StoreError> {
        const SQL: &str = "SELECT alert, edge_seq, host, check_name, at, kind, from_state, \
            to_state, output, actor, in_maintenance FROM edges WHERE at >= $1 \
            ORDER BY at DESC, seq DESC LIMIT $2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<edges::EdgeRow> = read!(self, pool => sqlx::query_as(SQL)
            .bind(from.millis()).bind(limit).fetch_all(pool).await)?;
        let read = |row: edges::EdgeRow| {
            let name = format!("edge {} of alert {}", row.1, row.0);
            edges::edge(row).ok_or_else(|| self.corrupt(format!("{name} cannot be read")))
        };
        rows.into_iter().map(read).collect()
    }
}

impl Tx {
    /// Writes an entry.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn add_duty(&mut self, duty: &Duty) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO duty (seq, at, until, kind, author, text) \
            VALUES ($1, $2, $3, $4, $5, $6)";
        let seq = self.take("duty", 1).await?;
        on!(self, c => sqlx::query(SQL)
            .bind(seq)
            .bind(duty.at.millis())
            .bind(duty.until.map(Timestamp::millis))
            .bind(duty.kind.word())
            .bind(duty.author.as_ref().map(ToString::to_string))
            .bind(duty.text.as_str())
            .execute(c).await.map(drop))
    }

    /// The engine sees again since that moment, or was ended then.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn end_blind(&mut self, at: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE duty SET until = CASE WHEN at > $1 THEN at ELSE $1 END \
            WHERE kind = 'blind' AND until IS NULL";
        on!(self, c => sqlx::query(SQL).bind(at.millis()).execute(c).await.map(drop))
    }
}
