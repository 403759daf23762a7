//! What is in force, as TOML that reads back to the same configuration (secrets masked).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Config;
use super::kinds::{FAMILIES, PROTOCOLS, TLS, UDP_EXPECT};
use super::layers::{Origin, id};
use super::limits::{SYSTEM_METRICS, judged_metrics};
use super::settings::{Form, SETTINGS};
use super::value::{Measure, show_size, show_threshold};
use crate::model::spec::{CustomCommand, HttpSpec, MysqlSpec, ProcessSpec};
use crate::model::{Check, Host, Kind, Range, Secret, Spec, State, Thresholds, secret::MASK};

/// Names of headers whose value is a secret, in lower case.
const SECRET_HEADERS: [&str; 6] = ["authorization", "cookie", "token", "key", "secret", "password"];

/// What is said first of a demonstration.
const DEMO: &str = "# demo: everything here is invented, and nothing is sent to anybody\n\
    # of a configuration only the looks count: [console], [wall], [bell] and [keys]\n";

pub(super) fn effective(config: &Config) -> String {
    let mut out = String::new();
    match &config.source {
        _ if config.invented => out.push_str(DEMO),
        Some(path) => {
            let _ = writeln!(out, "# read from {}", line(&path.display().to_string()));
        }
        None => out.push_str("# no configuration file: this machine is monitored\n"),
    }
    let mut section = "";
    for setting in &SETTINGS {
        if setting.section != section {
            section = setting.section;
            let _ = write!(out, "\n[{section}]\n");
        }
        let origin = config.origins.get(&id(setting)).cloned().unwrap_or_default();
        let _ = match (setting.show)(&config.settings) {
            Some(value) => {
                let value = written(setting.form, &value);
                writeln!(out, "{} = {value}  # {}", setting.key, line(&origin.to_string()))
            }
            None => writeln!(out, "# {} is not set  # {}", setting.key, Origin::Default),
        };
    }
    let canaries = config.hosts.iter().filter(|host| host.canary).map(|host| host.name.to_string());
    let canaries: Vec<String> = canaries.collect();
    if !canaries.is_empty() {
        let _ = writeln!(out, "\n[engine]\ncanaries = {}", list(&canaries));
    }
    write_keys(&mut out, &config.keys);
    super::show_channels::write(&mut out, &config.routes);
    super::contexts::write(&mut out, &config.contexts);
    super::speed_targets::write(&mut out, &config.targets);
    super::traffic_caps::write(&mut out, &config.traffic_caps);
    super::schedules::write(&mut out, &config.schedules);
    super::slas::write(&mut out, &config.slas);
    super::remote_write::write(&mut out, &config.remote_write);
    let mut checks: BTreeMap<&str, Vec<&Check>> = BTreeMap::new();
    for check in &config.checks {
        checks.entry(&check.key.host).or_default().push(check);
    }
    for rule in &config.rules {
        let _ = writeln!(out, "\n[[rule]]  # {}", origin(rule.origin.as_ref()));
        Keys { out: &mut out }.rule(rule);
    }
    for job in &config.jobs {
        let _ = writeln!(out, "\n[[scrape]]  # {}", origin(job.prototype.origin.as_ref()));
        Keys { out: &mut out }.job(job);
    }
    for host in &config.hosts {
        write_host(&mut out, host);
        for check in checks.get(&*host.name).into_iter().flatten() {
            write_check(&mut out, check);
        }
    }
    out
}

/// Every setting with its value as TOML, and where it was said.
pub(super) fn in_force(config: &Config) -> Vec<crate::model::Setting> {
    use crate::model::SafeText;
    let show = |setting: &super::settings::Setting| {
        let origin = config.origins.get(&id(setting)).cloned().unwrap_or_default();
        let value = match (setting.show)(&config.settings) {
            Some(value) => written(setting.form, &value),
            None => "not set".to_owned(),
        };
        crate::model::Setting {
            key: SafeText::line(&id(setting)),
            value: SafeText::line(&value),
            default: origin == Origin::Default,
            source: SafeText::line(&origin.to_string()),
        }
    };
    SETTINGS.iter().map(show).collect()
}

/// A value in the form of its setting.
fn written(form: Form, value: &str) -> String {
    match form {
        // A secret is masked, or a reference as it is written.
        Form::Number | Form::Switch | Form::Secret => value.to_owned(),
        Form::Text => text(value),
        Form::List => list(&value.split(',').map(str::to_owned).collect::<Vec<_>>()),
    }
}

/// A text that cannot leave its comment line.
fn line(text: &str) -> String {
    crate::model::SafeText::line(text).to_string()
}

/// A text as TOML, in one line.
#[must_use]
pub fn text(text: &str) -> String {
    // A basic string in one line, so that a comment can follow it.
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

pub(super) fn list<'a>(texts: impl IntoIterator<Item = &'a String>) -> String {
    let quoted: Vec<String> = texts.into_iter().map(|item| text(item)).collect();
    format!("[{}]", quoted.join(", "))
}

fn map(map: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> =
        map.iter().map(|(key, value)| format!("{} = {}", text(key), text(value))).collect();
    format!("{{ {} }}", pairs.join(", "))
}

fn origin(origin: Option<&String>) -> String {
    origin.map_or("built-in".to_owned(), |origin| line(origin))
}

fn write_keys(out: &mut String, keys: &super::console::Keys) {
    if !keys.bindings.is_empty() {
        out.push_str("\n[keys]\n");
    }
    for binding in &keys.bindings {
        let value = match binding.keys.as_slice() {
            [] => text("none"),
            [one] => text(one),
            several => list(several),
        };
        let place = format!("{}:{}", keys.source, binding.place.line);
        let _ = writeln!(out, "{} = {value}  # {}", text(&binding.action), line(&place));
    }
    for action in &keys.actions {
        let place = format!("{}:{}", keys.source, action.place.line);
        let _ = writeln!(out, "\n[[action]]  # {}", line(&place));
        let mut written = Keys { out };
        written.text("name", &action.name);
        written.optional("key", action.key.as_ref());
        written.text("scope", action.scope.word());
        written.put("command", &list(&action.command));
        written.put("confirm", if action.confirm { "true" } else { "false" });
        written.text("run", action.run.word());
    }
}

fn write_host(out: &mut String, host: &Host) {
    let _ = writeln!(out, "\n[[host]]  # {}", origin(host.origin.as_ref()));
    let mut keys = Keys { out };
    keys.text("name", &host.name);
    keys.text("address", &host.address);
    keys.map("labels", &host.labels);
    if !host.groups.is_empty() {
        keys.put("groups", &list(&host.groups));
    }
    keys.optional("contact", host.contact.as_ref());
    keys.optional("contact_list", host.contact_list.as_ref());
    keys.optional("notes", host.notes.as_ref());
    keys.optional("runbook", host.runbook.as_ref());
    keys.optional("agent", host.agent.as_ref());
    let critical = host.unreachable == State::Critical;
    keys.text("unreachable", if critical { "critical" } else { "unknown" });
    if !host.parents.is_empty() {
        let parents: Vec<String> = host.parents.iter().map(ToString::to_string).collect();
        keys.put("parents", &list(&parents));
        keys.text("parents_need", host.parents_need.word());
    }
    if let Some(alive) = &host.alive {
        keys.text("alive", alive);
    }
}

fn write_check(out: &mut String, check: &Check) {
    let _ = writeln!(out, "\n[[host.check]]  # {}", origin(check.origin.as_ref()));
    let mut keys = Keys { out };
    keys.text("kind", check.kind().word());
    keys.common(check);
    keys.spec(&check.spec);
    keys.limits(check);
}

/// Writes keys line by line.
pub(super) struct Keys<'a> {
    pub(super) out: &'a mut String,
}

impl Keys<'_> {
    /// What checks of all kinds have, but their kind.
    pub(super) fn common(&mut self, check: &Check) {
        self.text("name", &check.key.name);
        self.text("interval", &check.interval.to_string());
        self.text("timeout", &check.timeout.to_string());
        self.put("attempts", &check.attempts.to_string());
        self.text("retry", &check.retry.to_string());
        self.put("flapping", if check.flapping.is_some() { "true" } else { "false" });
        self.map("labels", &check.labels);
        self.optional("contact", check.contact.as_ref());
        self.optional("contact_list", check.contact_list.as_ref());
        self.optional("runbook", check.runbook.as_ref());
        self.optional("agent", check.agent.as_ref());
        self.put("enabled", if check.enabled { "true" } else { "false" });
    }

    pub(super) fn put(&mut self, key: &str, value: &str) {
        let _ = writeln!(self.out, "{key} = {value}");
    }

    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.put(key, &text(value));
    }

    pub(super) fn optional<T: AsRef<str>>(&mut self, key: &str, value: Option<&T>) {
        if let Some(value) = value {
            self.text(key, value.as_ref());
        }
    }

    pub(super) fn map(&mut self, key: &str, value: &BTreeMap<String, String>) {
        if !value.is_empty() {
            self.put(key, &map(value));
        }
    }

    pub(super) fn word<T: PartialEq>(&mut self, key: &str, value: &T, words: &[(&str, T)]) {
        if let Some((word, _)) = words.iter().find(|(_, known)| known == value) {
            self.text(key, word);
        }
    }

    fn spec(&mut self, spec: &Spec) {
        match spec {
            Spec::Agent | Spec::Schedule | Spec::Query(_) => {}
            Spec::Ping(spec) => {
                self.put("packets", &spec.packets.to_string());
                self.text("packet_interval", &spec.packet_interval.to_string());
                self.put("size", &spec.size.to_string());
                self.word("family", &spec.family, &FAMILIES);
            }
            Spec::Tcp(spec) => {
                self.put("port", &spec.port.to_string());
                self.optional("send", spec.send.as_ref());
                self.optional("expect", spec.expect.as_ref());
                self.word("family", &spec.family, &FAMILIES);
            }
            Spec::Udp(spec) => {
                self.put("port", &spec.port.to_string());
                self.optional("send", spec.send.as_ref());
                self.word("expect", &spec.expect, &UDP_EXPECT);
                self.word("family", &spec.family, &FAMILIES);
            }
            Spec::Http(spec) => self.http(spec),
            Spec::Json(spec) => self.json(spec),
            Spec::Scrape(spec) => self.scrape(spec),
            Spec::Fluxmq(spec) => self.fluxmq(spec),
            Spec::Fluxbase(spec) => self.fluxbase(spec),
            Spec::Dns(spec) => {
                self.text("query", &spec.query);
                self.text("type", &spec.record_type);
                self.put("resolvers", &list(&spec.resolvers));
                self.put("answers", &list(&spec.answers));
            }
            Spec::Mysql(spec) => self.mysql(spec),
            Spec::Snmp(spec) => {
                for (key, value) in super::snmp::show(spec) {
                    self.put(key, &value);
                }
            }
            Spec::Process(spec) => self.process(spec),
            Spec::Custom(spec) => {
                match &spec.command {
                    CustomCommand::Argv(argv) => self.put("command", &list(argv)),
                    CustomCommand::Shell(line) => self.text("shell", line),
                }
                let masked = mask(&spec.env);
                self.map("env", &masked);
            }
            Spec::System(spec) => {
                self.put("exclude_fs", &list(&spec.exclude_fs));
                self.put("exclude_if", &list(&spec.exclude_if));
            }
            Spec::Trace(spec) => {
                self.word("protocol", &spec.protocol, &PROTOCOLS);
                if let Some(port) = spec.port {
                    self.put("port", &port.to_string());
                }
                self.put("max_hops", &spec.max_hops.to_string());
                self.text("round", &spec.round.to_string());
                self.word("family", &spec.family, &FAMILIES);
            }
        }
    }

    fn http(&mut self, spec: &HttpSpec) {
        self.text("url", &spec.url);
        self.text("method", &spec.method);
        self.map("headers", &mask(&spec.headers));
        self.optional("body", spec.body.as_ref());
        let status = spec.status.to_string();
        self.put("status", &list(&status.split(',').map(str::to_owned).collect::<Vec<_>>()));
        self.optional("contains", spec.contains.as_ref());
        self.optional("regex", spec.regex.as_ref());
        self.text("max_body", &show_size(spec.max_body));
        self.put("redirects", &spec.redirects.to_string());
        self.put("insecure", if spec.insecure { "true" } else { "false" });
        self.word("family", &spec.family, &FAMILIES);
    }

    fn mysql(&mut self, spec: &MysqlSpec) {
        self.text("user", &spec.user);
        self.secret("password", spec.password.as_ref());
        match &spec.socket {
            Some(socket) => self.text("socket", socket),
            None => self.put("port", &spec.port.to_string()),
        }
        self.optional("database", spec.database.as_ref());
        self.word("tls", &spec.tls, &TLS);
        self.optional("query", spec.query.as_ref());
    }

    /// A reference as it is, an inline value masked.
    pub(super) fn secret(&mut self, key: &str, secret: Option<&Secret>) {
        match secret {
            Some(Secret::Env(name)) => self.put(key, &format!("{{ env = {} }}", text(name))),
            Some(Secret::File(path)) => self.put(key, &format!("{{ file = {} }}", text(path))),
            Some(Secret::Command(argv)) => {
                self.put(key, &format!("{{ command = {} }}", list(argv)));
            }
            Some(Secret::Inline(_)) => self.text(key, MASK),
            None => {}
        }
    }

    fn process(&mut self, spec: &ProcessSpec) {
        self.optional("process", spec.process.as_ref());
        self.optional("pattern", spec.pattern.as_ref());
        self.optional("user", spec.user.as_ref());
        self.optional("pid_file", spec.pid_file.as_ref());
    }

    pub(super) fn limits(&mut self, check: &Check) {
        let kind = check.kind();
        match kind {
            Kind::Ping | Kind::Trace => self.round_trip(check),
            Kind::System => self.pairs("thresholds", check, |metric| {
                let known = SYSTEM_METRICS.iter().find(|(name, _)| *name == metric);
                known.map_or(Measure::Count, |(_, measure)| *measure)
            }),
            Kind::Snmp => self.pairs("thresholds", check, super::snmp::measure),
            Kind::Custom => self.pairs("metrics", check, |_| Measure::Count),
            _ => {}
        }
        match &*check.spec {
            Spec::Json(spec) => self.json_values(check, spec),
            Spec::Scrape(spec) => self.series_metrics(check, spec),
            _ => {}
        }
        for judged in judged_metrics(kind) {
            let Some(thresholds) = check.limit(judged.metric) else { continue };
            let mut show = |key: &str, range: Option<Range>| {
                if let Some(range) = range {
                    self.text(key, &show_threshold(&range, judged.measure));
                }
            };
            show(judged.warning, thresholds.warning);
            show(judged.critical, thresholds.critical);
        }
    }

    fn round_trip(&mut self, check: &Check) {
        let none = Thresholds::default();
        let rtt = check.limit("rtt").unwrap_or(&none);
        let loss = check.limit("loss").unwrap_or(&none);
        let pairs =
            [("warning", rtt.warning, loss.warning), ("critical", rtt.critical, loss.critical)];
        for (key, rtt, loss) in pairs {
            let show = |range: Option<Range>, measure| {
                range.map_or(String::new(), |range| show_threshold(&range, measure))
            };
            if rtt.is_some() || loss.is_some() {
                let value =
                    format!("{},{}", show(rtt, Measure::RoundTrip), show(loss, Measure::Percent));
                self.text(key, &value);
            }
        }
    }

    fn pairs(&mut self, key: &str, check: &Check, measure: impl Fn(&str) -> Measure) {
        let mut pairs = Vec::new();
        for limit in &check.limits {
            let measure = measure(&limit.metric);
            let side = |name: &str, range: Option<Range>| {
                range.map(|range| format!("{name} = {}", text(&show_threshold(&range, measure))))
            };
            let sides: Vec<String> = [
                side("warning", limit.thresholds.warning),
                side("critical", limit.thresholds.critical),
            ]
            .into_iter()
            .flatten()
            .collect();
            pairs.push(format!("{} = {{ {} }}", text(&limit.metric), sides.join(", ")));
        }
        // A metric whose default was taken away says so.
        for default in Check::default_limits(check.kind()) {
            if check.limit(&default.metric).is_none() {
                pairs.push(format!("{} = []", text(&default.metric)));
            }
        }
        if !pairs.is_empty() {
            self.put(key, &format!("{{ {} }}", pairs.join(", ")));
        }
    }
}

/// A reference to a secret as it is written; a secret itself is masked.
pub(super) fn secret(secret: &Secret) -> String {
    match secret {
        Secret::Env(name) => format!("{{ env = {} }}", text(name)),
        Secret::File(path) => format!("{{ file = {} }}", text(path)),
        Secret::Command(argv) => format!("{{ command = {} }}", list(argv)),
        Secret::Inline(_) => text(MASK),
    }
}

/// The same with the values of secret-sounding names masked.
pub(super) fn mask(values: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut values = values.clone();
    for (name, value) in &mut values {
        let name = name.to_ascii_lowercase();
        if SECRET_HEADERS.iter().any(|secret| name.contains(secret)) {
            MASK.clone_into(value);
        }
    }
    values
}
