//! The mirror: what is known of hosts, checks, alerts and windows right now.
//!
//! The engine, a client and the console hold one each and keep it by applying events. The host's
//! state is computed here and nowhere else: the worst of what its checks have confirmed
//! ([`Status::confirmed`](crate::model::Status::confirmed)), with MAINTENANCE over it while a window
//! covers the whole host.
//!
//! | its enabled checks | the host |
//! |---|---|
//! | none has a confirmed state | waits: it counts for no state, and is shown as waiting |
//! | some have | the worst of those; the others, also a problem that is soft since the start, count when they are confirmed |
//!
//! So what is not confirmed neither outranks nor hides what is. A check's own row shows its last
//! result all the same, soft as it is.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::event::{CheckRow, EngineStatus, Event};
use super::notifications::{Told, ToldRow};
use crate::model::{
    Agent, Alert, AlertId, CheckKey, Host, Kind, Maintenance, MaintenanceId, Name, Phase,
    ShownState, State, Timestamp,
};

/// A host with its checks and what follows from them.
#[derive(Clone, Debug)]
pub struct HostEntry {
    /// Its description.
    pub host: Arc<Host>,
    /// Its checks, by name.
    pub checks: Vec<Arc<CheckRow>>,
    /// The worst confirmed state of its enabled checks; UNKNOWN while there is none.
    pub state: State,
    /// True while none of its checks has a confirmed state.
    pub waiting: bool,
    /// The window that covers the whole host now.
    pub window: Option<MaintenanceId>,
}

impl HostEntry {
    fn new(host: Arc<Host>) -> Self {
        Self { host, checks: Vec::new(), state: State::Unknown, waiting: true, window: None }
    }

    /// What a person sees.
    #[must_use]
    pub const fn shown(&self) -> ShownState {
        ShownState::of(self.state, self.window.is_some())
    }

    /// The check of that name.
    #[must_use]
    pub fn check(&self, name: &str) -> Option<&Arc<CheckRow>> {
        self.checks.iter().find(|row| &*row.key.name == name)
    }

    /// The first enabled check of a kind that is run, and not made by a rule.
    #[must_use]
    pub fn measuring(&self, kind: Kind) -> Option<&Arc<CheckRow>> {
        self.checks.iter().find(|row| row.kind == kind && row.rule.is_none() && row.enabled)
    }

    /// When the host's present state began: the latest change among the checks that cause it.
    #[must_use]
    pub fn since(&self) -> Option<Timestamp> {
        let causes = self.checks.iter().filter(|c| c.enabled);
        let causes = causes.filter(|c| c.status.confirmed() == Some(self.state));
        causes.map(|c| c.status.since).min()
    }

    fn judge(&mut self) {
        let judged = self.checks.iter().filter(|c| c.enabled);
        let state = judged.filter_map(|c| c.status.confirmed()).reduce(State::worst);
        self.waiting = state.is_none();
        self.state = state.unwrap_or(State::Unknown);
    }
}

/// How many hosts are in which state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Counts {
    /// Hosts in each shown state, in the order of [`ShownState::ALL`]; waiting hosts are apart.
    by_state: [usize; 5],
    /// Hosts of which nothing is confirmed yet.
    pub waiting: usize,
}

impl Counts {
    /// Hosts that show this state.
    #[must_use]
    pub fn of(&self, state: ShownState) -> usize {
        ShownState::ALL
            .iter()
            .position(|s| *s == state)
            .and_then(|at| self.by_state.get(at))
            .copied()
            .unwrap_or(0)
    }

    fn add(&mut self, entry: &HostEntry, sign: isize) {
        let slot = if entry.waiting && entry.window.is_none() {
            Some(&mut self.waiting)
        } else {
            let at = ShownState::ALL.iter().position(|s| *s == entry.shown());
            at.and_then(|at| self.by_state.get_mut(at))
        };
        if let Some(slot) = slot {
            *slot = slot.saturating_add_signed(sign);
        }
    }
}

/// The mirror; see the module's head.
#[derive(Clone, Debug, Default)]
pub struct World {
    hosts: BTreeMap<Name, HostEntry>,
    alerts: HashMap<AlertId, Arc<Alert>>,
    by_check: HashMap<CheckKey, AlertId>,
    /// How far the word about an open alert has come.
    told: HashMap<AlertId, Told>,
    /// How many alerts a check's one explains.
    affected: HashMap<CheckKey, usize>,
    windows: BTreeMap<MaintenanceId, Arc<Maintenance>>,
    agents: BTreeMap<Name, Arc<Agent>>,
    engine: Arc<EngineStatus>,
    counts: Counts,
    ready: bool,
    blind: bool,
}

impl World {
    /// Nothing known yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in one event; `wall` decides which windows are in effect.
    pub fn apply(&mut self, event: &Event, wall: Timestamp) {
        match event {
            Event::Host(host) => self.put_host(Arc::clone(host), wall),
            Event::HostGone(name) => {
                if let Some(entry) = self.hosts.remove(name) {
                    self.counts.add(&entry, -1);
                }
            }
            Event::Check(row) => self.put_check(Arc::clone(row)),
            Event::CheckGone(key) => {
                self.change_host(&key.host, |entry| {
                    entry.checks.retain(|row| row.key != *key);
                    entry.judge();
                });
            }
            Event::Alert(alert) => self.put_alert(Arc::clone(alert)),
            Event::AlertGone(id) => self.drop_alert(*id),
            Event::Told(rows) => {
                for row in rows.iter().filter(|row| self.alerts.contains_key(&row.alert)) {
                    self.told.insert(row.alert, row.told);
                }
            }
            Event::Maintenance(window) => {
                self.windows.insert(window.id, Arc::clone(window));
                self.tick(wall);
            }
            Event::MaintenanceGone(id) => {
                self.windows.remove(id);
                self.tick(wall);
            }
            Event::Agent(agent) => {
                self.agents.insert(Name::clone(&agent.name), Arc::clone(agent));
            }
            Event::AgentGone(name) => {
                self.agents.remove(name);
            }
            Event::Engine(status) => self.engine = Arc::clone(status),
            Event::Ready => self.ready = true,
            Event::Resync => *self = Self::default(),
            Event::Hello { .. }
            | Event::Resumed { .. }
            | Event::Mark(_)
            | Event::Pulse
            | Event::Live(_)
            | Event::Trace(_)
            | Event::Path(_)
            | Event::Test(_)
            | Event::Remembered { .. }
            | Event::Directives(_) => {}
        }
    }

    /// Looks again which windows are in effect; true when that changed what a host shows.
    pub fn tick(&mut self, wall: Timestamp) -> bool {
        let active: Vec<Arc<Maintenance>> =
            self.windows.values().filter(|w| w.is_active(wall)).cloned().collect();
        let mut changed = false;
        for entry in self.hosts.values_mut() {
            let window = covering(&active, &entry.host.name, wall);
            if window != entry.window {
                self.counts.add(entry, -1);
                entry.window = window;
                self.counts.add(entry, 1);
                changed = true;
            }
        }
        changed
    }

    /// The next moment after `wall` at which a window begins or ends.
    #[must_use]
    pub fn next_window_edge(&self, wall: Timestamp) -> Option<Timestamp> {
        self.windows.values().flat_map(|w| [w.start, w.end]).filter(|at| *at > wall).min()
    }

    fn put_host(&mut self, host: Arc<Host>, wall: Timestamp) {
        let active: Vec<Arc<Maintenance>> =
            self.windows.values().filter(|w| w.is_active(wall)).cloned().collect();
        let window = covering(&active, &host.name, wall);
        let name = Arc::clone(&host.name);
        let mut entry = match self.hosts.remove(&name) {
            Some(entry) => {
                self.counts.add(&entry, -1);
                HostEntry { host, ..entry }
            }
            None => HostEntry::new(host),
        };
        entry.window = window;
        self.counts.add(&entry, 1);
        self.hosts.insert(name, entry);
    }

    /// Nothing was heard for so long that no state is believed: each becomes UNKNOWN and late.
    /// Alerts stay as they were known. A new picture begins with a new mirror.
    pub fn lose_sight(&mut self) {
        self.blind = true;
        self.counts = Counts::default();
        for entry in self.hosts.values_mut() {
            for row in &mut entry.checks {
                if !row.enabled || row.status.is_waiting() {
                    continue;
                }
                let row = Arc::make_mut(row);
                row.status.state = State::Unknown;
                row.status.hard_state = State::Unknown;
                row.status.hard = true;
                row.status.late = true;
            }
            entry.judge();
            self.counts.add(entry, 1);
        }
    }

    /// Whether no state is believed; see [`Self::lose_sight`].
    #[must_use]
    pub const fn is_blind(&self) -> bool {
        self.blind
    }

    fn put_check(&mut self, row: Arc<CheckRow>) {
        let host = Arc::clone(&row.key.host);
        self.change_host(&host, |entry| {
            match entry.checks.binary_search_by(|have| have.key.name.cmp(&row.key.name)) {
                Ok(at) => {
                    if let Some(slot) = entry.checks.get_mut(at) {
                        *slot = row;
                    }
                }
                Err(at) => entry.checks.insert(at, row),
            }
            entry.judge();
        });
    }

    fn change_host(&mut self, name: &str, change: impl FnOnce(&mut HostEntry)) {
        if let Some(entry) = self.hosts.get_mut(name) {
            self.counts.add(entry, -1);
            change(entry);
            self.counts.add(entry, 1);
        }
    }

    fn put_alert(&mut self, alert: Arc<Alert>) {
        if alert.phase == Phase::Resolved {
            self.drop_alert(alert.id);
        } else {
            self.by_check.insert(alert.check.clone(), alert.id);
            if let Some(root) = alert.root() {
                *self.affected.entry(root.clone()).or_default() += 1;
            }
            if let Some(old) = self.alerts.insert(alert.id, alert) {
                self.release(&old);
            }
        }
    }

    fn drop_alert(&mut self, id: AlertId) {
        let Some(old) = self.alerts.remove(&id) else { return };
        self.told.remove(&id);
        self.release(&old);
        if self.by_check.get(&old.check) == Some(&id) {
            self.by_check.remove(&old.check);
        }
    }

    /// One less is explained by what explained it.
    fn release(&mut self, alert: &Alert) {
        let Some(root) = alert.root() else { return };
        if let Some(count) = self.affected.get_mut(root) {
            *count -= 1;
            if *count == 0 {
                self.affected.remove(root);
            }
        }
    }

    /// How many open alerts the alert of a check explains.
    #[must_use]
    pub fn affected(&self, check: &CheckKey) -> usize {
        self.affected.get(check).copied().unwrap_or(0)
    }

    /// All hosts by name.
    pub fn hosts(&self) -> impl Iterator<Item = &HostEntry> {
        self.hosts.values()
    }

    /// Number of hosts.
    #[must_use]
    pub fn host_count(&self) -> usize {
        self.hosts.len()
    }

    /// One host.
    #[must_use]
    pub fn host(&self, name: &str) -> Option<&HostEntry> {
        self.hosts.get(name)
    }

    /// One check.
    #[must_use]
    pub fn check(&self, key: &CheckKey) -> Option<&Arc<CheckRow>> {
        self.hosts.get(&key.host)?.check(&key.name)
    }

    /// One open alert.
    #[must_use]
    pub fn alert(&self, id: AlertId) -> Option<&Arc<Alert>> {
        self.alerts.get(&id)
    }

    /// How far the word about an open alert has come; `None` while nothing is known of that.
    #[must_use]
    pub fn told(&self, id: AlertId) -> Option<Told> {
        self.told.get(&id).copied()
    }

    /// The open alert of a check.
    #[must_use]
    pub fn alert_of(&self, key: &CheckKey) -> Option<&Arc<Alert>> {
        self.by_check.get(key).and_then(|id| self.alerts.get(id))
    }

    /// The open alerts in no order.
    pub fn open_alerts(&self) -> impl Iterator<Item = &Arc<Alert>> {
        self.alerts.values()
    }

    /// The open alerts as the feed shows them: unhandled firing ones first, then handled, then
    /// pending; in each the worst first, then what waits longest.
    #[must_use]
    pub fn feed(&self) -> Vec<Arc<Alert>> {
        let mut all: Vec<Arc<Alert>> = self.alerts.values().cloned().collect();
        all.sort_by_cached_key(|alert| {
            let group = match (alert.phase, alert.is_unhandled()) {
                (Phase::Firing, true) => 0,
                (Phase::Firing, false) => 1,
                _ => 2,
            };
            (group, Reverse(alert.state.severity()), alert.since, alert.check.clone())
        });
        all
    }

    /// Firing alerts that nobody has and no window hides.
    #[must_use]
    pub fn unhandled(&self) -> usize {
        self.alerts.values().filter(|alert| alert.is_unhandled()).count()
    }

    /// The windows, by id (that is, by when they were made).
    pub fn windows(&self) -> impl Iterator<Item = &Arc<Maintenance>> {
        self.windows.values()
    }

    /// One window.
    #[must_use]
    pub fn window(&self, id: MaintenanceId) -> Option<&Arc<Maintenance>> {
        self.windows.get(&id)
    }

    /// What a person sees of a check: its present state, under the windows that cover it.
    #[must_use]
    pub fn shown_check(&self, row: &CheckRow, wall: Timestamp) -> ShownState {
        ShownState::of(row.status.state, self.is_covered(&row.key, wall))
    }

    /// True while a window covers a check.
    #[must_use]
    pub fn is_covered(&self, key: &CheckKey, wall: Timestamp) -> bool {
        self.windows.values().any(|window| window.covers(&key.host, &key.name, wall))
    }

    /// The agents, by name.
    pub fn agents(&self) -> impl Iterator<Item = &Arc<Agent>> {
        self.agents.values()
    }

    /// One agent.
    #[must_use]
    pub fn agent(&self, name: &str) -> Option<&Arc<Agent>> {
        self.agents.get(name)
    }

    /// Hosts per state.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// How the engine is.
    #[must_use]
    pub fn engine(&self) -> &Arc<EngineStatus> {
        &self.engine
    }

    /// True when the first picture is whole.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.ready
    }

    /// Everything as events that make the same World again, without `Hello` and `Ready`. What needs
    /// somebody comes first, each alert behind its host, so that the first screen of a list is
    /// right long before the last event is there.
    pub fn snapshot(&self) -> impl Iterator<Item = Event> + '_ {
        let windows = self.windows.values().cloned().map(Event::Maintenance);
        let agents = self.agents.values().cloned().map(Event::Agent);
        let feed = self.feed();
        let mut order: Vec<&HostEntry> = Vec::with_capacity(self.hosts.len());
        let mut known = HashSet::with_capacity(self.hosts.len());
        // Behind which host an alert stands: its own, and one of no host behind those before it.
        let mut after: Vec<Vec<Arc<Alert>>> = Vec::new();
        let mut strays = Vec::new();
        for alert in feed {
            match self.hosts.get(&alert.check.host) {
                None => strays.push(alert),
                Some(entry) if known.insert(&entry.host.name) => {
                    order.push(entry);
                    after.push(vec![alert]);
                }
                Some(_) => after.last_mut().unwrap_or(&mut strays).push(alert),
            }
        }
        let mut rest: Vec<&HostEntry> =
            self.hosts.values().filter(|entry| !known.contains(&entry.host.name)).collect();
        rest.sort_by_key(|entry| (entry.window.is_some(), Reverse(entry.state.severity())));
        let of_host = |entry: &HostEntry| {
            let checks: Vec<Event> = entry.checks.iter().cloned().map(Event::Check).collect();
            std::iter::once(Event::Host(Arc::clone(&entry.host))).chain(checks)
        };
        let bad = order.into_iter().zip(after).flat_map(move |(entry, alerts)| {
            of_host(entry).chain(alerts.into_iter().map(Event::Alert))
        });
        let mut told: Vec<ToldRow> =
            self.told.iter().map(|(alert, told)| ToldRow { alert: *alert, told: *told }).collect();
        told.sort_by_key(|row| row.alert);
        std::iter::once(Event::Engine(Arc::clone(&self.engine)))
            .chain(windows)
            .chain(agents)
            .chain(bad)
            .chain(strays.into_iter().map(Event::Alert))
            .chain(ToldRow::events(&told))
            .chain(rest.into_iter().flat_map(of_host))
    }
}

fn covering(active: &[Arc<Maintenance>], host: &str, wall: Timestamp) -> Option<MaintenanceId> {
    active.iter().find(|window| window.covers_host(host, wall)).map(|window| window.id)
}

#[cfg(test)]
#[path = "world_tests.rs"]
mod tests;
