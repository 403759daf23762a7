//! Whether a host can be reached, as far as its own check and those of its parents tell.
//!
//! Each host may have one check that tells it (`alive`, its first ping). What it says counts from
//! results that began after a problem did; an older good one is a doubt, and the check is asked.
//!
//! | the host's `alive` check | its parents | the host |
//! |---|---|---|
//! | answered since the problem began | any | up |
//! | else | down, because of R | down, because of R |
//! | no answer, hard | in doubt | in doubt |
//! | no answer, hard | up, or none | down, because of itself |
//! | no answer, hard, and its parents explained that until now | up | in doubt |
//! | no answer, soft; or its last answer is older than the problem | not down | in doubt |
//! | there is none, or it gives no results | up, in doubt, or none | as they are |
//!
//! | parents, `any` is needed | parents, `all` are needed | together |
//! |---|---|---|
//! | one is up | all are up | up |
//! | all are down | one is down | down, because of the first one's cause |
//! | else | else | in doubt |
//!
//! A problem of the `alive` check itself is explained by the parents alone, and only when it is no answer
//! at all; one of every other check by the host. So the cause is always a root, and everything behind it is under one alert.

use std::collections::{HashMap, HashSet};

use crate::model::{CheckKey, Host, Name, Need, Timestamp};

/// Hosts in a row; a configuration has no circles, and what is stored of an older one may.
const DEPTH: usize = 64;

/// Whether something can be reached.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Reach {
    /// Nothing says that it cannot.
    #[default]
    Up,
    /// That depends on what this check says next.
    Doubt(CheckKey),
    /// No, because of the host of this check.
    Down(CheckKey),
}

/// What is known of a check that tells whether its host can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The last result was no answer at all.
    pub silent: bool,
    /// That is confirmed.
    pub hard: bool,
    /// Its own alert is explained by its parents, or was until now.
    pub explained: bool,
    /// When the run of the last result began, on the engine's own scale of time.
    pub began: Option<Timestamp>,
}

/// The hosts and what was heard of them.
pub trait Net {
    /// A host.
    fn host(&self, name: &str) -> Option<&Host>;

    /// The hosts that answer whenever the engine's own network works, in their order.
    fn canaries(&self) -> &[Name];

    /// The host that stands for the agent which runs a check; `None` for the server's own.
    fn vantage(&self, _check: &CheckKey) -> Option<&Host> {
        None
    }

    /// What was heard of a check; `None` when it gives no results.
    fn heard(&self, check: &CheckKey) -> Option<Heard>;
}

/// Whether the host of a check, with a problem that began at `since`, can be reached.
#[must_use]
pub fn of_check(net: &impl Net, check: &CheckKey, since: Timestamp) -> Reach {
    let Some(host) = net.host(&check.host) else { return Reach::Up };
    let mut look = Look { net, since, known: HashMap::new() };
    // Who does not hear the agent knows nothing of what it looks at. A problem that the agent itself
    // has told says that it was heard: only one for want of results waits for its next word.
    if let Some(vantage) = net.vantage(check) {
        match look.host(vantage, DEPTH) {
            Reach::Up => {}
            Reach::Doubt(_) if net.heard(check).is_some() => {}
            dark => return dark,
        }
    }
    if host.alive.as_ref() == Some(&check.name) {
        // A slow or lossy answer is an answer.
        let answers = net.heard(check).is_some_and(|heard| !heard.silent);
        return if answers { Reach::Up } else { look.parents(host, DEPTH) };
    }
    match look.host(host, DEPTH) {
        // Of a canary only its own word was asked.
        Reach::Down(own) if host.canary => match look.parents(host, DEPTH) {
            Reach::Down(root) => Reach::Down(root),
            _ => Reach::Down(own),
        },
        reach => reach,
    }
}

/// One look at the ways to a host.
struct Look<'a, N> {
    net: &'a N,
    since: Timestamp,
    /// What was found of parents: where several ways join, each is gone once.
    known: HashMap<Name, Reach>,
}

impl<N: Net> Look<'_, N> {
    fn host(&mut self, host: &Host, depth: usize) -> Reach {
        let alive = alive(host).and_then(|key| Some((self.net.heard(&key)?, key)));
        let fresh = |heard: &Heard| !heard.silent && heard.began >= Some(self.since);
        if alive.as_ref().is_some_and(|(heard, _)| fresh(heard)) {
            return Reach::Up;
        }
        // Of a canary its own word counts, whatever the others say.
        let by_parents = if host.canary { Reach::Up } else { self.parents(host, depth) };
        let own = |heard: Heard| Heard { explained: heard.explained && !host.canary, ..heard };
        let alive = alive.map(|(heard, key)| (own(heard), key));
        match (alive, by_parents) {
            (_, Reach::Down(root)) => Reach::Down(root),
            (None, by_parents) => by_parents,
            (Some((Heard { silent: true, hard: true, .. }, _)), Reach::Doubt(key)) => {
                Reach::Doubt(key)
            }
            (Some((Heard { silent: true, hard: true, explained: false, .. }, key)), Reach::Up) => {
                Reach::Down(key)
            }
            (Some((_, key)), _) => Reach::Doubt(key),
        }
    }

    fn parents(&mut self, host: &Host, depth: usize) -> Reach {
        let Some(depth) = depth.checked_sub(1) else { return Reach::Up };
        let (mut doubt, mut down) = (None, None);
        for name in above(self.net, host).iter().filter(|name| **name != host.name) {
            let reach = match (self.known.get(name), self.net.host(name)) {
                (Some(known), _) => known.clone(),
                (None, Some(parent)) => self.host(parent, depth),
                (None, None) => Reach::Up,
            };
            self.known.insert(Name::clone(name), reach.clone());
            match (reach, host.parents_need) {
                (Reach::Up, Need::Any) => return Reach::Up,
                (Reach::Down(root), Need::All) => return Reach::Down(root),
                (Reach::Up, Need::All) => {}
                (Reach::Doubt(key), _) => doubt = doubt.or(Some(key)),
                (Reach::Down(root), Need::Any) => down = down.or(Some(root)),
            }
        }
        match (doubt, down) {
            (Some(key), _) => Reach::Doubt(key),
            (None, Some(root)) => Reach::Down(root),
            (None, None) => Reach::Up,
        }
    }
}

/// The hosts that a host is reached through. The first steps out are the canaries: a host without
/// parents is behind them, and so are the canaries themselves but the first one, so that an engine
/// that sees nothing has one alert.
fn above<'a>(net: &'a impl Net, host: &'a Host) -> &'a [Name] {
    match net.canaries() {
        _ if !host.parents.is_empty() => &host.parents,
        canaries if !host.canary => canaries,
        [first, ..] if *first == host.name => &[],
        canaries => canaries,
    }
}

/// The check that tells whether a host can be reached.
#[must_use]
pub fn alive(host: &Host) -> Option<CheckKey> {
    let name = host.alive.as_ref()?;
    Some(CheckKey::new(Name::clone(&host.name), Name::clone(name)))
}

/// The checks that are asked at once when a check fails: that of its host, else those of the
/// parents. A parent that fails is a check that fails, so the rest of the way is asked in turn.
#[must_use]
pub fn asked(net: &impl Net, check: &CheckKey) -> Vec<CheckKey> {
    let mut found = Vec::new();
    if let Some(key) = net.vantage(check).and_then(alive) {
        found.push(key);
    }
    let Some(host) = net.host(&check.host) else { return found };
    if let Some(key) = alive(host).filter(|key| key != check) {
        found.push(key);
        return found;
    }
    // A host without such a check is looked through to its own parents.
    let (mut seen, mut next) = (HashSet::new(), vec![host]);
    while let Some(host) = next.pop() {
        for parent in above(net, host).iter().filter_map(|name| net.host(name)) {
            if seen.insert(&parent.name) {
                match alive(parent) {
                    Some(key) => found.push(key),
                    None => next.push(parent),
                }
            }
        }
    }
    found
}

#[cfg(test)]
#[path = "reach_tests.rs"]
mod tests;
