//! Delivers one notification to the outside.
//!
//! In: a channel and a notification. Out: whether it was taken.
//! Never: decides whether to notify, or tries again on its own.

pub mod body;
mod exec;
#[cfg(test)]
mod tests;
mod webhook;

use std::time::{Duration, Instant};

pub use body::{fnv1a, wording};
pub use webhook::signature;

use crate::model::{Channel, ChannelKind, Notification, Span, State};

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The destination took it.
    Sent,
    /// Not now; try again later.
    Retry {
        /// The reason.
        why: String,
        /// When the destination wants to be asked again.
        after: Option<Span>,
    },
    /// Never; the reason.
    Refused(String),
}

impl Delivery {
    fn retry(why: String) -> Self {
        Self::Retry { why, after: None }
    }
}

/// Whether a notification comes long after what it tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// It does not.
    Fresh,
    /// It does, and says so.
    Delayed,
}

/// What delivers; cheap to clone.
#[derive(Clone, Debug)]
pub struct Sender {
    http: reqwest::Client,
}

impl Sender {
    /// A sender without connections.
    ///
    /// # Errors
    /// When the machine's certificates cannot be used, in words.
    pub fn new() -> Result<Self, String> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .user_agent(concat!("fluxnoc/", env!("CARGO_PKG_VERSION")))
            .pool_idle_timeout(Duration::from_secs(30))
            .build()
            .map_err(|error| format!("no HTTP client: {error}"))?;
        Ok(Self { http })
    }

    /// Delivers one notification, or says why not. It takes no longer than the channel's time.
    pub async fn deliver(
        &self,
        channel: &Channel,
        notification: &Notification,
        late: Late,
    ) -> Delivery {
        let time = channel.timeout.to_std();
        let deadline = Instant::now() + time;
        let delivery = async {
            match &channel.kind {
                ChannelKind::Log => {
                    log(notification);
                    Delivery::Sent
                }
                ChannelKind::Webhook(hook) => {
                    let (http, name) = (&self.http, &*channel.name);
                    webhook::deliver(http, hook, name, notification, late, deadline).await
                }
                ChannelKind::Exec(argv) => exec::deliver(argv, notification, late).await,
            }
        };
        let given = tokio::time::timeout_at(deadline.into(), delivery).await;
        given.unwrap_or_else(|_| Delivery::retry(format!("no answer within {}", channel.timeout)))
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
