//! A connection that may say nothing for a time, must end what it begins, and must take its answers.
//!
//! The framework knows one deadline for heads, which also ends connections that wait between two
//! requests; here waiting may take longer than sending.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// From a connection's begin, or a request's first byte, to its end.
const HEAD: Duration = Duration::from_secs(5);
/// Between two requests.
const IDLE: Duration = Duration::from_secs(30);
/// Until an answer is taken.
const WRITE: Duration = Duration::from_secs(10);

/// What is waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The end of a request; set at its first byte.
    Request,
    /// The first byte of the next request; set with an answer.
    Answered,
}

/// The connection.
pub(super) struct Deadlined<S> {
    stream: S,
    stage: Stage,
    read: Pin<Box<Sleep>>,
    write: Pin<Box<Sleep>>,
    writing: bool,
}

impl<S> Deadlined<S> {
    pub(super) fn new(stream: S) -> Self {
        let (read, write) = (tokio::time::sleep(HEAD), tokio::time::sleep(WRITE));
        let (read, write) = (Box::pin(read), Box::pin(write));
        Self { stream, stage: Stage::Request, read, write, writing: false }
    }
}

fn too_late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "a deadline passed")
}

impl<S: AsyncRead + Unpin> AsyncRead for Deadlined<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        if Pin::new(&mut this.stream).poll_read(context, buffer)?.is_pending() {
            ready!(this.read.as_mut().poll(context));
            return Poll::Ready(Err(too_late()));
        }
        if buffer.filled().len() > before && this.stage == Stage::Answered {
            this.stage = Stage::Request;
            this.read.as_mut().reset(Instant::now() + HEAD);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Deadlined<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if !this.writing {
            this.writing = true;
            this.write.as_mut().reset(Instant::now() + WRITE);
        }
        let Poll::Ready(written) = Pin::new(&mut this.stream).poll_write(context, bytes)? else {
            ready!(this.write.as_mut().poll(context));
            return Poll::Ready(Err(too_late()));
        };
        this.writing = false;
        this.stage = Stage::Answered;
        this.read.as_mut().reset(Instant::now() + IDLE);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
