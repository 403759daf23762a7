//! `fluxbase` checks, and `[[fluxbase]]`: an instance as one host with a check for each of its
//! surfaces (SPEC FB-01, FB-10, FB-11, FB-13).

use std::sync::Arc;

use super::fluxmq::{base, host_of};
use super::inventory::{self, CHECK_LIMIT};
use super::kinds::{family, secret, valid_url};
use super::reader::Reader;
use super::rule_groups::{RuleGroup, rule_groups};
use super::settings::Defaults;
use super::show::{Keys, list};
use super::{hosts, keys};
use crate::model::fluxbase::{FluxbasePack, FluxbasePart, FluxbaseSpec, JOB, MONITORING};
use crate::model::spec::ScrapeSpec;
use crate::model::{Check, CheckKey, Host, Spec};

/// Words of `part`.
const PARTS: [(&str, FluxbasePart); 5] = [
    ("all", FluxbasePart::All),
    ("metrics", FluxbasePart::Metrics),
    ("system", FluxbasePart::System),
    ("health", FluxbasePart::Health),
    ("live", FluxbasePart::Live),
];
/// Words of `rules`, each with its rules as a file of Prometheus has them.
const PACKS: [(FluxbasePack, &str); 4] = [
    (FluxbasePack::Critical, include_str!("fluxbase_rules/critical.yml")),
    (FluxbasePack::Warning, include_str!("fluxbase_rules/warning.yml")),
    (FluxbasePack::Slo, include_str!("fluxbase_rules/slo.yml")),
    (FluxbasePack::Literal, include_str!("fluxbase_rules/literal.yml")),
];
/// What the app server answers at; an address that ends so is meant without it.
const ENDPOINTS: [&str; 4] =
    ["/api/v1/monitoring/health", "/api/v1/monitoring/metrics", "/health", "/metrics"];
/// Requests under `/api/` that the checks of one entry make in an interval.
const LIMITED: u64 = 2;

/// The parameters of a check of kind `fluxbase`.
pub(super) fn spec(reader: &Reader<'_>) -> Option<FluxbaseSpec> {
    reader.require("url", "url = \"http://app-1:8080\"");
    let url = reader.text("url").and_then(|url| {
        let url = base(url, &ENDPOINTS, "http://app-1:8080");
        url.map_err(|why| reader.wrong("url", why)).ok()
    });
    let metrics = reader.texts("metrics").map(|places| {
        let limit = FluxbaseSpec::PLACE_LIMIT;
        if places.is_empty() || places.len() > limit {
            reader.wrong("metrics", format!("has 1 to {limit} addresses"));
        }
        for (place, span) in &places {
            if let Err(why) = valid_url(place) {
                reader.sink.wrong(span, format!("metrics: {why}"));
            }
        }
        places.into_iter().map(|(place, _)| place).collect::<Vec<_>>()
    });
    let part = reader.choice("part", &PARTS).unwrap_or_default();
    let service_key = secret(reader, "service_key");
    let token = secret(reader, "token");
    if service_key.is_some() && token.is_some() {
        reader.wrong("token", "has no meaning beside `service_key`; write one of them");
    }
    let log = reader.text("log").map(str::to_owned);
    if log.as_ref().is_some_and(|path| !path.starts_with('/')) {
        reader.wrong("log", "must be the absolute path of a file or a pipe");
    }
    let rules = packs(reader);
    let max_samples = reader.number("max_samples", 1..=1_000_000);
    let insecure = reader.boolean("insecure").unwrap_or(false);
    let family = family(reader);
    let url = url?;
    Some(FluxbaseSpec {
        metrics: metrics.unwrap_or_else(|| FluxbaseSpec::places(&url)),
        url,
        part,
        service_key,
        token,
        log,
        rules: rules.unwrap_or_default(),
        max_samples: max_samples.unwrap_or(ScrapeSpec::MAX_SAMPLES),
        insecure,
        family,
    })
}

/// The rules that are wanted, each once; `None` when nothing is said.
fn packs(reader: &Reader<'_>) -> Option<Vec<FluxbasePack>> {
    let mut packs: Vec<FluxbasePack> = Vec::new();
    for (word, span) in reader.texts("rules")? {
        match PACKS.into_iter().find(|(pack, _)| pack.word() == word) {
            Some((pack, _)) if !packs.contains(&pack) => packs.push(pack),
            Some(_) => {}
            None => {
                let known = PACKS.map(|(pack, _)| pack.word()).join(", ");
                reader.sink.wrong(&span, format!("rules: `{word}` is none of {known}"));
            }
        }
    }
    Some(packs)
}

/// The rules that come with the instances, each for its instance alone.
pub(super) fn groups(hosts: &[Host], checks: &[Check]) -> Vec<Arc<RuleGroup>> {
    let mut all = Vec::new();
    for check in checks.iter().filter(|check| check.enabled) {
        let Spec::Fluxbase(spec) = &*check.spec else { continue };
        if spec.rules.is_empty() {
            continue;
        }
        let host = hosts.iter().find(|host| host.name == check.key.host);
        let label = |name: &str| {
            check.labels.get(name).or_else(|| host.and_then(|host| host.labels.get(name)))
        };
        // Where all surfaces are one check, their series are together.
        let told = if spec.part == FluxbasePart::All { JOB } else { MONITORING };
        let instance = label("instance").cloned().unwrap_or_else(|| spec.instance());
        for (pack, text) in PACKS.iter().filter(|(pack, _)| spec.rules.contains(pack)) {
            let source = format!("{} of {}", pack.word(), check.key);
            // The packs are good: a test reads them all.
            let groups =
                rule_groups(&source, &of_instance(text, &instance, told)).unwrap_or_default();
            all.extend(groups.into_iter().map(|group| {
                Arc::new(RuleGroup {
                    host: Some(Arc::clone(&check.key.host)),
                    contact_list: check.contact_list.clone(),
                    ..group
                })
            }));
        }
    }
    all
}

/// A pack for one instance: what is asked of the jobs is asked of that instance.
fn of_instance(text: &str, instance: &str, told: &str) -> String {
    let instance = instance.replace('\\', "\\\\").replace('"', "\\\"");
    let mut text = text.to_owned();
    for (job, meant) in [(JOB, JOB), (MONITORING, told)] {
        let of_one = format!("job=\"{meant}\",instance=\"{instance}\"");
        text = text.replace(&format!("job=\"{job}\""), &of_one);
    }
    text
}

/// The keys of a `[[fluxbase]]`.
pub(super) fn known() -> Vec<&'static str> {
    keys::of_whole(crate::model::Kind::Fluxbase, "part", keys::FLUXBASE)
}

/// Reads all `[[fluxbase]]` tables and adds their hosts and checks.
pub(super) fn read(
    top: &Reader<'_>,
    defaults: &Defaults,
    hosts: &mut Vec<Host>,
    checks: &mut Vec<Check>,
) {
    for reader in &top.tables("fluxbase", "[[fluxbase]]") {
        let _ = instance(reader, defaults, hosts, checks);
    }
}

/// One instance; `None` when it cannot be one, which was said.
fn instance(
    reader: &Reader<'_>,
    defaults: &Defaults,
    hosts: &mut Vec<Host>,
    checks: &mut Vec<Check>,
) -> Option<()> {
    reader.require("name", "name = \"fb-prod\"");
    let address = reader.text("address").and_then(|address| {
        let good = hosts::valid_target(address);
        good.map_err(|why| reader.wrong("address", why)).ok().map(|()| address)
    });
    let prototype = inventory::fluxbase_entry(reader, defaults)?;
    let name = reader.name("name")?;
    let Spec::Fluxbase(spec) = &*prototype.spec else { return None };
    if let Some(there) = hosts.iter().find(|host| &*host.name == name) {
        let at = there.origin.as_deref().unwrap_or("another place");
        reader.wrong("name", format!("host `{name}` exists already, in {at}"));
        return None;
    }
    if checks.len() + FluxbasePart::EACH.len() > CHECK_LIMIT {
        reader.wrong("name", format!("with its checks there are more than {CHECK_LIMIT}"));
        return None;
    }
    let in_a_minute = LIMITED * 60_000 / prototype.interval.millis().max(1);
    if in_a_minute > FluxbaseSpec::RATE_LIMIT / 2 {
        let limit = FluxbaseSpec::RATE_LIMIT;
        let interval = prototype.interval;
        reader.sink.warn(
            &reader.span,
            format!(
                "every {interval} are {in_a_minute} requests a minute, of {limit} that a Fluxbase \
                 answers to one address; it will answer 429, and its checks keep their last state"
            ),
        );
    }
    let host = Host {
        labels: prototype.labels.clone(),
        contact_list: prototype.contact_list.clone(),
        origin: prototype.origin.clone(),
        ..Host::new(name, address.unwrap_or(&host_of(&spec.url)))
    };
    for part in FluxbasePart::EACH {
        let mut own = FluxbaseSpec { part, ..spec.clone() };
        if matches!(part, FluxbasePart::Live | FluxbasePart::Metrics) {
            // What asks for no login gets none.
            (own.service_key, own.token) = (None, None);
        }
        // One log is followed once.
        own.log = own.log.filter(|_| part == FluxbasePart::Live);
        // The rules are about the exposition first of all, and come once.
        own.rules = match part {
            FluxbasePart::Metrics if reader.has("rules") => own.rules,
            FluxbasePart::Metrics => vec![FluxbasePack::Critical],
            _ => Vec::new(),
        };
        checks.push(Check {
            key: CheckKey::new(Arc::clone(&host.name), part.word()),
            address: Arc::clone(&host.address),
            spec: Arc::new(Spec::Fluxbase(own)),
            ..prototype.clone()
        });
    }
    hosts.push(host);
    Some(())
}

impl Keys<'_> {
    /// The parameters of `fluxbase`.
    pub(super) fn fluxbase(&mut self, spec: &FluxbaseSpec) {
        self.text("url", &spec.url);
        self.put("metrics", &list(&spec.metrics));
        self.word("part", &spec.part, &PARTS);
        self.secret("service_key", spec.service_key.as_ref());
        self.secret("token", spec.token.as_ref());
        if let Some(log) = &spec.log {
            self.text("log", log);
        }
        let rules: Vec<String> = spec.rules.iter().map(|pack| pack.word().to_owned()).collect();
        self.put("rules", &list(&rules));
        self.put("max_samples", &spec.max_samples.to_string());
        self.put("insecure", if spec.insecure { "true" } else { "false" });
        self.word("family", &spec.family, &super::kinds::FAMILIES);
    }
}

#[cfg(test)]
#[path = "fluxbase_tests.rs"]
mod tests;
