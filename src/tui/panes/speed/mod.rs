//! Speedtests: every vantage and target with its last test, and the one under the cursor, live
//! while it runs.
//!
//! In: tests and vantages as the engine lists them, news of tests. Out: rows, a result, orders to
//! run and to cancel.
//! Never: decides what is well, or asks while the view is not shown.

mod list;
mod result;
mod run;
pub mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{Name, SafeText, Span, Steady, Test, TestId, TestKind, TestPhase};
use crate::protocol::query::{Answer, Query};
use crate::protocol::{Event, Nodes, Problem, TestFilter};
use crate::tui::action::Action;
use crate::tui::app::{App, Pane};
use crate::tui::effect::{Effect, Reply};
use crate::tui::line::Pending;
use crate::tui::panes::needle::Needle;
use crate::tui::views::View;
use crate::tui::widgets::{Scroll, Surface, cursor};
pub use list::{preview, said};
pub use run::{Facts, facts, open as open_line};

/// Tests that are asked for, and most that are kept.
const LIMIT: u32 = 500;
const KEPT: usize = 600;
/// How often the list is asked for again; what happens in between is told.
const STEP: Span = Span::from_secs(10);
/// How often a running test is asked for.
const LIVE: Span = Span::from_secs(1);
/// Most pairs that are listed without a test of theirs.
const UNTRIED: usize = 200;
/// What a question was about, in the lowest bits of its token.
const LIST: u64 = 0;
const NODES: u64 = 1;
const TEST: u64 = 2;

/// A vantage and what it tests, as it was written.
pub type Pair = (Name, String);

/// The pane's own state.
#[derive(Debug, Default)]
pub struct State {
    /// The newest first.
    tests: Vec<Test>,
    nodes: Nodes,
    /// The pair under the cursor: it belongs to the pair, not to a line.
    under: Option<Pair>,
    at: usize,
    scroll: Scroll,
    /// What the list is narrowed to.
    pub(super) needle: Needle,
    /// The test under the cursor with everything it measured.
    whole: Option<Box<Test>>,
    /// What it was asked for: which, how far it was, and when.
    wish: Option<(TestId, TestPhase, Steady)>,
    /// Why it could not be had.
    whole_problem: Option<String>,
    loaded: bool,
    looked: Option<Steady>,
    tokens: [u64; 3],
    problem: Option<String>,
    /// A pair whose test was refused, and why.
    refused: Option<(Pair, String)>,
}

/// A vantage and a target.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// The vantage.
    pub agent: Name,
    /// The target as it was written; nothing for the nearest of all.
    pub target: String,
    /// The test that runs or waits.
    pub now: Option<&'a Test>,
    /// The last that is over.
    pub last: Option<&'a Test>,
    /// The last that measured.
    pub measured: Option<&'a Test>,
}

impl<'a> Row<'a> {
    const fn of(agent: Name, target: String) -> Self {
        Self { agent, target, now: None, last: None, measured: None }
    }

    /// The test that the row is about.
    #[must_use]
    pub fn test(&self) -> Option<&'a Test> {
        self.now.or(self.last)
    }

    /// Which it is.
    #[must_use]
    pub fn pair(&self) -> Pair {
        (Name::clone(&self.agent), self.target.clone())
    }

    /// Takes a test in, the newest first.
    fn take(&mut self, test: &'a Test) {
        if !test.phase.is_over() {
            let runs = test.phase == TestPhase::Running;
            if runs || self.now.is_none_or(|now| now.phase != TestPhase::Running) {
                self.now = Some(test);
            }
            return;
        }
        self.last = self.last.or(Some(test));
        if test.phase == TestPhase::Done {
            self.measured = self.measured.or(Some(test));
        }
    }

    /// What is news comes first.
    fn rank(&self) -> u8 {
        match self.test() {
            Some(test) => match test.phase {
                TestPhase::Running => 0,
                TestPhase::Queued => 1,
                TestPhase::Failed | TestPhase::Missed => 2,
                TestPhase::Done if !test.breaches.is_empty() => 3,
                TestPhase::Done | TestPhase::Cancelled => 4,
            },
            None => 5,
        }
    }
}

impl State {
    /// The pairs, what is news first.
    fn rows(&self) -> Vec<Row<'_>> {
        let mut all: BTreeMap<Pair, Row<'_>> = BTreeMap::new();
        for test in self.tests.iter().filter(|test| test.spec.kind() == TestKind::Speedtest) {
            let pair = (Name::clone(&test.agent), test.spec.target());
            let row = all.entry(pair.clone()).or_insert_with(|| Row::of(pair.0, pair.1));
            row.take(test);
        }
        let untried = self.nodes.nodes.iter().flat_map(|node| {
            self.nodes.targets.iter().map(|target| (Name::clone(&node.name), target.name.clone()))
        });
        for pair in untried.take(UNTRIED) {
            all.entry(pair.clone()).or_insert_with(|| Row::of(pair.0, pair.1));
        }
        let passes = |row: &Row<'_>| {
            let state = row.test().map_or("never", |test| words::state(test).0);
            let target = if row.target.is_empty() { words::NEAREST } else { &row.target };
            self.needle.passes(&[&row.agent, target, state])
        };
        let mut rows: Vec<Row<'_>> = all.into_values().filter(passes).collect();
        // Stable: within one rank they stay in the order of their names.
        rows.sort_by_key(Row::rank);
        rows
    }

    fn line(&self, rows: &[Row<'_>]) -> usize {
        let same = |row: &Row<'_>| {
            self.under
                .as_ref()
                .is_some_and(|(agent, target)| row.agent == *agent && row.target == *target)
        };
        rows.iter().position(same).unwrap_or(self.at).min(rows.len().saturating_sub(1))
    }

    fn row(&self) -> Option<Row<'_>> {
        let mut rows = self.rows();
        let at = self.line(&rows);
        (at < rows.len()).then(|| rows.swap_remove(at))
    }

    fn merge(&mut self, test: &Test) {
        merge(&mut self.tests, test, KEPT);
    }
}

/// Takes into tests, the newest first, how one is now; what is over does not go on again.
pub(super) fn merge(tests: &mut Vec<Test>, test: &Test, most: usize) {
    if let Some(known) = tests.iter_mut().find(|known| known.id == test.id) {
        if !known.phase.is_over() || test.phase.is_over() {
            *known = test.brief();
        }
        return;
    }
    let newer = |known: &Test| known.asked_at <= test.asked_at;
    let at = tests.iter().position(newer).unwrap_or(tests.len());
    tests.insert(at, test.brief());
    tests.truncate(most);
}

/// The row under the cursor, where speedtests are on screen.
#[must_use]
pub fn chosen(app: &App) -> Option<Row<'_>> {
    if app.view == View::Speed { app.own.speed.row() } else { None }
}

/// The test of that row that runs or waits.
#[must_use]
pub fn open_test(app: &App) -> Option<&Test> {
    chosen(app)?.now
}

/// The vantages and targets, as far as they are known.
#[must_use]
pub const fn nodes(app: &App) -> &Nodes {
    &app.own.speed.nodes
}

/// Names of vantages and of targets, for forms.
#[must_use]
pub fn names(app: &App) -> (Vec<String>, Vec<String>) {
    let nodes = nodes(app);
    let agents: Vec<String> = nodes.nodes.iter().map(|node| node.name.to_string()).collect();
    let mut targets: Vec<String> = nodes.targets.iter().map(|one| one.name.clone()).collect();
    for test in &app.own.speed.tests {
        let target = test.spec.target();
        if !target.is_empty() && !targets.contains(&target) && targets.len() < UNTRIED {
            targets.push(target);
        }
    }
    (agents, targets)
}

/// Name, counts and position.
#[must_use]
pub fn title(app: &App, pane: Pane) -> (String, String) {
    if pane == Pane::SpeedResult { result::title(app) } else { list::title(app) }
}

/// Draws one of the panes.
pub fn view(app: &App, pane: Pane, surface: &mut Surface<'_>) {
    if pane == Pane::SpeedResult { result::view(app, surface) } else { list::view(app, surface) }
}

/// Runs an action that means something special here.
pub fn act(app: &mut App, pane: Pane, action: Action) -> Option<Vec<Effect>> {
    if let Some(by) = cursor::step(action, crate::tui::act::page(app)) {
        let own = &app.own.speed;
        let rows = own.rows();
        let at = cursor::moved(own.line(&rows), rows.len(), by);
        let under = rows.get(at).map(Row::pair);
        (app.own.speed.at, app.own.speed.under) = (at, under);
        return Some(Vec::new());
    }
    match action {
        Action::Open if pane == Pane::SpeedList => {
            chosen(app)?;
            (app.focus, app.zoom) = (Pane::SpeedResult, false);
        }
        Action::Back if pane == Pane::SpeedResult && !app.zoom => app.focus = Pane::SpeedList,
        Action::Fetch => forget(app),
        Action::RunTest => run::ask(app),
        Action::TestForm => crate::tui::triage::test_form::open_test(app),
        Action::CancelTest => return Some(run::cancel(app)),
        // What runs is nearer than the way out.
        Action::Interrupt
            if open_test(app).is_some() && app.refusal(Action::CancelTest).is_none() =>
        {
            return Some(run::cancel(app));
        }
        _ => return None,
    }
    Some(Vec::new())
}

/// Notes news of a test.
pub fn sees(app: &mut App, event: &Event) {
    let Event::Test(test) = event else { return };
    let test: Arc<Test> = Arc::clone(test);
    if test.spec.kind() == TestKind::Speedtest {
        app.own.speed.merge(&test);
    }
}

/// Takes in a test that was asked for here: the cursor goes to it.
pub fn asked(app: &mut App, test: &Test) {
    let own = &mut app.own.speed;
    own.refused = None;
    if test.spec.kind() == TestKind::Speedtest {
        own.under = Some((Name::clone(&test.agent), test.spec.target()));
        own.merge(test);
    }
}

/// Takes in how a test is now.
pub fn changed(app: &mut App, test: &Test) {
    app.own.speed.merge(test);
}

/// Notes why a test was not run.
pub fn refused(app: &mut App, pair: Pair, why: String) {
    app.own.speed.refused = Some((pair, why));
}

/// The moment at which something is asked for again, or a running test is further on.
#[must_use]
pub fn wake(app: &App) -> Option<Steady> {
    let own = &app.own.speed;
    let lists = matches!(app.view, View::Speed | View::Schedules | View::Calendar | View::Trend);
    let looked = own.looked.filter(|_| lists)?;
    let runs = |test: &Test| test.phase == TestPhase::Running;
    let live = app.view == View::Speed && own.tests.iter().any(runs);
    // Gauges move on full seconds.
    let into = u64::try_from(app.now.wall.millis().rem_euclid(1000)).unwrap_or(0);
    let tick = app.now.steady + Span::from_millis(1000 - into);
    let again = looked + STEP;
    Some(if live { again.min(tick) } else { again })
}

/// What is still to be asked for.
pub fn wants(app: &mut App) -> Vec<Effect> {
    let mut effects = wants_list(app);
    if !app.world.is_ready() {
        return effects;
    }
    let now = app.now.steady;
    let test = chosen(app).and_then(|row| row.test().map(|test| (test.id, test.phase)));
    let Some((id, phase)) = test else { return effects };
    let due = match app.own.speed.wish {
        Some((known, was, at)) if (known, was) == (id, phase) => {
            phase == TestPhase::Running && now >= at + LIVE
        }
        _ => true,
    };
    if due {
        let own = &mut app.own.speed;
        own.wish = Some((id, phase, now));
        if own.whole.as_ref().is_some_and(|whole| whole.id != id) {
            (own.whole, own.whole_problem) = (None, None);
        }
        effects.push(ask(app, TEST, Query::Test { id }));
    }
    effects
}

/// What lists and forms of tests need, when it is old.
pub fn wants_list(app: &mut App) -> Vec<Effect> {
    let now = app.now.steady;
    let is_new = app.own.speed.looked.is_some_and(|at| now < at + STEP);
    if is_new || !app.world.is_ready() {
        return Vec::new();
    }
    app.own.speed.looked = Some(now);
    let filter = TestFilter { test_type: Some(TestKind::Speedtest), ..TestFilter::default() };
    let list = ask(app, LIST, Query::Tests { filter, limit: LIMIT });
    vec![list, ask(app, NODES, Query::Nodes)]
}

fn ask(app: &mut App, what: u64, query: Query) -> Effect {
    let mut token = what;
    if let Some(last) = app.own.speed.tokens.get_mut(usize::try_from(what).unwrap_or(0)) {
        *last += 4;
        token |= *last;
    }
    let id = app.ask(Pending::Pane(Pane::SpeedList, token));
    Effect::Query { id, query }
}

/// The view opens: everything is asked for anew.
pub fn forget(app: &mut App) {
    (app.own.speed.looked, app.own.speed.wish) = (None, None);
}

/// Takes an answer.
pub fn reply(app: &mut App, token: u64, result: Result<Reply, Problem>) {
    let what = token & 3;
    let last = app.own.speed.tokens.get(usize::try_from(what).unwrap_or(0)).copied();
    if last != Some(token & !3) {
        return;
    }
    let own = &mut app.own.speed;
    let odd = || "the engine answered something else".to_owned();
    match result {
        Ok(Reply::Answer(Answer::Tests(tests))) => {
            let rows = own.rows();
            let at = own.line(&rows);
            drop(rows);
            let before = std::mem::replace(&mut own.tests, tests);
            // News that came while the answer was on its way.
            before.iter().filter(|test| test.phase.is_over()).for_each(|test| {
                if own.tests.iter().any(|known| known.id == test.id) {
                    own.merge(test);
                }
            });
            (own.at, own.loaded, own.problem) = (at, true, None);
            if own.under.is_none() {
                own.under = own.row().map(|row| row.pair());
            }
        }
        Ok(Reply::Answer(Answer::Nodes(nodes))) => own.nodes = nodes,
        Ok(Reply::Answer(Answer::Test(test))) => {
            own.merge(&test);
            (own.whole, own.whole_problem) = (Some(test), None);
        }
        Ok(_) if what == LIST => own.problem = Some(odd()),
        Ok(_) => own.whole_problem = Some(odd()),
        Err(problem) if what == LIST => own.problem = Some(problem.to_string()),
        Err(problem) if what == TEST => own.whole_problem = Some(problem.to_string()),
        // Without the vantages nothing but a suggestion is missing.
        Err(_) => {}
    }
}

/// `fra-01 → lan-1`, as it may be shown.
#[must_use]
pub fn pair_words(agent: &str, target: &str) -> String {
    let target = if target.is_empty() { words::NEAREST } else { target };
    format!("{} → {}", SafeText::line(agent), SafeText::line(target))
}
