//! Schedules of network tests.

use super::tx::{Tx, on};
use super::{Store, StoreError, read, words};
use crate::model::{Schedule, ScheduleId};

impl Store {
    /// All schedules, by vantage and name.
    ///
    /// # Errors
    /// When the database cannot be read, or what it holds makes no sense.
    pub async fn schedules(&self) -> Result<Vec<Schedule>, StoreError> {
        const SQL: &str = "SELECT id, body FROM schedules ORDER BY vantage, name";
        let rows: Vec<(String, String)> =
            read!(self, pool => sqlx::query_as(SQL).fetch_all(pool).await)?;
        let read = |(id, body): (String, String)| {
            words::from_json(&body)
                .ok_or_else(|| self.corrupt(format!("the schedule {id} cannot be read")))
        };
        rows.into_iter().map(read).collect()
    }
}

impl Tx {
    /// Writes a schedule, new or changed.
    ///
    /// # Errors
    /// When the database cannot be written, or another schedule of that vantage has the name.
    pub async fn put_schedule(&mut self, schedule: &Schedule) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO schedules (id, vantage, name, body) \
            VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET vantage = excluded.vantage, \
            name = excluded.name, body = excluded.body";
        let body = words::json(schedule).map_err(|error| self.fail(error))?;
        on!(self, c => sqlx::query(SQL)
            .bind(schedule.id.to_string()).bind(&*schedule.vantage)
            .bind(&schedule.plan.name).bind(body).execute(c).await.map(drop))
    }

    /// Removes a schedule; its results stay.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn delete_schedule(&mut self, id: ScheduleId) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM schedules WHERE id = $1";
        on!(self, c => sqlx::query(SQL).bind(id.to_string()).execute(c).await.map(drop))
    }
}
