//! Running a program of somebody else: bounded in time and output, alone in its session, with an
//! empty environment, and gone with all that it started when the run is over.

#![expect(
    unsafe_code,
    reason = "the steps between fork and exec, and pidfd_open, have no safe form"
)]

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncReadExt as _, Interest};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::context::Context;
use super::session;
use crate::model::{Failure, FailureKind};

/// Bytes of stdout that are read; a program that writes more is killed.
pub(super) const STDOUT_LIMIT: usize = 64 * 1024;
/// Bytes of stderr that are kept; what follows is read and dropped.
pub(super) const STDERR_LIMIT: usize = 4 * 1024;
/// Time between SIGTERM and SIGKILL at the deadline.
const TERM_GRACE: Duration = Duration::from_secs(1);
/// How long output may go on after the program itself has ended (a filter behind it).
const TAIL_GRACE: Duration = Duration::from_millis(200);
/// A run ends this long before its deadline, so that its own words are heard.
const MARGIN: Duration = Duration::from_millis(20);
/// Tries when the file is open for writing at the very moment, and the pause between them.
const BUSY_TRIES: usize = 10;
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// A program that was found and may be run.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// Its file.
    pub path: PathBuf,
    /// Arguments without the program's name.
    pub args: Vec<String>,
    /// The whole environment.
    pub env: BTreeMap<String, String>,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// By itself, with a code.
    Exited(i32),
    /// By a signal that was not ours.
    Signalled(i32),
    /// It ran into the deadline and was killed.
    Overran,
    /// It wrote more than [`STDOUT_LIMIT`] and was killed.
    TooMuch,
}

/// What a run left behind.
#[derive(Debug)]
pub(super) struct Ran {
    /// At most [`STDOUT_LIMIT`] bytes.
    pub stdout: Vec<u8>,
    /// At most [`STDERR_LIMIT`] bytes.
    pub stderr: Vec<u8>,
    /// How it ended.
    pub end: End,
}

/// Runs a program. Whatever it started in its session is killed when this returns or is dropped;
/// after a deadline that takes up to a second more, in the background.
///
/// # Errors
/// [`FailureKind::Missing`] when it cannot be executed, [`FailureKind::Config`] when the arguments
/// cannot be passed, [`FailureKind::Local`] when this machine has no room for a process.
pub(super) async fn run(program: Program, context: &Context) -> Result<Ran, Failure> {
    let stop = stop_before(context);
    let name = program.path.display().to_string();
    let session = in_time(stop, move || Session::start(&program)).await.ok_or_else(|| {
        Failure::new(FailureKind::Plugin, format!("{name} could not be started in time"))
    })??;
    session.follow(stop).await
}

/// The moment at which a run gives up: shortly before its deadline.
pub(super) fn stop_before(context: &Context) -> Instant {
    let margin = MARGIN.min(context.remaining() / 10);
    context.deadline.checked_sub(margin).unwrap_or(context.deadline)
}

/// Runs something that may block (a dead file server) beside the runtime; `None` when it is not
/// done at `stop`, or died.
pub(super) async fn in_time<T: Send + 'static>(
    stop: Instant,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let task: JoinHandle<T> = tokio::task::spawn_blocking(work);
    tokio::time::timeout_at(stop.into(), task).await.ok()?.ok()
}

/// A running program and its session. Dropping it kills them all.
struct Session {
    child: Child,
    leader: Pid,
    /// Readable when the leader has ended, before it is waited for. `None` on kernels before 5.3.
    ended: Option<AsyncFd<OwnedFd>>,
    /// True when nothing is left to kill.
    over: bool,
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.over {
            // The leader is not waited for yet, so its number is still its own; afterwards
            // `kill_on_drop` hands it to the runtime, which waits for it.
            let family = session::family(self.leader);
            session::sweep(self.leader, Signal::SIGKILL);
            session::signal_family(&family, Signal::SIGKILL);
        }
    }
}

impl Session {
    fn start(program: &Program) -> Result<Self, Failure> {
        let mut tries = 0;
        let child = loop {
            match command(program).spawn() {
                Ok(child) => break child,
                Err(error) if error.raw_os_error() == Some(libc::ETXTBSY) && tries < BUSY_TRIES => {
                    tries += 1;
                    std::thread::sleep(BUSY_PAUSE);
                }
                Err(error) => return Err(not_started(&error, &program.path.display().to_string())),
            }
        };
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
        let Some(pid) = pid else {
            return Err(Failure::new(FailureKind::Internal, "a new process has no number"));
        };
        let leader = Pid::from_raw(pid);
        Ok(Self { child, leader, ended: end_of(leader), over: false })
    }

    /// Returns when the leader has ended. Cancel-safe.
    async fn leader_end(&mut self) {
        match &self.ended {
            Some(fd) => {
                let _ = fd.readable().await;
            }
            None => {
                let _ = self.child.wait().await;
            }
        }
    }

    async fn follow(mut self, stop: Instant) -> Result<Ran, Failure> {
        let mut stdout = Pipe::new(self.child.stdout.take(), STDOUT_LIMIT);
        let mut stderr = Pipe::new(self.child.stderr.take(), STDERR_LIMIT);
        let early = loop {
            tokio::select! {
                () = stdout.fill(), if stdout.is_open() => {
                    if stdout.over {
                        break Some(End::TooMuch);
                    }
                }
                () = stderr.fill(), if stderr.is_open() => {}
                () = self.leader_end() => break None,
                () = tokio::time::sleep_until(stop.into()) => break Some(End::Overran),
            }
        };
        if let Some(end) = early {
            // A closed pipe ends most writers at once; the rest gets its signals meanwhile.
            tokio::spawn(self.end_all());
            return Ok(Ran { stdout: stdout.kept, stderr: stderr.kept, end });
        }
        let tail = (Instant::now() + TAIL_GRACE).min(stop);
        drain(&mut stdout, &mut stderr, tail).await;
        let status = self.child.wait().await.map_err(|error| {
            Failure::new(FailureKind::Internal, format!("waiting for a program failed: {error}"))
        })?;
        // Who holds a pipe or is in the group has outlived the leader; its number stays taken as
        // long. Looking through all processes costs more than most plugins, so it is done only then.
        if stdout.is_open() || stderr.is_open() || session::has_company(self.leader) {
            let leader = self.leader;
            let swept =
                tokio::task::spawn_blocking(move || session::sweep(leader, Signal::SIGKILL));
            self.over = swept.await.is_ok();
            drain(&mut stdout, &mut stderr, (Instant::now() + TAIL_GRACE).min(stop)).await;
        } else {
            self.over = true;
        }
        let end = match (status.code(), status.signal()) {
            // Whether the program or the cap was faster must not decide about the result.
            _ if stdout.over => End::TooMuch,
            (Some(code), _) => End::Exited(code),
            (None, signal) => End::Signalled(signal.unwrap_or(0)),
        };
        Ok(Ran { stdout: stdout.kept, stderr: stderr.kept, end })
    }

    /// SIGTERM for all, SIGKILL a second later for those that are left.
    async fn end_all(mut self) {
        let leader = self.leader;
        let family = tokio::task::spawn_blocking(move || {
            let family = session::family(leader);
            session::sweep(leader, Signal::SIGTERM);
            session::signal_family(&family, Signal::SIGTERM);
            family
        })
        .await
        .unwrap_or_default();
        let _ = tokio::time::timeout(TERM_GRACE, self.leader_end()).await;
        let swept = tokio::task::spawn_blocking(move || {
            session::sweep(leader, Signal::SIGKILL);
            session::signal_family(&family, Signal::SIGKILL);
        });
        self.over = swept.await.is_ok();
        let _ = self.child.wait().await;
    }
}

fn command(program: &Program) -> Command {
    let mut command = Command::new(&program.path);
    command
        .args(&program.args)
        .env_clear()
        .envs(&program.env)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    // SAFETY: `isolate` runs between fork and exec, where only async-signal-safe calls are
    // allowed: it makes system calls alone, allocates nothing and takes no lock.
    unsafe { command.pre_exec(isolate) };
    command
}

/// A session of its own, no new privileges, no core dump, no descriptors but 0 to 2.
fn isolate() -> io::Result<()> {
    nix::unistd::setsid()?;
    nix::sys::prctl::set_no_new_privs()?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    close_others_at_exec();
    Ok(())
}

/// Marks all descriptors above 2 to be closed by exec. They cannot be closed here: one of them
/// reports a failing exec to the parent.
fn close_others_at_exec() {
    // SAFETY: the call takes plain numbers and changes only descriptor flags of this process.
    let done =
        unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    if done == 0 {
        return;
    }
    // Kernels before 5.11: one by one.
    let highest = getrlimit(Resource::RLIMIT_NOFILE).map_or(1024, |(soft, _)| soft.min(65_536));
    for fd in 3..libc::c_int::try_from(highest).unwrap_or(1024) {
        // SAFETY: sets a flag on a number; a number without a descriptor gives EBADF.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}

/// A descriptor that becomes readable when the process ends, without waiting for it.
fn end_of(pid: Pid) -> Option<AsyncFd<OwnedFd>> {
    // SAFETY: the call takes plain numbers and returns a new descriptor or -1.
    let raw = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) };
    let raw = libc::c_int::try_from(raw).ok().filter(|raw| *raw >= 0)?;
    // SAFETY: `raw` was just opened by the call above and nobody else owns it.
    let fd = unsafe { OwnedFd::from_raw_fd(raw) };
    // SAFETY: the descriptor is owned by the value that is registered, and closed only with it.
    unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }.ok()
}

/// Why a program was not started, with the mend.
fn not_started(error: &io::Error, name: &str) -> Failure {
    let (kind, why) = match error.raw_os_error() {
        Some(libc::EAGAIN) => (
            FailureKind::Local,
            "this machine cannot start another process: its limit is reached".to_owned(),
        ),
        Some(libc::ENOMEM) => {
            (FailureKind::Local, "this machine has no memory for another process".to_owned())
        }
        Some(libc::EMFILE | libc::ENFILE) => (
            FailureKind::Local,
            "no file descriptor is left to start a program: raise the limit (ulimit -n)".to_owned(),
        ),
        Some(libc::ETXTBSY) => {
            (FailureKind::Local, format!("{name} is being written at this moment"))
        }
        Some(libc::E2BIG) => (
            FailureKind::Config,
            format!("the arguments of {name} are longer than the system takes"),
        ),
        Some(libc::ENOENT) => (
            FailureKind::Missing,
            format!("{name} or the interpreter in its first line does not exist"),
        ),
        Some(libc::ENOEXEC) => (
            FailureKind::Missing,
            format!("{name} is no program: a script needs a first line such as #!/bin/sh"),
        ),
        Some(libc::EACCES | libc::EPERM) => (
            FailureKind::Missing,
            format!(
                "{name} may not be executed by this user, or its file system is mounted noexec"
            ),
        ),
        None if error.kind() == io::ErrorKind::InvalidInput => {
            (FailureKind::Config, format!("an argument or variable of {name} has a NUL character"))
        }
        _ => (FailureKind::Missing, format!("{name} cannot be executed: {error}")),
    };
    Failure::new(kind, why)
}

/// One end of a pipe that keeps the first bytes and reads on without keeping more.
struct Pipe<R> {
    reader: Option<R>,
    kept: Vec<u8>,
    limit: usize,
    /// More came than is kept.
    over: bool,
    /// Where one read goes; on the heap, so that the run stays small.
    buffer: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Pipe<R> {
    fn new(reader: Option<R>, limit: usize) -> Self {
        Self { reader, kept: Vec::new(), limit, over: false, buffer: vec![0; 8192] }
    }

    const fn is_open(&self) -> bool {
        self.reader.is_some()
    }

    /// Reads once. Cancel-safe: what was read is kept.
    async fn fill(&mut self) {
        let Some(reader) = &mut self.reader else { return };
        match reader.read(&mut self.buffer).await {
            Ok(0) | Err(_) => self.reader = None,
            Ok(count) => {
                let room = self.limit - self.kept.len();
                self.kept.extend(self.buffer.iter().take(count.min(room)));
                self.over |= count > room;
            }
        }
    }
}

/// Reads on until both pipes are closed, the first one is over its limit, or `until`.
async fn drain<A, B>(stdout: &mut Pipe<A>, stderr: &mut Pipe<B>, until: Instant)
where
    A: AsyncRead + Unpin,
    B: AsyncRead + Unpin,
{
    while !stdout.over && (stdout.is_open() || stderr.is_open()) {
        tokio::select! {
            () = stdout.fill(), if stdout.is_open() => {}
            () = stderr.fill(), if stderr.is_open() => {}
            () = tokio::time::sleep_until(until.into()) => return,
        }
    }
}

#[cfg(test)]
#[path = "script_tests.rs"]
mod tests;
