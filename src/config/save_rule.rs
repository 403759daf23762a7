//! A rule that is saved, changed or deleted from the console: decided on the configuration as it is
//! on disk, then written into `rules.d/`.
//!
//! A rule has one place. What an operator wrote by hand is never rewritten, here or there: such a
//! rule is refused with its file and line. What a change would make of the whole configuration is
//! read before anything is written, so a saved rule never keeps the program from starting.

use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::problem::{Problem, Problems};
use super::rules_d::RuleEdit;
use super::write_rule::{self, Written};
use super::{Config, RULES_D, keys, rule_text};
use crate::model::Rule;
use crate::model::safe_text::truncate;

/// Most bytes of a saved rule's text.
pub const SAVED_LIMIT: usize = 64 * 1024;
/// What a file begins with that the console may write anew.
const MARK: &str = "# Saved from the fluxnoc console.";
const HEAD: &str = "# Saved from the fluxnoc console.\n\
    # It may be changed there or here (then :reload); from there it is written anew, without\n\
    # what comments say. Without the first line the console leaves it alone.\n";
/// Most characters of what a change says of itself.
const WORDS: usize = 400;

/// What is asked for: without a rule before a new one, without a text a deletion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleChange {
    /// The rule as whoever asks knows it, as [`rule_text`] writes it.
    pub was: Option<String>,
    /// What is saved: one rule in TOML.
    pub is: Option<String>,
}

/// Why nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The rule, or the configuration with it, is wrong.
    Invalid,
    /// It contradicts what is there.
    Conflict,
    /// It cannot be written.
    Unwritable,
}

/// Nothing was changed, and why: a line for each reason, one about a key beginning with `key:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The kind of reason.
    pub why: Rejection,
    /// The words.
    pub message: String,
}

impl Refused {
    pub(super) fn new(why: Rejection, message: impl Into<String>) -> Self {
        Self { why, message: message.into() }
    }

    fn conflict(message: impl Into<String>) -> Self {
        Self::new(Rejection::Conflict, message)
    }
}

/// What was changed.
#[derive(Debug)]
pub struct Changed {
    /// The configuration with it.
    pub config: Config,
    /// The rule with its place; `None` when it was deleted.
    pub rule: Option<Rule>,
    written: Written,
}

impl Changed {
    /// Puts the file back as it was, as far as that goes: what had to follow did not.
    pub fn take_back(self) {
        self.written.take_back();
    }
}

/// Decides and writes. `last` is what is in force; `read` reads what is on disk, one file as it
/// shall become.
///
/// # Errors
/// Why not; nothing is changed then.
pub fn change_rule(
    last: &Config,
    change: &RuleChange,
    read: &dyn Fn(Option<&RuleEdit>) -> Result<Config, Problems>,
) -> Result<Changed, Refused> {
    let Some(directory) = &last.rules_dir else {
        return Err(Refused::conflict(
            "there is no place to save rules: no configuration directory",
        ));
    };
    let now = read(None).map_err(|problems| {
        let why = format!("the configuration on disk is wrong, nothing was changed:\n{problems}");
        Refused::new(Rejection::Invalid, why)
    })?;
    let known = change.was.as_deref().map(|was| as_it_was(&now, was)).transpose()?;
    if !is_same(&now, last) {
        let why = "the configuration was changed on disk and is not in force yet; nothing was saved: \
                   :reload takes it in, then save again";
        return Err(Refused::conflict(why));
    }
    let old = known.map(|rule| own_file(&now, directory, rule)).transpose()?;
    let text = change.is.as_deref().map(whole).transpose()?;
    let file = match &old {
        Some((file, _)) => file.clone(),
        None => write_rule::free_name(directory, name_in(change.is.as_deref()))?,
    };
    let edit = RuleEdit { file, text };
    let config = read(Some(&edit)).map_err(|problems| {
        Refused::new(Rejection::Invalid, said(&problems, &edit, change.is.as_deref()))
    })?;
    let mut mine = config.rules.iter().filter(|rule| file_of(rule) == Some(&*edit.file));
    let rule = mine.next().cloned();
    if mine.next().is_some() || rule.is_none() != edit.text.is_none() {
        return Err(Refused::new(Rejection::Invalid, "one rule is saved at a time"));
    }
    let old = old.map(|(_, text)| text);
    let written = write_rule::write(&edit, old, last.source.as_deref())?;
    Ok(Changed { config, rule, written })
}

/// The rule that is meant, when it is still as whoever asks knows it.
fn as_it_was<'a>(now: &'a Config, was: &str) -> Result<&'a Rule, Refused> {
    let name = name_in(Some(was));
    let Some(rule) = now.rules.iter().find(|rule| *rule.name == *name) else {
        let name = truncate(&name, 200);
        return Err(Refused::conflict(format!("rule `{name}` is in the configuration no more")));
    };
    if rule_text(rule) != was {
        let place = rule.origin.as_deref().unwrap_or_default();
        let why = format!("rule `{}` was changed meanwhile, in {place}; open it again", rule.name);
        return Err(Refused::conflict(why));
    }
    Ok(rule)
}

/// True when nothing but words about it differs.
fn is_same(now: &Config, last: &Config) -> bool {
    now.rules == last.rules
        && now.settings == last.settings
        && now.hosts == last.hosts
        && now.checks == last.checks
        && now.jobs == last.jobs
        && now.routes == last.routes
        && now.keys == last.keys
}

/// The file that a rule was read from.
fn file_of(rule: &Rule) -> Option<&Path> {
    let (file, _line) = rule.origin.as_deref()?.rsplit_once(':')?;
    Some(Path::new(file))
}

/// The file of a rule with its text, when the console may write it.
fn own_file(now: &Config, directory: &Path, rule: &Rule) -> Result<(PathBuf, String), Refused> {
    let file = file_of(rule).filter(|file| file.parent() == Some(directory));
    let alone =
        |file: &&Path| now.rules.iter().filter(|one| file_of(one) == Some(*file)).count() == 1;
    let text = file.filter(alone).and_then(|file| {
        let is_file = std::fs::symlink_metadata(file).is_ok_and(|known| known.is_file());
        let text = super::file::read(file).ok().filter(|text| is_file && text.starts_with(MARK));
        Some((file.to_owned(), text?))
    });
    text.ok_or_else(|| {
        let (name, place) = (&rule.name, rule.origin.as_deref().unwrap_or("the configuration"));
        Refused::conflict(format!(
            "rule_name: `{name}` is written by hand in {place}: change it there, then :reload"
        ))
    })
}

/// The text of the file.
fn whole(text: &str) -> Result<String, Refused> {
    if text.len() > SAVED_LIMIT {
        let why = format!("a saved rule has at most {SAVED_LIMIT} bytes");
        return Err(Refused::new(Rejection::Invalid, why));
    }
    let end = if text.ends_with('\n') { "" } else { "\n" };
    Ok(format!("{HEAD}{text}{end}"))
}

/// The keys of one rule in TOML with their values, without quotes; nothing of what is wrong.
fn pairs(text: &str) -> Vec<(String, String)> {
    let (document, _) = DeTable::parse_recoverable(text.get(..SAVED_LIMIT).unwrap_or(text));
    let list = document.get_ref().get("rule").and_then(|list| list.get_ref().as_array());
    let table = list.and_then(|list| list.first()?.get_ref().as_table());
    let value = |value: &DeValue<'_>| match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.as_str().to_owned()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(on) => Some(on.to_string()),
        _ => None,
    };
    let each = table.unwrap_or(document.get_ref()).iter();
    each.filter_map(|(key, found)| Some((key.get_ref().to_string(), value(found.get_ref())?)))
        .collect()
}

fn of<'a>(pairs: &'a [(String, String)], key: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
}

fn name_in(text: Option<&str>) -> String {
    of(&pairs(text.unwrap_or_default()), "rule_name").unwrap_or_default().to_owned()
}

/// What is wrong with the configuration as it would become: of the rule itself by its key.
fn said(problems: &Problems, edit: &RuleEdit, text: Option<&str>) -> String {
    let file = edit.file.display().to_string();
    let head = HEAD.lines().count();
    let one = |problem: &Problem| {
        let line = problem.place.line.checked_sub(head + 1);
        let line = line.filter(|_| problem.source == file);
        let Some(line) = line else { return problem.to_string() };
        let key = text.and_then(|text| text.lines().nth(line)?.split_once('='));
        let key = key.map(|(key, _)| key.trim()).filter(|key| keys::RULE.contains(key));
        match key {
            Some(key) if !problem.message.starts_with(&format!("{key}:")) => {
                format!("{key}: {}", problem.message)
            }
            _ => problem.message.clone(),
        }
    };
    problems.list.iter().take(20).map(one).collect::<Vec<_>>().join("\n")
}

/// A change in words, for the history: `changed rule `High CPU`: critical_threshold 90 became 95`.
#[must_use]
pub fn rule_change_words(change: &RuleChange) -> String {
    let was = change.was.as_deref().map(pairs);
    let is = change.is.as_deref().map(pairs);
    let name = |pairs: &[(String, String)]| of(pairs, "rule_name").unwrap_or("?").to_owned();
    // Its demand, as much of it as was written.
    let demand = |pairs: &[(String, String)]| {
        let told = ["host_pattern", "metric", "condition"];
        let mut words: Vec<String> =
            told.iter().filter_map(|key| of(pairs, key)).map(str::to_owned).collect();
        for (key, state) in [("warning_threshold", "WARNING"), ("critical_threshold", "CRITICAL")] {
            words.extend(of(pairs, key).map(|level| format!("{level} {state}")));
        }
        words.join(" ")
    };
    let words = match (&was, &is) {
        (Some(was), Some(is)) => {
            // What is not written is as it is without.
            let usual = |key: &str| match key {
                "auto_notify" | "notify_recovery" | "enabled" => "true",
                "override" => "false",
                "attempts" => "1",
                "duration_minutes" | "re_alert_minutes" => "0",
                _ => "nothing",
            };
            let differs = |key: &&str| {
                let value = |pairs| of(pairs, key).unwrap_or(usual(key)).to_owned();
                let (was, is) = (value(was), value(is));
                (was != is).then(|| format!("{key} {was} became {is}"))
            };
            let all: Vec<String> = keys::RULE.iter().filter_map(differs).collect();
            let all = if all.is_empty() { "nothing".to_owned() } else { all.join(", ") };
            format!("changed rule `{}`: {all}", name(was))
        }
        (None, Some(is)) => format!("added rule `{}`: {}", name(is), demand(is)),
        (Some(was), None) => format!("deleted rule `{}`: {}", name(was), demand(was)),
        (None, None) => "changed no rule".to_owned(),
    };
    truncate(&words, WORDS)
}

/// Where a rule is written, without the directories: `config.toml:50`, `rules.d/high-cpu.toml`.
#[must_use]
pub fn rule_place(rule: &Rule) -> String {
    let origin = rule.origin.as_deref().unwrap_or_default();
    let last = origin.rsplit('/').next().unwrap_or(origin);
    match file_of(rule).filter(|_| is_in_rules_d(rule)) {
        Some(file) => {
            let name = file.file_name().unwrap_or_default().display();
            format!("{RULES_D}/{name}")
        }
        None => last.to_owned(),
    }
}

/// True when a rule's place is one where the console saves them.
#[must_use]
pub fn is_in_rules_d(rule: &Rule) -> bool {
    let parent = file_of(rule).and_then(Path::parent);
    parent.and_then(Path::file_name).is_some_and(|name| name == RULES_D)
}
