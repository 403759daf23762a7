//! Deliveries: what was read for each destination, what is under way, what has landed.
//!
//! In: rows of the outbox, and how deliveries ended. Out: deliveries begun, at most so many of a
//! destination at once, and what is to be written down. Never: reads or writes the store, or has two
//! of one alert under way: its next is read when the one before is written down.

use std::collections::{HashMap, HashSet, VecDeque};

use tokio::task::{JoinError, JoinHandle, JoinSet};

use super::lane::{self, Lane};
use crate::model::{AlertId, Channel, Incident, Span, Timestamp};
use crate::notify::{Delivery, Sender};
use crate::store::OutboxRow;

/// Deliveries that have ended and are not written down, at most; so many does a crash repeat besides
/// those under way.
const UNWRITTEN: usize = 64;

/// Deliveries that are being written down; nothing when stopped before.
pub(super) type Writing = JoinHandle<Option<Vec<Flight>>>;

/// A delivery that has ended.
pub(super) struct Flight {
    pub row: OutboxRow,
    pub delivery: Delivery,
    /// Its destination was asked at all.
    pub asked: bool,
    /// The incident that it opened.
    pub opened: Option<Incident>,
    /// When it ended.
    pub at: Timestamp,
    /// Its destination takes again: what waits for another try need wait no longer.
    pub releases: bool,
}

impl Flight {
    /// How long until it is tried again: what its destination asked for, else by its tries.
    pub(super) fn wait(&self, after: Option<Span>) -> Span {
        after.unwrap_or_else(|| lane::backoff(self.row.tries, &self.row.notification.key))
    }
}

/// What was read for a destination.
#[derive(Default)]
pub(super) struct Queue {
    /// As it was when they were read.
    pub channel: Option<Channel>,
    /// The alerts of which one was read and is not written down.
    pub busy: HashSet<AlertId>,
    width: usize,
    rows: VecDeque<OutboxRow>,
    under_way: usize,
    lane: Lane,
    /// There may be more to read.
    more: bool,
}

impl Queue {
    /// Rows that have not left.
    pub(super) fn waiting(&self) -> usize {
        self.rows.len()
    }

    /// How many more may be read: many while the destination takes all, else what it may be asked.
    pub(super) fn room(&self, now: Timestamp, most: usize) -> usize {
        if self.lane.is_clear() {
            return most.saturating_sub(self.rows.len());
        }
        let free = self.lane.free(now, self.width);
        free.saturating_sub(self.under_way + self.rows.len())
    }

    /// Takes up to `room` of the rows that were read.
    pub(super) fn fill(&mut self, rows: Vec<OutboxRow>, room: usize) {
        let (busy, queue) = (&mut self.busy, &mut self.rows);
        let mut left = room;
        for row in rows {
            if left > 0 && busy.insert(row.notification.alert) {
                queue.push_back(row);
                left -= 1;
            }
        }
    }

    /// What has not left is read again.
    fn give_back(&mut self) {
        for row in self.rows.drain(..) {
            self.busy.remove(&row.notification.alert);
        }
        self.more = true;
    }

    fn is_idle(&self) -> bool {
        self.busy.is_empty() && self.lane.is_clear()
    }
}

/// All deliveries.
#[derive(Default)]
pub(super) struct Flights {
    pub tasks: JoinSet<Flight>,
    /// What is being written down.
    pub writing: Option<Writing>,
    queues: HashMap<String, Queue>,
    landed: Vec<Flight>,
    /// How many are being written down.
    unwritten: usize,
    sender: Sender,
}

impl Flights {
    /// The queue of a destination.
    pub(super) fn queue(
        &mut self,
        destination: &str,
        channel: Option<Channel>,
        width: usize,
    ) -> &mut Queue {
        let queue = self.queues.entry(destination.to_owned()).or_default();
        (queue.channel, queue.width) = (channel, width);
        queue
    }

    /// True when a queue runs low and there may be more for it.
    pub(super) fn wants_more(&self, low: usize) -> bool {
        self.queues.values().any(|queue| queue.more && queue.rows.len() <= low)
    }

    /// All queues that run low are read now; those are forgotten of which there is nothing to know.
    pub(super) fn reading(&mut self, low: usize) {
        self.queues.retain(|_, queue| !queue.is_idle());
        for queue in self.queues.values_mut() {
            queue.more &= queue.rows.len() > low;
        }
    }

    /// What has not left is read again.
    pub(super) fn give_back(&mut self) {
        self.queues.values_mut().for_each(Queue::give_back);
    }

    /// Begins what may begin.
    pub(super) fn start(&mut self, now: Timestamp) {
        let Self { tasks, queues, landed, unwritten, sender, .. } = self;
        let unwritten = *unwritten + landed.len();
        for queue in queues.values_mut() {
            while unwritten < UNWRITTEN
                && queue.under_way < queue.width
                && let Some(row) = queue.rows.pop_front()
            {
                queue.under_way += 1;
                tasks.spawn(deliver(sender.clone(), queue.channel.clone(), row, now));
            }
        }
    }

    /// Takes in how a delivery ended.
    pub(super) fn land(&mut self, landed: Result<Flight, JoinError>, now: Timestamp) {
        let mut flight = match landed {
            Ok(flight) => flight,
            Err(error) => {
                // Its alert stays busy until a restart: better late than twice at once.
                tracing::error!(%error, "a delivery failed inside");
                return;
            }
        };
        flight.at = now;
        let notification = &flight.row.notification;
        if let Some(queue) = self.queues.get_mut(&notification.destination) {
            queue.under_way = queue.under_way.saturating_sub(1);
            match &flight.delivery {
                Delivery::Sent => flight.releases = queue.lane.sent(),
                Delivery::Retry { after, .. } => {
                    queue.lane.failed(now, flight.wait(*after));
                    queue.give_back();
                }
                Delivery::Refused(_) => {}
            }
        }
        self.landed.push(flight);
    }

    /// What is to be written down now, one after the other.
    pub(super) fn take_landed(&mut self) -> Option<Vec<Flight>> {
        if self.writing.is_some() || self.landed.is_empty() {
            return None;
        }
        self.unwritten = self.landed.len();
        Some(std::mem::take(&mut self.landed))
    }

    /// These are written down: what follows them may be read.
    pub(super) fn settle(&mut self, landed: &[Flight]) {
        self.unwritten = 0;
        for Flight { row, .. } in landed {
            if let Some(queue) = self.queues.get_mut(&row.notification.destination) {
                queue.busy.remove(&row.notification.alert);
                queue.more = true;
            }
        }
    }
}

/// What was written down; `None` when nothing is being written.
pub(super) async fn written(writing: &mut Option<Writing>) -> Option<Vec<Flight>> {
    let written = writing.as_mut()?.await;
    *writing = None;
    match written {
        Ok(landed) => Some(landed.unwrap_or_default()),
        Err(error) => {
            // As above.
            tracing::error!(%error, "writing down deliveries failed inside");
            Some(Vec::new())
        }
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
    Flight { row, delivery, asked, opened, at: now, releases: false }
}
