//! What is said of rules that cannot be evaluated, and where.

use std::sync::Arc;

use super::super::Body;
use super::*;
use crate::config::rule_groups;

fn read(text: &str) -> Result<QueryRules, String> {
    let groups = rule_groups("r.yml", text).map_err(|why| why.to_string())?;
    let groups: Vec<_> = groups.into_iter().map(Arc::new).collect();
    compile(&groups, &Promql::default()).map_err(|why| why.to_string())
}

#[test]
fn good_rules_keep_their_order_and_the_labels_of_their_group() {
    let rules = read(
        "groups:\n- name: g\n  labels: {team: noc, severity: page}\n  rules:\n  - record: a:b\n    \
         expr: sum(rate(x[10m] offset 1m))\n  - alert: A\n    expr: a:b > 1\n    for: 5m\n    \
         labels: {severity: warning}\n",
    )
    .unwrap();
    let group = &rules.groups[0];
    assert_eq!(group.interval, Span::from_secs(15));
    assert!(group.offset < group.interval);
    let [record, alert] = group.rules.as_slice() else { panic!("{group:?}") };
    assert!(matches!(record.body, Body::Record(_)) && matches!(alert.body, Body::Alert(_)));
    assert_eq!((record.reach, alert.reach), (660_000, 0));
    let labels: Vec<String> = alert.labels.iter().map(|(n, v)| format!("{n}={v}")).collect();
    assert_eq!(labels, ["severity=warning", "team=noc"]);
}

#[test]
fn every_mistake_is_said_with_its_place() {
    let wrong = "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up ==\n  - alert: B\n    \
                 expr: |\n      sum(x)\n        + histogram_count(x)\n  - alert: C\n    expr: up\n    \
                 annotations: {summary: '{{ $labels.x | nothing }}'}\n  - record: 'a b'\n    \
                 expr: up\n  - alert: D\n    expr: up[5m]\n  - alert: E\n    expr: limitk(1, up)\n";
    let said = read(wrong).unwrap_err();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 6, "{said}");
    for (line, (place, words)) in lines.iter().zip([
        ("r.yml:5:", "alert `A`: "),
        ("r.yml:9:", "alert `B`: "),
        ("r.yml:10:", "alert `C`: annotation \"summary\": template: "),
        ("r.yml:13:", "record `a b`: invalid recording rule name"),
        ("r.yml:15:", "alert `D`: a rule needs a vector or a scalar"),
        ("r.yml:18:", "alert `E`: "),
    ]) {
        assert!(line.starts_with(place) && line.contains(words), "{line}\nnot {place} {words}");
    }
    assert!(lines[1].contains("histogram_count"), "{said}");
    assert!(lines[5].contains("limitk"), "{said}");
}

#[test]
fn a_group_stands_once_in_what_brings_it_along() {
    let one = Arc::new(rule_groups("pack", "groups:\n- name: g\n").unwrap().remove(0));
    let said = compile(&[Arc::clone(&one), one], &Promql::default()).unwrap_err().to_string();
    assert_eq!(said, "pack:2:3: the group `g` is there already, in line 2");
}
