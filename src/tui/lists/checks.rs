//! All checks of all hosts, the worst first.
//!
//! Sixty thousand of them are put in order only while they are looked at and no hand is on the
//! keys; between two rebuilds rows show what the World says of them.

use std::cmp::Ordering;
use std::sync::Arc;

use super::hold::Truth;
use super::row::Item;
use super::shape::{self, By, Order};
use super::{Lists, Look};
use crate::model::{CheckKey, Maintenance, ShownState, Timestamp};
use crate::protocol::{CheckRow, HostEntry, filter};

/// A check in a list.
#[derive(Clone, Debug)]
pub struct CheckLine {
    /// Its row.
    pub row: Arc<CheckRow>,
    /// What it shows.
    pub shown: ShownState,
    /// Its place in the order of severity: 0 is the worst.
    pub rank: u8,
    since: Timestamp,
}

/// From this rank on nothing is wrong.
const FINE: u8 = 6;
/// The rank of a check without a result, and of one that is switched off.
const WAITS: u8 = FINE;
const OFF: u8 = 9;

impl Item for CheckLine {
    type Key = CheckKey;

    fn key(&self) -> CheckKey {
        self.row.key.clone()
    }

    fn shown(&self) -> ShownState {
        self.shown
    }

    fn counted(&self) -> Option<ShownState> {
        (!matches!(self.rank, WAITS | OFF)).then_some(self.shown)
    }

    fn since(&self) -> Option<Timestamp> {
        (self.rank < FINE).then_some(self.since)
    }

    fn compare(&self, other: &Self, order: Order) -> Ordering {
        // What is fine stands in the order of names, which is the one it comes in.
        let wrong = |line: &Self| if line.rank < FINE { line.since } else { Timestamp::default() };
        let worst = || self.rank.cmp(&other.rank).then_with(|| wrong(self).cmp(&wrong(other)));
        match order {
            Order::Severity => worst(),
            Order::Age => self.since.cmp(&other.since),
            Order::Change => other.since.cmp(&self.since),
            Order::Host => self.row.key.host.cmp(&other.row.key.host).then_with(worst),
            Order::Check => self.row.key.name.cmp(&other.row.key.name).then_with(worst),
        }
    }

    const ORDERS: &'static [Order] =
        &[Order::Severity, Order::Age, Order::Host, Order::Check, Order::Change];
    const GROUPS: &'static [By] = &[By::Nothing, By::Host, By::Check, By::Group, By::Site];
    const NAME: &'static str = "check";
}

impl CheckLine {
    fn of(
        row: &Arc<CheckRow>,
        entry: &HostEntry,
        look: Look<'_>,
        partial: &[&Maintenance],
    ) -> Self {
        let status = &row.status;
        let covered = || {
            let covers =
                |window: &&Maintenance| window.covers(&row.key.host, &row.key.name, look.now);
            partial.iter().any(covers)
        };
        let shown = ShownState::of(status.state, entry.window.is_some() || covered());
        let rank = match shown {
            _ if !row.enabled => OFF,
            ShownState::Maintenance => 7,
            _ if status.is_waiting() => WAITS,
            ShownState::Ok => 8,
            problem => {
                let alert = look.world.alert_of(&row.key).filter(|alert| alert.is_unhandled());
                let has = alert.is_some() && look.snoozed(&row.key).is_none();
                let place = match problem {
                    ShownState::Critical => 0,
                    ShownState::Unknown => 1,
                    _ => 2,
                };
                place + if has { 0 } else { 3 }
            }
        };
        Self { row: Arc::clone(row), shown, rank, since: status.since }
    }

    /// The line as the World has it now; `None` when the check is gone.
    #[must_use]
    pub fn fresh(&self, look: Look<'_>) -> Option<Self> {
        let entry = look.world.host(&self.row.key.host)?;
        let row = entry.check(&self.row.key.name)?;
        let partial = partial(look);
        Some(Self::of(row, entry, look, &partial))
    }
}

/// The windows in effect that cover some checks of a host only.
fn partial(look: Look<'_>) -> Vec<&Maintenance> {
    let windows = look.world.windows().map(|window| &**window);
    windows.filter(|window| window.is_active(look.now) && window.check.is_some()).collect()
}

impl Lists {
    /// Brings the checks up to the World; see [`Self::settle_alerts`].
    pub fn settle_checks(&mut self, look: Look<'_>, keeps: bool, held: bool) {
        if held && !self.checks.is_empty() {
            self.checks.waits = true;
            return;
        }
        let partial = partial(look);
        let snoozed = |key: &CheckKey| look.snoozed(key).is_some();
        let facts = filter::Look::new(look.world, look.now, &snoozed);
        let line =
            |(entry, row): (&HostEntry, &Arc<CheckRow>)| CheckLine::of(row, entry, look, &partial);
        let mut items: Vec<CheckLine> = if look.filter.is_empty() {
            let hosts = look.world.hosts();
            hosts
                .flat_map(|entry| entry.checks.iter().map(move |row| (entry, row)))
                .map(line)
                .collect()
        } else {
            facts.passing(look.filter, look.asker()).map(line).collect()
        };
        let list = &mut self.checks;
        shape::sort(&mut items, &list.shape);
        let by = &list.shape.by;
        let group = |line: &CheckLine| look.group(by, &line.row.key.host, Some(&line.row.key.name));
        let rows = shape::rows(&items, &list.shape.opened, group);
        list.settle(Truth { rows, items }, |_| None, keeps, false);
    }
}
