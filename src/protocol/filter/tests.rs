//! Tables: what parses to what, what passes, where mistakes are.

use std::sync::Arc;

use super::*;
use crate::model::{
    Acknowledgement, Alert, AlertId, CheckKey, Host, Kind, Maintenance, MaintenanceId, Phase,
    SafeText, Span, State, Status,
};
use crate::protocol::{CheckRow, Event, World};

const NOW: Timestamp = Timestamp::from_millis(100_000_000);

fn row(host: &str, name: &str, kind: Kind, state: State, age: u64) -> CheckRow {
    CheckRow {
        key: CheckKey::new(host, name),
        kind,
        interval: Span::from_secs(60),
        attempts: 3,
        enabled: true,
        about: None,
        rule: None,
        status: Status {
            state,
            hard: true,
            hard_state: state,
            since: NOW - Span::from_secs(age),
            last_result: Some(NOW),
            output: SafeText::line("Connection Refused by 192.0.2.7:443"),
            ..Status::default()
        },
    }
}

fn alert(n: u8, host: &str, name: &str, phase: Phase, ack: Option<&str>) -> Event {
    Event::Alert(Arc::new(Alert {
        phase,
        state: State::Critical,
        output: SafeText::line("no answer"),
        attempt: 3,
        ack: ack.map(|who| Acknowledgement {
            author: SafeText::line(who),
            comment: SafeText::line("looking into it"),
            at: NOW,
            expires: Some(NOW + Span::from_secs(7200)),
            sticky: false,
        }),
        edge_seq: 1,
        ..Alert::opened(
            AlertId::from_parts(1, [n; 10]),
            &CheckKey::new(host, name),
            &Status::waiting(NOW - Span::from_secs(7200)),
            3,
            NOW - Span::from_secs(7200),
        )
    }))
}

/// `db-1` (dal, acknowledged), `db-2` (fra, unhandled), `web-1` (dal, OK), `app-1` (in a window),
/// `old-1` (stale, disabled second check).
fn world() -> World {
    let mut events = Vec::new();
    for (name, site, groups) in [
        ("db-1", "dal", vec!["databases"]),
        ("DB-2", "fra", vec!["databases", "prod"]),
        ("web-1", "dal", vec![]),
        ("app-1", "", vec!["ber"]),
        ("old-1", "", vec![]),
    ] {
        let mut host = Host::new(name, "192.0.2.1");
        if !site.is_empty() {
            host.labels.insert("site".to_owned(), site.to_owned());
        }
        host.labels.insert("owner".to_owned(), "Team Blue".to_owned());
        host.groups = groups.into_iter().map(str::to_owned).collect();
        events.push(Event::Host(Arc::new(host)));
    }
    let mut stale = row("old-1", "http", Kind::Http, State::Unknown, 600);
    stale.status.last_result = Some(NOW - Span::from_secs(900));
    let disabled = CheckRow { enabled: false, ..row("old-1", "ssh", Kind::Tcp, State::Ok, 9000) };
    for row in [
        row("db-1", "ping", Kind::Ping, State::Critical, 7200),
        row("DB-2", "mysql", Kind::Mysql, State::Critical, 60),
        row("web-1", "http", Kind::Http, State::Ok, 86_400),
        row("app-1", "ping", Kind::Ping, State::Warning, 30),
        stale,
        disabled,
    ] {
        events.push(Event::Check(Arc::new(row)));
    }
    events.push(alert(1, "db-1", "ping", Phase::Firing, Some("noc-2")));
    events.push(alert(2, "DB-2", "mysql", Phase::Firing, None));
    events.push(alert(3, "app-1", "ping", Phase::Pending, None));
    events.push(Event::Maintenance(Arc::new(Maintenance {
        id: MaintenanceId::from_parts(1, [1; 10]),
        name: SafeText::line("w"),
        host_pattern: Some("app-*".parse().unwrap()),
        check: None,
        hosts: std::collections::BTreeSet::new(),
        checks: std::collections::BTreeSet::new(),
        start: NOW - Span::from_secs(60),
        end: NOW + Span::from_secs(60),
        children: None,
        recurrence: None,
        previous: None,
        suppress_notifications: true,
        created_by: None,
        author: SafeText::line("a"),
        created: NOW,
    })));
    let mut world = World::new();
    for event in &events {
        world.apply(event, NOW);
    }
    world
}

const ASKER: Asker<'static> = Asker { now: NOW, me: "noc-2" };

#[test]
fn d_05_what_flaps_passes_whether_good_or_bad_and_its_host_with_it() {
    let mut world = world();
    let mut calm = row("web-1", "http", Kind::Http, State::Ok, 60);
    calm.status.flap.changes = 1;
    world.apply(&Event::Check(Arc::new(calm.clone())), NOW);
    let passing = |world: &World, text: &str| {
        let filter = Filter::parse(text).unwrap();
        let look = Look::new(world, NOW, &|_| false);
        let checks = look.passing(&filter, ASKER).map(|(_, row)| row.key.to_string()).collect();
        let hosts = world.hosts().filter(|entry| filter.matches(&look.host(entry), ASKER));
        let hosts: Vec<String> = hosts.map(|entry| entry.host.name.to_string()).collect();
        let checks: Vec<String> = checks;
        (checks, hosts)
    };
    assert_eq!(passing(&world, "flapping"), (vec![], vec![]));
    calm.status.flap.active = true;
    world.apply(&Event::Check(Arc::new(calm)), NOW);
    world.apply(&alert(9, "web-1", "http", Phase::Firing, None), NOW);
    let found = (vec!["web-1/http".to_owned()], vec!["web-1".to_owned()]);
    assert_eq!(passing(&world, "is:flapping"), found);
    // Its check is OK, and its alert is open all the same.
    assert_eq!(passing(&world, "host:web-1 unhandled"), found);
}

/// The first letters of the checks that pass: `dDwaoO` would be all (`O` is the disabled one).
fn checks(filter: &str) -> String {
    let world = world();
    let snoozed = |key: &CheckKey| &*key.host == "app-1";
    let look = Look::new(&world, NOW, &snoozed);
    let filter = Filter::parse(filter).unwrap();
    let mut found = String::new();
    for entry in world.hosts() {
        for row in &entry.checks {
            if filter.matches(&look.check(entry, row), ASKER) {
                let letter = entry.host.name.chars().next().unwrap();
                found.push(if row.enabled { letter } else { 'O' });
            }
        }
    }
    let passing = look.passing(&filter, ASKER).map(|(entry, row)| match row.enabled {
        true => entry.host.name.chars().next().unwrap(),
        false => 'O',
    });
    assert_eq!(passing.collect::<String>(), found, "host by host: {filter}");
    found
}

fn hosts(filter: &str) -> String {
    let world = world();
    let snoozed = |key: &CheckKey| &*key.host == "app-1";
    let look = Look::new(&world, NOW, &snoozed);
    let filter = Filter::parse(filter).unwrap();
    let entries = world.hosts().filter(|entry| filter.matches(&look.host(entry), ASKER));
    entries.filter_map(|entry| entry.host.name.chars().next()).collect()
}

#[test]
fn every_term_selects_its_checks() {
    for (filter, passing) in [
        ("", "DadoOw"),
        ("state:crit", "Dd"),
        ("STATE:Critical,warn", "Dd"),
        ("state:maint", "a"),
        ("judged:warn", "a"),
        ("state:problem", "Ddo"),
        ("state:ok", "Ow"),
        ("!state:ok", "Dado"),
        ("host:db-*", "Dd"),
        ("host:db-1", "d"),
        ("host:{web,app}-?", "aw"),
        ("host:db-1,web-1", "dw"),
        ("host:\"db-*\"", ""),
        ("host:*-1", "adoOw"),
        ("host:*b-*", "Ddw"),
        ("check:http", "ow"),
        ("kind:ping", "ad"),
        ("kind:m*", "D"),
        ("group:data*", "Dd"),
        ("site:dal", "dw"),
        ("site:ber", "a"),
        ("tag:site=dal", "dw"),
        ("tag:site=d*,fra", "Ddw"),
        ("tag:site", "Ddw"),
        ("tag:owner=\"team blue\"", "DadoOw"),
        ("acked", "d"),
        ("!acked state:crit", "D"),
        ("is:acked,stale", "do"),
        ("unhandled", "D"),
        ("pending", "a"),
        ("firing", "Dd"),
        ("stale", "o"),
        ("snoozed", "a"),
        ("mine", "d"),
        ("window", "a"),
        ("disabled", "O"),
        ("since:2m", "Da"),
        ("before:1h", "dOw"),
        ("age:>1h !disabled", "dw"),
        ("age:<1h", "Dao"),
        ("by:noc-*", "d"),
        ("ends:2h", "d"),
        ("ends:119m", ""),
        ("acked !ends:1h", "d"),
        ("output:refused", "DadoOw"),
        ("output:timeout,\"refused by\"", "DadoOw"),
        ("REFUSED web", "w"),
        ("!refused", ""),
        ("\"looking into\"", "d"),
        ("\"window\"", ""),
        ("crit", "Dd"),
        ("state:crit !acked host:db-* tag:site=fra since:2h mysql", "D"),
        ("state:crit !acked host:db-* tag:site=dal since:2h mysql", ""),
    ] {
        assert_eq!(checks(filter), passing, "{filter}");
    }
}

#[test]
fn a_host_answers_for_its_checks() {
    for (filter, passing) in [
        ("", "Dadow"),
        ("state:crit", "Dd"),
        ("check:http", "ow"),
        ("kind:tcp", "o"),
        ("acked", "d"),
        ("ends:8h", "d"),
        ("ends:1h", ""),
        ("unhandled", "D"),
        ("pending", "a"),
        ("snoozed", ""),
        ("mine", "d"),
        ("stale", "o"),
        ("disabled", ""),
        ("window", "a"),
        ("since:2m", "Da"),
        ("192.0.2.1 web", "w"),
        ("output:refused", ""),
    ] {
        assert_eq!(hosts(filter), passing, "{filter}");
    }
}

#[test]
fn an_alert_is_found_also_without_its_check() {
    let mut world = world();
    world.apply(&alert(9, "gone-1", "http", Phase::Firing, None), NOW);
    let no = |_: &CheckKey| false;
    let look = Look::new(&world, NOW, &no);
    let passes = |text: &str| {
        let filter = Filter::parse(text).unwrap();
        let mut names: Vec<_> = world
            .open_alerts()
            .filter(|alert| filter.matches(&look.alert(alert), ASKER))
            .map(|alert| alert.check.host.to_string())
            .collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(passes("host:gone-*"), "gone-1");
    assert_eq!(passes("unhandled"), "DB-2 gone-1");
    assert_eq!(passes("site:fra"), "DB-2");
    assert_eq!(passes("since:1h"), "");
}

#[test]
fn mistakes_say_where_and_what_is_right() {
    for (text, part, says) in [
        ("web sttae:crit", "sttae:", "did you mean `state:`"),
        ("foo:bar", "foo:", "the keys are state"),
        ("state:bad", "bad", "`bad` is no state"),
        ("state:crit,wran", "wran", "did you mean `warn`"),
        ("state:", "state:", "write it as state:crit"),
        ("state:crit,", "crit,", "is empty"),
        ("is:akced", "akced", "did you mean `acked`"),
        ("kind:pnig", "pnig", "did you mean `ping`"),
        ("since:2x", "2x", "write it as since:2h"),
        ("age:2h", "2h", "age:>2h for older"),
        ("age:>2", "2", "write it as age:>2h"),
        ("host:a[", "a[", "is not a pattern"),
        ("tag:=x", "=x", "the label has no name"),
        ("tag:a=", "a=", "is empty"),
        ("web \"open end", "\"open end", "the quote is not closed"),
        ("!", "!", "nothing stands behind"),
        ("\"\"", "\"\"", "the quotes are empty"),
        ("grüße wirt:ü", "wirt:", "`wirt` is no key"),
    ] {
        let errors = Filter::parse(text).unwrap_err().0;
        let first = errors.first().unwrap();
        let marked = text.get(first.span.clone()).unwrap();
        assert!(marked.contains(part), "{text}: {marked} is marked");
        assert!(first.to_string().contains(says), "{text}: {first}");
    }
    let many = Filter::parse("state:x host:ok foo:y").unwrap_err();
    assert_eq!(many.0.len(), 2);
    assert!(many.to_string().ends_with("(and 1 more)"), "{many}");
}

#[test]
fn addresses_are_text() {
    for text in ["fe80::1", "12:30", "192.0.2.1:443", ":x", "a,b", "a=b"] {
        assert_eq!(Filter::parse(text).unwrap().to_string(), text);
    }
}

#[test]
fn it_is_written_in_one_form() {
    for (typed, written) in [
        ("  STATE:CRITICAL,w  Acked ", "state:crit,warn acked"),
        ("is:acked !is:mine,stale", "acked !is:mine,stale"),
        ("age:>90m age:<1d", "before:1h30m since:1d"),
        ("host:\"a b\"* \"x \\\" y\"", "host:\"a b\"* \"x \\\" y\""),
        ("Tag:site=DAL,fra", "tag:site=DAL,fra"),
    ] {
        assert_eq!(Filter::parse(typed).unwrap().to_string(), written);
    }
}

#[test]
fn a_word_being_typed_does_not_flicker() {
    for (text, usable, undecided, hint) in [
        ("h", "", true, ""),
        ("host", "", true, ""),
        ("host:", "", true, "needs a value"),
        ("host:d", "host:d*", false, ""),
        ("host:db-*", "host:db-*", false, ""),
        ("!host:d", "!host:d", false, ""),
        ("we", "we", false, ""),
        ("web state:", "web", true, "needs a value"),
        ("web state:cr", "web state:crit", false, ""),
        ("state:crit,", "state:crit", false, ""),
        ("web !ac", "web", true, ""),
        ("web !acked", "web !acked", false, ""),
        ("since:2", "", true, "not a length of time"),
        ("tag:site=", "tag:site", false, ""),
        ("tag:site=d", "tag:site=d*", false, ""),
        ("\"gateway ti", "\"gateway ti\"", false, ""),
        ("host:\"d", "host:\"d\"*", false, ""),
        ("kind:p", "kind:p*", false, ""),
        ("!", "", true, "nothing stands"),
    ] {
        let live = Filter::live(text, Some(text.len()));
        assert_eq!(live.filter.to_string(), usable, "{text}");
        assert_eq!(live.undecided.is_some(), undecided, "{text}");
        assert_eq!(live.errors, [], "{text}");
        let said = live.hint.map(|hint| hint.to_string()).unwrap_or_default();
        assert!(said.contains(hint) && said.is_empty() == hint.is_empty(), "{text}: {said}");
    }
}

#[test]
fn a_mistake_elsewhere_is_reported_and_the_rest_filters() {
    let live = Filter::live("foo:x state:crit we", Some(19));
    assert_eq!(live.filter.to_string(), "state:crit we");
    assert_eq!(live.errors.len(), 1);
    let ended = Filter::live("sta web", Some(7));
    assert_eq!(ended.filter.to_string(), "sta web");
}

#[test]
fn the_old_way_in_knows_state_and_texts() {
    let filter = Filter::parse("state:crit WEB !db").unwrap();
    assert!(filter.passes(ShownState::Critical, &["web-1", "http"]));
    assert!(!filter.passes(ShownState::Warning, &["web-1"]));
    assert!(!filter.passes(ShownState::Critical, &["web-1", "mariadb"]));
    assert!(Filter::parse("crit").unwrap().passes(ShownState::Critical, &["web-1"]));
    assert!(
        Filter::parse("host:web-* check:http").unwrap().passes(ShownState::Ok, &["web-1", "http"])
    );
    assert!(Filter::parse("  ").unwrap().is_empty());
}

#[test]
fn limits_are_said() {
    let long = "x".repeat(LENGTH_LIMIT + 1);
    assert!(Filter::parse(&long).unwrap_err().to_string().contains("4096 bytes"));
    let many = "x ".repeat(TERM_LIMIT + 1);
    assert!(Filter::parse(&many).unwrap_err().to_string().contains("64 terms"));
    assert_eq!(Filter::live(&many, None).filter.terms.len(), TERM_LIMIT);
}

#[test]
fn every_example_of_the_help_parses() {
    for line in help() {
        assert!(Filter::parse(line.example).is_ok(), "{}", line.example);
        assert!(!line.meaning.is_empty());
    }
    assert_eq!(help().count(), 4 + Key::ALL.len() + StateWord::ALL.len() + Flag::ALL.len());
}

#[test]
fn letters_beyond_ascii_are_found_in_either_case() {
    let filter = Filter::parse("grÜße").unwrap();
    assert!(filter.passes(ShownState::Ok, &["Viele GRüßE"]));
    assert!(!filter.passes(ShownState::Ok, &["Grusse"]));
}
