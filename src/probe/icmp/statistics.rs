//! The numbers of one ping run.

use std::time::Duration;

use crate::model::{Metric, Unit};

/// What the round-trip times of one run come to; times in seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Statistics {
    /// Packets that went out.
    pub(super) sent: usize,
    /// Packets that were answered.
    pub(super) answered: usize,
    mean: f64,
    min: f64,
    max: f64,
    /// Of the whole population: these are all packets, not a sample of them.
    stddev: f64,
    /// Mean absolute difference of successive answers; none with fewer than two.
    jitter: Option<f64>,
}

impl Statistics {
    /// Over the round trips in the order of sending; `None` is lost.
    #[expect(clippy::cast_precision_loss, reason = "at most 100 packets")]
    pub(super) fn of(round_trips: &[Option<Duration>]) -> Self {
        let times: Vec<f64> =
            round_trips.iter().flatten().map(std::time::Duration::as_secs_f64).collect();
        let sent = round_trips.len();
        if times.is_empty() {
            return Self { sent, ..Self::default() };
        }
        let count = times.len() as f64;
        let mean = times.iter().sum::<f64>() / count;
        let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / count;
        let steps: Vec<f64> =
            times.iter().zip(times.iter().skip(1)).map(|(a, b)| (b - a).abs()).collect();
        let jitter = (!steps.is_empty()).then(|| steps.iter().sum::<f64>() / steps.len() as f64);
        Self {
            sent,
            answered: times.len(),
            mean,
            min: times.iter().copied().fold(f64::INFINITY, f64::min),
            max: times.iter().copied().fold(0.0, f64::max),
            stddev: variance.sqrt(),
            jitter,
        }
    }

    /// Lost packets in percent of those sent.
    #[expect(clippy::cast_precision_loss, reason = "at most 100 packets")]
    fn loss(&self) -> f64 {
        if self.sent == 0 {
            return 100.0;
        }
        (self.sent - self.answered) as f64 * 100.0 / self.sent as f64
    }

    /// The metrics; only `loss` when nothing was answered.
    pub(super) fn metrics(&self) -> Vec<Metric> {
        let mut loss = Metric::new("loss", self.loss(), Unit::Percent);
        loss.min = Some(0.0);
        loss.max = Some(100.0);
        if self.answered == 0 {
            return vec![loss];
        }
        let seconds = |name, value| Metric::new(name, value, Unit::Seconds);
        let mut metrics = vec![
            seconds("rtt", self.mean),
            loss,
            seconds("rtt_min", self.min),
            seconds("rtt_max", self.max),
            seconds("rtt_stddev", self.stddev),
        ];
        metrics.extend(self.jitter.map(|jitter| seconds("jitter", jitter)));
        metrics
    }

    /// `5 of 5 answered, rtt 0.21 ms (min 0.18, max 0.30), loss 0 %, jitter 0.03 ms`.
    pub(super) fn summary(&self) -> String {
        let ms = |seconds: f64| format!("{:.2}", seconds * 1000.0);
        let jitter =
            self.jitter.map(|jitter| format!(", jitter {} ms", ms(jitter))).unwrap_or_default();
        format!(
            "{} of {} answered, rtt {} ms (min {}, max {}), loss {:.0} %{jitter}",
            self.answered,
            self.sent,
            ms(self.mean),
            ms(self.min),
            ms(self.max),
            self.loss()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fm_16_numbers_of_a_run() {
        let us = |us| Some(Duration::from_micros(us));
        let seen = Statistics::of(&[us(200), us(300), None, us(100)]);
        assert_eq!(
            seen.summary(),
            "3 of 4 answered, rtt 0.20 ms (min 0.10, max 0.30), loss 25 %, jitter 0.15 ms"
        );
        let value = |name: &str| {
            let found = seen.metrics().into_iter().find(|metric| &*metric.name == name);
            found.unwrap().value
        };
        assert!((value("rtt_stddev") - 81.65e-6).abs() < 1e-8, "of the population");
        assert!((value("loss") - 25.0).abs() < f64::EPSILON);
        let lost = Statistics::of(&[None, None]);
        assert_eq!(lost.metrics().len(), 1);
        assert!((lost.loss() - 100.0).abs() < f64::EPSILON);
        let single = Statistics::of(&[us(1500)]);
        assert_eq!(single.summary(), "1 of 1 answered, rtt 1.50 ms (min 1.50, max 1.50), loss 0 %");
        assert!(!single.metrics().iter().any(|metric| &*metric.name == "jitter"));
    }
}
