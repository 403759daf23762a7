//! The engines that a console can go to with `:ctx`, and the way there.
//!
//! In: a name. Out: another engine with what it says first, or why there is none; the old one is
//! followed until then.
//! Never: knows how an engine is reached; who started the console does.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::mpsc::Sender;
use tokio::task::JoinHandle;

use crate::backend::{Backend, Watch};
use crate::protocol::{Actor, Event};

/// The name of the engine that a console began with, when that is on this machine.
pub const LOCAL: &str = "local";
/// Most events of a picture that are awaited before it is shown: some screens of the worst.
const FIRST: usize = 2000;
/// How long they are awaited.
const PATIENCE: Duration = Duration::from_secs(10);

/// An engine, and who we are there.
#[derive(Clone, Debug)]
pub struct Place {
    /// The engine.
    pub backend: Backend,
    /// Who sits here and shows it.
    pub seat: Seat,
}

/// Who sits at an engine.
#[derive(Clone, Debug, PartialEq)]
pub struct Seat {
    /// Who sits here, in its words.
    pub actor: Actor,
    /// What the screen calls it, when it is elsewhere.
    pub remote: Option<String>,
}

/// How a place is entered.
pub type Enter = Arc<dyn Fn(String) -> BoxFuture<'static, Result<Place, String>> + Send + Sync>;

/// The places that a console can go to.
#[derive(Clone)]
pub struct Places {
    /// Their names.
    pub names: BTreeSet<String>,
    /// How one is entered; why not is a sentence.
    pub enter: Enter,
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Places").field("names", &self.names).finish_non_exhaustive()
    }
}

/// A way that somebody is on; given up when dropped.
#[derive(Debug)]
pub struct Journey(JoinHandle<()>);

impl Drop for Journey {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What came of a way.
#[derive(Debug)]
pub struct Arrival {
    /// Which way it was.
    pub number: u64,
    /// The place, or why it is not reached.
    pub there: Result<There, String>,
}

/// A place that was reached.
#[derive(Debug)]
pub struct There {
    /// The place.
    pub place: Place,
    /// What its engine said first.
    pub first: Vec<Arc<Event>>,
    /// What it says then.
    pub rest: Watch,
}

impl Journey {
    /// Sets out; what comes of it is told once.
    pub fn begin(enter: &Enter, name: String, number: u64, told: Sender<Arrival>) -> Self {
        let entered = enter(name);
        Self(tokio::spawn(async move {
            let there = arrive(entered).await;
            // The console may have been left meanwhile.
            let _ = told.send(Arrival { number, there }).await;
        }))
    }
}

async fn arrive(entered: BoxFuture<'static, Result<Place, String>>) -> Result<There, String> {
    let place = entered.await?;
    let opened = place.backend.watch(place.seat.actor.clone()).await;
    let mut rest = opened.map_err(|problem| problem.to_string())?;
    let mut first = Vec::new();
    let reading = async {
        while first.len() < FIRST {
            let Some(event) = rest.next().await else { return false };
            let whole = matches!(*event, Event::Ready);
            first.push(event);
            if whole {
                break;
            }
        }
        true
    };
    // A slow line shows what has come by then.
    let came = tokio::time::timeout(PATIENCE, reading).await.unwrap_or(true);
    if came && matches!(first.first().map(|event| &**event), Some(Event::Hello { .. })) {
        Ok(There { place, first, rest })
    } else {
        Err("the engine there says nothing".to_owned())
    }
}
