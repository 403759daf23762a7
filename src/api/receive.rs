//! The accept loop of every listener: how many connections at a time, and how long they have when
//! it ends.
//!
//! Our own instead of the framework's, because that one sets no deadline for request heads.
//! Never: reads or writes a connection.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A listener's rules.
pub(super) struct House {
    /// What messages call it.
    pub(super) what: &'static str,
    /// Most connections at a time; more wait in the kernel's queue.
    pub(super) seats: usize,
    /// The time for what is under way when it ends; then it is cut.
    pub(super) farewell: Duration,
    /// Ends it.
    pub(super) stop: CancellationToken,
}

/// Takes connections until the end, each with its seat. `attend` gives what is done with one;
/// `None` sends it away.
pub(super) async fn receive<S, F>(
    house: House,
    accept: impl Fn(&mut Context<'_>) -> Poll<io::Result<S>>,
    attend: impl Fn(S) -> Option<F>,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let seats = Arc::new(Semaphore::new(house.seats));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = house.stop.cancelled() => break,
            accepted = next(&house, &seats, &accept) => accepted,
        };
        // Those that ended are forgotten here, so that the set stays as small as the house.
        while connections.try_join_next().is_some() {}
        let Some((stream, seat)) = accepted else { continue };
        if let Some(attended) = attend(stream) {
            connections.spawn(async move {
                attended.await;
                drop(seat);
            });
        }
    }
    let rest = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(house.farewell, rest).await.is_err() {
        tracing::debug!("connections of {} were cut when it ended", house.what);
    }
}

/// The next connection with its seat; `None` when the machine could not give one now.
async fn next<S>(
    house: &House,
    seats: &Arc<Semaphore>,
    accept: &impl Fn(&mut Context<'_>) -> Poll<io::Result<S>>,
) -> Option<(S, OwnedSemaphorePermit)> {
    let seat = Arc::clone(seats).acquire_owned().await.ok()?;
    match std::future::poll_fn(accept).await {
        Ok(stream) => Some((stream, seat)),
        Err(error) => {
            // Out of descriptors, most likely: a moment of rest instead of a busy loop.
            tracing::warn!("{} cannot take a connection: {error}", house.what);
            tokio::time::sleep(Duration::from_millis(100)).await;
            None
        }
    }
}
