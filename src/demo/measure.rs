//! What network tests measure in the simulated network: rates, paths, ports and resolvers.
//!
//! A pure function of (seed, test, begin, time since): a test that runs is asked again and again, and
//! tells a little more each time until it is over.

use std::net::IpAddr;

use super::dice::{day, roll, share, wander};
use super::story::is_away;
use super::{Network, Plot};
use crate::model::rating::rating;
use crate::model::speed::{Grade, Interval};
use crate::model::test::{DnsResult, Expect, PortProtocol, PortResult, PortState, ResolverTime};
use crate::model::{
    Direction, LookupSpec, Measured, PathSpec, PortSpec, SafeText, Span, SpeedResult, SpeedSpec,
    SpeedTarget, TestSpec, Throughput, Timestamp, Transport,
};

/// How long the latency is measured before the load.
const BEFORE: Span = Span::from_millis(1000);
/// Between two figures of a series.
const STEP: u64 = 250;
/// What UDP sends when nobody says it, in Mbit/s.
const UDP: f64 = 10.0;
/// Resolvers that are asked when nobody says which.
const RESOLVERS: [&str; 3] = ["10.1.40.1", "10.2.40.1", "10.4.40.1"];

/// A place that speedtests go to: its rates in Mbit/s and its round trip in milliseconds.
struct Line {
    download: f64,
    upload: f64,
    rtt: f64,
}

/// The line to a place; one that the story does not know has the line that its name gives.
fn line(plot: Plot, place: &str) -> Line {
    for (known, download, upload, rtt) in super::kept::LINES {
        if place.contains(known) {
            return Line { download, upload, rtt };
        }
    }
    let of = |what: u64| share(plot.seed, place, what);
    Line { download: 20.0 + 480.0 * of(1), upload: 10.0 + 240.0 * of(2), rtt: 4.0 + 60.0 * of(3) }
}

/// What a test that began at `begun` has measured after so long, and whether it is over.
///
/// # Errors
/// Why it measures nothing.
pub fn measure(
    network: &Network,
    spec: &TestSpec,
    targets: &[SpeedTarget],
    begun: Timestamp,
    gone: Span,
) -> Result<(Measured, bool), SafeText> {
    let plot = network.plot;
    match spec {
        TestSpec::Speedtest(spec) => speedtest(plot, spec, targets, begun, gone),
        TestSpec::Trace(spec) => Ok(trace(network, spec, begun, gone)),
        TestSpec::Probe(spec) => Ok((Measured::Probe(probe(network, spec, begun)), true)),
        TestSpec::Dns(spec) => Ok((Measured::Dns(dns(network, spec, begun)), true)),
    }
}

fn real(value: u64) -> f64 {
    f64::from(u32::try_from(value).unwrap_or(u32::MAX))
}

fn speedtest(
    plot: Plot,
    spec: &SpeedSpec,
    targets: &[SpeedTarget],
    begun: Timestamp,
    gone: Span,
) -> Result<(Measured, bool), SafeText> {
    let nearest = |a: &&SpeedTarget, b: &&SpeedTarget| {
        line(plot, &a.place).rtt.total_cmp(&line(plot, &b.place).rtt)
    };
    let Some(target) = targets.iter().min_by(nearest) else {
        return Err(SafeText::line("no target is known"));
    };
    let line = line(plot, &target.place);
    let each = Span::from_secs(u64::from(spec.duration_seconds));
    let loaded = Span::from_millis(gone.millis().saturating_sub(BEFORE.millis()));
    let way = |name: &str, base: f64, before: Span| {
        let ran = loaded.millis().checked_sub(before.millis()).filter(|ms| *ms > 0)?;
        Some(throughput(plot, spec, (&target.place, name, base), begun, ran.min(each.millis())))
    };
    let down = spec.direction.downloads();
    let first = if down { each } else { Span::ZERO };
    let download = down.then(|| way("down", line.download, Span::ZERO)).flatten();
    let upload = spec.direction.uploads().then(|| way("up", line.upload, first)).flatten();
    let ways = if spec.direction == Direction::Bidirectional { 2 } else { 1 };
    let over = loaded.millis() >= each.millis() * ways;
    let noise = |what: u64| share(plot.seed, &target.place, begun.millis().cast_unsigned() ^ what);
    let busy = 6.0 * day(begun.millis()) * noise(7);
    let udp = spec.protocol == Transport::Udp;
    let result = SpeedResult {
        engine: target.engine,
        target: SafeText::line(&target.place),
        address: None,
        latency_ms: Some(line.rtt * (1.0 + 0.08 * noise(1)) + 0.1),
        jitter_ms: Some(0.2 + line.rtt * 0.03 * noise(2)),
        loss_pct: udp.then(|| if noise(3) < 0.2 { 0.05 } else { 0.0 }),
        download,
        upload,
        grade: over.then(|| Grade::of(4.0 + busy + 20.0 * noise(4))),
        note: SafeText::line("simulated"),
    };
    Ok((Measured::Speedtest(result), over))
}

/// One direction after so many milliseconds.
fn throughput(
    plot: Plot,
    spec: &SpeedSpec,
    (place, name, base): (&str, &str, f64),
    begun: Timestamp,
    ran: u64,
) -> Throughput {
    let key = format!("{place} {name}");
    // Full by day, and a bad hour now and then.
    let hour = begun.millis().div_euclid(3_600_000).cast_unsigned();
    let bad = if share(plot.seed, &key, hour) < 0.03 { 0.55 } else { 1.0 };
    let load =
        1.0 - 0.12 * day(begun.millis()) - 0.05 * share(plot.seed, &key, hour.wrapping_add(77));
    let base = match spec.protocol {
        Transport::Tcp => base * bad * load,
        Transport::Udp => base.min(spec.bitrate_mbps.unwrap_or(UDP)),
    };
    let count = ran.div_ceil(STEP).max(1);
    let figure = |n: u64| {
        let at = begun.millis() + i64::try_from(n * STEP).unwrap_or(0);
        let wave = wander(plot.seed, &key, at, 3000);
        Interval {
            at_ms: u32::try_from((n + 1) * STEP).unwrap_or(u32::MAX),
            mbps: base * (0.97 + 0.05 * wave),
        }
    };
    let intervals: Vec<Interval> = (0..count).map(figure).collect();
    let mbps = intervals.iter().map(|one| one.mbps).sum::<f64>() / real(count);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate is a small positive number, and a cast from a float saturates"
    )]
    let bytes = (mbps * 125.0 * real(ran)) as u64;
    let tcp = spec.protocol == Transport::Tcp;
    Throughput {
        mbps,
        bytes,
        took_ms: u32::try_from(ran).unwrap_or(u32::MAX),
        retransmits: tcp.then(|| roll(plot.seed, &key, hour) % 40),
        jitter_ms: (!tcp).then_some(0.3),
        loss_pct: (!tcp).then_some(0.0),
        loaded_ms: Some(line(plot, place).rtt * 1.2 + 3.0),
        intervals,
    }
}

fn trace(network: &Network, spec: &PathSpec, begun: Timestamp, gone: Span) -> (Measured, bool) {
    let round = Span::from_millis(u64::from(spec.interval_ms.max(1)));
    let done = (gone.millis() / round.millis()).clamp(1, u64::from(spec.count.max(1)));
    let at = begun + Span::from_millis(done * round.millis());
    let name = host(network, &spec.target).map_or(&*spec.target, |(name, _)| name);
    let mut report = network.path(name, at, done, round);
    report.target = SafeText::line(&spec.target);
    report.protocol = spec.protocol;
    (Measured::Trace(report), done >= u64::from(spec.count))
}

/// A host by its name or address.
fn host<'a>(network: &'a Network, target: &str) -> Option<(&'a str, &'a str)> {
    let found = network.hosts.iter().find(|host| *host.name == *target || *host.address == *target);
    found.map(|host| (&*host.name, &*host.address))
}

/// The round trip to a host, by its site, in milliseconds.
fn far(name: &str) -> f64 {
    match name.split('-').nth(1).unwrap_or("fra") {
        "fra" => 0.9,
        "ams" => 7.2,
        "lon" => 12.0,
        "dal" => 118.0,
        _ => 164.0,
    }
}

/// The ports that are open at a host, by its role.
fn ports(name: &str, protocol: PortProtocol) -> &'static [u16] {
    match (name.split('-').next().unwrap_or_default(), protocol) {
        ("dns", PortProtocol::Udp) => &[53],
        (_, PortProtocol::Udp) => &[],
        ("web" | "app", PortProtocol::Tcp) => &[22, 80, 443],
        ("db", PortProtocol::Tcp) => &[22, 3306, 5432],
        ("mail", PortProtocol::Tcp) => &[22, 25, 443, 587],
        ("dns", PortProtocol::Tcp) => &[22, 53],
        _ => &[22],
    }
}

fn probe(network: &Network, spec: &PortSpec, at: Timestamp) -> PortResult {
    let plot = network.plot;
    let udp = spec.protocol == PortProtocol::Udp;
    let none = if udp { PortState::OpenOrFiltered } else { PortState::Filtered };
    let known = host(network, &spec.target).filter(|(name, _)| !is_away(plot, name, at));
    let state = match known {
        None => none,
        Some((name, _)) if ports(name, spec.protocol).contains(&spec.port) => PortState::Open,
        Some(_) if udp && spec.expect == Expect::Reply => none,
        Some(_) => PortState::Closed,
    };
    let key = format!("{} {}", spec.target, spec.port);
    let noise = share(plot.seed, &key, at.millis().cast_unsigned());
    let answers = matches!(state, PortState::Open | PortState::Closed);
    let time_ms = known.filter(|_| answers).map(|(name, _)| far(name) * (1.0 + 0.2 * noise) + 0.2);
    let time = time_ms.map(|ms| format!(" in {ms:.1} ms")).unwrap_or_default();
    let output = format!("port {} of {}: {}{time}", spec.port, spec.target, state.word());
    PortResult { state, time_ms, output: SafeText::line(&output) }
}

fn dns(network: &Network, spec: &LookupSpec, at: Timestamp) -> DnsResult {
    let plot = network.plot;
    let one = |resolver: &str| {
        // As it may be written: ADDRESS or ADDRESS:PORT.
        let bare = resolver.parse::<IpAddr>().map_or_else(
            |_| resolver.rsplit_once(':').map_or(resolver, |(address, _)| address),
            |_| resolver,
        );
        let known = host(network, bare)
            .filter(|(name, _)| name.starts_with("dns") && !is_away(plot, name, at));
        let noise = share(plot.seed, resolver, at.millis().cast_unsigned());
        let time_ms = known.map(|(name, _)| far(name) + 3.5 * noise + 0.3);
        ResolverTime {
            resolver: SafeText::line(resolver),
            time_ms,
            rating: time_ms.map(rating),
            answer: known.map_or_else(SafeText::empty, |_| SafeText::line("192.0.2.80")),
            failure: known
                .is_none()
                .then(|| SafeText::line(&format!("no answer in {} ms", spec.timeout_ms))),
        }
    };
    let resolvers = if spec.resolvers.is_empty() {
        RESOLVERS.iter().map(|resolver| one(resolver)).collect()
    } else {
        spec.resolvers.iter().map(|resolver| one(resolver)).collect()
    };
    DnsResult { resolvers }
}
