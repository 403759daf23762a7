//! A card of text over the panes: what could not be done, the runbook of what is under the cursor.

use ratatui::layout::Constraint;

use crate::tui::action::Action;
use crate::tui::app::{App, Overlay};
use crate::tui::effect::Effect;
use crate::tui::keymap::Context;
use crate::tui::num::cells;
use crate::tui::theme::Role;
use crate::tui::widgets::frame::{self, Title};
use crate::tui::widgets::{Surface, cursor};
use crate::tui::wrap;

/// Columns of the card, where the screen has them.
const WIDE: usize = 96;

/// An open card.
#[derive(Clone, Debug)]
pub struct Card {
    /// Its title.
    pub title: String,
    /// Its lines; longer ones are broken.
    pub lines: Vec<(String, Role)>,
    /// What the key for copying takes.
    pub copy: Option<String>,
    /// The first line shown.
    pub first: usize,
}

/// Rows of text that fit.
fn rows(app: &App) -> usize {
    usize::from(app.size.1).saturating_sub(6).max(1)
}

/// The lines as they stand on a screen so wide.
fn broken(card: &Card, room: usize) -> Vec<(String, Role)> {
    let mut out = Vec::new();
    for (text, role) in &card.lines {
        let lines = wrap::broken(text, room, usize::MAX);
        if lines.is_empty() {
            out.push((String::new(), *role));
        }
        out.extend(lines.into_iter().map(|line| (line, *role)));
    }
    out
}

fn room(app: &App) -> usize {
    WIDE.min(usize::from(app.size.0).saturating_sub(2)).saturating_sub(4).max(8)
}

/// Takes an action of a key: scrolls, copies, closes.
pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    let Some(Overlay::Card(card)) = &app.overlay else { return Vec::new() };
    match action {
        Action::Copy => return card.copy.clone().map(Effect::Copy).into_iter().collect(),
        Action::Cancel | Action::Back | Action::Quit | Action::Interrupt => app.overlay = None,
        _ => {
            let lines = broken(card, room(app)).len();
            let first = cursor::scrolled(card.first, lines, rows(app), action);
            if let (Some(first), Some(Overlay::Card(card))) = (first, &mut app.overlay) {
                card.first = first;
            }
        }
    }
    Vec::new()
}

/// Draws it over the middle of the screen.
pub fn view(app: &App, card: &Card, surface: &mut Surface<'_>) {
    let lines = broken(card, room(app));
    let shown = lines.len().min(rows(app));
    let wide = cells(room(app) + 4);
    let area =
        surface.area().centered(Constraint::Length(wide), Constraint::Length(cells(shown + 4)));
    surface.at(area).clear();
    let first = card.first.min(lines.len().saturating_sub(shown));
    let right = if lines.len() > shown {
        format!("{}–{} of {}", first + 1, first + shown, lines.len())
    } else {
        String::new()
    };
    let title = Title { left: &card.title, right: &right, focused: true };
    let inside = frame::single(surface, area, &title);
    let mut s = surface.at(inside);
    let room = s.width().saturating_sub(2);
    for (y, (text, role)) in lines.iter().skip(first).take(shown).enumerate() {
        s.say(1, y, room, text, *role);
    }
    let key = |action| app.keymap.key(&[Context::Card], action).unwrap_or_default();
    let (close, copy) = (key(Action::Cancel), key(Action::Copy));
    let mut pieces = vec![(close.as_str(), Role::Key), (" close   ", Role::Muted)];
    if card.copy.is_some() {
        pieces.extend([(copy.as_str(), Role::Key), (" copy   ", Role::Muted)]);
    }
    if lines.len() > shown {
        pieces.extend([("j k", Role::Key), (" scroll", Role::Muted)]);
    }
    let foot = s.height().saturating_sub(1);
    s.line(1, foot, &pieces);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(text: &str) -> Card {
        let lines = vec![("head".to_owned(), Role::Text), (String::new(), Role::Text)];
        let mut card = Card { title: "Why".to_owned(), lines, copy: None, first: 0 };
        card.lines.push((text.to_owned(), Role::Muted));
        card
    }

    #[test]
    fn lines_are_broken_at_blanks_and_empty_ones_stay() {
        let lines = broken(&card("the engine does not answer"), 12);
        let texts: Vec<&str> = lines.iter().map(|(text, _)| text.as_str()).collect();
        assert_eq!(texts, ["head", "", "the engine", "does not", "answer"]);
    }

    /// A long text takes steps by its length, not by its square: a console that draws one stands
    /// still for the longest that may come (64 KiB, here of letters that are no plain ASCII).
    #[test]
    fn t1_the_longest_text_is_broken_in_one_pass() {
        let text = "ⱆ".repeat(20_000);
        let lines = broken(&card(&text), 90);
        let joined: String = lines.iter().skip(2).map(|(text, _)| text.as_str()).collect();
        assert_eq!(joined, text);
        assert!(lines.iter().all(|(text, _)| crate::model::safe_text::width(text) <= 90));
    }
}
