//! What is said of an alert: its words, who is told, and the labels of targets.

use super::turn::Active;
use super::{Group, QueryRules};
use crate::config::promql::CONTACT_LIST;
use crate::model::rule_words::is_label_name;
use crate::model::spec::QuerySpec;
use crate::model::{Check, Host, Metric, Name, Observation, Routes, SafeText, Unit, target};
use crate::promql::Labels;

/// Annotations that say what an alert is, the best first.
const WORDS: [&str; 3] = ["summary", "message", "description"];

/// The labels of an alert's check.
pub(super) fn labels_of(spec: &QuerySpec) -> Labels {
    Labels::from_pairs(spec.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

/// Who is told of an alert.
pub(super) fn contact_list(
    rules: &QueryRules,
    group: &Group,
    spec: &QuerySpec,
    host: Option<&Host>,
    routes: &Routes,
) -> Option<Name> {
    let named = spec.labels.get(CONTACT_LIST).map(|list| Name::from(list.as_str()));
    named
        .filter(|list| routes.lists.contains_key(list))
        .or_else(|| host.and_then(|host| host.contact_list.clone()))
        .or_else(|| group.contact_list.clone())
        .or_else(|| rules.contact_list.clone())
}

/// What an alert says for people.
pub(super) fn seen(spec: &QuerySpec, alert: &Active) -> Observation {
    let find = |name: &str| {
        let found = alert.annotations.iter().find(|(own, _)| own == name);
        found.map(|(_, text)| text.as_str()).filter(|text| !text.trim().is_empty())
    };
    let words = WORDS.iter().find_map(|name| find(name));
    let words = words.map_or_else(
        || format!("{}: {} gives {}", spec.rule, spec.expr, alert.value),
        ToOwned::to_owned,
    );
    let words = if alert.kept { format!("{words} (no longer so, kept firing)") } else { words };
    let mut long = vec![
        format!("value: {}", alert.value),
        format!("since: {}", alert.since),
        format!("expression: {}", spec.expr.split_whitespace().collect::<Vec<_>>().join(" ")),
        format!("rule: {} of group {} in {}", spec.rule, spec.group, spec.source),
    ];
    let labels: Vec<String> =
        spec.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    long.push(format!("labels: {}", labels.join(", ")));
    long.extend(alert.annotations.iter().map(|(name, text)| format!("{name}: {text}")));
    let value = alert.value.is_finite().then(|| Metric::new("value", alert.value, Unit::Count));
    Observation {
        long: SafeText::text(&long.join("\n")),
        ..Observation::seen(words, value.into_iter().collect())
    }
}

/// The labels that all series of a check have; `None` when it has no series.
pub(in crate::engine) fn target_labels(check: &Check, host: Option<&Host>) -> Option<Labels> {
    let target = target::target_labels(check)?;
    Some(labels(check, host, (&target.instance, &target.job)))
}

/// The labels of a target, and those of its check and host, which go before them.
fn labels(check: &Check, host: Option<&Host>, (instance, job): (&str, &str)) -> Labels {
    let own = host.into_iter().flat_map(|host| &host.labels).chain(&check.labels);
    let good = |name: &str| is_label_name(name) && !name.starts_with("__");
    let own = own.filter(|(name, _)| good(name)).map(|(n, v)| (n.as_str(), v.as_str()));
    let first = [("instance", instance), ("job", job)];
    Labels::from_pairs(first.into_iter().chain(own))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Spec;
    use crate::model::spec::{Endpoint, Exposition, ScrapeSpec};

    fn scrape(name: &str, url: &str) -> Check {
        let spec = ScrapeSpec {
            endpoint: Endpoint::get(url, 1 << 20),
            fallback: None::<Exposition>,
            metrics: Vec::new(),
            max_samples: 1000,
        };
        Check::new("web-1", name, "192.0.2.1", Spec::Scrape(spec))
    }

    #[test]
    fn a_target_has_the_labels_that_prometheus_gives_it_and_those_of_its_host() {
        let mut host = Host::new("web-1", "192.0.2.1");
        host.labels.insert("site".to_owned(), "dal".to_owned());
        host.labels.insert("not a label".to_owned(), "x".to_owned());
        for (name, url, wanted) in [
            (
                "node",
                "http://web-1:9100/metrics",
                r#"{instance="web-1:9100", job="node", site="dal"}"#,
            ),
            (
                "node:9101",
                "http://web-1:9101/x",
                r#"{instance="web-1:9101", job="node", site="dal"}"#,
            ),
            ("api", "https://[::1]/metrics", r#"{instance="[::1]:443", job="api", site="dal"}"#),
        ] {
            let labels = target_labels(&scrape(name, url), Some(&host)).unwrap();
            assert_eq!(labels.to_string(), wanted);
        }
        let mut own = scrape("node", "http://web-1:9100/metrics");
        own.labels.insert("instance".to_owned(), "w1".to_owned());
        own.labels.insert("job".to_owned(), "machines".to_owned());
        let labels = target_labels(&own, None).unwrap();
        assert_eq!(labels.to_string(), r#"{instance="w1", job="machines"}"#);
    }
}
