//! The board of the wall: what can be read from across a room.
//!
//! ```text
//! 21:04:30 CET            5 unhandled                     LIVE
//! 3 CRITICAL   1 UNKNOWN   5 WARNING   4 MAINT   145 OK       large figures
//! ───────────────────────────────────────────────────────
//! CRIT FRA-01 MYSQL   2m                                      a problem in large letters,
//!      connection refused by 10.0.3.1:3306      nobody has it  its words below
//! ───────────────────────────────────────────────────────
//! busiest links  eth0 in 9.4 Mb/s out 3.1 Mb/s                a strip
//! ```
//!
//! In: the console's state. Out: cells of a buffer.
//! Never: decides when it is shown.

use std::cmp::Reverse;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use crate::model::safe_text::width;
use crate::model::{Alert, ShownState, Timestamp, Unit};
use crate::tui::app::App;
use crate::tui::layout::{self, Mode};
use crate::tui::panes::said;
use crate::tui::theme::{Role, glyph, short};
use crate::tui::triage::hold;
use crate::tui::wall::{FORGOTTEN, Scene, shift};
use crate::tui::widgets::Surface;
use crate::tui::widgets::big::{self, Size};
use crate::tui::{footer, format, header};

/// From this size on problems have large letters.
const LARGE: (usize, usize) = (110, 34);
/// Most links in the strip.
const LINKS: usize = 4;
/// Rows of a problem, with the blank below.
const ROW_LARGE: usize = 5;
const ROW_SMALL: usize = 2;

/// Paints the wall into the whole screen; `paint` is how the console paints a view.
pub fn view(app: &App, buffer: &mut Buffer, paint: fn(&App, &mut Buffer) -> Option<Position>) {
    let outer = buffer.area;
    Surface::new(buffer, outer, &app.theme).clear();
    let mut picture = Buffer::empty(layout::screen(app.size));
    match app.wall.scene() {
        Some(Scene::View(_)) => {
            paint(app, &mut picture);
        }
        _ if app.mode() == Mode::TooSmall => {
            paint(app, &mut picture);
        }
        _ => board(app, &mut picture),
    }
    let room = (outer.width.saturating_sub(app.size.0), outer.height.saturating_sub(app.size.1));
    let (dx, dy) = shift(app.wall());
    let (dx, dy) = (dx.min(room.0), dy.min(room.1));
    for y in 0..picture.area.height {
        for x in 0..picture.area.width {
            if let (Some(from), Some(to)) =
                (picture.cell((x, y)), buffer.cell_mut((x + dx, y + dy)))
            {
                *to = from.clone();
            }
        }
    }
}

/// Problems as they stand on the board: the one in front, then what nobody has taken for a quarter
/// of an hour, then the worst first; in each what waits longest.
#[must_use]
pub fn problems(app: &App) -> Vec<Arc<Alert>> {
    let mut all: Vec<Arc<Alert>> =
        app.world.open_alerts().filter(|alert| alert.is_unhandled()).cloned().collect();
    let (front, now) = (app.wall.front(), app.wall());
    all.sort_by_cached_key(|alert| {
        (
            Some(alert.id) != front,
            !is_forgotten(alert, now),
            Reverse(alert.state.severity()),
            alert.since,
            alert.check.clone(),
        )
    });
    all
}

fn is_forgotten(alert: &Alert, now: Timestamp) -> bool {
    now.since(alert.fired.unwrap_or(alert.since)) >= FORGOTTEN
}

fn board(app: &App, buffer: &mut Buffer) {
    let area = buffer.area;
    let mut surface = Surface::new(buffer, area, &app.theme);
    surface.clear();
    let (wide, high) = (surface.width(), surface.height());
    let is_large = wide >= LARGE.0 && high >= LARGE.1;
    let top = clock(app, &mut surface, is_large);
    let top = counts(app, &mut surface, top, is_large);
    surface.rule(top);
    let strip = high.saturating_sub(3);
    let rows = surface.part(0, top + 1, wide, strip.saturating_sub(top + 1)).area();
    list(app, &mut surface.at(rows), is_large);
    surface.rule(strip);
    links(app, &mut surface, strip + 1);
    footer::view(app, &mut surface);
}

/// The time with seconds, its zone, and whether the picture is fresh; gives the first free row.
fn clock(app: &App, surface: &mut Surface<'_>, is_large: bool) -> usize {
    let tier = app.options.glyphs;
    let size = if is_large { Size::Middle } else { Size::Small };
    let zone = &app.options.zone;
    let time = zone.seconds(app.wall());
    let used = big::big(surface, (1, 0), &time, (size, tier), Role::Strong);
    let high = big::extent(&time, size, tier).1;
    surface.say(used + 3, high - 1, 12, &zone.name(app.wall()), Role::Muted);
    let end = surface.width().saturating_sub(1);
    let engine = app.world.engine();
    let mut lines = vec![header::freshness(app)];
    if !engine.host.is_empty() {
        lines.push((engine.host.to_string(), Role::Muted));
    }
    if app.wall.is_held() {
        lines.push(("held".to_owned(), Role::Note));
    }
    if let Some(until) = app.ringer.muted_until(app.now) {
        lines.push((format!("bell off to {}", zone.clock(until)), Role::Note));
    }
    for (y, (text, role)) in lines.iter().take(high).enumerate() {
        let style = surface.theme.style(*role);
        let room = surface.width().saturating_sub(used + 17);
        surface.put_right(end, y, room, text, style);
    }
    let news = [hold::badge(app, surface.width()), app.storm_words()];
    let news: Vec<String> = news.into_iter().flatten().collect();
    for (at, words) in news.iter().enumerate() {
        surface.say(1, high + at, end.saturating_sub(1), words, Role::Bad);
    }
    high + if news.is_empty() { usize::from(is_large) } else { news.len() }
}

/// Hosts in each state as large figures with their words; gives the first free row.
fn counts(app: &App, surface: &mut Surface<'_>, y: usize, is_large: bool) -> usize {
    let tier = app.options.glyphs;
    let unhandled = app.world.unhandled();
    let mut fields: Vec<(usize, &str, &str, Role)> = ShownState::ALL
        .into_iter()
        .map(|state| {
            let count = app.world.counts().of(state);
            let word = if is_large { state.word() } else { short(state) };
            (count, glyph(state), word, if count == 0 { Role::Muted } else { Role::of(state) })
        })
        .collect();
    let role = if unhandled == 0 { Role::Muted } else { Role::Strong };
    fields.push((unhandled, "", if is_large { "unhandled" } else { "unh." }, role));
    let each = surface.width() / fields.len();
    let texts: Vec<String> = fields.iter().map(|(count, ..)| count.to_string()).collect();
    let fits = |size| texts.iter().all(|text| big::extent(text, size, tier).0 + 2 <= each);
    let size = if is_large && fits(Size::Middle) { Size::Middle } else { Size::Small };
    let high = big::extent("0", size, tier).1;
    for (at, ((_, sign, word, role), text)) in fields.iter().zip(&texts).enumerate() {
        let mut field = surface.part(at * each, y, each, high + 1);
        if fits(size) {
            big::big(&mut field, (1, 0), text, (size, tier), *role);
        } else {
            field.say(1, high - 1, each - 1, text, *role);
        }
        let words = format!("{sign} {word}");
        field.say(1, high, each.saturating_sub(1), words.trim_start(), *role);
    }
    y + high + 1
}

fn list(app: &App, surface: &mut Surface<'_>, is_large: bool) {
    let all = problems(app);
    if all.is_empty() {
        let ready = app.world.is_ready();
        let text = if ready { "Nothing is unhandled." } else { "Waiting for the engine." };
        surface.say(1, 1, surface.width().saturating_sub(2), text, Role::Muted);
        return;
    }
    let each = if is_large { ROW_LARGE } else { ROW_SMALL };
    let room = (surface.height() / each).max(1);
    // The last place says how many more there are.
    let shown = if all.len() > room { room.saturating_sub(1).max(1) } else { all.len() };
    let wide = surface.width();
    for (at, alert) in all.iter().take(shown).enumerate() {
        let mut row = surface.part(0, at * each, wide, each);
        if is_large { large(app, &mut row, alert) } else { small(app, &mut row, alert) }
    }
    if all.len() > shown {
        let more = format!("and {} more", all.len() - shown);
        surface.say(1, shown * each, wide.saturating_sub(2), &more, Role::Muted);
    }
}

/// How long, and that nobody has it.
fn waits(app: &App, alert: &Alert) -> (String, Role) {
    let age = format::lasting(app.wall().since(alert.fired.unwrap_or(alert.since)));
    if is_forgotten(alert, app.wall()) {
        (format!("nobody has it for {age}"), Role::Bad)
    } else {
        (format!("for {age}"), Role::Text)
    }
}

fn small(app: &App, row: &mut Surface<'_>, alert: &Alert) {
    let state = ShownState::of(alert.state, alert.suppressed);
    let (waits, urgent) = waits(app, alert);
    let end = row.width().saturating_sub(1);
    let room = end.saturating_sub(width(&waits) + 2);
    let head = format!("{} {} ", glyph(state), short(state));
    let x = 1 + row.say(1, 0, room, &head, Role::of(state));
    let left = room.saturating_sub(x);
    row.say(x, 0, left, &format!("{} {}", alert.check.host, alert.check.name), Role::Strong);
    let style = row.theme.style(urgent);
    row.put_right(end, 0, width(&waits), &waits, style);
    row.say(8, 1, end.saturating_sub(8), said::of_alert(app, alert).as_str(), Role::Muted);
}

fn large(app: &App, row: &mut Surface<'_>, alert: &Alert) {
    let tier = app.options.glyphs;
    let state = ShownState::of(alert.state, alert.suppressed);
    let role = Role::of(state);
    let (waits, urgent) = waits(app, alert);
    let end = row.width().saturating_sub(1);
    let word = short(state);
    let x = 1 + big::big(row, (1, 0), word, (Size::Small, tier), role) + 3;
    let style = row.theme.style(urgent);
    row.put_right(end, 0, width(&waits), &waits, style);
    let room = end.saturating_sub(x + width(&waits) + 2);
    let whole = format!("{} {}", alert.check.host, alert.check.name);
    let host = alert.check.host.to_string();
    let fits =
        |name: &&String| big::is_readable(name) && big::extent(name, Size::Small, tier).0 <= room;
    if let Some(name) = [&whole, &host].into_iter().find(fits) {
        big::big(row, (x, 0), name, (Size::Small, tier), Role::Strong);
    } else {
        row.say(x, 1, room, &whole, Role::Strong);
    }
    let mark = format!("{} {}", glyph(state), state.word());
    let used = row.say(1, 3, 20, &mark, role) + 3;
    let full = format!("{}  {}", alert.check, said::of_alert(app, alert));
    row.say(x.max(used), 3, end.saturating_sub(x.max(used)), &full, Role::Text);
}

/// The busiest links, as far as the engine's machine counts them.
fn links(app: &App, surface: &mut Surface<'_>, y: usize) {
    let end = surface.width().saturating_sub(1);
    let x = 1 + surface.say(1, y, end, "busiest links  ", Role::Muted);
    let names = app.graph.as_ref().map(crate::tui::book::Book::interfaces).unwrap_or_default();
    let Some(book) = app.graph.as_ref().filter(|_| !names.is_empty()) else {
        surface.say(x, y, end.saturating_sub(x), "no counters", Role::Muted);
        return;
    };
    let last = |name: &str, metric: &str| {
        let value = book.track(metric, Some(name))?.rates().last()?.value;
        Some(format::value(value, &Unit::BitsPerSecond))
    };
    let mut at = x;
    for name in names.iter().take(LINKS) {
        let rate = |metric| last(name, metric).unwrap_or_else(|| "–".to_owned());
        let text = format!(
            "{} {name}  in {}  out {}     ",
            book.key.host,
            rate("octets_in"),
            rate("octets_out")
        );
        if at + width(text.trim_end()) > end {
            break;
        }
        at += surface.say(at, y, end.saturating_sub(at), &text, Role::Text);
    }
}
