//! stub
use super::context::{Context, Memory};
use crate::model::{Failure, FailureKind, Observation, spec::ProcessSpec};
pub(super) async fn run(
    _spec: &ProcessSpec,
    _context: &Context,
    _memory: &mut Memory,
) -> Result<Observation, Failure> {
    Err(Failure::new(FailureKind::Internal, "missing"))
}
