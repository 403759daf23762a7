//! The one lease of several servers on one PostgreSQL, by the clock of the database, and the fence
//! that keeps whoever lost it from writing.
//!
//! A fenced unit of work reads the lease `FOR KEY SHARE` before anything else. A take-over changes
//! the epoch, which stands in a unique index, and so waits for units of work that are under way;
//! one that begins later finds another epoch, and nothing of it is written. Renewals change only
//! `until` and disturb nobody.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::metered::Metered;
use super::tx::{Inner, Tx};
use super::{Database, Store, StoreError};
use crate::model::{Span, Steady};

/// Milliseconds of the database's clock, which moves on within a transaction.
macro_rules! now {
    () => {
        "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
    };
}
pub(super) use now;

const TAKE: &str = concat!(
    "UPDATE leases SET owner = $1, epoch = epoch + 1, until = ",
    now!(),
    " + $2 WHERE name = 'leader' AND until <= ",
    now!(),
    " RETURNING epoch"
);
const RENEW: &str = concat!(
    "UPDATE leases SET until = ",
    now!(),
    " + $3 WHERE name = 'leader' AND owner = $1 AND epoch = $2"
);
const RELEASE: &str =
    "UPDATE leases SET until = 0 WHERE name = 'leader' AND owner = $1 AND epoch = $2";
const FENCE: &str = "SELECT epoch FROM leases \
    WHERE name = 'leader' AND owner = $1 AND epoch = $2 FOR KEY SHARE";

/// What a server that leads may do, and until when. It ends for good: whoever leads again has
/// another one.
#[derive(Debug)]
pub struct Fence {
    owner: String,
    epoch: i64,
    /// On the steady clock, counted from before the last renewal was sent.
    until: AtomicI64,
    lost: CancellationToken,
    /// The lease is given back when the store is closed.
    borrowed: bool,
}

impl Fence {
    /// The fence of a lease that was taken.
    #[must_use]
    pub fn new(owner: &str, epoch: i64, until: Steady) -> Arc<Self> {
        let (until, lost) = (AtomicI64::new(until.millis()), CancellationToken::new());
        Arc::new(Self { owner: owner.to_owned(), epoch, until, lost, borrowed: false })
    }

    /// The epoch of the lease.
    #[must_use]
    pub const fn epoch(&self) -> i64 {
        self.epoch
    }

    /// The lease was renewed.
    pub fn extend(&self, until: Steady) {
        self.until.fetch_max(until.millis(), Ordering::AcqRel);
    }

    /// The lease is over: from now on nothing is written and nobody is told of anything.
    pub fn end(&self) {
        self.lost.cancel();
    }

    /// Cancelled when it is over.
    #[must_use]
    pub const fn lost(&self) -> &CancellationToken {
        &self.lost
    }

    /// Whether it holds at this moment.
    #[must_use]
    pub fn holds(&self, now: Steady) -> bool {
        !self.lost.is_cancelled() && now.millis() < self.until.load(Ordering::Acquire)
    }
}

impl Store {
    /// The same; each unit of work is refused unless the lease is still held.
    #[must_use]
    pub fn fenced(self, fence: Arc<Fence>) -> Self {
        Self { fence: Some(fence), ..self }
    }

    /// The same for one command that needs the database to itself: it has the lease until it closes
    /// the store, or the time is over, and does nothing to the outside. `None` while a server leads.
    ///
    /// # Errors
    /// As [`Self::take_lease`].
    pub async fn borrowed(self, owner: &str, ttl: Span) -> Result<Option<Self>, StoreError> {
        let Some(epoch) = self.take_lease(owner, ttl).await? else { return Ok(None) };
        let (until, lost) = (AtomicI64::new(i64::MIN), CancellationToken::new());
        let fence = Fence { owner: owner.to_owned(), epoch, until, lost, borrowed: true };
        Ok(Some(self.fenced(Arc::new(fence))))
    }

    /// Gives back what was borrowed.
    pub(super) async fn give_back(&self) {
        let Some(fence) = self.fence.as_ref().filter(|fence| fence.borrowed) else { return };
        fence.end();
        let given = async {
            self.release_lease(&fence.owner, fence.epoch).await?;
            self.wake_members("free").await
        };
        if let Err(error) = given.await {
            tracing::debug!(%error, "the lease runs out by itself");
        }
    }

    /// Whether something may be done to the outside in the name of this store now.
    #[must_use]
    pub fn may_act(&self, now: Steady) -> bool {
        self.fence.as_ref().is_none_or(|fence| fence.holds(now))
    }

    /// Takes the lease when it is free; gives its epoch.
    ///
    /// # Errors
    /// When the database does not take it, or is not PostgreSQL.
    pub async fn take_lease(&self, owner: &str, ttl: Span) -> Result<Option<i64>, StoreError> {
        let query = sqlx::query_scalar(TAKE).bind(owner).bind(whole(ttl));
        self.ok(query.fetch_optional(self.postgres()?).await)
    }

    /// Holds the lease for another while; `false` when it is another server's.
    ///
    /// # Errors
    /// As [`Self::take_lease`].
    pub async fn renew_lease(
        &self,
        owner: &str,
        epoch: i64,
        ttl: Span,
    ) -> Result<bool, StoreError> {
        let query = sqlx::query(RENEW).bind(owner).bind(epoch).bind(whole(ttl));
        Ok(self.ok(query.execute(self.postgres()?).await)?.rows_affected() == 1)
    }

    /// Gives the lease up, if it is still held.
    ///
    /// # Errors
    /// As [`Self::take_lease`].
    pub async fn release_lease(&self, owner: &str, epoch: i64) -> Result<(), StoreError> {
        let query = sqlx::query(RELEASE).bind(owner).bind(epoch);
        self.ok(query.execute(self.postgres()?).await.map(drop))
    }

    /// Refuses a unit of work whose server leads no more.
    pub(super) fn before_write(&self) -> Result<(), StoreError> {
        match &self.fence {
            Some(fence) if fence.lost.is_cancelled() => Err(StoreError::Deposed),
            _ => Ok(()),
        }
    }

    /// The first statement of a fenced unit of work.
    pub(super) async fn check_fence(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let Some(fence) = &self.fence else { return Ok(()) };
        // There is no lease on SQLite: its directory is locked.
        let Inner::Postgres(held) = &mut tx.inner else { return Ok(()) };
        let Some(connection) = held.get() else { return Err(StoreError::Deposed) };
        let connection = Metered::new(connection, &self.meters);
        let query = sqlx::query_scalar(FENCE).bind(&fence.owner).bind(fence.epoch);
        let found: Option<i64> = self.ok(query.fetch_optional(connection).await)?;
        if found.is_none() {
            fence.end();
            return Err(StoreError::Deposed);
        }
        Ok(())
    }

    /// The pool of PostgreSQL.
    pub(super) fn postgres(&self) -> Result<&PgPool, StoreError> {
        match &self.database {
            Database::Postgres(pool) => Ok(pool),
            Database::Sqlite { .. } => {
                Err(StoreError::Internal("several servers were to share a file".to_owned()))
            }
        }
    }
}

fn whole(span: Span) -> i64 {
    i64::try_from(span.millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_holds_until_its_time_and_never_again_after_its_end() {
        let at = Steady::from_millis;
        let fence = Fence::new("a", 1, at(100));
        assert!(fence.holds(at(99)) && !fence.holds(at(100)));
        fence.extend(at(200));
        fence.extend(at(150));
        assert!(fence.holds(at(199)), "it is never shortened");
        fence.end();
        fence.extend(at(1000));
        assert!(!fence.holds(at(0)) && fence.lost().is_cancelled());
    }
}
