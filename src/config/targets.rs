//! `[[scrape]]`: one scrape check for each of many targets, listed here or found elsewhere.
//!
//! The lists have the form of Prometheus's `file_sd` and `http_sd`:
//! `[{"targets": ["host:port", ...], "labels": {"site": "dal"}}]`, as JSON or YAML. Of labels that
//! begin with `__`, `__scheme__` and `__metrics_path__` mean what they mean there; the others are
//! left out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::hosts::valid_target;
use super::inventory;
use super::keys;
use super::problem::Sink;
use super::reader::Reader;
use super::settings::Defaults;
use super::yaml::{self, Node, Value};
use crate::model::spec::{Endpoint, ScrapeSpec};
use crate::model::{Check, CheckKey, Host, Name, Span, Spec, id::valid_name};

/// Most targets of one job.
pub const TARGET_LIMIT: usize = 10_000;
/// Words of `scheme`.
const SCHEMES: [(&str, &str); 2] = [("http", "http"), ("https", "https")];

/// Targets with the labels of their hosts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Each as `host:port`.
    pub targets: Vec<String>,
    /// Labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// A job: where its targets are listed, and what each of their checks looks like.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// The name of the checks.
    pub name: String,
    /// Of the targets' URLs.
    pub scheme: String,
    /// Of the targets' URLs.
    pub path: String,
    /// The targets of the configuration itself.
    pub listed: Group,
    /// Patterns of files, `*` in the last part only.
    pub files: Vec<String>,
    /// Where a list is asked for.
    pub http: Option<Endpoint>,
    /// How often it is asked for.
    pub refresh: Span,
    /// What each of its checks looks like, but for its host and URL.
    pub prototype: Check,
}

/// Reads all `[[scrape]]` tables.
pub(super) fn read(top: &Reader<'_>, defaults: &Defaults) -> Vec<Job> {
    let mut names = BTreeSet::new();
    let mut jobs = Vec::new();
    for reader in top.tables("scrape", "[[scrape]]") {
        let Some(job) = job(&reader, defaults) else { continue };
        if names.insert(job.name.clone()) {
            jobs.push(job);
        } else {
            reader.wrong("name", format!("a [[scrape]] `{}` exists already", job.name));
        }
    }
    jobs
}

fn job(reader: &Reader<'_>, defaults: &Defaults) -> Option<Job> {
    let prototype = inventory::scrape_job(reader, defaults)?;
    let sources = ["targets", "files", "http_sd"];
    if !sources.iter().any(|key| reader.has(key)) {
        let mend = "targets = [\"web-1:9100\"], files = [\"/etc/fluxnoc/*.yml\"] or http_sd";
        reader.sink.missing(&reader.span, format!("[[scrape]] needs one of {mend}"));
    }
    let path = reader.text("path").unwrap_or("/metrics");
    if !path.starts_with('/') {
        reader.wrong("path", "begins with `/`");
    }
    let http = reader.text("http_sd").and_then(|url| {
        let good = super::kinds::valid_url(url);
        good.map_err(|why| reader.wrong("http_sd", why)).ok().map(|()| {
            // The login of the targets is not for whoever lists them.
            Endpoint::get(url, 16 << 20)
        })
    });
    let bounds = Span::from_secs(5)..=Span::from_secs(86_400);
    Some(Job {
        name: prototype.key.name.to_string(),
        scheme: reader.choice("scheme", &SCHEMES).unwrap_or("http").to_owned(),
        path: path.to_owned(),
        listed: Group {
            targets: reader.checked("targets", |text| split(text).map(drop)),
            labels: BTreeMap::new(),
        },
        files: reader.checked("files", valid_pattern),
        http,
        refresh: reader.duration("refresh", bounds).unwrap_or(Span::from_secs(60)),
        prototype,
    })
}

fn valid_pattern(text: &str) -> Result<(), String> {
    let (before, last) = text.rsplit_once('/').unwrap_or(("", text));
    if before.contains('*') {
        return Err(format!("`{text}`: `*` may stand in the last part only"));
    }
    let known = [".json", ".yml", ".yaml"].iter().any(|suffix| last.ends_with(suffix));
    if known { Ok(()) } else { Err(format!("`{text}` must end with .json, .yml or .yaml")) }
}

/// The host of a target.
///
/// # Errors
/// When it is none, in words.
pub fn valid_scrape_target(text: &str) -> Result<&str, String> {
    split(text).map(|(host, _)| host)
}

/// Host and port of a target.
fn split(text: &str) -> Result<(&str, u16), String> {
    let cut: String = text.chars().take(80).collect();
    let bad = || format!("`{cut}` is no target; write web-1:9100 or [2001:db8::1]:9100");
    let (host, port) = text.rsplit_once(':').ok_or_else(bad)?;
    let port: u16 = port.parse().ok().filter(|port| *port > 0).ok_or_else(bad)?;
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    if bare.contains(':') && bare.len() == host.len() {
        return Err(bad());
    }
    valid_target(bare)?;
    valid_name(bare).map_err(|why| format!("`{cut}`: {why}"))?;
    Ok((bare, port))
}

impl Job {
    /// Adds a check for each target, on the host of that name or address, or on a new one. What
    /// is wrong with a target is said in `problems`, and it is left out.
    pub fn expand(
        &self,
        groups: &[Group],
        hosts: &mut Vec<Host>,
        checks: &mut Vec<Check>,
        problems: &mut Vec<String>,
    ) {
        let mut by_name: HashMap<Name, usize> = HashMap::new();
        for (at, host) in hosts.iter().enumerate() {
            by_name.entry(Arc::clone(&host.address)).or_insert(at);
        }
        for (at, host) in hosts.iter().enumerate() {
            by_name.insert(Arc::clone(&host.name), at);
        }
        let mut taken: BTreeSet<CheckKey> = checks.iter().map(|check| check.key.clone()).collect();
        let mut count = 0;
        for group in groups {
            for target in &group.targets {
                count += 1;
                if count > TARGET_LIMIT || checks.len() >= super::CHECK_LIMIT {
                    problems
                        .push(format!("more than {TARGET_LIMIT} targets; the rest is left out"));
                    return;
                }
                let (name, port) = match split(target) {
                    Ok(found) => found,
                    Err(why) => {
                        problems.push(why);
                        continue;
                    }
                };
                let at = *by_name.entry(name.into()).or_insert_with(|| {
                    let plain = group.labels.iter().filter(|(label, _)| !label.starts_with("__"));
                    hosts.push(Host {
                        labels: plain.map(|(n, v)| (n.clone(), v.clone())).collect(),
                        origin: self.prototype.origin.clone(),
                        ..Host::new(name, name)
                    });
                    hosts.len() - 1
                });
                let Some(host) = hosts.get(at) else { continue };
                let mut key = CheckKey::new(Arc::clone(&host.name), self.name.as_str());
                if !taken.insert(key.clone()) {
                    key = CheckKey::new(Arc::clone(&host.name), format!("{}:{port}", self.name));
                    if !taken.insert(key.clone()) {
                        // The same target twice.
                        continue;
                    }
                }
                checks.push(self.check(key, host, target, &group.labels));
            }
        }
    }

    fn check(
        &self,
        key: CheckKey,
        host: &Host,
        target: &str,
        labels: &BTreeMap<String, String>,
    ) -> Check {
        let of =
            |label: &str, own: &str| labels.get(label).cloned().unwrap_or_else(|| own.to_owned());
        let (scheme, path) = (of("__scheme__", &self.scheme), of("__metrics_path__", &self.path));
        let mut check = Check { key, address: Arc::clone(&host.address), ..self.prototype.clone() };
        if let Spec::Scrape(spec) = &*self.prototype.spec {
            let mut spec: ScrapeSpec = spec.clone();
            spec.endpoint.url = format!("{scheme}://{target}{path}");
            check.spec = Arc::new(Spec::Scrape(spec));
        }
        check
    }
}

/// Reads a list of groups, as JSON or as YAML.
///
/// # Errors
/// A sentence with what is wrong; then nothing of it is used.
pub fn parse_groups(text: &str, json: bool) -> Result<Vec<Group>, String> {
    if json {
        let groups: Option<Vec<Option<Group>>> =
            serde_json::from_str(text).map_err(|error| format!("no list of targets: {error}"))?;
        return groups
            .ok_or_else(|| "null is no list of targets".to_owned())?
            .into_iter()
            .map(|group| group.ok_or_else(|| "a group is null".to_owned()))
            .collect();
    }
    let root = yaml::read(text)?;
    let Value::List(items) = &root.value else {
        let empty = matches!(&root.value, Value::Text(text) if text.is_empty());
        return if empty { Ok(Vec::new()) } else { Err("no list of targets".to_owned()) };
    };
    items.iter().map(group).collect()
}

fn group(node: &Node) -> Result<Group, String> {
    let bad = |what: &str| format!("line {}: {what}", node.line);
    if !matches!(node.value, Value::Map(_)) {
        return Err(bad("a group has `targets` and `labels`"));
    }
    let mut group = Group::default();
    for (key, value) in node.pairs() {
        match (key.as_str(), &value.value) {
            ("targets", Value::List(items)) => {
                for item in items {
                    let text = item.text().filter(|text| !text.is_empty());
                    group.targets.push(text.ok_or_else(|| bad("a target is no text"))?.to_owned());
                }
            }
            ("labels", Value::Map(pairs)) => {
                for (name, value) in pairs {
                    let text = value.text().ok_or_else(|| bad("a label is no text"))?;
                    group.labels.insert(name.clone(), text.to_owned());
                }
            }
            ("labels", Value::Text(text)) if text.is_empty() => {}
            _ => return Err(bad(&format!("`{key}` is not what a group has"))),
        }
    }
    Ok(group)
}

/// Adds the targets that the configuration itself lists; gives the jobs that look for more.
pub(super) fn expand_listed(
    jobs: Vec<Job>,
    hosts: &mut Vec<Host>,
    checks: &mut Vec<Check>,
    sink: &Sink<'_>,
) -> Vec<Job> {
    let mut problems = Vec::new();
    let mut more = Vec::new();
    for mut job in jobs {
        let listed = std::mem::take(&mut job.listed);
        job.expand(&[listed], hosts, checks, &mut problems);
        if !job.files.is_empty() || job.http.is_some() {
            more.push(job);
        }
    }
    for problem in problems {
        sink.warn(&(0..0), problem);
    }
    more
}

/// The keys of a `[[scrape]]`.
pub(super) fn known() -> Vec<&'static str> {
    let mut known: Vec<&str> = keys::of_check(crate::model::Kind::Scrape, false);
    known.retain(|key| !["kind", "url"].contains(key));
    known.extend(keys::SCRAPE);
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_prometheus_reads_them() {
        let json = r#"[{"targets":["a:1","b:2"],"labels":{"site":"dal"}},{"targets":["c:3"]}]"#;
        let yaml =
            "- targets: ['a:1', 'b:2']\n  labels:\n    site: dal\n- targets: ['c:3']\n  labels:\n";
        let groups = parse_groups(json, true).unwrap();
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0].labels["site"], "dal");
        assert_eq!(parse_groups(yaml, false), Ok(groups));
        assert_eq!(parse_groups("[]", true), Ok(Vec::new()));
        for (bad, json) in [
            ("null", true),
            ("[null]", true),
            ("{}", true),
            ("[{\"targets\":1}]", true),
            ("", true),
            ("- targets: a:1\n", false),
            ("a: b\n", false),
            ("- targets: [&x a, *x]\n", false),
            ("- other: 1\n", false),
        ] {
            assert!(parse_groups(bad, json).is_err(), "{bad}");
        }
    }

    #[test]
    fn targets_have_a_host_and_a_port() {
        for (text, wanted) in
            [("a:1", ("a", 1)), ("[::1]:9100", ("::1", 9100)), ("10.0.0.1:80", ("10.0.0.1", 80))]
        {
            assert_eq!(split(text), Ok(wanted));
        }
        for bad in
            ["a", "a:", "a:0", "a:99999", "::1:9100", "http://a:1", "a/b:1", "a\u{1b}:1", ":1"]
        {
            assert!(split(bad).is_err(), "{bad}");
        }
    }
}
