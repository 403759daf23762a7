//! What the caller decides about a console.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::clock::Clock;
use crate::model::{AckExpiry, Shift, Shifts, Span, Timestamp};
use crate::tui::bell::Policy;
use crate::tui::glyphs::GlyphTier;
use crate::tui::keymap::Keymap;
use crate::tui::look::Again;
use crate::tui::place::Places;
use crate::tui::theme::ColourTier;
use crate::tui::wall::Plan;
use crate::tui::zone::Zone;

/// Settings of one console.
#[derive(Clone, Debug)]
pub struct Options {
    /// True when no engine is in this process: leaving only closes the screen.
    pub attached: bool,
    /// What the engine on screen is called, when it is elsewhere: a context, or a place.
    pub remote: Option<String>,
    /// A word that marks what is shown as not the real world (`DEMO`).
    pub badge: Option<&'static str>,
    /// True when nothing may be changed from here, whoever sits here.
    pub read_only: bool,
    /// Name of the theme; an unknown one is reported on screen and `default` is taken.
    pub theme: String,
    /// A directory with theme files that add to or override the embedded ones.
    pub theme_directory: Option<PathBuf>,
    /// What graphs and frames are drawn with.
    pub glyphs: GlyphTier,
    /// True when the terminal takes UTF-8: names from outside keep their letters.
    pub utf8: bool,
    /// How many colours the terminal has.
    pub colours: ColourTier,
    /// The keys in force.
    pub keymap: Keymap,
    /// Our environment, of which a custom action gets a part.
    pub environment: BTreeMap<String, String>,
    /// How keys and themes are read again.
    pub again: Option<Again>,
    /// The engines that `:ctx` goes to.
    pub places: Option<Places>,
    /// When an acknowledgement ends unless another end is chosen.
    pub ack_expiry: AckExpiry,
    /// How long before its end it is said to end; `None` is not at all.
    pub ack_warning: Option<Span>,
    /// The zone of all times on screen.
    pub zone: Zone,
    /// When shifts begin, in that zone.
    pub shifts: Shifts,
    /// True to write as little as possible: a slow line.
    pub low_bandwidth: bool,
    /// How long a lone Esc waits for the rest of a sequence; by the line without one.
    pub esc_timeout: Option<Span>,
    /// Whether the mouse is on at first; off over SSH without a wish.
    pub mouse: Option<bool>,
    /// The program that `ssh` runs; `{address}` becomes the host's address.
    pub ssh: Vec<String>,
    /// True to begin with the wall.
    pub on_wall: bool,
    /// What the wall shows.
    pub wall: Plan,
    /// How new problems call.
    pub bell: Policy,
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
            glyphs: GlyphTier::default(),
            utf8: true,
            colours: ColourTier::default(),
            keymap: Keymap::standard(),
            environment: BTreeMap::new(),
            again: None,
            places: None,
            ack_expiry: AckExpiry::default(),
            ack_warning: Some(Span::from_secs(15 * 60)),
            zone: Zone::system(),
            shifts: Shifts::default(),
            low_bandwidth: false,
            esc_timeout: None,
            mouse: None,
            ssh: ["ssh", "--", "{address}"].map(str::to_owned).to_vec(),
            on_wall: false,
            wall: Plan::default(),
            bell: Policy::default(),
            clock: Clock::System,
        }
    }
}

impl Options {
    /// The shift of a moment.
    #[must_use]
    pub fn shift(&self, now: Timestamp) -> Option<Shift> {
        self.zone.shift(&self.shifts, now)
    }
}
