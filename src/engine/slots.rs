//! The engine's table of checks: definition, state, open alert, last result.
//!
//! Kept small per check, because a NOC has tens of thousands: numbers are stored without their
//! names, which stand once per series.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::model::observation::Aliases;
use crate::model::{
    Alert, AlertId, Check, CheckAbout, CheckKey, Failure, Host, Metric, Name, Observation,
    SafeText, Spec, Status, Steady, Timestamp, Unit,
};
use crate::protocol::CheckRow;

/// A series of a check, as the store numbers it.
#[derive(Clone, Debug)]
pub struct Series {
    /// Its number in the store.
    pub no: i64,
    /// The metric's name.
    pub name: Name,
    /// Which one of several.
    pub instance: Option<Name>,
    /// What it counts.
    pub unit: Unit,
}

/// The last result of a check, without what can be rebuilt.
#[derive(Clone, Debug)]
pub struct Last {
    /// When it was made.
    pub at: Timestamp,
    /// Its judged output.
    pub output: SafeText,
    /// Its failure.
    pub failure: Option<Failure>,
    /// Places in [`Slot::series`] and values.
    pub values: Box<[(u16, f64)]>,
    /// The whole observation where it cannot be rebuilt: long text, a plugin's ranges, hops.
    pub whole: Option<Arc<Observation>>,
    /// What a device calls its interfaces; shared with the result before while it is the same.
    pub aliases: Option<Aliases>,
}

/// One check.
#[derive(Debug)]
pub struct Slot {
    /// Its number in the store.
    pub no: i64,
    /// Its definition.
    pub check: Arc<Check>,
    /// What it says for people.
    pub about: Option<Arc<CheckAbout>>,
    /// Raised with every change of the definition.
    pub generation: u64,
    /// Where it stands.
    pub status: Status,
    /// Its open alert.
    pub alert: Option<Arc<Alert>>,
    /// Its last result since the start.
    pub last: Option<Last>,
    /// Its series, in the order of their first appearance.
    pub series: Vec<Series>,
    /// From when on a result is expected: start, assignment or last result.
    pub expected_since: Steady,
    /// When the next run is due, as far as the engine can tell.
    pub paced_soft: bool,
    /// For a rule's check: the end of a duration for which a result was asked already.
    pub asked: Option<Timestamp>,
    /// When the run of its last result began, on the engine's own scale of time.
    pub began: Option<Timestamp>,
    /// When it was asked whether its host can be reached, on the same scale.
    pub asked_at: Option<Timestamp>,
}

impl Slot {
    /// The row that lists show.
    #[must_use]
    pub fn row(&self, status: &Status) -> CheckRow {
        CheckRow {
            key: self.check.key.clone(),
            kind: self.check.kind(),
            interval: self.check.interval,
            attempts: self.check.attempts,
            enabled: self.check.enabled,
            about: self.about.clone(),
            rule: self.check.rule.as_ref().map(|ruled| Arc::clone(&ruled.rule)),
            status: status.clone(),
        }
    }

    /// The place of a metric's series, when it is known.
    #[must_use]
    pub fn series_of(&self, metric: &Metric) -> Option<usize> {
        self.series.iter().position(|s| s.name == metric.name && s.instance == metric.instance)
    }

    /// The last observation, put together again.
    #[must_use]
    pub fn last_observation(&self) -> Option<Observation> {
        let last = self.last.as_ref()?;
        if let Some(whole) = &last.whole {
            return Some(Observation::clone(whole));
        }
        let metrics = last.values.iter().filter_map(|(at, value)| {
            let series = self.series.get(usize::from(*at))?;
            let mut metric = Metric::new(&series.name, *value, series.unit.clone());
            metric.instance.clone_from(&series.instance);
            if let Some(limit) = self.check.limit(&series.name) {
                (metric.warning, metric.critical) = (limit.warning, limit.critical);
            }
            Some(metric)
        });
        Some(Observation {
            output: last.output.clone(),
            failure: last.failure.clone(),
            metrics: metrics.collect(),
            aliases: last.aliases.clone(),
            ..Observation::default()
        })
    }

    /// True when the last observation must be kept whole.
    #[must_use]
    pub fn keeps_whole(&self, seen: &Observation) -> bool {
        let foreign = matches!(&*self.check.spec, Spec::Custom(_) | Spec::Trace(_));
        self.check.rule.is_none() && (foreign || !seen.long.is_empty())
    }
}

/// All checks and hosts of the engine.
#[derive(Debug, Default)]
pub struct Table {
    slots: Vec<Option<Slot>>,
    by_key: HashMap<CheckKey, usize>,
    hosts: HashMap<Name, Arc<Host>>,
    open: HashSet<usize>,
    /// The checks that rules judge from another one's results, by that one.
    judged_from: HashMap<CheckKey, Vec<usize>>,
}

impl Table {
    /// Adds or replaces a check; gives its place.
    pub fn put(&mut self, slot: Slot) -> usize {
        let key = slot.check.key.clone();
        let open = slot.alert.is_some();
        let at = self.by_key.get(&key).copied().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        self.unlink(at);
        if slot.check.rule.is_some() {
            self.judged_from.entry(slot.check.source()).or_default().push(at);
        }
        if let Some(place) = self.slots.get_mut(at) {
            *place = Some(slot);
        }
        self.by_key.insert(key, at);
        if open {
            self.open.insert(at);
        } else {
            self.open.remove(&at);
        }
        at
    }

    /// Makes room for so many checks.
    pub fn reserve(&mut self, count: usize) {
        self.slots.reserve(count);
        self.by_key.reserve(count);
    }

    /// Removes a check.
    pub fn remove(&mut self, key: &CheckKey) -> Option<Slot> {
        let at = self.by_key.remove(key)?;
        self.open.remove(&at);
        self.unlink(at);
        self.slots.get_mut(at).and_then(Option::take)
    }

    /// Takes a check out of its place, which stays its own until it is put back.
    pub fn lift(&mut self, key: &CheckKey) -> Option<Slot> {
        let at = self.by_key.get(key).copied()?;
        self.unlink(at);
        self.slots.get_mut(at).and_then(Option::take)
    }

    fn unlink(&mut self, at: usize) {
        let ruled = self.get(at).filter(|slot| slot.check.rule.is_some());
        let Some(source) = ruled.map(|slot| slot.check.source()) else { return };
        if let Some(places) = self.judged_from.get_mut(&source) {
            places.retain(|place| *place != at);
            if places.is_empty() {
                self.judged_from.remove(&source);
            }
        }
    }

    /// Places of the checks that rules judge from the results of the check at a place.
    #[must_use]
    pub fn judged_from(&self, at: usize) -> Vec<usize> {
        // Most configurations have few rules, and none of them should cost anything.
        if self.judged_from.is_empty() {
            return Vec::new();
        }
        let key = self.get(at).map(|slot| &slot.check.key);
        key.and_then(|key| self.judged_from.get(key)).cloned().unwrap_or_default()
    }

    /// A check's place.
    #[must_use]
    pub fn place(&self, key: &CheckKey) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    /// The check at a place.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&Slot> {
        self.slots.get(at).and_then(Option::as_ref)
    }

    /// The check at a place, to change it.
    pub fn get_mut(&mut self, at: usize) -> Option<&mut Slot> {
        self.slots.get_mut(at).and_then(Option::as_mut)
    }

    /// All checks with their places.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Slot)> {
        self.slots.iter().enumerate().filter_map(|(at, slot)| slot.as_ref().map(|s| (at, s)))
    }

    /// Sets the open alert of a check.
    pub fn set_alert(&mut self, at: usize, alert: Option<Arc<Alert>>) {
        if let Some(slot) = self.get_mut(at) {
            slot.alert = alert;
            let open = slot.alert.is_some();
            if open {
                self.open.insert(at)
            } else {
                self.open.remove(&at)
            };
        }
    }

    /// Places of the checks with an open alert.
    #[must_use]
    pub fn open(&self) -> Vec<usize> {
        self.open.iter().copied().collect()
    }

    /// The place of the check whose open alert that is.
    #[must_use]
    pub fn place_of_alert(&self, id: AlertId) -> Option<usize> {
        self.open.iter().copied().find(|at| {
            self.get(*at).and_then(|slot| slot.alert.as_ref()).is_some_and(|a| a.id == id)
        })
    }

    /// Places of a host's checks.
    #[must_use]
    pub fn of_host(&self, host: &str) -> Vec<usize> {
        self.iter().filter(|(_, s)| &*s.check.key.host == host).map(|(at, _)| at).collect()
    }

    /// Adds or replaces a host.
    pub fn put_host(&mut self, host: Arc<Host>) {
        self.hosts.insert(Arc::clone(&host.name), host);
    }

    /// Removes a host.
    pub fn remove_host(&mut self, name: &str) {
        self.hosts.remove(name);
    }

    /// A host.
    #[must_use]
    pub fn host(&self, name: &str) -> Option<&Arc<Host>> {
        self.hosts.get(name)
    }

    /// All hosts in no order.
    pub fn hosts(&self) -> impl Iterator<Item = &Arc<Host>> {
        self.hosts.values()
    }
}
