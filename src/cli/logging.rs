//! Where log lines go: a bounded file under the console, stderr elsewhere; under a server one JSON
//! object a line (`log_line`).

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

use super::log_line;

/// The log's name in the data directory.
pub const LOG: &str = "fluxnoc.log";
/// A file of that size is put aside as `.1`, so that two of them are kept at most.
const LARGEST: u64 = 8 * 1024 * 1024;

/// What is logged unless the environment says otherwise.
const ORDINARY: &str = "info,sqlx=warn,async_snmp=off";
/// The same with all that this program itself says.
const DEBUG: &str = "info,fluxnoc=debug,sqlx=warn,async_snmp=off";
/// The console's own log: who else asks this engine what is not news there.
const QUIET_ACCESS: &str = ",fluxnoc::api::observe=warn";

/// `FLUXNOC_LOG` says it in full; `FLUXNOC_DEBUG`, or `FLUXBASE_DEBUG`, switches debug on.
fn directives(variable: impl Fn(&str) -> Option<String>) -> String {
    if let Some(own) = variable("FLUXNOC_LOG").filter(|own| EnvFilter::try_new(own).is_ok()) {
        return own;
    }
    let word = variable("FLUXNOC_DEBUG").or_else(|| variable("FLUXBASE_DEBUG"));
    let on = word.is_some_and(|word| matches!(&*word.to_ascii_lowercase(), "true" | "1"));
    if on { DEBUG } else { ORDINARY }.to_owned()
}

fn filter(besides: &str) -> EnvFilter {
    let mut wanted = directives(|name| std::env::var(name).ok());
    if wanted == ORDINARY {
        wanted.push_str(besides);
    }
    EnvFilter::new(wanted)
}

/// Logs to stderr as a server does: one JSON object a line, a panic too.
pub fn to_stderr_json() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let line = log_line::fatal(panic.payload_as_str().unwrap_or("a panic"), &place);
        // Whoever reads stderr may be gone; there is nobody else to tell.
        let _ = io::stderr().write_all(line.as_bytes());
    }));
    let lines = fmt::layer().event_format(log_line::JsonLines).with_writer(io::stderr);
    let _ = tracing_subscriber::registry().with(filter("")).with(lines).try_init();
}

/// The same lines into a buffer, with all that is told under debug: for tests, once per process.
pub fn to_buffer_json(buffer: &Arc<Mutex<Vec<u8>>>) {
    let lines = fmt::layer().event_format(log_line::JsonLines).with_writer(Buffer(buffer.clone()));
    let _ = tracing_subscriber::registry().with(EnvFilter::new(DEBUG)).with(lines).try_init();
}

#[derive(Clone)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> fmt::MakeWriter<'a> for Buffer {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
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
        .with(filter(QUIET_ACCESS))
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
    fn fb_23_debug_is_switched_by_the_environment() {
        for (variables, wanted) in [
            (&[] as &[(&str, &str)], ORDINARY),
            (&[("FLUXNOC_DEBUG", "true")], DEBUG),
            (&[("FLUXBASE_DEBUG", "true")], DEBUG),
            (&[("FLUXBASE_DEBUG", "false")], ORDINARY),
            (&[("FLUXNOC_DEBUG", "false"), ("FLUXBASE_DEBUG", "true")], ORDINARY),
            (&[("FLUXNOC_DEBUG", "perhaps")], ORDINARY),
            (&[("FLUXNOC_LOG", "warn"), ("FLUXNOC_DEBUG", "true")], "warn"),
        ] {
            let of = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(directives(of), wanted, "{variables:?}");
        }
    }

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
