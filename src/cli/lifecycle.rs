//! Starting and ending the parts: lock, store, engine, socket, worker; in this order up, and down
//! in the other.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::backend::Backend;
use crate::client::Client;
use crate::clock::Clock;
use crate::engine::{Door, Engine, Handle, Inventory, Keep, KeepRule, Reload, Setup};
use crate::model::{Secret, Span};
use crate::probe::{Shared, speed};
use crate::protocol::{Problem, ProblemKind, Query, Role};
use crate::store::{DirLock, Store};
use crate::worker::{self, Source, Worker};

/// The socket's name in the data directory.
pub const SOCKET: &str = "fluxnoc.sock";
/// The database's name in the data directory.
pub const DATABASE: &str = "fluxnoc.db";
/// How long an orderly stop may take.
pub(super) const STOP: Duration = Duration::from_secs(10);
/// How long an engine that ends may still hold its directory.
const ENDING: Duration = Duration::from_secs(3);
/// How long a running engine is waited for; one that starts takes longer and is there all the same.
const ASKED: Duration = Duration::from_millis(300);
/// How long a command has a `PostgreSQL` to itself; it is given back when the command ends.
const BORROWED: Span = Span::from_secs(6);
/// How long a program may take that gives the database's URL.
const SECRET: Duration = Duration::from_secs(30);
/// Runs at once when the machine allows many descriptors.
const AT_ONCE: usize = 8192;

/// What is to be started.
pub struct Plan {
    /// The data directory.
    pub data_dir: PathBuf,
    /// The URL of a `PostgreSQL` database; `SQLite` in the data directory without one.
    pub database: Option<Secret>,
    /// Why no engine may be started here when none runs.
    pub refuse: Option<String>,
    /// What to monitor.
    pub inventory: Inventory,
    /// How to read that again.
    pub reload: Reload,
    /// How a rule is saved.
    pub keep_rule: KeepRule,
    /// How long to remember.
    pub keep: Keep,
    /// The machine's name.
    pub machine: String,
    /// Whether checks are run; a script verb on its own only looks and notes.
    pub with_worker: bool,
    /// Targets that are found, when there may be some.
    pub finding: Option<std::sync::Arc<super::setup::Finding>>,
    /// Time.
    pub clock: Clock,
    /// Opens the listeners on the network, when there shall be some. Done when the directory is
    /// ours and before anything else starts, so that a port that is taken is said at once.
    pub doors: Option<OpenDoors>,
}

impl Plan {
    /// The same for another start; it opens no listeners.
    #[must_use]
    pub(super) fn again(&self) -> Self {
        Self {
            data_dir: self.data_dir.clone(),
            database: self.database.clone(),
            refuse: None,
            inventory: self.inventory.clone(),
            reload: self.reload.clone(),
            keep_rule: self.keep_rule.clone(),
            keep: self.keep,
            machine: self.machine.clone(),
            with_worker: self.with_worker,
            finding: self.finding.clone(),
            clock: self.clock.clone(),
            doors: None,
        }
    }
}

/// Opens listeners on the network.
pub type OpenDoors = Box<dyn FnOnce() -> anyhow::Result<Doors> + Send>;

/// Listeners on the network.
pub struct Doors {
    /// The API's.
    pub api: std::net::TcpListener,
    /// What its TLS connections begin with.
    pub tls: Option<crate::api::Tls>,
    /// What strangers may read there.
    pub exposed: crate::api::Exposed,
    /// The health listener's.
    pub health: Option<std::net::TcpListener>,
    /// The speedtest endpoint's.
    pub speed: Option<std::net::TcpListener>,
    /// Whether the meters are written under the names of Fluxbase, too.
    pub compat: bool,
}

/// Where the engine of a data directory is.
pub enum Place {
    /// In this process.
    Here(Box<Home>),
    /// In another process, reached through its socket.
    There(Client),
}

/// An engine in this process with everything around it. It may still be starting: what is asked
/// meanwhile waits, so that a screen need not.
pub struct Home {
    runtime: Runtime,
    handle: Handle,
    stop: CancellationToken,
    engine: JoinHandle<anyhow::Result<Engine>>,
    around: CancellationToken,
    socket: PathBuf,
    lock: DirLock,
}

/// Finds the engine of the data directory, or starts one here.
///
/// # Errors
/// When another engine holds the directory and does not answer (naming its pid), or the store
/// cannot be opened.
pub fn find_or_start(plan: Plan, operator: &str, role: Role) -> anyhow::Result<Place> {
    prepare(&plan.data_dir)?;
    let until = std::time::Instant::now() + ENDING;
    loop {
        let held = match DirLock::acquire(&plan.data_dir) {
            Ok(_) if plan.refuse.is_some() => bail!(plan.refuse.unwrap_or_default()),
            Ok(lock) => return Ok(Place::Here(Box::new(start(plan, lock, Beside::Screen)?))),
            Err(held) => held,
        };
        let socket = plan.data_dir.join(SOCKET);
        let why = match Client::connect(&socket, operator, role).and_then(stays) {
            Ok(client) => return Ok(Place::There(client)),
            Err(why) => why,
        };
        // One that just ends holds its directory for a moment longer than its word.
        if std::time::Instant::now() >= until {
            bail!("{held}, and its socket {} does not answer: {why}", socket.display());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The client of an engine that is there to stay: it answers, or is busy with its start.
fn stays(client: Client) -> Result<Client, Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Problem::internal(format!("no thread to ask with: {error}")))?;
    let asked = async { tokio::time::timeout(ASKED, client.query(&Query::Engine)).await };
    match runtime.block_on(asked) {
        Ok(Err(problem)) if problem.kind == ProblemKind::Unreachable => Err(problem),
        _ => Ok(client),
    }
}

/// The URL that a secret holds.
///
/// # Errors
/// When there is none, or it is no URL of a `PostgreSQL` database; never with the URL itself.
pub async fn database_url(secret: &Secret) -> anyhow::Result<String> {
    let until = std::time::Instant::now() + SECRET;
    let url = crate::secrets::resolve(secret, until).await;
    let url = url.map_err(|why| anyhow!("[store] url: {why}"))?;
    let checked = crate::config::database::check(&url);
    checked.map_err(|why| anyhow!("[store] url, {}: {why}", secret.describe()))?;
    Ok(url)
}

/// Starts an engine here, or says who holds the directory.
///
/// # Errors
/// As [`find_or_start`], and when another engine holds the directory.
pub fn start_here(plan: Plan) -> anyhow::Result<Home> {
    prepare(&plan.data_dir)?;
    let lock = DirLock::acquire(&plan.data_dir).map_err(|held| anyhow!("{held}"))?;
    start(plan, lock, Beside::Nothing)
}

/// Makes the data directory when it is missing, for its owner only.
///
/// # Errors
/// When it cannot be made.
pub fn prepare(dir: &Path) -> anyhow::Result<()> {
    let existed = dir.is_dir();
    std::fs::create_dir_all(dir)
        .with_context(|| format!("cannot create the data directory {}", dir.display()))?;
    if !existed {
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// What else this process does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beside {
    Nothing,
    /// A screen, which somebody may be waiting for.
    Screen,
}

/// How much the engine's threads, and the programs of custom checks, stand back behind the screen's
/// thread: a burst of results may wait some milliseconds for a processor, a key may not.
const NICE: i32 = 5;

/// The runtime of an engine and all around it.
fn runtime(beside: Beside) -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .thread_name("engine")
        // A program of somebody else has a thread as long as it runs; those that hang must not
        // keep others, or a query, from one.
        .max_blocking_threads(2 * AT_ONCE)
        .on_thread_start(move || {
            if beside == Beside::Screen {
                // Of this thread alone. Refused, it is as quick as before.
                let _ = rustix::process::setpriority_process(None, NICE);
            }
        })
        .enable_all()
        .build()
        .context("cannot start threads")
}

/// The runtime of a server.
///
/// # Errors
/// When there are no threads.
pub(super) fn server_runtime() -> anyhow::Result<Runtime> {
    runtime(Beside::Nothing)
}

fn start(plan: Plan, lock: DirLock, beside: Beside) -> anyhow::Result<Home> {
    let runtime = runtime(beside)?;
    let at_once = descriptors();
    let socket = plan.data_dir.join(SOCKET);
    let around = CancellationToken::new();
    let stop = CancellationToken::new();
    let (handle, door) = Handle::keeping_sessions(&plan.data_dir);
    let mut plan = plan;
    let doors = plan.doors.take().map(|open| open()).transpose()?;
    if doors.is_some() {
        handle.prepare_sessions()?;
    }
    offer_socket(&runtime, &socket, handle.clone(), around.clone())?;
    if let Some(doors) = doors {
        let _guard = runtime.enter();
        let api = tokio::net::TcpListener::from_std(doors.api).context("cannot listen")?;
        let (tls, exposed) = (doors.tls, doors.exposed);
        handle.meters().set_compat(doors.compat);
        runtime.spawn(crate::api::serve_net(api, tls, exposed, handle.clone(), around.clone()));
        if let Some(health) = doors.health {
            let health = tokio::net::TcpListener::from_std(health).context("cannot listen")?;
            let source = crate::api::HealthSource::new(handle.clone());
            runtime.spawn(crate::api::serve_health(health, source, around.clone()));
        }
        offer_speed(doors.speed, &around)?;
    }
    let parts = Parts { handle: handle.clone(), door, stop: stop.clone(), around: around.clone() };
    // On a thread of its own: opening a store may take seconds, and its future is not `Send`.
    let on = runtime.handle().clone();
    let engine = runtime.spawn_blocking(move || on.block_on(begin(plan, parts, at_once)));
    Ok(Home { runtime, handle, stop, engine, around, socket, lock })
}

/// What an engine is started with besides its plan.
pub(super) struct Parts {
    /// Where it is asked.
    pub handle: Handle,
    /// Its end of that.
    pub door: Door,
    /// Stops it.
    pub stop: CancellationToken,
    /// Ends what works around it.
    pub around: CancellationToken,
}

/// Opens the store, starts the engine and its worker. When that fails, everything stops.
async fn begin(plan: Plan, parts: Parts, at_once: usize) -> anyhow::Result<Engine> {
    let failed = parts.stop.clone();
    let begun = Box::pin(try_begin(plan, parts, at_once)).await;
    if begun.is_err() {
        failed.cancel();
    }
    begun
}

async fn try_begin(plan: Plan, parts: Parts, at_once: usize) -> anyhow::Result<Engine> {
    let store = match &plan.database {
        None => Store::open_sqlite(&plan.data_dir.join(DATABASE)).await?,
        Some(url) => borrowed(Store::open_postgres(&database_url(url).await?).await?).await?,
    };
    Box::pin(run_on(store, plan, parts, at_once)).await
}

/// A `PostgreSQL` for the time of one command, which no server must lead meanwhile.
async fn borrowed(store: Store) -> anyhow::Result<Store> {
    let owner = format!("command/{:016x}", rand::random::<u64>());
    let borrowed = store.borrowed(&owner, BORROWED).await?;
    borrowed.ok_or_else(|| {
        anyhow!(
            "a server works on this database; run this beside it, or ask it with --connect URL \
             (one that was killed is waited for: try again in some seconds)"
        )
    })
}

/// Starts the engine on a store, and its worker.
///
/// # Errors
/// When the store cannot be read.
pub(super) async fn run_on(
    store: Store,
    plan: Plan,
    parts: Parts,
    at_once: usize,
) -> anyhow::Result<Engine> {
    let clock = plan.clock;
    let setup = Setup {
        inventory: plan.inventory,
        reload: plan.reload,
        keep_rule: plan.keep_rule,
        store,
        keep: plan.keep,
        clock: clock.clone(),
        machine: plan.machine,
    };
    let Parts { handle, door, stop, around } = parts;
    let engine = Engine::start_behind(setup, handle.clone(), door, stop).await?;
    if plan.with_worker {
        if let Some(finding) = plan.finding {
            let backend = Backend::Local(handle.clone());
            tokio::spawn(super::setup::find(finding, backend, around.clone()));
        }
        let shared = Shared::start().context("cannot start the round-trip thread")?;
        let source = Source::Probes(shared);
        let worker = Worker { backend: Backend::Local(handle), source, clock, at_once };
        tokio::spawn(async move {
            if let Err(problem) = worker::run(worker, around).await {
                tracing::error!(%problem, "the worker ended");
            }
        });
    }
    Ok(engine)
}

/// Serves speedtests of others, where that is wanted: on a thread of its own, so that a link under
/// load takes one processor at most and never the engine's turn.
pub(super) fn offer_speed(
    listener: Option<std::net::TcpListener>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let Some(listener) = listener else { return Ok(()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stop = stop.clone();
    std::thread::Builder::new().name("speedtests".to_owned()).spawn(move || {
        runtime.block_on(async {
            match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => speed::serve(listener, speed::Limits::default(), stop).await,
                Err(error) => tracing::error!("the speedtest endpoint cannot listen: {error}"),
            }
        });
    })?;
    Ok(())
}

fn offer_socket(
    runtime: &Runtime,
    path: &Path,
    handle: Handle,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let _guard = runtime.enter();
    runtime.spawn(crate::api::serve(bind_socket(path)?, handle, stop));
    Ok(())
}

/// Opens the socket; its directory is locked by this process.
pub(super) fn bind_socket(path: &Path) -> anyhow::Result<tokio::net::UnixListener> {
    // The lock is ours, so a socket that lies here belongs to nobody.
    match std::fs::remove_file(path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).context(format!("cannot remove {}", path.display())),
    }
    let listener = tokio::net::UnixListener::bind(path)
        .with_context(|| format!("cannot open the socket {}", path.display()))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

impl Home {
    /// The way to this engine.
    #[must_use]
    pub fn backend(&self) -> Backend {
        Backend::Local(self.handle.clone())
    }

    /// The engine's runtime, for what must not run on the screen's thread.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Cancelled when what works around the engine is to end, before the engine does.
    #[must_use]
    pub fn around(&self) -> CancellationToken {
        self.around.clone()
    }

    /// Cancelled when the engine was asked to stop, or could not start.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Stops everything in order; what is due is committed first.
    ///
    /// # Errors
    /// Why the engine could not start, when it could not, or that it failed inside.
    pub fn stop(self) -> anyhow::Result<()> {
        let Self { runtime, engine, around, socket, lock, .. } = self;
        around.cancel();
        let ended = runtime.block_on(async {
            let engine = engine.await.context("the engine's start failed inside")??;
            match tokio::time::timeout(STOP, engine.stopped()).await {
                Ok(ended) => ended.map_err(|failed| {
                    anyhow!("{failed}; nothing is monitored until fluxnoc is started again")
                })?,
                Err(_) => tracing::error!("the engine did not stop within 10 s"),
            }
            anyhow::Ok(())
        });
        // A socket without its engine would only confuse; the lock goes last.
        let _ = std::fs::remove_file(socket);
        runtime.shutdown_timeout(Duration::from_secs(1));
        drop(lock);
        ended
    }
}

/// Runs at once at most, by the descriptors that this process may have.
pub(super) fn descriptors() -> usize {
    (raise_descriptors() / 2).clamp(16, AT_ONCE)
}

/// Raises the limit of open descriptors as far as allowed; gives what is allowed.
fn raise_descriptors() -> usize {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return 1024 };
    let wanted = hard.min(65_536);
    if soft < wanted && setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).is_ok() {
        return usize::try_from(wanted).unwrap_or(1024);
    }
    usize::try_from(soft).unwrap_or(1024)
}

/// Waits until the engine of another process answers at its socket.
///
/// # Errors
/// When it does not within `patience`.
pub async fn wait_for_socket(
    data_dir: &Path,
    operator: &str,
    patience: Duration,
) -> anyhow::Result<u32> {
    let until = tokio::time::Instant::now() + patience;
    loop {
        if let Ok(client) = Client::connect(&data_dir.join(SOCKET), operator, Role::Viewer)
            && let Ok(crate::protocol::Answer::Engine(status)) = client.query(&Query::Engine).await
        {
            return Ok(status.pid);
        }
        if tokio::time::Instant::now() >= until {
            bail!("no engine answered at {} within {patience:?}", data_dir.join(SOCKET).display());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
