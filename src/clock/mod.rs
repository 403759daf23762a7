//! The only reader of time: a system clock, one that tests move by hand, and one that runs faster.
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
    /// A clock that runs a whole number of times as fast as the machine's.
    Scaled(Arc<Scaled>),
    /// For a screen that shows a faster world: its wall, but the hand of the person in front of it
    /// is no faster, so the steady scale is the machine's.
    Watching(Arc<Scaled>),
}

/// The state of a faster clock.
#[derive(Debug)]
pub struct Scaled {
    factor: u64,
    /// The machine's steady moment, and what this clock showed then.
    since: watch::Sender<(Steady, Now)>,
}

impl Scaled {
    fn now(&self) -> Now {
        let (real, then) = *self.since.borrow();
        let passed = boot_time().since(real).millis().saturating_mul(self.factor);
        let passed = Span::from_millis(passed);
        Now { steady: then.steady + passed, wall: then.wall + passed }
    }
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

    /// A clock that begins at `wall` (and the machine's steady moment) and runs `factor` times as
    /// fast as the machine's; [`Self::advance`] moves it forward besides.
    #[must_use]
    pub fn scaled(wall: Timestamp, factor: u32) -> Self {
        let real = boot_time();
        let since = watch::Sender::new((real, Now { steady: real, wall }));
        Self::Scaled(Arc::new(Scaled { factor: u64::from(factor.max(1)), since }))
    }

    /// The clock of a screen that shows what happens by this one.
    #[must_use]
    pub fn watching(&self) -> Self {
        match self {
            Self::Scaled(scaled) => Self::Watching(Arc::clone(scaled)),
            other => other.clone(),
        }
    }

    /// The present moment on both clocks.
    #[must_use]
    pub fn now(&self) -> Now {
        match self {
            Self::System => Now { steady: boot_time(), wall: wall_time() },
            Self::Manual(manual) => *manual.now.borrow(),
            Self::Scaled(scaled) => scaled.now(),
            Self::Watching(scaled) => Now { steady: boot_time(), wall: scaled.now().wall },
        }
    }

    /// Moves a manual or a faster clock forward on both scales; a system clock stays as it is.
    pub fn advance(&self, by: Span) {
        let forward = |now: &mut Now| {
            now.steady = now.steady + by;
            now.wall = now.wall + by;
        };
        match self {
            Self::Manual(manual) => manual.now.send_modify(forward),
            Self::Scaled(scaled) => scaled.since.send_modify(|(_, then)| forward(then)),
            Self::System | Self::Watching(_) => {}
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
            Self::System | Self::Watching(_) => loop {
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
            Self::Scaled(scaled) => {
                let mut moves = scaled.since.subscribe();
                loop {
                    let rest = until.since(self.now().steady).millis();
                    if rest == 0 {
                        return;
                    }
                    let real = rest.div_ceil(scaled.factor);
                    let real = Duration::from_millis(real).min(Duration::from_mins(1));
                    tokio::select! {
                        () = tokio::time::sleep(real) => {}
                        _ = moves.changed() => {}
                    }
                }
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

    #[tokio::test]
    async fn a_scaled_clock_runs_faster_and_can_be_moved() {
        let clock = Clock::scaled(Timestamp::from_millis(5000), 60);
        let (begin, real) = (clock.now(), boot_time());
        clock.sleep(Span::from_secs(6)).await;
        let (passed, took) = (clock.now().wall.since(begin.wall), boot_time().since(real));
        assert!(passed >= Span::from_secs(6));
        assert!(took < Span::from_secs(6), "sixty times as fast, not {took}");
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Span::from_secs(360_000)).await }
        });
        tokio::task::yield_now().await;
        clock.advance(Span::from_secs(360_000));
        sleeper.await.unwrap();
    }

    #[test]
    fn a_screen_shows_the_faster_wall_by_the_machines_steady_scale() {
        let clock = Clock::scaled(Timestamp::from_millis(5000), 60);
        clock.advance(Span::from_secs(7200));
        let watching = clock.watching();
        assert!(watching.now().wall >= Timestamp::from_millis(7_205_000));
        assert!(watching.now().steady.since(boot_time()) < Span::from_secs(60));
    }
}
