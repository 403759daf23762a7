//! A test in words: how it stands, what it does, how far it is, how much it moves. Pure.

use crate::model::speed::{LatencyBand, UDP_MBPS, jitter_is_high, loss_is_high, rate};
use crate::model::{Direction, Span, SpeedSpec, Test, TestPhase, TestSpec, Timestamp, Transport};
use crate::tui::format;
use crate::tui::num::{millis, real};
use crate::tui::theme::Role;

/// How a test stands, and its colour.
#[must_use]
pub fn state(test: &Test) -> (&'static str, Role) {
    match test.phase {
        TestPhase::Queued => ("○ queued", Role::StateWaiting),
        TestPhase::Running => ("▸ running", Role::Strong),
        TestPhase::Done if test.breaches.is_empty() => ("✓ done", Role::StateOk),
        TestPhase::Done => ("▲ breach", Role::StateWarning),
        TestPhase::Failed => ("? failed", Role::StateUnknown),
        TestPhase::Missed => ("? missed", Role::StateUnknown),
        TestPhase::Cancelled => ("– cancelled", Role::Muted),
    }
}

const fn ways(spec: &SpeedSpec) -> u32 {
    if matches!(spec.direction, Direction::Bidirectional) { 2 } else { 1 }
}

const fn direction(spec: &SpeedSpec) -> &'static str {
    match spec.direction {
        Direction::Bidirectional => "both ways",
        Direction::Download => "download",
        Direction::Upload => "upload",
    }
}

/// `20 s tcp both ways, 4 streams`.
#[must_use]
pub fn what(spec: &TestSpec) -> String {
    match spec {
        TestSpec::Speedtest(speed) => {
            let way = direction(speed);
            let sends = match speed.protocol {
                Transport::Tcp => "tcp".to_owned(),
                Transport::Udp => format!("udp {}", rate(speed.bitrate_mbps.unwrap_or(UDP_MBPS))),
            };
            let streams = format::plural(speed.streams, "stream");
            format!("{} s {sends} {way}, {streams}", speed.duration_seconds)
        }
        TestSpec::Trace(trace) => {
            format!("{} trace, {} rounds", trace.protocol, trace.count)
        }
        TestSpec::Probe(probe) => format!("probe of port {}", probe.port),
        TestSpec::Dns(dns) => match dns.resolvers.len() {
            0 => format!("{} from its own resolvers", dns.record_type),
            many => format!("{} from {}", dns.record_type, format::plural(many, "resolver")),
        },
    }
}

/// What a test is aimed at.
#[must_use]
pub fn target(spec: &TestSpec) -> String {
    let target = spec.target();
    if target.is_empty() { NEAREST.to_owned() } else { target }
}

/// The target of a speedtest that goes to the nearest of all.
pub const NEAREST: &str = "nearest";

/// How long a test measures.
#[must_use]
pub fn expected(spec: &TestSpec) -> Span {
    match spec {
        TestSpec::Speedtest(speed) => {
            Span::from_secs((speed.duration_seconds * ways(speed)).into())
        }
        TestSpec::Trace(trace) => {
            Span::from_millis(u64::from(trace.count) * u64::from(trace.interval_ms))
        }
        TestSpec::Probe(probe) => Span::from_millis(probe.timeout_ms.into()),
        TestSpec::Dns(dns) => Span::from_millis(dns.timeout_ms.into()),
    }
}

/// How far a running test is, 0 to 1, and how long it still measures; what takes longer than it
/// should is nearly there.
#[must_use]
pub fn progress(test: &Test, wall: Timestamp) -> Option<(f64, Span)> {
    let begun = test.started_at.filter(|_| test.phase == TestPhase::Running)?;
    let (whole, gone) = (expected(&test.spec).millis(), wall.since(begun).millis());
    let part = |ms: u64| millis(i64::try_from(ms).unwrap_or(i64::MAX));
    let share = if whole == 0 { 0.99 } else { (part(gone) / part(whole)).min(0.99) };
    Some((share, Span::from_millis(whole.saturating_sub(gone))))
}

/// `45 %, 22 s left`.
#[must_use]
pub fn far(test: &Test, wall: Timestamp) -> Option<String> {
    let (share, left) = progress(test, wall)?;
    let left = match left.millis().div_ceil(1000) {
        0 => "about to end".to_owned(),
        secs => format!("{secs} s left"),
    };
    Some(format!("{:.0} %, {left}", share * 100.0))
}

/// Bytes with a decimal prefix: `2.4 GB`, `940 MB`.
#[must_use]
pub fn amount(bytes: f64) -> String {
    match bytes {
        b if !b.is_finite() || b < 0.0 => "–".to_owned(),
        b if b >= 9.995e8 => format!("{:.1} GB", b / 1e9),
        b if b >= 9.995e5 => format!("{:.0} MB", b / 1e6),
        b => format!("{:.0} kB", b / 1e3),
    }
}

/// The same of a count.
#[must_use]
pub fn moved(bytes: u64) -> String {
    amount(real(usize::try_from(bytes).unwrap_or(usize::MAX)))
}

/// A rate, or nothing.
#[must_use]
pub fn mbps(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map_or_else(|| "–".to_owned(), rate)
}

/// Milliseconds with their unit.
#[must_use]
pub fn ms(value: Option<f64>) -> String {
    match value.filter(|value| value.is_finite()) {
        None => "–".to_owned(),
        Some(value) if value >= 9_999.5 => format!("{:.0} s", value / 1000.0),
        Some(value) => format!("{} ms", format::round_trip(Some(value))),
    }
}

/// Loss in per cent.
#[must_use]
pub fn loss(value: Option<f64>) -> String {
    match value.filter(|value| value.is_finite()) {
        None => "–".to_owned(),
        Some(value) if value >= 99.995 => format!("{value:.0} %"),
        Some(value) => format!("{value:.2} %"),
    }
}

/// The tint of a latency: only what is high stands out (SPEC FS-19).
#[must_use]
pub fn latency_role(value: Option<f64>) -> Role {
    match value.map(LatencyBand::of) {
        Some(LatencyBand::High) => Role::StateWarning,
        Some(_) => Role::Text,
        None => Role::Muted,
    }
}

/// The tint of a jitter (SPEC FS-20).
#[must_use]
pub fn jitter_role(value: Option<f64>) -> Role {
    flagged(value, jitter_is_high)
}

/// The tint of a loss (SPEC FS-21).
#[must_use]
pub fn loss_role(value: Option<f64>) -> Role {
    flagged(value, loss_is_high)
}

fn flagged(value: Option<f64>, is_high: fn(f64) -> bool) -> Role {
    match value {
        Some(value) if is_high(value) => Role::StateWarning,
        Some(_) => Role::Text,
        None => Role::Muted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Figures;

    fn spec(change: impl Fn(&mut SpeedSpec)) -> TestSpec {
        let mut spec = SpeedSpec::default();
        change(&mut spec);
        TestSpec::Speedtest(spec)
    }

    #[test]
    fn what_a_test_would_move_follows_the_last_rates_and_is_unknown_without_them() {
        let last =
            Figures { download_mbps: Some(800.0), upload_mbps: Some(400.0), ..Figures::default() };
        let of = |spec: &TestSpec, last: Option<&Figures>| {
            crate::model::traffic::estimate(spec, last).map(moved)
        };
        assert_eq!(of(&spec(|_| ()), Some(&last)).as_deref(), Some("3.0 GB"));
        let up = spec(|spec| spec.direction = Direction::Upload);
        assert_eq!(of(&up, Some(&last)).as_deref(), Some("1.0 GB"));
        assert_eq!(of(&up, None), None);
        let half = Figures { upload_mbps: None, ..last };
        assert_eq!(of(&spec(|_| ()), Some(&half)), None);
        let udp = spec(|spec| spec.protocol = Transport::Udp);
        assert_eq!(of(&udp, None).as_deref(), Some("50 MB"));
    }

    #[test]
    fn fs_19_fs_20_fs_21_only_what_is_high_has_a_tint() {
        assert_eq!(latency_role(Some(49.9)), Role::Text);
        assert_eq!(latency_role(Some(50.0)), Role::StateWarning);
        assert_eq!(
            (jitter_role(Some(10.0)), jitter_role(Some(10.1))),
            (Role::Text, Role::StateWarning)
        );
        assert_eq!((loss_role(Some(0.1)), loss_role(Some(0.11))), (Role::Text, Role::StateWarning));
        assert_eq!(loss_role(None), Role::Muted);
    }
}
