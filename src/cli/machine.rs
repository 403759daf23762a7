//! What this machine is: its name, its addresses, its default gateway, its resolvers, who sits at
//! it. The only reader of these for configuration.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::config::Machine;

/// The name and the addresses of this machine.
#[must_use]
pub fn this() -> Machine {
    let hostname = nix::sys::utsname::uname()
        .ok()
        .map(|name| name.nodename().to_string_lossy().into_owned())
        .unwrap_or_default();
    let mut addresses: Vec<IpAddr> = Vec::new();
    for interface in nix::ifaddrs::getifaddrs().into_iter().flatten() {
        let Some(address) = interface.address else { continue };
        if let Some(v4) = address.as_sockaddr_in() {
            addresses.push(v4.ip().into());
        } else if let Some(v6) = address.as_sockaddr_in6() {
            addresses.push(v6.ip().into());
        }
    }
    addresses.sort_unstable();
    addresses.dedup();
    Machine { hostname, addresses }
}

/// The default gateway: of IPv4, else of IPv6 when it has an address beyond its link.
#[must_use]
pub fn gateway() -> Option<IpAddr> {
    let v4 = fs::read_to_string("/proc/net/route").ok().and_then(|text| gateway_v4(&text));
    v4.map(IpAddr::V4).or_else(|| {
        let text = fs::read_to_string("/proc/net/ipv6_route").ok()?;
        gateway_v6(&text).map(IpAddr::V6)
    })
}

/// `Iface Destination Gateway Flags RefCnt Use Metric Mask`, numbers in hex, host byte order.
fn gateway_v4(table: &str) -> Option<Ipv4Addr> {
    let mut best: Option<(u32, Ipv4Addr)> = None;
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, destination, gateway, flags, _, _, metric, mask, ..] = fields.as_slice() else {
            continue;
        };
        let hex = |text: &str| u32::from_str_radix(text, 16).ok();
        let is_gateway = hex(flags).is_some_and(|flags| flags & 3 == 3);
        if hex(destination) != Some(0) || hex(mask) != Some(0) || !is_gateway {
            continue;
        }
        let (Some(gateway), Ok(metric)) = (hex(gateway), metric.parse()) else { continue };
        if best.is_none_or(|(lowest, _)| metric < lowest) {
            best = Some((metric, Ipv4Addr::from(gateway.to_ne_bytes())));
        }
    }
    best.map(|(_, gateway)| gateway)
}

/// `destination length source length next-hop metric refs use flags device`, all in hex.
fn gateway_v6(table: &str) -> Option<Ipv6Addr> {
    let mut best: Option<(u32, Ipv6Addr)> = None;
    for line in table.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [_, length, _, _, next, metric, _, _, flags, ..] = fields.as_slice() else { continue };
        let hex = |text: &str| u32::from_str_radix(text, 16).ok();
        let is_gateway = hex(flags).is_some_and(|flags| flags & 3 == 3);
        if *length != "00" || !is_gateway {
            continue;
        }
        let (Ok(next), Some(metric)) = (u128::from_str_radix(next, 16), hex(metric)) else {
            continue;
        };
        let next = Ipv6Addr::from(next);
        // A link-local address means nothing without its link.
        if next.is_unicast_link_local() || next.is_unspecified() {
            continue;
        }
        if best.is_none_or(|(lowest, _)| metric < lowest) {
            best = Some((metric, next));
        }
    }
    best.map(|(_, gateway)| gateway)
}

/// The resolvers that this machine asks.
#[must_use]
pub fn resolvers() -> Vec<IpAddr> {
    crate::probe::system_resolvers().iter().filter_map(|text| text.parse().ok()).collect()
}

/// A number of this boot of the machine; the same as long as it runs, 0 when it is not known.
#[must_use]
pub fn boot() -> u32 {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.get(..8).and_then(|head| u32::from_str_radix(head, 16).ok()).unwrap_or(0)
}

/// The login name, or the user's number.
#[must_use]
pub fn login() -> String {
    let uid = nix::unistd::getuid();
    match nix::unistd::User::from_uid(uid) {
        Ok(Some(user)) => user.name,
        _ => format!("uid {uid}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateway_with_the_lowest_metric_counts() {
        let head = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n";
        let table = format!(
            "{head}eth1 00000000 {:08X} 0003 0 0 200 00000000 0 0 0\n\
             eth0 00000000 {:08X} 0003 0 0 100 00000000 0 0 0\n\
             eth0 0000000A 00000000 0001 0 0 0 000000FF 0 0 0\nbroken line\n",
            u32::from_ne_bytes([10, 0, 1, 1]),
            u32::from_ne_bytes([10, 0, 0, 1]),
        );
        assert_eq!(gateway_v4(&table), Some(Ipv4Addr::new(10, 0, 0, 1)));
        assert_eq!(gateway_v4(head), None);
        let zero = "0".repeat(32);
        let v6 = format!(
            "{zero} 00 {zero} 00 fe800000000000000000000000000001 00000400 0 0 00000003 eth0\n\
             {zero} 00 {zero} 00 20010db8000000000000000000000001 00000400 0 0 00000003 eth0\n"
        );
        assert_eq!(gateway_v6(&v6), "2001:db8::1".parse().ok());
    }

    #[test]
    fn this_machine_knows_itself() {
        assert!(this().is_this("127.0.0.1"));
        assert!(!login().is_empty());
    }
}
