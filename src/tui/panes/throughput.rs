//! Live throughput: what an interface takes in and sends out. A host without interface counters
//! shows the round trips of its first ping, and the title says so.

use crate::model::safe_text::width;
use crate::model::{Name, Timestamp, Unit};
use crate::tui::app::App;
use crate::tui::book::{Book, Summary, Track, summary};
use crate::tui::format;
use crate::tui::glyphs::GlyphTier;
use crate::tui::panes::{empty, graph, not_ready, pin};
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;
use crate::tui::widgets::chart::{Dot, Line};

fn interface<'a>(app: &'a App, book: &Book) -> Option<(&'a Name, usize, usize)> {
    let mut all = book.interfaces();
    all.sort();
    let name = app.interface.as_ref()?;
    match all.iter().position(|have| have == name) {
        Some(at) => Some((name, at + 1, all.len())),
        // A pinned one keeps its place though it measured nothing in this time.
        None => {
            pin::interface(app).is_some_and(|(key, _)| *key == book.key).then_some((name, 0, 0))
        }
    }
}

/// What the graph shows, and which of how many.
#[must_use]
pub fn title(app: &App) -> (String, String) {
    if let Some(words) = pin::title(app) {
        return words;
    }
    let Some(book) = &app.graph else { return ("Throughput".to_owned(), String::new()) };
    let range = graph::range(app, Some(book));
    let host = &book.key.host;
    if let Some((name, at, count)) = interface(app, book) {
        let right = if count > 1 { format!("{at} of {count}") } else { String::new() };
        let word = if pin::interface(app).is_some() { "Pinned" } else { "Throughput" };
        return (format!("{word}: {host} {name}, {range}"), right);
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
    if pin::view(app, surface) {
        return;
    }
    let Some(book) = &app.graph else {
        let text = "No check here measures throughput or rtt.";
        empty(surface, &[not_ready(app).unwrap_or(text)]);
        return;
    };
    if let Some((name, at, _)) = interface(app, book) {
        match at {
            0 => graph::without(surface, book, "This interface has no rate in this time yet."),
            _ => draw_interface(app, surface, book, name),
        }
    } else if let Some(dots) = round_trips(book) {
        let lines = vec![Line { dots, role: Role::Chart1 }];
        draw(app, surface, book, (&Unit::Seconds, book.track("rtt", None), lines, ["rtt", ""]));
    } else {
        match (&book.problem, book.loaded) {
            (Some(problem), _) => empty(surface, &["No history:", problem]),
            (None, true) => empty(surface, &["No number in this time yet."]),
            (None, false) => empty(surface, &["Asking for the history…"]),
        }
    }
}

/// Draws what one interface takes in and sends out.
pub(super) fn draw_interface(app: &App, surface: &mut Surface<'_>, book: &Book, name: &Name) {
    let rates = |metric: &str| book.track(metric, Some(name)).map(Track::rates).unwrap_or_default();
    let lines = vec![
        Line { dots: rates("octets_in"), role: Role::Chart1 },
        Line { dots: rates("octets_out"), role: Role::Chart2 },
    ];
    draw(app, surface, book, (&Unit::BitsPerSecond, None, lines, ["in ", "out"]));
}

fn draw(
    app: &App,
    surface: &mut Surface<'_>,
    book: &Book,
    (unit, track, lines, names): (&Unit, Option<&Track>, Vec<Line>, [&str; 2]),
) {
    let mut chart = graph::chart(app, book, unit);
    let count = lines.len();
    let loss = book.track("loss", None).filter(|_| *unit == Unit::Seconds);
    let loss =
        loss.map(|loss| format!("loss {}", format::value(loss.metric.value, &loss.metric.unit)));
    // A blank at the right end, two before the loss.
    let reserved = loss.as_ref().map_or(1, |loss| width(loss) + 3);
    for (y, (line, name)) in lines.iter().zip(names).enumerate() {
        let wide = surface.width().saturating_sub(reserved);
        let what = (unit, chart.from, chart.to);
        figures(app, &mut surface.part(0, y, wide, 1), 0, name, line, what);
    }
    if let Some(loss) = loss {
        let style = surface.theme.style(Role::Text);
        let end = surface.width().saturating_sub(1);
        surface.put_right(end, 0, width(&loss), &loss, style);
    }
    chart.limits = graph::limits(track);
    chart.lines = lines;
    let (wide, high) = (surface.width(), surface.height());
    chart.draw(&mut surface.part(1, count, wide.saturating_sub(2), high.saturating_sub(count)));
}

/// `━ in   9.4 Mb/s   min 0 b/s  avg 6.1 Mb/s  p95 9.1 Mb/s  max 9.9 Mb/s`; with a cursor the value
/// under it and its moment instead of the last.
pub fn figures(
    app: &App,
    surface: &mut Surface<'_>,
    y: usize,
    name: &str,
    line: &Line,
    (unit, from, to): (&Unit, Timestamp, Timestamp),
) {
    let cursor = app.own.lens.cursor.filter(|at| *at >= from && *at <= to);
    let (name, value) = match cursor {
        Some(at) => {
            let near = i64::try_from(to.since(from).millis() / 60).unwrap_or(i64::MAX);
            let value = value_at(&line.dots, at, near.max(1000)).unwrap_or(f64::NAN);
            let name = if name == "now" { "" } else { name };
            (format!("{name} {}", app.options.zone.seconds(at)), value)
        }
        None => (name.to_owned(), line.dots.last().map_or(f64::NAN, |dot| dot.value)),
    };
    let head = format!(" {} {:>9}", name.trim_start(), format::value(value, unit));
    let room = surface.width().saturating_sub(width(&head) + 2);
    let rest = figures_that_fit(summary(&line.dots, from, to), unit, room);
    let sign = if app.options.glyphs == GlyphTier::Ascii { "=" } else { "━" };
    surface.line(1, y, &[(sign, line.role), (&head, Role::Text), (&rest, Role::Muted)]);
}

/// The value nearest to a moment, at most `near` milliseconds away.
fn value_at(dots: &[Dot], at: Timestamp, near: i64) -> Option<f64> {
    let away = |dot: &&Dot| (dot.at.millis() - at.millis()).abs();
    let after = dots.partition_point(|dot| dot.at < at);
    let around = dots.get(after.saturating_sub(1)..dots.len().min(after + 1))?;
    around.iter().min_by_key(away).filter(|dot| away(dot) <= near).map(|dot| dot.value)
}

/// Whole figures only; where not all fit, the largest says most and goes last.
fn figures_that_fit(of: Option<Summary>, unit: &Unit, room: usize) -> String {
    let Some(Summary { min, avg, max, p95 }) = of else {
        let nothing = "    nothing measured";
        return if nothing.len() <= room { nothing.to_owned() } else { String::new() };
    };
    let figure = |name: &str, value: f64| format!("  {name} {}", format::value(value, unit));
    let mut all = vec![figure("min", min), figure("avg", avg), figure("max", max)];
    if *unit == Unit::BitsPerSecond {
        // What a line is paid and planned by.
        all.insert(2, figure("p95", p95));
    }
    (0..all.len())
        .map(|from| format!("  {}", all.get(from..).unwrap_or(&[]).concat()))
        .find(|text| width(text) <= room)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_under_the_cursor_is_near_it() {
        let at = |secs: i64| Timestamp::from_millis(secs * 1000);
        let dots = [Dot::single(at(10), 1.0), Dot::single(at(20), 2.0)];
        let value = |secs| value_at(&dots, at(secs), 4000);
        assert_eq!(
            [value(9), value(12), value(18), value(24), value(25)],
            [Some(1.0), Some(1.0), Some(2.0), Some(2.0), None]
        );
        assert_eq!(value_at(&[], at(1), 1000), None);
    }

    #[test]
    fn figures_are_whole_or_absent() {
        let of = Some(Summary { min: 0.000_12, avg: 0.000_155, max: 0.000_2, p95: 0.000_2 });
        let text = |room| figures_that_fit(of, &Unit::Seconds, room);
        assert_eq!(text(42), "    min 120 µs  avg 155 µs  max 200 µs");
        assert_eq!(text(37), "    avg 155 µs  max 200 µs");
        assert_eq!(text(25), "    max 200 µs");
        assert_eq!(text(13), "");
        let rate = |room| figures_that_fit(of, &Unit::BitsPerSecond, room);
        assert!(rate(80).contains("p95 ") && rate(20).starts_with("    max "), "{}", rate(80));
        assert_eq!(figures_that_fit(None, &Unit::Seconds, 19), "");
    }
}
