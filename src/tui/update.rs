//! The one place where the console changes: routes what happened to overlay, pane or everywhere.

use std::sync::Arc;

use crossterm::event::KeyEvent;

use crate::model::{Now, Span, Steady};
use crate::protocol::Event;
use crate::tui::action::Action;
use crate::tui::app::{App, Link, Overlay, Pane, Tone};
use crate::tui::book::Book;
use crate::tui::effect::{Effect, Leave};
use crate::tui::keymap::{Chord, Context, Found};
use crate::tui::msg::Msg;
use crate::tui::triage::{self, forms, pause};
use crate::tui::widgets::cursor;
use crate::tui::{
    act, bell, context, external, look, outside, overlays, panes, replies, typing, wall, watch,
};

/// How long a frame of a trace stands, so that a quiet path costs few bytes; the first rounds are
/// shown as they come.
const TRACE_STEP: Span = Span::from_millis(1900);
const FIRST_ROUNDS: u64 = 5;

/// Takes in what happened and says what to ask of the world outside.
pub fn update(app: &mut App, msg: Msg) -> Vec<Effect> {
    let is_small = matches!(msg, Msg::Event(_) | Msg::Time(_) | Msg::Painted(_));
    let mut effects = match msg {
        // The wall takes a key or nothing: no paste, no mouse.
        Msg::Paste(_) | Msg::Mouse(..) if app.wall.is_on() => Vec::new(),
        Msg::Key { key, at } => {
            // The lists are not settled here: the key acts on what is painted.
            app.hand(at);
            pause::key(app);
            on_key(app, key, at)
        }
        Msg::Paste(text) => {
            typing::paste(app, &text);
            Vec::new()
        }
        Msg::Resize { width, height } => {
            wall::resize(app, (width, height));
            Vec::new()
        }
        Msg::Event(event) => {
            if !pause::keeps(app, &event) {
                take_event(app, &event);
            }
            Vec::new()
        }
        Msg::Mouse(mouse, below) => {
            app.settle_and_follow();
            outside::mouse(app, mouse, below)
        }
        Msg::Stopped => outside::stopped(app),
        Msg::Returned(result) => {
            outside::returned(app, result);
            Vec::new()
        }
        Msg::Told(result) => {
            outside::told(app, result);
            Vec::new()
        }
        Msg::Line(figures) => {
            app.outside.line = app.outside.line.map(|_| figures);
            Vec::new()
        }
        Msg::Link(state) => on_link(app, state),
        Msg::Queued { id, sent } => {
            triage::queue::waits(app, id, sent);
            Vec::new()
        }
        Msg::Unqueued { id } => {
            triage::queue::ended(app, id);
            Vec::new()
        }
        Msg::TakenBack { id } => triage::queue::taken_back(app, id),
        Msg::Arrived(seat) => {
            context::arrived(app, *seat);
            Vec::new()
        }
        Msg::NotArrived(why) => {
            context::failed(app, &why);
            Vec::new()
        }
        Msg::Reply { id, result } => replies::take(app, id, result),
        Msg::Look(read) => {
            look::take(app, read);
            Vec::new()
        }
        Msg::Ran { name, result } => {
            external::ended(app, &name, result);
            Vec::new()
        }
        Msg::Played(played) => {
            panes::calendar::played(app, *played);
            Vec::new()
        }
        Msg::Reported { id, result } => {
            panes::reports::came(app, id, result);
            Vec::new()
        }
        Msg::Painted(at) => {
            if app.overlay.is_some() && app.overlay_seen.is_none() {
                app.overlay_seen = Some(at);
            }
            app.lists.alerts.painted(at);
            app.lists.hosts.painted(at);
            app.lists.checks.painted(at);
            Vec::new()
        }
        Msg::Time(now) | Msg::Tick(now) => on_time(app, now),
    };
    bell::own(app, &effects);
    // A thousand events a second must not sort the lists a thousand times.
    if is_small {
        return effects;
    }
    app.settle_and_follow();
    watch::plan(app);
    effects.extend(watch::tell(app));
    effects.extend(panes::wants(app));
    effects.extend(triage::wants(app));
    effects
}

fn on_time(app: &mut App, now: Now) -> Vec<Effect> {
    // Ages and ends of snoozes move rows in the steps in which they are shown.
    let step = |now: Now| now.wall.millis().div_euclid(10_000);
    if step(app.now) != step(now) && !(app.filter.1.is_empty() && app.snoozed.is_empty()) {
        app.pace.stale = true;
    }
    app.now = now;
    app.storm_tick();
    wall::tick(app);
    triage::tick(app);
    if app.message.as_ref().is_some_and(|m| m.until.is_some_and(|until| until <= now.steady)) {
        app.message = None;
    }
    show_trace(app, false);
    let mut effects = Vec::new();
    if app.link.is_blind(now.steady, app.pulses()) && !app.world.is_blind() {
        app.world.lose_sight();
        (app.trace, app.trace_next) = (None, None);
        app.pace.stale = true;
        if let Link::Live(_) = app.link {
            // A stream that says nothing is not waited for: the next one begins with a new picture.
            app.link.lose(now.steady, "nothing is heard".to_owned());
            effects.push(Effect::Rewatch);
        }
    }
    if app.window_edge.is_some_and(|edge| edge <= now.wall) {
        app.world.tick(now.wall);
        app.window_edge = app.world.next_window_edge(now.wall);
        app.pace.stale = true;
    }
    effects.extend(bell::tick(app));
    effects
}

fn on_link(app: &mut App, state: Result<(), String>) -> Vec<Effect> {
    match state {
        Ok(()) => app.link = Link::Live(app.now.steady),
        Err(why) => {
            app.link.lose(app.now.steady, why);
            app.stream = None;
            app.looked = None;
        }
    }
    Vec::new()
}

/// Takes in what the engine says.
pub(super) fn take_event(app: &mut App, event: &Arc<Event>) {
    app.link.heard(app.now.steady);
    match &**event {
        Event::Hello { stream, hosts } => {
            // A new stream begins with a whole new picture.
            app.world = crate::protocol::World::new();
            app.expected = *hosts;
            app.stream = Some(*stream);
            app.looked = None;
            app.link = Link::Live(app.now.steady);
            app.refresh();
        }
        Event::Resumed { stream } => {
            app.stream = Some(*stream);
            app.looked = None;
            app.link = Link::Live(app.now.steady);
        }
        Event::Live(result) => {
            let books =
                [app.graph.as_mut(), app.detail.as_mut().and_then(|detail| detail.book.as_mut())];
            for book in books.into_iter().flatten() {
                book.live(result);
            }
            panes::checks::live(app, result);
            panes::alert_page::live(app, result);
            panes::said::live(app, result);
            panes::paths::live(app, result);
            choose_interface(app);
        }
        Event::Trace(frame) => {
            if app.host.as_ref() == Some(&frame.host) {
                app.trace_next = Some(Arc::clone(frame));
                panes::paths::traced(app, frame);
                // The first rounds are awaited; later ones only move digits.
                show_trace(app, frame.report.rounds <= FIRST_ROUNDS || app.trace.is_none());
            }
        }
        Event::Remembered { key, value } => {
            triage::remember::learn(app, key, value.as_deref());
        }
        event => {
            let wall = app.wall();
            if let Event::Alert(alert) = event {
                app.storm_sees(alert);
                wall::sees(app, alert);
                bell::sees(app, alert);
            }
            app.world.apply(event, wall);
            panes::sees(app, event);
            app.pace.stale = true;
            if matches!(event, Event::Ready) {
                app.refresh();
                tell_absence(app);
            }
            match event {
                Event::Maintenance(_) | Event::MaintenanceGone(_) | Event::Ready => {
                    app.window_edge = app.world.next_window_edge(wall);
                }
                Event::Alert(alert) => {
                    // What was asked for has been done, or something newer is true.
                    app.acking.remove(&alert.id);
                }
                Event::Resync => {
                    app.refresh();
                    app.stream = None;
                    app.looked = None;
                }
                _ => {}
            }
        }
    }
}

/// An engine that has just started says how long nobody watched.
fn tell_absence(app: &mut App) {
    let engine = Arc::clone(app.world.engine());
    if let Some(off) = engine.was_off
        && off >= Span::from_secs(10)
        && app.wall().since(engine.started) < Span::from_secs(60)
    {
        app.say(Tone::Note, format!("engine was off {}", crate::tui::format::length(off)));
    }
}

/// Shows the newest frame of the trace, when the last one has stood long enough.
fn show_trace(app: &mut App, at_once: bool) {
    if app.trace_next.is_some() && (at_once || app.trace_at <= app.now.steady) {
        app.trace = app.trace_next.take();
        app.trace_at = app.now.steady + TRACE_STEP;
    }
}

/// The pinned interface is shown, else the busiest until somebody chooses another; it does not
/// change by itself.
pub(super) fn choose_interface(app: &mut App) {
    if app.interface.is_none() {
        let busiest = |book: &Book| book.interfaces().into_iter().next();
        let pinned = panes::pin::interface(app).map(|(_, name)| name.clone());
        app.interface = pinned.or_else(|| app.graph.as_ref().and_then(busiest));
    }
}

fn on_key(app: &mut App, key: KeyEvent, at: Steady) -> Vec<Effect> {
    let chord = Chord::from(key);
    if app.message.as_ref().is_some_and(|message| message.tone == Tone::Bad) {
        app.message = None;
    }
    if app.overlay.is_some() {
        return on_overlay_key(app, key, chord, at);
    }
    let contexts = app.contexts();
    app.pressed.push(chord);
    let pressed = app.pressed.clone();
    match app.keymap.find(&contexts, &pressed) {
        Found::Begun => Vec::new(),
        Found::Action(action) => {
            app.pressed.clear();
            act::act(app, action)
        }
        Found::Custom(at) => {
            app.pressed.clear();
            external::start(app, at)
        }
        Found::Nothing => {
            app.pressed.clear();
            Vec::new()
        }
    }
}

/// A dialog obeys only keys that were typed after it had been painted: nobody answers a question
/// that they have not seen. Letters may run ahead into an input line, where they do no harm.
fn on_overlay_key(app: &mut App, key: KeyEvent, chord: Chord, at: Steady) -> Vec<Effect> {
    let seen = app.overlay_seen.is_some_and(|seen| at >= seen);
    let contexts = app.contexts();
    let found = app.keymap.find(&contexts, &[chord]);
    match (&app.overlay, found) {
        (Some(Overlay::Line(_)), Found::Action(action)) if seen => typing::act(app, action),
        (Some(Overlay::Line(_)), Found::Action(_)) => Vec::new(),
        (Some(Overlay::Line(_)), _) => {
            typing::key(app, key);
            Vec::new()
        }
        (Some(Overlay::Form(_)), Found::Action(action)) if seen => forms::act(app, action, key),
        (Some(Overlay::Form(_)), Found::Action(_)) => Vec::new(),
        (Some(Overlay::Form(_)), _) => {
            forms::key(app, key);
            Vec::new()
        }
        (Some(Overlay::Card(_)), Found::Action(action)) if seen => overlays::card::act(app, action),
        // A letter may run ahead: views change nothing.
        (Some(Overlay::Views), found) => {
            overlays::views::key(app, key, found);
            Vec::new()
        }
        (Some(Overlay::Question), Found::Action(action)) if seen => on_answer(app, action),
        (Some(Overlay::Going(_)), Found::Action(action)) if seen => context::act(app, action),
        (Some(Overlay::Run(_)), Found::Action(action)) if seen => overlays::run::act(app, action),
        (Some(Overlay::Themes(_)), Found::Action(action)) if seen => {
            overlays::themes::act(app, action);
            Vec::new()
        }
        (Some(Overlay::Help(line)), Found::Action(action)) if seen => {
            let line = *line;
            on_help(app, action, line);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn on_answer(app: &mut App, action: Action) -> Vec<Effect> {
    app.overlay = None;
    match action {
        Action::Keep => vec![Effect::Leave(Leave::Keep)],
        Action::Stop => vec![Effect::Leave(Leave::Stop)],
        _ => Vec::new(),
    }
}

fn on_help(app: &mut App, action: Action, line: usize) {
    let page = usize::from(app.size.1).saturating_sub(8).max(1);
    if matches!(action, Action::Help | Action::Back | Action::Quit | Action::Interrupt) {
        app.overlay = None;
        return;
    }
    let lines = overlays::help::lines(app, &app.pane_contexts()).len();
    if let Some(line) = cursor::scrolled(line, lines, page, action) {
        app.overlay = Some(Overlay::Help(line));
    }
}

impl App {
    /// The contexts of the focused pane, whatever lies over it.
    #[must_use]
    pub fn pane_contexts(&self) -> Vec<Context> {
        if self.overlay.is_none() {
            return self.contexts();
        }
        let own = match self.focus {
            Pane::SpeedList | Pane::SpeedResult => Some(Context::Speed),
            Pane::ScheduleList | Pane::ScheduleResults => Some(Context::Schedules),
            Pane::Calendar
            | Pane::CalendarRuns
            | Pane::Probes
            | Pane::ProbeResult
            | Pane::DnsList
            | Pane::DnsResult
            | Pane::Trend
            | Pane::Reports
            | Pane::TraceList
            | Pane::TraceCompare => Some(Context::Tests),
            _ => None,
        };
        if let Some(own) = own {
            let grid = matches!(self.focus, Pane::Calendar | Pane::Probes | Pane::Trend)
                .then_some(Context::Grid);
            let rest = [Context::List, Context::Graph, Context::Global];
            return std::iter::once(own).chain(grid).chain(rest).collect();
        }
        let mut contexts = match self.focus {
            Pane::Hosts if self.is_grid() => vec![Context::Grid],
            _ => Vec::new(),
        };
        contexts.extend([Context::Objects, Context::List, Context::Graph, Context::Global]);
        contexts
    }
}
