//! How a list is sorted and grouped: what a person chose, and the rows that follow from it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::row::{Group, Item, Row};
use crate::model::Name;

/// The orders of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// The worst first, then what nobody has taken care of for longest.
    Severity,
    /// The oldest problem first.
    Age,
    /// By host, then the worst first.
    Host,
    /// By the check's name, then the worst first.
    Check,
    /// The last change first.
    Change,
}

impl Order {
    /// As titles say it.
    #[must_use]
    pub const fn words(self, reverse: bool) -> &'static str {
        match (self, reverse) {
            (Self::Severity, false) => "worst first",
            (Self::Severity, true) => "worst last",
            (Self::Age, false) => "oldest first",
            (Self::Age, true) => "youngest first",
            (Self::Host, false) => "by host",
            (Self::Host, true) => "by host, z to a",
            (Self::Check, false) => "by check",
            (Self::Check, true) => "by check, z to a",
            (Self::Change, false) => "last change first",
            (Self::Change, true) => "last change last",
        }
    }
}

/// What makes a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum By {
    /// No groups.
    Nothing,
    /// The host.
    Host,
    /// The check's name.
    Check,
    /// The host's first group.
    Group,
    /// The label `site`, else the host's first group.
    Site,
    /// The value of a label.
    Tag(Name),
}

impl By {
    /// As titles and messages say it.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Nothing => "nothing",
            Self::Host => "host",
            Self::Check => "check",
            Self::Group => "group",
            Self::Site => "site",
            Self::Tag(label) => label,
        }
    }
}

/// Sorting and grouping as chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The order.
    pub order: Order,
    /// The other way round.
    pub reverse: bool,
    /// The groups.
    pub by: By,
    /// Groups whose members have rows.
    pub opened: HashSet<Name>,
}

impl Shape {
    /// Nothing chosen.
    #[must_use]
    pub fn of<T: Item>() -> Self {
        let order = T::ORDERS.first().copied().unwrap_or(Order::Severity);
        let by = T::GROUPS.first().cloned().unwrap_or(By::Nothing);
        Self { order, reverse: false, by, opened: HashSet::new() }
    }

    /// As titles say it: `worst first`, `by host, in groups by site`.
    #[must_use]
    pub fn words(&self) -> String {
        let order = self.order.words(self.reverse);
        match &self.by {
            By::Nothing => order.to_owned(),
            by => format!("{order}, by {}", by.word()),
        }
    }
}

/// Sorts items; equal ones stay in the order they came in.
pub fn sort<T: Item>(items: &mut [T], shape: &Shape) {
    if shape.reverse {
        items.sort_by(|a, b| b.compare(a, shape.order));
    } else {
        items.sort_by(|a, b| a.compare(b, shape.order));
    }
}

/// Rows of sorted items. A group stands where its first member would, with the rest of them; one
/// member alone makes no group. `group` names an item's group; `None` leaves it by itself.
pub fn rows<T: Item, S: std::hash::BuildHasher>(
    items: &[T],
    opened: &HashSet<Name, S>,
    group: impl Fn(&T) -> Option<Name>,
) -> Vec<Row<T>> {
    let names: Vec<Option<Name>> = items.iter().map(group).collect();
    let mut members: HashMap<&str, Vec<&T>> = HashMap::new();
    for (item, name) in items.iter().zip(&names) {
        if let Some(name) = name {
            members.entry(name).or_default().push(item);
        }
    }
    let mut rows = Vec::new();
    for (item, name) in items.iter().zip(&names) {
        let Some(name) = name else {
            rows.push(Row::here(item.clone(), false));
            continue;
        };
        // The first of its members brings the whole group.
        match members.remove(&**name) {
            None => {}
            Some(all) if all.len() == 1 => rows.push(Row::here(item.clone(), false)),
            Some(all) => {
                let open = opened.contains(name);
                rows.push(Row::Group(Group::of(Arc::clone(name), open, all.iter().copied())));
                if open {
                    rows.extend(all.into_iter().map(|item| Row::here(item.clone(), true)));
                }
            }
        }
    }
    rows
}
