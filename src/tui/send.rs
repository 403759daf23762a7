//! The way of a command to an engine that may be out of reach for a while.
//!
//! In: a request. Out: what came of it. A request whose answer got lost is asked about again under
//! its own id, so it is done once however often it travels.
//! Never: keeps a query, which would only be asked anew; sends for ever.

use std::sync::Arc;

use tokio::sync::mpsc::Sender;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::msg::Msg;
use crate::backend::Backend;
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
pub struct Queue(Arc<Semaphore>);

impl Default for Queue {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(WAITING)))
    }
}

impl Queue {
    /// Has a command done; waits for the engine when it is out of reach. `say` hears of it.
    pub async fn execute(
        &self,
        backend: &Backend,
        request: Request,
        clock: &Clock,
        say: &Sender<Msg>,
    ) -> Result<Outcome, Problem> {
        let mut answer = backend.execute(request.clone()).await;
        // What a stream looks at dies with the stream.
        if !is_lost(&answer) || matches!(request.command, Command::Look { .. }) {
            return answer;
        }
        let Some(_place) = self.place() else {
            return answer;
        };
        let until = clock.now().steady + KEPT;
        let _ = say.send(Msg::Queued(true)).await;
        let mut wait = FIRST;
        while is_lost(&answer) && clock.now().steady < until {
            clock.sleep_until(soon(clock.now().steady, wait)).await;
            wait = (wait + wait).min(LONGEST);
            answer = backend.execute(request.clone()).await;
        }
        let _ = say.send(Msg::Queued(false)).await;
        answer
    }

    fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).try_acquire_owned().ok()
    }
}

fn is_lost(answer: &Result<Outcome, Problem>) -> bool {
    matches!(answer, Err(problem) if problem.kind == ProblemKind::Unreachable)
}

/// A quarter sooner or later, so that many consoles do not come back at once.
#[must_use]
pub fn soon(now: Steady, wait: Span) -> Steady {
    now + Span::from_millis(rand::random_range(wait.millis() * 3 / 4..=wait.millis() * 5 / 4))
}
