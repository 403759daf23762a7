//! The command line: actions by name, the configuration's own ones, and every host, check, view and
//! theme, found by letters.

use crate::model::{CheckKey, Name};
use crate::tui::act;
use crate::tui::action::{Action, Need};
use crate::tui::app::{App, Overlay, Tone};
use crate::tui::effect::Effect;
use crate::tui::line::{Line, Purpose};
use crate::tui::overlays::views;
use crate::tui::triage::{arm, duty, hold, queue};
use crate::tui::{context, external, fuzzy};

/// Most candidates that are kept.
const FOUND: usize = 32;

/// The commands that take words behind their name.
pub const WITH_WORDS: [Action; 9] = [
    Action::Theme,
    Action::Context,
    Action::TakeBack,
    Action::Arm,
    Action::SaveView,
    Action::Hold,
    Action::Resume,
    Action::Note,
    Action::SignOff,
];

/// What a candidate does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Does {
    /// Runs an action.
    Action(Action),
    /// Runs a custom action, by its place in the keymap.
    Custom(usize),
    /// Opens a host.
    Host(Name),
    /// Opens a check.
    Check(CheckKey),
    /// Opens a saved view.
    View(char),
    /// Puts a theme in force.
    Theme(String),
    /// Goes to another engine.
    Context(String),
}

/// Something that the typed text can become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The text.
    pub text: String,
    /// What it does, in words.
    pub about: String,
    /// What it does.
    pub does: Does,
}

/// Actions that make sense as commands.
fn commands() -> impl Iterator<Item = Action> {
    let moves = [
        Action::Down,
        Action::Up,
        Action::Left,
        Action::Right,
        Action::PageDown,
        Action::PageUp,
        Action::Top,
        Action::Bottom,
        Action::Palette,
    ];
    let wanted = move |action: &Action| !action.is_of_dialogs() && !moves.contains(action);
    Action::ALL.iter().copied().filter(wanted)
}

fn of_action(app: &App, action: Action) -> Candidate {
    let about = app.refusal(action).unwrap_or_else(|| action.about().to_owned());
    Candidate { text: action.name().to_owned(), about, does: Does::Action(action) }
}

/// The configuration's own actions.
fn customs(app: &App) -> impl Iterator<Item = Candidate> {
    let locked = app.is_locked();
    app.keymap.custom().iter().enumerate().map(move |(at, own)| {
        let about = if locked {
            format!("{}: this console is read-only", own.name)
        } else {
            format!("runs {}", own.command.join(" "))
        };
        Candidate { text: own.name.clone(), about, does: Does::Custom(at) }
    })
}

fn theme(name: &str) -> Candidate {
    let (text, about) = (format!("theme {name}"), "these colours".to_owned());
    Candidate { text, about, does: Does::Theme(name.to_owned()) }
}

fn contexts(app: &App) -> impl Iterator<Item = Candidate> {
    context::names(app).map(|(name, about)| Candidate {
        text: format!("{} {name}", Action::Context.name()),
        about: about.to_owned(),
        does: Does::Context(name.to_owned()),
    })
}

/// What is looked at besides names of actions that contain what is typed.
fn everything(app: &App, with_checks: bool) -> Vec<Candidate> {
    let mut all: Vec<Candidate> = commands().map(|action| of_action(app, action)).collect();
    all.extend(customs(app));
    all.extend(app.triage.views.iter().map(|view| Candidate {
        text: format!("view {} {}", view.letter, view.name),
        about: "a saved view".to_owned(),
        does: Does::View(view.letter),
    }));
    all.extend(app.themes.names().map(theme));
    all.extend(contexts(app));
    for entry in app.world.hosts() {
        let host = &entry.host;
        all.push(Candidate {
            text: host.name.to_string(),
            about: String::new(),
            does: Does::Host(host.name.clone()),
        });
        if with_checks {
            all.extend(entry.checks.iter().map(|row| Candidate {
                text: row.key.to_string(),
                about: String::new(),
                does: Does::Check(row.key.clone()),
            }));
        }
    }
    all
}

/// What the typed text can become, the best first.
#[must_use]
pub fn candidates(app: &App, typed: &str) -> Vec<Candidate> {
    let typed = typed.trim_start();
    if let Some(name) = typed.strip_prefix("theme ") {
        return app
            .themes
            .names()
            .filter(|have| have.starts_with(name.trim()))
            .map(theme)
            .collect();
    }
    if let Some(name) = typed.strip_prefix("ctx ") {
        let wanted = format!("ctx {}", name.trim());
        return contexts(app).filter(|have| have.text.starts_with(&wanted)).collect();
    }
    let word = typed.trim_end();
    let mut found: Vec<Candidate> = commands()
        .filter(|action| action.name().contains(word))
        .map(|action| of_action(app, action))
        .chain(customs(app).filter(|own| own.text.contains(word)))
        .collect();
    found.sort_by_key(|one| !one.text.starts_with(word));
    if word.is_empty() {
        return found;
    }
    // Sixty thousand checks are looked at when more than a host's name is typed.
    let with_checks = word.contains(['/', ' ']);
    let best = fuzzy::best(word, everything(app, with_checks), |one| one.text.as_str(), FOUND);
    for hit in best {
        if !found.contains(&hit.item) {
            found.push(hit.item);
        }
    }
    for one in found.iter_mut().filter(|one| one.about.is_empty()) {
        one.about = match &one.does {
            Does::Host(name) => {
                let entry = app.world.host(name);
                let about = |entry: &crate::protocol::HostEntry| {
                    format!("{} {}", entry.shown().word(), entry.host.address)
                };
                entry.map(about).unwrap_or_default()
            }
            Does::Check(key) => {
                let row = app.world.check(key);
                row.map(|row| format!("{} {}", row.status.state.word(), row.status.output))
                    .unwrap_or_default()
            }
            _ => String::new(),
        };
    }
    found.truncate(FOUND);
    found
}

/// Opens the line.
pub fn open(app: &mut App) {
    let purpose = Purpose::Palette { found: candidates(app, ""), at: None };
    app.open(Overlay::Line(Box::new(Line::new(purpose, ""))));
}

/// Text was typed: what it can become is looked up once, not with every frame.
pub fn typed(app: &mut App) {
    let Some(Overlay::Line(line)) = &app.overlay else { return };
    let fresh = candidates(app, line.text());
    if let Some(Overlay::Line(line)) = &mut app.overlay
        && let Purpose::Palette { found, at } = &mut line.purpose
    {
        (*found, *at) = (fresh, None);
    }
}

/// The text completed to a candidate.
#[must_use]
pub fn complete(candidate: &Candidate) -> String {
    let takes_more = matches!(&candidate.does, Does::Action(action) if WITH_WORDS.contains(action));
    if takes_more { format!("{} ", candidate.text) } else { candidate.text.clone() }
}

/// Runs what was typed: a whole name, the only one that begins so, or the candidate chosen; else
/// the best one, which runs at once only when it changes nothing.
pub fn run(app: &mut App, typed: &str, found: &[Candidate], at: Option<usize>) -> Vec<Effect> {
    let typed = typed.trim();
    if let Some(chosen) = at.and_then(|at| found.get(at)) {
        let chosen = chosen.clone();
        return go(app, &chosen);
    }
    if typed.is_empty() {
        return Vec::new();
    }
    if let Some(effects) = with_words(app, typed) {
        return effects;
    }
    // A name in full before the only one that begins so.
    if let Some(action) = commands().find(|action| action.name() == typed) {
        return act::act(app, action);
    }
    let own = customs(app).find(|own| own.text == typed);
    if let Some(own) = own {
        return go(app, &own);
    }
    let mut begins = commands().filter(|action| action.name().starts_with(typed));
    if let Some(action) = begins.next().filter(|_| begins.next().is_none()) {
        return act::act(app, action);
    }
    match found.first().cloned() {
        Some(Candidate { does, text, .. }) if changes(&does) => {
            // What was not spelled out and changes something is shown first.
            open(app);
            if let Some(Overlay::Line(line)) = &mut app.overlay {
                line.input = tui_input::Input::new(text);
            }
            self::typed(app);
            Vec::new()
        }
        Some(best) => go(app, &best),
        None => {
            let cut: String = typed.chars().take(60).collect();
            app.say(Tone::Bad, format!("`{cut}` is no command; `:` and Tab show what there is"));
            Vec::new()
        }
    }
}

/// True for what must be spelled out or chosen before it runs.
fn changes(does: &Does) -> bool {
    match does {
        Does::Action(action) => action.need() != Need::Look,
        Does::Custom(_) | Does::Context(_) => true,
        _ => false,
    }
}

/// Commands that take words.
fn with_words(app: &mut App, typed: &str) -> Option<Vec<Effect>> {
    if typed == "q" {
        return Some(act::act(app, Action::Interrupt));
    }
    let (name, rest) = typed.split_once(' ')?;
    let action = WITH_WORDS.iter().copied().find(|action| action.name() == name)?;
    match action {
        Action::Theme => put_theme(app, rest.trim()),
        Action::Context => return Some(context::go(app, rest)),
        Action::TakeBack => return Some(queue::typed(app, rest)),
        Action::Arm => arm::arm_for(app, rest),
        Action::SaveView => return Some(views::save(app, rest)),
        Action::Hold => return Some(hold::hold(app, rest)),
        Action::Resume => return Some(hold::resume(app)),
        Action::Note => return Some(duty::note(app, rest)),
        Action::SignOff => duty::sign_off(app, rest),
        _ => return None,
    }
    Some(Vec::new())
}

fn put_theme(app: &mut App, name: &str) {
    if let Some(theme) = app.themes.get(name).cloned() {
        app.theme = theme;
    } else {
        let names: Vec<&str> = app.themes.names().collect();
        let text = format!("there is no theme `{name}`; there are {}", names.join(", "));
        app.say(Tone::Bad, text);
    }
}

fn go(app: &mut App, candidate: &Candidate) -> Vec<Effect> {
    match &candidate.does {
        Does::Action(action) => return act::act(app, *action),
        Does::Custom(at) => return external::start(app, *at),
        Does::Host(host) => return act::open_host(app, host.clone(), None),
        Does::Check(key) => {
            return act::open_host(app, key.host.clone(), Some(key.name.clone()));
        }
        Does::View(letter) => views::open(app, *letter),
        Does::Theme(name) => put_theme(app, name),
        Does::Context(name) => return context::go(app, name),
    }
    Vec::new()
}
