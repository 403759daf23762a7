//! An alert: one episode of a problem, who has it, and what happened in it.

use serde::{Deserialize, Serialize};

use super::escalation::Escalation;
use super::id::{AlertId, CheckKey};
use super::safe_text::SafeText;
use super::state::State;
use super::status::Status;
use super::time::Timestamp;

/// Where an episode stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// A soft problem: shown dimmed, counted and notified nowhere.
    Pending,
    /// A hard problem.
    Firing,
    /// Over.
    Resolved,
}

impl Phase {
    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

/// Who took care of an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Acknowledgement {
    /// The operator.
    pub author: SafeText,
    /// Why, or what is being done.
    pub comment: SafeText,
    /// When.
    pub at: Timestamp,
    /// When it ends by itself; `None` only when that was asked for.
    pub expires: Option<Timestamp>,
    /// False: ends when the state changes to another problem. True: stays until recovery.
    pub sticky: bool,
}

impl Acknowledgement {
    /// Why its alert is told again at its end; `output` is what the alert says.
    #[must_use]
    pub fn ran_out(&self, output: &SafeText) -> SafeText {
        let Self { author, comment, at, expires, .. } = self;
        let after = expires.map_or(String::new(), |end| format!(" after {}", end.since(*at)));
        let comment = if comment.is_empty() { String::new() } else { format!(" ({comment})") };
        SafeText::line(&format!(
            "acknowledgement by {author} ran out{after}{comment}; still {output}"
        ))
    }
}

/// What an alert knows of its check's flapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Flapping {
    /// When it began.
    pub since: Timestamp,
    /// Changes of state since then.
    pub changes: u32,
    /// What it was when it began.
    pub from: State,
    /// The state of the last result; OK does not end the episode while it flaps.
    pub last: State,
}

impl Flapping {
    /// `flapping 7x`, as lists say it.
    #[must_use]
    pub fn words(&self) -> String {
        match self.changes {
            0 => "flapping".to_owned(),
            changes => format!("flapping {changes}x"),
        }
    }
}

/// How sure it is that an alert has another one's cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CauseStage {
    /// It is being asked: the alert fires and is told when the answer is known.
    Doubt,
    /// It is: the alert is collapsed under the other one and told to nobody.
    Down,
    /// It was, and is over: what the next run of the alert's own check says decides.
    Over,
}

/// Why an alert is told to nobody though no window hides it and nobody has it: its host cannot be
/// reached without something that gives no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Cause {
    /// The check that gives no answer: the root, never one that has a cause itself.
    pub check: CheckKey,
    /// How sure that is.
    pub stage: CauseStage,
    /// Since when that stage lasts, on the engine's own scale of time.
    pub at: Timestamp,
}

impl Cause {
    /// `because of core-1/ping`, as lists say it.
    #[must_use]
    pub fn words(&self) -> String {
        match self.stage {
            CauseStage::Doubt => format!("waits for {}", self.check),
            CauseStage::Down => format!("because of {}", self.check),
            CauseStage::Over => format!("{} answers again", self.check),
        }
    }
}

/// One episode of one check's problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Alert {
    /// The episode.
    pub id: AlertId,
    /// The check it is about.
    pub check: CheckKey,
    /// Where it stands.
    pub phase: Phase,
    /// How bad it is now; OK only when resolved. While it flaps the worst since that began.
    pub state: State,
    /// First soft problem.
    pub opened: Timestamp,
    /// When it became hard.
    pub fired: Option<Timestamp>,
    /// When it was over.
    pub resolved: Option<Timestamp>,
    /// When `state` last changed.
    pub since: Timestamp,
    /// The output of the last change.
    pub output: SafeText,
    /// Problems in a row so far, and how many make it hard (`2/3`).
    pub attempt: u32,
    /// See [`Self::attempt`].
    pub attempts: u32,
    /// Who has it.
    pub ack: Option<Acknowledgement>,
    /// Number of its last edge.
    pub edge_seq: u32,
    /// True when a suppressing or announcing window covers it.
    pub in_maintenance: bool,
    /// True when that window also hides it from the default feed (SPEC D-03).
    pub suppressed: bool,
    /// The worst state that was notified in this episode; `None` when nobody was told.
    pub notified: Option<State>,
    /// When somebody was told last, on the engine's own scale of time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<Timestamp>,
    /// Set while its check flaps: it is held open, and its changes are told to nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flapping: Option<Flapping>,
    /// Set while another alert explains it, or may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// Set while it fires and its contact list has steps, and afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation: Option<Escalation>,
}

impl Alert {
    /// A new episode: a problem that is not confirmed.
    #[must_use]
    pub fn opened(
        id: AlertId,
        check: &CheckKey,
        status: &Status,
        attempts: u32,
        at: Timestamp,
    ) -> Self {
        Self {
            id,
            check: check.clone(),
            phase: Phase::Pending,
            state: status.state,
            opened: at,
            fired: None,
            resolved: None,
            since: status.since,
            output: status.output.clone(),
            attempt: status.attempt,
            attempts,
            ack: None,
            edge_seq: 0,
            in_maintenance: false,
            suppressed: false,
            notified: None,
            told_at: None,
            flapping: None,
            cause: None,
            escalation: None,
        }
    }

    /// True while it is pending or firing.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.phase != Phase::Resolved
    }

    /// Firing, nobody has it, no window hides it, and no other alert explains it.
    #[must_use]
    pub fn is_unhandled(&self) -> bool {
        self.phase == Phase::Firing
            && self.ack.is_none()
            && !self.suppressed
            && self.cause.is_none()
    }

    /// The check under whose alert it is collapsed.
    #[must_use]
    pub fn root(&self) -> Option<&CheckKey> {
        let cause = self.cause.as_ref().filter(|cause| cause.stage == CauseStage::Down);
        cause.map(|cause| &cause.check)
    }
}

/// What happened at an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EdgeKind {
    /// It became hard.
    Fired,
    /// It got worse while firing.
    Worse,
    /// It got better, but not good; good only while it flaps.
    Better,
    /// It is over: the check is OK.
    Recovered,
    /// Somebody took it.
    Acknowledged,
    /// Somebody gave it back, or the state changed under a non-sticky acknowledgement.
    Unacknowledged,
    /// The acknowledgement ended by itself.
    AckExpired,
    /// A window began to cover it.
    WindowBegan,
    /// No window covers it any more.
    WindowEnded,
    /// Its check was removed or disabled.
    Closed,
    /// Somebody wrote a comment.
    Commented,
    /// Somebody took back what they had just done to it.
    Undone,
    /// Its check changes so often that it flaps; it is held open until that stops.
    FlappingStarted,
    /// Its check flaps no more.
    FlappingStopped,
    /// Nobody has it, and it was told again.
    Reminded,
    /// Its host cannot be reached without another one, which gives no answer.
    CauseBegan,
    /// No other alert explains it any more, and it is still there.
    CauseEnded,
    /// The next contact list is told, for nobody has it.
    Escalated,
}

impl EdgeKind {
    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fired => "fired",
            Self::Worse => "worse",
            Self::Better => "better",
            Self::Recovered => "recovered",
            Self::Acknowledged => "acknowledged",
            Self::Unacknowledged => "unacknowledged",
            Self::AckExpired => "ack_expired",
            Self::WindowBegan => "window_began",
            Self::WindowEnded => "window_ended",
            Self::Closed => "closed",
            Self::Commented => "commented",
            Self::Undone => "undone",
            Self::FlappingStarted => "flapping_started",
            Self::FlappingStopped => "flapping_stopped",
            Self::Reminded => "reminded",
            Self::CauseBegan => "cause_began",
            Self::CauseEnded => "cause_ended",
            Self::Escalated => "escalated",
        }
    }

    /// All kinds.
    pub const ALL: [Self; 18] = [
        Self::Fired,
        Self::Worse,
        Self::Better,
        Self::Recovered,
        Self::Acknowledged,
        Self::Unacknowledged,
        Self::AckExpired,
        Self::WindowBegan,
        Self::WindowEnded,
        Self::Closed,
        Self::Commented,
        Self::Undone,
        Self::FlappingStarted,
        Self::FlappingStopped,
        Self::Reminded,
        Self::CauseBegan,
        Self::CauseEnded,
        Self::Escalated,
    ];

    /// The kind of a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// One recorded change of an episode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Edge {
    /// The episode.
    pub alert: AlertId,
    /// The check it is about.
    pub check: CheckKey,
    /// 1, 2, 3 ... within the episode.
    pub seq: u32,
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub kind: EdgeKind,
    /// The state before.
    pub from: State,
    /// The state after.
    pub to: State,
    /// The check's output, the comment, or the reason.
    pub text: SafeText,
    /// The operator, when one did it.
    pub actor: Option<SafeText>,
    /// True when a window covered it at that moment.
    pub in_maintenance: bool,
}
