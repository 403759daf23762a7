//! The signals that end a process without a screen, have it read its configuration again, or tell a
//! screen that its terminal is gone.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGHUP, SIGTERM and SIGINT.
pub(super) struct Signals {
    hup: Signal,
    term: Signal,
    int: Signal,
}

/// Which came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caught {
    /// SIGHUP.
    HangUp,
    /// SIGTERM or SIGINT.
    Stop,
}

impl Signals {
    /// Listens from now on; `None` when the machine does not let us.
    pub(super) fn listen() -> Option<Self> {
        Some(Self {
            hup: signal(SignalKind::hangup()).ok()?,
            term: signal(SignalKind::terminate()).ok()?,
            int: signal(SignalKind::interrupt()).ok()?,
        })
    }

    /// The next one.
    pub(super) async fn next(&mut self) -> Caught {
        tokio::select! {
            _ = self.hup.recv() => Caught::HangUp,
            _ = self.term.recv() => Caught::Stop,
            _ = self.int.recv() => Caught::Stop,
        }
    }
}
