//! The hosts that are monitored: names, addresses, checks, and the configuration that lists them.

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::path::Path;

/// The kinds of check that every host has; `Custom` only one in a hundred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Ping,
    Tcp,
    Http,
    Dns,
    Udp,
    Custom,
}

impl Kind {
    pub const ALL: [Self; 6] =
        [Self::Ping, Self::Tcp, Self::Http, Self::Dns, Self::Udp, Self::Custom];

    /// The check's name, which is its kind's word in the configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Tcp => "tcp",
            Self::Http => "http",
            Self::Dns => "dns",
            Self::Udp => "udp",
            Self::Custom => "custom",
        }
    }
}

/// One host in this many has a custom check.
pub const CUSTOM_EVERY: u32 = 100;
/// One custom check in this many is critical, so that the console has alerts to move in.
const CRITICAL_EVERY: u32 = 2;
/// Hosts of one /24: `.1` to `.250`.
const PER_NET: u32 = 250;

/// A check of a host, as one number: the counters' key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Series(u32);

impl Series {
    /// The check `kind` of host `host`.
    pub fn new(host: u32, kind: Kind) -> Self {
        let at = Kind::ALL.iter().position(|known| *known == kind).unwrap();
        Self(host * 6 + u32::try_from(at).unwrap())
    }

    /// The host's number.
    pub const fn host(self) -> u32 {
        self.0 / 6
    }

    /// The kind of the check.
    pub fn kind(self) -> Kind {
        Kind::ALL[(self.0 % 6) as usize]
    }

    /// `host/check`, as the program names it.
    pub fn key(self) -> String {
        format!("{}/{}", name(self.host()), self.kind().word())
    }
}

/// The ports that the targets listen on.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    pub tcp: u16,
    pub http: u16,
    pub dns: u16,
    pub udp: u16,
}

/// All hosts of a run.
#[derive(Clone, Copy, Debug)]
pub struct Fleet {
    pub hosts: u32,
    /// Time between two runs of a check, in seconds.
    pub interval: u32,
}

/// `h00042`.
pub fn name(host: u32) -> String {
    format!("h{host:05}")
}

/// `127.10.0.43` for host 42; room for 13 million.
pub fn address(host: u32) -> Ipv4Addr {
    let (net, low) = (host / PER_NET, host % PER_NET + 1);
    let byte = |n: u32| u8::try_from(n).unwrap();
    Ipv4Addr::new(127, byte(10 + net / 256), byte(net % 256), byte(low))
}

impl Fleet {
    /// The host with an address, if it is one of ours.
    pub fn host_at(&self, address: Ipv4Addr) -> Option<u32> {
        let [loopback, high, middle, low] = address.octets().map(u32::from);
        if loopback != 127 || high < 10 || !(1..=PER_NET).contains(&low) {
            return None;
        }
        let host = ((high - 10) * 256 + middle) * PER_NET + low - 1;
        (host < self.hosts).then_some(host)
    }

    /// True when the host has a check of the kind.
    pub const fn has(&self, host: u32, kind: Kind) -> bool {
        !matches!(kind, Kind::Custom) || host.is_multiple_of(CUSTOM_EVERY)
    }

    /// Every check.
    pub fn series(&self) -> impl Iterator<Item = Series> {
        let fleet = *self;
        (0..self.hosts).flat_map(move |host| {
            let kinds = Kind::ALL.into_iter().filter(move |kind| fleet.has(host, *kind));
            kinds.map(move |kind| Series::new(host, kind))
        })
    }

    /// The configuration. A custom check runs `script NUMBER pipe`, critical ones with a third
    /// argument.
    pub fn config(&self, ports: Ports, script: &Path, pipe: &Path) -> String {
        let (script, pipe) = (script.display(), pipe.display());
        let mut text = format!(
            "[console]\noperator = \"noc\"\n\n[defaults]\ninterval = \"{}s\"\n\n\
             [[check]]\nhosts = [\"h*\"]\nkind = \"ping\"\npackets = 1\n\n\
             [[check]]\nhosts = [\"h*\"]\nkind = \"tcp\"\nport = {}\n\n\
             [[check]]\nhosts = [\"h*\"]\nkind = \"udp\"\nport = {}\nsend = \"ask\"\nexpect = \"reply\"\n\n",
            self.interval, ports.tcp, ports.udp
        );
        for host in 0..self.hosts {
            let address = address(host);
            let site = host % 20;
            let _ = write!(
                text,
                "[[host]]\nname = \"{}\"\naddress = \"{address}\"\nlabels = {{ site = \"s{site:02}\" }}\n\
                 [[host.check]]\nkind = \"http\"\nurl = \"http://{address}:{}/\"\n\
                 [[host.check]]\nkind = \"dns\"\nquery = \"tenk.example\"\nresolvers = [\"{address}:{}\"]\n",
                name(host),
                ports.http,
                ports.dns
            );
            if self.has(host, Kind::Custom) {
                // A critical one is hard at once: retries would be runs off the interval.
                let is_critical = (host / CUSTOM_EVERY).is_multiple_of(CRITICAL_EVERY);
                let third = if is_critical { ", \"critical\"" } else { "" };
                let _ = writeln!(
                    text,
                    "[[host.check]]\nkind = \"custom\"\nattempts = 1\n\
                     command = [\"{script}\", \"{host}\", \"{pipe}\"{third}]"
                );
            }
            text.push('\n');
        }
        text
    }
}

/// What a custom check runs: its number into the pipe, its line to the program.
pub const SCRIPT: &str = "#!/bin/sh\necho \"$1\" >\"$2\"\n\
    case $3 in critical) echo 'planted fault'; exit 2 ;; esac\necho 'fine'\n";
