//! The filter line's own parts: marks on the words that are wrong, and what Tab offers above it.

use std::ops::Range;

use ratatui::style::Modifier;

use crate::model::safe_text::width;
use crate::tui::filtering::Filtering;
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;

/// Most offers on screen.
const ROWS: usize = 8;
/// Columns of an offer.
const OFFER: usize = 24;

/// Marks the wrong and the undecided words of the text, of which `scroll` columns are out of sight
/// at the left.
pub fn marks(own: &Filtering, text: &str, scroll: usize, surface: &mut Surface<'_>) {
    let bad = surface.theme.style(Role::Bad).add_modifier(Modifier::UNDERLINED);
    let muted = surface.theme.style(Role::Muted);
    let wrong = own.wrong.iter().map(|span| (span, bad));
    let undecided = own.undecided.iter().map(|span| (span, muted));
    for (span, style) in undecided.chain(wrong) {
        let (start, end) = columns(text, span);
        let (start, end) = (start.saturating_sub(scroll), end.saturating_sub(scroll));
        let room = surface.width().saturating_sub(start);
        surface.tint_cells(start, 0, end.saturating_sub(start).min(room), style);
    }
}

/// The columns that the bytes of a text take.
fn columns(text: &str, span: &Range<usize>) -> (usize, usize) {
    let before = |at: usize| text.get(..at).map_or_else(|| width(text), width);
    (before(span.start), before(span.end).max(before(span.start) + 1))
}

/// Draws what Tab offers above the line, the best one nearest to what is typed.
pub fn offers(own: &Filtering, surface: &mut Surface<'_>) {
    let all = &own.offers.candidates;
    let (wide, high) = (surface.width(), surface.height());
    let count = all.len().min(ROWS).min(high.saturating_sub(4));
    if count == 0 {
        return;
    }
    let mut s = surface.part(0, high.saturating_sub(3 + count), wide, count + 1);
    s.clear();
    s.rule(0);
    let chosen = own.offer.unwrap_or(0);
    let first = (chosen + 1).saturating_sub(count);
    for (row, (at, offer)) in all.iter().enumerate().skip(first).take(count).enumerate() {
        let y = count - row;
        let role = if at == chosen { Role::Accent } else { Role::Text };
        if own.offer == Some(at) {
            s.say(0, y, 1, "›", Role::Accent);
        }
        s.say(2, y, OFFER, &offer.text, role);
        s.say(2 + OFFER + 1, y, wide.saturating_sub(OFFER + 10), offer.about, Role::Muted);
    }
    if all.len() > first + count {
        let rest = format!("+{} ", all.len() - first - count);
        let style = s.theme.style(Role::Muted);
        s.put_right(wide, 1, 6, &rest, style);
    }
}
