//! A simulated switch as an SNMP poll sees it: its own load, and every port.
//!
//! Ports are up with traffic of the day, or shut; what goes wrong, goes wrong at the first uplink.

use std::sync::Arc;

use super::Plot;
use super::dice::{day, share, wander};
use super::story::Fate;
use crate::model::{Check, CheckKey, Metric, Observation, SafeText, Timestamp, Unit};

/// Ports to servers.
const PORTS: usize = 24;
/// Of them, every so many has nothing plugged in and is shut.
const SHUT: usize = 5;
/// Who is behind a port, in turn.
const BEHIND: [&str; 8] = ["web", "cache", "db", "app", "mail", "dns", "backup", "lab"];

/// A port, by its name: where it leads, and how fast it is in bit/s.
struct Port {
    name: String,
    alias: String,
    speed: f64,
    is_shut: bool,
}

fn ports(site: &str) -> impl Iterator<Item = Port> + '_ {
    let uplinks = (0..2).map(move |n| Port {
        name: format!("te-0/1/{n}"),
        alias: format!("uplink core-{site}-{}", n + 1),
        speed: 1e10,
        is_shut: false,
    });
    let access = (0..PORTS).map(move |n| {
        let behind = BEHIND.get(n % BEHIND.len()).copied().unwrap_or("lab");
        let is_shut = n % SHUT == SHUT - 1;
        let alias = format!("{behind}-{site}-{}", n / BEHIND.len() + 1);
        Port {
            name: format!("ge-0/0/{n}"),
            alias: if is_shut { String::new() } else { alias },
            speed: 1e9,
            is_shut,
        }
    });
    uplinks.chain(access)
}

/// What a poll sees while the device answers.
pub fn observe(plot: Plot, check: &Check, at: Timestamp, fate: Fate) -> Observation {
    let host = &*check.key.host;
    let site = host.split('-').nth(1).unwrap_or("fra");
    let millis = at.millis();
    let own = |what: &str| wander(plot.seed, &format!("{host} {what}"), millis, 120_000);
    let (cpu, memory) = (6.0 + 10.0 * own("cpu") + 8.0 * day(millis), 41.0 + 4.0 * own("memory"));
    let percent = |name: &str, value: f64| Metric::new(name, value, Unit::Percent);
    let mut metrics = vec![percent("cpu_usage", cpu), percent("memory_usage", memory)];
    let mut aliases = std::collections::BTreeMap::new();
    let (mut up, mut count) = (0, 0);
    for (n, port) in ports(site).enumerate() {
        let is_down = n == 0 && fate == Fate::Bad;
        let errors = if n == 0 && fate == Fate::Poor { 1.5 + own("errors") } else { 0.0 };
        let state = match (port.is_shut, is_down) {
            (true, _) => 0.0,
            (_, true) => 2.0,
            _ => 1.0,
        };
        let of = |name: &str, value: f64, unit: Unit| Metric::new(name, value, unit).of(&port.name);
        let is_up = !port.is_shut && !is_down;
        let rate = if is_up { load(plot, &check.key, &port, millis) } else { (0.0, 0.0) };
        metrics.push(of("network_error_rate", errors, Unit::Percent));
        metrics.push(of("octets_in", rate.0, Unit::BitsPerSecond));
        metrics.push(of("octets_out", rate.1, Unit::BitsPerSecond));
        metrics.push(of("network_speed", port.speed, Unit::BitsPerSecond));
        metrics.push(of("link_state", state, Unit::Count));
        if !port.alias.is_empty() {
            aliases.insert(port.name.as_str().into(), SafeText::line(&port.alias));
        }
        (up, count) = (up + usize::from(is_up), count + 1);
    }
    let down = match fate {
        Fate::Bad => format!(", down: te-0/1/0 (uplink core-{site}-1)"),
        _ => String::new(),
    };
    let text = format!("cpu {cpu:.0} %, memory {memory:.0} %, {up} of {count} interfaces up{down}");
    Observation { aliases: Some(Arc::new(aliases)), ..Observation::seen(text, metrics) }
}

/// What a port takes in and sends out, in bit/s, with the shape of the day.
fn load(plot: Plot, check: &CheckKey, port: &Port, millis: i64) -> (f64, f64) {
    let key = CheckKey::new(&*check.host, &*port.name).to_string();
    let size = 0.05 + 0.6 * share(plot.seed, &key, 0).powi(2);
    let slow = wander(plot.seed, &key, millis, 240_000);
    let fast = wander(plot.seed, &format!("{key} fast"), millis, 9_000);
    let used = size * (0.2 + 0.8 * day(millis)) * (0.7 + 0.4 * slow + 0.15 * fast);
    let input = port.speed * used.min(0.97);
    (input, input * (0.2 + 0.4 * share(plot.seed, &key, 1) + 0.2 * fast))
}
