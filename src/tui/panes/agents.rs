//! The agents: who is there, who is not, and what waits at them.
//!
//! ```text
//!  state         agent      where      since heard  beat   checks  waiting        why
//! ›● OFFLINE     branch-7   Leipzig      12m   14m      –      24  1800, 12 lost  no heartbeat for …
//!  ▲ DEGRADED    dal-edge   Dallas        3m   <1m  812ms      40                 its heartbeat takes …
//!  ✓ ONLINE      fra-edge   Frankfurt     9d   <1m    9ms      61
//! ```
//!
//! In: the World. Out: rows, and the order to forget an agent.
//! Never: decides how an agent is.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::model::{Agent, AgentPhase, Name, ShownState};
use crate::protocol::Command;
use crate::tui::action::Action;
use crate::tui::app::{App, Pane, Tone};
use crate::tui::effect::Effect;
use crate::tui::format::{self, plural};
use crate::tui::line::Pending;
use crate::tui::panes::rows::select;
use crate::tui::panes::{empty, not_ready};
use crate::tui::theme::{Role, glyph};
use crate::tui::triage::lines;
use crate::tui::widgets::{Scroll, Surface, cursor};

/// A clock that is off by more is worth a word, in milliseconds.
const SKEW: u64 = 2000;
/// In the stream of changes the last sign of an agent lags behind by up to so many seconds.
const LAG: u64 = 60;

/// The pane's own state.
#[derive(Debug, Default)]
pub struct State {
    /// The agent under the cursor: it belongs to the agent, not to a line.
    under: Option<Name>,
    at: usize,
    scroll: Scroll,
}

/// The state of a host that looks as the agent does.
#[must_use]
pub const fn shown(phase: AgentPhase) -> ShownState {
    match phase {
        AgentPhase::Offline => ShownState::Critical,
        AgentPhase::Degraded => ShownState::Warning,
        AgentPhase::Maintenance => ShownState::Maintenance,
        AgentPhase::Online => ShownState::Ok,
    }
}

fn passes(app: &App, agent: &Agent) -> bool {
    let address = agent.address.as_ref().map_or("", |address| address.as_str());
    let texts = [
        &*agent.name,
        "agent",
        agent.reason.as_str(),
        agent.location.as_str(),
        agent.machine.as_str(),
        agent.version.as_str(),
        address,
        agent.phase.word(),
    ];
    app.filter.1.is_empty() || app.filter.1.passes(shown(agent.phase), &texts)
}

/// The agents that pass the filter, the worst first, of these what is news; who is well by name.
#[must_use]
pub fn rows(app: &App) -> Vec<&Arc<Agent>> {
    let mut rows: Vec<&Arc<Agent>> =
        app.world.agents().filter(|agent| passes(app, agent)).collect();
    let rank = |phase| AgentPhase::ALL.iter().position(|one| *one == phase);
    // Stable over names, because the World is.
    rows.sort_by_key(|agent| {
        let news = (agent.phase != AgentPhase::Online).then_some(Reverse(agent.since));
        (rank(agent.phase), news)
    });
    rows
}

fn line(app: &App, rows: &[&Arc<Agent>]) -> usize {
    let own = &app.own.agents;
    let kept = rows.iter().position(|agent| Some(&agent.name) == own.under.as_ref());
    kept.unwrap_or(own.at).min(rows.len().saturating_sub(1))
}

/// The agent under the cursor.
#[must_use]
pub fn selected(app: &App) -> Option<&Arc<Agent>> {
    let rows = rows(app);
    rows.get(line(app, &rows)).copied()
}

/// `7 agents: 1 OFFLINE, 1 DEGRADED`, and the position.
#[must_use]
pub fn title(app: &App) -> (String, String) {
    let total = app.world.agents().count();
    if total == 0 {
        return ("Agents".to_owned(), String::new());
    }
    let count = |phase: &AgentPhase| app.world.agents().filter(|a| a.phase == *phase).count();
    let parts = AgentPhase::ALL.iter().map(|phase| (count(phase), phase.word()));
    let parts: Vec<String> = parts
        .filter(|(count, word)| *count > 0 && *word != AgentPhase::Online.word())
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let how = if parts.is_empty() { "all ONLINE".to_owned() } else { parts.join(", ") };
    let filter = match app.filter.0.as_str() {
        "" => String::new(),
        text => format!(" /{text}"),
    };
    let rows = rows(app);
    let at = if rows.is_empty() { 0 } else { line(app, &rows) + 1 };
    (format!("{}{filter}: {how}", plural(total, "agent")), format!("{at} of {}", rows.len()))
}

/// A column: where it begins, how wide it is (0 leaves it out), and what stands above.
type Column = (usize, usize, &'static str);

/// The columns; numbers stand at the right end of theirs.
struct Columns {
    name: Column,
    place: Column,
    since: Column,
    heard: Column,
    beat: Column,
    checks: Column,
    waiting: Column,
    skew: Column,
    version: Column,
    address: Column,
    why: Column,
}

/// Width of the state, the longest is `◇ MAINTENANCE`.
const STATE: usize = 13;

impl Columns {
    fn of(wide: usize) -> Self {
        let (name, place, waiting, skew, version, address) = match wide {
            160.. => (24, 20, 15, 7, 10, 22),
            100.. => (18, 14, 14, 0, 0, 0),
            _ => (16, 0, 0, 0, 0, 0),
        };
        let mut at = STATE + 2;
        let mut next = |wide: usize, head: &'static str| {
            let column = (at, wide, head);
            at += if wide == 0 { 0 } else { wide + 1 };
            column
        };
        let mut columns = Self {
            name: next(name, "agent"),
            place: next(place, "where"),
            since: next(5, "since"),
            heard: next(5, "heard"),
            beat: next(7, "beat"),
            checks: next(6, "checks"),
            waiting: next(waiting, "waiting"),
            skew: next(skew, "clock"),
            version: next(version, "version"),
            address: next(address, "address"),
            why: (0, 0, "why"),
        };
        columns.why = (at, wide.saturating_sub(at + 1), "why");
        columns
    }

    const fn numbers(&self) -> [Column; 4] {
        [self.since, self.heard, self.beat, self.checks]
    }

    const fn texts(&self) -> [Column; 7] {
        [self.name, self.place, self.waiting, self.skew, self.version, self.address, self.why]
    }
}

/// Draws the list.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let rows = rows(app);
    if rows.is_empty() {
        return nothing(app, surface);
    }
    let (wide, columns) = (surface.width(), Columns::of(surface.width()));
    surface.say(1, 0, STATE, "state", Role::Muted);
    for (x, room, head) in columns.texts() {
        surface.say(x, 0, room, head, Role::Muted);
    }
    let style = surface.theme.style(Role::Muted);
    for (x, room, head) in columns.numbers() {
        surface.put_right(x + room, 0, room, head, style);
    }
    let at = line(app, &rows);
    let height = surface.height().saturating_sub(1);
    for (y, row) in app.own.agents.scroll.window(at, rows.len(), height).enumerate() {
        let Some(agent) = rows.get(row) else { continue };
        one(app, &mut surface.part(0, y + 1, wide, 1), agent, &columns);
        if row == at {
            select(app, surface, y + 1, app.focus == Pane::Agents);
        }
    }
}

fn nothing(app: &App, surface: &mut Surface<'_>) {
    match not_ready(app) {
        Some(text) => empty(surface, &[text]),
        None if app.world.agents().next().is_some() => {
            empty(surface, &["No agent passes the filter; Esc clears it."]);
        }
        None => empty(
            surface,
            &[
                "No agent yet. Here: fluxnoc token add --agent NAME",
                "On its machine: fluxnoc agent --server URL --name NAME --token TOKEN",
            ],
        ),
    }
}

fn one(app: &App, surface: &mut Surface<'_>, agent: &Agent, columns: &Columns) {
    let shown = shown(agent.phase);
    let role = Role::of(shown);
    let state = format!("{} {}", glyph(shown), agent.phase.word());
    surface.say(1, 0, STATE, &state, role);
    let address = agent.address.as_ref().map_or("", |address| address.as_str());
    let texts = [
        (&*agent.name, Role::Strong),
        (agent.location.as_str(), Role::Text),
        (&waiting(agent), Role::StateWarning),
        (&skew(agent), Role::StateWarning),
        (agent.version.as_str(), Role::Muted),
        (address, Role::Muted),
        (agent.reason.as_str(), Role::Text),
    ];
    for ((x, room, _), (text, role)) in columns.texts().into_iter().zip(texts) {
        surface.say(x, 0, room, text, role);
    }
    let since = format::age(app.wall().since(agent.since));
    let numbers = [since, heard(app, agent), beat(agent), agent.checks.to_string()];
    // What an agent said last is old when it is gone.
    let gone = agent.phase == AgentPhase::Offline;
    let old = if gone { Role::Stale } else { Role::Text };
    let roles = [Role::Text, if gone { role } else { Role::Text }, old, old];
    for (((x, room, _), text), role) in columns.numbers().into_iter().zip(numbers).zip(roles) {
        let style = surface.theme.style(role);
        surface.put_right(x + room, 0, room, &text, style);
    }
}

/// When something was last heard: what the stream knows of it lags behind, so it is at most so long.
fn heard(app: &App, agent: &Agent) -> String {
    let Some(seen) = agent.seen else { return "never".to_owned() };
    let ago = app.wall().since(seen);
    match ago.millis() / 1000 {
        secs if secs <= LAG => "<1m".to_owned(),
        secs if secs <= 2 * LAG => "<2m".to_owned(),
        _ => format::age(ago),
    }
}

fn beat(agent: &Agent) -> String {
    match agent.rtt.map(crate::model::Span::millis) {
        None => "–".to_owned(),
        Some(ms @ ..10_000) => format!("{ms}ms"),
        Some(ms) => format!("{}s", ms / 1000),
    }
}

/// `1800, 12 lost`: results that wait at the agent, and such that gave way; nothing is no word.
fn waiting(agent: &Agent) -> String {
    let lost = format!("{} lost", agent.dropped);
    match (agent.buffered, agent.dropped) {
        (0, 0) => String::new(),
        (kept, 0) => kept.to_string(),
        (0, _) => lost,
        (kept, _) => format!("{kept}, {lost}"),
    }
}

/// `+3.2s` where its clock is off.
fn skew(agent: &Agent) -> String {
    let ms = agent.skew_ms.unsigned_abs();
    if ms <= SKEW {
        return String::new();
    }
    let sign = if agent.skew_ms < 0 { '-' } else { '+' };
    match ms / 1000 {
        secs @ ..100 => format!("{sign}{secs}.{}s", ms % 1000 / 100),
        _ => format!("{sign}{}", format::age(crate::model::Span::from_millis(ms))),
    }
}

/// The agent under the cursor in two rows, for a small screen.
pub fn preview(app: &App, surface: &mut Surface<'_>) {
    let Some(agent) = selected(app) else { return };
    let room = surface.width().saturating_sub(2);
    let mut parts = vec![agent.location.to_string()];
    parts.push(agent.address.as_ref().map_or_else(String::new, ToString::to_string));
    if !agent.version.is_empty() {
        parts.push(format!("version {}", agent.version));
    }
    parts.retain(|part| !part.is_empty());
    let about = format!("  {}", parts.join(", "));
    surface.line(1, 0, &[(&agent.name, Role::Strong), (&about, Role::Text)]);
    let mut parts = vec![agent.reason.to_string()];
    let (waits, off) = (waiting(agent), skew(agent));
    if !waits.is_empty() {
        parts.push(format!("waiting: {waits}"));
    }
    if !off.is_empty() {
        parts.push(format!("its clock is off by {off}"));
    }
    parts.retain(|part| !part.is_empty());
    if parts.is_empty() {
        parts.push("it is well".to_owned());
    }
    surface.say(1, 1, room, &parts.join("; "), Role::Text);
}

/// Moves, opens the host of the agent, or asks whether to forget it.
pub fn act(app: &mut App, action: Action) -> Option<Vec<Effect>> {
    if let Some(by) = cursor::step(action, crate::tui::act::page(app)) {
        let rows = rows(app);
        let at = cursor::moved(line(app, &rows), rows.len(), by);
        let name = rows.get(at).map(|agent| Name::clone(&agent.name));
        (app.own.agents.at, app.own.agents.under) = (at, name.clone());
        if let Some(name) = name.filter(|name| app.world.host(name).is_some()) {
            app.choose_host(name);
        }
        return Some(Vec::new());
    }
    let name = selected(app).map(|agent| Name::clone(&agent.name));
    match (action, name) {
        (Action::Open, Some(name)) if app.world.host(&name).is_none() => {
            app.say(Tone::Note, format!("no host is called {name}: its agent brings it"));
        }
        (Action::Open, Some(name)) => {
            app.own.agents.under = Some(Name::clone(&name));
            return Some(crate::tui::act::open_host(app, name, None));
        }
        (Action::RemoveAgent, Some(name)) => remove(app, &name),
        (Action::Open | Action::RemoveAgent, None) => app.say(Tone::Note, "no agent is here"),
        _ => return None,
    }
    Some(Vec::new())
}

fn remove(app: &mut App, name: &Name) {
    let Some(agent) = app.world.agent(name) else { return };
    let checks = match agent.checks {
        0 => String::new(),
        count => {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            let waits = if count == 1 { "waits" } else { "wait" };
            format!(", its {} {waits} for another of that name", plural(count, "check"))
        }
    };
    let prompt = format!("Forget agent {name} ({}){checks}", agent.phase.word());
    let pending = Pending::RemoveAgent { what: name.to_string() };
    let command = Command::RemoveAgent { name: Name::clone(name) };
    lines::ask(app, prompt, command, pending);
}
