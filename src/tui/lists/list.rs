//! One list with its cursor, marks and shape. The cursor is on an object, never on a line.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use super::hold::{Held, Truth, hold};
use super::row::{Item, Key, Presence, Row};
use super::shape::{By, Shape};
use crate::model::{Name, Span, Steady};
use crate::tui::widgets::{Scroll, cursor};

/// How long a frame must have stood before a key can be an answer to it: what a hand needs, and
/// what a slow line needs to show it and to bring the key.
const SEEN: Span = Span::from_millis(250);
/// Most frames that are remembered for that.
const FRAMES: usize = 32;

/// A frame as it was painted.
struct Painted<T: Item> {
    at: Steady,
    rows: Arc<Vec<Row<T>>>,
    cursor: Option<Key<T::Key>>,
}

/// A list; see the module's head.
pub struct List<T: Item> {
    /// The rows as they are shown.
    pub rows: Arc<Vec<Row<T>>>,
    /// What the cursor is on.
    pub cursor: Option<Key<T::Key>>,
    /// Where that stands.
    pub index: usize,
    /// How it is sorted and grouped.
    pub shape: Shape,
    /// What is marked.
    pub marks: HashSet<T::Key>,
    /// The other end of a range that is being marked.
    pub anchor: Option<Key<T::Key>>,
    /// Items that wait outside until the hand rests.
    pub newcomers: usize,
    /// True when something waits until the hand rests.
    pub waits: bool,
    /// The first row on screen.
    pub scroll: Scroll,
    painted: VecDeque<Painted<T>>,
}

impl<T: Item> Default for List<T> {
    fn default() -> Self {
        Self {
            rows: Arc::default(),
            cursor: None,
            index: 0,
            shape: Shape::of::<T>(),
            marks: HashSet::new(),
            anchor: None,
            newcomers: 0,
            waits: false,
            scroll: Scroll::default(),
            painted: VecDeque::new(),
        }
    }
}

impl<T: Item> List<T> {
    /// Rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True without rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The items that have rows.
    pub fn items(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.rows.iter().filter_map(Row::item)
    }

    /// The row under the cursor.
    #[must_use]
    pub fn row(&self) -> Option<&Row<T>> {
        self.cursor.as_ref().and_then(|_| self.rows.get(self.index))
    }

    /// Where an item has its row.
    #[must_use]
    pub fn at(&self, key: &T::Key) -> Option<usize> {
        self.rows.iter().position(|row| row.item().is_some_and(|item| item.key() == *key))
    }

    /// Takes in what is true now, or as much of it as a hand on the keys allows. The cursor stays
    /// on its object; only when that has no row at all (a person chose another filter) does it go
    /// to the row at its place.
    pub fn settle(
        &mut self,
        truth: Truth<T>,
        still: impl Fn(&T::Key) -> Option<T>,
        keeps: bool,
        held: bool,
    ) {
        let pin = self.cursor.as_ref().filter(|_| keeps);
        if !held && !self.marks.is_empty() {
            let all = truth.by_key();
            self.marks.retain(|key| all.contains_key(key));
        }
        let Held { rows, newcomers, waits } = hold(&self.rows, truth, still, pin, held);
        (self.newcomers, self.waits) = (newcomers, waits);
        self.put(rows);
    }

    /// Shows these rows; the cursor goes to where its object stands.
    pub fn put(&mut self, rows: Vec<Row<T>>) {
        self.rows = Arc::new(rows);
        self.find();
    }

    /// Forgets the rows while nobody looks at them; the cursor knows its object.
    pub fn sleep(&mut self) {
        self.rows = Arc::default();
        self.painted.clear();
        self.waits = false;
    }

    fn find(&mut self) {
        let place = |key: &Key<T::Key>| {
            // Most often it has not moved.
            let here = self.rows.get(self.index).is_some_and(|row| row.is(key));
            if here { Some(self.index) } else { self.rows.iter().position(|row| row.is(key)) }
        };
        let at = self.cursor.as_ref().and_then(place).unwrap_or(self.index);
        self.select(at);
        let lost = |anchor: &Key<T::Key>| !self.rows.iter().any(|row| row.is(anchor));
        if self.anchor.as_ref().is_some_and(lost) {
            self.anchor = None;
        }
    }

    /// Puts the cursor on a row.
    pub fn select(&mut self, at: usize) {
        self.index = at.min(self.len().saturating_sub(1));
        self.cursor = self.rows.get(self.index).map(Row::key);
    }

    /// Has the cursor on nothing, so that it goes to the first row.
    pub fn unselect(&mut self) {
        self.cursor = None;
        self.index = 0;
    }

    /// Moves the cursor.
    pub fn go(&mut self, by: isize) {
        self.select(cursor::moved(self.index, self.len(), by));
    }

    /// Remembers a frame that was painted.
    pub fn painted(&mut self, at: Steady) {
        let same = self
            .painted
            .back()
            .is_some_and(|last| Arc::ptr_eq(&last.rows, &self.rows) && last.cursor == self.cursor);
        if !same {
            let (rows, cursor) = (Arc::clone(&self.rows), self.cursor.clone());
            self.painted.push_back(Painted { at, rows, cursor });
        }
        let old = |frame: &Painted<T>| frame.at + SEEN <= at;
        while self.painted.len() > FRAMES || self.painted.get(1).is_some_and(old) {
            self.painted.pop_front();
        }
    }

    /// A key arrived at a list that nobody's hand held: it was pressed at a frame that had stood
    /// for a while. The list goes back to what that frame showed, and the key acts on it.
    pub fn rewind(&mut self, at: Steady) {
        let seen = |frame: &&Painted<T>| frame.at + SEEN <= at;
        let Some(frame) = self.painted.iter().rev().find(seen).or(self.painted.front()) else {
            return;
        };
        if !Arc::ptr_eq(&frame.rows, &self.rows) || frame.cursor != self.cursor {
            self.rows = Arc::clone(&frame.rows);
            self.cursor.clone_from(&frame.cursor);
            self.find();
        }
        self.painted.clear();
    }

    /// The keys that are marked, with those of the range that is being marked.
    #[must_use]
    pub fn marked(&self) -> HashSet<T::Key> {
        let mut marked = self.marks.clone();
        for row in self.range() {
            marked.extend(row.members());
        }
        marked
    }

    /// The rows of the range that is being marked.
    #[must_use]
    pub fn range(&self) -> &[Row<T>] {
        let Some(anchor) = &self.anchor else { return &[] };
        let Some(at) = self.rows.iter().position(|row| row.is(anchor)) else { return &[] };
        self.rows.get(at.min(self.index)..=at.max(self.index)).unwrap_or(&[])
    }

    /// True when all that the row stands for is marked.
    #[must_use]
    pub fn is_marked(&self, row: &Row<T>) -> bool {
        match row {
            Row::Item { item, .. } => self.marks.contains(&item.key()),
            Row::Group(group) => {
                !group.members.is_empty()
                    && group.members.iter().all(|key| self.marks.contains(key))
            }
        }
    }

    /// The items of marked rows that are shown or inside a group, in the order of the list.
    #[must_use]
    pub fn in_order(&self, wanted: &HashSet<T::Key>) -> Vec<T::Key> {
        let mut seen = HashSet::new();
        let all = self.rows.iter().flat_map(Row::members);
        all.filter(|key| wanted.contains(key) && seen.insert(key.clone())).collect()
    }
}

/// What keys do to any list.
pub trait Keys {
    /// Moves the cursor.
    fn go(&mut self, by: isize);
    /// Marks the row under the cursor, or takes its mark away, and goes down.
    fn mark(&mut self);
    /// Begins to mark a range, or ends it.
    fn mark_range(&mut self);
    /// Marks all that the filter lets through.
    fn mark_all(&mut self);
    /// Takes all marks away; false when there was none.
    fn clear_marks(&mut self) -> bool;
    /// The next order; says which.
    fn next_order(&mut self) -> String;
    /// The other way round; says which.
    fn reverse(&mut self) -> String;
    /// The next kind of groups; says which.
    fn next_groups(&mut self) -> String;
    /// Opens or closes the group at the cursor; false when there is none.
    fn fold(&mut self, open: bool) -> bool;
    /// Opens a closed group at the cursor and closes an open one; false when it is on no group.
    fn toggle(&mut self) -> bool;
    /// How many are marked.
    fn count_marks(&self) -> usize;
}

impl<T: Item> Keys for List<T> {
    fn go(&mut self, by: isize) {
        Self::go(self, by);
    }

    fn mark(&mut self) {
        let Some(row) = self.row() else { return };
        let (keys, marked) = (row.members(), self.is_marked(row));
        if self.anchor.is_some() {
            self.mark_range();
            return;
        }
        for key in keys {
            if marked {
                self.marks.remove(&key);
            } else {
                self.marks.insert(key);
            }
        }
        Self::go(self, 1);
    }

    fn mark_range(&mut self) {
        if self.anchor.is_none() {
            self.anchor.clone_from(&self.cursor);
        } else {
            self.marks = self.marked();
            self.anchor = None;
        }
    }

    fn mark_all(&mut self) {
        let here = |row: &&Row<T>| !matches!(row, Row::Item { presence: Presence::Gone, .. });
        self.marks.extend(self.rows.iter().filter(here).flat_map(Row::members));
    }

    fn clear_marks(&mut self) -> bool {
        let had = !self.marks.is_empty() || self.anchor.is_some();
        self.marks.clear();
        self.anchor = None;
        had
    }

    fn next_order(&mut self) -> String {
        let at = T::ORDERS.iter().position(|order| *order == self.shape.order);
        let next = at.map_or(0, |at| (at + 1) % T::ORDERS.len().max(1));
        if let Some(order) = T::ORDERS.get(next) {
            self.shape.order = *order;
        }
        self.shape.reverse = false;
        self.shape.words()
    }

    fn reverse(&mut self) -> String {
        self.shape.reverse = !self.shape.reverse;
        self.shape.words()
    }

    fn next_groups(&mut self) -> String {
        let at = T::GROUPS.iter().position(|by| *by == self.shape.by);
        let next = at.map_or(0, |at| (at + 1) % T::GROUPS.len().max(1));
        self.shape.by = T::GROUPS.get(next).cloned().unwrap_or(By::Nothing);
        self.shape.opened.clear();
        self.leave_group();
        match &self.shape.by {
            By::Nothing => "no groups".to_owned(),
            by => format!("grouped by {}", by.word()),
        }
    }

    fn fold(&mut self, open: bool) -> bool {
        let Some(name) = self.group_here() else { return false };
        if open {
            self.shape.opened.insert(name);
        } else {
            let head = self.rows.iter().take(self.index + 1).rev().find_map(|row| {
                let item = row.item().filter(|item| item.heads().as_ref() == Some(&name))?;
                Some(Key::Item(item.key()))
            });
            self.shape.opened.remove(&name);
            self.cursor = Some(head.unwrap_or(Key::Group(name)));
        }
        true
    }

    fn toggle(&mut self) -> bool {
        match self.row() {
            Some(Row::Group(group)) => {
                let open = !group.open;
                self.fold(open)
            }
            _ => false,
        }
    }

    fn count_marks(&self) -> usize {
        self.marks.len()
    }
}

impl<T: Item> List<T> {
    /// The group under the cursor, or the one that its row is inside of.
    fn group_here(&self) -> Option<Name> {
        match self.row()? {
            Row::Group(group) => Some(Arc::clone(&group.name)),
            Row::Item { item, inside, .. } => item.heads().or_else(|| {
                let above = self.rows.iter().take(self.index).rev().filter(|_| *inside);
                above.into_iter().find_map(|row| match row {
                    Row::Group(group) => Some(Arc::clone(&group.name)),
                    Row::Item { item, .. } => item.heads(),
                })
            }),
        }
    }

    /// A cursor on a group that will be no more goes to its first member.
    pub fn leave_group(&mut self) {
        if let Some(Row::Group(group)) = self.row()
            && let Some(first) = group.members.first()
        {
            self.cursor = Some(Key::Item(first.clone()));
        }
    }
}
