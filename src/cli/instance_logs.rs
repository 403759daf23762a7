//! The logs of watched instances in the console's Logs view: `log` of a `fluxbase` check.

use std::path::PathBuf;

use crate::clock::Clock;
use crate::config::Config;
use crate::model::{Name, Spec};
use crate::tail::{Following, Log, follow};
use crate::tui;

/// The logs that a configuration names.
#[must_use]
pub fn of(config: &Config) -> Vec<Log> {
    let checks = config.checks.iter().filter(|check| check.enabled);
    let logs = checks.filter_map(|check| {
        let Spec::Fluxbase(spec) = &*check.spec else { return None };
        let path = PathBuf::from(spec.log.as_ref()?);
        Some(Log { name: Name::clone(&check.key.host), path })
    });
    logs.collect()
}

/// Shows them for as long as what is given back is kept.
#[must_use]
pub fn show(logs: &[Log]) -> Option<Following> {
    if logs.is_empty() {
        return None;
    }
    let say = |line: crate::tail::Line| tui::log_line(&line.name, line.level, &line.text);
    let following = follow(logs, Clock::System, say);
    following
        .inspect_err(|error| tracing::warn!("the logs of instances are not shown: {error}"))
        .ok()
}
