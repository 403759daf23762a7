//! What a request says: bodies and query strings, bounded in size and time, with errors that name
//! the field.

use std::time::Duration;

use axum::Json;
use axum::extract::{
    FromRequest, FromRequestParts, Path, Query, Request, rejection::JsonRejection,
};
use axum::http::StatusCode;
use axum::http::request::Parts;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use super::problem::Failure;
use crate::protocol::Problem;

/// Most bytes of a body that a person or script sends.
const LIMIT: usize = 1024 * 1024;
/// The time in which a whole body must have arrived, however it trickles.
const DEADLINE: Duration = Duration::from_secs(30);

/// A JSON body of at most 1 MiB.
pub(super) struct Body<T>(pub(super) T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        read(request, LIMIT).await.map(Self)
    }
}

/// Reads and parses a JSON body of at most `limit` bytes.
pub(super) async fn read<T: DeserializeOwned>(
    request: Request,
    limit: usize,
) -> Result<T, Failure> {
    let body = Limited::new(request.into_body(), limit).collect();
    let bytes = match tokio::time::timeout(DEADLINE, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let problem = Problem::invalid(format!("the body has more than {limit} bytes"));
            return Err(Failure::with(StatusCode::PAYLOAD_TOO_LARGE, problem));
        }
        Ok(Err(error)) => {
            let problem = Problem::invalid(format!("the body did not arrive whole: {error}"));
            return Err(Failure::with(StatusCode::BAD_REQUEST, problem));
        }
        Err(_) => {
            let problem = Problem::invalid("the body did not arrive within 30 s");
            return Err(Failure::with(StatusCode::REQUEST_TIMEOUT, problem));
        }
    };
    Json::from_bytes(&bytes).map(|Json(value)| value).map_err(|rejection| match rejection {
        JsonRejection::JsonDataError(error) => Problem::invalid(last(&error.body_text())).into(),
        other => {
            let problem =
                Problem::invalid(format!("the body is not JSON: {}", last(&other.body_text())));
            Failure::with(StatusCode::BAD_REQUEST, problem)
        }
    })
}

/// The query string.
pub(super) struct Asked<T>(pub(super) T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        Query::try_from_uri(&parts.uri)
            .map(|Query(value)| Self(value))
            .map_err(|rejection| Problem::invalid(last(&rejection.body_text())).into())
    }
}

/// What stands in the place of the names of a path.
pub(super) struct Segment<T>(pub(super) T);

impl<S: Sync + Send, T: DeserializeOwned + Send> FromRequestParts<S> for Segment<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Path(value) = Path::from_request_parts(parts, state)
            .await
            .map_err(|rejection| Problem::invalid(last(&rejection.body_text())))?;
        Ok(Self(value))
    }
}

/// Without the framework's own first words, which say nothing about the field.
fn last(text: &str) -> &str {
    const PREFIXES: [&str; 3] = [
        "Failed to deserialize the JSON body into the target type: ",
        "Failed to parse the request body as JSON: ",
        "Failed to deserialize query string: ",
    ];
    PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text)
}
