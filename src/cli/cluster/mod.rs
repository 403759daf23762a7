//! One of several servers on one `PostgreSQL`: its listeners are open from its start to its end; an
//! engine runs behind them while it leads.
//!
//! In: the plan of an engine, the database, where the others reach this server.
//! Out: an exit code; the lines of a log.
//! Never: ends because the database or another server went away.

mod term;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::lifecycle::{self, Doors, Plan, SOCKET};
use super::supervisor;
use crate::api::{self, Certificates, Front, HealthSource, Relay};
use crate::clock::Clock;
use crate::cluster::{Membership, View};
use crate::engine::{Handle, SharedKey};
use crate::meters::Meters;
use crate::model::{SafeText, Secret, Span};
use crate::protocol::{Actor, Query, Role};
use crate::store::{DirLock, Member, Store};
use term::Terms;

/// How often a server that stands by looks who has an account.
const ACCOUNTS: Span = Span::from_secs(2);
/// How long leaving may take.
const LEAVE: Duration = Duration::from_secs(3);

/// What makes a server one of several.
pub struct Sharing {
    /// The URL of the database.
    pub database: Secret,
    /// The server's name; the machine's with the port of the API without it.
    pub node: Option<String>,
    /// Where the others reach it.
    pub advertise: Option<String>,
    /// Certificates of the authority of the other servers, PEM.
    pub authorities: Option<Vec<u8>>,
}

/// Runs a server until it is told to stop.
///
/// # Errors
/// When the data directory is held by another one, a listener or the database cannot be opened.
pub fn run(
    mut plan: Plan,
    sharing: Sharing,
    certificates: Option<Certificates>,
) -> anyhow::Result<ExitCode> {
    let lock = DirLock::acquire(&plan.data_dir).map_err(|held| anyhow!("{held}"))?;
    let runtime = lifecycle::server_runtime()?;
    let doors = plan.doors.take().map(|open| open()).transpose()?;
    let doors = doors.context("a server without a listener")?;
    let relay = Relay::new(sharing.authorities.as_deref()).map_err(anyhow::Error::msg)?;
    let socket = plan.data_dir.join(SOCKET);
    let ended = runtime.block_on(serve(plan, sharing, doors, relay, certificates));
    // A socket without its server would only confuse; the lock goes last.
    let _ = std::fs::remove_file(socket);
    runtime.shutdown_timeout(Duration::from_secs(1));
    drop(lock);
    ended.map(|()| ExitCode::SUCCESS)
}

async fn serve(
    mut plan: Plan,
    sharing: Sharing,
    doors: Doors,
    relay: Relay,
    certificates: Option<Certificates>,
) -> anyhow::Result<()> {
    let clock = plan.clock.clone();
    let database = lifecycle::database_url(&sharing.database).await?;
    let store = Store::open_postgres(&database).await?;
    let key = SharedKey::of(&store).await?;
    let at = doors.api.local_addr().context("the listener has no address")?;
    let me = member(&sharing, &plan.machine, at, doors.tls.is_some(), &store).await?;
    // Consoles show where the engine runs; of several servers that is the one that leads.
    plan.machine.clone_from(&me.node);
    let meters = Arc::new(Meters::default());
    meters.set_compat(doors.compat);
    let (aside, door) = Handle::of_member(&key, Arc::clone(&meters));
    // No engine will ever stand behind it.
    drop(door);
    aside.let_in(&store, &clock).await?;
    let node = me.node.clone();
    let membership = Membership::new(store.clone(), me, env!("CARGO_PKG_VERSION"), clock.clone());
    let (around, leave) = (CancellationToken::new(), CancellationToken::new());
    let view = membership.view();
    let front =
        Front::new(&node, aside.clone(), doors.exposed, view.clone(), relay, around.clone());
    open(&plan, doors, &front, &around)?;
    if let Some(certificates) = certificates {
        tokio::spawn(certificates.follow(around.clone()));
    }
    tokio::spawn(follow_accounts(aside, store.clone(), clock.clone(), around.clone()));
    let member = tokio::spawn(membership.clone().run(leave.clone()));
    let (leads, leading) = watch::channel(None);
    let terms =
        Terms { plan, database, key, meters, front, leads, at_once: lifecycle::descriptors() };
    let ended = tokio::select! {
        ended = terms.run(membership.terms()) => ended,
        never = supervise(view, leading, clock) => match never {},
    };
    supervisor::stopping();
    around.cancel();
    leave.cancel();
    if tokio::time::timeout(LEAVE, member).await.is_err() {
        tracing::warn!("the other servers take over when the lease runs out");
    }
    let _ = tokio::time::timeout(LEAVE, store.close()).await;
    ended
}

/// Opens the socket and begins to serve at every listener.
fn open(
    plan: &Plan,
    doors: Doors,
    front: &Front,
    around: &CancellationToken,
) -> anyhow::Result<()> {
    let socket = lifecycle::bind_socket(&plan.data_dir.join(SOCKET))?;
    tokio::spawn(api::front_socket(socket, front.clone(), around.clone()));
    let net = tokio::net::TcpListener::from_std(doors.api).context("cannot listen")?;
    tokio::spawn(api::front_net(net, doors.tls, front.clone(), around.clone()));
    lifecycle::offer_speed(doors.speed, around)?;
    if let Some(health) = doors.health {
        let health = tokio::net::TcpListener::from_std(health).context("cannot listen")?;
        let source = HealthSource::of(front.clone());
        tokio::spawn(api::serve_health(health, source, around.clone()));
    }
    Ok(())
}

/// This server as the others see it.
async fn member(
    sharing: &Sharing,
    machine: &str,
    at: SocketAddr,
    secure: bool,
    store: &Store,
) -> anyhow::Result<Member> {
    let node = sharing.node.clone().unwrap_or_else(|| format!("{machine}:{}", at.port()));
    let seen = store.own_address().await?.and_then(|text| text.parse().ok());
    let url = sharing.advertise.clone().unwrap_or_else(|| {
        if at.ip().is_loopback() && seen.is_some_and(|seen: IpAddr| !seen.is_loopback()) {
            tracing::warn!(
                "the API listens on this machine only: other servers cannot pass requests on to \
                 it; set server.listen, or cluster.advertise to where it is reached"
            );
        }
        advertised(at, seen, secure)
    });
    tracing::info!(node, url, "one of several servers");
    let owner = format!("{node}/{:016x}", rand::random::<u64>());
    Ok(Member { node, owner, url })
}

/// Where a server that listens `at` is reached; the database saw it at `seen`.
fn advertised(at: SocketAddr, seen: Option<IpAddr>, secure: bool) -> String {
    let ip = match (at.ip().is_unspecified(), seen) {
        (false, _) => at.ip(),
        (true, Some(seen)) => seen.to_canonical(),
        // The database is on this machine, and so are the others that reach it by its socket.
        (true, None) if at.is_ipv4() => IpAddr::from([127, 0, 0, 1]),
        (true, None) => IpAddr::from(std::net::Ipv6Addr::LOCALHOST),
    };
    let scheme = if secure { "https" } else { "http" };
    format!("{scheme}://{}", SocketAddr::new(ip, at.port()))
}

/// Lets in who has an account, while no engine here says so.
async fn follow_accounts(aside: Handle, store: Store, clock: Clock, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = clock.sleep(ACCOUNTS) => {}
        }
        if let Err(error) = aside.let_in(&store, &clock).await {
            tracing::debug!(%error, "the accounts cannot be read now");
        }
    }
}

/// Tells the service manager that this server is up, once it or another one leads, and that it
/// lives.
async fn supervise(
    mut view: watch::Receiver<View>,
    leading: watch::Receiver<Option<Handle>>,
    clock: Clock,
) -> Infallible {
    let answers = async || {
        let handle = leading.borrow().clone();
        let here = Actor::Local { name: SafeText::line("fluxnoc"), role: Role::Viewer };
        match handle {
            Some(handle) => handle.query(here, Query::Engine).await.is_ok(),
            None => true,
        }
    };
    if view.wait_for(|view| view.leader.is_some()).await.is_err() {
        return std::future::pending().await;
    }
    if answers().await {
        supervisor::ready();
    }
    supervisor::keep_alive(clock, &answers).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_reached_where_it_listens_or_where_the_database_sees_it() {
        let seen = || "192.0.2.7".parse::<IpAddr>().ok();
        for (at, seen, secure, url) in [
            ("192.0.2.1:4040", seen(), false, "http://192.0.2.1:4040"),
            ("0.0.0.0:4041", seen(), true, "https://192.0.2.7:4041"),
            ("[::]:4041", "::ffff:192.0.2.7".parse().ok(), true, "https://192.0.2.7:4041"),
            ("[::]:4041", "2001:db8::1".parse().ok(), true, "https://[2001:db8::1]:4041"),
            ("0.0.0.0:4040", None, false, "http://127.0.0.1:4040"),
            ("[::]:4040", None, false, "http://[::1]:4040"),
            ("127.0.0.1:4040", seen(), false, "http://127.0.0.1:4040"),
        ] {
            assert_eq!(advertised(at.parse().unwrap(), seen, secure), url, "{at}");
        }
    }
}
