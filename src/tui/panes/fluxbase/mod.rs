//! Fluxbase instances: which there are, how each stands to its targets, five graphs of one.
//!
//! In: the engine's page of them, asked for again every few seconds. Out: rows, targets, graphs.
//! Never: computes a figure, or asks while the view is not shown.

mod view;

use crate::model::{CheckKey, Kind, Name, Span, Steady, Timestamp};
use crate::protocol::query::{Answer, Query};
use crate::protocol::{FluxbasePage, FluxbaseRow, Problem};
use crate::tui::action::Action;
use crate::tui::app::{App, Pane, Tone};
use crate::tui::effect::{Effect, Reply};
use crate::tui::line::Pending;
use crate::tui::views::View;
use crate::tui::widgets::{Scroll, chart, cursor};
pub use view::{title, view};

/// Most points of a graph's line.
const POINTS: u32 = 240;
/// How often the page is asked for again.
pub const STEP: Span = Span::from_secs(10);

/// What the page was asked for: whose graphs, of which time, its end.
type Wish = (Option<Name>, Span, Option<Timestamp>);

/// The pane's own state.
#[derive(Debug, Default)]
pub struct State {
    page: FluxbasePage,
    at: usize,
    scroll: Scroll,
    /// Whose graphs the page has.
    panels_of: Option<Name>,
    asked: Option<Wish>,
    looked: Option<Steady>,
    loaded: bool,
    token: u64,
    problem: Option<String>,
}

impl State {
    fn row(&self) -> Option<&FluxbaseRow> {
        self.page.rows.get(self.at)
    }
}

/// Opens the view, where there is an instance to show.
pub fn open(app: &mut App) {
    let is_there = app.world.hosts().any(|entry| entry.measuring(Kind::Fluxbase).is_some());
    if is_there || !app.world.is_ready() {
        app.show(View::Fluxbase);
    } else {
        app.say(Tone::Note, "no Fluxbase is watched: add [[fluxbase]] to config.toml");
    }
}

/// The host of the instance under the cursor.
#[must_use]
pub fn chosen(app: &App) -> Option<&Name> {
    app.own.fluxbase.row().map(|row| &row.host)
}

/// The check that stands for the instance under the cursor.
#[must_use]
pub fn subject(app: &App) -> Option<CheckKey> {
    let entry = app.world.host(chosen(app)?)?;
    entry.measuring(Kind::Fluxbase).map(|row| row.key.clone())
}

/// The time that the graphs show.
fn window(app: &App) -> (Timestamp, Timestamp) {
    let span = app.span().1;
    match app.own.lens.end {
        Some(end) => (end - span, end),
        None => chart::window(span, app.wall()),
    }
}

/// Runs an action that means something special here.
pub fn act(app: &mut App, action: Action) -> Option<Vec<Effect>> {
    if let Some(by) = cursor::step(action, crate::tui::act::page(app)) {
        let own = &mut app.own.fluxbase;
        own.at = cursor::moved(own.at, own.page.rows.len(), by);
        return Some(Vec::new());
    }
    match action {
        Action::Fetch => {
            app.own.fluxbase.looked = None;
            Some(Vec::new())
        }
        Action::Open => {
            let host = chosen(app)?.clone();
            Some(crate::tui::act::open_host(app, host, None))
        }
        _ => None,
    }
}

/// The moment at which the page is asked for again.
#[must_use]
pub fn wake(app: &App) -> Option<Steady> {
    let looked = app.own.fluxbase.looked.filter(|_| app.view == View::Fluxbase)?;
    Some(looked + STEP)
}

/// What is still to be asked for.
pub fn wants(app: &mut App) -> Vec<Effect> {
    if !app.world.is_ready() {
        return Vec::new();
    }
    let now = app.now.steady;
    let wish: Wish = (chosen(app).cloned(), app.span().1, app.own.lens.end);
    let own = &app.own.fluxbase;
    let due = own.looked.is_none_or(|at| now >= at + STEP);
    if !due && own.asked.as_ref() == Some(&wish) {
        return Vec::new();
    }
    let (from, to) = window(app);
    let own = &mut app.own.fluxbase;
    own.looked = Some(now);
    own.token += 1;
    let token = own.token;
    let host = wish.0.clone();
    own.asked = Some(wish);
    let id = app.ask(Pending::Pane(Pane::FluxbaseList, token));
    vec![Effect::Query { id, query: Query::Fluxbase { host, from, to, points: POINTS } }]
}

/// The view opens: everything is asked for anew.
pub fn forget(app: &mut App) {
    (app.own.fluxbase.looked, app.own.fluxbase.asked) = (None, None);
}

/// Takes an answer.
pub fn reply(app: &mut App, token: u64, result: Result<Reply, Problem>) {
    let own = &mut app.own.fluxbase;
    if own.token != token {
        return;
    }
    match result {
        Ok(Reply::Answer(Answer::Fluxbase(page))) => {
            let under = own.row().map(|row| row.host.clone());
            let same = |row: &FluxbaseRow| Some(&row.host) == under.as_ref();
            own.at = page.rows.iter().position(same).unwrap_or(0);
            // Without a wish the graphs are those of the first.
            let wished = own.asked.as_ref().and_then(|(host, ..)| host.clone());
            own.panels_of = wished.or_else(|| page.rows.first().map(|row| row.host.clone()));
            if let Some((host, ..)) = &mut own.asked
                && host.is_none()
            {
                host.clone_from(&own.panels_of);
            }
            own.page = page;
            (own.loaded, own.problem) = (true, None);
        }
        Ok(_) => own.problem = Some("the engine answered something else".to_owned()),
        Err(problem) => own.problem = Some(problem.to_string()),
    }
}
