//! What the servers of one database share beside the store: the key of sessions, by which they also
//! vouch to each other for the requests that they pass on.

use std::fmt;
use std::sync::Arc;

use super::gate::accounts;
use super::handle::Handle;
pub use crate::auth::Origin;
use crate::auth::{self, Key};
use crate::clock::Clock;
use crate::protocol::Problem;
use crate::store::{Store, StoreError};

/// Under which the key stands in the database.
const KEY: &str = "session_key";

/// The key of all servers on one database; shown by nothing.
#[derive(Clone)]
pub struct SharedKey(pub(super) Arc<Key>);

impl fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedKey")
    }
}

impl SharedKey {
    /// The key that the servers of this database agreed on; the first one makes it.
    ///
    /// # Errors
    /// When the database cannot be used, or what stands there is no key.
    pub async fn of(store: &Store) -> Result<Self, Problem> {
        let unavailable = |error: StoreError| Problem::unavailable(error.to_string());
        let text = store.agreed(KEY, &Key::proposal()).await.map_err(unavailable)?;
        let key = Key::shared(&text).map_err(|error| Problem::unavailable(error.to_string()))?;
        Ok(Self(Arc::new(key)))
    }
}

impl Handle {
    /// Lets in who has an account now. For a server that stands by, which has no engine to say so.
    ///
    /// # Errors
    /// The store's; then those are let in who were before.
    pub async fn let_in(&self, store: &Store, clock: &Clock) -> Result<(), StoreError> {
        let agents = store.agents().await?;
        self.gate.open(accounts(store, &agents).await?, clock.clone());
        Ok(())
    }

    /// What the server `node` says to another one about a request that it passes on.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn vouch(&self, node: &str, from: Origin) -> Result<String, Problem> {
        let (key, now) = self.gate.member()?;
        auth::vouch(key, node, from, now).map_err(Problem::internal)
    }

    /// Where a request came from, when a member vouches for it.
    #[must_use]
    pub fn vouched(&self, word: &str) -> Option<Origin> {
        let (key, now) = self.gate.member().ok()?;
        auth::vouched(key, word, now)
    }
}
