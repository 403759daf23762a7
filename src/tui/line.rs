//! The input lines at the foot of the screen: acknowledge, window, comment, snooze, filter, command.

use tui_input::Input;

use crate::model::{AlertId, CheckKey, Name, Span};
use crate::protocol::{Command, Target};
use crate::tui::filtering::Filtering;
use crate::tui::overlays::palette::Candidate;
use crate::tui::triage::Waits;
use crate::tui::triage::windows::Named;
use crate::tui::views::View;

/// Longest text of a line, in characters.
pub const LENGTH_LIMIT: usize = 512;

/// What a line does when it is sent.
#[derive(Clone, Debug)]
pub enum Purpose {
    /// Acknowledges alerts with the comment typed.
    Ack {
        /// Which.
        alerts: Vec<AlertId>,
        /// Their names in words.
        what: String,
        /// The ends that Tab cycles through.
        ends: Vec<AckEnd>,
        /// The one chosen.
        end: usize,
    },
    /// Opens a window for the time typed.
    Window {
        /// The scopes that Tab cycles through.
        scopes: Vec<Scope>,
        /// The one chosen.
        scope: usize,
    },
    /// Writes a comment.
    Comment {
        /// Beside what.
        targets: Vec<Target>,
        /// In words.
        what: String,
    },
    /// Snoozes checks for the operator here.
    Snooze {
        /// Which.
        checks: Vec<CheckKey>,
        /// In words.
        what: String,
    },
    /// Asks before something is done.
    Confirm {
        /// What would be done, as a sentence without its end.
        prompt: String,
        /// The number that must be typed.
        typed: Option<usize>,
        /// What is done.
        command: Box<Command>,
        /// What waits for the answer.
        pending: Box<Pending>,
    },
    /// Asks before a test is run, with what to know of it; Enter runs it.
    Run {
        /// Which test, as a question.
        prompt: String,
        /// What it does, how much it moves, what runs there.
        note: String,
        /// What is done.
        command: Box<Command>,
        /// What waits for the answer.
        pending: Box<Pending>,
    },
    /// Filters as it is typed.
    Filter(Filtering),
    /// Filters the history as it is typed.
    Log {
        /// What was filtered before, for Esc.
        before: String,
    },
    /// Filters the scraped series as it is typed.
    Series {
        /// What was filtered before, for Esc.
        before: String,
    },
    /// Narrows a list of network tests as it is typed.
    Narrow {
        /// Which view's.
        view: View,
        /// What it was narrowed to before, for Esc.
        before: String,
    },
    /// Runs a command by name, or opens an object.
    Palette {
        /// What the text can become, the best first.
        found: Vec<Candidate>,
        /// The one that was chosen with a key.
        at: Option<usize>,
    },
}

/// When an acknowledgement ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AckEnd {
    /// After so long.
    After(Span),
    /// With the shift.
    Shift,
    /// With the problem.
    Recovery,
}

/// What a window covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One check.
    Check(CheckKey),
    /// A whole host.
    Host(Name),
    /// What was marked, or a group or site, as it was when the line opened.
    Many(Named),
}

/// An open line.
#[derive(Clone, Debug)]
pub struct Line {
    /// What it is for.
    pub purpose: Purpose,
    /// What is typed.
    pub input: Input,
    /// What is wrong with it.
    pub error: Option<String>,
    /// True while the text is the one that was offered: the first letter replaces it.
    pub offered: bool,
}

impl Line {
    /// A line with a text to begin with, which is gone on with.
    #[must_use]
    pub fn new(purpose: Purpose, text: &str) -> Self {
        Self { purpose, input: Input::new(text.to_owned()), error: None, offered: false }
    }

    /// A line with a value that Enter takes and the first letter replaces, such as a length of time or
    /// the usual comment; keys that move or erase keep it.
    #[must_use]
    pub fn offering(purpose: Purpose, text: &str) -> Self {
        Self { offered: !text.is_empty(), ..Self::new(purpose, text) }
    }

    /// Something is about to be typed or edited; `letter` when it goes into the text.
    pub fn touched(&mut self, letter: bool) {
        if std::mem::take(&mut self.offered) && letter {
            self.input = Input::default();
        }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.input.value()
    }
}

/// What waits for an answer of the engine.
#[derive(Clone, Debug, PartialEq)]
pub enum Pending {
    /// An acknowledgement.
    Ack {
        /// Of these alerts.
        alerts: Vec<AlertId>,
        /// In words.
        what: String,
        /// When it ends, in words.
        until: String,
    },
    /// Alerts given back.
    Unack {
        /// These alerts.
        alerts: Vec<AlertId>,
        /// In words.
        what: String,
    },
    /// A window.
    Window {
        /// Over what.
        what: String,
    },
    /// A window that shall end.
    EndWindow {
        /// Its name.
        what: String,
    },
    /// A re-check.
    Recheck {
        /// Of what.
        what: String,
    },
    /// Notifications to be sent again or given up.
    Notifications {
        /// Which, in words.
        what: String,
        /// What became of them.
        did: &'static str,
    },
    /// An agent to be forgotten.
    RemoveAgent {
        /// Which.
        what: String,
    },
    /// A reload.
    Reload,
    /// A look: failures only are told.
    Look,
    /// The history behind the overview's graph.
    GraphHistory(CheckKey),
    /// The history behind the host view's graph.
    DetailHistory(CheckKey, Span),
    /// The last observation of a check.
    CheckDetail(CheckKey),
    /// The events of a host.
    Edges(Name),
    /// Something of the actions on targets.
    Triage(Waits),
    /// Something that a pane asked for, and its own word for it.
    Pane(crate::tui::app::Pane, u64),
}
