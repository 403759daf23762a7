//! Host view: the checks, worst first, each with its last output and its last hour.
//!
//! ```text
//!  ● CRIT   50s     http   503 Service Unavailable in 31 ms   ▃▃▄▃▃▅█××
//!  ✓ OK     12d     ping   5 of 5 answered, 1.2 ms            ▃▃▄▃▃▃▃▄▃
//! ```
//!
//! The hours are asked for one check after the other, a few at a time, and continued by the live
//! results that come anyway.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::model::{CheckKey, Maintenance, Name, Observation, Span, Timestamp, Unit};
use crate::protocol::query::{Answer, Query, Series};
use crate::protocol::{CheckRow, LiveCheck, Problem};
use crate::tui::app::{App, Pane};
use crate::tui::effect::{Effect, Reply};
use crate::tui::format;
use crate::tui::line::Pending;
use crate::tui::num::{count, millis, real};
use crate::tui::panes::rows::remarked;
use crate::tui::panes::ruled::waits;
use crate::tui::panes::{empty, said};
use crate::tui::theme::{Role, glyph, short};
use crate::tui::widgets::Surface;
use crate::tui::widgets::spark::{self, Cell};

/// The time of a sparkline.
const HOUR: Span = Span::from_secs(3600);
/// Points of it.
const POINTS: u32 = 60;
/// Most results of one check that are kept: an hour of one every ten seconds.
const RESULTS: usize = 360;
/// Most checks of a host that have a sparkline.
const CHECKS: usize = 100;
/// Most questions under way at a time.
const AT_ONCE: usize = 4;
/// Checks around the cursor that are asked for.
const AROUND: usize = 40;
/// Most windows of the past that are shaded.
const WINDOWS: usize = 50;

/// One check's last hour.
#[derive(Debug, Default)]
struct Recent {
    /// The metric that is drawn; `None` until one was seen.
    label: Option<String>,
    /// Results, oldest first; `None` is a lost one.
    results: VecDeque<(Timestamp, Option<f64>)>,
}

/// The pane's own state; it belongs to one host view.
#[derive(Debug, Default)]
pub struct State {
    /// Counts the views, so that an answer to an earlier one is not taken.
    view: u64,
    /// The checks asked for, in this order: an answer's token names its place.
    asked: Vec<CheckKey>,
    under_way: usize,
    recent: HashMap<CheckKey, Recent>,
    asked_windows: bool,
    /// Windows that are over.
    over: Vec<Maintenance>,
}

/// Answers of one view have tokens from its number times this on.
const TOKENS: u64 = 1000;

impl Recent {
    /// The number that says most of a check: its round trip, else its first that is no counter.
    fn main(series: &[Series]) -> Option<&Series> {
        let rtt = series.iter().find(|series| &*series.metric.name == "rtt");
        rtt.or_else(|| series.iter().find(|series| series.metric.unit != Unit::Counter))
    }

    fn load(&mut self, series: &[Series]) {
        let Some(main) = Self::main(series) else { return };
        self.label = Some(main.metric.label());
        let newest = main.points.last().map(|point| point.at);
        let mut results: VecDeque<_> =
            main.points.iter().map(|point| (point.at, Some(point.value))).collect();
        let loss = series.iter().find(|series| &*series.metric.name == "loss");
        for point in loss.iter().flat_map(|series| &series.points) {
            if point.value >= 100.0 && !main.points.iter().any(|have| have.at == point.at) {
                results.push_back((point.at, None));
            }
        }
        // Live results came meanwhile.
        let live = std::mem::take(&mut self.results);
        results.extend(live.into_iter().filter(|(at, _)| newest.is_none_or(|newest| *at > newest)));
        results.make_contiguous().sort_by_key(|(at, _)| *at);
        self.results = results;
        self.cut();
    }

    fn push(&mut self, at: Timestamp, seen: &Observation) {
        if self.results.back().is_some_and(|(last, _)| *last >= at) {
            return;
        }
        let of = |label: &String| seen.metrics.iter().find(|metric| metric.label() == *label);
        let value = if let Some(label) = &self.label {
            of(label).map(|metric| metric.value)
        } else {
            let first = seen.metrics.iter().find(|metric| metric.unit != Unit::Counter);
            self.label = first.map(crate::model::Metric::label);
            first.map(|metric| metric.value)
        };
        if self.label.is_some() {
            self.results.push_back((at, value.filter(|value| value.is_finite())));
        }
        self.cut();
    }

    fn cut(&mut self) {
        let excess = self.results.len().saturating_sub(RESULTS);
        self.results.drain(..excess);
    }

    /// The hour before `now` in `room` columns, in steps that rarely move.
    fn cells(&self, room: usize, now: Timestamp) -> Vec<Cell> {
        let step =
            i64::try_from(HOUR.millis()).unwrap_or(0) / i64::try_from(room.max(1)).unwrap_or(1);
        let step = step.max(1);
        let end = (now.millis().div_euclid(step) + 1) * step;
        let start = end - step * i64::try_from(room).unwrap_or(0);
        let mut columns = vec![(0.0, 0_usize, false); room];
        for (at, value) in &self.results {
            let place = (millis(at.millis() - start) / millis(step)).floor();
            if place < 0.0 {
                continue;
            }
            let Some(column) = columns.get_mut(count(place)) else { continue };
            match value {
                Some(value) => (column.0, column.1) = (column.0 + value, column.1 + 1),
                None => column.2 = true,
            }
        }
        let mut cells: Vec<Cell> = columns
            .into_iter()
            .map(|column| match column {
                (_, _, true) => Cell::Lost,
                (_, 0, false) => Cell::Gap,
                (sum, values, false) => Cell::Value(sum / real(values)),
            })
            .collect();
        bridge(&mut cells);
        cells
    }
}

/// A check that runs less often than columns pass leaves regular holes: they are no gaps.
pub(super) fn bridge(cells: &mut [Cell]) {
    let known: Vec<usize> = cells
        .iter()
        .enumerate()
        .filter(|(_, cell)| **cell != Cell::Gap)
        .map(|(at, _)| at)
        .collect();
    let mut steps: Vec<usize> =
        known.windows(2).filter_map(|pair| Some(pair.get(1)? - pair.first()?)).collect();
    steps.sort_unstable();
    let usual = steps.get(steps.len() / 2).copied().unwrap_or(1);
    if usual > cells.len() / 3 {
        return;
    }
    for pair in known.windows(2) {
        let (Some(from), Some(to)) = (pair.first(), pair.get(1)) else { continue };
        if to - from <= usual + 1 {
            let fill = cells.get(*from).copied().filter(|cell| matches!(cell, Cell::Value(_)));
            cells.get_mut(from + 1..*to).unwrap_or(&mut []).fill(fill.unwrap_or(Cell::Gap));
        }
    }
}

/// Another host view begins.
pub fn forget(app: &mut App) {
    let view = app.own.checks.view + 1;
    app.own.checks = State { view, ..State::default() };
}

/// What the sparklines and shades still have to ask for.
pub fn wants(app: &mut App) -> Vec<Effect> {
    let (Some(detail), true) = (&app.detail, app.world.is_ready()) else { return Vec::new() };
    let first = detail.index.saturating_sub(AROUND / 2);
    let near: Vec<CheckKey> =
        detail.rows.iter().skip(first).take(AROUND).map(|row| row.key.clone()).collect();
    let mut effects = Vec::new();
    if !app.own.checks.asked_windows {
        app.own.checks.asked_windows = true;
        let id = app.ask(Pending::Pane(Pane::Checks, app.own.checks.view * TOKENS));
        effects.push(Effect::Query { id, query: Query::Maintenance { all: true } });
    }
    let to = app.wall();
    for key in near {
        let own = &mut app.own.checks;
        if own.under_way >= AT_ONCE || own.asked.len() >= CHECKS {
            break;
        }
        if own.asked.contains(&key) {
            continue;
        }
        own.asked.push(key.clone());
        own.under_way += 1;
        let place = u64::try_from(own.asked.len()).unwrap_or(TOKENS - 1);
        let token = own.view * TOKENS + place;
        let id = app.ask(Pending::Pane(Pane::Checks, token));
        let query = Query::History { key, from: to - HOUR, to, points: POINTS };
        effects.push(Effect::Query { id, query });
    }
    effects
}

/// Takes an answer; a sparkline that cannot be had is absent.
pub fn reply(app: &mut App, token: u64, result: Result<Reply, Problem>) {
    let host = app.detail.as_ref().map(|detail| detail.host.clone());
    let own = &mut app.own.checks;
    if token / TOKENS != own.view {
        return;
    }
    let place = usize::try_from(token % TOKENS).unwrap_or(0);
    if place > 0 {
        own.under_way = own.under_way.saturating_sub(1);
    }
    match (result, place.checked_sub(1).and_then(|place| own.asked.get(place)), host) {
        (Ok(Reply::Answer(Answer::History { series, .. })), Some(key), _) => {
            own.recent.entry(key.clone()).or_default().load(&series);
        }
        (Ok(Reply::Answer(Answer::Maintenance(windows))), None, Some(host)) => {
            let of = |window: &Maintenance| {
                window.names_host(&host) || window.checks.iter().any(|key| *key.host == *host)
            };
            own.over = windows.into_iter().filter(of).take(WINDOWS).collect();
        }
        _ => {}
    }
}

/// Continues a sparkline.
pub fn live(app: &mut App, result: &Arc<LiveCheck>) {
    let shown = app.detail.as_ref().is_some_and(|detail| detail.host == result.check.host);
    let own = &mut app.own.checks;
    if shown && (own.recent.contains_key(&result.check) || own.recent.len() < CHECKS) {
        let recent = own.recent.entry(result.check.clone()).or_default();
        recent.push(result.at, &result.observation);
    }
}

/// The windows that cover a check: in effect, to come, and those that were.
pub fn covering<'a>(app: &'a App, key: &CheckKey) -> Vec<&'a Maintenance> {
    let covers = |window: &&Maintenance| window.names(&key.host, &key.name);
    let mut all: Vec<&Maintenance> = app.world.windows().map(Arc::as_ref).filter(covers).collect();
    for window in app.own.checks.over.iter().filter(covers) {
        if !all.iter().any(|have| have.id == window.id) {
            all.push(window);
        }
    }
    all
}

/// The same as times.
#[must_use]
pub fn windows(app: &App, key: &CheckKey) -> Vec<(Timestamp, Timestamp)> {
    let mut times = Vec::new();
    for window in covering(app, key) {
        times.extend(window.previous.map(|was| (was.start, was.end)));
        times.push((window.start, window.end));
    }
    times
}

/// The host, its address, and how many checks.
#[must_use]
pub fn title(app: &App) -> (String, String) {
    let Some(detail) = &app.detail else { return Default::default() };
    let address = app.world.host(&detail.host).map(|entry| entry.host.address.clone());
    let count = format::plural(detail.rows.len(), "check");
    (format!("{} {}", detail.host, address.as_deref().unwrap_or("")), count)
}

/// Columns of a check's row; its text has what is left.
struct Columns {
    name: usize,
    spark: usize,
}

impl Columns {
    fn at(wide: usize, names: impl Iterator<Item = Name>) -> Self {
        let longest = names.map(|name| crate::model::safe_text::width(&name)).max().unwrap_or(0);
        let name = longest.clamp(4, (wide / 4).max(6));
        let room = wide.saturating_sub(21 + name);
        // What a check says comes first; the graph beside the list is its hour on the small screens.
        let spark = match room {
            ..30 => 0,
            30..60 => 8,
            60..80 => 12,
            80..110 => 20,
            _ => 30,
        };
        Self { name, spark }
    }
}

/// Draws the list.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let Some(detail) = &app.detail else { return };
    if detail.rows.is_empty() {
        let text = match app.world.host(&detail.host) {
            Some(_) => "This host has no check: add [[host.check]] to it in config.toml.",
            None => "This host is no longer configured.",
        };
        empty(surface, &[text]);
        return;
    }
    let names = detail.rows.iter().map(|row| row.key.name.clone());
    let columns = Columns::at(surface.width(), names);
    let height = surface.height();
    for (y, at) in detail.scroll.window(detail.index, detail.rows.len(), height).enumerate() {
        let Some(row) = detail.rows.get(at) else { continue };
        view_row(app, surface, y, row, &columns);
        if at == detail.index {
            let focused = app.focus == Pane::Checks && app.overlay.is_none();
            let role = if focused { Role::Selection } else { Role::SelectionQuiet };
            surface.say(0, y, 1, "›", Role::Accent);
            surface.tint(y, role);
        }
    }
}

fn view_row(app: &App, surface: &mut Surface<'_>, y: usize, row: &CheckRow, columns: &Columns) {
    let status = &row.status;
    let shown = app.world.shown_check(row, app.wall());
    let (state, role) = if !row.enabled {
        ("- off".to_owned(), Role::Muted)
    } else if status.is_waiting() {
        ("○ wait".to_owned(), Role::StateWaiting)
    } else {
        (format!("{} {}", glyph(shown), short(shown)), Role::of(shown))
    };
    surface.say(1, y, 7, &state, role);
    let text = if status.late { Role::Stale } else { Role::Text };
    let style = surface.theme.style(text);
    if !status.is_waiting() {
        surface.put_right(14, y, 6, &format::age(app.wall().since(status.since)), style);
    }
    let attempt = if status.hard || status.is_waiting() {
        String::new()
    } else if waits(row) {
        "wait".to_owned()
    } else {
        format!("{}/{}", status.attempt, row.attempts)
    };
    surface.say(15, y, 4, &attempt, Role::Muted);
    surface.say(19, y, columns.name, &row.key.name, text);
    let x = 20 + columns.name;
    let cells = match app.own.checks.recent.get(&row.key) {
        Some(recent) if columns.spark > 0 => recent.cells(columns.spark, app.wall()),
        _ => Vec::new(),
    };
    // Columns in which nothing would be drawn are the text's.
    let empty = cells.iter().take_while(|cell| **cell == Cell::Gap).count();
    let bars = cells.get(empty..).unwrap_or(&[]);
    let end = surface.width().saturating_sub(1);
    let start = end.saturating_sub(bars.len());
    let room = start.saturating_sub(x + if bars.is_empty() { 0 } else { 2 });
    let flapping = status.flap.active.then_some("flapping");
    let what = remarked(said::of_row(app, row).as_str(), flapping, room);
    surface.say(x, y, room, &what, text);
    let top = spark::calm_top(bars);
    spark::bars(surface, (start, y), bars.len(), (bars, top), app.options.glyphs);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Metric;
    use crate::protocol::query::Point;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    fn series(name: &str, points: &[(i64, f64)]) -> Series {
        let point = |(secs, value): &(i64, f64)| Point::one(at(*secs), *value);
        Series {
            metric: Metric::new(name, 0.0, Unit::Seconds),
            points: points.iter().map(point).collect(),
            lost: Vec::new(),
        }
    }

    #[test]
    fn an_hour_in_columns_with_gaps_and_losses() {
        let mut recent = Recent::default();
        let lost = series("loss", &[(3000, 100.0), (3060, 0.0)]);
        let times: Vec<(i64, f64)> =
            (0..60).filter(|n| !(20..32).contains(n) && *n != 50).map(|n| (n * 60, 2.0)).collect();
        recent.load(&[lost, series("rtt", &times)]);
        let cells = recent.cells(30, at(3599));
        assert_eq!(cells.len(), 30);
        assert_eq!(cells[0], Cell::Value(2.0));
        assert_eq!(cells[10..16], [Cell::Gap; 6], "twenty minutes of silence");
        assert_eq!(cells[25], Cell::Lost);
        assert_eq!(cells[29], Cell::Value(2.0));
    }

    #[test]
    fn a_slow_check_has_no_false_gaps() {
        let times: Vec<(i64, f64)> = (0..12).map(|n| (n * 300, f64::from(n as i32))).collect();
        let mut recent = Recent::default();
        recent.load(&[series("age", &times)]);
        let cells = recent.cells(30, at(3599));
        assert!(cells[..27].iter().all(|cell| matches!(cell, Cell::Value(_))), "{cells:?}");
    }

    #[test]
    fn results_are_bounded_and_never_go_back() {
        let mut recent = Recent::default();
        let seen = Observation {
            metrics: vec![Metric::new("rtt", 1.0, Unit::Seconds)],
            ..Observation::default()
        };
        for n in 0..2000 {
            recent.push(at(n), &seen);
            recent.push(at(n - 5), &seen);
        }
        recent.push(at(2001), &Observation::default());
        assert_eq!(recent.results.len(), RESULTS);
        assert_eq!(recent.results.back(), Some(&(at(2001), None)), "no number is a loss");
    }
}
