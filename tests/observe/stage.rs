//! A real engine with its socket and its health listener, and raw requests to both.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fluxnoc::api::{HealthSource, serve, serve_health};
use fluxnoc::clock::Clock;
use fluxnoc::engine::{Engine, Inventory, Keep, Setup, keep_no_rules};
use fluxnoc::model::{Check, CheckKey, Observation, RequestId, Span};
use fluxnoc::protocol::work::{Finding, Report};
use fluxnoc::protocol::{Actor, Command, Outcome, Request};
use fluxnoc::store::Store;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use crate::lab::{host, inventory};

/// An answer: its whole head without the date, and its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect(&self.body)
    }
}

/// Everything that runs.
pub struct Stage {
    pub engine: Engine,
    pub store: Store,
    pub database: PathBuf,
    pub socket: PathBuf,
    pub health: SocketAddr,
    pub stop: CancellationToken,
    /// Held, the engine stands still at its next reload.
    pub reload: Arc<tokio::sync::Mutex<()>>,
    pub clock: Clock,
    generation: u64,
    seq: u64,
    _dir: tempfile::TempDir,
}

/// One host with one check that is due every minute.
pub fn quiet() -> Inventory {
    inventory(vec![host("secret-host", &["secret-check"])])
}

/// The same, due every second.
pub fn quick() -> Inventory {
    let mut all = quiet();
    let pace = |check: &mut Check| {
        (check.interval, check.timeout) = (Span::from_secs(1), Span::from_secs(1));
    };
    all.checks.iter_mut().for_each(pace);
    all
}

impl Stage {
    pub async fn start(wanted: Inventory) -> Self {
        crate::logs::collect();
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("fluxnoc.db");
        let store = Store::open_sqlite(&database).await.unwrap();
        let reload = Arc::new(tokio::sync::Mutex::new(()));
        let (held, again) = (Arc::clone(&reload), wanted.clone());
        let clock = Clock::System;
        let engine = Engine::start(Setup {
            inventory: wanted,
            reload: Arc::new(move || {
                let _free = held.blocking_lock();
                Ok(again.clone())
            }),
            keep_rule: keep_no_rules(),
            store: store.clone(),
            keep: Keep::default(),
            clock: clock.clone(),
            machine: "stage".to_owned(),
        })
        .await
        .unwrap();
        let stop = CancellationToken::new();
        let socket = dir.path().join("fluxnoc.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        tokio::spawn(serve(listener, engine.handle.clone(), stop.clone()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let health = listener.local_addr().unwrap();
        let source = HealthSource::new(engine.handle.clone());
        tokio::spawn(serve_health(listener, source, stop.clone()));
        let mut stage = Self {
            engine,
            store,
            database,
            socket,
            health,
            stop,
            reload,
            clock,
            generation: 0,
            seq: 0,
            _dir: dir,
        };
        stage.claim().await;
        stage
    }

    async fn execute(&self, actor: Actor, command: Command) -> Outcome {
        let id = RequestId::from_parts(self.clock.now().wall.millis(), rand::random());
        self.engine.handle.execute(Request { id, actor, command }).await.unwrap()
    }

    async fn claim(&mut self) {
        let claimed =
            self.execute(Actor::Worker, Command::Claim(fluxnoc::protocol::Claim::of_boot(1))).await;
        let Outcome::Assigned { assignments, .. } = claimed else { panic!("no assignments") };
        self.generation = assignments.first().map_or(0, |assignment| assignment.generation);
    }

    /// Reports a result of the check, started so late.
    pub async fn report(&mut self, observation: Observation, lag: Span) {
        let now = self.clock.now().wall;
        self.seq += 1;
        let finding = Finding {
            generation: self.generation,
            check: "secret-host/secret-check".parse::<CheckKey>().unwrap(),
            slot: now,
            at: now,
            forced: false,
            sample: false,
            observation,
        };
        let (boot, seq) = (1, self.seq);
        let report = Report {
            boot,
            seq,
            results: vec![finding],
            traces: Vec::new(),
            lag,
            ..Report::default()
        };
        self.execute(Actor::Worker, Command::Report(report)).await;
    }

    /// One request over the socket.
    pub async fn ask(&self, method: &str, path: &str) -> Answer {
        let stream = UnixStream::connect(&self.socket).await.unwrap();
        exchange(stream, &request(method, path)).await
    }

    /// One request to the health listener.
    pub async fn probe(&self, method: &str, path: &str) -> Answer {
        let stream = TcpStream::connect(self.health).await.unwrap();
        exchange(stream, &request(method, path)).await
    }

    /// Probes until the answer is as wanted; gives how long that took.
    pub async fn until(&self, what: &str, wanted: impl Fn(&Answer) -> bool) -> (Answer, Duration) {
        let begun = tokio::time::Instant::now();
        loop {
            let answer = self.probe("GET", "/ready").await;
            if wanted(&answer) {
                return (answer, begun.elapsed());
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "{what}: {answer:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

pub fn request(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
}

/// Sends, reads to the end.
pub async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> Answer {
    let _ = stream.write_all(request.as_bytes()).await;
    let mut bytes = Vec::new();
    while stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {}
    parse(&String::from_utf8(bytes).unwrap())
}

fn parse(text: &str) -> Answer {
    let (head, body) = text.split_once("\r\n\r\n").expect(text);
    let lines = head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("date:"));
    let head = lines.collect::<Vec<_>>().join("\n");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head, body: body.to_owned() }
}

/// A TCP address that leads to a Unix socket, for programs that speak TCP only.
pub async fn bridge(socket: &Path) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let socket = socket.to_owned();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let socket = socket.clone();
            tokio::spawn(async move {
                let mut far = UnixStream::connect(socket).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    address
}
