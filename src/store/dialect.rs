//! Everything that differs between SQLite and PostgreSQL; the rest of the SQL is the same text.

use super::tx::{Inner, Tx, on};
use super::{Store, StoreError};

/// How a write begins on SQLite: with the write lock, so that a unit that reads first cannot fail
/// at its first write.
pub(super) const BEGIN_SQLITE: &str = "BEGIN IMMEDIATE";
/// How a write begins on PostgreSQL.
pub(super) const BEGIN_POSTGRES: &str = "BEGIN";
/// How a write ends on both.
pub(super) const COMMIT: &str = "COMMIT";

/// The tables of an SQLite file.
pub(super) const TABLES_SQLITE: &str =
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
/// The tables of a PostgreSQL schema.
pub(super) const TABLES_POSTGRES: &str = "SELECT CAST(table_name AS TEXT) \
    FROM information_schema.tables \
    WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'";

/// The release of a PostgreSQL server.
pub(super) const VERSION_POSTGRES: &str = "SELECT CAST(current_setting('server_version') AS TEXT)";

/// Bytes in use, free pages not counted.
const USED_SQLITE: &str = "SELECT (c.page_count - f.freelist_count) * s.page_size \
    FROM pragma_page_count c, pragma_freelist_count f, pragma_page_size s";
/// Bytes of all that is not history; a deleted row gives its space back only to later rows, so
/// the history's share is our own count of its bytes with a fifth for row and index.
const USED_POSTGRES: &str = "SELECT pg_database_size(current_database()) \
    - pg_total_relation_size('chunks') \
    + (SELECT CAST(last * 6 / 5 AS BIGINT) FROM counters WHERE name = 'chunk_bytes')";
const SIZE_POSTGRES: &str = "SELECT pg_database_size(current_database())";
/// Gives pages that became free back to the file system, at most 4 MiB at once.
const RECLAIM_SQLITE: &str = "PRAGMA incremental_vacuum(1000)";

impl Store {
    /// Bytes on disk: the file with its write-ahead log, or the PostgreSQL database.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn size_bytes(&self) -> Result<u64, StoreError> {
        if let Some(path) = self.path() {
            let mut log = path.as_os_str().to_owned();
            log.push("-wal");
            let file = std::fs::metadata(path).map_err(|error| StoreError::io(path, &error))?;
            return Ok(file.len() + std::fs::metadata(log).map_or(0, |log| log.len()));
        }
        let size: i64 = self.read_postgres(SIZE_POSTGRES).await?;
        Ok(u64::try_from(size).unwrap_or(0))
    }
}

impl Tx {
    /// Bytes in use, as the size limit counts them.
    pub(super) async fn used_bytes(&mut self) -> Result<u64, StoreError> {
        let sql = match self.inner {
            Inner::Sqlite(_) => USED_SQLITE,
            Inner::Postgres(_) => USED_POSTGRES,
        };
        let used: i64 = on!(self, c => sqlx::query_scalar(sql).fetch_one(c).await)?;
        Ok(u64::try_from(used).unwrap_or(0))
    }

    /// Gives some freed space back to the file system, where that is ours to do.
    pub(super) async fn reclaim(&mut self) -> Result<(), StoreError> {
        if matches!(self.inner, Inner::Postgres(_)) {
            return Ok(());
        }
        on!(self, c => sqlx::query(RECLAIM_SQLITE).fetch_all(c).await.map(drop))
    }
}
