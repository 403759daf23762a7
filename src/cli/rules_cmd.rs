//! `fluxnoc rules` and `fluxnoc rules try`: the rules in force, and what a draft would have made of
//! the stored past.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::print::safe_line;
use super::render::table;
use crate::model::words::plural;
use crate::model::{Rule, Span, Timestamp};
use crate::protocol::query::PAGE_LIMIT;
use crate::protocol::rules::DRAFT_LIMIT;
use crate::protocol::{DraftAnswer, Query, RulePage, RuleTrial, TrialRow};

/// `fluxnoc rules`.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Show what rules would have fired over the stored history, without putting them in force
    Try {
        /// A file of rules in TOML, JSON or YAML, as `rule_files` takes it
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// So far back
        #[arg(long, value_name = "DURATION", default_value = "7d")]
        since: Span,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// The query of a typed command, and whether its answer is wanted as JSON.
///
/// # Errors
/// When the file of a draft cannot be read.
pub fn query(
    command: Option<RulesCommand>,
    json: bool,
    now: Timestamp,
) -> Result<(Query, bool), String> {
    let Some(RulesCommand::Try { file, since, json }) = command else {
        return Ok((Query::Rules { limit: u32::try_from(PAGE_LIMIT).unwrap_or(1000) }, json));
    };
    let text = read(&file)?;
    let since = now - since;
    Ok((Query::TryRules { name: file.display().to_string(), text, since }, json))
}

fn read(path: &Path) -> Result<String, String> {
    let name = path.display();
    let failed = |error: std::io::Error| format!("{name}: cannot read it: {error}");
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut text = String::new();
    file.take(DRAFT_LIMIT as u64 + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() > DRAFT_LIMIT {
        return Err(format!("{name}: it is larger than {DRAFT_LIMIT} bytes"));
    }
    Ok(text)
}

/// What is wrong with a draft, a line each as of a configuration; nothing when it was tried.
#[must_use]
pub fn problems(name: &str, answer: &DraftAnswer) -> String {
    let mut out = String::new();
    for problem in &answer.problems {
        let place = match problem.line {
            0 => String::new(),
            line => format!(":{line}:{}", problem.column),
        };
        let _ = writeln!(out, "{}{place}: {}", safe_line(&name), problem.message);
    }
    out
}

/// Whom a rule tells, in a few words.
fn tells(rule: &Rule) -> String {
    match &rule.contact_list {
        _ if !rule.notify => "nobody".to_owned(),
        Some(list) => list.to_string(),
        None => "(default)".to_owned(),
    }
}

/// The rules in force as a table.
#[must_use]
pub fn list(page: &RulePage) -> String {
    let row = |row: &crate::protocol::RuleRow| {
        let rule = &row.rule;
        let off = if rule.enabled { "" } else { " (off)" };
        vec![
            format!("{}{off}", rule.name),
            rule.hosts.to_string(),
            rule.words(),
            tells(rule),
            row.checks.to_string(),
            row.firing.to_string(),
            row.pending.to_string(),
            rule.origin.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<Vec<String>> = page.rows.iter().map(row).collect();
    let heads = ["rule", "hosts", "demands", "tells", "checks", "firing", "pending", "written in"];
    let mut out = if rows.is_empty() && !page.queries.is_empty() {
        String::new()
    } else {
        table(&heads, &rows)
    };
    let more = page.found.saturating_sub(page.rows.len() as u64);
    if more > 0 {
        let _ = writeln!(out, "+ {more} more");
    }
    if !page.queries.is_empty() {
        if !out.is_empty() {
            out.push('\n');
        }
        out += &queries(page);
    }
    out
}

/// The rules in `PromQL` as a table.
fn queries(page: &RulePage) -> String {
    let row = |row: &crate::protocol::QueryRuleRow| {
        let expr = row.expr.as_str().split_whitespace().collect::<Vec<_>>().join(" ");
        let state = match (&row.error, row.at) {
            (Some(why), _) => format!("error: {why}"),
            (None, None) => "not evaluated yet".to_owned(),
            (None, Some(_)) if row.firing > 0 => format!("{} firing", row.firing),
            (None, Some(_)) if row.pending > 0 => format!("{} pending", row.pending),
            (None, Some(_)) if !row.is_alert => format!("{} series", row.series),
            (None, Some(_)) => "inactive".to_owned(),
        };
        vec![
            row.group.to_string(),
            row.name.to_string(),
            expr,
            state,
            row.at.map(|at| at.to_string()).unwrap_or_default(),
            format!("{} us", row.took_us),
            row.source.to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = page.queries.iter().map(row).collect();
    let heads = ["group", "rule", "expression", "state", "evaluated", "took", "written in"];
    let mut out = table(&heads, &rows);
    let more = page.queries_found.saturating_sub(page.queries.len() as u64);
    if more > 0 {
        let _ = writeln!(out, "+ {more} more");
    }
    out
}

/// What drafts would have made of the past.
#[must_use]
pub fn trials(answer: &DraftAnswer) -> String {
    answer.trials.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn one(told: &RuleTrial) -> String {
    let mut out = String::new();
    let name = safe_line(&told.rule.name);
    let _ = writeln!(out, "{name}: {}", safe_line(&told.rule.words()));
    for warning in &told.warnings {
        let _ = writeln!(out, "warning: {warning}");
    }
    let without = match told.without {
        0 => String::new(),
        without => format!(", {without} of them without stored results"),
    };
    let _ = writeln!(
        out,
        "judges {} of {}; looked at: {}{without}",
        plural(told.checks, "check"),
        plural(told.hosts, "host"),
        told.judged
    );
    if let Some(why) = &told.stopped {
        let _ = writeln!(out, "stopped: {why}; the figures are of what was looked at");
    }
    let alerts = told.warning + told.critical + told.unknown;
    let _ = writeln!(
        out,
        "would have fired {} since {} ({} CRITICAL, {} WARNING, {} UNKNOWN), {} would \
         still fire; somebody would have been told {}",
        plural(alerts, "time"),
        told.since,
        told.critical,
        told.warning,
        told.unknown,
        told.still,
        plural(told.told, "time")
    );
    if let (Some(first), Some(last)) = (told.first, told.last) {
        let every = told.every.map(|every| format!(", one every {every}")).unwrap_or_default();
        let _ = writeln!(out, "stored results: {} from {first} to {last}{every}", told.results);
    }
    if let Some(daily) = told.daily_before {
        let _ =
            writeln!(out, "before {daily} only daily figures are kept, which no rule can judge");
    }
    if told.damaged > 0 {
        let _ = writeln!(out, "{} stored pieces could not be read", told.damaged);
    }
    if !told.rows.is_empty() {
        let rows: Vec<Vec<String>> = told.rows.iter().map(row).collect();
        out += &table(&["state", "alerts", "firing", "check", "newest", "lasted", "peak"], &rows);
    }
    if told.more > 0 {
        let _ = writeln!(out, "+ {} more checks with alerts", told.more);
    }
    out
}

fn row(row: &TrialRow) -> Vec<String> {
    let newest = row.newest.first();
    let lasted = newest.map(|one| match one.to {
        Some(to) => to.since(one.from).to_string(),
        None => "still".to_owned(),
    });
    vec![
        row.worst.to_string(),
        row.alerts.to_string(),
        row.firing.to_string(),
        row.check.to_string(),
        newest.map(|one| one.from.to_string()).unwrap_or_default(),
        lasted.unwrap_or_default(),
        newest.and_then(|one| one.peak).map(|peak| peak.to_string()).unwrap_or_default(),
    ]
}
