//! Round trips of the selected path: the whole path over time, or one hop probe by probe; below it
//! the last probes of every hop as one picture.
//!
//! ```text
//!  40ms┤     ⡠⠤⠒⠉                     one line over the range, × where probes were lost
//!   0ms┴─────────────
//!    1 ·····················×·····     hop by hop: shade by round trip, × lost
//!  › 2 ░░░░▒▒░░░░×░░░░▒░░░░░░░░░░
//! ```

use crate::model::Unit;
use crate::model::trace::{Hop, TraceReport};
use crate::tui::app::{App, Pane};
use crate::tui::format;
use crate::tui::num::{count, real};
use crate::tui::panes::paths::list::Row;
use crate::tui::panes::{empty, graph as graphs, throughput};
use crate::tui::theme::Role;
use crate::tui::widgets::chart::{Line, lost_sign};
use crate::tui::widgets::{Surface, spark};

/// Eighths of a cell.
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The hop in the graph, when one is chosen.
fn hop<'a>(app: &App, report: &'a TraceReport) -> Option<(usize, &'a Hop)> {
    let at = app.own.paths.hop?;
    report.hops.get(at).map(|hop| (at, hop))
}

/// What the graph is of.
pub fn title(app: &App) -> (String, String) {
    let Some(row) = super::selected(app) else { return ("Round trips".to_owned(), String::new()) };
    let report = super::report(&row).map(AsRef::as_ref);
    if let Some((_, hop)) = report.and_then(|report| hop(app, report)) {
        let who = hop.addresses.first().map(|first| match &first.name {
            Some(name) => format!(" {name}"),
            None => format!(" {}", first.address),
        });
        let text = format!("Round trips: hop {}{}", hop.ttl, who.unwrap_or_default());
        return (text, format!("last {}", format::plural(hop.recent_ms.len(), "probe")));
    }
    let range = graphs::range(app, app.own.paths.book.as_ref());
    (format!("Round trips to {}, {range}", row.host), String::new())
}

/// Draws the graph and the picture of the hops.
pub fn view(app: &App, row: &Row, surface: &mut Surface<'_>) {
    let report = super::report(row).map(AsRef::as_ref);
    let (wide, high) = (surface.width(), surface.height());
    let hops = report.map_or(0, |report| report.hops.len());
    // The graph keeps at least half; hops that do not fit are those that the cursor is not at.
    let below = hops.min(high / 2);
    let above = high.saturating_sub(below + usize::from(below > 0));
    let mut upper = surface.part(0, 0, wide, above);
    match report.and_then(|report| hop(app, report)) {
        Some((_, hop)) => probes(app, &mut upper, hop),
        None => whole(app, row, &mut upper),
    }
    if let Some(report) = report.filter(|_| below > 0) {
        let mut lower = surface.part(0, above + 1, wide, below);
        heat(app, &mut lower, report);
    }
}

/// The path's round trips over the range of graphs.
fn whole(app: &App, row: &Row, surface: &mut Surface<'_>) {
    let Some(book) = &app.own.paths.book else {
        let lines = [
            "A live trace has no history of its own: [ ] choose a hop, or",
            "a trace check keeps it.",
        ];
        empty(surface, if row.check.is_none() { &lines } else { &["Asking for the history…"] });
        return;
    };
    let Some(track) = book.track("rtt", None) else {
        return graphs::without(surface, book, "No round trip was measured in this time.");
    };
    let unit = &track.metric.unit;
    let mut chart = graphs::chart(app, book, unit);
    let line = Line { dots: track.dots(), role: Role::Chart1 };
    throughput::figures(app, surface, 0, "now", &line, (unit, chart.from, chart.to));
    chart.limits = graphs::limits(Some(track));
    chart.lines = vec![line];
    let (wide, high) = (surface.width().saturating_sub(2), surface.height().saturating_sub(1));
    chart.draw(&mut surface.part(1, 1, wide, high));
}

/// One hop, probe by probe, the newest at the right: bars from zero, `×` for what was lost.
fn probes(app: &App, surface: &mut Surface<'_>, hop: &Hop) {
    let number = |value| format!("{} ms", format::round_trip(value));
    let words = format!(
        "last {}  avg {}  best {}  worst {}  lost {:.0} %",
        number(hop.last_ms),
        number(hop.avg_ms),
        number(hop.best_ms),
        number(hop.worst_ms),
        hop.loss_pct
    );
    surface.say(1, 0, surface.width().saturating_sub(2), &words, Role::Text);
    let rows = surface.height().saturating_sub(2);
    if rows == 0 {
        return;
    }
    let top = hop.recent_ms.iter().flatten().fold(0.0_f64, |a, b| a.max(*b));
    let label = format::value(top / 1000.0, &Unit::Seconds);
    let style = surface.theme.style(Role::Axis);
    let left = 9;
    surface.put_right(left - 1, 1, left - 1, &label, style);
    surface.put_right(left - 1, rows, left - 1, "0", style);
    for y in 1..=rows {
        surface.mark(left - 1, y, if y == 1 || y == rows { '┤' } else { '│' }, style);
    }
    let room = surface.width().saturating_sub(left + 1);
    let each = (room / hop.recent_ms.len().max(1)).clamp(1, 3);
    let shown = (room / each).min(hop.recent_ms.len());
    let skip = hop.recent_ms.len() - shown;
    let tier = app.options.glyphs;
    let bar = surface.theme.style(Role::Chart1);
    let lost = surface.theme.style(Role::StateCritical);
    let start = left + room - shown * each;
    for (n, probe) in hop.recent_ms.iter().skip(skip).enumerate() {
        let x = start + n * each;
        match probe {
            None => surface.mark(x, rows, lost_sign(tier), lost),
            Some(ms) if top > 0.0 => {
                let eighths = count(ms / top * real(rows * 8)).max(1);
                for (up, y) in (1..=rows).rev().enumerate() {
                    let filled = eighths.saturating_sub(up * 8).min(8);
                    let sign = filled.checked_sub(1).and_then(|at| LEVELS.get(at));
                    if let Some(sign) = sign {
                        for column in x..x + each.saturating_sub(1).max(1) {
                            surface.mark(column, y, *sign, bar);
                        }
                    }
                }
            }
            Some(_) => {}
        }
    }
    let text = "probes, the newest at the right; × is lost";
    surface.say(left, rows + 1, room, text, Role::Axis);
}

/// The last probes of all hops under each other.
fn heat(app: &App, surface: &mut Surface<'_>, report: &TraceReport) {
    let (wide, high) = (surface.width(), surface.height());
    let chosen = app.own.paths.hop.unwrap_or(usize::MAX);
    let last = report.hops.len().saturating_sub(high);
    let first = if chosen < report.hops.len() { (chosen + 1).saturating_sub(high) } else { last };
    let all = report.hops.iter().flat_map(|hop| hop.recent_ms.iter().copied());
    let cells: Vec<spark::Cell> = all.map(spark::Cell::from).collect();
    let top = spark::calm_top(&cells);
    let muted = surface.theme.style(Role::Muted);
    for (y, (at, hop)) in report.hops.iter().enumerate().skip(first).take(high).enumerate() {
        surface.put_right(7, y, 3, &hop.ttl.to_string(), muted);
        if at == chosen {
            surface.say(0, y, 1, "›", Role::Accent);
        }
        let cells: Vec<spark::Cell> =
            hop.recent_ms.iter().map(|probe| spark::Cell::from(*probe)).collect();
        let room = wide.saturating_sub(10);
        spark::heat(surface, (9, y), room, (&cells, top), app.options.glyphs);
        if at == chosen && app.focus != Pane::PathList {
            surface.tint(y, Role::SelectionQuiet);
        }
    }
}
