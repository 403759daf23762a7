//! The TCP probe against open, closed, silent and talking ports.

use tokio::net::{TcpListener, TcpSocket};

use super::*;
use crate::model::spec::Family;
use crate::model::{Span, Spec};
use crate::probe::{Memory, Shared};

fn spec(port: u16) -> TcpSpec {
    TcpSpec { port, send: None, expect: None, family: Family::Auto }
}

fn expecting(port: u16, send: Option<&str>, expect: &str) -> TcpSpec {
    TcpSpec { send: send.map(str::to_owned), expect: Some(expect.to_owned()), ..spec(port) }
}

async fn look(address: &str, spec: TcpSpec, timeout: u64) -> Observation {
    let mut check = Check::new("host", "tcp", address, Spec::Tcp(spec));
    check.timeout = Span::from_millis(timeout);
    let context = Context::new(&Shared::start().unwrap(), check.timeout.to_std());
    crate::probe::run(&check, &context, &mut Memory::default()).await
}

fn message(seen: &Observation) -> (FailureKind, &str) {
    let failure = seen.failure.as_ref().unwrap();
    (failure.kind, failure.message.as_str())
}

/// A server for one connection: says `banner`, then does as `after` says.
async fn server<F, Fut>(serve: F) -> u16
where
    F: FnOnce(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        serve(stream).await;
    });
    port
}

/// A listener whose queue is full: the kernel drops what comes, like a filter.
async fn dropping() -> (u16, Vec<TcpStream>, TcpListener) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut held = Vec::new();
    loop {
        let attempt = TcpStream::connect(address);
        match tokio::time::timeout(Duration::from_millis(200), attempt).await {
            Ok(stream) => held.push(stream.unwrap()),
            Err(_) => return (address.port(), held, listener),
        }
    }
}

#[tokio::test]
async fn fm_15_open_port_says_open_and_how_fast() {
    for address in ["127.0.0.1", "::1"] {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = look(address, spec(port), 2000).await;
        assert_eq!(seen.failure, None);
        let text = seen.output.as_str();
        assert!(text.starts_with(&format!("port {port} open in 0.")), "{text}");
        assert!(seen.value("time").unwrap() > 0.0);
    }
}

#[tokio::test]
async fn fm_15_d_27_closed_port_says_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let seen = look("127.0.0.1", spec(port), 2000).await;
    let text = format!("connection refused by 127.0.0.1:{port}");
    assert_eq!(message(&seen), (FailureKind::Refused, text.as_str()));
    assert!(FailureKind::Refused.blames_target());
}

#[tokio::test]
async fn fm_15_dropped_packets_say_filtered_at_the_deadline() {
    let (port, _held, _listener) = dropping().await;
    let start = Instant::now();
    let seen = look("127.0.0.1", spec(port), 500).await;
    let text =
        format!("no answer from 127.0.0.1:{port} within 500ms (filtered, or the host is down)");
    assert_eq!(message(&seen), (FailureKind::Timeout, text.as_str()));
    let took = start.elapsed();
    assert!(took > Duration::from_millis(490) && took < Duration::from_millis(900), "{took:?}");
}

#[tokio::test]
async fn fm_15_a_silent_first_address_does_not_hide_a_good_second_one() {
    let (port, _held, _listener) = dropping().await;
    let second = TcpListener::bind(("127.0.0.2", port)).await.unwrap();
    let check = Check::new("host", "tcp", "name", Spec::Tcp(spec(port)));
    let context = Context::new(&Shared::start().unwrap(), Duration::from_millis(600));
    let addresses = ["127.0.0.1".parse().unwrap(), "127.0.0.2".parse().unwrap()];
    let (_, peer, _) = connect_any(&check, port, &addresses, &context).await.unwrap();
    assert_eq!(peer, second.local_addr().unwrap());
    // With none that is good, the one that says more is told.
    drop(second);
    let context = Context::new(&Shared::start().unwrap(), Duration::from_millis(600));
    let failure = connect_any(&check, port, &addresses, &context).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Timeout);
}

#[test]
fn own_shortage_and_missing_routes_blame_nobody() {
    let peer = "10.0.0.1:80".parse().unwrap();
    for (number, kind, text) in [
        (
            libc::EMFILE,
            FailureKind::Local,
            "this machine cannot open a connection to 10.0.0.1:80: too many open files",
        ),
        (
            libc::EADDRNOTAVAIL,
            FailureKind::Local,
            "this machine cannot open a connection to 10.0.0.1:80: cannot assign requested address",
        ),
        (libc::EHOSTUNREACH, FailureKind::NoRoute, "no route to 10.0.0.1:80: no route to host"),
        (
            libc::ENETUNREACH,
            FailureKind::NoRoute,
            "no route to 10.0.0.1:80: network is unreachable",
        ),
    ] {
        let failure = connect_failure(peer, &io::Error::from_raw_os_error(number));
        assert_eq!((failure.kind, failure.message.as_str()), (kind, text));
        assert!(!kind.blames_target());
    }
}

#[tokio::test]
async fn a_dialogue_finds_its_answer_even_in_pieces() {
    let port = server(|mut stream| async move {
        let mut asked = [0; 6];
        stream.read_exact(&mut asked).await.unwrap();
        assert_eq!(&asked, b"EHLO\r\n");
        for piece in ["220 mail.exa", "mple.com ESM", "TP\r\nmore"] {
            stream.write_all(piece.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            tokio::task::yield_now().await;
        }
        let _ = stream.read(&mut asked).await;
    })
    .await;
    let seen = look("127.0.0.1", expecting(port, Some("EHLO\r\n"), "ESMTP"), 5000).await;
    assert_eq!(seen.failure, None, "{}", seen.output);
    assert!(seen.output.as_str().contains("answer `220 mail.example.com ESMTP"), "{}", seen.output);
}

#[tokio::test]
async fn a_wrong_answer_is_quoted_harmlessly() {
    let port = server(|mut stream| async move {
        let _ = stream.write_all(b"SSH-2.0\x1b]0;x\x07 \xff\nsecond line").await;
    })
    .await;
    let seen = look("127.0.0.1", expecting(port, None, "220 "), 5000).await;
    let text =
        format!("answer from 127.0.0.1:{port} lacks `220 `, it begins `SSH-2.0␛]0;x␇ \u{fffd}`");
    assert_eq!(message(&seen), (FailureKind::Mismatch, text.as_str()));
    assert!(seen.value("time").is_some(), "the connection was measured");
}

#[tokio::test]
async fn closing_early_is_a_broken_protocol_and_silence_a_time_out() {
    let port = server(|stream| async move { drop(stream) }).await;
    let seen = look("127.0.0.1", expecting(port, None, "220"), 5000).await;
    let text = format!("127.0.0.1:{port} closed the connection before it answered");
    assert_eq!(message(&seen), (FailureKind::Protocol, text.as_str()));

    let port = server(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let seen = look("127.0.0.1", expecting(port, None, "220"), 300).await;
    let text = format!("127.0.0.1:{port} is open but said nothing within 300ms");
    assert_eq!(message(&seen), (FailureKind::Timeout, text.as_str()));
}

#[tokio::test]
async fn an_endless_answer_is_cut() {
    let port =
        server(|mut stream| async move { while stream.write_all(&[b'x'; 4096]).await.is_ok() {} })
            .await;
    let seen = look("127.0.0.1", expecting(port, None, "never"), 5000).await;
    assert_eq!(message(&seen).0, FailureKind::Mismatch);
    assert!(seen.output.as_str().len() < 300, "{}", seen.output);
}

#[tokio::test]
async fn a_plain_test_leaves_no_port_behind() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    assert_eq!(look("127.0.0.1", spec(port), 2000).await.failure, None);
    let (mut stream, _) = listener.accept().await.unwrap();
    let end = stream.read(&mut [0; 1]).await.unwrap_err();
    assert_eq!(end.kind(), io::ErrorKind::ConnectionReset, "ended without TIME_WAIT");
}

#[tokio::test]
async fn a_connection_that_meets_itself_is_no_open_port() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let own = socket.local_addr().unwrap();
    let stream = socket.connect(own).await.unwrap();
    assert!(is_self_connected(&stream));
}
