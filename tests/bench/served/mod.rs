//! What the benchmarks of the network share: a server of 10,000 hosts, clients that keep their
//! connections, and what a process uses.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

pub mod load;
pub mod peers;
pub mod program;

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use fluxnoc::client::Client;
use fluxnoc::clock::Clock;
use fluxnoc::model::{Failure, FailureKind, Metric, Observation, Unit};

use crate::common::Scratch;
use crate::feeder;
pub use program::{Program, await_port, free_port};

/// Hosts that are watched, six checks each.
pub const HOSTS: usize = 10_000;
/// Hosts with a problem, the first of them.
pub const ALERTS: usize = 1000;

/// `fluxnoc serve` of the release binary, with its hosts, problems and tokens.
pub struct Server {
    pub scratch: Scratch,
    pub program: Program,
    pub port: u16,
    pub tokens: Vec<String>,
}

impl Server {
    /// Fills a database, starts the server on it and makes so many tokens.
    pub async fn start(name: &str, tokens: usize) -> Self {
        let scratch = Scratch::new(name);
        fill(&scratch.0).await;
        let port = free_port();
        let program = program::serve(&scratch.0, port);
        let client = program::operator(&scratch.0);
        let mut all = Vec::new();
        for n in 0..tokens {
            all.push(program::token(&client, &format!("bench-{n}"), None).await);
        }
        quiet(&program).await;
        Self { scratch, program, port, tokens: all }
    }

    /// One of the tokens; there are enough that none is at its pace.
    pub fn token(&self, n: usize) -> &str {
        self.tokens.get(n % self.tokens.len()).expect("a token")
    }

    /// A client by the socket.
    pub fn operator(&self) -> Client {
        program::operator(&self.scratch.0)
    }
}

/// Waits until every check was run: the next time is a day away, and what is measured is the answers.
async fn quiet(program: &Program) {
    let until = Instant::now() + Duration::from_secs(240);
    let mut before = program.cpu();
    loop {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let now = program.cpu();
        if now - before < 0.1 {
            return;
        }
        assert!(Instant::now() < until, "the server does not come to rest");
        before = now;
    }
}

/// A database of all hosts with a result of every check, and the configuration that lists them; the
/// `custom` check of the first hosts has a problem.
async fn fill(dir: &Path) {
    std::fs::create_dir(dir.join("data")).expect("a directory");
    let clock = Clock::System;
    let (engine, assignments) = feeder::engine(&dir.join("data"), HOSTS, &clock).await;
    for from in (0..assignments.len()).step_by(feeder::BATCH) {
        let count = feeder::BATCH.min(assignments.len() - from);
        feeder::report(&engine, &clock, &assignments, from, count).await;
    }
    let bad: Vec<_> = assignments
        .iter()
        .filter(|one| {
            &*one.check.key.name == "custom" && &*one.check.key.host < problem_end().as_str()
        })
        .cloned()
        .collect();
    assert_eq!(bad.len(), ALERTS);
    // One more than it takes to be believed.
    for _ in 0..4 {
        let failure = Failure::new(FailureKind::Refused, "connection refused by 127.0.0.1:80");
        let seen = Observation {
            metrics: vec![Metric::new("loss", 100.0, Unit::Percent)],
            ..Observation::failed(failure)
        };
        feeder::report_all(&engine, &clock, &bad, &seen).await;
    }
    engine.stopped().await.expect("a whole engine");
    let mut text = "[defaults]\ninterval = \"1d\"\n[server]\nhealth_enabled = false\n".to_owned();
    for n in 0..HOSTS {
        let _ = write!(text, "[[host]]\nname = \"host-{n:05}\"\naddress = \"127.0.0.1\"\n");
        for check in ["ping", "tcp", "http", "dns", "udp"] {
            let _ = write!(text, "[[host.check]]\nkind = \"ping\"\nname = \"{check}\"\n");
        }
        // The problems stay what they are: nobody listens there.
        let kind = if n < ALERTS { "kind = \"tcp\"\nport = 1" } else { "kind = \"ping\"" };
        let _ = write!(text, "[[host.check]]\n{kind}\nname = \"custom\"\n");
    }
    std::fs::write(dir.join("config.toml"), text).expect("a configuration");
}

/// The name of the first host that is well.
fn problem_end() -> String {
    format!("host-{ALERTS:05}")
}
