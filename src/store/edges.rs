//! Edges: every recorded change of an episode, once.

use super::bulk::{MANY, SOME, groups, rows};
use super::tx::{Tx, on};
use super::{Store, StoreError, read, words};
use crate::model::{AlertId, CheckKey, Edge, EdgeKind, State, Timestamp};

pub(super) type EdgeRow =
    (String, i64, String, String, i64, String, String, String, String, Option<String>, bool);

/// The edge of a row; `None` when a column holds what no version of ours wrote.
pub(super) fn edge(row: EdgeRow) -> Option<Edge> {
    let (alert, seq, host, check, at, kind, from, to, text, actor, in_maintenance) = row;
    Some(Edge {
        alert: alert.parse().ok()?,
        check: CheckKey::new(host, check),
        seq: words::small(seq)?,
        at: Timestamp::from_millis(at),
        kind: EdgeKind::from_word(&kind)?,
        from: words::state(&from)?,
        to: words::state(&to)?,
        text: words::safe(&text),
        actor: actor.as_deref().map(words::safe),
        in_maintenance,
    })
}

const INSERT: &str = "INSERT INTO edges (seq, alert, edge_seq, host, check_name, at, kind, \
    from_state, to_state, output, actor, in_maintenance) VALUES ";
const CONFLICT: &str = " ON CONFLICT (alert, edge_seq) DO NOTHING";

impl Store {
    /// Recorded changes, the newest first: of a host, of an alert, or all.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn edges(
        &self,
        host: Option<&str>,
        alert: Option<AlertId>,
        limit: u32,
    ) -> Result<Vec<Edge>, StoreError> {
        const ALL: &str = "SELECT alert, edge_seq, host, check_name, at, kind, from_state, \
            to_state, output, actor, in_maintenance FROM edges ORDER BY seq DESC LIMIT $1";
        const OF_HOST: &str = "SELECT alert, edge_seq, host, check_name, at, kind, from_state, \
            to_state, output, actor, in_maintenance FROM edges WHERE host = $2 \
            ORDER BY at DESC, seq DESC LIMIT $1";
        const OF_ALERT: &str = "SELECT alert, edge_seq, host, check_name, at, kind, from_state, \
            to_state, output, actor, in_maintenance FROM edges WHERE alert = $2 \
            AND ($3 IS NULL OR host = $3) ORDER BY edge_seq DESC LIMIT $1";
        let limit = i64::from(limit);
        let rows: Vec<EdgeRow> = match (alert, host) {
            (Some(alert), host) => read!(self, pool => sqlx::query_as(OF_ALERT)
                .bind(limit).bind(alert.to_string()).bind(host).fetch_all(pool).await),
            (None, Some(host)) => read!(self, pool => sqlx::query_as(OF_HOST)
                .bind(limit).bind(host).fetch_all(pool).await),
            (None, None) => {
                read!(self, pool => sqlx::query_as(ALL).bind(limit).fetch_all(pool).await)
            }
        }?;
        let read = |row: EdgeRow| {
            let name = format!("edge {} of alert {}", row.1, row.0);
            edge(row).ok_or_else(|| self.corrupt(format!("{name} cannot be read")))
        };
        rows.into_iter().map(read).collect()
    }
}

impl Tx {
    /// Records a change. The same edge again, as after a commit whose answer was lost, changes
    /// nothing.
    ///
    /// # Errors
    /// When the database cannot be written, or another edge has that number in that episode.
    pub async fn add_edge(&mut self, edge: &Edge) -> Result<(), StoreError> {
        self.add_edges(std::slice::from_ref(edge)).await
    }

    /// The same of several, in this order.
    ///
    /// # Errors
    /// As [`Self::add_edge`].
    pub async fn add_edges(&mut self, edges: &[Edge]) -> Result<(), StoreError> {
        if edges.is_empty() {
            return Ok(());
        }
        let mut seq = self.take("edges", edges.len()).await?;
        for group in groups(edges) {
            let sql = match group.len() {
                MANY => rows!(INSERT, 64, 12, "", CONFLICT),
                SOME => rows!(INSERT, 16, 12, "", CONFLICT),
                _ => rows!(INSERT, 1, 12, "", CONFLICT),
            };
            let first = seq;
            seq = seq.saturating_add(i64::try_from(group.len()).unwrap_or(i64::MAX));
            let added = on!(self, c => {
                let mut query = sqlx::query(sql);
                for (edge, seq) in group.iter().zip(first..) {
                    query = query
                        .bind(seq)
                        .bind(edge.alert.to_string())
                        .bind(i64::from(edge.seq))
                        .bind(&*edge.check.host)
                        .bind(&*edge.check.name)
                        .bind(edge.at.millis())
                        .bind(edge.kind.word())
                        .bind(edge.from.word())
                        .bind(edge.to.word())
                        .bind(edge.text.as_str())
                        .bind(edge.actor.as_ref().map(crate::model::SafeText::as_str))
                        .bind(edge.in_maintenance);
                }
                query.execute(c).await.map(|done| done.rows_affected())
            })?;
            if usize::try_from(added) != Ok(group.len()) {
                // Some were there before: then they must be the same.
                for edge in group {
                    self.same_edge(edge).await?;
                }
            }
        }
        Ok(())
    }

    async fn same_edge(&mut self, edge: &Edge) -> Result<(), StoreError> {
        const SQL: &str = "SELECT kind, at, to_state FROM edges WHERE alert = $1 AND edge_seq = $2";
        let (alert, seq) = (edge.alert.to_string(), i64::from(edge.seq));
        let found: Option<(String, i64, String)> =
            on!(self, c => sqlx::query_as(SQL).bind(alert).bind(seq).fetch_optional(c).await)?;
        let to = |state: State| state.word().to_owned();
        if found == Some((edge.kind.word().to_owned(), edge.at.millis(), to(edge.to))) {
            return Ok(());
        }
        let text = format!("alert {} has another edge {} already", edge.alert, edge.seq);
        Err(self.fail(StoreError::Internal(text)))
    }
}
