//! Fluxbase instances as they are asked for: their targets, and five graphs of one.
//!
//! In: the checks of kind `fluxbase`, the series that they brought. Out: figures.
//! Never: evaluates in the engine's own task, or longer than a few seconds.

mod figures;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::core::Core;
use super::queries::{Reply, read};
use super::query_rules::target_labels;
use crate::model::{Kind, Name, Timestamp};
use crate::protocol::{Answer, FluxbasePage, FluxbaseRow, Problem};
use crate::series::Memory;
use crate::store::StoreError;
use figures::Instance;

/// Most instances of one answer.
const INSTANCES: usize = 100;
/// How long an answer may be computed.
const PATIENCE: Duration = Duration::from_secs(5);

impl Core {
    /// The instances in the order of their hosts, and the graphs of `host` or the first.
    pub(super) fn fluxbase(
        &self,
        host: Option<&Name>,
        times: (Timestamp, Timestamp),
        points: u32,
        reply: Reply,
    ) {
        if times.1 <= times.0 {
            let _ = reply.send(Err(Problem::invalid("`to` must be later than `from`")));
            return;
        }
        let instances = self.instances();
        let chosen = match host {
            Some(host) => instances.iter().position(|(known, _)| known == host),
            None => Some(0),
        };
        let Some(chosen) = chosen else {
            let _ = reply.send(Err(Problem::not_found("there is no such Fluxbase instance")));
            return;
        };
        let (memory, now) = (Arc::clone(&self.series), self.clock.now().wall);
        read(reply, async move {
            let stop = Arc::new(AtomicBool::new(false));
            let flag = Arc::clone(&stop);
            let mut work = tokio::task::spawn_blocking(move || {
                page(&memory, &instances, (chosen, times, points), now, &flag)
            });
            let done = match tokio::time::timeout(PATIENCE, &mut work).await {
                Ok(done) => done,
                Err(_) => {
                    stop.store(true, Ordering::Relaxed);
                    work.await
                }
            };
            let told = match done {
                Ok(Ok(page)) => Ok(Answer::Fluxbase(page)),
                Ok(Err(why)) => Err(Problem::unavailable(why)),
                Err(_) => Err(Problem::internal("the figures failed inside")),
            };
            Ok::<_, StoreError>(told)
        });
    }

    /// The instances by their hosts, each with what its series call it.
    fn instances(&self) -> Vec<(Name, String)> {
        let checks = self.table.iter().filter(|(_, slot)| slot.check.kind() == Kind::Fluxbase);
        let known = checks.filter_map(|(_, slot)| {
            let host = self.table.host(&slot.check.key.host);
            let labels = target_labels(&slot.check, host.map(AsRef::as_ref))?;
            Some((Name::clone(&slot.check.key.host), labels.get("instance").to_owned()))
        });
        let mut all: Vec<(Name, String)> = known.collect();
        all.sort();
        all.dedup_by(|one, other| one.0 == other.0);
        all.truncate(INSTANCES);
        all
    }
}

fn page(
    memory: &Memory,
    instances: &[(Name, String)],
    (chosen, times, points): (usize, (Timestamp, Timestamp), u32),
    now: Timestamp,
    stop: &AtomicBool,
) -> Result<FluxbasePage, String> {
    let is_over = || stop.load(Ordering::Relaxed);
    let source = memory.reader(&is_over);
    let rows = instances.iter().map(|(host, instance)| {
        let targets = Instance::new(instance).targets(&source, now)?;
        Ok(FluxbaseRow { host: Name::clone(host), instance: instance.clone(), targets })
    });
    let rows = rows.collect::<Result<Vec<FluxbaseRow>, String>>()?;
    let panels = match instances.get(chosen) {
        Some((_, instance)) => Instance::new(instance).panels(&source, times, points)?,
        None => Vec::new(),
    };
    Ok(FluxbasePage { rows, panels })
}
