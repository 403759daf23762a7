//! Takes, renews and gives up the lease, as its duty says.

use std::sync::Arc;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::duty::{Duty, Next, Renewal};
use super::{Common, PATIENCE, TTL};
use crate::model::Steady;
use crate::store::Fence;

pub(super) async fn run(common: &Arc<Common>, stop: &CancellationToken) {
    let mut duty = Duty::new(common.clock.now().steady);
    while !stop.is_cancelled() {
        let now = common.clock.now().steady;
        match duty.next(now) {
            Next::Take => take(common, &mut duty, now).await,
            Next::Renew { epoch } => renew(common, &mut duty, epoch, now).await,
            Next::Resign { epoch } => {
                resign(common, epoch);
                duty.resigned(common.clock.now().steady);
            }
            Next::Wait(until) => wait(common, &mut duty, until, stop).await,
        }
    }
}

async fn wait(common: &Common, duty: &mut Duty, until: Steady, stop: &CancellationToken) {
    let fence = common.term.borrow().clone();
    let lost = async {
        match &fence {
            Some(fence) => fence.lost().cancelled().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = lost => duty.lost(),
        () = common.wake_election.notified() => duty.woken(common.clock.now().steady),
        () = common.clock.sleep_until(until) => {}
    }
}

async fn take(common: &Arc<Common>, duty: &mut Duty, sent: Steady) {
    let asked = timeout(PATIENCE, common.store.take_lease(&common.me.owner, TTL)).await;
    let taken = match asked {
        Ok(Ok(taken)) => taken,
        Ok(Err(error)) => {
            tracing::debug!(%error, "the lease cannot be asked for");
            None
        }
        Err(_) => None,
    };
    let free_at = *common.free_at.borrow();
    duty.took(taken, sent, free_at, common.clock.now().steady);
    match (taken, duty.until()) {
        (Some(epoch), Some(until)) => {
            tracing::info!(node = common.me.node, epoch, "this server leads");
            common.term.send_replace(Some(Fence::new(&common.me.owner, epoch, until)));
            common.wake_look.notify_one();
            wake(common);
        }
        (Some(epoch), None) => release(common, epoch),
        (None, _) => {}
    }
}

async fn renew(common: &Arc<Common>, duty: &mut Duty, epoch: i64, sent: Steady) {
    let held_before = duty.until().is_some_and(|until| sent < until);
    let asked = timeout(PATIENCE, common.store.renew_lease(&common.me.owner, epoch, TTL)).await;
    let renewal = match asked {
        Ok(Ok(true)) => Renewal::Held,
        Ok(Ok(false)) => Renewal::Lost,
        Ok(Err(error)) => {
            // Said for as long as it holds, not for hours.
            if held_before {
                tracing::warn!(%error, "the lease cannot be renewed; it is tried again");
            }
            Renewal::Unknown
        }
        Err(_) => {
            if held_before {
                tracing::warn!("the lease cannot be renewed: the database does not answer");
            }
            Renewal::Unknown
        }
    };
    duty.renewed(renewal, sent, common.clock.now().steady);
    if let (Renewal::Held, Some(until), Some(fence)) =
        (renewal, duty.until(), &*common.term.borrow())
    {
        fence.extend(until);
        if !held_before {
            tracing::warn!(epoch, "the lease was over and is held again; nobody else had it");
        }
    }
}

/// From here on nothing is done in the name of this epoch.
fn resign(common: &Arc<Common>, epoch: i64) {
    let fence = common.term.send_replace(None);
    if let Some(fence) = fence {
        fence.end();
    }
    tracing::warn!(node = common.me.node, epoch, "this server leads no more and stands by");
    common.wake_look.notify_one();
    release(common, epoch);
}

/// Gives the lease up, should it still be ours; nobody waits for that.
fn release(common: &Arc<Common>, epoch: i64) {
    let common = Arc::clone(common);
    tokio::spawn(async move {
        let released = common.store.release_lease(&common.me.owner, epoch);
        if matches!(timeout(PATIENCE, released).await, Ok(Ok(()))) {
            let _ = timeout(PATIENCE, common.store.wake_members("free")).await;
        }
    });
}

fn wake(common: &Arc<Common>) {
    let common = Arc::clone(common);
    tokio::spawn(async move {
        let _ = timeout(PATIENCE, common.store.wake_members("taken")).await;
    });
}

/// Leaves in order: the next one need not wait for the lease to run out.
pub(super) async fn leave(common: &Common) {
    let fence = common.term.send_replace(None);
    let left = async {
        if let Some(fence) = fence {
            fence.end();
            common.store.release_lease(&common.me.owner, fence.epoch()).await?;
        }
        common.store.member_left(&common.me).await?;
        common.store.wake_members("free").await
    };
    match timeout(PATIENCE, left).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the other servers were not told of the end"),
        Err(_) => tracing::warn!("the other servers were not told of the end in time"),
    }
}
