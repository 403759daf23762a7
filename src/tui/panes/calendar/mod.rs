//! The slot calendar: when the scheduled speedtests of the coming day run, by target, agent or link;
//! what waits for what, and what has no room.
//!
//! In: schedules and targets as the engine lists them, played forward by the rules of its own queue.
//! Out: hours of lanes, and the runs of one of them.
//! Never: knows what people ask for meanwhile, or plays the same calendar twice.

pub mod play;
mod view;

use std::collections::BTreeMap;

use crate::model::{SafeText, ScheduleId, Span, Timestamp};
use crate::rules::calendar::{RUNS, Slot};
use crate::rules::slots::Takes;
use crate::tui::action::Action;
use crate::tui::app::{App, Pane};
use crate::tui::effect::Effect;
use crate::tui::panes::needle::Needle;
use crate::tui::panes::{schedules, speed};
use crate::tui::triage::schedule_form;
use crate::tui::views::View;
use crate::tui::widgets::{Scroll, cursor};
use play::{Planning, Play, Played};
pub use view::{preview, title, view};

/// Hours that are shown.
const HOURS: usize = 24;
const HOUR: Span = Span::from_secs(3600);

/// What a lane is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum By {
    #[default]
    Target,
    Agent,
    Link,
}

impl By {
    const fn word(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::Agent => "agent",
            Self::Link => "link",
        }
    }

    /// The lane of a run; one without a link is in none of those.
    fn key(self, takes: &Takes) -> Option<SafeText> {
        match self {
            Self::Target => Some(takes.target.clone()),
            Self::Agent => Some(SafeText::line(&takes.agent)),
            Self::Link => takes.link.clone(),
        }
    }
}

/// A lane with what its hours are like.
#[derive(Clone, Debug)]
struct Lane {
    key: SafeText,
    /// What it is called: of a target the name that it was given.
    name: SafeText,
    /// Runs that begin, that wait, that have no room: of each hour.
    hours: [[usize; 3]; HOURS],
}

impl Lane {
    fn sum(&self, at: usize) -> usize {
        self.hours.iter().filter_map(|hour| hour.get(at)).sum()
    }
}

/// The pane's own state.
#[derive(Debug, Default)]
pub struct State {
    by: By,
    /// What the lanes are narrowed to.
    pub(super) needle: Needle,
    /// What it is of.
    made: Option<Play>,
    /// What is being played.
    playing: Option<Play>,
    plans: BTreeMap<ScheduleId, Planning>,
    slots: Vec<Slot>,
    lanes: Vec<Lane>,
    /// The lane under the cursor: it belongs to the lane, not to a line.
    under: Option<SafeText>,
    at: usize,
    hour: usize,
    /// The run under the cursor, of those of the hour.
    run: usize,
    scroll: Scroll,
    across: Scroll,
    down: Scroll,
}

impl State {
    fn line(&self) -> usize {
        let same = |lane: &Lane| Some(&lane.key) == self.under.as_ref();
        let last = self.lanes.len().saturating_sub(1);
        self.lanes.iter().position(same).unwrap_or(self.at).min(last)
    }

    fn lane(&self) -> Option<&Lane> {
        self.lanes.get(self.line())
    }

    /// What a place is called.
    fn called(&self, place: &SafeText) -> SafeText {
        let targets = self.made.as_ref().map_or(&[][..], |play| &play.targets);
        let named = targets.iter().find(|one| SafeText::line(&one.target.place) == *place);
        named.map_or_else(|| place.clone(), |one| SafeText::line(&one.name))
    }

    fn from(&self) -> Timestamp {
        self.made.as_ref().map_or(Timestamp::from_millis(0), |play| play.from)
    }

    /// The hour of a moment.
    fn hour_of(&self, at: Timestamp) -> usize {
        let hour = at.since(self.from()).millis() / HOUR.millis();
        usize::try_from(hour).unwrap_or(HOURS).min(HOURS - 1)
    }

    /// When a run begins; of one without room, when it is due.
    fn begins(slot: &Slot) -> Timestamp {
        slot.runs.map_or(slot.due, |(start, _)| start)
    }

    fn is_in(&self, slot: &Slot, key: &SafeText) -> bool {
        let takes = self.plans.get(&slot.schedule).map(|plan| &plan.takes);
        takes.and_then(|takes| self.by.key(takes)).as_ref() == Some(key)
    }

    /// The runs of the hour under the cursor: those that are due or begin in it.
    fn runs(&self) -> Vec<&Slot> {
        let Some(lane) = self.lane() else { return Vec::new() };
        let here = |at| self.hour_of(at) == self.hour;
        let mut runs: Vec<&Slot> = self
            .slots
            .iter()
            .filter(|slot| self.is_in(slot, &lane.key))
            .filter(|slot| here(slot.due) || here(Self::begins(slot)))
            .collect();
        runs.sort_by_key(|slot| (Self::begins(slot), slot.due));
        runs
    }

    /// What a run that waits, or that has no room, waits for: the last run before it that takes the
    /// same.
    fn waits_for(&self, slot: &Slot) -> Option<&SafeText> {
        let mine = &self.plans.get(&slot.schedule)?.takes;
        let until = slot.runs.map(|(start, _)| start);
        let shares = |other: &&Slot| {
            let takes = self.plans.get(&other.schedule).map(|plan| &plan.takes);
            takes.is_some_and(|takes| {
                takes.agent == mine.agent
                    || takes.target == mine.target
                    || (takes.link.is_some() && takes.link == mine.link)
            })
        };
        let in_the_way = |other: &&Slot| {
            other.runs.is_some_and(|(start, end)| {
                end > slot.due && until.map_or(start <= slot.due, |until| end <= until)
            })
        };
        let before = self.slots.iter().filter(|other| *other != slot);
        let last = before.filter(in_the_way).filter(shares).max_by_key(|other| other.runs);
        last.and_then(|other| self.plans.get(&other.schedule)).map(|plan| &plan.name)
    }

    /// Takes a calendar in.
    fn put(&mut self, played: Played) {
        (self.made, self.slots) = (Some(played.play), played.slots);
        self.plans = played.plans.into_iter().map(|plan| (plan.id, plan)).collect();
        self.sort();
    }

    /// Puts the runs into lanes, what has no room first.
    fn sort(&mut self) {
        let mut lanes: BTreeMap<SafeText, Lane> = BTreeMap::new();
        for plan in self.plans.values() {
            let Some(key) = self.by.key(&plan.takes) else { continue };
            let name = if self.by == By::Target { self.called(&key) } else { key.clone() };
            lanes.entry(key.clone()).or_insert(Lane { key, name, hours: [[0; 3]; HOURS] });
        }
        for slot in &self.slots {
            let takes = self.plans.get(&slot.schedule).map(|plan| &plan.takes);
            let lane = takes.and_then(|takes| self.by.key(takes));
            let Some(lane) = lane.and_then(|key| lanes.get_mut(&key)) else { continue };
            let which = match slot.runs {
                Some((start, _)) if start > slot.due => 1,
                Some(_) => 0,
                None => 2,
            };
            let hour = self.hour_of(Self::begins(slot));
            let count = lane.hours.get_mut(hour).and_then(|hour| hour.get_mut(which));
            *count.unwrap_or(&mut 0) += 1;
        }
        let at = self.line();
        // What is only hidden keeps the cursor.
        let stays = self.under.as_ref().is_some_and(|key| lanes.contains_key(key));
        let passes = |lane: &Lane| self.needle.passes(&[lane.name.as_str(), lane.key.as_str()]);
        self.lanes = lanes.into_values().filter(passes).collect();
        // Stable: within one rank they stay in the order of their names.
        self.lanes.sort_by_key(|lane| match (lane.sum(2), lane.sum(1)) {
            (0, 0) => 2,
            (0, _) => 1,
            _ => 0,
        });
        self.at = at.min(self.lanes.len().saturating_sub(1));
        if !stays {
            self.under = self.lane().map(|lane| lane.key.clone());
        }
    }

    /// True when not all runs of the day are in it.
    const fn is_cut(&self) -> bool {
        self.slots.len() >= RUNS
    }
}

/// The lanes are narrowed to something else.
pub fn narrowed(app: &mut App) {
    app.own.calendar.sort();
}

/// True when Enter leads somewhere.
#[must_use]
pub fn opens(app: &App) -> bool {
    app.focus == Pane::CalendarRuns && chosen(app).is_some() || !app.own.calendar.runs().is_empty()
}

/// The schedule of the run under the cursor, where the calendar is on screen.
#[must_use]
pub fn schedule(app: &App) -> Option<ScheduleId> {
    if app.view == View::Calendar { chosen(app) } else { None }
}

fn chosen(app: &App) -> Option<ScheduleId> {
    let own = &app.own.calendar;
    let runs = own.runs();
    runs.get(own.run.min(runs.len().checked_sub(1)?)).map(|slot| slot.schedule)
}

/// Runs an action that means something special here.
pub fn act(app: &mut App, pane: Pane, action: Action) -> Option<Vec<Effect>> {
    let page = crate::tui::act::page(app);
    let own = &mut app.own.calendar;
    if let Some(by) = cursor::step(action, page) {
        if pane == Pane::CalendarRuns {
            own.run = cursor::moved(own.run, own.runs().len(), by);
        } else {
            own.at = cursor::moved(own.line(), own.lanes.len(), by);
            own.under = own.lanes.get(own.at).map(|lane| lane.key.clone());
            own.run = 0;
        }
        return Some(Vec::new());
    }
    match action {
        Action::Left | Action::Right => {
            let by = if action == Action::Right { 1 } else { -1 };
            own.hour = cursor::moved(own.hour, HOURS, by);
            own.run = 0;
        }
        Action::GroupBy => {
            let links = own.plans.values().any(|plan| plan.takes.link.is_some());
            own.by = match own.by {
                By::Target => By::Agent,
                By::Agent if links => By::Link,
                By::Agent | By::Link => By::Target,
            };
            (own.under, own.at, own.run) = (None, 0, 0);
            own.sort();
        }
        Action::Open if pane == Pane::Calendar => {
            if !own.runs().is_empty() {
                (app.focus, app.zoom) = (Pane::CalendarRuns, false);
            }
        }
        Action::Open => {
            let id = chosen(app)?;
            app.show(View::Schedules);
            schedules::choose(app, id);
        }
        Action::Back if pane == Pane::CalendarRuns && !app.zoom => app.focus = Pane::Calendar,
        Action::Fetch => schedules::forget(app),
        Action::TestForm => schedule_form::open(app, None),
        _ => return None,
    }
    Some(Vec::new())
}

/// A calendar was played; one that is no longer wanted is dropped.
pub fn played(app: &mut App, played: Played) {
    let own = &mut app.own.calendar;
    if own.playing.as_ref() == Some(&played.play) {
        own.playing = None;
        own.put(played);
    }
}

/// True while the first calendar is being played.
fn is_coming(app: &App) -> bool {
    app.own.calendar.made.is_none() && app.own.calendar.playing.is_some()
}

/// What is still to be asked for; and has the calendar played again when something of it is another.
pub fn wants(app: &mut App) -> Vec<Effect> {
    let mut effects = schedules::wants(app);
    let (rows, why) = schedules::known(app);
    let minute = u64::from(app.options.zone.minute(app.wall()) % 60);
    let second = u64::try_from(app.wall().millis().rem_euclid(60_000)).unwrap_or(0);
    // Whole hours of the clocks on screen.
    let from = app.wall() - Span::from_millis(minute * 60_000 + second);
    let schedules = rows.iter().map(|row| row.schedule.clone()).collect();
    let play = Play { from, schedules, targets: speed::nodes(app).targets.clone() };
    // While one is played, that it is of something older is found when it is there.
    let idle = app.own.calendar.playing.is_none();
    if why.is_none() && idle && app.own.calendar.made.as_ref() != Some(&play) {
        app.own.calendar.playing = Some(play.clone());
        effects.push(Effect::Play(Box::new(play)));
    }
    effects
}
