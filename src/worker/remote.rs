//! An agent: the worker whose servers come and go.
//!
//! The probes go on whatever becomes of the servers. A task of its own keeps the link: it asks for
//! the checks, listens, sends, and while no server answers it lets results wait and tries again.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::keep::{Identity, Keep};
use super::link::{Link, Said, request};
use super::outlet::{Batch, Outlet};
use super::post::Post;
use super::roll::Rolls;
use super::run::Probes;
use super::session::Ended;
use super::source::Source;
use super::spool::{Limits, Spool};
use crate::backend::{Backend, Watch};
use crate::clock::Clock;
use crate::model::{Now, SafeText, Span, Steady};
use crate::protocol::work::{Assignment, Claim, PROTOCOL};
use crate::protocol::{Actor, Command, Outcome, Problem, ProblemKind};

/// The first pause after nobody answered or took anything, and the longest.
const PAUSE: Span = Span::from_secs(1);
const LONGEST: Span = Span::from_secs(30);
/// The pause while another agent uses the key.
const TAKEN: Span = Span::from_secs(30);
/// The pause when server and agent do not speak the same.
const MISFIT: Span = Span::from_secs(60);
/// How long a stop waits for what is on its way into the spool.
const CLOSE: Duration = Duration::from_secs(8);

/// What an agent needs.
#[derive(Debug)]
pub struct Agent {
    /// The ways to the servers; any of them will do.
    pub servers: Vec<Backend>,
    /// Its data directory.
    pub keep: Keep,
    /// Who it is.
    pub identity: Identity,
    /// Where it is, as it says itself.
    pub location: SafeText,
    /// The machine's name.
    pub machine: SafeText,
    /// The number of the machine's boot.
    pub machine_boot: u32,
    /// How much may wait while no server answers.
    pub limits: Limits,
    /// What answers its checks.
    pub source: Source,
    /// Time.
    pub clock: Clock,
    /// Runs at once at most.
    pub at_once: usize,
}

/// Runs an agent until `stop`.
///
/// # Errors
/// `Unauthenticated` when no server knows its key any more; `Internal` when its data directory
/// cannot be used.
pub async fn run_agent(agent: Agent, stop: CancellationToken) -> Result<(), Problem> {
    let Agent {
        servers,
        keep,
        identity,
        location,
        machine,
        machine_boot,
        limits,
        source,
        clock,
        at_once,
    } = agent;
    let spool = keep.spool();
    let opened = Spool::open(&spool, limits, machine_boot, clock.now().steady);
    let opened = opened.map_err(|error| {
        Problem::internal(format!("the folder of waiting results {}: {error}", spool.display()))
    })?;
    let boot = rand::random::<u64>() >> 1;
    let claim = Claim {
        boot,
        life: identity.life,
        sent_at: None,
        protocol: PROTOCOL,
        location,
        machine,
        version: SafeText::line(env!("CARGO_PKG_VERSION")),
    };
    let mut probes = Probes::new(source, clock.clone(), at_once);
    let rolls = Rolls::open(&keep, &identity.name);
    if let Some((assignments, pause)) = rolls.kept() {
        tracing::info!(
            "{} checks of the last time go on until a server answers",
            assignments.len()
        );
        probes.obey_all(assignments, pause);
    }
    let (out, said) = mpsc::channel(64);
    let (batch_out, batches) = mpsc::channel(1);
    let post = Post::new(boot, opened);
    let office =
        Office { servers, at: 0, clock, keep, identity, claim, rolls, post, said: out, batches };
    let task = tokio::spawn(office.run());
    let remote = Remote { said, batches: batch_out, is_free: true, task };
    probes.turn(Link::Remote(remote), stop).await
}

/// The probes' end of the link.
#[derive(Debug)]
pub(super) struct Remote {
    said: mpsc::Receiver<Said>,
    batches: mpsc::Sender<Batch>,
    is_free: bool,
    task: JoinHandle<Result<(), Problem>>,
}

impl Remote {
    pub(super) const fn is_free(&self) -> bool {
        self.is_free
    }

    pub(super) fn send(&mut self, batch: Batch) {
        // There is room for one, and the next goes when this one was taken.
        self.is_free = self.batches.try_send(batch).is_err();
    }

    pub(super) async fn next(&mut self) -> Said {
        let said = self.said.recv().await.unwrap_or(Said::Ended);
        if matches!(said, Said::Free) {
            self.is_free = true;
        }
        said
    }

    pub(super) async fn close(self, mut outlet: Outlet, now: Steady) -> Result<(), Problem> {
        let Self { said, batches, task, .. } = self;
        drop(said);
        while outlet.is_waiting() && batches.send(outlet.take(now)).await.is_ok() {}
        drop(batches);
        match tokio::time::timeout(CLOSE, task).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(error)) => Err(Problem::internal(format!("the link failed inside: {error}"))),
            Err(_) => Err(Problem::internal("what waits was not kept within 8 s")),
        }
    }
}

/// The servers' end of the link.
pub(super) struct Office {
    pub(super) servers: Vec<Backend>,
    /// The server whose turn it is.
    pub(super) at: usize,
    pub(super) clock: Clock,
    pub(super) keep: Keep,
    pub(super) identity: Identity,
    pub(super) claim: Claim,
    pub(super) rolls: Rolls,
    pub(super) post: Post,
    pub(super) said: mpsc::Sender<Said>,
    pub(super) batches: mpsc::Receiver<Batch>,
}

/// A server that gave work.
pub(super) struct Opened {
    pub(super) backend: Backend,
    pub(super) watch: Watch,
    assignments: Vec<Assignment>,
    life: u64,
    pause: bool,
}

impl Office {
    async fn run(mut self) -> Result<(), Problem> {
        let mut failed: u32 = 0;
        loop {
            let Some(tried) = self.try_next().await else { break };
            let why = match tried {
                Ok(opened) => {
                    failed = 0;
                    let (backend, watch) = self.settle(opened).await;
                    match self.session(&backend, watch).await {
                        Ended::Stopped => break,
                        Ended::Lost(why) => why,
                    }
                }
                Err(problem) if problem.kind == ProblemKind::Unauthenticated => {
                    self.finish();
                    return Err(problem);
                }
                Err(problem) => problem,
            };
            self.at = self.at.wrapping_add(1);
            failed = failed.saturating_add(1);
            let pause = pause_after(why.kind, failed, self.servers.len(), rand::random());
            tracing::warn!(problem = %why, "no server; checks go on, tried again in {pause}");
            if !self.wait(pause).await {
                break;
            }
        }
        self.finish();
        Ok(())
    }

    /// Asks the next server for work; `None` when the agent stops. What the probes find meanwhile
    /// waits.
    async fn try_next(&mut self) -> Option<Result<Opened, Problem>> {
        let at = self.at.checked_rem(self.servers.len()).unwrap_or(0);
        let Some(backend) = self.servers.get(at).cloned() else {
            return Some(Err(Problem::invalid("there is no server to ask")));
        };
        let sent_at = Some(self.clock.now().wall);
        let claim = Claim { sent_at, ..self.claim.clone() };
        let claim = request(&self.clock, Command::Claim(claim));
        let asking = AbortOnDropHandle::new(tokio::spawn(open(backend, claim)));
        let mut asking = std::pin::pin!(asking);
        loop {
            let store = self.post.next_store();
            tokio::select! {
                batch = self.batches.recv() => self.take_away(batch?).await,
                () = sleep_until(&self.clock, store) => self.tick(),
                opened = &mut asking => return Some(opened.unwrap_or_else(|error| {
                    Err(Problem::internal(format!("asking for work failed inside: {error}")))
                })),
            }
        }
    }

    /// Waits; false when the agent stops.
    async fn wait(&mut self, pause: Span) -> bool {
        let until = self.clock.now().steady + pause;
        loop {
            let store = self.post.next_store();
            tokio::select! {
                batch = self.batches.recv() => match batch {
                    Some(batch) => self.take_away(batch).await,
                    None => return false,
                },
                () = sleep_until(&self.clock, store) => self.tick(),
                () = self.clock.sleep_until(until) => return true,
            }
        }
    }

    async fn take_away(&mut self, batch: Batch) {
        self.post.take(batch, false, self.clock.now().steady);
        self.say(Said::Free).await;
    }

    fn tick(&mut self) {
        self.post.tick(self.clock.now().steady);
    }

    /// Takes over what a server gave.
    async fn settle(&mut self, opened: Opened) -> (Backend, Watch) {
        let Opened { backend, watch, assignments, life, pause } = opened;
        self.claim.life = life;
        if self.identity.life != life {
            self.identity.life = life;
            if let Err(why) = self.keep.put_identity(&self.identity) {
                tracing::error!(
                    "{why}; after the next start the server will take this agent for \
                    a copy of itself"
                );
            }
        }
        let (assignments, renumbered) = self.rolls.take_all(assignments, pause);
        self.post.opened(&renumbered, self.clock.now().steady);
        tracing::info!("a server gave {} checks", assignments.len());
        self.rolls.save(&self.keep);
        self.say(Said::Assigned { assignments, pause }).await;
        (backend, watch)
    }

    /// Tells the probes. When they are gone, so is this task soon.
    pub(super) async fn say(&self, said: Said) {
        let _ = self.said.send(said).await;
    }

    pub(super) fn now(&self) -> Now {
        self.clock.now()
    }

    /// Keeps what the next start needs.
    fn finish(&mut self) {
        while let Ok(batch) = self.batches.try_recv() {
            self.post.take(batch, false, self.clock.now().steady);
        }
        self.post.keep(self.clock.now().steady);
        self.rolls.save(&self.keep);
    }
}

async fn open(backend: Backend, claim: crate::protocol::Request) -> Result<Opened, Problem> {
    // Listening first: what changes after the list was made is heard.
    let watch = backend.watch(Actor::Worker).await?;
    match backend.execute(claim).await? {
        Outcome::Assigned { assignments, life, pause, .. } => {
            Ok(Opened { backend, watch, assignments, life, pause })
        }
        _ => Err(Problem::internal("the server answered a claim with something else")),
    }
}

/// Sleeps until a moment that there may be.
pub(super) async fn sleep_until(clock: &Clock, at: Option<Steady>) {
    match at {
        Some(at) => clock.sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// [`PAUSE`], twice as long after each of `rounds`, up to [`LONGEST`].
pub(super) fn doubled(rounds: u32) -> Span {
    Span::from_millis((PAUSE.millis() << rounds.min(8)).min(LONGEST.millis()))
}

/// The pause after `failed` tries in a row: none within a round over the servers, then twice as
/// long after each round, between a half and the whole of it by chance, so that a thousand agents do
/// not come back at once.
fn pause_after(kind: ProblemKind, failed: u32, servers: usize, chance: u32) -> Span {
    match kind {
        ProblemKind::Conflict => return TAKEN,
        ProblemKind::Invalid => return MISFIT,
        _ => {}
    }
    let servers = u32::try_from(servers).unwrap_or(u32::MAX).max(1);
    if !failed.is_multiple_of(servers) {
        return Span::ZERO;
    }
    let whole = doubled((failed / servers).saturating_sub(1)).millis();
    Span::from_millis(whole / 2 + u64::from(chance) * whole / 2 / u64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fs_06_the_pause_grows_to_half_a_minute_and_other_servers_are_asked_at_once() {
        let kind = ProblemKind::Unreachable;
        let whole = |failed| pause_after(kind, failed, 1, u32::MAX).millis();
        assert_eq!([1, 2, 3, 4, 5, 6, 100].map(whole), [1, 2, 4, 8, 16, 30, 30].map(|s| s * 1000));
        assert_eq!(pause_after(kind, 6, 1, 0), Span::from_secs(15));
        let three =
            [1, 2, 3, 4, 5, 6].map(|failed| pause_after(kind, failed, 3, u32::MAX).millis());
        assert_eq!(three, [0, 0, 1000, 0, 0, 2000]);
    }

    #[test]
    fn t9_a_key_that_is_in_use_and_another_protocol_are_not_asked_for_all_the_time() {
        assert_eq!(pause_after(ProblemKind::Conflict, 1, 2, 0), TAKEN);
        assert_eq!(pause_after(ProblemKind::Invalid, 1, 2, 0), MISFIT);
    }
}
