//! Keys in a form, and the forms that change what is there already.

use crossterm::event::KeyEvent;

use std::sync::Arc;

use crate::model::Maintenance;
use crate::tui::action::Action;
use crate::tui::app::{App, Overlay, Pane, Tone};
use crate::tui::effect::Effect;
use crate::tui::form::Place;
use crate::tui::panes;
use crate::tui::targets::targets;
use crate::tui::triage::window_edit::{self, MOMENT};
use crate::tui::triage::{
    Purpose, acks, report_form, rule_form, rule_save, test_asked, window_form,
};

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
        Action::Copy => return copy(app),
        _ => {}
    }
    Vec::new()
}

/// Copies what the form says, where that is more than its fields.
fn copy(app: &mut App) -> Vec<Effect> {
    let Some(Overlay::Form(mut open)) = app.overlay.clone() else { return Vec::new() };
    open.form.clear_errors();
    rule_save::copy(app, &mut open).unwrap_or_else(|| {
        app.overlay = Some(Overlay::Form(open));
        Vec::new()
    })
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
        Purpose::Test(_) => test_asked::changed(app, &mut open),
        Purpose::Report => report_form::preview(&mut open.form),
        Purpose::EditWindow { .. } => window_edit::preview(app, &mut open),
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
        Purpose::Rule(_) => rule_save::commit(app, &mut open),
        Purpose::Test(_) => test_asked::commit(app, &mut open),
        Purpose::Report => report_form::commit(app, &mut open.form),
        Purpose::EditWindow { .. } => window_edit::commit(app, &mut open),
    };
    effects.unwrap_or_else(|| {
        app.overlay = Some(Overlay::Form(open));
        Vec::new()
    })
}

/// Opens what can be changed here: a rule, a window, or somebody's acknowledgement.
pub fn edit(app: &mut App) {
    if app.focus == Pane::RuleList {
        let rule = panes::rules::chosen(app).cloned();
        return rule_form::open(app, rule.as_ref());
    }
    if app.focus == Pane::Windows {
        match panes::windows::selected(app).filter(|window| !window.is_over(app.wall())) {
            Some(window) => window_edit::open(app, &window),
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
        [window] => window_edit::open(app, &Arc::clone(window)),
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
