//! What is tested again and again in the simulated network, and what that measured before anybody
//! looked.

use super::dice::roll;
use super::{Network, measure};
use crate::model::due::Times;
use crate::model::hash::fnv1a;
use crate::model::{
    Measured, Name, NamedTarget, Plan, SafeText, Schedule, ScheduleId, Span, SpeedTarget, Test,
    TestId, TestKind, TestPhase, Timestamp,
};

/// The lines that the story knows: what is in the place, Mbit/s from and to it, round trip in
/// milliseconds.
pub(super) const LINES: [(&str, f64, f64, f64); 4] = [
    ("10.1.50.1", 941.0, 937.0, 0.4),
    ("10.3.50.1", 478.0, 461.0, 7.2),
    ("10.4.50.1", 291.0, 274.0, 12.0),
    ("speed.example", 94.0, 38.5, 14.0),
];

/// How far back speedtests were kept.
const SPEEDS: Span = Span::from_secs(14 * 86_400);
/// The same of everything else, and of the series of speedtests.
const OTHERS: Span = Span::from_secs(86_400);
/// Longer than any test runs.
const WHOLE: Span = Span::from_secs(3600);

/// Where speedtests go by name.
#[must_use]
pub fn targets() -> Vec<NamedTarget> {
    let all = [
        ("lan-fra", "10.1.50.1:5201", None),
        ("dc-ams", "10.3.50.1:5201", Some("wan-ams")),
        ("dc-lon", "10.4.50.1:5201", Some("wan-lon")),
        ("internet", "http://speed.example:4042/", Some("isp")),
    ];
    let named = |(name, place, link): (&str, &str, Option<&str>)| {
        let target: SpeedTarget = place.parse().ok()?;
        Some(NamedTarget { name: name.to_owned(), target, link: link.map(str::to_owned) })
    };
    all.into_iter().filter_map(named).collect()
}

/// What runs again and again.
fn plans() -> Vec<Plan> {
    let bodies = [
        serde_json::json!({
            "name": "internet hourly", "test_type": "speedtest", "target": "internet",
            "interval_seconds": 3600,
            "thresholds": { "download_min_mbps": 60, "upload_min_mbps": 25, "latency_max_ms": 40 },
        }),
        serde_json::json!({
            "name": "wan to Amsterdam", "test_type": "speedtest", "target": "dc-ams",
            "interval_seconds": 7200, "thresholds": { "baseline_deviation_pct": 30 },
        }),
        serde_json::json!({
            "name": "wan to London", "test_type": "speedtest", "target": "dc-lon",
            "interval_seconds": 10_800, "alert_on_missed": true,
        }),
        serde_json::json!({
            "name": "way to Singapore", "test_type": "trace", "target": "core-sin-1",
            "interval_seconds": 900, "count": 20, "alert_on_breach": false,
        }),
        serde_json::json!({
            "name": "database port", "test_type": "probe", "target": "db-fra-1", "port": 5432,
            "interval_seconds": 300, "alert_on_breach": false,
        }),
        serde_json::json!({
            "name": "resolvers", "test_type": "dns", "target": "www.example",
            "interval_seconds": 600, "alert_on_breach": false,
        }),
    ];
    bodies.into_iter().filter_map(|body| serde_json::from_value(body).ok()).collect()
}

/// What a vantage has tested again and again up to a moment, with everything it measured; whether a
/// limit was broken is left to whoever judges.
#[must_use]
pub fn history(network: &Network, vantage: &Name, until: Timestamp) -> Vec<(Schedule, Vec<Test>)> {
    let made = |plan: Plan| {
        let created_at = until - SPEEDS;
        let id = ScheduleId::from_parts(created_at.millis(), bytes(network, &plan.name, 0));
        let schedule = Schedule {
            id,
            vantage: Name::clone(vantage),
            created_by: SafeText::line("kim"),
            created_at,
            revision: 1,
            source: None,
            plan,
        };
        let tests = runs(network, &schedule, until);
        (schedule, tests)
    };
    plans().into_iter().map(made).collect()
}

/// Ten bytes that follow from the seed.
fn bytes(network: &Network, name: &str, count: u64) -> [u8; 10] {
    let of = |n: u64| roll(network.plot.seed, name, count * 2 + n).to_be_bytes();
    let (first, second) = (of(0), of(1));
    std::array::from_fn(|n| first.get(n).or_else(|| second.get(n - 8)).copied().unwrap_or(0))
}

fn runs(network: &Network, schedule: &Schedule, until: Timestamp) -> Vec<Test> {
    let plan = &schedule.plan;
    let (Ok(spec), Ok(times)) =
        (plan.spec(), Times::of(plan, fnv1a(schedule.id.to_string().as_bytes())))
    else {
        return Vec::new();
    };
    let all = targets();
    let places: Vec<SpeedTarget> = all
        .iter()
        .filter(|one| Some(&one.name) == plan.target.as_ref())
        .map(|one| one.target.clone())
        .collect();
    let past = if plan.test_type == TestKind::Speedtest { SPEEDS } else { OTHERS };
    let mut at = until - past;
    let mut tests = Vec::new();
    while let Some(due) = times.next(at).filter(|due| *due <= until) {
        at = due;
        let begun = due + Span::from_secs(1);
        let Ok((mut measured, _)) = measure::measure(network, &spec, &places, begun, WHOLE) else {
            continue;
        };
        let mut traffic_bytes = 0;
        if let Measured::Speedtest(speed) = &mut measured {
            traffic_bytes = speed.bytes();
            // The curves of a day are enough to look at.
            if until.since(due) > OTHERS {
                let ways = [&mut speed.download, &mut speed.upload];
                ways.into_iter().flatten().for_each(|way| way.intervals.clear());
            }
        }
        tests.push(Test {
            id: TestId::from_parts(
                due.millis(),
                bytes(network, &plan.name, tests.len() as u64 + 1),
            ),
            agent: Name::clone(&schedule.vantage),
            target: SafeText::line(&spec.target()),
            spec: spec.clone(),
            phase: TestPhase::Done,
            asked_by: SafeText::line(&format!("schedule {}", plan.name)),
            schedule: Some(schedule.id),
            asked_at: due,
            started_at: Some(begun),
            ended_at: Some(begun + Span::from_millis(spec.longest_ms().saturating_sub(45_000))),
            reason: SafeText::empty(),
            in_maintenance: false,
            traffic_bytes,
            missed: None,
            path_change: None,
            breaches: Vec::new(),
            figures: measured.figures(),
            result: Some(Box::new(measured)),
        });
    }
    tests
}
