//! The engine's one task: takes questions and results in turn, judges, commits, tells.
//!
//! All state that judgement needs is owned here, so there are no locks. A batch is committed when
//! it is urgent, full (512 results) or 250 ms old; while the store is down, results wait in a
//! bounded queue and nothing is judged.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::batch::Batch;
use super::feed::Feed;
use super::gate::{Hashing, Word};
use super::handle::{Ask, Door};
use super::slots::Table;
use crate::clock::Clock;
use crate::model::{Now, RequestId, Span, Steady};
use crate::protocol::work::Finding;
use crate::protocol::{EngineStatus, Event, Expected, Outcome, Problem, Request, World, access};
use crate::store::Store;

/// How long routine results gather.
const GATHER: Span = Span::from_millis(250);
/// Results of one transaction.
const BATCH: usize = 512;
/// Results that wait while the store is down; beyond, an older result of the same check gives way.
const QUEUE: usize = 20_000;
/// How often deadlines, windows and streams are looked after.
const TICK: Span = Span::from_secs(1);
/// How often schedules are looked at: a run begins so much late at most.
const LOOK: Span = Span::from_millis(500);
/// Outcomes that are remembered without asking the store.
const REMEMBERED: usize = 4096;

/// How the configuration is read again.
pub type Reload = Arc<dyn Fn() -> Result<super::Inventory, String> + Send + Sync>;

/// Everything the task owns.
pub struct Core {
    pub(super) clock: Clock,
    pub(super) gate: Arc<super::gate::Gate>,
    /// Logins that failed of late.
    pub(super) failures: super::logins::Failures,
    pub(super) store: Store,
    pub(super) table: Table,
    pub(super) world: World,
    pub(super) feed: Feed,
    pub(super) meters: Arc<crate::meters::Meters>,
    /// When checks and alerts were last counted.
    pub(super) tallied: Option<Steady>,
    /// Rules in `PromQL`, and the alerts that they have.
    pub(super) queries: super::query_rules::Queries,
    /// What was scraped lately.
    pub(super) series: Arc<crate::series::Memory>,
    pub(super) batch: Batch,
    pub(super) status: EngineStatus,
    /// The windows that were in effect when last looked.
    pub(super) active: Vec<crate::model::MaintenanceId>,
    /// The windows whose begin the history has and whose end it has not.
    pub(super) noted: Vec<crate::model::MaintenanceId>,
    /// Whether windows that cover children follow the hosts as they are.
    pub(super) ways: super::deadlines::Ways,
    /// The windows that end soon.
    pub(super) closing: Vec<super::recheck::Closing>,
    pub(super) queue: VecDeque<Finding>,
    pub(super) storage_down: bool,
    pub(super) generation: u64,
    pub(super) reload: Reload,
    pub(super) keep_rule: super::KeepRule,
    /// What is put back when the change of a rule that is being stored is not.
    pub(super) fallback: Option<super::commands::rules::Fallback>,
    pub(super) render: super::Render,
    pub(super) settings: Arc<Vec<crate::model::Setting>>,
    pub(super) rules: Arc<Vec<crate::model::Rule>>,
    /// The workers on other machines.
    pub(super) agents: super::agents::Agents,
    pub(super) routes: tokio::sync::watch::Sender<Arc<crate::model::Routes>>,
    /// How much an Operator may cover with a window.
    pub(super) access: crate::model::access::Access,
    /// That paging is held, as the outbox is told.
    pub(super) held: tokio::sync::watch::Sender<bool>,
    /// That an operator had something sent again or given up, as the outbox is told.
    pub(super) redone: tokio::sync::watch::Sender<()>,
    /// What is said to the heartbeat's task, and heard of it.
    pub(super) watchdog: super::watchdog::Side,
    /// How far the word about alerts has come.
    pub(super) deliveries: super::deliveries::Side,
    /// What leaves as remote write.
    pub(super) outward: super::outward::Outward,
    /// How things were before the command that is being carried out.
    pub(super) before: super::undo::Before,
    pub(super) telling: super::undo::Telling,
    /// The acknowledgements that ran out last.
    pub(super) renewal: Option<crate::rules::gather::Renewal>,
    /// Network tests and their schedules.
    pub(super) speed: super::speed::Speed,
    pub(super) paths: super::paths::Paths,
    pub(super) reach: super::reach::Watch,
    pub(super) stop: CancellationToken,
    pub(super) wake_outbox: Arc<tokio::sync::Notify>,
    /// Room for trials of rules.
    pub(super) trials: Arc<tokio::sync::Semaphore>,
    /// Room for tests of channels.
    pub(super) tests: Arc<tokio::sync::Semaphore>,
    pub(super) remembered: HashMap<RequestId, Outcome>,
    pub(super) remembered_order: VecDeque<RequestId>,
    /// The last message of results that was taken, by its boot and number.
    pub(super) taken: Option<(u64, u64)>,
    /// The worker's last word on how late runs start.
    pub(super) lag: Option<(Steady, Span)>,
    pub(super) last_tick: Now,
    /// When this engine began; its own scale of time counts from there.
    pub(super) begun: Now,
    pub(super) swept: Steady,
}

impl Core {
    /// Works until stopped; then commits what is left.
    pub async fn run(mut self, mut door: Door, mut news: super::query_rules::Inbox) {
        let mut next_tick = self.clock.now().steady + TICK;
        let mut next_look = next_tick;
        loop {
            let now = self.clock.now();
            if now.steady >= next_tick {
                // Schedules are looked at in it, too.
                (next_tick, next_look) = (now.steady + TICK, now.steady + LOOK);
                self.tick(now).await;
            }
            if now.steady >= next_look {
                next_look = now.steady + LOOK;
                if !self.storage_down {
                    self.ask_for_due(now);
                }
            }
            if self.must_flush(now.steady) {
                self.flush().await;
            }
            self.begin_at_once(now);
            let gather = self.batch.since.map(|since| since + GATHER);
            let wake =
                gather.filter(|_| !self.storage_down).map_or(next_tick, |at| at.min(next_tick));
            let wake = if self.speed.has_schedules() { wake.min(next_look) } else { wake };
            let stop = self.stop.clone();
            let clock = self.clock.clone();
            let room = self.queue.len() < QUEUE;
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Some(ask) = door.asks.recv() => {
                    self.take(ask).await;
                    // Whoever asks together is answered by one transaction. Who asks again as soon
                    // as they are answered must not hold back the clock and the results.
                    while self.clock.now().steady < next_tick
                        && let Ok(ask) = door.asks.try_recv()
                    {
                        self.take(ask).await;
                    }
                }
                Some(word) = door.words.recv() => self.hear(word).await,
                Some(ask) = door.work.recv(), if room => self.take(ask).await,
                Some(news) = news.recv() => self.hear_rules(news).await,
                () = clock.sleep_until(wake) => {}
            }
        }
        // What was reported before the stop still counts.
        while let Ok(ask) = door.work.try_recv() {
            self.take(ask).await;
            if self.batch.judged.len() >= BATCH {
                self.flush().await;
            }
        }
        self.flush().await;
    }

    fn must_flush(&self, now: Steady) -> bool {
        !self.storage_down
            && (self.batch.urgent
                || self.batch.judged.len() >= BATCH
                || self.batch.since.is_some_and(|since| now >= since + GATHER))
    }

    async fn take(&mut self, ask: Ask) {
        match ask {
            Ask::Execute(request, reply) => self.take_request(request, None, reply).await,
            Ask::ExecuteIf(expected, request, reply) => {
                self.take_request(request, Some(expected), reply).await;
            }
            Ask::Query(actor, query, reply) => {
                let may = access::may_query(&actor, &query);
                match may.and_then(|()| self.gate.still(&actor)) {
                    Ok(()) => self.query(&actor, query, reply),
                    Err(problem) => {
                        let _ = reply.send(Err(problem));
                    }
                }
            }
            Ask::Watch(actor, reply) => {
                let may = access::may_watch(&actor).and_then(|()| self.gate.still(&actor));
                let _ = reply.send(may.and_then(|()| self.feed.watch(&actor, &self.world)));
            }
            Ask::Resume(actor, after, reply) => {
                let may = access::may_watch(&actor).and_then(|()| self.gate.still(&actor));
                let watch = may.and_then(|()| self.feed.resume(&actor, after, &self.world));
                let _ = reply.send(watch);
            }
        }
    }

    async fn take_request(
        &mut self,
        request: Request,
        expected: Option<Expected>,
        reply: oneshot::Sender<Result<Outcome, Problem>>,
    ) {
        let may = access::may_execute(&request.actor, &request.command);
        match may.and_then(|()| self.gate.still(&request.actor)) {
            Ok(()) => self.execute(request, expected, None, reply).await,
            Err(problem) => {
                let _ = reply.send(Err(problem));
            }
        }
    }

    /// Takes in what the gate has to say.
    async fn hear(&mut self, word: Word) {
        match word {
            Word::Login(login) => self.note_login(login),
            Word::Hashed(hashing, hashed) => {
                let Hashing { request, expected, reply } = *hashing;
                // It took a while: who asked may have lost the right to.
                let may = access::may_execute(&request.actor, &request.command);
                match may.and_then(|()| self.gate.still(&request.actor)).and(hashed) {
                    Ok(hash) => self.execute(request, expected, Some(hash), reply).await,
                    Err(problem) => {
                        let _ = reply.send(Err(problem));
                    }
                }
            }
        }
    }

    /// Marks the batch as begun.
    pub(super) fn touch(&mut self, urgent: bool) {
        let now = self.clock.now();
        self.batch.since.get_or_insert(now.steady);
        self.batch.wall = now.wall;
        self.batch.urgent |= urgent;
    }

    /// Takes a result in: judged at once, or queued while the store is down.
    pub(super) fn receive(&mut self, finding: Finding) {
        if self.storage_down || !self.queue.is_empty() {
            if self.queue.len() >= QUEUE {
                let older = self.queue.iter().position(|f| f.check == finding.check).unwrap_or(0);
                self.queue.remove(older);
            }
            self.queue.push_back(finding);
        } else {
            self.judge(finding);
        }
    }

    /// Commits the batch; on failure keeps its results and says so.
    pub(super) async fn flush(&mut self) {
        if self.batch.is_empty() {
            // Directives and live frames need no transaction.
            let batch = std::mem::take(&mut self.batch);
            self.publish(batch);
            return;
        }
        let batch = std::mem::take(&mut self.batch);
        match self.commit(&batch).await {
            Ok(series) => {
                self.meters.pulse.written(self.clock.now().steady);
                if self.storage_down {
                    self.storage_down = false;
                    self.status.storage = None;
                    tracing::warn!("results are stored again");
                    self.tell_status();
                }
                self.settle(batch, series);
            }
            Err(error) => self.storage_failed(batch, &error),
        }
    }

    fn storage_failed(&mut self, batch: Batch, error: &crate::store::StoreError) {
        let problem = crate::protocol::Problem::unavailable(format!("cannot store: {error}"));
        for (reply, _) in batch.replies {
            let _ = reply.send(Err(problem.clone()));
        }
        self.tests_not_stored(batch.tests);
        for (name, mark) in batch.streams {
            if let Some(entry) = self.agents.get_mut(&name) {
                entry.not_taken(mark);
            }
        }
        for judged in batch.judged.into_iter().rev() {
            // An agent was told, and sends it again.
            let slot = self.table.get(judged.at);
            if !judged.late && slot.is_some_and(|slot| slot.check.agent.is_none()) {
                self.queue.push_front(judged.finding);
            }
        }
        if !self.storage_down {
            tracing::error!(%error, "cannot store results; nothing is judged until it works again");
        }
        self.storage_down = true;
        self.status.storage = Some(problem.message);
        self.tell_status();
    }

    /// Sends the engine's own status to everybody.
    pub(super) fn tell_status(&mut self) {
        let event = Arc::new(Event::Engine(Arc::new(self.status.clone())));
        let now = self.clock.now();
        self.world.apply(&event, now.wall);
        self.feed.tell(&event, now.steady);
    }

    async fn tick(&mut self, now: Now) {
        if self.storage_down {
            self.retry_store().await;
        }
        self.watch_clock(now);
        self.follow_ways(now);
        self.look_at_windows(now);
        self.look_at_agents(now);
        self.recheck_before_ends(now);
        self.look_at_hold(now);
        self.follow_reach(now);
        self.wake_alerts(now);
        self.ask_for_values(now);
        self.sweep_staleness(now);
        self.measure_lag(now.steady);
        self.look_at_watchdog(now);
        self.look_at_deliveries(now);
        self.tell_left_out(now.steady);
        self.note_token_uses();
        self.look_at_tests(now);
        self.calculate_baselines(now).await;
        self.look_at_meters(now);
        self.look_at_outward(now);
        self.direct_worker(now.steady);
    }

    async fn retry_store(&mut self) {
        match self.store.write_soon().await {
            Ok(probe) => match probe.commit().await {
                Ok(()) => {
                    self.storage_down = false;
                    self.status.storage = None;
                    tracing::warn!("the store works again; the queue is judged in order");
                    self.tell_status();
                    while let Some(finding) = self.queue.pop_front() {
                        self.judge(finding);
                        if self.batch.judged.len() >= BATCH {
                            self.flush().await;
                        }
                        if self.storage_down {
                            return;
                        }
                    }
                    self.flush().await;
                }
                Err(error) => tracing::debug!(%error, "the store does not work yet"),
            },
            Err(error) => tracing::debug!(%error, "the store does not work yet"),
        }
    }

    fn watch_clock(&mut self, now: Now) {
        let steady = now.steady.since(self.last_tick.steady);
        let expected = self.last_tick.wall + steady;
        let jump = now.wall.millis() - expected.millis();
        self.last_tick = now;
        if jump.abs() > 5000 {
            let text = format!("the wall clock jumped by {} s", jump / 1000);
            tracing::warn!("{text}");
            self.status.notice = Some(crate::model::SafeText::line(&text));
            self.tell_status();
        }
    }

    /// How late runs start; zero when no worker has said anything for a minute.
    pub(super) fn lag(&self, now: Steady) -> Span {
        let fresh = self.lag.filter(|(at, _)| now.since(*at) <= Span::from_secs(60));
        fresh.map(|(_, lag)| lag).unwrap_or_default()
    }

    fn measure_lag(&mut self, now: Steady) {
        let lag = self.lag(now);
        // Below a second lag is noise that nobody acts on (SCREENS rule 5).
        let shown = Span::from_millis(lag.millis() / 1000 * 1000);
        if shown != self.status.lag {
            self.status.lag = shown;
            self.tell_status();
        }
    }

    /// Tells the worker about samples and live traces when somebody looks elsewhere.
    pub(super) fn direct_worker(&mut self, now: Steady) {
        let table = &self.table;
        let sampled = |key: &crate::model::CheckKey| {
            let slot = table.place(key).and_then(|at| table.get(at));
            let own = slot.filter(|slot| slot.check.rule.is_none());
            own.is_some_and(|s| {
                matches!(s.check.kind(), crate::model::Kind::System | crate::model::Kind::Ping)
            })
        };
        let directives = self.feed.directives(now, sampled);
        if directives.traces.is_some() {
            self.paths.keep_live(self.feed.live_traces());
        }
        self.direct(directives, now);
    }

    /// Remembers an outcome for its request's id.
    pub(super) fn remember(&mut self, id: RequestId, outcome: Outcome) {
        if self.remembered.insert(id, outcome).is_none() {
            self.remembered_order.push_back(id);
        }
        if self.remembered_order.len() > REMEMBERED
            && let Some(old) = self.remembered_order.pop_front()
        {
            self.remembered.remove(&old);
        }
    }
}
