//! The documents of a node, read: `/health`, `/ready`, `/cluster/status` and the admin API's.
//!
//! A document that is not what it should be says nothing of its node: it is UNKNOWN, with its
//! place. What a status alone says is said of the status alone.

use serde_json::{Map, Value};

use super::super::reply::{self, PART_LIMIT, TEXT_LIMIT, said, shown};
pub(super) use super::super::reply::{Bad, Reply};
use crate::model::State;
use crate::model::safe_text::sanitize;

/// Where a node says how it is.
pub(super) const READY: &str = "/ready";
/// Where it says that it lives.
pub(super) const HEALTH: &str = "/health";
/// Where it says who it is.
pub(super) const STATUS: &str = "/cluster/status";

/// What a node says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Nominal,
    Degraded,
    NotReady,
}

impl Mode {
    pub const ALL: [Self; 3] = [Self::Nominal, Self::Degraded, Self::NotReady];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Nominal => "nominal",
            Self::Degraded => "degraded",
            Self::NotReady => "not_ready",
        }
    }
}

/// `/ready`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ready {
    pub mode: Mode,
    /// What is down or limping, in its words: `storage down: badger: closed`.
    pub why: String,
    /// Peers that it reaches, and all of them; where it says so.
    pub peers: Option<(u32, u32)>,
}

/// `/cluster/status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Status {
    pub node_id: String,
    pub is_leader: bool,
    pub cluster_mode: bool,
    pub sessions: u64,
}

/// What a status says that is not one of those that bring a document.
fn refused(place: &str, status: u16) -> Bad {
    let said = said(place, status);
    let (state, hint) = match status {
        // The service was reached and cannot serve, whoever says so.
        500..=599 => (State::Critical, ""),
        401 | 403 | 407 => (State::Unknown, "; something before the node wants a login"),
        404 | 405 => (State::Unknown, "; no FluxMQ answers there"),
        429 => (State::Unknown, "; it is asked too often"),
        300..=399 => (State::Unknown, "; it leads elsewhere"),
        _ => (State::Unknown, ""),
    };
    Bad { state, text: format!("{said}{hint}") }
}

/// The object that a body is.
fn object(place: &str, reply: &Reply) -> Result<Map<String, Value>, Bad> {
    reply::object("FluxMQ", place, reply)
}

/// A field of a type; what it is instead when it is not.
fn field<'a, T>(
    place: &str,
    object: &'a Map<String, Value>,
    (name, wanted): (&str, &str),
    read: impl Fn(&'a Value) -> Option<T>,
) -> Result<T, Bad> {
    let Some(value) = object.get(name) else {
        return Err(Bad::unknown(format!("{place}: there is no `{name}`")));
    };
    read(value)
        .ok_or_else(|| Bad::unknown(format!("{place}: `{name}` is {}, not {wanted}", shown(value))))
}

/// Reads `/health`: the process lives, and is the one that was meant.
pub(super) fn alive(reply: &Reply) -> Result<(), Bad> {
    if reply.status != 200 {
        return Err(refused(HEALTH, reply.status));
    }
    let object = object(HEALTH, reply)?;
    match field(HEALTH, &object, ("status", "healthy"), Value::as_str)? {
        "healthy" => Ok(()),
        "ok" => Err(Bad::unknown(format!(
            "{HEALTH}: `status` is `ok`, which is the admin API's word; the health server is on \
             another port (8081)"
        ))),
        other => {
            let other = sanitize(other, TEXT_LIMIT);
            Err(Bad::unknown(format!("{HEALTH}: `status` is `{other}`, not healthy")))
        }
    }
}

/// Reads `/ready`: 200 with `ready`, 503 with `not_ready`.
pub(super) fn ready(reply: &Reply) -> Result<Ready, Bad> {
    if !matches!(reply.status, 200 | 503) {
        return Err(refused(READY, reply.status));
    }
    let object = match object(READY, reply) {
        Err(bad) if reply.status == 503 => {
            let why = bad.text.strip_prefix("/ready: ").unwrap_or(&bad.text).to_owned();
            let text = format!("{READY}: HTTP 503 without a report ({why})");
            return Err(Bad { state: State::Critical, text });
        }
        read => read?,
    };
    let word = field(READY, &object, ("status", "ready or not_ready"), Value::as_str)?;
    let mode = match (word, reply.status) {
        ("not_ready", 503) => Mode::NotReady,
        ("ready", 200) => {
            let wanted = ("mode", "nominal or degraded");
            match field(READY, &object, wanted, Value::as_str)? {
                "nominal" => Mode::Nominal,
                "degraded" => Mode::Degraded,
                other => {
                    let other = sanitize(other, TEXT_LIMIT);
                    let why = format!("{READY}: `mode` is `{other}`, not nominal or degraded");
                    return Err(Bad::unknown(why));
                }
            }
        }
        ("ready" | "not_ready", status) => {
            return Err(Bad::unknown(format!("{READY}: HTTP {status}, but `status` is `{word}`")));
        }
        (other, _) => {
            let other = sanitize(other, TEXT_LIMIT);
            return Err(Bad::unknown(format!(
                "{READY}: `status` is `{other}`, not ready or not_ready"
            )));
        }
    };
    let checks = field(READY, &object, ("checks", "an object"), Value::as_object)?;
    let down = components(checks)?;
    let details = match object.get("details") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(sanitize(text, TEXT_LIMIT)),
        Some(other) => {
            return Err(Bad::unknown(format!("{READY}: `details` is {}, no text", shown(other))));
        }
    };
    if let (Mode::Nominal | Mode::Degraded, Some(first)) = (mode, down.first()) {
        return Err(Bad::unknown(format!("{READY}: it is ready, but {first}")));
    }
    let cluster =
        checks.get("cluster").and_then(|part| part.get("details")).and_then(Value::as_str);
    let why = match mode {
        Mode::Nominal => String::new(),
        Mode::Degraded => sanitize(cluster.unwrap_or_default(), TEXT_LIMIT),
        Mode::NotReady => match (down.is_empty(), details) {
            (true, None) => "no component is named".to_owned(),
            (true, Some(details)) => details,
            (false, None) => down.join(", "),
            (false, Some(details)) => format!("{details}: {}", down.join(", ")),
        },
    };
    Ok(Ready { mode, why, peers: cluster.and_then(peers) })
}

/// The components that are down, each in its words.
fn components(checks: &Map<String, Value>) -> Result<Vec<String>, Bad> {
    let mut down = Vec::new();
    for (name, part) in checks.iter().take(PART_LIMIT) {
        let name = sanitize(name, TEXT_LIMIT);
        let place = format!("checks.{name}");
        let word = part.get("status").and_then(Value::as_str);
        match word {
            Some("up") => {}
            Some("down") => {
                let details = part.get("details").and_then(Value::as_str);
                let details = details.map(|text| format!(": {}", sanitize(text, TEXT_LIMIT)));
                down.push(format!("{name} down{}", details.unwrap_or_default()));
            }
            _ => {
                let what = part.get("status").map_or("missing".to_owned(), shown);
                return Err(Bad::unknown(format!(
                    "{READY}: `{place}.status` is {what}, not up or down"
                )));
            }
        }
    }
    Ok(down)
}

/// `1/2 peers reachable`.
fn peers(details: &str) -> Option<(u32, u32)> {
    let (reached, all) = details.strip_suffix(" peers reachable")?.split_once('/')?;
    let (reached, all): (u32, u32) = (reached.parse().ok()?, all.parse().ok()?);
    (reached <= all).then_some((reached, all))
}

/// Reads `/cluster/status`.
pub(super) fn status(reply: &Reply) -> Result<Status, Bad> {
    if reply.status != 200 {
        return Err(refused(STATUS, reply.status));
    }
    let object = object(STATUS, reply)?;
    let node_id = field(STATUS, &object, ("node_id", "a text"), Value::as_str)?;
    let truth = ("is_leader", "true or false");
    let is_leader = field(STATUS, &object, truth, Value::as_bool)?;
    let truth = ("cluster_mode", "true or false");
    let cluster_mode = field(STATUS, &object, truth, Value::as_bool)?;
    let sessions = field(STATUS, &object, ("sessions", "a count"), Value::as_u64)?;
    if node_id.is_empty() {
        return Err(Bad::unknown(format!("{STATUS}: `node_id` is empty")));
    }
    if is_leader && !cluster_mode {
        return Err(Bad::unknown(format!("{STATUS}: it leads, but `cluster_mode` is false")));
    }
    Ok(Status { node_id: sanitize(node_id, TEXT_LIMIT), is_leader, cluster_mode, sessions })
}

/// A node of the cluster as the admin API of one of them lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub id: String,
    pub healthy: bool,
    pub leads: bool,
}

/// What the admin API says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Admin {
    pub node_id: Option<String>,
    pub members: Vec<Member>,
    /// Figures by their name as metrics.
    pub figures: Vec<(&'static str, f64)>,
}

/// Where the admin API has its documents.
pub(super) const ADMIN: [&str; 3] = ["/api/v1/overview", "/api/v1/stats", "/api/v1/cluster"];

/// Where the figures are, in `/api/v1/stats` or in the `stats` of the overview.
const FIGURES: [(&str, &str); 6] = [
    ("connections", "/connections/current"),
    ("messages_received", "/messages/received"),
    ("messages_sent", "/messages/sent"),
    ("bytes_received", "/bytes/received"),
    ("bytes_sent", "/bytes/sent"),
    ("protocol_errors", "/errors/protocol"),
];

/// Reads one document of the admin API into what is known; what a document does not have stays as
/// it was.
pub(super) fn admin(place: &str, reply: &Reply, known: &mut Admin) -> Result<(), Bad> {
    if reply.status != 200 {
        return Err(refused(place, reply.status));
    }
    let document = Value::Object(object(place, reply)?);
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str);
    if let Some(id) = text("/node_id") {
        known.node_id = Some(sanitize(id, TEXT_LIMIT));
    }
    let own = [("uptime", "/uptime_seconds"), ("sessions_total", "/sessions/total")];
    let own = own.iter().map(|(name, at)| (*name, (*at).to_owned()));
    let stats = if document.get("stats").is_some() { "/stats" } else { "" };
    let stats = FIGURES.iter().map(|(name, at)| (*name, format!("{stats}{at}")));
    for (name, at) in own.chain(stats) {
        let Some(value) = document.pointer(&at) else { continue };
        let Some(number) = value.as_f64().filter(|number| *number >= 0.0) else {
            return Err(Bad::unknown(format!("{place}: `{at}` is {}, no count", shown(value))));
        };
        known.figures.retain(|(have, _)| *have != name);
        known.figures.push((name, number));
    }
    let nodes = document.pointer("/cluster/nodes").or_else(|| document.get("nodes"));
    if let Some(Value::Array(nodes)) = nodes {
        known.members = nodes.iter().take(PART_LIMIT).filter_map(member).collect();
    }
    Ok(())
}

fn member(node: &Value) -> Option<Member> {
    let truth = |name: &str| node.get(name).and_then(Value::as_bool).unwrap_or(false);
    let id = node.get("id")?.as_str().filter(|id| !id.is_empty())?;
    let id = sanitize(id, TEXT_LIMIT);
    Some(Member { id, healthy: truth("healthy"), leads: truth("leader") })
}

#[cfg(test)]
#[path = "document_tests.rs"]
pub(super) mod tests;
