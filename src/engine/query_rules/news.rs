//! What rules found, as checks and alerts of the one machinery.
//!
//! An alert of a rule is a check of a host: made when its element appears, soft while it is pending,
//! hard while it fires, OK when it is gone, and removed some time after that. So windows, reachability,
//! acknowledgements, contacts, reminders and the history are those of every other alert. A rule that
//! cannot be evaluated changes nothing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::super::Inventory as Wanted;
use super::super::batch::{Inventory, Judged};
use super::super::core::Core;
use super::about::{contact_list, labels_of, seen, target_labels};
use super::task::Befores;
use super::turn::{Active, Before, Made};
use super::{
    ALERTS, Group, Health, News, QueryRules, Rule, RuleId, STAYS, is_alert, place, series_key,
};
use crate::meters::GroupTurn;
use crate::model::query_rule::{SEVERITY, severity};
use crate::model::runbook;
use crate::model::spec::QuerySpec;
use crate::model::{
    Check, CheckKey, Host, Name, Now, SafeText, Span, Spec, State, Status, Steady, Timestamp,
};
use crate::promql::Labels;
use crate::protocol::work::Finding;
use crate::rules::attempts;

/// How far back a selector looks: so long after a start a target that is there may still be unseen.
const LOOKBACK: Span = Span::from_secs(300);
/// Annotations that say what to do.
const RUNBOOKS: [&str; 2] = ["runbook_url", "runbook"];

impl Group {
    /// The name of its file, without where it lies.
    fn file(&self) -> &str {
        let name = std::path::Path::new(&*self.source).file_name();
        name.and_then(|name| name.to_str()).unwrap_or_default()
    }

    fn id(&self, at: usize) -> RuleId {
        (Name::clone(&self.source), Name::clone(&self.name), at)
    }
}

impl Rule {
    /// True when an alert can be this rule's: called like it, with the labels that it always gives.
    fn makes(&self, spec: &QuerySpec) -> bool {
        let has = |(name, value): &(String, String)| {
            value.contains("{{") || spec.labels.get(name).map_or("", String::as_str) == value
        };
        matches!(self.body, super::Body::Alert(_))
            && self.name == spec.rule
            && self.labels.iter().all(has)
    }
}

impl QueryRules {
    /// The rule that makes an alert.
    fn rule_of(&self, spec: &QuerySpec) -> Option<(&Arc<Group>, usize)> {
        let mut groups = self.groups.iter();
        let group = groups.find(|one| one.source == spec.source && one.name == spec.group)?;
        Some((group, group.rules.iter().position(|rule| rule.makes(spec))?))
    }
}

impl Core {
    /// Takes in the rules of an inventory, and adds the checks of the alerts that they go on having.
    pub(in crate::engine) fn with_queries(&mut self, wanted: &mut Wanted) {
        let rules = Arc::clone(&wanted.query_rules);
        let places = wanted.hosts.iter().enumerate();
        let mut hosts: HashMap<Name, usize> =
            places.map(|(at, host)| (Name::clone(&host.name), at)).collect();
        let mut known: HashMap<RuleId, HashMap<Labels, CheckKey>> = HashMap::new();
        let mut kept = Vec::new();
        for (_, slot) in self.table.iter() {
            let Spec::Query(spec) = &*slot.check.spec else { continue };
            let Some((group, at)) = rules.rule_of(spec) else { continue };
            let key = &slot.check.key;
            if !hosts.contains_key(&key.host) {
                if key.host != rules.host {
                    continue;
                }
                hosts.insert(Name::clone(&key.host), wanted.hosts.len());
                wanted.hosts.push(Host::new(&key.host, "127.0.0.1"));
            }
            let host = hosts.get(&key.host).and_then(|at| wanted.hosts.get(*at));
            let list = contact_list(&rules, group, spec, host, &wanted.routes);
            kept.push(Check {
                interval: group.interval,
                retry: group.interval,
                contact_list: list,
                ..Check::clone(&slot.check)
            });
            known.entry(group.id(at)).or_default().insert(labels_of(spec), key.clone());
        }
        wanted.checks.extend(kept);
        let there: HashSet<RuleId> = rules
            .groups
            .iter()
            .flat_map(|group| (0..group.rules.len()).map(|at| group.id(at)))
            .collect();
        self.queries.health.retain(|id, _| there.contains(id));
        self.end_series(&rules);
        self.queries.known = known;
        self.queries.rules = Arc::clone(&rules);
        self.queries.told.send_replace(rules);
    }

    /// Ends the series of rules that are there no more: for those who are sent them, and our own of
    /// their groups.
    pub(super) fn end_series(&self, rules: &QueryRules) {
        let keys = |rules: &QueryRules| -> HashSet<CheckKey> {
            let groups = rules.groups.iter();
            groups
                .flat_map(|group| (0..group.rules.len()).map(|at| series_key(rules, group, at)))
                .collect()
        };
        for group in &self.queries.rules.groups {
            let same =
                |other: &Arc<Group>| (other.file(), &other.name) == (group.file(), &group.name);
            if !rules.groups.iter().any(same) {
                self.meters.rules.forget(group.file(), &group.name);
            }
        }
        let now = self.clock.now();
        for key in keys(&self.queries.rules).difference(&keys(rules)) {
            self.outward.rule_gone(key.clone(), now);
        }
    }

    /// What is known of the alerts of before the start, for the rules that go on with them.
    pub(in crate::engine) fn alerts_before(&mut self) -> Befores {
        let mut all = Befores::new();
        for key in self.queries.known.values().flat_map(HashMap::values) {
            let slot = self.table.place(key).and_then(|at| self.table.get(at));
            let Some(slot) = slot else { continue };
            let (Spec::Query(spec), Some(alert)) = (&*slot.check.spec, &slot.alert) else {
                continue;
            };
            let seen = slot.status.last_result.unwrap_or(slot.status.since);
            let id = (Name::clone(&spec.source), Name::clone(&spec.group), Name::clone(&spec.rule));
            all.entry(id).or_default().push(Before {
                labels: labels_of(spec),
                active_at: alert.opened.millis(),
                seen_at: seen.millis(),
            });
            self.queries.before.insert(key.clone());
        }
        all
    }

    /// Takes in what an iteration of a group made.
    pub(in crate::engine) async fn hear_rules(&mut self, news: News) {
        let rules = Arc::clone(&self.queries.rules);
        let is_ours = rules.groups.iter().any(|group| Arc::ptr_eq(group, &news.group));
        // What was evaluated by rules of before a reload comes again.
        if !is_ours {
            return;
        }
        self.meters.rules.evaluated(news.group.file(), &news.group.name, &measured(&news));
        let now = self.clock.now();
        for recorded in &news.made.recorded {
            self.outward.recorded(recorded, now);
        }
        self.note_health(&news);
        // Alerts that cannot be stored come again.
        if self.storage_down {
            return;
        }
        self.bring_alerts(&rules, &news);
        if !self.batch.inventory.is_empty() {
            self.flush().await;
            if self.storage_down {
                return;
            }
        }
        let now = self.clock.now();
        for (at, (made, _)) in news.made.rules.iter().enumerate() {
            if let Made::Alerts(all) = made {
                self.judge_alerts(&news.group, at, all, news.at, now);
            }
        }
    }

    fn note_health(&mut self, news: &News) {
        if news.missed > 0 {
            let group = (Name::clone(&news.group.source), Name::clone(&news.group.name));
            *self.queries.missed.entry(group).or_default() += news.missed;
        }
        for (at, (made, took)) in news.made.rules.iter().enumerate() {
            let health = self.queries.health.entry(news.group.id(at)).or_default();
            let before = health.error.take();
            *health = Health { at: Some(news.at), took_us: *took, left_out: 0, ..health.clone() };
            match made {
                Made::Failed(why) => {
                    let why = SafeText::line(why);
                    health.errors += 1;
                    if before.as_ref() != Some(&why) {
                        let rule = news.group.rules.get(at).map_or("", |rule| &*rule.name);
                        tracing::warn!(rule, group = &*news.group.name, "not evaluated: {why}");
                    }
                    health.error = Some(why);
                }
                Made::Series(count) => health.series = *count as u64,
                Made::Alerts(_) => {}
            }
        }
    }

    /// Stages the checks of alerts that have none yet.
    fn bring_alerts(&mut self, rules: &QueryRules, news: &News) {
        let mut staged: HashSet<CheckKey> = HashSet::new();
        for (at, (made, _)) in news.made.rules.iter().enumerate() {
            let (Made::Alerts(all), Some(rule)) = (made, news.group.rules.get(at)) else {
                continue;
            };
            for alert in all {
                let id = news.group.id(at);
                let known = self.queries.known.get(&id).and_then(|of| of.get(&alert.labels));
                if known.is_some_and(|key| self.table.place(key).is_some()) {
                    continue;
                }
                if known.is_none() && self.queries.count() >= ALERTS {
                    let health = self.queries.health.entry(news.group.id(at)).or_default();
                    health.left_out += 1;
                    continue;
                }
                let check = self.check_of(rules, &news.group, rule, alert, &staged);
                staged.insert(check.key.clone());
                let of_rule = self.queries.known.entry(id).or_default();
                of_rule.insert(alert.labels.clone(), check.key.clone());
                let host = &check.key.host;
                if self.table.host(host).is_none() {
                    let host = Host::new(host, "127.0.0.1");
                    self.batch.inventory.push(Inventory::Host(Arc::new(host)));
                }
                self.touch(true);
                self.batch.inventory.push(Inventory::Check(Arc::new(check)));
            }
        }
    }

    fn check_of(
        &self,
        rules: &QueryRules,
        group: &Group,
        rule: &Rule,
        alert: &Active,
        staged: &HashSet<CheckKey>,
    ) -> Check {
        let host = self.host_of(rules, group, &alert.labels);
        let about = self.table.host(&host).cloned();
        let known = |name: &str, value: &str| {
            rule.labels.iter().any(|(own, text)| own == name && text == value)
                || about
                    .as_ref()
                    .is_some_and(|host| host.labels.get(name).is_some_and(|known| known == value))
        };
        let taken = |name: &str| {
            let key = CheckKey::new(Name::clone(&host), name);
            staged.contains(&key) || self.table.place(&key).is_some()
        };
        let name = place::called(&rule.name, &alert.labels, known, taken);
        let (state, quiet) = severity(alert.labels.get(SEVERITY));
        let labels: std::collections::BTreeMap<String, String> =
            alert.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let spec = QuerySpec {
            source: Name::clone(&group.source),
            group: Name::clone(&group.name),
            rule: Name::clone(&rule.name),
            expr: rule.expr.to_string(),
            labels: labels.clone(),
            state,
            quiet,
        };
        let said = |name: &&str| {
            let found = alert.annotations.iter().find(|(own, _)| own == name);
            found.map(|(_, text)| SafeText::line(text).to_string()).filter(|text| !text.is_empty())
        };
        let address =
            about.as_ref().map_or_else(|| "127.0.0.1".into(), |h| Name::clone(&h.address));
        let list = contact_list(rules, group, &spec, about.as_deref(), &self.routes.borrow());
        Check {
            interval: group.interval,
            retry: group.interval,
            attempts: 1,
            flapping: None,
            labels,
            contact_list: list,
            runbook: RUNBOOKS
                .iter()
                .find_map(said)
                .map(|text| runbook::built_in(&text).map_or(text, str::to_owned)),
            origin: Some(format!("{}:{}", group.source, rule.line)),
            ..Check::new(&host, &name, &address, Spec::Query(Box::new(spec)))
        }
    }

    /// The host of an alert: the one its labels name, that of its target, the one its group names,
    /// or the one of all others.
    fn host_of(&self, rules: &QueryRules, group: &Group, labels: &Labels) -> Name {
        let named = |name: &str| self.table.host(name).map(|host| Name::clone(&host.name));
        let instance = labels.get("instance");
        let part = place::host_part(instance);
        named(labels.get("host"))
            .or_else(|| self.queries.instances.get(instance).cloned())
            .or_else(|| named(instance))
            .or_else(|| named(part))
            .or_else(|| self.queries.addresses.get(part).cloned())
            .or_else(|| group.host.as_deref().and_then(named))
            .unwrap_or_else(|| Name::clone(&rules.host))
    }

    /// Lets the checks of a rule's alerts follow what it found.
    fn judge_alerts(
        &mut self,
        group: &Arc<Group>,
        index: usize,
        all: &[Active],
        at: Timestamp,
        now: Now,
    ) {
        let id = group.id(index);
        let mut there: HashSet<CheckKey> = HashSet::with_capacity(all.len());
        for alert in all {
            let known = self.queries.known.get(&id).and_then(|known| known.get(&alert.labels));
            let known = known.cloned();
            let place = known.as_ref().and_then(|key| self.table.place(key));
            if let (Some(key), Some(place)) = (known, place) {
                self.queries.over.remove(&key);
                self.queries.before.remove(&key);
                self.judge_alert(place, &key, alert, at, now);
                there.insert(key);
            }
        }
        let of_rule = self.queries.known.get(&id).into_iter().flat_map(HashMap::values);
        let gone: Vec<CheckKey> = of_rule.filter(|key| !there.contains(key)).cloned().collect();
        let reach = group.rules.get(index).map_or(0, |rule| rule.reach);
        let reach = Span::from_millis(u64::try_from(reach).unwrap_or(0));
        let blind = self.begun.steady + LOOKBACK + reach + group.interval;
        for key in gone {
            // After a start the memory of series is empty: that nothing is found says nothing yet.
            if self.queries.before.contains(&key) && now.steady < blind {
                continue;
            }
            self.end_alert(&id, &key, at, now);
        }
    }

    fn judge_alert(
        &mut self,
        place: usize,
        key: &CheckKey,
        alert: &Active,
        at: Timestamp,
        now: Now,
    ) {
        let Some(slot) = self.table.get(place) else { return };
        let Spec::Query(spec) = &*slot.check.spec else { return };
        let (state, generation) = (spec.state, slot.generation);
        let observation = seen(spec, alert);
        let before = self.status_of(place);
        // What fired before a start fires on, also while its rule counts anew.
        let hard = alert.firing || (before.hard && before.state == state);
        let same = before.state == state && !before.is_waiting();
        let after = Status {
            state,
            hard,
            hard_state: if hard { state } else { State::Ok },
            attempt: u32::from(hard),
            since: if same { before.since } else { at },
            last_result: Some(at),
            // Words that only count on are no change of a row.
            output: if same && before.hard == hard {
                before.output.clone()
            } else {
                observation.output.clone()
            },
            ..Status::default()
        };
        self.touch(false);
        self.run_began(place, at, now);
        let finding = Finding {
            check: key.clone(),
            generation,
            slot: at,
            at,
            forced: false,
            sample: false,
            observation,
        };
        self.batch.judged.push(Judged { at: place, finding, state, late: false });
        self.follow(place, &before, &after, now);
    }

    /// An alert is not there any more.
    fn end_alert(&mut self, id: &RuleId, key: &CheckKey, at: Timestamp, now: Now) {
        let Some(place) = self.table.place(key) else {
            self.queries.forget(id, key);
            self.queries.over.remove(key);
            return;
        };
        let before = self.status_of(place);
        if before.state.is_problem() && !before.is_waiting() {
            let after = Status {
                state: State::Ok,
                hard: true,
                hard_state: State::Ok,
                since: at,
                last_result: Some(at),
                output: SafeText::line("its expression does not give it any more"),
                ..Status::default()
            };
            self.follow(place, &before, &after, now);
        }
        let since: Steady = *self.queries.over.entry(key.clone()).or_insert(now.steady);
        if now.steady.since(since) >= STAYS {
            self.queries.over.remove(key);
            self.queries.forget(id, key);
            self.close(key, "it is over for long", now);
            self.touch(false);
            self.batch.inventory.push(Inventory::CheckGone(key.clone()));
        }
    }

    fn follow(&mut self, place: usize, before: &Status, after: &Status, now: Now) {
        if attempts::row_changed(before, after) {
            self.touch(before.state != after.state || before.hard != after.hard);
            self.set_status(place, after, 1, now);
        } else if let Some(slot) = self.table.get_mut(place) {
            slot.status.last_result = after.last_result;
        }
        self.after_result(place, before, after, now);
    }

    /// What the memory of series knows of targets and hosts: labels, and who is where.
    pub(in crate::engine) fn label_targets(&mut self) {
        let mut instances = HashMap::new();
        for (_, slot) in self.table.iter() {
            let host = self.table.host(&slot.check.key.host);
            let Some(labels) = target_labels(&slot.check, host.map(AsRef::as_ref)) else {
                continue;
            };
            let instance = labels.get("instance").to_owned();
            instances.entry(instance).or_insert_with(|| Name::clone(&slot.check.key.host));
            self.series.label(&slot.check.key, labels);
        }
        let mut addresses = HashMap::new();
        for host in self.table.hosts() {
            addresses.entry(Name::clone(&host.address)).or_insert_with(|| Name::clone(&host.name));
        }
        self.queries.instances = instances;
        self.queries.addresses = addresses;
    }
}

/// An iteration as it is measured.
fn measured(news: &News) -> GroupTurn {
    let (rules, recorded) = (&news.made.rules, &news.made.recorded);
    let failed = rules.iter().filter(|(made, _)| matches!(made, Made::Failed(_)));
    let micros: u64 = rules.iter().map(|(_, took)| *took).sum();
    GroupTurn {
        rules: rules.len() as u64,
        failed: failed.count() as u64,
        missed: news.missed,
        series: recorded.iter().map(|recorded| recorded.series.values.len()).sum(),
        took: Duration::from_micros(micros).as_secs_f64(),
        interval: news.group.interval.as_secs_f64(),
        at: news.at.since(Timestamp::from_millis(0)).as_secs_f64(),
    }
}

/// True when an alert of a rule is what a check is about, by its key in a list of checks.
pub(in crate::engine) fn why_gone(check: &Check) -> Option<&'static str> {
    is_alert(check).then_some("its rule was removed from the configuration")
}
