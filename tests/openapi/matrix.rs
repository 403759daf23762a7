//! Who may do what: every operation of the document as nobody and as each role is answered as the
//! document's role says, and whoever is refused changed nothing.

use fluxnoc::model::Role;
use serde_json::json;

use crate::known::Known;
use crate::net::{Commits, Net};
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

/// SPEC FS-39, FS-42: what each role may do under the paths of the document.
#[tokio::test]
async fn fs_39_fs_42_a_viewer_looks_and_an_operator_runs_and_removes_what_is_theirs() {
    let mut net = Net::with_users().await;
    net.add("other", Role::Operator).await;
    let (viewer, operator) = (net.login("viewer").await, net.login("operator").await);
    let (other, admin) = (net.login("other").await, net.login("admin").await);
    let plan = |name: &str| {
        json!({ "name": name, "test_type": "trace", "target": "127.0.0.1",
            "interval_seconds": 3600 })
    };
    let bodies = [
        ("test", json!({ "target": "127.0.0.1:5201" })),
        ("trace", json!({ "target": "127.0.0.1" })),
        ("probe", json!({ "target": "127.0.0.1", "port": 80 })),
        ("dns", json!({ "hostname": "a.example" })),
    ];
    for (kind, body) in bodies {
        let path = format!("/api/speed/{kind}");
        let said = net.ask("POST", &path, &viewer, Some(body.clone())).await;
        assert_eq!(said.status, 403, "{kind}: {}", said.text);
        let said = net.ask("POST", &path, &operator, Some(body)).await;
        assert_eq!(said.status, 202, "{kind}: {}", said.text);
        let id = said.json()["id"].as_str().unwrap().to_owned();
        let path = format!("/api/speed/results/{id}");
        assert_eq!(net.get(&path, &viewer).await.json()["asked_by"], "operator");
        let path = format!("/api/v1/tests/{id}/cancel");
        assert_eq!(net.ask("POST", &path, &viewer, None).await.status, 403);
        assert_eq!(net.ask("POST", &path, &other, None).await.status, 200);
    }
    let path = "/api/speed/schedules";
    assert_eq!(net.ask("POST", path, &viewer, Some(plan("v"))).await.status, 403);
    // D-10: an Operator changes and removes what they made, an Admin everything.
    for (bearer, status) in [(&other, 403), (&operator, 200), (&admin, 200)] {
        let made = net.ask("POST", path, &operator, Some(plan("mine"))).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let id = made.json()["id"].as_str().unwrap().to_owned();
        let one = format!("/api/v1/schedules/{id}");
        let said = net.ask("PUT", &one, bearer, Some(plan("mine"))).await;
        assert_eq!(said.status, status, "{}", said.text);
        assert_eq!(net.ask("POST", &format!("{one}/run"), &viewer, None).await.status, 403);
        assert_eq!(net.ask("POST", &format!("{one}/run"), &other, None).await.status, 202);
        let short = format!("{path}/{id}");
        assert_eq!(net.ask("DELETE", &short, &viewer, None).await.status, 403);
        let said = net.ask("DELETE", &short, bearer, None).await;
        assert_eq!(said.status, status, "{}", said.text);
        if status == 403 {
            assert!(said.text.contains("made by operator"), "{}", said.text);
            assert_eq!(net.ask("DELETE", &short, &operator, None).await.status, 200);
        }
        assert_eq!(net.ask("DELETE", &short, &admin, None).await.status, 404);
    }
    assert_eq!(net.get(path, &viewer).await.json(), json!([]));
    let nodes = net.get("/api/speed/nodes", &viewer).await.json();
    assert_eq!((&nodes[0]["name"], &nodes[0]["own"]), (&json!("lab"), &json!(true)));
}
