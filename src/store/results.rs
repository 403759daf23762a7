//! Network tests: every run, whole (SPEC FS-02, D-18).

use super::tx::{Tx, on};
use super::{Store, StoreError, read, words};
use crate::model::{ScheduleId, Test, TestId, TestKind, Timestamp};

/// Which tests are read; `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct TestSelect {
    /// Of this vantage.
    pub agent: Option<String>,
    /// Of this target.
    pub target: Option<String>,
    /// Of this kind.
    pub kind: Option<TestKind>,
    /// Of this schedule, by its id.
    pub schedule: Option<String>,
    /// That are so far.
    pub phase: Option<&'static str>,
    /// Asked for at this moment or later.
    pub start: Option<Timestamp>,
    /// Asked for before this moment.
    pub end: Option<Timestamp>,
    /// Older than this one.
    pub before: Option<TestId>,
}

/// The figures of one result that a baseline is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// When it was asked for.
    pub at: Timestamp,
    /// From the target, in Mbit/s.
    pub download: Option<f64>,
    /// To the target, in Mbit/s.
    pub upload: Option<f64>,
}

impl Store {
    /// Tests, the newest first, without everything they measured; at most `limit`.
    ///
    /// # Errors
    /// When the database cannot be read, or what it holds makes no sense.
    pub async fn tests(&self, select: &TestSelect, limit: u32) -> Result<Vec<Test>, StoreError> {
        const SQL: &str = "SELECT id, body FROM tests \
            WHERE (CAST($1 AS TEXT) IS NULL OR agent = $1) \
            AND (CAST($2 AS TEXT) IS NULL OR target = $2) \
            AND (CAST($3 AS TEXT) IS NULL OR kind = $3) \
            AND (CAST($4 AS TEXT) IS NULL OR schedule = $4) \
            AND (CAST($5 AS TEXT) IS NULL OR phase = $5) \
            AND asked_at >= $6 AND asked_at < $7 \
            AND (CAST($8 AS TEXT) IS NULL OR id < $8) \
            ORDER BY id DESC LIMIT $9";
        let rows: Vec<(String, String)> = read!(self, pool => sqlx::query_as(SQL)
            .bind(select.agent.as_deref())
            .bind(select.target.as_deref())
            .bind(select.kind.map(TestKind::word))
            .bind(select.schedule.as_deref())
            .bind(select.phase)
            .bind(select.start.map_or(i64::MIN, Timestamp::millis))
            .bind(select.end.map_or(i64::MAX, Timestamp::millis))
            .bind(select.before.map(|id| id.to_string()))
            .bind(i64::from(limit)).fetch_all(pool).await)?;
        self.briefs(rows)
    }

    /// The same, the oldest first: those after one.
    ///
    /// # Errors
    /// As [`Self::tests`].
    pub async fn tests_after(
        &self,
        select: &TestSelect,
        after: Option<TestId>,
        limit: u32,
    ) -> Result<Vec<Test>, StoreError> {
        const SQL: &str = "SELECT id, body FROM tests \
            WHERE (CAST($1 AS TEXT) IS NULL OR agent = $1) \
            AND (CAST($2 AS TEXT) IS NULL OR target = $2) \
            AND (CAST($3 AS TEXT) IS NULL OR kind = $3) \
            AND asked_at >= $4 AND asked_at < $5 \
            AND (CAST($6 AS TEXT) IS NULL OR id > $6) \
            ORDER BY id LIMIT $7";
        let rows: Vec<(String, String)> = read!(self, pool => sqlx::query_as(SQL)
            .bind(select.agent.as_deref())
            .bind(select.target.as_deref())
            .bind(select.kind.map(TestKind::word))
            .bind(select.start.map_or(i64::MIN, Timestamp::millis))
            .bind(select.end.map_or(i64::MAX, Timestamp::millis))
            .bind(after.map(|id| id.to_string()))
            .bind(i64::from(limit)).fetch_all(pool).await)?;
        self.briefs(rows)
    }

    /// One test with everything it measured.
    ///
    /// # Errors
    /// When the database cannot be read, or what it holds makes no sense.
    pub async fn test(&self, id: TestId) -> Result<Option<Test>, StoreError> {
        const SQL: &str = "SELECT body, detail FROM tests WHERE id = $1";
        let row: Option<(String, Option<String>)> = read!(self, pool => sqlx::query_as(SQL)
            .bind(id.to_string()).fetch_optional(pool).await)?;
        let Some((body, detail)) = row else { return Ok(None) };
        let unreadable = || self.corrupt(format!("the test {id} cannot be read"));
        let mut test: Test = words::from_json(&body).ok_or_else(unreadable)?;
        if let Some(detail) = detail {
            test.result = Some(words::from_json(&detail).ok_or_else(unreadable)?);
        }
        Ok(Some(test))
    }

    /// Tests that are not over, the oldest first.
    ///
    /// # Errors
    /// As [`Self::tests`].
    pub async fn open_tests(&self) -> Result<Vec<Test>, StoreError> {
        const SQL: &str =
            "SELECT id, body FROM tests WHERE phase IN ('queued', 'running') ORDER BY id";
        let rows: Vec<(String, String)> =
            read!(self, pool => sqlx::query_as(SQL).fetch_all(pool).await)?;
        self.briefs(rows)
    }

    /// The last run of a schedule that is over.
    ///
    /// # Errors
    /// As [`Self::tests`].
    pub async fn last_run(&self, schedule: ScheduleId) -> Result<Option<Test>, StoreError> {
        const SQL: &str = "SELECT id, body FROM tests WHERE schedule = $1 \
            AND phase NOT IN ('queued', 'running') ORDER BY id DESC LIMIT 1";
        let rows: Vec<(String, String)> = read!(self, pool => sqlx::query_as(SQL)
            .bind(schedule.to_string()).fetch_all(pool).await)?;
        Ok(self.briefs(rows)?.pop())
    }

    /// Runs of schedules that were missed at a moment or later, the newest first; at most `limit`.
    ///
    /// # Errors
    /// As [`Self::tests`].
    pub async fn missed_runs(&self, since: Timestamp, limit: u32) -> Result<Vec<Test>, StoreError> {
        const SQL: &str = "SELECT id, body FROM tests WHERE phase = 'missed' \
            AND asked_at >= $1 AND schedule IS NOT NULL ORDER BY id DESC LIMIT $2";
        let rows: Vec<(String, String)> = read!(self, pool => sqlx::query_as(SQL)
            .bind(since.millis()).bind(i64::from(limit)).fetch_all(pool).await)?;
        self.briefs(rows)
    }

    /// The last trace of each vantage and target that no schedule asked for, whole; at most `limit`.
    ///
    /// # Errors
    /// As [`Self::tests`].
    pub async fn last_traces(&self, since: Timestamp, limit: u32) -> Result<Vec<Test>, StoreError> {
        const SQL: &str = "SELECT id FROM tests WHERE id IN \
            (SELECT MAX(id) FROM tests WHERE kind = 'trace' AND phase = 'done' \
            AND schedule IS NULL AND asked_at >= $1 GROUP BY agent, target) \
            ORDER BY id DESC LIMIT $2";
        let ids: Vec<String> = read!(self, pool => sqlx::query_scalar(SQL)
            .bind(since.millis()).bind(i64::from(limit)).fetch_all(pool).await)?;
        let mut found = Vec::new();
        for id in ids.iter().filter_map(|id| id.parse().ok()) {
            found.extend(self.test(id).await?);
        }
        Ok(found)
    }

    fn briefs(&self, rows: Vec<(String, String)>) -> Result<Vec<Test>, StoreError> {
        let read = |(id, body): (String, String)| {
            words::from_json(&body)
                .ok_or_else(|| self.corrupt(format!("the test {id} cannot be read")))
        };
        rows.into_iter().map(read).collect()
    }

    /// The figures of all speedtests of a vantage and target from `from` to before `to` that
    /// measured and that no window covered, the oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn measures(
        &self,
        agent: &str,
        target: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Measure>, StoreError> {
        const SQL: &str = "SELECT asked_at, download, upload FROM tests \
            WHERE agent = $1 AND target = $2 AND kind = 'speedtest' AND phase = 'done' \
            AND NOT in_maintenance AND asked_at >= $3 AND asked_at < $4 ORDER BY id";
        let rows: Vec<(i64, Option<f64>, Option<f64>)> = read!(self, pool => sqlx::query_as(SQL)
                .bind(agent).bind(target).bind(from.millis()).bind(to.millis())
                .fetch_all(pool).await)?;
        let measure =
            |(at, download, upload)| Measure { at: Timestamp::from_millis(at), download, upload };
        Ok(rows.into_iter().map(measure).collect())
    }
}

impl Tx {
    /// Writes a test, new or further.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn put_test(&mut self, test: &Test) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO tests (id, agent, target, kind, schedule, phase, asked_at, \
            in_maintenance, download, upload, latency, jitter, loss, bytes, body, detail, began_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) \
            ON CONFLICT (id) DO UPDATE SET target = excluded.target, phase = excluded.phase, \
            in_maintenance = excluded.in_maintenance, download = excluded.download, \
            upload = excluded.upload, latency = excluded.latency, jitter = excluded.jitter, \
            loss = excluded.loss, bytes = excluded.bytes, body = excluded.body, \
            detail = excluded.detail, began_at = excluded.began_at";
        let body = words::json(&test.brief()).map_err(|error| self.fail(error))?;
        let detail = test.result.as_ref().map(words::json).transpose();
        let detail = detail.map_err(|error| self.fail(error))?;
        let bytes = i64::try_from(test.traffic_bytes).unwrap_or(i64::MAX);
        let figures = &test.figures;
        on!(self, c => sqlx::query(SQL)
            .bind(test.id.to_string())
            .bind(&*test.agent)
            .bind(test.target.as_str())
            .bind(test.spec.kind().word())
            .bind(test.schedule.map(|id| id.to_string()))
            .bind(test.phase.word())
            .bind(test.asked_at.millis())
            .bind(test.in_maintenance)
            .bind(figures.download_mbps)
            .bind(figures.upload_mbps)
            .bind(figures.latency_ms)
            .bind(figures.jitter_ms)
            .bind(figures.loss_pct)
            .bind(bytes)
            .bind(body)
            .bind(detail)
            .bind(test.started_at.map(Timestamp::millis))
            .execute(c).await.map(drop))
    }
}
