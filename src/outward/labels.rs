//! The labels of a series as they are sent: sorted, valid, each once.

use std::collections::BTreeMap;

use super::parcel::{Labels, Row, Source};
use super::wire::Label;
use crate::model::selector::parse_id;
use crate::model::{Check, target};

const NAME: &str = "__name__";

/// What a label of a scraped series becomes that the target itself says: as in Prometheus.
const EXPORTED: &str = "exported_";

/// What all series of a target have in common; empty for series of no target.
pub(super) type Target = Vec<(&'static str, String)>;

/// The labels of all series of a scrape: `job` and `instance` as rules in `PromQL` know them, the host.
pub(super) fn of_target(check: &Check) -> Target {
    let (instance, job) = target::target_labels(check).map_or_else(
        || (check.key.host.to_string(), check.key.name.to_string()),
        |labels| (labels.instance, labels.job),
    );
    vec![("host", check.key.host.to_string()), ("instance", instance), ("job", job)]
}

/// The labels of a scraped or recorded series; `None` when they cannot be sent.
pub(super) fn of_series(
    id: &str,
    target: &[(&'static str, String)],
    external: &BTreeMap<String, String>,
) -> Option<Vec<Label>> {
    let (name, own) = parse_id(id)?;
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for (label, value) in own.iter().filter(|(_, value)| !value.is_empty()) {
        let mut label = label.to_string();
        while target.iter().any(|(of, _)| *of == label)
            || (label.starts_with(EXPORTED) && all.contains_key(&label))
        {
            label.insert_str(0, EXPORTED);
        }
        if label == NAME || !is_label(&label) {
            return None;
        }
        all.insert(label, value.to_string());
    }
    all.extend(target.iter().map(|(label, value)| ((*label).to_owned(), value.clone())));
    is_metric(&name).then(|| finished(all, &name, external))
}

/// The labels of a row of the program's own families.
pub(super) fn of_row(
    source: &Source,
    row: &Row,
    external: &BTreeMap<String, String>,
) -> Vec<Label> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    let mut put = |label: &str, value: &str| all.insert(label.to_owned(), value.to_owned());
    match source {
        Source::Host(host) => {
            put("host", host);
        }
        Source::Scraped(key) | Source::Measured(key) | Source::Check(key) | Source::Alert(key) => {
            put("host", &key.host);
            put("check", &key.name);
        }
        // Its series come with their labels.
        Source::Rule(_) => {}
    }
    match &row.labels {
        Labels::None => {}
        Labels::Metric(metric, of) => {
            put("metric", metric);
            if let Some(of) = of {
                put("metric_instance", of);
            }
        }
        Labels::Alert(state, severity) => {
            put("state", state);
            put("severity", severity);
        }
    }
    finished(all, row.family, external)
}

fn finished(
    mut all: BTreeMap<String, String>,
    name: &str,
    external: &BTreeMap<String, String>,
) -> Vec<Label> {
    all.insert(NAME.to_owned(), name.to_owned());
    for (label, value) in external {
        all.entry(label.clone()).or_insert_with(|| value.clone());
    }
    all.retain(|_, value| !value.is_empty());
    all.into_iter().map(|(name, value)| Label { name, value }).collect()
}

/// True for what receivers take as the name of a label.
fn is_label(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// True for what receivers take as the name of a series.
fn is_metric(name: &str) -> bool {
    let mut bytes = name.bytes();
    let good = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':');
    bytes.next().is_some_and(good) && bytes.all(|byte| good(byte) || byte.is_ascii_digit())
}
