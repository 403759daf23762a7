//! The engine's door: a cloneable handle, and the questions that pass through it.
//!
//! A handle is two bounded channels (people before work), so a test fakes the engine by holding
//! their receiver.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use tokio::sync::{mpsc, oneshot};

use super::gate::{Gate, Word};
use super::inside::Inside;
use super::members::SharedKey;
use crate::auth::Accounts;
use crate::clock::Clock;
use crate::meters::Meters;
use crate::protocol::event::Mark;
use crate::protocol::{Actor, Answer, Command, Event, Expected, Outcome, Problem, Query, Request};

/// Questions that may wait at the door; beyond that, askers wait.
const ASKS: usize = 1024;
/// Reports that may wait; beyond that, the worker waits and counts the delay as lag.
const REPORTS: usize = 128;
/// Events that may wait for one watcher; beyond that it is told to start over. As many as a busy
/// engine makes while a slow console takes in a first picture of ten thousand hosts.
pub const EVENTS: usize = 16_384;

/// One question with the place for its answer.
#[derive(Debug)]
pub enum Ask {
    /// Do something.
    Execute(Request, oneshot::Sender<Result<Outcome, Problem>>),
    /// The same, if what it changes is still as whoever asks saw it.
    ExecuteIf(Expected, Request, oneshot::Sender<Result<Outcome, Problem>>),
    /// Look something up.
    Query(Actor, Query, oneshot::Sender<Result<Answer, Problem>>),
    /// Send what changes from now on, after the present picture.
    Watch(Actor, oneshot::Sender<Result<Watcher, Problem>>),
    /// The same; where it can, it goes on after a place of an earlier stream.
    Resume(Actor, Mark, oneshot::Sender<Result<Watcher, Problem>>),
}

/// Where the engine is asked; cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    asks: mpsc::Sender<Ask>,
    work: mpsc::Sender<Ask>,
    pub(super) gate: Arc<Gate>,
    meters: Arc<Meters>,
    /// How the engine is; set when it has begun.
    inside: Arc<OnceLock<Arc<Inside>>>,
}

/// The engine's ends of a [`Handle`].
#[derive(Debug)]
pub struct Door {
    /// What people and programs ask.
    pub asks: mpsc::Receiver<Ask>,
    /// What the worker reports.
    pub work: mpsc::Receiver<Ask>,
    /// What comes from the gate.
    pub(super) words: mpsc::Receiver<Word>,
    pub(super) gate: Arc<Gate>,
}

impl Handle {
    /// A handle and the engine's ends of it; sessions end with the process.
    #[must_use]
    pub fn new() -> (Self, Door) {
        Self::behind(Gate::new(None))
    }

    /// A handle and the engine's ends of it; the key of sessions is kept in a data directory.
    #[must_use]
    pub fn keeping_sessions(data_dir: &Path) -> (Self, Door) {
        Self::behind(Gate::new(Some(data_dir.to_owned())))
    }

    /// A handle of one of several servers, for one time in which it leads, or for all in which it
    /// does not; key and meters are its process's.
    #[must_use]
    pub fn of_member(key: &SharedKey, meters: Arc<Meters>) -> (Self, Door) {
        let (mut handle, door) = Self::behind(Gate::sharing(Arc::clone(&key.0)));
        handle.meters = meters;
        (handle, door)
    }

    fn behind((gate, words): (Arc<Gate>, mpsc::Receiver<Word>)) -> (Self, Door) {
        let (asks, asked) = mpsc::channel(ASKS);
        let (work, worked) = mpsc::channel(REPORTS);
        let door = Door { asks: asked, work: worked, words, gate: Arc::clone(&gate) };
        let (meters, inside) = Default::default();
        (Self { asks, work, gate, meters, inside }, door)
    }

    /// A handle whose questions all arrive at one receiver: a fake engine for tests.
    #[must_use]
    pub fn channel() -> (Self, mpsc::Receiver<Ask>) {
        Self::channel_for(Accounts::default())
    }

    /// The same; it lets these in over the network.
    #[must_use]
    pub fn channel_for(accounts: Accounts) -> (Self, mpsc::Receiver<Ask>) {
        let (asks, asked) = mpsc::channel(ASKS);
        let (gate, _) = Gate::new(None);
        gate.open(accounts, Clock::System);
        let (meters, inside) = Default::default();
        (Self { work: asks.clone(), asks, gate, meters, inside }, asked)
    }

    /// The meters of this engine and of all that stands around it.
    #[must_use]
    pub fn meters(&self) -> &Arc<Meters> {
        &self.meters
    }

    /// The engine has begun.
    pub(super) fn begun(&self, inside: Arc<Inside>) {
        // A handle belongs to one engine; a second start of it keeps the first.
        let _ = self.inside.set(inside);
    }

    /// How the engine is; `None` until it has begun.
    pub(super) fn inside(&self) -> Option<&Inside> {
        self.inside.get().map(AsRef::as_ref)
    }

    /// Has a command done.
    ///
    /// # Errors
    /// The engine's problem, or `Unavailable` when it has stopped.
    pub async fn execute(&self, request: Request) -> Result<Outcome, Problem> {
        let is_work = matches!(request.command, Command::Report(_) | Command::Claim(_));
        if is_work && matches!(request.actor, Actor::Agent { .. }) && self.work.capacity() == 0 {
            // It keeps what it has, and comes again; the server's own worker waits here.
            return Err(Problem::unavailable("too many results at once; send it again later"));
        }
        let door = if is_work { &self.work } else { &self.asks };
        let (reply, answer) = oneshot::channel();
        door.send(Ask::Execute(request, reply)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// The same, if what it changes is in one of the states that are expected. That is decided
    /// where the change is: between the two nobody else changes anything.
    ///
    /// # Errors
    /// As [`Self::execute`], and `Outdated`.
    pub async fn execute_if(
        &self,
        expected: Expected,
        request: Request,
    ) -> Result<Outcome, Problem> {
        let (reply, answer) = oneshot::channel();
        let ask = Ask::ExecuteIf(expected, request, reply);
        self.asks.send(ask).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// Has a query answered.
    ///
    /// # Errors
    /// The engine's problem, or `Unavailable` when it has stopped.
    pub async fn query(&self, actor: Actor, query: Query) -> Result<Answer, Problem> {
        let (reply, answer) = oneshot::channel();
        self.asks.send(Ask::Query(actor, query, reply)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// A stream of what changes, beginning with the present picture.
    ///
    /// # Errors
    /// `Unavailable` when the engine has stopped.
    pub async fn watch(&self, actor: Actor) -> Result<Watcher, Problem> {
        let (reply, answer) = oneshot::channel();
        self.asks.send(Ask::Watch(actor, reply)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// The same; where it can, the stream goes on after a place of an earlier one.
    ///
    /// # Errors
    /// As [`Self::watch`].
    pub async fn resume(&self, actor: Actor, after: Mark) -> Result<Watcher, Problem> {
        let (reply, answer) = oneshot::channel();
        self.asks.send(Ask::Resume(actor, after, reply)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

fn stopped() -> Problem {
    Problem::unavailable("the engine has stopped")
}

/// One stream of events: first the picture, then the changes.
#[derive(Debug)]
pub struct Watcher {
    picture: VecDeque<Arc<Event>>,
    changes: mpsc::Receiver<Arc<Event>>,
}

impl Watcher {
    /// A stream that begins with `picture` (and then [`Event::Ready`]).
    #[must_use]
    pub fn new(picture: Vec<Arc<Event>>, changes: mpsc::Receiver<Arc<Event>>) -> Self {
        Self { picture: picture.into(), changes }
    }

    /// The next event; `None` when the engine stopped or dropped this watcher for being too slow
    /// (then the last event was [`Event::Resync`] or the stream just ends: watch again).
    pub async fn next(&mut self) -> Option<Arc<Event>> {
        match self.picture.pop_front() {
            Some(event) => Some(event),
            None => self.changes.recv().await,
        }
    }

    /// An event that is there already.
    pub fn try_next(&mut self) -> Option<Arc<Event>> {
        self.picture.pop_front().or_else(|| self.changes.try_recv().ok())
    }
}
