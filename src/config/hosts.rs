//! One `[[host]]`, and the question whether it is this machine.

use std::net::IpAddr;
use std::ops::Range;

use super::keys;
use super::reader::Reader;
use crate::model::{Host, Kind, Name, State, id::valid_name};

/// What this machine is called and where it answers; the caller found it out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Its own name; empty when it has none.
    pub hostname: String,
    /// The addresses of its interfaces.
    pub addresses: Vec<IpAddr>,
}

impl Machine {
    /// True when an address text means this machine.
    #[must_use]
    pub fn is_this(&self, address: &str) -> bool {
        let bare = address.strip_prefix('[').and_then(|a| a.strip_suffix(']')).unwrap_or(address);
        if let Ok(ip) = bare.parse::<IpAddr>() {
            let ip = ip.to_canonical();
            return ip.is_loopback() || self.addresses.iter().any(|own| own.to_canonical() == ip);
        }
        let name = bare.trim_end_matches('.').to_ascii_lowercase();
        let own = self.hostname.to_ascii_lowercase();
        let short = own.split('.').next().unwrap_or_default();
        name == "localhost"
            || name.ends_with(".localhost")
            || !own.is_empty() && (name == own || name == short)
    }
}

/// Words of `unreachable`.
pub(super) const UNREACHABLE: [(&str, State); 2] =
    [("unknown", State::Unknown), ("critical", State::Critical)];
/// Kinds that need no parameters and so can stand in `checks = [...]`.
pub(super) const BARE_KINDS: [(&str, Kind); 3] =
    [("ping", Kind::Ping), ("trace", Kind::Trace), ("system", Kind::System)];

/// A host as it was read, with the places that messages need.
pub(super) struct Written<'a> {
    pub host: Host,
    pub name_at: Range<usize>,
    pub reader: Reader<'a>,
    /// False: its checks are kept, shown, never run.
    pub enabled: bool,
    /// The kinds of `checks = [...]`.
    pub bare: Vec<(Kind, Range<usize>)>,
}

/// Reads one `[[host]]`; `None` when it has no usable name (which was said).
pub(super) fn read<'a>(
    reader: Reader<'a>,
    defaults: &super::settings::Defaults,
) -> Option<Written<'a>> {
    reader.refuse_unknown(keys::HOST);
    reader.require("name", "name = \"web-1\"");
    let name = reader.name("name");
    let address = reader.text("address").or(if reader.has("address") { None } else { name });
    if let Some(address) = address
        && let Err(why) = valid_target(address)
    {
        let key = if reader.has("address") { "address" } else { "name" };
        let mend = if key == "name" { "; write the host's address" } else { "" };
        reader.wrong(key, format!("{why}{mend}"));
    }
    let mut bare = Vec::new();
    for (word, span) in reader.texts("checks").unwrap_or_default() {
        if let Some((_, kind)) = BARE_KINDS.iter().find(|(known, _)| *known == word) {
            bare.push((*kind, span));
        } else {
            let words = BARE_KINDS.map(|(known, _)| known).join(", ");
            let why = format!(
                "checks: `{word}` cannot stand here; allowed: {words}; the other kinds need a \
                 [[host.check]] with their parameters"
            );
            reader.sink.wrong(&span, why);
        }
    }
    let own = |key: &str| reader.text(key).map(str::to_owned);
    let host = Host {
        labels: reader.map("labels"),
        groups: reader.checked("groups", |group| {
            valid_name(group).map_err(|why| format!("{group:?}: {why}"))
        }),
        contact: own("contact"),
        contact_list: super::channels::list_of(&reader, &defaults.contact_lists),
        notes: own("notes"),
        runbook: own("runbook"),
        agent: agent(&reader),
        unreachable: reader.choice("unreachable", &UNREACHABLE).unwrap_or(defaults.unreachable),
        origin: Some(reader.origin()),
        ..Host::new(name?, address.unwrap_or_default())
    };
    let name_at = reader.place("name");
    let enabled = reader.boolean("enabled").unwrap_or(true);
    Some(Written { host, name_at, reader, enabled, bare })
}

/// The agent that runs a check, or the checks of a host.
pub(super) fn agent(reader: &Reader<'_>) -> Option<Name> {
    let name = reader.text("agent")?;
    if let Err(why) = valid_name(name) {
        reader.wrong("agent", format!("{name:?}: {why}"));
    }
    Some(name.into())
}

/// Checks that a text can be an address or a resolvable name.
///
/// # Errors
/// What is wrong with it and what is allowed.
pub fn valid_target(text: &str) -> Result<(), String> {
    let cut: String = text.chars().take(80).collect();
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    let without_zone = bare.split('%').next().unwrap_or_default();
    if without_zone.parse::<IpAddr>().is_ok() {
        return Ok(());
    }
    let bad = |why: &str| {
        Err(format!("`{cut}` is no address: {why}; write 192.0.2.10, 2001:db8::10 or a name"))
    };
    if bare.contains("://") {
        return bad("it is a URL");
    }
    if bare.contains(':') {
        return bad("it has a port or a bad IPv6 address");
    }
    let name = bare.strip_suffix('.').unwrap_or(bare);
    if name.is_empty() || name.len() > 253 {
        return bad("a name has 1 to 253 bytes");
    }
    if name.split('.').all(|label| label.bytes().all(|b| b.is_ascii_digit())) {
        return bad("an IPv4 address has four numbers from 0 to 255");
    }
    let good = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    };
    if name.split('.').all(good) { Ok(()) } else { bad("it has characters that no name has") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_loopback_name_and_addresses() {
        let machine = Machine {
            hostname: "noc-1.example".to_owned(),
            addresses: vec!["192.0.2.7".parse().unwrap()],
        };
        for own in [
            "127.0.0.1",
            "127.8.8.8",
            "::1",
            "[::1]",
            "localhost",
            "noc-1",
            "NOC-1.example",
            "192.0.2.7",
            "::ffff:192.0.2.7",
        ] {
            assert!(machine.is_this(own), "{own}");
        }
        for other in ["192.0.2.8", "noc-2", "example", ""] {
            assert!(!machine.is_this(other), "{other}");
        }
        assert!(!Machine::default().is_this(""));
    }

    #[test]
    fn targets_are_addresses_or_names() {
        for good in ["10.0.0.1", "::1", "[::1]", "fe80::1%eth0", "web-1", "a.example.", "Zürich"] {
            assert_eq!(valid_target(good), Ok(()), "{good}");
        }
        for bad in ["", "10.0.0.256", "1.2.3", "http://x", "a:80", "a b", "-x", "a..b", "x;y"] {
            assert!(valid_target(bad).is_err(), "{bad}");
        }
    }
}
