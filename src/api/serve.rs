//! The listener of the Unix socket, and how a connection speaks: who may connect, how many, and for
//! how long they may say nothing.

use std::task::Context;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use super::actor::Peer;
use super::front::Front;
use super::receive::{House, receive};
use crate::engine::Handle;

/// Most connections at a time; more wait in the kernel's queue.
const CONNECTIONS: usize = 256;
/// The time for a request's head, and between two requests.
const HEAD: Duration = Duration::from_secs(10);
/// Bytes of a request's head.
const HEAD_BYTES: usize = 64 * 1024;
/// The time for requests under way when the engine stops.
pub(super) const FAREWELL: Duration = Duration::from_secs(1);

/// Serves the engine on a socket (mode 0600) until `stop`, then lets requests under way finish.
/// Peers that are neither this user nor root get 403.
pub async fn serve(listener: UnixListener, handle: Handle, stop: CancellationToken) {
    socket(listener, super::router(handle, stop.clone()), stop).await;
}

/// The same for one of several servers.
pub async fn front_socket(listener: UnixListener, front: Front, stop: CancellationToken) {
    socket(listener, front.router(), stop).await;
}

async fn socket(listener: UnixListener, router: Router, stop: CancellationToken) {
    let own = nix::unistd::geteuid().as_raw();
    let house =
        House { what: "the socket", seats: CONNECTIONS, farewell: FAREWELL, stop: stop.clone() };
    let accept = |cx: &mut Context<'_>| listener.poll_accept(cx).map_ok(|(stream, _)| stream);
    let attend = |stream| Some(attend(stream, own, router.clone(), stop.clone()));
    receive(house, accept, attend).await;
}

async fn attend(stream: UnixStream, own: u32, router: Router, stop: CancellationToken) {
    let peer = stream.peer_cred().ok().and_then(|cred| Peer::admit(cred.uid(), own));
    let Some(peer) = peer else { return refuse(stream).await };
    speak(stream, router.layer(Extension(peer)), stop).await;
}

/// Speaks HTTP/1.1 on a connection until its end; from `stop` on only what is under way is answered.
pub(super) async fn speak<S>(stream: S, router: Router, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = TowerToHyperService::new(router);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a connection ended early: {error}");
    }
}

/// Says no to a stranger, without reading what they want.
async fn refuse(mut stream: UnixStream) {
    const BODY: &str = r#"{"type":"about:blank","title":"Forbidden","status":403,"kind":"forbidden","detail":"this socket belongs to another user"}"#;
    tracing::warn!("access denied: somebody else's process at the socket");
    let answer = format!(
        "HTTP/1.1 403 Forbidden\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{BODY}",
        BODY.len()
    );
    let said = tokio::time::timeout(FAREWELL, stream.write_all(answer.as_bytes())).await;
    if !matches!(said, Ok(Ok(()))) {
        tracing::debug!("a stranger at the socket went away");
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[tokio::test]
    async fn a_stranger_gets_403_and_the_door() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        refuse(ours).await;
        let mut answer = String::new();
        theirs.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())));
        let problem: crate::protocol::Problem = serde_json::from_str(body).unwrap();
        assert_eq!(problem.kind, crate::protocol::ProblemKind::Forbidden);
    }
}
