//! Draws a form: its objects, its fields with what is wrong beside them, what sending would do, and
//! the buttons, all at once on the smallest screen.
//!
//! ```text
//! ╭ Acknowledge ─────────────────────────────────────────────╮
//! │ 2 alerts: fra-01/mysql, fra-02/ping                      │
//! │                                                          │
//! │   comment  looking into it                               │
//! │ ›     end  soon                                          │
//! │            `soon` is no end; write 4h, 06:00 or never    │
//! │  notify    [x] those who were told hear that it is taken │
//! │                                                          │
//! │ acknowledges 2 alerts until 01:04                        │
//! │   Send ⏎   Cancel Esc                                    │
//! ╰──────────────────────────────────────────────────────────╯
//! ```

use ratatui::layout::{Constraint, Position};

use crate::model::safe_text::width;
use crate::tui::action::Action;
use crate::tui::app::App;
use crate::tui::form::{Field, Form, Kind, Place};
use crate::tui::keymap::Context;
use crate::tui::num::cells;
use crate::tui::overlays::skip_columns;
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;
use crate::tui::widgets::frame::{self, Title};

/// Columns of the card, where the screen has them.
const WIDE: usize = 96;
/// Columns of the labels, at least.
const LABEL: usize = 14;
/// Rows around the fields: frame, objects, two blank ones, buttons.
const AROUND: usize = 6;

/// Draws it; returns where the terminal's cursor is.
pub fn view(app: &App, form: &Form, surface: &mut Surface<'_>) -> Option<Position> {
    let errors = form.fields.iter().filter(|field| field.error.is_some()).count();
    let all = form.fields.len() + errors + form.preview.len();
    let room = surface.height().saturating_sub(2);
    // Where all does not fit the preview gives way: fields and buttons are always there.
    let shown = (AROUND + all).min(room);
    let preview = shown.saturating_sub(AROUND + form.fields.len() + errors);
    let wide = cells(WIDE.min(surface.width().saturating_sub(2)));
    let area = surface.area().centered(Constraint::Length(wide), Constraint::Length(cells(shown)));
    surface.at(area).clear();
    let title = Title { left: &form.title, right: "", focused: true };
    let inside = frame::single(surface, area, &title);
    let mut s = surface.at(inside);
    let room = s.width().saturating_sub(2);
    s.say(1, 0, room, &form.objects, Role::Strong);
    let names = form.fields.iter().map(|field| width(field.name) + 1);
    let label = names.max().unwrap_or(0).max(LABEL);
    let mut caret = None;
    let mut y = 2;
    for (at, field) in form.fields.iter().enumerate() {
        let here = form.place() == Place::Field(at);
        if let Some(x) = view_field(&mut s, (y, label), field, here) {
            caret = Some(Position { x: inside.x + cells(x), y: inside.y + cells(y) });
        }
        y += 1;
        if let Some(error) = &field.error {
            s.say(label + 3, y, room.saturating_sub(label + 3), error, Role::Bad);
            y += 1;
        }
    }
    let foot = s.height().saturating_sub(1);
    let first = foot.saturating_sub(preview);
    for (at, text) in form.preview.iter().take(preview).enumerate() {
        let role = if at == 0 { Role::Note } else { Role::Muted };
        s.say(1, first + at, room, text, role);
    }
    view_buttons(app, form, &mut s, foot);
    caret
}

/// Draws one field; returns the column of the cursor when it is in it.
fn view_field(
    s: &mut Surface<'_>,
    (y, label): (usize, usize),
    field: &Field,
    here: bool,
) -> Option<usize> {
    let role = if here { Role::Accent } else { Role::Muted };
    if here {
        s.say(1, y, 1, "›", Role::Accent);
    }
    let style = s.theme.style(role);
    s.put_right(label + 1, y, label - 1, field.name, style);
    let x = label + 3;
    let room = s.width().saturating_sub(x + 1);
    match &field.kind {
        Kind::Text(input) => {
            let text = input.value();
            let about = width(&field.about);
            // The text has its place; how it is written stands behind it while there is room.
            let own = if here && about + 24 < room { room - about - 2 } else { room };
            let scroll = if here { input.visual_scroll(own.saturating_sub(1)) } else { 0 };
            // What the next letter replaces looks as chosen text does.
            let role = if here && field.offered { Role::Selection } else { Role::Input };
            s.say(x, y, own, skip_columns(text, scroll), role);
            if text.is_empty() && !here {
                s.say(x, y, room, &field.about, Role::Muted);
            } else if here && own < room {
                let style = s.theme.style(Role::Muted);
                s.put_right(x + room, y, about, &field.about, style);
            }
            here.then(|| x + input.visual_cursor().saturating_sub(scroll).min(own))
        }
        Kind::Toggle { on, yes, no } => {
            let (sign, words) = if *on { ("[x] ", yes) } else { ("[ ] ", no) };
            let role = if here { Role::Strong } else { Role::Text };
            let used = s.say(x, y, 4, sign, role);
            s.say(x + used, y, room.saturating_sub(used), words, Role::Text);
            here.then_some(x + 1)
        }
    }
}

fn view_buttons(app: &App, form: &Form, s: &mut Surface<'_>, y: usize) {
    let key = |action| app.keymap.key(&[Context::Form], action).unwrap_or_default();
    let mut x = 1;
    for (place, word, action) in
        [(Place::Send, form.send, Action::Commit), (Place::Cancel, "Cancel", Action::Cancel)]
    {
        let here = form.place() == place;
        let sign = if here { "›" } else { " " };
        let role = if here { Role::Strong } else { Role::Text };
        x = s.line(
            x,
            y,
            &[(sign, Role::Accent), (word, role), (" ", Role::Text), (&key(action), Role::Key)],
        ) + 2;
    }
    if let Some((action, words)) = form.also {
        let text = format!(" {words} ");
        x = s.line(x, y, &[(&text, Role::Text), (&key(action), Role::Key)]) + 2;
    }
    let hint = format!("{} next field", key(Action::NextField));
    let end = s.width().saturating_sub(1);
    let style = s.theme.style(Role::Muted);
    s.put_right(end, y, end.saturating_sub(x), &hint, style);
}
