//! Schedules of tests: when each runs, how it went, what is usual; and the last results of the one
//! under the cursor.
//!
//! In: schedules and results as the engine lists them, news of tests. Out: rows, orders to run, to
//! rest and to remove.
//! Never: decides what is well or when something runs, or asks while the view is not shown.

mod act;
mod view;

use crate::model::{ScheduleId, Span, Steady, Test, TestPhase};
use crate::protocol::query::{Answer, Query};
use crate::protocol::{Event, Problem, ScheduleRow, TestFilter};
use crate::tui::app::{App, Pane};
use crate::tui::effect::{Effect, Reply};
use crate::tui::line::Pending;
use crate::tui::panes::needle::Needle;
use crate::tui::panes::speed::{self, words};
use crate::tui::views::View;
use crate::tui::widgets::Scroll;
pub use act::act;
pub use view::{preview, title, view};

/// Results that are listed of a schedule.
const PAST: u32 = 60;
/// Tests under way that are kept.
const OPEN: usize = 500;
/// How often the list is asked for again by itself, and at most when a test is news.
const STEP: Span = Span::from_secs(10);
const NEWS: Span = Span::from_secs(1);
/// What a question was about, in the lowest bit of its token.
const LIST: u64 = 0;
const RESULTS: u64 = 1;

/// The pane's own state.
#[derive(Debug, Default)]
pub struct State {
    /// All of them, by name.
    all: Vec<ScheduleRow>,
    /// Those that pass, what is news first, then by name.
    rows: Vec<ScheduleRow>,
    /// What the list is narrowed to.
    pub(super) needle: Needle,
    /// The schedule under the cursor: it belongs to the schedule, not to a line.
    under: Option<ScheduleId>,
    at: usize,
    scroll: Scroll,
    /// Tests of schedules that run or wait.
    open: Vec<Test>,
    /// The last results of a schedule.
    past: Option<(ScheduleId, Vec<Test>)>,
    past_of: Option<ScheduleId>,
    loaded: bool,
    looked: Option<Steady>,
    /// A test of a schedule is news since then.
    news: bool,
    tokens: [u64; 2],
    problem: Option<String>,
}

impl State {
    fn line(&self) -> usize {
        let same = |row: &ScheduleRow| Some(row.schedule.id) == self.under;
        let last = self.rows.len().saturating_sub(1);
        self.rows.iter().position(same).unwrap_or(self.at).min(last)
    }

    fn row(&self) -> Option<&ScheduleRow> {
        self.rows.get(self.line())
    }

    /// The test of a schedule that runs, else the one that waits.
    fn open(&self, id: ScheduleId) -> Option<&Test> {
        let mine = || self.open.iter().filter(|test| test.schedule == Some(id));
        mine().find(|test| test.phase == TestPhase::Running).or_else(|| mine().next())
    }

    fn note(&mut self, test: &Test) {
        if test.schedule.is_none() {
            return;
        }
        self.open.retain(|known| known.id != test.id);
        if !test.phase.is_over() {
            self.open.push(test.brief());
            let excess = self.open.len().saturating_sub(OPEN);
            self.open.drain(..excess);
        }
        self.news = true;
    }

    fn put(&mut self, rows: Vec<ScheduleRow>) {
        self.all = rows;
        self.sort();
    }

    fn sort(&mut self) {
        self.at = self.line();
        let passes = |row: &&ScheduleRow| {
            let plan = &row.schedule.plan;
            let target = plan.target.as_deref().unwrap_or(words::NEAREST);
            let state = row.last.as_deref().map_or("waiting", |test| words::state(test).0);
            let state = if plan.paused { "paused" } else { state };
            let kind = plan.test_type.word();
            self.needle.passes(&[&plan.name, &row.schedule.vantage, target, kind, state])
        };
        self.rows = self.all.iter().filter(passes).cloned().collect();
        // Stable: within one rank they stay in the order of their names.
        self.rows.sort_by_key(rank);
        self.at = self.line();
        // What is only hidden keeps the cursor.
        if !self.all.iter().any(|row| Some(row.schedule.id) == self.under) {
            self.under = self.row().map(|row| row.schedule.id);
        }
    }
}

/// What went wrong comes first, what rests last.
fn rank(row: &ScheduleRow) -> u8 {
    match row.last.as_deref() {
        _ if row.schedule.plan.paused => 4,
        Some(test) => match test.phase {
            TestPhase::Failed | TestPhase::Missed => 0,
            TestPhase::Done if !test.breaches.is_empty() => 1,
            _ => 2,
        },
        None => 3,
    }
}

/// The schedule under the cursor, where schedules are on screen.
#[must_use]
pub fn chosen(app: &App) -> Option<&ScheduleRow> {
    app.own.schedules.row().filter(|_| app.view == View::Schedules)
}

/// The schedules as they are known, also while another view is open; why not, when they are not.
#[must_use]
pub fn known(app: &App) -> (&[ScheduleRow], Option<&str>) {
    let own = &app.own.schedules;
    let why = own.problem.as_deref().or((!own.loaded).then_some("Asking the engine…"));
    (&own.all, why)
}

/// Puts the cursor on a schedule, which is shown whatever the list was narrowed to.
pub fn choose(app: &mut App, id: ScheduleId) {
    let own = &mut app.own.schedules;
    own.under = Some(id);
    if own.row().is_none_or(|row| row.schedule.id != id) {
        own.needle = Needle::default();
        own.sort();
        own.under = Some(id);
    }
}

/// The list is narrowed to something else.
pub fn narrowed(app: &mut App) {
    app.own.schedules.sort();
}

/// Goes to a schedule that was made or changed: the list is asked for again.
pub fn go_to(app: &mut App, row: &ScheduleRow) {
    let own = &mut app.own.schedules;
    match own.all.iter_mut().find(|known| known.schedule.id == row.schedule.id) {
        Some(known) => *known = row.clone(),
        None => own.all.push(row.clone()),
    }
    own.sort();
    choose(app, row.schedule.id);
    forget(app);
}

/// Takes in a test that was asked for here.
pub fn asked(app: &mut App, test: &Test) {
    app.own.schedules.note(test);
}

/// Notes news of a test.
pub fn sees(app: &mut App, event: &Event) {
    if let Event::Test(test) = event {
        app.own.schedules.note(test);
    }
}

/// The moment at which the list is asked for again.
#[must_use]
pub fn wake(app: &App) -> Option<Steady> {
    let own = &app.own.schedules;
    let looked = own
        .looked
        .filter(|_| matches!(app.view, View::Schedules | View::Calendar | View::Trend))?;
    Some(looked + if own.news { NEWS } else { STEP })
}

/// What is still to be asked for.
pub fn wants(app: &mut App) -> Vec<Effect> {
    // What runs at a vantage is said before a test is run there.
    let mut effects = speed::wants_list(app);
    if !app.world.is_ready() {
        return effects;
    }
    let now = app.now.steady;
    let own = &mut app.own.schedules;
    let due = own.looked.is_none_or(|at| now >= at + if own.news { NEWS } else { STEP });
    if due {
        (own.looked, own.news) = (Some(now), false);
        effects.push(ask(app, LIST, Query::Schedules));
    }
    let wish = app.own.schedules.row().map(|row| row.schedule.id);
    if wish.is_some() && (due || wish != app.own.schedules.past_of) {
        app.own.schedules.past_of = wish;
        let filter = TestFilter { schedule: wish, ..TestFilter::default() };
        effects.push(ask(app, RESULTS, Query::Tests { filter, limit: PAST }));
    }
    effects
}

fn ask(app: &mut App, what: u64, query: Query) -> Effect {
    let mut token = what;
    if let Some(last) = app.own.schedules.tokens.get_mut(usize::from(what == RESULTS)) {
        *last += 2;
        token |= *last;
    }
    let id = app.ask(Pending::Pane(Pane::ScheduleList, token));
    Effect::Query { id, query }
}

/// The view opens: everything is asked for anew.
pub fn forget(app: &mut App) {
    (app.own.schedules.looked, app.own.schedules.past_of) = (None, None);
}

/// Takes an answer.
pub fn reply(app: &mut App, token: u64, result: Result<Reply, Problem>) {
    let own = &mut app.own.schedules;
    let is_past = token & 1 == RESULTS;
    if own.tokens.get(usize::from(is_past)).copied() != Some(token & !1) {
        return;
    }
    match result {
        Ok(Reply::Answer(Answer::Schedules(rows))) => {
            own.put(rows);
            (own.loaded, own.problem) = (true, None);
        }
        Ok(Reply::Answer(Answer::Tests(tests))) => {
            own.past = own.past_of.map(|id| (id, tests));
        }
        // Without its past a schedule is shown all the same.
        _ if is_past => {}
        Ok(_) => own.problem = Some("the engine answered something else".to_owned()),
        Err(problem) => own.problem = Some(problem.to_string()),
    }
}
