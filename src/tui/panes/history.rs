//! History: every transition and everything that operators did.

use crate::protocol::Problem;
use crate::tui::action::Action;
use crate::tui::app::App;
use crate::tui::effect::{Effect, Reply};
use crate::tui::panes::empty;
use crate::tui::widgets::Surface;

/// The pane's own state.
#[derive(Debug, Default)]
pub struct State {}

/// Name and position.
#[must_use]
pub fn title(_app: &App) -> (String, String) {
    ("History".to_owned(), String::new())
}

/// Draws the pane.
pub fn view(_app: &App, surface: &mut Surface<'_>) {
    empty(surface, &["Nothing yet."]);
}

/// Runs an action that means something special here.
pub fn act(_app: &mut App, _action: Action) -> Option<Vec<Effect>> {
    None
}

/// What it still has to ask for.
pub fn wants(_app: &mut App) -> Vec<Effect> {
    Vec::new()
}

/// Takes an answer.
pub fn reply(_app: &mut App, _token: u64, _result: Result<Reply, Problem>) {}
