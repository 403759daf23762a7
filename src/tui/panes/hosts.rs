//! The hosts: side by side in lines of their sites, or as a list on the whole screen.
//!
//! ```text
//!  fra  60 ●??????????????????▲··
//!          ··········
//!  dal  74 ●▲◇◇◇·················
//!
//!  › core-fra-2  CRITICAL 1m, 4 checks
//!    10.0.2.1, rack 4
//! ```
//! Where not all fit, every site has one line: its problems one by one, the rest as a number.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::model::safe_text::width;
use crate::model::{ShownState, State};
use crate::protocol::{CheckRow, HostEntry};
use crate::tui::app::{App, Pane};
use crate::tui::format;
use crate::tui::layout;
use crate::tui::lists::hosts::RANK_OK;
use crate::tui::lists::{HostRow, Presence, Row, Site};
use crate::tui::panes::rows::{Marked, group_row, old, select, waiting};
use crate::tui::panes::{empty, first_steps, not_ready, preview, said};
use crate::tui::theme::{Role, Theme, glyph, short};
use crate::tui::views::View;
use crate::tui::widgets::{Surface, cursor};

/// Rows about the selected host under the grid.
const PREVIEW: usize = 4;

/// One line of the grid.
struct GridLine<'a> {
    /// The site, on its first line.
    label: Option<&'a Site>,
    cells: &'a [HostRow],
    /// Hosts of the site that are only counted.
    rest: usize,
}

struct Grid<'a> {
    name: usize,
    count: usize,
    lines: Vec<GridLine<'a>>,
    whole: bool,
}

impl<'a> Grid<'a> {
    fn lay(sites: &'a [Site], wide: usize, high: usize) -> Self {
        let names = sites.iter().map(|site| width(&site.name)).max().unwrap_or(0);
        let name = names.min(12);
        let most = sites.iter().map(|site| site.hosts.len()).max().unwrap_or(0);
        let count = most.to_string().len();
        let room = wide.saturating_sub(name + count + 4).max(1);
        let needed: usize = sites.iter().map(|site| site.hosts.len().div_ceil(room)).sum();
        let whole = needed <= high;
        let mut lines = Vec::new();
        for site in sites {
            if whole {
                for (at, cells) in site.hosts.chunks(room).enumerate() {
                    lines.push(GridLine { label: (at == 0).then_some(site), cells, rest: 0 });
                }
            } else {
                // ` +5987` behind the problems.
                let shown = site.news().min(room.saturating_sub(count + 3));
                let cells = site.hosts.get(..shown).unwrap_or(&[]);
                lines.push(GridLine { label: Some(site), cells, rest: site.hosts.len() - shown });
            }
        }
        Self { name, count, lines, whole }
    }

    /// Line and column of a host.
    fn find(&self, host: &str) -> Option<(usize, usize)> {
        self.lines.iter().enumerate().find_map(|(y, line)| {
            line.cells.iter().position(|row| &*row.name == host).map(|x| (y, x))
        })
    }
}

fn grid_height(height: usize) -> usize {
    height.saturating_sub(PREVIEW + 1)
}

/// Name, filter and count.
#[must_use]
pub fn title(app: &App) -> (String, String) {
    let total = app.world.host_count();
    let list = &app.lists.hosts;
    let mut name = "Hosts by site".to_owned();
    if !app.is_grid() {
        name = format!("Hosts, {}", list.shape.words());
    }
    if app.filter.0.is_empty() {
        return (format!("{name}{}", waiting(list)), total.to_string());
    }
    let text = format!("{name} /{}{}", app.filter.0, waiting(list));
    (text, format!("{} of {total}", list.len()))
}

/// Draws grid or list.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    if app.lists.hosts.is_empty() {
        match not_ready(app) {
            Some(text) => empty(surface, &[text]),
            None if !app.filter.0.is_empty() => {
                empty(surface, &["No host passes the filter; Esc clears it."]);
            }
            None => empty(
                surface,
                &[
                    "No hosts yet: write [[host]] into config.toml",
                    "(see config.toml.example), then :reload reads it.",
                ],
            ),
        }
    } else if app.is_grid() {
        view_grid(app, surface);
    } else {
        view_list(app, surface);
    }
}

fn view_grid(app: &App, surface: &mut Surface<'_>) {
    let (wide, high) = (surface.width(), surface.height());
    let rows = grid_height(high);
    let grid = Grid::lay(&app.lists.sites, wide, rows);
    let selected = app.host.as_deref().and_then(|host| grid.find(host));
    let shown =
        app.lists.hosts.scroll.window(selected.map_or(0, |(y, _)| y), grid.lines.len(), rows);
    for (y, at) in shown.enumerate() {
        let Some(line) = grid.lines.get(at) else { continue };
        if let Some(site) = line.label {
            let style = surface.theme.style(Role::Muted);
            surface.say(1, y, grid.name, &site.name, Role::Text);
            let count = site.hosts.len().to_string();
            surface.put_right(grid.name + grid.count + 2, y, grid.count, &count, style);
        }
        let start = grid.name + grid.count + 3;
        for (x, host) in line.cells.iter().enumerate() {
            let now = host.fresh(&app.lists, app.look());
            let (sign, mut style) = cell(app, now.as_ref(), surface.theme);
            if selected == Some((at, x)) {
                let focused = app.focus == Pane::Hosts;
                let role = if focused { Role::Accent } else { Role::Text };
                style = if now.is_some_and(|row| row.rank < RANK_OK) {
                    style
                } else {
                    surface.theme.style(role)
                };
                style = style.add_modifier(Modifier::REVERSED);
            }
            surface.put(start + x, y, 1, sign, style);
        }
        if line.rest > 0 && !grid.whole {
            let x = start + line.cells.len() + usize::from(!line.cells.is_empty());
            let all_ok = line.label.is_some_and(|site| site.news() <= line.cells.len());
            let text = if all_ok { format!("✓{}", line.rest) } else { format!("+{}", line.rest) };
            surface.say(x, y, wide.saturating_sub(x), &text, Role::Muted);
        }
    }
    if let Some(how) = first_steps(app).filter(|_| grid.lines.len() + 1 < rows) {
        surface.say(1, grid.lines.len() + 1, wide.saturating_sub(2), how, Role::Muted);
    }
    let top = high.saturating_sub(PREVIEW);
    preview::host(app, &mut surface.part(0, top, wide, PREVIEW));
}

fn cell(app: &App, host: Option<&HostRow>, theme: &Theme) -> (&'static str, Style) {
    let Some(host) = host else { return (" ", theme.style(Role::Muted)) };
    if host.waiting {
        return ("○", theme.style(Role::StateWaiting));
    }
    let late = || app.world.host(&host.name).is_some_and(|entry| late(entry).is_some());
    match host.shown {
        ShownState::Ok if late() => ("·", theme.style(Role::Stale)),
        ShownState::Ok => ("·", theme.style(Role::Muted)),
        state => {
            let style = theme.style(Role::of(state));
            let handled = (3..6).contains(&host.rank);
            let style = if handled { style.add_modifier(Modifier::DIM) } else { style };
            (glyph(state), style)
        }
    }
}

/// A check of the host whose result is overdue.
fn late(entry: &HostEntry) -> Option<&CheckRow> {
    let late = |row: &&std::sync::Arc<CheckRow>| row.enabled && row.status.late;
    entry.checks.iter().find(late).map(|row| &**row)
}

fn view_list(app: &App, surface: &mut Surface<'_>) {
    let list = &app.lists.hosts;
    let marked = Marked::of(list);
    let height = surface.height();
    for (y, at) in list.scroll.window(list.index, list.len(), height).enumerate() {
        let Some(line) = list.rows.get(at) else { continue };
        match line {
            Row::Group(group) => group_row(app, surface, y, "host", group),
            Row::Item { item, presence, inside } => {
                let now = item.fresh(&app.lists, app.look());
                match (app.world.host(&item.name), now, presence) {
                    (Some(entry), Some(row), Presence::Here | Presence::Left) => {
                        list_row(app, surface, y, &row, entry, *inside);
                    }
                    _ => gone_row(app, surface, y, item),
                }
            }
        }
        marked.sign(surface, y, at, line);
        let on_group = matches!(line, Row::Group(_)) && app.focus == Pane::Hosts;
        let on_host = line.item().is_some_and(|row| app.host.as_ref() == Some(&row.name));
        if at == list.index && (on_group || on_host) {
            select(app, surface, y, app.focus == Pane::Hosts);
        }
    }
}

/// A host that the World does not have: struck through, or not known while a picture loads.
fn gone_row(app: &App, surface: &mut Surface<'_>, y: usize, row: &HostRow) {
    let (sign, word) = if app.world.is_ready() { ("–", "gone") } else { ("?", "wait") };
    surface.say(1, y, 7, &format!("{sign} {word}"), Role::Muted);
    let style = surface.theme.style(Role::Muted).add_modifier(Modifier::CROSSED_OUT);
    let room = surface.width().saturating_sub(17);
    surface.put(16, y, room, &row.name, style);
}

fn list_row(
    app: &App,
    surface: &mut Surface<'_>,
    y: usize,
    row: &HostRow,
    entry: &HostEntry,
    inside: bool,
) {
    let wide = surface.width();
    let (sign, word, role) = if row.waiting {
        ("○", "wait", Role::StateWaiting)
    } else {
        (glyph(row.shown), short(row.shown), Role::of(row.shown))
    };
    // What is late is no longer known to be well.
    let late = late(entry);
    let role = if late.is_some() && row.shown == ShownState::Ok { Role::Stale } else { role };
    let ink = if late.is_some() { Role::Stale } else { Role::Text };
    surface.say(1, y, 7, &format!("{sign} {word}"), role);
    let age = entry.since().map(|since| format::age(app.wall().since(since))).unwrap_or_default();
    let style = surface.theme.style(ink);
    surface.put_right(14, y, 6, &age, style);
    let name = (wide / 5).clamp(14, 28);
    let indent = if inside { 2 } else { 0 };
    surface.say(16 + indent, y, name - indent, &row.name, ink);
    let mut x = 17 + name;
    // On a slow line the address is left to the host's page.
    let address = if wide >= 100 && !app.options.low_bandwidth { 18 } else { 0 };
    surface.say(x, y, address, if address > 0 { &entry.host.address } else { "" }, Role::Muted);
    x += if address > 0 { address + 1 } else { 0 };
    let (text, role) = match (worst(entry), late) {
        (None, Some(check)) => {
            let text = format!("{}: {}{}", check.key.name, old(app, check), check.status.output);
            (text, Role::Stale)
        }
        (Some(check), _) => {
            let text = format!("{}: {}", check.key.name, said::of_row(app, check));
            (text, ink)
        }
        (None, None) => (format::plural(entry.checks.len(), "check"), Role::Muted),
    };
    surface.say(x, y, wide.saturating_sub(x + 1), &text, role);
}

/// The check that makes the host what it is; none while all is well.
#[must_use]
pub fn worst(entry: &HostEntry) -> Option<&CheckRow> {
    entry
        .checks
        .iter()
        .filter(|row| row.enabled && !row.status.is_waiting() && row.status.state != State::Ok)
        .max_by_key(|row| {
            let confirmed = row.status.confirmed().map_or(0, State::severity);
            (confirmed, row.status.state.severity())
        })
        .map(|row| &**row)
}

/// Moves the cursor up or down by lines of the grid.
pub fn go(app: &mut App, by: isize) {
    let area = grid_area(app);
    let rows = grid_height(usize::from(area.height));
    let grid = Grid::lay(&app.lists.sites, usize::from(area.width), rows);
    let next = match app.host.as_deref().and_then(|host| grid.find(host)) {
        Some((y, x)) => {
            let mut line = cursor::moved(y, grid.lines.len(), by);
            // A site without problems has no cell in the short form: look further on.
            while grid.lines.get(line).is_some_and(|l| l.cells.is_empty()) && line != y {
                let further = cursor::moved(line, grid.lines.len(), by.signum());
                if further == line {
                    break;
                }
                line = further;
            }
            let cells = grid.lines.get(line).map_or(&[][..], |line| line.cells);
            cells.get(x.min(cells.len().saturating_sub(1))).map(|row| row.name.clone())
        }
        None => grid.lines.iter().find_map(|l| l.cells.first()).map(|row| row.name.clone()),
    };
    if let Some(host) = next {
        app.choose_host(host);
    }
}

/// Where the grid is: among four panes, or on the whole screen.
fn grid_area(app: &App) -> Rect {
    if app.view == View::Overview && !app.zoom {
        return layout::hosts(app.size);
    }
    match app.mode() {
        layout::Mode::Wide => layout::inside(layout::body(app.size)),
        _ => layout::compact(app.size).pane,
    }
}

/// Moves the cursor to the host beside.
pub fn step(app: &mut App, right: bool) {
    let area = grid_area(app);
    let rows = grid_height(usize::from(area.height));
    let grid = Grid::lay(&app.lists.sites, usize::from(area.width), rows);
    let names = || grid.lines.iter().flat_map(|line| line.cells).map(|row| &row.name);
    let at = names().position(|name| Some(name) == app.host.as_ref());
    let at = at.map_or(0, |at| if right { at + 1 } else { at.saturating_sub(1) });
    let last = names().count().saturating_sub(1);
    if let Some(host) = names().nth(at.min(last)).cloned() {
        app.choose_host(host);
    }
}
