//! What the screen looks at: tells the engine which numbers and which path shall travel, and asks
//! for the history behind the graphs.
//!
//! A cursor that runs over many hosts must not start a trace for each: what is wanted is told
//! when it has stayed the same for a moment.

use crate::model::spec::{Kind, TraceSpec};
use crate::model::{CheckKey, Name, Span, Timestamp};
use crate::protocol::event::INTEREST_LIMIT;
use crate::protocol::{Command, Interest, Query, TraceRequest, World};
use crate::tui::app::{App, Pane};
use crate::tui::book::Book;
use crate::tui::effect::Effect;
use crate::tui::line::Pending;
use crate::tui::panes;

/// How long a cursor must rest.
const REST: Span = Span::from_millis(250);
/// Most points of a graph's history: two dots for each of 200 columns.
const POINTS: u32 = 400;
/// Most events of a host.
const EDGES: u32 = 200;

/// The check behind the overview's graph: the selected host's interfaces, else its first ping,
/// else the interfaces of the machine that the engine runs on.
#[must_use]
pub fn graph_source(world: &World, host: Option<&Name>) -> Option<CheckKey> {
    let of = |entry: &crate::protocol::HostEntry, kind: Kind| {
        entry.measuring(kind).map(|row| row.key.clone())
    };
    let selected = host.and_then(|name| world.host(name));
    let own = || {
        let here = world.host(world.engine().host.as_str());
        here.and_then(|entry| of(entry, Kind::System))
            .or_else(|| world.hosts().find_map(|entry| of(entry, Kind::System)))
    };
    selected
        .and_then(|entry| {
            let device = of(entry, Kind::System).or_else(|| of(entry, Kind::Snmp));
            device.or_else(|| of(entry, Kind::Ping))
        })
        .or_else(own)
}

/// The same for the present screen, where a pinned interface goes before; the wall's links do not
/// follow a cursor.
fn source(app: &App) -> Option<CheckKey> {
    if let Some((check, _)) = panes::pin::interface(app) {
        return Some(check.clone());
    }
    let host = if app.wall.is_on() { None } else { app.host.as_ref() };
    graph_source(&app.world, host)
}

/// What the present screen needs besides the World.
#[must_use]
pub fn wanted(app: &App) -> Interest {
    // The check that a page is about goes before the others of the host.
    let page = panes::alert_page::subject(app).filter(|_| app.shows(Pane::AlertPage));
    let page = page.and_then(|(_, key)| key).filter(|key| app.world.check(key).is_some());
    let row = app.detail.as_ref().and_then(|detail| detail.row()).map(|row| row.key.clone());
    let mut checks: Vec<CheckKey> = page.clone().into_iter().collect();
    checks.extend(row.filter(|key| page.as_ref() != Some(key)));
    let host = app.detail.as_ref().map(|detail| &detail.host).or(app.host.as_ref());
    if let Some(entry) = host.and_then(|name| app.world.host(name)) {
        let known = |key: &&CheckKey| !checks.contains(key);
        let rest: Vec<CheckKey> =
            entry.checks.iter().map(|row| &row.key).filter(known).cloned().collect();
        checks.extend(rest);
    }
    if app.shows(Pane::Throughput)
        && let Some(key) = source(app)
        && !checks.contains(&key)
    {
        checks.insert(0, key);
    }
    checks.truncate(INTEREST_LIMIT);
    // In a storm nothing is traced that nobody asked for.
    let calm = app.storm.storm().is_none() || app.focus == Pane::Hops;
    let traced =
        if app.shows(Pane::Hops) && calm { app.host.clone() } else { panes::paths::live_host(app) };
    let known = traced.filter(|name| app.world.host(name).is_some());
    let trace = known.map(|host| TraceRequest { host, spec: TraceSpec::default() });
    Interest { checks, rows: panes::said::wanted(app), trace }
}

fn is_of(book: &Book, key: &CheckKey, range: Span, end: Option<Timestamp>) -> bool {
    book.key == *key && book.range == range && book.end == end
}

/// True when the books and the interest fit the screen.
fn is_served(app: &App) -> bool {
    let source = source(app);
    let (span, end) = (app.span().1, app.own.lens.end);
    let graph = match (&app.graph, source) {
        (Some(book), Some(key)) => is_of(book, &key, span, end),
        (None, None) => true,
        _ => false,
    };
    let detail = app.detail.as_ref().is_none_or(|detail| {
        let row = detail.row().map(|row| &row.key);
        match (&detail.book, row) {
            (Some(book), Some(key)) => is_of(book, key, span, end),
            (None, None) => true,
            _ => false,
        }
    });
    graph && detail && app.looked.as_ref() == Some(&wanted(app))
}

/// Sets or clears the moment at which the wishes are told; called after every message.
pub fn plan(app: &mut App) {
    if app.stream.is_none() || !app.world.is_ready() || is_served(app) {
        app.look_at = None;
    } else if app.look_at.is_none() {
        // The first picture is wanted at once, a moved cursor when it rests.
        let wait = if app.looked.is_none() { Span::ZERO } else { REST };
        app.look_at = Some(app.now.steady + wait);
    }
}

/// A cursor moved: begin to wait again.
pub fn moved(app: &mut App) {
    if app.looked.is_some() {
        app.look_at = Some(app.now.steady + REST);
    }
}

/// Tells what is wanted when its time has come.
pub fn tell(app: &mut App) -> Vec<Effect> {
    let (Some(at), Some(stream)) = (app.look_at, app.stream) else { return Vec::new() };
    if app.now.steady < at {
        return Vec::new();
    }
    app.look_at = None;
    let mut effects = Vec::new();
    let interest = wanted(app);
    if app.looked.as_ref() != Some(&interest) {
        if app.trace.as_ref().map(|t| &t.host) != interest.trace.as_ref().map(|t| &t.host) {
            app.trace = None;
            app.trace_next = None;
            app.hop = 0;
        }
        panes::said::keep(app, &interest);
        app.looked = Some(interest.clone());
        let id = app.ask(Pending::Look);
        effects.push(Effect::Execute { id, command: Command::Look { stream, interest } });
    }
    effects.extend(graph_history(app));
    effects.extend(detail_history(app));
    effects
}

fn history(app: &App, key: CheckKey, range: Span) -> Query {
    let to = app.own.lens.end.unwrap_or(app.wall());
    Query::History { key, from: to - range, to, points: POINTS }
}

fn graph_history(app: &mut App) -> Option<Effect> {
    let Some(key) = source(app) else {
        app.graph = None;
        return None;
    };
    let (range, end) = (app.span().1, app.own.lens.end);
    let have = app.graph.as_ref();
    if have.is_some_and(|book| is_of(book, &key, range, end)) {
        return None;
    }
    if have.is_none_or(|book| book.key != key) {
        app.interface = None;
    }
    let query = history(app, key.clone(), range);
    let id = app.ask(Pending::GraphHistory(key.clone()));
    app.graph = Some(renewed(app.graph.take(), key, (range, end), id));
    Some(Effect::Query { id, query })
}

/// The book of a check over another time: what is known of the same check stays on screen until
/// the answer comes.
fn renewed(
    old: Option<Book>,
    key: CheckKey,
    (range, end): (Span, Option<Timestamp>),
    id: u64,
) -> Book {
    let mut book = match old.filter(|book| book.key == key) {
        Some(book) => book.turned(range, end),
        None => Book::new(key, range).turned(range, end),
    };
    book.asked = id;
    book
}

fn detail_history(app: &mut App) -> Vec<Effect> {
    let (range, end) = (app.span().1, app.own.lens.end);
    let Some(detail) = &mut app.detail else { return Vec::new() };
    let Some(key) = detail.row().map(|row| row.key.clone()) else {
        detail.book = None;
        return Vec::new();
    };
    if detail.book.as_ref().is_some_and(|book| is_of(book, &key, range, end)) {
        return Vec::new();
    }
    let old = detail.book.take();
    let same_check = old.as_ref().is_some_and(|book| book.key == key);
    let query = history(app, key.clone(), range);
    let id = app.ask(Pending::DetailHistory(key.clone(), range));
    let mut effects = vec![Effect::Query { id, query }];
    let book = renewed(old, key.clone(), (range, end), id);
    if !same_check {
        let id = app.ask(Pending::CheckDetail(key.clone()));
        effects.push(Effect::Query { id, query: Query::Check { key } });
    }
    if let Some(detail) = &mut app.detail {
        detail.book = Some(book);
    }
    effects
}

/// Asks for the events of the host view.
pub fn edges(app: &mut App, host: &Name) -> Effect {
    let id = app.ask(Pending::Edges(host.clone()));
    let query = Query::Edges { host: Some(host.clone()), alert: None, limit: EDGES };
    Effect::Query { id, query }
}
