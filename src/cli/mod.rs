//! The command line: what was typed, and the place where all parts meet.
//!
//! In: arguments and environment. Out: results on stdout, messages on stderr, an exit code.
//! Never: decides what a result means beyond asking the rules.

pub mod accounts_cmd;
mod agent;
pub mod agent_args;
pub mod args;
pub mod check_args;
pub mod check_keys;
pub mod check_polled;
mod cluster;
pub mod config_cmd;
pub mod connect;
pub mod console;
pub mod demo;
pub mod doctor;
mod grafana;
pub mod import;
pub mod init;
mod instance_logs;
pub mod keys_cmd;
pub mod lifecycle;
mod log_line;
pub mod logging;
pub mod look;
pub mod machine;
pub mod manual;
pub mod migrate_cmd;
pub mod nettest;
pub mod notify_cmd;
mod oneshot;
pub mod places;
pub mod plain;
pub mod print;
mod prometheus_yml;
pub mod remote;
pub mod render;
pub mod report_args;
mod results;
mod review_text;
pub mod rules_cmd;
pub mod schedule_args;
pub mod serve;
pub mod setup;
mod signals;
pub mod speedtest;
mod supervisor;
pub mod test_args;
pub mod trace_table;
pub mod units;
pub mod verb;
pub mod window_args;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;

use args::{Cli, Command, Global, NotifyCommand};
use console::Console;
use nettest::Job;
use report_args::{ReportArgs, ReportCommand};

use crate::clock::Clock;
use crate::config::Config;

/// Runs the program with these arguments (the first is its own name).
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, &arguments),
    };
    let Cli { global, command } = cli;
    match command {
        Some(Command::Check(args)) => oneshot::check(&args),
        Some(Command::Trace(args)) if args.there.agent.is_none() => oneshot::trace(&args),
        Some(Command::Dns(args)) if args.there.agent.is_none() => oneshot::dns(&args),
        Some(Command::Probe(args)) if args.there.agent.is_none() => oneshot::probe(&args),
        Some(Command::Speedtest(args)) if args.there.agent.is_none() => speedtest::run(&args),
        Some(Command::Iperf) => crate::probe::speed::run_child(),
        Some(Command::Report(ReportArgs {
            command: Some(ReportCommand::Verify { file, csv }),
            ..
        })) => report_args::verified(&file, csv.as_deref()),
        Some(Command::Config(command)) => config_cmd::run(command, &global),
        Some(Command::Keys { md, preset }) => keys_cmd::run(&global, preset.as_deref(), md),
        Some(Command::Doctor { json }) => doctor::run(&global, json),
        Some(Command::Init(args)) => told(init::run(&global, args)),
        Some(Command::Import(args)) => told(import::run(&global, &args)),
        Some(Command::Notify(NotifyCommand::Test { name })) => {
            told(notify_cmd::test(&global, &name))
        }
        Some(Command::Completions { shell }) => told(manual::completions(shell)),
        Some(Command::Man { command }) => told(manual::page(&command)),
        Some(Command::Agent(args)) => told(agent::run(&global, &args)),
        Some(Command::Demo(args)) => told(demo::run(&global, args)),
        Some(Command::Serve { listen, database }) => {
            let global = Global { listen, database, ..global };
            match with_config(&global) {
                Ok(config) => told(serve::run(&global, config)),
                Err(refused) => refused,
            }
        }
        Some(Command::MigrateStore { url }) => match with_config(&global) {
            Ok(config) => told(migrate_cmd::run(&global, &config, url.as_deref())),
            Err(refused) => refused,
        },
        command => with_engine(&global, command),
    }
}

/// The configuration, its warnings said; the exit code when it is refused.
fn with_config(global: &Global) -> Result<Config, ExitCode> {
    let config = config_cmd::read(global).map_err(|problems| config_cmd::refused(&problems))?;
    for warning in &config.warnings {
        print::error(&warning.to_string());
    }
    Ok(config)
}

fn with_engine(global: &Global, command: Option<Command>) -> ExitCode {
    let config = match with_config(global) {
        Ok(config) => config,
        Err(refused) => return refused,
    };
    let ended = match command {
        None => console::of(global, config).and_then(|console| match &global.connect {
            Some(word) => {
                let context = connect::context(word, &console.config)?;
                console.elsewhere(global, context)
            }
            None => console.run(),
        }),
        Some(Command::Engine) => console::of(global, config).and_then(Console::without_screen),
        Some(command) => ask_engine(global, config, command),
    };
    told(ended)
}

/// The exit code of a command; why it failed goes to stderr.
fn told(ended: anyhow::Result<ExitCode>) -> ExitCode {
    ended.unwrap_or_else(|error| {
        print::error(&format!("{error:#}"));
        ExitCode::FAILURE
    })
}

fn ask_engine(global: &Global, config: Config, command: Command) -> anyhow::Result<ExitCode> {
    logging::to_stderr();
    let command = match command {
        Command::Trace(args) => return work(global, config, args.elsewhere().map(Job::Run)),
        Command::Dns(args) => return work(global, config, args.elsewhere().map(Job::Run)),
        Command::Probe(args) => return work(global, config, args.elsewhere().map(Job::Run)),
        Command::Speedtest(args) => {
            return work(global, config, args.elsewhere().map(Job::Run));
        }
        Command::Report(args) if args.command.is_none() => {
            let job = args.wanted().map(|(wish, out)| Job::Report { wish, out });
            return work(global, config, job);
        }
        Command::Schedules { command: Some(typed), json } => match Job::of_schedules(typed) {
            Ok(job) => return work(global, config, Ok(job)),
            Err(typed) => Command::Schedules { command: Some(typed), json },
        },
        other => other,
    };
    let now = Clock::System.now().wall;
    let verb = match command {
        Command::User(typed) => {
            let asked = accounts_cmd::user(typed, &mut accounts_cmd::new_password);
            Some(asked.map(|asked| verb::of_account(asked, &look::usual(&config))))
        }
        command => verb::verb(command, now, &look::usual(&config)),
    };
    match verb {
        Some(Ok(verb)) => {
            if let Some(word) = &global.connect {
                let context = connect::context(word, &config)?;
                return remote::run_there(&verb, global, context);
            }
            let console = console::of(global, config)?;
            remote::run(&verb, console.plan(false), &console.operator, console.read_only)
        }
        Some(Err(why)) => {
            print::error(&why);
            Ok(ExitCode::from(2))
        }
        // Everything else was taken before.
        None => Ok(ExitCode::from(2)),
    }
}

/// Does what asks the engine more than once.
fn work(global: &Global, config: Config, job: Result<Job, String>) -> anyhow::Result<ExitCode> {
    let job = match job {
        Ok(job) => job,
        Err(why) => {
            print::error(&why);
            return Ok(ExitCode::from(2));
        }
    };
    if let Some(word) = &global.connect {
        let context = connect::context(word, &config)?;
        return remote::far(global, context, async |backend, actor| job.run(backend, actor).await)?;
    }
    let console = console::of(global, config)?;
    let (who, alone) = ((&*console.operator, console.read_only), (false, job.alone()));
    remote::near(console.plan(false), who, alone, async |backend, actor| {
        job.run(backend, actor).await
    })?
}

/// Prints clap's words. Help and version are results; a mistake is 2, for `check` 3.
fn usage(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let _ = error.print();
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return ExitCode::SUCCESS;
    }
    ExitCode::from(if is_check(arguments) { 3 } else { 2 })
}

/// True when the first word that is neither an option nor an option's value is `check`.
fn is_check(arguments: &[OsString]) -> bool {
    let with_value = [
        "--config",
        "--data-dir",
        "--theme",
        "--color",
        "--glyphs",
        "--as",
        "--connect",
        "--token-file",
    ];
    let mut rest = arguments.iter().skip(1);
    while let Some(word) = rest.next() {
        let word = word.to_string_lossy();
        if with_value.contains(&&*word) {
            rest.next();
        } else if !word.starts_with('-') {
            return word == "check";
        }
    }
    false
}

#[cfg(test)]
mod tests;
