//! Versions of what two people may edit: `ETag` in answers, `If-Match` in requests (RFC 9110, 13.1.1).
//!
//! Whether a version still is the present one is not decided here but where the change is.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::{ETAG, IF_MATCH};
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::problem::Failure;
use crate::protocol::{Expected, Problem, Version};

/// What a request expects of what it changes; nothing when it says nothing, or `*`.
pub(super) struct IfMatch(pub(super) Option<Expected>);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        Ok(Self(expected(&parts.headers)))
    }
}

/// A tag that is not one of ours, or a weak one, is that of no state.
fn expected(headers: &HeaderMap) -> Option<Expected> {
    if !headers.contains_key(IF_MATCH) {
        return None;
    }
    let said = headers.get_all(IF_MATCH).iter();
    let said: Vec<&str> = said.filter_map(|value| value.to_str().ok()).collect();
    let tags = said.iter().flat_map(|value| value.split(',')).map(str::trim);
    let mut versions = Vec::new();
    for tag in tags {
        if tag == "*" {
            return None;
        }
        let inside = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
        versions.extend(inside.and_then(|tag| tag.parse::<Version>().ok()));
    }
    Some(Expected(versions))
}

/// Something as JSON, with its version.
pub(super) fn versioned(shown: &impl Serialize) -> Result<Response, Problem> {
    let tag = format!("\"{}\"", Version::of(shown)?);
    Ok(([(ETAG, tag)], Json(shown)).into_response())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_condition_is_read_as_it_is_written() {
        let read = |all: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in all {
                headers.append(IF_MATCH, HeaderValue::from_static(value));
            }
            expected(&headers)
        };
        let one = "00000000000000ab".parse().unwrap();
        let two = "00000000000000cd".parse().unwrap();
        assert_eq!(read(&[]), None);
        assert_eq!(read(&["*"]), None);
        assert_eq!(read(&["\"00000000000000ab\""]), Some(Expected(vec![one])));
        let both = ["\"00000000000000ab\", W/\"00000000000000cd\"", "\"00000000000000cd\""];
        assert_eq!(read(&both), Some(Expected(vec![one, two])));
        for nothing in ["", "00000000000000ab", "\"x\"", "W/\"00000000000000ab\""] {
            assert_eq!(read(&[nothing]), Some(Expected(Vec::new())), "{nothing}");
        }
    }
}
