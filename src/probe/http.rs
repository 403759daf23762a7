//! stub
use super::context::Context;
use crate::model::{Check, Failure, FailureKind, Observation, spec::HttpSpec};
pub(super) async fn run(
    _check: &Check,
    _spec: &HttpSpec,
    _context: &Context,
) -> Result<Observation, Failure> {
    Err(Failure::new(FailureKind::Internal, "missing"))
}
