//! stub
use super::context::{Context, Memory};
use crate::model::{Failure, FailureKind, Observation, spec::SystemSpec};
pub(super) async fn run(
    _spec: &SystemSpec,
    _context: &Context,
    _memory: &mut Memory,
) -> Result<Observation, Failure> {
    Err(Failure::new(FailureKind::Internal, "missing"))
}
