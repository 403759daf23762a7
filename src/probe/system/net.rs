//! Interface counters and their rates, from `/proc/net/dev`. Pure but for the link speed.

use std::path::Path;
use std::time::Duration;

use super::cpu::grown;
use super::{Counters, whole};
use crate::model::safe_text::sanitize;
use crate::model::{Metric, Pattern, Unit};

/// The counters that are kept, with their columns behind the colon.
const COLUMNS: [(&str, usize); 6] = [
    ("rx_bytes", 0),
    ("rx_packets", 1),
    ("rx_errors", 2),
    ("tx_bytes", 8),
    ("tx_packets", 9),
    ("tx_errors", 10),
];
/// Longest interface name of the kernel, in bytes, with room for escapes.
const NAME_LIMIT: usize = 64;
const LOOPBACK: &str = "lo";

/// The counters `net.IF.rx_bytes` and so on. The loopback interface is left out unless it is the
/// only one.
pub(super) fn counters(text: &str, exclude: &[Pattern]) -> Counters {
    let rows: Vec<(&str, &str)> = text
        .lines()
        // The two head lines have bars and no colon behind the name.
        .filter(|line| !line.contains('|'))
        .filter_map(|line| line.split_once(':'))
        .map(|(name, row)| (name.trim(), row))
        .collect();
    let alone = rows.len() == 1;
    let mut counters = Counters::new();
    for (name, row) in rows {
        let excluded = exclude.iter().any(|pattern| pattern.matches(name));
        if excluded || (name == LOOPBACK && !alone) {
            continue;
        }
        let fields: Vec<Option<u64>> =
            row.split_ascii_whitespace().map(|field| field.parse().ok()).collect();
        for (word, column) in COLUMNS {
            if let Some(Some(value)) = fields.get(column) {
                counters.insert(format!("net.{name}.{word}"), *value);
            }
        }
    }
    counters
}

/// The interfaces that have counters.
fn interfaces(counters: &Counters) -> impl Iterator<Item = &str> {
    counters.keys().filter_map(|key| key.strip_prefix("net.")?.strip_suffix(".rx_bytes"))
}

/// `network_error_rate` (errors ÷ packets, both directions), and `octets_in`, `octets_out` in
/// bits per second. An interface that is new, or whose counters went down, is left out this time.
pub(super) fn rates(
    before: &Counters,
    after: &Counters,
    elapsed: Duration,
) -> (Vec<Metric>, Vec<Metric>) {
    let (mut shares, mut octets) = (Vec::new(), Vec::new());
    let seconds = elapsed.as_secs_f64();
    if seconds <= 0.0 {
        return (shares, octets);
    }
    for name in interfaces(after) {
        let delta = |word: &str| grown(before, after, &format!("net.{name}.{word}"));
        let all: Option<Vec<u64>> = COLUMNS.iter().map(|(word, _)| delta(word)).collect();
        let Some([rx_bytes, rx_packets, rx_errors, tx_bytes, tx_packets, tx_errors]) =
            all.and_then(|all| <[u64; 6]>::try_from(all).ok())
        else {
            continue;
        };
        let packets = whole(rx_packets) + whole(tx_packets);
        let errors = whole(rx_errors) + whole(tx_errors);
        let share = if packets > 0.0 { (errors / packets * 100.0).min(100.0) } else { 0.0 };
        let instance = sanitize(name, NAME_LIMIT);
        let metric = |what, value, unit| Metric::new(what, value, unit).of(&instance);
        shares.push(metric("network_error_rate", share, Unit::Percent));
        for (what, count) in [("octets_in", rx_bytes), ("octets_out", tx_bytes)] {
            octets.push(metric(what, whole(count) * 8.0 / seconds, Unit::BitsPerSecond));
        }
    }
    (shares, octets)
}

/// `network_speed` of the interfaces whose link says how fast it is.
pub(super) fn speeds(counters: &Counters, sys: &Path) -> Vec<Metric> {
    interfaces(counters)
        .filter(|name| !name.starts_with('.') && !name.contains('/'))
        .filter_map(|name| {
            let text = super::read(&sys.join("class/net").join(name).join("speed")).ok()?;
            // Megabits per second; -1 when nobody knows.
            let megabits = text.trim().parse::<u32>().ok().filter(|speed| *speed > 0)?;
            let speed = f64::from(megabits) * 1e6;
            let instance = sanitize(name, NAME_LIMIT);
            Some(Metric::new("network_speed", speed, Unit::BitsPerSecond).of(&instance))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    const HEAD: &str =
        "Inter-|   Receive          |  Transmit\n face |bytes packets|bytes packets\n";

    fn sample(rows: &[(&str, [u64; 6])]) -> Counters {
        let mut text = HEAD.to_owned();
        for (name, [rx, rx_packets, rx_errors, tx, tx_packets, tx_errors]) in rows {
            let _ = writeln!(
                text,
                "  {name}: {rx} {rx_packets} {rx_errors} 0 0 0 0 0 {tx} {tx_packets} {tx_errors} 0 0 0 0 0"
            );
        }
        counters(&text, &[])
    }

    fn values(metrics: &[Metric]) -> Vec<(String, f64)> {
        metrics.iter().map(|m| (m.label(), m.value)).collect()
    }

    fn share(before: [u64; 6], after: [u64; 6]) -> Option<f64> {
        let (before, after) = (sample(&[("eth0", before)]), sample(&[("eth0", after)]));
        rates(&before, &after, Duration::from_secs(10)).0.first().map(|m| m.value)
    }

    #[test]
    fn fm_12_errors_are_divided_by_packets_of_the_interval() {
        let before = [1000, 1000, 500, 1000, 1000, 500];
        for (after, wanted) in [
            ([1000, 1900, 505, 1000, 1100, 505], Some(1.0)),
            ([1000, 1900, 530, 1000, 1100, 520], Some(5.0)),
            ([1000, 2000, 500, 1000, 1000, 500], Some(0.0)),
            ([1000, 1000, 500, 1000, 1000, 500], Some(0.0)),
            ([1000, 1010, 9500, 1000, 1000, 500], Some(100.0)),
        ] {
            assert_eq!(share(before, after), wanted, "{after:?}");
        }
    }

    #[test]
    fn fm_12_a_counter_reset_gives_no_spike() {
        let before = [1000, 1000, 5, 1000, 1000, 5];
        for column in 0..6 {
            let mut after = [2000, 2000, 6, 2000, 2000, 6];
            after[column] = 0;
            assert_eq!(share(before, after), None, "column {column}");
        }
        let (before, after) =
            (sample(&[("eth0", before)]), sample(&[("eth0", [0; 6]), ("eth1", [9; 6])]));
        let (shares, octets) = rates(&before, &after, Duration::from_secs(10));
        assert!(shares.is_empty() && octets.is_empty(), "eth1 is new, eth0 began anew");
        let next = sample(&[("eth0", [10; 6]), ("eth1", [19; 6])]);
        assert_eq!(rates(&after, &next, Duration::from_secs(10)).0.len(), 2);
    }

    #[test]
    fn octets_are_bits_per_second() {
        let before = sample(&[("eth0.100", [0, 0, 0, 100, 0, 0])]);
        let after = sample(&[("eth0.100", [1250, 5, 0, 600, 5, 0])]);
        let (_, octets) = rates(&before, &after, Duration::from_secs(10));
        let one = |name: &str, value| (name.to_owned(), value);
        assert_eq!(
            values(&octets),
            [one("octets_in[eth0.100]", 1000.0), one("octets_out[eth0.100]", 400.0)]
        );
        assert!(octets.iter().all(|m| m.unit == Unit::BitsPerSecond));
        assert!(rates(&before, &after, Duration::ZERO).1.is_empty());
    }

    #[test]
    fn loopback_and_excluded_interfaces_are_left_out() {
        let text = format!(
            "{HEAD}    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n\
             eth0:1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n veth1a: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n\
             short: 1 2\nbroken line\n"
        );
        let names = |exclude: &[Pattern]| -> Vec<String> {
            interfaces(&counters(&text, exclude)).map(str::to_owned).collect()
        };
        assert_eq!(names(&[]), ["eth0", "short", "veth1a"]);
        assert_eq!(names(&["veth*".parse().unwrap(), "s?ort".parse().unwrap()]), ["eth0"]);
        let alone = sample(&[("lo", [1; 6])]);
        assert_eq!(interfaces(&alone).collect::<Vec<_>>(), ["lo"]);
        let (shares, _) =
            rates(&counters(&text, &[]), &counters(&text, &[]), Duration::from_secs(1));
        assert_eq!(shares.len(), 2, "an interface with too few columns has no rate");
    }
}
