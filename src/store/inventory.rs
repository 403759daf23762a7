//! Hosts and checks as the configuration has them, and what was taken out of it.

use std::collections::HashMap;

use super::bulk::{MANY, SOME, groups, rows};
use super::tx::{Tx, on};
use super::{StoreError, words};
use crate::model::{Check, CheckKey, Host, Timestamp};

const INSERT: &str = "INSERT INTO checks (no, host, name, kind, spec) VALUES ";
const CONFLICT: &str = " ON CONFLICT (host, name) DO UPDATE SET kind = excluded.kind, \
    spec = excluded.spec, retired_at = NULL RETURNING no, host, name";

impl Tx {
    /// Writes a host; one that was retired is there again.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn upsert_host(&mut self, host: &Host) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO hosts (name, address, spec) VALUES ($1, $2, $3) \
            ON CONFLICT (name) DO UPDATE \
            SET address = excluded.address, spec = excluded.spec, retired_at = NULL";
        let spec = words::json(host).map_err(|error| self.fail(error))?;
        on!(self, c => sqlx::query(SQL).bind(&*host.name).bind(&*host.address).bind(&spec)
            .execute(c).await.map(drop))
    }

    /// Takes a host out of the configuration; its history stays for its time.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn retire_host(&mut self, name: &str, at: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE hosts SET retired_at = $2 WHERE name = $1 AND retired_at IS NULL";
        on!(self, c => sqlx::query(SQL).bind(name).bind(at.millis()).execute(c).await.map(drop))
    }

    /// Writes a check and gives its number. The number stays the same for the same `host/name`,
    /// also when it was retired in between: its history is its own again.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn upsert_check(&mut self, check: &Check) -> Result<i64, StoreError> {
        const UPDATE: &str = "UPDATE checks SET kind = $3, spec = $4, retired_at = NULL \
            WHERE host = $1 AND name = $2 RETURNING no";
        const INSERT: &str =
            "INSERT INTO checks (no, host, name, kind, spec) VALUES ($5, $1, $2, $3, $4)";
        let spec = words::json(check).map_err(|error| self.fail(error))?;
        let (host, name, kind) = (&*check.key.host, &*check.key.name, check.kind().word());
        let known: Option<i64> = on!(self, c => sqlx::query_scalar(UPDATE)
            .bind(host).bind(name).bind(kind).bind(&spec).fetch_optional(c).await)?;
        if let Some(no) = known {
            return Ok(no);
        }
        let no = self.take("checks", 1).await?;
        on!(self, c => sqlx::query(INSERT)
            .bind(host).bind(name).bind(kind).bind(&spec).bind(no).execute(c).await.map(drop))?;
        Ok(no)
    }

    /// As [`Self::upsert_check`] for many at once, such as a whole configuration at the first
    /// start; gives their numbers in the order asked.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn upsert_checks(&mut self, checks: &[&Check]) -> Result<Vec<i64>, StoreError> {
        // The last one of a key counts, and a statement must not meet a key twice.
        let last: HashMap<_, _> = checks.iter().map(|check| (&check.key, *check)).collect();
        let mut distinct: Vec<&Check> = last.into_values().collect();
        distinct.sort_by(|a, b| a.key.cmp(&b.key));
        let first = self.take("checks", distinct.len()).await?;
        let mut wanted = Vec::with_capacity(distinct.len());
        for (no, check) in (first..).zip(distinct) {
            wanted.push((no, check, words::json(check).map_err(|error| self.fail(error))?));
        }
        let mut numbers = HashMap::with_capacity(wanted.len());
        for group in groups(&wanted) {
            let sql = match group.len() {
                MANY => rows!(INSERT, 64, 5, "", CONFLICT),
                SOME => rows!(INSERT, 16, 5, "", CONFLICT),
                _ => rows!(INSERT, 1, 5, "", CONFLICT),
            };
            let made: Vec<(i64, String, String)> = on!(self, c => {
                let mut query = sqlx::query_as(sql);
                for (no, check, spec) in group {
                    let (host, name) = (&*check.key.host, &*check.key.name);
                    query = query.bind(*no).bind(host).bind(name).bind(check.kind().word()).bind(spec);
                }
                query.fetch_all(c).await
            })?;
            numbers
                .extend(made.into_iter().map(|(no, host, name)| (CheckKey::new(host, name), no)));
        }
        let found: Option<Vec<i64>> =
            checks.iter().map(|check| numbers.get(&check.key).copied()).collect();
        found.ok_or_else(|| self.fail(StoreError::Internal("a check got no number".to_owned())))
    }

    /// Takes a check out of the configuration; its history stays for its time.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn retire_check(&mut self, no: i64, at: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE checks SET retired_at = $2 WHERE no = $1 AND retired_at IS NULL";
        on!(self, c => sqlx::query(SQL).bind(no).bind(at.millis()).execute(c).await.map(drop))
    }
}
