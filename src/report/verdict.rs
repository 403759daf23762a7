//! What was promised against what was measured (SPEC FS-37, D-20).
//!
//! A promise is held against the bad tail: of a rate the lowest 5 % of the runs (P5), of latency,
//! jitter and loss the highest (P95). Equality keeps it. Runs during maintenance do not count.

use std::fmt;

use super::stats::Stats;
use crate::model::Sla;
use crate::model::speed::rate;

/// Whether all promises were kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All that could be measured.
    Met,
    /// At least one was not.
    Broken,
    /// Nothing was promised, or nothing measured.
    Unknown,
}

/// What is promised of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// The rate from the target.
    Download,
    /// The rate to the target.
    Upload,
    /// Latency.
    Latency,
    /// Jitter.
    Jitter,
    /// Loss.
    Loss,
    /// The share of runs that measured.
    Availability,
}

impl Promise {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Download => "Download",
            Self::Upload => "Upload",
            Self::Latency => "Latency",
            Self::Jitter => "Jitter",
            Self::Loss => "Packet loss",
            Self::Availability => "Availability",
        }
    }

    /// Which figure is held against it.
    #[must_use]
    pub const fn tail(self) -> &'static str {
        match self {
            Self::Download | Self::Upload => "P5 (the lowest 5 %)",
            Self::Latency | Self::Jitter | Self::Loss => "P95 (the highest 5 %)",
            Self::Availability => "runs that measured",
        }
    }

    /// True where more is better.
    #[must_use]
    pub const fn is_least(self) -> bool {
        matches!(self, Self::Download | Self::Upload | Self::Availability)
    }

    /// A figure of it in words.
    #[must_use]
    pub fn figure(self, value: f64) -> String {
        match self {
            Self::Download | Self::Upload => rate(value),
            Self::Latency | Self::Jitter => format!("{value:.1} ms"),
            Self::Loss | Self::Availability => format!("{value:.2} %"),
        }
    }
}

/// One promise with what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Of what.
    pub promise: Promise,
    /// What was promised.
    pub limit: f64,
    /// What was measured.
    pub value: Option<f64>,
}

impl Line {
    /// Whether it was kept, as far as anything was measured.
    #[must_use]
    pub fn is_kept(&self) -> Option<bool> {
        let value = self.value?;
        Some(if self.promise.is_least() { value >= self.limit } else { value <= self.limit })
    }

    /// What was promised, in words.
    #[must_use]
    pub fn promised(&self) -> String {
        let which = if self.promise.is_least() { "at least" } else { "at most" };
        // As it was written: a promise is not rounded.
        let unit = match self.promise {
            Promise::Download | Promise::Upload => "Mbps",
            Promise::Latency | Promise::Jitter => "ms",
            Promise::Loss | Promise::Availability => "%",
        };
        format!("{which} {} {unit}", self.limit)
    }

    /// What was measured, in words; where rounding would hide on which side of the promise it is,
    /// with all its digits.
    #[must_use]
    pub fn measured(&self) -> String {
        let Some(value) = self.value else { return "not measured".to_owned() };
        let off = (value - self.limit).abs();
        match self.promise {
            Promise::Download | Promise::Upload if off < self.limit * 0.006 => {
                format!("{value:.3} Mbps")
            }
            Promise::Latency | Promise::Jitter if off < 0.06 => format!("{value:.3} ms"),
            Promise::Loss | Promise::Availability if off < 0.006 => format!("{value:.4} %"),
            promise => promise.figure(value),
        }
    }

    fn broken(&self) -> String {
        let (measured, promised) = (self.measured(), self.promised());
        match self.promise {
            Promise::Download => format!(
                "in the slowest 5 % of the runs download was {measured} or less (promised: {promised})"
            ),
            Promise::Upload => format!(
                "in the slowest 5 % of the runs upload was {measured} or less (promised: {promised})"
            ),
            Promise::Availability => {
                format!("{measured} of the runs could measure (promised: {promised})")
            }
            promise => {
                let word = promise.word().to_lowercase();
                format!(
                    "in the worst 5 % of the runs {word} was {measured} or more (promised: {promised})"
                )
            }
        }
    }

    fn kept(&self) -> String {
        let word = self.promise.word().to_lowercase();
        format!("{word} {} (promised: {})", self.measured(), self.promised())
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = match self.is_kept() {
            Some(true) => "kept",
            Some(false) => "broken",
            None => "not measured",
        };
        let promise = self.promise;
        write!(
            f,
            "{}: promised {}, measured {} by {}: {said}",
            promise.word(),
            self.promised(),
            self.measured(),
            promise.tail()
        )
    }
}

/// The verdict of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Whether all promises were kept.
    pub outcome: Outcome,
    /// The same in one sentence, with its reasons.
    pub sentence: String,
    /// Each promise.
    pub lines: Vec<Line>,
}

/// What the verdict is made of.
#[derive(Clone, Copy, Debug)]
pub struct Measured<'a> {
    /// Download, upload, latency, jitter and loss of what counts.
    pub figures: [Option<&'a Stats>; 5],
    /// Runs that measured, and count.
    pub done: u64,
    /// Runs that began and could not measure, and count.
    pub failed: u64,
}

/// Holds what was promised against what was measured.
#[must_use]
pub fn verdict(sla: Option<&Sla>, measured: Measured<'_>) -> Verdict {
    let unknown = |why: &str| format!("No verdict: {why}.");
    let Some(sla) = sla else {
        let sentence = unknown("nothing is promised of this link");
        return Verdict { outcome: Outcome::Unknown, sentence, lines: Vec::new() };
    };
    let lines = lines(sla, measured);
    let runs = measured.done;
    let broken: Vec<&Line> = lines.iter().filter(|line| line.is_kept() == Some(false)).collect();
    let kept: Vec<&Line> = lines.iter().filter(|line| line.is_kept() == Some(true)).collect();
    let open = lines.len() - broken.len() - kept.len();
    let (outcome, sentence) = if runs + measured.failed == 0 || broken.len() + kept.len() == 0 {
        (Outcome::Unknown, unknown("nothing that counts was measured in this period"))
    } else if broken.is_empty() {
        let all: Vec<String> = kept.iter().map(|line| line.kept()).collect();
        let rest = match open {
            0 => String::new(),
            _ => format!("; {open} of {} promises could not be measured", lines.len()),
        };
        let sentence = format!(
            "SLA met: over {runs} runs, judged by the worst 5 %, {}{rest}.",
            all.join(", ")
        );
        (Outcome::Met, sentence)
    } else {
        let all: Vec<String> = broken.iter().map(|line| line.broken()).collect();
        let sentence = format!(
            "SLA not met ({} of {} promises broken over {runs} runs): {}.",
            broken.len(),
            lines.len(),
            all.join("; ")
        );
        (Outcome::Broken, sentence)
    };
    Verdict { outcome, sentence, lines }
}

fn lines(sla: &Sla, measured: Measured<'_>) -> Vec<Line> {
    let [download, upload, latency, jitter, loss] = measured.figures;
    let tried = measured.done + measured.failed;
    #[expect(clippy::cast_precision_loss, reason = "exact below 2^53 runs")]
    let availability = (tried > 0).then(|| measured.done as f64 * 100.0 / tried as f64);
    let low = |of: Option<&Stats>| of.map(|of| of.p5);
    let high = |of: Option<&Stats>| of.map(|of| of.p95);
    let all = [
        (Promise::Download, sla.download_mbps, low(download)),
        (Promise::Upload, sla.upload_mbps, low(upload)),
        (Promise::Latency, sla.latency_ms, high(latency)),
        (Promise::Jitter, sla.jitter_ms, high(jitter)),
        (Promise::Loss, sla.loss_pct, high(loss)),
        (Promise::Availability, sla.availability_pct, availability),
    ];
    let made = all
        .into_iter()
        .filter_map(|(promise, limit, value)| Some(Line { promise, limit: limit?, value }));
    made.collect()
}

#[cfg(test)]
mod tests {
    use super::super::stats::stats;
    use super::*;

    fn sla() -> Sla {
        Sla {
            agent: "hq".to_owned(),
            target: "dc".to_owned(),
            download_mbps: Some(800.0),
            latency_ms: Some(20.0),
            ..Sla::default()
        }
    }

    fn judged(download: &[f64], latency: &[f64], sla: &Sla, failed: u64) -> Verdict {
        let (download, latency) = (stats(&mut download.to_vec()), stats(&mut latency.to_vec()));
        let figures = [download.as_ref(), None, latency.as_ref(), None, None];
        let done = download.as_ref().map_or(0, |of| of.count);
        verdict(Some(sla), Measured { figures, done, failed })
    }

    #[test]
    fn d_20_the_verdict_is_of_the_bad_tail_and_says_so() {
        // 6 of 100 are slow: the average is well, the low tail is not.
        let mut rates = vec![950.0; 94];
        rates.extend([640.0; 6]);
        let found = judged(&rates, &[10.0; 100], &sla(), 0);
        assert_eq!(found.outcome, Outcome::Broken);
        assert_eq!(
            found.sentence,
            "SLA not met (1 of 2 promises broken over 100 runs): in the slowest 5 % of the runs \
             download was 640 Mbps or less (promised: at least 800 Mbps)."
        );
        let mut rates = vec![950.0; 96];
        rates.extend([640.0; 4]);
        let found = judged(&rates, &[10.0; 100], &sla(), 0);
        assert_eq!(found.outcome, Outcome::Met);
        assert!(found.sentence.starts_with("SLA met: over 100 runs, judged by the worst 5 %"));
    }

    #[test]
    fn equality_keeps_a_promise_and_what_is_close_is_not_rounded_over_it() {
        let met = judged(&[800.0; 9], &[20.0; 9], &sla(), 0);
        assert_eq!(met.outcome, Outcome::Met);
        let near = judged(&[799.96; 9], &[20.0; 9], &sla(), 0);
        assert_eq!(near.outcome, Outcome::Broken);
        assert!(near.sentence.contains("799.960 Mbps"), "{}", near.sentence);
    }

    #[test]
    fn nothing_promised_or_measured_is_no_verdict() {
        let none = Measured { figures: [None; 5], done: 0, failed: 0 };
        assert_eq!(verdict(None, none).outcome, Outcome::Unknown);
        let of = verdict(Some(&sla()), none);
        assert_eq!((of.outcome, of.lines.len()), (Outcome::Unknown, 2));
        let half = judged(&[900.0; 9], &[], &sla(), 0);
        assert_eq!(half.outcome, Outcome::Met);
        assert!(half.sentence.contains("1 of 2 promises could not be measured"));
    }

    #[test]
    fn availability_is_of_the_runs_that_began() {
        let sla = Sla { availability_pct: Some(99.0), ..sla() };
        assert_eq!(judged(&[900.0; 99], &[1.0], &sla, 1).outcome, Outcome::Met);
        let found = judged(&[900.0; 98], &[1.0], &sla, 2);
        assert!(found.sentence.contains("98.00 % of the runs could measure"), "{}", found.sentence);
    }
}
