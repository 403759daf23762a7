//! Rules on hosts: which checks they judge, and the checks that they make.
//!
//! Every metric has one judge. Where two rules want the same one, that with `override = true` gets
//! it, else the one that is written first; at a load without `override` that is an error.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::inventory::CHECK_LIMIT;
use super::metrics;
use crate::model::{Check, CheckKey, Limit, Name, Rule, Ruled};

/// Why a rule does not judge where it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// The rule, by its place in the list.
    pub rule: usize,
    /// What is in its way, and the mend.
    pub message: String,
}

/// Which rule judges which check.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Rule, source and name of the new check.
    claims: Vec<(usize, usize, Name)>,
    pub clashes: Vec<Clash>,
}

impl Plan {
    /// True when a rule judges something.
    pub fn judges(&self, rule: usize) -> bool {
        self.claims.iter().any(|claim| claim.0 == rule)
            || self.clashes.iter().any(|c| c.rule == rule)
    }
}

pub(super) fn plan(rules: &[Rule], checks: &[Check]) -> Plan {
    let mut plan = Plan::default();
    if rules.is_empty() {
        return plan;
    }
    let mut taken: HashMap<(usize, Name), usize> = HashMap::new();
    let names: HashSet<&CheckKey> = checks.iter().map(|check| &check.key).collect();
    let mut order: Vec<usize> = (0..rules.len()).collect();
    // Stable: of several with the same right the first in the file judges.
    order.sort_by_key(|at| !rules.get(*at).is_some_and(|rule| rule.overrides));
    for at in order {
        let Some(rule) = rules.get(at).filter(|rule| rule.enabled) else { continue };
        let mut mine: Vec<usize> = Vec::new();
        for source in sources(rule, checks) {
            let first = *taken.entry((source, Arc::clone(&rule.metric))).or_insert(at);
            if first == at {
                mine.push(source);
            } else if rules.get(first).is_some_and(|first| rule.overrides || !first.overrides) {
                plan.clashes.extend(clash(at, rules.get(first), checks.get(source), &rule.metric));
            }
        }
        plan.claim(at, rule, &mine, checks, &names);
    }
    // One line for each rule is enough: its other hosts have the same reason.
    let mut seen = HashSet::new();
    plan.clashes.retain(|clash| seen.insert(clash.rule));
    plan
}

/// The places of the checks that give a rule's metric on its hosts.
fn sources<'a>(rule: &'a Rule, checks: &'a [Check]) -> impl Iterator<Item = usize> + 'a {
    let named = rule.check.is_some();
    // The checks of a host mostly stand together.
    let mut last: (Option<&Name>, bool) = (None, false);
    checks.iter().enumerate().filter_map(move |(at, check)| {
        if check.rule.is_some() || rule.check.as_ref().is_some_and(|name| *name != check.key.name) {
            return None;
        }
        metrics::measure(check, &rule.metric, named)?;
        if last.0 != Some(&check.key.host) {
            last = (Some(&check.key.host), rule.hosts.matches(&check.key.host));
        }
        last.1.then_some(at)
    })
}

fn clash(at: usize, first: Option<&Rule>, check: Option<&Check>, metric: &str) -> Option<Clash> {
    let (first, check) = (first?, check?);
    let message = format!(
        "{metric} of {} is judged by rule `{}` already; narrow one of them, or write \
         override = true in the one that shall judge",
        check.key, first.name
    );
    Some(Clash { rule: at, message })
}

impl Plan {
    fn claim(
        &mut self,
        at: usize,
        rule: &Rule,
        mine: &[usize],
        checks: &[Check],
        names: &HashSet<&CheckKey>,
    ) {
        let mut by_host: HashMap<&Name, usize> = HashMap::new();
        for source in mine.iter().filter_map(|at| checks.get(*at)) {
            *by_host.entry(&source.key.host).or_default() += 1;
        }
        for place in mine {
            let Some(source) = checks.get(*place) else { continue };
            let several = by_host.get(&source.key.host).is_some_and(|count| *count > 1);
            let name: Name = if several {
                format!("{} ({})", rule.name, source.key.name).into()
            } else {
                Arc::clone(&rule.name)
            };
            let key = CheckKey::new(Arc::clone(&source.key.host), Arc::clone(&name));
            if names.contains(&key) {
                let message = format!("host `{}` has a check `{name}` already", key.host);
                self.clashes
                    .push(Clash { rule: at, message: format!("{message}; rename the rule") });
            } else if checks.len() + self.claims.len() >= CHECK_LIMIT {
                let message = format!("with its checks there are more than {CHECK_LIMIT}");
                self.clashes.push(Clash { rule: at, message });
            } else {
                self.claims.push((at, *place, name));
            }
        }
    }
}

/// Adds the checks that rules make, and hands the metrics that they judge over to them. What one
/// rule does not judge because of another is given back.
pub fn apply(rules: &[Rule], checks: &mut Vec<Check>) -> Vec<Clash> {
    let plan = plan(rules, checks);
    let shared: Vec<Arc<Rule>> = rules.iter().cloned().map(Arc::new).collect();
    for (rule, place, name) in plan.claims {
        let (Some(rule), Some(source)) = (shared.get(rule), checks.get_mut(place)) else {
            continue;
        };
        let limit = Limit { metric: Arc::clone(&rule.metric), thresholds: rule.thresholds() };
        source.by_rule.push(limit.clone());
        let check = made(rule, source, name, limit);
        checks.push(check);
    }
    plan.clashes
}

/// The checks that a rule would make by itself, each with the place of its source.
pub(super) fn made_by(rule: &Rule, checks: &[Check]) -> Vec<(usize, Check)> {
    let shared = Arc::new(rule.clone());
    let limit = Limit { metric: Arc::clone(&rule.metric), thresholds: rule.thresholds() };
    let claims = plan(std::slice::from_ref(rule), checks).claims.into_iter();
    let made = claims.filter_map(|(_, place, name)| {
        Some((place, made(&shared, checks.get(place)?, name, limit.clone())))
    });
    made.collect()
}

fn made(rule: &Arc<Rule>, source: &Check, name: Name, limit: Limit) -> Check {
    Check {
        key: CheckKey::new(Arc::clone(&source.key.host), name),
        attempts: rule.attempts,
        limits: vec![limit],
        by_rule: Vec::new(),
        rule: Some(Box::new(Ruled {
            rule: Arc::clone(rule),
            source: Arc::clone(&source.key.name),
        })),
        contact_list: rule.contact_list.clone().or_else(|| source.contact_list.clone()),
        origin: rule.origin.clone(),
        ..source.clone()
    }
}
