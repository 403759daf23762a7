//! Finding the targets of `[[scrape]]` jobs: lists in files that are watched, lists that are asked
//! for over HTTP.
//!
//! In: jobs of the configuration. Out: groups of targets by job, and a call whenever they change.
//! Never: drops a list because its source is broken: the old one is kept, and that is said.
//!
//! Files are looked at every two seconds by their time and size, which also sees what a file
//! system over the network, a mounted `ConfigMap` or a container does; a watch of the kernel does
//! not. What was found is kept in the data directory, so that a restart forgets no target.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::targets::{Group, Job, parse_groups};
use crate::model::{Check, Host, Pattern, Span, Steady};
use crate::probe::{self, Shared};

/// How often files are looked at.
const LOOK: Span = Span::from_secs(2);
/// Largest list, in bytes.
const LIST_LIMIT: u64 = 16 << 20;
/// Most files of one pattern.
const FILE_LIMIT: usize = 1000;
/// How long an answer over HTTP may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Groups of targets by their source: `job file:PATH` or `job http`.
type Lists = BTreeMap<String, Vec<Group>>;

/// What was found so far; shared by who looks and who uses it.
#[derive(Debug, Default)]
pub struct Found {
    lists: Mutex<Lists>,
    kept: Option<PathBuf>,
}

impl Found {
    /// What an earlier run kept in this file.
    #[must_use]
    pub fn restore(kept: &Path) -> Self {
        let text = std::fs::read_to_string(kept).unwrap_or_default();
        let lists = serde_json::from_str(&text).unwrap_or_default();
        Self { lists: Mutex::new(lists), kept: Some(kept.to_owned()) }
    }

    /// Adds the hosts and checks of all that was found; what is wrong with a target is said.
    pub fn add(&self, jobs: &[Job], hosts: &mut Vec<Host>, checks: &mut Vec<Check>) {
        let lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for job in jobs {
            let mine = |source: &&String| source.split(' ').next() == Some(&*mark(job));
            let sources = lists.keys().filter(mine);
            let groups: Vec<Group> =
                sources.filter_map(|source| lists.get(source)).flatten().cloned().collect();
            let mut problems = Vec::new();
            job.expand(&groups, hosts, checks, &mut problems);
            if let Some(first) = problems.first() {
                let count = problems.len();
                tracing::warn!("[[scrape]] {}: {count} targets are left out: {first}", job.name);
            }
        }
    }

    /// Puts a list in place; true when it is another one.
    fn put(&self, source: &str, groups: Vec<Group>) -> bool {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if lists.get(source) == Some(&groups) {
            return false;
        }
        lists.insert(source.to_owned(), groups);
        true
    }

    /// Forgets the lists that no source has any more; true when there were some.
    fn retain(&self, sources: &BTreeSet<String>) -> bool {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        let before = lists.len();
        lists.retain(|source, _| sources.contains(source));
        lists.len() < before
    }

    fn keep(&self) {
        let Some(path) = &self.kept else { return };
        let lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let written = serde_json::to_vec(&lists).map_err(std::io::Error::from);
        let fresh = path.with_extension("new");
        let kept = written
            .and_then(|bytes| std::fs::write(&fresh, bytes))
            .and_then(|()| std::fs::rename(&fresh, path));
        if let Err(error) = kept {
            tracing::warn!(%error, "the found targets are not kept for the next start");
        }
    }
}

/// A job's name as one word.
fn mark(job: &Job) -> String {
    job.name.replace(' ', "\u{a0}")
}

/// What is known of a source between two looks.
#[derive(Debug, Default)]
struct Seen {
    stamp: Option<(std::time::SystemTime, u64)>,
    problem: Option<String>,
    due: Option<Steady>,
}

/// Looks until stopped. `jobs` gives the jobs in force; `changed` is called after every change.
pub async fn run<F: Future<Output = ()>>(
    found: Arc<Found>,
    jobs: impl Fn() -> Vec<Job>,
    changed: impl Fn() -> F,
    clock: Clock,
    stop: CancellationToken,
) {
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    let shared = Shared::start().map_err(|error| tracing::error!(%error, "no http_sd")).ok();
    loop {
        let jobs = jobs();
        let mut sources = BTreeSet::new();
        let mut is_changed = false;
        for job in &jobs {
            for pattern in &job.files {
                for path in matching(pattern) {
                    let source = format!("{} file:{}", mark(job), path.display());
                    let last = seen.entry(source.clone()).or_default();
                    is_changed |= look(&found, &source, &path, last).await;
                    sources.insert(source);
                }
            }
            if let (Some(_), Some(shared)) = (&job.http, &shared) {
                let source = format!("{} http", mark(job));
                let last = seen.entry(source.clone()).or_default();
                let now = clock.now().steady;
                if last.due.is_none_or(|due| now >= due) {
                    last.due = Some(now + job.refresh);
                    is_changed |= ask(&found, &source, job, shared, last).await;
                }
                sources.insert(source);
            }
        }
        // Before the first look is over nothing is known to be gone.
        is_changed |= found.retain(&sources);
        seen.retain(|source, _| sources.contains(source));
        if is_changed {
            found.keep();
            changed().await;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = clock.sleep(LOOK) => {}
        }
    }
}

/// The files of a pattern.
fn matching(pattern: &str) -> Vec<PathBuf> {
    let path = Path::new(pattern);
    if !pattern.contains('*') {
        return vec![path.to_owned()];
    }
    let last = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Ok(glob) = last.parse::<Pattern>() else { return Vec::new() };
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    let Ok(entries) = std::fs::read_dir(dir.unwrap_or(Path::new("."))) else { return Vec::new() };
    let names = entries.flatten().map(|entry| entry.path());
    let mut found: Vec<PathBuf> = names
        .filter(|path| path.file_name().and_then(|n| n.to_str()).is_some_and(|n| glob.matches(n)))
        .take(FILE_LIMIT)
        .collect();
    found.sort();
    found
}

/// Reads a file that changed; true when its list is another one.
async fn look(found: &Found, source: &str, path: &Path, last: &mut Seen) -> bool {
    let meta = tokio::fs::metadata(path).await;
    let stamp = meta.as_ref().ok().and_then(|meta| Some((meta.modified().ok()?, meta.len())));
    if stamp.is_some() && stamp == last.stamp {
        return false;
    }
    last.stamp = stamp;
    let read = async {
        let meta = meta.map_err(|error| error.to_string())?;
        if !meta.is_file() || meta.len() > LIST_LIMIT {
            return Err("it is no file, or larger than 16 MiB".to_owned());
        }
        let text = tokio::fs::read_to_string(path).await.map_err(|error| error.to_string())?;
        parse_groups(&text, path.extension().is_some_and(|suffix| suffix == "json"))
    };
    take(found, source, read.await, last)
}

/// Asks for a list; true when it is another one.
async fn ask(
    found: &Found,
    source: &str,
    job: &Job,
    shared: &Arc<Shared>,
    last: &mut Seen,
) -> bool {
    let Some(endpoint) = &job.http else { return false };
    let seconds = (job.refresh.millis() / 1000).to_string();
    let more = [
        ("accept", "application/json".to_owned()),
        ("x-prometheus-refresh-interval-seconds", seconds),
    ];
    let read = probe::ask(endpoint, &more, PATIENCE, shared).await;
    let read = read.map_err(|failure| failure.message.to_string()).and_then(|page| {
        let media = page.media_type.unwrap_or_default();
        let bare = media.split(';').next().unwrap_or("").trim();
        if page.status != 200 {
            return Err(format!("HTTP {}, and only 200 has a list", page.status));
        }
        if !bare.eq_ignore_ascii_case("application/json") {
            return Err(format!("media type `{bare}`, and not application/json"));
        }
        let text = String::from_utf8(page.body).map_err(|_| "it is not UTF-8".to_owned())?;
        parse_groups(&text, true)
    });
    take(found, source, read, last)
}

fn take(found: &Found, source: &str, read: Result<Vec<Group>, String>, last: &mut Seen) -> bool {
    match read {
        Ok(groups) => {
            if last.problem.take().is_some() {
                tracing::info!("[[scrape]] {source}: the list can be read again");
            }
            found.put(source, groups)
        }
        Err(why) => {
            if last.problem.as_ref() != Some(&why) {
                tracing::warn!("[[scrape]] {source}: {why}; the old list is kept");
            }
            last.problem = Some(why);
            false
        }
    }
}
