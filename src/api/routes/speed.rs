//! The documented paths of network tests. Their tests are not built yet: who may ask gets a clear
//! 501, everybody else what they get everywhere.

use axum::http::{Method, StatusCode, Uri};

use crate::api::actor::Asker;
use crate::api::problem::Failure;
use crate::protocol::{Problem, Role};

/// The answer until network tests are there.
pub(in crate::api) async fn later(asker: Asker, method: Method, uri: Uri) -> Failure {
    // Whoever may only look may ask only for results, now as later.
    if method != Method::GET && !asker.actor.is_at_least(Role::Operator) {
        return Problem::forbidden(format!("{method} {} needs the role Operator", uri.path()))
            .into();
    }
    let problem = Problem::unavailable(format!(
        "{} is not in this version: network tests come with a later one",
        uri.path()
    ));
    Failure::with(StatusCode::NOT_IMPLEMENTED, problem)
}
