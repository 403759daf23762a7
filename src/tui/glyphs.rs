//! Which characters the terminal can show: the tier of glyphs, and the one table that maps what
//! the program draws to plain ASCII.

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
}
