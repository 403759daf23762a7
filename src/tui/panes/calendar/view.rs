//! How the calendar looks.
//!
//! ```text
//!  target              21  22  23  00  01
//! ›lan-1:5201           2   2+  ·   3!  2
//! ```
//!
//! `+`: a run waits for another, `!`: one has no room.

use crate::model::{SafeText, Span, Timestamp};
use crate::rules::calendar::{RUNS, Slot};
use crate::tui::action::Action;
use crate::tui::app::{App, Pane};
use crate::tui::format::{self, plural};
use crate::tui::panes::calendar::{HOUR, HOURS, Lane, State};
use crate::tui::panes::columns::{columns, heads, row};
use crate::tui::panes::rows::select;
use crate::tui::panes::{empty, not_ready, schedules};
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;

/// The moment at which an hour begins.
fn begin(own: &State, hour: usize) -> Timestamp {
    let hours = u64::try_from(hour).unwrap_or(0);
    own.from() + Span::from_millis(HOUR.millis() * hours)
}

/// `21:00 to 22:00`.
fn hours(app: &App, first: usize, end: usize) -> String {
    let own = &app.own.calendar;
    let moment = |hour| app.options.zone.moment(begin(own, hour), app.wall());
    format!("{} to {}", moment(first), moment(end))
}

/// What runs, what waits and what has no room; of the lower pane the lane and the hour.
#[must_use]
pub fn title(app: &App, pane: Pane) -> (String, String) {
    let own = &app.own.calendar;
    if pane == Pane::CalendarRuns {
        let Some(lane) = own.lane() else { return ("Runs".to_owned(), String::new()) };
        let hours = hours(app, own.hour, own.hour + 1);
        return (format!("{}, {hours}", lane.name), plural(own.runs().len(), "run"));
    }
    let mut text = format!("Calendar by {}{}", own.by.word(), own.needle.title());
    if own.lanes.is_empty() {
        return (text, String::new());
    }
    let waits = own.slots.iter().filter(|slot| slot.runs.is_some_and(|(at, _)| at > slot.due));
    let without = own.slots.iter().filter(|slot| slot.runs.is_none()).count();
    text = format!("{text}: {}", plural(own.slots.len(), "run"));
    for (count, words) in [(waits.count(), "wait"), (without, "without room")] {
        if count > 0 {
            text = format!("{text}, {count} {words}");
        }
    }
    let until = own.slots.last().filter(|_| own.is_cut()).map(|slot| {
        let until = app.options.zone.moment(slot.due, app.wall());
        format!("the first {RUNS} runs, to {until}")
    });
    (text, until.unwrap_or_else(|| hours(app, 0, HOURS)))
}

/// Draws one of the panes.
pub fn view(app: &App, pane: Pane, surface: &mut Surface<'_>) {
    if pane == Pane::CalendarRuns { runs(app, surface) } else { grid(app, surface) }
}

fn nothing(app: &App, surface: &mut Surface<'_>) {
    let narrowed = !app.own.calendar.needle.is_empty();
    match (not_ready(app), schedules::known(app).1) {
        (Some(text), _) | (None, Some(text)) => empty(surface, &[text]),
        (None, None) if super::is_coming(app) => empty(surface, &["Playing the day…"]),
        (None, None) if narrowed => {
            empty(surface, &["Nothing passes the filter; Esc clears it."]);
        }
        (None, None) => {
            let key = app.keymap.key(&app.pane_contexts(), Action::TestForm).unwrap_or_default();
            let first = format!("No speedtest runs on schedule: {key} makes a schedule.");
            let then =
                "Traces, probes and DNS timings need nothing for themselves: they never wait.";
            empty(surface, &[&first, then]);
        }
    }
}

/// Columns of the names of lanes, and of an hour.
const fn shape(wide: usize) -> (usize, usize) {
    match wide {
        190.. => (27, 7),
        116..190 => (18, 4),
        _ => (16, 4),
    }
}

fn grid(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.calendar;
    if own.lanes.is_empty() {
        return nothing(app, surface);
    }
    let (name, wide) = shape(surface.width());
    let fits = (surface.width().saturating_sub(name + 3) / wide).clamp(1, HOURS);
    let shown = own.across.window(own.hour, HOURS, fits);
    surface.say(1, 0, name, own.by.word(), Role::Muted);
    for (at, hour) in shown.clone().enumerate() {
        let text = app.options.zone.format(begin(own, hour), "%H");
        let role = if hour == own.hour { Role::Strong } else { Role::Muted };
        let style = surface.theme.style(role);
        surface.put_right(name + 1 + (at + 1) * wide, 0, wide, &text, style);
    }
    let line = own.line();
    // The signs are explained where they are seen.
    let foot = surface.height().saturating_sub(1);
    surface.say(
        1,
        foot,
        surface.width().saturating_sub(2),
        "+ a run waits for another   ! a run has no room: it would be missed   each as long as it may last",
        Role::Muted,
    );
    let height = surface.height().saturating_sub(3);
    for (y, at) in own.scroll.window(line, own.lanes.len(), height).enumerate() {
        let Some(lane) = own.lanes.get(at) else { continue };
        let role = if at == line { Role::Strong } else { Role::Text };
        surface.say(1, y + 1, name, lane.name.as_str(), role);
        for (column, hour) in shown.clone().enumerate() {
            cell(surface, lane, hour, (name + 1 + (column + 1) * wide, y + 1, wide));
        }
        if at == line {
            select(app, surface, y + 1, app.focus == Pane::Calendar);
            let x = name + 1 + own.hour.saturating_sub(shown.start) * wide;
            surface.say(x + wide.saturating_sub(3), y + 1, 1, "›", Role::Accent);
        }
    }
}

/// One hour of a lane; `end` is where its number ends.
fn cell(surface: &mut Surface<'_>, lane: &Lane, hour: usize, place: (usize, usize, usize)) {
    let (end, y, wide) = place;
    let [well, wait, without] = lane.hours.get(hour).copied().unwrap_or_default();
    let (text, sign, role) = match (well + wait + without, wait, without) {
        (0, _, _) => ("·".to_owned(), "", Role::Muted),
        (all, 0, 0) => (all.to_string(), "", Role::Text),
        (all, _, 0) => (all.to_string(), "+", Role::Strong),
        (all, _, _) => (all.to_string(), "!", Role::StateUnknown),
    };
    let style = surface.theme.style(role);
    surface.put_right(end, y, wide, &text, style);
    surface.say(end, y, 1, sign, role);
}

/// How it goes with a run: when it runs, and what it waits for.
fn words(app: &App, slot: &Slot) -> [(String, Role); 3] {
    let own = &app.own.calendar;
    let zone = &app.options.zone;
    let other = own.waits_for(slot);
    match slot.runs {
        Some((start, end)) => {
            let when = format!("{} – {}", zone.seconds(start), zone.seconds(end));
            let late = start.since(slot.due);
            if late.millis() == 0 {
                return [
                    (when, Role::Text),
                    (String::new(), Role::Muted),
                    (String::new(), Role::Muted),
                ];
            }
            let why = other.map_or_else(String::new, |name| format!("after `{name}`"));
            [
                (when, Role::Text),
                (format!("+{}", format::length(late)), Role::Strong),
                (why, Role::Text),
            ]
        }
        None => {
            let why = other.map_or_else(String::new, |name| format!(": `{name}` runs"));
            let why = format!("no room before its time has passed{why}");
            [
                ("? missed".to_owned(), Role::StateUnknown),
                (String::new(), Role::Muted),
                (why, Role::Text),
            ]
        }
    }
}

fn runs(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.calendar;
    let all = own.runs();
    if all.is_empty() {
        return empty(surface, &["Nothing is due in this hour."]);
    }
    let (name, agent, target) = match surface.width() {
        160.. => (32, 20, 30),
        100..160 => (22, 12, 16),
        _ => (18, 0, 0),
    };
    let columns = columns(
        surface.width(),
        &[
            (8, "due", false),
            (19, "runs", false),
            (7, "waits", true),
            (name, "schedule", false),
            (agent, "agent", false),
            (target, "target", false),
            (0, "why", false),
        ],
    );
    heads(surface, &columns);
    let at = own.run.min(all.len() - 1);
    let height = surface.height().saturating_sub(1);
    for (y, line) in own.down.window(at, all.len(), height).enumerate() {
        let Some(slot) = all.get(line) else { continue };
        let Some(plan) = own.plans.get(&slot.schedule) else { continue };
        let [when, waits, why] = words(app, slot);
        let over = slot.runs.is_some_and(|(_, end)| end <= app.wall());
        let role = if over { Role::Muted } else { Role::Strong };
        let cells = [
            (app.options.zone.seconds(slot.due), Role::Muted),
            when,
            waits,
            (plan.name.to_string(), role),
            (SafeText::line(&plan.takes.agent).to_string(), Role::Text),
            (own.called(&plan.takes.target).to_string(), Role::Text),
            why,
        ];
        row(surface, y + 1, &columns, &cells);
        if line == at {
            select(app, surface, y + 1, app.focus == Pane::CalendarRuns);
        }
    }
}

/// The first runs of the hour under the cursor in two rows, for a small screen.
pub fn preview(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.calendar;
    let Some(lane) = own.lane() else { return };
    let all = own.runs();
    let about = format!("  {}, {}", hours(app, own.hour, own.hour + 1), plural(all.len(), "run"));
    surface.line(1, 0, &[(lane.name.as_str(), Role::Strong), (&about, Role::Text)]);
    let said = all.iter().take(4).filter_map(|slot| {
        let name = &own.plans.get(&slot.schedule)?.name;
        let at = app.options.zone.clock(State::begins(slot));
        Some(match slot.runs {
            Some((start, _)) if start > slot.due => {
                format!("{at} {name} (+{})", format::length(start.since(slot.due)))
            }
            Some(_) => format!("{at} {name}"),
            None => format!("{at} {name}: no room"),
        })
    });
    let text = said.collect::<Vec<_>>().join(", ");
    surface.say(1, 1, surface.width().saturating_sub(2), &text, Role::Text);
}
