//! What a receiver is sent: a pure function of the notification, so that a repeat has the same
//! bytes.
//!
//! Formats: Alertmanager's webhook version 4, Slack's incoming webhook, `PagerDuty` Events version
//! 2, and our own.

use serde_json::{Value, json};

use crate::model::hash::fnv1a;
use crate::model::{Digest, DigestItem, EdgeKind, Format, Notification, Reason, State, Timestamp};

/// Longest summary that `PagerDuty` takes, in characters.
const SUMMARY: usize = 1024;
/// Alertmanager's moment of "not yet".
const NEVER: &str = "0001-01-01T00:00:00Z";

/// The body in a format, as JSON. `receiver` is the channel's name, `routing_key` the key of a
/// `PagerDuty` integration.
#[must_use]
pub fn body(
    format: Format,
    notification: &Notification,
    receiver: &str,
    routing_key: &str,
) -> String {
    let body = match format {
        Format::Fluxnoc => own(notification),
        Format::Alertmanager => alertmanager(notification, receiver),
        Format::Slack => json!({ "text": slack(notification) }),
        Format::Pagerduty => pagerduty(notification, routing_key),
    };
    body.to_string()
}

/// True when it tells of an end.
pub(super) fn is_over(notification: &Notification) -> bool {
    notification.edge.to == State::Ok
        || matches!(notification.edge.kind, EdgeKind::Recovered | EdgeKind::Closed)
}

/// One line for people: `web-1/http CRITICAL (first): connection refused by 10.0.0.1:80`.
#[must_use]
pub fn wording(notification: &Notification) -> String {
    let edge = &notification.edge;
    let reason = notification.reason.word().replace('_', " ");
    format!("{} {} ({reason}): {}", edge.check, edge.to, edge.text)
}

/// The same, and of a digest a line for each alert that it lists.
pub(super) fn long_wording(notification: &Notification) -> String {
    let lines = notification.digest.as_ref().map(|digest| digest.lines()).unwrap_or_default();
    std::iter::once(wording(notification)).chain(lines).collect::<Vec<_>>().join("\n")
}

/// All that is known, in our words.
#[must_use]
pub fn own(notification: &Notification) -> Value {
    let edge = &notification.edge;
    let mut body = json!({
        "version": 1,
        "key": notification.key,
        "reason": notification.reason.word(),
        "alert": notification.alert.to_string(),
        "seq": edge.seq,
        "edge": edge.kind.word(),
        "since": seconds(notification.alert.born()),
        "at": edge.at.to_string(),
        "host": &*edge.check.host,
        "check": &*edge.check.name,
        "state": edge.to.to_string(),
        "previous_state": edge.from.to_string(),
        "text": edge.text.as_str(),
        "actor": edge.actor.as_ref().map(crate::model::SafeText::as_str),
        "in_maintenance": edge.in_maintenance,
    });
    if let Some(digest) = &notification.digest {
        let item = |item: &DigestItem| {
            json!({
                "host": &*item.check.host,
                "check": &*item.check.name,
                "state": item.state.to_string(),
                "since": seconds(item.since),
                "text": item.text.as_str(),
            })
        };
        body["digest"] = json!({
            "alerts": digest.alerts,
            "critical": digest.critical,
            "unknown": digest.unknown,
            "warning": digest.warning,
            "recovered": digest.recovered,
            "gone": digest.gone,
            "more": digest.more(),
            "items": digest.items.iter().map(item).collect::<Vec<_>>(),
        });
    }
    body
}

/// A digest as the group that it is there: each alert with its own labels.
fn alertmanager_digest(notification: &Notification, digest: &Digest, receiver: &str) -> Value {
    let alert = |item: &DigestItem| {
        let over = item.state == State::Ok;
        let identity = format!("{}/{}", item.check.host, item.check.name);
        let mut labels = json!({ "alertname": &*item.check.name, "host": &*item.check.host });
        if !over {
            labels["severity"] = json!(item.state.to_string().to_lowercase());
        }
        json!({
            "status": if over { "resolved" } else { "firing" },
            "labels": labels,
            "annotations": { "summary": item.text.as_str(), "description": item.text.as_str() },
            "startsAt": seconds(item.since),
            "endsAt": if over { item.since.to_string() } else { NEVER.to_owned() },
            "generatorURL": "",
            "fingerprint": format!("{:016x}", fnv1a(identity.as_bytes())),
        })
    };
    json!({
        "receiver": receiver,
        "status": if is_over(notification) { "resolved" } else { "firing" },
        "alerts": digest.items.iter().map(alert).collect::<Vec<_>>(),
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": { "summary": wording(notification) },
        "externalURL": "",
        "version": "4",
        "groupKey": format!("{{}}:{{{:?}}}", notification.key),
        "truncatedAlerts": digest.more(),
    })
}

fn alertmanager(notification: &Notification, receiver: &str) -> Value {
    if let Some(digest) = &notification.digest {
        return alertmanager_digest(notification, digest, receiver);
    }
    let edge = &notification.edge;
    let over = is_over(notification);
    let status = if over { "resolved" } else { "firing" };
    let labels = json!({
        "alertname": &*edge.check.name,
        "host": &*edge.check.host,
        // Of a problem that is over, what it was: the labels are its identity.
        "severity": if over { edge.from } else { edge.to }.to_string().to_lowercase(),
    });
    let mut annotations = json!({
        "summary": wording(notification),
        "description": edge.text.as_str(),
    });
    if let (Some(actor), Reason::Acknowledged) = (&edge.actor, notification.reason) {
        annotations["acknowledged_by"] = json!(actor.as_str());
    }
    let identity = format!("{}/{}", edge.check.host, edge.check.name);
    json!({
        "receiver": receiver,
        "status": status,
        "alerts": [{
            "status": status,
            "labels": labels,
            "annotations": annotations,
            "startsAt": seconds(notification.alert.born()),
            "endsAt": if over { edge.at.to_string() } else { NEVER.to_owned() },
            "generatorURL": "",
            "fingerprint": format!("{:016x}", fnv1a(identity.as_bytes())),
        }],
        "groupLabels": { "alertname": &*edge.check.name, "host": &*edge.check.host },
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "",
        "version": "4",
        "groupKey": format!("{{}}:{{{identity:?}}}"),
        "truncatedAlerts": 0,
    })
}

fn slack(notification: &Notification) -> String {
    let sign = match (notification.edge.to, notification.reason) {
        (_, Reason::Acknowledged) => ":ballot_box_with_check:",
        (State::Ok, _) => ":large_green_circle:",
        (State::Warning, _) => ":large_yellow_circle:",
        (State::Critical, _) => ":red_circle:",
        (State::Unknown, _) => ":large_purple_circle:",
    };
    // The three that mean something there; what comes from outside mentions nobody.
    let words =
        long_wording(notification).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("{sign} {words} · {}", seconds(notification.edge.at))
}

fn pagerduty(notification: &Notification, routing_key: &str) -> Value {
    let edge = &notification.edge;
    let action = match notification.reason {
        _ if is_over(notification) => "resolve",
        Reason::Acknowledged => "acknowledge",
        _ => "trigger",
    };
    let severity = match if is_over(notification) { edge.from } else { edge.to } {
        State::Critical => "critical",
        State::Unknown => "error",
        State::Warning => "warning",
        State::Ok => "info",
    };
    json!({
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": notification.identity(),
        "client": "fluxnoc",
        "payload": {
            "summary": wording(notification).chars().take(SUMMARY).collect::<String>(),
            "source": &*edge.check.host,
            "severity": severity,
            "timestamp": edge.at.to_string(),
            "component": &*edge.check.name,
            "custom_details": own(notification),
        },
    })
}

/// Whole seconds in UTC.
pub(super) fn seconds(at: Timestamp) -> String {
    let words = at.to_string();
    words.split_once('.').map_or(words.clone(), |(whole, _)| format!("{whole}Z"))
}
