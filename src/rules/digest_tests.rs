//! What a digest says of each alert, and in which order.

use super::*;
use crate::model::{Acknowledgement, AlertId, CheckKey, Edge, EdgeKind, Status, Timestamp};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_772_000_000_000 + millis)
}

fn member(number: u8, seq: u32, reason: Reason, to: State) -> Member {
    let edge = Edge {
        alert: AlertId::from_parts(at(0).millis(), [number; 10]),
        check: CheckKey::new(format!("web-{number}"), "http"),
        seq,
        at: at(i64::from(seq)),
        kind: if to == State::Ok { EdgeKind::Recovered } else { EdgeKind::Fired },
        from: State::Ok,
        to,
        text: SafeText::line("as it was told"),
        actor: None,
        in_maintenance: false,
    };
    Member { notification: Notification::of(&edge, reason, "hook"), alert: None, known: false }
}

fn alert(of: &Member, phase: Phase, state: State) -> Alert {
    let edge = &of.notification.edge;
    Alert {
        phase,
        state,
        fired: Some(at(0)),
        output: SafeText::line("as it is"),
        attempt: 1,
        edge_seq: edge.seq,
        notified: Some(state),
        ..Alert::opened(edge.alert, &edge.check, &Status::waiting(at(7)), 1, at(0))
    }
}

fn one(members: Vec<Member>) -> Digest {
    let digest = compose(&members);
    assert_eq!(digest.alerts, 1, "{digest:?}");
    digest
}

#[test]
fn an_alert_is_said_as_it_stands_now() {
    let first = || member(1, 1, Reason::First, State::Warning);
    let over = || member(1, 2, Reason::Recovered, State::Ok);
    let with = |mut member: Member, change: fn(&mut Alert)| {
        let mut now = alert(&member, Phase::Firing, State::Critical);
        change(&mut now);
        member.alert = Some(now);
        member
    };
    let known = |mut member: Member| {
        member.known = true;
        member
    };
    let ended = |alert: &mut Alert| alert.phase = Phase::Resolved;
    let taken = |alert: &mut Alert| {
        alert.ack = Some(Acknowledgement {
            author: SafeText::line("mia"),
            comment: SafeText::empty(),
            at: at(3),
            expires: None,
            sticky: false,
        });
    };
    let said = |digest: Digest| {
        let item = digest.items.first().map(|item| (item.state, item.text.to_string()));
        (item, digest.gone)
    };
    let problem = |state, text: &str| (Some((state, text.to_owned())), 0);
    let gone = (None, 1);
    for (members, wanted, why) in [
        (vec![with(first(), |_| {})], problem(State::Critical, "as it is"), "worse since"),
        (vec![first()], problem(State::Warning, "as it was told"), "nothing else is known"),
        (vec![with(first(), taken)], gone.clone(), "somebody has it"),
        (vec![with(first(), |alert| alert.suppressed = true)], gone.clone(), "in a window"),
        (vec![with(first(), ended)], gone.clone(), "closed without a word"),
        (vec![first(), with(over(), ended)], gone.clone(), "begun and over meanwhile"),
        (vec![with(known(over()), ended)], problem(State::Ok, "as it was told"), "known before"),
        (vec![over()], gone, "unknown to all"),
        (vec![known(over())], problem(State::Ok, "as it was told"), "known, and forgotten here"),
    ] {
        assert_eq!(said(one(members)), wanted, "{why}");
    }
}

#[test]
fn the_worst_come_first_then_the_oldest_each_once_and_the_size_is_bounded() {
    let states = [State::Warning, State::Critical, State::Unknown];
    let mut members: Vec<Member> = (0..=255)
        .map(|n| member(n, 1 + u32::from(n) % 5, Reason::First, states[usize::from(n) % 3]))
        .collect();
    members.extend((0..=255).map(|n| member(n, 9, Reason::Reminder, states[usize::from(n) % 3])));
    let digest = compose(&members);
    let counts = (digest.alerts, digest.critical, digest.unknown, digest.warning, digest.gone);
    assert_eq!(counts, (256, 85, 85, 86, 0));
    assert_eq!(digest.worst(), State::Critical);
    assert!(digest.items.is_sorted_by_key(|item| (Reverse(item.state.severity()), item.since)));
    assert!(digest.more() > 0 && digest.items.len() > 50, "{}", digest.items.len());
    let json = serde_json::to_string(&digest).unwrap();
    assert!(json.len() <= BYTES + 1024, "{}", json.len());
    assert!(digest.lines().last().unwrap().starts_with("and "));
    let mut backwards = members.clone();
    backwards.reverse();
    assert_eq!(compose(&backwards), digest, "the order of the rows says nothing");
}

#[test]
fn an_item_takes_its_texts_twice_and_the_names_of_its_fields() {
    let (check, text) = (CheckKey::new("web-1", "http"), SafeText::line("down"));
    let item = DigestItem { check, state: State::Critical, since: at(0), text };
    assert_eq!(size(&item), 100 + 2 * (5 + 4 + 4));
}
