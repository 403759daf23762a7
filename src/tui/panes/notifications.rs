//! The notifications of all alerts: how things stand with each destination, and what waits, was
//! given up, is over.
//!
//! ```text
//!  destination        waiting  failing  given up  last taken
//! ›pager                    3        3         2  4m ago
//!  log                      0        0         0  now
//!  state      age  check              tells  why      to     tries  last answer
//!  ◌ waiting   4m  web-1/http         CRIT   first    pager      5  503, try later
//!  ● given up  2h  db-1/disk          WARN   first    pager      1  400 bad request
//!  ✓ taken     1m  web-2/http         OK     recovered log       0
//! ```
//!
//! In: pages of the engine's list. Out: rows, and orders to send again or to give up.
//! Never: keeps more than one page, or asks while the view is not shown.

use crate::model::{Span, State as CheckState, Steady};
use crate::protocol::query::{Answer, Query};
use crate::protocol::{
    Command, DeliveryState, DestinationRow, NotificationItem, NotificationPage, NotificationScope,
    Problem,
};
use crate::tui::action::Action;
use crate::tui::app::{App, Pane, Tone};
use crate::tui::effect::{Effect, Reply};
use crate::tui::format::{self, plural};
use crate::tui::line::{Line, Pending, Purpose};
use crate::tui::panes::{empty, not_ready};
use crate::tui::theme::Role;
use crate::tui::views::View;
use crate::tui::widgets::{Scroll, Surface, cursor};

/// Rows of the page.
const LIMIT: u32 = 500;
/// How often it is asked for again.
const STEP: Span = Span::from_secs(2);

/// What the cursor stands on: it belongs to an object, not to a line.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Under {
    Destination(String),
    Key(String),
}

/// The pane's own state.
#[derive(Debug, Default)]
pub struct State {
    page: NotificationPage,
    under: Option<Under>,
    at: usize,
    scroll: Scroll,
    /// Only what goes to this destination.
    only: Option<String>,
    loaded: bool,
    looked: Option<Steady>,
    token: u64,
    problem: Option<String>,
}

impl State {
    fn objects(&self) -> impl Iterator<Item = Under> {
        let names = self.page.destinations.iter().map(|row| Under::Destination(row.name.clone()));
        names.chain(self.page.rows.iter().map(|item| Under::Key(item.told.key.clone())))
    }

    /// The line of the cursor among destinations and notifications; what is gone leaves it where
    /// it stood.
    fn line(&self) -> usize {
        let kept = self.objects().position(|one| Some(one) == self.under);
        let last = (self.page.destinations.len() + self.page.rows.len()).saturating_sub(1);
        kept.unwrap_or(self.at).min(last)
    }

    fn destination(&self) -> Option<&DestinationRow> {
        self.page.destinations.get(self.line())
    }

    fn item(&self) -> Option<&NotificationItem> {
        let at = self.line().checked_sub(self.page.destinations.len())?;
        self.page.rows.get(at)
    }
}

/// What the cursor stands on can be sent again; and it can be given up.
#[must_use]
pub fn can(app: &App) -> (bool, bool) {
    let own = &app.own.notifications;
    match (own.destination(), own.item().map(|item| item.told.state)) {
        (Some(row), _) => (row.parked + row.failing > 0, row.parked + row.waiting > 0),
        (None, Some(DeliveryState::Parked | DeliveryState::Due)) => (true, true),
        (None, Some(DeliveryState::Dropped)) => (true, false),
        (None, Some(DeliveryState::Sent | DeliveryState::Digest) | None) => (false, false),
    }
}

/// True when something is under the cursor that Enter opens: a destination's own, or an alert.
#[must_use]
pub fn opens(app: &App) -> bool {
    let own = &app.own.notifications;
    own.problem.is_none() && (own.destination().is_some() || own.item().is_some())
}

/// Counts and position.
#[must_use]
pub fn title(app: &App) -> (String, String) {
    let own = &app.own.notifications;
    let sum = |of: fn(&DestinationRow) -> u64| own.page.destinations.iter().map(of).sum::<u64>();
    let only = own.only.as_ref().map_or_else(String::new, |name| format!(" to {name}"));
    let (waiting, parked) = (sum(|row| row.waiting), sum(|row| row.parked));
    let text = format!("Notifications{only}: {waiting} waiting, {parked} given up");
    let count = own.page.destinations.len() + own.page.rows.len();
    let at = if count == 0 { String::new() } else { format!("{} of {count}", own.line() + 1) };
    (text, at)
}

/// Draws both lists.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.notifications;
    if let Some(problem) = &own.problem {
        empty(surface, &[problem]);
        return;
    }
    if !own.loaded {
        empty(surface, &[not_ready(app).unwrap_or("Loading…")]);
        return;
    }
    let (wide, high) = (surface.width(), surface.height());
    let count = own.page.destinations.len();
    let line = own.line();
    // The destinations have a third at most; the cursor among them is always seen.
    let shown = count.min((high / 3).max(2));
    let first = line.saturating_sub(shown.saturating_sub(1)).min(count.saturating_sub(shown));
    let first = if line < count { first } else { 0 };
    heads(surface, 0, &[(1, "destination"), (26, "waiting"), (35, "failing"), (44, "given up")]);
    surface.say(54, 0, wide.saturating_sub(54), "last taken", Role::Muted);
    for y in 0..shown {
        let Some(row) = own.page.destinations.get(first + y) else { continue };
        destination(app, &mut surface.part(0, y + 1, wide, 1), row);
        if first + y == line {
            select(app, surface, y + 1);
        }
    }
    let top = shown + 2;
    if high <= top {
        return;
    }
    let columns = Columns::of(wide);
    let heads_at =
        [(1, "state"), (12, "age"), (columns.check.0, "check"), (columns.tells, "tells")];
    heads(surface, shown + 1, &heads_at);
    let more = [
        (columns.why, "why"),
        (columns.to.0, "to"),
        (columns.tries, "tries"),
        (columns.error, "last answer"),
    ];
    heads(surface, shown + 1, &more);
    if own.page.rows.is_empty() {
        surface.say(1, top, wide, "Nobody was told anything yet.", Role::Muted);
    }
    let at = line.saturating_sub(count);
    for (y, row) in own.scroll.window(at, own.page.rows.len(), high - top).enumerate() {
        let Some(item) = own.page.rows.get(row) else { continue };
        notification(app, &mut surface.part(0, top + y, wide, 1), item, &columns);
        if line >= count && row == at {
            select(app, surface, top + y);
        }
    }
}

fn heads(surface: &mut Surface<'_>, y: usize, columns: &[(usize, &str)]) {
    let wide = surface.width();
    for (x, text) in columns.iter().filter(|(x, _)| *x < wide) {
        surface.say(*x, y, wide - x, text, Role::Muted);
    }
}

fn select(app: &App, surface: &mut Surface<'_>, y: usize) {
    let focused = app.focus == Pane::Notifications && app.overlay.is_none();
    surface.say(0, y, 1, "›", Role::Accent);
    surface.tint(y, if focused { Role::Selection } else { Role::SelectionQuiet });
}

fn destination(app: &App, surface: &mut Surface<'_>, row: &DestinationRow) {
    let role = match row {
        row if row.parked > 0 => Role::Bad,
        row if row.failing > 0 => Role::StateWarning,
        _ => Role::Text,
    };
    let name = if row.gone { format!("{} (no channel)", row.name) } else { row.name.clone() };
    surface.say(1, 0, 24, &name, role);
    let numbers = [(26, 7, row.waiting), (35, 7, row.failing), (44, 8, row.parked)];
    for (x, wide, count) in numbers {
        let text = format!("{count:>wide$}");
        surface.say(x, 0, wide, &text, if count > 0 { role } else { Role::Muted });
    }
    let last = match row.sent_at {
        Some(at) => match format::age(app.wall().since(at)) {
            now if now == "now" => now,
            age => format!("{age} ago"),
        },
        None => "never".to_owned(),
    };
    let room = surface.width().saturating_sub(54);
    surface.say(54, 0, room, &last, Role::Muted);
}

/// Where the columns begin; of names also how wide they are.
struct Columns {
    check: (usize, usize),
    tells: usize,
    why: usize,
    to: (usize, usize),
    tries: usize,
    error: usize,
}

impl Columns {
    /// Names share what the fixed columns and the last answer leave.
    const fn of(wide: usize) -> Self {
        let (check, to) = match wide {
            160.. => (40, 20),
            100.. => (26, 14),
            _ => (16, 9),
        };
        let tells = 18 + check;
        let why = tells + 6;
        let at = why + 11;
        Self {
            check: (17, check),
            tells,
            why,
            to: (at, to),
            tries: at + to + 1,
            error: at + to + 7,
        }
    }
}

fn notification(app: &App, surface: &mut Surface<'_>, item: &NotificationItem, columns: &Columns) {
    let told = &item.told;
    let (sign, role) = match (told.state, told.tries) {
        (DeliveryState::Due, 0) => ("◌ waiting", Role::Text),
        (DeliveryState::Due, _) => ("◌ failing", Role::StateWarning),
        (DeliveryState::Parked, _) => ("● given up", Role::Bad),
        (DeliveryState::Sent, _) => ("✓ taken", Role::Muted),
        (DeliveryState::Digest, _) => ("✓ digest", Role::Muted),
        (DeliveryState::Dropped, _) => ("– dropped", Role::Muted),
    };
    surface.say(1, 0, 10, sign, role);
    let age = format::age(app.wall().since(item.at));
    surface.say(12, 0, 4, &age, Role::Muted);
    let text = if role == Role::Muted { Role::Muted } else { Role::Text };
    let (x, room) = columns.check;
    surface.say(x, 0, room, &item.check.to_string(), text);
    let word = match item.state {
        CheckState::Ok => "OK",
        CheckState::Warning => "WARN",
        CheckState::Critical => "CRIT",
        CheckState::Unknown => "UNKN",
    };
    surface.say(columns.tells, 0, 5, word, Role::of_state(item.state));
    surface.say(columns.why, 0, 10, &told.reason.word().replace('_', " "), text);
    let (x, room) = columns.to;
    surface.say(x, 0, room, &told.destination, text);
    // What was taken was tried once more than it failed.
    let tries = told.tries.saturating_add(u32::from(told.state == DeliveryState::Sent));
    surface.say(columns.tries, 0, 5, &format!("{tries:>5}"), text);
    let room = surface.width().saturating_sub(columns.error);
    let error = told.error.as_ref().map_or("", |error| error.as_str());
    surface.say(columns.error, 0, room, error, text);
}

/// The notification under the cursor in two rows, for a small screen.
pub fn preview(app: &App, surface: &mut Surface<'_>) {
    let room = surface.width().saturating_sub(2);
    let Some(item) = app.own.notifications.item() else { return };
    let told = &item.told;
    let words = format!(
        "{} {} ({}) to {}",
        item.check,
        item.state,
        told.reason.word().replace('_', " "),
        told.destination
    );
    surface.say(1, 0, room, &words, Role::Strong);
    let again = item.resent_at.map_or_else(String::new, |at| {
        format!("sent again {}; ", app.options.zone.moment(at, app.wall()))
    });
    let error = told.error.as_ref().map_or("no answer yet", |error| error.as_str());
    surface.say(1, 1, room, &format!("{again}{error}"), Role::Text);
}

/// Runs an action that means something special here.
pub fn act(app: &mut App, action: Action) -> Option<Vec<Effect>> {
    if let Some(by) = cursor::step(action, crate::tui::act::page(app)) {
        let own = &mut app.own.notifications;
        let count = own.page.destinations.len() + own.page.rows.len();
        own.at = cursor::moved(own.line(), count, by);
        let under = own.objects().nth(own.at);
        own.under = under;
        return Some(Vec::new());
    }
    match action {
        Action::Resend => return Some(order(app, true)),
        Action::DropNotification => return Some(order(app, false)),
        Action::Open => {
            let own = &mut app.own.notifications;
            if let Some(name) = own.destination().map(|row| row.name.clone()) {
                own.only = (own.only.as_ref() != Some(&name)).then_some(name);
                own.looked = None;
            } else if let Some(item) = own.item() {
                let (alert, check) = (item.alert, item.check.clone());
                super::alert_page::open(app, alert, Some((check.host, check.name)));
            }
        }
        Action::Back if !app.zoom && app.own.notifications.only.is_some() => {
            (app.own.notifications.only, app.own.notifications.looked) = (None, None);
        }
        Action::Fetch => app.own.notifications.looked = None,
        _ => return None,
    }
    Some(Vec::new())
}

/// Sends again what is under the cursor, or gives it up: one at once is sent again without a
/// question; what is given up is asked about, and its count is typed.
fn order(app: &mut App, resend: bool) -> Vec<Effect> {
    let own = &app.own.notifications;
    let (which, count, what) = match (own.destination(), own.item()) {
        (Some(row), _) => {
            let count = row.parked + if resend { row.failing } else { row.waiting };
            let which = NotificationScope::Destination(row.name.clone());
            (which, usize::try_from(count).unwrap_or(usize::MAX), format!("to {}", row.name))
        }
        (None, Some(item)) => {
            let allowed = can(app);
            let count = usize::from(if resend { allowed.0 } else { allowed.1 });
            let which = NotificationScope::Keys(vec![item.told.key.clone()]);
            (which, count, format!("of {} to {}", item.check, item.told.destination))
        }
        (None, None) => return Vec::new(),
    };
    let did = if resend { "to be sent again" } else { "dropped" };
    if count == 0 {
        app.say(Tone::Note, format!("nothing {what} waits or was given up"));
        return Vec::new();
    }
    let what = format!("{} {what}", plural(count, "notification"));
    let pending = Pending::Notifications { what: what.clone(), did };
    let command = if resend {
        Command::ResendNotifications { which }
    } else {
        Command::DropNotifications { which }
    };
    if resend && count == 1 {
        app.say(Tone::Note, format!("{what}: asking for it…"));
        let id = app.ask(pending);
        return vec![Effect::Execute { id, command }];
    }
    let prompt = format!("{} {what}", if resend { "Send again" } else { "Drop" });
    let purpose = Purpose::Confirm {
        prompt,
        typed: (!resend).then_some(count),
        command: Box::new(command),
        pending: Box::new(pending),
    };
    app.open(crate::tui::app::Overlay::Line(Box::new(Line::new(purpose, ""))));
    Vec::new()
}

/// The moment at which the list is asked for again.
#[must_use]
pub fn wake(app: &App) -> Option<Steady> {
    let looked = app.own.notifications.looked.filter(|_| app.view == View::Notifications)?;
    Some(looked + STEP)
}

/// What is still to be asked for.
pub fn wants(app: &mut App) -> Vec<Effect> {
    let now = app.now.steady;
    let own = &mut app.own.notifications;
    if !app.world.is_ready() || own.looked.is_some_and(|at| now < at + STEP) {
        return Vec::new();
    }
    own.looked = Some(now);
    own.token += 1;
    let (token, destination) = (own.token, own.only.clone());
    let id = app.ask(Pending::Pane(Pane::Notifications, token));
    vec![Effect::Query { id, query: Query::Notifications { destination, limit: LIMIT } }]
}

/// What is on screen is old: the view was left, or something was ordered.
pub fn forget(app: &mut App) {
    app.own.notifications.looked = None;
}

/// Takes an answer.
pub fn reply(app: &mut App, token: u64, result: Result<Reply, Problem>) {
    let own = &mut app.own.notifications;
    if token != own.token {
        return;
    }
    match result {
        Ok(Reply::Answer(Answer::Notifications(page))) => {
            own.at = own.line();
            own.page = page;
            own.at = own.line();
            let under = own.objects().nth(own.at);
            own.under = under;
            (own.loaded, own.problem) = (true, None);
        }
        Ok(_) => own.problem = Some("the engine answered something else".to_owned()),
        Err(problem) => own.problem = Some(problem.to_string()),
    }
}
