//! stub
use super::context::Context;
use crate::model::{Check, Failure, FailureKind, Observation, spec::PingSpec};
/// Ping sockets.
#[derive(Debug, Default)]
pub struct Pinger {}
pub(super) async fn run(
    _check: &Check,
    _spec: &PingSpec,
    _context: &Context,
) -> Result<Observation, Failure> {
    Err(Failure::new(FailureKind::Internal, "missing"))
}
