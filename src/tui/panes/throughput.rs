//! Live throughput: what an interface takes in and sends out. A host without interface counters
//! shows the round trips of its first ping, and the title says so.

use crate::model::safe_text::width;
use crate::model::{Name, Unit};
use crate::tui::app::App;
use crate::tui::book::{Book, Summary, summary};
use crate::tui::format;
use crate::tui::panes::{empty, not_ready};
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;
use crate::tui::widgets::chart::{Chart, Dot, Line};

fn interface<'a>(app: &'a App, book: &Book) -> Option<(&'a Name, usize, usize)> {
    let mut all = book.interfaces();
    all.sort();
    let name = app.interface.as_ref()?;
    let at = all.iter().position(|have| have == name)?;
    Some((name, at + 1, all.len()))
}

/// What the graph shows, and which of how many.
#[must_use]
pub fn title(app: &App) -> (String, String) {
    let Some(book) = &app.graph else { return ("Throughput".to_owned(), String::new()) };
    let (range, ..) = app.window(book);
    let host = &book.key.host;
    if let Some((name, at, count)) = interface(app, book) {
        let right = if count > 1 { format!("{at} of {count}") } else { String::new() };
        return (format!("Throughput: {host} {name}, {range}"), right);
    }
    if round_trips(book).is_some() {
        return (format!("Throughput: {host} rtt, {range}"), "no counters".to_owned());
    }
    (format!("Throughput: {host}, {range}"), String::new())
}

fn round_trips(book: &Book) -> Option<Vec<Dot>> {
    let track = book
        .track("rtt", None)
        .or_else(|| book.tracks.iter().find(|track| track.metric.unit == Unit::Seconds))?;
    Some(track.dots())
}

/// Draws the graph with its figures above.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let Some(book) = &app.graph else {
        let text = "No check here measures throughput or rtt.";
        empty(surface, &[not_ready(app).unwrap_or(text)]);
        return;
    };
    let (_, from, to) = app.window(book);
    let (unit, limits, lines, names) = if let Some((name, _, _)) = interface(app, book) {
        let rates = |metric: &str| {
            book.track(metric, Some(name)).map(crate::tui::book::Track::rates).unwrap_or_default()
        };
        let lines = vec![
            Line { dots: rates("octets_in"), role: Role::Chart1 },
            Line { dots: rates("octets_out"), role: Role::Chart2 },
        ];
        (Unit::BitsPerSecond, Vec::new(), lines, ["in ", "out"])
    } else if let Some(dots) = round_trips(book) {
        let lines = vec![Line { dots, role: Role::Chart1 }];
        (
            Unit::Seconds,
            crate::tui::panes::graph::limits(book.track("rtt", None)),
            lines,
            ["rtt", ""],
        )
    } else {
        match (&book.problem, book.loaded) {
            (Some(problem), _) => empty(surface, &["No history:", problem]),
            (None, true) => empty(surface, &["No number in this time yet."]),
            (None, false) => empty(surface, &["Asking for the history…"]),
        }
        return;
    };
    let count = lines.len();
    let loss = book.track("loss", None).filter(|_| unit == Unit::Seconds);
    let loss =
        loss.map(|loss| format!("loss {}", format::value(loss.metric.value, &loss.metric.unit)));
    // A blank at the right end, two before the loss.
    let reserved = loss.as_ref().map_or(1, |loss| width(loss) + 3);
    for (y, (line, name)) in lines.iter().zip(names).enumerate() {
        let wide = surface.width().saturating_sub(reserved);
        figures(&mut surface.part(0, y, wide, 1), 0, name, line, &unit, (from, to));
    }
    if let Some(loss) = loss {
        let style = surface.theme.style(Role::Text);
        let end = surface.width().saturating_sub(1);
        surface.put_right(end, 0, width(&loss), &loss, style);
    }
    let mut chart = Chart::new(&unit, &app.options.zone, app.options.glyphs, (from, to));
    (chart.lines, chart.limits) = (lines, limits);
    let (wide, high) = (surface.width(), surface.height());
    chart.draw(&mut surface.part(1, count, wide.saturating_sub(2), high.saturating_sub(count)));
}

/// `━ in   9.4 Mb/s   min 0 b/s  avg 6.1 Mb/s  max 9.9 Mb/s`
pub fn figures(
    surface: &mut Surface<'_>,
    y: usize,
    name: &str,
    line: &Line,
    unit: &Unit,
    (from, to): (crate::model::Timestamp, crate::model::Timestamp),
) {
    let last = line.dots.last().map_or(f64::NAN, |dot| dot.value);
    let head = format!(" {name} {:>9}", format::value(last, unit));
    let room = surface.width().saturating_sub(width(&head) + 2);
    let rest = figures_that_fit(summary(&line.dots, from, to), unit, room);
    surface.line(1, y, &[("━", line.role), (&head, Role::Text), (&rest, Role::Muted)]);
}

/// Whole figures only; where not all fit, the largest says most and goes last.
fn figures_that_fit(of: Option<Summary>, unit: &Unit, room: usize) -> String {
    let Some(Summary { min, avg, max, .. }) = of else {
        let nothing = "    nothing measured";
        return if nothing.len() <= room { nothing.to_owned() } else { String::new() };
    };
    let figure = |name: &str, value: f64| format!("  {name} {}", format::value(value, unit));
    let all = [figure("min", min), figure("avg", avg), figure("max", max)];
    (0..all.len())
        .map(|from| format!("  {}", all.get(from..).unwrap_or(&[]).concat()))
        .find(|text| width(text) <= room)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_whole_or_absent() {
        let of = Some(Summary { min: 0.000_12, avg: 0.000_155, max: 0.000_2, p95: 0.000_2 });
        let text = |room| figures_that_fit(of, &Unit::Seconds, room);
        assert_eq!(text(42), "    min 120 µs  avg 155 µs  max 200 µs");
        assert_eq!(text(37), "    avg 155 µs  max 200 µs");
        assert_eq!(text(25), "    max 200 µs");
        assert_eq!(text(13), "");
        assert_eq!(figures_that_fit(None, &Unit::Seconds, 19), "");
    }
}
