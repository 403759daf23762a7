//! The receiver of both: notes when it has accepted a request, and which alerts that told of.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Nothing of what is measured takes so long.
const PATIENCE: Duration = Duration::from_mins(2);

type Got = (Instant, Bytes);

/// What was told so far.
pub struct Told {
    /// Where it is to be sent.
    pub url: String,
    got: mpsc::UnboundedReceiver<Got>,
    /// When each alert was told first, by `HOST/SERIES`.
    alerts: HashMap<String, Instant>,
    /// Of digests that count alerts without naming each: how many more, and when.
    counted: Vec<(Instant, usize)>,
    /// Requests.
    pub requests: usize,
}

impl Told {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("its address"));
        let (out, got) = mpsc::unbounded_channel();
        let app = Router::new().fallback(take).with_state(out);
        let app = app.layer(axum::extract::DefaultBodyLimit::disable());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, got, alerts: HashMap::new(), counted: Vec::new(), requests: 0 }
    }

    /// Forgets all of it.
    pub fn forget(&mut self) {
        while self.got.try_recv().is_ok() {}
        self.alerts.clear();
        self.counted.clear();
        self.requests = 0;
    }

    /// How many alerts were told.
    fn count(&self) -> usize {
        self.alerts.len() + self.counted.iter().map(|(_, count)| count).sum::<usize>()
    }

    /// When an alert was told.
    pub async fn of(&mut self, alert: &str) -> Instant {
        loop {
            if let Some(at) = self.alerts.get(alert) {
                return *at;
            }
            self.next(alert).await;
        }
    }

    /// When each of so many alerts was told.
    pub async fn all(&mut self, wanted: usize) -> Vec<Instant> {
        while self.count() < wanted {
            self.next("all").await;
        }
        assert_eq!(self.count(), wanted, "each counts once");
        let counted = self.counted.iter().flat_map(|(at, count)| vec![*at; *count]);
        self.alerts.values().copied().chain(counted).collect()
    }

    async fn next(&mut self, what: &str) {
        let got = tokio::time::timeout(PATIENCE, self.got.recv()).await;
        let Ok(Some((at, body))) = got else {
            panic!("{what}: {} told, and no more in {PATIENCE:?}", self.count());
        };
        self.requests += 1;
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        let text = |of: &Value, key: &str| of[key].as_str().unwrap_or_default().to_owned();
        let mut named = Vec::new();
        if let Some(alerts) = body["alerts"].as_array() {
            // Alertmanager's: each request of a group names all that fire.
            let of = |alert: &Value| {
                let labels = &alert["labels"];
                format!("{}/{}", text(labels, "host"), text(labels, "n"))
            };
            named.extend(alerts.iter().map(of));
        } else if body["digest"].is_object() {
            // It lists the worst and counts the rest; each alert is in one digest.
            let alerts = body["digest"]["alerts"].as_u64().expect("a count");
            self.counted.push((at, usize::try_from(alerts).expect("a small one")));
        } else {
            named.push(format!("{}/{}", text(&body, "host"), text(&body, "check")));
        }
        for name in named {
            self.alerts.entry(name).or_insert(at);
        }
    }
}

/// The whole body is here: it is accepted.
async fn take(State(out): State<mpsc::UnboundedSender<Got>>, body: Bytes) {
    // Nobody waits for it when the measurement is over.
    let _ = out.send((Instant::now(), body));
}
