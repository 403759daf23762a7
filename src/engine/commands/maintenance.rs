//! Creating, changing, ending and extending maintenance windows.

use super::super::core::Core;
use super::super::undo::BeforeWindow;
use crate::model::maintenance::{LONGEST, NAME_LIMIT, NAMED_LIMIT};
use crate::model::{Maintenance, MaintenanceId, SafeText, Span, Timestamp};
use crate::protocol::{NewMaintenance, Outcome, Problem, Request};

impl Core {
    pub(super) fn add_maintenance(
        &mut self,
        request: &Request,
        new: &NewMaintenance,
    ) -> Result<Outcome, Problem> {
        let now = self.clock.now();
        times(new.start, new.end)?;
        let name = name(&new.name)?;
        for (field, named) in [("hosts", new.hosts.len()), ("checks", new.checks.len())] {
            if named > NAMED_LIMIT {
                return Err(Problem::invalid(format!("`{field}` names at most {NAMED_LIMIT}")));
            }
        }
        if new.host_pattern.is_none() && new.hosts.is_empty() && new.checks.is_empty() {
            return Err(Problem::invalid(
                "name what it covers: `host_pattern`, `hosts` or `checks`",
            ));
        }
        let id = MaintenanceId::from_parts(now.wall.millis(), rand::random());
        let window = Maintenance { name, ..new.window(id, request.actor.name(), now.wall) };
        Ok(self.put_window(None, window))
    }

    /// Changes a window; a window that was begun keeps its start.
    pub(super) fn edit_maintenance(
        &mut self,
        id: MaintenanceId,
        new_name: Option<&str>,
        start: Option<Timestamp>,
        end: Option<Timestamp>,
    ) -> Result<Outcome, Problem> {
        let now = self.clock.now();
        let before = self.open_window(id)?;
        let mut window = before.clone();
        if let Some(start) = start.filter(|start| *start != before.start) {
            if before.start <= now.wall {
                return Err(Problem::conflict(format!("it began at {}", before.start)));
            }
            window.start = start;
        }
        window.end = end.unwrap_or(window.end);
        if let Some(new_name) = new_name {
            window.name = name(new_name)?;
        }
        times(window.start, window.end)?;
        if window.end <= now.wall {
            return Err(Problem::invalid("`end` is in the past; end the window instead"));
        }
        Ok(self.put_window(Some(before), window))
    }

    /// Stages a window with how it was before.
    fn put_window(&mut self, before: Option<Maintenance>, window: Maintenance) -> Outcome {
        self.before.windows.push(BeforeWindow {
            id: window.id,
            before,
            after: Some(window.clone()),
        });
        self.batch.windows.push(window.clone());
        Outcome::Maintenance(window)
    }

    pub(super) fn end_maintenance(&mut self, id: MaintenanceId) -> Result<Outcome, Problem> {
        let now = self.clock.now();
        let mut window = self.open_window(id)?;
        if window.start > now.wall {
            // It never was in effect: nothing to keep.
            self.batch.windows_gone.push(id);
            self.before.windows.push(BeforeWindow {
                id,
                before: Some(window.clone()),
                after: None,
            });
            window.end = window.start;
            return Ok(Outcome::Maintenance(window));
        }
        let before = window.clone();
        window.end = now.wall;
        Ok(self.put_window(Some(before), window))
    }

    pub(super) fn extend_maintenance(
        &mut self,
        id: MaintenanceId,
        by: Span,
    ) -> Result<Outcome, Problem> {
        let before = self.open_window(id)?;
        let mut window = before.clone();
        window.end = window.end + by;
        if by == Span::ZERO || window.end.since(window.start) > LONGEST {
            return Err(Problem::invalid(
                "a window is extended by 1 s or more, to 366 days at most",
            ));
        }
        Ok(self.put_window(Some(before), window))
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

fn times(start: Timestamp, end: Timestamp) -> Result<(), Problem> {
    if end <= start {
        return Err(Problem::invalid("`end` must be later than `start`"));
    }
    if end.since(start) > LONGEST {
        return Err(Problem::invalid("a window is at most 366 days long (`end` - `start`)"));
    }
    Ok(())
}

fn name(text: &str) -> Result<SafeText, Problem> {
    let name = SafeText::line(text.trim());
    if name.is_empty() || name.as_str().chars().count() > NAME_LIMIT {
        return Err(Problem::invalid(format!("`name` has 1 to {NAME_LIMIT} characters")));
    }
    Ok(name)
}
