//! What the service manager is told (`sd_notify(3)`): ready, reloading, stopping, and that the
//! engine still answers.
//!
//! Never: fails. Without a manager nothing is said.

use std::convert::Infallible;
use std::time::Duration;

use sd_notify::NotifyState;

use crate::clock::Clock;
use crate::model::Span;

fn say(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!("the service manager cannot be told: {error}");
    }
}

/// The engine answers and every listener is open.
pub fn ready() {
    say(&[NotifyState::Ready]);
}

/// The configuration is read again; [`ready`] ends it.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => say(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!("the clock of the service manager cannot be read: {error}"),
    }
}

/// The server was told to stop.
pub fn stopping() {
    say(&[NotifyState::Stopping]);
}

/// Tells the manager's watchdog, twice as often as it asks for, that the engine answers; for ever.
/// Without a watchdog it only waits.
pub async fn keep_alive(clock: Clock, answers: impl AsyncFn() -> bool) -> Infallible {
    let Some(patience) = sd_notify::watchdog_enabled() else {
        return std::future::pending().await;
    };
    let half = patience / 2;
    loop {
        if matches!(tokio::time::timeout(half, answers()).await, Ok(true)) {
            say(&[NotifyState::Watchdog]);
        }
        clock.sleep(span(half)).await;
    }
}

fn span(time: Duration) -> Span {
    Span::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(100))
}
