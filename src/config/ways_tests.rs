//! Parents and the checks that tell whether hosts can be reached: what is meant, and what is refused.

use super::super::tests::{problems, read};
use crate::model::Need;

/// Hosts of one line each, the rest of it below its name; all have `ping`.
fn hosts(lines: &[(&str, &str)]) -> String {
    let host = |(name, rest): &(&str, &str)| {
        format!("[[host]]\nname = \"{name}\"\nchecks = [\"ping\"]\n{rest}\n")
    };
    lines.iter().map(host).collect()
}

#[test]
fn d_05_parents_may_stand_before_and_behind_and_any_of_them_is_enough() {
    let text = hosts(&[
        ("web-1", "parents = [\"core-1\", \"core-2\"]"),
        ("core-1", ""),
        ("core-2", "parents = \"core-1\""),
        ("pair", "parents = [\"core-1\", \"web-1\"]\nparents_need = \"all\""),
    ]);
    let config = read(&text);
    let parents: Vec<String> = config.hosts.iter().map(|host| host.parents.join(" ")).collect();
    assert_eq!(parents, ["core-1 core-2", "", "core-1", "core-1 web-1"]);
    let needs: Vec<Need> = config.hosts.iter().map(|host| host.parents_need).collect();
    assert_eq!(needs, [Need::Any, Need::Any, Need::Any, Need::All]);
    let again = read(&config.effective());
    assert_eq!(again.hosts[3].parents, config.hosts[3].parents, "what is shown can be read");
    assert_eq!(
        (again.hosts[3].parents_need, again.hosts[3].alive.as_deref()),
        (Need::All, Some("ping"))
    );
}

#[test]
fn d_05_the_first_ping_tells_unless_another_check_is_named() {
    let tcp = "[[host.check]]\nkind = \"tcp\"\nport = 22\nname = \"ssh\"\n";
    let text = format!(
        "[[host]]\nname = \"a\"\n{tcp}[[host.check]]\nkind = \"ping\"\nname = \"p\"\n\
         [[host]]\nname = \"b\"\nalive = \"ssh\"\nchecks = [\"ping\"]\n{tcp}\
         [[host]]\nname = \"c\"\n{tcp}\
         [[host]]\nname = \"d\"\n[[check]]\nhosts = \"d\"\nkind = \"ping\"\n"
    );
    let alive = |host: &crate::model::Host| host.alive.as_deref().map(str::to_owned);
    let found: Vec<Option<String>> = read(&text).hosts.iter().map(alive).collect();
    let wanted = [Some("p"), Some("ssh"), None, Some("ping")];
    assert_eq!(found, wanted.map(|name| name.map(str::to_owned)));
}

#[test]
fn d_05_what_cannot_be_a_way_is_refused_with_its_place() {
    let of = |lines: &[(&str, &str)]| problems(&hosts(lines));
    for (lines, wanted) in [
        (
            &[("core-1", ""), ("web-1", "parents = [\"core-1\", \"cor-1\"]")][..],
            "c:8:22: parents: there is no host `cor-1`; did you mean `core-1`?",
        ),
        (&[("web-1", "parents = [\"web-1\"]")], "c:4:12: parents: `web-1` is this host"),
        (&[("a", ""), ("b", "parents = [\"a\", \"a\"]")], "c:8:17: parents: `a` stands here twice"),
        (
            &[("a", "parents = \"c\""), ("b", "parents = \"a\""), ("c", "parents = [\"b\"]")],
            "parents: they go in a circle: a → c → b → a",
        ),
        (&[("a", "alive = \"pong\"")], "c:4:9: alive: `a` has no check `pong`"),
        (&[("a", "parents_need = \"all\"")], "c:4:16: parents_need: there are no `parents`"),
        (
            &[("a", ""), ("b", "parents = \"a\"\nparents_need = \"one\"")],
            "c:9:16: parents_need: `one` is unknown",
        ),
        (&[("a", "parents = 7")], "c:4:11: parents: expected a list of texts"),
    ] {
        let all = of(lines);
        assert_eq!(all.len(), 1, "{all:?}");
        assert!(all[0].contains(wanted), "{all:?}");
    }
    let blind = "[[host]]\nname = \"sw\"\n[[host]]\nname = \"b\"\nparents = [\"sw\"]\n";
    let all = problems(blind);
    assert!(all[0].starts_with("c:5:12: parents: nothing tells whether `sw` can be"), "{all:?}");
    // One that is looked through to its own parents needs none.
    let through = format!(
        "{}[[host]]\nname = \"sw\"\nparents = \"core\"\n{}",
        hosts(&[("core", "")]),
        "[[host]]\nname = \"b\"\nparents = \"sw\"\n"
    );
    assert_eq!(read(&through).hosts[2].parents, ["sw".into()]);
}

#[test]
fn d_05_every_circle_is_named_and_a_long_line_is_none() {
    let text = hosts(&[
        ("a", "parents = [\"b\", \"d\"]"),
        ("b", "parents = \"a\""),
        ("c", "parents = \"d\""),
        ("d", "parents = \"c\""),
    ]);
    let all = problems(&text);
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(
        all[0].contains("circle: a → b → a") && all[1].contains("circle: d → c → d"),
        "{all:?}"
    );
    let long: String = (0..5000)
        .map(|n: u32| {
            let parent = if n == 0 { String::new() } else { format!("parents = \"h{}\"\n", n - 1) };
            format!("[[host]]\nname = \"h{n}\"\nchecks = [\"ping\"]\n{parent}")
        })
        .collect();
    assert_eq!(read(&long).hosts.len(), 5000);
}

#[test]
fn t20_canaries_are_hosts_that_something_tells_of() {
    let two = hosts(&[("gw", ""), ("dns", ""), ("web", "parents = \"gw\"")]);
    let with = |list: &str| format!("[engine]\ncanaries = {list}\n{two}[[host]]\nname = \"sw\"\n");
    let config = read(&with("[\"gw\", \"dns\"]"));
    let marked: Vec<bool> = config.hosts.iter().map(|host| host.canary).collect();
    assert_eq!(marked, [true, true, false, false]);
    let again = read(&config.effective());
    assert_eq!(again.hosts.iter().filter(|host| host.canary).count(), 2, "{}", config.effective());
    assert!(read(&two).hosts.iter().all(|host| !host.canary), "none by default");
    for (list, wanted) in [
        (
            "[\"gw\", \"dnx\"]",
            "c:2:19: engine.canaries: there is no host `dnx`; did you mean `dns`?",
        ),
        ("[\"gw\", \"gw\"]", "c:2:19: engine.canaries: `gw` stands here twice"),
        ("[\"web\"]", "c:2:13: engine.canaries: `web` has `parents`"),
        ("[\"sw\"]", "c:2:13: engine.canaries: nothing tells whether `sw` can be reached"),
    ] {
        let all = problems(&with(list));
        assert!(all.len() == 1 && all[0].starts_with(wanted), "{all:?}");
    }
    let unknown = problems(&format!("[engine]\ncanarys = \"gw\"\n{two}"));
    assert!(unknown[0].contains("did you mean `canaries`?"), "{unknown:?}");
}
