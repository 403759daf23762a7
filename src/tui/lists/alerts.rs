//! The feed: open alerts, what nobody has first. What one of them explains is collapsed under it.

use std::cmp::{Ordering, Reverse};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::hold::Truth;
use super::row::{Item, Row};
use super::shape::{self, By, Order};
use super::{Lists, Look};
use crate::model::{Alert, AlertId, CheckKey, Name, Phase, ShownState, Timestamp};
use crate::protocol::filter;

/// An alert in a list.
#[derive(Clone, Debug)]
pub struct AlertRow {
    /// The alert.
    pub alert: Arc<Alert>,
    /// Until when the operator here has snoozed it.
    pub snoozed: Option<Timestamp>,
    /// How many alerts it explains; they are collapsed under it.
    pub affected: usize,
}

impl AlertRow {
    /// The row of an alert.
    fn of(alert: &Arc<Alert>, look: Look<'_>) -> Self {
        let affected = look.world.affected(&alert.check);
        Self { alert: Arc::clone(alert), snoozed: look.snoozed(&alert.check), affected }
    }

    /// Firing, nobody has it, no window hides it, and the operator here has not snoozed it.
    #[must_use]
    pub fn is_unhandled(&self) -> bool {
        self.alert.is_unhandled() && self.snoozed.is_none()
    }

    fn class(&self) -> u8 {
        match (self.alert.phase, self.is_unhandled()) {
            (Phase::Firing, true) => 0,
            (Phase::Firing, false) => 1,
            _ => 2,
        }
    }

    /// Its place among problems: the worst first, then what waits longest.
    #[must_use]
    pub fn urgency(&self) -> (u8, Reverse<u8>, Timestamp) {
        (self.class(), Reverse(self.alert.state.severity()), self.alert.since)
    }
}

impl Item for AlertRow {
    type Key = AlertId;

    fn key(&self) -> AlertId {
        self.alert.id
    }

    fn shown(&self) -> ShownState {
        ShownState::of(self.alert.state, self.alert.suppressed)
    }

    fn since(&self) -> Option<Timestamp> {
        Some(self.alert.since)
    }

    fn compare(&self, other: &Self, order: Order) -> Ordering {
        let (a, b) = (&self.alert, &other.alert);
        let first = match order {
            Order::Severity => Ordering::Equal,
            Order::Age => a.opened.cmp(&b.opened),
            Order::Host => a.check.host.cmp(&b.check.host),
            Order::Check => a.check.name.cmp(&b.check.name),
            Order::Change => b.since.cmp(&a.since),
        };
        first.then_with(|| self.urgency().cmp(&other.urgency())).then_with(|| a.check.cmp(&b.check))
    }

    fn heads(&self) -> Option<Name> {
        (self.affected > 0).then(|| self.alert.check.to_string().into())
    }

    const ORDERS: &'static [Order] =
        &[Order::Severity, Order::Age, Order::Host, Order::Check, Order::Change];
    const GROUPS: &'static [By] = &[By::Nothing, By::Host, By::Check, By::Group, By::Site];
    const NAME: &'static str = "alert";
}

/// Counts of the feed, whatever the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Counts {
    /// Firing, and nobody has them.
    pub unhandled: usize,
    /// Firing alerts that somebody has.
    pub handled: usize,
    /// Alerts that a window hides from the feed.
    pub hidden: usize,
    /// Firing alerts that the operator here has snoozed.
    pub snoozed: usize,
    /// Firing alerts that another one explains, or may.
    pub explained: usize,
    /// Problems that are not confirmed yet.
    pub soft: usize,
}

impl Counts {
    fn add(&mut self, row: &AlertRow) {
        let alert = &row.alert;
        if alert.suppressed {
            self.hidden += 1;
        } else if alert.phase == Phase::Firing {
            if row.is_unhandled() {
                self.unhandled += 1;
            } else if alert.cause.is_some() {
                self.explained += 1;
            } else if alert.ack.is_none() {
                self.snoozed += 1;
            } else {
                self.handled += 1;
            }
        } else {
            self.soft += 1;
        }
    }
}

impl Lists {
    /// Brings the feed up to the World. `keeps` leaves the row under the cursor where the filter no
    /// longer asks for it; `held` says that a hand is on the keys.
    pub fn settle_alerts(&mut self, look: Look<'_>, keeps: bool, held: bool) {
        let row = |alert: &Arc<Alert>| AlertRow::of(alert, look);
        let snoozed = |key: &CheckKey| look.snoozed(key).is_some();
        let facts = filter::Look::new(look.world, look.now, &snoozed);
        self.counts = Counts::default();
        let mut items = Vec::new();
        for alert in look.world.open_alerts() {
            let row = row(alert);
            self.counts.add(&row);
            // Without a filter the feed leaves out what a window hides (SPEC D-03); one finds it.
            let passes = if look.filter.is_empty() {
                !alert.suppressed
            } else {
                look.filter.matches(&facts.alert(alert), look.asker())
            };
            if passes {
                items.push(row);
            }
        }
        let list = &mut self.alerts;
        shape::sort(&mut items, &list.shape);
        let under = collapse(&mut items);
        let by = self.cause.as_ref().map_or(&list.shape.by, |(by, _)| by);
        let cause = self.cause.as_ref().map(|(_, value)| value);
        let group = |row: &AlertRow| {
            let name = look.group(by, &row.alert.check.host, Some(&row.alert.check.name));
            name.filter(|name| cause.is_none_or(|value| value == name))
        };
        let mut rows = shape::rows(&items, &list.shape.opened, group);
        if cause.is_some() {
            // What does not belong to the storm is what nobody would see otherwise.
            rows.sort_by_key(|row| !matches!(row, Row::Item { inside: false, .. }));
        }
        open_roots(&mut rows, &mut items, under, &list.shape.opened);
        let still = |id: &AlertId| look.world.alert(*id).map(row);
        list.settle(Truth { rows, items }, still, keeps, held);
    }

    /// The rows with unhandled problems, the most urgent first: alerts, and closed groups by the
    /// most urgent of their members.
    #[must_use]
    pub fn problems(&self, look: Look<'_>) -> Vec<usize> {
        let urgent = |row: &AlertRow| row.is_unhandled().then(|| row.urgency());
        let of = |id: &AlertId| urgent(&AlertRow::of(look.world.alert(*id)?, look));
        let mut found: Vec<_> = self
            .alerts
            .rows
            .iter()
            .enumerate()
            .filter_map(|(at, row)| {
                let urgency = match row {
                    Row::Group(group) if group.open => None,
                    Row::Group(group) => group.members.iter().filter_map(of).min(),
                    Row::Item { item, .. } => of(&item.key()),
                };
                urgency.map(|urgency| (urgency, at))
            })
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, at)| at).collect()
    }
}

/// Takes out what an alert explains that is listed too, by the check of that one.
fn collapse(items: &mut Vec<AlertRow>) -> HashMap<CheckKey, Vec<AlertRow>> {
    let mut under: HashMap<CheckKey, Vec<AlertRow>> = HashMap::new();
    if items.iter().all(|row| row.alert.root().is_none()) {
        return under;
    }
    let roots: HashSet<CheckKey> =
        items.iter().filter(|row| row.affected > 0).map(|row| row.alert.check.clone()).collect();
    items.retain(|row| match row.alert.root().filter(|root| roots.contains(root)) {
        Some(root) => {
            under.entry(root.clone()).or_default().push(row.clone());
            false
        }
        None => true,
    });
    under
}

/// Gives what was collapsed rows again, under each alert that is opened.
fn open_roots(
    rows: &mut Vec<Row<AlertRow>>,
    items: &mut Vec<AlertRow>,
    mut under: HashMap<CheckKey, Vec<AlertRow>>,
    opened: &HashSet<Name>,
) {
    if under.is_empty() || opened.is_empty() {
        return;
    }
    for row in std::mem::take(rows) {
        let root =
            row.item().filter(|item| item.heads().is_some_and(|name| opened.contains(&name)));
        let inside = root.and_then(|root| under.remove(&root.alert.check)).unwrap_or_default();
        rows.push(row);
        items.extend(inside.iter().cloned());
        rows.extend(inside.into_iter().map(|item| Row::here(item, true)));
    }
}
