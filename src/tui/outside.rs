//! Keys and messages about the terminal and other programs, as pure decisions.

use crate::model::SafeText;
use crate::protocol::Target;
use crate::tui::act;
use crate::tui::action::Action;
use crate::tui::app::{App, Tone};
use crate::tui::effect::{Effect, Foreground};
use crate::tui::input::{Mouse, MouseKind};
use crate::tui::targets;
use crate::tui::terminal::meter::Figures;
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;

/// Rows that one step of the wheel moves.
const WHEEL: i32 = 3;
/// Most rows of a screen.
const ROWS: i32 = 500;
/// Longest address of a host, as DNS has it.
const ADDRESS_LIMIT: usize = 253;

/// The terminal's side of the console.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    /// Whether the mouse is on.
    pub mouse: bool,
    /// What the line costs, while that is shown.
    pub line: Option<Figures>,
    /// The program that has the screen.
    pub away: Option<String>,
}

/// Runs an action that is about the terminal or another program.
pub fn act(app: &mut App, action: Action) -> Vec<Effect> {
    match action {
        Action::Copy => copy(app),
        Action::Ssh => ssh(app),
        Action::Suspend => suspend(app),
        Action::Mouse => {
            app.outside.mouse = !app.outside.mouse;
            let word =
                if app.outside.mouse { "on: the terminal selects with Shift" } else { "off" };
            app.say(Tone::Note, format!("the mouse is {word}"));
            vec![Effect::Mouse(app.outside.mouse)]
        }
        Action::Debug => {
            app.outside.line = match app.outside.line {
                Some(_) => None,
                None => Some(Figures::default()),
            };
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// What is under the cursor, as one line.
fn copy(app: &mut App) -> Vec<Effect> {
    let here = targets::hint(app);
    let alert = here.alerts.first();
    let text = match (here.objects().into_iter().next(), alert) {
        (_, Some(alert)) => {
            format!("{} {} {}", alert.check, alert.state.word(), alert.output)
        }
        (Some(Target::Host(host)), None) => {
            let address = app.world.host(&host).map(|host| host.host.address.to_string());
            format!("{host} {}", address.unwrap_or_default())
        }
        (Some(target), None) => target.to_string(),
        (None, None) => {
            app.say(Tone::Note, "nothing is under the cursor");
            return Vec::new();
        }
    };
    vec![Effect::Copy(SafeText::text(text.trim_end()).to_string())]
}

fn ssh(app: &mut App) -> Vec<Effect> {
    let host = match targets::hint(app).objects().into_iter().next() {
        Some(Target::Host(host)) => Some(host),
        Some(Target::Check(check)) => Some(check.host),
        _ => app.host.clone(),
    };
    let Some(host) = host.and_then(|name| app.world.host(&name).cloned()) else {
        app.say(Tone::Note, "no host is selected");
        return Vec::new();
    };
    let address = host.host.address.to_string();
    if !is_address(&address) {
        app.say(Tone::Bad, format!("`{address}` is no address that ssh may be given"));
        return Vec::new();
    }
    let fill = |word: &String| word.replace("{address}", &address);
    let argv: Vec<String> = app.options.ssh.iter().map(fill).collect();
    let env = vec![
        ("FLUXNOC_HOST".to_owned(), host.host.name.to_string()),
        ("FLUXNOC_ADDRESS".to_owned(), address),
    ];
    start(app, Foreground { argv, env, bare: false })
}

/// Ctrl-Z: to the shell that we were started from; a shell of our own where the engine is here,
/// because a stopped process monitors nothing.
fn suspend(app: &mut App) -> Vec<Effect> {
    if app.options.attached {
        return vec![Effect::StopJob];
    }
    let shell = std::env::var("SHELL").ok().filter(|shell| !shell.is_empty());
    let argv = vec![shell.unwrap_or_else(|| "/bin/sh".to_owned())];
    let env = vec![("FLUXNOC_SHELL".to_owned(), "1".to_owned())];
    start(app, Foreground { argv, env, bare: false })
}

/// SIGTSTP from outside: as Ctrl-Z, but nobody asked for a shell.
pub fn stopped(app: &mut App) -> Vec<Effect> {
    if app.options.attached {
        return vec![Effect::StopJob];
    }
    app.say(Tone::Note, "stopping would stop monitoring; Ctrl-Z opens a shell");
    Vec::new()
}

fn start(app: &mut App, program: Foreground) -> Vec<Effect> {
    app.outside.away = program.argv.first().cloned();
    vec![Effect::Suspend(program)]
}

/// True for what can be a host's address and nothing else, least of all an option.
#[must_use]
pub fn is_address(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-' | '_' | '%');
    !text.is_empty()
        && text.len() <= ADDRESS_LIMIT
        && !text.starts_with('-')
        && text.chars().all(allowed)
}

/// The mouse: the wheel moves the cursor, a click puts it on the row that was hit: so many rows
/// below where the cursor was painted.
pub fn mouse(app: &mut App, mouse: Mouse, below: Option<i32>) -> Vec<Effect> {
    if !app.outside.mouse || app.overlay.is_some() {
        return Vec::new();
    }
    app.chosen = true;
    let by = match mouse.kind {
        MouseKind::WheelUp => -WHEEL,
        MouseKind::WheelDown => WHEEL,
        MouseKind::Press => below.unwrap_or(0).clamp(-ROWS, ROWS),
    };
    let step = if by < 0 { Action::Up } else { Action::Down };
    (0..by.abs()).flat_map(|_| act::act(app, step)).collect()
}

/// A program that had the screen is back.
pub fn returned(app: &mut App, result: Result<i32, String>) {
    let name = app.outside.away.take().unwrap_or_default();
    match result {
        Ok(0) => app.say(Tone::Note, format!("back from {name}")),
        Ok(code) => app.say(Tone::Note, format!("back from {name}: it ended with {code}")),
        Err(why) => app.say(Tone::Bad, why),
    }
}

/// What came of something that was said to the terminal.
pub fn told(app: &mut App, result: Result<String, String>) {
    match result {
        Ok(text) => app.say(Tone::Good, text),
        Err(why) => app.say(Tone::Bad, why),
    }
}

/// Draws the debug line over the bottom line, while it is wanted.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let Some(line) = &app.outside.line else { return };
    let unknown = "?".to_owned();
    let carries = line.carries.map_or_else(|| unknown.clone(), |rate| rate.to_string());
    let delay = line.delay.map_or(unknown, |delay| delay.to_string());
    let text = format!(
        " {} B/s  {} frames/s  last {} B  line {carries} B/s  delay {delay} ms ",
        line.bytes, line.frames, line.last
    );
    let (wide, y) = (surface.width(), surface.height().saturating_sub(1));
    let style = surface.theme.style(Role::Accent);
    surface.put_right(wide, y, wide, &text, style);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_are_given_to_ssh() {
        for good in ["192.0.2.1", "fe80::1%eth0", "web-1.example", "2001:db8::1", "db_1"] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "",
            "-oProxyCommand=sh",
            "a b",
            "a;b",
            "$(x)",
            "a\nb",
            "`a`",
            "a@b",
            "a/b",
            "\u{430}",
            "a\u{1b}[2J",
            "*",
        ] {
            assert!(!is_address(bad), "{bad:?}");
        }
        assert!(!is_address(&"a".repeat(254)));
    }
}
