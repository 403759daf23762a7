//! A notification: the promise to tell somebody, and why.

use serde::{Deserialize, Serialize};

use super::alert::{Edge, EdgeKind};
use super::digest::Digest;
use super::id::{AlertId, CheckKey, Name, RequestId};
use super::state::State;
use super::time::Timestamp;

/// Why somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The first time in this episode.
    First,
    /// It got worse.
    Worse,
    /// It is over.
    Recovered,
    /// A window ended and the problem is still there.
    WindowEnded,
    /// An acknowledgement ran out and the problem is still there.
    AckExpired,
    /// Somebody took what others were told of.
    Acknowledged,
    /// It changes so often that its changes are no longer told.
    FlappingStarted,
    /// It flaps no more, and the problem is still there.
    FlappingStopped,
    /// Somebody tries whether the destination can be reached.
    Test,
    /// Nobody has it for long.
    Reminder,
    /// Paging is held.
    HoldBegan,
    /// Paging is held no more.
    HoldEnded,
    /// Several of them as one.
    Digest,
    /// What explained it answers again, and the problem is still there.
    CauseEnded,
    /// Nobody has it, and the next contact list is told.
    Escalation,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Self; 15] = [
        Self::First,
        Self::Worse,
        Self::Recovered,
        Self::WindowEnded,
        Self::AckExpired,
        Self::Acknowledged,
        Self::FlappingStarted,
        Self::FlappingStopped,
        Self::Test,
        Self::Reminder,
        Self::HoldBegan,
        Self::HoldEnded,
        Self::Digest,
        Self::CauseEnded,
        Self::Escalation,
    ];

    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Worse => "worse",
            Self::Recovered => "recovered",
            Self::WindowEnded => "window_ended",
            Self::AckExpired => "ack_expired",
            Self::Acknowledged => "acknowledged",
            Self::FlappingStarted => "flapping_started",
            Self::FlappingStopped => "flapping_stopped",
            Self::Test => "test",
            Self::Reminder => "reminder",
            Self::HoldBegan => "hold_began",
            Self::HoldEnded => "hold_ended",
            Self::Digest => "digest",
            Self::CauseEnded => "cause_ended",
            Self::Escalation => "escalation",
        }
    }

    /// The reason of a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }
}

/// One row of the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// The stable key: a pure function of episode, edge, reason and destination.
    pub key: String,
    /// The episode.
    pub alert: AlertId,
    /// The edge that caused it.
    pub edge_seq: u32,
    /// Why.
    pub reason: Reason,
    /// Where to: the name of a channel.
    pub destination: String,
    /// Not before this moment.
    pub not_before: Timestamp,
    /// The edge, as it is told.
    pub edge: Edge,
    /// The operator's request that made it, while it waits for the chance to be undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// The contact list that is told by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<Name>,
    /// What it is told together with: a contact list and a name; `None` for by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// What a digest tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Box<Digest>>,
    /// True when the whole host cannot be reached.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unreachable: bool,
    /// True when its destination is told of the same edge for another contact list too, and this is
    /// for one that an escalation has told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub besides: bool,
}

/// What people knew of an alert before a promise, and when they were told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// [`Alert::notified`](super::alert::Alert::notified) before it.
    pub notified: Option<State>,
    /// [`Alert::told_at`](super::alert::Alert::told_at) before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<Timestamp>,
    /// The same after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telling: Option<Timestamp>,
}

/// A promise that waits because an operator may still take back what made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The request.
    pub request: RequestId,
    /// What people knew before.
    #[serde(flatten)]
    pub known: Known,
}

impl Notification {
    /// The notification of an edge for a destination. The same arguments give the same key.
    #[must_use]
    pub fn of(edge: &Edge, reason: Reason, destination: &str) -> Self {
        Self {
            key: format!("{}:{}:{}:{destination}", edge.alert, edge.seq, reason.word()),
            alert: edge.alert,
            edge_seq: edge.seq,
            reason,
            destination: destination.to_owned(),
            not_before: edge.at,
            edge: edge.clone(),
            held: None,
            list: None,
            group: None,
            digest: None,
            unreachable: false,
            besides: false,
        }
    }

    /// The same for a further contact list of the same destination; the list is a part of the key.
    #[must_use]
    pub fn besides(self, list: &Name) -> Self {
        let key = format!("{}:{list}", self.key);
        Self { key, list: Some(list.clone()), besides: true, ..self }
    }

    /// The digest of several; `first` is the one of them that came first, by which it has its key:
    /// a notification is in one digest at most. `after` is the notice that it follows, if any.
    #[must_use]
    pub fn digest(first: &Self, after: Option<AlertId>, digest: Digest, at: Timestamp) -> Self {
        let worst = digest.worst();
        let over = worst == State::Ok;
        let edge = Edge {
            alert: after.unwrap_or(first.alert),
            check: CheckKey::new("fluxnoc", "digest"),
            seq: if after.is_some() { u32::MAX } else { first.edge_seq },
            at,
            kind: if over { EdgeKind::Recovered } else { EdgeKind::Fired },
            from: State::Ok,
            to: worst,
            text: digest.summary(),
            actor: None,
            in_maintenance: false,
        };
        Self {
            key: format!("digest:{}", first.key),
            list: first.list.clone(),
            digest: Some(Box::new(digest)),
            ..Self::of(&edge, Reason::Digest, &first.destination)
        }
    }

    /// The identity of the episode for a receiver that keeps one: of a digest it is its own.
    #[must_use]
    pub fn identity(&self) -> String {
        match self.digest {
            Some(_) => self.key.clone(),
            None => self.alert.to_string(),
        }
    }
}
