//! A maintenance window as somebody asks for it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::model::{
    CheckKey, Maintenance, MaintenanceId, Name, Pattern, Recurrence, Repeats, SafeText, Timestamp,
};

/// A window as it is asked for (SPEC FM-29).
///
/// It covers what the pattern matches and what is named, at most
/// [`NAMED_LIMIT`](crate::model::maintenance::NAMED_LIMIT) hosts and as many checks; one of the
/// three must be there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct NewMaintenance {
    /// What it is for.
    pub name: String,
    /// Hosts it covers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_pattern: Option<Pattern>,
    /// The checks it covers on those and the named hosts; all without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<Pattern>,
    /// Hosts it covers by name.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub hosts: BTreeSet<Name>,
    /// Checks it covers by name.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub checks: BTreeSet<CheckKey>,
    /// Whether it covers what cannot be reached without its hosts, too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub children: bool,
    /// First moment inside.
    pub start: Timestamp,
    /// First moment after; later than `start`.
    pub end: Timestamp,
    /// How it repeats; `start` and `end` say from when on, at which time of day and how long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<Repeats>,
    /// See [`Maintenance::suppress_notifications`].
    pub suppress_notifications: bool,
    /// For whom it is made, when not for the actor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
}

impl NewMaintenance {
    /// As [`Self::window`], at its first occurrence when it repeats.
    ///
    /// # Errors
    /// A sentence that says why it cannot repeat so.
    pub fn repeated(
        &self,
        id: MaintenanceId,
        author: SafeText,
        created: Timestamp,
    ) -> Result<Maintenance, String> {
        let window = self.window(id, author, created);
        let Some(repeats) = &self.repeats else { return Ok(window) };
        let (recurrence, first) = Recurrence::new(repeats.clone(), self.start, self.end)?;
        let recurrence = Some(Box::new(recurrence));
        Ok(Maintenance { start: first.start, end: first.end, recurrence, ..window })
    }

    /// The window that it becomes, by whom and when; without what repeats, and without the names of
    /// children.
    #[must_use]
    pub fn window(&self, id: MaintenanceId, author: SafeText, created: Timestamp) -> Maintenance {
        Maintenance {
            id,
            name: SafeText::line(&self.name),
            host_pattern: self.host_pattern.clone(),
            check: self.check.clone(),
            hosts: self.hosts.clone(),
            checks: self.checks.clone(),
            start: self.start,
            end: self.end,
            children: self.children.then(BTreeSet::new),
            recurrence: None,
            previous: None,
            suppress_notifications: self.suppress_notifications,
            created_by: self.created_by.as_deref().map(SafeText::line),
            author,
            created,
        }
    }
}

/// As it arrives: the document's fields, and what it must not lack said by its name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    host_pattern: Option<Pattern>,
    check: Option<Pattern>,
    #[serde(default)]
    hosts: BTreeSet<Name>,
    #[serde(default)]
    checks: BTreeSet<CheckKey>,
    #[serde(default)]
    children: bool,
    start: Timestamp,
    end: Timestamp,
    repeats: Option<Repeats>,
    #[serde(default = "yes")]
    suppress_notifications: bool,
    created_by: Option<String>,
}

const fn yes() -> bool {
    true
}

impl TryFrom<Written> for NewMaintenance {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        if written.host_pattern.is_none() && written.hosts.is_empty() && written.checks.is_empty() {
            return Err("missing field `host_pattern` (or `hosts`, or `checks`)");
        }
        Ok(Self {
            name: written.name,
            host_pattern: written.host_pattern,
            check: written.check,
            hosts: written.hosts,
            checks: written.checks,
            children: written.children,
            start: written.start,
            end: written.end,
            repeats: written.repeats,
            suppress_notifications: written.suppress_notifications,
            created_by: written.created_by,
        })
    }
}
