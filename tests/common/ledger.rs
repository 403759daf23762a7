//! A receiver that keeps a ledger of what it was sent and what it answered.
//!
//! Never: answers but by its mood.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

/// How a receiver answers: always well, not at all well, by turns, refusing, asking for time.
pub const MOODS: usize = 5;

/// One request.
#[derive(Clone, Debug)]
pub struct Entry {
    pub key: String,
    pub body: Bytes,
    pub taken: bool,
}

/// The receiver; it ends with the test's runtime.
#[derive(Clone)]
pub struct Ledger {
    pub url: String,
    mood: Arc<AtomicUsize>,
    entries: Arc<Mutex<Vec<Entry>>>,
}

impl Ledger {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let ledger = Self { url, mood: Arc::default(), entries: Arc::default() };
        let app = Router::new().fallback(take).with_state(ledger.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        ledger
    }

    /// Answers so from now on; 0 is well.
    pub fn mood(&self, mood: usize) {
        self.mood.store(mood, Ordering::Relaxed);
    }

    /// All requests so far.
    pub fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap().clone()
    }
}

async fn take(State(ledger): State<Ledger>, headers: HeaderMap, body: Bytes) -> Response {
    let mut entries = ledger.entries.lock().unwrap();
    let code = match ledger.mood.load(Ordering::Relaxed) {
        0 => 200,
        1 => 503,
        2 if entries.len() % 2 == 0 => 200,
        2 => 500,
        3 => 400,
        _ => 429,
    };
    let key = headers.get("idempotency-key").unwrap().to_str().unwrap().to_owned();
    entries.push(Entry { key, body, taken: code == 200 });
    let answer = Response::builder().status(code);
    let answer = if code == 429 { answer.header("retry-after", "5") } else { answer };
    answer.body(Body::empty()).unwrap()
}
