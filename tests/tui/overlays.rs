//! What lies over the panes for a while leaves nothing behind, and nothing shines through it.

use std::num::NonZeroU16;

use fluxnoc::tui::terminal::picture::{Picture, Skills};
use ratatui::buffer::Buffer;

use crate::invariants::{SIZES, VIEWS, opened};
use crate::{Console, options, text};

/// What opens an overlay, a text that is typed into it, and what closes it.
const OVERLAYS: [(&str, &str, &str); 17] = [
    (":", "", "esc"),
    (":", "his", "esc"),
    ("/", "state:c", "esc"),
    ("f", "", "esc"),
    ("?", "", "esc"),
    ("g", "", "esc"),
    ("a", "x", "esc"),
    ("A", "x", "esc"),
    ("m", "2h", "esc"),
    ("M", "x", "esc"),
    ("c", "x", "esc"),
    ("s", "2h", "esc"),
    ("b", "", "esc"),
    ("e", "x", "esc"),
    ("g T", "x", "esc"),
    ("'", "", "esc"),
    ("ctrl-c", "", "esc"),
];

/// A terminal that gets only what differs between frames.
struct Shown {
    picture: Picture,
    screen: vt100::Parser,
}

impl Shown {
    fn new((wide, high): (u16, u16)) -> Self {
        let size = |n| NonZeroU16::new(n).unwrap();
        let picture = Picture::new(Skills { sync: true, ground: true, repeat: true });
        Self { picture, screen: vt100::Parser::new(size(high), size(wide), 0) }
    }

    fn show(&mut self, frame: &Buffer, place: &str) {
        self.picture.want(frame.clone(), None, true);
        while let Some(chunk) = self.picture.chunk(usize::MAX) {
            self.screen.process(&chunk.bytes);
        }
        let wanted = text(frame);
        let seen = self.screen.screen().contents();
        let lines = seen.lines().map(str::trim_end).chain(std::iter::repeat(""));
        for (wanted, seen) in wanted.lines().zip(lines) {
            assert_eq!(seen, wanted, "{place}");
        }
    }
}

#[test]
fn what_was_open_leaves_nothing_behind() {
    let mut seen = 0;
    for size in SIZES {
        for (name, keys) in VIEWS {
            let mut console = opened(size, keys, options());
            let mut shown = Shown::new(size);
            for (opens, typed, closes) in OVERLAYS {
                // There it opens nothing: it ends the test that runs.
                if (name, opens) == ("speed", "ctrl-c") {
                    continue;
                }
                let place = format!("{opens} over {name} at {size:?}");
                let before = console.frame();
                shown.show(&before, &place);
                console.press(opens);
                let over = console.app.overlay.is_some() || !console.app.pressed.is_empty();
                if over {
                    console.write(typed);
                    let open = console.frame();
                    assert_ne!(open, before, "{place}");
                    shown.show(&open, &place);
                    console.press(closes);
                    seen += 1;
                }
                // A key that means nothing here says so.
                console.app.message = None;
                if console.app.view.name().eq_ignore_ascii_case(name) {
                    let after = console.frame();
                    assert_eq!(text(&after), text(&before), "{place}");
                    assert_eq!(after, before, "{place}");
                    shown.show(&after, &place);
                } else {
                    console = opened(size, keys, options());
                }
            }
        }
    }
    assert!(seen > 400, "{seen}");
}

/// The last rows of the screen, down to the line above what is typed.
fn list(console: &mut Console, rows: usize) -> Vec<String> {
    let screen = console.screen();
    let lines: Vec<String> = screen.lines().map(str::to_owned).collect();
    lines[lines.len() - rows..].to_vec()
}

#[test]
fn nothing_of_the_page_stands_beside_a_list_over_it() {
    for size in SIZES {
        // The commands with their line above, the note, the line; the keys that follow `g`.
        for (keys, rows) in [(":", 11), ("g", 4), ("'", 3)] {
            let mut first: Option<Vec<String>> = None;
            for (name, view) in VIEWS {
                let mut console = opened(size, view, options());
                console.press(keys);
                let rows = list(&mut console, rows);
                let wanted = first.get_or_insert_with(|| rows.clone());
                // The foot itself belongs to the view where nothing is typed.
                let last = rows.len() - usize::from(keys != ":");
                assert_eq!(rows[..last], wanted[..last], "{keys} over {name} at {size:?}");
            }
        }
    }
}

#[test]
fn a_command_says_all_of_what_it_does_where_there_is_room() {
    let mut console = Console::open((80, 24));
    console.press(":").write("recheck");
    let screen = console.screen();
    assert!(screen.contains("run the checks under the cursor now"), "{screen}");
    console.press("esc :").write("open");
    let screen = console.screen();
    let whole = "open what is under the cursor: the alert,";
    assert!(screen.contains(whole), "{screen}");
}
