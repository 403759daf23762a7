//! The panes: each draws itself and names itself; the hosts also know their geometry.
//!
//! In: the console's state and a surface. Out: cells, titles, cursor steps over hosts.
//! Never: asks the engine, changes anything but a cursor.

pub mod alerts;
pub mod checks;
pub mod events;
pub mod graph;
pub mod hops;
pub mod hosts;
pub mod output;
pub mod preview;
pub mod throughput;

use crate::tui::app::{App, Link, Pane};
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;

/// The title of a pane: name with filter and count, and what belongs at the right end.
#[must_use]
pub fn title(app: &App, pane: Pane) -> (String, String) {
    match pane {
        Pane::Hosts => hosts::title(app),
        Pane::Alerts => alerts::title(app),
        Pane::Throughput => throughput::title(app),
        Pane::Hops => hops::title(app),
        Pane::Checks => checks::title(app),
        Pane::Graph => graph::title(app),
        Pane::Output => output::title(app),
        Pane::Events => events::title(app),
    }
}

/// Draws a pane.
pub fn view(app: &App, pane: Pane, surface: &mut Surface<'_>) {
    match pane {
        Pane::Hosts => hosts::view(app, surface),
        Pane::Alerts => alerts::view(app, surface),
        Pane::Throughput => throughput::view(app, surface),
        Pane::Hops => hops::view(app, surface),
        Pane::Checks => checks::view(app, surface),
        Pane::Graph => graph::view(app, surface),
        Pane::Output => output::view(app, surface),
        Pane::Events => events::view(app, surface),
    }
}

/// Sentences for a pane without content.
fn empty(surface: &mut Surface<'_>, lines: &[&str]) {
    let room = surface.width().saturating_sub(2);
    for (y, text) in lines.iter().enumerate() {
        surface.say(1, y, room, text, Role::Muted);
    }
}

/// What an empty list says while the first picture is not whole.
fn not_ready(app: &App) -> Option<&'static str> {
    match app.link {
        Link::Connecting => Some("Waiting for the engine…"),
        Link::Live if !app.world.is_ready() => Some("Loading…"),
        _ => None,
    }
}
