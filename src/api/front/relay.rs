//! Passes a request on to the server that leads, and its answer back, as they come.
//!
//! Bodies are streamed both ways, so that no more of them is held than a connection holds; their
//! size is the leader's to judge. An answer ends when another server leads: a leader that was paused
//! keeps its connections open and says nothing any more.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::http::header::{
    CONNECTION, CONTENT_TYPE, EXPECT, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt as _, stream};
use tokio::sync::watch;

use crate::api::problem::Failure;
use crate::cluster::{Leader, View};
use crate::protocol::Problem;
use crate::protocol::speed::REPORT_PATIENCE;

/// The time for a connection to the leader.
const CONNECT: Duration = Duration::from_secs(2);
/// How long a connection is kept for the next request; the leader waits 10 s for one.
const IDLE: Duration = Duration::from_secs(5);
/// The time for the head of an answer; a body may take half a minute to arrive there.
const HEAD: Duration = Duration::from_secs(90);
/// Where reports are made: their head comes when they are.
const REPORTS: [&str; 2] = ["/api/v1/report", "/api/speed/report"];

/// The way to other servers; cheap to clone.
#[derive(Clone, Debug)]
pub struct Relay {
    http: reqwest::Client,
    streams: Arc<AtomicI64>,
}

/// An event stream that is open, counted until it is dropped.
struct Open(Arc<AtomicI64>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Relay {
    /// One that believes these authorities (PEM), or the system's.
    ///
    /// # Errors
    /// When they are none.
    pub fn new(authorities: Option<&[u8]>) -> Result<Self, String> {
        let builder = reqwest::Client::builder()
            .no_proxy()
            // What is packed is passed on packed.
            .no_gzip()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .tcp_nodelay(true);
        let builder = match authorities {
            Some(pem) => {
                let known = reqwest::Certificate::from_pem_bundle(pem)
                    .map_err(|error| format!("the certificates of the authority: {error}"))?;
                builder.tls_certs_only(known)
            }
            None => builder,
        };
        let http = builder.build().map_err(|error| format!("no HTTP client: {error}"))?;
        Ok(Self { http, streams: Arc::default() })
    }

    /// Event streams that are open.
    pub(super) fn streams(&self) -> i64 {
        self.streams.load(Ordering::Relaxed)
    }

    /// Passes on a request with the word for it.
    pub(super) async fn pass(
        &self,
        request: Request,
        (name, word): (&'static str, HeaderValue),
        leader: &Leader,
        view: watch::Receiver<View>,
    ) -> Result<Response, Failure> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let url = format!("{}{path}", leader.url);
        let head = if REPORTS.contains(&parts.uri.path()) { REPORT_PATIENCE + HEAD } else { HEAD };
        strip(&mut parts.headers);
        parts.headers.remove(HOST);
        parts.headers.remove(EXPECT);
        parts.headers.insert(name, word);
        let mut asked = self.http.request(parts.method, url).headers(parts.headers);
        if !body.is_end_stream() {
            asked = asked.body(reqwest::Body::wrap_stream(body.into_data_stream()));
        }
        let mut over = Box::pin(over(view, leader.epoch));
        let answer = tokio::select! {
            () = &mut over => return Err(away("the server that led leads no more")),
            answer = tokio::time::timeout(head, asked.send()) => answer,
        };
        let answer = match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) if error.is_connect() => {
                tracing::debug!(leader = leader.node, %error, "the leader cannot be reached");
                return Err(away("the server that leads cannot be reached from here"));
            }
            Ok(Err(error)) => {
                tracing::debug!(leader = leader.node, %error, "the leader did not answer");
                return Err(Problem::unavailable(
                    "the server that leads went away before it answered; it may have been done",
                )
                .into());
            }
            Err(_) => return Err(away("the server that leads does not answer")),
        };
        Ok(self.back(answer, over))
    }

    /// The answer as it comes.
    fn back(&self, answer: reqwest::Response, over: Over) -> Response {
        let mut headers = answer.headers().clone();
        strip(&mut headers);
        let status = answer.status();
        let open = is_stream(&headers).then(|| {
            self.streams.fetch_add(1, Ordering::Relaxed);
            Open(Arc::clone(&self.streams))
        });
        let body = until(
            answer.bytes_stream().map(|part| part.map_err(io::Error::other)).boxed(),
            over,
            open,
        );
        let mut response = Response::new(Body::from_stream(body));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }
}

/// Ready when the leader of this epoch leads no more.
type Over = Pin<Box<dyn Future<Output = ()> + Send>>;

async fn over(mut view: watch::Receiver<View>, epoch: i64) {
    let led = |view: &View| view.elsewhere().is_some_and(|leader| leader.epoch == epoch);
    if view.wait_for(|view| !led(view)).await.is_err() {
        // Nobody looks any more: this server ends, and its connections with it.
        std::future::pending::<()>().await;
    }
}

/// The parts of a body; cut off with an error, so that nobody takes the rest for the whole.
fn until(
    parts: BoxStream<'static, io::Result<Bytes>>,
    over: Over,
    open: Option<Open>,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::unfold(Some((parts, over, open)), |state| async {
        let (mut parts, mut over, open) = state?;
        tokio::select! {
            biased;
            () = &mut over => Some((Err(io::Error::other("another server leads now")), None)),
            part = parts.next() => part.map(|part| (part, Some((parts, over, open)))),
        }
    })
}

/// Takes out what is about one connection only (RFC 9110, 7.6.1).
fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in [CONNECTION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE] {
        headers.remove(name);
    }
    for name in ["keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization"] {
        headers.remove(name);
    }
}

fn is_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    kind.is_some_and(|kind| kind.starts_with(b"text/event-stream"))
}

/// It can be asked again in a moment.
fn away(why: &str) -> Failure {
    Failure::for_now(Problem::unavailable(why), 1)
}
