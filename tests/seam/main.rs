//! The seam: whatever is asked of an engine arrives the same over the real router, a real Unix
//! socket and the real client, and whatever it says comes back the same.
//!
//! The engine is a fake that holds the receiver of its own handle.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod http;
mod net;
mod packed;
mod samples;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fluxnoc::backend::{Backend, Watch};
use fluxnoc::client::Client;
use fluxnoc::engine::{Ask, Handle, Watcher};
use fluxnoc::model::SafeText;
use fluxnoc::protocol::{
    Actor, Command, Event, Outcome, Problem, ProblemKind, Query, Request, Role,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use samples::{answer_to, events, id, outcomes, window, zoe};

/// A served socket with a fake engine behind it.
struct Stage {
    _dir: tempfile::TempDir,
    socket: PathBuf,
    asks: mpsc::Receiver<Ask>,
    stop: CancellationToken,
    served: tokio::task::JoinHandle<()>,
}

fn stage() -> Stage {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("fluxnoc.sock");
    let (handle, asks) = Handle::channel();
    let stop = CancellationToken::new();
    let listener = UnixListener::bind(&socket).unwrap();
    let served = tokio::spawn(fluxnoc::api::serve(listener, handle, stop.clone()));
    Stage { _dir: dir, socket, asks, stop, served }
}

impl Stage {
    fn client(&self, role: Role) -> Client {
        Client::connect(&self.socket, "Zoë B. & co/1=2+3", role).unwrap()
    }

    async fn ask(&mut self) -> Ask {
        self.asks.recv().await.expect("something is asked")
    }

    /// One raw HTTP exchange: status and body.
    async fn raw(&self, request: &str) -> (u16, String) {
        let mut stream = UnixStream::connect(&self.socket).await.unwrap();
        // The engine may answer and hang up before it read everything: both ends in an error.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        while stream.read_buf(&mut answer).await.is_ok_and(|read| read > 0) {}
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect(&answer);
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    async fn post(&self, path: &str, body: &str) -> (u16, String) {
        let length = body.len();
        self.raw(&format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
        .await
    }
}

#[tokio::test]
async fn every_command_survives_the_wire() {
    let mut stage = stage();
    let client = stage.client(Role::Admin);
    for (n, command) in (0..).zip(Command::samples()) {
        let request = Request { id: id(n), actor: zoe(Role::Admin), command };
        let sent = tokio::spawn({
            let (client, request) = (client.clone(), request.clone());
            async move { client.execute(&request).await }
        });
        let Ask::Execute(arrived, reply) = stage.ask().await else { panic!("not a command") };
        assert_eq!(arrived, request);
        reply.send(Ok(Outcome::done(1))).unwrap();
        assert_eq!(sent.await.unwrap(), Ok(Outcome::done(1)));
    }
}

#[tokio::test]
async fn every_outcome_comes_back() {
    let mut stage = stage();
    let client = stage.client(Role::Admin);
    let samples = Command::samples();
    let add = samples.iter().find(|c| matches!(c, Command::AddMaintenance(_))).unwrap();
    for outcome in outcomes() {
        for command in [&Command::Reload, add] {
            let request = Request { id: id(1), actor: zoe(Role::Admin), command: command.clone() };
            let client = client.clone();
            let sent = tokio::spawn(async move { client.execute(&request).await });
            let Ask::Execute(_, reply) = stage.ask().await else { panic!("not a command") };
            reply.send(Ok(outcome.clone())).unwrap();
            assert_eq!(sent.await.unwrap().as_ref(), Ok(&outcome));
        }
    }
}

#[tokio::test]
async fn every_query_survives_the_wire_and_its_answer_comes_back() {
    let mut stage = stage();
    let client = stage.client(Role::Viewer);
    for query in Query::samples() {
        let sent = tokio::spawn({
            let (client, query) = (client.clone(), query.clone());
            async move { client.query(&query).await }
        });
        let Ask::Query(actor, arrived, reply) = stage.ask().await else { panic!("not a query") };
        assert_eq!((&actor, &arrived), (&zoe(Role::Viewer), &query));
        reply.send(Ok(answer_to(&query))).unwrap();
        assert_eq!(sent.await.unwrap(), Ok(answer_to(&query)));
    }
}

#[tokio::test]
async fn every_problem_comes_back() {
    let mut stage = stage();
    let client = stage.client(Role::Operator);
    for kind in ProblemKind::ALL {
        let message = SafeText::text("field `end`:\nnot after `start`");
        let problem = Problem { kind, message };
        let sent = tokio::spawn({
            let client = client.clone();
            async move {
                let request = Request { id: id(1), actor: Actor::Engine, command: Command::Stop };
                let query = client.query(&Query::Engine).await.unwrap_err();
                let watch = client.watch().await.err();
                (client.execute(&request).await.unwrap_err(), query, watch)
            }
        });
        for _ in 0..3 {
            match stage.ask().await {
                Ask::Query(_, _, reply) => drop(reply.send(Err(problem.clone()))),
                Ask::Watch(_, reply) | Ask::Resume(_, _, reply) => {
                    drop(reply.send(Err(problem.clone())))
                }
                Ask::Execute(_, reply) | Ask::ExecuteIf(_, _, reply) => {
                    drop(reply.send(Err(problem.clone())))
                }
            }
        }
        let got = sent.await.unwrap();
        assert_eq!(got, (problem.clone(), problem.clone(), Some(problem)));
    }
}

#[tokio::test]
async fn an_engine_that_forgets_to_answer_is_unavailable() {
    let mut stage = stage();
    let client = stage.client(Role::Admin);
    let sent = tokio::spawn(async move { client.query(&Query::Engine).await });
    drop(stage.ask().await);
    assert_eq!(sent.await.unwrap().unwrap_err().kind, ProblemKind::Unavailable);
}

#[tokio::test]
async fn every_event_survives_the_wire_and_the_end_is_seen() {
    let mut stage = stage();
    let client = stage.client(Role::Viewer);
    let opened = tokio::spawn(async move { client.watch().await });
    let Ask::Watch(actor, reply) = stage.ask().await else { panic!("not a watch") };
    assert_eq!(actor, zoe(Role::Viewer));
    let (changes, receiver) = mpsc::channel(64);
    let picture = events().into_iter().take(7).map(Arc::new).collect();
    reply.send(Ok(Watcher::new(picture, receiver))).unwrap();
    let mut stream = opened.await.unwrap().unwrap();
    for event in events().into_iter().skip(7) {
        changes.send(Arc::new(event)).await.unwrap();
    }
    for expected in events() {
        assert_eq!(stream.next().await.as_deref(), Some(&expected));
    }
    drop(changes);
    assert_eq!(stream.next().await, None);
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_cancelled_wait_loses_no_event() {
    let mut stage = stage();
    let client = stage.client(Role::Viewer);
    let opened = tokio::spawn(async move { client.watch().await });
    let Ask::Watch(_, reply) = stage.ask().await else { panic!("not a watch") };
    let (changes, receiver) = mpsc::channel(64);
    reply.send(Ok(Watcher::new(Vec::new(), receiver))).unwrap();
    let mut stream = opened.await.unwrap().unwrap();
    let sender = tokio::spawn(async move {
        for stream in 0..500 {
            changes.send(Arc::new(Event::Hello { stream, hosts: 0 })).await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    let mut expected = 0;
    while expected < 500 {
        tokio::select! {
            biased;
            () = tokio::task::yield_now() => {}
            event = stream.next() => {
                assert_eq!(event.as_deref(), Some(&Event::Hello { stream: expected, hosts: 0 }));
                expected += 1;
            }
        }
    }
    sender.await.unwrap();
}

#[tokio::test]
async fn the_backend_is_the_same_from_both_places() {
    let mut far = stage();
    let (handle, mut near) = Handle::channel();
    let backends = [Backend::Remote(far.client(Role::Admin)), Backend::Local(handle)];
    for (backend, remote) in backends.into_iter().zip([true, false]) {
        let asked = tokio::spawn(async move {
            let actor = zoe(Role::Admin);
            let request = Request { id: id(3), actor: actor.clone(), command: Command::Reload };
            let outcome = backend.execute(request).await;
            let answer = backend.query(actor.clone(), Query::Engine).await;
            let mut watch: Watch = backend.watch(actor).await.unwrap();
            let event = watch.next().await;
            (outcome, answer, event.as_deref().cloned(), watch.next().await)
        });
        for _ in 0..3 {
            let ask = if remote { far.ask().await } else { near.recv().await.unwrap() };
            match ask {
                Ask::ExecuteIf(..) => panic!("a console ties nothing to a version"),
                Ask::Execute(request, reply) => {
                    assert_eq!((request.id, request.actor), (id(3), zoe(Role::Admin)));
                    reply.send(Ok(Outcome::Maintenance(window()))).unwrap();
                }
                Ask::Query(_, query, reply) => reply.send(Ok(answer_to(&query))).unwrap(),
                Ask::Watch(_, reply) | Ask::Resume(_, _, reply) => {
                    let (_, receiver) = mpsc::channel(1);
                    let picture = vec![Arc::new(Event::Ready)];
                    drop(reply.send(Ok(Watcher::new(picture, receiver))));
                }
            }
        }
        let (outcome, answer, event, end) = asked.await.unwrap();
        assert_eq!(outcome, Ok(Outcome::Maintenance(window())));
        assert_eq!(answer, Ok(answer_to(&Query::Engine)));
        assert_eq!((event, end), (Some(Event::Ready), None));
    }
}

#[tokio::test]
async fn a_stop_ends_streams_and_the_server() {
    let mut stage = stage();
    let client = stage.client(Role::Viewer);
    let opened = tokio::spawn(async move { client.watch().await });
    let Ask::Watch(_, reply) = stage.ask().await else { panic!("not a watch") };
    let (changes, receiver) = mpsc::channel(1);
    reply.send(Ok(Watcher::new(vec![Arc::new(Event::Ready)], receiver))).unwrap();
    let mut stream = opened.await.unwrap().unwrap();
    assert_eq!(stream.next().await.as_deref(), Some(&Event::Ready));
    stage.stop.cancel();
    assert_eq!(stream.next().await, None);
    tokio::time::timeout(Duration::from_secs(5), &mut stage.served).await.unwrap().unwrap();
    drop(changes);
    let gone = Client::connect(&stage.socket, "ann", Role::Viewer).unwrap_err();
    assert_eq!(gone.kind, ProblemKind::Unreachable);
    assert!(gone.message.as_str().contains("fluxnoc.sock"), "{gone}");
}
