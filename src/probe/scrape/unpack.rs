//! Unpacking a body, never beyond its limit.

use std::io::Read as _;

use flate2::bufread::MultiGzDecoder;

use crate::model::{Failure, FailureKind};

/// The body as it is meant.
///
/// # Errors
/// [`FailureKind::Unreadable`] for an encoding that was not asked for, broken data, or more than
/// `limit` bytes of it.
pub(super) fn plain(body: Vec<u8>, encoding: Option<&str>, limit: u64) -> Result<Vec<u8>, Failure> {
    let unreadable = |why: String| Failure::new(FailureKind::Unreadable, why);
    match encoding.map_or("identity", str::trim) {
        "" | "identity" => return Ok(body),
        "gzip" | "x-gzip" => {}
        other => return Err(unreadable(format!("the answer is packed with `{other}`"))),
    }
    let mut out = Vec::with_capacity(body.len().saturating_mul(4).min(1 << 20));
    let mut source = MultiGzDecoder::new(&body[..]).take(limit.saturating_add(1));
    source.read_to_end(&mut out).map_err(|error| unreadable(format!("broken gzip: {error}")))?;
    if out.len() as u64 > limit {
        return Err(unreadable(format!(
            "the exposition unpacks to more than max_body ({limit} bytes)"
        )));
    }
    Ok(out)
}
