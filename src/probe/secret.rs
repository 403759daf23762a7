//! Secrets of probes: a reference that cannot be resolved is a fault of the configuration.

use super::context::Context;
use crate::model::{Failure, FailureKind, Secret};
use crate::secrets;

/// The value of `secret`.
///
/// # Errors
/// [`FailureKind::Denied`] when checks may not use it here; [`FailureKind::Config`] that names the reference and the mend, never the value.
pub(super) async fn resolve(secret: &Secret, context: &Context) -> Result<String, Failure> {
    context.shared.permit.secret(secret)?;
    let value = secrets::resolve(secret, context.deadline).await;
    value.map_err(|why| Failure::new(FailureKind::Config, why))
}
