//! Writes a configuration file: whole or not at all.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Writes a text in place of a file. A reader sees the old or the new one, never a half; mode and
/// place (a link is followed) stay.
///
/// # Errors
/// When it cannot be written; the old file is still there then.
pub fn write_whole(path: &Path, text: &str) -> anyhow::Result<()> {
    let place = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let parent = place.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = parent.map_or_else(|| PathBuf::from("."), Path::to_owned);
    std::fs::create_dir_all(&directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    let failed = || format!("cannot write {}", place.display());
    let mut file = tempfile::NamedTempFile::new_in(&directory).with_context(failed)?;
    file.write_all(text.as_bytes()).with_context(failed)?;
    file.as_file().sync_all().with_context(failed)?;
    if let Ok(old) = std::fs::metadata(&place) {
        file.as_file().set_permissions(old.permissions()).with_context(failed)?;
    }
    file.persist(&place).with_context(failed)?;
    Ok(())
}
