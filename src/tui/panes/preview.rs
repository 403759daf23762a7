//! The row under the cursor in a few more words.

use crate::model::Alert;
use crate::protocol::HostEntry;
use crate::tui::app::{App, Pane};
use crate::tui::detail::Detail;
use crate::tui::format;
use crate::tui::panes::hosts::worst;
use crate::tui::panes::{
    agents, calendar, history, notifications, probes, reports, rules, said, schedules, settings,
    speed, traces, trend, windows,
};
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;

/// Four rows about the selected host.
pub fn host(app: &App, surface: &mut Surface<'_>) {
    let Some(entry) = app.host.as_deref().and_then(|name| app.world.host(name)) else { return };
    let room = surface.width().saturating_sub(4);
    let (state, role) = state(app, entry);
    surface.line(
        1,
        0,
        &[
            ("› ", Role::Accent),
            (&entry.host.name, Role::Strong),
            ("  ", Role::Text),
            (&state, role),
            (&format!(", {}", format::plural(entry.checks.len(), "check")), Role::Text),
        ],
    );
    let text = |value: &str| value.to_owned();
    let mut parts = vec![text(&entry.host.address)];
    parts.extend(entry.host.labels.iter().map(|(key, value)| format!("{key} {value}")));
    surface.say(3, 1, room, &parts.join(", "), Role::Muted);
    if let Some(row) = worst(entry) {
        let text = format!("{}: {}", row.key.name, said::of_row(app, row));
        surface.say(3, 2, room, &text, Role::Text);
    } else if let Some(notes) = &entry.host.notes {
        surface.say(3, 2, room, notes, Role::Muted);
    }
    if let Some(contact) = &entry.host.contact {
        surface.say(3, 3, room, &format!("call: {contact}"), Role::Muted);
    }
}

/// `CRITICAL 1m`; in a window the judged state stays visible.
fn state(app: &App, entry: &HostEntry) -> (String, Role) {
    if entry.waiting && entry.window.is_none() {
        let heard = entry.checks.iter().any(|row| row.enabled && !row.status.is_waiting());
        let text = if heard { "nothing confirmed yet" } else { "no result yet" };
        return (text.to_owned(), Role::StateWaiting);
    }
    let shown = entry.shown();
    let age = entry.since().map(|since| format::age(app.wall().since(since))).unwrap_or_default();
    let text = match entry.window.and_then(|id| app.world.window(id)) {
        Some(window) => format!(
            "{shown} until {}, under it {}",
            app.options.zone.moment(window.end, app.wall()),
            entry.state
        ),
        None => format!("{shown} {age}"),
    };
    (text, Role::of(shown))
}

/// Two rows under the one pane of a small screen.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    match (&app.detail, app.focus, app.selected_alert()) {
        (Some(detail), _, _) => of_check(app, detail, surface),
        (None, Pane::Alerts, Some(alert)) => of_alert(app, alert, surface),
        (None, Pane::Windows, _) => of_window(app, surface),
        (None, Pane::Notifications, _) => notifications::preview(app, surface),
        (None, Pane::Agents, _) => agents::preview(app, surface),
        (None, Pane::SpeedList | Pane::SpeedResult, _) => speed::preview(app, surface),
        (None, Pane::ScheduleList | Pane::ScheduleResults, _) => schedules::preview(app, surface),
        (None, Pane::Calendar | Pane::CalendarRuns, _) => calendar::preview(app, surface),
        (None, Pane::Probes | Pane::ProbeResult | Pane::DnsList | Pane::DnsResult, _) => {
            probes::preview(app, surface);
        }
        (None, Pane::TraceList | Pane::TraceCompare, _) => traces::preview(app, surface),
        (None, Pane::Reports, _) => reports::preview(app, surface),
        (None, Pane::Trend, _) => trend::preview(app, surface),
        (None, Pane::RuleList | Pane::RuleChecks, _) => rules::preview(app, surface),
        (None, Pane::History, _) => of_entry(app, surface),
        (None, Pane::Settings, _) => {
            if let Some((name, value)) = settings::selected(app) {
                let room = surface.width().saturating_sub(2);
                surface.say(1, 0, room, &name, Role::Strong);
                surface.say(1, 1, room, value.as_str(), Role::Text);
            }
        }
        // Lines of the log and of the handover are whole as they are.
        (None, Pane::Logs | Pane::Handover, _) => {}
        (None, Pane::SeriesList | Pane::SeriesGraph, _) => of_series(app, surface),
        _ => host(app, surface),
    }
}

/// Occurrences after the next that are named.
const NEXT: usize = 3;

fn of_window(app: &App, surface: &mut Surface<'_>) {
    let Some(window) = windows::selected(app) else { return };
    let room = surface.width().saturating_sub(2);
    let moment = |at| app.options.zone.moment(at, app.wall());
    let when = format!("  {} to {}", moment(window.start), moment(window.end));
    surface.line(1, 0, &[(window.name.as_str(), Role::Strong), (&when, Role::Text)]);
    let tell = if window.suppress_notifications { "silent" } else { "alerts are sent" };
    let covers = windows::covers(&app.world, &window);
    let text = format!("covers {covers}; {tell}; made by {}", window.author);
    surface.say(1, 1, room, &text, Role::Text);
    if let Some(recurrence) = &window.recurrence {
        let next: Vec<String> =
            window.following(NEXT).iter().map(|next| moment(next.start)).collect();
        let then = if next.is_empty() { "never again".to_owned() } else { next.join(", ") };
        let text = format!("repeats {}; then {then}", recurrence.repeats);
        surface.say(1, 2, room, &text, Role::Text);
    }
}

fn of_entry(app: &App, surface: &mut Surface<'_>) {
    let Some(entry) = history::selected(app) else { return };
    let room = surface.width().saturating_sub(2);
    let zone = &app.options.zone;
    let at = format!("{} {}", zone.format(entry.at, "%-d %b %Y"), zone.seconds(entry.at));
    let (_, what, role) = history::kind(entry.kind, entry.to);
    let about: Vec<&str> =
        [&entry.host, &entry.check].into_iter().flatten().map(|n| &**n).collect();
    let by = entry.actor.as_ref().map_or_else(String::new, |who| format!(", {who}"));
    surface.line(
        1,
        0,
        &[
            (&at, Role::Text),
            ("  ", Role::Text),
            (what, role),
            ("  ", Role::Text),
            (&about.join("/"), Role::Strong),
            (&by, Role::Text),
        ],
    );
    surface.say(1, 1, room, entry.text.as_str(), Role::Text);
}

fn of_series(app: &App, surface: &mut Surface<'_>) {
    let Some((name, value)) = crate::tui::panes::series::preview(app) else { return };
    let room = surface.width().saturating_sub(2);
    surface.say(1, 0, room, &name, Role::Strong);
    surface.say(1, 1, room, &value, Role::Text);
}

fn of_check(app: &App, detail: &Detail, surface: &mut Surface<'_>) {
    let Some(row) = detail.row() else { return };
    let shown = app.world.shown_check(row, app.wall());
    let hard = if row.status.hard { "hard" } else { "soft" };
    let since = app.options.zone.moment(row.status.since, app.wall());
    surface.line(
        1,
        0,
        &[
            (&row.key.to_string(), Role::Strong),
            ("  ", Role::Text),
            (shown.word(), Role::of(shown)),
            (&format!(" {hard} {}/{} since {since}", row.status.attempt, row.attempts), Role::Text),
        ],
    );
    let output = detail.observation().map_or(&row.status.output, |seen| &seen.output);
    let room = surface.width().saturating_sub(2);
    surface.say(1, 1, room, output.as_str(), Role::Text);
}

fn of_alert(app: &App, alert: &Alert, surface: &mut Surface<'_>) {
    let hard = match alert.phase {
        crate::model::Phase::Pending => "soft",
        _ => "hard",
    };
    let since = app.options.zone.seconds(alert.since);
    let role = Role::of_state(alert.state);
    surface.line(
        1,
        0,
        &[
            (&alert.check.to_string(), Role::Strong),
            ("  ", Role::Text),
            (alert.state.word(), role),
            (&format!(" {hard} {}/{} since {since}", alert.attempt, alert.attempts), Role::Text),
        ],
    );
    let room = surface.width().saturating_sub(2);
    let text = match &alert.ack {
        Some(ack) => format!("{}; {}: {}", said::of_alert(app, alert), ack.author, ack.comment),
        None => said::of_alert(app, alert).to_string(),
    };
    surface.say(1, 1, room, &text, Role::Text);
}
