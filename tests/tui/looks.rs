//! Every view in ASCII and in mono: as snapshots, so that each was looked at.

use fluxnoc::tui::Options;
use fluxnoc::tui::glyphs::GlyphTier;

use crate::invariants::{SIZES, VIEWS, opened};
use crate::options;

#[test]
fn every_view_in_ascii_and_mono() {
    for (width, height) in SIZES {
        for (name, keys) in VIEWS {
            let plain = Options { glyphs: GlyphTier::Ascii, theme: "mono".to_owned(), ..options() };
            let mut console = opened((width, height), keys, plain);
            insta::assert_snapshot!(format!("plain_{name}_{width}x{height}"), console.screen());
        }
    }
}
