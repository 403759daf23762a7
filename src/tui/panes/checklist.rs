//! The list of all checks of all hosts.
//!
//! ```text
//!  state     for  host         check     kind    every  what
//!  ● CRIT     2m  db-prod-01   mysql     mysql     60s  connection refused 10.0.3.11
//! ›✓ OK      12d  web-9        ping      ping      60s  5 of 5 answered, 1.2 ms
//! ```

use crate::model::ShownState;
use crate::tui::action::Action;
use crate::tui::app::{App, Pane};
use crate::tui::effect::Effect;
use crate::tui::format;
use crate::tui::lists::{CheckLine, Row};
use crate::tui::panes::rows::{Marked, group_row, old, remarked, select, waiting};
use crate::tui::panes::{empty, not_ready, said};
use crate::tui::theme::{Role, glyph, short};
use crate::tui::widgets::Surface;
use ratatui::style::Modifier;

/// The pane's own state: it has none, its rows are in [`Lists`](crate::tui::lists::Lists).
#[derive(Debug, Default)]
pub struct State {}

struct Columns {
    host: usize,
    check: usize,
    kind: usize,
    every: usize,
}

const STATE: usize = 7;
const AGE: usize = 8;

impl Columns {
    fn at(wide: usize) -> Self {
        let roomy = wide >= 96;
        Self {
            host: (wide / 7).clamp(10, 24),
            check: (wide / 9).clamp(8, 18),
            kind: if roomy { 8 } else { 0 },
            every: if roomy { 7 } else { 0 },
        }
    }
}

/// Name, filter, counts and order.
#[must_use]
pub fn title(app: &App) -> (String, String) {
    let list = &app.lists.checks;
    let mut text = "Checks".to_owned();
    if !app.filter.0.is_empty() {
        text = format!("{text} /{}", app.filter.0);
    }
    text.push_str(&waiting(list));
    if list.is_empty() {
        return (text, String::new());
    }
    (text, format!("{} · {} of {}", list.shape.words(), list.index + 1, list.len()))
}

/// Draws the pane.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let list = &app.lists.checks;
    if list.is_empty() {
        match not_ready(app) {
            Some(text) => empty(surface, &[text]),
            None if !app.filter.0.is_empty() => {
                empty(surface, &["No check passes the filter; Esc clears it."]);
            }
            None => empty(
                surface,
                &[
                    "No checks yet: write [[host]] and [[host.check]] into config.toml",
                    "(see config.toml.example), then :reload reads it.",
                ],
            ),
        }
        return;
    }
    let columns = Columns::at(surface.width());
    let compact = surface.width() == usize::from(app.size.0);
    let top = usize::from(!compact);
    if !compact {
        heads(surface, &columns);
    }
    let height = surface.height().saturating_sub(top);
    let marked = Marked::of(list);
    for (y, at) in list.scroll.window(list.index, list.len(), height).enumerate() {
        let Some(line) = list.rows.get(at) else { continue };
        let y = top + y;
        match line {
            Row::Group(group) => group_row(app, surface, y, "check", group),
            Row::Item { item, inside, .. } => row(app, surface, y, item, *inside, &columns),
        }
        marked.sign(surface, y, at, line);
        if at == list.index && list.cursor.is_some() {
            select(app, surface, y, app.focus == Pane::CheckList);
        }
    }
}

fn heads(surface: &mut Surface<'_>, columns: &Columns) {
    let style = surface.theme.style(Role::Muted);
    surface.say(1, 0, STATE, "state", Role::Muted);
    surface.put_right(1 + STATE + AGE - 2, 0, AGE, "for", style);
    let mut x = 1 + STATE + AGE;
    for (name, wide) in [("host", columns.host + 1), ("check", columns.check + 1)] {
        surface.say(x, 0, wide, name, Role::Muted);
        x += wide;
    }
    if columns.kind > 0 {
        surface.say(x, 0, columns.kind, "kind", Role::Muted);
        x += columns.kind;
        surface.put_right(x + columns.every - 2, 0, columns.every, "every", style);
        x += columns.every;
    }
    surface.say(x, 0, surface.width().saturating_sub(x), "what", Role::Muted);
}

fn row(
    app: &App,
    surface: &mut Surface<'_>,
    y: usize,
    line: &CheckLine,
    inside: bool,
    columns: &Columns,
) {
    let fresh = line.fresh(app.look());
    let gone = fresh.is_none();
    let line = fresh.as_ref().unwrap_or(line);
    let status = &line.row.status;
    let (sign, word, role) = match line.shown {
        // While a new picture loads nothing is known of it.
        _ if gone && !app.world.is_ready() => ("?", "wait", Role::Muted),
        _ if gone => ("–", "gone", Role::Muted),
        _ if !line.row.enabled => ("–", "off", Role::Muted),
        ShownState::Maintenance => (glyph(line.shown), short(line.shown), Role::of(line.shown)),
        _ if status.is_waiting() => ("○", "wait", Role::StateWaiting),
        // What is late is no longer known to be well.
        ShownState::Ok if status.late => (glyph(line.shown), short(line.shown), Role::Stale),
        shown => (glyph(shown), short(shown), Role::of(shown)),
    };
    let ink = match () {
        () if status.late => Role::Stale,
        () if gone || !line.row.enabled || (3..6).contains(&line.rank) => Role::Muted,
        () => Role::Text,
    };
    surface.say(1, y, STATE, &format!("{sign} {word}"), role);
    let mut style = surface.theme.style(ink);
    if gone {
        style = style.add_modifier(Modifier::CROSSED_OUT);
    }
    let age = format::age(app.wall().since(status.since));
    surface.put_right(1 + STATE + AGE - 2, y, AGE, &age, style);
    let mut x = 1 + STATE + AGE;
    let indent = if inside { 2 } else { 0 };
    surface.put(x + indent, y, columns.host - indent, &line.row.key.host, style);
    x += columns.host + 1;
    surface.put(x, y, columns.check, &line.row.key.name, style);
    x += columns.check + 1;
    if columns.kind > 0 {
        surface.say(x, y, columns.kind - 1, line.row.kind.word(), Role::Muted);
        x += columns.kind;
        let muted = surface.theme.style(Role::Muted);
        let every = line.row.interval.to_string();
        surface.put_right(x + columns.every - 2, y, columns.every - 1, &every, muted);
        x += columns.every;
    }
    let old = if status.late { old(app, &line.row) } else { String::new() };
    let what = format!("{old}{}", said::of_row(app, &line.row));
    let room = surface.width().saturating_sub(x + 1);
    let flapping = status.flap.active.then_some("flapping");
    surface.put(x, y, room, &remarked(&what, flapping, room), style);
}

/// Runs an action that means something special here.
pub fn act(_app: &mut App, _action: Action) -> Option<Vec<Effect>> {
    None
}
