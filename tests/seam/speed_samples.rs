//! Full values of network tests: every kind with everything that it can measure.

use std::collections::BTreeMap;

use fluxnoc::model::breach::{Breach, BreachKind, TestLimits};
use fluxnoc::model::spec::TraceProtocol;
use fluxnoc::model::speed::{Engine, Grade, Interval, SpeedTarget, Throughput, Transport};
use fluxnoc::model::test::{
    DnsResult, Expect, PortProtocol, PortResult, PortState, ResolverTime, TestOrder,
};
use fluxnoc::model::{
    AgentPhase, Baseline, Baselines, Direction, LookupSpec, Measured, MissedRuns, NamedTarget,
    Networks, PathNews, PathSpec, Plan, PortSpec, SafeText, Schedule, ScheduleId, SpeedResult,
    SpeedSpec, Test, TestId, TestKind, TestPhase, TestSpec, Traffic, Trend, View,
};
use fluxnoc::protocol::{LastMissed, Node, Nodes, ScheduleRow};

use super::{agent, at, report};

/// One test of every kind, whole.
pub fn tests() -> Vec<Test> {
    vec![speedtest(), trace(), probe(), dns()]
}

fn of(n: u8, spec: TestSpec, result: Measured) -> Test {
    Test {
        id: TestId::from_parts(1_772_000_000_000, [n; 10]),
        agent: "BRANCH 01 é".into(),
        target: SafeText::line(&spec.target()),
        spec,
        phase: TestPhase::Done,
        asked_by: SafeText::line("ann"),
        schedule: Some(ScheduleId::from_parts(9, [9; 10])),
        asked_at: at(0),
        started_at: Some(at(1)),
        ended_at: Some(at(2)),
        reason: SafeText::line("waits: é"),
        in_maintenance: true,
        traffic_bytes: 1 << 41,
        missed: Some(MissedRuns { runs: 43_199, at_least: true, until: at(6) }),
        path_change: Some(PathNews { words: SafeText::line("é -> è"), runs: 2 }),
        breaches: BREACHES.to_vec(),
        figures: result.figures(),
        result: Some(Box::new(result)),
    }
}

const BREACHES: [Breach; 7] = {
    const fn one(kind: BreachKind) -> Breach {
        Breach { kind, value: 0.25, limit: 0.5 }
    }
    [
        one(BreachKind::Download),
        one(BreachKind::Upload),
        one(BreachKind::Latency),
        one(BreachKind::Jitter),
        one(BreachKind::PacketLoss),
        one(BreachKind::DownloadBaseline),
        one(BreachKind::UploadBaseline),
    ]
};

pub fn speedtest() -> Test {
    let way = Throughput {
        mbps: 900.5,
        bytes: 1 << 40,
        took_ms: 10_000,
        retransmits: Some(3),
        jitter_ms: Some(0.25),
        loss_pct: Some(0.5),
        loaded_ms: Some(12.5),
        intervals: vec![Interval { at_ms: 250, mbps: 880.0 }],
    };
    let spec = SpeedSpec {
        target: Some("lan é & co".to_owned()),
        protocol: Transport::Udp,
        direction: Direction::Upload,
        duration_seconds: 60,
        streams: 8,
        bitrate_mbps: Some(10.5),
    };
    let result = SpeedResult {
        engine: Engine::Iperf3,
        target: SafeText::line("10.0.0.9:5201"),
        address: Some(SafeText::line("10.0.0.9")),
        latency_ms: Some(0.5),
        jitter_ms: Some(0.25),
        loss_pct: Some(0.125),
        download: Some(way.clone()),
        upload: Some(way),
        grade: Some(Grade::APlus),
        note: SafeText::line("é"),
    };
    of(1, TestSpec::Speedtest(spec), Measured::Speedtest(result))
}

pub fn trace() -> Test {
    let spec = PathSpec {
        target: "8.8.8.8".to_owned(),
        count: 30,
        interval_ms: 100,
        protocol: TraceProtocol::Udp,
        port: Some(33_434),
        max_hops: 20,
    };
    of(2, TestSpec::Trace(spec), Measured::Trace(report()))
}

pub fn probe() -> Test {
    let spec = PortSpec {
        target: "::1".to_owned(),
        port: 53,
        protocol: PortProtocol::Udp,
        timeout_ms: 500,
        expect: Expect::Reply,
    };
    let result = PortResult {
        state: PortState::OpenOrFiltered,
        time_ms: Some(0.25),
        output: SafeText::line("é"),
    };
    of(3, TestSpec::Probe(spec), Measured::Probe(result))
}

pub fn dns() -> Test {
    let spec = LookupSpec {
        hostname: "a.example".to_owned(),
        resolvers: vec!["1.1.1.1".to_owned(), "[::1]:53".to_owned()],
        record_type: "AAAA".to_owned(),
        timeout_ms: 500,
    };
    let one = ResolverTime {
        resolver: SafeText::line("1.1.1.1"),
        time_ms: Some(6.5),
        rating: Some(fluxnoc::model::rating::rating(6.5)),
        answer: SafeText::line("::1"),
        failure: None,
    };
    let dead = ResolverTime {
        resolver: SafeText::line("[::1]:53"),
        time_ms: None,
        rating: None,
        answer: SafeText::empty(),
        failure: Some(SafeText::line("no answer")),
    };
    of(4, TestSpec::Dns(spec), Measured::Dns(DnsResult { resolvers: vec![one, dead] }))
}

/// A view of the past with a gap.
pub fn trend() -> Trend {
    use fluxnoc::model::{Bucket, Mean};
    let full = Bucket {
        download_mbps: Some(Mean { mean: 900.5, min: 800.25, max: 1000.0, count: 3 }),
        upload_mbps: Some(Mean::of(400.5)),
        latency_ms: Some(Mean::of(4.5)),
        jitter_ms: Some(Mean::of(0.25)),
        loss_pct: Some(Mean::of(0.5)),
        ..Bucket::empty(at(0), at(1))
    };
    Trend {
        view: View::Week,
        zone: "Europe/Berlin".to_owned(),
        start: at(0),
        end: at(2),
        buckets: vec![full, Bucket::empty(at(1), at(2))],
    }
}

/// An order with everything.
pub fn order() -> TestOrder {
    let test = speedtest();
    TestOrder {
        networks: Networks {
            allow: vec!["10.0.0.0/8".parse().unwrap()],
            deny: vec!["169.254.0.0/16".parse().unwrap()],
        },
        id: test.id,
        started_at: at(1),
        within_ms: 55_000,
        spec: test.spec,
        targets: vec![
            SpeedTarget { engine: Engine::Iperf3, place: "10.0.0.9:5201".to_owned() },
            SpeedTarget { engine: Engine::Http, place: "http://10.0.0.9/é".to_owned() },
        ],
    }
}

pub fn schedule_row() -> ScheduleRow {
    let baseline = Baseline { count: 31, median: 900.5, at: at(3) };
    let plan = Plan {
        name: "HQ uplink — hourly".to_owned(),
        agent: Some("BRANCH 01 é".to_owned()),
        target: Some("lan é & co".to_owned()),
        test_type: TestKind::Speedtest,
        interval_seconds: None,
        cron: Some("0 3 * * 1-5".to_owned()),
        zone: Some("Europe/Berlin".to_owned()),
        thresholds: TestLimits {
            download_min_mbps: Some(800.0),
            upload_min_mbps: Some(400.0),
            latency_max_ms: Some(20.0),
            jitter_max_ms: Some(5.0),
            packet_loss_max_pct: Some(0.5),
            baseline_deviation_pct: Some(30.0),
        },
        alert_on_breach: false,
        notify_contact_list: Some("NOC Team".to_owned()),
        consecutive_failures: 2,
        of_last: Some(5),
        retest_seconds: Some(60),
        alert_on_missed: true,
        alert_on_path_change: true,
        paused: true,
        options: BTreeMap::from([("streams".to_owned(), 8.into())]),
    };
    ScheduleRow {
        schedule: Schedule {
            id: ScheduleId::from_parts(9, [9; 10]),
            vantage: "BRANCH 01 é".into(),
            plan,
            created_by: SafeText::line("ann"),
            created_at: at(0),
            revision: 3,
            source: Some(SafeText::line("é")),
        },
        next: Some(at(9)),
        last: Some(Box::new(trace().brief())),
        missed: Some(LastMissed {
            at: at(3),
            until: at(4),
            runs: 5,
            at_least: true,
            reason: SafeText::line("é"),
        }),
        baselines: Baselines { download: Some(baseline), upload: Some(baseline) },
        note: SafeText::line("é"),
    }
}

pub fn nodes() -> Nodes {
    let own = Node {
        name: "noc-1".into(),
        own: true,
        phase: AgentPhase::Online,
        location: SafeText::empty(),
        running: 0,
        queued: 0,
        agent: None,
        traffic: Traffic::default(),
    };
    let far = agent();
    let node = Node {
        name: far.name.clone(),
        own: false,
        phase: far.phase,
        location: far.location.clone(),
        running: 2,
        queued: 3,
        agent: Some(far),
        traffic: Traffic {
            day_bytes: 1 << 40,
            month_bytes: 1 << 41,
            daily_cap: Some(1 << 42),
            monthly_cap: Some(1 << 43),
            day_resets: Some(at(7)),
            month_resets: Some(at(8)),
            zone: SafeText::line("Europe/Berlin"),
        },
    };
    let target = SpeedTarget { engine: Engine::Iperf3, place: "10.0.0.9:5201".to_owned() };
    let named = NamedTarget { name: "lan é".to_owned(), target, link: Some("wan".to_owned()) };
    Nodes { nodes: vec![own, node], targets: vec![named] }
}
