//! Creating, changing, ending and extending maintenance windows.

use super::super::core::Core;
use super::super::undo::BeforeWindow;
use crate::model::maintenance::{LONGEST, NAME_LIMIT, NAMED_LIMIT};
use crate::model::{Maintenance, MaintenanceId, Occurrence, Repetition, SafeText, Span, Timestamp};
use crate::protocol::{Command, NewMaintenance, Outcome, Problem, Request};

impl Core {
    /// Does what is asked of windows.
    pub(super) fn maintenance(&mut self, request: &Request) -> Result<Outcome, Problem> {
        match &request.command {
            Command::AddMaintenance(new) => self.add_maintenance(request, new),
            Command::EndMaintenance { id } => self.end_maintenance(*id),
            Command::CancelMaintenance { id } => self.cancel_maintenance(*id),
            Command::ExtendMaintenance { id, by } => self.extend_maintenance(request, *id, *by),
            Command::EditMaintenance { id, name, start, end, repeats, every } => {
                let (times, repeats) = ((*start, *end), (repeats.as_ref(), *every));
                self.edit_maintenance(request, *id, name.as_deref(), times, repeats)
            }
            _ => Err(Problem::internal("that is nothing about windows")),
        }
    }

    fn add_maintenance(
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
        let window = new
            .repeated(id, request.actor.name(), now.wall)
            .map_err(|why| Problem::invalid(format!("`repeats`: {why}")))?;
        let window = Maintenance { name, ..window };
        self.within_limits(request, None, &window)?;
        Ok(self.put_window(None, window))
    }

    /// Changes a window; a window that was begun keeps its start.
    fn edit_maintenance(
        &mut self,
        request: &Request,
        id: MaintenanceId,
        new_name: Option<&str>,
        (start, end): (Option<Timestamp>, Option<Timestamp>),
        (repeats, every): (Option<&Repetition>, bool),
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
        let window = window
            .rescheduled(&before, repeats, every, now.wall)
            .map_err(|why| Problem::invalid(format!("`repeats`: {why}")))?;
        before_the_next(&window)?;
        self.within_limits(request, Some(&before), &window)?;
        Ok(self.put_window(Some(before), window))
    }

    /// Stages a window with how it was before.
    fn put_window(&mut self, before: Option<Maintenance>, window: Maintenance) -> Outcome {
        let window = self.with_children(window);
        self.before.windows.push(BeforeWindow {
            id: window.id,
            before,
            after: Some(window.clone()),
        });
        self.batch.windows.push(window.clone());
        Outcome::Maintenance(window)
    }

    fn end_maintenance(&mut self, id: MaintenanceId) -> Result<Outcome, Problem> {
        let now = self.clock.now();
        let window = self.open_window(id)?;
        match window.advanced(now.wall).filter(|next| next.recurrence.is_some()) {
            Some(next) => Ok(self.put_window(Some(window), next)),
            None if window.start > now.wall => Ok(self.remove_window(window)),
            None => {
                let ended = Maintenance {
                    end: now.wall,
                    recurrence: None,
                    previous: None,
                    ..window.clone()
                };
                Ok(self.put_window(Some(window), ended))
            }
        }
    }

    fn cancel_maintenance(&mut self, id: MaintenanceId) -> Result<Outcome, Problem> {
        let now = self.clock.now();
        let window = self.open_window(id)?;
        if window.recurrence.is_none() {
            return Err(Problem::conflict(format!("window {id} does not repeat; end it instead")));
        }
        if window.start > now.wall {
            return Ok(self.remove_window(window));
        }
        let last = Maintenance { recurrence: None, previous: None, ..window.clone() };
        Ok(self.put_window(Some(window), last))
    }

    /// Takes a window out that has not begun; what it was before stays in the store.
    fn remove_window(&mut self, window: Maintenance) -> Outcome {
        if let Some(Occurrence { start, end }) = window.previous {
            let over =
                Maintenance { start, end, recurrence: None, previous: None, ..window.clone() };
            return self.put_window(Some(window), over);
        }
        // It never was in effect: nothing to keep.
        self.batch.windows_gone.push(window.id);
        let gone = Maintenance { end: window.start, recurrence: None, ..window.clone() };
        self.before.windows.push(BeforeWindow { id: window.id, before: Some(window), after: None });
        Outcome::Maintenance(gone)
    }

    fn extend_maintenance(
        &mut self,
        request: &Request,
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
        before_the_next(&window)?;
        self.within_limits(request, Some(&before), &window)?;
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

/// An occurrence that was moved must be over when the next begins.
fn before_the_next(window: &Maintenance) -> Result<(), Problem> {
    match window.following(1).first() {
        Some(next) if next.start < window.end => Err(Problem::invalid(format!(
            "`end` lies in its next occurrence, which begins at {}",
            next.start
        ))),
        _ => Ok(()),
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
