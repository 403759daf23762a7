//! Small switches: the zone of the times, the bell, asking again.

use crate::model::{Span, Steady};
use crate::tui::app::{App, Tone};
use crate::tui::effect::Effect;
use crate::tui::zone::Zone;
use crate::tui::{panes, watch};

/// How long the bell is muted.
const MUTE: Span = Span::from_secs(15 * 60);

impl App {
    /// True while no bell rings.
    #[must_use]
    pub fn is_muted(&self) -> bool {
        self.triage.muted.is_some_and(|until| until > self.now.steady)
    }
}

/// No bell for a while, or again.
pub fn mute(app: &mut App) {
    if app.is_muted() {
        app.triage.muted = None;
        app.say(Tone::Note, "the bell rings again");
    } else {
        app.triage.muted = Some(app.now.steady + MUTE);
        app.say(Tone::Note, format!("no bell for {MUTE}; alerts are shown as ever"));
    }
}

/// Times in UTC, and back in the zone that the console began with.
pub fn next_zone(app: &mut App) {
    let home = app.triage.home.get_or_insert_with(|| app.options.zone.clone()).clone();
    let here = if app.options.zone == Zone::utc() { home } else { Zone::utc() };
    app.options.zone = here;
    let name = app.options.zone.name(app.wall());
    app.say(Tone::Note, format!("times are in {name}"));
}

/// Asks the engine again for all that is on screen besides the World.
pub fn fetch(app: &mut App) -> Vec<Effect> {
    panes::forget(app);
    (app.graph, app.looked) = (None, None);
    app.triage.asked = None;
    app.take_in();
    app.say(Tone::Note, "asking again for what is on screen");
    let Some(detail) = &mut app.detail else { return Vec::new() };
    (detail.book, detail.last) = (None, None);
    let host = detail.host.clone();
    vec![watch::edges(app, &host)]
}

/// What has ended is forgotten.
pub fn tick(app: &mut App) {
    let ended = |until: Option<Steady>| until.is_some_and(|until| until <= app.now.steady);
    let (armed, muted) = (ended(app.triage.armed), ended(app.triage.muted));
    if armed {
        app.triage.armed = None;
        app.say(Tone::Note, "read-only again: the time is over");
    }
    if muted {
        app.triage.muted = None;
    }
    let wall = app.wall();
    if app.snoozed.values().any(|until| *until <= wall) {
        app.snoozed.retain(|_, until| *until > wall);
        app.pace.stale = true;
    }
}
