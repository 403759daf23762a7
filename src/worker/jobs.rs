//! The worker's timetable: which check is due when, and what it remembers between runs.
//!
//! Pure but for the memory it carries: every method takes `now`. A check never runs twice at once;
//! a slot that comes while it still runs is passed over.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use crate::model::{Check, CheckKey, Span, Steady};
use crate::probe::Memory;
use crate::protocol::due;
use crate::protocol::work::Assignment;

/// How often a check is sampled while somebody looks at it.
pub const FOLLOW: Span = Span::from_secs(2);
/// Fewest first runs started per second after a start.
const RAMP: u64 = 50;
/// First runs besides the slots that come anyway, as a part of the mean rate.
const RAMP_PART: u64 = 10;

/// A run that is due.
#[derive(Debug)]
pub struct Run {
    /// The job's place in the table.
    pub job: usize,
    /// What to run.
    pub check: Arc<Check>,
    /// The definition's generation.
    pub generation: u64,
    /// When it was due.
    pub due: Steady,
    /// True when somebody asked for it.
    pub forced: bool,
    /// True for a sample between two runs.
    pub sample: bool,
    /// What earlier runs left.
    pub memory: Memory,
}

#[derive(Debug)]
struct Job {
    check: Arc<Check>,
    generation: u64,
    /// What the run under way is numbered by, when the same check has a new number meanwhile.
    former: Option<u64>,
    hash: u64,
    soft: bool,
    followed: bool,
    forced: bool,
    /// The next judged run; samples happen between.
    slot: Steady,
    /// What the heap's valid entry says; older entries of this job are void.
    due: Steady,
    /// `None` while the check runs.
    memory: Option<Memory>,
}

/// All jobs of a worker.
#[derive(Debug, Default)]
pub struct Jobs {
    places: Vec<Option<Job>>,
    free: Vec<usize>,
    by_key: HashMap<CheckKey, usize>,
    heap: BinaryHeap<Reverse<(Steady, usize)>>,
}

impl Jobs {
    /// Takes the whole list after a start. Every check begins at its own slot, or sooner by the
    /// ramp: the worst last state first, 50 a second or a tenth of the mean rate, whichever is
    /// more. So the load of a large list is flat from the first second on.
    pub fn start(&mut self, mut assignments: Vec<Assignment>, now: Steady) {
        assignments.retain(|a| a.check.enabled);
        assignments.sort_by_key(|a| Reverse(a.last.severity()));
        let per_hour: u64 =
            assignments.iter().map(|a| 3_600_000 / a.check.interval.millis().max(1)).sum();
        let rate = RAMP.max(per_hour / 3600 / RAMP_PART);
        for (n, assignment) in assignments.into_iter().enumerate() {
            let wait = u64::try_from(n).unwrap_or(u64::MAX).saturating_mul(1000) / rate;
            let hash = due::hash(&assignment.check.key.to_string());
            let slot = due::next_slot(hash, assignment.check.interval, now);
            self.put(assignment, slot.min(now + Span::from_millis(wait)));
        }
    }

    /// Takes the whole list anew: what is as it was keeps its times and its memory, so that a server
    /// that comes back does not have everything run at once.
    pub fn replace(&mut self, assignments: Vec<Assignment>, now: Steady) {
        let wanted: HashSet<&CheckKey> = assignments.iter().map(|a| &a.check.key).collect();
        let gone: Vec<CheckKey> =
            self.by_key.keys().filter(|key| !wanted.contains(key)).cloned().collect();
        for key in gone {
            self.drop_check(&key);
        }
        let (known, fresh): (Vec<_>, Vec<_>) =
            assignments.into_iter().partition(|assignment| self.knows(assignment));
        for Assignment { check, generation, soft, .. } in known {
            self.with(&check.key, |job, _, _| {
                let under_way = job.memory.is_none().then_some(job.generation);
                job.former = job.former.filter(|_| job.memory.is_none()).or(under_way);
                job.generation = generation;
            });
            self.pace(&check.key, soft, now);
        }
        for assignment in fresh.iter().filter(|assignment| !assignment.check.enabled) {
            self.drop_check(&assignment.check.key);
        }
        self.start(fresh, now);
    }

    /// True when the very same check is here, whatever its number: a server that was started anew
    /// numbers anew.
    fn knows(&self, assignment: &Assignment) -> bool {
        let at = self.by_key.get(&assignment.check.key);
        let Some(Some(job)) = at.and_then(|at| self.places.get(*at)) else { return false };
        job.check == assignment.check
    }

    /// Takes one new or changed check; it runs at once, spread over a second by its hash.
    pub fn assign(&mut self, assignment: Assignment, now: Steady) {
        if assignment.check.enabled {
            let spread = due::hash(&assignment.check.key.to_string()) % 1000;
            self.put(assignment, now + Span::from_millis(spread));
        } else {
            self.drop_check(&assignment.check.key);
        }
    }

    fn put(&mut self, assignment: Assignment, first: Steady) {
        let key = assignment.check.key.clone();
        let job = Job {
            hash: due::hash(&key.to_string()),
            check: assignment.check,
            generation: assignment.generation,
            former: None,
            soft: assignment.soft,
            followed: false,
            forced: false,
            slot: first,
            due: first,
            memory: Some(Memory::default()),
        };
        // The former job, if any, ends with its memory: a changed definition measures afresh.
        self.drop_check(&key);
        let at = if let Some(at) = self.free.pop() {
            if let Some(place) = self.places.get_mut(at) {
                *place = Some(job);
            }
            at
        } else {
            self.places.push(Some(job));
            self.places.len() - 1
        };
        self.by_key.insert(key, at);
        self.heap.push(Reverse((first, at)));
    }

    /// Forgets a check. A run under way goes to its end and is not reported.
    pub fn drop_check(&mut self, key: &CheckKey) {
        if let Some(at) = self.by_key.remove(key)
            && let Some(place) = self.places.get_mut(at)
        {
            let running = place.as_ref().is_some_and(|job| job.memory.is_none());
            *place = None;
            // A place whose run is still under way is given back by `finished`.
            if !running {
                self.free.push(at);
            }
        }
    }

    /// Runs a check now, or again as soon as its present run is over.
    pub fn run_now(&mut self, key: &CheckKey, now: Steady) {
        self.with(key, |job, at, heap| {
            job.forced = true;
            job.due = now;
            heap.push(Reverse((now, at)));
        });
    }

    /// Lets a check run at its retry interval (soft) or at its interval.
    pub fn pace(&mut self, key: &CheckKey, soft: bool, now: Steady) {
        self.with(key, |job, at, heap| {
            if job.soft != soft {
                job.soft = soft;
                job.slot = job.next_slot(now);
                job.due = job.next_due(now);
                heap.push(Reverse((job.due, at)));
            }
        });
    }

    /// Samples exactly these checks every two seconds besides their runs.
    pub fn follow(&mut self, keys: &[CheckKey], now: Steady) {
        for (at, place) in self.places.iter_mut().enumerate() {
            let Some(job) = place else { continue };
            let wanted = job.followed;
            job.followed = keys.contains(&job.check.key);
            if job.followed && !wanted {
                job.due = job.next_due(now);
                self.heap.push(Reverse((job.due, at)));
            }
        }
    }

    /// The moment of the next due run.
    #[must_use]
    pub fn next_due(&mut self) -> Option<Steady> {
        while let Some(Reverse((due, at))) = self.heap.peek().copied() {
            if self.is_valid(due, at) {
                return Some(due);
            }
            self.heap.pop();
        }
        None
    }

    /// Takes a run that is due, if there is one.
    pub fn take_due(&mut self, now: Steady) -> Option<Run> {
        while let Some(Reverse((due, at))) = self.heap.peek().copied() {
            if due > now {
                return None;
            }
            self.heap.pop();
            if !self.is_valid(due, at) {
                continue;
            }
            let Some(job) = self.places.get_mut(at).and_then(Option::as_mut) else { continue };
            let sample = !job.forced && due < job.slot;
            let Some(memory) = job.memory.take() else {
                // Still running: this slot is passed over (a forced run follows the present one).
                if !job.forced {
                    job.slot = job.next_slot(now);
                    job.due = job.next_due(now);
                    self.heap.push(Reverse((job.due, at)));
                }
                continue;
            };
            let forced = std::mem::take(&mut job.forced);
            if !sample {
                job.slot = job.next_slot(now);
            }
            job.due = job.next_due(now);
            self.heap.push(Reverse((job.due, at)));
            return Some(Run {
                job: at,
                check: Arc::clone(&job.check),
                generation: job.generation,
                due,
                forced,
                sample,
                memory,
            });
        }
        None
    }

    /// A run is over: gives its memory back. Gives the number that its result counts under; none
    /// when the check was dropped or redefined meanwhile, so that its result counts no more.
    pub fn finished(
        &mut self,
        at: usize,
        generation: u64,
        memory: Memory,
        now: Steady,
    ) -> Option<u64> {
        match self.places.get_mut(at) {
            Some(Some(job)) if [Some(job.generation), job.former].contains(&Some(generation)) => {
                job.former = None;
                job.memory = Some(memory);
                if job.forced {
                    job.due = now;
                    self.heap.push(Reverse((now, at)));
                }
                Some(job.generation)
            }
            Some(None) => {
                self.free.push(at);
                None
            }
            _ => None,
        }
    }

    /// The address that a host's checks connect to.
    #[must_use]
    pub fn address_of(&self, host: &str) -> Option<Arc<str>> {
        let mut jobs = self.places.iter().flatten();
        jobs.find(|job| &*job.check.key.host == host).map(|job| Arc::clone(&job.check.address))
    }

    fn is_valid(&self, due: Steady, at: usize) -> bool {
        matches!(self.places.get(at), Some(Some(job)) if job.due == due)
    }

    fn with(
        &mut self,
        key: &CheckKey,
        change: impl FnOnce(&mut Job, usize, &mut BinaryHeap<Reverse<(Steady, usize)>>),
    ) {
        if let Some(at) = self.by_key.get(key).copied()
            && let Some(Some(job)) = self.places.get_mut(at)
        {
            change(job, at, &mut self.heap);
        }
    }
}

impl Job {
    fn next_slot(&self, now: Steady) -> Steady {
        if self.soft {
            now + self.check.retry
        } else {
            due::next_slot(self.hash, self.check.interval, now)
        }
    }

    fn next_due(&self, now: Steady) -> Steady {
        if self.followed { self.slot.min(now + FOLLOW) } else { self.slot }
    }
}

#[cfg(test)]
#[path = "jobs_tests.rs"]
mod tests;
