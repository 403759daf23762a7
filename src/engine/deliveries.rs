//! How far the word about each open alert has come, for the lists of all consoles.
//!
//! A task reads the outbox when it has changed, all open alerts at once and never more than a tenth
//! of the time; the engine tells what is different. Nothing waits for it.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::core::Core;
use super::lane::LATE;
use crate::clock::Clock;
use crate::model::{AlertId, Now, Span, Timestamp};
use crate::protocol::{DeliveryState, Told, ToldRow};
use crate::store::{Store, Telling};

/// The shortest time between two reads.
const APART: Span = Span::from_secs(1);
/// So often it is read anyway while something is on its way: its time passes without a change.
const ANYWAY: Span = Span::from_secs(30);
/// So many times as long as a read took is waited before the next.
const TIMES: u64 = 10;

type All = HashMap<AlertId, Told>;

/// The engine's side.
pub(super) struct Side {
    read: watch::Receiver<Arc<All>>,
    /// What was told of it.
    known: All,
}

/// What the task needs.
pub(super) struct Reader {
    pub store: Store,
    pub clock: Clock,
    pub changed: Arc<Notify>,
    pub held: watch::Receiver<bool>,
    pub stop: CancellationToken,
    all: watch::Sender<Arc<All>>,
}

/// Both ends.
pub(super) fn pair(
    store: Store,
    clock: Clock,
    changed: Arc<Notify>,
    held: watch::Receiver<bool>,
    stop: CancellationToken,
) -> (Side, Reader) {
    let (all, read) = watch::channel(Arc::default());
    // What is there at the start is read at once.
    changed.notify_one();
    (Side { read, known: All::new() }, Reader { store, clock, changed, held, stop, all })
}

/// Of each alert the word that needs people most.
fn told(rows: &[Telling], held: bool, now: Timestamp) -> All {
    let mut all = All::new();
    for row in rows {
        let one = match DeliveryState::from_word(&row.state) {
            DeliveryState::Sent => Told::Sent,
            DeliveryState::Parked => Told::Parked,
            DeliveryState::Dropped => Told::Dropped,
            DeliveryState::Due | DeliveryState::Digest => match row.tries {
                0 if held || row.not_before > now => Told::Held,
                0 if now.since(row.not_before) > LATE => Told::Delayed,
                0 => Told::Queued,
                tries => Told::Failed(tries),
            },
        };
        let known = all.entry(row.alert).or_insert(one);
        *known = one.max(*known);
    }
    all
}

/// Reads until stopped.
pub(super) async fn run(reader: Reader) {
    let mut wait = Span::ZERO;
    loop {
        let all = reader.all.borrow().clone();
        let moves = all.values().any(|told| !told.is_over());
        tokio::select! {
            () = reader.stop.cancelled() => return,
            () = reader.clock.sleep(wait) => {}
        }
        tokio::select! {
            () = reader.stop.cancelled() => return,
            () = reader.changed.notified() => {}
            () = reader.clock.sleep(ANYWAY), if moves => {}
        }
        let begun = reader.clock.now();
        match reader.store.tellings().await {
            Ok(rows) => {
                let held = *reader.held.borrow();
                let now = told(&rows, held, begun.wall);
                reader.all.send_if_modified(|all| {
                    let changed = **all != now;
                    *all = Arc::new(now);
                    changed
                });
            }
            Err(error) => {
                tracing::debug!(%error, "how far the word has come cannot be read");
                reader.changed.notify_one();
            }
        }
        let took = reader.clock.now().steady.since(begun.steady).millis();
        wait = APART.max(Span::from_millis(took * TIMES));
    }
}

impl Core {
    /// Tells what is different from what was told.
    pub(super) fn look_at_deliveries(&mut self, now: Now) {
        if !self.deliveries.read.has_changed().unwrap_or(false) {
            return;
        }
        let all = self.deliveries.read.borrow_and_update().clone();
        // An alert that is over meanwhile is nobody's any more.
        let open = |id: &AlertId| self.world.alert(*id).is_some();
        let fresh: All =
            all.iter().filter(|(id, _)| open(id)).map(|(id, told)| (*id, *told)).collect();
        let known = &self.deliveries.known;
        let changed = fresh.iter().filter(|(id, told)| known.get(id) != Some(told));
        let mut rows: Vec<ToldRow> =
            changed.map(|(alert, told)| ToldRow { alert: *alert, told: *told }).collect();
        rows.sort_by_key(|row| row.alert);
        self.deliveries.known = fresh;
        for event in ToldRow::events(&rows) {
            self.world.apply(&event, now.wall);
            self.feed.tell(&Arc::new(event), now.steady);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_destinations_the_one_that_needs_people_most_is_shown() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        let id = AlertId::from_parts(1, [1; 10]);
        let row = |state: &str, tries, not_before| Telling {
            alert: id,
            state: state.to_owned(),
            tries,
            not_before: at(not_before),
        };
        let now = 10_000;
        let sent = row("sent", 2, 0);
        for (rows, held, shown) in [
            (vec![sent.clone()], false, Told::Sent),
            (vec![row("dropped", 0, 0), sent.clone()], false, Told::Sent),
            (vec![row("due", 0, now), sent.clone()], false, Told::Queued),
            (vec![row("digest", 0, now)], false, Told::Queued),
            (vec![row("due", 0, now + 1)], false, Told::Held),
            (vec![row("due", 0, now)], true, Told::Held),
            (vec![row("due", 0, now - 3600)], false, Told::Queued),
            (vec![row("due", 0, now - 3601)], false, Told::Delayed),
            (vec![row("due", 3, now + 9), row("due", 0, 0)], false, Told::Failed(3)),
            (vec![row("due", 3, 0), row("due", 7, 0)], false, Told::Failed(7)),
            (vec![sent, row("parked", 0, 0), row("due", 7, 0)], false, Told::Parked),
        ] {
            for rows in [rows.clone(), rows.into_iter().rev().collect()] {
                assert_eq!(told(&rows, held, at(now)).get(&id), Some(&shown), "{rows:?}");
            }
        }
    }
}
