//! Which characters the terminal can show: the tier of glyphs, how it is chosen, and the one table
//! that maps what the program draws to what the tier has, cell by cell.
//!
//! The map is laid over the finished frame, so that no pane needs to know of tiers. Text from
//! outside keeps its letters as long as the terminal takes UTF-8 at all.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::Style;

/// What the program may draw with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GlyphTier {
    /// ASCII only: `+-|` frames, `X ! ? # .` states, `.:-=` bars.
    Ascii,
    /// Box drawing, signs and block elements (`▁▂▃▄▅▆▇█`).
    Block,
    /// The same, and braille dots in graphs.
    #[default]
    Braille,
}

impl GlyphTier {
    /// All tiers.
    pub const ALL: [Self; 3] = [Self::Ascii, Self::Block, Self::Braille];

    /// Its name in options and settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ascii => "ascii",
            Self::Block => "block",
            Self::Braille => "braille",
        }
    }

    /// The tier of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| tier.name() == name)
    }
}

/// What the terminal takes, and why it is thought so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charset {
    /// What to draw with.
    pub tier: GlyphTier,
    /// True when it takes UTF-8, so that names from outside may keep their letters.
    pub utf8: bool,
    /// The reason, for people.
    pub why: String,
}

/// Chooses by a wish (`auto`, or a tier's name) and the environment's variables.
#[must_use]
pub fn choose(wish: &str, variable: impl Fn(&str) -> Option<String>) -> Charset {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| set(name).map(|value| (name, value)));
    let utf8 = locale.as_ref().is_some_and(|(_, value)| {
        let value = value.to_ascii_uppercase();
        value.contains("UTF-8") || value.contains("UTF8")
    });
    let term = set("TERM").unwrap_or_default();
    if let Some(tier) = GlyphTier::from_name(wish) {
        // Who asks for blocks knows that the terminal takes them.
        let utf8 = utf8 || tier != GlyphTier::Ascii;
        return Charset { tier, utf8, why: "as asked for".to_owned() };
    }
    if !utf8 {
        let why = locale.map_or("no LANG says UTF-8".to_owned(), |(name, value)| {
            format!("{name}={value} is not UTF-8")
        });
        return Charset { tier: GlyphTier::Ascii, utf8, why };
    }
    if term == "linux" || term == "dumb" || term.starts_with("vt") {
        let why = format!("TERM={term} has few signs in its font");
        return Charset { tier: GlyphTier::Ascii, utf8, why };
    }
    let why = locale.map_or(String::new(), |(name, value)| format!("{name}={value}"));
    Charset { tier: GlyphTier::Braille, utf8, why }
}

/// Signs of the program with their stand-ins in ASCII; one column each.
const ASCII: &[(char, char)] = &[
    ('●', 'X'),
    ('▲', '!'),
    ('◇', '#'),
    ('✓', '.'),
    ('○', 'o'),
    ('◌', 'o'),
    ('◆', '#'),
    ('■', '#'),
    ('□', 'o'),
    ('◐', 'o'),
    ('▼', 'v'),
    ('△', '^'),
    ('▽', 'v'),
    ('▸', '>'),
    ('▾', 'v'),
    ('▶', '>'),
    ('◀', '<'),
    ('✗', 'x'),
    ('✘', 'x'),
    ('★', '*'),
    ('☆', '*'),
    ('›', '>'),
    ('‹', '<'),
    ('»', '>'),
    ('«', '<'),
    ('…', '~'),
    ('·', '.'),
    ('•', '*'),
    ('×', 'x'),
    ('÷', '/'),
    ('±', '~'),
    ('≤', '<'),
    ('≥', '>'),
    ('≠', '#'),
    ('≈', '~'),
    ('∞', '~'),
    ('Δ', 'd'),
    ('σ', 's'),
    ('–', '-'),
    ('—', '-'),
    ('−', '-'),
    ('‘', '\''),
    ('’', '\''),
    ('“', '"'),
    ('”', '"'),
    ('µ', 'u'),
    ('μ', 'u'),
    ('°', 'o'),
    ('⏎', '<'),
    ('⌫', '<'),
    ('←', '<'),
    ('→', '>'),
    ('↑', '^'),
    ('↓', 'v'),
    ('↕', '|'),
    ('↔', '-'),
    ('↩', '<'),
    ('↳', '\\'),
    ('⇄', '='),
    ('↻', '@'),
    ('╌', '-'),
    ('╎', '|'),
    ('┄', '-'),
    ('┆', '|'),
    ('┈', '-'),
    ('┊', '|'),
    ('▔', '-'),
    ('▏', '|'),
    ('▎', '|'),
    ('▍', '|'),
    ('▌', '|'),
    ('▋', '|'),
    ('▊', '#'),
    ('▉', '#'),
    ('▐', '|'),
    ('▀', '\''),
    ('▁', '_'),
    ('▂', '.'),
    ('▃', ':'),
    ('▄', '-'),
    ('▅', '='),
    ('▆', '+'),
    ('▇', '*'),
    ('█', '#'),
    ('░', '.'),
    ('▒', ':'),
    ('▓', '#'),
    ('▖', '.'),
    ('▗', '.'),
    ('▘', '\''),
    ('▝', '\''),
    ('▙', '#'),
    ('▛', '#'),
    ('▜', '#'),
    ('▟', '#'),
    ('▚', ':'),
    ('▞', ':'),
];

/// The 2x2 quarters of a cell, by which of them are filled: upper left 1, upper right 2, lower left
/// 4, lower right 8.
const QUARTERS: [char; 16] =
    [' ', '▘', '▝', '▀', '▖', '▌', '▞', '▛', '▗', '▚', '▐', '▜', '▄', '▙', '▟', '█'];

/// The ASCII stand-in of a sign of the program.
#[must_use]
pub fn ascii(sign: char) -> Option<char> {
    match sign {
        // Heavy and double lines with the light ones; whatever has two directions is a corner.
        '─' | '━' | '═' | '╴' | '╶' | '╸' | '╺' => Some('-'),
        '│' | '┃' | '║' | '╵' | '╷' | '╹' | '╻' => Some('|'),
        '┌'..='╋' | '╒'..='╬' | '╭'..='╰' => Some('+'),
        '\u{2800}'..='\u{28ff}' => Some(match quarters(sign) {
            0 => ' ',
            1..=3 => '\'',
            4 | 8 | 12 => '.',
            _ => ':',
        }),
        _ => ASCII.iter().find(|(from, _)| *from == sign).map(|(_, to)| *to),
    }
}

/// Which quarters of the cell a braille sign has dots in.
fn quarters(braille: char) -> usize {
    let dots = u32::from(braille) & 0xff;
    // Dots 1 2 3 7 are the left column from the top, 4 5 6 8 the right one.
    [0b0000_0011, 0b0001_1000, 0b0100_0100, 0b1010_0000]
        .into_iter()
        .enumerate()
        .filter(|(_, mask)| dots & mask != 0)
        .map(|(at, _)| 1 << at)
        .sum()
}

/// One line of text as the tier shows it.
#[must_use]
pub fn fitted(text: &str, tier: GlyphTier, utf8: bool) -> String {
    let wide = u16::try_from(crate::model::safe_text::width(text)).unwrap_or(u16::MAX);
    let mut buffer = Buffer::empty(Rect::new(0, 0, wide, 1));
    buffer.set_string(0, 0, text, Style::new());
    fit(&mut buffer, tier, utf8);
    buffer.content.iter().map(Cell::symbol).collect()
}

/// Maps every sign of a finished frame to what the tier has, one cell to one cell.
pub fn fit(buffer: &mut Buffer, tier: GlyphTier, utf8: bool) {
    if tier == GlyphTier::Braille && utf8 {
        return;
    }
    for cell in &mut buffer.content {
        if !cell.symbol().is_ascii() {
            fit_cell(cell, tier, utf8);
        }
    }
}

fn fit_cell(cell: &mut Cell, tier: GlyphTier, utf8: bool) {
    let mut letters = cell.symbol().chars();
    let (first, single) = (letters.next().unwrap_or(' '), letters.next().is_none());
    let mapped = match tier {
        GlyphTier::Ascii if single => ascii(first),
        GlyphTier::Block if single => match first {
            '\u{2800}'..='\u{28ff}' => QUARTERS.get(quarters(first)).copied(),
            '╭' => Some('┌'),
            '╮' => Some('┐'),
            '╰' => Some('└'),
            '╯' => Some('┘'),
            _ => None,
        },
        _ => None,
    };
    if let Some(sign) = mapped {
        cell.set_char(sign);
    } else if !utf8 {
        // A letter with a combining mark keeps the letter.
        cell.set_char(if first.is_ascii() && !first.is_control() { first } else { '?' });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str, tier: GlyphTier, utf8: bool) -> String {
        fitted(text, tier, utf8).trim_end().to_owned()
    }

    #[test]
    fn ascii_has_a_stand_in_of_one_column_for_every_sign() {
        assert_eq!(drawn("╭─┬╮│├┼┤╰┴╯", GlyphTier::Ascii, true), "+-++|++++++");
        assert_eq!(drawn("● ▲ ? ◇ ✓ ›…×–", GlyphTier::Ascii, true), "X ! ? # . >~x-");
        assert_eq!(drawn("▁▂▃▄▅▆▇█", GlyphTier::Ascii, true), "_.:-=+*#");
        assert_eq!(drawn("⠀⠁⠈⣀⡇⣿", GlyphTier::Ascii, true), " ''.::");
    }

    #[test]
    fn names_from_outside_keep_their_letters_where_utf_8_is_taken() {
        assert_eq!(drawn("müller-日本", GlyphTier::Ascii, true), "müller-日 本");
        assert_eq!(drawn("müller-日本", GlyphTier::Ascii, false), "m?ller-? ?");
        assert_eq!(drawn("e\u{301}t", GlyphTier::Ascii, false), "et");
        assert_eq!(drawn("müller ╭⣿", GlyphTier::Braille, true), "müller ╭⣿");
    }

    #[test]
    fn blocks_draw_braille_in_quarters_and_corners_square() {
        assert_eq!(drawn("╭╮╰╯", GlyphTier::Block, true), "┌┐└┘");
        assert_eq!(drawn("⠁⠈⡀⢀⣿⡇⢸⠉⣀", GlyphTier::Block, true), "▘▝▖▗█▌▐▀▄");
    }

    #[test]
    fn the_choice_goes_by_wish_then_locale_then_terminal() {
        let env = |pairs: &'static [(&str, &str)]| {
            move |name: &str| {
                pairs.iter().find(|(have, _)| *have == name).map(|(_, value)| (*value).to_owned())
            }
        };
        for (wish, pairs, tier, utf8) in [
            ("auto", &[("LANG", "de_DE.UTF-8"), ("TERM", "xterm")][..], GlyphTier::Braille, true),
            ("auto", &[("LANG", "C.utf8"), ("TERM", "tmux-256color")], GlyphTier::Braille, true),
            ("auto", &[("LANG", "C.UTF-8"), ("LC_ALL", "C")], GlyphTier::Ascii, false),
            ("auto", &[("LANG", ""), ("TERM", "xterm")], GlyphTier::Ascii, false),
            ("auto", &[("LANG", "C.UTF-8"), ("TERM", "linux")], GlyphTier::Ascii, true),
            ("auto", &[("LANG", "C.UTF-8"), ("TERM", "vt220")], GlyphTier::Ascii, true),
            ("ascii", &[("LANG", "C.UTF-8")], GlyphTier::Ascii, true),
            ("ascii", &[("LANG", "C")], GlyphTier::Ascii, false),
            ("block", &[("TERM", "linux")], GlyphTier::Block, true),
        ] {
            let found = choose(wish, env(pairs));
            assert_eq!((found.tier, found.utf8), (tier, utf8), "{wish} {pairs:?}: {}", found.why);
        }
    }
}
