//! From an inventory to changes: what is new, changed or gone since the last one.

use std::collections::HashSet;
use std::sync::Arc;

use crate::model::{Check, CheckKey, Host, Name, SafeText, Status};
use crate::protocol::Problem;
use crate::protocol::work::Assignment;
use crate::rules::alert::Input;

use super::Inventory as Wanted;
use super::batch::Inventory;
use super::core::Core;
use super::deadlines::Ways;
use super::rules::judged_anew;
use super::slots::Slot;

/// What a worker is told of a check.
pub(super) fn assignment(slot: &Slot) -> Assignment {
    Assignment {
        check: Arc::clone(&slot.check),
        generation: slot.generation,
        last: slot.status.state,
        soft: slot.paced_soft,
    }
}

/// Texts that many checks have in common, kept once.
#[derive(Default)]
struct Names(HashSet<Name>);

impl Names {
    fn share(&mut self, check: &mut Check) {
        self.one(&mut check.key.host);
        self.one(&mut check.key.name);
        self.one(&mut check.address);
        for limit in &mut check.limits {
            self.one(&mut limit.metric);
        }
        check.limits.shrink_to_fit();
    }

    fn one(&mut self, name: &mut Name) {
        match self.0.get(name) {
            Some(known) => *name = Arc::clone(known),
            None => {
                self.0.insert(Arc::clone(name));
            }
        }
    }
}

impl Core {
    /// Stages the difference between what runs and what is wanted.
    pub(super) fn adopt(&mut self, mut wanted: Wanted) {
        let now = self.clock.now();
        self.with_agents(&mut wanted);
        self.speed.targets = Arc::clone(&wanted.targets);
        self.speed.networks = wanted.networks.clone();
        self.speed.slas = Arc::clone(&wanted.slas);
        self.outward.follow(&wanted.remote_write);
        self.speed.allow(&wanted.allowance);
        self.adopt_schedules(&wanted, now);
        self.with_schedules(&mut wanted);
        self.with_queries(&mut wanted);
        self.touch(true);
        self.take_canaries(&wanted.hosts);
        let hosts: HashSet<&Name> = wanted.hosts.iter().map(|host| &host.name).collect();
        let checks: HashSet<&CheckKey> = wanted.checks.iter().map(|check| &check.key).collect();
        let gone: Vec<CheckKey> = self
            .table
            .iter()
            .map(|(_, slot)| &slot.check.key)
            .filter(|key| !checks.contains(key))
            .cloned()
            .collect();
        let rules: HashSet<&Name> = wanted
            .checks
            .iter()
            .filter_map(|check| Some(&check.rule.as_ref()?.rule.name))
            .collect();
        let why: Vec<String> = gone.iter().map(|key| self.why_gone(key, &rules)).collect();
        for (key, why) in gone.into_iter().zip(why) {
            self.close(&key, &why, now);
            self.batch.inventory.push(Inventory::CheckGone(key));
        }
        let gone: Vec<Name> = self
            .table
            .hosts()
            .map(|host| &host.name)
            .filter(|name| !hosts.contains(name))
            .cloned()
            .collect();
        if !gone.is_empty() {
            self.ways = Ways::Changed;
        }
        self.batch.inventory.extend(gone.into_iter().map(Inventory::HostGone));
        for host in wanted.hosts {
            if self.table.host(&host.name).is_none_or(|known| **known != host) {
                self.ways = Ways::Changed;
                self.batch.inventory.push(Inventory::Host(Arc::new(host)));
            }
        }
        let mut names = Names::default();
        for mut check in wanted.checks {
            let known = self.table.place(&check.key).and_then(|at| self.table.get(at));
            if known.is_some_and(|slot| *slot.check == check) {
                continue;
            }
            names.share(&mut check);
            if !check.enabled {
                let what = if check.rule.is_some() { "rule" } else { "check" };
                self.close(&check.key, &format!("its {what} was disabled"), now);
            }
            let known = self.table.place(&check.key);
            let known = known.and_then(|at| Some((at, self.table.get(at)?)));
            let anew = known.and_then(|(at, slot)| Some((at, judged_anew(&slot.check, &check)?)));
            if let Some((at, why)) = anew {
                self.close(&check.key, &why, now);
                self.batch.statuses.insert(at, Status::waiting(now.wall));
            }
            self.batch.inventory.push(Inventory::Check(Arc::new(check)));
        }
        self.render = wanted.render;
        self.settings = wanted.settings;
        self.rules = wanted.rules;
        self.access = wanted.access;
        self.routes.send_replace(wanted.routes);
        self.status.config = wanted.source.map(|source| SafeText::line(&source));
    }

    fn why_gone(&self, key: &CheckKey, rules: &HashSet<&Name>) -> String {
        let slot = self.table.place(key).and_then(|at| self.table.get(at));
        if let Some(why) = slot.and_then(|slot| super::query_rules::why_gone(&slot.check)) {
            return why.to_owned();
        }
        match slot.and_then(|slot| slot.check.rule.as_ref()) {
            None => "its check was removed from the configuration".to_owned(),
            Some(ruled) if rules.contains(&ruled.rule.name) => {
                format!("its rule no longer covers check {} of this host", ruled.source)
            }
            Some(_) => "its rule was removed from the configuration".to_owned(),
        }
    }

    pub(super) fn close(&mut self, key: &CheckKey, why: &str, now: crate::model::Now) {
        if let Some(at) = self.table.place(key)
            && self.alert_of(at).is_some()
        {
            self.step(at, Input::Removed { why: SafeText::line(why) }, now);
        }
    }

    /// Reads the configuration again; a bad one leaves everything as it is.
    ///
    /// # Errors
    /// What is wrong with the configuration, all of it.
    pub(super) async fn reload_configuration(&mut self) -> Result<usize, Problem> {
        let reload = Arc::clone(&self.reload);
        let read = tokio::task::spawn_blocking(move || reload()).await;
        let wanted = match read {
            Ok(Ok(wanted)) => wanted,
            Ok(Err(problems)) => {
                self.status.notice = Some(SafeText::line(&format!(
                    "the configuration was not read again: {}",
                    problems.lines().next().unwrap_or("it has errors")
                )));
                self.tell_status();
                return Err(Problem::invalid(problems));
            }
            Err(error) => return Err(Problem::internal(format!("reading failed inside: {error}"))),
        };
        self.flush().await;
        self.adopt(wanted);
        let count = self.batch.inventory.len();
        self.status.notice = None;
        self.batch.events.push(crate::protocol::Event::Engine(Arc::new(self.status.clone())));
        Ok(count)
    }

    /// Takes what the store remembers, before the first inventory is adopted: statuses, open
    /// alerts and numbers of checks that are known.
    pub(super) fn restore(&mut self, loaded: crate::store::Loaded, wanted: &Wanted) {
        let now = self.clock.now();
        let mut statuses: std::collections::HashMap<_, _> = loaded.statuses.into_iter().collect();
        let mut alerts: std::collections::HashMap<CheckKey, _> =
            loaded.alerts.into_iter().map(|alert| (alert.check.clone(), alert)).collect();
        self.table.reserve(loaded.checks.len());
        let checks = definitions(&loaded.checks, wanted);
        for (known, check) in loaded.checks.into_iter().zip(checks) {
            let Some(check) = check else { continue };
            let mut slot = self.fresh_slot(known.no, Arc::new(check), None, now);
            if let Some(status) = statuses.remove(&known.no) {
                // By its own last result: the engine's last sign of life may be half a minute older.
                slot.status = crate::rules::attempts::resumed(&status, &slot.check, now.wall);
                slot.paced_soft = !slot.status.hard && !slot.status.is_waiting();
                // The scale begins at the wall clock: what lies ahead of it was written before that
                // was put back.
                let wait = &mut slot.status.wait;
                wait.since = wait.since.map(|at| at.min(now.wall));
                wait.critical = wait.critical.map(|at| at.min(now.wall));
            }
            slot.alert = alerts.remove(&slot.check.key).map(|mut alert| {
                alert.told_at = alert.told_at.map(|at| at.min(now.wall));
                if let Some(escalation) = &mut alert.escalation {
                    escalation.since = escalation.since.map(|at| at.min(now.wall));
                }
                if let Some(cause) = &mut alert.cause {
                    cause.at = cause.at.min(now.wall);
                }
                Arc::new(alert)
            });
            self.table.put(slot);
        }
        for known in loaded.hosts {
            // One that cannot be read differs from any in the inventory, and is written anew.
            let host = serde_json::from_str::<Host>(&known.spec_json)
                .ok()
                .filter(|host| *host.name == *known.name)
                .unwrap_or_else(|| Host::new(&known.name, ""));
            self.table.put_host(Arc::new(host));
        }
        if let Some(alive) = loaded.alive {
            let active = loaded.windows.iter().filter(|window| window.is_active(alive));
            self.noted = active.map(|window| window.id).collect();
        }
        self.label_targets();
        self.picture(loaded.windows, now);
    }

    fn picture(&mut self, windows: Vec<crate::model::Maintenance>, now: crate::model::Now) {
        use crate::protocol::Event;
        let mut events = vec![Event::Engine(Arc::new(self.status.clone()))];
        let windows = windows.into_iter().map(|window| self.with_children(window));
        events.extend(windows.map(|w| Event::Maintenance(Arc::new(w))));
        events.extend(self.table.hosts().cloned().map(Event::Host));
        for (_, slot) in self.table.iter() {
            events.push(Event::Check(Arc::new(slot.row(&slot.status))));
            events.extend(slot.alert.clone().map(Event::Alert));
        }
        for event in events {
            self.world.apply(&event, now.wall);
        }
    }
}

/// The definitions of stored checks, each as it was stored or, of another version that cannot be
/// read, from the inventory.
fn definitions(stored: &[crate::store::KnownCheck], wanted: &Wanted) -> Vec<Option<Check>> {
    let wanted: std::collections::HashMap<&CheckKey, &Check> =
        wanted.checks.iter().map(|check| (&check.key, check)).collect();
    let one = |known: &crate::store::KnownCheck| {
        let wanted = wanted.get(&known.key).copied();
        // Most are as they were stored, and writing a check down takes a part of reading one.
        let same = wanted.filter(|wanted| {
            serde_json::to_string(wanted).is_ok_and(|json| json == known.spec_json)
        });
        let read = || serde_json::from_str::<Check>(&known.spec_json).ok();
        same.cloned().or_else(read).or_else(|| wanted.cloned())
    };
    let all = |part: &[crate::store::KnownCheck]| -> Vec<Option<Check>> {
        let mut names = Names::default();
        let mut checks: Vec<Option<Check>> = part.iter().map(one).collect();
        checks.iter_mut().flatten().for_each(|check| names.share(check));
        checks
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(8);
    let part = stored.len().div_ceil(threads).max(LARGE);
    if part >= stored.len() {
        return all(stored);
    }
    // Of tens of thousands at a start, by which the first picture waits.
    std::thread::scope(|scope| {
        let parts: Vec<_> = stored.chunks(part).map(|part| scope.spawn(|| all(part))).collect();
        let joined = parts.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined.flat_map(|part| part.unwrap_or_else(|why| std::panic::resume_unwind(why))).collect()
    })
}

/// So many checks are worth a thread.
const LARGE: usize = 2_000;
