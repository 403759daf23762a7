//! The handover: what the next team must know, as one page that scrolls and copies.
//!
//! ```text
//!  from 14:00 (the begin of the shift) to 21:04 UTC, 2026-02-24
//!  Open, nobody has it (2)
//!    CRITICAL  db-1/disk   since 20:12 (52m)   / is 97 % full
//!    WARNING   web-1/http  since 20:48 (16m)   slow: 3.2 s
//!  Acknowledged (1)
//!    CRITICAL  fra-01/mysql ann until 22:00    looking into it
//! ```
//!
//! In: the engine's handover. Out: lines, and its Markdown for the clipboard.
//! Never: keeps more than one page, or asks while the view is not shown.

use ratatui::layout::Rect;

use crate::model::safe_text::truncate;
use crate::model::{Handover, HandoverPart, HandoverRow, ShownState, Span, Steady, Topic};
use crate::protocol::Problem;
use crate::protocol::query::{Answer, Query};
use crate::tui::action::Action;
use crate::tui::app::{App, Pane, Tone};
use crate::tui::effect::{Effect, Reply};
use crate::tui::handover;
use crate::tui::layout::{self, Mode};
use crate::tui::line::Pending;
use crate::tui::panes::{empty, not_ready};
use crate::tui::theme::{Role, glyph};
use crate::tui::views::View;
use crate::tui::widgets::{Surface, cursor};
use crate::tui::wrap::broken;

/// How often it is asked for again.
const STEP: Span = Span::from_secs(5);
/// How long after a failure.
const AGAIN: Span = Span::from_secs(10);

/// The pane's own state.
#[derive(Debug, Default)]
pub struct State {
    page: Option<Box<Handover>>,
    line: usize,
    looked: Option<Steady>,
    token: u64,
    problem: Option<String>,
}

impl State {
    /// When it is asked for again; `None` before the first time.
    fn due(&self) -> Option<Steady> {
        let step = if self.problem.is_some() { AGAIN } else { STEP };
        self.looked.map(|at| at + step)
    }
}

/// A line of the page.
enum Line<'a> {
    Blank,
    Words(String, Role),
    Row(&'a HandoverPart, &'a HandoverRow),
}

fn lines(app: &App) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let Some(page) = &app.own.handover.page else { return lines };
    let mut words = |text: &str, role| {
        let parts = broken(text, wide(app), SENTENCE).into_iter();
        lines.extend(parts.map(|part| Line::Words(part, role)));
    };
    words(&handover::span(page, &app.options.zone), Role::Muted);
    for text in handover::remarks(page) {
        words(&text, Role::Note);
    }
    for part in &page.parts {
        lines.push(Line::Blank);
        let role = match part.topic {
            _ if part.count == 0 => Role::Muted,
            Topic::Open | Topic::Unwatched => Role::Bad,
            _ => Role::Title,
        };
        lines.push(Line::Words(handover::heading(part), role));
        lines.extend(part.rows.iter().map(|row| Line::Row(part, row)));
        let more = handover::more(part, usize::MAX);
        lines.extend(more.map(|text| Line::Words(format!("  {text}"), Role::Muted)));
    }
    lines
}

/// Where the page stands.
fn area(app: &App) -> Rect {
    match app.mode() {
        Mode::Wide => layout::inside(layout::body(app.size)),
        _ => layout::compact(app.size).pane,
    }
}

/// Lines that fit.
fn room(app: &App) -> usize {
    usize::from(area(app).height)
}

/// Columns of a sentence.
fn wide(app: &App) -> usize {
    usize::from(area(app).width).saturating_sub(2)
}

fn first(app: &App, count: usize) -> usize {
    app.own.handover.line.min(count.saturating_sub(room(app)))
}

/// Since when, and what is scrolled away.
#[must_use]
pub fn title(app: &App) -> (String, String) {
    let count = lines(app).len();
    let hidden = count.saturating_sub(first(app, count) + room(app));
    let right = if hidden > 0 { format!("↓ {hidden} more lines") } else { String::new() };
    let text = app.own.handover.page.as_ref().map(|page| {
        let since = app.options.zone.moment(page.from, page.to);
        format!("Handover since {since}")
    });
    (text.unwrap_or_else(|| "Handover".to_owned()), right)
}

/// Draws the page.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.handover;
    let Some(page) = &own.page else {
        match (&own.problem, not_ready(app)) {
            (Some(problem), _) => empty(surface, &["The handover cannot be shown:", problem]),
            (None, Some(text)) => empty(surface, &[text]),
            (None, None) => empty(surface, &["Asking the engine…"]),
        }
        return;
    };
    let lines = lines(app);
    let columns = Columns::of(surface.width());
    let first = app.own.handover.line.min(lines.len().saturating_sub(surface.height()));
    for (y, line) in lines.iter().skip(first).take(surface.height()).enumerate() {
        match line {
            Line::Blank => {}
            Line::Words(text, role) => {
                surface.say(1, y, surface.width().saturating_sub(2), text, *role);
            }
            Line::Row(part, row) => columns.draw(app, surface, y, (page, part, row)),
        }
    }
}

/// Columns that all topics share, so that the eye finds a check where it found the last one; what
/// is written in them moves none.
struct Columns {
    when: usize,
    check: usize,
    who: usize,
}

/// Most lines of a sentence.
const SENTENCE: usize = 4;
/// Columns of a state with its sign.
const STATE: usize = 10;

impl Columns {
    const fn of(wide: usize) -> Self {
        let (when, check, who) = match wide {
            160.. => (26, 40, 16),
            100.. => (23, 26, 12),
            _ => (18, 16, 8),
        };
        Self { when, check, who }
    }

    fn draw(
        &self,
        app: &App,
        surface: &mut Surface<'_>,
        y: usize,
        (page, part, row): (&Handover, &HandoverPart, &HandoverRow),
    ) {
        let mut x = 2;
        if let Some(state) = row.state {
            let shown = ShownState::of(state, false);
            surface.say(
                x,
                y,
                STATE,
                &format!("{} {}", glyph(shown), state.word()),
                Role::of(shown),
            );
        }
        x += STATE + 1;
        let when = handover::when(row, part.topic, page, &app.options.zone);
        surface.say(x, y, self.when, &truncate(&when, self.when), Role::Muted);
        x += self.when + 1;
        if let Some(key) = &row.check {
            let key = truncate(&key.to_string(), self.check);
            surface.say(x, y, self.check, &key, Role::Strong);
            x += self.check + 1;
        }
        // What is about no check begins where their names do.
        if let Some(who) = &row.who {
            surface.say(x, y, self.who, &truncate(who.as_str(), self.who), Role::Accent);
            x += self.who + 1;
        }
        let room = surface.width().saturating_sub(x + 1);
        surface.say(x, y, room, &truncate(row.text.as_str(), room), Role::Text);
    }
}

/// Runs an action that means something special here.
pub fn act(app: &mut App, action: Action) -> Option<Vec<Effect>> {
    if let Some(by) = cursor::step(action, crate::tui::act::page(app)) {
        let count = lines(app).len();
        let last = count.saturating_sub(room(app));
        app.own.handover.line = cursor::moved(first(app, count), last + 1, by);
        return Some(Vec::new());
    }
    match action {
        Action::Fetch => {
            forget(app);
            Some(Vec::new())
        }
        Action::Copy => Some(match &app.own.handover.page {
            Some(page) => vec![Effect::Copy(handover::copied(page, &app.options.zone))],
            None => {
                app.say(Tone::Note, "there is nothing to copy yet");
                Vec::new()
            }
        }),
        _ => None,
    }
}

/// The moment at which it is asked for again.
#[must_use]
pub fn wake(app: &App) -> Option<Steady> {
    (app.view == View::Handover).then(|| app.own.handover.due())?
}

/// What is still to be asked for.
pub fn wants(app: &mut App) -> Vec<Effect> {
    let now = app.now.steady;
    if !app.world.is_ready() || app.own.handover.due().is_some_and(|due| now < due) {
        return Vec::new();
    }
    let shift = app.options.shift(app.wall());
    let own = &mut app.own.handover;
    own.looked = Some(now);
    own.token += 1;
    let token = own.token;
    let id = app.ask(Pending::Pane(Pane::Handover, token));
    let (start, before) = (shift.map(|s| s.start), shift.map(|s| s.before));
    let query = Query::Handover { since: None, shift: start, before };
    vec![Effect::Query { id, query }]
}

/// What is on screen is old.
pub fn forget(app: &mut App) {
    app.own.handover.looked = None;
}

/// Takes an answer.
pub fn reply(app: &mut App, token: u64, result: Result<Reply, Problem>) {
    let own = &mut app.own.handover;
    if token != own.token {
        return;
    }
    match result {
        Ok(Reply::Answer(Answer::Handover(page))) => {
            (own.page, own.problem) = (Some(page), None);
        }
        Ok(_) => own.problem = Some("the engine answered something else".to_owned()),
        Err(problem) => own.problem = Some(problem.to_string()),
    }
}
