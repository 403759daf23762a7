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
//! A problem of the `alive` check itself is explained by the parents alone; one of every other check
//! by the host. So the cause is always a root, and everything behind it is under one alert.

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

    /// What was heard of a check; `None` when it gives no results.
    fn heard(&self, check: &CheckKey) -> Option<Heard>;
}

/// Whether the host of a check, with a problem that began at `since`, can be reached.
#[must_use]
pub fn of_check(net: &impl Net, check: &CheckKey, since: Timestamp) -> Reach {
    match net.host(&check.host) {
        Some(host) if host.alive.as_ref() == Some(&check.name) => parents(net, host, since, DEPTH),
        Some(host) => of_host(net, host, since, DEPTH),
        None => Reach::Up,
    }
}

fn of_host(net: &impl Net, host: &Host, since: Timestamp, depth: usize) -> Reach {
    let alive = alive(host).and_then(|key| Some((net.heard(&key)?, key)));
    if alive.as_ref().is_some_and(|(heard, _)| !heard.silent && heard.began >= Some(since)) {
        return Reach::Up;
    }
    match (alive, parents(net, host, since, depth)) {
        (_, Reach::Down(root)) => Reach::Down(root),
        (None, by_parents) => by_parents,
        (Some((Heard { silent: true, hard: true, .. }, _)), Reach::Doubt(key)) => Reach::Doubt(key),
        (Some((Heard { silent: true, hard: true, explained: false, .. }, key)), Reach::Up) => {
            Reach::Down(key)
        }
        (Some((_, key)), _) => Reach::Doubt(key),
    }
}

fn parents(net: &impl Net, host: &Host, since: Timestamp, depth: usize) -> Reach {
    let Some(depth) = depth.checked_sub(1) else { return Reach::Up };
    let (mut up, mut doubt, mut down) = (host.parents.is_empty(), None, None);
    for parent in &host.parents {
        match net.host(parent).map_or(Reach::Up, |parent| of_host(net, parent, since, depth)) {
            Reach::Up => up = true,
            Reach::Doubt(key) => doubt = doubt.or(Some(key)),
            Reach::Down(key) => down = down.or(Some(key)),
        }
        match host.parents_need {
            Need::Any if up => return Reach::Up,
            Need::All if down.is_some() => break,
            Need::Any | Need::All => {}
        }
    }
    let down = down.filter(|_| host.parents_need == Need::All || doubt.is_none());
    match (down, doubt) {
        (Some(key), _) => Reach::Down(key),
        (None, Some(key)) => Reach::Doubt(key),
        (None, None) => Reach::Up,
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
    if let Some(host) = net.host(&check.host) {
        match alive(host) {
            Some(key) if key != *check => found.push(key),
            _ => of_parents(net, host, DEPTH, &mut found),
        }
    }
    found
}

fn of_parents(net: &impl Net, host: &Host, depth: usize, found: &mut Vec<CheckKey>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    for parent in host.parents.iter().filter_map(|name| net.host(name)) {
        match alive(parent) {
            Some(key) if found.contains(&key) => {}
            Some(key) => found.push(key),
            None => of_parents(net, parent, depth, found),
        }
    }
}

#[cfg(test)]
#[path = "reach_tests.rs"]
mod tests;
