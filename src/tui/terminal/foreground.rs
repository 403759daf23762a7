//! Another program has the terminal for a while; the console and its engine go on behind it.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use nix::sys::signal::{SigSet, Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpgid, getpgrp, getppid, getsid, tcsetpgrp};
use tokio::sync::mpsc::Sender;

use super::FromTerminal;
use super::reader::Keys;
use crate::tui::effect::Foreground;

/// Starts a program in the foreground; how it ended is said when it has.
///
/// # Errors
/// When it does not start.
pub fn start(program: &Foreground, said: &Sender<FromTerminal>) -> io::Result<()> {
    let Some((name, args)) = program.argv.split_first() else {
        return Err(io::Error::other("there is nothing to run"));
    };
    let terminal = Keys::open()?;
    let mut command = Command::new(name);
    if program.bare {
        command.env_clear();
    }
    command.args(args).envs(program.env.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::inherit()).stdout(Stdio::inherit()).stderr(Stdio::inherit());
    // A group of its own: what Ctrl-C means there does not mean us.
    command.process_group(0);
    let child = command.spawn()?;
    let pid = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
    let _ = tcsetpgrp(&terminal, pid);
    // It may have asked for the terminal before it had it.
    let _ = killpg(pid, Signal::SIGCONT);
    let said = said.clone();
    std::thread::Builder::new().name("console-child".to_owned()).spawn(move || {
        let code = wait(pid);
        take_back(&terminal);
        let _ = said.blocking_send(FromTerminal::Returned(code));
    })?;
    Ok(())
}

/// Its exit code; 128 and more for a signal. There is no job control in between: who stops it
/// with Ctrl-Z would have a terminal that nobody reads.
fn wait(pid: Pid) -> i32 {
    loop {
        match waitpid(pid, Some(WaitPidFlag::WUNTRACED)) {
            Ok(WaitStatus::Exited(_, code)) => return code,
            Ok(WaitStatus::Signaled(_, signal, _)) => return 128 + signal as i32,
            Ok(WaitStatus::Stopped(..)) => {
                let _ = killpg(pid, Signal::SIGCONT);
            }
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(_) => return 0,
        }
    }
}

/// Makes us the foreground again. Who is not in the foreground is stopped for asking, unless the
/// signal is blocked.
fn take_back(terminal: &Keys) {
    let mut blocked = SigSet::empty();
    blocked.add(Signal::SIGTTOU);
    let _ = blocked.thread_block();
    let _ = tcsetpgrp(terminal, getpgrp());
    let _ = blocked.thread_unblock();
}

/// True when a shell has started us that can continue us when we stop.
#[must_use]
pub fn has_shell() -> bool {
    let parent = getppid();
    let ours = getsid(None);
    ours.is_ok()
        && getsid(Some(parent)) == ours
        && getpgid(Some(parent)).is_ok_and(|group| group != getpgrp())
}

/// Stops this process until somebody continues it.
pub fn stop_here() {
    let _ = kill(nix::unistd::getpid(), Signal::SIGSTOP);
}
