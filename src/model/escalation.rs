//! Escalation: who else is told while nobody has an alert, and how far that has gone.

use serde::{Deserialize, Serialize};

use super::id::Name;
use super::safe_text::SafeText;
use super::time::{Span, Timestamp};

/// Most steps of a contact list.
pub const STEPS: usize = 10;

/// One step of a contact list, as it is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EscalationStep {
    /// After how much time in which nobody had it.
    pub after: Span,
    /// The contact list that is told.
    pub to: Name,
}

/// How far an alert was escalated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Escalation {
    /// The time that has counted, up to `since` while it goes on.
    pub counted: Span,
    /// Since when it goes on, on the engine's own scale of time; `None` while it stands still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The steps that were told, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<Escalated>,
    /// The step that comes next; `None` when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<NextStep>,
}

impl Escalation {
    /// The time that has counted at a moment of the engine's own scale.
    #[must_use]
    pub fn counted_at(&self, line: Timestamp) -> Span {
        self.counted + self.since.map_or(Span::ZERO, |since| line.since(since))
    }

    /// When the next step is due, on the engine's own scale of time; `None` while the time stands
    /// still, or when there is none.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        let (since, next) = (self.since?, self.next.as_ref()?);
        let left = next.after.millis().saturating_sub(self.counted.millis());
        Some(since + Span::from_millis(left))
    }
}

/// A step that was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Escalated {
    /// The contact list.
    #[schema(value_type = String)]
    pub to: Name,
    /// When.
    pub at: Timestamp,
    /// The operator who had it sent; `None` when its time had come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<SafeText>,
}

/// The step that comes next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NextStep {
    /// Which, from 1.
    pub step: u32,
    /// How many there are.
    pub of: u32,
    /// The contact list.
    #[schema(value_type = String)]
    pub to: Name,
    /// After how much time.
    pub after: Span,
}

impl NextStep {
    /// `step 1 of 2 to Shift lead`.
    #[must_use]
    pub fn words(&self) -> String {
        format!("step {} of {} to {}", self.step, self.of, self.to)
    }
}
