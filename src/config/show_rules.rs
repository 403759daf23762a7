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

/// The keys of a rule whose value stands in quotes.
const TEXTS: [&str; 5] =
    ["rule_name", "host_pattern", "metric", "condition", "notify_contact_list"];

/// A rule as TOML, to be put into a file.
#[must_use]
pub fn rule_text(rule: &Rule) -> String {
    let mut out = "[[rule]]\n".to_owned();
    Keys { out: &mut out }.rule(rule);
    out
}

/// The keys of a rule with what is written for them, without quotes.
#[must_use]
pub fn rule_keys(rule: &Rule) -> Vec<(String, String)> {
    let text = rule_text(rule);
    let pairs = text.lines().filter_map(|line| line.split_once(" = "));
    let plain = |value: &str| match toml::de::DeValue::parse(value).map(toml::Spanned::into_inner) {
        Ok(toml::de::DeValue::String(text)) => text.into_owned(),
        _ => value.to_owned(),
    };
    pairs.map(|(key, value)| (key.to_owned(), plain(value))).collect()
}

/// A draft of one rule from keys and what is written for them: a line for each, in their order.
#[must_use]
pub fn draft_text<'a>(keys: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::new();
    for (key, value) in keys {
        // A threshold may have a unit, as `200ms`; what is no number where one must be is said of
        // its own line.
        let plain = value.parse::<f64>().is_ok() || value.parse::<bool>().is_ok();
        let mut keys = Keys { out: &mut out };
        if !plain || TEXTS.contains(&key) { keys.text(key, value) } else { keys.put(key, value) }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Condition;

    #[test]
    fn a_rule_s_keys_make_the_same_text_again() {
        let hosts = "db \"x\"*".parse().unwrap();
        let levels = (Some(0.25), Some(0.5));
        let mut rule = Rule::new("a\\b \"c\"", hosts, "rtt", Condition::AtLeast, levels);
        rule.duration = Span::from_secs(90);
        rule.contact_list = Some("Zoë & co".into());
        let keys = rule_keys(&rule);
        let all = keys.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        assert_eq!(format!("[[rule]]\n{}", draft_text(all)), rule_text(&rule));
        assert!(keys.contains(&("critical_threshold".into(), "0.5s".into())), "{keys:?}");
        assert!(keys.contains(&("rule_name".into(), "a\\b \"c\"".into())), "{keys:?}");
    }
}
