//! Log lines of other programs, followed in a file or a pipe on a thread of their own.
//!
//! In: paths, and whose lines are in them. Out: entries with level, time and text that a terminal
//! may see. Never: writes, blocks who waits for an entry, or keeps more than one line of a file.

mod allowance;
mod entry;
mod file;
mod lines;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

pub use entry::{Entry, entry};
use file::Follower;

use crate::clock::Clock;
use crate::model::{Name, SafeText};

/// How often a quiet file is looked at.
const QUIET: Duration = Duration::from_millis(250);
/// The pause while a file has more than one look takes.
const BUSY: Duration = Duration::from_millis(10);

/// A log, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The instance; its lines are shown under this name.
    pub name: Name,
    /// A file or a pipe, absolute.
    pub path: PathBuf,
}

/// One line for the operator: of the log, or about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Whose log it is.
    pub name: Name,
    /// How serious.
    pub level: tracing::Level,
    /// What it says.
    pub text: SafeText,
}

/// The thread that follows; dropped, it ends after its look.
#[derive(Debug)]
pub struct Following {
    stop: Arc<AtomicBool>,
    thread: Thread,
}

impl Drop for Following {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // It is not waited for: a file system that hangs must not hold who leaves.
        self.thread.unpark();
    }
}

/// Follows all logs and tells `say` every line that may be shown.
///
/// # Errors
/// When there is no thread to be had.
pub fn follow(
    logs: &[Log],
    clock: Clock,
    mut say: impl FnMut(Line) + Send + 'static,
) -> std::io::Result<Following> {
    let mut followers: Vec<Follower> = logs.iter().cloned().map(Follower::new).collect();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let thread = thread::Builder::new().name("instance-logs".to_owned()).spawn(move || {
        while !stopped.load(Ordering::Relaxed) {
            let mut more = false;
            for follower in &mut followers {
                more |= follower.look(clock.now(), &mut say);
            }
            thread::park_timeout(if more { BUSY } else { QUIET });
        }
    })?;
    Ok(Following { stop, thread: thread.thread().clone() })
}
