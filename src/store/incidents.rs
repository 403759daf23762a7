//! Incidents that services opened for alerts.

use super::tx::{Tx, on};
use super::{Store, StoreError, read, words};
use crate::model::{AlertId, Incident, SafeText};

impl Store {
    /// The incidents of an alert with their destinations, by destination.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn incidents_of(
        &self,
        alert: AlertId,
    ) -> Result<Vec<(String, SafeText)>, StoreError> {
        const SQL: &str = "SELECT destination, incident FROM incidents WHERE alert = $1 \
            ORDER BY destination LIMIT 100";
        let rows: Vec<(String, String)> = read!(self, pool => sqlx::query_as(SQL)
            .bind(alert.to_string()).fetch_all(pool).await)?;
        Ok(rows.into_iter().map(|(to, id)| (to, words::safe(&id))).collect())
    }
}

impl Tx {
    /// Keeps the incident that a destination opened for an alert; the first one stays.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn put_incident(
        &mut self,
        alert: AlertId,
        destination: &str,
        incident: &Incident,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO incidents (alert, destination, incident, opened_by) \
            VALUES ($1, $2, $3, $4) ON CONFLICT (alert, destination) DO NOTHING";
        on!(self, c => sqlx::query(SQL)
            .bind(alert.to_string()).bind(destination)
            .bind(&incident.id).bind(&incident.opened_by)
            .execute(c).await.map(drop))
    }
}
