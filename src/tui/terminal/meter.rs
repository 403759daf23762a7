//! What the line costs: bytes and frames a second, for the debug line.

use crate::model::{Span, Steady};

/// Over what time it is counted.
const PERIOD: Span = Span::from_secs(1);

/// The figures of the last second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Bytes written a second.
    pub bytes: u64,
    /// Frames begun a second.
    pub frames: u64,
    /// Bytes of the last chunk.
    pub last: u64,
    /// Bytes a second that the line carries, once that was measured.
    pub carries: Option<u64>,
    /// The line's own delay in milliseconds, where the terminal answers.
    pub delay: Option<u64>,
}

/// Counts.
#[derive(Debug)]
pub struct Meter {
    since: Steady,
    bytes: u64,
    frames: u64,
    last: u64,
    shown: Figures,
}

impl Meter {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(now: Steady) -> Self {
        Self { since: now, bytes: 0, frames: 0, last: 0, shown: Figures::default() }
    }

    /// Bytes were sent.
    pub fn sent(&mut self, bytes: usize) {
        self.last = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.bytes += self.last;
    }

    /// A frame was begun.
    pub const fn frame(&mut self) {
        self.frames += 1;
    }

    /// The figures of the last whole second.
    pub fn figures(&mut self, now: Steady) -> Figures {
        let past = now.since(self.since);
        if past >= PERIOD {
            let per_second = |count: u64| count * 1000 / past.millis().max(1);
            self.shown = Figures {
                bytes: per_second(self.bytes),
                frames: per_second(self.frames),
                ..Figures::default()
            };
            (self.since, self.bytes, self.frames) = (now, 0, 0);
        }
        Figures { last: self.last, ..self.shown }
    }
}
