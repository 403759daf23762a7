//! The reports of this session: what is being made, where each was saved, why it was not.
//!
//! ```text
//!  state      of                   tests      time                       where
//! ›▸ making   jump-02 → lan-1      speedtest  26 Jan 01:00 – 26 Feb 01:00  12 s, 3 minutes at most
//!  ✓ saved    fra-01 → core-fra-2  trace      …                          48 kB  /home/noc/fluxnoc-….pdf
//! ```
//!
//! In: what a form wanted, what came of it. Out: rows, orders to make and to end.
//! Never: keeps a report itself, or more than the last of them.

use crate::model::{SafeText, Steady};
use crate::protocol::ReportWish;
use crate::tui::action::Action;
use crate::tui::app::{App, Pane, Tone};
use crate::tui::effect::Effect;
use crate::tui::panes::columns::{columns, heads, row};
use crate::tui::panes::empty;
use crate::tui::panes::rows::select;
use crate::tui::panes::speed::{pair_words, words};
use crate::tui::report_file::{Order, Saved};
use crate::tui::theme::Role;
use crate::tui::triage::report_form;
use crate::tui::views::View;
use crate::tui::widgets::{Scroll, Surface, cursor};

/// Reports that are listed.
const KEPT: usize = 100;

/// How a report stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum How {
    /// It is being made since then.
    Making(Steady),
    Saved(Saved),
    Failed(String),
    Cancelled,
}

#[derive(Clone, Debug)]
struct Row {
    id: u64,
    wish: ReportWish,
    path: String,
    how: How,
}

/// The pane's own state.
#[derive(Debug, Default)]
pub struct State {
    /// The newest first.
    rows: Vec<Row>,
    at: usize,
    scroll: Scroll,
}

/// Has a report made.
pub fn begin(app: &mut App, wish: ReportWish, path: String) -> Vec<Effect> {
    app.next_id += 1;
    let id = app.next_id;
    let how = How::Making(app.now.steady);
    let own = &mut app.own.reports;
    own.rows.insert(0, Row { id, wish: wish.clone(), path: path.clone(), how });
    own.at = 0;
    // What is being made is kept: somebody may want to end it.
    let mut over = own.rows.len().saturating_sub(KEPT);
    while over > 0 {
        let old = own.rows.iter().rposition(|row| !matches!(row.how, How::Making(_)));
        let Some(old) = old else { break };
        own.rows.remove(old);
        over -= 1;
    }
    vec![Effect::Report(Box::new(Order { id, wish, path }))]
}

/// Takes what came of one; it is said wherever somebody is.
pub fn came(app: &mut App, id: u64, result: Result<Saved, String>) {
    let Some(row) = app.own.reports.rows.iter_mut().find(|row| row.id == id) else { return };
    if !matches!(row.how, How::Making(_)) {
        return;
    }
    match result {
        Ok(saved) => {
            let text = format!("saved {}", SafeText::line(&saved.path));
            row.how = How::Saved(saved);
            app.say(Tone::Good, text);
        }
        Err(why) => {
            let why = SafeText::line(&why).to_string();
            row.how = How::Failed(why.clone());
            app.say(Tone::Bad, format!("no report: {why}"));
        }
    }
}

/// The report under the cursor is being made.
#[must_use]
pub fn is_making(app: &App) -> bool {
    let own = &app.own.reports;
    own.rows.get(own.at).is_some_and(|row| matches!(row.how, How::Making(_)))
}

/// The report under the cursor is there.
#[must_use]
pub fn is_saved(app: &App) -> bool {
    let own = &app.own.reports;
    own.rows.get(own.at).is_some_and(|row| matches!(row.how, How::Saved(_)))
}

/// Runs an action that means something special here.
pub fn act(app: &mut App, action: Action) -> Option<Vec<Effect>> {
    if let Some(by) = cursor::step(action, crate::tui::act::page(app)) {
        let own = &mut app.own.reports;
        own.at = cursor::moved(own.at, own.rows.len(), by);
        return Some(Vec::new());
    }
    match action {
        Action::TestForm | Action::ReportForm => report_form::open(app),
        Action::CancelTest => return Some(end(app)),
        Action::Copy => {
            let own = &app.own.reports;
            let how = own.rows.get(own.at).map(|row| row.how.clone());
            let Some(How::Saved(saved)) = how else {
                app.say(Tone::Note, "no saved report is under the cursor");
                return Some(Vec::new());
            };
            app.say(Tone::Good, "the path is copied");
            return Some(vec![Effect::Copy(saved.path)]);
        }
        _ => return None,
    }
    Some(Vec::new())
}

/// Ends the one under the cursor.
fn end(app: &mut App) -> Vec<Effect> {
    if !is_making(app) {
        app.say(Tone::Note, "no report is being made here");
        return Vec::new();
    }
    let own = &mut app.own.reports;
    let Some(row) = own.rows.get_mut(own.at) else { return Vec::new() };
    row.how = How::Cancelled;
    let id = row.id;
    app.say(Tone::Good, "the report is cancelled; nothing is written");
    vec![Effect::EndReport(id)]
}

/// The moment at which it takes a second longer.
#[must_use]
pub fn wake(app: &App) -> Option<Steady> {
    let making = |row: &Row| matches!(row.how, How::Making(_));
    let live = app.view == View::Reports && app.own.reports.rows.iter().any(making);
    live.then(|| app.now.steady + crate::model::Span::from_secs(1))
}

/// Counts and position.
#[must_use]
pub fn title(app: &App) -> (String, String) {
    let own = &app.own.reports;
    if own.rows.is_empty() {
        return ("Reports".to_owned(), String::new());
    }
    let text = format!("Reports of this session: {}", own.rows.len());
    (text, format!("{} of {}", own.at + 1, own.rows.len()))
}

fn state(how: &How) -> (&'static str, Role) {
    match how {
        How::Making(_) => ("▸ making", Role::Strong),
        How::Saved(_) => ("✓ saved", Role::StateOk),
        How::Failed(_) => ("? failed", Role::StateUnknown),
        How::Cancelled => ("– cancelled", Role::Muted),
    }
}

/// How far it is, where it is, or why it is not.
fn said(app: &App, row: &Row) -> String {
    match &row.how {
        How::Making(since) => {
            let gone = app.now.steady.since(*since).millis() / 1000;
            format!("{gone} s so far, 5 min at most; then {}", SafeText::line(&row.path))
        }
        How::Saved(saved) => {
            let size = words::moved(u64::try_from(saved.bytes).unwrap_or(u64::MAX));
            format!("{size}  {}", SafeText::line(&saved.path))
        }
        How::Failed(why) => why.clone(),
        How::Cancelled => "nothing was written".to_owned(),
    }
}

fn pair(row: &Row) -> String {
    let agent = row.wish.agent.as_deref().unwrap_or("all agents");
    pair_words(agent, row.wish.target.as_deref().unwrap_or("all targets"))
}

fn time(app: &App, row: &Row) -> String {
    let moment = |at| app.options.zone.format(at, "%Y-%m-%d %H:%M");
    format!("{} – {}", moment(row.wish.start), moment(row.wish.end))
}

/// Draws the list.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.reports;
    if own.rows.is_empty() {
        let key = app.keymap.key(&app.pane_contexts(), Action::TestForm).unwrap_or_default();
        let first = format!("No report was made in this session: {key} makes one,");
        let then = "as PDF for a carrier or as CSV for a program. `fluxnoc report` does the same.";
        return empty(surface, &[&first, then]);
    }
    let (of, time_wide) = match surface.width() {
        160.. => (44, 35),
        100..160 => (28, 0),
        _ => (20, 0),
    };
    let columns = columns(
        surface.width(),
        &[
            (11, "state", false),
            (of, "of", false),
            (9, "tests", false),
            (3, "as", false),
            (time_wide, "time", false),
            (0, "where", false),
        ],
    );
    heads(surface, &columns);
    let height = surface.height().saturating_sub(1);
    for (y, at) in own.scroll.window(own.at, own.rows.len(), height).enumerate() {
        let Some(one) = own.rows.get(at) else { continue };
        let (word, role) = state(&one.how);
        let cells = [
            (word.to_owned(), role),
            (pair(one), Role::Strong),
            (one.wish.test_type.word().to_owned(), Role::Text),
            (one.wish.format.word().to_owned(), Role::Text),
            (time(app, one), Role::Muted),
            (said(app, one), Role::Text),
        ];
        row(surface, y + 1, &columns, &cells);
        if at == own.at {
            select(app, surface, y + 1, app.focus == Pane::Reports);
        }
    }
}

/// The one under the cursor in two rows, for a small screen.
pub fn preview(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.reports;
    let Some(one) = own.rows.get(own.at) else { return };
    let room = surface.width().saturating_sub(2);
    let days = format!("  {}", time(app, one));
    surface.line(1, 0, &[(&pair(one), Role::Strong), (&days, Role::Muted)]);
    surface.say(1, 1, room, &said(app, one), Role::Text);
}
