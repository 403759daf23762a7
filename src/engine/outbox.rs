//! Keeps the promises of the outbox: claims what is due, delivers, records the outcome.
//!
//! Delivery is at least once with a stable key; a row is marked sent after its destination took
//! it, so a crash between the two repeats it with the same key. Each destination has its own queue:
//! several deliveries at once, never two of one alert, and a slow or dead one holds no other. While
//! one transaction writes down what has landed, the next deliveries are under way already.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::flights::{Flight, Flights, written};
use super::gathering::Desk;
use super::watchdog::Post;
use crate::clock::Clock;
use crate::meters::Meters;
use crate::model::{ChannelKind, Routes, Span};
use crate::notify::Delivery;
use crate::store::{OutboxRow, Pass, Store, StoreError};

/// How often the outbox is looked at when nothing wakes it.
const IDLE: Span = Span::from_secs(1);
/// Deliveries of one destination at once.
const AT_ONCE: usize = 8;
/// The same for the log, which takes no time.
const LINES: usize = 200;
/// Rows of one destination that are read together: what is due is looked through each time.
const READ: usize = 1024;
/// So many are left when more are read.
const LOW: usize = 128;
/// How long a stop waits for deliveries that are on their way.
const LEAVE: Span = Span::from_secs(2);

/// What the outbox needs.
pub(super) struct Outbox {
    pub store: Store,
    pub clock: Clock,
    pub wake: Arc<tokio::sync::Notify>,
    pub routes: watch::Receiver<Arc<Routes>>,
    /// While paging is held nobody is told of anything but that.
    pub held: watch::Receiver<bool>,
    /// Changes when an operator had something sent again or given up.
    pub redone: watch::Receiver<()>,
    /// What is said to the heartbeat's task.
    pub post: watch::Sender<Post>,
    /// Woken when the outbox has changed.
    pub changed: Arc<tokio::sync::Notify>,
    pub meters: Arc<Meters>,
    pub stop: CancellationToken,
}

/// Delivers until stopped.
pub(super) async fn run(mut outbox: Outbox) {
    let mut flights = Flights::default();
    let mut look = true;
    while !outbox.stop.is_cancelled() {
        if outbox.is_otherwise() {
            flights.give_back();
            look = true;
        }
        if look || flights.wants_more(LOW) {
            look = false;
            match outbox.read(&mut flights).await {
                Ok(()) => {
                    let now = outbox.clock.now().steady;
                    outbox.meters.pulse.posted(now);
                    outbox.post.send_modify(|post| post.turned = now);
                }
                Err(error) => {
                    tracing::warn!(%error, "the outbox cannot be read; it is tried again");
                }
            }
            // Meanwhile it may be otherwise.
            if outbox.is_otherwise() {
                flights.give_back();
                look = true;
            }
        }
        let now = outbox.clock.now();
        // Cut off from the database, or woken from a long sleep, this server may lead no more.
        if outbox.store.may_act(now.steady) {
            flights.start(now.wall);
        }
        if let Some(landed) = flights.take_landed() {
            let (store, clock, stop) =
                (outbox.store.clone(), outbox.clock.clone(), outbox.stop.clone());
            flights.writing = Some(tokio::spawn(record(store, clock, stop, landed)));
        }
        tokio::select! {
            Some(landed) = flights.tasks.join_next() => {
                flights.land(landed, outbox.clock.now().wall);
            }
            Some(landed) = written(&mut flights.writing) => outbox.settle(&mut flights, &landed),
            () = outbox.stop.cancelled() => break,
            () = outbox.wake.notified() => {
                outbox.changed.notify_one();
                look = true;
            }
            () = outbox.clock.sleep(IDLE) => look = true,
        }
    }
    // What does not land in time is repeated after the next start, under the same key.
    let _ = tokio::time::timeout(LEAVE.to_std(), outbox.leave(&mut flights)).await;
}

impl Outbox {
    /// True when what was read may be out of date: paging is held or no more, there are other
    /// channels, or an operator gave something up.
    fn is_otherwise(&mut self) -> bool {
        let mut changed = self.held.has_changed().unwrap_or(false);
        changed |= self.routes.has_changed().unwrap_or(false);
        changed |= self.redone.has_changed().unwrap_or(false);
        if changed {
            self.held.mark_unchanged();
            self.routes.mark_unchanged();
            self.redone.mark_unchanged();
        }
        changed
    }

    /// Reads what may leave, for each destination that has little left of what was read before.
    async fn read(&self, flights: &mut Flights) -> Result<(), StoreError> {
        let now = self.clock.now().wall;
        let routes = Arc::clone(&self.routes.borrow());
        let held = *self.held.borrow();
        let destinations = self.store.due_destinations(now).await?;
        flights.reading(LOW);
        for destination in destinations {
            let channel = routes.channel(&destination);
            let width = match channel.as_ref().map(|channel| &channel.kind) {
                Some(ChannelKind::Log) | None => LINES,
                Some(_) => AT_ONCE,
            };
            let queue = flights.queue(&destination, channel, width);
            if queue.waiting() > LOW {
                continue;
            }
            let room = queue.room(now, READ);
            if room == 0 {
                continue;
            }
            let asked = u32::try_from(room + queue.busy.len()).unwrap_or(u32::MAX);
            let desk = Desk {
                name: &destination,
                channel: queue.channel.as_ref(),
                routes: &routes,
                busy: &queue.busy,
                now,
            };
            let pass = if held { Pass::Held } else { self.gather(&desk).await? };
            let due = self.store.passing(&destination, now, asked, pass).await?;
            queue.fill(due, room);
        }
        Ok(())
    }

    /// Takes in what was written down.
    fn settle(&self, flights: &mut Flights, landed: &[Flight]) {
        self.changed.notify_one();
        let steady = self.clock.now().steady;
        for flight in landed {
            self.count(flight);
        }
        self.post.send_modify(|post| {
            for flight in landed {
                post.tried(&flight.delivery, steady);
            }
        });
        flights.settle(landed);
    }

    /// Counts what became of a delivery, and says so.
    fn count(&self, flight: &Flight) {
        let routes = self.routes.borrow();
        let destination = &flight.row.notification.destination;
        let kind = routes.channel(destination).map(|channel| channel.kind);
        let channel = match kind {
            Some(ChannelKind::Log) => "log",
            Some(ChannelKind::Webhook(_)) => "webhook",
            Some(ChannelKind::Exec(_)) => "exec",
            Some(ChannelKind::FluxNotify(_)) => "flux_notify",
            Some(ChannelKind::Email(_)) => "email",
            None => "none",
        };
        let result = match flight.delivery {
            Delivery::Sent => "sent",
            Delivery::Retry { .. } => "retry",
            Delivery::Refused(_) => "refused",
        };
        self.meters.monitor.notified(channel, result);
        // The log has it already.
        if channel != "log" {
            tracing::info!(channel, destination, result, "notification");
        }
    }

    /// Waits for what is on its way and writes it down.
    async fn leave(&self, flights: &mut Flights) {
        flights.give_back();
        loop {
            if let Some(landed) = written(&mut flights.writing).await {
                self.settle(flights, &landed);
            } else if let Some(landed) = flights.take_landed() {
                let (store, clock) = (self.store.clone(), self.clock.clone());
                let landed = record(store, clock, self.stop.clone(), landed).await;
                self.settle(flights, &landed.unwrap_or_default());
            } else if let Some(landed) = flights.tasks.join_next().await {
                flights.land(landed, self.clock.now().wall);
            } else {
                return;
            }
        }
    }
}

/// Writes down what landed, however often it takes; `None` when stopped before.
async fn record(
    store: Store,
    clock: Clock,
    stop: CancellationToken,
    landed: Vec<Flight>,
) -> Option<Vec<Flight>> {
    while let Err(error) = write(&store, &landed).await {
        tracing::warn!(%error, "what became of notifications cannot be stored; tried again");
        tokio::select! {
            () = stop.cancelled() => return None,
            () = clock.sleep(IDLE) => {}
        }
    }
    Some(landed)
}

async fn write(store: &Store, landed: &[Flight]) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    let mut sent = Vec::new();
    for flight in landed {
        let Flight { row, delivery, opened, asked, at, releases } = flight;
        let now = *at;
        let OutboxRow { notification, tries, .. } = row;
        let key = &notification.key;
        if let Some(incident) = opened {
            tx.put_incident(notification.alert, &notification.destination, incident).await?;
        }
        match delivery {
            Delivery::Sent => {
                if *releases {
                    tx.release(&notification.destination, now).await?;
                }
                sent.push((key.as_str(), now));
            }
            Delivery::Retry { why, after } => {
                let wait = flight.wait(*after);
                tracing::warn!(%key, %why, "a notification was not taken; it is tried again");
                tx.mark_retry(key, now + wait, tries + 1, why).await?;
            }
            Delivery::Refused(why) => {
                tracing::error!(%key, %why, "a notification was refused and is parked");
                tx.mark_parked(key, tries + u32::from(*asked), why).await?;
            }
        }
    }
    tx.mark_all_sent(&sent).await?;
    tx.commit().await
}
