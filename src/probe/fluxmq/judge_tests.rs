//! Clusters that stand, and each way in which one can break.

use super::super::document::tests::{DEGRADED, NOMINAL, STORAGE, reply};
use super::super::document::{Member, alive, ready, status};
use super::*;
use State::{Critical, Ok as Good, Unknown, Warning};

pub(in crate::probe::fluxmq) fn node(name: &str, document: &str, leads: bool) -> Node {
    let code = if document == STORAGE { 503 } else { 200 };
    let who = format!(
        r#"{{"node_id":"{name}-id","is_leader":{leads},"cluster_mode":true,"sessions":4}}"#
    );
    Node {
        name: name.to_owned(),
        silent: None,
        ready: ready(&reply(code, document)),
        alive: alive(&reply(200, r#"{"status":"healthy"}"#)),
        status: status(&reply(200, &who)),
        admin: None,
        garbled: None,
        notes: Vec::new(),
        took: 0.01,
    }
}

fn silent(name: &str, kind: FailureKind) -> Node {
    let failure = Failure::new(kind, format!("{name} does not answer"));
    Node { silent: Some(failure), ..node(name, NOMINAL, false) }
}

fn single(name: &str) -> Node {
    let who = r#"{"node_id":"single-node","is_leader":false,"cluster_mode":false,"sessions":1}"#;
    Node { status: status(&reply(200, who)), ..node(name, NOMINAL, false) }
}

fn with_members(node: Node, members: &[(&str, bool, bool)]) -> Node {
    let member = |(id, healthy, leads): &(&str, bool, bool)| Member {
        id: (*id).to_owned(),
        healthy: *healthy,
        leads: *leads,
    };
    let members = members.iter().map(member).collect();
    Node { admin: Some(Admin { members, ..Admin::default() }), ..node }
}

fn three(changed: impl Fn(&str) -> Option<Node>) -> Vec<Node> {
    let names = [("a", true), ("b", false), ("c", false)];
    names.map(|(name, leads)| changed(name).unwrap_or_else(|| node(name, NOMINAL, leads))).into()
}

fn said(nodes: &[Node], scope: FluxmqScope) -> (State, String) {
    let found = judge(nodes, scope);
    let state = found.iter().fold(Good, |worst, (state, _)| worst.worst(*state));
    (state, found.into_iter().map(|(_, why)| why).collect::<Vec<_>>().join("; "))
}

#[test]
fn fq_09_fq_11_one_node_is_what_it_says() {
    for (node, state, words) in [
        (node("a", NOMINAL, false), Good, ""),
        (single("a"), Good, ""),
        (node("a", DEGRADED, false), Warning, "degraded: 1/2 peers reachable"),
        (node("a", STORAGE, false), Critical, "not ready: storage unavailable: storage down"),
        (silent("a", FailureKind::Refused), Critical, "a does not answer"),
        (silent("a", FailureKind::Timeout), Critical, "a does not answer"),
        (silent("a", FailureKind::Resolve), Unknown, "a does not answer"),
        (silent("a", FailureKind::NoRoute), Unknown, "a does not answer"),
    ] {
        let (found, why) = said(&[node], FluxmqScope::All);
        assert_eq!(found, state, "{why}");
        assert!(why.contains(words), "{why}");
    }
}

#[test]
fn fq_14_a_cluster_has_exactly_one_leader_and_its_nodes_agree() {
    assert_eq!(said(&three(|_| None), FluxmqScope::All), (Good, String::new()));
    type Change = fn(&str) -> Option<Node>;
    let cases: [(Change, State, &str); 9] = [
        (|n| (n == "a").then(|| node("a", NOMINAL, false)), Critical, "no leader"),
        (|n| (n == "b").then(|| node("b", NOMINAL, true)), Critical, "2 leaders: a, b"),
        (
            |n| (n == "c").then(|| single("c")),
            Critical,
            "nodes disagree: c by itself, a, b in a cluster",
        ),
        (|n| Some(single(n)), Critical, "no cluster: a, b, c each run by themselves"),
        // The leader is dead: nothing listens, and nobody took over.
        (|n| (n == "a").then(|| silent("a", FailureKind::Refused)), Critical, "no leader"),
        // It may lead where we cannot see it.
        (
            |n| (n == "a").then(|| silent("a", FailureKind::Timeout)),
            Unknown,
            "no leader among the nodes that say so; a may be it",
        ),
        (|n| Some(silent(n, FailureKind::Refused)), Critical, "no node says who it is"),
        (|n| Some(silent(n, FailureKind::NoRoute)), Unknown, "no node says who it is"),
        (
            |n| (n == "b").then(|| Node { name: "b".to_owned(), ..node("a", NOMINAL, true) }),
            Unknown,
            "a and b are the same node, `a-id`",
        ),
    ];
    for (change, state, words) in cases {
        let (found, why) = said(&three(change), FluxmqScope::Cluster);
        assert_eq!(found, state, "{why}");
        assert!(why.contains(words), "{why}, not {words}");
    }
}

#[test]
fn fq_14_what_the_admin_apis_say_of_each_other_is_held_against_the_nodes() {
    let all: [(&str, bool, bool); 3] =
        [("a-id", true, true), ("b-id", true, false), ("c-id", true, false)];
    let agreed = three(|n| Some(with_members(node(n, NOMINAL, n == "a"), &all)));
    assert_eq!(said(&agreed, FluxmqScope::All), (Good, String::new()));
    let denied = three(|n| Some(with_members(node(n, NOMINAL, false), &all)));
    let (state, why) = said(&denied, FluxmqScope::All);
    assert_eq!(state, Critical);
    assert!(
        why.contains("nodes disagree about the leader: a says `a-id` leads, that one"),
        "{why}"
    );
    let other = three(|n| {
        (n == "c").then(|| {
            let theirs = [("c-id", true, false), ("b-id", true, true), ("a-id", true, false)];
            with_members(node("c", NOMINAL, false), &theirs)
        })
    });
    let (state, why) = said(&other, FluxmqScope::All);
    assert!(state == Critical && why.contains("c says `b-id` leads, `a-id` says that it"), "{why}");
    let fewer = three(|n| {
        let mine = if n == "b" { &all[..2] } else { &all[..] };
        Some(with_members(node(n, NOMINAL, n == "a"), mine))
    });
    let (state, why) = said(&fewer, FluxmqScope::All);
    assert!(state == Warning && why.contains("a knows 3 nodes, b 2"), "{why}");
}

#[test]
fn fq_09_a_bad_node_is_mild_for_a_cluster_that_serves_and_whole_where_it_is_asked_alone() {
    type Change = fn(&str) -> Option<Node>;
    let cases: [(Change, State, &str); 3] = [
        (|n| (n == "c").then(|| node("c", STORAGE, false)), Critical, "c: not ready: storage"),
        (
            |n| (n == "c").then(|| silent("c", FailureKind::Refused)),
            Critical,
            "c: c does not answer",
        ),
        (|n| (n == "c").then(|| node("c", DEGRADED, false)), Warning, "c: degraded: 1/2 peers"),
    ];
    for (change, state, words) in cases {
        let (found, why) = said(&three(change), FluxmqScope::All);
        assert!(found == state && why.contains(words), "{found} {why}");
        let (found, why) = said(&three(change), FluxmqScope::Cluster);
        assert!(found == Warning && why.contains(words), "{found} {why}");
    }
    // Nobody serves any more.
    let (found, why) = said(&three(|n| Some(node(n, STORAGE, n == "a"))), FluxmqScope::Cluster);
    assert!(found == Critical && why.contains("a: not ready"), "{why}");
}

#[test]
fn fq_13_an_admin_api_of_another_node_is_noticed() {
    let mut odd = node("a", NOMINAL, true);
    odd.admin = Some(Admin { node_id: Some("b-id".to_owned()), ..Admin::default() });
    let (state, why) = said(&[odd], FluxmqScope::All);
    assert_eq!(state, Unknown);
    assert_eq!(why, "its admin API is node `b-id`, and it is `a-id`");
}
