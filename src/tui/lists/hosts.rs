//! The hosts: as a list by severity, and by site for the grid.
//!
//! Their order changes only when no hand is on the keys; between two rebuilds rows show what the
//! World says of them.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::hold::Truth;
use super::row::Item;
use super::shape::{self, By, Order};
use super::{Lists, Look, site};
use crate::model::{CheckKey, Name, ShownState, Timestamp};
use crate::protocol::{HostEntry, filter};

/// A host in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostRow {
    /// Its name.
    pub name: Name,
    /// What it shows.
    pub shown: ShownState,
    /// True before its first result.
    pub waiting: bool,
    /// Its place in the order of severity: 0 is the worst.
    pub rank: u8,
    /// When a host with a problem got it.
    pub since: Option<Timestamp>,
}

/// Hosts that belong together: by the label `site`, else by their first group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its name; empty when hosts have neither label nor group.
    pub name: String,
    /// Its hosts, worst first.
    pub hosts: Vec<HostRow>,
}

impl Site {
    /// Its hosts that are not simply OK: they come first.
    #[must_use]
    pub fn news(&self) -> usize {
        self.hosts.iter().take_while(|host| host.rank < RANK_OK).count()
    }
}

/// The rank of a host that is simply OK.
pub const RANK_OK: u8 = 8;

/// What was known of problems when the hosts were last put in order, and what is known now.
#[derive(Clone, Debug, Default)]
pub struct News {
    /// Hosts with a problem that nobody has.
    pub unhandled: HashSet<Name>,
    /// Hosts that had a problem when the rows were made.
    known: HashSet<Name>,
}

impl Item for HostRow {
    type Key = Name;

    fn key(&self) -> Name {
        Arc::clone(&self.name)
    }

    fn shown(&self) -> ShownState {
        self.shown
    }

    fn counted(&self) -> Option<ShownState> {
        (!self.waiting).then_some(self.shown)
    }

    fn since(&self) -> Option<Timestamp> {
        self.since
    }

    fn compare(&self, other: &Self, order: Order) -> Ordering {
        // What has no problem has no age: it stands behind, by name.
        let age = |row: &Self| row.since.unwrap_or(Timestamp::from_millis(i64::MAX));
        match order {
            Order::Age => age(self).cmp(&age(other)),
            Order::Change => {
                let change = |row: &Self| std::cmp::Reverse(row.since);
                change(self).cmp(&change(other))
            }
            Order::Host | Order::Check => self.name.cmp(&other.name),
            Order::Severity => self.rank.cmp(&other.rank).then(age(self).cmp(&age(other))),
        }
    }

    const ORDERS: &'static [Order] = &[Order::Severity, Order::Age, Order::Host, Order::Change];
    const GROUPS: &'static [By] = &[By::Nothing, By::Site, By::Group];
    const NAME: &'static str = "host";
}

impl HostRow {
    fn of(entry: &HostEntry, unhandled: &HashSet<Name>) -> Self {
        let rank = rank(entry, unhandled.contains(&entry.host.name));
        Self {
            name: Arc::clone(&entry.host.name),
            shown: entry.shown(),
            waiting: entry.waiting && entry.window.is_none(),
            rank,
            since: if rank < 6 { entry.since() } else { None },
        }
    }

    /// The row as the World has it now; `None` when the host is gone.
    #[must_use]
    pub fn fresh(&self, lists: &Lists, look: Look<'_>) -> Option<Self> {
        look.world.host(&self.name).map(|entry| Self::of(entry, &lists.news.unhandled))
    }
}

impl Lists {
    /// Brings the hosts up to the World; see [`Self::settle_alerts`].
    pub fn settle_hosts(&mut self, look: Look<'_>, keeps: bool, held: bool) {
        let unhandled = look
            .world
            .open_alerts()
            .filter(|alert| alert.is_unhandled() && look.snoozed(&alert.check).is_none());
        self.news.unhandled = unhandled.map(|alert| Arc::clone(&alert.check.host)).collect();
        if held && !self.hosts.is_empty() {
            let new = |entry: &&HostEntry| {
                is_problem(entry) && !self.news.known.contains(&entry.host.name)
            };
            let count = look.world.hosts().filter(new).count();
            self.hosts.newcomers = if look.filter.is_empty() { count } else { 0 };
            self.hosts.waits = true;
            return;
        }
        let rows = self.arrange_hosts(look);
        self.news.known = look
            .world
            .hosts()
            .filter(|entry| is_problem(entry))
            .map(|entry| Arc::clone(&entry.host.name))
            .collect();
        self.hosts.settle(rows, |_| None, keeps, false);
    }

    fn arrange_hosts(&mut self, look: Look<'_>) -> Truth<HostRow> {
        let snoozed = |key: &CheckKey| look.snoozed(key).is_some();
        let facts = filter::Look::new(look.world, look.now, &snoozed);
        let passes = |entry| look.filter.matches(&facts.host(entry), look.asker());
        let mut sites: BTreeMap<&str, Vec<HostRow>> = BTreeMap::new();
        let mut items = Vec::new();
        for entry in look.world.hosts() {
            if !look.filter.is_empty() && !passes(entry) {
                continue;
            }
            let row = HostRow::of(entry, &self.news.unhandled);
            sites.entry(site(&entry.host).unwrap_or("")).or_default().push(row.clone());
            items.push(row);
        }
        self.sites = by_site(sites);
        shape::sort(&mut items, &self.hosts.shape);
        let by = &self.hosts.shape.by;
        let rows =
            shape::rows(&items, &self.hosts.shape.opened, |row| look.group(by, &row.name, None));
        Truth { rows, items }
    }
}

fn by_site(sites: BTreeMap<&str, Vec<HostRow>>) -> Vec<Site> {
    let mut sites: Vec<Site> = sites
        .into_iter()
        .map(|(name, mut hosts)| {
            // Stable over names, because the World is.
            hosts.sort_by_key(|row| row.rank);
            Site { name: name.to_owned(), hosts }
        })
        .collect();
    sites.sort_by_key(|site| {
        let worst = site.hosts.first().map_or(u8::MAX, |host| host.rank);
        let many = site.hosts.iter().take_while(|host| host.rank == worst).count();
        (worst, std::cmp::Reverse(if worst < RANK_OK { many } else { 0 }))
    });
    sites
}

fn is_problem(entry: &HostEntry) -> bool {
    !entry.waiting && !matches!(entry.shown(), ShownState::Ok | ShownState::Maintenance)
}

fn rank(entry: &HostEntry, unhandled: bool) -> u8 {
    let handled = if unhandled { 0 } else { 3 };
    match (entry.shown(), entry.waiting) {
        (ShownState::Maintenance, _) => 7,
        (_, true) => 6,
        (ShownState::Critical, _) => handled,
        (ShownState::Unknown, _) => 1 + handled,
        (ShownState::Warning, _) => 2 + handled,
        (ShownState::Ok, _) => RANK_OK,
    }
}
