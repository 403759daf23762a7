//! The console in a storm: feeds the detector, and keeps what is said and grouped by it.

use crate::model::{Alert, Name, Phase, Span, Steady};
use crate::tui::app::App;
use crate::tui::groups::GroupBy;
use crate::tui::lists::shape::By;
use crate::tui::storm::{Detector, NewAlert, Storm, headline};

/// How often numbers of a storm change on screen.
pub const STEP: Span = Span::from_secs(1);
/// How long the rows keep the group that explained most, whatever explains more meanwhile.
const KEEP: Span = Span::from_secs(30);

/// What is known of a storm.
#[derive(Debug, Default)]
pub struct StormWatch {
    detector: Detector,
    now: Option<Storm>,
    /// When the numbers are looked at again.
    at: Steady,
    /// When the group is.
    group_at: Steady,
    /// The person has taken the groups away.
    ungrouped: bool,
}

impl StormWatch {
    /// The storm that is going on.
    #[must_use]
    pub const fn storm(&self) -> Option<&Storm> {
        self.now.as_ref()
    }
}

impl App {
    /// An alert is about to enter the World: one that has just begun to fire counts.
    pub(crate) fn storm_sees(&mut self, alert: &Alert) {
        let fires = |alert: &Alert| alert.phase == Phase::Firing;
        let new = fires(alert) && !self.world.alert(alert.id).is_some_and(|old| fires(old));
        if !new || !self.world.is_ready() || alert.suppressed || alert.cause.is_some() {
            return;
        }
        let host = self.world.host(&alert.check.host).map(|entry| &entry.host);
        let labels = host.into_iter().flat_map(|host| &host.labels);
        let labels = labels.map(|(key, value)| (key.as_str().into(), value.as_str().into()));
        self.storm.detector.push(NewAlert {
            at: self.now.steady,
            fired: alert.fired.unwrap_or(alert.since),
            host: Name::clone(&alert.check.host),
            check: Name::clone(&alert.check.name),
            labels: labels.collect(),
        });
    }

    /// Looks at the storm, once a second.
    pub(crate) fn storm_tick(&mut self) {
        let now = self.now.steady;
        self.storm.detector.tick(now);
        if self.storm.detector.is_storm() == self.storm.now.is_some() && now < self.storm.at {
            return;
        }
        self.storm.at = now + STEP;
        self.storm.now = self.storm.detector.storm();
        let Some(storm) = &self.storm.now else {
            if self.lists.cause.take().is_some() {
                self.pace.stale = true;
            }
            self.storm.ungrouped = false;
            return;
        };
        let due = self.lists.cause.is_none() || now >= self.storm.group_at;
        if self.storm.ungrouped || !due {
            return;
        }
        let cause = storm.cause.as_ref().map(|cause| {
            let by = match &cause.by {
                GroupBy::Host => By::Host,
                GroupBy::Check => By::Check,
                GroupBy::Group => By::Group,
                GroupBy::Site => By::Site,
                GroupBy::Tag(label) => By::Tag(label.as_str().into()),
            };
            (by, Name::clone(&cause.value))
        });
        self.storm.group_at = now + KEEP;
        if self.lists.cause != cause {
            self.lists.cause = cause;
            self.pace.stale = true;
        }
    }

    /// Takes the groups of a storm away until the next one; false when there are none.
    pub(crate) fn ungroup_storm(&mut self) -> bool {
        let had = self.lists.cause.take().is_some();
        if had {
            self.storm.ungrouped = true;
            self.lists.alerts.leave_group();
        }
        had
    }

    /// `STORM 3 012 in 60 s, 71 % site fra, first core-fra-2 21:02`, while there is one.
    #[must_use]
    pub fn storm_words(&self) -> Option<String> {
        let clock = |at| self.options.zone.clock(at);
        self.storm.storm().map(|storm| headline(storm, clock))
    }
}
