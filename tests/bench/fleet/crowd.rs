//! A server and agents that speak to it as the program does, each from an address of its own.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use fluxnoc::clock::Clock;
use fluxnoc::model::{Metric, Observation, PlainToken, SafeText, Timestamp, Unit};
use fluxnoc::protocol::Outcome;
use fluxnoc::protocol::work::{Assignment, Beat, Claim, Enrolment, Finding, Report};
use serde::Serialize;

use crate::common::Scratch;
use crate::program::{self, Program, free_port};

/// A server whose checks all run at agents.
pub struct Hall {
    pub program: Program,
    scratch: Scratch,
    port: u16,
}

impl Hall {
    /// Starts it.
    pub async fn open(name: &str, agents: usize, checks: usize) -> Self {
        let scratch = Scratch::new(name);
        let mut text =
            "[defaults]\ninterval = \"1d\"\n[server]\nhealth_enabled = false\n".to_owned();
        for agent in 0..agents {
            let _ = write!(
                text,
                "[[host]]\nname = \"host-{agent:04}\"\naddress = \"127.0.0.1\"\nagent = \"{}\"\n",
                name_of(agent)
            );
            for check in 0..checks {
                let _ = write!(text, "[[host.check]]\nkind = \"ping\"\nname = \"c{check:03}\"\n");
            }
        }
        std::fs::write(scratch.0.join("config.toml"), text).expect("a configuration");
        let port = free_port();
        let program = program::serve(&scratch.0, port);
        Self { program, scratch, port }
    }

    /// Agents that are registered and have said nothing yet.
    pub async fn agents(&self, count: usize) -> Vec<Agent> {
        let admin = program::operator(&self.scratch.0);
        let mut all = Vec::new();
        for n in 0..count {
            let name = name_of(n);
            let token = program::token(&admin, &name, Some(&name)).await;
            all.push(Agent::register(n, self.port, &token).await);
        }
        all
    }
}

fn name_of(agent: usize) -> String {
    format!("agent-{agent:04}")
}

/// An agent.
pub struct Agent {
    http: reqwest::Client,
    url: String,
    key: String,
    boot: u64,
    seq: u64,
    late: u64,
    given: Vec<Assignment>,
    stream: Option<tokio::task::JoinHandle<()>>,
}

impl Drop for Agent {
    fn drop(&mut self) {
        if let Some(stream) = &self.stream {
            stream.abort();
        }
    }
}

impl Agent {
    async fn register(n: usize, port: u16, token: &str) -> Self {
        let number = u32::try_from(n).expect("a small number");
        let home = Ipv4Addr::from_bits(Ipv4Addr::new(127, 1, 0, 1).to_bits() + number);
        let http = reqwest::Client::builder()
            .no_proxy()
            .local_address(IpAddr::V4(home))
            .timeout(Duration::from_secs(600));
        let mut agent = Self {
            http: http.build().expect("a client"),
            url: format!("http://127.0.0.1:{port}/api/v1"),
            key: token.to_owned(),
            boot: u64::from(number) + 1000,
            seq: 0,
            late: 0,
            given: Vec::new(),
            stream: None,
        };
        let enrolment = Enrolment {
            name: name_of(n).as_str().into(),
            location: SafeText::line("Dallas"),
            machine: SafeText::line("bench"),
            version: SafeText::line("0.1.0"),
        };
        match agent.post("agents/register", &enrolment).await.0 {
            Outcome::Enrolled { key: Some(PlainToken(key)), .. } => agent.key = key,
            other => panic!("not let in: {other:?}"),
        }
        agent
    }

    /// Asks until it is answered; the answer, and how long that took.
    async fn post(&self, path: &str, body: &impl Serialize) -> (Outcome, Duration) {
        let begun = Instant::now();
        let (body, url) = (serde_json::to_vec(body).expect("JSON"), format!("{}/{path}", self.url));
        loop {
            let call = self.http.post(&url).header("x-api-token", &self.key);
            let call = call.header("content-type", "application/json").body(body.clone());
            let (status, text) = match call.send().await {
                Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap_or_default()),
                Err(error) => (0, error.to_string()),
            };
            match status {
                200 => {
                    return (serde_json::from_str(&text).expect("an outcome"), begun.elapsed());
                }
                // Busy: an agent comes again, soon and not together with the others.
                0 | 429 | 503 if begun.elapsed() < Duration::from_secs(300) => {
                    let pause = 500 + u64::from(rand::random::<u16>() % 1000);
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
                _ => panic!("{path}: {status} {text:.300}"),
            }
        }
    }

    /// Opens its stream, and reads it from now on.
    pub async fn listen(&mut self) {
        let call = self.http.get(format!("{}/events", self.url)).header("x-api-token", &self.key);
        let mut stream = call.send().await.expect("a stream");
        assert_eq!(stream.status().as_u16(), 200);
        self.stream =
            Some(tokio::spawn(async move { while let Ok(Some(_)) = stream.chunk().await {} }));
    }

    /// Asks for its checks.
    pub async fn claim(&mut self) {
        let sent_at = Some(Clock::System.now().wall);
        let claim = Claim { sent_at, ..Claim::of_boot(self.boot) };
        match self.post("work/claim", &claim).await.0 {
            Outcome::Assigned { assignments, .. } => self.given = assignments,
            other => panic!("no checks: {other:?}"),
        }
    }

    /// How many checks it has.
    pub fn checks(&self) -> usize {
        self.given.len()
    }

    fn finding(given: &Assignment, at: Timestamp) -> Finding {
        // So that no two values are alike.
        let spread = (at.millis() % 997) as f64 / 100.0;
        Finding {
            check: given.check.key.clone(),
            generation: given.generation,
            slot: at,
            at,
            forced: false,
            sample: false,
            observation: Observation::seen(
                "answered in 12.1 ms, loss 0 %",
                vec![
                    Metric::new("rtt", 0.012 + spread / 1000.0, Unit::Seconds),
                    Metric::new("loss", 0.0, Unit::Percent),
                ],
            ),
        }
    }

    /// Tells a result of now of each check; how long that took.
    pub async fn report_now(&mut self) -> Duration {
        self.seq += 1;
        let at = Clock::System.now().wall;
        let results = self.given.iter().map(|given| Self::finding(given, at)).collect();
        let report = Report { boot: self.boot, seq: self.seq, results, ..Report::default() };
        self.post("work/report", &report).await.1
    }

    /// Results of so many past minutes, the oldest first.
    pub fn kept(&self, minutes: usize) -> Vec<Finding> {
        let now = Clock::System.now().wall.millis();
        let minutes = i64::try_from(minutes).expect("a small number");
        let of = |ago: i64| {
            let at = Timestamp::from_millis(now - ago * 60_000 - 30_000);
            self.given.iter().map(move |given| Self::finding(given, at))
        };
        (1..=minutes).rev().flat_map(of).collect()
    }

    /// Tells what waited.
    pub async fn report_late(&mut self, results: Vec<Finding>) {
        self.late += 1;
        let (boot, seq, late) = (self.boot, self.late, Some(self.boot + 1_000_000));
        self.post("work/report", &Report { boot, late, seq, results, ..Report::default() }).await;
    }

    /// A heartbeat; how long it took.
    pub async fn beat(&self) -> Duration {
        let beat = Beat { boot: self.boot, sent_at: Clock::System.now().wall, ..Beat::default() };
        self.post("work/heartbeat", &beat).await.1
    }
}
