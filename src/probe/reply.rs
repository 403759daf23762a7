//! JSON answers of a known kind of server: asked for within bounds, and read without belief.
//!
//! A document that is not what it should be says nothing of its server: it is UNKNOWN, with its
//! place. What a status alone says is said of the status alone.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::context::Context;
use super::http;
use crate::model::safe_text::sanitize;
use crate::model::spec::HttpSpec;
use crate::model::{Check, Failure, FailureKind, State};

/// Longest shown text of a document, in characters.
pub(super) const TEXT_LIMIT: usize = 120;
/// Most parts of a document that are read.
pub(super) const PART_LIMIT: usize = 64;

/// An answer as it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
    /// True when the body is larger than what is read.
    pub cut: bool,
    /// `Retry-After`, as it came.
    pub retry_after: Option<String>,
}

/// Why an answer says nothing, or nothing good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bad {
    pub state: State,
    pub text: String,
}

impl Bad {
    pub fn unknown(text: impl Into<String>) -> Self {
        Self { state: State::Unknown, text: text.into() }
    }
}

/// The object that a body is; `whose` is the server's kind, `place` the path that was asked for.
pub(super) fn object(whose: &str, place: &str, reply: &Reply) -> Result<Map<String, Value>, Bad> {
    let bad = |why: &str| Err(Bad::unknown(format!("{place}: {why}")));
    if reply.cut {
        return bad(&format!("the answer is larger than any of a {whose}"));
    }
    let first = reply.body.iter().find(|byte| !byte.is_ascii_whitespace());
    match first {
        None => return bad("the body is empty"),
        Some(b'<') => return bad("HTML instead of JSON"),
        Some(_) => {}
    }
    match serde_json::from_slice(&reply.body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => bad("JSON, but no object"),
        Err(error) if error.is_eof() => bad(&format!("half a document: {error}")),
        Err(error) => bad(&format!("no JSON: {error}")),
    }
}

/// A value as a message may show it.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{}`", sanitize(text, TEXT_LIMIT)),
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        other => sanitize(&other.to_string(), TEXT_LIMIT),
    }
}

/// `/health: HTTP 502 Bad Gateway`.
pub(super) fn said(place: &str, status: u16) -> String {
    let reason = hyper::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason());
    format!("{place}: HTTP {status}{}", reason.map(|r| format!(" {r}")).unwrap_or_default())
}

/// Why there is no whole answer.
pub(super) enum Missed {
    /// Nothing at all came back.
    Silent(Failure),
    /// An answer began, with this status.
    Broken(u16, Failure),
}

impl Missed {
    /// What it says of a server that answered something else.
    pub fn bad(self, place: &str) -> Bad {
        let (state, why) = match self {
            // It was reached and cannot serve, however its report ends.
            Self::Broken(status @ 500..=599, failure) => {
                (State::Critical, format!("HTTP {status} without a report ({})", failure.message))
            }
            // The connection ended in the middle: half a document.
            Self::Broken(_, failure) if failure.kind == FailureKind::Protocol => {
                (State::Unknown, format!("half an answer: {}", failure.message))
            }
            Self::Broken(_, failure) | Self::Silent(failure) => {
                let blames = failure.kind.blames_target();
                let state = if blames { State::Critical } else { State::Unknown };
                (state, failure.message.to_string())
            }
        };
        Bad { state, text: format!("{place}: {why}") }
    }
}

/// How a JSON document is asked for.
pub(super) struct Question<'a> {
    pub check: &'a Check,
    pub context: &'a Context,
    pub headers: BTreeMap<String, String>,
    /// Bytes that are read at most.
    pub max_body: u64,
    pub insecure: bool,
    pub family: crate::model::spec::Family,
}

impl Question<'_> {
    /// Asks for `base` + `place`; a redirect is an answer and is not followed.
    ///
    /// # Errors
    /// Why there is no whole answer.
    pub async fn ask(&self, base: &str, place: &str) -> Result<Reply, Missed> {
        let mut request = HttpSpec::get(&format!("{base}{place}"));
        request.headers.clone_from(&self.headers);
        request.headers.insert("accept".to_owned(), "application/json".to_owned());
        request.max_body = self.max_body;
        request.redirects = 0;
        request.insecure = self.insecure;
        request.family = self.family;
        let fetched = http::fetch(self.check, &request, self.context, None, true).await;
        let (seen, page) = fetched.map_err(Missed::Silent)?;
        match (page, seen.status()) {
            (Ok(page), _) => Ok(Reply {
                status: page.status.as_u16(),
                body: page.body,
                cut: page.cut,
                retry_after: page.retry_after,
            }),
            (Err(failure), Some(status)) => Err(Missed::Broken(status.as_u16(), failure)),
            (Err(failure), None) => Err(Missed::Silent(failure)),
        }
    }
}
