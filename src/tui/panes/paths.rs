//! Paths: all traces with verdicts, the hop table, round trips over time, changes of path.

use crate::protocol::Problem;
use crate::tui::action::Action;
use crate::tui::app::{App, Pane};
use crate::tui::effect::{Effect, Reply};
use crate::tui::panes::empty;
use crate::tui::widgets::Surface;

/// The panes' own state.
#[derive(Debug, Default)]
pub struct State {}

/// Name and position.
#[must_use]
pub fn title(_app: &App, pane: Pane) -> (String, String) {
    (pane.name().to_owned(), String::new())
}

/// Draws one of the panes.
pub fn view(_app: &App, _pane: Pane, surface: &mut Surface<'_>) {
    empty(surface, &["Nothing yet."]);
}

/// Runs an action that means something special here.
pub fn act(_app: &mut App, _pane: Pane, _action: Action) -> Option<Vec<Effect>> {
    None
}

/// What they still have to ask for.
pub fn wants(_app: &mut App) -> Vec<Effect> {
    Vec::new()
}

/// Takes an answer.
pub fn reply(_app: &mut App, _token: u64, _result: Result<Reply, Problem>) {}
