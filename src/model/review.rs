//! What is looked back at daily or weekly: alerts and who had them, what was down, what is noisy,
//! what never fires.

use serde::{Deserialize, Serialize};

use super::id::{CheckKey, Name};
use super::safe_text::SafeText;
use super::spec::Kind;
use super::state::State;
use super::time::{Span, Timestamp};

/// Most rows of a list; how many more there are is said.
pub const ROWS: usize = 50;
/// The longest time that a review looks back, in days.
pub const DAYS: u32 = 92;
/// What is open for longer is named.
pub const LONG: Span = Span::from_secs(24 * 3600);

/// A list of which the first rows are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Listed<T> {
    /// How many there are.
    pub count: usize,
    /// The first [`ROWS`] of them.
    pub rows: Vec<T>,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self { count: 0, rows: Vec::new() }
    }
}

impl<T> Listed<T> {
    /// The first of these.
    #[must_use]
    pub fn of(mut rows: Vec<T>) -> Self {
        let count = rows.len();
        rows.truncate(ROWS);
        Self { count, rows }
    }
}

/// What became of the alerts of a check, or of a rule on a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReviewAlert {
    /// Which.
    pub check: CheckKey,
    /// How often it fired.
    pub fired: usize,
    /// How long it fired in all.
    pub firing: Span,
    /// The worst state.
    pub worst: State,
    /// How many of them somebody acknowledged.
    pub acknowledged: usize,
    /// The median time from firing to the first acknowledgement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_acknowledge: Option<Span>,
    /// Who acknowledged, by how often.
    pub who: Vec<SafeText>,
    /// How often it began to flap.
    pub flapped: usize,
    /// True when it fires now.
    pub open: bool,
}

/// An alert that is told by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReviewOpen {
    /// Which.
    pub check: CheckKey,
    /// Its worst state.
    pub state: State,
    /// When it fired.
    pub since: Timestamp,
    /// When it was over; none while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Who has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<SafeText>,
    /// What it said.
    pub text: SafeText,
}

/// How long something was down: CRITICAL, and no maintenance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReviewDown {
    /// The host.
    #[schema(value_type = String)]
    pub host: Name,
    /// The service on it, when this is of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub check: Option<Name>,
    /// How long.
    pub down: Span,
    /// True when nothing was measured: then it was neither up nor down.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unmeasured: bool,
}

/// A window in the time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReviewWindow {
    /// What it was for.
    pub name: SafeText,
    /// Who made it.
    pub author: SafeText,
    /// When it began.
    pub start: Timestamp,
    /// When it ended or ends.
    pub end: Timestamp,
}

/// A review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Review {
    /// The machine of the engine.
    pub machine: SafeText,
    /// From this moment.
    pub from: Timestamp,
    /// To this moment.
    pub to: Timestamp,
    /// Hosts.
    pub hosts: usize,
    /// Alerts that fired.
    pub fired: usize,
    /// How many of them somebody acknowledged.
    pub acknowledged: usize,
    /// The median time to that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_acknowledge: Option<Span>,
    /// True when more happened than is looked through: only the newest of it is told.
    #[serde(default)]
    pub cut: bool,
    /// By check, what fired most first: the noisy ones.
    pub alerts: Listed<ReviewAlert>,
    /// Fired outside maintenance, and nobody acknowledged; the longest first.
    pub unacknowledged: Listed<ReviewOpen>,
    /// Open for longer than [`LONG`], the longest first.
    pub long_open: Listed<ReviewOpen>,
    /// Began to flap, the most often first.
    pub flapping: Listed<ReviewAlert>,
    /// Hosts that were down, the longest first.
    pub down: Listed<ReviewDown>,
    /// Hosts that were not down, for nothing was measured of them, by name.
    #[serde(default)]
    #[schema(value_type = Listed<String>)]
    pub unmeasured: Listed<Name>,
    /// Every service that is watched as a whole, with how long it was down.
    pub services: Listed<ReviewDown>,
    /// Windows of maintenance, the earliest first.
    pub maintenance: Listed<ReviewWindow>,
    /// Rules in force that never fired, by name.
    #[schema(value_type = Listed<String>)]
    pub never_fired: Listed<Name>,
}

/// True for a check that watches a service as a whole.
#[must_use]
pub const fn is_service(kind: Kind) -> bool {
    matches!(kind, Kind::Fluxmq | Kind::Fluxbase)
}
