//! stub
use super::context::Context;
use crate::model::{Failure, FailureKind, Observation, spec::CustomSpec};
pub(super) async fn run(_spec: &CustomSpec, _context: &Context) -> Result<Observation, Failure> {
    Err(Failure::new(FailureKind::Internal, "missing"))
}
