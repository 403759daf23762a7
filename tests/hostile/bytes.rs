//! What a console writes, byte by byte: only its own sequences, only what can be printed.
//!
//! In: bytes as they come. Out: what is foreign in them.
//! Never: judges by the text, only by what a terminal would do.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fluxnoc::model::safe_text::sanitize;

use crate::letters::Letters;

/// The modes that the console switches.
const MODES: [&str; 8] = ["1049", "2004", "25", "7", "1000", "1006", "2026", "2026$"];

/// Reads on where it stopped.
#[derive(Default)]
pub struct Reader {
    rest: Vec<u8>,
    /// What was copied.
    pub copies: usize,
}

impl Reader {
    /// What of these bytes is not the console's own; the sequence or character with what is around.
    pub fn foreign(&mut self, bytes: &[u8]) -> Vec<String> {
        self.rest.extend_from_slice(bytes);
        let mut found = Vec::new();
        let mut at = 0;
        while at < self.rest.len() {
            let rest = &self.rest[at..];
            match self.next(rest) {
                Step::Own(length) => at += length,
                Step::Copy(length) => {
                    self.copies += 1;
                    at += length;
                }
                Step::More => break,
                Step::Foreign => {
                    let from = at.saturating_sub(40);
                    let to = (at + 40).min(self.rest.len());
                    found.push(
                        String::from_utf8_lossy(&self.rest[from..to]).escape_debug().to_string(),
                    );
                    at += 1;
                }
            }
        }
        self.rest.drain(..at);
        found
    }

    fn next(&self, rest: &[u8]) -> Step {
        match rest {
            [0x1b, b'[', ..] => csi(rest),
            [0x1b, b']', ..] => copy(rest),
            [0x1b] => Step::More,
            // The shortest ways to move a little; where the pen stands, the cells show.
            [b'\r' | b'\n' | 8, ..] => Step::Own(1),
            [byte, ..] if *byte < 0x20 || *byte == 0x7f => Step::Foreign,
            [byte, ..] if *byte < 0x80 => Step::Own(1),
            _ => letter(rest),
        }
    }
}

enum Step {
    Own(usize),
    /// To the clipboard.
    Copy(usize),
    More,
    Foreign,
}

fn csi(rest: &[u8]) -> Step {
    let Some(end) = rest[2..].iter().position(|byte| (0x40..0x7f).contains(byte)) else {
        return if rest.len() < 64 { Step::More } else { Step::Foreign };
    };
    let words = String::from_utf8_lossy(&rest[2..2 + end]).into_owned();
    let own = match rest[2 + end] {
        b'h' | b'l' | b'p' => words.strip_prefix('?').is_some_and(|mode| MODES.contains(&mode)),
        // A question whether all was taken in.
        b'n' => words == "5",
        b'm' => words.chars().all(|c| c.is_ascii_digit() || ";:".contains(c)),
        b'A' | b'B' | b'C' | b'D' | b'G' | b'd' | b'H' | b'J' | b'K' | b'X' | b'b' => {
            words.chars().all(|c| c.is_ascii_digit() || c == ';')
        }
        _ => false,
    };
    if own { Step::Own(end + 3) } else { Step::Foreign }
}

/// The clipboard, and in it nothing that a paste would obey.
fn copy(rest: &[u8]) -> Step {
    let Some(end) = rest.iter().position(|byte| *byte == 7) else {
        return if rest.len() < 80_000 { Step::More } else { Step::Foreign };
    };
    let coded = rest[..end].strip_prefix(b"\x1b]52;c;");
    let text = coded.and_then(|coded| STANDARD.decode(coded).ok());
    let text = text.and_then(|text| String::from_utf8(text).ok());
    let is_safe = |text: &str| text.lines().all(|line| sanitize(line, usize::MAX) == line);
    if text.is_some_and(|text| is_safe(&text)) { Step::Copy(end + 1) } else { Step::Foreign }
}

fn letter(rest: &[u8]) -> Step {
    let length = match rest[0] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return Step::Foreign,
    };
    if rest.len() < length {
        return Step::More;
    }
    match std::str::from_utf8(&rest[..length]).ok().and_then(|text| text.chars().next()) {
        Some(c) if is_hidden(c) => Step::Foreign,
        Some(_) => Step::Own(length),
        None => Step::Foreign,
    }
}

/// What a terminal obeys or does not show: C1, bidirectional controls, zero-width, separators, tags,
/// private characters. Joiners and selectors inside an emoji are none.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200c}'
        | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e0fff}'
        | '\u{f0000}'..)
}

#[test]
fn the_reader_knows_own_from_foreign() {
    let own = "\x1b[?1049h\x1b[m\x1b[2J\x1b[3;4Hok é 日 👨\u{200d}👩\x1b[38;5;1m\x1b]52;c;YQ==\x07";
    let mut reader = Reader::default();
    for byte in own.as_bytes() {
        assert_eq!(reader.foreign(&[*byte]), Vec::<String>::new());
    }
    assert_eq!(reader.foreign("  \u{8}\u{8}🔥".as_bytes()), Vec::<String>::new());
    assert_eq!(reader.copies, 1);
    for foreign in [
        "\x1b]0;t\x07",
        "\x1b[6n",
        "\x1bc",
        "\x07",
        "\u{9b}2J",
        "\u{202e}",
        "\u{200b}",
        "\x1bP+q\x1b\\",
        "\x1b[?1003h",
        "\x1b]8;;x\x07",
        "\x1b]52;c;G1szMW0=\x07",
        "\x7f",
        "\u{e0041}",
    ] {
        assert!(!Reader::default().foreign(foreign.as_bytes()).is_empty(), "{foreign:?}");
    }
}

#[test]
fn a_letter_in_two_parts_costs_nothing_behind_it() {
    let text = "ß ẞ 日 👨 é│x";
    let size = |cells| std::num::NonZeroU16::new(cells).unwrap();
    let shown = |parts: &[&[u8]]| {
        let mut parser = vt100::Parser::new(size(1), size(20), 0);
        let mut letters = Letters::default();
        parts.iter().for_each(|part| parser.process(&letters.whole(part)));
        parser.screen().contents()
    };
    for at in 0..=text.len() {
        let (one, two) = text.as_bytes().split_at(at);
        assert_eq!(shown(&[one, two]), text, "after {at} bytes");
    }
    let each: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
    assert_eq!(shown(&each), text);
}
