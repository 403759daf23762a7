//! Peers that do not play by the rules: every one of them is a failure in words, in time, and never
//! a rate.

use std::net::SocketAddr;
use std::time::Duration;

use fluxnoc::model::Networks;
use fluxnoc::model::speed::{Direction, SpeedResult};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{peer, run, run_at, soon, spec, vantage};

const FINE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// Reads the head of a request and gives its first line.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    text.lines().next().map(str::to_owned)
}

/// Answers small requests as it must; `download` and `upload` do what they do with the rest.
async fn endpoint_with<F, Fut>(rest: F) -> String
where
    F: Fn(TcpStream, String) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let address = peer(move |mut stream| {
        let rest = rest.clone();
        async move {
            while let Some(line) = request(&mut stream).await {
                if line.starts_with("GET /empty.php") {
                    let _ = stream.write_all(FINE.as_bytes()).await;
                } else {
                    return rest(stream, line).await;
                }
            }
        }
    });
    format!("http://{}/", address.await)
}

async fn say(mut stream: TcpStream, text: &str) {
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.flush().await;
    // Until the other side goes.
    let mut sink = [0; 4096];
    while stream.read(&mut sink).await.is_ok_and(|size| size > 0) {}
}

fn measured_nothing(so_far: Option<&SpeedResult>) {
    let so_far = so_far.expect("it began");
    assert!(so_far.download.is_none() && so_far.upload.is_none(), "{so_far:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d_27_what_answers_badly_is_a_failure_in_words_and_not_a_rate() {
    let fields: String = (0..400).map(|n| format!("a{n}: b\r\n")).collect();
    let cases: [(&str, String, &str); 8] = [
        ("no http", "SSH-2.0-x\r\n".into(), "does not answer with HTTP"),
        ("fields", format!("HTTP/1.1 200 OK\r\n{fields}\r\n"), "above the limit"),
        ("header", format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "x".repeat(100_000)), "above the"),
        ("status", "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".into(), "HTTP 404"),
        ("chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".into(), "chunk"),
        (
            "empty",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".into(),
            "nothing to",
        ),
        ("short", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\nconnection: close\r\n\r\n".into(), ""),
        ("scheme", "HTTP/1.1 302 Found\r\nlocation: file:///etc/passwd\r\n\r\n".into(), "refused"),
    ];
    for (what, answer, says) in cases {
        let place = endpoint_with(move |stream, _| {
            let answer = answer.clone();
            async move {
                let closes = answer.contains("connection: close");
                if closes {
                    let mut stream = stream;
                    let _ = stream.write_all(answer.as_bytes()).await;
                } else {
                    say(stream, &answer).await;
                }
            }
        })
        .await;
        let limit = Duration::from_secs(20);
        let ended = soon(what, limit, run(&spec(Direction::Download, 2), &place)).await;
        let why = ended.unwrap_err();
        assert!(why.words.as_str().contains(says) && !why.busy, "{what}: {}", why.words);
        measured_nothing(why.so_far.as_deref());
        assert!(why.so_far.unwrap().latency_ms.is_some(), "{what}: the latency was measured");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d_27_a_server_that_is_busy_is_busy() {
    for status in ["503 Service Unavailable", "429 Too Many Requests"] {
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        let address = peer(move |mut stream| {
            let answer = answer.clone();
            async move {
                if request(&mut stream).await.is_some() {
                    say(stream, &answer).await;
                }
            }
        })
        .await;
        let why = run(&spec(Direction::Download, 1), &format!("http://{address}/")).await;
        let why = why.unwrap_err();
        assert!(why.busy && why.words.as_str().contains(status), "{}", why.words);
        measured_nothing(why.so_far.as_deref());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d_27_a_server_that_stalls_ends_the_test_with_what_was_measured() {
    let place = endpoint_with(|mut stream, _| async move {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n";
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.write_all(&vec![1; 1 << 20]).await;
        say(stream, "").await;
    })
    .await;
    let limit = Duration::from_secs(12);
    let ended = soon("stall", limit, run(&spec(Direction::Download, 8), &place)).await;
    let why = ended.unwrap_err();
    assert!(why.words.as_str().starts_with("it stalled: 4194304 bytes came from"), "{}", why.words);
    assert_eq!(why.so_far.unwrap().download.unwrap().bytes, 4 << 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn d_27_an_upload_that_is_refused_or_answered_without_end_is_a_failure() {
    let refused = endpoint_with(|stream, _| {
        say(stream, "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
    })
    .await;
    let why = run(&spec(Direction::Upload, 2), &refused).await.unwrap_err();
    assert!(!why.words.as_str().is_empty() && !why.busy, "{}", why.words);
    let endless = endpoint_with(|mut stream, _| async move {
        let (mut from, mut to) = stream.split();
        let read = async {
            let mut left = 20 << 20;
            let mut sink = vec![0; 1 << 16];
            while left > 0 {
                let size = from.read(&mut sink).await.unwrap_or(0);
                if size == 0 {
                    break;
                }
                left -= size.min(left);
            }
        };
        read.await;
        let _ = to.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
        let piece = [b"4000\r\n".as_slice(), &[b'x'; 0x4000], b"\r\n"].concat();
        while to.write_all(&piece).await.is_ok() {}
    })
    .await;
    let limit = Duration::from_secs(20);
    let ended = soon("endless", limit, run(&spec(Direction::Upload, 60), &endless)).await;
    let why = ended.unwrap_err();
    assert!(why.words.as_str().contains("answers an upload with more"), "{}", why.words);
}

/// One that sends everybody to the next place.
async fn redirects_to(next: String) -> SocketAddr {
    peer(move |mut stream| {
        let answer = format!("HTTP/1.1 302 Found\r\nlocation: {next}\r\ncontent-length: 0\r\n\r\n");
        async move {
            if request(&mut stream).await.is_some() {
                say(stream, &answer).await;
            }
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_networks_hold_for_the_address_that_is_connected_to_redirects_included() {
    let asked = spec(Direction::Download, 1);
    let deny = |network: &str| vantage(&Networks::new([], [network]).unwrap());
    // The first address.
    let here = deny("127.0.0.0/8");
    for place in ["http://127.0.0.1:1/", "http://localhost:1/x", "127.0.0.1:1", "localhost:1"] {
        let why = run_at(&asked, place, &here).await.0.unwrap_err();
        let text = why.words.as_str();
        assert!(text.contains("not within the networks that tests may reach"), "{place}: {text}");
    }
    // Where a redirect leads. Nobody listens there: it is not even tried.
    let first = redirects_to("http://127.0.0.2:1/".into()).await;
    let why = run_at(&asked, &format!("http://{first}/file"), &deny("127.0.0.2/32")).await.0;
    let text = why.unwrap_err().words;
    assert!(text.as_str().contains("a redirect leads to 127.0.0.2 (127.0.0.2)"), "{text}");
    // A redirect of the download alone, after the endpoint was found to be fine.
    let late = endpoint_with(|stream, _| {
        say(stream, "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.2:1/\r\n\r\n")
    })
    .await;
    let text = run_at(&asked, &late, &deny("127.0.0.2/32")).await.0.unwrap_err().words;
    assert!(text.as_str().contains("a redirect leads to 127.0.0.2 (127.0.0.2)"), "{text}");
    // The metadata service of a cloud is no target of a redirect, whatever the networks say.
    let cloud = redirects_to("http://169.254.169.254/latest".into()).await;
    let text = run(&asked, &format!("http://{cloud}/file")).await.unwrap_err().words;
    assert!(text.as_str().contains("not within"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_without_end_are_followed_five_times() {
    let first = redirects_to("/again".into()).await;
    let why = run(&spec(Direction::Download, 1), &format!("http://{first}/file")).await;
    let text = why.unwrap_err().words;
    assert!(text.as_str().starts_with("5 redirects and no end"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d_27_silence_and_a_closed_port_are_failures() {
    let closed = crate::closed_port();
    let why = run(&spec(Direction::Download, 1), &format!("http://{closed}/")).await.unwrap_err();
    assert!(why.words.as_str().starts_with("connection refused by"), "{}", why.words);
    let silent = peer(|stream| say(stream, "")).await;
    let limit = Duration::from_secs(15);
    let place = format!("http://{silent}/");
    let ended = soon("silence", limit, run(&spec(Direction::Download, 1), &place)).await;
    let why = ended.unwrap_err();
    assert!(why.words.as_str().starts_with("no HTTP answer from"), "{}", why.words);
}
