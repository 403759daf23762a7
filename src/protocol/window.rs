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

/// A window as it is asked for. One of `host_pattern`, `hosts` and `checks` must be there.
// As it arrives: the document's fields, and what it must not lack said by its name.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewMaintenance, examples(example))]
struct Written {
    /// What it is for.
    name: String,
    /// Hosts it covers.
    host_pattern: Option<Pattern>,
    /// The checks it covers on those and the named hosts; all without it.
    check: Option<Pattern>,
    /// Hosts it covers by name, at most 1000.
    #[serde(default)]
    #[schema(value_type = BTreeSet<String>)]
    hosts: BTreeSet<Name>,
    /// Checks it covers by name, at most 1000.
    #[serde(default)]
    checks: BTreeSet<CheckKey>,
    /// Whether it covers what cannot be reached without its hosts, too.
    #[serde(default)]
    children: bool,
    /// First moment inside.
    start: Timestamp,
    /// First moment after; later than `start`.
    end: Timestamp,
    /// How it repeats; `start` and `end` say from when on, at which time of day and how long.
    repeats: Option<Repeats>,
    /// Whether nobody is told of what it covers.
    #[serde(default = "yes")]
    #[schema(default = true)]
    suppress_notifications: bool,
    /// For whom it is made, when not for who asks.
    created_by: Option<String>,
}

/// The example of the document (SPEC FM-29).
fn example() -> serde_json::Value {
    serde_json::json!({
        "name": "DB Patching - Feb 25",
        "host_pattern": "db-prod-*",
        "start": "2026-02-25T02:00:00Z",
        "end": "2026-02-25T06:00:00Z",
        "suppress_notifications": true,
        "created_by": "j.smith"
    })
}

impl utoipa::PartialSchema for NewMaintenance {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        // One of three must be there, which only the reader knows.
        let either = ["host_pattern", "hosts", "checks"].into_iter().fold(
            utoipa::openapi::schema::AnyOfBuilder::new(),
            |either, name| {
                either.item(utoipa::openapi::schema::ObjectBuilder::new().required(name))
            },
        );
        utoipa::openapi::schema::AllOfBuilder::new().item(Written::schema()).item(either).into()
    }
}

impl utoipa::ToSchema for NewMaintenance {
    fn name() -> std::borrow::Cow<'static, str> {
        Written::name()
    }

    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>) {
        Written::schemas(schemas);
    }
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
