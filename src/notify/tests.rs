//! Bodies against their formats, and the signature.

use serde_json::{Value, json};

use super::*;
use crate::model::{
    AlertId, CheckKey, Digest, DigestItem, Edge, EdgeKind, Format, Reason, SafeText, Timestamp,
};

fn notification(kind: EdgeKind, to: State, reason: Reason, text: &str) -> Notification {
    let edge = Edge {
        alert: AlertId::from_parts(1_772_000_000_123, [1; 10]),
        check: CheckKey::new("web-1", "disk"),
        seq: 1,
        at: Timestamp::from_millis(1_772_000_060_000),
        kind,
        from: if to == State::Ok { State::Critical } else { State::Ok },
        to,
        text: SafeText::line(text),
        actor: (reason == Reason::Acknowledged).then(|| SafeText::line("mia")),
        in_maintenance: false,
    };
    Notification::of(&edge, reason, "hook")
}

fn fired() -> Notification {
    notification(EdgeKind::Fired, State::Warning, Reason::First, "/var 83 % (> 80)")
}

fn over() -> Notification {
    notification(EdgeKind::Recovered, State::Ok, Reason::Recovered, "/var 12 %")
}

fn taken() -> Notification {
    notification(EdgeKind::Acknowledged, State::Critical, Reason::Acknowledged, "on it")
}

fn body_of(format: Format, notification: &Notification) -> Value {
    serde_json::from_str(&body::body(format, notification, "hook", "R0UTE")).unwrap()
}

#[test]
fn fm_04_a_warning_is_told_in_words() {
    assert_eq!(wording(&fired()), "web-1/disk WARNING (first): /var 83 % (> 80)");
}

#[test]
fn a_repeat_has_the_same_bytes() {
    for format in Format::ALL {
        for notification in [fired(), over(), taken()] {
            let once = body::body(format, &notification, "hook", "k");
            assert_eq!(once, body::body(format, &notification.clone(), "hook", "k"));
        }
    }
}

#[test]
fn our_own_body_says_all_that_is_known() {
    assert_eq!(
        body_of(Format::Fluxnoc, &fired()),
        json!({
            "version": 1, "key": fired().key, "reason": "first",
            "alert": fired().alert.to_string(), "seq": 1, "edge": "fired",
            "since": "2026-02-25T06:13:20Z", "at": "2026-02-25T06:14:20.000Z",
            "host": "web-1", "check": "disk", "state": "WARNING", "previous_state": "OK",
            "text": "/var 83 % (> 80)", "actor": null, "in_maintenance": false,
        })
    );
}

#[test]
fn the_body_for_alertmanagers_receivers_is_version_4() {
    // The keys of the format, and which of them must be texts.
    const KEYS: [&str; 11] = [
        "receiver",
        "status",
        "alerts",
        "groupLabels",
        "commonLabels",
        "commonAnnotations",
        "externalURL",
        "version",
        "groupKey",
        "truncatedAlerts",
        "notification_reason",
    ];
    for (notification, status) in [(fired(), "firing"), (taken(), "firing"), (over(), "resolved")] {
        let body = body_of(Format::Alertmanager, &notification);
        assert!(body.as_object().unwrap().keys().all(|key| KEYS.contains(&key.as_str())), "{body}");
        assert_eq!((&body["status"], &body["version"]), (&json!(status), &json!("4")));
        assert_eq!(body["receiver"], "hook");
        let alert = &body["alerts"][0];
        assert_eq!(alert["status"], status);
        assert!(alert["labels"].as_object().unwrap().values().all(Value::is_string), "{alert}");
        assert!(alert["annotations"].as_object().unwrap().values().all(Value::is_string));
        assert_eq!(alert["startsAt"], "2026-02-25T06:13:20Z");
        let fingerprint = alert["fingerprint"].as_str().unwrap();
        assert!(fingerprint.len() == 16 && u64::from_str_radix(fingerprint, 16).is_ok());
        let ends = alert["endsAt"].as_str().unwrap();
        let never = ends == "0001-01-01T00:00:00Z";
        assert_eq!(never, status == "firing", "{ends}");
    }
    let labels = |n: &Notification| body_of(Format::Alertmanager, n)["alerts"][0]["labels"].clone();
    assert_eq!(labels(&taken())["severity"], "critical");
    assert_eq!(labels(&over()), labels(&taken()), "the same alert, by its labels");
    let annotations = &body_of(Format::Alertmanager, &taken())["alerts"][0]["annotations"];
    assert_eq!(annotations["acknowledged_by"], "mia");
}

#[test]
fn slack_is_told_in_one_text_that_mentions_nobody() {
    let hostile = notification(EdgeKind::Fired, State::Critical, Reason::First, "<!here> & <@U1>");
    let body = body_of(Format::Slack, &hostile);
    assert_eq!(body.as_object().unwrap().len(), 1);
    let text = body["text"].as_str().unwrap();
    assert!(text.contains("&lt;!here&gt; &amp; &lt;@U1&gt;"), "{text}");
    assert!(text.starts_with(":red_circle: web-1/disk CRITICAL (first)"), "{text}");
    assert!(text.ends_with("2026-02-25T06:14:20Z"), "{text}");
}

#[test]
fn pagerduty_is_triggered_acknowledged_and_resolved_under_one_key() {
    for (notification, action, severity) in [
        (fired(), "trigger", "warning"),
        (taken(), "acknowledge", "critical"),
        (over(), "resolve", "critical"),
    ] {
        let body = body_of(Format::Pagerduty, &notification);
        assert_eq!(body["event_action"], action);
        assert_eq!(body["routing_key"], "R0UTE");
        assert_eq!(body["dedup_key"], fired().alert.to_string());
        assert_eq!(body["payload"]["severity"], severity);
        assert_eq!(body["payload"]["source"], "web-1");
        assert!(body["payload"]["summary"].is_string());
    }
    let long = notification(EdgeKind::Fired, State::Unknown, Reason::First, &"é".repeat(5000));
    let body = body_of(Format::Pagerduty, &long);
    assert!(body["payload"]["summary"].as_str().unwrap().chars().count() <= 1024);
    assert_eq!(body["payload"]["severity"], "error");
    assert!(body.to_string().len() < 512_000);
}

/// Of 3,000 of which two are listed.
fn many() -> Notification {
    let item = |host: &str, state, text: &str| DigestItem {
        check: CheckKey::new(host, "disk"),
        state,
        since: Timestamp::from_millis(1_772_000_000_000),
        text: SafeText::line(text),
    };
    let digest = Digest {
        alerts: 3_000,
        critical: 2_000,
        warning: 900,
        recovered: 1,
        gone: 99,
        unknown: 0,
        items: vec![
            item("web-1", State::Critical, "</var> is full\u{1b}[31m"),
            item("db-1", State::Ok, "12 %"),
        ],
    };
    Notification::digest(&fired(), None, digest, Timestamp::from_millis(1_772_000_060_000))
}

#[test]
fn a_digest_is_said_in_every_format_with_what_is_not_listed() {
    let summary =
        "3000 alerts: 2000 CRITICAL, 900 WARNING, 1 recovered, 99 over or taken meanwhile";
    assert_eq!(wording(&many()), format!("fluxnoc/digest CRITICAL (digest): {summary}"));
    let own = body_of(Format::Fluxnoc, &many());
    assert_eq!((&own["reason"], &own["text"]), (&json!("digest"), &json!(summary)));
    assert_eq!(own["key"], format!("digest:{}", fired().key));
    let digest = &own["digest"];
    assert_eq!((&digest["critical"], &digest["more"]), (&json!(2000), &json!(2899)));
    assert_eq!(digest["items"][0]["host"], "web-1");
    let grouped = body_of(Format::Alertmanager, &many());
    assert_eq!(grouped["truncatedAlerts"], 2899);
    let alerts = grouped["alerts"].as_array().unwrap();
    let statuses: Vec<_> = alerts.iter().map(|alert| alert["status"].as_str()).collect();
    assert_eq!(statuses, [Some("firing"), Some("resolved")]);
    assert_eq!(alerts[0]["labels"]["severity"], "critical");
    let text = body_of(Format::Slack, &many())["text"].as_str().unwrap().to_owned();
    assert!(text.starts_with(":red_circle: fluxnoc/digest CRITICAL (digest): 3000"), "{text}");
    assert!(text.contains("\nweb-1/disk CRITICAL: &lt;/var&gt; is full"), "{text}");
    assert!(text.contains("\ndb-1/disk recovered: 12 %\nand 2899 more"), "{text}");
    let page = body_of(Format::Pagerduty, &many());
    assert_eq!((&page["event_action"], &page["dedup_key"]), (&json!("trigger"), &own["key"]));
    assert_eq!(page["payload"]["severity"], "critical");
    for format in Format::ALL {
        assert!(!body::body(format, &many(), "hook", "k").contains('\u{1b}'), "{format:?}");
    }
}

#[test]
fn the_signature_is_hmac_sha256() {
    // RFC 4231, test case 2.
    assert_eq!(
        signature("Jefe", b"what do ya want for nothing?"),
        "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
}
