//! Which of the tests that wait may begin (SPEC D-26): no two throughput tests at once at one target,
//! from one agent or over one link, and only so many of the others at one agent.
//!
//! Those that a person asked for go first, then those that were asked for longest. A test that must
//! wait keeps what it waits for: none that comes after it takes that away, so the first in line
//! always begins when what runs is over. What could not begin by its last moment is missed, and a
//! busy target is never a result of 0.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Name, SafeText, Span, TestId, TestKind, Timestamp};

/// Most tests beside the throughput test that run at one agent at once.
pub const BACKGROUND: usize = 8;

/// What a test needs for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Its target, its agent and its link: a throughput test.
    Exclusive,
    /// Nothing: traces, probes and DNS timings.
    Background,
}

impl Class {
    /// Of a kind of test.
    #[must_use]
    pub const fn of(kind: TestKind) -> Self {
        match kind {
            TestKind::Speedtest => Self::Exclusive,
            TestKind::Trace | TestKind::Probe | TestKind::Dns => Self::Background,
        }
    }
}

/// What a test takes while it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Takes {
    /// What it needs for itself.
    pub class: Class,
    /// Its vantage.
    pub agent: Name,
    /// The place of its target: the same for all who go there.
    pub target: SafeText,
    /// The link between, where it is known under a name.
    pub link: Option<SafeText>,
}

/// A test that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Which.
    pub id: TestId,
    /// What it will take.
    pub takes: Takes,
    /// When it was asked for, or due.
    pub asked_at: Timestamp,
    /// Whether a person asked: those go first.
    pub immediate: bool,
    /// It does not begin before; after a busy target this is when it is tried again.
    pub not_before: Timestamp,
    /// The last moment at which it may begin.
    pub last_moment: Timestamp,
}

/// What becomes of the tests that wait.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Slots {
    /// Those that begin now, in this order.
    pub start: Vec<TestId>,
    /// Those whose last moment is past, each with what it waited for.
    pub missed: Vec<(TestId, SafeText)>,
    /// Those that go on waiting, the next first, each with what it waits for.
    pub waiting: Vec<(TestId, SafeText)>,
    /// When to look again although nothing ended.
    pub look_again: Option<Timestamp>,
}

/// What is taken, and by whom.
#[derive(Default)]
struct Taken {
    agents: BTreeSet<Name>,
    targets: BTreeMap<SafeText, Name>,
    links: BTreeMap<SafeText, Name>,
    background: BTreeMap<Name, usize>,
}

impl Taken {
    fn take(&mut self, takes: &Takes) {
        match takes.class {
            Class::Background => {
                *self.background.entry(takes.agent.clone()).or_default() += 1;
            }
            Class::Exclusive => {
                self.agents.insert(takes.agent.clone());
                // The first who took it is named.
                self.targets.entry(takes.target.clone()).or_insert_with(|| takes.agent.clone());
                if let Some(link) = &takes.link {
                    self.links.entry(link.clone()).or_insert_with(|| takes.agent.clone());
                }
            }
        }
    }

    /// What is in the way of a test, in words.
    fn bars(&self, takes: &Takes) -> Option<String> {
        match takes.class {
            Class::Background => {
                let count = self.background.get(&takes.agent).copied().unwrap_or(0);
                (count >= BACKGROUND)
                    .then(|| format!("{count} tests run at {} already", takes.agent))
            }
            Class::Exclusive => {
                let target = &takes.target;
                if let Some(by) = self.targets.get(target) {
                    return Some(format!("{target} is busy with a test from {by}"));
                }
                if self.agents.contains(&takes.agent) {
                    return Some(format!("{} runs another throughput test", takes.agent));
                }
                let link = takes.link.as_ref()?;
                let by = self.links.get(link)?;
                Some(format!("the link {link} carries a test from {by}"))
            }
        }
    }
}

/// Decides over all that wait, given all that run.
#[must_use]
pub fn decide(running: &[Takes], waiting: &[Waiting], now: Timestamp) -> Slots {
    let mut slots = Slots::default();
    let mut taken = Taken::default();
    for takes in running {
        taken.take(takes);
    }
    // What those who wait before one will take.
    let mut kept = Taken::default();
    let mut queue: Vec<&Waiting> = waiting.iter().collect();
    queue.sort_by_key(|one| (!one.immediate, one.asked_at, one.id));
    for one in queue {
        let takes = &one.takes;
        let bar = match taken.bars(takes) {
            Some(bar) => Some(bar),
            None if one.not_before > now => Some(format!("it is tried at {}", one.not_before)),
            // Background tests pass each other: there is nothing that one could keep.
            None if takes.class == Class::Background => None,
            None => kept.bars(takes).map(|_| "a test that was asked for before it".to_owned()),
        };
        let Some(bar) = bar else {
            if one.last_moment < now {
                let why = "it was looked at too late".to_owned();
                slots.missed.push((one.id, SafeText::line(&why)));
            } else {
                taken.take(takes);
                slots.start.push(one.id);
            }
            continue;
        };
        if one.last_moment < now {
            slots.missed.push((one.id, SafeText::line(&bar)));
            continue;
        }
        slots.waiting.push((one.id, SafeText::line(&bar)));
        let ready = one.not_before <= now;
        if ready && takes.class == Class::Exclusive {
            kept.take(takes);
        }
        let past = one.last_moment + Span::from_millis(1);
        let next = if ready { past } else { one.not_before.min(past) };
        slots.look_again = Some(slots.look_again.map_or(next, |before| before.min(next)));
    }
    slots
}

#[cfg(test)]
#[path = "slots_tests.rs"]
mod tests;
