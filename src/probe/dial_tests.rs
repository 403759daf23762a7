//! Connecting: refused, second address, and how round trips are written.

use std::net::Ipv4Addr;

use super::*;
use crate::probe::Shared;

async fn closed_port() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

fn context(millis: u64) -> Context {
    Context::new(&Shared::start().unwrap(), Duration::from_millis(millis))
}

#[tokio::test]
async fn a_closed_port_is_refused_and_named() {
    let port = closed_port().await;
    let address = [IpAddr::from(Ipv4Addr::LOCALHOST)];
    let failure = dial(&address, port, Span::from_secs(1), &context(1000)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert_eq!(failure.message.as_str(), format!("connection refused by 127.0.0.1:{port}"));
}

#[tokio::test]
async fn the_second_address_is_tried() {
    let listener = tokio::net::TcpListener::bind("127.0.0.2:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let addresses: [IpAddr; 2] = ["127.0.0.3".parse().unwrap(), "127.0.0.2".parse().unwrap()];
    let dialed = dial(&addresses, port, Span::from_secs(1), &context(1000)).await.unwrap();
    assert_eq!(dialed.peer.ip(), addresses[1]);
}

#[test]
fn round_trips_are_written_shortly() {
    for (micros, text) in
        [(400, "0.4 ms"), (9_960, "10 ms"), (31_400, "31 ms"), (12_345_000, "12.3 s")]
    {
        assert_eq!(shown(Duration::from_micros(micros)), text);
    }
}

#[test]
fn errors_of_this_machine_are_not_blamed_on_the_target() {
    let peer: SocketAddr = "192.0.2.1:80".parse().unwrap();
    for (code, kind) in [
        (libc::EHOSTUNREACH, FailureKind::NoRoute),
        (libc::ENETUNREACH, FailureKind::NoRoute),
        (libc::EACCES, FailureKind::Denied),
        (libc::EPERM, FailureKind::Denied),
        (libc::EMFILE, FailureKind::Local),
        (libc::EADDRNOTAVAIL, FailureKind::Local),
        (libc::ECONNREFUSED, FailureKind::Refused),
        (libc::ETIMEDOUT, FailureKind::Timeout),
    ] {
        let failure = connect_failure(&io::Error::from_raw_os_error(code), peer);
        assert_eq!(failure.kind, kind, "{code}");
    }
}
