//! The UDP probe against answering, closed and silent ports.

use super::*;
use crate::model::Spec;
use crate::model::spec::Family;
use crate::probe::{Memory, Shared};

async fn look(address: &str, port: u16, expect: UdpExpect, timeout: u64) -> Observation {
    let send = Some("ping".to_owned());
    let spec = UdpSpec { port, send, expect, family: Family::Auto };
    let mut check = Check::new("host", "udp", address, Spec::Udp(spec));
    check.timeout = Span::from_millis(timeout);
    let context = Context::new(&Shared::start().unwrap(), check.timeout.to_std());
    crate::probe::run(&check, &context, &mut Memory::default()).await
}

fn message(seen: &Observation) -> (FailureKind, &str) {
    let failure = seen.failure.as_ref().unwrap();
    (failure.kind, failure.message.as_str())
}

#[tokio::test]
async fn d_24_an_answer_is_timed() {
    for address in ["127.0.0.1", "::1"] {
        let server = UdpSocket::bind((address, 0)).await.unwrap();
        let port = server.local_addr().unwrap().port();
        tokio::spawn(async move {
            let mut buffer = [0; 16];
            loop {
                let (length, peer) = server.recv_from(&mut buffer).await.unwrap();
                assert_eq!(&buffer[..length], b"ping");
                server.send_to(b"pong!", peer).await.unwrap();
            }
        });
        for expect in [UdpExpect::Any, UdpExpect::Reply] {
            let seen = look(address, port, expect, 5000).await;
            assert_eq!(seen.failure, None);
            let text = seen.output.as_str();
            assert!(text.starts_with(&format!("port {port} answered in ")), "{text}");
            assert!(text.ends_with("with 5 bytes"), "{text}");
            assert!(seen.value("time").unwrap() > 0.0);
        }
    }
}

#[tokio::test]
async fn d_24_a_closed_port_is_refused_whatever_is_expected() {
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = server.local_addr().unwrap().port();
    drop(server);
    for expect in [UdpExpect::Any, UdpExpect::Reply] {
        let seen = look("127.0.0.1", port, expect, 5000).await;
        let text = format!("UDP port {port} closed: port unreachable, said by 127.0.0.1");
        assert_eq!(message(&seen), (FailureKind::Refused, text.as_str()));
    }
}

#[tokio::test]
async fn d_24_silence_is_open_or_filtered_unless_a_reply_is_expected() {
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = server.local_addr().unwrap().port();
    let start = Instant::now();
    let seen = look("127.0.0.1", port, UdpExpect::Any, 600).await;
    assert_eq!(seen.failure, None);
    assert_eq!(seen.output.as_str(), "open or filtered: no answer in 300ms");
    assert_eq!(seen.value("time"), None);
    assert!(start.elapsed() < Duration::from_millis(580));

    let seen = look("127.0.0.1", port, UdpExpect::Reply, 300).await;
    let text = format!("no answer from 127.0.0.1:{port} (UDP) within 300ms");
    assert_eq!(message(&seen), (FailureKind::Timeout, text.as_str()));
}

#[tokio::test]
async fn a_stranger_is_not_heard() {
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = server.local_addr().unwrap().port();
    let stranger = UdpSocket::bind("127.0.0.2:0").await.unwrap();
    tokio::spawn(async move {
        let (_, peer) = server.recv_from(&mut [0; 16]).await.unwrap();
        stranger.send_to(b"me", peer).await.unwrap();
        std::future::pending::<()>().await;
    });
    let seen = look("127.0.0.1", port, UdpExpect::Reply, 300).await;
    assert_eq!(message(&seen).0, FailureKind::Timeout);
}

#[test]
fn own_shortage_blames_nobody() {
    let peer = "10.0.0.1:53".parse().unwrap();
    let failed = failure(peer, &io::Error::from_raw_os_error(libc::EMFILE));
    assert_eq!(failed.kind, FailureKind::Local);
    assert_eq!(
        failed.message.as_str(),
        "this machine cannot send UDP to 10.0.0.1:53: too many open files"
    );
    let failed = failure(peer, &io::Error::from_raw_os_error(libc::ENETUNREACH));
    assert_eq!(failed.kind, FailureKind::NoRoute);
}
