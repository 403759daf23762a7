//! The key that sessions are signed with: 256 bits in a file of the data directory, made at first
//! use, for its owner only.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use jsonwebtoken::{DecodingKey, EncodingKey};

/// The file's name in the data directory.
const FILE: &str = "jwt.key";
/// Its length in bytes.
const LENGTH: usize = 32;

/// A key; shown by nothing.
pub struct Key {
    pub(super) signs: EncodingKey,
    pub(super) reads: DecodingKey,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// Why there is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It cannot be read or made.
    #[error("{0}: {1}")]
    Io(PathBuf, String),
    /// Others may read or change it.
    #[error(
        "{0} has mode {1:04o}: others may have read it; remove it, a new one is made (every session ends)"
    )]
    Exposed(PathBuf, u32),
    /// It is not one that was made here.
    #[error("{0} {1}; remove it, a new one is made (every session ends)")]
    Foreign(PathBuf, String),
    /// What the servers of a database share is none.
    #[error(
        "the row `session_key` of meta in the database is damaged; delete it and start the servers \
         again, a new one is made (every session ends)"
    )]
    Shared,
}

impl Key {
    fn of(bytes: &[u8]) -> Self {
        Self { signs: EncodingKey::from_secret(bytes), reads: DecodingKey::from_secret(bytes) }
    }

    /// A key that is forgotten with the process.
    #[must_use]
    pub fn random() -> Self {
        Self::of(&rand::random::<[u8; LENGTH]>())
    }

    /// The text of a new key, to be agreed on by several servers.
    #[must_use]
    pub fn proposal() -> String {
        use std::fmt::Write as _;
        let mut text = String::with_capacity(2 * LENGTH);
        for byte in rand::random::<[u8; LENGTH]>() {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// The key that several servers agreed on.
    ///
    /// # Errors
    /// When the text is none of [`Self::proposal`].
    pub fn shared(text: &str) -> Result<Self, KeyError> {
        let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let digits: Option<Vec<u8>> = text.as_bytes().iter().map(digit).collect();
        let digits = digits.filter(|d| d.len() == 2 * LENGTH).ok_or(KeyError::Shared)?;
        let bytes = digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, d| byte << 4 | d));
        Ok(Self::of(&bytes.collect::<Vec<u8>>()))
    }

    /// The key of a data directory; made when there is none.
    ///
    /// # Errors
    /// When others can read it, when it is something else, when it cannot be read or made.
    pub fn open(dir: &Path) -> Result<Self, KeyError> {
        let path = dir.join(FILE);
        if let Some(bytes) = read(&path)? {
            return Ok(Self::of(&bytes));
        }
        let failed = |error: std::io::Error| KeyError::Io(path.clone(), error.to_string());
        // Whole or not at all, and never over another one.
        let mut file = tempfile::NamedTempFile::new_in(dir).map_err(failed)?;
        file.write_all(&rand::random::<[u8; LENGTH]>()).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        match file.persist_noclobber(&path) {
            Ok(_) => {}
            Err(lost) if lost.error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(lost) => return Err(failed(lost.error)),
        }
        let bytes = read(&path)?;
        let bytes = bytes.ok_or_else(|| KeyError::Io(path, "it went away".to_owned()))?;
        Ok(Self::of(&bytes))
    }
}

fn read(path: &Path) -> Result<Option<[u8; LENGTH]>, KeyError> {
    let failed = |error: std::io::Error| KeyError::Io(path.to_owned(), error.to_string());
    let foreign = |why: &str| Err(KeyError::Foreign(path.to_owned(), why.to_owned()));
    let mut options = std::fs::OpenOptions::new();
    options.read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC);
    let mut file = match options.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.raw_os_error() == Some(libc::ELOOP) => {
            return foreign("is a symbolic link");
        }
        Err(error) => return Err(failed(error)),
    };
    let meta = file.metadata().map_err(failed)?;
    if !meta.is_file() {
        return foreign("is not a regular file");
    }
    if meta.mode() & 0o077 != 0 {
        return Err(KeyError::Exposed(path.to_owned(), meta.mode() & 0o7777));
    }
    let own = nix::unistd::geteuid().as_raw();
    if meta.uid() != own && own != 0 {
        return foreign("belongs to another user");
    }
    if meta.len() != LENGTH as u64 {
        return foreign(&format!("has {} bytes instead of {LENGTH}", meta.len()));
    }
    let mut bytes = [0; LENGTH];
    file.read_exact(&mut bytes).map_err(failed)?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn fs_38_the_key_is_made_once_for_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        Key::open(dir.path()).unwrap();
        let first = std::fs::read(&path).unwrap();
        assert_eq!(first.len(), LENGTH);
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        let shown = format!("{:?}", Key::open(dir.path()).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), first, "it stays");
        assert_eq!(shown, "Key");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing lies about");
    }

    #[test]
    fn several_servers_share_a_key_or_refuse_it() {
        let text = Key::proposal();
        assert_eq!(text.len(), 64);
        assert_ne!(text, Key::proposal());
        Key::shared(&text).unwrap();
        for bad in ["", "00", &text[1..], &format!("{text}0"), &text.replace(|_| true, "x")] {
            assert!(matches!(Key::shared(bad), Err(KeyError::Shared)), "{bad}");
        }
    }

    #[test]
    fn fs_38_a_key_that_others_could_read_or_place_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        for mode in [0o640, 0o604, 0o620, 0o644] {
            std::fs::write(&path, [7; LENGTH]).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let refused = Key::open(dir.path()).unwrap_err();
            assert_eq!(refused, KeyError::Exposed(path.clone(), mode));
        }
        for length in [0, 31, 33] {
            std::fs::write(&path, vec![7; length]).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            let refused = Key::open(dir.path()).unwrap_err().to_string();
            assert!(refused.contains(&format!("{length} bytes")), "{refused}");
        }
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert!(matches!(Key::open(dir.path()), Err(KeyError::Foreign(..))));
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(Key::open(dir.path()).is_err());
        assert!(matches!(Key::open(&dir.path().join("missing")), Err(KeyError::Io(..))));
    }
}
