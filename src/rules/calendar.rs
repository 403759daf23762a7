//! The slot calendar: when the runs of schedules will begin, given what they take from each other.
//!
//! It plays [`decide`] forward over the runs that are due, each as long as it may last, so it shows
//! what will wait, for how long, and what has no room at all. What people ask for meanwhile is not
//! known and not in it.

use std::collections::BTreeMap;

use super::due::Times;
use super::slots::{Class, Takes, Waiting, decide};
use crate::model::{
    NamedTarget, SafeText, Schedule, ScheduleId, Span, SpeedTarget, TestId, TestSpec, Timestamp,
};

/// Most runs of a calendar.
pub const RUNS: usize = 2000;

/// A schedule as the calendar sees it.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Which.
    pub schedule: ScheduleId,
    /// What each of its runs takes.
    pub takes: Takes,
    /// When they are due.
    pub times: Times,
    /// How long each may last.
    pub lasts: Span,
}

impl Planned {
    /// The runs of a schedule where these targets are configured. One that rests, that cannot be, or
    /// that takes nothing for itself is in nobody's way: it has no place in a calendar.
    #[must_use]
    pub fn of(schedule: &Schedule, targets: &[NamedTarget]) -> Option<Self> {
        let plan = &schedule.plan;
        let spec = plan.spec().ok().filter(|_| !plan.paused)?;
        let TestSpec::Speedtest(speed) = &spec else { return None };
        let named = match speed.target.as_deref() {
            Some(written) => targets.iter().find(|one| one.name == written),
            // Before the nearest is chosen, the first stands for all of them.
            None => targets.first(),
        };
        let written = speed.target.as_deref();
        let place = named.map(|one| one.target.place.clone()).or_else(|| {
            let written = written?;
            let place = written.parse().map(|target: SpeedTarget| target.place);
            Some(place.unwrap_or_else(|_| written.to_owned()))
        });
        let link = named.filter(|_| written.is_some()).and_then(|one| one.link.as_deref());
        Some(Self {
            schedule: schedule.id,
            takes: Takes {
                class: Class::of(spec.kind()),
                agent: schedule.vantage.clone(),
                target: SafeText::line(&place.unwrap_or_default()),
                link: link.map(SafeText::line),
            },
            times: Times::of_schedule(schedule).ok()?,
            lasts: Span::from_millis(spec.longest_ms()),
        })
    }
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Of which schedule.
    pub schedule: ScheduleId,
    /// When it is due.
    pub due: Timestamp,
    /// From when to when it will run; nothing when it has no room by its last moment.
    pub runs: Option<(Timestamp, Timestamp)>,
}

/// The runs that are due from `from` up to `until`, the soonest first; the first [`RUNS`] of them.
#[must_use]
pub fn calendar(plans: &[Planned], from: Timestamp, until: Timestamp) -> Vec<Slot> {
    let due = due(plans, from, until);
    let mut slots: BTreeMap<TestId, Slot> = BTreeMap::new();
    let mut to_come = due.into_iter().enumerate().peekable();
    let mut queue: Vec<(Waiting, Span)> = Vec::new();
    let mut running: Vec<(Takes, Timestamp)> = Vec::new();
    let mut now = from;
    loop {
        running.retain(|(_, end)| *end > now);
        while let Some((index, (at, plan))) = to_come.next_if(|(_, (at, _))| *at <= now) {
            let mut order = [0; 10];
            order.iter_mut().zip(index.to_be_bytes()).for_each(|(to, byte)| *to = byte);
            let id = TestId::from_parts(at.millis(), order);
            slots.insert(id, Slot { schedule: plan.schedule, due: at, runs: None });
            let waiting = Waiting {
                id,
                takes: plan.takes.clone(),
                asked_at: at,
                immediate: false,
                not_before: at,
                last_moment: plan.times.last_moment(at),
            };
            queue.push((waiting, plan.lasts.max(Span::from_millis(1))));
        }
        let takes: Vec<Takes> = running.iter().map(|(takes, _)| takes.clone()).collect();
        let waiting: Vec<Waiting> = queue.iter().map(|(one, _)| one.clone()).collect();
        let decided = decide(&takes, &waiting, now);
        queue.retain(|(one, lasts)| {
            if decided.start.contains(&one.id) {
                let end = now + *lasts;
                running.push((one.takes.clone(), end));
                if let Some(slot) = slots.get_mut(&one.id) {
                    slot.runs = Some((now, end));
                }
                return false;
            }
            !decided.missed.iter().any(|(id, _)| *id == one.id)
        });
        let ended = running.iter().map(|(_, end)| *end).filter(|_| !queue.is_empty()).min();
        let next = [to_come.peek().map(|(_, (at, _))| *at), decided.look_again, ended];
        match next.into_iter().flatten().min() {
            Some(next) => now = next.max(now + Span::from_millis(1)),
            None => break,
        }
    }
    let mut all: Vec<Slot> = slots.into_values().collect();
    all.sort_by_key(|slot| (slot.due, slot.schedule));
    all
}

/// The first runs that are due, with their schedules.
fn due(plans: &[Planned], from: Timestamp, until: Timestamp) -> Vec<(Timestamp, &Planned)> {
    let next = |plan: &Planned, after| plan.times.next(after).filter(|at| *at < until);
    let first = |(index, plan)| Some((next(plan, from - Span::from_millis(1))?, index));
    let mut heads: std::collections::BTreeSet<(Timestamp, usize)> =
        plans.iter().enumerate().filter_map(first).collect();
    let mut all = Vec::new();
    while all.len() < RUNS
        && let Some((at, index)) = heads.pop_first()
    {
        let Some(plan) = plans.get(index) else { continue };
        all.push((at, plan));
        heads.extend(next(plan, at).map(|at| (at, index)));
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::slots::Class;
    use super::*;
    use crate::model::SafeText;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn plan(number: u8, agent: &str, target: &str, every: u64, phase: u64, lasts: u64) -> Planned {
        Planned {
            schedule: ScheduleId::from_parts(0, [number; 10]),
            takes: Takes {
                class: Class::Exclusive,
                agent: agent.into(),
                target: SafeText::line(target),
                link: None,
            },
            times: Times::Every { every: Span::from_secs(every), phase: Span::from_secs(phase) },
            lasts: Span::from_secs(lasts),
        }
    }

    #[test]
    fn d_26_runs_at_one_target_stand_one_after_the_other() {
        let plans = [plan(1, "hq", "a", 3600, 0, 85), plan(2, "dc", "a", 3600, 10, 85)];
        let shown = calendar(&plans, at(0), at(3600));
        let runs: Vec<_> = shown.iter().map(|slot| (slot.due, slot.runs)).collect();
        assert_eq!(runs, [(at(0), Some((at(0), at(85)))), (at(10), Some((at(85), at(170))))]);
        let apart = [plan(1, "hq", "a", 3600, 0, 85), plan(2, "dc", "b", 3600, 10, 85)];
        assert_eq!(calendar(&apart, at(0), at(3600))[1].runs, Some((at(10), at(95))));
        assert_eq!(calendar(&[], at(0), at(3600)), []);
    }

    #[test]
    fn what_has_no_room_is_shown_without_one_and_a_calendar_is_bounded() {
        // Three of 40 s within a minute: the third may slip by 30 s.
        let plans = [
            plan(1, "a", "t", 60, 0, 40),
            plan(2, "b", "t", 60, 0, 40),
            plan(3, "c", "t", 60, 0, 40),
        ];
        let shown = calendar(&plans, at(0), at(60));
        let without = shown.iter().filter(|slot| slot.runs.is_none()).count();
        assert_eq!((shown.len(), without), (3, 2));
        assert_eq!(calendar(&plans[..1], at(0), at(10_000_000)).len(), RUNS);
    }

    proptest! {
        #[test]
        fn d_26_no_two_runs_of_a_calendar_overlap_at_target_or_agent(
            drawn in prop::collection::vec((0..3_u8, 0..3_u8, 20..400_u64, 0..400_u64, 1..200_u64), 1..8),
        ) {
            let plans: Vec<Planned> = (0_u8..).zip(&drawn).map(|(number, one)| {
                let (agent, target, every, phase, lasts) = *one;
                plan(number, &format!("a{agent}"), &format!("t{target}"), every, phase % every, lasts)
            }).collect();
            let shown = calendar(&plans, at(0), at(1200));
            let due: u64 = plans.iter().map(|one| one.times.between(at(0), at(1200), 9999)).sum();
            prop_assert_eq!(shown.len() as u64, due, "each run is there once");
            let takes = |slot: &Slot| {
                &plans.iter().find(|one| one.schedule == slot.schedule).unwrap().takes
            };
            for (index, one) in shown.iter().enumerate() {
                let Some((start, end)) = one.runs else { continue };
                prop_assert!(start >= one.due && end > start);
                for other in &shown[..index] {
                    let Some((from, to)) = other.runs else { continue };
                    let (a, b) = (takes(one), takes(other));
                    let shares = a.agent == b.agent || a.target == b.target;
                    prop_assert!(!shares || end <= from || to <= start);
                }
            }
        }
    }
}
