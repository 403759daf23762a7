//! A test that a vantage runs on demand or on schedule: what is asked for, how far it is, what it
//! measured (SPEC FS-01, FS-02, FS-22 to FS-26).
//!
//! Times are in milliseconds, rates in Mbit/s, losses in per cent.

use std::fmt;
use std::str::FromStr;

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::breach::Breach;
use super::id::{Name, ScheduleId, TestId};
use super::networks::Networks;
use super::rating::Rating;
use super::safe_text::SafeText;
use super::spec::TraceProtocol;
use super::speed::{DURATIONS, STREAM_LIMIT, SpeedResult, SpeedSpec, SpeedTarget, Transport};
use super::state::State;
use super::time::Timestamp;
use super::trace::TraceReport;

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

    /// The longest that it may run by itself, in milliseconds: what it does, with room for names,
    /// connections and the measuring of latency.
    #[must_use]
    pub fn longest_ms(&self) -> u64 {
        match self {
            Self::Speedtest(spec) => {
                let ways =
                    if spec.direction == super::speed::Direction::Bidirectional { 2 } else { 1 };
                u64::from(spec.duration_seconds) * 1000 * ways + 45_000
            }
            Self::Trace(spec) => u64::from(spec.count) * u64::from(spec.interval_ms) + 15_000,
            Self::Probe(spec) => u64::from(spec.timeout_ms) + 15_000,
            Self::Dns(spec) => u64::from(spec.timeout_ms) + 15_000,
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

/// What a vantage is told to run: a test with its targets chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TestOrder {
    /// Which.
    pub id: TestId,
    /// What.
    pub spec: TestSpec,
    /// Of a speedtest: where to, when there is one place; else the nearest of several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<SpeedTarget>,
    /// What may be reached.
    #[serde(default)]
    pub networks: Networks,
}

/// How a port answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PortState {
    /// A connection was made, or an answer came.
    Open,
    /// The host refused.
    Closed,
    /// Nothing came back: TCP is filtered somewhere.
    Filtered,
    /// Nothing came back to a datagram: open, or filtered.
    OpenOrFiltered,
}

impl PortState {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Filtered => "filtered",
            Self::OpenOrFiltered => "open or filtered",
        }
    }
}

/// What a port probe saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PortResult {
    /// How the port answered.
    pub state: PortState,
    /// The time to the connection, the answer or the refusal, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_ms: Option<f64>,
    /// In words.
    pub output: SafeText,
}

/// What one resolver did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ResolverTime {
    /// Which.
    pub resolver: SafeText,
    /// How long it took, in milliseconds; nothing when it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_ms: Option<f64>,
    /// The band of that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<Rating>,
    /// What it answered.
    #[serde(default, skip_serializing_if = "SafeText::is_empty")]
    pub answer: SafeText,
    /// How it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<SafeText>,
}

/// What the resolvers did.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DnsResult {
    /// Each, in the order in which they were given.
    pub resolvers: Vec<ResolverTime>,
}

/// What a test measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "measured", rename_all = "lowercase")]
pub enum Measured {
    /// By a speedtest.
    Speedtest(SpeedResult),
    /// By a trace.
    Trace(TraceReport),
    /// By a probe.
    Probe(PortResult),
    /// By a DNS timing.
    Dns(DnsResult),
}

/// The figures of a result that lists, thresholds, trends and reports use.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Figures {
    /// From the target, in Mbit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download_mbps: Option<f64>,
    /// To the target, in Mbit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_mbps: Option<f64>,
    /// Round trip, connection or answer, in milliseconds; of several resolvers the slowest that
    /// answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// In milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter_ms: Option<f64>,
    /// In per cent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_pct: Option<f64>,
}

impl Figures {
    /// Each with its name, in the order in which people read them.
    #[must_use]
    pub fn named(&self) -> [(&'static str, Option<f64>); 5] {
        [
            ("download_mbps", self.download_mbps),
            ("upload_mbps", self.upload_mbps),
            ("latency_ms", self.latency_ms),
            ("jitter_ms", self.jitter_ms),
            ("loss_pct", self.loss_pct),
        ]
    }
}

impl Measured {
    /// Its figures; what is no number is none.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let figures = match self {
            Self::Speedtest(result) => Figures {
                download_mbps: result.download.as_ref().map(|way| way.mbps),
                upload_mbps: result.upload.as_ref().map(|way| way.mbps),
                latency_ms: result.latency_ms,
                jitter_ms: result.jitter_ms,
                loss_pct: result.loss_pct,
            },
            Self::Trace(report) => match report.hops.last().filter(|_| report.reached) {
                Some(hop) => Figures {
                    latency_ms: hop.avg_ms,
                    jitter_ms: hop.jitter_ms,
                    loss_pct: Some(hop.loss_pct),
                    ..Figures::default()
                },
                None => Figures { loss_pct: Some(100.0), ..Figures::default() },
            },
            Self::Probe(result) => Figures {
                latency_ms: result.time_ms.filter(|_| result.state == PortState::Open),
                ..Figures::default()
            },
            Self::Dns(result) => {
                let times = result.resolvers.iter().filter_map(|one| one.time_ms);
                Figures { latency_ms: times.reduce(f64::max), ..Figures::default() }
            }
        };
        let sane = |value: Option<f64>| value.filter(|value| value.is_finite() && *value >= 0.0);
        Figures {
            download_mbps: sane(figures.download_mbps),
            upload_mbps: sane(figures.upload_mbps),
            latency_ms: sane(figures.latency_ms),
            jitter_ms: sane(figures.jitter_ms),
            loss_pct: sane(figures.loss_pct),
        }
    }
}

impl Measured {
    /// What did not answer, with the state that this is: a port that is closed or filtered, a
    /// target that a trace does not reach, resolvers that fail. `None` when everything answered.
    #[must_use]
    pub fn unanswered(&self) -> Option<(State, SafeText)> {
        match self {
            Self::Speedtest(_) => None,
            Self::Trace(report) => {
                (!report.reached).then(|| (State::Critical, report.verdict.clone()))
            }
            Self::Probe(result) => match result.state {
                PortState::Open | PortState::OpenOrFiltered => None,
                PortState::Closed | PortState::Filtered => {
                    Some((State::Critical, result.output.clone()))
                }
            },
            Self::Dns(result) => {
                let failed = result.resolvers.iter().filter_map(|one| {
                    one.failure.as_ref().map(|failure| format!("{}: {failure}", one.resolver))
                });
                let failed: Vec<String> = failed.collect();
                let all = failed.len() == result.resolvers.len();
                let state = if all { State::Critical } else { State::Warning };
                (!failed.is_empty()).then(|| (state, SafeText::line(&failed.join(", "))))
            }
        }
    }
}

/// How far a test is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum TestPhase {
    /// It waits for its vantage or its target.
    #[default]
    Queued,
    /// Its vantage runs it.
    Running,
    /// It measured.
    Done,
    /// It could not, and why is said; what it measured before is there.
    Failed,
    /// Somebody took it back.
    Cancelled,
    /// Its time passed while target, vantage or link were busy or away: nothing was measured.
    Missed,
}

impl TestPhase {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Queued, Self::Running, Self::Done, Self::Failed, Self::Cancelled, Self::Missed];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Missed => "missed",
        }
    }

    /// True when nothing comes any more.
    #[must_use]
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

impl fmt::Display for TestPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for TestPhase {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|phase| phase.word() == text).ok_or(())
    }
}

/// One run of a test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Test {
    /// Which.
    pub id: TestId,
    /// The vantage: an agent, or the server's own under the name of its machine.
    #[schema(value_type = String)]
    pub agent: Name,
    /// What is run.
    pub spec: TestSpec,
    /// Where it goes; of a speedtest to the nearest target this is known when it runs.
    pub target: SafeText,
    /// How far it is.
    pub phase: TestPhase,
    /// Who asked.
    pub asked_by: SafeText,
    /// The schedule that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleId>,
    /// When it was asked for, or due.
    pub asked_at: Timestamp,
    /// When its vantage began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// What it waits for, or why it failed.
    #[serde(default, skip_serializing_if = "SafeText::is_empty")]
    pub reason: SafeText,
    /// True when a window covered its vantage or its schedule.
    #[serde(default)]
    pub in_maintenance: bool,
    /// Limits that it broke.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breaches: Vec<Breach>,
    /// Its figures so far.
    #[serde(default)]
    pub figures: Figures,
    /// Everything it measured so far; lists leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Box<Measured>>,
}

impl Test {
    /// True when it broke a limit, or what it was aimed at did not answer.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        let unanswered = self.result.as_ref().and_then(|result| result.unanswered());
        !self.breaches.is_empty() || unanswered.is_some()
    }

    /// As lists show it: without everything it measured.
    #[must_use]
    pub fn brief(&self) -> Self {
        Self { result: None, ..self.clone() }
    }

    /// Bytes that it moved through the network, as far as it is known.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self.result.as_deref() {
            Some(Measured::Speedtest(result)) => result.bytes(),
            _ => 0,
        }
    }
}

/// What a vantage says of a test that it runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TestNews {
    /// Which.
    pub id: TestId,
    /// When, by its own clock.
    pub at: Timestamp,
    /// True when nothing comes any more.
    pub over: bool,
    /// Why it could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<SafeText>,
    /// True when the target was busy: it is worth another try.
    #[serde(default)]
    pub busy: bool,
    /// Everything it measured so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Box<Measured>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fs_23_fs_24_fs_25_the_documents_bodies_are_read_as_they_stand() {
        let trace: PathSpec =
            serde_json::from_str(r#"{"target": "8.8.8.8", "count": 30, "interval_ms": 100}"#)
                .unwrap();
        assert_eq!((trace.count, trace.interval_ms, trace.max_hops), (30, 100, 30));
        let probe: PortSpec = serde_json::from_str(
            r#"{"target": "db-prod-01.internal", "port": 5432, "protocol": "tcp", "timeout_ms": 2000}"#,
        )
        .unwrap();
        assert_eq!(TestSpec::Probe(probe).target(), "db-prod-01.internal:5432");
        let dns: LookupSpec = serde_json::from_str(
            r#"{"hostname": "api.internal.example.com", "resolvers": ["8.8.8.8", "1.1.1.1"]}"#,
        )
        .unwrap();
        assert_eq!((dns.resolvers.len(), dns.record_type.as_str()), (2, "A"));
    }

    #[test]
    fn fs_15_fs_16_what_is_out_of_range_is_refused_by_field_and_range() {
        let speed = |change: fn(&mut SpeedSpec)| {
            let mut spec = SpeedSpec::default();
            change(&mut spec);
            TestSpec::Speedtest(spec).check().err().unwrap_or_default()
        };
        assert_eq!(speed(|_| {}), "");
        assert_eq!(
            speed(|s| s.duration_seconds = 15),
            "`duration_seconds`: 15 is none of 10, 20, 30, 60"
        );
        assert_eq!(speed(|s| s.streams = 0), "`streams`: 0 is not within 1 to 8");
        assert_eq!(speed(|s| s.streams = 9), "`streams`: 9 is not within 1 to 8");
        assert_eq!(speed(|s| s.streams = 8), "");
        assert!(speed(|s| s.bitrate_mbps = Some(5.0)).contains("only udp"));
        let dash = PathSpec {
            target: "--help".to_owned(),
            count: 1,
            interval_ms: 100,
            protocol: TraceProtocol::Icmp,
            port: None,
            max_hops: 30,
        };
        assert!(TestSpec::Trace(dash.clone()).check().is_err());
        let wrong = PathSpec { target: "a".to_owned(), count: 0, ..dash };
        assert_eq!(
            TestSpec::Trace(wrong).check().unwrap_err(),
            "`count`: 0 is not within 1 to 1000"
        );
    }

    #[test]
    fn a_trace_that_does_not_reach_its_target_lost_everything() {
        let report = TraceReport {
            target: SafeText::line("x"),
            address: None,
            protocol: TraceProtocol::Icmp,
            rounds: 3,
            hops: Vec::new(),
            reached: false,
            verdict: SafeText::empty(),
            note: SafeText::empty(),
        };
        let figures = Measured::Trace(report).figures();
        assert_eq!((figures.loss_pct, figures.latency_ms), (Some(100.0), None));
    }

    #[test]
    fn fs_24_fs_25_what_does_not_answer_is_a_problem() {
        let port = |state| {
            let result = PortResult { state, time_ms: None, output: SafeText::line("x") };
            Measured::Probe(result).unanswered().map(|(state, _)| state)
        };
        assert_eq!((port(PortState::Open), port(PortState::OpenOrFiltered)), (None, None));
        assert_eq!(port(PortState::Closed), Some(State::Critical));
        assert_eq!(port(PortState::Filtered), Some(State::Critical));
        let resolvers = |failed: &[bool]| {
            let one = |failed: &bool| ResolverTime {
                resolver: SafeText::line("r"),
                time_ms: None,
                rating: None,
                answer: SafeText::empty(),
                failure: failed.then(|| SafeText::line("dead")),
            };
            let result = DnsResult { resolvers: failed.iter().map(one).collect() };
            Measured::Dns(result).unanswered().map(|(state, why)| (state, why.to_string()))
        };
        assert_eq!(resolvers(&[false, false]), None);
        let dead = "r: dead".to_owned();
        assert_eq!(resolvers(&[false, true]), Some((State::Warning, dead.clone())));
        assert_eq!(resolvers(&[true]), Some((State::Critical, dead)));
    }

    #[test]
    fn what_is_no_number_is_no_figure() {
        let mut result = SpeedResult::begun(&SpeedTarget {
            engine: super::super::speed::Engine::Http,
            place: "http://x/".to_owned(),
        });
        result.latency_ms = Some(f64::NAN);
        result.loss_pct = Some(-1.0);
        result.jitter_ms = Some(0.0);
        let figures = Measured::Speedtest(result).figures();
        assert_eq!(
            (figures.latency_ms, figures.loss_pct, figures.jitter_ms),
            (None, None, Some(0.0))
        );
    }
}
