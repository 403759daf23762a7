//! Everything that can happen to the console.

use std::sync::Arc;

use crossterm::event::KeyEvent;

use super::effect::Reply;
use super::input::Mouse;
use super::terminal::meter::Figures;
use crate::model::{Now, Steady};
use crate::protocol::{Event, Problem};
use crate::tui::look::Look;
use crate::tui::panes::calendar::play::Played;
use crate::tui::place::Seat;
use crate::tui::report_file::Saved;

/// One thing that happened.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "a message lives for one update")]
pub enum Msg {
    /// A calendar was played.
    Played(Box<Played>),
    /// A report was made, or not.
    Reported {
        /// The console's own number for it.
        id: u64,
        /// Where it is, or why it is nowhere.
        result: Result<Saved, String>,
    },
    /// A key was pressed.
    Key {
        /// Which.
        key: KeyEvent,
        /// When its bytes arrived.
        at: Steady,
    },
    /// Text was pasted: never read as keys.
    Paste(String),
    /// The terminal has another size.
    Resize {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// The engine says what changed.
    Event(Arc<Event>),
    /// The stream of events is up again, or down for a reason.
    Link(Result<(), String>),
    /// A command waits for a line to the engine.
    Queued {
        /// The effect's id.
        id: u64,
        /// Whether it may have gone out already.
        sent: bool,
    },
    /// A command waits no more.
    Unqueued {
        /// The effect's id.
        id: u64,
    },
    /// A command was taken back before it went out.
    TakenBack {
        /// The effect's id.
        id: u64,
    },
    /// The console shows another engine from now on.
    Arrived(Box<Seat>),
    /// It could not: why.
    NotArrived(String),
    /// An answer to an effect.
    Reply {
        /// The effect's id.
        id: u64,
        /// What came of it.
        result: Result<Reply, Problem>,
    },
    /// Keys and themes were read again, or why they could not be.
    Look(Result<Box<Look>, String>),
    /// A custom action has ended: its name, its output, or what went wrong.
    Ran {
        /// The action.
        name: String,
        /// What it printed, or why it failed.
        result: Result<String, String>,
    },
    /// The mouse, and how many rows below the cursor of the list under it.
    Mouse(Mouse, Option<i32>),
    /// Somebody wants this process to stop (SIGTSTP).
    Stopped,
    /// A program that had the terminal has ended; the exit code, or why it did not start.
    Returned(Result<i32, String>),
    /// Something was said to the terminal: what came of it, in words.
    Told(Result<String, String>),
    /// What the line costs.
    Line(Figures),
    /// The terminal has a frame: what was open then has been seen.
    Painted(Steady),
    /// Time went on; nothing else is done.
    Time(Now),
    /// A frame is about to be painted, or a moment has come that the console asked for: lists
    /// and wishes are brought up to what happened.
    Tick(Now),
}
