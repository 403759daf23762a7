//! Paths as they were last seen, and what is recorded when one is another.

use std::collections::{HashMap, HashSet};

use crate::model::trace::TraceReport;
use crate::model::{CheckKey, Name, Path, PathChange, Span, Timestamp};
use crate::protocol::TraceRequest;

/// Shortest time between two recorded changes of one path: one that flaps does not fill the store.
const APART: Span = Span::from_secs(10);

/// A path as it was last recorded, with the numbers of its last report.
#[derive(Clone, Debug)]
pub struct Known {
    /// The path.
    pub path: Path,
    /// When it became this one.
    pub since: Timestamp,
}

/// All paths that are watched.
#[derive(Debug, Default)]
pub struct Paths {
    checks: HashMap<CheckKey, Known>,
    live: HashMap<TraceRequest, Known>,
}

impl Paths {
    /// With what was recorded before the start.
    pub fn restored(last: Vec<PathChange>) -> Self {
        let mut paths = Self::default();
        for change in last {
            if let Some(check) = change.check {
                let known = Known { path: change.after, since: change.at };
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
        let path = Path::of(report);
        if path.hops.iter().all(|hop| hop.addresses.is_empty()) {
            return None;
        }
        let Some(known) = self.checks.get_mut(key) else {
            self.checks.insert(key.clone(), Known { path: path.clone(), since: at });
            return Some(change(&key.host, Some(&key.name), at, None, path));
        };
        let before = known.see(&path, at)?;
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
            self.live.insert(request.clone(), Known { path, since: at - APART });
            return None;
        };
        let before = known.see(&path, at)?;
        Some(change(&request.host, None, at, Some(before), path))
    }
}

impl Known {
    /// Takes in what is seen now; gives the path before when it is another one.
    fn see(&mut self, path: &Path, at: Timestamp) -> Option<Path> {
        if path.differs_from(&self.path) {
            if at < self.since + APART {
                return None;
            }
            self.since = at;
            return Some(std::mem::replace(&mut self.path, path.clone()));
        }
        // The same way: hops that were silent become known, the numbers are the latest ones.
        for hop in path.hops.iter().filter(|hop| !hop.addresses.is_empty()) {
            match self.path.hops.iter_mut().find(|known| known.ttl == hop.ttl) {
                Some(known) if known.addresses.is_empty() => {
                    known.addresses.clone_from(&hop.addresses);
                }
                Some(_) => {}
                None => self.path.hops.push(hop.clone()),
            }
        }
        self.path.reached = path.reached;
        self.path.loss_pct = path.loss_pct;
        self.path.rtt_ms = path.rtt_ms;
        None
    }
}

fn change(
    host: &Name,
    check: Option<&Name>,
    at: Timestamp,
    before: Option<Path>,
    after: Path,
) -> PathChange {
    PathChange { host: host.clone(), check: check.cloned(), at, before, after }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SafeText;
    use crate::model::spec::TraceProtocol;
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
    fn a_path_that_flaps_is_recorded_every_ten_seconds_at_most() {
        let (mut paths, key) = (Paths::default(), CheckKey::new("web-1", "path"));
        let seen = (0..100).filter_map(|second| {
            let way: &[u8] = if second % 2 == 0 { &[1] } else { &[2] };
            paths.seen_by_check(&key, &report(&[way]), Timestamp::from_millis(second * 1000))
        });
        assert!((5..=11).contains(&seen.count()));
    }
}
