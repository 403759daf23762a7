//! stub
use super::context::Context;
use crate::model::{Check, Failure, FailureKind, Observation, spec::MysqlSpec};
pub(super) async fn run(
    _check: &Check,
    _spec: &MysqlSpec,
    _context: &Context,
) -> Result<Observation, Failure> {
    Err(Failure::new(FailureKind::Internal, "missing"))
}
