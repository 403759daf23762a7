//! Maintenance windows: in effect, to come, and the last ones.
//!
//! ```text
//!  state    from          to           left  name            covers                  by
//! ›◇ now    24 Feb 20:04  22:04        59m   rack 2 power    dal-2[0-3]: 4 hosts     noc-1
//!  · later  25 Feb 02:00  04:00              patching        db-*, disk: 12 hosts    noc-2
//!  – over   23 Feb 11:00  12:00              switch          core-1: 1 host          noc-1
//! ```

use std::sync::Arc;

use crate::model::safe_text::width;
use crate::model::{Maintenance, MaintenanceId, Timestamp};
use crate::protocol::query::{Answer, Query};
use crate::protocol::{Command, Problem, World};
use crate::tui::action::Action;
use crate::tui::app::{App, Pane, Tone};
use crate::tui::effect::{Effect, Reply};
use crate::tui::format;
use crate::tui::line::Pending;
use crate::tui::panes::{empty, not_ready};
use crate::tui::theme::Role;
use crate::tui::widgets::{Scroll, Surface, cursor};

/// Most windows that are over and still shown.
const OVER: usize = 200;

/// The pane's own state.
#[derive(Debug, Default)]
pub struct State {
    over: Vec<Arc<Maintenance>>,
    asked: bool,
    at: usize,
    selected: Option<MaintenanceId>,
    scroll: Scroll,
}

/// Where a window stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Now,
    Later,
    Over,
}

fn stage(window: &Maintenance, wall: Timestamp) -> Stage {
    if window.is_over(wall) {
        Stage::Over
    } else if window.is_active(wall) {
        Stage::Now
    } else {
        Stage::Later
    }
}

/// The windows in the order of the list: what ends next, what begins next, what ended last.
fn rows(app: &App) -> Vec<Arc<Maintenance>> {
    let wall = app.wall();
    let mut rows: Vec<Arc<Maintenance>> = app.world.windows().cloned().collect();
    for window in &app.own.windows.over {
        if !rows.iter().any(|have| have.id == window.id) {
            rows.push(Arc::clone(window));
        }
    }
    rows.sort_by_key(|window| {
        let stage = stage(window, wall);
        let at = match stage {
            Stage::Now => window.end.millis(),
            Stage::Later => window.start.millis(),
            Stage::Over => -window.end.millis(),
        };
        (stage, at, window.id)
    });
    rows
}

/// The window under the cursor.
#[must_use]
pub fn selected(app: &App) -> Option<Arc<Maintenance>> {
    let rows = rows(app);
    let own = &app.own.windows;
    let kept = own.selected.and_then(|id| rows.iter().find(|window| window.id == id));
    kept.or_else(|| rows.get(own.at.min(rows.len().saturating_sub(1)))).cloned()
}

/// Counts and position.
#[must_use]
pub fn title(app: &App) -> (String, String) {
    let wall = app.wall();
    let count = |wanted| app.world.windows().filter(|w| stage(w, wall) == wanted).count();
    let text = format!("Maintenance: {} now, {} later", count(Stage::Now), count(Stage::Later));
    let rows = rows(app);
    let at = selected(app).and_then(|w| rows.iter().position(|have| have.id == w.id));
    (text, at.map_or_else(String::new, |at| format!("{} of {}", at + 1, rows.len())))
}

/// What a window covers, in words: its pattern and how many hosts that is now.
#[must_use]
pub fn covers(world: &World, window: &Maintenance) -> String {
    let hosts = world.hosts().filter(|entry| window.names_host(&entry.host.name)).count();
    let check = window.check.as_ref().map_or_else(String::new, |check| format!(", {check}"));
    format!("{}{check}: {}", window.scope(), format::plural(hosts, "host"))
}

/// Draws the list.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let rows = rows(app);
    if rows.is_empty() {
        match not_ready(app) {
            Some(text) => empty(surface, &[text]),
            None => empty(surface, &["No window: m on a host, check or alert opens one."]),
        }
        return;
    }
    let selected = selected(app);
    let at = rows.iter().position(|w| Some(w.id) == selected.as_ref().map(|s| s.id)).unwrap_or(0);
    let wide = surface.width();
    let columns = Columns::of(app, &rows, wide);
    let (name, by) = (columns.name, columns.by);
    let head = usize::from(surface.height() > 4);
    let heads = [(1, "state"), (9, "from"), (23, "to"), (37, "left"), (43, "name")];
    if head == 1 {
        for (x, text) in heads {
            surface.say(x, 0, 14, text, Role::Muted);
        }
        surface.say(44 + name, 0, 10, "covers", Role::Muted);
        if by > 0 {
            surface.say(wide - by, 0, by, "by", Role::Muted);
        }
    }
    let height = surface.height() - head;
    for (y, row) in app.own.windows.scroll.window(at, rows.len(), height).enumerate() {
        let Some(window) = rows.get(row) else { continue };
        view_row(app, &mut surface.part(0, head + y, wide, 1), window, &columns);
        if row == at {
            let focused = app.focus == Pane::Windows && app.overlay.is_none();
            let role = if focused { Role::Selection } else { Role::SelectionQuiet };
            surface.say(0, head + y, 1, "›", Role::Accent);
            surface.tint(head + y, role);
        }
    }
}

/// How wide the columns are that texts share.
struct Columns {
    name: usize,
    by: usize,
}

impl Columns {
    /// A name is cut only for what else stands in its row.
    fn of(app: &App, rows: &[Arc<Maintenance>], wide: usize) -> Self {
        let longest = |of: &dyn Fn(&Maintenance) -> String| {
            rows.iter().map(|window| width(&of(window))).max().unwrap_or(0)
        };
        let by = if wide >= 100 { longest(&by).clamp(4, wide / 6) + 1 } else { 0 };
        let room = wide.saturating_sub(45 + by);
        let (names, what) =
            (longest(&|window| window.name.to_string()) + 1, longest(&|window| what(app, window)));
        let name = names.clamp(4, room.saturating_sub(what).max(wide / 5).max(12));
        Self { name, by }
    }
}

/// What a window covers, how it repeats, and what is different about it.
fn what(app: &App, window: &Maintenance) -> String {
    let mut what = covers(&app.world, window);
    if let Some(recurrence) = &window.recurrence {
        what = format!("↻ {}; {what}", recurrence.repeats.rule);
    }
    if !window.suppress_notifications {
        what.push_str(", alerts are shown and sent");
    }
    what
}

/// Who made it, and for whom.
fn by(window: &Maintenance) -> String {
    match &window.created_by {
        Some(whom) => format!("{}, for {whom}", window.author),
        None => window.author.to_string(),
    }
}

fn view_row(app: &App, surface: &mut Surface<'_>, window: &Maintenance, columns: &Columns) {
    let wall = app.wall();
    let name = columns.name;
    let zone = &app.options.zone;
    let (sign, role, text) = match stage(window, wall) {
        Stage::Now => ("◇ now", Role::StateMaintenance, Role::Text),
        Stage::Later => ("· later", Role::Text, Role::Text),
        Stage::Over => ("– over", Role::Muted, Role::Muted),
    };
    surface.say(1, 0, 8, sign, role);
    surface.say(9, 0, 13, &zone.moment(window.start, wall), text);
    surface.say(23, 0, 13, &zone.moment(window.end, wall), text);
    if window.is_active(wall) {
        surface.say(37, 0, 5, &format::age(window.end.since(wall)), text);
    }
    surface.say(43, 0, name, window.name.as_str(), text);
    let wide = surface.width();
    let room = wide.saturating_sub(45 + name + columns.by);
    surface.say(44 + name, 0, room, &what(app, window), text);
    if columns.by > 0 {
        surface.say(wide - columns.by, 0, columns.by - 1, &by(window), Role::Muted);
    }
}

/// Moves, ends or edits the window under the cursor.
pub fn act(app: &mut App, action: Action) -> Option<Vec<Effect>> {
    if action == Action::Unack {
        return Some(end(app));
    }
    let rows = rows(app);
    let by = cursor::step(action, crate::tui::act::page(app))?;
    let selected = selected(app).map(|window| window.id);
    let at = rows.iter().position(|window| Some(window.id) == selected).unwrap_or(0);
    let at = cursor::moved(at, rows.len(), by);
    app.own.windows.at = at;
    app.own.windows.selected = rows.get(at).map(|window| window.id);
    Some(Vec::new())
}

/// Ends the window under the cursor now; one that has not begun is removed.
fn end(app: &mut App) -> Vec<Effect> {
    let Some(window) = selected(app).filter(|window| !window.is_over(app.wall())) else {
        app.say(Tone::Note, "no window is open here");
        return Vec::new();
    };
    app.say(Tone::Note, format!("ending `{}`…", window.name));
    let id = app.ask(Pending::EndWindow { what: window.name.to_string() });
    vec![Effect::Execute { id, command: Command::EndMaintenance { id: window.id } }]
}

/// Asks for the windows that are over each time that the view is opened.
pub fn wants(app: &mut App) -> Vec<Effect> {
    if app.own.windows.asked || !app.world.is_ready() {
        return Vec::new();
    }
    app.own.windows.asked = true;
    let id = app.ask(Pending::Pane(Pane::Windows, 0));
    vec![Effect::Query { id, query: Query::Maintenance { all: true } }]
}

/// What is on screen is old: the view was left, or a window ended.
pub fn forget(app: &mut App) {
    app.own.windows.asked = false;
}

/// Takes the answer.
pub fn reply(app: &mut App, _token: u64, result: Result<Reply, Problem>) {
    match result {
        Ok(Reply::Answer(Answer::Maintenance(mut windows))) => {
            let wall = app.wall();
            windows.retain(|window| window.is_over(wall));
            windows.sort_by_key(|window| -window.end.millis());
            windows.truncate(OVER);
            app.own.windows.over = windows.into_iter().map(Arc::new).collect();
        }
        Ok(_) => {}
        Err(problem) => app.say(Tone::Bad, format!("no past windows: {problem}")),
    }
}
