//! The command line: what can be typed, with its help.

#![expect(clippy::doc_markdown, reason = "these comments are the help text, read without markup")]

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand};

use super::accounts_cmd::{AgentsCommand, TokenCommand, UserCommand};
use super::check_args::CheckKind;
use super::rules_cmd::RulesCommand;
use super::schedule_args::SchedulesCommand;
use super::test_args::{DnsArgs, ProbeArgs, ResultsArgs, TraceArgs};
use super::verb::{Expires, Past};
use super::window_args::MaintenanceCommand;
use crate::model::{Pattern, Span};
use crate::protocol::Target;

/// A terminal NOC console with its own monitoring engine.
#[derive(Debug, Parser)]
#[command(
    name = "fluxnoc",
    version,
    about,
    long_about = "A terminal NOC console with its own monitoring engine.\n\n\
        Without a command it opens the console. It monitors what the configuration lists, and \
        without one this machine, its default gateway and its resolvers.",
    after_help = "Exit codes: 0 done, 1 failed, 2 usage or configuration; `check` uses 0 OK, \
        1 WARNING, 2 CRITICAL, 3 UNKNOWN.",
    args_conflicts_with_subcommands = false,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// Options of all commands.
    #[command(flatten)]
    pub global: Global,
    /// What to do; the console without one.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options of all commands.
#[derive(Clone, Debug, Default, Args)]
pub struct Global {
    /// Configuration file [default: ./config.toml, ~/.config/fluxnoc/config.toml,
    /// /etc/fluxnoc/config.toml]
    #[arg(
        long,
        global = true,
        help_heading = "Options of all commands",
        value_name = "FILE",
        env = "FLUXNOC_CONFIG",
        hide_env_values = true
    )]
    pub config: Option<PathBuf>,
    /// Directory of the database and the socket [default: ~/.local/share/fluxnoc]
    #[arg(
        long,
        global = true,
        help_heading = "Options of all commands",
        value_name = "DIR",
        env = "FLUXNOC_DATA_DIR",
        hide_env_values = true
    )]
    pub data_dir: Option<PathBuf>,
    /// Colour theme [env: FLUXNOC_THEME=]
    #[arg(long, global = true, help_heading = "Options of all commands", value_name = "NAME")]
    pub theme: Option<String>,
    /// How many colours: auto, never, 16, 256 or true [env: FLUXNOC_COLOR=]
    #[arg(long, global = true, help_heading = "Options of all commands", value_name = "TIER")]
    pub color: Option<String>,
    /// What is drawn with: auto, braille, block or ascii [env: FLUXNOC_GLYPHS=]
    #[arg(long, global = true, help_heading = "Options of all commands", value_name = "TIER")]
    pub glyphs: Option<String>,
    /// Who is acting, as history shows it [default: the login name] [env: FLUXNOC_AS=]
    #[arg(
        long = "as",
        global = true,
        help_heading = "Options of all commands",
        value_name = "NAME"
    )]
    pub operator: Option<String>,
    /// Look only: nothing can be acknowledged or changed
    #[arg(
        long,
        global = true,
        help_heading = "Options of all commands",
        env = "FLUXNOC_READ_ONLY",
        hide_env_values = true,
        value_parser = FalseyValueParser::new()
    )]
    pub read_only: bool,
    /// Linear text, one line per change, commands from stdin: for screen readers and logs
    /// [default when stdout is no terminal or TERM=dumb]
    #[arg(
        long,
        global = true,
        help_heading = "Options of all commands",
        env = "FLUXNOC_PLAIN",
        hide_env_values = true,
        value_parser = FalseyValueParser::new()
    )]
    pub plain: bool,
    /// The engine of a server instead of this machine's: its URL, or the name of a context
    #[arg(
        long,
        global = true,
        help_heading = "Options of all commands",
        value_name = "URL",
        env = "FLUXNOC_CONNECT",
        hide_env_values = true
    )]
    pub connect: Option<String>,
    /// File with the token that opens it; without one FLUXNOC_TOKEN, else a name and a password
    /// are asked for
    #[arg(long, global = true, help_heading = "Options of all commands", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Show the picture for a screen that nobody sits at
    #[arg(long, global = true, help_heading = "Options of all commands")]
    pub wall: bool,
    /// Write as little as possible: a slow line
    #[arg(long, global = true, help_heading = "Options of all commands")]
    pub low_bandwidth: bool,
    /// `--listen` of `serve`, which is a setting like those above.
    #[arg(skip)]
    pub listen: Option<String>,
    /// `--database` of `serve`, too.
    #[arg(skip)]
    pub database: Option<String>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the engine without a screen, with the API on the network and a health listener
    Serve {
        /// Where the API listens, ADDRESS:PORT [default: `server.listen` of the configuration]
        #[arg(long, value_name = "ADDRESS")]
        listen: Option<String>,
        /// Keep everything in this PostgreSQL, postgres://USER@HOST/DATABASE [default: `url` of
        /// `[store]`, else SQLite in the data directory]. A password is better in FLUXNOC_DATABASE
        /// or a file: others can read a command line
        #[arg(long, value_name = "URL")]
        database: Option<String>,
    },
    /// Run checks on this machine for servers elsewhere; nothing listens here
    Agent(super::agent_args::AgentArgs),
    /// Move the SQLite database of the data directory to an empty PostgreSQL database
    MigrateStore {
        /// Where to, postgres://USER@HOST/DATABASE [default: FLUXNOC_DATABASE, `url` of `[store]`]
        url: Option<String>,
    },
    /// Make one check now: a plugin line with perfdata, exit code 0 to 3
    Check(CheckArgs),
    /// Trace the path to a host and show every hop: from here, or from an agent with --agent
    Trace(TraceArgs),
    /// Ask resolvers for a name and time them: from here, or from an agent with --agent
    Dns(DnsArgs),
    /// A report of tests as PDF or CSV, with the verdict on what the carrier promised
    Report(super::report_args::ReportArgs),
    /// Measure throughput, latency, jitter and loss to a URL or an iperf3 server
    Speedtest(super::speedtest::SpeedtestArgs),
    /// The child that speaks iperf3.
    #[command(name = crate::probe::speed::CHILD_COMMAND, hide = true)]
    Iperf,
    /// Test whether a port is open: from here, or from an agent with --agent
    Probe(ProbeArgs),
    /// List hosts with their checks
    Hosts {
        /// Only hosts that match
        #[arg(value_name = "GLOB")]
        pattern: Option<Pattern>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// List alerts: pending and firing ones, the worst first
    Alerts {
        /// Resolved ones too
        #[arg(long)]
        all: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Acknowledge alerts
    Ack(AckArgs),
    /// Take acknowledgements back
    Unack {
        /// An alert's id, HOST or HOST/CHECK
        #[arg(required = true, value_name = "TARGET")]
        targets: Vec<Target>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Maintenance windows
    #[command(subcommand)]
    Maintenance(MaintenanceCommand),
    /// Run checks now
    Recheck {
        /// HOST (all its checks) or HOST/CHECK
        #[arg(required = true, value_name = "HOST[/CHECK]")]
        targets: Vec<Target>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// A simulated network to learn the keys on: offline, on a scratch database
    Demo(DemoArgs),
    /// Print the keys in force: the preset with what the configuration changes
    Keys {
        /// As a table in Markdown
        #[arg(long)]
        md: bool,
        /// Another preset: default, vim or k9s [default: `keys` of the configuration]
        #[arg(long, value_name = "NAME")]
        preset: Option<String>,
    },
    /// Ask a few questions and write a configuration
    Init(super::init::InitArgs),
    /// Take hosts over from another file, and show what that changes
    Import(super::import::ImportArgs),
    /// Print the completions of a shell
    Completions {
        /// bash, zsh, fish, elvish or powershell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or that of a command
    Man {
        /// A command, such as maintenance add
        command: Vec<String>,
    },
    /// Run the engine without a screen; what `k` at the console's end starts
    #[command(name = super::console::ENGINE_COMMAND, hide = true)]
    Engine,
    /// What the next team must know: open, acknowledged, new, recovered, flapping, not watched, notes
    Handover {
        /// From when: 14:00 (the last one), 8h (ago) or 2026-02-25T14:00:00Z
        /// [default: the begin of the shift, else the last sign-off, else 8 h ago]
        #[arg(long, value_name = "TIME")]
        since: Option<Past>,
        /// As Markdown
        #[arg(long, conflicts_with_all = ["text", "json"])]
        markdown: bool,
        /// As text (the default)
        #[arg(long, conflicts_with = "json")]
        text: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Who may log in over the network
    #[command(subcommand)]
    User(UserCommand),
    /// The tokens of programs
    #[command(subcommand)]
    Token(TokenCommand),
    /// The agents: how each is
    Agents {
        /// What to do
        #[command(subcommand)]
        command: Option<AgentsCommand>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// The results of network tests, the newest first; with an ID everything that one measured
    #[command(args_conflicts_with_subcommands = true)]
    Results(ResultsArgs),
    /// The schedules of network tests: what runs where, how often, and what is well
    #[command(args_conflicts_with_subcommands = true)]
    Schedules {
        /// What to do; the list without one
        #[command(subcommand)]
        command: Option<SchedulesCommand>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Where network tests are run from, and the targets that are configured
    Nodes {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Write a note into the handover
    Note {
        /// What
        #[arg(required = true, value_name = "TEXT")]
        text: Vec<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Go, and say who takes over: the next handover begins here
    SignOff {
        /// Who takes over
        #[arg(value_name = "NAME")]
        to: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// List the rules in force: what each demands, whom it tells, what it does now
    #[command(args_conflicts_with_subcommands = true)]
    Rules {
        /// What else; the list without one
        #[command(subcommand)]
        command: Option<RulesCommand>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// The ways to tell people
    #[command(subcommand)]
    Notify(NotifyCommand),
    /// Test what this machine allows: privileges, limits, clock, database, terminal
    Doctor {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// `fluxnoc notify`.
#[derive(Debug, Subcommand)]
pub enum NotifyCommand {
    /// Send a marked test to a channel, or to all channels of a contact list, and show the answers
    Test {
        /// Name of the contact list or channel
        name: String,
    },
    /// Tell nobody of anything for a time. Alerts go on and are shown; at the end each destination
    /// gets one digest of what is still true
    Hold {
        /// For how long, such as 30m; 24h at most
        #[arg(value_name = "DURATION")]
        length: Span,
        /// Why
        #[arg(required = true, value_name = "REASON")]
        reason: Vec<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Let paging go on before the end of its hold
    Resume {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// `fluxnoc demo`.
#[derive(Clone, Copy, Debug, Args)]
pub struct DemoArgs {
    /// A storm of so many alerts begins after 5 s; three other problems do not belong to it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(crate::demo::STORM_LIMIT)))]
    pub storm: Option<u32>,
    /// So many times as fast as real time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub speed: u32,
    /// Which story is told: the same number, the same story
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

/// `fluxnoc check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// What to check.
    #[command(subcommand)]
    pub kind: CheckKind,
}

/// `fluxnoc ack`.
#[derive(Debug, Args)]
pub struct AckArgs {
    /// An alert's id, HOST or HOST/CHECK
    #[arg(required = true, value_name = "TARGET")]
    pub targets: Vec<Target>,
    /// Why, or what is being done
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub comment: String,
    /// When it ends by itself: 4h, 06:00, 2026-02-25T06:00:00Z or never
    /// [default: `ack_expiry` of the configuration]
    #[arg(long, value_name = "WHEN")]
    pub expires: Option<Expires>,
    /// Keep it when the state changes to another problem
    #[arg(long)]
    pub sticky: bool,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `fluxnoc config`.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Say everything that is wrong; exit code 2 when something is
    Check,
    /// Print what is in force, each value with its source; secrets masked
    Show,
    /// Print which file is used and where else one may be
    Path,
    /// Print a unit for systemd that runs `fluxnoc serve`
    Systemd {
        /// One that runs `fluxnoc agent`
        #[arg(long)]
        agent: bool,
    },
    /// Print a Containerfile and a compose file, one after the other
    Compose,
    /// Print the scrape job with which a Prometheus reads fluxnoc's own meters
    Prometheus,
    /// Print a dashboard for Grafana, to be imported there
    Grafana,
}
