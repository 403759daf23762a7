//! `fluxnoc demo`: the real engine and console on a simulated network, on a scratch database that
//! is removed at the end. Nothing is sent to any network.

mod seed;
mod stage;

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::args::{DemoArgs, Global};
use super::console::{self, Console};
use super::{config_cmd, lifecycle, logging, plain, setup};
use crate::clock::Clock;
use crate::config::{Config, RULES_D};
use crate::demo::{Network, Plot};
use crate::model::{SafeText, Span};
use crate::protocol::Actor;
use crate::tui::{self, Leave, Options};

/// What marks everything on screen as invented.
pub const BADGE: &str = "DEMO";
/// How long the first picture may wait.
const PATIENCE: Duration = Duration::from_secs(3);
/// When a storm begins, in real time after the start.
const STORM_AFTER: u64 = 5;

/// Runs the demonstration.
///
/// # Errors
/// When there is no terminal, or the scratch database cannot be made.
pub fn run(global: &Global, args: DemoArgs) -> anyhow::Result<ExitCode> {
    let plain = plain::wanted(global);
    if !plain && !std::io::stdin().is_terminal() {
        bail!("the demonstration needs a terminal to type at; `fluxnoc demo --plain` does without");
    }
    let scratch = tempfile::Builder::new()
        .prefix("fluxnoc-demo-")
        .tempdir()
        .context("cannot make a directory for the scratch database")?;
    let (network, clock) = network(args);
    let console = console(global, &network, scratch.path());
    // In a storm there is enough to look at.
    if network.plot().storm.is_none() {
        let database = scratch.path().join(lifecycle::DATABASE);
        seed::history(&database, &network, &console.machine, network.plot().begin)?;
    }
    let started = lifecycle::Plan { clock: clock.clone(), database: None, ..console.plan(false) };
    let home = lifecycle::start_here(started)?;
    logging::into_file(scratch.path()).context("cannot write the log")?;
    let (ready, played) = tokio::sync::oneshot::channel();
    let play = stage::play(home.backend(), clock.clone(), network, home.around(), ready);
    home.runtime().spawn(play);
    let actor = Actor::Local { name: SafeText::line(&console.operator), role: console.role() };
    // Leaving ends it all without a question: there is nothing that could go on.
    let options = Options {
        badge: Some(BADGE),
        clock: clock.watching(),
        read_only: console.read_only,
        ..console.options(true)
    };
    let stopping = home.stopping();
    let ended = async {
        tokio::select! {
            leave = console::hang_up() => leave,
            () = stopping.cancelled() => Leave::Stop,
        }
    };
    let screen = console::screen_runtime()?;
    // What happened before anybody looked is no news, so the first picture has it already. A slow
    // machine shows it as it comes.
    screen.block_on(async {
        let _ = tokio::time::timeout(PATIENCE, played).await;
    });
    let left = if plain {
        let desk = plain::Desk {
            may_keep: false,
            badge: Some(BADGE),
            clock: clock.watching(),
            ..console.desk(true)
        };
        screen.block_on(plain::run(home.backend(), actor, desk, ended));
        Ok(Leave::Stop)
    } else {
        screen.block_on(tui::run(home.backend(), actor, options, ended))
    };
    let left = left.context("the screen failed");
    screen.shutdown_background();
    home.stop()?;
    left?;
    scratch.close().context("cannot remove the scratch database")?;
    Ok(ExitCode::SUCCESS)
}

/// The network of these options, and its clock, which stands before the begin of the story by what
/// is played in advance.
fn network(args: DemoArgs) -> (Arc<Network>, Clock) {
    let begin = Clock::System.now().wall;
    let from = begin + Span::from_secs(STORM_AFTER.saturating_mul(u64::from(args.speed)));
    let storm = args.storm.map(|count| (count, from));
    let network = Arc::new(Network::new(Plot { seed: args.seed, begin, storm }));
    let clock = Clock::scaled(begin - stage::ahead(network.plot()), args.speed);
    (network, clock)
}

/// The console with the looks and keys of the operator, on the hosts of the network. Whoever is to be
/// told by their configuration is not: the only destination here is the scratch log.
fn console(global: &Global, network: &Arc<Network>, scratch: &std::path::Path) -> Console {
    // A configuration that is wrong keeps nobody from learning the keys.
    let own = config_cmd::read(global).unwrap_or_else(|_| {
        let machine = super::machine::this();
        crate::config::builtin(&machine, None, &[])
    });
    let mut config = own.for_demo(network.hosts().to_vec(), network.checks().to_vec());
    config.targets = crate::demo::kept::targets();
    // Rules can be saved here as well; they go with the rest.
    let rules = Some(scratch.join(RULES_D));
    let again: setup::Again = {
        let (config, rules) = (config.clone(), rules.clone());
        Arc::new(move |edit| config.clone().with_rules_of(rules.clone(), edit))
    };
    let config = Config { rules_dir: rules, ..config };
    Console {
        operator: console::operator(global, &config),
        config,
        again,
        data_dir: scratch.to_owned(),
        read_only: global.read_only,
        plain: plain::wanted(global),
        wall: global.wall,
        low_bandwidth: global.low_bandwidth,
        logs: Vec::new(),
        machine: "simulated network".to_owned(),
    }
}
