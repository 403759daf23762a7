//! Two who edit the same: who comes second is told so, and overwrites nothing.

use fluxnoc::model::Role;
use serde_json::{Value, json};

use crate::net::{Net, PASSWORD, Said};
use crate::stage;

async fn tagged(net: &Net, path: &str, bearer: &str) -> (String, Value) {
    let said = net.get(path, bearer).await;
    assert_eq!(said.status, 200, "{path}: {}", said.text);
    (said.headers["etag"].to_str().unwrap().to_owned(), said.json())
}

async fn change(
    net: &Net,
    method: &str,
    path: &str,
    (bearer, tag): (&str, &str),
    body: Option<Value>,
) -> Said {
    let bearer = format!("Bearer {bearer}");
    net.call(method, path, &[("authorization", &bearer), ("if-match", tag)], body).await
}

#[tokio::test]
async fn a_window_that_somebody_else_changed_is_not_overwritten() {
    let net = stage::server().await;
    let (ann, bob) = (net.login("operator").await, net.login("admin").await);
    let body = json!({
        "name": "patching",
        "hosts": ["web-1"],
        "start": "2026-02-25T02:00:00Z",
        "end": "2026-02-26T06:00:00Z",
    });
    let made = net.ask("POST", "/api/v1/maintenance", &ann, Some(body)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let path = format!("/api/v1/maintenance/{}", made.json()["id"].as_str().unwrap());
    let (tag, seen) = tagged(&net, &path, &ann).await;
    assert_eq!(seen["name"], "patching");
    assert_eq!(tagged(&net, &path, &bob).await.0, tag, "the same for everybody");
    let edit = format!("{path}/edit");
    let renamed = |name: &str| Some(json!({ "name": name }));
    let said = change(&net, "POST", &edit, (&ann, &tag), renamed("ann's")).await;
    assert_eq!(said.status, 200, "{}", said.text);
    // Everything that changes it is refused to who has not seen that.
    for (path, body) in [
        (edit.clone(), renamed("bob's")),
        (format!("{path}/extend"), Some(json!({ "by_ms": 60_000 }))),
        (format!("{path}/cancel"), None),
        (format!("{path}/end"), None),
    ] {
        for stale in [&*tag, "\"x\"", &format!("W/{tag}")] {
            let said = change(&net, "POST", &path, (&bob, stale), body.clone()).await;
            assert_eq!(said.status, 412, "{path} {stale}: {}", said.text);
            assert_eq!(said.json()["kind"], "outdated");
            assert_eq!(said.headers["content-type"], "application/problem+json");
        }
    }
    let (now, seen) = tagged(&net, &path, &bob).await;
    assert_eq!(seen["name"], "ann's");
    assert_ne!(now, tag);
    let either = format!("{tag}, {now}");
    let said = change(&net, "POST", &edit, (&bob, &either), renamed("bob's")).await;
    assert_eq!(said.status, 200, "{}", said.text);
    let said = change(&net, "POST", &edit, (&bob, "*"), renamed("anybody's")).await;
    assert_eq!(said.status, 200, "{}", said.text);
}

#[tokio::test]
async fn of_many_who_edit_at_once_one_wins() {
    let net = stage::server().await;
    let admin = net.login("admin").await;
    let body = json!({ "name": "ann", "role": "viewer", "password": PASSWORD });
    assert_eq!(net.ask("POST", "/api/v1/users", &admin, Some(body)).await.status, 201);
    let path = "/api/v1/users/ann";
    // With a password the request waits for its hash; what it saw must count when that is there.
    for with_password in [false, true] {
        let (tag, _) = tagged(&net, path, &admin).await;
        net.lab.clock.advance(fluxnoc::model::Span::from_secs(1));
        let changes = (0..6).map(|n| {
            let role = if n % 2 == 0 { "operator" } else { "viewer" };
            let mut body = json!({ "role": role });
            if with_password {
                body["password"] = json!(format!("{PASSWORD} {n}"));
            }
            change(&net, "PATCH", path, (&admin, &tag), Some(body))
        });
        let said = futures::future::join_all(changes).await;
        let mut statuses: Vec<u16> = said.iter().map(|said| said.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412, 412, 412, 412, 412], "with a password: {with_password}");
    }
    let (tag, _) = tagged(&net, path, &admin).await;
    let gone = change(&net, "DELETE", path, (&admin, "\"x\""), None).await;
    assert_eq!(gone.status, 412, "{}", gone.text);
    let gone = change(&net, "DELETE", path, (&admin, &tag), None).await;
    assert_eq!(gone.status, 200, "{}", gone.text);
    let gone = change(&net, "DELETE", path, (&admin, &tag), None).await;
    assert_eq!(gone.status, 404, "what is not there has no version: {}", gone.text);
}

#[tokio::test]
async fn the_same_request_again_is_answered_from_memory_and_not_refused() {
    let net = stage::server().await;
    let admin = net.login("admin").await;
    let body = json!({ "name": "ann", "role": "viewer", "password": PASSWORD });
    net.ask("POST", "/api/v1/users", &admin, Some(body)).await;
    let (tag, _) = tagged(&net, "/api/v1/users/ann", &admin).await;
    net.lab.clock.advance(fluxnoc::model::Span::from_secs(1));
    let bearer = format!("Bearer {admin}");
    let headers = [
        ("authorization", &*bearer),
        ("if-match", &*tag),
        ("idempotency-key", "018bcfe5-6800-7707-8707-070707070707"),
    ];
    let body = json!({ "role": "operator" });
    for _ in 0..2 {
        let said = net.call("PATCH", "/api/v1/users/ann", &headers, Some(body.clone())).await;
        assert_eq!(said.status, 200, "{}", said.text);
    }
}

#[tokio::test]
async fn a_long_list_is_read_a_page_at_a_time() {
    let names: Vec<String> = (0..25).map(|n| format!("host é {n:02}")).collect();
    let mut net = Net::over(&names.iter().map(|name| &**name).collect::<Vec<_>>()).await;
    net.add("viewer", Role::Viewer).await;
    let viewer = net.login("viewer").await;
    let whole = net.get("/api/v1/hosts", &viewer).await;
    assert!(whole.headers.get("link").is_none());
    let mut path = "/api/v1/hosts?pattern=host*&limit=10".to_owned();
    let (mut seen, mut pages) = (Vec::new(), Vec::new());
    loop {
        let said = net.get(&path, &viewer).await;
        assert_eq!(said.status, 200, "{}", said.text);
        let rows = said.json();
        let rows = rows.as_array().unwrap();
        pages.push(rows.len());
        seen.extend(rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()));
        let Some(link) = said.headers.get("link") else { break };
        let link = link.to_str().unwrap();
        path = link.split_once('>').unwrap().0[1..].to_owned();
        assert!(link.ends_with("; rel=\"next\"") && path.contains("pattern=host*"), "{link}");
    }
    assert_eq!(pages, [10, 10, 5]);
    assert_eq!(seen, names);
    let wrong = net.get("/api/v1/hosts?after=x", &viewer).await;
    assert_eq!(wrong.status, 422, "{}", wrong.text);
    // Alerts and windows, too, and none is lost or there twice.
    let net = stage::server().await;
    let viewer = net.login("viewer").await;
    for list in ["alerts", "maintenance"] {
        let whole = net.get(&format!("/api/v1/{list}?all=true"), &viewer).await.json();
        let mut path = format!("/api/v1/{list}?all=true&limit=1");
        let mut seen = Vec::new();
        loop {
            let said = net.get(&path, &viewer).await;
            seen.extend(said.json().as_array().unwrap().iter().map(|row| row["id"].clone()));
            let Some(link) = said.headers.get("link") else { break };
            path = link.to_str().unwrap().split_once('>').unwrap().0[1..].to_owned();
        }
        let mut ids: Vec<Value> =
            whole.as_array().unwrap().iter().map(|row| row["id"].clone()).collect();
        assert_eq!(seen.len(), ids.len(), "{list}");
        ids.retain(|id| !seen.contains(id));
        assert!(ids.is_empty(), "{list}: {ids:?}");
    }
}
