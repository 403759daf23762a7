//! What the document asks for is read as it stands; what is measured has figures.

use super::super::speed::{Engine, SpeedResult, SpeedTarget};
use super::super::state::State;
use super::super::trace::TraceReport;
use super::*;
use crate::model::SafeText;

#[test]
fn fs_23_fs_24_fs_25_the_documents_bodies_are_read_as_they_stand() {
    let trace: PathSpec =
        serde_json::from_str(r#"{"target": "8.8.8.8", "count": 30, "interval_ms": 100}"#).unwrap();
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
    assert_eq!(TestSpec::Trace(wrong).check().unwrap_err(), "`count`: 0 is not within 1 to 1000");
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
    let mut result =
        SpeedResult::begun(&SpeedTarget { engine: Engine::Http, place: "http://x/".to_owned() });
    result.latency_ms = Some(f64::NAN);
    result.loss_pct = Some(-1.0);
    result.jitter_ms = Some(0.0);
    let figures = Measured::Speedtest(result).figures();
    assert_eq!((figures.latency_ms, figures.loss_pct, figures.jitter_ms), (None, None, Some(0.0)));
}
