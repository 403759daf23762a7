//! Servers of the release binary on one PostgreSQL, and the services that they watch.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::common::Scratch;
use crate::postgres;
use crate::program::{Program, await_port, free_port, own};

/// How long something may take that is not measured.
const PATIENCE: Duration = Duration::from_secs(120);
/// Addresses of the services: one alone would run out of ports by thousands of connections that
/// have just ended.
const ADDRESSES: u8 = 16;

/// Services that count who asks.
pub struct Targets {
    places: Vec<SocketAddr>,
    asked: Arc<AtomicUsize>,
}

impl Targets {
    pub fn open() -> Self {
        let asked = Arc::new(AtomicUsize::new(0));
        let mut places = Vec::new();
        for n in 1..=ADDRESSES {
            let listener = TcpListener::bind((Ipv4Addr::new(127, 2, 0, n), 0)).expect("loopback");
            places.push(listener.local_addr().expect("an address"));
            let asked = Arc::clone(&asked);
            std::thread::spawn(move || {
                while listener.accept().is_ok() {
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        Self { places, asked }
    }

    /// How often one of them was asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

/// One server.
pub struct Server {
    api: u16,
    health: u16,
    pub program: Option<Program>,
}

impl Server {
    pub fn signal(&self, signal: Signal) {
        let pid = self.program.as_ref().map(|program| program.0.id()).expect("it runs");
        kill(Pid::from_raw(i32::try_from(pid).expect("a pid")), signal).expect("it runs");
    }

    /// Waits for its end.
    pub fn wait(&mut self) {
        let mut program = self.program.take().expect("it ran");
        program.0.wait().expect("its end");
    }

    /// What its health listener answers; nothing while it does not.
    fn asked(&self, path: &str) -> String {
        let ask = || -> std::io::Result<String> {
            let at = SocketAddr::from((Ipv4Addr::LOCALHOST, self.health));
            let mut stream = TcpStream::connect_timeout(&at, Duration::from_millis(200))?;
            stream.set_read_timeout(Some(Duration::from_millis(500)))?;
            write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
            let mut text = String::new();
            stream.read_to_string(&mut text)?;
            Ok(text)
        };
        if self.program.is_some() { ask().unwrap_or_default() } else { String::new() }
    }

    pub fn leads(&self) -> bool {
        self.asked("/cluster/status").contains("\"is_leader\":true")
    }

    fn is_nominal(&self) -> bool {
        self.asked("/ready").contains("\"mode\":\"nominal\"")
    }
}

/// All of it.
pub struct Cluster {
    pub servers: Vec<Server>,
    pub targets: Targets,
    scratch: Scratch,
    database: postgres::Server,
    url: String,
}

impl Cluster {
    /// So many servers, all ready, with so many checks each second or five.
    pub fn start(name: &str, servers: usize, checks: usize, interval: &str) -> Self {
        let scratch = Scratch::new(name);
        let targets = Targets::open();
        let mut text = format!(
            "[defaults]\ninterval = \"{interval}\"\ntimeout = \"900ms\"\n[alerting]\nflapping = false\n"
        );
        for (n, place) in targets.places.iter().cycle().enumerate().take(checks) {
            let (ip, port) = (place.ip(), place.port());
            let _ = write!(
                text,
                "[[host]]\nname = \"h{n}\"\naddress = \"{ip}\"\n\
                 [[host.check]]\nkind = \"tcp\"\nport = {port}\n"
            );
        }
        std::fs::write(scratch.0.join("config.toml"), text).expect("a configuration");
        let database = postgres::Server::start();
        let url = database.database();
        let servers = (0..servers)
            .map(|_| Server { api: free_port(), health: free_port(), program: None })
            .collect();
        let mut cluster = Self { servers, targets, scratch, database, url };
        for n in 0..cluster.servers.len() {
            cluster.run(n);
        }
        cluster.ready();
        cluster
    }

    /// Starts a server, or starts it again.
    pub fn run(&mut self, n: usize) {
        let server = &mut self.servers[n];
        let mut command = Command::new(own());
        command.arg("--config").arg(self.scratch.0.join("config.toml"));
        command.arg("--data-dir").arg(self.scratch.0.join(format!("data-{n}")));
        command.args(["serve", "--listen", &format!("127.0.0.1:{}", server.api)]);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", &self.scratch.0);
        command.env("FLUXNOC_DATABASE", &self.url);
        command.env("FLUXNOC_SERVER__HEALTH_ADDR", format!("127.0.0.1:{}", server.health));
        command.env("FLUXNOC_SERVER__NODE_ID", format!("noc-{n}"));
        server.program = Some(Program::start(&mut command, &self.scratch.0, &format!("noc-{n}")));
        await_port(server.health);
    }

    /// Waits until all are ready and the services are asked.
    pub fn ready(&self) {
        let before = self.targets.asked();
        wait("all are ready", || {
            self.servers.iter().all(Server::is_nominal) && self.targets.asked() > before
        });
    }

    /// The one that leads, except this one.
    pub fn leader(&self, except: Option<usize>) -> Option<usize> {
        (0..self.servers.len()).find(|n| Some(*n) != except && self.servers[*n].leads())
    }

    /// CPU seconds of PostgreSQL so far, its ended processes included.
    pub fn database_cpu(&self) -> f64 {
        let file = self.database.directory().join("data/postmaster.pid");
        let text = std::fs::read_to_string(file).expect("PostgreSQL runs");
        let pid: u32 = text.lines().next().and_then(|pid| pid.parse().ok()).expect("a pid");
        let all = std::fs::read_dir("/proc").expect("/proc");
        let times = all.flatten().filter_map(|entry| times(&entry.path())).collect::<Vec<_>>();
        let mut sum = 0.0;
        for process in &times {
            if process.pid == pid {
                sum += process.own + process.ended;
            } else if process.parent == pid {
                sum += process.own;
            }
        }
        sum
    }
}

struct Times {
    pid: u32,
    parent: u32,
    own: f64,
    ended: f64,
}

/// What `/proc/PID/stat` says.
fn times(process: &Path) -> Option<Times> {
    let pid = process.file_name()?.to_str()?.parse().ok()?;
    let text = std::fs::read_to_string(PathBuf::from(process).join("stat")).ok()?;
    let words: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| words.get(at).and_then(|word| word.parse::<f64>().ok());
    let (own, ended) = (ticks(11)? + ticks(12)?, ticks(13)? + ticks(14)?);
    let parent = words.get(1)?.parse().ok()?;
    Some(Times { pid, parent, own: own / 100.0, ended: ended / 100.0 })
}

/// Waits until something is so; gives how long it took.
pub fn wait(what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
    begun.elapsed()
}
