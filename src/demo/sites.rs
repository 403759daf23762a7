//! Who is in the simulated network: five sites with routers, switches, web, database, mail, name
//! and application servers; and the access switches of a storm.

use crate::model::snmp::{SnmpLogin, SnmpSpec};
use crate::model::spec::{
    CustomCommand, CustomSpec, DnsSpec, HttpSpec, MysqlSpec, MysqlTls, PingSpec, ProcessSpec,
    ScrapeSpec, SystemSpec, TcpSpec, TraceSpec,
};
use crate::model::{Check, Host, Limit, Range, Secret, Span, Spec, State};

/// The sites: name, city, second byte of its addresses.
pub const SITES: [(&str, &str, u8); 5] = [
    ("fra", "Frankfurt", 1),
    ("dal", "Dallas", 2),
    ("ams", "Amsterdam", 3),
    ("lon", "London", 4),
    ("sin", "Singapore", 5),
];

/// The roles of a site: name, how many, third byte of the addresses, whom to call.
const ROLES: [(&str, u8, u8, &str); 7] = [
    ("core", 2, 0, "transport desk"),
    ("sw", 2, 1, "transport desk"),
    ("web", 3, 10, "web on-call"),
    ("db", 2, 20, "database on-call"),
    ("mail", 1, 30, "messaging desk"),
    ("dns", 1, 40, "transport desk"),
    ("app", 1, 50, "web on-call"),
];

/// The router whose fall begins a storm.
pub const FIRST_OF_STORM: &str = "core-fra-2";

/// All hosts with their checks.
pub fn build() -> (Vec<Host>, Vec<Check>) {
    let (mut hosts, mut checks) = (Vec::new(), Vec::new());
    for (site, city, net) in SITES {
        for (role, count, group, contact) in ROLES {
            for n in 1..=count {
                let name = format!("{role}-{site}-{n}");
                let address = format!("10.{net}.{group}.{n}");
                let mut host = Host::new(&name, &address);
                host.labels = [("site", site), ("role", role)]
                    .map(|(key, value)| (key.to_owned(), value.to_owned()))
                    .into();
                host.groups = vec![role.to_owned()];
                host.contact = Some(contact.to_owned());
                host.notes = Some(format!("simulated, {city}, rack {}", n + group / 10));
                host.runbook = Some(format!(
                    "1. Look at the path (t) and at the other hosts of {site}.\n2. Call the \
                     {contact}.\n3. Acknowledge (a), so that others know."
                ));
                host.unreachable =
                    if matches!(role, "core" | "sw") { State::Critical } else { State::Unknown };
                checks.extend(checks_of(role, n, &name, &address));
                hosts.push(host);
            }
        }
    }
    (hosts, checks)
}

/// The access switches that fall silent in a storm; the router before them is one of its alerts.
pub fn add_storm(hosts: &mut Vec<Host>, checks: &mut Vec<Check>, alerts: u32) {
    for n in 1..alerts {
        let name = format!("acc-fra-{n:04}");
        let address = format!("10.1.{}.{}", 100 + n / 250, n % 250 + 1);
        let mut host = Host::new(&name, &address);
        host.labels = [("site", "fra"), ("role", "acc")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        host.groups = vec!["acc".to_owned()];
        host.contact = Some("transport desk".to_owned());
        host.notes = Some("simulated access switch behind core-fra-2".to_owned());
        host.unreachable = State::Critical;
        // One attempt: a storm is not softened by patience.
        checks.push(Check { attempts: 1, ..ping(&name, &address) });
        hosts.push(host);
    }
    for check in checks.iter_mut().filter(|c| &*c.key.host == FIRST_OF_STORM) {
        if &*check.key.name == "ping" {
            check.interval = Span::from_secs(5);
            check.retry = Span::from_secs(5);
            check.timeout = Span::from_secs(5);
            check.attempts = 1;
        }
    }
}

fn check(host: &str, name: &str, address: &str, spec: Spec) -> Check {
    let limits = Check::default_limits(spec.kind());
    Check { limits, ..Check::new(host, name, address, spec) }
}

fn timed(mut check: Check, warning: f64, critical: f64) -> Check {
    let limit = Limit::new("time", Some(Range::above(warning)), Some(Range::above(critical)));
    check.limits.push(limit);
    check
}

fn ping(host: &str, address: &str) -> Check {
    check(host, "ping", address, Spec::Ping(PingSpec::default()))
}

fn system(host: &str, address: &str) -> Check {
    check(host, "system", address, Spec::System(SystemSpec::default()))
}

/// A switch with its ports; each that should carry traffic and does not is a problem.
fn device(host: &str, address: &str) -> Check {
    let login = SnmpLogin::V2c(Secret::Inline("simulated".to_owned()));
    let mut check = check(host, "snmp", address, Spec::Snmp(Box::new(SnmpSpec::new(login))));
    let up_or_shut = Range { start: 0.0, end: 1.0, inverted: false };
    check.limits.push(Limit::new("link_state", None, Some(up_or_shut)));
    check
}

fn plugin(host: &str, address: &str, name: &str, program: &str) -> Check {
    let command = CustomCommand::Argv(vec![program.to_owned()]);
    let spec = CustomSpec { command, env: std::collections::BTreeMap::new() };
    check(host, name, address, Spec::Custom(spec))
}

fn web(host: &str, name: &str, address: &str, url: &str) -> Check {
    timed(check(host, name, address, Spec::Http(HttpSpec::get(url))), 0.5, 2.0)
}

fn port(host: &str, name: &str, address: &str, port: u16) -> Check {
    let spec = TcpSpec { port, send: None, expect: None, family: crate::model::spec::Family::Auto };
    timed(check(host, name, address, Spec::Tcp(spec)), 0.2, 1.0)
}

fn checks_of(role: &str, n: u8, host: &str, at: &str) -> Vec<Check> {
    let mut checks = vec![ping(host, at)];
    let trace = || check(host, "trace", at, Spec::Trace(TraceSpec::default()));
    match role {
        "core" => {
            checks.push(system(host, at));
            checks.push(plugin(host, at, "link te1/1", "check_link"));
            if n == 1 {
                checks.push(trace());
            }
        }
        "sw" => checks.push(device(host, at)),
        "web" => {
            checks.push(web(host, "http", at, &format!("https://{host}.example/health")));
            checks.push(system(host, at));
            if n == 1 {
                checks.push(trace());
                let url = format!("http://{host}.example:9100/metrics");
                let node = check(host, "node", at, Spec::Scrape(ScrapeSpec::get(&url)));
                checks.push(Check { interval: Span::from_secs(15), ..node });
            }
        }
        "db" => {
            let spec = MysqlSpec {
                user: "monitor".to_owned(),
                password: None,
                port: 3306,
                socket: None,
                database: None,
                tls: MysqlTls::Prefer,
                query: None,
            };
            checks.push(timed(check(host, "mysql", at, Spec::Mysql(spec)), 0.25, 1.0));
            checks.push(system(host, at));
            if n == 1 {
                checks.push(plugin(host, at, "backup", "check_backup"));
            }
        }
        "mail" => {
            checks.push(port(host, "smtp", at, 25));
            checks.push(web(host, "webmail", at, &format!("https://{host}.example/")));
        }
        "dns" => {
            let spec = DnsSpec {
                query: "www.example".to_owned(),
                record_type: "A".to_owned(),
                resolvers: Vec::new(),
                answers: Vec::new(),
            };
            checks.push(timed(check(host, "dns", at, Spec::Dns(spec)), 0.25, 0.5));
        }
        _ => {
            checks.push(port(host, "api", at, 8443));
            let spec = ProcessSpec { process: Some("appd".to_owned()), ..ProcessSpec::default() };
            checks.push(check(host, "appd", at, Spec::Process(spec)));
        }
    }
    checks
}
