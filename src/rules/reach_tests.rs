//! The table of the way, and what holds for every network.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

/// Hosts by name, each with what its check `ping` says; those without one have no check.
#[derive(Default, Debug)]
struct Map {
    hosts: Vec<Host>,
    heard: HashMap<CheckKey, Heard>,
    canaries: Vec<Name>,
    /// The agent that runs all checks of `web`.
    agent: Option<&'static str>,
}

impl Net for Map {
    fn vantage(&self, check: &CheckKey) -> Option<&Host> {
        self.host(self.agent.filter(|_| &*check.host == "web")?)
    }

    fn host(&self, name: &str) -> Option<&Host> {
        self.hosts.iter().find(|host| &*host.name == name)
    }

    fn canaries(&self) -> &[Name] {
        &self.canaries
    }

    fn heard(&self, check: &CheckKey) -> Option<Heard> {
        self.heard.get(check).copied()
    }
}

const SINCE: Timestamp = Timestamp::from_millis(1000);

fn ping(name: &str) -> CheckKey {
    CheckKey::new(name, "ping")
}

/// `?` never heard, `o` an old answer, `a` answers, `s` soft, `d` hard, `e` hard and explained so far.
fn heard(letter: char) -> Heard {
    let began = match letter {
        '?' => None,
        'o' => Some(Timestamp::from_millis(999)),
        _ => Some(SINCE),
    };
    Heard {
        silent: matches!(letter, 's' | 'd' | 'e'),
        hard: letter != 's',
        explained: letter == 'e',
        began,
    }
}

impl Map {
    /// `-` has no check that tells.
    fn with(mut self, name: &str, letter: char, parents: &[&str], need: Need) -> Self {
        let mut host = Host::new(name, "192.0.2.1");
        host.parents = parents.iter().map(|parent| Name::from(*parent)).collect();
        host.parents_need = need;
        host.alive = Some("ping".into());
        if letter == '-' {
            host.alive = None;
        } else {
            self.heard.insert(ping(name), heard(letter));
        }
        self.hosts.push(host);
        self
    }
}

fn word(reach: &Reach) -> String {
    match reach {
        Reach::Up => "up".to_owned(),
        Reach::Doubt(key) => format!("doubt {}", key.host),
        Reach::Down(key) => format!("down {}", key.host),
    }
}

/// What an agent told is not doubted until its next heartbeat; that nothing comes from it is.
#[test]
fn fs_10_an_agents_word_is_believed_and_its_silence_explained() {
    for (agent, disk, expected) in [
        ('a', 'd', "up"),
        ('o', 'd', "up"),
        ('s', 'd', "up"),
        ('d', 'd', "down a-1"),
        ('a', '-', "up"),
        ('o', '-', "doubt a-1"),
        ('s', '-', "doubt a-1"),
        ('d', '-', "down a-1"),
    ] {
        let net = Map::default().with("a-1", agent, &[], Need::Any);
        let mut net = net.with("web", '-', &[], Need::Any);
        net.agent = Some("a-1");
        let check = CheckKey::new("web", "disk");
        // Without a letter its results are overdue.
        if disk != '-' {
            net.heard.insert(check.clone(), heard(disk));
        }
        assert_eq!(word(&of_check(&net, &check, SINCE)), expected, "{agent} {disk}");
    }
}

#[test]
fn d_05_the_hosts_own_word_and_that_of_its_parent() {
    for (parent, own, disk, alive) in [
        ('a', 'a', "up", "up"),
        ('a', 'o', "doubt web", "up"),
        ('a', '?', "doubt web", "up"),
        ('a', 's', "doubt web", "up"),
        ('a', 'd', "down web", "up"),
        ('a', 'e', "doubt web", "up"),
        ('a', '-', "up", "up"),
        ('s', 'a', "up", "up"),
        ('s', 'o', "doubt web", "up"),
        ('s', 'd', "doubt core", "doubt core"),
        ('s', 'e', "doubt core", "doubt core"),
        ('s', '-', "doubt core", "doubt core"),
        ('o', '-', "doubt core", "doubt core"),
        ('d', 'a', "up", "up"),
        ('d', 'o', "down core", "up"),
        ('d', 's', "down core", "down core"),
        ('d', 'd', "down core", "down core"),
        ('d', 'e', "down core", "down core"),
        ('d', '-', "down core", "down core"),
        ('-', 'd', "down web", "up"),
        ('-', '-', "up", "up"),
    ] {
        let net = Map::default().with("core", parent, &[], Need::Any).with(
            "web",
            own,
            &["core"],
            Need::Any,
        );
        let of = |check| word(&of_check(&net, &CheckKey::new("web", check), SINCE));
        assert_eq!(of("disk"), disk, "parent {parent}, own {own}");
        if own != '-' {
            assert_eq!(of("ping"), alive, "parent {parent}, own {own}");
        }
    }
}

#[test]
fn d_05_any_and_all() {
    for (one, other, any, all) in [
        ('a', 'a', "up", "up"),
        ('a', 's', "up", "doubt c2"),
        ('a', 'd', "up", "down c2"),
        ('s', 'o', "doubt c1", "doubt c1"),
        ('s', 'd', "doubt c1", "down c2"),
        ('d', 's', "doubt c2", "down c1"),
        ('d', 'a', "up", "down c1"),
        ('d', 'd', "down c1", "down c1"),
    ] {
        for (need, wanted) in [(Need::Any, any), (Need::All, all)] {
            let net = Map::default()
                .with("c1", one, &[], Need::Any)
                .with("c2", other, &[], Need::Any)
                .with("web", '-', &["c1", "c2"], need);
            let reach = of_check(&net, &CheckKey::new("web", "http"), SINCE);
            assert_eq!(word(&reach), wanted, "{one} {other} {need:?}");
        }
    }
}

#[test]
fn d_05_who_is_asked_first() {
    let net = Map::default()
        .with("core", 'a', &[], Need::Any)
        .with("hut", '-', &["core"], Need::Any)
        .with("dist", 'a', &["core", "hut"], Need::Any)
        .with("web", 'a', &["dist", "hut"], Need::Any);
    let of = |key: &str| -> Vec<String> {
        asked(&net, &key.parse().unwrap()).iter().map(ToString::to_string).collect()
    };
    assert_eq!(of("web/http"), ["web/ping"], "the host's own word comes first");
    assert_eq!(of("web/ping"), ["dist/ping", "core/ping"], "a host without one is looked through");
    assert_eq!(of("dist/ping"), ["core/ping"], "nobody is asked twice");
    assert!(of("core/ping").is_empty());
    assert!(of("nobody/ping").is_empty());
}

#[test]
fn t20_behind_the_canaries_everything_has_one_cause() {
    for (one, two, web, second) in [
        ('a', 'a', "up", "up"),
        ('a', 'd', "up", "up"),
        ('d', 'a', "up", "up"),
        ('d', 's', "doubt dns", "down gw"),
        ('s', 'd', "doubt gw", "doubt gw"),
        ('d', 'd', "down gw", "down gw"),
        ('d', 'e', "down gw", "down gw"),
    ] {
        let mut net = Map::default()
            .with("gw", one, &[], Need::Any)
            .with("dns", two, &[], Need::Any)
            .with("web", '-', &[], Need::Any);
        for canary in [0, 1] {
            net.hosts[canary].canary = true;
            net.canaries.push(Name::clone(&net.hosts[canary].name));
        }
        let of = |key: CheckKey| word(&of_check(&net, &key, SINCE));
        assert_eq!(of(CheckKey::new("web", "http")), web, "{one} {two}");
        assert_eq!(of(ping("dns")), second, "{one} {two}");
        assert_eq!(of(ping("gw")), "up", "the alert of the engine");
        if (one, two) == ('d', 'd') {
            assert_eq!(of(CheckKey::new("dns", "http")), "down gw");
        }
        assert_eq!(asked(&net, &CheckKey::new("web", "http")), [ping("gw"), ping("dns")]);
    }
}

#[test]
fn ways_that_join_again_and_again_are_gone_once() {
    let mut net = Map::default().with("a0", 'd', &[], Need::Any).with("b0", 'd', &[], Need::Any);
    for layer in 1..60 {
        let up = [format!("a{}", layer - 1), format!("b{}", layer - 1)];
        let up: Vec<&str> = up.iter().map(String::as_str).collect();
        for side in ["a", "b"] {
            net = net.with(&format!("{side}{layer}"), 'd', &up, Need::Any);
        }
    }
    assert_eq!(word(&of_check(&net, &CheckKey::new("a59", "http"), SINCE)), "down a0");
}

#[test]
fn what_is_stored_of_an_older_configuration_may_go_in_circles() {
    let net = Map::default().with("a", '-', &["b"], Need::Any).with("b", '-', &["a"], Need::Any);
    assert_eq!(of_check(&net, &CheckKey::new("a", "http"), SINCE), Reach::Up);
    assert!(asked(&net, &CheckKey::new("a", "http")).is_empty());
}

proptest! {
    /// Hosts in a row, each with parents among those before it.
    #[test]
    fn the_cause_is_a_root(
        hosts in prop::collection::vec(
            (prop::sample::select(vec!['?', 'o', 'a', 's', 'd', 'e', '-']),
             prop::collection::vec(any::<prop::sample::Index>(), 0..3),
             any::<bool>()),
            1..12,
        ),
    ) {
        let mut net = Map::default();
        for (at, (letter, parents, all)) in hosts.iter().enumerate() {
            let parents: Vec<String> = parents.iter().filter(|_| at > 0)
                .map(|parent| format!("h{}", parent.index(at))).collect();
            let parents: Vec<&str> = parents.iter().map(String::as_str).collect();
            let need = if *all { Need::All } else { Need::Any };
            net = net.with(&format!("h{at}"), *letter, &parents, need);
        }
        for (at, (letter, ..)) in hosts.iter().enumerate() {
            let name = format!("h{at}");
            let disk = of_check(&net, &CheckKey::new(name.as_str(), "disk"), SINCE);
            let own = of_check(&net, &ping(&name), SINCE);
            prop_assert!(*letter != 'a' || disk == Reach::Up, "who answers is there");
            if let Reach::Down(key) | Reach::Doubt(key) = &disk {
                let heard = net.heard[key];
                prop_assert!(heard.silent || heard.began < Some(SINCE), "it said so, or is asked");
            }
            for reach in [disk, own] {
                if let Reach::Down(key) = reach {
                    let heard = net.heard[&key];
                    prop_assert!(heard.silent && heard.hard, "it gives no answer for sure");
                    prop_assert_eq!(of_check(&net, &key, SINCE), Reach::Up, "nothing explains it");
                    prop_assert!(key != ping(&name) || *letter == 'd');
                }
            }
        }
    }
}
