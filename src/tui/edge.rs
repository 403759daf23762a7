//! What effects do to the terminal itself: copies, bells, the mouse, and leaving it to others.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tokio::sync::mpsc::{Receiver, Sender};

use crate::tui::action::{Action, Need};
use crate::tui::app::{App, Overlay};
use crate::tui::effect::{Effect, Foreground};
use crate::tui::keymap::{Chord, Found};
use crate::tui::msg::Msg;
use crate::tui::terminal::words::{self, Through};
use crate::tui::terminal::{FromTerminal, Terminal, foreground};

/// A copy that takes the line longer than this is refused: keys would wait behind it.
const COPY_SECONDS: f64 = 5.0;

/// Does it; gives what there is to tell.
pub async fn run(
    effect: Effect,
    terminal: &mut Terminal,
    say: &Sender<FromTerminal>,
    said: &mut Receiver<FromTerminal>,
) -> Option<Msg> {
    match effect {
        Effect::Copy(text) => Some(Msg::Told(copy(&text, terminal))),
        Effect::Bell(bell) => {
            terminal.say(words::bell(&bell, Through::here()));
            None
        }
        Effect::Mouse(on) => {
            terminal.mouse(on);
            None
        }
        Effect::Suspend(program) => {
            suspend(&program, terminal, say, said).await.err().map(|why| Msg::Returned(Err(why)))
        }
        Effect::StopJob => stop_job(terminal, said).await.err().map(|why| Msg::Told(Err(why))),
        _ => None,
    }
}

fn copy(text: &str, terminal: &mut Terminal) -> Result<String, String> {
    let sequence = words::clipboard(text, Through::here())?;
    #[expect(clippy::cast_precision_loss, reason = "at most 75,000")]
    let seconds = terminal.rate().map_or(0.0, |rate| sequence.len() as f64 / rate.max(1.0));
    if seconds > COPY_SECONDS {
        return Err(format!("copying this would hold the line for {seconds:.0} s"));
    }
    if !terminal.say(sequence) {
        return Err("the terminal has not taken the last copies yet".to_owned());
    }
    let lines = text.lines().count();
    let first: String = text.lines().next().unwrap_or("").chars().take(60).collect();
    Ok(if lines > 1 {
        format!("copied {lines} lines: {first}…")
    } else {
        format!("copied {first}")
    })
}

async fn leave(terminal: &mut Terminal, said: &mut Receiver<FromTerminal>) -> Result<(), String> {
    terminal.settle(said).await;
    if terminal.is_stuck() {
        return Err("the terminal takes nothing at the moment".to_owned());
    }
    terminal.leave();
    Ok(())
}

async fn suspend(
    program: &Foreground,
    terminal: &mut Terminal,
    say: &Sender<FromTerminal>,
    said: &mut Receiver<FromTerminal>,
) -> Result<(), String> {
    leave(terminal, said).await?;
    if let Err(error) = foreground::start(program, say) {
        terminal.come_back().map_err(|error| error.to_string())?;
        let name = program.argv.first().map_or("", String::as_str);
        return Err(format!("{name} does not start: {error}"));
    }
    Ok(())
}

async fn stop_job(
    terminal: &mut Terminal,
    said: &mut Receiver<FromTerminal>,
) -> Result<(), String> {
    if !foreground::has_shell() {
        return Err("there is no shell to go back to; `q` leaves".to_owned());
    }
    leave(terminal, said).await?;
    foreground::stop_here();
    // Here somebody has continued us.
    terminal.come_back().map_err(|error| error.to_string())
}

/// True when a key that may be the rest of a torn sequence changes nothing.
#[must_use]
pub fn is_harmless(app: &App, key: KeyEvent) -> bool {
    match &app.overlay {
        Some(Overlay::Line(_) | Overlay::Form(_)) => {
            matches!(key.code, KeyCode::Char(_)) && !key.modifiers.contains(KeyModifiers::CONTROL)
        }
        Some(Overlay::Help(_) | Overlay::Card(_) | Overlay::Views) => true,
        Some(_) => false,
        None => {
            let mut chords = app.pressed.clone();
            chords.push(Chord::from(key));
            match app.keymap.find(&app.contexts(), &chords) {
                Found::Action(action) => {
                    action.need() == Need::Look
                        && !matches!(action, Action::Quit | Action::Interrupt | Action::Suspend)
                }
                Found::Custom(_) => false,
                Found::Begun | Found::Nothing => true,
            }
        }
    }
}
