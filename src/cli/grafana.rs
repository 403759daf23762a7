//! A dashboard for Grafana, to be imported: what fluxnoc says of itself at /metrics, what it sends by
//! remote write, and the five panels of Fluxbase.
//!
//! In: nothing. Out: the JSON of a dashboard with a variable for its data source. Never: asks anybody,
//! writes a file.

use serde_json::{Value, json};

/// Width of a dashboard.
const COLUMNS: u64 = 24;
/// Height of a panel.
const HEIGHT: u64 = 8;

/// What a panel draws.
#[derive(Clone, Copy)]
enum Drawn {
    /// Lines over time.
    Lines,
    /// The last number.
    Number,
    /// States over time, by their number.
    States,
}

/// A panel: title, unit, what is drawn, width, and expressions with their legends.
struct Panel(&'static str, &'static str, Drawn, u64, &'static [(&'static str, &'static str)]);

/// A row of panels under a title.
struct Row(&'static str, &'static [Panel]);

const HOST: &str = "{{host}}";

const ROWS: [Row; 4] = [
    Row(
        "Hosts and alerts",
        &[
            Panel(
                "Hosts CRITICAL",
                "short",
                Drawn::Number,
                6,
                &[("count(fluxnoc_host_state{host=~\"$host\"} == 2) or vector(0)", "")],
            ),
            Panel(
                "Hosts in maintenance",
                "short",
                Drawn::Number,
                6,
                &[("sum(fluxnoc_host_in_maintenance{host=~\"$host\"}) or vector(0)", "")],
            ),
            Panel(
                "Open alerts",
                "short",
                Drawn::Lines,
                12,
                &[("sum by (state, severity) (fluxnoc_alerts)", "{{state}} {{severity}}")],
            ),
            Panel(
                "State of hosts",
                "short",
                Drawn::States,
                24,
                &[("fluxnoc_host_state{host=~\"$host\"}", HOST)],
            ),
            Panel(
                "Checks that are not OK",
                "short",
                Drawn::States,
                24,
                &[("fluxnoc_check_state{host=~\"$host\"} > 0", "{{host}}/{{check}}")],
            ),
            Panel(
                "Round-trip time",
                "s",
                Drawn::Lines,
                12,
                &[("fluxnoc_check_metric_seconds{host=~\"$host\",metric=\"rtt\"}", HOST)],
            ),
            Panel(
                "Shares",
                "percent",
                Drawn::Lines,
                12,
                &[(
                    "fluxnoc_check_metric_percent{host=~\"$host\"}",
                    "{{host}} {{metric}} {{metric_instance}}",
                )],
            ),
        ],
    ),
    Row(
        "fluxnoc itself",
        &[
            Panel(
                "Results",
                "ops",
                Drawn::Lines,
                12,
                &[("sum by (state) (rate(fluxnoc_check_results_total[5m]))", "{{state}}")],
            ),
            Panel(
                "How late checks start",
                "s",
                Drawn::Lines,
                12,
                &[("fluxnoc_scheduler_lag_seconds", "99th percentile")],
            ),
            Panel(
                "Notifications not delivered",
                "short",
                Drawn::Lines,
                12,
                &[("fluxnoc_outbox_notifications", "{{state}}")],
            ),
            Panel(
                "Notifications",
                "ops",
                Drawn::Lines,
                12,
                &[(
                    "sum by (channel, result) (rate(fluxnoc_notifications_total[5m]))",
                    "{{channel}} {{result}}",
                )],
            ),
            Panel(
                "API requests",
                "reqps",
                Drawn::Lines,
                12,
                &[("sum by (status) (rate(fluxnoc_http_requests_total[5m]))", "{{status}}")],
            ),
            Panel("Memory", "bytes", Drawn::Lines, 12, &[("fluxnoc_memory_resident_bytes", "")]),
        ],
    ),
    Row(
        "Remote write",
        &[
            Panel(
                "Samples",
                "ops",
                Drawn::Lines,
                8,
                &[
                    (
                        "sum by (destination) (rate(fluxnoc_remote_write_samples_total[5m]))",
                        "{{destination}}",
                    ),
                    (
                        "sum by (destination, reason) (rate(fluxnoc_remote_write_lost_samples_total[5m]))",
                        "{{destination}} lost: {{reason}}",
                    ),
                ],
            ),
            Panel(
                "Samples that wait",
                "short",
                Drawn::Lines,
                8,
                &[("fluxnoc_remote_write_waiting_samples", "{{destination}}")],
            ),
            Panel(
                "How long they wait",
                "s",
                Drawn::Lines,
                8,
                &[("fluxnoc_remote_write_lag_seconds", "{{destination}}")],
            ),
        ],
    ),
    Row(
        "Fluxbase",
        &[
            Panel(
                "Request Rate",
                "reqps",
                Drawn::Lines,
                12,
                &[("sum by (method) (rate(fluxbase_http_requests_total[5m]))", "{{method}}")],
            ),
            Panel(
                "P95 Latency",
                "s",
                Drawn::Lines,
                12,
                &[(
                    "histogram_quantile(0.95, sum by (le) (rate(fluxbase_http_request_duration_seconds_bucket[5m])))",
                    "P95",
                )],
            ),
            Panel(
                "Error Rate",
                "percentunit",
                Drawn::Lines,
                8,
                &[(
                    "(sum(rate(fluxbase_http_requests_total{status=~\"5..\"}[5m])) or vector(0)) / sum(rate(fluxbase_http_requests_total[5m]))",
                    "5xx",
                )],
            ),
            Panel(
                "DB Connections",
                "short",
                Drawn::Lines,
                8,
                &[
                    ("fluxbase_db_connections", "open"),
                    ("fluxbase_db_connections_idle", "idle"),
                    ("fluxbase_db_connections_max", "most"),
                ],
            ),
            Panel(
                "Realtime Connections",
                "short",
                Drawn::Lines,
                8,
                &[("fluxbase_realtime_connections", "connections")],
            ),
        ],
    ),
];

/// The data source that is chosen above the dashboard.
fn source() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

/// The dashboard.
#[must_use]
pub fn dashboard() -> Value {
    let mut panels = Vec::new();
    let (mut y, mut id) = (0, 0);
    for Row(title, row) in ROWS {
        id += 1;
        panels.push(json!({
            "id": id, "type": "row", "title": title, "collapsed": false, "panels": [],
            "gridPos": { "x": 0, "y": y, "w": COLUMNS, "h": 1 },
        }));
        y += 1;
        let mut x = 0;
        for panel in row {
            if x + panel.3 > COLUMNS {
                (x, y) = (0, y + HEIGHT);
            }
            id += 1;
            panels.push(drawn(panel, id, x, y));
            x += panel.3;
        }
        y += HEIGHT;
    }
    json!({
        "uid": "fluxnoc",
        "title": "fluxnoc",
        "tags": ["fluxnoc"],
        "schemaVersion": 36,
        "version": 1,
        "editable": true,
        "graphTooltip": 1,
        "refresh": "30s",
        "timezone": "browser",
        "time": { "from": "now-6h", "to": "now" },
        "annotations": { "list": [] },
        "templating": { "list": [
            {
                "name": "datasource", "type": "datasource", "query": "prometheus",
                "label": "Data source", "hide": 0, "refresh": 1, "current": {},
            },
            {
                "name": "host", "type": "query", "label": "Host", "datasource": source(),
                "query": "label_values(fluxnoc_host_state, host)",
                "refresh": 2, "includeAll": true, "multi": true, "allValue": ".*",
                "hide": 0, "sort": 1,
                "current": { "text": "All", "value": "$__all" },
            },
        ] },
        "panels": panels,
    })
}

fn drawn(panel: &Panel, id: u64, x: u64, y: u64) -> Value {
    let Panel(title, unit, drawn, width, expressions) = panel;
    let kind = match drawn {
        Drawn::Lines => "timeseries",
        Drawn::Number => "stat",
        Drawn::States => "state-timeline",
    };
    let targets: Vec<Value> = ('A'..='Z')
        .zip(*expressions)
        .map(|(letter, (expression, legend))| {
            json!({
                "refId": letter.to_string(), "expr": expression, "legendFormat": legend,
                "datasource": source(), "instant": matches!(drawn, Drawn::Number),
            })
        })
        .collect();
    let mappings = match drawn {
        Drawn::States => states(),
        _ => json!([]),
    };
    json!({
        "id": id, "type": kind, "title": title, "datasource": source(), "targets": targets,
        "gridPos": { "x": x, "y": y, "w": width, "h": HEIGHT },
        "fieldConfig": { "defaults": { "unit": unit, "mappings": mappings }, "overrides": [] },
        "options": {},
    })
}

/// What the numbers of states are called.
fn states() -> Value {
    let known = [("0", "OK", "green"), ("1", "WARNING", "yellow"), ("2", "CRITICAL", "red")];
    let all = known.into_iter().chain([("3", "UNKNOWN", "purple")]);
    let options: serde_json::Map<String, Value> = all
        .zip(0..)
        .map(|((code, word, color), index)| {
            (code.to_owned(), json!({ "text": word, "color": color, "index": index }))
        })
        .collect();
    json!([{ "type": "value", "options": options }])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::promql::{Edition, parse};

    fn panels() -> Vec<Value> {
        dashboard()["panels"].as_array().unwrap().clone()
    }

    fn expressions(panel: &Value) -> Vec<String> {
        let targets = panel["targets"].as_array().cloned().unwrap_or_default();
        targets.iter().map(|one| one["expr"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn fb_15_the_dashboard_can_be_imported_and_every_expression_is_one() {
        let text = serde_json::to_string(&dashboard()).unwrap();
        let board: Value = serde_json::from_str(&text).unwrap();
        for key in ["uid", "title", "schemaVersion", "panels", "templating", "time"] {
            assert!(!board[key].is_null(), "{key}");
        }
        // It finds its own data source.
        let names = board["templating"]["list"].as_array().unwrap();
        assert_eq!(names[0]["type"], "datasource");
        assert!(names.iter().all(|one| one["name"].is_string() && one["type"].is_string()));
        let mut count = 0;
        for panel in panels() {
            if panel["type"] == "row" {
                continue;
            }
            assert_eq!(panel["datasource"]["uid"], "${datasource}");
            assert!(!expressions(&panel).is_empty(), "{}", panel["title"]);
            for text in expressions(&panel) {
                for edition in [Edition::Two, Edition::Three] {
                    parse(&text, edition).unwrap_or_else(|why| panic!("{text}: {why}"));
                }
                count += 1;
            }
        }
        assert!(count > 20);
    }

    #[test]
    fn fb_15_panels_have_their_own_numbers_and_places() {
        let all = panels();
        let ids: BTreeSet<u64> = all.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
        assert_eq!(ids.len(), all.len());
        let mut taken = BTreeSet::new();
        for panel in &all {
            let of = |key: &str| panel["gridPos"][key].as_u64().unwrap();
            assert!(of("w") > 0 && of("h") > 0 && of("x") + of("w") <= COLUMNS, "{panel}");
            for x in of("x")..of("x") + of("w") {
                for y in of("y")..of("y") + of("h") {
                    assert!(taken.insert((x, y)), "{} lies on another one", panel["title"]);
                }
            }
        }
    }

    #[test]
    fn fb_15_every_family_is_one_that_fluxnoc_has_or_that_fluxbase_has() {
        use crate::model::remote_write::family;
        let meters = crate::meters::Meters::default();
        meters.outward.sent("x", 1);
        let own = include_str!("../meters/monitor.rs").to_owned()
            + include_str!("../meters/outward.rs")
            + include_str!("../meters/http.rs")
            + include_str!("../meters/database.rs")
            + include_str!("../meters/realtime.rs");
        let sent = [
            family::HOST_STATE,
            family::HOST_IN_MAINTENANCE,
            family::CHECK_STATE,
            family::of(&crate::model::Unit::Seconds),
            family::of(&crate::model::Unit::Percent),
        ];
        for text in panels().iter().flat_map(expressions) {
            let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            for name in words.filter(|word| word.starts_with("flux")) {
                let bare = name.trim_start_matches("fluxnoc_").trim_start_matches("fluxbase_");
                let bare = bare.trim_end_matches("_bucket");
                let known = sent.contains(&name) || own.contains(&format!("\"{bare}\""));
                assert!(known, "{name} is in no family");
            }
        }
    }

    #[test]
    fn fb_15_and_fb_16_the_five_panels_of_fluxbase_are_there() {
        let titles: Vec<String> =
            panels().iter().map(|panel| panel["title"].as_str().unwrap().to_owned()).collect();
        let five =
            ["Request Rate", "P95 Latency", "Error Rate", "DB Connections", "Realtime Connections"];
        for title in five {
            assert!(titles.iter().any(|have| have == title), "{title}");
        }
    }
}
