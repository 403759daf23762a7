//! One key press as data: parsed from the keymap file, compared with what arrives.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::config::nearest;

/// A key with its modifiers, in one canonical form: Shift of a printable key is in the letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl Ord for Chord {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.code
            .partial_cmp(&other.code)
            .unwrap_or(std::cmp::Ordering::Equal)
            .then(self.modifiers.bits().cmp(&other.modifiers.bits()))
    }
}

impl PartialOrd for Chord {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

const NAMED: [(&str, KeyCode); 16] = [
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("shift-tab", KeyCode::BackTab),
    ("backspace", KeyCode::Backspace),
    ("space", KeyCode::Char(' ')),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
];

impl From<KeyEvent> for Chord {
    fn from(key: KeyEvent) -> Self {
        let mut modifiers = key.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT);
        let code = match key.code {
            KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) => {
                KeyCode::Char(c.to_ascii_lowercase())
            }
            KeyCode::Tab if key.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
            code => code,
        };
        if code == KeyCode::BackTab {
            modifiers = KeyModifiers::NONE;
        }
        Self { code, modifiers }
    }
}

impl FromStr for Chord {
    type Err = String;

    /// `j`, `G`, `ctrl-l`, `alt-x`, `pgdn`, `shift-tab`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut rest = text;
        let mut modifiers = KeyModifiers::NONE;
        loop {
            if let Some((_, code)) = NAMED.iter().find(|(name, _)| *name == rest) {
                return Ok(Self { code: *code, modifiers });
            }
            let mut letters = rest.chars();
            if let (Some(letter), None) = (letters.next(), letters.next()) {
                return Ok(Self { code: KeyCode::Char(letter), modifiers });
            }
            (rest, modifiers) = match (rest.strip_prefix("ctrl-"), rest.strip_prefix("alt-")) {
                (Some(rest), _) => (rest, modifiers | KeyModifiers::CONTROL),
                (_, Some(rest)) => (rest, modifiers | KeyModifiers::ALT),
                _ => return function_key(rest, modifiers).ok_or_else(|| unknown(text)),
            };
        }
    }
}

/// `f1` to `f12`.
fn function_key(text: &str, modifiers: KeyModifiers) -> Option<Chord> {
    let number: u8 = text.strip_prefix('f')?.parse().ok()?;
    (1..=12).contains(&number).then_some(Chord { code: KeyCode::F(number), modifiers })
}

fn unknown(text: &str) -> String {
    let cut: String = text.chars().take(40).collect();
    let lower = text.to_lowercase();
    let spelled =
        [("return", "enter"), ("escape", "esc"), ("pageup", "pgup"), ("pagedown", "pgdn")];
    let known = spelled.iter().find(|(word, _)| *word == lower).map(|(_, name)| *name);
    let near = known.or_else(|| nearest(&lower, NAMED.iter().map(|(name, _)| *name)));
    let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    format!("`{cut}` is not a key{hint} (a letter, enter, esc, tab, space, up, pgdn, ctrl-x, f5)")
}

impl Chord {
    /// True for what an input line takes as text.
    #[must_use]
    pub fn is_typed(&self) -> bool {
        matches!(self.code, KeyCode::Char(_)) && self.modifiers.is_empty()
    }

    /// True for a key that every terminal and every link brings through unchanged: printable ASCII,
    /// Enter, Esc, Tab, arrows, page keys (SPEC section 3).
    #[must_use]
    pub fn is_everywhere(&self) -> bool {
        self.modifiers.is_empty()
            && match self.code {
                KeyCode::Char(c) => c.is_ascii() && c != '~',
                code => matches!(
                    code,
                    KeyCode::Enter
                        | KeyCode::Esc
                        | KeyCode::Tab
                        | KeyCode::Up
                        | KeyCode::Down
                        | KeyCode::Left
                        | KeyCode::Right
                        | KeyCode::PageUp
                        | KeyCode::PageDown
                ),
            }
    }

    /// As people read it where only ASCII can be shown.
    #[must_use]
    pub fn plain(&self) -> String {
        let name = match self.code {
            KeyCode::Enter => "Enter",
            KeyCode::Up => "Up",
            KeyCode::Down => "Down",
            KeyCode::Left => "Left",
            KeyCode::Right => "Right",
            _ => return self.to_string(),
        };
        let alt = if self.modifiers.contains(KeyModifiers::ALT) { "Alt-" } else { "" };
        let control = if self.modifiers.contains(KeyModifiers::CONTROL) { "^" } else { "" };
        format!("{alt}{control}{name}")
    }
}

impl fmt::Display for Chord {
    /// As people read it: `⏎`, `Esc`, `^L`, `PgDn`, `j`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.modifiers.contains(KeyModifiers::ALT) {
            f.write_str("Alt-")?;
        }
        let control = self.modifiers.contains(KeyModifiers::CONTROL);
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(c) if control => write!(f, "^{}", c.to_ascii_uppercase()),
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::Enter => f.write_str("⏎"),
            KeyCode::Esc => f.write_str("Esc"),
            KeyCode::Tab => f.write_str("Tab"),
            KeyCode::BackTab => f.write_str("Shift-Tab"),
            KeyCode::Up => f.write_str("↑"),
            KeyCode::Down => f.write_str("↓"),
            KeyCode::Left => f.write_str("←"),
            KeyCode::Right => f.write_str("→"),
            KeyCode::PageUp => f.write_str("PgUp"),
            KeyCode::PageDown => f.write_str("PgDn"),
            KeyCode::F(number) => write!(f, "F{number}"),
            other => write!(f, "{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_are_read_and_match_what_arrives() {
        let shifted = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(Chord::from(shifted), "G".parse().unwrap());
        let control = KeyEvent::new(KeyCode::Char('L'), KeyModifiers::CONTROL);
        assert_eq!(Chord::from(control), "ctrl-l".parse().unwrap());
        let back = KeyEvent::new(KeyCode::Tab, KeyModifiers::SHIFT);
        assert_eq!(Chord::from(back), "shift-tab".parse().unwrap());
        assert_eq!("-".parse::<Chord>().unwrap().to_string(), "-");
        assert_eq!("ctrl-l".parse::<Chord>().unwrap().to_string(), "^L");
        assert!("f99".parse::<Chord>().is_err() && "".parse::<Chord>().is_err());
    }
}
