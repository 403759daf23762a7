//! What is looked back at: pure, from the history of alerts and how things stand.
//!
//! An episode fires from its edge `fired` to `recovered` or `closed`; one that fired before the time
//! counts from its begin, and one that is open to its end. A host is down while an alert of it fires
//! CRITICAL and no window covers that alert: maintenance is no downtime. What lies on several alerts of
//! a host counts once.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use crate::model::review::{
    LONG, Listed, Review, ReviewAlert, ReviewDown, ReviewOpen, ReviewWindow,
};
use crate::model::{
    Alert, AlertId, CheckKey, Edge, EdgeKind, Maintenance, Name, Phase, SafeText, Span, State,
    Timestamp,
};

/// What a review is made from.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The machine of the engine.
    pub machine: &'a SafeText,
    /// Edges since `from`, in any order.
    pub edges: &'a [Edge],
    /// Alerts that are open.
    pub alerts: &'a [&'a Alert],
    /// Windows, those that are over too.
    pub windows: &'a [&'a Maintenance],
    /// All hosts.
    pub hosts: &'a [Name],
    /// Those of which nothing was measured in the time, sorted.
    pub unmeasured: &'a [Name],
    /// Checks that watch a service as a whole.
    pub services: &'a [CheckKey],
    /// Those of which nothing was measured in the time.
    pub silent: &'a [CheckKey],
    /// Rules in force; the check of a rule on a host is called like it.
    pub rules: &'a [Name],
    /// Alerting rules in `PromQL` in force; the check of an alert is called like its rule and what tells it
    /// from others.
    pub queries: &'a [Name],
    /// The begin of the time.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// Whether there are more edges.
    pub cut: bool,
}

/// What became of one episode in the time.
#[derive(Debug)]
struct Episode<'a> {
    check: &'a CheckKey,
    /// When it fired, in the time.
    fired: Option<Timestamp>,
    since: Timestamp,
    until: Option<Timestamp>,
    worst: State,
    firing: Span,
    /// CRITICAL and not covered.
    down: Vec<(Timestamp, Timestamp)>,
    covered_at_begin: bool,
    acknowledged: Option<Timestamp>,
    who: Vec<&'a SafeText>,
    flapped: usize,
    text: &'a SafeText,
}

/// The review.
#[must_use]
pub fn review(facts: &Facts<'_>) -> Review {
    let episodes = episodes(facts);
    let alerts = by_check(facts, &episodes);
    let fired: Vec<&Episode<'_>> = episodes.iter().filter(|one| one.fired.is_some()).collect();
    let flapping: Vec<ReviewAlert> =
        alerts.iter().filter(|alert| alert.flapped > 0).cloned().collect();
    let mut times: Vec<Span> = fired.iter().filter_map(|one| one.to_acknowledge()).collect();
    let names: HashSet<&Name> = fired.iter().map(|one| &one.check.name).collect();
    let never = facts.rules.iter().filter(|rule| !names.contains(rule)).cloned();
    let made = |query: &&Name| {
        let of =
            |name: &str| name.strip_prefix(&***query).is_some_and(|rest| rest.starts_with(' '));
        names.contains(query) || names.iter().any(|name| of(name))
    };
    let silent = facts.queries.iter().filter(|query| !made(query)).cloned();
    let mut never: Vec<Name> = never.chain(silent).collect();
    never.sort();
    never.dedup();
    let down = down(facts, &episodes);
    let is_down = |host: &&Name| down.iter().any(|row| row.host == **host);
    let unmeasured = facts.unmeasured.iter().filter(|host| !is_down(host)).cloned().collect();
    Review {
        machine: facts.machine.clone(),
        from: facts.from,
        to: facts.to,
        hosts: facts.hosts.len(),
        fired: fired.len(),
        acknowledged: fired.iter().filter(|one| one.acknowledged.is_some()).count(),
        to_acknowledge: median(&mut times),
        cut: facts.cut,
        unacknowledged: unacknowledged(facts, &fired),
        long_open: long_open(facts),
        flapping: Listed::of(sorted(flapping, |alert| Reverse(alert.flapped))),
        unmeasured: Listed::of(unmeasured),
        down: Listed::of(down),
        services: Listed::of(services(facts, &episodes)),
        maintenance: maintenance(facts),
        never_fired: Listed::of(never),
        alerts: Listed::of(alerts),
    }
}

fn sorted<T, K: Ord>(mut rows: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
    rows.sort_by_key(|row| key(row));
    rows
}

/// The middle one; of two the earlier.
fn median(times: &mut [Span]) -> Option<Span> {
    times.sort_unstable();
    times.get(times.len().checked_sub(1)? / 2).copied()
}

impl Episode<'_> {
    fn to_acknowledge(&self) -> Option<Span> {
        Some(self.acknowledged?.since(self.fired?))
    }
}

/// All episodes that fired in the time or into it.
fn episodes<'a>(facts: &Facts<'a>) -> Vec<Episode<'a>> {
    let mut by_alert: BTreeMap<AlertId, Vec<&Edge>> = BTreeMap::new();
    let within = |edge: &&Edge| (facts.from..facts.to).contains(&edge.at);
    for edge in facts.edges.iter().filter(within) {
        by_alert.entry(edge.alert).or_default().push(edge);
    }
    let open: HashMap<AlertId, &Alert> =
        facts.alerts.iter().map(|alert| (alert.id, *alert)).collect();
    let mut all = Vec::new();
    for (id, mut edges) in by_alert {
        edges.sort_by_key(|edge| edge.seq);
        all.extend(episode(facts, &edges, open.get(&id).copied()));
    }
    let told: HashSet<AlertId> = facts.edges.iter().filter(within).map(|edge| edge.alert).collect();
    let quiet = facts.alerts.iter().copied().filter(|alert| !told.contains(&alert.id));
    all.extend(quiet.filter_map(|alert| still(facts, alert)));
    all
}

/// An open alert of which nothing was recorded in the time.
fn still<'a>(facts: &Facts<'a>, alert: &'a Alert) -> Option<Episode<'a>> {
    let fired = alert.fired.filter(|fired| *fired < facts.to)?;
    let start = fired.max(facts.from);
    let is_down = alert.state == State::Critical && !alert.in_maintenance;
    Some(Episode {
        check: &alert.check,
        fired: (fired >= facts.from).then_some(fired),
        since: fired,
        until: None,
        worst: alert.state,
        firing: facts.to.since(start),
        down: if is_down { vec![(start, facts.to)] } else { Vec::new() },
        covered_at_begin: alert.in_maintenance,
        acknowledged: None,
        who: Vec::new(),
        flapped: 0,
        text: &alert.output,
    })
}

fn episode<'a>(
    facts: &Facts<'a>,
    edges: &[&'a Edge],
    open: Option<&'a Alert>,
) -> Option<Episode<'a>> {
    let first = edges.first()?;
    // Whether a window covered it before: what the first edge changes, or says.
    let covered = match first.kind {
        EdgeKind::WindowBegan => false,
        EdgeKind::WindowEnded => true,
        _ => first.in_maintenance,
    };
    // One that was taken while it was pending has an edge before it fires.
    let has = |kinds: &[EdgeKind]| edges.iter().any(|edge| kinds.contains(&edge.kind));
    let begins = has(&[EdgeKind::Fired]);
    let fires = !begins
        && (has(&[EdgeKind::Recovered, EdgeKind::Closed])
            || open.is_some_and(|alert| alert.fired.is_some()));
    let mut one = Episode {
        check: &first.check,
        fired: None,
        since: open.and_then(|alert| alert.fired).unwrap_or(facts.from),
        until: None,
        worst: if fires { first.from } else { State::Ok },
        firing: Span::ZERO,
        down: Vec::new(),
        covered_at_begin: covered,
        acknowledged: None,
        who: Vec::new(),
        flapped: 0,
        text: &first.text,
    };
    let mut at = facts.from;
    let mut now = Standing { fires, state: first.from, covered };
    for edge in edges {
        one.pass(now, at, edge.at);
        at = edge.at;
        now = one.take(now, edge);
    }
    let lasts = open.is_some_and(|alert| alert.phase == Phase::Firing);
    if lasts {
        one.pass(now, at, facts.to);
    }
    Some(one)
}

/// How an episode stands between two edges.
#[derive(Clone, Copy)]
struct Standing {
    fires: bool,
    state: State,
    covered: bool,
}

impl<'a> Episode<'a> {
    /// A time passes in which nothing changes.
    fn pass(&mut self, now: Standing, from: Timestamp, to: Timestamp) {
        if !now.fires || to <= from {
            return;
        }
        self.firing = self.firing + to.since(from);
        if now.state == State::Critical && !now.covered {
            self.down.push((from, to));
        }
    }

    fn take(&mut self, now: Standing, edge: &'a Edge) -> Standing {
        let mut then = Standing { covered: edge.in_maintenance, ..now };
        match edge.kind {
            EdgeKind::Fired => {
                (self.fired, self.since) = (Some(edge.at), edge.at);
                self.text = &edge.text;
                self.covered_at_begin = edge.in_maintenance;
                (then.fires, then.state) = (true, edge.to);
            }
            EdgeKind::Worse | EdgeKind::Better => then.state = edge.to,
            EdgeKind::Recovered | EdgeKind::Closed => {
                then.fires = false;
                self.until = Some(edge.at);
            }
            EdgeKind::Acknowledged => {
                self.acknowledged.get_or_insert(edge.at);
                self.who.extend(edge.actor.as_ref());
            }
            EdgeKind::FlappingStarted => self.flapped += 1,
            EdgeKind::WindowBegan => then.covered = true,
            EdgeKind::WindowEnded => then.covered = false,
            _ => {}
        }
        if then.fires {
            self.worst = self.worst.worst(then.state);
        }
        then
    }
}

/// Alerts by check, the most often fired first, then the longest.
fn by_check(facts: &Facts<'_>, episodes: &[Episode<'_>]) -> Vec<ReviewAlert> {
    let mut groups: BTreeMap<&CheckKey, Vec<&Episode<'_>>> = BTreeMap::new();
    for one in episodes {
        groups.entry(one.check).or_default().push(one);
    }
    let firing = facts.alerts.iter().filter(|alert| alert.phase == Phase::Firing);
    let open: HashSet<&CheckKey> = firing.map(|alert| &alert.check).collect();
    let row = |(check, all): (&CheckKey, Vec<&Episode<'_>>)| {
        let mut times: Vec<Span> = all.iter().filter_map(|one| one.to_acknowledge()).collect();
        let mut who: BTreeMap<&str, (usize, &SafeText)> = BTreeMap::new();
        for name in all.iter().flat_map(|one| &one.who) {
            who.entry(name.as_str()).or_insert((0, name)).0 += 1;
        }
        let who = sorted(who.into_values().collect(), |(count, _)| Reverse(*count));
        let is_new = |one: &&&Episode<'_>| one.fired.is_some();
        ReviewAlert {
            check: check.clone(),
            fired: all.iter().filter(is_new).count(),
            firing: all.iter().fold(Span::ZERO, |sum, one| sum + one.firing),
            worst: all.iter().map(|one| one.worst).reduce(State::worst).unwrap_or(State::Ok),
            acknowledged: all
                .iter()
                .filter(|one| one.fired.is_some() && one.acknowledged.is_some())
                .count(),
            to_acknowledge: median(&mut times),
            who: who.into_iter().map(|(_, name)| name.clone()).collect(),
            flapped: all.iter().map(|one| one.flapped).sum(),
            open: open.contains(check),
        }
    };
    let rows = groups.into_iter().map(row).filter(|row| row.fired > 0 || row.firing > Span::ZERO);
    sorted(rows.collect(), |row| (Reverse(row.fired), Reverse(row.firing)))
}

fn unacknowledged(facts: &Facts<'_>, fired: &[&Episode<'_>]) -> Listed<ReviewOpen> {
    let nobody = |one: &&&Episode<'_>| one.acknowledged.is_none() && !one.covered_at_begin;
    let rows = fired.iter().filter(nobody).map(|one| ReviewOpen {
        check: one.check.clone(),
        state: one.worst,
        since: one.since,
        until: one.until,
        who: None,
        text: one.text.clone(),
    });
    let long = |row: &ReviewOpen| row.until.unwrap_or(facts.to).since(row.since);
    Listed::of(sorted(rows.collect(), |row| Reverse(long(row))))
}

fn long_open(facts: &Facts<'_>) -> Listed<ReviewOpen> {
    let rows = facts.alerts.iter().filter(|alert| alert.phase == Phase::Firing);
    let rows = rows.filter_map(|alert| {
        let since = alert.fired.filter(|fired| facts.to.since(*fired) > LONG)?;
        Some(ReviewOpen {
            check: alert.check.clone(),
            state: alert.state,
            since,
            until: None,
            who: alert.ack.as_ref().map(|ack| ack.author.clone()),
            text: alert.output.clone(),
        })
    });
    Listed::of(sorted(rows.collect(), |row| row.since))
}

/// The length of all these times together, each moment once.
fn union(mut times: Vec<(Timestamp, Timestamp)>) -> Span {
    times.sort_unstable();
    let mut sum = Span::ZERO;
    let mut reached: Option<Timestamp> = None;
    for (from, to) in times {
        let from = reached.map_or(from, |reached| from.max(reached));
        if to > from {
            sum = sum + to.since(from);
        }
        reached = Some(reached.map_or(to, |reached| reached.max(to)));
    }
    sum
}

fn down(facts: &Facts<'_>, episodes: &[Episode<'_>]) -> Vec<ReviewDown> {
    let known: HashSet<&Name> = facts.hosts.iter().collect();
    let mut times: BTreeMap<&Name, Vec<(Timestamp, Timestamp)>> = BTreeMap::new();
    for one in episodes.iter().filter(|one| known.contains(&one.check.host)) {
        times.entry(&one.check.host).or_default().extend(&one.down);
    }
    let rows = times.into_iter().map(|(host, times)| ReviewDown {
        host: Name::clone(host),
        check: None,
        down: union(times),
        unmeasured: false,
    });
    sorted(rows.filter(|row| row.down > Span::ZERO).collect(), |row| Reverse(row.down))
}

fn services(facts: &Facts<'_>, episodes: &[Episode<'_>]) -> Vec<ReviewDown> {
    let row = |key: &CheckKey| {
        let own = episodes.iter().filter(|one| one.check == key);
        let down = union(own.flat_map(|one| one.down.iter().copied()).collect());
        ReviewDown {
            host: Name::clone(&key.host),
            check: Some(Name::clone(&key.name)),
            down,
            unmeasured: down == Span::ZERO && facts.silent.contains(key),
        }
    };
    sorted(facts.services.iter().map(row).collect(), |row| Reverse(row.down))
}

fn maintenance(facts: &Facts<'_>) -> Listed<ReviewWindow> {
    let row = |window: &&Maintenance, start, end| ReviewWindow {
        name: window.name.clone(),
        author: window.author.clone(),
        start,
        end,
    };
    let mut rows = Vec::new();
    for window in facts.windows {
        let before = window.previous.map(|was| (was.start, was.end));
        for (start, end) in before.into_iter().chain([(window.start, window.end)]) {
            if start < facts.to && end > facts.from && start < end {
                rows.push(row(window, start, end));
            }
        }
    }
    Listed::of(sorted(rows, |row| row.start))
}

#[cfg(test)]
#[path = "review_tests.rs"]
mod tests;
