//! The list of paths, worst first.
//!
//! ```text
//! ›● CRIT  core-fra-2  path    100 %     –   answers end at hop 2
//!  ✓ OK    web-1       trace     0 %  31.7   the target answers
//!  ↻ live  db-2        trace     0 %   4.1   the target answers
//! ```

use std::cmp::Reverse;
use std::sync::Arc;

use crate::model::trace::TraceReport;
use crate::model::{CheckKey, Name, Path, ShownState, State, Timestamp};
use crate::tui::app::{App, Pane};
use crate::tui::format;
use crate::tui::panes::rows::select;
use crate::tui::panes::{empty, not_ready};
use crate::tui::theme::{Role, glyph, short};
use crate::tui::widgets::Surface;

/// Columns of the loss, with the blank before it.
const LOSS: usize = 6;
/// Columns of the round trip.
const RTT: usize = 8;

/// A path: a check that traces, or a live trace.
#[derive(Clone, Debug)]
pub struct Row {
    pub host: Name,
    /// The check; `None` is a live trace.
    pub check: Option<Name>,
    /// `None`: no result yet.
    pub state: Option<State>,
    pub at: Option<Timestamp>,
    pub report: Option<Arc<TraceReport>>,
    pub path: Option<Path>,
    pub changed: Option<Timestamp>,
}

impl Row {
    /// What the cursor belongs to.
    pub fn id(&self) -> (Name, Option<Name>) {
        (self.host.clone(), self.check.clone())
    }

    /// Loss and round trip at its end.
    fn end(&self) -> (Option<f64>, Option<f64>) {
        match (&self.report, &self.path) {
            (Some(report), _) if !report.reached => (Some(100.0), None),
            (Some(report), _) => {
                let last = report.hops.last();
                let loss = last.filter(|hop| hop.sent > 0).map(|hop| hop.loss_pct);
                (loss, last.and_then(|hop| hop.avg_ms))
            }
            (None, Some(path)) => (path.loss_pct, path.rtt_ms),
            (None, None) => (None, None),
        }
    }

    /// How bad it is, for the order.
    fn rank(&self) -> (u8, bool) {
        let state = match self.state {
            Some(State::Critical) => 4,
            Some(State::Unknown) => 3,
            Some(State::Warning) => 2,
            Some(State::Ok) => 1,
            None => 0,
        };
        (state, self.report.as_ref().is_some_and(|report| !report.reached))
    }
}

/// All paths, worst first, then by name; live ones behind the checks of the same rank.
pub fn rows(app: &App) -> Vec<Row> {
    let own = &app.own.paths;
    let checks = own.checks.iter().map(|summary| {
        // The World is fresher than the list.
        let row = app.world.check(&summary.key);
        let waits = row.is_some_and(|row| row.status.is_waiting());
        let state = row.map_or(summary.state, |row| row.status.state);
        Row {
            host: summary.key.host.clone(),
            check: Some(summary.key.name.clone()),
            state: (!waits).then_some(state),
            at: summary.at,
            report: summary.report.clone(),
            path: summary.path.clone(),
            changed: summary.changed,
        }
    });
    // A host that a check traces needs no second row.
    let alone = |live: &&Arc<crate::protocol::LiveTrace>| {
        own.checks.iter().all(|summary| summary.key.host != live.host)
    };
    let live = own.live.iter().filter(alone).map(|live| Row {
        host: live.host.clone(),
        check: None,
        state: None,
        at: Some(live.at),
        report: Some(Arc::clone(&live.report)),
        path: None,
        changed: None,
    });
    let mut rows: Vec<Row> = checks.chain(live).collect();
    rows.sort_by_cached_key(|row| {
        (Reverse(row.rank()), row.check.is_none(), row.host.clone(), row.check.clone())
    });
    rows
}

/// Counts and position.
pub fn title(app: &App) -> (String, String) {
    let rows = rows(app);
    let bad = rows.iter().filter(|row| row.rank() > (1, false)).count();
    let text = if bad > 0 { format!("Paths: {bad} bad") } else { "Paths".to_owned() };
    if rows.is_empty() {
        return (text, String::new());
    }
    let here = app.own.paths.selected.as_ref();
    let at = rows.iter().position(|row| Some(&row.id()) == here).unwrap_or(0);
    (text, format!("worst first · {} of {}", at + 1, rows.len()))
}

fn nothing(app: &App, surface: &mut Surface<'_>) {
    match (&app.own.paths.problem, not_ready(app)) {
        (Some(problem), _) => empty(surface, &["The paths cannot be shown:", problem]),
        (None, Some(text)) => empty(surface, &[text]),
        (None, None) if !app.own.paths.loaded => empty(surface, &["Asking the engine…"]),
        (None, None) => {
            let key = app.keymap.key(&app.pane_contexts(), crate::tui::action::Action::Trace);
            let hint = format!("or {} on a host traces it now.", key.unwrap_or_default());
            let lines = [
                "No path is watched. In config.toml:",
                "",
                "  [[host.check]]",
                "  kind = \"trace\"",
                "",
                "traces a host all the time (:reload reads it),",
                &hint,
            ];
            empty(surface, &lines);
        }
    }
}

/// Draws the list.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let rows = rows(app);
    if rows.is_empty() {
        return nothing(app, surface);
    }
    let own = &app.own.paths;
    let at = rows.iter().position(|row| Some(&row.id()) == own.selected.as_ref());
    let at = at.unwrap_or(own.at.min(rows.len() - 1));
    let wide = surface.width();
    // A narrow list has a second line for the verdict.
    let tall = if wide < 70 { 2 } else { 1 };
    let height = surface.height() / tall;
    for (y, n) in own.scroll.window(at, rows.len(), height).enumerate() {
        let Some(line) = rows.get(n) else { continue };
        let y = y * tall;
        row(app, surface, y, line, tall == 2);
        if n == at {
            select(app, surface, y, app.focus == Pane::PathList);
            if tall == 2 {
                let role = if app.focus == Pane::PathList && app.overlay.is_none() {
                    Role::Selection
                } else {
                    Role::SelectionQuiet
                };
                surface.tint(y + 1, role);
            }
        }
    }
}

fn row(app: &App, surface: &mut Surface<'_>, y: usize, row: &Row, tall: bool) {
    let wide = surface.width();
    let (sign, role) = match (&row.check, row.state) {
        (Some(name), Some(state)) => {
            let key = CheckKey { host: row.host.clone(), name: name.clone() };
            let seen = app.world.check(&key);
            let state = ShownState::of(state, false);
            let shown = seen.map_or(state, |seen| app.world.shown_check(seen, app.wall()));
            (format!("{} {}", glyph(shown), short(shown)), Role::of(shown))
        }
        (Some(_), None) => ("○ wait".to_owned(), Role::StateWaiting),
        (None, _) => ("↻ live".to_owned(), Role::Muted),
    };
    // Where columns are few the names are as wide as can be.
    let left = if tall { 8 } else { 9 };
    surface.say(1, y, left - 2, &sign, role);
    let name = row.check.as_deref().unwrap_or("trace");
    let numbers = LOSS + 1 + RTT;
    let (loss, rtt) = row.end();
    let loss_text = loss.map_or("–".to_owned(), |loss| format!("{loss:.0} %"));
    let loss_role = if loss.is_some_and(|loss| loss >= 0.5) { Role::Strong } else { Role::Muted };
    let names = if tall { wide.saturating_sub(left + numbers + 1) } else { 26 };
    // The host keeps its name; the check's is cut first.
    let used = surface.say(left, y, names, &row.host, Role::Strong) + 1;
    surface.say(left + used, y, names.saturating_sub(used), name, Role::Muted);
    let style = surface.theme.style(loss_role);
    surface.put_right(left + names + LOSS, y, LOSS - 1, &loss_text, style);
    let style = surface.theme.style(Role::Text);
    let rtt = format::round_trip(rtt);
    // Of a very long one the unit is there already.
    let rtt = if rtt.ends_with('s') { rtt } else { format!("{rtt} ms") };
    surface.put_right(left + names + numbers, y, RTT, &rtt, style);
    let verdict = match &row.report {
        Some(report) => report.verdict.as_str(),
        None => "not walked since the engine started",
    };
    if tall {
        surface.say(left, y + 1, wide.saturating_sub(left + 1), verdict, Role::Muted);
    } else {
        let x = left + names + numbers + 2;
        surface.say(x, y, wide.saturating_sub(x + 1), verdict, Role::Text);
    }
}
