//! What nobody should send: bodies without an end, JSON that is none, numbers out of every range,
//! texts full of other languages' syntax.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, Bytes};
use axum::http::Request;
use fluxnoc::api::Caller;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::net::Net;

/// Status and problem of a request with this body.
async fn post(net: &Net, path: &str, bearer: &str, body: Body) -> (u16, String) {
    let request = Request::builder()
        .method("POST")
        .uri(path)
        .header("authorization", format!("Bearer {bearer}"))
        .header("content-type", "application/json");
    let mut request = request.body(body).unwrap();
    request.extensions_mut().insert(Caller { address: "192.0.2.7:4711".parse().unwrap() });
    let response = net.router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    let text = response.into_body().collect().await.unwrap().to_bytes();
    if status >= 400 {
        assert_eq!(kind.as_deref(), Some("application/problem+json"), "{path}");
    }
    (status, String::from_utf8(text.to_vec()).unwrap())
}

#[tokio::test]
async fn f74_a_body_without_an_end_is_read_to_its_limit_and_no_further() {
    const CHUNK: usize = 64 * 1024;
    let net = Net::with_users().await;
    let bearer = net.login("operator").await;
    for path in ["/api/v1/comments", "/api/v1/maintenance", "/api/auth/login"] {
        let pulled = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&pulled);
        // A hundred megabytes, were they read.
        let chunks = futures::stream::iter((0..1600).map(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
            Ok::<_, std::io::Error>(Bytes::from(vec![b' '; CHUNK]))
        }));
        let (status, said) = post(&net, path, &bearer, Body::from_stream(chunks)).await;
        assert_eq!(status, 413, "{path}: {said}");
        let read = pulled.load(Ordering::Relaxed) * CHUNK;
        assert!(read <= 1024 * 1024 + 2 * CHUNK, "{path}: {read} bytes were read");
    }
}

#[tokio::test]
async fn f74_json_that_is_none_is_a_problem_with_its_place() {
    let net = Net::with_users().await;
    let bearer = net.login("operator").await;
    let text = |text: &str| format!("{{\"targets\":[\"web-1\"],\"text\":{text}}}");
    let bodies = [
        text("\"\\ud800\""),
        text("NaN"),
        text("1e999"),
        text("\"a\"").replace("\"text\"", "\"text\":\"b\",\"text\""),
        text("\"a\",\"txet\":1"),
        text("\"a\"} {\"targets\":[]"),
        text(&("[".repeat(100_000) + &"]".repeat(100_000))),
        text("\"\u{1}\""),
        "\u{feff}{}".to_owned(),
    ];
    for body in bodies {
        let shown: String = body.chars().take(60).collect();
        let (status, said) = post(&net, "/api/v1/comments", &bearer, Body::from(body)).await;
        assert!([400, 422].contains(&status), "{shown}: {status} {said}");
        let said: Value = serde_json::from_str(&said).unwrap();
        assert!(!said["detail"].as_str().unwrap().is_empty(), "{shown}: {said}");
    }
    let bytes = b"{\"targets\":[\"web-1\"],\"text\":\"\xff\"}";
    let (status, _) = post(&net, "/api/v1/comments", &bearer, Body::from(&bytes[..])).await;
    assert!([400, 422].contains(&status));
    let said = net.get("/api/v1/comments?host=web-1", &bearer).await;
    assert_eq!(said.json(), json!([]), "nothing was written");
}

#[tokio::test]
async fn f77_texts_of_other_languages_are_kept_as_they_are_and_shown_safe() {
    let net = Net::with_users().await;
    let bearer = net.login("operator").await;
    let texts = [
        "'; DROP TABLE alerts; --",
        "\" OR 1=1 /*",
        "%_\\",
        "$1 ?1 :name @name",
        "😀 𝕏 ürgent",
        "${jndi:ldap://x}",
        "<script>alert(1)</script>",
        "=1+1",
    ];
    for text in texts {
        let body = json!({ "targets": ["web-1"], "text": text });
        let said = net.ask("POST", "/api/v1/comments", &bearer, Some(body)).await;
        assert_eq!(said.status, 200, "{text}: {}", said.text);
    }
    let said = net.get("/api/v1/comments?host=web-1", &bearer).await.json();
    let kept: Vec<&str> =
        said.as_array().unwrap().iter().rev().map(|one| one["text"].as_str().unwrap()).collect();
    assert_eq!(kept, texts);
    // What would move a terminal or turn its line around is not kept as it came.
    for text in ["\u{1b}[2J", "nul\0l", "\u{202e}evil", "\u{9b}31m"] {
        let body = json!({ "targets": ["web-2"], "text": text });
        net.ask("POST", "/api/v1/comments", &bearer, Some(body)).await;
    }
    let said = net.get("/api/v1/comments?host=web-2", &bearer).await.json();
    for one in said.as_array().unwrap() {
        let text = one["text"].as_str().unwrap();
        assert!(!text.contains(['\u{1b}', '\0', '\u{202e}', '\u{9b}']), "{text:?}");
    }
}

#[tokio::test]
async fn f85_numbers_out_of_every_range_are_refused_or_capped() {
    let net = Net::with_users().await;
    let bearer = net.login("viewer").await;
    let lists = ["edges", "log", "paths", "notifications", "rules", "series"];
    for list in lists {
        for limit in ["-1", "9223372036854775808", "1e9", "NaN", "", "0x10"] {
            let path = format!("/api/v1/{list}?limit={limit}");
            let said = net.get(&path, &bearer).await;
            assert_eq!(said.status, 422, "{path}: {}", said.text);
        }
    }
    // What is only too many is a page's most.
    for limit in ["0", "1001", "4294967295"] {
        let said = net.get(&format!("/api/v1/edges?limit={limit}"), &bearer).await;
        assert_eq!(said.status, 200, "{limit}: {}", said.text);
    }
    for before in ["x", "-1", "99999999999999999999", "%00", "1:1:1:1"] {
        let path = format!("/api/v1/log?limit=10&before={before}");
        let said = net.get(&path, &bearer).await;
        assert!([200, 422].contains(&said.status), "{path}: {}", said.text);
    }
    let (from, to) = ("1500-01-01T00:00:00Z", "2500-01-01T00:00:00Z");
    for points in ["0", "1", "100", "4294967295"] {
        let path = format!("/api/v1/history/web-1/ping?from={from}&to={to}&points={points}");
        let said = net.get(&path, &bearer).await;
        assert!([200, 422].contains(&said.status), "{path}: {}", said.text);
        assert!(said.text.len() < 100_000, "{points}");
    }
}
