//! stub
use super::context::Context;
use crate::model::{Check, Failure, FailureKind, Observation, spec::DnsSpec};
pub(super) async fn run(
    _check: &Check,
    _spec: &DnsSpec,
    _context: &Context,
) -> Result<Observation, Failure> {
    Err(Failure::new(FailureKind::Internal, "missing"))
}
