//! Schedules: made, changed, removed, run now; and what their results mean.

use serde_json::json;

use super::super::core::Core;
use super::{SCHEDULES, Scheduled, due};
use crate::model::breach::TestLimits;
use crate::model::id::valid_name;
use crate::model::{
    Baselines, Breach, Now, Plan, Role, SafeText, Schedule, ScheduleId, Test, TestPhase, Timestamp,
};
use crate::protocol::{Actor, Outcome, Problem, Request, ScheduleRow};
use crate::rules::breach;

/// Runs of which it is known whether they broke a limit.
const RECENT: usize = 20;

impl Core {
    /// Makes a schedule.
    ///
    /// # Errors
    /// `Invalid` naming the field, `Conflict` for a name that is taken.
    pub(in crate::engine) fn add_schedule(
        &mut self,
        request: &Request,
        plan: &Plan,
    ) -> Result<Outcome, Problem> {
        if self.speed.schedules.len() >= SCHEDULES {
            return Err(Problem::conflict(format!(
                "there are {SCHEDULES} schedules already; remove one first"
            )));
        }
        let now = self.clock.now();
        let schedule = Schedule {
            id: ScheduleId::from_parts(now.wall.millis(), rand::random()),
            vantage: self.vantage_named(plan.agent.as_deref())?,
            plan: plan.clone(),
            created_by: request.actor.name(),
            created_at: now.wall,
            revision: 1,
            source: None,
        };
        self.may_be_scheduled(&schedule)?;
        self.before.change = Some(json!({ "before": null, "after": schedule }));
        Ok(self.put_schedule(schedule, now))
    }

    /// Changes a schedule.
    ///
    /// # Errors
    /// As [`Self::add_schedule`]; `Forbidden` for an Operator who did not make it.
    pub(in crate::engine) fn edit_schedule(
        &mut self,
        request: &Request,
        id: ScheduleId,
        plan: &Plan,
    ) -> Result<Outcome, Problem> {
        let known = self.own_schedule(&request.actor, id)?;
        let now = self.clock.now();
        let schedule = Schedule {
            vantage: self.vantage_named(plan.agent.as_deref())?,
            plan: plan.clone(),
            revision: known.revision + 1,
            ..known.clone()
        };
        self.may_be_scheduled(&schedule)?;
        self.before.change = Some(json!({ "before": known, "after": schedule }));
        let (before, after) =
            (super::vantage::stand_in_key(&known), super::vantage::stand_in_key(&schedule));
        if before != after {
            self.take_stand_in(&known, &format!("its schedule is `{}` now", plan.name), now);
        }
        Ok(self.put_schedule(schedule, now))
    }

    /// Removes a schedule; its results stay.
    ///
    /// # Errors
    /// `NotFound`; `Forbidden` for an Operator who did not make it (SPEC D-10).
    pub(in crate::engine) fn remove_schedule(
        &mut self,
        request: &Request,
        id: ScheduleId,
    ) -> Result<Outcome, Problem> {
        let known = self.own_schedule(&request.actor, id)?;
        let now = self.clock.now();
        self.before.change = Some(json!({ "before": known, "after": null }));
        let who = request.actor.name();
        let why = format!("schedule {} was removed by {who}", SafeText::line(&known.plan.name));
        self.take_stand_in(&known, &why, now);
        self.cancel_waiting(id, &why, now);
        self.batch.schedules_gone.push(id);
        Ok(Outcome::done(1))
    }

    /// Runs a schedule's test besides its times.
    ///
    /// # Errors
    /// `NotFound`.
    pub(in crate::engine) fn run_schedule(
        &mut self,
        request: &Request,
        id: ScheduleId,
    ) -> Result<Outcome, Problem> {
        let Some(entry) = self.speed.schedules.get(&id) else { return Err(unknown(id)) };
        let schedule = entry.schedule.clone();
        let spec = schedule.plan.spec().map_err(Problem::invalid)?;
        let (now, who) = (self.clock.now(), request.actor.name());
        let test = self.new_test(schedule.vantage, spec, Some(id), who, now)?;
        self.within_caps(&test, now.wall)?;
        self.note_test(&test);
        Ok(Outcome::Test(Box::new(test)))
    }

    /// A schedule that the actor may change.
    fn own_schedule(&self, actor: &Actor, id: ScheduleId) -> Result<Schedule, Problem> {
        let Some(entry) = self.speed.schedules.get(&id) else { return Err(unknown(id)) };
        let schedule = &entry.schedule;
        if let Some(source) = &schedule.source {
            return Err(Problem::conflict(format!(
                "schedule `{}` stands in {source}: change it there and read the configuration again",
                SafeText::line(&schedule.plan.name)
            )));
        }
        if !actor.is_at_least(Role::Admin) && schedule.created_by != actor.name() {
            return Err(Problem::forbidden(format!(
                "schedule `{}` was made by {}; only they and Admins change or remove it",
                SafeText::line(&schedule.plan.name),
                schedule.created_by
            )));
        }
        Ok(schedule.clone())
    }

    fn may_be_scheduled(&self, schedule: &Schedule) -> Result<(), Problem> {
        let plan = &schedule.plan;
        plan.check().map_err(Problem::invalid)?;
        due::check(plan).map_err(Problem::invalid)?;
        self.may_be_aimed(&plan.spec().map_err(Problem::invalid)?)?;
        if let Some(list) = &plan.notify_contact_list {
            valid_name(list)
                .map_err(|why| Problem::invalid(format!("`notify_contact_list`: {why}")))?;
        }
        let key = super::vantage::stand_in_key(schedule);
        let same = |entry: &&Scheduled| {
            entry.schedule.id != schedule.id && super::vantage::stand_in_key(&entry.schedule) == key
        };
        let own = self.speed.schedules.get(&schedule.id);
        let own = own.is_some_and(|entry| super::vantage::stand_in_key(&entry.schedule) == key);
        if self.speed.schedules.values().find(same).is_some()
            || (!own && self.table.place(&key).is_some())
        {
            return Err(Problem::conflict(format!(
                "`name`: `{key}` is there already; give the schedule another name"
            )));
        }
        Ok(())
    }

    fn put_schedule(&mut self, schedule: Schedule, now: Now) -> Outcome {
        self.bring_stand_in(&schedule);
        self.touch(true);
        let row = self.schedule_row(&self.scheduled(schedule.clone(), now.wall));
        self.batch.schedules.push(schedule);
        Outcome::Schedule(Box::new(row))
    }

    /// A schedule with when it is due.
    pub(super) fn scheduled(&self, schedule: Schedule, wall: Timestamp) -> Scheduled {
        let next = due::next(schedule.id, &schedule.plan, wall);
        let known = self.speed.schedules.get(&schedule.id);
        let went = known.and_then(|entry| entry.aim.as_ref()).map(|aim| aim.as_str().to_owned());
        let aim = schedule.plan.target.clone().or(went);
        Scheduled {
            next,
            looked: wall,
            missed: known.and_then(|entry| entry.missed.clone()),
            unheard: known.map_or(0, |entry| entry.unheard),
            last: known.and_then(|entry| entry.last.clone()),
            recent: known.map(|entry| entry.recent.clone()).unwrap_or_default(),
            baselines: known.map(|entry| entry.baselines).unwrap_or_default(),
            calculated: None,
            aim: aim.map(|target| SafeText::line(&target)),
            schedule,
        }
    }

    pub(super) fn settle_schedule(&mut self, schedule: Schedule, now: Now) {
        let entry = self.scheduled(schedule, now.wall);
        self.speed.schedules.insert(entry.schedule.id, entry);
    }

    /// How a schedule stands.
    pub(super) fn schedule_row(&self, entry: &Scheduled) -> ScheduleRow {
        let plan = &entry.schedule.plan;
        let list = plan.notify_contact_list.as_deref();
        let unknown = list.filter(|list| !self.routes.borrow().lists.contains_key(*list));
        let unknown = unknown
            .map(|list| format!("there is no contact list `{list}`: the default one is told"));
        let notes: Vec<String> = breach::unreliable(plan).into_iter().chain(unknown).collect();
        let note = notes.join("; ");
        ScheduleRow {
            schedule: entry.schedule.clone(),
            next: entry.next,
            last: entry.last.clone(),
            missed: entry.missed.clone(),
            baselines: entry.baselines,
            note: SafeText::line(&note),
        }
    }

    /// The limits that a test broke.
    pub(super) fn breaches_of(&self, test: &Test) -> Vec<Breach> {
        let entry = test.schedule.and_then(|id| self.speed.schedules.get(&id));
        let (limits, baselines) = entry.map_or_else(
            || (TestLimits::default(), Baselines::default()),
            |entry| {
                // What is usual of one target says nothing of another.
                let same = entry.aim.as_ref() == Some(&test.target);
                let baselines = if same { entry.baselines } else { Baselines::default() };
                (entry.schedule.plan.thresholds, baselines)
            },
        );
        breach::breaches(&limits, &test.figures, &baselines)
    }

    /// Lets the schedule of a test know of its end.
    ///
    /// `missed` is how many runs were missed with it.
    pub(super) fn after_test(&mut self, test: &Test, missed: u64, now: Now) {
        let Some(id) = test.schedule else { return };
        if test.phase == TestPhase::Missed {
            self.note_missed(id, test, missed);
        }
        let Some(entry) = self.speed.schedules.get_mut(&id) else { return };
        entry.last = Some(Box::new(test.brief()));
        let mut unheard = 0;
        if test.phase == TestPhase::Done {
            if entry.aim.as_ref() != Some(&test.target) {
                entry.aim = Some(test.target.clone());
                (entry.baselines, entry.calculated) = (Baselines::default(), None);
            }
            unheard = std::mem::take(&mut entry.unheard);
            let other_way = entry.schedule.plan.alert_on_path_change && test.path_change.is_some();
            entry.recent.push(test.is_bad() || other_way);
            let excess = entry.recent.len().saturating_sub(RECENT);
            entry.recent.drain(..excess);
            let soon = entry.schedule.plan.retest_seconds.map(crate::model::Span::from_secs);
            if let Some(soon) = soon.filter(|_| test.is_bad()) {
                let at = now.wall + soon;
                entry.next = entry.next.map(|next| next.min(at));
            }
        }
        self.tell_stand_in(id, test, unheard.max(missed), now);
    }
}

fn unknown(id: ScheduleId) -> Problem {
    Problem::not_found(format!("there is no schedule {id}"))
}
