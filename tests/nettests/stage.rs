//! What the tests here share: an engine with its router and an agent by hand; a program that is
//! asked over HTTP.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use fluxnoc::model::test::{PortResult, PortState};
use fluxnoc::model::{Measured, Role, SafeText, Span, TestId, TestNews, TestOrder};
use fluxnoc::protocol::{Outcome, Query, Report};
use serde_json::{Value, json};

use crate::hand::Hand;
use crate::house::{House, until};
use crate::net::Net;

/// The agent of the seed document's examples.
pub const AGENT: &str = "HQ-CORE";

/// An engine on a manual clock with its router, users, and one agent that is moved by hand.
pub struct Desk {
    pub net: Net,
    pub agent: Hand,
    pub operator: String,
    pub viewer: String,
}

impl Desk {
    pub async fn new() -> Self {
        let mut net = Net::with_users().await;
        let mut agent = Hand::ready(&mut net.lab, AGENT).await;
        agent.beat(&mut net.lab, 5, 0).await.unwrap();
        let (operator, viewer) = (net.login("operator").await, net.login("viewer").await);
        Self { net, agent, operator, viewer }
    }

    /// Logs in anew: sessions end when so much time passes.
    pub async fn login(&mut self) {
        self.operator = self.net.login("operator").await;
        self.viewer = self.net.login("viewer").await;
    }

    /// Lets the engine look around.
    pub async fn turn(&mut self) {
        for _ in 0..4 {
            self.net.lab.clock.advance(Span::from_millis(300));
            for _ in 0..2 {
                self.net.lab.query(Query::Engine).await;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        self.net.lab.drain();
    }

    /// So much time passes, with a heartbeat every half minute.
    pub async fn pass(&mut self, span: Span) {
        let mut left = span.millis();
        while left > 0 {
            let step = left.min(30_000);
            self.net.lab.clock.advance(Span::from_millis(step));
            self.agent.beat(&mut self.net.lab, 5, 0).await.unwrap();
            left -= step;
        }
        self.turn().await;
    }

    /// What the agent is to run now, as its next heartbeat says.
    pub async fn orders(&mut self) -> Vec<TestOrder> {
        self.turn().await;
        match self.agent.beat(&mut self.net.lab, 5, 0).await.unwrap() {
            Outcome::Directives(directives) => directives.tests.unwrap().tests,
            other => panic!("{other:?}"),
        }
    }

    /// The agent tells this of a test.
    pub async fn tell(&mut self, news: TestNews) -> Report {
        self.agent.seq += 1;
        let report = Report { tests: vec![news], ..self.agent.message(Vec::new()) };
        self.agent.send(&mut self.net.lab, report.clone()).await.unwrap();
        self.turn().await;
        report
    }

    /// News of a test that is over, or not.
    pub fn news(&self, id: TestId, result: Option<Measured>, over: bool) -> TestNews {
        let at = self.net.lab.clock.now().wall;
        TestNews { id, at, over, failure: None, busy: false, result: result.map(Box::new) }
    }

    /// Asks, as the Operator.
    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let said = self.net.ask("POST", path, &self.operator, Some(body)).await;
        (said.status, said.json())
    }

    /// A test as the document's path tells it.
    pub async fn result(&self, id: &Value) -> Value {
        let path = format!("/api/speed/results/{}", id.as_str().unwrap());
        let said = self.net.get(&path, &self.viewer).await;
        assert_eq!(said.status, 200, "{}", said.text);
        said.json()
    }
}

/// What a probe of a port saw.
pub fn port(state: PortState, ms: f64) -> Measured {
    let output = SafeText::line(state.word());
    Measured::Probe(PortResult { state, time_ms: Some(ms), output })
}

/// The id of a test in an answer.
pub fn id_of(test: &Value) -> TestId {
    test["id"].as_str().unwrap().parse().unwrap()
}

/// One request to a program on loopback; the status and the body.
pub fn http(
    port: u16,
    method: &str,
    path: &str,
    token: &str,
    body: Option<&Value>,
) -> (u16, Value) {
    let body = body.map(ToString::to_string).unwrap_or_default();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-token: {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    let (head, body) = said.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_else(|_| json!(body)))
}

/// A token of an Operator for the API.
pub fn token(house: &House) -> String {
    let output = house.verb(&["token", "add", "--role", Role::Operator.word()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().last().unwrap().trim().to_owned()
}

/// Waits until a test is over, as the document's path tells it.
pub fn over(port: u16, token: &str, id: &Value) -> Value {
    let path = format!("/api/speed/results/{}", id.as_str().unwrap());
    until("the test is over", Duration::from_secs(60), || {
        let (status, test) = http(port, "GET", &path, token, None);
        assert_eq!(status, 200, "{test}");
        let going = ["queued", "running"].contains(&test["phase"].as_str().unwrap());
        (!going).then_some(test)
    })
}
