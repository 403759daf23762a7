//! Commands: what changes something. Every command has one outcome or one problem.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::access::Actor;
use super::event::{Interest, TraceRequest};
use super::notifications::NotificationScope;
pub use super::target::Target;
pub use super::window::NewMaintenance;
use super::work::{Assignment, Directives, Report};
use crate::model::{
    AlertId, CheckKey, Maintenance, MaintenanceId, Name, Observation, Pattern, Repetition,
    RequestId, Rule, SafeText, Span, Timestamp,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Read the configuration again.
    Reload,
    /// Stop the engine.
    Stop,
    /// A worker's first word after its start: give me everything to run.
    Claim {
        /// The worker's boot, to number its reports.
        boot: u64,
    },
    /// Results of a worker.
    Report(Report),
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
            Self::Reload => "reload",
            Self::Stop => "stop",
            Self::Claim { .. } => "claim",
            Self::Report(_) => "report",
        }
    }

    /// True for what a person did and history must show.
    #[must_use]
    pub const fn is_audited(&self) -> bool {
        !matches!(
            self,
            Self::Look { .. } | Self::Remember { .. } | Self::Claim { .. } | Self::Report(_)
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

    /// At least one of every command, for tests that walk all of them.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let alert = AlertId::from_parts(1_700_000_000_000, [3; 10]);
        let at = Timestamp::from_millis(1_700_000_000_000);
        let key = CheckKey::new("Zürich 3", "disk é");
        let mut all = vec![
            Self::Acknowledge {
                targets: vec![Target::Alert(alert), Target::Check(key.clone())],
                comment: "on it".to_owned(),
                expires: Some(at),
                sticky: true,
                notify: false,
            },
            Self::Comment {
                targets: vec![Target::Host("web 1".into()), Target::Check(key.clone())],
                text: "fan tray \u{e4} ordered".to_owned(),
            },
            Self::Undo { request: RequestId::from_parts(1_700_000_000_000, [9; 10]) },
            Self::Remember { key: "view/x".to_owned(), value: Some("\u{e4}".to_owned()) },
            Self::Remember { key: "view/x".to_owned(), value: None },
            Self::Unacknowledge { targets: vec![Target::Host("web 1".into())] },
            Self::Recheck { targets: vec![Target::Check(key.clone())] },
            Self::ResendNotifications {
                which: NotificationScope::Keys(vec!["a:1:first:log \u{e9}".to_owned()]),
            },
            Self::DropNotifications { which: NotificationScope::Destination("pager".to_owned()) },
            Self::TestNotify { name: "NOC Team".into() },
            Self::HoldPaging {
                length: Span::from_secs(1800),
                reason: "core switch \u{e4} is replaced".to_owned(),
            },
            Self::ResumePaging,
            Self::Escalate { which: vec![EscalateOne { alert, step: 2 }] },
            Self::Note { text: "fan tray \u{e4} ordered".to_owned() },
            Self::SignOff { to: "Zo\u{eb} & co".to_owned() },
            Self::Look {
                stream: 7,
                interest: Interest {
                    checks: vec![key.clone()],
                    trace: Some(TraceRequest {
                        host: "web 1".into(),
                        spec: crate::model::spec::TraceSpec::default(),
                    }),
                },
            },
            Self::Reload,
            Self::Stop,
            Self::Claim { boot: 42 },
            Self::Report(Report {
                boot: 42,
                seq: 1,
                results: vec![super::work::Finding {
                    check: key,
                    generation: 3,
                    slot: at,
                    at,
                    forced: false,
                    sample: false,
                    observation: Observation::default(),
                }],
                traces: Vec::new(),
                lag: Span::ZERO,
            }),
        ];
        all.extend(Self::window_samples(at));
        all.extend(Self::rule_samples());
        all
    }

    fn window_samples(at: Timestamp) -> [Self; 7] {
        let id = MaintenanceId::from_parts(1_700_000_000_000, [7; 10]);
        [
            Self::AddMaintenance(NewMaintenance {
                name: "DB Patching - Feb 25".to_owned(),
                host_pattern: "db-*".parse::<Pattern>().ok(),
                check: None,
                hosts: BTreeSet::new(),
                checks: BTreeSet::new(),
                start: at,
                end: at + Span::from_secs(3600),
                children: false,
                repeats: "weekly on wed except 2026-12-23 in Europe/Berlin".parse().ok(),
                suppress_notifications: true,
                created_by: Some("j.smith".to_owned()),
            }),
            Self::AddMaintenance(NewMaintenance {
                name: "marked".to_owned(),
                host_pattern: None,
                check: None,
                hosts: BTreeSet::from(["web 1".into()]),
                checks: BTreeSet::from([CheckKey::new("Zürich 3", "disk é")]),
                start: at,
                end: at + Span::from_secs(3600),
                children: true,
                repeats: None,
                suppress_notifications: true,
                created_by: None,
            }),
            Self::EditMaintenance {
                id,
                name: Some("longer".to_owned()),
                start: Some(at),
                end: Some(at + Span::from_secs(60)),
                repeats: "monthly on 2nd tue in Europe/Berlin".parse().ok(),
                every: true,
            },
            Self::EditMaintenance {
                id,
                name: None,
                start: None,
                end: None,
                repeats: Some(Repetition(None)),
                every: false,
            },
            Self::EndMaintenance { id },
            Self::CancelMaintenance { id },
            Self::ExtendMaintenance { id, by: Span::from_secs(1800) },
        ]
    }

    fn rule_samples() -> [Self; 3] {
        [
            Self::SaveRule {
                text: "rule_name = \"Z\u{fc}rich: load\"\n".to_owned(),
                was: Some("[[rule]]\nrule_name = \"\u{e4}\"\n".to_owned()),
            },
            Self::SaveRule { text: "rule_name = \"a\"".to_owned(), was: None },
            Self::DeleteRule { was: "[[rule]]\nrule_name = \"\u{e4}\"\n".to_owned() },
        ]
    }
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// What each channel answered to a test, a line each.
    Tested {
        /// The answers.
        answers: Vec<SafeText>,
        /// True when all of them took it.
        taken: bool,
    },
    /// Everything that the worker runs.
    Assigned {
        /// The generation of this list.
        generation: u64,
        /// The list.
        assignments: Vec<Assignment>,
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
