//! The path to the selected host, hop by hop, while it is looked at.
//!
//! ```text
//!  hop host                     loss   last    avg   best  worst  stdev jitter
//!    1 gw.jump 10.0.0.1          0 %    0.3    0.3    0.2    0.9    0.1    0.1 ▁▁▂▁▁▁▁
//!  ✓ the target answers
//! ```

use crate::model::safe_text::width;
use crate::model::trace::{Hop, TraceReport};
use crate::tui::app::App;
use crate::tui::format;
use crate::tui::glyphs::GlyphTier;
use crate::tui::panes::{empty, not_ready};
use crate::tui::theme::Role;
use crate::tui::widgets::{Surface, spark};

const NUMBERS: [&str; 6] = ["last", "avg", "best", "worst", "stdev", "jitter"];

/// The target, what is sent, how many rounds.
#[must_use]
pub fn title(app: &App) -> (String, String) {
    let Some(trace) = &app.trace else {
        let title = app.host.as_deref().map(|host| format!("Hops to {host}"));
        return (title.unwrap_or_else(|| "Hops".to_owned()), String::new());
    };
    let report = &trace.report;
    let rounds = format::plural(report.rounds, "round");
    (format!("Hops to {}: {}", trace.host, report.protocol), format!("{rounds} · ms"))
}

struct Columns {
    host: usize,
    numbers: usize,
    number: usize,
    spark: usize,
}

impl Columns {
    fn at(wide: usize) -> Self {
        let number = if wide >= 90 { 7 } else { 6 };
        // The last heading is as wide as its column: one more keeps them apart.
        let fixed = 5 + 6 + 2;
        let mut numbers = NUMBERS.len();
        while numbers > 3 && wide < fixed + numbers * number + 15 {
            numbers -= 1;
        }
        let rest = wide.saturating_sub(fixed + numbers * number);
        let spark = match rest {
            60.. => 24,
            44.. => 16,
            24.. => 8,
            _ => 0,
        };
        let host = rest.saturating_sub(if spark > 0 { spark + 2 } else { 0 });
        Self { host, numbers, number, spark }
    }

    /// Where the column of number `at` ends.
    const fn end(&self, at: usize) -> usize {
        let apart = if at == NUMBERS.len() - 1 { 1 } else { 0 };
        5 + self.host + 6 + (at + 1) * self.number + apart
    }
}

/// Draws the table and the verdict.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let Some(trace) = &app.trace else {
        match &app.host {
            Some(host) => empty(surface, &[&format!("Tracing {host}…")]),
            None => empty(surface, &[not_ready(app).unwrap_or("No host is selected.")]),
        }
        return;
    };
    table(surface, &trace.report, app.hop, None, app.options.glyphs);
}

/// Draws a report's hops from `first` on, and its verdict. With a chosen hop every address of each
/// has a line, the chosen one is marked, and all of its lines are on screen.
pub(super) fn table(
    surface: &mut Surface<'_>,
    report: &TraceReport,
    first: usize,
    chosen: Option<usize>,
    tier: GlyphTier,
) {
    let columns = Columns::at(surface.width());
    heads(surface, &columns);
    let foot = if report.note.is_empty() { 2 } else { 3 };
    let rows = surface.height().saturating_sub(1 + foot);
    // The hop and which of its further addresses; zero is the hop itself.
    let lines: Vec<(usize, usize)> = report
        .hops
        .iter()
        .enumerate()
        .flat_map(|(at, hop)| {
            let more = if chosen.is_some() { hop.addresses.len().max(1) } else { 1 };
            (0..more).map(move |address| (at, address))
        })
        .collect();
    let first = match chosen {
        Some(hop) => {
            let last = lines.iter().rposition(|(at, _)| *at == hop).unwrap_or(0);
            (last + 1).saturating_sub(rows)
        }
        None => first.min(lines.len().saturating_sub(rows)),
    };
    let probes = report.hops.iter().flat_map(|hop| hop.recent_ms.iter().flatten());
    let worst = probes.fold(0.0, |a: f64, b| a.max(*b));
    for (y, (at, address)) in lines.iter().skip(first).take(rows).enumerate() {
        let Some(hop) = report.hops.get(*at) else { continue };
        if *address == 0 {
            row(surface, y + 1, hop, &columns, (worst, tier));
        } else if let Some(known) = hop.addresses.get(*address) {
            let name = known.name.as_ref().map(|name| format!("{name} ")).unwrap_or_default();
            let text = format!("{name}{}", known.address);
            surface.say(5, y + 1, columns.host, &text, Role::Muted);
        }
        if chosen == Some(*at) {
            if *address == 0 {
                surface.say(0, y + 1, 1, "›", Role::Accent);
            }
            surface.tint(y + 1, Role::SelectionQuiet);
        }
    }
    let drawn = lines.len().saturating_sub(first).min(rows);
    let y = (drawn + 2).min(surface.height().saturating_sub(foot - 1));
    verdict(surface, y, report);
}

fn heads(surface: &mut Surface<'_>, columns: &Columns) {
    let style = surface.theme.style(Role::Muted);
    surface.say(1, 0, 3, "hop", Role::Muted);
    surface.say(5, 0, columns.host, "host", Role::Muted);
    surface.put_right(5 + columns.host + 6, 0, 6, "loss", style);
    for (at, name) in NUMBERS.iter().take(columns.numbers).enumerate() {
        surface.put_right(columns.end(at), 0, columns.number, name, style);
    }
}

fn row(surface: &mut Surface<'_>, y: usize, hop: &Hop, columns: &Columns, scale: (f64, GlyphTier)) {
    let (worst, tier) = scale;
    let muted = surface.theme.style(Role::Muted);
    let text = surface.theme.style(Role::Text);
    surface.put_right(4, y, 3, &hop.ttl.to_string(), muted);
    host(surface, y, hop, columns.host);
    let loss = format!("{:.0} %", hop.loss_pct);
    let style = if hop.loss_pct >= 0.5 { surface.theme.style(Role::Strong) } else { muted };
    surface.put_right(5 + columns.host + 6, y, 6, if hop.sent == 0 { "–" } else { &loss }, style);
    let numbers =
        [hop.last_ms, hop.avg_ms, hop.best_ms, hop.worst_ms, hop.stddev_ms, hop.jitter_ms];
    for (at, value) in numbers.into_iter().take(columns.numbers).enumerate() {
        surface.put_right(columns.end(at), y, columns.number, &format::round_trip(value), text);
    }
    let start = columns.end(columns.numbers.saturating_sub(1)) + 2;
    spark::round_trips(surface, (start, y), columns.spark, (&hop.recent_ms, worst), tier);
}

/// `gw.jump 10.0.0.1 +1`: the name, the address, and how many others answered.
fn host(surface: &mut Surface<'_>, y: usize, hop: &Hop, room: usize) {
    let Some(first) = hop.addresses.first() else {
        surface.say(5, y, room, "no answer", Role::Muted);
        return;
    };
    let address = first.address.to_string();
    let more = match hop.addresses.len() {
        1 => String::new(),
        many => format!(" +{}", many - 1),
    };
    let tail = format!("{address}{more}");
    let used = match &first.name {
        Some(name) if room > width(&tail) + 8 => {
            surface.say(5, y, room - width(&tail) - 1, name.as_str(), Role::Text) + 1
        }
        _ => 0,
    };
    let role = if used > 0 { Role::Muted } else { Role::Text };
    surface.say(5 + used, y, room.saturating_sub(used), &tail, role);
}

fn verdict(surface: &mut Surface<'_>, y: usize, report: &TraceReport) {
    let sign = if report.reached { ("✓ ", Role::StateOk) } else { ("● ", Role::StateCritical) };
    surface.line(1, y, &[sign, (report.verdict.as_str(), Role::Text)]);
    let room = surface.width().saturating_sub(4);
    surface.say(3, y + 1, room, report.note.as_str(), Role::Muted);
}
