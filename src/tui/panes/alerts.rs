//! The alert feed: the worst first, what somebody has stepped back behind what nobody has.
//!
//! ```text
//!  state     for  host         check     what                           told  who has it
//!  ● CRIT     2m  db-prod-01   mysql     connection refused 10.0.3.11    sent
//! ›▲ WARN  3h10m  web-9        disk      /var 83 % (> 80)                sent  noc-2 to 06:00
//! ```

use crate::model::{Alert, Phase, ShownState};
use crate::tui::app::{App, Lead, Pane};
use crate::tui::format;
use crate::tui::panes::{empty, not_ready};
use crate::tui::theme::{Role, glyph, short};
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
    fn at(wide: usize) -> Self {
        let host = (wide / 7).clamp(10, 24);
        let check = (wide / 10).clamp(7, 16);
        let told = if wide >= 96 { 6 } else { 0 };
        let who = if wide >= 96 { 18 } else { 14 };
        let used = 1 + STATE + AGE + host + 1 + check + 1 + told + who;
        Self { host, check, what: wide.saturating_sub(used), told, who }
    }
}

const STATE: usize = 7;
const AGE: usize = 8;

/// Name, counts and order.
#[must_use]
pub fn title(app: &App) -> (String, String) {
    let unhandled = app.world.unhandled();
    let mut text = format!("Alerts: unhandled {unhandled}, handled {}", app.lists.handled);
    if !app.filter.0.is_empty() {
        text = format!("{text} /{}", app.filter.0);
    } else if app.lists.hidden > 0 {
        text = format!("{text}, {} in windows", app.lists.hidden);
    }
    let rows = app.lists.alerts.len();
    let right = if rows == 0 {
        String::new()
    } else if is_selected(app) {
        format!("worst first · {} of {rows}", app.alert_index + 1)
    } else {
        format!("worst first · {rows}")
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
    let rows = &app.lists.alerts;
    if rows.is_empty() {
        match not_ready(app) {
            Some(text) => empty(surface, &[text]),
            None if !app.filter.0.is_empty() => {
                empty(surface, &["No alert passes the filter; Esc clears it."]);
            }
            None => empty(surface, &["No alert is open."]),
        }
        return;
    }
    let columns = Columns::at(surface.width());
    let compact = surface.width() == usize::from(app.size.0);
    let top = usize::from(!compact);
    if !compact {
        heads(surface, &columns);
    }
    let height = surface.height().saturating_sub(top);
    let [_, scroll] = &app.scrolls;
    let shown = scroll.window(app.alert_index, rows.len(), height);
    for (y, at) in shown.enumerate() {
        let Some(alert) = rows.get(at) else { continue };
        row(app, surface, top + y, alert, &columns);
        if at == app.alert_index && is_selected(app) {
            let focused = app.focus == Pane::Alerts && app.overlay.is_none();
            let role = if focused { Role::Selection } else { Role::SelectionQuiet };
            surface.say(0, top + y, 1, "›", Role::Accent);
            surface.tint(top + y, role);
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

fn row(app: &App, surface: &mut Surface<'_>, y: usize, alert: &Alert, columns: &Columns) {
    let shown = ShownState::of(alert.state, alert.suppressed);
    let quiet = !alert.is_unhandled();
    let mut style = surface.theme.style(Role::of(shown));
    if quiet {
        style = style.remove_modifier(Modifier::BOLD).add_modifier(Modifier::DIM);
    }
    surface.put(1, y, STATE, &format!("{} {}", glyph(shown), short(shown)), style);
    let text = if quiet { Role::Muted } else { Role::Text };
    let text_style = surface.theme.style(text);
    let age = format::age(app.wall().since(alert.since));
    surface.put_right(1 + STATE + AGE - 2, y, AGE, &age, text_style);
    let mut x = 1 + STATE + AGE;
    surface.say(x, y, columns.host, &alert.check.host, text);
    x += columns.host + 1;
    surface.say(x, y, columns.check, &alert.check.name, text);
    x += columns.check + 1;
    surface.say(x, y, columns.what.saturating_sub(1), alert.output.as_str(), text);
    x += columns.what;
    let told = told(alert);
    if columns.told > 0 {
        surface.say(x, y, columns.told, &told, Role::Muted);
        x += columns.told;
    }
    let who = who(app, alert, columns.who >= 18);
    let who = if who.is_empty() && columns.told == 0 { told } else { who };
    let role = if app.acking.contains(&alert.id) { Role::Note } else { Role::Muted };
    surface.say(x, y, columns.who, &who, role);
}

/// Whether somebody was told: `new` when nobody was, `2/3` while it is soft.
fn told(alert: &Alert) -> String {
    match (alert.phase, alert.notified) {
        (Phase::Pending, _) => format!("{}/{}", alert.attempt, alert.attempts),
        (_, Some(_)) => "sent".to_owned(),
        (_, None) if alert.is_unhandled() => "new".to_owned(),
        _ => String::new(),
    }
}

fn who(app: &App, alert: &Alert, long: bool) -> String {
    if app.acking.contains(&alert.id) {
        return "acknowledging…".to_owned();
    }
    let Some(ack) = &alert.ack else {
        return if alert.in_maintenance { "window".to_owned() } else { String::new() };
    };
    let end = match ack.expires {
        Some(at) => app.options.zone.clock(at),
        None => "recov".to_owned(),
    };
    let to = if long { " to " } else { " " };
    // The end must stay readable: a long name gives way.
    let room = if long { 14 } else { 13 } - to.len() - end.len() + usize::from(long) * 4;
    format!("{}{to}{end}", crate::model::safe_text::truncate(ack.author.as_str(), room))
}
