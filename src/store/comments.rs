//! Comments beside hosts, checks and alerts.

use super::tx::{Tx, on};
use super::{Store, StoreError, read, words};
use crate::model::{AlertId, Comment, RequestId, Timestamp};

pub(super) type CommentRow =
    (i64, i64, String, Option<String>, Option<String>, bool, String, String);

/// The comment of a row; `None` when a column holds what no version of ours wrote.
pub(super) fn comment(row: CommentRow) -> Option<Comment> {
    let (_, at, host, check, alert, _, author, text) = row;
    let alert: Option<AlertId> = match alert {
        Some(id) => Some(id.parse().ok()?),
        None => None,
    };
    Some(Comment {
        at: Timestamp::from_millis(at),
        host: host.into(),
        check: check.map(Into::into),
        alert,
        author: words::safe(&author),
        text: words::safe(&text),
    })
}

impl Store {
    /// Comments beside a host, newest first: beside it and all its checks, or beside it and one
    /// of them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn comments(
        &self,
        host: &str,
        check: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Comment>, StoreError> {
        const ALL: &str = "SELECT seq, at, host, check_name, alert, edge, author, text \
            FROM comments WHERE host = $1 ORDER BY seq DESC LIMIT $2";
        const ONE: &str = "SELECT seq, at, host, check_name, alert, edge, author, text \
            FROM comments WHERE host = $1 AND (check_name IS NULL OR check_name = $3) \
            ORDER BY seq DESC LIMIT $2";
        let limit = i64::from(limit);
        let rows: Vec<CommentRow> = if let Some(check) = check {
            read!(self, pool => sqlx::query_as(ONE)
                .bind(host).bind(limit).bind(check).fetch_all(pool).await)
        } else {
            read!(self, pool => sqlx::query_as(ALL)
                .bind(host).bind(limit).fetch_all(pool).await)
        }?;
        let read = |row: CommentRow| {
            let seq = row.0;
            comment(row).ok_or_else(|| self.corrupt(format!("comment {seq} cannot be read")))
        };
        rows.into_iter().map(read).collect()
    }
}

impl Tx {
    /// Keeps a comment; `edge` says that its alert's edges have it too.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn add_comment(
        &mut self,
        comment: &Comment,
        edge: bool,
        request: RequestId,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO comments (seq, at, host, check_name, alert, edge, author, \
            text, request) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let seq = self.take("comments", 1).await?;
        on!(self, c => sqlx::query(SQL)
            .bind(seq)
            .bind(comment.at.millis())
            .bind(&*comment.host)
            .bind(comment.check.as_deref())
            .bind(comment.alert.map(|id| id.to_string()))
            .bind(edge)
            .bind(comment.author.as_str())
            .bind(comment.text.as_str())
            .bind(request.to_string())
            .execute(c).await.map(drop))
    }

    /// Removes the comments of a request.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn delete_comments(&mut self, request: RequestId) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM comments WHERE request = $1";
        on!(self, c => sqlx::query(SQL).bind(request.to_string()).execute(c).await.map(drop))
    }
}
