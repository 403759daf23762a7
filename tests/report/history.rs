//! Two weeks of a link, drawn from a seed: good days, slow evenings, a bad day, maintenance, runs that
//! failed or were missed. The clocks of its zone go forward in the middle of it.

use fluxnoc::model::{
    Breach, BreachKind, Figures, Name, SafeText, ScheduleId, Sla, SpeedSpec, Test, TestId,
    TestPhase, TestSpec, Timestamp,
};
use fluxnoc::report::Asked;

use crate::dice::Dice;

pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;
/// Between two runs.
pub const EVERY: i64 = 15 * MINUTE;

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Midnight in Berlin, a week before the clocks go forward.
pub fn start() -> Timestamp {
    at("2026-03-21T23:00:00Z")
}

/// Two weeks later, after midnight in Berlin.
pub fn end() -> Timestamp {
    Timestamp::from_millis(start().millis() + 14 * DAY)
}

pub fn sla() -> Sla {
    Sla {
        agent: "HQ-CORE".to_owned(),
        target: "iperf.dc.example.net:5201".to_owned(),
        carrier: Some("Example Telecom AG".to_owned()),
        customer: Some("Musterwerke GmbH".to_owned()),
        link: Some("Circuit ET-4711-DUS, 1 Gbit/s".to_owned()),
        download_mbps: Some(800.0),
        upload_mbps: Some(400.0),
        latency_ms: Some(25.0),
        jitter_ms: None,
        loss_pct: Some(0.5),
        availability_pct: Some(98.0),
    }
}

pub fn asked(sla: Option<Sla>) -> Asked {
    Asked {
        agent: SafeText::line("HQ-CORE"),
        target: SafeText::line("iperf.dc.example.net:5201"),
        start: start(),
        end: end(),
        zone: chrono_tz::Europe::Berlin,
        made_at: at("2026-04-05T06:00:00Z"),
        expected: Some(u64::try_from(14 * DAY / EVERY).unwrap()),
        sla,
    }
}

/// A run that measured these.
pub fn run(number: u64, asked_at: Timestamp, figures: Figures) -> Test {
    let mut random = [0; 10];
    random[2..].copy_from_slice(&number.to_be_bytes());
    let later = |seconds: i64| Some(Timestamp::from_millis(asked_at.millis() + seconds * 1000));
    Test {
        id: TestId::from_parts(asked_at.millis(), random),
        agent: Name::from("HQ-CORE"),
        spec: TestSpec::Speedtest(SpeedSpec::default()),
        target: SafeText::line("iperf.dc.example.net:5201"),
        phase: TestPhase::Done,
        asked_by: SafeText::line("schedule HQ Uplink"),
        schedule: Some(ScheduleId::from_parts(1, [7; 10])),
        asked_at,
        started_at: later(1),
        ended_at: later(43),
        reason: SafeText::empty(),
        in_maintenance: false,
        traffic_bytes: 0,
        missed: None,
        path_change: None,
        breaches: Vec::new(),
        figures,
        result: None,
    }
}

/// A number with three decimals around a middle.
fn around(dice: &mut Dice, middle: f64, spread: u32) -> f64 {
    let spread = u64::from(spread);
    let off = f64::from(u32::try_from(dice.roll(2 * spread + 1)).unwrap());
    let off = off - f64::from(u32::try_from(spread).unwrap());
    ((middle * 1000.0 + off * 10.0).round() / 1000.0).max(0.001)
}

/// The history of a seed, in the order in which its runs were due.
pub fn history(seed: u64) -> Vec<Test> {
    let mut dice = Dice(seed);
    (0..14 * DAY / EVERY)
        .map(|index| {
            let due = start().millis() + index * EVERY;
            let hour = (index * EVERY / HOUR) % 24;
            let day = index * EVERY / DAY;
            let is_evening = (18..22).contains(&hour);
            let is_bad = day == 9 && (8..14).contains(&hour);
            let down = match (is_bad, is_evening) {
                (true, _) => around(&mut dice, 520.0, 9000),
                (_, true) => around(&mut dice, 870.0, 6000),
                _ => around(&mut dice, 938.0, 1500),
            };
            let figures = Figures {
                download_mbps: Some(down),
                upload_mbps: Some(around(&mut dice, 468.0, 1200)),
                latency_ms: Some(around(&mut dice, if is_bad { 31.0 } else { 11.0 }, 300)),
                jitter_ms: (dice.roll(20) > 0).then(|| around(&mut dice, 0.9, 50)),
                loss_pct: Some(if is_bad { around(&mut dice, 0.7, 40) } else { 0.0 }),
            };
            let number = u64::try_from(index).unwrap();
            let mut test = run(number, Timestamp::from_millis(due), figures);
            // A night of maintenance: slow, and not the carrier's fault.
            test.in_maintenance = day == 5 && (1..5).contains(&hour);
            if test.in_maintenance {
                test.figures.download_mbps = Some(around(&mut dice, 120.0, 4000));
            }
            let reason = match dice.roll(150) {
                0 => Some((TestPhase::Failed, "connection refused by 192.0.2.10:5201")),
                1 => Some((TestPhase::Failed, "the control connection was closed")),
                2 => Some((TestPhase::Missed, "iperf.dc.example.net:5201 is busy with a test")),
                _ => None,
            };
            if let Some((phase, reason)) = reason {
                test.phase = phase;
                test.reason = SafeText::line(reason);
                test.figures = Figures::default();
            } else if let Some(value) = test.figures.download_mbps.filter(|value| *value < 600.0) {
                let kind = BreachKind::DownloadBaseline;
                test.breaches.push(Breach { kind, value, limit: 600.0 });
            }
            test
        })
        .collect()
}
