//! The lines of an alert's page: its check and host at one side, what happened at the other.

use crate::model::safe_text::{truncate, width};
use crate::model::{Alert, CauseStage, Edge, Need, ShownState, Timestamp};
use crate::protocol::{AlertPage, DeliveryState, LogKind, NotificationRow};
use crate::tui::app::App;
use crate::tui::format;
use crate::tui::panes::output::{self, Row};
use crate::tui::panes::{history, ruled};
use crate::tui::theme::{Role, glyph, short};
use crate::tui::widgets::Surface;

/// Most comments and notifications that the page shows.
const SHOWN: usize = 100;

/// A line of the page.
pub enum Line {
    /// A line of one colour, or one with a bar.
    Plain(Row),
    /// Pieces of several colours.
    Pieces(Vec<(String, Role)>),
}

impl Line {
    fn new(text: impl Into<String>, role: Role) -> Self {
        Self::Plain(Row::new(text.into(), role))
    }

    /// Draws it.
    pub fn draw(&self, app: &App, surface: &mut Surface<'_>, y: usize) {
        match self {
            Self::Plain(row) => row.draw(app, surface, y),
            Self::Pieces(pieces) => {
                let pieces: Vec<(&str, Role)> =
                    pieces.iter().map(|(text, role)| (text.as_str(), *role)).collect();
                surface.line(1, y, &pieces);
            }
        }
    }
}

pub(super) fn head(lines: &mut Vec<Line>, text: impl Into<String>) {
    if !lines.is_empty() {
        lines.push(Line::new("", Role::Text));
    }
    lines.push(Line::new(text, Role::Title));
}

pub(super) fn wrapped(lines: &mut Vec<Line>, text: &str, wide: usize, role: Role) {
    let mut rows = Vec::new();
    output::wrap(text, wide.saturating_sub(2), role, &mut rows);
    lines.extend(rows.into_iter().map(Line::Plain));
}

pub(super) fn moment(app: &App, at: Timestamp) -> String {
    let zone = &app.options.zone;
    let day = |at| zone.format(at, "%Y-%j");
    if day(at) == day(app.wall()) {
        zone.seconds(at)
    } else {
        format!("{} {}", zone.format(at, "%-d %b"), zone.seconds(at))
    }
}

/// Who has it, what the check says, what it measured, what is known of the host, what to do.
pub fn state(app: &App, wide: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let Some(alert) = super::alert(app) else { return lines };
    head(&mut lines, "who has it");
    owner(app, alert, wide, &mut lines);
    super::escalation::lines(app, alert, wide, &mut lines);
    head(&mut lines, "output");
    check(app, alert, wide, &mut lines);
    head(&mut lines, "host");
    host(app, alert, wide, &mut lines);
    let mut rows = Vec::new();
    output::windows(app, &alert.check, &mut rows);
    lines.extend(rows.into_iter().map(Line::Plain));
    affected(app, alert, wide, &mut lines);
    lines
}

fn owner(app: &App, alert: &Alert, wide: usize, lines: &mut Vec<Line>) {
    match &alert.ack {
        Some(ack) => {
            let end = match ack.expires {
                Some(at) => format!("until {}", moment(app, at)),
                None => "until it recovers".to_owned(),
            };
            let sticky = if ack.sticky { ", also when it gets worse" } else { "" };
            let since = moment(app, ack.at);
            let text = format!("{} since {since} {end}{sticky}: {}", ack.author, ack.comment);
            wrapped(lines, &text, wide, Role::Text);
        }
        None if app.acking.contains(&alert.id) => {
            lines.push(Line::new("acknowledging…", Role::Note));
        }
        None if alert.is_open() => lines.push(Line::new("nobody yet", Role::Strong)),
        None => lines.push(Line::new("nobody had it when it ended", Role::Muted)),
    }
    if alert.suppressed {
        let text = "a window covers it: hidden from the feed, and nobody is told";
        wrapped(lines, text, wide, Role::StateMaintenance);
    } else if alert.in_maintenance {
        wrapped(lines, "a window covers it", wide, Role::StateMaintenance);
    }
    if let Some(cause) = &alert.cause {
        let text = match cause.stage {
            CauseStage::Doubt => {
                format!("it waits for what {} says; nobody is told before", cause.check)
            }
            CauseStage::Down => {
                format!("{} gives no answer and explains it: nobody is told", cause.check)
            }
            CauseStage::Over => format!("{} answers again: the next run decides", cause.check),
        };
        wrapped(lines, &text, wide, Role::Note);
    }
}

/// What the alert explains, the worst first.
fn affected(app: &App, alert: &Alert, wide: usize, lines: &mut Vec<Line>) {
    let count = app.world.affected(&alert.check);
    if count == 0 {
        return;
    }
    head(lines, format!("{} affected, told to nobody", format::plural(count, "alert")));
    let mut all: Vec<_> =
        app.world.open_alerts().filter(|one| one.root() == Some(&alert.check)).collect();
    all.sort_by_key(|one| (std::cmp::Reverse(one.state.severity()), &one.check));
    for one in all.iter().take(SHOWN) {
        let shown = ShownState::of(one.state, one.suppressed);
        let room = wide.saturating_sub(10);
        let text = truncate(&format!("{}  {}", one.check, one.output), room);
        let state = format!("{} {:<5}", glyph(shown), short(shown));
        lines.push(Line::Pieces(vec![(state, Role::of(shown)), (text, Role::Text)]));
    }
    if count > SHOWN {
        lines.push(Line::new(format!("and {} more", count - SHOWN), Role::Muted));
    }
}

/// The whole output and numbers of the check, as last seen, and when it runs again.
fn check(app: &App, alert: &Alert, wide: usize, lines: &mut Vec<Line>) {
    let page = app.own.alert.page.as_ref();
    let row = app.world.check(&alert.check).map(AsRef::as_ref);
    let Some(row) = row.or_else(|| page.and_then(|page| page.row.as_ref())) else {
        wrapped(lines, alert.output.as_str(), wide, Role::Text);
        lines.push(Line::new("the check is gone", Role::Muted));
        return;
    };
    let seen = super::seen(app);
    let text = seen.map_or(&row.status.output, |seen| &seen.output);
    wrapped(lines, text.as_str(), wide, Role::Text);
    if let Some(seen) = seen {
        if let Some(failure) = seen.failure.as_ref().filter(|failure| failure.message != *text) {
            wrapped(lines, failure.message.as_str(), wide, Role::Text);
        }
        for line in seen.long.as_str().lines() {
            wrapped(lines, line, wide, Role::Muted);
        }
        let mut rows = Vec::new();
        output::numbers(&seen.metrics, wide.saturating_sub(2), &mut rows);
        lines.extend(rows.into_iter().map(Line::Plain));
    }
    for (text, role) in ruled::lines(app, row) {
        wrapped(lines, &text, wide, role);
    }
    let mut times = format!("{} every {}", row.kind.word(), row.interval);
    let (last, next) = super::run(app, &alert.check);
    if let Some(last) = last {
        times = format!("{times}, last result {}", moment(app, last));
    }
    if let Some(next) = next.filter(|at| *at >= app.wall()) {
        times = format!("{times}, next {}", moment(app, next));
    }
    if let Some(flapping) = alert.flapping {
        let since = moment(app, flapping.since);
        let count = format::plural(flapping.changes, "change");
        let last = short(ShownState::of(flapping.last, false));
        let text = format!(
            "flapping since {since}: {count}, last result {last}; held open, and only the end is told"
        );
        wrapped(lines, &text, wide, Role::Note);
    }
    let late = if row.status.late { ", late" } else { "" };
    wrapped(lines, &format!("{times}{late}"), wide, Role::Muted);
}

fn host(app: &App, alert: &Alert, wide: usize, lines: &mut Vec<Line>) {
    let Some(entry) = app.world.host(&alert.check.host) else {
        lines.push(Line::new(format!("{} is no longer configured", alert.check.host), Role::Muted));
        return;
    };
    let host = &entry.host;
    let mut parts = vec![host.address.to_string()];
    parts.extend(host.labels.iter().map(|(key, value)| format!("{key} {value}")));
    if !host.groups.is_empty() {
        parts.push(format!("in {}", host.groups.join(", ")));
    }
    lines.push(Line::Pieces(vec![
        (host.name.to_string(), Role::Strong),
        (format!("  {}", parts.join(", ")), Role::Text),
    ]));
    if !host.parents.is_empty() {
        let all = host.parents_need == Need::All && host.parents.len() > 1;
        let each = if all { " (each is needed)" } else { "" };
        let text = format!("reached through {}{each}", host.parents.join(", "));
        wrapped(lines, &text, wide, Role::Text);
    }
    let others = entry.checks.iter().filter(|row| row.key.name != alert.check.name);
    let mut bad: Vec<String> = Vec::new();
    let mut fine = 0_usize;
    for row in others {
        match app.world.shown_check(row, app.wall()) {
            ShownState::Ok => fine += 1,
            shown => bad.push(format!("{} {}", row.key.name, short(shown))),
        }
    }
    let mut text = format!("other checks: {fine} OK");
    for one in bad.iter().take(SHOWN) {
        text = format!("{text}, {one}");
    }
    wrapped(lines, &text, wide, Role::Text);
    if let Some(notes) = &host.notes {
        wrapped(lines, notes, wide, Role::Muted);
    }
    let about = app.world.check(&alert.check).and_then(|row| row.about.clone());
    let about = about.as_deref();
    let contact = about.and_then(|about| about.contact.as_ref()).or(host.contact.as_ref());
    if let Some(contact) = contact {
        wrapped(lines, &format!("call: {contact}"), wide, Role::Text);
    }
    let runbook = about.and_then(|about| about.runbook.as_ref()).or(host.runbook.as_ref());
    match runbook {
        Some(runbook) => {
            let text = format!("runbook: {runbook}");
            for line in text.lines() {
                wrapped(lines, line, wide, Role::Text);
            }
        }
        None => lines.push(Line::new("runbook: none is configured", Role::Muted)),
    }
}

/// What happened in the episode, who was told, and what was said about it.
pub fn events(app: &App, wide: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let Some(page) = &app.own.alert.page else {
        let text = match &app.own.alert.problem {
            Some(problem) => format!("What happened cannot be shown: {problem}"),
            None => "Asking the engine what happened…".to_owned(),
        };
        wrapped(&mut lines, &text, wide, Role::Muted);
        return lines;
    };
    head(&mut lines, "what happened, newest first");
    for edge in &page.edges {
        one_edge(app, edge, wide, &mut lines);
    }
    if page.edges.is_empty() {
        lines.push(Line::new("nothing but soft results so far", Role::Muted));
    }
    head(&mut lines, "who was told");
    told(app, page, wide, &mut lines);
    head(&mut lines, "comments");
    for comment in page.comments.iter().take(SHOWN) {
        let on = match (&comment.alert, &comment.check) {
            (Some(id), _) if *id == page.alert.id => "",
            (_, Some(_)) => " on the check",
            (_, None) => " on the host",
        };
        let when = moment(app, comment.at);
        let text = format!("{when} {}{on}: {}", comment.author, comment.text);
        wrapped(&mut lines, &text, wide, Role::Text);
    }
    if page.comments.is_empty() {
        lines.push(Line::new("nothing was written yet", Role::Muted));
    }
    lines
}

/// `21:03:20 ● fired  OK → CRIT  connection refused`, its text in further lines where it is long.
fn one_edge(app: &App, edge: &Edge, wide: usize, lines: &mut Vec<Line>) {
    let (sign, word, role) = history::kind(LogKind::Edge(edge.kind), Some(edge.to));
    let mut pieces = vec![
        (format!("{:>15} ", moment(app, edge.at)), Role::Muted),
        (format!("{sign} {word:<13}"), role),
    ];
    if edge.from != edge.to {
        let word = |state| short(ShownState::of(state, false));
        pieces.push((format!("{} → ", word(edge.from)), Role::Muted));
        pieces.push((format!("{} ", word(edge.to)), Role::of_state(edge.to)));
    }
    let mut text = match &edge.actor {
        Some(actor) if edge.text.is_empty() => actor.to_string(),
        Some(actor) => format!("{actor}: {}", edge.text),
        None => edge.text.to_string(),
    };
    if edge.in_maintenance {
        text = format!("◇ {text}");
    }
    let used: usize = pieces.iter().map(|(text, _)| width(text)).sum();
    if used + width(&text) < wide {
        pieces.push((text, Role::Text));
        lines.push(Line::Pieces(pieces));
        return;
    }
    lines.push(Line::Pieces(pieces));
    let indent = 18;
    let mut rows = Vec::new();
    output::wrap(&text, wide.saturating_sub(indent + 2), Role::Text, &mut rows);
    for row in rows {
        lines.push(Line::new(format!("{}{}", " ".repeat(indent), row.text), row.role));
    }
}

fn told(app: &App, page: &AlertPage, wide: usize, lines: &mut Vec<Line>) {
    if page.notifications.is_empty() {
        let text = match page.alert.notified {
            Some(state) => format!("told as {state}; the promise is no longer kept"),
            None => "nobody: no destination is configured for it, or its time has not come".into(),
        };
        wrapped(lines, &text, wide, Role::Muted);
    }
    for incident in &page.incidents {
        let text = format!("incident {} at {}", incident.id, incident.destination);
        wrapped(lines, &text, wide, Role::Strong);
    }
    for one in page.notifications.iter().take(SHOWN) {
        let (text, role) = delivery(app, one);
        wrapped(lines, &text, wide, role);
    }
}

/// Why what is due was not delivered yet.
fn due(app: &App, one: &NotificationRow) -> (&'static str, Role) {
    let held = app.world.engine().hold.is_some();
    match one.tries {
        0 if held || one.not_before > app.wall() => ("held for", Role::Note),
        0 => ("queued for", Role::Note),
        _ => ("tried again:", Role::Bad),
    }
}

fn delivery(app: &App, one: &NotificationRow) -> (String, Role) {
    let why = one.reason.word().replace('_', " ");
    let what = format!("{} ({why})", one.destination);
    let tries = match one.tries {
        0 => String::new(),
        tries => {
            let count = format::plural(tries, "failed try");
            let answer = one.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
            format!(", {count}{answer}")
        }
    };
    match (one.state, one.sent_at) {
        (DeliveryState::Sent, at) => {
            let when = at.map_or_else(String::new, |at| format!("{} ", moment(app, at)));
            (format!("{when}✓ {what} took it{tries}"), Role::Text)
        }
        (DeliveryState::Due, _) => {
            let (word, role) = due(app, one);
            (format!("{} {word} {what}{tries}", moment(app, one.not_before)), role)
        }
        (DeliveryState::Dropped, at) => {
            let when = at.map_or_else(String::new, |at| format!("{} ", moment(app, at)));
            (format!("{when}– dropped: {what}{tries}"), Role::Muted)
        }
        (DeliveryState::Digest, Some(at)) => {
            (format!("{} ✓ {what} took it in a digest{tries}", moment(app, at)), Role::Text)
        }
        (DeliveryState::Digest, None) => (format!("due to {what} in a digest{tries}"), Role::Note),
        (DeliveryState::Parked, _) => (format!("given up: {what}{tries}"), Role::Bad),
    }
}
