//! All that an engine needs at its start.

use std::collections::HashMap;

use super::pack::batch;
use super::requests::ALIVE;
use super::{Store, StoreError, read, words};
use crate::model::{Alert, CheckKey, Hold, Maintenance, Span, Status, Timestamp, Wait};

/// A check that is not retired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownCheck {
    /// Its number.
    pub no: i64,
    /// `host/name`.
    pub key: CheckKey,
    /// The whole check as JSON, secrets masked, as it was last written.
    pub spec_json: String,
}

/// A host that is not retired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownHost {
    /// Its name.
    pub name: String,
    /// The whole host as JSON, as it was last written.
    pub spec_json: String,
}

/// What was there when the engine started.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// Checks that are not retired, by number.
    pub checks: Vec<KnownCheck>,
    /// Hosts that are not retired, by name, each as it was last written.
    pub hosts: Vec<KnownHost>,
    /// Where those checks stand, by number, with the time of their last result.
    pub statuses: Vec<(i64, Status)>,
    /// Pending and firing alerts, oldest first.
    pub alerts: Vec<Alert>,
    /// Windows that were not over, or over for less than a day, at the last sign of life (all,
    /// when there was none); the soonest first.
    pub windows: Vec<Maintenance>,
    /// That paging is held.
    pub hold: Option<Hold>,
    /// The last sign of life of an engine before.
    pub alive: Option<Timestamp>,
}

type StatusRow = (
    i64,
    String,
    bool,
    String,
    i64,
    i64,
    Option<i64>,
    bool,
    String,
    i64,
    Option<i64>,
    Option<i64>,
    i64,
    bool,
);

fn status(row: StatusRow) -> Option<(i64, Status)> {
    let (no, state, hard, hard_state, attempt, since, last_result, late, output, flap, ..) = row;
    let (.., wait_since, wait_critical, recent, silent) = row;
    let status = Status {
        state: words::state(&state)?,
        hard,
        hard_state: words::state(&hard_state)?,
        attempt: words::small(attempt)?,
        since: Timestamp::from_millis(since),
        last_result: words::moment(last_result),
        late,
        output: words::safe(&output),
        flap: words::stored_flap(flap)?,
        silent,
        wait: Wait {
            since: words::moment(wait_since),
            critical: words::moment(wait_critical),
            recent: words::small(recent)?,
        },
    };
    Some((no, status))
}

impl Store {
    /// Reads all that an engine needs at its start.
    ///
    /// # Errors
    /// When the database cannot be read, or what it holds makes no sense.
    pub async fn load(&self) -> Result<Loaded, StoreError> {
        let alive = match self.meta(ALIVE).await? {
            Some(text) => {
                let millis = text.parse().map_err(|_| {
                    self.corrupt(format!("its last sign of life reads `{}`", text.escape_debug()))
                })?;
                Some(Timestamp::from_millis(millis))
            }
            None => None,
        };
        let windows = alive
            .map_or(Timestamp::from_millis(i64::MIN), |alive| alive - Span::from_secs(24 * 3600));
        // Side by side: each has a connection of its own, and a start waits for the slowest.
        let (checks, hosts, statuses, alerts, windows) = tokio::try_join!(
            self.known_checks(),
            self.known_hosts(),
            self.statuses(),
            self.open_alerts(),
            self.windows_after(windows),
        )?;
        let hold = self.hold().await?;
        Ok(Loaded { checks, hosts, statuses, alerts, windows, hold, alive })
    }

    async fn known_checks(&self) -> Result<Vec<KnownCheck>, StoreError> {
        const SQL: &str =
            "SELECT no, host, name, spec FROM checks WHERE retired_at IS NULL ORDER BY no";
        let rows: Vec<(i64, String, String, String)> =
            read!(self, pool => sqlx::query_as(SQL).fetch_all(pool).await)?;
        let known = rows.into_iter().map(|(no, host, name, spec_json)| KnownCheck {
            no,
            key: CheckKey::new(host, name),
            spec_json,
        });
        Ok(known.collect())
    }

    async fn known_hosts(&self) -> Result<Vec<KnownHost>, StoreError> {
        const SQL: &str = "SELECT name, spec FROM hosts WHERE retired_at IS NULL ORDER BY name";
        let rows: Vec<(String, String)> =
            read!(self, pool => sqlx::query_as(SQL).fetch_all(pool).await)?;
        Ok(rows.into_iter().map(|(name, spec_json)| KnownHost { name, spec_json }).collect())
    }

    async fn statuses(&self) -> Result<Vec<(i64, Status)>, StoreError> {
        const SQL: &str = "SELECT s.check_no, s.state, s.hard, s.hard_state, s.attempt, s.since, \
            s.last_result, s.late, s.output, s.flap, s.wait_since, s.wait_critical, s.recent, s.silent \
            FROM statuses s JOIN checks c ON c.no = s.check_no \
            WHERE c.retired_at IS NULL ORDER BY s.check_no";
        let rows: Vec<StatusRow> = read!(self, pool => sqlx::query_as(SQL).fetch_all(pool).await)?;
        let newest = self.newest_results().await?;
        let read = |row: StatusRow| {
            let no = row.0;
            let (no, mut status) = status(row)
                .ok_or_else(|| self.corrupt(format!("the status of check {no} cannot be read")))?;
            // A routine result changes no status row; it is in the journal.
            let journal = newest.get(&no).copied().map(Timestamp::from_millis);
            status.last_result = status.last_result.max(journal);
            Ok((no, status))
        };
        rows.into_iter().map(read).collect()
    }

    async fn newest_results(&self) -> Result<HashMap<i64, i64>, StoreError> {
        const SQL: &str = "SELECT vals FROM journal ORDER BY seq";
        let rows: Vec<Vec<u8>> =
            read!(self, pool => sqlx::query_scalar(SQL).fetch_all(pool).await)?;
        let mut newest: HashMap<i64, i64> = HashMap::new();
        for bytes in rows {
            let skimmed = batch::skim(&bytes, |check, at| {
                let known = newest.entry(check).or_insert(at);
                *known = at.max(*known);
            });
            if let Err(error) = skimmed {
                tracing::error!(%error, "a row of the journal is damaged; its results are lost");
            }
        }
        Ok(newest)
    }
}
