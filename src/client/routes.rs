//! Commands and queries as HTTP requests; the other end is `api/routes`.
//!
//! The matches have no wildcard, and a test sends every sample through the real router, so a
//! command or a field that one end forgets does not get far.

use std::fmt::Write as _;

use reqwest::Method;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::model::{CheckKey, Name, Password, Timestamp};
use crate::protocol::query::{Series, StateSpan};
use crate::protocol::{
    Answer, Command, LogCursor, LogFilter, Problem, Query, ReportWish, TestFilter, TrendWish,
};

/// One HTTP request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) method: Method,
    /// Path and query string, percent-encoded.
    pub(super) path: String,
    pub(super) body: Option<Vec<u8>>,
}

/// The request for a command.
pub(super) fn of_command(command: &Command) -> Result<Call, Problem> {
    match command {
        Command::Acknowledge { targets, comment, expires, sticky, notify } => {
            let body = json!({
                "targets": targets,
                "comment": comment,
                "expires": expires,
                "sticky": sticky,
                "notify": notify,
            });
            post(&["alerts", "ack"], &body)
        }
        Command::Comment { targets, text } => {
            post(&["comments"], &json!({ "targets": targets, "text": text }))
        }
        Command::EditMaintenance { id, name, start, end, repeats, every } => {
            let body = json!({
                "name": name,
                "start": start,
                "end": end,
                "repeats": repeats,
                "every": every,
            });
            post(&["maintenance", &id.to_string(), "edit"], &body)
        }
        Command::Undo { request } => post(&["undo"], &json!({ "request": request })),
        Command::Remember { key, value } => {
            post(&["remembered"], &json!({ "key": key, "value": value }))
        }
        Command::Unacknowledge { targets } => {
            post(&["alerts", "unack"], &json!({ "targets": targets }))
        }
        Command::AddMaintenance(wanted) => post(&["maintenance"], wanted),
        Command::EndMaintenance { id } => Ok(order(&["maintenance", &id.to_string(), "end"])),
        Command::CancelMaintenance { id } => Ok(order(&["maintenance", &id.to_string(), "cancel"])),
        Command::ExtendMaintenance { id, by } => {
            post(&["maintenance", &id.to_string(), "extend"], &json!({ "by_ms": by }))
        }
        Command::Recheck { targets } => post(&["recheck"], &json!({ "targets": targets })),
        Command::ResendNotifications { which } => {
            post(&["notifications", "resend"], &json!({ "which": which }))
        }
        Command::DropNotifications { which } => {
            post(&["notifications", "drop"], &json!({ "which": which }))
        }
        Command::TestNotify { name } => post(&["notify", "test"], &json!({ "name": name })),
        Command::HoldPaging { length, reason } => {
            post(&["paging", "hold"], &json!({ "for_ms": length, "reason": reason }))
        }
        Command::ResumePaging => Ok(order(&["paging", "resume"])),
        Command::Escalate { which } => post(&["alerts", "escalate"], &json!({ "which": which })),
        Command::Note { text } => post(&["handover", "notes"], &json!({ "text": text })),
        Command::SignOff { to } => post(&["handover", "sign-off"], &json!({ "to": to })),
        Command::Look { stream, interest } => {
            post(&["events", &stream.to_string(), "interest"], interest)
        }
        Command::SaveRule { text, was } => post(&["rules"], &json!({ "text": text, "was": was })),
        Command::DeleteRule { was } => post(&["rules", "delete"], &json!({ "was": was })),
        Command::AddUser { name, role, password } => {
            let body = json!({ "name": name, "role": role, "password": password.reveal() });
            post(&["users"], &body)
        }
        Command::EditUser { name, role, password } => {
            let password = password.as_ref().map(Password::reveal);
            let call = post(&["users", name], &json!({ "role": role, "password": password }))?;
            Ok(Call { method: Method::PATCH, ..call })
        }
        Command::RemoveUser { name } => Ok(remove(&["users", name])),
        Command::ChangePassword { old, new } => {
            let body = json!({ "old": old.reveal(), "new": new.reveal() });
            post(&["auth", "password"], &body)
        }
        Command::Logout => Ok(order(&["auth", "logout"])),
        Command::AddToken { name, role, scopes, expires, agent, uses } => {
            let body = json!({
                "name": name, "role": role, "scopes": scopes, "expires": expires,
                "agent": agent, "uses": uses,
            });
            post(&["tokens"], &body)
        }
        Command::RevokeToken { name } => Ok(remove(&["tokens", name])),
        Command::RunTest { agent, spec, wait } => {
            post(&["tests"], &json!({ "agent": agent, "spec": spec, "wait": wait }))
        }
        Command::CancelTest { id } => Ok(order(&["tests", &id.to_string(), "cancel"])),
        Command::AddSchedule { plan } => post(&["schedules"], plan),
        Command::EditSchedule { id, plan } => {
            let call = post(&["schedules", &id.to_string()], plan)?;
            Ok(Call { method: Method::PUT, ..call })
        }
        Command::RemoveSchedule { id } => Ok(remove(&["schedules", &id.to_string()])),
        Command::RunSchedule { id } => Ok(order(&["schedules", &id.to_string(), "run"])),
        Command::Reload => Ok(order(&["reload"])),
        Command::Stop => Ok(order(&["stop"])),
        Command::Enrol(enrolment) => post(&["agents", "register"], enrolment),
        Command::RemoveAgent { name } => Ok(remove(&["agents", name])),
        Command::Claim(claim) => post(&["work", "claim"], claim),
        Command::Report(report) => post(&["work", "report"], report),
        Command::Beat(beat) => post(&["work", "heartbeat"], beat),
    }
}

/// The request for a login.
pub(super) fn login(name: &str, password: &str) -> Result<Call, Problem> {
    let body = json!({ "username": name, "password": password });
    let call = post(&["auth", "login"], &body)?;
    Ok(Call { path: "/api/auth/login".to_owned(), ..call })
}

/// The request for a new token in place of one that will end.
pub(super) fn renew() -> Call {
    order(&["auth", "renew"])
}

/// The request for who we are.
pub(super) fn me() -> Call {
    get(&["auth", "me"], &[])
}

/// The request for a query.
pub(super) fn of_query(query: &Query) -> Result<Call, Problem> {
    Ok(match query {
        Query::Hosts { pattern } => {
            get(&["hosts"], &[("pattern", pattern.as_ref().map(ToString::to_string))])
        }
        Query::Alerts { all } => get(&["alerts"], &[("all", Some(all.to_string()))]),
        Query::Maintenance { all } => get(&["maintenance"], &[("all", Some(all.to_string()))]),
        Query::Check { key } => get(&of_check("checks", key)?, &[]),
        Query::History { key, from, to, points } => get(
            &of_check("history", key)?,
            &[
                ("from", Some(from.to_string())),
                ("to", Some(to.to_string())),
                ("points", Some(points.to_string())),
            ],
        ),
        Query::Edges { host, alert, limit } => get(
            &["edges"],
            &[
                ("host", host.as_ref().map(ToString::to_string)),
                ("alert", alert.map(|id| id.to_string())),
                ("limit", Some(limit.to_string())),
            ],
        ),
        Query::Alert { id } => get(&["alerts", &id.to_string()], &[]),
        Query::Comments { host, check, limit } => of_host("comments", host, check.as_ref(), *limit),
        Query::Log { filter, before, limit } => of_log(filter, *before, *limit),
        Query::Paths { host, limit } => {
            let host = host.as_ref().map(ToString::to_string);
            get(&["paths"], &[("host", host), ("limit", Some(limit.to_string()))])
        }
        Query::PathChanges { host, check, limit } => {
            of_host("path-changes", host, check.as_ref(), *limit)
        }
        Query::SeriesList { host, check, text, limit } => get(
            &["series"],
            &[
                ("host", host.as_ref().map(ToString::to_string)),
                ("check", check.as_ref().map(ToString::to_string)),
                ("text", text.clone()),
                ("limit", Some(limit.to_string())),
            ],
        ),
        Query::Fluxbase { host, from, to, points } => get(
            &["fluxbase"],
            &[
                ("host", host.as_ref().map(ToString::to_string)),
                ("from", Some(from.to_string())),
                ("to", Some(to.to_string())),
                ("points", Some(points.to_string())),
            ],
        ),
        Query::SeriesPast { key, series, from, to, points } => get(
            &of_check("series", key)?,
            &[
                ("series", Some(series.to_string())),
                ("from", Some(from.to_string())),
                ("to", Some(to.to_string())),
                ("points", Some(points.to_string())),
            ],
        ),
        Query::Notifications { destination, limit } => get(
            &["notifications"],
            &[("destination", destination.clone()), ("limit", Some(limit.to_string()))],
        ),
        Query::Handover { since, shift, before } => {
            let said = |at: &Option<Timestamp>| at.map(|at| at.to_string());
            get(
                &["handover"],
                &[("since", said(since)), ("shift", said(shift)), ("before", said(before))],
            )
        }
        Query::Review { days } => get(&["review"], &[("days", Some(days.to_string()))]),
        Query::Rules { limit } => get(&["rules"], &[("limit", Some(limit.to_string()))]),
        Query::TryRules { name, text, since } => {
            let body = json!({ "name": name, "text": text, "since": since });
            post(&["rules", "try"], &body)?
        }
        Query::Tests { filter, limit } => of_tests(filter, *limit),
        Query::Test { id } => get(&["tests", &id.to_string()], &[]),
        Query::Trend(wish) => of_trend(wish),
        Query::TestReport(wish) => of_report(wish),
        Query::Schedules => get(&["schedules"], &[]),
        Query::Nodes => get(&["nodes"], &[]),
        Query::Contacts => get(&["contacts"], &[]),
        Query::Remembered => get(&["remembered"], &[]),
        Query::Users => get(&["users"], &[]),
        Query::Tokens => get(&["tokens"], &[]),
        Query::Agents => get(&["agents"], &[]),
        Query::Settings => get(&["settings"], &[]),
        Query::Engine => get(&["engine"], &[]),
        Query::Config => get(&["config"], &[]),
    })
}

fn of_host(what: &str, host: &Name, check: Option<&Name>, limit: u32) -> Call {
    get(
        &[what],
        &[
            ("host", Some(host.to_string())),
            ("check", check.map(ToString::to_string)),
            ("limit", Some(limit.to_string())),
        ],
    )
}

fn of_log(filter: &LogFilter, before: Option<LogCursor>, limit: u32) -> Call {
    let kinds: Vec<&str> = filter.kinds.iter().map(|kind| kind.word()).collect();
    get(
        &["log"],
        &[
            ("from", filter.from.map(|at| at.to_string())),
            ("to", filter.to.map(|at| at.to_string())),
            ("hosts", filter.hosts.as_ref().map(ToString::to_string)),
            ("actor", filter.actor.clone()),
            ("kinds", (!kinds.is_empty()).then(|| kinds.join(","))),
            ("text", filter.text.clone()),
            ("before", before.map(|cursor| cursor.to_string())),
            ("limit", Some(limit.to_string())),
        ],
    )
}

fn of_tests(filter: &TestFilter, limit: u32) -> Call {
    get(
        &["tests"],
        &[
            ("agent", filter.agent.as_ref().map(ToString::to_string)),
            ("target", filter.target.clone()),
            ("test_type", filter.test_type.map(|kind| kind.word().to_owned())),
            ("schedule", filter.schedule.map(|id| id.to_string())),
            ("phase", filter.phase.map(|phase| phase.word().to_owned())),
            ("start", filter.start.map(|at| at.to_string())),
            ("end", filter.end.map(|at| at.to_string())),
            ("before", filter.before.map(|id| id.to_string())),
            ("limit", Some(limit.to_string())),
        ],
    )
}

fn of_trend(wish: &TrendWish) -> Call {
    get(
        &["trend"],
        &[
            ("agent", Some(wish.agent.to_string())),
            ("target", Some(wish.target.clone())),
            ("test_type", Some(wish.test_type.word().to_owned())),
            ("view", Some(wish.view.word().to_owned())),
            ("zone", wish.zone.clone()),
        ],
    )
}

fn of_report(wish: &ReportWish) -> Call {
    get(
        &["report"],
        &[
            ("agent", wish.agent.as_ref().map(ToString::to_string)),
            ("target", wish.target.clone()),
            ("test_type", Some(wish.test_type.word().to_owned())),
            ("start", Some(wish.start.to_string())),
            ("end", Some(wish.end.to_string())),
            ("zone", wish.zone.clone()),
            ("format", Some(wish.format.word().to_owned())),
        ],
    )
}

/// The request for the stream of events.
pub(super) fn events() -> Call {
    get(&["events"], &[])
}

/// The answer to a query, from the data alone.
pub(super) fn answer(query: &Query, bytes: &[u8]) -> Result<Answer, serde_json::Error> {
    #[derive(Deserialize)]
    struct History {
        series: Vec<Series>,
        states: Vec<StateSpan>,
    }
    Ok(match query {
        Query::Hosts { .. } => Answer::Hosts(read(bytes)?),
        Query::Alerts { .. } => Answer::Alerts(read(bytes)?),
        Query::Maintenance { .. } => Answer::Maintenance(read(bytes)?),
        Query::Check { .. } => Answer::Check(read(bytes)?),
        Query::History { .. } => {
            let History { series, states } = read(bytes)?;
            Answer::History { series, states }
        }
        Query::Edges { .. } => Answer::Edges(read(bytes)?),
        Query::Alert { .. } => Answer::Alert(read(bytes)?),
        Query::Comments { .. } => Answer::Comments(read(bytes)?),
        Query::Log { .. } => Answer::Log(read(bytes)?),
        Query::Paths { .. } => Answer::Paths(read(bytes)?),
        Query::PathChanges { .. } => Answer::PathChanges(read(bytes)?),
        Query::SeriesList { .. } => Answer::SeriesList(read(bytes)?),
        Query::SeriesPast { .. } => Answer::SeriesPast(read(bytes)?),
        Query::Fluxbase { .. } => Answer::Fluxbase(read(bytes)?),
        Query::Notifications { .. } => Answer::Notifications(read(bytes)?),
        Query::Handover { .. } => Answer::Handover(read(bytes)?),
        Query::Review { .. } => Answer::Review(read(bytes)?),
        Query::Rules { .. } => Answer::Rules(read(bytes)?),
        Query::TryRules { .. } => Answer::TryRules(read(bytes)?),
        Query::Tests { .. } => Answer::Tests(read(bytes)?),
        Query::Test { .. } => Answer::Test(read(bytes)?),
        Query::Trend(_) => Answer::Trend(read(bytes)?),
        Query::TestReport(_) => Answer::Report(bytes.to_vec()),
        Query::Schedules => Answer::Schedules(read(bytes)?),
        Query::Nodes => Answer::Nodes(read(bytes)?),
        Query::Contacts => Answer::Contacts(read(bytes)?),
        Query::Remembered => Answer::Remembered(read(bytes)?),
        Query::Users => Answer::Users(read(bytes)?),
        Query::Tokens => Answer::Tokens(read(bytes)?),
        Query::Agents => Answer::Agents(read(bytes)?),
        Query::Settings => Answer::Settings(read(bytes)?),
        Query::Engine => Answer::Engine(read(bytes)?),
        Query::Config => Answer::Config(String::from_utf8_lossy(bytes).into_owned()),
    })
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(bytes)
}

fn post(segments: &[&str], body: &impl Serialize) -> Result<Call, Problem> {
    let body = serde_json::to_vec(body).map_err(|error| super::not_understood(&error))?;
    Ok(Call { body: Some(body), ..order(segments) })
}

/// A request to do something that needs no more words.
fn order(segments: &[&str]) -> Call {
    Call { method: Method::POST, path: path(segments), body: None }
}

fn remove(segments: &[&str]) -> Call {
    Call { method: Method::DELETE, ..order(segments) }
}

fn get(segments: &[&str], asked: &[(&str, Option<String>)]) -> Call {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in asked {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    let (query, path) = (query.finish(), path(segments));
    let path = if query.is_empty() { path } else { format!("{path}?{query}") };
    Call { method: Method::GET, path, body: None }
}

fn of_check<'a>(what: &'a str, key: &'a CheckKey) -> Result<[&'a str; 3], Problem> {
    // In a path these mean "here", "up" and nothing, however they are written.
    for name in [&key.host, &key.name] {
        if ["", ".", ".."].contains(&&**name) {
            return Err(Problem::not_found(format!("there is no check {key}")));
        }
    }
    Ok([what, &key.host, &key.name])
}

fn path(segments: &[&str]) -> String {
    let mut path = "/api/v1".to_owned();
    for segment in segments {
        path.push('/');
        for byte in segment.bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                path.push(char::from(byte));
            } else {
                let _ = write!(path, "%{byte:02X}");
            }
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_encoded_and_never_become_parts_of_a_path() {
        let path = |host: &str, check: &str| {
            of_query(&Query::Check { key: CheckKey::new(host, check) }).map(|call| call.path)
        };
        let spelled = path("Zürich 3", "a/../b?c#d%2F").unwrap();
        assert_eq!(spelled, "/api/v1/checks/Z%C3%BCrich%203/a%2F..%2Fb%3Fc%23d%252F");
        for name in ["", ".", ".."] {
            assert!(path(name, "ping").is_err() && path("host", name).is_err(), "{name:?}");
        }
    }
}
