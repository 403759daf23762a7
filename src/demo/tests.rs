//! The same seed tells the same story, a lively one, and a storm is what it says.

use std::collections::BTreeSet;

use super::story::{Fate, fate};
use super::{Network, Plot, crew};
use crate::model::test::PortState;
use crate::model::{Measured, Span, TestSpec, Timestamp};

const BEGIN: Timestamp = Timestamp::from_millis(1_772_000_000_000);

fn plot(seed: u64) -> Plot {
    Plot { seed, begin: BEGIN, storm: None }
}

fn after(minutes: u64) -> Timestamp {
    BEGIN + Span::from_secs(minutes * 60)
}

#[test]
fn sixty_hosts_in_five_sites_with_unique_names() {
    let network = Network::new(plot(1));
    assert_eq!(network.hosts().len(), 60);
    let sites: BTreeSet<_> = network.hosts().iter().map(|host| &host.labels["site"]).collect();
    assert_eq!(sites.len(), 5);
    let keys: BTreeSet<String> = network.checks().iter().map(|c| c.key.to_string()).collect();
    assert_eq!(keys.len(), network.checks().len());
    assert!(keys.len() > 150, "{}", keys.len());
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let tell = |seed: u64| {
        let network = Network::new(plot(seed));
        let mut story = Vec::new();
        for minute in (0..600).step_by(97) {
            for check in network.checks() {
                story.push(network.observe(check, after(minute)));
            }
            story.push(network.observe(&network.checks()[3], after(minute)));
        }
        let path = network.path("web-sin-1", after(3), 40, Span::from_secs(1));
        (story, path)
    };
    assert_eq!(tell(7), tell(7));
    assert_ne!(tell(7).0, tell(8).0);
}

#[test]
fn a_seed_tells_its_story_at_any_time_of_day() {
    let at = |begin: Timestamp| {
        let plot = Plot { begin, ..plot(3) };
        let network = Network::new(plot);
        let minutes = (0..240).step_by(7);
        let moments = minutes.map(|minute| begin + Span::from_secs(minute * 60));
        let fates = |at| network.checks().iter().map(move |c| fate(plot, &c.key, at));
        moments.flat_map(fates).collect::<Vec<_>>()
    };
    assert_eq!(at(BEGIN), at(BEGIN + Span::from_secs(5 * 3600 + 77)));
}

#[test]
fn a_new_critical_comes_every_couple_of_minutes() {
    let plot = plot(1);
    let network = Network::new(plot);
    let mut begun = 0;
    let mut most = 0;
    for minute in 1..=1200 {
        let bad = |at: Timestamp, c: &crate::model::Check| {
            matches!(fate(plot, &c.key, at), Fate::Bad | Fate::Silent)
        };
        let now = network.checks().iter().filter(|c| bad(after(minute), c));
        most = most.max(now.clone().count());
        begun += now.filter(|c| !bad(after(minute - 1), c)).count();
    }
    assert!((300..1500).contains(&begun), "{begun} in 20 hours");
    assert!(most < 30, "{most} at once is no ordinary day");
}

#[test]
fn all_sorts_of_things_are_seen() {
    let network = Network::new(plot(1));
    let mut texts = BTreeSet::new();
    for minute in (0..2000).step_by(9) {
        for check in network.checks() {
            let seen = network.observe(check, after(minute));
            assert!(seen.metrics.iter().all(|m| m.value.is_finite() && m.value >= 0.0));
            assert!(seen.duration_us <= check.timeout.millis() * 1000, "{}", check.key);
            texts.insert(seen.output.to_string().split([' ', ',']).next().unwrap().to_owned());
        }
    }
    for word in ["HTTP", "503", "connection", "no", "te1/1", "last", "SERVFAIL", "cpu"] {
        assert!(texts.contains(word), "{word} is never seen: {texts:?}");
    }
}

#[test]
fn a_storm_is_as_large_as_it_says_and_three_problems_do_not_belong_to_it() {
    let from = after(1);
    let plot = Plot { storm: Some((500, from)), ..plot(1) };
    let network = Network::new(plot);
    let problems = |at: Timestamp| -> BTreeSet<String> {
        let bad = network.checks().iter().filter(|c| fate(plot, &c.key, at) != Fate::Well);
        bad.map(|c| c.key.to_string()).collect()
    };
    let before = problems(from - Span::from_secs(1));
    assert_eq!(before.len(), 3, "{before:?}");
    let inside = problems(from + Span::from_secs(60));
    assert_eq!(inside.difference(&before).count(), 500);
    assert!(inside.iter().filter(|key| key.contains("-fra-")).count() == 500);
    assert!(inside.contains("core-fra-2/ping"));
    assert_eq!(problems(after(60)), before, "a storm ends");
}

#[test]
fn others_take_some_alerts_and_plan_work() {
    let plot = plot(1);
    let network = Network::new(plot);
    let taken = network.checks().iter().filter_map(|c| crew::taking(plot, &c.key, after(5)));
    let taken: Vec<_> = taken.collect();
    assert!((40..140).contains(&taken.len()), "{}", taken.len());
    let who: BTreeSet<_> = taken.iter().map(|t| t.operator).collect();
    assert_eq!(who.len(), crew::NAMES.len());
    assert_eq!(crew::works_begun(plot, BEGIN), 1, "one window is in effect from the begin on");
    let work = crew::work(plot, 0);
    assert!(work.start < BEGIN && work.end > BEGIN);
    let during = work.start + Span::from_secs(900);
    assert!(super::story::is_away(plot, "sw-ams-1", during));
    assert!(!super::story::is_away(plot, "sw-ams-2", during));
}

#[test]
fn a_path_ends_where_the_host_is_away() {
    let from = after(1);
    let plot = Plot { storm: Some((10, from)), ..plot(1) };
    let network = Network::new(plot);
    let well = network.path("web-sin-1", after(2), 50, Span::from_secs(1));
    assert!(well.reached && well.hops.len() == 6);
    assert!(well.hops[0].avg_ms < well.hops[2].avg_ms);
    assert!(well.hops[2].avg_ms < well.hops[5].avg_ms);
    let gone = network.path("core-fra-2", after(2), 50, Span::from_secs(1));
    assert!(!gone.reached);
    assert!(gone.verdict.as_str().starts_with("answers end at hop"), "{}", gone.verdict);
}

/// The tests of a plot that are asked for here, with the targets that there are.
fn measured(seed: u64, body: &str, gone: u64) -> (Measured, bool) {
    let network = Network::new(plot(seed));
    let spec: TestSpec = serde_json::from_str(body).unwrap();
    let targets: Vec<_> = super::kept::targets().into_iter().map(|one| one.target).collect();
    let targets = if matches!(spec, TestSpec::Speedtest(_)) { targets } else { Vec::new() };
    network.test(&spec, &targets, after(3), Span::from_secs(gone)).unwrap()
}

#[test]
fn fs_05_a_simulated_speedtest_goes_on_for_its_duration_and_is_the_same_each_time() {
    let body = r#"{"test_type": "speedtest", "duration_seconds": 10}"#;
    let speed = |seed, gone| match measured(seed, body, gone) {
        (Measured::Speedtest(speed), over) => (speed, over),
        other => panic!("{other:?}"),
    };
    let (begun, over) = speed(7, 0);
    assert!(!over && begun.download.is_none() && begun.upload.is_none());
    let (half, over) = speed(7, 6);
    assert!(!over && half.download.as_ref().unwrap().took_ms == 5000 && half.upload.is_none());
    let (whole, over) = speed(7, 21);
    assert!(over && whole.grade.is_some());
    assert_eq!(whole.target.as_str(), "10.1.50.1:5201", "the nearest");
    let down = whole.download.clone().unwrap();
    assert!((700.0..1000.0).contains(&down.mbps), "{}", down.mbps);
    assert_eq!((down.took_ms, down.intervals.len()), (10_000, 40));
    let moved = down.mbps * 1e6 / 8.0 * 10.0;
    #[expect(clippy::cast_precision_loss, reason = "small")]
    let bytes = down.bytes as f64;
    assert!((bytes - moved).abs() < 1000.0);
    assert_eq!(speed(7, 21).0, whole);
    assert_ne!(speed(8, 21).0, whole);
}

#[test]
fn fs_05_simulated_traces_probes_and_resolvers_answer_as_their_hosts_do() {
    let trace = r#"{"test_type": "trace", "target": "10.5.20.1", "count": 10}"#;
    let (Measured::Trace(path), over) = measured(7, trace, 60) else { panic!() };
    assert!(over && path.rounds == 10 && path.hops.len() > 4, "{path:?}");
    assert!(!measured(7, trace, 0).1, "it goes on");
    let probe = |target: &str, port: u16, protocol: &str| {
        let body = format!(
            r#"{{"test_type": "probe", "target": "{target}", "port": {port}, "protocol": "{protocol}"}}"#
        );
        let (Measured::Probe(port), true) = measured(7, &body, 0) else { panic!() };
        (port.state, port.time_ms.is_some())
    };
    assert_eq!(probe("db-sin-1", 5432, "tcp"), (PortState::Open, true));
    assert_eq!(probe("db-sin-1", 80, "tcp"), (PortState::Closed, true));
    assert_eq!(probe("203.0.113.9", 80, "tcp"), (PortState::Filtered, false));
    assert_eq!(probe("10.5.40.1", 53, "udp"), (PortState::Open, true));
    assert_eq!(probe("203.0.113.9", 53, "udp"), (PortState::OpenOrFiltered, false));
    let dns = r#"{"test_type": "dns", "hostname": "www.example",
        "resolvers": ["10.1.40.1", "10.2.40.1:53", "192.0.2.1"]}"#;
    let (Measured::Dns(dns), true) = measured(7, dns, 0) else { panic!() };
    let answered: Vec<bool> = dns.resolvers.iter().map(|one| one.time_ms.is_some()).collect();
    assert_eq!(answered, [true, true, false]);
}

#[test]
fn fs_05_what_was_tested_before_is_enough_for_baselines_and_the_same_each_time() {
    let tell = |seed| super::kept::history(&Network::new(plot(seed)), &"here".into(), BEGIN);
    let told = tell(7);
    assert_eq!(told, tell(7));
    assert_ne!(told, tell(8));
    assert_eq!(told.len(), 6);
    for (schedule, tests) in &told {
        assert_eq!(schedule.plan.check(), Ok(()), "{}", schedule.plan.name);
        assert!(tests.len() >= 50, "{}: {}", schedule.plan.name, tests.len());
        assert!(tests.iter().all(|test| test.asked_at <= BEGIN && test.result.is_some()));
        assert!(tests.windows(2).all(|pair| pair[0].id < pair[1].id));
        assert!(tests.iter().all(|test| test.schedule == Some(schedule.id)));
    }
}
