//! How the series look.
//!
//! ```text
//!  check            series                                             last  of late
//! ›web-1/node       node_load1                                         0.31  ▂▂▃▅▃▂▂▂
//!  web-1/node       node_network_receive_bytes_total{device="eth0"} 9.4 Mb/s  ▁▁▂▇▇▂▁▁
//! ```

use crate::model::SafeText;
use crate::model::safe_text::width;
use crate::protocol::{SeriesPast, SeriesRow};
use crate::tui::app::{App, Pane};
use crate::tui::format;
use crate::tui::panes::rows::select;
use crate::tui::panes::{empty, graph, not_ready, pin, throughput};
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;
use crate::tui::widgets::chart::{Chart, Dot, Line};
use crate::tui::widgets::spark::{self, Cell};

/// Columns of a value with its unit.
const VALUE: usize = 11;

/// Filter and position; of the graph the series.
#[must_use]
pub fn title(app: &App, pane: Pane) -> (String, String) {
    let own = &app.own.series;
    if pane == Pane::SeriesGraph {
        let name = own.names.get(own.at).map_or(String::new(), SafeText::to_string);
        let range = graph::range(app, None);
        let each = if own.past.rate { "per second" } else { "" };
        return (
            if name.is_empty() { "Graph".to_owned() } else { format!("{name}, {range}") },
            each.to_owned(),
        );
    }
    let mut text = "Series".to_owned();
    if !own.filter.is_empty() {
        text = format!("{text} /{}", SafeText::line(&own.filter));
    }
    let size = &own.page.size;
    let kept = format!(
        "{} series of {}, {} samples in {}",
        short(size.series),
        format::plural(size.targets, "target"),
        short(size.samples),
        bytes(size.bytes),
    );
    let mut right = vec![kept];
    if size.evicted > 0 {
        right.push(format!("{} evicted", short(size.evicted)));
    }
    if size.refused > 0 {
        right.push(format!("{} refused", short(size.refused)));
    }
    if !own.page.rows.is_empty() {
        right.push(format!("{} of {}", own.at + 1, own.page.found));
    }
    (text, right.join(" · "))
}

/// `1.2M`, `340k`, `12`.
fn short(count: u64) -> String {
    match count {
        0..10_000 => count.to_string(),
        10_000..10_000_000 => format!("{}k", count / 1000),
        _ => format!("{}M", count / 1_000_000),
    }
}

fn bytes(count: u64) -> String {
    match count {
        0..10_240 => format!("{count} B"),
        10_240..10_485_760 => format!("{} KiB", count >> 10),
        _ => format!("{} MiB", count >> 20),
    }
}

/// The whole name of the series under the cursor with its last value, for a preview.
#[must_use]
pub fn preview(app: &App) -> Option<(String, String)> {
    let own = &app.own.series;
    let row = own.row()?;
    let name = own.names.get(own.at)?.to_string();
    Some((name, format!("{}  {}", row.check, last(row).0)))
}

/// Draws one of the panes.
pub fn view(app: &App, pane: Pane, surface: &mut Surface<'_>) {
    if pane == Pane::SeriesGraph { past(app, surface) } else { list(app, surface) }
}

fn nothing(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.series;
    match (&own.problem, not_ready(app)) {
        (Some(problem), _) => empty(surface, &["The series cannot be shown:", problem]),
        (None, Some(text)) => empty(surface, &[text]),
        (None, None) if !own.loaded => empty(surface, &["Asking the engine…"]),
        (None, None) if !own.filter.is_empty() => {
            empty(surface, &["Nothing passes the filter; Esc clears it."]);
        }
        (None, None) => empty(
            surface,
            &[
                "Nothing is scraped. In config.toml:",
                "",
                "  [[host.check]]",
                "  kind = \"scrape\"",
                "  url = \"http://web-1:9100/metrics\"",
                "",
                "keeps every series of an exporter here (:reload reads it).",
            ],
        ),
    }
}

fn list(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.series;
    if own.page.rows.is_empty() || own.problem.is_some() {
        return nothing(app, surface);
    }
    let wide = surface.width();
    let longest = own.page.rows.iter().map(|row| width(&row.check.to_string())).max();
    let (check, spark) = match wide {
        0..100 => (18, 10),
        100..160 => (24, 24),
        _ => (32, 40),
    };
    let check = longest.unwrap_or(0).clamp(5, check);
    let name = wide.saturating_sub(check + VALUE + spark + 6);
    let top = usize::from(wide != usize::from(app.size.0));
    if top > 0 {
        surface.say(1, 0, check, "check", Role::Muted);
        surface.say(check + 2, 0, name, "series", Role::Muted);
        let style = surface.theme.style(Role::Muted);
        surface.put_right(check + name + VALUE + 3, 0, VALUE, "last", style);
        surface.say(check + name + VALUE + 5, 0, spark, "of late", Role::Muted);
    }
    let height = surface.height().saturating_sub(top);
    for (y, at) in own.scroll.window(own.at, own.page.rows.len(), height).enumerate() {
        let (Some(row), Some(text)) = (own.page.rows.get(at), own.names.get(at)) else { continue };
        let y = y + top;
        surface.say(1, y, check, &row.check.to_string(), Role::Strong);
        surface.say(check + 2, y, name, text.as_str(), Role::Text);
        let (value, role) = last(row);
        let style = surface.theme.style(role);
        surface.put_right(check + name + VALUE + 3, y, VALUE, &value, style);
        let cells: Vec<Cell> = row.spark.iter().map(|value| Cell::Value(*value)).collect();
        let high = row.spark.iter().copied().fold(0.0, f64::max);
        let place = (check + name + VALUE + 5, y);
        spark::bars(surface, place, spark, (&cells, high), app.options.glyphs);
        if pin::is_series(app, &row.check, &row.series) {
            surface.say(check + 1, y, 1, "▪", Role::Accent);
        }
        if at == own.at {
            select(app, surface, y, app.focus == Pane::SeriesList);
        }
    }
}

/// The last value of a row with its unit; of a counter how fast it grows.
fn last(row: &SeriesRow) -> (String, Role) {
    let (unit, factor) = super::unit(&row.series, row.rate);
    let value = if row.rate { row.spark.last().copied() } else { row.last };
    match (value, row.last) {
        (_, None) => ("stale".to_owned(), Role::Muted),
        (Some(value), _) => (format::value(value * factor, &unit), Role::Text),
        (None, _) => ("–".to_owned(), Role::Muted),
    }
}

fn past(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.series;
    let Some(row) = own.row() else { return empty(surface, &["No series is selected."]) };
    if let Some(problem) = &own.past_problem {
        return empty(surface, &["The past cannot be shown:", problem]);
    }
    draw(app, surface, &row.series, &own.past);
}

/// Draws the past of a series with its figures above.
pub fn draw(app: &App, surface: &mut Surface<'_>, series: &str, past: &SeriesPast) {
    let (unit, factor) = super::unit(series, past.rate);
    let (from, to) = super::window(app);
    let dots = past.points.iter().map(|point| Dot {
        at: point.at,
        value: point.value * factor,
        min: point.min * factor,
        max: point.max * factor,
        quarters: None,
    });
    let line = Line { dots: dots.collect(), role: Role::Chart1 };
    throughput::figures(app, surface, 0, "now", &line, (&unit, from, to));
    let mut chart = Chart::new(&unit, &app.options.zone, app.options.glyphs, (from, to));
    chart.now = app.wall();
    chart.lost.clone_from(&past.stale);
    (chart.cursor, chart.log) = (app.own.lens.cursor, app.own.lens.log);
    chart.lines = vec![line];
    let (wide, high) = (surface.width().saturating_sub(2), surface.height().saturating_sub(1));
    chart.draw(&mut surface.part(1, 1, wide, high));
}
