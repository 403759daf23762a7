//! What is said to the terminal besides pictures: the clipboard and the bell.
//!
//! Text from outside enters the clipboard only, after the one gate, and as base64: nothing in it
//! can end the sequence. Titles and hyperlinks are never set.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::model::SafeText;
use crate::tui::effect::Bell;

/// Longest text in base64: what xterm and tmux take.
const CLIPBOARD_LIMIT: usize = 74_994;

/// What lies between us and the terminal and must be told to pass a sequence on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Through {
    /// Nothing.
    Nothing,
    /// tmux: the sequence in its own, every Esc doubled.
    Tmux,
    /// GNU screen: the sequence in its own, in parts that it takes.
    Screen,
}

impl Through {
    /// As the environment says.
    #[must_use]
    pub fn here() -> Self {
        let is_screen = std::env::var("TERM").is_ok_and(|name| name.starts_with("screen"));
        match (std::env::var_os("TMUX").is_some(), is_screen) {
            (true, _) => Self::Tmux,
            (false, true) => Self::Screen,
            (false, false) => Self::Nothing,
        }
    }

    fn wrap(self, sequence: &str) -> Vec<u8> {
        match self {
            Self::Nothing => sequence.as_bytes().to_vec(),
            Self::Tmux => {
                format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b")).into_bytes()
            }
            Self::Screen => {
                // screen forgets device strings above 768 bytes.
                let mut out = Vec::new();
                for part in sequence.as_bytes().chunks(512) {
                    out.extend_from_slice(b"\x1bP");
                    out.extend_from_slice(part);
                    out.extend_from_slice(b"\x1b\\");
                }
                out
            }
        }
    }
}

/// The sequence that puts a text into the clipboard.
///
/// # Errors
/// When it is too long for terminals to take.
pub fn clipboard(text: &str, through: Through) -> Result<Vec<u8>, String> {
    let text = SafeText::text(text);
    let coded = STANDARD.encode(text.as_str());
    if coded.len() > CLIPBOARD_LIMIT {
        let (have, most) = (text.as_str().len(), CLIPBOARD_LIMIT / 4 * 3);
        return Err(format!("{have} bytes do not fit into a clipboard ({most} do)"));
    }
    Ok(through.wrap(&format!("\x1b]52;c;{coded}\x07")))
}

/// The bytes of a bell; a visual one is drawn, not sent.
#[must_use]
pub fn bell(bell: &Bell, through: Through) -> Vec<u8> {
    match bell {
        Bell::Sound => vec![7],
        Bell::Message { critical, warning, acks } => {
            // Constant words and counts: nothing from outside.
            let mut text = "fluxnoc:".to_owned();
            let ends = if *acks == 1 { "acknowledgement ends" } else { "acknowledgements end" };
            for (count, word) in [(critical, "CRITICAL"), (warning, "WARNING"), (acks, ends)] {
                if *count > 0 {
                    let _ = write!(text, " {count} {word}");
                }
            }
            through.wrap(&format!("\x1b]9;{text}\x07"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(text: &str, through: Through) -> String {
        String::from_utf8(clipboard(text, through).unwrap()).unwrap()
    }

    #[test]
    fn a_text_goes_into_the_clipboard_of_the_outermost_terminal() {
        assert_eq!(copied("web-1", Through::Nothing), "\x1b]52;c;d2ViLTE=\x07");
        assert_eq!(copied("a", Through::Tmux), "\x1bPtmux;\x1b\x1b]52;c;YQ==\x07\x1b\\");
        assert_eq!(copied("ab", Through::Screen), "\x1bP\x1b]52;c;YWI=\x07\x1b\\");
    }

    #[test]
    fn t1_what_is_copied_went_through_the_gate() {
        let hostile = "x\x1b]52;c;cm0=\x07\u{9b}2J\u{202e}y\r";
        let sent = copied(hostile, Through::Nothing);
        let clean = STANDARD.encode(SafeText::text(hostile).as_str());
        assert_eq!(sent, format!("\x1b]52;c;{clean}\x07"));
        assert_eq!(sent.bytes().filter(|byte| *byte < 0x20).count(), 2);
    }

    #[test]
    fn what_is_too_long_is_refused_with_its_size() {
        assert!(clipboard(&"x".repeat(56_000), Through::Nothing).is_ok());
        let why = clipboard(&"x".repeat(60_000), Through::Nothing).unwrap_err();
        assert_eq!(why, "60000 bytes do not fit into a clipboard (56244 do)");
    }

    #[test]
    fn a_bell_has_counts_and_constant_words() {
        assert_eq!(bell(&Bell::Sound, Through::Tmux), b"\x07");
        let message = Bell::Message { critical: 2, warning: 0, acks: 0 };
        assert_eq!(bell(&message, Through::Nothing), b"\x1b]9;fluxnoc: 2 CRITICAL\x07");
    }
}
