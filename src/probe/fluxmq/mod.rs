//! `FluxMQ`: the health server of each node and, where it has an address, its admin API.
//!
//! In: the nodes of a cluster. Out: who is ready, degraded or not, who leads; the table of nodes,
//! metrics, the series `fluxmq_ready_mode`.
//! Never: reads an answer above its limit, follows a redirect, or takes what cannot be read for a
//! state.

mod document;
mod judge;
mod show;

use std::time::Instant;

use tokio::task::JoinSet;

use self::document::{ADMIN, Admin, Bad, HEALTH, READY, Reply, STATUS};
use self::judge::Node;
use super::context::Context;
use super::reply::{Missed, Question};
use crate::model::spec::{FluxmqNode, FluxmqSpec};
use crate::model::{Check, Failure, FailureKind, Observation};

/// Asks all nodes once, all at the same time.
///
/// # Errors
/// Why the only node does not answer; of several the silent ones are in the observation.
pub(super) async fn run(
    check: &Check,
    spec: &FluxmqSpec,
    context: &Context,
) -> Result<Observation, Failure> {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for (at, node) in spec.nodes.iter().enumerate() {
        let asker = Asker {
            check: check.clone(),
            context: context.clone(),
            insecure: spec.insecure,
            family: spec.family,
            several: spec.nodes.len() > 1,
        };
        let node = node.clone();
        tasks.spawn(async move { (at, asker.node(&node).await) });
    }
    let mut nodes = Vec::with_capacity(spec.nodes.len());
    while let Some(done) = tasks.join_next().await {
        nodes.push(done.map_err(|why| Failure::new(FailureKind::Internal, why.to_string()))?);
    }
    nodes.sort_by_key(|(at, _)| *at);
    let nodes: Vec<Node> = nodes.into_iter().map(|(_, node)| node).collect();
    if let [Node { silent: Some(failure), .. }] = &nodes[..] {
        return Err(failure.clone());
    }
    let found = judge::judge(&nodes, spec.scope);
    Ok(show::observation(&nodes, spec.scope, &found, start.elapsed().as_secs_f64()))
}

/// Asks the servers of one node.
struct Asker {
    check: Check,
    context: Context,
    insecure: bool,
    family: crate::model::spec::Family,
    several: bool,
}

impl Asker {
    /// `/ready` first: where nothing answers, nothing else is asked.
    async fn node(&self, node: &FluxmqNode) -> Node {
        let start = Instant::now();
        let ready = self.ask(&node.url, READY).await;
        let took = start.elapsed().as_secs_f64();
        let mut seen = Node {
            name: node.name.clone(),
            silent: None,
            ready: Err(Bad::unknown("not asked")),
            alive: Ok(()),
            status: Err(Bad::unknown("not asked")),
            admin: None,
            garbled: None,
            notes: Vec::new(),
            took,
        };
        match ready {
            Ok(reply) => seen.ready = document::ready(&reply),
            Err(Missed::Silent(failure)) => {
                seen.silent = Some(failure);
                return seen;
            }
            Err(missed) => seen.ready = Err(missed.bad(READY)),
        }
        let (alive, status, ()) = tokio::join!(
            self.ask(&node.url, HEALTH),
            self.ask(&node.url, STATUS),
            self.admin(node, &mut seen.admin, &mut seen.garbled, &mut seen.notes),
        );
        seen.alive = match alive {
            Ok(reply) => document::alive(&reply),
            Err(missed) => Err(missed.bad(HEALTH)),
        };
        seen.status = match status {
            Ok(reply) => document::status(&reply),
            Err(missed) => Err(missed.bad(STATUS)),
        };
        seen
    }

    /// The admin API: where it cannot be reached, that is a note and no state.
    async fn admin(
        &self,
        node: &FluxmqNode,
        admin: &mut Option<Admin>,
        garbled: &mut Option<Bad>,
        notes: &mut Vec<String>,
    ) {
        let Some(url) = &node.admin else { return };
        let mut known = Admin::default();
        let mut answered = false;
        for place in ADMIN {
            // Of several nodes only what they say of each other is looked at.
            if self.several && !place.ends_with("/cluster") {
                continue;
            }
            match self.ask(url, place).await {
                Ok(reply) if reply.status == 200 => {
                    match document::admin(place, &reply, &mut known) {
                        Ok(()) => answered = true,
                        Err(bad) => *garbled = Some(bad),
                    }
                }
                Ok(reply) => {
                    let why = document::admin(place, &reply, &mut known).err();
                    notes.extend(why.map(|bad| format!("admin API {}", bad.text)));
                }
                Err(Missed::Silent(failure)) => {
                    notes.push(format!("admin API: {}", failure.message));
                    break;
                }
                Err(missed @ Missed::Broken(..)) => *garbled = Some(missed.bad(place)),
            }
        }
        *admin = answered.then_some(known);
    }

    async fn ask(&self, base: &str, place: &str) -> Result<Reply, Missed> {
        let question = Question {
            check: &self.check,
            context: &self.context,
            headers: std::collections::BTreeMap::new(),
            max_body: FluxmqSpec::MAX_BODY,
            insecure: self.insecure,
            family: self.family,
        };
        question.ask(base, place).await
    }
}
