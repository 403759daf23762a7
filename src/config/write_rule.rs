//! One file of `rules.d/`, written whole or not at all: a reader, or a start after a power failure,
//! sees what was there before or what is there now.

use std::fs::{DirBuilder, File, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::rules_d::RuleEdit;
use super::save_rule::{Refused, Rejection};

/// Longest name of a file without its ending, in bytes.
const NAME: usize = 64;
/// Most files whose names begin alike.
const ALIKE: u32 = 10_000;

/// What was written, and what was there before.
#[derive(Debug)]
pub(super) struct Written {
    file: PathBuf,
    before: Option<String>,
    mode: u32,
}

impl Written {
    /// Puts it back; what fails cannot be helped here, and a start reads what is there.
    pub fn take_back(self) {
        match &self.before {
            Some(text) => {
                let _ = replace(&self.file, text, self.mode, true);
            }
            None => {
                let _ = std::fs::remove_file(&self.file);
            }
        }
        let _ = self.file.parent().map(sync);
    }
}

/// A name of letters, digits and `-` that no file of the directory has, in whatever case; of a
/// rule's name whatever can be had.
pub(super) fn free_name(directory: &Path, rule: impl AsRef<str>) -> Result<PathBuf, Refused> {
    let mut stem = String::new();
    for c in rule.as_ref().chars() {
        match c {
            _ if stem.len() >= NAME => break,
            c if c.is_ascii_alphanumeric() => stem.push(c.to_ascii_lowercase()),
            _ if !stem.is_empty() && !stem.ends_with('-') => stem.push('-'),
            _ => {}
        }
    }
    let stem = match stem.trim_end_matches('-') {
        "" => "rule",
        stem => stem,
    };
    let taken: std::collections::HashSet<String> = match std::fs::read_dir(directory) {
        Ok(entries) => entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().to_lowercase())
            .collect(),
        Err(_) => std::collections::HashSet::new(),
    };
    let names = (1..ALIKE)
        .map(|n| if n == 1 { format!("{stem}.toml") } else { format!("{stem}-{n}.toml") });
    let free = names.into_iter().find(|name| !taken.contains(name));
    free.map(|name| directory.join(name)).ok_or_else(|| {
        Refused::new(Rejection::Conflict, format!("rule_name: {ALIKE} files are called like it"))
    })
}

/// Writes, replaces or removes the file; `before` is what must be in it still, `beside` whose mode
/// it gets.
pub(super) fn write(
    edit: &RuleEdit,
    before: Option<String>,
    beside: Option<&Path>,
) -> Result<Written, Refused> {
    let file = &edit.file;
    let mode = mode_of(beside);
    let failed = |error: std::io::Error| {
        let mend = match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                "; the user that fluxnoc runs as must be able to write there"
            }
            ErrorKind::AlreadyExists => "; somebody else made it just now, save again",
            _ => "",
        };
        let (what, file) = (if edit.text.is_some() { "write" } else { "remove" }, file.display());
        Refused::new(Rejection::Unwritable, format!("cannot {what} {file}: {error}{mend}"))
    };
    let directory = file.parent().unwrap_or(Path::new("."));
    make(directory, mode).map_err(failed)?;
    if let Some(known) = &before
        && std::fs::read(file).ok().as_deref() != Some(known.as_bytes())
    {
        let why = format!("{} was changed on disk just now; nothing was saved", file.display());
        return Err(Refused::new(Rejection::Conflict, why));
    }
    match &edit.text {
        Some(text) => replace(file, text, mode, before.is_some()).map_err(failed)?,
        None => std::fs::remove_file(file).map_err(failed)?,
    }
    let written = Written { file: file.clone(), before, mode };
    if let Err(error) = sync(directory) {
        written.take_back();
        return Err(failed(error));
    }
    Ok(written)
}

/// The mode of the configuration, without what runs; without one, for the owner alone.
fn mode_of(beside: Option<&Path>) -> u32 {
    let known = beside.and_then(|path| std::fs::metadata(path).ok());
    known.map_or(0o600, |known| known.permissions().mode() & 0o666 | 0o600)
}

/// Makes the directory for those who may read what is in it.
fn make(directory: &Path, mode: u32) -> std::io::Result<()> {
    if directory.is_dir() {
        return Ok(());
    }
    if let Some(parent) = directory.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::create_dir_all(parent)?;
    }
    match DirBuilder::new().mode(mode | (mode & 0o444) >> 2).create(directory) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => sync(directory.parent().unwrap_or(Path::new("."))),
    }
}

fn replace(file: &Path, text: &str, mode: u32, exists: bool) -> std::io::Result<()> {
    let directory = file.parent().unwrap_or(Path::new("."));
    // Hidden, and with an ending that is not read.
    let mut fresh =
        tempfile::Builder::new().prefix(".saving-").suffix(".tmp").tempfile_in(directory)?;
    // Whatever the mask of this process is: who reads the configuration reads its rules.
    fresh.as_file().set_permissions(Permissions::from_mode(mode))?;
    fresh.write_all(text.as_bytes())?;
    fresh.as_file().sync_all()?;
    let kept = if exists { fresh.persist(file) } else { fresh.persist_noclobber(file) };
    kept.map(drop).map_err(|error| error.error)
}

/// Makes names durable; a file system that cannot says so, and is not asked again.
fn sync(directory: &Path) -> std::io::Result<()> {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    match File::open(directory)?.sync_all() {
        Err(error) if !matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => {
            Err(error)
        }
        _ => Ok(()),
    }
}
