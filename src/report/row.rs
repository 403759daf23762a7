//! One result as a report states it: what the digest is made of.
//!
//! A row is one line of CSV, its cells in the order of [`COLUMNS`]. Times are RFC 3339 in UTC with
//! milliseconds, numbers are the shortest decimals that give the same number back, what was not
//! measured is an empty cell, `breaches` is `KIND=VALUE/LIMIT`, several joined by `;`. A text that a
//! spreadsheet would take for a formula begins with `'` (see [`guarded`]); a number never does. No
//! text holds a line break, so a line of the file is a result.

use std::fmt::Write as _;

use crate::model::{
    Breach, BreachKind, Figures, SafeText, ScheduleId, Test, TestId, TestKind, TestPhase, Timestamp,
};

/// The first cell of a result.
pub const RESULT: &str = "result";
/// What each cell is.
pub const COLUMNS: [&str; 19] = [
    "record",
    "id",
    "asked_at",
    "started_at",
    "ended_at",
    "agent",
    "target",
    "test",
    "phase",
    "in_maintenance",
    "download_mbps",
    "upload_mbps",
    "latency_ms",
    "jitter_ms",
    "loss_pct",
    "breaches",
    "reason",
    "schedule",
    "asked_by",
];

/// A result in a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which.
    pub id: TestId,
    /// When it was asked for, or due: the period of a report goes by this.
    pub asked_at: Timestamp,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// From where.
    pub agent: SafeText,
    /// To where.
    pub target: SafeText,
    /// What.
    pub kind: TestKind,
    /// How it ended.
    pub phase: TestPhase,
    /// Whether a window covered it.
    pub in_maintenance: bool,
    /// What it measured.
    pub figures: Figures,
    /// Limits that it broke.
    pub breaches: Vec<Breach>,
    /// Why it failed or was missed.
    pub reason: SafeText,
    /// Of which schedule.
    pub schedule: Option<ScheduleId>,
    /// Who asked.
    pub asked_by: SafeText,
}

impl Row {
    /// Of a test.
    #[must_use]
    pub fn of(test: &Test) -> Self {
        let line = |text: &SafeText| SafeText::line(text.as_str());
        Self {
            id: test.id,
            asked_at: test.asked_at,
            started_at: test.started_at,
            ended_at: test.ended_at,
            agent: SafeText::line(&test.agent),
            target: line(&test.target),
            kind: test.spec.kind(),
            phase: test.phase,
            in_maintenance: test.in_maintenance,
            figures: sane(&test.figures),
            breaches: test.breaches.iter().copied().filter(is_sane).collect(),
            reason: line(&test.reason),
            schedule: test.schedule,
            asked_by: line(&test.asked_by),
        }
    }

    /// Its cells.
    #[must_use]
    pub fn cells(&self) -> [String; 19] {
        let time = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
        let [download, upload, latency, jitter, loss] = numbers(&self.figures);
        [
            RESULT.to_owned(),
            self.id.to_string(),
            self.asked_at.to_string(),
            time(self.started_at),
            time(self.ended_at),
            guarded(self.agent.as_str()),
            guarded(self.target.as_str()),
            self.kind.to_string(),
            self.phase.to_string(),
            self.in_maintenance.to_string(),
            download,
            upload,
            latency,
            jitter,
            loss,
            breaches(&self.breaches),
            guarded(self.reason.as_str()),
            self.schedule.map(|id| id.to_string()).unwrap_or_default(),
            guarded(self.asked_by.as_str()),
        ]
    }

    /// The row with these cells.
    ///
    /// # Errors
    /// The name of the column that cannot be read.
    pub fn parse<'a>(cell: impl Fn(usize) -> &'a str) -> Result<Self, &'static str> {
        let named = |index: usize| COLUMNS.get(index).copied().unwrap_or_default();
        let time = |index: usize| match cell(index) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| named(index)),
        };
        let number = |index: usize| match cell(index) {
            "" => Ok(None),
            text => match text.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(Some(value)),
                _ => Err(named(index)),
            },
        };
        let text = |index: usize| SafeText::line(&bare(cell(index)));
        Ok(Self {
            id: cell(1).parse().map_err(|_| named(1))?,
            asked_at: time(2)?.ok_or(named(2))?,
            started_at: time(3)?,
            ended_at: time(4)?,
            agent: text(5),
            target: text(6),
            kind: cell(7).parse().map_err(|()| named(7))?,
            phase: cell(8).parse().map_err(|()| named(8))?,
            in_maintenance: cell(9).to_ascii_lowercase().parse().map_err(|_| named(9))?,
            figures: Figures {
                download_mbps: number(10)?,
                upload_mbps: number(11)?,
                latency_ms: number(12)?,
                jitter_ms: number(13)?,
                loss_pct: number(14)?,
            },
            breaches: parse_breaches(cell(15)).ok_or(named(15))?,
            reason: text(16),
            schedule: match cell(17) {
                "" => None,
                id => Some(id.parse().map_err(|_| named(17))?),
            },
            asked_by: text(18),
        })
    }
}

/// What is no number is none.
fn sane(figures: &Figures) -> Figures {
    let sane = |value: Option<f64>| value.filter(|value| value.is_finite());
    Figures {
        download_mbps: sane(figures.download_mbps),
        upload_mbps: sane(figures.upload_mbps),
        latency_ms: sane(figures.latency_ms),
        jitter_ms: sane(figures.jitter_ms),
        loss_pct: sane(figures.loss_pct),
    }
}

fn is_sane(breach: &Breach) -> bool {
    breach.value.is_finite() && breach.limit.is_finite()
}

/// The figures as cells.
#[must_use]
pub fn numbers(figures: &Figures) -> [String; 5] {
    figures.named().map(|(_, value)| value.map(|value| value.to_string()).unwrap_or_default())
}

const KINDS: [(BreachKind, &str); 7] = [
    (BreachKind::Download, "download"),
    (BreachKind::Upload, "upload"),
    (BreachKind::Latency, "latency"),
    (BreachKind::Jitter, "jitter"),
    (BreachKind::PacketLoss, "packet_loss"),
    (BreachKind::DownloadBaseline, "download_baseline"),
    (BreachKind::UploadBaseline, "upload_baseline"),
];

fn breaches(all: &[Breach]) -> String {
    let mut out = String::new();
    for breach in all {
        let word = KINDS.iter().find(|(kind, _)| *kind == breach.kind).map_or("", |(_, word)| word);
        let before = if out.is_empty() { "" } else { ";" };
        // Writing to a string cannot fail.
        let _ = write!(out, "{before}{word}={}/{}", breach.value, breach.limit);
    }
    out
}

fn parse_breaches(text: &str) -> Option<Vec<Breach>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let parts = text.split(';').map(|part| {
        let (word, figures) = part.split_once('=')?;
        let (value, limit) = figures.split_once('/')?;
        let kind = KINDS.iter().find(|(_, name)| *name == word)?.0;
        let breach = Breach { kind, value: value.parse().ok()?, limit: limit.parse().ok()? };
        is_sane(&breach).then_some(breach)
    });
    parts.collect()
}

/// What a spreadsheet takes a cell for a formula by, and what it skips before.
const FORMULA: [char; 11] =
    ['=', '+', '-', '@', '\t', '\r', '\0', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

fn is_formula(text: &str) -> bool {
    text.trim_start_matches(['\'', ' ']).starts_with(FORMULA)
}

/// A text as a cell: one that would be a formula gets a `'` before it.
#[must_use]
pub fn guarded(text: &str) -> String {
    if is_formula(text) { format!("'{text}") } else { text.to_owned() }
}

/// The text of a cell: what [`guarded`] put before it is taken away.
#[must_use]
pub fn bare(cell: &str) -> String {
    match cell.strip_prefix('\'') {
        Some(text) if is_formula(text) => text.to_owned(),
        _ => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn t14_a_text_that_would_be_a_formula_is_text() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\0x", "'=1", " =1", "＝1"] {
            let cell = guarded(text);
            assert!(cell.starts_with('\''), "{text:?}");
            assert_eq!(bare(&cell), text, "{text:?}");
        }
        for text in ["", "web-1", "'quoted'", "a=b", "http://x/?a=-1", "1-2"] {
            assert_eq!(guarded(text), text);
            assert_eq!(bare(text), text);
        }
    }

    proptest! {
        #[test]
        fn t14_whatever_is_guarded_comes_back(text in "['=+@\\-\\PC]{0,6}") {
            prop_assert_eq!(bare(&guarded(&text)), text);
        }
    }
}
