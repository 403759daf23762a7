//! A client made from the document: it asks for everything, as everybody, in good and in bad ways,
//! and each answer must be as it is documented.
//!
//! `FLUXNOC_REQUESTS=20000` makes so many requests, `FLUXNOC_SEED` others.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Request};
use fluxnoc::api::Caller;
use fluxnoc::model::{Role, Scope, Span};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::answers::Judge;
use crate::known::Known;
use crate::net::{Net, Said};
use crate::requests::{Sent, Way, make};
use crate::stage::{self, Operation};
use crate::values::Draw;

/// How many requests the test command makes.
const SHORT: usize = 2000;

/// An answer, or the beginning of one that does not end.
pub struct Heard {
    pub said: Said,
    pub media: String,
}

impl Heard {
    pub fn told(self) -> (u16, String) {
        (self.said.status, self.said.text)
    }
}

/// Sends a request; of a stream of events only the first piece is awaited.
pub async fn send(net: &Net, from: &str, sent: &Sent, headers: &[(String, String)]) -> Heard {
    let mut request = Request::builder().method(&*sent.method).uri(&sent.path);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    if sent.body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let body = sent.body.clone().map_or_else(Body::empty, Body::from);
    let mut request = request.body(body).unwrap_or_else(|error| panic!("{error}: {sent:?}"));
    let address: SocketAddr = from.parse().unwrap();
    request.extensions_mut().insert(Caller { address });
    let response = net.router.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let media = media(&headers);
    let mut body = response.into_body();
    let bytes = if media == "text/event-stream" {
        let piece = tokio::time::timeout(Duration::from_secs(20), body.frame()).await;
        piece.unwrap().unwrap().unwrap().into_data().unwrap().to_vec()
    } else {
        body.collect().await.unwrap().to_bytes().to_vec()
    };
    // A PDF is no text; nothing else is not.
    let text = if media == "application/pdf" {
        String::from_utf8_lossy(&bytes).into_owned()
    } else {
        String::from_utf8(bytes).unwrap()
    };
    Heard { said: Said { status, headers, text }, media }
}

fn media(headers: &HeaderMap) -> String {
    headers.get("content-type").map_or("", |value| value.to_str().unwrap()).to_owned()
}

/// Who asks: with a token for most things, with a session where that is what is asked about.
struct Callers {
    tokens: HashMap<Role, String>,
    sessions: HashMap<Role, String>,
    users: usize,
}

impl Callers {
    async fn new(net: &mut Net) -> Self {
        let mut all = Self { tokens: HashMap::new(), sessions: HashMap::new(), users: 0 };
        for role in Role::ALL {
            let name = format!("all-{}", role.word());
            all.tokens.insert(role, net.token(&name, role, &[Scope::Api], None).await);
        }
        all
    }

    /// A session of a role, opened when there is none or the last one ended.
    async fn session(&mut self, net: &mut Net, role: Role) -> String {
        if let Some(bearer) = self.sessions.get(&role)
            && net.get("/api/v1/auth/me", bearer).await.status == 200
        {
            return bearer.clone();
        }
        // The password of the last one may be another by now.
        self.users += 1;
        let name = format!("{}-{}", role.word(), self.users);
        net.add(&name, role).await;
        let bearer = net.login(&name).await;
        self.sessions.insert(role, bearer.clone());
        bearer
    }

    async fn proof(
        &mut self,
        net: &mut Net,
        op: &Operation,
        role: Role,
        draw: &mut Draw,
    ) -> (String, String) {
        if op.role == "login" && draw.percent(80) || draw.percent(5) {
            return (
                "authorization".to_owned(),
                format!("Bearer {}", self.session(net, role).await),
            );
        }
        ("x-api-token".to_owned(), self.tokens[&role].clone())
    }
}

#[derive(Default)]
struct Count {
    sent: usize,
    good: usize,
    /// The last answer that was not good.
    last: String,
}

/// The client with what it heard so far.
struct Client {
    net: Net,
    callers: Callers,
    ops: Vec<Operation>,
    judge: Judge,
    known: Known,
    draw: Draw,
    asked: usize,
    counts: BTreeMap<(String, &'static str), Count>,
    wrong: BTreeMap<String, String>,
}

impl Client {
    async fn new(seed: u64) -> Self {
        let mut net = stage::server().await;
        net.add("guest", Role::Viewer).await;
        let callers = Callers::new(&mut net).await;
        let document = stage::document(&net).await;
        Self {
            net,
            callers,
            ops: stage::operations(&document),
            judge: Judge::new(document),
            known: Known::default(),
            draw: Draw::new(seed),
            asked: 0,
            counts: BTreeMap::new(),
            wrong: BTreeMap::new(),
        }
    }

    /// Asks for an operation, and notes what is wrong with the answer.
    async fn ask(&mut self, at: usize, role: Option<Role>, way: Way) {
        let op = self.ops[at].clone();
        if self.asked.is_multiple_of(40) || way == Way::Least {
            self.known.refresh(&self.net).await;
        }
        self.asked += 1;
        // Each asks less often than the engine lets anybody.
        self.net.lab.clock.advance(Span::from_millis(10));
        self.net.lab.drain();
        if op.id == "undo"
            && way != Way::Wrong
            && let Some(role) = role
        {
            something_to_undo(&self.net, &mut self.known, &self.callers, role).await;
        }
        let source = (&self.judge.document, &self.known);
        let sent = make(source, &op, role, way, &mut self.draw);
        let spare = match role {
            Some(role) if op.id == "stop" => Some(stage::spare(role).await),
            _ => None,
        };
        let mut headers = sent.headers.clone();
        if let Some(role) = role {
            headers.push(match &spare {
                Some((_, token)) => ("x-api-token".to_owned(), token.clone()),
                None => self.callers.proof(&mut self.net, &op, role, &mut self.draw).await,
            });
        }
        // Whoever guesses passwords is kept out from where they are; these are many.
        let from = format!("198.51.100.{}:4711", self.draw.below(250));
        let net = spare.as_ref().map_or(&self.net, |(net, _)| net);
        let heard = send(net, &from, &sent, &headers).await;
        let status = heard.said.status;
        let who = role.map_or("nobody", Role::word);
        let count = self.counts.entry((op.id.clone(), who)).or_default();
        count.sent += 1;
        if (200..300).contains(&status) {
            count.good += 1;
        } else if way != Way::Wrong
            && (count.last.is_empty() || format!("{sent:?}").contains("temp-"))
        {
            count.last = format!("{status} {} to {sent:?}", heard.said.text);
        }
        let why = self.judge.wrong(&op, status, &heard.media, &heard.said.text);
        if let Some(why) = why.or_else(|| streamed(&mut self.judge, &heard)) {
            let place = format!("{} {status}", op.id);
            self.wrong.entry(place).or_insert_with(|| {
                format!("{why}\n  {role:?} {sent:?}").chars().take(1500).collect()
            });
        }
    }

    fn good(&self, op: &Operation) -> usize {
        let of = self.counts.iter().filter(|((id, _), _)| *id == op.id);
        of.map(|(_, count)| count.good).sum()
    }
}

fn wanted(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().map_or(usual, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_to_a_client_made_from_the_document_is_documented() {
    let total = usize::try_from(wanted("FLUXNOC_REQUESTS", SHORT as u64)).unwrap();
    let mut client = Client::new(wanted("FLUXNOC_SEED", 20_260_225)).await;
    let roles = [None, Some(Role::Viewer), Some(Role::Operator), Some(Role::Admin)];
    let mut plan: Vec<(usize, Option<Role>)> = Vec::new();
    let each = total.div_ceil(client.ops.len() * roles.len());
    for at in 0..client.ops.len() {
        for role in roles {
            plan.extend(std::iter::repeat_n((at, role), each));
        }
    }
    // In an order that nobody thought of.
    for at in (1..plan.len()).rev() {
        plan.swap(at, client.draw.below(at + 1));
    }
    for (at, role) in plan {
        let way = if client.draw.percent(50) { Way::Fitting } else { Way::Wrong };
        client.ask(at, role, way).await;
    }
    // What never came so far as to be done is asked for with no more than it needs.
    for at in 0..client.ops.len() {
        let op = client.ops[at].clone();
        let makers: &[&str] = match &*op.id {
            "edit_user" | "remove_user" | "users.one" => &["add_user"],
            "revoke_token" => &["add_token"],
            "delete_rule" => &["save_rule"],
            "escalate" => &["resume_paging"],
            "cancel_test" | "test" | "test.short" => &["run_test.probe"],
            "edit_schedule" | "remove_schedule" | "remove_schedule.short" | "run_schedule" => {
                &["add_schedule"]
            }
            id if id.contains("maintenance") => &["add_maintenance"],
            _ => &[],
        };
        for _ in 0..20 {
            if op.is_workers() || client.good(&op) > 0 {
                break;
            }
            for maker in makers {
                let maker = client.ops.iter().position(|op| op.id == *maker).unwrap();
                client.ask(maker, Some(Role::Admin), Way::Least).await;
            }
            client.ask(at, Some(Role::Admin), Way::Least).await;
            // Some need one of several things that may be absent.
            if client.good(&op) == 0 {
                client.ask(at, Some(Role::Admin), Way::Fitting).await;
            }
        }
    }
    let wrong: Vec<String> = client.wrong.iter().map(|(at, why)| format!("{at}: {why}")).collect();
    assert!(wrong.is_empty(), "{} kinds of wrong answers:\n{}", wrong.len(), wrong.join("\n"));
    let sent: usize = client.counts.values().map(|count| count.sent).sum();
    let good: usize = client.counts.values().map(|count| count.good).sum();
    let least = client.counts.values().map(|count| count.sent).min().unwrap();
    println!(
        "{sent} requests, {good} of them done; {} operations, each at least {least} times as each role",
        client.ops.len()
    );
    assert!(sent >= total && least >= each, "{sent} sent, at least {least} each");
    let never = client.ops.iter().filter(|op| !op.is_workers());
    let never = never.filter(|op| client.good(op) == 0);
    let never: Vec<String> = never
        .map(|op| format!("{}: {}", op.id, client.counts[&(op.id.clone(), "admin")].last))
        .collect();
    assert!(never.is_empty(), "never a good answer:\n{}", never.join("\n"));
}

/// What is wrong with the data of an event.
fn streamed(judge: &mut Judge, heard: &Heard) -> Option<String> {
    if heard.media != "text/event-stream" {
        return None;
    }
    let schema = json!({ "$ref": "#/components/schemas/Event" });
    let data = heard.said.text.lines().filter_map(|line| line.strip_prefix("data: "));
    let mut data = data.map(|data| serde_json::from_str::<Value>(data).unwrap());
    data.find_map(|value| judge.wrong_value(&schema, &value))
}

/// Has somebody do something that they can take back.
async fn something_to_undo(net: &Net, known: &mut Known, callers: &Callers, role: Role) {
    let id = json!(uuid(known.requests.values().map(Vec::len).sum()));
    let headers =
        [("x-api-token", &*callers.tokens[&role]), ("idempotency-key", id.as_str().unwrap())];
    let body = json!({ "targets": ["web-1"], "text": "x" });
    net.call("POST", "/api/v1/comments", &headers, Some(body)).await;
    known.requests.entry(role.word()).or_default().push(id);
}

fn uuid(n: usize) -> String {
    format!("018bcfe5-6800-7707-8707-{n:012x}")
}
