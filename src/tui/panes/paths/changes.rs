//! Changes of the selected path: before and after, with what changed in loss and round trip.
//!
//! ```text
//!  24 Feb 18:02  hop 2  10.0.1.1 → 10.0.1.9          loss 0 % → 2 %   rtt 31.7 → 48.2 ms
//!                hop 3  10.0.2.1 → 10.0.2.9
//! ```

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::model::{Path, PathChange};
use crate::tui::app::{App, Pane};
use crate::tui::format;
use crate::tui::panes::empty;
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;

/// A line: when, what, and what it did to the numbers.
pub struct Line {
    when: String,
    what: String,
    numbers: Vec<(String, Role)>,
}

/// How many there are, and since when the path is as it is.
pub fn title(app: &App) -> (String, String) {
    let changes = &app.own.paths.changes;
    let count = changes.iter().filter(|change| change.before.is_some()).count();
    let text = format!("Changes of path: {count}");
    let zone = &app.options.zone;
    let since = changes.first().map(|change| zone.moment(change.at, app.wall()));
    (text, since.map_or_else(String::new, |since| format!("unchanged since {since}")))
}

fn addresses(of: Option<&BTreeSet<IpAddr>>) -> String {
    match of {
        None => "none".to_owned(),
        Some(all) if all.is_empty() => "no answer".to_owned(),
        Some(all) => all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
    }
}

/// The hops that somebody else answers now.
#[must_use]
pub fn hops(before: &Path, after: &Path) -> Vec<String> {
    let at = |path: &Path, ttl: u8| {
        path.hops.iter().find(|hop| hop.ttl == ttl).map(|hop| hop.addresses.clone())
    };
    let ttls: BTreeSet<u8> = before.hops.iter().chain(&after.hops).map(|hop| hop.ttl).collect();
    let mut lines = Vec::new();
    for ttl in ttls {
        let (was, is) = (at(before, ttl), at(after, ttl));
        if was != is {
            let (was, is) = (addresses(was.as_ref()), addresses(is.as_ref()));
            lines.push(format!("hop {ttl:<2} {was} → {is}"));
        }
    }
    if before.hops.len() != after.hops.len() {
        let after = format::plural(after.hops.len(), "hop");
        lines.push(format!("{} → {after}", before.hops.len()));
    }
    lines
}

/// What the change did: better or worse where it can be told.
#[must_use]
pub fn numbers(before: &Path, after: &Path) -> Vec<(String, Role)> {
    let percent = |loss: Option<f64>| loss.map_or("–".to_owned(), |loss| format!("{loss:.0} %"));
    let mut pieces = Vec::new();
    let role = |was: Option<f64>, is: Option<f64>, least: f64| match (was, is) {
        (Some(was), Some(is)) if is > was + least => Role::Strong,
        _ => Role::Text,
    };
    let loss = format!("loss {} → {}", percent(before.loss_pct), percent(after.loss_pct));
    pieces.push((loss, role(before.loss_pct, after.loss_pct, 0.5)));
    let rtt = |rtt| format::round_trip(rtt);
    let text = format!("   rtt {} → {} ms", rtt(before.rtt_ms), rtt(after.rtt_ms));
    pieces.push((text, role(before.rtt_ms, after.rtt_ms, 1.0)));
    if before.reached != after.reached {
        let (text, role) = if after.reached {
            ("   the target answers again", Role::StateOk)
        } else {
            ("   the target no longer answers", Role::StateCritical)
        };
        pieces.push((text.to_owned(), role));
    }
    pieces
}

fn lines_of(app: &App, change: &PathChange) -> Vec<Line> {
    let zone = &app.options.zone;
    let when = format!("{} {}", zone.format(change.at, "%e %b"), zone.seconds(change.at));
    let Some(before) = &change.before else {
        let hops = format::plural(change.after.hops.len(), "hop");
        let what = format!("seen for the first time, {hops}");
        return vec![Line { when, what, numbers: Vec::new() }];
    };
    let mut texts = hops(before, &change.after).into_iter();
    let by = if change.check.is_none() { " (live trace)" } else { "" };
    let first = texts.next().unwrap_or_else(|| "the same hops".to_owned());
    let numbers = numbers(before, &change.after);
    let mut lines = vec![Line { when, what: format!("{first}{by}"), numbers }];
    lines.extend(texts.map(|what| Line { when: String::new(), what, numbers: Vec::new() }));
    lines
}

/// All lines, the newest change first.
pub fn lines(app: &App) -> Vec<Line> {
    app.own.paths.changes.iter().flat_map(|change| lines_of(app, change)).collect()
}

/// Draws the list.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.paths;
    let lines = lines(app);
    if lines.is_empty() {
        match &own.changes_problem {
            Some(problem) => empty(surface, &["The changes cannot be shown:", problem]),
            None => empty(surface, &["No change of this path was recorded."]),
        }
        return;
    }
    let (wide, height) = (surface.width(), surface.height());
    let first = own.change.min(lines.len().saturating_sub(height));
    let room = if wide >= 90 { wide.saturating_sub(18 + 44) } else { wide.saturating_sub(18) };
    for (y, line) in lines.iter().skip(first).take(height).enumerate() {
        surface.say(1, y, 15, &line.when, Role::Muted);
        let used = surface.say(17, y, room, &line.what, Role::Text);
        let x = if wide >= 90 { 18 + room } else { 17 + used + 2 };
        let pieces: Vec<(&str, Role)> =
            line.numbers.iter().map(|(text, role)| (text.as_str(), *role)).collect();
        surface.line(x, y, &pieces);
    }
    let hidden = lines.len().saturating_sub(first + height);
    if hidden > 0 && app.focus == Pane::PathChanges {
        let style = surface.theme.style(Role::Muted);
        let text = format!(" ↓ {hidden} more");
        surface.put_right(wide, height.saturating_sub(1), 12, &text, style);
    }
}
