//! How the figures of one vantage and target went: 6 hours to 12 months, with what is usual.
//!
//! In: views of the past as the engine makes them, baselines of schedules. Out: graphs with axes.
//! Never: decides what is usual, or asks while the view is not shown.

mod view;

use crate::model::{Name, Span, Steady, Test, TestKind, Trend, View as Stretch};
use crate::protocol::query::{Answer, Query};
use crate::protocol::{Event, Problem, ScheduleRow, TrendWish};
use crate::tui::action::Action;
use crate::tui::app::{App, Pane, Tone};
use crate::tui::effect::{Effect, Reply};
use crate::tui::line::Pending;
use crate::tui::panes::{calendar, probes, schedules, speed, traces};
use crate::tui::views::View;
pub use view::{preview, title, view};

/// How often it is asked for again by itself, and at most when a test is news.
const STEP: Span = Span::from_secs(60);
const NEWS: Span = Span::from_secs(1);
/// Steps of the cursor over the graph's width.
const STEPS: u64 = 60;

/// What it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Of {
    /// The vantage.
    pub agent: Name,
    /// The target, as results have it.
    pub target: String,
    /// Of which tests.
    pub kind: TestKind,
}

impl Of {
    /// The vantage, target and kind of a test.
    #[must_use]
    pub fn test(test: &Test) -> Self {
        let (agent, target) = (Name::clone(&test.agent), test.target.to_string());
        Self { agent, target, kind: test.spec.kind() }
    }

    /// Those of a schedule: of its last test, else as it is written.
    #[must_use]
    pub fn schedule(row: &ScheduleRow) -> Self {
        row.last.as_deref().map_or_else(
            || Self {
                agent: Name::clone(&row.schedule.vantage),
                target: row.schedule.plan.target.clone().unwrap_or_default(),
                kind: row.schedule.plan.test_type,
            },
            Self::test,
        )
    }
}

/// A group of figures that one graph shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Figure {
    Rates,
    Times,
    Loss,
}

impl Figure {
    const fn word(self) -> &'static str {
        match self {
            Self::Rates => "throughput",
            Self::Times => "latency",
            Self::Loss => "loss",
        }
    }

    /// Those that a kind of test has.
    const fn of(kind: TestKind) -> &'static [Self] {
        match kind {
            TestKind::Speedtest => &[Self::Rates, Self::Times, Self::Loss],
            TestKind::Trace => &[Self::Times, Self::Loss],
            TestKind::Probe | TestKind::Dns => &[Self::Times],
        }
    }
}

/// The pane's own state.
#[derive(Debug, Default)]
pub struct State {
    of: Option<Of>,
    stretch: Stretch,
    /// The graph that is first, by its place among those of the kind.
    figure: usize,
    /// True while the baseline is left out.
    without_usual: bool,
    /// The answer, and to what.
    trend: Option<(TrendWish, Trend)>,
    asked: Option<(TrendWish, Steady)>,
    /// A test of it is news since then.
    news: bool,
    token: u64,
    problem: Option<String>,
}

/// What the cursor of the present view is on, or the trend that is shown.
#[must_use]
pub fn here(app: &App) -> Option<Of> {
    let of_row = |row: speed::Row<'_>| match row.measured.or_else(|| row.test()) {
        Some(test) => Of::test(test),
        None => Of { agent: row.agent, target: row.target, kind: TestKind::Speedtest },
    };
    let scheduled = || {
        let id = calendar::schedule(app)?;
        schedules::known(app).0.iter().find(|row| row.schedule.id == id)
    };
    speed::chosen(app)
        .map(of_row)
        .or_else(|| schedules::chosen(app).map(Of::schedule))
        .or_else(|| probes::chosen(app).map(Of::test))
        .or_else(|| scheduled().map(Of::schedule))
        .or_else(|| traces::chosen(app).map(Of::test))
        .or_else(|| app.own.trend.of.clone().filter(|_| app.view == View::Trend))
}

/// Opens the view for what is under the cursor, else for what it showed last.
pub fn open(app: &mut App) {
    let of = here(app).or_else(|| app.own.trend.of.clone());
    let Some(of) = of else {
        let text = "the trend is of a test: choose one in Speed, Schedules, Probes or DNS";
        app.say(Tone::Note, text);
        return;
    };
    let own = &mut app.own.trend;
    if own.of.as_ref() != Some(&of) {
        *own = State {
            of: Some(of),
            stretch: own.stretch,
            without_usual: own.without_usual,
            token: own.token,
            ..State::default()
        };
    }
    app.show(View::Trend);
}

/// The schedule that tests it: its baselines and limits.
fn schedule(app: &App) -> Option<&ScheduleRow> {
    let of = app.own.trend.of.as_ref()?;
    let mine = |row: &&ScheduleRow| Of::schedule(row) == *of;
    let all = || schedules::known(app).0.iter().filter(mine);
    let some =
        |row: &&ScheduleRow| row.baselines.download.is_some() || row.baselines.upload.is_some();
    all().find(some).or_else(|| all().next())
}

/// Runs an action that means something special here.
pub fn act(app: &mut App, action: Action) -> Option<Vec<Effect>> {
    let count = app.own.trend.of.as_ref().map_or(1, |of| Figure::of(of.kind).len());
    let own = &mut app.own.trend;
    let at = Stretch::ALL.iter().position(|one| *one == own.stretch).unwrap_or(0);
    match action {
        Action::RangeLonger | Action::RangeShorter => {
            let longer = action == Action::RangeLonger;
            let next = if longer { at + 1 } else { at.saturating_sub(1) };
            own.stretch = Stretch::ALL.get(next).copied().unwrap_or(own.stretch);
            app.own.lens.cursor = None;
        }
        Action::MetricNext => own.figure = (own.figure + 1) % count,
        Action::MetricPrevious => own.figure = (own.figure + count - 1) % count,
        Action::Baseline => own.without_usual = !own.without_usual,
        Action::Left | Action::Right => point(app, action == Action::Right),
        Action::Fetch => own.asked = None,
        // The present is its end always.
        Action::Earlier | Action::Later | Action::GraphNewest => app.own.lens.cursor = None,
        _ => return None,
    }
    Some(Vec::new())
}

/// Moves the cursor of the graph.
fn point(app: &mut App, forward: bool) {
    let Some((_, trend)) = &app.own.trend.trend else { return };
    let (from, to) = (trend.start, trend.end);
    let step = Span::from_millis((to.since(from).millis() / STEPS).max(1));
    let at = app.own.lens.cursor.filter(|at| *at >= from && *at <= to).unwrap_or(to);
    let moved = if forward { at + step } else { at - step };
    app.own.lens.cursor = Some(moved.max(from).min(to));
}

/// Notes news of a test.
pub fn sees(app: &mut App, event: &Event) {
    if let Event::Test(test) = event
        && test.phase.is_over()
        && app.own.trend.of.as_ref() == Some(&Of::test(test))
    {
        app.own.trend.news = true;
    }
}

const fn step(news: bool) -> Span {
    if news { NEWS } else { STEP }
}

/// The moment at which it is asked for again.
#[must_use]
pub fn wake(app: &App) -> Option<Steady> {
    let own = &app.own.trend;
    let asked = own.asked.as_ref().filter(|_| app.view == View::Trend);
    asked.map(|(_, at)| *at + step(own.news))
}

/// What is still to be asked for.
pub fn wants(app: &mut App) -> Vec<Effect> {
    // What is usual stands in the schedules.
    let mut effects = schedules::wants(app);
    let Some(of) = app.own.trend.of.clone().filter(|_| app.world.is_ready()) else {
        return effects;
    };
    let zone = app.options.zone.iana().ok().map(|zone| zone.name().to_owned());
    let view = app.own.trend.stretch;
    let wish = TrendWish { agent: of.agent, target: of.target, test_type: of.kind, view, zone };
    let own = &mut app.own.trend;
    let now = app.now.steady;
    let due =
        own.asked.as_ref().is_none_or(|(asked, at)| *asked != wish || now >= *at + step(own.news));
    if due {
        (own.asked, own.news) = (Some((wish.clone(), now)), false);
        own.token += 1;
        let token = own.token;
        let id = app.ask(Pending::Pane(Pane::Trend, token));
        effects.push(Effect::Query { id, query: Query::Trend(wish) });
    }
    effects
}

/// The view opens: everything is asked for anew.
pub fn forget(app: &mut App) {
    app.own.trend.asked = None;
}

/// Takes an answer.
pub fn reply(app: &mut App, token: u64, result: Result<Reply, Problem>) {
    let own = &mut app.own.trend;
    let Some((wish, _)) = own.asked.clone().filter(|_| token == own.token) else { return };
    match result {
        Ok(Reply::Answer(Answer::Trend(trend))) => {
            (own.trend, own.problem) = (Some((wish, trend)), None);
        }
        Ok(_) => own.problem = Some("the engine answered something else".to_owned()),
        Err(problem) => own.problem = Some(problem.to_string()),
    }
}
