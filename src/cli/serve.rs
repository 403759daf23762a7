//! `fluxnoc serve`: the engine without a screen, with its API on the network.
//!
//! In: the configuration. Out: the lines of a log on stderr, an exit code.
//! Never: starts beside another engine of the same data directory, or serves half of what is
//! configured: a listener that cannot be opened ends the start.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, anyhow};

use super::args::Global;
use super::cluster::Sharing;
use super::console::{self, screen_runtime};
use super::lifecycle::{self, Doors, Home};
use super::signals::{Caught, Signals};
use super::{cluster, logging, setup, supervisor};
use crate::api::{Certificates, Exposed};
use crate::clock::Clock;
use crate::config::server::Server;
use crate::config::{Config, Settings};
use crate::model::SafeText;
use crate::protocol::{Actor, Query, Role};

/// Most time for the first answer of the engine; then it is up.
const START: Duration = Duration::from_mins(10);

/// Runs the server until it is told to stop.
///
/// # Errors
/// When another engine holds the data directory, a listener or a certificate cannot be opened, or
/// the store cannot.
pub fn run(global: &Global, config: Config) -> anyhow::Result<ExitCode> {
    logging::to_stderr_json();
    let server = config.settings.server.clone();
    let sharing = sharing(&config.settings)?;
    let speed = config.settings.speed.listen;
    let compat = config.settings.metrics.compat;
    let exposed = Exposed {
        metrics: !config.settings.metrics.require_auth,
        health: !config.settings.health.require_auth,
    };
    let console = console::of(global, config)?;
    lifecycle::prepare(&console.data_dir)?;
    let certificates = certificates(&server)?;
    let tls = certificates.as_ref().map(Certificates::current);
    let mut plan = console.plan(true);
    plan.doors = Some(Box::new(move || {
        let (api, health) = open(&server, tls.is_some())?;
        let speed = endpoint(speed)?;
        Ok(Doors { api, tls, exposed, health, speed, compat })
    }));
    if let Some(sharing) = sharing {
        drop(console);
        return cluster::run(plan, sharing, certificates);
    }
    let home = lifecycle::start_here(plan)?;
    drop(console);
    if let Some(certificates) = certificates {
        home.runtime().spawn(certificates.follow(home.around()));
    }
    screen_runtime()?.block_on(until_stopped(&home));
    supervisor::stopping();
    home.stop().map(|()| ExitCode::SUCCESS)
}

/// What makes this server one of several; nothing on `SQLite`.
fn sharing(settings: &Settings) -> anyhow::Result<Option<Sharing>> {
    let Some(database) = settings.store.url.clone() else { return Ok(None) };
    let authorities = settings.cluster.ca.as_ref().map(|path| {
        std::fs::read(path).with_context(|| format!("[cluster] ca: cannot read {}", path.display()))
    });
    Ok(Some(Sharing {
        database,
        node: settings.server.node_id.clone(),
        advertise: settings.cluster.advertise.clone(),
        authorities: authorities.transpose()?,
    }))
}

/// Opens the API's listener and the health listener.
fn open(server: &Server, secure: bool) -> anyhow::Result<(TcpListener, Option<TcpListener>)> {
    let api = listen(server.address(), "server.listen")?;
    let at = api.local_addr().context("the listener has no address")?;
    let scheme = if secure { "https" } else { "http" };
    tracing::info!("the API listens at {scheme}://{at}");
    let health = if server.health_enabled {
        Some(listen(server.health_addr, "server.health_addr")?)
    } else {
        None
    };
    Ok((api, health))
}

/// Opens the listener of the speedtest endpoint, where one is wanted.
fn endpoint(at: Option<SocketAddr>) -> anyhow::Result<Option<TcpListener>> {
    let Some(at) = at else { return Ok(None) };
    let listener = listen(at, "speed.listen")?;
    tracing::info!("speedtests of others are served at http://{}/", listener.local_addr()?);
    Ok(Some(listener))
}

/// The certificates of the configuration.
fn certificates(server: &Server) -> anyhow::Result<Option<Certificates>> {
    let (Some(certificate), Some(key)) = (&server.certificate, &server.key) else {
        return Ok(None);
    };
    Certificates::open(certificate, key).map(Some).map_err(|why| anyhow!("[server] {why}"))
}

/// Opens a listener; what stands in the way is said with the setting.
pub(super) fn listen(at: SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    let opened = TcpListener::bind(at).or_else(|error| match at.ip() {
        // A machine without IPv6: every address means every one that it has.
        IpAddr::V6(ip) if ip.is_unspecified() && no_such_family(&error) => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, at.port()))
        }
        _ => Err(error),
    });
    let listener = opened.with_context(|| format!("{setting}: cannot listen at {at}"))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn no_such_family(error: &std::io::Error) -> bool {
    error.raw_os_error() == Some(nix::libc::EAFNOSUPPORT)
}

/// SIGHUP reads the configuration again; SIGTERM, SIGINT or a command stop.
async fn until_stopped(home: &Home) {
    let stopping = home.stopping();
    let Some(mut signals) = Signals::listen() else { return stopping.cancelled().await };
    let backend = home.backend();
    let here = Actor::Local { name: SafeText::line("fluxnoc"), role: Role::Viewer };
    let answers = async || backend.query(here.clone(), Query::Engine).await.is_ok();
    let started = async {
        if matches!(tokio::time::timeout(START, answers()).await, Ok(true)) {
            supervisor::ready();
        }
        supervisor::keep_alive(Clock::System, &answers).await
    };
    let mut started = std::pin::pin!(started);
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            never = &mut started => match never {},
            caught = signals.next() => match caught {
                Caught::Stop => return,
                Caught::HangUp => {
                    supervisor::reloading();
                    setup::reload(&backend).await;
                    supervisor::ready();
                }
            }
        }
    }
}
