//! The worker's loop: due runs out, results in, reports on their way, directives obeyed.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::jobs::{Jobs, Run};
use super::link::{Direct, Link, Said};
use super::orders::Tests;
use super::outlet::Outlet;
use super::source::Source;
use super::traces::Traces;
use crate::backend::Backend;
use crate::clock::Clock;
use crate::model::spec::Spec;
use crate::model::{Failure, FailureKind, Now, Span, Steady, TestNews};
use crate::probe::{self, Memory};
use crate::protocol::event::LiveTrace;
use crate::protocol::work::{Assignment, Directives, Finding};
use crate::protocol::{Problem, TraceRequest};

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
    let Worker { backend, source, clock, at_once } = worker;
    let (direct, assignments) = Direct::open(backend, clock.clone()).await?;
    let mut probes = Probes::new(source, clock, at_once);
    probes.obey_all(assignments, false);
    probes.turn(Link::Direct(Box::new(direct)), stop).await
}

/// The probes of a worker and what is under way of them.
pub(super) struct Probes {
    source: Source,
    clock: Clock,
    jobs: Jobs,
    outlet: Outlet,
    traces: Traces,
    tests: Tests,
    /// The traces that are wanted, also while nothing may be started.
    wanted: Vec<TraceRequest>,
    paused: bool,
    at_once: Arc<Semaphore>,
    scripts: Arc<Semaphore>,
    done: mpsc::Sender<Finished>,
    finished: mpsc::Receiver<Finished>,
    frames: mpsc::Receiver<LiveTrace>,
    news: mpsc::Receiver<TestNews>,
}

impl Probes {
    /// None yet; at most `at_once` at once.
    pub(super) fn new(source: Source, clock: Clock, at_once: usize) -> Self {
        let (done, finished) = mpsc::channel(FINISHED);
        let (frame_out, frames) = mpsc::channel(64);
        let (news_out, news) = mpsc::channel(64);
        Self {
            traces: Traces::new(source.clone(), clock.clone(), frame_out),
            tests: Tests::new(source.clone(), clock.clone(), news_out),
            source,
            clock,
            jobs: Jobs::default(),
            outlet: Outlet::default(),
            wanted: Vec::new(),
            paused: false,
            at_once: Arc::new(Semaphore::new(at_once)),
            scripts: Arc::new(Semaphore::new(SCRIPTS)),
            done,
            finished,
            frames,
            news,
        }
    }

    /// Runs what is due, reports it, obeys; until `stop` or the link's end.
    pub(super) async fn turn(
        mut self,
        mut link: Link,
        stop: CancellationToken,
    ) -> Result<(), Problem> {
        let clock = self.clock.clone();
        let mut gathered: Option<Steady> = None;
        loop {
            let now = clock.now();
            self.begin_due(now);
            if link.is_free() && gathered.is_some_and(|at| at <= now.steady) {
                link.send(self.outlet.take(now.steady));
                gathered = self.outlet.is_waiting().then_some(now.steady);
            }
            let next = [self.jobs.next_due(), gathered.filter(|_| link.is_free())];
            let wake = next.into_iter().flatten().min();
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                said = link.next() => match said {
                    Said::Assigned { assignments, pause } => {
                        self.tests.anew();
                        self.obey_all(assignments, pause);
                    }
                    Said::Directives(directives, asked) => {
                        self.obey(&directives, asked, clock.now());
                    }
                    Said::Free => {}
                    Said::Ended => break,
                },
                Some(end) = self.finished.recv() => {
                    self.end(end, now);
                    gathered = gathered.or(Some(now.steady + GATHER));
                }
                Some(frame) = self.frames.recv() => {
                    self.outlet.put_trace(frame);
                    gathered = gathered.or(Some(now.steady + GATHER));
                }
                Some(news) = self.news.recv() => {
                    self.outlet.put_test(news);
                    gathered = gathered.or(Some(now.steady + GATHER));
                }
                () = async { match wake {
                    Some(at) => clock.sleep_until(at).await,
                    None => std::future::pending().await,
                } } => {}
            }
        }
        link.close(self.outlet, clock.now().steady).await
    }

    fn begin_due(&mut self, now: Now) {
        while let Some(run) = self.jobs.take_due(now.steady) {
            if self.paused {
                // The slot is passed over: what is due when the pause ends is not run all at once.
                self.jobs.finished(run.job, run.generation, run.memory, now.steady);
            } else {
                self.begin(run);
            }
        }
    }

    /// Takes the whole list.
    pub(super) fn obey_all(&mut self, assignments: Vec<Assignment>, pause: bool) {
        self.jobs.replace(assignments, self.clock.now().steady);
        self.pause(pause);
    }

    fn pause(&mut self, pause: bool) {
        self.paused = pause;
        self.set_traces();
    }

    fn set_traces(&mut self) {
        let wanted: &[TraceRequest] = if self.paused { &[] } else { &self.wanted };
        self.traces.set(wanted, &self.jobs);
    }

    fn obey(&mut self, directives: &Directives, asked: Option<Steady>, now: Now) {
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
            self.wanted.clone_from(traces);
            self.set_traces();
        }
        if let Some(orders) = &directives.tests {
            self.tests.set(orders, asked, now.steady);
        }
        if let Some(pause) = directives.pause {
            self.pause(pause);
        }
    }

    fn begin(&mut self, run: Run) {
        let scripts = matches!(&*run.check.spec, Spec::Custom(_));
        let gate = Arc::clone(if scripts { &self.scripts } else { &self.at_once });
        let (clock, source, done) = (self.clock.clone(), self.source.clone(), self.done.clone());
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
        let Finished { job, generation, memory, mut finding, lag } = end;
        if let Some(present) = self.jobs.finished(job, generation, memory, now.steady) {
            finding.generation = present;
            if !finding.sample {
                self.outlet.lag(lag, now.steady);
            }
            self.outlet.put(finding, now.steady);
        }
    }
}
