//! The playing of a calendar, beside the loop: many schedules that stand in each other's way take a
//! while.
//!
//! In: schedules and targets. Out: their runs. Never: knows how they are shown.

use tokio::sync::mpsc::Sender;
use tokio::task::JoinSet;

use crate::model::{NamedTarget, SafeText, Schedule, ScheduleId, Span, Timestamp};
use crate::rules::calendar::{Planned, Slot, calendar};
use crate::rules::slots::Takes;
use crate::tui::msg::Msg;

/// The day that is played.
const DAY: Span = Span::from_secs(86_400);

/// What a calendar is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Play {
    /// Its first hour.
    pub from: Timestamp,
    /// The schedules.
    pub schedules: Vec<Schedule>,
    /// The configured targets.
    pub targets: Vec<NamedTarget>,
}

/// A schedule that has runs in a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planning {
    /// Which.
    pub id: ScheduleId,
    /// What it is called.
    pub name: SafeText,
    /// What each of its runs takes.
    pub takes: Takes,
}

/// A calendar.
#[derive(Clone, Debug, PartialEq)]
pub struct Played {
    /// What it was made of.
    pub play: Play,
    /// Its schedules.
    pub plans: Vec<Planning>,
    /// Their runs.
    pub slots: Vec<Slot>,
}

impl Play {
    /// Plays it.
    #[must_use]
    pub fn run(self) -> Played {
        let of = |schedule: &Schedule| {
            let planned = Planned::of(schedule, &self.targets)?;
            let name = SafeText::line(&schedule.plan.name);
            let planning = Planning { id: schedule.id, name, takes: planned.takes.clone() };
            Some((planned, planning))
        };
        let (planned, plans): (Vec<Planned>, Vec<Planning>) =
            self.schedules.iter().filter_map(of).unzip();
        let slots = calendar(&planned, self.from, self.from + DAY);
        Played { play: self, plans, slots }
    }

    /// Has it played on another thread; the calendar is told.
    pub fn begin(self, tasks: &mut JoinSet<()>, told: &Sender<Msg>) {
        let told = told.clone();
        tasks.spawn(async move {
            if let Ok(played) = tokio::task::spawn_blocking(move || self.run()).await {
                let _ = told.send(Msg::Played(Box::new(played))).await;
            }
        });
    }
}
