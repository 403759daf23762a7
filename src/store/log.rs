//! The log: edges, operators' actions, comments and changes of paths in one order, newest first.
//!
//! Each is read along its own index on time and merged here, so that a page costs the same
//! whatever was recorded before it.

use super::comments::{CommentRow, comment};
use super::edges::{EdgeRow, edge};
use super::{Store, StoreError, read, words};
use crate::model::{Comment, Edge, PathChange, SafeText, Timestamp};

/// Rows that one answer looks through at most, from each source.
const LOOK: usize = 10_000;
/// Rows of one statement when most of them may be left out.
const STEP: usize = 2_000;

/// The place of an entry: when, in which source, its number there.
pub type LogMark = (i64, u8, i64);

/// What an operator had done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// Who.
    pub actor: SafeText,
    /// The command's name.
    pub command: String,
    /// The command as JSON.
    pub detail: String,
    /// From where, when over the network.
    pub address: Option<SafeText>,
    /// What it changed, as JSON, where the command alone does not say.
    pub change: Option<String>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum LogRow {
    /// A change of an alert.
    Edge(Edge),
    /// An action that is told by no edge.
    Action(Action),
    /// A comment that is told by no edge.
    Comment(Comment),
    /// A path changed.
    Path(PathChange),
}

/// Which part of the log is read.
#[derive(Clone, Debug, Default)]
pub struct LogRange {
    /// From this moment.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
    /// Before this place.
    pub before: Option<LogMark>,
    /// Only of this host, exactly.
    pub host: Option<String>,
    /// Only of this actor, exactly.
    pub actor: Option<String>,
    /// At most so many.
    pub limit: usize,
}

const EDGES: u8 = 0;
const ACTIONS: u8 = 1;
const COMMENTS: u8 = 2;
const PATHS: u8 = 3;

type Found = Vec<(LogMark, LogRow)>;
type ActionRow = (i64, i64, String, String, String, Option<String>, Option<String>);

impl Store {
    /// The newest of what `pick` takes, and where to go on when there may be more.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn log<T>(
        &self,
        range: &LogRange,
        mut pick: impl FnMut(Timestamp, LogRow) -> Option<T> + Send,
    ) -> Result<(Vec<T>, Option<LogMark>), StoreError> {
        let end = range.to.map_or(i64::MAX, Timestamp::millis);
        let mut mark = range.before.unwrap_or((i64::MAX, 0, i64::MAX));
        if mark.0 >= end {
            // Everything at `end` itself is left out.
            mark = (end, u8::MAX, i64::MIN);
        }
        let mut out = Vec::new();
        let mut looked = 0;
        let mut step = range.limit.clamp(1, STEP);
        loop {
            let mut found = Vec::new();
            let mut horizon = None;
            for source in [EDGES, ACTIONS, COMMENTS, PATHS] {
                let rows = self.log_rows(source, range, mark, step).await?;
                if rows.len() >= step {
                    // Older ones of this source were not read: what is older waits.
                    let last = rows.last().map(|(mark, _)| *mark);
                    horizon = [horizon, last].into_iter().flatten().max_by_key(order);
                }
                found.extend(rows);
            }
            found.sort_by_key(|(mark, _)| std::cmp::Reverse(order(mark)));
            for (place, row) in found {
                if horizon.is_some_and(|horizon| order(&place) < order(&horizon)) {
                    break;
                }
                mark = place;
                looked += 1;
                out.extend(pick(Timestamp::from_millis(place.0), row));
                if out.len() >= range.limit {
                    return Ok((out, Some(mark)));
                }
            }
            if horizon.is_none() {
                return Ok((out, None));
            }
            if looked >= LOOK {
                return Ok((out, Some(mark)));
            }
            step = STEP;
        }
    }

    async fn log_rows(
        &self,
        source: u8,
        range: &LogRange,
        mark: LogMark,
        step: usize,
    ) -> Result<Found, StoreError> {
        // At the mark's own moment a source before it is done, one after it is still to come.
        let seq = match source.cmp(&mark.1) {
            std::cmp::Ordering::Less => i64::MIN,
            std::cmp::Ordering::Equal => mark.2,
            std::cmp::Ordering::Greater => i64::MAX,
        };
        let bounds = Bounds {
            from: range.from.map_or(i64::MIN, Timestamp::millis),
            at: mark.0,
            seq,
            limit: i64::try_from(step).unwrap_or(i64::MAX),
        };
        match source {
            EDGES => self.log_edges(range, bounds).await,
            ACTIONS => self.log_actions(range, bounds).await,
            COMMENTS => self.log_comments(bounds).await,
            _ => self.log_paths(bounds).await,
        }
    }

    async fn log_edges(&self, range: &LogRange, bounds: Bounds) -> Result<Found, StoreError> {
        const ALL: &str = "SELECT alert, edge_seq, host, check_name, at, kind, from_state, \
            to_state, output, actor, in_maintenance, seq FROM edges \
            WHERE at >= $1 AND (at, seq) < ($2, $3) ORDER BY at DESC, seq DESC LIMIT $4";
        const OF_HOST: &str = "SELECT alert, edge_seq, host, check_name, at, kind, from_state, \
            to_state, output, actor, in_maintenance, seq FROM edges \
            WHERE at >= $1 AND (at, seq) < ($2, $3) AND host = $5 \
            ORDER BY at DESC, seq DESC LIMIT $4";
        const OF_ACTOR: &str = "SELECT alert, edge_seq, host, check_name, at, kind, from_state, \
            to_state, output, actor, in_maintenance, seq FROM edges \
            WHERE at >= $1 AND (at, seq) < ($2, $3) AND actor = $5 \
            ORDER BY at DESC, seq DESC LIMIT $4";
        let Bounds { from, at, seq, limit } = bounds;
        let (sql, word) = match (&range.actor, &range.host) {
            (Some(actor), _) => (OF_ACTOR, Some(actor)),
            (None, Some(host)) => (OF_HOST, Some(host)),
            (None, None) => (ALL, None),
        };
        let rows: Vec<LoggedEdge> = read!(self, pool => {
            let query = sqlx::query_as(sql).bind(from).bind(at).bind(seq).bind(limit);
            match word {
                Some(word) => query.bind(word).fetch_all(pool).await,
                None => query.fetch_all(pool).await,
            }
        })?;
        let read = |LoggedEdge { seq, row }: LoggedEdge| {
            let at = row.4;
            let edge = edge(row).ok_or_else(|| self.unreadable("edge", seq))?;
            Ok(((at, EDGES, seq), LogRow::Edge(edge)))
        };
        rows.into_iter().map(read).collect()
    }

    async fn log_actions(&self, range: &LogRange, bounds: Bounds) -> Result<Found, StoreError> {
        const ALL: &str = "SELECT seq, at, actor, command, detail, address, change FROM audit \
            WHERE command NOT IN ('acknowledge', 'unacknowledge', 'comment') \
            AND at >= $1 AND (at, seq) < ($2, $3) ORDER BY at DESC, seq DESC LIMIT $4";
        const OF_ACTOR: &str = "SELECT seq, at, actor, command, detail, address, change FROM audit \
            WHERE command NOT IN ('acknowledge', 'unacknowledge', 'comment') \
            AND at >= $1 AND (at, seq) < ($2, $3) AND actor = $5 \
            ORDER BY at DESC, seq DESC LIMIT $4";
        let Bounds { from, at, seq, limit } = bounds;
        let rows: Vec<ActionRow> = read!(self, pool => {
            let sql = if range.actor.is_some() { OF_ACTOR } else { ALL };
            let query = sqlx::query_as(sql).bind(from).bind(at).bind(seq).bind(limit);
            match &range.actor {
                Some(actor) => query.bind(actor).fetch_all(pool).await,
                None => query.fetch_all(pool).await,
            }
        })?;
        let read = |(seq, at, actor, command, detail, address, change): ActionRow| {
            let (actor, address) = (words::safe(&actor), address.as_deref().map(words::safe));
            let action = Action { actor, command, detail, address, change };
            ((at, ACTIONS, seq), LogRow::Action(action))
        };
        Ok(rows.into_iter().map(read).collect())
    }

    async fn log_comments(&self, bounds: Bounds) -> Result<Found, StoreError> {
        const SQL: &str = "SELECT seq, at, host, check_name, alert, edge, author, text \
            FROM comments WHERE edge = FALSE AND at >= $1 AND (at, seq) < ($2, $3) \
            ORDER BY at DESC, seq DESC LIMIT $4";
        let Bounds { from, at, seq, limit } = bounds;
        let rows: Vec<CommentRow> = read!(self, pool => sqlx::query_as(SQL)
            .bind(from).bind(at).bind(seq).bind(limit).fetch_all(pool).await)?;
        let read = |row: CommentRow| {
            let (seq, at) = (row.0, row.1);
            let comment = comment(row).ok_or_else(|| self.unreadable("comment", seq))?;
            Ok(((at, COMMENTS, seq), LogRow::Comment(comment)))
        };
        rows.into_iter().map(read).collect()
    }

    async fn log_paths(&self, bounds: Bounds) -> Result<Found, StoreError> {
        const SQL: &str = "SELECT seq, at, body FROM paths \
            WHERE at >= $1 AND (at, seq) < ($2, $3) ORDER BY at DESC, seq DESC LIMIT $4";
        let Bounds { from, at, seq, limit } = bounds;
        let rows: Vec<(i64, i64, String)> = read!(self, pool => sqlx::query_as(SQL)
            .bind(from).bind(at).bind(seq).bind(limit).fetch_all(pool).await)?;
        let read = |(seq, at, body): (i64, i64, String)| {
            let change: Option<PathChange> = words::from_json(&body);
            let change = change.ok_or_else(|| self.unreadable("path change", seq))?;
            Ok(((at, PATHS, seq), LogRow::Path(change)))
        };
        rows.into_iter().map(read).collect()
    }

    fn unreadable(&self, what: &str, seq: i64) -> StoreError {
        self.corrupt(format!("{what} {seq} cannot be read"))
    }
}

/// Where a source is read: from `from` up to before (`at`, `seq`).
#[derive(Clone, Copy)]
struct Bounds {
    from: i64,
    at: i64,
    seq: i64,
    limit: i64,
}

/// An edge with its number in the store.
struct LoggedEdge {
    seq: i64,
    row: EdgeRow,
}

impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for LoggedEdge
where
    EdgeRow: sqlx::FromRow<'r, R>,
    usize: sqlx::ColumnIndex<R>,
    i64: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    fn from_row(row: &'r R) -> sqlx::Result<Self> {
        Ok(Self { seq: row.try_get(11)?, row: EdgeRow::from_row(row)? })
    }
}

/// Later is larger; at one moment the sources come in their order, each with its newest first.
const fn order(mark: &LogMark) -> (i64, u8, i64) {
    (mark.0, u8::MAX - mark.1, mark.2)
}
