//! The built binary in a pseudo-terminal: types keys, waits for what the screen shows.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Longest wait for something on screen.
pub const PATIENCE: Duration = Duration::from_secs(60);

struct Screen {
    parser: vt100::Parser,
    bytes: u64,
    /// When the last bytes arrived, before they were parsed.
    last: Instant,
    ended: bool,
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("a terminal has cells")
}

/// A program in a terminal of its own.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    screen: Arc<(Mutex<Screen>, Condvar)>,
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
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program);
        command.args(args);
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
            Mutex::new(Screen { parser, bytes: 0, last: Instant::now(), ended: false }),
            Condvar::new(),
        ));
        let mut output = pair.master.try_clone_reader().expect("the terminal's output");
        let shared = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut buffer = [0_u8; 65536];
            loop {
                let read = output.read(&mut buffer).unwrap_or(0);
                let at = Instant::now();
                let mut screen = shared.0.lock().expect("the screen");
                if read == 0 {
                    screen.ended = true;
                } else {
                    screen.bytes += read as u64;
                    screen.last = at;
                    screen.parser.process(&buffer[..read]);
                }
                shared.1.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        let keys = pair.master.take_writer().expect("the terminal's input");
        Self { child, keys, master: pair.master, screen }
    }

    /// Types.
    pub fn send(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the terminal takes keys");
        self.keys.flush().expect("the terminal takes keys");
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

    /// True while the program uses the alternate screen.
    pub fn is_full_screen(&self) -> bool {
        self.screen.0.lock().expect("the screen").parser.screen().alternate_screen()
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
            if wanted(&text) {
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

    /// Waits for a text.
    pub fn wait_for(&self, text: &str) -> String {
        self.wait(text, PATIENCE, |screen| screen.contains(text))
    }

    /// Changes the size.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        self.master.resize(size).expect("the terminal resizes");
        let mut screen = self.screen.0.lock().expect("the screen");
        screen.parser.screen_mut().set_size(cells(rows), cells(cols));
    }

    /// The program's number.
    pub fn pid(&self) -> u32 {
        self.child.process_id().expect("a running program")
    }

    /// Kills it with SIGKILL.
    pub fn kill(&mut self) {
        let pid = i32::try_from(self.pid()).expect("a process number");
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::SIGKILL)
            .expect("it is ours");
        let _ = self.child.wait();
    }

    /// Waits for its end; gives whether it succeeded.
    pub fn wait_exit(&mut self) -> bool {
        self.child.wait().expect("it ends").success()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
