//! Allowing changes for a time on a console that was started read-only.
//!
//! Such a console asks as a viewer, so that the engine refuses what slips through here; armed, it
//! asks as who sits there.

use crate::model::Span;
use crate::protocol::{Actor, Role};
use crate::tui::app::{App, Tone};
use crate::tui::format;

/// How long arming lasts when nobody says.
const STANDARD: Span = Span::from_secs(15 * 60);
/// The longest that it lasts.
const LONGEST: Span = Span::from_secs(8 * 3600);

impl App {
    /// True while a read-only console allows changes.
    #[must_use]
    pub fn is_armed(&self) -> bool {
        self.triage.armed.is_some_and(|until| until > self.now.steady)
    }

    /// True while nothing may be changed from here.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.options.read_only && !self.is_armed()
    }

    /// As whom requests are made now.
    #[must_use]
    pub fn acting(&self) -> Actor {
        let actor = self.actor.clone();
        if self.is_locked() { actor.capped(Role::Viewer) } else { actor }
    }
}

/// Arms for the standard time, or disarms.
pub fn toggle(app: &mut App) {
    if app.is_armed() { disarm(app) } else { arm(app, STANDARD) }
}

/// Read-only again.
pub fn disarm(app: &mut App) {
    if app.triage.armed.take().is_some() {
        app.say(Tone::Good, "read-only again");
    } else {
        app.say(Tone::Note, "nothing is armed");
    }
}

/// Arms for as long as is written: `15m`.
pub fn arm_for(app: &mut App, text: &str) {
    match text.trim().parse::<Span>() {
        Ok(span) if span > Span::ZERO && span <= LONGEST => arm(app, span),
        _ => {
            let cut: String = text.trim().chars().take(40).collect();
            let text = format!("`{cut}` is no time to arm for; write 15m, at most {LONGEST}");
            app.say(Tone::Bad, text);
        }
    }
}

fn arm(app: &mut App, span: Span) {
    if !app.options.read_only {
        app.say(Tone::Note, "this console is not read-only; there is nothing to arm");
        return;
    }
    let role = app.actor.role();
    if role < Role::Operator {
        app.say(Tone::Bad, format!("your role is {role:?}: arming would not let you change more"));
        return;
    }
    app.triage.armed = Some(app.now.steady + span);
    app.say(Tone::Good, format!("changes are allowed for {span}; X ends that"));
}

/// `ARMED 14m`, while it is so.
#[must_use]
pub fn badge(app: &App) -> Option<String> {
    let until = app.triage.armed.filter(|until| *until > app.now.steady)?;
    Some(format!("ARMED {}", format::age(until.since(app.now.steady))))
}
