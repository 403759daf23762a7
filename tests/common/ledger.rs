//! A receiver that keeps a ledger of what it was sent and what it answered.
//!
//! Never: answers but by its mood.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, Bytes};
use axum::response::Response;

use crate::receiver::{Got, Receiver, status};

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
    receiver: Receiver,
}

impl Ledger {
    pub async fn start() -> Self {
        let mood = Arc::new(AtomicUsize::new(0));
        let present = Arc::clone(&mood);
        let receiver = Receiver::start(move |n| answer(present.load(Ordering::Relaxed), n)).await;
        Self { url: receiver.url.clone(), mood, receiver }
    }

    /// Answers so from now on; 0 is well.
    pub fn mood(&self, mood: usize) {
        self.mood.store(mood, Ordering::Relaxed);
    }

    /// Takes all from now on, but no more than so many a second.
    pub fn takes(&self, rate: u32) {
        let door = std::sync::Mutex::new(());
        self.receiver.answers(move |_| {
            let _one = door.lock().unwrap();
            std::thread::sleep(std::time::Duration::from_secs(1) / rate);
            status(200)
        });
    }

    /// All requests so far.
    pub fn entries(&self) -> Vec<Entry> {
        let entry = |got: Got| Entry {
            key: got.header("idempotency-key").unwrap().to_owned(),
            taken: got.status == 200,
            body: got.body,
        };
        self.receiver.got().into_iter().map(entry).collect()
    }
}

/// The answer to the `n`-th request.
fn answer(mood: usize, n: usize) -> Response {
    match mood {
        0 => status(200),
        1 => status(503),
        2 => status(if n % 2 == 1 { 200 } else { 500 }),
        3 => status(400),
        _ => {
            let later = Response::builder().status(429).header("retry-after", "5");
            later.body(Body::empty()).unwrap()
        }
    }
}
