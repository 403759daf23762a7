//! Where people are told: channels, and the contact lists that name them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::escalation::EscalationStep;
use super::flux_notify::FluxNotify;
use super::id::Name;
use super::secret::Secret;
use super::time::Span;
use super::watchdog::Watchdog;

/// The destination that is always there: the program's own log.
pub const LOG: &str = "log";

/// A way to tell somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its name; an outbox row's destination.
    pub name: Name,
    /// How it is reached.
    pub kind: ChannelKind,
    /// The longest one delivery may take.
    pub timeout: Span,
}

/// How a channel is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelKind {
    /// The program's own log.
    Log,
    /// A request to a URL.
    Webhook(Webhook),
    /// A program with the notification on its stdin.
    Exec(Vec<String>),
    /// Incidents at a Flux Notify service.
    FluxNotify(Box<FluxNotify>),
    /// A message to a mail server.
    Email(Box<Email>),
}

/// A mail server and who writes to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// The server: a name or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way there is secured.
    pub tls: MailTls,
    /// Who logs in, if anybody.
    pub user: Option<Secret>,
    /// With what.
    pub password: Option<Secret>,
    /// The sender: `NOC <noc@example.com>` or the address alone.
    pub from: String,
    /// The recipients, written likewise.
    pub to: Vec<String>,
    /// A file of certificates (PEM) that are trusted besides the machine's.
    pub ca_file: Option<String>,
}

/// How the way to a mail server is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// The server is asked to begin TLS, and nothing is sent unless it does.
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// Nothing is.
    None,
}

impl MailTls {
    /// All ways, each with its word in the configuration.
    pub const WORDS: [(&str, Self); 3] =
        [("starttls", Self::Starttls), ("tls", Self::Tls), ("none", Self::None)];

    /// Its word in the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Starttls => "starttls",
            Self::Tls => "tls",
            Self::None => "none",
        }
    }

    /// The port that is meant when none is written: of submission (RFC 6409), of submission in TLS
    /// (RFC 8314), of plain SMTP.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// A request to a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Where to; of some services the whole URL is a secret.
    pub url: Secret,
    /// What it says.
    pub format: Format,
    /// The key that signs the body (HMAC-SHA256).
    pub secret: Option<Secret>,
    /// Sent as `Authorization: Bearer`.
    pub token: Option<Secret>,
    /// The integration's key, in the body (`PagerDuty`).
    pub routing_key: Option<Secret>,
    /// Further headers.
    pub headers: BTreeMap<String, String>,
}

/// What a webhook's body looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// All that a notification says, in our words.
    Fluxnoc,
    /// Alertmanager's webhook, version 4.
    Alertmanager,
    /// Slack's incoming webhook.
    Slack,
    /// `PagerDuty` Events, version 2.
    Pagerduty,
}

impl ChannelKind {
    /// True when the other side keeps an incident of each alert, which only its own end closes.
    #[must_use]
    pub const fn keeps_incidents(&self) -> bool {
        match self {
            Self::FluxNotify(_) => true,
            Self::Webhook(hook) => matches!(hook.format, Format::Alertmanager | Format::Pagerduty),
            Self::Log | Self::Exec(_) | Self::Email(_) => false,
        }
    }
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 4] = [Self::Fluxnoc, Self::Alertmanager, Self::Slack, Self::Pagerduty];

    /// Its word in the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fluxnoc => "fluxnoc",
            Self::Alertmanager => "alertmanager",
            Self::Slack => "slack",
            Self::Pagerduty => "pagerduty",
        }
    }
}

/// By what the alerts of a contact list are told together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// By host.
    Host,
    /// By the name of the check.
    Check,
    /// By a label of the host.
    Label(String),
}

impl GroupBy {
    /// Its word in the configuration.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Host => "host",
            Self::Check => "check",
            Self::Label(label) => label,
        }
    }
}

/// How the alerts of a contact list are told together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grouping {
    /// What those of a group have in common; all of the list are one group without any.
    pub by: Vec<GroupBy>,
    /// How long the first of a group waits for others.
    pub wait: Span,
    /// The shortest time between two messages of a group.
    pub interval: Span,
}

/// Who is told of what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes {
    /// All channels.
    pub channels: BTreeMap<Name, Channel>,
    /// The channels of each contact list.
    pub lists: BTreeMap<Name, Vec<Name>>,
    /// The contact lists whose alerts are told together.
    pub groupings: BTreeMap<Name, Grouping>,
    /// By contact list, how often is told again what no rule says that of.
    pub repeats: BTreeMap<Name, Span>,
    /// By contact list, who else is told while nobody has what it was told of.
    pub escalations: BTreeMap<Name, Arc<[EscalationStep]>>,
    /// How many notifications a minute a channel is given one by one; beyond that they come as
    /// one. A channel that is not here is given all.
    pub storms: BTreeMap<Name, u32>,
    /// The list of what names none.
    pub default_list: Option<Name>,
    /// Where a heartbeat says that this monitor lives.
    pub watchdog: Option<Watchdog>,
}

impl Routes {
    /// The destinations of what names a contact list, or none. A list that is not there any more
    /// is the default one; without any list it is the log.
    #[must_use]
    pub fn destinations(&self, list: Option<&str>) -> Vec<Name> {
        self.told(list).1
    }

    /// The same with the list that they are of, if any.
    #[must_use]
    pub fn told(&self, list: Option<&str>) -> (Option<Name>, Vec<Name>) {
        match self.chosen(list) {
            Some((name, channels)) => (Some(Name::clone(name)), channels.clone()),
            None => (None, vec![Name::from(LOG)]),
        }
    }

    /// How often that list is told again, while nobody has it and the check says nothing itself.
    #[must_use]
    pub fn repeat(&self, list: Option<&str>) -> Option<Span> {
        self.repeats.get(self.chosen(list)?.0).copied()
    }

    /// Who else is told while nobody has what that list was told of.
    #[must_use]
    pub fn escalation(&self, list: Option<&str>) -> Option<Arc<[EscalationStep]>> {
        self.escalations.get(self.chosen(list)?.0).cloned()
    }

    /// The list of that name, else the default one.
    fn chosen(&self, list: Option<&str>) -> Option<(&Name, &Vec<Name>)> {
        let named = list.and_then(|list| self.lists.get_key_value(list));
        named.or_else(|| self.lists.get_key_value(self.default_list.as_deref()?))
    }

    /// Every destination that is told of anything, each once.
    #[must_use]
    pub fn all_destinations(&self) -> BTreeSet<Name> {
        self.lists.values().flatten().cloned().chain(self.destinations(None)).collect()
    }

    /// The channels of a contact list with its name, or the one channel of that name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<(Option<Name>, Vec<Channel>)> {
        let (list, names) = match self.lists.get_key_value(name) {
            Some((list, names)) => (Some(Name::clone(list)), names.clone()),
            None => (None, vec![Name::from(name)]),
        };
        let channels: Option<Vec<Channel>> = names.iter().map(|name| self.channel(name)).collect();
        Some((list, channels?))
    }

    /// What can be named, for whoever named something else: lists, channels, the log.
    #[must_use]
    pub fn unknown(&self, name: &str) -> String {
        let known = self.lists.keys().chain(self.channels.keys());
        let known: Vec<&str> = known.map(AsRef::as_ref).chain([LOG]).collect();
        let cut: String = name.chars().take(80).collect();
        format!("there is no contact list or channel `{cut}`; there are: {}", known.join(", "))
    }

    /// The channel of a destination.
    #[must_use]
    pub fn channel(&self, destination: &str) -> Option<Channel> {
        if destination == LOG {
            let timeout = Span::from_secs(1);
            return Some(Channel { name: LOG.into(), kind: ChannelKind::Log, timeout });
        }
        self.channels.get(destination).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_gone_is_the_default_one_and_without_any_it_is_the_log() {
        let list = |names: &[&str]| names.iter().map(|name| Name::from(*name)).collect::<Vec<_>>();
        let mut routes = Routes::default();
        assert_eq!(routes.destinations(None), list(&["log"]));
        assert_eq!(routes.destinations(Some("DBA Team")), list(&["log"]));
        routes.lists.insert("NOC Team".into(), list(&["hook"]));
        routes.lists.insert("DBA Team".into(), list(&["pager", "chat"]));
        assert_eq!(routes.destinations(Some("DBA Team")), list(&["pager", "chat"]));
        assert_eq!(routes.destinations(None), list(&["log"]));
        routes.default_list = Some("NOC Team".into());
        assert_eq!(routes.destinations(None), list(&["hook"]));
        assert_eq!(routes.destinations(Some("Gone")), list(&["hook"]));
        assert_eq!(routes.channel("log").map(|channel| channel.kind), Some(ChannelKind::Log));
        assert_eq!(routes.channel("hook"), None);
    }
}
