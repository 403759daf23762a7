//! The built binary in a pseudo-terminal: types keys, waits for what the screen shows.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::letters::Letters;

/// Longest wait for something on screen.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Most bytes that are kept as they were written.
const LOG: usize = 4 << 20;

struct Screen {
    parser: vt100::Parser,
    letters: Letters,
    bytes: u64,
    /// When the last bytes arrived, before they were parsed.
    last: Instant,
    ended: bool,
    /// True inside a synchronised update: what is there is half of a frame.
    torn: bool,
    /// The last bytes, for marks that arrive in two parts.
    tail: Vec<u8>,
    /// Bytes that may be the beginning of a question.
    asked: Vec<u8>,
    /// What was written, the newest of it.
    log: Vec<u8>,
    reading: Reading,
}

/// What a terminal is asked, and what it answers: that it knows synchronised updates, and that it
/// has taken in everything so far.
const QUESTIONS: [(&[u8], &[u8]); 2] =
    [(b"\x1b[?2026$p", b"\x1b[?2026;2$y"), (b"\x1b[5n", b"\x1b[0n")];

/// What the reader is to do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    On,
    /// Nothing more until further notice.
    Frozen,
    /// Let go of the terminal at the next chance.
    Closing,
}

impl Screen {
    fn take(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.parser.process(&self.letters.whole(bytes));
        self.log.extend_from_slice(bytes);
        self.log.drain(..self.log.len().saturating_sub(LOG));
        self.tail.extend_from_slice(bytes);
        let last = |mark: &[u8; 8]| self.tail.windows(8).rposition(|part| part == mark);
        match (last(b"\x1b[?2026h"), last(b"\x1b[?2026l")) {
            (None, None) => {}
            (begun, ended) => self.torn = begun > ended,
        }
        self.tail.drain(..self.tail.len().saturating_sub(7));
    }

    /// The answers to the questions in these bytes.
    fn answers(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut answers = Vec::new();
        self.asked.extend_from_slice(bytes);
        while let Some(at) = self.asked.iter().position(|byte| *byte == 0x1b) {
            self.asked.drain(..at);
            let known = QUESTIONS.iter().find(|(question, _)| self.asked.starts_with(question));
            if let Some((question, answer)) = known {
                answers.extend_from_slice(answer);
                self.asked.drain(..question.len());
            } else if QUESTIONS.iter().any(|(question, _)| question.starts_with(&self.asked)) {
                return answers;
            } else {
                self.asked.remove(0);
            }
        }
        self.asked.clear();
        answers
    }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("a terminal has cells")
}

/// The way to the program, which the one who types shares with the one who answers.
type Keys = Arc<Mutex<Option<Box<dyn Write + Send>>>>;

/// A program in a terminal of its own.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keys: Keys,
    master: Option<Box<dyn MasterPty + Send>>,
    screen: Arc<(Mutex<Screen>, Condvar)>,
    reader: Option<std::thread::JoinHandle<()>>,
    /// Modes of the terminal before the program had it.
    modes: String,
}

impl Terminal {
    /// Starts a program with `TERM=xterm-256color` and nothing else of ours in its environment.
    pub fn start(
        program: &Path,
        args: &[&str],
        env: &[(&str, &str)],
        cols: u16,
        rows: u16,
    ) -> Self {
        Self::start_as(program, args, env, cols, rows, true)
    }

    /// Starts a program in a terminal that answers questions, or does not.
    pub fn start_as(
        program: &Path,
        args: &[&str],
        env: &[(&str, &str)],
        cols: u16,
        rows: u16,
        answering: bool,
    ) -> Self {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let modes = format!("{:?}", pair.master.get_termios());
        let mut command = CommandBuilder::new(program);
        command.args(args);
        // Not the home directory, which need not exist.
        command.cwd("/");
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        command.env("LANG", "C.UTF-8");
        command.env("TZ", "UTC");
        for (name, value) in env {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let parser = vt100::Parser::new(cells(rows), cells(cols), 0);
        let screen = Arc::new((
            Mutex::new(Screen {
                parser,
                letters: Letters::default(),
                bytes: 0,
                last: Instant::now(),
                ended: false,
                torn: false,
                tail: Vec::new(),
                asked: Vec::new(),
                log: Vec::new(),
                reading: Reading::On,
            }),
            Condvar::new(),
        ));
        let mut output = pair.master.try_clone_reader().expect("the terminal's output");
        let shared = Arc::clone(&screen);
        let writer = pair.master.take_writer().expect("the terminal's input");
        let keys: Keys = Arc::new(Mutex::new(Some(writer)));
        let answer_by = Arc::clone(&keys);
        let reader = std::thread::spawn(move || {
            let mut buffer = vec![0_u8; 65536];
            loop {
                let read = output.read(&mut buffer).unwrap_or(0);
                let at = Instant::now();
                // The test failed meanwhile: it has said why.
                let Ok(mut screen) = shared.0.lock() else { return };
                if read == 0 {
                    screen.ended = true;
                } else {
                    screen.last = at;
                    screen.take(&buffer[..read]);
                    let answers = screen.answers(&buffer[..read]);
                    if answering
                        && !answers.is_empty()
                        && let Ok(mut keys) = answer_by.lock()
                        && let Some(keys) = keys.as_mut()
                    {
                        // The program may have ended meanwhile.
                        let _ = keys.write_all(&answers);
                    }
                }
                shared.1.notify_all();
                if read == 0 || screen.reading == Reading::Closing {
                    return;
                }
                while screen.reading == Reading::Frozen {
                    let Ok(thawed) = shared.1.wait(screen) else { return };
                    screen = thawed;
                }
            }
        });
        let reader = Some(reader);
        Self { child, keys, master: Some(pair.master), screen, reader, modes }
    }

    /// Types.
    pub fn send(&mut self, keys: &str) {
        self.send_bytes(keys.as_bytes());
    }

    /// Types what need not be text.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        let mut keys = self.keys.lock().expect("the terminal's input");
        let input = keys.as_mut().expect("an open terminal");
        input.write_all(bytes).expect("the terminal takes keys");
        input.flush().expect("the terminal takes keys");
    }

    /// What the screen shows.
    pub fn text(&self) -> String {
        self.screen.0.lock().expect("the screen").parser.screen().contents()
    }

    /// Looks at the screen's cells.
    pub fn screen<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.screen.0.lock().expect("the screen").parser.screen())
    }

    /// Waits until the screen's cells satisfy `wanted`; gives the moment at which the bytes that
    /// made it so arrived, `None` when none did within the time.
    pub fn wait_screen(
        &self,
        patience: Duration,
        wanted: impl Fn(&vt100::Screen) -> bool,
    ) -> Option<Instant> {
        let until = Instant::now() + patience;
        let (lock, changed) = &*self.screen;
        let mut screen = lock.lock().expect("the screen");
        while !wanted(screen.parser.screen()) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || screen.ended {
                return None;
            }
            screen = changed.wait_timeout(screen, left).expect("the screen").0;
        }
        Some(screen.last)
    }

    /// Waits until more was written than so many bytes, or so long.
    pub fn wait_bytes(&self, more_than: u64, patience: Duration) {
        let (lock, changed) = &*self.screen;
        let screen = lock.lock().expect("the screen");
        let same = |screen: &mut Screen| screen.bytes <= more_than && !screen.ended;
        drop(changed.wait_timeout_while(screen, patience, same).expect("the screen"));
    }

    /// True while the program uses the alternate screen.
    pub fn is_full_screen(&self) -> bool {
        self.screen.0.lock().expect("the screen").parser.screen().alternate_screen()
    }

    /// Panics when the program left anything behind: the alternate screen, a hidden cursor, modes.
    pub fn assert_given_back(&self) {
        let screen = self.screen.0.lock().expect("the screen");
        let screen = screen.parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is left");
        assert!(!screen.hide_cursor(), "the cursor is shown");
        assert!(!screen.bracketed_paste(), "bracketed paste is off");
        assert_eq!(screen.fgcolor(), vt100::Color::Default, "colours are reset");
        let modes = format!("{:?}", self.master.as_ref().expect("open").get_termios());
        assert_eq!(modes, self.modes, "the terminal's modes are as they were");
    }

    /// True when the modes of the terminal differ from those before the program.
    pub fn is_raw(&self) -> bool {
        format!("{:?}", self.master.as_ref().expect("open").get_termios()) != self.modes
    }

    /// What was written, as it came: the newest few megabytes.
    pub fn written(&self) -> Vec<u8> {
        self.screen.0.lock().expect("the screen").log.clone()
    }

    /// The same, and how many bytes were written up to its end.
    pub fn written_so_far(&self) -> (Vec<u8>, u64) {
        let screen = self.screen.0.lock().expect("the screen");
        (screen.log.clone(), screen.bytes)
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.screen.0.lock().expect("the screen").bytes
    }

    /// Waits until the screen satisfies `wanted`; gives its text.
    ///
    /// # Panics
    /// With the screen, when it does not within the time.
    pub fn wait(&self, what: &str, patience: Duration, wanted: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + patience;
        let (lock, changed) = &*self.screen;
        let mut screen = lock.lock().expect("the screen");
        loop {
            let text = screen.parser.screen().contents();
            if !screen.torn && wanted(&text) {
                return text;
            }
            let left = until.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero() && !screen.ended,
                "{what} did not come (ended: {}); the screen:\n{text}",
                screen.ended
            );
            screen = changed.wait_timeout(screen, left).expect("the screen").0;
        }
    }

    /// Waits until nothing was written for so long.
    ///
    /// # Panics
    /// With the screen, when it does not fall silent within the time.
    pub fn silence(&self, length: Duration, patience: Duration) {
        let until = Instant::now() + patience;
        let (lock, changed) = &*self.screen;
        let mut screen = lock.lock().expect("the screen");
        let (mut bytes, mut since) = (screen.bytes, Instant::now());
        loop {
            if screen.bytes != bytes {
                (bytes, since) = (screen.bytes, Instant::now());
            }
            let left = length.saturating_sub(since.elapsed());
            if left.is_zero() {
                return;
            }
            let text = screen.parser.screen().contents();
            assert!(Instant::now() < until, "it does not fall silent; the screen:\n{text}");
            screen = changed.wait_timeout(screen, left).expect("the screen").0;
        }
    }

    /// Waits until all that the program wrote is read; for after its end.
    pub fn wait_output(&self) -> String {
        let (lock, changed) = &*self.screen;
        let until = Instant::now() + PATIENCE;
        let mut screen = lock.lock().expect("the screen");
        while !screen.ended {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the terminal is still open somewhere");
            screen = changed.wait_timeout(screen, left).expect("the screen").0;
        }
        screen.parser.screen().contents()
    }

    /// Waits for a text.
    pub fn wait_for(&self, text: &str) -> String {
        self.wait(text, PATIENCE, |screen| screen.contains(text))
    }

    /// Changes the size.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        // First here: what the program paints at the new size may come at once.
        let mut screen = self.screen.0.lock().expect("the screen");
        screen.parser.screen_mut().set_size(cells(rows), cells(cols));
        drop(screen);
        let master = self.master.as_ref().expect("an open terminal");
        master.resize(size).expect("the terminal resizes");
    }

    /// From now on (or no longer) the terminal takes nothing, as after Ctrl-S or on a dead link.
    pub fn freeze(&self, frozen: bool) {
        self.screen.0.lock().expect("the screen").reading =
            if frozen { Reading::Frozen } else { Reading::On };
        self.screen.1.notify_all();
    }

    /// Closes the terminal under the program, as a dying window does. The program lives on, and
    /// ends with this value at the latest.
    pub fn hang_up(&mut self) {
        self.screen.0.lock().expect("the screen").reading = Reading::Closing;
        // The program repaints, so that the reader wakes and lets go.
        let size = self.master.as_ref().expect("an open terminal").get_size().expect("a size");
        self.resize(size.cols - 1, size.rows);
        self.reader.take().expect("an open terminal").join().expect("the reader");
        *self.keys.lock().expect("the terminal's input") = None;
        self.master = None;
    }

    /// The program's number.
    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("a running program")
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).expect("a process number");
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal).expect("it is ours");
    }

    /// Kills it with SIGKILL.
    pub fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        let _ = self.child.wait();
    }

    /// Waits for its end; gives whether it succeeded.
    pub fn wait_exit(&mut self) -> bool {
        self.wait_code() == 0
    }

    /// Waits for its end; gives its exit code.
    ///
    /// # Panics
    /// With the screen, when it does not end within the time.
    pub fn wait_code(&mut self) -> u32 {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("our child") {
                return status.exit_code();
            }
            assert!(Instant::now() < until, "it does not end; the screen:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
