//! How long to wait so that two readings of counters make a rate.

use std::time::{Duration, Instant};

use super::context::Context;

/// Shortest interval that gives an honest rate: the kernel counts time in steps of 10 ms.
const SHORTEST: Duration = Duration::from_secs(1);

/// Returns once an interval that began at `since` is long enough: a second, or what half of the
/// time left allows.
pub(super) async fn settle(since: Instant, context: &Context) {
    let wanted = SHORTEST.saturating_sub(since.elapsed());
    tokio::time::sleep(wanted.min(context.remaining() / 2)).await;
}
