//! From the bytes of a terminal to keys and pastes: pure, bounded, and never stuck.
//!
//! Written here because the terminal library's own reader spins for ever once the terminal is
//! gone, and panics on crafted mouse reports. What is not a key (reports, unknown sequences) is
//! swallowed whole, so that its letters never act as keys.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// One thing that a person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Key(KeyEvent),
    /// Text that was pasted.
    Paste(String),
}

/// Longest sequence and longest paste that are kept, in bytes.
const SEQUENCE_LIMIT: usize = 64;
const PASTE_LIMIT: usize = 64 * 1024;

const PASTE_END: &[u8] = b"\x1b[201~";

/// Collects bytes until they are a key.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
    paste: Option<Vec<u8>>,
}

enum Step {
    /// So many bytes were one input, or nothing that matters.
    Taken(usize, Option<KeyEvent>),
    /// A paste begins after so many bytes.
    Paste(usize),
    /// More bytes decide.
    More,
}

impl Decoder {
    /// Takes bytes as they arrived and returns what they mean.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<Input> {
        let mut found = Vec::new();
        self.bytes.extend_from_slice(bytes);
        loop {
            if self.paste.is_some() {
                match self.end_of_paste() {
                    Some(text) => found.push(Input::Paste(text)),
                    None => return found,
                }
            }
            if self.bytes.is_empty() {
                return found;
            }
            match step(&self.bytes) {
                Step::More if self.bytes.len() < SEQUENCE_LIMIT => return found,
                Step::More => self.bytes.clear(),
                Step::Taken(count, key) => {
                    self.bytes.drain(..count.min(self.bytes.len()));
                    found.extend(key.map(Input::Key));
                }
                Step::Paste(count) => {
                    self.bytes.drain(..count.min(self.bytes.len()));
                    self.paste = Some(Vec::new());
                }
            }
        }
    }

    /// True while bytes wait that time decides: a lone Esc, a broken sequence.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.paste.is_none() && !self.bytes.is_empty()
    }

    /// No more bytes came in time: a lone Esc is the key, anything else is dropped.
    pub fn timeout(&mut self) -> Option<Input> {
        if self.paste.is_some() {
            return None;
        }
        let lone = self.bytes == [0x1b];
        self.bytes.clear();
        lone.then(|| Input::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE)))
    }

    /// Moves bytes into the paste; its text when the end is there.
    fn end_of_paste(&mut self) -> Option<String> {
        let paste = self.paste.as_mut()?;
        let end = self.bytes.windows(PASTE_END.len()).position(|part| part == PASTE_END);
        // The end mark may arrive in two parts: its possible beginning stays.
        let safe = end.unwrap_or_else(|| self.bytes.len().saturating_sub(PASTE_END.len() - 1));
        let part: Vec<u8> = self.bytes.drain(..safe).collect();
        let room = PASTE_LIMIT.saturating_sub(paste.len());
        paste.extend(part.into_iter().take(room));
        end?;
        self.bytes.drain(..PASTE_END.len().min(self.bytes.len()));
        self.paste.take().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }
}

const fn key(code: KeyCode) -> KeyEvent {
    KeyEvent::new(code, KeyModifiers::NONE)
}

fn step(bytes: &[u8]) -> Step {
    match bytes {
        [0x1b] | [0x1b, b'O'] => Step::More,
        [0x1b, b'[', rest @ ..] => control_sequence(rest),
        [0x1b, b'O', letter, ..] => Step::Taken(3, cursor_key(*letter).map(key)),
        [0x1b, 0x1b, ..] => Step::Taken(1, Some(key(KeyCode::Esc))),
        // Strings that a terminal sends (answers to questions) end with ST or BEL.
        [0x1b, b'P' | b']' | b'_' | b'^', rest @ ..] => terminal_string(rest),
        [0x1b, rest @ ..] => match plain(rest) {
            Step::Taken(count, Some(key)) => {
                let key = KeyEvent::new(key.code, key.modifiers | KeyModifiers::ALT);
                Step::Taken(count + 1, Some(key))
            }
            Step::Taken(count, None) => Step::Taken(count + 1, None),
            other => other,
        },
        bytes => plain(bytes),
    }
}

fn terminal_string(rest: &[u8]) -> Step {
    let end = rest.iter().position(|byte| *byte == 0x07 || *byte == 0x1b);
    match end.map(|at| (at, rest.get(at), rest.get(at + 1))) {
        Some((at, Some(0x07), _)) => Step::Taken(at + 3, None),
        Some((at, _, Some(b'\\'))) => Step::Taken(at + 4, None),
        Some((at, _, Some(_))) => Step::Taken(at + 2, None),
        _ => Step::More,
    }
}

fn plain(bytes: &[u8]) -> Step {
    let Some(first) = bytes.first() else { return Step::More };
    let control =
        |letter: u8| KeyEvent::new(KeyCode::Char(char::from(letter)), KeyModifiers::CONTROL);
    let key = match first {
        b'\r' | b'\n' => key(KeyCode::Enter),
        b'\t' => key(KeyCode::Tab),
        0x7f | 0x08 => key(KeyCode::Backspace),
        0 => control(b' '),
        0x01..=0x1a => control(first - 1 + b'a'),
        0x1b..=0x1f => control(first - 0x1c + b'4'),
        _ => return letter(bytes),
    };
    Step::Taken(1, Some(key))
}

/// One character of UTF-8; a byte that is none is dropped.
fn letter(bytes: &[u8]) -> Step {
    let size = match bytes.first() {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => 1,
    };
    let Some(part) = bytes.get(..size) else {
        let broken = bytes.iter().skip(1).any(|byte| !(0x80..0xc0).contains(byte));
        return if broken { Step::Taken(1, None) } else { Step::More };
    };
    match std::str::from_utf8(part).ok().and_then(|text| text.chars().next()) {
        Some(c) if !c.is_control() => {
            let shift = if c.is_uppercase() { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
            Step::Taken(size, Some(KeyEvent::new(KeyCode::Char(c), shift)))
        }
        Some(_) => Step::Taken(size, None),
        None => Step::Taken(1, None),
    }
}

const fn cursor_key(letter: u8) -> Option<KeyCode> {
    Some(match letter {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'M' => KeyCode::Enter,
        b'Z' => KeyCode::BackTab,
        b'P' => KeyCode::F(1),
        b'Q' => KeyCode::F(2),
        b'R' => KeyCode::F(3),
        b'S' => KeyCode::F(4),
        _ => return None,
    })
}

/// What follows `ESC [`: parameters, then one final byte.
fn control_sequence(rest: &[u8]) -> Step {
    // The old mouse report and the Linux console's function keys have a tail without a pattern.
    match rest {
        [b'M', _, _, _, ..] => return Step::Taken(6, None),
        [b'M', ..] | [b'['] => return Step::More,
        [b'[', _, ..] => return Step::Taken(4, None),
        _ => {}
    }
    let Some(at) = rest.iter().position(|byte| !(0x20..0x40).contains(byte)) else {
        return Step::More;
    };
    let (Some(last), Some(body)) = (rest.get(at), rest.get(..at)) else { return Step::More };
    if !(0x40..0x7f).contains(last) {
        // A control byte inside a sequence breaks it off.
        return Step::Taken(at + 2, None);
    }
    let used = at + 3;
    let numbers: Vec<u32> = std::str::from_utf8(body)
        .unwrap_or("")
        .split(';')
        .map(|part| part.split(':').next().and_then(|n| n.parse().ok()).unwrap_or(0))
        .collect();
    let first = numbers.first().copied().unwrap_or(0);
    if (*last, first) == (b'~', 200) {
        return Step::Paste(used);
    }
    let modifiers = modifiers(numbers.get(1).copied().unwrap_or(1));
    let code = match (*last, first) {
        // With parameters an R is the answer to a question about the cursor.
        (b'R', _) if !body.is_empty() => None,
        (b'~', 1 | 7) => Some(KeyCode::Home),
        (b'~', 2) => Some(KeyCode::Insert),
        (b'~', 3) => Some(KeyCode::Delete),
        (b'~', 4 | 8) => Some(KeyCode::End),
        (b'~', 5) => Some(KeyCode::PageUp),
        (b'~', 6) => Some(KeyCode::PageDown),
        (b'u', letter) => kitty(letter),
        (b'M', _) => None,
        (letter, _) if !body.starts_with(b"<") && !body.starts_with(b"?") => cursor_key(letter),
        _ => None,
    };
    Step::Taken(used, code.map(|code| KeyEvent::new(code, modifiers)))
}

/// The kitty protocol's code of a key.
fn kitty(code: u32) -> Option<KeyCode> {
    Some(match code {
        13 => KeyCode::Enter,
        27 => KeyCode::Esc,
        9 => KeyCode::Tab,
        127 => KeyCode::Backspace,
        other => KeyCode::Char(char::from_u32(other).filter(|c| !c.is_control() && *c != '\0')?),
    })
}

/// One plus the sum of shift 1, alt 2, control 4.
fn modifiers(number: u32) -> KeyModifiers {
    let bits = number.saturating_sub(1);
    let mut modifiers = KeyModifiers::NONE;
    for (bit, modifier) in
        [(1, KeyModifiers::SHIFT), (2, KeyModifiers::ALT), (4, KeyModifiers::CONTROL)]
    {
        if bits & bit != 0 {
            modifiers |= modifier;
        }
    }
    modifiers
}

#[cfg(test)]
#[path = "input_tests.rs"]
mod tests;
