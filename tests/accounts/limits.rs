//! A thousand wrong logins at once: few are tried, the engine answers all the while, and the
//! history stays short.

use std::time::{Duration, Instant};

use fluxnoc::model::{Role, Span};
use fluxnoc::protocol::Query;
use serde_json::json;

use crate::net::{Net, PASSWORD, call};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fs_38_a_thousand_wrong_logins_at_once_are_ten() {
    let mut net = Net::with_users().await;
    let mut all = tokio::task::JoinSet::new();
    for n in 0..1000 {
        let router = net.router.clone();
        all.spawn(async move {
            let from = format!("198.51.{}.{}:99", n / 250, n % 250);
            let body = json!({ "username": "admin", "password": format!("wrong horse {n}") });
            call(&router, &from, "POST", "/api/auth/login", &[], Some(body)).await
        });
    }
    let mut slowest = Duration::ZERO;
    let (mut wrong, mut limited) = (0, 0);
    while let Some(said) = all.join_next().await {
        let begun = Instant::now();
        net.lab.query(Query::Engine).await;
        slowest = slowest.max(begun.elapsed());
        let said = said.unwrap();
        match said.status {
            401 => wrong += 1,
            429 => {
                let after: u64 = said.headers["retry-after"].to_str().unwrap().parse().unwrap();
                assert!((1..=300).contains(&after), "{after}");
                limited += 1;
            }
            other => panic!("{other}: {}", said.text),
        }
    }
    assert_eq!((wrong, limited), (10, 990));
    assert!(slowest < Duration::from_millis(500), "the engine answered after {slowest:?}");
    assert_eq!(net.try_login("admin", PASSWORD).await.status, 429, "closed, password or not");
    assert_eq!(net.try_login("viewer", PASSWORD).await.status, 200, "nobody else is");
    let history = net.history().await;
    let failed = history.iter().filter(|line| line.contains("failed")).count();
    assert!((2..=21).contains(&failed), "{history:#?}");
    let closed = history.iter().filter(|line| line.contains("too many logins failed")).count();
    assert_eq!(closed, 1, "{history:#?}");
    net.lab.clock.advance(Span::from_secs(300));
    assert_eq!(net.try_login("admin", PASSWORD).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fs_38_a_flood_from_everywhere_fills_no_history_and_is_told_as_a_number() {
    let mut net = Net::new().await;
    net.add("admin", Role::Admin).await;
    let mut all = tokio::task::JoinSet::new();
    for n in 0..60 {
        let router = net.router.clone();
        all.spawn(async move {
            let from = format!("198.51.100.{n}:99");
            let body = json!({ "username": format!("user{n}"), "password": "wrong horse battery" });
            call(&router, &from, "POST", "/api/auth/login", &[], Some(body)).await.status
        });
    }
    let statuses = all.join_all().await;
    assert!(statuses.iter().all(|status| [401, 503].contains(status)), "{statuses:?}");
    let tried = statuses.iter().filter(|status| **status == 401).count();
    let history = net.history().await;
    let failed = history.iter().filter(|line| line.contains("as an unknown name failed")).count();
    assert_eq!(failed, 20, "{history:#?}");
    assert!(!history.iter().any(|line| line.contains("user7")), "what was typed is no name");
    net.lab.clock.advance(Span::from_secs(60));
    let history = net.history().await;
    let rest = format!("{} more logins failed", tried - 20);
    assert!(history.iter().any(|line| line.contains(&rest)), "{rest}: {history:#?}");
}

#[tokio::test]
async fn fs_38_wrong_names_and_wrong_passwords_are_told_alike() {
    let net = Net::with_users().await;
    let time = async |name: &str| {
        let begun = Instant::now();
        let said = net.try_login(name, "wrong horse battery").await;
        assert_eq!(said.status, 401);
        assert_eq!(said.headers["www-authenticate"], "Bearer");
        (said.text, begun.elapsed())
    };
    let (mut known, mut unknown) = (Duration::ZERO, Duration::ZERO);
    let mut texts = Vec::new();
    for _ in 0..4 {
        let (text, took) = time("viewer").await;
        known += took;
        texts.push(text);
        let (text, took) = time("nobody").await;
        unknown += took;
        texts.push(text);
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
    let ratio = known.as_secs_f64() / unknown.as_secs_f64();
    assert!((0.3..3.0).contains(&ratio), "{known:?} against {unknown:?}");
    for body in [json!({}), json!({ "username": "a" }), json!({ "username": "a", "password": 1 })] {
        assert_eq!(net.call("POST", "/api/auth/login", &[], Some(body)).await.status, 422);
    }
}
