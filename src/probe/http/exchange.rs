//! One hop: resolve, connect, shake hands, ask, and read what comes back within bounds.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::header::{HeaderMap, HeaderName};
use hyper::rt::{Executor, Read, Write};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;

use super::request::{Phases, Plan};
use super::target::{Target, is_link_local};
use crate::model::spec::HttpSpec;
use crate::model::{Check, Failure, FailureKind};
use crate::probe::context::Context;
use crate::probe::dial::{self, within};
use crate::probe::resolve;
use crate::probe::tls::{Inside, Trust};

/// Largest header section, in bytes.
pub(in crate::probe) const HEAD_LIMIT: usize = 64 * 1024;
/// Most header fields.
pub(in crate::probe) const FIELD_LIMIT: usize = 256;
/// What a connection may hold in memory, in bytes.
const BUFFER_LIMIT: usize = 256 * 1024;

/// What stays the same from hop to hop.
#[derive(Debug)]
pub(super) struct Job<'a> {
    pub check: &'a Check,
    pub spec: &'a HttpSpec,
    pub context: &'a Context,
    /// Roots to use; the machine's own without it.
    pub trust: Option<&'a Trust>,
}

/// A header section, and the body that is still to come.
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    peer: SocketAddr,
    body: Incoming,
    /// Ends the connection when the answer is dropped.
    _tasks: Guard,
}

/// A body that was read.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// What was kept, when it was to be kept.
    pub kept: Vec<u8>,
    /// Bytes that were read.
    pub size: u64,
    /// True when the limit ended the reading.
    pub cut: bool,
}

impl Job<'_> {
    /// Asks `target`; the phases are added to `phases` as they end. `by_redirect` says that the
    /// target is a stranger's choice.
    pub async fn ask(
        &self,
        target: &Target,
        plan: &Plan,
        by_redirect: bool,
        phases: &mut Phases,
    ) -> Result<Answer, Failure> {
        let timeout = self.check.timeout;
        let start = Instant::now();
        let addresses = self.addresses(target, by_redirect).await;
        phases.dns += start.elapsed();
        let dialed = dial::dial(&addresses?, target.port, timeout, self.context).await?;
        phases.connect += dialed.took;
        let peer = dialed.peer;
        let tasks = Guard::default();
        let (response, took) = if target.secure {
            let trust = match self.trust {
                Some(trust) => trust,
                None => Trust::system().await?,
            };
            let start = Instant::now();
            let host = target.host.as_str();
            let names = [host];
            let handshake = trust.handshake(dialed.stream, target.port, host, &names, Inside::Web);
            let late = || format!("no TLS handshake with {peer} within {timeout}");
            let (stream, shown) = within(self.context, Box::pin(handshake), late).await??;
            *phases.tls.get_or_insert_default() += start.elapsed();
            let known = phases.certificate_days;
            phases.certificate_days = known.into_iter().chain(shown.days).min();
            if let Some(why) = shown.distrust.filter(|_| !self.spec.insecure) {
                return Err(Failure::new(FailureKind::Tls, why));
            }
            let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let request = plan.request(target, http2)?;
            self.send(TokioIo::new(stream), request, http2, &tasks, peer).await?
        } else {
            let request = plan.request(target, false)?;
            self.send(TokioIo::new(dialed.stream), request, false, &tasks, peer).await?
        };
        phases.first_byte += took;
        let (head, body) = response.into_parts();
        Ok(Answer { status: head.status, headers: head.headers, peer, body, _tasks: tasks })
    }

    /// Where `target` is. The monitored host is where its configuration says.
    async fn addresses(&self, target: &Target, by_redirect: bool) -> Result<Vec<IpAddr>, Failure> {
        let own = target.host.eq_ignore_ascii_case(&self.check.key.host);
        let name = if own { &*self.check.address } else { &target.host };
        let mut found = resolve::addresses(name, self.spec.family, self.context).await?;
        if by_redirect && !own {
            // Judged by address and not by name, for a name can lead anywhere.
            found.retain(|ip| !is_link_local(*ip));
            if found.is_empty() {
                let shown = target.shown();
                let why = format!("redirect to {shown} refused: a link-local address");
                return Err(Failure::new(FailureKind::Mismatch, why));
            }
        }
        Ok(found)
    }

    async fn send<T>(
        &self,
        io: T,
        request: Request<Full<Bytes>>,
        http2: bool,
        tasks: &Guard,
        peer: SocketAddr,
    ) -> Result<(Response<Incoming>, Duration), Failure>
    where
        T: Read + Write + Unpin + Send + 'static,
    {
        let timeout = self.check.timeout;
        let start = Instant::now();
        let exchange = async {
            if http2 {
                let (mut sender, connection) = http2::Builder::new(tasks.0.clone())
                    .max_header_list_size(64 * 1024)
                    .initial_stream_window_size(256 * 1024)
                    .initial_connection_window_size(256 * 1024)
                    .handshake(io)
                    .await?;
                tasks.0.spawn(async { drop(connection.await) });
                sender.send_request(request).await
            } else {
                let (mut sender, connection) = http1::Builder::new()
                    .max_headers(FIELD_LIMIT)
                    .max_header_size(HEAD_LIMIT)
                    .max_buf_size(BUFFER_LIMIT)
                    .handshake(io)
                    .await?;
                tasks.0.spawn(async { drop(connection.await) });
                sender.send_request(request).await
            }
        };
        let late = || format!("no HTTP answer from {peer} within {timeout}");
        // On the heap: most of the run is spent outside, and the state is large.
        let response = within(self.context, Box::pin(exchange), late).await?;
        let response = response.map_err(|error| broken(&error, peer))?;
        Ok((response, start.elapsed()))
    }
}

impl Answer {
    /// A header's text; what is no UTF-8 in it is replaced.
    pub fn header(&self, name: HeaderName) -> Option<String> {
        let value = self.headers.get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    /// Reads the body up to `limit` bytes, and keeps it when `keep` says so.
    pub async fn read(mut self, job: &Job<'_>, limit: u64, keep: bool) -> Result<Body, Failure> {
        let mut body = Body::default();
        let (peer, timeout) = (self.peer, job.check.timeout);
        loop {
            let late = || {
                format!("body from {peer} not complete within {timeout} ({} bytes came)", body.size)
            };
            // A frame that is always ready would never let the timer speak.
            if job.context.remaining().is_zero() {
                return Err(Failure::new(FailureKind::Timeout, late()));
            }
            let Some(frame) = within(job.context, self.body.frame(), late).await? else {
                return Ok(body);
            };
            let frame = frame.map_err(|error| broken(&error, self.peer))?;
            let Ok(data) = frame.into_data() else { continue };
            let room = limit - body.size;
            let taken = room.min(data.len() as u64);
            body.size += taken;
            if keep {
                let taken = usize::try_from(taken).unwrap_or(usize::MAX);
                body.kept.extend_from_slice(data.get(..taken).unwrap_or(&data));
            }
            if (data.len() as u64) > room {
                body.cut = true;
                return Ok(body);
            }
        }
    }
}

/// What hyper's error says about the peer.
pub(in crate::probe) fn broken(error: &hyper::Error, peer: SocketAddr) -> Failure {
    let mut io = None;
    let mut source = std::error::Error::source(error);
    let mut detail = error.to_string();
    while let Some(inner) = source {
        io = io.or_else(|| inner.downcast_ref::<std::io::Error>().map(std::io::Error::kind));
        detail = inner.to_string();
        source = inner.source();
    }
    let (kind, text) = if error.is_parse_too_large() {
        let limits = format!("{FIELD_LIMIT} fields, {} KiB", HEAD_LIMIT / 1024);
        (
            FailureKind::TooLarge,
            format!("the header section from {peer} is above the limit ({limits})"),
        )
    } else if error.is_parse() {
        (FailureKind::Protocol, format!("{peer} does not answer with HTTP: {detail}"))
    } else if error.is_incomplete_message() || io == Some(std::io::ErrorKind::UnexpectedEof) {
        (
            FailureKind::Protocol,
            format!("{peer} closed the connection before the answer was complete"),
        )
    } else if io == Some(std::io::ErrorKind::ConnectionReset) {
        (
            FailureKind::Protocol,
            format!("connection reset by {peer} before the answer was complete"),
        )
    } else {
        (FailureKind::Protocol, format!("the exchange with {peer} failed: {detail}"))
    };
    Failure::new(kind, text)
}

/// The tasks of one connection.
#[derive(Clone, Debug, Default)]
struct Tasks(Arc<Mutex<JoinSet<()>>>);

impl Tasks {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        // Nothing panics while it holds the lock; if it did, the run would time out.
        if let Ok(mut tasks) = self.0.lock() {
            tasks.spawn(task);
        }
    }
}

impl<F> Executor<F> for Tasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        self.spawn(task);
    }
}

/// Ends the tasks when it is dropped, so that no peer can hold a socket beyond its run.
#[derive(Debug, Default)]
struct Guard(Tasks);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Ok(mut tasks) = self.0.0.lock() {
            tasks.abort_all();
        }
    }
}
