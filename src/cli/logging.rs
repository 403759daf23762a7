//! Where log lines go: a bounded file under the console, stderr elsewhere.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

/// The log's name in the data directory.
pub const LOG: &str = "fluxnoc.log";
/// A file of that size is put aside as `.1`, so that two of them are kept at most.
const LARGEST: u64 = 8 * 1024 * 1024;

fn filter() -> EnvFilter {
    EnvFilter::try_from_env("FLUXNOC_LOG")
        .unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,async_snmp=off"))
}

/// Logs into the data directory and into the console's own buffer; stdout belongs to the screen.
///
/// # Errors
/// When the file cannot be opened.
pub fn into_file(data_dir: &Path) -> io::Result<()> {
    let writer = Rotating::open(data_dir.join(LOG))?;
    let lines = fmt::layer().with_writer(writer).with_ansi(false).with_target(true);
    // A second start in one process (tests) keeps the first subscriber.
    let _ = tracing_subscriber::registry()
        .with(filter())
        .with(lines)
        .with(crate::tui::log_layer())
        .try_init();
    Ok(())
}

/// Logs to stderr, for commands and for an engine without a screen.
pub fn to_stderr() {
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(false);
    let quiet = EnvFilter::try_from_env("FLUXNOC_LOG")
        .unwrap_or_else(|_| EnvFilter::new("warn,async_snmp=off"));
    let _ = tracing_subscriber::registry().with(quiet).with(lines).try_init();
}

/// A file that never grows beyond [`LARGEST`]; cheap to clone.
#[derive(Clone, Debug)]
struct Rotating(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    file: File,
    size: u64,
}

fn open(path: &Path) -> io::Result<File> {
    let flags = nix::libc::O_NOFOLLOW | nix::libc::O_CLOEXEC;
    OpenOptions::new().create(true).append(true).mode(0o600).custom_flags(flags).open(path)
}

impl Rotating {
    fn open(path: PathBuf) -> io::Result<Self> {
        let file = open(&path)?;
        let size = file.metadata()?.len();
        Ok(Self(Arc::new(Mutex::new(Inner { path, file, size }))))
    }
}

impl Write for Rotating {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.size > LARGEST {
            let aside = inner.path.with_extension("log.1");
            std::fs::rename(&inner.path, aside)?;
            inner.file = open(&inner.path)?;
            inner.size = 0;
        }
        let written = inner.file.write(bytes)?;
        inner.size += u64::try_from(written).unwrap_or(0);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).file.flush()
    }
}

impl<'a> fmt::MakeWriter<'a> for Rotating {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_never_grows_beyond_two_files() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Rotating::open(dir.path().join(LOG)).unwrap();
        let line = vec![b'x'; 1024 * 1024];
        for _ in 0..40 {
            log.write_all(&line).unwrap();
        }
        let files: Vec<_> = std::fs::read_dir(dir.path()).unwrap().collect();
        assert_eq!(files.len(), 2);
        for file in files {
            assert!(file.unwrap().metadata().unwrap().len() <= LARGEST + 1024 * 1024);
        }
    }
}
