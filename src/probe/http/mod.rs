//! stub
use super::context::Context;
use crate::model::{Check, Failure, FailureKind, Observation, spec::HttpSpec};
pub(super) async fn run(_: &Check, _: &HttpSpec, _: &Context) -> Result<Observation, Failure> {
    Err(Failure::new(FailureKind::Internal, "missing"))
}
