//! Running a program of somebody else: bounded in time and output, alone in its session, with an
//! empty environment, and gone with all that it started when the run is over.
//!
//! A run has a thread of its own from the look at its file to its end: each hop between threads
//! would cost a tenth of a small plugin.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::context::Context;
use super::output::Output;
use super::session;
use super::spawn::{self, Spawned};
use crate::model::{Failure, FailureKind};

/// Time between SIGTERM and SIGKILL at the deadline.
const TERM_GRACE: Duration = Duration::from_secs(1);
/// How long output may go on after the program itself has ended (a filter behind it).
const TAIL_GRACE: Duration = Duration::from_millis(200);
/// A run ends this long before its deadline, so that its own words are heard.
const MARGIN: Duration = Duration::from_millis(20);
/// Tries when the file is open for writing at the very moment, and the pause between them.
const BUSY_TRIES: usize = 10;
const BUSY_PAUSE: Duration = Duration::from_millis(20);
/// How often the system is asked for an end that it does not announce.
const ASK_AGAIN: Duration = Duration::from_millis(10);

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
    /// It wrote more than [`STDOUT_LIMIT`](super::output::STDOUT_LIMIT) and was killed.
    TooMuch,
}

/// What a run left behind.
#[derive(Debug)]
pub(super) struct Ran {
    /// At most [`STDOUT_LIMIT`](super::output::STDOUT_LIMIT) bytes.
    pub stdout: Vec<u8>,
    /// At most [`STDERR_LIMIT`](super::output::STDERR_LIMIT) bytes.
    pub stderr: Vec<u8>,
    /// How it ended.
    pub end: End,
}

/// Runs the program that `prepare` finds. Whatever it started in its session is killed when this
/// returns or is dropped; after a deadline that takes up to a second more, in the background.
///
/// # Errors
/// What `prepare` says; [`FailureKind::Missing`] when the program cannot be executed,
/// [`FailureKind::Config`] when the arguments cannot be passed, [`FailureKind::Local`] when this
/// machine has no room for a process.
pub(super) async fn run(
    prepare: impl FnOnce() -> Result<Program, Failure> + Send + 'static,
    context: &Context,
) -> Result<Ran, Failure> {
    let stop = stop_before(context);
    let hold = Hold::default();
    let life = Arc::clone(&hold.0);
    let (answer, mut answered) = oneshot::channel();
    tokio::task::spawn_blocking(move || {
        // Nobody listens any more: a session that is still there goes with its value.
        let _ = answer.send(on_thread(prepare, &life, stop));
    });
    let answer = match tokio::time::timeout_at(stop.into(), &mut answered).await {
        Ok(answer) => answer,
        Err(_) => {
            if let Some(failure) = hold.give_up() {
                return Err(failure);
            }
            // It runs: the thread comes to its end at the same moment.
            answered.await
        }
    };
    let died = || Failure::new(FailureKind::Internal, "the thread of a program is gone");
    let (ran, session) = answer.map_err(|_| died())??;
    if let Some(session) = session {
        // A closed pipe ends most writers at once; the rest gets its signals meanwhile.
        tokio::spawn(session.end_all());
    }
    Ok(ran)
}

/// How far a run is, as its thread and the one who waits for it see it.
#[derive(Debug, Default)]
enum Phase {
    /// The file is looked at.
    #[default]
    Preparing,
    /// The system starts the program.
    Starting(String),
    /// This process runs and is not waited for.
    Running(Pid),
    /// Nothing is left to end, or somebody else does it.
    Over,
    /// Nobody waits any more; what is not started stays so.
    Abandoned,
}

type Life = Mutex<Phase>;

fn phase_of(life: &Life) -> MutexGuard<'_, Phase> {
    life.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The waiting end of a run. Dropping it ends the program.
#[derive(Debug, Default)]
struct Hold(Arc<Life>);

impl Hold {
    /// Gives up a run that has not begun, with the reason; `None` when the program runs.
    fn give_up(&self) -> Option<Failure> {
        let mut phase = phase_of(&self.0);
        let failure = match &*phase {
            Phase::Preparing => {
                Failure::new(FailureKind::Missing, "the file of the command cannot be read in time")
            }
            Phase::Starting(name) => {
                Failure::new(FailureKind::Plugin, format!("{name} could not be started in time"))
            }
            Phase::Running(_) | Phase::Over | Phase::Abandoned => return None,
        };
        *phase = Phase::Abandoned;
        Some(failure)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut phase = phase_of(&self.0);
        match *phase {
            // The thread cannot wait for the leader meanwhile, so its number is still its own.
            Phase::Running(leader) => kill_all(leader),
            Phase::Over => {}
            _ => *phase = Phase::Abandoned,
        }
    }
}

/// SIGKILL for a session and all that descend from it. Before the leader is waited for.
fn kill_all(leader: Pid) {
    let family = session::family(leader);
    session::sweep(leader, Signal::SIGKILL);
    session::signal_family(&family, Signal::SIGKILL);
}

/// All of a run that may block. Gives the session back when it still has to be ended.
fn on_thread(
    prepare: impl FnOnce() -> Result<Program, Failure>,
    life: &Life,
    stop: Instant,
) -> Result<(Ran, Option<Session>), Failure> {
    let program = prepare()?;
    let gone = || Failure::new(FailureKind::Plugin, "nobody waits for this run");
    {
        let mut phase = phase_of(life);
        if matches!(*phase, Phase::Abandoned) {
            return Err(gone());
        }
        *phase = Phase::Starting(program.path.display().to_string());
    }
    session::reap_left();
    let session = Session::start(&program)?;
    {
        let mut phase = phase_of(life);
        if matches!(*phase, Phase::Abandoned) {
            return Err(gone());
        }
        *phase = Phase::Running(session.leader);
    }
    session.follow(life, stop)
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
#[derive(Debug)]
struct Session {
    leader: Pid,
    /// Readable when the leader has ended, before it is waited for. `None` on old kernels.
    ended: Option<OwnedFd>,
    output: Output,
    /// True when nothing is left to kill.
    over: bool,
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.over {
            kill_all(self.leader);
            session::leave(self.leader);
        }
    }
}

impl Session {
    fn start(program: &Program) -> Result<Self, Failure> {
        let mut tries = 0;
        let Spawned { leader, ended, stdout, stderr } = loop {
            match spawn::spawn(program) {
                Ok(spawned) => break spawned,
                Err(error) if error.raw_os_error() == Some(libc::ETXTBSY) && tries < BUSY_TRIES => {
                    tries += 1;
                    std::thread::sleep(BUSY_PAUSE);
                }
                Err(error) => return Err(not_started(&error, &program.path.display().to_string())),
            }
        };
        Ok(Self { leader, ended, output: Output::new(stdout, stderr), over: false })
    }

    /// Reads what there is, until the leader has ended or `until`. True when it has ended.
    fn step(&mut self, until: Instant) -> bool {
        match &self.ended {
            Some(ended) => self.output.wait(Some(ended.as_fd()), until),
            None => {
                self.output.wait(None, until.min(Instant::now() + ASK_AGAIN));
                session::has_ended(self.leader)
            }
        }
    }

    /// To the end of the program, or to the moment from which it has to be ended.
    fn follow(mut self, life: &Life, stop: Instant) -> Result<(Ran, Option<Self>), Failure> {
        let early = loop {
            if self.step(stop) {
                break None;
            }
            if self.output.stdout.over {
                break Some(End::TooMuch);
            }
            if Instant::now() >= stop {
                break Some(End::Overran);
            }
        };
        if let Some(end) = early {
            *phase_of(life) = Phase::Over;
            let ran = self.ran(end);
            self.output.close();
            return Ok((ran, Some(self)));
        }
        self.output.drain((Instant::now() + TAIL_GRACE).min(stop));
        let status = {
            // From here the number may belong to somebody else.
            let mut phase = phase_of(life);
            *phase = Phase::Over;
            spawn::end_of(self.leader)
        };
        // Who holds a pipe or is in the group has outlived the leader; its number stays taken as
        // long. Looking through all processes costs more than most plugins, so it is done only then.
        if self.output.is_open() || session::has_company(self.leader) {
            session::sweep(self.leader, Signal::SIGKILL);
            self.output.drain((Instant::now() + TAIL_GRACE).min(stop));
        }
        self.over = true;
        let status = status.ok().flatten().ok_or_else(|| {
            Failure::new(FailureKind::Internal, "the end of a program was taken by somebody else")
        })?;
        let end = match (status.code(), status.signal()) {
            // Whether the program or the cap was faster must not decide about the result.
            _ if self.output.stdout.over => End::TooMuch,
            (Some(code), _) => End::Exited(code),
            (None, signal) => End::Signalled(signal.unwrap_or(0)),
        };
        Ok((self.ran(end), None))
    }

    fn ran(&mut self, end: End) -> Ran {
        let stdout = std::mem::take(&mut self.output.stdout.kept);
        let stderr = std::mem::take(&mut self.output.stderr.kept);
        Ran { stdout, stderr, end }
    }

    /// SIGTERM for all, SIGKILL a second later for those that are left. Dropped before that, all
    /// are killed at once.
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
        let grace = Instant::now() + TERM_GRACE;
        while !session::has_ended(leader) && Instant::now() < grace {
            tokio::time::sleep(ASK_AGAIN).await;
        }
        let swept = tokio::task::spawn_blocking(move || {
            session::sweep(leader, Signal::SIGKILL);
            session::signal_family(&family, Signal::SIGKILL);
        });
        self.over = swept.await.is_ok();
        if self.over {
            session::leave(leader);
            let grace = Instant::now() + TERM_GRACE;
            while !session::reap_left() && Instant::now() < grace {
                tokio::time::sleep(ASK_AGAIN).await;
            }
        }
    }
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

#[cfg(test)]
#[path = "script_tests.rs"]
mod tests;
