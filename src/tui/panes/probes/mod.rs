//! Traces, port probes and DNS timings: what every vantage last saw of every target, and how its
//! resolvers answer side by side.
//!
//! In: tests as the engine lists them, each newest one whole, news of tests. Out: a matrix, a list of
//! lookups, a result, orders to run.
//! Never: decides what is well, or asks while neither view is shown.

mod dns;
mod matrix;
mod result;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Measured, Name, Span, Steady, Test, TestId, TestKind, TestPhase};
use crate::protocol::query::{Answer, Query};
use crate::protocol::{Command, Event, Problem, TestFilter};
use crate::tui::action::Action;
use crate::tui::app::{App, Pane, Tone};
use crate::tui::effect::{Effect, Reply};
use crate::tui::line::Pending;
use crate::tui::panes::needle::Needle;
use crate::tui::panes::speed::{self, pair_words, words};
use crate::tui::panes::traces;
use crate::tui::triage::Waits;
use crate::tui::triage::test_form::{self, Begin};
use crate::tui::views::View;
use crate::tui::widgets::{Scroll, Surface, cursor};

/// Tests of each kind that are asked for, and most that are kept of all.
const LIMIT: u32 = 500;
const KEPT: usize = 2000;
/// Results that are kept whole, and most that are asked for at once.
const WHOLE: usize = 400;
const AT_ONCE: usize = 4;
/// How often the lists are asked for again; what happens in between is told.
const STEP: Span = Span::from_secs(10);
/// How often what runs under the cursor is asked for.
const LIVE: Span = Span::from_secs(1);
/// What a question was about, in the lowest bits of its token: a kind, else one whole test.
const KINDS: [TestKind; 3] = [TestKind::Trace, TestKind::Probe, TestKind::Dns];
const ONE: u64 = 3;

/// A vantage, and what it is asked for: the kind of the test and its target.
type Place = (Name, Column);
/// The word of the kind, and the target as it was written.
type Column = (&'static str, String);

/// The panes' own state.
#[derive(Debug, Default)]
pub struct State {
    /// The newest first.
    tests: Vec<Test>,
    /// The last of each place with everything that it measured.
    whole: BTreeMap<TestId, Box<Test>>,
    /// The questions for whole ones that are not answered.
    asked: BTreeMap<u64, TestId>,
    /// Those that cannot be had.
    without: BTreeSet<TestId>,
    /// What is under the cursor: it belongs to the place, not to a cell.
    under: Option<Place>,
    at: usize,
    scroll: Scroll,
    across: Scroll,
    /// What the lists are narrowed to.
    pub(super) needle: Needle,
    loaded: [bool; 3],
    looked: Option<Steady>,
    token: u64,
    tokens: [u64; 3],
    problem: Option<String>,
    /// The test that runs under the cursor, as far as it is, and when that was asked for.
    live: Option<Box<Test>>,
    live_asked: Option<Steady>,
    /// A place whose test was refused, and why.
    refused: Option<(Name, String, String)>,
}

/// A place with its last tests.
#[derive(Clone, Copy, Debug, Default)]
struct Last<'a> {
    now: Option<&'a Test>,
    over: Option<&'a Test>,
}

impl<'a> Last<'a> {
    /// What is shown: what was measured stays while it is measured again.
    fn test(self) -> Option<&'a Test> {
        self.over.or(self.now)
    }
}

fn column(test: &Test) -> Column {
    let mut target = test.spec.target();
    if let crate::model::TestSpec::Dns(spec) = &test.spec {
        target = format!("{target} {}", spec.record_type);
    }
    (test.spec.kind().word(), target)
}

const fn is_of(kind: TestKind, view: View) -> bool {
    match kind {
        TestKind::Trace | TestKind::Probe => matches!(view, View::Probes),
        TestKind::Dns => matches!(view, View::Dns),
        TestKind::Speedtest => false,
    }
}

impl State {
    /// The last tests of every place that the view shows and that passes its filter.
    fn last(&self, view: View) -> BTreeMap<Place, Last<'_>> {
        let mut all: BTreeMap<Place, Last<'_>> = BTreeMap::new();
        for test in self.tests.iter().filter(|test| is_of(test.spec.kind(), view)) {
            let column = column(test);
            if !self.needle.passes(&[&test.agent, column.0, &column.1]) {
                continue;
            }
            let last = all.entry((Name::clone(&test.agent), column)).or_default();
            let slot = if test.phase.is_over() { &mut last.over } else { &mut last.now };
            *slot = slot.or(Some(test));
        }
        all
    }

    fn merge(&mut self, test: &Test) {
        if test.spec.kind() == TestKind::Speedtest {
            return;
        }
        speed::merge(&mut self.tests, test, KEPT);
    }

    fn measured(&self, test: &Test) -> Option<&Measured> {
        let live = self.live.as_ref().filter(|live| live.id == test.id);
        let whole = self.whole.get(&test.id).or(live);
        whole.and_then(|whole| whole.result.as_deref())
    }

    /// How a test went in a few words, with its colour: of a place that does not answer where the way
    /// to it ends.
    fn verdict(&self, test: &Test) -> (String, crate::tui::theme::Role) {
        use crate::tui::theme::Role;
        if test.phase != TestPhase::Done {
            let (word, role) = words::state(test);
            return (word.to_owned(), role);
        }
        let well = ("✓", Role::Text);
        let (sign, role) =
            if test.breaches.is_empty() { well } else { ("▲", Role::StateWarning) };
        let figures = test.figures;
        let ms = words::ms(figures.latency_ms);
        match self.measured(test) {
            Some(Measured::Trace(report)) if !report.reached => {
                let answers = report.hops.iter().rev().find(|hop| hop.received > 0);
                let text = answers.map_or_else(
                    || "● no hop answers".to_owned(),
                    |hop| format!("● ends at hop {}", hop.ttl),
                );
                (text, Role::StateCritical)
            }
            Some(Measured::Probe(result)) if figures.latency_ms.is_none() => {
                let dead = self.measured(test).is_some_and(|one| one.unanswered().is_some());
                let (sign, role) = if dead { ("●", Role::StateCritical) } else { (sign, role) };
                (format!("{sign} {}", result.state.word()), role)
            }
            _ if test.spec.kind() == TestKind::Trace && figures.latency_ms.is_none() => {
                ("● not reached".to_owned(), Role::StateCritical)
            }
            None if figures.latency_ms.is_none() => ("…".to_owned(), Role::Muted),
            _ => {
                let loss = figures.loss_pct.map(|loss| format!("  {loss:.0} %"));
                (format!("{sign} {ms}{}", loss.unwrap_or_default()), role)
            }
        }
    }
}

/// The test that runs at the place under the cursor.
fn runs_here(app: &App) -> Option<&Test> {
    let last = *app.own.probes.last(app.view).get(&here(app)?)?;
    last.now.filter(|test| test.phase == TestPhase::Running)
}

/// What is shown of the place under the cursor: what runs there, so that it can be watched, else
/// the last that is over.
fn shown(app: &App) -> Option<&Test> {
    runs_here(app).or_else(|| chosen(app))
}

fn here(app: &App) -> Option<Place> {
    match app.view {
        View::Probes => matrix::here(app),
        View::Dns => dns::here(app),
        _ => None,
    }
}

/// The test under the cursor, where one of these views is on screen.
#[must_use]
pub fn chosen(app: &App) -> Option<&Test> {
    let place = here(app)?;
    app.own.probes.last(app.view).get(&place).and_then(|last| last.test())
}

/// True when that is a trace: its ways have a history.
#[must_use]
pub fn is_trace(app: &App) -> bool {
    chosen(app).is_some_and(|test| test.spec.kind() == TestKind::Trace)
}

/// Name, counts, position.
#[must_use]
pub fn title(app: &App, pane: Pane) -> (String, String) {
    match pane {
        Pane::Probes => matrix::title(app),
        Pane::DnsList => dns::title(app),
        _ => result::title(app),
    }
}

/// Draws one of the panes.
pub fn view(app: &App, pane: Pane, surface: &mut Surface<'_>) {
    match pane {
        Pane::Probes => matrix::view(app, surface),
        Pane::DnsList => dns::view(app, surface),
        _ => result::view(app, surface),
    }
}

/// What is under the cursor in two rows, for a small screen.
pub fn preview(app: &App, surface: &mut Surface<'_>) {
    result::preview(app, surface);
}

/// Runs an action that means something special here.
pub fn act(app: &mut App, pane: Pane, action: Action) -> Option<Vec<Effect>> {
    let list = matches!(pane, Pane::Probes | Pane::DnsList);
    if let Some(by) = cursor::step(action, crate::tui::act::page(app)) {
        if pane == Pane::DnsList {
            dns::step(app, by);
        } else {
            matrix::step(app, by);
        }
        return Some(Vec::new());
    }
    match action {
        Action::Left | Action::Right if pane == Pane::Probes => {
            matrix::turn(app, action == Action::Right);
        }
        Action::Open if list => {
            chosen(app)?;
            app.focus = if pane == Pane::DnsList { Pane::DnsResult } else { Pane::ProbeResult };
            app.zoom = false;
        }
        Action::Back if !list && !app.zoom => app.focus = app.view.first(),
        Action::Fetch => forget(app),
        Action::TestForm => open_form(app),
        Action::RunTest => run(app),
        Action::HistoryHere => traces::open(app),
        _ => return None,
    }
    Some(Vec::new())
}

/// Opens the form of a test of the kind that is looked at, for the row under the cursor.
fn open_form(app: &mut App) {
    let test = chosen(app);
    let kind = match test {
        Some(test) => test.spec.kind(),
        None if app.view == View::Dns => TestKind::Dns,
        None => TestKind::Trace,
    };
    let pair = test.map(|test| (Name::clone(&test.agent), test.spec.target()));
    test_form::open(app, Begin { kind: Some(kind), pair });
}

/// Asks before the test under the cursor is run again.
fn run(app: &mut App) {
    let Some(test) = chosen(app) else {
        app.say(Tone::Note, "no test is under the cursor");
        return;
    };
    let (agent, spec) = (Name::clone(&test.agent), test.spec.clone());
    let facts = speed::facts(app, &agent, &spec);
    let target = spec.target();
    let prompt =
        format!("Run a {} {}, {}?", spec.kind(), pair_words(&agent, &target), facts.amount);
    let note = format!("{}; {}", facts.busy, words::what(&spec));
    let command = Command::RunTest { agent: Some(Name::clone(&agent)), spec, wait: false };
    let pending = Pending::Triage(Waits::RunTest { agent, target });
    speed::open_line(app, prompt, note, command, pending);
}

/// Notes news of a test.
pub fn sees(app: &mut App, event: &Event) {
    if let Event::Test(test) = event {
        app.own.probes.merge(test);
    }
}

/// Takes in a test that was asked for here.
pub fn asked(app: &mut App, test: &Test) {
    app.own.probes.refused = None;
    app.own.probes.merge(test);
}

/// Notes why a test was not run.
pub fn refused(app: &mut App, agent: &Name, target: &str, why: &str) {
    app.own.probes.refused = Some((Name::clone(agent), target.to_owned(), why.to_owned()));
}

/// The moment at which the lists are asked for again.
#[must_use]
pub fn wake(app: &App) -> Option<Steady> {
    let here = matches!(app.view, View::Probes | View::Dns);
    let own = &app.own.probes;
    let again = own.looked.filter(|_| here)? + STEP;
    let live = runs_here(app).map(|_| own.live_asked.map_or(app.now.steady, |at| at + LIVE));
    Some(live.map_or(again, |live| again.min(live)))
}

/// What is still to be asked for.
pub fn wants(app: &mut App) -> Vec<Effect> {
    // What runs at a vantage is said before a test is run there.
    let mut effects = speed::wants_list(app);
    if !app.world.is_ready() {
        return effects;
    }
    let now = app.now.steady;
    if app.own.probes.looked.is_none_or(|at| now >= at + STEP) {
        app.own.probes.looked = Some(now);
        let view = app.view;
        for (what, kind) in (0..).zip(KINDS).filter(|(_, kind)| is_of(*kind, view)) {
            let filter = TestFilter { test_type: Some(kind), ..TestFilter::default() };
            let token = token(app, what);
            if let Some(last) =
                usize::try_from(what).ok().and_then(|at| app.own.probes.tokens.get_mut(at))
            {
                *last = token;
            }
            effects.push(ask(app, token, Query::Tests { filter, limit: LIMIT }));
        }
    }
    let running = runs_here(app).map(|test| test.id);
    if let Some(id) = running
        && app.own.probes.live_asked.is_none_or(|at| now >= at + LIVE)
    {
        app.own.probes.live_asked = Some(now);
        let token = token(app, ONE);
        app.own.probes.asked.insert(token, id);
        effects.push(ask(app, token, Query::Test { id }));
    }
    let wanted: Vec<TestId> = {
        let own = &app.own.probes;
        let last = own.last(app.view);
        let done = last.values().filter_map(|last| last.over);
        let done = done.filter(|test| test.phase == TestPhase::Done).map(|test| test.id);
        let open = |id: &TestId| {
            let known = own.whole.contains_key(id) || own.without.contains(id);
            !known && !own.asked.values().any(|asked| asked == id)
        };
        let room =
            AT_ONCE.saturating_sub(own.asked.len()).min(WHOLE.saturating_sub(own.whole.len()));
        done.filter(open).take(room).collect()
    };
    for id in wanted {
        let token = token(app, ONE);
        app.own.probes.asked.insert(token, id);
        effects.push(ask(app, token, Query::Test { id }));
    }
    effects
}

const fn token(app: &mut App, what: u64) -> u64 {
    app.own.probes.token += 4;
    app.own.probes.token | what
}

fn ask(app: &mut App, token: u64, query: Query) -> Effect {
    let id = app.ask(Pending::Pane(Pane::Probes, token));
    Effect::Query { id, query }
}

/// A view opens: everything is asked for anew.
pub fn forget(app: &mut App) {
    let own = &mut app.own.probes;
    own.looked = None;
    own.without.clear();
}

/// Takes an answer.
pub fn reply(app: &mut App, token: u64, result: Result<Reply, Problem>) {
    let own = &mut app.own.probes;
    let what = token & 3;
    if what == ONE {
        let Some(id) = own.asked.remove(&token) else { return };
        match result {
            Ok(Reply::Answer(Answer::Test(test))) if test.phase.is_over() => {
                own.whole.insert(id, test);
            }
            Ok(Reply::Answer(Answer::Test(test))) => own.live = Some(test),
            _ => {
                own.without.insert(id);
            }
        }
        return;
    }
    let at = usize::try_from(what).unwrap_or(0);
    if own.tokens.get(at) != Some(&token) {
        return;
    }
    match result {
        Ok(Reply::Answer(Answer::Tests(tests))) => {
            let kind = KINDS.get(at).copied();
            let (before, mut kept): (Vec<Test>, Vec<Test>) = std::mem::take(&mut own.tests)
                .into_iter()
                .partition(|test| Some(test.spec.kind()) == kind);
            kept.extend(tests);
            kept.sort_by_key(|test| std::cmp::Reverse((test.asked_at, test.id)));
            own.tests = kept;
            // News that came while the answer was on its way.
            before.iter().filter(|test| test.phase.is_over()).for_each(|test| {
                if own.tests.iter().any(|known| known.id == test.id) {
                    own.merge(test);
                }
            });
            if let Some(loaded) = own.loaded.get_mut(at) {
                *loaded = true;
            }
            own.problem = None;
            let known: BTreeSet<TestId> = own.tests.iter().map(|test| test.id).collect();
            own.whole.retain(|id, _| known.contains(id));
            settle(app);
        }
        Ok(_) => own.problem = Some("the engine answered something else".to_owned()),
        Err(problem) => own.problem = Some(problem.to_string()),
    }
}

/// True when all lists of the view have come.
fn is_loaded(app: &App) -> bool {
    let mut kinds = KINDS.iter().zip(app.own.probes.loaded);
    kinds.all(|(kind, loaded)| loaded || !is_of(*kind, app.view))
}

/// Puts the cursor where something is, until somebody moves it: when all is there, so that it does
/// not hang on which answer comes first.
fn settle(app: &mut App) {
    if app.own.probes.under.is_none() && is_loaded(app) {
        if app.view == View::Dns { dns::step(app, 0) } else { matrix::step(app, 0) }
    }
}

/// What stands in place of an empty view.
fn nothing(app: &App, surface: &mut Surface<'_>, what: &str) {
    use crate::tui::panes::{empty, not_ready};
    let own = &app.own.probes;
    let loaded = is_loaded(app);
    match (&own.problem, not_ready(app)) {
        (Some(problem), _) => empty(surface, &["The tests cannot be shown:", problem]),
        (None, Some(text)) => empty(surface, &[text]),
        (None, None) if !loaded => empty(surface, &["Asking the engine…"]),
        (None, None) if !own.needle.is_empty() => {
            empty(surface, &["Nothing passes the filter; Esc clears it."]);
        }
        (None, None) => {
            let key = app.keymap.key(&app.pane_contexts(), Action::TestForm).unwrap_or_default();
            let first = format!("{what} yet: {key} runs one,");
            empty(surface, &[&first, "a schedule runs them again and again."]);
        }
    }
}

/// How long ago a test was over.
fn age(app: &App, test: &Test) -> String {
    let at = test.ended_at.unwrap_or(test.asked_at);
    crate::tui::format::age(app.wall().since(at))
}
