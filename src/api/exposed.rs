//! Who may read how the server itself is: viewers, and on the network whoever the operator lets.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::Face;
use super::actor::Asker;
use super::problem::Failure;
use crate::protocol::{Actor, Problem};

/// What anybody on the network may read without saying who they are. The network listener puts it
/// into each request (as an extension); over the socket it is not there, and all say who they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exposed {
    /// `/metrics`: `metrics.require_auth = false`.
    pub metrics: bool,
    /// `/api/v1/monitoring/health`: `health.require_auth = false`.
    pub health: bool,
}

/// The one place where something is open to strangers.
fn is_open(parts: &Parts, what: fn(&Exposed) -> bool) -> bool {
    parts.extensions.get::<Exposed>().is_some_and(what)
}

/// Somebody who may read `/metrics`.
pub(super) struct MetricsReader;

/// Somebody who may read `/api/v1/monitoring/health`.
pub(super) struct HealthReader;

impl FromRequestParts<Face> for MetricsReader {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, face: &Face) -> Result<Self, Failure> {
        if !is_open(parts, |exposed| exposed.metrics) {
            may_look(&Asker::from_request_parts(parts, face).await?.actor)?;
        }
        Ok(Self)
    }
}

impl FromRequestParts<Face> for HealthReader {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, face: &Face) -> Result<Self, Failure> {
        if !is_open(parts, |exposed| exposed.health) {
            may_look(&Asker::from_request_parts(parts, face).await?.actor)?;
        }
        Ok(Self)
    }
}

/// Every role may look; a worker has no role.
pub(super) fn may_look(actor: &Actor) -> Result<(), Problem> {
    match actor {
        Actor::Worker => Err(Problem::forbidden("a worker may not read how the server is")),
        _ => Ok(()),
    }
}
