//! Host view: one metric of the check under the cursor over time, with its threshold lines, what
//! was lost, the windows, and the states over the same time. Also what keys do to all graphs.
//!
//! ```text
//!  ━ 21:03:10   31 ms    min 8 ms  avg 21 ms  max 38 ms
//!       ▁▁▁▁▁▁W▄▄▄▄C█████▁▁▁▁▁▁▁▁▁▁     states
//!  40ms┤      ⢀⡠⠤⠒⠊⠉│⠉⠁
//! ```

use crate::model::{Timestamp, Unit};
use crate::tui::action::Action;
use crate::tui::app::{App, Pane, Tone};
use crate::tui::book::{Book, Track};
use crate::tui::detail::Detail;
use crate::tui::effect::Effect;
use crate::tui::panes::{checks, empty, throughput};
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;
use crate::tui::widgets::chart::{Chart, Limit, Line};
use crate::tui::widgets::timeline::Timeline;

/// The cursor crosses a graph in so many steps.
const STEPS: u64 = 60;

/// The metric in the graph: the chosen one, else the first.
#[must_use]
pub fn track(detail: &Detail) -> Option<&Track> {
    let book = detail.book.as_ref()?;
    let chosen = detail.metric.as_ref();
    book.tracks
        .iter()
        .find(|track| Some(&track.metric.label()) == chosen)
        .or_else(|| book.tracks.first())
}

/// The threshold lines of a metric.
#[must_use]
pub fn limits(track: Option<&Track>) -> Vec<Limit> {
    let Some(track) = track else { return Vec::new() };
    let ranges = [
        (track.metric.warning, Role::ChartWarning, "warning"),
        (track.metric.critical, Role::ChartCritical, "critical"),
    ];
    let ends = ranges.into_iter().flat_map(|(range, role, word)| {
        let limit = move |value| Limit { value, role, word };
        range.into_iter().flat_map(move |range| [limit(range.start), limit(range.end)])
    });
    // Zero is the lower end of `10`, not a limit that somebody set.
    ends.filter(|limit| limit.value.is_finite() && limit.value != 0.0).collect()
}

/// When probes of the check were lost, for a graph of times.
#[must_use]
pub fn lost(book: &Book, unit: &Unit) -> Vec<Timestamp> {
    let loss = book.track("loss", None).filter(|_| *unit == Unit::Seconds);
    let points = loss.into_iter().flat_map(|track| &track.points);
    points.filter(|point| point.max > 0.0).map(|point| point.at).collect()
}

/// The range in words, with its end when the past is looked at.
#[must_use]
pub fn range(app: &App, book: Option<&Book>) -> String {
    let range = book.map_or(app.span().0, |book| app.window(book).0);
    match app.own.lens.end {
        Some(end) => format!("{range} to {}", app.options.zone.moment(end, app.wall())),
        None => range.to_owned(),
    }
}

/// The check, the metric, the range.
#[must_use]
pub fn title(app: &App) -> (String, String) {
    let Some(detail) = &app.detail else { return Default::default() };
    let check = detail.check.as_deref().unwrap_or("");
    let range = range(app, detail.book.as_ref());
    let Some(track) = track(detail) else { return (format!("{check}, {range}"), String::new()) };
    let label = track.metric.label();
    let all = detail.book.as_ref().map_or(&[][..], |book| &book.tracks);
    let at = all.iter().position(|have| have.metric.label() == label).map_or(0, |at| at + 1);
    let log = if app.own.lens.log { "log · " } else { "" };
    (format!("{check} {label}, {range}"), format!("{log}metric {at} of {}", all.len()))
}

/// The graph that a book's window asks for, still without lines.
#[must_use]
pub fn chart<'a>(app: &'a App, book: &Book, unit: &'a Unit) -> Chart<'a> {
    let (_, from, to) = app.window(book);
    let mut chart = Chart::new(unit, &app.options.zone, app.options.glyphs, (from, to));
    // Nothing is missing of what was not asked for yet.
    chart.now = if book.loaded { app.wall() } else { from };
    chart.shades = checks::windows(app, &book.key);
    chart.lost = lost(book, unit);
    (chart.cursor, chart.log) = (app.own.lens.cursor, app.own.lens.log);
    chart
}

/// Says why there is no graph of a check; `nothing` when there is a history without this in it.
pub(super) fn without(surface: &mut Surface<'_>, book: &Book, nothing: &str) {
    match (&book.problem, book.loaded) {
        (Some(problem), _) => empty(surface, &["No history:", problem]),
        (None, true) => empty(surface, &[nothing]),
        (None, false) => empty(surface, &["Asking for the history…"]),
    }
}

/// Draws figures, states and graph.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let Some(detail) = &app.detail else { return };
    let Some(book) = &detail.book else {
        empty(surface, &["No check is selected."]);
        return;
    };
    let Some(track) = track(detail) else {
        return without(surface, book, "This check has measured nothing in this time.");
    };
    let unit = &track.metric.unit;
    let mut chart = chart(app, book, unit);
    let line = Line { dots: track.dots(), role: Role::Chart1 };
    throughput::figures(app, surface, 0, "now", &line, (unit, chart.from, chart.to));
    chart.limits = limits(Some(track));
    chart.lines = vec![line];
    let (wide, high) = (surface.width().saturating_sub(2), surface.height().saturating_sub(2));
    let (margin, inside) = chart.plot_area(wide, high);
    states(app, book, &chart).draw(surface, 1 + margin, 1, inside);
    chart.draw(&mut surface.part(1, 2, wide, high));
}

/// The states over the time of the graph as one bar.
fn states<'a>(app: &App, book: &'a Book, chart: &'a Chart<'_>) -> Timeline<'a> {
    let tier = app.options.glyphs;
    let (from, to) = (chart.from, chart.to);
    Timeline { states: &book.states, windows: &chart.shades, from, to, tier }
}

/// The book of the graph that keys mean.
fn book(app: &App) -> Option<&Book> {
    if app.in_detail() {
        return app.detail.as_ref().and_then(|detail| detail.book.as_ref());
    }
    app.graph.as_ref()
}

/// Moves the cursor of a graph that has the keys.
pub fn act(app: &mut App, _pane: Pane, action: Action) -> Option<Vec<Effect>> {
    let forward = match action {
        Action::Right => true,
        Action::Left => false,
        _ => return None,
    };
    let (_, from, to) = app.window(book(app)?);
    let last = to.min(app.wall());
    let step = crate::model::Span::from_millis((to.since(from).millis() / STEPS).max(1));
    let at = app.own.lens.cursor.unwrap_or(last);
    let moved = if forward { at + step } else { at - step };
    app.own.lens.cursor = Some(moved.max(from).min(last.max(from)));
    Some(Vec::new())
}

/// Turns what all graphs show: the past, the present, the axis.
pub fn turn(app: &mut App, action: Action) {
    let now = app.wall();
    let half = crate::model::Span::from_millis(app.span().1.millis() / 2);
    let end = app.own.lens.end;
    match action {
        Action::Earlier => app.own.lens.end = Some(end.unwrap_or(now) - half),
        Action::Later => {
            app.own.lens.end = end.map(|end| end + half).filter(|end| *end < now);
            if end.is_none() {
                app.say(Tone::Note, "the graph shows the present");
            }
        }
        Action::GraphNewest => (app.own.lens.end, app.own.lens.cursor) = (None, None),
        _ => app.own.lens.log = !app.own.lens.log,
    }
}
