//! Constellations of hops and what is said about them.

use super::super::tracker::Refusal;
use super::*;
use crate::model::SafeText;
use crate::model::trace::HopAddress;

/// A hop: its last number, and its probes as `.` answered and `x` lost, oldest first. Number 0 is
/// a hop that never answered.
fn hop(ttl: u8, host: u8, probes: &str) -> Hop {
    let recent: Vec<Option<f64>> = probes.chars().map(|c| (c == '.').then_some(1.5)).collect();
    let sent = recent.len() as u64;
    let received = recent.iter().flatten().count() as u64;
    let known = HopAddress { address: IpAddr::from([10, 0, host, 1]), name: None };
    Hop {
        ttl,
        addresses: if host == 0 { Vec::new() } else { vec![known] },
        sent,
        received,
        #[expect(clippy::cast_precision_loss, reason = "a few dozen")]
        loss_pct: if sent == 0 { 0.0 } else { (sent - received) as f64 * 100.0 / sent as f64 },
        last_ms: None,
        avg_ms: None,
        best_ms: None,
        worst_ms: None,
        stddev_ms: None,
        jitter_ms: None,
        recent_ms: recent,
    }
}

fn path(probes: &[&str]) -> Vec<Hop> {
    (1..).zip(probes).map(|(ttl, p)| hop(ttl, if p.contains('.') { ttl } else { 0 }, p)).collect()
}

fn facts(hops: &[Hop], reached: bool) -> Facts<'_> {
    Facts { hops, protocol: TraceProtocol::Icmp, reached, begun: true, ending: None, problem: None }
}

/// `%` of ten or twenty probes lost, spread evenly.
const CLEAN: &str = "....................";
const TEN: &str = ".........x.........x";
const TWENTY: &str = "....x....x....x....x";
const HALF: &str = ".x.x.x.x.x.x.x.x.x.x";
const SILENT: &str = "xxxxxxxxxxxxxxxxxxxx";
const ONE: &str = "......x.............";

#[test]
fn fs_22_the_verdict_of_paths_that_reach_the_target() {
    let table: &[(&[&str], &str)] = &[
        (&[CLEAN], "the target answers at the first hop, no loss"),
        (&[CLEAN, CLEAN, CLEAN, CLEAN], "all 4 hops answer, no loss"),
        (&[CLEAN, CLEAN, TEN, TEN], "10 % loss begins at hop 3 (10.0.3.1) and stays to the target"),
        (&[TWENTY, TWENTY, TWENTY], "20 % loss begins at hop 1 (10.0.1.1) and stays to the target"),
        (&[CLEAN, CLEAN, TWENTY], "20 % loss begins at the target, hop 3 (10.0.3.1)"),
        // A rate limit in front of a real loss does not hide where the loss begins.
        (
            &[CLEAN, HALF, CLEAN, TWENTY, TWENTY],
            "20 % loss begins at hop 4 (10.0.4.1) and stays to the target",
        ),
        // The limited hop lies inside the lossy part.
        (
            &[CLEAN, TWENTY, HALF, TWENTY],
            "20 % loss begins at hop 2 (10.0.2.1) and stays to the target",
        ),
        // Silent hops inside the lossy part say nothing.
        (&[CLEAN, SILENT, TEN], "10 % loss begins at hop 2 (silent) and stays to the target"),
        // Two places: most of it counts.
        (&[CLEAN, TEN, HALF, HALF], "50 % loss begins at hop 3 (10.0.3.1) and stays to the target"),
        (&[CLEAN, TEN, HALF], "50 % loss at the target, hop 3 (10.0.3.1), and 10 % before it"),
        (
            &[CLEAN, HALF, CLEAN, CLEAN],
            "hop 2 (10.0.2.1) limits its ICMP replies (50 % unanswered), the path itself loses nothing",
        ),
        (
            &[CLEAN, ONE, CLEAN, CLEAN],
            "hop 2 (10.0.2.1) left 1 of 20 probes unanswered, the path itself loses nothing",
        ),
        (
            &[HALF, TWENTY, CLEAN],
            "hops 1 and 2 limit their ICMP replies (up to 50 % unanswered), the path itself loses nothing",
        ),
        (
            &[ONE, ONE, ONE, CLEAN],
            "hops 1, 2 and 3 left single probes unanswered, the path itself loses nothing",
        ),
        (&[CLEAN, SILENT, CLEAN], "hop 2 does not answer, the path itself loses nothing"),
        (&[SILENT, SILENT, CLEAN], "hops 1 and 2 do not answer, the path itself loses nothing"),
        (
            &[HALF, SILENT, CLEAN],
            "hop 1 (10.0.1.1) limits its ICMP replies (50 % unanswered), hop 2 does not answer, the path itself loses nothing",
        ),
        // A hop that was reset by a reroute has no probes yet.
        (&[CLEAN, "", CLEAN], "all 3 hops answer, no loss"),
    ];
    for (probes, expected) in table {
        assert_eq!(verdict(&facts(&path(probes), true)), *expected, "{probes:?}");
    }
}

#[test]
fn fs_22_the_verdict_of_paths_that_do_not() {
    let old = ".......xxxxx";
    let table: &[(&[&str], &str)] = &[
        (&[CLEAN, CLEAN], "answers end at hop 2 (10.0.2.1)"),
        (&[CLEAN, HALF, SILENT, SILENT], "answers end at hop 2 (10.0.2.1)"),
        (&[CLEAN, CLEAN, old, old], "answers end at hop 2 (10.0.2.1)"),
        (&[CLEAN, SILENT, CLEAN], "answers end at hop 3 (10.0.3.1)"),
        (&[SILENT, SILENT], "no answers at all, not even from the first hop"),
        (&[old, old], "no answers at all, not even from the first hop"),
        (&[], "no answers at all, not even from the first hop"),
    ];
    for (probes, expected) in table {
        assert_eq!(verdict(&facts(&path(probes), false)), *expected, "{probes:?}");
    }
}

#[test]
fn before_the_first_round_and_without_a_route() {
    let hops = path(&[]);
    assert_eq!(verdict(&Facts { begun: false, ..facts(&hops, false) }), "no answers yet");
    let problem = Some("network is unreachable");
    let stuck = Facts { problem, ..facts(&hops, false) };
    assert_eq!(verdict(&stuck), "cannot send: network is unreachable");
}

#[test]
fn a_router_that_refuses_is_quoted() {
    let hops = path(&[CLEAN, CLEAN]);
    let ending = Ending::new(2, IpAddr::from([10, 0, 2, 1]), Refusal::Filtered);
    let refused = Facts { ending: Some(ending), ..facts(&hops, false) };
    assert_eq!(
        verdict(&refused),
        "answers end at hop 2 (10.0.2.1), which reports: filtered by an administrator"
    );
}

#[test]
fn a_udp_target_that_limits_its_answers_is_explained() {
    let hops = path(&[CLEAN, CLEAN, HALF]);
    let udp = Facts { protocol: TraceProtocol::Udp, ..facts(&hops, true) };
    assert_eq!(
        verdict(&udp),
        "the target, hop 3 (10.0.3.1), leaves 50 % unanswered, the hops before it nothing: hosts \
         limit their `port unreachable` answers, so this need not be loss (icmp tells)"
    );
}

#[test]
fn a_loop_is_named_and_two_equal_neighbours_are_none() {
    let mut hops = path(&[CLEAN, CLEAN, CLEAN, CLEAN, CLEAN]);
    hops[3].addresses = hops[1].addresses.clone();
    assert_eq!(
        verdict(&facts(&hops, false)),
        "the path runs in a loop: hop 2 (10.0.2.1) answers again at hop 4"
    );
    let mut hops = path(&[CLEAN, CLEAN, CLEAN]);
    hops[2].addresses = hops[1].addresses.clone();
    assert_eq!(verdict(&facts(&hops, false)), "answers end at hop 3 (10.0.2.1)");
}

#[test]
fn names_stand_beside_addresses_and_old_loss_is_not_todays() {
    let mut hops = path(&[CLEAN, CLEAN]);
    hops[0].addresses[0].name = Some(SafeText::line("core-1"));
    hops[0].sent = 900;
    hops[0].received = 880;
    assert_eq!(verdict(&facts(&hops, true)), "all 2 hops answer, no loss in the last 20 probes");
    hops.pop();
    assert_eq!(verdict(&facts(&hops, false)), "answers end at hop 1 (core-1 10.0.1.1)");
    let mut lossy = path(&[CLEAN, TEN, TEN]);
    lossy[2].sent = 900;
    assert!(verdict(&facts(&lossy, true)).ends_with("to the target (last 20 probes)"));
}

#[test]
fn percents_are_short() {
    let cases = [
        (3.125, "3.1 %"),
        (41.2, "41 %"),
        (100.0, "100 %"),
        (5.0, "5 %"),
        (0.0, "0 %"),
        (9.99, "10 %"),
    ];
    for (value, text) in cases {
        assert_eq!(percent(value), text);
    }
}
