//! A real net-snmp agent, versions 1, 2c and 3; every figure as its own tools read it.

use std::process::Command;
use std::time::Duration;

use fluxnoc::model::snmp::{
    SnmpAuth, SnmpEntry, SnmpLogin, SnmpPrivacy, SnmpSpec, SnmpType, SnmpUser,
};
use fluxnoc::model::{FailureKind, Secret, State, Unit};

use super::snmpd::Snmpd;
use super::{COMMUNITY, Poller, failed, of, spec};

fn user(
    name: &str,
    auth: Option<(SnmpAuth, &str)>,
    privacy: Option<(SnmpPrivacy, &str)>,
) -> SnmpLogin {
    SnmpLogin::V3(SnmpUser {
        name: name.to_owned(),
        context: String::new(),
        auth: auth.map(|(auth, word)| (auth, Secret::Inline(word.to_owned()))),
        privacy: privacy.map(|(privacy, word)| (privacy, Secret::Inline(word.to_owned()))),
    })
}

const AUTH: &str = "auth-passw0rd";
const PRIVACY: &str = "priv-passw0rd";

fn logins() -> Vec<(&'static str, SnmpLogin)> {
    vec![
        ("v1", SnmpLogin::V1(Secret::Inline(COMMUNITY.to_owned()))),
        ("v2c", SnmpLogin::V2c(Secret::Inline(COMMUNITY.to_owned()))),
        ("v3 sha", user("sign", Some((SnmpAuth::Sha, AUTH)), None)),
        (
            "v3 sha256 aes",
            user("noc", Some((SnmpAuth::Sha256, AUTH)), Some((SnmpPrivacy::Aes, PRIVACY))),
        ),
        ("v3 md5 aes", user("old", Some((SnmpAuth::Md5, AUTH)), Some((SnmpPrivacy::Aes, PRIVACY)))),
    ]
}

fn entry(name: &str, oid: &str, label: Option<&str>, counts: SnmpType) -> SnmpEntry {
    SnmpEntry {
        name: name.to_owned(),
        oid: oid.parse().unwrap(),
        label: label.map(|oid| oid.parse().unwrap()),
        unit: Unit::Count,
        scale: 1.0,
        counts,
    }
}

#[tokio::test]
#[ignore = "needs snmpd; tests/run runs it"]
async fn fm_01_every_version_reads_what_net_snmp_reads() {
    let agent = Snmpd::start(COMMUNITY, "disk /\nextend answer /bin/echo 42\n");
    for (what, login) in logins() {
        let asked = SnmpSpec {
            login,
            get: vec![
                entry("users", "1.3.6.1.2.1.25.1.5.0", None, SnmpType::Gauge),
                // An `extend` gives a text; it is a number all the same.
                entry(
                    "answer",
                    "1.3.6.1.4.1.8072.1.3.2.3.1.1.6.97.110.115.119.101.114",
                    None,
                    SnmpType::Gauge,
                ),
                entry("absent", "1.3.6.1.4.1.99999.1.0", None, SnmpType::Gauge),
            ],
            walk: vec![entry(
                "mtu",
                "1.3.6.1.2.1.2.2.1.4",
                Some("1.3.6.1.2.1.2.2.1.2"),
                SnmpType::Gauge,
            )],
            interfaces: vec!["*".to_owned(), "lo".to_owned()],
            ..spec(agent.port)
        };
        let mut poller = Poller::new(asked, Duration::from_secs(10));
        let seen = poller.poll().await;
        assert_eq!(seen.failure, None, "{what}: {}", seen.output);
        assert_eq!(of(&seen, "answer"), Some(42.0), "{what}: {seen:?}");
        assert_eq!(of(&seen, "users"), Some(agent.number("1.3.6.1.2.1.25.1.5.0")), "{what}");
        let said = "absent: the agent has no object 1.3.6.1.4.1.99999.1.0";
        assert!(seen.output.as_str().contains(said), "{what}: {}", seen.output);
        // Every row of the table under its name.
        let names = agent.tool("snmpbulkwalk", &["1.3.6.1.2.1.2.2.1.2"]);
        let sizes = agent.tool("snmpbulkwalk", &["1.3.6.1.2.1.2.2.1.4"]);
        assert!(!names.is_empty() && names.len() == sizes.len());
        for ((_, name), (_, size)) in names.iter().zip(&sizes) {
            let label = format!("mtu[{name}]");
            assert_eq!(of(&seen, &label), Some(size.parse().unwrap()), "{what}: {label}");
        }
        // Interfaces by name, with their states.
        let admin = agent.tool("snmpbulkwalk", &["1.3.6.1.2.1.2.2.1.7"]);
        let oper = agent.tool("snmpbulkwalk", &["1.3.6.1.2.1.2.2.1.8"]);
        for ((_, name), ((_, admin), (_, oper))) in names.iter().zip(admin.iter().zip(&oper)) {
            let wanted = if admin == "2" { 0.0 } else { oper.parse().unwrap() };
            assert_eq!(of(&seen, &format!("link_state[{name}]")), Some(wanted), "{what}: {name}");
        }
        near(&agent, &seen, what);
    }
}

/// Figures that move, near to what net-snmp's tools read a moment later.
fn near(agent: &Snmpd, seen: &fluxnoc::model::Observation, what: &str) {
    let close = |label: &str, wanted: f64, slack: f64| {
        let have = of(seen, label).unwrap_or_else(|| panic!("{what}: no {label} in {seen:?}"));
        assert!((have - wanted).abs() <= slack, "{what}: {label} {have}, net-snmp {wanted}");
    };
    let kb = |object: u32| agent.number(&format!("1.3.6.1.4.1.2021.4.{object}.0"));
    // Version 1 has no 64-bit objects, so there the cache is reckoned with.
    let wide = what != "v1";
    let available = if wide { kb(27) } else { kb(6) + kb(14) + kb(15) };
    close("memory_usage", (1.0 - available / kb(5)) * 100.0, 2.0);
    let dsk = |column: u32| agent.number(&format!("1.3.6.1.4.1.2021.9.1.{column}.1"));
    let (free, used) = (dsk(14) * 4_294_967_296.0 + dsk(13), dsk(16) * 4_294_967_296.0 + dsk(15));
    close("disk_usage[/]", used / (used + free) * 100.0, 0.5);
    let df = Command::new("df").args(["--output=pcent", "/"]).output().unwrap();
    let df = String::from_utf8(df.stdout).unwrap();
    let df: f64 = df.lines().last().unwrap().trim().trim_end_matches('%').parse().unwrap();
    close("disk_usage[/]", df, 1.0);
    let cores = agent.number("1.3.6.1.4.1.2021.11.67.0");
    let load = agent.number("1.3.6.1.4.1.2021.10.1.3.1");
    close("load1", load, 0.5);
    let each = of(seen, "load1").unwrap() / cores;
    close("load1_per_core", each, 1e-9);
    close("uptime", agent.number("1.3.6.1.2.1.25.1.1.0") / 100.0, 20.0);
}

#[tokio::test]
#[ignore = "needs snmpd; tests/run runs it"]
async fn fm_08_fm_11_processor_shares_are_those_of_the_agents_ticks() {
    let agent = Snmpd::start(COMMUNITY, "");
    let names = [50, 51, 52, 53, 54, 56, 61, 64].map(|n| format!("1.3.6.1.4.1.2021.11.{n}.0"));
    let names = names.each_ref().map(String::as_str);
    // One request, so that no refresh of the agent falls between two of them.
    let all = || -> Vec<f64> {
        agent.tool("snmpget", &names).iter().map(|(_, ticks)| ticks.parse().unwrap()).collect()
    };
    // The agent reads its ticks every five seconds; before the first time they are 0.
    let wait = async |until: &dyn Fn(&[f64]) -> bool| {
        loop {
            let now = all();
            if until(&now) {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let only = SnmpSpec { interfaces: Vec::new(), ..spec(agent.port) };
    let mut poller = Poller::new(only, Duration::from_secs(5));
    assert_eq!(of(&poller.poll().await, "cpu_usage"), None);
    let first = wait(&|ticks| ticks.iter().sum::<f64>() > 0.0).await;
    let first = wait(&|ticks| ticks != first).await;
    assert_eq!(of(&poller.poll().await, "cpu_usage"), None, "the first ticks are no interval");
    let second = wait(&|ticks| ticks != first).await;
    let seen = poller.poll().await;
    let delta: Vec<f64> = second.iter().zip(&first).map(|(after, before)| after - before).collect();
    let total: f64 = delta.iter().sum();
    let (idle, waiting) = (delta[3], delta[4]);
    let usage = of(&seen, "cpu_usage").unwrap();
    assert!((usage - (total - idle - waiting) / total * 100.0).abs() < 1e-6, "{usage}, {delta:?}");
    assert!((of(&seen, "io_wait").unwrap() - waiting / total * 100.0).abs() < 1e-6);
}

#[tokio::test]
#[ignore = "needs snmpd; tests/run runs it"]
async fn wrong_credentials_are_unknown_or_refused_and_never_shown() {
    let agent = Snmpd::start(COMMUNITY, "");
    let word = |word: &str| Secret::Inline(word.to_owned());
    let silent = [
        ("community", SnmpLogin::V2c(word("wrong-passw0rd"))),
        ("community of version 1", SnmpLogin::V1(word("wrong-passw0rd"))),
        (
            "password of the signature",
            user(
                "noc",
                Some((SnmpAuth::Sha256, "wrong-passw0rd")),
                Some((SnmpPrivacy::Aes, PRIVACY)),
            ),
        ),
        ("algorithm", user("noc", Some((SnmpAuth::Sha, AUTH)), Some((SnmpPrivacy::Aes, PRIVACY)))),
        ("user", user("nobody", Some((SnmpAuth::Sha256, AUTH)), None)),
        (
            "password of the encryption",
            user("noc", Some((SnmpAuth::Sha256, AUTH)), Some((SnmpPrivacy::Aes, "wrong-passw0rd"))),
        ),
    ];
    for (what, login) in silent {
        let mut poller =
            Poller::new(SnmpSpec { login, ..spec(agent.port) }, Duration::from_millis(2500));
        let verdict = poller.verdict().await;
        assert_eq!(verdict.state, State::Unknown, "{what}: {}", verdict.output);
        let text = verdict.output.as_str();
        assert!(text.starts_with("no answer, or wrong community or credentials"), "{what}: {text}");
    }
    // A user without encryption where the agent demands it: it says so.
    let login = user("noc", Some((SnmpAuth::Sha256, AUTH)), None);
    let mut poller = Poller::new(SnmpSpec { login, ..spec(agent.port) }, Duration::from_secs(2));
    let seen = poller.poll().await;
    assert_eq!(failed(&seen).0, FailureKind::Login, "{}", seen.output);
    // The same session takes the right password at the next poll, as after a rotated secret.
    let login = user("noc", Some((SnmpAuth::Sha256, AUTH)), Some((SnmpPrivacy::Aes, PRIVACY)));
    poller.check.spec = std::sync::Arc::new(fluxnoc::model::Spec::Snmp(Box::new(SnmpSpec {
        login,
        ..spec(agent.port)
    })));
    let seen = poller.poll().await;
    assert_eq!(seen.failure, None, "{}", seen.output);
}

#[tokio::test]
#[ignore = "needs snmpd; tests/run runs it"]
async fn an_agent_that_was_started_again_is_known_again() {
    for (what, login) in logins() {
        let mut agent = Snmpd::start(COMMUNITY, "");
        let asked = SnmpSpec { login, host_metrics: false, ..spec(agent.port) };
        let mut poller = Poller::new(asked, Duration::from_secs(5));
        assert_eq!(poller.poll().await.failure, None, "{what}");
        // Another identity, boots and time: what was agreed with the first one is void.
        agent.restart();
        let mut seen = poller.poll().await;
        if seen.failure.is_some() {
            seen = poller.poll().await;
        }
        assert_eq!(seen.failure, None, "{what}: {}", seen.output);
    }
}
