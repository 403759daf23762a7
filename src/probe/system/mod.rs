//! `system`: the host metrics of the machine that fluxnoc runs on.
//!
//! In: texts of `/proc` and `/sys`, and the counters of the run before.
//! Out: the six metrics of the rules, and some more for graphs; counters are rates here already.
//! Never: judges; divides by what is not known; waits for a mount that does not answer.

mod cpu;
mod disk;
mod extra;
mod memory;
mod net;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::context::{Context, Memory};
use super::sample::settle;
use super::script::{in_time, stop_before};
use crate::model::spec::SystemSpec;
use crate::model::{Failure, FailureKind, Metric, Observation, Pattern};

/// Raw counters by name, such as `cpu.idle` or `net.eth0.rx_bytes`.
type Counters = BTreeMap<String, u64>;

/// Largest file of `/proc` that is read; the interrupt line of big machines is long.
const FILE_LIMIT: u64 = 4 * 1024 * 1024;

/// Samples once, or twice when nothing is remembered.
pub(super) async fn run(
    spec: &SystemSpec,
    context: &Context,
    memory: &mut Memory,
) -> Result<Observation, Failure> {
    run_at(Roots::default(), spec, context, memory).await
}

async fn run_at(
    roots: Roots,
    spec: &SystemSpec,
    context: &Context,
    memory: &mut Memory,
) -> Result<Observation, Failure> {
    let filters = Filters::new(spec)?;
    let patience = Instant::now() + context.remaining() / 5 * 4;
    let disks = {
        let (roots, filters) = (roots.clone(), filters.clone());
        in_time(patience, move || disk::ask(&roots.proc, &filters.mounts)).await.ok_or_else(late)?
    };
    let earlier = if let Some(sampled) = memory.sampled {
        (sampled, memory.counters.clone())
    } else {
        let first = Sample::take(&roots, &filters, context).await?;
        (first.at, first.counters)
    };
    settle(earlier.0, context).await;
    let sample = Sample::take(&roots, &filters, context).await?;
    let disks = disks.collect(patience).await;
    let elapsed = sample.at.saturating_duration_since(earlier.0);
    memory.sampled = Some(sample.at);
    memory.counters.clone_from(&sample.counters);
    Ok(observe(sample, &earlier.1, elapsed, disks))
}

fn late() -> Failure {
    Failure::new(FailureKind::Local, "reading /proc took longer than the check may last")
}

/// Where the kernel's files are; tests have their own.
#[derive(Clone, Debug)]
struct Roots {
    proc: PathBuf,
    sys: PathBuf,
}

impl Default for Roots {
    fn default() -> Self {
        Self { proc: PathBuf::from("/proc"), sys: PathBuf::from("/sys") }
    }
}

/// What is left out.
#[derive(Clone, Debug, Default)]
struct Filters {
    mounts: Vec<Pattern>,
    interfaces: Vec<Pattern>,
}

impl Filters {
    fn new(spec: &SystemSpec) -> Result<Self, Failure> {
        let compile = |globs: &[String]| {
            let patterns: Result<Vec<Pattern>, _> = globs.iter().map(|glob| glob.parse()).collect();
            patterns.map_err(|error| Failure::new(FailureKind::Config, error.to_string()))
        };
        Ok(Self { mounts: compile(&spec.exclude_fs)?, interfaces: compile(&spec.exclude_if)? })
    }
}

/// One reading of everything but the disks.
#[derive(Debug)]
struct Sample {
    at: Instant,
    counters: Counters,
    memory: Vec<Metric>,
    load: Vec<Metric>,
    extra: Vec<Metric>,
    /// What could not be read, in words.
    problems: Vec<String>,
}

impl Sample {
    async fn take(roots: &Roots, filters: &Filters, context: &Context) -> Result<Self, Failure> {
        let (roots, filters) = (roots.clone(), filters.clone());
        in_time(stop_before(context), move || Self::read(&roots, &filters)).await.ok_or_else(late)
    }

    fn read(roots: &Roots, filters: &Filters) -> Self {
        let mut problems = Vec::new();
        let mut text = |name: &str| match read(&roots.proc.join(name)) {
            Ok(text) => text,
            Err(why) => {
                problems.push(why);
                String::new()
            }
        };
        let (stat, meminfo, loadavg) = (text("stat"), text("meminfo"), text("loadavg"));
        let devices = text("net/dev");
        let at = Instant::now();
        let processor = cpu::counters(&stat);
        let cores = cpu::cores(&stat);
        let memory = memory::metrics(&meminfo);
        let load = cpu::load(&loadavg, cores);
        // A file that is there but says nothing is a problem too.
        for (unknown, text, what) in [
            (processor.is_none(), &stat, "processor times unknown"),
            (cores.is_none(), &loadavg, "number of cores unknown"),
            (memory.is_empty(), &meminfo, "memory size unknown"),
            (load.is_empty(), &loadavg, "load unknown"),
        ] {
            if unknown && !text.is_empty() {
                problems.push(format!("{what} (see {})", roots.proc.display()));
            }
        }
        let mut counters = processor.unwrap_or_default();
        counters.extend(net::counters(&devices, &filters.interfaces));
        let mut extra = extra::metrics(&roots.proc, &roots.sys);
        extra.extend(net::speeds(&counters, &roots.sys));
        Self { at, counters, memory, load, extra, problems }
    }
}

/// The text of a file, or why there is none.
fn read(path: &Path) -> Result<String, String> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(FILE_LIMIT).read_to_end(&mut bytes))
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The six metrics of the rules first: they stay when there are too many for one check.
fn observe(
    sample: Sample,
    before: &Counters,
    elapsed: Duration,
    disks: disk::Answers,
) -> Observation {
    let inodes = disks.inode_metrics();
    let mut metrics: Vec<Metric> = cpu::usage(before, &sample.counters).into_iter().collect();
    metrics.extend(sample.memory.iter().filter(|m| &*m.name == "memory_usage").cloned());
    metrics.extend(disks.usage_metrics());
    metrics.extend(cpu::io_wait(before, &sample.counters));
    let (errors, octets) = net::rates(before, &sample.counters, elapsed);
    metrics.extend(errors);
    metrics.extend(sample.load);
    metrics.extend(sample.memory.into_iter().filter(|m| &*m.name != "memory_usage"));
    metrics.extend(inodes);
    metrics.extend(octets);
    metrics.extend(sample.extra);
    let mut output = summary(&metrics);
    let mut problems = sample.problems;
    let kind = match (&disks.silent[..], &disks.failing[..]) {
        ([_, ..], _) => FailureKind::Timeout,
        ([], [_, ..]) => FailureKind::Mismatch,
        ([], []) => FailureKind::Local,
    };
    problems.splice(0..0, disks.silent.into_iter().chain(disks.failing).chain(disks.unasked));
    let failure = (!problems.is_empty()).then(|| {
        let words = problems.join("; ");
        output = if output.is_empty() { words.clone() } else { format!("{output}; {words}") };
        Failure::new(kind, words)
    });
    Observation { failure, ..Observation::seen(output, metrics) }
}

/// `cpu 12 %, memory 41 %, disk / 63 %, load 0.31 per core`; the fullest disk is named.
pub(super) fn summary(metrics: &[Metric]) -> String {
    let value = |name: &str| metrics.iter().find(|m| &*m.name == name).map(|m| m.value);
    let mut parts = Vec::new();
    parts.extend(value("cpu_usage").map(|cpu| format!("cpu {cpu:.0} %")));
    parts.extend(value("memory_usage").map(|memory| format!("memory {memory:.0} %")));
    let disks = metrics.iter().filter(|m| &*m.name == "disk_usage");
    let fullest = disks.max_by(|a, b| a.value.total_cmp(&b.value));
    parts.extend(fullest.map(|disk| {
        format!("disk {} {:.0} %", disk.instance.as_deref().unwrap_or_default(), disk.value)
    }));
    parts.extend(match (value("load1_per_core"), value("load1")) {
        (Some(load), _) => Some(format!("load {load:.2} per core")),
        (None, Some(load)) => Some(format!("load {load:.2}")),
        (None, None) => None,
    });
    parts.join(", ")
}

/// A counter as a number for metrics.
#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53, far above what is shown")]
const fn whole(value: u64) -> f64 {
    value as f64
}

#[cfg(test)]
#[path = "system_tests.rs"]
mod tests;
