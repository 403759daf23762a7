//! From a configuration to what an engine is started with, and how it is read again.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::lifecycle::Plan;
use crate::backend::Backend;
use crate::clock::Clock;
use crate::config::targets::Job;
use crate::config::{Config, Problems, Rejection, RuleChange, RuleEdit, Settings, change_rule};
use crate::discovery::Found;
use crate::engine::query_rules::{QueryRules, compile};
use crate::engine::{Inventory, Keep, Kept, by_rules};
use crate::model::{Kind, RequestId};
use crate::protocol::{Actor, Command, Problem, Request};
use crate::series::Bounds;
use crate::store::Retention;

/// Where found targets are kept in the data directory.
const TARGETS: &str = "targets.json";

/// Reads the configuration again from where it was found; one file of rules as it shall become.
pub type Again = Arc<dyn Fn(Option<&RuleEdit>) -> Result<Config, Problems> + Send + Sync>;

/// What is known of targets that are found, with the configuration that was used last.
pub struct Finding {
    /// What was found.
    pub found: Arc<Found>,
    config: Mutex<Config>,
    /// True while only the found targets are to be taken in: the file may be half written.
    again: AtomicBool,
}

impl Finding {
    /// The jobs in force.
    pub fn jobs(&self) -> Vec<Job> {
        self.config.lock().unwrap_or_else(PoisonError::into_inner).jobs.clone()
    }

    fn inventory(&self, read: &Again) -> Result<Inventory, Problems> {
        let mut last = self.config.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.again.swap(false, Ordering::AcqRel) {
            let fresh = read(None)?;
            for table in waiting(&last.settings, &fresh.settings) {
                tracing::warn!("[{table}] has changed: that takes effect with the next start");
            }
            *last = fresh;
        }
        Ok(with_found(&last, &self.found))
    }

    /// Has a change of the rules written down; it counts from then on.
    fn keep(self: &Arc<Self>, read: &Again, change: &RuleChange) -> Result<Kept, Problem> {
        let mut last = self.config.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = change_rule(&last, change, &|edit| read(edit)).map_err(|refused| {
            match refused.why {
                Rejection::Invalid => Problem::invalid(refused.message),
                Rejection::Conflict => Problem::conflict(refused.message),
                Rejection::Unwritable => Problem::unavailable(refused.message),
            }
        })?;
        let before = std::mem::replace(&mut *last, changed.config.clone());
        let (inventory, rule) = (with_found(&last, &self.found), changed.rule.clone());
        let finding = Arc::clone(self);
        let take_back = Box::new(move || {
            let mut last = finding.config.lock().unwrap_or_else(PoisonError::into_inner);
            *last = before;
            changed.take_back();
        });
        Ok(Kept { inventory, rule, take_back })
    }
}

/// The tables that differ and are read at the start only.
fn waiting(before: &Settings, after: &Settings) -> Vec<&'static str> {
    let tables = [
        ("server", before.server != after.server),
        ("cluster", before.cluster != after.cluster),
        ("health", before.health != after.health),
        ("metrics", before.metrics != after.metrics),
        ("store", before.store != after.store),
        ("series", before.series != after.series),
    ];
    tables.into_iter().filter(|(_, differs)| *differs).map(|(table, _)| table).collect()
}

fn with_found(config: &Config, found: &Found) -> Inventory {
    let mut inventory = inventory(config);
    found.add(&config.jobs, &mut inventory.hosts, &mut inventory.checks);
    by_rules(&config.rules, &mut inventory.checks);
    inventory
}

/// Looks for targets until stopped, and has the engine take in what changed.
pub async fn find(finding: Arc<Finding>, backend: Backend, stop: CancellationToken) {
    let found = Arc::clone(&finding.found);
    let jobs = Arc::clone(&finding);
    let changed = || {
        finding.again.store(true, Ordering::Release);
        reload(&backend)
    };
    crate::discovery::run(found, move || jobs.jobs(), changed, Clock::System, stop).await;
}

/// What an engine monitors by a configuration.
#[must_use]
pub fn inventory(config: &Config) -> Inventory {
    let settings =
        Config { hosts: Vec::new(), checks: Vec::new(), warnings: Vec::new(), ..config.clone() };
    Inventory {
        settings: Arc::new(config.in_force()),
        rules: Arc::new(config.rules.clone()),
        query_rules: Arc::new(compiled(config)),
        routes: Arc::new(config.routes.clone()),
        access: config.settings.access,
        targets: Arc::new(config.targets.clone()),
        networks: config.settings.speed.networks(),
        slas: Arc::new(config.slas.clone()),
        remote_write: Arc::new(config.remote_write.clone()),
        allowance: Arc::new(config.allowance()),
        schedules: Arc::new(config.schedules.clone()),
        render: Arc::new(move |hosts, mut checks| {
            // The rules are written themselves, not what they make of the checks.
            // Nor what expressions found.
            checks.retain(|check| check.rule.is_none() && check.kind() != Kind::Query);
            for check in &mut checks {
                check.by_rule.clear();
            }
            Config { hosts, checks, ..settings.clone() }.effective()
        }),
        hosts: config.hosts.clone(),
        checks: config.checks.clone(),
        source: config.source.as_ref().map(|path| path.display().to_string()),
    }
}

/// The rules in `PromQL`. What is wrong with them was refused when the configuration was read.
fn compiled(config: &Config) -> QueryRules {
    compile(&config.rule_groups, &config.settings.promql).unwrap_or_else(|problems| {
        tracing::error!(%problems, "no rule in PromQL counts");
        QueryRules::default()
    })
}

/// The plan of an engine.
#[must_use]
pub fn plan(
    config: &Config,
    again: &Again,
    data_dir: &Path,
    machine: &str,
    with_worker: bool,
) -> Plan {
    let read = Arc::clone(again);
    let finding = Arc::new(Finding {
        found: Arc::new(Found::restore(&data_dir.join(TARGETS))),
        config: Mutex::new(config.clone()),
        again: AtomicBool::new(false),
    });
    let (reading, keeping) = (Arc::clone(&finding), Arc::clone(&finding));
    let keep_with = Arc::clone(again);
    let (store, series) = (&config.settings.store, &config.settings.series);
    Plan {
        data_dir: data_dir.to_owned(),
        database: store.url.clone(),
        refuse: None,
        inventory: with_found(config, &finding.found),
        reload: Arc::new(move || reading.inventory(&read).map_err(|problems| problems.to_string())),
        keep_rule: Arc::new(move |change| keeping.keep(&keep_with, change)),
        finding: Some(finding),
        keep: Keep {
            times: Retention {
                chunks: store.raw,
                days: store.daily,
                edges: store.daily,
                audit: store.daily,
                ..Retention::default()
            },
            max_size: store.max_size,
            series: Bounds {
                samples: series.max_samples,
                series: usize::try_from(series.max_series).unwrap_or(usize::MAX),
                age: series.max_age,
            },
        },
        machine: machine.to_owned(),
        with_worker,
        clock: Clock::System,
        doors: None,
    }
}

/// Has the engine read its configuration again, as SIGHUP asks.
pub async fn reload(backend: &Backend) {
    let now = Clock::System.now().wall;
    let id = RequestId::from_parts(now.millis(), rand::random());
    let request = Request { id, actor: Actor::Engine, command: Command::Reload };
    match backend.execute(request).await {
        Ok(_) => tracing::info!("the configuration was read again"),
        Err(problem) => tracing::error!(%problem, "the configuration stays as it was"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_a_start_takes_in_is_named() {
        let before = Settings::default();
        let mut after = before.clone();
        assert_eq!(waiting(&before, &after), Vec::<&str>::new());
        after.metrics.compat = !after.metrics.compat;
        after.health.require_auth = !after.health.require_auth;
        assert_eq!(waiting(&before, &after), ["health", "metrics"]);
    }
}
