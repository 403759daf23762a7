//! The keys worth a hint: what does something to what is selected in the pane that has the keys.
//!
//! In: the console's state. Out: actions, the most used first.
//! Never: draws; names what would answer that there is nothing to do.

use crate::model::Name;
use crate::tui::action::Action;
use crate::tui::app::{App, Pane};
use crate::tui::layout::Mode;
use crate::tui::panes;
use crate::tui::targets::{self, Targets};
use crate::tui::views::View;

/// The actions worth a hint, the most used first; only such that do something now.
#[must_use]
pub fn wishes(app: &App) -> Vec<Action> {
    if app.wall.is_on() {
        return vec![Action::Quit, Action::Pause, Action::Mute];
    }
    let all = of_object(app).into_iter().chain(of_pane(app)).chain(of_graph(app)).chain(ways(app));
    all.filter_map(|(action, when)| when.then_some(action)).collect()
}

/// What is done to what is under the cursor.
fn of_object(app: &App) -> [(Action, bool); 7] {
    let found = targets::hint(app);
    let here = &found.alerts;
    let acts = matches!(
        app.focus,
        Pane::Alerts
            | Pane::Hosts
            | Pane::Checks
            | Pane::CheckList
            | Pane::AlertPage
            | Pane::PathList
            | Pane::SeriesList
            | Pane::FluxbaseList
            | Pane::RuleChecks
            | Pane::Agents
    ) || app.in_detail();
    let object = acts && !found.is_empty();
    [
        (Action::Ack, acts && here.iter().any(|alert| alert.ack.is_none())),
        (Action::Unack, acts && here.iter().any(|alert| alert.ack.is_some())),
        (Action::Open, opens(app, &found)),
        (Action::Window, object),
        (Action::NextProblem, app.focus == Pane::Alerts && app.world.unhandled() > 0),
        (Action::Trace, app.focus != Pane::Hops && traces(app, &found)),
        (Action::Recheck, object),
    ]
}

/// True when Enter leads somewhere.
fn opens(app: &App, found: &Targets) -> bool {
    match app.focus {
        Pane::Alerts
        | Pane::Hosts
        | Pane::Checks
        | Pane::CheckList
        | Pane::AlertPage
        | Pane::Interfaces
        | Pane::SeriesList
        | Pane::FluxbaseList
        | Pane::PathList
        | Pane::RuleChecks
        | Pane::Agents => !found.is_empty(),
        Pane::RuleList => panes::rules::chosen(app).is_some(),
        Pane::SpeedList => panes::speed::chosen(app).is_some(),
        Pane::ScheduleList => panes::schedules::chosen(app).is_some(),
        Pane::Probes | Pane::DnsList => panes::probes::chosen(app).is_some(),
        Pane::TraceList => panes::traces::chosen(app).is_some(),
        Pane::Calendar | Pane::CalendarRuns => panes::calendar::opens(app),
        Pane::Notifications => panes::notifications::opens(app),
        Pane::History => panes::history::opens(app),
        _ => false,
    }
}

/// True when the host that a trace would go to is the one under the cursor.
fn traces(app: &App, found: &Targets) -> bool {
    let goes = app.detail.as_ref().map(|detail| &detail.host).or(app.host.as_ref());
    let of_checks = found.checks.iter().map(|key| &key.host);
    let here: Option<&Name> = found.hosts.iter().chain(of_checks).next();
    here.is_some() && here == goes
}

/// What a pane has besides.
fn of_pane(app: &App) -> Vec<(Action, bool)> {
    match app.focus {
        Pane::Handover => vec![(Action::Copy, true)],
        Pane::RuleList => {
            let rule = panes::rules::chosen(app).is_some();
            vec![(Action::Edit, rule), (Action::NewRule, true)]
        }
        Pane::RuleChecks => vec![(Action::NewRule, true)],
        Pane::SpeedList | Pane::SpeedResult => vec![
            (Action::RunTest, panes::speed::chosen(app).is_some()),
            (Action::CancelTest, panes::speed::open_test(app).is_some()),
            (Action::Trend, panes::speed::chosen(app).is_some()),
            (Action::ReportForm, true),
            (Action::TestForm, true),
        ],
        Pane::ScheduleList | Pane::ScheduleResults => {
            let row = panes::schedules::chosen(app).is_some();
            vec![
                (Action::RunTest, row),
                (Action::Edit, row),
                (Action::PauseSchedule, row),
                (Action::TestForm, true),
                (Action::Trend, row),
                (Action::Calendar, true),
            ]
        }
        Pane::Probes | Pane::ProbeResult | Pane::DnsList | Pane::DnsResult => vec![
            (Action::RunTest, panes::probes::chosen(app).is_some()),
            (Action::Trend, panes::probes::chosen(app).is_some()),
            (Action::HistoryHere, panes::probes::is_trace(app)),
            (Action::TestForm, true),
        ],
        Pane::Reports => vec![
            (Action::TestForm, true),
            (Action::CancelTest, panes::reports::is_making(app)),
            (Action::Copy, panes::reports::is_saved(app)),
        ],
        Pane::TraceList => {
            let some = panes::traces::chosen(app).is_some();
            vec![(Action::Mark, some), (Action::Trend, some)]
        }
        Pane::Trend => vec![
            (Action::RangeLonger, true),
            (Action::RangeShorter, true),
            (Action::MetricNext, true),
            (Action::Baseline, true),
            (Action::ReportForm, true),
        ],
        Pane::Calendar => vec![(Action::GroupBy, true), (Action::TestForm, true)],
        Pane::Windows => {
            let open = |window| !crate::model::Maintenance::is_over(window, app.wall());
            let open = panes::windows::selected(app).as_deref().is_some_and(open);
            vec![(Action::Edit, open), (Action::Delete, open)]
        }
        Pane::Notifications => {
            let (resend, give_up) = panes::notifications::can(app);
            vec![(Action::Resend, resend), (Action::DropNotification, give_up)]
        }
        Pane::Agents => vec![(Action::RemoveAgent, panes::agents::selected(app).is_some())],
        Pane::Settings => vec![(Action::NotifyTest, panes::settings::channel(app).is_some())],
        _ => Vec::new(),
    }
}

/// What is done to graphs.
fn of_graph(app: &App) -> [(Action, bool); 7] {
    let graphs = panes::pin::title(app).is_none()
        && app.graph.as_ref().is_some_and(|book| book.interfaces().len() > 1)
        && app.focus == Pane::Throughput;
    let book = app.detail.as_ref().and_then(|detail| detail.book.as_ref());
    let metrics = app.view == View::Host && book.is_some_and(|book| book.tracks.len() > 1);
    let next = graphs || metrics || app.focus == Pane::PathGraph || app.view == View::Interfaces;
    let ranged = matches!(
        app.focus,
        Pane::Throughput | Pane::Graph | Pane::PathGraph | Pane::AlertPage | Pane::InterfaceGraph
    );
    let scrubs = matches!(app.focus, Pane::Throughput | Pane::Graph | Pane::InterfaceGraph);
    [
        (Action::Pin, panes::pin::here(app).is_some()),
        (Action::MetricNext, next),
        (Action::RangeLonger, ranged),
        (Action::Interfaces, app.view == View::Host && panes::interfaces::is_here(app)),
        (Action::Sort, app.focus == Pane::Interfaces),
        (Action::Earlier, scrubs),
        (Action::GraphNewest, app.focus == Pane::Graph && app.own.lens.end.is_some()),
    ]
}

/// The ways from here to somewhere else.
fn ways(app: &App) -> [(Action, bool); 6] {
    let away = app.view != View::Overview;
    let several = app.panes().len() > 1;
    let filters = matches!(
        app.view,
        View::Overview
            | View::Alerts
            | View::Hosts
            | View::Checks
            | View::Agents
            | View::History
            | View::Series
            | View::Speed
            | View::Schedules
            | View::Calendar
            | View::Probes
            | View::Dns
    );
    // A pane alone has the whole screen already; the hosts change their form instead.
    let zooms = app.mode() == Mode::Wide && (several || app.view == View::Hosts);
    [
        (Action::Back, away || app.zoom || !app.filter.0.is_empty()),
        (Action::NextPane, several),
        (Action::Filter, filters),
        (Action::Palette, true),
        (Action::Zoom, zooms),
        (Action::Quit, !away),
    ]
}
