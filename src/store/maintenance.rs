//! Maintenance windows.

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::tx::{Tx, on};
use super::{Store, StoreError, read, words};
use crate::model::{Maintenance, MaintenanceId, Occurrence, Timestamp};

type WindowRow = (
    String,
    String,
    String,
    Option<String>,
    i64,
    i64,
    bool,
    Option<String>,
    String,
    i64,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<i64>,
    bool,
);

fn window(row: &WindowRow) -> Option<Maintenance> {
    let (id, name, pattern, check, start, end, suppress, created_by, author, created, ..) = row;
    let check = match check {
        Some(text) => Some(text.parse().ok()?),
        None => None,
    };
    let recurrence = match &row.12 {
        Some(json) => Some(Box::new(words::from_json(json)?)),
        None => None,
    };
    let previous = words::moment(row.13).zip(words::moment(row.14));
    let host_pattern = if pattern.is_empty() { None } else { Some(pattern.parse().ok()?) };
    Some(Maintenance {
        id: id.parse().ok()?,
        name: words::safe(name),
        host_pattern,
        check,
        hosts: named(row.10.as_deref())?,
        checks: named(row.11.as_deref())?,
        // Which those are the configuration says.
        children: row.15.then(BTreeSet::new),
        start: Timestamp::from_millis(*start),
        end: Timestamp::from_millis(*end),
        recurrence,
        previous: previous.map(|(start, end)| Occurrence { start, end }),
        suppress_notifications: *suppress,
        created_by: created_by.as_deref().map(words::safe),
        author: words::safe(author),
        created: Timestamp::from_millis(*created),
    })
}

/// A stored list of names; none is an empty one.
fn named<T: DeserializeOwned + Ord>(json: Option<&str>) -> Option<BTreeSet<T>> {
    json.map_or_else(|| Some(BTreeSet::new()), words::from_json)
}

impl Store {
    /// Windows that are over at `now`, the latest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn ended_maintenance(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Maintenance>, StoreError> {
        const SQL: &str = "SELECT id, name, host_pattern, check_pattern, start_at, end_at, \
            suppress, created_by, author, created_at, hosts, checks, recurrence, previous_start, \
            previous_end, children FROM maintenance WHERE end_at <= $1 \
            ORDER BY end_at DESC, id DESC LIMIT $2";
        let rows: Vec<WindowRow> = read!(self, pool => sqlx::query_as(SQL)
            .bind(now.millis()).bind(i64::from(limit)).fetch_all(pool).await)?;
        self.windows(rows)
    }

    /// Windows that end after `moment` or have further occurrences, the soonest first.
    pub(super) async fn windows_after(
        &self,
        moment: Timestamp,
    ) -> Result<Vec<Maintenance>, StoreError> {
        const SQL: &str = "SELECT id, name, host_pattern, check_pattern, start_at, end_at, \
            suppress, created_by, author, created_at, hosts, checks, recurrence, previous_start, \
            previous_end, children FROM maintenance WHERE +end_at > $1 OR recurrence IS NOT NULL \
            ORDER BY start_at, id";
        let rows: Vec<WindowRow> = read!(self, pool => sqlx::query_as(SQL)
            .bind(moment.millis()).fetch_all(pool).await)?;
        self.windows(rows)
    }

    fn windows(&self, rows: Vec<WindowRow>) -> Result<Vec<Maintenance>, StoreError> {
        let read = |row: WindowRow| {
            let id = row.0.clone();
            window(&row).ok_or_else(|| self.corrupt(format!("window {id} cannot be read")))
        };
        rows.into_iter().map(read).collect()
    }
}

fn list<T: Serialize>(names: &BTreeSet<T>) -> Result<Option<String>, StoreError> {
    if names.is_empty() { Ok(None) } else { words::json(names).map(Some) }
}

impl Tx {
    /// Writes a window, new or changed.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn put_maintenance(&mut self, window: &Maintenance) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO maintenance (id, name, host_pattern, check_pattern, \
            start_at, end_at, suppress, created_by, author, created_at, \
            hosts, checks, recurrence, previous_start, previous_end, children) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, \
            host_pattern = excluded.host_pattern, check_pattern = excluded.check_pattern, \
            start_at = excluded.start_at, end_at = excluded.end_at, suppress = excluded.suppress, \
            created_by = excluded.created_by, author = excluded.author, hosts = excluded.hosts, \
            checks = excluded.checks, recurrence = excluded.recurrence, \
            previous_start = excluded.previous_start, previous_end = excluded.previous_end, \
            children = excluded.children";
        let hosts = list(&window.hosts).map_err(|error| self.fail(error))?;
        let checks = list(&window.checks).map_err(|error| self.fail(error))?;
        let recurrence = window.recurrence.as_ref().map(words::json).transpose();
        let recurrence = recurrence.map_err(|error| self.fail(error))?;
        on!(self, c => sqlx::query(SQL)
            .bind(window.id.to_string())
            .bind(window.name.as_str())
            .bind(window.host_pattern.as_ref().map_or("", crate::model::Pattern::as_str))
            .bind(window.check.as_ref().map(crate::model::Pattern::as_str))
            .bind(window.start.millis())
            .bind(window.end.millis())
            .bind(window.suppress_notifications)
            .bind(window.created_by.as_ref().map(crate::model::SafeText::as_str))
            .bind(window.author.as_str())
            .bind(window.created.millis())
            .bind(hosts)
            .bind(checks)
            .bind(recurrence)
            .bind(window.previous.map(|before| before.start.millis()))
            .bind(window.previous.map(|before| before.end.millis()))
            .bind(window.children.is_some())
            .execute(c).await.map(drop))
    }

    /// Removes a window.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn delete_maintenance(&mut self, id: MaintenanceId) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM maintenance WHERE id = $1";
        on!(self, c => sqlx::query(SQL).bind(id.to_string()).execute(c).await.map(drop))
    }
}
