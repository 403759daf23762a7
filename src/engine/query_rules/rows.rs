//! The rules as lists show them: what each is, what it made, how its last evaluation went.

use super::super::core::Core;
use super::{Body, Health};
use crate::model::{Name, Phase, SafeText};
use crate::protocol::{QueryRuleRow, query::PAGE_LIMIT};

impl Core {
    /// The first rules in `PromQL`, in the order in which they were written, and how many there are.
    pub(in crate::engine) fn query_rows(&self, limit: u32) -> (u64, Vec<QueryRuleRow>) {
        let limit = usize::try_from(limit).unwrap_or(PAGE_LIMIT).clamp(1, PAGE_LIMIT);
        let mut counts: std::collections::HashMap<&super::RuleId, (u64, u64)> =
            std::collections::HashMap::new();
        let known = self.queries.known.iter();
        for (id, key) in known.flat_map(|(id, of)| of.values().map(move |key| (id, key))) {
            let slot = self.table.place(key).and_then(|at| self.table.get(at));
            let phase = slot.and_then(|slot| slot.alert.as_ref()).map(|alert| alert.phase);
            let count = counts.entry(id).or_default();
            count.0 += u64::from(phase == Some(Phase::Firing));
            count.1 += u64::from(phase == Some(Phase::Pending));
        }
        let mut found = 0;
        let mut rows = Vec::new();
        for group in &self.queries.rules.groups {
            let of_group = (Name::clone(&group.source), Name::clone(&group.name));
            let missed = self.queries.missed.get(&of_group).copied().unwrap_or_default();
            for (at, rule) in group.rules.iter().enumerate() {
                found += 1;
                if rows.len() >= limit {
                    continue;
                }
                let id = (of_group.0.clone(), of_group.1.clone(), at);
                let Health { at, took_us, error, errors, series, left_out } =
                    self.queries.health.get(&id).cloned().unwrap_or_default();
                let (firing, pending) = counts.get(&id).copied().unwrap_or_default();
                rows.push(QueryRuleRow {
                    source: SafeText::line(&format!("{}:{}", group.source, rule.line)),
                    group: SafeText::line(&group.name),
                    name: SafeText::line(&rule.name),
                    is_alert: matches!(rule.body, Body::Alert(_)),
                    expr: SafeText::text(&rule.expr),
                    interval: group.interval,
                    hold: rule.hold,
                    keep: rule.keep,
                    labels: safe(&rule.labels),
                    annotations: safe(&rule.annotations),
                    firing,
                    pending,
                    series,
                    at,
                    took_us,
                    error,
                    errors,
                    missed,
                    left_out,
                });
            }
        }
        (found, rows)
    }
}

fn safe(pairs: &[(String, String)]) -> Vec<(SafeText, SafeText)> {
    pairs.iter().map(|(name, text)| (SafeText::line(name), SafeText::line(text))).collect()
}
