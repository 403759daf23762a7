//! Finding and ending every process that a script has started.
//!
//! A script runs in a session of its own, so all that it starts belongs to that session, unless
//! it asks for another one. While the script lives, its children are found by parentage too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::{Pid, getsid};

/// How often a sweep looks again for processes that were born during the last look.
const LOOKS: usize = 5;
/// How often, and after what pause, a killed orphan of ours is asked for its end.
const REAPS: usize = 10;
const REAP_PAUSE: Duration = Duration::from_millis(1);

/// A process number together with its start time, which tells it from a later owner of the number.
pub(super) type Member = (i32, u64);

/// True when somebody is left in the group of a leader that was waited for.
pub(super) fn has_company(leader: Pid) -> bool {
    killpg(leader, None) != Err(Errno::ESRCH)
}

/// True when the process is no more than a number that waits to be taken.
pub(super) fn has_ended(leader: Pid) -> bool {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    waitid(Id::Pid(leader), flags) != Ok(WaitStatus::StillAlive)
}

/// Killed leaders whose end was not there yet: one that hangs in a dead file system may take days.
static LEFT: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// Leaves the end of a killed leader to [`reap_left`].
pub(super) fn leave(leader: Pid) {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner).push(leader);
    reap_left();
}

/// Takes the ends of those that were left. True when none is left.
pub(super) fn reap_left() -> bool {
    let mut left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
    left.retain(|pid| {
        let end = waitpid(*pid, Some(WaitPidFlag::WNOHANG));
        matches!(end, Ok(WaitStatus::StillAlive) | Err(Errno::EINTR))
    });
    left.is_empty()
}

/// Sends `signal` to all members of the session until no new ones are found. Must be called
/// before the leader is waited for, or while it has company: so long its number cannot belong to
/// somebody else.
pub(super) fn sweep(leader: Pid, signal: Signal) {
    // The group in one step first: a member that forks at this moment cannot slip away.
    let _ = killpg(leader, signal);
    let mut met = BTreeSet::new();
    for _ in 0..LOOKS {
        let fresh: Vec<i32> = members(leader).into_iter().filter(|pid| met.insert(*pid)).collect();
        if fresh.is_empty() {
            break;
        }
        for pid in fresh {
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }
    met.remove(&leader.as_raw());
    if signal == Signal::SIGKILL {
        reap(&met);
    }
}

/// Sends `signal` to those of `family` that still are what they were.
pub(super) fn signal_family(family: &BTreeSet<Member>, signal: Signal) {
    for (pid, start) in family {
        if stat_of(*pid).is_some_and(|stat| stat.start == *start) {
            let _ = kill(Pid::from_raw(*pid), signal);
        }
    }
}

/// The session's members and all their descendants, also those that have left the session.
pub(super) fn family(leader: Pid) -> BTreeSet<Member> {
    let mut children: BTreeMap<i32, Vec<(i32, u64)>> = BTreeMap::new();
    let mut waiting = Vec::new();
    for pid in process_numbers() {
        let Some(stat) = stat_of(pid) else { continue };
        if stat.session == leader.as_raw() {
            waiting.push((pid, stat.start));
        }
        children.entry(stat.parent).or_default().push((pid, stat.start));
    }
    let mut family = BTreeSet::new();
    while let Some(member) = waiting.pop() {
        if family.insert(member) {
            waiting.extend(children.get(&member.0).into_iter().flatten());
        }
    }
    family
}

fn members(leader: Pid) -> Vec<i32> {
    process_numbers().filter(|pid| getsid(Some(Pid::from_raw(*pid))) == Ok(leader)).collect()
}

/// Orphans go to init. Where we are init ourselves (a container), we must wait for them.
fn reap(orphans: &BTreeSet<i32>) {
    for pid in orphans {
        for _ in 0..REAPS {
            match waitpid(Pid::from_raw(*pid), Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) => std::thread::sleep(REAP_PAUSE),
                Err(Errno::EINTR) => {}
                _ => break,
            }
        }
    }
}

/// The numbers of all processes in `/proc`; none when it cannot be read.
fn process_numbers() -> impl Iterator<Item = i32> {
    std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

struct Stat {
    parent: i32,
    session: i32,
    start: u64,
}

fn stat_of(pid: i32) -> Option<Stat> {
    parse_stat(&std::fs::read(format!("/proc/{pid}/stat")).ok()?)
}

/// The name stands in parentheses and may itself have some: what counts is behind the last one.
fn parse_stat(text: &[u8]) -> Option<Stat> {
    let end = text.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(text.get(end + 1..)?).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    // Behind the name: state, parent, group, session, ...; the start time is the twentieth.
    let parent = fields.nth(1)?.parse().ok()?;
    let session = fields.nth(1)?.parse().ok()?;
    let start = fields.nth(15)?.parse().ok()?;
    Some(Stat { parent, session, start })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_parentheses_do_not_shift_the_fields() {
        let text = b"77 (a) S 1 (\n) R 5 6 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 991 1 2";
        let stat = parse_stat(text).unwrap();
        assert_eq!((stat.parent, stat.session, stat.start), (5, 7, 991));
        assert!(parse_stat(b"77 (a").is_none());
        assert!(parse_stat(b"77 (a) S").is_none());
    }

    #[test]
    fn our_own_start_time_is_read() {
        let own = i32::try_from(std::process::id()).unwrap();
        assert!(stat_of(own).unwrap().start > 0);
        assert!(process_numbers().any(|pid| pid == own));
    }
}
