//! A rectangle to write on: clips, cuts text by columns, and lets nothing unsafe through.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::model::safe_text::{parts, sanitize, truncate, width};
use crate::tui::num::cells;
use crate::tui::theme::{Role, Theme};

/// A part of the screen with its theme. Coordinates begin at its top left.
pub struct Surface<'a> {
    buffer: &'a mut Buffer,
    area: Rect,
    /// Where styles come from.
    pub theme: &'a Theme,
}

impl<'a> Surface<'a> {
    /// The part `area` of `buffer`.
    #[must_use]
    pub fn new(buffer: &'a mut Buffer, area: Rect, theme: &'a Theme) -> Self {
        let area = area.intersection(buffer.area);
        Self { buffer, area, theme }
    }

    /// Columns.
    #[must_use]
    pub fn width(&self) -> usize {
        usize::from(self.area.width)
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> usize {
        usize::from(self.area.height)
    }

    /// The same screen, another part of it.
    pub fn at(&mut self, area: Rect) -> Surface<'_> {
        let area = area.intersection(self.buffer.area);
        Surface { buffer: self.buffer, area, theme: self.theme }
    }

    /// The part from `x`, `y` on, at most so large.
    pub fn part(&mut self, x: usize, y: usize, wide: usize, high: usize) -> Surface<'_> {
        let x = x.min(self.width());
        let y = y.min(self.height());
        let area = Rect {
            x: self.area.x + cells(x),
            y: self.area.y + cells(y),
            width: cells(wide.min(self.width() - x)),
            height: cells(high.min(self.height() - y)),
        };
        Surface { buffer: self.buffer, area, theme: self.theme }
    }

    /// Where it is on the screen.
    #[must_use]
    pub const fn area(&self) -> Rect {
        self.area
    }

    /// Writes one line into `room` columns, cut with `…`; returns the columns used.
    pub fn put(&mut self, x: usize, y: usize, room: usize, text: &str, style: Style) -> usize {
        if x >= self.width() || y >= self.height() {
            return 0;
        }
        let room = room.min(self.width() - x);
        let plain = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        if plain && text.len() <= room {
            self.write(x, y, text, style);
            return text.len();
        }
        let text = truncate(&sanitize(text, room.saturating_mul(16).max(64)), room);
        self.write(x, y, &text, style);
        width(&text)
    }

    fn write(&mut self, x: usize, y: usize, text: &str, style: Style) {
        let (x, y) = (self.area.x + cells(x), self.area.y + cells(y));
        if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            self.write_plain(x, y, text, style);
            return;
        }
        for column in x..x.saturating_add(cells(width(text))).min(self.area.right()) {
            self.bare(column, y);
        }
        let mut at = x;
        let mut set = |text: &str| {
            let room = usize::from(self.area.right().saturating_sub(at));
            if width(text) <= room {
                (at, _) = self.buffer.set_stringn(at, y, text, room, style);
            }
        };
        if text.is_ascii() {
            set(text);
        } else {
            parts(text).into_iter().for_each(set);
        }
    }

    /// Plain text, one character a cell: without looking for clusters, which is most of a frame.
    fn write_plain(&mut self, x: u16, y: u16, text: &str, style: Style) {
        let ink = self.theme.style(Role::Background).fg.unwrap_or_default();
        for (x, letter) in (x..self.area.right()).zip(text.chars()) {
            if let Some(cell) = self.buffer.cell_mut((x, y)) {
                cell.modifier = ratatui::style::Modifier::empty();
                cell.fg = ink;
                cell.set_char(letter).set_style(style);
            }
        }
    }

    /// Takes ink and weight of what was there before; the ground stays.
    fn bare(&mut self, x: u16, y: u16) {
        let ink = self.theme.style(Role::Background).fg.unwrap_or_default();
        if let Some(cell) = self.buffer.cell_mut((x, y)) {
            cell.modifier = ratatui::style::Modifier::empty();
            cell.fg = ink;
        }
    }

    /// Writes by role.
    pub fn say(&mut self, x: usize, y: usize, room: usize, text: &str, role: Role) -> usize {
        let style = self.theme.style(role);
        self.put(x, y, room, text, style)
    }

    /// Writes one line so that it ends at column `end` (exclusive).
    pub fn put_right(&mut self, end: usize, y: usize, room: usize, text: &str, style: Style) {
        let text = truncate(&sanitize(text, room.saturating_mul(16).max(64)), room);
        let start = end.min(self.width()).saturating_sub(width(&text));
        self.put(start, y, room, &text, style);
    }

    /// Writes pieces one after the other; returns the column after the last.
    pub fn line(&mut self, x: usize, y: usize, pieces: &[(&str, Role)]) -> usize {
        let mut at = x;
        for (text, role) in pieces {
            let room = self.width().saturating_sub(at);
            at += self.say(at, y, room, text, *role);
        }
        at
    }

    /// Lays a style over a row, keeping its text.
    pub fn tint(&mut self, y: usize, role: Role) {
        if y < self.height() {
            let row = Rect { y: self.area.y + cells(y), height: 1, ..self.area };
            let mut style = self.theme.style(role);
            // A faint text on a turned background is grey on grey: under the cursor it is plain.
            if style.add_modifier.contains(Modifier::REVERSED) {
                style = style.remove_modifier(Modifier::DIM);
            }
            self.buffer.set_style(row, style);
        }
    }

    /// Lays a style over one cell and returns nothing when it lies outside.
    pub fn tint_cells(&mut self, x: usize, y: usize, wide: usize, style: Style) {
        let part = self.part(x, y, wide, 1);
        let area = part.area;
        self.buffer.set_style(area, style);
    }

    /// Empties it.
    pub fn clear(&mut self) {
        let style = self.theme.style(Role::Background);
        for y in self.area.top()..self.area.bottom() {
            for x in self.area.left()..self.area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                    cell.set_style(style);
                }
            }
        }
    }

    /// Greys it out: what lies under a dialog.
    pub fn fade(&mut self) {
        let style = self.theme.style(Role::Muted);
        for y in self.area.top()..self.area.bottom() {
            for x in self.area.left()..self.area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.modifier = ratatui::style::Modifier::empty();
                    cell.set_style(style);
                }
            }
        }
    }

    /// Draws a thin line through a row.
    pub fn rule(&mut self, y: usize) {
        let style = self.theme.style(Role::Border);
        for x in 0..self.width() {
            self.mark(x, y, '─', style);
        }
    }

    /// Has a widget of another crate draw here.
    pub fn widget(&mut self, widget: impl ratatui::widgets::Widget) {
        widget.render(self.area, self.buffer);
    }

    /// The same by coordinates of the screen.
    pub fn mark_at(&mut self, x: u16, y: u16, sign: char, style: Style) {
        if x >= self.area.x && y >= self.area.y {
            self.mark(usize::from(x - self.area.x), usize::from(y - self.area.y), sign, style);
        }
    }

    /// Writes one character that the program itself chose.
    pub fn mark(&mut self, x: usize, y: usize, sign: char, style: Style) {
        if x < self.width() && y < self.height() {
            let place = (self.area.x + cells(x), self.area.y + cells(y));
            self.bare(place.0, place.1);
            if let Some(cell) = self.buffer.cell_mut(place) {
                cell.set_char(sign).set_style(style);
            }
        }
    }
}
