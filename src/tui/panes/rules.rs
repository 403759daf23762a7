//! The rules in force, and what the one under the cursor does: its checks, its last alerts.
//!
//! ```text
//!  rule          hosts       demands                                  tells     checks firing pending  written in
//! ›High CPU      db-prod-*   cpu_usage > 75 WARNING, > 90 CRITICAL …  DBA Team      12      1       2  config.toml:50
//! ```
//!
//! In: the engine's list, the World, the log. Out: rows, and the draft of a rule to try.
//! Never: decides what a rule judges, or asks while the view is not shown.

use std::sync::Arc;

use crate::config;
use crate::model::safe_text::width;
use crate::model::{CheckKey, EdgeKind, Name, Rule, SafeText, Span, Steady};
use crate::protocol::query::{Answer, Query};
use crate::protocol::{
    CheckRow, LogEntry, LogFilter, LogKind, Problem, QueryRuleRow, RulePage, RuleRow,
};
use crate::tui::action::Action;
use crate::tui::app::{App, Pane, Tone};
use crate::tui::effect::{Effect, Reply};
use crate::tui::format;
use crate::tui::line::Pending;
use crate::tui::panes::rows::select;
use crate::tui::panes::rule_rows::{self, Columns, tells};
use crate::tui::panes::{empty, not_ready, queries};
use crate::tui::theme::{Role, glyph, short};
use crate::tui::views::View;
use crate::tui::widgets::{Scroll, Surface, cursor};

/// Rows of the page.
const LIMIT: u32 = 1000;
/// Entries of the log among which a rule's alerts are looked for.
const PAST: u32 = 300;
/// Alerts that are listed.
const ALERTS: usize = 6;
/// How often the list is asked for again.
const STEP: Span = Span::from_secs(5);
/// What a question was about, in the lowest bit of its token.
const LIST: u64 = 0;
const LOG: u64 = 1;

/// The panes' own state.
#[derive(Debug, Default)]
pub struct State {
    page: RulePage,
    /// The rule under the cursor: it belongs to the rule, not to a line.
    under: Option<Name>,
    /// The same of one in `PromQL`.
    query: Option<String>,
    at: usize,
    scroll: Scroll,
    check: Option<CheckKey>,
    check_at: usize,
    check_scroll: Scroll,
    /// The last alerts of a rule.
    past: Option<(Name, Vec<LogEntry>)>,
    past_of: Option<Name>,
    loaded: bool,
    looked: Option<Steady>,
    tokens: [u64; 2],
    problem: Option<String>,
}

impl State {
    fn line(&self) -> usize {
        let same = |row: &RuleRow| Some(&row.rule.name) == self.under.as_ref();
        let rule = self.page.rows.iter().position(same);
        let of_query =
            |id: &String| self.page.queries.iter().position(|row| queries::id(row) == *id);
        let query = self.query.as_ref().and_then(of_query).map(|at| self.page.rows.len() + at);
        query.or(rule).unwrap_or(self.at).min(self.count().saturating_sub(1))
    }

    /// Rows of both kinds; those in `PromQL` come last.
    const fn count(&self) -> usize {
        self.page.rows.len() + self.page.queries.len()
    }

    fn row(&self) -> Option<&RuleRow> {
        self.page.rows.get(self.line())
    }

    fn query(&self) -> Option<&QueryRuleRow> {
        self.page.queries.get(self.line().checked_sub(self.page.rows.len())?)
    }

    /// Lets the cursor stay with what is at its line.
    fn settle(&mut self) {
        self.under = self.row().map(|row| row.rule.name.clone());
        self.query = self.query().map(queries::id);
    }

    fn go(&mut self, at: usize) {
        (self.under, self.query, self.at) = (None, None, at);
        self.settle();
    }
}

/// The rule under the cursor, where rules are on screen.
#[must_use]
pub fn chosen(app: &App) -> Option<&Rule> {
    let row = app.own.rules.row().filter(|_| app.view == View::Rules);
    row.map(|row| &row.rule)
}

/// The row of it.
#[must_use]
pub fn row(app: &App) -> Option<&RuleRow> {
    app.own.rules.row().filter(|_| app.view == View::Rules)
}

/// Goes to a rule that is in force from now on: the list is asked for again.
pub fn go_to(app: &mut App, name: Name) {
    (app.own.rules.under, app.own.rules.query) = (Some(name), None);
    forget(app);
}

/// The check under the cursor of the lower pane.
#[must_use]
pub fn subject(app: &App) -> Option<CheckKey> {
    let rows = checks(app);
    rows.get(check_line(app, &rows)).map(|row| row.key.clone())
}

fn check_line(app: &App, rows: &[&Arc<CheckRow>]) -> usize {
    let own = &app.own.rules;
    let kept = rows.iter().position(|row| Some(&row.key) == own.check.as_ref());
    kept.unwrap_or(own.check_at).min(rows.len().saturating_sub(1))
}

/// The checks that the rule under the cursor made, the worst first.
fn checks(app: &App) -> Vec<&Arc<CheckRow>> {
    let own = &app.own.rules;
    let mine = |check: &&Arc<CheckRow>| match (own.row(), own.query()) {
        (Some(row), _) => check.rule.as_ref().is_some_and(|rule| rule.name == row.rule.name),
        (None, Some(query)) => queries::is_of(check, query),
        (None, None) => false,
    };
    let mut all: Vec<&Arc<CheckRow>> =
        app.world.hosts().flat_map(|entry| &entry.checks).filter(mine).collect();
    // Stable: within one state they stay in the order of the hosts.
    all.sort_by_key(|row| std::cmp::Reverse((row.status.state.severity(), row.status.hard)));
    all
}

/// Name, counts and position.
#[must_use]
pub fn title(app: &App, pane: Pane) -> (String, String) {
    let own = &app.own.rules;
    if pane == Pane::RuleChecks {
        let name = own.row().map(|row| row.rule.name.to_string());
        let name = name.or_else(|| own.query().map(|row| row.name.to_string()));
        let Some(name) = name else { return ("Its checks".to_owned(), String::new()) };
        let rows = checks(app);
        let at = check_line(app, &rows) + 1;
        let at = if rows.is_empty() { String::new() } else { format!("{at} of {}", rows.len()) };
        return (format!("{name}: {}", format::plural(rows.len(), "check")), at);
    }
    let firing: u64 = own.page.rows.iter().map(|row| row.firing).sum();
    let queried: u64 = own.page.queries.iter().map(|row| row.firing).sum();
    let found = own.page.found + own.page.queries_found;
    let at =
        if own.count() == 0 { String::new() } else { format!("{} of {found}", own.line() + 1) };
    let firing = format::plural(firing + queried, "alert");
    (format!("Rules: {found} in force, {firing} firing"), at)
}

/// Draws one of the panes.
pub fn view(app: &App, pane: Pane, surface: &mut Surface<'_>) {
    if pane == Pane::RuleChecks { lower(app, surface) } else { list(app, surface) }
}

fn nothing(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.rules;
    match (&own.problem, not_ready(app)) {
        (Some(problem), _) => empty(surface, &["The rules cannot be shown:", problem]),
        (None, Some(text)) => empty(surface, &[text]),
        (None, None) if !own.loaded => empty(surface, &["Asking the engine…"]),
        (None, None) => {
            let key = app.keymap.key(&app.pane_contexts(), Action::NewRule).unwrap_or_default();
            let text =
                format!("No rule is in force; {key} writes one, tried on the stored history.");
            empty(surface, &[&text]);
        }
    }
}

fn list(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.rules;
    if own.count() == 0 || own.problem.is_some() {
        return nothing(app, surface);
    }
    let columns = Columns::of(surface.width());
    rule_rows::heads(surface, &columns);
    let height = surface.height().saturating_sub(1);
    let line = own.line();
    for (y, at) in own.scroll.window(line, own.count(), height).enumerate() {
        let wide = surface.width();
        let mut part = surface.part(0, y + 1, wide, 1);
        if let Some(row) = own.page.rows.get(at) {
            rule_rows::one(&mut part, row, &columns);
        } else if let Some(row) = own.page.queries.get(at - own.page.rows.len()) {
            rule_rows::query(&mut part, row, &columns);
        }
        if at == line {
            select(app, surface, y + 1, app.focus == Pane::RuleList);
        }
    }
}

fn lower(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.rules;
    if own.count() == 0 {
        return empty(surface, &["No rule is selected."]);
    }
    let rows = checks(app);
    let (wide, mut high) = (surface.width(), surface.height());
    if let Some(query) = own.query() {
        let top = queries::about(app, surface, query, high / 2);
        high = high.saturating_sub(top);
        return check_rows(app, &mut surface.part(0, top, wide, high), &rows);
    }
    let name = own.row().map(|row| &row.rule.name);
    let past = match &own.past {
        Some((of, past)) if Some(of) == name => past.as_slice(),
        _ => &[],
    };
    // The alerts have a third at most.
    let shown = past.len().min(ALERTS).min(high / 3);
    let high = high.saturating_sub(if shown == 0 { 0 } else { shown + 1 });
    if rows.is_empty() {
        let is_on = own.row().is_none_or(|row| row.rule.enabled);
        let why = if is_on { "It judges nothing yet." } else { "It is switched off." };
        surface.say(1, 0, wide, why, Role::Muted);
    }
    check_rows(app, &mut surface.part(0, 0, wide, high), &rows);
    if shown > 0 {
        surface.say(1, high, wide, "last alerts", Role::Muted);
    }
    for (y, entry) in past.iter().take(shown).enumerate() {
        let y = high + 1 + y;
        let state = entry.to.unwrap_or_default();
        surface.say(1, y, 11, state.word(), Role::of_state(state));
        let when = app.options.zone.moment(entry.at, app.wall());
        let host = entry.host.as_deref().unwrap_or_default();
        let text = format!("{when}  {host}  {}", entry.text);
        surface.say(13, y, wide.saturating_sub(14), &text, Role::Text);
    }
}

fn check_rows(app: &App, surface: &mut Surface<'_>, rows: &[&Arc<CheckRow>]) {
    let (wide, high) = (surface.width(), surface.height());
    let line = check_line(app, rows);
    let longest = rows.iter().map(|row| width(&row.key.to_string())).max().unwrap_or(0);
    // What a check says has half of the row at least.
    let name = longest.min(wide.saturating_sub(NAME_AT) / 2);
    for (y, at) in app.own.rules.check_scroll.window(line, rows.len(), high).enumerate() {
        let Some(check) = rows.get(at) else { continue };
        check_row(app, &mut surface.part(0, y, wide, 1), check, name);
        if at == line {
            select(app, surface, y, app.focus == Pane::RuleChecks);
        }
    }
}

/// Where the names of checks begin.
const NAME_AT: usize = 20;

/// `● CRIT  2/3    4m  fra-01/High CPU  cpu_usage 95 % (> 90)`
fn check_row(app: &App, surface: &mut Surface<'_>, check: &CheckRow, name: usize) {
    let status = &check.status;
    let waits = status.is_waiting();
    let (word, role) = if waits {
        ("○ wait".to_owned(), Role::StateWaiting)
    } else {
        let shown = app.world.shown_check(check, app.wall());
        (format!("{} {}", glyph(shown), short(shown)), Role::of(shown))
    };
    surface.say(1, 0, 7, &word, role);
    if !waits {
        if !status.hard {
            let tries = format!("{}/{}", status.attempt, check.attempts);
            surface.say(9, 0, 4, &tries, Role::Muted);
        }
        let style = surface.theme.style(Role::Muted);
        surface.put_right(19, 0, 6, &format::age(app.wall().since(status.since)), style);
    }
    surface.say(NAME_AT, 0, name, &check.key.to_string(), Role::Strong);
    let x = NAME_AT + name + 2;
    let room = surface.width().saturating_sub(x + 1);
    surface.say(x, 0, room, status.output.as_str(), Role::Text);
}

/// The rule under the cursor in two rows, for a small screen.
pub fn preview(app: &App, surface: &mut Surface<'_>) {
    if let Some(query) = app.own.rules.query() {
        queries::about(app, surface, query, 2);
    }
    let Some(row) = app.own.rules.row() else { return };
    let room = surface.width().saturating_sub(2);
    let rule = &row.rule;
    surface.say(1, 0, room, &format!("{}: {}", rule.hosts, rule.words()), Role::Strong);
    let text = format!("tells {}; {}", tells(rule), rule.origin.as_deref().unwrap_or_default());
    surface.say(1, 1, room, &text, Role::Text);
}

/// Runs an action that means something special here.
pub fn act(app: &mut App, pane: Pane, action: Action) -> Option<Vec<Effect>> {
    let step = cursor::step(action, crate::tui::act::page(app));
    if pane == Pane::RuleChecks {
        if let Some(by) = step {
            let rows = checks(app);
            let at = cursor::moved(check_line(app, &rows), rows.len(), by);
            let key = rows.get(at).map(|row| row.key.clone());
            (app.own.rules.check_at, app.own.rules.check) = (at, key);
            return Some(Vec::new());
        }
        return match action {
            Action::Open => {
                let key = subject(app)?;
                Some(crate::tui::act::open_host(app, key.host, Some(key.name)))
            }
            Action::Back if !app.zoom => {
                app.focus = Pane::RuleList;
                Some(Vec::new())
            }
            _ => None,
        };
    }
    if let Some(by) = step {
        let own = &mut app.own.rules;
        own.go(cursor::moved(own.line(), own.count(), by));
        (own.check, own.check_at) = (None, 0);
        return Some(Vec::new());
    }
    match action {
        Action::Open => {
            (app.own.rules.count() > 0).then_some(())?;
            (app.focus, app.zoom) = (Pane::RuleChecks, false);
        }
        Action::Copy => {
            if let Some(query) = app.own.rules.query() {
                return Some(vec![Effect::Copy(query.expr.to_string())]);
            }
            let Some(row) = app.own.rules.row() else {
                app.say(Tone::Note, "no rule is under the cursor");
                return Some(Vec::new());
            };
            let text = SafeText::text(&config::rule_text(&row.rule)).to_string();
            return Some(vec![Effect::Copy(text)]);
        }
        Action::Fetch => app.own.rules.looked = None,
        _ => return None,
    }
    Some(Vec::new())
}

/// The moment at which the list is asked for again.
#[must_use]
pub fn wake(app: &App) -> Option<Steady> {
    let looked = app.own.rules.looked.filter(|_| app.view == View::Rules)?;
    Some(looked + STEP)
}

/// What is still to be asked for.
pub fn wants(app: &mut App) -> Vec<Effect> {
    if !app.world.is_ready() {
        return Vec::new();
    }
    let now = app.now.steady;
    let due = app.own.rules.looked.is_none_or(|at| now >= at + STEP);
    let mut effects = Vec::new();
    if due {
        app.own.rules.looked = Some(now);
        effects.push(ask(app, LIST, Query::Rules { limit: LIMIT }));
    }
    let rule = app.own.rules.row().map(|row| (row.rule.name.clone(), row.rule.hosts.clone()));
    let wish = rule.as_ref().map(|(name, _)| name.clone());
    if wish.is_some() && (due || wish != app.own.rules.past_of) {
        app.own.rules.past_of = wish;
        if let Some((_, hosts)) = rule {
            let kinds = vec![LogKind::Edge(EdgeKind::Fired)];
            let filter = LogFilter { hosts: Some(hosts), kinds, ..LogFilter::default() };
            effects.push(ask(app, LOG, Query::Log { filter, before: None, limit: PAST }));
        }
    }
    effects
}

fn ask(app: &mut App, what: u64, query: Query) -> Effect {
    let mut token = what;
    if let Some(last) = app.own.rules.tokens.get_mut(usize::from(what == LOG)) {
        *last += 2;
        token |= *last;
    }
    let id = app.ask(Pending::Pane(Pane::RuleList, token));
    Effect::Query { id, query }
}

/// The view opens: everything is asked for anew.
pub fn forget(app: &mut App) {
    (app.own.rules.looked, app.own.rules.past_of) = (None, None);
}

/// Takes an answer.
pub fn reply(app: &mut App, token: u64, result: Result<Reply, Problem>) {
    let is_log = token & 1 == LOG;
    let last = app.own.rules.tokens.get(usize::from(is_log)).copied();
    if last != Some(token & !1) {
        return;
    }
    match result {
        Ok(Reply::Answer(Answer::Rules(page))) => {
            let own = &mut app.own.rules;
            own.at = own.line();
            own.page = page;
            own.at = own.line();
            own.settle();
            (own.loaded, own.problem) = (true, None);
        }
        Ok(Reply::Answer(Answer::Log(page))) => {
            let Some(name) = app.own.rules.past_of.clone() else { return };
            let mine = |entry: &LogEntry| is_of(app, entry, &name);
            let past = page.entries.into_iter().filter(mine).take(ALERTS).collect();
            app.own.rules.past = Some((name, past));
        }
        // Without its past a rule is shown all the same.
        _ if is_log => {}
        Ok(_) => app.own.rules.problem = Some("the engine answered something else".to_owned()),
        Err(problem) => app.own.rules.problem = Some(problem.to_string()),
    }
}

/// True for an alert of a check that the rule made.
fn is_of(app: &App, entry: &LogEntry, rule: &Name) -> bool {
    let (Some(host), Some(check)) = (&entry.host, &entry.check) else { return false };
    let row = app.world.check(&CheckKey::new(Arc::clone(host), Arc::clone(check)));
    row.and_then(|row| row.rule.as_ref()).is_some_and(|known| known.name == *rule)
}
