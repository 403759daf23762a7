//! Requests that were answered, the audit trail, and the sign of life.

use super::tx::{Tx, on};
use super::{Store, StoreError, read};
use crate::model::{RequestId, Timestamp};

/// Row of `meta` with the last sign of life of an engine.
pub(super) const ALIVE: &str = "alive";

/// How things were before a request that can be undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeforeImage {
    /// Who asked.
    pub actor: String,
    /// When.
    pub at: Timestamp,
    /// The image as JSON; `None` when the request cannot be undone, or was.
    pub json: Option<String>,
}

/// A row of the audit trail.
#[derive(Clone, Copy, Debug)]
pub struct AuditRow<'a> {
    /// Who.
    pub actor: &'a str,
    /// From where, when over the network.
    pub address: Option<&'a str>,
    /// The command's name.
    pub command: &'a str,
    /// The command as JSON, without secrets.
    pub detail: &'a str,
    /// What it changed, as JSON, where the command alone does not say.
    pub change: Option<&'a str>,
}

impl Store {
    /// How things were before a request.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn before(&self, id: RequestId) -> Result<Option<BeforeImage>, StoreError> {
        const SQL: &str = "SELECT actor, at, before_image FROM requests WHERE id = $1";
        let row: Option<(String, i64, Option<String>)> = read!(self, pool =>
            sqlx::query_as(SQL).bind(id.to_string()).fetch_optional(pool).await)?;
        Ok(row.map(|(actor, at, json)| BeforeImage { actor, at: Timestamp::from_millis(at), json }))
    }

    /// The outcome (JSON) of a request that was answered before.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn remembered(&self, id: RequestId) -> Result<Option<String>, StoreError> {
        const SQL: &str = "SELECT outcome FROM requests WHERE id = $1";
        read!(self, pool => sqlx::query_scalar(SQL).bind(id.to_string()).fetch_optional(pool).await)
    }
}

impl Tx {
    /// Remembers the outcome of a request; the first one of an id stays.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn remember(
        &mut self,
        id: RequestId,
        actor: &str,
        outcome_json: &str,
        before_json: Option<&str>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO requests (id, actor, outcome, at, before_image) \
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING";
        on!(self, c => sqlx::query(SQL)
            .bind(id.to_string()).bind(actor).bind(outcome_json).bind(at.millis())
            .bind(before_json)
            .execute(c).await.map(drop))
    }

    /// Forgets how things were before a request: it is undone.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn forget_before(&mut self, id: RequestId) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE requests SET before_image = NULL WHERE id = $1";
        on!(self, c => sqlx::query(SQL).bind(id.to_string()).execute(c).await.map(drop))
    }

    /// Writes who did what.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn audit(
        &mut self,
        actor: &str,
        command: &str,
        detail_json: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let detail = detail_json;
        self.audit_row(&AuditRow { actor, address: None, command, detail, change: None }, at).await
    }

    /// Writes who did what, from where, and what it changed.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn audit_row(&mut self, row: &AuditRow<'_>, at: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO audit (seq, at, actor, command, detail, address, change) \
            VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let seq = self.take("audit", 1).await?;
        on!(self, c => sqlx::query(SQL)
            .bind(seq).bind(at.millis()).bind(row.actor).bind(row.command).bind(row.detail)
            .bind(row.address).bind(row.change)
            .execute(c).await.map(drop))
    }

    /// Says that an engine was alive at that moment.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn heartbeat(&mut self, at: Timestamp) -> Result<(), StoreError> {
        self.put_meta(ALIVE, &at.millis().to_string()).await
    }
}
