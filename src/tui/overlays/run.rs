//! The question before a custom action runs: what exactly would be run.

use ratatui::layout::Constraint;

use crate::config::console::RunIn;
use crate::tui::action::Action;
use crate::tui::app::{App, Overlay};
use crate::tui::effect::Effect;
use crate::tui::external::{self, Run};
use crate::tui::keymap::Context;
use crate::tui::num::cells;
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;
use crate::tui::widgets::frame::{self, Title};

/// Most arguments that are shown.
const SHOWN: usize = 10;

/// Takes an action of a key: Enter runs it, Esc does nothing.
pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let Some(Overlay::Run(run)) = app.overlay.clone() else { return Vec::new() };
    match action {
        Action::Commit => {
            app.overlay = None;
            external::go(app, *run)
        }
        Action::Cancel => {
            app.overlay = None;
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Draws the card: one argument a line, so that nobody mistakes blanks for borders.
pub fn view(app: &App, run: &Run, surface: &mut Surface<'_>) {
    let lines = run.argv.len().min(SHOWN) + usize::from(run.argv.len() > SHOWN);
    let area =
        surface.area().centered(Constraint::Length(66), Constraint::Length(cells(lines + 6)));
    surface.at(area).clear();
    let title = format!("Run {}?", run.name);
    let right = match run.how {
        RunIn::Background => "in the background",
        RunIn::Terminal => "on this terminal",
    };
    let title = Title { left: &title, right, focused: true };
    let inside = frame::single(surface, area, &title);
    let mut s = surface.at(inside);
    let room = s.width().saturating_sub(4);
    for (y, argument) in run.argv.iter().take(SHOWN).enumerate() {
        let role = if y == 0 { Role::Strong } else { Role::Text };
        s.say(if y == 0 { 2 } else { 4 }, y + 1, room, argument, role);
    }
    if run.argv.len() > SHOWN {
        let more = format!("and {} more", run.argv.len() - SHOWN);
        s.say(4, SHOWN + 1, room, &more, Role::Muted);
    }
    let foot = s.height().saturating_sub(1);
    let key = |action| app.keymap.key(&[Context::Line], action).unwrap_or_default();
    let (yes, no) = (key(Action::Commit), key(Action::Cancel));
    s.line(
        2,
        foot,
        &[
            (&yes, Role::Key),
            (" run   ", Role::Muted),
            (&no, Role::Key),
            (" do nothing", Role::Muted),
        ],
    );
}
