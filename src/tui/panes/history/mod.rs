//! History: every transition and everything that operators did, newest first, page by page.
//!
//! In: pages of the engine's log. Out: rows, and what is still to be asked for.
//! Never: keeps more than a bounded number of rows; what was scrolled away is asked for again.

mod filter;
mod view;

use std::collections::VecDeque;

use crate::model::{Name, Span, Steady};
use crate::protocol::query::{Answer, Query};
use crate::protocol::{Event, LogCursor, LogEntry, LogFilter, LogPage, Problem};
use crate::tui::action::Action;
use crate::tui::app::{App, Overlay, Pane, Tone};
use crate::tui::effect::{Effect, Reply};
use crate::tui::line::{Line, Pending, Purpose};
use crate::tui::panes::alert_page;
use crate::tui::views::View;
use crate::tui::widgets::{Scroll, cursor};
use filter::Words;
pub use view::{kind, title, view};

/// Entries of one page.
const PAGE: u32 = 200;
/// Most rows that are kept.
const KEPT: usize = 4000;
/// An older page is asked for when so few rows are left below the cursor.
const NEAR: usize = 100;
/// How often new entries are looked for at most.
const STEP: Span = Span::from_secs(2);
/// How long after a failure the engine is asked again.
const AGAIN: Span = Span::from_secs(10);

/// What is asked for; at most one thing at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// The newest page, for an empty list.
    First,
    /// The newest page, for what has come.
    News,
    /// The page behind the last row.
    Older,
}

/// The pane's own state.
#[derive(Debug, Default)]
pub struct State {
    rows: VecDeque<LogEntry>,
    /// New entries that are not shown yet, newest first.
    news: Vec<LogEntry>,
    /// Where the page behind the last row begins; `None` when there is none.
    next: Option<LogCursor>,
    /// True when rows were dropped at the top to make room below.
    is_cut: bool,
    /// True when more has come than one page holds.
    is_far: bool,
    at: usize,
    scroll: Scroll,
    /// As typed, and read.
    words: (String, Words),
    /// What was filtered before a key on an object opened its history: the way back restores it.
    before: Option<String>,
    /// What the engine was asked with: moments stay while pages belong together.
    filter: LogFilter,
    /// False: everything is to be asked for anew.
    fresh: bool,
    /// True when something has happened that belongs here.
    stale: bool,
    /// Number of the last question; other answers are stale.
    token: u64,
    asked: Option<Asked>,
    looked: Option<Steady>,
    failed: Option<Steady>,
    problem: Option<String>,
}

/// The entry under the cursor.
#[must_use]
pub fn selected(app: &App) -> Option<&LogEntry> {
    app.own.history.row()
}

impl State {
    /// The entry under the cursor.
    fn row(&self) -> Option<&LogEntry> {
        self.rows.get(self.at)
    }

    fn page(&mut self, asked: Asked, page: LogPage) {
        let words = &self.words.1;
        let mut entries: Vec<LogEntry> =
            page.entries.into_iter().filter(|entry| words.passes(entry)).collect();
        match asked {
            Asked::First => {
                let under = self.row().cloned();
                self.rows = entries.into();
                self.news.clear();
                self.next = page.next;
                (self.is_cut, self.is_far) = (false, false);
                let found = under.and_then(|under| self.rows.iter().position(|e| *e == under));
                self.at = found.unwrap_or(0);
            }
            Asked::Older => {
                self.rows.extend(entries);
                self.next = page.next;
                let excess = self.rows.len().saturating_sub(KEPT).min(self.at);
                if excess > 0 {
                    self.rows.drain(..excess);
                    self.at -= excess;
                    self.scroll.shift(-isize::try_from(excess).unwrap_or(0));
                    self.is_cut = true;
                }
            }
            Asked::News => {
                let known = self.rows.front();
                match entries.iter().position(|entry| Some(entry) == known) {
                    Some(at) => entries.truncate(at),
                    // More than a page has come, or nothing was known: there may be a hole.
                    None if known.is_some() && page.next.is_some() => self.is_far = true,
                    None => {}
                }
                self.news = entries;
            }
        }
    }

    /// Takes in what has come. The cursor stays on its entry, unless it is at the top.
    fn take_in(&mut self) {
        if self.is_far && self.at == 0 {
            self.fresh = false;
        }
        if self.news.is_empty() || self.is_cut || self.is_far {
            return;
        }
        let count = self.news.len();
        for entry in self.news.drain(..).rev() {
            self.rows.push_front(entry);
        }
        if self.at > 0 {
            self.at += count;
            self.scroll.shift(isize::try_from(count).unwrap_or(0));
        }
        // Rows that fell out at the end would be a hole: such a long list begins anew.
        self.fresh &= self.rows.len() <= 2 * KEPT;
    }
}

/// Opens the history of a host, or of one of its checks.
pub fn open(app: &mut App, host: &Name, check: Option<&Name>) {
    let quoted = |name: &Name| {
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:/".contains(c));
        if plain { name.to_string() } else { format!("\"{}\"", name.replace(['"', '\\'], "?")) }
    };
    let mut text = format!("host:{}", quoted(host));
    if let Some(check) = check {
        text = format!("{text} check:{}", quoted(check));
    }
    app.show(View::History);
    let before = app.own.history.words.0.clone();
    set_filter(app, &text);
    app.own.history.before = Some(before);
}

/// What the filter line of the history understands.
#[must_use]
pub const fn hint() -> &'static str {
    "words, host:db-*, check:http, by:noc-2, kind:fired, since:2h"
}

/// Filters from now on; a text that does not parse keeps the filter that was.
pub fn set_filter(app: &mut App, text: &str) {
    match Words::parse(text) {
        Ok(words) => {
            let own = &mut app.own.history;
            let text = text.trim().to_owned();
            if own.words.1 != words {
                (own.fresh, own.at) = (false, 0);
                own.failed = None;
            }
            own.words = (text, words);
        }
        Err(errors) => match &mut app.overlay {
            Some(Overlay::Line(line)) => line.error = Some(errors.to_string()),
            _ => app.say(Tone::Bad, errors.to_string()),
        },
    }
}

/// Runs an action that means something special here.
pub fn act(app: &mut App, action: Action) -> Option<Vec<Effect>> {
    if let Some(by) = cursor::step(action, crate::tui::act::page(app)) {
        let own = &mut app.own.history;
        if matches!(action, Action::Top | Action::Bottom) {
            if (own.is_cut || own.is_far) && action == Action::Top {
                own.fresh = false;
            }
            own.take_in();
        }
        own.at = cursor::moved(own.at, own.rows.len(), by);
        return Some(Vec::new());
    }
    match action {
        Action::Filter => {
            let before = app.own.history.words.0.clone();
            let line = Line::new(Purpose::Log { before: before.clone() }, &before);
            app.open(Overlay::Line(Box::new(line)));
            Some(Vec::new())
        }
        Action::Back if !app.zoom && app.own.history.before.is_none() && is_filtered(app) => {
            set_filter(app, "");
            Some(Vec::new())
        }
        Action::Open => Some(open_row(app)),
        _ => None,
    }
}

fn is_filtered(app: &App) -> bool {
    !app.own.history.words.1.is_empty()
}

/// True when the entry under the cursor is about an alert, or a host that is configured.
#[must_use]
pub fn opens(app: &App) -> bool {
    app.own.history.row().is_some_and(|entry| {
        let known = |host: &crate::model::Name| app.world.host(host).is_some();
        entry.alert.is_some() || entry.host.as_ref().is_some_and(known)
    })
}

/// The alert of the entry under the cursor, else its host.
fn open_row(app: &mut App) -> Vec<Effect> {
    let Some(entry) = app.own.history.row().cloned() else { return Vec::new() };
    if let Some(id) = entry.alert {
        alert_page::open(app, id, entry.host.clone().zip(entry.check.clone()));
        return Vec::new();
    }
    match entry.host.filter(|host| app.world.host(host).is_some()) {
        Some(host) => crate::tui::act::open_host(app, host, entry.check),
        None => {
            app.say(Tone::Note, "this entry is about no host that is configured");
            Vec::new()
        }
    }
}

/// Notes that something has happened which the log knows too.
pub fn sees(app: &mut App, event: &Event) {
    let logged = matches!(
        event,
        Event::Alert(_)
            | Event::Maintenance(_)
            | Event::MaintenanceGone(_)
            | Event::Path(_)
            | Event::Engine(_)
    );
    app.own.history.stale |= logged;
}

/// The moment at which something is to be asked, or taken in, without a key or an event.
#[must_use]
pub fn wake(app: &App) -> Option<Steady> {
    let own = &app.own.history;
    if app.view != View::History || own.asked.is_some() {
        return None;
    }
    if let Some(failed) = own.failed {
        return Some(failed + AGAIN);
    }
    own.looked.filter(|_| own.stale).map(|at| at + STEP)
}

/// What is to be asked now.
fn wanted(app: &App) -> Option<Asked> {
    let own = &app.own.history;
    let now = app.now.steady;
    if own.asked.is_some() || own.failed.is_some_and(|at| now < at + AGAIN) {
        return None;
    }
    if !own.fresh {
        return Some(Asked::First);
    }
    if own.next.is_some() && own.at + NEAR >= own.rows.len() {
        return Some(Asked::Older);
    }
    (own.stale && own.looked.is_none_or(|at| now >= at + STEP)).then_some(Asked::News)
}

/// What it still has to ask for; also takes in what waits when the hand rests.
pub fn wants(app: &mut App) -> Vec<Effect> {
    if !app.world.is_ready() {
        return Vec::new();
    }
    if !app.is_held() {
        app.own.history.take_in();
    }
    let Some(asked) = wanted(app) else { return Vec::new() };
    let (now, wall) = (app.now.steady, app.wall());
    let own = &mut app.own.history;
    let before = if asked == Asked::Older { own.next } else { None };
    match asked {
        Asked::First => {
            own.filter = own.words.1.filter(wall);
            (own.fresh, own.stale, own.looked) = (true, false, Some(now));
        }
        Asked::News => (own.stale, own.looked) = (false, Some(now)),
        Asked::Older => {}
    }
    own.failed = None;
    own.asked = Some(asked);
    own.token += 1;
    let (token, filter) = (own.token, own.filter.clone());
    let id = app.ask(Pending::Pane(Pane::History, token));
    vec![Effect::Query { id, query: Query::Log { filter, before, limit: PAGE } }]
}

/// The view opens: what has happened meanwhile is asked for.
pub fn forget(app: &mut App) {
    if let Some(before) = app.own.history.before.take() {
        set_filter(app, &before);
    }
    let own = &mut app.own.history;
    (own.fresh, own.failed) = (false, None);
}

/// Takes an answer.
pub fn reply(app: &mut App, token: u64, result: Result<Reply, Problem>) {
    let now = app.now.steady;
    let own = &mut app.own.history;
    let Some(asked) = own.asked.take_if(|_| own.token == token) else { return };
    match result {
        Ok(Reply::Answer(Answer::Log(page))) => {
            own.problem = None;
            // The filter has changed meanwhile: this is of the one before.
            if own.fresh {
                own.page(asked, page);
            }
        }
        Ok(_) => own.fail(now, "the engine answered something else".to_owned()),
        Err(problem) => own.fail(now, problem.to_string()),
    }
}

impl State {
    fn fail(&mut self, now: Steady, why: String) {
        self.failed = Some(now);
        self.problem = Some(why);
        self.stale = true;
        self.fresh &= !self.rows.is_empty();
    }
}
