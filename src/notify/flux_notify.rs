//! A notification as the requests that a Flux Notify service is sent.
//!
//! A problem opens an incident and then tells the contact list; what follows updates the incident
//! that was opened; a recovery resolves it. A step of an escalation updates it and tells the step's
//! list, which is told by itself from then on. Every request has its own idempotency key and is a pure
//! function of notification, incident and configuration, so that a repeat has the same bytes. The
//! receiver is as hostile as any (see [`super::webhook`]).

use std::fmt::Write as _;
use std::time::Instant;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Client, Method, Response};
use serde_json::{Map, Value, json};

use super::body::{self, is_over};
use super::{Delivery, Late, answer};
use crate::model::flux_notify::{FIELDS, Severity, Step};
use crate::model::{FluxNotify, Incident, Notification, Reason, SafeText};
use crate::secrets;

/// Bytes of an answer in which the id of an incident is looked for.
const ANSWER: usize = 64 << 10;
/// Longest id of an incident, in bytes.
const ID: usize = 128;

/// The steps of a notification that are still to be done, in their order. `incident` is the one
/// that its alert has already.
pub(super) fn steps(
    service: &FluxNotify,
    notification: &Notification,
    incident: Option<&Incident>,
) -> Vec<Step> {
    let opened_by_this = incident.is_some_and(|known| known.opened_by == notification.key);
    match (incident, notification.reason) {
        // It is of many alerts; the incident of one of them is not its own.
        (_, Reason::Digest) => vec![Step::Notify],
        // The incident is changed by what the first list is told.
        _ if notification.besides => vec![Step::Notify],
        // A test leaves no incident behind.
        (None, Reason::Test) => vec![Step::Create, Step::Notify, Step::Resolve],
        (Some(_), Reason::Test) => vec![Step::Notify, Step::Resolve],
        (Some(_), _) if opened_by_this => vec![Step::Notify],
        (Some(_), _) if is_over(notification) => vec![Step::Resolve],
        (Some(_), Reason::Acknowledged) => vec![Step::Acknowledge],
        (Some(_), Reason::Escalation) => vec![Step::Update, Step::Notify],
        (Some(_), _) => vec![Step::Update],
        (None, _) if is_over(notification) => vec![Step::Notify],
        (None, _) if opens(service, notification) => vec![Step::Create, Step::Notify],
        (None, _) => vec![Step::Notify],
    }
}

/// A host that cannot be reached always opens one.
fn opens(service: &FluxNotify, notification: &Notification) -> bool {
    notification.reason != Reason::Acknowledged
        && (notification.unreachable || service.gate.opens(severity(service, notification)))
}

fn severity(service: &FluxNotify, notification: &Notification) -> Severity {
    let edge = &notification.edge;
    if notification.reason == Reason::Test {
        return service.default_severity;
    }
    Severity::of(edge.to).or_else(|| Severity::of(edge.from)).unwrap_or(service.default_severity)
}

/// The body of a step.
pub(super) fn payload(
    service: &FluxNotify,
    step: Step,
    notification: &Notification,
    incident: Option<&str>,
) -> Value {
    let edge = &notification.edge;
    let status = match step {
        Step::Acknowledge => "acknowledged",
        Step::Notify if notification.besides && notification.reason == Reason::Acknowledged => {
            "acknowledged"
        }
        Step::Update => "updated",
        Step::Notify if is_over(notification) => "resolved",
        Step::Resolve => "resolved",
        Step::Create | Step::Notify => "open",
    };
    let list = notification.list.as_deref().or(service.contact_list.as_deref());
    let mut out = Map::new();
    for field in FIELDS {
        let value = match field {
            "title" => json!(format!("{} {}", edge.check, edge.to)),
            "message" => json!(body::long_wording(notification)),
            "severity" => json!(severity(service, notification).word()),
            "status" => json!(status),
            "contact_list" => json!(list),
            "incident_id" => json!(incident),
            "external_id" => json!(notification.identity()),
            "source" => json!("fluxnoc"),
            "host" => json!(&*edge.check.host),
            "check" => json!(&*edge.check.name),
            "state" => json!(edge.to.to_string()),
            "previous_state" => json!(edge.from.to_string()),
            "reason" => json!(notification.reason.word()),
            "actor" => json!(edge.actor.as_ref().map(SafeText::as_str)),
            "since" => json!(body::seconds(notification.alert.born())),
            _ => json!(edge.at.to_string()),
        };
        let name = service.fields.get(field).map_or(field, String::as_str);
        if !value.is_null() && !name.is_empty() {
            put(&mut out, name, value);
        }
    }
    Value::Object(out)
}

/// Puts a value under a dotted name; what stands in the way gives way.
fn put(out: &mut Map<String, Value>, name: &str, value: Value) {
    match name.split_once('.') {
        None => {
            out.insert(name.to_owned(), value);
        }
        Some((first, rest)) => {
            let inner = out.entry(first).or_insert_with(|| json!({}));
            if !inner.is_object() {
                *inner = json!({});
            }
            if let Some(inner) = inner.as_object_mut() {
                put(inner, rest, value);
            }
        }
    }
}

/// Does what is still to be done; `incident` is the alert's, and is kept up to date also when a
/// later step fails or takes too long. The caller bounds its time by `deadline`.
pub(super) async fn deliver(
    http: &Client,
    service: &FluxNotify,
    notification: &Notification,
    late: Late,
    incident: &mut Option<Incident>,
    deadline: Instant,
) -> Delivery {
    let mut outcome = Delivery::Sent;
    for step in steps(service, notification, incident.as_ref()) {
        // A test's incident is resolved also when nobody could be told of it.
        if outcome != Delivery::Sent && (step != Step::Resolve || incident.is_none()) {
            continue;
        }
        let known = incident.as_ref().map(|known| known.id.as_str());
        let done = match request(http, service, step, notification, late, known, deadline).await {
            Err(why) => Delivery::retry(why),
            Ok(response) if step == Step::Create && response.status().is_success() => {
                match opened(service, response).await {
                    Ok(id) => {
                        *incident = Some(Incident { id, opened_by: notification.key.clone() });
                        Delivery::Sent
                    }
                    Err(why) => Delivery::retry(why),
                }
            }
            Ok(response) => answer::judged(response).await,
        };
        if outcome == Delivery::Sent {
            outcome = named(step, done);
        }
    }
    outcome
}

/// The same with the step that it is about.
fn named(step: Step, delivery: Delivery) -> Delivery {
    let with = |why| format!("{}: {why}", step.word());
    match delivery {
        Delivery::Sent => Delivery::Sent,
        Delivery::Retry { why, after } => Delivery::Retry { why: with(why), after },
        Delivery::Refused(why) => Delivery::Refused(with(why)),
    }
}

/// The id of the incident that an answer tells of.
async fn opened(service: &FluxNotify, mut response: Response) -> Result<String, String> {
    let status = response.status().as_u16();
    let said = answer::read(&mut response, ANSWER).await?;
    let place = &service.incident_id;
    let value: Option<Value> = serde_json::from_slice(&said).ok();
    let id = match value.as_ref().and_then(|value| value.pointer(place)) {
        Some(Value::String(id)) => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        _ => return Err(format!("HTTP {status} without the id of an incident at `{place}`")),
    };
    let good = !id.is_empty() && id.len() <= ID && id.bytes().all(|byte| byte.is_ascii_graphic());
    // A path with these would lead elsewhere.
    if good && id != "." && id != ".." {
        Ok(id)
    } else {
        Err(format!("HTTP {status} with an id of an incident that cannot be used"))
    }
}

async fn request(
    http: &Client,
    service: &FluxNotify,
    step: Step,
    notification: &Notification,
    late: Late,
    incident: Option<&str>,
    deadline: Instant,
) -> Result<Response, String> {
    let (method, path) = service.request(step).split_once(' ').unwrap_or(("POST", "/"));
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| "no such method".to_owned())?;
    let path = path.replace("{incident}", &encoded(incident.unwrap_or_default()));
    let url = format!("{}{path}", service.url.trim_end_matches('/'));
    let mut headers = answer::headers(&service.headers)?;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let key = format!("{}:{}", notification.key, step.word());
    let key = HeaderValue::try_from(key)
        .map_err(|_| "the notification's key cannot be sent".to_owned())?;
    headers.insert("idempotency-key", key);
    if late == Late::Delayed {
        headers.insert("x-fluxnoc-delayed", HeaderValue::from_static("1"));
    }
    if let Some(secret) = &service.api_key {
        let key = secrets::resolve(secret, deadline).await?;
        let name = HeaderName::try_from(&service.key_header)
            .map_err(|_| format!("no header: `{}`", service.key_header))?;
        let key = if name == AUTHORIZATION { format!("Bearer {key}") } else { key };
        let mut value = HeaderValue::try_from(key)
            .map_err(|_| "the key cannot be sent in a header".to_owned())?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    let body = payload(service, step, notification, incident).to_string();
    let sent = http.request(method, url).headers(headers).body(body).send().await;
    sent.map_err(|error| answer::cause(&error.without_url()))
}

/// An id as one segment of a path.
fn encoded(id: &str) -> String {
    let mut out = String::new();
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
