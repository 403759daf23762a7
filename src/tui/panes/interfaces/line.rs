//! One interface as the last result of its check shows it. Pure.

use std::cmp::Ordering;

use crate::model::{Metric, Name, Observation, SafeText, State, Thresholds, Unit};
use crate::tui::num::count;

/// One interface as the last result shows it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) name: Name,
    pub(super) alias: Option<SafeText>,
    /// 0 shut by its operator, else as ifOperStatus.
    pub(super) link: Option<f64>,
    pub(super) input: Option<f64>,
    pub(super) output: Option<f64>,
    pub(super) speed: Option<f64>,
    pub(super) errors: Option<f64>,
    /// The worst of what is judged.
    pub(super) state: State,
    /// The states of single figures.
    pub(super) judged: [State; 3],
}

impl Line {
    /// Per cent of the speed, of the busier direction.
    pub(super) fn used(&self) -> Option<f64> {
        let most = self.input.into_iter().chain(self.output).reduce(f64::max)?;
        self.speed.filter(|speed| *speed > 0.0).map(|speed| most * 100.0 / speed)
    }

    pub(super) fn busy(&self) -> f64 {
        self.input.unwrap_or(0.0) + self.output.unwrap_or(0.0)
    }

    pub(super) fn word(&self) -> &'static str {
        let known = ["shut", "up", "down", "testing", "unknown", "dormant", "absent", "lower down"];
        self.link.and_then(|link| known.get(count(link)).copied()).unwrap_or("")
    }
}

/// The interfaces of an observation, in the order of its metrics.
pub(super) fn lines(seen: &Observation) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for metric in &seen.metrics {
        let Some(name) = &metric.instance else { continue };
        let known =
            ["octets_in", "octets_out", "network_speed", "network_error_rate", "link_state"];
        let use_of = &*metric.name == "network_utilization";
        if !use_of && !known.contains(&&*metric.name) {
            continue;
        }
        let at = lines.iter().rposition(|line| line.name == *name).unwrap_or_else(|| {
            let alias = seen.aliases.as_ref().and_then(|aliases| aliases.get(name)).cloned();
            lines.push(Line {
                name: name.clone(),
                alias,
                link: None,
                input: None,
                output: None,
                speed: None,
                errors: None,
                state: State::Ok,
                judged: [State::Ok; 3],
            });
            lines.len() - 1
        });
        if let Some(line) = lines.get_mut(at) {
            take(line, metric);
        }
    }
    lines
}

fn take(line: &mut Line, metric: &Metric) {
    // Probes of this machine give octets in bytes per second to some graphs.
    let bits = || if metric.unit == Unit::Bytes { metric.value * 8.0 } else { metric.value };
    let limits = Thresholds { warning: metric.warning, critical: metric.critical };
    let state = if limits.is_empty() { State::Ok } else { limits.judge(metric.value) };
    line.state = line.state.worst(state);
    let [link, used, errors] = &mut line.judged;
    match &*metric.name {
        "link_state" => (line.link, *link) = (Some(metric.value), state),
        "network_error_rate" => (line.errors, *errors) = (Some(metric.value), state),
        "network_utilization" => *used = state,
        "network_speed" => line.speed = Some(metric.value),
        "octets_in" => line.input = Some(bits()),
        _ => line.output = Some(bits()),
    }
}

/// Names as people order them: `te1/2` before `te1/10`.
pub(super) fn natural(a: &str, b: &str) -> Ordering {
    let parts = |text: &str| -> Vec<(bool, u64, String)> {
        let mut parts: Vec<(bool, u64, String)> = Vec::new();
        for c in text.chars() {
            let digit = c.to_digit(10).map(u64::from);
            match (digit, parts.last_mut()) {
                (Some(digit), Some((true, number, _))) => {
                    *number = number.saturating_mul(10).saturating_add(digit);
                }
                (Some(digit), _) => parts.push((true, digit, String::new())),
                (None, Some((false, _, word))) => word.push(c),
                (None, _) => parts.push((false, 0, c.to_string())),
            }
        }
        parts
    };
    parts(a).cmp(&parts(b)).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::Range;

    fn metric(name: &str, instance: &str, value: f64) -> Metric {
        Metric::new(name, value, Unit::BitsPerSecond).of(instance)
    }

    #[test]
    fn rows_are_put_together_by_interface() {
        let mut down = metric("link_state", "te1", 2.0);
        down.critical = Some("0:1".parse::<Range>().unwrap());
        let seen = Observation {
            metrics: vec![
                Metric::new("cpu_usage", 3.0, Unit::Percent),
                Metric::new("disk_usage", 3.0, Unit::Percent).of("/"),
                metric("octets_in", "te0", 4e8),
                metric("octets_out", "te0", 9e8),
                metric("network_speed", "te0", 1e9),
                metric("link_state", "te0", 1.0),
                down,
                Metric::new("octets_in", 100.0, Unit::Bytes).of("eth0"),
            ],
            aliases: Some(Arc::new([("te0".into(), SafeText::line("uplink"))].into())),
            ..Observation::default()
        };
        let lines = lines(&seen);
        let names: Vec<&str> = lines.iter().map(|line| &*line.name).collect();
        assert_eq!(names, ["te0", "te1", "eth0"]);
        assert_eq!(lines[0].used(), Some(90.0));
        assert_eq!((lines[0].word(), lines[0].state), ("up", State::Ok));
        assert_eq!(lines[0].alias.as_ref().map(SafeText::as_str), Some("uplink"));
        assert_eq!((lines[1].word(), lines[1].state), ("down", State::Critical));
        assert_eq!((lines[1].used(), lines[2].input), (None, Some(800.0)));
    }

    #[test]
    fn names_are_ordered_as_people_count() {
        let mut names = ["te1/10", "te1/2", "eth", "te1/2.100", "te01/2", "1", "te1/"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["eth", "te1/", "te01/2", "te1/2", "te1/2.100", "te1/10", "1"]);
    }
}
