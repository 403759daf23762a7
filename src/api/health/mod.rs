//! The health listener: what a load-balancer, Kubernetes and a watcher ask, byte for byte as
//! `FluxMQ` answers (FACTS 2.1), on an address of its own.
//!
//! In: `GET /health`, `/ready`, `/cluster/status` over TCP from anybody. Out: whether the process
//! lives, whether it can do its work, how many consoles are open.
//! Never: names a host or a check, changes anything, waits for an engine that does not answer.

mod deadline;

use std::convert::Infallible;
use std::fmt::Write as _;
use std::task::Context;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::front::Front;
use super::receive::{House, receive};
use crate::engine::Handle;
use crate::meters::ready::Readiness;
use deadline::{Deadlined, Limits};

/// Most connections at a time; more wait in the kernel's queue.
const CONNECTIONS: usize = 256;
/// As `FluxMQ` has them.
const LIMITS: Limits = Limits {
    head: Duration::from_secs(5),
    idle: Duration::from_secs(30),
    write: Duration::from_secs(10),
};
/// Bytes of a request's head.
const HEAD_BYTES: usize = 8 * 1024;
/// The name of a server that stands alone.
const ALONE: &str = "single-node";

/// Where the answers come from: the engine's handle, also before the engine has begun.
#[derive(Clone, Debug)]
pub struct HealthSource(Source);

#[derive(Clone, Debug)]
enum Source {
    Alone(Handle),
    Member(Front),
}

impl HealthSource {
    /// Answers for this engine.
    #[must_use]
    pub const fn new(handle: Handle) -> Self {
        Self(Source::Alone(handle))
    }

    /// Answers for one of several servers.
    #[must_use]
    pub const fn of(front: Front) -> Self {
        Self(Source::Member(front))
    }

    async fn readiness(&self) -> Readiness {
        match &self.0 {
            Source::Alone(handle) => handle.readiness().await,
            Source::Member(front) => front.readiness().await,
        }
    }

    fn status(&self) -> ClusterStatus<'_> {
        let open = |handle: &Handle| handle.meters().realtime.numbers().0;
        match &self.0 {
            Source::Alone(handle) => ClusterStatus {
                node_id: ALONE,
                is_leader: false,
                cluster_mode: false,
                sessions: open(handle),
            },
            Source::Member(front) => ClusterStatus {
                node_id: front.node(),
                is_leader: front.leads(),
                cluster_mode: true,
                sessions: open(&front.handle()) + front.streams(),
            },
        }
    }
}

/// Answers until `stop`; then connections are cut, because nothing here is worth waiting for.
pub async fn serve_health(listener: TcpListener, source: HealthSource, stop: CancellationToken) {
    let house =
        House { what: "the health listener", seats: CONNECTIONS, farewell: Duration::ZERO, stop };
    let accept = |cx: &mut Context<'_>| listener.poll_accept(cx).map_ok(|(stream, _)| stream);
    receive(house, accept, |stream| Some(attend(stream, source.clone()))).await;
}

async fn attend(stream: TcpStream, source: HealthSource) {
    let service = service_fn(move |request: Request<Incoming>| {
        let source = source.clone();
        async move { Ok::<_, Infallible>(answer(&request, &source).await) }
    });
    let connection = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .title_case_headers(true)
        .serve_connection(TokioIo::new(Deadlined::new(stream, LIMITS)), service);
    if let Err(error) = connection.await {
        tracing::debug!("a health connection ended early: {error}");
    }
}

type Answer = Response<Full<Bytes>>;

async fn answer(request: &Request<Incoming>, source: &HealthSource) -> Answer {
    let path = request.uri().path();
    if !["/health", "/ready", "/cluster/status"].contains(&path) {
        return text(StatusCode::NOT_FOUND, "404 page not found\n");
    }
    if request.method() != Method::GET {
        return text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
    }
    match path {
        "/health" => json(StatusCode::OK, &Alive { status: "healthy" }),
        "/ready" => {
            let readiness = source.readiness().await;
            let ready = readiness.is_ready();
            let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            json(status, &readiness)
        }
        _ => json(StatusCode::OK, &source.status()),
    }
}

#[derive(Serialize)]
struct Alive {
    status: &'static str,
}

#[derive(Serialize)]
struct ClusterStatus<'a> {
    node_id: &'a str,
    is_leader: bool,
    cluster_mode: bool,
    /// Open consoles.
    sessions: i64,
}

/// As Go writes plain errors.
fn text(status: StatusCode, body: &'static str) -> Answer {
    let mut answer = Response::new(Full::from(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

fn json(status: StatusCode, body: &impl Serialize) -> Answer {
    let mut answer = Response::new(Full::from(go_json(body)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// JSON as Go's encoder writes it: safe inside HTML, with a newline at its end.
fn go_json(body: &impl Serialize) -> String {
    let plain = serde_json::to_string(body).unwrap_or_default();
    let mut text = String::with_capacity(plain.len() + 1);
    for c in plain.chars() {
        match c {
            // Outside of texts JSON has none of these.
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_html_would_read_is_escaped_as_go_does() {
        let body = serde_json::json!({ "a": "<b> & \u{2028} \"q\" é" });
        let wanted = "{\"a\":\"\\u003cb\\u003e \\u0026 \\u2028 \\\"q\\\" é\"}\n";
        assert_eq!(go_json(&body), wanted);
    }
}
