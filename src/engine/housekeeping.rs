//! Keeps the store small and says that the engine lives: folding, daily rows, retention.
//!
//! Works in small transactions behind the results, so that no commit waits long for it.

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::model::{Span, Timestamp};
use crate::store::{Store, StoreError};

use super::Keep;

/// How often the engine writes that it lives, so that the next start can say how long it was off.
const HEARTBEAT: Span = Span::from_secs(30);
/// How often the journal is folded and old rows are removed.
const ROUND: Span = Span::from_secs(600);
/// Journal rows folded in one transaction.
const FOLD: usize = 2000;

/// Works until stopped; writes a last heartbeat then.
pub(super) async fn run(store: Store, clock: Clock, keep: Keep, stop: CancellationToken) {
    let mut next_round = clock.now().steady + ROUND;
    loop {
        let now = clock.now();
        if let Err(error) = heartbeat(&store, now.wall).await {
            tracing::debug!(%error, "no heartbeat was written");
        }
        if now.steady >= next_round {
            next_round = now.steady + ROUND;
            if let Err(error) = round(&store, now.wall, &keep, &stop).await {
                tracing::warn!(%error, "folding failed; it is tried again in 10 minutes");
            }
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = clock.sleep(HEARTBEAT) => {}
        }
    }
    if let Err(error) = heartbeat(&store, clock.now().wall).await {
        tracing::debug!(%error, "no last heartbeat was written");
    }
}

/// Writes the sign of life.
pub(super) async fn heartbeat(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    tx.heartbeat(now).await?;
    tx.commit().await
}

async fn round(
    store: &Store,
    now: Timestamp,
    keep: &Keep,
    stop: &CancellationToken,
) -> Result<(), StoreError> {
    while !stop.is_cancelled() {
        let mut tx = store.write().await?;
        let folded = tx.fold(now, FOLD).await?;
        tx.commit().await?;
        if folded < FOLD {
            break;
        }
        // Results go first.
        tokio::task::yield_now().await;
    }
    let mut tx = store.write().await?;
    tx.roll_days(now).await?;
    tx.commit().await?;
    while !stop.is_cancelled() {
        let mut tx = store.write().await?;
        let deleted = tx.retain(now, &keep.times).await?;
        tx.commit().await?;
        if deleted == 0 {
            break;
        }
    }
    while !stop.is_cancelled() {
        let mut tx = store.write().await?;
        let dropped = tx.enforce_size(keep.max_size).await?;
        tx.commit().await?;
        if dropped == 0 {
            break;
        }
        tracing::warn!(dropped, "the store is at its limit: the oldest results are dropped first");
    }
    Ok(())
}
