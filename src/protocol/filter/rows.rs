//! The rows of a World as a filter sees them.

use std::fmt;
use std::sync::Arc;

use super::Filter;
use super::facts::{Asker, Facts};
use crate::model::{
    Acknowledgement, Alert, CheckKey, Kind, Maintenance, Phase, ShownState, Span, State, Timestamp,
};
use crate::protocol::{CheckRow, HostEntry, World};

/// A World at a moment, as one operator sees it. Made once for a pass over all rows.
pub struct Look<'a> {
    world: &'a World,
    now: Timestamp,
    snoozed: &'a dyn Fn(&CheckKey) -> bool,
    /// The windows in effect that cover some checks of a host only.
    partial: Vec<&'a Maintenance>,
}

impl fmt::Debug for Look<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Look").field("now", &self.now).finish_non_exhaustive()
    }
}

impl<'a> Look<'a> {
    /// At `now`, with what the operator has `snoozed`.
    pub fn new(world: &'a World, now: Timestamp, snoozed: &'a dyn Fn(&CheckKey) -> bool) -> Self {
        let active = world.windows().filter(|w| w.is_active(now) && w.check.is_some());
        Self { world, now, snoozed, partial: active.map(|window| &**window).collect() }
    }

    /// A host's row.
    #[must_use]
    pub const fn host(&'a self, entry: &'a HostEntry) -> HostFacts<'a> {
        HostFacts { look: self, entry }
    }

    /// A check's row.
    #[must_use]
    pub fn check(&'a self, entry: &'a HostEntry, row: &'a CheckRow) -> CheckFacts<'a> {
        CheckFacts { look: self, key: &row.key, entry: Some(entry), row: Some(row), alert: None }
    }

    /// An alert's row; its check may be gone.
    #[must_use]
    pub fn alert(&'a self, alert: &'a Alert) -> CheckFacts<'a> {
        let entry = self.world.host(&alert.check.host);
        let row = entry.and_then(|entry| entry.check(&alert.check.name)).map(|row| &**row);
        CheckFacts { look: self, key: &alert.check, entry, row, alert: Some(alert) }
    }

    /// The checks that pass, by host and name. What a host answers for all its checks is asked
    /// once: with many checks this is several times faster than asking every row.
    pub fn passing(
        &'a self,
        filter: &'a Filter,
        asker: Asker<'a>,
    ) -> impl Iterator<Item = (&'a HostEntry, &'a Arc<CheckRow>)> {
        let hosts: Vec<&HostEntry> = self.world.hosts().collect();
        let texts = filter.reads_texts();
        (0..hosts.len()).flat_map(move |at| {
            if at.is_multiple_of(BATCH) {
                fetch(hosts.get(at..hosts.len().min(at + BATCH)).unwrap_or(&[]), texts);
            }
            let found = hosts.get(at).and_then(|entry| {
                filter.of_host(&self.host(entry)).map(|answers| (*entry, answers))
            });
            found.into_iter().flat_map(move |(entry, answers)| {
                let passes = move |row: &&Arc<CheckRow>| {
                    filter.matches_given(answers, &self.check(entry, row), asker)
                };
                entry.checks.iter().filter(passes).map(move |row| (entry, row))
            })
        })
    }

    fn is_stale(&self, row: &CheckRow) -> bool {
        if !row.enabled {
            return false;
        }
        let status = &row.status;
        // The engine marks what is late; what is stale it made a hard UNKNOWN (rules::attempts).
        let patience = (row.interval + row.interval).max(row.interval + Span::from_secs(15));
        let believed = |last: Timestamp| self.now.since(last) <= patience;
        status.late
            || (status.hard
                && status.hard_state == State::Unknown
                && !status.last_result.is_some_and(believed))
    }
}

/// A check or an alert as a filter sees it.
#[derive(Clone, Copy, Debug)]
pub struct CheckFacts<'a> {
    look: &'a Look<'a>,
    key: &'a CheckKey,
    entry: Option<&'a HostEntry>,
    row: Option<&'a CheckRow>,
    /// The alert that the row is; its state may be ahead of the check's.
    alert: Option<&'a Alert>,
}

impl<'a> CheckFacts<'a> {
    /// The open alert of the check. Looked up only when asked for, and not for a check that is
    /// well: an alert is open while its check is not OK, or not OK again,
    /// or flaps.
    fn open_alert(&self) -> Option<&'a Alert> {
        let is_well = |row: &CheckRow| {
            let status = &row.status;
            (status.state, status.hard_state) == (State::Ok, State::Ok) && !status.flap.active
        };
        match (self.alert, self.row) {
            (Some(alert), _) => Some(alert),
            (None, Some(row)) if is_well(row) => None,
            (None, _) => self.look.world.alert_of(self.key).map(|alert| &**alert),
        }
    }

    fn ack(&self) -> Option<&'a Acknowledgement> {
        self.open_alert()?.ack.as_ref()
    }
}

impl Facts for CheckFacts<'_> {
    fn host(&self) -> &str {
        // The entry's name is the same text, and the same memory for all checks of the host.
        self.entry.map_or(&self.key.host, |entry| &entry.host.name)
    }

    fn check(&self) -> Option<&str> {
        Some(&self.key.name)
    }

    fn any_check(&self, test: &mut dyn FnMut(&str, Option<Kind>) -> bool) -> bool {
        test(&self.key.name, self.row.map(|row| row.kind))
    }

    fn shown(&self) -> ShownState {
        ShownState::of(self.judged(), self.in_window())
    }

    fn judged(&self) -> State {
        match (self.alert, self.row) {
            (Some(alert), _) => alert.state,
            (None, Some(row)) => row.status.state,
            (None, None) => State::Unknown,
        }
    }

    fn phase(&self) -> Option<Phase> {
        self.open_alert().map(|alert| alert.phase)
    }

    fn label(&self, key: &str) -> Option<&str> {
        self.entry?.host.labels.get(key).map(String::as_str)
    }

    fn groups(&self) -> &[String] {
        self.entry.map_or(&[], |entry| entry.host.groups.as_slice())
    }

    fn output(&self) -> &str {
        match (self.alert, self.row) {
            (Some(alert), _) => alert.output.as_str(),
            (None, Some(row)) => row.status.output.as_str(),
            (None, None) => "",
        }
    }

    fn any_ack(&self, test: &mut dyn FnMut(&str) -> bool) -> bool {
        self.ack().is_some_and(|ack| test(ack.author.as_str()))
    }

    fn any_host_text(&self, test: &mut dyn FnMut(&str) -> bool) -> bool {
        match self.entry {
            Some(entry) => host_text(entry, test),
            None => test(&self.key.host),
        }
    }

    fn any_own_text(&self, test: &mut dyn FnMut(&str) -> bool) -> bool {
        self.row.is_some_and(|row| test(row.kind.word()))
            || test(&self.key.name)
            || test(self.output())
            || self.ack().is_some_and(|ack| test(ack.author.as_str()) || test(ack.comment.as_str()))
    }

    fn since(&self) -> Option<Timestamp> {
        match (self.alert, self.row) {
            (Some(alert), _) => Some(alert.since),
            (None, Some(row)) => (!row.status.is_waiting()).then_some(row.status.since),
            (None, None) => None,
        }
    }

    fn is_acked(&self) -> bool {
        self.ack().is_some()
    }

    fn ack_ends(&self) -> Option<Timestamp> {
        self.ack()?.expires
    }

    fn is_unhandled(&self) -> bool {
        self.open_alert().is_some_and(Alert::is_unhandled) && !self.is_snoozed()
    }

    fn is_stale(&self) -> bool {
        self.row.is_some_and(|row| self.look.is_stale(row))
    }

    fn is_explained(&self) -> bool {
        self.open_alert().is_some_and(|alert| alert.cause.is_some())
    }

    fn is_flapping(&self) -> bool {
        match (self.alert, self.row) {
            (Some(alert), _) => alert.flapping.is_some(),
            (None, row) => row.is_some_and(|row| row.status.flap.active),
        }
    }

    fn is_snoozed(&self) -> bool {
        self.open_alert().is_some() && (self.look.snoozed)(self.key)
    }

    fn in_window(&self) -> bool {
        if let Some(alert) = self.alert {
            return alert.in_maintenance;
        }
        let (host, name, now) = (&self.key.host, &self.key.name, self.look.now);
        self.entry.is_some_and(|entry| entry.window.is_some())
            || self.look.partial.iter().any(|window| window.covers(host, name, now))
    }

    fn is_disabled(&self) -> bool {
        self.row.is_some_and(|row| !row.enabled)
    }
}

/// A host as a filter sees it.
#[derive(Clone, Copy, Debug)]
pub struct HostFacts<'a> {
    look: &'a Look<'a>,
    entry: &'a HostEntry,
}

impl<'a> HostFacts<'a> {
    fn alerts(&self) -> impl Iterator<Item = &'a Alert> {
        let world = self.look.world;
        self.entry.checks.iter().filter_map(|row| world.alert_of(&row.key)).map(|alert| &**alert)
    }

    fn firing(&self) -> impl Iterator<Item = &'a Alert> {
        self.alerts().filter(|alert| alert.phase == Phase::Firing)
    }

    /// True when the host has firing alerts and `test` holds for all of them.
    fn all_firing(&self, test: impl Fn(&Alert) -> bool) -> bool {
        let mut firing = self.firing().peekable();
        firing.peek().is_some() && firing.all(test)
    }
}

impl Facts for HostFacts<'_> {
    fn host(&self) -> &str {
        &self.entry.host.name
    }

    fn check(&self) -> Option<&str> {
        None
    }

    fn any_check(&self, test: &mut dyn FnMut(&str, Option<Kind>) -> bool) -> bool {
        self.entry.checks.iter().any(|row| test(&row.key.name, Some(row.kind)))
    }

    fn shown(&self) -> ShownState {
        self.entry.shown()
    }

    fn judged(&self) -> State {
        self.entry.state
    }

    fn phase(&self) -> Option<Phase> {
        let mut phases = self.alerts().map(|alert| alert.phase).peekable();
        let first = phases.peek().copied();
        if phases.any(|phase| phase == Phase::Firing) { Some(Phase::Firing) } else { first }
    }

    fn label(&self, key: &str) -> Option<&str> {
        self.entry.host.labels.get(key).map(String::as_str)
    }

    fn groups(&self) -> &[String] {
        &self.entry.host.groups
    }

    fn output(&self) -> &'static str {
        ""
    }

    fn any_ack(&self, test: &mut dyn FnMut(&str) -> bool) -> bool {
        self.alerts().filter_map(|alert| alert.ack.as_ref()).any(|ack| test(ack.author.as_str()))
    }

    fn any_host_text(&self, test: &mut dyn FnMut(&str) -> bool) -> bool {
        host_text(self.entry, test)
    }

    fn any_own_text(&self, _test: &mut dyn FnMut(&str) -> bool) -> bool {
        false
    }

    fn since(&self) -> Option<Timestamp> {
        self.entry.since()
    }

    fn is_acked(&self) -> bool {
        self.all_firing(|alert| alert.ack.is_some())
    }

    fn ack_ends(&self) -> Option<Timestamp> {
        self.firing().filter_map(|alert| alert.ack.as_ref()?.expires).min()
    }

    fn is_unhandled(&self) -> bool {
        self.firing().any(|alert| alert.is_unhandled() && !(self.look.snoozed)(&alert.check))
    }

    fn is_stale(&self) -> bool {
        self.entry.checks.iter().any(|row| self.look.is_stale(row))
    }

    fn is_explained(&self) -> bool {
        self.all_firing(|alert| alert.cause.is_some())
    }

    fn is_flapping(&self) -> bool {
        self.entry.checks.iter().any(|row| row.status.flap.active)
    }

    fn is_snoozed(&self) -> bool {
        self.all_firing(|alert| (self.look.snoozed)(&alert.check))
    }

    fn in_window(&self) -> bool {
        self.entry.window.is_some()
    }

    fn is_disabled(&self) -> bool {
        !self.entry.checks.is_empty() && self.entry.checks.iter().all(|row| !row.enabled)
    }
}

/// Hosts whose rows are fetched together: what they take fits into the first cache.
const BATCH: usize = 16;

/// Reads a little of everything that a filter is going to read. The rows lie scattered in memory,
/// and waiting for it is most of the work; asked for together they come at the same time instead of
/// one after the other. One loop for each step of the way, so that no read waits for another.
fn fetch(hosts: &[&HostEntry], texts: bool) {
    let rows = || hosts.iter().flat_map(|entry| &entry.checks);
    let first = |text: &str| text.bytes().next().map_or(0, usize::from);
    let ends = |text: &str| first(text) + text.bytes().next_back().map_or(0, usize::from);
    let mut sum: usize = hosts.iter().map(|entry| entry.checks.len()).sum();
    sum += hosts.iter().map(|entry| entry.host.groups.len()).sum::<usize>();
    sum += rows().map(|row| row.status.output.as_str().len()).sum::<usize>();
    if texts {
        sum += hosts.iter().map(|entry| first(&entry.host.address)).sum::<usize>();
        sum += rows().map(|row| row.key.name.len() + row.kind.word().len()).sum::<usize>();
        sum += rows().map(|row| ends(row.status.output.as_str())).sum::<usize>();
        sum += rows().map(|row| first(&row.key.name)).sum::<usize>();
    }
    std::hint::black_box(sum);
}

/// The texts that a row has from its host.
fn host_text(entry: &HostEntry, test: &mut dyn FnMut(&str) -> bool) -> bool {
    let host = &entry.host;
    test(&host.name)
        || test(&host.address)
        || host.labels.values().any(|value| test(value))
        || host.groups.iter().any(|group| test(group))
}
