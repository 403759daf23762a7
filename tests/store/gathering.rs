//! What is told as one: which rows a digest takes, and that nothing of an alert goes around it.

use std::time::Instant;

use fluxnoc::model::{
    AlertId, Digest, Hold, Notification, Phase, Reason, SafeText, State, Timestamp,
};
use fluxnoc::store::{Pass, Select, Store};

use crate::Place;
use crate::samples::{alert, at, edge};

fn promise(number: u8, seq: u32) -> Notification {
    let of = alert(number, &format!("host-{number}"));
    let mut edge = edge(&of, seq);
    edge.at = at(i64::from(seq) * 1000 + i64::from(number));
    Notification::of(&edge, Reason::First, "hook")
}

fn in_group(notification: Notification, group: &str) -> Notification {
    Notification { group: Some(group.to_owned()), ..notification }
}

async fn enqueue(store: &Store, all: &[Notification]) {
    let mut tx = store.write().await.unwrap();
    for notification in all {
        tx.enqueue(notification).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn passing(store: &Store, now: Timestamp, pass: Pass) -> Vec<String> {
    let rows = store.passing("hook", now, 100, pass).await.unwrap();
    rows.into_iter().map(|row| short(&row.notification)).collect()
}

fn short(notification: &Notification) -> String {
    let what = match &notification.digest {
        Some(digest) => format!("digest of {}", digest.alerts),
        None => notification.edge.check.host.to_string(),
    };
    format!("{what} {}", notification.edge_seq)
}

async fn gathered(store: &Store, select: Select<'_>, now: Timestamp) -> Vec<String> {
    let rows = store.gathered("hook", select, now, 100).await.unwrap();
    rows.iter().map(|row| short(&row.notification)).collect()
}

pub async fn what_waits_is_told_in_one_digest_and_nothing_goes_around_it(place: Place) {
    let store = place.open().await.unwrap();
    let now = at(60_000);
    let site = |number, seq| in_group(promise(number, seq), "noc\ndal");
    enqueue(&store, &[promise(1, 1), promise(2, 1), site(3, 1), site(4, 1), site(4, 2)]).await;
    let mut tx = store.write().await.unwrap();
    let mut three = alert(3, "host-3");
    three.phase = Phase::Resolved;
    tx.put_alert(&three).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(passing(&store, now, Pass::Open).await, ["host-1 1", "host-2 1"]);
    assert_eq!(passing(&store, now, Pass::Closed).await, Vec::<String>::new());
    assert_eq!(passing(&store, now, Pass::Held).await, Vec::<String>::new());
    let alone = store.piled_alone("hook", now).await.unwrap().unwrap();
    assert_eq!((alone.rows, alone.alerts), (2, 2));
    assert_eq!((alone.oldest, alone.newest), (at(1001), at(1002)));
    let [group] = &*store.piled_groups("hook", now).await.unwrap() else { panic!() };
    assert_eq!((group.group.as_deref(), group.rows, group.alerts), (Some("noc\ndal"), 3, 2));
    assert_eq!(store.piled_alone("hook", at(0)).await.unwrap(), None, "nothing was due then");
    assert!(store.piled_groups("mail", now).await.unwrap().is_empty());

    let select = Select::Group("noc\ndal");
    assert_eq!(gathered(&store, select, now).await, ["host-3 1", "host-4 1", "host-4 2"]);
    let rows = store.gathered("hook", select, now, 100).await.unwrap();
    assert_eq!(rows[0].alert.as_ref().map(|alert| alert.phase), Some(Phase::Resolved));
    assert_eq!(
        (rows[1].alert.as_ref(), rows[1].told, rows[1].told_in_digest),
        (None, false, false)
    );
    let of = Digest { alerts: 2, critical: 2, ..Digest::default() };
    let digest = Notification::digest(&rows[0].notification, None, of, now);
    assert_eq!(digest.key, format!("digest:{}", rows[0].notification.key));
    assert!(!store.owes_digest("hook").await.unwrap());
    let mut tx = store.write().await.unwrap();
    tx.enqueue(&in_group(digest.clone(), "noc\ndal")).await.unwrap();
    let keys: Vec<&str> = rows.iter().map(|row| &*row.notification.key).collect();
    tx.put_in_digest(&keys, &digest.key).await.unwrap();
    tx.commit().await.unwrap();
    assert!(store.owes_digest("hook").await.unwrap());

    // A later edge of a member waits for the digest, also where only what is free may go.
    enqueue(&store, &[promise(4, 3), promise(5, 3)]).await;
    assert_eq!(passing(&store, now, Pass::Closed).await, ["digest of 2 1"]);
    let next = gathered(&store, Select::Alone, now).await;
    assert_eq!(next, ["host-1 1", "host-2 1", "host-5 3"], "nor does it go into another");
    let open = passing(&store, now, Pass::Open).await;
    assert_eq!(open, ["host-1 1", "host-2 1", "host-5 3", "digest of 2 1"]);
    let told = |number: u8| alert(number, "x").id;
    let of_four = store.notifications_of(told(4), 9).await.unwrap();
    let states: Vec<_> =
        of_four.iter().map(|one| (one.notification.edge_seq, &*one.state)).collect();
    assert_eq!(states, [(3, "due"), (2, "digest"), (1, "digest")]);
    assert_eq!(of_four[1].sent_at, None);
    // Also on the page of the first, of which the digest has its key.
    assert_eq!(store.notifications_of(told(3), 9).await.unwrap().len(), 1);

    let mut tx = store.write().await.unwrap();
    tx.mark_parked(&digest.key, 1, "HTTP 400").await.unwrap();
    tx.commit().await.unwrap();
    let parked = store.notifications_of(told(3), 9).await.unwrap();
    assert_eq!(
        (&*parked[0].state, parked[0].error.as_ref().unwrap().as_str()),
        ("parked", "HTTP 400")
    );
    let mut tx = store.write().await.unwrap();
    tx.resend(&digest.key, now).await.unwrap();
    tx.resend(keys[0], now).await.unwrap();
    tx.mark_sent(&digest.key, at(61_000)).await.unwrap();
    tx.commit().await.unwrap();
    let sent = store.notifications_of(told(3), 9).await.unwrap();
    assert_eq!((&*sent[0].state, sent[0].sent_at), ("digest", Some(at(61_000))));
    // Of open alerts it is read for all at once, and is as far as the digest.
    let mut tx = store.write().await.unwrap();
    tx.put_alert(&alert(3, "x")).await.unwrap();
    tx.commit().await.unwrap();
    let tellings = store.tellings().await.unwrap();
    let words: Vec<_> = tellings.iter().map(|one| (one.alert, &*one.state)).collect();
    assert_eq!(words, [(told(3), "sent")]);
    assert!(passing(&store, now, Pass::Open).await.contains(&"host-4 3".to_owned()));
    let last = store.last_of_group("hook", "noc\ndal").await.unwrap();
    assert_eq!(last, Some(at(61_000)));
    assert_eq!(store.last_digest("hook", at(60_999)).await.unwrap(), Some(at(61_000)));
    assert_eq!(store.last_digest("hook", at(61_000)).await.unwrap(), None);
    assert_eq!(store.sent_since("hook", at(0), 9).await.unwrap(), 0, "a digest is none of those");
    let rows = store.gathered("hook", Select::Alone, now, 100).await.unwrap();
    let known: Vec<_> =
        rows.iter().map(|row| (short(&row.notification), row.told_in_digest)).collect();
    assert!(known.contains(&("host-4 3".to_owned(), true)), "{known:?}");
    assert!(known.contains(&("host-1 1".to_owned(), false)), "{known:?}");
}

/// The clock was set back between two edges of an alert: the digest of both has the later one's
/// key, and does not wait for itself.
pub async fn a_digest_does_not_wait_for_itself(place: Place) {
    let store = place.open().await.unwrap();
    let mut first = promise(1, 1);
    first.not_before = at(9_000);
    enqueue(&store, &[first.clone(), promise(1, 2)]).await;
    let rows = store.gathered("hook", Select::Alone, at(60_000), 9).await.unwrap();
    assert_eq!(rows[0].notification.edge_seq, 2);
    let digest = Notification::digest(&rows[0].notification, None, Digest::default(), at(60_000));
    enqueue(&store, std::slice::from_ref(&digest)).await;
    let mut tx = store.write().await.unwrap();
    let keys = [&*first.key, &*promise(1, 2).key];
    assert_eq!(tx.put_in_digest(&keys, &digest.key).await.unwrap(), 2);
    tx.commit().await.unwrap();
    assert_eq!(passing(&store, at(60_000), Pass::Open).await, ["digest of 0 2"]);
}

/// Its group changed between two edges of an alert: the first goes first.
pub async fn what_waits_elsewhere_holds_what_follows_it(place: Place) {
    let store = place.open().await.unwrap();
    let now = at(60_000);
    let grouped = [in_group(promise(1, 1), "noc\ndal"), in_group(promise(2, 1), "noc\ndal")];
    enqueue(&store, &grouped).await;
    let later = [promise(1, 2), in_group(promise(2, 2), "noc\nfra"), promise(3, 1)];
    enqueue(&store, &later).await;
    assert_eq!(gathered(&store, Select::Alone, now).await, ["host-3 1"]);
    assert!(gathered(&store, Select::Group("noc\nfra"), now).await.is_empty());
    let first = gathered(&store, Select::Group("noc\ndal"), now).await;
    assert_eq!(first, ["host-1 1", "host-2 1"]);
}

pub async fn what_was_tried_goes_by_itself_and_holds_what_follows_it(place: Place) {
    let store = place.open().await.unwrap();
    let now = at(60_000);
    enqueue(&store, &[promise(1, 1), promise(1, 2), promise(2, 1), promise(3, 1)]).await;
    let mut tx = store.write().await.unwrap();
    tx.mark_retry(&promise(1, 1).key, at(50_000), 1, "no").await.unwrap();
    tx.let_go(&promise(3, 1).key).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(gathered(&store, Select::Alone, now).await, ["host-2 1"]);
    assert_eq!(passing(&store, now, Pass::Closed).await, ["host-3 1", "host-1 1"]);
    let mut tx = store.write().await.unwrap();
    tx.put_in_digest(&[&promise(1, 1).key], "digest:x").await.unwrap();
    tx.mark_sent(&promise(1, 1).key, at(60_000)).await.unwrap();
    tx.mark_sent(&promise(3, 1).key, at(60_000)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.sent_since("hook", at(59_999), 9).await.unwrap(), 1, "not what was let go");
    assert_eq!(store.sent_since("hook", at(59_999), 0).await.unwrap(), 0);
    assert_eq!(gathered(&store, Select::Alone, now).await, ["host-2 1", "host-1 2"]);
    let rows = store.gathered("hook", Select::Alone, now, 9).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.told).collect::<Vec<_>>(), [false, true]);
}

/// It was under way when a hold of paging ended and made one group of all that waits.
pub async fn what_fails_when_it_is_in_a_group_goes_by_itself(place: Place) {
    let store = place.open().await.unwrap();
    let now = at(60_000);
    enqueue(&store, &[promise(1, 1), promise(1, 2), promise(2, 1)]).await;
    let mut tx = store.write().await.unwrap();
    tx.gather("hold:x", now).await.unwrap();
    tx.mark_retry(&promise(1, 1).key, at(61_000), 1, "HTTP 503").await.unwrap();
    tx.commit().await.unwrap();
    let select = Select::Group("hold:x");
    assert!(passing(&store, now, Pass::Open).await.is_empty(), "its time is not there");
    assert_eq!(gathered(&store, select, now).await, ["host-2 1"]);
    let now = at(61_000);
    for (pass, rows) in [(Pass::Open, 1), (Pass::Closed, 1), (Pass::Held, 0)] {
        let wanted = vec!["host-1 1".to_owned(); rows];
        assert_eq!(passing(&store, now, pass).await, wanted, "{pass:?}");
    }
    let [group] = &*store.piled_groups("hook", now).await.unwrap() else { panic!() };
    assert_eq!((group.rows, group.alerts), (2, 2), "it is none of those that wait together");
    let mut tx = store.write().await.unwrap();
    tx.mark_sent(&promise(1, 1).key, now).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(gathered(&store, select, now).await, ["host-2 1", "host-1 2"]);
}

pub async fn a_hold_outlives_a_restart_and_what_waited_becomes_one_group(place: Place) {
    let store = place.open().await.unwrap();
    assert_eq!(store.load().await.unwrap().hold, None);
    let hold = Hold {
        id: AlertId::from_parts(7, [7; 10]),
        author: SafeText::line("mia"),
        reason: SafeText::line("a \"reason\""),
        since: at(1),
        until: at(2),
        told: 3,
    };
    let mut tx = store.write().await.unwrap();
    tx.put_hold(Some(&hold)).await.unwrap();
    tx.commit().await.unwrap();
    let mut notice = promise(9, 1);
    notice.reason = Reason::HoldBegan;
    enqueue(&store, &[in_group(promise(1, 1), "noc"), promise(2, 1), promise(3, 70), notice]).await;
    assert_eq!(store.load().await.unwrap().hold, Some(hold));
    let now = at(60_000);
    assert_eq!(passing(&store, now, Pass::Held).await, ["host-9 1"]);
    let mut tx = store.write().await.unwrap();
    tx.gather("hold:x", now).await.unwrap();
    tx.put_hold(None).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.load().await.unwrap().hold, None);
    assert_eq!(gathered(&store, Select::Group("hold:x"), now).await, ["host-1 1", "host-2 1"]);
    assert_eq!(passing(&store, at(90_000), Pass::Open).await, ["host-9 1", "host-3 70"]);
    let mut tx = store.write().await.unwrap();
    tx.open_group("hook", "hold:x", now).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(passing(&store, now, Pass::Open).await, ["host-1 1", "host-2 1", "host-9 1"]);
}

/// A digest of ten thousand holds the writer for as long as a few group commits.
pub async fn ten_thousand_go_into_a_digest_quickly(place: Place) {
    const ALL: u32 = 10_000;
    let store = place.open().await.unwrap();
    let mut tx = store.write().await.unwrap();
    for n in 0..ALL {
        let [a, b, c, d] = n.to_be_bytes();
        let mut of = alert(1, &format!("host-{n}"));
        of.id = AlertId::from_parts(at(0).millis(), [a, b, c, d, 0, 0, 0, 0, 0, 0]);
        of.state = State::Critical;
        tx.put_alert(&of).await.unwrap();
        tx.enqueue(&Notification::of(&edge(&of, 1), Reason::First, "hook")).await.unwrap();
    }
    tx.commit().await.unwrap();
    // As either database does by itself after a while.
    place.meddle("ANALYZE").await;
    let begun = Instant::now();
    let rows = store.gathered("hook", Select::Alone, at(60_000), ALL).await.unwrap();
    let read = begun.elapsed();
    assert!(rows.len() == ALL as usize && rows.iter().all(|row| row.alert.is_some()));
    let keys: Vec<&str> = rows.iter().map(|row| &*row.notification.key).collect();
    let begun = Instant::now();
    let mut tx = store.write().await.unwrap();
    tx.put_in_digest(&keys, "digest:x").await.unwrap();
    tx.commit().await.unwrap();
    let written = begun.elapsed();
    println!("{ALL} notifications: read in {read:.0?}, marked in {written:.0?}");
    assert_eq!(store.piled_alone("hook", at(60_000)).await.unwrap(), None);
    assert!(read.as_secs() < 10 && written.as_secs() < 5, "{read:?} {written:?}");
}
