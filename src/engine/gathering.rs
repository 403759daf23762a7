//! What of the outbox goes as one: asks [`rules::gather`](crate::rules::gather) and writes digests.
//!
//! A digest is a row of the outbox like any other, written in one transaction with the mark on each
//! notification that it tells: from then on its bytes are fixed, and a crash repeats it under its
//! key or begins anew with the rows as they were.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::outbox::Outbox;
use crate::model::{
    AlertId, Channel, ChannelKind, Grouping, Name, Notification, Reason, Routes, Span, Timestamp,
};
use crate::rules::digest::{Member, compose};
use crate::rules::gather::{self, Pile, WINDOW, Way};
use crate::store::{Gathered, Pass, Piled, RENEWED, Select, StoreError};

/// Notifications of one digest; what is more goes into the next.
const ROWS: u32 = 10_000;
/// How a group is called that a hold of paging left behind.
const HOLD: &str = "hold:";

/// The name of acknowledgements that ran out together.
pub(super) fn renewed_group(renewal: &gather::Renewal) -> String {
    format!("{RENEWED}{}", renewal.began.millis())
}

/// The name of what waited while paging was held.
pub(super) fn held_group(hold: AlertId) -> String {
    format!("{HOLD}{hold}")
}

/// What is told together by a contact list: its name, a line break, what the alerts share.
pub(super) fn group_of(list: &str, shared: &[&str]) -> String {
    // Names and labels have no line breaks.
    std::iter::once(list).chain(shared.iter().copied()).collect::<Vec<_>>().join("\n")
}

/// A destination that is looked at.
pub(super) struct Desk<'a> {
    pub name: &'a str,
    pub channel: Option<&'a Channel>,
    pub routes: &'a Routes,
    /// The alerts of which one is under way.
    pub busy: &'a HashSet<AlertId>,
    pub now: Timestamp,
}

impl Outbox {
    /// Makes the digests of a destination whose time it is; gives what else may be delivered.
    pub(super) async fn gather(&self, desk: &Desk<'_>) -> Result<Pass, StoreError> {
        let Desk { name, routes, now, .. } = *desk;
        let limit = routes.storms.get(name).and_then(|limit| usize::try_from(*limit).ok());
        let mut ready = Vec::new();
        let groups = self.store.piled_groups(name, now).await?;
        if groups.is_empty() && limit.is_none() {
            return Ok(Pass::Open);
        }
        let owes = self.store.owes_digest(name).await?;
        for pile in groups {
            let Some(group) = pile.group.clone() else { continue };
            if let Some(hold) = group.strip_prefix(HOLD) {
                if !owes {
                    self.digest(desk, Select::Group(&group), hold.parse().ok()).await?;
                }
                continue;
            }
            if group.starts_with(RENEWED) {
                // All that have their time: the group has waited already.
                let at_once = Grouping { by: Vec::new(), wait: Span::ZERO, interval: Span::ZERO };
                let way = gather::group(&at_once, &told(&pile), None, now);
                ready.push((group, way));
                continue;
            }
            let list = group.split('\n').next().unwrap_or_default();
            // A list that is told one by one again holds nothing back.
            let way = match routes.groupings.get(list) {
                Some(rule) => {
                    let last = self.store.last_of_group(name, &group).await?;
                    gather::group(rule, &told(&pile), last, now)
                }
                None => Way::Alone,
            };
            if way != Way::Wait {
                ready.push((group, way));
            }
        }
        let Some(limit) = limit else {
            self.let_groups_go(desk, &ready, owes).await?;
            return Ok(Pass::Open);
        };
        let recent = self.store.sent_since(name, now - WINDOW, limit.saturating_add(1)).await?;
        let alone = self.store.piled_alone(name, now).await?;
        let waiting = alone.as_ref().map_or(0, |pile| pile.rows);
        if recent + waiting + ready.len() <= limit {
            self.let_groups_go(desk, &ready, owes).await?;
            return Ok(Pass::Open);
        }
        // Too many for groups as well: all of them are one.
        let alone = if ready.is_empty() {
            alone
        } else {
            let all: Vec<&str> = ready.iter().map(|(group, _)| &**group).collect();
            self.open(desk, &all).await?;
            self.store.piled_alone(name, now).await?
        };
        let Some(pile) = alone else { return Ok(Pass::Closed) };
        let last = self.store.last_digest(name, now - gather::BETWEEN).await?;
        match gather::valve(limit, recent, &told(&pile), last, now) {
            Way::Alone => return Ok(Pass::Open),
            Way::Together if !owes => self.digest(desk, Select::Alone, None).await?,
            Way::Together | Way::Wait => {}
        }
        Ok(Pass::Closed)
    }

    /// Lets groups go whose time it is, each as one or its only alert by itself.
    async fn let_groups_go(
        &self,
        desk: &Desk<'_>,
        ready: &[(String, Way)],
        owes: bool,
    ) -> Result<(), StoreError> {
        let of = |wanted: Way| -> Vec<&str> {
            let those = ready.iter().filter(|(_, way)| *way == wanted);
            those.map(|(group, _)| &**group).collect()
        };
        self.open(desk, &of(Way::Alone)).await?;
        if !owes {
            for group in of(Way::Together) {
                self.digest(desk, Select::Group(group), None).await?;
            }
        }
        Ok(())
    }

    /// What waits for these groups goes by itself.
    async fn open(&self, desk: &Desk<'_>, groups: &[&str]) -> Result<(), StoreError> {
        if groups.is_empty() {
            return Ok(());
        }
        let mut tx = self.store.write().await?;
        for group in groups {
            tx.open_group(desk.name, group, desk.now).await?;
        }
        tx.commit().await
    }

    /// Writes the digest of what is selected. `after` is the hold whose end it follows.
    async fn digest(
        &self,
        desk: &Desk<'_>,
        select: Select<'_>,
        after: Option<AlertId>,
    ) -> Result<(), StoreError> {
        let rows = self.store.gathered(desk.name, select, desk.now, ROWS).await?;
        let kind = desk.channel.map(|channel| &channel.kind);
        let (mut free, mut parts) = (Vec::new(), BTreeMap::<Option<Name>, Vec<Gathered>>::new());
        // All of an alert is told at once, also when its list changed in between.
        let mut lists: HashMap<AlertId, Option<Name>> = HashMap::new();
        for row in rows.into_iter().filter(|row| !desk.busy.contains(&row.notification.alert)) {
            let ends = row.told && row.notification.reason == Reason::Recovered;
            if ends && kind.is_some_and(ChannelKind::keeps_incidents) {
                // Nothing else closes the incident that it has there.
                free.push(row.notification.key);
                continue;
            }
            // That service tells one of its own lists at a time.
            let by_list = matches!(kind, Some(ChannelKind::FluxNotify(_)));
            let list = row.notification.list.clone().filter(|_| by_list);
            let list = match row.notification.reason {
                // Told to one list of several.
                Reason::Escalation => list,
                _ if row.notification.besides => list,
                _ => lists.entry(row.notification.alert).or_insert(list).clone(),
            };
            parts.entry(list).or_default().push(row);
        }
        if free.is_empty() && parts.is_empty() {
            return Ok(());
        }
        let mut tx = self.store.write().await?;
        for key in &free {
            tx.let_go(key).await?;
        }
        for part in parts.into_values() {
            let Some(digest) = written(&part, select, after, desk.now) else { continue };
            tracing::info!(key = %digest.key, "{}", digest.edge.text);
            tx.enqueue(&digest).await?;
            let keys: Vec<&str> = part.iter().map(|row| &*row.notification.key).collect();
            if tx.put_in_digest(&keys, &digest.key).await? != keys.len() {
                // An operator dropped one of them meanwhile: nothing of this was, and the next
                // look begins with what is there then.
                return Ok(());
            }
        }
        tx.commit().await
    }
}

/// The digest of these, as it is stored.
fn written(
    rows: &[Gathered],
    select: Select<'_>,
    after: Option<AlertId>,
    now: Timestamp,
) -> Option<Notification> {
    let first = &rows.first()?.notification;
    let member = |row: &Gathered| Member {
        notification: row.notification.clone(),
        alert: row.alert.clone(),
        known: row.told || row.told_in_digest,
    };
    let members: Vec<Member> = rows.iter().map(member).collect();
    let digest = Notification::digest(first, after, compose(&members), now);
    let group = match select {
        Select::Group(group) => Some(group.to_owned()),
        Select::Alone => None,
    };
    Some(Notification { group, ..digest })
}

fn told(pile: &Piled) -> Pile {
    let Piled { rows, alerts, oldest, newest, .. } = *pile;
    Pile { rows, alerts, oldest, newest }
}
