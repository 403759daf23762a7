//! What verbs print: tables for people, JSON for scripts.

use std::fmt::Write as _;

use super::print::{as_json, safe_line};
use super::remote::Said;
use super::verb::Form;
use crate::model::safe_text::width;
use crate::model::{Agent, Maintenance, Name, PlainToken, SafeText, State, Timestamp, Token, User};
use crate::protocol::query::{AlertAnswer, HostAnswer};
use crate::protocol::{Answer, LogEntry, Outcome};

/// The text of an answer, with its line breaks.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn said(said: &Said, form: &Form) -> serde_json::Result<String> {
    match (said, form) {
        (Said::Done(outcome), Form::Json) => pretty(outcome),
        (Said::Done(outcome), _) => Ok(done(outcome)),
        (Said::Told(answer), Form::Json) => told_as_json(answer),
        (Said::Told(Answer::Handover(handover)), Form::Markdown(zone)) => {
            Ok(crate::tui::handover::markdown(handover, zone, usize::MAX))
        }
        (Said::Told(Answer::Handover(handover)), Form::Text(zone)) => {
            Ok(crate::tui::handover::text(handover, zone))
        }
        (Said::Told(Answer::Review(review)), Form::Markdown(zone) | Form::Text(zone)) => {
            Ok(super::review_text::markdown(review, zone))
        }
        (Said::Told(answer), _) => Ok(told(answer)),
    }
}

fn pretty<T: serde::Serialize>(value: &T) -> serde_json::Result<String> {
    Ok(as_json(value)? + "\n")
}

fn told_as_json(answer: &Answer) -> serde_json::Result<String> {
    match answer {
        Answer::Hosts(hosts) => pretty(hosts),
        Answer::Alerts(alerts) => pretty(alerts),
        Answer::Maintenance(windows) => pretty(windows),
        Answer::Handover(handover) => pretty(handover),
        Answer::Review(review) => pretty(review),
        Answer::Rules(page) => pretty(page),
        Answer::Users(users) => pretty(users),
        Answer::Tokens(tokens) => pretty(tokens),
        Answer::Agents(agents) => pretty(agents),
        Answer::TryRules(answer) => pretty(answer),
        Answer::Tests(tests) => pretty(tests),
        Answer::Test(test) => pretty(test),
        Answer::Schedules(rows) => pretty(rows),
        Answer::Nodes(nodes) => pretty(nodes),
        other => pretty(other),
    }
}

fn done(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done { count, failures, failed, .. } => {
            let mut out = format!("done: {count}\n");
            for failure in failures {
                let _ = writeln!(out, "not done: {}", safe_line(failure));
            }
            if *failed > failures.len() {
                let _ = writeln!(out, "not done: {} more", failed - failures.len());
            }
            out
        }
        Outcome::Maintenance(window) => {
            let name = safe_line(&window.name);
            let repeats = repeated(window).map(|words| format!(", {words}")).unwrap_or_default();
            format!("{}  {name}  {} to {}{repeats}\n", window.id, window.start, window.end)
        }
        Outcome::Tested { answers, .. } => {
            let lines: Vec<String> = answers.iter().map(ToString::to_string).collect();
            lines.join("\n") + "\n"
        }
        Outcome::Rule { rule, checks } => {
            let place = rule.origin.as_deref().unwrap_or_default();
            format!("{}: saved in {}, judges {checks} checks\n", rule.name, safe_line(&place))
        }
        Outcome::User(user) => format!("user {}: {}\n", safe_line(&user.name), user.role.word()),
        Outcome::Token { token, plain } => made_token(token, plain.as_ref()),
        Outcome::Enrolled { name, .. } => format!("agent {}\n", safe_line(name)),
        Outcome::Test(test) => super::results::line(test),
        Outcome::Schedule(row) => super::results::made(row),
        Outcome::Assigned { .. } | Outcome::Directives(_) => String::new(),
    }
}

/// The token itself stands alone on the last line, for scripts.
fn made_token(token: &Token, plain: Option<&PlainToken>) -> String {
    let name = safe_line(&token.name);
    match plain {
        Some(plain) => format!("token {name}: keep it, it is not shown again\n{}\n", plain.0),
        None => format!(
            "token {name} was made before and cannot be shown again; revoke it and make another\n"
        ),
    }
}

fn users_table(users: &[User]) -> String {
    let rows = users.iter().map(|user| {
        let (created, changed) = (user.created.to_string(), user.changed.to_string());
        vec![user.name.to_string(), user.role.word().to_owned(), created, changed]
    });
    table(&["NAME", "ROLE", "CREATED", "CHANGED"], &rows.collect::<Vec<_>>())
}

fn tokens_table(tokens: &[Token]) -> String {
    let rows = tokens.iter().map(|token| {
        let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.word()).collect();
        let or = |at: Option<Timestamp>, none: &str| {
            at.map_or_else(|| none.to_owned(), |at| at.to_string())
        };
        vec![
            token.name.to_string(),
            token.role.word().to_owned(),
            scopes.join(","),
            or(token.expires, "never"),
            or(token.last_used, "never"),
        ]
    });
    let rows: Vec<_> = rows.collect();
    table(&["NAME", "ROLE", "SCOPES", "EXPIRES", "LAST USED"], &rows)
}

fn agents_table(agents: &[Agent]) -> String {
    let rows = agents.iter().map(|agent| {
        let text = |text: &SafeText| text.to_string();
        vec![
            agent.name.to_string(),
            agent.phase.word().to_owned(),
            agent.since.to_string(),
            text(&agent.location),
            agent.address.as_ref().map(text).unwrap_or_default(),
            agent.rtt.map(|rtt| rtt.to_string()).unwrap_or_default(),
            agent.checks.to_string(),
            text(&agent.reason),
        ]
    });
    let rows: Vec<_> = rows.collect();
    table(&["NAME", "STATE", "SINCE", "LOCATION", "ADDRESS", "RTT", "CHECKS", "REASON"], &rows)
}

fn told(answer: &Answer) -> String {
    match answer {
        Answer::Hosts(hosts) => hosts_table(hosts),
        Answer::Alerts(alerts) => alerts_table(alerts),
        Answer::Maintenance(windows) => windows_table(windows),
        Answer::Config(text) => text.lines().map(|line| safe_line(&line) + "\n").collect(),
        Answer::Log(page) => log_table(&page.entries),
        Answer::Rules(page) => super::rules_cmd::list(page),
        Answer::TryRules(answer) => super::rules_cmd::trials(answer),
        Answer::Users(users) => users_table(users),
        Answer::Tokens(tokens) => tokens_table(tokens),
        Answer::Agents(agents) => agents_table(agents),
        Answer::Tests(tests) => super::results::table(tests),
        Answer::Test(test) => super::results::whole(test),
        Answer::Schedules(rows) => super::results::schedules(rows),
        Answer::Nodes(nodes) => super::results::nodes(nodes),
        Answer::Trend(_)
        | Answer::Report(_)
        | Answer::Check(_)
        | Answer::History { .. }
        | Answer::Edges(_)
        | Answer::Alert(_)
        | Answer::Comments(_)
        | Answer::Paths(_)
        | Answer::PathChanges(_)
        | Answer::SeriesList(_)
        | Answer::SeriesPast(_)
        | Answer::Fluxbase(_)
        | Answer::Notifications(_)
        | Answer::Handover(_)
        | Answer::Review(_)
        | Answer::Contacts(_)
        | Answer::Remembered(_)
        | Answer::Settings(_)
        | Answer::Engine(_) => String::new(),
    }
}

fn hosts_table(hosts: &[HostAnswer]) -> String {
    let mut rows = Vec::new();
    for host in hosts {
        rows.push(vec![
            host.state.to_string(),
            host.name.to_string(),
            String::new(),
            host.address.to_string(),
        ]);
        for check in &host.checks {
            let soft = if check.hard || check.last_result.is_none() { "" } else { " (soft)" };
            rows.push(vec![
                format!("  {}{soft}", check.state),
                String::new(),
                check.name.to_string(),
                check.output.to_string(),
            ]);
        }
    }
    table(&["state", "host", "check", "what"], &rows)
}

fn alerts_table(alerts: &[AlertAnswer]) -> String {
    let rows: Vec<Vec<String>> = alerts
        .iter()
        .map(|alert| {
            let who = alert.acknowledged.as_ref().map_or_else(String::new, |ack| {
                ack.expires.map_or_else(
                    || format!("{}", ack.author),
                    |until| format!("{} until {until}", ack.author),
                )
            });
            let tag = if alert.in_maintenance { " MAINT" } else { "" };
            vec![
                format!("{}{tag}", alert.state),
                alert.phase.word().to_owned(),
                alert.since.to_string(),
                format!("{}/{}", alert.host, alert.check),
                who,
                match (&alert.flapping, &alert.cause) {
                    (Some(flapping), _) => format!("{}, {}", alert.output, flapping.words()),
                    (None, Some(cause)) => format!("{}, {}", alert.output, cause.words()),
                    (None, None) => alert.output.to_string(),
                },
            ]
        })
        .collect();
    table(&["state", "phase", "since", "check", "who has it", "what"], &rows)
}

/// How a window repeats: its rule, or nothing.
fn repeated(window: &Maintenance) -> Option<String> {
    window.recurrence.as_ref().map(|recurrence| recurrence.repeats.to_string())
}

fn windows_table(windows: &[Maintenance]) -> String {
    let rows: Vec<Vec<String>> = windows
        .iter()
        .map(|window| {
            vec![
                window.id.to_string(),
                window.start.to_string(),
                window.end.to_string(),
                window.scope(),
                window.author.to_string(),
                window.name.to_string(),
                repeated(window).unwrap_or_default(),
            ]
        })
        .collect();
    table(&["id", "start", "end", "hosts", "by", "name", "repeats"], &rows)
}

fn log_table(entries: &[LogEntry]) -> String {
    let name = |name: &Option<Name>| name.as_deref().unwrap_or("").to_owned();
    let state = |state: Option<State>| state.map(|state| state.to_string()).unwrap_or_default();
    let row = |entry: &LogEntry| {
        let mut what = entry.text.to_string();
        if let Some(actor) = &entry.actor {
            what = format!("{actor}: {what}");
        }
        let place = match (&entry.host, &entry.check) {
            (Some(_), Some(_)) => format!("{}/{}", name(&entry.host), name(&entry.check)),
            _ => name(&entry.host),
        };
        vec![entry.at.to_string(), entry.kind.to_string(), state(entry.to), place, what]
    };
    let rows: Vec<Vec<String>> = entries.iter().map(row).collect();
    table(&["time", "what", "state", "where", "said"], &rows)
}

/// Columns as wide as their widest cell; the last one is not padded. Cells may come from outside.
#[must_use]
pub fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = heads.iter().map(|head| width(head)).collect();
    for row in rows {
        for (wide, cell) in widths.iter_mut().zip(row) {
            *wide = (*wide).max(width(cell));
        }
    }
    let mut out = String::new();
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    for row in std::iter::once(&heads).chain(rows) {
        let mut line = String::new();
        for (cell, wide) in row.iter().zip(&widths) {
            line.push_str(&safe_line(cell));
            line.push_str(&" ".repeat(wide.saturating_sub(width(cell)) + 2));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_says_nothing_to_the_terminal() {
        let rows = vec![vec!["a\u{1b}[2Jb\nc".to_owned(), "x\u{9b}".to_owned()]];
        assert_eq!(table(&["a", "b"], &rows), "a         b\na␛[2Jb␤c  x<U+009B>\n");
    }

    #[test]
    fn columns_stay_aligned_for_wide_text() {
        let rows =
            vec![vec!["日本".to_owned(), "x".to_owned()], vec!["ab".to_owned(), "y".to_owned()]];
        assert_eq!(table(&["a", "b"], &rows), "a     b\n日本  x\nab    y\n");
    }
}
