//! The rows of the list of rules: columns, and what stands in them.

use crate::config;
use crate::model::Rule;
use crate::protocol::{QueryRuleRow, RuleRow};
use crate::tui::panes::queries;
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;

/// Where the columns begin and how wide they are; of width 0 they are left out.
pub struct Columns {
    name: (usize, usize),
    hosts: (usize, usize),
    demands: (usize, usize),
    tells: (usize, usize),
    counts: usize,
    written: (usize, usize),
}

/// Columns of the three counts.
const COUNTS: usize = 23;

/// Where the next column begins.
const fn step(at: usize, wide: usize) -> usize {
    if wide == 0 { at } else { at + wide + 1 }
}

impl Columns {
    /// For a pane of a width.
    #[must_use]
    pub const fn of(wide: usize) -> Self {
        let (name, hosts, tells, written) = match wide {
            160.. => (28, 22, 20, 26),
            100.. => (20, 14, 0, 21),
            _ => (18, 0, 0, 0),
        };
        let hosts_at = step(1, name);
        let demands_at = step(hosts_at, hosts);
        let right = COUNTS + step(0, tells) + step(0, written) + 1;
        let demands = wide.saturating_sub(demands_at + right);
        let tells_at = step(demands_at, demands);
        let counts = step(tells_at, tells);
        Self {
            name: (1, name),
            hosts: (hosts_at, hosts),
            demands: (demands_at, demands),
            tells: (tells_at, tells),
            counts,
            written: (counts + COUNTS + 1, written),
        }
    }
}

/// The heads of the columns.
pub fn heads(surface: &mut Surface<'_>, columns: &Columns) {
    let heads = [
        (columns.name, "rule"),
        (columns.hosts, "hosts"),
        (columns.demands, "demands"),
        (columns.tells, "tells"),
        ((columns.counts, COUNTS), " checks firing pending"),
        (columns.written, "written in"),
    ];
    for ((x, wide), text) in heads {
        surface.say(x, 0, wide, text, Role::Muted);
    }
}

/// One rule of thresholds.
pub fn one(surface: &mut Surface<'_>, row: &RuleRow, columns: &Columns) {
    let rule = &row.rule;
    let (text, role, name) = if rule.enabled {
        (Role::Text, Role::Strong, rule.name.to_string())
    } else {
        (Role::Muted, Role::Muted, format!("{} (off)", rule.name))
    };
    for ((x, wide), words, role) in [
        (columns.name, name, role),
        (columns.hosts, rule.hosts.to_string(), text),
        (columns.demands, rule.words(), text),
        (columns.tells, tells(rule), Role::Muted),
        (columns.written, config::rule_place(rule), Role::Muted),
    ] {
        surface.say(x, 0, wide, &words, role);
    }
    let (firing, pending) = ((row.firing, Role::Bad), (row.pending, Role::StateWarning));
    counted(surface, columns, [(row.checks, text), firing, pending]);
}

fn counted(surface: &mut Surface<'_>, columns: &Columns, counts: [(u64, Role); 3]) {
    let mut end = columns.counts;
    for (wide, (count, role)) in [7, 7, 8].into_iter().zip(counts) {
        end += wide;
        let style = surface.theme.style(if count == 0 { Role::Muted } else { role });
        surface.put_right(end, 0, wide, &count.to_string(), style);
    }
}

/// One rule in `PromQL`.
pub fn query(surface: &mut Surface<'_>, row: &QueryRuleRow, columns: &Columns) {
    let (health, role) = queries::health(row);
    let said = row.error.as_ref().map_or_else(|| queries::demands(row), ToString::to_string);
    let said_role = if row.error.is_some() { Role::Bad } else { Role::Text };
    for ((x, wide), words, role) in [
        (columns.name, row.name.as_str(), Role::Strong),
        (columns.hosts, row.group.as_str(), Role::Muted),
        (columns.demands, said.as_str(), said_role),
        (columns.tells, health, role),
        (columns.written, file_of(row), Role::Muted),
    ] {
        surface.say(x, 0, wide, words, role);
    }
    let made = if row.is_alert { row.firing + row.pending } else { row.series };
    counted(
        surface,
        columns,
        [(made, Role::Text), (row.firing, Role::Bad), (row.pending, Role::StateWarning)],
    );
}

/// Whom a rule tells.
#[must_use]
pub fn tells(rule: &Rule) -> String {
    match &rule.contact_list {
        _ if !rule.notify => "nobody".to_owned(),
        Some(list) => list.to_string(),
        None => "default list".to_owned(),
    }
}

/// The name of its file with the line, without the directory.
fn file_of(row: &QueryRuleRow) -> &str {
    let whole = row.source.as_str();
    whole.rsplit('/').next().unwrap_or(whole)
}
