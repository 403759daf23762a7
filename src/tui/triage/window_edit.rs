//! The form that changes a window: its name, its times, how it repeats.
//!
//! In: the window, what is typed. Out: the command with what differs, and when the window would be
//! in effect, as the engine would make it. Never: changes what it covers; that is another window.

use crate::model::{Maintenance, MaintenanceId, Repetition, Timestamp};
use crate::protocol::Command;
use crate::tui::app::{App, Overlay, Tone};
use crate::tui::effect::Effect;
use crate::tui::form::{Field, Form};
use crate::tui::line::Pending;
use crate::tui::panes;
use crate::tui::triage::{OpenForm, Purpose, Waits, window_form, windows};

/// How moments are written into a form.
pub const MOMENT: &str = "%Y-%m-%d %H:%M";

/// What the form said when it was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    name: String,
    start: String,
    end: String,
    repeats: String,
}

/// What is asked for: only what differs.
struct Edit {
    name: Option<String>,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    repeats: Option<Repetition>,
    every: bool,
    /// The window after it.
    window: Maintenance,
}

type Wrong = (&'static str, String);

/// Opens the form for a window that is not over.
pub fn open(app: &mut App, window: &Maintenance) {
    let wall = app.wall();
    let moment = |at: Timestamp| app.options.zone.format(at, MOMENT);
    let repeats = Repetition(window.recurrence.as_ref().map(|old| old.repeats.clone()));
    let before = Before {
        name: window.name.to_string(),
        start: moment(window.start),
        end: moment(window.end),
        repeats: repeats.to_string(),
    };
    let mut fields = vec![Field::text("name", &before.name, "what it is for")];
    if window.start > wall {
        fields.push(Field::text("start", &before.start, "22:00, 2026-11-25 22:00"));
    }
    fields.push(Field::text("end", &before.end, "1h, until 06:00, 2026-11-26 06:00"));
    fields.push(Field::text("repeats", &before.repeats, window_form::REPEATS));
    if repeats.0.is_some() {
        fields.push(Field::toggle(
            "times",
            false,
            "those of every one from this on",
            "those of this one alone",
        ));
    }
    let covers = panes::windows::covers(&app.world, window);
    let form = Form::new("Change the window", covers, fields);
    let purpose = Purpose::EditWindow { id: window.id, before };
    let mut open = OpenForm { form, purpose };
    preview(app, &mut open);
    app.open(Overlay::Form(Box::new(open)));
}

/// Says when the window would be in effect.
pub fn preview(app: &App, open: &mut OpenForm) {
    let Purpose::EditWindow { id, before } = &open.purpose else { return };
    open.form.preview = match edit(app, &open.form, *id, before) {
        Err((field, why)) => vec![format!("{field}: {why}")],
        Ok(Edit { window, .. }) => {
            let moment = |at| app.options.zone.moment(at, app.wall());
            let fixed = || format!("from {} to {}", moment(window.start), moment(window.end));
            vec![window_form::next(app, &window).unwrap_or_else(fixed)]
        }
    };
}

/// What the form means.
fn edit(app: &App, form: &Form, id: MaintenanceId, before: &Before) -> Result<Edit, Wrong> {
    let (zone, wall) = (&app.options.zone, app.wall());
    let known = app.world.window(id).ok_or_else(|| ("name", "it is gone".to_owned()))?;
    let empty = ["name", "end", "repeats"].into_iter().find(|field| form.text(field).is_empty());
    if let Some(field) = empty {
        return Err((field, "this cannot be empty; Esc leaves it as it was".to_owned()));
    }
    window_form::short_name(form.text("name")).map_err(|why| ("name", why))?;
    let written = |field: &str, old: &str| {
        let text = form.text(field);
        (!text.is_empty() && text != old.trim()).then(|| text.to_owned())
    };
    let name = written("name", &before.name);
    let start = written("start", &before.start).map(|text| zone.start(&text, wall)).transpose();
    let start = start.map_err(|why| ("start", why))?;
    let end = written("end", &before.end).map(|text| zone.end(&text, wall)).transpose();
    let end = end.map_err(|why| ("end", why))?;
    let repeats = written("repeats", &before.repeats).map(|text| zone.repeats(&text)).transpose();
    let repeats = repeats.map_err(|why| ("repeats", why))?.map(Repetition);
    let mut window = Maintenance::clone(known);
    (window.start, window.end) = (start.unwrap_or(known.start), end.unwrap_or(known.end));
    if window.end <= window.start || end.is_some_and(|end| end <= wall) {
        let why = "it would be over before it begins; `U` ends a window now";
        return Err(("end", why.to_owned()));
    }
    windows::short_enough(window.start, window.end).map_err(|why| ("end", why))?;
    let every = form.is_on("times");
    let window =
        window.rescheduled(known, repeats.as_ref(), every, wall).map_err(|why| ("repeats", why))?;
    Ok(Edit { name, start, end, repeats, every, window })
}

/// Sends what differs, or says beside the field what is wrong.
pub fn commit(app: &mut App, open: &mut OpenForm) -> Option<Vec<Effect>> {
    let Purpose::EditWindow { id, before } = &open.purpose else { return None };
    let Edit { name, start, end, repeats, every, .. } = match edit(app, &open.form, *id, before) {
        Ok(edit) => edit,
        Err((field, why)) => {
            open.form.fail(field, why);
            return None;
        }
    };
    app.overlay = None;
    if name.is_none() && start.is_none() && end.is_none() && repeats.is_none() && !every {
        app.say(Tone::Note, "nothing was changed");
        return Some(Vec::new());
    }
    let what = name.clone().unwrap_or_else(|| before.name.clone());
    app.say(Tone::Note, format!("changing `{what}`…"));
    let asked = app.ask(Pending::Triage(Waits::Edit { what }));
    let command = Command::EditMaintenance { id: *id, name, start, end, repeats, every };
    Some(vec![Effect::Execute { id: asked, command }])
}
