//! What goes over the network is packed: an event is there at once all the same, a first picture is
//! a part of its bytes, and a server that sends a bomb fills nobody's memory.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use fluxnoc::api::{Exposed, serve_net};
use fluxnoc::auth::{self, Accounts};
use fluxnoc::client::{Access, Client, Credential};
use fluxnoc::engine::{Ask, Handle, Watcher};
use fluxnoc::model::{
    Alert, AlertId, CheckKey, Host, KeptToken, Phase, SafeText, Scope, Span, State, Status,
    Timestamp, Token, spec::Kind,
};
use fluxnoc::protocol::event::Mark;
use fluxnoc::protocol::{CheckRow, EngineStatus, Event, ProblemKind, Query, Role, World};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A fake engine behind the network's listener, and the token that opens it.
struct Far {
    at: SocketAddr,
    token: String,
    asks: mpsc::Receiver<Ask>,
    _end: DropGuard,
}

impl Far {
    async fn new() -> Self {
        let (plain, hash) = auth::mint();
        let token = Token {
            name: "desk".into(),
            role: Role::Viewer,
            scopes: vec![Scope::Api],
            created: Timestamp::from_millis(0),
            created_by: SafeText::line("noc"),
            expires: None,
            last_used: None,
            agent: None,
            uses: None,
        };
        let accounts = Accounts::new(Vec::new(), vec![KeptToken { token, hash }]);
        let (handle, asks) = Handle::channel_for(accounts);
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = socket.local_addr().unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(serve_net(socket, None, Exposed::default(), handle, stop.clone()));
        Self { at, token: plain.0, asks, _end: stop.drop_guard() }
    }

    fn client(&self) -> Client {
        client(self.at, &self.token)
    }

    /// Answers the next wish to watch.
    async fn watched(&mut self, picture: Vec<Event>) -> mpsc::Sender<Arc<Event>> {
        let (changes, receiver) = mpsc::channel(64);
        let picture = picture.into_iter().map(Arc::new).collect();
        match self.asks.recv().await.expect("a wish") {
            Ask::Watch(_, reply) | Ask::Resume(_, _, reply) => {
                reply.send(Ok(Watcher::new(picture, receiver))).unwrap();
            }
            other => panic!("{other:?}"),
        }
        changes
    }

    /// All that a stream has, as it is on the line: its head and its body.
    async fn raw(&mut self, accept: &str, picture: Vec<Event>) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(self.at).await.unwrap();
        let request = format!(
            "GET /api/v1/events HTTP/1.0\r\nhost: x\r\nx-api-token: {}\r\n{accept}\r\n",
            self.token
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        // Who watches and gets no changes any more has heard all.
        drop(self.watched(picture).await);
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        let end = all.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let body = all.split_off(end + 4);
        (String::from_utf8(all).unwrap(), body)
    }
}

fn client(at: SocketAddr, token: &str) -> Client {
    let credential = Credential::Token(token.to_owned());
    let url = format!("http://{at}");
    Client::reach(Access { url, credential, authorities: None, insecure: false }).unwrap()
}

#[tokio::test]
async fn an_event_is_there_at_once_though_the_stream_is_packed() {
    let mut far = Far::new().await;
    let (head, _) = far.raw("accept-encoding: gzip\r\n", vec![Event::Ready]).await;
    assert!(head.contains("content-encoding: gzip"), "{head}");

    let opened = tokio::spawn({
        let client = far.client();
        async move { client.watch().await }
    });
    let changes = far.watched(vec![Event::Hello { stream: 7, hosts: 3 }]).await;
    let mut stream = opened.await.unwrap().unwrap();
    assert_eq!(stream.next().await.as_deref(), Some(&Event::Hello { stream: 7, hosts: 3 }));
    let begun = Instant::now();
    let events = 100;
    let mut slowest = Duration::ZERO;
    for seq in 0..events {
        let event = Event::Mark(Mark { run: 5, seq });
        let sent = Instant::now();
        changes.send(Arc::new(event.clone())).await.unwrap();
        assert_eq!(stream.next().await.as_deref(), Some(&event));
        slowest = slowest.max(sent.elapsed());
    }
    // A quiet stream shows every 5 s that it lives: what lingered would come with that.
    let took = begun.elapsed();
    println!("{events} events one at a time: {took:.1?}, the slowest {slowest:.1?}");
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
}

#[tokio::test]
async fn the_socket_of_this_machine_carries_everything_as_it_is() {
    let mut stage = crate::stage();
    let mut stream = tokio::net::UnixStream::connect(&stage.socket).await.unwrap();
    let request = b"GET /api/v1/events HTTP/1.0\r\nhost: x\r\naccept-encoding: gzip\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let Ask::Watch(_, reply) = stage.ask().await else { panic!("not a watch") };
    let (_, receiver) = mpsc::channel(1);
    reply.send(Ok(Watcher::new(vec![Arc::new(Event::Ready)], receiver))).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).await.unwrap();
    assert!(!said.contains("content-encoding") && said.contains("{\"event\":\"ready\"}"), "{said}");
}

/// Ten thousand hosts of three checks each, one of twenty with a problem.
fn large() -> World {
    let (mut world, now) = (World::new(), Timestamp::from_millis(1_772_000_000_000));
    let mut put = |event: Event| world.apply(&event, now);
    put(Event::Engine(Arc::new(EngineStatus::default())));
    for n in 0..10_000_u32 {
        let name = format!("edge-{n:05}");
        let mut host =
            Host::new(&name, &format!("10.{}.{}.{}", n / 65_536, n / 256 % 256, n % 256));
        host.labels.insert("site".to_owned(), format!("site-{}", n % 40));
        put(Event::Host(Arc::new(host)));
        for (at, (check, kind)) in
            [("ping", Kind::Ping), ("http", Kind::Http), ("load", Kind::Custom)].iter().enumerate()
        {
            let key = CheckKey::new(&*name, *check);
            let bad = n % 20 == 0 && at == 1;
            let state = if bad { State::Critical } else { State::Ok };
            let output = format!("{} in {}.{} ms", if bad { "503" } else { "200" }, n % 97, n % 10);
            let status = Status {
                state,
                hard: true,
                hard_state: state,
                since: now - Span::from_secs(u64::from(n)),
                last_result: Some(now - Span::from_millis(u64::from(n * 7919 % 60_000))),
                output: SafeText::line(&output),
                ..Status::default()
            };
            let alert = bad.then(|| {
                let mut id = [0; 10];
                id[..4].copy_from_slice(&n.to_be_bytes());
                let opened = Alert::opened(AlertId::from_parts(5, id), &key, &status, 3, now);
                Event::Alert(Arc::new(Alert { phase: Phase::Firing, state, ..opened }))
            });
            put(Event::Check(Arc::new(CheckRow {
                key,
                kind: *kind,
                interval: Span::from_secs(60),
                attempts: 3,
                enabled: true,
                about: None,
                rule: None,
                status,
            })));
            alert.into_iter().for_each(&mut put);
        }
    }
    world
}

#[tokio::test]
async fn the_first_picture_of_ten_thousand_hosts_is_a_part_of_its_bytes() {
    let world = large();
    let picture = || -> Vec<Event> {
        let hello = Event::Hello { stream: 1, hosts: world.host_count() };
        std::iter::once(hello).chain(world.snapshot()).chain([Event::Ready]).collect()
    };
    let mut far = Far::new().await;
    let begun = Instant::now();
    let (head, plain) = far.raw("", picture()).await;
    let plain_took = begun.elapsed();
    assert!(!head.contains("content-encoding"), "who does not ask gets it as it is: {head}");
    let begun = Instant::now();
    let (_, packed) = far.raw("accept-encoding: gzip\r\n", picture()).await;
    let took = begun.elapsed();
    let mut unpacked = Vec::new();
    MultiGzDecoder::new(&*packed).read_to_end(&mut unpacked).unwrap();
    assert!(unpacked == plain, "the same events");
    let ratio = plain.len() / packed.len();
    println!(
        "first picture of 10,000 hosts: {} bytes in {plain_took:.1?}, packed {} in {took:.1?}",
        plain.len(),
        packed.len()
    );
    assert!(ratio >= 10, "{} and {}", plain.len(), packed.len());

    // In small events, the worst first: the first screen needs a hundredth of it.
    let events: Vec<&[u8]> = plain.split(|byte| *byte == b'\n').collect();
    assert!(events.iter().all(|event| event.len() < 4096));
    let first = String::from_utf8_lossy(&plain[..plain.len() / 100]);
    assert!(first.matches("\"event\":\"alert\"").count() >= 60, "a screen of alerts");
    assert!(!first.contains("edge-00001"), "a host that is well can wait");
}

/// A server that answers whatever it is asked with a packed body of so many times this block.
async fn hostile(
    kind: &'static str,
    before: &'static [u8],
    block: Vec<u8>,
    times: usize,
) -> SocketAddr {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(before).unwrap();
    for _ in 0..times {
        packer.write_all(&block).unwrap();
    }
    let bomb = packer.finish().unwrap();
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = socket.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = socket.accept().await {
            let mut asked = [0; 4096];
            let _ = stream.read(&mut asked).await;
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-encoding: gzip\r\n\
                 content-length: {}\r\n\r\n",
                bomb.len()
            );
            // Who is asked for more than is wanted hears that the other side went away.
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.write_all(&bomb).await;
        }
    });
    at
}

/// The most memory that this process ever had, in MiB.
fn peak() -> usize {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() / 1024
}

#[tokio::test]
async fn f73_a_packed_answer_is_read_up_to_its_limit_however_small_it_is_on_the_line() {
    let mib = vec![b' '; 1 << 20];
    let at = hostile("application/json", b"", mib, 4096).await;
    let said = client(at, "fnx_x").query(&Query::Engine).await.unwrap_err();
    assert_eq!(said.kind, ProblemKind::Internal);
    assert!(said.message.as_str().contains("larger than"), "{said}");
    assert!(peak() < 1500, "{} MiB", peak());
}

#[tokio::test]
async fn f73_a_packed_event_is_read_up_to_its_limit_and_then_the_stream_ends() {
    let mib = vec![b'x'; 1 << 20];
    let good = b"data: {\"event\":\"ready\"}\n\ndata: ";
    let at = hostile("text/event-stream", good, mib, 4096).await;
    let mut stream = client(at, "fnx_x").watch().await.unwrap();
    assert_eq!(stream.next().await.as_deref(), Some(&Event::Ready));
    assert_eq!(stream.next().await.as_deref(), Some(&Event::Resync));
    assert_eq!(stream.next().await, None);
    assert!(peak() < 1500, "{} MiB", peak());
}
