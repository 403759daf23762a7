//! `/etc/hosts`: an address and its names on a line.

use std::collections::HashSet;
use std::net::IpAddr;

use super::entry::{Entry, Found};

/// Reads a hosts file. What is no other machine (loopback, multicast) is none of ours.
pub fn read(text: &str) -> Found {
    let mut found = Found::default();
    let mut seen: HashSet<&str> = HashSet::new();
    for (n, line) in text.lines().enumerate() {
        let bare = line.split('#').next().unwrap_or_default();
        let mut words = bare.split_whitespace();
        let Some(address) = words.next() else { continue };
        let Ok(ip) = address.split('%').next().unwrap_or_default().parse::<IpAddr>() else {
            let short: String = address.chars().take(64).collect();
            found.note(n + 1, format!("{short:?} is no address; the line was left out"));
            continue;
        };
        let broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
        if ip.is_loopback() || ip.is_multicast() || ip.is_unspecified() || broadcast {
            continue;
        }
        let Some(name) = words.next() else {
            found.note(n + 1, "an address without a name was left out");
            continue;
        };
        // `ip6-localnet` and its like stand for networks.
        if name.starts_with("ip6-") {
            continue;
        }
        // The second address of a name is its other family.
        if !seen.insert(name) {
            continue;
        }
        let others: Vec<&str> = words.take(16).collect();
        let notes = (!others.is_empty()).then(|| format!("also {}", others.join(", ")));
        found.entries.push(Entry { notes, ..Entry::new(name, address, n + 1) });
    }
    found
}
