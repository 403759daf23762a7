//! The JSON documents of an instance, read: its figures, its health, its open `/health`.
//!
//! Both generations' shapes are known: the figures stand under `database`, `realtime` and
//! `storage`, or flat as the manual has them; what a document does not have is missing and no zero,
//! and what it has besides is left alone.

use serde_json::{Map, Value};

use super::super::reply::{self, Bad, PART_LIMIT, Reply, TEXT_LIMIT, said, shown};
use crate::model::safe_text::sanitize;
use crate::model::{Span, State};

/// The system's figures; asks for a login.
pub(super) const SYSTEM: &str = "/api/v1/monitoring/metrics";
/// The services and their states; asks for a login.
pub(super) const HEALTH: &str = "/api/v1/monitoring/health";
/// Whether it lives, for everybody.
pub(super) const LIVE: &str = "/health";

/// What was sent along to be let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Login {
    None,
    ServiceKey,
    Token,
}

/// Why an answer is no document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It says nothing, or nothing good.
    Bad(Bad),
    /// It is asked too often, and wants to be left alone so long: no state at all.
    Later(Span),
}

impl From<Bad> for Refusal {
    fn from(bad: Bad) -> Self {
        Self::Bad(bad)
    }
}

/// How long an instance is left alone that does not say how long.
const PAUSE: Span = Span::from_secs(60);
/// Longest time that it is left alone.
const LONGEST: Span = Span::from_secs(3600);

/// How long a 429 wants to be left alone.
pub(super) fn pause(reply: &Reply) -> Span {
    let header = reply.retry_after.as_ref().and_then(|text| text.trim().parse::<u64>().ok());
    let body = || serde_json::from_slice::<Value>(&reply.body).ok()?.get("retry_after")?.as_u64();
    let seconds = header.or_else(body);
    seconds.map_or(PAUSE, |seconds| Span::from_secs(seconds.clamp(1, LONGEST.millis() / 1000)))
}

/// The texts of an error document: what went wrong, and the scope that is missing.
fn complaint(reply: &Reply) -> (String, Option<String>) {
    let none = (String::new(), None);
    if reply.cut {
        return none;
    }
    let Ok(Value::Object(object)) = serde_json::from_slice(&reply.body) else { return none };
    let text = |key: &str| {
        let text = object.get(key)?.as_str()?;
        (!text.is_empty()).then(|| sanitize(text, TEXT_LIMIT))
    };
    let words: Vec<String> = [text("error"), text("message")].into_iter().flatten().collect();
    let words = words.join(": ");
    let words = if words.is_empty() { words } else { format!(" ({words})") };
    (words, text("required_scope"))
}

/// What a status says that brings no document.
fn refused(place: &str, reply: &Reply, login: Login) -> Refusal {
    let status = reply.status;
    if status == 429 {
        return Refusal::Later(pause(reply));
    }
    let (words, scope) = complaint(reply);
    let said = format!("{}{words}", said(place, status));
    let (state, mend) = match status {
        401 if place == LIVE => (State::Unknown, "; something before the instance wants a login"),
        401 => (State::Unknown, unknown_login(login)),
        403 => {
            let mend = match scope {
                Some(scope) => format!("; give the service key the scope `{scope}`"),
                None => "; the login's role may not see this: take a service key with the scope \
                         read:monitoring (monitoring:read in newer builds), or a token of the role \
                         service_role; a client key never may"
                    .to_owned(),
            };
            return Bad::unknown(format!("{said}{mend}")).into();
        }
        404 | 405 => (State::Unknown, "; no Fluxbase answers there"),
        407 => (State::Unknown, "; a proxy wants a login"),
        300..=399 => (State::Unknown, "; it leads elsewhere"),
        // A report of bad health has `services`; without it nobody says what is bad.
        503 if place != LIVE => (State::Unknown, "; a 503 without a report says nothing of health"),
        // It was reached and cannot serve, whoever says so.
        500..=599 => (State::Critical, ""),
        _ => (State::Unknown, ""),
    };
    Bad { state, text: format!("{said}{mend}") }.into()
}

const fn unknown_login(login: Login) -> &'static str {
    match login {
        Login::None => {
            "; write service_key = { env = \"NAME\" }, a service key with the scope read:monitoring \
             (monitoring:read in newer builds), or token"
        }
        Login::ServiceKey => {
            "; the service key is not, or no longer, known there: put a valid one where service_key \
             refers to"
        }
        Login::Token => {
            "; the token is wrong or has expired: put a valid one where token refers to, or use a \
             service_key, which lasts"
        }
    }
}

fn object(place: &str, reply: &Reply) -> Result<Map<String, Value>, Bad> {
    reply::object("Fluxbase", place, reply)
}

/// A part of the figures' document, with its keys.
pub(super) struct Section {
    /// What the manual calls it.
    pub title: &'static str,
    /// The object that its keys stand in; empty: the document itself.
    pub at: &'static str,
    /// The keys that the manual promises.
    pub keys: &'static [&'static str],
    /// Further ones.
    pub more: &'static [&'static str],
}

/// The figures by their sections, in the manual's order (SPEC FB-12).
pub(super) const SECTIONS: [Section; 5] = [
    Section {
        title: "System",
        at: "",
        keys: &["uptime_seconds", "go_version", "num_goroutines"],
        more: &[],
    },
    Section {
        title: "Memory",
        at: "",
        keys: &["memory_alloc_mb", "memory_sys_mb", "num_gc", "gc_pause_ms"],
        more: &["memory_total_alloc_mb"],
    },
    Section {
        title: "Database",
        at: "database",
        keys: &["acquired_conns", "idle_conns", "max_conns", "acquire_duration_ms"],
        more: &[
            "total_conns",
            "constructing_conns",
            "acquire_count",
            "canceled_acquire_count",
            "empty_acquire_count",
            "new_conns_count",
            "max_lifetime_destroy_count",
            "max_idle_destroy_count",
        ],
    },
    Section {
        title: "Realtime",
        at: "realtime",
        keys: &["total_connections", "active_channels", "total_subscriptions"],
        more: &[],
    },
    Section {
        title: "Storage",
        at: "storage",
        keys: &["total_buckets", "total_files", "total_size_gb"],
        more: &[],
    },
];

/// The one key that is a text.
pub(super) const VERSION: &str = "go_version";

/// One figure.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figure {
    /// The object that it stands in; empty: the document itself.
    pub at: &'static str,
    pub key: &'static str,
    pub value: f64,
}

/// The figures that a document has.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct System {
    pub figures: Vec<Figure>,
    pub version: Option<String>,
}

impl System {
    pub fn get(&self, key: &str) -> Option<f64> {
        self.figures.iter().find(|figure| figure.key == key).map(|figure| figure.value)
    }
}

/// Reads the figures.
pub(super) fn system(reply: &Reply, login: Login) -> Result<System, Refusal> {
    if reply.status != 200 {
        return Err(refused(SYSTEM, reply, login));
    }
    let document = object(SYSTEM, reply)?;
    let mut known = System::default();
    for section in &SECTIONS {
        let inner = document.get(section.at).and_then(Value::as_object);
        for key in section.keys.iter().chain(section.more) {
            let value = inner.and_then(|inner| inner.get(*key)).or_else(|| document.get(*key));
            let Some(value) = value.filter(|value| !value.is_null()) else { continue };
            let place = [section.at, key].join(".");
            let place = place.trim_start_matches('.');
            if *key == VERSION {
                known.version = value.as_str().map(|text| sanitize(text, TEXT_LIMIT));
                continue;
            }
            let number = value.as_f64().filter(|number| *number >= 0.0);
            let Some(value) = number else {
                let why = format!("{SYSTEM}: `{place}` is {}, no count", shown(value));
                return Err(Bad::unknown(why).into());
            };
            known.figures.push(Figure { at: section.at, key, value });
        }
    }
    if known.figures.is_empty() {
        let why = format!("{SYSTEM}: it has none of Fluxbase's figures");
        return Err(Bad::unknown(why).into());
    }
    Ok(known)
}

/// How a service, or all of them, are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Health {
    Healthy,
    Degraded,
    Unhealthy,
}

impl Health {
    const ALL: [Self; 3] = [Self::Healthy, Self::Degraded, Self::Unhealthy];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }

    fn read(place: &str, at: &str, value: Option<&Value>) -> Result<Self, Bad> {
        let word = value.and_then(Value::as_str);
        Self::ALL.into_iter().find(|known| word == Some(known.word())).ok_or_else(|| {
            let what = value.map_or("missing".to_owned(), shown);
            Bad::unknown(format!("{place}: `{at}` is {what}, not healthy, degraded or unhealthy"))
        })
    }
}

/// One service of the report.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Service {
    pub name: String,
    pub health: Health,
    pub message: String,
    /// Seconds of its test; none when it rounds to nothing.
    pub latency: Option<f64>,
}

/// The report of health.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Report {
    pub health: Health,
    pub services: Vec<Service>,
}

/// Reads the report: 200 healthy or degraded, 503 unhealthy; without `services` it is none.
pub(super) fn health(reply: &Reply, login: Login) -> Result<Report, Refusal> {
    if !matches!(reply.status, 200 | 503) {
        return Err(refused(HEALTH, reply, login));
    }
    let document = match object(HEALTH, reply) {
        Ok(object) if reply.status == 200 || object.contains_key("services") => object,
        Err(bad) if reply.status == 200 => return Err(bad.into()),
        _ => return Err(refused(HEALTH, reply, login)),
    };
    let health = Health::read(HEALTH, "status", document.get("status"))?;
    let Some(Value::Object(services)) = document.get("services") else {
        let what = document.get("services").map_or("missing".to_owned(), shown);
        return Err(Bad::unknown(format!("{HEALTH}: `services` is {what}, no object")).into());
    };
    if (health == Health::Unhealthy) != (reply.status == 503) {
        let (status, word) = (reply.status, health.word());
        let why = format!("{HEALTH}: HTTP {status}, but `status` is `{word}`");
        return Err(Bad::unknown(why).into());
    }
    let read = |(name, part): (&String, &Value)| {
        let name = sanitize(name, TEXT_LIMIT);
        let at = format!("services.{name}.status");
        let health = Health::read(HEALTH, &at, part.get("status"))?;
        let message = part.get("message").and_then(Value::as_str).unwrap_or_default();
        let latency = part.get("latency_ms").and_then(Value::as_f64).filter(|ms| *ms >= 0.0);
        Ok(Service {
            name,
            health,
            message: sanitize(message, TEXT_LIMIT),
            latency: latency.map(|ms| ms / 1000.0),
        })
    };
    let services: Result<Vec<Service>, Bad> = services.iter().take(PART_LIMIT).map(read).collect();
    Ok(Report { health, services: services? })
}

/// What the open `/health` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Live {
    /// Its word: `ok`, or `degraded` with 503.
    pub is_ok: bool,
    /// Services that it says something of, for whom it says it.
    pub services: Vec<(String, bool)>,
}

/// Reads the open `/health` of either generation.
pub(super) fn live(reply: &Reply) -> Result<Live, Refusal> {
    if !matches!(reply.status, 200 | 503) {
        return Err(refused(LIVE, reply, Login::None));
    }
    if reply.status == 200 && reply.body.trim_ascii() == b"OK" {
        let why = "the body is `OK`, as that of the metrics server, and the app server is on \
                   another port (8080)";
        return Err(Bad::unknown(format!("{LIVE}: {why}")).into());
    }
    let document = match object(LIVE, reply) {
        Ok(object) if reply.status == 200 || object.contains_key("status") => object,
        Err(bad) if reply.status == 200 => return Err(bad.into()),
        _ => return Err(refused(LIVE, reply, Login::None)),
    };
    let word = document.get("status").and_then(Value::as_str);
    let is_ok = match (word, reply.status) {
        (Some("ok"), 200) => true,
        (Some("degraded"), 503) => false,
        _ => {
            let what = document.get("status").map_or("missing".to_owned(), shown);
            let why = format!("{LIVE}: HTTP {}, and `status` is {what}, not ok", reply.status);
            return Err(Bad::unknown(why).into());
        }
    };
    let services = document.get("services").and_then(Value::as_object);
    let services = services.into_iter().flatten().take(PART_LIMIT);
    // Not for everybody, and the database's size is a text.
    let services =
        services.filter_map(|(name, up)| Some((sanitize(name, TEXT_LIMIT), up.as_bool()?)));
    Ok(Live { is_ok, services: services.collect() })
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
