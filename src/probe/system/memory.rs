//! Memory and swap, from `/proc/meminfo`. Pure.

use super::whole;
use crate::model::{Metric, Unit};

/// `memory_usage` and, where there is swap, `swap_usage`.
pub(super) fn metrics(meminfo: &str) -> Vec<Metric> {
    let size = |word: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(word)?.strip_prefix(':'))?;
        line.split_ascii_whitespace().next()?.parse::<u64>().ok()
    };
    // Kernels before 3.14 do not estimate what is available.
    let available = size("MemAvailable").or_else(|| {
        let rest = size("Buffers").unwrap_or(0).saturating_add(size("Cached").unwrap_or(0));
        Some(size("MemFree")?.saturating_add(rest))
    });
    let share = |name: &str, total: Option<u64>, free: Option<u64>| {
        let (total, free) = (total.filter(|total| *total > 0)?, free?);
        let used = total.saturating_sub(free);
        Some(Metric::new(name, whole(used) / whole(total) * 100.0, Unit::Percent))
    };
    [
        share("memory_usage", size("MemTotal"), available),
        share("swap_usage", size("SwapTotal"), size("SwapFree")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<(String, f64)> {
        metrics(text).iter().map(|m| (m.name.to_string(), m.value)).collect()
    }

    #[test]
    fn fm_09_memory_is_what_is_not_available() {
        let text = "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 200 kB\nBuffers: 9 kB\n\
                    SwapCached: 7 kB\nSwapTotal: 400 kB\nSwapFree: 300 kB\n";
        let one = |name: &str, value| (name.to_owned(), value);
        assert_eq!(values(text), [one("memory_usage", 80.0), one("swap_usage", 25.0)]);
        let old = "MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 100 kB\nCached: 300 kB\n\
                   SwapTotal: 0 kB\nSwapFree: 0 kB\n";
        assert_eq!(values(old), [one("memory_usage", 50.0)], "no swap, no metric");
    }

    #[test]
    fn nothing_is_divided_by_zero() {
        for bad in ["", "MemTotal: 0 kB\nMemAvailable: 0 kB", "MemTotal: x kB", "MemTotal: 5 kB"] {
            assert_eq!(values(bad), [], "{bad}");
        }
    }
}
