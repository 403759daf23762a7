//! Results that wait on the disk while no server takes them: one file a parcel, the oldest first.
//!
//! A parcel gets its number in the `late` stream before it is sent for the first time, and its
//! removal is what says that it was taken. So a crash at any step sends it again under the same
//! number, which counts once, and never a second parcel under a number that is used.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files;
use crate::model::{Span, Steady};
use crate::protocol::work::Finding;

/// Where numbering begins: what must go before everything else finds room below.
const FIRST: u64 = 1_000_000_000;
/// Most results that wait in memory while the disk takes nothing.
const IN_MEMORY: usize = 20_000;
/// Most bytes of one parcel's file.
const PARCEL_LIMIT: u64 = 64 * 1024 * 1024;
/// The file that says what was sent last.
const STREAM: &str = "stream.json";
const STREAM_LIMIT: u64 = 4096;
/// What a parcel's file ends with.
const PARCEL: &str = "parcel";

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes on the disk.
    pub bytes: u64,
    /// How long.
    pub age: Span,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 256 * 1024 * 1024, age: Span::from_secs(24 * 3600) }
    }
}

/// Results that are sent together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Parcel {
    /// The stream and the number that it was already sent under, when it was not answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owed: Option<(u64, u64)>,
    /// The results.
    pub results: Vec<Finding>,
}

/// What is kept of the stream.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Stream {
    id: u64,
    /// The last number that was given.
    seq: u64,
    /// The parcel that has it, while it is there.
    parcel: u64,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    results: u64,
    bytes: u64,
    since: Steady,
    /// The parcel itself, when it is not on the disk.
    body: Option<Parcel>,
}

impl Entry {
    fn file(&self, boot: u32) -> String {
        format!("{:010}-{}-{}-{boot:08x}.{PARCEL}", self.number, self.results, self.since.millis())
    }
}

/// The results that wait.
#[derive(Debug)]
pub struct Spool {
    dir: PathBuf,
    limits: Limits,
    /// The boot of the machine: only within one are steady moments comparable.
    boot: u32,
    entries: VecDeque<(String, Entry)>,
    stream: Stream,
    /// The first of them is under way: it must not give way to others meanwhile.
    under_way: bool,
    is_full: bool,
    dropped: u64,
}

impl Spool {
    /// What an earlier start left; torn files are removed and counted. `boot` is a number of the
    /// machine's boot: another one says that steady moments begin anew.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn open(dir: &Path, limits: Limits, boot: u32, now: Steady) -> io::Result<Self> {
        files::make_dir(dir)?;
        let mut entries = Vec::new();
        for file in std::fs::read_dir(dir)? {
            let file = file?;
            let name = file.file_name().to_string_lossy().into_owned();
            let bytes = file.metadata().map_or(0, |metadata| metadata.len());
            if let Some(entry) = entry_of(&name, bytes, boot, now) {
                entries.push((name, entry));
            } else if name.ends_with(files::PART) {
                std::fs::remove_file(file.path())?;
            }
        }
        entries.sort_by_key(|(_, entry)| entry.number);
        let stream = stream_of(dir);
        let mut spool = Self {
            dir: dir.to_owned(),
            limits,
            boot,
            entries: entries.into(),
            stream,
            under_way: false,
            is_full: false,
            dropped: 0,
        };
        spool.bound(now);
        Ok(spool)
    }

    /// Lets a parcel wait behind all others.
    pub fn put(&mut self, parcel: Parcel, now: Steady) {
        let number = self.entries.back().map_or(self.next_free(), |(_, last)| last.number + 1);
        let entry = self.keep(parcel, number, now);
        self.entries.push_back(entry);
        self.bound(now);
    }

    /// Lets results wait before all others: they were sent under this stream and number, and not
    /// answered, before the others were made. What was under way is so no more.
    pub fn put_owed(&mut self, owed: (u64, u64), results: Vec<Finding>, now: Steady) {
        self.under_way = false;
        let parcel = Parcel { owed: Some(owed), results };
        let number = self.entries.front().map_or(self.next_free(), |(_, first)| first.number - 1);
        let entry = self.keep(parcel, number, now);
        self.entries.push_front(entry);
        self.bound(now);
    }

    /// A number that no parcel had which may still be thought to be under way.
    fn next_free(&self) -> u64 {
        self.stream.parcel.max(FIRST) + 1
    }

    fn keep(&mut self, parcel: Parcel, number: u64, now: Steady) -> (String, Entry) {
        let results = u64::try_from(parcel.results.len()).unwrap_or(u64::MAX);
        let mut entry = Entry { number, results, bytes: 0, since: now, body: None };
        let name = entry.file(self.boot);
        let written = serde_json::to_vec(&parcel).map_err(io::Error::other).and_then(|bytes| {
            entry.bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            if entry.bytes > PARCEL_LIMIT.min(self.limits.bytes) {
                return Err(io::Error::other("the results are larger than the buffer"));
            }
            files::put(&self.dir.join(&name), &bytes)
        });
        match written {
            Ok(()) => {
                if std::mem::take(&mut self.is_full) {
                    tracing::info!("results that wait can be kept on the disk again");
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_full, true) {
                    let dir = self.dir.display();
                    tracing::error!(
                        "results cannot be kept in {dir}: {error}; up to {IN_MEMORY} wait in \
                         memory. Make room there"
                    );
                }
                entry.body = Some(parcel);
            }
        }
        (name, entry)
    }

    /// Lets the oldest give way until all bounds are kept.
    fn bound(&mut self, now: Steady) {
        loop {
            let bytes: u64 = self.on_disk().map(|entry| entry.bytes).sum();
            let in_memory: u64 = self.entries.iter().map(|(_, entry)| in_memory(entry)).sum();
            let too_many = in_memory > IN_MEMORY as u64;
            let old = |entry: &Entry| now.since(entry.since) > self.limits.age;
            let held = usize::from(self.under_way);
            let gives_way = self.entries.iter().skip(held).position(|(_, entry)| {
                old(entry)
                    || (bytes > self.limits.bytes && entry.body.is_none())
                    || (too_many && entry.body.is_some())
            });
            let Some((name, entry)) = gives_way.and_then(|at| self.entries.remove(at + held))
            else {
                return;
            };
            if self.dropped == 0 {
                tracing::warn!("more results wait than may: the oldest give way and are counted");
            }
            self.dropped += entry.results;
            self.remove(&name);
        }
    }

    fn on_disk(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().map(|(_, entry)| entry).filter(|entry| entry.body.is_none())
    }

    fn remove(&self, name: &str) {
        match std::fs::remove_file(self.dir.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::error!("{name} in {} cannot be removed: {error}", self.dir.display());
            }
            _ => {}
        }
    }

    /// The oldest parcel with the stream and number to send it under; the same until [`Self::done`].
    pub fn next(&mut self, now: Steady) -> Option<((u64, u64), Vec<Finding>)> {
        self.bound(now);
        loop {
            let (name, entry) = self.entries.front()?;
            let Some(parcel) = self.read(name, entry) else {
                let (name, entry) = self.entries.pop_front()?;
                tracing::error!(
                    "{name} in {} is damaged; its {} results are lost",
                    self.dir.display(),
                    entry.results
                );
                self.dropped += entry.results;
                self.remove(&name);
                continue;
            };
            let number = entry.number;
            self.under_way = true;
            let under = parcel.owed.unwrap_or_else(|| self.number(number));
            return Some((under, parcel.results));
        }
    }

    fn read(&self, name: &str, entry: &Entry) -> Option<Parcel> {
        if let Some(parcel) = &entry.body {
            return Some(parcel.clone());
        }
        let bytes = files::get(&self.dir.join(name), PARCEL_LIMIT).ok()??;
        serde_json::from_slice(&bytes).ok()
    }

    /// The stream's number of a parcel: given once, and written down before it is used.
    fn number(&mut self, parcel: u64) -> (u64, u64) {
        if self.stream.parcel != parcel {
            self.stream = Stream { seq: self.stream.seq + 1, parcel, ..self.stream };
            let bytes = serde_json::to_vec(&self.stream).map_err(io::Error::other);
            let path = self.dir.join(STREAM);
            if let Err(error) = bytes.and_then(|bytes| files::put(&path, &bytes)) {
                // A full disk must not hold back what would empty it.
                tracing::warn!("{} cannot be written: {error}", path.display());
            }
        }
        (self.stream.id, self.stream.seq)
    }

    /// The oldest parcel was answered. `refused`: the server did not take it, and will not.
    pub fn done(&mut self, refused: bool) {
        self.under_way = false;
        if let Some((name, entry)) = self.entries.pop_front() {
            self.remove(&name);
            if refused {
                self.dropped += entry.results;
            }
        }
    }

    /// Results that wait.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.entries.iter().map(|(_, entry)| entry.results).sum()
    }

    /// Results that gave way since the start.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }
}

fn in_memory(entry: &Entry) -> u64 {
    if entry.body.is_some() { entry.results } else { 0 }
}

/// What a file's name says, when it is a parcel's. What another boot of the machine left begins its
/// time anew: how long it lay is not known for certain.
fn entry_of(name: &str, bytes: u64, boot: u32, now: Steady) -> Option<Entry> {
    let mut parts = name.strip_suffix(PARCEL)?.strip_suffix('.')?.split('-');
    let number = parts.next()?.parse().ok()?;
    let results = parts.next()?.parse().ok()?;
    let since = Steady::from_millis(parts.next()?.parse().ok()?);
    let same_boot = u32::from_str_radix(parts.next()?, 16).ok()? == boot;
    let since = if same_boot && since <= now { since } else { now };
    parts.next().is_none().then_some(Entry { number, results, bytes, since, body: None })
}

/// The stream of the folder; a new one when there is none that can be read.
fn stream_of(dir: &Path) -> Stream {
    let kept = files::get(&dir.join(STREAM), STREAM_LIMIT).ok().flatten();
    let kept = kept.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    kept.unwrap_or_else(|| Stream { id: rand::random::<u64>() >> 1, seq: 0, parcel: 0 })
}

#[cfg(test)]
#[path = "spool_tests.rs"]
pub(super) mod tests;
