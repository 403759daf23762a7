//! What a rule may take of its group's time, and what leaves of what it made.

use super::super::compile::compile;
use super::*;
use crate::config::promql::Promql;
use crate::config::rule_groups;
use crate::series::Bounds;

/// Tens of millions of samples that are looked at, and no selector: the memory of series is never asked.
const ENDLESS: &str = "max_over_time(max_over_time(vector(1)[90m:1s])[90m:1s])";

fn iterate(rules: &[(&str, &str)], time: Duration) -> Iteration {
    let written =
        rules.iter().map(|(name, expr)| format!("  - {{record: {name}, expr: '{expr}'}}\n"));
    let text = format!("groups:\n- name: g\n  rules:\n{}", written.collect::<String>());
    let groups: Vec<_> = rule_groups("r.yml", &text).unwrap().into_iter().map(Arc::new).collect();
    let rules = compile(&groups, &Promql::default()).unwrap();
    let group = Arc::clone(&rules.groups[0]);
    let memos = group.rules.iter().map(|_| Memo::default()).collect();
    let mut running = Running { group, memos, last: Timestamp::from_millis(0) };
    let (memory, stop) = (Memory::new(Bounds::default()), AtomicBool::new(false));
    let until = Instant::now() + time;
    let ground = Ground { rules: &rules, memory: &memory, stop: &stop, until };
    turn(&mut running, Timestamp::from_millis(1_800_000_000_000), &ground)
}

fn failure((made, _): &(Made, u64)) -> &str {
    match made {
        Made::Failed(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_expression_ends_within_its_share_and_leaves_the_rest_to_the_others() {
    let began = Instant::now();
    let made = iterate(&[("slow", ENDLESS), ("fast", "vector(7)")], Duration::from_millis(400));
    assert!(began.elapsed() < Duration::from_millis(2_000), "{:?}", began.elapsed());
    let why = failure(&made.rules[0]);
    let begins = "rule slow was ended: it took more than its share of ";
    assert!(why.starts_with(begins) && why.contains("let it select fewer series"), "{why}");
    assert!(matches!(made.rules[1].0, Made::Series(1)), "{:?}", made.rules[1]);
    let [recorded] = made.recorded.as_slice() else { panic!("{:?}", made.recorded) };
    assert_eq!(recorded.series.values, [7.0]);
    assert_eq!(&*recorded.series.layout.series[0], "fast");
}

#[test]
fn with_time_enough_its_work_is_bounded() {
    let made = iterate(&[("slow", ENDLESS)], Duration::from_secs(600));
    let why = failure(&made.rules[0]);
    assert!(why.contains("rule slow was ended: query processing would visit more than"), "{why}");
    assert!(why.contains("let it select fewer series"), "{why}");
}

#[test]
fn the_last_rule_has_all_the_time_and_without_any_nothing_is_evaluated() {
    let time = Duration::from_secs(8);
    assert_eq!([3, 2, 1].map(|waiting| share(time, waiting).as_secs()), [4, 4, 8]);
    let made = iterate(&[("fast", "vector(7)")], Duration::ZERO);
    assert_eq!(failure(&made.rules[0]), "there was no time left for it in this iteration");
    assert!(made.recorded.is_empty());
}
