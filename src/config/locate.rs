//! Where the configuration file and the data may be.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;

/// Where to read the configuration from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// This file, which must exist.
    File(PathBuf),
    /// No file at all: the built-in picture of this machine.
    BuiltIn,
}

/// The user's own file, in their directory of configurations.
const OWN: &str = "fluxnoc/config.toml";

/// Where a configuration is looked for, in this order, when none was named.
#[must_use]
pub fn candidates() -> Vec<PathBuf> {
    let mut paths = vec![PathBuf::from("config.toml")];
    if let Ok(base) = etcetera::base_strategy::Xdg::new() {
        paths.push(base.config_dir().join(OWN));
    }
    paths.push(PathBuf::from("/etc/fluxnoc/config.toml"));
    paths
}

/// The named file, or the first candidate that exists, or none.
///
/// A candidate that is there but cannot be read counts: reading it then says why.
#[must_use]
pub fn find(named: Option<&Path>) -> Source {
    // An empty variable is one that is not set.
    if let Some(path) = named.filter(|path| !path.as_os_str().is_empty()) {
        return Source::File(path.to_owned());
    }
    // What lies in a directory that we may not enter is somebody else's.
    let exists = |path: &PathBuf| std::fs::symlink_metadata(path).is_ok();
    candidates().into_iter().find(exists).map_or(Source::BuiltIn, Source::File)
}

/// Where rules are saved: `rules.d` beside the configuration, or where one of the user's own would be.
#[must_use]
pub fn rules_dir(source: &Source) -> Option<PathBuf> {
    let own;
    let file = match source {
        Source::File(path) => path,
        Source::BuiltIn => {
            own = etcetera::base_strategy::Xdg::new().ok()?.config_dir().join(OWN);
            &own
        }
    };
    Some(file.parent().unwrap_or(Path::new("")).join(super::RULES_D))
}

/// The data directory: the named one, or `fluxnoc` in the XDG data directory.
///
/// # Errors
/// When neither is known because there is no home directory.
pub fn data_dir(named: Option<&Path>) -> Result<PathBuf, String> {
    if let Some(path) = named.filter(|path| !path.as_os_str().is_empty()) {
        return Ok(path.to_owned());
    }
    etcetera::base_strategy::Xdg::new()
        .map(|base| base.data_dir().join("fluxnoc"))
        .map_err(|error| format!("no data directory: {error}; write --data-dir DIR"))
}
