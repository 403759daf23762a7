//! The listener of the network: TLS with an authority of one's own, and heads that never end.

use std::time::{Duration, Instant};

use fluxnoc::api::{Certificates, Exposed, serve_net};
use fluxnoc::client::{Access, Client, Credential};
use fluxnoc::engine::Handle;
use fluxnoc::protocol::ProblemKind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

/// A listener in front of an engine that nobody asks; it ends with the guard.
async fn listener(certificates: Option<&Certificates>) -> (std::net::SocketAddr, DropGuard) {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = socket.local_addr().unwrap();
    let stop = CancellationToken::new();
    let (handle, asked) = Handle::channel();
    let tls = certificates.map(Certificates::current);
    tokio::spawn(serve_net(socket, tls, Exposed::default(), handle, stop.clone()));
    // Its receiver must live as long as the listener.
    let end = stop.clone();
    tokio::spawn(async move {
        end.cancelled().await;
        drop(asked);
    });
    (at, stop.drop_guard())
}

fn client(url: String, authorities: Option<Vec<u8>>) -> Client {
    let credential = Credential::Token("fnx_nothing".to_owned());
    Client::reach(Access { url, credential, authorities, insecure: false }).unwrap()
}

#[tokio::test]
async fn d_28_over_tls_only_who_is_believed_is_told_the_key() {
    let dir = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (dir.path().join("c.pem"), dir.path().join("k.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let certificates = Certificates::open(&certificate, &key).unwrap();
    let (at, _server) = listener(Some(&certificates)).await;

    let known = Some(made.cert.pem().into_bytes());
    let said = client(format!("https://{at}"), known.clone()).whoami().await.unwrap_err();
    assert_eq!(said.kind, ProblemKind::Unauthenticated, "it came through: {said}");
    let other = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    for strangers in [None, Some(other.cert.pem().into_bytes())] {
        let said = client(format!("https://{at}"), strangers).whoami().await.unwrap_err();
        assert_eq!(said.kind, ProblemKind::Unreachable, "{said}");
    }
    // Without TLS nothing is understood, and nothing hangs.
    let said = client(format!("http://{at}"), None).whoami().await.unwrap_err();
    assert_eq!(said.kind, ProblemKind::Unreachable, "{said}");
}

#[tokio::test]
async fn f73_a_head_that_never_ends_is_cut_within_ten_seconds_and_others_are_served() {
    let (at, _server) = listener(None).await;
    let mut slow = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(at).await.unwrap();
        stream.write_all(b"GET /api/v1/hosts HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.unwrap();
        slow.push(stream);
    }
    let begun = Instant::now();
    let said = client(format!("http://{at}"), None).whoami().await.unwrap_err();
    assert_eq!(said.kind, ProblemKind::Unauthenticated, "{said}");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    for mut stream in slow {
        // A byte now and then keeps nobody in.
        let _ = stream.write_all(b"x").await;
        let mut rest = Vec::new();
        let cut =
            tokio::time::timeout(Duration::from_secs(12), stream.read_to_end(&mut rest)).await;
        assert!(cut.is_ok(), "still open after {:?}", begun.elapsed());
    }
    assert!(begun.elapsed() < Duration::from_secs(13), "{:?}", begun.elapsed());
}
