//! Delivers one notification to the outside.
//!
//! In: a channel and a notification. Out: whether it was taken.
//! Never: decides whether to notify, or tries again on its own.

use crate::model::{Notification, State};

/// Where a notification can go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// The program's own log.
    Log,
}

impl Channel {
    /// The channel of an outbox row's destination.
    #[must_use]
    pub fn from_destination(destination: &str) -> Option<Self> {
        (destination == "log").then_some(Self::Log)
    }
}

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The destination took it.
    Sent,
    /// Not now; the reason. Try again later.
    Retry(String),
    /// Never; the reason.
    Refused(String),
}

/// Delivers one notification.
#[must_use]
pub fn deliver(channel: Channel, notification: &Notification) -> Delivery {
    match channel {
        Channel::Log => {
            log(notification);
            Delivery::Sent
        }
    }
}

fn log(notification: &Notification) {
    let edge = &notification.edge;
    let line = wording(notification);
    let (key, check) = (&notification.key, &edge.check);
    match edge.to {
        State::Ok => tracing::info!(target: "notify", %key, %check, "{line}"),
        State::Warning => tracing::warn!(target: "notify", %key, %check, "{line}"),
        State::Critical | State::Unknown => {
            tracing::error!(target: "notify", %key, %check, "{line}");
        }
    }
}

/// One line for people: `web-1/http CRITICAL (first): connection refused by 10.0.0.1:80`.
#[must_use]
pub fn wording(notification: &Notification) -> String {
    let edge = &notification.edge;
    let reason = notification.reason.word().replace('_', " ");
    format!("{} {} ({reason}): {}", edge.check, edge.to, edge.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AlertId, CheckKey, Edge, EdgeKind, Reason, SafeText, Timestamp};

    #[test]
    fn fm_04_a_warning_is_logged_in_words_with_its_key() {
        let edge = Edge {
            alert: AlertId::from_parts(1, [1; 10]),
            check: CheckKey::new("web-1", "disk"),
            seq: 1,
            at: Timestamp::from_millis(0),
            kind: EdgeKind::Fired,
            from: State::Ok,
            to: State::Warning,
            text: SafeText::line("/var 83 % (> 80)"),
            actor: None,
            in_maintenance: false,
        };
        let notification = Notification::of(&edge, Reason::First, "log");
        assert_eq!(wording(&notification), "web-1/disk WARNING (first): /var 83 % (> 80)");
        assert_eq!(Notification::of(&edge, Reason::First, "log").key, notification.key);
        assert_eq!(deliver(Channel::Log, &notification), Delivery::Sent);
        assert_eq!(Channel::from_destination("pager"), None);
    }
}
