//! One alert, whole: what, since when, who knows, what next.
//!
//! In: the engine's page of one episode, the states of its check. Out: lines that scroll.
//! Never: shows another alert than the one it was opened for.

mod escalation;
mod lines;
mod view;

use crate::model::{Alert, AlertId, CheckKey, Name, Observation, Span, Steady, Timestamp};
use crate::protocol::query::{Answer, Query, StateSpan};
use crate::protocol::{AlertPage, Event, LiveCheck, Problem};
use crate::tui::action::Action;
use crate::tui::app::{App, Lead, Pane, RANGES};
use crate::tui::effect::{Effect, Reply};
use crate::tui::line::Pending;
use crate::tui::views::View;
use crate::tui::widgets::cursor;
pub use view::{title, view};

/// How often the page is asked for again at most.
const STEP: Span = Span::from_secs(2);
/// How long after a failure the engine is asked again.
const AGAIN: Span = Span::from_secs(10);
/// Most lines that the page scrolls over.
const LINES: usize = 4000;

/// The pane's own state.
#[derive(Debug, Default)]
pub struct State {
    id: Option<AlertId>,
    /// What it is about, as far as that is known before the page comes.
    key: Option<CheckKey>,
    page: Option<Box<AlertPage>>,
    states: Vec<StateSpan>,
    /// What its check last saw.
    last: Option<Observation>,
    /// When its last run was and when the next is, as live results said.
    run: Option<(Timestamp, Timestamp)>,
    /// The range of the timeline, when a person chose one.
    range: Option<usize>,
    /// The range that the states are of.
    loaded: Option<usize>,
    line: usize,
    /// False: the page is to be asked for.
    fresh: bool,
    looked: Option<Steady>,
    token: u64,
    problem: Option<String>,
}

impl State {
    /// When the page may be asked for again; `None` before the first time.
    fn due(&self) -> Option<Steady> {
        let step = if self.problem.is_some() { AGAIN } else { STEP };
        self.looked.map(|at| at + step)
    }
}

/// Opens the page of an alert.
pub fn open(app: &mut App, id: AlertId, about: Option<(Name, Name)>) {
    let key = app.world.alert(id).map(|alert| alert.check.clone());
    let key = key.or_else(|| about.map(|(host, name)| CheckKey { host, name }));
    if app.own.alert.id != Some(id) {
        let token = app.own.alert.token;
        app.own.alert = State { id: Some(id), token, ..State::default() };
    }
    app.own.alert.key = key;
    app.own.alert.line = 0;
    if let Some(host) = host(app) {
        app.choose_host(host);
    }
    // The host of the page stays selected, whatever happens to the list behind it.
    app.lead = Lead::Hosts;
    app.show(View::Alert);
}

fn host(app: &App) -> Option<Name> {
    app.own.alert.key.as_ref().map(|key| key.host.clone())
}

/// The alert that keys mean here, and its check.
#[must_use]
pub fn subject(app: &App) -> Option<(AlertId, Option<CheckKey>)> {
    app.own.alert.id.map(|id| (id, app.own.alert.key.clone()))
}

/// The episode as it is now, else as it was when the page came.
fn alert(app: &App) -> Option<&Alert> {
    let own = &app.own.alert;
    let page = own.page.as_ref().map(|page| &page.alert);
    own.id.and_then(|id| app.world.alert(id)).map(AsRef::as_ref).or(page)
}

/// What the check last saw; an alert that is over is about what was seen before.
fn seen(app: &App) -> Option<&Observation> {
    app.own.alert.last.as_ref().filter(|_| alert(app).is_some_and(Alert::is_open))
}

/// The range of the timeline: the chosen one, else the shortest that shows what was before.
fn range(app: &App) -> usize {
    let Some(alert) = alert(app) else { return 0 };
    let age = app.wall().since(alert.opened).millis();
    let fits = |(_, span): &(&str, Span)| span.millis() > age.saturating_add(age / 3);
    let own = RANGES.iter().position(fits).unwrap_or(RANGES.len() - 1);
    app.own.alert.range.unwrap_or(own)
}

/// The time that the timeline shows; it moves in steps, so that a quiet page is quiet.
fn window(app: &App) -> (&'static str, Timestamp, Timestamp) {
    let (name, span) = RANGES.get(range(app)).copied().unwrap_or(("15 min", Span::from_secs(900)));
    let (from, to) = crate::tui::widgets::chart::window(span, app.wall());
    (name, from, to)
}

/// Runs an action that means something special here.
pub fn act(app: &mut App, action: Action) -> Option<Vec<Effect>> {
    if let Some(by) = cursor::step(action, crate::tui::act::page(app)) {
        let rows = view::rows(app);
        let room = view::room(app);
        let last = rows.saturating_sub(room);
        app.own.alert.line = cursor::moved(app.own.alert.line.min(last), last + 1, by);
        return Some(Vec::new());
    }
    match action {
        Action::Open => {
            let key = app.own.alert.key.clone()?;
            app.world.host(&key.host)?;
            Some(crate::tui::act::open_host(app, key.host, Some(key.name)))
        }
        Action::RangeLonger | Action::RangeShorter => {
            let at = range(app);
            let longer = action == Action::RangeLonger;
            let next = if longer { (at + 1).min(RANGES.len() - 1) } else { at.saturating_sub(1) };
            app.own.alert.range = Some(next);
            Some(Vec::new())
        }
        Action::NextProblem | Action::PreviousProblem => {
            crate::tui::rows::next_problem(app, action == Action::NextProblem);
            let next = app.selected_alert().map(|alert| (alert.id, alert.check.clone()));
            if let Some((id, key)) = next {
                open(app, id, Some((key.host, key.name)));
            }
            Some(Vec::new())
        }
        _ => None,
    }
}

/// When its check ran last, and when it runs next: the latest that is known. The row of the World
/// lags behind while nothing changes.
fn run(app: &App, key: &CheckKey) -> (Option<Timestamp>, Option<Timestamp>) {
    let own = &app.own.alert;
    let known = app.world.check(key).and_then(|row| row.status.last_result);
    let page = own.page.as_ref();
    let asked = page.and_then(|page| page.row.as_ref()?.status.last_result);
    let (last, next) = (known.max(asked), page.and_then(|page| page.next));
    match own.run {
        Some((at, after)) => (last.max(Some(at)), Some(after)),
        None => (last, next),
    }
}

/// Takes a live result of the check.
pub fn live(app: &mut App, result: &LiveCheck) {
    let own = &mut app.own.alert;
    if Some(&result.check) == own.key.as_ref() {
        own.last = Some(result.observation.clone());
        own.run = result.next.map(|next| (result.at, next)).or(own.run);
    }
}

/// Notes that the alert has changed.
pub fn sees(app: &mut App, event: &Event) {
    let own = &mut app.own.alert;
    match event {
        Event::Alert(alert) if Some(alert.id) == own.id => own.fresh = false,
        Event::Told(rows) if rows.iter().any(|row| Some(row.alert) == own.id) => own.fresh = false,
        Event::Check(row) if Some(&row.key) == own.key.as_ref() => own.fresh = false,
        _ => {}
    }
}

/// The moment at which the page is asked for without a key or an event.
#[must_use]
pub fn wake(app: &App) -> Option<Steady> {
    let own = &app.own.alert;
    (app.view == View::Alert && !own.fresh).then(|| own.due())?
}

/// What it still has to ask for.
pub fn wants(app: &mut App) -> Vec<Effect> {
    let mut effects = Vec::new();
    let Some(id) = app.own.alert.id.filter(|_| app.world.is_ready()) else { return effects };
    let now = app.now.steady;
    let rests = app.own.alert.due().is_some_and(|due| now < due);
    let range = range(app);
    if !app.own.alert.fresh && !rests {
        app.own.alert.fresh = true;
        app.own.alert.looked = Some(now);
        app.own.alert.loaded = None;
        app.own.alert.token += 1;
        let token = app.own.alert.token << 2;
        let ask = app.ask(Pending::Pane(Pane::AlertPage, token));
        effects.push(Effect::Query { id: ask, query: Query::Alert { id } });
    }
    let Some(key) = app.own.alert.key.clone().filter(|_| alert(app).is_some()) else {
        return effects;
    };
    if app.own.alert.loaded != Some(range) {
        let is_first = app.own.alert.loaded.replace(range).is_none();
        let (_, from, to) = window(app);
        let token = app.own.alert.token << 2;
        let ask = app.ask(Pending::Pane(Pane::AlertPage, token | 1));
        let query = Query::History { key: key.clone(), from, to, points: 1 };
        effects.push(Effect::Query { id: ask, query });
        if is_first {
            let ask = app.ask(Pending::Pane(Pane::AlertPage, token | 2));
            effects.push(Effect::Query { id: ask, query: Query::Check { key } });
        }
    }
    effects
}

/// The view opens: what is known is old.
pub fn forget(app: &mut App) {
    let own = &mut app.own.alert;
    (own.fresh, own.looked, own.problem) = (false, None, None);
}

/// Takes an answer.
pub fn reply(app: &mut App, token: u64, result: Result<Reply, Problem>) {
    let own = &mut app.own.alert;
    if token >> 2 != own.token {
        return;
    }
    match result {
        Ok(Reply::Answer(Answer::Alert(page))) if Some(page.alert.id) == own.id => {
            own.key = Some(page.alert.check.clone());
            own.page = Some(page);
            own.problem = None;
        }
        Ok(Reply::Answer(Answer::History { states, .. })) => own.states = states,
        Ok(Reply::Answer(Answer::Check(check))) => {
            // What came live meanwhile is at least as new.
            own.last = own.last.take().filter(|_| own.run.is_some()).or(check.last);
        }
        Ok(_) => own.problem = Some("the engine answered something else".to_owned()),
        // Without them the page is still useful.
        Err(_) if token & 3 == 1 => own.states.clear(),
        Err(_) if token & 3 == 2 => own.last = None,
        Err(problem) => {
            own.problem = Some(problem.to_string());
            own.fresh = false;
        }
    }
}
