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

/// Draws four panes that share their lines; `left` and `top` are the sizes of the first including
/// both its lines. Returns the four insides: top left, top right, bottom left, bottom right.
pub fn quad(
    surface: &mut Surface<'_>,
    area: Rect,
    left: u16,
    top: u16,
    titles: &[Title<'_>; 4],
) -> [Rect; 4] {
    let right = Rect {
        x: area.x + left.saturating_sub(1),
        width: area.width.saturating_sub(left.saturating_sub(1)),
        ..area
    };
    let left = Rect { width: left, ..area };
    let upper = |rect: Rect| Rect { height: top, ..rect };
    let lower = |rect: Rect| Rect {
        y: rect.y + top.saturating_sub(1),
        height: rect.height.saturating_sub(top.saturating_sub(1)),
        ..rect
    };
    let panes = [upper(left), upper(right), lower(left), lower(right)];
    for pane in panes {
        outline(surface, pane, Role::Border);
    }
    joints(surface, panes);
    for (pane, title) in panes.iter().zip(titles) {
        if title.focused {
            tint_outline(surface, *pane, Role::BorderFocused);
        }
        write_title(surface, *pane, title);
    }
    panes.map(inside)
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

/// The signs where the lines of four panes meet.
fn joints(surface: &mut Surface<'_>, [first, second, third, _]: [Rect; 4]) {
    let style = surface.theme.style(Role::Border);
    let area = surface.area();
    let middle = usize::from(second.x.saturating_sub(area.x));
    let cross = usize::from(third.y.saturating_sub(area.y));
    let (x, y) = (usize::from(first.x - area.x), usize::from(first.y - area.y));
    let end = usize::from(second.right().saturating_sub(area.x + 1));
    let bottom = usize::from(third.bottom().saturating_sub(area.y + 1));
    for (x, y, sign) in [
        (middle, y, '┬'),
        (middle, cross, '┼'),
        (middle, bottom, '┴'),
        (x, cross, '├'),
        (end, cross, '┤'),
    ] {
        surface.mark(x, y, sign, style);
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

fn write_title(surface: &mut Surface<'_>, area: Rect, title: &Title<'_>) {
    let role = if title.focused { Role::TitleFocused } else { Role::Title };
    let mut s = surface.at(area);
    let room = s.width().saturating_sub(4);
    let left = format!(" {} ", title.left);
    let used = if title.left.is_empty() { 0 } else { s.say(2, 0, room, &left, role) };
    let rest = room.saturating_sub(used + 1);
    if !title.right.is_empty() && width(title.right) + 2 <= rest {
        let right = format!(" {} ", title.right);
        let end = s.width().saturating_sub(2);
        let style = s.theme.style(Role::Title);
        s.put_right(end, 0, rest, &right, style);
    }
}
