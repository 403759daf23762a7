//! What each role may do: every command and query. Every route is in `tests/openapi`.

use fluxnoc::model::{Password, Role, SafeText, Scope};
use fluxnoc::protocol::access::{Need, need, need_of_query};
use fluxnoc::protocol::{Actor, Command, Outcome, ProblemKind, Query};
use serde_json::json;

use crate::net::{Commits, Net, PASSWORD};

fn user(name: &str, role: Role) -> Actor {
    Actor::User { name: SafeText::line(name), role, address: Some(SafeText::line("192.0.2.7")) }
}

/// Everybody who may ask: nobody, each role, tokens of each scope.
fn everybody() -> Vec<(&'static str, Actor, Option<Role>)> {
    let token = |scope| Actor::Token {
        name: SafeText::line("t"),
        role: Role::Admin,
        scopes: vec![scope],
        address: None,
    };
    vec![
        ("nobody", user("nobody", Role::Admin), None),
        ("viewer", user("viewer", Role::Viewer), Some(Role::Viewer)),
        ("operator", user("operator", Role::Operator), Some(Role::Operator)),
        ("admin", user("admin", Role::Admin), Some(Role::Admin)),
        ("a demoted admin", user("viewer", Role::Admin), None),
        ("api", token(Scope::Api), Some(Role::Admin)),
        ("metrics", token(Scope::Metrics), None),
    ]
}

#[tokio::test]
async fn fs_40_fs_41_fs_42_the_matrix_of_every_command_and_role_is_the_table() {
    let mut net = Net::with_users().await;
    net.token("t", Role::Admin, &[Scope::Api], None).await;
    let mut commits = Commits::of(&net).await;
    let (mut refused, mut allowed) = (0, 0);
    for (who, actor, role) in everybody() {
        for command in Command::samples() {
            let name = command.name();
            let fine = match need(&command) {
                Need::Role(needed) => role.is_some_and(|role| role >= needed),
                Need::Login => role.is_some() && matches!(actor, Actor::User { .. }),
                // None of them shows a token that was made for an agent.
                Need::Worker | Need::Enrol => false,
            };
            if fine {
                allowed += 1;
                continue;
            }
            let before = commits.now().await;
            let (_, outcome) = net.lab.execute_as(actor.clone(), command).await;
            let kind = outcome.unwrap_err().kind;
            let no = [ProblemKind::Forbidden, ProblemKind::Unauthenticated].contains(&kind);
            assert!(no, "{who} {name}: {kind:?}");
            assert_eq!(commits.now().await, before, "{who} {name} changed something");
            refused += 1;
        }
        for query in Query::samples() {
            let Need::Role(needed) = need_of_query(&query) else { panic!("a query needs a role") };
            let answer = net.lab.engine.handle.query(actor.clone(), query.clone()).await;
            let kind = answer.err().map(|problem| problem.kind);
            let no =
                kind == Some(ProblemKind::Forbidden) || kind == Some(ProblemKind::Unauthenticated);
            assert_eq!(!no, role.is_some_and(|role| role >= needed), "{who} {query:?}: {kind:?}");
        }
    }
    assert!(refused > 100 && allowed > 100, "{refused} refused, {allowed} allowed");
    // And what is allowed is done: the table is not just "no".
    let before = commits.now().await;
    for (who, actor, role) in everybody() {
        for command in Command::samples() {
            let Need::Role(needed) = need(&command) else { continue };
            // These end what the others need.
            let ends = matches!(command, Command::Stop | Command::Look { .. });
            if ends || role.is_none_or(|role| role < needed) {
                continue;
            }
            let name = command.name();
            let (_, outcome) = net.lab.execute_as(actor.clone(), command).await;
            let kind = outcome.err().map(|problem| problem.kind);
            assert_ne!(kind, Some(ProblemKind::Forbidden), "{who} {name}");
            assert_ne!(kind, Some(ProblemKind::Unauthenticated), "{who} {name}");
        }
    }
    assert_ne!(commits.now().await, before);
}

#[tokio::test]
async fn t8_one_who_asks_without_end_is_slowed_down_and_nobody_else() {
    let net = Net::with_users().await;
    let (viewer, operator) = (net.login("viewer").await, net.login("operator").await);
    let mut refused = None;
    // A hundred at once: they come faster than the bucket fills, however slow the machine is.
    for _ in 0..100 {
        let asked = (0..100).map(|_| net.ask("GET", "/api/v1/auth/me", &viewer, None));
        let said = futures::future::join_all(asked).await;
        assert!(said.iter().all(|said| matches!(said.status, 200 | 429)));
        refused = said.into_iter().find(|said| said.status == 429);
        if refused.is_some() {
            break;
        }
    }
    let refused = refused.expect("somebody says no");
    assert!(refused.text.contains("too many requests"), "{}", refused.text);
    assert_eq!(net.ask("GET", "/api/v1/auth/me", &operator, None).await.status, 200);
}

#[tokio::test]
async fn fs_40_the_last_admin_stays_and_the_machines_owner_decides() {
    let mut net = Net::with_users().await;
    let admin = net.login("admin").await;
    for (method, body) in [("PATCH", Some(json!({ "role": "operator" }))), ("DELETE", None)] {
        let said = net.ask(method, "/api/v1/users/Admin", &admin, body).await;
        assert_eq!(said.status, 409, "{}", said.text);
        assert!(said.text.contains("give another user the role admin first"), "{}", said.text);
    }
    let body = json!({ "name": "second", "role": "admin", "password": PASSWORD });
    assert_eq!(net.ask("POST", "/api/v1/users", &admin, Some(body.clone())).await.status, 201);
    assert_eq!(net.ask("POST", "/api/v1/users", &admin, Some(body)).await.status, 409);
    assert_eq!(net.ask("DELETE", "/api/v1/users/admin", &admin, None).await.status, 200);
    assert_eq!(net.get("/api/v1/users", &admin).await.status, 401, "that was their own");
    let gone = net.lab.execute(Command::RemoveUser { name: "second".into() }).await;
    assert_eq!(gone, Ok(Outcome::done(1)), "who sits at the machine can let somebody in again");
}

#[tokio::test]
async fn fs_40_a_user_is_named_once_and_by_a_name_that_can_be_read() {
    let mut net = Net::new().await;
    let users = net.lab.query(Query::Users).await;
    assert_eq!(users, fluxnoc::protocol::Answer::Users(Vec::new()), "nobody is there by default");
    net.add("Zoë", Role::Admin).await;
    let zoe = net.login("zoë").await;
    let long = "x".repeat(65);
    let cases = [
        ("ZOË", 409),
        ("", 422),
        ("a\u{7}", 422),
        ("a\nb", 422),
        ("fluxnoc", 422),
        ("token:x", 422),
        (&*long, 422),
    ];
    for (name, status) in cases {
        let body = json!({ "name": name, "role": "viewer", "password": PASSWORD });
        let said = net.ask("POST", "/api/v1/users", &zoe, Some(body)).await;
        assert_eq!(said.status, status, "{name:?}: {}", said.text);
    }
    let wrong = [
        json!({ "name": "a", "role": "root", "password": PASSWORD }),
        json!({ "name": "a", "role": "viewer", "password": "eleven char" }),
        json!({ "name": "a", "role": "viewer", "password": "x".repeat(1025) }),
        json!({ "name": "a", "role": "viewer", "password": PASSWORD, "epoch": 1 }),
        json!({ "name": "a", "role": "viewer" }),
    ];
    for body in wrong {
        let said = net.ask("POST", "/api/v1/users", &zoe, Some(body.clone())).await;
        assert_eq!(said.status, 422, "{body}: {}", said.text);
    }
    assert_eq!(net.ask("PATCH", "/api/v1/users/zo%C3%AB", &zoe, Some(json!({}))).await.status, 422);
    assert_eq!(net.ask("DELETE", "/api/v1/users/nobody", &zoe, None).await.status, 404);
    let users = net.get("/api/v1/users", &zoe).await;
    assert_eq!(users.json()[0]["name"], "Zoë");
    assert!(!users.text.contains("argon2") && !users.text.contains("epoch"), "{}", users.text);
}

#[tokio::test]
async fn fs_38_a_token_does_what_its_scopes_and_role_say() {
    let mut net = Net::new().await;
    let viewer = net.token("v", Role::Viewer, &[Scope::Api], None).await;
    let read = net.token("r", Role::Admin, &[Scope::Read], None).await;
    let metrics = net.token("m", Role::Admin, &[Scope::Metrics], None).await;
    let cases = [
        (&viewer, "GET", "/api/v1/hosts", 200),
        (&viewer, "POST", "/api/v1/paging/resume", 403),
        (&viewer, "GET", "/api/v1/users", 403),
        (&viewer, "POST", "/api/v1/auth/logout", 403),
        (&viewer, "POST", "/api/v1/auth/renew", 403),
        (&read, "GET", "/api/v1/users", 200),
        (&read, "POST", "/api/v1/paging/resume", 403),
        (&read, "DELETE", "/api/v1/tokens/m", 403),
        (&metrics, "GET", "/api/v1/hosts", 403),
        (&metrics, "GET", "/api/v1/events", 403),
        (&metrics, "POST", "/api/v1/stop", 403),
    ];
    for (token, method, path, status) in cases {
        let said = net.call(method, path, &[("x-api-token", token)], None).await;
        assert_eq!(said.status, status, "{method} {path}: {}", said.text);
    }
    let me = net.get("/api/v1/auth/me", &read).await.json();
    assert_eq!(me["kind"], "token");
    assert_eq!(me["scopes"], json!(["read"]));
    let past = net.lab.clock.now().wall;
    let wrong = [
        Command::AddToken {
            name: "V".into(),
            role: Role::Viewer,
            scopes: vec![Scope::Api],
            expires: None,
            agent: None,
            uses: None,
        },
        Command::AddToken {
            name: "x".into(),
            role: Role::Viewer,
            scopes: Vec::new(),
            expires: None,
            agent: None,
            uses: None,
        },
        Command::AddToken {
            name: "x".into(),
            role: Role::Viewer,
            scopes: vec![Scope::Api],
            expires: Some(past),
            agent: None,
            uses: None,
        },
        Command::RevokeToken { name: "nobody".into() },
        Command::EditUser {
            name: "x".into(),
            role: None,
            password: Some(Password::new(PASSWORD.to_owned())),
        },
    ];
    for command in wrong {
        assert!(net.lab.execute(command.clone()).await.is_err(), "{command:?}");
    }
}
