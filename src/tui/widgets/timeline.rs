//! The states of a check over time as one row.
//!
//! ```text
//! ▁▁▁▁▁▁▁▁W▄▄▄C█████████U▒▒▒▒   ▁▁▁▁▁M░░░░░░░▁▁▁▁▁     OK is quiet, problems stand up
//! --------W===CXXXXXXXXXU????   -----M#######-----     a blank was not measured
//! ```

use crate::model::{ShownState, State, Timestamp};
use crate::protocol::query::StateSpan;
use crate::tui::glyphs::GlyphTier;
use crate::tui::num::{count, millis, real};
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;

/// The row.
pub struct Timeline<'a> {
    /// What was measured, oldest first.
    pub states: &'a [StateSpan],
    /// Maintenance.
    pub windows: &'a [(Timestamp, Timestamp)],
    /// The time shown.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// What it is drawn with.
    pub tier: GlyphTier,
}

/// Columns from which on a run begins with its letter.
const LETTER: usize = 2;

impl Timeline<'_> {
    /// What each of `wide` columns shows: the worst of its time; `None` was not measured.
    #[must_use]
    pub fn columns(&self, wide: usize) -> Vec<Option<ShownState>> {
        let length = millis(self.to.millis().saturating_sub(self.from.millis())).max(1.0);
        // The first and the last column that a span touches.
        let place = |at: Timestamp| {
            millis(at.millis().saturating_sub(self.from.millis())) / length * real(wide)
        };
        let range = |from: Timestamp, to: Timestamp| {
            let (start, end) = (place(from), place(to));
            if end < 0.0 || start >= real(wide) || to < from {
                return 0..0;
            }
            let first = count(start.max(0.0).floor());
            first..count(end.ceil()).max(first + 1).min(wide)
        };
        let mut states: Vec<Option<State>> = vec![None; wide];
        for span in self.states {
            for slot in states.get_mut(range(span.from, span.to)).unwrap_or(&mut []) {
                *slot = Some(slot.map_or(span.state, |have| have.worst(span.state)));
            }
        }
        let mut covered = vec![false; wide];
        for (from, to) in self.windows {
            covered.get_mut(range(*from, *to)).unwrap_or(&mut []).fill(true);
        }
        let shown = |(state, covered): (Option<State>, bool)| match state {
            None if covered => Some(ShownState::Maintenance),
            state => state.map(|state| ShownState::of(state, covered)),
        };
        states.into_iter().zip(covered).map(shown).collect()
    }

    /// Draws it into `wide` columns.
    pub fn draw(&self, surface: &mut Surface<'_>, x: usize, y: usize, wide: usize) {
        let columns = self.columns(wide);
        let mut at = 0;
        while let Some(shown) = columns.get(at) {
            let run = columns.iter().skip(at).take_while(|other| *other == shown).count();
            if let Some(shown) = shown {
                self.run(surface, (x + at, y), run, *shown);
            }
            at += run.max(1);
        }
    }

    fn run(&self, surface: &mut Surface<'_>, (x, y): (usize, usize), wide: usize, of: ShownState) {
        let (sign, ascii, letter) = match of {
            ShownState::Ok => ('▁', '-', None),
            ShownState::Warning => ('▄', '=', Some('W')),
            ShownState::Critical => ('█', 'X', Some('C')),
            ShownState::Unknown => ('▒', '?', Some('U')),
            ShownState::Maintenance => ('░', '#', Some('M')),
        };
        let role = if of == ShownState::Ok { Role::Border } else { Role::of(of) };
        let style = surface.theme.style(role);
        let sign = if self.tier == GlyphTier::Ascii { ascii } else { sign };
        for column in x..x + wide {
            surface.mark(column, y, sign, style);
        }
        if let Some(letter) = letter.filter(|_| wide >= LETTER) {
            let style = style.add_modifier(ratatui::style::Modifier::BOLD);
            surface.mark(x, y, letter, style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::Theme;

    fn text(tier: GlyphTier) -> String {
        let at = |secs: i64| Timestamp::from_millis(secs * 1000);
        let span = |from, to, state| StateSpan { from: at(from), to: at(to), state };
        let states = [
            span(-50, 100, State::Ok),
            span(100, 130, State::Warning),
            span(130, 140, State::Critical),
            span(140, 150, State::Ok),
            span(200, 250, State::Unknown),
            span(250, 300, State::Ok),
            span(290, 295, State::Critical),
        ];
        let windows = [(at(260), at(290))];
        let line = Timeline { states: &states, windows: &windows, from: at(0), to: at(300), tier };
        let theme = Theme::mono();
        let area = ratatui::layout::Rect::new(0, 0, 30, 1);
        let mut buffer = ratatui::buffer::Buffer::empty(area);
        line.draw(&mut Surface::new(&mut buffer, area, &theme), 0, 0, 30);
        (0..30).map(|x| buffer[(x, 0)].symbol()).collect()
    }

    #[test]
    fn states_are_told_apart_without_colour() {
        assert_eq!(text(GlyphTier::Braille), "▁▁▁▁▁▁▁▁▁▁W▄▄█▁     U▒▒▒▒▁M░░█");
        assert_eq!(text(GlyphTier::Ascii), "----------W==X-     U????-M##X");
    }

    #[test]
    fn a_short_problem_is_not_lost_in_a_wide_column() {
        let at = |secs: i64| Timestamp::from_millis(secs * 1000);
        let states = [
            StateSpan { from: at(0), to: at(86_400), state: State::Ok },
            StateSpan { from: at(40_000), to: at(40_001), state: State::Critical },
        ];
        let line = Timeline {
            states: &states,
            windows: &[],
            from: at(0),
            to: at(86_400),
            tier: GlyphTier::Block,
        };
        let bad = |shown: &&Option<ShownState>| **shown == Some(ShownState::Critical);
        assert_eq!(line.columns(20).iter().filter(bad).count(), 1);
        assert!(line.columns(0).is_empty());
    }
}
