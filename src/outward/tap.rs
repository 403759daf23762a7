//! Where the engine hands over, and who sends: as many receivers as are configured now.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::health::{Health, Trouble};
use super::parcel::Parcel;
use super::queue::Queue;
use super::sender;
use crate::clock::Clock;
use crate::meters::Meters;
use crate::model::{Now, RemoteWrite};

/// One receiver: what waits for it, and how it is.
#[derive(Debug)]
pub(super) struct Line {
    pub to: RemoteWrite,
    queue: Mutex<Queue>,
    health: Mutex<Health>,
    /// Something was added, or nothing will be any more.
    pub news: Notify,
}

impl Line {
    pub fn new(to: RemoteWrite) -> Self {
        let queue = Mutex::new(Queue::new(to.queue));
        Self { to, queue, health: Mutex::default(), news: Notify::new() }
    }

    pub fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.queue().close();
        self.news.notify_one();
    }
}

type Lines = Arc<Vec<Arc<Line>>>;

/// Where the engine hands over. It never waits.
#[derive(Debug)]
pub struct Tap {
    lines: Lines,
    told: watch::Sender<Lines>,
    meters: Arc<Meters>,
}

/// Who sends; runs until the [`Tap`] is gone and what is left is sent, or its time is over.
#[derive(Debug)]
pub struct Sending {
    lines: watch::Receiver<Lines>,
    clock: Clock,
    meters: Arc<Meters>,
}

/// A tap and who sends what comes out of it.
#[must_use]
pub fn tap(clock: Clock, meters: Arc<Meters>) -> (Tap, Sending) {
    let (told, lines) = watch::channel(Lines::default());
    let tap = Tap { lines: Lines::default(), told, meters: Arc::clone(&meters) };
    (tap, Sending { lines, clock, meters })
}

impl Tap {
    /// True when nobody is to be sent anything.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.lines.is_empty()
    }

    /// Sends to these from now on; true when there is a new one. What waits for one that is gone or
    /// configured otherwise is sent first, in a bounded time; one that stays as it is keeps its queue.
    pub fn follow(&mut self, wanted: &[RemoteWrite]) -> bool {
        let lines: Vec<Arc<Line>> = wanted
            .iter()
            .map(|to| {
                let same = self.lines.iter().find(|line| line.to == *to).cloned();
                same.unwrap_or_else(|| Arc::new(Line::new(to.clone())))
            })
            .collect();
        let is_new = lines.iter().any(|line| !has(&self.lines, line));
        for gone in self.lines.iter().filter(|line| !has(&lines, line)) {
            gone.close();
        }
        self.lines = Arc::new(lines);
        self.told.send_replace(Arc::clone(&self.lines));
        is_new
    }

    /// Hands a parcel over to all receivers.
    pub fn put(&self, parcel: &Parcel, now: Now) {
        for line in self.lines.iter() {
            let dropped = line.queue().push(parcel.clone(), now.steady) as u64;
            if dropped > 0 {
                self.meters.outward.lost(&line.to.name, "dropped", dropped);
                line.health().lost(&line.to.name, dropped, now);
            }
            line.news.notify_one();
        }
    }

    /// Says how the queues are, and which receivers have failed for long.
    #[must_use]
    pub fn look(&self, now: Now) -> Vec<Trouble> {
        let mut all = Vec::new();
        for line in self.lines.iter() {
            let (waiting, oldest) = {
                let queue = line.queue();
                (queue.samples(), queue.oldest())
            };
            let lag = oldest.map(|since| now.steady.since(since)).unwrap_or_default();
            self.meters.outward.waiting(&line.to.name, waiting, lag.as_secs_f64());
            all.extend(line.health().trouble(&line.to.name, now));
        }
        all
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        for line in self.lines.iter() {
            line.close();
        }
    }
}

fn has(lines: &[Arc<Line>], line: &Arc<Line>) -> bool {
    lines.iter().any(|known| Arc::ptr_eq(known, line))
}

impl Sending {
    /// Sends until the tap is gone.
    pub async fn run(mut self) {
        let mut senders = JoinSet::new();
        let mut known: Vec<Arc<Line>> = Vec::new();
        loop {
            let now = Arc::clone(&self.lines.borrow_and_update());
            for line in now.iter().filter(|line| !has(&known, line)) {
                let (clock, meters) = (self.clock.clone(), Arc::clone(&self.meters));
                senders.spawn(sender::run(Arc::clone(line), clock, meters));
            }
            known = now.to_vec();
            while senders.try_join_next().is_some() {}
            if self.lines.changed().await.is_err() {
                break;
            }
        }
        while senders.join_next().await.is_some() {}
    }
}
