//! How the history looks.
//!
//! ```text
//!  time CET         what            host           check       change        by          text
//! ›24 Feb 21:03:40  ● fired         dal-03         http        OK → CRIT                 503 Service …
//!  24 Feb 20:02:10  » acknowledged  ams-09         disk                      noc-2       looking into it
//! ```

use crate::model::{EdgeKind, ShownState, State};
use crate::protocol::{LogEntry, LogKind};
use crate::tui::app::{App, Pane};
use crate::tui::panes::rows::select;
use crate::tui::panes::{empty, not_ready};
use crate::tui::theme::{Role, glyph, short};
use crate::tui::widgets::Surface;

/// Filter, how many are new, position.
#[must_use]
pub fn title(app: &App) -> (String, String) {
    let own = &app.own.history;
    let mut text = "History".to_owned();
    if !own.words.0.is_empty() {
        text = format!("{text} /{}", own.words.0);
    }
    if !own.news.is_empty() {
        let more = if own.is_far { "+" } else { "" };
        text = format!("{text}, +{}{more}", own.news.len());
    }
    if own.rows.is_empty() {
        return (text, String::new());
    }
    let more = if own.next.is_some() { "+" } else { "" };
    let top = if own.is_cut { "gg newest · " } else { "newest first · " };
    (text, format!("{top}{} of {}{more}", own.at + 1, own.rows.len()))
}

/// Where the columns are; zero is absent.
struct Columns {
    /// Time with the day, or without seconds.
    time: usize,
    what: usize,
    host: usize,
    check: usize,
    change: usize,
    by: usize,
}

impl Columns {
    const fn at(wide: usize) -> Self {
        if wide >= 150 {
            Self { time: 15, what: 16, host: 24, check: 16, change: 14, by: 14 }
        } else if wide >= 100 {
            Self { time: 15, what: 15, host: 16, check: 10, change: 12, by: 10 }
        } else {
            Self { time: 12, what: 14, host: 12, check: 8, change: 0, by: 0 }
        }
    }
}

/// Draws the list.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.history;
    if own.rows.is_empty() {
        return nothing(app, surface);
    }
    let columns = Columns::at(surface.width());
    let compact = surface.width() == usize::from(app.size.0);
    let top = usize::from(!compact);
    if !compact {
        heads(app, surface, &columns);
    }
    let more = usize::from(own.problem.is_some());
    let height = surface.height().saturating_sub(top + more);
    let shown = own.scroll.window(own.at, own.rows.len(), height);
    for (y, at) in shown.enumerate() {
        let Some(entry) = own.rows.get(at) else { continue };
        row(app, surface, top + y, entry, &columns);
        if at == own.at {
            select(app, surface, top + y, app.focus == Pane::History);
        }
    }
    if let Some(problem) = &own.problem {
        let room = surface.width().saturating_sub(2);
        let y = surface.height().saturating_sub(1);
        surface.say(1, y, room, &format!("not up to date: {problem}"), Role::Bad);
    }
}

fn nothing(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.history;
    match (&own.problem, not_ready(app)) {
        (Some(problem), _) => empty(surface, &["The history cannot be shown:", problem]),
        (None, Some(text)) => empty(surface, &[text]),
        (None, None) if own.asked.is_some() => empty(surface, &["Asking the engine…"]),
        (None, None) if own.words.0.is_empty() => empty(surface, &["Nothing has happened yet."]),
        (None, None) => empty(surface, &["Nothing passes the filter; Esc clears it."]),
    }
}

fn heads(app: &App, surface: &mut Surface<'_>, columns: &Columns) {
    let zone = app.options.zone.name(app.wall());
    let mut x = 1;
    for (text, wide) in [
        (format!("time {zone}"), columns.time),
        ("what".to_owned(), columns.what),
        ("host".to_owned(), columns.host),
        ("check".to_owned(), columns.check),
        ("change".to_owned(), columns.change),
        ("by".to_owned(), columns.by),
        ("text".to_owned(), 8),
    ] {
        if wide > 0 {
            surface.say(x, 0, wide, &text, Role::Muted);
            x += wide + 1;
        }
    }
}

/// The sign and the word of a kind, and how it is coloured.
#[must_use]
pub fn kind(of: LogKind, to: Option<State>) -> (&'static str, &'static str, Role) {
    let state = ShownState::of(to.unwrap_or(State::Ok), false);
    let (sign, word) = match of {
        LogKind::Edge(EdgeKind::Fired) => return (glyph(state), "fired", Role::of(state)),
        LogKind::Edge(EdgeKind::Worse) => return (glyph(state), "worse", Role::of(state)),
        LogKind::Edge(EdgeKind::Better) => return (glyph(state), "better", Role::of(state)),
        LogKind::Edge(EdgeKind::Recovered) => return (glyph(state), "recovered", Role::of(state)),
        LogKind::Edge(EdgeKind::Acknowledged) => ("»", "acknowledged"),
        LogKind::Edge(EdgeKind::Unacknowledged) => ("«", "given back"),
        LogKind::Edge(EdgeKind::AckExpired) => ("«", "ack ended"),
        LogKind::Edge(EdgeKind::WindowBegan) => ("◇", "window on"),
        LogKind::Edge(EdgeKind::WindowEnded) => ("◇", "window off"),
        LogKind::Edge(EdgeKind::Closed) => ("–", "closed"),
        LogKind::Edge(EdgeKind::Commented) | LogKind::Comment => ("•", "comment"),
        LogKind::Edge(EdgeKind::Undone) => ("↩", "undone"),
        LogKind::Edge(EdgeKind::FlappingStarted) => ("~", "flapping"),
        LogKind::Edge(EdgeKind::FlappingStopped) => ("~", "flap ended"),
        LogKind::Edge(EdgeKind::Reminded) => ("!", "reminded"),
        LogKind::Edge(EdgeKind::CauseBegan) => ("└", "explained"),
        LogKind::Edge(EdgeKind::CauseEnded) => ("┴", "by itself"),
        LogKind::Edge(EdgeKind::Escalated) => ("↑", "escalated"),
        LogKind::Path => ("⇄", "path"),
        LogKind::Action => ("▸", "action"),
    };
    (sign, word, Role::Text)
}

/// `OK → CRIT`, in its colours; returns the columns used.
pub fn change(
    surface: &mut Surface<'_>,
    (x, y): (usize, usize),
    room: usize,
    (from, to): (State, State),
) -> usize {
    let word = |state| short(ShownState::of(state, false));
    let used = surface.say(x, y, room, word(from), Role::Muted);
    let used = used + surface.say(x + used, y, room.saturating_sub(used), " → ", Role::Muted);
    used + surface.say(x + used, y, room.saturating_sub(used), word(to), Role::of_state(to))
}

fn row(app: &App, surface: &mut Surface<'_>, y: usize, entry: &LogEntry, columns: &Columns) {
    let zone = &app.options.zone;
    let same_year = zone.format(entry.at, "%Y") == zone.format(app.wall(), "%Y");
    let pattern = match (columns.time >= 15, same_year) {
        (true, true) => "%e %b %H:%M:%S",
        (true, false) => "%y-%m-%d %H:%M",
        (false, true) => "%e %b %H:%M",
        (false, false) => "%y-%m-%d",
    };
    surface.say(1, y, columns.time, &zone.format(entry.at, pattern), Role::Muted);
    let mut x = columns.time + 2;
    let (sign, word, role) = kind(entry.kind, entry.to);
    surface.say(x, y, 1, sign, role);
    surface.say(x + 2, y, columns.what - 2, word, role);
    x += columns.what + 1;
    let text = entry.text.as_str();
    if let Some(host) = &entry.host {
        surface.say(x, y, columns.host, host, Role::Strong);
        let check = entry.check.as_deref().unwrap_or("");
        surface.say(x + columns.host + 1, y, columns.check, check, Role::Text);
    }
    x += columns.host + columns.check + 2;
    if columns.change > 0 {
        if let (Some(from), Some(to)) = (entry.from, entry.to)
            && from != to
        {
            change(surface, (x, y), columns.change, (from, to));
        }
        x += columns.change + 1;
    }
    let mut text = text.to_owned();
    match (&entry.actor, columns.by) {
        (Some(actor), 0) => text = format!("{actor}: {text}"),
        (Some(actor), by) => {
            surface.say(x, y, by, actor.as_str(), Role::Text);
        }
        (None, _) => {}
    }
    if columns.by > 0 {
        x += columns.by + 1;
    }
    if entry.in_maintenance {
        x += surface.say(x, y, 2, "◇ ", Role::StateMaintenance);
    }
    let room = surface.width().saturating_sub(x + 1);
    surface.say(x, y, room, &text, Role::Text);
}
