//! Paths as they were last seen, and what is recorded when one is another.

use std::collections::{HashMap, HashSet};

use crate::model::spec::TraceProtocol;
use crate::model::trace::TraceReport;
use crate::model::{CheckKey, Name, Path, PathChange, PathSpec, Span, Timestamp};
use crate::protocol::TraceRequest;

/// Shortest time between two recorded changes of one path: one that flaps does not fill the store.
const APART: Span = Span::from_secs(10);
/// Most paths of tests that no schedule asked for.
const TESTS: usize = 10_000;

/// A path as it was last recorded, with the numbers of its last report.
#[derive(Clone, Debug)]
pub struct Known {
    /// The path.
    pub path: Path,
    /// When it became this one.
    pub since: Timestamp,
    /// The path before it, once it changed.
    former: Option<Path>,
    /// How often in a row it changed to the path before.
    returns: u32,
    /// In how many reports more than was known answered beside it.
    beside: u32,
}

impl Known {
    const fn new(path: Path, since: Timestamp) -> Self {
        Self { path, since, former: None, returns: 0, beside: 0 }
    }

    /// True when its last change led back to the path before.
    #[must_use]
    pub const fn is_back(&self) -> bool {
        self.returns > 0
    }
}

/// What tells the traces of a vantage apart that no schedule asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TestPath {
    /// The vantage.
    pub agent: Name,
    /// Where to, as it was written.
    pub target: String,
    /// With what.
    pub protocol: TraceProtocol,
    /// To which port.
    pub port: Option<u16>,
}

impl TestPath {
    /// Of a trace.
    #[must_use]
    pub fn of(agent: &Name, spec: &PathSpec) -> Self {
        Self {
            agent: Name::clone(agent),
            target: spec.target.clone(),
            protocol: spec.protocol,
            port: spec.port,
        }
    }
}

/// All paths that are watched.
#[derive(Debug, Default)]
pub struct Paths {
    checks: HashMap<CheckKey, Known>,
    live: HashMap<TraceRequest, Known>,
    tests: HashMap<TestPath, Known>,
}

impl Paths {
    /// With what was recorded before the start.
    pub fn restored(last: Vec<PathChange>) -> Self {
        let mut paths = Self::default();
        for change in last {
            if let Some(check) = change.check {
                let known = Known::new(change.after, change.at);
                paths.checks.insert(CheckKey::new(change.host, check), known);
            }
        }
        paths
    }

    /// The path that a check saw last.
    #[must_use]
    pub fn of_check(&self, key: &CheckKey) -> Option<&Known> {
        self.checks.get(key)
    }

    /// Forgets a check that is gone.
    pub fn forget(&mut self, key: &CheckKey) {
        self.checks.remove(key);
    }

    /// Forgets live traces that nobody looks at.
    pub fn keep_live(&mut self, running: &HashSet<TraceRequest>) {
        self.live.retain(|request, _| running.contains(request));
    }

    /// What a check's report changes. The first one of all is recorded too, so that a change
    /// while the engine is off is seen.
    pub fn seen_by_check(
        &mut self,
        key: &CheckKey,
        report: &TraceReport,
        at: Timestamp,
    ) -> Option<PathChange> {
        self.seen(key, report, at, false)
    }

    /// The same of a test that a schedule asked for.
    pub fn seen_by_schedule(
        &mut self,
        key: &CheckKey,
        report: &TraceReport,
        at: Timestamp,
    ) -> Option<PathChange> {
        self.seen(key, report, at, true)
    }

    fn seen(
        &mut self,
        key: &CheckKey,
        report: &TraceReport,
        at: Timestamp,
        is_test: bool,
    ) -> Option<PathChange> {
        let path = Path::of(report);
        if path.hops.iter().all(|hop| hop.addresses.is_empty()) {
            return None;
        }
        let Some(known) = self.checks.get_mut(key) else {
            self.checks.insert(key.clone(), Known::new(path.clone(), at));
            return Some(change(&key.host, Some(&key.name), at, None, path));
        };
        let before = if is_test { known.see(&path, at) } else { known.follow(&path, at) }?;
        Some(change(&key.host, Some(&key.name), at, Some(before), path))
    }

    /// What a live trace's frame changes.
    pub fn seen_live(
        &mut self,
        request: &TraceRequest,
        report: &TraceReport,
        at: Timestamp,
    ) -> Option<PathChange> {
        let path = Path::of(report);
        let Some(known) = self.live.get_mut(request) else {
            self.live.insert(request.clone(), Known::new(path, at - APART));
            return None;
        };
        let before = known.follow(&path, at)?;
        Some(change(&request.host, None, at, Some(before), path))
    }

    /// What a trace that no schedule asked for changes. Of its first one nothing is recorded: the
    /// test itself tells it.
    pub fn seen_by_test(
        &mut self,
        test: &TestPath,
        report: &TraceReport,
        at: Timestamp,
    ) -> Option<PathChange> {
        let path = Path::of(report);
        if path.hops.iter().all(|hop| hop.addresses.is_empty()) {
            return None;
        }
        let Some(known) = self.tests.get_mut(test) else {
            if self.tests.len() < TESTS {
                self.tests.insert(test.clone(), Known::new(path, at - APART));
            }
            return None;
        };
        let before = known.see(&path, at)?;
        Some(change(&test.agent, None, at, Some(before), path))
    }
}

impl Known {
    /// Takes in what a test of its own saw; gives the path before when it is another one. Branches of
    /// one way that take turns, or were seen side by side, are parallel paths.
    fn see(&mut self, path: &Path, at: Timestamp) -> Option<Path> {
        if path.differs_from(&self.path) {
            if at < self.since + APART {
                return None;
            }
            let back = self.former.as_ref().is_some_and(|former| !path.differs_from(former));
            self.returns = if back { self.returns + 1 } else { 0 };
            if self.returns > 1 && path.is_branch_of(&self.path) {
                // There, back and there again between two branches: load is spread over both.
                self.path.join(path, true);
                (self.former, self.returns) = (None, 0);
                return None;
            }
            (self.since, self.beside) = (at, 0);
            let before = std::mem::replace(&mut self.path, path.clone());
            self.former = Some(before.clone());
            return Some(before);
        }
        // A change in the middle of a test is seen once, parallel paths again and again.
        self.beside += u32::from(path.has_more_than(&self.path));
        self.path.join(path, self.beside > 1);
        None
    }

    /// The same of reports that follow each other closely and tell of one time twice: only another
    /// way counts, whatever was seen beside it.
    fn follow(&mut self, path: &Path, at: Timestamp) -> Option<Path> {
        if !path.differs_from(&self.path) {
            self.path.join(path, false);
            return None;
        }
        if at < self.since + APART {
            return None;
        }
        self.since = at;
        Some(std::mem::replace(&mut self.path, path.clone()))
    }
}

fn change(
    host: &Name,
    check: Option<&Name>,
    at: Timestamp,
    before: Option<Path>,
    after: Path,
) -> PathChange {
    let (host, check) = (host.clone(), check.cloned());
    PathChange { host, check, at, before, after, target: None, test: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SafeText;
    use crate::model::trace::{Hop, HopAddress};

    fn report(hops: &[&[u8]]) -> TraceReport {
        let hop = |(at, addresses): (usize, &&[u8])| Hop {
            ttl: u8::try_from(at + 1).unwrap(),
            addresses: addresses
                .iter()
                .map(|n| HopAddress { address: [10, 0, 0, *n].into(), name: None })
                .collect(),
            sent: 10,
            received: 9,
            loss_pct: 10.0,
            last_ms: None,
            avg_ms: Some(2.5),
            best_ms: None,
            worst_ms: None,
            stddev_ms: None,
            jitter_ms: None,
            recent_ms: Vec::new(),
        };
        TraceReport {
            target: SafeText::line("x"),
            address: None,
            protocol: TraceProtocol::Icmp,
            rounds: 1,
            hops: hops.iter().enumerate().map(hop).collect(),
            reached: true,
            verdict: SafeText::empty(),
            note: SafeText::empty(),
        }
    }

    #[test]
    fn only_another_way_is_a_change() {
        let (mut paths, key) = (Paths::default(), CheckKey::new("web-1", "path"));
        let mut second = 0;
        let mut see = |hops: &[&[u8]]| {
            second += 60;
            let at = Timestamp::from_millis(second * 1000);
            paths.seen_by_check(&key, &report(hops), at)
        };
        assert!(see(&[&[], &[]]).is_none(), "nobody answered yet");
        let first = see(&[&[1], &[], &[3]]).unwrap();
        assert!(first.before.is_none());
        assert!(see(&[&[1], &[2], &[3]]).is_none(), "a silent hop speaks");
        assert!(see(&[&[1], &[4, 2], &[3]]).is_none(), "parallel paths");
        assert!(see(&[&[], &[2], &[3]]).is_none(), "a hop falls silent");
        let change = see(&[&[1], &[4], &[3]]).unwrap();
        let at = |path: &Path, ttl: usize| path.hops[ttl].addresses.first().unwrap().to_string();
        let before = change.before.unwrap();
        assert_eq!((at(&before, 1), at(&change.after, 1)), ("10.0.0.2".into(), "10.0.0.4".into()));
        assert_eq!((before.loss_pct, before.rtt_ms), (Some(10.0), Some(2.5)));
        assert!(see(&[&[1], &[4], &[3]]).is_none());
        assert!(see(&[&[1], &[2], &[3]]).is_some(), "and back");
    }

    #[test]
    fn fs_22_branches_that_take_turns_are_parallel_paths() {
        let (mut paths, key) = (Paths::default(), CheckKey::new("web-1", "path"));
        let branch = |n: u8| [vec![1], vec![n], vec![9]];
        let seen = |paths: &mut Paths, minute: i64, hops: &[Vec<u8>]| {
            let hops: Vec<&[u8]> = hops.iter().map(Vec::as_slice).collect();
            let at = Timestamp::from_millis(minute * 60_000);
            paths.seen_by_schedule(&key, &report(&hops), at).is_some()
        };
        let turns = (0..20).map(|n| if n % 2 == 0 { 2 } else { 3 });
        let told: Vec<bool> =
            turns.zip(0..).map(|(n, at)| seen(&mut paths, at, &branch(n))).collect();
        assert_eq!(told.iter().filter(|told| **told).count(), 3, "first, there, back: {told:?}");
        assert!(seen(&mut paths, 30, &branch(4)), "a third one is a change again");
        // Seen side by side twice, they are parallel from then on.
        let mut paths = Paths::default();
        let ways = [vec![2], vec![2, 3], vec![2], vec![2, 3], vec![3], vec![2], vec![3]];
        for (at, way) in (0..).zip(ways) {
            assert_eq!(seen(&mut paths, at, &[vec![1], way, vec![9]]), at == 0, "{at}");
        }
        // Once is a change in the middle of a test.
        let mut paths = Paths::default();
        for (at, (way, told)) in
            (0..).zip([(vec![2], true), (vec![2, 3], false), (vec![3], true), (vec![3], false)])
        {
            assert_eq!(seen(&mut paths, at, &[vec![1], way, vec![9]]), told, "{at}");
        }
        // Two providers that take turns are no branches: every one of them is told.
        let mut paths = Paths::default();
        for at in 0..6_i64 {
            let n = if at % 2 == 0 { 10 } else { 20 };
            let way = [vec![1], vec![n], vec![n + 1], vec![n + 2], vec![9]];
            assert!(seen(&mut paths, at, &way), "{at}");
        }
    }

    #[test]
    fn a_path_that_flaps_is_recorded_every_ten_seconds_at_most() {
        let (mut paths, key) = (Paths::default(), CheckKey::new("web-1", "path"));
        let seen = (0..100).filter_map(|second| {
            let way: &[u8] = if second % 2 == 0 { &[1] } else { &[2] };
            paths.seen_by_check(&key, &report(&[way]), Timestamp::from_millis(second * 1000))
        });
        assert!((5..=11).contains(&seen.count()));
    }
}
