//! Answers that show everything about one thing: an alert, a path.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::core::Core;
use super::queries::{Reply, read};
use super::slots::Slot;
use crate::model::channel::LOG;
use crate::model::{Alert, AlertId, CheckKey, Name, Notification, Now, Timestamp};
use crate::protocol::due;
use crate::protocol::query::PAGE_LIMIT;
use crate::protocol::{
    AlertPage, Answer, CheckRow, DeliveryState, DestinationRow, IncidentRow, NotificationItem,
    NotificationPage, NotificationRow, Problem, TraceSummary,
};
use crate::store::{Delivered, Listed, Standing};

/// Most comments of an alert's page.
const COMMENTS: u32 = 100;
/// Most edges and promises of an alert's page.
const PAST: u32 = 1000;

impl Core {
    /// Everything about one alert.
    pub(super) fn alert_page(&self, id: AlertId, reply: Reply) {
        let open = self.world.alert(id).map(|alert| Alert::clone(alert));
        let now = self.clock.now();
        // Of an alert that is over the check is known only after the store told it.
        let known = open.as_ref().map(|alert| self.standing(&alert.check, now));
        let store = self.store.clone();
        let asked = async move {
            let Some(alert) = (match open {
                Some(open) => Some(open),
                None => store.alert(id).await?,
            }) else {
                return Ok(None);
            };
            let check = &alert.check;
            let comments = store.comments(&check.host, Some(&check.name), COMMENTS).await?;
            let edges = store.edges(None, Some(id), PAST).await?;
            let told = store.notifications_of(id, PAST).await?;
            let incidents = store.incidents_of(id).await?.into_iter();
            let incidents =
                incidents.map(|(destination, id)| IncidentRow { destination, id }).collect();
            let (row, next) = known.unwrap_or_default();
            let notifications = told.into_iter().map(notification).collect();
            Ok(Some(AlertPage { alert, row, edges, notifications, incidents, comments, next }))
        };
        read(reply, async move {
            Ok(match asked.await? {
                Some(page) => Ok(Answer::Alert(Box::new(page))),
                None => Err(Problem::not_found(format!("there is no alert {id}"))),
            })
        });
    }

    fn standing(&self, key: &CheckKey, now: Now) -> (Option<CheckRow>, Option<Timestamp>) {
        let slot = self.table.place(key).and_then(|at| self.table.get(at));
        let row = slot.map(|slot| slot.row(&slot.status));
        let source = slot.and_then(|slot| self.table.place(&slot.check.source()));
        let source = source.and_then(|at| self.table.get(at));
        (row, source.and_then(|slot| next_run(slot, now)))
    }

    /// The notifications of all alerts, and how things stand with their destinations.
    pub(super) fn notifications(&self, destination: Option<String>, limit: u32, reply: Reply) {
        let (store, routes) = (self.store.clone(), Arc::clone(&self.routes.borrow()));
        read(reply, async move {
            let mut destinations: BTreeMap<String, DestinationRow> = BTreeMap::new();
            let mut standings = store.standings().await?;
            let idle = routes.channels.keys().map(|name| &**name).chain([LOG]);
            standings.extend(
                idle.map(|name| Standing { destination: name.into(), ..Default::default() }),
            );
            for Standing { destination: name, due, failing, parked } in standings {
                let gone = routes.channel(&name).is_none();
                let row = DestinationRow {
                    name: name.clone(),
                    waiting: due,
                    failing,
                    parked,
                    sent_at: None,
                    gone,
                };
                destinations.entry(name).or_insert(row);
            }
            for row in destinations.values_mut() {
                row.sent_at = store.last_sent(&row.name).await?;
            }
            let listed = store.listed(destination.as_deref(), limit).await?;
            let rows = listed.into_iter().map(item).collect();
            let destinations = destinations.into_values().collect();
            Ok(Answer::Notifications(NotificationPage { destinations, rows }))
        });
    }

    /// All `trace` checks with their last report, by name.
    pub(super) fn traces(&self, host: Option<&Name>, limit: u32) -> Vec<TraceSummary> {
        let wanted = |slot: &&Slot| {
            slot.check.kind() == crate::model::Kind::Trace
                && slot.check.rule.is_none()
                && host.is_none_or(|host| slot.check.key.host == *host)
        };
        let mut slots: Vec<&Slot> =
            self.table.iter().map(|(_, slot)| slot).filter(wanted).collect();
        slots.sort_by(|a, b| a.check.key.cmp(&b.check.key));
        let limit = usize::try_from(limit).unwrap_or(PAGE_LIMIT).clamp(1, PAGE_LIMIT);
        let summary = |slot: &Slot| {
            let whole = slot.last.as_ref().and_then(|last| last.whole.as_ref());
            let known = self.paths.of_check(&slot.check.key);
            TraceSummary {
                key: slot.check.key.clone(),
                state: slot.status.state,
                at: slot.last.as_ref().map(|last| last.at).or(slot.status.last_result),
                report: whole.and_then(|whole| whole.trace.clone()),
                path: known.map(|known| known.path.clone()),
                changed: known.map(|known| known.since),
            }
        };
        slots.into_iter().take(limit).map(summary).collect()
    }
}

/// When a check runs next, as the worker reckons it too.
pub(super) fn next_run(slot: &Slot, now: Now) -> Option<Timestamp> {
    if !slot.check.enabled {
        return None;
    }
    if slot.paced_soft {
        return slot.last.as_ref().map(|last| (last.at + slot.check.retry).max(now.wall));
    }
    let hash = due::hash(&slot.check.key.to_string());
    let at = due::next_slot(hash, slot.check.interval, now.steady);
    Some(now.wall + at.since(now.steady))
}

fn item((told, resent_at): Listed) -> NotificationItem {
    let Notification { alert, edge, .. } = &told.notification;
    NotificationItem {
        alert: *alert,
        check: edge.check.clone(),
        state: edge.to,
        at: edge.at,
        resent_at,
        told: notification(told),
    }
}

fn notification(told: Delivered) -> NotificationRow {
    let Delivered { notification, state, tries, sent_at, error } = told;
    NotificationRow {
        key: notification.key,
        edge_seq: notification.edge_seq,
        reason: notification.reason,
        destination: notification.destination,
        not_before: notification.not_before,
        state: DeliveryState::from_word(&state),
        tries,
        sent_at,
        error,
    }
}
