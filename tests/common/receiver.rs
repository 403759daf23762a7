//! A receiver of webhooks that answers as the test says and remembers what it got.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;

/// How long a test waits for what must come.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// One request.
#[derive(Clone, Debug)]
pub struct Got {
    /// Method and path.
    pub line: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its bytes.
    pub body: Bytes,
    /// The status that it was answered with; 0 until then.
    pub status: u16,
}

impl Got {
    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

type Answer = Arc<dyn Fn(usize) -> Response + Send + Sync>;

/// The receiver; it ends with the test's runtime.
#[derive(Clone)]
pub struct Receiver {
    /// Where it is.
    pub url: String,
    got: Arc<Mutex<Vec<Got>>>,
    answer: Arc<Mutex<Answer>>,
}

/// An empty answer of a status.
pub fn status(code: u16) -> Response {
    Response::builder().status(code).body(axum::body::Body::empty()).unwrap()
}

impl Receiver {
    /// One that answers `answer(n)` to its n-th request.
    pub async fn start(answer: impl Fn(usize) -> Response + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let answer: Answer = Arc::new(answer);
        let receiver = Self { url, got: Arc::default(), answer: Arc::new(Mutex::new(answer)) };
        let app = Router::new().fallback(take).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        receiver
    }

    /// Answers otherwise from now on.
    pub fn answers(&self, answer: impl Fn(usize) -> Response + Send + Sync + 'static) {
        *self.answer.lock().unwrap() = Arc::new(answer);
    }

    /// All requests so far.
    pub fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    /// Waits until it got what is wanted.
    pub async fn until(&self, what: &str, wanted: impl Fn(&[Got]) -> bool) -> Vec<Got> {
        let until = Instant::now() + PATIENCE;
        loop {
            let got = self.got();
            if wanted(&got) {
                return got;
            }
            assert!(Instant::now() < until, "{what}: {got:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn take(
    State(receiver): State<Receiver>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let line = format!("{method} {}", uri.path());
    let count = {
        let mut got = receiver.got.lock().unwrap();
        got.push(Got { line, headers, body, status: 0 });
        got.len()
    };
    let answer = Arc::clone(&receiver.answer.lock().unwrap());
    let response = answer(count);
    receiver.got.lock().unwrap()[count - 1].status = response.status().as_u16();
    response
}
