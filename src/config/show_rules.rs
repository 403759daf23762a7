//! Rules as TOML that reads back to the same ones.

use super::metrics;
use super::show::Keys;
use super::value::Measure;
use crate::model::{Rule, Span};

impl Keys<'_> {
    pub(super) fn rule(&mut self, rule: &Rule) {
        self.text("rule_name", &rule.name);
        self.text("host_pattern", rule.hosts.as_str());
        self.text("metric", &rule.metric_words());
        self.text("condition", rule.condition.word());
        let levels = [("warning_threshold", rule.warning), ("critical_threshold", rule.critical)];
        for (key, level) in levels {
            if let Some(level) = level {
                self.put(key, &threshold(rule, level));
            }
        }
        self.put("duration_minutes", &minutes(rule.duration));
        self.put("re_alert_minutes", &minutes(rule.re_alert.unwrap_or_default()));
        self.put("auto_notify", &rule.notify.to_string());
        self.optional("notify_contact_list", rule.contact_list.as_ref());
        self.put("notify_recovery", &rule.notify_recovery.to_string());
        self.put("attempts", &rule.attempts.to_string());
        if let Some(last) = rule.of_last {
            self.put("of_last", &last.to_string());
        }
        self.put("override", &rule.overrides.to_string());
        self.put("enabled", &rule.enabled.to_string());
    }
}

fn minutes(time: Span) -> String {
    let millis = time.millis();
    if millis.is_multiple_of(60_000) {
        return (millis / 60_000).to_string();
    }
    #[expect(clippy::cast_precision_loss, reason = "at most 30 days in milliseconds")]
    let minutes = millis as f64 / 60_000.0;
    minutes.to_string()
}

/// A round trip is written with its unit, everything else as a number in the metric's base unit.
fn threshold(rule: &Rule, level: f64) -> String {
    let with_unit = metrics::fixed()
        .any(|(name, measure)| *name == *rule.metric && measure == Measure::RoundTrip);
    if with_unit { format!("\"{level}s\"") } else { level.to_string() }
}
