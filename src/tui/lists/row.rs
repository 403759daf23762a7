//! Rows of a list: items and groups of them, each known by a key that no order changes.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use crate::model::{Name, ShownState, Timestamp};
use crate::tui::lists::shape::{By, Order};

/// What a list is made of.
pub trait Item: Clone {
    /// What it is known by.
    type Key: Clone + Eq + Ord + Hash + Debug;

    /// Its identity.
    fn key(&self) -> Self::Key;

    /// What a person sees of it.
    fn shown(&self) -> ShownState;

    /// The state in which it is counted; `None` while it waits and is in none.
    fn counted(&self) -> Option<ShownState> {
        Some(self.shown())
    }

    /// When that began.
    fn since(&self) -> Option<Timestamp>;

    /// The name under which others are collapsed behind its row; `None` when none are.
    fn heads(&self) -> Option<Name> {
        None
    }

    /// Its place in the order.
    fn compare(&self, other: &Self, order: Order) -> std::cmp::Ordering;

    /// The orders that make sense for it, the first one without a key.
    const ORDERS: &'static [Order];

    /// What it can be grouped by, the first one without a key.
    const GROUPS: &'static [By];

    /// What many of them are called.
    const NAME: &'static str;
}

/// What a cursor is on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key<K> {
    /// A group, by its name.
    Group(Name),
    /// An item.
    Item(K),
}

/// Whether what a row shows is still so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    Here,
    /// It exists, but the filter or the feed no longer asks for it.
    Left,
    /// It is over.
    Gone,
}

/// A group as painted.
#[derive(Clone, Debug)]
pub struct Group<K> {
    /// Its name.
    pub name: Name,
    /// True when its members have rows of their own under it.
    pub open: bool,
    /// Its members in order.
    pub members: Arc<[K]>,
    /// Members in each state, in the order of [`ShownState::ALL`].
    pub tally: [usize; 5],
    /// The member whose state began first, and when.
    pub first: Option<(K, Timestamp)>,
}

impl<K: Clone> Group<K> {
    /// A group of these.
    pub fn of<'a, T: Item<Key = K> + 'a>(
        name: Name,
        open: bool,
        members: impl Iterator<Item = &'a T>,
    ) -> Self {
        let mut tally = [0; 5];
        let mut first: Option<(&T, Timestamp)> = None;
        let mut keys = Vec::new();
        for member in members {
            let counted = member.counted();
            let at = ShownState::ALL.iter().position(|state| Some(*state) == counted);
            if let Some(count) = at.and_then(|at| tally.get_mut(at)) {
                *count += 1;
            }
            if let Some(since) = member.since()
                && first.is_none_or(|(_, at)| since < at)
            {
                first = Some((member, since));
            }
            keys.push(member.key());
        }
        let first = first.map(|(member, at)| (member.key(), at));
        Self { name, open, members: keys.into(), tally, first }
    }
}

/// A row.
#[derive(Clone, Debug)]
pub enum Row<T: Item> {
    /// A group with its counts.
    Group(Group<T::Key>),
    /// An item.
    Item {
        /// What.
        item: T,
        /// Whether it is still so.
        presence: Presence,
        /// True under the row of its group.
        inside: bool,
    },
}

impl<T: Item> Row<T> {
    /// An item that is there.
    #[must_use]
    pub const fn here(item: T, inside: bool) -> Self {
        Self::Item { item, presence: Presence::Here, inside }
    }

    /// Its identity.
    #[must_use]
    pub fn key(&self) -> Key<T::Key> {
        match self {
            Self::Group(group) => Key::Group(Name::clone(&group.name)),
            Self::Item { item, .. } => Key::Item(item.key()),
        }
    }

    /// True when it is the row of that key.
    #[must_use]
    pub fn is(&self, key: &Key<T::Key>) -> bool {
        match (self, key) {
            (Self::Group(group), Key::Group(name)) => group.name == *name,
            (Self::Item { item, .. }, Key::Item(key)) => item.key() == *key,
            _ => false,
        }
    }

    /// The item, when it is one.
    #[must_use]
    pub const fn item(&self) -> Option<&T> {
        match self {
            Self::Item { item, .. } => Some(item),
            Self::Group(_) => None,
        }
    }

    /// The items that it stands for, as painted.
    #[must_use]
    pub fn members(&self) -> Vec<T::Key> {
        match self {
            Self::Group(group) => group.members.to_vec(),
            Self::Item { item, .. } => vec![item.key()],
        }
    }
}
