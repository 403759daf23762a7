//! What holds for every view, size, theme and way of drawing, beside the snapshots.

use std::str::FromStr;

use fluxnoc::model::safe_text::width;
use fluxnoc::tui::Options;
use fluxnoc::tui::glyphs::GlyphTier;
use fluxnoc::tui::keymap::{Chord, Found};
use fluxnoc::tui::theme::{ColourTier, Themes};
use ratatui::buffer::Buffer;

use crate::{Console, actor, fixture, interfaces, options};

pub(crate) const SIZES: [(u16, u16); 3] = [(200, 60), (120, 40), (80, 24)];
/// A view's name and the keys that lead to it.
pub(crate) const VIEWS: [(&str, &str); 25] = [
    ("overview", "1"),
    ("alerts", "2"),
    ("hosts", "3"),
    ("checks", "4"),
    ("paths", "5"),
    ("speed", "6"),
    ("schedules", "g j"),
    ("calendar", "g k"),
    ("probes", "g b"),
    ("dns", "g d"),
    ("trend", "g j j v"),
    ("reports", "g e"),
    ("traces", "g b H"),
    ("maintenance", "7"),
    ("notifications", "g n"),
    ("agents", "9"),
    ("handover", "g z"),
    ("rules", "g r"),
    ("history", "8"),
    ("logs", "0"),
    ("settings", "g ,"),
    ("alert", "enter"),
    ("host", "enter enter"),
    ("series", "g f"),
    ("interfaces", INTERFACES),
];
/// Opened by another way: it needs a device.
const INTERFACES: &str = "i";

pub(crate) fn opened(size: (u16, u16), keys: &str, options: Options) -> Console {
    if keys == INTERFACES {
        return interfaces::shown(size, options);
    }
    let mut console = Console::new(size, actor(fluxnoc::protocol::Role::Operator), options);
    console.feed(fixture::picture());
    console.rest();
    console.press(keys);
    console.rest();
    console
}

/// All views at all sizes with these options.
fn everywhere(options: impl Fn() -> Options, mut each: impl FnMut(&str, &mut Console)) {
    for size in SIZES {
        for (name, keys) in VIEWS {
            let mut console = opened(size, keys, options());
            each(&format!("{name} at {}x{}", size.0, size.1), &mut console);
        }
    }
}

/// The cells of a row as they are shown: a wide one takes its neighbour's place.
fn cells(frame: &Buffer, y: u16) -> Vec<&str> {
    let (mut found, mut skip) = (Vec::new(), 0);
    for x in 0..frame.area.width {
        if skip == 0 {
            let symbol = frame[(x, y)].symbol();
            found.push(symbol);
            skip = width(symbol);
        }
        skip = usize::saturating_sub(skip, 1);
    }
    found
}

#[test]
fn every_line_is_exactly_as_wide_as_the_screen() {
    let (themes, problems) = Themes::load(None, ColourTier::True);
    assert!(problems.is_empty(), "{problems:?}");
    let names: Vec<String> = themes.names().map(str::to_owned).collect();
    assert!(names.len() >= 6, "{names:?}");
    for theme in &names {
        for glyphs in [GlyphTier::Ascii, GlyphTier::Block, GlyphTier::Braille] {
            // The lowest tier is for terminals that know no other character either.
            let utf8 = glyphs != GlyphTier::Ascii;
            let wanted = || Options { theme: theme.clone(), glyphs, utf8, ..options() };
            everywhere(wanted, |place, console| {
                let frame = console.frame();
                for y in 0..frame.area.height {
                    let cells = cells(&frame, y);
                    let wide: usize = cells.iter().map(|cell| width(cell)).sum();
                    let line = cells.concat();
                    assert_eq!(wide, usize::from(frame.area.width), "{place}, {theme}: {line}");
                    let control = line.chars().any(char::is_control);
                    assert!(!control, "{place}, {theme}: {line:?}");
                    let plain = glyphs != GlyphTier::Ascii || line.is_ascii();
                    assert!(plain, "{place}, {theme}: {line}");
                }
            });
        }
    }
}

#[test]
fn borders_are_joined() {
    const DOWN: &str = "╭╮├┤┬┼│";
    const UP: &str = "╰╯├┤┴┼│";
    everywhere(options, |place, console| {
        let frame = console.frame();
        let (wide, high) = (frame.area.width, frame.area.height);
        // The outer frame and the lines that leave it: graphs have axes of their own inside.
        for x in [0, wide - 1] {
            for y in 1..high - 2 {
                let (here, below) = (frame[(x, y)].symbol(), frame[(x, y + 1)].symbol());
                assert_eq!(DOWN.contains(here), UP.contains(below), "{place} at {x},{y}");
            }
        }
        for y in 1..high - 1 {
            let left = frame[(0, y)].symbol();
            let right = frame[(1, y)].symbol();
            assert!(!"╭╰├".contains(left) || right == "─", "{place} at row {y}");
            let left = frame[(wide - 2, y)].symbol();
            let right = frame[(wide - 1, y)].symbol();
            assert!(!"╮╯┤".contains(right) || left == "─", "{place} at row {y}");
        }
        for x in 1..wide - 1 {
            for (y, inside) in [(1, 2), (high - 2, high - 3)] {
                let joined = "┬┴".contains(frame[(x, y)].symbol());
                assert!(
                    !joined || "│├┤┼".contains(frame[(x, inside)].symbol()),
                    "{place} at {x},{y}"
                );
            }
        }
    });
}

/// How much of a text a line shows.
#[derive(PartialEq)]
enum Shown {
    Whole,
    Dots,
    Torn,
}

fn how(shown: &str, below: &str, text: &str) -> Shown {
    let same = shown.chars().zip(text.chars()).take_while(|(a, b)| a == b).count();
    let rest: String = text.chars().skip(same).collect();
    let word: String = rest.trim_start().chars().take(4).collect();
    if rest.is_empty() || below.contains(&word) {
        return Shown::Whole;
    }
    if shown.chars().nth(same) == Some('…') { Shown::Dots } else { Shown::Torn }
}

#[test]
fn a_text_that_is_cut_ends_with_three_dots() {
    let mut world = Console::open((120, 40));
    world.screen();
    let outputs: Vec<String> = world
        .app
        .world
        .open_alerts()
        .map(|alert| alert.output.to_string())
        .filter(|output| output.chars().count() > 14)
        .collect();
    assert!(outputs.len() >= 4, "{outputs:?}");
    let mut cut = 0;
    everywhere(options, |place, console| {
        // The log has the outputs of its own time.
        if place.starts_with("history") {
            return;
        }
        let screen = console.screen();
        let lines: Vec<&str> = screen.lines().collect();
        for (y, line) in lines.iter().enumerate() {
            for output in &outputs {
                let begin: String = output.chars().take(12).collect();
                let Some(at) = line.find(&begin) else { continue };
                // Several outputs may begin alike: one of them is what is shown.
                let below = lines.get(y + 1).copied().unwrap_or("");
                let alike = outputs.iter().filter(|other| other.starts_with(&begin));
                let shown: Vec<Shown> = alike.map(|one| how(&line[at..], below, one)).collect();
                assert!(shown.iter().any(|one| *one != Shown::Torn), "{place}: {line}");
                cut += usize::from(!shown.contains(&Shown::Whole));
            }
        }
    });
    assert!(cut > 5, "something was cut: {cut}");
}

#[test]
fn a_state_is_a_sign_and_a_word() {
    for glyphs in [GlyphTier::Ascii, GlyphTier::Braille] {
        let wanted = || Options { theme: "mono".to_owned(), glyphs, ..options() };
        everywhere(wanted, |place, console| {
            let screen = console.screen();
            let head = screen.lines().next().unwrap();
            for state in fluxnoc::model::ShownState::ALL {
                let count = console.app.world.counts().of(state);
                let word: String = state.word().chars().take(2).collect();
                // The narrow header has sign and number alone, in an order that never changes.
                let brief = head.contains(&format!("{count}"));
                let said = head.contains(&format!("{count} {word}"));
                assert!(said || brief && console.app.size.0 < 100, "{place}: {head}");
            }
            for line in screen.lines().skip(1).filter(|line| line.contains("● ")) {
                let word = line.split("● ").nth(1).unwrap_or("");
                let lettered = word.trim_start().chars().next().is_some_and(char::is_alphanumeric);
                assert!(lettered, "{place}: {line}");
            }
        });
    }
}

#[test]
fn dc_10_every_key_of_the_hint_line_is_live() {
    let mut seen = 0;
    everywhere(options, |place, console| {
        let foot = console.foot();
        for hint in foot.split("  ").map(str::trim).filter(|hint| !hint.is_empty()) {
            let Some((key, _)) = hint.split_once(' ') else { continue };
            let name = match key {
                "⏎" => "enter".to_owned(),
                key if key.starts_with('^') => format!("ctrl-{}", &key[1..]),
                key if key.chars().count() > 1 => key.to_lowercase(),
                key => key.to_owned(),
            };
            let Ok(chord) = Chord::from_str(&name) else { continue };
            let found = console.app.keymap.find(&console.app.contexts(), &[chord]);
            assert_ne!(found, Found::Nothing, "{place}: {hint}");
            seen += 1;
        }
    });
    assert!(seen > 150, "{seen} hints");
}

#[test]
fn a_small_screen_has_eighteen_rows_of_data() {
    for (name, keys) in VIEWS {
        let mut console = opened((80, 24), keys, options());
        let screen = console.screen();
        let inside = |line: &&str| !line.starts_with(['╭', '╰', '├']);
        let rows = screen.lines().skip(1).take(22).filter(inside).count();
        assert!(rows >= 18, "{name}: {rows}\n{screen}");
    }
}
