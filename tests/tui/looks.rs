//! Every view in the default look, in mono, and in ASCII: as snapshots, so that each was looked at.

use fluxnoc::tui::Options;
use fluxnoc::tui::glyphs::GlyphTier;

use crate::invariants::{SIZES, VIEWS, opened};
use crate::options;

#[test]
fn every_view_in_the_default_look() {
    for (width, height) in SIZES {
        for (name, keys) in VIEWS {
            let mut console = opened((width, height), keys, options());
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), console.screen());
        }
    }
}

/// Without colour nothing is said in other words: mono is the default's text, cell by cell.
#[test]
fn every_view_in_mono() {
    for (width, height) in SIZES {
        for (name, keys) in VIEWS {
            let mono = Options { theme: "mono".to_owned(), ..options() };
            let mut console = opened((width, height), keys, mono);
            let (screen, default) =
                (console.screen(), opened((width, height), keys, options()).screen());
            if name == "settings" {
                assert_eq!(screen.replace("mono   ", "default"), default, "{width}x{height}");
            } else {
                assert_eq!(screen, default, "{name} at {width}x{height}");
            }
        }
    }
}

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
