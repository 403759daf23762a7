//! What is in force, and from which source; secrets are masked.
//!
//! ```text
//!  [console]
//! ›theme          "default"                     default
//!  ack_expiry     "4h"                          config.toml:12
//! ```
//!
//! Integrations › Flux Notify is a page of it: the service's settings and its channels alone. A
//! test through the channel under the cursor shows its answer where it was sent.

use crate::model::SafeText;
use crate::protocol::query::{Answer, Query};
use crate::protocol::{Command, Outcome, Problem};
use crate::tui::action::Action;
use crate::tui::app::{App, Pane, Tone};
use crate::tui::effect::{Effect, Reply};
use crate::tui::line::Pending;
use crate::tui::panes::empty;
use crate::tui::theme::Role;
use crate::tui::widgets::{Scroll, Surface, cursor};

const NOT_THAT: &str = "the engine answered something else";

/// Most lines that are kept of an answer: a configuration of ten thousand hosts is read in the
/// file, not here.
const LINES: usize = 20_000;

/// One line of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Line {
    Section(SafeText),
    Value { key: SafeText, value: SafeText, source: SafeText },
    Note(SafeText),
}

/// The section that the page Flux Notify is about, and its channel unless one is written.
const FLUX: &str = "[flux_notify]";

/// The section of the heartbeat, beside which it is said how that is.
const WATCHDOG: &str = "[watchdog]";

/// A test through a channel or a contact list.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Sending(String),
    /// Whether all took it, and what they answered.
    Answered(bool, Vec<SafeText>),
}

/// What the pane asked for.
const CONFIG: u64 = 0;
const TEST: u64 = 1;

/// The pane's own state.
#[derive(Debug, Default)]
pub struct State {
    lines: Vec<Line>,
    asked: bool,
    problem: Option<String>,
    at: usize,
    scroll: Scroll,
    /// The page Flux Notify, by the lines that it shows.
    page: Option<Vec<usize>>,
    wants_page: bool,
    test: Option<Test>,
}

impl State {
    /// The lines that are shown.
    fn shown(&self) -> usize {
        self.page.as_ref().map_or(self.lines.len(), Vec::len)
    }

    /// The number of the n-th line that is shown.
    fn place(&self, n: usize) -> Option<usize> {
        match &self.page {
            Some(page) => page.get(n).copied(),
            None => Some(n),
        }
    }
}

/// Name and position.
#[must_use]
pub fn title(app: &App) -> (String, String) {
    let own = &app.own.settings;
    let right = match own.shown() {
        0 => String::new(),
        lines => format!("{} of {lines}", own.at + 1),
    };
    let left = match own.page {
        Some(_) => "Settings › Integrations › Flux Notify",
        None if app.options.badge.is_some() => "Settings of the demo, and where they come from",
        None => "Settings in force, and where they come from",
    };
    (left.to_owned(), right)
}

/// The setting under the cursor: its name with where it was said, and its whole value.
#[must_use]
pub fn selected(app: &App) -> Option<(String, &SafeText)> {
    let own = &app.own.settings;
    match own.lines.get(own.place(own.at)?)? {
        Line::Value { key, value, source } if source.as_str().is_empty() => {
            Some((key.to_string(), value))
        }
        Line::Value { key, value, source } => Some((format!("{key}, {source}"), value)),
        Line::Section(_) | Line::Note(_) => None,
    }
}

/// The channel or contact list whose lines are under the cursor, for a test.
#[must_use]
pub fn channel(app: &App) -> Option<String> {
    let own = &app.own.settings;
    if app.focus != Pane::Settings || own.problem.is_some() {
        return None;
    }
    let at = own.place(own.at)?;
    let above = own.lines.get(..=at)?;
    let begin = above.iter().rposition(|line| matches!(line, Line::Section(_)))?;
    let Line::Section(section) = own.lines.get(begin)? else { return None };
    match section.as_str() {
        FLUX => flux_channel(&own.lines),
        "[[channel]]" | "[[contact_list]]" => value(&own.lines, begin, "name"),
        _ => None,
    }
}

/// A text of the section that begins at a line.
fn value(lines: &[Line], begin: usize, wanted: &str) -> Option<String> {
    let inside = lines.get(begin + 1..)?.iter();
    inside.take_while(|line| !matches!(line, Line::Section(_))).find_map(|line| match line {
        Line::Value { key, value, .. } if key.as_str() == wanted => {
            Some(value.as_str().trim_matches('"').to_owned())
        }
        _ => None,
    })
}

fn is_flux_channel(lines: &[Line], begin: usize) -> bool {
    matches!(lines.get(begin), Some(Line::Section(text)) if text.as_str() == "[[channel]]")
        && value(lines, begin, "kind").as_deref() == Some("flux_notify")
}

fn flux_channel(lines: &[Line]) -> Option<String> {
    let begin = (0..lines.len()).find(|at| is_flux_channel(lines, *at))?;
    value(lines, begin, "name")
}

/// The lines of the page Flux Notify: its section, and the channels of the kind.
fn flux_page(lines: &[Line]) -> Vec<usize> {
    let mut inside = false;
    let mut page = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if let Line::Section(text) = line {
            inside = text.as_str() == FLUX || is_flux_channel(lines, at);
        }
        if inside {
            page.push(at);
        }
    }
    page
}

/// Opens the page Flux Notify.
pub fn open_flux_notify(app: &mut App) {
    crate::tui::act::show(app, crate::tui::views::View::Settings);
    app.own.settings.wants_page = true;
    turn(app);
}

/// Shows the page when it is wanted and there is something to show.
fn turn(app: &mut App) {
    let own = &mut app.own.settings;
    if own.wants_page && !own.lines.is_empty() {
        own.page = Some(flux_page(&own.lines));
        own.at = own.at.min(own.shown().saturating_sub(1));
    }
}

/// Reads the engine's answer: TOML with the source of each value as a comment.
fn parse(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    for line in text.lines().take(LINES) {
        let line = line.trim_end();
        if line.is_empty() {
            continue;
        }
        let (body, source) = match line.rsplit_once("  # ") {
            Some((body, source)) => (body, source),
            None => (line, ""),
        };
        lines.push(if body.starts_with('[') {
            Line::Section(SafeText::line(line))
        } else if let Some((key, value)) = body.split_once(" = ").filter(|_| !body.starts_with('#'))
        {
            Line::Value {
                key: SafeText::line(key),
                value: SafeText::line(value),
                source: SafeText::line(source),
            }
        } else if let Some(key) =
            body.strip_prefix("# ").and_then(|t| t.strip_suffix(" is not set"))
        {
            Line::Value {
                key: SafeText::line(key),
                value: SafeText::line("not set"),
                source: SafeText::line(source),
            }
        } else {
            Line::Note(SafeText::line(line.trim_start_matches("# ")))
        });
    }
    lines
}

/// Draws the list.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.settings;
    if let Some(problem) = &own.problem {
        return empty(surface, &["The settings cannot be shown:", problem]);
    }
    if own.lines.is_empty() {
        return empty(surface, &["Asking the engine…"]);
    }
    let keys = |line: &Line| match line {
        Line::Value { key, .. } => key.width(),
        _ => 0,
    };
    let key = own.lines.iter().map(keys).max().unwrap_or(0).clamp(12, 28);
    let wide = surface.width();
    let source = if wide >= 100 { 34 } else { 18 };
    let value = wide.saturating_sub(key + source + 5);
    let answer = answer(app, wide);
    let room = surface.height().saturating_sub(answer.len());
    for (y, n) in own.scroll.window(own.at, own.shown(), room).enumerate() {
        let Some(line) = own.place(n).and_then(|at| own.lines.get(at)) else { continue };
        match line {
            Line::Section(text) => {
                let text = if text.as_str() == FLUX && own.page.is_none() {
                    "[flux_notify]  Integrations › Flux Notify"
                } else {
                    text.as_str()
                };
                surface.say(1, y, wide.saturating_sub(2), text, Role::Strong);
                if let Some((words, role)) = heartbeat(app).filter(|_| text == WATCHDOG) {
                    let x = WATCHDOG.len() + 3;
                    surface.say(x, y, wide.saturating_sub(x + 1), &words, role);
                }
            }
            Line::Note(text) => {
                surface.say(1, y, wide.saturating_sub(2), text.as_str(), Role::Muted);
            }
            Line::Value { key: name, value: text, source: from } => {
                surface.say(2, y, key, name.as_str(), Role::Text);
                // What has no source beside it has the room of the source.
                let value = if from.as_str().is_empty() { value + source + 1 } else { value };
                surface.say(key + 3, y, value, text.as_str(), Role::Text);
                let x = key + value + 4;
                let role = if from.as_str() == "default" { Role::Muted } else { Role::Accent };
                surface.say(x, y, source, from.as_str(), role);
            }
        }
        if n == own.at {
            let focused = app.focus == Pane::Settings && app.overlay.is_none();
            let role = if focused { Role::Selection } else { Role::SelectionQuiet };
            surface.say(0, y, 1, "›", Role::Accent);
            surface.tint(y, role);
        }
    }
    for (n, (text, role)) in answer.iter().enumerate() {
        surface.say(1, room + n, wide.saturating_sub(2), text, *role);
    }
}

/// How the heartbeat is, when one is configured.
fn heartbeat(app: &App) -> Option<(String, Role)> {
    let beat = app.world.engine().heartbeat.as_ref()?;
    let zone = &app.options.zone;
    let last = match beat.sent_at {
        Some(at) => format!("last taken {}", zone.moment(at, app.wall())),
        None => "not taken yet".to_owned(),
    };
    Some(match beat.trouble() {
        Some(trouble) => (format!("{trouble}; {last}"), Role::Bad),
        None => (last, Role::Muted),
    })
}

/// Rows below the settings: what the last test was answered, each line in as many rows as it
/// needs; on the page what can be done there.
fn answer(app: &App, wide: usize) -> Vec<(String, Role)> {
    let own = &app.own.settings;
    let room = wide.saturating_sub(2);
    let mut rows = Vec::new();
    match &own.test {
        Some(Test::Sending(name)) => {
            rows.push((format!("sending a test through {name}…"), Role::Note));
        }
        Some(Test::Answered(taken, answers)) => {
            let role = if *taken { Role::Good } else { Role::Bad };
            for answer in answers.iter().take(ANSWERS) {
                let mut wrapped = Vec::new();
                super::output::wrap(answer.as_str(), room, role, &mut wrapped);
                rows.extend(wrapped.into_iter().take(ANSWERS).map(|row| (row.text, row.role)));
            }
        }
        None if own.page.is_some() && flux_channel(&own.lines).is_none() => {
            let text = match app.options.badge {
                // A demonstration has none, whatever is written or set.
                Some(_) => "no service: the demo tells nobody",
                None => "no service: set FLUX_NOTIFY_URL, or write [flux_notify] url",
            };
            rows.push((text.to_owned(), Role::Muted));
        }
        None => {}
    }
    rows
}

/// Most answers of a test that are shown, and rows of each.
const ANSWERS: usize = 4;

/// Runs an action that means something special here.
pub fn act(app: &mut App, action: Action) -> Option<Vec<Effect>> {
    let own = &mut app.own.settings;
    if action == Action::Back && own.page.is_some() {
        // Up to all settings, with the cursor where it was.
        own.at = own.place(own.at).unwrap_or(0);
        (own.page, own.wants_page) = (None, false);
        return Some(Vec::new());
    }
    if action == Action::NotifyTest {
        return Some(test(app));
    }
    let rows = own.shown();
    let by = cursor::step(action, crate::tui::act::page(app))?;
    let own = &mut app.own.settings;
    own.at = cursor::moved(own.at, rows, by);
    Some(Vec::new())
}

fn test(app: &mut App) -> Vec<Effect> {
    let Some(name) = channel(app) else {
        let text = "no channel under the cursor; a test goes through a [[channel]] or a list";
        app.say(Tone::Note, text);
        return Vec::new();
    };
    if matches!(app.own.settings.test, Some(Test::Sending(_))) {
        app.say(Tone::Note, "a test is still under way");
        return Vec::new();
    }
    let id = app.ask(Pending::Pane(Pane::Settings, TEST));
    app.own.settings.test = Some(Test::Sending(name.clone()));
    vec![Effect::Execute { id, command: Command::TestNotify { name: name.as_str().into() } }]
}

/// Asks once for each time that the view is opened.
pub fn wants(app: &mut App) -> Vec<Effect> {
    if app.own.settings.asked || !app.world.is_ready() {
        return Vec::new();
    }
    app.own.settings.asked = true;
    let id = app.ask(Pending::Pane(Pane::Settings, CONFIG));
    vec![Effect::Query { id, query: Query::Config }]
}

/// What is on screen is old: the view was left, or the configuration was read again.
pub fn forget(app: &mut App) {
    let own = &mut app.own.settings;
    own.asked = false;
    (own.page, own.wants_page) = (None, false);
    if !matches!(own.test, Some(Test::Sending(_))) {
        own.test = None;
    }
}

/// Takes the answer.
pub fn reply(app: &mut App, token: u64, result: Result<Reply, Problem>) {
    let own = &mut app.own.settings;
    if token == TEST {
        own.test = Some(match result {
            Ok(Reply::Outcome(Outcome::Tested { answers, taken })) => {
                Test::Answered(taken, answers)
            }
            Ok(_) => Test::Answered(false, vec![SafeText::line(NOT_THAT)]),
            Err(problem) => Test::Answered(false, vec![SafeText::line(&problem.to_string())]),
        });
        return;
    }
    match result {
        Ok(Reply::Answer(Answer::Config(text))) => {
            own.lines = parse(&text);
            own.problem = None;
            if own.page.is_none() {
                own.at = own.at.min(own.lines.len().saturating_sub(1));
            }
            turn(app);
        }
        Ok(_) => own.problem = Some(NOT_THAT.to_owned()),
        Err(problem) => own.problem = Some(problem.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_a_key_and_a_source() {
        let lines = parse(
            "# read from /etc/x\n\n[console]\ntheme = \"a # b\"  # config.toml:3\n# zone is not set  # default\n",
        );
        let text = |line: &Line| match line {
            Line::Section(text) | Line::Note(text) => text.to_string(),
            Line::Value { key, value, source } => format!("{key}|{value}|{source}"),
        };
        let texts: Vec<String> = lines.iter().map(text).collect();
        assert_eq!(
            texts,
            [
                "read from /etc/x",
                "[console]",
                "theme|\"a # b\"|config.toml:3",
                "zone|not set|default"
            ]
        );
    }
}
