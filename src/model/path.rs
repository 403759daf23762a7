//! The way to a target as a set of addresses per hop, and what makes it another way.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::id::Name;
use super::time::Timestamp;
use super::trace::TraceReport;

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
        self.hops.iter().any(|hop| {
            let known = before.hops.iter().find(|known| known.ttl == hop.ttl);
            known.is_some_and(|known| {
                !hop.addresses.is_empty()
                    && !known.addresses.is_empty()
                    && known.addresses.is_disjoint(&hop.addresses)
            })
        })
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
}
