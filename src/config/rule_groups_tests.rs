//! Files of rules: what is read of a good one, and what is said of bad ones.

use super::*;

const GOOD: &str = r#"
groups:
  - name: queues
    interval: 30s
    limit: 5
    query_offset: 1m30s
    labels: {team: noc}
    rules:
      - alert: QueueFull
        expr: |
          queue_depth
            > 1000
        for: 10m
        keep_firing_for: 1h
        labels:
          severity: critical
          code: 7
        annotations:
          summary: "{{ $labels.queue }} holds {{ $value }}"
      - record: job:queue:sum
        expr: sum by (job) (queue_depth)
  - name: empty
    rules:
---
this: is not read
"#;

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn a_file_of_prometheus_is_read() {
    let groups = rule_groups("rules.yml", GOOD).unwrap();
    assert_eq!(groups.len(), 2);
    let group = &groups[0];
    assert_eq!((group.name.as_str(), group.place.line, group.limit), ("queues", 3, 5));
    assert_eq!(group.interval, Some(Span::from_secs(30)));
    assert_eq!(group.query_offset, Span::from_secs(90));
    assert_eq!(group.labels, [pair("team", "noc")]);
    let [alert, record] = group.rules.as_slice() else { panic!("{group:?}") };
    assert_eq!(alert.name, RuleName::Alert("QueueFull".to_owned()));
    assert_eq!(alert.expr, "queue_depth\n  > 1000\n");
    assert_eq!((alert.place.line, alert.expr_place.line), (9, 11));
    assert_eq!((alert.hold, alert.keep), (Span::from_secs(600), Span::from_secs(3600)));
    assert_eq!(alert.labels, [pair("code", "7"), pair("severity", "critical")]);
    assert_eq!(alert.annotations, [pair("summary", "{{ $labels.queue }} holds {{ $value }}")]);
    assert_eq!(record.name, RuleName::Record("job:queue:sum".to_owned()));
    assert_eq!((record.hold, record.labels.len()), (Span::ZERO, 0));
    assert!(groups[1].rules.is_empty() && groups[1].interval.is_none());
    assert_eq!(rule_groups("rules.yml", ""), Ok(Vec::new()));
    assert_eq!(rule_groups("rules.yml", "groups:\n"), Ok(Vec::new()));
}

/// One rule in a group, with some lines of its own.
fn rule(lines: &str) -> String {
    format!("groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n{lines}")
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let cases = [
        (
            rule("    fro: 5m\n"),
            "rules.yml:6:5: a rule has no key `fro`; did you mean `for`? allowed: alert, record",
        ),
        (
            rule("    for: 5 minutes\n"),
            "rules.yml:6:10: `for`: not a valid duration string: \"5 minutes\"",
        ),
        (rule("    for: 1.5h\n"), "rules.yml:6:10: `for`: not a valid duration string"),
        (rule("    keep_firing_for: -1m\n"), "rules.yml:6:22: `keep_firing_for`: not a valid"),
        (rule("    for: 30m1h\n"), "not a valid duration string: \"30m1h\""),
        (rule("    for: 99999999999y\n"), "not a valid duration string"),
        (rule("    labels: [a]\n"), "rules.yml:6:13: `labels` is a map of names and texts"),
        (
            rule("    labels:\n      a-b: x\n"),
            "rules.yml:7:7: `labels`: \"a-b\" is no name of a label",
        ),
        (rule("    labels: {__name__: x}\n"), "`labels`: \"__name__\" is no name of a label"),
        (rule("    annotations: {a: [x]}\n"), "`annotations`: \"a\" needs a text"),
        (rule("    labels: {a: x, a: y}\n"), "duplicate key `a`; write it once"),
        (rule("    expr: down\n"), "rules.yml:6:5: duplicate key `expr`; write it once"),
        (rule("    record: r\n"), "rules.yml:4:5: only one of `record` and `alert` must be set"),
        (
            "groups:\n- name: g\n  rules:\n  - expr: up\n".to_owned(),
            "rules.yml:4:5: one of `record` or `alert` must be set",
        ),
        (
            "groups:\n- name: g\n  rules:\n  - alert: A\n".to_owned(),
            "rules.yml:4:5: field `expr` must be set in a rule",
        ),
        (
            "groups:\n- name: g\n  rules:\n  - {record: r, expr: up, for: 5m}\n".to_owned(),
            "invalid field `for` in a recording rule",
        ),
        (
            "groups:\n- name: g\n  rules:\n  - {record: r, expr: up, annotations: {}}\n".to_owned(),
            "invalid field `annotations` in a recording rule",
        ),
        (
            "groups:\n- name: g\n- name: g\n".to_owned(),
            "rules.yml:3:3: the group name `g` is repeated in the file",
        ),
        ("groups:\n- rules: []\n".to_owned(), "rules.yml:2:3: a group needs a `name`"),
        (
            "groups:\n- name: g\n  intervall: 5m\n".to_owned(),
            "rules.yml:3:3: a group has no key `intervall`; did you mean `interval`?",
        ),
        (
            "groups:\n- name: g\n  limit: many\n".to_owned(),
            "rules.yml:3:10: `limit` is a whole number",
        ),
        ("groups:\n- name: g\n  rules: x\n".to_owned(), "rules.yml:3:10: `rules` is a list"),
        ("groups:\n- g\n".to_owned(), "rules.yml:2:3: a group is a map with `name` and `rules`"),
        ("groups:\n- name: [g]\n".to_owned(), "rules.yml:2:9: `name` is a text"),
        (
            "groups:\n- name: g\n  rules: [x]\n".to_owned(),
            "a rule is a map with `alert` or `record`, and `expr`",
        ),
        (
            "group: []\n".to_owned(),
            "rules.yml:1:1: a file of rules has no key `group`; did you mean `groups`?",
        ),
        ("- name: g\n".to_owned(), "rules.yml:1:1: expected a map with `groups`"),
        ("groups: &a [*a]\n".to_owned(), "aliases (*name) are not read; write it out"),
        ("groups: [\n".to_owned(), "rules.yml:2:1: "),
    ];
    for (text, expected) in cases {
        let said = rule_groups("rules.yml", &text).expect_err(&text).to_string();
        assert!(said.contains(expected), "{text}\nsaid {said}\nnot  {expected}");
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_once_and_bounded() {
    let text = rule("    fro: 5m\n    labels: {a-b: x}\n");
    assert_eq!(rule_groups("rules.yml", &text).unwrap_err().list.len(), 2);
    let many = format!("groups:\n{}", "- {}\n".repeat(1000));
    let problems = rule_groups("rules.yml", &many).unwrap_err();
    assert_eq!(
        (problems.list.len(), problems.omitted),
        (PROBLEM_LIMIT, 2 * 1000 - 1 - PROBLEM_LIMIT)
    );
}
