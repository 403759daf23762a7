//! What nodes say, put together: one of them, or all as a cluster. Pure.
//!
//! | what is seen | state |
//! |---|---|
//! | nominal | OK |
//! | degraded (HTTP 200: it serves) | WARNING; for how long is a rule's to judge (SPEC FQ-09, FQ-16) |
//! | `not_ready`, with its component | CRITICAL |
//! | a node that does not answer | CRITICAL or UNKNOWN by how (SPEC D-27) |
//! | 5xx without a report | CRITICAL |
//! | a document that cannot be read, 401, 403, 404, 429 | UNKNOWN, its place is named |
//! | no leader, two leaders, nodes that disagree | CRITICAL |
//! | no leader, and a silent node may be it | UNKNOWN |
//! | two nodes that are one | UNKNOWN |
//!
//! Where the nodes have checks of their own, a bad one is at most WARNING for the cluster as long
//! as another one is ready.

use std::collections::BTreeSet;

use super::document::{Admin, Bad, Mode, Ready, Status};
use crate::model::spec::FluxmqScope;
use crate::model::{Failure, FailureKind, State};

/// What one node answered.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub name: String,
    /// Why it does not answer at all; then nothing else was asked.
    pub silent: Option<Failure>,
    pub ready: Result<Ready, Bad>,
    pub alive: Result<(), Bad>,
    pub status: Result<Status, Bad>,
    /// What its admin API says, where it has an address and answers.
    pub admin: Option<Admin>,
    /// A document of its admin API that cannot be read.
    pub garbled: Option<Bad>,
    /// What is worth knowing and changes no state.
    pub notes: Vec<String>,
    /// Seconds to its first answer.
    pub took: f64,
}

/// A state with its reason.
pub(super) type Finding = (State, String);

impl Node {
    /// What it says, when it can be read.
    pub fn mode(&self) -> Option<Mode> {
        self.ready.as_ref().ok().filter(|_| self.silent.is_none()).map(|ready| ready.mode)
    }

    /// True when it may be in any mode: it was not reached, or what it says cannot be read. One
    /// that is down is in none.
    pub fn is_hidden(&self) -> bool {
        match &self.silent {
            Some(failure) => silence(failure) == State::Unknown,
            None => self.ready.as_ref().is_err_and(|bad| bad.state == State::Unknown),
        }
    }

    /// Who it is, when it can be read.
    pub fn who(&self) -> Option<&Status> {
        self.status.as_ref().ok().filter(|_| self.silent.is_none())
    }

    /// True when it serves.
    pub fn serves(&self) -> bool {
        matches!(self.mode(), Some(Mode::Nominal | Mode::Degraded))
    }

    /// Peers that it reaches, and all of them, by itself or by its admin API.
    pub fn peers(&self) -> Option<(u32, u32)> {
        if self.silent.is_some() {
            return None;
        }
        self.ready.as_ref().ok().and_then(|ready| ready.peers).or_else(|| {
            let admin = self.admin.as_ref().filter(|admin| !admin.members.is_empty())?;
            let own = admin.node_id.as_ref().or_else(|| self.who().map(|who| &who.node_id))?;
            let others = admin.members.iter().filter(|member| member.id != *own);
            let reached = others.clone().filter(|member| member.healthy).count();
            Some((u32::try_from(reached).ok()?, u32::try_from(others.count()).ok()?))
        })
    }

    /// What is wrong with it, the worst first.
    pub fn findings(&self) -> Vec<Finding> {
        let mut found: Vec<Finding> = Vec::new();
        if let Some(failure) = &self.silent {
            found.push((silence(failure), failure.message.to_string()));
            return found;
        }
        match &self.ready {
            Ok(Ready { mode: Mode::Nominal, .. }) => {}
            Ok(Ready { mode: Mode::Degraded, why, .. }) => {
                let why = if why.is_empty() { String::new() } else { format!(": {why}") };
                found.push((State::Warning, format!("degraded{why}")));
            }
            Ok(Ready { mode: Mode::NotReady, why, .. }) => {
                found.push((State::Critical, format!("not ready: {why}")));
            }
            Err(bad) => found.push((bad.state, bad.text.clone())),
        }
        let others = [self.alive.as_ref().err(), self.status.as_ref().err(), self.garbled.as_ref()];
        found.extend(others.into_iter().flatten().map(|bad| (bad.state, bad.text.clone())));
        if let (Some(who), Some(Admin { node_id: Some(id), .. })) = (self.who(), &self.admin)
            && who.cluster_mode
            && who.node_id != *id
        {
            let why = format!("its admin API is node `{id}`, and it is `{}`", who.node_id);
            found.push((State::Unknown, why));
        }
        worst_first(&mut found);
        found
    }
}

/// What it means that nothing came back (SPEC D-27).
fn silence(failure: &Failure) -> State {
    if failure.kind.blames_target() { State::Critical } else { State::Unknown }
}

fn worst_first(found: &mut [Finding]) {
    // Stable: of equals the first one found stays first.
    found.sort_by_key(|(state, _)| std::cmp::Reverse(state.severity()));
}

/// Judges nodes: one by itself, several as a cluster.
pub(super) fn judge(nodes: &[Node], scope: FluxmqScope) -> Vec<Finding> {
    if let [alone] = nodes {
        return alone.findings();
    }
    let mut found = cluster(nodes);
    let milder = scope == FluxmqScope::Cluster && nodes.iter().any(Node::serves);
    for node in nodes {
        let own = node.findings().into_iter();
        found.extend(own.map(|(state, why)| {
            let state = if milder { State::Warning } else { state };
            (state, format!("{}: {why}", node.name))
        }));
    }
    worst_first(&mut found);
    found
}

/// What the nodes are together.
fn cluster(nodes: &[Node]) -> Vec<Finding> {
    let mut found = Vec::new();
    let known: Vec<(&Node, &Status)> =
        nodes.iter().filter_map(|node| Some((node, node.who()?))).collect();
    if known.is_empty() {
        let all_refuse = nodes.iter().all(|node| {
            node.silent.as_ref().is_some_and(|failure| silence(failure) == State::Critical)
        });
        let state = if all_refuse { State::Critical } else { State::Unknown };
        found.push((state, "no node says who it is".to_owned()));
        return found;
    }
    if let Some(twice) = twice(&known) {
        // What they say of each other cannot be told apart.
        return vec![(State::Unknown, twice)];
    }
    let alone: Vec<&str> = named(&known, |who| !who.cluster_mode);
    let joined: Vec<&str> = named(&known, |who| who.cluster_mode);
    if joined.is_empty() {
        let why = format!("no cluster: {} each run by themselves", alone.join(", "));
        return vec![(State::Critical, why)];
    }
    if !alone.is_empty() {
        let (alone, joined) = (alone.join(", "), joined.join(", "));
        let why = format!("nodes disagree: {alone} by itself, {joined} in a cluster");
        found.push((State::Critical, why));
    }
    found.extend(leader(nodes, &known));
    found.extend(members(&known));
    found
}

fn named<'a>(known: &[(&'a Node, &Status)], so: impl Fn(&Status) -> bool) -> Vec<&'a str> {
    known.iter().filter(|(_, who)| so(who)).map(|(node, _)| node.name.as_str()).collect()
}

/// Two entries that reach the same node.
fn twice(known: &[(&Node, &Status)]) -> Option<String> {
    known.iter().enumerate().find_map(|(at, (node, who))| {
        // Every node without a cluster has the same id.
        let same = |(_, other): &&(&Node, &Status)| {
            who.cluster_mode && other.cluster_mode && other.node_id == who.node_id
        };
        let (first, _) = known.iter().take(at).find(same)?;
        Some(format!("{} and {} are the same node, `{}`", first.name, node.name, who.node_id))
    })
}

/// Who leads: exactly one, by the nodes' own words and by those of the others.
fn leader(nodes: &[Node], known: &[(&Node, &Status)]) -> Option<Finding> {
    let leaders: Vec<&str> = named(known, |who| who.is_leader);
    if leaders.len() > 1 {
        let why = format!("{} leaders: {}", leaders.len(), leaders.join(", "));
        return Some((State::Critical, why));
    }
    let own: Option<&str> =
        known.iter().find(|(_, who)| who.is_leader).map(|(_, who)| &*who.node_id);
    // What one says of another.
    let told = |node: &'_ Node| -> Option<String> {
        let member = node.admin.as_ref()?.members.iter().find(|member| member.leads)?;
        Some(member.id.clone())
    };
    let others: Vec<(&str, String)> =
        known.iter().filter_map(|(node, _)| Some((node.name.as_str(), told(node)?))).collect();
    let is_denied = |id: &str| known.iter().any(|(_, who)| who.node_id == id && !who.is_leader);
    if let Some((name, id)) =
        others.iter().find(|(_, id)| own.is_some_and(|own| own != id) || is_denied(id))
    {
        let instead = match own {
            Some(own) => format!("`{own}` says that it does"),
            None => "that one says that it does not".to_owned(),
        };
        let why = format!("nodes disagree about the leader: {name} says `{id}` leads, {instead}");
        return Some((State::Critical, why));
    }
    if own.is_some() || !others.is_empty() {
        return None;
    }
    // A node that refuses is not there, and cannot lead; any other one may.
    let hidden = nodes.iter().filter(|node| {
        node.who().is_none()
            && node.silent.as_ref().is_none_or(|failure| failure.kind != FailureKind::Refused)
    });
    let hidden: Vec<&str> = hidden.map(|node| node.name.as_str()).collect();
    if hidden.is_empty() {
        return Some((State::Critical, "no leader".to_owned()));
    }
    let why = format!("no leader among the nodes that say so; {} may be it", hidden.join(", "));
    Some((State::Unknown, why))
}

/// Whether the nodes know the same nodes.
fn members(known: &[(&Node, &Status)]) -> Option<Finding> {
    let lists = known.iter().filter_map(|(node, _)| {
        let admin = node.admin.as_ref().filter(|admin| !admin.members.is_empty())?;
        let ids: BTreeSet<&str> = admin.members.iter().map(|member| &*member.id).collect();
        Some((node.name.as_str(), ids))
    });
    let lists: Vec<_> = lists.collect();
    let (first, ids) = lists.first()?;
    let (other, theirs) = lists.iter().find(|(_, theirs)| theirs != ids)?;
    let why = format!(
        "nodes disagree about the cluster: {first} knows {} nodes, {other} {}{}",
        ids.len(),
        theirs.len(),
        if ids.len() == theirs.len() { " others" } else { "" },
    );
    Some((State::Warning, why))
}

#[cfg(test)]
#[path = "judge_tests.rs"]
pub(super) mod tests;
