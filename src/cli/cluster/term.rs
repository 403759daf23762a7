//! The times in which this server leads: an engine is started at the begin of each and ends with it.
//!
//! While the database gives no answer the engine stays, writes nothing and tells nobody; deposed, it
//! ends at once and writes nothing; told to stop, it commits what is left, and only then
//! is the lease given up.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::api::Front;
use crate::backend::Backend;
use crate::cli::lifecycle::{self, Parts, Plan, STOP};
use crate::cli::setup;
use crate::cli::signals::{Caught, Signals};
use crate::cluster;
use crate::engine::{Engine, Handle, SharedKey};
use crate::meters::Meters;
use crate::store::{Fence, Store};

/// How long an engine that was cut off may hold its connections to the database.
const CUT: Duration = Duration::from_secs(2);

/// What each time needs.
pub(super) struct Terms {
    pub plan: Plan,
    pub database: String,
    pub key: SharedKey,
    pub meters: Arc<Meters>,
    pub front: Front,
    /// The engine here, for the supervisor.
    pub leads: watch::Sender<Option<Handle>>,
    pub at_once: usize,
}

/// How a time ended.
enum End {
    /// Another server leads, or soon will.
    Deposed,
    /// The engine could not start, or not go on.
    Failed(anyhow::Error),
    /// The server was told to stop.
    Stopped,
}

/// An engine that starts or runs.
struct Reign {
    handle: Handle,
    stop: CancellationToken,
    around: CancellationToken,
    starting: JoinHandle<anyhow::Result<Engine>>,
    engine: Option<Engine>,
}

impl Terms {
    /// Leads whenever it is this server's turn, until it is told to stop.
    pub(super) async fn run(&self, mut terms: cluster::Terms) -> anyhow::Result<()> {
        let mut signals = Signals::listen().context("the signals cannot be listened to")?;
        loop {
            let begun = tokio::select! {
                begun = terms.wait_for(Option::is_some) => begun.context("nobody looks")?.clone(),
                caught = signals.next() => match caught {
                    Caught::Stop => return Ok(()),
                    Caught::HangUp => { self.look_at_configuration(); continue }
                },
            };
            let Some(fence) = begun else { continue };
            let mut reign = self.begin(&fence);
            let end = self.reign(&mut reign, &fence, &mut signals).await;
            self.leads.send_replace(None);
            self.front.stand_by();
            reign.around.cancel();
            match end {
                End::Stopped => return reign.stopped().await,
                End::Deposed => {}
                End::Failed(error) => {
                    tracing::error!("the engine cannot run here: {error:#}; another server may");
                }
            }
            fence.end();
            reign.cut_off().await;
            // The election takes the fence away before it gives another one.
            let over = |term: &Option<Arc<Fence>>| {
                term.as_ref().is_none_or(|term| term.epoch() != fence.epoch())
            };
            terms.wait_for(over).await.context("nobody looks")?;
        }
    }

    /// Starts an engine; what is asked of it meanwhile waits.
    fn begin(&self, fence: &Arc<Fence>) -> Reign {
        let (handle, door) = Handle::of_member(&self.key, Arc::clone(&self.meters));
        let (stop, around) = (CancellationToken::new(), CancellationToken::new());
        let parts =
            Parts { handle: handle.clone(), door, stop: stop.clone(), around: around.clone() };
        let (held, clock) = (Arc::clone(fence), self.plan.clock.clone());
        let holds = move || held.holds(clock.now().steady);
        let (mut plan, fence) = (self.plan.again(), Arc::clone(fence));
        let (database, at_once) = (self.database.clone(), self.at_once);
        let on = tokio::runtime::Handle::current();
        // On a thread of its own: its future is not `Send`.
        let starting = tokio::task::spawn_blocking(move || {
            match (plan.reload)() {
                Ok(inventory) => plan.inventory = inventory,
                Err(problems) => tracing::error!("the configuration stays as it was: {problems}"),
            }
            let lost = fence.lost().clone();
            let begun = async {
                let store = Store::open_postgres(&database).await?.fenced(fence);
                Box::pin(lifecycle::run_on(store, plan, parts, at_once)).await
            };
            on.block_on(async {
                tokio::select! {
                    begun = begun => begun,
                    () = lost.cancelled() => Err(anyhow!("another server leads")),
                }
            })
        });
        self.front.lead(handle.clone(), around.clone(), holds);
        Reign { handle, stop, around, starting, engine: None }
    }

    async fn reign(&self, reign: &mut Reign, fence: &Fence, signals: &mut Signals) -> End {
        let Reign { handle, stop, starting, engine, .. } = reign;
        loop {
            tokio::select! {
                () = fence.lost().cancelled() => return End::Deposed,
                started = &mut *starting, if engine.is_none() => {
                    match started.context("the engine's start failed inside").flatten() {
                        Ok(started) => {
                            *engine = Some(started);
                            self.leads.send_replace(Some(handle.clone()));
                        }
                        Err(error) => return End::Failed(error),
                    }
                }
                () = stop.cancelled() => return End::Stopped,
                caught = signals.next() => match caught {
                    Caught::Stop => return End::Stopped,
                    Caught::HangUp => {
                        let backend = Backend::Local(handle.clone());
                        tokio::spawn(async move { setup::reload(&backend).await });
                    }
                },
            }
        }
    }

    /// While another server leads, a reload only says what is wrong here.
    fn look_at_configuration(&self) {
        match (self.plan.reload)() {
            Ok(_) => tracing::info!("the configuration is good; it counts when this server leads"),
            Err(problems) => tracing::error!("the configuration cannot be used: {problems}"),
        }
    }
}

impl Reign {
    /// Ends at once.
    async fn cut_off(self) {
        self.stop.cancel();
        let ended = async {
            let engine = match self.engine {
                Some(engine) => Some(engine),
                None if self.starting.is_finished() => None,
                None => self.starting.await.ok().and_then(Result::ok),
            };
            if let Some(engine) = engine {
                engine.deposed().await;
            }
        };
        if tokio::time::timeout(CUT, ended).await.is_err() {
            tracing::debug!("connections to the database were left to end by themselves");
        }
    }

    /// Ends in order: what is left is committed.
    async fn stopped(self) -> anyhow::Result<()> {
        let ended = async {
            let engine = match self.engine {
                Some(engine) => engine,
                None => self.starting.await.context("the engine's start failed inside")??,
            };
            engine.stopped().await.map_err(|failed| {
                anyhow!("{failed}; another server takes over, and this one is to be started again")
            })
        };
        match tokio::time::timeout(STOP, ended).await {
            Ok(ended) => ended,
            Err(_) => {
                tracing::error!("the engine did not stop within 10 s");
                Ok(())
            }
        }
    }
}
