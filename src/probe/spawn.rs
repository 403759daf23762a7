//! Starting a program of somebody else and taking its end: the system calls without a safe form.
//!
//! `fork` copies the page tables of the whole engine for each plugin, and `posix_spawn` cannot
//! drop privileges or forbid core dumps. So the child borrows the memory of its parent, which
//! waits until the program runs, as `posix_spawn` does inside, and takes the missing steps there.

#![expect(unsafe_code, reason = "clone, the steps to exec, and the end of a process")]

use std::convert::Infallible;
use std::ffi::{CString, c_char, c_int, c_void};
use std::fs::File;
use std::io::{self, PipeReader};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicI32, Ordering};

use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::signal::{SigSet, SigmaskHow};
use nix::unistd::Pid;

use super::script::Program;

/// Memory on which the child runs until exec. Its few calls need a tenth of it.
const STACK: usize = 64 * 1024;
/// Signals that may have a handler: all of the kernel's.
const SIGNALS: c_int = 64;

/// A program that runs.
#[derive(Debug)]
pub(super) struct Spawned {
    /// Leader of a session of its own. Not waited for yet.
    pub leader: Pid,
    /// Readable when the leader has ended. `None` on kernels before 5.2.
    pub ended: Option<OwnedFd>,
    /// What it writes.
    pub stdout: PipeReader,
    /// What it complains.
    pub stderr: PipeReader,
}

/// Starts a program without input, in a session of its own, with no new privileges, no core dump,
/// the signals as they are at login, and no descriptors but 0 to 2.
///
/// # Errors
/// Whatever kept the program from running; `InvalidInput` for a text with a NUL character.
pub(super) fn spawn(program: &Program) -> io::Result<Spawned> {
    let (stdout, out) = io::pipe()?;
    let (stderr, err) = io::pipe()?;
    let null = File::open("/dev/null")?;
    let ends =
        [above_standard(null.into())?, above_standard(out.into())?, above_standard(err.into())?];
    let path = CString::new(program.path.as_os_str().as_bytes())?;
    let mut words = vec![path.clone()];
    for arg in &program.args {
        words.push(CString::new(arg.as_str())?);
    }
    let mut env = Vec::with_capacity(program.env.len());
    for (name, value) in &program.env {
        env.push(CString::new(format!("{name}={value}"))?);
    }
    let (leader, ended) = match start(&path, &words, &env, &ends) {
        // A script without a first line `#!` is the shell's, as execvp and every shell have it.
        Err(error) if error.raw_os_error() == Some(libc::ENOEXEC) && is_text(program) => {
            words.insert(0, c"/bin/sh".to_owned());
            start(c"/bin/sh", &words, &env, &ends)?
        }
        started => started?,
    };
    Ok(Spawned { leader, ended, stdout, stderr })
}

/// True when the file may be a script: a program for another machine must not be read by a shell.
fn is_text(program: &Program) -> bool {
    let mut head = [0; 128];
    let read = File::open(&program.path).and_then(|mut file| io::Read::read(&mut file, &mut head));
    read.is_ok_and(|count| count > 0 && !head.iter().take(count).any(|byte| *byte == 0))
}

/// The same descriptor with a number that the child's 0 to 2 do not replace.
fn above_standard(fd: OwnedFd) -> io::Result<OwnedFd> {
    if fd.as_raw_fd() > 2 {
        return Ok(fd);
    }
    let raw = fcntl(&fd, FcntlArg::F_DUPFD_CLOEXEC(3))?;
    // SAFETY: `raw` was just made by the call above and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}

/// What the child reads, and where it writes why it failed. Lives in the frame of the parent,
/// which stands still until the child is in its own program or has ended.
struct Plan {
    path: *const c_char,
    words: *const *const c_char,
    env: *const *const c_char,
    /// Become 0, 1 and 2.
    ends: [RawFd; 3],
    failed: AtomicI32,
}

fn start(
    path: &std::ffi::CStr,
    words: &[CString],
    env: &[CString],
    ends: &[OwnedFd; 3],
) -> io::Result<(Pid, Option<OwnedFd>)> {
    let words = pointers(words);
    let env = pointers(env);
    let plan = Plan {
        path: path.as_ptr(),
        words: words.as_ptr(),
        env: env.as_ptr(),
        ends: [ends[0].as_raw_fd(), ends[1].as_raw_fd(), ends[2].as_raw_fd()],
        failed: AtomicI32::new(0),
    };
    let mut stack = Box::<[u8]>::new_uninit_slice(STACK);
    let mut ended: c_int = -1;
    // A handler of ours that ran in the child would act on the memory of the parent.
    let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK)?;
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
    // SAFETY: with CLONE_VFORK this thread does not go on before the child has called exec or has
    // ended, so `plan`, what it points to and `stack` outlive their use; the stack belongs to the
    // child alone, is big enough, and its top is aligned. `child` takes no lock, allocates
    // nothing, and with all signals blocked no handler runs in it. Descriptors, signal handlers
    // and limits are the child's own, since CLONE_FILES, CLONE_SIGHAND and CLONE_THREAD are absent.
    let pid = unsafe {
        let plan = (&raw const plan).cast_mut().cast::<c_void>();
        libc::clone(child, top_of(&mut stack), flags, plan, &raw mut ended)
    };
    let error = io::Error::last_os_error();
    before.thread_set_mask()?;
    if pid < 0 {
        return Err(error);
    }
    // SAFETY: a kernel that knows CLONE_PIDFD has just opened it for us; others leave -1.
    let ended = (ended >= 0).then(|| unsafe { OwnedFd::from_raw_fd(ended) });
    match plan.failed.load(Ordering::Relaxed) {
        0 => Ok((Pid::from_raw(pid), ended)),
        code => {
            // It is past its end or about to be.
            let _ = nix::sys::wait::waitpid(Pid::from_raw(pid), None);
            Err(io::Error::from_raw_os_error(code))
        }
    }
}

/// The list as the kernel wants it: pointers and a null behind them.
fn pointers(texts: &[CString]) -> Vec<*const c_char> {
    texts.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]).collect()
}

/// Stacks grow downwards and start at a multiple of 16.
fn top_of(stack: &mut [MaybeUninit<u8>]) -> *mut c_void {
    let range = stack.as_mut_ptr_range();
    let spare = range.end.addr() % 16;
    range.end.wrapping_sub(spare).cast()
}

/// Runs between clone and exec, in the memory of the parent: system calls alone.
extern "C" fn child(plan: *mut c_void) -> c_int {
    // SAFETY: `start` passes its plan, which stands still as long as this runs.
    let plan = unsafe { &*plan.cast_const().cast::<Plan>() };
    let Err(code) = become_program(plan);
    plan.failed.store(code, Ordering::Relaxed);
    // SAFETY: ends this process at once; nothing of the parent is cleaned up.
    unsafe { libc::_exit(127) }
}

fn become_program(plan: &Plan) -> Result<Infallible, c_int> {
    // SAFETY: each call takes plain numbers, or pointers to values of this frame or of the plan,
    // and changes this process alone: its session, privileges, limits, descriptors and signals.
    unsafe {
        done(libc::setsid())?;
        done(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))?;
        let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        done(libc::setrlimit(libc::RLIMIT_CORE, &raw const none))?;
        for (number, end) in (0..).zip(plan.ends) {
            done(libc::dup2(end, number))?;
        }
        close_others();
        default_signals()?;
        libc::execve(plan.path, plan.words, plan.env);
    }
    Err(errno())
}

fn errno() -> c_int {
    io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)
}

fn done(result: c_int) -> Result<(), c_int> {
    if result < 0 { Err(errno()) } else { Ok(()) }
}

/// No handler of the parent, nothing ignored, nothing blocked.
fn default_signals() -> Result<(), c_int> {
    // SAFETY: an empty action is a valid one (the default); the sets are values of this frame.
    unsafe {
        let default: libc::sigaction = std::mem::zeroed();
        for signal in 1..=SIGNALS {
            // Those that have no action, such as SIGKILL, say so; there is nothing to reset.
            libc::sigaction(signal, &raw const default, std::ptr::null_mut());
        }
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        done(libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut()))
    }
}

/// Closes all descriptors above 2, or has exec close them.
fn close_others() {
    // SAFETY: the call takes plain numbers; the child has a descriptor table of its own.
    if unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, 0_u32) } == 0 {
        return;
    }
    // Kernels before 5.9: one by one.
    let mut limit = libc::rlimit { rlim_cur: 1024, rlim_max: 1024 };
    // SAFETY: `limit` is a value of this frame.
    unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    for fd in 3..c_int::try_from(limit.rlim_cur.min(65_536)).unwrap_or(1024) {
        // SAFETY: closes a number; one without a descriptor gives EBADF.
        unsafe { libc::close(fd) };
    }
}

/// Takes the end of a child without waiting: `None` while it runs.
///
/// # Errors
/// When it is no child of this process, or was waited for before.
pub(super) fn end_of(leader: Pid) -> io::Result<Option<ExitStatus>> {
    let mut status: c_int = 0;
    loop {
        // SAFETY: `status` is a value of this frame.
        match unsafe { libc::waitpid(leader.as_raw(), &raw mut status, libc::WNOHANG) } {
            0 => return Ok(None),
            pid if pid > 0 => return Ok(Some(ExitStatus::from_raw(status))),
            _ => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
}
