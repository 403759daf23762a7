//! The agents: who they are, how they are, what was taken of each.
//!
//! In: registrations, claims, heartbeats, the time. Out: the rows that consoles show, a result of
//! the check that stands for each agent, and what it is told to pause. Never: believes an agent's
//! name, clock or count: who it is says its key, when it is says the engine, once is decided by the
//! numbers that are stored with the results.

mod deal;
mod inventory;
pub(super) mod work;

pub(super) use deal::Worker;
pub use inventory::by_rules;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::core::Core;
use crate::model::agent::STREAM_LIMIT;
use crate::model::words::plural;
use crate::model::{
    Agent, AgentPhase, CheckKey, Failure, FailureKind, KeptAgent, Metric, Name, Now, Observation,
    SafeText, Span, State, Steady, StreamMark, Timestamp, Unit,
};
use crate::protocol::work::{Beat, Finding};
use crate::protocol::{Event, World};
use crate::rules::presence::Presence;
use crate::rules::skew::Skew;

/// The name of the check that stands for an agent.
pub(super) const CHECK: &str = "agent";
/// Most agents.
pub(super) const AGENTS: usize = 4000;
/// How often each agent's check has a result, and at least its row is told anew.
const EVERY: Span = Span::from_secs(60);
/// How long something odd about an agent stays said.
const ODD: Span = Span::from_secs(600);

/// One agent.
#[derive(Debug)]
pub(super) struct Entry {
    pub kept: KeptAgent,
    pub presence: Presence,
    pub beat: Option<Beat>,
    /// When it was let in last since this engine runs.
    pub claimed: Option<Steady>,
    /// How far its clock is ahead.
    pub skew: Skew,
    pub streams: Vec<StreamMark>,
    /// Checks that it runs.
    pub checks: u32,
    /// What is odd about it, and since when.
    pub odd: Option<(Steady, SafeText)>,
    paused: bool,
    told: Option<(Steady, Agent)>,
    judged: Option<(Steady, AgentPhase, u32)>,
}

impl Entry {
    fn new(kept: KeptAgent, presence: Presence) -> Self {
        Self {
            kept,
            presence,
            beat: None,
            claimed: None,
            skew: Skew::default(),
            streams: Vec::new(),
            checks: 0,
            odd: None,
            paused: false,
            told: None,
            judged: None,
        }
    }

    pub(super) fn shown_phase(&self) -> AgentPhase {
        if self.paused { AgentPhase::Maintenance } else { self.presence.phase() }
    }

    /// As others see it.
    fn shown(&self) -> Agent {
        let kept = &self.kept;
        let beat = self.beat.clone().unwrap_or_default();
        let phase = self.shown_phase();
        let reason = match &self.odd {
            Some((_, odd)) => odd,
            None => self.presence.reason(),
        };
        Agent {
            name: Name::clone(&kept.name),
            location: kept.location.clone(),
            machine: kept.machine.clone(),
            version: kept.version.clone(),
            address: kept.address.clone(),
            phase,
            since: self.presence.since(),
            reason: reason.clone(),
            seen: kept.seen,
            rtt: beat.rtt,
            checks: self.checks,
            failed: beat.failed,
            buffered: beat.buffered,
            dropped: beat.dropped,
            skew_ms: self.skew.millis(),
            registered: kept.registered,
        }
    }

    /// What its check sees.
    fn observed(&self) -> Observation {
        let kept = &self.kept;
        let from = kept.address.as_ref().map(|at| format!(" from {at}")).unwrap_or_default();
        let said = match (&self.odd, self.presence.phase()) {
            (_, AgentPhase::Offline) => {
                let why = format!("OFFLINE: {}{from}", self.presence.reason());
                return Observation::failed(Failure::new(FailureKind::Timeout, why));
            }
            (Some((_, odd)), phase) => format!("{}: {odd}", phase.word()),
            (None, AgentPhase::Degraded) => format!("DEGRADED: {}", self.presence.reason()),
            (None, phase) => {
                format!("{}{from}, runs {}", phase.word(), plural(self.checks, "check"))
            }
        };
        let beat = self.beat.clone().unwrap_or_default();
        let count = |name, value: u64| {
            // What waits is far from 2^53.
            #[expect(clippy::cast_precision_loss, reason = "see above")]
            Metric::new(name, value as f64, Unit::Count)
        };
        let mut metrics = vec![
            count("failed_runs", u64::from(beat.failed)),
            count("buffered", beat.buffered),
            count("dropped", beat.dropped),
        ];
        if let Some(rtt) = beat.rtt {
            metrics.push(Metric::new("rtt", rtt.to_std().as_secs_f64(), Unit::Seconds));
        }
        let well = self.odd.is_none() && self.presence.phase() == AgentPhase::Online;
        let claimed = (!well).then_some(State::Warning);
        Observation { claimed, ..Observation::seen(said, metrics) }
    }

    /// True when a message of a stream was taken before.
    pub(super) fn has_taken(&self, stream: u64, seq: u64) -> bool {
        self.streams.iter().any(|mark| mark.stream == stream && mark.last >= seq)
    }

    /// What was taken could not be stored: it comes again.
    pub(super) fn not_taken(&mut self, failed: StreamMark) {
        let own = |mark: &&mut StreamMark| mark.stream == failed.stream && mark.last >= failed.last;
        if let Some(mark) = self.streams.iter_mut().find(own) {
            mark.last = failed.last.saturating_sub(1);
        }
    }

    /// Remembers how far a stream was taken.
    pub(super) fn taken(&mut self, new: StreamMark) {
        match self.streams.iter_mut().find(|mark| mark.stream == new.stream) {
            Some(mark) => *mark = new,
            None => self.streams.push(new),
        }
        if self.streams.len() > usize::from(STREAM_LIMIT) {
            self.streams.sort_by_key(|mark| mark.at);
            self.streams.remove(0);
        }
    }
}

/// All agents.
#[derive(Debug, Default)]
pub struct Agents {
    all: BTreeMap<Name, Entry>,
    /// Checks or agents have changed since it was counted who runs how many.
    pub(super) recount: bool,
}

impl Agents {
    /// These, as the store knows them; `world` says how each was when the engine was last there.
    pub fn restored(
        kept: Vec<KeptAgent>,
        streams: Vec<(Name, StreamMark)>,
        world: &World,
        now: Now,
    ) -> Self {
        let mut all = BTreeMap::new();
        for kept in kept {
            let key = CheckKey::new(Name::clone(&kept.name), CHECK);
            let status = world.check(&key).map(|row| &row.status);
            let presence = match status.filter(|status| !status.is_waiting()) {
                Some(status) if kept.boot.is_some() => {
                    let phase = match status.hard_state {
                        State::Ok => AgentPhase::Online,
                        State::Warning => AgentPhase::Degraded,
                        State::Critical | State::Unknown => AgentPhase::Offline,
                    };
                    Presence::resumed(phase, status.since, now.steady)
                }
                _ => Presence::unheard(kept.registered),
            };
            all.insert(Name::clone(&kept.name), Entry::new(kept, presence));
        }
        let mut agents = Self { all, recount: true };
        for (name, mark) in streams {
            if let Some(entry) = agents.get_mut(&name) {
                entry.taken(mark);
            }
        }
        agents
    }

    /// As others see them, by name.
    #[must_use]
    pub fn all(&self) -> Vec<Agent> {
        self.all.values().map(Entry::shown).collect()
    }

    /// One of them.
    pub(super) fn get(&self, name: &str) -> Option<&Entry> {
        self.all.get(name)
    }

    /// The name of the agent whose name is this but for its case.
    pub(super) fn named(&self, folded: &str) -> Option<Name> {
        let is_it = |name: &&Name| crate::model::account::folded(name) == folded;
        self.all.keys().find(is_it).cloned()
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Entry> {
        self.all.get_mut(name)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// How many of them are not heard and should be.
    #[must_use]
    pub fn missing(&self) -> usize {
        let missing = |entry: &&Entry| {
            !entry.paused
                && entry.kept.boot.is_some()
                && entry.presence.phase() == AgentPhase::Offline
        };
        self.all.values().filter(missing).count()
    }

    /// How many are in each phase.
    #[must_use]
    pub fn by_phase(&self) -> Vec<(&'static str, usize)> {
        if self.all.is_empty() {
            return Vec::new();
        }
        let label = |phase: AgentPhase| match phase {
            AgentPhase::Online => "online",
            AgentPhase::Degraded => "degraded",
            AgentPhase::Offline => "offline",
            AgentPhase::Maintenance => "maintenance",
        };
        let of = |phase| self.all.values().filter(|entry| entry.shown_phase() == phase).count();
        AgentPhase::ALL.into_iter().map(|phase| (label(phase), of(phase))).collect()
    }

    /// Whether an agent is told to run nothing.
    #[must_use]
    pub fn is_paused(&self, name: &str) -> bool {
        self.get(name).is_some_and(|entry| entry.paused)
    }

    /// Takes in what is stored of an agent from now on.
    pub(super) fn settle(&mut self, kept: KeptAgent, wall: Timestamp) {
        match self.all.get_mut(&kept.name) {
            Some(entry) => {
                if kept.boot.is_none() {
                    entry.streams.clear();
                    entry.presence = Presence::unheard(wall);
                }
                entry.kept = kept;
            }
            None => {
                let entry = Entry::new(kept, Presence::unheard(wall));
                self.all.insert(Name::clone(&entry.kept.name), entry);
            }
        }
    }

    pub(super) fn forget(&mut self, name: &str) {
        self.all.remove(name);
    }
}

impl Core {
    /// Makes committed changes of agents true.
    pub(super) fn settle_agents(&mut self, new: Vec<KeptAgent>, gone: Vec<Name>, now: Now) {
        if new.is_empty() && gone.is_empty() {
            return;
        }
        self.agents.recount = true;
        let mut accounts = crate::auth::Accounts::clone(&self.gate.accounts());
        for kept in new {
            accounts.put_agent(&kept.name, kept.hash);
            let name = Name::clone(&kept.name);
            self.agents.settle(kept, now.wall);
            self.tell_agent(&name, now, true);
        }
        for name in gone {
            accounts.remove_agent(&name);
            self.agents.forget(&name);
            self.feed.dismiss(&name);
            let event = Arc::new(Event::AgentGone(name));
            self.world.apply(&event, now.wall);
            self.feed.tell(&event, now.steady);
        }
        self.gate.replace(accounts);
    }

    /// Looks after all agents: who is silent, who is in a window, whose check is due.
    pub(super) fn look_at_agents(&mut self, now: Now) {
        let names: Vec<Name> = self.agents.all.keys().cloned().collect();
        if names.is_empty() {
            return;
        }
        if std::mem::take(&mut self.agents.recount) {
            self.count_checks();
        }
        for name in names {
            let paused = self.is_covered(&name, now);
            let Some(entry) = self.agents.get_mut(&name) else { continue };
            entry.presence.tick(now.steady, now.wall);
            entry.odd = entry.odd.take().filter(|(at, _)| now.steady.since(*at) < ODD);
            let turned = entry.paused != paused;
            entry.paused = paused;
            if turned {
                self.pause(&name, paused, now);
            }
            self.tell_agent(&name, now, false);
            self.judge_agent(&name, now);
        }
    }

    /// A window covers the whole host that stands for an agent.
    fn is_covered(&self, name: &Name, now: Now) -> bool {
        self.world.windows().any(|window| window.covers_host(name, now.wall))
    }

    /// Tells consoles how an agent is, when that is otherwise than was told.
    fn tell_agent(&mut self, name: &str, now: Now, at_once: bool) {
        let Some(entry) = self.agents.get_mut(name) else { return };
        let shown = entry.shown();
        let due = entry.told.as_ref().is_none_or(|(at, told)| {
            let same = (told.phase, &told.reason, told.checks, &told.address)
                == (shown.phase, &shown.reason, shown.checks, &shown.address);
            *told != shown && (!same || at_once || now.steady.since(*at) >= EVERY)
        });
        if due {
            entry.told = Some((now.steady, shown.clone()));
            let event = Arc::new(Event::Agent(Arc::new(shown)));
            self.world.apply(&event, now.wall);
            self.feed.tell(&event, now.steady);
        }
    }

    /// Gives the check that stands for an agent its result: when that is another one, else each
    /// minute. While nothing is known since a start, there is none.
    fn judge_agent(&mut self, name: &Name, now: Now) {
        let key = CheckKey::new(Name::clone(name), CHECK);
        let Some(slot) = self.table.place(&key).and_then(|at| self.table.get(at)) else { return };
        let generation = slot.generation;
        let Some(entry) = self.agents.get_mut(name) else { return };
        let phase = entry.presence.phase();
        // After a start it is known how an agent was; that it is so still is said by itself.
        if entry.beat.is_none() && phase != AgentPhase::Offline {
            return;
        }
        // How many checks it runs stands in what is said of it.
        let (said, checks) = (entry.judged, entry.checks);
        let due = said.is_none_or(|(at, judged, of)| {
            judged != phase || of != checks || now.steady.since(at) >= EVERY
        });
        if !due || entry.kept.boot.is_none() {
            return;
        }
        entry.judged = Some((now.steady, phase, checks));
        let (slot, at) = (now.wall, now.wall);
        let observation = entry.observed();
        let (forced, sample) = (false, false);
        let finding = Finding { check: key, generation, slot, at, forced, sample, observation };
        self.receive(finding);
    }

    fn count_checks(&mut self) {
        for entry in self.agents.all.values_mut() {
            entry.checks = 0;
        }
        for (_, slot) in self.table.iter() {
            let Some(name) = &slot.check.agent else { continue };
            if slot.check.enabled
                && slot.check.rule.is_none()
                && let Some(entry) = self.agents.all.get_mut(name)
            {
                entry.checks = entry.checks.saturating_add(1);
            }
        }
    }
}
