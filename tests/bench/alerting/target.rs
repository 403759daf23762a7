//! Targets whose series flip: what both systems scrape.
//!
//! Each target has [`SERIES`] series `edge{n="..."}`: 0 while all is well. One of them, `calm`, flips
//! by itself; all others of all targets flip in the same moment.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// As many as one check may name and rules may judge.
pub const SERIES: usize = 64;
/// Edges of a storm.
pub const STORM: usize = 10_000;
/// So many that the storm finds a series for each of its edges.
pub const TARGETS: usize = STORM.div_ceil(SERIES - 1);

/// What is served.
#[derive(Default)]
pub struct Targets {
    /// Where they are.
    pub port: u16,
    storm: AtomicBool,
    calm: Vec<AtomicBool>,
    scraped: Vec<AtomicUsize>,
    asked: Notify,
}

/// The series of a target, in the order of its exposition.
pub fn series() -> impl Iterator<Item = String> {
    std::iter::once("calm".to_owned()).chain((1..SERIES).map(|n| format!("e{n:02}")))
}

impl Targets {
    /// All of them behind one port.
    pub async fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let targets = Arc::new(Self {
            port,
            calm: (0..TARGETS).map(|_| AtomicBool::default()).collect(),
            scraped: (0..TARGETS).map(|_| AtomicUsize::default()).collect(),
            ..Self::default()
        });
        let app = Router::new().route("/{n}", axum::routing::get(scrape));
        let app = app.with_state(Arc::clone(&targets));
        tokio::spawn(async move { axum::serve(listener, app).await });
        targets
    }

    /// All is well, and nobody has asked.
    pub fn reset(&self) {
        self.storm.store(false, Ordering::SeqCst);
        self.calm.iter().for_each(|calm| calm.store(false, Ordering::SeqCst));
        self.scraped.iter().for_each(|count| count.store(0, Ordering::SeqCst));
    }

    /// The series of a target that flips by itself.
    pub fn flip(&self, target: usize) {
        self.calm[target].store(true, Ordering::SeqCst);
    }

    /// All others, [`STORM`] of them, up or down.
    pub fn flip_all(&self, up: bool) {
        self.storm.store(up, Ordering::SeqCst);
    }

    /// Waits until each was scraped so often.
    pub async fn scraped(&self, times: usize) {
        while self.scraped.iter().any(|count| count.load(Ordering::SeqCst) < times) {
            self.asked.notified().await;
        }
    }

    fn exposition(&self, target: usize) -> String {
        let storm = self.storm.load(Ordering::SeqCst);
        let mut body = "# HELP edge What flips.\n# TYPE edge gauge\n".to_owned();
        for (n, name) in series().enumerate() {
            let up = match n {
                0 => self.calm[target].load(Ordering::SeqCst),
                _ => storm && target * (SERIES - 1) + n <= STORM,
            };
            let _ = writeln!(body, "edge{{n=\"{name}\"}} {}", u8::from(up));
        }
        body
    }
}

async fn scrape(State(targets): State<Arc<Targets>>, Path(n): Path<usize>) -> impl IntoResponse {
    let body = targets.exposition(n);
    targets.scraped[n].fetch_add(1, Ordering::SeqCst);
    targets.asked.notify_one();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], body)
}
