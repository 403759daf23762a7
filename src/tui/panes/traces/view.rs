//! How the traces of a pair look.
//!
//! ```text
//!  state            when   hops      rtt   loss  what changed
//! ›● ends at hop 4  21:02     5        –  100 %  loss 0 % → 100 %, the target no longer answers; hop 5 …
//! ```

use crate::model::trace::{Hop, TraceReport};
use crate::model::{SafeText, Test, TestPhase};
use crate::tui::app::{App, Pane};
use crate::tui::format;
use crate::tui::panes::columns::{columns, heads, row};
use crate::tui::panes::paths::{changed_hops, changed_numbers};
use crate::tui::panes::rows::select;
use crate::tui::panes::speed::{pair_words, said, words};
use crate::tui::panes::traces::State;
use crate::tui::panes::{empty, not_ready};
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;

/// The pair with its changes; of the comparison the two moments.
pub fn title(app: &App, pane: Pane) -> (String, String) {
    let own = &app.own.traces;
    if pane == Pane::TraceCompare {
        let Some((before, after)) = own.pair() else {
            return ("Compared".to_owned(), String::new());
        };
        let moment = |test: &Test| app.options.zone.moment(test.asked_at, app.wall());
        let how = if own.marked.is_some() { "the marked one" } else { "the one before" };
        return (format!("{} and {}", moment(before), moment(after)), how.to_owned());
    }
    let Some((agent, target)) = &own.of else { return ("Traces".to_owned(), String::new()) };
    let pair = pair_words(agent, target);
    if own.tests.is_empty() {
        return (pair, String::new());
    }
    let changes = (0..own.tests.len()).filter(|line| own.change(*line).is_some()).count();
    let text = format!("{pair}: {}", format::plural(own.tests.len(), "trace"));
    let text = format!("{text}, {}", format::plural(changes, "change"));
    let missing = own.missing();
    let missing = if missing == 0 { String::new() } else { format!("{missing} still to come · ") };
    (text, format!("{missing}{} of {}", own.line() + 1, own.tests.len()))
}

/// Draws one of the panes.
pub fn view(app: &App, pane: Pane, surface: &mut Surface<'_>) {
    if pane == Pane::TraceCompare { compare(app, surface) } else { list(app, surface) }
}

/// How a trace went, and its colour.
fn verdict(own: &State, test: &Test) -> (String, Role) {
    match own.report(test) {
        Some(report) if !report.reached => {
            let last = report.hops.iter().rev().find(|hop| hop.received > 0);
            let text = last.map_or_else(
                || "● no hop answers".to_owned(),
                |hop| format!("● ends at hop {}", hop.ttl),
            );
            (text, Role::StateCritical)
        }
        _ => {
            let (word, role) = words::state(test);
            (word.to_owned(), role)
        }
    }
}

/// What changed since the trace before, and what that did.
fn changed(app: &App, line: usize, test: &Test) -> (String, Role) {
    let own = &app.own.traces;
    if test.phase != TestPhase::Done {
        return (said(app, test), Role::Text);
    }
    if own.is_missing(test) {
        return ("…".to_owned(), Role::Muted);
    }
    let Some((before, after)) = own.change(line) else { return (String::new(), Role::Muted) };
    let hops = changed_hops(&before, &after).join(", ");
    let numbers: Vec<String> = changed_numbers(&before, &after)
        .into_iter()
        .map(|(text, _)| text.trim().to_owned())
        .collect();
    let hops = if hops.is_empty() { "the same hops".to_owned() } else { hops };
    // Of many hops the last may be cut; what it did is read first.
    (format!("{}; {hops}", numbers.join(", ")), Role::Strong)
}

fn list(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.traces;
    if own.tests.is_empty() || own.problem.is_some() {
        return match (&own.problem, not_ready(app)) {
            (Some(problem), _) => empty(surface, &["The traces cannot be shown:", problem]),
            (None, Some(text)) => empty(surface, &[text]),
            (None, None) if own.of.is_none() => {
                empty(surface, &["Traces are of a pair: choose a trace in Probes."]);
            }
            (None, None) if !own.loaded => empty(surface, &["Asking the engine…"]),
            (None, None) => empty(surface, &["No trace of this pair is kept."]),
        };
    }
    let columns = columns(
        surface.width(),
        &[
            (17, "state", false),
            (12, "when", false),
            (4, "hops", true),
            (9, "rtt", true),
            (6, "loss", true),
            (0, "what changed", false),
        ],
    );
    heads(surface, &columns);
    let at = own.line();
    let height = surface.height().saturating_sub(1);
    for (y, line) in own.scroll.window(at, own.tests.len(), height).enumerate() {
        let Some(test) = own.tests.get(line) else { continue };
        let hops = own.report(test).map_or_else(String::new, |one| one.hops.len().to_string());
        let figures = test.figures;
        let loss = figures.loss_pct.map_or_else(|| "–".to_owned(), |loss| format!("{loss:.0} %"));
        let cells = [
            verdict(own, test),
            (app.options.zone.moment(test.asked_at, app.wall()), Role::Muted),
            (hops, Role::Text),
            (words::ms(figures.latency_ms), Role::Text),
            (loss, words::loss_role(figures.loss_pct)),
            changed(app, line, test),
        ];
        row(surface, y + 1, &columns, &cells);
        if line == at {
            select(app, surface, y + 1, app.focus == Pane::TraceList);
        }
        if own.marked == Some(test.id) {
            surface.say(0, y + 1, 1, "▪", Role::Accent);
        }
    }
}

/// Who answers at a hop.
fn who(hop: Option<&Hop>) -> String {
    let Some(hop) = hop else { return "–".to_owned() };
    let names = hop.addresses.iter().map(|one| match &one.name {
        Some(name) => format!("{name} {}", one.address),
        None => one.address.to_string(),
    });
    let names: Vec<String> = names.collect();
    if names.is_empty() { "no answer".to_owned() } else { names.join(", ") }
}

fn answers(hop: Option<&Hop>) -> Vec<std::net::IpAddr> {
    hop.map(|hop| hop.addresses.iter().map(|one| one.address).collect()).unwrap_or_default()
}

/// The two side by side, hop by hop; what is answered by somebody else stands out.
fn compare(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.traces;
    let Some((before, after)) = own.pair() else {
        return empty(
            surface,
            &["There is nothing to compare: it needs two traces that saw a way."],
        );
    };
    let (Some(was), Some(is)) = (own.report(before), own.report(after)) else {
        let text =
            if own.missing() > 0 { "Asking the engine…" } else { "One of them saw no way." };
        return empty(surface, &[text]);
    };
    let wide = surface.width();
    let name = (wide.saturating_sub(4 + 4 * 9 + 8) / 2).max(12);
    let columns = columns(
        wide,
        &[
            (4, "hop", false),
            (name, "before", false),
            (name, "after", false),
            (8, "rtt", true),
            (8, "rtt", true),
            (6, "loss", true),
            (6, "loss", true),
            (0, "", false),
        ],
    );
    heads(surface, &columns);
    let count = was.hops.len().max(is.hops.len());
    let height = surface.height().saturating_sub(3);
    let first = own.hop.min(count.saturating_sub(height));
    for (y, at) in (first..count).take(height).enumerate() {
        row(surface, y + 1, &columns, &cells(was, is, at));
    }
    let y = (count - first).min(height) + 2;
    let said = |report: &TraceReport| SafeText::line(report.verdict.as_str()).to_string();
    let (a, b) = (said(was), said(is));
    let text = if a == b { a } else { format!("before: {a}; after: {b}") };
    surface.say(1, y, wide.saturating_sub(2), &text, Role::Text);
}

fn cells(was: &TraceReport, is: &TraceReport, at: usize) -> [(String, Role); 8] {
    let (a, b) = (was.hops.get(at), is.hops.get(at));
    let (old, new) = (answers(a), answers(b));
    // Silence is no other router.
    let other = !old.is_empty() && !new.is_empty() && !new.iter().any(|one| old.contains(one));
    let gone = (old.is_empty() != new.is_empty()) || a.is_none() != b.is_none();
    let role = if other { Role::Strong } else { Role::Text };
    let ms = |hop: Option<&Hop>| format::round_trip(hop.and_then(|hop| hop.avg_ms));
    let loss = |hop: Option<&Hop>| {
        let hop = hop.filter(|hop| hop.sent > 0);
        hop.map_or_else(|| "–".to_owned(), |hop| format!("{:.0} %", hop.loss_pct))
    };
    let sign = if other {
        "≠"
    } else if gone {
        "±"
    } else {
        ""
    };
    let ttl = a.or(b).map_or_else(String::new, |hop| hop.ttl.to_string());
    [
        (ttl, Role::Muted),
        (who(a), Role::Muted),
        (who(b), role),
        (ms(a), Role::Muted),
        (ms(b), role),
        (loss(a), Role::Muted),
        (loss(b), role),
        (sign.to_owned(), Role::Accent),
    ]
}

/// The trace under the cursor in two rows, for a small screen.
pub fn preview(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.traces;
    let Some(test) = own.tests.get(own.line()) else { return };
    let room = surface.width().saturating_sub(2);
    let (text, role) = verdict(own, test);
    let when = app.options.zone.moment(test.asked_at, app.wall());
    let about = format!("  {when}, {}", words::what(&test.spec));
    surface.line(1, 0, &[(&text, role), (&about, Role::Text)]);
    let (changed, role) = changed(app, own.line(), test);
    surface.say(1, 1, room, &changed, role);
}
