//! What the answer of a receiver means, read up to a limit: it may be hostile.

use std::collections::BTreeMap;

use reqwest::Response;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};

use super::{Delivery, quoted};
use crate::model::SafeText;
use crate::model::http_reply::{Reply, retry_after};
use crate::model::observation::root_cause;

/// Bytes of an answer of which a message quotes something.
pub(super) const QUOTED: usize = 4096;

/// Configured headers as they are sent.
///
/// # Errors
/// What cannot be sent, in words.
pub(super) fn headers(written: &BTreeMap<String, String>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in written {
        let name = HeaderName::try_from(name).map_err(|_| format!("no header: `{name}`"))?;
        let value = HeaderValue::try_from(value);
        headers.insert(name, value.map_err(|_| "a header's value cannot be sent".to_owned())?);
    }
    Ok(headers)
}

/// The first `limit` bytes of a body.
///
/// # Errors
/// Why it ended before its end, in words.
pub(super) async fn read(response: &mut Response, limit: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    while bytes.len() < limit {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) => return Err(cause(&error)),
        }
    }
    bytes.truncate(limit);
    Ok(bytes)
}

/// What an answer means by its status; of a success the body is not waited for.
pub(super) async fn judged(mut response: Response) -> Delivery {
    let code = response.status().as_u16();
    let reply = Reply::of(code);
    if reply == Reply::Taken {
        return Delivery::Sent;
    }
    let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let after = after.and_then(retry_after);
    let mut said = Vec::new();
    while said.len() < QUOTED
        && let Ok(Some(chunk)) = response.chunk().await
    {
        said.extend_from_slice(&chunk);
    }
    said.truncate(QUOTED);
    let why = quoted(&format!("HTTP {code}"), &said);
    match reply {
        Reply::Taken => Delivery::Sent,
        Reply::Later => Delivery::Retry { why, after },
        Reply::Elsewhere => {
            Delivery::Refused(format!("{why}; it redirects: configure the URL it ends at"))
        }
        Reply::Refused => Delivery::Refused(why),
    }
}

/// The innermost reason of a failed request, safe for a terminal.
pub(super) fn cause(error: &reqwest::Error) -> String {
    SafeText::line(&root_cause(error).to_string()).as_str().to_owned()
}
