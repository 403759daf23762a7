//! The time with one server: what it says, what it is sent. Three calls at most are under way, one of
//! each: live results, late ones, a heartbeat.

use tokio_util::task::AbortOnDropHandle;

use super::link::{Said, request};
use super::post::Post;
use super::remote::{Office, doubled, sleep_until};
use crate::backend::{Backend, Watch};
use crate::clock::Clock;
use crate::model::{Now, Span, Steady};
use crate::protocol::work::{BEAT, Directives};
use crate::protocol::{Command, Event, Outcome, Problem, ProblemKind};

/// How the time with a server ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// The agent stops.
    Stopped,
    /// The server is away, or lets us in no more.
    Lost(Problem),
}

/// One kind of call: one under way, the next after a pause when it failed.
#[derive(Debug, Default)]
struct Line {
    call: Option<AbortOnDropHandle<Result<Outcome, Problem>>>,
    begun: Steady,
    failed: u32,
    /// Nothing is sent before.
    not_before: Option<Steady>,
}

impl Line {
    fn is_free(&self, now: Steady) -> bool {
        self.call.is_none() && self.not_before.is_none_or(|at| at <= now)
    }

    /// When it is free again by time alone.
    fn wakes(&self, now: Steady) -> Option<Steady> {
        self.not_before.filter(|at| self.call.is_none() && *at > now)
    }

    fn call(&mut self, backend: &Backend, clock: &Clock, command: Command) {
        let (backend, request) = (backend.clone(), request(clock, command));
        let call = tokio::spawn(async move { backend.execute(request).await });
        (self.call, self.begun) = (Some(AbortOnDropHandle::new(call)), clock.now().steady);
    }

    /// The answer. May be cancelled at any time without loss.
    async fn answer(&mut self) -> Result<Outcome, Problem> {
        let answer = match self.call.as_mut() {
            Some(call) => call.await,
            None => std::future::pending().await,
        };
        self.call = None;
        answer.unwrap_or_else(|error| {
            Err(Problem::internal(format!("a call failed inside: {error}")))
        })
    }

    fn went_well(&mut self) {
        (self.failed, self.not_before) = (0, None);
    }

    fn pause(&mut self, now: Steady) {
        self.not_before = Some(now + doubled(self.failed));
        self.failed = self.failed.saturating_add(1);
    }
}

/// The calls to one server.
#[derive(Debug, Default)]
struct Lines {
    live: Line,
    late: Line,
    beat: Line,
    next_beat: Steady,
    rtt: Option<Span>,
}

/// Which call was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Live,
    Late,
    Beat,
}

impl Lines {
    /// Sends what can be sent: live results before late ones.
    fn pump(&mut self, post: &mut Post, backend: &Backend, clock: &Clock) {
        let now = clock.now();
        if self.live.is_free(now.steady)
            && let Some(report) = post.live()
        {
            self.live.call(backend, clock, Command::Report(report));
        }
        let waits = post.has_live() && self.live.call.is_none();
        if !waits
            && self.late.is_free(now.steady)
            && let Some(report) = post.late(now.steady)
        {
            self.late.call(backend, clock, Command::Report(report));
        }
        if self.beat.call.is_none() && self.next_beat <= now.steady {
            self.next_beat = now.steady + BEAT;
            self.beat.call(backend, clock, Command::Beat(post.beat(self.rtt, now)));
        }
    }

    fn wakes(&self, now: Steady) -> Option<Steady> {
        let beat = self.beat.call.is_none().then_some(self.next_beat);
        let lines = [self.live.wakes(now), self.late.wakes(now), beat];
        lines.into_iter().flatten().min()
    }

    async fn answer(&mut self) -> (Which, Result<Outcome, Problem>) {
        tokio::select! {
            answer = self.live.answer() => (Which::Live, answer),
            answer = self.late.answer() => (Which::Late, answer),
            answer = self.beat.answer() => (Which::Beat, answer),
        }
    }

    /// Takes an answer: the directives in it, or that the server is lost.
    fn settle(
        &mut self,
        (which, answer): (Which, Result<Outcome, Problem>),
        post: &mut Post,
        now: Now,
    ) -> Result<Option<Directives>, Problem> {
        let line = match which {
            Which::Live => &mut self.live,
            Which::Late => &mut self.late,
            Which::Beat => &mut self.beat,
        };
        let (directives, refused) = match answer {
            Ok(outcome) => {
                if which == Which::Beat {
                    self.rtt = Some(now.steady.since(line.begun));
                }
                let Outcome::Directives(directives) = outcome else { return Ok(None) };
                (Some(directives), false)
            }
            Err(problem) => match problem.kind {
                // It is there and cannot now: the same again, later.
                ProblemKind::Unavailable | ProblemKind::Internal => {
                    tracing::warn!(%problem, "the server takes nothing now");
                    line.pause(now.steady);
                    return Ok(None);
                }
                ProblemKind::Unreachable | ProblemKind::Unauthenticated | ProblemKind::Conflict => {
                    return Err(problem);
                }
                // Said again it would be refused again.
                _ => {
                    tracing::error!(%problem, "the server refused a message; it is not sent again");
                    (None, true)
                }
            },
        };
        line.went_well();
        match which {
            Which::Live => post.live_done(refused),
            Which::Late => post.late_done(refused),
            Which::Beat => {}
        }
        Ok(directives)
    }
}

impl Office {
    /// Listens and sends until the server is lost or the agent stops.
    pub(super) async fn session(&mut self, backend: &Backend, mut watch: Watch) -> Ended {
        let clock = self.clock.clone();
        let mut lines = Lines::default();
        let ended = loop {
            lines.pump(&mut self.post, backend, &clock);
            let now = clock.now().steady;
            let wake = [lines.wakes(now), self.post.next_store(), self.rolls.next_save()];
            tokio::select! {
                biased;
                batch = self.batches.recv() => {
                    let Some(batch) = batch else { break Ended::Stopped };
                    let open = lines.live.wakes(now).is_none();
                    self.post.take(batch, open, now);
                    self.say(Said::Free).await;
                }
                event = watch.next() => match event.as_deref() {
                    Some(Event::Directives(directives)) => {
                        if directives.tests.is_some() {
                            // They begin from the answer to a question whose age is known.
                            lines.next_beat = now;
                        }
                        self.obey((**directives).clone(), None).await;
                    }
                    Some(_) => {}
                    None => break Ended::Lost(Problem::unreachable("the server ended the stream")),
                },
                answer = lines.answer() => {
                    let asked = (answer.0 == Which::Beat).then_some(lines.beat.begun);
                    match lines.settle(answer, &mut self.post, clock.now()) {
                        Ok(Some(directives)) => self.obey(directives, asked).await,
                        Ok(None) => {}
                        Err(problem) => break Ended::Lost(problem),
                    }
                }
                () = sleep_until(&clock, wake.into_iter().flatten().min()) => {
                    self.post.tick(clock.now().steady);
                    self.rolls.tick(&self.keep, clock.now().steady);
                }
            }
        };
        if let Ended::Stopped = ended {
            self.last_words(&mut lines, backend).await;
        }
        self.post.closed(clock.now().steady);
        ended
    }

    async fn obey(&mut self, directives: Directives, asked: Option<Steady>) {
        let directives = self.rolls.take(directives, self.now().steady);
        if !directives.is_empty() {
            self.say(Said::Directives(directives, asked)).await;
        }
    }

    /// What is live is sent before the stop, as far as a few seconds allow.
    async fn last_words(&mut self, lines: &mut Lines, backend: &Backend) {
        let until = self.now().steady + Span::from_secs(3);
        let clock = self.clock.clone();
        while self.post.has_live() || lines.live.call.is_some() {
            let now = clock.now();
            if lines.live.is_free(now.steady)
                && let Some(report) = self.post.live()
            {
                lines.live.call(backend, &clock, Command::Report(report));
            }
            tokio::select! {
                answer = lines.live.answer() => {
                    let settled = lines.settle((Which::Live, answer), &mut self.post, clock.now());
                    if settled.is_err() || !lines.live.is_free(clock.now().steady) {
                        return;
                    }
                }
                () = clock.sleep_until(until) => return,
            }
        }
    }
}
