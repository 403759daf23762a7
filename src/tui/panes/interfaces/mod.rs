//! The interfaces of a device: how they stand, what they carry, what is wrong with them.
//!
//! ```text
//!  state      interface   alias               in         out       speed   use   errors  last hour
//!  ● down      te1/2      fra to dal           –           –    10 Gb/s     –        –
//! ›✓ up        te1/1      uplink        9.1 Gb/s    1.2 Gb/s    10 Gb/s   91%   0.02 %  ▃▃▄▅▆▇███
//!  – shut      te1/3                           –           –    10 Gb/s     –        –
//! ```
//!
//! What is judged comes first, the worst on top; then the order of the names. A state without a
//! threshold has no colour: a port without a cable is no news.

mod line;

use std::cmp::Ordering;

use self::line::{Line, lines, natural};
use crate::model::safe_text::width;
use crate::model::spec::Kind;
use crate::model::{CheckKey, Name, SafeText, ShownState, State, Unit};
use crate::tui::action::Action;
use crate::tui::app::{App, Pane, Tone};
use crate::tui::book::Book;
use crate::tui::detail::Detail;
use crate::tui::effect::Effect;
use crate::tui::format;
use crate::tui::num::{count, millis, real};
use crate::tui::panes::{checks, empty, graph, pin, throughput};
use crate::tui::theme::{Role, glyph};
use crate::tui::views::View;
use crate::tui::watch;
use crate::tui::widgets::chart::Dot;
use crate::tui::widgets::spark::{self, Cell};
use crate::tui::widgets::{Scroll, Surface, cursor};

/// Columns of a figure.
const FIGURE: usize = 10;
/// Widest name and alias.
const NAME: usize = 24;
const ALIAS: usize = 30;
/// Widest sparkline.
const SPARK: usize = 72;

/// The order of the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Order {
    /// What is wrong first, then by name.
    #[default]
    Worst,
    /// By name.
    Name,
    /// The busiest first.
    Busy,
    /// The most errors first.
    Errors,
}

impl Order {
    const fn next(self) -> Self {
        match self {
            Self::Worst => Self::Name,
            Self::Name => Self::Busy,
            Self::Busy => Self::Errors,
            Self::Errors => Self::Worst,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Worst => "worst first",
            Self::Name => "by name",
            Self::Busy => "busiest first",
            Self::Errors => "most errors first",
        }
    }
}

/// The pane's own state; it belongs to one host.
#[derive(Debug, Default)]
pub struct Own {
    /// The interface under the cursor.
    chosen: Option<Name>,
    order: Order,
    scroll: Scroll,
}

/// The rows as they stand on screen.
fn rows(app: &App) -> Vec<Line> {
    let seen = app.detail.as_ref().and_then(Detail::observation);
    let mut lines = seen.map(lines).unwrap_or_default();
    let order = app.own.interfaces.order;
    lines.sort_by(|a, b| {
        let first = match order {
            Order::Worst => b.state.severity().cmp(&a.state.severity()),
            Order::Name => Ordering::Equal,
            Order::Busy => b.busy().total_cmp(&a.busy()),
            Order::Errors => b.errors.unwrap_or(-1.0).total_cmp(&a.errors.unwrap_or(-1.0)),
        };
        first.then_with(|| natural(&a.name, &b.name))
    });
    lines
}

fn index(app: &App, rows: &[Line]) -> usize {
    let chosen = app.own.interfaces.chosen.as_ref();
    rows.iter().position(|line| Some(&line.name) == chosen).unwrap_or(0)
}

/// The check of a host that knows its interfaces: SNMP before the machine's own metrics.
#[must_use]
pub fn source(app: &App, host: &Name) -> Option<CheckKey> {
    let entry = app.world.host(host)?;
    let device = entry.measuring(Kind::Snmp).or_else(|| entry.measuring(Kind::System));
    device.map(|row| row.key.clone())
}

/// The host that the key means: of the host view, else under the cursor.
fn host(app: &App) -> Option<Name> {
    let open = app.detail.as_ref().map(|detail| detail.host.clone());
    open.or_else(|| app.host.clone())
}

/// True when there is something to open.
#[must_use]
pub fn is_here(app: &App) -> bool {
    host(app).is_some_and(|host| source(app, &host).is_some())
}

/// The interface under the cursor, and the check that measures it.
#[must_use]
pub fn chosen(app: &App) -> Option<(CheckKey, Name)> {
    let check = app.detail.as_ref().and_then(Detail::row)?.key.clone();
    let rows = rows(app);
    Some((check, rows.get(index(app, &rows))?.name.clone()))
}

/// Opens the interfaces of the host.
pub fn open(app: &mut App) -> Vec<Effect> {
    let Some(host) = host(app) else {
        app.say(Tone::Note, "no host is selected");
        return Vec::new();
    };
    let under = app.detail.as_ref().and_then(Detail::row);
    let under = under.filter(|row| row.rule.is_none());
    let under = under.filter(|row| matches!(row.kind, Kind::Snmp | Kind::System));
    let Some(key) = under.map(|row| row.key.clone()).or_else(|| source(app, &host)) else {
        app.say(
            Tone::Note,
            format!("no check of {host} watches interfaces: write kind = \"snmp\""),
        );
        return Vec::new();
    };
    app.own.interfaces = Own::default();
    let mut effects = Vec::new();
    app.host = Some(host.clone());
    if app.detail.is_none() {
        effects.push(watch::edges(app, &host));
        app.detail = Some(Detail::new(host, Some(key.name.clone())));
    }
    app.show(View::Interfaces);
    let wall = app.wall();
    if let Some(detail) = &mut app.detail {
        detail.refresh(&app.world, wall);
        if let Some(at) = detail.rows.iter().position(|row| row.key == key) {
            detail.select(at);
        }
    }
    effects
}

/// Cursor, order, and the way to the graph.
pub fn act(app: &mut App, action: Action, page: isize) -> Option<Vec<Effect>> {
    let step = match action {
        Action::MetricNext => Some(1),
        Action::MetricPrevious => Some(-1),
        _ if app.focus == Pane::Interfaces => cursor::step(action, page),
        _ => None,
    };
    match action {
        _ if step.is_some() => {
            let rows = rows(app);
            let at = cursor::moved(index(app, &rows), rows.len(), step.unwrap_or(0));
            app.own.interfaces.chosen = rows.get(at).map(|line| line.name.clone());
        }
        Action::Sort if app.focus == Pane::Interfaces => {
            // The cursor stays on its interface.
            let rows = rows(app);
            app.own.interfaces.chosen = rows.get(index(app, &rows)).map(|line| line.name.clone());
            app.own.interfaces.order = app.own.interfaces.order.next();
        }
        Action::Open if app.focus == Pane::Interfaces => app.focus = Pane::InterfaceGraph,
        _ if app.focus == Pane::InterfaceGraph => return graph::act(app, app.focus, action),
        _ => return None,
    }
    Some(Vec::new())
}

/// The host and its check, the order, and how many are up.
#[must_use]
pub fn title(app: &App) -> (String, String) {
    let Some(detail) = &app.detail else { return Default::default() };
    let rows = rows(app);
    let words = app.own.interfaces.order.words();
    let check = detail.check.as_deref().unwrap_or("");
    let up = rows.iter().filter(|line| line.word() == "up").count();
    let counts = if rows.iter().all(|line| line.link.is_none()) {
        format::plural(rows.len(), "interface")
    } else {
        format!("{up} of {} up", rows.len())
    };
    (format!("Interfaces: {} {check}, {words}", detail.host), counts)
}

/// Where the columns are.
struct Columns {
    name: usize,
    alias: usize,
    speed: bool,
    spark: usize,
}

impl Columns {
    fn at(wide: usize, rows: &[Line]) -> Self {
        let longest = |most: usize, of: &dyn Fn(&Line) -> usize| {
            rows.iter().map(of).max().unwrap_or(0).min(most)
        };
        let name = longest(NAME, &|line| width(&line.name)).max(9);
        let alias = longest(ALIAS, &|line| line.alias.as_ref().map_or(0, SafeText::width));
        // State, name, in, out, use, errors and the blanks between.
        let fixed = 13 + name + 2 * (FIGURE + 1) + 6 + 9;
        let room = wide.saturating_sub(fixed);
        let speed = room > FIGURE;
        let room = room.saturating_sub(if speed { FIGURE + 1 } else { 0 });
        let alias = if alias > 0 && room >= 7 { alias.max(5).min(room - 1) } else { 0 };
        let room = room.saturating_sub(if alias > 0 { alias + 1 } else { 0 });
        Self { name, alias, speed, spark: if room >= 10 { (room - 2).min(SPARK) } else { 0 } }
    }
}

/// Draws the table.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let Some(detail) = &app.detail else { return };
    let rows = rows(app);
    if rows.is_empty() {
        let waits = detail.observation().is_none();
        let text = match detail.row() {
            _ if waits => "Asking for the last result…",
            Some(row) if row.status.is_waiting() => "This check has no result yet.",
            _ => "The last result has no interfaces: see `interfaces` of the check.",
        };
        return empty(surface, &[text]);
    }
    let columns = Columns::at(surface.width(), &rows);
    head(surface, &columns);
    let (at, high) = (index(app, &rows), surface.height().saturating_sub(1));
    let shown = app.own.interfaces.scroll.window(at, rows.len(), high);
    let key = detail.row().map(|row| &row.key);
    let pinned = pin::interface(app).filter(|(check, _)| Some(*check) == key);
    for (y, row) in shown.enumerate() {
        let Some(line) = rows.get(row) else { continue };
        view_line(app, surface, y + 1, line, &columns);
        if pinned.is_some_and(|(_, name)| *name == line.name) {
            surface.say(12, y + 1, 1, "▪", Role::Accent);
        }
        if row == at {
            let focused = app.focus == Pane::Interfaces && app.overlay.is_none();
            let role = if focused { Role::Selection } else { Role::SelectionQuiet };
            surface.say(0, y + 1, 1, "›", Role::Accent);
            surface.tint(y + 1, role);
        }
    }
}

fn head(surface: &mut Surface<'_>, columns: &Columns) {
    let style = surface.theme.style(Role::Muted);
    surface.say(1, 0, 11, "state", Role::Muted);
    surface.say(13, 0, columns.name, "interface", Role::Muted);
    let mut x = 13 + columns.name + 1;
    if columns.alias > 0 {
        surface.say(x, 0, columns.alias, "alias", Role::Muted);
        x += columns.alias + 1;
    }
    let speed = if columns.speed { FIGURE + 1 } else { 0 };
    for (word, wide) in
        [("in", FIGURE + 1), ("out", FIGURE + 1), ("speed", speed), ("use", 6), ("errors", 9)]
    {
        x += wide;
        if wide > 0 {
            surface.put_right(x - 1, 0, wide - 1, word, style);
        }
    }
    if columns.spark > 0 {
        let words = if columns.spark >= 10 { "in and out" } else { "traffic" };
        surface.say(x + 1, 0, columns.spark, words, Role::Muted);
    }
}

fn view_line(app: &App, surface: &mut Surface<'_>, y: usize, line: &Line, columns: &Columns) {
    let role = |state: State| {
        if state.is_problem() { Role::of(ShownState::of(state, false)) } else { Role::Text }
    };
    let [link, used, errors] = line.judged;
    let word = line.word();
    let quiet = word != "up" && !link.is_problem();
    let base = if quiet { Role::Muted } else { Role::Text };
    let sign = match (link.is_problem(), word) {
        (true, _) => glyph(ShownState::of(link, false)),
        (_, "up") => "✓",
        (_, "") => " ",
        _ => "–",
    };
    let at = if link.is_problem() { role(link) } else { base };
    surface.say(1, y, 11, &format!("{sign} {word}"), at);
    surface.say(13, y, columns.name, &line.name, base);
    let mut x = 13 + columns.name + 1;
    if columns.alias > 0 {
        let alias = line.alias.as_ref().map_or("", SafeText::as_str);
        surface.say(x, y, columns.alias, alias, base);
        x += columns.alias + 1;
    }
    let rate = |rate: Option<f64>| format::value(rate.unwrap_or(f64::NAN), &Unit::BitsPerSecond);
    let share = |share: Option<f64>| match share {
        Some(share) => format!("{share:.0}%"),
        None => "–".to_owned(),
    };
    let wrong = format::value(line.errors.unwrap_or(f64::NAN), &Unit::Percent);
    let speed = if columns.speed { FIGURE + 1 } else { 0 };
    for (text, wide, role) in [
        (rate(line.input), FIGURE + 1, base),
        (rate(line.output), FIGURE + 1, base),
        (rate(line.speed), speed, Role::Muted),
        (share(line.used()), 6, if used.is_problem() { role(used) } else { base }),
        (wrong, 9, if errors.is_problem() { role(errors) } else { base }),
    ] {
        x += wide;
        if wide > 0 {
            let style = surface.theme.style(role);
            surface.put_right(x - 1, y, wide - 1, &text, style);
        }
    }
    if let Some(book) = app.detail.as_ref().and_then(|detail| detail.book.as_ref())
        && columns.spark > 0
    {
        let cells = cells(app, book, &line.name, columns.spark);
        let top = spark::calm_top(&cells);
        spark::bars(surface, (x + 1, y), columns.spark, (&cells, top), app.options.glyphs);
    }
}

/// What went in and out over the time of the graph, in columns.
fn cells(app: &App, book: &Book, name: &Name, room: usize) -> Vec<Cell> {
    let (_, from, to) = app.window(book);
    let span = millis(to.millis() - from.millis()).max(1.0);
    let mut columns = vec![(0.0, 0_usize); room];
    let tracks = ["octets_in", "octets_out"].map(|metric| book.track(metric, Some(name)));
    let both = tracks.into_iter().flatten().flat_map(crate::tui::book::Track::rates);
    for Dot { at, value, .. } in
        both.filter(|dot| dot.at >= from && dot.at <= to && dot.value.is_finite())
    {
        let place = millis(at.millis() - from.millis()) / span * real(room);
        let last = room.saturating_sub(1);
        if let Some(column) = columns.get_mut(count(place).min(last)) {
            (column.0, column.1) = (column.0 + value, column.1 + 1);
        }
    }
    let cell = |(sum, values): (f64, usize)| match values {
        0 => Cell::Gap,
        values => Cell::Value(sum / real(values)),
    };
    let mut cells: Vec<Cell> = columns.into_iter().map(cell).collect();
    checks::bridge(&mut cells);
    cells
}

/// The interface under the cursor, its range.
#[must_use]
pub fn graph_title(app: &App) -> (String, String) {
    let book = app.detail.as_ref().and_then(|detail| detail.book.as_ref());
    let rows = rows(app);
    let range = graph::range(app, book);
    let Some(line) = rows.get(index(app, &rows)) else {
        return (format!("Throughput, {range}"), String::new());
    };
    let alias = line.alias.as_ref().map(|alias| format!(" ({alias})")).unwrap_or_default();
    (format!("Throughput: {}{alias}, {range}", line.name), String::new())
}

/// Draws what the interface under the cursor carries.
pub fn graph_view(app: &App, surface: &mut Surface<'_>) {
    let rows = rows(app);
    let Some(book) = app.detail.as_ref().and_then(|detail| detail.book.as_ref()) else {
        return empty(surface, &["No check is selected."]);
    };
    match rows.get(index(app, &rows)) {
        Some(line) if book.track("octets_in", Some(&line.name)).is_some() => {
            throughput::draw_interface(app, surface, book, &line.name);
        }
        Some(_) => graph::without(surface, book, "This interface has no rate in this time yet."),
        None => graph::without(surface, book, "No interface is selected."),
    }
}
