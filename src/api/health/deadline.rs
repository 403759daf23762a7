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

/// How long each may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// From a connection's begin, or a request's first byte, to its end.
    pub head: Duration,
    /// Between two requests.
    pub idle: Duration,
    /// Until an answer is taken.
    pub write: Duration,
}

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
    limits: Limits,
    stage: Stage,
    read: Pin<Box<Sleep>>,
    write: Pin<Box<Sleep>>,
    writing: bool,
}

impl<S> Deadlined<S> {
    pub(super) fn new(stream: S, limits: Limits) -> Self {
        let (read, write) = (tokio::time::sleep(limits.head), tokio::time::sleep(limits.write));
        let (read, write) = (Box::pin(read), Box::pin(write));
        Self { stream, limits, stage: Stage::Request, read, write, writing: false }
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
            this.read.as_mut().reset(Instant::now() + this.limits.head);
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
            this.write.as_mut().reset(Instant::now() + this.limits.write);
        }
        let Poll::Ready(written) = Pin::new(&mut this.stream).poll_write(context, bytes)? else {
            ready!(this.write.as_mut().poll(context));
            return Poll::Ready(Err(too_late()));
        };
        this.writing = false;
        this.stage = Stage::Answered;
        this.read.as_mut().reset(Instant::now() + this.limits.idle);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[tokio::test]
    async fn fq_01_waiting_may_take_longer_than_sending() {
        let limits = Limits { head: ms(200), idle: ms(800), write: ms(400) };
        let (near, mut far) = tokio::io::duplex(64);
        let mut held = Deadlined::new(near, limits);
        let mut bytes = [0; 64];
        let late =
            |ended: io::Result<usize>| ended.is_err_and(|e| e.kind() == io::ErrorKind::TimedOut);
        // A request that comes late but whole, its answer, and a silence that is allowed.
        far.write_all(b"GET").await.unwrap();
        assert_eq!(held.read(&mut bytes).await.unwrap(), 3);
        held.write_all(b"200").await.unwrap();
        tokio::spawn(async move {
            tokio::time::sleep(ms(500)).await;
            far.write_all(b"G").await.unwrap();
            std::future::pending::<()>().await;
        });
        assert_eq!(held.read(&mut bytes).await.unwrap(), 1);
        // The next one begins and does not end.
        let begun = Instant::now();
        assert!(late(held.read(&mut bytes).await));
        assert!(begun.elapsed() < ms(700), "{:?}", begun.elapsed());
        // One that never says anything more after its answer.
        let (near, _far) = tokio::io::duplex(64);
        let mut held = Deadlined::new(near, limits);
        held.write_all(b"200").await.unwrap();
        let begun = Instant::now();
        assert!(late(held.read(&mut bytes).await));
        assert!(begun.elapsed() >= ms(790), "{:?}", begun.elapsed());
        // One that does not take its answer.
        let begun = Instant::now();
        assert!(late(held.write(&[0; 64]).await.and(held.write(&[0; 64]).await)));
        assert!(begun.elapsed() >= ms(390), "{:?}", begun.elapsed());
    }
}
