//! Problems as HTTP answers: the status of the kind, and kind and message as JSON.

use axum::Json;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use crate::protocol::Problem;

/// A problem with its status. The status is the kind's own, unless HTTP has a more exact one.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    problem: Problem,
}

impl Failure {
    /// A problem under a status that is more exact than its kind's.
    pub(super) const fn with(status: StatusCode, problem: Problem) -> Self {
        Self { status, problem }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let status = StatusCode::from_u16(problem.kind.status());
        Self { status: status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), problem }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, Json(self.problem)).into_response()
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
