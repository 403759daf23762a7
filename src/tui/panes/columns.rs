//! Tables of a pane: columns of fixed width, of which the last takes what is left.
//!
//! In: widths and texts. Out: cells. Never: knows what stands in them.

use crate::tui::theme::Role;
use crate::tui::widgets::Surface;

/// What a table has: how wide a column is (0 leaves it out), what stands above it, and whether its
/// texts stand at its right end.
pub type Wish = (usize, &'static str, bool);

/// A column where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    x: usize,
    room: usize,
    head: &'static str,
    right: bool,
}

/// Lays columns out with a blank between them; the last is as wide as there is room.
#[must_use]
pub fn columns(wide: usize, wishes: &[Wish]) -> Vec<Column> {
    let last = wishes.len().saturating_sub(1);
    let mut x = 1;
    let place = |(at, (room, head, right)): (usize, &Wish)| {
        let room = if at == last { wide.saturating_sub(x + 1) } else { *room };
        let column = Column { x, room, head, right: *right };
        x += if room == 0 { 0 } else { room + 1 };
        column
    };
    wishes.iter().enumerate().map(place).collect()
}

/// Writes the names of the columns into the first row.
pub fn heads(surface: &mut Surface<'_>, columns: &[Column]) {
    let names: Vec<(String, Role)> =
        columns.iter().map(|column| (column.head.to_owned(), Role::Muted)).collect();
    row(surface, 0, columns, &names);
}

/// Writes one row.
pub fn row(surface: &mut Surface<'_>, y: usize, columns: &[Column], cells: &[(String, Role)]) {
    for (column, (text, role)) in columns.iter().zip(cells).filter(|(column, _)| column.room > 0) {
        if column.right {
            let style = surface.theme.style(*role);
            surface.put_right(column.x + column.room, y, column.room, text, style);
        } else {
            surface.say(column.x, y, column.room, text, *role);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_column_has_what_is_left_and_an_empty_one_no_place() {
        let all = columns(40, &[(10, "a", false), (0, "b", true), (5, "c", true), (0, "d", false)]);
        let places: Vec<_> = all.iter().map(|one| (one.x, one.room)).collect();
        assert_eq!(places, [(1, 10), (12, 0), (12, 5), (18, 21)]);
        assert_eq!(columns(4, &[(10, "a", false), (0, "b", false)])[1].room, 0);
    }
}
