//! From the bytes of a terminal to keys and pastes: pure, bounded, and never stuck.
//!
//! Written here because the terminal library's own reader spins for ever once the terminal is
//! gone, and panics on crafted mouse reports. What is not a key (reports, unknown sequences) is
//! swallowed whole, so that its letters never act as keys.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::model::{Span, Steady};

/// One thing that a person did, or that the terminal answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Key(KeyEvent),
    /// A key right after a lone Esc: it may be the rest of a torn sequence, so that it must not
    /// change anything.
    Doubtful(KeyEvent),
    /// Text that was pasted.
    Paste(String),
    /// The mouse.
    Mouse(Mouse),
    /// The terminal has taken in everything up to a question.
    Answered,
    /// Whether the terminal knows a mode.
    Mode {
        /// Its number.
        number: u32,
        /// True when it can be switched on.
        known: bool,
    },
}

/// What the mouse did, and the cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mouse {
    /// What.
    pub kind: MouseKind,
    /// Column, from 0.
    pub x: u16,
    /// Row, from 0.
    pub y: u16,
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MouseKind {
    /// The left button went down.
    Press,
    /// The wheel turned away from the hand.
    WheelUp,
    /// The wheel turned to the hand.
    WheelDown,
}

/// Longest sequence and longest paste that are kept, in bytes.
const SEQUENCE_LIMIT: usize = 64;
const PASTE_LIMIT: usize = 64 * 1024;
/// How long the rest of a sequence that can be nothing else is awaited.
const SPLIT: Span = Span::from_millis(1000);
/// How long after an Esc that was taken for the key the rest of a sequence is recognised.
const LATE: Span = Span::from_millis(450);
/// A paste that was silent so long ends with a lone Esc or Ctrl-C: its end mark was lost.
const PASTE_SILENCE: Span = Span::from_secs(5);

const PASTE_END: &[u8] = b"\x1b[201~";
const ESC: u8 = 0x1b;

/// Collects bytes until they are a key.
#[derive(Debug)]
pub struct Decoder {
    bytes: Vec<u8>,
    paste: Option<Vec<u8>>,
    /// How long a lone Esc waits for the rest of a sequence.
    wait: Span,
    /// When the last bytes came.
    heard: Steady,
    /// When a lone Esc was taken for the key.
    escaped: Option<Steady>,
    /// True until the first byte after it.
    torn: bool,
    skip: Skip,
}

/// The rest of something that is thrown away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Skip {
    Nothing,
    /// One byte.
    One,
    /// Up to the last byte of a control sequence.
    Sequence,
    /// Up to the end of a terminal's string.
    Text,
}

enum Step {
    /// So many bytes were one input, or nothing that matters.
    Taken(usize, Option<Input>),
    /// A paste begins after so many bytes.
    Paste(usize),
    /// More bytes decide.
    More,
}

impl Decoder {
    /// A decoder that gives a lone Esc so long.
    #[must_use]
    pub const fn new(wait: Span) -> Self {
        Self {
            bytes: Vec::new(),
            paste: None,
            wait,
            heard: Steady::from_millis(0),
            escaped: None,
            torn: false,
            skip: Skip::Nothing,
        }
    }

    /// Takes bytes as they arrived and returns what they mean.
    pub fn take(&mut self, bytes: &[u8], now: Steady) -> Vec<Input> {
        let mut found: Vec<Input> = self.timeout(now).into_iter().collect();
        if self.paste.is_some()
            && matches!(bytes, [ESC | 0x03])
            && now.since(self.heard) >= PASTE_SILENCE
        {
            self.paste = None;
            self.bytes.clear();
            self.heard = now;
            return found;
        }
        self.heard = now;
        let rest = self.skipped(bytes);
        self.bytes.extend_from_slice(rest);
        self.steps(now, &mut found);
        found
    }

    /// Throws away the rest of a sequence whose Esc was taken for the key. What the terminal
    /// answers by itself may come before that Esc is decided, or between it and its rest.
    fn drop_rest(&mut self, now: Steady) {
        if !self.torn || self.bytes.first().is_none_or(|first| *first == ESC) {
            return;
        }
        self.torn = false;
        let late = self.escaped.is_some_and(|at| now.since(at) <= LATE);
        self.skip = match self.bytes.first() {
            Some(b'[') if late => Skip::Sequence,
            Some(b'O') if late => Skip::One,
            _ => return,
        };
        let bytes = std::mem::take(&mut self.bytes);
        self.bytes = self.skipped(bytes.get(1..).unwrap_or(&[])).to_vec();
    }

    fn steps(&mut self, now: Steady, found: &mut Vec<Input>) {
        loop {
            if self.paste.is_some() {
                match self.end_of_paste() {
                    Some(text) => found.push(Input::Paste(text)),
                    None => return,
                }
            }
            self.drop_rest(now);
            if self.bytes.is_empty() {
                return;
            }
            match step(&self.bytes) {
                Step::More if self.bytes.len() < SEQUENCE_LIMIT => return,
                Step::More => {
                    let text = matches!(self.bytes.get(1), Some(b'P' | b']' | b'_' | b'^'));
                    self.skip = if text { Skip::Text } else { Skip::Sequence };
                    self.bytes.clear();
                }
                Step::Taken(count, input) => {
                    // An Esc that another Esc follows is the key as well.
                    let lone = count == 1 && self.bytes.first() == Some(&ESC);
                    self.bytes.drain(..count.min(self.bytes.len()));
                    found.extend(input.map(|input| self.doubted(input, now)));
                    if lone {
                        (self.escaped, self.torn) = (Some(now), true);
                    }
                }
                Step::Paste(count) => {
                    self.bytes.drain(..count.min(self.bytes.len()));
                    self.paste = Some(Vec::new());
                }
            }
        }
    }

    fn doubted(&self, input: Input, now: Steady) -> Input {
        let soon = self.escaped.is_some_and(|at| now.since(at) < self.wait);
        match input {
            Input::Key(key) if soon => Input::Doubtful(key),
            other => other,
        }
    }

    /// Throws away the rest of what is skipped; gives the bytes after it.
    fn skipped<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let used = match self.skip {
            Skip::Nothing => return bytes,
            Skip::One => usize::from(!bytes.is_empty()),
            Skip::Sequence => match bytes.iter().position(|byte| !(0x20..0x40).contains(byte)) {
                // A control byte breaks a sequence off and counts by itself.
                Some(at) if bytes.get(at).is_some_and(|byte| *byte < 0x20) => at,
                Some(at) => at + 1,
                None => return &[],
            },
            Skip::Text => match bytes.iter().position(|byte| matches!(*byte, 0x07 | ESC)) {
                Some(at) if bytes.get(at) == Some(&ESC) => {
                    if at + 1 == bytes.len() {
                        // Its second half is still to come.
                        self.skip = Skip::One;
                        return &[];
                    }
                    at + 1 + usize::from(bytes.get(at + 1) == Some(&b'\\'))
                }
                Some(at) => at + 1,
                None => return &[],
            },
        };
        if used > 0 || self.skip == Skip::Sequence && !bytes.is_empty() {
            self.skip = Skip::Nothing;
        }
        bytes.get(used..).unwrap_or(&[])
    }

    /// The moment at which time decides what the bytes so far mean.
    #[must_use]
    pub fn deadline(&self) -> Option<Steady> {
        if self.paste.is_some() {
            return None;
        }
        match self.bytes.as_slice() {
            [] if self.skip == Skip::Nothing => None,
            [] => Some(self.heard + LATE),
            // The second byte of a string may as well be a letter with Alt.
            [ESC] | [ESC, b'P' | b']' | b'_' | b'^'] => Some(self.heard + self.wait),
            _ => Some(self.heard + SPLIT),
        }
    }

    /// No more bytes came in time: a lone Esc is the key, anything else is dropped.
    pub fn timeout(&mut self, now: Steady) -> Option<Input> {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return None;
        }
        self.skip = Skip::Nothing;
        let lone = self.bytes == [ESC];
        self.bytes.clear();
        if !lone {
            return None;
        }
        self.escaped = Some(now);
        self.torn = true;
        Some(Input::Key(key(KeyCode::Esc)))
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

/// A key, as what was taken.
const fn pressed(code: KeyCode) -> Input {
    Input::Key(key(code))
}

const fn key(code: KeyCode) -> KeyEvent {
    KeyEvent::new(code, KeyModifiers::NONE)
}

fn step(bytes: &[u8]) -> Step {
    match bytes {
        [0x1b] | [0x1b, b'O'] => Step::More,
        [0x1b, b'[', rest @ ..] => control_sequence(rest),
        [0x1b, b'O', letter, ..] => Step::Taken(3, cursor_key(*letter).map(pressed)),
        [0x1b, 0x1b, ..] => Step::Taken(1, Some(pressed(KeyCode::Esc))),
        // Strings that a terminal sends (answers to questions) end with ST or BEL.
        [0x1b, b'P' | b']' | b'_' | b'^', rest @ ..] => terminal_string(rest),
        [0x1b, rest @ ..] => match plain(rest) {
            Step::Taken(count, Some(Input::Key(key))) => {
                let key = KeyEvent::new(key.code, key.modifiers | KeyModifiers::ALT);
                Step::Taken(count + 1, Some(Input::Key(key)))
            }
            Step::Taken(count, _) => Step::Taken(count + 1, None),
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
    Step::Taken(1, Some(Input::Key(key)))
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
            Step::Taken(size, Some(Input::Key(KeyEvent::new(KeyCode::Char(c), shift))))
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
    if let Some(report) = report(body, *last) {
        return Step::Taken(used, report);
    }
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
        (letter, _) if body.iter().all(|byte| matches!(byte, b'0'..=b'9' | b';' | b':')) => {
            cursor_key(letter)
        }
        _ => None,
    };
    Step::Taken(used, code.map(|code| Input::Key(KeyEvent::new(code, modifiers))))
}

/// What is not a key: the mouse, and answers of the terminal; `None` when it may be a key.
#[expect(clippy::option_option, reason = "no report, a report that says nothing, an input")]
fn report(body: &[u8], last: u8) -> Option<Option<Input>> {
    let numbers = |text: &[u8]| -> Vec<Option<u32>> {
        let text = std::str::from_utf8(text).unwrap_or("");
        text.split(';').map(|part| part.parse().ok()).collect()
    };
    match (body, last) {
        (b"0" | b"3", b'n') => Some(Some(Input::Answered)),
        ([b'<', rest @ ..], b'M' | b'm') => Some(mouse(&numbers(rest), last)),
        ([b'?', rest @ .., b'$'], b'y') => Some(match numbers(rest).as_slice() {
            [Some(number), Some(state)] => {
                Some(Input::Mode { number: *number, known: matches!(state, 1..=3) })
            }
            _ => None,
        }),
        ([b'<' | b'?' | b'>' | b'=', ..], _) => Some(None),
        _ => None,
    }
}

/// Presses of the left button and turns of the wheel, on a cell that a screen can have.
fn mouse(numbers: &[Option<u32>], last: u8) -> Option<Input> {
    let [Some(button), Some(x), Some(y)] = numbers else { return None };
    let kind = match (button & !0b1_1100, last) {
        (0, b'M') => MouseKind::Press,
        (64, b'M') => MouseKind::WheelUp,
        (65, b'M') => MouseKind::WheelDown,
        _ => return None,
    };
    let cell = |at: u32| u16::try_from(at.checked_sub(1)?).ok().filter(|at| *at < 1000);
    Some(Input::Mouse(Mouse { kind, x: cell(*x)?, y: cell(*y)? }))
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
