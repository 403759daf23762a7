//! A review equals what counting every second of a history by hand gives.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::model::Acknowledgement;

const BEGIN: i64 = 1_772_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis((BEGIN + second) * 1000)
}

fn edge(id: u8, key: &CheckKey, seq: u32, second: i64, kind: EdgeKind, to: State) -> Edge {
    Edge {
        alert: AlertId::from_parts(i64::from(id), [id; 10]),
        check: key.clone(),
        seq,
        at: at(second),
        kind,
        from: to,
        to,
        text: SafeText::line("words"),
        actor: None,
        in_maintenance: false,
    }
}

fn open(id: u8, key: &CheckKey, fired: i64, state: State) -> Alert {
    let status = crate::model::Status::waiting(at(fired));
    let mut alert =
        Alert::opened(AlertId::from_parts(i64::from(id), [id; 10]), key, &status, 3, at(fired));
    alert.phase = Phase::Firing;
    alert.state = state;
    alert.fired = Some(at(fired));
    alert
}

fn facts<'a>(
    edges: &'a [Edge],
    alerts: &'a [&'a Alert],
    hosts: &'a [Name],
    machine: &'a SafeText,
    to: i64,
) -> Facts<'a> {
    Facts {
        machine,
        edges,
        alerts,
        windows: &[],
        hosts,
        unmeasured: &[],
        services: &[],
        silent: &[],
        rules: &[],
        queries: &[],
        from: at(0),
        to: at(to),
        cut: false,
    }
}

/// What happens next to an episode, after so many seconds.
#[derive(Clone, Copy, Debug)]
enum Turn {
    To(State),
    Ack,
    Window(bool),
    Flaps,
    Ends,
}

fn turn() -> impl Strategy<Value = (i64, Turn)> {
    let what = prop_oneof![
        3 => prop_oneof![
            Just(State::Warning),
            Just(State::Critical),
            Just(State::Unknown)
        ]
        .prop_map(Turn::To),
        2 => Just(Turn::Ack),
        2 => any::<bool>().prop_map(Turn::Window),
        1 => Just(Turn::Flaps),
        2 => Just(Turn::Ends),
    ];
    (1_i64..40, what)
}

/// An episode: its check, when it fires, in which state, covered or not, and what follows.
type Story = (usize, i64, State, bool, Vec<(i64, Turn)>);

fn story() -> impl Strategy<Value = Story> {
    let state = prop_oneof![Just(State::Warning), Just(State::Critical), Just(State::Unknown)];
    (0_usize..4, -60_i64..200, state, any::<bool>(), prop::collection::vec(turn(), 0..8))
}

/// What counting gives.
#[derive(Default)]
struct Counted {
    firing: BTreeMap<CheckKey, u64>,
    fired: BTreeMap<CheckKey, usize>,
    down: BTreeMap<Name, BTreeSet<i64>>,
    times: Vec<u64>,
    acknowledged: usize,
}

const END: i64 = 240;

/// Tells a story second by second; gives its edges, and the alert when it is open at the end.
fn tell(id: u8, story: &Story, counted: &mut Counted) -> (Vec<Edge>, Option<Alert>) {
    let (check, fires_at, first, first_covered, turns) = story;
    let key = CheckKey::new(format!("h{}", check / 2), format!("c{}", check % 2));
    let mut edges = vec![Edge {
        in_maintenance: *first_covered,
        from: *first,
        ..edge(id, &key, 1, *fires_at, EdgeKind::Fired, *first)
    }];
    let (mut state, mut covered, mut second) = (*first, *first_covered, *fires_at);
    let (mut acked, mut ended, mut seq) = (None, false, 1);
    let count = |counted: &mut Counted, from: i64, to: i64, state: State, covered: bool| {
        for second in from.max(0)..to.min(END) {
            *counted.firing.entry(key.clone()).or_default() += 1;
            if state == State::Critical && !covered {
                counted.down.entry(Name::clone(&key.host)).or_default().insert(second);
            }
        }
    };
    for (after, turn) in turns {
        let then = second + after;
        if then >= END {
            break;
        }
        count(counted, second, then, state, covered);
        second = then;
        seq += 1;
        let (kind, to, cover) = match turn {
            Turn::To(to) if to.severity() >= state.severity() => (EdgeKind::Worse, *to, covered),
            Turn::To(to) => (EdgeKind::Better, *to, covered),
            Turn::Ack => (EdgeKind::Acknowledged, state, covered),
            Turn::Window(true) => (EdgeKind::WindowBegan, state, true),
            Turn::Window(false) => (EdgeKind::WindowEnded, state, false),
            Turn::Flaps => (EdgeKind::FlappingStarted, state, covered),
            Turn::Ends => (EdgeKind::Recovered, State::Ok, covered),
        };
        // Windows begin and end in turn.
        if matches!(turn, Turn::Window(is) if *is == covered) {
            continue;
        }
        if kind == EdgeKind::Acknowledged && acked.is_none() && then >= 0 {
            acked = Some(then);
        }
        edges.push(Edge {
            from: state,
            in_maintenance: cover,
            ..edge(id, &key, seq, then, kind, to)
        });
        (state, covered) = (to, cover);
        if kind == EdgeKind::Recovered {
            ended = true;
            break;
        }
    }
    if *fires_at >= 0 && *fires_at < END {
        *counted.fired.entry(key.clone()).or_default() += 1;
        if let Some(acked) = acked {
            counted.acknowledged += 1;
            counted.times.push(u64::try_from(acked - fires_at).unwrap());
        }
    }
    let alert = (!ended).then(|| {
        count(counted, second, END, state, covered);
        Alert { in_maintenance: covered, ..open(id, &key, *fires_at, state) }
    });
    edges.retain(|edge| edge.at >= at(0));
    (edges, alert)
}

#[test]
fn what_was_not_measured_is_neither_up_nor_down() {
    let (machine, hosts) = (SafeText::line("noc"), ["a".into(), "b".into()]);
    let services = [CheckKey::new("a", "live"), CheckKey::new("b", "live")];
    let review = review(&Facts {
        unmeasured: &hosts[1..],
        services: &services,
        silent: &services[1..],
        ..facts(&[], &[], &hosts, &machine, 1000)
    });
    assert_eq!(review.unmeasured.rows, [Name::from("b")]);
    let told = review.services.rows.iter().map(|row| (&*row.host, row.unmeasured));
    assert_eq!(told.collect::<Vec<_>>(), [("a", false), ("b", true)]);
}

proptest! {
    #[test]
    fn fb_31_a_review_equals_counting_every_second(
        stories in prop::collection::vec(story(), 0..12),
    ) {
        let mut counted = Counted::default();
        let (mut edges, mut alerts) = (Vec::new(), Vec::new());
        for (id, story) in (1_u8..).zip(&stories) {
            let (mut own, alert) = tell(id, story, &mut counted);
            edges.append(&mut own);
            alerts.extend(alert);
        }
        // The store gives the newest first.
        edges.sort_by_key(|edge| Reverse(edge.at));
        let alerts: Vec<&Alert> = alerts.iter().collect();
        let hosts: Vec<Name> = vec!["h0".into(), "h1".into(), "h2".into()];
        let machine = SafeText::line("noc");
        let review = review(&facts(&edges, &alerts, &hosts, &machine, END));
        let firing: BTreeMap<CheckKey, u64> = review
            .alerts.rows.iter()
            .filter(|row| row.firing > Span::ZERO)
            .map(|row| (row.check.clone(), row.firing.millis() / 1000))
            .collect();
        prop_assert_eq!(firing, counted.firing);
        let fired: BTreeMap<CheckKey, usize> = review
            .alerts.rows.iter()
            .filter(|row| row.fired > 0)
            .map(|row| (row.check.clone(), row.fired))
            .collect();
        prop_assert_eq!(fired, counted.fired);
        let down: BTreeMap<Name, usize> = review
            .down.rows.iter()
            .map(|row| (row.host.clone(), usize::try_from(row.down.millis() / 1000).unwrap()))
            .collect();
        let wanted: BTreeMap<Name, usize> = counted
            .down.into_iter().map(|(host, seconds)| (host, seconds.len())).collect();
        prop_assert_eq!(down, wanted);
        prop_assert_eq!(review.acknowledged, counted.acknowledged);
        counted.times.sort_unstable();
        let middle = counted.times.len().checked_sub(1).map(|last| counted.times[last / 2]);
        prop_assert_eq!(review.to_acknowledge.map(|span| span.millis() / 1000), middle);
        prop_assert_eq!(review.fired, review.alerts.rows.iter().map(|row| row.fired).sum::<usize>());
    }
}

#[test]
fn fb_31_what_a_review_names() {
    let (web, db) = (CheckKey::new("web-1", "High CPU"), CheckKey::new("db-1", "mq"));
    let by = |edge: Edge, who: &str| Edge { actor: Some(SafeText::line(who)), ..edge };
    let edges = [
        edge(1, &web, 1, 10, EdgeKind::Fired, State::Warning),
        by(edge(1, &web, 2, 40, EdgeKind::Acknowledged, State::Warning), "ann"),
        Edge { from: State::Warning, ..edge(1, &web, 3, 70, EdgeKind::Recovered, State::Ok) },
        edge(2, &web, 1, 100, EdgeKind::Fired, State::Warning),
        edge(2, &web, 2, 110, EdgeKind::FlappingStarted, State::Warning),
        Edge { from: State::Warning, ..edge(2, &web, 3, 130, EdgeKind::Recovered, State::Ok) },
        // Taken while it was pending, and then it fired.
        by(edge(3, &db, 1, 200, EdgeKind::Acknowledged, State::Critical), "mia"),
        edge(3, &db, 2, 220, EdgeKind::Fired, State::Critical),
        Edge { from: State::Critical, ..edge(3, &db, 3, 250, EdgeKind::Recovered, State::Ok) },
    ];
    let mut old = open(9, &CheckKey::new("db-1", "disk"), -90_000, State::Warning);
    let ack = |by: &str| Acknowledgement {
        author: SafeText::line(by),
        comment: SafeText::empty(),
        at: at(0),
        expires: None,
        sticky: true,
    };
    old.ack = Some(ack("mia"));
    let alerts = [&old];
    let hosts: Vec<Name> = vec!["web-1".into(), "db-1".into()];
    let rules: Vec<Name> = vec!["Never".into(), "High CPU".into()];
    let queries: Vec<Name> = vec!["mq".into(), "High".into(), "Quiet".into()];
    let machine = SafeText::line("noc");
    let services = [db.clone()];
    let review = review(&Facts {
        rules: &rules,
        queries: &queries,
        services: &services,
        ..facts(&edges, &alerts, &hosts, &machine, 1000)
    });
    assert_eq!((review.fired, review.acknowledged), (3, 2));
    let first = &review.alerts.rows[0];
    assert_eq!((&first.check, first.fired, first.firing), (&web, 2, Span::from_secs(90)));
    assert_eq!(first.to_acknowledge, Some(Span::from_secs(30)));
    assert_eq!(first.who, [SafeText::line("ann")]);
    assert_eq!(review.flapping.rows[0].flapped, 1);
    let nobody: Vec<Timestamp> = review.unacknowledged.rows.iter().map(|row| row.since).collect();
    assert_eq!(nobody, [at(100)]);
    assert_eq!(review.long_open.rows[0].who, Some(SafeText::line("mia")));
    assert_eq!(review.down.rows.len(), 1);
    assert_eq!(
        (&*review.down.rows[0].host, review.down.rows[0].down),
        ("db-1", Span::from_secs(30))
    );
    assert_eq!(review.services.rows[0].down, Span::from_secs(30));
    // `High` is told by `High CPU`: an alert of a rule in PromQL may be called so.
    assert_eq!(review.never_fired.rows, ["Never".into(), "Quiet".into()]);
    let open: Vec<&ReviewAlert> = review.alerts.rows.iter().filter(|row| row.open).collect();
    assert_eq!((open.len(), open[0].firing), (1, Span::from_secs(1000)));
}
