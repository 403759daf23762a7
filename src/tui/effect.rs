//! What the console can ask of the world outside, and the ways to leave it.

use crate::protocol::{Answer, Command, Outcome, Query};
use crate::tui::external::Run;
use crate::tui::panes::calendar::play::Play;
use crate::tui::report_file::Order;

/// One request of the pure core to the loop.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Run a command; the outcome comes back with the id.
    Execute {
        /// The console's own number for it.
        id: u64,
        /// What.
        command: Command,
    },
    /// Ask a query; the answer comes back with the id.
    Query {
        /// The console's own number for it.
        id: u64,
        /// What.
        query: Query,
    },
    /// Read keys and themes again; they come back as a message.
    Look,
    /// Run a program; how it ended comes back as a message.
    Run(Box<Run>),
    /// Have a report made and saved; what comes of it comes back as a message.
    Report(Box<Order>),
    /// Have a calendar played; it comes back as a message.
    Play(Box<Play>),
    /// End the making of a report: its number.
    EndReport(u64),
    /// Open the stream of events anew.
    Rewatch,
    /// Take commands back that wait for a line and have not gone out: their numbers.
    TakeBack(Vec<u64>),
    /// Go to another engine; what comes of it comes back as a message.
    Go(String),
    /// Do not go there after all.
    Stay,
    /// Paint every cell again, as if the terminal were empty.
    Redraw,
    /// Give the terminal to a program and take it back when it ends; everything else goes on.
    Suspend(Foreground),
    /// Stop this process, as Ctrl-Z does in a shell.
    StopJob,
    /// Put a text into the terminal's clipboard.
    Copy(String),
    /// Ring.
    Bell(Bell),
    /// Switch the mouse on or off.
    Mouse(bool),
    /// End the console.
    Leave(Leave),
}

/// A program that has the terminal for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreground {
    /// The program and its arguments; no shell reads them.
    pub argv: Vec<String>,
    /// What it finds in its environment besides ours.
    pub env: Vec<(String, String)>,
    /// True when it finds nothing of ours there.
    pub bare: bool,
}

/// How the console calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bell {
    /// The terminal's bell.
    Sound,
    /// A message of the terminal's desktop: counts only, nothing from outside.
    Message {
        /// New alerts that are CRITICAL.
        critical: u64,
        /// New alerts that are WARNING.
        warning: u64,
        /// Acknowledgements that are about to end.
        acks: u64,
    },
}

/// How the console was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Leave {
    /// Monitoring shall go on without a screen.
    Keep,
    /// Monitoring shall stop.
    Stop,
    /// The engine is another process's; only the screen goes.
    Detach,
    /// The terminal is gone.
    HangUp,
}

/// What comes back to an effect that asked.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "an answer lives for one update")]
pub enum Reply {
    /// Of a command.
    Outcome(Outcome),
    /// Of a query.
    Answer(Answer),
}
