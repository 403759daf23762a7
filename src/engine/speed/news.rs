//! What the vantages say of their tests, and what becomes of those of which nothing is said.

use super::super::agents::Worker;
use super::super::core::Core;
use crate::model::{Measured, Name, Now, SafeText, Span, Test, TestId, TestNews, TestPhase};

/// Most news in one report.
pub(in crate::engine) const NEWS: usize = 256;
/// How long a busy target is left alone, doubled with each time.
const BUSY: Span = Span::from_secs(15);
/// How long after its time a test of a vantage that is away is waited for: what it measured may
/// still come.
const LATE: Span = Span::from_secs(3600);
/// How long after its return a vantage may take to tell what it measured while it was away.
const TELLS: Span = Span::from_secs(30);
/// Most hops of a path that is kept.
const HOPS: usize = 64;

impl Core {
    /// Takes what a worker says of its tests.
    pub(in crate::engine) fn take_news(&mut self, worker: &Worker, news: Vec<TestNews>, now: Now) {
        let mut over = false;
        for one in news.into_iter().take(NEWS) {
            over |= one.over;
            self.take_one(worker, one, now);
        }
        // A place that is free is given on at once: most probes take a hundredth of a second, and
        // the next look at what waits may be a whole one away.
        self.speed.look |= over;
    }

    fn take_one(&mut self, worker: &Worker, news: TestNews, now: Now) {
        let Some(open) = self.speed.open.get(&news.id) else { return };
        // A vantage speaks of what it was told to run, and of nothing else.
        if open.told.is_none() || self.speed.worker(&open.test.agent) != *worker {
            return;
        }
        let mut test = open.test.clone();
        if let Some(result) = news.result.filter(|result| fits(&test, result)) {
            test.figures = result.figures();
            if let Measured::Speedtest(speed) = &*result
                && test.spec.target().is_empty()
            {
                test.target = self.name_of(speed.target.as_str());
            }
            test.result = Some(result);
        }
        if !news.over {
            if let Some(open) = self.speed.open.get_mut(&news.id) {
                open.test = test;
            }
            return;
        }
        let failure = news.failure.map(|why| SafeText::line(why.as_str()));
        match failure {
            Some(why) if news.busy => self.again(news.id, &why, now),
            Some(why) => {
                test.reason = why;
                self.finish(test, TestPhase::Failed, now);
            }
            None if test.result.is_none() => {
                test.reason = SafeText::line("its vantage told no result");
                self.finish(test, TestPhase::Failed, now);
            }
            None => self.finish(test, TestPhase::Done, now),
        }
    }

    /// The configured name of a place, or the place.
    fn name_of(&self, place: &str) -> SafeText {
        let named = self.speed.targets.iter().find(|one| one.target.place == place);
        SafeText::line(named.map_or(place, |one| &one.name))
    }

    /// The target was busy: later again, as long as there is time.
    fn again(&mut self, id: TestId, why: &SafeText, now: Now) {
        let Some(open) = self.speed.open.get_mut(&id) else { return };
        let pause = Span::from_millis(BUSY.millis() << open.tries.min(4));
        open.tries += 1;
        (open.told, open.ends) = (None, None);
        open.not_before = Some(now.steady + pause);
        open.test.phase = TestPhase::Queued;
        open.test.result = None;
        let then = now.wall + pause;
        open.test.reason = SafeText::line(&format!("waits: {why}; it is tried at {then}"));
        let mut test = open.test.clone();
        self.settle_charge(&mut test, false);
        test.started_at = None;
        if let Some(open) = self.speed.open.get_mut(&id) {
            open.test = test.clone();
        }
        self.note_test(&test);
    }

    /// A test is over: judged, kept, and told to the check of its schedule.
    pub(super) fn finish(&mut self, mut test: Test, phase: TestPhase, now: Now) {
        test.in_maintenance |= self.in_window(&test.agent, test.schedule, now.wall);
        if phase == TestPhase::Done {
            test.breaches = self.breaches_of(&test);
            self.judge_path(&mut test, now);
        }
        let test = self.close_test(test, phase, now);
        self.after_test(&test, test.missed_runs(), now);
    }

    /// A test whose vantage was lost is over.
    fn finish_lost(&mut self, mut test: Test, now: Now) {
        test.in_maintenance |= self.in_window(&test.agent, test.schedule, now.wall);
        let test = self.close_lost(test, now);
        self.after_test(&test, 0, now);
    }

    /// A test is not run, because its vantage would move more than it may.
    pub(super) fn bar(&mut self, id: TestId, why: &str, now: Now) {
        let Some(open) = self.speed.open.get(&id) else { return };
        let mut test = open.test.clone();
        test.reason = SafeText::line(why);
        self.finish(test, TestPhase::Missed, now);
    }

    /// A test never began.
    pub(super) fn miss(&mut self, id: TestId, why: &str, now: Now) {
        let Some(open) = self.speed.open.get(&id) else { return };
        let mut test = open.test.clone();
        test.reason = SafeText::line(&format!("it could not begin in its time: {why}"));
        self.finish(test, TestPhase::Missed, now);
    }

    /// Ends what gave no result in its time.
    pub(super) fn end_overdue(&mut self, now: Now) {
        let workers = self.feed.workers();
        let over: Vec<(TestId, bool)> = self
            .speed
            .open
            .values()
            .filter_map(|open| {
                let ends = open.ends.filter(|ends| now.steady > *ends)?;
                let worker = self.speed.worker(&open.test.agent);
                let back = worker.as_ref().and_then(|name| self.agents.get(name)?.claimed);
                let told_all = back.is_none_or(|at| now.steady > at + TELLS);
                let heard = workers.contains(&worker) && told_all;
                (heard || now.steady > ends + LATE).then_some((open.test.id, heard))
            })
            .collect();
        for (id, heard) in over {
            let Some(open) = self.speed.open.get(&id) else { continue };
            let mut test = open.test.clone();
            let agent = Name::clone(&test.agent);
            test.reason = SafeText::line(&if heard {
                format!("{agent} gave no result in its time")
            } else {
                format!("nothing was heard of {agent} any more")
            });
            self.finish_lost(test, now);
        }
    }

    /// An agent was started anew: what it ran is lost but for what it had told.
    pub(in crate::engine) fn tests_ended_with(&mut self, agent: &Name, now: Now) {
        let lost: Vec<TestId> = self
            .speed
            .open
            .values()
            .filter(|open| open.told.is_some() && open.test.agent == *agent)
            .map(|open| open.test.id)
            .collect();
        self.speed.told.remove(&Some(Name::clone(agent)));
        for id in lost {
            let Some(open) = self.speed.open.get(&id) else { continue };
            let mut test = open.test.clone();
            test.reason = SafeText::line(&format!("{agent} was started anew while the test ran"));
            self.finish_lost(test, now);
        }
    }
}

/// True for a result of the kind that was asked for, within the bounds of one.
fn fits(test: &Test, result: &Measured) -> bool {
    use crate::model::TestKind;
    use crate::model::speed::INTERVAL_LIMIT;
    use crate::model::test::RESOLVER_LIMIT;
    match (test.spec.kind(), result) {
        (TestKind::Speedtest, Measured::Speedtest(speed)) => {
            let ways = [&speed.download, &speed.upload];
            ways.into_iter().flatten().all(|way| way.intervals.len() <= INTERVAL_LIMIT)
        }
        (TestKind::Trace, Measured::Trace(report)) => report.hops.len() <= HOPS,
        (TestKind::Probe, Measured::Probe(_)) => true,
        (TestKind::Dns, Measured::Dns(dns)) => dns.resolvers.len() <= RESOLVER_LIMIT,
        _ => false,
    }
}
