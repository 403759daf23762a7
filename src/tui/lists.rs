//! Sorted lists derived from the World: alerts as the feed shows them, hosts by severity and site.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::model::{Alert, Name, Phase, ShownState};
use crate::protocol::filter::Filter;
use crate::protocol::{HostEntry, World};

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

/// The lists; rebuilt when the World changed.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    /// Open alerts in the order of the feed.
    pub alerts: Vec<Arc<Alert>>,
    /// Hosts, worst first.
    pub hosts: Vec<HostRow>,
    /// The same hosts by site, the worst site first.
    pub sites: Vec<Site>,
    /// Firing alerts that somebody has.
    pub handled: usize,
    /// Alerts that a window hides from the feed.
    pub hidden: usize,
}

const RANK_OK: u8 = 8;

impl Lists {
    /// Builds the lists with what the filter lets through.
    #[must_use]
    pub fn build(world: &World, filter: &Filter) -> Self {
        let feed = world.feed();
        let unhandled: HashSet<&str> =
            feed.iter().filter(|alert| alert.is_unhandled()).map(|a| &*a.check.host).collect();
        let mut sites: BTreeMap<&str, Vec<HostRow>> = BTreeMap::new();
        let mut hosts = Vec::new();
        for entry in world.hosts() {
            if !filter.is_empty() && !passes(entry, filter) {
                continue;
            }
            let shown = entry.shown();
            let row = HostRow {
                name: Arc::clone(&entry.host.name),
                shown,
                waiting: entry.waiting && entry.window.is_none(),
                rank: rank(entry, unhandled.contains(&*entry.host.name)),
            };
            sites.entry(site(entry)).or_default().push(row.clone());
            hosts.push(row);
        }
        // Both sorts are stable over names, because the World is.
        hosts.sort_by_key(|row| row.rank);
        let mut sites: Vec<Site> = sites
            .into_iter()
            .map(|(name, mut hosts)| {
                hosts.sort_by_key(|row| row.rank);
                Site { name: name.to_owned(), hosts }
            })
            .collect();
        sites.sort_by_key(|site| {
            let worst = site.hosts.first().map_or(u8::MAX, |host| host.rank);
            let many = site.hosts.iter().take_while(|host| host.rank == worst).count();
            (worst, std::cmp::Reverse(if worst < RANK_OK { many } else { 0 }))
        });
        let hidden = feed.iter().filter(|alert| alert.suppressed).count();
        let handled = feed
            .iter()
            .filter(|a| a.phase == Phase::Firing && !a.suppressed && !a.is_unhandled())
            .count();
        let alerts = feed.into_iter().filter(|alert| alert_passes(alert, filter)).collect();
        Self { alerts, hosts, sites, handled, hidden }
    }

    /// Where an alert stands.
    #[must_use]
    pub fn alert_at(&self, id: crate::model::AlertId) -> Option<usize> {
        self.alerts.iter().position(|alert| alert.id == id)
    }

    /// Where a host stands in the order of severity.
    #[must_use]
    pub fn host_at(&self, name: &str) -> Option<usize> {
        self.hosts.iter().position(|row| &*row.name == name)
    }
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

fn site(entry: &HostEntry) -> &str {
    let label = entry.host.labels.get("site");
    label.or_else(|| entry.host.groups.first()).map_or("", String::as_str)
}

fn passes(entry: &HostEntry, filter: &Filter) -> bool {
    let host = &entry.host;
    let mut texts: Vec<&str> = vec![&host.name, &host.address];
    texts.extend(host.labels.values().map(String::as_str));
    texts.extend(host.groups.iter().map(String::as_str));
    filter.passes(entry.shown(), &texts)
}

/// Without a filter the feed leaves out what a window hides (SPEC D-03); a filter finds it.
fn alert_passes(alert: &Alert, filter: &Filter) -> bool {
    if filter.is_empty() {
        return !alert.suppressed;
    }
    let shown = ShownState::of(alert.state, alert.in_maintenance);
    let who = alert.ack.as_ref().map_or("", |ack| ack.author.as_str());
    filter.passes(shown, &[&alert.check.host, &alert.check.name, alert.output.as_str(), who])
}
