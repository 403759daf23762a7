//! `rules.d/`: the directory beside the configuration that holds the rules saved from the console,
//! a file for each.
//!
//! Every `*.toml` in it is read, in the order of the names, after `[[rule]]` and `rule_files`. A
//! name that begins with a point is somebody's scratch and is left alone. A link is followed when
//! a file is behind it; what is no file (a pipe, say, that would never end) is refused by its name.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::file::FILE_LIMIT;
use super::problem::{Problem, Problems, Sink};
use super::rules::{self, Known, RULE_LIMIT};
use super::{Config, rule_files};

/// The directory's name.
pub const RULES_D: &str = "rules.d";
/// Most files in it.
const FILES: usize = RULE_LIMIT;

/// A file of the directory that is read as it shall become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleEdit {
    /// Which.
    pub file: PathBuf,
    /// What it shall hold; `None` when it shall be gone.
    pub text: Option<String>,
}

impl Config {
    /// The same with the rules of a directory, which may be missing; one of its files may be read
    /// as it shall become.
    ///
    /// # Errors
    /// Everything that is wrong with the directory and the rules in it, with its place.
    pub fn with_rules_of(
        mut self,
        directory: Option<PathBuf>,
        edit: Option<&RuleEdit>,
    ) -> Result<Self, Problems> {
        let Some(path) = &directory else { return Ok(self) };
        let shown = path.display().to_string();
        let all = Sink::new(&shown, "");
        let mut written = Vec::new();
        let mut room = FILE_LIMIT;
        for (file, known) in files(path, edit)? {
            let text = match known {
                Some(text) => text,
                None => match super::file::read(&file) {
                    Ok(text) => text,
                    Err(problems) => {
                        for problem in problems.list {
                            all.push(problem);
                        }
                        continue;
                    }
                },
            };
            let name = file.display().to_string();
            let Some(left) = room.checked_sub(text.len() as u64) else {
                let why = format!("with it {RULES_D} holds more than {} MiB", FILE_LIMIT >> 20);
                all.push(Problem::of(&name, why));
                break;
            };
            room = left;
            let sink = Sink::new(&name, &text);
            written.extend(rule_files::one(&file, &text, &sink));
            let (problems, _) = sink.into_problems();
            for problem in problems {
                all.push(problem);
            }
        }
        let known = Known {
            hosts: &self.hosts,
            checks: &self.checks,
            jobs: &self.jobs,
            lists: &self.settings.defaults.contact_lists,
            rules: &self.rules,
        };
        let rules = rules::settle(written, &known, &all);
        self.warnings.extend(all.finish()?);
        self.rules.extend(rules);
        self.rules_dir = directory;
        Ok(self)
    }
}

/// The files in the order of their names, each with its text where that is not the one on disk.
fn files(
    directory: &Path,
    edit: Option<&RuleEdit>,
) -> Result<BTreeMap<PathBuf, Option<String>>, Problems> {
    let shown = directory.display().to_string();
    let failed = |error: std::io::Error| {
        Problems::one(&shown, format!("cannot read the directory: {error}"))
    };
    let mut found = BTreeMap::new();
    let mut problems = Vec::new();
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => Some(entries),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(failed(error)),
    };
    for entry in entries.into_iter().flatten() {
        let path = entry.map_err(failed)?.path();
        if !is_rules(&path) || edit.is_some_and(|edit| edit.file == path) {
            continue;
        }
        if found.len() >= FILES {
            return Err(Problems::one(&shown, format!("there are more than {FILES} files in it")));
        }
        let name = path.display().to_string();
        match std::fs::metadata(&path) {
            Ok(known) if known.is_file() => {
                found.insert(path, None);
            }
            Ok(_) => problems.push(Problem::of(&name, "it is no file; take it out of there")),
            Err(error) => problems.push(Problem::of(&name, format!("cannot read it: {error}"))),
        }
    }
    if !problems.is_empty() {
        problems.sort();
        return Err(Problems { list: problems, omitted: 0 });
    }
    if let Some(RuleEdit { file, text: Some(text) }) = edit {
        found.insert(file.clone(), Some(text.clone()));
    }
    Ok(found)
}

/// True for a name that is read.
fn is_rules(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    !hidden && path.extension().is_some_and(|ending| ending == "toml")
}
