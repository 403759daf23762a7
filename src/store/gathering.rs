//! What waits in the outbox to be told together: how much it is, what it is, and that it is told.
//!
//! In: destinations, groups, keys. Out: counts by the indexes of what is due, and the rows of one
//! digest. Never: decides what goes together.

use std::collections::HashMap;

use super::tx::{Tx, on};
use super::{Store, StoreError, bulk, read, words};
use crate::model::{Alert, AlertId, Hold, Notification, Timestamp};

/// Row of `meta` with the hold of paging.
const HOLD: &str = "hold";

/// How a group is called of acknowledgements that ran out together: its rows wait for the last of
/// them, but no longer than for a later edge of their alert.
pub const RENEWED: &str = "ack:";

/// It may go, unless there are too many.
pub(super) const ALONE: i64 = 0;
/// It waits for its group.
pub(super) const WITH_GROUP: i64 = 1;
/// It goes in any case.
pub(super) const FREE: i64 = 2;

/// Which notifications of a destination may be delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub enum Pass {
    /// All that wait for no group. What was tried waits for none: it was under way when its group
    /// was made, and no digest takes it.
    Open = 0,
    /// What goes in any case and what was tried before; there are too many for the rest.
    Closed = 1,
    /// What is told of paging itself; paging is held.
    Held = 2,
}

/// What waits of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piled {
    /// The group; `None` for what belongs to none or may go by itself.
    pub group: Option<String>,
    /// Notifications.
    pub rows: usize,
    /// Alerts that they are of.
    pub alerts: usize,
    /// When the first of them came.
    pub oldest: Timestamp,
    /// When the last of them came.
    pub newest: Timestamp,
}

/// What goes into a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Select<'a> {
    /// What may go by itself.
    Alone,
    /// What waits for this group.
    Group(&'a str),
}

/// A notification that may go into a digest.
#[derive(Clone, Debug, PartialEq)]
pub struct Gathered {
    /// It.
    pub notification: Notification,
    /// Its alert as it is now; `None` when nothing is known of it any more.
    pub alert: Option<Alert>,
    /// True when its destination was told of the alert by itself before.
    pub told: bool,
    /// True when it was told of the alert in a digest before.
    pub told_in_digest: bool,
}

const MARK: &str = "UPDATE outbox SET state = 'digest', digest = v.column2 FROM (VALUES ";
const MARK_END: &str = ") AS v WHERE outbox.key = v.column1 AND outbox.state = 'due' \
    AND outbox.tries = 0";

type PileRow = (Option<String>, i64, i64, Option<i64>, Option<i64>);
type GatheredRow = (String, String, i64, bool, bool);

fn piled((group, rows, alerts, oldest, newest): PileRow) -> Option<Piled> {
    let count = |count: i64| usize::try_from(count).unwrap_or(0);
    let (oldest, newest) = (words::moment(oldest)?, words::moment(newest)?);
    Some(Piled { group, rows: count(rows), alerts: count(alerts), oldest, newest })
}

impl Store {
    /// The hold of paging, while there is one.
    pub(super) async fn hold(&self) -> Result<Option<Hold>, StoreError> {
        let Some(text) = self.meta(HOLD).await? else { return Ok(None) };
        let hold = words::from_json(&text);
        hold.map(Some).ok_or_else(|| self.corrupt("its hold of paging cannot be read"))
    }

    /// The groups of a destination of which something waits that was not tried yet.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn piled_groups(
        &self,
        destination: &str,
        now: Timestamp,
    ) -> Result<Vec<Piled>, StoreError> {
        const SQL: &str = "SELECT grouped, COUNT(*), COUNT(DISTINCT alert), MIN(not_before), \
            MAX(not_before) FROM outbox WHERE destination = $1 AND state = 'due' AND gate = 1 \
            AND tries = 0 AND +not_before <= $2 GROUP BY grouped ORDER BY grouped";
        let rows: Vec<PileRow> = read!(self, pool => sqlx::query_as(SQL)
            .bind(destination).bind(now.millis()).fetch_all(pool).await)?;
        Ok(rows.into_iter().filter_map(piled).collect())
    }

    /// What waits to go to a destination by itself and was not tried yet.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn piled_alone(
        &self,
        destination: &str,
        now: Timestamp,
    ) -> Result<Option<Piled>, StoreError> {
        const SQL: &str = "SELECT CAST(NULL AS TEXT), COUNT(*), COUNT(DISTINCT alert), \
            MIN(not_before), MAX(not_before) FROM outbox WHERE destination = $1 \
            AND state = 'due' AND gate = 0 AND tries = 0 AND +not_before <= $2";
        let row: PileRow = read!(self, pool => sqlx::query_as(SQL)
            .bind(destination).bind(now.millis()).fetch_one(pool).await)?;
        Ok(piled(row))
    }

    /// How many notifications a destination took by themselves since a moment, up to `most`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn sent_since(
        &self,
        destination: &str,
        since: Timestamp,
        most: usize,
    ) -> Result<usize, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM (SELECT key FROM outbox WHERE destination = $1 \
            AND sent_at > $2 AND state = 'sent' AND gate <> 2 LIMIT $3) recent";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let count: i64 = read!(self, pool => sqlx::query_scalar(SQL)
            .bind(destination).bind(since.millis()).bind(most).fetch_one(pool).await)?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    /// When a destination last took a digest since a moment.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn last_digest(
        &self,
        destination: &str,
        since: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        const SQL: &str = "SELECT MAX(sent_at) FROM outbox WHERE destination = $1 \
            AND sent_at > $2 AND reason = 'digest' AND state = 'sent'";
        let at: Option<i64> = read!(self, pool => sqlx::query_scalar(SQL)
            .bind(destination).bind(since.millis()).fetch_one(pool).await)?;
        Ok(words::moment(at))
    }

    /// When a group was last told at a destination, by itself or in a digest of its own.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn last_of_group(
        &self,
        destination: &str,
        group: &str,
    ) -> Result<Option<Timestamp>, StoreError> {
        const SQL: &str = "SELECT MAX(sent_at) FROM outbox WHERE destination = $1 \
            AND grouped = $2 AND sent_at IS NOT NULL AND state = 'sent'";
        let at: Option<i64> = read!(self, pool => sqlx::query_scalar(SQL)
            .bind(destination).bind(group).fetch_one(pool).await)?;
        Ok(words::moment(at))
    }

    /// True while a destination has not taken a digest: until then there is no other.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn owes_digest(&self, destination: &str) -> Result<bool, StoreError> {
        const SQL: &str = "SELECT COUNT(*) FROM outbox WHERE destination = $1 \
            AND state = 'due' AND gate = 2 AND reason = 'digest'";
        let count: i64 = read!(self, pool => sqlx::query_scalar(SQL)
            .bind(destination).fetch_one(pool).await)?;
        Ok(count > 0)
    }

    /// What may go into a digest, in the order in which it came: of an alert of which an earlier
    /// edge is still to go, by itself or in another digest, nothing.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn gathered(
        &self,
        destination: &str,
        select: Select<'_>,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Gathered>, StoreError> {
        const SQL: &str = "SELECT o.key, o.body, o.not_before, \
            EXISTS (SELECT 1 FROM outbox s WHERE s.alert = o.alert AND s.reason <> 'digest' \
                AND s.destination = o.destination AND s.state = 'sent'), \
            EXISTS (SELECT 1 FROM outbox s WHERE s.digest IS NOT NULL AND s.alert = o.alert \
                AND s.destination = o.destination) \
            FROM outbox o WHERE o.destination = $1 AND o.state = 'due' AND o.tries = 0 \
            AND o.gate = $2 AND (o.gate = 0 OR o.grouped = $3) AND +o.not_before <= $4 \
            AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.state = 'due' AND e.alert = o.alert \
                AND e.destination = o.destination AND e.edge_seq < o.edge_seq \
                AND (e.tries > 0 OR e.gate <> o.gate OR e.not_before > $4 \
                    OR o.gate = 1 AND e.grouped <> o.grouped)) \
            AND NOT EXISTS (SELECT 1 FROM outbox m CROSS JOIN outbox d WHERE d.key = m.digest \
                AND m.digest IS NOT NULL AND m.alert = o.alert \
                AND m.destination = o.destination AND d.state = 'due') \
            ORDER BY o.not_before, o.alert, o.edge_seq, o.key LIMIT $5";
        let (gate, group) = match select {
            Select::Alone => (ALONE, ""),
            Select::Group(name) => (WITH_GROUP, name),
        };
        let rows: Vec<GatheredRow> = read!(self, pool => sqlx::query_as(SQL)
            .bind(destination).bind(gate).bind(group).bind(now.millis()).bind(i64::from(limit))
            .fetch_all(pool).await)?;
        let mut alerts: HashMap<AlertId, Alert> = HashMap::new();
        if !rows.is_empty() {
            let known = self.alerts_waiting(destination, gate).await?;
            alerts.extend(known.into_iter().map(|alert| (alert.id, alert)));
        }
        let read = |row: GatheredRow| {
            let (key, body, not_before, told, told_in_digest) = row;
            let Some(mut notification) = words::from_json::<Notification>(&body) else {
                return Err(self.corrupt(format!("notification {key} cannot be read")));
            };
            notification.not_before = Timestamp::from_millis(not_before);
            let alert = alerts.get(&notification.alert).cloned();
            Ok(Gathered { notification, alert, told, told_in_digest })
        };
        rows.into_iter().map(read).collect()
    }
}

impl Tx {
    /// Writes that paging is held, or no more.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn put_hold(&mut self, hold: Option<&Hold>) -> Result<(), StoreError> {
        match hold {
            Some(hold) => {
                let json = words::json(hold).map_err(|error| self.fail(error))?;
                self.put_meta(HOLD, &json).await
            }
            None => self.drop_meta(HOLD).await,
        }
    }

    /// Makes one group of all that is due and was not tried yet, at every destination.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn gather(&mut self, group: &str, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE outbox SET grouped = $1, gate = 1 WHERE state = 'due' \
            AND tries = 0 AND gate <> 2 AND not_before <= $2";
        on!(self, c => sqlx::query(SQL)
            .bind(group).bind(now.millis()).execute(c).await.map(drop))
    }

    /// What waits for a group goes by itself.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn open_group(
        &mut self,
        destination: &str,
        group: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE outbox SET gate = 0 WHERE destination = $1 AND state = 'due' \
            AND gate = 1 AND grouped = $2 AND not_before <= $3";
        on!(self, c => sqlx::query(SQL)
            .bind(destination).bind(group).bind(now.millis()).execute(c).await.map(drop))
    }

    /// One goes in any case.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn let_go(&mut self, key: &str) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE outbox SET gate = 2 WHERE key = $1 AND state = 'due'";
        on!(self, c => sqlx::query(SQL).bind(key).execute(c).await.map(drop))
    }

    /// These are told in a digest, but those that were tried or ended meanwhile; gives how many.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn put_in_digest(
        &mut self,
        keys: &[&str],
        digest: &str,
    ) -> Result<usize, StoreError> {
        let mut marked = 0;
        for group in bulk::groups(keys) {
            let sql = match group.len() {
                bulk::MANY => bulk::rows!(MARK, bulk::MANY, 2, "TEXT", MARK_END),
                bulk::SOME => bulk::rows!(MARK, bulk::SOME, 2, "TEXT", MARK_END),
                _ => bulk::rows!(MARK, 1, 2, "TEXT", MARK_END),
            };
            marked += on!(self, c => {
                let mut query = sqlx::query(sql);
                for key in group {
                    query = query.bind(*key).bind(digest);
                }
                query.execute(c).await.map(|done| done.rows_affected())
            })?;
        }
        Ok(usize::try_from(marked).unwrap_or(usize::MAX))
    }
}
