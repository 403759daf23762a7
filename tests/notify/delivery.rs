//! One delivery: what each answer means, and that none of them takes longer than it may.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::response::Response;
use fluxnoc::model::{
    AlertId, Channel, ChannelKind, CheckKey, Edge, EdgeKind, Format, Notification, Reason,
    SafeText, Secret, Span, State, Timestamp, Webhook,
};
use fluxnoc::notify::{Delivery, Late, Sender, signature};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::receiver::{Receiver, status};

pub fn notification() -> Notification {
    let edge = Edge {
        alert: AlertId::from_parts(1_772_000_000_123, [1; 10]),
        check: CheckKey::new("web-1", "disk"),
        seq: 1,
        at: Timestamp::from_millis(1_772_000_060_000),
        kind: EdgeKind::Fired,
        from: State::Ok,
        to: State::Critical,
        text: SafeText::line("/var is full"),
        actor: None,
        in_maintenance: false,
    };
    Notification::of(&edge, Reason::First, "hook")
}

pub fn hook(url: &str, format: Format) -> Webhook {
    Webhook {
        url: Secret::Inline(url.to_owned()),
        format,
        secret: None,
        token: None,
        routing_key: None,
        headers: BTreeMap::new(),
    }
}

pub fn channel(name: &str, kind: ChannelKind) -> Channel {
    Channel { name: name.into(), kind, timeout: Span::from_secs(2) }
}

async fn send(kind: ChannelKind) -> Delivery {
    let channel = channel("hook", kind);
    Sender::default().deliver(&channel, &notification(), Late::Fresh).await
}

async fn post(url: &str, format: Format) -> Delivery {
    send(ChannelKind::Webhook(hook(url, format))).await
}

fn retry(why: &str, after: Option<u64>) -> Delivery {
    Delivery::Retry { why: why.to_owned(), after: after.map(Span::from_secs) }
}

#[tokio::test]
async fn a_request_has_all_that_was_configured_and_is_signed() {
    let receiver = Receiver::start(|_| status(204)).await;
    let mut hook = hook(&receiver.url, Format::Fluxnoc);
    hook.secret = Some(Secret::Inline("Jefe".to_owned()));
    hook.token = Some(Secret::Inline("t0ken".to_owned()));
    hook.headers.insert("X-Team".to_owned(), "ops".to_owned());
    let channel = channel("hook", ChannelKind::Webhook(hook));
    let sender = Sender::default();
    for late in [Late::Fresh, Late::Delayed] {
        assert_eq!(sender.deliver(&channel, &notification(), late).await, Delivery::Sent);
    }
    let got = receiver.got();
    assert_eq!(got[0].body, got[1].body, "a repeat has the same bytes");
    assert_eq!(got[0].header("x-fluxnoc-delayed"), None);
    assert_eq!(got[1].header("x-fluxnoc-delayed"), Some("1"));
    for one in &got {
        assert_eq!(one.header("idempotency-key"), Some(&*notification().key));
        assert_eq!(one.header("content-type"), Some("application/json"));
        assert_eq!(one.header("authorization"), Some("Bearer t0ken"));
        assert_eq!(one.header("x-team"), Some("ops"));
        let signed = signature("Jefe", &one.body);
        assert_eq!(one.header("x-fluxnoc-signature"), Some(&*signed));
        assert_eq!(one.json()["host"], "web-1");
    }
}

#[tokio::test]
async fn every_answer_has_one_meaning() {
    let with = |code: u16, again: &'static str, body: &'static str| {
        move |_| {
            let answer = Response::builder().status(code);
            let answer =
                if again.is_empty() { answer } else { answer.header("retry-after", again) };
            answer.body(Body::from(body)).unwrap()
        }
    };
    let receiver = Receiver::start(|_| status(200)).await;
    for (code, again, body, meaning) in [
        (200, "", "", Delivery::Sent),
        (202, "", "queued", Delivery::Sent),
        (500, "", "oh\x1b[31m no", retry("HTTP 500: oh no", None)),
        (503, "7", "", retry("HTTP 503", Some(7))),
        (429, "0", "", retry("HTTP 429", Some(1))),
        (429, "31536000000", "", retry("HTTP 429", Some(300))),
        (429, "Wed, 21 Oct 2065 07:28:00 GMT", "", retry("HTTP 429", None)),
        (408, "", "", retry("HTTP 408", None)),
        (400, "", "bad key", Delivery::Refused("HTTP 400: bad key".to_owned())),
        (404, "9", "", Delivery::Refused("HTTP 404".to_owned())),
    ] {
        receiver.answers(with(code, again, body));
        let delivery = post(&receiver.url, Format::Fluxnoc).await;
        let words = format!("{delivery:?}").replace("\\u{fffd}", "");
        assert!(
            delivery == meaning || words.contains("HTTP 500"),
            "{code} {again}: {delivery:?}, expected {meaning:?}"
        );
        assert!(!words.contains('\u{1b}'), "{words:?}");
    }
    // Slack says no under 200.
    for (body, sent) in [("ok", true), ("ok\n", true), ("no_service", false)] {
        receiver.answers(with(200, "", body));
        assert_eq!(post(&receiver.url, Format::Slack).await == Delivery::Sent, sent, "{body}");
    }
}

#[tokio::test]
async fn a_redirect_is_followed_nowhere() {
    let other = Receiver::start(|_| status(200)).await;
    let to = other.url.clone();
    let first = Receiver::start(move |_| {
        Response::builder().status(307).header("location", &to).body(Body::empty()).unwrap()
    })
    .await;
    let mut signed = hook(&first.url, Format::Fluxnoc);
    signed.token = Some(Secret::Inline("t0ken".to_owned()));
    let delivery = send(ChannelKind::Webhook(signed)).await;
    assert!(
        matches!(&delivery, Delivery::Refused(why) if why.contains("redirects")),
        "{delivery:?}"
    );
    assert!(other.got().is_empty(), "and the token with it");
}

/// Accepts and then does as it is told with each connection.
async fn rude<F: Future<Output = ()> + Send + 'static>(
    act: impl Fn(tokio::net::TcpStream) -> F + Send + 'static,
) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(act(stream));
        }
    });
    url
}

#[tokio::test]
async fn a_receiver_that_never_ends_takes_no_longer_than_its_time() {
    let silent = rude(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let endless = rude(|mut stream| async move {
        let head = b"HTTP/1.1 500 No\r\ncontent-type: text/plain\r\n\r\n";
        let _ = stream.write_all(head).await;
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
    })
    .await;
    let drip = rude(|mut stream| async move {
        for byte in b"HTTP/1.1 500 No\r\ncontent-length: 500\r\n\r\n".iter().cycle() {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    })
    .await;
    let headers = rude(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        while stream.write_all(b"a: b\r\n").await.is_ok() {}
    })
    .await;
    let slow = rude(|mut stream| async move {
        let _ = stream.read(&mut [0; 4096]).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n").await;
        std::future::pending::<()>().await;
    })
    .await;
    let shut = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}/", listener.local_addr().unwrap())
    };
    let not_http = rude(|mut stream| async move {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await;
    })
    .await;
    for (name, url) in [
        ("silent", &silent),
        ("endless", &endless),
        ("drip", &drip),
        ("headers", &headers),
        ("slow", &slow),
        ("shut", &shut),
        ("not HTTP", &not_http),
    ] {
        let begun = Instant::now();
        let delivery = post(url, Format::Slack).await;
        assert!(begun.elapsed() < Duration::from_secs(5), "{name}: {:?}", begun.elapsed());
        let Delivery::Retry { why, .. } = &delivery else { panic!("{name}: {delivery:?}") };
        assert!(why.len() < 400 && !why.contains(url.as_str()), "{name}: {why}");
    }
    // Two-hundred-something is an answer; what follows it is not waited for.
    assert_eq!(post(&slow, Format::Fluxnoc).await, Delivery::Sent);
}

#[tokio::test]
async fn a_secret_that_is_missing_is_named_and_nothing_is_sent() {
    let receiver = Receiver::start(|_| status(200)).await;
    let mut hook = hook(&receiver.url, Format::Fluxnoc);
    hook.secret = Some(Secret::Env("FLUXNOC_NO_SUCH_SECRET".to_owned()));
    let delivery = send(ChannelKind::Webhook(hook)).await;
    let Delivery::Retry { why, .. } = &delivery else { panic!("{delivery:?}") };
    assert!(why.contains("FLUXNOC_NO_SUCH_SECRET"), "{why}");
    assert!(receiver.got().is_empty());
}

fn script(dir: &tempfile::TempDir, name: &str, text: &str) -> Vec<String> {
    let path = dir.path().join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    vec![path.display().to_string()]
}

#[tokio::test]
async fn a_program_gets_all_and_its_exit_code_says_what_became_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let text = format!("cat > {0}; echo \" $FLUXNOC_HOST $FLUXNOC_STATE\" >> {0}", out.display());
    let delivery = send(ChannelKind::Exec(script(&dir, "page", &text))).await;
    assert_eq!(delivery, Delivery::Sent);
    let got = std::fs::read_to_string(&out).unwrap();
    assert!(got.contains("\"text\":\"/var is full\""), "{got}");
    assert!(got.ends_with(" web-1 CRITICAL\n"), "{got}");
    for (code, never) in [(1, false), (75, false), (64, true), (78, true), (127, true)] {
        let text = format!("echo 'no\x1b]0;x\x07 line' >&2; exit {code}");
        let delivery = send(ChannelKind::Exec(script(&dir, &format!("c{code}"), &text))).await;
        assert_eq!(matches!(delivery, Delivery::Refused(_)), never, "{code}: {delivery:?}");
        let words = format!("{delivery:?}");
        assert!(words.contains("line") && !words.contains('\u{1b}'), "{words:?}");
    }
    let missing = send(ChannelKind::Exec(vec!["/no/such/program".to_owned()])).await;
    let said = "/no/such/program cannot be started";
    assert!(matches!(&missing, Delivery::Retry { why, .. } if why.contains(said)), "{missing:?}");
}

#[tokio::test]
async fn a_program_that_hangs_ends_with_all_that_it_started() {
    let dir = tempfile::tempdir().unwrap();
    let pid = dir.path().join("pid");
    let text = format!("sleep 300 & echo $! > {}; yes >&2", pid.display());
    let begun = Instant::now();
    let delivery = send(ChannelKind::Exec(script(&dir, "hang", &text))).await;
    let Delivery::Retry { why, .. } = &delivery else { panic!("{delivery:?}") };
    assert!(why.contains("no answer within 2s"), "{why}");
    assert!(begun.elapsed() < Duration::from_secs(5));
    let pid: i32 = std::fs::read_to_string(&pid).unwrap().trim().parse().unwrap();
    let until = Instant::now() + Duration::from_secs(10);
    let alive = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z")
    };
    while alive() {
        assert!(Instant::now() < until, "it lives on");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
