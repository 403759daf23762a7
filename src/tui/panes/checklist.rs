//! The list of all checks of all hosts.

use crate::tui::action::Action;
use crate::tui::app::App;
use crate::tui::effect::Effect;
use crate::tui::panes::empty;
use crate::tui::widgets::Surface;

/// The pane's own state.
#[derive(Debug, Default)]
pub struct State {}

/// Name and position.
#[must_use]
pub fn title(_app: &App) -> (String, String) {
    ("Checks".to_owned(), String::new())
}

/// Draws the pane.
pub fn view(_app: &App, surface: &mut Surface<'_>) {
    empty(surface, &["Nothing yet."]);
}

/// Runs an action that means something special here.
pub fn act(_app: &mut App, _action: Action) -> Option<Vec<Effect>> {
    None
}
