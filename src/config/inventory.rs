//! All hosts and checks of a file: each read by itself, then put together.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::hosts::{self, Machine};
use super::problem::Sink;
use super::reader::Reader;
use super::settings::Defaults;
use super::ways::{self, Way};
use super::{keys, kinds, limits};
use crate::model::{Check, CheckKey, FlapLimits, Host, Kind, Limit, Pattern, Span, Spec};

/// Most checks of one configuration.
pub const CHECK_LIMIT: usize = 100_000;

/// A check without its host.
struct Template {
    name: String,
    at: Range<usize>,
    kind: Kind,
    spec: Arc<Spec>,
    interval: Span,
    retry: Span,
    timeout: Span,
    attempts: u32,
    flapping: Option<FlapLimits>,
    limits: Vec<Limit>,
    labels: BTreeMap<String, String>,
    contact: Option<String>,
    contact_list: Option<crate::model::Name>,
    runbook: Option<String>,
    agent: Option<crate::model::Name>,
    enabled: bool,
    origin: String,
}

impl Template {
    /// True when it looks at the machine it runs on, and that is not the host.
    fn is_foreign_to(&self, host: &Host, machine: &Machine) -> bool {
        let by_agent = self.agent.is_some() || host.agent.is_some();
        self.spec.is_local() && !by_agent && !machine.is_this(&host.address)
    }

    fn on(&self, host: &Host) -> Check {
        Check {
            key: CheckKey::new(Arc::clone(&host.name), self.name.as_str()),
            address: Arc::clone(&host.address),
            spec: Arc::clone(&self.spec),
            interval: self.interval,
            retry: self.retry,
            timeout: self.timeout,
            attempts: self.attempts,
            flapping: self.flapping,
            limits: self.limits.clone(),
            by_rule: Vec::new(),
            rule: None,
            labels: self.labels.clone(),
            contact: self.contact.clone(),
            contact_list: self.contact_list.clone().or_else(|| host.contact_list.clone()),
            runbook: self.runbook.clone(),
            agent: self.agent.clone().or_else(|| host.agent.clone()),
            enabled: self.enabled,
            origin: Some(self.origin.clone()),
        }
    }
}

/// Everything that is put together.
struct Assembly<'a> {
    sink: &'a Sink<'a>,
    machine: &'a Machine,
    checks: Vec<Check>,
    lines: HashMap<CheckKey, usize>,
    /// Hosts with `enabled = false`.
    disabled: HashSet<Arc<str>>,
    full: bool,
}

/// Reads all `[[host]]` and `[[check]]` tables of a file.
pub(super) fn read<'a>(
    top: &Reader<'a>,
    defaults: &Defaults,
    machine: &'a Machine,
) -> (Vec<Host>, Vec<Check>) {
    let sink = top.sink;
    let mut assembly = Assembly {
        sink,
        machine,
        checks: Vec::new(),
        lines: HashMap::new(),
        disabled: HashSet::new(),
        full: false,
    };
    let mut hosts: Vec<Host> = Vec::new();
    let mut ways: Vec<Way> = Vec::new();
    let mut names: HashMap<Arc<str>, usize> = HashMap::new();
    for reader in top.tables("host", "[[host]]") {
        let own_checks = reader.tables("check", "[[host.check]]");
        let templates: Vec<Template> =
            own_checks.iter().filter_map(|check| template(check, false, defaults)).collect();
        let Some(written) = hosts::read(reader, defaults) else { continue };
        let way = Way::of(&written);
        let host = written.host;
        let line = sink.text.line(written.name_at.start);
        if let Some(first) = names.insert(Arc::clone(&host.name), line) {
            let why = format!("host `{}` exists already, in line {first}", host.name);
            sink.wrong(&written.name_at, why);
            continue;
        }
        if !written.enabled {
            assembly.disabled.insert(Arc::clone(&host.name));
        }
        for (kind, at) in &written.bare {
            assembly.add(&bare(*kind, at, defaults, &written.reader), &host);
        }
        for template in &templates {
            assembly.add(template, &host);
        }
        hosts.push(host);
        ways.push(way);
    }
    for reader in top.tables("check", "[[check]]") {
        let patterns = patterns(&reader);
        let Some(template) = template(&reader, true, defaults) else { continue };
        if !patterns.is_empty() {
            assembly.spread(&template, &patterns, &hosts);
        }
    }
    ways::put(sink, &mut hosts, &ways, &assembly.checks);
    ways::mark(sink, &mut hosts, &ways::canaries(top));
    (hosts, assembly.checks)
}

impl Assembly<'_> {
    fn add(&mut self, template: &Template, host: &Host) {
        if template.is_foreign_to(host, self.machine) {
            self.sink.wrong(&template.at, not_here(template.kind, host, 1));
            return;
        }
        self.put(template, host);
    }

    /// A `[[check]]` on every host that matches.
    fn spread(&mut self, template: &Template, patterns: &[Pattern], hosts: &[Host]) {
        let matches = |host: &&Host| patterns.iter().any(|pattern| pattern.matches(&host.name));
        let matching: Vec<&Host> = hosts.iter().filter(matches).collect();
        if matching.is_empty() {
            self.sink.warn(&template.at, format!("`{}` matches no host", template.name));
        }
        if template.spec.is_local() {
            let foreign: Vec<&&Host> =
                matching.iter().filter(|host| template.is_foreign_to(host, self.machine)).collect();
            if let Some(first) = foreign.first() {
                self.sink.wrong(&template.at, not_here(template.kind, first, foreign.len()));
                return;
            }
        }
        for host in matching {
            self.put(template, host);
        }
    }

    fn put(&mut self, template: &Template, host: &Host) {
        if self.checks.len() >= CHECK_LIMIT {
            if !self.full {
                self.full = true;
                let why = format!("there are more than {CHECK_LIMIT} checks");
                self.sink.wrong(&template.at, why);
            }
            return;
        }
        let mut check = template.on(host);
        check.enabled &= !self.disabled.contains(&host.name);
        if check.agent.is_some() && super::file::is_inline(&check) {
            let why = format!(
                "check `{}` runs at an agent, and a password that is written here never leaves this \
                 file; write {{ env = \"NAME\" }} or {{ file = \"PATH\" }}, which the agent reads",
                check.key
            );
            self.sink.wrong(&template.at, why);
        }
        let line = self.sink.text.line(template.at.start);
        if let Some(first) = self.lines.insert(check.key.clone(), line) {
            self.lines.insert(check.key.clone(), first);
            let why = format!(
                "check `{}` exists already, in line {first}; give one of them a `name` of its own",
                check.key
            );
            self.sink.wrong(&template.at, why);
            return;
        }
        self.checks.push(check);
    }
}

fn not_here(kind: Kind, host: &Host, count: usize) -> String {
    let more = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
    format!(
        "`{kind}` looks at the machine it runs on, and host `{}`{more} with address {} is not this \
         machine; move it to a host with address = \"127.0.0.1\", or give the host an `agent` there",
        host.name, host.address
    )
}

fn patterns(reader: &Reader<'_>) -> Vec<Pattern> {
    reader.require("hosts", "hosts = \"db-*\"");
    let texts = reader.texts("hosts").unwrap_or_default();
    let mut patterns = Vec::with_capacity(texts.len());
    for (text, span) in texts {
        match text.parse::<Pattern>() {
            Ok(pattern) => patterns.push(pattern),
            Err(error) => reader.sink.wrong(&span, format!("hosts: {error}")),
        }
    }
    patterns
}

/// The check of a word in `checks = [...]`.
fn bare(kind: Kind, at: &Range<usize>, defaults: &Defaults, reader: &Reader<'_>) -> Template {
    let spec = match kind {
        Kind::Trace => Spec::Trace(crate::model::spec::TraceSpec::default()),
        Kind::System => Spec::System(crate::model::spec::SystemSpec::default()),
        _ => Spec::Ping(crate::model::spec::PingSpec::default()),
    };
    Template {
        name: kind.word().to_owned(),
        at: at.clone(),
        kind,
        spec: Arc::new(spec),
        interval: defaults.interval,
        retry: defaults.retry_for(defaults.interval),
        timeout: defaults.timeout_for(defaults.interval),
        attempts: defaults.attempts,
        flapping: defaults.flapping.then_some(defaults.flap_limits),
        limits: Check::default_limits(kind),
        labels: BTreeMap::new(),
        contact: None,
        contact_list: None,
        runbook: None,
        agent: None,
        enabled: true,
        origin: reader.sink.text.origin(at.start),
    }
}

/// Reads a check's table; `None` when it cannot become a check (which was said).
fn template(reader: &Reader<'_>, shared: bool, defaults: &Defaults) -> Option<Template> {
    let words: Vec<(&str, Kind)> = Kind::ALL.iter().map(|kind| (kind.word(), *kind)).collect();
    reader.require("kind", "kind = \"ping\"");
    let kind = match reader.text("kind").map(|word| (word, word.parse::<Kind>())) {
        Some((_, Ok(kind))) if !matches!(kind, Kind::Agent | Kind::Schedule | Kind::Query) => kind,
        Some(_) => reader.choice("kind", &words)?,
        None => return None,
    };
    let mut known = keys::of_check(kind, shared);
    known.extend(limits::refuse_ranges(reader, kind));
    assemble(reader, kind, &known, defaults, || kinds::spec(reader, kind))
}

/// What the checks of a `[[scrape]]` have in common.
pub(super) fn scrape_job(reader: &Reader<'_>, defaults: &Defaults) -> Option<Check> {
    let spec = || super::polled::scrape(reader, Some("http://target/")).map(Spec::Scrape);
    let template = assemble(reader, Kind::Scrape, &super::targets::known(), defaults, spec)?;
    Some(template.on(&Host::new("", "")))
}

/// What the checks of a `[[fluxmq]]` have in common; its spec has all nodes.
pub(super) fn fluxmq_entry(reader: &Reader<'_>, defaults: &Defaults) -> Option<Check> {
    let spec = || super::fluxmq::spec(reader).map(Spec::Fluxmq);
    let template = assemble(reader, Kind::Fluxmq, &super::fluxmq::known(), defaults, spec)?;
    Some(template.on(&Host::new("", "")))
}

/// What the checks of a `[[fluxbase]]` have in common.
pub(super) fn fluxbase_entry(reader: &Reader<'_>, defaults: &Defaults) -> Option<Check> {
    let spec = || super::fluxbase::spec(reader).map(Spec::Fluxbase);
    let template = assemble(reader, Kind::Fluxbase, &super::fluxbase::known(), defaults, spec)?;
    Some(template.on(&Host::new("", "")))
}

fn assemble(
    reader: &Reader<'_>,
    kind: Kind,
    known: &[&str],
    defaults: &Defaults,
    spec: impl FnOnce() -> Option<Spec>,
) -> Option<Template> {
    reader.refuse_unknown(known);
    let name = match reader.text("name") {
        Some(_) => reader.name("name")?,
        None => kind.word(),
    };
    let times = times(reader, defaults);
    let own = |key: &str| reader.text(key).map(str::to_owned);
    let rest = Template {
        name: name.to_owned(),
        at: reader.span.clone(),
        kind,
        spec: Arc::new(Spec::System(crate::model::spec::SystemSpec::default())),
        interval: times.interval,
        retry: times.retry,
        timeout: times.timeout,
        attempts: reader.number("attempts", 1..=100).unwrap_or(defaults.attempts),
        flapping: reader
            .boolean("flapping")
            .unwrap_or(defaults.flapping)
            .then_some(defaults.flap_limits),
        limits: limits::read(reader, kind),
        labels: reader.map("labels"),
        contact: own("contact"),
        contact_list: super::channels::list_of(reader, &defaults.contact_lists),
        runbook: own("runbook"),
        agent: hosts::agent(reader),
        enabled: reader.boolean("enabled").unwrap_or(true),
        origin: reader.origin(),
    };
    let spec = spec()?;
    if let Spec::Ping(ping) = &spec {
        fits(reader, ping, times.timeout);
    }
    Some(Template { spec: Arc::new(spec), ..rest })
}

struct Times {
    interval: Span,
    retry: Span,
    timeout: Span,
}

fn times(reader: &Reader<'_>, defaults: &Defaults) -> Times {
    let interval = reader.duration("interval", super::value::INTERVAL).unwrap_or(defaults.interval);
    let bounded = |key: &str, otherwise: Span, bounds| {
        let Some(span) = reader.duration(key, bounds) else { return otherwise };
        if span > interval {
            reader.wrong(key, format!("{span} is longer than the interval of {interval}"));
            return otherwise;
        }
        span
    };
    let retry = bounded("retry", defaults.retry_for(interval), super::value::INTERVAL);
    let timeout = bounded("timeout", defaults.timeout_for(interval), super::value::TIMEOUT);
    Times { interval, retry, timeout }
}

/// Refuses a ping that cannot end before its own deadline.
fn fits(reader: &Reader<'_>, ping: &crate::model::spec::PingSpec, timeout: Span) {
    let gaps = u64::from(ping.packets.saturating_sub(1));
    let sending = Span::from_millis(ping.packet_interval.millis().saturating_mul(gaps));
    if sending >= timeout {
        let key = if reader.has("packets") { "packets" } else { "packet_interval" };
        let why = format!(
            "{} packets every {} take {sending}, not less than the timeout of {timeout}",
            ping.packets, ping.packet_interval
        );
        reader.wrong(key, why);
    }
}
