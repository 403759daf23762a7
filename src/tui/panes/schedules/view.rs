//! How schedules look.
//!
//! ```text
//!  state     name          agent   test      target  every  next  last                 usual           why
//! ›▲ breach  HQ Uplink     fra-01  speedtest lan-1      1h   12m  412 Mbps / 380 Mbps  learning 31/50  downl…
//! ```

use crate::model::schedule::Baseline;
use crate::model::speed::rate;
use crate::model::{Plan, SafeText, Span, Test, TestKind};
use crate::protocol::ScheduleRow;
use crate::tui::action::Action;
use crate::tui::app::{App, Pane};
use crate::tui::format;
use crate::tui::panes::columns::{Wish, columns, heads, row};
use crate::tui::panes::rows::select;
use crate::tui::panes::speed::{self, words};
use crate::tui::panes::{empty, not_ready};
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;
use crate::tui::wrap::broken;

/// Columns of the labels of the lower pane.
const LABEL: usize = 9;

/// The columns at a width.
const fn wishes(wide: usize) -> [Wish; 10] {
    let (name, agent, kind, target, last, usual) = match wide {
        160.. => (28, 18, 9, 24, 23, 15),
        100..160 => (18, 10, 9, 12, 21, 14),
        _ => (18, 10, 9, 0, 0, 0),
    };
    [
        (11, "state", false),
        (name, "name", false),
        (agent, "agent", false),
        (kind, "test", false),
        (target, "target", false),
        (if wide < 160 { 8 } else { 11 }, "every", true),
        (5, "next", true),
        (last, "last", true),
        (usual, "usual", false),
        (0, "why", false),
    ]
}

/// Counts and position; below the schedule's name.
#[must_use]
pub fn title(app: &App, pane: Pane) -> (String, String) {
    let own = &app.own.schedules;
    if pane == Pane::ScheduleResults {
        let Some(row) = own.row() else { return ("Results".to_owned(), String::new()) };
        return (
            SafeText::line(&row.schedule.plan.name).to_string(),
            "its last results".to_owned(),
        );
    }
    let name = format!("Schedules{}", own.needle.title());
    if own.rows.is_empty() {
        return (name, String::new());
    }
    let broken = own.rows.iter().filter(|row| super::rank(row) < 2).count();
    let paused = own.rows.iter().filter(|row| row.schedule.plan.paused).count();
    let mut text = format!("{name}: {}", own.rows.len());
    for (count, word) in [(broken, "not well"), (paused, "paused")] {
        if count > 0 {
            text = format!("{text}, {count} {word}");
        }
    }
    (text, format!("{} of {}", own.line() + 1, own.rows.len()))
}

/// Draws one of the panes.
pub fn view(app: &App, pane: Pane, surface: &mut Surface<'_>) {
    if pane == Pane::ScheduleResults { lower(app, surface) } else { list(app, surface) }
}

fn nothing(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.schedules;
    match (&own.problem, not_ready(app)) {
        (Some(problem), _) => empty(surface, &["The schedules cannot be shown:", problem]),
        (None, Some(text)) => empty(surface, &[text]),
        (None, None) if !own.loaded => empty(surface, &["Asking the engine…"]),
        (None, None) if !own.needle.is_empty() => {
            empty(surface, &["Nothing passes the filter; Esc clears it."]);
        }
        (None, None) => {
            let key = app.keymap.key(&app.pane_contexts(), Action::TestForm).unwrap_or_default();
            let text = format!("Nothing is tested on schedule: {key} makes a schedule.");
            empty(surface, &[&text]);
        }
    }
}

fn list(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.schedules;
    if own.rows.is_empty() || own.problem.is_some() {
        return nothing(app, surface);
    }
    let columns = columns(surface.width(), &wishes(surface.width()));
    heads(surface, &columns);
    let at = own.line();
    let height = surface.height().saturating_sub(1);
    for (y, line) in own.scroll.window(at, own.rows.len(), height).enumerate() {
        let Some(one) = own.rows.get(line) else { continue };
        row(surface, y + 1, &columns, &cells(app, one));
        if line == at {
            select(app, surface, y + 1, app.focus == Pane::ScheduleList);
        }
    }
}

/// How a schedule stands: what runs now, else how it went last.
fn state(app: &App, one: &ScheduleRow) -> (&'static str, Role) {
    let open = app.own.schedules.open(one.schedule.id);
    match (open, one.last.as_deref()) {
        (Some(test), _) => words::state(test),
        _ if one.schedule.plan.paused => ("◌ paused", Role::Muted),
        (None, Some(test)) => words::state(test),
        (None, None) => ("○ waiting", Role::StateWaiting),
    }
}

/// `1h`, or the cron of it.
fn every(plan: &Plan) -> String {
    match (&plan.cron, plan.interval()) {
        (Some(cron), _) => cron.clone(),
        (None, Some(span)) => span.to_string(),
        (None, None) => String::new(),
    }
}

fn last(one: &ScheduleRow) -> String {
    let Some(test) = one.last.as_deref() else { return String::new() };
    let figures = test.figures;
    match test.spec.kind() {
        TestKind::Speedtest => {
            let both = [figures.download_mbps, figures.upload_mbps];
            both.into_iter().flatten().map(rate).collect::<Vec<_>>().join(" / ")
        }
        TestKind::Trace => {
            format!("{}, {}", words::ms(figures.latency_ms), words::loss(figures.loss_pct))
        }
        TestKind::Probe | TestKind::Dns => words::ms(figures.latency_ms),
    }
}

/// `learning 31/50`, or what is usual.
fn usual(one: &ScheduleRow) -> String {
    let baselines = [one.baselines.download, one.baselines.upload];
    let say = |line: &Baseline| line.learning().unwrap_or_else(|| rate(line.median));
    baselines.iter().flatten().next().map(say).unwrap_or_default()
}

fn cells(app: &App, one: &ScheduleRow) -> [(String, Role); 10] {
    let plan = &one.schedule.plan;
    let (word, role) = state(app, one);
    let text = if plan.paused { Role::Muted } else { Role::Text };
    let next = one.next.map(|next| match next.since(app.wall()) {
        span if span < Span::from_secs(10) => "now".to_owned(),
        span => format::age(span),
    });
    let target = plan.target.clone().unwrap_or_else(|| words::NEAREST.to_owned());
    let open = app.own.schedules.open(one.schedule.id);
    let why = open.or(one.last.as_deref()).map(|test| speed::said(app, test));
    let why = why.filter(|why| !why.is_empty()).unwrap_or_else(|| one.note.to_string());
    [
        (word.to_owned(), role),
        (plan.name.clone(), if plan.paused { Role::Muted } else { Role::Strong }),
        (one.schedule.vantage.to_string(), text),
        (plan.test_type.word().to_owned(), text),
        (target, text),
        (every(plan), text),
        (next.unwrap_or_else(|| "–".to_owned()), text),
        (last(one), text),
        (usual(one), Role::Muted),
        (why, text),
    ]
}

/// What is well, in words.
fn limits(plan: &Plan) -> String {
    let all = &plan.thresholds;
    let at = |value: Option<f64>, words: &dyn Fn(f64) -> String| value.map(words);
    let parts = [
        at(all.download_min_mbps, &|v| format!("download {} at least", rate(v))),
        at(all.upload_min_mbps, &|v| format!("upload {} at least", rate(v))),
        at(all.latency_max_ms, &|v| format!("latency {v} ms at most")),
        at(all.jitter_max_ms, &|v| format!("jitter {v} ms at most")),
        at(all.packet_loss_max_pct, &|v| format!("loss {v} % at most")),
        at(all.baseline_deviation_pct, &|v| format!("not {v} % below what is usual")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "no limits: nothing alerts".to_owned() } else { parts.join(", ") }
}

/// Who is told of what.
fn tells(plan: &Plan) -> String {
    if !plan.alert_on_breach && !plan.alert_on_missed {
        return "nobody: it is only recorded".to_owned();
    }
    let whom = plan.notify_contact_list.clone().unwrap_or_else(|| "the default list".to_owned());
    let many = plan.consecutive_failures;
    let breach = match plan.of_last {
        Some(of) => format!("{many} breaches of the last {of}"),
        None if many == 1 => "each breach".to_owned(),
        None => format!("{many} breaches in a row"),
    };
    let parts = [
        plan.alert_on_breach.then_some(breach),
        plan.alert_on_missed.then(|| "runs that were missed".to_owned()),
    ];
    format!("{whom} of {}", parts.into_iter().flatten().collect::<Vec<_>>().join(" and "))
}

fn baselines(one: &ScheduleRow) -> String {
    let say = |word: &str, line: Option<Baseline>| {
        let line = line?;
        let how = line.learning().unwrap_or_else(|| format!("of {} results", line.count));
        Some(format!("{word} {}, {how}", rate(line.median)))
    };
    let parts = [say("download", one.baselines.download), say("upload", one.baselines.upload)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn lower(app: &App, surface: &mut Surface<'_>) {
    let Some(one) = app.own.schedules.row() else {
        return empty(surface, &["No schedule is selected."]);
    };
    let (wide, high) = (surface.width(), surface.height());
    let plan = &one.schedule.plan;
    let does = plan.spec().map_or_else(|why| why, |spec| words::what(&spec));
    let zone = plan.zone.as_deref().filter(|_| plan.cron.is_some());
    let zone = zone.map_or_else(String::new, |zone| format!(" in {zone}"));
    let created = format!("every {}{zone}, made by {}", every(plan), one.schedule.created_by);
    let mut facts = vec![
        ("does", format!("{does}; {created}"), Role::Text),
        ("well is", limits(plan), Role::Text),
        ("tells", tells(plan), Role::Text),
        ("usual", baselines(one), Role::Text),
        ("note", one.note.to_string(), Role::Note),
    ];
    facts.retain(|(_, text, _)| !text.is_empty());
    let mut y = 0;
    let room = wide.saturating_sub(LABEL + 4);
    for (label, text, role) in facts {
        for (at, line) in broken(&text, room, 2).iter().enumerate().take(high / 2) {
            let style = surface.theme.style(Role::Muted);
            surface.put_right(LABEL + 1, y, LABEL, if at == 0 { label } else { "" }, style);
            surface.say(LABEL + 3, y, room, line, role);
            y += 1;
        }
    }
    let past = match &app.own.schedules.past {
        Some((id, past)) if *id == one.schedule.id => past.as_slice(),
        _ => &[],
    };
    results(app, &mut surface.part(0, y + 1, wide, high.saturating_sub(y + 1)), past);
}

/// The last results, the newest first.
fn results(app: &App, surface: &mut Surface<'_>, past: &[Test]) {
    if past.is_empty() {
        return empty(surface, &["It has no result yet."]);
    }
    let (jitter, rates) = if surface.width() < 100 { (0, 10) } else { (8, 10) };
    let columns = columns(
        surface.width(),
        &[
            (11, "result", false),
            (12, "when", false),
            (rates, "down", true),
            (rates, "up", true),
            (8, "latency", true),
            (jitter, "jitter", true),
            (8, "loss", true),
            (0, "why", false),
        ],
    );
    heads(surface, &columns);
    let rows = surface.height().saturating_sub(1);
    for (y, test) in past.iter().take(rows).enumerate() {
        let (word, role) = words::state(test);
        let at = test.ended_at.unwrap_or(test.asked_at);
        let figures = test.figures;
        let cells = [
            (word.to_owned(), role),
            (app.options.zone.moment(at, app.wall()), Role::Muted),
            (words::mbps(figures.download_mbps), Role::Text),
            (words::mbps(figures.upload_mbps), Role::Text),
            (words::ms(figures.latency_ms), words::latency_role(figures.latency_ms)),
            (words::ms(figures.jitter_ms), words::jitter_role(figures.jitter_ms)),
            (words::loss(figures.loss_pct), words::loss_role(figures.loss_pct)),
            (speed::said(app, test), Role::Text),
        ];
        row(surface, y + 1, &columns, &cells);
    }
}

/// The schedule under the cursor in two rows, for a small screen.
pub fn preview(app: &App, surface: &mut Surface<'_>) {
    let Some(one) = app.own.schedules.row() else { return };
    let room = surface.width().saturating_sub(2);
    let plan = &one.schedule.plan;
    let target = plan.target.as_deref().unwrap_or(words::NEAREST);
    let mut about = format!("  to {target}");
    for (word, text) in [("last", last(one)), ("usual", usual(one))] {
        if !text.is_empty() {
            about = format!("{about}, {word} {text}");
        }
    }
    surface.line(1, 0, &[(&plan.name, Role::Strong), (&about, Role::Text)]);
    let note = if one.note.is_empty() { limits(plan) } else { one.note.to_string() };
    surface.say(1, 1, room, &note, Role::Muted);
}
