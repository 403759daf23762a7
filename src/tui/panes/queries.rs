//! Rules in `PromQL` among the rules: a row for each, and how the one under the cursor goes.
//!
//! ```text
//!  QueueFull     queues      queue_depth > 1000, for 10m                r            2      1       1  rules.yml:7
//! ```
//!
//! In: what the engine says of them. Out: rows.
//! Never: evaluates anything.

use crate::model::safe_text::truncate;
use crate::model::{Kind, Span};
use crate::protocol::{CheckRow, QueryRuleRow};
use crate::tui::app::App;
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;

/// Columns of a line, before it is cut to the pane's width.
const LONGEST: usize = 400;

/// What tells one rule from the others.
#[must_use]
pub fn id(row: &QueryRuleRow) -> String {
    format!("{} {} {}", row.source, row.group, row.name)
}

/// True for the check of an alert that the rule has: called like it, with the labels that it gives.
#[must_use]
pub fn is_of(check: &CheckRow, rule: &QueryRuleRow) -> bool {
    let Some(about) = check.about.as_deref().filter(|_| check.kind == Kind::Query) else {
        return false;
    };
    let has = |name: &str, value: &str| about.labels.get(name).is_some_and(|own| own == value);
    has("alertname", rule.name.as_str())
        && rule
            .labels
            .iter()
            .filter(|(_, value)| !value.as_str().contains("{{"))
            .all(|(name, value)| has(name.as_str(), value.as_str()))
}

/// What it demands, in one line.
#[must_use]
pub fn demands(row: &QueryRuleRow) -> String {
    let expr = row.expr.as_str().split_whitespace().collect::<Vec<_>>().join(" ");
    let mut words = truncate(&expr, LONGEST);
    if row.hold > Span::ZERO {
        words = format!("{words}, for {}", row.hold);
    }
    if row.keep > Span::ZERO {
        words = format!("{words}, firing on for {}", row.keep);
    }
    words
}

/// How it goes: `ok`, `error`, or that it was not evaluated yet.
#[must_use]
pub fn health(row: &QueryRuleRow) -> (&'static str, Role) {
    match (&row.error, row.at) {
        (Some(_), _) => ("error", Role::Bad),
        (None, Some(_)) => ("ok", Role::Muted),
        (None, None) => ("not yet", Role::Muted),
    }
}

/// The lines about the rule under the cursor, at most so many.
pub fn about(app: &App, surface: &mut Surface<'_>, row: &QueryRuleRow, most: usize) -> usize {
    let room = surface.width().saturating_sub(2);
    let mut lines = vec![(demands(row), Role::Strong)];
    if let Some(why) = &row.error {
        let text = format!("not evaluated: {why}; its alerts stay as they were");
        lines.push((text, Role::Bad));
    }
    let zone = &app.options.zone;
    let last = row.at.map_or("not evaluated yet".to_owned(), |at| {
        format!("evaluated {} in {}", zone.seconds(at), took(row.took_us))
    });
    let mut text = format!("group {} every {}, {last}", row.group, row.interval);
    if !row.is_alert {
        text = format!("{text}, {} series", row.series);
    }
    for (count, what) in
        [(row.errors, "failed"), (row.missed, "skipped"), (row.left_out, "alerts without room")]
    {
        if count > 0 {
            text = format!("{text}, {count} {what}");
        }
    }
    lines.push((text, Role::Text));
    let pairs = row.labels.iter().chain(&row.annotations);
    let pairs: Vec<String> = pairs.map(|(name, text)| format!("{name}: {text}")).collect();
    if !pairs.is_empty() {
        lines.push((pairs.join("; "), Role::Muted));
    }
    let shown = lines.len().min(most);
    for (y, (text, role)) in lines.iter().take(shown).enumerate() {
        surface.say(1, y, room, text, *role);
    }
    shown
}

/// A time of microseconds, short.
#[must_use]
pub fn took(us: u64) -> String {
    if us < 1000 { format!("{us} us") } else { format!("{}.{} ms", us / 1000, us % 1000 / 100) }
}

#[cfg(test)]
mod tests {
    use super::took;

    #[test]
    fn times_are_short() {
        assert_eq!(["0 us", "999 us", "1.0 ms", "12.3 ms"], [0, 999, 1000, 12_345].map(took));
    }
}
