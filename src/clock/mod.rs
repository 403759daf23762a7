//! The only reader of time: a system clock, and one that tests move by hand.
//!
//! In: nothing. Out: [`Now`] and a sleep until a steady moment.
//! Never: decides anything.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::model::{Now, Span, Steady, Timestamp};

/// Where time comes from; cheap to clone.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clocks: boot time (which goes on through a suspend) and wall clock.
    System,
    /// A clock that a test moves.
    Manual(Arc<Manual>),
}

/// The state of a clock that a test moves.
#[derive(Debug)]
pub struct Manual {
    now: watch::Sender<Now>,
}

impl Clock {
    /// A clock that stands at `wall` (and steady zero) until moved.
    #[must_use]
    pub fn manual(wall: Timestamp) -> Self {
        let now = Now { steady: Steady::from_millis(0), wall };
        Self::Manual(Arc::new(Manual { now: watch::Sender::new(now) }))
    }

    /// The present moment on both clocks.
    #[must_use]
    pub fn now(&self) -> Now {
        match self {
            Self::System => Now { steady: boot_time(), wall: wall_time() },
            Self::Manual(manual) => *manual.now.borrow(),
        }
    }

    /// Moves a manual clock forward on both scales; a system clock stays as it is.
    pub fn advance(&self, by: Span) {
        if let Self::Manual(manual) = self {
            manual.now.send_modify(|now| {
                now.steady = now.steady + by;
                now.wall = now.wall + by;
            });
        }
    }

    /// Sets only the wall of a manual clock, as a person or NTP would.
    pub fn set_wall(&self, wall: Timestamp) {
        if let Self::Manual(manual) = self {
            manual.now.send_modify(|now| now.wall = wall);
        }
    }

    /// Returns when the steady clock has reached `until`.
    pub async fn sleep_until(&self, until: Steady) {
        match self {
            Self::System => loop {
                let rest = until.since(self.now().steady);
                if rest == Span::ZERO {
                    return;
                }
                // tokio's timer stands still during a suspend; a minute bounds how late we notice.
                tokio::time::sleep(rest.to_std().min(Duration::from_mins(1))).await;
            },
            Self::Manual(manual) => {
                let mut moves = manual.now.subscribe();
                // The sender lives as long as this clock, so waiting cannot fail.
                let _ = moves.wait_for(|now| now.steady >= until).await;
            }
        }
    }

    /// Returns when `span` has passed on the steady clock.
    pub async fn sleep(&self, span: Span) {
        self.sleep_until(self.now().steady + span).await;
    }
}

fn boot_time() -> Steady {
    let time = nix::time::clock_gettime(nix::time::ClockId::CLOCK_BOOTTIME)
        .or_else(|_| nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC));
    // Both clocks exist on every Linux; zero would only freeze schedules, never judge wrongly.
    Steady::from_millis(time.map_or(0, |t| t.tv_sec() * 1000 + t.tv_nsec() / 1_000_000))
}

fn wall_time() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp::from_millis(since.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_sleepers_when_moved() {
        let clock = Clock::manual(Timestamp::from_millis(5000));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.sleep(Span::from_secs(10)).await;
                clock.now()
            }
        });
        tokio::task::yield_now().await;
        clock.advance(Span::from_secs(9));
        assert!(!sleeper.is_finished());
        clock.advance(Span::from_secs(1));
        assert_eq!(sleeper.await.unwrap().wall, Timestamp::from_millis(15_000));
    }
}
