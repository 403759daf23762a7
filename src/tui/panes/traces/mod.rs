//! The traces of one vantage and target: each with what changed since the one before it and what that
//! did to loss and round trip; two of them side by side.
//!
//! In: tests as the engine lists them, each of them whole, news of tests. Out: rows, a comparison.
//! Never: asks while the view is not shown, or for more than a few traces at once.

mod view;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Measured, Name, Path, Span, Steady, Test, TestId, TestKind, TestPhase};
use crate::protocol::query::{Answer, Query};
use crate::protocol::{Event, Problem, TestFilter};
use crate::tui::action::Action;
use crate::tui::app::{App, Pane, Tone};
use crate::tui::effect::{Effect, Reply};
use crate::tui::line::Pending;
use crate::tui::panes::trend::{self, Of};
use crate::tui::views::View;
use crate::tui::widgets::{Scroll, cursor};
pub use view::{preview, title, view};

/// Traces that are listed.
const PAST: u32 = 60;
/// Most that are asked for whole at once.
const AT_ONCE: usize = 4;
/// How often the list is asked for again by itself, and at most when a test is news.
const STEP: Span = Span::from_secs(30);
const NEWS: Span = Span::from_secs(1);

/// The panes' own state.
#[derive(Debug, Default)]
pub struct State {
    of: Option<(Name, String)>,
    /// The newest first.
    tests: Vec<Test>,
    /// What each of them measured.
    whole: BTreeMap<TestId, Box<Test>>,
    asked: BTreeMap<u64, TestId>,
    without: BTreeSet<TestId>,
    /// The trace under the cursor: it belongs to the trace, not to a line.
    under: Option<TestId>,
    at: usize,
    scroll: Scroll,
    /// What the one under the cursor is compared with; without it with the one before.
    marked: Option<TestId>,
    /// First hop of the comparison on screen.
    hop: usize,
    loaded: bool,
    looked: Option<Steady>,
    news: bool,
    token: u64,
    list: u64,
    problem: Option<String>,
}

impl State {
    fn line(&self) -> usize {
        let same = |test: &Test| Some(test.id) == self.under;
        let last = self.tests.len().saturating_sub(1);
        self.tests.iter().position(same).unwrap_or(self.at).min(last)
    }

    /// The way that a test saw.
    fn report(&self, test: &Test) -> Option<&crate::model::trace::TraceReport> {
        match self.whole.get(&test.id)?.result.as_deref()? {
            Measured::Trace(report) => Some(report),
            _ => None,
        }
    }

    /// The last trace before that of a line that saw a way.
    fn before(&self, line: usize) -> Option<&Test> {
        self.tests.iter().skip(line + 1).find(|test| self.report(test).is_some())
    }

    /// The way before and the way of a line, when somebody else answers on it, or it ends otherwise.
    fn change(&self, line: usize) -> Option<(Path, Path)> {
        let after = Path::of(self.report(self.tests.get(line)?)?);
        let before = Path::of(self.report(self.before(line)?)?);
        let other = after.differs_from(&before) || after.reached != before.reached;
        other.then_some((before, after))
    }

    /// Traces whose way is still asked for.
    fn missing(&self) -> usize {
        self.tests.iter().filter(|test| self.is_missing(test)).count()
    }

    fn is_missing(&self, test: &Test) -> bool {
        test.phase == TestPhase::Done
            && !self.whole.contains_key(&test.id)
            && !self.without.contains(&test.id)
    }

    /// The two that are compared: the older first.
    fn pair(&self) -> Option<(&Test, &Test)> {
        let line = self.line();
        let here = self.tests.get(line)?;
        let marked = self.marked.filter(|id| *id != here.id);
        let marked = marked.and_then(|id| self.tests.iter().find(|test| test.id == id));
        let other = marked.or_else(|| self.before(line))?;
        let older = other.asked_at <= here.asked_at;
        Some(if older { (other, here) } else { (here, other) })
    }
}

/// Opens the view for the trace under the cursor.
pub fn open(app: &mut App) {
    let Some(Of { agent, target, kind: TestKind::Trace }) = trend::here(app) else {
        app.say(Tone::Note, "the way has a history only of a trace: choose one in Probes");
        return;
    };
    let of = Some((agent, target));
    if app.own.traces.of != of {
        let token = app.own.traces.token;
        app.own.traces = State { of, token, ..State::default() };
    }
    app.show(View::Traces);
}

/// The trace under the cursor, where traces are on screen.
#[must_use]
pub fn chosen(app: &App) -> Option<&Test> {
    let own = &app.own.traces;
    own.tests.get(own.line()).filter(|_| app.view == View::Traces)
}

/// Runs an action that means something special here.
pub fn act(app: &mut App, pane: Pane, action: Action) -> Option<Vec<Effect>> {
    let page = crate::tui::act::page(app);
    let own = &mut app.own.traces;
    if let Some(by) = cursor::step(action, page) {
        if pane == Pane::TraceCompare {
            let hops = |test: &Test| own.report(test).map_or(0, |report| report.hops.len());
            let rows = own.pair().map_or(0, |(a, b)| hops(a).max(hops(b)));
            own.hop = cursor::moved(own.hop, rows, by);
        } else {
            own.at = cursor::moved(own.line(), own.tests.len(), by);
            own.under = own.tests.get(own.at).map(|test| test.id);
            own.hop = 0;
        }
        return Some(Vec::new());
    }
    match action {
        Action::Mark => {
            let here = own.tests.get(own.line()).map(|test| test.id);
            own.marked = here.filter(|_| own.marked != here);
        }
        Action::Open if pane == Pane::TraceList => {
            (app.focus, app.zoom) = (Pane::TraceCompare, false);
        }
        Action::Back if pane == Pane::TraceCompare && !app.zoom => app.focus = Pane::TraceList,
        Action::Fetch => forget(app),
        _ => return None,
    }
    Some(Vec::new())
}

/// Notes news of a test.
pub fn sees(app: &mut App, event: &Event) {
    if let Event::Test(test) = event
        && test.phase.is_over()
        && test.spec.kind() == TestKind::Trace
        && app.own.traces.of.as_ref().is_some_and(|(agent, _)| *agent == test.agent)
    {
        app.own.traces.news = true;
    }
}

const fn step(news: bool) -> Span {
    if news { NEWS } else { STEP }
}

/// The moment at which the list is asked for again.
#[must_use]
pub fn wake(app: &App) -> Option<Steady> {
    let own = &app.own.traces;
    let looked = own.looked.filter(|_| app.view == View::Traces)?;
    Some(looked + step(own.news))
}

/// What is still to be asked for.
pub fn wants(app: &mut App) -> Vec<Effect> {
    let mut effects = Vec::new();
    let Some((agent, target)) = app.own.traces.of.clone().filter(|_| app.world.is_ready()) else {
        return effects;
    };
    let now = app.now.steady;
    let own = &mut app.own.traces;
    if own.looked.is_none_or(|at| now >= at + step(own.news)) {
        (own.looked, own.news) = (Some(now), false);
        let filter = TestFilter {
            agent: Some(agent),
            target: Some(target),
            test_type: Some(TestKind::Trace),
            ..TestFilter::default()
        };
        let (token, effect) = ask(app, Query::Tests { filter, limit: PAST });
        app.own.traces.list = token;
        effects.push(effect);
    }
    let own = &app.own.traces;
    let open = |test: &&Test| own.is_missing(test) && !own.asked.values().any(|id| *id == test.id);
    let room = AT_ONCE.saturating_sub(own.asked.len());
    let wanted: Vec<TestId> =
        own.tests.iter().filter(open).take(room).map(|test| test.id).collect();
    for id in wanted {
        let (token, effect) = ask(app, Query::Test { id });
        app.own.traces.asked.insert(token, id);
        effects.push(effect);
    }
    effects
}

fn ask(app: &mut App, query: Query) -> (u64, Effect) {
    app.own.traces.token += 1;
    let token = app.own.traces.token;
    let id = app.ask(Pending::Pane(Pane::TraceList, token));
    (token, Effect::Query { id, query })
}

/// The view opens: everything is asked for anew.
pub fn forget(app: &mut App) {
    app.own.traces.looked = None;
    app.own.traces.without.clear();
}

/// Takes an answer.
pub fn reply(app: &mut App, token: u64, result: Result<Reply, Problem>) {
    let own = &mut app.own.traces;
    if let Some(id) = own.asked.remove(&token) {
        match result {
            Ok(Reply::Answer(Answer::Test(test))) => {
                own.whole.insert(id, test);
            }
            _ => {
                own.without.insert(id);
            }
        }
        return;
    }
    if token != own.list {
        return;
    }
    match result {
        Ok(Reply::Answer(Answer::Tests(tests))) => {
            own.at = own.line();
            own.tests = tests;
            let known: BTreeSet<TestId> = own.tests.iter().map(|test| test.id).collect();
            own.whole.retain(|id, _| known.contains(id));
            (own.loaded, own.problem) = (true, None);
            own.at = own.line();
            own.under = own.tests.get(own.at).map(|test| test.id);
        }
        Ok(_) => own.problem = Some("the engine answered something else".to_owned()),
        Err(problem) => own.problem = Some(problem.to_string()),
    }
}
