//! What an agent knows from one start to the next: its key, and the checks that it was given last.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files;
use crate::model::Name;
use crate::protocol::work::Assignment;

/// The file of the key.
const IDENTITY: &str = "agent.json";
/// The file of the checks.
const CHECKS: &str = "checks.json";
/// Most bytes of the key's file.
const IDENTITY_LIMIT: u64 = 64 * 1024;
/// Most bytes of the checks' file: many times a full list.
const CHECKS_LIMIT: u64 = 256 * 1024 * 1024;

/// Who an agent is to its servers.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Its name.
    pub name: Name,
    /// Its key.
    pub key: String,
    /// What the server called its last start; 0 before the first.
    pub life: u64,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({}, life {})", self.name, self.life)
    }
}

/// The checks that a server gave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Roll {
    /// The agent that they are for: another one's are not run.
    pub agent: Name,
    /// Whether nothing is to be started.
    pub pause: bool,
    /// The checks.
    pub checks: Vec<Assignment>,
}

/// An agent's data directory.
#[derive(Clone, Debug)]
pub struct Keep {
    dir: PathBuf,
}

impl Keep {
    /// The directory, made for its owner only when it is missing.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open(dir: &Path) -> Result<Self, String> {
        let made = files::make_dir(dir);
        made.map_err(|error| format!("the data directory {}: {error}", dir.display()))?;
        Ok(Self { dir: dir.to_owned() })
    }

    /// Where results wait.
    #[must_use]
    pub fn spool(&self) -> PathBuf {
        self.dir.join("spool")
    }

    /// The key, when there is one.
    ///
    /// # Errors
    /// When others can read it, or it cannot be read.
    pub fn identity(&self) -> Result<Option<Identity>, String> {
        let path = self.dir.join(IDENTITY);
        let named = |why: String| format!("the agent's key {}: {why}", path.display());
        if let Ok(metadata) = std::fs::symlink_metadata(&path) {
            let mode = metadata.mode() & 0o7777;
            if mode & 0o077 != 0 {
                let file = path.display();
                return Err(named(format!(
                    "others can read it (mode {mode:04o}); whoever did can speak as this agent. \
                     Remove the agent at the server (`fluxnoc agents remove NAME`), delete the file \
                     and register anew; or, when nobody did, chmod 600 {file}"
                )));
            }
            let own = nix::unistd::geteuid().as_raw();
            if metadata.uid() != own && own != 0 {
                return Err(named(format!("it belongs to uid {}, not to {own}", metadata.uid())));
            }
        }
        let bytes = files::get(&path, IDENTITY_LIMIT).map_err(|error| named(error.to_string()))?;
        let Some(bytes) = bytes else { return Ok(None) };
        // The error of the parser may show the key.
        let read = serde_json::from_slice(&bytes).map_err(|_| {
            named("it is damaged; delete it and register anew with --token".to_owned())
        });
        read.map(Some)
    }

    /// Keeps the key.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put_identity(&self, identity: &Identity) -> Result<(), String> {
        let path = self.dir.join(IDENTITY);
        let named = |why: String| format!("the agent's key {}: {why}", path.display());
        let bytes = serde_json::to_vec(identity).map_err(|error| named(error.to_string()))?;
        files::put(&path, &bytes).map_err(|error| named(error.to_string()))
    }

    /// The checks of the last time; `None` without any, or when they cannot be used.
    #[must_use]
    pub fn roll(&self, agent: &str) -> Option<Roll> {
        let path = self.dir.join(CHECKS);
        let read = files::get(&path, CHECKS_LIMIT).map_err(|error| error.to_string());
        let parsed = read.transpose()?.and_then(|bytes| {
            serde_json::from_slice::<Roll>(&bytes).map_err(|error| error.to_string())
        });
        match parsed {
            Ok(roll) => (&*roll.agent == agent).then_some(roll),
            Err(why) => {
                let file = path.display();
                tracing::warn!("the checks kept in {file} cannot be used: {why}");
                None
            }
        }
    }

    /// Keeps the checks.
    pub fn put_roll(&self, roll: &Roll) {
        let path = self.dir.join(CHECKS);
        let bytes = serde_json::to_vec(roll).map_err(std::io::Error::other);
        if let Err(error) = bytes.and_then(|bytes| files::put(&path, &bytes)) {
            let file = path.display();
            tracing::warn!(
                "the checks cannot be kept in {file}: {error}; until they can, a start \
                without a server runs an older list"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn identity() -> Identity {
        Identity { name: "a-1".into(), key: "fxa_secret".to_owned(), life: 7 }
    }

    #[test]
    fn t9_a_key_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let keep = Keep::open(&dir.path().join("agent")).unwrap();
        assert_eq!(keep.identity().unwrap(), None);
        keep.put_identity(&identity()).unwrap();
        assert_eq!(keep.identity().unwrap(), Some(identity()));
        let file = dir.path().join("agent").join(IDENTITY);
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(&dir.path().join("agent"))), (0o600, 0o700));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let why = keep.identity().unwrap_err();
        assert!(why.contains("0640") && why.contains("chmod 600"), "{why}");
        assert!(!why.contains("fxa_") && !format!("{:?}", identity()).contains("fxa_"), "{why}");
    }

    #[test]
    fn a_damaged_key_is_named_and_not_shown() {
        let dir = tempfile::tempdir().unwrap();
        let keep = Keep::open(dir.path()).unwrap();
        files::put(&dir.path().join(IDENTITY), b"{\"key\":\"fxa_secret\",").unwrap();
        let why = keep.identity().unwrap_err();
        assert!(why.contains("register anew") && !why.contains("fxa_"), "{why}");
    }

    #[test]
    fn fs_06_checks_of_another_agent_or_a_torn_list_are_not_run() {
        let dir = tempfile::tempdir().unwrap();
        let keep = Keep::open(dir.path()).unwrap();
        assert_eq!(keep.roll("a-1"), None);
        let roll = Roll { agent: "a-1".into(), pause: true, checks: Vec::new() };
        keep.put_roll(&roll);
        assert_eq!(keep.roll("a-1"), Some(roll));
        assert_eq!(keep.roll("a-2"), None);
        let bytes = std::fs::read(dir.path().join(CHECKS)).unwrap();
        std::fs::write(dir.path().join(CHECKS), &bytes[..bytes.len() / 2]).unwrap();
        assert_eq!(keep.roll("a-1"), None);
    }
}
