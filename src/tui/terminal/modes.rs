//! What is switched on in a terminal while the console has it, and back off afterwards.

use crossterm::terminal;

use super::picture::Skills;
use crate::model::Span;
use crate::tui::options::Options;

/// How long a lone Esc waits for the rest of a sequence; longer over SSH, where packets split.
const ESC_TIME: Span = Span::from_millis(50);
const ESC_TIME_FAR: Span = Span::from_millis(150);

/// Alternate screen, bracketed paste, no cursor, no wrapping, own colours.
pub const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?25l\x1b[?7l\x1b[m";
/// Everything back, also what was perhaps never on.
pub const LEAVE: &[u8] =
    b"\x1b[?2026l\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[m\x1b[?7h\x1b[?25h\x1b[?1049l";
/// Clicks and the wheel, as numbers.
pub const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
/// No mouse.
pub const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// How this terminal is treated.
#[derive(Clone, Debug)]
pub struct Manners {
    /// True when the terminal is behind a network.
    pub far: bool,
    /// How long a lone Esc waits.
    pub esc: Span,
    /// True to write as little as possible.
    pub low_bandwidth: bool,
    /// True when the mouse is on.
    pub mouse: bool,
    /// What it understands, as its name says; answers say more.
    pub skills: Skills,
}

impl Manners {
    /// From the options and the environment.
    #[must_use]
    pub fn of(options: &Options) -> Self {
        let far = std::env::var_os("SSH_CONNECTION").is_some();
        let name = std::env::var("TERM").unwrap_or_default();
        Self {
            far,
            esc: options.esc_timeout.unwrap_or(if far { ESC_TIME_FAR } else { ESC_TIME }),
            low_bandwidth: options.low_bandwidth,
            mouse: options.mouse.unwrap_or(!far),
            skills: skills(&name, options.low_bandwidth),
        }
    }
}

/// `screen` erases without colour; repeating is used where bytes are dear and the name is known.
fn skills(name: &str, low_bandwidth: bool) -> Skills {
    let repeats = ["xterm", "alacritty", "foot", "tmux", "wezterm", "kitty"];
    Skills {
        sync: false,
        ground: !name.starts_with("screen") && !name.starts_with("vt"),
        repeat: low_bandwidth && repeats.iter().any(|known| name.starts_with(known)),
    }
}

/// Columns and rows; 80x24 when the terminal does not say.
#[must_use]
pub fn size() -> (u16, u16) {
    match terminal::window_size() {
        Ok(size) if size.columns > 0 && size.rows > 0 => {
            (size.columns.min(1000), size.rows.min(500))
        }
        _ => (80, 24),
    }
}
