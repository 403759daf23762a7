//! A marked test: what people send to see whether a destination can be reached.

use super::{Delivery, Late, Sender};
use crate::model::{
    AlertId, Channel, CheckKey, Edge, EdgeKind, Name, Notification, Reason, SafeText, State,
    Timestamp,
};

/// Sends a test through a channel and gives whether it was taken, and the answer in words. `alert`
/// is an id that nothing else has, so that each test is one of its own.
pub async fn trial(
    sender: &Sender,
    channel: &Channel,
    list: Option<Name>,
    alert: AlertId,
    at: Timestamp,
) -> (bool, SafeText) {
    let notification = Notification { list, ..notification(channel, alert, at) };
    let mut incident = None;
    let given = sender.deliver_of(channel, &notification, Late::Fresh, &mut incident).await;
    let (taken, words) = match given {
        Delivery::Sent => (true, "sent".to_owned()),
        Delivery::Retry { why, .. } => (false, format!("not taken now: {why}")),
        Delivery::Refused(why) => (false, format!("refused: {why}")),
    };
    let incident = incident.map(|incident| format!("; its incident was {}", incident.id));
    let words = format!("{}: {words}{}", channel.name, incident.unwrap_or_default());
    (taken, SafeText::line(&words))
}

fn notification(channel: &Channel, alert: AlertId, at: Timestamp) -> Notification {
    let edge = Edge {
        alert,
        check: CheckKey::new("fluxnoc", "test"),
        seq: 1,
        at,
        kind: EdgeKind::Fired,
        from: State::Ok,
        to: State::Warning,
        text: SafeText::line(&format!("a test of the channel {}; nothing is wrong", channel.name)),
        actor: None,
        in_maintenance: false,
    };
    Notification::of(&edge, Reason::Test, &channel.name)
}
