//! How the instances look.
//!
//! ```text
//!  ● fb-prod   app-1:8080      all met    │ Request Rate  41.2 /s  min 3 /s  avg 38 /s  max 61 /s
//! ›▲ fb-test   app-2:8080     2 missed    │   60┤   ⢀⡠⠔⠒⠊⠁
//! ─ Targets ──────────────────────────    │ P95 Latency   98 ms     Error Rate   0.02 %
//!  ✓ Latency P95      98 ms   < 200 ms    │ 200ms┤╌╌╌╌╌╌╌╌╌╌ target   1 %┤
//!  ✗ Error rate       2.5 %   < 0.1 %     │ DB Connections 3 of 25  Realtime Connections 4
//! ```

use crate::model::Unit;
use crate::protocol::{FluxbaseGoal, FluxbaseGraph, FluxbasePanel, FluxbaseRow, FluxbaseTarget};
use crate::tui::app::{App, Pane};
use crate::tui::format;
use crate::tui::panes::rows::select;
use crate::tui::panes::{empty, graph, not_ready, throughput};
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;
use crate::tui::widgets::chart::{Chart, Dot, Limit, Line};

/// Least columns of two graphs side by side.
const PAIR: usize = 76;
/// Least rows of three graphs above each other with axes.
const TALL: usize = 15;
/// Colours of the lines of a graph.
const COLOURS: [Role; 2] = [Role::Chart1, Role::Chart2];

/// Name and position.
#[must_use]
pub fn title(app: &App, pane: Pane) -> (String, String) {
    let own = &app.own.fluxbase;
    let host = own.row().map(|row| row.host.to_string()).unwrap_or_default();
    match pane {
        Pane::FluxbaseGraphs => {
            (format!("{host}, {}", graph::range(app, None)), "rates over 5 min".to_owned())
        }
        Pane::FluxbaseTargets => {
            let told = own.row().map(|row| summary(row).0).unwrap_or_default();
            ("Targets".to_owned(), told)
        }
        _ => {
            let count = own.page.rows.len();
            let right =
                if count > 0 { format!("{} of {count}", own.at + 1) } else { String::new() };
            ("Fluxbase".to_owned(), right)
        }
    }
}

/// Draws one of the panes.
pub fn view(app: &App, pane: Pane, surface: &mut Surface<'_>) {
    let own = &app.own.fluxbase;
    if own.page.rows.is_empty() || own.problem.is_some() {
        if pane == Pane::FluxbaseList || surface.width() == usize::from(app.size.0) {
            nothing(app, surface);
        }
        return;
    }
    match pane {
        Pane::FluxbaseGraphs => graphs(app, surface),
        Pane::FluxbaseTargets => targets(app, surface),
        _ => {
            let (wide, high, rows) = (surface.width(), surface.height(), own.page.rows.len());
            let below = high.saturating_sub(rows + 1);
            // On a small screen each pane has it alone, and this one has room for both.
            if wide == usize::from(app.size.0) && below >= FluxbaseGoal::ALL.len() {
                list(app, &mut surface.part(0, 0, wide, rows));
                targets(app, &mut surface.part(0, rows + 1, wide, below));
            } else {
                list(app, surface);
            }
        }
    }
}

fn nothing(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.fluxbase;
    match (&own.problem, not_ready(app)) {
        (Some(problem), _) => empty(surface, &["The instances cannot be shown:", problem]),
        (None, Some(text)) => empty(surface, &[text]),
        (None, None) if !own.loaded => empty(surface, &["Asking the engine…"]),
        (None, None) => empty(
            surface,
            &[
                "No Fluxbase is watched. In config.toml:",
                "",
                "  [[fluxbase]]",
                "  name = \"fb-prod\"",
                "  url = \"http://fb-1:8080\"",
                "",
                "shows an instance here (:reload reads it).",
            ],
        ),
    }
}

/// How many targets are missed, in words, and how bad that is.
fn summary(row: &FluxbaseRow) -> (String, Role) {
    let known = row.targets.iter().filter_map(|target| Some((target.goal, target.value?)));
    let (mut met, mut missed) = (0_usize, 0_usize);
    for (goal, value) in known {
        if goal.is_met(value) { met += 1 } else { missed += 1 }
    }
    match (met, missed) {
        (0, 0) => ("no figures".to_owned(), Role::Muted),
        (_, 0) if met == FluxbaseGoal::ALL.len() => ("all met".to_owned(), Role::StateOk),
        (_, 0) => (format!("{met} met"), Role::StateOk),
        (_, missed) => (format!("{missed} missed"), Role::StateWarning),
    }
}

fn list(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.fluxbase;
    let wide = surface.width();
    let told = 10;
    let name = wide.saturating_sub(told + 4) / 2;
    let place = wide.saturating_sub(name + told + 4);
    let height = surface.height();
    for (y, at) in own.scroll.window(own.at, own.page.rows.len(), height).enumerate() {
        let Some(row) = own.page.rows.get(at) else { continue };
        let (text, role) = summary(row);
        surface.say(1, y, name, &row.host, Role::Strong);
        surface.say(name + 2, y, place, &row.instance, Role::Muted);
        let style = surface.theme.style(role);
        surface.put_right(wide.saturating_sub(1), y, told, &text, style);
        if at == own.at {
            select(app, surface, y, app.focus == Pane::FluxbaseList);
        }
    }
}

fn unit(goal: FluxbaseGoal) -> (Unit, f64) {
    match goal {
        FluxbaseGoal::LatencyP95
        | FluxbaseGoal::LatencyP99
        | FluxbaseGoal::QueryP95
        | FluxbaseGoal::QueryP99 => (Unit::Seconds, 1.0),
        FluxbaseGoal::ErrorRate
        | FluxbaseGoal::PoolUse
        | FluxbaseGoal::Memory
        | FluxbaseGoal::Goroutines => (Unit::Percent, 100.0),
    }
}

/// `98 ms`, `+1.2 %/h`.
fn shown(goal: FluxbaseGoal, value: f64) -> String {
    let (unit, factor) = unit(goal);
    let text = format::value(value * factor, &unit);
    match goal {
        FluxbaseGoal::Memory | FluxbaseGoal::Goroutines => {
            format!("{}{text}/h", if value >= 0.0 { "+" } else { "" })
        }
        _ => text,
    }
}

/// What is said where there is no value.
const fn unknown(goal: FluxbaseGoal) -> &'static str {
    match goal {
        FluxbaseGoal::PoolUse => "not told",
        FluxbaseGoal::Memory | FluxbaseGoal::Goroutines => "no trend yet",
        _ => "no traffic",
    }
}

fn targets(app: &App, surface: &mut Surface<'_>) {
    let Some(row) = app.own.fluxbase.row() else { return };
    let wide = surface.width();
    // Name, value, what is wanted, the word for it.
    let (name, value, wish) = (13, 13, 10);
    for (y, FluxbaseTarget { goal, value: found }) in row.targets.iter().enumerate() {
        let (text, word, role) = match found {
            Some(found) if goal.is_met(*found) => (shown(*goal, *found), "met", Role::StateOk),
            Some(found) => (shown(*goal, *found), "missed", Role::StateWarning),
            None => (unknown(*goal).to_owned(), "–", Role::Muted),
        };
        surface.say(1, y, name, goal.title(), Role::Text);
        let style = surface.theme.style(if found.is_some() { Role::Strong } else { Role::Muted });
        surface.put_right(1 + name + value, y, value, &text, style);
        let wanted = format!("< {}", shown(*goal, goal.below()).trim_start_matches('+'));
        surface.say(name + value + 3, y, wish, &wanted, Role::Muted);
        let end = name + value + wish + 4;
        surface.say(end, y, wide.saturating_sub(end), word, role);
    }
}

fn graphs(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.fluxbase;
    if own.panels_of.as_ref() != own.row().map(|row| &row.host) {
        return empty(surface, &["Asking the engine…"]);
    }
    let (wide, high) = (surface.width(), surface.height());
    let count = own.page.panels.len().max(1);
    if wide >= PAIR && high >= TALL {
        // The first over the whole width, two by two below.
        let (top, left) = (high / 3, wide / 2);
        let middle = (high - top) / 2;
        let places = [
            (0, 0, wide, top),
            (0, top, left, middle),
            (left, top, wide - left, middle),
            (0, top + middle, left, high - top - middle),
            (left, top + middle, wide - left, high - top - middle),
        ];
        for (panel, (x, y, wide, high)) in own.page.panels.iter().zip(places) {
            draw(app, panel, &mut surface.part(x, y, wide, high));
        }
        return;
    }
    let each = (high / count).max(2);
    for (at, panel) in own.page.panels.iter().enumerate() {
        draw(app, panel, &mut surface.part(0, at * each, wide, each));
    }
}

fn graph_unit(graph: FluxbaseGraph) -> (Unit, f64) {
    match graph {
        FluxbaseGraph::RequestRate => (Unit::Other("/s".into()), 1.0),
        FluxbaseGraph::Latency => (Unit::Seconds, 1.0),
        FluxbaseGraph::ErrorRate => (Unit::Percent, 100.0),
        FluxbaseGraph::DbConnections | FluxbaseGraph::RealtimeConnections => (Unit::Count, 1.0),
    }
}

/// The level that is wanted, in what the graph counts.
const fn level(graph: FluxbaseGraph) -> Option<f64> {
    match graph {
        FluxbaseGraph::Latency => Some(FluxbaseGoal::LatencyP95.below()),
        FluxbaseGraph::ErrorRate => Some(FluxbaseGoal::ErrorRate.below() * 100.0),
        _ => None,
    }
}

/// One graph: its name, what its lines are now, the lines.
fn draw(app: &App, panel: &FluxbasePanel, surface: &mut Surface<'_>) {
    let (unit, factor) = graph_unit(panel.graph);
    let (from, to) = super::window(app);
    let lines = panel.lines.iter().zip(COLOURS).map(|(line, role)| {
        let dots = line.points.iter().map(|p| Dot::single(p.at, p.value * factor)).collect();
        (line.name.as_str(), Line { dots, role })
    });
    let lines: Vec<(&str, Line)> = lines.collect();
    let name = panel.graph.title();
    let used = surface.say(1, 0, surface.width().saturating_sub(2), name, Role::Strong);
    let (wide, high) = (surface.width(), surface.height());
    if let Some((word, line)) = lines.first() {
        let word = if lines.len() > 1 { *word } else { "now" };
        let room = wide.saturating_sub(used + 2);
        let what = (&unit, from, to);
        throughput::figures(app, &mut surface.part(used + 2, 0, room, 1), 0, word, line, what);
    }
    let mut chart = Chart::new(&unit, &app.options.zone, app.options.glyphs, (from, to));
    chart.now = app.wall();
    chart.cursor = app.own.lens.cursor;
    let level = level(panel.graph);
    chart.limits = level
        .map(|value| Limit { value, role: Role::ChartWarning, word: "target" })
        .into_iter()
        .collect();
    // The main line lies over the others.
    chart.lines = lines.into_iter().rev().map(|(_, line)| line).collect();
    chart.draw(&mut surface.part(1, 1, wide.saturating_sub(2), high.saturating_sub(1)));
}
