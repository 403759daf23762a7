//! A speedtest: what is asked for, what was measured, and in which bands figures fall.
//!
//! Rates are in megabits per second (decimal), times in milliseconds, losses in per cent.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::safe_text::SafeText;

/// The durations that a speedtest may have, in seconds (SPEC FS-15).
pub const DURATIONS: [u32; 4] = [10, 20, 30, 60];
/// What UDP sends unless told otherwise, in Mbit/s.
pub const UDP_MBPS: f64 = 10.0;
/// Most parallel streams (SPEC FS-16).
pub const STREAM_LIMIT: u32 = 8;
/// The port of an iperf3 server.
pub const IPERF3_PORT: u16 = 5201;
/// Most figures of one series: a minute at four a second, with room for a late last one.
pub const INTERVAL_LIMIT: usize = 260;

/// What carries a speedtest.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// TCP.
    #[default]
    Tcp,
    /// UDP: iperf3 only.
    Udp,
}

/// Which way is measured.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the target to the vantage.
    Download,
    /// From the vantage to the target.
    Upload,
    /// One after the other.
    #[default]
    Bidirectional,
}

impl Direction {
    /// True when the way from the target is measured.
    #[must_use]
    pub const fn downloads(self) -> bool {
        matches!(self, Self::Download | Self::Bidirectional)
    }

    /// True when the way to the target is measured.
    #[must_use]
    pub const fn uploads(self) -> bool {
        matches!(self, Self::Upload | Self::Bidirectional)
    }
}

/// What measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// The protocol of iperf3.
    Iperf3,
    /// Downloads and uploads over HTTP.
    Http,
}

impl Engine {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Iperf3 => "iperf3",
            Self::Http => "http",
        }
    }
}

const fn twenty() -> u32 {
    20
}

const fn four() -> u32 {
    4
}

/// A speedtest that is asked for (SPEC FS-12 to FS-17).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SpeedSpec {
    /// The name of a configured target, `HOST[:PORT]` of an iperf3 server, or a URL; without it the
    /// nearest of the configured targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// TCP or UDP.
    #[serde(default)]
    pub protocol: Transport,
    /// Which way.
    #[serde(default)]
    pub direction: Direction,
    /// How long each way is measured: 10, 20, 30 or 60 s.
    #[serde(default = "twenty")]
    pub duration_seconds: u32,
    /// Parallel streams, 1 to 8.
    #[serde(default = "four")]
    pub streams: u32,
    /// What UDP sends, in Mbit/s of all streams together; 10 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bitrate_mbps: Option<f64>,
}

impl Default for SpeedSpec {
    fn default() -> Self {
        Self {
            target: None,
            protocol: Transport::default(),
            direction: Direction::default(),
            duration_seconds: twenty(),
            streams: four(),
            bitrate_mbps: None,
        }
    }
}

/// Where a speedtest goes, after aliases and choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SpeedTarget {
    /// What measures.
    pub engine: Engine,
    /// `HOST:PORT` of an iperf3 server, or a URL.
    pub place: String,
}

impl FromStr for SpeedTarget {
    type Err = String;

    /// What a person wrote as a target: a URL is measured over HTTP, everything else is
    /// `HOST[:PORT]` of an iperf3 server, with `iperf3://` before it or without.
    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || {
            let cut: String = text.chars().take(80).collect();
            format!("`{cut}` is no target; write a URL, or HOST[:PORT] of an iperf3 server")
        };
        let lower = text.to_ascii_lowercase();
        let odd = |c: char| c.is_whitespace() || c.is_control();
        if text.is_empty() || text.starts_with('-') || text.contains(odd) {
            return Err(bad());
        }
        if lower.starts_with("http://") || lower.starts_with("https://") {
            return Ok(Self { engine: Engine::Http, place: text.to_owned() });
        }
        let place = if lower.starts_with("iperf3://") { text.get(9..) } else { Some(text) };
        let (host, port) = place.and_then(split).ok_or_else(bad)?;
        let odd = |c: char| !(c.is_alphanumeric() || ".-_:%".contains(c));
        if host.starts_with('-') || host.contains(odd) {
            return Err(bad());
        }
        Ok(Self { engine: Engine::Iperf3, place: super::test::host_port(host, port) })
    }
}

impl SpeedTarget {
    /// Host and port of an iperf3 server.
    #[must_use]
    pub fn host_port(&self) -> Option<(&str, u16)> {
        split(&self.place)
    }
}

/// A target of speedtests that has a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NamedTarget {
    /// Its name.
    pub name: String,
    /// Where it is.
    #[serde(flatten)]
    pub target: SpeedTarget,
    /// The link that it is reached over, which no two tests of throughput share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// `HOST`, `HOST:PORT`, `[ADDRESS]:PORT`, or an address of IPv6 alone.
fn split(text: &str) -> Option<(&str, u16)> {
    if let Some(inside) = text.strip_prefix('[') {
        let (host, rest) = inside.split_once(']')?;
        let port = if rest.is_empty() { Some(IPERF3_PORT) } else { port(rest.strip_prefix(':')?) };
        return Some((host, port?)).filter(|(host, _)| !host.is_empty());
    }
    let found = match text.split_once(':') {
        Some((_, rest)) if rest.contains(':') => (text, IPERF3_PORT),
        Some((host, given)) => (host, port(given)?),
        None => (text, IPERF3_PORT),
    };
    Some(found).filter(|(host, _)| !host.is_empty())
}

fn port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port > 0)
}

/// A rate at one moment of a speedtest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Interval {
    /// The end of the interval, in milliseconds since this way began.
    pub at_ms: u32,
    /// The rate within it, in Mbit/s.
    pub mbps: f64,
}

/// One way of a speedtest.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Throughput {
    /// The rate at the receiver, in Mbit/s; without the slow start where we measure ourselves.
    pub mbps: f64,
    /// Bytes moved, the slow start included.
    pub bytes: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u32,
    /// Segments that TCP sent again, where the sender says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retransmits: Option<u64>,
    /// Jitter of UDP after RFC 3550, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter_ms: Option<f64>,
    /// Loss of UDP, in per cent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_pct: Option<f64>,
    /// The median latency meanwhile, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loaded_ms: Option<f64>,
    /// The rate over time, at most [`INTERVAL_LIMIT`] of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intervals: Vec<Interval>,
}

/// What a speedtest measured, or has measured so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SpeedResult {
    /// What measured.
    pub engine: Engine,
    /// Where it went.
    pub target: SafeText,
    /// The address that was connected to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<SafeText>,
    /// The median round-trip time before the load, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// The mean difference of successive round-trip times before the load, in milliseconds; of UDP
    /// the jitter after RFC 3550.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter_ms: Option<f64>,
    /// Loss in per cent: of UDP that of the datagrams, else that of the round trips before the load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_pct: Option<f64>,
    /// From the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download: Option<Throughput>,
    /// To the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<Throughput>,
    /// How much the load raises the latency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<Grade>,
    /// What the figures do not say: a way that the target does not offer.
    #[serde(default, skip_serializing_if = "SafeText::is_empty")]
    pub note: SafeText,
}

impl SpeedResult {
    /// Nothing yet.
    #[must_use]
    pub fn begun(target: &SpeedTarget) -> Self {
        Self {
            engine: target.engine,
            target: SafeText::line(&target.place),
            address: None,
            latency_ms: None,
            jitter_ms: None,
            loss_pct: None,
            download: None,
            upload: None,
            grade: None,
            note: SafeText::empty(),
        }
    }

    /// Bytes moved in both directions.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let of = |way: &Option<Throughput>| way.as_ref().map_or(0, |way| way.bytes);
        of(&self.download).saturating_add(of(&self.upload))
    }
}

/// How much a load raises the latency, in the grades that such tests use.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
pub enum Grade {
    /// Below 5 ms more.
    #[serde(rename = "A+")]
    APlus,
    /// Below 30 ms more.
    A,
    /// Below 60 ms more.
    B,
    /// Below 200 ms more.
    C,
    /// Below 400 ms more.
    D,
    /// 400 ms or more.
    F,
}

impl Grade {
    /// Of this many milliseconds more than without load.
    #[must_use]
    pub fn of(added_ms: f64) -> Self {
        match added_ms {
            ms if ms < 5.0 => Self::APlus,
            ms if ms < 30.0 => Self::A,
            ms if ms < 60.0 => Self::B,
            ms if ms < 200.0 => Self::C,
            ms if ms < 400.0 => Self::D,
            _ => Self::F,
        }
    }

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::APlus => "A+",
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::F => "F",
        }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// The band of a latency (SPEC FS-19): a tint, never a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LatencyBand {
    /// Below 10 ms: excellent in a LAN.
    Excellent,
    /// Below 50 ms: acceptable in a WAN.
    Acceptable,
    /// 50 ms or more.
    High,
}

impl LatencyBand {
    /// The band of a latency in milliseconds.
    #[must_use]
    pub fn of(ms: f64) -> Self {
        match ms {
            ms if ms < 10.0 => Self::Excellent,
            ms if ms < 50.0 => Self::Acceptable,
            _ => Self::High,
        }
    }
}

/// True for a jitter that is worth a look (SPEC FS-20).
#[must_use]
pub fn jitter_is_high(ms: f64) -> bool {
    ms > 10.0
}

/// True for a loss that is worth a look (SPEC FS-21).
#[must_use]
pub fn loss_is_high(pct: f64) -> bool {
    pct > 0.1
}

/// A rate in words (SPEC FS-18): `941 Mbps`, and from 1000 on `1.25 Gbps`.
#[must_use]
pub fn rate(mbps: f64) -> String {
    if mbps >= 999.5 {
        format!("{:.2} Gbps", mbps / 1000.0)
    } else if mbps >= 99.95 {
        format!("{mbps:.0} Mbps")
    } else if mbps >= 9.995 {
        format!("{mbps:.1} Mbps")
    } else {
        format!("{mbps:.2} Mbps")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fs_17_what_a_person_wrote_is_a_url_or_an_iperf3_server() {
        for (text, engine, place) in [
            ("https://x/backend/", Engine::Http, "https://x/backend/"),
            ("lab", Engine::Iperf3, "lab:5201"),
            ("lab:99", Engine::Iperf3, "lab:99"),
            ("iperf3://lab:99", Engine::Iperf3, "lab:99"),
            ("HTTPS://x/y", Engine::Http, "HTTPS://x/y"),
            ("::1", Engine::Iperf3, "[::1]:5201"),
            ("[::1]", Engine::Iperf3, "[::1]:5201"),
            ("[::1]:99", Engine::Iperf3, "[::1]:99"),
        ] {
            let read = text.parse::<SpeedTarget>().unwrap();
            assert_eq!((read.engine, read.place.as_str()), (engine, place), "{text}");
        }
        for bad in
            ["", "-h", "ftp://x", "a b", "lab:0", "lab:70000", ":5201", "a/b", "a;b", "[::1", "[]"]
        {
            assert!(bad.parse::<SpeedTarget>().unwrap_err().contains("is no target"), "{bad}");
        }
        let six = "[::1]:99".parse::<SpeedTarget>().unwrap();
        assert_eq!(six.host_port(), Some(("::1", 99)));
    }

    #[test]
    fn fs_18_rates_change_their_unit_at_1000_mbps() {
        for (mbps, words) in [
            (0.0, "0.00 Mbps"),
            (9.99, "9.99 Mbps"),
            (9.999, "10.0 Mbps"),
            (99.94, "99.9 Mbps"),
            (99.95, "100 Mbps"),
            (999.4, "999 Mbps"),
            (999.5, "1.00 Gbps"),
            (1000.0, "1.00 Gbps"),
            (12_345.0, "12.35 Gbps"),
        ] {
            assert_eq!(rate(mbps), words, "{mbps}");
        }
    }

    #[test]
    fn fs_19_fs_20_fs_21_bands_begin_where_the_document_says() {
        assert_eq!(LatencyBand::of(9.99), LatencyBand::Excellent);
        assert_eq!(LatencyBand::of(10.0), LatencyBand::Acceptable);
        assert_eq!(LatencyBand::of(49.99), LatencyBand::Acceptable);
        assert_eq!(LatencyBand::of(50.0), LatencyBand::High);
        assert_eq!((jitter_is_high(10.0), jitter_is_high(10.01)), (false, true));
        assert_eq!((loss_is_high(0.1), loss_is_high(0.11)), (false, true));
    }

    #[test]
    fn a_grade_says_what_a_load_adds() {
        for (added, word) in [(-1.0, "A+"), (4.9, "A+"), (5.0, "A"), (30.0, "B"), (60.0, "C")] {
            assert_eq!(Grade::of(added).word(), word, "{added}");
        }
        assert_eq!([Grade::of(200.0), Grade::of(400.0)], [Grade::D, Grade::F]);
    }

    #[test]
    fn fs_13_to_fs_17_what_is_not_said_is_what_the_document_says() {
        let spec: SpeedSpec = serde_json::from_str("{}").unwrap();
        assert_eq!(spec, SpeedSpec::default());
        assert_eq!(spec.protocol, Transport::Tcp);
        assert_eq!(spec.direction, Direction::Bidirectional);
        assert_eq!((spec.duration_seconds, spec.streams, spec.target), (20, 4, None));
    }
}
