//! The endpoint that others measure against: it is open, so everything about it has an end.

use std::time::{Duration, Instant};

use fluxnoc::model::speed::Direction;
use fluxnoc::probe::speed::{self, Limits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::{Endpoint, run, soon, spec};

const LIMIT: Duration = Duration::from_secs(5);

async fn ask(endpoint: &Endpoint, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(endpoint.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// All that comes until the end of the connection.
async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all).await;
    all
}

async fn status(endpoint: &Endpoint, request: &str) -> String {
    let mut stream = ask(endpoint, request).await;
    let all = soon("an answer", LIMIT, rest(&mut stream)).await;
    let text = String::from_utf8_lossy(&all).into_owned();
    text.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn fs_12_it_speaks_what_librespeeds_clients_speak() {
    let endpoint = Endpoint::start(Limits { bytes: 3 << 20, ..Limits::default() }).await;
    let close = "HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";
    for (request, wanted) in [
        (format!("GET /empty.php {close}\r\n"), "HTTP/1.1 200 OK"),
        (format!("GET /backend/empty.php?cors=true&r=0.1 {close}\r\n"), "HTTP/1.1 200 OK"),
        (format!("POST /empty.php {close}content-length: 3\r\n\r\nabc"), "HTTP/1.1 200 OK"),
        (format!("PUT /empty.php {close}\r\n"), "HTTP/1.1 405 Method Not Allowed"),
        (format!("GET /../../etc/passwd {close}\r\n"), "HTTP/1.1 404 Not Found"),
        ("nonsense\r\n\r\n".to_owned(), "HTTP/1.1 400 Bad Request"),
    ] {
        assert_eq!(status(&endpoint, &request).await, wanted, "{request}");
    }
    let mut stream = ask(&endpoint, &format!("GET /garbage.php?ckSize=2 {close}\r\n")).await;
    let all = rest(&mut stream).await;
    assert!(all.len() > 2 << 20 && all.len() < (2 << 20) + 1000, "{}", all.len());
    // Nothing on the way can pack it.
    let body = &all[all.len() - (1 << 20)..];
    let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packer, &body[..100_000]).unwrap();
    assert!(packer.finish().unwrap().len() > 99_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_has_a_limit_in_both_directions() {
    let endpoint = Endpoint::start(Limits { bytes: 1 << 20, ..Limits::default() }).await;
    let close = "HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";
    let mut stream = ask(&endpoint, &format!("GET /garbage.php?ckSize=1024 {close}\r\n")).await;
    assert!(rest(&mut stream).await.len() < (1 << 20) + 1000);
    let mut stream =
        ask(&endpoint, &format!("POST /empty.php {close}content-length: 9999999\r\n\r\n")).await;
    let (mut from, mut to) = stream.split();
    let send = async {
        let piece = vec![0; 1 << 16];
        while to.write_all(&piece).await.is_ok() {}
    };
    let mut head = [0; 12];
    tokio::select! {
        read = from.read_exact(&mut head) => drop(read.unwrap()),
        () = send => {}
    }
    assert!(head.starts_with(b"HTTP/1.1 413") || head == [0; 12], "{head:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d_27_one_that_is_full_says_that_it_is_busy() {
    let endpoint = Endpoint::start(Limits { connections: 2, ..Limits::default() }).await;
    let held = [ask(&endpoint, "GET").await, ask(&endpoint, "GET").await];
    let full = status(&endpoint, "GET /empty.php HTTP/1.1\r\nhost: x\r\n\r\n");
    assert_eq!(full.await, "HTTP/1.1 503 Service Unavailable");
    let why = run(&spec(Direction::Download, 1), &endpoint.url()).await.unwrap_err();
    assert!(why.busy && why.words.as_str().contains("HTTP 503"), "{}", why.words);
    drop(held);
    // Places are free again as soon as those who held them are gone.
    let request = "GET /empty.php HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let freed = async { while status(&endpoint, request).await != "HTTP/1.1 200 OK" {} };
    soon("a free place", LIMIT, freed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_slow_or_silent_is_put_out() {
    let idle = Duration::from_millis(400);
    let limits = Limits { idle, life: Duration::from_secs(2), ..Limits::default() };
    let endpoint = Endpoint::start(limits).await;
    let begin = Instant::now();
    for request in [
        "",
        "GET /empty.php HT",
        "POST /empty.php HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nabc",
        "GET /empty.php HTTP/1.1\r\nhost: x\r\n\r\n",
    ] {
        let mut stream = ask(&endpoint, request).await;
        soon(request, LIMIT, rest(&mut stream)).await;
    }
    assert!(begin.elapsed() > idle * 3, "they were given their time");
    // Who takes a download and does not read it.
    let request = "GET /garbage.php?ckSize=1024 HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut stream = ask(&endpoint, request).await;
    let ended = async {
        let mut first = [0; 1024];
        stream.read_exact(&mut first).await.unwrap();
        tokio::time::sleep(idle * 4).await;
        rest(&mut stream).await.len()
    };
    assert!(soon("one that does not read", LIMIT, ended).await < 100 << 20);
    // One that sends a byte now and then lives so long and no longer.
    let mut stream =
        ask(&endpoint, "POST /empty.php HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n").await;
    let drip = async {
        loop {
            tokio::select! {
                size = stream.read_u8() => if size.is_err() { return },
                () = tokio::time::sleep(idle / 4) => {}
            }
            if stream.write_u8(b'x').await.is_err() {
                return;
            }
        }
    };
    soon("a drip", LIMIT, drip).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_it_ends_with_all_that_is_open() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(speed::serve(listener, Limits::default(), stop.clone()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /garbage.php?ckSize=1024 HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    stream.read_u8().await.unwrap();
    stop.cancel();
    soon("the end", LIMIT, serving).await.unwrap();
    soon("the connection", LIMIT, rest(&mut stream)).await;
    assert!(TcpStream::connect(address).await.is_err());
}
