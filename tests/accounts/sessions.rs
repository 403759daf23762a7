//! Sessions: a login, what it opens, everything that is no session, and when one ends.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fluxnoc::api::Caller;
use fluxnoc::model::{Password, Role, Scope, Span};
use fluxnoc::protocol::{Command, ProblemKind};
use http_body_util::BodyExt as _;
use serde_json::json;
use tower::ServiceExt as _;

use crate::net::{Net, PASSWORD};

#[tokio::test]
async fn fs_38_a_login_opens_a_session_and_the_session_the_api() {
    let net = Net::with_users().await;
    let said = net.try_login("Operator", PASSWORD).await;
    assert_eq!(said.status, 200, "upper and lower case are the same: {}", said.text);
    assert_eq!(said.headers["cache-control"], "no-store");
    let granted = said.json();
    assert_eq!(granted["token_type"], "Bearer");
    assert_eq!(granted["expires_in"], 900);
    assert_eq!(granted["role"], "operator");
    assert_eq!(granted.as_object().unwrap().len(), 4);
    let token = granted["token"].as_str().unwrap();
    let said = net.get("/api/v1/hosts", token).await;
    assert_eq!(said.status, 200, "{}", said.text);
    assert_eq!(said.json().as_array().unwrap().len(), 2);
    let me = net.get("/api/v1/auth/me", token).await.json();
    assert_eq!(me, json!({ "name": "operator", "role": "operator", "kind": "user" }));
    let lowered = [("authorization", &*format!("Bearer {token}")), ("fluxnoc-role", "viewer")];
    let said = net.call("POST", "/api/v1/paging/resume", &lowered, None).await;
    assert_eq!(said.status, 403, "{}", said.text);
    let raised = [("authorization", &*format!("Bearer {token}")), ("fluxnoc-role", "admin")];
    let said = net.call("GET", "/api/v1/users", &raised, None).await;
    assert_eq!(said.status, 403, "{}", said.text);
}

#[tokio::test]
async fn fs_38_what_does_not_count_gets_one_answer() {
    let mut net = Net::with_users().await;
    let good = net.login("admin").await;
    let api = net.token("cd", Role::Admin, &[Scope::Api], None).await;
    let soon = net.lab.clock.now().wall + Span::from_secs(60);
    let over = net.token("over", Role::Admin, &[Scope::Api], Some(soon)).await;
    let revoked = net.token("gone", Role::Admin, &[Scope::Api], None).await;
    net.lab.execute(Command::RevokeToken { name: "GONE".into() }).await.unwrap();
    assert_eq!(net.call("GET", "/api/v1/hosts", &[("x-api-token", &over)], None).await.status, 200);
    net.lab.clock.advance(Span::from_secs(61));

    let parts: Vec<&str> = good.split('.').collect();
    let header =
        |alg: &str| URL_SAFE_NO_PAD.encode(json!({ "alg": alg, "typ": "JWT" }).to_string());
    let swapped = |alg: &str| format!("{}.{}.{}", header(alg), parts[1], parts[2]);
    let unsigned = |alg: &str| format!("{}.{}.", header(alg), parts[1]);
    let bearer = |text: &str| ("authorization", format!("Bearer {text}"));
    let token = |text: &str| ("x-api-token", text.to_owned());
    let cut = &good[..good.len() - 1];
    let long = "x".repeat(1_000_000);
    let cases: Vec<Vec<(&str, String)>> = vec![
        vec![],
        vec![bearer("")],
        vec![bearer("x")],
        vec![bearer(cut)],
        vec![bearer(&format!("{good}x"))],
        vec![bearer(&format!("{good}{good}"))],
        vec![bearer(&format!("{}.{}", parts[0], parts[1]))],
        vec![bearer(&swapped("none"))],
        vec![bearer(&unsigned("none"))],
        vec![bearer(&swapped("HS512"))],
        vec![bearer(&swapped("RS256"))],
        vec![bearer(&swapped("HS256").replace('.', ".."))],
        vec![bearer(&long)],
        vec![bearer(&good), bearer(&good)],
        vec![bearer(&good), token(&api)],
        vec![token(&api), token(&api)],
        vec![token(&good)],
        vec![token("")],
        vec![token("fnx_")],
        vec![token(&api[..api.len() - 1])],
        vec![token(&format!("{api}A"))],
        vec![token(&long)],
        vec![token(&over)],
        vec![token(&revoked)],
        vec![("authorization", format!("Basic {}", URL_SAFE_NO_PAD.encode("admin:x")))],
        vec![("authorization", good.clone())],
        vec![("cookie", format!("token={good}"))],
    ];
    let mut bodies = Vec::new();
    for headers in cases {
        let short: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.chars().take(60).collect::<String>()))
            .collect();
        let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, &**v)).collect();
        for path in ["/api/v1/hosts", "/api/v1/events", "/api/v1/users", "/api/v1/auth/me"] {
            let said = net.call("GET", path, &headers, None).await;
            assert_eq!(said.status, 401, "{short:?}: {}", said.text);
            assert_eq!(said.headers["www-authenticate"], "Bearer");
            bodies.push(said.text);
        }
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    // Each of them counts alone, so it was not something else that was refused.
    assert_eq!(net.get("/api/v1/hosts", &good).await.status, 200);
    assert_eq!(net.get("/api/v1/hosts", &api).await.status, 200);
    assert_eq!(net.call("GET", "/api/v1/hosts", &[("x-api-token", &api)], None).await.status, 200);
}

#[tokio::test]
async fn fs_38_a_session_lasts_a_quarter_of_an_hour_and_is_renewed_for_twelve() {
    let net = Net::with_users().await;
    let first = net.login("viewer").await;
    net.lab.clock.advance(Span::from_secs(899));
    assert_eq!(net.get("/api/v1/hosts", &first).await.status, 200);
    let renewed = net.ask("POST", "/api/v1/auth/renew", &first, None).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text);
    net.lab.clock.advance(Span::from_secs(1));
    assert_eq!(net.get("/api/v1/hosts", &first).await.status, 401);
    let mut token = renewed.json()["token"].as_str().unwrap().to_owned();
    let mut renewals = 0;
    loop {
        net.lab.clock.advance(Span::from_secs(600));
        let said = net.ask("POST", "/api/v1/auth/renew", &token, None).await;
        if said.status == 401 {
            break;
        }
        assert_eq!(said.status, 200, "{}", said.text);
        token = said.json()["token"].as_str().unwrap().to_owned();
        renewals += 1;
        assert!(renewals < 100);
    }
    assert_eq!(renewals, 70, "12 h without the first quarter, ten minutes each");
    assert_eq!(net.get("/api/v1/hosts", &token).await.status, 401);
    assert_eq!(net.try_login("viewer", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn fs_40_a_change_of_a_user_ends_every_session_at_once() {
    let mut net = Net::with_users().await;
    let admin = net.login("admin").await;
    let changes: [(&str, Option<serde_json::Value>); 4] = [
        ("PATCH", Some(json!({ "role": "viewer" }))),
        ("PATCH", Some(json!({ "password": "another horse battery" }))),
        ("PATCH", Some(json!({ "role": "admin", "password": "another horse battery" }))),
        ("DELETE", None),
    ];
    for (n, (method, body)) in changes.into_iter().enumerate() {
        let name = format!("u{n}");
        net.add(&name, Role::Operator).await;
        let (one, two) = (net.login(&name).await, net.login(&name).await);
        assert_eq!(net.get("/api/v1/hosts", &one).await.status, 200);
        let said = net.ask(method, &format!("/api/v1/users/{name}"), &admin, body).await;
        assert_eq!(said.status, 200, "{}", said.text);
        for token in [&one, &two] {
            assert_eq!(net.get("/api/v1/hosts", token).await.status, 401, "{method} {n}");
            let said = net.ask("POST", "/api/v1/auth/renew", token, None).await;
            assert_eq!(said.status, 401);
        }
    }
    assert_eq!(net.try_login("u1", PASSWORD).await.status, 401, "the old password");
    assert_eq!(net.try_login("u1", "another horse battery").await.status, 200);
    assert_eq!(net.try_login("u3", PASSWORD).await.status, 401, "removed");
    net.add("u3", Role::Viewer).await;
    assert_eq!(net.get("/api/v1/hosts", &admin).await.status, 200, "nobody else's ended");

    let (one, two) = (net.login("u3").await, net.login("u3").await);
    let said = net.ask("POST", "/api/v1/auth/logout", &one, None).await;
    assert_eq!(said.status, 200, "{}", said.text);
    assert_eq!(net.get("/api/v1/hosts", &one).await.status, 401);
    assert_eq!(net.get("/api/v1/hosts", &two).await.status, 401, "logged out everywhere");
}

#[tokio::test]
async fn fs_40_a_stream_ends_with_the_session() {
    let mut net = Net::with_users().await;
    let shown = [
        net.login("viewer").await,
        net.token("tail", Role::Viewer, &[Scope::Read], None).await,
        net.login("operator").await,
    ];
    let mut streams = Vec::new();
    for token in &shown {
        let mut request = Request::get("/api/v1/events")
            .header("authorization", format!("Bearer {token}"))
            .body(Body::empty())
            .unwrap();
        let address = "192.0.2.7:1".parse().unwrap();
        request.extensions_mut().insert(Caller { address });
        let response = net.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        streams.push(response.into_body());
    }
    for stream in &mut streams {
        assert!(stream.frame().await.unwrap().unwrap().is_data());
    }
    let command = Command::EditUser {
        name: "viewer".into(),
        role: None,
        password: Some(Password::new("another horse battery".to_owned())),
    };
    net.lab.execute(command).await.unwrap();
    net.lab.execute(Command::RevokeToken { name: "tail".into() }).await.unwrap();
    let rest = async |stream: &mut Body| while stream.frame().await.is_some() {};
    for stream in &mut streams[..2] {
        let ended = tokio::time::timeout(Duration::from_secs(1), rest(stream)).await;
        assert!(ended.is_ok(), "it goes on");
    }
    let goes_on = tokio::time::timeout(Duration::from_millis(300), rest(&mut streams[2])).await;
    assert!(goes_on.is_err(), "nobody else's ends");
    // Twelve hours after the login that one is over, too.
    net.lab.clock.advance(Span::from_secs(12 * 3600));
    let ended = tokio::time::timeout(Duration::from_secs(1), rest(&mut streams[2])).await;
    assert!(ended.is_ok());
}

#[tokio::test]
async fn fs_42_a_viewer_changes_their_own_password_with_the_old_one() {
    let net = Net::with_users().await;
    let token = net.login("viewer").await;
    let change = async |old: &str, new: &str| {
        let body = json!({ "old": old, "new": new });
        net.ask("POST", "/api/v1/auth/password", &token, Some(body)).await
    };
    assert_eq!(change("wrong horse battery", "another horse battery").await.status, 403);
    assert_eq!(change(PASSWORD, "short").await.status, 422);
    assert_eq!(net.get("/api/v1/hosts", &token).await.status, 200, "nothing was changed");
    assert_eq!(change(PASSWORD, "another horse battery").await.status, 200);
    assert_eq!(net.get("/api/v1/hosts", &token).await.status, 401);
    assert_eq!(net.try_login("viewer", PASSWORD).await.status, 401);
    assert_eq!(net.try_login("viewer", "another horse battery").await.status, 200);
}

#[tokio::test]
async fn fs_38_accounts_and_sessions_outlive_the_engine() {
    let mut net = Net::with_users().await;
    let token = net.token("cd", Role::Viewer, &[Scope::Api], None).await;
    let session = net.login("admin").await;
    assert_eq!(net.get("/api/v1/hosts", &token).await.status, 200);
    net.history().await;
    let Net { dir, lab, .. } = net;
    let (_, clock) = lab.stop().await;
    let wanted = crate::lab::inventory(Vec::new());
    let lab = crate::lab::Lab::start(dir.path(), wanted, clock).await;
    let stop = tokio_util::sync::CancellationToken::new();
    let router = fluxnoc::api::network_router(lab.engine.handle.clone(), stop);
    let net = Net { dir, lab, router };
    assert_eq!(net.get("/api/v1/hosts", &token).await.status, 200);
    net.login("admin").await;
    let said = net.get("/api/v1/hosts", &session).await;
    assert_eq!(said.status, 401, "a key that is not kept ends with its process");
    let admin = net.login("admin").await;
    let tokens = net.get("/api/v1/tokens", &admin).await.json();
    assert!(tokens[0]["last_used"].is_string(), "{tokens}");
}

#[tokio::test]
async fn fs_38_before_the_store_is_read_nobody_is_called_unknown() {
    let (handle, _door) = fluxnoc::engine::Handle::new();
    let shown = fluxnoc::engine::Credential::bearer("x");
    assert_eq!(handle.identify(&shown, None).unwrap_err().kind, ProblemKind::Unavailable);
}

#[tokio::test]
async fn fb_11_the_monitoring_api_wants_a_bearer_token() {
    let net = Net::with_users().await;
    for path in ["/api/v1/monitoring/metrics", "/api/v1/monitoring/health"] {
        for headers in [&[][..], &[("authorization", "Bearer x")], &[("authorization", "x")]] {
            let said = net.call("GET", path, headers, None).await;
            assert_eq!(said.status, 401, "{path} {headers:?}: {}", said.text);
        }
        let bearer = net.login("viewer").await;
        let said = net.get(path, &bearer).await;
        assert_eq!(said.status, 200, "{path}: {}", said.text);
        assert!(said.json().is_object());
    }
}
