//! The ways to hosts: their parents, and the check that tells whether each can be reached.
//!
//! A parent may be written before or after its children, so all of it is looked at when every host
//! and check is known.

use std::collections::HashMap;
use std::ops::Range;

use super::hosts::Written;
use super::keys;
use super::problem::{Sink, allowed};
use super::reader::Reader;
use crate::model::{Check, Host, Kind, Name, Need};

/// Words of `parents_need`.
const NEEDS: [(&str, Need); 2] = [("any", Need::Any), ("all", Need::All)];

/// What a host says of the way to it, with places.
pub(super) struct Way {
    alive: Option<(String, Range<usize>)>,
    parents: Vec<(String, Range<usize>)>,
    need: Need,
}

impl Way {
    /// What a `[[host]]` says.
    pub fn of(written: &Written<'_>) -> Self {
        let reader = &written.reader;
        let parents = reader.texts("parents").unwrap_or_default();
        if reader.has("parents_need") && parents.is_empty() {
            reader.wrong("parents_need", "there are no `parents`");
        }
        let alive = reader.name("alive").map(|name| (name.to_owned(), reader.place("alive")));
        let need = reader.choice("parents_need", &NEEDS).unwrap_or_default();
        Self { alive, parents, need }
    }
}

/// The hosts that `[engine]` names as canaries, with their places.
pub(super) fn canaries(top: &Reader<'_>) -> Vec<(String, Range<usize>)> {
    let Some(mut table) = top.table("engine") else { return Vec::new() };
    "[engine]".clone_into(&mut table.what);
    table.refuse_unknown(keys::ENGINE);
    table.texts("canaries").unwrap_or_default()
}

/// Marks the canaries among the hosts.
pub(super) fn mark(sink: &Sink<'_>, hosts: &mut [Host], canaries: &[(String, Range<usize>)]) {
    let all: Vec<String> = hosts.iter().map(|host| host.name.to_string()).collect();
    let mut all: Vec<&str> = all.iter().map(String::as_str).collect();
    all.sort_unstable();
    for (name, place) in canaries {
        let why = match hosts.iter_mut().find(|host| *host.name == **name) {
            None => format!("there is no host `{name}`{}", allowed(name, &all)),
            Some(host) if host.canary => format!("`{name}` stands here twice"),
            Some(host) if host.alive.is_none() => format!(
                "nothing tells whether `{name}` can be reached; give it a ping, or name a check of it \
                 as `alive`"
            ),
            Some(host) if !host.parents.is_empty() => {
                format!("`{name}` has `parents`; a canary is reached through nothing else")
            }
            Some(host) => {
                host.canary = true;
                continue;
            }
        };
        sink.wrong(place, format!("engine.canaries: {why}"));
    }
}

/// Puts the ways on the hosts; `ways` has one for each host, in the same order.
pub(super) fn put(sink: &Sink<'_>, hosts: &mut [Host], ways: &[Way], checks: &[Check]) {
    let mut own: HashMap<&str, Vec<&Check>> = HashMap::new();
    for check in checks {
        own.entry(&check.key.host).or_default().push(check);
    }
    for (host, way) in hosts.iter_mut().zip(ways) {
        host.alive = alive(sink, host, way, own.get(&*host.name).map_or(&[], Vec::as_slice));
    }
    let names: HashMap<Name, usize> =
        hosts.iter().enumerate().map(|(at, host)| (Name::clone(&host.name), at)).collect();
    let mut all: Vec<&str> = names.keys().map(AsRef::as_ref).collect();
    all.sort_unstable();
    let mut up: Vec<Vec<usize>> = vec![Vec::new(); hosts.len()];
    for ((host, way), parents) in hosts.iter().zip(ways).zip(&mut up) {
        for (name, place) in &way.parents {
            match names.get(name.as_str()) {
                None => {
                    let why = format!("parents: there is no host `{name}`{}", allowed(name, &all));
                    sink.wrong(place, why);
                }
                Some(_) if **name == *host.name => {
                    sink.wrong(place, format!("parents: `{name}` is this host"));
                }
                Some(at) if parents.contains(at) => {
                    sink.wrong(place, format!("parents: `{name}` stands here twice"));
                }
                Some(at) => parents.push(*at),
            }
        }
    }
    circles(sink, hosts, ways, &up);
    for (at, way) in ways.iter().enumerate() {
        for (name, place) in &way.parents {
            let Some(parent) = names.get(name.as_str()).and_then(|at| hosts.get(*at)) else {
                continue;
            };
            let looked_through = names.get(name.as_str()).and_then(|at| ways.get(*at));
            if parent.alive.is_none() && looked_through.is_some_and(|way| way.parents.is_empty()) {
                let why = format!(
                    "parents: nothing tells whether `{name}` can be reached; give it a ping, or name a \
                     check of it as `alive`"
                );
                sink.wrong(place, why);
            }
        }
        let found: Vec<Name> = up
            .get(at)
            .into_iter()
            .flatten()
            .filter_map(|at| hosts.get(*at))
            .map(|parent| Name::clone(&parent.name))
            .collect();
        if let Some(host) = hosts.get_mut(at) {
            (host.parents, host.parents_need) = (found, way.need);
        }
    }
}

/// The check that is named, else the first ping.
fn alive(sink: &Sink<'_>, host: &Host, way: &Way, own: &[&Check]) -> Option<Name> {
    let Some((name, place)) = &way.alive else {
        let ping = own.iter().find(|check| check.kind() == Kind::Ping);
        return ping.map(|check| Name::clone(&check.key.name));
    };
    let found = own.iter().find(|check| *check.key.name == **name);
    if found.is_none() {
        let names: Vec<&str> = own.iter().map(|check| &*check.key.name).collect();
        let why = format!("alive: `{}` has no check `{name}`{}", host.name, allowed(name, &names));
        sink.wrong(place, why);
    }
    found.map(|check| Name::clone(&check.key.name))
}

/// Refuses hosts that are reached through themselves, each circle once.
fn circles(sink: &Sink<'_>, hosts: &[Host], ways: &[Way], up: &[Vec<usize>]) {
    // 0: not seen; 1: on the way; 2: done.
    let mut seen = vec![0_u8; hosts.len()];
    for start in 0..hosts.len() {
        let mut way = vec![(start, 0)];
        while let Some((at, next)) = way.last_mut() {
            let (here, mark) = (*at, seen.get_mut(*at));
            let Some(mark) = mark.filter(|mark| **mark < 2) else {
                way.pop();
                continue;
            };
            *mark = 1;
            let Some(parent) = up.get(here).and_then(|parents| parents.get(*next)).copied() else {
                *mark = 2;
                way.pop();
                continue;
            };
            *next += 1;
            if seen.get(parent) == Some(&1) {
                circle(sink, hosts, ways, &way, parent);
            } else {
                way.push((parent, 0));
            }
        }
    }
}

fn circle(sink: &Sink<'_>, hosts: &[Host], ways: &[Way], way: &[(usize, usize)], again: usize) {
    let name = |at: usize| hosts.get(at).map_or("", |host| &*host.name);
    let from = way.iter().position(|(at, _)| *at == again).unwrap_or(0);
    let mut words: Vec<&str> = way.iter().skip(from).map(|(at, _)| name(*at)).collect();
    words.push(name(again));
    let last = way.last().and_then(|(at, _)| ways.get(*at));
    let place =
        last.and_then(|way| way.parents.iter().find(|(parent, _)| **parent == *name(again)));
    if let Some((_, place)) = place {
        sink.wrong(place, format!("parents: they go in a circle: {}", words.join(" → ")));
    }
}

#[cfg(test)]
#[path = "ways_tests.rs"]
mod tests;
