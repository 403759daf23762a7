//! What an operator decides about notifications that were not delivered: sent again under the same
//! key with the same bytes, also when they are old; or dropped and kept to be seen.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use fluxnoc::clock::Clock;
use fluxnoc::model::{Span, State};
use fluxnoc::protocol::{
    Answer, Command, DeliveryState, LogFilter, LogKind, NotificationPage, NotificationScope,
    Outcome, Query,
};

use crate::lab::{Lab, START, refused};
use crate::lanes::{routes, wanted};
use crate::receiver::{PATIENCE, Receiver, status};

async fn page(lab: &Lab, destination: Option<&str>) -> NotificationPage {
    let destination = destination.map(str::to_owned);
    let query = Query::Notifications { destination, limit: 100 };
    let Answer::Notifications(page) = lab.query(query).await else { panic!() };
    page
}

/// Waits until the newest notification of the hook is in this state.
async fn until(lab: &Lab, state: DeliveryState) -> NotificationPage {
    let end = Instant::now() + PATIENCE;
    loop {
        let page = page(lab, Some("hook")).await;
        if page.rows.first().is_some_and(|row| row.told.state == state) {
            return page;
        }
        assert!(Instant::now() < end, "not {state:?}: {page:#?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn what_was_given_up_is_sent_again_under_its_key_with_the_same_bytes_also_a_day_later() {
    let answer = Arc::new(AtomicU16::new(400));
    let says = Arc::clone(&answer);
    let receiver = Receiver::start(move |_| status(says.load(Ordering::Relaxed))).await;
    let routes = routes(&[("hook", &receiver)]);
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::manual(START);
    let mut lab = Lab::start(dir.path(), wanted(&["web-1"], &routes), clock.clone()).await;
    lab.report("web-1/http", refused()).await;
    until(&lab, DeliveryState::Parked).await;
    // Counts and rows of one page are read one after the other.
    let parked = page(&lab, Some("hook")).await;
    let [row] = parked.rows.as_slice() else { panic!("{parked:#?}") };
    assert_eq!((&*row.check.host, row.state, row.resent_at), ("web-1", State::Critical, None));
    assert!(row.told.error.as_ref().unwrap().as_str().contains("HTTP 400"), "{row:?}");
    assert_eq!(row.told.tries, 1, "a refusal is an answer to a try");
    let names: Vec<_> =
        parked.destinations.iter().map(|row| (&*row.name, row.parked, row.gone)).collect();
    assert_eq!(names, [("hook", 1, false), ("log", 0, false)]);

    clock.advance(Span::from_secs(25 * 3600));
    answer.store(200, Ordering::Relaxed);
    let which = NotificationScope::Keys(vec![row.told.key.clone(), "no such".to_owned()]);
    let resend = Command::ResendNotifications { which };
    let outcome = lab.execute(resend.clone()).await.unwrap();
    let Outcome::Done { count: 1, failures, .. } = &outcome else { panic!("{outcome:?}") };
    assert!(failures[0].as_str().contains("no notification `no such`"), "{failures:?}");
    until(&lab, DeliveryState::Sent).await;
    // Counts and rows of one page are read one after the other.
    let sent = page(&lab, Some("hook")).await;
    assert!(sent.rows[0].resent_at.is_some());
    assert_eq!((sent.destinations[0].parked, sent.destinations[0].waiting), (0, 0));
    assert!(sent.destinations[0].sent_at.is_some());
    let got = receiver.got();
    assert_eq!(got.len(), 2);
    assert_eq!(got[0].body, got[1].body);
    let key = |at: usize| got[at].json()["key"].clone();
    assert_eq!(key(0), key(1));

    let again = lab.execute(resend).await.unwrap_err();
    assert!(again.to_string().contains("is delivered already"), "{again}");
    let filter = LogFilter { kinds: vec![LogKind::Action], ..LogFilter::default() };
    let asked = Query::Log { filter, before: None, limit: 10 };
    let Answer::Log(log) = lab.query(asked).await else { panic!() };
    assert!(log.entries[0].text.as_str().contains("sent 2 notifications again"), "{log:?}");
    lab.stop().await;
}

#[tokio::test]
async fn what_is_dropped_is_not_sent_is_kept_and_can_still_be_sent() {
    let answer = Arc::new(AtomicU16::new(503));
    let says = Arc::clone(&answer);
    let receiver = Receiver::start(move |_| status(says.load(Ordering::Relaxed))).await;
    let routes = routes(&[("hook", &receiver)]);
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::manual(START);
    let hosts = ["web-1", "web-2"];
    let mut lab = Lab::start(dir.path(), wanted(&hosts, &routes), clock.clone()).await;
    for host in hosts {
        lab.report(&format!("{host}/http"), refused()).await;
    }
    receiver.until("both", |got| got.len() >= 2).await;
    let drop = |to: &str| Command::DropNotifications {
        which: NotificationScope::Destination(to.to_owned()),
    };
    let nothing = lab.execute(drop("log")).await.unwrap_err();
    assert!(nothing.to_string().contains("nothing for `log` is to be dropped"), "{nothing}");
    let outcome = lab.execute(drop("hook")).await.unwrap();
    assert!(matches!(outcome, Outcome::Done { count: 2, .. }), "{outcome:?}");
    let dropped = until(&lab, DeliveryState::Dropped).await;
    assert_eq!(dropped.rows.len(), 2, "they are kept");
    assert_eq!((dropped.destinations[0].waiting, dropped.destinations[0].parked), (0, 0));
    answer.store(200, Ordering::Relaxed);
    let tried = receiver.got().len();
    clock.advance(Span::from_secs(600));
    let one = dropped.rows[0].told.key.clone();
    let which = NotificationScope::Keys(vec![one]);
    lab.execute(Command::ResendNotifications { which }).await.unwrap();
    receiver.until("the one", |got| got.len() > tried).await;
    let end = until(&lab, DeliveryState::Sent).await;
    let states: Vec<_> = end.rows.iter().map(|row| row.told.state).collect();
    assert_eq!(states, [DeliveryState::Sent, DeliveryState::Dropped]);
    lab.stop().await;
    assert_eq!(receiver.got().len(), tried + 1, "the other is not sent");
}
