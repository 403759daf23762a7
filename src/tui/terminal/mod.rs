//! The terminal: raw mode, keys, frames; and everything back as it was, whatever happens.
//!
//! Two threads stand between the console and a slow or dying terminal: one reads keys, one writes
//! frames. The loop never waits for either.

mod gate;
mod pen;
pub mod picture;

use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Once, OnceLock, mpsc};
use std::time::Duration;

use crossterm::{cursor, event, execute, queue, terminal};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use tokio::sync::mpsc::Sender;

use crate::clock::Clock;
use crate::model::Steady;
use crate::tui::input::{Decoder, Input};

/// How long a lone Esc waits for the rest of a sequence; longer over SSH, where packets split.
const ESC_TIME: u16 = 50;
const ESC_TIME_SSH: u16 = 150;
/// How long leaving waits for a terminal that takes nothing.
const FAREWELL: Duration = Duration::from_millis(500);

/// True while the terminal is ours; the panic hook and `Drop` give it back once.
static ACTIVE: AtomicBool = AtomicBool::new(false);
/// The thread that draws: a panic elsewhere must not tear the screen down.
static OWNER: OnceLock<std::sync::Mutex<Option<std::thread::ThreadId>>> = OnceLock::new();

/// What the terminal's threads say.
#[derive(Debug)]
pub enum FromTerminal {
    /// A key or paste, and when its bytes arrived.
    Input(Input, Steady),
    /// The last frame is written.
    Written,
    /// Nothing can be read or written any more.
    Gone,
}

/// The terminal while the console has it.
pub struct Terminal {
    shown: Buffer,
    cursor: Option<Position>,
    frames: Option<mpsc::SyncSender<Vec<u8>>>,
    writing: bool,
    stop_reading: Option<io::PipeWriter>,
    finished: mpsc::Receiver<()>,
}

impl Terminal {
    /// Takes the terminal: raw mode, alternate screen, bracketed paste, no cursor.
    ///
    /// # Errors
    /// When there is no terminal, or it refuses raw mode.
    pub fn open(clock: &Clock, said: &Sender<FromTerminal>) -> io::Result<Self> {
        if !io::stdout().is_terminal() {
            return Err(io::Error::other(
                "stdout is no terminal; the console needs one (scripts use `fluxnoc alerts --json`)",
            ));
        }
        // Colours are the theme's decision, which has read NO_COLOR.
        crossterm::style::force_color_output(true);
        hook();
        let owner = OWNER.get_or_init(Default::default);
        if let Ok(mut owner) = owner.lock() {
            *owner = Some(std::thread::current().id());
        }
        terminal::enable_raw_mode()?;
        ACTIVE.store(true, Ordering::SeqCst);
        // One frame is on its way at most; the second place is never filled.
        let (frames, frames_in) = mpsc::sync_channel(2);
        let (finish, finished) = mpsc::sync_channel(1);
        let (stop_reading_in, stop_reading) = io::pipe()?;
        // From here on `Drop` gives the terminal back.
        let mut this = Self {
            shown: Buffer::empty(Rect::ZERO),
            cursor: None,
            frames: Some(frames),
            writing: false,
            stop_reading: Some(stop_reading),
            finished,
        };
        let writer = said.clone();
        std::thread::Builder::new()
            .name("console-screen".to_owned())
            .spawn(move || write_frames(&frames_in, &writer, &finish))?;
        let (reader, clock) = (said.clone(), clock.clone());
        std::thread::Builder::new()
            .name("console-keys".to_owned())
            .spawn(move || read_keys(&stop_reading_in, &clock, &reader))?;
        let mut first = Vec::new();
        queue!(
            first,
            terminal::EnterAlternateScreen,
            event::EnableBracketedPaste,
            cursor::Hide,
            terminal::Clear(terminal::ClearType::All)
        )?;
        this.send(first);
        Ok(this)
    }

    /// Columns and rows; 80x24 when the terminal does not say.
    #[must_use]
    pub fn size() -> (u16, u16) {
        match terminal::window_size() {
            Ok(size) if size.columns > 0 && size.rows > 0 => {
                (size.columns.min(1000), size.rows.min(500))
            }
            _ => (80, 24),
        }
    }

    /// True when the last frame is out, so that a new one makes sense.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        !self.writing
    }

    /// The writer said that a frame is out.
    pub const fn written(&mut self) {
        self.writing = false;
    }

    /// Paints every cell with the next frame.
    pub fn forget(&mut self) {
        self.shown = Buffer::empty(Rect::ZERO);
    }

    /// Writes what differs from the last frame; nothing at all when nothing does.
    ///
    /// # Errors
    /// Never in practice: bytes go into memory first.
    pub fn paint(&mut self, frame: Buffer, at: Option<Position>) -> io::Result<()> {
        let bytes = picture::difference(&self.shown, &frame, self.cursor, at);
        self.shown = frame;
        self.cursor = at;
        if !bytes.is_empty() {
            self.send(bytes);
        }
        Ok(())
    }

    fn send(&mut self, bytes: Vec<u8>) {
        if let Some(frames) = &self.frames {
            self.writing = frames.send(bytes).is_ok();
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.stop_reading = None;
        self.frames = None;
        // A terminal that takes nothing (Ctrl-S, a dead link) must not hold the program.
        let _ = self.finished.recv_timeout(FAREWELL);
        if let Some(Ok(mut owner)) = OWNER.get().map(std::sync::Mutex::lock) {
            *owner = None;
        }
        let (done, wait) = mpsc::sync_channel(1);
        let give_back =
            std::thread::Builder::new().name("console-end".to_owned()).spawn(move || {
                restore();
                let _ = done.send(());
            });
        if give_back.is_ok() {
            let _ = wait.recv_timeout(FAREWELL);
        } else {
            restore();
        }
    }
}

/// Gives the terminal back, once.
fn restore() {
    if !ACTIVE.swap(false, Ordering::SeqCst) {
        return;
    }
    // Modes first: they need no write to a terminal that may be stuck.
    let _ = terminal::disable_raw_mode();
    let mut out = io::stdout();
    let _ = execute!(
        out,
        terminal::EndSynchronizedUpdate,
        event::DisableBracketedPaste,
        crossterm::style::ResetColor,
        cursor::Show,
        terminal::LeaveAlternateScreen
    );
}

/// A panic of the drawing thread gives the terminal back before it is told; one of any other
/// thread (a probe, the engine) belongs in the log and leaves the screen alone.
fn hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let owner = OWNER.get().and_then(|owner| owner.try_lock().ok().and_then(|id| *id));
            if ACTIVE.load(Ordering::SeqCst) && owner != Some(std::thread::current().id()) {
                tracing::error!(panic = %info, "a part of the program panicked");
                return;
            }
            restore();
            told(info);
        }));
    });
}

fn write_frames(
    frames: &mpsc::Receiver<Vec<u8>>,
    said: &Sender<FromTerminal>,
    finished: &mpsc::SyncSender<()>,
) {
    let mut out = io::stdout();
    for frame in frames {
        let result = out.write_all(&frame).and_then(|()| out.flush());
        let word = if result.is_ok() { FromTerminal::Written } else { FromTerminal::Gone };
        if said.blocking_send(word).is_err() || result.is_err() {
            break;
        }
    }
    let _ = finished.send(());
}

/// Where keys come from: stdin, or the controlling terminal when stdin is something else.
enum Keys {
    Stdin(io::Stdin),
    Terminal(std::fs::File),
}

impl AsFd for Keys {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Stdin(stdin) => stdin.as_fd(),
            Self::Terminal(file) => file.as_fd(),
        }
    }
}

fn read_keys(stop: &io::PipeReader, clock: &Clock, said: &Sender<FromTerminal>) {
    let stdin = io::stdin();
    let keys = if stdin.is_terminal() {
        Keys::Stdin(stdin)
    } else {
        match std::fs::File::open("/dev/tty") {
            Ok(file) => Keys::Terminal(file),
            Err(_) => return,
        }
    };
    let over_ssh = std::env::var_os("SSH_CONNECTION").is_some();
    let wait = if over_ssh { ESC_TIME_SSH } else { ESC_TIME };
    let mut decoder = Decoder::default();
    let mut bytes = [0_u8; 4096];
    loop {
        let timeout =
            if decoder.is_waiting() { PollTimeout::from(wait) } else { PollTimeout::NONE };
        let mut ready = [
            PollFd::new(keys.as_fd(), PollFlags::POLLIN),
            PollFd::new(stop.as_fd(), PollFlags::POLLIN),
        ];
        let found = match poll(&mut ready, timeout) {
            Err(nix::errno::Errno::EINTR) => continue,
            Err(_) => break,
            Ok(0) => decoder.timeout().into_iter().collect(),
            Ok(_) => {
                let [keys_ready, stop_ready] = ready.map(|fd| fd.any().unwrap_or(false));
                if stop_ready {
                    return;
                }
                if !keys_ready {
                    continue;
                }
                match nix::unistd::read(keys.as_fd(), &mut bytes) {
                    // Nothing to read although something is ready: the terminal is gone.
                    Ok(0) => break,
                    Ok(count) => decoder.take(bytes.get(..count).unwrap_or(&[])),
                    Err(nix::errno::Errno::EINTR | nix::errno::Errno::EAGAIN) => continue,
                    Err(_) => break,
                }
            }
        };
        let at = clock.now().steady;
        for input in found {
            if said.blocking_send(FromTerminal::Input(input, at)).is_err() {
                return;
            }
        }
    }
    let _ = said.blocking_send(FromTerminal::Gone);
}

