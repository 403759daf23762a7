//! The unit of work: one transaction on either database, and the macro that writes a body once.

use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::{Database, Postgres, Sqlite};

use super::{StoreError, dialect};
use crate::meters::Meters;

/// A connection that is in a transaction until it is handed back.
///
/// Dropped before that, the connection is closed, and with it the database undoes everything. So
/// an error, a cancelled future and a failed commit all end the same way, and the next unit of
/// work starts on a connection whose state is known.
pub(super) struct Held<D: Database>(Option<PoolConnection<D>>);

impl<D: Database> Held<D> {
    pub(super) const fn new(connection: PoolConnection<D>) -> Self {
        Self(Some(connection))
    }

    pub(super) fn get(&mut self) -> Option<&mut D::Connection> {
        self.0.as_deref_mut()
    }
}

impl<D: Database> Drop for Held<D> {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}

pub(super) enum Inner {
    Sqlite(Held<Sqlite>),
    Postgres(Held<Postgres>),
}

/// A unit of work. All of it becomes true with [`Tx::commit`], or nothing when it is dropped.
///
/// After any error, and after a method whose future was dropped before its end, nothing of it can
/// be committed any more.
pub struct Tx {
    pub(super) inner: Inner,
    place: Arc<str>,
    pub(super) meters: Arc<Meters>,
    failed: bool,
}

/// Runs one body on the connection of a [`Tx`], typed for each database; gives a
/// `Result<T, StoreError>` and remembers an error.
macro_rules! on {
    ($tx:expr, $connection:ident => $body:expr) => {{
        // Were this future dropped while it waits, the statement's fate would be unknown.
        let failed = $tx.begin_statement();
        let result = match &mut $tx.inner {
            $crate::store::tx::Inner::Sqlite(held) => match held.get() {
                Some(held) => {
                    let $connection = $crate::store::metered::Metered::new(held, &$tx.meters);
                    $body
                }
                None => Err(sqlx::Error::PoolClosed),
            },
            $crate::store::tx::Inner::Postgres(held) => match held.get() {
                Some(held) => {
                    let $connection = $crate::store::metered::Metered::new(held, &$tx.meters);
                    $body
                }
                None => Err(sqlx::Error::PoolClosed),
            },
        };
        $tx.end_statement(failed, result)
    }};
}
pub(super) use on;

impl Tx {
    pub(super) const fn new(inner: Inner, place: Arc<str>, meters: Arc<Meters>) -> Self {
        Self { inner, place, meters, failed: false }
    }

    /// Makes everything of this unit of work durable.
    ///
    /// # Errors
    /// When a part of it failed before, or the database could not write it; then nothing of it
    /// is there.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        if self.failed {
            return Err(StoreError::Internal(
                "a unit of work was to be committed after a part of it had failed".to_owned(),
            ));
        }
        on!(self, c => sqlx::query(dialect::COMMIT).execute(c).await.map(drop))?;
        match &mut self.inner {
            Inner::Sqlite(held) => drop(held.0.take()),
            Inner::Postgres(held) => drop(held.0.take()),
        }
        Ok(())
    }

    /// Makes a commit impossible until the statement has ended; gives whether it was so before.
    pub(super) const fn begin_statement(&mut self) -> bool {
        std::mem::replace(&mut self.failed, true)
    }

    /// Translates the result of a statement; after an error a commit stays impossible.
    pub(super) fn end_statement<T>(
        &mut self,
        failed_before: bool,
        result: Result<T, sqlx::Error>,
    ) -> Result<T, StoreError> {
        self.failed = failed_before || result.is_err();
        result.map_err(|error| StoreError::of(&self.place, &error))
    }

    /// An error of ours, found inside this unit of work.
    pub(super) fn fail(&mut self, error: StoreError) -> StoreError {
        self.failed = true;
        error
    }

    /// What is stored cannot be read.
    pub(super) fn corrupt(&mut self, why: impl Into<String>) -> StoreError {
        let place = self.place.to_string();
        self.fail(StoreError::Corrupt { place, why: why.into() })
    }

    /// Takes `count` numbers of a counter; gives the first.
    pub(super) async fn take(&mut self, counter: &str, count: usize) -> Result<i64, StoreError> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        Ok(self.count(counter, count).await?.saturating_sub(count).saturating_add(1))
    }

    /// Adds to a counter; gives its new value.
    pub(super) async fn count(&mut self, counter: &str, by: i64) -> Result<i64, StoreError> {
        const SQL: &str = "UPDATE counters SET last = last + $2 WHERE name = $1 RETURNING last";
        let last: Option<i64> = on!(self, c => sqlx::query_scalar(SQL)
            .bind(counter).bind(by).fetch_optional(c).await)?;
        match last {
            Some(last) => Ok(last),
            None => Err(self.corrupt(format!("its counter `{counter}` is missing"))),
        }
    }

    /// Writes a row of `meta`.
    pub(super) async fn put_meta(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO meta (key, value) VALUES ($1, $2) \
            ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        on!(self, c => sqlx::query(SQL).bind(key).bind(value).execute(c).await.map(drop))
    }

    /// Reads a row of `meta`.
    pub(super) async fn meta(&mut self, key: &str) -> Result<Option<String>, StoreError> {
        on!(self, c => sqlx::query_scalar(super::META).bind(key).fetch_optional(c).await)
    }

    /// Removes a row of `meta`.
    pub(super) async fn drop_meta(&mut self, key: &str) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM meta WHERE key = $1";
        on!(self, c => sqlx::query(SQL).bind(key).execute(c).await.map(drop))
    }
}
