//! How the engine is, asked beside its door: what must be answered even when the door is not.
//!
//! In: the moments that the parts left behind, the store. Out: readiness, the state of the services,
//! the numbers of the pool and of the outbox.
//! Never: waits longer than its deadlines, fills the door of an engine that does not answer, names a
//! host or a check.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, Semaphore};
use tokio::time::{Instant as Moment, timeout, timeout_at};

use super::handle::Handle;
use super::housekeeping::heartbeat;
use crate::clock::Clock;
use crate::meters::ready::{self, Broker, Cluster, Facts, Readiness, Schedule, Storage};
use crate::meters::{PoolNumbers, Pulse};
use crate::model::{Span, Steady};
use crate::protocol::{Actor, Query};
use crate::store::Store;

/// How long the engine and the store are waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a read is waited for that only adds to the picture.
const BRIEFLY: Duration = Duration::from_secs(1);
/// A ping of the database, as long as Fluxbase waits.
const PING: Duration = Duration::from_secs(5);
/// The loop turns every second: one that turned so lately is not asked.
const TURNED: Span = Span::from_secs(2);
/// One that did not turn for so long, and is being asked by somebody else, is silent.
const SILENT: Span = Span::from_secs(4);
/// A store that took a write so lately takes writes.
const WRITTEN: Span = Span::from_secs(4);
/// A write that takes longer than [`PATIENCE`] is believed to end, for so long after the last one.
const BELIEVED: Span = Span::from_secs(6);
/// What a probe found holds for so long.
const AGAIN: Span = Span::from_secs(1);

/// What the answers are made of.
#[derive(Debug)]
pub(super) struct Inside {
    store: Store,
    clock: Clock,
    /// What a probe of the store last found; held while one is under way.
    probed: Mutex<Option<(Steady, Storage)>>,
    /// Whoever asks the engine whether it answers.
    asking: Semaphore,
}

/// How a service is, as `GET /api/v1/monitoring/health` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Whether it works.
    pub works: bool,
    /// Why not, or what it is.
    pub message: Option<&'static str>,
    /// How long it took to answer.
    pub latency: Duration,
}

/// The services of the monitoring API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Services {
    /// The database can be read.
    pub database: Service,
    /// The engine turns, so that streams get what happens.
    pub realtime: Service,
    /// Results can be stored.
    pub storage: Service,
}

impl Inside {
    pub(super) fn new(store: Store, clock: Clock) -> Arc<Self> {
        let (probed, asking) = (Mutex::new(None), Semaphore::new(1));
        Arc::new(Self { store, clock, probed, asking })
    }

    /// Whether the store takes a write: by the last one, else by one of its own.
    async fn storage(&self, pulse: &Pulse) -> Storage {
        let now = self.clock.now().steady;
        let written = |within: Span| pulse.last_write().is_some_and(|at| now.since(at) <= within);
        if pulse.stores() && written(WRITTEN) {
            return Storage::Works;
        }
        let end = Moment::now() + PATIENCE;
        // A large commit may be before it.
        let late = || {
            let believed = pulse.stores() && written(BELIEVED);
            if believed { Storage::Works } else { Storage::Fails("it takes no write in time") }
        };
        // Many may ask at once; one of them writes.
        let Ok(mut probed) = timeout_at(end, self.probed.lock()).await else { return late() };
        if let Some((at, found)) = *probed
            && self.clock.now().steady.since(at) <= AGAIN
        {
            return found;
        }
        let wrote = timeout_at(end, heartbeat(&self.store, self.clock.now().wall)).await;
        let found = match wrote {
            Ok(Ok(())) => {
                pulse.written(self.clock.now().steady);
                if pulse.stores() {
                    Storage::Works
                } else {
                    Storage::Fails("results cannot be stored")
                }
            }
            Ok(Err(error)) => Storage::Fails(error.brief()),
            Err(_) => late(),
        };
        *probed = Some((self.clock.now().steady, found));
        found
    }

    async fn parked(&self) -> u64 {
        match timeout(BRIEFLY, self.store.standings()).await {
            Ok(Ok(standings)) => standings.iter().map(|standing| standing.parked).sum(),
            Ok(Err(_)) | Err(_) => 0,
        }
    }

    async fn ping(&self) -> Service {
        let begun = Instant::now();
        let message = match timeout(PING, self.store.ping()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.brief()),
            Err(_) => Some("it does not answer in time"),
        };
        Service { works: message.is_none(), message, latency: begun.elapsed() }
    }
}

/// The agents, where there are any.
fn agents((known, missing): (u64, u64)) -> Option<ready::Agents> {
    let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let connected = number(known.saturating_sub(missing));
    (known > 0).then(|| ready::Agents { known: number(known), connected })
}

impl Handle {
    /// Whether this server can do its work. Answers within some seconds, whatever hangs.
    pub async fn readiness(&self) -> Readiness {
        self.readiness_among(None).await
    }

    /// The same for one of several servers.
    pub async fn readiness_among(&self, cluster: Option<Cluster>) -> Readiness {
        let mut facts = Facts {
            broker: Broker::Missing,
            storage: Storage::Missing,
            cluster,
            schedule: Schedule::default(),
            posted: None,
            parked: 0,
            agents: None,
        };
        let Some(inside) = self.inside() else { return ready::judge(&facts, Steady::default()) };
        let pulse = &self.meters().pulse;
        (facts.broker, facts.storage) = tokio::join!(self.broker(inside), inside.storage(pulse));
        if facts.storage == Storage::Works {
            facts.parked = inside.parked().await;
        }
        let (checks, late) = pulse.checks();
        facts.schedule = Schedule {
            last_result: pulse.last_result(),
            within: pulse.within(),
            checks,
            late,
            lag: pulse.lag(),
        };
        facts.posted = pulse.last_post();
        facts.agents = agents(pulse.known_agents());
        ready::judge(&facts, inside.clock.now().steady)
    }

    /// Whether the engine's loop answers: by its last turn, else by a question of its own.
    async fn broker(&self, inside: &Inside) -> Broker {
        let still = |for_long: Span| {
            let last = self.meters().pulse.last_turn();
            last.is_none_or(|at| inside.clock.now().steady.since(at) > for_long)
        };
        if !still(TURNED) {
            return Broker::Answers;
        }
        let Ok(_one) = inside.asking.try_acquire() else {
            return if still(SILENT) { Broker::Silent } else { Broker::Answers };
        };
        let answer = timeout(PATIENCE, self.query(Actor::Engine, Query::Engine)).await;
        // It may have turned meanwhile, and be busy with something else since.
        if matches!(answer, Ok(Ok(_))) || !still(TURNED) { Broker::Answers } else { Broker::Silent }
    }

    /// How the services are that the monitoring API names.
    pub async fn services(&self) -> Services {
        let none = |message| Service { works: false, message, latency: Duration::ZERO };
        let Some(inside) = self.inside() else {
            let starting = none(Some("it is starting"));
            return Services {
                database: starting.clone(),
                realtime: starting.clone(),
                storage: starting,
            };
        };
        let stored = async {
            let begun = Instant::now();
            let message = match inside.storage(&self.meters().pulse).await {
                Storage::Works => None,
                Storage::Missing => Some("it is not open"),
                Storage::Fails(why) => Some(why),
            };
            Service { works: message.is_none(), message, latency: begun.elapsed() }
        };
        let (database, broker, storage) = tokio::join!(inside.ping(), self.broker(inside), stored);
        let realtime = if broker == Broker::Answers {
            let message = Some("event streams are served");
            Service { works: true, message, latency: Duration::ZERO }
        } else {
            none(Some("the engine does not answer"))
        };
        Services { database, realtime, storage }
    }

    /// The store's connections; `None` before it is open.
    #[must_use]
    pub fn pool(&self) -> Option<PoolNumbers> {
        self.inside().map(|inside| inside.store.pool())
    }

    /// Files of the store and their bytes, as far as they can be known.
    pub async fn stored(&self) -> Option<(Option<u32>, u64)> {
        let inside = self.inside()?;
        let bytes = timeout(BRIEFLY, inside.store.size_bytes()).await.ok()?.ok()?;
        Some((inside.store.files(), bytes))
    }

    /// Sets the meters that are only known by asking: pool, outbox, tasks. For each scrape.
    pub async fn measure(&self) {
        let meters = self.meters();
        meters.monitor.tasks(tokio::runtime::Handle::current().metrics().num_alive_tasks());
        let Some(inside) = self.inside() else { return };
        meters.database.pool(inside.store.pool());
        let now = inside.clock.now().wall;
        let read = async {
            let standings = inside.store.standings().await?;
            let oldest = inside.store.oldest_due(now).await?;
            Ok::<_, crate::store::StoreError>((standings, oldest))
        };
        match timeout(BRIEFLY, read).await {
            Ok(Ok((standings, oldest))) => {
                let sum = |of: fn(&crate::store::Standing) -> u64| standings.iter().map(of).sum();
                let age = oldest.map_or(0.0, |oldest| now.since(oldest).as_secs_f64());
                meters.monitor.outbox(sum(|s| s.due), sum(|s| s.failing), sum(|s| s.parked), age);
            }
            Ok(Err(_)) | Err(_) => meters.monitor.outbox_unknown(),
        }
    }
}
