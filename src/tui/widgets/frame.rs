//! The lines between panes: one thin rounded border, shared where two panes meet.

use ratatui::layout::Rect;

use crate::model::safe_text::width;
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;

/// A pane's frame: what its top line says.
pub struct Title<'a> {
    /// Its name with filter and count.
    pub left: &'a str,
    /// Sort and position, at the right end.
    pub right: &'a str,
    /// True for the pane that has the keys.
    pub focused: bool,
}

/// Draws one pane alone and returns what is inside.
pub fn single(surface: &mut Surface<'_>, area: Rect, title: &Title<'_>) -> Rect {
    outline(surface, area, Role::Border);
    if title.focused {
        outline(surface, area, Role::BorderFocused);
    }
    write_title(surface, area, title);
    inside(area)
}

/// Draws panes whose rectangles share their lines, with the right sign wherever lines meet, and
/// returns what is inside of each.
pub fn panes(surface: &mut Surface<'_>, panes: &[(Rect, Title<'_>)]) -> Vec<Rect> {
    let style = surface.theme.style(Role::Border);
    let rects: Vec<Rect> = panes.iter().map(|(rect, _)| *rect).collect();
    for rect in &rects {
        for (x, y) in edge(*rect) {
            surface.mark_at(x, y, joint(&rects, x, y), style);
        }
    }
    for (rect, title) in panes {
        if title.focused {
            tint_outline(surface, *rect, Role::BorderFocused);
        }
        write_title(surface, *rect, title);
    }
    rects.into_iter().map(inside).collect()
}

/// The cells of a rectangle's outline.
fn edge(rect: Rect) -> impl Iterator<Item = (u16, u16)> {
    let (right, bottom) = (rect.right().saturating_sub(1), rect.bottom().saturating_sub(1));
    let rows = (rect.left()..rect.right()).flat_map(move |x| [(x, rect.y), (x, bottom)]);
    let columns = (rect.top()..rect.bottom()).flat_map(move |y| [(rect.x, y), (right, y)]);
    rows.chain(columns)
}

/// The sign of a cell on some outlines, by the directions in which lines leave it.
fn joint(rects: &[Rect], x: u16, y: u16) -> char {
    let (mut up, mut down, mut left, mut right) = (false, false, false, false);
    for r in rects.iter().filter(|r| r.width > 1 && r.height > 1) {
        let (end, bottom) = (r.right() - 1, r.bottom() - 1);
        if (r.x..=end).contains(&x) && (y == r.y || y == bottom) {
            left |= x > r.x;
            right |= x < end;
        }
        if (r.y..=bottom).contains(&y) && (x == r.x || x == end) {
            up |= y > r.y;
            down |= y < bottom;
        }
    }
    match (up, down, left, right) {
        (false, true, false, true) => '╭',
        (false, true, true, false) => '╮',
        (true, false, false, true) => '╰',
        (true, false, true, false) => '╯',
        (true, true, false, true) => '├',
        (true, true, true, false) => '┤',
        (false, true, true, true) => '┬',
        (true, false, true, true) => '┴',
        (true, true, true, true) => '┼',
        (_, _, false, false) => '│',
        _ => '─',
    }
}

fn inside(area: Rect) -> Rect {
    Rect {
        x: area.x.saturating_add(1),
        y: area.y.saturating_add(1),
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(2),
    }
}

fn outline(surface: &mut Surface<'_>, area: Rect, role: Role) {
    let style = surface.theme.style(role);
    let mut s = surface.at(area);
    let (wide, high) = (s.width(), s.height());
    if wide < 2 || high < 2 {
        return;
    }
    for x in 1..wide - 1 {
        s.mark(x, 0, '─', style);
        s.mark(x, high - 1, '─', style);
    }
    for y in 1..high - 1 {
        s.mark(0, y, '│', style);
        s.mark(wide - 1, y, '│', style);
    }
    for (x, y, sign) in
        [(0, 0, '╭'), (wide - 1, 0, '╮'), (0, high - 1, '╰'), (wide - 1, high - 1, '╯')]
    {
        s.mark(x, y, sign, style);
    }
}

fn tint_outline(surface: &mut Surface<'_>, area: Rect, role: Role) {
    let style = surface.theme.style(role);
    let mut s = surface.at(area);
    let (wide, high) = (s.width(), s.height());
    for y in [0, high.saturating_sub(1)] {
        s.tint_cells(0, y, wide, style);
    }
    for y in 0..high {
        s.tint_cells(0, y, 1, style);
        s.tint_cells(wide.saturating_sub(1), y, 1, style);
    }
}

/// What of the right end has room: its last parts are the position, which says most.
#[must_use]
pub fn tail(text: &str, room: usize) -> &str {
    let mut rest = text;
    while width(rest) > room {
        rest = rest.split_once(" · ").map_or("", |(_, last)| last);
    }
    rest
}

fn write_title(surface: &mut Surface<'_>, area: Rect, title: &Title<'_>) {
    let role = if title.focused { Role::TitleFocused } else { Role::Title };
    let mut s = surface.at(area);
    let room = s.width().saturating_sub(4);
    let left = format!(" {} ", title.left);
    let used = if title.left.is_empty() { 0 } else { s.say(2, 0, room, &left, role) };
    let rest = room.saturating_sub(used + 1);
    let right = tail(title.right, rest.saturating_sub(2));
    if !right.is_empty() {
        let right = format!(" {right} ");
        let end = s.width().saturating_sub(2);
        let style = s.theme.style(Role::Title);
        s.put_right(end, 0, rest, &right, style);
    }
}
