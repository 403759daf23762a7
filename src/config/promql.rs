//! `[promql]`: Prometheus's own files of rules, and how they are evaluated.
//!
//! A name in `rule_files` is relative to the configuration's directory; `*` in its last part stands
//! for any characters. Sections that bring rules along extend [`Config::rule_groups`] with what
//! [`super::rule_groups()`] makes of their own text.
//!
//! [`Config::rule_groups`]: super::Config::rule_groups

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::problem::{Problem, Sink};
use super::reader::Reader;
use super::rule_groups::{RuleEntry, RuleGroup, rule_groups};
use super::{channels, file};
use crate::model::rule_words::is_label_name;
use crate::model::{Name, Pattern, Span};

/// Most files.
const FILES: usize = 1000;
/// Most rules of all files together.
const RULES: usize = 20_000;
/// The label of a rule that names who is told.
pub const CONTACT_LIST: &str = "contact_list";
/// The words of `edition`.
pub const EDITIONS: [&str; 2] = ["2", "3"];

/// `[promql]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promql {
    /// The files, as they are written.
    pub rule_files: Vec<String>,
    /// How often a group is evaluated that says nothing itself.
    pub interval: Span,
    /// Which Prometheus is meant where its versions differ.
    pub edition: String,
    /// What `$externalLabels` is in templates.
    pub external_labels: Vec<(String, String)>,
    /// What `$externalURL` is in templates.
    pub external_url: Option<String>,
    /// The host of alerts that belong to none of the inventory.
    pub host: String,
    /// The contact list of alerts whose rule and host name none.
    pub contact_list: Option<String>,
}

impl Default for Promql {
    fn default() -> Self {
        Self {
            rule_files: Vec::new(),
            interval: Span::from_secs(15),
            edition: EDITIONS[1].to_owned(),
            external_labels: Vec::new(),
            external_url: None,
            host: "promql".to_owned(),
            contact_list: None,
        }
    }
}

/// A list of texts that are not empty.
pub(super) fn files(text: &str) -> Result<Vec<String>, String> {
    let all: Vec<String> = text.split(',').map(|one| one.trim().to_owned()).collect();
    let all: Vec<String> = all.into_iter().filter(|one| !one.is_empty()).collect();
    for one in &all {
        let (before, last) = one.rsplit_once('/').unwrap_or(("", one));
        if before.contains('*') {
            return Err(format!("`{one}`: `*` may stand in the last part only"));
        }
        if last.is_empty() {
            return Err(format!("`{one}` names no file; write {one}*.yml"));
        }
    }
    Ok(all)
}

/// Labels written as `name=value`.
pub(super) fn labels(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut all: Vec<(String, String)> = Vec::new();
    for one in text.split(',').map(str::trim).filter(|one| !one.is_empty()) {
        let (name, value) =
            one.split_once('=').ok_or_else(|| format!("`{one}`: write cluster=dal"))?;
        if !is_label_name(name) || name == "__name__" {
            return Err(format!("{name:?} is no name of a label"));
        }
        if all.iter().any(|(known, _)| known == name) {
            return Err(format!("label `{name}` stands there twice"));
        }
        all.push((name.to_owned(), value.to_owned()));
    }
    all.sort();
    Ok(all)
}

/// Labels as they are written.
pub(super) fn show_labels(all: &[(String, String)]) -> Option<String> {
    let all: Vec<String> = all.iter().map(|(name, value)| format!("{name}={value}")).collect();
    (!all.is_empty()).then(|| all.join(","))
}

/// Reads the files that are named; what is wrong in them is said with its place.
pub(super) fn read(
    top: &Reader<'_>,
    promql: &Promql,
    lists: &[Name],
    base: &Path,
) -> Vec<Arc<RuleGroup>> {
    let place = top.table("promql").map_or(0..0, |table| table.place("rule_files"));
    if let Some(list) = promql.contact_list.as_ref().filter(|list| !known(lists, list)) {
        let at = top.table("promql").map_or(0..0, |table| table.place(CONTACT_LIST));
        top.sink.wrong(&at, unknown(lists, list));
    }
    let mut paths = BTreeSet::new();
    for written in &promql.rule_files {
        match found(&base.join(written)) {
            Ok(found) if found.is_empty() => {
                top.sink.warn(&place, format!("rule_files: `{written}` names no file"));
            }
            Ok(found) => paths.extend(found),
            Err(why) => top.sink.wrong(&place, format!("rule_files: {written}: {why}")),
        }
    }
    if paths.len() > FILES {
        top.sink.wrong(&place, format!("rule_files: there are more than {FILES}"));
        return Vec::new();
    }
    let mut all = Vec::new();
    let mut count = 0;
    for path in &paths {
        let shown = path.display().to_string();
        let groups = match file::read(path) {
            Ok(text) => rule_groups(&shown, &text),
            Err(mut problems) => {
                for problem in &mut problems.list {
                    // The mend of a missing configuration is none for a file that it names.
                    let words = problem.message.split("; name another").next();
                    problem.message = words.unwrap_or_default().to_owned();
                }
                Err(problems)
            }
        };
        match groups {
            Ok(groups) => {
                count += groups.iter().map(|group| group.rules.len()).sum::<usize>();
                for group in &groups {
                    contacts(group, lists, top.sink);
                }
                all.extend(groups.into_iter().map(Arc::new));
            }
            Err(problems) => problems.list.into_iter().for_each(|one| top.sink.push(one)),
        }
        if count > RULES {
            top.sink.wrong(&place, format!("rule_files: there are more than {RULES} rules"));
            break;
        }
    }
    all
}

/// The files that a name stands for, in their order.
fn found(path: &Path) -> Result<Vec<PathBuf>, String> {
    let last = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if !last.contains('*') {
        return Ok(vec![path.to_owned()]);
    }
    let pattern: Pattern = last.parse().map_err(|why| format!("{why}"))?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or_else(|| Path::new("."));
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(format!("cannot read the directory: {error}")),
    };
    let mut all = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| format!("cannot read the directory: {error}"))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        // A name that begins with a point is somebody's scratch.
        if name.is_some_and(|name| !name.starts_with('.') && pattern.matches(name)) {
            all.push(path);
        }
    }
    all.sort();
    Ok(all)
}

fn known(lists: &[Name], list: &str) -> bool {
    lists.iter().any(|known| **known == *list)
}

fn unknown(lists: &[Name], list: &str) -> String {
    let why = channels::unknown("contact list", list, lists.iter().map(AsRef::as_ref));
    format!("{CONTACT_LIST}: {why}")
}

/// Refuses a rule that names a contact list that is not there.
fn contacts(group: &RuleGroup, lists: &[Name], sink: &Sink<'_>) {
    let of_rule = |rule: &RuleEntry| {
        let label = |labels: &[(String, String)]| {
            labels.iter().find(|(name, _)| name == CONTACT_LIST).map(|(_, value)| value.clone())
        };
        label(&rule.labels).or_else(|| label(&group.labels))
    };
    for rule in &group.rules {
        if let Some(list) = of_rule(rule).filter(|list| !list.contains("{{") && !known(lists, list))
        {
            let source = group.source.to_string();
            sink.push(Problem { source, place: rule.place, message: unknown(lists, &list) });
        }
    }
}
