//! An agent that is moved by hand.

use fluxnoc::clock::Clock;
use fluxnoc::engine::{Inventory, Watcher};
use fluxnoc::model::{Name, Observation, PlainToken, RequestId, SafeText, Span, Timestamp, Token};
use fluxnoc::protocol::work::{Assignment, Directives, Finding};
use fluxnoc::protocol::{
    Actor, Beat, Claim, Command, Enrolment, Event, Outcome, Problem, Report, Request, Role,
};
use tempfile::TempDir;

use crate::lab::{self, Lab, START};

/// A directory, and hosts whose checks run at agents.
pub struct Place {
    pub dir: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// `far` is looked at by the first agent, `near` by the server.
    pub fn inventory(agents: &[&str]) -> Inventory {
        let (mut far, mut checks) = lab::host("far", &["ping", "web"]);
        let agent = agents.first().map(|name| Name::from(*name));
        far.agent.clone_from(&agent);
        for check in &mut checks {
            check.agent.clone_from(&agent);
            check.attempts = 1;
        }
        lab::inventory(vec![(far, checks), lab::host("near", &["ping"])])
    }

    pub async fn start(&self, agents: &[&str]) -> Lab {
        self.again(agents, Clock::manual(START)).await
    }

    pub async fn again(&self, agents: &[&str], clock: Clock) -> Lab {
        Lab::start(self.dir.path(), Self::inventory(agents), clock).await
    }
}

/// Makes a token for an agent.
pub async fn token(lab: &mut Lab, agent: &str, uses: Option<u32>) -> Token {
    let command = Command::AddToken {
        name: format!("agent-{agent}").into(),
        role: Role::Viewer,
        scopes: Vec::new(),
        expires: None,
        agent: Some(agent.into()),
        uses,
    };
    match lab.execute(command).await {
        Ok(Outcome::Token { token, .. }) => token,
        other => panic!("{other:?}"),
    }
}

async fn ask(lab: &Lab, actor: Actor, command: Command) -> Result<Outcome, Problem> {
    let id = RequestId::from_parts(lab.clock.now().wall.millis(), rand::random());
    let request = Request { id, actor, command };
    let handle = lab.engine.handle.clone();
    let asked = tokio::spawn(async move { handle.execute(request).await });
    // What is answered after the commit gathers for a quarter of a second.
    while !asked.is_finished() {
        tokio::task::yield_now().await;
        lab.clock.advance(Span::from_millis(50));
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    asked.await.unwrap()
}

/// Registers with a token; gives the key.
pub async fn enrol(lab: &mut Lab, token: &Token, name: &str) -> Result<PlainToken, Problem> {
    let actor = Actor::Token {
        name: SafeText::line(&token.name),
        role: token.role,
        scopes: token.scopes.clone(),
        address: Some(SafeText::line("192.0.2.1")),
    };
    let enrolment = Enrolment {
        name: name.into(),
        location: SafeText::line("Dallas"),
        machine: SafeText::line("m-1"),
        version: SafeText::line("0.1.0"),
    };
    match ask(lab, actor, Command::Enrol(enrolment)).await? {
        Outcome::Enrolled { key: Some(key), .. } => Ok(key),
        other => panic!("{other:?}"),
    }
}

/// An agent.
pub struct Hand {
    pub name: Name,
    pub boot: u64,
    pub life: u64,
    pub seq: u64,
    pub address: &'static str,
    /// How far its clock is ahead, in milliseconds.
    pub ahead: i64,
    pub given: Vec<Assignment>,
    pub stream: Option<Watcher>,
}

impl Hand {
    pub async fn enrolled(lab: &mut Lab, token: &Token, name: &str) -> Self {
        enrol(lab, token, name).await.unwrap();
        Self {
            name: name.into(),
            boot: 7,
            life: 0,
            seq: 0,
            address: "192.0.2.1",
            ahead: 0,
            given: Vec::new(),
            stream: None,
        }
    }

    /// Registered, its stream open, its work claimed.
    pub async fn ready(lab: &mut Lab, name: &str) -> Self {
        let token = token(lab, name, None).await;
        let mut agent = Self::enrolled(lab, &token, name).await;
        agent.claim(lab).await.unwrap();
        agent
    }

    pub fn actor(&self) -> Actor {
        let address = Some(SafeText::line(self.address));
        Actor::Agent { name: Name::clone(&self.name), address }
    }

    pub async fn claim(&mut self, lab: &mut Lab) -> Result<Outcome, Problem> {
        if self.stream.is_none() {
            self.stream = Some(lab.engine.handle.watch(self.actor()).await?);
        }
        let claim = Claim {
            life: self.life,
            sent_at: Some(self.clock(lab)),
            location: SafeText::line("Dallas"),
            machine: SafeText::line("m-1"),
            ..Claim::of_boot(self.boot)
        };
        let outcome = ask(lab, self.actor(), Command::Claim(claim)).await?;
        let Outcome::Assigned { assignments, life, .. } = &outcome else {
            panic!("{outcome:?}");
        };
        (self.given, self.life) = (assignments.clone(), *life);
        lab.drain();
        Ok(outcome)
    }

    pub async fn beat(&mut self, lab: &mut Lab, rtt: u64, failed: u32) -> Result<Outcome, Problem> {
        let sent_at = self.clock(lab);
        let rtt = Some(Span::from_millis(rtt));
        let beat = Beat { boot: self.boot, sent_at, rtt, failed, ..Beat::default() };
        let answer = ask(lab, self.actor(), Command::Beat(beat)).await;
        lab.drain();
        answer
    }

    /// A result of now, by its own clock.
    pub fn finding(&self, lab: &Lab, key: &str, observation: Observation) -> Finding {
        let now = self.clock(lab);
        let check: fluxnoc::model::CheckKey = key.parse().unwrap();
        let given = self.given.iter().find(|given| given.check.key == check);
        let generation = given.map_or(0, |given| given.generation);
        let (slot, at, forced, sample) = (now, now, false, false);
        Finding { check, generation, slot, at, forced, sample, observation }
    }

    /// What its clock says.
    fn clock(&self, lab: &Lab) -> Timestamp {
        Timestamp::from_millis(lab.clock.now().wall.millis() + self.ahead)
    }

    pub fn message(&self, results: Vec<Finding>) -> Report {
        Report { boot: self.boot, seq: self.seq, results, ..Report::default() }
    }

    pub async fn send(&self, lab: &mut Lab, report: Report) -> Result<Outcome, Problem> {
        let answer = ask(lab, self.actor(), Command::Report(report)).await;
        lab.drain();
        answer
    }

    /// Tells one result of now.
    pub async fn report(&mut self, lab: &mut Lab, key: &str, observation: Observation) {
        self.seq += 1;
        let report = self.message(vec![self.finding(lab, key, observation)]);
        self.send(lab, report).await.unwrap();
    }

    /// The last of what it was told.
    pub async fn told(&mut self, lab: &mut Lab) -> Directives {
        lab.query(fluxnoc::protocol::Query::Engine).await;
        let stream = self.stream.as_mut().unwrap();
        let mut last = Directives::default();
        while let Some(event) = stream.try_next() {
            if let Event::Directives(directives) = &*event {
                last = Directives::clone(directives);
            }
        }
        last
    }
}
