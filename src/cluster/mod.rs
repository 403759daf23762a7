//! Several servers on one `PostgreSQL`: which of them leads, and who the others are.
//!
//! In: the store with its one lease, this server's name and address, a clock.
//! Out: [`Terms`], in which this server leads, and a [`View`] of all servers.
//! Never: judges a check, passes a request on, starts or stops an engine; whoever does is told.
//!
//! One server judges at a time: the holder of the lease `leader`. It runs the engine as one that
//! stands alone does; the others take every request and pass it on, and take over when it dies. So
//! the judgement stays one task that owns its state, and nothing that is proven of it changes; that
//! no two of them write is the fence's business (`store::Fence`). Checks in shards over all servers
//! would spread the probes, which cost little, and would have every server share the state of every
//! alert, which is where the proofs are.
//!
//! | what | where |
//! |---|---|
//! | when to take, renew and give up the lease, as a pure state machine | `duty` |
//! | doing so, within the database's patience | `election` |
//! | who is there, said and seen | `look` |

mod duty;
mod election;
mod look;

use std::sync::Arc;

use tokio::sync::{Notify, watch};

use crate::clock::Clock;
use crate::model::{Span, Steady};
use crate::store::{Fence, Member, Store};

/// How long the lease holds without being renewed.
pub const TTL: Span = Span::from_secs(6);
/// How long one answer of the database is waited for.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

/// The server that leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leader {
    /// Its name.
    pub node: String,
    /// Where it is reached.
    pub url: String,
    /// Which of its times it is.
    pub epoch: i64,
}

/// What this server knows of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The leader, this one or another; `None` when there is none.
    pub leader: Option<Leader>,
    /// Whether that is this one.
    pub leads: bool,
    /// The others that were seen within a day and did not leave.
    pub peers: usize,
    /// Those of them that were seen just now.
    pub reachable: usize,
    /// Why the database did not answer the last time.
    pub trouble: Option<&'static str>,
}

impl View {
    /// The leader, when it is another server.
    #[must_use]
    pub fn elsewhere(&self) -> Option<&Leader> {
        self.leader.as_ref().filter(|_| !self.leads)
    }
}

/// The time in which this server leads, or nothing.
pub type Terms = watch::Receiver<Option<Arc<Fence>>>;

/// What the parts of a membership share.
#[derive(Debug)]
struct Common {
    store: Store,
    me: Member,
    version: &'static str,
    clock: Clock,
    term: watch::Sender<Option<Arc<Fence>>>,
    view: watch::Sender<View>,
    /// When the lease that another one holds is over.
    free_at: watch::Sender<Option<Steady>>,
    /// Something has changed: look again.
    wake_election: Notify,
    wake_look: Notify,
}

/// This server as one of several.
#[derive(Clone, Debug)]
pub struct Membership(Arc<Common>);

impl Membership {
    /// One that has not yet asked for anything.
    #[must_use]
    pub fn new(store: Store, me: Member, version: &'static str, clock: Clock) -> Self {
        Self(Arc::new(Common {
            store,
            me,
            version,
            clock,
            term: watch::Sender::new(None),
            view: watch::Sender::default(),
            free_at: watch::Sender::default(),
            wake_election: Notify::new(),
            wake_look: Notify::new(),
        }))
    }

    /// When this server leads.
    #[must_use]
    pub fn terms(&self) -> Terms {
        self.0.term.subscribe()
    }

    /// What it knows.
    #[must_use]
    pub fn view(&self) -> watch::Receiver<View> {
        self.0.view.subscribe()
    }

    /// Its name.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.0.me.node
    }

    /// Takes part until `stop`; then gives up what it holds and says that it leaves.
    pub async fn run(self, stop: tokio_util::sync::CancellationToken) {
        tokio::join!(
            election::run(&self.0, &stop),
            look::run(&self.0, &stop),
            look::hear(&self.0, &stop),
        );
        election::leave(&self.0).await;
    }
}
