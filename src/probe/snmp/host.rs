//! The host metrics of an agent: processors, memory, disks, load. Pure.
//!
//! Traps: the ticks are 0 for some seconds after the agent's start and wrap at 32 bits; free memory
//! is not available memory; the load is a text; sizes beyond 31 bits come negative.

use std::collections::BTreeMap;

use async_snmp::Value;

use super::counter::{Width, growth};
use super::oids::{self, Numbers};
use super::table::Rows;
use super::value::{number, size, text, unsigned, whole};
use crate::model::{Metric, Pattern, Unit};

/// Raw counters by name, as the check's memory keeps them.
pub(super) type Counters = BTreeMap<String, u64>;
/// The single objects that the agent has.
pub(super) type Objects = BTreeMap<Numbers, Value>;

/// Longest name of a disk, in bytes.
const NAME_LIMIT: usize = 128;
/// Trees of the kernel that no operator fills.
const KERNEL: [&str; 4] = ["/run", "/dev", "/sys", "/proc"];
/// Kinds of hrStorage: memory, fixed disk, flash.
const MEMORY: u32 = 2;
const DISKS: [u32; 2] = [4, 9];

const IDLE: &str = "cpu.idle";
const WAIT: &str = "cpu.wait";
const TICKS: [(&str, Numbers); 8] = [
    ("cpu.user", oids::CPU_USER),
    ("cpu.nice", oids::CPU_NICE),
    ("cpu.system", oids::CPU_SYSTEM),
    (IDLE, oids::CPU_IDLE),
    (WAIT, oids::CPU_WAIT),
    ("cpu.interrupt", oids::CPU_INTERRUPT),
    ("cpu.softirq", oids::CPU_SOFT_IRQ),
    ("cpu.steal", oids::CPU_STEAL),
];

/// Tables of a host, as far as it has them.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// hrStorage: [`STORAGE`].
    pub storage: Rows,
    /// dskTable: [`DISK`].
    pub disks: Rows,
    /// hrProcessorLoad.
    pub processors: Rows,
}

/// The columns of [`Tables::storage`].
pub(super) const STORAGE: [Numbers; 5] = [
    oids::STORAGE_TYPE,
    oids::STORAGE_NAME,
    oids::STORAGE_UNIT,
    oids::STORAGE_SIZE,
    oids::STORAGE_USED,
];
/// The columns of [`Tables::disks`].
pub(super) const DISK: [Numbers; 7] = [
    oids::DISK_PATH,
    oids::DISK_PERCENT,
    oids::DISK_INODES,
    oids::DISK_FREE_LOW,
    oids::DISK_FREE_HIGH,
    oids::DISK_USED_LOW,
    oids::DISK_USED_HIGH,
];

/// The ticks of the processors; none while the agent has not read them yet.
pub(super) fn ticks(objects: &Objects) -> Counters {
    let found: Counters = TICKS
        .iter()
        .filter_map(|(name, oid)| Some(((*name).to_owned(), size(objects.get(oid)?)?)))
        .collect();
    if found.values().any(|ticks| *ticks > 0) { found } else { Counters::new() }
}

/// True when the agent has ticks at all: the processors' own averages are not needed then.
pub(super) fn has_ticks(objects: &Objects) -> bool {
    objects.contains_key(oids::CPU_IDLE) && objects.contains_key(oids::CPU_USER)
}

/// The metrics, and why there is no load by processor although there is a load.
pub(super) fn metrics(
    objects: &Objects,
    tables: &Tables,
    before: &Counters,
    exclude: &[Pattern],
) -> (Vec<Metric>, Option<String>) {
    let (usage, wait) = processors(objects, tables, before);
    let mut metrics: Vec<Metric> = usage.into_iter().collect();
    metrics.extend(memory(objects).or_else(|| stored_memory(&tables.storage)));
    let (disks, inodes) = disks(tables, exclude);
    metrics.extend(disks);
    metrics.extend(wait);
    let (load, problem) = load(objects, tables);
    metrics.extend(load);
    let swap = share(
        "swap_usage",
        either(objects, oids::SWAP_TOTAL_64, oids::SWAP_TOTAL),
        either(objects, oids::SWAP_FREE_64, oids::SWAP_FREE),
    );
    metrics.extend(swap);
    metrics.extend(inodes);
    (metrics, problem)
}

fn percent(name: &str, value: f64) -> Metric {
    Metric::new(name, value, Unit::Percent)
}

/// `cpu_usage` and `io_wait` of the time between; from the last minute where there are no ticks.
fn processors(
    objects: &Objects,
    tables: &Tables,
    before: &Counters,
) -> (Option<Metric>, Option<Metric>) {
    if !has_ticks(objects) {
        let loads: Vec<f64> = cells(&tables.processors, 0).filter_map(number).collect();
        let count = whole(loads.len() as u64);
        let mean = (count > 0.0).then(|| loads.iter().sum::<f64>() / count);
        return (mean.map(|mean| percent("cpu_usage", mean.clamp(0.0, 100.0))), None);
    }
    let after = ticks(objects);
    let grown = |name: &str| growth(*before.get(name)?, *after.get(name)?, Width::Narrow, None);
    // The kernel itself lets the wait step back now and then; that is no beginning.
    let wait = grown(WAIT).unwrap_or(0);
    let Some(idle) = grown(IDLE) else { return (None, None) };
    let busy: Option<u64> = after
        .keys()
        .filter(|name| *name != IDLE && *name != WAIT)
        .try_fold(0_u64, |sum, name| sum.checked_add(grown(name)?));
    let Some(busy) = busy else { return (None, None) };
    let total = whole(busy) + whole(idle) + whole(wait);
    if total <= 0.0 {
        return (None, None);
    }
    let part = |name: &str, ticks: u64| Some(percent(name, whole(ticks) * 100.0 / total));
    let waits = after.contains_key(WAIT);
    (part("cpu_usage", busy), if waits { part("io_wait", wait) } else { None })
}

/// A size in kB: the 64-bit object where the agent has it.
fn either(objects: &Objects, wide: Numbers, narrow: Numbers) -> Option<u64> {
    let wide = objects.get(wide).and_then(size);
    wide.or_else(|| objects.get(narrow).and_then(unsigned))
}

fn share(name: &str, total: Option<u64>, free: Option<u64>) -> Option<Metric> {
    let (total, free) = (total.filter(|total| *total > 0)?, free?);
    Some(percent(name, whole(total.saturating_sub(free)) * 100.0 / whole(total)))
}

/// What is not available of the memory; without the agent's estimate, what is neither free nor
/// buffer nor cache.
fn memory(objects: &Objects) -> Option<Metric> {
    let total = either(objects, oids::MEMORY_TOTAL_64, oids::MEMORY_TOTAL);
    let available = objects.get(oids::MEMORY_AVAILABLE).and_then(size).or_else(|| {
        let free = either(objects, oids::MEMORY_FREE_64, oids::MEMORY_FREE)?;
        let buffer = either(objects, oids::MEMORY_BUFFER_64, oids::MEMORY_BUFFER).unwrap_or(0);
        let cached = either(objects, oids::MEMORY_CACHED_64, oids::MEMORY_CACHED).unwrap_or(0);
        Some(free.saturating_add(buffer).saturating_add(cached))
    });
    share("memory_usage", total, available)
}

/// The memory row of hrStorage, for agents without the UCD objects (Windows, appliances).
fn stored_memory(storage: &Rows) -> Option<Metric> {
    let row = storage.values().find(|row| kind(row) == Some(MEMORY))?;
    Some(percent("memory_usage", used(row)?))
}

/// `disk_usage` of fixed disks, and `inode_usage` where the agent says it.
fn disks(tables: &Tables, exclude: &[Pattern]) -> (Vec<Metric>, Vec<Metric>) {
    let wanted = |name: &str| {
        !exclude.iter().any(|pattern| pattern.matches(name))
            && !KERNEL.iter().any(|tree| name.strip_prefix(tree).is_some_and(under))
    };
    let mut found: BTreeMap<String, f64> = BTreeMap::new();
    for row in tables.storage.values() {
        let Some(name) = cell(row, 1).and_then(|cell| text(cell, NAME_LIMIT)) else { continue };
        // Windows: `C:\ Label:System  Serial Number 1234abcd`.
        let name = name.split(" Label:").next().unwrap_or_default().to_owned();
        if kind(row).is_some_and(|kind| DISKS.contains(&kind))
            && wanted(&name)
            && let Some(used) = used(row)
        {
            found.entry(name).or_insert(used);
        }
    }
    let mut inodes = Vec::new();
    for row in tables.disks.values() {
        let Some(name) = cell(row, 0).and_then(|cell| text(cell, NAME_LIMIT)) else { continue };
        if !wanted(&name) {
            continue;
        }
        // What the agent itself watches is counted as `df` does: without what only root may use.
        if let Some(used) = used_as_df(row) {
            found.insert(name.clone(), used);
        }
        let nodes = cell(row, 2).and_then(number).filter(|share| (0.0..=100.0).contains(share));
        inodes.extend(nodes.map(|nodes| percent("inode_usage", nodes).of(&name)));
    }
    (found.iter().map(|(name, used)| percent("disk_usage", *used).of(name)).collect(), inodes)
}

fn under(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}

fn cell(row: &[Option<Value>], column: usize) -> Option<&Value> {
    row.get(column)?.as_ref()
}

fn cells(rows: &Rows, column: usize) -> impl Iterator<Item = &Value> {
    rows.values().filter_map(move |row| cell(row, column))
}

fn kind(row: &[Option<Value>]) -> Option<u32> {
    let oid = cell(row, 0)?.as_oid()?.arcs();
    match oid.strip_prefix(oids::STORAGE_TYPES)? {
        [kind] => Some(*kind),
        _ => None,
    }
}

/// Per cent of a storage row; `None` when its sizes cannot be (a drive without a medium has 0).
fn used(row: &[Option<Value>]) -> Option<f64> {
    let size = cell(row, 3).and_then(unsigned).filter(|size| *size > 0)?;
    let used = cell(row, 4).and_then(unsigned).filter(|used| *used <= size)?;
    Some(whole(used) * 100.0 / whole(size))
}

fn used_as_df(row: &[Option<Value>]) -> Option<f64> {
    let whole_of = |low: usize, high: usize| {
        let (low, high) = (cell(row, low).and_then(size)?, cell(row, high).and_then(size)?);
        high.checked_shl(32)?.checked_add(low)
    };
    let sizes = whole_of(5, 6).zip(whole_of(3, 4));
    match sizes {
        Some((used, free)) if used.checked_add(free).is_some_and(|both| both > 0) => {
            Some(whole(used) * 100.0 / (whole(used) + whole(free)))
        }
        _ => cell(row, 1).and_then(number).filter(|share| (0.0..=100.0).contains(share)),
    }
}

/// `load1`, and by processor where their number is known; else that is said.
fn load(objects: &Objects, tables: &Tables) -> (Vec<Metric>, Option<String>) {
    let load = objects
        .get(oids::LOAD)
        .and_then(number)
        .or_else(|| objects.get(oids::LOAD_INT).and_then(number).map(|load| load / 100.0));
    let Some(load) = load.filter(|load| *load >= 0.0) else { return (Vec::new(), None) };
    let mut metrics = vec![Metric::new("load1", load, Unit::Count)];
    let count = objects.get(oids::CPU_COUNT).and_then(size).filter(|count| *count > 0);
    let count = count.or_else(|| Some(tables.processors.len() as u64).filter(|count| *count > 0));
    match count {
        Some(count) => {
            metrics.push(Metric::new("load1_per_core", load / whole(count), Unit::Count));
            (metrics, None)
        }
        None => (metrics, Some("the agent does not say how many processors there are".to_owned())),
    }
}

#[cfg(test)]
#[path = "host_tests.rs"]
mod tests;
