//! A maintenance window: a glob of hosts, named hosts, named checks.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::behind::behind;
use super::host::Host;
use super::id::{CheckKey, MaintenanceId, Name};
use super::pattern::Pattern;
use super::recurrence::{Occurrence, Recurrence};
use super::safe_text::SafeText;
use super::time::{Span, Timestamp};

/// Longest window, from start to end.
pub const LONGEST: Span = Span::from_secs(366 * 86_400);
/// Longest name, in characters.
pub const NAME_LIMIT: usize = 200;
/// Most hosts, and most checks, that one window names.
pub const NAMED_LIMIT: usize = 1000;

/// A window; in effect from `start` inclusive to `end` exclusive (SPEC FM-30).
///
/// One that repeats is one window: `start` and `end` are those of the occurrence that is or comes
/// next, and move on when it ends. After the last it is a fixed window that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Maintenance {
    /// Its id.
    pub id: MaintenanceId,
    /// What it is for.
    pub name: SafeText,
    /// Hosts it covers, also such that come later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_pattern: Option<Pattern>,
    /// The checks it covers on those and the named hosts; all without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Pattern>,
    /// Hosts it covers by name, at most [`NAMED_LIMIT`].
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schema(value_type = BTreeSet<String>)]
    pub hosts: BTreeSet<Name>,
    /// Checks it covers by name, at most [`NAMED_LIMIT`].
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub checks: BTreeSet<CheckKey>,
    /// Hosts that cannot be reached without its own, which it covers as well; none when it covers
    /// its own alone. They follow the configuration: see [`Self::with_children`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeSet<String>>)]
    pub children: Option<BTreeSet<Name>>,
    /// First moment inside.
    pub start: Timestamp,
    /// First moment after.
    pub end: Timestamp,
    /// How it repeats; a fixed window has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurrence: Option<Box<Recurrence>>,
    /// When it was in effect before, as long as it repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Occurrence>,
    /// True: alerts are recorded, hidden from the default feed and not sent. False: shown with a
    /// MAINT tag and sent (SPEC D-03).
    pub suppress_notifications: bool,
    /// For whom it was made, when a request said so (SPEC D-31).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<SafeText>,
    /// Who made it.
    pub author: SafeText,
    /// When it was made.
    pub created: Timestamp,
}

impl Maintenance {
    /// True while the window is in effect.
    #[must_use]
    pub fn is_active(&self, wall: Timestamp) -> bool {
        self.start <= wall && wall < self.end
    }

    /// True when the window is over.
    #[must_use]
    pub fn is_over(&self, wall: Timestamp) -> bool {
        wall >= self.end
    }

    /// The window after this occurrence, which ended at `wall` or is left out: at the next one that
    /// is not over, or fixed and over. `None` for a fixed window.
    #[must_use]
    pub fn advanced(&self, wall: Timestamp) -> Option<Self> {
        let recurrence = self.recurrence.as_ref()?;
        let was = Occurrence { start: self.start, end: self.end.min(wall) };
        let previous = if was.start < was.end { Some(was) } else { self.previous };
        let next = recurrence.next(Some(recurrence.day), wall);
        Some(match next {
            Some((day, found)) => Self {
                start: found.start,
                end: found.end,
                recurrence: Some(Box::new(Recurrence { day, ..(**recurrence).clone() })),
                previous,
                ..self.clone()
            },
            None => {
                let last = previous.unwrap_or(Occurrence { start: self.start, end: self.start });
                let (start, end) = (last.start, last.end);
                Self { start, end, recurrence: None, previous: None, ..self.clone() }
            }
        })
    }

    /// The window at its first occurrence that is not over, when the wall clock went back before
    /// what it was at; `None` when it did not.
    #[must_use]
    pub fn rewound(&self, wall: Timestamp) -> Option<Self> {
        let recurrence = self.recurrence.as_ref()?;
        let previous = self.previous.filter(|previous| wall < previous.start)?;
        let (day, found) = recurrence.next(None, wall)?;
        (found.start <= previous.start).then(|| Self {
            start: found.start,
            end: found.end,
            recurrence: Some(Box::new(Recurrence { day, ..(**recurrence).clone() })),
            previous: None,
            ..self.clone()
        })
    }

    /// The occurrences after this one, the soonest first, at most `count`.
    #[must_use]
    pub fn following(&self, count: usize) -> Vec<Occurrence> {
        let after = |recurrence: &Recurrence| recurrence.after(recurrence.day, self.start, count);
        self.recurrence.as_deref().map(after).unwrap_or_default()
    }

    /// True when the whole host is covered at that moment.
    #[must_use]
    pub fn covers_host(&self, host: &str, wall: Timestamp) -> bool {
        self.is_active(wall) && self.check.is_none() && self.names_host(host)
    }

    /// True when the check is covered at that moment: the one test for windows.
    #[must_use]
    pub fn covers(&self, host: &str, check: &str, wall: Timestamp) -> bool {
        self.is_active(wall) && self.names(host, check)
    }

    /// True when the check is one of its own, whenever that is.
    #[must_use]
    pub fn names(&self, host: &str, check: &str) -> bool {
        let by_host = || {
            self.check.as_ref().is_none_or(|pattern| pattern.matches(check))
                && self.names_host(host)
        };
        let by_check =
            || !self.checks.is_empty() && self.checks.contains(&CheckKey::new(host, check));
        by_host() || by_check()
    }

    /// True when the host is one of its own by name or pattern, or cannot be reached without those
    /// where it covers such, whenever that is.
    #[must_use]
    pub fn names_host(&self, host: &str) -> bool {
        self.says_host(host) || self.children.as_ref().is_some_and(|those| those.contains(host))
    }

    fn says_host(&self, host: &str) -> bool {
        self.hosts.contains(host)
            || self.host_pattern.as_ref().is_some_and(|pattern| pattern.matches(host))
    }

    /// The window with the children that its hosts have among these, when it covers such; of one
    /// that does not nobody looks at the hosts.
    #[must_use]
    pub fn with_children<'a, I: Iterator<Item = &'a Host>>(self, hosts: impl Fn() -> I) -> Self {
        if self.children.is_none() {
            return self;
        }
        let own = hosts().map(|host| &host.name).filter(|name| self.says_host(name));
        let children = Some(behind(hosts(), own));
        Self { children, ..self }
    }

    /// True when both are the same but for what is behind their hosts now.
    #[must_use]
    pub fn is_as_asked(&self, other: &Self) -> bool {
        let asked = |window: &Self| Self {
            children: window.children.as_ref().map(|_| BTreeSet::new()),
            ..window.clone()
        };
        asked(self) == asked(other)
    }

    /// What it covers in a few words: `db-*`, `web-1, web-2`, `core-1, 42 behind`.
    #[must_use]
    pub fn scope(&self) -> String {
        let mut parts: Vec<String> = self.host_pattern.iter().map(ToString::to_string).collect();
        match self.hosts.len() {
            few @ 1..=2 => parts.extend(self.hosts.iter().take(few).map(ToString::to_string)),
            0 => {}
            many => parts.push(format!("{many} hosts")),
        }
        match self.checks.len() {
            few @ 1..=2 => parts.extend(self.checks.iter().take(few).map(ToString::to_string)),
            0 => {}
            many => parts.push(format!("{many} checks")),
        }
        if let Some(children) = &self.children {
            parts.push(format!("{} behind", children.len()));
        }
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fm_30_start_is_inside_end_is_outside() {
        let window = Maintenance {
            id: MaintenanceId::from_parts(0, [0; 10]),
            name: SafeText::line("patching"),
            host_pattern: "db-*".parse().ok(),
            check: None,
            hosts: BTreeSet::new(),
            checks: BTreeSet::new(),
            start: Timestamp::from_millis(1000),
            end: Timestamp::from_millis(2000),
            children: None,
            recurrence: None,
            previous: None,
            suppress_notifications: true,
            created_by: None,
            author: SafeText::line("noc"),
            created: Timestamp::from_millis(0),
        };
        let covered = |millis| window.covers("db-1", "ping", Timestamp::from_millis(millis));
        assert_eq!(
            [covered(999), covered(1000), covered(1999), covered(2000)],
            [false, true, true, false]
        );
        assert!(!window.covers("web-1", "ping", Timestamp::from_millis(1500)));
    }

    #[test]
    fn named_hosts_and_checks_are_covered_exactly() {
        let at = Timestamp::from_millis(1500);
        let window = Maintenance {
            id: MaintenanceId::from_parts(0, [0; 10]),
            name: SafeText::line("marked"),
            host_pattern: None,
            check: None,
            hosts: BTreeSet::from(["web-1".into()]),
            checks: BTreeSet::from([CheckKey::new("db-1", "disk")]),
            start: Timestamp::from_millis(1000),
            end: Timestamp::from_millis(2000),
            children: None,
            recurrence: None,
            previous: None,
            suppress_notifications: true,
            created_by: None,
            author: SafeText::line("noc"),
            created: Timestamp::from_millis(0),
        };
        assert!(window.covers("web-1", "http", at) && window.covers_host("web-1", at));
        assert!(window.covers("db-1", "disk", at) && !window.covers_host("db-1", at));
        assert!(!window.covers("db-1", "ping", at) && !window.covers("web-10", "http", at));
        assert_eq!(window.scope(), "web-1, db-1/disk");
        let window = Maintenance { check: "ping".parse().ok(), ..window };
        assert!(window.covers("web-1", "ping", at) && !window.covers("web-1", "http", at));
        assert!(window.covers("db-1", "disk", at), "a check that is named needs no pattern");
    }
}
