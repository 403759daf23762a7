//! Problems as HTTP answers: the status of the kind, and problem details as of RFC 9457.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::protocol::Problem;

/// A problem with its status. The status is the kind's own, unless HTTP has a more exact one.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    problem: Problem,
    retry_after: Option<u64>,
}

impl Failure {
    /// A problem of who asks too often, with the seconds after which they may again.
    pub(super) const fn too_often(problem: Problem, seconds: u64) -> Self {
        let status = StatusCode::TOO_MANY_REQUESTS;
        Self { status, problem, retry_after: Some(seconds) }
    }

    /// A problem that may be over after so many seconds.
    pub(super) fn for_now(problem: Problem, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..Self::from(problem) }
    }

    /// A problem under a status that is more exact than its kind's.
    pub(super) const fn with(status: StatusCode, problem: Problem) -> Self {
        Self { status, problem, retry_after: None }
    }
}

/// An error as of RFC 9457, with its kind.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ProblemDetails)]
pub(super) struct Details {
    /// Always `about:blank`: the kind says more than an address could.
    r#type: &'static str,
    /// The name of the status.
    title: &'static str,
    /// The status.
    status: u16,
    #[serde(flatten)]
    problem: Problem,
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let status = StatusCode::from_u16(problem.kind.status());
        Self::with(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), problem)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let details = Details {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            problem: self.problem,
        };
        let mut answer = (self.status, Json(details)).into_response();
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        answer
    }
}

/// The answer to a path that is none of ours.
pub(super) async fn no_such_route(uri: Uri) -> Failure {
    Problem::not_found(format!("there is nothing at {}", uri.path())).into()
}

/// The answer to a method that a path does not have.
pub(super) async fn no_such_method(method: Method, uri: Uri) -> Failure {
    let problem = Problem::invalid(format!("{} cannot be asked with {method}", uri.path()));
    Failure::with(StatusCode::METHOD_NOT_ALLOWED, problem)
}
