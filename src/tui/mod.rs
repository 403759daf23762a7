//! The console: a full-screen mirror of the engine, driven by keys.
//!
//! In: events and answers of a `Backend`, keys of a terminal, the clock.
//! Out: frames on the terminal; commands and queries to the `Backend`; how it was left.
//! Never: probes, stores, judges, or knows how the engine is reached.
//!
//! The core is pure: [`update`](update::update) changes the [`App`](app::App) and says what to
//! ask, [`view`](view::view) paints it. Only `run`, `terminal` and `input` touch the world.

pub mod act;
pub mod action;
pub mod app;
pub mod bell;
pub mod book;
pub mod completion;
pub mod context;
pub mod detail;
pub mod edge;
pub mod effect;
pub mod external;
pub mod filtering;
mod follow;
pub mod footer;
pub mod form;
pub mod format;
pub mod fuzzy;
pub mod glyphs;
pub mod groups;
pub mod handover;
pub mod header;
pub mod hints;
pub mod input;
pub mod keymap;
pub mod layout;
pub mod line;
pub mod link;
pub mod lists;
pub mod look;
pub mod msg;
pub mod num;
pub mod options;
pub mod outside;
pub mod overlays;
pub mod pane;
pub mod panes;
pub mod place;
pub mod program;
pub mod range;
pub mod replies;
pub mod report_file;
pub mod rows;
pub mod run;
pub mod saved;
mod send;
pub mod settle;
pub mod storm;
pub mod storm_watch;
pub mod targets;
pub mod terminal;
pub mod theme;
pub mod triage;
pub mod typing;
pub mod update;
pub mod view;
pub mod views;
pub mod wall;
pub mod wall_board;
pub mod watch;
pub mod widgets;
pub mod wrap;
pub mod zone;

pub use effect::Leave;
pub use options::Options;
pub use run::run;

/// Shows a line of another program among the log lines of the console, under that program's name.
pub fn log_line(name: &str, level: tracing::Level, text: &crate::model::SafeText) {
    let level = match level {
        tracing::Level::ERROR => log::Level::Error,
        tracing::Level::WARN => log::Level::Warn,
        tracing::Level::INFO => log::Level::Info,
        tracing::Level::DEBUG => log::Level::Debug,
        tracing::Level::TRACE => log::Level::Trace,
    };
    let drain = tui_logger::Drain::new();
    drain.log(
        &log::Record::builder().args(format_args!("{text}")).level(level).target(name).build(),
    );
    // The screen empties the hot buffer when it wakes; many lines may come before that.
    tui_logger::move_events();
}

/// The log layer of a console: lines go into memory, because stdout and stderr are the screen.
#[must_use]
pub fn log_layer() -> tui_logger::TuiTracingSubscriberLayer {
    tui_logger::TuiTracingSubscriberLayer
}
