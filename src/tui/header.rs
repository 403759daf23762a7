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

/// How much a part of the line counts: where there is no room the last goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// Never left out: that nobody is told, the counts of the states.
    Always,
    /// Whether the picture is fresh.
    Fresh,
    /// The problems that nobody has, and hosts without a result.
    Problems,
    /// What waits for a line to the engine.
    Queue,
    /// That this is no real network.
    Badge,
    /// The time.
    Clock,
    /// Why there is no line.
    Why,
    /// Which engine this is.
    Host,
    /// What this program is.
    Name,
    /// Where the engine is.
    Place,
}

/// A part of the line: whole, or in short where there is no room; in short it may be nothing.
struct Part {
    weight: Weight,
    whole: Pieces,
    short: Pieces,
}

impl Part {
    const fn new(weight: Weight, whole: Pieces) -> Self {
        Self { weight, whole, short: Vec::new() }
    }

    fn one(weight: Weight, text: String, role: Role) -> Self {
        Self::new(weight, vec![(text, role)])
    }
}

fn wide_of(pieces: &Pieces) -> usize {
    pieces.iter().map(|(text, _)| width(text)).sum()
}

/// Draws the parts of both ends; what counts least is shortened, then left out, until all has room.
fn ends(surface: &mut Surface<'_>, left: Vec<Part>, right: Vec<Part>) {
    let split = left.len();
    let mut parts: Vec<Part> = left.into_iter().chain(right).collect();
    let room = surface.width();
    // One column at least keeps the ends apart.
    while parts.iter().map(|part| wide_of(&part.whole)).sum::<usize>() + 1 > room {
        let some = |part: &&mut Part| part.weight > Weight::Always && !part.whole.is_empty();
        let Some(last) = parts.iter_mut().filter(some).max_by_key(|part| part.weight) else {
            break;
        };
        last.whole = std::mem::take(&mut last.short);
    }
    let mut left: Vec<Pieces> = parts.into_iter().map(|part| part.whole).collect();
    let right = left.split_off(split.min(left.len()));
    draw(surface, 0, &left.concat());
    draw_right(surface, &right.concat());
}

/// The right end: where the engine is, what waits for it, whether the picture is fresh, the time.
fn right(app: &App, place: Option<Part>) -> Vec<Part> {
    let gap = if place.is_some() { "  " } else { "   " };
    let mut parts: Vec<Part> = place.into_iter().collect();
    let Fresh { text: fresh, queue, why } = fresh_parts(app);
    if let Some((whole, short)) = queue {
        let piece = |text| vec![(text, Role::Bad)];
        parts.push(Part { weight: Weight::Queue, whole: piece(whole), short: piece(short) });
    }
    parts.push(Part::new(Weight::Fresh, vec![fresh]));
    parts.extend(why.map(|why| Part::one(Weight::Why, why, Role::Bad)));
    let zone = &app.options.zone;
    let piece = |text| vec![(text, Role::Strong)];
    let (whole, short) = (clock(app), zone.clock(app.wall()));
    let (whole, short) = (format!("{gap}{whole} "), format!("{gap}{short} "));
    parts.push(Part { weight: Weight::Clock, whole: piece(whole), short: piece(short) });
    parts
}

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
    let mut left = vec![Part::one(Weight::Name, " fluxnoc".to_owned(), Role::Strong)];
    left.extend(badge(app).map(|badge| Part::new(Weight::Badge, badge)));
    if !engine.host.is_empty() {
        left.push(Part::one(Weight::Host, format!(" · {}", engine.host), Role::Muted));
    }
    let place = place(app);
    if !place.is_empty() {
        left.push(Part::one(Weight::Place, format!(" · {place}"), Role::Muted));
    }
    let mut counts: Pieces = vec![("   ".to_owned(), Role::Text)];
    for state in ShownState::ALL {
        let count = app.world.counts().of(state);
        let word = if wide >= WORDS_FROM { state.word() } else { short(state) };
        let role = if count == 0 { Role::Muted } else { Role::of(state) };
        counts.push((format!("{} {count} {word}  ", glyph(state)), role));
    }
    left.push(Part::new(Weight::Always, counts));
    left.extend(waiting(app));
    let unhandled = app.world.unhandled();
    let role = if unhandled == 0 { Role::Muted } else { Role::Strong };
    left.push(Part::one(Weight::Problems, format!(" {unhandled} unhandled"), role));
    ends(surface, left, right(app, None));
}

/// The top line in a storm: what it is stands before everything else that has room.
fn stormy(app: &App, surface: &mut Surface<'_>, words: &str) {
    // The storm has most of the line.
    let mut pieces = held(app, 0);
    pieces.extend(badge(app).unwrap_or_default());
    pieces.push((format!(" {words}"), Role::Bad));
    let mut right = vec![(format!(" {} ", clock(app)), Role::Strong)];
    let Fresh { text, queue, why } = fresh_parts(app);
    let mut fresh = vec![text];
    fresh.extend(why.map(|why| (why, Role::Bad)));
    if let Some((queue, _)) = queue {
        fresh.insert(0, (queue, Role::Bad));
    }
    if wide_of(&pieces) + wide_of(&right) + wide_of(&fresh) + 2 <= surface.width() {
        right.splice(..0, fresh);
    }
    let mut more = vec![("   ".to_owned(), Role::Text)];
    more.extend(brief(app));
    more.push((format!(" {} unhandled", app.world.unhandled()), Role::Strong));
    if wide_of(&pieces) + wide_of(&more) + wide_of(&right) + 2 <= surface.width() {
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
    let mut left = vec![Part::new(Weight::Always, held(app, surface.width()))];
    left.push(Part::one(Weight::Always, " ".to_owned(), Role::Text));
    left.extend(badge(app).map(|badge| Part::new(Weight::Badge, badge)));
    left.push(Part::new(Weight::Always, states(app)));
    left.extend(waiting(app));
    let unhandled = format!("  {} unhandled", app.world.unhandled());
    left.push(Part::one(Weight::Problems, unhandled, Role::Strong));
    let place = Part::one(Weight::Place, format!("{}  ", place(app)), Role::Muted);
    ends(surface, left, right(app, Some(place)));
}

/// `●3 ?1 ▲5 ◇4 ✓145`
fn states(app: &App) -> Pieces {
    ShownState::ALL
        .into_iter()
        .map(|state| {
            let count = app.world.counts().of(state);
            let role = if count == 0 { Role::Muted } else { Role::of(state) };
            (format!("{}{count} ", glyph(state)), role)
        })
        .collect()
}

/// The same, and how many have no result yet.
#[must_use]
pub fn brief(app: &App) -> Pieces {
    let mut pieces = states(app);
    pieces.extend(waiting(app).map(|part| part.whole).unwrap_or_default());
    pieces
}

fn waiting(app: &App) -> Option<Part> {
    let count = app.world.counts().waiting;
    let piece = |text| vec![(text, Role::StateWaiting)];
    (count > 0).then(|| Part {
        weight: Weight::Problems,
        whole: piece(format!("○ {count} waiting  ")),
        short: piece(format!("○{count} ")),
    })
}

/// That nobody is told of anything, before everything else.
fn held(app: &App, wide: usize) -> Pieces {
    let badge = hold::badge(app, wide);
    badge.map(|badge| (format!(" {badge} "), Role::Bad)).into_iter().collect()
}

fn badge(app: &App) -> Option<Pieces> {
    let word = app.options.badge?;
    Some(vec![(format!(" {word} "), Role::Selection), (" ".to_owned(), Role::Text)])
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

/// Whether the picture is fresh, and what goes with that.
struct Fresh {
    /// `LIVE` while events come, else how old the picture is, or the lag from one second on.
    text: (String, Role),
    /// What waits to be sent: whole, and in short.
    queue: Option<(String, String)>,
    /// Why there is no line.
    why: Option<String>,
}

/// What waits to be sent, and whether the picture is fresh, in one sentence.
pub(crate) fn freshness(app: &App) -> (String, Role) {
    let Fresh { text: (text, role), queue, why } = fresh_parts(app);
    let (queue, _) = queue.unwrap_or_default();
    (format!("{queue}{text}{}", why.unwrap_or_default()), role)
}

fn fresh_parts(app: &App) -> Fresh {
    if let Some(badge) = pause::badge(app) {
        return Fresh { text: (badge, Role::Bad), queue: None, why: None };
    }
    let ((text, role), why) = fresh(app);
    let (text, role) = match arm::badge(app) {
        Some(badge) => (format!("{badge}  {text}"), Role::Note),
        None => (text, role),
    };
    match app.waiting.len() {
        0 => Fresh { text: (text, role), queue: None, why },
        count => {
            let whole = format!("{} to be sent  ", format::plural(count, "command"));
            let queue = Some((whole, format!("{count} to be sent  ")));
            Fresh { text: (text, Role::Bad), queue, why }
        }
    }
}

fn fresh(app: &App) -> ((String, Role), Option<String>) {
    let aged = |word: &str, age: Span| format!("{word} {}", format::age(age));
    match app.link.freshness(app.now.steady, app.pulses()) {
        // A stream that is opened again at once is no outage.
        Freshness::Offline(age) if age < Span::from_secs(5) => (well(app), None),
        Freshness::Offline(age) => {
            let why = if let Link::Lost(_, why) = &app.link { why } else { "" };
            // Where it is stands at the left; here is room for what is wrong.
            let why = why.rsplit(": ").next().unwrap_or(why);
            let why = why.split(" (os error").next().unwrap_or(why);
            let why = (!why.is_empty()).then(|| format!(", {why}"));
            ((aged("OFFLINE", age), Role::Bad), why)
        }
        Freshness::Stale(age) => ((aged("STALE", age), Role::Bad), None),
        Freshness::Lagging(age) => ((aged("LAGGING", age), Role::Note), None),
        Freshness::Live => (well(app), None),
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
