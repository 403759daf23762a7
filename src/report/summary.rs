//! The figures of a report, made of its results one by one.

use std::collections::BTreeMap;

use chrono_tz::Tz;

use super::chart::Chart;
use super::csv::Sum;
use super::row::Row;
use super::stats::{Stats, stats};
use super::verdict::{Measured, Verdict, verdict};
use crate::model::{
    Breach, BreachKind, Figures, SafeText, Sla, Test, TestId, TestPhase, Timestamp,
};

/// Most lines of the breach log; the CSV has all.
pub const LOG_LIMIT: usize = 1000;
/// Most different reasons that are counted by themselves.
const REASONS: usize = 200;
/// Most reasons that are told.
const TOLD: usize = 10;

/// What a report is asked of.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The vantage.
    pub agent: SafeText,
    /// The target.
    pub target: SafeText,
    /// First moment of the period.
    pub start: Timestamp,
    /// First moment after it.
    pub end: Timestamp,
    /// In which zone its times are shown.
    pub zone: Tz,
    /// When it is made.
    pub made_at: Timestamp,
    /// How many runs were due in the period, where a schedule says it.
    pub expected: Option<u64>,
    /// What was promised.
    pub sla: Option<Sla>,
}

/// One figure: what counts, and all of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// Its name, as in [`Figures::named`].
    pub name: &'static str,
    /// Of what was measured outside maintenance.
    pub counted: Option<Stats>,
    /// Of everything.
    pub all: Option<Stats>,
}

/// Whose limit was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// That of the schedule.
    Threshold,
    /// What was promised.
    Sla,
}

/// One line of the breach log.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// When the run was due.
    pub at: Timestamp,
    /// Which.
    pub id: TestId,
    /// Whose limit.
    pub source: Source,
    /// What was broken.
    pub breach: Breach,
    /// Whether it was during maintenance, and does not count.
    pub in_maintenance: bool,
}

/// How well the period was measured.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Quality {
    /// Runs that were due, where a schedule says it.
    pub expected: Option<u64>,
    /// Runs that measured, and count.
    pub done: u64,
    /// Runs that began and could not measure, and count.
    pub failed: u64,
    /// Runs whose time passed while target, vantage or link were busy or away.
    pub missed: u64,
    /// Runs that somebody took back.
    pub cancelled: u64,
    /// Runs that are not over.
    pub unfinished: u64,
    /// Runs that measured during maintenance, and do not count.
    pub done_in_maintenance: u64,
    /// Runs that failed during maintenance, and do not count.
    pub failed_in_maintenance: u64,
    /// Why runs failed or were missed, and how often, the most frequent first.
    pub reasons: Vec<(String, u64)>,
}

impl Quality {
    /// Its counts with their names.
    #[must_use]
    pub fn named(&self) -> [(&'static str, u64); 7] {
        [
            ("runs_done", self.done),
            ("runs_failed", self.failed),
            ("runs_missed_or_busy", self.missed),
            ("runs_cancelled", self.cancelled),
            ("runs_unfinished", self.unfinished),
            ("runs_done_in_maintenance", self.done_in_maintenance),
            ("runs_failed_in_maintenance", self.failed_in_maintenance),
        ]
    }
}

/// A report.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// What it was asked of.
    pub asked: Asked,
    /// Download, upload, latency, jitter and loss.
    pub figures: [Figure; 5],
    /// Download, upload and latency over the period.
    pub charts: [Chart; 3],
    /// The first [`LOG_LIMIT`] broken limits.
    pub log: Vec<Logged>,
    /// How many limits were broken.
    pub broken: u64,
    /// How well the period was measured.
    pub quality: Quality,
    /// What was promised against what was measured.
    pub verdict: Verdict,
    /// How many results the digest is of.
    pub results: u64,
    /// Of the results, as 64 hexadecimal digits.
    pub digest: String,
}

impl Report {
    /// What of maintenance is counted, in a sentence with both totals (SPEC D-22).
    #[must_use]
    pub fn maintenance(&self) -> String {
        let quality = &self.quality;
        let (out, of) = (quality.done_in_maintenance, quality.done + quality.done_in_maintenance);
        if out + quality.failed_in_maintenance == 0 {
            return format!("No run was made during maintenance: all {of} measured runs count.");
        }
        let average = |figure: &Figure, word: &str| {
            let (counted, all) = (figure.counted?.mean, figure.all?.mean);
            let rate = crate::model::speed::rate;
            Some(format!(
                "; average {word} {} without them, {} with them",
                rate(counted),
                rate(all)
            ))
        };
        let [download, upload, ..] = &self.figures;
        let averages =
            [average(download, "download"), average(upload, "upload")].into_iter().flatten();
        format!(
            "{out} of {of} measured runs (and {} failed ones) were made during maintenance and do \
             not count: {} count{}.",
            quality.failed_in_maintenance,
            quality.done,
            averages.collect::<String>()
        )
    }
}

/// Which of two values is the worse.
type Worse = fn(f64, f64) -> f64;

/// Values of one figure.
#[derive(Clone, Debug, Default)]
struct Values {
    counted: Vec<f64>,
    excluded: Vec<f64>,
}

/// Makes a report of results that come in the order in which they were due.
pub struct Builder {
    asked: Asked,
    values: [Values; 5],
    charts: [Chart; 3],
    log: Vec<Logged>,
    broken: u64,
    quality: Quality,
    reasons: BTreeMap<String, u64>,
    sum: Sum,
    results: u64,
}

impl Builder {
    /// Nothing yet.
    #[must_use]
    pub fn new(asked: Asked) -> Self {
        let asked = lines(asked);
        let chart = Chart::new(asked.start, asked.end);
        Self {
            quality: Quality { expected: asked.expected, ..Quality::default() },
            asked,
            values: Default::default(),
            charts: [chart.clone(), chart.clone(), chart],
            log: Vec::new(),
            broken: 0,
            reasons: BTreeMap::new(),
            sum: Sum::default(),
            results: 0,
        }
    }

    /// One more result, and how it stands in the CSV; one that was due outside the period is left
    /// out, and one that is not over is counted and no more.
    pub fn add(&mut self, test: &Test) -> Option<Row> {
        if test.asked_at < self.asked.start || test.asked_at >= self.asked.end {
            return None;
        }
        if !test.phase.is_over() {
            self.quality.unfinished += 1;
            return None;
        }
        let row = Row::of(test);
        self.sum.add(&row);
        self.results += 1;
        self.count(&row, test.missed_runs().max(1));
        if row.phase == TestPhase::Done {
            let broke = self.limits(&row);
            self.figures(&row, &broke);
        }
        Some(row)
    }

    /// Counts a result; of runs that were missed in a row all of them.
    fn count(&mut self, row: &Row, runs: u64) {
        let quality = &mut self.quality;
        let count = match (row.phase, row.in_maintenance) {
            (TestPhase::Done, false) => &mut quality.done,
            (TestPhase::Done, true) => &mut quality.done_in_maintenance,
            (TestPhase::Failed, false) => &mut quality.failed,
            (TestPhase::Failed, true) => &mut quality.failed_in_maintenance,
            (TestPhase::Missed, _) => &mut quality.missed,
            (TestPhase::Cancelled, _) => &mut quality.cancelled,
            // Those were counted before.
            (TestPhase::Queued | TestPhase::Running, _) => return,
        };
        *count += runs;
        if matches!(row.phase, TestPhase::Failed | TestPhase::Missed) {
            let reason = match row.reason.as_str() {
                "" => "no reason is known".to_owned(),
                reason => reason.to_owned(),
            };
            let is_known = self.reasons.contains_key(&reason) || self.reasons.len() < REASONS;
            let key = if is_known { reason } else { "others".to_owned() };
            *self.reasons.entry(format!("{}: {key}", row.phase)).or_default() += runs;
        }
    }

    /// Keeps the limits that a result broke, and says which they are.
    fn limits(&mut self, row: &Row) -> Vec<Breach> {
        let promised = self.asked.sla.as_ref().map(|sla| promised(sla, &row.figures));
        let promised = promised.unwrap_or_default();
        let own = row.breaches.iter().filter(|own| !promised.contains(own));
        let own = own.map(|breach| (Source::Threshold, *breach));
        let all: Vec<(Source, Breach)> =
            promised.iter().map(|breach| (Source::Sla, *breach)).chain(own).collect();
        for (source, breach) in &all {
            self.broken += 1;
            if self.log.len() < LOG_LIMIT {
                self.log.push(Logged {
                    at: row.asked_at,
                    id: row.id,
                    source: *source,
                    breach: *breach,
                    in_maintenance: row.in_maintenance,
                });
            }
        }
        all.into_iter().map(|(_, breach)| breach).collect()
    }

    fn figures(&mut self, row: &Row, broke: &[Breach]) {
        for (values, (_, value)) in self.values.iter_mut().zip(row.figures.named()) {
            let Some(value) = value else { continue };
            if row.in_maintenance {
                values.excluded.push(value);
            } else {
                values.counted.push(value);
            }
        }
        let kinds: [(&[BreachKind], Worse); 3] = [
            (&[BreachKind::Download, BreachKind::DownloadBaseline], f64::min),
            (&[BreachKind::Upload, BreachKind::UploadBaseline], f64::min),
            (&[BreachKind::Latency], f64::max),
        ];
        let shown = self.charts.iter_mut().zip(row.figures.named()).zip(kinds);
        for ((chart, (_, value)), (kinds, worse)) in shown {
            let Some(value) = value else { continue };
            if row.in_maintenance {
                chart.add_maintenance(row.asked_at);
            } else {
                let is_broken = broke.iter().any(|breach| kinds.contains(&breach.kind));
                chart.add(row.asked_at, value, is_broken, worse);
            }
        }
    }

    /// The report.
    #[must_use]
    pub fn finish(self) -> Report {
        let names = Figures::default().named().map(|(name, _)| name);
        let mut names = names.into_iter();
        let figures = self.values.map(|mut values| {
            let name = names.next().unwrap_or_default();
            let counted = stats(&mut values.counted);
            let all = if values.excluded.is_empty() {
                counted
            } else {
                values.counted.append(&mut values.excluded);
                stats(&mut values.counted)
            };
            Figure { name, counted, all }
        });
        let mut quality = self.quality;
        let mut reasons: Vec<(String, u64)> = self.reasons.into_iter().collect();
        reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let rest: u64 = reasons.iter().skip(TOLD).map(|(_, count)| count).sum();
        reasons.truncate(TOLD);
        if rest > 0 {
            reasons.push(("for other reasons".to_owned(), rest));
        }
        quality.reasons = reasons;
        let measured = Measured {
            figures: figures.each_ref().map(|figure| figure.counted.as_ref()),
            done: quality.done,
            failed: quality.failed,
        };
        Report {
            verdict: verdict(self.asked.sla.as_ref(), measured),
            asked: self.asked,
            figures,
            charts: self.charts,
            log: self.log,
            broken: self.broken,
            quality,
            results: self.results,
            digest: self.sum.finish(),
        }
    }
}

/// Names come from outside, and a line of a report is one line.
fn lines(asked: Asked) -> Asked {
    let line = |text: &SafeText| SafeText::line(text.as_str());
    let safe = |text: Option<String>| text.map(|text| SafeText::line(&text).to_string());
    let sla = asked.sla.map(|sla| Sla {
        carrier: safe(sla.carrier),
        customer: safe(sla.customer),
        link: safe(sla.link),
        ..sla
    });
    Asked { agent: line(&asked.agent), target: line(&asked.target), sla, ..asked }
}

/// What of the promises a single result did not reach.
fn promised(sla: &Sla, figures: &Figures) -> Vec<Breach> {
    let held = |kind, value: Option<f64>, limit: Option<f64>, is_least: bool| {
        let (value, limit) = (value?, limit?);
        let is_broken = if is_least { value < limit } else { value > limit };
        is_broken.then_some(Breach { kind, value, limit })
    };
    let all = [
        held(BreachKind::Download, figures.download_mbps, sla.download_mbps, true),
        held(BreachKind::Upload, figures.upload_mbps, sla.upload_mbps, true),
        held(BreachKind::Latency, figures.latency_ms, sla.latency_ms, false),
        held(BreachKind::Jitter, figures.jitter_ms, sla.jitter_ms, false),
        held(BreachKind::PacketLoss, figures.loss_pct, sla.loss_pct, false),
    ];
    all.into_iter().flatten().collect()
}

/// The results that were due in a period, in that order.
#[must_use]
pub fn in_order(tests: &[Test], start: Timestamp, end: Timestamp) -> Vec<&Test> {
    let within = |test: &&Test| test.asked_at >= start && test.asked_at < end;
    let mut all: Vec<&Test> = tests.iter().filter(within).collect();
    all.sort_by_key(|test| (test.asked_at, test.id));
    all
}

/// The report of results in any order.
#[must_use]
pub fn summarize(asked: Asked, tests: &[Test]) -> Report {
    let all = in_order(tests, asked.start, asked.end);
    let mut builder = Builder::new(asked);
    for test in all {
        builder.add(test);
    }
    builder.finish()
}
