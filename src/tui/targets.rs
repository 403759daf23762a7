//! What an action means: the marked rows, else the row under the cursor, as they were painted.
//!
//! A group means its members as painted, a host its open alerts, a check its alert. What is over
//! by now is counted, never replaced by something else.

use std::sync::Arc;

use crate::model::{Alert, AlertId, CheckKey, Name, Phase};
use crate::protocol::Target;
use crate::tui::app::{App, Pane};
use crate::tui::format::plural;
use crate::tui::lists::{Item, List, Row};
use crate::tui::panes;

/// Most members of a group that hints look at.
const HINT: usize = 32;
/// Most names that a sentence lists.
const NAMES: usize = 3;

/// The objects of an action.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    /// Their open alerts.
    pub alerts: Vec<Arc<Alert>>,
    /// Their checks; none when they are hosts.
    pub checks: Vec<CheckKey>,
    /// The hosts, when they are hosts.
    pub hosts: Vec<Name>,
    /// How many of them are over by now.
    pub over: usize,
    /// True when rows were marked.
    pub marked: bool,
}

impl Targets {
    /// The checks or hosts, as commands name them.
    #[must_use]
    pub fn objects(&self) -> Vec<Target> {
        let hosts = self.hosts.iter().cloned().map(Target::Host);
        hosts.chain(self.checks.iter().cloned().map(Target::Check)).collect()
    }

    /// True when there is nothing to act on.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.checks.is_empty() && self.hosts.is_empty()
    }

    /// Why there is no alert to act on.
    #[must_use]
    pub fn nothing(&self) -> &'static str {
        if self.over > 0 { "this is over: the problem is gone" } else { "no alert is open here" }
    }

    /// Alerts in words, the count first.
    #[must_use]
    pub fn words_of(alerts: &[Arc<Alert>]) -> String {
        words("alert", alerts.iter().map(|alert| alert.check.to_string()))
    }

    /// The objects in words, the count first.
    #[must_use]
    pub fn words(&self) -> String {
        let noun = if self.hosts.is_empty() { "check" } else { "host" };
        words(noun, self.objects().iter().map(ToString::to_string))
    }
}

/// `fra-01/ping`, `2 alerts: fra-01/ping, fra-02/ping`, `500 alerts: a, b, c, …`
#[must_use]
pub fn words(noun: &str, names: impl ExactSizeIterator<Item = String>) -> String {
    match names.len() {
        0 => "nothing".to_owned(),
        1 => some(names),
        count => format!("{}: {}", plural(count, noun), some(names)),
    }
}

/// The first names, and that there are more.
#[must_use]
pub fn some(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len() > NAMES;
    let mut first: Vec<String> = names.take(NAMES).collect();
    if more {
        first.push("…".to_owned());
    }
    first.join(", ")
}

/// What an action means now.
#[must_use]
pub fn targets(app: &App) -> Targets {
    find(app, usize::MAX)
}

/// Enough of it to know which keys do something; cheap enough for every frame.
#[must_use]
pub fn hint(app: &App) -> Targets {
    find(app, HINT)
}

fn find(app: &App, limit: usize) -> Targets {
    if let Some(detail) = &app.detail {
        let key = detail.row().map(|row| row.key.clone());
        return of_checks(app, key.into_iter().collect(), false);
    }
    match app.focus {
        Pane::AlertPage => match panes::alert_page::subject(app) {
            Some((id, key)) => of_page(app, id, key),
            None => Targets::default(),
        },
        Pane::PathList | Pane::PathHops | Pane::PathGraph | Pane::PathChanges => {
            match panes::paths::subject(app) {
                Some(key) => of_checks(app, vec![key], false),
                None => of_hosts(app, app.host.clone().into_iter().collect(), false),
            }
        }
        Pane::SeriesList | Pane::SeriesGraph => match panes::series::subject(app) {
            Some(key) => of_checks(app, vec![key], false),
            None => Targets::default(),
        },
        Pane::FluxbaseList | Pane::FluxbaseTargets | Pane::FluxbaseGraphs => {
            match panes::fluxbase::subject(app) {
                Some(key) => of_checks(app, vec![key], false),
                None => Targets::default(),
            }
        }
        Pane::Alerts => {
            let (keys, marked) = chosen(&app.lists.alerts, limit);
            of_alerts(app, &keys, marked)
        }
        Pane::CheckList => {
            let (keys, marked) = chosen(&app.lists.checks, limit);
            of_checks(app, keys, marked)
        }
        Pane::Hosts if !app.is_grid() => {
            let (keys, marked) = chosen(&app.lists.hosts, limit);
            of_hosts(app, keys, marked)
        }
        Pane::RuleChecks => of_checks(app, panes::rules::subject(app).into_iter().collect(), false),
        // An agent means its host.
        Pane::Agents => {
            let name = panes::agents::selected(app).map(|agent| Name::clone(&agent.name));
            of_hosts(app, name.into_iter().collect(), false)
        }
        // Rows of another kind: no host that is not painted is meant.
        Pane::Windows
        | Pane::SpeedList
        | Pane::SpeedResult
        | Pane::ScheduleList
        | Pane::ScheduleResults
        | Pane::Calendar
        | Pane::CalendarRuns
        | Pane::Probes
        | Pane::ProbeResult
        | Pane::DnsList
        | Pane::DnsResult
        | Pane::Trend
        | Pane::Reports
        | Pane::TraceList
        | Pane::TraceCompare
        | Pane::Notifications
        | Pane::Handover
        | Pane::RuleList
        | Pane::History
        | Pane::Logs
        | Pane::Settings => Targets::default(),
        _ => of_hosts(app, app.host.clone().into_iter().collect(), false),
    }
}

/// The keys of marked rows, else of the row under the cursor.
fn chosen<T: Item>(list: &List<T>, limit: usize) -> (Vec<T::Key>, bool) {
    let any = !list.marks.is_empty() || list.anchor.is_some();
    if any {
        if limit == usize::MAX {
            return (list.in_order(&list.marked()), true);
        }
        // A set has another order each time: some are the least of them, so that what a frame says
        // of marks is the same in the next one.
        let range = list.range().iter().take(limit).flat_map(Row::members);
        let mut marked: Vec<T::Key> = range.chain(list.marks.iter().cloned()).collect();
        if limit < marked.len() {
            marked.select_nth_unstable(limit);
            marked.truncate(limit);
        }
        marked.sort_unstable();
        marked.dedup();
        return (marked, true);
    }
    let mut keys = list.row().map(Row::members).unwrap_or_default();
    keys.truncate(limit);
    (keys, false)
}

/// The alert of a page that is open: it stays this one, also when it is over.
fn of_page(app: &App, id: AlertId, key: Option<CheckKey>) -> Targets {
    let alert = app.world.alert(id).cloned();
    let over = usize::from(alert.is_none());
    let checks = alert.as_ref().map(|alert| alert.check.clone()).or(key).into_iter().collect();
    Targets { alerts: alert.into_iter().collect(), checks, over, ..Targets::default() }
}

fn of_alerts(app: &App, keys: &[AlertId], marked: bool) -> Targets {
    let mut targets = Targets { marked, ..Targets::default() };
    for key in keys {
        match app.world.alert(*key) {
            Some(alert) => {
                targets.checks.push(alert.check.clone());
                targets.alerts.push(Arc::clone(alert));
            }
            None => targets.over += 1,
        }
    }
    // What is over can still be looked at and re-checked.
    if targets.checks.is_empty() && keys.len() == 1 {
        targets.checks.extend(app.selected_alert().map(|alert| alert.check.clone()));
    }
    targets
}

fn of_checks(app: &App, checks: Vec<CheckKey>, marked: bool) -> Targets {
    let alerts = checks.iter().filter_map(|key| app.world.alert_of(key)).cloned().collect();
    let over = checks.iter().filter(|key| app.world.check(key).is_none()).count();
    Targets { alerts, checks, over, marked, ..Targets::default() }
}

fn of_hosts(app: &App, hosts: Vec<Name>, marked: bool) -> Targets {
    let entries = hosts.iter().filter_map(|name| app.world.host(name));
    let checks = entries.flat_map(|entry| &entry.checks);
    let mut alerts: Vec<Arc<Alert>> =
        checks.filter_map(|row| app.world.alert_of(&row.key)).cloned().collect();
    // A host means its problems; soft ones only when there is nothing else.
    if alerts.iter().any(|alert| alert.phase == Phase::Firing) {
        alerts.retain(|alert| alert.phase == Phase::Firing);
    }
    let over = hosts.iter().filter(|name| app.world.host(name).is_none()).count();
    Targets { alerts, hosts, over, marked, ..Targets::default() }
}
