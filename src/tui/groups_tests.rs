//! Which rows come together, how they are counted, and in which order groups stand.

use std::sync::Arc;

use super::*;
use crate::model::{CheckKey, Host, Kind, Span, State, Status, Timestamp};
use crate::protocol::filter::{CheckFacts, Look};
use crate::protocol::{CheckRow, Event, World};

const NOW: Timestamp = Timestamp::from_millis(1_000_000);

fn world() -> World {
    let mut world = World::new();
    let hosts: [(&str, &str, &[&str]); 4] =
        [("a", "fra", &["x", "y", "x"]), ("b", "dal", &["y"]), ("c", "dal", &[]), ("d", "", &[])];
    for (name, site, groups) in hosts {
        let mut host = Host::new(name, "::1");
        if !site.is_empty() {
            host.labels.insert("site".to_owned(), site.to_owned());
        }
        host.groups = groups.iter().map(|group| (*group).to_owned()).collect();
        world.apply(&Event::Host(Arc::new(host)), NOW);
    }
    for (host, check, state) in [
        ("a", "ping", State::Critical),
        ("a", "http", State::Ok),
        ("b", "ping", State::Critical),
        ("c", "ping", State::Warning),
        ("c", "http", State::Ok),
        ("d", "dns", State::Critical),
    ] {
        let status = Status { state, hard: true, hard_state: state, ..Status::default() };
        let row = CheckRow {
            key: CheckKey::new(host, check),
            kind: Kind::Ping,
            interval: Span::from_secs(60),
            attempts: 3,
            enabled: true,
            about: None,
            rule: None,
            status: Status { last_result: Some(NOW), ..status },
        };
        world.apply(&Event::Check(Arc::new(row)), NOW);
    }
    world
}

/// `name:critical/all ...` in order.
fn grouped(by: &GroupBy) -> String {
    let world = world();
    let no = |_: &CheckKey| false;
    let look = Look::new(&world, NOW, &no);
    let pairs = world.hosts().flat_map(|entry| entry.checks.iter().map(move |row| (entry, row)));
    let rows: Vec<CheckFacts> = pairs.map(|(entry, row)| look.check(entry, row)).collect();
    let groups = groups(&rows, by);
    for group in &groups {
        assert_eq!(group.members.len(), group.tally.all());
        assert!(group.members.is_sorted());
    }
    let texts = groups.iter().map(|group| {
        let critical = group.tally.of(ShownState::Critical);
        format!("{}:{critical}/{}", group.name, group.tally.all())
    });
    texts.collect::<Vec<_>>().join(" ")
}

#[test]
fn groups_stand_worst_first() {
    assert_eq!(grouped(&GroupBy::Site), "dal:1/3 fra:1/2 :1/1");
    assert_eq!(grouped(&GroupBy::Check), "ping:2/3 dns:1/1 http:0/2");
    assert_eq!(grouped(&GroupBy::Host), "a:1/2 b:1/1 d:1/1 c:0/2");
    assert_eq!(grouped(&GroupBy::Group), "y:2/3 :1/3 x:1/2");
    assert_eq!(grouped(&GroupBy::Tag("none".to_owned())), ":3/6");
}

#[test]
fn what_to_group_by_is_read_and_written() {
    for text in ["host", "check", "group", "site", "tag:rack"] {
        assert_eq!(text.parse::<GroupBy>().unwrap().to_string(), text);
    }
    assert!("colour".parse::<GroupBy>().unwrap_err().contains("write host, check"));
    assert!("tag:".parse::<GroupBy>().is_err());
}

#[test]
fn the_worst_of_a_tally() {
    let mut tally = Tally::default();
    assert_eq!(tally.worst(), None);
    tally.add(ShownState::Ok);
    tally.add(ShownState::Warning);
    assert_eq!(tally.worst(), Some(ShownState::Warning));
}
