//! The top line: where we are, how many hosts are in which state, whether the picture is fresh.

use crate::model::safe_text::width;
use crate::model::{ShownState, Span};
use crate::tui::app::{App, Link};
use crate::tui::format;
use crate::tui::link::Freshness;
use crate::tui::theme::{Role, glyph, short};
use crate::tui::triage::{arm, hold, pause};
use crate::tui::widgets::Surface;

/// From this width on, states are whole words.
const WORDS_FROM: usize = 150;

/// Pieces of a line.
type Pieces = Vec<(String, Role)>;

/// Draws the top line of a wide screen.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    surface.tint(0, Role::Header);
    let wide = surface.width();
    if let Some(words) = app.storm_words() {
        stormy(app, surface, &words);
        return;
    }
    let engine = app.world.engine();
    if engine.hold.is_some() {
        strip(app, surface);
        return;
    }
    let mut pieces: Pieces = vec![(" fluxnoc".to_owned(), Role::Strong)];
    badge(app, &mut pieces);
    if !engine.host.is_empty() {
        pieces.push((format!(" · {}", engine.host), Role::Muted));
    }
    let place = place(app);
    let place = if place.is_empty() { place } else { format!(" · {place}") };
    pieces.push((format!("{place}   "), Role::Muted));
    for state in ShownState::ALL {
        let count = app.world.counts().of(state);
        let word = if wide >= WORDS_FROM { state.word() } else { short(state) };
        let role = if count == 0 { Role::Muted } else { Role::of(state) };
        pieces.push((format!("{} {count} {word}  ", glyph(state)), role));
    }
    waiting(app, &mut pieces);
    let unhandled = app.world.unhandled();
    let role = if unhandled == 0 { Role::Muted } else { Role::Strong };
    pieces.push((format!(" {unhandled} unhandled"), role));
    draw(surface, 0, &pieces);
    let right = freshness(app);
    let clock = clock(app);
    draw_right(surface, &[right, (format!("   {clock} "), Role::Strong)]);
}

/// The top line in a storm: what it is stands before everything else that has room.
fn stormy(app: &App, surface: &mut Surface<'_>, words: &str) {
    // The storm has most of the line.
    let mut pieces = held(app, 0);
    badge(app, &mut pieces);
    pieces.push((format!(" {words}"), Role::Bad));
    let mut right = vec![(format!(" {} ", clock(app)), Role::Strong)];
    let fresh = freshness(app);
    let used = |pieces: &Pieces| pieces.iter().map(|(text, _)| width(text)).sum::<usize>();
    if used(&pieces) + used(&right) + width(&fresh.0) + 2 <= surface.width() {
        right.insert(0, fresh);
    }
    let mut more = vec![("   ".to_owned(), Role::Text)];
    more.extend(brief(app));
    more.push((format!(" {} unhandled", app.world.unhandled()), Role::Strong));
    if used(&pieces) + used(&more) + used(&right) + 2 <= surface.width() {
        pieces.extend(more);
    }
    draw(surface, 0, &pieces);
    draw_right(surface, &right);
}

/// Draws the strip of counts of a small screen, and of any while paging is held.
pub fn strip(app: &App, surface: &mut Surface<'_>) {
    if let Some(words) = app.storm_words() {
        stormy(app, surface, &words);
        return;
    }
    let mut pieces = held(app, surface.width());
    pieces.push((" ".to_owned(), Role::Text));
    badge(app, &mut pieces);
    pieces.extend(brief(app));
    pieces.push((format!("  {} unhandled", app.world.unhandled()), Role::Strong));
    let end = draw(surface, 0, &pieces);
    let wide = surface.width();
    let mut right = vec![freshness(app), (format!("  {} ", clock(app)), Role::Strong)];
    let used: usize = right.iter().map(|(text, _)| width(text)).sum();
    let place = format!("{}  ", place(app));
    if end + used + width(&place) + 1 < wide {
        right.insert(0, (place, Role::Muted));
    }
    draw_right(surface, &right);
}

/// `●3 ?1 ▲5 ◇4 ✓145`
#[must_use]
pub fn brief(app: &App) -> Pieces {
    let mut pieces: Pieces = ShownState::ALL
        .into_iter()
        .map(|state| {
            let count = app.world.counts().of(state);
            let role = if count == 0 { Role::Muted } else { Role::of(state) };
            (format!("{}{count} ", glyph(state)), role)
        })
        .collect();
    waiting(app, &mut pieces);
    pieces
}

fn waiting(app: &App, pieces: &mut Pieces) {
    let count = app.world.counts().waiting;
    if count > 0 {
        pieces.push((format!("○ {count} waiting  "), Role::StateWaiting));
    }
}

/// That nobody is told of anything, before everything else.
fn held(app: &App, wide: usize) -> Pieces {
    let badge = hold::badge(app, wide);
    badge.map(|badge| (format!(" {badge} "), Role::Bad)).into_iter().collect()
}

fn badge(app: &App, pieces: &mut Pieces) {
    if let Some(word) = app.options.badge {
        pieces.push((format!(" {word} "), Role::Selection));
        pieces.push((" ".to_owned(), Role::Text));
    }
}

fn place(app: &App) -> String {
    match &app.options.remote {
        // The badge and the machine's name say it.
        None if app.options.badge.is_some() => String::new(),
        Some(url) => url.clone(),
        None if app.options.attached => "attached".to_owned(),
        None => "engine here".to_owned(),
    }
}

fn clock(app: &App) -> String {
    let zone = &app.options.zone;
    let (now, muted) = (app.wall(), app.ringer.muted_until(app.now));
    let muted =
        muted.map_or_else(String::new, |until| format!("bell off to {}   ", zone.clock(until)));
    let time = if app.wall.is_on() { zone.seconds(now) } else { zone.clock(now) };
    format!("{muted}{time} {}", zone.name(now))
}

/// `LIVE` while events come, else how old the picture is; lag from one second on.
pub(crate) fn freshness(app: &App) -> (String, Role) {
    if let Some(badge) = pause::badge(app) {
        return (badge, Role::Bad);
    }
    let (text, role) = fresh(app);
    match arm::badge(app) {
        Some(badge) => (format!("{badge}  {text}"), Role::Note),
        None => (text, role),
    }
}

fn fresh(app: &App) -> (String, Role) {
    let aged = |word: &str, age: Span| format!("{word} {}", format::age(age));
    let old = match app.link.freshness(app.now.steady, app.pulses()) {
        // A stream that is opened again at once is no outage.
        Freshness::Offline(age) if age < Span::from_secs(5) => None,
        Freshness::Offline(age) => {
            let why = if let Link::Lost(_, why) = &app.link { why } else { "" };
            // Where it is stands at the left; here is room for what is wrong.
            let why = why.rsplit(": ").next().unwrap_or(why);
            let why = why.split(" (os error").next().unwrap_or(why);
            Some((format!("{}, {why}", aged("OFFLINE", age)), Role::Bad))
        }
        Freshness::Stale(age) => Some((aged("STALE", age), Role::Bad)),
        Freshness::Lagging(age) => Some((aged("LAGGING", age), Role::Note)),
        Freshness::Live => None,
    };
    let (text, role) = old.unwrap_or_else(|| well(app));
    match app.waiting.len() {
        0 => (text, role),
        count => (format!("{} to be sent  {text}", format::plural(count, "command")), Role::Bad),
    }
}

fn well(app: &App) -> (String, Role) {
    match &app.link {
        Link::Connecting => ("connecting".to_owned(), Role::Muted),
        Link::Live(_) if !app.world.is_ready() => (loading(app), Role::Note),
        Link::Live(_) => {
            let lag = app.world.engine().lag;
            if lag >= Span::from_secs(1) {
                (format!("checks start {} late", Span::from_secs(lag.millis() / 1000)), Role::Bad)
            } else {
                ("LIVE".to_owned(), Role::Muted)
            }
        }
        Link::Lost(..) => ("LIVE".to_owned(), Role::Muted),
    }
}

/// How much of the first picture is there: what stands first on screen is so before it is whole.
fn loading(app: &App) -> String {
    match app.expected {
        0 => "loading".to_owned(),
        all => {
            format!("loading {} of {}", app.world.host_count(), format::plural(all, "host"))
        }
    }
}

fn draw(surface: &mut Surface<'_>, x: usize, pieces: &Pieces) -> usize {
    let pieces: Vec<(&str, Role)> = pieces.iter().map(|(text, role)| (&**text, *role)).collect();
    surface.line(x, 0, &pieces)
}

fn draw_right(surface: &mut Surface<'_>, pieces: &[(String, Role)]) {
    let wide: usize = pieces.iter().map(|(text, _)| width(text)).sum();
    let start = surface.width().saturating_sub(wide);
    let mut x = start;
    for (text, role) in pieces {
        let room = surface.width().saturating_sub(x);
        x += surface.say(x, 0, room, text, *role);
    }
    if start > 0 {
        surface.say(start - 1, 0, 1, " ", Role::Text);
    }
}
