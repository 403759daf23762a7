//! What each agent brings along: a host that stands for it, with its heartbeat and, unless the
//! configuration says otherwise, the metrics of its machine.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::super::Inventory as Wanted;
use super::super::batch::Inventory;
use super::super::core::Core;
use super::CHECK;
use crate::model::spec::SystemSpec;
use crate::model::{Check, CheckKey, Host, KeptAgent, Kind, Name, Rule, SafeText, Span, Spec};

/// The group of the hosts that agents bring along.
const GROUP: &str = "agents";

/// The check that stands for an agent.
fn heartbeat(name: &Name) -> Check {
    Check {
        interval: Span::from_secs(60),
        retry: Span::from_secs(60),
        attempts: 1,
        ..Check::new(name, CHECK, "127.0.0.1", Spec::Agent)
    }
}

/// The metrics of an agent's machine.
fn system(name: &Name) -> Check {
    Check {
        agent: Some(Name::clone(name)),
        limits: Check::default_limits(Kind::System),
        ..Check::new(name, "system", "127.0.0.1", Spec::System(SystemSpec::default()))
    }
}

/// The host of an agent that the configuration does not name.
fn host(agent: &KeptAgent) -> Host {
    let mut host = Host::new(&agent.name, "127.0.0.1");
    host.agent = Some(Name::clone(&agent.name));
    host.groups = vec![GROUP.to_owned()];
    host.alive = Some(CHECK.into());
    if !agent.location.is_empty() {
        host.labels.insert("location".to_owned(), agent.location.as_str().to_owned());
    }
    host
}

/// True for a host that an agent brought along.
fn is_own(host: &Host) -> bool {
    host.origin.is_none() && host.agent.as_ref() == Some(&host.name)
}

/// Judges the metrics of these checks by the rules that cover them, and says which rules cannot.
pub fn by_rules(rules: &[Rule], checks: &mut Vec<Check>) {
    for clash in crate::config::apply_rules(rules, checks) {
        let rule = rules.get(clash.rule).map_or("", |rule| &*rule.name);
        tracing::warn!("rule `{rule}` does not judge everywhere: {}", clash.message);
    }
}

impl Core {
    /// Adds what the agents bring along to what is wanted.
    pub(in crate::engine) fn with_agents(&self, wanted: &mut Wanted) {
        if self.agents.count() == 0 {
            return;
        }
        let places = wanted.hosts.iter().enumerate().map(|(at, host)| (host.name.clone(), at));
        let places: HashMap<Name, usize> = places.collect();
        let written = wanted.checks.iter().filter(|check| *check.key.name == *CHECK);
        let written: HashSet<Name> = written.map(|check| check.key.host.clone()).collect();
        let mut own = Vec::new();
        for entry in self.agents.all.values() {
            let name = &entry.kept.name;
            match places.get(name).and_then(|at| wanted.hosts.get_mut(*at)) {
                Some(host) => {
                    host.alive.get_or_insert_with(|| CHECK.into());
                }
                None => {
                    wanted.hosts.push(host(&entry.kept));
                    own.push(system(name));
                }
            }
            if !written.contains(name) {
                own.push(heartbeat(name));
            }
        }
        by_rules(&wanted.rules, &mut own);
        wanted.checks.extend(own);
    }

    /// Stages what a new agent brings along.
    pub(in crate::engine) fn bring_along(&mut self, agent: &KeptAgent) {
        let mut own = vec![heartbeat(&agent.name)];
        match self.table.host(&agent.name).filter(|host| !is_own(host)).cloned() {
            Some(known) => {
                let mut host = Host::clone(&known);
                host.alive.get_or_insert_with(|| CHECK.into());
                self.batch.inventory.push(Inventory::Host(Arc::new(host)));
            }
            None => {
                own.push(system(&agent.name));
                self.batch.inventory.push(Inventory::Host(Arc::new(host(agent))));
            }
        }
        let rules = Arc::clone(&self.rules);
        by_rules(&rules, &mut own);
        for check in own {
            let place = self.table.place(&check.key);
            if place.and_then(|at| self.table.get(at)).is_none_or(|slot| *slot.check != check) {
                self.batch.inventory.push(Inventory::Check(Arc::new(check)));
            }
        }
    }

    /// Stages that what an agent brought along is gone.
    pub(in crate::engine) fn take_along(&mut self, name: &Name) {
        let now = self.clock.now();
        let own = self.table.host(name).is_some_and(|host| is_own(host));
        let mut gone: Vec<CheckKey> = Vec::new();
        for at in self.table.of_host(name) {
            let Some(slot) = self.table.get(at) else { continue };
            if own || *slot.check.key.name == *CHECK {
                gone.push(slot.check.key.clone());
            }
        }
        for key in gone {
            let why = format!("agent {} was removed", SafeText::line(name));
            self.close(&key, &why, now);
            self.batch.inventory.push(Inventory::CheckGone(key));
        }
        if own {
            self.batch.inventory.push(Inventory::HostGone(Name::clone(name)));
        }
    }
}
