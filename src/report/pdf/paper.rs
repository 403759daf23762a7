//! A4 pages that fill from the top: text, tables, boxes. What is put on them are marks; drawing them
//! is another file's.

use super::fonts::{Faces, Weight};

/// Width of a page, in points.
pub const WIDTH: f32 = 595.28;
/// Height of a page, in points.
pub const HEIGHT: f32 = 841.89;
/// What stays free at the left and the right.
pub const MARGIN: f32 = 50.0;
/// Where the text begins.
const TOP: f32 = 58.0;
/// Where it ends.
const BOTTOM: f32 = HEIGHT - 66.0;
/// The width between the margins.
pub const INNER: f32 = WIDTH - 2.0 * MARGIN;
/// Most pages: what does not fit is told by who fills them.
const PAGE_LIMIT: usize = 200;

/// A colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ink(pub u8, pub u8, pub u8);

/// Text.
pub const DARK: Ink = Ink(0x1d, 0x26, 0x2f);
/// Text of less weight.
pub const GREY: Ink = Ink(0x5c, 0x68, 0x74);
/// Lines between rows.
pub const FAINT: Ink = Ink(0xd5, 0xdb, 0xe1);
/// The ground of a head.
pub const PALE: Ink = Ink(0xf1, 0xf4, 0xf7);
/// What is well.
pub const GREEN: Ink = Ink(0x1b, 0x7a, 0x43);
/// What is broken.
pub const RED: Ink = Ink(0xb4, 0x23, 0x18);
/// What was measured.
pub const BLUE: Ink = Ink(0x1f, 0x5f, 0xa8);
/// The spread of what was measured.
pub const SKY: Ink = Ink(0xc9, 0xdc, 0xf0);

/// Something on a page; `y` grows downwards, and is the base line of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// Text.
    Text {
        /// Where it begins.
        at: (f32, f32),
        /// How large.
        size: f32,
        /// In which face.
        weight: Weight,
        /// In which colour.
        ink: Ink,
        /// What.
        text: String,
    },
    /// A filled rectangle.
    Box {
        /// Its upper left corner.
        at: (f32, f32),
        /// Its width and height.
        size: (f32, f32),
        /// In which colour.
        ink: Ink,
    },
    /// A line through points.
    Line {
        /// They.
        points: Vec<(f32, f32)>,
        /// How thick.
        width: f32,
        /// In which colour.
        ink: Ink,
        /// Whether it is dashed.
        is_dashed: bool,
    },
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// How large.
    pub size: f32,
    /// In which face.
    pub weight: Weight,
    /// In which colour.
    pub ink: Ink,
}

/// Ordinary text.
pub const BODY: Style = Style { size: 9.0, weight: Weight::Regular, ink: DARK };
/// Text that explains.
pub const NOTE: Style = Style { size: 8.0, weight: Weight::Regular, ink: GREY };
/// The head of a table, a name of a figure.
pub const STRONG: Style = Style { size: 9.0, weight: Weight::Bold, ink: DARK };

/// One column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its head.
    pub head: &'static str,
    /// Its share of the width.
    pub share: f32,
    /// Whether it stands at the right, as numbers do.
    pub is_number: bool,
}

/// A cell of a table.
#[derive(Clone, Debug)]
pub struct Cell(pub String, pub Style);

/// Pages.
pub struct Paper<'a> {
    faces: &'a Faces,
    /// What is on each.
    pub pages: Vec<Vec<Mark>>,
    y: f32,
}

impl<'a> Paper<'a> {
    /// The first page, empty.
    #[must_use]
    pub fn new(faces: &'a Faces) -> Self {
        Self { faces, pages: vec![Vec::new()], y: TOP }
    }

    /// Whether more may be put on it.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.pages.len() > PAGE_LIMIT
    }

    /// Where the next thing goes.
    #[must_use]
    pub const fn y(&self) -> f32 {
        self.y
    }

    /// Goes on to the next page, unless so much fits.
    pub fn need(&mut self, height: f32) {
        if self.y + height > BOTTOM {
            self.turn();
        }
    }

    /// Goes on to the next page, unless this is empty.
    pub fn turn(&mut self) {
        if self.y > TOP {
            self.pages.push(Vec::new());
            self.y = TOP;
        }
    }

    /// Leaves room.
    pub fn space(&mut self, height: f32) {
        self.y += height;
    }

    /// Puts a mark where it says.
    pub fn put(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    /// Puts a text, cut to a width.
    pub fn text(&mut self, at: (f32, f32), style: Style, width: f32, text: &str) {
        let text = self.cut(&self.faces.of(style.weight).shown(text), style, width);
        self.put(Mark::Text { at, size: style.size, weight: style.weight, ink: style.ink, text });
    }

    /// How wide a text is.
    #[must_use]
    pub fn width(&self, text: &str, style: Style) -> f32 {
        self.faces.of(style.weight).width(text, style.size)
    }

    fn cut(&self, text: &str, style: Style, width: f32) -> String {
        if self.width(text, style) <= width {
            return text.to_owned();
        }
        let room = width - self.width("…", style);
        let mut used = 0.0;
        let mut out = String::new();
        for c in text.chars() {
            used += self.width(c.encode_utf8(&mut [0; 4]), style);
            if used > room {
                break;
            }
            out.push(c);
        }
        out.push('…');
        out
    }

    /// The text in lines of a width; a word that is wider is broken.
    #[must_use]
    pub fn lines(&self, text: &str, style: Style, width: f32, limit: usize) -> Vec<String> {
        let text = self.faces.of(style.weight).shown(text);
        let mut lines = vec![String::new()];
        let mut used = 0.0;
        for word in text.split_inclusive(' ') {
            let mut wide = self.width(word.trim_end(), style);
            if used > 0.0 && used + wide > width {
                lines.push(String::new());
                used = 0.0;
            }
            if wide > width {
                for c in word.chars() {
                    let one = self.width(c.encode_utf8(&mut [0; 4]), style);
                    if used + one > width {
                        lines.push(String::new());
                        used = 0.0;
                    }
                    used += one;
                    if let Some(line) = lines.last_mut() {
                        line.push(c);
                    }
                }
                continue;
            }
            wide += self.width(word, style) - self.width(word.trim_end(), style);
            used += wide;
            if let Some(line) = lines.last_mut() {
                line.push_str(word);
            }
            if lines.len() > limit {
                break;
            }
        }
        for line in &mut lines {
            line.truncate(line.trim_end().len());
        }
        if lines.len() > limit {
            lines.truncate(limit);
            if let Some(line) = lines.last_mut() {
                let whole = format!("{}…", line.trim_end());
                *line = self.cut(&whole, style, width);
            }
        }
        lines
    }

    /// Puts a paragraph of at most `limit` lines.
    pub fn paragraph(&mut self, text: &str, style: Style, limit: usize) {
        for line in self.lines(text, style, INNER, limit) {
            self.need(style.size * 1.45);
            self.y += style.size * 1.45;
            let at = (MARGIN, self.y);
            self.text(at, style, INNER, &line);
        }
    }

    /// Puts the head of a section, together with at least `with` of what follows.
    pub fn heading(&mut self, text: &str, with: f32) {
        self.need(38.0 + with);
        self.y += if self.y > TOP { 24.0 } else { 6.0 };
        let style = Style { size: 12.0, weight: Weight::Bold, ink: DARK };
        self.text((MARGIN, self.y), style, INNER, text);
        self.y += 5.0;
        self.rule(FAINT);
        self.y += 4.0;
    }

    /// Puts a line across.
    pub fn rule(&mut self, ink: Ink) {
        let points = vec![(MARGIN, self.y), (WIDTH - MARGIN, self.y)];
        self.put(Mark::Line { points, width: 0.6, ink, is_dashed: false });
    }

    /// Puts a table; its head is repeated on each page.
    pub fn table(&mut self, columns: &[Column], rows: &[Vec<Cell>]) {
        const ROW: f32 = 14.0;
        self.need(ROW * 2.0);
        self.head(columns);
        for row in rows {
            if self.is_full() {
                return;
            }
            if self.y + ROW > BOTTOM {
                self.turn();
                self.head(columns);
            }
            let base = self.y + 10.0;
            self.cells(columns, base, row);
            self.y += ROW;
            self.rule(FAINT);
        }
    }

    fn head(&mut self, columns: &[Column]) {
        const HEAD: f32 = 16.0;
        self.put(Mark::Box { at: (MARGIN, self.y), size: (INNER, HEAD), ink: PALE });
        let style = Style { size: 8.0, ..STRONG };
        let cells: Vec<Cell> =
            columns.iter().map(|column| Cell(column.head.to_owned(), style)).collect();
        self.cells(columns, self.y + 11.0, &cells);
        self.y += HEAD;
    }

    fn cells(&mut self, columns: &[Column], base: f32, cells: &[Cell]) {
        const PAD: f32 = 5.0;
        let mut x = MARGIN;
        for (column, Cell(text, style)) in columns.iter().zip(cells) {
            let wide = column.share * INNER;
            let room = wide - 2.0 * PAD;
            let text = self.cut(&self.faces.of(style.weight).shown(text), *style, room);
            let at = if column.is_number { room - self.width(&text, *style) } else { 0.0 };
            self.text((x + PAD + at, base), *style, room + 1.0, &text);
            x += wide;
        }
    }
}
