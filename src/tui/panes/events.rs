//! Host view: what happened to its alerts, newest first.

use crate::model::{Edge, EdgeKind};
use crate::tui::app::App;
use crate::tui::panes::empty;
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;

/// How many there are.
#[must_use]
pub fn title(app: &App) -> (String, String) {
    let Some(detail) = &app.detail else { return Default::default() };
    let count = detail.edges.as_ref().map_or(0, Vec::len);
    let right = if count == 0 { String::new() } else { format!("newest first · {count}") };
    (format!("Events of {}", detail.host), right)
}

/// Draws the list.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let Some(detail) = &app.detail else { return };
    let edges = match (&detail.edges, &detail.edges_problem) {
        (Some(edges), _) if edges.is_empty() => {
            empty(surface, &["Nothing has happened to this host."]);
            return;
        }
        (Some(edges), _) => edges,
        (None, Some(problem)) => {
            empty(surface, &["No events:", problem]);
            return;
        }
        (None, None) => {
            empty(surface, &["Asking for the events…"]);
            return;
        }
    };
    let height = surface.height();
    let first = detail.edge.min(edges.len().saturating_sub(height));
    for (y, edge) in edges.iter().skip(first).take(height).enumerate() {
        row(app, surface, y, edge);
    }
}

const fn word(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Fired => "fired",
        EdgeKind::Worse => "worse",
        EdgeKind::Better => "better",
        EdgeKind::Recovered => "recovered",
        EdgeKind::Acknowledged => "acked",
        EdgeKind::Unacknowledged => "un-acked",
        EdgeKind::AckExpired => "ack ended",
        EdgeKind::WindowBegan => "window on",
        EdgeKind::WindowEnded => "window off",
        EdgeKind::Closed => "closed",
        EdgeKind::Commented => "comment",
        EdgeKind::Undone => "undone",
        EdgeKind::FlappingStarted => "flapping",
        EdgeKind::FlappingStopped => "flap ended",
        EdgeKind::Reminded => "reminded",
        EdgeKind::CauseBegan => "explained",
        EdgeKind::CauseEnded => "by itself",
        EdgeKind::Escalated => "escalated",
    }
}

fn row(app: &App, surface: &mut Surface<'_>, y: usize, edge: &Edge) {
    let when = app.options.zone.moment(edge.at, app.wall());
    let style = surface.theme.style(Role::Muted);
    surface.put_right(13, y, 13, &when, style);
    let role = match edge.kind {
        EdgeKind::Fired | EdgeKind::Worse | EdgeKind::Better | EdgeKind::Recovered => {
            Role::of_state(edge.to)
        }
        _ => Role::Text,
    };
    surface.say(14, y, 10, word(edge.kind), role);
    surface.say(25, y, 12, &edge.check.name, Role::Text);
    let text = match &edge.actor {
        Some(actor) => format!("{actor}: {}", edge.text),
        None => edge.text.to_string(),
    };
    let room = surface.width().saturating_sub(39);
    surface.say(38, y, room, &text, Role::Text);
}
