//! Two consoles that are typed at alike: one sees hostile texts, one their twins.
//!
//! In: keys. Out: nothing, or a panic with what differs.
//! Never: goes on before both have painted.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::bytes::Reader;
use crate::corpus;
use crate::pty::{PATIENCE, Terminal};
use crate::stage::{Stage, Way};

/// Nothing was written for so long: it is painted.
const QUIET: Duration = Duration::from_millis(80);
/// What moves by itself, such as an age, is the same on both after a moment.
const AGREE: Duration = Duration::from_secs(12);

struct Side {
    terminal: Terminal,
    reader: Reader,
    read: u64,
}

impl Side {
    fn new(terminal: Terminal) -> Self {
        Self { terminal, reader: Reader::default(), read: 0 }
    }

    /// Reads what it wrote since; gives what is foreign in it.
    fn foreign(&mut self) -> Vec<String> {
        let (all, log) = (self.terminal.bytes(), self.terminal.written());
        let new = usize::try_from(all - self.read).unwrap();
        assert!(new <= log.len(), "more was written than is kept");
        self.read = all;
        self.reader.foreign(&log[log.len() - new..])
    }
}

pub struct Pair {
    hostile: Side,
    twin: Side,
    pub frames: usize,
}

impl Pair {
    pub fn start(stage: &Stage, more: &[&str]) -> Self {
        let start = |way| Side::new(stage.start(way, more));
        let (hostile, twin) = (start(Way::Hostile), start(Way::Twin));
        for side in [&hostile, &twin] {
            side.terminal.wait("a picture", PATIENCE, |screen| screen.contains("LIVE"));
        }
        Self { hostile, twin, frames: 0 }
    }

    /// Types the same at both, and compares what they show.
    pub fn press(&mut self, keys: &str) {
        self.press_only(keys);
        self.compare(keys, || ());
    }

    /// Has something come to both, more than once when a fetch of theirs crossed it.
    pub fn come(&mut self, what: &str, event: impl Fn()) {
        event();
        self.settle();
        self.bytes(what);
        self.compare(what, event);
    }

    /// Types the same at both; only their bytes are looked at.
    pub fn press_only(&mut self, keys: &str) {
        self.hostile.terminal.send(keys);
        self.twin.terminal.send(keys);
        self.settle();
        self.bytes(keys);
    }

    /// Waits until both have stood for so long that a key acts on what is there.
    pub fn rest(&self) {
        for side in [&self.hostile, &self.twin] {
            side.terminal.silence(Duration::from_millis(700), PATIENCE);
        }
    }

    /// Goes to the view of that title, on both.
    pub fn go(&mut self, keys: &str, title: &str) {
        let there = |side: &Side| {
            let patience = Duration::from_secs(3);
            let shown = |screen: &vt100::Screen| {
                screen.contents().lines().nth(1).is_some_and(|line| line.contains(title))
            };
            side.terminal.wait_screen(patience, shown).is_some()
        };
        for tried in 0.. {
            self.press_only(keys);
            let both = [there(&self.hostile), there(&self.twin)];
            if both == [true, true] {
                return;
            }
            println!("{keys:?} did nothing: {both:?}");
            assert!(tried < 3, "{title} does not come:\n{}", self.text());
        }
    }

    /// Waits for as long as a hand does before it answers what has just come up.
    pub fn pause(&self) {
        std::thread::sleep(Duration::from_millis(300));
    }

    /// Waits until both have painted.
    fn settle(&self) {
        let begun = Instant::now();
        let count = || (self.hostile.terminal.bytes(), self.twin.terminal.bytes());
        let (mut last, mut since) = (count(), Instant::now());
        while since.elapsed() < QUIET && begun.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(5));
            let now = count();
            if now != last {
                (last, since) = (now, Instant::now());
            }
        }
    }

    fn bytes(&mut self, keys: &str) {
        for (side, name) in [(&mut self.hostile, "hostile"), (&mut self.twin, "twin")] {
            let foreign = side.foreign();
            assert!(foreign.is_empty(), "after {keys:?} {name} wrote {foreign:#?}");
        }
    }

    /// What is copied, so far.
    pub fn copies(&self) -> usize {
        self.hostile.reader.copies
    }

    /// The twin's screen.
    pub fn text(&self) -> String {
        self.twin.terminal.text()
    }

    /// The number of the host under the cursor.
    pub fn standing(&self) -> Option<usize> {
        let text = self.text();
        let row = text.lines().find(|row| row.trim_start_matches('│').starts_with('›'))?;
        let at = row.find(" h")? + 2;
        row.get(at..at + 3)?.parse().ok()
    }

    fn compare(&mut self, keys: &str, again: impl Fn()) {
        self.frames += 1;
        let until = Instant::now() + AGREE;
        loop {
            let differs = self.differences();
            if differs.is_empty() {
                return;
            }
            if Instant::now() > until {
                panic!("after {keys:?}:{differs}");
            }
            std::thread::sleep(Duration::from_millis(100));
            again();
            self.settle();
            self.bytes(keys);
        }
    }

    /// Cells that are no letters of a text and yet not the same.
    fn differences(&self) -> String {
        self.hostile.terminal.screen(|hostile| {
            self.twin.terminal.screen(|twin| {
                let mut out = String::new();
                let (rows, cols) = twin.size();
                // What is said in the bottom line goes with its time.
                for y in 0..rows.get() - 1 {
                    let differs = (0..cols.get()).find(|x| !same(hostile, twin, y, *x));
                    if let Some(x) = differs {
                        let row = |screen: &vt100::Screen| {
                            let mut all = screen.rows(0, cols.get());
                            all.nth(usize::from(y)).unwrap_or_default()
                        };
                        let (a, b) = (row(hostile), row(twin));
                        let cells = (hostile.cell(y, x), twin.cell(y, x));
                        let _ = write!(
                            out,
                            "\nrow {y} column {x} {:?}:\n{a}\n{b}",
                            cells.0.zip(cells.1).map(|(a, b)| (style(a), style(b)))
                        );
                    }
                }
                out
            })
        })
    }
}

fn same(hostile: &vt100::Screen, twin: &vt100::Screen, y: u16, x: u16) -> bool {
    let (Some(a), Some(b)) = (hostile.cell(y, x), twin.cell(y, x)) else { return true };
    // The second half of a wide letter is of the first, and has no style of its own.
    if b.is_wide_continuation() {
        return true;
    }
    let is_text = corpus::is_of_a_twin(b.contents());
    // A curve moves with the moment at which it was asked for.
    let is_curve = is_dots(a.contents()) || is_dots(b.contents());
    let letters = is_text || is_curve || blank(a.contents()) == blank(b.contents());
    // The colour of what is not there is not to be seen.
    let is_blank = blank(a.contents()) == " " && blank(b.contents()) == " ";
    let ground = |cell: &vt100::Cell| (cell.bgcolor(), cell.underline(), cell.inverse());
    letters && if is_blank || is_curve { ground(a) == ground(b) } else { style(a) == style(b) }
}

fn style(cell: &vt100::Cell) -> impl PartialEq + std::fmt::Debug + use<> {
    (cell.fgcolor(), cell.bgcolor(), cell.bold(), cell.underline(), cell.inverse())
}

fn is_dots(cell: &str) -> bool {
    cell.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c))
}

/// What was never written looks like a blank.
fn blank(cell: &str) -> &str {
    if cell.is_empty() { " " } else { cell }
}
