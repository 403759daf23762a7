//! The terminal's pen: where it stands and how it writes, so that only what differs is said.

use std::io::Write as _;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

/// How the terminal writes now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Look {
    /// As after a reset.
    pub const PLAIN: Self =
        Self { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() };

    /// The look of a cell.
    #[must_use]
    pub const fn of(cell: &Cell) -> Self {
        Self { fg: cell.fg, bg: cell.bg, modifier: cell.modifier }
    }
}

/// Marks that show on a blank, too.
const ON_BLANK: Modifier = Modifier::UNDERLINED
    .union(Modifier::REVERSED)
    .union(Modifier::CROSSED_OUT)
    .union(Modifier::SLOW_BLINK)
    .union(Modifier::RAPID_BLINK);

/// True for a cell of which only the ground is seen.
#[must_use]
pub fn is_blank(cell: &Cell) -> bool {
    cell.symbol() == " " && !cell.modifier.intersects(ON_BLANK)
}

/// True when two cells cannot be told apart on a screen.
#[must_use]
pub fn looks_alike(a: &Cell, b: &Cell) -> bool {
    if is_blank(a) && is_blank(b) {
        return a.bg == b.bg;
    }
    a.symbol() == b.symbol() && Look::of(a) == Look::of(b)
}

/// The pen.
#[derive(Clone, Debug)]
pub struct Pen {
    /// Column and row, when they are known.
    pub at: Option<(u16, u16)>,
    look: Look,
}

impl Default for Pen {
    fn default() -> Self {
        Self { at: None, look: Look::PLAIN }
    }
}

impl Pen {
    /// True when the cell needs no other colours than the pen has.
    #[must_use]
    pub fn suits(&self, cell: &Cell) -> bool {
        if is_blank(cell) {
            return self.look.bg == cell.bg && !self.look.modifier.intersects(ON_BLANK);
        }
        self.look == Look::of(cell)
    }

    /// Takes the colours of a cell.
    pub fn dress(&mut self, cell: &Cell, out: &mut Vec<u8>) {
        if self.suits(cell) {
            return;
        }
        let mut wanted = Look::of(cell);
        if is_blank(cell) {
            // Ink and weight of a blank are not seen: what is there may stay.
            wanted.fg = self.look.fg;
            wanted.modifier = self.look.modifier.difference(ON_BLANK);
        }
        self.turn(wanted, out);
    }

    /// Takes a look.
    pub fn turn(&mut self, wanted: Look, out: &mut Vec<u8>) {
        if self.look == wanted {
            return;
        }
        let (mut step, mut anew) = (Vec::new(), vec![b'0']);
        changes(self.look, wanted, &mut step);
        let mut fresh = Vec::new();
        changes(Look::PLAIN, wanted, &mut fresh);
        if !fresh.is_empty() {
            anew.push(b';');
            anew.extend(fresh);
        }
        // `ESC [ m` is the reset.
        let codes = match () {
            () if wanted == Look::PLAIN => Vec::new(),
            () if step.len() <= anew.len() => step,
            () => anew,
        };
        out.extend_from_slice(b"\x1b[");
        out.extend(codes);
        out.push(b'm');
        self.look = wanted;
    }

    /// Goes to a cell by the shortest way.
    pub fn go(&mut self, x: u16, y: u16, out: &mut Vec<u8>) {
        if self.at == Some((x, y)) {
            return;
        }
        let mut best = absolute(x, y);
        if let Some(from) = self.at {
            for way in relative(from, (x, y)) {
                if way.len() < best.len() {
                    best = way;
                }
            }
        }
        out.extend(best);
        self.at = Some((x, y));
    }
}

fn absolute(x: u16, y: u16) -> Vec<u8> {
    match (x, y) {
        (0, 0) => b"\x1b[H".to_vec(),
        (0, y) => format!("\x1b[{}H", y + 1).into_bytes(),
        (x, 0) => format!("\x1b[;{}H", x + 1).into_bytes(),
        (x, y) => format!("\x1b[{};{}H", y + 1, x + 1).into_bytes(),
    }
}

fn relative((fx, fy): (u16, u16), (x, y): (u16, u16)) -> Vec<Vec<u8>> {
    let steps = |count: u16, letter: char| match count {
        1 => format!("\x1b[{letter}").into_bytes(),
        count => format!("\x1b[{count}{letter}").into_bytes(),
    };
    let mut ways = Vec::new();
    if fy == y {
        if x == 0 {
            ways.push(b"\r".to_vec());
        }
        if x > fx {
            ways.push(steps(x - fx, 'C'));
        } else if x < fx {
            ways.push(steps(fx - x, 'D'));
            if fx - x <= 3 {
                ways.push(vec![8; usize::from(fx - x)]);
            }
        }
    } else if y > fy && y - fy <= 4 {
        let mut way = if x == 0 && fx != 0 { b"\r".to_vec() } else { Vec::new() };
        if x == 0 || x == fx {
            // Line feeds go down in raw mode and nowhere else.
            way.extend(vec![b'\n'; usize::from(y - fy)]);
            ways.push(way);
        }
    }
    ways
}

/// The codes that make one look another, with `;` between.
fn changes(from: Look, to: Look, out: &mut Vec<u8>) {
    let mut say = |code: &[u8]| {
        if !out.is_empty() {
            out.push(b';');
        }
        out.extend_from_slice(code);
    };
    let gone = from.modifier.difference(to.modifier);
    let mut come = to.modifier.difference(from.modifier);
    let weight = Modifier::BOLD | Modifier::DIM;
    if gone.intersects(weight) {
        say(b"22");
        // One code ends both.
        come |= to.modifier & weight;
    }
    for (flag, off) in [
        (Modifier::ITALIC, b"23"),
        (Modifier::UNDERLINED, b"24"),
        (Modifier::SLOW_BLINK | Modifier::RAPID_BLINK, b"25"),
        (Modifier::REVERSED, b"27"),
        (Modifier::HIDDEN, b"28"),
        (Modifier::CROSSED_OUT, b"29"),
    ] {
        if gone.intersects(flag) {
            say(off);
        }
    }
    for (flag, on) in [
        (Modifier::BOLD, b"1"),
        (Modifier::DIM, b"2"),
        (Modifier::ITALIC, b"3"),
        (Modifier::UNDERLINED, b"4"),
        (Modifier::SLOW_BLINK, b"5"),
        (Modifier::RAPID_BLINK, b"6"),
        (Modifier::REVERSED, b"7"),
        (Modifier::HIDDEN, b"8"),
        (Modifier::CROSSED_OUT, b"9"),
    ] {
        if come.contains(flag) {
            say(on);
        }
    }
    if from.fg != to.fg {
        say(&color(to.fg, 30));
    }
    if from.bg != to.bg {
        say(&color(to.bg, 40));
    }
}

/// The code of a colour; `base` is 30 for ink and 40 for the ground.
fn color(color: Color, base: u8) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing into memory cannot fail.
    let _ = match color {
        Color::Reset => write!(out, "{}", base + 9),
        Color::Rgb(r, g, b) => write!(out, "{};2;{r};{g};{b}", base + 8),
        Color::Indexed(index @ 16..) => write!(out, "{};5;{index}", base + 8),
        other => match number(other) {
            low @ 0..=7 => write!(out, "{}", base + low),
            high => write!(out, "{}", base + 60 + (high - 8)),
        },
    };
    out
}

/// The number of one of the terminal's own sixteen colours.
const fn number(color: Color) -> u8 {
    match color {
        Color::Indexed(index) => index,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
        Color::Black | Color::Reset | Color::Rgb(..) => 0,
    }
}
