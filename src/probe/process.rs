//! `process`: counts the processes of this machine that fit, with their processor time and memory.
//!
//! One pass over `/proc`. Threads, zombies and our own process do not count; a process that
//! vanishes while it is read does not count either. What `count` should be is for the rules.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use nix::unistd::{SysconfVar, User, sysconf};
use regex::{Regex, RegexBuilder};

use super::context::{Context, Memory};
use super::sample::settle;
use super::script::{in_time, stop_before};
use crate::model::spec::ProcessSpec;
use crate::model::{Failure, FailureKind, Metric, Observation, Unit};

/// Bytes of a command line that are looked at.
const CMDLINE_LIMIT: u64 = 64 * 1024;
/// Bytes of any other file in `/proc`.
const FILE_LIMIT: u64 = 16 * 1024;
/// Bytes that a pattern may take once compiled.
const REGEX_LIMIT: usize = 1024 * 1024;
/// The kernel cuts names to this many bytes.
const COMM_LIMIT: usize = 15;
/// Highest process number of Linux.
const PID_LIMIT: i32 = 1 << 22;

/// Counts once. The processor time is that since the last run, or over a second.
pub(super) async fn run(
    spec: &ProcessSpec,
    context: &Context,
    memory: &mut Memory,
) -> Result<Observation, Failure> {
    let proc = PathBuf::from("/proc");
    let mut earlier = memory.sampled.map(|sampled| (sampled, memory.counters.clone()));
    if let Some((sampled, _)) = &earlier {
        settle(*sampled, context).await;
    } else {
        let first = look(spec, context, &proc).await?;
        if !first.found.is_empty() {
            settle(first.at, context).await;
        }
        earlier = Some((first.at, counters(&first.found)));
    }
    let seen = look(spec, context, &proc).await?;
    let observation = match &earlier {
        Some((sampled, before)) => observe(&seen, *sampled, before),
        None => observe(&seen, seen.at, &BTreeMap::new()),
    };
    memory.sampled = Some(seen.at);
    memory.counters = counters(&seen.found);
    Ok(observation)
}

async fn look(spec: &ProcessSpec, context: &Context, proc: &Path) -> Result<Seen, Failure> {
    let (spec, proc) = (spec.clone(), proc.to_owned());
    let stop = stop_before(context);
    in_time(stop, move || Wanted::new(&spec)?.scan(&proc, stop))
        .await
        .unwrap_or_else(|| Err(late()))
}

fn late() -> Failure {
    Failure::new(FailureKind::Local, "reading /proc took longer than the check may last")
}

/// Processor ticks by process; the start time tells a process from a later one with its number.
fn counters(found: &[Found]) -> BTreeMap<String, u64> {
    found.iter().map(|one| (one.counter(), one.ticks)).collect()
}

fn observe(seen: &Seen, sampled: Instant, before: &BTreeMap<String, u64>) -> Observation {
    let elapsed = seen.at.saturating_duration_since(sampled).as_secs_f64();
    let count = seen.found.len();
    let rss: u64 = seen.found.iter().map(|one| one.rss).sum();
    let mut metrics = vec![Metric::new("count", whole(count as u64), Unit::Count)];
    let cpu = cpu_percent(seen, elapsed, before);
    if let Some(cpu) = cpu {
        metrics.push(Metric::new("cpu", cpu, Unit::Percent));
    }
    metrics.push(Metric::new("rss", whole(rss), Unit::Bytes));
    let what = &seen.what;
    let mut output = match (count, &seen.note) {
        (0, Some(note)) => note.clone(),
        (0, None) => format!("no process matches {what}"),
        (1, _) => format!("1 process matches {what}"),
        (count, _) => format!("{count} processes match {what}"),
    };
    if count > 0 {
        if let Some(cpu) = cpu {
            let _ = write!(output, ", cpu {cpu:.1} %");
        }
        let _ = write!(output, ", rss {}", bytes(rss));
    }
    Observation::seen(output, metrics)
}

/// Percent of one core over the interval, summed. What began within it counts from its start.
fn cpu_percent(seen: &Seen, elapsed: f64, before: &BTreeMap<String, u64>) -> Option<f64> {
    if elapsed <= 0.0 || seen.tick <= 0.0 {
        return None;
    }
    let used: u64 = seen
        .found
        .iter()
        .map(|one| match before.get(&one.counter()) {
            Some(ticks) => one.ticks.saturating_sub(*ticks),
            None if one.age <= elapsed => one.ticks,
            None => 0,
        })
        .sum();
    Some(whole(used) * seen.tick / elapsed * 100.0)
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 9 petabytes")]
const fn whole(value: u64) -> f64 {
    value as f64
}

fn bytes(count: u64) -> String {
    let mut value = whole(count);
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    let digits = usize::from(value < 10.0 && unit != "B");
    format!("{value:.digits$} {unit}")
}

/// What one look at the machine found.
#[derive(Debug)]
struct Seen {
    at: Instant,
    found: Vec<Found>,
    /// The conditions in words.
    what: String,
    /// Why there is none, when it is not that none matches.
    note: Option<String>,
    /// Seconds of one processor tick.
    tick: f64,
}

/// A process that fits.
#[derive(Debug, PartialEq)]
struct Found {
    pid: i32,
    start: u64,
    ticks: u64,
    /// Resident memory in bytes.
    rss: u64,
    /// Seconds since it began.
    age: f64,
}

impl Found {
    fn counter(&self) -> String {
        format!("cpu.{}.{}", self.pid, self.start)
    }
}

/// The conditions, ready for use.
struct Wanted {
    name: Option<String>,
    pattern: Option<Regex>,
    user: Option<u32>,
    pid_file: Option<PathBuf>,
    what: String,
    own: i32,
}

impl Wanted {
    fn new(spec: &ProcessSpec) -> Result<Self, Failure> {
        let bad = |why: String| Failure::new(FailureKind::Config, why);
        let mut what = Vec::new();
        what.extend(spec.process.clone());
        if let Some(text) = &spec.pattern {
            what.push(format!("pattern {text}"));
        }
        if let Some(text) = &spec.user {
            what.push(format!("user {text}"));
        }
        if let Some(text) = &spec.pid_file {
            what.push(format!("pid file {text}"));
        }
        if what.is_empty() {
            return Err(bad("give one of process, pattern, user, pid_file".to_owned()));
        }
        let pattern = spec
            .pattern
            .as_ref()
            .map(|text| RegexBuilder::new(text).size_limit(REGEX_LIMIT).build())
            .transpose()
            .map_err(|error| bad(format!("pattern cannot be used: {error}")))?;
        Ok(Self {
            name: spec.process.clone(),
            pattern,
            user: spec.user.as_deref().map(user_number).transpose()?,
            pid_file: spec.pid_file.as_ref().map(PathBuf::from),
            what: what.join(", "),
            own: i32::try_from(std::process::id()).unwrap_or(0),
        })
    }

    /// One pass over `proc`, or a look at the one process of the file.
    fn scan(self, proc: &Path, stop: Instant) -> Result<Seen, Failure> {
        let units = Units::read(proc);
        let mut note = None;
        let mut found = Vec::new();
        if let Some(path) = &self.pid_file {
            let (pid, why) = number_in(path)?;
            note = why;
            if let Some(pid) = pid {
                if is_leader(proc, pid) && !is_zombie(proc, pid) {
                    found.extend(self.examine(proc, pid, &units));
                } else {
                    let path = path.display();
                    note = Some(format!("pid file {path} names {pid}, which does not run"));
                }
            }
        } else {
            let unreadable = |error: io::Error| {
                Failure::new(FailureKind::Local, format!("cannot read /proc: {error}"))
            };
            for entry in std::fs::read_dir(proc).map_err(unreadable)?.flatten() {
                let pid = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok());
                let Some(pid) = pid else { continue };
                if Instant::now() > stop {
                    return Err(late());
                }
                found.extend(self.examine(proc, pid, &units));
            }
            if found.is_empty() && read(&proc.join("1/stat"), FILE_LIMIT).is_none() {
                let why = "/proc shows only our own processes (hidepid); run fluxnoc in the group \
                           that may see all";
                return Err(Failure::new(FailureKind::Denied, why));
            }
        }
        Ok(Seen { at: Instant::now(), found, what: self.what, note, tick: units.tick })
    }

    /// The process when all conditions hold; cheap ones first.
    fn examine(&self, proc: &Path, pid: i32, units: &Units) -> Option<Found> {
        if pid == self.own {
            return None;
        }
        let folder = proc.join(pid.to_string());
        let stat = Stat::parse(&read(&folder.join("stat"), FILE_LIMIT)?)?;
        if stat.is_dead() {
            return None;
        }
        if let Some(name) = &self.name
            && !has_name(name.as_bytes(), &stat.comm, &folder)
        {
            return None;
        }
        if let Some(user) = self.user
            && status_number(&folder, "Uid:", 1) != i64::from(user).into()
        {
            return None;
        }
        if let Some(pattern) = &self.pattern
            && !pattern.is_match(&command_line(&folder, &stat.comm)?)
        {
            return None;
        }
        Some(Found {
            pid,
            start: stat.start,
            ticks: stat.ticks,
            rss: stat.rss_pages.saturating_mul(units.page),
            age: units.uptime - whole(stat.start) * units.tick,
        })
    }
}

/// Sizes of what the kernel counts in.
struct Units {
    page: u64,
    tick: f64,
    uptime: f64,
}

impl Units {
    fn read(proc: &Path) -> Self {
        let value = |name, default: u64| {
            let value = sysconf(name).ok().flatten().and_then(|value| u64::try_from(value).ok());
            value.filter(|value| *value > 0).unwrap_or(default)
        };
        let uptime = read(&proc.join("uptime"), FILE_LIMIT)
            .and_then(|text| String::from_utf8_lossy(&text).split(' ').next()?.parse().ok());
        Self {
            page: value(SysconfVar::PAGE_SIZE, 4096),
            tick: 1.0 / whole(value(SysconfVar::CLK_TCK, 100)),
            uptime: uptime.unwrap_or(0.0),
        }
    }
}

/// What is used of `/proc/PID/stat`.
struct Stat {
    comm: Vec<u8>,
    state: u8,
    ticks: u64,
    start: u64,
    rss_pages: u64,
}

impl Stat {
    /// The name stands in the outermost parentheses and may have blanks, line breaks and
    /// parentheses of its own.
    fn parse(text: &[u8]) -> Option<Self> {
        let begin = text.iter().position(|byte| *byte == b'(')?;
        let end = text.iter().rposition(|byte| *byte == b')')?;
        let rest = std::str::from_utf8(text.get(end + 1..)?).ok()?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        // proc(5) counts from 1 with the number and the name; the state is its third field.
        let field = |number: usize| fields.get(number - 3).copied();
        let number = |at: usize| field(at)?.parse::<u64>().ok();
        Some(Self {
            comm: text.get(begin + 1..end)?.to_vec(),
            state: *field(3)?.as_bytes().first()?,
            ticks: number(14)?.saturating_add(number(15)?),
            start: number(22)?,
            rss_pages: number(24)?,
        })
    }

    fn is_dead(&self) -> bool {
        matches!(self.state, b'Z' | b'X' | b'x')
    }
}

/// At most `limit` bytes of a file; `None` when it cannot be read (the process is gone).
fn read(path: &Path, limit: u64) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path).ok()?.take(limit).read_to_end(&mut text).ok()?;
    Some(text)
}

/// The kernel's name, the file of the executable, or, where the kernel cut the name, the first
/// argument.
fn has_name(name: &[u8], comm: &[u8], folder: &Path) -> bool {
    let base = |path: &[u8]| path.rsplit(|byte| *byte == b'/').next() == Some(name);
    if comm == name {
        return true;
    }
    if let Ok(file) = std::fs::read_link(folder.join("exe")) {
        let file = file.as_os_str().as_bytes();
        // A program that was replaced by an update still runs.
        if base(file.strip_suffix(b" (deleted)").unwrap_or(file)) {
            return true;
        }
    }
    name.len() > COMM_LIMIT
        && name.starts_with(comm)
        && read(&folder.join("cmdline"), CMDLINE_LIMIT)
            .is_some_and(|line| base(line.split(|byte| *byte == 0).next().unwrap_or_default()))
}

/// The arguments joined by blanks; a kernel thread has none and is known by its name.
fn command_line(folder: &Path, comm: &[u8]) -> Option<String> {
    let mut line = read(&folder.join("cmdline"), CMDLINE_LIMIT)?;
    while line.last() == Some(&0) {
        line.pop();
    }
    if line.is_empty() {
        line = comm.to_vec();
    }
    for byte in &mut line {
        if *byte == 0 {
            *byte = b' ';
        }
    }
    Some(String::from_utf8_lossy(&line).into_owned())
}

/// A number of `/proc/PID/status`: the `column`-th behind the word (counted from 0).
fn status_number(folder: &Path, word: &str, column: usize) -> Option<i64> {
    let text = read(&folder.join("status"), FILE_LIMIT)?;
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().find_map(|line| line.strip_prefix(word))?;
    line.split_ascii_whitespace().nth(column)?.parse().ok()
}

/// `/proc/N` answers for threads too; only the leader is the process.
fn is_leader(proc: &Path, pid: i32) -> bool {
    status_number(&proc.join(pid.to_string()), "Tgid:", 0) == Some(i64::from(pid))
}

fn is_zombie(proc: &Path, pid: i32) -> bool {
    let stat = read(&proc.join(pid.to_string()).join("stat"), FILE_LIMIT);
    stat.and_then(|text| Stat::parse(&text)).is_none_or(|stat| stat.is_dead())
}

fn user_number(text: &str) -> Result<u32, Failure> {
    if let Ok(number) = text.parse() {
        return Ok(number);
    }
    let failed = |kind, why: String| Err(Failure::new(kind, why));
    match User::from_name(text) {
        Ok(Some(user)) => Ok(user.uid.as_raw()),
        Ok(None) => failed(FailureKind::Config, format!("user {text} does not exist")),
        Err(error) => {
            failed(FailureKind::Local, format!("user {text} cannot be looked up: {error}"))
        }
    }
}

/// The process number in a file, or why there is none: a daemon that stops removes its file.
fn number_in(path: &Path) -> Result<(Option<i32>, Option<String>), Failure> {
    let name = path.display();
    let bad = |why: String| Err(Failure::new(FailureKind::Config, why));
    // Not blocking: the path may be a pipe.
    let opened = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok((None, Some(format!("pid file {name} does not exist"))));
        }
        Err(error) => return bad(format!("pid file {name} cannot be read: {error}")),
    };
    if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return bad(format!("pid file {name} is not a file"));
    }
    let mut text = Vec::new();
    if let Err(error) = file.take(256).read_to_end(&mut text) {
        return bad(format!("pid file {name} cannot be read: {error}"));
    }
    let text = String::from_utf8_lossy(&text);
    // Some daemons write more lines behind the number.
    let first = text.lines().next().unwrap_or_default().trim();
    match first.parse::<i32>() {
        Ok(pid) if (1..=PID_LIMIT).contains(&pid) => Ok((Some(pid), None)),
        _ => bad(format!("pid file {name} holds no process number: `{first}`")),
    }
}

#[cfg(test)]
#[path = "process_tests.rs"]
mod tests;
