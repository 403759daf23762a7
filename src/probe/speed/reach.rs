//! A connection of a speedtest: to an address that the networks permit, with bounds on what comes
//! back, and ended when it is dropped.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context as Polled, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderName, LOCATION, USER_AGENT,
};
use hyper::rt::{Read, Write};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use socket2::{SockRef, Socket};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::{Stop, Vantage};
use crate::model::Span;
use crate::model::spec::Family;
use crate::probe::context::Context;
use crate::probe::http::exchange::{FIELD_LIMIT, HEAD_LIMIT, broken};
use crate::probe::http::target::{Target, is_link_local};
use crate::probe::tls::{Inside, Trust};
use crate::probe::{dial, resolve};

/// How long a lookup, a connection, a handshake and the head of an answer may take, each.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most redirects.
const REDIRECTS: usize = 5;
/// What a connection may hold in memory, in bytes.
const BUFFER: usize = 512 * 1024;
/// What the kernel may hold unsent, in bytes: it was counted and has not gone anywhere yet, so on a
/// slow link it must be little.
const UNSENT: u32 = 16 * 1024;
/// The same on a fast link, where little would leave the line idle now and then.
const UNSENT_FAST: u32 = 256 * 1024;
/// A link is fast when so many bytes of one connection go within [`FAST`], which is 80 Mbit/s.
const STRETCH: u64 = 1 << 20;
const FAST: Duration = Duration::from_millis(100);
/// What is counted at once, in bytes.
const PIECE: usize = 16 * 1024;
/// Most bytes of an answer that is only read to its end.
const DRAIN: u64 = 256 * 1024;

/// What a request carries: nothing, or so many bytes of a block that is sent again and again.
#[derive(Debug, Default)]
pub(super) struct Load {
    left: u64,
    block: Bytes,
    piece: usize,
    counted: Option<Counted>,
}

/// What counts a load, and widens its connection's buffer when the link is a fast one.
#[derive(Debug)]
struct Counted {
    total: Arc<AtomicU64>,
    socket: Option<Socket>,
    since: Instant,
    bytes: u64,
}

impl Counted {
    fn note(&mut self, taken: u64) {
        self.total.fetch_add(taken, Ordering::Relaxed);
        self.bytes += taken;
        if self.bytes >= STRETCH {
            if self.since.elapsed() < FAST
                && let Some(socket) = self.socket.take()
            {
                let _ = socket.set_tcp_notsent_lowat(UNSENT_FAST);
            }
            (self.since, self.bytes) = (Instant::now(), 0);
        }
    }
}

impl Load {
    /// So many bytes over that connection, counted as it takes them.
    pub fn counted(length: u64, block: Bytes, total: Arc<AtomicU64>, line: &Line) -> Self {
        let socket = line.socket.as_ref().and_then(|socket| socket.try_clone().ok());
        let counted = Counted { total, socket, since: Instant::now(), bytes: 0 };
        Self { piece: PIECE, counted: Some(counted), ..Self::uncounted(length, block) }
    }

    /// So many bytes that nobody counts.
    pub fn uncounted(length: u64, block: Bytes) -> Self {
        let (left, piece) = (if block.is_empty() { 0 } else { length }, block.len());
        Self { left, piece, block, counted: None }
    }
}

impl Body for Load {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Polled<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let most = self.piece.min(self.block.len());
        let taken = u64::try_from(most).unwrap_or(u64::MAX).min(self.left);
        self.left -= taken;
        if let Some(counted) = &mut self.counted {
            counted.note(taken);
        }
        let piece = self.block.slice(..usize::try_from(taken).unwrap_or(most));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// A URL and the one address at which it is measured.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub target: Target,
    pub address: IpAddr,
}

impl Place {
    /// Another path beside it.
    pub fn beside(&self, path: &str) -> Result<Self, Stop> {
        let target = self.target.join(path).map_err(Stop::new)?;
        Ok(Self { target, address: self.address })
    }

    /// `GET /path HTTP/1.1` and what else a request has.
    pub fn request(&self, method: Method, load: Load) -> Result<Request<Load>, Stop> {
        let has_body = load.left > 0;
        let mut request = Request::builder()
            .method(method)
            .uri(&self.target.path)
            .header(HOST, &self.target.authority)
            .header(USER_AGENT, concat!("fluxnoc/", env!("CARGO_PKG_VERSION")))
            .header(ACCEPT, "*/*")
            // What is packed would look faster than it is.
            .header(ACCEPT_ENCODING, "identity")
            .header(CACHE_CONTROL, "no-cache");
        if has_body {
            request = request.header(CONTENT_TYPE, "application/octet-stream");
        }
        request.body(load).map_err(|error| Stop::new(format!("the URL cannot be asked: {error}")))
    }
}

/// The addresses of a host that may be reached, at least one.
pub(super) async fn addresses(
    host: &str,
    by_redirect: bool,
    vantage: &Vantage,
) -> Result<Vec<IpAddr>, Stop> {
    let context = Context::new(&vantage.shared, PATIENCE);
    let found = resolve::addresses(host, Family::Auto, &context).await?;
    let shown: Vec<String> = found.iter().take(3).map(IpAddr::to_string).collect();
    let may = |ip: &IpAddr| vantage.networks.permits(*ip) && !(by_redirect && is_link_local(*ip));
    let permitted: Vec<IpAddr> = found.into_iter().filter(may).collect();
    if permitted.is_empty() {
        let shown = shown.join(", ");
        let how = if by_redirect { "a redirect leads to " } else { "" };
        return Err(Stop::new(format!(
            "{how}{host} ({shown}), which is not within the networks that tests may reach"
        )));
    }
    Ok(permitted)
}

/// A connection that speaks HTTP/1.1.
#[derive(Debug)]
pub(super) struct Line {
    sender: SendRequest<Load>,
    pub peer: SocketAddr,
    /// For its settings.
    socket: Option<Socket>,
    _connection: AbortOnDropHandle<()>,
}

impl Line {
    /// Opens one to the first of the addresses that answers.
    pub async fn open(
        target: &Target,
        addresses: &[IpAddr],
        vantage: &Vantage,
    ) -> Result<Self, Stop> {
        let context = Context::new(&vantage.shared, PATIENCE);
        let span = Span::from_millis(u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX));
        let dialed = dial::dial(addresses, target.port, span, &context).await?;
        let peer = dialed.peer;
        // Where it cannot be set the figures of an upload are a little less exact.
        let socket = SockRef::from(&dialed.stream).try_clone().ok();
        let _ = SockRef::from(&dialed.stream).set_tcp_notsent_lowat(UNSENT);
        if !target.secure {
            return Self::speak(TokioIo::new(dialed.stream), peer, socket).await;
        }
        let (trust, host) = (Trust::system().await?, target.host.as_str());
        let names = [host];
        let handshake = trust.handshake(dialed.stream, target.port, host, &names, Inside::Other);
        let late = || Stop::new(format!("no TLS handshake with {peer} within {span}"));
        let (stream, shown) =
            timeout(PATIENCE, Box::pin(handshake)).await.map_err(|_| late())??;
        match shown.distrust {
            Some(why) => Err(Stop::new(why)),
            None => Self::speak(TokioIo::new(stream), peer, socket).await,
        }
    }

    async fn speak<T>(io: T, peer: SocketAddr, socket: Option<Socket>) -> Result<Self, Stop>
    where
        T: Read + Write + Unpin + Send + 'static,
    {
        let (sender, connection) = Builder::new()
            .max_headers(FIELD_LIMIT)
            .max_header_size(HEAD_LIMIT)
            .max_buf_size(BUFFER)
            .handshake(io)
            .await
            .map_err(|error| Stop::from(broken(&error, peer)))?;
        let task = tokio::spawn(async { drop(connection.await) });
        Ok(Self { sender, peer, socket, _connection: AbortOnDropHandle::new(task) })
    }

    /// False when it ended or still has something to say: ask on another one.
    pub async fn is_free(&mut self) -> bool {
        matches!(timeout(PATIENCE, self.sender.ready()).await, Ok(Ok(())))
    }

    /// Asks, and waits for the head of the answer for as long as the load takes.
    pub async fn ask(&mut self, request: Request<Load>) -> Result<Response<Incoming>, Stop> {
        let answer = self.sender.send_request(request).await;
        answer.map_err(|error| broken(&error, self.peer).into())
    }

    /// The same for a request without load.
    pub async fn ask_soon(&mut self, request: Request<Load>) -> Result<Response<Incoming>, Stop> {
        let peer = self.peer;
        timeout(PATIENCE, self.ask(request)).await.unwrap_or_else(|_| {
            Err(Stop::new(format!("no HTTP answer from {peer} within {} s", PATIENCE.as_secs())))
        })
    }
}

/// Reads a small answer to its end, so that its connection can be used again.
pub(super) async fn drain(body: &mut Incoming, peer: SocketAddr) -> Result<(), Stop> {
    let mut size = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken(&error, peer))?;
        size += frame.data_ref().map_or(0, |data| data.len() as u64);
        if size > DRAIN {
            return Err(Stop::new(format!(
                "{peer} answers an upload with more than {DRAIN} bytes"
            )));
        }
    }
    Ok(())
}

/// What an answer means when it is none that can be measured.
pub(super) fn judge(status: StatusCode, place: &Place) -> Result<(), Stop> {
    if status.is_success() {
        return Ok(());
    }
    let (code, shown) = (status.as_u16(), place.target.shown());
    let reason = status.canonical_reason().unwrap_or_default();
    let words = format!("{shown} answers with HTTP {code} {reason}");
    let is_busy = matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS);
    Err(if is_busy { Stop::busy(words.trim_end()) } else { Stop::new(words.trim_end()) })
}

/// An answer after its redirects, and the connection that it came by.
pub(super) struct Found {
    pub place: Place,
    pub line: Line,
    pub answer: Response<Incoming>,
}

impl Found {
    /// A header's text.
    pub fn header(&self, name: HeaderName) -> Option<&str> {
        self.answer.headers().get(name).and_then(|value| value.to_str().ok())
    }
}

/// Gets a URL, which may itself be where a redirect leads. Redirects are followed at most five
/// times, each to an address that may be reached.
pub(super) async fn get(
    first: &Target,
    by_redirect: bool,
    vantage: &Vantage,
) -> Result<Found, Stop> {
    let mut target = first.clone();
    for turn in 0..=REDIRECTS {
        let found = addresses(&target.host, by_redirect || turn > 0, vantage).await?;
        let mut line = Line::open(&target, &found, vantage).await?;
        let place = Place { target: target.clone(), address: line.peer.ip() };
        let answer = line.ask_soon(place.request(Method::GET, Load::default())?).await?;
        match elsewhere(&target, &answer)? {
            Some(next) => target = next,
            None => return Ok(Found { place, line, answer }),
        }
    }
    let words = format!("{REDIRECTS} redirects and no end, the last one to {}", target.shown());
    Err(Stop::new(words))
}

/// Where an answer sends us.
pub(super) fn elsewhere(
    from: &Target,
    answer: &Response<Incoming>,
) -> Result<Option<Target>, Stop> {
    let location = answer
        .headers()
        .get(LOCATION)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    from.redirect(answer.status(), location.as_deref()).map_err(Stop::new)
}
