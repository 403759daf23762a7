//! What is said of a check that a rule made: what the rule demands, whom it tells, and what is left
//! of a duration.
//!
//! Never: decides anything; `rules::duration` does.

use crate::model::safe_text::truncate;
use crate::model::{Rule, Span, State, Timestamp};
use crate::protocol::CheckRow;
use crate::tui::app::App;
use crate::tui::format;
use crate::tui::theme::Role;

/// Columns of a line, before it is broken to the pane's width.
const LONGEST: usize = 240;

/// The lines of a rule's check; none for another one.
#[must_use]
pub fn lines(app: &App, row: &CheckRow) -> Vec<(String, Role)> {
    let Some(rule) = row.rule.as_deref() else { return Vec::new() };
    // A name as long as an engine may send would push out all that stands below.
    let words = truncate(&format!("rule: {}", rule.words()), LONGEST);
    let mut lines = vec![(words, Role::Text)];
    lines.extend(waiting(app, row, rule).map(|text| (text, Role::Note)));
    lines.push((truncate(&telling(rule), LONGEST), Role::Muted));
    lines
}

/// True while a problem must last on before it alerts.
#[must_use]
pub fn waits(row: &CheckRow) -> bool {
    let lasting = row.rule.as_ref().is_some_and(|rule| rule.duration > Span::ZERO);
    lasting && !row.status.hard && row.status.wait.since.is_some()
}

/// `a problem since 21:02:50, alerts at 21:07:50 (in 4m) unless it clears`
fn waiting(app: &App, row: &CheckRow, rule: &Rule) -> Option<String> {
    let wait = row.status.wait;
    if rule.duration == Span::ZERO {
        return None;
    }
    let (zone, wall) = (&app.options.zone, app.wall());
    let left = |since: Timestamp| {
        let end = since + rule.duration;
        if wall >= end {
            return "with the next result, unless it clears".to_owned();
        }
        format!(
            "at {} (in {}) unless it clears",
            zone.seconds(end),
            format::lasting(end.since(wall))
        )
    };
    let since = |at: Timestamp| zone.seconds(at);
    match (row.status.hard_state, wait.critical) {
        (State::Warning, Some(at)) => {
            Some(format!("critical since {}, CRITICAL {}", since(at), left(at)))
        }
        _ if waits(row) => {
            // A rule without a warning waits for what is critical alone.
            let begun = if rule.warning.is_none() { wait.critical } else { wait.since };
            begun.map(|at| format!("a problem since {}, alerts {}", since(at), left(at)))
        }
        _ => None,
    }
}

/// `tells DBA Team, again every 30m while nobody has it`
fn telling(rule: &Rule) -> String {
    if !rule.notify {
        return "tells nobody (auto_notify = false)".to_owned();
    }
    let mut text = match &rule.contact_list {
        Some(list) => format!("tells {list}"),
        None => "tells everybody".to_owned(),
    };
    if let Some(every) = rule.re_alert {
        text = format!("{text}, again every {every} while nobody has it");
    }
    if !rule.notify_recovery {
        text = format!("{text}, not its end");
    }
    text
}
