//! The list holds still under the hand: old rows and what is true now make the next rows.
//!
//! While a hand is on the keys every row stays where it is; what it shows is brought up to date in
//! place, what is over stays and says so, and what is new is counted. When the hand rests the truth
//! is taken in, but the row under the cursor stays even then.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::row::{Group, Item, Key, Presence, Row};

/// What is true now.
pub struct Truth<T: Item> {
    /// The rows as they would be without a hand.
    pub rows: Vec<Row<T>>,
    /// Every item that the list asks for, also those inside closed groups.
    pub items: Vec<T>,
}

impl<T: Item> Truth<T> {
    /// The items by key: made only where it is asked for, because sixty thousand take time.
    #[must_use]
    pub fn by_key(&self) -> HashMap<T::Key, &T> {
        self.items.iter().map(|item| (item.key(), item)).collect()
    }
}

/// What is shown next.
pub struct Held<T: Item> {
    /// The rows.
    pub rows: Vec<Row<T>>,
    /// Items that wait outside until the hand rests.
    pub newcomers: usize,
    /// True when something else waits as well: another order, rows that are over.
    pub waits: bool,
}

/// Makes the next rows. `still` knows items that exist though the list no longer asks for them;
/// `pin` is what the cursor is on; `held` says that a hand is on the keys.
pub fn hold<T: Item>(
    old: &[Row<T>],
    truth: Truth<T>,
    still: impl Fn(&T::Key) -> Option<T>,
    pin: Option<&Key<T::Key>>,
    held: bool,
) -> Held<T> {
    if held && !old.is_empty() {
        keep(old, &truth, still)
    } else {
        let rows = take_in(old, truth, still, pin);
        Held { rows, newcomers: 0, waits: false }
    }
}

fn keep<T: Item>(
    old: &[Row<T>],
    truth: &Truth<T>,
    still: impl Fn(&T::Key) -> Option<T>,
) -> Held<T> {
    let all = truth.by_key();
    let mut known: HashSet<T::Key> = HashSet::new();
    let mut rows = Vec::with_capacity(old.len());
    for row in old {
        known.extend(row.members().into_iter().filter(|key| all.contains_key(key)));
        rows.push(renewed(row, &all, &still));
    }
    let newcomers = all.len() - known.len();
    let same = rows.len() == truth.rows.len()
        && rows.iter().zip(&truth.rows).all(|(a, b)| a.key() == b.key());
    Held { rows, newcomers, waits: newcomers > 0 || !same }
}

/// A row with what is known of it now.
fn renewed<T: Item>(
    row: &Row<T>,
    all: &HashMap<T::Key, &T>,
    still: &impl Fn(&T::Key) -> Option<T>,
) -> Row<T> {
    match row {
        Row::Group(group) => {
            // Who joined meanwhile is a newcomer: the group means its members as painted.
            let members = group.members.iter().filter_map(|key| all.get(key).copied());
            Row::Group(Group::of(Arc::clone(&group.name), group.open, members))
        }
        Row::Item { item, inside, .. } => {
            let key = item.key();
            let (item, presence) = match (all.get(&key), still(&key)) {
                (Some(new), _) => (T::clone(new), Presence::Here),
                (None, Some(new)) => (new, Presence::Left),
                (None, None) => (item.clone(), Presence::Gone),
            };
            Row::Item { item, presence, inside: *inside }
        }
    }
}

fn take_in<T: Item>(
    old: &[Row<T>],
    truth: Truth<T>,
    still: impl Fn(&T::Key) -> Option<T>,
    pin: Option<&Key<T::Key>>,
) -> Vec<Row<T>> {
    let Some(pin) = pin else { return truth.rows };
    if truth.rows.iter().any(|row| row.is(pin)) {
        return truth.rows;
    }
    let all = truth.by_key();
    let mut rows = truth.rows.clone();
    // Inside a closed group it keeps a row of its own under the group's.
    if let Key::Item(key) = pin
        && let Some(item) = all.get(key)
    {
        let holds = |row: &Row<T>| matches!(row, Row::Group(g) if g.members.contains(key));
        let at = rows.iter().position(holds).map_or(rows.len(), |at| at + 1);
        rows.insert(at, Row::here(T::clone(item), true));
        return rows;
    }
    let Some(was) = old.iter().position(|row| row.is(pin)) else { return rows };
    if let Some(row) = old.get(was) {
        let at = behind(old, was, &rows);
        rows.insert(at.min(rows.len()), renewed(row, &all, &still));
    }
    rows
}

/// Where a row that is over goes: behind the nearest row before it that is still there.
fn behind<T: Item>(old: &[Row<T>], was: usize, rows: &[Row<T>]) -> usize {
    let places: HashMap<Key<T::Key>, usize> =
        rows.iter().enumerate().map(|(at, row)| (row.key(), at)).collect();
    let before = old.iter().take(was).rev();
    before.map(Row::key).find_map(|key| places.get(&key)).map_or(was.min(rows.len()), |at| at + 1)
}

#[cfg(test)]
#[path = "hold_tests.rs"]
mod tests;
