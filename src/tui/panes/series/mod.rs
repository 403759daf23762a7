//! Scraped series: all that is kept, by check and name, and the past of the one under the cursor.
//!
//! In: pages of the engine's list, filtered there. Out: rows, a graph, how much is kept.
//! Never: keeps more than one page, or asks while the view is not shown.

mod view;

use crate::model::{CheckKey, Name, SafeText, Selector, Span, Steady, Timestamp, Unit};
use crate::protocol::query::{Answer, Query};
use crate::protocol::{Problem, SeriesPage, SeriesPast, SeriesRow};
use crate::tui::action::Action;
use crate::tui::app::{App, Overlay, Pane};
use crate::tui::effect::{Effect, Reply};
use crate::tui::line::{Line, Pending, Purpose};
use crate::tui::views::View;
use crate::tui::widgets::chart;
use crate::tui::widgets::{Scroll, cursor};
pub use view::{draw, preview, title, view};

/// Rows of the page; more are found by a filter.
const LIMIT: u32 = 500;
/// Most points of the graph.
const POINTS: u32 = 400;
/// How often the list and the graph are asked for again.
pub const STEP: Span = Span::from_secs(10);
/// Steps of the cursor over a graph's width.
const STEPS: u64 = 60;

/// What a question was about, in the lowest bit of its token.
const LIST: u64 = 0;
const PAST: u64 = 1;

/// What the graph was asked for: the series, the length of time, its end.
type Wish = (CheckKey, Name, Span, Option<Timestamp>);

/// The pane's own state.
#[derive(Debug, Default)]
pub struct State {
    page: SeriesPage,
    /// The names of the rows as they may be shown.
    names: Vec<SafeText>,
    at: usize,
    scroll: Scroll,
    filter: String,
    past: SeriesPast,
    past_of: Option<Wish>,
    past_problem: Option<String>,
    /// True when the list has come once.
    loaded: bool,
    looked: Option<Steady>,
    /// Numbers of the last questions, by what they are about; other answers are stale.
    tokens: [u64; 2],
    problem: Option<String>,
}

impl State {
    fn row(&self) -> Option<&SeriesRow> {
        self.page.rows.get(self.at)
    }
}

/// The check that scrapes the series under the cursor.
#[must_use]
pub fn subject(app: &App) -> Option<CheckKey> {
    chosen(app).map(|(check, _)| check)
}

/// The series under the cursor, and the check that scrapes it.
#[must_use]
pub fn chosen(app: &App) -> Option<(CheckKey, Name)> {
    app.own.series.row().map(|row| (row.check.clone(), row.series.clone()))
}

/// Asks for the past of a series, in the time that the graph shows.
#[must_use]
pub fn past(app: &App, key: CheckKey, series: Name) -> Query {
    let (from, to) = window(app);
    Query::SeriesPast { key, series, from, to, points: POINTS }
}

/// The time that the graph shows.
fn window(app: &App) -> (Timestamp, Timestamp) {
    let span = app.span().1;
    match app.own.lens.end {
        Some(end) => (end - span, end),
        None => chart::window(span, app.wall()),
    }
}

/// What the numbers of a series count, as far as its name says it by the convention of its field;
/// and by what to multiply them.
fn unit(series: &str, rate: bool) -> (Unit, f64) {
    let name = series.split('{').next().unwrap_or(series);
    let base = name.strip_suffix("_total").unwrap_or(name);
    match (base.rsplit('_').next(), rate) {
        (Some("bytes" | "octets"), true) => (Unit::BitsPerSecond, 8.0),
        (_, true) => (Unit::Other("/s".into()), 1.0),
        (Some("bytes"), false) => (Unit::Bytes, 1.0),
        (Some("seconds"), false) if !base.contains("time_seconds") => (Unit::Seconds, 1.0),
        (Some("celsius"), false) => (Unit::Celsius, 1.0),
        _ => (Unit::Count, 1.0),
    }
}

/// What the filter line understands.
#[must_use]
pub const fn hint() -> &'static str {
    "words of name and labels, or a selector: node_load1{job=~\"a.*\"}"
}

/// Why a text selects nothing: words are looked for as they are, braces make it a selector.
#[must_use]
pub fn wrong(text: &str) -> Option<String> {
    let selector = text.contains('{').then(|| text.trim().parse::<Selector>());
    selector?.err().map(|error| error.to_string())
}

/// Filters from now on; the engine reads the text.
pub fn set_filter(app: &mut App, text: &str) {
    let own = &mut app.own.series;
    if own.filter != text.trim() {
        text.trim().clone_into(&mut own.filter);
        (own.at, own.looked) = (0, None);
    }
}

/// Runs an action that means something special here.
pub fn act(app: &mut App, pane: Pane, action: Action) -> Option<Vec<Effect>> {
    if pane == Pane::SeriesGraph {
        return point(app, action);
    }
    if let Some(by) = cursor::step(action, crate::tui::act::page(app)) {
        let own = &mut app.own.series;
        own.at = cursor::moved(own.at, own.page.rows.len(), by);
        return Some(Vec::new());
    }
    match action {
        Action::Filter => {
            let before = app.own.series.filter.clone();
            let line = Line::new(Purpose::Series { before: before.clone() }, &before);
            app.open(Overlay::Line(Box::new(line)));
            Some(Vec::new())
        }
        Action::Back if !app.zoom && !app.own.series.filter.is_empty() => {
            set_filter(app, "");
            Some(Vec::new())
        }
        Action::Fetch => {
            app.own.series.looked = None;
            Some(Vec::new())
        }
        Action::Open => {
            let key = subject(app)?;
            Some(crate::tui::act::open_host(app, key.host, Some(key.name)))
        }
        _ => None,
    }
}

/// Moves the cursor of the graph.
fn point(app: &mut App, action: Action) -> Option<Vec<Effect>> {
    let forward = match action {
        Action::Right => true,
        Action::Left => false,
        _ => return None,
    };
    let (from, to) = window(app);
    let step = Span::from_millis((to.since(from).millis() / STEPS).max(1));
    let last = to.min(app.wall());
    let at = app.own.lens.cursor.unwrap_or(last);
    let moved = if forward { at + step } else { at - step };
    app.own.lens.cursor = Some(moved.max(from).min(last.max(from)));
    Some(Vec::new())
}

/// The moment at which the list is asked for again.
#[must_use]
pub fn wake(app: &App) -> Option<Steady> {
    let looked = app.own.series.looked.filter(|_| app.view == View::Series)?;
    Some(looked + STEP)
}

/// What is still to be asked for.
pub fn wants(app: &mut App) -> Vec<Effect> {
    if !app.world.is_ready() {
        return Vec::new();
    }
    let mut effects = Vec::new();
    let now = app.now.steady;
    let due = app.own.series.looked.is_none_or(|at| now >= at + STEP);
    if due {
        app.own.series.looked = Some(now);
        let text = app.own.series.filter.clone();
        let text = (!text.is_empty()).then_some(text);
        let query = Query::SeriesList { host: None, check: None, text, limit: LIMIT };
        effects.push(ask(app, LIST, query));
    }
    let span = app.span().1;
    let end = app.own.lens.end;
    let wish = app.own.series.row().map(|row| (row.check.clone(), row.series.clone(), span, end));
    if wish.is_some() && (due || wish != app.own.series.past_of) {
        let own = &mut app.own.series;
        if wish != own.past_of {
            (own.past, own.past_problem) = (SeriesPast::default(), None);
        }
        own.past_of.clone_from(&wish);
        if let Some((key, series, ..)) = wish {
            let query = past(app, key, series);
            effects.push(ask(app, PAST, query));
        }
    }
    effects
}

fn ask(app: &mut App, what: u64, query: Query) -> Effect {
    let place = usize::from(what == PAST);
    let mut token = what;
    if let Some(last) = app.own.series.tokens.get_mut(place) {
        *last += 2;
        token |= *last;
    }
    let id = app.ask(Pending::Pane(Pane::SeriesList, token));
    Effect::Query { id, query }
}

/// The view opens: everything is asked for anew.
pub fn forget(app: &mut App) {
    (app.own.series.looked, app.own.series.past_of) = (None, None);
}

/// Takes an answer.
pub fn reply(app: &mut App, token: u64, result: Result<Reply, Problem>) {
    let own = &mut app.own.series;
    let place = usize::from(token & 1 == PAST);
    if own.tokens.get(place).is_none_or(|last| *last != token & !1) {
        return;
    }
    let odd = || "the engine answered something else".to_owned();
    match result {
        Ok(Reply::Answer(Answer::SeriesList(page))) => {
            let under = own.row().map(|row| (row.check.clone(), row.series.clone()));
            let same =
                |row: &SeriesRow| under.as_ref() == Some(&(row.check.clone(), row.series.clone()));
            own.at = page.rows.iter().position(same).unwrap_or(0);
            own.names = page.rows.iter().map(|row| SafeText::line(&row.series)).collect();
            own.page = page;
            (own.loaded, own.problem) = (true, None);
        }
        Ok(Reply::Answer(Answer::SeriesPast(past))) => {
            (own.past, own.past_problem) = (past, None);
        }
        Ok(_) if token & 1 == LIST => own.problem = Some(odd()),
        Ok(_) => own.past_problem = Some(odd()),
        Err(problem) if token & 1 == LIST => own.problem = Some(problem.to_string()),
        Err(problem) => own.past_problem = Some(problem.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_what_the_name_says() {
        for (series, rate, wanted) in [
            ("node_network_receive_bytes_total{device=\"eth0\"}", true, (Unit::BitsPerSecond, 8.0)),
            ("node_memory_MemFree_bytes", false, (Unit::Bytes, 1.0)),
            ("scrape_duration_seconds", false, (Unit::Seconds, 1.0)),
            ("node_boot_time_seconds", false, (Unit::Count, 1.0)),
            ("http_requests_total{unit=\"_bytes\"}", true, (Unit::Other("/s".into()), 1.0)),
            ("up", false, (Unit::Count, 1.0)),
        ] {
            assert_eq!(unit(series, rate), wanted, "{series}");
        }
    }
}
