//! How the page of an alert looks: a head with the timeline, below it one or two columns of lines.
//!
//! ```text
//!  ● CRIT  fra-01/mysql  connection refused by 10.0.3.1:3306
//!  firing since 21:02:20 (2m), hard 3/3
//!  ▁▁▁▁▁▁▁▁▁▁▁▁W▄▄▄▄C██████████████   15 min to 21:05
//! ```

use crate::model::safe_text::width;
use crate::model::{Alert, Phase, ShownState};
use crate::tui::app::App;
use crate::tui::format;
use crate::tui::layout::{self, Mode};
use crate::tui::panes::alert_page::lines::{self, Line};
use crate::tui::panes::ruled::waits;
use crate::tui::panes::{checks, empty, not_ready, said};
use crate::tui::theme::{Role, glyph, short};
use crate::tui::widgets::Surface;
use crate::tui::widgets::timeline::Timeline;

/// Rows of the head: what, since when, the timeline and its times, a blank.
const HEAD: usize = 5;
/// From this width on there are two columns.
const TWO: usize = 110;

/// Name and what is scrolled away.
#[must_use]
pub fn title(app: &App) -> (String, String) {
    let own = &app.own.alert;
    let name = own.key.as_ref().map(|key| format!("Alert: {key}"));
    let hidden = rows(app).saturating_sub(own.line + room(app));
    let right = if hidden > 0 { format!("↓ {hidden} more lines") } else { String::new() };
    (name.unwrap_or_else(|| "Alert".to_owned()), right)
}

/// The inside of the pane.
fn inside(app: &App) -> (usize, usize) {
    let body = layout::body(app.size);
    let area = match app.mode() {
        Mode::Wide => layout::inside(body),
        _ => layout::compact(app.size).pane,
    };
    (usize::from(area.width), usize::from(area.height))
}

/// Lines that fit below the head.
pub(super) fn room(app: &App) -> usize {
    inside(app).1.saturating_sub(HEAD)
}

/// Lines of the longest column.
pub(super) fn rows(app: &App) -> usize {
    columns(app, inside(app).0).iter().map(Vec::len).max().unwrap_or(0)
}

/// The columns of a pane that is so wide.
fn columns(app: &App, wide: usize) -> Vec<Vec<Line>> {
    let mut columns = if wide >= TWO {
        let left = wide / 2 - 1;
        vec![lines::state(app, left), lines::events(app, wide - left - 2)]
    } else {
        let mut all = lines::state(app, wide);
        all.extend(lines::events(app, wide));
        vec![all]
    };
    for column in &mut columns {
        column.truncate(super::LINES);
    }
    columns
}

/// Draws the page.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let Some(alert) = super::alert(app) else {
        match (&app.own.alert.problem, not_ready(app)) {
            (Some(problem), _) => empty(surface, &["This alert cannot be shown:", problem]),
            (None, Some(text)) => empty(surface, &[text]),
            (None, None) if app.own.alert.id.is_none() => empty(surface, &["No alert is open."]),
            (None, None) => empty(surface, &["Asking the engine…"]),
        }
        return;
    };
    head(app, surface, alert);
    let (wide, height) = (surface.width(), surface.height().saturating_sub(HEAD));
    let columns = columns(app, wide);
    let rows = columns.iter().map(Vec::len).max().unwrap_or(0);
    let first = app.own.alert.line.min(rows.saturating_sub(height));
    let each = if columns.len() > 1 { wide / 2 - 1 } else { wide };
    for (at, column) in columns.iter().enumerate() {
        let x = at * (each + 2);
        let room = if at == 0 { each } else { wide.saturating_sub(x) };
        let mut part = surface.part(x, HEAD, room, height);
        for (y, line) in column.iter().skip(first).take(height).enumerate() {
            line.draw(app, &mut part, y);
        }
    }
}

fn head(app: &App, surface: &mut Surface<'_>, alert: &Alert) {
    let wide = surface.width();
    let shown = ShownState::of(alert.state, alert.suppressed);
    let state = format!("{} {}", glyph(shown), short(shown));
    let key = alert.check.to_string();
    let x = surface.line(
        1,
        0,
        &[(&state, Role::of(shown)), ("  ", Role::Text), (&key, Role::Strong), ("  ", Role::Text)],
    );
    let text = said::of_alert(app, alert);
    surface.say(x, 0, wide.saturating_sub(x + 1), text.as_str(), Role::Text);
    let room = wide.saturating_sub(2);
    // Where there is no room for all of it the list of what happened says the rest.
    let long = since(app, alert, true);
    let text = if width(&long) <= room { long } else { since(app, alert, false) };
    surface.say(1, 1, room, &text, Role::Muted);
    timeline(app, surface, alert);
}

/// `firing since 21:02:20 (2m), hard 3/3, first seen 21:01:50`
fn since(app: &App, alert: &Alert, whole: bool) -> String {
    let (zone, wall) = (&app.options.zone, app.wall());
    let moment = |at| {
        let day = zone.format(at, "%-d %b");
        let today = !whole && day == zone.format(wall, "%-d %b");
        if today { zone.seconds(at) } else { format!("{day} {}", zone.seconds(at)) }
    };
    let age = format::age(wall.since(alert.since));
    let tries = format!("{}/{}", alert.attempt, alert.attempts);
    let mut text = match (alert.phase, alert.resolved) {
        (Phase::Pending, _) if app.world.check(&alert.check).is_some_and(|row| waits(row)) => {
            "not confirmed yet, its duration runs".to_owned()
        }
        (Phase::Pending, _) => format!("not confirmed yet, soft {tries}"),
        (Phase::Resolved, Some(at)) => {
            let took = format::length(at.since(alert.opened));
            format!("over since {} after {took}", moment(at))
        }
        (Phase::Resolved, None) => "over".to_owned(),
        (Phase::Firing, _) => {
            format!("{} since {} ({age}), hard {tries}", alert.state, moment(alert.since))
        }
    };
    if whole {
        text = format!("{text}, first seen {}", moment(alert.opened));
    }
    if let Some(fired) = alert.fired.filter(|at| *at != alert.since) {
        text = format!("{text}, alerted {}", moment(fired));
    }
    format!("{text} {}", zone.name(wall))
}

fn timeline(app: &App, surface: &mut Surface<'_>, alert: &Alert) {
    let wide = surface.width().saturating_sub(2);
    let (name, from, to) = super::window(app);
    let windows = checks::windows(app, &alert.check);
    let tier = app.options.glyphs;
    Timeline { states: &app.own.alert.states, windows: &windows, from, to, tier }
        .draw(surface, 1, 2, wide);
    let zone = &app.options.zone;
    let start = zone.moment(from, app.wall());
    surface.say(1, 3, wide / 2, &format!("└ {start}"), Role::Axis);
    let style = surface.theme.style(Role::Axis);
    let end = format!("{name} to {} ┘", zone.moment(to, app.wall()));
    surface.put_right(1 + wide, 3, wide / 2, &end, style);
}
