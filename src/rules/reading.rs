//! From the results of a check to what a rule makes of them.
//!
//! | what the check saw | the rule reads |
//! |---|---|
//! | the metric, some instances with a number | the state of the worst instance, which is named |
//! | the check failed | nothing: its own alert says so (SPEC D-27) |
//! | the metric, but no instance has a number | nothing |
//! | no such metric | no word of it; when that lasts, its absence is an alert of its own |
//!
//! A failed run is never judged by its numbers.

use super::evaluate::{Verdict, plain, reason, sentence};
use crate::model::{Check, Metric, Observation, Rule, Ruled, State};

/// What a result says to a rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// A state by its thresholds: OK, WARNING or CRITICAL.
    Value(Verdict),
    /// Nothing is known for now; the text says why.
    Nothing(Verdict),
    /// The metric is not among the results.
    Absent,
}

/// What concerns the rule of `ruled` in a result of its source: the rule's metrics alone, with its
/// ranges.
#[must_use]
pub fn part(ruled: &Ruled, seen: &Observation) -> Observation {
    let thresholds = ruled.rule.thresholds();
    let mine = seen.metrics.iter().filter(|metric| metric.name == ruled.rule.metric);
    let ranged = |metric: &Metric| Metric {
        warning: thresholds.warning,
        critical: thresholds.critical,
        ..metric.clone()
    };
    Observation {
        duration_us: seen.duration_us,
        metrics: mine.map(ranged).collect(),
        failure: seen.failure.clone(),
        ..Observation::default()
    }
}

/// What the rule of `ruled` reads in its [`part`] of a result.
#[must_use]
pub fn read(ruled: &Ruled, seen: &Observation) -> Reading {
    let rule = &*ruled.rule;
    let thresholds = rule.thresholds();
    let name = &rule.metric;
    if let Some(failure) = &seen.failure {
        let text = format!("no {name}: `{}` says: {}", ruled.source, failure.message);
        return Reading::Nothing(Verdict::new(State::Unknown, text));
    }
    if seen.metrics.is_empty() {
        return Reading::Absent;
    }
    let numbers = seen.metrics.iter().filter(|metric| metric.value.is_finite());
    let mut numbers: Vec<&Metric> = numbers.collect();
    if numbers.is_empty() {
        let text = format!("{name} of `{}` has no number", ruled.source);
        return Reading::Nothing(Verdict::new(State::Unknown, text));
    }
    // Stable: of equals the order of the probe stays.
    numbers.sort_by(|a, b| worse_first(rule, a, b));
    let judged = numbers.iter().map(|metric| (thresholds.judge(metric.value), *metric));
    let bad: Vec<(State, String)> = judged
        .filter(|(state, _)| state.is_problem())
        .map(|(state, metric)| (state, reason(metric, &thresholds, state)))
        .collect();
    let state = bad.first().map_or(State::Ok, |(state, _)| *state);
    let output = match numbers.first() {
        Some(best) if bad.is_empty() => plain(best),
        _ => sentence(&bad, ""),
    };
    Reading::Value(Verdict::new(state, output))
}

fn worse_first(rule: &Rule, a: &Metric, b: &Metric) -> std::cmp::Ordering {
    if rule.condition.is_upward() {
        b.value.total_cmp(&a.value)
    } else {
        a.value.total_cmp(&b.value)
    }
}

/// What is said when a rule's metric stays away.
#[must_use]
pub fn absence(check: &Check, ruled: &Ruled, since: &str) -> String {
    let words = &ruled.rule.metric;
    let source = &ruled.source;
    format!("no {words} since {since}: `{source}` of {} gives none", check.key.host)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::{Condition, Failure, FailureKind, Unit};

    fn ruled(condition: Condition, warning: f64, critical: f64) -> Ruled {
        let hosts = "*".parse().unwrap();
        let rule = Rule::new("R", hosts, "use", condition, (Some(warning), Some(critical)));
        Ruled { rule: Arc::new(rule), source: "system".into() }
    }

    fn reading(ruled: &Ruled, values: &[(&str, f64)]) -> Reading {
        let metric = |(name, value): &(&str, f64)| match name.split_once(':') {
            Some((name, instance)) => Metric::new(name, *value, Unit::Percent).of(instance),
            None => Metric::new(name, *value, Unit::Percent),
        };
        let seen = Observation::seen("x", values.iter().map(metric).collect());
        read(ruled, &part(ruled, &seen))
    }

    #[test]
    fn what_concerns_a_rule_has_its_ranges_and_took_as_long() {
        let above = ruled(Condition::Above, 75.0, 90.0);
        let (mine, other) = ("use", "free");
        let metrics = [mine, other].map(|name| Metric::new(name, 80.0, Unit::Percent));
        let mut seen = Observation::seen("x", metrics.into());
        seen.duration_us = 1234;
        let part = part(&above, &seen);
        let [metric] = part.metrics.as_slice() else { panic!("{:?}", part.metrics) };
        let thresholds = above.rule.thresholds();
        assert_eq!((&*metric.name, part.duration_us), (mine, seen.duration_us));
        assert_eq!((metric.warning, metric.critical), (thresholds.warning, thresholds.critical));
        assert!(metric.warning.is_some() && metric.critical.is_some());
    }

    #[test]
    fn fm_20_the_worst_instance_counts_and_is_named() {
        let above = ruled(Condition::Above, 75.0, 90.0);
        let below = ruled(Condition::AtMost, 25.0, 10.0);
        let value = |state, text: &str| Reading::Value(Verdict::new(state, text));
        for (rule, values, wanted) in [
            (&above, &[("use", 40.0)][..], value(State::Ok, "use 40 %")),
            (&above, &[("use:a", 40.0), ("use:b", 60.0)], value(State::Ok, "use[b] 60 %")),
            (
                &above,
                &[("use:a", 80.0), ("use:b", 95.0), ("other", 99.0)],
                value(State::Critical, "use[b] 95 % (> 90); use[a] 80 % (> 75)"),
            ),
            (&below, &[("use", 25.0)], value(State::Warning, "use 25 % (<= 25)")),
            (
                &below,
                &[("use:a", 9.0), ("use:b", 90.0)],
                value(State::Critical, "use[a] 9 % (<= 10)"),
            ),
            (&above, &[("use:a", f64::NAN), ("use:b", 60.0)], value(State::Ok, "use[b] 60 %")),
            (&above, &[("other", 99.0)], Reading::Absent),
        ] {
            assert_eq!(reading(rule, values), wanted, "{values:?}");
        }
        let Reading::Nothing(verdict) = reading(&above, &[("use", f64::NAN)]) else { panic!() };
        assert_eq!(verdict, Verdict::new(State::Unknown, "use of `system` has no number"));
    }

    #[test]
    fn d_27_a_failed_check_says_nothing_to_a_rule() {
        let failure = Failure::new(FailureKind::Timeout, "no answer in 10 s");
        let mut seen = Observation::failed(failure);
        seen.metrics.push(Metric::new("use", 99.0, Unit::Percent));
        let rule = ruled(Condition::Above, 1.0, 2.0);
        let Reading::Nothing(verdict) = read(&rule, &part(&rule, &seen)) else { panic!() };
        assert_eq!(verdict.output.as_str(), "no use: `system` says: no answer in 10 s");
    }
}
