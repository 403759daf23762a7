//! The test under the cursor with everything that it measured: hops, a port, resolvers side by side.

use crate::model::test::{DnsResult, ResolverTime};
use crate::model::{Measured, SafeText, Test, TestKind, TestPhase};
use crate::tui::action::Action;
use crate::tui::app::App;
use crate::tui::panes::columns::{columns, heads, row};
use crate::tui::panes::probes::dns::{differs, tint};
use crate::tui::panes::speed::{pair_words, words};
use crate::tui::panes::{empty, hops};
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;
use crate::tui::wrap::broken;

/// Columns of the labels.
const LABEL: usize = 9;
/// Rows of one text.
const LONGEST: usize = 3;

/// The vantage and the target; the kind of the test.
pub fn title(app: &App) -> (String, String) {
    let Some(test) = super::shown(app) else { return ("Result".to_owned(), String::new()) };
    let pair = pair_words(&test.agent, &test.spec.target());
    (pair, format!("{}, {}", test.spec.kind(), words::state(test).0.trim()))
}

/// What is said of it, the most wanted first.
fn facts(app: &App, test: &Test) -> Vec<(&'static str, String, Role)> {
    let own = &app.own.probes;
    let at = test.ended_at.unwrap_or(test.asked_at);
    let when = app.options.zone.moment(at, app.wall());
    let (_, role) = words::state(test);
    let mut facts =
        vec![("state", format!("{} {when}, asked by {}", test.phase, test.asked_by), role)];
    if let Some((agent, target, why)) = &own.refused
        && *agent == test.agent
        && *target == test.spec.target()
    {
        facts.insert(0, ("not run", why.clone(), Role::Bad));
    }
    if let Some(far) = words::far(test, app.wall()) {
        facts.push(("so far", far, Role::Strong));
    }
    facts.push(("does", words::what(&test.spec), Role::Text));
    if !test.reason.is_empty() {
        facts.push(("why", test.reason.to_string(), Role::Text));
    }
    facts.extend(test.breaches.iter().map(|b| ("breach", b.to_string(), Role::StateWarning)));
    match own.measured(test) {
        Some(Measured::Probe(result)) => {
            let (text, role) = own.verdict(test);
            facts.push(("port", text, role));
            facts.push(("said", result.output.to_string(), Role::Text));
        }
        None if own.without.contains(&test.id) => {
            let key = app.keymap.key(&app.pane_contexts(), Action::Fetch).unwrap_or_default();
            let text = format!("what it measured cannot be had; {key} asks again");
            facts.push(("", text, Role::Muted));
        }
        None if test.phase == TestPhase::Done => {
            facts.push(("", "asking for what it measured…".to_owned(), Role::Muted));
        }
        _ => {}
    }
    facts
}

/// Draws it.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let Some(test) = super::shown(app) else { return empty(surface, &["No test is selected."]) };
    let (wide, high) = (surface.width(), surface.height());
    let room = wide.saturating_sub(LABEL + 4);
    let mut y = 0;
    for (label, text, role) in facts(app, test) {
        for (at, line) in
            broken(&text, room, LONGEST).iter().enumerate().take(high.saturating_sub(y))
        {
            let style = surface.theme.style(Role::Muted);
            surface.put_right(LABEL + 1, y, LABEL, if at == 0 { label } else { "" }, style);
            surface.say(LABEL + 3, y, room, line, role);
            y += 1;
        }
    }
    let mut rest = surface.part(0, y + 1, wide, high.saturating_sub(y + 1));
    match app.own.probes.measured(test) {
        Some(Measured::Trace(report)) => {
            hops::table(&mut rest, report, 0, None, app.options.glyphs);
        }
        Some(Measured::Dns(result)) => resolvers(&mut rest, result),
        _ => {}
    }
}

/// The resolvers side by side.
fn resolvers(surface: &mut Surface<'_>, result: &DnsResult) {
    let name = if surface.width() < 100 { 20 } else { 32 };
    let columns = columns(
        surface.width(),
        &[
            (name, "resolver", false),
            (9, "time", true),
            (9, "rating", false),
            (7, "answer", false),
            (0, "what it answered", false),
        ],
    );
    heads(surface, &columns);
    let rows = surface.height().saturating_sub(1);
    for (y, (one, differs)) in result.resolvers.iter().zip(differs(result)).take(rows).enumerate() {
        let dead = one.time_ms.is_none();
        let (word, role) = match (dead, differs) {
            (true, _) => ("dead", Role::StateCritical),
            (false, true) => ("differs", Role::Strong),
            (false, false) => ("same", Role::Muted),
        };
        let said = one.failure.as_ref().unwrap_or(&one.answer);
        let cells = [
            (one.resolver.to_string(), Role::Strong),
            (words::ms(one.time_ms), tint(one.rating)),
            (one.rating.map_or("–", |rating| rating.word()).to_owned(), tint(one.rating)),
            (word.to_owned(), role),
            (said.to_string(), Role::Text),
        ];
        row(surface, y + 1, &columns, &cells);
    }
}

/// The same in two rows, for a small screen.
pub fn preview(app: &App, surface: &mut Surface<'_>) {
    let Some(test) = super::chosen(app) else { return };
    let own = &app.own.probes;
    let room = surface.width().saturating_sub(2);
    let pair = pair_words(&test.agent, &test.spec.target());
    let (text, role) = own.verdict(test);
    let about = format!("  {}, {} ago  ", words::what(&test.spec), super::age(app, test));
    surface.line(1, 0, &[(&pair, Role::Strong), (&about, Role::Muted), (&text, role)]);
    let said = match own.measured(test) {
        Some(Measured::Trace(report)) => report.verdict.to_string(),
        Some(Measured::Probe(result)) => result.output.to_string(),
        Some(Measured::Dns(result)) => {
            let one = |one: &ResolverTime| format!("{} {}", one.resolver, words::ms(one.time_ms));
            result.resolvers.iter().map(one).collect::<Vec<_>>().join(", ")
        }
        _ => test.reason.to_string(),
    };
    let role = if test.spec.kind() == TestKind::Dns { Role::Muted } else { Role::Text };
    surface.say(1, 1, room, SafeText::line(&said).as_str(), role);
}
