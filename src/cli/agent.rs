//! `fluxnoc agent`: a worker on this machine for servers elsewhere.
//!
//! In: arguments, environment, the data directory. Out: the lines of a log on stderr, an exit code.
//! Never: listens unless told to, or does for a server what this machine was not told to allow.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use tokio_util::sync::CancellationToken;

use super::agent_args::{AgentArgs, Wanted};
use super::args::Global;
use super::signals::{Caught, Signals};
use super::{connect, lifecycle, logging, machine, print, supervisor};
use crate::backend::Backend;
use crate::client::{Access, Client, Credential};
use crate::clock::Clock;
use crate::config::locate;
use crate::model::{RequestId, SafeText, Span};
use crate::probe::{Allowed, Permit, Shared};
use crate::protocol::work::Enrolment;
use crate::protocol::{Actor, Command, Outcome, Problem, ProblemKind, Request};
use crate::store::DirLock;
use crate::worker::{Agent, Identity, Keep, Source, run_agent};

/// The pause between two tries to register.
const AGAIN: Span = Span::from_secs(5);
/// The same while another agent has the name.
const TAKEN: Span = Span::from_secs(30);

/// Runs the agent until it is told to stop.
///
/// # Errors
/// When the data directory cannot be used, or no server lets it in.
pub fn run(global: &Global, args: &AgentArgs) -> anyhow::Result<ExitCode> {
    logging::to_stderr_json();
    let wanted = match args.wanted(global) {
        Ok(wanted) => wanted,
        Err(why) => return Ok(misused(&why)),
    };
    let dir = data_dir(global)?;
    let keep = Keep::open(&dir).map_err(|why| anyhow!(why))?;
    let _lock = DirLock::acquire(&dir).map_err(|held| anyhow!("{held}"))?;
    let identity = match known(&keep, &wanted)? {
        Known::Agent(identity) => Some(identity),
        Known::Nobody if wanted.token.is_some() => None,
        Known::Nobody => {
            let name = &wanted.name;
            return Ok(misused(&format!(
                "the agent {name} is not registered yet; an admin of the server makes a token with \
                 `fluxnoc token add --agent {name}`, give it as AGENT_TOKEN or --token"
            )));
        }
    };
    let endpoint = match args.speed_listen {
        Some(at) => Some(super::serve::listen(at, "--speed-listen")?),
        None => None,
    };
    let place = Place { wanted, keep, permit: permit(args)?, ways: Ways::of(args)? };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("agent")
        .enable_all()
        .build()
        .context("cannot start threads")?;
    let around = CancellationToken::new();
    lifecycle::offer_speed(endpoint, &around)?;
    let ended = runtime.block_on(until_stopped(place, identity));
    around.cancel();
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    ended.map(|()| ExitCode::SUCCESS)
}

fn misused(why: &str) -> ExitCode {
    print::error(why);
    ExitCode::from(2)
}

/// `--data-dir`, else a folder beside an engine's own: both may run on one machine.
fn data_dir(global: &Global) -> anyhow::Result<PathBuf> {
    let named = global.data_dir.as_deref();
    let dir = locate::data_dir(named).map_err(anyhow::Error::msg)?;
    let dir = if named.is_some() { dir } else { dir.join("agent") };
    Ok(std::path::absolute(dir)?)
}

enum Known {
    Agent(Identity),
    Nobody,
}

/// Who the data directory says that this is.
fn known(keep: &Keep, wanted: &Wanted) -> anyhow::Result<Known> {
    let Some(identity) = keep.identity().map_err(|why| anyhow!(why))? else {
        return Ok(Known::Nobody);
    };
    if identity.name.to_lowercase() == wanted.name.to_lowercase() {
        return Ok(Known::Agent(identity));
    }
    if wanted.token.is_some() {
        return Ok(Known::Nobody);
    }
    let (kept, asked) = (&identity.name, &wanted.name);
    bail!(
        "the data directory is the agent {kept}'s, not {asked}'s; write --name {kept}, or another \
         --data-dir, or give a token for {asked}"
    )
}

/// What checks may use of this machine.
fn permit(args: &AgentArgs) -> anyhow::Result<Permit> {
    let scripts = args.allow_scripts.iter().map(|folder| {
        let named = || format!("--allow-scripts {}", folder.display());
        folder.canonicalize().with_context(named)
    });
    let scripts = scripts.collect::<anyhow::Result<_>>()?;
    Ok(Permit::Only(Allowed { scripts, secrets: args.allow_secret.clone() }))
}

/// How servers are reached.
struct Ways {
    authorities: Option<Vec<u8>>,
    insecure: bool,
}

impl Ways {
    fn of(args: &AgentArgs) -> anyhow::Result<Self> {
        let authorities = args.ca.as_deref().map(connect::authorities).transpose()?;
        Ok(Self { authorities, insecure: args.insecure })
    }

    fn to(&self, url: &str, secret: &str) -> Result<Client, Problem> {
        Client::reach(Access {
            url: url.to_owned(),
            credential: Credential::Token(secret.to_owned()),
            authorities: self.authorities.clone(),
            insecure: self.insecure,
        })
    }

    fn to_all(&self, urls: &[String], secret: &str) -> Result<Vec<Client>, Problem> {
        urls.iter().map(|url| self.to(url, secret)).collect()
    }
}

/// Where the agent runs and for whom.
struct Place {
    wanted: Wanted,
    keep: Keep,
    permit: Permit,
    ways: Ways,
}

async fn until_stopped(place: Place, identity: Option<Identity>) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    let signals = Signals::listen().context("cannot listen to signals")?;
    tokio::spawn(heed(signals, stop.clone()));
    let alive = async || true;
    let work = work(&place, identity, &stop);
    tokio::select! {
        ended = work => {
            supervisor::stopping();
            ended
        }
        never = supervisor::keep_alive(Clock::System, &alive) => match never {},
    }
}

/// SIGTERM and SIGINT stop; there is nothing to read again at a SIGHUP.
async fn heed(mut signals: Signals, stop: CancellationToken) {
    loop {
        if signals.next().await == Caught::Stop {
            stop.cancel();
        }
    }
}

/// Registers when that is to be done, and works; a key that counts no more is replaced by means of
/// the token.
async fn work(
    place: &Place,
    mut identity: Option<Identity>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let at_once = lifecycle::descriptors();
    loop {
        let known = match identity.take() {
            Some(identity) => identity,
            None => match register(place, stop).await? {
                Some(identity) => identity,
                None => return Ok(()),
            },
        };
        supervisor::ready();
        let shared = Shared::start_within(place.permit.clone());
        let agent = agent_of(place, known, shared.context("cannot start a thread")?, at_once)?;
        match run_agent(agent, stop.clone()).await {
            Ok(()) => return Ok(()),
            Err(problem) if problem.kind != ProblemKind::Unauthenticated => bail!("{problem}"),
            Err(problem) if place.wanted.token.is_none() => bail!(
                "the server does not know this agent's key any more ({problem}); an admin makes a \
                 token with `fluxnoc token add --agent {}`, start it with that once",
                place.wanted.name
            ),
            Err(problem) => {
                tracing::warn!(%problem, "the key counts no more; registering anew");
            }
        }
    }
}

fn agent_of(
    place: &Place,
    identity: Identity,
    shared: Arc<Shared>,
    at_once: usize,
) -> anyhow::Result<Agent> {
    let servers = place.ways.to_all(&place.wanted.servers, &identity.key)?;
    Ok(Agent {
        servers: servers.into_iter().map(Backend::Remote).collect(),
        keep: place.keep.clone(),
        identity,
        location: place.wanted.location.clone(),
        machine: SafeText::line(&machine::this().hostname),
        machine_boot: machine::boot(),
        limits: place.wanted.limits,
        source: Source::Probes(shared),
        clock: Clock::System,
        at_once,
    })
}

/// Asks the servers in turn until one lets this agent in; `None` when it was told to stop.
async fn register(place: &Place, stop: &CancellationToken) -> anyhow::Result<Option<Identity>> {
    let token = place.wanted.token.as_deref().unwrap_or_default();
    let clients = place.ways.to_all(&place.wanted.servers, token)?;
    let enrolment = Enrolment {
        name: place.wanted.name.clone(),
        location: place.wanted.location.clone(),
        machine: SafeText::line(&machine::this().hostname),
        version: SafeText::line(env!("CARGO_PKG_VERSION")),
    };
    for client in clients.iter().cycle() {
        let id = RequestId::from_parts(Clock::System.now().wall.millis(), rand::random());
        let command = Command::Enrol(enrolment.clone());
        let request = Request { id, actor: Actor::Worker, command };
        let asked = tokio::select! {
            asked = client.execute(&request) => asked,
            () = stop.cancelled() => return Ok(None),
        };
        let pause = match asked {
            Ok(Outcome::Enrolled { name, key: Some(key) }) => {
                let identity = Identity { name, key: key.0, life: 0 };
                place.keep.put_identity(&identity).map_err(|why| anyhow!(why))?;
                tracing::info!("registered as the agent {}", identity.name);
                return Ok(Some(identity));
            }
            Ok(_) => bail!("the server answered the registration with something else"),
            Err(problem) => match problem.kind {
                ProblemKind::Unreachable | ProblemKind::Unavailable | ProblemKind::Internal => {
                    tracing::warn!(%problem, "not registered yet; tried again in {AGAIN}");
                    AGAIN
                }
                ProblemKind::Conflict => {
                    tracing::warn!(%problem, "not registered yet; tried again in {TAKEN}");
                    TAKEN
                }
                _ => bail!("the server does not let this agent register: {problem}"),
            },
        };
        tokio::select! {
            () = Clock::System.sleep(pause) => {}
            () = stop.cancelled() => return Ok(None),
        }
    }
    Ok(None)
}
