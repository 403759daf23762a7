//! A `prometheus.yml`: scrape jobs with their targets, where targets are found, files of rules.
//!
//! What it says that fluxnoc has no word for is named, line by line; nothing of it is guessed.

use std::collections::BTreeMap;
use std::path::Path;

use super::entry::{Entry, Found};
use crate::config::yaml::{self, Node, Value};
use crate::config::{targets, toml_text, valid_url};

/// What a job may say, and what is left out when it does.
const LEFT: [(&str, &str); 11] = [
    ("metric_relabel_configs", "series are kept as they are scraped"),
    ("proxy_url", "targets are asked directly"),
    ("oauth2", "write token, or user and password"),
    ("sigv4", "write token, or user and password"),
    ("label_limit", "there is no such limit"),
    ("label_name_length_limit", "there is no such limit"),
    ("label_value_length_limit", "there is no such limit"),
    ("target_limit", "a job has at most 10000 targets"),
    ("keep_dropped_targets", "dropped targets are not shown"),
    ("scrape_classic_histograms", "native histograms are not scraped"),
    ("track_timestamps_staleness", "a sample with a time of its own lingers"),
];

/// Keys of a job that are read.
const READ: [&str; 21] = [
    "job_name",
    "scrape_interval",
    "scrape_timeout",
    "metrics_path",
    "scheme",
    "params",
    "basic_auth",
    "authorization",
    "bearer_token",
    "bearer_token_file",
    "tls_config",
    "sample_limit",
    "body_size_limit",
    "honor_labels",
    "honor_timestamps",
    "fallback_scrape_protocol",
    "scrape_protocols",
    "static_configs",
    "file_sd_configs",
    "http_sd_configs",
    "relabel_configs",
];

/// Reads one; names of files are relative to `base`.
///
/// # Errors
/// When it is no YAML, or has no job.
pub fn read(text: &str, base: &Path) -> Result<Found, String> {
    let root = yaml::read(text)?;
    let mut found = Found::default();
    let global = root.get("global");
    for (key, node) in root.pairs() {
        match key.as_str() {
            "scrape_configs" | "rule_files" => {}
            "global" => global_keys(node, &mut found),
            other => {
                let why = match other {
                    "remote_write" => "write a [[remote_write]]",
                    "alerting" => "alerts are fluxnoc's own; write a [[channel]]",
                    "scrape_config_files" => "import each of the files",
                    _ => "fluxnoc has no such thing",
                };
                found.note(node.line, format!("{other} is left out: {why}"));
            }
        }
    }
    for pattern in items(root.get("rule_files")) {
        if let Some(text) = pattern.text() {
            found.rule_files.push(absolute(text, base));
        }
    }
    let jobs = items(root.get("scrape_configs"));
    if jobs.is_empty() && found.rule_files.is_empty() {
        return Err("there is no scrape_configs and no rule_files in it".to_owned());
    }
    for node in jobs {
        let mut job = Job { node, base, keys: Vec::new(), found: &mut found, hosts: Vec::new() };
        if let Some(entry) = job.read(global) {
            let hosts = std::mem::take(&mut job.hosts);
            found.entries.extend(hosts);
            found.entries.push(entry);
        }
    }
    // A host that several jobs or groups name is one: its labels together, the first of each counts.
    let mut hosts: BTreeMap<String, Entry> = BTreeMap::new();
    let mut rest = Vec::new();
    for entry in std::mem::take(&mut found.entries) {
        if entry.job.is_some() {
            rest.push(entry);
        } else if let Some(known) = hosts.get_mut(&entry.name) {
            for (label, value) in entry.labels {
                known.labels.entry(label).or_insert(value);
            }
        } else {
            hosts.insert(entry.name.clone(), entry);
        }
    }
    found.entries = hosts.into_values().chain(rest).collect();
    found.notes.sort_by_key(|note| note.line);
    Ok(found)
}

fn global_keys(node: &Node, found: &mut Found) {
    for (key, value) in node.pairs() {
        let why = match key.as_str() {
            "scrape_interval" | "scrape_timeout" => continue,
            "evaluation_interval" => "write interval in [promql]",
            "external_labels" => "write labels in [[remote_write]]",
            _ => "fluxnoc has no such thing",
        };
        found.note(value.line, format!("global: {key} is left out: {why}"));
    }
}

fn items(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

fn absolute(path: &str, base: &Path) -> String {
    base.join(path).display().to_string()
}

/// A job that is being read.
struct Job<'a> {
    node: &'a Node,
    base: &'a Path,
    keys: Vec<(&'static str, String)>,
    found: &'a mut Found,
    /// Hosts of targets with labels.
    hosts: Vec<Entry>,
}

impl Job<'_> {
    fn text(&self, key: &str) -> Option<&str> {
        self.node.get(key)?.text().filter(|text| !text.is_empty())
    }

    fn put(&mut self, key: &'static str, value: &str) {
        self.keys.push((key, toml_text(value)));
    }

    fn list(&mut self, key: &'static str, all: &[String]) {
        let all: Vec<String> = all.iter().map(|one| toml_text(one)).collect();
        self.keys.push((key, format!("[{}]", all.join(", "))));
    }

    fn read(&mut self, global: Option<&Node>) -> Option<Entry> {
        let line = self.node.line;
        let Some(name) = self.text("job_name").map(str::to_owned) else {
            self.found.note(line, "a job has no job_name; it was left out");
            return None;
        };
        self.unread(&name);
        let scheme = self.text("scheme").unwrap_or("http").to_owned();
        let before = self.keys.len();
        self.sources(&name, &scheme);
        if self.keys.len() == before {
            self.found.note(line, format!("job {name} has no targets that can be found here"));
            return None;
        }
        if scheme != "http" {
            self.put("scheme", &scheme);
        }
        self.path();
        self.times(global);
        self.login(&name);
        self.limits(&name);
        let job = Some(std::mem::take(&mut self.keys));
        Some(Entry { name, job, line, ..Entry::default() })
    }

    /// Names what is not read.
    fn unread(&mut self, name: &str) {
        for (key, node) in self.node.pairs() {
            let key = key.as_str();
            let left = LEFT.iter().find(|(known, _)| *known == key).map(|(_, why)| *why);
            let why = match left {
                Some(why) => why,
                None if READ.contains(&key) => continue,
                None if key.ends_with("_sd_configs") => {
                    "targets are found in files and over HTTP only (file_sd_configs, http_sd_configs)"
                }
                None => "fluxnoc has no such thing",
            };
            self.found.note(node.line, format!("job {name}: {key} is left out: {why}"));
        }
        for rule in items(self.node.get("relabel_configs")) {
            let part = |key: &str| rule.get(key).and_then(Node::text).unwrap_or_default();
            let action = if part("action").is_empty() { "replace" } else { part("action") };
            let words = if part("target_label").is_empty() {
                action.to_owned()
            } else {
                format!("{action} to {}", part("target_label"))
            };
            let what = format!(
                "job {name}: relabelling ({words}) is left out: every target is scraped as it is listed"
            );
            self.found.note(rule.line, what);
        }
        let differs = |key: &str, usual: &str| {
            self.node.get(key).filter(|node| node.text() != Some(usual)).map(|node| node.line)
        };
        let labels = differs("honor_labels", "false");
        let times = differs("honor_timestamps", "true");
        if let Some(line) = labels {
            let words = "honor_labels is left out: a label that the target says too is exported_*";
            self.found.note(line, format!("job {name}: {words}"));
        }
        if let Some(line) = times {
            let words = "honor_timestamps is left out: times of the target count";
            self.found.note(line, format!("job {name}: {words}"));
        }
    }

    /// Where its targets are.
    fn sources(&mut self, name: &str, scheme: &str) {
        let mut all = Vec::new();
        for group in items(self.node.get("static_configs")) {
            let labels = group.get("labels").map(Node::pairs).unwrap_or_default();
            for target in items(group.get("targets")) {
                let Some(text) = target.text().filter(|text| !text.is_empty()) else { continue };
                let with_port = with_port(text, scheme);
                match targets::valid_scrape_target(&with_port) {
                    Ok(host) => {
                        self.labelled(host, labels, target.line);
                        if !all.contains(&with_port) {
                            all.push(with_port);
                        }
                    }
                    Err(why) => {
                        self.found.note(target.line, format!("job {name}: {why}; it was left out"));
                    }
                }
            }
        }
        if !all.is_empty() {
            self.list("targets", &all);
        }
        let files: Vec<String> = items(self.node.get("file_sd_configs"))
            .iter()
            .flat_map(|one| items(one.get("files")))
            .filter_map(|file| file.text())
            .map(|file| absolute(file, self.base))
            .collect();
        if !files.is_empty() {
            self.list("files", &files);
        }
        let http = items(self.node.get("http_sd_configs"));
        for (nth, one) in http.iter().enumerate() {
            let url = one.get("url").and_then(Node::text).unwrap_or_default();
            if nth > 0 {
                let words = "a job has one http_sd; this one is left out";
                self.found.note(one.line, format!("job {name}: {words}"));
            } else if let Err(why) = valid_url(url) {
                self.found.note(one.line, format!("job {name}: http_sd_configs: {why}"));
            } else {
                self.put("http_sd", url);
                if let Some(every) = one.get("refresh_interval").and_then(Node::text) {
                    self.put("refresh", every);
                }
            }
        }
    }

    /// The host of a target that has labels.
    fn labelled(&mut self, host: &str, labels: &[(String, Node)], line: usize) {
        let labels: BTreeMap<String, String> = labels
            .iter()
            .filter(|(label, _)| !label.starts_with("__"))
            .filter_map(|(label, value)| Some((label.clone(), value.text()?.to_owned())))
            .collect();
        if !labels.is_empty() {
            let host = Entry { checks: Vec::new(), labels, ..Entry::new(host, host, line) };
            self.hosts.push(host);
        }
    }

    fn path(&mut self) {
        let path = self.text("metrics_path").unwrap_or("/metrics").to_owned();
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        for (key, values) in self.node.get("params").map(Node::pairs).unwrap_or_default() {
            for value in items(Some(values)).iter().filter_map(Node::text) {
                pairs.append_pair(key, value);
            }
        }
        let query = pairs.finish();
        let path = if query.is_empty() { path } else { format!("{path}?{query}") };
        self.put("path", &path);
    }

    fn times(&mut self, global: Option<&Node>) {
        for (key, theirs, usual) in
            [("interval", "scrape_interval", "1m"), ("timeout", "scrape_timeout", "10s")]
        {
            let of_all = global.and_then(|global| global.get(theirs)).and_then(Node::text);
            let value = self.text(theirs).or(of_all).filter(|value| *value != usual);
            if let Some(value) = value.map(str::to_owned) {
                self.put(key, &value);
            }
        }
    }

    /// How it logs in. A secret that stands in the file is written as it stands there.
    fn login(&mut self, name: &str) {
        let of = |node: Option<&Node>, key: &str| {
            node.and_then(|node| node.get(key)).and_then(Node::text).map(str::to_owned)
        };
        let basic = self.node.get("basic_auth");
        if let Some(user) = of(basic, "username") {
            self.put("user", &user);
            self.secret("password", of(basic, "password"), of(basic, "password_file"));
        }
        let bearer = self.node.get("authorization");
        let kind = of(bearer, "type").unwrap_or_else(|| "Bearer".to_owned());
        if kind.eq_ignore_ascii_case("bearer") {
            let inline = of(bearer, "credentials").or(of(Some(self.node), "bearer_token"));
            let file = of(bearer, "credentials_file").or(of(Some(self.node), "bearer_token_file"));
            self.secret("token", inline, file);
        } else {
            let line = bearer.map_or(self.node.line, |node| node.line);
            let words = "an authorization of this type is left out; write headers";
            self.found.note(line, format!("job {name}: {words}"));
        }
        for (key, value) in self.node.get("tls_config").map(Node::pairs).unwrap_or_default() {
            match (key.as_str(), value.text()) {
                ("insecure_skip_verify", Some("true")) => {
                    self.keys.push(("insecure", "true".to_owned()));
                }
                ("insecure_skip_verify", _) => {}
                (other, _) => {
                    let words = format!("job {name}: tls_config: {other} is left out");
                    self.found.note(value.line, words);
                }
            }
        }
    }

    fn secret(&mut self, key: &'static str, inline: Option<String>, file: Option<String>) {
        match (inline, file) {
            (Some(inline), _) => self.put(key, &inline),
            (None, Some(file)) => {
                let file = toml_text(&absolute(&file, self.base));
                self.keys.push((key, format!("{{ file = {file} }}")));
            }
            (None, None) => {}
        }
    }

    fn limits(&mut self, name: &str) {
        if let Some(limit) = self.text("sample_limit").filter(|limit| *limit != "0") {
            match limit.parse::<u32>() {
                Ok(limit) => self.keys.push(("max_samples", limit.to_string())),
                Err(_) => self
                    .found
                    .note(self.node.line, format!("job {name}: sample_limit is no number")),
            }
        }
        if let Some(size) = self.text("body_size_limit").filter(|size| *size != "0") {
            // Prometheus counts its units by 1024 whatever they are called.
            let size = size.replace("KB", "KiB").replace("MB", "MiB").replace("GB", "GiB");
            self.put("max_body", &size);
        }
        let fallback = match self.text("fallback_scrape_protocol") {
            Some(text) if text.starts_with("PrometheusText") => Some("text"),
            Some(text) if text.starts_with("OpenMetrics") => Some("openmetrics"),
            _ => None,
        };
        if let Some(fallback) = fallback {
            self.put("fallback", fallback);
        }
    }
}

/// A target with the port of its scheme when it says none.
fn with_port(target: &str, scheme: &str) -> String {
    let after = target.rsplit_once(']').map_or(target, |(_, after)| after);
    let port = if scheme == "https" { 443 } else { 80 };
    if after.contains(':') { target.to_owned() } else { format!("{target}:{port}") }
}
