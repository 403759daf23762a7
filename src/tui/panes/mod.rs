//! The panes: each draws itself and names itself; the hosts also know their geometry.
//!
//! In: the console's state and a surface. Out: cells, titles, cursor steps over hosts.
//! Never: asks the engine, changes anything but a cursor.

pub mod agents;
pub mod alert_page;
pub mod alerts;
pub mod calendar;
pub mod checklist;
pub mod checks;
pub mod columns;
pub mod events;
pub mod fluxbase;
pub mod graph;
pub mod handover;
pub mod history;
pub mod hops;
pub mod hosts;
pub mod interfaces;
pub mod logs;
pub mod needle;
pub mod notifications;
pub mod output;
pub mod paths;
pub mod pin;
pub mod preview;
pub mod probes;
pub mod queries;
pub mod reports;
pub mod rows;
pub mod rule_rows;
pub mod ruled;
pub mod rules;
pub mod said;
pub mod schedules;
pub mod series;
pub mod settings;
pub mod speed;
pub mod throughput;
pub mod traces;
pub mod trend;
pub mod windows;

use crate::model::Steady;
use crate::protocol::{Event, Problem};
use crate::tui::action::Action;
use crate::tui::app::{App, Link, Overlay, Pane};
use crate::tui::book::Lens;
use crate::tui::effect::{Effect, Reply};
use crate::tui::line::{Line, Purpose};
use crate::tui::theme::Role;
use crate::tui::views::View;
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
        Pane::CheckList => checklist::title(app),
        Pane::PathList | Pane::PathHops | Pane::PathGraph | Pane::PathChanges => {
            paths::title(app, pane)
        }
        Pane::SpeedList | Pane::SpeedResult => speed::title(app, pane),
        Pane::ScheduleList | Pane::ScheduleResults => schedules::title(app, pane),
        Pane::Calendar | Pane::CalendarRuns => calendar::title(app, pane),
        Pane::Probes | Pane::ProbeResult | Pane::DnsList | Pane::DnsResult => {
            probes::title(app, pane)
        }
        Pane::Trend => trend::title(app),
        Pane::Reports => reports::title(app),
        Pane::TraceList | Pane::TraceCompare => traces::title(app, pane),
        Pane::Windows => windows::title(app),
        Pane::Notifications => notifications::title(app),
        Pane::Agents => agents::title(app),
        Pane::Handover => handover::title(app),
        Pane::RuleList | Pane::RuleChecks => rules::title(app, pane),
        Pane::History => history::title(app),
        Pane::Logs => logs::title(app),
        Pane::Settings => settings::title(app),
        Pane::SeriesList | Pane::SeriesGraph => series::title(app, pane),
        Pane::FluxbaseList | Pane::FluxbaseTargets | Pane::FluxbaseGraphs => {
            fluxbase::title(app, pane)
        }
        Pane::AlertPage => alert_page::title(app),
        Pane::Interfaces => interfaces::title(app),
        Pane::InterfaceGraph => interfaces::graph_title(app),
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
        Pane::CheckList => checklist::view(app, surface),
        Pane::PathList | Pane::PathHops | Pane::PathGraph | Pane::PathChanges => {
            paths::view(app, pane, surface);
        }
        Pane::SpeedList | Pane::SpeedResult => speed::view(app, pane, surface),
        Pane::ScheduleList | Pane::ScheduleResults => schedules::view(app, pane, surface),
        Pane::Calendar | Pane::CalendarRuns => calendar::view(app, pane, surface),
        Pane::Probes | Pane::ProbeResult | Pane::DnsList | Pane::DnsResult => {
            probes::view(app, pane, surface);
        }
        Pane::Trend => trend::view(app, surface),
        Pane::Reports => reports::view(app, surface),
        Pane::TraceList | Pane::TraceCompare => traces::view(app, pane, surface),
        Pane::Windows => windows::view(app, surface),
        Pane::Notifications => notifications::view(app, surface),
        Pane::Agents => agents::view(app, surface),
        Pane::Handover => handover::view(app, surface),
        Pane::RuleList | Pane::RuleChecks => rules::view(app, pane, surface),
        Pane::History => history::view(app, surface),
        Pane::Logs => logs::view(app, surface),
        Pane::Settings => settings::view(app, surface),
        Pane::SeriesList | Pane::SeriesGraph => series::view(app, pane, surface),
        Pane::FluxbaseList | Pane::FluxbaseTargets | Pane::FluxbaseGraphs => {
            fluxbase::view(app, pane, surface);
        }
        Pane::AlertPage => alert_page::view(app, surface),
        Pane::Interfaces => interfaces::view(app, surface),
        Pane::InterfaceGraph => interfaces::graph_view(app, surface),
    }
}

/// The states of the panes that have one of their own; each is private to its pane.
#[derive(Debug, Default)]
pub struct Own {
    /// How all graphs look at time.
    pub lens: Lens,
    /// The host view's checks: what they measured of late.
    pub checks: checks::State,
    /// The list of all checks.
    pub checklist: checklist::State,
    /// Paths.
    pub paths: paths::State,
    /// Speedtests.
    pub speed: speed::State,
    /// Schedules of tests.
    pub schedules: schedules::State,
    /// The calendar of scheduled speedtests.
    pub calendar: calendar::State,
    /// Traces, probes and DNS timings.
    pub probes: probes::State,
    /// The trend of a vantage and target.
    pub trend: trend::State,
    /// The reports of this session.
    pub reports: reports::State,
    /// The traces of a vantage and target.
    pub traces: traces::State,
    /// Maintenance windows.
    pub windows: windows::State,
    /// History.
    pub history: history::State,
    /// Notifications.
    pub notifications: notifications::State,
    /// The agents.
    pub agents: agents::State,
    /// The handover.
    pub handover: handover::State,
    /// Rules.
    pub rules: rules::State,
    /// What the checks of the alerts on screen say.
    pub said: said::State,
    /// Logs.
    pub logs: logs::State,
    /// Settings.
    pub settings: settings::State,
    /// Scraped series.
    pub series: series::State,
    /// Fluxbase instances.
    pub fluxbase: fluxbase::State,
    /// The alert page.
    pub alert: alert_page::State,
    /// The interfaces of a host.
    pub interfaces: interfaces::Own,
    /// What stays in the throughput pane.
    pub pin: pin::State,
}

/// Offers an action to the pane that has the keys; `None` when it means nothing special there.
pub fn act(app: &mut App, pane: Pane, action: Action) -> Option<Vec<Effect>> {
    let view = app.view;
    match action {
        Action::Filter if needle_of(app, view).is_some() => return open_narrow(app),
        Action::Back if widen(app) => return Some(Vec::new()),
        _ => {}
    }
    match pane {
        Pane::Throughput | Pane::Graph => graph::act(app, pane, action),
        Pane::CheckList => checklist::act(app, action),
        Pane::PathList | Pane::PathHops | Pane::PathGraph | Pane::PathChanges => {
            paths::act(app, pane, action)
        }
        Pane::SpeedList | Pane::SpeedResult => speed::act(app, pane, action),
        Pane::ScheduleList | Pane::ScheduleResults => schedules::act(app, pane, action),
        Pane::Calendar | Pane::CalendarRuns => calendar::act(app, pane, action),
        Pane::Probes | Pane::ProbeResult | Pane::DnsList | Pane::DnsResult => {
            probes::act(app, pane, action)
        }
        Pane::Trend => trend::act(app, action),
        Pane::Reports => reports::act(app, action),
        Pane::TraceList | Pane::TraceCompare => traces::act(app, pane, action),
        Pane::Windows => windows::act(app, action),
        Pane::Notifications => notifications::act(app, action),
        Pane::Agents => agents::act(app, action),
        Pane::Handover => handover::act(app, action),
        Pane::RuleList | Pane::RuleChecks => rules::act(app, pane, action),
        Pane::History => history::act(app, action),
        Pane::Logs => logs::act(app, action),
        Pane::Settings => settings::act(app, action),
        Pane::SeriesList | Pane::SeriesGraph => series::act(app, pane, action),
        Pane::FluxbaseList | Pane::FluxbaseTargets | Pane::FluxbaseGraphs => {
            fluxbase::act(app, action)
        }
        Pane::AlertPage => alert_page::act(app, action),
        Pane::Interfaces | Pane::InterfaceGraph => {
            let page = crate::tui::act::page(app);
            interfaces::act(app, action, page)
        }
        _ => None,
    }
}

/// Opens the line that narrows the list of the present view; `None` where none is narrowed so.
fn open_narrow(app: &mut App) -> Option<Vec<Effect>> {
    let view = app.view;
    let before = needle_of(app, view)?.text().to_owned();
    let line = Line::new(Purpose::Narrow { view, before: before.clone() }, &before);
    app.open(Overlay::Line(Box::new(line)));
    Some(Vec::new())
}

/// What the list of a view of network tests is narrowed to.
fn needle_of(app: &mut App, view: View) -> Option<&mut needle::Needle> {
    Some(match view {
        View::Speed => &mut app.own.speed.needle,
        View::Schedules => &mut app.own.schedules.needle,
        View::Calendar => &mut app.own.calendar.needle,
        View::Probes | View::Dns => &mut app.own.probes.needle,
        _ => return None,
    })
}

/// Narrows the list of a view of network tests.
pub fn narrow(app: &mut App, view: View, text: &str) {
    let Some(needle) = needle_of(app, view) else { return };
    if needle.text() == text.trim() {
        return;
    }
    *needle = needle::Needle::of(text);
    match view {
        View::Schedules => schedules::narrowed(app),
        View::Calendar => calendar::narrowed(app),
        _ => {}
    }
}

/// Lets everything through again, where the list with the keys is narrowed; false where it is not.
fn widen(app: &mut App) -> bool {
    let view = app.view;
    let is_first = app.focus == view.first() && !app.zoom;
    if !is_first || needle_of(app, view).is_none_or(|needle| needle.is_empty()) {
        return false;
    }
    narrow(app, view, "");
    true
}

/// What the panes of the present view still have to ask for; called after every message that a
/// person or the clock caused, so a pane asks only for what it lacks and has not asked for.
pub fn wants(app: &mut App) -> Vec<Effect> {
    let mut effects = Vec::new();
    for pane in app.panes() {
        effects.extend(match pane {
            Pane::Throughput => pin::wants(app),
            Pane::Checks => checks::wants(app),
            Pane::PathList => paths::wants(app),
            Pane::SpeedList => speed::wants(app),
            Pane::ScheduleList => schedules::wants(app),
            Pane::Calendar => calendar::wants(app),
            Pane::Probes | Pane::DnsList => probes::wants(app),
            Pane::Trend => trend::wants(app),
            Pane::TraceList => traces::wants(app),
            Pane::Windows => windows::wants(app),
            Pane::Notifications => notifications::wants(app),
            Pane::Handover => handover::wants(app),
            Pane::RuleList => rules::wants(app),
            Pane::History => history::wants(app),
            Pane::Settings => settings::wants(app),
            Pane::SeriesList => series::wants(app),
            Pane::FluxbaseList => fluxbase::wants(app),
            Pane::AlertPage => alert_page::wants(app),
            _ => Vec::new(),
        });
    }
    effects
}

/// Notes what happened in the World that a pane has to ask about.
pub fn sees(app: &mut App, event: &Event) {
    history::sees(app, event);
    alert_page::sees(app, event);
    paths::sees(app, event);
    speed::sees(app, event);
    schedules::sees(app, event);
    probes::sees(app, event);
    trend::sees(app, event);
    traces::sees(app, event);
}

/// The moment at which a pane of the present view asks again by itself.
#[must_use]
pub fn wake(app: &App) -> Option<Steady> {
    let (history, alert, paths) = (history::wake(app), alert_page::wake(app), paths::wake(app));
    let own = [series::wake(app), fluxbase::wake(app), pin::wake(app), notifications::wake(app)];
    let own = own.into_iter().chain([handover::wake(app), rules::wake(app)]);
    let own =
        own.chain([speed::wake(app), schedules::wake(app), probes::wake(app), trend::wake(app)]);
    let own = own.chain([reports::wake(app), traces::wake(app)]);
    [history, alert, paths].into_iter().chain(own).flatten().min()
}

/// A view opens: what its panes know from an earlier time is asked for again.
pub fn forget(app: &mut App) {
    // A log axis is a taste; a moment of the past belongs to what was looked at.
    (app.own.lens.end, app.own.lens.cursor) = (None, None);
    checks::forget(app);
    settings::forget(app);
    series::forget(app);
    fluxbase::forget(app);
    windows::forget(app);
    notifications::forget(app);
    handover::forget(app);
    rules::forget(app);
    history::forget(app);
    alert_page::forget(app);
    paths::forget(app);
    speed::forget(app);
    schedules::forget(app);
    probes::forget(app);
    trend::forget(app);
    traces::forget(app);
}

/// Hands an answer to the pane that asked with [`Pending::Pane`](crate::tui::line::Pending);
/// `token` is the pane's own word for what it asked.
pub fn reply(app: &mut App, pane: Pane, token: u64, result: Result<Reply, Problem>) {
    match pane {
        Pane::Throughput => pin::reply(app, token, result),
        Pane::Checks => checks::reply(app, token, result),
        Pane::PathList => paths::reply(app, token, result),
        Pane::SpeedList => speed::reply(app, token, result),
        Pane::ScheduleList => schedules::reply(app, token, result),
        Pane::Probes => probes::reply(app, token, result),
        Pane::Trend => trend::reply(app, token, result),
        Pane::TraceList => traces::reply(app, token, result),
        Pane::Windows => windows::reply(app, token, result),
        Pane::Notifications => notifications::reply(app, token, result),
        Pane::Handover => handover::reply(app, token, result),
        Pane::RuleList => rules::reply(app, token, result),
        Pane::History => history::reply(app, token, result),
        Pane::Settings => settings::reply(app, token, result),
        Pane::SeriesList => series::reply(app, token, result),
        Pane::FluxbaseList => fluxbase::reply(app, token, result),
        Pane::AlertPage => alert_page::reply(app, token, result),
        _ => {}
    }
}

/// Sentences for a pane without content.
fn empty(surface: &mut Surface<'_>, lines: &[&str]) {
    let room = surface.width().saturating_sub(2);
    for (y, text) in lines.iter().enumerate() {
        surface.say(1, y, room, text, Role::Muted);
    }
}

/// How hosts are added, while only this machine is watched because nothing was configured.
fn first_steps(app: &App) -> Option<&'static str> {
    let nothing = app.world.is_ready() && app.world.engine().config.is_none();
    (nothing && app.options.badge.is_none())
        .then_some("Add hosts: `fluxnoc init`, or [[host]] in config.toml")
}

/// What an empty list says while the first picture is not whole.
fn not_ready(app: &App) -> Option<&'static str> {
    match app.link {
        Link::Connecting => Some("Waiting for the engine…"),
        Link::Live(_) if !app.world.is_ready() => Some("Loading…"),
        _ => None,
    }
}
