//! The labels of a series as they are sent: sorted, valid, each once.

use std::collections::BTreeMap;

use super::parcel::{Labels, Row, Source};
use super::wire::Label;
use crate::model::selector::parse_id;
use crate::model::{Check, Spec};

const NAME: &str = "__name__";

/// What a label of a scraped series becomes that the target itself says: as in Prometheus.
const EXPORTED: &str = "exported_";

/// The labels of all series of a scrape: the check as `job`, host and port as `instance`, the host.
pub(super) fn of_target(check: &Check) -> [(&'static str, String); 3] {
    let url = match &*check.spec {
        Spec::Scrape(spec) => Some(spec.endpoint.url.as_str()),
        Spec::Fluxmq(spec) => match spec.nodes.as_slice() {
            [one] => Some(one.url.as_str()),
            _ => None,
        },
        _ => None,
    };
    let at = url.and_then(authority);
    let name = &*check.key.name;
    // A second target of a job on a host is called with its port.
    let port = at.as_ref().map(|(_, port)| format!(":{port}"));
    let job = port.and_then(|port| name.strip_suffix(&port)).unwrap_or(name);
    let job = if matches!(&*check.spec, Spec::Fluxmq(_)) { "fluxmq" } else { job };
    let instance = at.map(|(host, port)| format!("{host}:{port}"));
    [
        ("host", check.key.host.to_string()),
        ("instance", instance.unwrap_or_else(|| check.key.host.to_string())),
        ("job", job.to_owned()),
    ]
}

/// Host and port of a URL; the port of its scheme when it names none, as Prometheus writes it.
fn authority(url: &str) -> Option<(String, u16)> {
    let url = url::Url::parse(url).ok()?;
    Some((url.host_str()?.to_owned(), url.port_or_known_default()?))
}

/// The labels of a scraped series; `None` when they cannot be sent.
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
