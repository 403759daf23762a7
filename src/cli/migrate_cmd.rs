//! `fluxnoc migrate-store`: the `SQLite` database of the data directory moves to an empty `PostgreSQL`
//! database whole.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};

use super::args::Global;
use super::lifecycle::{self, DATABASE};
use super::print;
use crate::config::{Config, database, locate};
use crate::model::words::plural;
use crate::store::{DirLock, MovedTable, Progress, Store};

/// Between two lines about the same table.
const EVERY: Duration = Duration::from_secs(2);

/// Moves it.
///
/// # Errors
/// When an engine runs on the data directory, the target is not empty, or something cannot be
/// moved; then nothing was.
pub fn run(global: &Global, config: &Config, url: Option<&str>) -> anyhow::Result<ExitCode> {
    super::logging::to_stderr();
    let dir = locate::data_dir(global.data_dir.as_deref()).map_err(anyhow::Error::msg)?;
    let file = dir.join(DATABASE);
    if !file.exists() {
        bail!("there is no database {}; nothing is to be moved", file.display());
    }
    let held = |held| anyhow!("{held}; stop it first: what it writes meanwhile would be lost");
    let _lock = DirLock::acquire(&dir).map_err(held)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let moved = runtime.block_on(async {
        let url = match (url, &config.settings.store.url) {
            (Some(url), _) => url.to_owned(),
            (None, Some(secret)) => lifecycle::database_url(secret).await?,
            (None, None) => bail!("write where to: postgres://USER@HOST/DATABASE"),
        };
        database::check(&url).map_err(anyhow::Error::msg)?;
        let mut last = Instant::now();
        let mut tell = move |progress: Progress<'_>| match progress {
            Progress::Sent(table, rows) if last.elapsed() >= EVERY => {
                last = Instant::now();
                print::error(&format!("{table}: {} so far", plural(rows, "row")));
            }
            Progress::Sent(..) => {}
            Progress::Compared(table, rows) => {
                print::error(&format!("{table}: {}, the same on both sides", plural(rows, "row")));
            }
        };
        anyhow::Ok(Store::move_to_postgres(&file, &url, &mut tell).await?)
    })?;
    let rows: u64 = moved.iter().map(|MovedTable { rows, .. }| rows).sum();
    print::out(&format!(
        "moved: {} of {} tables; {} stays as it was. Run `fluxnoc serve` with \
         --database, FLUXNOC_DATABASE or `[store] url` from now on",
        plural(rows, "row"),
        moved.len(),
        file.display()
    ));
    Ok(ExitCode::SUCCESS)
}
