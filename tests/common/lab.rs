//! An engine on a manual clock and a scratch store, fed with results by hand.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fluxnoc::clock::Clock;
use fluxnoc::engine::{Engine, Inventory, Keep, KeepRule, Reload, Setup, Watcher, keep_no_rules};
use fluxnoc::model::spec::{PingSpec, Spec};
use fluxnoc::model::{
    Check, CheckKey, Failure, FailureKind, Host, Kind, Metric, Observation, RequestId, SafeText,
    Span, State, Timestamp, Unit,
};
use fluxnoc::protocol::work::{Finding, Report};
use fluxnoc::protocol::{
    Actor, Answer, Command, Event, Outcome, Problem, Query, Request, Role, Target, World,
};
use fluxnoc::store::Store;

/// When every lab begins.
pub const START: Timestamp = Timestamp::from_millis(1_772_000_000_000);

/// The engine, what it told so far, and the hands that feed it.
pub struct Lab {
    pub engine: Engine,
    pub clock: Clock,
    pub world: World,
    pub inventory: Arc<Mutex<Result<Inventory, String>>>,
    watcher: Watcher,
    generations: HashMap<CheckKey, u64>,
    seq: u64,
    last: Option<Report>,
    path: PathBuf,
}

/// A host `name` with checks of these names (3 attempts, 60 s, ping limits).
pub fn host(name: &str, checks: &[&str]) -> (Host, Vec<Check>) {
    let made = checks.iter().map(|check| {
        let mut check = Check::new(name, check, "127.0.0.1", Spec::Ping(PingSpec::default()));
        check.limits = Check::default_limits(Kind::Ping);
        check
    });
    (Host::new(name, "127.0.0.1"), made.collect())
}

/// An inventory of such hosts.
pub fn inventory(hosts: Vec<(Host, Vec<Check>)>) -> Inventory {
    let mut all = Inventory::default();
    for (host, checks) in hosts {
        all.hosts.push(host);
        all.checks.extend(checks);
    }
    all
}

/// A good result.
pub fn good() -> Observation {
    Observation::seen("fine", vec![Metric::new("rtt", 0.01, Unit::Seconds)])
}

/// A result in the warning range.
pub fn slow() -> Observation {
    Observation::seen("slow", vec![Metric::new("rtt", 0.3, Unit::Seconds)])
}

/// A result that is CRITICAL.
pub fn refused() -> Observation {
    Observation::failed(Failure::new(FailureKind::Refused, "connection refused by 127.0.0.1:80"))
}

impl Lab {
    /// Starts an engine on the store in `dir`.
    pub async fn start(dir: &Path, wanted: Inventory, clock: Clock) -> Self {
        Self::keeping(dir, wanted, clock, keep_no_rules()).await
    }

    /// The same; rules are saved so.
    pub async fn keeping(dir: &Path, wanted: Inventory, clock: Clock, keep_rule: KeepRule) -> Self {
        let shared = Arc::new(Mutex::new(Ok(wanted.clone())));
        let again = Arc::clone(&shared);
        let reload: Reload = Arc::new(move || again.lock().expect("the inventory").clone());
        Self { inventory: shared, ..Self::reading(dir, wanted, clock, keep_rule, reload).await }
    }

    /// The same; the configuration is read again so.
    pub async fn reading(
        dir: &Path,
        wanted: Inventory,
        clock: Clock,
        keep_rule: KeepRule,
        reload: Reload,
    ) -> Self {
        let path = dir.join("fluxnoc.db");
        // The file of `rows.rs`, which not every test that has a lab reads stores with.
        let store = match std::fs::read_to_string(dir.join("database")) {
            Ok(url) => Store::open_postgres(&url).await,
            Err(_) => Store::open_sqlite(&path).await,
        };
        let store = store.expect("a store");
        let shared = Arc::new(Mutex::new(Ok(wanted.clone())));
        let engine = Engine::start(Setup {
            inventory: wanted,
            reload,
            keep_rule,
            store,
            keep: Keep::default(),
            clock: clock.clone(),
            machine: "lab".to_owned(),
        })
        .await
        .expect("an engine");
        let watcher = engine.handle.watch(noc()).await.expect("a stream");
        let mut lab = Self {
            engine,
            clock,
            world: World::new(),
            inventory: shared,
            watcher,
            generations: HashMap::new(),
            seq: 0,
            last: None,
            path,
        };
        lab.until("the first picture", |event| matches!(event, Event::Ready)).await;
        lab.claim().await;
        lab
    }

    /// Asks for the assignments, as a worker does after its start.
    pub async fn claim(&mut self) {
        let request =
            self.request(Actor::Worker, Command::Claim(fluxnoc::protocol::Claim::of_boot(1)));
        let Ok(Outcome::Assigned { assignments, .. }) = self.engine.handle.execute(request).await
        else {
            panic!("no assignments");
        };
        self.generations =
            assignments.into_iter().map(|a| (a.check.key.clone(), a.generation)).collect();
    }

    fn request(&self, actor: Actor, command: Command) -> Request {
        let id = RequestId::from_parts(self.clock.now().wall.millis(), rand::random());
        Request { id, actor, command }
    }

    /// Takes events in until one satisfies `wanted`.
    pub async fn until(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(&Event) -> bool,
    ) -> Arc<Event> {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let next = tokio::time::timeout_at(deadline, self.watcher.next()).await;
            let event = next.unwrap_or_else(|_| panic!("{what} did not come")).expect("the stream");
            self.world.apply(&event, self.clock.now().wall);
            if wanted(&event) {
                return event;
            }
        }
    }

    /// Reports one result now, and waits until it is committed.
    pub async fn report(&mut self, key: &str, observation: Observation) {
        let key: CheckKey = key.parse().expect("HOST/CHECK");
        let now = self.clock.now().wall;
        self.seq += 1;
        let look = fluxnoc::protocol::Interest { checks: vec![key.clone()], ..Default::default() };
        self.execute(Command::Look { stream: 1, interest: look }).await.expect("the stream looks");
        // What was there before is told at once; it is not the one we wait for.
        while let Some(event) = self.watcher.try_next() {
            self.world.apply(&event, now);
        }
        let finding = Finding {
            generation: self.generations.get(&key).copied().unwrap_or(0),
            check: key.clone(),
            slot: now,
            at: now,
            forced: false,
            sample: false,
            observation,
        };
        let report = Report {
            boot: 1,
            seq: self.seq,
            results: vec![finding],
            traces: Vec::new(),
            lag: Span::ZERO,
            ..Report::default()
        };
        self.last = Some(report.clone());
        let request = self.request(Actor::Worker, Command::Report(report));
        self.engine.handle.execute(request).await.expect("the report is taken");
        // Routine results gather a quarter of a second.
        self.clock.advance(Span::from_millis(300));
        self.until("the live result", |event| match event {
            Event::Live(live) => live.check == key && live.at == now,
            _ => false,
        })
        .await;
        self.drain();
    }

    /// Sends the last report once more, as after an answer that was lost; gives its check.
    pub async fn repeat_last(&mut self) -> Option<CheckKey> {
        let report = self.last.clone()?;
        let check = report.results.first()?.check.clone();
        let request = self.request(Actor::Worker, Command::Report(report));
        self.engine.handle.execute(request).await.expect("the report is answered");
        self.clock.advance(Span::from_millis(300));
        self.query(Query::Engine).await;
        self.drain();
        Some(check)
    }

    /// Reports the same result for many checks at once, and waits until so many alerts are open.
    pub async fn report_all(&mut self, keys: &[CheckKey], observation: &Observation, open: usize) {
        let now = self.clock.now().wall;
        self.seq += 1;
        let finding = |key: &CheckKey| Finding {
            generation: self.generations.get(key).copied().unwrap_or(0),
            check: key.clone(),
            slot: now,
            at: now,
            forced: false,
            sample: false,
            observation: observation.clone(),
        };
        let results = keys.iter().map(finding).collect();
        let report = Report {
            boot: 1,
            seq: self.seq,
            results,
            traces: Vec::new(),
            lag: Span::ZERO,
            ..Report::default()
        };
        let request = self.request(Actor::Worker, Command::Report(report));
        self.engine.handle.execute(request).await.expect("the report is taken");
        self.clock.advance(Span::from_millis(300));
        while self.world.open_alerts().count() != open {
            self.until("an alert", |event| matches!(event, Event::Alert(_))).await;
        }
        self.drain();
    }

    /// Executes a command as somebody; gives the request's id too.
    pub async fn execute_as(
        &mut self,
        actor: Actor,
        command: Command,
    ) -> (RequestId, Result<Outcome, Problem>) {
        let request = self.request(actor, command);
        let id = request.id;
        let outcome = self.engine.handle.execute(request).await;
        // Questions are answered in turn: all that follows from the command has happened.
        self.query(Query::Engine).await;
        self.drain();
        (id, outcome)
    }

    /// Takes in what is there.
    pub fn drain(&mut self) {
        while let Some(event) = self.watcher.try_next() {
            self.world.apply(&event, self.clock.now().wall);
        }
    }

    /// Reports the same result so many times, a minute apart.
    pub async fn report_times(&mut self, times: u32, key: &str, observation: &Observation) {
        for _ in 0..times {
            self.report(key, observation.clone()).await;
            self.clock.advance(Span::from_secs(15));
        }
    }

    /// Executes a command as the operator `noc`.
    pub async fn execute(&mut self, command: Command) -> Result<Outcome, Problem> {
        let request = self.request(noc(), command);
        let outcome = self.engine.handle.execute(request).await;
        self.drain();
        outcome
    }

    /// Acknowledges.
    pub async fn acknowledge(&mut self, target: &str, expires: Option<Timestamp>, sticky: bool) {
        let targets = vec![target.parse::<Target>().expect("a target")];
        let comment = "on it".to_owned();
        let command = Command::Acknowledge { targets, comment, expires, sticky, notify: false };
        self.execute(command).await.expect("acknowledged");
    }

    /// Asks.
    pub async fn query(&self, query: Query) -> Answer {
        self.engine.handle.query(noc(), query).await.expect("an answer")
    }

    /// The state of a check in the mirror.
    pub fn state(&self, key: &str) -> (State, bool) {
        let row = self.world.check(&key.parse().expect("HOST/CHECK")).expect("the check");
        (row.status.state, row.status.hard)
    }

    /// The words of all edges so far, oldest first.
    pub async fn edges(&self) -> Vec<String> {
        let Answer::Edges(mut edges) =
            self.query(Query::Edges { host: None, alert: None, limit: 1000 }).await
        else {
            panic!("no edges");
        };
        edges.reverse();
        edges.iter().map(|edge| edge.kind.word().to_owned()).collect()
    }

    /// The text of the last edge.
    pub async fn last_words(&self) -> String {
        let Answer::Edges(edges) =
            self.query(Query::Edges { host: None, alert: None, limit: 1 }).await
        else {
            panic!("no edges");
        };
        edges.first().expect("an edge").text.to_string()
    }

    /// The stream of a worker, with what it is told from now on.
    pub async fn worker(&self) -> Watcher {
        let mut worker = self.engine.handle.watch(Actor::Worker).await.expect("a stream");
        while worker.try_next().is_some() {}
        worker
    }

    /// The checks that a worker was given.
    pub fn assigned(&self) -> Vec<CheckKey> {
        self.generations.keys().cloned().collect()
    }

    /// Stops the engine in order.
    pub async fn stop(self) -> (PathBuf, Clock) {
        self.engine.stopped().await.unwrap();
        (self.path, self.clock)
    }
}

/// The checks that a worker is told to run at once, the next time that it is told so.
pub async fn asked(worker: &mut Watcher) -> Vec<CheckKey> {
    loop {
        let next = tokio::time::timeout(Duration::from_secs(20), worker.next()).await;
        let event = next.expect("nothing is asked of the worker").expect("the stream");
        if let Event::Directives(directives) = &*event
            && !directives.run_now.is_empty()
        {
            return directives.run_now.clone();
        }
    }
}

/// The operator of every lab.
pub fn noc() -> Actor {
    Actor::Local { name: SafeText::line("noc"), role: Role::Admin }
}
