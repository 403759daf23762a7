//! Rows put into groups, with counts per severity; the worst group first.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::ShownState;
use crate::protocol::filter::Facts;

/// What rows are put together by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum GroupBy {
    /// The host.
    Host,
    /// The check's name.
    Check,
    /// Each of the host's groups: a row counts in all of them.
    Group,
    /// The label `site`, or without one the first group.
    Site,
    /// The value of a label.
    Tag(String),
}

impl GroupBy {
    /// The four that every list offers, in the order in which a key goes through them.
    pub const COMMON: [Self; 4] = [Self::Host, Self::Check, Self::Group, Self::Site];
}

impl fmt::Display for GroupBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("host"),
            Self::Check => f.write_str("check"),
            Self::Group => f.write_str("group"),
            Self::Site => f.write_str("site"),
            Self::Tag(key) => write!(f, "tag:{key}"),
        }
    }
}

impl FromStr for GroupBy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "host" => Ok(Self::Host),
            "check" => Ok(Self::Check),
            "group" => Ok(Self::Group),
            "site" => Ok(Self::Site),
            _ => match text.strip_prefix("tag:").filter(|key| !key.trim().is_empty()) {
                Some(key) => Ok(Self::Tag(key.to_owned())),
                None => Err(format!(
                    "`{}` is nothing to group by; write host, check, group, site or tag:NAME",
                    text.chars().take(40).collect::<String>()
                )),
            },
        }
    }
}

impl Serialize for GroupBy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GroupBy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// How many rows show which state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Tally([usize; ShownState::ALL.len()]);

impl Tally {
    /// Rows that show `state`.
    #[must_use]
    pub fn of(&self, state: ShownState) -> usize {
        slot(state).and_then(|at| self.0.get(at)).copied().unwrap_or(0)
    }

    /// All rows.
    #[must_use]
    pub fn all(&self) -> usize {
        self.0.iter().sum()
    }

    /// Counts one more.
    pub fn add(&mut self, state: ShownState) {
        if let Some(count) = slot(state).and_then(|at| self.0.get_mut(at)) {
            *count += 1;
        }
    }

    /// The worst state that a row shows; `None` without rows.
    #[must_use]
    pub fn worst(&self) -> Option<ShownState> {
        ShownState::ALL.into_iter().find(|state| self.of(*state) > 0)
    }
}

fn slot(state: ShownState) -> Option<usize> {
    ShownState::ALL.iter().position(|have| *have == state)
}

/// Rows that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What they have in common; empty for those that have no such thing.
    pub name: String,
    /// How many show which state.
    pub tally: Tally,
    /// Their places in the rows that were given, in that order.
    pub members: Vec<usize>,
}

/// The rows in groups: the group with the most rows of the worst state first (more CRITICAL, then
/// more UNKNOWN, WARNING, MAINTENANCE), then by name; rows without a group come last among equals.
///
/// A row is in exactly one group, except by [`GroupBy::Group`], where it is in all of its own.
pub fn groups<'a, F: Facts + 'a>(
    rows: impl IntoIterator<Item = &'a F>,
    by: &GroupBy,
) -> Vec<Group> {
    let mut found: HashMap<&'a str, (Tally, Vec<usize>)> = HashMap::new();
    for (at, row) in rows.into_iter().enumerate() {
        let shown = row.shown();
        let mut put = |name: &'a str| {
            let (tally, members) = found.entry(name).or_default();
            // A host that names a group twice is in it once.
            if members.last() != Some(&at) {
                tally.add(shown);
                members.push(at);
            }
        };
        match by {
            GroupBy::Host => put(row.host()),
            GroupBy::Check => put(row.check().unwrap_or("")),
            GroupBy::Site => put(row.site().unwrap_or("")),
            GroupBy::Tag(key) => put(row.label(key).unwrap_or("")),
            GroupBy::Group if row.groups().is_empty() => put(""),
            GroupBy::Group => row.groups().iter().for_each(|group| put(group)),
        }
    }
    let groups = found.into_iter().map(|(name, (tally, members))| Group {
        name: name.to_owned(),
        tally,
        members,
    });
    let mut groups: Vec<Group> = groups.collect();
    groups.sort_by(|one, other| key(one).cmp(&key(other)));
    groups
}

/// What groups are ordered by. OK does not make a group worse.
fn key(group: &Group) -> (Reverse<[usize; 4]>, bool, &str) {
    let problems =
        [ShownState::Critical, ShownState::Unknown, ShownState::Warning, ShownState::Maintenance];
    let counts = problems.map(|state| group.tally.of(state));
    (Reverse(counts), group.name.is_empty(), &group.name)
}

#[cfg(test)]
#[path = "groups_tests.rs"]
mod tests;
