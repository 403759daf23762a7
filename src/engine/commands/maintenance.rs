//! Creating, ending and extending maintenance windows.

use super::super::core::Core;
use crate::model::{Maintenance, MaintenanceId, SafeText, Span};
use crate::protocol::{NewMaintenance, Outcome, Problem, Request};

/// Longest window, from start to end.
const LONGEST: Span = Span::from_secs(366 * 86_400);

impl Core {
    pub(super) fn add_maintenance(
        &mut self,
        request: &Request,
        new: &NewMaintenance,
    ) -> Result<Outcome, Problem> {
        let now = self.clock.now();
        if new.end <= new.start {
            return Err(Problem::invalid("`end` must be later than `start`"));
        }
        if new.end.since(new.start) > LONGEST {
            return Err(Problem::invalid("a window is at most 366 days long (`end` - `start`)"));
        }
        let name = SafeText::line(new.name.trim());
        if name.is_empty() || name.as_str().chars().count() > 200 {
            return Err(Problem::invalid("`name` has 1 to 200 characters"));
        }
        let window = Maintenance {
            // The request's id makes the window's: asked twice, it is made once.
            id: MaintenanceId::from_parts(now.wall.millis(), rand::random()),
            name,
            host_pattern: new.host_pattern.clone(),
            check: new.check.clone(),
            hosts: new.hosts.clone(),
            checks: new.checks.clone(),
            start: new.start,
            end: new.end,
            suppress_notifications: new.suppress_notifications,
            created_by: new.created_by.as_deref().map(SafeText::line),
            author: request.actor.name(),
            created: now.wall,
        };
        self.batch.windows.push(window.clone());
        Ok(Outcome::Maintenance(window))
    }

    pub(super) fn end_maintenance(&mut self, id: MaintenanceId) -> Result<Outcome, Problem> {
        let now = self.clock.now();
        let mut window = self.open_window(id)?;
        if window.start > now.wall {
            // It never was in effect: nothing to keep.
            self.batch.windows_gone.push(id);
            window.end = window.start;
            return Ok(Outcome::Maintenance(window));
        }
        window.end = now.wall;
        self.batch.windows.push(window.clone());
        Ok(Outcome::Maintenance(window))
    }

    pub(super) fn extend_maintenance(
        &mut self,
        id: MaintenanceId,
        by: Span,
    ) -> Result<Outcome, Problem> {
        let mut window = self.open_window(id)?;
        window.end = window.end + by;
        if by == Span::ZERO || window.end.since(window.start) > LONGEST {
            return Err(Problem::invalid(
                "a window is extended by 1 s or more, to 366 days at most",
            ));
        }
        self.batch.windows.push(window.clone());
        Ok(Outcome::Maintenance(window))
    }

    fn open_window(&self, id: MaintenanceId) -> Result<Maintenance, Problem> {
        let now = self.clock.now();
        let Some(window) = self.world.window(id) else {
            return Err(Problem::not_found(format!("there is no window {id}")));
        };
        if window.is_over(now.wall) {
            return Err(Problem::conflict(format!("window {id} ended at {}", window.end)));
        }
        Ok(Maintenance::clone(window))
    }
}
