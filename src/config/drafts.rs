//! A text of rules that is not in force: read as `rule_files` are, and held against what is
//! monitored. Nothing of it takes effect.

use std::collections::HashMap;
use std::path::Path;

use super::problem::{Problems, Sink};
use super::rules::{self, Known};
use super::{rule_files, spread};
use crate::model::{Check, Host, Name, Rule};

/// What a draft is held against.
#[derive(Clone, Copy, Debug)]
pub struct Monitored<'a> {
    /// All hosts.
    pub hosts: &'a [Host],
    /// All checks but those that rules made.
    pub checks: &'a [Check],
    /// The contact lists.
    pub lists: &'a [Name],
    /// The rules in force.
    pub rules: &'a [Rule],
}

/// A rule of a draft with the checks that it would make.
#[derive(Clone, Debug, PartialEq)]
pub struct Drafted {
    /// The rule.
    pub rule: Rule,
    /// The checks, each with the place of its source among the monitored ones. They are those of
    /// the rule alone: what another rule takes from it is among `warnings`.
    pub checks: Vec<(usize, Check)>,
    /// What should be known.
    pub warnings: Vec<String>,
}

/// Reads a draft; `name` tells by its ending what it is written in.
///
/// # Errors
/// Everything that is wrong with it, as when it stood in a file of rules.
pub fn draft(name: &str, text: &str, known: &Monitored<'_>) -> Result<Vec<Drafted>, Problems> {
    let sink = Sink::new(name, text);
    let written = rule_files::one(Path::new(name), text, &sink);
    let jobs = &[];
    let (hosts, checks, lists) = (known.hosts, known.checks, known.lists);
    let all = Known { hosts, checks, jobs, lists, rules: &[] };
    let wanted = rules::settle(written, &all, &sink);
    let warnings = sink.finish()?;
    let clashes = clashes(&wanted, known);
    let drafted = wanted.into_iter().enumerate().map(|(at, rule)| {
        let mine = warnings.iter().filter(|warning| is_of(&warning.message, &rule));
        let mut warnings: Vec<String> = mine.map(|warning| warning.message.clone()).collect();
        warnings.extend(clashes.get(&at).cloned());
        Drafted { checks: made(&rule, known.checks), rule, warnings }
    });
    Ok(drafted.collect())
}

fn is_of(message: &str, rule: &Rule) -> bool {
    message.starts_with(&format!("rule `{}` ", rule.name))
}

/// The checks that a rule makes where no other one is in its way.
fn made(rule: &Rule, checks: &[Check]) -> Vec<(usize, Check)> {
    // A rule that is switched off is tried all the same: that is how one looks before.
    let rule = Rule { enabled: true, ..rule.clone() };
    spread::made_by(&rule, checks)
}

/// Why rules would be refused beside those in force; a rule of the same name is replaced.
fn clashes(wanted: &[Rule], known: &Monitored<'_>) -> HashMap<usize, String> {
    let stays = known.rules.iter().filter(|rule| wanted.iter().all(|new| new.name != rule.name));
    let mut all: Vec<Rule> = stays.cloned().collect();
    let before = all.len();
    all.extend(wanted.iter().cloned());
    let plan = spread::plan(&all, known.checks);
    let clash = |clash: spread::Clash| {
        let at = clash.rule.checked_sub(before)?;
        Some((at, format!("would be refused: {}", clash.message)))
    };
    plan.clashes.into_iter().filter_map(clash).collect()
}
