//! Forgetting: what is older than its time, and the oldest history when the disk is to stay small.

use super::StoreError;
use super::days::{DAY, day_of};
use super::fold::{HOUR, KEPT_FROM};
use super::tx::{Tx, on};
use crate::model::{Span, Timestamp};

/// Most rows that one unit of work deletes.
pub const DELETE_LIMIT: usize = 2_000;

/// How long what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Single results; whole days (UTC).
    pub chunks: Span,
    /// Daily rows.
    pub days: Span,
    /// Edges, comments, changes of paths, the duty log, resolved alerts, ended windows, delivered and given-up notifications, and what was
    /// taken out of the configuration.
    pub edges: Span,
    /// Network tests.
    pub tests: Span,
    /// The audit trail.
    pub audit: Span,
    /// Outcomes of requests.
    pub requests: Span,
}

impl Default for Retention {
    /// 15 days of results, a day of requests, 400 days of all else.
    fn default() -> Self {
        let days = |days: u64| Span::from_secs(days * 24 * 3600);
        Self {
            chunks: days(15),
            days: days(400),
            edges: days(400),
            tests: days(400),
            audit: days(400),
            requests: days(1),
        }
    }
}

/// Statements that delete at most `$2` rows older than `$1`. A check goes after its series and
/// status, and with them only when it was taken out long ago.
const DAYS: &str = "DELETE FROM days WHERE (day, check_no) IN \
    (SELECT day, check_no FROM days WHERE day < $1 ORDER BY day LIMIT $2)";
const EDGES: &str = "DELETE FROM edges WHERE seq IN \
    (SELECT seq FROM edges WHERE at < $1 ORDER BY at LIMIT $2)";
const ALERTS: &str = "DELETE FROM alerts WHERE id IN \
    (SELECT id FROM alerts WHERE phase = 'resolved' AND resolved < $1 ORDER BY resolved LIMIT $2)";
// The outbox holds an alert's rows as long as the alert, or longer.
const INCIDENTS: &str = "DELETE FROM incidents WHERE (alert, destination) IN \
    (SELECT i.alert, i.destination FROM incidents i JOIN alerts a ON a.id = i.alert \
    WHERE a.phase = 'resolved' AND a.resolved < $1 LIMIT $2)";
const WINDOWS: &str = "DELETE FROM maintenance WHERE id IN \
    (SELECT id FROM maintenance WHERE end_at < $1 AND recurrence IS NULL \
    ORDER BY end_at LIMIT $2)";
const OUTBOX: &str = "DELETE FROM outbox WHERE key IN (SELECT key FROM outbox \
    WHERE state <> 'due' AND not_before < $1 ORDER BY not_before LIMIT $2)";
const COMMENTS: &str = "DELETE FROM comments WHERE seq IN \
    (SELECT seq FROM comments WHERE at < $1 ORDER BY at LIMIT $2)";
const DUTY: &str = "DELETE FROM duty WHERE seq IN \
    (SELECT seq FROM duty WHERE at < $1 ORDER BY at LIMIT $2)";
const PATHS: &str = "DELETE FROM paths WHERE seq IN \
    (SELECT seq FROM paths WHERE at < $1 ORDER BY at LIMIT $2)";
const TESTS: &str = "DELETE FROM tests WHERE id IN \
    (SELECT id FROM tests WHERE asked_at < $1 ORDER BY asked_at LIMIT $2)";
const AUDIT: &str = "DELETE FROM audit WHERE seq IN \
    (SELECT seq FROM audit WHERE at < $1 ORDER BY at LIMIT $2)";
const REQUESTS: &str = "DELETE FROM requests WHERE id IN \
    (SELECT id FROM requests WHERE at < $1 ORDER BY at LIMIT $2)";
const SERIES: &str = "DELETE FROM series WHERE no IN (SELECT s.no FROM series s \
    JOIN checks c ON c.no = s.check_no WHERE c.retired_at < $1 LIMIT $2)";
const STATUSES: &str = "DELETE FROM statuses WHERE check_no IN (SELECT s.check_no FROM statuses s \
    JOIN checks c ON c.no = s.check_no WHERE c.retired_at < $1 LIMIT $2)";
const CHECKS: &str = "DELETE FROM checks WHERE no IN \
    (SELECT no FROM checks WHERE retired_at < $1 LIMIT $2)";
const HOSTS: &str = "DELETE FROM hosts WHERE name IN \
    (SELECT name FROM hosts WHERE retired_at < $1 LIMIT $2)";

impl Tx {
    /// Deletes what is older than its time, at most [`DELETE_LIMIT`] rows; gives how many. Call it
    /// again, each time in a unit of work of its own, until it gives 0. Results of a day without
    /// its daily row stay until [`Tx::roll_days`] made it.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn retain(
        &mut self,
        now: Timestamp,
        retention: &Retention,
    ) -> Result<usize, StoreError> {
        let before = |span: Span| (now - span).millis();
        let cut = day_of(before(retention.chunks)).min(self.rolled_until().await?);
        let kept_from = self.keep_from(cut).await?;
        let mut left = DELETE_LIMIT - self.delete_chunks(kept_from, DELETE_LIMIT).await?;
        let long = before(retention.edges);
        let all = [
            (DAYS, before(retention.days)),
            (EDGES, long),
            // Before their alerts.
            (INCIDENTS, long),
            (ALERTS, long),
            (WINDOWS, long),
            (COMMENTS, long),
            (PATHS, long),
            (DUTY, long),
            (OUTBOX, long),
            (TESTS, before(retention.tests)),
            (AUDIT, before(retention.audit)),
            (REQUESTS, before(retention.requests)),
            (SERIES, before(retention.days)),
            (STATUSES, before(retention.days)),
            (CHECKS, before(retention.days)),
            (HOSTS, before(retention.days)),
        ];
        for (sql, cut) in all {
            if left == 0 {
                break;
            }
            let limit = i64::try_from(left).unwrap_or(0);
            let deleted = on!(self, c => sqlx::query(sql).bind(cut).bind(limit)
                .execute(c).await.map(|done| done.rows_affected()))?;
            left = left.saturating_sub(usize::try_from(deleted).unwrap_or(usize::MAX));
        }
        let deleted = DELETE_LIMIT - left;
        if deleted > 0 {
            self.reclaim().await?;
        }
        Ok(deleted)
    }

    /// Deletes the oldest results while more than `max_bytes` are in use, at most
    /// [`DELETE_LIMIT`] rows (an hour of a check each); gives how many. Nothing else is deleted,
    /// and the newest hour stays. Call it again until it gives 0.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn enforce_size(&mut self, max_bytes: u64) -> Result<usize, StoreError> {
        const BOUNDS: &str =
            "SELECT (SELECT MIN(hour) FROM chunks), (SELECT MAX(hour) FROM chunks)";
        if self.used_bytes().await? <= max_bytes {
            return Ok(0);
        }
        let (first, last): (Option<i64>, Option<i64>) =
            on!(self, c => sqlx::query_as(BOUNDS).fetch_one(c).await)?;
        let (Some(first), Some(last)) = (first, last) else { return Ok(0) };
        // A whole day where its daily row remains, else as little as possible.
        let day = day_of(first).saturating_add(DAY);
        let cut = if day <= self.rolled_until().await? { day } else { first.saturating_add(HOUR) }
            .min(last);
        let kept_from = self.keep_from(cut).await?;
        let deleted = self.delete_chunks(kept_from.min(last), DELETE_LIMIT).await?;
        self.reclaim().await?;
        Ok(deleted)
    }

    /// Moves the first kept hour forward to `cut`; gives where it is.
    async fn keep_from(&mut self, cut: i64) -> Result<i64, StoreError> {
        let kept_from = self.kept_from().await?;
        if cut <= kept_from {
            return Ok(kept_from);
        }
        self.put_meta(KEPT_FROM, &cut.to_string()).await?;
        Ok(cut)
    }

    async fn delete_chunks(&mut self, before: i64, limit: usize) -> Result<usize, StoreError> {
        const SQL: &str = "DELETE FROM chunks WHERE (hour, check_no) IN \
            (SELECT hour, check_no FROM chunks WHERE hour < $1 ORDER BY hour, check_no LIMIT $2) \
            RETURNING CAST(length(vals) AS BIGINT)";
        let limit = i64::try_from(limit).unwrap_or(0);
        let meters = std::sync::Arc::clone(&self.meters);
        let timer = meters.storage.begin("delete");
        let sizes: Vec<i64> = on!(self, c => sqlx::query_scalar(SQL)
            .bind(before).bind(limit).fetch_all(c).await)?;
        timer.end(usize::try_from(sizes.iter().sum::<i64>()).unwrap_or(0));
        if !sizes.is_empty() {
            self.count("chunk_bytes", -sizes.iter().sum::<i64>()).await?;
        }
        Ok(sizes.len())
    }
}
