//! The tracer and its check on loopback, where every hop is the target.

use std::net::{IpAddr, TcpListener};
use std::time::Instant;

use super::*;
use crate::model::spec::TraceProtocol;
use crate::model::{Span, Spec};

fn spec(protocol: TraceProtocol, port: Option<u16>) -> TraceSpec {
    TraceSpec { protocol, port, round: Span::from_millis(50), ..TraceSpec::default() }
}

fn context() -> Context {
    Context::new(&Shared::start().unwrap(), Duration::from_secs(10))
}

/// A TCP port that was free a moment ago.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn fs_22_udp_and_tcp_reach_loopback_without_privilege() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let open = Some(listener.local_addr().unwrap().port());
    for (protocol, port) in [
        (TraceProtocol::Udp, None),
        (TraceProtocol::Tcp, open),
        (TraceProtocol::Tcp, Some(closed_port())),
    ] {
        let start = Instant::now();
        let spec = spec(protocol, port);
        let report = trace_once("127.0.0.1", &spec, 5, false, &context()).await.unwrap();
        assert_eq!(report.hops.len(), 1, "{report:?}");
        assert_eq!(report.verdict.as_str(), "the target answers at the first hop, no loss");
        let hop = &report.hops[0];
        assert_eq!((hop.ttl, hop.sent, hop.received, report.rounds), (1, 5, 5, 5));
        assert_eq!(hop.addresses[0].address, IpAddr::from([127, 0, 0, 1]));
        assert_eq!(hop.recent_ms.len(), 5);
        assert!(start.elapsed() < Duration::from_secs(1), "four rounds and an answer");
    }
}

#[tokio::test]
async fn a_dropped_session_ends() {
    let context = context();
    let session = open("127.0.0.1", &spec(TraceProtocol::Udp, None), Options::default(), &context)
        .await
        .unwrap();
    let mut frames = session.subscribe();
    frames.wait_for(|report| report.rounds >= 2).await.unwrap();
    assert!(session.is_running() && session.report().reached);
    drop(session);
    while frames.changed().await.is_ok() {}
}

#[tokio::test]
async fn fs_22_a_check_reports_what_happened_since_its_last_run() {
    let context = context();
    let mut memory = Memory::default();
    let spec_of = |port| spec(TraceProtocol::Udp, port);
    let check = Check::new("lo", "path", "127.0.0.1", Spec::Trace(spec_of(None)));
    let first = run(&check, &spec_of(None), &context, &mut memory).await.unwrap();
    assert_eq!(first.failure, None, "{first:?}");
    let report = first.trace.clone().unwrap();
    assert!(report.rounds >= FIRST_ROUNDS && report.reached);
    for (metric, unit) in [
        ("rtt", Unit::Seconds),
        ("loss", Unit::Percent),
        ("hops", Unit::Count),
        ("jitter", Unit::Seconds),
    ] {
        let found = first.metrics.iter().find(|m| &*m.name == metric).unwrap();
        assert_eq!(found.unit, unit, "{metric}");
    }
    assert_eq!((first.value("loss"), first.value("hops")), (Some(0.0), Some(1.0)));
    assert!(first.value("rtt").is_some_and(|rtt| rtt > 0.0 && rtt < 1.0));
    assert!(first.output.as_str().starts_with("1 hop, "), "{:?}", first.output);
    assert!(first.long.as_str().starts_with("1 127.0.0.1"), "{:?}", first.long);

    let second = run(&check, &spec_of(None), &context, &mut memory).await.unwrap();
    assert!(second.trace.unwrap().rounds > report.rounds, "the session went on");
    let other = run(&check, &spec_of(Some(closed_port())), &context, &mut memory).await.unwrap();
    assert!(other.trace.unwrap().rounds <= report.rounds, "other parameters, another session");
}

#[tokio::test]
async fn fs_22_a_target_that_never_answers_is_unreachable_with_the_place() {
    // A bound UDP socket takes the probes and says nothing.
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let spec = TraceSpec { max_hops: 3, ..spec(TraceProtocol::Udp, Some(port)) };
    let check = Check::new("lo", "path", "127.0.0.1", Spec::Trace(spec.clone()));
    let context = Context::new(&Shared::start().unwrap(), Duration::from_millis(1500));
    let seen = run(&check, &spec, &context, &mut Memory::default()).await.unwrap();
    let failure = seen.failure.unwrap();
    assert_eq!(failure.kind, FailureKind::Unreachable);
    assert_eq!(failure.message.as_str(), "no answers at all, not even from the first hop");
    assert!(!seen.trace.unwrap().reached);
}

#[test]
fn fs_22_the_failure_names_the_last_hop_that_answered() {
    let address = IpAddr::from([10, 0, 1, 1]);
    let report = TraceReport {
        target: SafeText::line("shop"),
        address: Some(IpAddr::from([10, 0, 9, 9])),
        protocol: TraceProtocol::Icmp,
        rounds: 9,
        hops: Vec::new(),
        reached: false,
        verdict: SafeText::line(&format!("answers end at hop 2 (core-1 {address})")),
        note: SafeText::empty(),
    };
    let mut totals = Totals::default();
    totals.round(None);
    let seen = observe(Arc::new(report.clone()), &totals, false);
    let failure = seen.failure.unwrap();
    assert_eq!(failure.kind, FailureKind::Unreachable);
    assert_eq!(failure.message.as_str(), "answers end at hop 2 (core-1 10.0.1.1)");
    let stuck = observe(Arc::new(report), &totals, true);
    assert_eq!(stuck.failure.unwrap().kind, FailureKind::NoRoute);
}
