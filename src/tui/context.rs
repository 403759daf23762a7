//! `:ctx NAME`: the console goes to another engine without being left.
//!
//! The old picture stands, and is followed, until the first of the new one is there; a way that
//! fails or is given up changes nothing. Nobody goes while commands wait or are not answered:
//! what came of them would be told to nobody.

use ratatui::layout::Constraint;

use crate::model::safe_text::truncate;
use crate::tui::action::Action;
use crate::tui::app::{App, Overlay, Tone};
use crate::tui::effect::Effect;
use crate::tui::format::plural;
use crate::tui::keymap::Context;
use crate::tui::look::Start;
use crate::tui::num::cells;
use crate::tui::options::Options;
use crate::tui::place::{LOCAL, Seat};
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;
use crate::tui::widgets::frame::{self, Title};

/// Columns of a name in a message.
const NAME: usize = 40;

/// What the engine on screen is called.
#[must_use]
pub fn here(app: &App) -> &str {
    app.options.remote.as_deref().unwrap_or(LOCAL)
}

/// The names that can be gone to, and what they are.
pub fn names(app: &App) -> impl Iterator<Item = (&str, &'static str)> {
    let places = app.options.places.iter().flat_map(|places| &places.names);
    places.map(|name| {
        let about = if name == here(app) {
            "the engine on screen"
        } else if name == LOCAL {
            "the engine of this machine"
        } else {
            "another engine"
        };
        (name.as_str(), about)
    })
}

fn known(app: &App) -> String {
    let names: Vec<&str> = names(app).map(|(name, _)| name).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Says where this is and where one can go.
pub fn explain(app: &mut App) {
    let text = format!("this is {}; write :ctx NAME, there are: {}", here(app), known(app));
    app.say(Tone::Note, text);
}

/// Sets out for an engine, or says why not.
pub fn go(app: &mut App, name: &str) -> Vec<Effect> {
    let name = name.trim();
    let cut = truncate(name, NAME);
    let refused = if name.is_empty() {
        explain(app);
        return Vec::new();
    } else if !names(app).any(|(have, _)| have == name) {
        format!("there is no [[context]] `{cut}`; there are: {}", known(app))
    } else if name == here(app) {
        app.say(Tone::Note, format!("this is {cut} already"));
        return Vec::new();
    } else if !app.waiting.is_empty() {
        let waiting = plural(app.waiting.len(), "command");
        format!("{waiting} still to be sent to {}; :queue shows them, :take-back all", here(app))
    } else if !app.under_way.is_empty() {
        "the last command is not answered yet; go when it is".to_owned()
    } else {
        app.open(Overlay::Going(name.to_owned()));
        return vec![Effect::Go(name.to_owned())];
    };
    app.say(Tone::Bad, refused);
    Vec::new()
}

/// A key while the console is on its way: it can stay.
pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    if !matches!(action, Action::Cancel) {
        return Vec::new();
    }
    app.overlay = None;
    let text = format!("still at {}", here(app));
    app.say(Tone::Note, text);
    vec![Effect::Stay]
}

/// The way failed: everything stays as it was.
pub fn failed(app: &mut App, why: &str) {
    if let Some(Overlay::Going(name)) = &app.overlay {
        let text = format!("not at {}, still at {}: {why}", truncate(name, NAME), here(app));
        app.overlay = None;
        app.say(Tone::Bad, text);
    }
}

/// The console is there: it begins anew, in its looks.
pub fn arrived(app: &mut App, seat: Seat) {
    sit_down(app, seat);
    let text = format!("this is {}", here(app));
    app.say(Tone::Good, text);
}

/// Nothing is known of the other engine yet, and nothing of the one before stays but how the console
/// looks.
fn sit_down(app: &mut App, seat: Seat) {
    let options = Options { remote: seat.remote, ..app.options.clone() };
    let start = Start {
        keymap: app.keymap.clone(),
        themes: app.themes.clone(),
        theme: app.theme.clone(),
        note: None,
    };
    let mut fresh = App::looking(start, seat.actor, options, app.now, app.size);
    fresh.outside = std::mem::take(&mut app.outside);
    fresh.triage.home = app.triage.home.take();
    // Answers that still come are for questions of the one before.
    fresh.next_id = app.next_id;
    *app = fresh;
}

/// Draws that the console is on its way, over the old picture.
pub fn view(app: &App, name: &str, surface: &mut Surface<'_>) {
    let text = format!("connecting to {} …", truncate(name, NAME));
    let area = surface.area().centered(Constraint::Length(cells(64)), Constraint::Length(5));
    surface.at(area).clear();
    let title = Title { left: "Context", right: "", focused: true };
    let inside = frame::single(surface, area, &title);
    let mut s = surface.at(inside);
    let room = s.width().saturating_sub(2);
    s.say(1, 0, room, &text, Role::Text);
    let key = app.keymap.key(&[Context::Question], Action::Cancel).unwrap_or_default();
    let stay = format!(" stay at {}", truncate(here(app), NAME));
    s.line(1, 2, &[(&key, Role::Key), (&stay, Role::Muted)]);
}
