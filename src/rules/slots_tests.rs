//! Who begins, who waits for what, and what never happens in any story.

use proptest::prelude::*;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn id(number: u8) -> TestId {
    TestId::from_parts(0, [number; 10])
}

fn takes(class: Class, agent: &str, target: &str, link: Option<&str>) -> Takes {
    let (target, link) = (SafeText::line(target), link.map(SafeText::line));
    Takes { class, agent: agent.into(), target, link }
}

fn speed(agent: &str, target: &str) -> Takes {
    takes(Class::Exclusive, agent, target, None)
}

fn waits(number: u8, takes: Takes) -> Waiting {
    Waiting {
        id: id(number),
        takes,
        asked_at: at(i64::from(number)),
        immediate: false,
        not_before: at(0),
        last_moment: at(3600),
    }
}

fn words(of: &[(TestId, SafeText)]) -> Vec<&str> {
    of.iter().map(|(_, why)| why.as_str()).collect()
}

#[test]
fn d_26_a_busy_target_agent_or_link_is_waited_for_and_named() {
    let lan = |agent, target| takes(Class::Exclusive, agent, target, Some("wan-1"));
    let running = [lan("hq", "iperf.a:5201")];
    let waiting = [
        waits(1, speed("dc", "iperf.a:5201")),
        waits(2, speed("hq", "iperf.b:5201")),
        waits(3, lan("dc", "iperf.c:5201")),
        waits(4, speed("lab", "iperf.d:5201")),
    ];
    let slots = decide(&running, &waiting, at(10));
    assert_eq!(slots.start, [id(4)]);
    assert_eq!(
        words(&slots.waiting),
        [
            "iperf.a:5201 is busy with a test from hq",
            "hq runs another throughput test",
            "the link wan-1 carries a test from hq",
        ]
    );
    assert_eq!(slots.look_again, Some(at(3600) + Span::from_millis(1)));
    assert_eq!(decide(&[], &[], at(10)), Slots::default());
}

#[test]
fn fs_27_a_persons_tests_go_first_and_the_others_by_age() {
    let asked = |number, immediate| Waiting { immediate, ..waits(number, speed("hq", "a")) };
    let waiting = [asked(3, false), asked(1, false), asked(9, true), asked(8, true)];
    let slots = decide(&[], &waiting, at(10));
    assert_eq!(slots.start, [id(8)]);
    let order: Vec<TestId> = slots.waiting.iter().map(|(id, _)| *id).collect();
    assert_eq!(order, [id(9), id(1), id(3)]);
}

#[test]
fn who_waits_keeps_its_place() {
    // 1 waits for `a`; 2 would take its agent, and 3 has nothing to do with it.
    let waiting =
        [waits(1, speed("dc", "a")), waits(2, speed("dc", "b")), waits(3, speed("lab", "c"))];
    let slots = decide(&[speed("hq", "a")], &waiting, at(10));
    assert_eq!(slots.start, [id(3)]);
    assert_eq!(
        words(&slots.waiting),
        ["a is busy with a test from hq", "a test that was asked for before it"]
    );
    // Before its time it keeps nothing.
    let later = Waiting { not_before: at(20), ..waits(1, speed("dc", "a")) };
    let slots = decide(&[], &[later, waits(2, speed("dc", "b"))], at(10));
    assert_eq!(slots.start, [id(2)]);
    assert_eq!(slots.look_again, Some(at(20)));
}

#[test]
fn background_tests_run_beside_others_eight_at_an_agent() {
    let trace = || takes(Class::Background, "hq", "x", Some("wan-1"));
    let running: Vec<Takes> = (0..7).map(|_| trace()).chain([speed("hq", "x")]).collect();
    let waiting = [waits(1, trace()), waits(2, trace())];
    let slots = decide(&running, &waiting, at(10));
    assert_eq!(slots.start, [id(1)]);
    assert_eq!(words(&slots.waiting), ["8 tests run at hq already"]);
    assert_eq!(Class::of(TestKind::Speedtest), Class::Exclusive);
    assert_eq!(Class::of(TestKind::Dns), Class::Background);
}

#[test]
fn d_26_what_cannot_begin_by_its_last_moment_is_missed_with_its_reason() {
    let waiting = [waits(1, speed("hq", "a"))];
    let running = [speed("dc", "a")];
    assert_eq!(decide(&running, &waiting, at(3600)).missed, []);
    let slots = decide(&running, &waiting, at(3601));
    assert_eq!(words(&slots.missed), ["a is busy with a test from dc"]);
    assert_eq!((slots.waiting.len(), slots.look_again), (0, None));
    // At its last moment it begins; later it does not, though nothing is in the way.
    assert_eq!(decide(&[], &waiting, at(3600)).start, [id(1)]);
    let slots = decide(&[], &waiting, at(3601));
    assert_eq!((slots.start.len(), words(&slots.missed)), (0, vec!["it was looked at too late"]));
}

fn stories() -> impl Strategy<Value = Vec<(Waiting, u64)>> {
    let one = (
        prop::bool::weighted(0.7),
        0..4_u8,
        0..4_u8,
        prop::option::of(0..2_u8),
        (0..600_i64, 0..60_i64, 0..900_i64),
        prop::bool::weighted(0.3),
        1..120_u64,
    );
    prop::collection::vec(one, 1..60).prop_map(|all| {
        let numbered = (0_u8..).zip(all);
        let made =
            numbered.map(|(number, (speed, agent, target, link, times, immediate, runs))| {
                let (asked, later, slip) = times;
                let class = if speed { Class::Exclusive } else { Class::Background };
                let link = link.map(|link| format!("link-{link}"));
                let (agent, target) = (format!("agent-{agent}"), format!("target-{target}"));
                let waiting = Waiting {
                    id: id(number),
                    takes: takes(class, &agent, &target, link.as_deref()),
                    asked_at: at(asked),
                    immediate,
                    not_before: at(asked + later),
                    last_moment: at(asked + slip),
                };
                (waiting, runs)
            });
        made.collect()
    })
}

proptest! {
    #[test]
    fn d_26_no_two_share_a_target_an_agent_or_a_link_and_each_begins_or_is_missed_once(
        story in stories(),
    ) {
        let mut to_come = story.clone();
        to_come.sort_by_key(|(one, _)| one.asked_at);
        to_come.reverse();
        let mut queue: Vec<(Waiting, u64)> = Vec::new();
        let mut running: Vec<(Takes, Timestamp)> = Vec::new();
        let mut ended = std::collections::BTreeMap::new();
        let mut now = at(0);
        for _ in 0..10_000 {
            running.retain(|(_, until)| *until > now);
            while to_come.last().is_some_and(|(one, _)| one.asked_at <= now) {
                queue.extend(to_come.pop());
            }
            let takes: Vec<Takes> = running.iter().map(|(takes, _)| takes.clone()).collect();
            let waiting: Vec<Waiting> = queue.iter().map(|(one, _)| one.clone()).collect();
            let slots = decide(&takes, &waiting, now);
            let told = slots.start.len() + slots.missed.len() + slots.waiting.len();
            prop_assert_eq!(told, waiting.len(), "each is told once");
            for start in &slots.start {
                let at = queue.iter().position(|(one, _)| one.id == *start).unwrap();
                let (one, runs) = queue.remove(at);
                prop_assert!(one.not_before <= now && now <= one.last_moment);
                running.push((one.takes, now + Span::from_secs(runs)));
                prop_assert_eq!(ended.insert(one.id, "begun"), None);
            }
            for (missed, why) in &slots.missed {
                let at = queue.iter().position(|(one, _)| one.id == *missed).unwrap();
                let (one, _) = queue.remove(at);
                prop_assert!(one.last_moment < now && !why.is_empty());
                prop_assert_eq!(ended.insert(one.id, "missed"), None);
            }
            let speeds: Vec<&Takes> = running.iter()
                .map(|(takes, _)| takes)
                .filter(|takes| takes.class == Class::Exclusive)
                .collect();
            for (index, one) in speeds.iter().enumerate() {
                for other in &speeds[..index] {
                    prop_assert_ne!(&one.agent, &other.agent);
                    prop_assert_ne!(&one.target, &other.target);
                    prop_assert!(one.link.is_none() || one.link != other.link);
                }
            }
            for agent in 0..4 {
                let name = format!("agent-{agent}");
                let beside = running.iter().filter(|(takes, _)| {
                    takes.class == Class::Background && *takes.agent == *name
                });
                prop_assert!(beside.count() <= BACKGROUND);
            }
            // Who is first in line waits only for what runs.
            if running.is_empty() {
                let ready = queue.iter().filter(|(one, _)| one.not_before <= now);
                prop_assert_eq!(ready.count(), 0, "something could have begun");
            }
            let next = [
                slots.look_again,
                running.iter().map(|(_, until)| *until).min(),
                to_come.last().map(|(one, _)| one.asked_at),
            ];
            match next.into_iter().flatten().min() {
                Some(next) => now = next,
                None => break,
            }
        }
        prop_assert_eq!(ended.len(), story.len(), "everything begins or is missed");
    }

    /// A person's test never waits behind one of a schedule that has not begun.
    #[test]
    fn a_persons_test_waits_only_for_what_runs_and_for_other_people(story in stories()) {
        let waiting: Vec<Waiting> = story.into_iter().map(|(one, _)| one).collect();
        let people: Vec<Waiting> = waiting.iter().filter(|one| one.immediate).cloned().collect();
        let running = [speed("agent-0", "target-0")];
        let all = decide(&running, &waiting, at(300));
        let alone = decide(&running, &people, at(300));
        let of_people: Vec<TestId> =
            all.start.iter().copied().filter(|id| people.iter().any(|one| one.id == *id)).collect();
        prop_assert_eq!(of_people, alone.start);
    }
}
