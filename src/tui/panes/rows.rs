//! What rows of all lists have in common: the cursor, marks, groups, counts in titles, late data.

use std::collections::HashSet;

use crate::model::ShownState;
use crate::model::safe_text::{truncate, width};
use crate::protocol::CheckRow;
use crate::tui::app::App;
use crate::tui::format;
use crate::tui::lists::{Group, Item, Key, List, Row};
use crate::tui::theme::{Role, glyph};
use crate::tui::widgets::Surface;

/// The column of the mark: between the state and the age.
const MARK: usize = 7;

/// What waits outside a list and what is marked in it, for a title: `, +37, 3 marked`.
#[must_use]
pub fn waiting<T: Item>(list: &List<T>) -> String {
    let mut text = String::new();
    if list.newcomers > 0 {
        text = format!(", +{}", list.newcomers);
    }
    let marked = if list.anchor.is_some() { list.marked().len() } else { list.marks.len() };
    if marked > 0 {
        text = format!("{text}, {marked} marked");
    }
    text
}

/// The marks of a list, found once for a frame.
pub struct Marked<'a, T: Item> {
    list: &'a List<T>,
    range: HashSet<Key<T::Key>>,
}

impl<'a, T: Item> Marked<'a, T> {
    /// The marks of `list`.
    #[must_use]
    pub fn of(list: &'a List<T>) -> Self {
        Self { list, range: list.range().iter().map(Row::key).collect() }
    }

    /// Puts the sign of a marked row.
    pub fn sign(&self, surface: &mut Surface<'_>, y: usize, _at: usize, row: &Row<T>) {
        if self.list.is_marked(row) || self.range.contains(&row.key()) {
            surface.say(MARK, y, 1, "▪", Role::Accent);
        }
    }
}

/// The row under the cursor.
pub fn select(app: &App, surface: &mut Surface<'_>, y: usize, focused: bool) {
    let focused = focused && app.overlay.is_none();
    let role = if focused { Role::Selection } else { Role::SelectionQuiet };
    surface.say(0, y, 1, "›", Role::Accent);
    surface.tint(y, role);
}

/// `▸ fra  ●12 ▲3 ?1  15 alerts, first core-fra-2/ping 21:02`
pub fn group_row<K: Clone + std::fmt::Display>(
    app: &App,
    surface: &mut Surface<'_>,
    y: usize,
    noun: &str,
    group: &Group<K>,
) {
    let arrow = if group.open { "▾ " } else { "▸ " };
    let name = surface.width() / 3;
    let mut x = 1 + surface.say(1, y, 2, arrow, Role::Accent);
    x += surface.say(x, y, name.max(8), &group.name, Role::Strong) + 2;
    x = x.max(MARK + 2);
    for (state, count) in ShownState::ALL.into_iter().zip(group.tally) {
        if count > 0 {
            let text = format!("{}{count} ", glyph(state));
            let room = surface.width().saturating_sub(x);
            x += surface.say(x, y, room, &text, Role::of(state));
        }
    }
    let mut text = format!(" {}", format::plural(group.members.len(), noun));
    if let Some((_, at)) = &group.first {
        text = format!("{text}, first {}", app.options.zone.moment(*at, app.wall()));
    }
    let room = surface.width().saturating_sub(x + 1);
    surface.say(x, y, room, &text, Role::Muted);
}

/// A text and a remark behind it, which stays readable where there is no room for both.
#[must_use]
pub fn remarked(text: &str, remark: Option<&str>, room: usize) -> String {
    let Some(remark) = remark else { return text.to_owned() };
    let left = room.saturating_sub(width(remark) + 2);
    if left < 8 { remark.to_owned() } else { format!("{}, {remark}", truncate(text, left)) }
}

/// How old the data of a late check are, before its text: `3m old: `.
#[must_use]
pub fn old(app: &App, row: &CheckRow) -> String {
    match row.status.last_result {
        Some(at) => format!("{} old: ", format::age(app.wall().since(at))),
        None => "no result yet: ".to_owned(),
    }
}
