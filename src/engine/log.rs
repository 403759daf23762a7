//! The log's rows as entries that people read.

use serde::{Deserialize, Serialize};

use super::core::Core;
use super::queries::{Reply, read};
use crate::config::{RuleChange, rule_change_words};
use crate::model::words::{plural, window as called};
use crate::model::{CheckKey, Hold, Maintenance, Name, Pattern, SafeText, Timestamp};
use crate::protocol::log::FILTER_LIMIT;
use crate::protocol::query::PAGE_LIMIT;
use crate::protocol::{
    Answer, Command, LogCursor, LogEntry, LogFilter, LogKind, LogPage, NotificationScope, Problem,
    Target,
};
use crate::store::{Action, LogRange, LogRow};

impl Core {
    /// Answers a page of the log.
    pub(super) fn log(
        &self,
        filter: LogFilter,
        before: Option<LogCursor>,
        limit: u32,
        reply: Reply,
    ) {
        let long = |text: &Option<String>| {
            text.as_ref().is_some_and(|text| text.chars().count() > FILTER_LIMIT)
        };
        if long(&filter.text) || long(&filter.actor) {
            let why = format!("`text` and `actor` have at most {FILTER_LIMIT} characters");
            let _ = reply.send(Err(Problem::invalid(why)));
            return;
        }
        let range = LogRange {
            from: filter.from,
            to: filter.to,
            before: before.map(|cursor| (cursor.at.millis(), cursor.source, cursor.seq)),
            host: filter.hosts.as_ref().and_then(exact),
            actor: filter.actor.clone(),
            limit: usize::try_from(limit).unwrap_or(PAGE_LIMIT).clamp(1, PAGE_LIMIT),
        };
        let store = self.store.clone();
        read(reply, async move {
            let wanted = Wanted::new(filter);
            let pick =
                |at, row| Some(entry(at, row)).filter(|(entry, about)| wanted.takes(entry, about));
            let (entries, mark) = store.log(&range, pick).await?;
            let next = mark.map(|(at, source, seq)| LogCursor {
                at: Timestamp::from_millis(at),
                source,
                seq,
            });
            let entries = entries.into_iter().map(|(entry, _)| entry).collect();
            Ok(Answer::Log(LogPage { entries, next }))
        });
    }
}

/// The host that a pattern without any glob characters names.
fn exact(pattern: &Pattern) -> Option<String> {
    let text = pattern.as_str();
    (!text.contains(['*', '?', '[', ']', '{', '}', '\\'])).then(|| text.to_owned())
}

/// What an action is about besides the entry's own host.
enum About {
    /// Only the entry's host.
    Own,
    /// These hosts.
    Hosts(Vec<Name>),
}

struct Wanted {
    filter: LogFilter,
    /// In lower case.
    text: Option<String>,
}

impl Wanted {
    fn new(filter: LogFilter) -> Self {
        let text = filter.text.as_ref().map(|text| text.to_lowercase());
        Self { filter, text }
    }

    fn takes(&self, entry: &LogEntry, about: &About) -> bool {
        let kinds = &self.filter.kinds;
        let by = |actor: &String| entry.actor.as_ref().is_some_and(|a| a.as_str() == actor);
        (kinds.is_empty() || kinds.contains(&entry.kind))
            && self.filter.actor.as_ref().is_none_or(by)
            && self.filter.hosts.as_ref().is_none_or(|hosts| match about {
                About::Own => entry.host.as_ref().is_some_and(|host| hosts.matches(host)),
                About::Hosts(all) => all.iter().any(|host| hosts.matches(host)),
            })
            && self.text.as_ref().is_none_or(|text| {
                let said = |said: &str| said.to_lowercase().contains(text);
                said(entry.text.as_str())
                    || entry.host.as_deref().is_some_and(said)
                    || entry.check.as_deref().is_some_and(said)
            })
    }
}

fn entry(at: Timestamp, row: LogRow) -> (LogEntry, About) {
    let blank = LogEntry {
        at,
        kind: LogKind::Action,
        host: None,
        check: None,
        alert: None,
        from: None,
        to: None,
        text: SafeText::empty(),
        actor: None,
        in_maintenance: false,
    };
    match row {
        LogRow::Edge(edge) => {
            let entry = LogEntry {
                kind: LogKind::Edge(edge.kind),
                host: Some(edge.check.host),
                check: Some(edge.check.name),
                alert: Some(edge.alert),
                from: Some(edge.from),
                to: Some(edge.to),
                text: edge.text,
                actor: edge.actor,
                in_maintenance: edge.in_maintenance,
                ..blank
            };
            (entry, About::Own)
        }
        LogRow::Comment(comment) => {
            let entry = LogEntry {
                kind: LogKind::Comment,
                host: Some(comment.host),
                check: comment.check,
                alert: comment.alert,
                text: comment.text,
                actor: Some(comment.author),
                ..blank
            };
            (entry, About::Own)
        }
        LogRow::Path(change) => {
            let text = match &change.before {
                None => {
                    format!("path of {}, seen first", plural(change.after.hops.len(), "hop"))
                }
                Some(before) => path_text(before, &change.after),
            };
            let entry = LogEntry {
                kind: LogKind::Path,
                host: Some(change.host),
                check: change.check,
                text: SafeText::line(&text),
                ..blank
            };
            (entry, About::Own)
        }
        LogRow::Action(action) => acted(action, &blank),
    }
}

/// `hop 3: 10.0.0.2 became 10.0.0.4`, for the first hop that differs.
fn path_text(before: &crate::model::Path, after: &crate::model::Path) -> String {
    let who = |addresses: &std::collections::BTreeSet<std::net::IpAddr>| {
        let words: Vec<String> = addresses.iter().take(4).map(ToString::to_string).collect();
        words.join("/")
    };
    let differs = after.hops.iter().find_map(|hop| {
        let known = before.hops.iter().find(|known| known.ttl == hop.ttl)?;
        let other = !hop.addresses.is_empty()
            && !known.addresses.is_empty()
            && known.addresses.is_disjoint(&hop.addresses);
        other.then(|| {
            format!("hop {}: {} became {}", hop.ttl, who(&known.addresses), who(&hop.addresses))
        })
    });
    differs.unwrap_or_else(|| "the path changed".to_owned())
}

/// Who the history says did what the engine did by itself.
pub(super) const ITSELF: &str = "fluxnoc";
/// Most hosts by which a note on a window is found.
const NOTED: usize = 100;

/// What the engine did by itself, as it is stored.
#[derive(Serialize, Deserialize)]
struct Note {
    said: String,
    hosts: Vec<Name>,
}

/// That a window began or ended: the name of the event and its words.
pub(super) fn note(window: &Maintenance, began: bool) -> (&'static str, String) {
    let (name, word) = if began { ("window_began", "began") } else { ("window_ended", "ended") };
    let mut hosts: Vec<Name> = window.hosts.iter().take(NOTED).cloned().collect();
    hosts.extend(window.checks.iter().take(NOTED).map(|key| key.host.clone()));
    hosts.extend(window.host_pattern.as_ref().and_then(exact).map(Into::into));
    let said = format!("{} over {} {word}", called(window.name.as_str()), window.scope());
    (name, self::said(said, hosts))
}

/// A user logged in.
pub(super) const AGENT: &str = "agent";
/// Somebody logged in.
pub(super) const LOGIN: &str = "login";
/// A window is beyond the limits of who made it.
pub(super) const OVER_LIMIT: &str = "window_over_limit";
/// Logins failed.
pub(super) const LOGINS_FAILED: &str = "logins_failed";

/// Words about something that is no command.
pub(super) fn said(said: String, hosts: impl Into<Vec<Name>>) -> String {
    let hosts = hosts.into();
    serde_json::to_string(&Note { said, hosts }).unwrap_or_default()
}

/// The event that paging went on by itself.
const HOLD_ENDED: &str = "hold_ended";

/// That paging goes on because its time was over: the name of the event and its words.
pub(super) fn resumed(hold: &Hold) -> (&'static str, String) {
    let said = format!("paging goes on; it was held by {}: {}", hold.author, hold.reason);
    (HOLD_ENDED, self::said(said, Vec::new()))
}

fn acted(action: Action, blank: &LogEntry) -> (LogEntry, About) {
    let from = action.address.as_ref().map(|from| format!(" (from {from})")).unwrap_or_default();
    if let (
        "window_began" | "window_ended" | HOLD_ENDED | AGENT | LOGIN | LOGINS_FAILED | OVER_LIMIT,
        Ok(note),
    ) = (action.command.as_str(), serde_json::from_str::<Note>(&action.detail))
    {
        let text = SafeText::line(&(note.said + &from));
        let entry = LogEntry { text, actor: Some(action.actor), ..blank.clone() };
        return (entry, About::Hosts(note.hosts));
    }
    let command = serde_json::from_str::<Command>(&action.detail).ok();
    let said = command.as_ref().map(words).map(|(text, about)| {
        let change = action.change.as_deref().and_then(changed).unwrap_or_default();
        (text + &change, about)
    });
    let (text, about) = said.unwrap_or_else(|| (action.command.clone(), Vec::new()));
    let one = match command.as_ref().map(targets) {
        Some([target]) => target_place(target),
        _ => None,
    };
    let entry = LogEntry {
        host: one.as_ref().map(|(host, _)| host.clone()),
        check: one.and_then(|(_, check)| check),
        text: SafeText::line(&(text + &from)),
        actor: Some(action.actor),
        ..blank.clone()
    };
    (entry, About::Hosts(about))
}

/// `, operator became viewer, new password`: what a change of an account was.
fn changed(change: &str) -> Option<String> {
    let change: serde_json::Value = serde_json::from_str(change).ok()?;
    let (before, after) = (change.get("before")?, change.get("after")?);
    let role = |of: &serde_json::Value| of.get("role")?.as_str().map(str::to_owned);
    let mut words = String::new();
    match (role(before), role(after)) {
        (Some(before), Some(after)) if before != after => {
            words = format!(", {before} became {after}");
        }
        (Some(role), None) | (None, Some(role)) => words = format!(", {role}"),
        _ => {}
    }
    if !before.is_null() && after.get("password").is_some() {
        words.push_str(", new password");
    }
    Some(words)
}

const fn targets(command: &Command) -> &[Target] {
    match command {
        Command::Recheck { targets }
        | Command::Comment { targets, .. }
        | Command::Acknowledge { targets, .. }
        | Command::Unacknowledge { targets } => targets.as_slice(),
        _ => &[],
    }
}

fn target_place(target: &Target) -> Option<(Name, Option<Name>)> {
    match target {
        Target::Host(host) => Some((host.clone(), None)),
        Target::Check(CheckKey { host, name }) => Some((host.clone(), Some(name.clone()))),
        Target::Alert(_) => None,
    }
}

/// What was done with notifications, in words.
fn about(which: &NotificationScope, did: &str, end: &str) -> String {
    let what = match which {
        NotificationScope::Destination(name) => format!("what `{name}` had not taken"),
        NotificationScope::Keys(keys) => match keys.as_slice() {
            [key] => format!("notification {key}"),
            keys => format!("{} notifications", keys.len()),
        },
    };
    format!("{did} {what} {end}").trim_end().to_owned()
}

/// A command in words, and the hosts that it names.
fn words(command: &Command) -> (String, Vec<Name>) {
    let hosts = targets(command).iter().filter_map(target_place).map(|(host, _)| host);
    match command {
        Command::AddMaintenance(new) => {
            let mut about: Vec<Name> = new.hosts.iter().cloned().collect();
            about.extend(new.checks.iter().map(|key| key.host.clone()));
            let mut scope: Vec<String> = new.host_pattern.iter().map(ToString::to_string).collect();
            match about.len() {
                0 => {}
                few @ 1..=2 => scope.extend(about.iter().take(few).map(ToString::to_string)),
                many => scope.push(format!("{many} named")),
            }
            about.extend(new.host_pattern.as_ref().and_then(exact).map(Into::into));
            let span = new.end.since(new.start);
            let repeats = new.repeats.as_ref().map(|repeats| format!(", {repeats}"));
            let (scope, repeats) = (scope.join(", "), repeats.unwrap_or_default());
            (format!("{} over {scope} for {span}{repeats}", called(&new.name)), about)
        }
        Command::EndMaintenance { id } => (format!("ended window {id}"), Vec::new()),
        Command::CancelMaintenance { id } => {
            (format!("ended the recurrence of window {id}"), Vec::new())
        }
        Command::ExtendMaintenance { id, by } => {
            (format!("extended window {id} by {by}"), Vec::new())
        }
        Command::EditMaintenance { id, .. } => (format!("changed window {id}"), Vec::new()),
        Command::Undo { .. } => ("undid what they had just done".to_owned(), Vec::new()),
        Command::Recheck { targets } if targets.len() > 1 => {
            (format!("ran {} targets again", targets.len()), hosts.collect())
        }
        Command::Recheck { .. } => ("ran it again".to_owned(), hosts.collect()),
        Command::ResendNotifications { which } => (about(which, "sent", "again"), Vec::new()),
        Command::DropNotifications { which } => (about(which, "dropped", ""), Vec::new()),
        Command::TestNotify { name } => (format!("sent a test to {name}"), Vec::new()),
        Command::HoldPaging { length, reason } => {
            (format!("held paging for {length}: {reason}"), Vec::new())
        }
        Command::ResumePaging => ("let paging go on".to_owned(), Vec::new()),
        Command::Escalate { which } => match which.as_slice() {
            [one] => (format!("had step {} of alert {} sent", one.step, one.alert), Vec::new()),
            all => (format!("had the next steps of {} alerts sent", all.len()), Vec::new()),
        },
        Command::Note { text } => (format!("noted: {text}"), Vec::new()),
        Command::SignOff { to } => (format!("signed off, {to} took over"), Vec::new()),
        Command::SaveRule { text, was } => {
            let change = RuleChange { was: was.clone(), is: Some(text.clone()) };
            (rule_change_words(&change), Vec::new())
        }
        Command::DeleteRule { was } => {
            let change = RuleChange { was: Some(was.clone()), is: None };
            (rule_change_words(&change), Vec::new())
        }
        Command::AddUser { name, .. } => (format!("added user {name}"), Vec::new()),
        Command::EditUser { name, .. } => (format!("changed user {name}"), Vec::new()),
        Command::RemoveUser { name } => (format!("removed user {name}"), Vec::new()),
        Command::ChangePassword { .. } => ("changed their own password".to_owned(), Vec::new()),
        Command::Logout => ("logged out, every session ended".to_owned(), Vec::new()),
        Command::AddToken { name, .. } => (format!("made token {name}"), Vec::new()),
        Command::RevokeToken { name } => (format!("revoked token {name}"), Vec::new()),
        Command::Enrol(enrolment) => (format!("registered agent {}", enrolment.name), Vec::new()),
        Command::RemoveAgent { name } => (format!("removed agent {name}"), Vec::new()),
        Command::Reload => ("read the configuration again".to_owned(), Vec::new()),
        Command::Stop => ("stopped the engine".to_owned(), Vec::new()),
        other => (other.name().replace('_', " "), hosts.collect()),
    }
}
