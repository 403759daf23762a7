//! The alert feed: the worst first, what somebody has stepped back behind what nobody has.
//!
//! ```text
//!  state     for  host         check     what                           told  who has it
//!  ● CRIT     2m  db-prod-01   mysql     connection refused 10.0.3.11    sent
//! ›▲ WARN  3h10m  web-9        disk      /var 83 % (> 80)                sent  noc-2 to 06:00
//! ```

use crate::model::{Phase, ShownState, Span, State};
use crate::protocol::Told;
use crate::tui::app::{App, Lead, Pane};
use crate::tui::format;
use crate::tui::lists::{AlertRow, Presence, Row};
use crate::tui::panes::rows::{Marked, group_row, old, remarked, select, waiting};
use crate::tui::panes::ruled::waits;
use crate::tui::panes::{empty, first_steps, not_ready, said};
use crate::tui::theme::{Role, glyph, short};
use crate::tui::triage::expiring;
use crate::tui::widgets::Surface;
use ratatui::style::Modifier;

struct Columns {
    host: usize,
    check: usize,
    what: usize,
    told: usize,
    who: usize,
}

impl Columns {
    /// On a slow line what is ordinary is left to the alert's page: that somebody was told.
    fn at(wide: usize, slow: bool) -> Self {
        let host = (wide / 7).clamp(10, 24);
        // Where there is room a rule's name is whole: two that begin alike are told apart.
        let check = (wide / 10).clamp(7, 16).max((wide.saturating_sub(113) * 2).min(24));
        let told = if wide >= 96 && !slow { 6 } else { 0 };
        let who = if wide >= 96 { 18 } else { 14 };
        let used = 1 + STATE + AGE + host + 1 + check + 1 + told + who;
        Self { host, check, what: wide.saturating_sub(used), told, who }
    }
}

const STATE: usize = 7;
const AGE: usize = 8;
/// Somebody was told.
const SENT: &str = "sent";
/// A promise that is older is over: kept or given up.
const DAY: Span = Span::from_secs(24 * 3600);

/// Name, counts and order.
#[must_use]
pub fn title(app: &App) -> (String, String) {
    let counts = app.lists.counts;
    let mut text = format!("Alerts: unhandled {}, handled {}", counts.unhandled, counts.handled);
    if counts.snoozed > 0 {
        text = format!("{text}, {} snoozed", counts.snoozed);
    }
    if counts.explained > 0 {
        text = format!("{text}, {} explained", counts.explained);
    }
    if counts.soft > 0 {
        text = format!("{text}, soft {}", counts.soft);
    }
    if !app.filter.0.is_empty() {
        text = format!("{text} /{}", app.filter.0);
    }
    let list = &app.lists.alerts;
    text.push_str(&waiting(list));
    if app.filter.0.is_empty() && counts.hidden > 0 {
        // They are not listed: the numbers before them are those of the rows.
        text = format!("{text}; {} in windows", counts.hidden);
    }
    if list.is_empty() {
        return (text, String::new());
    }
    let newest = if app.newest { "newest, " } else { "" };
    let rows = list.len();
    let order = list.shape.words();
    let right = if is_selected(app) {
        format!("{newest}{order} · {} of {rows}", list.index + 1)
    } else {
        format!("{newest}{order} · {rows}")
    };
    (text, right)
}

/// False when another list has selected a host that no alert here is of.
fn is_selected(app: &App) -> bool {
    let host = app.selected_alert().map(|alert| &alert.check.host);
    app.lead == Lead::Alerts || host == app.host.as_ref()
}

/// Draws the feed.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let list = &app.lists.alerts;
    if list.is_empty() {
        match not_ready(app) {
            Some(text) => empty(surface, &[text]),
            None if !app.filter.0.is_empty() => {
                empty(surface, &["No alert passes the filter; Esc clears it."]);
            }
            None => match first_steps(app) {
                Some(how) => empty(surface, &["No alert is open.", how]),
                None => empty(surface, &["No alert is open."]),
            },
        }
        return;
    }
    let columns = Columns::at(surface.width(), app.options.low_bandwidth);
    let compact = surface.width() == usize::from(app.size.0);
    let top = usize::from(!compact);
    if !compact {
        heads(surface, &columns);
    }
    let height = surface.height().saturating_sub(top);
    let marked = Marked::of(list);
    for (y, at) in list.scroll.window(list.index, list.len(), height).enumerate() {
        let Some(line) = list.rows.get(at) else { continue };
        let y = top + y;
        match line {
            Row::Group(group) => group_row(app, surface, y, "alert", group),
            Row::Item { item, presence, inside } => {
                row(app, surface, y, item, (*presence, *inside), &columns);
            }
        }
        marked.sign(surface, y, at, line);
        if at == list.index && list.cursor.is_some() && is_selected(app) {
            select(app, surface, y, app.focus == Pane::Alerts);
        }
    }
}

fn heads(surface: &mut Surface<'_>, columns: &Columns) {
    let style = surface.theme.style(Role::Muted);
    surface.say(1, 0, STATE, "state", Role::Muted);
    surface.put_right(1 + STATE + AGE - 2, 0, AGE, "for", style);
    let mut x = 1 + STATE + AGE;
    for (name, wide) in [
        ("host", columns.host + 1),
        ("check", columns.check + 1),
        ("what", columns.what),
        ("told", columns.told),
        ("who has it", columns.who),
    ] {
        surface.say(x, 0, wide, if wide == 0 { "" } else { name }, Role::Muted);
        x += wide;
    }
}

fn row(
    app: &App,
    surface: &mut Surface<'_>,
    y: usize,
    row: &AlertRow,
    (presence, inside): (Presence, bool),
    columns: &Columns,
) {
    let alert = &row.alert;
    let check = app.world.check(&alert.check);
    let gone = presence == Presence::Gone;
    let (sign, word, role) = match presence {
        Presence::Gone if check.is_some_and(|row| row.status.state == State::Ok) => {
            (glyph(ShownState::Ok), "OK", Role::StateOk)
        }
        Presence::Gone => ("–", "gone", Role::Muted),
        _ => {
            let shown = ShownState::of(alert.state, alert.suppressed);
            (glyph(shown), short(shown), Role::of(shown))
        }
    };
    let quiet = !row.is_unhandled() || presence != Presence::Here;
    let mut style = surface.theme.style(role);
    if quiet {
        style = style.remove_modifier(Modifier::BOLD).add_modifier(Modifier::DIM);
    }
    surface.put(1, y, STATE, &format!("{sign} {word}"), style);
    let late = check.filter(|row| row.status.late && !gone);
    let text = match late {
        Some(_) => Role::Stale,
        None if quiet => Role::Muted,
        None => Role::Text,
    };
    let mut style = surface.theme.style(text);
    if gone {
        style = style.add_modifier(Modifier::CROSSED_OUT);
    }
    let age = format::age(app.wall().since(alert.since));
    surface.put_right(1 + STATE + AGE - 2, y, AGE, &age, style);
    let mut x = 1 + STATE + AGE;
    let indent = if inside { 2 } else { 0 };
    surface.put(x + indent, y, columns.host - indent, &alert.check.host, style);
    x += columns.host + 1;
    surface.put(x, y, columns.check, &alert.check.name, style);
    x += columns.check + 1;
    let said = said::of_alert(app, alert);
    let what = match late {
        Some(check) => format!("{}{said}", old(app, check)),
        None => said.to_string(),
    };
    let room = columns.what.saturating_sub(1);
    surface.put(x, y, room, &remarked(&what, remark(row, inside).as_deref(), room), style);
    x += columns.what;
    let told = told(app, row);
    let fails = matches!(app.world.told(alert.id), Some(Told::Parked | Told::Failed(_)));
    let mut long = columns.who >= 18;
    if columns.told > 0 {
        let role = if fails && alert.notified.is_some() { Role::Bad } else { Role::Muted };
        surface.say(x, y, columns.told, &told, role);
        x += columns.told;
        // A word of six columns leaves none between itself and a name.
        if told.len() == columns.told {
            (x, long) = (x + 1, false);
        }
    }
    let who = who(app, row, long);
    let ordinary = app.options.low_bandwidth && told == SENT;
    let who = if who.is_empty() && columns.told == 0 && !ordinary { told } else { who };
    let near = alert.ack.as_ref();
    let near = near.and_then(|ack| expiring::rest(ack, app.options.ack_warning, app.wall()));
    let role = match near {
        _ if app.acking.contains(&alert.id) => Role::Note,
        Some(_) => Role::StateWarning,
        None => Role::Muted,
    };
    surface.say(x, y, columns.who, &who, role);
}

/// What is said behind the output: what it explains, what explains it, that it flaps.
fn remark(row: &AlertRow, inside: bool) -> Option<String> {
    let alert = &row.alert;
    // Under the row of what explains it that is no news.
    let cause = alert.cause.as_ref().filter(|_| !inside || alert.root().is_none());
    match (row.affected, cause, alert.flapping) {
        (0, Some(cause), _) => Some(cause.words()),
        (0, None, flapping) => flapping.map(|flapping| flapping.words()),
        (affected, ..) => Some(format!("{affected} affected")),
    }
}

/// How far the word has come, in six columns.
fn word(told: Told) -> String {
    match told {
        Told::Dropped => "drop".to_owned(),
        Told::Sent => SENT.to_owned(),
        Told::Held => "held".to_owned(),
        Told::Queued => "queued".to_owned(),
        Told::Delayed => "late".to_owned(),
        Told::Failed(tries @ 0..=9) => format!("fail {tries}"),
        Told::Failed(tries) => format!("fail{}", tries.min(99)),
        Told::Parked => "parked".to_owned(),
    }
}

/// Whether somebody was told: how far the word has come; `new` when nobody was; `2/3` while it is soft, `wait` while a rule's
/// duration runs.
fn told(app: &App, row: &AlertRow) -> String {
    let alert = &row.alert;
    match (alert.phase, alert.notified) {
        (Phase::Pending, _) if app.world.check(&alert.check).is_some_and(|row| waits(row)) => {
            "wait".to_owned()
        }
        (Phase::Pending, _) => format!("{}/{}", alert.attempt, alert.attempts),
        (_, Some(_)) => match app.world.told(alert.id) {
            Some(told) => word(told),
            // It is over, and its row stays for the eye alone.
            None if app.world.alert(alert.id).is_none() => String::new(),
            // What was promised long ago is over, and its row may be gone.
            None if alert.told_at.is_some_and(|at| app.wall().since(at) > DAY) => SENT.to_owned(),
            None => word(Told::Queued),
        },
        (_, None) if row.is_unhandled() => "new".to_owned(),
        _ => String::new(),
    }
}

fn who(app: &App, row: &AlertRow, long: bool) -> String {
    let alert = &row.alert;
    if app.acking.contains(&alert.id) {
        return "acknowledging…".to_owned();
    }
    let Some(ack) = &alert.ack else {
        if let Some(until) = row.snoozed {
            let word = if long { "snoozed to" } else { "snooze" };
            return format!("{word} {}", app.options.zone.clock(until));
        }
        return if alert.in_maintenance { "window".to_owned() } else { String::new() };
    };
    let near = expiring::rest(ack, app.options.ack_warning, app.wall());
    let (to, end) = match (near, ack.expires) {
        (Some(rest), _) => (" ends ", format::age(rest)),
        (None, Some(at)) => (if long { " to " } else { " " }, app.options.zone.clock(at)),
        (None, None) => (if long { " to " } else { " " }, "recov".to_owned()),
    };
    // The end must stay readable: a long name gives way.
    let room = if long { 14 } else { 13 } - to.len() - end.len() + usize::from(long) * 4;
    format!("{}{to}{end}", crate::model::safe_text::truncate(ack.author.as_str(), room))
}
