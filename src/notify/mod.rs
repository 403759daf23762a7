//! Delivers one notification to the outside.
//!
//! In: a channel and a notification. Out: whether it was taken.
//! Never: decides whether to notify, or tries again on its own.

mod answer;
mod beat;
pub mod body;
pub mod email;
mod exec;
mod flux_notify;
#[cfg(test)]
mod tests;
mod trial;
mod webhook;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

pub use body::wording;
pub use trial::trial;
pub use webhook::signature;

use crate::model::safe_text::truncate;
use crate::model::{Channel, ChannelKind, Incident, Notification, SafeText, Span, State};

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
#[derive(Clone, Debug, Default)]
pub struct Sender {
    /// Made for the first webhook: it reads the machine's certificates.
    http: Arc<OnceLock<reqwest::Client>>,
    /// Who has a mail already that others refused for now.
    mailed: email::Taken,
}

impl Sender {
    /// # Errors
    /// When the machine's certificates cannot be used, in words.
    fn http(&self) -> Result<&reqwest::Client, String> {
        if let Some(http) = self.http.get() {
            return Ok(http);
        }
        let http = reqwest::Client::builder()
            .no_gzip()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .user_agent(concat!("fluxnoc/", env!("CARGO_PKG_VERSION")))
            .pool_idle_timeout(Duration::from_secs(30))
            .build()
            .map_err(|error| format!("no HTTP client: {error}"))?;
        Ok(self.http.get_or_init(|| http))
    }

    /// Delivers one notification, or says why not. It takes no longer than the channel's time.
    pub async fn deliver(
        &self,
        channel: &Channel,
        notification: &Notification,
        late: Late,
    ) -> Delivery {
        self.deliver_of(channel, notification, late, &mut None).await
    }

    /// The same for an alert that may have an incident at the destination; `incident` is the one
    /// that is known, and afterwards the one that there is. It is kept also when a later step
    /// fails.
    pub async fn deliver_of(
        &self,
        channel: &Channel,
        notification: &Notification,
        late: Late,
        incident: &mut Option<Incident>,
    ) -> Delivery {
        let time = channel.timeout.to_std();
        let deadline = Instant::now() + time;
        let delivery = async {
            match &channel.kind {
                ChannelKind::Log => {
                    log(notification);
                    Delivery::Sent
                }
                ChannelKind::Webhook(hook) => match self.http() {
                    Ok(http) => {
                        let name = &*channel.name;
                        webhook::deliver(http, hook, name, notification, late, deadline).await
                    }
                    Err(why) => Delivery::retry(why),
                },
                ChannelKind::Exec(argv) => exec::deliver(argv, notification, late).await,
                ChannelKind::Email(mail) => {
                    email::deliver(mail, notification, late, &self.mailed, deadline).await
                }
                ChannelKind::FluxNotify(service) => match self.http() {
                    Ok(http) => {
                        flux_notify::deliver(http, service, notification, late, incident, deadline)
                            .await
                    }
                    Err(why) => Delivery::retry(why),
                },
            }
        };
        let given = tokio::time::timeout_at(deadline.into(), delivery).await;
        given.unwrap_or_else(|_| Delivery::retry(format!("no answer within {}", channel.timeout)))
    }
}

/// Columns of foreign words that a message quotes.
const QUOTED: usize = 200;

/// What happened, and what the other side said about it.
fn quoted(what: &str, said: &[u8]) -> String {
    let said = SafeText::line_from_bytes(said);
    let said = truncate(said.as_str().trim(), QUOTED);
    if said.is_empty() { what.to_owned() } else { format!("{what}: {said}") }
}

fn log(notification: &Notification) {
    let edge = &notification.edge;
    let line = wording(notification);
    let (key, check) = (&notification.key, &edge.check);
    for line in notification.digest.iter().flat_map(|digest| digest.lines()) {
        tracing::info!(target: "notify", %key, "{line}");
    }
    match edge.to {
        State::Ok => tracing::info!(target: "notify", %key, %check, "{line}"),
        State::Warning => tracing::warn!(target: "notify", %key, %check, "{line}"),
        State::Critical | State::Unknown => {
            tracing::error!(target: "notify", %key, %check, "{line}");
        }
    }
}
