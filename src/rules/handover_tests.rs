//! Handovers: where they begin, and what each topic tells.

use super::*;
use crate::model::{Acknowledgement, AlertId, Cause, CauseStage, Flapping, State, Status};

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millis(1_772_000_000_000 + minutes * 60_000)
}

fn line(text: &str) -> SafeText {
    SafeText::line(text)
}

#[test]
fn where_a_handover_begins() {
    let hours = |hours: i64| hours * 60;
    // Shifts began at 0 and at 8 h.
    let shift = Some((at(hours(8)), at(0)));
    let never: Option<i64> = None;
    for (asked, shift, signed_off, now, begins, since, why) in [
        (Some(30), shift, Some(10), 600, 30, Since::Asked, "what was asked for"),
        (None, shift, never, 600, 480, Since::Shift, "the begin of the shift"),
        (
            None,
            shift,
            never,
            509,
            0,
            Since::ShiftBefore,
            "the shift before is still to be handed over",
        ),
        (None, shift, never, 510, 480, Since::Shift, "half an hour later it is not"),
        (None, shift, Some(470), 485, 470, Since::SignOff, "signed off ten minutes early"),
        (None, shift, Some(420), 700, 420, Since::SignOff, "an hour early is its begin as well"),
        (None, shift, Some(419), 700, 480, Since::Shift, "earlier belongs to the shift before"),
        (None, shift, Some(419), 485, 0, Since::ShiftBefore, "of which nobody has signed off"),
        (None, shift, Some(495), 700, 495, Since::SignOff, "signed off late"),
        (None, None, Some(100), 700, 100, Since::SignOff, "without shifts the last sign-off"),
        (None, None, Some(800), 700, 220, Since::Hours, "one that lies ahead is none"),
        (None, None, never, 700, 220, Since::Hours, "neither: eight hours"),
        (Some(900), None, never, 700, 700, Since::Asked, "nothing lies ahead"),
    ] {
        let found = begin(asked.map(at), shift, signed_off.map(at), at(now));
        assert_eq!(found, (at(begins), since), "{why}");
    }
}

fn alert(n: u8, host: &str, state: State, since: i64) -> Alert {
    Alert {
        phase: Phase::Firing,
        state,
        fired: Some(at(since)),
        output: line("refused"),
        attempt: 3,
        edge_seq: 1,
        notified: Some(state),
        ..Alert::opened(
            AlertId::from_parts(at(since).millis().unsigned_abs() as i64, [n; 10]),
            &CheckKey::new(host, "http"),
            &Status::waiting(at(since)),
            3,
            at(since),
        )
    }
}

fn taken(alert: Alert, expires: Option<i64>) -> Alert {
    let ack = Acknowledgement {
        author: line("ann"),
        comment: line("on it"),
        at: alert.since,
        expires: expires.map(at),
        sticky: false,
    };
    Alert { ack: Some(ack), ..alert }
}

fn edge(of: &Alert, kind: EdgeKind, when: i64) -> Edge {
    let (from, to) = match kind {
        EdgeKind::Recovered => (of.state, State::Ok),
        _ => (State::Ok, of.state),
    };
    Edge {
        alert: of.id,
        check: of.check.clone(),
        seq: 1,
        at: at(when),
        kind,
        from,
        to,
        text: line(if kind == EdgeKind::Recovered { "fine" } else { "refused" }),
        actor: None,
        in_maintenance: false,
    }
}

fn duty(kind: DutyKind, from: i64, until: Option<i64>, text: &str) -> Duty {
    let author = matches!(kind, DutyKind::Note | DutyKind::SignOff).then(|| line("bob"));
    Duty { at: at(from), until: until.map(at), kind, author, text: line(text) }
}

fn window(name: &str, from: i64, until: i64) -> Maintenance {
    Maintenance {
        id: crate::model::MaintenanceId::from_parts(1, [1; 10]),
        name: line(name),
        host_pattern: "db-*".parse().ok(),
        check: None,
        hosts: std::collections::BTreeSet::new(),
        checks: std::collections::BTreeSet::new(),
        start: at(from),
        end: at(until),
        children: None,
        recurrence: None,
        previous: None,
        suppress_notifications: true,
        created_by: None,
        author: line("eve"),
        created: at(from),
    }
}

/// One line for each row: minute, state, host, who, until, words.
fn told(parts: &[HandoverPart], topic: Topic) -> Vec<String> {
    let part = parts.iter().find(|part| part.topic == topic).unwrap();
    let minute = |at: Timestamp| (at.millis() - 1_772_000_000_000) / 60_000;
    let row = |row: &HandoverRow| {
        let mut words = vec![minute(row.at).to_string()];
        words.extend(row.state.map(|state| state.word().to_owned()));
        words.extend(row.check.as_ref().map(|key| key.host.to_string()));
        words.extend(row.who.as_ref().map(ToString::to_string));
        words.extend(row.until.map(|until| format!("to {}", minute(until))));
        format!("{}: {}", words.join(" "), row.text)
    };
    part.rows.iter().map(row).collect()
}

fn assembled(
    edges: &[Edge],
    alerts: &[Alert],
    windows: &[Maintenance],
    log: &[Duty],
) -> Vec<HandoverPart> {
    let alerts: Vec<&Alert> = alerts.iter().collect();
    let windows: Vec<&Maintenance> = windows.iter().collect();
    let (from, now) = (at(0), at(480));
    assemble(&Facts { edges, alerts: &alerts, windows: &windows, duty: log, from, now })
}

#[test]
fn each_topic_tells_its_own_in_its_order() {
    let slow = alert(1, "slow", State::Warning, 10);
    let old = alert(2, "old", State::Critical, -90);
    let fresh = alert(3, "fresh", State::Critical, 470);
    let soon = taken(alert(4, "soon", State::Warning, 20), Some(500));
    let far = taken(alert(5, "far", State::Critical, 30), Some(961));
    let open_end = taken(alert(6, "never", State::Critical, 40), None);
    let behind = Alert {
        cause: Some(Cause { check: old.check.clone(), stage: CauseStage::Down, at: at(-80) }),
        ..alert(7, "behind", State::Critical, -80)
    };
    let hidden = Alert { suppressed: true, ..alert(8, "hidden", State::Critical, 50) };
    let soft =
        Alert { phase: Phase::Pending, fired: None, ..alert(9, "soft", State::Critical, 479) };
    let flappy = Alert {
        flapping: Some(Flapping { since: at(60), changes: 7, from: State::Ok, last: State::Ok }),
        ..alert(10, "flappy", State::Warning, 60)
    };
    let gone = alert(11, "gone", State::Critical, 100);
    let twice = alert(12, "twice", State::Warning, 200);
    let edges = [
        edge(&fresh, EdgeKind::Fired, 470),
        edge(&twice, EdgeKind::Recovered, 212),
        edge(&twice, EdgeKind::Fired, 200),
        edge(&gone, EdgeKind::Recovered, 130),
        edge(&gone, EdgeKind::FlappingStarted, 110),
        edge(&gone, EdgeKind::Fired, 100),
        edge(&twice, EdgeKind::Fired, 90),
        edge(&flappy, EdgeKind::FlappingStarted, 60),
        edge(&flappy, EdgeKind::Recovered, 55),
        edge(&hidden, EdgeKind::Fired, 50),
        edge(&soon, EdgeKind::Fired, 20),
        edge(&old, EdgeKind::Fired, -90),
    ];
    let alerts = [slow, old, fresh, soon, far, open_end, behind, hidden, soft, flappy];
    let windows = [window("patch", 400, 490), window("long", 0, 5000), window("later", 481, 490)];
    let log = [
        duty(DutyKind::Off, -60, Some(-1), ""),
        duty(DutyKind::Off, -1, Some(30), ""),
        duty(DutyKind::Note, -5, None, "before"),
        duty(DutyKind::Note, 100, None, "fan ordered"),
        duty(DutyKind::Blind, 200, Some(210), ""),
        duty(DutyKind::SignOff, 300, None, "ann"),
        duty(DutyKind::Blind, 470, None, ""),
    ];
    let parts = assembled(&edges, &alerts, &windows, &log);
    assert_eq!(parts.iter().map(|part| part.topic).collect::<Vec<_>>(), Topic::ALL);
    for (topic, wanted) in [
        (
            Topic::Open,
            &[
                "-90 CRITICAL old: refused; 1 affected",
                "470 CRITICAL fresh: refused",
                "10 WARNING slow: refused",
                "60 WARNING flappy: refused",
            ][..],
        ),
        (
            Topic::Acknowledged,
            &[
                "20 WARNING soon ann to 500: on it",
                "30 CRITICAL far ann to 961: on it",
                "40 CRITICAL never ann: on it",
            ],
        ),
        (
            Topic::Ending,
            &["400 eve to 490: window patch", "20 WARNING soon ann to 500: acknowledgement"],
        ),
        (
            Topic::New,
            &[
                "470 CRITICAL fresh: refused; open",
                "200 WARNING twice: refused (2 times); over",
                "100 CRITICAL gone: refused; over",
                "50 CRITICAL hidden: refused; hidden",
                "20 WARNING soon: refused; acknowledged",
            ],
        ),
        (
            Topic::Recovered,
            &["212 OK twice: WARNING after 12m; fine", "130 OK gone: CRITICAL after 30m; fine"],
        ),
        (Topic::Flapping, &["60 WARNING flappy: flapping 7x", "110 gone: flapped"]),
        (
            Topic::Unwatched,
            &[
                "-1 to 30: the engine was off",
                "200 to 210: the engine was blind: no canary answered",
                "470: the engine was blind: no canary answered",
            ],
        ),
        (Topic::Notes, &["100 bob: fan ordered", "300 bob: signed off, ann took over"]),
    ] {
        assert_eq!(told(&parts, topic), wanted, "{topic:?}");
    }
}

#[test]
fn times_without_an_engine_that_lie_close_together_are_one() {
    let log = [
        duty(DutyKind::Off, 10, Some(60), ""),
        duty(DutyKind::Off, 60, Some(120), ""),
        duty(DutyKind::Off, 121, Some(180), ""),
        duty(DutyKind::Off, 200, Some(240), ""),
    ];
    let parts = assembled(&[], &[], &[], &log);
    let wanted = ["10 to 180: the engine was off", "200 to 240: the engine was off"];
    assert_eq!(told(&parts, Topic::Unwatched), wanted);
}

#[test]
fn a_topic_has_fifty_rows_and_says_how_many_there_are() {
    let alerts: Vec<Alert> =
        (0..87).map(|n| alert(n, &format!("h-{n}"), State::Critical, 1)).collect();
    let notes: Vec<Duty> =
        (0..60).map(|n| duty(DutyKind::Note, n, None, &format!("note {n}"))).collect();
    let parts = assembled(&[], &alerts, &[], &notes);
    let part = |topic| parts.iter().find(|part| part.topic == topic).unwrap();
    assert_eq!((part(Topic::Open).count, part(Topic::Open).rows.len()), (87, ROWS));
    assert_eq!((part(Topic::Notes).count, part(Topic::Notes).rows.len()), (60, ROWS));
    assert_eq!(told(&parts, Topic::Notes).last().unwrap(), "59 bob: note 59", "the last ones");
    assert_eq!(part(Topic::New).count, 0);
}

#[test]
fn a_span_is_told_in_minutes_from_an_hour_on() {
    let told = |millis| rough(Span::from_millis(millis)).millis();
    assert_eq!([told(61_500), told(3_599_999), told(3_600_000)], [61_000, 3_599_000, 3_600_000]);
    assert_eq!(told(3_725_000), 3_720_000);
}

#[test]
fn a_row_stands_at_what_it_tells_of() {
    let acked = |host: &str, expires| {
        let mut alert = taken(alert(1, host, State::Warning, 20), Some(expires));
        alert.ack.as_mut().unwrap().at = at(25);
        alert
    };
    let mut flappy = alert(3, "flappy", State::Warning, 60);
    let from = State::Warning;
    flappy.flapping = Some(Flapping { since: at(70), changes: 7, from, last: from });
    let alerts = [acked("now", 480), acked("next", 481), flappy];
    let calm = alert(4, "calm", State::Critical, 100);
    let edges = [
        Edge { seq: 2, ..edge(&calm, EdgeKind::FlappingStarted, 120) },
        edge(&calm, EdgeKind::FlappingStarted, 110),
    ];
    let parts = assembled(&edges, &alerts, &[], &[]);
    let ending = ["25 WARNING next ann to 481: acknowledgement"];
    assert_eq!(told(&parts, Topic::Ending), ending, "what ends now has ended");
    let flapping = ["70 WARNING flappy: flapping 7x", "120 calm: flapped 2 times"];
    assert_eq!(told(&parts, Topic::Flapping), flapping);
}
