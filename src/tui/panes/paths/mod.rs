//! Paths: all traces with verdicts, the hop table, round trips over time, changes of path.
//!
//! In: the engine's list of `trace` checks, their history and changes; live traces that somebody
//! looked at. Out: four panes about the path under the cursor.
//! Never: asks for a path that nobody looks at.

mod changes;
mod graph;
mod list;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::model::trace::TraceReport;
use crate::model::{CheckKey, Name, PathChange, Span, Steady};
use crate::protocol::query::{Answer, Query};
use crate::protocol::{Event, LiveCheck, LiveTrace, Problem, TraceSummary};
use crate::tui::action::Action;
use crate::tui::app::{App, Lead, Pane};
use crate::tui::book::Book;
use crate::tui::effect::{Effect, Reply};
use crate::tui::format;
use crate::tui::line::Pending;
use crate::tui::panes::{empty, hops, not_ready};
use crate::tui::views::View;
use crate::tui::widgets::{Scroll, Surface, cursor};
pub use changes::{hops as changed_hops, numbers as changed_numbers};
use list::Row;

/// Most live traces that are remembered: the last frame of each.
const LIVE: usize = 8;
/// Most paths that are shown.
const LIMIT: u32 = 1000;
/// Most changes of one path.
const CHANGES: u32 = 100;
/// How often the list is asked for again.
const STEP: Span = Span::from_secs(10);
/// Most points of a history.
const POINTS: u32 = 400;

/// What a question was about, in the low bits of its token.
const LIST: u64 = 0;
const BOOK: u64 = 1;
const PAST: u64 = 2;

/// The panes' own state.
#[derive(Debug, Default)]
pub struct State {
    /// The checks that trace.
    checks: Vec<TraceSummary>,
    /// The last frames of live traces, the newest first.
    live: VecDeque<Arc<LiveTrace>>,
    /// The path under the cursor: the host, and the check unless it is a live trace.
    selected: Option<(Name, Option<Name>)>,
    at: usize,
    scroll: Scroll,
    /// The hop that the graph is of; without one it is of the whole path.
    hop: Option<usize>,
    /// The history of the selected check.
    book: Option<Book>,
    changes: Vec<PathChange>,
    /// Whose changes these are; `None` is not yet asked for.
    changes_of: Option<(Name, Option<Name>)>,
    changes_problem: Option<String>,
    change: usize,
    token: u64,
    /// True when the list has come.
    loaded: bool,
    looked: Option<Steady>,
    problem: Option<String>,
}

/// The path under the cursor.
fn selected(app: &App) -> Option<Row> {
    let rows = list::rows(app);
    let own = &app.own.paths;
    let kept = rows.iter().position(|row| Some(&row.id()) == own.selected.as_ref());
    let at = kept.unwrap_or(own.at.min(rows.len().saturating_sub(1)));
    rows.into_iter().nth(at)
}

/// The check under the cursor, for keys that act on objects.
#[must_use]
pub fn subject(app: &App) -> Option<CheckKey> {
    let row = selected(app)?;
    row.check.map(|name| CheckKey { host: row.host, name })
}

/// The host whose live trace is looked at here.
#[must_use]
pub fn live_host(app: &App) -> Option<Name> {
    if app.view != View::Paths {
        return None;
    }
    selected(app).filter(|row| row.check.is_none()).map(|row| row.host)
}

/// Name, counts, position.
#[must_use]
pub fn title(app: &App, pane: Pane) -> (String, String) {
    match pane {
        Pane::PathList => list::title(app),
        Pane::PathGraph => graph::title(app),
        Pane::PathChanges => changes::title(app),
        _ => match selected(app) {
            Some(row) => {
                let Some(report) = &row.report else {
                    return (format!("Hops to {}", row.host), String::new());
                };
                let at = row.at.map(|at| format!("{}, ", app.options.zone.moment(at, app.wall())));
                let rounds = format::plural(report.rounds, "round");
                let right = format!("{}{rounds} · ms", at.unwrap_or_default());
                (format!("Hops to {}: {}", row.host, report.protocol), right)
            }
            None => ("Hops".to_owned(), String::new()),
        },
    }
}

/// Draws one of the panes.
pub fn view(app: &App, pane: Pane, surface: &mut Surface<'_>) {
    let row = selected(app);
    match (pane, row) {
        (Pane::PathList, _) => list::view(app, surface),
        (_, None) => empty(surface, &[not_ready(app).unwrap_or("No path is selected.")]),
        (Pane::PathGraph, Some(row)) => graph::view(app, &row, surface),
        (Pane::PathChanges, Some(_)) => changes::view(app, surface),
        (_, Some(row)) => match &row.report {
            Some(report) => {
                let hop = app.own.paths.hop.map(|hop| hop.min(report.hops.len().saturating_sub(1)));
                // Every address is shown; a hop is marked when one is chosen.
                let chosen = hop.or((app.focus == Pane::PathHops).then_some(0));
                hops::table(surface, report, 0, chosen.or(Some(usize::MAX)), app.options.glyphs);
            }
            None => waiting(app, &row, surface),
        },
    }
}

/// What is known of a path that was not walked since the engine started.
fn waiting(app: &App, row: &Row, surface: &mut Surface<'_>) {
    let mut lines = vec!["Not walked since the engine started.".to_owned()];
    if let Some(path) = &row.path {
        let since = row.changed.map(|at| app.options.zone.moment(at, app.wall()));
        lines.push(format!(
            "Recorded before{}:",
            since.map_or(String::new(), |s| format!(", unchanged since {s}"))
        ));
        lines.extend(path.hops.iter().map(|hop| {
            let all: Vec<String> = hop.addresses.iter().map(ToString::to_string).collect();
            format!(
                "{:>3} {}",
                hop.ttl,
                if all.is_empty() { "no answer".into() } else { all.join(" ") }
            )
        }));
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    empty(surface, &lines);
}

/// Puts the cursor on a path; its host is the selected one.
fn select(app: &mut App, at: usize, row: Option<&Row>) {
    let own = &mut app.own.paths;
    own.at = at;
    let id = row.map(Row::id);
    if own.selected != id {
        (own.hop, own.change) = (None, 0);
        own.selected = id;
    }
    if let Some(row) = row {
        app.lead = Lead::Hosts;
        app.choose_host(row.host.clone());
    }
}

/// Runs an action that means something special here.
pub fn act(app: &mut App, pane: Pane, action: Action) -> Option<Vec<Effect>> {
    if let Some(by) = cursor::step(action, crate::tui::act::page(app)) {
        go(app, pane, by);
        return Some(Vec::new());
    }
    match action {
        Action::MetricNext => turn(app, true),
        Action::MetricPrevious => turn(app, false),
        Action::Open if pane == Pane::PathList => {
            let row = selected(app)?;
            app.world.host(&row.host)?;
            return Some(crate::tui::act::open_host(app, row.host, row.check));
        }
        _ => return None,
    }
    Some(Vec::new())
}

fn go(app: &mut App, pane: Pane, by: isize) {
    let hops = selected(app).and_then(|row| row.report).map_or(0, |report| report.hops.len());
    match pane {
        Pane::PathList => {
            let rows = list::rows(app);
            let here = app.own.paths.selected.as_ref();
            let at = rows.iter().position(|row| Some(&row.id()) == here);
            let at = cursor::moved(at.unwrap_or(app.own.paths.at), rows.len(), by);
            select(app, at, rows.get(at));
        }
        Pane::PathHops if hops > 0 => {
            let at = cursor::moved(app.own.paths.hop.unwrap_or(0), hops, by);
            app.own.paths.hop = Some(at);
        }
        Pane::PathChanges => {
            let rows = changes::lines(app).len();
            app.own.paths.change = cursor::moved(app.own.paths.change, rows, by);
        }
        _ => {}
    }
}

/// The next or previous hop in the graph; before the first is the whole path.
fn turn(app: &mut App, forward: bool) {
    let hops = selected(app).and_then(|row| row.report).map_or(0, |report| report.hops.len());
    let own = &mut app.own.paths;
    own.hop = match (own.hop.filter(|hop| *hop < hops), forward) {
        (None, true) => (hops > 0).then_some(0),
        (None, false) => hops.checked_sub(1),
        (Some(at), true) => (at + 1 < hops).then_some(at + 1),
        (Some(at), false) => at.checked_sub(1),
    };
}

/// A result of a check that traces: its path is newer than the list's.
pub fn live(app: &mut App, result: &Arc<LiveCheck>) {
    let own = &mut app.own.paths;
    if let Some(book) = &mut own.book {
        book.live(result);
    }
    let Some(report) = &result.observation.trace else { return };
    if let Some(row) = own.checks.iter_mut().find(|row| row.key == result.check) {
        (row.report, row.at) = (Some(Arc::clone(report)), Some(result.at));
    }
}

/// A frame of a live trace: the last one of each host is remembered.
pub fn traced(app: &mut App, frame: &Arc<LiveTrace>) {
    let live = &mut app.own.paths.live;
    match live.iter_mut().find(|have| have.host == frame.host) {
        Some(have) => *have = Arc::clone(frame),
        None => {
            live.push_front(Arc::clone(frame));
            live.truncate(LIVE);
        }
    }
}

/// Notes that a path has changed.
pub fn sees(app: &mut App, event: &Event) {
    let own = &mut app.own.paths;
    match event {
        Event::Path(change) => {
            if own.changes_of.as_ref().is_some_and(|(host, _)| *host == change.host) {
                own.changes_of = None;
            }
            own.looked = None;
        }
        Event::HostGone(name) => own.live.retain(|live| live.host != *name),
        _ => {}
    }
}

/// The moment at which the list is asked for again.
#[must_use]
pub fn wake(app: &App) -> Option<Steady> {
    let at = app.own.paths.looked.map(|at| at + STEP);
    at.filter(|_| app.view == View::Paths)
}

/// What they still have to ask for.
pub fn wants(app: &mut App) -> Vec<Effect> {
    let mut effects = Vec::new();
    if !app.world.is_ready() {
        return effects;
    }
    let now = app.now.steady;
    if app.own.paths.looked.is_none_or(|at| now >= at + STEP) {
        app.own.paths.looked = Some(now);
        let id = app.ask(Pending::Pane(Pane::PathList, LIST));
        effects.push(Effect::Query { id, query: Query::Paths { host: None, limit: LIMIT } });
    }
    let Some(row) = selected(app) else { return effects };
    let row = if app.own.paths.selected.is_none() && app.own.paths.loaded {
        // The view opens at the path of the host that is selected, when it has one.
        let rows = list::rows(app);
        let at = rows.iter().position(|row| Some(&row.host) == app.host.as_ref()).unwrap_or(0);
        let row = rows.get(at).cloned().unwrap_or(row);
        select(app, at, Some(&row));
        row
    } else {
        row
    };
    let id = row.id();
    if app.own.paths.changes_of.as_ref() != Some(&id) {
        let own = &mut app.own.paths;
        own.changes_of = Some(id);
        (own.changes, own.changes_problem) = (Vec::new(), None);
        own.token += 1;
        let token = own.token << 2 | PAST;
        let id = app.ask(Pending::Pane(Pane::PathList, token));
        let (host, check) = (row.host.clone(), row.check.clone());
        effects
            .push(Effect::Query { id, query: Query::PathChanges { host, check, limit: CHANGES } });
    }
    effects.extend(history(app, row));
    effects
}

/// Asks for the history of the selected check over the range of graphs.
fn history(app: &mut App, row: Row) -> Option<Effect> {
    let Some(name) = row.check else {
        app.own.paths.book = None;
        return None;
    };
    let key = CheckKey { host: row.host, name };
    let (range, end) = (app.span().1, app.own.lens.end);
    let have = app.own.paths.book.as_ref();
    if have.is_some_and(|book| book.key == key && book.range == range && book.end == end) {
        return None;
    }
    let to = end.unwrap_or(app.wall());
    let query = Query::History { key: key.clone(), from: to - range, to, points: POINTS };
    let old = app.own.paths.book.take().filter(|book| book.key == key);
    let mut book = old.unwrap_or_else(|| Book::new(key, range)).turned(range, end);
    let token = (app.own.paths.token + 1) << 2 | BOOK;
    app.own.paths.token += 1;
    book.asked = token;
    app.own.paths.book = Some(book);
    let id = app.ask(Pending::Pane(Pane::PathList, token));
    Some(Effect::Query { id, query })
}

/// The view opens: what is known is old, and the cursor begins at the selected host's path.
pub fn forget(app: &mut App) {
    let own = &mut app.own.paths;
    (own.looked, own.changes_of, own.book) = (None, None, None);
    (own.selected, own.loaded) = (None, false);
}

/// Takes an answer.
pub fn reply(app: &mut App, token: u64, result: Result<Reply, Problem>) {
    let own = &mut app.own.paths;
    match (token & 3, result) {
        (LIST, Ok(Reply::Answer(Answer::Paths(checks)))) => {
            own.checks = checks;
            (own.loaded, own.problem) = (true, None);
        }
        (LIST, Err(problem)) => own.problem = Some(problem.to_string()),
        (BOOK, result) => {
            let Some(book) = own.book.as_mut().filter(|book| book.asked == token) else { return };
            match result {
                Ok(Reply::Answer(Answer::History { series, states })) => book.load(series, states),
                Ok(_) => {}
                Err(problem) => book.problem = Some(problem.to_string()),
            }
        }
        (PAST, Ok(Reply::Answer(Answer::PathChanges(changes)))) => own.changes = changes,
        (PAST, Err(problem)) => own.changes_problem = Some(problem.to_string()),
        _ => {}
    }
}

/// The report of the selected path, for what is drawn beside the table.
fn report(row: &Row) -> Option<&Arc<TraceReport>> {
    row.report.as_ref()
}
