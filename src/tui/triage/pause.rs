//! Holding the display still: what the engine says waits, and is taken in when the pause ends.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::model::{Phase, Span, State, Steady};
use crate::protocol::Event;
use crate::tui::app::{App, Tone};

/// How long a pause lasts without a key.
const LENGTH: Span = Span::from_secs(60);
/// Most events that wait: the pause ends rather than lose one.
const EVENTS: usize = 20_000;
/// How often the number of what waits changes on screen.
const STEP: Span = Span::from_secs(2);

/// A pause.
#[derive(Debug)]
pub struct Paused {
    until: Steady,
    events: VecDeque<Arc<Event>>,
    /// Rows among them that are new or changed.
    changes: usize,
    shown: usize,
    counted: Steady,
}

/// Begins a pause or ends it.
pub fn toggle(app: &mut App) {
    if app.triage.paused.is_some() {
        end(app, "the display goes on");
        return;
    }
    let now = app.now.steady;
    let events = VecDeque::new();
    app.triage.paused =
        Some(Paused { until: now + LENGTH, events, changes: 0, shown: 0, counted: now });
    app.say(Tone::Note, "the display stands still; checks and alerts go on");
}

fn end(app: &mut App, why: &str) {
    let Some(paused) = app.triage.paused.take() else { return };
    for event in paused.events {
        crate::tui::update::take_event(app, &event);
    }
    app.refresh();
    app.say(Tone::Note, why);
}

/// A key keeps the pause.
pub fn key(app: &mut App) {
    let now = app.now.steady;
    if let Some(paused) = &mut app.triage.paused {
        paused.until = now + LENGTH;
    }
}

/// Keeps an event back; false when there is no pause that does.
pub fn keeps(app: &mut App, event: &Arc<Event>) -> bool {
    let Some(paused) = &mut app.triage.paused else { return false };
    let is_news = match &**event {
        Event::Alert(alert) => {
            let known = app.world.alert(alert.id);
            alert.phase == Phase::Firing
                && alert.state == State::Critical
                && alert.is_unhandled()
                && known.is_none_or(|k| {
                    k.phase != Phase::Firing || k.state != State::Critical || k.cause.is_some()
                })
        }
        Event::Remembered { .. } => return false,
        Event::Hello { .. } | Event::Ready | Event::Resync => {
            end(app, "the display goes on: the stream began again");
            return false;
        }
        _ => false,
    };
    paused.events.push_back(Arc::clone(event));
    if !matches!(**event, Event::Live(_) | Event::Trace(_) | Event::Engine(_)) {
        paused.changes += 1;
    }
    let full = paused.events.len() >= EVENTS;
    if is_news {
        end(app, "the display goes on: something is CRITICAL");
    } else if full {
        end(app, "the display goes on: more happens than can wait");
    }
    true
}

/// Ends a pause that nobody keeps.
pub fn tick(app: &mut App) {
    let now = app.now.steady;
    let Some(paused) = &mut app.triage.paused else { return };
    if paused.until <= now {
        end(app, "the display goes on: no key for a minute");
    } else if now.since(paused.counted) >= STEP {
        (paused.counted, paused.shown) = (now, paused.changes);
    }
}

/// `PAUSED +37`, while it is so.
#[must_use]
pub fn badge(app: &App) -> Option<String> {
    let paused = app.triage.paused.as_ref()?;
    Some(if paused.shown == 0 { "PAUSED".to_owned() } else { format!("PAUSED +{}", paused.shown) })
}

/// When something of this changes next.
#[must_use]
pub fn next_wake(app: &App) -> Option<Steady> {
    let paused = app.triage.paused.as_ref()?;
    let counts = paused.shown != paused.changes;
    Some(if counts { paused.until.min(paused.counted + STEP) } else { paused.until })
}
