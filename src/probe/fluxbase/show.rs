//! What an instance's surfaces said, as states with words, metrics and series. Pure.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use super::document::{Health, Live, Report, SECTIONS, System, VERSION};
use crate::model::safe_text::width;
use crate::model::spec::FluxbasePart;
use crate::model::{
    Layout, Metric, Name, Observation, SafeText, Scrape, ScrapeReport, Span, State, Unit,
};

/// Most reasons in one line.
const REASON_LIMIT: usize = 5;
/// What stands where a document has nothing (SPEC FB-12).
const MISSING: &str = "—";

/// What one surface said, judged.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub state: State,
    /// Why it is not well.
    pub reasons: Vec<String>,
    /// What is to be said of it anyway.
    pub line: String,
    /// The same at length.
    pub long: String,
    pub metrics: Vec<Metric>,
    pub scrape: Option<Arc<Scrape>>,
}

impl Default for Seen {
    /// Well, with nothing to say.
    fn default() -> Self {
        Self {
            state: State::Ok,
            reasons: Vec::new(),
            line: String::new(),
            long: String::new(),
            metrics: Vec::new(),
            scrape: None,
        }
    }
}

impl Seen {
    /// The reasons, then the rest.
    pub fn text(&self) -> String {
        let shown = self.reasons.iter().take(REASON_LIMIT).cloned();
        let more = match self.reasons.len().saturating_sub(REASON_LIMIT) {
            0 => String::new(),
            more => format!("{more} more"),
        };
        let parts = shown.chain([more, self.line.clone()]).filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join("; ")
    }

    /// The observation of it alone.
    pub fn observation(self) -> Observation {
        Observation {
            long: SafeText::text(&self.long),
            claimed: Some(self.state),
            scrape: self.scrape.clone(),
            ..Observation::seen(self.text(), self.metrics)
        }
    }
}

/// The figures.
pub(super) fn system(known: &System, took: f64) -> Seen {
    let mut metrics = vec![Metric::new("time", took, Unit::Seconds)];
    for figure in &known.figures {
        metrics.push(Metric::new(figure.key, figure.value, unit(figure.key)));
    }
    let pool = known.get("acquired_conns").zip(known.get("max_conns"));
    if let Some((used, most)) = pool.filter(|(_, most)| *most > 0.0) {
        metrics.push(Metric::new("pool_usage", used / most * 100.0, Unit::Percent));
    }
    let mut series: Vec<(Name, f64)> = Vec::new();
    for figure in &known.figures {
        let parts = ["fluxbase_monitoring", figure.at, figure.key];
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        series.push((parts.collect::<Vec<_>>().join("_").into(), figure.value));
    }
    let report = ScrapeReport { up: true, duration: took, ..ScrapeReport::default() };
    Seen {
        line: figures_line(known),
        long: figures_table(known),
        metrics,
        scrape: Some(Arc::new(scrape(series, report))),
        ..Seen::default()
    }
}

fn unit(key: &str) -> Unit {
    match key {
        "uptime_seconds" => Unit::Seconds,
        "num_gc" | "memory_total_alloc_mb" | "acquire_duration_ms" => Unit::Counter,
        _ if key.ends_with("_count") => Unit::Counter,
        _ => Unit::Count,
    }
}

/// `up 1d, 42 goroutines, 128 MiB, 3 of 25 connections in use, 4 realtime`.
fn figures_line(known: &System) -> String {
    let mut parts = Vec::new();
    if let Some(seconds) = known.get("uptime_seconds") {
        parts.push(format!("up {}", rough(seconds)));
    }
    for (key, word) in [("num_goroutines", "goroutines"), ("memory_alloc_mb", "MiB")] {
        parts.extend(known.get(key).map(|value| format!("{value} {word}")));
    }
    if let Some((used, most)) = known.get("acquired_conns").zip(known.get("max_conns")) {
        parts.push(format!("{used} of {most} connections in use"));
    }
    parts.extend(known.get("total_connections").map(|count| format!("{count} realtime")));
    parts.join(", ")
}

/// Seconds as the two largest units.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative, and a cast of a float keeps within the type's bounds"
)]
fn rough(seconds: f64) -> String {
    let seconds = seconds.min(1e12) as u64;
    let step = match seconds {
        0..=59 => 1,
        60..=86_399 => 60,
        _ => 3600,
    };
    Span::from_secs(seconds / step * step).to_string()
}

/// The promised keys by section, missing ones too, and what there is besides.
fn figures_table(known: &System) -> String {
    let rows = SECTIONS.iter().map(|section| {
        let promised = section.keys.iter().map(|key| {
            let value = if *key == VERSION {
                known.version.clone()
            } else {
                known.get(key).map(|value| value.to_string())
            };
            format!("{key} {}", value.as_deref().unwrap_or(MISSING))
        });
        let more = section.more.iter();
        let more = more.filter_map(|key| Some(format!("{key} {}", known.get(key)?)));
        let cells: Vec<String> = promised.chain(more).collect();
        vec![section.title.to_owned(), cells.join(", ")]
    });
    table(&rows.collect::<Vec<_>>())
}

/// The report of health.
pub(super) fn health(report: &Report, took: f64) -> Seen {
    let mut metrics = vec![Metric::new("time", took, Unit::Seconds)];
    let mut rows = vec![["SERVICE", "STATUS", "LATENCY", "SAYS"].map(str::to_owned).to_vec()];
    let mut reasons: Vec<(Health, String)> = Vec::new();
    for service in &report.services {
        if let Some(latency) = service.latency {
            metrics.push(Metric::new("latency", latency, Unit::Seconds).of(&service.name));
        }
        let word = service.health.word();
        rows.push(vec![
            service.name.clone(),
            word.to_owned(),
            service.latency.map_or(MISSING.to_owned(), |s| format!("{} ms", s * 1000.0)),
            service.message.clone(),
        ]);
        if service.health != Health::Healthy {
            let says = &service.message;
            let says = if says.is_empty() { String::new() } else { format!(": {says}") };
            reasons.push((service.health, format!("{} {word}{says}", service.name)));
        }
    }
    // Stable, the worst first.
    reasons.sort_by_key(|(health, _)| std::cmp::Reverse(*health));
    let state = match report.health {
        Health::Unhealthy => State::Critical,
        Health::Degraded => State::Warning,
        // What a service says of itself and the whole does not: it serves.
        Health::Healthy if !reasons.is_empty() => State::Warning,
        Health::Healthy => State::Ok,
    };
    let mut reasons: Vec<String> = reasons.into_iter().map(|(_, why)| why).collect();
    if reasons.is_empty() && state != State::Ok {
        reasons.push("no service is named".to_owned());
    }
    let names: Vec<&str> = report.services.iter().map(|service| service.name.as_str()).collect();
    let line = match (state, names.is_empty()) {
        (State::Ok, false) => format!("healthy: {}", names.join(", ")),
        _ => report.health.word().to_owned(),
    };
    Seen { state, reasons, line, long: table(&rows), metrics, scrape: None }
}

/// The open `/health`.
pub(super) fn live(said: &Live, took: f64) -> Seen {
    let down = said.services.iter().filter(|(name, up)| !up && name == "database");
    let mut reasons: Vec<String> = down.map(|(name, _)| format!("{name} down")).collect();
    let state = if said.is_ok && reasons.is_empty() { State::Ok } else { State::Critical };
    if state != State::Ok && reasons.is_empty() {
        reasons.push("it says `degraded`: its database does not answer".to_owned());
    }
    let mut parts = vec![if said.is_ok { "alive" } else { "alive, and does not serve" }.to_owned()];
    for (name, up) in &said.services {
        // Of realtime it says whether it is configured.
        parts.push(match (name.as_str(), up) {
            ("realtime", up) => format!("realtime {}", if *up { "on" } else { "off" }),
            (name, up) => format!("{name} {}", if *up { "up" } else { "down" }),
        });
    }
    let metrics = vec![Metric::new("time", took, Unit::Seconds)];
    Seen { state, reasons, line: parts.join(", "), metrics, ..Seen::default() }
}

/// All surfaces as one.
pub(super) fn together(parts: Vec<(FluxbasePart, Seen)>) -> Observation {
    let mut all = Seen::default();
    let mut rows = vec![["SURFACE", "STATE", "SAYS"].map(str::to_owned).to_vec()];
    let mut reasons: Vec<(State, String)> = Vec::new();
    let mut lines = Vec::new();
    let mut scrapes = Vec::new();
    for (part, seen) in parts {
        let word = part.word();
        rows.push(vec![word.to_owned(), seen.state.to_string(), seen.text()]);
        all.state = all.state.worst(seen.state);
        reasons.extend(seen.reasons.iter().map(|why| (seen.state, format!("{word}: {why}"))));
        if matches!(part, FluxbasePart::Health | FluxbasePart::System) && !seen.line.is_empty() {
            lines.push(seen.line.clone());
        }
        if !seen.long.is_empty() {
            lines_of(&mut all.long, &seen.long);
        }
        all.metrics.extend(seen.metrics.into_iter().map(|metric| {
            if metric.instance.is_none() && is_of_request(&metric.name) {
                metric.of(word)
            } else {
                metric
            }
        }));
        scrapes.extend(seen.scrape);
    }
    reasons.sort_by_key(|(state, _)| std::cmp::Reverse(state.severity()));
    all.reasons = reasons.into_iter().map(|(_, why)| why).collect();
    all.line = lines.join("; ");
    let long = format!("{}\n{}", table(&rows), all.long);
    long.trim_end().clone_into(&mut all.long);
    all.scrape = merged(&scrapes);
    all.observation()
}

fn lines_of(all: &mut String, more: &str) {
    all.push('\n');
    all.push_str(more);
    all.push('\n');
}

/// True for what every request has.
fn is_of_request(name: &str) -> bool {
    name.starts_with("time") || matches!(name, "size" | "status" | "certificate_days")
}

/// Several scrapes as one: up when all are.
fn merged(scrapes: &[Arc<Scrape>]) -> Option<Arc<Scrape>> {
    let (first, rest) = scrapes.split_first()?;
    if rest.is_empty() {
        return Some(Arc::clone(first));
    }
    let mut report = ScrapeReport { up: true, ..ScrapeReport::default() };
    let mut series = Vec::new();
    for scrape in scrapes {
        report.up &= scrape.report.up;
        report.duration += scrape.report.duration;
        report.added = report.added.saturating_add(scrape.report.added);
        series.extend(scrape.layout.series.iter().cloned().zip(scrape.values.iter().copied()));
    }
    Some(Arc::new(scrape(series, report)))
}

/// Series with their values as a scrape.
fn scrape(series: Vec<(Name, f64)>, report: ScrapeReport) -> Scrape {
    let (series, values): (Vec<Name>, Vec<f64>) = series.into_iter().unzip();
    let mut hasher = DefaultHasher::new();
    series.hash(&mut hasher);
    let count = u32::try_from(series.len()).unwrap_or(u32::MAX);
    let report = ScrapeReport { samples: count, kept: count, ..report };
    let layout = Arc::new(Layout { id: hasher.finish(), series });
    Scrape { layout, values, stamps: Vec::new(), report }
}

/// Rows with their cells below each other.
fn table(rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (most, cell) in widths.iter_mut().zip(row) {
            *most = (*most).max(width(cell));
        }
    }
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(&widths).map(|(cell, wide)| {
            let gap = wide.saturating_sub(width(cell));
            format!("{cell}{}", " ".repeat(gap))
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
#[path = "show_tests.rs"]
mod tests;
