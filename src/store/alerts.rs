//! Alerts: the episodes, at most one open per check.

use std::collections::HashSet;

use sqlx::{ColumnIndex, Decode, FromRow, Row, Type};

use super::bulk::{MANY, SOME, groups, rows};
use super::tx::{Tx, on};
use super::{Store, StoreError, read, words};
use crate::model::{Alert, AlertId, CheckKey};

/// An alert as its columns hold it.
struct AlertRow {
    id: String,
    host: String,
    check_name: String,
    phase: String,
    state: String,
    opened: i64,
    fired: Option<i64>,
    resolved: Option<i64>,
    since: i64,
    output: String,
    attempt: i64,
    attempts: i64,
    ack: Option<String>,
    edge_seq: i64,
    in_maintenance: bool,
    suppressed: bool,
    notified: Option<String>,
    flapping: Option<String>,
    told_at: Option<i64>,
    cause: Option<String>,
    escalation: Option<String>,
}

impl<'r, R: Row> FromRow<'r, R> for AlertRow
where
    for<'c> &'c str: ColumnIndex<R>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Option<String>: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    Option<i64>: Decode<'r, R::Database> + Type<R::Database>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            host: row.try_get("host")?,
            check_name: row.try_get("check_name")?,
            phase: row.try_get("phase")?,
            state: row.try_get("state")?,
            opened: row.try_get("opened")?,
            fired: row.try_get("fired")?,
            resolved: row.try_get("resolved")?,
            since: row.try_get("since")?,
            output: row.try_get("output")?,
            attempt: row.try_get("attempt")?,
            attempts: row.try_get("attempts")?,
            ack: row.try_get("ack")?,
            edge_seq: row.try_get("edge_seq")?,
            in_maintenance: row.try_get("in_maintenance")?,
            suppressed: row.try_get("suppressed")?,
            notified: row.try_get("notified")?,
            flapping: row.try_get("flapping")?,
            told_at: row.try_get("told_at")?,
            cause: row.try_get("cause")?,
            escalation: row.try_get("escalation")?,
        })
    }
}

impl AlertRow {
    /// The alert; `None` when a column holds what no version of ours wrote.
    fn alert(self) -> Option<Alert> {
        let ack = match &self.ack {
            Some(text) => Some(words::from_json(text)?),
            None => None,
        };
        let notified = match &self.notified {
            Some(word) => Some(words::state(word)?),
            None => None,
        };
        let flapping = match &self.flapping {
            Some(text) => Some(words::from_json(text)?),
            None => None,
        };
        let cause = match &self.cause {
            Some(text) => Some(words::from_json(text)?),
            None => None,
        };
        let escalation = match &self.escalation {
            Some(text) => Some(words::from_json(text)?),
            None => None,
        };
        Some(Alert {
            id: self.id.parse().ok()?,
            check: CheckKey::new(self.host, self.check_name),
            phase: words::phase(&self.phase)?,
            state: words::state(&self.state)?,
            opened: words::moment(Some(self.opened))?,
            fired: words::moment(self.fired),
            resolved: words::moment(self.resolved),
            since: words::moment(Some(self.since))?,
            output: words::safe(&self.output),
            attempt: words::small(self.attempt)?,
            attempts: words::small(self.attempts)?,
            ack,
            edge_seq: words::small(self.edge_seq)?,
            in_maintenance: self.in_maintenance,
            suppressed: self.suppressed,
            notified,
            told_at: words::moment(self.told_at),
            flapping,
            cause,
            escalation,
        })
    }
}

const INSERT: &str = "INSERT INTO alerts (id, host, check_name, phase, state, opened, fired, \
    resolved, since, output, attempt, attempts, ack, edge_seq, in_maintenance, suppressed, \
    notified, flapping, told_at, cause, escalation) VALUES ";
const CONFLICT: &str = " ON CONFLICT (id) DO UPDATE SET phase = excluded.phase, \
    state = excluded.state, opened = excluded.opened, fired = excluded.fired, \
    resolved = excluded.resolved, since = excluded.since, output = excluded.output, \
    attempt = excluded.attempt, attempts = excluded.attempts, ack = excluded.ack, \
    edge_seq = excluded.edge_seq, in_maintenance = excluded.in_maintenance, \
    suppressed = excluded.suppressed, notified = excluded.notified, \
    flapping = excluded.flapping, told_at = excluded.told_at, cause = excluded.cause, \
    escalation = excluded.escalation";

impl Store {
    /// Alerts that are over, the latest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn resolved_alerts(&self, limit: u32) -> Result<Vec<Alert>, StoreError> {
        const SQL: &str = "SELECT * FROM alerts WHERE phase = 'resolved' AND resolved IS NOT NULL \
            ORDER BY resolved DESC, id DESC LIMIT $1";
        let rows: Vec<AlertRow> = read!(self, pool => sqlx::query_as(SQL)
            .bind(i64::from(limit)).fetch_all(pool).await)?;
        self.alerts(rows)
    }

    /// The alerts of which something waits in the outbox for a destination, behind a gate.
    pub(super) async fn alerts_waiting(
        &self,
        destination: &str,
        gate: i64,
    ) -> Result<Vec<Alert>, StoreError> {
        const SQL: &str = "SELECT * FROM alerts WHERE id IN (SELECT alert FROM outbox \
            WHERE destination = $1 AND state = 'due' AND gate = $2)";
        let rows: Vec<AlertRow> = read!(self, pool => sqlx::query_as(SQL)
            .bind(destination).bind(gate).fetch_all(pool).await)?;
        self.alerts(rows)
    }

    /// One alert, open or over.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn alert(&self, id: AlertId) -> Result<Option<Alert>, StoreError> {
        const SQL: &str = "SELECT * FROM alerts WHERE id = $1";
        let rows: Vec<AlertRow> = read!(self, pool => sqlx::query_as(SQL)
            .bind(id.to_string()).fetch_all(pool).await)?;
        Ok(self.alerts(rows)?.pop())
    }

    /// Alerts that are pending or firing, oldest first.
    pub(super) async fn open_alerts(&self) -> Result<Vec<Alert>, StoreError> {
        // Not by the index of what is open: a damaged index gives fewer rows and no error.
        const SQL: &str =
            "SELECT * FROM alerts WHERE phase || '' <> 'resolved' ORDER BY opened, id";
        let rows: Vec<AlertRow> = read!(self, pool => sqlx::query_as(SQL).fetch_all(pool).await)?;
        self.alerts(rows)
    }

    fn alerts(&self, rows: Vec<AlertRow>) -> Result<Vec<Alert>, StoreError> {
        let alert = |row: AlertRow| {
            let id = row.id.clone();
            row.alert().ok_or_else(|| self.corrupt(format!("alert {id} cannot be read")))
        };
        rows.into_iter().map(alert).collect()
    }
}

impl Tx {
    /// Writes an alert, new or changed.
    ///
    /// # Errors
    /// When the database cannot be written, or the check has another open alert.
    pub async fn put_alert(&mut self, alert: &Alert) -> Result<(), StoreError> {
        self.put_alerts(&[alert]).await
    }

    /// Writes alerts, new or changed, in this order. Of several states of one alert the last counts.
    ///
    /// # Errors
    /// When the database cannot be written, or a check has another open alert.
    pub async fn put_alerts(&mut self, alerts: &[&Alert]) -> Result<(), StoreError> {
        let mut seen = HashSet::with_capacity(alerts.len());
        let mut rows = Vec::with_capacity(alerts.len());
        for alert in alerts.iter().rev().filter(|alert| seen.insert(alert.id)) {
            let written = (
                alert.ack.as_ref().map(words::json).transpose(),
                alert.flapping.as_ref().map(words::json).transpose(),
                alert.cause.as_ref().map(words::json).transpose(),
                alert.escalation.as_ref().map(words::json).transpose(),
            );
            let (Ok(ack), Ok(flapping), Ok(cause), Ok(escalation)) = written else {
                let text = format!("alert {} cannot be written as JSON", alert.id);
                return Err(self.fail(StoreError::Internal(text)));
            };
            rows.push((*alert, ack, flapping, cause, escalation));
        }
        rows.reverse();
        for group in groups(&rows) {
            let sql = match group.len() {
                MANY => rows!(INSERT, 64, 21, "", CONFLICT),
                SOME => rows!(INSERT, 16, 21, "", CONFLICT),
                _ => rows!(INSERT, 1, 21, "", CONFLICT),
            };
            on!(self, c => {
                let mut query = sqlx::query(sql);
                for (alert, ack, flapping, cause, escalation) in group {
                    query = query
                        .bind(alert.id.to_string())
                        .bind(&*alert.check.host)
                        .bind(&*alert.check.name)
                        .bind(alert.phase.word())
                        .bind(alert.state.word())
                        .bind(alert.opened.millis())
                        .bind(words::millis(alert.fired))
                        .bind(words::millis(alert.resolved))
                        .bind(alert.since.millis())
                        .bind(alert.output.as_str())
                        .bind(i64::from(alert.attempt))
                        .bind(i64::from(alert.attempts))
                        .bind(ack.as_deref())
                        .bind(i64::from(alert.edge_seq))
                        .bind(alert.in_maintenance)
                        .bind(alert.suppressed)
                        .bind(alert.notified.map(crate::model::State::word))
                        .bind(flapping.as_deref())
                        .bind(words::millis(alert.told_at))
                        .bind(cause.as_deref())
                        .bind(escalation.as_deref());
                }
                query.execute(c).await.map(drop)
            })?;
        }
        Ok(())
    }

    /// Removes an alert, such as a pending one that cleared.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn delete_alert(&mut self, id: AlertId) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM alerts WHERE id = $1";
        on!(self, c => sqlx::query(SQL).bind(id.to_string()).execute(c).await.map(drop))
    }
}
