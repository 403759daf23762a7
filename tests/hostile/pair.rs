//! Two consoles that are typed at alike: one sees hostile texts, one their twins.
//!
//! In: keys. Out: nothing, or a panic with what differs.
//! Never: goes by time. What keys caused is awaited: the picture that they must make, and behind
//! them the list of keys that may follow a `g`, whose frame comes after theirs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::alike;
use crate::bytes::Reader;
use crate::corpus;
use crate::pty::{PATIENCE, Terminal};
use crate::stage::{Stage, Way};
use crate::world::{VARIANTS, World};

/// How long a change is awaited before both are looked at again; a change wakes at once.
const LOOK: Duration = Duration::from_millis(50);
/// How often what comes from outside is said again: a fetch may have crossed it.
const AGAIN: Duration = Duration::from_millis(500);
/// Longer than a picture must stand for a key to mean it.
const REACTION: Duration = Duration::from_millis(300);
/// Of what the hostile side wrote, so much is said of a difference.
const SAID: usize = 4000;
/// Begins a sequence, ends it with what means nothing, and what is on screen between.
const BEGIN: &str = "g";
const NOTHING: &str = "~";
const BEGUN: &str = "─ go to ─";

struct Side {
    terminal: Terminal,
    reader: Reader,
    read: u64,
    /// What it wrote since both were alike.
    since: Vec<u8>,
}

impl Side {
    fn new(terminal: Terminal) -> Self {
        Self { terminal, reader: Reader::default(), read: 0, since: Vec::new() }
    }

    /// Reads what it wrote since; gives what is foreign in it.
    fn foreign(&mut self) -> Vec<String> {
        let (log, all) = self.terminal.written_so_far();
        let new = usize::try_from(all - self.read).unwrap();
        assert!(new <= log.len(), "more was written than is kept");
        self.read = all;
        let new = &log[log.len() - new..];
        self.since.extend_from_slice(new);
        self.reader.foreign(new)
    }
}

pub struct Pair {
    world: Arc<World>,
    hostile: Side,
    twin: Side,
    pub frames: usize,
}

impl Pair {
    pub fn start(stage: &Stage, more: &[&str]) -> Self {
        let start = |way| Side::new(stage.start(way, more));
        let (hostile, twin) = (start(Way::Hostile), start(Way::Twin));
        let mut pair = Self { world: Arc::clone(&stage.world), hostile, twin, frames: 0 };
        pair.both("a picture", |screen| screen.contains(" LIVE "));
        // The first key may have met half a list, which waits for the rest until the hand rests.
        pair.press_only("gg");
        let whole = format!(" of {VARIANTS} ");
        pair.both("the whole list", |screen| screen.contains(&whole) && !screen.contains(", +"));
        pair.press("gg");
        pair
    }

    /// Types the same at both, and compares what they show when both have done it.
    pub fn press(&mut self, keys: &str) {
        self.press_until(keys, "anything", |_| true);
    }

    /// The same, and what is shown must become as wanted on the harmless side.
    pub fn press_until(&mut self, keys: &str, what: &str, wanted: impl Fn(&str) -> bool) {
        let world = Arc::clone(&self.world);
        self.begin(keys);
        self.compare(keys, what, wanted, || world.trace_again());
        self.end(keys);
        self.compare(keys, what, |_| true, || world.trace_again());
    }

    /// Types the same at both until both have done it; only their bytes are looked at.
    pub fn press_only(&mut self, keys: &str) {
        self.begin(keys);
        self.end(keys);
        self.bytes(keys);
    }

    /// What shows something else whose picture hangs on the letters of names, or on moments: only
    /// the bytes are looked at, when both show it.
    pub fn show_only(&mut self, keys: &str, what: &str) {
        self.send(keys);
        self.both(what, |text| text.contains(what));
        self.bytes(keys);
    }

    /// Everything that was painted before the list of keys is on screen with it.
    fn begin(&mut self, keys: &str) {
        self.send(keys);
        self.send(BEGIN);
        self.both(&format!("the keys after {keys:?}"), |screen| screen.contains(BEGUN));
    }

    fn end(&mut self, keys: &str) {
        self.send(NOTHING);
        self.both(&format!("no keys after {keys:?}"), |screen| !screen.contains(BEGUN));
    }

    /// What opens a dialog, changes it or leads from one to another: the picture that it makes is
    /// what is awaited.
    pub fn open(&mut self, keys: &str, what: &str) {
        self.rest();
        self.send(keys);
        self.compare(keys, what, |text| is_dialog(text) && text.contains(what), || ());
    }

    /// Leaves a dialog.
    pub fn close(&mut self, keys: &str) {
        self.rest();
        self.send(keys);
        self.both("no dialog", |text| !is_dialog(text));
        self.press("");
    }

    /// Leaves a dialog to a picture that hangs on the letters of names: only bytes are looked at.
    pub fn close_only(&mut self, keys: &str) {
        self.rest();
        self.send(keys);
        self.both("no dialog", |text| !is_dialog(text));
        self.bytes(keys);
    }

    /// What is answered with a sentence that the next key wipes away: a text from outside, which
    /// may begin with a sign; sentences of the console's own begin with a letter of ours.
    pub fn ask(&mut self, keys: &str) {
        self.send(keys);
        let answered = |text: &str| {
            let foot = foot(text).trim_start();
            foot.contains(corpus::is_letter) && !foot.starts_with(|c: char| c.is_ascii_alphabetic())
        };
        self.compare(keys, "an answer", answered, || ());
    }

    /// What leads to a page that nothing was like before: its mark is awaited on both.
    pub fn next(&mut self, keys: &str, mark: &str) {
        self.send(keys);
        self.both(mark, |text| text.contains(mark));
        self.compare(keys, mark, |text| text.contains(mark), || ());
    }

    /// In a dialog whose picture hangs on the letters of names: only the bytes are looked at.
    pub fn type_only(&mut self, keys: &str, what: &str) {
        self.send(keys);
        self.both(what, |text| is_dialog(text) && text.contains(what));
        self.bytes(keys);
    }

    /// Has something come to both, more than once when a fetch of theirs crossed it.
    pub fn come(&mut self, what: &str, event: impl Fn()) {
        event();
        self.compare(what, what, |text| text.contains(what), event);
    }

    /// A key that comes sooner than a hand can answer what was painted was meant for what was there
    /// before, and answers nothing.
    pub fn rest(&self) {
        for side in [&self.hostile, &self.twin] {
            side.terminal.silence(REACTION, PATIENCE);
        }
    }

    fn send(&mut self, keys: &str) {
        for side in [&mut self.hostile, &mut self.twin] {
            side.terminal.send(keys);
        }
    }

    fn both(&self, what: &str, wanted: impl Fn(&str) -> bool) {
        for side in [&self.hostile, &self.twin] {
            side.terminal.wait(what, PATIENCE, &wanted);
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

    /// Waits until the twin shows what is wanted and the other the same.
    fn compare(&mut self, keys: &str, what: &str, wanted: impl Fn(&str) -> bool, again: impl Fn()) {
        self.frames += 1;
        let until = Instant::now() + PATIENCE;
        let mut said = Instant::now();
        loop {
            let count = self.twin.terminal.bytes();
            let there = wanted(&self.text());
            let differs = self.differences();
            if there && differs.is_empty() {
                break;
            }
            // What is foreign is seen at once, and not as a cell that differs.
            self.bytes(keys);
            assert!(
                Instant::now() < until,
                "after {keys:?}: {what} there: {there}{differs}\n{}\n{}",
                if there { String::new() } else { self.text() },
                self.hostile.since[self.hostile.since.len().saturating_sub(SAID)..].escape_ascii()
            );
            self.twin.terminal.wait_bytes(count, LOOK);
            if said.elapsed() > AGAIN {
                again();
                said = Instant::now();
            }
        }
        self.bytes(keys);
        self.hostile.since.clear();
        self.twin.since.clear();
    }

    /// The variant of the host under the cursor.
    pub fn standing(&self) -> Option<usize> {
        let text = self.text();
        let row = text.lines().find(|row| row.trim_start_matches('│').starts_with('›'))?;
        variant(row)
    }

    /// The variants of the hosts in the rows of a list.
    pub fn order(&self) -> Vec<usize> {
        self.text().lines().filter(|row| row.starts_with('│')).filter_map(variant).collect()
    }

    fn differences(&self) -> String {
        let (hostile, twin) = (&self.hostile.terminal, &self.twin.terminal);
        hostile.screen(|hostile| twin.screen(|twin| alike::differences(hostile, twin)))
    }
}

/// The number in the first name of a host in a row.
fn variant(row: &str) -> Option<usize> {
    row.match_indices(" h").find_map(|(at, _)| row.get(at + 2..at + 5)?.parse().ok())
}

fn foot(text: &str) -> &str {
    text.lines().last().unwrap_or_default()
}

/// Over a dialog the bottom line does not offer help.
fn is_dialog(text: &str) -> bool {
    !foot(text).contains("? help")
}
