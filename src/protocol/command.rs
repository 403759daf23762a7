//! Commands: what changes something. Every command has one outcome or one problem.

use serde::{Deserialize, Serialize};

use super::access::Actor;
use super::event::Interest;
use super::notifications::NotificationScope;
use super::speed::ScheduleRow;
pub use super::target::Target;
pub use super::window::NewMaintenance;
use super::work::{Assignment, Beat, Claim, Directives, Enrolment, Report};
use crate::model::{
    AlertId, Maintenance, MaintenanceId, Name, Password, PlainToken, Plan, Repetition, RequestId,
    Role, Rule, SafeText, ScheduleId, Scope, Span, Test, TestId, TestSpec, Timestamp, Token, User,
};

/// How long after an operator's command it can be undone, and how long what it wants to tell
/// others is held back for that.
pub const UNDO: Span = Span::from_secs(10);
/// Most targets of one command.
pub const TARGET_LIMIT: usize = 10_000;
/// Most failures that an outcome lists; it says how many there were.
pub const FAILURE_LIMIT: usize = 100;
/// Most things that one operator lets the engine remember.
pub const REMEMBER_LIMIT: usize = 256;
/// Longest key of them, in bytes.
pub const REMEMBER_KEY_LIMIT: usize = 64;
/// Longest value of them, in bytes.
pub const REMEMBER_VALUE_LIMIT: usize = 16 * 1024;

/// An alert whose next step is sent, and which that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EscalateOne {
    /// The alert.
    pub alert: AlertId,
    /// The number of the step, from 1: when another one is next meanwhile, nothing is sent.
    pub step: u32,
}

const fn yes() -> bool {
    true
}

/// What can be asked to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "a command lives for one request")]
pub enum Command {
    /// Take alerts.
    Acknowledge {
        /// Which; a host or check means its open alerts.
        targets: Vec<Target>,
        /// Why.
        comment: String,
        /// When it ends by itself; `None` is never.
        expires: Option<Timestamp>,
        /// Stays through changes of state.
        sticky: bool,
        /// Whether those who were told of the problem are told that somebody has it.
        #[serde(default = "yes")]
        notify: bool,
    },
    /// Write a comment beside alerts, hosts or checks.
    Comment {
        /// Beside which; a host means itself, not its checks.
        targets: Vec<Target>,
        /// What.
        text: String,
    },
    /// Give alerts back.
    Unacknowledge {
        /// Which.
        targets: Vec<Target>,
    },
    /// Create a window.
    AddMaintenance(NewMaintenance),
    /// End a window now; one that has not begun is removed. Of one that repeats only the occurrence
    /// in effect ends, or the next is left out.
    EndMaintenance {
        /// Which.
        id: MaintenanceId,
    },
    /// Let a window not repeat any more: the occurrence in effect goes on to its end, one that
    /// has not begun is removed.
    CancelMaintenance {
        /// Which.
        id: MaintenanceId,
    },
    /// Let a window end later.
    ExtendMaintenance {
        /// Which.
        id: MaintenanceId,
        /// How much later.
        by: Span,
    },
    /// Change a window that is not over; what is not said stays.
    EditMaintenance {
        /// Which.
        id: MaintenanceId,
        /// What it is for.
        name: Option<String>,
        /// When it begins; only while it has not begun.
        start: Option<Timestamp>,
        /// When it ends.
        end: Option<Timestamp>,
        /// How it repeats from now on; with another rule the times above are those of every
        /// occurrence. See [`Maintenance::rescheduled`].
        #[serde(default)]
        repeats: Option<Repetition>,
        /// Whether the times of a window that repeats are those of every occurrence from this one
        /// on, or of this one alone.
        #[serde(default)]
        every: bool,
    },
    /// Take back what the same operator asked for within the last [`UNDO`].
    Undo {
        /// The request that did it.
        request: RequestId,
    },
    /// Keep something for this operator until it is replaced: views, snoozes, when they left.
    Remember {
        /// Under which key.
        key: String,
        /// What; `None` forgets it.
        value: Option<String>,
    },
    /// Run checks now.
    Recheck {
        /// Which; a host means all its checks.
        targets: Vec<Target>,
    },
    /// Send notifications again that were given up or dropped, and at once what waits for a try.
    ResendNotifications {
        /// Which.
        which: NotificationScope,
    },
    /// Give notifications up that were not delivered.
    DropNotifications {
        /// Which.
        which: NotificationScope,
    },
    /// Send a marked test through a channel, or through all of a contact list.
    TestNotify {
        /// The channel or the list.
        name: Name,
    },
    /// Tell nobody of anything for a time; alerts go on. While it is held so, its end and reason
    /// change.
    HoldPaging {
        /// For how long from now.
        length: Span,
        /// Why.
        reason: String,
    },
    /// Let paging go on before its time.
    ResumePaging,
    /// Tell the next contact list of an alert's escalation now.
    Escalate {
        /// Which alerts, each with the step that is meant.
        which: Vec<EscalateOne>,
    },
    /// Write a note for the next team.
    Note {
        /// What.
        text: String,
    },
    /// Go, and say who takes over; the next handover begins here.
    SignOff {
        /// Who.
        to: String,
    },
    /// Say what an event stream looks at.
    Look {
        /// The stream, as its first event named it.
        stream: u64,
        /// What to send besides the World.
        interest: Interest,
    },
    /// Save a rule, which is in force from then on.
    SaveRule {
        /// The rule, in TOML.
        text: String,
        /// The rule that it replaces, as the configuration writes it; `None` for a new one.
        was: Option<String>,
    },
    /// Delete a rule that was saved.
    DeleteRule {
        /// The rule, as the configuration writes it.
        was: String,
    },
    /// Let somebody log in.
    AddUser {
        /// Under which name.
        name: Name,
        /// What they may do.
        role: Role,
        /// With which password.
        password: Password,
    },
    /// Change a user; every session of theirs ends.
    EditUser {
        /// Which.
        name: Name,
        /// What they may do from now on.
        role: Option<Role>,
        /// The new password.
        password: Option<Password>,
    },
    /// Let a user not log in any more; every session of theirs ends.
    RemoveUser {
        /// Which.
        name: Name,
    },
    /// Change the own password; every session ends.
    ChangePassword {
        /// The present one.
        old: Password,
        /// The new one.
        new: Password,
    },
    /// End every session of one's own.
    Logout,
    /// Make a token for a program. The outcome shows it, once.
    AddToken {
        /// Under which name.
        name: Name,
        /// What it may do at most.
        role: Role,
        /// What it may be used for.
        scopes: Vec<Scope>,
        /// Until when; `None` is until it is revoked.
        expires: Option<Timestamp>,
        /// The agent that may register with it, and nothing else; then it needs no scope.
        #[serde(default)]
        agent: Option<Name>,
        /// How often that may happen; `None` is again whenever no live agent has the name.
        #[serde(default)]
        uses: Option<u32>,
    },
    /// Let a token not be used any more.
    RevokeToken {
        /// Which.
        name: Name,
    },
    /// Run a test once, soon.
    RunTest {
        /// The vantage; without it the server's own.
        agent: Option<Name>,
        /// What.
        spec: TestSpec,
        /// Whether it waits for a vantage that is not there now.
        #[serde(default)]
        wait: bool,
    },
    /// Take a test back that waits, or end one that runs.
    CancelTest {
        /// Which.
        id: TestId,
    },
    /// Run a test again and again.
    AddSchedule {
        /// What, where, how often, and what is well.
        plan: Box<Plan>,
    },
    /// Change a schedule.
    EditSchedule {
        /// Which.
        id: ScheduleId,
        /// How it is from now on.
        plan: Box<Plan>,
    },
    /// Run the test of a schedule no more. Its results stay.
    RemoveSchedule {
        /// Which.
        id: ScheduleId,
    },
    /// Run the test of a schedule now, besides its times.
    RunSchedule {
        /// Which.
        id: ScheduleId,
    },
    /// Read the configuration again.
    Reload,
    /// Stop the engine.
    Stop,
    /// Let the agent in whose token this is. The outcome shows its key, once.
    Enrol(Enrolment),
    /// Forget an agent: its key counts no more, its checks wait for another of that name.
    RemoveAgent {
        /// Which.
        name: Name,
    },
    /// A worker's first word after its start: give me everything to run.
    Claim(Claim),
    /// Results of a worker.
    Report(Report),
    /// That an agent is there, and how it is.
    Beat(Beat),
}

impl Command {
    /// Its name in history and messages.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Acknowledge { .. } => "acknowledge",
            Self::Comment { .. } => "comment",
            Self::Unacknowledge { .. } => "unacknowledge",
            Self::AddMaintenance(_) => "add_maintenance",
            Self::EndMaintenance { .. } => "end_maintenance",
            Self::CancelMaintenance { .. } => "cancel_maintenance",
            Self::ExtendMaintenance { .. } => "extend_maintenance",
            Self::EditMaintenance { .. } => "edit_maintenance",
            Self::Undo { .. } => "undo",
            Self::Remember { .. } => "remember",
            Self::Recheck { .. } => "recheck",
            Self::ResendNotifications { .. } => "resend_notifications",
            Self::DropNotifications { .. } => "drop_notifications",
            Self::TestNotify { .. } => "test_notify",
            Self::HoldPaging { .. } => "hold_paging",
            Self::ResumePaging => "resume_paging",
            Self::Escalate { .. } => "escalate",
            Self::Note { .. } => "note",
            Self::SignOff { .. } => "sign_off",
            Self::Look { .. } => "look",
            Self::SaveRule { .. } => "save_rule",
            Self::DeleteRule { .. } => "delete_rule",
            Self::AddUser { .. } => "add_user",
            Self::EditUser { .. } => "edit_user",
            Self::RemoveUser { .. } => "remove_user",
            Self::ChangePassword { .. } => "change_password",
            Self::Logout => "logout",
            Self::AddToken { .. } => "add_token",
            Self::RevokeToken { .. } => "revoke_token",
            Self::RunTest { .. } => "run_test",
            Self::CancelTest { .. } => "cancel_test",
            Self::AddSchedule { .. } => "add_schedule",
            Self::EditSchedule { .. } => "edit_schedule",
            Self::RemoveSchedule { .. } => "remove_schedule",
            Self::RunSchedule { .. } => "run_schedule",
            Self::Reload => "reload",
            Self::Stop => "stop",
            Self::Enrol(_) => "enrol",
            Self::RemoveAgent { .. } => "remove_agent",
            Self::Claim(_) => "claim",
            Self::Report(_) => "report",
            Self::Beat(_) => "beat",
        }
    }

    /// True for what a person did and history must show.
    #[must_use]
    pub const fn is_audited(&self) -> bool {
        !matches!(
            self,
            Self::Look { .. }
                | Self::Remember { .. }
                | Self::Claim(_)
                | Self::Report(_)
                | Self::Beat(_)
        )
    }

    /// True for what [`Command::Undo`] can take back.
    #[must_use]
    pub const fn is_undoable(&self) -> bool {
        matches!(
            self,
            Self::Acknowledge { .. }
                | Self::Unacknowledge { .. }
                | Self::Comment { .. }
                | Self::AddMaintenance(_)
                | Self::EditMaintenance { .. }
                | Self::EndMaintenance { .. }
                | Self::CancelMaintenance { .. }
                | Self::ExtendMaintenance { .. }
        )
    }
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Done; for so many alerts or checks, and what could not be done with the reason.
    Done {
        /// How many were changed.
        count: usize,
        /// One line for each target that was not, the first [`FAILURE_LIMIT`].
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        failures: Vec<SafeText>,
        /// How many were not.
        #[serde(default)]
        failed: usize,
        /// Until when it can be undone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        undo_until: Option<Timestamp>,
    },
    /// The window as it is now; it can be undone for [`UNDO`].
    Maintenance(Maintenance),
    /// The rule as it is in force now.
    Rule {
        /// The rule, with the place where it is written.
        rule: Rule,
        /// The checks that it made.
        checks: u64,
    },
    /// The user as it is now.
    User(User),
    /// The token that was made.
    Token {
        /// What is known of it.
        token: Token,
        /// The token itself; only in the first answer to its request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plain: Option<PlainToken>,
    },
    /// What each channel answered to a test, a line each.
    Tested {
        /// The answers.
        answers: Vec<SafeText>,
        /// True when all of them took it.
        taken: bool,
    },
    /// The test as it is now.
    Test(Box<Test>),
    /// The schedule as it is now.
    Schedule(Box<ScheduleRow>),
    /// Everything that the worker runs.
    Assigned {
        /// The generation of this list.
        generation: u64,
        /// The list.
        assignments: Vec<Assignment>,
        /// The number of this start of an agent: what it shows at its next one.
        #[serde(default)]
        life: u64,
        /// Nothing is to be started, because a window covers the agent.
        #[serde(default)]
        pause: bool,
    },
    /// The agent that was let in.
    Enrolled {
        /// Its name.
        #[schema(value_type = String)]
        name: Name,
        /// Its key; only in the first answer to its request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<PlainToken>,
    },
    /// What the engine wants of the worker.
    Directives(Directives),
}

impl Outcome {
    /// Done, for so many, without a failure.
    #[must_use]
    pub const fn done(count: usize) -> Self {
        Self::Done { count, failures: Vec::new(), failed: 0, undo_until: None }
    }

    /// As it is remembered for its request: without what is shown once.
    #[must_use]
    pub fn kept(&self) -> Self {
        match self {
            Self::Token { token, .. } => Self::Token { token: token.clone(), plain: None },
            Self::Enrolled { name, .. } => Self::Enrolled { name: name.clone(), key: None },
            other => other.clone(),
        }
    }
}

/// A command with its id and actor.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The same id within 24 h is answered from memory and does nothing.
    pub id: RequestId,
    /// Who asks.
    pub actor: Actor,
    /// What.
    pub command: Command,
}
