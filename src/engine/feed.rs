//! The streams of events: who watches, what they look at, and who is too slow.
//!
//! Every stream has a bounded buffer. A watcher that does not keep up is told to start over and
//! loses its stream; nobody else waits for it.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use tokio::sync::mpsc;

use super::agents::Worker;
use super::handle::{EVENTS, Watcher};
use crate::meters::Meters;
use crate::model::{CheckKey, SafeText, Span, Steady};
use crate::protocol::event::{INTEREST_LIMIT, Interest, LiveCheck, LiveTrace, Mark, TraceRequest};
use crate::protocol::work::Directives;
use crate::protocol::{Actor, Event, Problem, World};

/// How long a live trace goes on after its last watcher looked away.
const LINGER: Span = Span::from_secs(15);
/// Most streams of people at once.
const STREAMS: usize = 256;
/// Most streams of one worker.
const OWN: usize = 8;
/// Most streams of workers at once.
const WORKERS: usize = 2 * super::agents::AGENTS;
/// Events that are kept for streams that come back: some minutes of a busy engine.
const KEPT: usize = 8192;

#[derive(Debug)]
struct Stream {
    out: mpsc::Sender<Arc<Event>>,
    interest: Interest,
    operator: SafeText,
    /// Whose, when it is a worker's.
    worker: Option<Worker>,
    lost: bool,
}

/// A path that is traced for streams.
#[derive(Debug, Default)]
struct Path {
    /// When it ends, once nobody looks at it.
    until: Option<Steady>,
    /// Its last frame, for who looks next: a path that cannot be traced has one frame only.
    last: Option<Arc<Event>>,
}

/// An event that a stream may have missed.
#[derive(Debug)]
struct Said {
    event: Arc<Event>,
    /// The operator whose streams it went to; `None` is everybody.
    operator: Option<SafeText>,
}

/// All streams.
#[derive(Debug, Default)]
pub struct Feed {
    /// Which run of the engine this is.
    run: i64,
    /// Events that were told, ever.
    told: u64,
    /// The last of them.
    kept: VecDeque<Said>,
    streams: BTreeMap<u64, Stream>,
    last: u64,
    /// The checks whose results somebody wants.
    followed: HashSet<CheckKey>,
    /// Those of them that somebody looks at whole.
    whole: HashSet<CheckKey>,
    traces: HashMap<TraceRequest, Path>,
    sent_traces: HashSet<TraceRequest>,
    sent_follow: HashSet<CheckKey>,
    meters: Arc<Meters>,
}

impl Feed {
    /// No streams yet; what is sent is counted, and `run` tells this run of the engine from others.
    #[must_use]
    pub fn of_run(run: i64, meters: Arc<Meters>) -> Self {
        Self { run, meters, ..Self::default() }
    }

    /// Open streams of people, topics that are looked at, topics of all streams together. What
    /// happens is a topic, as is each check and each path that somebody looks at.
    #[must_use]
    pub fn numbers(&self) -> (usize, usize, usize) {
        let open = self.streams.values().filter(|s| s.worker.is_none() && !s.out.is_closed());
        let (mut checks, mut paths) = (HashSet::new(), HashSet::new());
        let (mut streams, mut topics) = (0, 0);
        for Stream { interest, .. } in open {
            streams += 1;
            let both = interest.checks.len() + interest.rows.len();
            topics += 1 + both + usize::from(interest.trace.is_some());
            checks.extend(interest.checks.iter().chain(&interest.rows));
            paths.extend(&interest.trace);
        }
        (streams, usize::from(streams > 0) + checks.len() + paths.len(), topics)
    }

    /// A new stream that begins with the present picture.
    ///
    /// # Errors
    /// `Unavailable` when there are too many.
    pub fn watch(&mut self, actor: &Actor, world: &World) -> Result<Watcher, Problem> {
        self.full(actor)?;
        let worker = worker_of(actor).is_some();
        let hosts = if worker { 0 } else { world.host_count() };
        let mut picture = vec![Arc::new(Event::Hello { stream: self.last + 1, hosts })];
        if worker {
            // It knows nothing yet of what somebody looks at already.
            self.sent_traces.clear();
            self.sent_follow.clear();
        } else {
            picture.extend(world.snapshot().map(Arc::new));
        }
        picture.push(Arc::new(Event::Ready));
        Ok(self.open(actor, picture))
    }

    /// A new stream that goes on after `mark`, or begins anew when that is no longer known.
    ///
    /// # Errors
    /// As [`Self::watch`].
    pub fn resume(&mut self, actor: &Actor, mark: Mark, world: &World) -> Result<Watcher, Problem> {
        let missed = self.told.checked_sub(mark.seq).and_then(|count| usize::try_from(count).ok());
        let known = missed.filter(|count| mark.run == self.run && *count <= self.kept.len());
        let Some(missed) = known.filter(|_| worker_of(actor).is_none()) else {
            return self.watch(actor, world);
        };
        self.full(actor)?;
        let mut picture = vec![Arc::new(Event::Resumed { stream: self.last + 1 })];
        let name = actor.name();
        let mine = |said: &&Said| said.operator.as_ref().is_none_or(|one| *one == name);
        let missed = self.kept.iter().skip(self.kept.len() - missed).filter(mine);
        picture.extend(missed.map(|said| Arc::clone(&said.event)));
        Ok(self.open(actor, picture))
    }

    fn full(&self, actor: &Actor) -> Result<(), Problem> {
        let worker = worker_of(actor);
        let like = |stream: &&Stream| stream.worker.is_some() == worker.is_some();
        let (most, who) =
            if worker.is_some() { (WORKERS, "workers") } else { (STREAMS, "consoles") };
        if self.streams.values().filter(like).count() >= most {
            return Err(Problem::unavailable(format!("{most} {who} watch already")));
        }
        // One that comes back over and over leaves streams behind until they are noticed.
        let own = |stream: &&Stream| worker.is_some() && stream.worker == worker;
        if self.streams.values().filter(own).count() >= OWN {
            return Err(Problem::unavailable(format!("this worker watches {OWN} times already")));
        }
        Ok(())
    }

    fn open(&mut self, actor: &Actor, mut picture: Vec<Arc<Event>>) -> Watcher {
        self.last += 1;
        let (out, changes) = mpsc::channel(EVENTS);
        let worker = worker_of(actor);
        if worker.is_none() {
            picture.push(Arc::new(Event::Mark(self.mark())));
        }
        let interest = Interest::default();
        if worker.is_none() {
            let stream = self.last;
            tracing::info!(stream, operator = %actor.name(), "realtime connection opened");
            self.meters.realtime.sent("picture", 1);
        }
        let stream = Stream { out, interest, operator: actor.name(), worker, lost: false };
        self.streams.insert(self.last, stream);
        Watcher::new(picture, changes)
    }

    fn mark(&self) -> Mark {
        Mark { run: self.run, seq: self.told }
    }

    /// Keeps an event for streams that come back.
    fn keep(&mut self, event: &Arc<Event>, operator: Option<SafeText>) {
        self.told += 1;
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(Said { event: Arc::clone(event), operator });
    }

    /// Sets what a stream looks at; gives what it looked at before.
    ///
    /// # Errors
    /// `NotFound` for a stream that is gone, `Invalid` for too long a list.
    pub fn look(
        &mut self,
        stream: u64,
        interest: Interest,
        now: Steady,
    ) -> Result<Interest, Problem> {
        if interest.checks.len().max(interest.rows.len()) > INTEREST_LIMIT {
            return Err(Problem::invalid(format!(
                "a stream looks at {INTEREST_LIMIT} checks at most"
            )));
        }
        let Some(entry) = self.streams.get_mut(&stream) else {
            return Err(Problem::not_found(format!("there is no stream {stream}; watch again")));
        };
        let before = std::mem::replace(&mut entry.interest, interest);
        let (out, trace) = (entry.out.clone(), entry.interest.trace.clone());
        self.recount(now);
        let path = trace.and_then(|request| self.traces.get(&request));
        if let Some(last) = path.and_then(|path| path.last.clone()) {
            self.send(&last, now, |stream| stream.out.same_channel(&out));
        }
        Ok(before)
    }

    fn recount(&mut self, now: Steady) {
        self.followed.clear();
        self.whole.clear();
        let mut wanted = HashSet::new();
        for stream in self.streams.values() {
            let Interest { checks, rows, .. } = &stream.interest;
            self.whole.extend(checks.iter().cloned());
            self.followed.extend(checks.iter().chain(rows).cloned());
            wanted.extend(stream.interest.trace.clone());
        }
        for (request, path) in &mut self.traces {
            path.until =
                if wanted.contains(request) { None } else { path.until.or(Some(now + LINGER)) };
        }
        for request in wanted {
            self.traces.entry(request).or_default();
        }
    }

    /// True when somebody looks at a check.
    #[must_use]
    pub fn is_followed(&self, key: &CheckKey) -> bool {
        self.followed.contains(key)
    }

    /// What the worker must be told about live traces and samples, when that changed; `sampled`
    /// says which of the looked-at checks are worth sampling.
    pub fn directives(&mut self, now: Steady, sampled: impl Fn(&CheckKey) -> bool) -> Directives {
        self.traces.retain(|_, path| path.until.is_none_or(|at| at > now));
        let traces: HashSet<TraceRequest> = self.traces.keys().cloned().collect();
        let follow: HashSet<CheckKey> =
            self.whole.iter().filter(|key| sampled(key)).cloned().collect();
        let mut directives = Directives::default();
        if traces != self.sent_traces {
            directives.traces = Some(traces.iter().cloned().collect());
            self.sent_traces = traces;
        }
        if follow != self.sent_follow {
            directives.follow = Some(follow.iter().cloned().collect());
            self.sent_follow = follow;
        }
        directives
    }

    /// Sends to all people's streams.
    pub fn tell(&mut self, event: &Arc<Event>, now: Steady) {
        self.keep(event, None);
        self.send(event, now, |stream| stream.worker.is_none());
        let mark = Arc::new(Event::Mark(self.mark()));
        self.send(&mark, now, |stream| stream.worker.is_none());
    }

    /// Sends to the streams of one operator.
    pub fn tell_operator(&mut self, operator: &SafeText, event: Event, now: Steady) {
        let event = Arc::new(event);
        self.keep(&event, Some(operator.clone()));
        self.send(&event, now, |stream| stream.worker.is_none() && stream.operator == *operator);
    }

    /// The live traces that run.
    #[must_use]
    pub const fn live_traces(&self) -> &HashSet<TraceRequest> {
        &self.sent_traces
    }

    /// The workers that listen.
    #[must_use]
    pub fn workers(&self) -> HashSet<Worker> {
        let open = self.streams.values().filter(|stream| !stream.out.is_closed());
        open.filter_map(|stream| stream.worker.clone()).collect()
    }

    /// How many open streams an agent has.
    #[must_use]
    pub fn streams_of(&self, agent: &str) -> usize {
        let own = |stream: &&Stream| {
            let name = stream.worker.as_ref().and_then(Option::as_ref);
            name.is_some_and(|name| **name == *agent) && !stream.out.is_closed()
        };
        self.streams.values().filter(own).count()
    }

    /// Ends the streams of an agent that is forgotten.
    pub fn dismiss(&mut self, agent: &str) {
        self.streams.retain(|_, stream| {
            let name = stream.worker.as_ref().and_then(Option::as_ref);
            name.is_none_or(|name| **name != *agent)
        });
    }

    /// Sends to a worker's streams.
    pub fn direct(&mut self, worker: &Worker, directives: Directives, now: Steady) {
        if !directives.is_empty() {
            let event = Arc::new(Event::Directives(Arc::new(directives)));
            self.send(&event, now, |stream| stream.worker.as_ref() == Some(worker));
        }
    }

    /// Sends a result to those who look at its check.
    pub fn live(&mut self, live: LiveCheck, now: Steady) {
        if self.is_followed(&live.check) {
            let key = live.check.clone();
            let event = Arc::new(Event::Live(Arc::new(live)));
            self.send(&event, now, |stream| stream.interest.has(&key));
        }
    }

    /// Sends one event to one stream: the first answer to a new interest.
    pub fn tell_one(&mut self, stream: u64, event: Event, now: Steady) {
        let event = Arc::new(event);
        let out = self.streams.get(&stream).map(|s| s.out.clone());
        if let Some(out) = out {
            self.send(&event, now, |stream| stream.out.same_channel(&out));
        }
    }

    /// Sends a frame to those who look at its path.
    pub fn trace(&mut self, trace: LiveTrace, now: Steady) {
        let request = TraceRequest { host: trace.host.clone(), spec: trace.request.clone() };
        let event = Arc::new(Event::Trace(Arc::new(trace)));
        if let Some(path) = self.traces.get_mut(&request) {
            path.last = Some(Arc::clone(&event));
        }
        self.send(&event, now, |stream| stream.interest.trace.as_ref() == Some(&request));
    }

    fn send(&mut self, event: &Arc<Event>, now: Steady, to: impl Fn(&Stream) -> bool) {
        let mut sent = 0;
        for stream in self.streams.values_mut().filter(|stream| to(stream)) {
            // The buffer's end means "start over" to the other side.
            let taken = stream.out.try_send(Arc::clone(event)).is_ok();
            stream.lost |= !taken;
            sent += usize::from(taken && stream.worker.is_none());
        }
        self.meters.realtime.sent(event.name(), sent);
        let before = self.streams.len();
        self.streams.retain(|number, stream| {
            let stays = !stream.lost && !stream.out.is_closed();
            if !stays && stream.worker.is_none() {
                let (operator, slow) = (&stream.operator, stream.lost);
                tracing::info!(stream = number, %operator, slow, "realtime connection closed");
            }
            stays
        });
        if self.streams.len() != before {
            self.recount(now);
        }
    }
}

/// The worker whose stream that is; `None` for people.
fn worker_of(actor: &Actor) -> Option<Worker> {
    match actor {
        Actor::Worker => Some(None),
        Actor::Agent { name, .. } => Some(Some(name.clone())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;
    use crate::model::spec::TraceSpec;
    use crate::model::trace::TraceReport;
    use crate::protocol::Role;

    fn failed(host: &str) -> LiveTrace {
        let spec = TraceSpec::default();
        let report = TraceReport {
            target: SafeText::line(host),
            address: None,
            protocol: spec.protocol,
            rounds: 0,
            hops: Vec::new(),
            reached: false,
            verdict: SafeText::line("no permission for ICMP"),
            note: SafeText::empty(),
        };
        let at = Timestamp::from_millis(1);
        LiveTrace { host: host.into(), request: spec, at, report: Arc::new(report) }
    }

    #[test]
    fn who_looks_later_at_a_path_gets_its_last_frame() {
        let (mut feed, now) = (Feed::default(), Steady::from_millis(0));
        let noc = Actor::Local { name: SafeText::line("noc"), role: Role::Viewer };
        let mut watch = || {
            let mut watcher = feed.watch(&noc, &World::new()).unwrap();
            while watcher.try_next().is_some() {}
            watcher
        };
        let (mut first, mut second) = (watch(), watch());
        let trace = TraceRequest { host: "web-1".into(), spec: TraceSpec::default() };
        let look = Interest { trace: Some(trace), ..Interest::default() };
        feed.look(1, look.clone(), now).unwrap();
        assert!(first.try_next().is_none(), "nothing is known yet");
        feed.trace(failed("web-1"), now);
        assert!(matches!(first.try_next().as_deref(), Some(Event::Trace(_))));
        assert!(second.try_next().is_none());
        feed.look(2, look.clone(), now).unwrap();
        assert!(matches!(second.try_next().as_deref(), Some(Event::Trace(_))));
        assert!(first.try_next().is_none(), "only who asked");
        // Nobody looks any more, and the path is forgotten with its frame.
        for stream in [1, 2] {
            feed.look(stream, Interest::default(), now).unwrap();
        }
        feed.directives(now + LINGER, |_| false);
        feed.look(2, look, now + LINGER).unwrap();
        assert!(second.try_next().is_none());
    }

    #[test]
    fn a_stream_goes_on_where_another_one_ended() {
        let (mut feed, now) = (Feed::of_run(7, Arc::default()), Steady::from_millis(0));
        let ann = Actor::Local { name: SafeText::line("ann"), role: Role::Viewer };
        let bob = Actor::Local { name: SafeText::line("bob"), role: Role::Viewer };
        let all = |watcher: &mut Watcher| -> Vec<Event> {
            std::iter::from_fn(|| watcher.try_next()).map(|event| Event::clone(&event)).collect()
        };
        let gone = |name: &str| Arc::new(Event::HostGone(name.into()));
        let mark = |seq| Event::Mark(Mark { run: 7, seq });
        let mut first = feed.watch(&ann, &World::new()).unwrap();
        let begun = all(&mut first);
        assert_eq!(begun.last(), Some(&mark(0)));
        for name in ["a", "b", "c"] {
            feed.tell(&gone(name), now);
        }
        let heard = [(*gone("a")).clone(), mark(1), (*gone("b")).clone(), mark(2)];
        assert_eq!(all(&mut first)[..4], heard);
        let word = Event::Remembered { key: "view".to_owned(), value: None };
        feed.tell_operator(&SafeText::line("bob"), word.clone(), now);
        let mut back = |actor, run, seq| {
            all(&mut feed.resume(actor, Mark { run, seq }, &World::new()).unwrap())
        };
        let missed = [Event::Resumed { stream: 2 }, (*gone("c")).clone(), mark(4)];
        assert_eq!(back(&ann, 7, 2), missed, "what was said to another operator is not hers");
        assert_eq!(back(&bob, 7, 3), [Event::Resumed { stream: 3 }, word, mark(4)]);
        // Another run, a place that is not there yet: a whole picture.
        for (run, seq) in [(6, 2), (7, 5)] {
            assert!(matches!(back(&ann, run, seq)[0], Event::Hello { .. }), "{run} {seq}");
        }
        for n in 0..KEPT {
            feed.tell(&gone(&n.to_string()), now);
        }
        assert_eq!(feed.kept.len(), KEPT);
        let mut back = feed.resume(&ann, Mark { run: 7, seq: 3 }, &World::new()).unwrap();
        assert!(matches!(all(&mut back)[0], Event::Hello { .. }), "too much was missed");
    }

    #[test]
    fn a_worker_that_comes_later_is_told_what_is_looked_at() {
        let (mut feed, now) = (Feed::default(), Steady::from_millis(0));
        let noc = Actor::Local { name: SafeText::line("noc"), role: Role::Viewer };
        let _watcher = feed.watch(&noc, &World::new()).unwrap();
        let trace = TraceRequest { host: "web-1".into(), spec: TraceSpec::default() };
        let look = Interest { trace: Some(trace), ..Interest::default() };
        feed.look(1, look, now).unwrap();
        assert!(feed.directives(now, |_| true).traces.is_some(), "told, but nobody listens");
        assert!(feed.directives(now, |_| true).is_empty());
        let _worker = feed.watch(&Actor::Worker, &World::new()).unwrap();
        assert!(feed.directives(now, |_| true).traces.is_some_and(|traces| traces.len() == 1));
    }
}
