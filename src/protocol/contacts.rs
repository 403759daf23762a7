//! Who is told of what: contact lists and channels, without where a channel leads.

use serde::{Deserialize, Serialize};

use crate::model::channel::{ChannelKind, GroupBy};
use crate::model::{Name, Routes, Span};

/// What a channel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChannelWord {
    /// The program's own log.
    Log,
    /// A request to a URL.
    Webhook,
    /// A program.
    Exec,
    /// A Flux Notify service.
    FluxNotify,
    /// A mail server.
    Email,
}

/// A channel. Its address and its secrets are the server's own business.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ContactChannel {
    /// Its name.
    #[schema(value_type = String)]
    pub name: Name,
    /// What it is.
    pub kind: ChannelWord,
    /// The longest one delivery may take.
    pub timeout: Span,
    /// How many notifications a minute it is given one by one, when that is limited.
    pub storm: Option<u32>,
}

/// How the alerts of a list are told together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ContactGrouping {
    /// What those of a group have in common: `host`, `check`, or a label of the host.
    pub by: Vec<String>,
    /// How long the first of a group waits for others.
    pub wait: Span,
    /// The shortest time between two messages of a group.
    pub interval: Span,
}

/// Who else is told while nobody has what a list was told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ContactStep {
    /// After how long.
    pub after: Span,
    /// The list that is told.
    #[schema(value_type = String)]
    pub to: Name,
}

/// A contact list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ContactList {
    /// Its name.
    #[schema(value_type = String)]
    pub name: Name,
    /// Its channels.
    #[schema(value_type = Vec<String>)]
    pub channels: Vec<Name>,
    /// True for the list of what names none.
    pub default: bool,
    /// How alerts are told together; one by one without it.
    pub grouping: Option<ContactGrouping>,
    /// How often is told again what goes on, unless a rule says otherwise.
    pub repeat: Option<Span>,
    /// Who else is told, in order.
    pub escalation: Vec<ContactStep>,
}

/// All contact lists and all channels, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Contacts {
    /// The lists.
    pub lists: Vec<ContactList>,
    /// The channels.
    pub channels: Vec<ContactChannel>,
}

impl From<&Routes> for Contacts {
    fn from(routes: &Routes) -> Self {
        let lists = routes.lists.iter().map(|(name, channels)| ContactList {
            name: name.clone(),
            channels: channels.clone(),
            default: routes.default_list.as_ref() == Some(name),
            grouping: routes.groupings.get(name).map(|grouping| ContactGrouping {
                by: grouping.by.iter().map(GroupBy::word).map(str::to_owned).collect(),
                wait: grouping.wait,
                interval: grouping.interval,
            }),
            repeat: routes.repeats.get(name).copied(),
            escalation: routes.escalations.get(name).map_or_else(Vec::new, |steps| {
                let step = steps.iter();
                step.map(|step| ContactStep { after: step.after, to: step.to.clone() }).collect()
            }),
        });
        let channels = routes.channels.values().map(|channel| ContactChannel {
            name: channel.name.clone(),
            kind: match &channel.kind {
                ChannelKind::Log => ChannelWord::Log,
                ChannelKind::Webhook(_) => ChannelWord::Webhook,
                ChannelKind::Exec(_) => ChannelWord::Exec,
                ChannelKind::FluxNotify(_) => ChannelWord::FluxNotify,
                ChannelKind::Email(_) => ChannelWord::Email,
            },
            timeout: channel.timeout,
            storm: routes.storms.get(&channel.name).copied(),
        });
        Self { lists: lists.collect(), channels: channels.collect() }
    }
}
