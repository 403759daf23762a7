//! The mirror's behaviour: counts, overlay, feed order, snapshots.

use super::*;
use crate::model::{SafeText, Span, Status, spec::Kind};

const T0: Timestamp = Timestamp::from_millis(1_000_000);

fn check(host: &str, name: &str, state: State) -> Event {
    Event::Check(Arc::new(CheckRow {
        key: CheckKey::new(host, name),
        kind: Kind::Ping,
        interval: Span::from_secs(60),
        attempts: 3,
        enabled: true,
        about: None,
        rule: None,
        status: Status {
            state,
            hard: true,
            hard_state: state,
            since: T0,
            last_result: Some(T0),
            ..Status::default()
        },
    }))
}

fn window(pattern: &str, start: i64, end: i64) -> Event {
    Event::Maintenance(Arc::new(Maintenance {
        id: MaintenanceId::from_parts(start, [1; 10]),
        name: SafeText::line("w"),
        host_pattern: pattern.parse().ok(),
        check: None,
        hosts: std::collections::BTreeSet::new(),
        checks: std::collections::BTreeSet::new(),
        start: Timestamp::from_millis(start),
        end: Timestamp::from_millis(end),
        children: None,
        recurrence: None,
        previous: None,
        suppress_notifications: true,
        created_by: None,
        author: SafeText::line("a"),
        created: T0,
    }))
}

fn world(events: &[Event]) -> World {
    let mut world = World::new();
    for event in events {
        world.apply(event, T0);
    }
    world
}

#[test]
fn d_06_host_state_is_the_worst_of_its_checks() {
    let mut world = world(&[
        Event::Host(Arc::new(Host::new("a", "::1"))),
        check("a", "one", State::Warning),
        check("a", "two", State::Unknown),
    ]);
    assert_eq!(world.host("a").unwrap().state, State::Unknown);
    world.apply(&check("a", "three", State::Critical), T0);
    assert_eq!(world.host("a").unwrap().state, State::Critical);
    assert_eq!(world.counts().of(ShownState::Critical), 1);
    world.apply(&Event::CheckGone(CheckKey::new("a", "three")), T0);
    assert_eq!(world.counts().of(ShownState::Unknown), 1);
    world.apply(&Event::HostGone("a".into()), T0);
    assert_eq!(world.counts(), Counts::default());
}

#[test]
fn fm_07_a_window_shows_maintenance_over_the_true_state() {
    let mut world = world(&[
        Event::Host(Arc::new(Host::new("db-1", "::1"))),
        check("db-1", "ping", State::Critical),
        window("db-*", 1_000_000, 1_060_000),
    ]);
    let entry = world.host("db-1").unwrap();
    assert_eq!((entry.shown(), entry.state), (ShownState::Maintenance, State::Critical));
    assert_eq!(world.counts().of(ShownState::Maintenance), 1);
    assert_eq!(world.next_window_edge(T0), Some(Timestamp::from_millis(1_060_000)));
    assert!(world.tick(Timestamp::from_millis(1_060_000)));
    assert_eq!(world.host("db-1").unwrap().shown(), ShownState::Critical);
}

#[test]
fn a_host_without_results_waits_and_is_never_ok() {
    let world = world(&[Event::Host(Arc::new(Host::new("a", "::1")))]);
    assert_eq!(world.host("a").unwrap().state, State::Unknown);
    assert_eq!((world.counts().waiting, world.counts().of(ShownState::Ok)), (1, 0));
}

/// A check whose first results were a problem that is not confirmed yet.
fn soft(host: &str, name: &str, state: State) -> Event {
    let Event::Check(row) = check(host, name, state) else { unreachable!() };
    let status = Status {
        hard: false,
        hard_state: Status::waiting(T0).hard_state,
        attempt: 1,
        ..row.status.clone()
    };
    Event::Check(Arc::new(CheckRow { status, ..CheckRow::clone(&row) }))
}

#[test]
fn d_06_what_is_soft_since_the_start_neither_hides_nor_outranks_what_is_hard() {
    for state in [State::Warning, State::Critical, State::Unknown] {
        let mut world = world(&[
            Event::Host(Arc::new(Host::new("a", "::1"))),
            check("a", "disk", State::Warning),
            check("a", "load", State::Warning),
            soft("a", "ping", state),
        ]);
        let entry = world.host("a").unwrap();
        assert_eq!((entry.state, entry.waiting), (State::Warning, false));
        assert_eq!(entry.since(), Some(T0));
        assert_eq!(world.counts().of(ShownState::Warning), 1);
        assert_eq!(
            world.shown_check(entry.check("ping").unwrap(), T0),
            ShownState::of(state, false)
        );
        // It counts from the moment on in which it is confirmed.
        world.apply(&check("a", "ping", State::Critical), T0);
        assert_eq!(world.host("a").unwrap().state, State::Critical);
    }
}

#[test]
fn d_06_a_host_of_which_nothing_is_confirmed_waits_and_counts_for_no_state() {
    let mut world = world(&[
        Event::Host(Arc::new(Host::new("a", "::1"))),
        soft("a", "http", State::Critical),
        Event::Host(Arc::new(Host::new("b", "::1"))),
        soft("b", "http", State::Unknown),
    ]);
    assert!(world.host("a").unwrap().waiting && world.host("b").unwrap().waiting);
    let counts = world.counts();
    assert_eq!(counts.waiting, 2);
    assert!(ShownState::ALL.into_iter().all(|state| counts.of(state) == 0), "{counts:?}");
    // One good result elsewhere confirms something.
    world.apply(&check("a", "ping", State::Ok), T0);
    assert_eq!((world.counts().waiting, world.counts().of(ShownState::Ok)), (1, 1));
    // Who hears nothing believes nothing, and says so of both.
    world.lose_sight();
    assert_eq!((world.counts().waiting, world.counts().of(ShownState::Unknown)), (0, 2));
}

#[test]
fn how_far_the_word_has_come_is_known_of_open_alerts_alone() {
    let id = |n: u8| AlertId::from_parts(1, [n; 10]);
    let alert = |n: u8, phase: Phase| {
        Event::Alert(Arc::new(Alert {
            phase,
            state: State::Critical,
            output: SafeText::empty(),
            attempt: 1,
            edge_seq: 1,
            ..Alert::opened(
                id(n),
                &CheckKey::new("a", &*n.to_string()),
                &Status::waiting(T0),
                1,
                T0,
            )
        }))
    };
    let told = |n: u8, told: Told| ToldRow { alert: id(n), told };
    let mut world = world(&[
        alert(1, Phase::Firing),
        alert(2, Phase::Firing),
        Event::Told(vec![told(1, Told::Queued), told(2, Told::Failed(2)), told(3, Told::Sent)]),
        Event::Told(vec![told(1, Told::Sent)]),
    ]);
    let of = |world: &World| [1, 2, 3].map(|n| world.told(id(n)));
    assert_eq!(of(&world), [Some(Told::Sent), Some(Told::Failed(2)), None]);
    let mut second = World::new();
    world.snapshot().for_each(|event| second.apply(&event, T0));
    assert_eq!(of(&second), of(&world));
    world.apply(&alert(2, Phase::Resolved), T0);
    assert_eq!(of(&world), [Some(Told::Sent), None, None]);
    world.apply(&alert(2, Phase::Firing), T0);
    assert_eq!(of(&world), [Some(Told::Sent), None, None]);
}

#[test]
fn a_snapshot_makes_the_same_world() {
    let first = world(&[
        window("x*", 1_000_000, 1_060_000),
        Event::Host(Arc::new(Host::new("x", "::1"))),
        check("x", "ping", State::Warning),
        Event::Host(Arc::new(Host::new("y", "::1"))),
    ]);
    let second = world(&first.snapshot().collect::<Vec<_>>());
    assert_eq!(first.counts(), second.counts());
    assert_eq!(first.snapshot().collect::<Vec<_>>(), second.snapshot().collect::<Vec<_>>());
}

#[test]
fn d_06_a_picture_begins_with_what_needs_somebody() {
    let mut events: Vec<Event> = Vec::new();
    for n in 0..100 {
        let name = format!("h{n:02}");
        let state = if n == 70 { State::Warning } else { State::Ok };
        events.extend([Event::Host(Arc::new(Host::new(&name, "::1"))), check(&name, "p", state)]);
    }
    let alert = |n: u8, host: &str, state| {
        let key = CheckKey::new(host, "p");
        let opened = Alert::opened(
            AlertId::from_parts(5, [n; 10]),
            &key,
            &Status::waiting(T0),
            1,
            T0 + Span::from_secs(u64::from(n)),
        );
        Event::Alert(Arc::new(Alert { phase: Phase::Firing, state, ..opened }))
    };
    events.extend([
        alert(1, "h40", State::Warning),
        alert(2, "h90", State::Critical),
        alert(3, "h95", State::Critical),
        alert(4, "gone", State::Critical),
        Event::Told(vec![ToldRow { alert: AlertId::from_parts(5, [2; 10]), told: Told::Sent }]),
    ]);
    let first = world(&events);
    let picture: Vec<Event> = first.snapshot().collect();
    let order: Vec<String> = picture
        .iter()
        .filter_map(|event| match event {
            Event::Host(host) => Some(host.name.to_string()),
            Event::Alert(alert) => Some(format!("!{}", alert.check.host)),
            Event::Told(_) => Some("told".to_owned()),
            _ => None,
        })
        .take(10)
        .collect();
    let wanted = ["h90", "!h90", "h95", "!h95", "h40", "!h40", "!gone", "told", "h70", "h00"];
    assert_eq!(order, wanted);
    // Whatever the order, it is all there once.
    assert_eq!(picture.len(), 1 + events.len());
    let second = world(&picture);
    assert_eq!(second.counts(), first.counts());
    assert_eq!(second.told(AlertId::from_parts(5, [2; 10])), Some(Told::Sent));
}
