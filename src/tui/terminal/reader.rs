//! The thread that reads keys, and the one that writes chunks: the loop waits for neither.

use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::mpsc;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::sync::mpsc::Sender;

use super::FromTerminal;
use crate::clock::Clock;
use crate::model::Span;
use crate::tui::input::Decoder;

/// Writes what it is given, and says when it is written.
pub fn write(
    chunks: &mpsc::Receiver<Vec<u8>>,
    said: &Sender<FromTerminal>,
    finished: &mpsc::SyncSender<()>,
) {
    let mut out = io::stdout();
    for chunk in chunks {
        let result = out.write_all(&chunk).and_then(|()| out.flush());
        let word = if result.is_ok() { FromTerminal::Written } else { FromTerminal::Gone };
        if said.blocking_send(word).is_err() || result.is_err() {
            break;
        }
    }
    let _ = finished.send(());
}

/// Where keys come from: stdin, or the controlling terminal when stdin is something else.
pub enum Keys {
    /// Standard input.
    Stdin(io::Stdin),
    /// The controlling terminal.
    Terminal(std::fs::File),
}

impl Keys {
    /// The terminal's side that gives keys.
    pub fn open() -> io::Result<Self> {
        let stdin = io::stdin();
        if stdin.is_terminal() {
            return Ok(Self::Stdin(stdin));
        }
        std::fs::File::open("/dev/tty").map(Self::Terminal)
    }
}

impl AsFd for Keys {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Stdin(stdin) => stdin.as_fd(),
            Self::Terminal(file) => file.as_fd(),
        }
    }
}

/// Reads until it is told to stop or nothing can be read any more.
pub fn read(stop: &io::PipeReader, clock: &Clock, esc: Span, said: &Sender<FromTerminal>) {
    let Ok(keys) = Keys::open() else { return };
    let mut decoder = Decoder::new(esc);
    let mut bytes = [0_u8; 4096];
    loop {
        let timeout = match decoder.deadline() {
            Some(deadline) => {
                let left = deadline.since(clock.now().steady).millis();
                PollTimeout::from(u16::try_from(left).unwrap_or(u16::MAX))
            }
            None => PollTimeout::NONE,
        };
        let mut ready = [
            PollFd::new(keys.as_fd(), PollFlags::POLLIN),
            PollFd::new(stop.as_fd(), PollFlags::POLLIN),
        ];
        let found = match poll(&mut ready, timeout) {
            Err(nix::errno::Errno::EINTR) => continue,
            Err(_) => break,
            Ok(0) => decoder.timeout(clock.now().steady).into_iter().collect(),
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
                    Ok(count) => {
                        decoder.take(bytes.get(..count).unwrap_or(&[]), clock.now().steady)
                    }
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
