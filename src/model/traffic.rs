//! What the speedtests of a vantage move, and how much they may: links are paid by the gigabyte.

use serde::{Deserialize, Serialize};

use super::measured::Figures;
use super::pattern::Pattern;
use super::safe_text::SafeText;
use super::speed::{Transport, UDP_MBPS};
use super::test::TestSpec;
use super::time::Timestamp;

/// A quarter of an hour, in milliseconds: bytes are counted in these, which the days of every zone
/// begin with.
pub const QUARTER: i64 = 900_000;

/// How much the speedtests of a vantage may move, in bytes; without one as much as they like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Caps {
    /// In a day.
    pub daily: Option<u64>,
    /// In a month of the calendar.
    pub monthly: Option<u64>,
}

/// The caps of vantages, as they are configured.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Allowance {
    /// Of every vantage that has none of its own.
    pub all: Caps,
    /// Of single ones: a name or a glob of names; the first that fits counts.
    pub own: Vec<(String, Caps)>,
    /// The zone whose days and months count, a name of the IANA database; UTC without it.
    pub zone: Option<String>,
}

impl Allowance {
    /// The caps of a vantage.
    #[must_use]
    pub fn of(&self, agent: &str) -> Caps {
        let fits = |glob: &str| {
            glob == agent || glob.parse::<Pattern>().is_ok_and(|glob| glob.matches(agent))
        };
        self.own.iter().find(|(glob, _)| fits(glob)).map_or(self.all, |(_, caps)| *caps)
    }
}

/// What the speedtests of a vantage moved, beside what they may.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Traffic {
    /// Bytes of this day; a test that runs counts with what it is expected to move.
    pub day_bytes: u64,
    /// Bytes of this month.
    pub month_bytes: u64,
    /// Bytes that may be moved in a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_cap: Option<u64>,
    /// Bytes that may be moved in a month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly_cap: Option<u64>,
    /// When the next day begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_resets: Option<Timestamp>,
    /// When the next month begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month_resets: Option<Timestamp>,
    /// The zone of day and month.
    #[serde(default, skip_serializing_if = "SafeText::is_empty")]
    pub zone: SafeText,
}

impl Traffic {
    /// Why a test that moves so much may not be run; `None` when it may. What exactly fills a cap
    /// fits.
    #[must_use]
    pub fn bars(&self, bytes: u64) -> Option<String> {
        let periods = [
            ("daily_cap", self.daily_cap, self.day_bytes, "day", self.day_resets),
            ("monthly_cap", self.monthly_cap, self.month_bytes, "month", self.month_resets),
        ];
        // What waits longest is named.
        for (name, cap, used, period, resets) in periods.into_iter().rev() {
            let Some(cap) = cap else { continue };
            if used < cap && used.saturating_add(bytes) <= cap {
                continue;
            }
            let expected = if bytes == 0 {
                String::new()
            } else {
                format!(", and this test is expected to move {}", amount(bytes))
            };
            let then = resets.map(|at| format!("; the {period} ends at {at}")).unwrap_or_default();
            let (used, cap, zone) = (amount(used), amount(cap), &self.zone);
            return Some(format!(
                "{name}: {used} of {cap} are used in this {period} ({zone}){expected}{then}"
            ));
        }
        None
    }
}

/// What a test would move at these rates, in bytes; `None` when a rate is not known.
#[must_use]
pub fn estimate(spec: &TestSpec, last: Option<&Figures>) -> Option<u64> {
    let TestSpec::Speedtest(speed) = spec else { return Some(0) };
    let of = |wanted: bool, known: Option<f64>| match (wanted, speed.protocol) {
        (false, _) => Some(0.0),
        (true, Transport::Udp) => Some(speed.bitrate_mbps.unwrap_or(UDP_MBPS)),
        (true, Transport::Tcp) => known,
    };
    let down = of(speed.direction.downloads(), last.and_then(|last| last.download_mbps))?;
    let up = of(speed.direction.uploads(), last.and_then(|last| last.upload_mbps))?;
    let bytes = (down + up) * f64::from(speed.duration_seconds) * 1e6 / 8.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it saturates, and what is no number is none"
    )]
    let whole = bytes.round() as u64;
    Some(whole)
}

/// Bytes with a decimal prefix: `2.4 GB`, `940 MB`.
#[must_use]
pub fn amount(bytes: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = (u128::from(bytes) * 10 + u128::from(unit) / 2) / u128::from(unit);
        let (whole, rest) = (tenths / 10, tenths % 10);
        if rest == 0 { whole.to_string() } else { format!("{whole}.{rest}") }
    };
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", tenths(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", tenths(1_000_000)),
        1_000_000_000..1_000_000_000_000 => format!("{} GB", tenths(1_000_000_000)),
        _ => format!("{} TB", tenths(1_000_000_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Direction, SpeedSpec};

    const GB: u64 = 1_000_000_000;

    fn traffic(day: u64, month: u64) -> Traffic {
        Traffic {
            day_bytes: day,
            month_bytes: month,
            daily_cap: Some(20 * GB),
            monthly_cap: Some(100 * GB),
            day_resets: Some(Timestamp::from_millis(86_400_000)),
            month_resets: Some(Timestamp::from_millis(31 * 86_400_000)),
            zone: SafeText::line("UTC"),
        }
    }

    #[test]
    fn fs_12_a_cap_is_filled_and_not_passed() {
        assert_eq!(traffic(18 * GB, 18 * GB).bars(2 * GB), None, "it just fits");
        let why = traffic(18 * GB, 18 * GB).bars(2 * GB + 1).unwrap();
        for part in ["daily_cap", "18 GB of 20 GB", "expected to move 2 GB", "1970-01-02T00:00"] {
            assert!(why.contains(part), "{part}: {why}");
        }
        assert!(traffic(20 * GB, 20 * GB).bars(0).unwrap().contains("20 GB of 20 GB"));
        let why = traffic(20 * GB, 100 * GB).bars(GB).unwrap();
        assert!(why.contains("monthly_cap") && why.contains("1970-02-01T00:00"), "{why}");
        let free = Traffic { daily_cap: None, monthly_cap: None, ..traffic(u64::MAX, u64::MAX) };
        assert_eq!(free.bars(u64::MAX), None, "without a cap nothing is barred");
    }

    #[test]
    fn a_vantage_of_its_own_has_its_own_caps_or_none() {
        let caps = |daily| Caps { daily, monthly: None };
        let own = vec![("HQ-*".to_owned(), caps(Some(5))), ("LAB".to_owned(), caps(None))];
        let allowance = Allowance { all: caps(Some(9)), own, zone: None };
        let of = |agent: &str| allowance.of(agent).daily;
        assert_eq!([of("HQ-CORE"), of("LAB"), of("other")], [Some(5), None, Some(9)]);
    }

    #[test]
    fn an_estimate_is_rate_times_duration_of_each_direction() {
        let known = Figures { download_mbps: Some(800.0), ..Figures::default() };
        let spec = |direction, protocol| {
            TestSpec::Speedtest(SpeedSpec {
                direction,
                protocol,
                duration_seconds: 10,
                ..SpeedSpec::default()
            })
        };
        let tcp = |direction| estimate(&spec(direction, Transport::Tcp), Some(&known));
        assert_eq!(tcp(Direction::Download), Some(GB));
        assert_eq!(tcp(Direction::Bidirectional), None, "upload is not known");
        let udp = estimate(&spec(Direction::Bidirectional, Transport::Udp), None);
        assert_eq!(udp, Some(25_000_000));
    }

    #[test]
    fn amounts_have_decimal_prefixes() {
        for (bytes, words) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_500, "1.5 kB"),
            (940 * 1_000_000, "940 MB"),
            (2_440_000_000, "2.4 GB"),
            (20 * GB, "20 GB"),
            (3_000 * GB, "3 TB"),
        ] {
            assert_eq!(amount(bytes), words);
        }
    }
}
