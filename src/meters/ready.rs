//! Whether this server can do its work: a pure judgement of what the parts did, in the shape that
//! load-balancers and Kubernetes know from `FluxMQ` (FACTS 2.1).
//!
//! In: what is known of each part, and the moment. Out: the document of `GET /ready`.
//! Never: names a host, a check or a place; waits; reads a clock.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{Span, Steady};

/// A result, once due and run to its time limit, may be late by so much.
const GRACE: Span = Span::from_secs(5);
/// The outbox turns every second; after so long it stands still.
const TURN: Span = Span::from_secs(10);
/// Checks that start so late are worth saying.
const LAGS: Span = Span::from_secs(10);
/// Checks that start so late are not run in any useful sense.
const LOST: Span = Span::from_secs(60);

/// The engine, which stands in the place of the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broker {
    /// It has not begun.
    Missing,
    /// Its loop gives no answer.
    Silent,
    /// It answers.
    Answers,
}

/// The store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// It is not open.
    Missing,
    /// It takes no write, and why.
    Fails(&'static str),
    /// It takes writes.
    Works,
}

/// Several servers on one store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// This server's name; empty before it has one.
    pub node_id: String,
    /// Whether it leads.
    pub is_leader: bool,
    /// Whether any server does.
    pub led: bool,
    /// The others, and how many of them answer.
    pub peers: usize,
    /// How many of them answer.
    pub reachable: usize,
}

/// The scheduler, by what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// When a result was last taken, or began to be expected.
    pub last_result: Option<Steady>,
    /// The shortest interval of a check with its time limit; `None` while no check runs.
    pub within: Option<Span>,
    /// Checks that run.
    pub checks: u64,
    /// Those of them whose result is late.
    pub late: u64,
    /// How late checks start.
    pub lag: Span,
}

/// Workers on other machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agents {
    /// How many there should be.
    pub known: usize,
    /// How many speak.
    pub connected: usize,
}

/// What is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The engine.
    pub broker: Broker,
    /// The store.
    pub storage: Storage,
    /// The other servers; `None` where there is one.
    pub cluster: Option<Cluster>,
    /// The scheduler.
    pub schedule: Schedule,
    /// When the outbox last sent off what was due; `None` before its first turn.
    pub posted: Option<Steady>,
    /// Notifications that were given up and that nobody has looked after.
    pub parked: u64,
    /// The agents; `None` where there are none.
    pub agents: Option<Agents>,
}

/// One part in the document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// `up` or `down`.
    pub status: &'static str,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
}

/// The document of `GET /ready`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// `ready` or `not_ready`.
    pub status: &'static str,
    /// `nominal` or `degraded`, only when ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<&'static str>,
    /// Why, only when not ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
    /// The parts; what comes after the first of the main ones that fails is left out.
    pub checks: BTreeMap<&'static str, Check>,
}

impl Readiness {
    /// Whether requests may be sent here.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.details.is_none()
    }
}

/// The document while it is written.
#[derive(Default)]
struct Draft {
    checks: BTreeMap<&'static str, Check>,
    details: Option<String>,
    degraded: bool,
}

impl Draft {
    fn up(&mut self, name: &'static str) {
        self.checks.insert(name, Check { status: "up", details: None });
    }

    fn down(&mut self, name: &'static str, why: impl Into<String>) {
        self.checks.insert(name, Check { status: "down", details: Some(why.into()) });
    }

    /// It cannot work; the first cause is the one that is named.
    fn fail(&mut self, name: &'static str, why: impl Into<String>, details: &str) {
        self.down(name, why);
        self.details.get_or_insert_with(|| details.to_owned());
    }

    fn end(self) -> Readiness {
        let mode = if self.degraded { "degraded" } else { "nominal" };
        let (status, mode) =
            if self.details.is_some() { ("not_ready", None) } else { ("ready", Some(mode)) };
        Readiness { status, mode, details: self.details, checks: self.checks }
    }
}

/// Judges at `now`.
#[must_use]
pub fn judge(facts: &Facts, now: Steady) -> Readiness {
    let mut draft = Draft::default();
    if main_parts(facts, &mut draft) {
        scheduler(&facts.schedule, now, &mut draft);
        outbox(facts, now, &mut draft);
        if let Some(agents) = facts.agents.filter(|agents| agents.connected < agents.known) {
            let Agents { connected, known } = agents;
            draft.down("agents", format!("{connected}/{known} agents connected"));
            draft.degraded = true;
        }
    }
    draft.end()
}

/// Broker, storage, cluster, up to the first that fails; gives whether none does.
fn main_parts(facts: &Facts, draft: &mut Draft) -> bool {
    const NOT_BEGUN: &str = "not initialized";
    match facts.broker {
        Broker::Missing => {
            draft.fail("broker", NOT_BEGUN, "broker not initialized");
            return false;
        }
        Broker::Silent => draft.down("broker", "does not answer"),
        Broker::Answers => draft.up("broker"),
    }
    // An engine that waits for its store is silent too: then the store is the cause.
    match facts.storage {
        Storage::Missing => draft.fail("storage", NOT_BEGUN, "storage not initialized"),
        Storage::Fails(why) => draft.fail("storage", why, "storage unavailable"),
        Storage::Works if facts.broker == Broker::Silent => {
            draft.details = Some("broker does not answer".to_owned());
        }
        Storage::Works => draft.up("storage"),
    }
    match &facts.cluster {
        _ if draft.details.is_some() => {}
        None => {}
        Some(cluster) if cluster.node_id.is_empty() => {
            draft.fail("cluster", NOT_BEGUN, "cluster not initialized");
        }
        Some(Cluster { led: false, .. }) => {
            draft.fail("cluster", "no server leads", "no server leads at the moment");
        }
        Some(Cluster { peers, reachable, .. }) => {
            draft.up("cluster");
            if reachable < peers {
                // It stays up: the rest goes on, and so may the traffic.
                let details = Some(format!("{reachable}/{peers} peers reachable"));
                draft.checks.insert("cluster", Check { status: "up", details });
                draft.degraded = true;
            }
        }
    }
    draft.details.is_none()
}

fn scheduler(schedule: &Schedule, now: Steady, draft: &mut Draft) {
    const STANDS: &str = "scheduler does not run checks";
    let Some(within) = schedule.within else { return };
    let silent = schedule.last_result.map_or(Span::ZERO, |last| now.since(last));
    if silent > within + GRACE {
        draft.fail("scheduler", format!("no result for {}", whole(silent)), STANDS);
    } else if schedule.late * 2 > schedule.checks {
        let Schedule { late, checks, .. } = schedule;
        draft.fail("scheduler", format!("{late}/{checks} checks are late"), STANDS);
    } else if schedule.lag > LOST {
        draft.fail("scheduler", format!("checks start {} late", whole(schedule.lag)), STANDS);
    } else if schedule.lag > LAGS {
        draft.down("scheduler", format!("checks start {} late", whole(schedule.lag)));
        draft.degraded = true;
    }
}

/// In whole seconds: less is noise.
const fn whole(span: Span) -> Span {
    Span::from_secs(span.millis() / 1000)
}

fn outbox(facts: &Facts, now: Steady, draft: &mut Draft) {
    if facts.posted.is_some_and(|posted| now.since(posted) > TURN) {
        draft.fail("outbox", "stands still", "outbox does not send notifications");
    } else if facts.parked > 0 {
        draft.down("outbox", format!("notifications given up: {}", facts.parked));
        draft.degraded = true;
    }
}

#[cfg(test)]
#[path = "ready_tests.rs"]
mod tests;
