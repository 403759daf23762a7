//! The lists that are derived from the World: alerts as the feed shows them, hosts, checks.
//!
//! In: the World, a filter, what the operator has snoozed, how a list is sorted and grouped, and
//! whether a hand is on the keys. Out: rows, counts, a cursor that stays on its object.
//! Never: changes the World, or draws.

pub mod alerts;
pub mod checks;
pub mod hold;
pub mod hosts;
pub mod list;
pub mod row;
pub mod shape;

use std::collections::HashMap;
use std::sync::Arc;

pub use alerts::AlertRow;
pub use checks::CheckLine;
pub use hosts::{HostRow, Site};
pub use list::{Keys, List};
pub use row::{Group, Item, Key, Presence, Row};

use crate::model::{CheckKey, Host, Name, Timestamp};
use crate::protocol::filter::{Asker, Filter};
use crate::protocol::{Actor, World};
use shape::By;

/// What lists are made from.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// The mirror.
    pub world: &'a World,
    /// What passes.
    pub filter: &'a Filter,
    /// What the operator does not want to be reminded of, and until when.
    pub snoozed: &'a HashMap<CheckKey, Timestamp>,
    /// The present moment.
    pub now: Timestamp,
    /// Who looks.
    pub actor: &'a Actor,
}

impl Look<'_> {
    /// Until when the operator has snoozed a check.
    #[must_use]
    pub fn snoozed(&self, key: &CheckKey) -> Option<Timestamp> {
        self.snoozed.get(key).copied().filter(|until| *until > self.now)
    }

    /// Who asks, for filters.
    #[must_use]
    pub fn asker(&self) -> Asker<'_> {
        Asker { now: self.now, me: self.actor.person() }
    }

    /// The group of something on a host.
    #[must_use]
    pub fn group(&self, by: &By, host: &Name, check: Option<&Name>) -> Option<Name> {
        let of = |name: &str| self.world.host(name).map(|entry| &entry.host);
        match by {
            By::Nothing => None,
            By::Host => Some(Arc::clone(host)),
            By::Check => Some(check.map_or_else(|| "no check".into(), Arc::clone)),
            By::Group => {
                let name = of(host).and_then(|host| host.groups.first());
                Some(name.map_or_else(|| "no group".into(), |name| name.as_str().into()))
            }
            By::Site => {
                let name = of(host).and_then(|host| site(host));
                Some(name.map_or_else(|| "no site".into(), Into::into))
            }
            By::Tag(label) => {
                let value = of(host).and_then(|host| host.labels.get(&**label));
                Some(value.map_or_else(|| format!("no {label}").into(), |v| v.as_str().into()))
            }
        }
    }
}

/// Where a host is: its label `site`, else its first group.
#[must_use]
pub fn site(host: &Host) -> Option<&str> {
    host.labels.get("site").or_else(|| host.groups.first()).map(String::as_str)
}

/// The lists; brought up to the World by [`App::settle`](crate::tui::app::App::settle).
#[derive(Default)]
pub struct Lists {
    /// Open alerts.
    pub alerts: List<AlertRow>,
    /// Hosts.
    pub hosts: List<HostRow>,
    /// All checks; only while they are looked at.
    pub checks: List<CheckLine>,
    /// The hosts by site, the worst site first.
    pub sites: Vec<Site>,
    /// Counts of the feed.
    pub counts: alerts::Counts,
    /// What explains most of a storm: those alerts are one group, behind all others.
    pub cause: Option<(By, Name)>,
    /// Hosts whose unhandled problems nobody has; for what rows show between two rebuilds.
    pub news: hosts::News,
}

impl Lists {
    /// True when something waits until the hand rests.
    #[must_use]
    pub const fn waits(&self) -> bool {
        self.alerts.waits || self.hosts.waits || self.checks.waits
    }
}
