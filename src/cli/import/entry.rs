//! What was found in a source: hosts with what is to be checked on them, and what was left out.

use std::collections::{BTreeMap, HashSet};

use crate::config::{valid_target, valid_url};
use crate::model::id::valid_name;

/// Most hosts of one import.
pub const HOST_LIMIT: usize = 20_000;
/// Most bytes of a value.
const VALUE_LIMIT: usize = 1024;
/// Most labels, groups or checks of a host.
const FEW: usize = 64;

/// A check that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Does it answer?
    Ping,
    /// Is the port open?
    Tcp(String, u16),
    /// Does the page come?
    Http(String, String),
}

impl Wanted {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Ping => "ping",
            Self::Tcp(name, _) | Self::Http(name, _) => name,
        }
    }
}

/// A host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its address; the name when empty.
    pub address: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Groups.
    pub groups: Vec<String>,
    /// Whom to call.
    pub contact: Option<String>,
    /// Notes.
    pub notes: Option<String>,
    /// What to do.
    pub runbook: Option<String>,
    /// What is checked.
    pub checks: Vec<Wanted>,
    /// It is no host but a `[[scrape]]`: these are its keys, each with its value as TOML.
    pub job: Option<Vec<(&'static str, String)>>,
    /// The line it was found at.
    pub line: usize,
}

impl Entry {
    /// A host that is pinged.
    pub fn new(name: &str, address: &str, line: usize) -> Self {
        Self {
            name: name.to_owned(),
            address: address.to_owned(),
            checks: vec![Wanted::Ping],
            line,
            ..Self::default()
        }
    }
}

/// Something that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where.
    pub line: usize,
    /// What.
    pub words: String,
}

/// Everything that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Hosts.
    pub entries: Vec<Entry>,
    /// What was left out.
    pub notes: Vec<Note>,
    /// Patterns of files of rules.
    pub rule_files: Vec<String>,
}

impl Found {
    /// Notes something.
    pub fn note(&mut self, line: usize, words: impl Into<String>) {
        self.notes.push(Note { line, words: words.into() });
    }

    /// Only what a configuration takes: valid names and addresses, each name once, bounded texts.
    pub fn checked(mut self) -> Self {
        let entries = std::mem::take(&mut self.entries);
        let mut good = self;
        let mut names: HashSet<(bool, String)> = HashSet::new();
        for mut entry in entries {
            let line = entry.line;
            let short: String = entry.name.chars().take(64).collect();
            if good.entries.len() >= HOST_LIMIT {
                good.note(line, format!("more than {HOST_LIMIT} hosts; the rest was left out"));
                break;
            }
            let what = if entry.job.is_some() { "job" } else { "host" };
            if let Err(why) = valid_name(&entry.name) {
                good.note(line, format!("{what} {short:?} was left out: {why}"));
                continue;
            }
            if !names.insert((entry.job.is_some(), entry.name.clone())) {
                good.note(line, format!("{what} {short} is there twice; the first one counts"));
                continue;
            }
            if entry.job.is_some() {
                good.entries.push(entry);
                continue;
            }
            if entry.address.is_empty() {
                entry.address.clone_from(&entry.name);
            }
            if let Err(why) = valid_target(&entry.address) {
                good.note(line, format!("host {short} was left out: {why}"));
                continue;
            }
            good.bound(&mut entry);
            good.entries.push(entry);
        }
        // Hosts first: the targets of a job find theirs.
        good.entries.sort_by(|a, b| (a.job.is_some(), &a.name).cmp(&(b.job.is_some(), &b.name)));
        good
    }

    fn bound(&mut self, entry: &mut Entry) {
        let line = entry.line;
        let mut groups: Vec<String> = std::mem::take(&mut entry.groups);
        groups.sort();
        groups.dedup();
        for group in groups {
            match valid_name(&group) {
                Ok(()) if entry.groups.len() < FEW => entry.groups.push(group),
                Ok(()) => {}
                Err(why) => {
                    let group: String = group.chars().take(64).collect();
                    self.note(line, format!("group {group:?} was left out: {why}"));
                }
            }
        }
        let labels = std::mem::take(&mut entry.labels);
        let fits = |(key, value): &(String, String)| {
            valid_name(key).is_ok() && !value.is_empty() && value.len() <= VALUE_LIMIT
        };
        let cleaned = labels.into_iter().map(|(key, value)| (key, clean(&value)));
        entry.labels = cleaned.filter(fits).take(FEW).collect();
        for text in [&mut entry.contact, &mut entry.notes, &mut entry.runbook] {
            *text = text.take().map(|text| clean(&text)).filter(|text| !text.is_empty());
        }
        let mut seen: HashSet<String> = HashSet::new();
        let mut checks = std::mem::take(&mut entry.checks);
        checks.truncate(FEW);
        for check in checks {
            if let Err(why) = valid_name(check.name()) {
                let name: String = check.name().chars().take(64).collect();
                self.note(line, format!("check {name:?} of {} was left out: {why}", entry.name));
                continue;
            }
            if let Wanted::Http(name, url) = &check
                && let Err(why) = valid_url(url)
            {
                self.note(line, format!("check {name} of {} was left out: {why}", entry.name));
                continue;
            }
            if seen.insert(check.name().to_owned()) {
                entry.checks.push(check);
            }
        }
    }
}

fn clean(text: &str) -> String {
    crate::model::safe_text::sanitize(text.trim(), VALUE_LIMIT)
}

/// A word of a `checks` column, or of a plugin: `ping`, `ssh`, `http`, `https`, `tcp:22`.
pub fn wanted(word: &str, address: &str) -> Option<Wanted> {
    let tcp = |name: &str, port| Some(Wanted::Tcp(name.to_owned(), port));
    let host = if address.contains(':') && !address.starts_with('[') {
        format!("[{address}]")
    } else {
        address.to_owned()
    };
    let (kind, argument) = word.split_once(':').map_or((word, None), |(k, a)| (k, Some(a)));
    let port = argument.and_then(|text| text.parse::<u16>().ok()).filter(|port| *port > 0);
    match (kind, argument) {
        ("ping", None) => Some(Wanted::Ping),
        ("ssh", None) => tcp("ssh", 22),
        ("smtp", None) => tcp("smtp", 25),
        ("imap", None) => tcp("imap", 143),
        ("pop", None) => tcp("pop", 110),
        ("ftp", None) => tcp("ftp", 21),
        ("ldap", None) => tcp("ldap", 389),
        ("pgsql", None) => tcp("pgsql", 5432),
        ("http" | "https", None) => {
            Some(Wanted::Http(kind.to_owned(), format!("{kind}://{host}/")))
        }
        ("http" | "https", Some(_)) => port
            .map(|port| Wanted::Http(format!("{kind} {port}"), format!("{kind}://{host}:{port}/"))),
        ("tcp", Some(_)) => port.map(|port| Wanted::Tcp(format!("tcp {port}"), port)),
        _ => None,
    }
}
