//! What leaves as remote write: numbers with each result and scrape, series with each evaluation of
//! a rule, states when they change and again every minute.
//!
//! In: the engine's own table and World, what rules made. Out: parcels for the tap, which never
//! waits. Never: decides anything.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::core::Core;
use super::observe::{label, phase};
use super::query_rules::Recorded;
use crate::clock::Clock;
use crate::meters::Meters;
use crate::model::remote_write::family;
use crate::model::{
    Check, CheckKey, Name, Now, Observation, SafeText, Scrape, Span, State, Steady, Timestamp,
};
use crate::outward::{Body, Labels, Parcel, Row, Sending, Source, Tap, Trouble, tap};
use crate::protocol::world::HostEntry;

/// How often states are looked at.
const LOOK: Span = Span::from_secs(5);
/// Of so many looks one says a state that did not change: all of them at once would be a flood.
const ROUNDS: u64 = 12;

/// How a check or a host was said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Said {
    state: State,
    hard: bool,
    covered: bool,
    acknowledged: bool,
    alert: Option<(&'static str, &'static str)>,
    /// The look at which it was there last.
    look: u64,
}

/// What is sent, and what was said of states.
#[derive(Debug)]
pub(super) struct Outward {
    tap: Tap,
    looked: Option<Steady>,
    look: u64,
    /// Everything is to be said: there is a new receiver.
    anew: bool,
    checks: HashMap<CheckKey, Said>,
    hosts: HashMap<Name, Said>,
    told: Vec<Trouble>,
}

/// What is sent, and who sends it.
pub(super) fn pair(clock: &Clock, meters: &Arc<Meters>) -> (Outward, Sending) {
    let (tap, sending) = tap(clock.clone(), Arc::clone(meters));
    (Outward::new(tap), sending)
}

impl Outward {
    fn new(tap: Tap) -> Self {
        Self {
            tap,
            looked: None,
            look: 0,
            anew: false,
            checks: HashMap::new(),
            hosts: HashMap::new(),
            told: Vec::new(),
        }
    }

    /// Sends to these from now on.
    pub fn follow(&mut self, wanted: &[crate::model::RemoteWrite]) {
        self.anew |= self.tap.follow(wanted);
    }

    /// What a check scraped.
    pub fn scraped(&self, check: &Arc<Check>, scrape: &Arc<Scrape>, at: Timestamp, now: Now) {
        if !self.tap.is_idle() {
            self.tap.put(&Parcel::scraped(check, scrape, at), now);
        }
    }

    /// What a check measured.
    pub fn measured(&self, check: &CheckKey, seen: &Observation, at: Timestamp, now: Now) {
        if self.tap.is_idle() {
            return;
        }
        let numbers = seen.metrics.iter().filter(|metric| !metric.value.is_nan());
        let rows = numbers.map(|metric| Row {
            family: family::of(&metric.unit),
            labels: Labels::Metric(Name::clone(&metric.name), metric.instance.clone()),
            value: metric.value,
        });
        let (source, body) = (Source::Measured(check.clone()), Body::Rows(rows.collect()));
        self.tap.put(&Parcel { source, at, body }, now);
    }

    /// What a rule made.
    pub fn recorded(&self, of: &Recorded, now: Now) {
        let body = Body::Recorded(Arc::clone(&of.series));
        self.tap.put(&Parcel { source: Source::Rule(of.key.clone()), at: of.at, body }, now);
    }

    /// A rule is not evaluated any more: its series end just after their last samples.
    pub fn rule_gone(&self, key: CheckKey, now: Now) {
        let at = Timestamp::from_millis(0);
        self.tap.put(&Parcel { source: Source::Rule(key), at, body: Body::Gone }, now);
    }

    fn rows(&self, source: Source, rows: &[(&'static str, f64)], now: Now) {
        let row = |(family, value): &(&'static str, f64)| Row {
            family,
            labels: Labels::None,
            value: *value,
        };
        let body = Body::Rows(rows.iter().map(row).collect());
        self.tap.put(&Parcel { source, at: now.wall, body }, now);
    }

    fn gone(&self, source: Source, now: Now) {
        self.tap.put(&Parcel { source, at: now.wall, body: Body::Gone }, now);
    }

    /// Says how a check is, when that is new or its turn has come.
    fn check(&mut self, key: &CheckKey, how: Said, turn: bool, now: Now) {
        let before = self.checks.insert(key.clone(), how);
        let same = before.is_some_and(|before| Said { look: how.look, ..before } == how);
        if same && !turn {
            return;
        }
        let number = |yes: bool| if yes { 1.0 } else { 0.0 };
        let rows = [
            (family::CHECK_STATE, code(how.state)),
            (family::CHECK_HARD, number(how.hard)),
            (family::CHECK_IN_MAINTENANCE, number(how.covered)),
            (family::CHECK_ACKNOWLEDGED, number(how.acknowledged)),
        ];
        self.rows(Source::Check(key.clone()), &rows, now);
        let source = Source::Alert(key.clone());
        if let Some((state, severity)) = how.alert {
            let labels = Labels::Alert(state, severity);
            let row = Row { family: family::ALERT_OPEN, labels, value: 1.0 };
            let body = Body::Rows(Arc::new([row]));
            self.tap.put(&Parcel { source, at: now.wall, body }, now);
        } else if before.is_some_and(|before| before.alert.is_some()) {
            self.gone(source, now);
        }
    }

    fn host(&mut self, entry: &HostEntry, how: Said, turn: bool, now: Now) {
        let name = &entry.host.name;
        let before = self.hosts.insert(Name::clone(name), how);
        if !turn && before.is_some_and(|before| Said { look: how.look, ..before } == how) {
            return;
        }
        let covered = if how.covered { 1.0 } else { 0.0 };
        let rows = [(family::HOST_STATE, code(how.state)), (family::HOST_IN_MAINTENANCE, covered)];
        self.rows(Source::Host(Name::clone(name)), &rows, now);
    }

    /// Ends what was not there at the last look.
    fn sweep(&mut self, now: Now) {
        let look = self.look;
        let checks = self.checks.iter().filter(|(_, said)| said.look != look);
        let checks: Vec<CheckKey> = checks.map(|(key, _)| key.clone()).collect();
        for key in checks {
            self.checks.remove(&key);
            let all = [Source::Check, Source::Alert, Source::Measured, Source::Scraped];
            for source in all {
                self.gone(source(key.clone()), now);
            }
        }
        let hosts = self.hosts.iter().filter(|(_, said)| said.look != look);
        let hosts: Vec<Name> = hosts.map(|(name, _)| Name::clone(name)).collect();
        for name in hosts {
            self.hosts.remove(&name);
            self.gone(Source::Host(name), now);
        }
    }
}

/// A state as a number.
const fn code(state: State) -> f64 {
    match state {
        State::Ok => 0.0,
        State::Warning => 1.0,
        State::Critical => 2.0,
        State::Unknown => 3.0,
    }
}

/// At which look of a round a name has its turn.
fn turn(name: &str) -> u64 {
    crate::model::hash::fnv1a(name.as_bytes()) % ROUNDS
}

impl Core {
    /// Says how checks and hosts are, and how the sending goes.
    pub(super) fn look_at_outward(&mut self, now: Now) {
        let outward = &mut self.outward;
        if outward.looked.is_some_and(|at| now.steady.since(at) < LOOK) {
            return;
        }
        outward.looked = Some(now.steady);
        if outward.tap.is_idle() {
            outward.checks.clear();
            outward.hosts.clear();
        } else {
            self.tell_states(now);
        }
        let told = self.outward.tap.look(now);
        if told != self.outward.told {
            self.status.outward = told.first().map(|first| words(first, told.len()));
            self.outward.told = told;
            self.tell_status();
        }
    }

    fn tell_states(&mut self, now: Now) {
        let (outward, world) = (&mut self.outward, &self.world);
        outward.look += 1;
        let (look, anew) = (outward.look, std::mem::take(&mut outward.anew));
        let is_turn = |name: &str| anew || look % ROUNDS == turn(name);
        for entry in world.hosts() {
            let in_window = entry.window.is_some();
            for row in entry.checks.iter().filter(|row| row.enabled && !row.status.is_waiting()) {
                let alert = world.alert_of(&row.key).map(AsRef::as_ref);
                let how = Said {
                    state: row.status.state,
                    hard: row.status.hard,
                    covered: in_window || world.is_covered(&row.key, now.wall),
                    acknowledged: alert.is_some_and(|alert| alert.ack.is_some()),
                    alert: alert.map(|alert| (phase(alert), label(alert.state))),
                    look,
                };
                outward.check(&row.key, how, is_turn(&entry.host.name), now);
            }
            if entry.waiting {
                continue;
            }
            let how = Said {
                state: entry.state,
                hard: true,
                covered: in_window,
                acknowledged: false,
                alert: None,
                look,
            };
            outward.host(entry, how, is_turn(&entry.host.name), now);
        }
        outward.sweep(now);
    }
}

/// What every console says of receivers that have failed for long.
fn words(first: &Trouble, count: usize) -> SafeText {
    let Trouble { name, since, why, lost } = first;
    let mut words = format!("remote write to {name} fails since {since}: {why}");
    if *lost > 0 {
        let _ = write!(words, "; {lost} samples are lost");
    }
    if count > 1 {
        let _ = write!(words, "; {} more fail", count - 1);
    }
    SafeText::line(&words)
}
