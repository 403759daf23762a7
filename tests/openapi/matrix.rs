//! Who may do what: every operation of the document as nobody and as each role is answered as the
//! document's role says, and whoever is refused changed nothing.

use fluxnoc::model::Role;
use serde_json::json;

use crate::known::Known;
use crate::net::{Commits, Net, PASSWORD};
use crate::requests::{Sent, Way, make};
use crate::stage::{self, Operation};
use crate::values::Draw;

/// The role from which on an operation may be asked; nothing for what only a worker may.
fn least(op: &Operation) -> Option<Role> {
    match &*op.role {
        "worker" | "enrolment" => None,
        "login" | "none" => Some(Role::Viewer),
        word => Some(word.parse().unwrap()),
    }
}

async fn status(net: &Net, sent: &Sent, bearer: Option<&str>) -> (u16, String) {
    let shown = bearer.map(|bearer| ("authorization".to_owned(), format!("Bearer {bearer}")));
    let headers: Vec<(String, String)> = sent.headers.iter().cloned().chain(shown).collect();
    crate::client::send(net, "192.0.2.7:4711", sent, &headers).await.told()
}

#[tokio::test]
async fn fs_40_fs_42_every_operation_and_role_is_answered_as_the_table_says() {
    let mut net = stage::server().await;
    // Their sessions end by what is tested, so they are others than those that ask for the rest.
    for role in Role::ALL {
        net.add(&format!("leaving-{}", role.word()), role).await;
    }
    let document = stage::document(&net).await;
    let mut known = Known::default();
    known.refresh(&net).await;
    let mut commits = Commits::of(&net).await;
    let mut draw = Draw::new(1);
    let mut bearers = Vec::new();
    for role in Role::ALL {
        bearers.push((role, net.login(role.word()).await));
    }
    let (mut refused, mut allowed, mut wrong) = (0, 0, Vec::new());
    for op in stage::operations(&document) {
        let open = op.role == "none";
        // Who is refused comes first: what is allowed changes things.
        let sent = make((&document, &known), &op, None, Way::Least, &mut draw);
        let mut changed = true;
        // What was allowed before may still be on its way to the store; who is refused writes never.
        for _ in 0..20 {
            let before = commits.now().await;
            let (said, text) = status(&net, &sent, None).await;
            if (said == 401) == open && op.id != "login" {
                wrong.push(format!("nobody {}: {said} {text}", op.id));
            }
            for (role, bearer) in &bearers {
                let sent = make((&document, &known), &op, Some(*role), Way::Least, &mut draw);
                if least(&op).is_some_and(|least| *role >= least) {
                    continue;
                }
                let (said, text) = status(&net, &sent, Some(bearer)).await;
                refused += 1;
                if said != 403 {
                    wrong.push(format!("{role:?} {}: {said} {text}\n  {sent:?}", op.id));
                }
            }
            changed = commits.now().await != before;
            if !changed || open {
                break;
            }
        }
        if changed && !open {
            wrong.push(format!("{}: something was changed", op.id));
        }
        for (role, bearer) in &bearers {
            if least(&op).is_none_or(|least| *role < least) || op.id == "stop" {
                continue;
            }
            let ends = ["logout", "change_password"].contains(&&*op.id);
            let fresh = if ends {
                Some(net.login(&format!("leaving-{}", role.word())).await)
            } else {
                None
            };
            let bearer = fresh.as_ref().unwrap_or(bearer);
            let sent = make((&document, &known), &op, Some(*role), Way::Least, &mut draw);
            let (said, text) = status(&net, &sent, Some(bearer)).await;
            allowed += 1;
            if said == 401 && op.id != "login" || said == 403 {
                wrong.push(format!("{role:?} {}: {said} {text}\n  {sent:?}", op.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(refused > 50 && allowed > 100, "{refused} refused, {allowed} allowed");
}

#[tokio::test]
async fn who_may_stop_the_engine_stops_it() {
    for role in Role::ALL {
        let (net, token) = stage::spare(role).await;
        let said = net.call("POST", "/api/v1/stop", &[("x-api-token", &token)], None).await;
        assert_eq!(said.status, if role == Role::Admin { 200 } else { 403 }, "{}", said.text);
    }
}

#[tokio::test]
async fn network_tests_that_are_not_there_yet_say_so_to_whoever_may_ask_for_them() {
    let net = Net::with_users().await;
    let (viewer, operator) = (net.login("viewer").await, net.login("operator").await);
    let document = stage::document(&net).await;
    let reserved = stage::operations(&document).into_iter().filter(Operation::is_reserved);
    let reserved: Vec<Operation> = reserved.collect();
    assert_eq!(reserved.len(), 11);
    for op in reserved {
        let path = op.path.replace("{id}", "x");
        let body = (op.method == "POST").then(|| json!({}));
        let said = net.ask(&op.method, &path, &operator, body.clone()).await;
        assert_eq!(said.status, 501, "{} {path}: {}", op.method, said.text);
        assert!(said.text.contains("network tests come with a later one"), "{}", said.text);
        let said = net.ask(&op.method, &path, &viewer, body).await;
        assert_eq!(said.status, if op.method == "GET" { 501 } else { 403 }, "{}", said.text);
    }
    assert!(net.try_login("viewer", PASSWORD).await.status == 200);
}
