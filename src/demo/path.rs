//! Simulated paths: from the desk through the core of Frankfurt to a host, hop by hop.

use std::net::{IpAddr, Ipv4Addr};

use super::Plot;
use super::dice::{roll, share, wander};
use super::story::{Fate, fate, is_away};
use crate::model::spec::TraceProtocol;
use crate::model::trace::{Hop, HopAddress, TraceReport};
use crate::model::{CheckKey, SafeText, Span, Timestamp};

/// Most probes that a hop's statistics are computed over.
const WINDOW: u64 = 120;
/// Most probes that a hop shows one by one.
const RECENT: usize = 60;

struct Router {
    name: String,
    address: Ipv4Addr,
    base_ms: f64,
    /// Nothing comes back from here on.
    dead: bool,
    /// Answers, but drops some.
    loss: f64,
}

/// The path as it is after so many rounds.
pub fn report(
    plot: Plot,
    host: &str,
    address: &str,
    at: Timestamp,
    rounds: u64,
    round: Span,
) -> TraceReport {
    let routers = routers(plot, host, address, at);
    let end = routers.iter().position(|router| router.dead);
    let mut hops = Vec::new();
    for (n, router) in routers.iter().enumerate() {
        let ttl = u8::try_from(n + 1).unwrap_or(u8::MAX);
        hops.push(hop(plot, ttl, router, at, rounds.max(1), round));
    }
    let reached = end.is_none();
    let lossy = routers.iter().rev().find(|router| router.loss > 0.1 && !router.dead);
    let verdict = match (end, lossy) {
        (Some(at), _) => {
            let last = at.checked_sub(1).and_then(|n| routers.get(n));
            let last = last.map_or("the first hop", |router| router.name.as_str());
            format!("answers end at hop {at} ({last})")
        }
        (None, Some(router)) => format!("loss at {}, and real", router.name),
        (None, None) => "reached, no loss that matters".to_owned(),
    };
    TraceReport {
        target: SafeText::line(host),
        address: address.parse().ok(),
        protocol: TraceProtocol::Icmp,
        rounds,
        hops,
        reached,
        verdict: SafeText::line(&verdict),
        note: SafeText::line("simulated"),
    }
}

/// The routers on the way, by the site in the host's name.
fn routers(plot: Plot, host: &str, address: &str, at: Timestamp) -> Vec<Router> {
    let site = host.split('-').nth(1).unwrap_or("fra");
    let net = address.split('.').nth(1).and_then(|byte| byte.parse::<u8>().ok()).unwrap_or(1);
    let far = match site {
        "fra" => 0.4,
        "ams" => 6.8,
        "lon" => 11.5,
        "dal" => 118.0,
        _ => 164.0,
    };
    // Every few hours the way between the sites changes to the other core.
    let hours = at.millis().div_euclid(4 * 3_600_000).cast_unsigned();
    let other = roll(plot.seed, site, hours).is_multiple_of(3);
    let core = if other { 2 } else { 1 };
    let router = |name: String, address: [u8; 4], base_ms: f64| Router {
        name,
        address: Ipv4Addr::from(address),
        base_ms,
        dead: false,
        loss: 0.0,
    };
    let mut all = vec![
        router("gw.desk.example".to_owned(), [10, 0, 0, 1], 0.3),
        router(format!("core-fra-{core}.example"), [10, 1, 0, core], 1.1),
    ];
    if site != "fra" {
        all.push(router(format!("xe-0-{net}.carrier.example"), [198, 51, 100, net], far * 0.55));
        all.push(router(format!("core-{site}-{core}.example"), [10, net, 0, core], far));
    }
    let is_core = all.iter().any(|router| router.name.trim_end_matches(".example") == host);
    if !is_core {
        if !host.starts_with("core") {
            all.push(router(format!("sw-{site}-1.example"), [10, net, 1, 1], far + 0.3));
        }
        let target = address.parse().unwrap_or(Ipv4Addr::LOCALHOST);
        all.push(router(host.to_owned(), target.octets(), far + 0.6));
    }
    let away = is_away(plot, host, at);
    let poor = fate(plot, &CheckKey::new(host, "trace"), at);
    if let Some(last) = all.last_mut() {
        last.dead = away || matches!(poor, Fate::Silent | Fate::Bad);
        last.loss = if poor == Fate::Poor { 0.3 } else { 0.0 };
    }
    all
}

fn hop(plot: Plot, ttl: u8, router: &Router, at: Timestamp, rounds: u64, round: Span) -> Hop {
    let step = i64::try_from(round.millis().max(1)).unwrap_or(1000);
    let last = at.millis().div_euclid(step);
    let count = rounds.min(WINDOW);
    let probe = |back: u64| -> Option<f64> {
        let number = last - i64::try_from(back).unwrap_or(0);
        let dice = share(plot.seed, &router.name, number.cast_unsigned());
        if router.dead || dice < router.loss.max(0.004) {
            return None;
        }
        let wave = wander(plot.seed, &router.name, number * step, 90_000);
        let spike = if dice > 0.985 { 8.0 } else { 0.0 };
        Some(router.base_ms * (1.0 + 0.02 * wave) + 0.2 * dice + spike)
    };
    let probes: Vec<Option<f64>> = (0..count).rev().map(probe).collect();
    let seen: Vec<f64> = probes.iter().flatten().copied().collect();
    let many = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    let mean = (!seen.is_empty()).then(|| seen.iter().sum::<f64>() / many(seen.len()));
    let apart: Vec<f64> =
        seen.windows(2).filter_map(|w| Some((w.last()? - w.first()?).abs())).collect();
    let spread = mean.map(|mean| {
        let sum: f64 = seen.iter().map(|ms| (ms - mean).powi(2)).sum();
        (sum / many(seen.len().saturating_sub(1).max(1))).sqrt()
    });
    let lost = probes.len() - seen.len();
    let recent = probes.len().saturating_sub(RECENT);
    let known = HopAddress {
        address: IpAddr::V4(router.address),
        name: Some(SafeText::line(&router.name)),
    };
    Hop {
        ttl,
        addresses: if router.dead && seen.is_empty() { Vec::new() } else { vec![known] },
        sent: count,
        received: u64::try_from(seen.len()).unwrap_or(0),
        loss_pct: many(lost) * 100.0 / many(probes.len().max(1)),
        last_ms: probes.last().copied().flatten(),
        avg_ms: mean,
        best_ms: seen.iter().copied().reduce(f64::min),
        worst_ms: seen.iter().copied().reduce(f64::max),
        stddev_ms: spread,
        jitter_ms: mean.map(|_| apart.iter().sum::<f64>() / many(apart.len().max(1))),
        recent_ms: probes.get(recent..).unwrap_or_default().to_vec(),
    }
}
