//! What is monitored when nothing is configured: this machine, its gateway, its resolvers.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::hosts::Machine;
use super::settings::Settings;
use super::{Config, Problem};
use crate::model::spec::{DnsSpec, PingSpec, SystemSpec, TraceSpec};
use crate::model::{Check, Host, Kind, Span, Spec, id::valid_name};

/// Most resolvers that get a host of their own.
const RESOLVER_LIMIT: usize = 8;

/// The configuration of a machine that has none.
#[must_use]
pub fn builtin(machine: &Machine, gateway: Option<IpAddr>, resolvers: &[IpAddr]) -> Config {
    let mut config = Config {
        jobs: Vec::new(),
        routes: crate::model::Routes::default(),
        rules: Vec::new(),
        rule_groups: Vec::new(),
        rule_files: Vec::new(),
        rules_dir: None,
        invented: false,
        settings: Settings::default(),
        hosts: Vec::new(),
        checks: Vec::new(),
        contexts: Vec::new(),
        targets: Vec::new(),
        traffic_caps: Vec::new(),
        schedules: Vec::new(),
        slas: Vec::new(),
        remote_write: Vec::new(),
        keys: super::console::Keys::default(),
        source: None,
        warnings: Vec::<Problem>::new(),
        origins: BTreeMap::new(),
    };
    let name = match valid_name(&machine.hostname) {
        Ok(()) => machine.hostname.as_str(),
        Err(_) => "localhost",
    };
    let often = Span::from_secs(10);
    let seldom = Span::from_secs(30);
    config.host(
        name,
        "127.0.0.1",
        "this machine",
        vec![(Kind::System, Spec::System(SystemSpec::default()), often)],
    );
    if let Some(gateway) = gateway {
        let name = config.free_name("gateway");
        config.host(
            &name,
            &gateway.to_string(),
            "the default gateway",
            vec![
                (Kind::Ping, Spec::Ping(PingSpec::default()), seldom),
                (Kind::Trace, Spec::Trace(TraceSpec::default()), Span::from_secs(60)),
            ],
        );
    }
    for (n, resolver) in resolvers.iter().take(RESOLVER_LIMIT).enumerate() {
        let name = config.free_name(&format!("resolver-{}", n + 1));
        let dns = DnsSpec {
            // Every resolver can say who serves the root; one that has only zones of its own and
            // refuses gets a WARNING that says so.
            query: ".".to_owned(),
            record_type: "NS".to_owned(),
            resolvers: Vec::new(),
            answers: Vec::new(),
        };
        config.host(
            &name,
            &resolver.to_string(),
            "a resolver of this machine",
            vec![(Kind::Dns, Spec::Dns(dns), seldom)],
        );
    }
    config
}

impl Config {
    fn free_name(&self, wanted: &str) -> String {
        let taken = |name: &str| self.hosts.iter().any(|host| &*host.name == name);
        let mut name = wanted.to_owned();
        while taken(&name) {
            name.push('\'');
        }
        name
    }

    fn host(&mut self, name: &str, address: &str, what: &str, checks: Vec<(Kind, Spec, Span)>) {
        let host = Host { notes: Some(what.to_owned()), ..Host::new(name, address) };
        for (kind, spec, interval) in checks {
            let defaults = &self.settings.defaults;
            self.checks.push(Check {
                interval,
                timeout: defaults.timeout_for(interval),
                retry: defaults.retry_for(interval),
                attempts: defaults.attempts,
                flapping: defaults.flapping.then_some(defaults.flap_limits),
                limits: Check::default_limits(kind),
                ..Check::new(name, kind.word(), address, spec)
            });
        }
        self.hosts.push(host);
    }
}
