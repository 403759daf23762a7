//! What is offered where, and that what is taken parses.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::model::{Host, Timestamp};
use crate::protocol::Event;
use crate::protocol::filter::Filter;

struct Words;

impl Vocabulary for Words {
    fn hosts(&self, each: &mut dyn FnMut(&str)) {
        ["web-1", "db-2", "DB-1", "old db", "db-2", "a,b", "q\"\\"]
            .iter()
            .for_each(|name| each(name));
    }

    fn checks(&self, each: &mut dyn FnMut(&str)) {
        ["ping", "http"].iter().for_each(|name| each(name));
    }

    fn groups(&self, each: &mut dyn FnMut(&str)) {
        each("databases");
    }

    fn labels(&self, each: &mut dyn FnMut(&str)) {
        ["site", "role", "site"].iter().for_each(|name| each(name));
    }

    fn values(&self, label: &str, each: &mut dyn FnMut(&str)) {
        if label == "site" {
            ["dal", "fra"].iter().for_each(|name| each(name));
        }
    }

    fn sites(&self, each: &mut dyn FnMut(&str)) {
        self.values("site", each);
    }

    fn people(&self, each: &mut dyn FnMut(&str)) {
        each("noc-2");
    }
}

/// The texts that come of taking each candidate, joined.
fn offered(text: &str) -> String {
    let cursor = text.find('|').unwrap_or(text.len());
    let text = text.replace('|', "");
    let completion = complete(&text, cursor, &Words);
    let taken = completion.candidates.iter().map(|one| completion.apply(&text, one).0);
    taken.collect::<Vec<_>>().join(" / ")
}

#[test]
fn every_place_has_its_words() {
    for (text, taken) in [
        ("sta", "state: / stale"),
        ("web !ac", "web !acked"),
        ("state:c", "state:crit"),
        ("state:crit,w|", "state:crit,warn"),
        ("host:db", "host:DB-1 / host:db-2 / host:\"old db\""),
        ("host:db-*", "host:DB-1 / host:db-2"),
        (
            "host:d| state:crit",
            "host:DB-1 state:crit / host:db-2 state:crit / host:\"old db\" state:crit",
        ),
        (
            "host:,",
            "host:,DB-1 / host:,\"a,b\" / host:,db-2 / host:,\"old db\" / host:,\"q\\\"\\\\\" / host:,web-1",
        ),
        ("check:", "check:http / check:ping"),
        ("kind:mys", "kind:mysql"),
        ("group:b", "group:databases"),
        ("tag:s", "tag:site="),
        ("tag:site=", "tag:site=dal / tag:site=fra"),
        ("tag:site=dal,f", "tag:site=dal,fra"),
        ("tag:role=", ""),
        ("site:F", "site:fra"),
        ("by:", "by:noc-2"),
        ("is:mi", "is:mine"),
        ("since:2", "since:2m / since:2h / since:2d / since:2s"),
        ("age:<3", "age:<3m / age:<3h / age:<3d / age:<3s"),
        ("zzz", ""),
        ("foo:b", ""),
        ("output:x", ""),
        ("host:\"old", "host:\"old db\""),
    ] {
        assert_eq!(offered(text), taken, "{text}");
    }
    assert_eq!(complete("", 0, &Words).candidates.len(), Key::ALL.len() + Flag::ALL.len());
    assert_eq!(complete("x", 9, &Words), Completion::default());
}

#[test]
fn ten_thousand_hosts_give_fifty_of_the_best() {
    let mut world = World::new();
    for n in 0..10_000 {
        let mut host = Host::new(&format!("host-{n:05}"), "::1");
        host.groups.push(format!("rack-{}", n % 7));
        world.apply(&Event::Host(Arc::new(host)), Timestamp::default());
    }
    let found = complete("host:99", 7, &world).candidates;
    assert_eq!(found.len(), CANDIDATES);
    assert_eq!(found.first().map(|one| one.text.as_str()), Some("host-00099"));
    assert_eq!(complete("group:", 6, &world).candidates.len(), 7);
    assert_eq!(complete("site:", 5, &world).candidates.len(), 7);
}

proptest! {
    #[test]
    fn what_is_replaced_lies_in_the_text(text in "(host:|tag:|state:|is:|[a-z!,=\"ü\\\\ {-]){0,8}", cursor in 0_usize..40) {
        let completion = complete(&text, cursor, &Words);
        prop_assert!(completion.candidates.len() <= CANDIDATES);
        prop_assert!(completion.candidates.is_empty() || completion.replace.end == cursor);
        prop_assert!(text.get(completion.replace.clone()).is_some());
    }

    #[test]
    fn a_name_is_written_so_that_it_is_found(name in "\\PC{1,8}") {
        let filter = Filter::parse(&format!("host:{}", written(&name)))
            .map_err(|errors| TestCaseError::fail(errors.to_string()))?;
        let found = filter.passes(crate::model::ShownState::Ok, &[&name]);
        prop_assert!(found, "{filter}");
    }
}
