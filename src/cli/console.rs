//! The console: finds or starts the engine, shows the screen, and leaves as the operator chose.

use std::io::IsTerminal as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::runtime::Runtime;

use super::args::Global;
use super::connect::{self, Entered};
use super::lifecycle::{self, Home, Plan};
use super::signals::{Caught, Signals};
use super::{config_cmd, instance_logs, logging, look, machine, places, plain, print, setup};
use crate::backend::Backend;
use crate::client::Client;
use crate::config::contexts::Context;
use crate::config::{Config, RuleEdit, locate};
use crate::model::SafeText;
use crate::protocol::{Actor, Role};
use crate::tail::Log;
use crate::tui::place::{Place, Seat};
use crate::tui::{self, Leave, Options};

/// What the console is started with.
pub struct Console {
    /// The configuration in force.
    pub config: Config,
    /// How to read it again.
    pub again: setup::Again,
    /// The data directory.
    pub data_dir: PathBuf,
    /// Who sits here.
    pub operator: String,
    /// True when nothing may be changed.
    pub read_only: bool,
    /// True for linear text instead of a screen.
    pub plain: bool,
    /// True to begin with the wall.
    pub wall: bool,
    /// True to write as little as possible.
    pub low_bandwidth: bool,
    /// The machine's name.
    pub machine: String,
    /// Logs of instances that the screen shows.
    pub logs: Vec<Log>,
}

/// The console of a command line.
///
/// # Errors
/// When there is no data directory.
pub fn of(global: &Global, config: Config) -> anyhow::Result<Console> {
    let data_dir = locate::data_dir(global.data_dir.as_deref()).map_err(anyhow::Error::msg)?;
    let again = {
        let global = global.clone();
        Arc::new(move |edit: Option<&RuleEdit>| config_cmd::read_with(&global, edit))
    };
    Ok(Console {
        operator: operator(global, &config),
        again,
        data_dir: std::path::absolute(data_dir)?,
        read_only: global.read_only,
        plain: plain::wanted(global),
        wall: global.wall,
        low_bandwidth: global.low_bandwidth,
        machine: machine::this().hostname,
        logs: instance_logs::of(&config),
        config,
    })
}

/// `--as` or `FLUXNOC_AS`, the configuration, `FLUXNOC_OPERATOR`, who called sudo, the login.
pub(super) fn operator(global: &Global, config: &Config) -> String {
    let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let named = global.operator.clone().or_else(|| config.settings.console.operator.clone());
    named
        .or_else(|| environment("FLUXNOC_OPERATOR"))
        .or_else(|| environment("SUDO_USER"))
        .unwrap_or_else(machine::login)
}

/// How long a detached engine may take to answer.
const DETACH: Duration = Duration::from_secs(15);

/// A screen on this machine must not hold what others reach.
const NEEDS_SERVER: &str = "`[store] url` (or FLUXNOC_DATABASE) names a PostgreSQL database, which \
    only a server uses: run `fluxnoc serve`, then open the console here again, or elsewhere with \
    `fluxnoc --connect URL`";

impl Console {
    /// The plan of an engine for this configuration.
    #[must_use]
    pub fn plan(&self, with_worker: bool) -> Plan {
        setup::plan(&self.config, &self.again, &self.data_dir, &self.machine, with_worker)
    }

    /// The engine has its own copy now, and ten thousand hosts are many megabytes.
    fn forget_inventory(&mut self) {
        self.config.hosts = Vec::new();
        self.config.checks = Vec::new();
    }

    /// Opens the console.
    ///
    /// # Errors
    /// When there is no terminal, another engine holds the data and does not answer, or the store
    /// cannot be opened.
    pub fn run(mut self) -> anyhow::Result<ExitCode> {
        self.needs_terminal()?;
        let role = self.role();
        let mut plan = self.plan(true);
        plan.refuse = plan.database.is_some().then(|| NEEDS_SERVER.to_owned());
        let place = lifecycle::find_or_start(plan, &self.operator, role)?;
        self.forget_inventory();
        self.log_into_file()?;
        let actor = Actor::Local { name: SafeText::line(&self.operator), role };
        match place {
            lifecycle::Place::There(client) => {
                self.attached(screen_runtime()?, client, actor, None)
            }
            lifecycle::Place::Here(home) => self.owning(*home, actor),
        }
    }

    /// What who sits here may do. A screen that is read-only can be armed, and asks as a viewer
    /// until it is; linear text cannot.
    pub(super) const fn role(&self) -> Role {
        if self.read_only && self.plain { Role::Viewer } else { Role::Admin }
    }

    /// The options of a screen.
    pub(super) fn options(&self, attached: bool) -> Options {
        Options {
            attached,
            read_only: self.read_only,
            on_wall: self.wall,
            low_bandwidth: self.low_bandwidth,
            ..look::options(&self.config, &self.again)
        }
    }

    /// The options of the screen of an engine, from which `:ctx` goes on and comes back.
    fn screen(&self, backend: &Backend, actor: &Actor, remote: Option<String>) -> Options {
        let seat = Seat { actor: actor.clone(), remote: remote.clone() };
        let start = Place { backend: backend.clone(), seat };
        let attached = matches!(backend, Backend::Remote(_));
        let places = places::of(start, &self.config.contexts, self.role());
        Options { remote, places: Some(places), ..self.options(attached) }
    }

    /// The same for linear text.
    pub(super) fn desk(&self, owner: bool) -> plain::Desk {
        let options = self.options(!owner);
        plain::Desk {
            owner,
            may_keep: owner,
            badge: None,
            usual: look::usual(&self.config),
            clock: options.clock,
        }
    }

    /// Shows the engine of another process; `remote` is what it is called when it is elsewhere.
    fn attached(
        &self,
        screen: Runtime,
        client: Client,
        actor: Actor,
        remote: Option<String>,
    ) -> anyhow::Result<ExitCode> {
        let backend = Backend::Remote(client);
        if self.plain {
            screen.block_on(plain::run(backend, actor, self.desk(false), hang_up()));
        } else {
            // What is configured here is not what an engine elsewhere watches.
            let _logs = remote.is_none().then(|| instance_logs::show(&self.logs));
            let options = self.screen(&backend, &actor, remote);
            screen.block_on(tui::run(backend, actor, options, hang_up()))?;
        }
        // Somebody who reads no more must not hold us.
        screen.shutdown_background();
        Ok(ExitCode::SUCCESS)
    }

    /// Opens the console on an engine elsewhere.
    ///
    /// # Errors
    /// When there is no terminal, or the server cannot be reached or does not let us in.
    pub fn elsewhere(mut self, global: &Global, context: Context) -> anyhow::Result<ExitCode> {
        self.needs_terminal()?;
        self.forget_inventory();
        lifecycle::prepare(&self.data_dir)?;
        self.log_into_file()?;
        // The same runtime for the screen: the connections that are kept live on it.
        let screen = screen_runtime()?;
        let Entered { client, me, name } = screen.block_on(connect::enter(global, context))?;
        let actor = Actor::Local { name: me.name, role: me.role.min(self.role()) };
        self.attached(screen, client, actor, Some(name))
    }

    fn needs_terminal(&self) -> anyhow::Result<()> {
        if !self.plain && !std::io::stdin().is_terminal() {
            bail!("the console needs a terminal to type at; `fluxnoc --plain` does without");
        }
        Ok(())
    }

    fn log_into_file(&self) -> anyhow::Result<()> {
        logging::into_file(&self.data_dir).with_context(|| {
            format!("cannot write the log {}", self.data_dir.join(logging::LOG).display())
        })
    }

    fn owning(self, home: Home, actor: Actor) -> anyhow::Result<ExitCode> {
        let screen = screen_runtime()?;
        let stopping = home.stopping();
        let ended = async {
            tokio::select! {
                leave = hang_up() => leave,
                () = stopping.cancelled() => Leave::Stop,
            }
        };
        let leave = if self.plain {
            let desk = self.desk(true);
            let left = screen.block_on(plain::run(home.backend(), actor, desk, ended));
            // Nobody sits at a log: when its reader hangs up there is nothing to come back to.
            Ok(if left == Leave::HangUp { Leave::Stop } else { left })
        } else {
            let options = self.screen(&home.backend(), &actor, None);
            let _logs = instance_logs::show(&self.logs);
            let shown = tui::run(home.backend(), actor, options, ended);
            // The terminal was given back and the panic told before it is caught here.
            match catch_unwind(AssertUnwindSafe(|| screen.block_on(shown))) {
                Ok(leave) => leave,
                Err(_) => return self.outlive_the_screen(home),
            }
        };
        match leave {
            Ok(Leave::Keep) => {
                home.stop()?;
                let pid = self.detach()?;
                println!("fluxnoc monitors on as process {pid}; `fluxnoc` opens the screen again");
                Ok(ExitCode::SUCCESS)
            }
            Ok(Leave::HangUp) => {
                // The screen is gone, monitoring is not: until somebody stops the engine.
                tracing::warn!("the terminal hung up; monitoring goes on without a screen");
                screen.block_on(until_stopped(&home));
                home.stop().map(|()| ExitCode::SUCCESS)
            }
            Ok(Leave::Stop | Leave::Detach) => home.stop().map(|()| ExitCode::SUCCESS),
            Err(error) => {
                home.stop()?;
                Err(error).context("the screen failed")
            }
        }
    }

    /// A fault of the screen must not end the monitoring.
    fn outlive_the_screen(&self, home: Home) -> anyhow::Result<ExitCode> {
        tracing::error!("the screen failed inside; monitoring goes on in a process of its own");
        home.stop()?;
        let pid = self.detach()?;
        let log = self.data_dir.join(logging::LOG);
        print::error(&format!(
            "the screen failed inside (above, and in {}); monitoring goes on as process {pid}, and \
             `fluxnoc` opens the screen again",
            log.display()
        ));
        Ok(ExitCode::FAILURE)
    }

    /// Starts the same engine in a process of its own, away from this terminal.
    fn detach(&self) -> anyhow::Result<u32> {
        let program = std::env::current_exe().context("cannot find this program's file")?;
        let mut command = Command::new(program);
        command.arg("--data-dir").arg(&self.data_dir).args(["--as", &self.operator]);
        if let Some(file) = &self.config.source {
            command.arg("--config").arg(file);
        }
        command.arg(ENGINE_COMMAND);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().context("cannot start the engine without a screen")?;
        let wait = lifecycle::wait_for_socket(&self.data_dir, &self.operator, DETACH);
        screen_runtime()?.block_on(wait)
    }

    /// Runs the engine without a screen until it is told to stop.
    ///
    /// # Errors
    /// As [`Self::run`], and when another engine holds the data.
    pub fn without_screen(mut self) -> anyhow::Result<ExitCode> {
        // Away from the terminal that started us, so that its end is not ours. The leader of a
        // process group cannot leave: a shell that starts us in the foreground keeps its Ctrl-C.
        let _ = nix::unistd::setsid();
        lifecycle::prepare(&self.data_dir)?;
        logging::into_file(&self.data_dir).context("cannot write the log")?;
        let home = lifecycle::start_here(self.plan(true))?;
        self.forget_inventory();
        screen_runtime()?.block_on(until_stopped(&home));
        home.stop().map(|()| ExitCode::SUCCESS)
    }
}

/// The hidden command that runs the engine without a screen.
pub const ENGINE_COMMAND: &str = "__engine";

/// The runtime of a screen: one thread, its own.
///
/// # Errors
/// When it cannot be made.
pub(super) fn screen_runtime() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the screen's thread")
}

/// Ends when the terminal hangs up or the process is asked to end.
pub(super) async fn hang_up() -> Leave {
    let Some(mut signals) = Signals::listen() else { return std::future::pending().await };
    match signals.next().await {
        Caught::HangUp => Leave::HangUp,
        Caught::Stop => Leave::Stop,
    }
}

/// SIGHUP reads the configuration again; SIGTERM, SIGINT or a command stop.
async fn until_stopped(home: &Home) {
    let stopping = home.stopping();
    let Some(mut signals) = Signals::listen() else { return stopping.cancelled().await };
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            caught = signals.next() => match caught {
                Caught::Stop => return,
                Caught::HangUp => setup::reload(&home.backend()).await,
            }
        }
    }
}
