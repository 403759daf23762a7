//! Keeps the promises of the outbox: claims what is due, delivers, records the outcome.
//!
//! Delivery is at least once with a stable key; a row is marked sent after its destination took
//! it, so a crash between the two repeats it with the same key.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::model::{Span, Timestamp};
use crate::notify::{self, Channel, Delivery};
use crate::store::{OutboxRow, Store, StoreError};

/// How often the outbox is looked at when nothing wakes it.
const IDLE: Span = Span::from_secs(5);
/// Rows of one round.
const ROUND: u32 = 200;
/// Longest wait between two tries.
const CAP: Span = Span::from_secs(60);

/// Delivers until stopped.
pub(super) async fn run(
    store: Store,
    clock: Clock,
    wake: Arc<tokio::sync::Notify>,
    stop: CancellationToken,
) {
    loop {
        match round(&store, clock.now().wall).await {
            // A full round: there may be more.
            Ok(sent) if sent >= ROUND as usize => {}
            Ok(_) => {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = wake.notified() => {}
                    () = clock.sleep(IDLE) => {}
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the outbox cannot be read; it is tried again");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = clock.sleep(IDLE) => {}
                }
            }
        }
        if stop.is_cancelled() {
            return;
        }
    }
}

async fn round(store: &Store, now: Timestamp) -> Result<usize, StoreError> {
    let due = store.due_notifications(now, ROUND).await?;
    if due.is_empty() {
        return Ok(0);
    }
    let mut outcomes = Vec::with_capacity(due.len());
    for row in due {
        let delivery = match Channel::from_destination(&row.notification.destination) {
            Some(channel) => notify::deliver(channel, &row.notification),
            None => Delivery::Refused("no such destination".to_owned()),
        };
        outcomes.push((row, delivery));
    }
    let count = outcomes.len();
    let mut tx = store.write().await?;
    for (OutboxRow { notification, tries, .. }, delivery) in outcomes {
        let key = &notification.key;
        match delivery {
            Delivery::Sent => tx.mark_sent(key, now).await?,
            Delivery::Retry(why) => {
                tx.mark_retry(key, now + backoff(tries), tries + 1, &why).await?;
            }
            Delivery::Refused(why) => tx.mark_parked(key, &why).await?,
        }
    }
    tx.commit().await?;
    Ok(count)
}

/// 1 s, 2 s, 4 s ... 60 s.
fn backoff(tries: u32) -> Span {
    Span::from_secs(1_u64.checked_shl(tries.min(6)).unwrap_or(64)).min(CAP)
}
