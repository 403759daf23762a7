//! Says that this server is there, and sees which others are.

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Common, Leader, PATIENCE, TTL, View};
use crate::model::{Span, Steady};
use crate::store::{Roll, StoreError};

/// How often the others are looked at.
const LOOK: Span = Span::from_secs(1);
/// How often this one says that it is there.
const SAY: Span = Span::from_secs(2);
/// How soon the ear is tried again that could not hear.
const DEAF: Span = Span::from_secs(1);

/// Looks until stopped.
pub(super) async fn run(common: &Common, stop: &CancellationToken) {
    let mut said: Option<Steady> = None;
    let mut twin = false;
    while !stop.is_cancelled() {
        let begun = common.clock.now().steady;
        if said.is_none_or(|at| begun.since(at) >= SAY) {
            let seen = common.store.member_seen(&common.me, common.version);
            if let Ok(Ok(())) = timeout(PATIENCE, seen).await {
                said = Some(begun);
            }
        }
        let asked = common.clock.now().steady;
        match timeout(PATIENCE, common.store.roll()).await {
            Ok(Ok(roll)) => {
                let same =
                    |node: &str, owner: &str| node == common.me.node && owner != common.me.owner;
                let other = said.is_some()
                    && roll
                        .seen
                        .iter()
                        .any(|seen| seen.age < LOOK && same(&seen.member.node, &seen.member.owner));
                if other && !twin {
                    let node = &common.me.node;
                    tracing::error!(
                        "another server calls itself {node}, too; give one of them another [server] node_id"
                    );
                }
                twin |= other;
                common.free_at.send_replace((!is_free(&roll)).then(|| asked + roll.holder.rest));
                tell(common, view(&roll, &common.me.owner, leads(common)));
            }
            Ok(Err(error)) => trouble(common, &error),
            Err(_) => trouble_of(common, "it does not answer in time"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = common.wake_look.notified() => {}
            () = common.clock.sleep_until(begun + LOOK) => {}
        }
    }
}

/// Wakes both when another server says something; without an ear they look every second all the
/// same.
pub(super) async fn hear(common: &Common, stop: &CancellationToken) {
    let listen = async {
        loop {
            if let Ok(Ok(mut wakes)) = timeout(PATIENCE, common.store.wakes()).await {
                while wakes.next().await.is_ok() {
                    common.wake_election.notify_one();
                    common.wake_look.notify_one();
                }
            }
            common.clock.sleep(DEAF).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = listen => {}
    }
}

fn leads(common: &Common) -> bool {
    let now = common.clock.now().steady;
    common.term.borrow().as_ref().is_some_and(|fence| fence.holds(now))
}

fn is_free(roll: &Roll) -> bool {
    roll.holder.owner.is_empty() || roll.holder.rest == Span::ZERO
}

/// What follows from what was read.
fn view(roll: &Roll, own: &str, leads: bool) -> View {
    let others = roll.seen.iter().filter(|seen| seen.member.owner != own);
    let holder = roll.seen.iter().find(|seen| seen.member.owner == roll.holder.owner);
    let leader = holder.filter(|_| !is_free(roll)).map(|seen| Leader {
        node: seen.member.node.clone(),
        url: seen.member.url.clone(),
        epoch: roll.holder.epoch,
    });
    View {
        // Between the end of the own time and the next look the row is still ours.
        leader: leader.filter(|_| leads || roll.holder.owner != own),
        leads,
        peers: others.clone().count(),
        reachable: others.filter(|seen| seen.age <= TTL).count(),
        trouble: None,
    }
}

fn tell(common: &Common, view: View) {
    common.view.send_if_modified(|known| {
        let changed = *known != view;
        *known = view;
        changed
    });
}

fn trouble(common: &Common, error: &StoreError) {
    trouble_of(common, error.brief());
}

/// What was known stays: whether the leader leads, it knows itself.
fn trouble_of(common: &Common, why: &'static str) {
    let leads = leads(common);
    common.view.send_if_modified(|known| {
        let before = known.clone();
        if known.leads && !leads {
            known.leader = None;
        }
        (known.trouble, known.leads) = (Some(why), leads);
        *known != before
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Holder, Member, Seen};

    fn roll(owner: &str, rest: u64) -> Roll {
        let seen = |node: &str, age| Seen {
            member: Member {
                node: node.to_owned(),
                owner: format!("{node}/1"),
                url: format!("http://{node}"),
            },
            age: Span::from_secs(age),
        };
        Roll {
            seen: vec![seen("a", 0), seen("b", 6), seen("c", 7)],
            holder: Holder { owner: owner.to_owned(), epoch: 3, rest: Span::from_secs(rest) },
        }
    }

    #[test]
    fn fq_09_peers_are_the_others_and_reachable_who_was_just_seen() {
        let seen = view(&roll("b/1", 4), "a/1", false);
        assert_eq!((seen.peers, seen.reachable, seen.leads), (2, 1, false));
        let leader = seen.elsewhere().unwrap();
        assert_eq!((&*leader.node, &*leader.url, leader.epoch), ("b", "http://b", 3));
        let own = view(&roll("a/1", 4), "a/1", true);
        assert!(own.leads && own.leader.is_some() && own.elsewhere().is_none());
    }

    #[test]
    fn nobody_leads_whose_lease_is_over_or_who_resigned() {
        for (roll, leads) in
            [(roll("b/1", 0), false), (roll("", 0), false), (roll("a/1", 4), false)]
        {
            let seen = view(&roll, "a/1", leads);
            assert_eq!(seen.leader, None, "{roll:?}");
        }
    }
}
