//! Plays the story: what happened before anybody looked, then the simulated worker, and the other
//! operators beside it.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::backend::Backend;
use crate::clock::Clock;
use crate::demo::{Network, Plot, crew};
use crate::model::trace::TraceReport;
use crate::model::{
    AlertId, Check, CheckKey, Measured, Observation, Pattern, Phase, Plan, RequestId, SafeText,
    Span, TestOrder, Timestamp,
};
use crate::probe::once::Ended;
use crate::protocol::work::{Assignment, Claim, Finding, Report};
use crate::protocol::{
    Actor, Answer, Command, NewMaintenance, Outcome, Problem, Query, Request, Role, Target,
    TraceRequest,
};
use crate::worker::{self, Simulation, Source, Worker};

/// Time between two results of what is played in advance.
const STEP: Span = Span::from_secs(60);
/// Steps played in advance: enough for curves, confirmed problems and acknowledgements.
const STEPS: u64 = 20;
/// The same before a storm, whose hosts are many: enough for three problems to be confirmed.
const STORM_STEPS: u64 = 3;
/// Results of one report.
const BATCH: usize = 512;
/// Runs at once; a simulated run takes no time.
const AT_ONCE: usize = 64;
/// How often the other operators look.
const LOOK: Span = Span::from_secs(10);
/// Alerts that the other operators remember to have taken.
const TAKEN: usize = 1000;

impl Simulation for Network {
    fn observe(&self, check: &Check, at: Timestamp) -> Observation {
        Self::observe(self, check, at)
    }

    fn path(&self, request: &TraceRequest, at: Timestamp, rounds: u64) -> TraceReport {
        Self::path(self, &request.host, at, rounds, request.spec.round)
    }

    fn test(
        &self,
        order: &TestOrder,
        begun: Timestamp,
        gone: Span,
    ) -> Result<(Measured, bool), Ended> {
        Self::test(self, &order.spec, &order.targets, begun, gone)
            .map_err(|why| Ended { why, busy: false })
    }
}

/// How long before the begin of the story its clock starts.
#[must_use]
pub fn ahead(plot: Plot) -> Span {
    let steps = if plot.storm.is_some() { STORM_STEPS } else { STEPS };
    Span::from_millis(STEP.millis() * steps)
}

/// Plays until `stop`.
///
/// `ready` is told when what happened before is played.
pub async fn play(
    backend: Backend,
    clock: Clock,
    network: Arc<Network>,
    stop: CancellationToken,
    ready: oneshot::Sender<()>,
) {
    let mut crew = Crew {
        backend: backend.clone(),
        clock: clock.clone(),
        plot: network.plot(),
        works: 0,
        taken: VecDeque::new(),
    };
    if let Err(problem) = advance(&backend, &clock, &network, &mut crew).await {
        tracing::error!(%problem, "nothing could be played in advance");
    }
    if let Err(problem) = crew.resume().await {
        tracing::error!(%problem, "the schedules rest");
    }
    // Who waited for it may have gone on.
    let _ = ready.send(());
    let others = {
        let stop = stop.clone();
        tokio::spawn(async move { stop.run_until_cancelled(crew.watch()).await })
    };
    let source = Source::Simulated(network);
    let worker = Worker { backend, source, clock, at_once: AT_ONCE };
    if let Err(problem) = worker::run(worker, stop).await {
        tracing::error!(%problem, "the simulated worker ended");
    }
    others.abort();
}

/// What happened before: results a minute apart, at a clock that is moved by hand.
async fn advance(
    backend: &Backend,
    clock: &Clock,
    network: &Network,
    crew: &mut Crew,
) -> Result<(), Problem> {
    let claim = request(clock, Actor::Worker, Command::Claim(Claim::of_boot(0)));
    let Outcome::Assigned { assignments, .. } = backend.execute(claim).await? else {
        return Err(Problem::internal("the engine answered a claim with something else"));
    };
    let mut seq = 0;
    let begin = network.plot().begin;
    // The moments are the story's, not the clock's, which runs on while this is worked off: on a
    // slow machine the same is seen at the same moments, as often.
    let mut at = begin - ahead(network.plot());
    while at < begin {
        for part in assignments.chunks(BATCH) {
            seq += 1;
            let results = part.iter().map(|given| finding(network, given, at)).collect();
            let report = Report {
                boot: 0,
                seq,
                results,
                traces: Vec::new(),
                lag: Span::ZERO,
                ..Report::default()
            };
            backend.execute(request(clock, Actor::Worker, Command::Report(report))).await?;
        }
        crew.look().await?;
        at = (at + STEP).min(begin);
        clock.advance(at.since(clock.now().wall));
    }
    Ok(())
}

fn finding(network: &Network, given: &Assignment, at: Timestamp) -> Finding {
    Finding {
        check: given.check.key.clone(),
        generation: given.generation,
        slot: at,
        at,
        forced: false,
        sample: false,
        observation: network.observe(&given.check, at),
    }
}

fn request(clock: &Clock, actor: Actor, command: Command) -> Request {
    let id = RequestId::from_parts(clock.now().wall.millis(), rand::random());
    Request { id, actor, command }
}

/// The other operators.
struct Crew {
    backend: Backend,
    clock: Clock,
    plot: Plot,
    /// Windows planned so far.
    works: u64,
    /// Alerts taken so far, so that one that was given back stays so.
    taken: VecDeque<AlertId>,
}

impl Crew {
    async fn watch(mut self) {
        loop {
            self.clock.sleep(LOOK).await;
            if let Err(problem) = self.look().await {
                tracing::debug!(%problem, "another operator was refused");
            }
        }
    }

    /// One look at the list: takes what is theirs by now, and plans what is to be planned.
    async fn look(&mut self) -> Result<(), Problem> {
        let now = self.clock.now().wall;
        let begun = crew::works_begun(self.plot, now);
        // Windows that nobody saw are not made up afterwards.
        if self.plot.storm.is_none() && begun > self.works {
            self.works = begun;
            self.plan(crew::work(self.plot, begun - 1)).await?;
        }
        let actor = by(crew::NAMES.first().copied().unwrap_or("kim"));
        let listed = self.backend.query(actor, Query::Alerts { all: false }).await?;
        let Answer::Alerts(alerts) = listed else { return Ok(()) };
        for alert in alerts.iter().filter(|alert| alert.phase == Phase::Firing) {
            let check = CheckKey::new(Arc::clone(&alert.host), Arc::clone(&alert.check));
            let Some(taking) = crew::taking(self.plot, &check, alert.since) else { continue };
            let early = now < alert.since + taking.after;
            if early || alert.acknowledged.is_some() || self.taken.contains(&alert.id) {
                continue;
            }
            self.taken.push_back(alert.id);
            self.taken.drain(..self.taken.len().saturating_sub(TAKEN));
            let command = Command::Acknowledge {
                targets: vec![Target::Alert(alert.id)],
                comment: taking.comment.to_owned(),
                expires: Some(now + Span::from_secs(4 * 3600)),
                sticky: false,
                notify: false,
            };
            // It may be over by now.
            let _ = self.backend.execute(request(&self.clock, by(taking.operator), command)).await;
        }
        Ok(())
    }

    /// Lets the schedules go on, which rested while the past was played.
    async fn resume(&self) -> Result<(), Problem> {
        let listed = self.backend.query(by("kim"), Query::Schedules).await?;
        let Answer::Schedules(rows) = listed else { return Ok(()) };
        for row in rows {
            let (id, by) = (row.schedule.id, by(row.schedule.created_by.as_str()));
            let plan = Box::new(Plan { paused: false, ..row.schedule.plan });
            let command = Command::EditSchedule { id, plan };
            self.backend.execute(request(&self.clock, by, command)).await?;
        }
        Ok(())
    }

    async fn plan(&self, work: crew::Work) -> Result<(), Problem> {
        let Ok(hosts) = work.hosts.parse::<Pattern>() else {
            return Err(Problem::internal("a glob of the story is wrong"));
        };
        let command = Command::AddMaintenance(NewMaintenance {
            name: work.name,
            host_pattern: Some(hosts),
            hosts: std::collections::BTreeSet::new(),
            check: None,
            checks: std::collections::BTreeSet::new(),
            start: work.start,
            end: work.end,
            children: false,
            repeats: None,
            suppress_notifications: true,
            created_by: None,
        });
        self.backend.execute(request(&self.clock, by(work.operator), command)).await.map(drop)
    }
}

fn by(name: &str) -> Actor {
    Actor::Local { name: SafeText::line(name), role: Role::Operator }
}
