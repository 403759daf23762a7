//! How the pairs of vantages and targets look.
//!
//! ```text
//!  state      agent     target    down      up  latency  jitter   loss   age
//! ›▸ running  fra-01    lan-1         …       …                                45 %, 22 s left
//!  ▲ breach   dal-07    lan-1  412 Mbps 380 Mbps  9.1 ms  0.4 ms 0.00 %   4m   download 412 Mbps (< …
//! ```

use crate::model::{SafeText, Test, TestPhase};
use crate::tui::action::Action;
use crate::tui::app::{App, Pane};
use crate::tui::format::{self, plural};
use crate::tui::panes::columns::{Wish, columns, heads, row};
use crate::tui::panes::rows::select;
use crate::tui::panes::speed::{Row, words};
use crate::tui::panes::{empty, not_ready};
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;

/// The columns at a width.
const fn wishes(wide: usize) -> [Wish; 11] {
    let (agent, target, jitter, loss, by) = match wide {
        160.. => (24, 34, 8, 8, 16),
        100..160 => (14, 16, 8, 8, 0),
        _ => (12, 15, 0, 0, 0),
    };
    [
        (11, "state", false),
        (agent, "agent", false),
        (target, "target", false),
        (10, "down", true),
        (10, "up", true),
        (8, "latency", true),
        (jitter, "jitter", true),
        (loss, "loss", true),
        (5, "age", true),
        (by, "asked by", false),
        (0, "why", false),
    ]
}

/// Counts and position.
pub fn title(app: &App) -> (String, String) {
    let own = &app.own.speed;
    let rows = own.rows();
    let name = format!("Speed{}", own.needle.title());
    if rows.is_empty() {
        return (name, String::new());
    }
    let count =
        |phase| rows.iter().filter(|row| row.test().is_some_and(|t| t.phase == phase)).count();
    let now = [
        (TestPhase::Running, "running"),
        (TestPhase::Queued, "queued"),
        (TestPhase::Failed, "failed"),
    ];
    let parts: Vec<String> = now
        .into_iter()
        .map(|(phase, word)| (count(phase), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let parts = if parts.is_empty() { "nothing runs".to_owned() } else { parts.join(", ") };
    let at = format!("{} of {}", own.line(&rows) + 1, rows.len());
    (format!("{name}: {}, {parts}", plural(rows.len(), "pair")), at)
}

fn nothing(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.speed;
    match (&own.problem, not_ready(app)) {
        (Some(problem), _) => empty(surface, &["The speedtests cannot be shown:", problem]),
        (None, Some(text)) => empty(surface, &[text]),
        (None, None) if !own.loaded => empty(surface, &["Asking the engine…"]),
        (None, None) if !own.needle.is_empty() => {
            empty(surface, &["Nothing passes the filter; Esc clears it."]);
        }
        (None, None) => {
            let key = |action| app.keymap.key(&app.pane_contexts(), action).unwrap_or_default();
            let first = format!("No speedtest yet: {} runs one.", key(Action::TestForm));
            let then =
                "Targets in config.toml, as [[target]] with name and place, are offered there.";
            empty(surface, &[&first, then]);
        }
    }
}

/// Draws the list.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.speed;
    let rows = own.rows();
    if rows.is_empty() || own.problem.is_some() {
        return nothing(app, surface);
    }
    let columns = columns(surface.width(), &wishes(surface.width()));
    heads(surface, &columns);
    let at = own.line(&rows);
    let height = surface.height().saturating_sub(1);
    for (y, line) in own.scroll.window(at, rows.len(), height).enumerate() {
        let Some(one) = rows.get(line) else { continue };
        row(surface, y + 1, &columns, &cells(app, one));
        if line == at {
            select(app, surface, y + 1, app.focus == Pane::SpeedList);
        }
    }
}

fn cells(app: &App, one: &Row<'_>) -> [(String, Role); 11] {
    let test = one.test();
    let (state, role) = test.map_or(("  never", Role::Muted), words::state);
    let runs = test.is_some_and(|test| !test.phase.is_over());
    // What is measured now, else what was measured last: never the figures of a failure.
    let shown = test.filter(|test| test.phase != TestPhase::Queued);
    let figures = shown.map(|test| test.figures).unwrap_or_default();
    let text = |value: Option<f64>| if value.is_some() { Role::Text } else { Role::Muted };
    let asked = test.map_or_else(String::new, |test| test.asked_by.to_string());
    let age = test.filter(|_| !runs).map_or_else(String::new, |test| {
        format::age(app.wall().since(test.ended_at.unwrap_or(test.asked_at)))
    });
    let target = if one.target.is_empty() { words::NEAREST } else { one.target.as_str() };
    [
        (state.to_owned(), role),
        (one.agent.to_string(), Role::Strong),
        (target.to_owned(), Role::Text),
        (words::mbps(figures.download_mbps), text(figures.download_mbps)),
        (words::mbps(figures.upload_mbps), text(figures.upload_mbps)),
        (words::ms(figures.latency_ms), words::latency_role(figures.latency_ms)),
        (words::ms(figures.jitter_ms), words::jitter_role(figures.jitter_ms)),
        (words::loss(figures.loss_pct), words::loss_role(figures.loss_pct)),
        (age, Role::Muted),
        (asked, Role::Muted),
        why(app, one),
    ]
}

/// What is to say of a row: why it was refused, how far it is, why it failed, what it broke.
pub fn why(app: &App, one: &Row<'_>) -> (String, Role) {
    if let Some((pair, why)) = &app.own.speed.refused
        && *pair == one.pair()
    {
        return (format!("not run: {why}"), Role::Bad);
    }
    let Some(test) = one.test() else { return (String::new(), Role::Muted) };
    (said(app, test), Role::Text)
}

/// The same of a test alone.
#[must_use]
pub fn said(app: &App, test: &Test) -> String {
    let reason = test.reason.to_string();
    match test.phase {
        TestPhase::Running => words::far(test, app.wall()).unwrap_or_default(),
        TestPhase::Done if !test.breaches.is_empty() => {
            let all: Vec<String> = test.breaches.iter().map(ToString::to_string).collect();
            all.join(", ")
        }
        TestPhase::Queued if reason.is_empty() => "waits for its turn".to_owned(),
        _ => reason,
    }
}

/// The pair under the cursor in two rows, for a small screen.
pub fn preview(app: &App, surface: &mut Surface<'_>) {
    let Some(one) = app.own.speed.row() else { return };
    let room = surface.width().saturating_sub(2);
    let name = super::pair_words(&one.agent, &one.target);
    let about = match one.test() {
        Some(test) => format!("  {}, asked by {}", words::what(&test.spec), test.asked_by),
        None => "  never tested".to_owned(),
    };
    surface.line(1, 0, &[(&name, Role::Strong), (&about, Role::Muted)]);
    let (mut text, role) = why(app, &one);
    if text.is_empty()
        && let Some(test) = one.test()
    {
        let figures = test.figures;
        text = format!(
            "jitter {}, loss {}",
            words::ms(figures.jitter_ms),
            words::loss(figures.loss_pct)
        );
    }
    surface.say(1, 1, room, SafeText::line(&text).as_str(), role);
}
