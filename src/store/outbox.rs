//! The outbox: promises to tell somebody, written with what they are about.

use super::tx::{Tx, on};
use super::{Pass, Store, StoreError, bulk, gathering, read, words};
use crate::model::{AlertId, Incident, Notification, Reason, RequestId, SafeText, Timestamp};

const PROMISE: &str = "INSERT INTO outbox (key, alert, edge_seq, reason, destination, not_before, \
    state, body, request, grouped, gate, tries) VALUES ";
const PROMISE_END: &str = " ON CONFLICT (key) DO NOTHING";
const SENT: &str = "UPDATE outbox SET state = 'sent', sent_at = CAST(v.column2 AS BIGINT), \
    error = NULL FROM (VALUES ";
const SENT_END: &str = ") AS v WHERE outbox.key = v.column1 AND outbox.state = 'due'";

/// A notification that waits to be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// What is to be told.
    pub notification: Notification,
    /// How often it was tried.
    pub tries: u32,
    /// Why the last try failed.
    pub error: Option<String>,
    /// When an operator had it sent again.
    pub resent_at: Option<Timestamp>,
    /// The incident that its destination has opened for its alert.
    pub incident: Option<Incident>,
}

/// A row of the outbox with what is known of its incident.
type DueRow =
    (String, String, i64, i64, Option<String>, Option<i64>, Option<String>, Option<String>);

/// A promise with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// What is or was to be told.
    pub notification: Notification,
    /// `due`, `sent`, `parked`, `dropped`, or `digest`: it is told in one.
    pub state: String,
    /// How often it was tried in vain.
    pub tries: u32,
    /// When it was delivered or dropped.
    pub sent_at: Option<Timestamp>,
    /// Why the last try failed.
    pub error: Option<SafeText>,
}

pub(super) type DeliveredRow = (String, String, i64, String, i64, Option<i64>, Option<String>);

impl Store {
    /// All promises about an alert, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn notifications_of(
        &self,
        alert: AlertId,
        limit: u32,
    ) -> Result<Vec<Delivered>, StoreError> {
        // Of what is told in a digest it says how far that is.
        const SQL: &str = "SELECT o.key, o.body, o.not_before, CASE WHEN o.state <> 'digest' \
            OR d.state IS NULL OR d.state IN ('due', 'sent') THEN o.state ELSE d.state END, \
            COALESCE(d.tries, o.tries), COALESCE(d.sent_at, o.sent_at), \
            COALESCE(d.error, o.error) \
            FROM outbox o LEFT JOIN outbox d ON d.key = o.digest \
            WHERE o.alert = $1 AND o.reason <> 'digest' \
            ORDER BY o.edge_seq DESC, o.key LIMIT $2";
        let rows: Vec<DeliveredRow> = read!(self, pool => sqlx::query_as(SQL)
            .bind(alert.to_string()).bind(i64::from(limit)).fetch_all(pool).await)?;
        rows.into_iter().map(|row| self.delivered(row)).collect()
    }

    /// The promises of a request that still wait for the chance to be undone.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn held_notifications(
        &self,
        request: RequestId,
        now: Timestamp,
    ) -> Result<Vec<Delivered>, StoreError> {
        const SQL: &str = "SELECT key, body, not_before, state, tries, sent_at, error \
            FROM outbox WHERE request = $1 AND state = 'due' AND tries = 0 AND not_before > $2 \
            ORDER BY edge_seq, key";
        let rows: Vec<DeliveredRow> = read!(self, pool => sqlx::query_as(SQL)
            .bind(request.to_string()).bind(now.millis()).fetch_all(pool).await)?;
        rows.into_iter().map(|row| self.delivered(row)).collect()
    }

    pub(super) fn delivered(&self, row: DeliveredRow) -> Result<Delivered, StoreError> {
        let (key, body, not_before, state, tries, sent_at, error) = row;
        let body: Option<Notification> = words::from_json(&body);
        let (Some(mut notification), Some(tries)) = (body, words::small(tries)) else {
            return Err(self.corrupt(format!("notification {key} cannot be read")));
        };
        notification.not_before = Timestamp::from_millis(not_before);
        let error = error.as_deref().map(words::safe);
        Ok(Delivered { notification, state, tries, sent_at: words::moment(sent_at), error })
    }

    /// The destinations for which something is to be delivered now.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn due_destinations(&self, now: Timestamp) -> Result<Vec<String>, StoreError> {
        // By an index of what is open, as in all questions of what is due: the `+` keeps SQLite from
        // walking along the times of all that was ever told, the CROSS JOIN from other orders.
        const SQL: &str = "SELECT d.destination FROM (SELECT DISTINCT destination FROM outbox \
            WHERE state = 'due') d WHERE EXISTS (SELECT 1 FROM outbox o WHERE o.state = 'due' \
            AND o.destination = d.destination AND +o.not_before <= $1) ORDER BY d.destination";
        read!(self, pool => sqlx::query_scalar(SQL).bind(now.millis()).fetch_all(pool).await)
    }

    /// Notifications to be delivered to a destination now, the longest waiting first. While one of
    /// an alert waits for its time, its retry or in a digest, no later edge of that alert is given
    /// for the same destination, and of one edge only the first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn due_notifications(
        &self,
        destination: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        self.passing(destination, now, limit, Pass::Open).await
    }

    /// The same of those that may pass.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn passing(
        &self,
        destination: &str,
        now: Timestamp,
        limit: u32,
        pass: Pass,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        const SQL: &str = "SELECT o.key, o.body, o.not_before, o.tries, o.error, o.resent_at, \
            i.incident, i.opened_by FROM outbox o \
            LEFT JOIN incidents i ON i.alert = o.alert AND i.destination = o.destination \
            WHERE o.destination = $3 AND o.state = 'due' AND +o.not_before <= $1 AND NOT EXISTS ( \
                SELECT 1 FROM outbox e WHERE e.state = 'due' AND e.alert = o.alert \
                AND e.destination = o.destination AND (e.edge_seq < o.edge_seq \
                OR e.edge_seq = o.edge_seq AND e.key < o.key)) \
            AND NOT EXISTS (SELECT 1 FROM outbox m CROSS JOIN outbox d WHERE d.key = m.digest \
                AND m.digest IS NOT NULL AND m.alert = o.alert \
                AND m.destination = o.destination AND m.edge_seq < o.edge_seq \
                AND d.state = 'due' AND d.key <> o.key) \
            AND CASE $4 WHEN 0 THEN o.gate <> 1 OR o.tries > 0 WHEN 1 THEN o.gate = 2 OR o.tries > 0 \
                ELSE o.reason IN ('hold_began', 'hold_ended') END \
            ORDER BY o.not_before, o.alert, o.edge_seq, o.key LIMIT $2";
        let rows: Vec<DueRow> = read!(self, pool => sqlx::query_as(SQL)
                .bind(now.millis()).bind(i64::from(limit)).bind(destination).bind(pass as i64)
                .fetch_all(pool).await)?;
        let read = |row: DueRow| {
            let (key, body, not_before, tries, error, resent, incident, opened_by) = row;
            let body: Option<Notification> = words::from_json(&body);
            let (Some(mut notification), Some(tries)) = (body, words::small(tries)) else {
                return Err(self.corrupt(format!("notification {key} cannot be read")));
            };
            notification.not_before = Timestamp::from_millis(not_before);
            let resent_at = words::moment(resent);
            let incident = incident.zip(opened_by);
            let incident = incident.map(|(id, opened_by)| Incident { id, opened_by });
            Ok(OutboxRow { notification, tries, error, resent_at, incident })
        };
        rows.into_iter().map(read).collect()
    }
}

impl Tx {
    /// Promises a notification. The same key again changes nothing. What the engine finds waits for
    /// nobody's second thoughts, and overtakes nothing: what of the same alert still waited for the
    /// chance to be undone, or for other acknowledgements to run out, is due with it.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn enqueue(&mut self, notification: &Notification) -> Result<(), StoreError> {
        self.enqueue_all(std::slice::from_ref(notification)).await
    }

    /// The same of several, in this order.
    ///
    /// # Errors
    /// As [`Self::enqueue`].
    pub async fn enqueue_all(&mut self, all: &[Notification]) -> Result<(), StoreError> {
        const RELEASE: &str = "UPDATE outbox SET not_before = $3, request = NULL \
            WHERE alert = $1 AND destination = $2 AND state = 'due' \
            AND (request IS NOT NULL OR grouped LIKE 'ack:%') AND not_before > $3";
        let waits = |n: &Notification| {
            n.held.is_some()
                || n.group.as_ref().is_some_and(|group| group.starts_with(gathering::RENEWED))
        };
        if all.len() > 1 && all.iter().any(waits) {
            // One of them may be what a later one of them releases.
            for one in all {
                self.put_promises(std::slice::from_ref(one), RELEASE).await?;
            }
            return Ok(());
        }
        self.put_promises(all, RELEASE).await
    }

    async fn put_promises(
        &mut self,
        all: &[Notification],
        release: &'static str,
    ) -> Result<(), StoreError> {
        let mut rows = Vec::with_capacity(all.len());
        for notification in all {
            let body = words::json(notification).map_err(|error| self.fail(error))?;
            rows.push((notification, body));
            // Before the first edge of an alert nothing of it waits.
            let follows = notification.edge_seq > 1;
            if follows && notification.held.is_none() && notification.digest.is_none() {
                on!(self, c => sqlx::query(release)
                    .bind(notification.alert.to_string())
                    .bind(&notification.destination)
                    .bind(notification.not_before.millis())
                    .execute(c).await.map(drop))?;
            }
        }
        for group in bulk::groups(&rows) {
            let sql = match group.len() {
                bulk::MANY => bulk::rows!(PROMISE, 64, 12, "", PROMISE_END),
                bulk::SOME => bulk::rows!(PROMISE, 16, 12, "", PROMISE_END),
                _ => bulk::rows!(PROMISE, 1, 12, "", PROMISE_END),
            };
            on!(self, c => {
                let mut query = sqlx::query(sql);
                for (notification, body) in group {
                    let gate = match notification.reason {
                        // What is told of paging itself waits for nothing.
                        Reason::Digest | Reason::HoldBegan | Reason::HoldEnded => gathering::FREE,
                        _ if notification.group.is_some() => gathering::WITH_GROUP,
                        _ => gathering::ALONE,
                    };
                    query = query
                        .bind(&notification.key)
                        .bind(notification.alert.to_string())
                        .bind(i64::from(notification.edge_seq))
                        .bind(notification.reason.word())
                        .bind(&notification.destination)
                        .bind(notification.not_before.millis())
                        .bind("due")
                        .bind(body)
                        .bind(notification.held.as_ref().map(|held| held.request.to_string()))
                        .bind(notification.group.as_deref())
                        .bind(gate)
                        .bind(0_i64);
                }
                query.execute(c).await.map(drop)
            })?;
        }
        Ok(())
    }

    /// Takes back the promises of a request that still wait for the chance to be undone.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn unhold(&mut self, request: RequestId, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM outbox WHERE request = $1 AND state = 'due' \
            AND tries = 0 AND not_before > $2";
        on!(self, c => sqlx::query(SQL)
            .bind(request.to_string()).bind(now.millis()).execute(c).await.map(drop))
    }

    /// These were delivered, each at its moment.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn mark_all_sent(&mut self, sent: &[(&str, Timestamp)]) -> Result<(), StoreError> {
        for group in bulk::groups(sent) {
            let sql = match group.len() {
                bulk::MANY => bulk::rows!(SENT, bulk::MANY, 2, "TEXT", SENT_END),
                bulk::SOME => bulk::rows!(SENT, bulk::SOME, 2, "TEXT", SENT_END),
                _ => bulk::rows!(SENT, 1, 2, "TEXT", SENT_END),
            };
            on!(self, c => {
                let mut query = sqlx::query(sql);
                for (key, at) in group {
                    query = query.bind(*key).bind(at.millis().to_string());
                }
                query.execute(c).await.map(drop)
            })?;
        }
        Ok(())
    }

    /// It was delivered.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn mark_sent(&mut self, key: &str, at: Timestamp) -> Result<(), StoreError> {
        self.mark_all_sent(&[(key, at)]).await
    }

    /// It failed and is tried again.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn mark_retry(
        &mut self,
        key: &str,
        not_before: Timestamp,
        tries: u32,
        error: &str,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE outbox SET not_before = $2, tries = $3, error = $4 \
            WHERE key = $1 AND state = 'due'";
        on!(self, c => sqlx::query(SQL)
            .bind(key).bind(not_before.millis()).bind(i64::from(tries)).bind(error)
            .execute(c).await.map(drop))
    }

    /// A destination takes again: what waits for another try is due now.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn release(&mut self, destination: &str, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE outbox SET not_before = $2 \
            WHERE destination = $1 AND state = 'due' AND tries > 0 AND not_before > $2";
        on!(self, c => sqlx::query(SQL)
            .bind(destination).bind(now.millis()).execute(c).await.map(drop))
    }

    /// It is given up and kept to be seen; later edges of its alert are no longer held by it.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn mark_parked(
        &mut self,
        key: &str,
        tries: u32,
        error: &str,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE outbox SET state = 'parked', tries = $2, error = $3 \
            WHERE key = $1 AND state = 'due'";
        on!(self, c => sqlx::query(SQL)
            .bind(key).bind(i64::from(tries)).bind(error).execute(c).await.map(drop))
    }
}
