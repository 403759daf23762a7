//! What a digest says: each alert once, as it stands now, the worst first, within a size.
//!
//! | the alert | said |
//! |---|---|
//! | fires, nobody has it, no window hides it | as a problem, with its present state; when its acknowledgement ran out, that |
//! | is over, and people knew of it | as recovered |
//! | is over and nobody knew, was taken, or is hidden by a window | counted |

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::model::safe_text::truncate;
use crate::model::{Alert, Digest, DigestItem, Notification, Phase, Reason, SafeText, State};

/// Most bytes of what is listed: below what any receiver takes.
pub const BYTES: usize = 16 << 10;
/// Columns of what a check says.
const TEXT: usize = 160;

/// A notification that goes into a digest.
#[derive(Clone, Debug)]
pub struct Member {
    /// What was to be told.
    pub notification: Notification,
    /// The alert as it is now; `None` when nothing is known of it any more.
    pub alert: Option<Alert>,
    /// True when its destination was told of the alert before.
    pub known: bool,
}

/// The digest of these.
#[must_use]
pub fn compose(members: &[Member]) -> Digest {
    let mut alerts: BTreeMap<_, Vec<&Member>> = BTreeMap::new();
    for member in members {
        alerts.entry(member.notification.alert).or_default().push(member);
    }
    let mut digest = Digest { alerts: alerts.len(), ..Digest::default() };
    for of_alert in alerts.values() {
        let Some(item) = listed(of_alert) else {
            digest.gone += 1;
            continue;
        };
        *match item.state {
            State::Critical => &mut digest.critical,
            State::Unknown => &mut digest.unknown,
            State::Warning => &mut digest.warning,
            State::Ok => &mut digest.recovered,
        } += 1;
        digest.items.push(item);
    }
    digest.items.sort_by(|a, b| {
        let order = |item: &DigestItem| (Reverse(item.state.severity()), item.since);
        order(a).cmp(&order(b)).then_with(|| a.check.cmp(&b.check))
    });
    let mut used = 0;
    let room = digest.items.iter().take_while(|item| {
        used += size(item);
        used <= BYTES
    });
    let room = room.count();
    digest.items.truncate(room);
    digest
}

/// Bytes of an item on the wire: its texts, of which a letter may be escaped, and the fields' names.
fn size(item: &DigestItem) -> usize {
    let DigestItem { check, text, .. } = item;
    100 + 2 * (check.host.len() + check.name.len() + text.as_str().len())
}

/// What is said of one alert; `None` when it needs nobody any more.
fn listed(members: &[&Member]) -> Option<DigestItem> {
    let last = members.iter().max_by_key(|member| member.notification.edge_seq)?;
    let edge = &last.notification.edge;
    let item = |state, since, text: &SafeText| {
        let text = SafeText::line(&truncate(text.as_str(), TEXT));
        Some(DigestItem { check: edge.check.clone(), state, since, text })
    };
    match &last.alert {
        Some(alert) if alert.phase == Phase::Firing => {
            let speaks = alert.ack.is_none() && !alert.suppressed && alert.state != State::Ok;
            // Why it is told again, where that is what is told.
            let renewed = last.notification.reason == Reason::AckExpired;
            let text = if renewed { &edge.text } else { &alert.output };
            if speaks { item(alert.state, alert.since, text) } else { None }
        }
        None if edge.to != State::Ok => item(edge.to, edge.at, &edge.text),
        _ => {
            let over = members.iter().find(|m| m.notification.reason == Reason::Recovered)?;
            let edge = &over.notification.edge;
            if members.iter().any(|m| m.known) {
                item(State::Ok, edge.at, &edge.text)
            } else {
                None
            }
        }
    }
}

#[cfg(test)]
#[path = "digest_tests.rs"]
mod tests;
