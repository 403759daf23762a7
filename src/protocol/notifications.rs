//! The notifications of all alerts: what is on its way, what was given up, what was taken.
//!
//! In: nothing. Out: the page of them, and what a command about them means.
//! Never: says what a destination is sent.

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::pages::NotificationRow;
use crate::model::{AlertId, CheckKey, State, Timestamp};

/// Longest key of a notification or name of a destination that is asked about, in bytes.
pub const NOTIFICATION_KEY_LIMIT: usize = 512;

/// Which notifications a command means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotificationScope {
    /// These, by their keys.
    Keys(Vec<String>),
    /// All that this destination has not taken.
    Destination(String),
}

/// How far the word about an alert has come: of what each destination was last promised, the one
/// that needs people most. The order is that of the need.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// An operator dropped it.
    Dropped,
    /// It was delivered.
    Sent,
    /// It waits: for the chance to be undone, or because paging is held.
    Held,
    /// It waits for its turn.
    Queued,
    /// It waits for more than an hour.
    Delayed,
    /// So many tries failed; it is tried again.
    Failed(u32),
    /// It was given up.
    Parked,
}

impl Told {
    /// True when nothing is on its way.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Dropped | Self::Sent | Self::Parked)
    }
}

/// How far the word about one open alert has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ToldRow {
    /// The episode.
    pub alert: AlertId,
    /// How far.
    pub told: Told,
}

/// Rows of one event.
const ROWS: usize = 500;

impl ToldRow {
    /// As events of a bounded size.
    #[must_use]
    pub fn events(rows: &[Self]) -> Vec<Event> {
        rows.chunks(ROWS).map(|rows| Event::Told(rows.into())).collect()
    }
}

/// One notification with what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NotificationItem {
    /// The notification, and what became of it.
    pub told: NotificationRow,
    /// The episode.
    pub alert: AlertId,
    /// The check.
    pub check: CheckKey,
    /// The state that it tells.
    pub state: State,
    /// When that happened.
    pub at: Timestamp,
    /// When an operator last had it sent again.
    pub resent_at: Option<Timestamp>,
}

/// How things stand with one destination.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DestinationRow {
    /// Its name.
    pub name: String,
    /// How many wait to be delivered.
    pub waiting: u64,
    /// How many of them were tried in vain.
    pub failing: u64,
    /// How many were given up.
    pub parked: u64,
    /// When it last took one.
    pub sent_at: Option<Timestamp>,
    /// True when no channel has this name any more.
    pub gone: bool,
}

/// The notifications, and how things stand with their destinations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NotificationPage {
    /// All destinations, by name.
    pub destinations: Vec<DestinationRow>,
    /// What waits (the oldest first), what was given up, then what is over, the newest first.
    pub rows: Vec<NotificationItem>,
}
