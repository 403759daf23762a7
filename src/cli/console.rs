//! The console: finds or starts the engine, shows the screen, and leaves as the operator chose.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::signal::unix::{SignalKind, signal};

use super::lifecycle::{self, Home, Place, Plan};
use super::{logging, setup};
use crate::backend::Backend;
use crate::config::Config;
use crate::model::SafeText;
use crate::protocol::{Actor, Role};
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
    /// The machine's name.
    pub machine: String,
}

/// How long a detached engine may take to answer.
const DETACH: Duration = Duration::from_secs(15);

impl Console {
    fn plan(&self) -> Plan {
        setup::plan(&self.config, &self.again, &self.data_dir, &self.machine, true)
    }

    /// Opens the console.
    ///
    /// # Errors
    /// When there is no terminal, another engine holds the data and does not answer, or the store
    /// cannot be opened.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
            bail!("the console needs a terminal; `fluxnoc hosts` and `fluxnoc alerts` print lists");
        }
        let role = if self.read_only { Role::Viewer } else { Role::Admin };
        let place = lifecycle::find_or_start(self.plan(), &self.operator, role)?;
        logging::into_file(&self.data_dir).with_context(|| {
            format!("cannot write the log {}", self.data_dir.join(logging::LOG).display())
        })?;
        let actor = Actor::Local { name: SafeText::line(&self.operator), role };
        match place {
            Place::There(client) => self.attached(Backend::Remote(client), actor),
            Place::Here(home) => self.owning(*home, actor),
        }
    }

    fn options(&self, attached: bool) -> Options {
        Options {
            attached,
            read_only: self.read_only,
            theme: self.config.settings.console.theme.clone(),
            no_color: std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
            ack_expiry: self.config.settings.alerting.ack_expiry,
            ..Options::default()
        }
    }

    fn attached(&self, backend: Backend, actor: Actor) -> anyhow::Result<ExitCode> {
        let screen = screen_runtime()?;
        let leave = screen.block_on(tui::run(backend, actor, self.options(true), hang_up()))?;
        match leave {
            Leave::Keep | Leave::Detach | Leave::HangUp | Leave::Stop => Ok(ExitCode::SUCCESS),
        }
    }

    fn owning(self, home: Home, actor: Actor) -> anyhow::Result<ExitCode> {
        let screen = screen_runtime()?;
        let stopping = home.stopping();
        let ended = async {
            tokio::select! {
                () = hang_up() => {}
                () = stopping.cancelled() => {}
            }
        };
        let leave = screen.block_on(tui::run(home.backend(), actor, self.options(false), ended));
        match leave {
            Ok(Leave::Keep) => {
                home.stop();
                let pid = self.detach(&screen)?;
                println!("fluxnoc monitors on as process {pid}; `fluxnoc` opens the screen again");
                Ok(ExitCode::SUCCESS)
            }
            Ok(Leave::HangUp) if !home.stopping().is_cancelled() && !terminated() => {
                // The screen is gone, monitoring is not: until somebody stops the engine.
                tracing::warn!("the terminal hung up; monitoring goes on without a screen");
                screen.block_on(until_stopped(&home));
                home.stop();
                Ok(ExitCode::SUCCESS)
            }
            Ok(Leave::Stop | Leave::Detach | Leave::HangUp) => {
                home.stop();
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => {
                home.stop();
                Err(error).context("the screen failed")
            }
        }
    }

    /// Starts the same engine in a process of its own, away from this terminal.
    fn detach(&self, screen: &tokio::runtime::Runtime) -> anyhow::Result<u32> {
        let program = std::env::current_exe().context("cannot find this program's file")?;
        let mut command = Command::new(program);
        command.arg("--data-dir").arg(&self.data_dir).args(["--as", &self.operator]);
        if let Some(file) = &self.config.source {
            command.arg("--config").arg(file);
        }
        command.arg(ENGINE_COMMAND);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn().context("cannot start the engine without a screen")?;
        screen.block_on(lifecycle::wait_for_socket(&self.data_dir, &self.operator, DETACH))
    }

    /// Runs the engine without a screen until it is told to stop.
    ///
    /// # Errors
    /// As [`Self::run`], and when another engine holds the data.
    pub fn without_screen(self) -> anyhow::Result<ExitCode> {
        // Away from the terminal that started us, so that its end is not ours. Failing means that
        // we lead a session already.
        let _ = nix::unistd::setsid();
        logging::into_file(&self.data_dir).context("cannot write the log")?;
        let home = lifecycle::start_here(self.plan())?;
        screen_runtime()?.block_on(until_stopped(&home));
        home.stop();
        Ok(ExitCode::SUCCESS)
    }
}

/// The hidden command that runs the engine without a screen.
pub const ENGINE_COMMAND: &str = "__engine";

fn screen_runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the screen's thread")
}

static TERMINATED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

fn terminated() -> bool {
    TERMINATED.load(std::sync::atomic::Ordering::Relaxed)
}

/// Ends when the terminal hangs up or the process is asked to end.
async fn hang_up() {
    let (Ok(mut hup), Ok(mut term), Ok(mut int)) = (
        signal(SignalKind::hangup()),
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = hup.recv() => {}
        _ = term.recv() => TERMINATED.store(true, std::sync::atomic::Ordering::Relaxed),
        _ = int.recv() => TERMINATED.store(true, std::sync::atomic::Ordering::Relaxed),
    }
}

/// SIGHUP reads the configuration again; SIGTERM, SIGINT or a command stop.
async fn until_stopped(home: &Home) {
    let stopping = home.stopping();
    let (Ok(mut hup), Ok(mut term), Ok(mut int)) = (
        signal(SignalKind::hangup()),
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return stopping.cancelled().await;
    };
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            _ = term.recv() => return,
            _ = int.recv() => return,
            _ = hup.recv() => setup::reload(&home.backend()).await,
        }
    }
}
