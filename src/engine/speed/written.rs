//! Schedules of the configuration: kept like the others, so that their history and their times go on
//! over a start, but changed in the file only.

use std::collections::HashSet;

use super::super::Inventory as Wanted;
use super::super::core::Core;
use super::SCHEDULES;
use super::vantage::stand_in_key;
use crate::model::{CheckKey, Name, Now, Plan, SafeText, Schedule, ScheduleId, TestPhase};

impl Core {
    /// Takes in which schedules the configuration has now: those that are new, changed or gone.
    pub(in crate::engine) fn adopt_schedules(&mut self, wanted: &Wanted, now: Now) {
        let source = wanted.source.as_deref().unwrap_or("the configuration");
        let mut written: HashSet<CheckKey> = HashSet::new();
        for plan in wanted.schedules.iter() {
            if let Some(key) = self.adopt_schedule(plan, source, now) {
                written.insert(key);
            }
        }
        let gone: Vec<Schedule> = self
            .speed
            .schedules
            .values()
            .map(|entry| &entry.schedule)
            .filter(|one| one.source.is_some() && !written.contains(&stand_in_key(one)))
            .cloned()
            .collect();
        for schedule in gone {
            self.drop_written(&schedule, now);
        }
    }

    /// One of them; gives its check when it counts.
    fn adopt_schedule(&mut self, plan: &Plan, source: &str, now: Now) -> Option<CheckKey> {
        // An agent that is not let in yet will be called as it is written.
        let vantage = self
            .vantage_named(plan.agent.as_deref())
            .unwrap_or_else(|_| Name::from(plan.agent.as_deref().unwrap_or_default()));
        let key = CheckKey::new(Name::clone(&vantage), plan.name.as_str());
        let known = self.speed.schedules.values().find(|one| stand_in_key(&one.schedule) == key);
        let known = known.map(|entry| entry.schedule.clone());
        let schedule = match known {
            Some(known) if known.source.is_none() => {
                tracing::warn!(
                    "the [[schedule]] `{key}` does not count: {} made one of that name; remove it, \
                     or give this one another name",
                    known.created_by
                );
                return None;
            }
            Some(known) if known.plan == *plan => return Some(key),
            Some(known) => Schedule { plan: plan.clone(), revision: known.revision + 1, ..known },
            None if self.speed.schedules.len() >= SCHEDULES => {
                tracing::warn!("the [[schedule]] `{key}` does not count: {SCHEDULES} are there");
                return None;
            }
            None => Schedule {
                id: ScheduleId::from_parts(now.wall.millis(), rand::random()),
                vantage,
                plan: plan.clone(),
                created_by: SafeText::line("the configuration"),
                created_at: now.wall,
                revision: 1,
                source: Some(SafeText::line(source)),
            },
        };
        let schedule = Schedule { source: Some(SafeText::line(source)), ..schedule };
        self.batch.schedules.push(schedule.clone());
        self.settle_schedule(schedule, now);
        Some(key)
    }

    /// One is not written any more: its results stay.
    fn drop_written(&mut self, schedule: &Schedule, now: Now) {
        let (id, name) = (schedule.id, SafeText::line(&schedule.plan.name));
        let why = format!("schedule {name} was taken out of the configuration");
        // Its check goes with whatever else is not wanted any more.
        self.cancel_waiting(id, &why, now);
        self.speed.schedules.remove(&id);
        self.batch.schedules_gone.push(id);
    }

    /// Takes back the tests of a schedule that wait.
    pub(super) fn cancel_waiting(&mut self, id: ScheduleId, why: &str, now: Now) {
        let waiting: Vec<_> = self
            .speed
            .open
            .values()
            .filter(|open| open.test.schedule == Some(id) && open.told.is_none())
            .map(|open| open.test.clone())
            .collect();
        for mut test in waiting {
            test.reason = SafeText::line(why);
            self.close_test(test, TestPhase::Cancelled, now);
        }
    }
}
