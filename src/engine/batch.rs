//! Changes that are judged and not yet committed: one transaction's worth.
//!
//! Nothing here is true until the commit: the table, the World and every watcher learn of it
//! afterwards, and a failed commit throws it away and keeps the results it came from.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::handover::DutyChange;
use crate::model::{
    Alert, AlertId, Comment, Edge, Hold, Host, KeptAgent, KeptToken, KeptUser, Maintenance,
    MaintenanceId, Name, Notification, PathChange, RequestId, SafeText, Schedule, ScheduleId,
    State, Status, StreamMark, Test, Timestamp,
};
use crate::protocol::work::{Directives, Finding};
use crate::protocol::{Event, NotificationScope, Outcome, Problem};

/// A result that was judged.
#[derive(Debug)]
pub struct Judged {
    /// The check's place.
    pub at: usize,
    /// The result, with the judged output.
    pub finding: Finding,
    /// Its state.
    pub state: State,
    /// It came too late to change anything but the history.
    pub late: bool,
}

/// A person's command, to be remembered and audited in the same transaction.
#[derive(Debug)]
pub struct Audited {
    /// The request's id.
    pub id: RequestId,
    /// Who.
    pub actor: SafeText,
    /// The command's name.
    pub command: &'static str,
    /// The command as JSON, without secrets.
    pub detail: String,
    /// What it answered.
    pub outcome: Outcome,
    /// How things were before, as JSON.
    pub before: Option<String>,
    /// From where, when over the network.
    pub address: Option<SafeText>,
    /// What it changed, as JSON, where the command alone does not say.
    pub change: Option<String>,
}

/// What nobody commanded, for the history.
#[derive(Debug)]
pub struct Noted {
    /// Who did it.
    pub actor: SafeText,
    /// What kind of thing.
    pub name: &'static str,
    /// The words as JSON.
    pub detail: String,
    /// From where, when over the network.
    pub address: Option<SafeText>,
}

impl From<(&'static str, String)> for Noted {
    /// What the engine did by itself.
    fn from((name, detail): (&'static str, String)) -> Self {
        Self { actor: SafeText::line(super::log::ITSELF), name, detail, address: None }
    }
}

/// A change of the accounts.
#[derive(Debug)]
pub enum AccountChange {
    /// A user is new or changed.
    PutUser(KeptUser),
    /// A user is removed.
    RemoveUser(Name),
    /// A token is new.
    AddToken(KeptToken),
    /// A token is revoked.
    RemoveToken(Name),
    /// A token was used.
    TokenUsed(Name, Timestamp),
    /// A token may be used so often still to let an agent in.
    TokenUses(Name, u32),
}

/// A comment to be kept.
#[derive(Debug)]
pub struct NewComment {
    /// The comment.
    pub comment: Comment,
    /// True when an edge tells it too.
    pub edge: bool,
    /// The request that wrote it.
    pub request: RequestId,
}

/// Something to be remembered for an operator, or forgotten.
#[derive(Debug)]
pub struct Preference {
    /// Whose.
    pub operator: SafeText,
    /// Under which key.
    pub key: String,
    /// What.
    pub value: Option<Arc<str>>,
}

/// What an operator has done with notifications that were not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redo {
    /// They are sent again.
    Resend,
    /// They are given up.
    Drop,
}

impl Redo {
    /// The word for it in a sentence.
    #[must_use]
    pub const fn done(self) -> &'static str {
        match self {
            Self::Resend => "sent again",
            Self::Drop => "dropped",
        }
    }
}

/// How paging is from now on.
#[derive(Clone, Debug)]
pub enum Paging {
    /// Held.
    Held(Box<Hold>),
    /// On.
    On,
}

impl Paging {
    /// The hold, while there is one.
    #[must_use]
    pub fn hold(self) -> Option<Box<Hold>> {
        match self {
            Self::Held(hold) => Some(hold),
            Self::On => None,
        }
    }
}

/// Notifications to be sent again or given up.
#[derive(Debug)]
pub struct Promised {
    /// What is done with them.
    pub redo: Redo,
    /// Which.
    pub which: NotificationScope,
}

/// A change of the inventory.
#[derive(Debug)]
pub enum Inventory {
    /// A host is new or changed.
    Host(Arc<Host>),
    /// A host is gone.
    HostGone(crate::model::Name),
    /// A check is new or changed.
    Check(Arc<crate::model::Check>),
    /// A check is gone.
    CheckGone(crate::model::CheckKey),
}

/// One transaction's worth of changes.
#[derive(Debug, Default)]
pub struct Batch {
    /// Results in order.
    pub judged: Vec<Judged>,
    /// New statuses by place.
    pub statuses: HashMap<usize, Status>,
    /// New open alerts by place; `None` when there is none any more.
    pub alerts: HashMap<usize, Option<Alert>>,
    /// Alerts that are over, to be stored.
    pub resolved: Vec<Alert>,
    /// Pending alerts that came to nothing.
    pub gone: Vec<AlertId>,
    /// What happened.
    pub edges: Vec<Edge>,
    /// Who is to be told.
    pub notifications: Vec<Notification>,
    /// Notifications that an operator decided on.
    pub promised: Vec<Promised>,
    /// Paging is held, otherwise than before, or no more.
    pub paging: Option<Paging>,
    /// What waits for its destination becomes one digest of this name.
    pub gather: Option<String>,
    /// Windows that are new or changed.
    pub windows: Vec<Maintenance>,
    /// Windows that are removed.
    pub windows_gone: Vec<MaintenanceId>,
    /// Comments that are new.
    pub comments: Vec<NewComment>,
    /// Requests whose comments are taken back.
    pub comments_gone: Vec<RequestId>,
    /// Changes of the duty log, in order.
    pub duty: Vec<DutyChange>,
    /// What operators let be remembered.
    pub preferences: Vec<Preference>,
    /// Network tests that are new or further.
    pub tests: Vec<Test>,
    /// Schedules that are new or changed.
    pub schedules: Vec<Schedule>,
    /// Schedules that are removed.
    pub schedules_gone: Vec<ScheduleId>,
    /// Paths that changed.
    pub paths: Vec<PathChange>,
    /// Requests that are taken back, and when.
    pub undone: Vec<(RequestId, Timestamp)>,
    /// Changes of the inventory, in order.
    pub inventory: Vec<Inventory>,
    /// What the engine did by itself, for the history: a name and the words as JSON.
    pub noted: Vec<Noted>,
    /// Agents that are new, were let in again or started.
    pub agents: Vec<KeptAgent>,
    /// Agents that are forgotten.
    pub agents_gone: Vec<Name>,
    /// How far the results of agents were taken.
    pub streams: Vec<(Name, StreamMark)>,
    /// Accounts that change.
    pub accounts: Vec<AccountChange>,
    /// Commands of people.
    pub audited: Vec<Audited>,
    /// Answers that wait for the commit.
    pub replies: Vec<(oneshot::Sender<Result<Outcome, Problem>>, Outcome)>,
    /// Further events for everybody, after the ones that follow from the rest.
    pub events: Vec<Event>,
    /// What the worker is to do.
    pub directives: Directives,
    /// When the first change came.
    pub since: Option<crate::model::Steady>,
    /// True when it must not wait for more.
    pub urgent: bool,
    /// The moment of the changes.
    pub wall: Timestamp,
}

impl Batch {
    /// True when there is nothing to commit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.judged.is_empty()
            && self.statuses.is_empty()
            && self.alerts.is_empty()
            && self.resolved.is_empty()
            && self.promised.is_empty()
            && self.paging.is_none()
            && self.windows.is_empty()
            && self.windows_gone.is_empty()
            && self.comments.is_empty()
            && self.comments_gone.is_empty()
            && self.duty.is_empty()
            && self.preferences.is_empty()
            && self.tests.is_empty()
            && self.schedules.is_empty()
            && self.schedules_gone.is_empty()
            && self.paths.is_empty()
            && self.undone.is_empty()
            && self.inventory.is_empty()
            && self.audited.is_empty()
            && self.noted.is_empty()
            && self.accounts.is_empty()
            && self.agents.is_empty()
            && self.agents_gone.is_empty()
            && self.streams.is_empty()
            && self.replies.is_empty()
    }
}
