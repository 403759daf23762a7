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
        Actor::Worker | Actor::Agent { .. } => {
            Err(Problem::forbidden("a worker may not read how the server is"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use axum::Extension;
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use tokio_util::sync::CancellationToken;
    use tower::ServiceExt as _;

    use super::*;
    use crate::api::actor::Peer;
    use crate::engine::Handle;

    async fn status(path: &str, exposed: Option<Exposed>, peer: Option<Peer>) -> u16 {
        let (handle, asks) = Handle::channel();
        // Who gets as far as the engine finds it gone: 503.
        drop(asks);
        let mut router = super::super::router(handle, CancellationToken::new());
        if let Some(exposed) = exposed {
            router = router.layer(Extension(exposed));
        }
        if let Some(peer) = peer {
            router = router.layer(Extension(peer));
        }
        let request = Request::get(path).header("fluxnoc-role", "viewer").body(Body::empty());
        router.oneshot(request.unwrap()).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn d_15_strangers_read_only_what_is_opened_to_them() {
        let health = "/api/v1/monitoring/health";
        let all = ["/metrics", health, "/api/v1/monitoring/metrics", "/api/v1/hosts"];
        let closed = StatusCode::FORBIDDEN.as_u16();
        for (exposed, open) in [
            (None, [false, false]),
            (Some(Exposed::default()), [false, false]),
            (Some(Exposed { metrics: true, health: false }), [true, false]),
            (Some(Exposed { metrics: false, health: true }), [false, true]),
        ] {
            for (at, path) in all.into_iter().enumerate() {
                let status = status(path, exposed, None).await;
                let is_open = open.get(at).copied().unwrap_or(false);
                assert_eq!(status != closed, is_open, "{path} with {exposed:?}: {status}");
            }
        }
        // A viewer reads all of them.
        let peer = Peer::admit(0, 0);
        for (path, wanted) in all.into_iter().zip([200, 503, 200, 503]) {
            assert_eq!(status(path, None, peer.clone()).await, wanted, "{path}");
        }
    }
}
