//! Holding paging from the command line, and the badge that every console shows meanwhile.
//!
//! `:hold paging 30m REASON`; `:resume paging` ends it before its time.

use crate::model::safe_text::truncate;
use crate::model::{Hold, Span};
use crate::protocol::Command;
use crate::tui::action::Action;
use crate::tui::app::{App, Tone};
use crate::tui::effect::Effect;
use crate::tui::line::Pending;
use crate::tui::triage::Waits;

/// What is written to hold it.
const FORM: &str = "write :hold paging 30m REASON";
/// From this width on the badge says who holds it and why.
const WORDS_FROM: usize = 100;

/// Says how it is written, or how it stands.
pub fn explain(app: &mut App) {
    let text = match &app.world.engine().hold {
        Some(hold) => format!(":resume paging ends it: {}", words(app, hold)),
        None => FORM.to_owned(),
    };
    app.say(Tone::Note, text);
}

/// Holds it as is written: `paging 30m REASON`.
pub fn hold(app: &mut App, text: &str) -> Vec<Effect> {
    if let Some(why) = app.refusal(Action::Hold) {
        app.say(Tone::Bad, why);
        return Vec::new();
    }
    let text = text.trim();
    let rest = text.strip_prefix("paging ").map_or(text, str::trim);
    let (time, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let (length, reason) = (time.parse::<Span>(), reason.trim());
    let Some(length) = length.ok().filter(|_| !reason.is_empty()) else {
        app.say(Tone::Bad, format!("{FORM}: how long, and why"));
        return Vec::new();
    };
    let until = app.options.zone.moment(app.wall() + length, app.wall());
    let what = format!("paging is held until {until}");
    send(app, what, Command::HoldPaging { length, reason: reason.to_owned() })
}

/// Lets it go on.
pub fn resume(app: &mut App) -> Vec<Effect> {
    if let Some(why) = app.refusal(Action::Resume) {
        app.say(Tone::Bad, why);
        return Vec::new();
    }
    send(app, "paging goes on".to_owned(), Command::ResumePaging)
}

fn send(app: &mut App, what: String, command: Command) -> Vec<Effect> {
    app.say(Tone::Note, "asking the engine…");
    let id = app.ask(Pending::Triage(Waits::Paging { what }));
    vec![Effect::Execute { id, command }]
}

/// `PAGING HELD until 06:00 by noc-2: REASON`, while it is so; without the rest where there is no
/// room for it.
#[must_use]
pub fn badge(app: &App, wide: usize) -> Option<String> {
    let hold = app.world.engine().hold.as_ref()?;
    let until = app.options.zone.moment(hold.until, app.wall());
    let short = format!("PAGING HELD until {until}");
    if wide < WORDS_FROM {
        return Some(short);
    }
    Some(truncate(&words(app, hold), (wide * 2 / 5).max(short.len())))
}

fn words(app: &App, hold: &Hold) -> String {
    let until = app.options.zone.moment(hold.until, app.wall());
    format!("PAGING HELD until {until} by {}: {}", hold.author, hold.reason)
}
