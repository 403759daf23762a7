//! A notification as a request to a URL, signed.
//!
//! The receiver is hostile: its answer is read up to a limit, within the one time that the whole
//! delivery has, and a redirect is followed nowhere.

use std::fmt::Write as _;
use std::time::Instant;

use aws_lc_rs::hmac;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Response};

use super::{Delivery, Late, answer, body, quoted};
use crate::model::{Format, Notification, Secret, Webhook};
use crate::secrets;

/// Delivers by a request; the caller bounds its time by `deadline`.
pub(super) async fn deliver(
    http: &Client,
    hook: &Webhook,
    receiver: &str,
    notification: &Notification,
    late: Late,
    deadline: Instant,
) -> Delivery {
    match request(http, hook, receiver, notification, late, deadline).await {
        Ok(response) => answered(hook.format, response).await,
        Err(why) => Delivery::retry(why),
    }
}

async fn request(
    http: &Client,
    hook: &Webhook,
    receiver: &str,
    notification: &Notification,
    late: Late,
    deadline: Instant,
) -> Result<Response, String> {
    let value = async |secret: &Option<Secret>| match secret {
        Some(secret) => secrets::resolve(secret, deadline).await.map(Some),
        None => Ok(None),
    };
    let url = secrets::resolve(&hook.url, deadline).await?;
    let routing_key = value(&hook.routing_key).await?.unwrap_or_default();
    let body = body::body(hook.format, notification, receiver, &routing_key);
    let mut headers = answer::headers(&hook.headers)?;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let key = HeaderValue::try_from(&notification.key)
        .map_err(|_| "the notification's key cannot be sent".to_owned())?;
    headers.insert("idempotency-key", key);
    if late == Late::Delayed {
        headers.insert("x-fluxnoc-delayed", HeaderValue::from_static("1"));
    }
    if let Some(secret) = value(&hook.secret).await? {
        let signature = HeaderValue::try_from(signature(&secret, body.as_bytes()));
        headers.insert("x-fluxnoc-signature", signature.map_err(|_| "no signature".to_owned())?);
    }
    if let Some(token) = value(&hook.token).await? {
        let mut bearer = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| "the token cannot be sent in a header".to_owned())?;
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
    }
    let sent = http.post(url).headers(headers).body(body).send().await;
    // Of some services the URL is the secret.
    sent.map_err(|error| answer::cause(&error.without_url()))
}

/// `sha256=` and the hexadecimal HMAC-SHA256 of the body.
#[must_use]
pub fn signature(secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mut words = "sha256=".to_owned();
    for byte in hmac::sign(&key, body).as_ref() {
        let _ = write!(words, "{byte:02x}");
    }
    words
}

async fn answered(format: Format, mut response: Response) -> Delivery {
    if format != Format::Slack || !response.status().is_success() {
        return answer::judged(response).await;
    }
    match answer::read(&mut response, answer::QUOTED).await {
        Err(why) => Delivery::retry(why),
        // Slack says no in words under 200.
        Ok(bytes) if bytes.trim_ascii() == b"ok" => Delivery::Sent,
        Ok(bytes) => Delivery::Refused(quoted("it did not say ok", &bytes)),
    }
}
