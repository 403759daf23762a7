//! The configuration: what the operator wrote, checked, with every problem at once.
//!
//! In: a TOML file, `FLUXNOC_*` variables and flags, what this machine is called.
//! Out: settings, hosts and checks of the model, or all problems with file, line and column.
//! Never: opens sockets, or reads files beyond its own and those that it names; writes any but a
//! saved rule.

mod adhoc;
mod builtin;
mod channels;
pub mod cluster;
pub mod console;
pub mod contexts;
pub mod database;
mod drafts;
mod email;
pub mod exposure;
mod file;
mod flux_notify;
mod fluxbase;
mod fluxmq;
mod hosts;
mod inventory;
pub mod keys;
mod kinds;
mod layers;
mod limits;
pub mod locate;
mod metrics;
mod polled;
mod problem;
pub mod promql;
mod reader;
mod remote_write;
mod rule_files;
mod rule_groups;
mod rules;
mod rules_d;
mod save_rule;
mod schedules;
pub mod server;
mod setting_table;
pub mod settings;
mod show;
mod show_channels;
mod show_polled;
mod show_rules;
mod slas;
mod snmp;
pub mod speed;
mod speed_targets;
mod spread;
pub mod targets;
mod times;
mod traffic_caps;
pub mod value;
mod watchdog;
mod ways;
mod write_rule;
pub mod yaml;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

pub use adhoc::{Given, adhoc};
pub use builtin::builtin;
pub use drafts::{Drafted, Monitored, draft};
pub use file::{FILE_LIMIT, parse};
pub use hosts::{Machine, valid_target};
pub use inventory::CHECK_LIMIT;
pub use kinds::{RECORD_TYPES, valid_url};
pub use layers::{Env, Origin};
pub use locate::Source;
pub use problem::{Place, Problem, Problems, nearest, place};
pub use rule_groups::{RuleEntry, RuleGroup, RuleName, rule_groups};
pub use rules::RULE_LIMIT;
pub use rules_d::{RULES_D, RuleEdit};
pub use save_rule::{
    Changed, Refused, Rejection, RuleChange, SAVED_LIMIT, change_rule, is_in_rules_d,
    rule_change_words, rule_place,
};
pub use settings::Settings;
pub use show::text as toml_text;
pub use show_rules::{draft_text, rule_keys, rule_text};
pub use spread::{Clash, apply as apply_rules};

use crate::model::{Allowance, Caps, Check, Host, NamedTarget, Plan, RemoteWrite, Rule, Sla};

/// A whole configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Everything besides hosts and checks.
    pub settings: Settings,
    /// The hosts, in the order of the file.
    pub hosts: Vec<Host>,
    /// Their checks: each host's own ones, then the shared ones.
    pub checks: Vec<Check>,
    /// Every `[[scrape]]` that looks for targets; those that it lists itself are among the checks.
    pub jobs: Vec<targets::Job>,
    /// Channels and contact lists.
    pub routes: crate::model::Routes,
    /// Every `[[rule]]`, then those of `rule_files`, then the saved ones; [`apply_rules`] puts them on the checks.
    pub rules: Vec<Rule>,
    /// The rules in `PromQL`: those of `[promql]`, and what other sections bring along.
    pub rule_groups: Vec<Arc<RuleGroup>>,
    /// The files of rules that were read.
    pub rule_files: Vec<PathBuf>,
    /// Where rules are saved from the console; see [`Config::with_rules_of`].
    pub rules_dir: Option<PathBuf>,
    /// True when hosts and checks are those of a demonstration; see [`Config::for_demo`].
    pub invented: bool,
    /// `[keys]` and `[[action]]`.
    pub keys: console::Keys,
    /// Every `[[context]]`.
    pub contexts: Vec<contexts::Context>,
    /// Where speedtests may go by name.
    pub targets: Vec<NamedTarget>,
    /// Vantages whose speedtests have caps of their own.
    pub traffic_caps: Vec<(String, Caps)>,
    /// Network tests that run again and again.
    pub schedules: Vec<Plan>,
    /// What was promised of links.
    pub slas: Vec<Sla>,
    /// Who is sent every number and state.
    pub remote_write: Vec<RemoteWrite>,
    /// The file it was read from; `None` for the built-in one.
    pub source: Option<PathBuf>,
    /// What works but should be known, with its place.
    pub warnings: Vec<Problem>,
    /// Where each setting that is not a default was said, by `section.key`.
    pub origins: BTreeMap<String, Origin>,
}

/// Reads a configuration.
///
/// [`Source::BuiltIn`] gives the settings of environment and flags with no host; the caller adds
/// those of [`builtin()`] (see [`Config::with_builtin`]).
///
/// # Errors
/// Everything that is wrong, with its place; nothing of a bad file is used.
pub fn load(source: &Source, machine: &Machine, env: &Env) -> Result<Config, Problems> {
    match source {
        Source::BuiltIn => parse("built-in", "", machine, env),
        Source::File(path) => {
            let text = file::read(path)?;
            let base = path.parent().unwrap_or(std::path::Path::new(""));
            let mut config =
                file::parse_in(&path.display().to_string(), &text, machine, env, base)?;
            config.warnings.extend(file::exposed(path, &config));
            Ok(Config { source: Some(path.clone()), ..config })
        }
    }
}

impl Config {
    /// These settings with the hosts and checks of a built-in configuration.
    #[must_use]
    pub fn with_builtin(self, builtin: Self) -> Self {
        Self { hosts: builtin.hosts, checks: builtin.checks, ..self }
    }

    /// A demonstration on invented hosts, that looks as this configuration says: its console, wall
    /// and bell, and its keys. Nothing else of it counts: no channel or contact list, so that nobody
    /// is told anything, no heartbeat, no rule, no program, no other place.
    #[must_use]
    pub fn for_demo(self, hosts: Vec<Host>, checks: Vec<Check>) -> Self {
        const LOOKS: [&str; 3] = ["console.", "wall.", "bell."];
        let Settings { console, wall, bell, .. } = self.settings;
        let of_looks = |key: &str| LOOKS.iter().any(|section| key.starts_with(section));
        Self {
            settings: Settings { console, wall, bell, ..Settings::default() },
            hosts,
            checks,
            jobs: Vec::new(),
            routes: crate::model::Routes::default(),
            rules: Vec::new(),
            rule_groups: Vec::new(),
            rule_files: Vec::new(),
            rules_dir: None,
            invented: true,
            keys: console::Keys { actions: Vec::new(), ..self.keys },
            contexts: Vec::new(),
            targets: Vec::new(),
            traffic_caps: Vec::new(),
            schedules: Vec::new(),
            slas: Vec::new(),
            remote_write: Vec::new(),
            source: None,
            warnings: Vec::new(),
            origins: self.origins.into_iter().filter(|(key, _)| of_looks(key)).collect(),
        }
    }

    /// How much the speedtests of vantages may move.
    #[must_use]
    pub fn allowance(&self) -> Allowance {
        let speed = &self.settings.speed;
        Allowance {
            all: Caps { daily: speed.daily_cap, monthly: speed.monthly_cap },
            own: self.traffic_caps.clone(),
            zone: speed.cap_zone.clone(),
        }
    }

    /// Every setting besides hosts and checks with its source, in the order of the sections.
    #[must_use]
    pub fn in_force(&self) -> Vec<crate::model::Setting> {
        show::in_force(self)
    }

    /// What is in force as TOML, each value with its source as a comment, secrets masked.
    #[must_use]
    pub fn effective(&self) -> String {
        show::effective(self)
    }
}

#[cfg(test)]
mod tests;
