//! A maintenance window over a glob of hosts.

use serde::{Deserialize, Serialize};

use super::id::MaintenanceId;
use super::pattern::Pattern;
use super::safe_text::SafeText;
use super::time::Timestamp;

/// A window; in effect from `start` inclusive to `end` exclusive (SPEC FM-30).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maintenance {
    /// Its id.
    pub id: MaintenanceId,
    /// What it is for.
    pub name: SafeText,
    /// The hosts it covers, also such that come later.
    pub host_pattern: Pattern,
    /// The checks it covers; all without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Pattern>,
    /// First moment inside.
    pub start: Timestamp,
    /// First moment after.
    pub end: Timestamp,
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

    /// True when the whole host is covered at that moment.
    #[must_use]
    pub fn covers_host(&self, host: &str, wall: Timestamp) -> bool {
        self.is_active(wall) && self.check.is_none() && self.host_pattern.matches(host)
    }

    /// True when the check is covered at that moment: the one test for windows.
    #[must_use]
    pub fn covers(&self, host: &str, check: &str, wall: Timestamp) -> bool {
        self.is_active(wall)
            && self.host_pattern.matches(host)
            && self.check.as_ref().is_none_or(|pattern| pattern.matches(check))
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
            host_pattern: "db-*".parse().unwrap(),
            check: None,
            start: Timestamp::from_millis(1000),
            end: Timestamp::from_millis(2000),
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
}
