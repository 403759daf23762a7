//! A host: a machine, a router, a service address.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::id::Name;
use super::state::State;

/// How many of a host's parents it needs.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    /// One of them is enough: it is cut off when all of them are.
    #[default]
    Any,
    /// All of them: it is cut off when one of them is.
    All,
}

impl Need {
    /// The word in the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::All => "all",
        }
    }

    /// True when it is the need of most hosts.
    #[must_use]
    pub fn is_any(&self) -> bool {
        *self == Self::Any
    }
}

/// One monitored host, as the configuration describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Host {
    /// Its unique name.
    #[schema(value_type = String)]
    pub name: Name,
    /// Address or resolvable name that checks connect to.
    #[schema(value_type = String)]
    pub address: Name,
    /// Free labels, such as `site = "dal"`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Groups it belongs to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// Whom to call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The contact list that is told of its checks, when they name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub contact_list: Option<Name>,
    /// Free notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// A URL, a file or text that says what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook: Option<String>,
    /// What "no answer to ping" means: UNKNOWN, or CRITICAL where that was said (SPEC D-27).
    #[serde(default)]
    pub unreachable: State,
    /// The hosts through which it is reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub parents: Vec<Name>,
    /// How many of them it needs.
    #[serde(default, skip_serializing_if = "Need::is_any")]
    pub parents_need: Need,
    /// The check that tells whether it can be reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub alive: Option<Name>,
    /// True when it answers whenever the engine's own network works.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub canary: bool,
    /// The agent that runs its checks, but for those that name one themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub agent: Option<Name>,
    /// File and line that it was written at, such as `config.toml:12`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

impl Host {
    /// A host with a name and an address and nothing else.
    #[must_use]
    pub fn new(name: &str, address: &str) -> Self {
        Self {
            name: name.into(),
            address: address.into(),
            labels: BTreeMap::new(),
            groups: Vec::new(),
            contact: None,
            contact_list: None,
            notes: None,
            runbook: None,
            unreachable: State::Unknown,
            parents: Vec::new(),
            parents_need: Need::Any,
            alive: None,
            canary: false,
            agent: None,
            origin: None,
        }
    }
}
