//! Lets tests begin: which may is decided by `rules::slots` (SPEC D-26); nothing is decided here.

use std::collections::HashSet;

use super::super::core::Core;
use super::Open;
use crate::model::{AgentPhase, Name, Now, SafeText, Span, Steady, TestId, TestPhase};
use crate::protocol::work::BEAT;
use crate::rules::slots::{self, Class, Takes, Waiting};

/// An agent that was not heard of for so long is begun nothing at.
const SILENT: Span = Span::from_millis(3 * BEAT.millis());

impl Open {
    /// What it takes while it runs: before the nearest of several targets is chosen, all of them.
    fn takes(&self) -> Vec<Takes> {
        let class = Class::of(self.test.spec.kind());
        let takes = |target: SafeText| Takes {
            class,
            agent: Name::clone(&self.test.agent),
            target,
            link: self.link.as_deref().map(SafeText::line),
        };
        if self.targets.len() > 1 {
            return self.targets.iter().map(|one| takes(SafeText::line(&one.place))).collect();
        }
        let place = self.targets.first().map(|one| SafeText::line(&one.place));
        vec![takes(place.unwrap_or_else(|| self.test.target.clone()))]
    }

    /// True when it has had more than its time, so that its vantage ended it even if nothing is
    /// heard of that.
    fn is_certainly_over(&self, now: Steady) -> bool {
        self.ends.is_some_and(|at| now > at)
    }
}

impl Core {
    /// Begins what may begin, and says of the others what they wait for.
    pub(super) fn begin_tests(&mut self, now: Now) {
        self.speed.look = false;
        let runs = |open: &&Open| open.told.is_some() && !open.is_certainly_over(now.steady);
        let running: Vec<Takes> =
            self.speed.open.values().filter(runs).flat_map(Open::takes).collect();
        let away = self.vantages_away(now.steady);
        let mut waiting = Vec::new();
        let mut waits: Vec<(TestId, SafeText)> = Vec::new();
        let mut missed: Vec<(TestId, SafeText)> = Vec::new();
        for open in self.speed.open.values().filter(|open| open.told.is_none()) {
            let agent = &open.test.agent;
            let why = if self.agents.is_paused(agent) {
                format!("{agent} is in maintenance")
            } else if away.contains(agent) {
                format!("{agent} is not there")
            } else {
                let busy = open.not_before.filter(|at| *at > now.steady);
                waiting.extend(open.takes().into_iter().take(1).map(|takes| Waiting {
                    id: open.test.id,
                    takes,
                    asked_at: open.test.asked_at,
                    // What no schedule asked for, a person did.
                    immediate: open.test.schedule.is_none(),
                    not_before: busy.map_or(now.wall, |at| now.wall + at.since(now.steady)),
                    last_moment: open.until,
                }));
                continue;
            };
            let list = if now.wall > open.until { &mut missed } else { &mut waits };
            list.push((open.test.id, SafeText::line(&why)));
        }
        let decided = slots::decide(&running, &waiting, now.wall);
        for id in decided.start {
            self.begin_test(id, now);
        }
        for (id, why) in waits.into_iter().chain(decided.waiting) {
            self.say_what_it_waits_for(id, &why, now);
        }
        for (id, why) in missed.into_iter().chain(decided.missed) {
            self.miss(id, why.as_str(), now);
        }
    }

    fn begin_test(&mut self, id: TestId, now: Now) {
        let Some(open) = self.speed.open.get(&id) else { return };
        if let Some(why) = self.over_cap(&open.test, now.wall) {
            self.bar(id, &why, now);
            return;
        }
        let mut test = open.test.clone();
        test.phase = TestPhase::Running;
        test.started_at = Some(now.wall);
        test.reason = SafeText::empty();
        self.charge(&mut test);
        if let Some(open) = self.speed.open.get_mut(&id) {
            open.told = Some(now.steady);
            open.ends = Some(now.steady + Span::from_millis(test.spec.longest_ms()));
            open.test = test.clone();
        }
        self.note_test(&test);
    }

    fn say_what_it_waits_for(&mut self, id: TestId, why: &SafeText, now: Now) {
        let why = SafeText::line(&format!("waits: {why}"));
        let Some(open) = self.speed.open.get_mut(&id) else { return };
        // Of a target that was busy it is said already, with when it is tried again.
        let was_busy = open.not_before.is_some_and(|at| at > now.steady);
        if open.test.reason != why && !was_busy {
            open.test.reason = why;
            let test = open.test.clone();
            self.note_test(&test);
        }
    }

    /// Vantages that cannot be told anything now.
    ///
    /// One that is silent cannot either: it would keep a target from others that it does not use.
    fn vantages_away(&self, now: Steady) -> HashSet<Name> {
        let there = self.feed.workers();
        let wanted = self.speed.open.values().map(|open| &open.test.agent);
        let away = wanted.filter(|name| {
            let worker = self.speed.worker(name);
            let entry = self.agents.get(name).filter(|_| worker.is_some());
            let offline = entry.is_some_and(|entry| entry.presence.phase() == AgentPhase::Offline);
            let heard = entry.and_then(|entry| entry.presence.heard());
            let silent = heard.is_some_and(|at| now.since(at) > SILENT);
            offline || silent || !there.contains(&worker)
        });
        away.cloned().collect()
    }
}
