//! Small switches: the zone of the times, asking again.

use crate::model::Steady;
use crate::tui::app::{App, Tone};
use crate::tui::effect::Effect;
use crate::tui::zone::Zone;
use crate::tui::{panes, watch};

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
    if ended(app.triage.armed) {
        app.triage.armed = None;
        app.say(Tone::Note, "read-only again: the time is over");
    }
    let wall = app.wall();
    if app.snoozed.values().any(|until| *until <= wall) {
        app.snoozed.retain(|_, until| *until > wall);
        app.pace.stale = true;
    }
}
