//! The terminal: raw mode, keys, frames; and everything back as it was, whatever happens.
//!
//! Two threads stand between the console and a slow or dying terminal: one reads keys, one writes
//! chunks. The loop never waits for either. What is on its way is bounded by what the line carries
//! (`pace`), what leaves next is decided anew for every chunk (`picture`).

pub mod foreground;
mod gate;
pub mod meter;
pub mod modes;
pub mod pace;
mod pen;
pub mod picture;
mod reader;
mod restore;
pub mod words;

use std::collections::VecDeque;
use std::io::{self, IsTerminal};
use std::sync::mpsc;
use std::time::Duration;

use crossterm::terminal;
use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use tokio::sync::mpsc::{Receiver, Sender};

use self::meter::{Figures, Meter};
use self::modes::Manners;
use self::pace::Pace;
use self::picture::Picture;
use crate::clock::Clock;
use crate::model::{Span, Steady};
use crate::tui::input::Input;

/// How long leaving waits for a terminal that takes nothing.
const FAREWELL: Duration = Duration::from_millis(500);
/// How long answers of the terminal are awaited before somebody else reads its keys.
const SETTLE: Span = Span::from_millis(1500);
/// How often graphs move where bytes are dear.
const CHARTS: Span = Span::from_secs(10);
/// Most words (bells, copies) that wait.
const WORDS: usize = 8;

/// What the terminal's threads say.
#[derive(Debug)]
pub enum FromTerminal {
    /// A key, a paste, an answer, and when its bytes arrived.
    Input(Input, Steady),
    /// The last chunk is written.
    Written,
    /// The program in the foreground has ended with that code.
    Returned(i32),
    /// Nothing can be read or written any more.
    Gone,
}

/// The terminal while the console has it.
pub struct Terminal {
    clock: Clock,
    manners: Manners,
    picture: Picture,
    pace: Pace,
    meter: Meter,
    words: VecDeque<Vec<u8>>,
    said: Sender<FromTerminal>,
    chunks: Option<mpsc::SyncSender<Vec<u8>>>,
    finished: mpsc::Receiver<()>,
    reader: Option<(io::PipeWriter, std::thread::JoinHandle<()>)>,
    /// True while somebody else has the screen.
    away: bool,
    /// When graphs moved last.
    charts: Steady,
}

impl Terminal {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When there is no terminal, it cannot be painted, or it refuses raw mode.
    pub fn open(clock: &Clock, manners: Manners, said: &Sender<FromTerminal>) -> io::Result<Self> {
        if !io::stdout().is_terminal() {
            return Err(io::Error::other(
                "stdout is no terminal; the console needs one (scripts use `fluxnoc alerts --json`)",
            ));
        }
        if std::env::var("TERM").is_ok_and(|name| name == "dumb") {
            return Err(io::Error::other(
                "TERM is `dumb`: this terminal cannot be painted; `fluxnoc alerts` prints a list",
            ));
        }
        restore::arm();
        terminal::enable_raw_mode()?;
        restore::taken();
        // One chunk is on its way at most; the second place is never filled.
        let (chunks, chunks_in) = mpsc::sync_channel(2);
        let (finish, finished) = mpsc::sync_channel(1);
        let now = clock.now().steady;
        // From here on `Drop` gives the terminal back.
        let mut this = Self {
            clock: clock.clone(),
            picture: Picture::new(manners.skills),
            pace: Pace::new(now, manners.far),
            meter: Meter::new(now),
            manners,
            words: VecDeque::new(),
            said: said.clone(),
            chunks: Some(chunks),
            finished,
            reader: None,
            away: false,
            charts: now,
        };
        let writer = said.clone();
        std::thread::Builder::new()
            .name("console-screen".to_owned())
            .spawn(move || reader::write(&chunks_in, &writer, &finish))?;
        this.enter()?;
        Ok(this)
    }

    /// Reads keys, switches modes on and asks who is there.
    fn enter(&mut self) -> io::Result<()> {
        let (stop_in, stop) = io::pipe()?;
        let (said, clock, esc) = (self.said.clone(), self.clock.clone(), self.manners.esc);
        let thread = std::thread::Builder::new()
            .name("console-keys".to_owned())
            .spawn(move || reader::read(&stop_in, &clock, esc, &said))?;
        self.reader = Some((stop, thread));
        self.greet();
        Ok(())
    }

    fn greet(&mut self) {
        let now = self.clock.now().steady;
        let mut first = modes::ENTER.to_vec();
        if self.manners.mouse {
            first.extend_from_slice(modes::MOUSE_ON);
        }
        first.extend_from_slice(pace::GREETING);
        self.picture = Picture::new(self.manners.skills);
        self.pace = Pace::new(now, self.manners.far);
        self.send(first, None, now);
    }

    /// True when a new frame makes sense.
    #[must_use]
    pub fn is_ready(&self, now: Steady) -> bool {
        !self.away && self.pace.budget(now).is_some()
    }

    /// When it must be asked again without anything happening.
    #[must_use]
    pub fn wake(&self, now: Steady) -> Option<Steady> {
        if self.away { None } else { self.pace.wake(now) }
    }

    /// Takes the newest frame; its bytes leave with [`Self::pump`].
    pub fn show(&mut self, mut frame: Buffer, caret: Option<Position>, urgent: bool) {
        if self.manners.low_bandwidth {
            let now = self.clock.now().steady;
            if urgent || now.since(self.charts) >= CHARTS {
                self.charts = now;
            } else {
                picture::still(self.picture.wanted(), &mut frame);
            }
        }
        self.picture.want(frame, caret, urgent);
        self.meter.frame();
    }

    /// How many rows a cell is below the cursor of the list that it belongs to.
    #[must_use]
    pub fn below_cursor(&self, x: u16, y: u16) -> Option<i32> {
        self.picture.below_cursor(x, y)
    }

    /// The number of the newest frame.
    #[must_use]
    pub const fn frame(&self) -> u64 {
        self.picture.frame()
    }

    /// The newest frame of which the terminal has everything that a key changed.
    #[must_use]
    pub const fn seen(&self) -> u64 {
        self.pace.seen()
    }

    /// Sends what may leave now.
    pub fn pump(&mut self) {
        if self.away {
            return;
        }
        let now = self.clock.now().steady;
        self.pace.tick(now);
        let Some(budget) = self.pace.budget(now) else { return };
        if let Some(word) = self.words.pop_front() {
            self.send(word, None, now);
            return;
        }
        let frame = self.picture.frame();
        match self.picture.chunk(budget) {
            Some(chunk) => {
                let done = (!self.picture.is_urgent()).then_some(frame);
                self.send(chunk.bytes, done, now);
            }
            None if frame > self.pace.seen() => self.pace.had(frame),
            None => {}
        }
    }

    fn send(&mut self, mut bytes: Vec<u8>, frame: Option<u64>, now: Steady) {
        if self.pace.asks() {
            bytes.extend_from_slice(pace::QUESTION);
        }
        let Some(chunks) = &self.chunks else { return };
        let count = bytes.len();
        if chunks.send(bytes).is_ok() {
            self.pace.sent(count, frame, now);
            self.meter.sent(count);
        }
    }

    /// The writer said that a chunk is out.
    pub fn written(&mut self) {
        self.pace.written(self.clock.now().steady);
    }

    /// The terminal answered a question at that moment.
    pub fn answered(&mut self, at: Steady) {
        self.pace.answer(at);
    }

    /// The terminal said whether it knows a mode.
    pub const fn mode(&mut self, number: u32, known: bool) {
        if number == 2026 {
            self.picture.skills.sync = known;
            self.manners.skills.sync = known;
        }
    }

    /// Paints every cell with the next frame.
    pub fn forget(&mut self) {
        self.picture.forget();
    }

    /// Bytes besides the picture: a bell, a copy; false when too many wait.
    pub fn say(&mut self, word: Vec<u8>) -> bool {
        let room = self.words.len() < WORDS && !self.away;
        if room {
            self.words.push_back(word);
        }
        room
    }

    /// Switches the mouse on or off.
    pub fn mouse(&mut self, on: bool) {
        self.manners.mouse = on;
        self.say(if on { modes::MOUSE_ON } else { modes::MOUSE_OFF }.to_vec());
    }

    /// Bytes a second that the line carries, once that was measured.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        self.pace.rate()
    }

    /// What the line costs.
    pub fn figures(&mut self, now: Steady) -> Figures {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let carries = self.pace.rate().map(|rate| rate.clamp(0.0, 1e15) as u64);
        let delay = self.pace.delay().map(Span::millis);
        Figures { carries, delay, ..self.meter.figures(now) }
    }

    /// Waits, for a moment only, until the terminal has answered everything: whoever reads its
    /// keys next must not find our answers among them. Keys of this moment are lost.
    pub async fn settle(&mut self, said: &mut Receiver<FromTerminal>) {
        let clock = self.clock.clone();
        let mut late = std::pin::pin!(clock.sleep(SETTLE));
        while !self.pace.is_settled() {
            tokio::select! {
                word = said.recv() => match word {
                    Some(FromTerminal::Written) => self.written(),
                    Some(FromTerminal::Input(Input::Answered, at)) => self.answered(at),
                    Some(FromTerminal::Gone) | None => return,
                    Some(_) => {}
                },
                () = &mut late => return,
            }
        }
    }

    /// True when the terminal does not even take what was written last.
    #[must_use]
    pub const fn is_stuck(&self) -> bool {
        self.pace.is_writing()
    }

    /// Gives the screen away for a while.
    pub fn leave(&mut self) {
        self.away = true;
        self.words.clear();
        self.stop_reading();
        restore::give_back();
    }

    /// Takes it again.
    ///
    /// # Errors
    /// When raw mode is refused.
    pub fn come_back(&mut self) -> io::Result<()> {
        terminal::enable_raw_mode()?;
        restore::taken();
        self.away = false;
        self.enter()
    }

    /// Somebody continued this process: modes may be others now, and the screen is another's.
    ///
    /// # Errors
    /// When raw mode is refused.
    pub fn continued(&mut self) -> io::Result<()> {
        if self.away {
            return Ok(());
        }
        terminal::disable_raw_mode()?;
        terminal::enable_raw_mode()?;
        self.greet();
        Ok(())
    }

    fn stop_reading(&mut self) {
        if let Some((stop, thread)) = self.reader.take() {
            drop(stop);
            // It may wait for the loop to take a word; it ends with the next one then.
            let until = std::time::Duration::from_millis(100);
            let (done, wait) = mpsc::sync_channel(1);
            let joined = std::thread::Builder::new()
                .name("console-end".to_owned())
                .spawn(move || drop((thread.join(), done)));
            if joined.is_ok() {
                let _: Result<(), _> = wait.recv_timeout(until);
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.stop_reading();
        self.chunks = None;
        // A terminal that takes nothing (Ctrl-S, a dead link) must not hold the program.
        let _ = self.finished.recv_timeout(FAREWELL);
        restore::disarm();
        let (done, wait) = mpsc::sync_channel(1);
        let give_back =
            std::thread::Builder::new().name("console-end".to_owned()).spawn(move || {
                restore::give_back();
                let _ = done.send(());
            });
        if give_back.is_ok() {
            let _ = wait.recv_timeout(FAREWELL);
        } else {
            restore::give_back();
        }
    }
}
