//! The way to a target as a set of addresses per hop, and what makes it another way.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::id::{Name, TestId};
use super::safe_text::SafeText;
use super::time::Timestamp;
use super::trace::TraceReport;

/// Most hops at which branches of one way are others.
const BRANCH: usize = 2;
/// Most addresses that are kept of one hop.
const PARALLEL: usize = 16;

/// One hop of a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PathHop {
    /// Time to live, 1 is the first router.
    pub ttl: u8,
    /// Who answers there; several are parallel paths, none is a silent router.
    #[schema(value_type = BTreeSet<String>)]
    pub addresses: BTreeSet<IpAddr>,
}

/// A path at a moment.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Path {
    /// The hops in order.
    pub hops: Vec<PathHop>,
    /// True when the target answered.
    pub reached: bool,
    /// Loss at the last hop in percent.
    pub loss_pct: Option<f64>,
    /// Mean round-trip time at the last hop in milliseconds.
    pub rtt_ms: Option<f64>,
}

impl Path {
    /// The path of a report.
    #[must_use]
    pub fn of(report: &TraceReport) -> Self {
        let hops = report.hops.iter().map(|hop| PathHop {
            ttl: hop.ttl,
            addresses: hop.addresses.iter().map(|known| known.address).collect(),
        });
        let last = report.hops.last();
        Self {
            hops: hops.collect(),
            reached: report.reached,
            loss_pct: last.filter(|hop| hop.sent > 0).map(|hop| hop.loss_pct),
            rtt_ms: last.and_then(|hop| hop.avg_ms),
        }
    }

    /// True when some hop of `self` that answers is answered by nobody who answered there in
    /// `before`. Silence, and another selection of parallel paths, are no change.
    #[must_use]
    pub fn differs_from(&self, before: &Self) -> bool {
        self.changed(before).next().is_some()
    }

    /// The hops that are others than in `before`, each beside what it was.
    fn changed<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = (&'a PathHop, &'a PathHop)> {
        self.hops.iter().filter_map(|hop| {
            let known = before.hops.iter().find(|known| known.ttl == hop.ttl)?;
            let other = !hop.addresses.is_empty()
                && !known.addresses.is_empty()
                && known.addresses.is_disjoint(&hop.addresses);
            other.then_some((known, hop))
        })
    }

    /// True when the two can be branches of one way: as long, with the same end, and others only at a
    /// hop or two between.
    #[must_use]
    pub fn is_branch_of(&self, other: &Self) -> bool {
        let end = |path: &Self| path.hops.last().map(|hop| hop.addresses.clone());
        let same_end = match (end(self), end(other)) {
            (Some(a), Some(b)) => !a.is_disjoint(&b),
            _ => false,
        };
        same_end && self.hops.len() == other.hops.len() && self.changed(other).count() <= BRANCH
    }

    /// True when some hop is answered by somebody who is not known in `before`, which is no other way
    /// by itself.
    #[must_use]
    pub fn has_more_than(&self, before: &Self) -> bool {
        self.hops.iter().any(|hop| {
            let known = before.hops.iter().find(|known| known.ttl == hop.ttl);
            known.is_some_and(|known| {
                !known.addresses.is_empty() && !hop.addresses.is_subset(&known.addresses)
            })
        })
    }

    /// Takes in another report of the same way: what was silent becomes known, and the numbers are
    /// the latest ones; with `parallel` all that answer at a hop are known from then on.
    pub fn join(&mut self, other: &Self, parallel: bool) {
        for hop in other.hops.iter().filter(|hop| !hop.addresses.is_empty()) {
            match self.hops.iter_mut().find(|known| known.ttl == hop.ttl) {
                Some(known) if !parallel && !known.addresses.is_empty() => {}
                Some(known) => {
                    let room = PARALLEL.saturating_sub(known.addresses.len());
                    let new: Vec<IpAddr> =
                        hop.addresses.difference(&known.addresses).take(room).copied().collect();
                    known.addresses.extend(new);
                }
                None => self.hops.push(hop.clone()),
            }
        }
        self.reached = other.reached;
        self.loss_pct = other.loss_pct;
        self.rtt_ms = other.rtt_ms;
    }
}

/// A recorded change of a path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PathChange {
    /// The host whose path it is.
    #[schema(value_type = String)]
    pub host: Name,
    /// The `trace` check that saw it; `None` is a live trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub check: Option<Name>,
    /// When it was seen.
    pub at: Timestamp,
    /// The path before; `None` where it was seen for the first time.
    pub before: Option<Path>,
    /// The path after.
    pub after: Path,
    /// Where it leads, when a test saw it: then `host` is the vantage, and `check` the schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<SafeText>,
    /// The test that saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<TestId>,
}

impl PathChange {
    /// Before and after in words: the first hop that is another one, and what happened to loss and
    /// round-trip time. Nothing where it was seen for the first time.
    #[must_use]
    pub fn words(&self) -> Option<SafeText> {
        let before = self.before.as_ref()?;
        let mut hops = self.after.changed(before);
        let addresses = |hop: &PathHop| {
            let all: Vec<String> = hop.addresses.iter().take(3).map(ToString::to_string).collect();
            all.join(" ")
        };
        let first = hops.next().map(|(was, is)| {
            format!(" at hop {}: {} -> {}", is.ttl, addresses(was), addresses(is))
        });
        let more = match hops.count() {
            0 => String::new(),
            1 => " and 1 hop more".to_owned(),
            n => format!(" and {n} hops more"),
        };
        let of = |value: Option<f64>, unit: &str| {
            value.map_or_else(|| "unknown".to_owned(), |value| format!("{value:.1} {unit}"))
        };
        Some(SafeText::line(&format!(
            "the path changed{}{more}; loss {} -> {}, RTT {} -> {}",
            first.unwrap_or_default(),
            of(before.loss_pct, "%"),
            of(self.after.loss_pct, "%"),
            of(before.rtt_ms, "ms"),
            of(self.after.rtt_ms, "ms"),
        )))
    }
}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
