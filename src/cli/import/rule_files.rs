//! The files of rules that a `prometheus.yml` names: are they there, and would they be taken?

use std::path::{Path, PathBuf};

use super::entry::Found;
use crate::config::{FILE_LIMIT, rule_groups, toml_text};
use crate::model::Pattern;
use crate::promql::{self, Edition};

/// Most files that are looked at.
const FILES: usize = 1000;

/// Looks at them; gives how many rules are good. What is refused is noted, and its file left out: a
/// configuration that names it would be wrong.
pub fn look(found: &mut Found) -> usize {
    let mut rules = 0;
    let mut seen = 0;
    let mut good = Vec::new();
    for pattern in std::mem::take(&mut found.rule_files) {
        let files = matching(&pattern);
        if files.is_empty() {
            found.note(0, format!("rule_files: {pattern}: no such file"));
        }
        let mut taken = Vec::new();
        for file in &files {
            seen += 1;
            if seen > FILES {
                found
                    .note(0, format!("rule_files: more than {FILES} files; the rest was not read"));
                break;
            }
            if let Some(count) = one(file, found) {
                rules += count;
                taken.push(file.display().to_string());
            }
        }
        if !files.is_empty() && taken.len() == files.len() {
            good.push(pattern);
        } else {
            good.extend(taken);
        }
    }
    found.rule_files = good;
    rules
}

/// How many rules a file has; `None` when something of it is refused.
fn one(file: &Path, found: &mut Found) -> Option<usize> {
    let name = file.display().to_string();
    let text = match std::fs::metadata(file) {
        Ok(meta) if !meta.is_file() || meta.len() > FILE_LIMIT => {
            found.note(0, format!("rule_files: {name}: it is no file, or larger than 16 MiB"));
            return None;
        }
        _ => std::fs::read_to_string(file),
    };
    let read = text.map_err(|error| vec![format!("{name}: {error}")]).and_then(|text| {
        let groups = rule_groups(&name, &text).map_err(|problems| {
            problems.list.iter().map(ToString::to_string).collect::<Vec<String>>()
        })?;
        let rules: Vec<_> = groups.iter().flat_map(|group| &group.rules).collect();
        let refused = rules.iter().filter_map(|rule| {
            let why = promql::parse(&rule.expr, Edition::Three).err()?;
            Some(format!("{name}:{}: the rule is refused: {why}", rule.expr_place.line))
        });
        let refused: Vec<String> = refused.collect();
        if refused.is_empty() { Ok(rules.len()) } else { Err(refused) }
    });
    match read {
        Ok(count) => Some(count),
        Err(why) => {
            for words in why {
                found.note(0, format!("rule_files: {words}"));
            }
            found.note(0, format!("rule_files: {name} is left out; mend it and import again"));
            None
        }
    }
}

/// The files of a pattern, `*` in its last part.
fn matching(pattern: &str) -> Vec<PathBuf> {
    let path = Path::new(pattern);
    let last = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if !last.contains('*') {
        return if path.exists() { vec![path.to_owned()] } else { Vec::new() };
    }
    let (Ok(glob), Some(dir)) = (last.parse::<Pattern>(), path.parent()) else { return Vec::new() };
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let fits = |path: &PathBuf| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| glob.matches(name))
    };
    let mut files: Vec<PathBuf> = entries.filter(fits).take(FILES + 1).collect();
    files.sort();
    files
}

/// The lines that have the rules evaluated.
pub fn lines(patterns: &[String]) -> String {
    let all: Vec<String> = patterns.iter().map(|one| toml_text(one)).collect();
    format!("[promql]\nrule_files = [{}]\n", all.join(", "))
}
