//! Keys in a form, and the forms that change what is there already.

use crossterm::event::KeyEvent;

use std::sync::Arc;

use crate::model::{Maintenance, Timestamp};
use crate::protocol::Command;
use crate::tui::action::Action;
use crate::tui::app::{App, Overlay, Pane, Tone};
use crate::tui::effect::Effect;
use crate::tui::form::{Field, Form, Place};
use crate::tui::line::Pending;
use crate::tui::panes;
use crate::tui::targets::targets;
use crate::tui::triage::{OpenForm, Purpose, Waits, acks, rule_form, window_form, windows};

/// How moments are written into a form.
const MOMENT: &str = "%Y-%m-%d %H:%M";

/// Runs a key that a form has besides letters.
pub fn act(app: &mut App, action: Action, key: KeyEvent) -> Vec<Effect> {
    let Some(Overlay::Form(open)) = &mut app.overlay else { return Vec::new() };
    match action {
        Action::NextField => open.form.step(true),
        Action::PreviousField => open.form.step(false),
        Action::Toggle => {
            if !open.form.toggle() {
                open.form.key(key);
            }
            changed(app);
        }
        Action::Commit if open.form.place() != Place::Cancel => return commit(app),
        Action::Commit | Action::Cancel => app.overlay = None,
        _ => {}
    }
    Vec::new()
}

/// Edits the open form.
pub fn key(app: &mut App, key: KeyEvent) {
    if let Some(Overlay::Form(open)) = &mut app.overlay {
        open.form.key(key);
        changed(app);
    }
}

/// Takes pasted text into the open form.
pub fn paste(app: &mut App, text: &str) {
    if let Some(Overlay::Form(open)) = &mut app.overlay {
        open.form.paste(text);
        changed(app);
    }
}

/// What sending would do is said anew.
fn changed(app: &mut App) {
    let Some(Overlay::Form(mut open)) = app.overlay.take() else { return };
    match &open.purpose {
        Purpose::Ack { .. } => acks::preview(app, &mut open),
        Purpose::Window(_) => window_form::preview(app, &mut open),
        Purpose::Rule(_) => rule_form::changed(app, &mut open),
        Purpose::EditWindow { .. } => {}
    }
    app.overlay = Some(Overlay::Form(open));
}

/// Sends; what is wrong is said beside its field, and the form stays.
fn commit(app: &mut App) -> Vec<Effect> {
    let Some(Overlay::Form(mut open)) = app.overlay.clone() else { return Vec::new() };
    open.form.clear_errors();
    let effects = match &open.purpose {
        Purpose::Ack { .. } => acks::commit(app, &mut open),
        Purpose::Window(_) => window_form::commit(app, &mut open),
        Purpose::Rule(_) => rule_form::commit(app, &mut open),
        Purpose::EditWindow { .. } => commit_edit(app, &mut open),
    };
    effects.unwrap_or_else(|| {
        app.overlay = Some(Overlay::Form(open));
        Vec::new()
    })
}

/// Opens what can be changed here: a window, or somebody's acknowledgement.
pub fn edit(app: &mut App) {
    if app.focus == Pane::Windows {
        match panes::windows::selected(app).filter(|window| !window.is_over(app.wall())) {
            Some(window) => edit_window(app, &window),
            None => app.say(Tone::Note, "this window is over; only one that is not can be changed"),
        }
        return;
    }
    let found = targets(app);
    let acked: Vec<_> = found.alerts.iter().filter(|alert| alert.ack.is_some()).cloned().collect();
    if let Some(ack) = acked.first().and_then(|alert| alert.ack.clone()) {
        let end = match ack.expires {
            Some(at) => app.options.zone.format(at, MOMENT),
            None => "until it recovers".to_owned(),
        };
        let comment = ack.comment.to_string();
        let filled = acks::Filled { comment, end, sticky: ack.sticky, notify: false };
        acks::form_for(app, "Change the acknowledgement", &acked, Some(filled));
        return;
    }
    match covering(app).as_slice() {
        [window] => edit_window(app, &Arc::clone(window)),
        [] => app.say(
            Tone::Note,
            "nothing to change here: nobody has acknowledged this, and no window covers it",
        ),
        many => {
            let text = format!("{} windows cover this; change them in Maintenance", many.len());
            app.say(Tone::Note, text);
        }
    }
}

/// The windows that are not over and cover what is under the cursor.
#[must_use]
pub fn covering(app: &App) -> Vec<Arc<Maintenance>> {
    let found = targets(app);
    let covers = |window: &Maintenance| {
        found.hosts.iter().any(|host| window.names_host(host))
            || found.checks.iter().any(|key| window.names(&key.host, &key.name))
    };
    let wall = app.wall();
    app.world.windows().filter(|w| !w.is_over(wall) && covers(w)).cloned().collect()
}

fn edit_window(app: &mut App, window: &Maintenance) {
    let wall = app.wall();
    let moment = |at: Timestamp| app.options.zone.format(at, MOMENT);
    let before = [window.name.to_string(), moment(window.start), moment(window.end)];
    let [name, start, end] = &before;
    let mut fields = vec![Field::text("name", name, "what it is for")];
    if window.start > wall {
        fields.push(Field::text("start", start, "22:00, 2026-11-25 22:00"));
    }
    fields.push(Field::text("end", end, "1h, until 06:00, 2026-11-26 06:00"));
    let covers = panes::windows::covers(&app.world, window);
    let form = Form::new("Change the window", covers, fields);
    let purpose = Purpose::EditWindow { id: window.id, before };
    app.open(Overlay::Form(Box::new(OpenForm { form, purpose })));
}

fn commit_edit(app: &mut App, open: &mut OpenForm) -> Option<Vec<Effect>> {
    let Purpose::EditWindow { id, before } = open.purpose.clone() else { return None };
    let [old_name, old_start, old_end] = before;
    let zone = &app.options.zone;
    let wall = app.wall();
    let written = |field: &str, old: &str| {
        let text = open.form.text(field);
        (!text.is_empty() && text != old).then(|| text.to_owned())
    };
    let new = ["name", "end"].into_iter().find(|field| open.form.text(field).is_empty());
    if let Some(field) = new {
        open.form.fail(field, "this cannot be empty; Esc leaves it as it was");
        return None;
    }
    if let Err(why) = window_form::short_name(open.form.text("name")) {
        open.form.fail("name", why);
        return None;
    }
    let name = written("name", old_name.trim());
    let start = written("start", &old_start).map(|text| zone.start(&text, wall)).transpose();
    let end = written("end", &old_end).map(|text| zone.end(&text, wall)).transpose();
    let (start, end) = match (start, end) {
        (Ok(start), Ok(end)) => (start, end),
        (Err(why), _) => {
            open.form.fail("start", why);
            return None;
        }
        (_, Err(why)) => {
            open.form.fail("end", why);
            return None;
        }
    };
    if let Some(known) = app.world.window(id) {
        let (from, to) = (start.unwrap_or(known.start), end.unwrap_or(known.end));
        let wrong = if to <= from || end.is_some_and(|end| end <= wall) {
            Err("it would be over before it begins; `U` ends a window now".to_owned())
        } else {
            windows::short_enough(from, to)
        };
        if let Err(why) = wrong {
            open.form.fail("end", why);
            return None;
        }
    }
    app.overlay = None;
    if name.is_none() && start.is_none() && end.is_none() {
        app.say(Tone::Note, "nothing was changed");
        return Some(Vec::new());
    }
    let what = name.clone().unwrap_or(old_name);
    app.say(Tone::Note, format!("changing `{what}`…"));
    let id_of = app.ask(Pending::Triage(Waits::Edit { what }));
    let command = Command::EditMaintenance { id, name, start, end };
    Some(vec![Effect::Execute { id: id_of, command }])
}
