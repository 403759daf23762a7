//! The lease of several servers and the fence of who lost it: on PostgreSQL alone.

use std::time::Duration;

use fluxnoc::model::{Span, Steady, Timestamp};
use fluxnoc::store::{Fence, Member, Store, StoreError};

use super::Place;

const TTL: Span = Span::from_secs(6);
/// Long enough to tell "waits" from "is slow".
const MOMENT: Duration = Duration::from_millis(400);

fn far() -> Steady {
    Steady::from_millis(i64::MAX)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

async fn expire(place: &Place) {
    place.meddle("UPDATE leases SET until = 0").await;
}

/// A server that leads, as the store sees it.
async fn leader(place: &Place, name: &str) -> (Store, i64) {
    let store = place.open().await.unwrap();
    let epoch = store.take_lease(name, TTL).await.unwrap().expect("it is free");
    (store.fenced(Fence::new(name, epoch, far())), epoch)
}

async fn beat(store: &Store, seconds: i64) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    tx.heartbeat(at(seconds)).await?;
    tx.commit().await
}

async fn alive(place: &Place) -> Option<Timestamp> {
    place.open().await.unwrap().load().await.unwrap().alive
}

pub async fn one_server_leads_and_each_take_over_has_another_epoch(place: Place) {
    let (one, other) = (place.open().await.unwrap(), place.open().await.unwrap());
    let (first, second) = tokio::join!(one.take_lease("one", TTL), other.take_lease("other", TTL));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert!(first.is_some() != second.is_some(), "{first:?} {second:?}");
    let (name, rival) = if first.is_some() { ("one", "other") } else { ("other", "one") };
    assert_eq!(first.or(second), Some(1));
    assert!(one.renew_lease(name, 1, TTL).await.unwrap());
    assert!(!one.renew_lease(rival, 1, TTL).await.unwrap());
    assert!(!one.renew_lease(name, 2, TTL).await.unwrap());
    assert_eq!(one.take_lease(name, TTL).await.unwrap(), None, "not even its own");
    let holder = one.roll().await.unwrap().holder;
    assert!(holder.owner == name && holder.rest <= TTL && holder.rest > Span::from_secs(3));
    // Given up in order, it is free at once; whoever gave it up holds nothing any more.
    one.release_lease(rival, 1).await.unwrap();
    assert_eq!(one.take_lease(rival, TTL).await.unwrap(), None);
    one.release_lease(name, 1).await.unwrap();
    assert_eq!(one.take_lease(rival, TTL).await.unwrap(), Some(2));
    assert!(!one.renew_lease(name, 1, TTL).await.unwrap());
}

pub async fn i6_who_was_deposed_writes_nothing(place: Place) {
    let (one, epoch) = leader(&place, "one").await;
    beat(&one, 1).await.unwrap();
    expire(&place).await;
    beat(&one, 2).await.expect("nobody else leads: it may");
    let (other, next) = leader(&place, "other").await;
    assert_eq!(next, epoch + 1);
    let refused = beat(&one, 3).await.unwrap_err();
    assert!(matches!(refused, StoreError::Deposed), "{refused}");
    assert_eq!(alive(&place).await, Some(at(2)));
    assert!(!one.may_act(Steady::from_millis(0)), "and nobody is told of anything");
    beat(&other, 4).await.unwrap();
    assert_eq!(alive(&place).await, Some(at(4)));
    // A new lease of the same server does not bring the old fence back.
    other.release_lease("other", next).await.unwrap();
    place.open().await.unwrap().take_lease("one", TTL).await.unwrap().unwrap();
    assert!(matches!(beat(&one, 5).await, Err(StoreError::Deposed)));
}

pub async fn i6_a_take_over_waits_for_what_is_being_written(place: Place) {
    let (one, epoch) = leader(&place, "one").await;
    let mut tx = one.write().await.unwrap();
    tx.heartbeat(at(1)).await.unwrap();
    // Its own renewals do not wait for it.
    let renewed = tokio::time::timeout(MOMENT, one.renew_lease("one", epoch, TTL)).await;
    assert!(renewed.expect("it does not wait").unwrap());
    expire(&place).await;
    let other = place.open().await.unwrap();
    let mut taking = tokio::spawn(async move { other.take_lease("other", TTL).await });
    assert!(tokio::time::timeout(MOMENT, &mut taking).await.is_err(), "it waits");
    tx.commit().await.unwrap();
    assert_eq!(taking.await.unwrap().unwrap(), Some(epoch + 1));
    assert_eq!(alive(&place).await, Some(at(1)), "what was committed before counts");
    assert!(matches!(beat(&one, 2).await, Err(StoreError::Deposed)));
}

pub async fn a_server_that_stands_still_within_a_unit_of_work_holds_nobody_up(place: Place) {
    let (one, epoch) = leader(&place, "one").await;
    let mut tx = one.write().await.unwrap();
    tx.heartbeat(at(1)).await.unwrap();
    expire(&place).await;
    let begun = std::time::Instant::now();
    let (_, next) = leader(&place, "other").await;
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    assert_eq!(next, epoch + 1);
    assert!(tx.commit().await.is_err());
    assert_eq!(alive(&place).await, None);
}

pub async fn a_command_has_the_database_to_itself_until_it_ends(place: Place) {
    let store = place.open().await.unwrap();
    let mine = store.borrowed("command/1", TTL).await.unwrap().expect("nobody leads");
    beat(&mine, 1).await.unwrap();
    assert!(!mine.may_act(Steady::from_millis(0)), "it tells nobody of anything");
    let server = place.open().await.unwrap();
    assert_eq!(server.take_lease("one", TTL).await.unwrap(), None);
    mine.close().await;
    assert_eq!(server.take_lease("one", TTL).await.unwrap(), Some(2), "at once");
    let store = place.open().await.unwrap();
    assert!(store.borrowed("command/2", TTL).await.unwrap().is_none(), "a server leads");
}

pub async fn servers_know_and_wake_each_other_and_agree(place: Place) {
    let (one, other) = (place.open().await.unwrap(), place.open().await.unwrap());
    let member = |node: &str, owner: &str| Member {
        node: node.to_owned(),
        owner: owner.to_owned(),
        url: format!("http://{node}:4040"),
    };
    let mut wakes = other.wakes().await.unwrap();
    one.member_seen(&member("b", "b/1"), "1").await.unwrap();
    one.member_seen(&member("a", "a/1"), "1").await.unwrap();
    one.member_seen(&member("a", "a/2"), "1").await.unwrap();
    one.member_left(&member("a", "a/1")).await.unwrap();
    let owners = async || {
        let roll = other.roll().await.unwrap();
        assert!(roll.seen.iter().all(|seen| seen.age < TTL));
        roll.seen.into_iter().map(|seen| seen.member.owner).collect::<Vec<_>>()
    };
    assert_eq!(owners().await, ["a/2", "b/1"], "only this run of it can leave");
    one.member_left(&member("b", "b/1")).await.unwrap();
    assert_eq!(owners().await, ["a/2"]);
    one.wake_members("leader").await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), wakes.next()).await.expect("a word").unwrap();
    assert_eq!(one.agreed("key", "mine").await.unwrap(), "mine");
    assert_eq!(other.agreed("key", "yours").await.unwrap(), "mine");
    assert_eq!(one.own_address().await.unwrap(), None, "over a Unix socket");
}
