//! What the terminal shows and what it shall show, cell by cell; and the bytes between the two.
//!
//! A frame leaves in chunks: what a key changed goes first, and a newer frame replaces the rows
//! that have not left yet. The newest picture wins, and the terminal never gets two.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};
use ratatui::style::Color;

use super::gate::{is_unsure, printable};
use super::pen::{self, Look, Pen};

/// The sign before the row under the cursor: rows where it comes or goes are painted first.
const CURSOR_SIGN: &str = "›";
/// Blanks from which on erasing is shorter than writing.
const ERASE_FROM: usize = 9;
/// Chunks below this size need no synchronised update: they arrive in one piece.
const SYNC_FROM: usize = 64;
/// A cell that is never alike another: what the terminal has there is not known.
const UNKNOWN: &str = "\u{1}";

const HIDE: &[u8] = b"\x1b[?25l";
const SHOW: &[u8] = b"\x1b[?25h";

/// What a terminal understands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skills {
    /// Synchronised updates (mode 2026).
    pub sync: bool,
    /// Erasing paints the ground.
    pub ground: bool,
    /// One character is repeated by `ESC [ n b`.
    pub repeat: bool,
}

/// A row that waits.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    waits: bool,
    /// A key changed it.
    urgent: bool,
    /// The cursor came or went.
    marked: bool,
    /// The frame since which it waits.
    since: u64,
}

/// Bytes to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// True when nothing of the frame is left.
    pub whole: bool,
}

/// The two pictures.
#[derive(Debug)]
pub struct Picture {
    /// What the terminal understands.
    pub skills: Skills,
    shown: Buffer,
    wanted: Buffer,
    rows: Vec<Row>,
    caret: Option<Position>,
    caret_visible: bool,
    pen: Pen,
    clear: bool,
    /// A part of the frame has left, the rest has not.
    begun: bool,
    frame: u64,
}

impl Picture {
    /// A terminal that shows nothing we know.
    #[must_use]
    pub fn new(skills: Skills) -> Self {
        let nothing = Buffer::empty(Rect::ZERO);
        Self {
            skills,
            shown: nothing.clone(),
            wanted: nothing,
            rows: Vec::new(),
            caret: None,
            caret_visible: false,
            pen: Pen::default(),
            clear: true,
            begun: false,
            frame: 0,
        }
    }

    /// The newest frame.
    #[must_use]
    pub const fn wanted(&self) -> &Buffer {
        &self.wanted
    }

    /// How many rows a cell is below the cursor of the list that it belongs to: the list between
    /// the same borders.
    #[must_use]
    pub fn below_cursor(&self, x: u16, y: u16) -> Option<i32> {
        let symbol = |x, y| self.wanted.cell((x, y)).map_or(" ", Cell::symbol);
        let walls = ["│", "┃", "|"];
        let same = |at: u16, row: u16| {
            let (left, right) = (at.min(x), at.max(x));
            (left..=right).all(|x| !walls.contains(&symbol(x, row)))
        };
        let floors = ["─", "━"];
        let open = |at: u16, row: u16| {
            (row.min(y)..=row.max(y)).all(|row| !floors.contains(&symbol(at, row)))
        };
        let (width, height) = (self.wanted.area.width, self.wanted.area.height);
        let cells = (0..height).flat_map(|row| (0..width).map(move |at| (at, row)));
        cells
            .filter(|(at, row)| symbol(*at, *row) == CURSOR_SIGN && same(*at, *row))
            .find(|(at, row)| open(*at, *row))
            .map(|(_, row)| i32::from(y) - i32::from(row))
    }

    /// The number of the newest frame.
    #[must_use]
    pub const fn frame(&self) -> u64 {
        self.frame
    }

    /// True when rows that a key changed have not left yet.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        self.clear || self.rows.iter().any(|row| row.waits && row.urgent)
    }

    /// True when nothing is to be sent.
    #[must_use]
    pub fn is_done(&self) -> bool {
        !self.clear && self.rows.iter().all(|row| !row.waits) && self.caret_is_right()
    }

    fn caret_is_right(&self) -> bool {
        match self.caret {
            Some(at) => self.caret_visible && self.pen.at == Some((at.x, at.y)),
            None => !self.caret_visible,
        }
    }

    /// The terminal is to be painted from nothing: what it shows is not known.
    pub fn forget(&mut self) {
        self.clear = true;
        self.shown = Buffer::empty(self.wanted.area);
        self.compare(None, true);
    }

    /// Takes the newest frame.
    pub fn want(&mut self, frame: Buffer, caret: Option<Position>, urgent: bool) {
        self.frame += 1;
        if frame.area != self.wanted.area {
            self.clear = true;
            self.shown = Buffer::empty(frame.area);
            self.rows = vec![Row::default(); usize::from(frame.area.height)];
        }
        let before = std::mem::replace(&mut self.wanted, frame);
        self.caret = caret;
        self.compare(Some(&before), urgent);
    }

    /// Finds the rows that differ.
    fn compare(&mut self, before: Option<&Buffer>, urgent: bool) {
        let width = usize::from(self.wanted.area.width).max(1);
        let shown = self.shown.content.chunks(width);
        let wanted = self.wanted.content.chunks(width);
        let mut old =
            before.filter(|b| b.area == self.wanted.area).map(|b| b.content.chunks(width));
        for ((row, shown), wanted) in self.rows.iter_mut().zip(shown).zip(wanted) {
            let old = old.as_mut().and_then(Iterator::next);
            if shown.iter().zip(wanted).all(|(a, b)| pen::looks_alike(a, b)) {
                *row = Row::default();
                continue;
            }
            if !row.waits {
                *row = Row { waits: true, since: self.frame, ..Row::default() };
            }
            let changed = old.is_none_or(|old| old != wanted);
            if urgent && changed {
                row.urgent = true;
                let sign = |cell: &Cell| cell.symbol() == CURSOR_SIGN;
                let moved = |(a, b): (&Cell, &Cell)| sign(a) != sign(b);
                row.marked = shown.iter().zip(wanted).any(moved);
            }
        }
    }

    /// The next bytes, about so many at most; `None` when there is nothing to say.
    pub fn chunk(&mut self, budget: usize) -> Option<Chunk> {
        if self.is_done() {
            return None;
        }
        let mut body = Vec::with_capacity(budget.min(8192) + 64);
        let mut head = Vec::new();
        if self.clear {
            head.extend_from_slice(b"\x1b[m\x1b[2J");
            self.pen = Pen::default();
            self.clear = false;
        }
        let caret_row = self.caret.map(|at| at.y);
        let mut strayed = false;
        for y in self.order() {
            if body.len() >= budget {
                break;
            }
            strayed |= caret_row != Some(y);
            if self.row(y, budget, &mut body)
                && let Some(row) = self.rows.get_mut(usize::from(y))
            {
                *row = Row::default();
            }
        }
        let whole = self.rows.iter().all(|row| !row.waits);
        if self.caret_visible && (strayed || self.caret.is_none()) {
            head.extend_from_slice(HIDE);
            self.caret_visible = false;
        }
        if whole && let Some(at) = self.caret {
            self.pen.go(at.x, at.y, &mut body);
            if !self.caret_visible {
                body.extend_from_slice(SHOW);
                self.caret_visible = true;
            }
        }
        let sync = self.skills.sync && whole && !self.begun && body.len() >= SYNC_FROM;
        self.begun = !whole;
        let mut bytes = Vec::with_capacity(head.len() + body.len() + 16);
        if sync {
            bytes.extend_from_slice(b"\x1b[?2026h");
        }
        bytes.append(&mut head);
        bytes.append(&mut body);
        if sync {
            bytes.extend_from_slice(b"\x1b[?2026l");
        }
        Some(Chunk { bytes, whole })
    }

    /// The rows that wait, the most important first: what a key changed (the line that is typed
    /// into, the rows of the cursor, then from the top), then what has waited longest.
    fn order(&self) -> Vec<u16> {
        let caret = self.caret.map(|at| at.y);
        let mut waiting: Vec<(bool, u8, u64, u16)> = (0..)
            .zip(&self.rows)
            .filter(|(_, row)| row.waits)
            .map(|(y, row)| {
                let class = match row.urgent {
                    true if caret == Some(y) => 0,
                    true if row.marked => 1,
                    _ => 2,
                };
                (!row.urgent, class, if row.urgent { 0 } else { row.since }, y)
            })
            .collect();
        waiting.sort_unstable();
        waiting.into_iter().map(|(.., y)| y).collect()
    }

    /// Writes what differs in a row; false when the budget ended first.
    fn row(&mut self, y: u16, budget: usize, out: &mut Vec<u8>) -> bool {
        let width = self.wanted.area.width;
        let mut x = 0;
        while x < width {
            let (_, columns) = self.symbol(x, y);
            if !self.differs(x, y) {
                x += columns;
                continue;
            }
            if out.len() >= budget {
                return false;
            }
            self.bridge(x, y, out);
            x = match self.erase(x, y, out).or_else(|| self.repeat(x, y, out)) {
                Some(next) => next,
                None => self.write(x, y, out),
            };
        }
        true
    }

    fn cell(&self, x: u16, y: u16) -> Option<&Cell> {
        self.wanted.cell((x, y))
    }

    /// The symbol and the columns of a cell, both as they may be written.
    fn symbol(&self, x: u16, y: u16) -> (&str, u16) {
        match self.cell(x, y).map(|cell| printable(cell.symbol())) {
            // Half of a wide character does not fit.
            Some((_, 2)) if x + 1 >= self.wanted.area.width => (" ", 1),
            Some(found) => found,
            None => (" ", 1),
        }
    }

    fn differs(&self, x: u16, y: u16) -> bool {
        match (self.cell(x, y), self.shown.cell((x, y))) {
            (Some(wanted), Some(shown)) => !pen::looks_alike(wanted, shown),
            _ => false,
        }
    }

    /// Goes to a cell; over a few cells that stand as they are by writing them again.
    fn bridge(&mut self, x: u16, y: u16, out: &mut Vec<u8>) {
        if let Some((from, row)) = self.pen.at
            && row == y
            && from < x
            && x - from <= 4
        {
            let gap = from..x;
            let plain = |x: u16| {
                self.cell(x, y).is_some_and(|cell| self.pen.suits(cell))
                    && self.symbol(x, y).0.len() == 1
            };
            if gap.clone().all(plain) {
                for x in gap {
                    out.extend_from_slice(self.symbol(x, y).0.as_bytes());
                }
                self.pen.at = Some((x, y));
            }
        }
        self.pen.go(x, y, out);
    }

    /// Erases a long run of blanks; gives the column after it.
    fn erase(&mut self, x: u16, y: u16, out: &mut Vec<u8>) -> Option<u16> {
        let first = self.cell(x, y).filter(|cell| pen::is_blank(cell))?.clone();
        if first.bg != Color::Reset && !self.skills.ground {
            return None;
        }
        let width = self.wanted.area.width;
        let same = |x: &u16| {
            self.cell(*x, y).is_some_and(|cell| pen::is_blank(cell) && cell.bg == first.bg)
        };
        let end = x + u16::try_from((x..width).take_while(same).count()).unwrap_or(0);
        let differing = (x..end).filter(|x| self.differs(*x, y)).count();
        let to_end = end == width;
        if differing < if to_end { 4 } else { ERASE_FROM } {
            return None;
        }
        if self.skills.repeat && (end..width).any(|x| self.differs(x, y)) {
            // Repeating the blank takes the pen to where it goes on.
            return None;
        }
        self.pen.dress(&first, out);
        if to_end {
            out.extend_from_slice(b"\x1b[K");
        } else {
            out.extend_from_slice(format!("\x1b[{}X", end - x).as_bytes());
        }
        for x in x..end {
            self.settle(x, y, 1);
        }
        Some(end)
    }

    /// Repeats a character; gives the column after the run.
    fn repeat(&mut self, x: u16, y: u16, out: &mut Vec<u8>) -> Option<u16> {
        if !self.skills.repeat {
            return None;
        }
        let first = self.cell(x, y)?.clone();
        let (symbol, 1) = printable(first.symbol()) else { return None };
        if is_unsure(symbol) {
            return None;
        }
        let width = self.wanted.area.width;
        let same = |x: &u16| self.cell(*x, y).is_some_and(|cell| pen::looks_alike(cell, &first));
        let count = (x..width).take_while(same).count();
        let order = format!("\x1b[{}b", count.saturating_sub(1));
        if count.saturating_sub(1) * symbol.len() <= order.len() {
            return None;
        }
        self.pen.dress(&first, out);
        out.extend_from_slice(symbol.as_bytes());
        out.extend_from_slice(order.as_bytes());
        let end = x + u16::try_from(count).unwrap_or(0);
        for x in x..end {
            self.settle(x, y, 1);
        }
        self.pen.at = (end < width).then_some((end, y));
        Some(end)
    }

    /// Writes one cell; gives the column after it.
    fn write(&mut self, x: u16, y: u16, out: &mut Vec<u8>) -> u16 {
        let Some(cell) = self.cell(x, y).cloned() else { return x + 1 };
        let (symbol, columns) = self.symbol(x, y);
        let symbol = symbol.to_owned();
        self.pen.dress(&cell, out);
        let unsure = is_unsure(&symbol);
        if unsure && columns == 2 {
            // Where the terminal takes it for narrow, its second column is clean all the same.
            out.extend_from_slice(b"  ");
            self.pen.at = (x + 2 < self.wanted.area.width).then_some((x + 2, y));
            self.pen.go(x, y, out);
        }
        out.extend_from_slice(symbol.as_bytes());
        let next = x + columns;
        // At the edge terminals differ about where the cursor is.
        self.pen.at = (next < self.wanted.area.width && !unsure).then_some((next, y));
        self.settle(x, y, columns);
        if unsure {
            // A terminal that takes it for wider has written over what follows.
            for x in next..next.saturating_add(3) {
                self.lose(x, y);
            }
        }
        next
    }

    /// Notes that the terminal has a cell now. A wide character that lost a half is gone as a
    /// whole: what stands where its other half was is not known.
    fn settle(&mut self, x: u16, y: u16, columns: u16) {
        let last = x + columns - 1;
        let was_wide =
            self.shown.cell((last, y)).is_some_and(|cell| printable(cell.symbol()).1 == 2);
        for x in x..=last {
            if let (Some(from), Some(to)) = (self.wanted.cell((x, y)), self.shown.cell_mut((x, y)))
            {
                to.clone_from(from);
            }
        }
        if was_wide {
            self.lose(last + 1, y);
        }
    }

    /// Notes that it is not known what the terminal has there.
    fn lose(&mut self, x: u16, y: u16) {
        if let Some(cell) = self.shown.cell_mut((x, y)) {
            let wide = printable(cell.symbol()).1 == 2;
            cell.set_symbol(UNKNOWN);
            if wide {
                self.lose(x + 1, y);
            }
        }
    }

    /// Colours as after a reset, for what is written outside frames.
    pub fn reset(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        self.pen.turn(Look::PLAIN, &mut out);
        out
    }
}

/// Has the graphs of a frame stand as they were: what moves every second and says little.
pub fn still(before: &Buffer, frame: &mut Buffer) {
    if before.area != frame.area {
        return;
    }
    let graph = |cell: &Cell| {
        let mut chars = cell.symbol().chars();
        matches!(chars.next(), Some('\u{2800}'..='\u{28ff}' | '\u{2581}'..='\u{2588}'))
    };
    for (old, new) in before.content.iter().zip(&mut frame.content) {
        let same = graph(old) && (graph(new) || pen::is_blank(new));
        if same || graph(new) && pen::is_blank(old) {
            new.clone_from(old);
        }
    }
}

/// The bytes that turn one frame into another at once.
#[must_use]
pub fn difference(
    shown: &Buffer,
    frame: &Buffer,
    caret_was: Option<Position>,
    caret_is: Option<Position>,
) -> Vec<u8> {
    let mut picture = Picture::new(Skills { sync: true, ground: true, repeat: false });
    picture.want(shown.clone(), caret_was, false);
    picture.chunk(usize::MAX);
    picture.want(frame.clone(), caret_is, true);
    picture.chunk(usize::MAX).map(|chunk| chunk.bytes).unwrap_or_default()
}

#[cfg(test)]
#[path = "picture_tests.rs"]
mod tests;
