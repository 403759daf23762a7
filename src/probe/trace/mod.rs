//! stub
use super::context::{Context, Memory};
use crate::model::{Check, Failure, FailureKind, Observation, spec::TraceSpec};
/// A running trace.
#[derive(Debug)]
pub struct Session {}
pub(super) async fn run(
    _check: &Check,
    _spec: &TraceSpec,
    _context: &Context,
    _memory: &mut Memory,
) -> Result<Observation, Failure> {
    Err(Failure::new(FailureKind::Internal, "missing"))
}
