//! What is another path, in which words, and what is a branch of the same one.

use super::*;

fn path(hops: &[&[u8]], loss: f64) -> Path {
    let hop = |(at, addresses): (usize, &&[u8])| PathHop {
        ttl: u8::try_from(at + 1).unwrap(),
        addresses: addresses.iter().map(|n| IpAddr::from([10, 0, 0, *n])).collect(),
    };
    Path {
        hops: hops.iter().enumerate().map(hop).collect(),
        reached: true,
        loss_pct: Some(loss),
        rtt_ms: Some(12.25),
    }
}

#[test]
fn fs_22_a_change_says_before_and_after_and_what_happened_to_loss_and_rtt() {
    let change = |before: Option<Path>, after| PathChange {
        host: "HQ".into(),
        check: None,
        at: Timestamp::from_millis(0),
        before,
        after,
        target: None,
        test: None,
    };
    let (was, is) = (path(&[&[1], &[2], &[9]], 0.0), path(&[&[1], &[4, 5], &[9]], 2.5));
    let words = change(Some(was.clone()), is).words().unwrap();
    assert_eq!(
        words.as_str(),
        "the path changed at hop 2: 10.0.0.2 -> 10.0.0.4 10.0.0.5; loss 0.0 % -> 2.5 %, RTT 12.2 ms \
         -> 12.2 ms"
    );
    let far = Path { rtt_ms: None, ..path(&[&[3], &[4], &[7]], 0.0) };
    let words = change(Some(was.clone()), far).words().unwrap();
    assert!(words.as_str().contains("10.0.0.1 -> 10.0.0.3 and 2 hops more"), "{words}");
    assert!(words.as_str().ends_with("RTT 12.2 ms -> unknown"), "{words}");
    assert_eq!(change(None, was).words(), None);
}

#[test]
fn branches_of_one_way_have_its_length_and_its_end() {
    let way = path(&[&[1], &[2], &[3], &[9]], 0.0);
    assert!(path(&[&[1], &[4], &[5], &[9]], 0.0).is_branch_of(&way));
    assert!(!path(&[&[6], &[4], &[5], &[9]], 0.0).is_branch_of(&way), "too many others");
    assert!(!path(&[&[1], &[4], &[3], &[8]], 0.0).is_branch_of(&way), "another end");
    assert!(!path(&[&[1], &[4], &[3], &[7], &[9]], 0.0).is_branch_of(&way), "longer");
    let more = path(&[&[1], &[2, 4], &[], &[9]], 1.0);
    assert!(more.has_more_than(&way) && !more.differs_from(&way) && !way.has_more_than(&more));
    let mut joined = way.clone();
    joined.join(&more, false);
    assert_eq!((joined.hops.clone(), joined.loss_pct), (way.hops.clone(), Some(1.0)));
    joined.join(&path(&[&[1], &[4], &[], &[9], &[10]], 1.0), true);
    assert_eq!(
        joined.hops.iter().map(|hop| hop.addresses.len()).collect::<Vec<_>>(),
        [1, 2, 1, 1, 1]
    );
    for n in 20..60 {
        joined.join(&path(&[&[1], &[n]], 1.0), true);
    }
    assert_eq!(joined.hops[1].addresses.len(), PARALLEL);
}
