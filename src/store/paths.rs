//! Changes of paths.

use super::tx::{Tx, on};
use super::{Store, StoreError, read, words};
use crate::model::PathChange;

impl Store {
    /// Recorded changes of a host's paths, newest first; only those of one check, when it is given.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn path_changes(
        &self,
        host: &str,
        check: Option<&str>,
        limit: u32,
    ) -> Result<Vec<PathChange>, StoreError> {
        const ALL: &str = "SELECT seq, body FROM paths WHERE host = $1 ORDER BY seq DESC LIMIT $2";
        const ONE: &str = "SELECT seq, body FROM paths WHERE host = $1 AND check_name = $3 \
            ORDER BY seq DESC LIMIT $2";
        let limit = i64::from(limit);
        let rows: Vec<(i64, String)> = if let Some(check) = check {
            read!(self, pool => sqlx::query_as(ONE)
                .bind(host).bind(limit).bind(check).fetch_all(pool).await)
        } else {
            read!(self, pool => sqlx::query_as(ALL)
                .bind(host).bind(limit).fetch_all(pool).await)
        }?;
        self.changes(rows)
    }

    /// The last recorded path of each check that is not retired.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn last_paths(&self) -> Result<Vec<PathChange>, StoreError> {
        const SQL: &str = "SELECT p.seq, p.body FROM paths p JOIN checks c \
            ON c.host = p.host AND c.name = p.check_name AND c.retired_at IS NULL \
            WHERE p.seq = (SELECT MAX(q.seq) FROM paths q \
                WHERE q.host = p.host AND q.check_name = p.check_name)";
        let rows: Vec<(i64, String)> =
            read!(self, pool => sqlx::query_as(SQL).fetch_all(pool).await)?;
        self.changes(rows)
    }

    fn changes(&self, rows: Vec<(i64, String)>) -> Result<Vec<PathChange>, StoreError> {
        let read = |(seq, body): (i64, String)| {
            words::from_json(&body)
                .ok_or_else(|| self.corrupt(format!("path change {seq} cannot be read")))
        };
        rows.into_iter().map(read).collect()
    }
}

impl Tx {
    /// Records a change of a path.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn add_path_change(&mut self, change: &PathChange) -> Result<(), StoreError> {
        const SQL: &str =
            "INSERT INTO paths (seq, at, host, check_name, body) VALUES ($1, $2, $3, $4, $5)";
        let body = words::json(change).map_err(|error| self.fail(error))?;
        let seq = self.take("paths", 1).await?;
        on!(self, c => sqlx::query(SQL)
            .bind(seq).bind(change.at.millis()).bind(&*change.host).bind(change.check.as_deref())
            .bind(&body).execute(c).await.map(drop))
    }
}
