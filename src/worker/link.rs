//! The worker's link to whoever gives it work: the engine of this process, or servers elsewhere.

use tokio::task::JoinHandle;

use super::outlet::{Batch, Outlet};
use super::remote::Remote;
use crate::backend::{Backend, Watch};
use crate::clock::Clock;
use crate::model::{RequestId, Steady};
use crate::protocol::work::{Assignment, Claim, Directives, Report};
use crate::protocol::{Actor, Command, Event, Outcome, Problem, Request};

/// What comes over a link.
#[derive(Debug)]
pub(super) enum Said {
    /// The whole list of checks, anew.
    Assigned {
        /// The list.
        assignments: Vec<Assignment>,
        /// Whether nothing is to be started.
        pause: bool,
    },
    /// What changes, and when it was asked for: nothing that was told unasked says how old it is.
    Directives(Directives, Option<Steady>),
    /// The link can take a batch again.
    Free,
    /// Nothing comes any more.
    Ended,
}

/// A link.
#[derive(Debug)]
pub(super) enum Link {
    /// One engine, which stays as long as the worker does.
    Direct(Box<Direct>),
    /// Servers that come and go.
    Remote(Remote),
}

impl Link {
    /// True when it takes a batch.
    pub(super) fn is_free(&self) -> bool {
        match self {
            Self::Direct(direct) => direct.sending.is_none(),
            Self::Remote(remote) => remote.is_free(),
        }
    }

    /// Hands a batch over.
    pub(super) fn send(&mut self, batch: Batch) {
        match self {
            Self::Direct(direct) => direct.send(batch),
            Self::Remote(remote) => remote.send(batch),
        }
    }

    /// What comes next. May be cancelled at any time without loss.
    pub(super) async fn next(&mut self) -> Said {
        match self {
            Self::Direct(direct) => direct.next().await,
            Self::Remote(remote) => remote.next().await,
        }
    }

    /// Ends it; what waits is kept where it can be.
    pub(super) async fn close(self, outlet: Outlet, now: Steady) -> Result<(), Problem> {
        match self {
            Self::Direct(_) => Ok(()),
            Self::Remote(remote) => remote.close(outlet, now).await,
        }
    }
}

/// Requests of a worker need no memory at the engine, so their ids carry only time.
pub(super) fn request(clock: &Clock, command: Command) -> Request {
    let id = RequestId::from_parts(clock.now().wall.millis(), rand::random());
    Request { id, actor: Actor::Worker, command }
}

/// The link to one engine.
#[derive(Debug)]
pub(super) struct Direct {
    backend: Backend,
    clock: Clock,
    watch: Watch,
    boot: u64,
    seq: u64,
    sending: Option<JoinHandle<Result<Outcome, Problem>>>,
}

impl Direct {
    /// Claims the checks.
    ///
    /// # Errors
    /// The engine's problem when it takes no claim.
    pub(super) async fn open(
        backend: Backend,
        clock: Clock,
    ) -> Result<(Self, Vec<Assignment>), Problem> {
        let boot = u64::try_from(clock.now().wall.millis()).unwrap_or(0);
        let watch = backend.watch(Actor::Worker).await?;
        let claim = request(&clock, Command::Claim(Claim::of_boot(boot)));
        let Outcome::Assigned { assignments, .. } = backend.execute(claim).await? else {
            return Err(Problem::internal("the engine answered a claim with something else"));
        };
        Ok((Self { backend, clock, watch, boot, seq: 0, sending: None }, assignments))
    }

    fn send(&mut self, batch: Batch) {
        self.seq += 1;
        let Batch { results, traces, tests, lag, .. } = batch;
        let (boot, seq) = (self.boot, self.seq);
        let report = Report { boot, seq, results, traces, tests, lag, ..Report::default() };
        let request = request(&self.clock, Command::Report(report));
        let backend = self.backend.clone();
        self.sending = Some(tokio::spawn(async move { backend.execute(request).await }));
    }

    async fn next(&mut self) -> Said {
        loop {
            let answer = async {
                match self.sending.as_mut() {
                    Some(report) => report.await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                event = self.watch.next() => match event.as_deref() {
                    Some(Event::Directives(directives)) => {
                        let asked = Some(self.clock.now().steady);
                        return Said::Directives((**directives).clone(), asked);
                    }
                    Some(_) => {}
                    None => return Said::Ended,
                },
                answer = answer => {
                    self.sending = None;
                    match answer {
                        Ok(Ok(Outcome::Directives(directives))) => {
                            let asked = Some(self.clock.now().steady);
                            return Said::Directives(directives, asked);
                        }
                        Ok(Ok(_)) => {}
                        Ok(Err(problem)) => tracing::warn!(%problem, "the engine took no report"),
                        Err(error) => tracing::error!(%error, "a report failed inside"),
                    }
                    return Said::Free;
                }
            }
        }
    }
}
