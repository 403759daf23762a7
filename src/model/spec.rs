//! What a check does: one variant per kind, with the parameters of that kind.
//!
//! Thresholds are not here: they are [`Limit`](super::check::Limit)s of the check, so that a probe
//! cannot judge.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use super::endpoint::{
    Endpoint, Exposition, JsonForm, JsonSpec, JsonValue, ScrapeSpec, SeriesMetric,
};
pub use super::fluxbase::{FluxbasePack, FluxbasePart, FluxbaseSpec};
pub use super::fluxmq::{FluxmqNode, FluxmqScope, FluxmqSpec};
pub use super::query_rule::QuerySpec;
use super::secret::Secret;
use super::snmp::SnmpSpec;
use super::time::Span;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $word:literal / $seed:literal,)*) => {
        /// The kinds of check.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Kind {
            $($(#[$doc])* $variant,)*
            /// The heartbeat of an agent: each registered one has this check, no configuration
            /// writes it.
            Agent,
            /// What the tests of a schedule find: each schedule has this check, no configuration
            /// writes it.
            Schedule,
            /// An alert of a rule in `PromQL`: each has this check, no configuration writes it.
            Query,
        }

        impl Kind {
            /// All kinds that a configuration writes, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word in configuration, command line and wire.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* Self::Agent => "agent", Self::Schedule => "schedule", Self::Query => "query" }
            }
        }

        impl FromStr for Kind {
            type Err = UnknownKind;

            /// Takes the word, or the document's name for it (`check_http`).
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word | $seed => Ok(Self::$variant),)*
                    "agent" => Ok(Self::Agent),
                    "schedule" => Ok(Self::Schedule),
                    "query" => Ok(Self::Query),
                    _ => Err(UnknownKind(text.chars().take(40).collect())),
                }
            }
        }
    };
}

kinds! {
    /// ICMP echo: reachability, round-trip time, loss.
    Ping = "ping" / "check_ping",
    /// A TCP port: open, refused or filtered, connection time.
    Tcp = "tcp" / "check_tcp",
    /// A UDP port: answered, closed or open-or-filtered.
    Udp = "udp" / "check_udp",
    /// A URL over HTTP or HTTPS.
    Http = "http" / "check_http",
    /// A name asked of each resolver.
    Dns = "dns" / "check_dns",
    /// A login and a query on a `MySQL` or `MariaDB` server.
    Mysql = "mysql" / "check_mysql",
    /// Processes of this machine.
    Process = "process" / "check_process",
    /// A plugin or script with exit codes 0 to 3.
    Custom = "custom" / "check_custom",
    /// The host metrics of this machine.
    System = "system" / "check_system",
    /// The path to a target, hop by hop, all the time.
    Trace = "trace" / "check_trace",
    /// Host metrics, interfaces and any object of an SNMP agent.
    Snmp = "snmp" / "check_snmp",
    /// Figures and states of a JSON document over HTTP.
    Json = "json" / "check_json",
    /// A Prometheus or `OpenMetrics` exposition.
    Scrape = "scrape" / "check_scrape",
    /// The nodes of a `FluxMQ` cluster, and what they are together.
    Fluxmq = "fluxmq" / "check_fluxmq",
    /// A Fluxbase instance: its exposition, its figures, its health.
    Fluxbase = "fluxbase" / "check_fluxbase",
}

/// Why a word is no kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a kind of check")]
pub struct UnknownKind(pub String);

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Which address family to use.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// What the name resolves to first.
    #[default]
    Auto,
    /// IPv4 only.
    #[serde(rename = "v4")]
    V4,
    /// IPv6 only.
    #[serde(rename = "v6")]
    V6,
}

/// A check's kind and parameters. `address` fields are absent: the host's address is the target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Spec {
    /// See [`Kind::Ping`].
    Ping(PingSpec),
    /// See [`Kind::Tcp`].
    Tcp(TcpSpec),
    /// See [`Kind::Udp`].
    Udp(UdpSpec),
    /// See [`Kind::Http`].
    Http(HttpSpec),
    /// See [`Kind::Dns`].
    Dns(DnsSpec),
    /// See [`Kind::Mysql`].
    Mysql(MysqlSpec),
    /// See [`Kind::Process`].
    Process(ProcessSpec),
    /// See [`Kind::Custom`].
    Custom(CustomSpec),
    /// See [`Kind::System`].
    System(SystemSpec),
    /// See [`Kind::Trace`].
    Trace(TraceSpec),
    /// See [`Kind::Snmp`].
    Snmp(Box<SnmpSpec>),
    /// See [`Kind::Json`].
    Json(JsonSpec),
    /// See [`Kind::Scrape`].
    Scrape(ScrapeSpec),
    /// See [`Kind::Fluxmq`].
    Fluxmq(FluxmqSpec),
    /// See [`Kind::Fluxbase`].
    Fluxbase(FluxbaseSpec),
    /// See [`Kind::Agent`].
    Agent,
    /// See [`Kind::Schedule`].
    Schedule,
    /// See [`Kind::Query`].
    Query(Box<QuerySpec>),
}

impl Spec {
    /// The kind without its parameters.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Ping(_) => Kind::Ping,
            Self::Tcp(_) => Kind::Tcp,
            Self::Udp(_) => Kind::Udp,
            Self::Http(_) => Kind::Http,
            Self::Dns(_) => Kind::Dns,
            Self::Mysql(_) => Kind::Mysql,
            Self::Process(_) => Kind::Process,
            Self::Custom(_) => Kind::Custom,
            Self::System(_) => Kind::System,
            Self::Trace(_) => Kind::Trace,
            Self::Snmp(_) => Kind::Snmp,
            Self::Json(_) => Kind::Json,
            Self::Scrape(_) => Kind::Scrape,
            Self::Fluxmq(_) => Kind::Fluxmq,
            Self::Fluxbase(_) => Kind::Fluxbase,
            Self::Agent => Kind::Agent,
            Self::Schedule => Kind::Schedule,
            Self::Query(_) => Kind::Query,
        }
    }

    /// True for kinds that look at the machine they run on and so need a host that is it.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        matches!(self, Self::Process(_) | Self::Custom(_) | Self::System(_))
    }
}

/// Parameters of `ping`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PingSpec {
    /// Echo requests per run, 1 to 100.
    pub packets: u16,
    /// Time between two requests.
    pub packet_interval: Span,
    /// Payload bytes, 8 to 65000.
    pub size: u16,
    /// Address family.
    pub family: Family,
}

impl Default for PingSpec {
    fn default() -> Self {
        Self { packets: 5, packet_interval: Span::from_millis(200), size: 56, family: Family::Auto }
    }
}

/// Parameters of `tcp`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TcpSpec {
    /// The port.
    pub port: u16,
    /// Sent after connecting.
    pub send: Option<String>,
    /// Must occur in the first 4 KiB of the answer.
    pub expect: Option<String>,
    /// Address family.
    #[serde(default)]
    pub family: Family,
}

/// What a `udp` check wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum UdpExpect {
    /// An answer; silence is a failure.
    Reply,
    /// Anything but "closed" (SPEC D-24).
    #[default]
    Any,
}

/// Parameters of `udp`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UdpSpec {
    /// The port.
    pub port: u16,
    /// The payload; an empty datagram without it.
    pub send: Option<String>,
    /// What counts as good.
    pub expect: UdpExpect,
    /// Address family.
    #[serde(default)]
    pub family: Family,
}

/// Inclusive ranges of HTTP status codes, such as `200-399`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct StatusList(pub Vec<(u16, u16)>);

impl StatusList {
    /// True when `status` is expected.
    #[must_use]
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|(low, high)| (*low..=*high).contains(&status))
    }
}

impl fmt::Display for StatusList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self
            .0
            .iter()
            .map(|(low, high)| if low == high { low.to_string() } else { format!("{low}-{high}") })
            .collect();
        f.pad(&parts.join(","))
    }
}

impl FromStr for StatusList {
    type Err = String;

    /// `200`, `200-399` or several with commas.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || format!("`{text}` is not a list of status codes; write 200 or 200-399,418");
        let mut ranges = Vec::new();
        for part in text.split(',') {
            let (low, high) = part.trim().split_once('-').unwrap_or((part.trim(), part.trim()));
            let low: u16 = low.parse().map_err(|_| bad())?;
            let high: u16 = high.parse().map_err(|_| bad())?;
            if !(100..=999).contains(&low) || high > 999 || low > high {
                return Err(bad());
            }
            ranges.push((low, high));
        }
        Ok(Self(ranges))
    }
}

/// Parameters of `http`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HttpSpec {
    /// Absolute `http://` or `https://` URL. Its host is the target; when it equals the monitored
    /// host's name, the host's address is connected to.
    pub url: String,
    /// Upper-case method.
    pub method: String,
    /// Header fields.
    pub headers: BTreeMap<String, String>,
    /// Request body.
    pub body: Option<String>,
    /// Expected status codes.
    pub status: StatusList,
    /// Text that the body must contain.
    pub contains: Option<String>,
    /// Regular expression (linear time) that must match the body.
    pub regex: Option<String>,
    /// Bytes of body that are read at most.
    pub max_body: u64,
    /// Redirects followed at most, 0 to 20.
    pub redirects: u8,
    /// Accept any certificate.
    pub insecure: bool,
    /// Address family.
    #[serde(default)]
    pub family: Family,
}

impl HttpSpec {
    /// The defaults for a URL.
    #[must_use]
    pub fn get(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            method: "GET".to_owned(),
            headers: BTreeMap::new(),
            body: None,
            status: StatusList(vec![(200, 399)]),
            contains: None,
            regex: None,
            max_body: 1024 * 1024,
            redirects: 5,
            insecure: false,
            family: Family::Auto,
        }
    }
}

/// Parameters of `dns`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DnsSpec {
    /// The name to ask for.
    pub query: String,
    /// Record type, upper case: A AAAA CNAME MX NS PTR SOA SRV TXT CAA.
    pub record_type: String,
    /// `address` or `address:port` of each resolver; empty means the host's own address, and on
    /// the command line the system's resolvers.
    pub resolvers: Vec<String>,
    /// Answers of which all must occur; empty means any answer.
    pub answers: Vec<String>,
}

/// How `mysql` treats encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MysqlTls {
    /// Never encrypt; a password in clear is sent only because this was said.
    Disable,
    /// Encrypt when offered; without it no password in clear is sent.
    #[default]
    Prefer,
    /// Encrypt, or fail.
    Require,
    /// Encrypt and verify the certificate.
    Verify,
}

/// Parameters of `mysql`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MysqlSpec {
    /// Login name.
    pub user: String,
    /// Its password.
    pub password: Option<Secret>,
    /// TCP port.
    pub port: u16,
    /// Unix socket path, instead of address and port.
    pub socket: Option<String>,
    /// Database to select.
    pub database: Option<String>,
    /// Encryption.
    pub tls: MysqlTls,
    /// A query whose first column of the first row is the metric `result`; `SELECT 1` without it.
    pub query: Option<String>,
}

/// Parameters of `process`; all given conditions must hold for a process to count.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProcessSpec {
    /// The process's name (as in `/proc/PID/comm`, or the file name of its executable).
    pub process: Option<String>,
    /// Regular expression over the command line, arguments joined with blanks.
    pub pattern: Option<String>,
    /// Login name or number of the owner.
    pub user: Option<String>,
    /// File with the process's number.
    pub pid_file: Option<String>,
}

/// What `custom` runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CustomCommand {
    /// Program and arguments, run without a shell.
    Argv(Vec<String>),
    /// A line for `/bin/sh -c`, written by the owner of the configuration.
    Shell(String),
}

/// Parameters of `custom`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CustomSpec {
    /// What to run.
    pub command: CustomCommand,
    /// The whole environment besides `PATH` and `LC_ALL=C`.
    pub env: BTreeMap<String, String>,
}

/// Parameters of `system`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SystemSpec {
    /// Globs of mount points that are left out.
    pub exclude_fs: Vec<String>,
    /// Globs of interfaces that are left out.
    pub exclude_if: Vec<String>,
}

/// What a trace sends.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Default, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum TraceProtocol {
    /// ICMP echo on one datagram ping socket.
    #[default]
    Icmp,
    /// UDP datagrams on one 5-tuple.
    Udp,
    /// TCP connections to the port; every hop is a flow of its own.
    Tcp,
}

impl fmt::Display for TraceProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Icmp => "icmp",
            Self::Udp => "udp",
            Self::Tcp => "tcp",
        })
    }
}

/// Parameters of `trace`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TraceSpec {
    /// What is sent.
    pub protocol: TraceProtocol,
    /// Destination port for UDP (33434 without it) and TCP (443 without it).
    pub port: Option<u16>,
    /// Highest TTL, 1 to 64.
    pub max_hops: u8,
    /// Time of one round: every hop is asked once.
    pub round: Span,
    /// Address family.
    #[serde(default)]
    pub family: Family,
}

impl Default for TraceSpec {
    fn default() -> Self {
        Self {
            protocol: TraceProtocol::Icmp,
            port: None,
            max_hops: 30,
            round: Span::from_secs(1),
            family: Family::Auto,
        }
    }
}

#[cfg(test)]
#[path = "spec_tests.rs"]
mod tests;
