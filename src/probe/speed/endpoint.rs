//! The endpoint that a server or an agent offers to speedtests of others.
//!
//! It speaks what `LibreSpeed`'s clients speak, at any path: `GET garbage.php?ckSize=N` streams N
//! MiB that nothing can pack, `POST empty.php` swallows, `GET empty.php` answers empty. It is open
//! to whoever reaches it, so everything about it has an end: connections, bytes, idle time and life.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, SERVER};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::load::RANDOM;
use super::reach::Load;

/// MiB of a download that does not say how many.
const USUAL_MIB: u64 = 4;
/// Strangers that are told that it is full, at once; beyond that connections are closed.
const TOLD: usize = 16;
/// What somebody who comes while it is full is told.
const FULL: &str = "HTTP/1.1 503 Service Unavailable\r\nserver: fluxnoc\r\nretry-after: 30\r\n\
    connection: close\r\ncontent-length: 0\r\n\r\n";
/// After an error of `accept`, such as no descriptors: a pause, so that it is no busy loop.
const PAUSE: Duration = Duration::from_millis(100);

/// What the endpoint gives at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Bytes of one request, in each direction.
    pub bytes: u64,
    /// How long a connection may move nothing.
    pub idle: Duration,
    /// How long a connection may live.
    pub life: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 64,
            bytes: 1 << 30,
            idle: Duration::from_secs(10),
            life: Duration::from_mins(5),
        }
    }
}

/// Serves until it is told to stop; then open connections end at once.
pub async fn serve(listener: TcpListener, limits: Limits, stop: CancellationToken) {
    let (places, told) =
        (Arc::new(Semaphore::new(limits.connections)), Arc::new(Semaphore::new(TOLD)));
    let tasks = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let stop = stop.clone();
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            tasks.spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = connection(stream, limits) => {}
                }
                drop(place);
            });
        } else if let Ok(place) = Arc::clone(&told).try_acquire_owned() {
            tasks.spawn(async move {
                let _ = timeout(Duration::from_secs(1), turn_away(stream)).await;
                drop(place);
            });
        }
    }
    tasks.close();
    tasks.wait().await;
}

/// Reads what was asked, for an answer to unread words would be lost, and says that it is full.
async fn turn_away(mut stream: TcpStream) -> std::io::Result<()> {
    let _ = stream.read(&mut [0; 4096]).await?;
    stream.write_all(FULL.as_bytes()).await?;
    stream.shutdown().await?;
    // Until the other side has read it and closes.
    while stream.read(&mut [0; 4096]).await? > 0 {}
    Ok(())
}

async fn connection(stream: TcpStream, limits: Limits) {
    let moved = Arc::new(AtomicU64::new(0));
    let io = Watched { io: TokioIo::new(stream), moved: Arc::clone(&moved) };
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle)
        .max_buf_size(256 * 1024)
        .max_headers(100)
        .serve_connection(io, service_fn(move |request| answer(request, limits)));
    tokio::select! {
        _ = served => {}
        () = tokio::time::sleep(limits.life) => {}
        () = until_idle(&moved, limits.idle) => {}
    }
}

/// Returns when nothing has moved for that long.
async fn until_idle(moved: &AtomicU64, idle: Duration) {
    let mut before = moved.load(Ordering::Relaxed);
    loop {
        tokio::time::sleep(idle).await;
        let now = moved.load(Ordering::Relaxed);
        if now == before {
            return;
        }
        before = now;
    }
}

async fn answer(request: Request<Incoming>, limits: Limits) -> Result<Response<Load>, Infallible> {
    let name = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
    let bare = |status, close| head(status, Load::default(), close);
    Ok(match (name.as_str(), request.method()) {
        ("garbage.php", &Method::GET) => {
            let bytes = wanted(request.uri().query()).saturating_mul(1 << 20).min(limits.bytes);
            head(StatusCode::OK, Load::uncounted(bytes, RANDOM.clone()), false)
        }
        ("empty.php", &Method::POST) => match swallow(request.into_body(), limits.bytes).await {
            Ok(true) => bare(StatusCode::OK, false),
            Ok(false) => bare(StatusCode::PAYLOAD_TOO_LARGE, true),
            Err(_) => bare(StatusCode::BAD_REQUEST, true),
        },
        ("empty.php" | "garbage.php", &Method::GET | &Method::HEAD) => bare(StatusCode::OK, false),
        ("empty.php" | "garbage.php", _) => bare(StatusCode::METHOD_NOT_ALLOWED, true),
        _ => bare(StatusCode::NOT_FOUND, true),
    })
}

/// The number of `ckSize`, in MiB.
fn wanted(query: Option<&str>) -> u64 {
    let mut pairs = query.unwrap_or_default().split('&');
    let found = pairs.find_map(|pair| pair.strip_prefix("ckSize="));
    found.and_then(|text| text.parse().ok()).unwrap_or(USUAL_MIB).clamp(1, 1024)
}

/// Reads a body to its end; false when it is above the limit.
async fn swallow(mut body: Incoming, limit: u64) -> Result<bool, hyper::Error> {
    let mut size: u64 = 0;
    while let Some(frame) = body.frame().await {
        size = size.saturating_add(frame?.data_ref().map_or(0, |data| data.len() as u64));
        if size > limit {
            return Ok(false);
        }
    }
    Ok(true)
}

fn head(status: StatusCode, load: Load, close: bool) -> Response<Load> {
    let mut response = Response::new(load);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(SERVER, HeaderValue::from_static("fluxnoc"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    if close {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// A connection that counts what moves, in both directions.
struct Watched {
    io: TokioIo<TcpStream>,
    moved: Arc<AtomicU64>,
}

impl Watched {
    fn note(&self, written: &Poll<std::io::Result<usize>>) {
        if let Poll::Ready(Ok(count)) = written {
            self.moved.fetch_add(*count as u64, Ordering::Relaxed);
        }
    }
}

impl Read for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        ready!(Pin::new(&mut self.io).poll_read(context, buffer))?;
        self.moved.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl Write for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(context, bytes);
        self.note(&written);
        written
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(context, bytes);
        self.note(&written);
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read_within_bounds() {
        for (query, mib) in [
            (None, 4),
            (Some("ckSize=10"), 10),
            (Some("r=0.3&ckSize=100"), 100),
            (Some("ckSize=0"), 1),
            (Some("ckSize=99999999"), 1024),
            (Some("ckSize=99999999999999999999999"), 4),
            (Some("ckSize=-1"), 4),
            (Some("cksize=9"), 4),
        ] {
            assert_eq!(wanted(query), mib, "{query:?}");
        }
    }
}
