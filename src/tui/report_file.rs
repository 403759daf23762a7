//! A report on its way from the engine into a file of this machine.
//!
//! In: what is wanted, and a path as a person wrote it. Out: where it is, and how large.
//! Never: writes over a file that is there, or leaves a part of one behind.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use tokio::sync::mpsc::Sender;
use tokio::task::{AbortHandle, JoinSet};

use crate::backend::Backend;
use crate::protocol::{Actor, Answer, Query, ReportWish};
use crate::tui::msg::Msg;

/// A report that is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// The console's own number for it.
    pub id: u64,
    /// Of what.
    pub wish: ReportWish,
    /// Where it is written.
    pub path: String,
}

/// A report that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Where.
    pub path: String,
    /// Its size in bytes.
    pub bytes: usize,
}

/// The reports that are being made, by their numbers.
#[derive(Debug, Default)]
pub struct Making(HashMap<u64, AbortHandle>);

impl Making {
    /// One is made beside everything else; what comes of it is told.
    pub fn begin(
        &mut self,
        tasks: &mut JoinSet<()>,
        (id, made): (u64, impl Future<Output = Result<Saved, String>> + Send + 'static),
        told: &Sender<Msg>,
    ) {
        let told = told.clone();
        let task = tasks.spawn(async move {
            let result = made.await;
            let _ = told.send(Msg::Reported { id, result }).await;
        });
        self.0.retain(|_, task| !task.is_finished());
        self.0.insert(id, task);
    }

    /// Nobody wants it any more: the engine hears that nobody listens.
    pub fn end(&mut self, id: u64) {
        if let Some(task) = self.0.remove(&id) {
            task.abort();
        }
    }
}

/// Has a report made and writes it.
///
/// # Errors
/// A sentence: the file is there already, the engine refuses, or it cannot be written.
pub async fn make(backend: Backend, actor: Actor, order: Order) -> Result<Saved, String> {
    let path = whole(&order.path);
    // Before somebody waits minutes for it.
    if tokio::fs::try_exists(&path).await.unwrap_or(false) {
        return Err(there(&path));
    }
    let answer = backend.query(actor, Query::TestReport(order.wish)).await;
    let Answer::Report(file) = answer.map_err(|problem| problem.to_string())? else {
        return Err("the engine answered something else".to_owned());
    };
    let written = tokio::task::spawn_blocking(move || write(&path, &file));
    written.await.map_err(|error| error.to_string())?
}

fn there(path: &Path) -> String {
    format!("{} is there already, and stays as it is: choose another name", path.display())
}

/// The path from the root on; `~/` is the home of whoever runs the console.
fn whole(path: &str) -> PathBuf {
    let home = path.strip_prefix("~/").and_then(|rest| Some((rest, std::env::var_os("HOME")?)));
    let path = home.map_or_else(|| PathBuf::from(path), |(rest, home)| Path::new(&home).join(rest));
    std::path::absolute(&path).unwrap_or(path)
}

fn write(path: &Path, file: &[u8]) -> Result<Saved, String> {
    let shown = path.display().to_string();
    let failed = |error: std::io::Error| format!("cannot write {shown}: {error}");
    let mut open = match std::fs::File::create_new(path) {
        Ok(open) => open,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Err(there(path)),
        Err(error) => return Err(failed(error)),
    };
    if let Err(error) = open.write_all(file).and_then(|()| open.sync_all()) {
        // It is ours: nobody else could have made it.
        let _ = std::fs::remove_file(path);
        return Err(failed(error));
    }
    Ok(Saved { bytes: file.len(), path: shown })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.csv");
        let saved = write(&path, b"one").unwrap();
        assert_eq!((saved.bytes, saved.path), (3, path.display().to_string()));
        let why = write(&path, b"two").unwrap_err();
        assert!(why.contains("is there already, and stays as it is"), "{why}");
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        let why = write(&dir.path().join("no/such/place.csv"), b"x").unwrap_err();
        assert!(why.contains("cannot write ") && why.contains("No such file"), "{why}");
    }

    #[test]
    fn a_path_is_whole_whatever_was_written() {
        assert!(whole("report.pdf").is_absolute());
        assert_eq!(whole("/tmp/a.pdf"), PathBuf::from("/tmp/a.pdf"));
    }
}
