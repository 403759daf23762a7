//! The outbound heartbeat: sent while checks, store and outbox move, so that another system
//! notices when this one does not any more.
//!
//! It is a task of its own and holds nothing up: it looks at what the others said of themselves,
//! writes a probe, decides by [`vital::stuck`], and tells the engine what became of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::core::Core;
use super::housekeeping::heartbeat;
use crate::clock::Clock;
use crate::model::watchdog::Watchdog;
use crate::model::{Now, Routes, SafeText, Span, Steady};
use crate::notify::{Delivery, Sender};
use crate::protocol::Heartbeat;
use crate::rules::vital::{self, Failing, GRACE, TURN, Vitals};
use crate::store::Store;

/// How long the others are waited for that have not said anything lately: after a suspend all wake
/// at once.
const PATIENCE: Duration = Duration::from_secs(5);
/// While it may not be sent or is not taken it is looked at again so soon.
const AGAIN: Span = Span::from_secs(10);
/// How often the engine says how checks are: that reads all of them.
const LOOK: Span = Span::from_secs(5);

/// How the outbox is, as it says itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Post {
    /// When it last sent off what was due.
    pub turned: Steady,
    /// While nothing that is tried is taken.
    pub failing: Option<Failing>,
}

impl Post {
    /// At the start.
    pub(super) fn begun(now: Steady) -> Self {
        Self { turned: now, failing: None }
    }

    /// A try came to its end.
    pub(super) fn tried(&mut self, delivery: &Delivery, now: Steady) {
        match delivery {
            Delivery::Sent => self.failing = None,
            Delivery::Retry { .. } => {
                let since = self.failing.map_or(now, |failing| failing.since);
                self.failing = Some(Failing { since, last: now });
            }
            // It was answered; that one is not asked again.
            Delivery::Refused(_) => {}
        }
    }
}

/// The engine's side: what it says of itself, and what it is told of the heartbeat.
pub(super) struct Side {
    vitals: watch::Sender<Vitals>,
    beats: watch::Receiver<Option<Heartbeat>>,
}

/// What the task needs.
pub(super) struct Dog {
    pub store: Store,
    pub clock: Clock,
    pub routes: watch::Receiver<Arc<Routes>>,
    pub post: watch::Receiver<Post>,
    pub stop: CancellationToken,
    vitals: watch::Receiver<Vitals>,
    beats: watch::Sender<Option<Heartbeat>>,
    sender: Sender,
}

/// Both ends; `now` is when everything begins.
pub(super) fn pair(
    store: Store,
    clock: Clock,
    routes: watch::Receiver<Arc<Routes>>,
    post: watch::Receiver<Post>,
    stop: CancellationToken,
) -> (Side, Dog) {
    let now = clock.now().steady;
    let begun = Vitals {
        turned: now,
        result: now,
        within: None,
        checks: 0,
        late: 0,
        stored: true,
        written: true,
        posted: now,
        failing: None,
    };
    let (vitals, seen) = watch::channel(begun);
    let (tell, beats) = watch::channel(None);
    let sender = Sender::default();
    let dog = Dog { store, clock, routes, post, stop, vitals: seen, beats: tell, sender };
    (Side { vitals, beats }, dog)
}

impl Core {
    /// Says how the engine is, and takes in how the heartbeat is.
    pub(super) fn look_at_watchdog(&mut self, now: Now) {
        let wanted = self.routes.borrow().watchdog.is_some();
        let due = now.steady.since(self.watchdog.vitals.borrow().turned) >= LOOK;
        if wanted && due {
            let vitals = self.vitals(now.steady);
            self.watchdog.vitals.send_replace(vitals);
        }
        if self.watchdog.beats.has_changed().unwrap_or(false) {
            self.status.heartbeat = self.watchdog.beats.borrow_and_update().clone().map(Box::new);
            self.tell_status();
        }
    }

    fn vitals(&self, now: Steady) -> Vitals {
        let mut vitals = Vitals {
            turned: now,
            within: None,
            checks: 0,
            late: 0,
            stored: !self.storage_down,
            ..*self.watchdog.vitals.borrow()
        };
        let run = self.table.iter().filter(|(_, s)| s.check.enabled && s.check.rule.is_none());
        for (_, slot) in run {
            let within = slot.check.interval + slot.check.timeout + GRACE;
            vitals.within = Some(vitals.within.map_or(within, |known| known.min(within)));
            vitals.result = vitals.result.max(slot.expected_since);
            vitals.checks += 1;
            vitals.late += usize::from(slot.status.late);
        }
        vitals
    }
}

/// Beats until stopped.
pub(super) async fn run(mut dog: Dog) {
    while !dog.stop.is_cancelled() {
        let watchdog = dog.routes.borrow_and_update().watchdog.clone();
        let wait = match &watchdog {
            Some(watchdog) => dog.beat(watchdog).await,
            None => {
                dog.say(None);
                None
            }
        };
        let clock = dog.clock.clone();
        let sleep = async {
            match wait {
                Some(wait) => clock.sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = dog.stop.cancelled() => {}
            changed = dog.routes.changed() => if changed.is_err() { return },
            () = sleep => {}
        }
    }
}

impl Dog {
    /// Sends a heartbeat if it may be sent; gives the time until the next.
    async fn beat(&mut self, watchdog: &Watchdog) -> Option<Span> {
        let stop = self.stop.clone();
        let vitals = tokio::select! {
            () = stop.cancelled() => return None,
            vitals = self.look() => vitals,
        };
        let stuck = vital::stuck(&vitals, self.clock.now().steady);
        let words: Vec<&str> = stuck.iter().map(|stuck| stuck.words()).collect();
        let words = (!words.is_empty()).then(|| SafeText::line(&words.join("; ")));
        let mut known = self.beats.borrow().clone().unwrap_or_default();
        if let Some(words) = words {
            if known.stuck.as_ref() != Some(&words) {
                tracing::error!("no heartbeat is sent: {words}");
            }
            known.stuck = Some(words);
            self.say(Some(known));
            return Some(watchdog.interval.min(AGAIN));
        }
        if known.stuck.take().is_some() {
            tracing::warn!("everything moves again: the heartbeat is sent");
        }
        let sent = tokio::select! {
            () = stop.cancelled() => return None,
            sent = self.sender.beat(watchdog) => sent,
        };
        let wait = match sent {
            Ok(()) => {
                known.error = None;
                known.sent_at = Some(self.clock.now().wall);
                watchdog.interval
            }
            Err(why) => {
                if known.error.as_ref() != Some(&why) {
                    tracing::warn!(%why, "the heartbeat is not taken");
                }
                known.error = Some(why);
                watchdog.interval.min(AGAIN)
            }
        };
        self.say(Some(known));
        Some(wait)
    }

    /// What all parts did lately.
    async fn look(&mut self) -> Vitals {
        let now = self.clock.now().steady;
        let fresh = |turned: Steady| now.since(turned) <= TURN;
        // Who does not speak within this time is judged by its last word.
        let engine = self.vitals.wait_for(|vitals| fresh(vitals.turned));
        let _ = tokio::time::timeout(PATIENCE, engine).await;
        let outbox = self.post.wait_for(|post| fresh(post.turned));
        let _ = tokio::time::timeout(PATIENCE, outbox).await;
        let written = tokio::time::timeout(PATIENCE, self.probe()).await;
        let post = *self.post.borrow();
        Vitals {
            written: written.unwrap_or(false),
            posted: post.turned,
            failing: post.failing,
            ..*self.vitals.borrow()
        }
    }

    /// Writes something, as everything else that is stored is written.
    async fn probe(&self) -> bool {
        let written = heartbeat(&self.store, self.clock.now().wall).await;
        written.inspect_err(|error| tracing::debug!(%error, "no probe was written")).is_ok()
    }

    fn say(&self, heartbeat: Option<Heartbeat>) {
        self.beats.send_if_modified(|known| {
            let changed = *known != heartbeat;
            *known = heartbeat;
            changed
        });
    }
}
