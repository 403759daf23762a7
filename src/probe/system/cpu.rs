//! Processor time, input/output wait and load, from `/proc/stat` and `/proc/loadavg`. Pure.

use super::{Counters, whole};
use crate::model::{Metric, Unit};

/// `user nice system idle iowait irq softirq steal`; guest time is in `user` already.
const FIELDS: usize = 8;
const IDLE: usize = 3;
const IO_WAIT: usize = 4;

/// The counters `cpu.total`, `cpu.idle` and `cpu.iowait`, in ticks.
pub(super) fn counters(stat: &str) -> Option<Counters> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Option<Vec<u64>> =
        line.split_ascii_whitespace().take(FIELDS).map(|field| field.parse().ok()).collect();
    let ticks = ticks?;
    let total = ticks.iter().fold(0_u64, |sum, field| sum.saturating_add(*field));
    Some(Counters::from([
        ("cpu.total".to_owned(), total),
        ("cpu.idle".to_owned(), *ticks.get(IDLE)?),
        // Not there before Linux 2.6: no wait is known then.
        ("cpu.iowait".to_owned(), ticks.get(IO_WAIT).copied().unwrap_or(0)),
    ]))
}

/// How many cores are in use; `None` when the text names none.
pub(super) fn cores(stat: &str) -> Option<u32> {
    let numbered = |line: &&str| {
        line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    u32::try_from(stat.lines().filter(numbered).count()).ok().filter(|count| *count > 0)
}

/// `cpu_usage`: 100 − idle − iowait over the interval. None when a counter was reset.
pub(super) fn usage(before: &Counters, after: &Counters) -> Option<Metric> {
    let total = grown(before, after, "cpu.total").filter(|total| *total > 0)?;
    let idle = grown(before, after, "cpu.idle")?;
    // The kernel itself lets this one step back now and then; that is no reset.
    let wait = grown(before, after, "cpu.iowait").unwrap_or(0);
    let busy = total.saturating_sub(idle).saturating_sub(wait);
    Some(Metric::new("cpu_usage", whole(busy) * 100.0 / whole(total), Unit::Percent))
}

/// `io_wait`: the share of time that processors waited for disks. None when a counter was reset.
pub(super) fn io_wait(before: &Counters, after: &Counters) -> Option<Metric> {
    let total = grown(before, after, "cpu.total").filter(|total| *total > 0)?;
    grown(before, after, "cpu.idle")?;
    let wait = grown(before, after, "cpu.iowait").unwrap_or(0).min(total);
    Some(Metric::new("io_wait", whole(wait) * 100.0 / whole(total), Unit::Percent))
}

/// How much a counter grew; `None` when it is not in both or went down.
pub(super) fn grown(before: &Counters, after: &Counters, name: &str) -> Option<u64> {
    after.get(name)?.checked_sub(*before.get(name)?)
}

/// `load1`, and `load1_per_core` when the number of cores is known.
pub(super) fn load(loadavg: &str, cores: Option<u32>) -> Vec<Metric> {
    let first = loadavg.split_ascii_whitespace().next().and_then(|text| text.parse::<f64>().ok());
    let Some(load) = first.filter(|load| load.is_finite() && *load >= 0.0) else {
        return Vec::new();
    };
    let mut metrics = vec![Metric::new("load1", load, Unit::Count)];
    if let Some(cores) = cores.filter(|cores| *cores > 0) {
        metrics.push(Metric::new("load1_per_core", load / f64::from(cores), Unit::Count));
    }
    metrics
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(user: u64, idle: u64, wait: u64) -> Counters {
        counters(&format!("cpu  {user} 0 0 {idle} {wait} 0 0 0 77 77\ncpu0 1\n")).unwrap()
    }

    fn both(before: &Counters, after: &Counters) -> (Option<f64>, Option<f64>) {
        (usage(before, after).map(|m| m.value), io_wait(before, after).map(|m| m.value))
    }

    #[test]
    fn fm_08_fm_11_usage_and_wait_are_shares_of_the_interval() {
        let before = ticks(1000, 5000, 300);
        for (after, wanted) in [
            (ticks(1075, 5025, 300), (Some(75.0), Some(0.0))),
            (ticks(1000, 5080, 320), (Some(0.0), Some(20.0))),
            (ticks(1050, 5010, 340), (Some(50.0), Some(40.0))),
            (ticks(1100, 5000, 300), (Some(100.0), Some(0.0))),
            // No time has passed, or the counters began anew: nothing is said.
            (ticks(1000, 5000, 300), (None, None)),
            (ticks(10, 50, 3), (None, None)),
            (ticks(9000, 50, 300), (None, None)),
            // The kernel's iowait may step back a little.
            (ticks(1050, 5060, 290), (Some(40.0), Some(0.0))),
        ] {
            assert_eq!(both(&before, &after), wanted, "{after:?}");
        }
        assert_eq!(both(&Counters::new(), &before), (None, None), "the first sample");
    }

    #[test]
    fn steal_is_use_and_guest_is_not_counted_twice() {
        let before = counters("cpu  0 0 0 0 0 0 0 0 0 0").unwrap();
        let after = counters("cpu  10 10 10 40 10 5 5 10 1000 1000").unwrap();
        assert_eq!(both(&before, &after), (Some(50.0), Some(10.0)));
        for bad in ["", "cpu0 1 2 3 4", "cpu  a b c d e", "cpu  1 2 3", "cpu  -1 2 3 4 5"] {
            assert_eq!(counters(bad), None, "{bad}");
        }
    }

    #[test]
    fn fm_13_load_is_divided_by_known_cores_only() {
        let stat = "cpu  1 2 3 4\ncpu0 1\ncpu1 1\ncpufreq 1\nintr 5\n";
        assert_eq!(cores(stat), Some(2));
        assert_eq!(cores("cpu  1 2 3 4\nintr 5"), None);
        let values = |text, cores| -> Vec<(String, f64)> {
            load(text, cores).iter().map(|m| (m.name.to_string(), m.value)).collect()
        };
        let one = |name: &str, value| (name.to_owned(), value);
        assert_eq!(
            values("4.01 1.0 1.0 1/9 5\n", Some(2)),
            [one("load1", 4.01), one("load1_per_core", 2.005)]
        );
        assert_eq!(values("4.01 1.0", None), [one("load1", 4.01)]);
        assert_eq!(values("4.01 1.0", Some(0)), [one("load1", 4.01)]);
        for bad in ["", "x", "NaN", "inf", "-1"] {
            assert_eq!(values(bad, Some(2)), [], "{bad}");
        }
    }
}
