//! A host: a machine, a router, a service address.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::id::Name;
use super::state::State;

/// One monitored host, as the configuration describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Its unique name.
    pub name: Name,
    /// Address or resolvable name that checks connect to.
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
            origin: None,
        }
    }
}
