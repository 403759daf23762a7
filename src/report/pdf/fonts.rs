//! The two faces of a report: `DejaVu Sans`, whose licence lies beside it.
//!
//! Each character is one glyph: Latin, Greek and Cyrillic need no more. What the face lacks is shown
//! as `<U+65E5>`, so that it is still known which it is; a report holds safe text only, so nothing
//! changes the direction of what follows.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;

use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider as _};

const REGULAR: &[u8] = include_bytes!("../fonts/DejaVuSans.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/DejaVuSans-Bold.ttf");

/// Which face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// The ordinary one.
    Regular,
    /// The bold one.
    Bold,
}

/// One face.
pub struct Face {
    /// As the PDF embeds it.
    pub font: Font,
    /// Of each character its glyph, and how wide it is at a size of 1.
    glyphs: HashMap<char, (GlyphId, f32)>,
}

impl Face {
    fn load(data: &'static [u8]) -> Option<Self> {
        let read = FontRef::new(data).ok()?;
        let metrics = read.glyph_metrics(Size::unscaled(), LocationRef::default());
        let units = f32::from(read.metrics(Size::unscaled(), LocationRef::default()).units_per_em);
        let glyphs = read.charmap().mappings().filter_map(|(code, glyph)| {
            let wide = metrics.advance_width(glyph)? / units;
            Some((char::from_u32(code)?, (GlyphId::new(glyph.to_u32()), wide)))
        });
        let glyphs = glyphs.collect();
        Some(Self { font: Font::new(data.into(), 0)?, glyphs })
    }

    fn glyph(&self, c: char) -> (GlyphId, f32) {
        self.glyphs.get(&c).copied().unwrap_or((GlyphId::new(0), 0.6))
    }

    /// The text with all that the face lacks written out.
    #[must_use]
    pub fn shown<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let lacks = |c: &char| !self.glyphs.contains_key(c);
        if !text.chars().any(|c| lacks(&c)) {
            return Cow::Borrowed(text);
        }
        let mut out = String::new();
        for c in text.chars() {
            if lacks(&c) {
                // Writing to a string cannot fail.
                let _ = write!(out, "<U+{:04X}>", u32::from(c));
            } else {
                out.push(c);
            }
        }
        Cow::Owned(out)
    }

    /// How wide a text is at a size.
    #[must_use]
    pub fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|c| self.glyph(c).1).sum::<f32>() * size
    }

    /// The glyphs of a text.
    #[must_use]
    pub fn glyphs(&self, text: &str) -> Vec<KrillaGlyph> {
        let all = text.char_indices().map(|(at, c)| {
            let (glyph_id, x_advance) = self.glyph(c);
            KrillaGlyph {
                glyph_id,
                text_range: at..at + c.len_utf8(),
                x_advance,
                x_offset: 0.0,
                y_offset: 0.0,
                y_advance: 0.0,
                location: None,
            }
        });
        all.collect()
    }
}

/// Both faces.
pub struct Faces {
    regular: Face,
    bold: Face,
}

impl Faces {
    /// Reads them; they are a part of the program, so this fails for no reader of a report.
    ///
    /// # Errors
    /// When the program was built with files that are no fonts.
    pub fn load() -> Result<Self, String> {
        let broken = || "the fonts of the program cannot be read".to_owned();
        let regular = Face::load(REGULAR).ok_or_else(broken)?;
        let bold = Face::load(BOLD).ok_or_else(broken)?;
        Ok(Self { regular, bold })
    }

    /// The face of a weight.
    #[must_use]
    pub const fn of(&self, weight: Weight) -> &Face {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }
}
