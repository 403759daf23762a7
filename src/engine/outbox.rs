//! Keeps the promises of the outbox: claims what is due, delivers, records the outcome.
//!
//! Delivery is at least once with a stable key; a row is marked sent after its destination took
//! it, so a crash between the two repeats it with the same key. Each destination has its own lane:
//! several deliveries at once, never two of one alert, and a slow or dead one holds no other.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::gathering::Desk;
use super::lane::{self, Lane};
use super::watchdog::Post;
use crate::clock::Clock;
use crate::model::{AlertId, Channel, ChannelKind, Incident, Routes, Span, Timestamp};
use crate::notify::{Delivery, Sender};
use crate::store::{OutboxRow, Pass, Store, StoreError};

/// How often the outbox is looked at when nothing wakes it.
const IDLE: Span = Span::from_secs(1);
/// Deliveries of one destination at once.
const AT_ONCE: usize = 8;
/// The same for the log, which takes no time.
const LINES: usize = 200;
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
    /// What is said to the heartbeat's task.
    pub post: watch::Sender<Post>,
    /// Woken when the outbox has changed.
    pub changed: Arc<tokio::sync::Notify>,
    pub stop: CancellationToken,
}

struct Flight {
    row: OutboxRow,
    delivery: Delivery,
    /// Its destination was asked at all.
    asked: bool,
    /// The incident that it opened.
    opened: Option<Incident>,
}

/// Deliveries on their way.
#[derive(Default)]
struct Flights {
    tasks: JoinSet<Flight>,
    /// By destination, the alerts of which one is under way.
    busy: HashMap<String, HashSet<AlertId>>,
    lanes: HashMap<String, Lane>,
    sender: Sender,
}

/// Delivers until stopped.
pub(super) async fn run(outbox: Outbox) {
    let mut flights = Flights::default();
    while !outbox.stop.is_cancelled() {
        match outbox.send_off(&mut flights).await {
            Ok(()) => outbox.post.send_modify(|post| post.turned = outbox.clock.now().steady),
            Err(error) => {
                tracing::warn!(%error, "the outbox cannot be read; it is tried again");
            }
        }
        tokio::select! {
            Some(landed) = flights.tasks.join_next() => {
                outbox.record(&mut flights, landed).await;
            }
            () = outbox.stop.cancelled() => break,
            () = outbox.wake.notified() => outbox.changed.notify_one(),
            () = outbox.clock.sleep(IDLE) => {}
        }
    }
    let last = async {
        while let Some(landed) = flights.tasks.join_next().await {
            outbox.record(&mut flights, landed).await;
        }
    };
    // What does not land in time is repeated after the next start, under the same key.
    let _ = tokio::time::timeout(LEAVE.to_std(), last).await;
}

impl Outbox {
    /// Starts what may start.
    async fn send_off(&self, flights: &mut Flights) -> Result<(), StoreError> {
        let now = self.clock.now().wall;
        let routes = Arc::clone(&self.routes.borrow());
        let held = *self.held.borrow();
        for destination in self.store.due_destinations(now).await? {
            let channel = routes.channel(&destination);
            let width = match channel.as_ref().map(|channel| &channel.kind) {
                Some(ChannelKind::Log) | None => LINES,
                Some(_) => AT_ONCE,
            };
            let busy = flights.busy.entry(destination.clone()).or_default();
            let lane = flights.lanes.entry(destination.clone()).or_default();
            let free = lane.free(now, width).saturating_sub(busy.len());
            if free == 0 {
                continue;
            }
            let asked = u32::try_from(free + busy.len()).unwrap_or(u32::MAX);
            let desk =
                Desk { name: &destination, channel: channel.as_ref(), routes: &routes, busy, now };
            let pass = if held { Pass::Held } else { self.gather(&desk).await? };
            let due = self.store.passing(&destination, now, asked, pass).await?;
            let due = due.into_iter().filter(|row| !busy.contains(&row.notification.alert));
            let due: Vec<OutboxRow> = due.take(free).collect();
            for row in due {
                busy.insert(row.notification.alert);
                let (sender, channel) = (flights.sender.clone(), channel.clone());
                flights.tasks.spawn(deliver(sender, channel, row, now));
            }
        }
        Ok(())
    }

    /// Records what landed, and with it all else that has.
    async fn record(&self, flights: &mut Flights, first: Result<Flight, tokio::task::JoinError>) {
        let mut landed = Vec::new();
        let mut next = Some(first);
        while let Some(one) = next {
            match one {
                Ok(flight) => landed.push(flight),
                // Its alert stays busy until a restart: better late than twice at once.
                Err(error) => tracing::error!(%error, "a delivery failed inside"),
            }
            next = flights.tasks.try_join_next();
        }
        let now = self.clock.now().wall;
        while let Err(error) = self.write(flights, &landed, now).await {
            tracing::warn!(%error, "what became of notifications cannot be stored; tried again");
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.clock.sleep(IDLE) => {}
            }
        }
        self.changed.notify_one();
        let steady = self.clock.now().steady;
        self.post.send_modify(|post| {
            for flight in &landed {
                post.tried(&flight.delivery, steady);
            }
        });
        for Flight { row, .. } in &landed {
            if let Some(busy) = flights.busy.get_mut(&row.notification.destination) {
                busy.remove(&row.notification.alert);
            }
        }
        flights.busy.retain(|_, alerts| !alerts.is_empty());
        flights.lanes.retain(|_, lane| !lane.is_clear());
    }

    async fn write(
        &self,
        flights: &mut Flights,
        landed: &[Flight],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut lanes = flights.lanes.clone();
        let mut tx = self.store.write().await?;
        for Flight { row, delivery, opened, asked } in landed {
            let OutboxRow { notification, tries, .. } = row;
            let key = &notification.key;
            let lane = lanes.entry(notification.destination.clone()).or_default();
            if let Some(incident) = opened {
                tx.put_incident(notification.alert, &notification.destination, incident).await?;
            }
            match delivery {
                Delivery::Sent => {
                    if lane.sent() {
                        tx.release(&notification.destination, now).await?;
                    }
                    tx.mark_sent(key, now).await?;
                }
                Delivery::Retry { why, after } => {
                    let wait = after.unwrap_or_else(|| lane::backoff(*tries, key));
                    lane.failed(now, wait);
                    tracing::warn!(%key, %why, "a notification was not taken; it is tried again");
                    tx.mark_retry(key, now + wait, tries + 1, why).await?;
                }
                Delivery::Refused(why) => {
                    tracing::error!(%key, %why, "a notification was refused and is parked");
                    tx.mark_parked(key, tries + u32::from(*asked), why).await?;
                }
            }
        }
        tx.commit().await?;
        flights.lanes = lanes;
        Ok(())
    }
}

async fn deliver(
    sender: Sender,
    channel: Option<Channel>,
    row: OutboxRow,
    now: Timestamp,
) -> Flight {
    let mut incident = row.incident.clone();
    // What an operator had sent again is as old as that.
    let at = row.resent_at.unwrap_or(row.notification.edge.at);
    let late = lane::lateness(at, now);
    let asked = channel.is_some() && late.is_some();
    let delivery = match (channel, late) {
        (None, _) => Delivery::Refused("there is no such channel any more".to_owned()),
        (_, None) => Delivery::Refused("it is older than 24 hours".to_owned()),
        (Some(channel), Some(late)) => {
            sender.deliver_of(&channel, &row.notification, late, &mut incident).await
        }
    };
    let opened = incident.filter(|incident| row.incident.as_ref() != Some(incident));
    Flight { row, delivery, asked, opened }
}
