//! `fluxnoc config`, and how every command reads the configuration.

use std::process::ExitCode;

use super::args::{ConfigCommand, Global};
use super::{look, machine, print, units};
use crate::config::{Config, Env, Problems, RuleEdit, Source, builtin, load, locate};
use crate::engine::query_rules::compile;
use crate::model::words::plural;

/// Reads the configuration that the options, the environment and the usual places name; without
/// any file the built-in one.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(global: &Global) -> Result<Config, Problems> {
    read_with(global, None)
}

/// The same, one file of rules as it shall become.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read_with(global: &Global, edit: Option<&RuleEdit>) -> Result<Config, Problems> {
    let machine = machine::this();
    let source = locate::find(global.config.as_deref());
    let env = Env::of_process()
        .with_flag("--theme", "console.theme", global.theme.as_deref())
        .with_flag("--color", "console.color", global.color.as_deref())
        .with_flag("--glyphs", "console.glyphs", global.glyphs.as_deref())
        .with_flag("--as", "console.operator", global.operator.as_deref())
        .with_flag("--listen", "server.listen", global.listen.as_deref())
        .with_flag("--database", "store.url", global.database.as_deref());
    let config = load(&source, &machine, &env)?;
    // What only the console understands is refused here as well, for every command alike.
    look::keymap(&config)?;
    // So is what only the engine does: expressions and templates of rules.
    compile(&config.rule_groups, &config.settings.promql)?;
    let rules = locate::rules_dir(&source);
    let config = match source {
        Source::File(_) => config,
        Source::BuiltIn => {
            let resolvers = machine::resolvers();
            config.with_builtin(builtin(&machine, machine::gateway(), &resolvers))
        }
    };
    config.with_rules_of(rules, edit)
}

/// Runs `fluxnoc config ...`.
#[must_use]
pub fn run(command: ConfigCommand, global: &Global) -> ExitCode {
    match command {
        ConfigCommand::Check => with(global, |config| {
            let place = match &config.source {
                Some(path) => path.display().to_string(),
                None => "no file (built-in)".to_owned(),
            };
            let (hosts, checks) = (config.hosts.len(), config.checks.len());
            let (hosts, checks) = (plural(hosts, "host"), plural(checks, "check"));
            print::out(&format!("{place}: good, {hosts}, {checks}"));
        }),
        ConfigCommand::Show => with(global, |config| print::out(config.effective().trim_end())),
        ConfigCommand::Path => path(global),
        ConfigCommand::Systemd { agent } => {
            print::out(units::systemd(agent).trim_end());
            ExitCode::SUCCESS
        }
        ConfigCommand::Prometheus => with(global, |config| {
            print::out(super::prometheus_yml::job(config).trim_end());
        }),
        ConfigCommand::Grafana => {
            let board = super::grafana::dashboard();
            print::out(&serde_json::to_string_pretty(&board).unwrap_or_default());
            ExitCode::SUCCESS
        }
        ConfigCommand::Compose => {
            print::out(units::compose().trim_end());
            ExitCode::SUCCESS
        }
    }
}

fn with(global: &Global, show: impl Fn(&Config)) -> ExitCode {
    match read(global) {
        Ok(config) => {
            for warning in &config.warnings {
                print::error(&format!("warning: {warning}"));
            }
            show(&config);
            ExitCode::SUCCESS
        }
        Err(problems) => refused(&problems),
    }
}

/// Prints every problem to stderr; exit code 2.
#[must_use]
pub fn refused(problems: &Problems) -> ExitCode {
    print::lines_to_stderr(&problems.to_string());
    ExitCode::from(2)
}

fn path(global: &Global) -> ExitCode {
    match locate::find(global.config.as_deref()) {
        Source::File(path) => print::out(&path.display().to_string()),
        Source::BuiltIn => {
            print::error("there is no configuration file; this machine is monitored. Looked for:");
            for path in locate::candidates() {
                print::lines_to_stderr(&format!("  {}", path.display()));
            }
        }
    }
    match locate::data_dir(global.data_dir.as_deref()) {
        Ok(dir) => print::lines_to_stderr(&format!("data: {}", dir.display())),
        Err(why) => print::error(&why),
    }
    ExitCode::SUCCESS
}
