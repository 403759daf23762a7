//! What an action does where no dialog is open: moving, opening, asking.

use crate::model::Name;
use crate::protocol::Command;
use crate::tui::action::Action;
use crate::tui::app::{App, Lead, Overlay, Pane, Tone};
use crate::tui::detail::Detail;
use crate::tui::effect::{Effect, Leave};
use crate::tui::line::{AckEnd, Pending};
use crate::tui::lists::Row;
use crate::tui::triage::acks;
use crate::tui::triage::again::{self, Again};
use crate::tui::views::View;
use crate::tui::widgets::cursor;
use crate::tui::{
    bell, context, filtering, layout, outside, overlays, panes, rows, triage, wall, watch,
};

/// Runs an action of a key or of the palette.
pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    if let Some(why) = app.refusal(action) {
        app.say(Tone::Bad, why);
        return Vec::new();
    }
    if app.wall.is_on() {
        wall::act(app, action);
        return Vec::new();
    }
    if let Some(effects) = panes::act(app, app.focus, action) {
        return effects;
    }
    if rows::act(app, action) {
        return Vec::new();
    }
    if let Some(effects) = triage::act(app, action) {
        return effects;
    }
    match action {
        Action::Down => go(app, 1),
        Action::Up => go(app, -1),
        Action::PageDown => go(app, page(app)),
        Action::PageUp => go(app, -page(app)),
        Action::Top => go(app, isize::MIN / 2),
        Action::Bottom => go(app, isize::MAX / 2),
        Action::NextProblem => rows::next_problem(app, true),
        Action::PreviousProblem => rows::next_problem(app, false),
        Action::NextPane => turn(app, true),
        Action::PreviousPane => turn(app, false),
        Action::Zoom => app.zoom = !app.zoom,
        Action::Overview => show(app, View::Overview),
        Action::Alerts => show(app, View::Alerts),
        Action::Hosts => show(app, View::Hosts),
        Action::Checks => show(app, View::Checks),
        Action::Paths => show(app, View::Paths),
        Action::Speed => show(app, View::Speed),
        Action::Schedules => show(app, View::Schedules),
        Action::Calendar => show(app, View::Calendar),
        Action::Probes => show(app, View::Probes),
        Action::Dns => show(app, View::Dns),
        Action::Trend => panes::trend::open(app),
        Action::Reports => show(app, View::Reports),
        Action::ReportForm => triage::report_form::open(app),
        Action::Maintenance => show(app, View::Maintenance),
        Action::Notifications => show(app, View::Notifications),
        Action::Agents => show(app, View::Agents),
        Action::Handover => show(app, View::Handover),
        Action::Rules => show(app, View::Rules),
        Action::History => show(app, View::History),
        Action::Logs => show(app, View::Logs),
        Action::Settings => show(app, View::Settings),
        Action::FluxNotify => panes::settings::open_flux_notify(app),
        Action::Interfaces => return panes::interfaces::open(app),
        Action::Series => show(app, View::Series),
        Action::Fluxbase => panes::fluxbase::open(app),
        Action::Trace => trace(app),
        Action::MetricNext => metric(app, true),
        Action::MetricPrevious => metric(app, false),
        Action::Pin => panes::pin::toggle(app),
        Action::RangeLonger => app.turn_range(true),
        Action::RangeShorter => app.turn_range(false),
        Action::Earlier | Action::Later | Action::GraphNewest | Action::LogScale => {
            panes::graph::turn(app, action);
        }
        Action::Help => app.open(Overlay::Help(0)),
        Action::Palette => overlays::palette::open(app),
        Action::Filter => filtering::open(app, false),
        Action::FilterMenu => filtering::open(app, true),
        Action::Ack => {
            let end = acks::ends(app).first().copied();
            again::open_ack(app, acks::COMMENT, end.unwrap_or(AckEnd::Recovery));
        }
        Action::Window => triage::windows::open(app, triage::windows::LENGTH),
        Action::Back => back(app),
        Action::Open => return open(app),
        Action::Unack => return send(app, "giving back", Again::Unack, acks::give_back(app)),
        Action::Recheck => return send(app, "re-checking", Again::Recheck, acks::recheck(app)),
        Action::Quit | Action::Interrupt => return quit(app, action),
        Action::Redraw => return vec![Effect::Redraw],
        Action::Copy | Action::Ssh | Action::Suspend | Action::Mouse | Action::Debug => {
            return outside::act(app, action);
        }
        Action::Reload => {
            app.say(Tone::Note, "reloading the configuration…");
            let id = app.ask(Pending::Reload);
            return vec![Effect::Execute { id, command: Command::Reload }];
        }
        Action::Theme => overlays::themes::open(app),
        Action::Context => context::explain(app),
        Action::Wall => wall::open(app),
        Action::Mute => bell::mute(app),
        // What panes, lists and triage take was offered to them; the rest belongs to dialogs.
        _ => {}
    }
    Vec::new()
}

/// Rows of the focused list that fit the screen, less one that stays.
pub fn page(app: &App) -> isize {
    let body = layout::body(app.size);
    let rows = match app.mode() {
        layout::Mode::Wide if !app.zoom => {
            let at = app.panes().iter().position(|pane| *pane == app.focus).unwrap_or(0);
            app.view.rects(body).get(at).map_or(4, |rect| rect.height).saturating_sub(4)
        }
        layout::Mode::Wide => body.height.saturating_sub(4),
        _ => body.height.saturating_sub(6),
    };
    isize::try_from(rows.max(1)).unwrap_or(1)
}

/// Moves the cursor of the focused pane.
fn go(app: &mut App, by: isize) {
    if rows::go(app, by) {
        return;
    }
    match app.focus {
        Pane::Checks => {
            if let Some(detail) = &mut app.detail {
                let at = cursor::moved(detail.index, detail.rows.len(), by);
                detail.select(at);
                watch::moved(app);
            }
        }
        Pane::Hops => {
            let rows = app.trace.as_ref().map_or(0, |trace| trace.report.hops.len());
            app.hop = cursor::moved(app.hop, rows, by);
        }
        Pane::Events | Pane::Output => {
            if let Some(detail) = &mut app.detail {
                let rows = detail.edges.as_ref().map_or(0, Vec::len);
                match app.focus {
                    Pane::Events => detail.edge = cursor::moved(detail.edge, rows, by),
                    _ => detail.line = cursor::moved(detail.line, panes::output::LINE_LIMIT, by),
                }
            }
        }
        _ => {}
    }
}

/// Selects a host.
pub fn select_host(app: &mut App, host: Name) {
    app.choose_host(host);
}

fn turn(app: &mut App, forward: bool) {
    let panes = app.panes();
    let at = panes.iter().position(|pane| *pane == app.focus).unwrap_or(0);
    let next = if forward { at + 1 } else { at + panes.len().saturating_sub(1) };
    app.focus = panes.get(next % panes.len().max(1)).copied().unwrap_or(app.focus);
}

/// Opens a view; in the view itself the first pane gets the keys.
pub(super) fn show(app: &mut App, view: View) {
    if app.view == view {
        (app.focus, app.zoom) = (view.first(), false);
    }
    app.show(view);
}

fn trace(app: &mut App) {
    let host = app.detail.as_ref().map(|detail| detail.host.clone()).or_else(|| app.host.clone());
    let Some(host) = host else {
        app.say(Tone::Note, "no host is selected");
        return;
    };
    let zoom = app.view != View::Overview || app.zoom;
    app.show(View::Overview);
    // This host, also when its alert ends meanwhile.
    app.lead = Lead::Hosts;
    app.host = Some(host);
    app.focus = Pane::Hops;
    app.zoom = zoom && app.mode() == layout::Mode::Wide;
}

fn metric(app: &mut App, forward: bool) {
    let turned = |at: Option<usize>, count: usize| match (at, forward) {
        (None, _) => 0,
        (Some(at), true) => (at + 1) % count,
        (Some(at), false) => (at + count - 1) % count,
    };
    if let Some(detail) = &mut app.detail {
        let Some(book) = &detail.book else { return };
        let shown = panes::graph::track(detail).map(|track| track.metric.label());
        let labels: Vec<String> = book.tracks.iter().map(|t| t.metric.label()).collect();
        if !labels.is_empty() {
            let at = labels.iter().position(|label| Some(label) == shown.as_ref());
            detail.metric = labels.get(turned(at, labels.len())).cloned();
        }
    } else if let Some(book) = &app.graph {
        let mut names = book.interfaces();
        names.sort();
        if !names.is_empty() {
            let at = names.iter().position(|name| Some(name) == app.interface.as_ref());
            app.interface = names.get(turned(at, names.len())).cloned();
            panes::pin::turned(app);
        }
    }
}

fn open(app: &mut App) -> Vec<Effect> {
    if app.focus == Pane::Checks {
        app.focus = Pane::Graph;
        return Vec::new();
    }
    if rows::toggle(app) {
        return Vec::new();
    }
    let (host, check) = match (app.focus, app.selected_alert()) {
        (Pane::Alerts, Some(alert)) => {
            let (id, key) = (alert.id, alert.check.clone());
            panes::alert_page::open(app, id, Some((key.host, key.name)));
            return Vec::new();
        }
        (Pane::Alerts, None) => return Vec::new(),
        (Pane::CheckList, _) => match app.lists.checks.row().and_then(Row::item) {
            Some(line) => (line.row.key.host.clone(), Some(line.row.key.name.clone())),
            None => return Vec::new(),
        },
        _ => match &app.host {
            Some(host) => (host.clone(), None),
            None => return Vec::new(),
        },
    };
    if app.world.host(&host).is_none() {
        app.say(Tone::Note, format!("{host} is no longer configured"));
        return Vec::new();
    }
    open_host(app, host, check)
}

/// Opens the host view, with the cursor on a check of it.
pub fn open_host(app: &mut App, host: Name, check: Option<Name>) -> Vec<Effect> {
    app.host = Some(host.clone());
    app.show(View::Host);
    let asked = watch::edges(app, &host);
    app.detail = Some(Detail::new(host, check));
    vec![asked]
}

/// Closes what is open, one step a press; never the console.
fn back(app: &mut App) {
    if app.zoom {
        app.zoom = false;
    } else if rows::clear_marks(app) {
    } else if !app.filter.0.is_empty() && !app.view.is_of_host() && app.view != View::Alert {
        // One object's page is not filtered: there Esc leads back to the list.
        filtering::set(app, "");
    } else {
        app.leave();
    }
}

fn quit(app: &mut App, action: Action) -> Vec<Effect> {
    if action == Action::Quit && app.zoom {
        app.zoom = false;
        return Vec::new();
    }
    if action == Action::Quit && app.leave() {
        return Vec::new();
    }
    if app.options.attached {
        return vec![Effect::Leave(Leave::Detach)];
    }
    app.open(Overlay::Question);
    Vec::new()
}

/// Sends a command on what is under the cursor, or says why not.
fn send(
    app: &mut App,
    verb: &str,
    again: Again,
    found: Result<(Command, Pending, String), &'static str>,
) -> Vec<Effect> {
    match found {
        Ok((command, pending, what)) => {
            app.say(Tone::Note, format!("{verb} {what}…"));
            app.triage.last = Some(again);
            let id = app.ask(pending);
            vec![Effect::Execute { id, command }]
        }
        Err(why) => {
            app.say(Tone::Note, why);
            Vec::new()
        }
    }
}
