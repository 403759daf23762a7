//! One engine per data directory: a lock that the kernel drops with its process.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

/// The file that is locked; the holder's process id is written in it.
pub const LOCK_FILE: &str = "engine.lock";

/// A held data directory; let go when dropped, and by the kernel when the process dies.
#[derive(Debug)]
pub struct DirLock {
    _file: Flock<File>,
}

/// Why a data directory could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another engine has it.
    #[error("{} is in use by {}; attach to it, stop it, or name another data directory",
        .directory.display(), pid_words(*.pid))]
    Held {
        /// The data directory.
        directory: PathBuf,
        /// The engine that has it; `None` when it has not yet written its id.
        pid: Option<u32>,
    },
    /// The lock file is not one of ours: a link, a device.
    #[error("{} is not a plain file ({why}); remove it and start again", .path.display())]
    Refused {
        /// The lock file.
        path: PathBuf,
        /// What it is.
        why: &'static str,
    },
    /// Directory or file cannot be used.
    #[error("cannot lock {}: {source}; check owner and mode", .path.display())]
    Io {
        /// The directory or file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

fn pid_words(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another engine".to_owned(), |pid| format!("the engine with pid {pid}"))
}

impl DirLock {
    /// Takes the directory (made with mode 0700 when missing) without waiting.
    ///
    /// # Errors
    /// [`LockError::Held`] names the process that has it; a file left by a dead one is no hindrance.
    pub fn acquire(directory: &Path) -> Result<Self, LockError> {
        let path = directory.join(LOCK_FILE);
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|source| LockError::Io { path: directory.to_owned(), source })?;
        // Twice is enough unless somebody removes the file again and again.
        for _ in 0..16 {
            let file = open(&path)?;
            let mut file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(file) => file,
                Err((mut file, Errno::EWOULDBLOCK)) => {
                    let pid = read_pid(&mut file);
                    return Err(LockError::Held { directory: directory.to_owned(), pid });
                }
                Err((_, errno)) => return Err(LockError::Io { path, source: errno.into() }),
            };
            if is_still(&file, &path) {
                let written = write_pid(&mut file);
                written.map_err(|source| LockError::Io { path, source })?;
                return Ok(Self { _file: file });
            }
        }
        let source = std::io::Error::other("it is being removed again and again");
        Err(LockError::Io { path, source })
    }
}

fn open(path: &Path) -> Result<File, LockError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
        .map_err(|source| match source.raw_os_error() {
            Some(libc::ELOOP) => {
                LockError::Refused { path: path.to_owned(), why: "it is a symbolic link" }
            }
            _ if source.kind() == ErrorKind::IsADirectory => {
                LockError::Refused { path: path.to_owned(), why: "it is a directory" }
            }
            _ => LockError::Io { path: path.to_owned(), source },
        })?;
    let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
    if is_file {
        Ok(file)
    } else {
        Err(LockError::Refused { path: path.to_owned(), why: "it is a device, pipe or socket" })
    }
}

/// True when the name still leads to the file that was locked.
fn is_still(file: &File, path: &Path) -> bool {
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(held), Ok(named)) => (held.dev(), held.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn write_pid(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_second_engine_is_refused_and_told_the_pid() {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("a/b");
        let first = DirLock::acquire(&data).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&data), mode(&data.join(LOCK_FILE))), (0o700, 0o600));
        let refused = DirLock::acquire(&data).unwrap_err();
        let own = std::process::id();
        assert!(matches!(refused, LockError::Held { pid: Some(pid), .. } if pid == own));
        assert!(refused.to_string().contains(&format!("pid {own}")), "{refused}");
        drop(first);
        DirLock::acquire(&data).unwrap();
    }

    #[test]
    fn a_file_left_by_a_dead_process_does_not_block() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(LOCK_FILE);
        std::fs::write(&path, "999999999\nleft over from before").unwrap();
        let _lock = DirLock::acquire(directory.path()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, format!("{}\n", std::process::id()));
    }

    #[test]
    fn links_and_pipes_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(LOCK_FILE);
        let victim = directory.path().join("victim");
        std::fs::write(&victim, "precious").unwrap();
        std::os::unix::fs::symlink(&victim, &path).unwrap();
        let refused = DirLock::acquire(directory.path()).unwrap_err();
        assert!(matches!(refused, LockError::Refused { .. }), "{refused}");
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
        std::fs::remove_file(&path).unwrap();
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let refused = DirLock::acquire(directory.path()).unwrap_err();
        assert!(matches!(refused, LockError::Refused { .. }), "{refused}");
    }
}
