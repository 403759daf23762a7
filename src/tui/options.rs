//! What the caller decides about a console.

use std::path::PathBuf;

use crate::clock::Clock;
use crate::model::Span;
use crate::tui::zone::Zone;

/// Settings of one console.
#[derive(Clone, Debug)]
pub struct Options {
    /// True when the engine belongs to another process: leaving only closes the screen.
    pub attached: bool,
    /// Where the engine is, when it is neither here nor attached: a URL.
    pub remote: Option<String>,
    /// A word that marks what is shown as not the real world (`DEMO`).
    pub badge: Option<&'static str>,
    /// True when nothing may be changed from here, whoever sits here.
    pub read_only: bool,
    /// Name of the theme; an unknown one is reported on screen and `default` is taken.
    pub theme: String,
    /// A directory with theme files that add to or override the embedded ones.
    pub theme_directory: Option<PathBuf>,
    /// True to use no colour at all (`NO_COLOR`).
    pub no_color: bool,
    /// When an acknowledgement ends unless another end is chosen; `None` is at recovery.
    pub ack_expiry: Option<Span>,
    /// The zone of all times on screen.
    pub zone: Zone,
    /// Where time comes from.
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            attached: false,
            remote: None,
            badge: None,
            read_only: false,
            theme: "default".to_owned(),
            theme_directory: None,
            no_color: false,
            ack_expiry: Some(Span::from_secs(4 * 3600)),
            zone: Zone::system(),
            clock: Clock::System,
        }
    }
}
