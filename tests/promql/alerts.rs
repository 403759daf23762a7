//! Alerting and recording rules from evaluation to evaluation.

use std::process::Command;

use fluxnoc::promql::alerting::{
    AlertRule, Alerts, Failure, Installation, Phase, RecordRule, Turn, Written,
};
use fluxnoc::promql::{Edition, Fault, Labels, NAME, Options, Point};

use serde_json::{Value as Json, json};

use crate::memory::Memory;

const MINUTE: i64 = 60_000;

/// One series per name with a value each minute; `_` is none.
fn memory(rows: &[(&str, &str)]) -> Memory {
    let mut memory = Memory::default();
    for (host, values) in rows {
        let labels = Labels::from_pairs([(NAME, "load"), ("host", host)]);
        let points = values.split(' ').enumerate().filter(|(_, text)| *text != "_");
        memory.add(
            &labels,
            points.map(|(minute, text)| Point {
                at: minute as i64 * MINUTE,
                value: text.parse().expect("a number"),
            }),
        );
    }
    memory
}

fn turn<'a>(at: i64, options: &'a Options, installation: &'a Installation) -> Turn<'a> {
    Turn { at: at * MINUTE, offset: 0, limit: 0, options, installation }
}

fn rule(hold: i64, keep: i64) -> AlertRule {
    let labels =
        [("severity".to_owned(), "{{ if gt $value 9.0 }}high{{ else }}low{{ end }}".to_owned())];
    let annotations = [("summary".to_owned(), "{{ $labels.host }} has {{ $value }}".to_owned())];
    let written = Written {
        name: "Busy",
        expr: "load > 5",
        hold: hold * MINUTE,
        keep: keep * MINUTE,
        labels: &labels,
        annotations: &annotations,
    };
    AlertRule::new(&written, Edition::Two).expect("a rule")
}

/// The phases of host `a` minute by minute: `-` none, `p`, `F`, `r`.
fn phases(rule: &AlertRule, values: &str) -> String {
    let memory = memory(&[("a", values)]);
    let options = Options { lookback: 30_000, ..Options::default() };
    let installation = Installation::default();
    let mut alerts = Alerts::default();
    let minutes = values.split(' ').count() as i64;
    let mut seen = String::new();
    for minute in 0..minutes {
        alerts.evaluate(rule, &memory, &turn(minute, &options, &installation)).expect("evaluated");
        seen.push(match alerts.iter().next().map(|(_, alert)| alert.phase) {
            None => '-',
            Some(Phase::Pending) => 'p',
            Some(Phase::Firing) => 'F',
            Some(Phase::Resolved) => 'r',
        });
    }
    seen
}

/// `for`, `keep_firing_for`, values, phases; all in minutes.
const PHASES: &[(i64, i64, &str, &str)] = &[
    (0, 0, "1 7 7 1 1", "-FFrr"),
    (2, 0, "7 7 7 7 1", "ppFFr"),
    // Gone while pending: the time begins anew.
    (2, 0, "7 7 1 7 7 7", "pp-ppF"),
    (2, 0, "7 _ 7 7 7", "p-ppF"),
    // Kept firing for two minutes.
    (0, 2, "7 1 1 1 1", "FFFrr"),
    (0, 2, "7 1 7 1 1 1", "FFFFFr"),
    // Back after it was over: a new alert, with its own time of waiting.
    (1, 0, "7 7 1 7 7", "pFrpF"),
    // A resolved one is told of for 15 minutes.
    (0, 0, "7 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "Frrrrrrrrrrrrrrrr-"),
];

#[test]
fn an_alert_is_pending_then_firing_then_resolved() {
    for (hold, keep, values, expected) in PHASES {
        let seen = phases(&rule(*hold, *keep), values);
        assert_eq!(seen, *expected, "for {hold} keep {keep}: {values}");
    }
}

/// The same table, given to promtool: what `ALERTS` says minute by minute.
#[test]
#[ignore = "needs promtool (tests/run install)"]
fn promtool_sees_the_same_phases() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut rules, mut tests) = (Vec::new(), Vec::new());
    for (number, (hold, keep, values, phases)) in PHASES.iter().enumerate() {
        rules.push(json!({
            "alert": format!("A{number}"), "expr": format!("load{number} > 5"),
            "for": format!("{hold}m"), "keep_firing_for": format!("{keep}m"),
        }));
        // promtool has no gaps shorter than the lookback: what is not there is a stale marker.
        let values = values.replace('_', "stale");
        let series = json!({"series": format!("load{number}{{host=\"a\"}}"), "values": values});
        let minutes = phases.chars().enumerate().map(|(minute, phase)| {
            let state = match phase {
                'p' => "pending",
                'F' => "firing",
                _ => "",
            };
            let labels =
                format!("ALERTS{{alertname=\"A{number}\", alertstate=\"{state}\", host=\"a\"}}");
            let samples =
                if state.is_empty() { json!([]) } else { json!([{"labels": labels, "value": 1}]) };
            let expr = format!("ALERTS{{alertname=\"A{number}\"}}");
            json!({"expr": expr, "eval_time": format!("{minute}m"), "exp_samples": samples})
        });
        let minutes: Vec<Json> = minutes.collect();
        tests
            .push(json!({"interval": "1m", "input_series": [series], "promql_expr_test": minutes}));
    }
    let write = |name: &str, json: Json| {
        std::fs::write(folder.path().join(name), json.to_string()).expect("written");
    };
    write("rules.yml", json!({"groups": [{"name": "g", "rules": rules}]}));
    write(
        "test.yml",
        json!({"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": tests}),
    );
    let mut promtool = Command::new("promtool");
    promtool.args(["test", "rules", "test.yml"]).current_dir(folder.path());
    let output = promtool.output().expect("promtool is installed (tests/run install)");
    let said = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
}

#[test]
fn an_alert_has_its_labels_value_times_and_series() {
    let memory = memory(&[("a", "7 8 12 1"), ("b", "1 1 6 6")]);
    let (options, installation) =
        (Options { lookback: 1000, ..Options::default() }, Installation::default());
    let mut alerts = Alerts::default();
    let mut run = |minute| {
        let changes = alerts.evaluate(&rule(1, 0), &memory, &turn(minute, &options, &installation));
        (changes.expect("evaluated"), alerts.clone())
    };
    let (changes, _) = run(0);
    assert_eq!(
        (changes.len(), changes[0].before, changes[0].after),
        (1, None, Some(Phase::Pending))
    );
    let (_, alerts) = run(1);
    let (labels, alert) = alerts.iter().next().expect("an alert");
    assert_eq!(labels.to_string(), r#"{alertname="Busy", host="a", severity="low"}"#);
    assert_eq!(alert.annotations, [("summary".to_owned(), "a has 8".to_owned())]);
    assert_eq!((alert.active_at, alert.fired_at, alert.value), (0, Some(MINUTE), 8.0));
    let series: Vec<String> = alerts
        .series()
        .iter()
        .map(|sample| format!("{} {}", sample.labels, sample.value))
        .collect();
    assert_eq!(
        series,
        [
            r#"{__name__="ALERTS", alertname="Busy", alertstate="firing", host="a", severity="low"} 1"#,
            r#"{__name__="ALERTS_FOR_STATE", alertname="Busy", host="a", severity="low"} 0"#,
        ]
    );
    // A label that changes with the value makes another alert.
    let (changes, alerts) = run(2);
    assert_eq!(alerts.iter().count(), 3);
    assert_eq!(changes.iter().filter(|change| change.after == Some(Phase::Resolved)).count(), 1);
    let high = alerts.iter().find(|(labels, _)| labels.get("severity") == "high").expect("it");
    assert_eq!((high.1.phase, high.1.active_at), (Phase::Pending, 2 * MINUTE));
    let (changes, _) = run(3);
    let forgotten = changes.iter().filter(|change| change.after.is_none()).count();
    assert_eq!(forgotten, 1, "{changes:?}");
}

#[test]
fn a_failure_changes_nothing_and_too_many_alerts_are_none() {
    let memory = memory(&[("a", "7 7 7 7"), ("b", "7 7 7 7")]);
    let (options, installation) = (Options::default(), Installation::default());
    let mut alerts = Alerts::default();
    alerts.evaluate(&rule(0, 0), &memory, &turn(0, &options, &installation)).expect("evaluated");
    let before = alerts.clone();
    let mut tight = options;
    tight.limits.series = 1;
    let failed = alerts.evaluate(&rule(0, 0), &memory, &turn(1, &tight, &installation));
    assert_eq!(failed, Err(Failure::Fault(Fault::TooManySeries(1))));
    assert_eq!(alerts, before);
    // Two elements that are one alert.
    let same = [("host".to_owned(), "one".to_owned())];
    let written = Written { name: "Same", expr: "load > 5", labels: &same, ..Written::default() };
    let one = AlertRule::new(&written, Edition::Two).expect("a rule");
    let failed = alerts.evaluate(&one, &memory, &turn(1, &options, &installation));
    assert_eq!(failed, Err(Failure::SameAlert));
    assert_eq!(alerts, before);
    let limited = Turn { limit: 1, ..turn(1, &options, &installation) };
    let failed = alerts.evaluate(&rule(0, 0), &memory, &limited);
    assert_eq!(failed, Err(Failure::TooManyAlerts { limit: 1, count: 2 }));
    assert_eq!(alerts.iter().count(), 0);
}

#[test]
fn an_offset_looks_back_and_a_restart_is_not_forgotten() {
    let memory = memory(&[("a", "7 1 1 1")]);
    let (options, installation) =
        (Options { lookback: 1000, ..Options::default() }, Installation::default());
    let mut alerts = Alerts::default();
    let back = Turn { offset: 2 * MINUTE, ..turn(2, &options, &installation) };
    alerts.evaluate(&rule(20, 0), &memory, &back).expect("evaluated");
    let labels = alerts.iter().next().map(|(labels, _)| labels.clone()).expect("an alert");
    alerts.restore(&labels, -5 * MINUTE);
    assert_eq!(alerts.iter().next().map(|(_, alert)| alert.active_at), Some(-5 * MINUTE));
}

#[test]
fn a_recording_rule_makes_a_series() {
    let memory = memory(&[("a", "7 8"), ("b", "1 2")]);
    let (options, installation) = (Options::default(), Installation::default());
    let made = |expr: &str, labels: &[(String, String)], limit| {
        let written = Written { name: "host:load:sum", expr, labels, ..Written::default() };
        let rule = RecordRule::new(&written, Edition::Two).expect("a rule");
        rule.evaluate(&memory, &Turn { limit, ..turn(1, &options, &installation) })
    };
    let label = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    let samples = made("load * 2", &label("site", "dal"), 0).expect("samples");
    let texts: Vec<String> =
        samples.iter().map(|one| format!("{} {}", one.labels, one.value)).collect();
    assert_eq!(
        texts,
        [
            r#"{__name__="host:load:sum", host="a", site="dal"} 16"#,
            r#"{__name__="host:load:sum", host="b", site="dal"} 4"#,
        ]
    );
    let samples = made("scalar(sum(load)) + 1", &[], 0).expect("samples");
    assert_eq!(
        (samples[0].labels.to_string(), samples[0].value),
        (r#"{__name__="host:load:sum"}"#.to_owned(), 11.0)
    );
    // An empty label takes one away.
    assert_eq!(made("load", &label("host", ""), 0), Err(Failure::SameSeries));
    assert_eq!(made("load", &[], 1), Err(Failure::TooManySeries { limit: 1, count: 2 }));
}

#[test]
fn a_rule_that_cannot_work_is_refused() {
    let label = [("a-b".to_owned(), "x".to_owned())];
    let name = [("__name__".to_owned(), "x".to_owned())];
    let bad = [("text".to_owned(), "{{ query \"up\" }}".to_owned())];
    let base = Written { name: "A", expr: "up", ..Written::default() };
    let cases = [
        (Written { name: "", ..base.clone() }, "an alert needs a name"),
        (
            Written { expr: "up[5m]", ..base.clone() },
            "a rule needs a vector or a scalar, not a range vector",
        ),
        (Written { expr: "'x'", ..base.clone() }, "not a string"),
        (
            Written { expr: "rat(up[5m])", ..base.clone() },
            "1:1: parse error: unknown function with name \"rat\"",
        ),
        (Written { labels: &label, ..base.clone() }, "invalid label name: a-b"),
        (Written { labels: &name, ..base.clone() }, "invalid label name: __name__"),
        (
            Written { annotations: &bad, ..base.clone() },
            "annotation \"text\": template: template function `query` is not supported",
        ),
    ];
    for (written, part) in cases {
        let said = AlertRule::new(&written, Edition::Two).expect_err(part);
        assert!(said.contains(part), "{said}");
    }
    let said = RecordRule::new(&Written { name: "a-b", ..base.clone() }, Edition::Two).unwrap_err();
    assert!(said.contains("invalid recording rule name: a-b"), "{said}");
    let said = RecordRule::new(&Written { labels: &label, ..base }, Edition::Two).unwrap_err();
    assert!(said.contains("invalid label name: a-b"), "{said}");
}
