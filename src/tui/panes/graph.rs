//! Host view: one metric of the check under the cursor over time, with its threshold lines.

use crate::model::ShownState;
use crate::tui::app::App;
use crate::tui::book::{Book, Track};
use crate::tui::detail::Detail;
use crate::tui::num::{millis, real};
use crate::tui::panes::{empty, throughput};
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;
use crate::tui::widgets::chart::{Chart, Limit, Line};

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

/// The check, the metric, the range.
#[must_use]
pub fn title(app: &App) -> (String, String) {
    let Some(detail) = &app.detail else { return Default::default() };
    let check = detail.check.as_deref().unwrap_or("");
    let range = detail.book.as_ref().map_or(app.span().0, |book| app.window(book).0);
    let Some(track) = track(detail) else { return (format!("{check}, {range}"), String::new()) };
    let label = track.metric.label();
    let all = detail.book.as_ref().map_or(&[][..], |book| &book.tracks);
    let at = all.iter().position(|have| have.metric.label() == label).map_or(0, |at| at + 1);
    (format!("{check} {label}, {range}"), format!("metric {at} of {}", all.len()))
}

/// Draws figures, states and graph.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let Some(detail) = &app.detail else { return };
    let Some(book) = &detail.book else {
        empty(surface, &["No check is selected."]);
        return;
    };
    let Some(track) = track(detail) else {
        match (&book.problem, book.loaded) {
            (Some(problem), _) => empty(surface, &["No history:", problem]),
            (None, true) => empty(surface, &["This check has measured nothing in this time."]),
            (None, false) => empty(surface, &["Asking for the history…"]),
        }
        return;
    };
    let (_, from, to) = app.window(book);
    let unit = &track.metric.unit;
    let line = Line { dots: track.dots(), role: Role::Chart1 };
    throughput::figures(surface, 0, "now", &line, unit, (from, to));
    states(surface, 1, book, (from.millis(), to.millis()));
    let mut chart = Chart::new(unit, &app.options.zone, app.options.glyphs, (from, to));
    chart.limits = limits(Some(track));
    chart.lines = vec![line];
    let (wide, high) = (surface.width(), surface.height());
    chart.draw(&mut surface.part(1, 2, wide.saturating_sub(2), high.saturating_sub(2)));
}

/// The states over the same time as one bar.
fn states(surface: &mut Surface<'_>, y: usize, book: &Book, (from, to): (i64, i64)) {
    let wide = surface.width().saturating_sub(3);
    for column in 0..wide {
        let part = millis(to - from) * real(column) / real(wide.max(1));
        let next = millis(to - from) * real(column + 1) / real(wide.max(1));
        let worst = book
            .states
            .iter()
            .filter(|span| {
                millis(span.from.millis() - from) < next && millis(span.to.millis() - from) >= part
            })
            .map(|span| span.state)
            .reduce(crate::model::State::worst);
        if let Some(state) = worst {
            let role = match ShownState::of(state, false) {
                ShownState::Ok => Role::Border,
                shown => Role::of(shown),
            };
            let style = surface.theme.style(role);
            surface.mark(1 + column, y, '▔', style);
        }
    }
}
