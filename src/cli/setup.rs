//! From a configuration to what an engine is started with, and how it is read again.

use std::path::Path;
use std::sync::Arc;

use super::lifecycle::Plan;
use crate::backend::Backend;
use crate::config::{Config, Problems};
use crate::engine::{Inventory, Keep};
use crate::model::RequestId;
use crate::protocol::{Actor, Command, Request};
use crate::series::Bounds;
use crate::store::Retention;

/// Reads the configuration again from where it was found.
pub type Again = Arc<dyn Fn() -> Result<Config, Problems> + Send + Sync>;

/// What an engine monitors by a configuration.
#[must_use]
pub fn inventory(config: &Config) -> Inventory {
    let settings =
        Config { hosts: Vec::new(), checks: Vec::new(), warnings: Vec::new(), ..config.clone() };
    Inventory {
        settings: Arc::new(config.in_force()),
        render: Arc::new(move |hosts, checks| {
            Config { hosts, checks, ..settings.clone() }.effective()
        }),
        hosts: config.hosts.clone(),
        checks: config.checks.clone(),
        source: config.source.as_ref().map(|path| path.display().to_string()),
    }
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
    let (store, series) = (&config.settings.store, &config.settings.series);
    Plan {
        data_dir: data_dir.to_owned(),
        inventory: inventory(config),
        reload: Arc::new(move || {
            read().map(|config| inventory(&config)).map_err(|problems| problems.to_string())
        }),
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
        clock: crate::clock::Clock::System,
    }
}

/// Has the engine read its configuration again, as SIGHUP asks.
pub async fn reload(backend: &Backend) {
    let now = crate::clock::Clock::System.now().wall;
    let id = RequestId::from_parts(now.millis(), rand::random());
    let request = Request { id, actor: Actor::Engine, command: Command::Reload };
    match backend.execute(request).await {
        Ok(_) => tracing::info!("the configuration was read again"),
        Err(problem) => tracing::error!(%problem, "the configuration stays as it was"),
    }
}
