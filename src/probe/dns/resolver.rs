//! Which resolvers are asked: the check's, the host itself, or the system's.

use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, SocketAddr};

use crate::model::spec::{DnsSpec, Family};
use crate::model::{Check, Failure, FailureKind};
use crate::probe::context::Context;
use crate::probe::resolve;

const PORT: u16 = 53;
const RESOLV_CONF: &str = "/etc/resolv.conf";
/// More than any such file has, and little enough for any machine.
const FILE_LIMIT: u64 = 64 * 1024;

/// A resolver as it was written, and where that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resolver {
    /// As written; the instance of its metric.
    pub(super) label: String,
    host: String,
    port: u16,
}

impl Resolver {
    /// Reads `address`, `address:port`, `[v6]:port` or the same with a name.
    fn parse(text: &str) -> Result<Self, Failure> {
        let text = text.trim();
        let bad = || {
            let shown: String = text.chars().take(64).collect();
            let text =
                format!("`{shown}` is no resolver; write 10.0.0.53, 10.0.0.53:53 or [::1]:53");
            Failure::new(FailureKind::Config, text)
        };
        let resolver =
            |host: &str, port: u16| Self { label: text.to_owned(), host: host.to_owned(), port };
        if let Ok(socket) = text.parse::<SocketAddr>() {
            return if socket.port() == 0 {
                Err(bad())
            } else {
                Ok(resolver(&socket.ip().to_string(), socket.port()))
            };
        }
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(ip) = bare.parse::<IpAddr>() {
            return Ok(resolver(&ip.to_string(), PORT));
        }
        let (host, port) = match text.split_once(':') {
            Some((host, port)) => (host, port.parse::<u16>().map_err(|_| bad())?),
            None => (text, PORT),
        };
        let is_name = !host.is_empty()
            && host.len() <= 253
            && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
        if is_name && port != 0 { Ok(resolver(host, port)) } else { Err(bad()) }
    }

    /// Where it is; a name is looked up by the system.
    pub(super) async fn address(&self, context: &Context) -> Result<SocketAddr, Failure> {
        let found = resolve::addresses(&self.host, Family::Auto, context).await?;
        let missing =
            || Failure::new(FailureKind::Resolve, format!("{} has no address", self.host));
        found.first().map(|ip| SocketAddr::new(*ip, self.port)).ok_or_else(missing)
    }
}

/// The check's resolvers, at least one.
pub(super) fn chosen(check: &Check, spec: &DnsSpec) -> Result<Vec<Resolver>, Failure> {
    if !spec.resolvers.is_empty() {
        return spec.resolvers.iter().map(|text| Resolver::parse(text)).collect();
    }
    if !check.address.trim().is_empty() {
        return Ok(vec![Resolver::parse(&check.address)?]);
    }
    let system = system_resolvers();
    if system.is_empty() {
        let text = format!("{RESOLV_CONF} names no resolver; write `resolvers = [\"ADDRESS\"]`");
        return Err(Failure::new(FailureKind::Config, text));
    }
    system.iter().map(|text| Resolver::parse(text)).collect()
}

/// The resolvers that `/etc/resolv.conf` names, in its order, as a `dns` check takes them. Empty
/// when there is no such file or no usable line in it.
#[must_use]
pub fn system_resolvers() -> Vec<String> {
    let mut bytes = Vec::new();
    let read =
        File::open(RESOLV_CONF).and_then(|file| file.take(FILE_LIMIT).read_to_end(&mut bytes));
    match read {
        Ok(_) => nameservers(&String::from_utf8_lossy(&bytes)),
        Err(_) => Vec::new(),
    }
}

/// The first three `nameserver` lines, as the C library takes them. Addresses with a zone are left
/// out: they mean a link, and the zone is not ours to carry.
fn nameservers(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            (words.next()? == "nameserver").then(|| words.next())?
        })
        .filter_map(|word| word.parse::<IpAddr>().ok())
        .map(|ip| ip.to_string())
        .take(3)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolvers_are_read_as_people_write_them() {
        for (text, host, port) in [
            ("10.0.0.53", "10.0.0.53", 53),
            ("10.0.0.53:5353", "10.0.0.53", 5353),
            ("::1", "::1", 53),
            ("[::1]", "::1", 53),
            ("[2001:db8::53]:5353", "2001:db8::53", 5353),
            ("dns.example.com", "dns.example.com", 53),
            ("dns.example.com:5353", "dns.example.com", 5353),
        ] {
            let parsed = Resolver::parse(text).unwrap();
            assert_eq!((parsed.host.as_str(), parsed.port), (host, port), "{text}");
            assert_eq!(parsed.label, text);
        }
        for bad in
            ["", "a b", "10.0.0.53:", "10.0.0.53:99999", "10.0.0.53:0", "x:y", "[::1", "\u{1b}"]
        {
            assert_eq!(Resolver::parse(bad).unwrap_err().kind, FailureKind::Config, "{bad}");
        }
    }

    #[test]
    fn the_systems_file_is_read_as_the_c_library_does() {
        let text = "# nameserver 9.9.9.9\nsearch lan\nnameserver 10.0.0.53\n\tnameserver ::1 x\n\
                    nameserver fe80::1%eth0\nnameserver\nnameserver 10.0.0.54\nnameserver 10.0.0.55\n";
        assert_eq!(nameservers(text), ["10.0.0.53", "::1", "10.0.0.54"]);
        assert!(nameservers("").is_empty());
    }
}
