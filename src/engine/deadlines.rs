//! What happens because time passes: windows begin and end, acknowledgements run out, results
//! stay away.

use crate::model::{Maintenance, Now, Span, Steady};
use crate::protocol::Event;
use crate::rules::alert::{self, Input};
use crate::rules::attempts::{self, Freshness};
use crate::rules::escalate;

use super::core::Core;
use super::log;

/// How often every check's age is looked at.
const SWEEP: Span = Span::from_secs(2);
/// How long an ended window stays known, so that "window X ended" can be said.
const ENDED: Span = Span::from_secs(3600);

/// How far windows that cover children have followed a change of the hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ways {
    /// All the way.
    Known,
    /// Hosts changed: what is behind others is found anew.
    Changed,
    /// Windows changed with them: open alerts look at them anew.
    Followed,
}

impl Core {
    /// The window with what is behind its hosts now.
    pub(super) fn with_children(&self, window: Maintenance) -> Maintenance {
        window.with_children(|| self.table.hosts().map(AsRef::as_ref))
    }

    /// Lets windows that cover children follow the hosts, and open alerts follow those windows.
    pub(super) fn follow_ways(&mut self, now: Now) {
        if self.storage_down {
            return;
        }
        match std::mem::replace(&mut self.ways, Ways::Known) {
            Ways::Known => {}
            Ways::Changed => {
                let open = self.world.windows().filter(|w| !w.is_over(now.wall));
                let anew: Vec<Maintenance> = open
                    .filter(|window| window.children.is_some())
                    .map(|known| (known, self.with_children(Maintenance::clone(known))))
                    .filter(|(known, anew)| ***known != *anew)
                    .map(|(_, anew)| anew)
                    .collect();
                if !anew.is_empty() {
                    self.touch(true);
                    self.batch.windows.extend(anew);
                    self.ways = Ways::Followed;
                }
            }
            Ways::Followed => {
                for at in self.table.open() {
                    self.step(at, Input::Tick, now);
                }
            }
        }
    }

    /// Lets open alerts follow the windows that began or ended since the last look.
    pub(super) fn look_at_windows(&mut self, now: Now) {
        if self.storage_down {
            return;
        }
        let active: Vec<_> =
            self.world.windows().filter(|w| w.is_active(now.wall)).map(|w| w.id).collect();
        if active != self.active {
            let changed: Vec<Maintenance> = self
                .world
                .windows()
                .filter(|w| active.contains(&w.id) != self.active.contains(&w.id))
                .map(|w| Maintenance::clone(w))
                .collect();
            let removed = self.active.iter().any(|id| self.world.window(*id).is_none());
            self.active = active;
            for at in self.table.open() {
                let Some(key) = self.table.get(at).map(|slot| &slot.check.key) else { continue };
                let touched = |w: &Maintenance| w.names(&key.host, &key.name);
                if removed || changed.iter().any(touched) {
                    self.step(at, Input::Tick, now);
                }
            }
        }
        self.note_windows(now);
        self.world.tick(now.wall);
        self.advance_windows(now);
        self.forget_windows(now);
    }

    /// Writes into the history which windows began and ended, also while the engine was not there.
    fn note_windows(&mut self, now: Now) {
        if self.noted == self.active {
            return;
        }
        let noted = std::mem::replace(&mut self.noted, self.active.clone());
        let began = self.active.iter().filter(|id| !noted.contains(id)).map(|id| (true, id));
        let ended = noted.iter().filter(|id| !self.active.contains(id)).map(|id| (false, id));
        let notes: Vec<_> = began
            .chain(ended)
            .filter_map(|(began, id)| Some(log::note(self.world.window(*id)?, began)))
            .collect();
        if !notes.is_empty() {
            self.touch(true);
            self.batch.wall = now.wall;
            self.batch.noted.extend(notes.into_iter().map(Into::into));
        }
    }

    /// Lets windows that repeat go to their next occurrence, in the transaction of the edges that
    /// the end of the one before implied.
    fn advance_windows(&mut self, now: Now) {
        let next = |window: &std::sync::Arc<Maintenance>| {
            if window.is_over(now.wall) {
                window.advanced(now.wall)
            } else {
                window.rewound(now.wall)
            }
        };
        let moved: Vec<Maintenance> = self.world.windows().filter_map(next).collect();
        if !moved.is_empty() {
            self.touch(true);
            self.batch.windows.extend(moved);
        }
    }

    fn forget_windows(&mut self, now: Now) {
        let old =
            self.world.windows().filter(|w| w.recurrence.is_none() && w.end + ENDED <= now.wall);
        let old: Vec<_> = old.map(|w| w.id).collect();
        for id in old {
            // Only from the picture: the store keeps ended windows.
            let event = std::sync::Arc::new(Event::MaintenanceGone(id));
            self.world.apply(&event, now.wall);
            self.feed.tell(&event, now.steady);
        }
    }

    /// Ends acknowledgements whose time is over, and tells again and tells others of what nobody has.
    pub(super) fn wake_alerts(&mut self, now: Now) {
        if self.storage_down {
            return;
        }
        let (line, held) = (self.moment(now).line, self.is_held());
        for at in self.table.open() {
            let Some(alert) = self.alert_of(at) else { continue };
            let policy = self.policy(at);
            let remind = alert::remind_at(&alert, &policy).is_some_and(|at| at <= line);
            let escalated = escalate::is_due(&alert, &policy, held, line);
            let expires = alert.ack.and_then(|ack| ack.expires);
            if remind || escalated || expires.is_some_and(|expires| expires <= now.wall) {
                self.step(at, Input::Tick, now);
            }
        }
    }

    /// Marks checks whose results stay away: late, then UNKNOWN.
    pub(super) fn sweep_staleness(&mut self, now: Now) {
        if self.storage_down || now.steady.since(self.swept) < SWEEP {
            return;
        }
        // After a stop of the whole process (suspend, SIGSTOP) every check is owed a chance first.
        let paused = now.steady.since(self.swept) > SWEEP + Span::from_secs(20);
        self.swept = now.steady;
        if paused {
            self.resume(now.steady);
            return;
        }
        let mut overdue = Vec::new();
        for (at, slot) in self.table.iter() {
            let paused = slot.check.agent.as_ref().is_some_and(|name| self.agents.is_paused(name));
            // Of a run that a schedule missed its results tell; of an evaluation its rule does.
            let apart =
                super::speed::is_stand_in(&slot.check) || super::query_rules::is_alert(&slot.check);
            if slot.check.enabled && !paused && !apart {
                match attempts::freshness(&slot.check, slot.expected_since, now.steady) {
                    Freshness::Late if !slot.status.late => overdue.push((at, false)),
                    Freshness::Fresh | Freshness::Late => {}
                    Freshness::Stale => overdue.push((at, true)),
                }
            }
        }
        for (at, stale) in overdue {
            self.overdue(at, stale, now);
        }
    }

    fn resume(&mut self, now: Steady) {
        tracing::warn!("the engine was paused; every check gets its interval before it is late");
        let places: Vec<usize> = self.table.iter().map(|(at, _)| at).collect();
        for at in places {
            if let Some(slot) = self.table.get_mut(at) {
                slot.expected_since = now;
            }
        }
    }

    fn overdue(&mut self, at: usize, stale: bool, now: Now) {
        let before = self.status_of(at);
        if stale {
            // That nothing came is what there is to know.
            self.run_began(at, now.wall, now);
        }
        let Some(slot) = self.table.get(at) else { return };
        let attempts = slot.check.attempts;
        let age = now.steady.since(slot.expected_since);
        let expected = before.last_result.unwrap_or(now.wall - age);
        if stale && let Some(after) = self.without_value(at, &before, now) {
            if attempts::row_changed(&before, &after) {
                let absent = after.hard;
                self.touch(absent);
                if absent {
                    self.set_status(at, &after, attempts, now);
                } else {
                    self.batch.statuses.insert(at, after.clone());
                }
            }
            self.after_result(at, &before, &after, now);
            return;
        }
        let after = if stale {
            attempts::stale(&before, expected, attempts, now.wall)
        } else {
            attempts::late(&before)
        };
        if attempts::row_changed(&before, &after) {
            self.touch(stale);
            self.set_status(at, &after, attempts, now);
        }
        if stale {
            self.after_result(at, &before, &after, now);
        }
    }
}
