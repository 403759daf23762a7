//! What a running program writes: two pipes, read to a limit, beside the wait for its end.

use std::io::{PipeReader, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Bytes of stdout that are read; a program that writes more is killed.
pub(super) const STDOUT_LIMIT: usize = 64 * 1024;
/// Bytes of stderr that are kept; what follows is read and dropped.
pub(super) const STDERR_LIMIT: usize = 4 * 1024;
/// Bytes of one read.
const READ: usize = 8192;

/// Both pipes of a program.
#[derive(Debug)]
pub(super) struct Output {
    /// Its answer.
    pub stdout: Pipe<PipeReader>,
    /// Its complaints.
    pub stderr: Pipe<PipeReader>,
}

impl Output {
    pub(super) fn new(stdout: PipeReader, stderr: PipeReader) -> Self {
        let (stdout, stderr) = (Pipe::new(stdout, STDOUT_LIMIT), Pipe::new(stderr, STDERR_LIMIT));
        Self { stdout, stderr }
    }

    pub(super) const fn is_open(&self) -> bool {
        self.stdout.is_open() || self.stderr.is_open()
    }

    /// Whoever writes on gets a signal for it.
    pub(super) fn close(&mut self) {
        self.stdout.reader = None;
        self.stderr.reader = None;
    }

    /// Waits for something to read, for the end of the program, or for `until`, and reads once
    /// from each pipe that has something. True when the program has ended.
    pub(super) fn wait(&mut self, ended: Option<BorrowedFd<'_>>, until: Instant) -> bool {
        let watched = [self.stdout.fd(), self.stderr.fd(), ended];
        let mut list: Vec<PollFd<'_>> =
            watched.into_iter().flatten().map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        // An interrupted wait is a short one.
        let _ = poll(&mut list, timeout(until));
        let mut ready = list.iter().map(|fd| fd.any() == Some(true));
        let [stdout, stderr, ended] =
            watched.map(|fd| fd.is_some() && ready.next().unwrap_or_default());
        if stdout {
            self.stdout.fill();
        }
        if stderr {
            self.stderr.fill();
        }
        ended
    }

    /// Reads on until both pipes are closed, the first one is over its limit, or `until`.
    pub(super) fn drain(&mut self, until: Instant) {
        while !self.stdout.over && self.is_open() && Instant::now() < until {
            self.wait(None, until);
        }
    }
}

/// Rounded up, so that the last wait does not become a busy one.
fn timeout(until: Instant) -> PollTimeout {
    let left = until.saturating_duration_since(Instant::now()) + Duration::from_micros(999);
    PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
}

/// One end of a pipe that keeps the first bytes and reads on without keeping more.
#[derive(Debug)]
pub(super) struct Pipe<R> {
    reader: Option<R>,
    /// The first bytes, at most the limit.
    pub kept: Vec<u8>,
    limit: usize,
    /// More came than is kept.
    pub over: bool,
}

impl<R: Read> Pipe<R> {
    pub(super) const fn new(reader: R, limit: usize) -> Self {
        Self { reader: Some(reader), kept: Vec::new(), limit, over: false }
    }

    pub(super) const fn is_open(&self) -> bool {
        self.reader.is_some()
    }

    /// Reads once; waits when there is nothing.
    pub(super) fn fill(&mut self) {
        let Some(reader) = &mut self.reader else { return };
        let mut buffer = [0; READ];
        match reader.read(&mut buffer) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => self.reader = None,
            Ok(count) => {
                let room = self.limit - self.kept.len();
                self.kept.extend(buffer.iter().take(count.min(room)));
                self.over |= count > room;
            }
        }
    }
}

impl<R: AsFd> Pipe<R> {
    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.reader.as_ref().map(AsFd::as_fd)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_keeps_its_limit_and_reads_on() {
        let bytes = vec![b'x'; 100_000];
        let mut pipe = Pipe::new(bytes.as_slice(), 1000);
        while pipe.is_open() {
            pipe.fill();
        }
        assert_eq!((pipe.kept.len(), pipe.over), (1000, true));
        let mut exact = Pipe::new(&bytes[..1000], 1000);
        while exact.is_open() {
            exact.fill();
        }
        assert_eq!((exact.kept.len(), exact.over), (1000, false));
    }

    #[test]
    fn a_wait_ends_in_time() {
        let (stdout, _out) = std::io::pipe().unwrap();
        let (stderr, _err) = std::io::pipe().unwrap();
        let start = Instant::now();
        assert!(!Output::new(stdout, stderr).wait(None, start + Duration::from_millis(20)));
        assert!(start.elapsed() >= Duration::from_millis(20), "{:?}", start.elapsed());
    }
}
