//! Properties of the list that holds still, over random worlds and cursors.

use std::cmp::Ordering;
use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::model::{Name, ShownState, Timestamp};
use crate::tui::lists::shape::{self, By, Order, Shape};

#[derive(Clone, Debug, PartialEq)]
struct Thing {
    key: u8,
    urgency: u8,
}

impl Item for Thing {
    type Key = u8;

    fn key(&self) -> u8 {
        self.key
    }

    fn shown(&self) -> ShownState {
        if self.urgency < 4 { ShownState::Critical } else { ShownState::Warning }
    }

    fn since(&self) -> Option<Timestamp> {
        Some(Timestamp::from_millis(i64::from(self.urgency)))
    }

    fn compare(&self, other: &Self, _order: Order) -> Ordering {
        self.urgency.cmp(&other.urgency).then(self.key.cmp(&other.key))
    }

    const ORDERS: &'static [Order] = &[Order::Severity];
    const GROUPS: &'static [By] = &[By::Nothing, By::Site];
    const NAME: &'static str = "thing";
}

/// A world in its order, in groups of five keys when `grouped`.
fn truth(world: &[(u8, u8)], grouped: bool, opened: &HashSet<Name>) -> Truth<Thing> {
    let mut seen = HashSet::new();
    let mut items: Vec<Thing> = world
        .iter()
        .map(|(key, urgency)| Thing { key: key % 30, urgency: urgency % 8 })
        .filter(|thing| seen.insert(thing.key))
        .collect();
    shape::sort(&mut items, &Shape::of::<Thing>());
    let group = |thing: &Thing| grouped.then(|| Name::from(format!("g{}", thing.key / 5)));
    Truth { rows: shape::rows(&items, opened, group), items }
}

fn keys(rows: &[Row<Thing>]) -> Vec<Key<u8>> {
    rows.iter().map(Row::key).collect()
}

fn world() -> impl Strategy<Value = Vec<(u8, u8)>> {
    prop::collection::vec((any::<u8>(), any::<u8>()), 0..30)
}

proptest! {
    #[test]
    fn no_row_changes_its_identity_while_it_is_held(
        before in world(), after in world(), grouped: bool, at in 0_usize..30,
    ) {
        let open = HashSet::new();
        let old = truth(&before, grouped, &open).rows;
        prop_assume!(!old.is_empty());
        let pin = old.get(at % old.len()).map(Row::key);
        let now = truth(&after, grouped, &open);
        let all: HashSet<u8> = now.items.iter().map(|thing| thing.key).collect();
        let shown: HashSet<u8> = old.iter().flat_map(Row::members).collect();
        let next = hold(&old, now, |_| None, pin.as_ref(), true);
        prop_assert_eq!(keys(&old), keys(&next.rows));
        prop_assert_eq!(next.newcomers, all.difference(&shown).count());
        for row in &next.rows {
            match row {
                // What is over says so, and a group means only what it has shown.
                Row::Item { item, presence, .. } => {
                    prop_assert_eq!(*presence == Presence::Gone, !all.contains(&item.key));
                }
                Row::Group(group) => {
                    prop_assert!(group.members.iter().all(|key| all.contains(key) && shown.contains(key)));
                }
            }
        }
    }

    #[test]
    fn the_hand_rests_and_nothing_is_lost(
        before in world(), between in world(), after in world(), grouped: bool, at in 0_usize..30,
        wide: bool,
    ) {
        let open: HashSet<Name> = if wide { ["g0".into(), "g3".into()].into() } else { HashSet::new() };
        let old = truth(&before, grouped, &open).rows;
        prop_assume!(!old.is_empty());
        let pin = old.get(at % old.len()).map(Row::key);
        let held = hold(&old, truth(&between, grouped, &open), |_| None, pin.as_ref(), true);
        let now = truth(&after, grouped, &open);
        let wanted = keys(&now.rows);
        let all: HashSet<u8> = now.items.iter().map(|thing| thing.key).collect();
        let next = hold(&held.rows, now, |_| None, pin.as_ref(), false);
        // The cursor is on its object, which has exactly one row.
        let pinned = next.rows.iter().filter(|row| row.is(pin.as_ref().unwrap())).count();
        prop_assert_eq!(pinned, 1);
        // All the rest is as it would be without a hand.
        let rest: Vec<Key<u8>> = keys(&next.rows)
            .into_iter()
            .filter(|key| wanted.contains(key) || Some(key) != pin.as_ref())
            .collect();
        prop_assert_eq!(rest, wanted);
        let shown: HashSet<u8> = next.rows.iter().flat_map(Row::members).collect();
        prop_assert!(all.is_subset(&shown));
    }
}

#[test]
fn what_the_filter_no_longer_asks_for_has_left_and_is_not_gone() {
    let open = HashSet::new();
    let old = truth(&[(1, 1), (2, 2), (3, 3)], false, &open).rows;
    let still = |key: &u8| (*key == 2).then_some(Thing { key: 2, urgency: 7 });
    let next = hold(&old, truth(&[(1, 1)], false, &open), still, None, true);
    let presences: Vec<Presence> = next
        .rows
        .iter()
        .filter_map(|row| match row {
            Row::Item { presence, .. } => Some(*presence),
            Row::Group(_) => None,
        })
        .collect();
    assert_eq!(presences, [Presence::Here, Presence::Left, Presence::Gone]);
}

#[test]
fn a_cursor_inside_a_closed_group_keeps_its_row_and_one_alone_is_no_group() {
    let open = HashSet::new();
    let now = truth(&[(1, 1), (2, 2), (3, 3), (7, 0)], true, &open);
    assert_eq!(keys(&now.rows), [Key::Item(7), Key::Group("g0".into())]);
    let next = hold(&now.rows.clone(), now, |_| None, Some(&Key::Item(2)), false);
    assert_eq!(keys(&next.rows), [Key::Item(7), Key::Group("g0".into()), Key::Item(2)]);
}
