//! The way of a command to an engine that may be out of reach for a while.
//!
//! In: a request. Out: what came of it. A request whose answer got lost is asked about again under
//! its own id, so it is done once however often it travels. One that never went out can be taken
//! back; one that may have gone out cannot, for nobody knows what came of it.
//! Never: keeps a query, which would only be asked anew; sends for ever.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::Sender;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::msg::Msg;
use crate::backend::{Backend, Undone};
use crate::clock::Clock;
use crate::model::{Span, Steady};
use crate::protocol::{Command, Outcome, Problem, ProblemKind, Request};

/// How long a command is kept; the engine remembers ids for a day.
const KEPT: Span = Span::from_secs(15 * 60);
/// Most commands that wait; more are refused at once.
const WAITING: usize = 100;
/// The first wait before another try, and the longest.
const FIRST: Span = Span::from_millis(500);
const LONGEST: Span = Span::from_secs(10);

/// The commands of a console that wait.
#[derive(Clone, Debug)]
pub struct Queue {
    places: Arc<Semaphore>,
    /// How each of them is taken back.
    back: Arc<Mutex<HashMap<u64, CancellationToken>>>,
}

/// What came of a command: an answer, or why there is none; `None` when it was taken back before it
/// went out.
pub type Came = Option<Result<Outcome, Problem>>;

impl Default for Queue {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(WAITING)), back: Arc::default() }
    }
}

impl Queue {
    /// Has the command of effect `id` done; waits for the engine when it is out of reach. `say`
    /// hears of it.
    pub async fn execute(
        &self,
        id: u64,
        backend: &Backend,
        request: Request,
        clock: &Clock,
        say: &Sender<Msg>,
    ) -> Came {
        let came = self.done(id, backend, request, clock, say).await;
        came.map(|answer| answer.map_err(|undone| undone.problem))
    }

    async fn done(
        &self,
        id: u64,
        backend: &Backend,
        request: Request,
        clock: &Clock,
        say: &Sender<Msg>,
    ) -> Option<Result<Outcome, Undone>> {
        let first = backend.deliver(request.clone()).await;
        let Some(mut sent) = lost(&first) else { return Some(first) };
        // What a stream looks at dies with the stream.
        if matches!(request.command, Command::Look { .. }) {
            return Some(first);
        }
        let Some(place) = self.place(id) else { return Some(first) };
        let until = clock.now().steady + KEPT;
        let (mut wait, mut last) = (FIRST, first);
        let _ = say.send(Msg::Queued { id, sent }).await;
        let came = loop {
            let pause = clock.sleep_until(soon(clock.now().steady, wait));
            if sent {
                pause.await;
            } else {
                tokio::select! {
                    () = place.back.cancelled() => break None,
                    () = pause => {}
                }
            }
            if clock.now().steady >= until {
                break Some(last);
            }
            wait = (wait + wait).min(LONGEST);
            last = backend.deliver(request.clone()).await;
            match lost(&last) {
                None => break Some(last),
                Some(now) if now && !sent => {
                    sent = true;
                    let _ = say.send(Msg::Queued { id, sent }).await;
                }
                Some(_) => {}
            }
        };
        let _ = say.send(Msg::Unqueued { id }).await;
        came
    }

    /// Takes commands back that have not gone out. One that is just tried is looked at when it is
    /// known what came of that.
    pub fn take_back(&self, ids: &[u64]) {
        let known = self.back();
        ids.iter().filter_map(|id| known.get(id)).for_each(CancellationToken::cancel);
    }

    fn back(&self) -> MutexGuard<'_, HashMap<u64, CancellationToken>> {
        self.back.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self, id: u64) -> Option<Place> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let back = CancellationToken::new();
        self.back().insert(id, back.clone());
        Some(Place { queue: self.clone(), id, back, _permit: permit })
    }
}

/// The place of a command that waits; free when dropped.
struct Place {
    queue: Queue,
    id: u64,
    back: CancellationToken,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.queue.back().remove(&self.id);
    }
}

/// Whether it got lost; then, whether it may have gone out.
fn lost(answer: &Result<Outcome, Undone>) -> Option<bool> {
    let undone = answer.as_ref().err()?;
    (undone.problem.kind == ProblemKind::Unreachable).then_some(undone.sent)
}

/// A quarter sooner or later, so that many consoles do not come back at once.
#[must_use]
pub fn soon(now: Steady, wait: Span) -> Steady {
    now + Span::from_millis(rand::random_range(wait.millis() * 3 / 4..=wait.millis() * 5 / 4))
}
