//! The tracker against a network made of data.

use proptest::prelude::*;

use super::*;

const TIMEOUT: Duration = Duration::from_secs(2);
const ROUND: Duration = Duration::from_secs(1);

fn address(n: u8) -> IpAddr {
    IpAddr::from([10, 0, n, 1])
}

const TARGET: u8 = 200;

/// What a probe meets at each TTL.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Node {
    Router(u8),
    /// Answers, but quotes too little of the probe.
    Terse(u8),
    Silent,
    Refuses(u8, Refusal),
}

/// Sends rounds over paths; time is advanced by hand.
struct Lab {
    tracker: Tracker,
    now: Instant,
    sent: Vec<u8>,
}

impl Lab {
    fn new(max_hops: u8) -> Self {
        let tracker = Tracker::new(address(TARGET), max_hops, TIMEOUT, 65_530);
        Self { tracker, now: Instant::now(), sent: Vec::new() }
    }

    /// One round over a path that ends at the target after its nodes; every answer takes `ttl` ms.
    fn round(&mut self, path: &[Node]) {
        self.meet(|ttl| {
            let refuses = |node: &&Node| matches!(node, Node::Refuses(..));
            let before = path.iter().take(usize::from(ttl));
            match before.into_iter().find(refuses).or_else(|| path.get(usize::from(ttl) - 1)) {
                Some(node) => Some(*node),
                None => Some(Node::Router(TARGET)),
            }
        });
    }

    /// One round over a path that ends in nothing.
    fn broken(&mut self, path: &[Node]) {
        self.meet(|ttl| path.get(usize::from(ttl) - 1).copied());
    }

    fn meet(&mut self, node: impl Fn(u8) -> Option<Node>) {
        let end = self.now + ROUND;
        self.tracker.start_round();
        while let Some((ttl, sequence)) = self.tracker.next() {
            self.sent.push(ttl);
            self.tracker.sent(sequence, self.now);
            let at = self.now + Duration::from_millis(u64::from(ttl));
            let (from, cause, known) = match node(ttl) {
                None | Some(Node::Silent) => continue,
                Some(Node::Router(TARGET)) => (TARGET, Cause::Reply, true),
                Some(Node::Router(n)) => (n, Cause::Expired, true),
                Some(Node::Terse(n)) => (n, Cause::Expired, false),
                Some(Node::Refuses(n, refusal)) => (n, Cause::Refused(refusal), true),
            };
            let sequence = known.then_some(sequence);
            self.tracker.arrived(Arrival { sequence, from: address(from), cause, at });
        }
        self.now = end;
        self.tracker.expire(self.now);
    }

    fn wait(&mut self) {
        self.now += TIMEOUT;
        self.tracker.expire(self.now);
    }

    fn shown(&self) -> Vec<Vec<IpAddr>> {
        self.tracker.hops().iter().map(|hop| hop.addresses().collect()).collect()
    }
}

fn routers(numbers: &[u8]) -> Vec<Node> {
    numbers.iter().map(|n| Node::Router(*n)).collect()
}

fn expected(numbers: &[u8]) -> Vec<Vec<IpAddr>> {
    numbers.iter().map(|n| if *n == 0 { Vec::new() } else { vec![address(*n)] }).collect()
}

#[test]
fn a_plain_path_and_nothing_sent_beyond_the_target() {
    let mut lab = Lab::new(30);
    for _ in 0..3 {
        lab.round(&routers(&[1, 2, 3]));
    }
    assert_eq!(lab.shown(), expected(&[1, 2, 3, TARGET]));
    assert!(lab.sent.iter().all(|ttl| *ttl <= 4), "{:?}", lab.sent);
    assert_eq!((lab.tracker.totals.rounds, lab.tracker.totals.answered), (3, 3));
    assert!(lab.tracker.is_reached() && lab.tracker.is_settled());
    assert!(lab.tracker.hops().iter().all(|hop| hop.stats.sent == 3 && hop.stats.received == 3));
    assert_eq!(lab.tracker.changes, 0, "finding the path is no change");
}

#[test]
fn a_probe_in_flight_is_not_lost_yet() {
    let mut lab = Lab::new(5);
    lab.broken(&routers(&[1, 2]));
    assert_eq!(lab.tracker.hops().len(), 2);
    assert_eq!(lab.tracker.totals.rounds, 0);
    lab.wait();
    assert_eq!(lab.tracker.totals.rounds, 1);
    assert_eq!(lab.tracker.totals.answered, 0);
    assert!(lab.tracker.is_settled() && !lab.tracker.is_reached());
}

#[test]
fn fs_22_two_rounds_after_a_reroute_the_path_is_right() {
    for (old, new) in [
        (vec![1, 2, 3], vec![1, 7, 3]),
        (vec![1, 2, 3], vec![1, 7]),
        (vec![1, 2], vec![1, 7, 8, 9, 10, 11, 12, 13]),
        (vec![1, 2, 3], vec![7, 8, 9]),
        (vec![1, 2, 3], vec![]),
        (vec![], vec![1]),
    ] {
        let mut lab = Lab::new(30);
        for _ in 0..20 {
            lab.round(&routers(&old));
        }
        lab.round(&routers(&new));
        lab.round(&routers(&new));
        let mut truth = new.clone();
        truth.push(TARGET);
        assert_eq!(lab.shown(), expected(&truth), "{old:?} to {new:?}");
        assert_eq!(lab.tracker.changes, 1, "{old:?} to {new:?}");
        assert_eq!(lab.tracker.totals.answered, 22, "the target was reached all the time");
        for (hop, (ttl, number)) in lab.tracker.hops().iter().zip((0..).zip(&truth)) {
            let stays =
                old.get(ttl) == Some(number) || (*number == TARGET && truth.len() == old.len() + 1);
            assert_eq!(hop.stats.sent > 2, stays, "{old:?} to {new:?}, hop {ttl} {hop:?}");
        }
    }
}

#[test]
fn a_silent_router_on_the_new_path_does_not_keep_the_old_name() {
    let mut lab = Lab::new(30);
    for _ in 0..10 {
        lab.round(&routers(&[1, 2, 3]));
    }
    for _ in 0..2 {
        lab.round(&[Node::Router(1), Node::Router(7), Node::Silent]);
    }
    assert_eq!(lab.shown(), expected(&[1, 7, 0, TARGET]));
}

#[test]
fn a_silent_target_is_not_looked_for_all_over_in_every_round() {
    let mut lab = Lab::new(30);
    lab.broken(&routers(&[1, 2]));
    lab.sent.clear();
    lab.broken(&routers(&[1, 2]));
    assert_eq!(lab.sent.iter().max(), Some(&6));
    for _ in 0..SWEEP {
        lab.broken(&routers(&[1, 2]));
    }
    assert_eq!(lab.sent.iter().max(), Some(&30), "but now and then");
}

#[test]
fn a_path_that_breaks_shows_it_and_comes_back() {
    let mut lab = Lab::new(30);
    for _ in 0..10 {
        lab.round(&routers(&[1, 2, 3]));
    }
    for _ in 0..10 {
        lab.broken(&routers(&[1]));
    }
    lab.wait();
    assert!(!lab.tracker.is_reached());
    assert_eq!((lab.tracker.totals.rounds, lab.tracker.totals.answered), (20, 10));
    assert_eq!(lab.shown(), expected(&[1, 2, 3, TARGET]), "the losses are shown where they are");
    lab.round(&routers(&[1, 2, 3]));
    assert!(lab.tracker.is_reached());
    assert_eq!(lab.tracker.changes, 0);
}

#[test]
fn what_refuses_ends_the_path_there_and_late_reports_count() {
    let mut lab = Lab::new(30);
    let path = [Node::Router(1), Node::Refuses(2, Refusal::Network)];
    for _ in 0..3 {
        lab.round(&path);
    }
    lab.wait();
    assert_eq!(lab.shown(), expected(&[1, 2]));
    let ending = lab.tracker.ending().unwrap();
    assert_eq!((ending.ttl, ending.from, ending.refusal), (2, address(2), Refusal::Network));
    for _ in 0..2 {
        lab.round(&routers(&[1, 2]));
    }
    assert_eq!((lab.tracker.ending(), lab.shown()), (None, expected(&[1, 2, TARGET])));

    // A router reports an unknown neighbour seconds later, when the probe is already lost.
    let mut lab = Lab::new(3);
    lab.broken(&routers(&[1, 2]));
    let probe = *lab.tracker.flight.iter().find(|(_, probe)| probe.ttl == 3).unwrap().0;
    lab.wait();
    let cause = Cause::Refused(Refusal::Host);
    let late = Arrival { sequence: Some(probe), from: address(2), cause, at: lab.now };
    lab.tracker.arrived(late);
    assert_eq!(lab.tracker.ending().map(|e| (e.ttl, e.refusal)), Some((2, Refusal::Host)));
    assert_eq!(lab.shown(), expected(&[1, 2]));
}

#[test]
fn terse_routers_are_asked_one_at_a_time() {
    let mut lab = Lab::new(30);
    let path = [Node::Router(1), Node::Terse(2), Node::Terse(3), Node::Router(4)];
    lab.round(&path);
    assert!(lab.tracker.is_one_at_a_time());
    for _ in 0..10 {
        lab.round(&path);
        lab.wait();
    }
    assert_eq!(lab.shown(), expected(&[1, 2, 3, 4, TARGET]));
    let alone = lab.tracker.hops()[1].stats.clone();
    assert!(alone.received >= 9, "{alone:?}");
    assert_eq!(lab.tracker.hops()[0].stats.received, 11, "the others go on as before");
}

#[test]
fn another_service_answering_for_the_target_is_reached_without_its_number() {
    // A UDP service answers in its own words: which probe it was shows when they go one by one.
    let mut lab = Lab::new(5);
    for _ in 0..40 {
        lab.tracker.start_round();
        while let Some((ttl, sequence)) = lab.tracker.next() {
            lab.tracker.sent(sequence, lab.now);
            let (sequence, from, cause) = match ttl {
                1 | 2 => (Some(sequence), address(ttl), Cause::Expired),
                _ => (None, address(TARGET), Cause::Reply),
            };
            lab.tracker.arrived(Arrival { sequence, from, cause, at: lab.now });
        }
        lab.now += ROUND;
        lab.tracker.expire(lab.now);
    }
    assert_eq!(lab.shown(), expected(&[1, 2, TARGET]));
    assert!(lab.tracker.is_reached());
}

#[test]
fn duplicates_strangers_and_unsent_probes_count_nowhere() {
    let mut lab = Lab::new(3);
    lab.tracker.start_round();
    let (_, sequence) = lab.tracker.next().unwrap();
    lab.tracker.sent(sequence, lab.now);
    let arrival =
        Arrival { sequence: Some(sequence), from: address(1), cause: Cause::Expired, at: lab.now };
    lab.tracker.arrived(arrival);
    lab.tracker.arrived(arrival);
    lab.tracker.arrived(Arrival { sequence: Some(17), ..arrival });
    while let Some((_, sequence)) = lab.tracker.next() {
        lab.tracker.unsent(sequence);
    }
    assert_eq!(lab.tracker.hops()[0].stats.sent, 1);
    assert_eq!((lab.tracker.totals.rounds, lab.tracker.totals.answered), (1, 0));
    assert!(lab.tracker.is_settled());
}

proptest! {
    /// Whatever comes, nothing grows without bound and the counts stay possible.
    #[test]
    fn any_network_leaves_the_tracker_bounded(
        max_hops in 1u8..=255,
        script in prop::collection::vec((0u8..4, 0u8..=255, any::<bool>(), 0u64..3000), 1..80),
    ) {
        let mut tracker = Tracker::new(address(TARGET), max_hops, TIMEOUT, 0);
        let mut now = Instant::now();
        for (kind, from, known, wait) in script {
            tracker.start_round();
            while let Some((ttl, sequence)) = tracker.next() {
                tracker.sent(sequence, now);
                let from = address(from.wrapping_mul(ttl));
                let cause = match kind {
                    0 => continue,
                    1 => Cause::Expired,
                    2 => Cause::Reply,
                    _ => Cause::Refused(Refusal::Host),
                };
                tracker.arrived(Arrival { sequence: known.then_some(sequence), from, cause, at: now });
            }
            now += Duration::from_millis(wait);
            tracker.expire(now);
            let room = usize::from(max_hops);
            prop_assert!(tracker.hops().len() <= room);
            prop_assert!(tracker.queue.len() <= room && tracker.lone_queue.len() <= room);
            let live = tracker.flight.values().filter(|probe| !probe.lost).count();
            prop_assert!(tracker.flight.len() <= FLIGHT_LIMIT + live);
            for hop in &tracker.hops {
                prop_assert!(hop.stats.received <= hop.stats.sent);
                prop_assert!(hop.addresses().count() <= crate::model::trace::ADDRESS_LIMIT);
            }
        }
        tracker.expire(now + TIMEOUT);
        while tracker.next().is_some() {
            now += TIMEOUT + TIMEOUT;
            tracker.expire(now);
        }
        tracker.expire(now + TIMEOUT + TIMEOUT);
        prop_assert!(tracker.is_settled());
        prop_assert!(tracker.rounds.is_empty(), "every round is counted: {:?}", tracker.rounds);
    }
}
