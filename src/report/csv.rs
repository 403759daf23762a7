//! The results of a report as CSV (RFC 4180): a line for each, then the summary, then the digest.
//!
//! The first cell says what a line is: `result` (see [`super::row`]), `summary` (a figure of all, in
//! the columns of the results, or a sentence under `reason`) or `digest`. The digest is of the lines
//! that begin with `result,`, each with its line feed.

use std::io::{self, Write};

use aws_lc_rs::digest::{Context, SHA256};

use super::row::{COLUMNS, Row, guarded};
use super::shown;
use super::stats::Stats;
use super::summary::Report;
use crate::model::{Figures, Test};

/// The digest of results that come one by one.
pub struct Sum(::csv::Writer<Hashed<io::Sink>>);

impl Default for Sum {
    fn default() -> Self {
        Self(writer(Hashed::new(io::sink())))
    }
}

impl Sum {
    /// One more.
    pub fn add(&mut self, row: &Row) {
        // A hash takes everything, and a row has as many cells as every other.
        let _ = self.0.write_record(row.cells());
    }

    /// The digest, as 64 hexadecimal digits.
    #[must_use]
    pub fn finish(self) -> String {
        self.0.into_inner().map(Hashed::hex).unwrap_or_default()
    }
}

/// What is written goes on, and into a hash.
struct Hashed<W> {
    out: W,
    hash: Context,
}

impl<W> Hashed<W> {
    fn new(out: W) -> Self {
        Self { out, hash: Context::new(&SHA256) }
    }

    fn hex(self) -> String {
        hex(self.hash)
    }
}

fn hex(hash: Context) -> String {
    use std::fmt::Write as _;
    hash.finish().as_ref().iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.out.write(bytes)?;
        self.hash.update(bytes.get(..taken).unwrap_or_default());
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn writer<W: Write>(out: W) -> ::csv::Writer<W> {
    ::csv::WriterBuilder::new().terminator(::csv::Terminator::Any(b'\n')).from_writer(out)
}

/// A report as CSV, written as its results come.
pub struct Lines<W: Write>(::csv::Writer<Hashed<W>>);

impl<W: Write> Lines<W> {
    /// The file with its head.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(out: W) -> io::Result<Self> {
        // The head is written past the hash.
        let mut head = writer(Vec::new());
        head.write_record(COLUMNS)?;
        let head = head.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
        let mut out = out;
        out.write_all(&head)?;
        Ok(Self(writer(Hashed::new(out))))
    }

    /// One more result, in the order in which they were due.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(&mut self, row: &Row) -> io::Result<()> {
        Ok(self.0.write_record(row.cells())?)
    }

    /// The summary and the digest; what was written to is given back.
    ///
    /// # Errors
    /// When it cannot be written, or its results are not those of the report.
    pub fn finish(self, report: &Report) -> io::Result<W> {
        let hashed = self.0.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
        let Hashed { mut out, hash } = hashed;
        if hex(hash) != report.digest {
            return Err(io::Error::other("the results of the file are not those of the report"));
        }
        let mut lines = writer(&mut out);
        for (name, text) in sentences(report) {
            lines.write_record(line("summary", name, &Figures::default(), &text))?;
        }
        for (name, figures) in figures(report) {
            lines.write_record(line("summary", name, &figures, ""))?;
        }
        lines.write_record(line("digest", "sha256", &Figures::default(), &report.digest))?;
        lines.flush()?;
        drop(lines);
        Ok(out)
    }
}

/// The whole report of these results, which are written in the order in which they were due.
///
/// # Errors
/// When it cannot be written, or these are not the results of the report.
pub fn write<W: Write>(report: &Report, tests: &[Test], out: W) -> io::Result<W> {
    let mut lines = Lines::begin(out)?;
    let within = super::summary::in_order(tests, report.asked.start, report.asked.end);
    for test in within.into_iter().filter(|test| test.phase.is_over()) {
        lines.add(&Row::of(test))?;
    }
    lines.finish(report)
}

fn line(record: &str, name: &str, figures: &Figures, text: &str) -> [String; 19] {
    let mut cells: [String; 19] = Default::default();
    let [download, upload, latency, jitter, loss] = super::row::numbers(figures);
    let filled = [
        (0, record.to_owned()),
        (1, name.to_owned()),
        (10, download),
        (11, upload),
        (12, latency),
        (13, jitter),
        (14, loss),
        (16, guarded(text)),
    ];
    for (index, text) in filled {
        if let Some(cell) = cells.get_mut(index) {
            *cell = text;
        }
    }
    cells
}

fn sentences(report: &Report) -> Vec<(&'static str, String)> {
    let asked = &report.asked;
    let quality = &report.quality;
    let mut all = vec![
        ("agent", asked.agent.to_string()),
        ("target", asked.target.to_string()),
        ("start", shown(asked.start, asked.zone)),
        ("end", shown(asked.end, asked.zone)),
        ("zone", asked.zone.name().to_owned()),
        ("made_at", shown(asked.made_at, asked.zone)),
    ];
    if let Some(sla) = &asked.sla {
        let parties = [("customer", &sla.customer), ("carrier", &sla.carrier), ("link", &sla.link)];
        let known = parties.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?)));
        all.extend(known.map(|(name, text)| (name, text.clone())));
    }
    all.push(("verdict", report.verdict.sentence.clone()));
    all.extend(report.verdict.lines.iter().map(|line| ("promise", line.to_string())));
    all.push(("maintenance", report.maintenance()));
    if let Some(expected) = quality.expected {
        all.push(("runs_expected", expected.to_string()));
    }
    for (name, count) in quality.named() {
        all.push((name, count.to_string()));
    }
    all
}

fn figures(report: &Report) -> Vec<(&'static str, Figures)> {
    type Pick = fn(&Stats) -> f64;
    let kinds: [(&str, &str, Pick); 6] = [
        ("average", "average_with_maintenance", |of| of.mean),
        ("min", "min_with_maintenance", |of| of.min),
        ("p5", "p5_with_maintenance", |of| of.p5),
        ("p50", "p50_with_maintenance", |of| of.p50),
        ("p95", "p95_with_maintenance", |of| of.p95),
        ("max", "max_with_maintenance", |of| of.max),
    ];
    let mut all = Vec::new();
    for (name, with, pick) in kinds {
        let [download_mbps, upload_mbps, latency_ms, jitter_ms, loss_pct] =
            report.figures.each_ref().map(|one| one.counted.as_ref().map(pick));
        all.push((name, Figures { download_mbps, upload_mbps, latency_ms, jitter_ms, loss_pct }));
        let [download_mbps, upload_mbps, latency_ms, jitter_ms, loss_pct] =
            report.figures.each_ref().map(|one| one.all.as_ref().map(pick));
        all.push((with, Figures { download_mbps, upload_mbps, latency_ms, jitter_ms, loss_pct }));
    }
    all
}

/// What a CSV holds.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Read {
    /// Its results.
    pub rows: Vec<Row>,
    /// The digest that it states.
    pub digest: Option<String>,
}

/// Reads a report; each result goes to `each`, and the digest that it states is returned.
///
/// # Errors
/// A sentence that names the line.
pub fn scan(file: &[u8], mut each: impl FnMut(Row)) -> Result<Option<String>, String> {
    let file = file.strip_prefix("\u{feff}".as_bytes()).unwrap_or(file);
    let mut reader = ::csv::ReaderBuilder::new().from_reader(file);
    let heads = reader.headers().map_err(|error| error.to_string())?;
    if heads.iter().ne(COLUMNS) {
        return Err("line 1: these are not the columns of a report".to_owned());
    }
    let mut digest = None;
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let line = record.position().map_or(0, ::csv::Position::line);
        let cell = |index: usize| record.get(index).unwrap_or_default();
        match cell(0) {
            super::row::RESULT => {
                let row = Row::parse(cell)
                    .map_err(|column| format!("line {line}: `{column}` cannot be read"))?;
                each(row);
            }
            "digest" => digest = Some(cell(16).to_owned()),
            "summary" => {}
            _ => return Err(format!("line {line}: it is neither a result nor a summary")),
        }
    }
    Ok(digest)
}

/// Reads a report with all its results.
///
/// # Errors
/// As [`scan`].
pub fn read(file: &[u8]) -> Result<Read, String> {
    let mut rows = Vec::new();
    let digest = scan(file, |row| rows.push(row))?;
    Ok(Read { rows, digest })
}
