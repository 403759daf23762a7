//! Answers that show everything about one thing: an alert, a path.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::event::CheckRow;
use crate::model::{
    Alert, CheckKey, Comment, Edge, Path, Reason, SafeText, State, Timestamp, trace::TraceReport,
};

/// How far a promise to tell somebody has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It waits for its time, or for another try.
    Due,
    /// It was delivered.
    Sent,
    /// It was given up.
    Parked,
    /// An operator dropped it.
    Dropped,
    /// It is told in a digest, which has or has not been delivered.
    Digest,
}

impl DeliveryState {
    /// The state that the store writes so; what it does not know still waits.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "sent" => Self::Sent,
            "parked" => Self::Parked,
            "dropped" => Self::Dropped,
            "digest" => Self::Digest,
            _ => Self::Due,
        }
    }
}

/// A promise to tell somebody, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NotificationRow {
    /// Its stable key.
    pub key: String,
    /// The edge that caused it.
    pub edge_seq: u32,
    /// Why.
    pub reason: Reason,
    /// Where to.
    pub destination: String,
    /// Not before this moment.
    pub not_before: Timestamp,
    /// How far it is.
    pub state: DeliveryState,
    /// How often it was tried in vain.
    pub tries: u32,
    /// When it, or the digest that tells it, was delivered or dropped.
    pub sent_at: Option<Timestamp>,
    /// What the destination answered to the last try that failed.
    pub error: Option<SafeText>,
}

/// The incident that a service has opened for an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct IncidentRow {
    /// The channel.
    pub destination: String,
    /// The incident's id at the service.
    pub id: SafeText,
}

/// Everything about one alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AlertPage {
    /// The episode.
    pub alert: Alert,
    /// Where its check stands; `None` when the check is gone.
    pub row: Option<CheckRow>,
    /// What happened in it, newest first.
    pub edges: Vec<Edge>,
    /// Who was or will be told, newest first.
    pub notifications: Vec<NotificationRow>,
    /// The incidents that services have opened for it, by destination.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incidents: Vec<IncidentRow>,
    /// Comments on it, on its check and on its host, newest first.
    pub comments: Vec<Comment>,
    /// When its check runs next, as far as the engine can tell.
    pub next: Option<Timestamp>,
}

/// A configured `trace` check with its last report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TraceSummary {
    /// The check.
    pub key: CheckKey,
    /// Where it stands.
    pub state: State,
    /// When its last report was made.
    pub at: Option<Timestamp>,
    /// The last report since the engine started, with its verdict.
    pub report: Option<Arc<TraceReport>>,
    /// The path as it was last recorded.
    pub path: Option<Path>,
    /// When the path last changed.
    pub changed: Option<Timestamp>,
}
