//! The matrix: vantages, and what each last saw of every target.
//!
//! ```text
//!  agent         probe db-1:5432   trace core-fra-2
//! ›fra-01        ✓ 1.2 ms          ● ends at hop 4
//!  ams-05        ● closed          ✓ 12.3 ms  0 %
//! ```

use std::collections::BTreeMap;

use crate::model::{Name, SafeText};
use crate::tui::app::{App, Pane};
use crate::tui::format::plural;
use crate::tui::panes::probes::{Column, Last, Place, nothing};
use crate::tui::panes::rows::select;
use crate::tui::theme::Role;
use crate::tui::views::View;
use crate::tui::widgets::{Surface, cursor};

/// Columns of a cell, with the blank behind it.
const CELL: usize = 20;

/// The vantages and the columns, what does not answer first.
struct Grid<'a> {
    agents: Vec<Name>,
    columns: Vec<Column>,
    last: BTreeMap<Place, Last<'a>>,
}

/// How bad a colour is: the worst is first.
const fn rank(role: Role) -> u8 {
    match role {
        Role::StateCritical => 0,
        Role::StateWarning => 1,
        Role::StateUnknown => 2,
        _ => 3,
    }
}

fn grid(app: &App) -> Grid<'_> {
    let own = &app.own.probes;
    let last = own.last(View::Probes);
    let mut agents: BTreeMap<Name, u8> = BTreeMap::new();
    let mut columns: BTreeMap<Column, u8> = BTreeMap::new();
    for ((agent, column), one) in &last {
        let bad = one.test().map_or(3, |test| rank(own.verdict(test).1));
        let of_agent = agents.entry(Name::clone(agent)).or_insert(bad);
        *of_agent = bad.min(*of_agent);
        let of_column = columns.entry(column.clone()).or_insert(bad);
        *of_column = bad.min(*of_column);
    }
    let mut agents: Vec<(Name, u8)> = agents.into_iter().collect();
    let mut columns: Vec<(Column, u8)> = columns.into_iter().collect();
    // Stable: within one rank they stay in the order of their names.
    agents.sort_by_key(|(_, bad)| *bad);
    columns.sort_by_key(|(_, bad)| *bad);
    let agents = agents.into_iter().map(|(agent, _)| agent).collect();
    let columns = columns.into_iter().map(|(column, _)| column).collect();
    Grid { agents, columns, last }
}

impl Grid<'_> {
    /// The cell under the cursor.
    fn at(&self, app: &App) -> (usize, usize) {
        let under = app.own.probes.under.as_ref();
        let row = under.and_then(|(agent, _)| self.agents.iter().position(|one| one == agent));
        let column =
            under.and_then(|(_, column)| self.columns.iter().position(|one| one == column));
        (row.unwrap_or(0), column.unwrap_or(0))
    }

    fn place(&self, (row, column): (usize, usize)) -> Option<Place> {
        Some((Name::clone(self.agents.get(row)?), self.columns.get(column)?.clone()))
    }
}

/// What is under the cursor.
pub fn here(app: &App) -> Option<Place> {
    let grid = grid(app);
    grid.place(grid.at(app))
}

/// Moves the cursor down.
pub fn step(app: &mut App, by: isize) {
    let grid = grid(app);
    let (row, column) = grid.at(app);
    let row = cursor::moved(row, grid.agents.len(), by);
    let under = grid.place((row, column));
    app.own.probes.under = under;
}

/// Moves it to the side.
pub fn turn(app: &mut App, right: bool) {
    let grid = grid(app);
    let (row, column) = grid.at(app);
    let column = cursor::moved(column, grid.columns.len(), if right { 1 } else { -1 });
    let under = grid.place((row, column));
    app.own.probes.under = under;
}

/// Counts and position.
pub fn title(app: &App) -> (String, String) {
    let grid = grid(app);
    let name = format!("Probes{}", app.own.probes.needle.title());
    if grid.agents.is_empty() {
        return (name, String::new());
    }
    let own = &app.own.probes;
    let tests = grid.last.values().filter_map(|last| last.test());
    let dead = tests.filter(|test| own.verdict(test).1 == Role::StateCritical).count();
    let dead = if dead == 0 { String::new() } else { format!(", {dead} without answer") };
    let (agents, targets) =
        (plural(grid.agents.len(), "agent"), plural(grid.columns.len(), "target"));
    let (row, column) = grid.at(app);
    let at =
        format!("{} of {}, {} of {}", row + 1, grid.agents.len(), column + 1, grid.columns.len());
    (format!("{name}: {agents}, {targets}{dead}"), at)
}

/// Draws the matrix.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.probes;
    let grid = grid(app);
    if grid.agents.is_empty() || own.problem.is_some() {
        return nothing(app, surface, "No trace and no probe");
    }
    let wide = surface.width();
    let name = if wide < 100 { 14 } else { 22 };
    let fits = (wide.saturating_sub(name + 3) / CELL).max(1);
    let (line, chosen) = grid.at(app);
    let shown = own.across.window(chosen, grid.columns.len(), fits);
    surface.say(1, 0, name, "agent", Role::Muted);
    for (at, index) in shown.clone().enumerate() {
        let Some((kind, target)) = grid.columns.get(index) else { continue };
        let role = if index == chosen { Role::Strong } else { Role::Muted };
        let text = format!("{kind} {}", SafeText::line(target));
        // What tells targets apart is often at their end: two rows have room for it.
        let x = name + 2 + at * CELL;
        surface.say(x, 0, CELL - 1, kind, Role::Muted);
        let target = text.get(kind.len() + 1..).unwrap_or_default();
        surface.say(x, 1, CELL - 1, target, role);
    }
    let more = grid.columns.len() - shown.len();
    if more > 0 {
        let style = surface.theme.style(Role::Muted);
        surface.put_right(wide.saturating_sub(1), 0, 16, &format!("{more} more ‹ ›"), style);
    }
    let height = surface.height().saturating_sub(2);
    for (y, row) in own.scroll.window(line, grid.agents.len(), height).enumerate() {
        let Some(agent) = grid.agents.get(row) else { continue };
        surface.say(1, y + 2, name, SafeText::line(agent).as_str(), Role::Strong);
        for (at, index) in shown.clone().enumerate() {
            let x = name + 2 + at * CELL;
            let last = grid.place((row, index)).and_then(|place| grid.last.get(&place));
            let (text, role) = match last.and_then(|last| last.test()) {
                Some(test) => own.verdict(test),
                None => ("·".to_owned(), Role::Muted),
            };
            surface.say(x, y + 2, CELL - 1, &text, role);
        }
        if row == line {
            select(app, surface, y + 2, app.focus == Pane::Probes);
            let x = name + 2 + chosen.saturating_sub(shown.start) * CELL;
            surface.say(x - 1, y + 2, 1, "›", Role::Accent);
        }
    }
}
