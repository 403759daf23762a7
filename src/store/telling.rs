//! How far the word about the open alerts has come, all of them in one read.
//!
//! In: nothing. Out: what each destination was last promised of each. Never: decides what that
//! means.

use super::{Store, StoreError, read, words};
use crate::model::{AlertId, Timestamp};

/// The last promise of one destination about one open alert; what is told in a digest is as far as
/// that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    /// The episode.
    pub alert: AlertId,
    /// As [`Delivered::state`](super::Delivered::state), `digest` only when that is gone.
    pub state: String,
    /// How often it was tried in vain.
    pub tries: u32,
    /// Not before this moment.
    pub not_before: Timestamp,
}

impl Store {
    /// The last promises about all open alerts, in no order.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn tellings(&self) -> Result<Vec<Telling>, StoreError> {
        const SQL: &str = "SELECT o.alert, COALESCE(d.state, o.state), \
            COALESCE(d.tries, o.tries), COALESCE(d.not_before, o.not_before) \
            FROM alerts a JOIN outbox o ON o.alert = a.id \
            LEFT JOIN outbox d ON o.state = 'digest' AND d.key = o.digest \
            WHERE a.phase <> 'resolved' AND o.reason <> 'digest' \
            AND o.edge_seq = (SELECT MAX(l.edge_seq) FROM outbox l WHERE l.alert = o.alert \
                AND l.destination = o.destination AND l.reason <> 'digest')";
        let rows: Vec<(String, String, i64, i64)> =
            read!(self, pool => sqlx::query_as(SQL).fetch_all(pool).await)?;
        let telling = |(alert, state, tries, not_before): (String, String, i64, i64)| {
            let (Ok(alert), Some(tries)) = (alert.parse(), words::small(tries)) else {
                return Err(self.corrupt(format!("a notification of alert {alert} cannot be read")));
            };
            Ok(Telling { alert, state, tries, not_before: Timestamp::from_millis(not_before) })
        };
        rows.into_iter().map(telling).collect()
    }
}
