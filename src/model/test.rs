//! A test that a vantage runs on demand or on schedule: what is asked for (SPEC FS-01, FS-22 to
//! FS-26).
//!
//! Times are in milliseconds, rates in Mbit/s, losses in per cent.

use std::fmt;
use std::str::FromStr;

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

pub use super::measured::{DnsResult, Figures, Measured, PortResult, PortState, ResolverTime};
pub use super::order::{TestNews, TestOrder, TestOrders};
pub use super::run::{MissedRuns, PathNews, Test, TestPhase};
use super::spec::TraceProtocol;
use super::speed::{DURATIONS, STREAM_LIMIT, SpeedSpec, Transport};

/// Most resolvers of one DNS timing.
pub const RESOLVER_LIMIT: usize = 16;

/// What a test measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TestKind {
    /// Throughput, latency, jitter and loss.
    Speedtest,
    /// The path, hop by hop.
    Trace,
    /// Whether a port answers, and how fast.
    Probe,
    /// How long each resolver takes.
    Dns,
}

impl TestKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Speedtest, Self::Trace, Self::Probe, Self::Dns];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Speedtest => "speedtest",
            Self::Trace => "trace",
            Self::Probe => "probe",
            Self::Dns => "dns",
        }
    }
}

impl TestKind {
    /// The parameters that a test of this kind has.
    #[must_use]
    pub const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Speedtest => {
                &["target", "protocol", "direction", "duration_seconds", "streams", "bitrate_mbps"]
            }
            Self::Trace => &["target", "count", "interval_ms", "protocol", "port", "max_hops"],
            Self::Probe => &["target", "port", "protocol", "timeout_ms", "expect"],
            Self::Dns => &["hostname", "resolvers", "record_type", "timeout_ms"],
        }
    }
}

impl fmt::Display for TestKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for TestKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.word() == text).ok_or(())
    }
}

const fn thirty() -> u32 {
    30
}

const fn hundred() -> u32 {
    100
}

const fn two_seconds() -> u32 {
    2000
}

/// A trace that is asked for (SPEC FS-23).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PathSpec {
    /// A name or an address.
    pub target: String,
    /// Rounds: each hop is asked once in each, 1 to 1000.
    #[serde(default = "thirty")]
    pub count: u32,
    /// Between two rounds, in milliseconds, 50 to 10,000.
    #[serde(default = "hundred")]
    pub interval_ms: u32,
    /// What is sent.
    #[serde(default)]
    pub protocol: TraceProtocol,
    /// Destination port of UDP and TCP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Highest TTL, 1 to 64.
    #[serde(default = "thirty_hops")]
    pub max_hops: u8,
}

const fn thirty_hops() -> u8 {
    30
}

/// Which port is probed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum PortProtocol {
    /// TCP: a connection.
    #[default]
    Tcp,
    /// UDP: an answer to an empty datagram, or the refusal of the host.
    Udp,
}

/// What a UDP port must do to be well (SPEC D-24).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Expect {
    /// Not say that it is closed.
    #[default]
    Any,
    /// Answer.
    Reply,
}

/// A port probe that is asked for (SPEC FS-24).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PortSpec {
    /// A name or an address.
    pub target: String,
    /// The port, 1 to 65535.
    pub port: u16,
    /// TCP or UDP.
    #[serde(default)]
    pub protocol: PortProtocol,
    /// How long an answer is waited for, in milliseconds, 10 to 60,000.
    #[serde(default = "two_seconds")]
    pub timeout_ms: u32,
    /// What UDP must do.
    #[serde(default)]
    pub expect: Expect,
}

/// A DNS timing that is asked for (SPEC FS-25).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LookupSpec {
    /// The name to ask for.
    pub hostname: String,
    /// `ADDRESS[:PORT]` of each resolver; without one those of the vantage.
    #[serde(default)]
    pub resolvers: Vec<String>,
    /// Record type, upper case.
    #[serde(default = "a")]
    pub record_type: String,
    /// How long each is waited for, in milliseconds, 10 to 60,000.
    #[serde(default = "two_seconds")]
    pub timeout_ms: u32,
}

fn a() -> String {
    "A".to_owned()
}

/// What is to be run.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(tag = "test_type", rename_all = "lowercase")]
pub enum TestSpec {
    /// See [`TestKind::Speedtest`].
    Speedtest(SpeedSpec),
    /// See [`TestKind::Trace`].
    Trace(PathSpec),
    /// See [`TestKind::Probe`].
    Probe(PortSpec),
    /// See [`TestKind::Dns`].
    Dns(LookupSpec),
}

// By hand, because the derived one takes a field that no test of that kind has without a word.
impl<'de> Deserialize<'de> for TestSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        fn read<T: DeserializeOwned, E: Error>(map: Map<String, Value>) -> Result<T, E> {
            serde_json::from_value(Value::Object(map)).map_err(E::custom)
        }
        let mut map: Map<String, Value> = Map::deserialize(deserializer)?;
        let kind = map.remove("test_type").ok_or_else(|| D::Error::missing_field("test_type"))?;
        let kind: TestKind = serde_json::from_value(kind).map_err(D::Error::custom)?;
        let known = kind.fields();
        if let Some(odd) = map.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(D::Error::unknown_field(odd, known));
        }
        Ok(match kind {
            TestKind::Speedtest => Self::Speedtest(read(map)?),
            TestKind::Trace => Self::Trace(read(map)?),
            TestKind::Probe => Self::Probe(read(map)?),
            TestKind::Dns => Self::Dns(read(map)?),
        })
    }
}

impl TestSpec {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> TestKind {
        match self {
            Self::Speedtest(_) => TestKind::Speedtest,
            Self::Trace(_) => TestKind::Trace,
            Self::Probe(_) => TestKind::Probe,
            Self::Dns(_) => TestKind::Dns,
        }
    }

    /// What it is aimed at, as it was written; a probe's has its port. Nothing while the nearest of
    /// several targets is not chosen.
    #[must_use]
    pub fn target(&self) -> String {
        match self {
            Self::Speedtest(spec) => spec.target.clone().unwrap_or_default(),
            Self::Trace(spec) => spec.target.clone(),
            Self::Probe(spec) => {
                let udp = if spec.protocol == PortProtocol::Udp { "/udp" } else { "" };
                format!("{}{udp}", host_port(&spec.target, spec.port))
            }
            Self::Dns(spec) => spec.hostname.clone(),
        }
    }

    /// Whether every figure of it is in its range.
    ///
    /// # Errors
    /// A sentence that names the field and its range.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Speedtest(spec) => check_speed(spec),
            Self::Trace(spec) => {
                is_target("target", &spec.target)?;
                within("count", spec.count, 1, 1000)?;
                within("interval_ms", spec.interval_ms, 50, 10_000)?;
                within("max_hops", spec.max_hops.into(), 1, 64)?;
                if spec.port.is_some() && spec.protocol == TraceProtocol::Icmp {
                    return Err("`port`: icmp has none; write `protocol` udp or tcp".to_owned());
                }
                Ok(())
            }
            Self::Probe(spec) => {
                is_target("target", &spec.target)?;
                within("port", spec.port.into(), 1, 65_535)?;
                within("timeout_ms", spec.timeout_ms, 10, 60_000)
            }
            Self::Dns(spec) => {
                is_target("hostname", &spec.hostname)?;
                within("timeout_ms", spec.timeout_ms, 10, 60_000)?;
                if spec.resolvers.len() > RESOLVER_LIMIT {
                    return Err(format!("`resolvers`: at most {RESOLVER_LIMIT}"));
                }
                if !RECORDS.contains(&spec.record_type.as_str()) {
                    return Err(format!("`record_type`: one of {}", RECORDS.join(" ")));
                }
                spec.resolvers.iter().try_for_each(|text| is_target("resolvers", text))
            }
        }
    }
}

/// The record types that a DNS timing asks for.
const RECORDS: [&str; 10] = ["A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT", "CAA"];
/// Longest name, address or URL of a target, in bytes.
const TARGET_LIMIT: usize = 2048;
/// Most that UDP may be told to send, in Mbit/s.
const BITRATE: std::ops::RangeInclusive<f64> = 0.001..=100_000.0;

fn within(field: &str, value: u32, least: u32, most: u32) -> Result<(), String> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(format!("`{field}`: {value} is not within {least} to {most}"))
}

/// A name, an address or a URL: nothing that a terminal, a command line or a protocol would take for
/// something else.
fn is_target(field: &str, text: &str) -> Result<(), String> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || "\"'`\\|;&<>(){}$".contains(c);
    if text.is_empty() {
        return Err(format!("`{field}`: must not be empty"));
    }
    if text.len() > TARGET_LIMIT || text.starts_with('-') || text.contains(bad) {
        return Err(format!("`{field}`: write a name, an address or a URL"));
    }
    Ok(())
}

fn check_speed(spec: &SpeedSpec) -> Result<(), String> {
    if !DURATIONS.contains(&spec.duration_seconds) {
        let which = DURATIONS.map(|one| one.to_string()).join(", ");
        let given = spec.duration_seconds;
        return Err(format!("`duration_seconds`: {given} is none of {which}"));
    }
    within("streams", spec.streams, 1, STREAM_LIMIT)?;
    if let Some(target) = &spec.target {
        if target.trim() != target || target.contains(char::is_control) {
            return Err("`target`: write a name, HOST[:PORT] or a URL".to_owned());
        }
        if target.is_empty() || target.len() > TARGET_LIMIT {
            return Err(format!("`target`: 1 to {TARGET_LIMIT} bytes"));
        }
    }
    match spec.bitrate_mbps {
        Some(_) if spec.protocol == Transport::Tcp => {
            Err("`bitrate_mbps`: only udp has one; write `protocol` udp".to_owned())
        }
        Some(rate) if !BITRATE.contains(&rate) => {
            let (least, most) = (BITRATE.start(), BITRATE.end());
            Err(format!("`bitrate_mbps`: {rate} is not within {least} to {most}"))
        }
        _ => Ok(()),
    }
}

/// `HOST:PORT`, with brackets around an IPv6 address.
#[must_use]
pub fn host_port(host: &str, port: u16) -> String {
    if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

#[cfg(test)]
#[path = "test_tests.rs"]
mod tests;
