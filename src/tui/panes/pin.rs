//! What a person has put into the throughput pane: an interface of a device, or a scraped series.
//! Without it the pane follows the selected host.
//!
//! In: the row under the cursor, answers about a series. Out: the check to look at, a graph.
//! Never: asks while the pane is not shown, or shows what is no longer configured.

use crate::model::{CheckKey, Name, SafeText, Span, Steady, Timestamp};
use crate::protocol::query::Answer;
use crate::protocol::{Problem, SeriesPast};
use crate::tui::app::{App, Pane, Tone};
use crate::tui::effect::{Effect, Reply};
use crate::tui::line::Pending;
use crate::tui::panes::{empty, graph, interfaces, series};
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;

/// One thing in the throughput pane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pin {
    /// What an interface takes in and sends out.
    Interface {
        /// The check that measures it.
        check: CheckKey,
        /// Its name there.
        name: Name,
    },
    /// A scraped series.
    Series {
        /// The check that scrapes it.
        check: CheckKey,
        /// The series.
        series: Name,
    },
}

impl Pin {
    const fn check(&self) -> &CheckKey {
        let (Self::Interface { check, .. } | Self::Series { check, .. }) = self;
        check
    }

    /// `sw-1 te1/1`, as it may be shown.
    fn words(&self) -> String {
        let (Self::Interface { check, name } | Self::Series { check, series: name }) = self;
        format!("{} {}", check.host, SafeText::line(name))
    }
}

/// What the past was asked for: the series, the length of time, its end.
type Wish = (Pin, Span, Option<Timestamp>);

/// The pane's own state.
#[derive(Debug, Default)]
pub struct State {
    pin: Option<Pin>,
    past: SeriesPast,
    past_of: Option<Wish>,
    problem: Option<String>,
    loaded: bool,
    asked: Option<Steady>,
    /// Number of the last question; other answers are stale.
    token: u64,
}

/// What is pinned, as long as its check is configured. The wall shows its own links.
#[must_use]
pub fn pinned(app: &App) -> Option<&Pin> {
    let pin = app.own.pin.pin.as_ref().filter(|_| !app.wall.is_on())?;
    let entry = app.world.host(&pin.check().host)?;
    let known = entry.checks.iter().any(|row| row.key == *pin.check() && row.enabled);
    known.then_some(pin)
}

/// The interface that is pinned, with its check.
#[must_use]
pub fn interface(app: &App) -> Option<(&CheckKey, &Name)> {
    match pinned(app)? {
        Pin::Interface { check, name } => Some((check, name)),
        Pin::Series { .. } => None,
    }
}

/// True when this series is pinned.
#[must_use]
pub fn is_series(app: &App, of: &CheckKey, is: &str) -> bool {
    matches!(pinned(app), Some(Pin::Series { check, series }) if check == of && &**series == is)
}

/// Another interface of the same device was chosen.
pub fn turned(app: &mut App) {
    if let (Some(Pin::Interface { name, .. }), Some(now)) = (&mut app.own.pin.pin, &app.interface) {
        name.clone_from(now);
    }
}

/// What the key means where it was pressed.
#[must_use]
pub fn here(app: &App) -> Option<Pin> {
    match app.focus {
        Pane::Interfaces | Pane::InterfaceGraph => {
            let (check, name) = interfaces::chosen(app)?;
            Some(Pin::Interface { check, name })
        }
        Pane::SeriesList | Pane::SeriesGraph => {
            let (check, series) = series::chosen(app)?;
            Some(Pin::Series { check, series })
        }
        Pane::Throughput => match pinned(app) {
            Some(pin) => Some(pin.clone()),
            None => {
                let (book, name) = (app.graph.as_ref()?, app.interface.clone()?);
                Some(Pin::Interface { check: book.key.clone(), name })
            }
        },
        _ => None,
    }
}

/// Pins what is under the cursor; what is pinned already is let go.
pub fn toggle(app: &mut App) {
    let own = &app.own.pin;
    match here(app) {
        Some(pin) if own.pin.as_ref() != Some(&pin) => {
            app.say(Tone::Good, format!("the throughput pane stays with {}", pin.words()));
            if let Pin::Interface { name, .. } = &pin {
                app.interface = Some(name.clone());
            }
            app.own.pin = State { pin: Some(pin), token: app.own.pin.token, ..State::default() };
        }
        None if own.pin.is_none() => {
            app.say(Tone::Note, "nothing to pin here: go to an interface or a scraped series");
        }
        _ => {
            app.own.pin.pin = None;
            app.say(Tone::Note, "the throughput pane follows the selected host again");
        }
    }
}

/// What is still to be asked for.
pub fn wants(app: &mut App) -> Vec<Effect> {
    let Some(pin) = pinned(app).cloned() else { return Vec::new() };
    let Pin::Series { check, series: name } = pin.clone() else { return Vec::new() };
    let wish = Some((pin, app.span().1, app.own.lens.end));
    let now = app.now.steady;
    let own = &mut app.own.pin;
    let due = own.asked.is_none_or(|at| now >= at + series::STEP);
    if !due && own.past_of == wish {
        return Vec::new();
    }
    own.past_of = wish;
    own.asked = Some(now);
    own.token += 1;
    let token = own.token;
    let query = series::past(app, check, name);
    let id = app.ask(Pending::Pane(Pane::Throughput, token));
    vec![Effect::Query { id, query }]
}

/// The moment at which the past is asked for again.
#[must_use]
pub fn wake(app: &App) -> Option<Steady> {
    let is_series = matches!(pinned(app), Some(Pin::Series { .. }));
    let asked = app.own.pin.asked.filter(|_| is_series && app.shows(Pane::Throughput))?;
    Some(asked + series::STEP)
}

/// Takes an answer.
pub fn reply(app: &mut App, token: u64, result: Result<Reply, Problem>) {
    let own = &mut app.own.pin;
    if own.token != token {
        return;
    }
    own.loaded = true;
    own.problem = match result {
        Ok(Reply::Answer(Answer::SeriesPast(past))) => {
            own.past = past;
            None
        }
        Ok(_) => Some("the engine answered something else".to_owned()),
        Err(problem) => Some(problem.to_string()),
    };
}

/// The series that is pinned, in the title; `None` when none is.
#[must_use]
pub fn title(app: &App) -> Option<(String, String)> {
    let Pin::Series { check, .. } = pinned(app)? else { return None };
    let each = if app.own.pin.past.rate { "per second" } else { "" };
    let range = graph::range(app, None);
    Some((format!("Pinned: a series of {}, {range}", check.host), each.to_owned()))
}

/// Draws the series that is pinned, below its name; false when none is.
pub fn view(app: &App, surface: &mut Surface<'_>) -> bool {
    let Some(Pin::Series { series, .. }) = pinned(app) else { return false };
    let own = &app.own.pin;
    match &own.problem {
        Some(problem) => empty(surface, &["The past cannot be shown:", problem]),
        None if !own.loaded => empty(surface, &["Asking for the history…"]),
        None => {
            let (wide, high) = (surface.width(), surface.height());
            let room = wide.saturating_sub(2);
            surface.say(1, 0, room, SafeText::line(series).as_str(), Role::Strong);
            let mut below = surface.part(0, 1, wide, high.saturating_sub(1));
            series::draw(app, &mut below, series, &own.past);
        }
    }
    true
}
