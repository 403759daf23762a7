//! A notification for a program: JSON on its stdin, the essentials in its environment.
//!
//! Exit code 0: it was taken. 64 (usage), 78 (configuration), 126 and 127 (cannot be run): never.
//! Everything else, and a run longer than the channel's time: again later.

use std::process::Stdio;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use super::{Delivery, Late, body, quoted};
use crate::model::Notification;

/// Bytes of stderr that are looked at.
const ERRORS: u64 = 4096;
/// Exit codes that no repetition mends (sysexits.h, and the shell's own).
const NEVER: [i32; 4] = [64, 78, 126, 127];

/// Ends what a program left, also when the delivery is given up.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = killpg(group, Signal::SIGKILL);
        }
    }
}

/// Delivers by a program; the caller bounds its time by dropping this.
pub(super) async fn deliver(argv: &[String], notification: &Notification, late: Late) -> Delivery {
    let Some((program, arguments)) = argv.split_first() else {
        return Delivery::Refused("no program is configured".to_owned());
    };
    let edge = &notification.edge;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("FLUXNOC_KEY", &notification.key)
        .env("FLUXNOC_REASON", notification.reason.word())
        .env("FLUXNOC_HOST", &*edge.check.host)
        .env("FLUXNOC_CHECK", &*edge.check.name)
        .env("FLUXNOC_STATE", edge.to.to_string())
        .env("FLUXNOC_TEXT", edge.text.as_str().replace('\0', ""))
        .env("FLUXNOC_DELAYED", if late == Late::Delayed { "1" } else { "0" })
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Delivery::retry(format!("{program} cannot be started: {error}")),
    };
    // Its own group, so that what it started ends with it.
    let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    let _group = Group(group);
    let words = body::own(notification).to_string();
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let write = async {
        if let Some(mut stdin) = stdin {
            // A program that does not read it has closed it.
            let _ = stdin.write_all(words.as_bytes()).await;
        }
    };
    let read = async {
        let mut said = Vec::new();
        if let Some(mut stderr) = stderr {
            let _ = (&mut stderr).take(ERRORS).read_to_end(&mut said).await;
            // Further words are let go: a full pipe would hold it.
            let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
        }
        said
    };
    let ((), said, status) = tokio::join!(write, read, child.wait());
    match status {
        Ok(status) if status.success() => Delivery::Sent,
        Ok(status) => {
            let why = quoted(&status.to_string(), &said);
            if status.code().is_some_and(|code| NEVER.contains(&code)) {
                Delivery::Refused(why)
            } else {
                Delivery::retry(why)
            }
        }
        Err(error) => Delivery::retry(error.to_string()),
    }
}
