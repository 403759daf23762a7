//! Disk and inode use of each mounted file system, as `df` prints them.
//!
//! A file server that is gone lets `statvfs` wait for ever, so every mount is asked on a thread
//! of its own, and a mount whose last question is still open is not asked again. Left out: what
//! is no disk (also `tmpfs`: that is memory), read-only mounts, bind mounts and second mounts of
//! a device.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::statvfs::{Statvfs, statvfs};
use tokio::sync::mpsc;

use super::whole;
use crate::model::safe_text::sanitize;
use crate::model::{Metric, Pattern, Unit};

/// Most mounts that are asked.
const MOUNT_LIMIT: usize = 128;
/// Longest mount point in a metric, in bytes.
const NAME_LIMIT: usize = 256;
/// Stack of an asking thread.
const STACK: usize = 64 * 1024;

/// File systems without a disk behind them. What has no blocks is left out anyhow.
const PSEUDO: [&str; 36] = [
    "autofs",
    "binder",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "fuse.gvfsd-fuse",
    "fuse.lxcfs",
    "fuse.portal",
    "fuse.snapfuse",
    "fusectl",
    "hugetlbfs",
    "iso9660",
    "mqueue",
    "nsfs",
    "nfsd",
    "overlay",
    "proc",
    "pstore",
    "ramfs",
    "resctrl",
    "rootfs",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "squashfs",
    "sysfs",
    "tmpfs",
    "tracefs",
    "udf",
];

/// A question that is open for longer will not be asked a second time; a younger one may belong
/// to another check of the same moment.
const STALLED: Duration = Duration::from_secs(2);

/// Mounts that were asked and have not answered yet, over all runs of this process: since when,
/// and by how many.
static OPEN: Mutex<BTreeMap<PathBuf, (Instant, usize)>> = Mutex::new(BTreeMap::new());

/// One mount that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mount {
    point: PathBuf,
    device: Vec<u8>,
}

/// What a mount said: its numbers, or an error.
type Answer = (PathBuf, Result<Usage, Errno>);

/// The numbers of a file system, in its own blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Usage {
    blocks: u64,
    free: u64,
    available: u64,
    files: u64,
    files_free: u64,
}

impl Usage {
    /// Used ÷ (used + available): what is kept for root is not counted as space.
    fn percent(&self) -> Option<f64> {
        let used = self.blocks.saturating_sub(self.free);
        let total = whole(used) + whole(self.available);
        (self.blocks > 0 && total > 0.0).then(|| whole(used) / total * 100.0)
    }

    fn inode_percent(&self) -> Option<f64> {
        let used = self.files.saturating_sub(self.files_free);
        (self.files > 0).then(|| whole(used) / whole(self.files) * 100.0)
    }
}

/// Questions that are under way.
pub(super) struct Questions {
    waiting: BTreeMap<PathBuf, String>,
    answers: mpsc::Receiver<Answer>,
    collected: Answers,
}

/// What came back.
#[derive(Debug, Default)]
pub(super) struct Answers {
    usage: BTreeMap<PathBuf, Usage>,
    /// Mounts that do not answer, in words.
    pub silent: Vec<String>,
    /// Mounts that answer with an error, in words.
    pub failing: Vec<String>,
    /// What could not be asked, for a reason of ours.
    pub unasked: Vec<String>,
}

/// Starts to ask all mounts that count.
pub(super) fn ask(proc: &Path, exclude: &[Pattern]) -> Questions {
    let (sender, answers) = mpsc::channel(MOUNT_LIMIT);
    let mut questions =
        Questions { waiting: BTreeMap::new(), answers, collected: Answers::default() };
    let file = proc.join("self/mountinfo");
    let text = match std::fs::read(&file) {
        Ok(text) => text,
        Err(error) => {
            let why = format!("cannot read {}: {error}", file.display());
            questions.collected.unasked.push(why);
            return questions;
        }
    };
    for mount in mounts(&text, exclude) {
        let name = shown(&mount.point);
        let Some(question) = Open::new(&mount.point) else {
            questions.collected.silent.push(format!("{name} does not answer"));
            continue;
        };
        let sender = sender.clone();
        let thread = std::thread::Builder::new().name("statvfs".to_owned()).stack_size(STACK);
        let started = thread.spawn(move || {
            let answer = statvfs(&question.0).map(|found| usage_of(&found));
            let point = question.0.clone();
            drop(question);
            // Nobody listens any more when the run is over.
            let _ = sender.blocking_send((point, answer));
        });
        match started {
            Ok(_) => {
                questions.waiting.insert(mount.point, name);
            }
            Err(error) => {
                let why = format!("cannot ask {name}: no thread ({error})");
                questions.collected.unasked.push(why);
            }
        }
    }
    questions
}

/// An entry of [`OPEN`], which ends with the question.
struct Open(PathBuf);

impl Open {
    /// `None` when an earlier question to the mount has stalled.
    fn new(point: &Path) -> Option<Self> {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = open.entry(point.to_owned()).or_insert_with(|| (Instant::now(), 0));
        if *count > 0 && since.elapsed() > STALLED {
            return None;
        }
        *count += 1;
        Some(Self(point.to_owned()))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, count)) = open.get_mut(&self.0) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&self.0);
            }
        }
    }
}

#[expect(clippy::useless_conversion, reason = "these counts are narrower on 32-bit machines")]
fn usage_of(found: &Statvfs) -> Usage {
    Usage {
        blocks: found.blocks().into(),
        free: found.blocks_free().into(),
        available: found.blocks_available().into(),
        files: found.files().into(),
        files_free: found.files_free().into(),
    }
}

fn shown(point: &Path) -> String {
    sanitize(&point.to_string_lossy(), NAME_LIMIT)
}

impl Questions {
    /// Waits for the answers, at most until `until`.
    pub(super) async fn collect(mut self, until: Instant) -> Answers {
        while !self.waiting.is_empty() {
            let answer = tokio::time::timeout_at(until.into(), self.answers.recv()).await;
            let Ok(Some((point, answer))) = answer else { break };
            let Some(name) = self.waiting.remove(&point) else { continue };
            match answer {
                Ok(usage) => {
                    self.collected.usage.insert(point, usage);
                }
                // Unmounted meanwhile, or a mount that is somebody's own.
                Err(Errno::ENOENT | Errno::EACCES | Errno::EPERM) => {}
                Err(error) => {
                    self.collected.failing.push(format!("{name} cannot be read: {}", error.desc()));
                }
            }
        }
        let silent = self.waiting.values().map(|name| format!("{name} does not answer"));
        self.collected.silent.extend(silent);
        self.collected
    }
}

impl Answers {
    /// `disk_usage` of each mount.
    pub(super) fn usage_metrics(&self) -> Vec<Metric> {
        self.metrics("disk_usage", Usage::percent)
    }

    /// `inode_usage` of each mount that has a fixed number of them.
    pub(super) fn inode_metrics(&self) -> Vec<Metric> {
        self.metrics("inode_usage", Usage::inode_percent)
    }

    fn metrics(&self, name: &str, percent: impl Fn(&Usage) -> Option<f64>) -> Vec<Metric> {
        let of = |(point, usage): (&PathBuf, &Usage)| {
            Some(Metric::new(name, percent(usage)?, Unit::Percent).of(&shown(point)))
        };
        self.usage.iter().filter_map(of).collect()
    }
}

/// The mounts that count, from the text of `/proc/self/mountinfo`.
fn mounts(text: &[u8], exclude: &[Pattern]) -> Vec<Mount> {
    // A later mount on the same point hides the earlier one.
    let mut by_point: BTreeMap<PathBuf, Option<Mount>> = BTreeMap::new();
    for line in text.split(|byte| *byte == b'\n') {
        if let Some((point, mount)) = read_line(line) {
            by_point.insert(point, mount);
        }
    }
    let excluded =
        |mount: &Mount| exclude.iter().any(|glob| glob.matches(&mount.point.to_string_lossy()));
    let mut found: Vec<Mount> = by_point.into_values().flatten().collect();
    // Of several mounts of one device the one nearest to the root counts, also for exclusion.
    found.sort_by_key(|mount| (mount.point.as_os_str().len(), mount.point.clone()));
    let mut devices = BTreeSet::new();
    found.retain(|mount| devices.insert(mount.device.clone()));
    found.retain(|mount| !excluded(mount));
    found.truncate(MOUNT_LIMIT);
    found
}

/// One line: `id parent device root point options [tags] - type source super-options`. The second
/// value is `None` for a mount that does not count.
fn read_line(line: &[u8]) -> Option<(PathBuf, Option<Mount>)> {
    let fields: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let dash = fields.iter().position(|field| *field == b"-")?;
    let (device, root) = (*fields.get(2)?, *fields.get(3)?);
    let point = PathBuf::from(OsString::from_vec(unescape(fields.get(4)?)));
    let kind = std::str::from_utf8(fields.get(dash + 1)?).unwrap_or_default();
    let read_only = [fields.get(5), fields.get(dash + 3)]
        .into_iter()
        .flatten()
        .any(|options| options.split(|byte| *byte == b',').any(|option| option == b"ro"));
    let at_root = point.as_os_str().as_bytes() == b"/";
    // The root of a container is an overlay; other overlays show their host's disk again.
    let pseudo = PSEUDO.contains(&kind) && !(at_root && kind == "overlay");
    // A mount of a part is a bind mount, but where subvolumes are parts.
    let part = root != b"/" && !at_root && !matches!(kind, "btrfs" | "bcachefs");
    let counts = !(read_only || pseudo || part);
    let mount = counts.then(|| Mount { point: point.clone(), device: device.to_vec() });
    Some((point, mount))
}

/// Blanks, tabs, line breaks and backslashes are written as three octal digits.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, tail)) = rest.split_first() {
        if let (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..]) =
            (first, tail)
        {
            out.push(((a - b'0') << 6) | ((b - b'0') << 3) | (c - b'0'));
            rest = after;
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    out
}

#[cfg(test)]
#[path = "disk_tests.rs"]
mod tests;
