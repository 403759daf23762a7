//! Interfaces of an agent: who they are, how they stand, what passed since the last poll. Pure.
//!
//! They are known by name, because their numbers change when a card is put in. Counters of 64 bits
//! are taken where the agent has them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_snmp::{Oid, Value};

use super::counter::{Width, growth};
use super::host::Counters;
use super::oids::{self, Numbers};
use super::table::Rows;
use super::value::{counter, number, size, text, whole};
use crate::model::{Metric, Pattern, SafeText, Unit};

/// Longest name and alias of an interface, in bytes.
const NAME_LIMIT: usize = 64;
/// ifType of a loopback.
const LOOPBACK: u64 = 24;
/// Fewest bits of a frame on the wire.
const FRAME_BITS: f64 = 512.0;
/// How much faster than its speed an interface may seem to be.
const OVER: f64 = 1.1;
const UP: u64 = 1;
const ADMIN_DOWN: u64 = 2;

/// What finds interfaces.
pub(super) const IDENTITY: [Numbers; 6] = [
    oids::IF_NAME,
    oids::IF_DESCRIPTION,
    oids::IF_ALIAS,
    oids::IF_TYPE,
    oids::IF_HC_IN_OCTETS,
    oids::IF_HC_IN_UNICAST,
];
const STATE: [Numbers; 5] =
    [oids::IF_ADMIN, oids::IF_OPER, oids::IF_SPEED, oids::IF_HIGH_SPEED, oids::IF_DISCONTINUITY];
const ERRORS: [(&str, Numbers); 2] =
    [("in_errors", oids::IF_IN_ERRORS), ("out_errors", oids::IF_OUT_ERRORS)];
const WIDE_OCTETS: [(&str, Numbers); 2] =
    [("in_octets", oids::IF_HC_IN_OCTETS), ("out_octets", oids::IF_HC_OUT_OCTETS)];
const OCTETS: [(&str, Numbers); 2] =
    [("in_octets", oids::IF_IN_OCTETS), ("out_octets", oids::IF_OUT_OCTETS)];
const WIDE_PACKETS: [(&str, Numbers); 6] = [
    ("in_unicast", oids::IF_HC_IN_UNICAST),
    ("in_multicast", oids::IF_HC_IN_MULTICAST),
    ("in_broadcast", oids::IF_HC_IN_BROADCAST),
    ("out_unicast", oids::IF_HC_OUT_UNICAST),
    ("out_multicast", oids::IF_HC_OUT_MULTICAST),
    ("out_broadcast", oids::IF_HC_OUT_BROADCAST),
];
const PACKETS: [(&str, Numbers); 4] = [
    ("in_unicast", oids::IF_IN_UNICAST),
    ("in_other", oids::IF_IN_OTHER),
    ("out_unicast", oids::IF_OUT_UNICAST),
    ("out_other", oids::IF_OUT_OTHER),
];

/// An interface that is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    /// Its row's index.
    pub index: Box<[u32]>,
    /// Its name, unique in the device.
    pub name: String,
    /// What the device's operator calls it.
    pub alias: Option<String>,
    wide_octets: bool,
    wide_packets: bool,
}

/// The interfaces of a device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Those that are watched, in the device's order.
    pub interfaces: Vec<Interface>,
    /// What says that there may be others now: their number, and when the table changed.
    pub marks: [Option<u64>; 2],
}

/// Which interfaces are watched.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    /// One of these must match the name or the alias.
    pub include: Vec<Pattern>,
    /// None of these may.
    pub exclude: Vec<Pattern>,
}

impl Filter {
    /// Loopbacks are there for those who name them.
    fn takes(&self, name: &str, alias: Option<&str>, loopback: bool) -> bool {
        let hit = |pattern: &Pattern| {
            pattern.matches(name) || alias.is_some_and(|alias| pattern.matches(alias))
        };
        self.include.iter().any(|pattern| hit(pattern) && !(loopback && pattern.as_str() == "*"))
            && !self.exclude.iter().any(hit)
    }
}

/// The interfaces among the rows of [`IDENTITY`] that are watched.
pub(super) fn find(rows: &Rows, filter: &Filter, v1: bool) -> Vec<Interface> {
    let mut taken = BTreeSet::new();
    let mut interfaces = Vec::new();
    for (index, row) in rows {
        let cell = |column: usize| row.get(column).and_then(Option::as_ref);
        let word = |column: usize| cell(column).and_then(|value| text(value, NAME_LIMIT));
        let number = index.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
        let name = word(0).or_else(|| word(1)).unwrap_or_else(|| format!("#{number}"));
        let alias = word(2);
        // A row that only other tables know (ifXTable without ifTable) is still an interface.
        let loopback = cell(3).and_then(size) == Some(LOOPBACK);
        if !filter.takes(&name, alias.as_deref(), loopback && rows.len() > 1) {
            continue;
        }
        let name = if taken.contains(&name) { format!("{name} #{number}") } else { name };
        taken.insert(name.clone());
        interfaces.push(Interface {
            index: index.clone(),
            name,
            alias,
            wide_octets: !v1 && cell(4).is_some(),
            wide_packets: !v1 && cell(5).is_some(),
        });
    }
    interfaces
}

/// What the device's operators call the interfaces.
pub(super) fn aliases(interfaces: &[Interface]) -> BTreeMap<crate::model::Name, SafeText> {
    let named = interfaces.iter().filter_map(|interface| {
        let alias = interface.alias.as_ref().filter(|alias| **alias != interface.name)?;
        Some((interface.name.as_str().into(), SafeText::line(alias)))
    });
    named.collect()
}

impl Interface {
    fn counted(&self) -> impl Iterator<Item = (&'static str, Numbers)> {
        let octets = if self.wide_octets { WIDE_OCTETS } else { OCTETS };
        let packets: &[_] = if self.wide_packets { &WIDE_PACKETS } else { &PACKETS };
        octets.into_iter().chain(packets.iter().copied()).chain(ERRORS)
    }

    /// What is asked of it.
    pub(super) fn objects(&self) -> Vec<Oid> {
        let columns = STATE.into_iter().chain(self.counted().map(|(_, column)| column));
        columns.map(|column| Oid::new(column.iter().chain(&*self.index).copied())).collect()
    }

    /// What was answered to [`Interface::objects`].
    pub(super) fn read(&self, values: &[Option<Value>]) -> Reading {
        let cell = |at: usize| values.get(at).and_then(Option::as_ref);
        let counts = self.counted().enumerate().filter_map(|(at, (word, _))| {
            let (value, width) = counter(cell(STATE.len() + at)?)?;
            Some((word, value, width))
        });
        Reading {
            state: match (cell(0).and_then(size), cell(1).and_then(size)) {
                (Some(ADMIN_DOWN), _) => Some(0),
                (_, oper) => oper.filter(|oper| (1..=7).contains(oper)),
            },
            speed: speed(cell(2), cell(3)),
            discontinuity: cell(4).and_then(size),
            counts: counts.collect(),
        }
    }
}

/// What an interface said in one poll.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Reading {
    /// 0 where the operator shut it down, else ifOperStatus.
    pub state: Option<u64>,
    /// In bit/s, where it is known.
    pub speed: Option<f64>,
    discontinuity: Option<u64>,
    counts: Vec<(&'static str, u64, Width)>,
}

impl Reading {
    /// True when it carries traffic.
    pub(super) fn is_up(&self) -> bool {
        self.state == Some(UP)
    }

    /// True when it should carry traffic and does not.
    pub(super) fn is_down(&self) -> bool {
        self.state.is_some_and(|state| matches!(state, 2 | 6 | 7))
    }
}

/// ifSpeed while it can say it, ifHighSpeed (in Mbit/s) above.
fn speed(plain: Option<&Value>, high: Option<&Value>) -> Option<f64> {
    let plain = plain.and_then(number).filter(|speed| *speed > 0.0);
    let high = high.and_then(number).filter(|speed| *speed > 0.0).map(|speed| speed * 1e6);
    match plain {
        Some(plain) if plain < f64::from(u32::MAX) => Some(plain),
        plain => high.or(plain),
    }
}

fn key(name: &str, word: &str, width: Width) -> String {
    let width = if width == Width::Narrow { "32" } else { "64" };
    format!("if.{name}.{word}.{width}")
}

/// The counters for the next poll.
pub(super) fn remember(name: &str, reading: &Reading, counters: &mut Counters) {
    if let Some(since) = reading.discontinuity {
        counters.insert(format!("if.{name}.discontinuity"), since);
    }
    for (word, value, width) in &reading.counts {
        counters.insert(key(name, word, *width), *value);
    }
}

/// How many series an interface has at most.
pub(super) const SERIES: usize = 5;

/// The metrics of an interface: rates where the last poll is known, then how it stands.
/// `utilization` adds the share of its speed, of the busier direction.
pub(super) fn metrics(
    name: &str,
    reading: &Reading,
    before: &Counters,
    elapsed: Duration,
    utilization: bool,
) -> Vec<Metric> {
    let one = |what: &str, value: f64, unit: Unit| Metric::new(what, value, unit).of(name);
    let rates = rates(name, reading, before, elapsed);
    let mut metrics = Vec::with_capacity(SERIES + 1);
    metrics.extend(rates.errors.map(|share| one("network_error_rate", share, Unit::Percent)));
    metrics.extend(rates.input.map(|rate| one("octets_in", rate, Unit::BitsPerSecond)));
    metrics.extend(rates.output.map(|rate| one("octets_out", rate, Unit::BitsPerSecond)));
    metrics.extend(reading.speed.map(|speed| one("network_speed", speed, Unit::BitsPerSecond)));
    metrics.extend(reading.state.map(|state| one("link_state", whole(state), Unit::Count)));
    if utilization
        && let (Some(input), Some(output), Some(speed)) = (rates.input, rates.output, reading.speed)
    {
        let share = input.max(output) * 100.0 / speed;
        metrics.push(one("network_utilization", share, Unit::Percent));
    }
    metrics
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Rates {
    /// Per cent.
    errors: Option<f64>,
    /// In bit/s.
    input: Option<f64>,
    /// In bit/s.
    output: Option<f64>,
}

fn rates(name: &str, reading: &Reading, before: &Counters, elapsed: Duration) -> Rates {
    let seconds = elapsed.as_secs_f64();
    let since = before.get(&format!("if.{name}.discontinuity"));
    if seconds <= 0.0 || since.copied() != reading.discontinuity {
        return Rates::default();
    }
    let bits = reading.speed.map(|speed| speed * seconds * OVER);
    let grown = |word: &str, most: Option<f64>| {
        let (word, after, width) = reading.counts.iter().find(|(have, ..)| *have == word)?;
        growth(*before.get(&key(name, word, *width))?, *after, *width, most)
    };
    let rate = |word: &str| Some(whole(grown(word, bits.map(|bits| bits / 8.0))?) * 8.0 / seconds);
    let frames = bits.map(|bits| bits / FRAME_BITS);
    let sum = |errors: bool| {
        let words = reading.counts.iter().map(|(word, ..)| *word);
        let mut words = words
            .filter(|word| !word.ends_with("octets") && word.ends_with("errors") == errors)
            .peekable();
        words.peek()?;
        words.try_fold(0.0, |sum, word| Some(sum + whole(grown(word, frames)?)))
    };
    let errors = match (sum(true), sum(false)) {
        (Some(errors), Some(packets)) if packets > 0.0 => {
            Some((errors * 100.0 / packets).min(100.0))
        }
        // Nothing but errors: a link whose every frame is broken.
        (Some(errors), Some(_)) => Some(if errors > 0.0 { 100.0 } else { 0.0 }),
        _ => None,
    };
    Rates { errors, input: rate("in_octets"), output: rate("out_octets") }
}

#[cfg(test)]
#[path = "interfaces_tests.rs"]
mod tests;
