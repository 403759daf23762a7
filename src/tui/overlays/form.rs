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
use crate::tui::wrap::broken;

/// Columns of the card, where the screen has them.
const WIDE: usize = 96;
/// Columns of the labels, at least.
const LABEL: usize = 14;
/// Rows around the fields besides the objects: frame, two blank ones, buttons.
const AROUND: usize = 5;
/// Most rows of one text: of the objects, of what is wrong, of a sentence of the preview.
const LONGEST: usize = 8;
/// Rows of fields that are always there.
const FIELDS: usize = 4;

/// A row of the form's middle.
enum Row<'a> {
    Field(usize, &'a Field),
    Error(String),
}

/// What stands in a form so wide inside, row by row.
struct Laid<'a> {
    objects: Vec<String>,
    rows: Vec<Row<'a>>,
    /// The row of the field that has the keys, and how many are its own.
    here: Option<(usize, usize)>,
    preview: Vec<(String, Role)>,
    /// Rows of the preview that count most: its first sentence.
    first: usize,
}

impl<'a> Laid<'a> {
    fn of(form: &'a Form, room: usize, label: usize) -> Self {
        let (mut rows, mut here) = (Vec::new(), None);
        for (at, field) in form.fields.iter().enumerate() {
            let start = rows.len();
            rows.push(Row::Field(at, field));
            let error = field.error.as_deref().unwrap_or_default();
            let wide = room.saturating_sub(label + 2);
            rows.extend(broken(error, wide, LONGEST).into_iter().map(Row::Error));
            if form.place() == Place::Field(at) {
                here = Some((start, rows.len() - start));
            }
        }
        let (mut preview, mut first) = (Vec::new(), 0);
        for (at, text) in form.preview.iter().enumerate() {
            let role = if at == 0 { Role::Note } else { Role::Muted };
            let lines = broken(text, room, LONGEST).into_iter();
            preview.extend(lines.map(|line| (line, role)));
            if at == 0 {
                first = preview.len();
            }
        }
        Self { objects: broken(&form.objects, room, LONGEST), rows, here, preview, first }
    }

    /// Rows of fields and of the preview that there is room for: where all does not fit the preview
    /// gives way first, except what it says first; the fields are scrolled then.
    fn share(&self, room: usize) -> (usize, usize) {
        // What is wrong beside the field that has the keys counts more.
        let least = self.here.map_or(FIELDS, |(_, own)| own.max(FIELDS));
        let first = self.first.min(room.saturating_sub(least));
        let rows = self.rows.len().min(room.saturating_sub(first));
        (rows, self.preview.len().min(room - rows))
    }

    /// The first row of the middle that is shown, of so many: what has the keys is always seen.
    fn scroll(&self, shown: usize) -> usize {
        let (at, own) = self.here.unwrap_or((self.rows.len(), 0));
        let most = self.rows.len().saturating_sub(shown);
        (at + own).saturating_sub(shown).min(at).min(most)
    }
}

/// Draws it; returns where the terminal's cursor is.
pub fn view(app: &App, form: &Form, surface: &mut Surface<'_>) -> Option<Position> {
    let wide = WIDE.min(surface.width().saturating_sub(2));
    let room = wide.saturating_sub(4);
    let names = form.fields.iter().map(|field| width(field.name) + 2);
    let label = names.max().unwrap_or(0).max(LABEL);
    let laid = Laid::of(form, room, label);
    let around = AROUND + laid.objects.len();
    let high = surface.height().saturating_sub(2);
    let (shown, preview) = laid.share(high.saturating_sub(around));
    let (wide, high) = (cells(wide), cells((around + shown + preview).min(high)));
    let area = surface.area().centered(Constraint::Length(wide), Constraint::Length(high));
    surface.at(area).clear();
    let title = Title { left: &form.title, right: "", focused: true };
    let inside = frame::single(surface, area, &title);
    let mut s = surface.at(inside);
    for (y, text) in laid.objects.iter().enumerate() {
        s.say(1, y, room, text, Role::Strong);
    }
    let (top, mut caret) = (laid.objects.len() + 1, None);
    for (y, row) in laid.rows.iter().skip(laid.scroll(shown)).take(shown).enumerate() {
        let y = top + y;
        match row {
            Row::Field(at, field) => {
                let here = form.place() == Place::Field(*at);
                if let Some(x) = view_field(&mut s, (y, label), field, here) {
                    caret = Some(Position { x: inside.x + cells(x), y: inside.y + cells(y) });
                }
            }
            Row::Error(error) => {
                s.say(label + 3, y, room.saturating_sub(label + 2), error, Role::Bad);
            }
        }
    }
    let foot = s.height().saturating_sub(1);
    let first = foot.saturating_sub(preview);
    for (at, (text, role)) in laid.preview.iter().take(preview).enumerate() {
        s.say(1, first + at, room, text, *role);
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
            let used = s.say(x, y, own, skip_columns(text, scroll), role);
            if let Some(next) = field.next_known().filter(|_| here && !text.is_empty()) {
                let rest = next.get(text.len()..).filter(|_| next.len() > text.len());
                let rest = rest.filter(|_| next.to_lowercase().starts_with(&text.to_lowercase()));
                s.say(x + used, y, own.saturating_sub(used), rest.unwrap_or(""), Role::Muted);
            }
            if text.is_empty() && !here {
                s.say(x, y, room, &field.about, Role::Muted);
            } else if here && own < room {
                let style = s.theme.style(Role::Muted);
                s.put_right(x + room, y, about, &field.about, style);
            }
            here.then(|| x + input.visual_cursor().saturating_sub(scroll).min(own))
        }
        Kind::Choice { options, at } => {
            let mut end = x;
            for (n, option) in options.iter().enumerate() {
                let chosen = n == *at;
                let text = if chosen { format!("[{option}]") } else { format!(" {option} ") };
                let role = match (chosen, here) {
                    (true, true) => Role::Strong,
                    (true, false) => Role::Text,
                    _ => Role::Muted,
                };
                end += s.say(end, y, (x + room).saturating_sub(end), &text, role);
            }
            here.then_some(x)
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
