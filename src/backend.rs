//! Where the engine is: in this process, or behind a socket.
//!
//! In: requests, queries, wishes to watch.
//! Out: what the engine says, the same from both places.
//! Never: does more than forward.

use std::sync::Arc;

pub use crate::client::Undone;
use crate::client::{Client, Events};
use crate::engine::{Handle, Watcher};
use crate::protocol::event::Mark;
use crate::protocol::{Actor, Answer, Event, Outcome, Problem, Query, Request};

/// An engine, wherever it is; cheap to clone.
#[derive(Clone, Debug)]
pub enum Backend {
    /// In this process.
    Local(Handle),
    /// In another process. The actor is the one that the client was made for: of the actors of
    /// the calls only a lower role travels, with commands.
    Remote(Client),
}

impl Backend {
    /// Has a command done.
    ///
    /// # Errors
    /// The engine's problem, or `Unavailable` when there is no engine any more.
    pub async fn execute(&self, request: Request) -> Result<Outcome, Problem> {
        match self {
            Self::Local(handle) => handle.execute(request).await,
            Self::Remote(client) => client.execute(&request).await,
        }
    }

    /// Has a command done; where nothing came of it, says whether it may have gone out.
    ///
    /// # Errors
    /// As [`Self::execute`].
    pub async fn deliver(&self, request: Request) -> Result<Outcome, Undone> {
        match self {
            Self::Local(handle) => {
                handle.execute(request).await.map_err(|problem| Undone { problem, sent: true })
            }
            Self::Remote(client) => client.deliver(&request).await,
        }
    }

    /// Has a query answered.
    ///
    /// # Errors
    /// As [`Self::execute`].
    pub async fn query(&self, actor: Actor, query: Query) -> Result<Answer, Problem> {
        match self {
            Self::Local(handle) => handle.query(actor, query).await,
            Self::Remote(client) => client.query(&query).await,
        }
    }

    /// A stream of what changes; where it can, it goes on after a place of an earlier one.
    ///
    /// # Errors
    /// As [`Self::execute`].
    pub async fn watch_from(&self, actor: Actor, after: Option<Mark>) -> Result<Watch, Problem> {
        match (self, after) {
            (_, None) => self.watch(actor).await,
            (Self::Local(handle), Some(mark)) => handle.resume(actor, mark).await.map(Watch::Local),
            (Self::Remote(client), Some(mark)) => {
                client.watch_from(Some(mark)).await.map(Watch::Remote)
            }
        }
    }

    /// A stream of what changes, beginning with the present picture.
    ///
    /// # Errors
    /// As [`Self::execute`].
    pub async fn watch(&self, actor: Actor) -> Result<Watch, Problem> {
        match self {
            Self::Local(handle) => handle.watch(actor).await.map(Watch::Local),
            Self::Remote(client) => client.watch().await.map(Watch::Remote),
        }
    }
}

/// A stream of events from either place.
#[derive(Debug)]
pub enum Watch {
    /// From this process.
    Local(Watcher),
    /// From another process.
    Remote(Events),
}

impl Watch {
    /// The next event; `None` when the stream ended and must be opened again (the last event may
    /// have been [`Event::Resync`]). May be cancelled at any time without loss.
    pub async fn next(&mut self) -> Option<Arc<Event>> {
        match self {
            Self::Local(watcher) => watcher.next().await,
            Self::Remote(events) => events.next().await,
        }
    }

    /// An event that is there already.
    pub fn try_next(&mut self) -> Option<Arc<Event>> {
        match self {
            Self::Local(watcher) => watcher.try_next(),
            Self::Remote(events) => events.try_next(),
        }
    }
}
