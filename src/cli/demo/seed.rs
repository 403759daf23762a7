//! Writes into the scratch database what was tested before anybody looked.

use std::path::Path;

use anyhow::Context as _;

use crate::demo::{Network, kept};
use crate::model::{Baselines, Name, Timestamp};
use crate::rules::breach;
use crate::store::Store;

/// Writes schedules with their results up to a moment. They rest until the story has come that far.
///
/// # Errors
/// When the database cannot be written.
pub fn history(
    database: &Path,
    network: &Network,
    machine: &str,
    until: Timestamp,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime
        .block_on(async {
            let store = Store::open_sqlite(database).await?;
            let mut tx = store.write().await?;
            for (mut schedule, tests) in kept::history(network, &Name::from(machine), until) {
                for mut test in tests {
                    let limits = &schedule.plan.thresholds;
                    test.breaches = breach::breaches(limits, &test.figures, &Baselines::default());
                    tx.put_test(&test).await?;
                }
                schedule.plan.paused = true;
                tx.put_schedule(&schedule).await?;
            }
            tx.commit().await?;
            store.close().await;
            anyhow::Ok(())
        })
        .context("cannot write what was tested before")
}
