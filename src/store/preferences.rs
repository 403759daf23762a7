//! What operators let the engine remember for them, under keys of their own.

use super::tx::{Tx, on};
use super::{Store, StoreError, read};

impl Store {
    /// All that is remembered for an operator, by key.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn preferences(&self, operator: &str) -> Result<Vec<(String, String)>, StoreError> {
        const SQL: &str = "SELECT name, value FROM preferences WHERE operator = $1 ORDER BY name";
        read!(self, pool => sqlx::query_as(SQL).bind(operator).fetch_all(pool).await)
    }

    /// How many operators have something remembered.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn remembering_operators(&self) -> Result<usize, StoreError> {
        const SQL: &str = "SELECT COUNT(DISTINCT operator) FROM preferences";
        let count: i64 = read!(self, pool => sqlx::query_scalar(SQL).fetch_one(pool).await)?;
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }
}

impl Tx {
    /// Remembers a value for an operator, or forgets it.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn put_preference(
        &mut self,
        operator: &str,
        name: &str,
        value: Option<&str>,
    ) -> Result<(), StoreError> {
        const PUT: &str = "INSERT INTO preferences (operator, name, value) VALUES ($1, $2, $3) \
            ON CONFLICT (operator, name) DO UPDATE SET value = excluded.value";
        const DROP: &str = "DELETE FROM preferences WHERE operator = $1 AND name = $2";
        if let Some(value) = value {
            on!(self, c => sqlx::query(PUT)
                .bind(operator).bind(name).bind(value).execute(c).await.map(drop))
        } else {
            on!(self, c => sqlx::query(DROP)
                .bind(operator).bind(name).execute(c).await.map(drop))
        }
    }
}
