//! The running monitor: schedules, judges, remembers, notifies.
//!
//! In: an inventory, a store, a clock; then requests, queries and reports through [`Handle`].
//! Out: outcomes, answers, events.
//! Never: speaks HTTP, draws, or touches a target.

mod agents;
mod audience;
mod batch;
mod commands;
mod commit;
mod core;
mod deadlines;
mod deliveries;
mod feed;
mod flights;
mod fluxbase;
mod gate;
mod gathering;
pub mod handle;
mod handover;
mod housekeeping;
mod inside;
mod intake;
mod lane;
mod log;
mod logins;
mod members;
mod observe;
mod outbox;
mod outward;
mod pages;
mod paths;
mod queries;
pub mod query_rules;
mod reach;
mod recheck;
mod review;
mod rules;
mod series;
mod slots;
mod speed;
mod sync;
mod thin;
mod trial;
mod undo;
mod watchdog;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use agents::by_rules;
pub use gate::{Credential, Identity, NotOpened, Opened, Visitor};
pub use handle::{Ask, Door, Handle, Watcher};
pub use inside::{Service, Services};
pub use members::{Origin, SharedKey};

use crate::clock::Clock;
use crate::model::{
    Allowance, Check, Host, KeptAgent, Name, NamedTarget, Networks, Now, Plan, RemoteWrite,
    SafeText, Sla, Span, StreamMark, Timestamp,
};
use crate::protocol::{EngineStatus, World};
use crate::series::Bounds;
use crate::store::{Loaded, Retention, Store, StoreError};

/// Shortest absence that is worth saying.
const WORTH_SAYING: Span = Span::from_secs(90);

/// Writes hosts and checks as configuration text, with the settings around them. Done when it is
/// asked for: the text of ten thousand hosts is larger than the hosts.
pub type Render = Arc<dyn Fn(Vec<Host>, Vec<Check>) -> String + Send + Sync>;

/// What is to be monitored.
#[derive(Clone)]
pub struct Inventory {
    /// The hosts, each name once.
    pub hosts: Vec<Host>,
    /// The checks, each key once, of these hosts.
    pub checks: Vec<Check>,
    /// The file it is from; `None` is "this machine only".
    pub source: Option<String>,
    /// Writes what is in force, as TOML with sources, secrets masked.
    pub render: Render,
    /// Every setting besides hosts and checks, by key.
    pub settings: Arc<Vec<crate::model::Setting>>,
    /// The rules that made some of the checks, in the order in which they were written.
    pub rules: Arc<Vec<crate::model::Rule>>,
    /// The rules in `PromQL`.
    pub query_rules: Arc<query_rules::QueryRules>,
    /// Who is told of what.
    pub routes: Arc<crate::model::Routes>,
    /// How much an Operator may cover with a window.
    pub access: crate::model::access::Access,
    /// Where speedtests may go by name.
    pub targets: Arc<Vec<NamedTarget>>,
    /// What network tests may reach.
    pub networks: Networks,
    /// Network tests that run again and again, as they are configured.
    pub schedules: Arc<Vec<Plan>>,
    /// How much the speedtests of vantages may move.
    pub allowance: Arc<Allowance>,
    /// What was promised of links.
    pub slas: Arc<Vec<Sla>>,
    /// Who is sent every number and state.
    pub remote_write: Arc<Vec<RemoteWrite>>,
}

impl Default for Inventory {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            checks: Vec::new(),
            source: None,
            render: Arc::new(|_, _| String::new()),
            settings: Arc::default(),
            rules: Arc::default(),
            query_rules: Arc::default(),
            routes: Arc::default(),
            access: crate::model::access::Access::default(),
            targets: Arc::default(),
            networks: Networks::default(),
            slas: Arc::default(),
            remote_write: Arc::default(),
            allowance: Arc::default(),
            schedules: Arc::default(),
        }
    }
}

/// How the configuration is read again; its error lists every problem, a line each.
pub type Reload = core::Reload;
pub use commands::rules::{KeepRule, Kept, keep_no_rules};

/// How long and how much is remembered.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    /// How long.
    pub times: Retention,
    /// Bytes above which the oldest results are dropped.
    pub max_size: u64,
    /// Scraped series in memory.
    pub series: Bounds,
}

impl Default for Keep {
    fn default() -> Self {
        Self { times: Retention::default(), max_size: 4 << 30, series: Bounds::default() }
    }
}

/// Everything an engine needs.
pub struct Setup {
    /// What to monitor.
    pub inventory: Inventory,
    /// How to read that again.
    pub reload: Reload,
    /// How a rule is saved.
    pub keep_rule: KeepRule,
    /// Where to remember.
    pub store: Store,
    /// How long.
    pub keep: Keep,
    /// Time.
    pub clock: Clock,
    /// The machine's name.
    pub machine: String,
}

/// A running engine.
pub struct Engine {
    /// Where it is asked.
    pub handle: Handle,
    /// Stops it.
    pub stop: CancellationToken,
    tasks: JoinSet<()>,
    store: Store,
}

impl Engine {
    /// Starts an engine on the present runtime: restores what the store remembers, then adopts the
    /// inventory.
    ///
    /// # Errors
    /// The store's, when it cannot be read; an inventory that cannot be stored is tried again.
    pub async fn start(setup: Setup) -> Result<Self, StoreError> {
        let (handle, door) = Handle::new();
        Self::start_behind(setup, handle, door, CancellationToken::new()).await
    }

    /// As [`Self::start`], behind a door that was opened before: what was asked meanwhile waits.
    ///
    /// # Errors
    /// The store's, when it cannot be read.
    pub async fn start_behind(
        setup: Setup,
        handle: Handle,
        door: Door,
        stop: CancellationToken,
    ) -> Result<Self, StoreError> {
        let Setup { inventory, reload, keep_rule, store, keep, clock, machine } = setup;
        let meters = Arc::clone(handle.meters());
        let store = store.metered(Arc::clone(&meters));
        let loaded = Box::pin(store.load()).await?;
        let (agents, streams) = (store.agents().await?, store.streams().await?);
        let now = clock.now();
        let tests = speed::Known::read(&store, now.wall).await?;
        door.gate.open(gate::accounts(&store, &agents).await?, clock.clone());
        let (holds, held) = tokio::sync::watch::channel(loaded.hold.is_some());
        let (wake, changed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (told, routes) = tokio::sync::watch::channel(Arc::clone(&inventory.routes));
        let (redoes, redone) = tokio::sync::watch::channel(());
        let (post, posted) = tokio::sync::watch::channel(watchdog::Post::begun(now.steady));
        let (side, dog) =
            watchdog::pair(store.clone(), clock.clone(), routes.clone(), posted, stop.clone());
        let (again, hold) = (Arc::clone(&changed), held.clone());
        let (deliveries, reader) =
            deliveries::pair(store.clone(), clock.clone(), again, hold, stop.clone());
        let (outward, sending) = outward::pair(&clock, &meters);
        let mut core = core::Core {
            queries: query_rules::Queries::new(),
            clock: clock.clone(),
            gate: Arc::clone(&door.gate),
            failures: logins::Failures::default(),
            store: store.clone(),
            table: slots::Table::default(),
            world: World::new(),
            feed: feed::Feed::of_run(now.wall.millis(), Arc::clone(&meters)),
            meters: Arc::clone(&meters),
            tallied: None,
            series: Arc::new(crate::series::Memory::new(keep.series)),
            batch: batch::Batch::default(),
            status: first_status(&loaded, &machine, now.wall),
            active: Vec::new(),
            noted: Vec::new(),
            ways: deadlines::Ways::Known,
            closing: Vec::new(),
            queue: VecDeque::new(),
            storage_down: false,
            generation: 0,
            reload,
            keep_rule,
            fallback: None,
            render: Arc::clone(&inventory.render),
            settings: Arc::default(),
            rules: Arc::default(),
            agents: agents::Agents::default(),
            trials: Arc::new(tokio::sync::Semaphore::new(trial::TRIALS)),
            routes: told,
            access: inventory.access,
            held: holds,
            redone: redoes,
            watchdog: side,
            deliveries,
            outward,
            before: undo::Before::default(),
            telling: undo::Telling::default(),
            renewal: None,
            paths: paths::Paths::restored(store.last_paths().await?),
            reach: reach::Watch::default(),
            stop: stop.clone(),
            wake_outbox: Arc::clone(&wake),
            speed: speed::Speed::default(),
            tests: Arc::new(tokio::sync::Semaphore::new(commands::test_notify::TESTS)),
            remembered: HashMap::new(),
            remembered_order: VecDeque::new(),
            taken: None,
            lag: None,
            last_tick: now,
            begun: now,
            swept: now.steady,
        };
        core.begin(loaded, (agents, streams), tests, inventory, now).await;
        handle.begun(inside::Inside::new(store.clone(), clock.clone()));
        let mut tasks = JoinSet::new();
        core.start(&mut tasks, door, &stop);
        let outbox = outbox::Outbox {
            store: store.clone(),
            clock: clock.clone(),
            wake,
            routes,
            held,
            redone,
            post,
            changed,
            meters,
            stop: stop.clone(),
        };
        tasks.spawn(or_all_stop(&stop, outbox::run(outbox)));
        tasks.spawn(or_all_stop(&stop, watchdog::run(dog)));
        tasks.spawn(or_all_stop(&stop, deliveries::run(reader)));
        tasks.spawn(or_all_stop(&stop, sending.run()));
        let housekeeping = housekeeping::run(store.clone(), clock, keep, stop.clone());
        tasks.spawn(or_all_stop(&stop, housekeeping));
        Ok(Self { handle, stop, tasks, store })
    }

    /// Ends at once, because another server leads or soon will: nothing more is written, and what is
    /// being sent is cut off. Whoever leads next tells it under the same key.
    pub async fn deposed(mut self) {
        self.stop.cancel();
        self.tasks.shutdown().await;
        self.store.close().await;
    }

    /// Stops, commits what is left and closes the store.
    ///
    /// # Errors
    /// When a part of it had failed inside: then it stopped by itself, and what it had not yet
    /// committed is lost.
    pub async fn stopped(mut self) -> Result<(), Failed> {
        self.stop.cancel();
        let mut whole = Ok(());
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a task of the engine failed");
                whole = Err(Failed);
            }
        }
        self.store.close().await;
        whole
    }
}

impl core::Core {
    /// Takes in what was remembered, and what is to be monitored.
    async fn begin(
        &mut self,
        loaded: Loaded,
        (agents, streams): (Vec<KeptAgent>, Vec<(Name, StreamMark)>),
        tests: speed::Known,
        inventory: Inventory,
        now: Now,
    ) {
        let alive = loaded.alive;
        self.was_off(alive, now.wall);
        self.restore(loaded, &inventory);
        self.agents = agents::Agents::restored(agents, streams, &self.world, now);
        let machine = self.status.host.to_string();
        self.restore_tests(&machine, tests, alive, now);
        self.adopt(inventory);
        self.flush().await;
        // What was due while nothing ran, before anything says that something runs.
        self.ask_for_due(now);
        self.flush().await;
        self.tell_status();
        self.look_at_meters(now);
    }
}

/// How an engine is at its start.
fn first_status(loaded: &Loaded, machine: &str, now: Timestamp) -> EngineStatus {
    let was_off = loaded.alive.map(|alive| now.since(alive));
    EngineStatus {
        hold: loaded.hold.clone().map(Box::new),
        host: SafeText::line(machine),
        pid: std::process::id(),
        started: now,
        was_off: was_off.filter(|away| *away >= WORTH_SAYING),
        ..EngineStatus::default()
    }
}

/// A part of the engine failed inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the engine failed inside; the log has the details")]
pub struct Failed;

/// When one part of the engine panics all of it stops, so that whoever runs it sees that and starts
/// it again: an engine without its outbox looks alive and tells nobody anything.
fn or_all_stop<T: Future<Output = ()>>(
    stop: &CancellationToken,
    part: T,
) -> impl Future<Output = ()> + use<T> {
    let stop = stop.clone().drop_guard();
    async move {
        part.await;
        drop(stop);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_that_panics_stops_the_engine_and_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open_sqlite(&dir.path().join("x.db")).await.unwrap();
        let (handle, _door) = Handle::new();
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let other = stop.clone();
        tasks.spawn(or_all_stop(&stop, async move { other.cancelled().await }));
        tasks.spawn(or_all_stop(&stop, async { panic!("as planned") }));
        stop.cancelled().await;
        let engine = Engine { handle, stop, tasks, store };
        assert_eq!(engine.stopped().await, Err(Failed));
    }
}
