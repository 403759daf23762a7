//! The worker's loop: due runs out, results in, reports on their way, directives obeyed.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::jobs::{Jobs, Run};
use super::outlet::Outlet;
use super::source::Source;
use super::traces::Traces;
use crate::backend::{Backend, Watch};
use crate::clock::Clock;
use crate::model::spec::Spec;
use crate::model::{Failure, FailureKind, Now, RequestId, Span};
use crate::probe::{self, Memory};
use crate::protocol::event::LiveTrace;
use crate::protocol::work::{Directives, Finding};
use crate::protocol::{Actor, Claim, Command, Event, Outcome, Problem, Request};

/// Plugins that run at once: each is a process.
const SCRIPTS: usize = 32;
/// How long results gather before they are reported.
const GATHER: Span = Span::from_millis(20);
/// Finished runs that wait for the loop.
const FINISHED: usize = 4096;

/// What a worker needs.
#[derive(Debug)]
pub struct Worker {
    /// Where the engine is.
    pub backend: Backend,
    /// What answers: the network, or a simulation of one.
    pub source: Source,
    /// Time.
    pub clock: Clock,
    /// Runs at once at most, so that descriptors suffice.
    pub at_once: usize,
}

struct Finished {
    job: usize,
    generation: u64,
    memory: Memory,
    finding: Finding,
    lag: Span,
}

/// Runs until `stop`, or until the engine is gone.
///
/// # Errors
/// The engine's problem when it takes no claim.
pub async fn run(worker: Worker, stop: CancellationToken) -> Result<(), Problem> {
    let boot = u64::try_from(worker.clock.now().wall.millis()).unwrap_or(0);
    let mut watch = worker.backend.watch(Actor::Worker).await?;
    let claim = request(&worker.clock, Command::Claim(Claim::of_boot(boot)));
    let Outcome::Assigned { assignments, .. } = worker.backend.execute(claim).await? else {
        return Err(Problem::internal("the engine answered a claim with something else"));
    };
    let mut jobs = Jobs::default();
    jobs.start(assignments, worker.clock.now().steady);
    let (done, finished) = mpsc::channel(FINISHED);
    let (frame_out, frames) = mpsc::channel(64);
    let state = Loop {
        traces: Traces::new(worker.source.clone(), worker.clock.clone(), frame_out),
        at_once: Arc::new(Semaphore::new(worker.at_once)),
        scripts: Arc::new(Semaphore::new(SCRIPTS)),
        outlet: Outlet::default(),
        jobs,
        done,
        boot,
        worker,
    };
    state.turn(&mut watch, finished, frames, stop).await
}

/// Requests of the worker need no memory at the engine, so their ids carry only time.
fn request(clock: &Clock, command: Command) -> Request {
    let id = RequestId::from_parts(clock.now().wall.millis(), rand::random());
    Request { id, actor: Actor::Worker, command }
}

struct Loop {
    worker: Worker,
    jobs: Jobs,
    outlet: Outlet,
    traces: Traces,
    at_once: Arc<Semaphore>,
    scripts: Arc<Semaphore>,
    done: mpsc::Sender<Finished>,
    boot: u64,
}

impl Loop {
    async fn turn(
        mut self,
        watch: &mut Watch,
        mut finished: mpsc::Receiver<Finished>,
        mut frames: mpsc::Receiver<LiveTrace>,
        stop: CancellationToken,
    ) -> Result<(), Problem> {
        let clock = self.worker.clock.clone();
        let mut sending: Option<tokio::task::JoinHandle<Result<Outcome, Problem>>> = None;
        let mut gathered: Option<crate::model::Steady> = None;
        loop {
            let now = clock.now();
            while let Some(run) = self.jobs.take_due(now.steady) {
                self.begin(run);
            }
            if sending.is_none() && gathered.is_some_and(|at| at <= now.steady) {
                gathered = None;
                sending = Some(self.send());
            }
            let next = [self.jobs.next_due(), gathered.filter(|_| sending.is_none())];
            let wake = next.into_iter().flatten().min();
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                event = watch.next() => match event.as_deref() {
                    Some(Event::Directives(directives)) => self.obey(directives, clock.now()),
                    Some(_) => {}
                    None => return Ok(()),
                },
                Some(end) = finished.recv() => {
                    self.end(end, now);
                    gathered = gathered.or(Some(now.steady + GATHER));
                }
                Some(frame) = frames.recv() => {
                    self.outlet.put_trace(frame);
                    gathered = gathered.or(Some(now.steady + GATHER));
                }
                Some(answer) = async {
                    match sending.as_mut() {
                        Some(report) => Some(report.await),
                        None => None,
                    }
                }, if sending.is_some() => {
                    sending = None;
                    match answer {
                        Ok(Ok(Outcome::Directives(directives))) => self.obey(&directives, clock.now()),
                        Ok(Ok(_)) => {}
                        Ok(Err(problem)) => tracing::warn!(%problem, "the engine took no report"),
                        Err(error) => tracing::error!(%error, "a report failed inside"),
                    }
                    if self.outlet.is_waiting() {
                        gathered = Some(clock.now().steady);
                    }
                }
                () = async { match wake {
                    Some(at) => clock.sleep_until(at).await,
                    None => std::future::pending().await,
                } } => {}
            }
        }
    }

    fn send(&mut self) -> tokio::task::JoinHandle<Result<Outcome, Problem>> {
        let report = self.outlet.take(self.boot, self.worker.clock.now().steady);
        let request = request(&self.worker.clock, Command::Report(report));
        let backend = self.worker.backend.clone();
        tokio::spawn(async move { backend.execute(request).await })
    }

    fn obey(&mut self, directives: &Directives, now: Now) {
        for key in &directives.drop {
            self.jobs.drop_check(key);
        }
        for assignment in &directives.assign {
            self.jobs.assign(assignment.clone(), now.steady);
        }
        for (key, soft) in &directives.pace {
            self.jobs.pace(key, *soft, now.steady);
        }
        for key in &directives.run_now {
            self.jobs.run_now(key, now.steady);
        }
        if let Some(keys) = &directives.follow {
            self.jobs.follow(keys, now.steady);
        }
        if let Some(traces) = &directives.traces {
            self.traces.set(traces, &self.jobs);
        }
    }

    fn begin(&mut self, run: Run) {
        let scripts = matches!(&*run.check.spec, Spec::Custom(_));
        let gate = Arc::clone(if scripts { &self.scripts } else { &self.at_once });
        let (clock, source, done) =
            (self.worker.clock.clone(), self.worker.source.clone(), self.done.clone());
        tokio::spawn(async move {
            // The gate is never closed; if it were, running without it is the lesser harm.
            let _permit = gate.acquire_owned().await.ok();
            let started = clock.now();
            let lag = started.steady.since(run.due);
            let slot = started.wall - lag;
            let Run { job, check, generation, forced, sample, mut memory, .. } = run;
            let ran = AssertUnwindSafe(source.run(&check, slot, &mut memory));
            let observation = ran.catch_unwind().await.unwrap_or_else(|_| {
                let why = format!("the {} probe failed inside; please report this", check.kind());
                let failure = Failure::new(FailureKind::Internal, why);
                probe::failed(&check, failure, clock.now().steady.since(started.steady).to_std())
            });
            let at = clock.now().wall;
            let check = check.key.clone();
            let finding = Finding { check, generation, slot, at, forced, sample, observation };
            // The loop is gone only when the worker stops.
            let _ = done.send(Finished { job, generation, memory, finding, lag }).await;
        });
    }

    fn end(&mut self, end: Finished, now: Now) {
        if self.jobs.finished(end.job, end.generation, end.memory, now.steady) {
            if !end.finding.sample {
                self.outlet.lag(end.lag, now.steady);
            }
            self.outlet.put(end.finding);
        }
    }
}
