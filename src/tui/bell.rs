//! How new problems call: the terminal's bell, the top line, a message of the desktop; by state,
//! with quiet hours, never for what the person here did, once for what comes together.
//!
//! In: alerts, own commands, time. Out: `Effect::Bell`, and a moment of light.
//! Never: sends bytes; text from outside never gets near it.

use ratatui::buffer::Buffer;

use crate::model::{Alert, CheckKey, Name, Now, Phase, Span, State, Steady, Timestamp};
use crate::protocol::{Command, Target};
use crate::tui::app::{App, Tone};
use crate::tui::effect::{Bell, Effect};
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;

/// What comes within this time rings together.
const GATHER: Span = Span::from_millis(500);
/// Shortest time between two bells.
const GAP: Span = Span::from_secs(10);
/// How long the top line is lit.
const FLASH: Span = Span::from_secs(2);
/// How long `#` lasts.
const MUTE: Span = Span::from_secs(15 * 60);
/// How long what comes of an own command counts as own.
const OWN: Span = Span::from_secs(30);
/// Most own commands that are remembered.
const OWN_LIMIT: usize = 200;

/// How one state calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Not at all.
    Off,
    /// The terminal's bell.
    Bell,
    /// The top line lights up.
    Visual,
    /// A message of the desktop.
    Message,
}

impl Call {
    /// By its word in the configuration.
    #[must_use]
    pub fn named(word: &str) -> Self {
        match word {
            "bell" => Self::Bell,
            "visual" => Self::Visual,
            "message" => Self::Message,
            _ => Self::Off,
        }
    }
}

/// `[bell]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// A new CRITICAL.
    pub critical: Call,
    /// A new WARNING.
    pub warning: Call,
    /// A new UNKNOWN.
    pub unknown: Call,
    /// An acknowledgement that is about to end.
    pub ack: Call,
    /// From and to which minute of the day nothing sounds; light is no sound.
    pub quiet: Option<(u16, u16)>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            critical: Call::Bell,
            warning: Call::Off,
            unknown: Call::Off,
            ack: Call::Visual,
            quiet: None,
        }
    }
}

impl Policy {
    const fn of(&self, state: State) -> Call {
        match state {
            State::Critical => self.critical,
            State::Warning => self.warning,
            State::Unknown => self.unknown,
            State::Ok => Call::Off,
        }
    }
}

/// True when the minute of the day is within; over midnight too.
#[must_use]
pub fn is_quiet(quiet: Option<(u16, u16)>, minute: u16) -> bool {
    match quiet {
        None => false,
        Some((from, to)) if from < to => (from..to).contains(&minute),
        Some((from, to)) => minute >= from || minute < to,
    }
}

/// What an own command was about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Own {
    Everything,
    Host(Name),
    Check(CheckKey),
}

/// What waits to ring, and what has rung.
#[derive(Clone, Debug, Default)]
pub struct Ringer {
    /// New problems that have not rung: by sound, light, message, each critical and warning.
    critical: u64,
    warning: u64,
    /// Acknowledgements that are about to end and were not called.
    acks: u64,
    sound: bool,
    light: bool,
    message: bool,
    /// When they ring.
    due: Option<Steady>,
    /// When it rang last.
    rang: Option<Steady>,
    /// True when this storm has had its bell.
    storm: bool,
    /// Until when the top line is lit.
    lit: Option<Steady>,
    /// Until when it is mute.
    mute: Option<(Steady, Timestamp)>,
    own: Vec<(Steady, Own)>,
}

impl Ringer {
    /// When something is to be done without anything happening.
    #[must_use]
    pub fn wake(&self) -> Option<Steady> {
        let mute = self.mute.map(|(until, _)| until);
        [self.due, self.lit, mute].into_iter().flatten().min()
    }

    /// Until when nothing rings because somebody said so.
    #[must_use]
    pub fn muted_until(&self, now: Now) -> Option<Timestamp> {
        self.mute.filter(|(until, _)| now.steady < *until).map(|(_, wall)| wall)
    }

    /// Calls with what comes together.
    fn call(&mut self, call: Call, now: Steady) {
        match call {
            Call::Off => return,
            Call::Bell => self.sound = true,
            Call::Visual => self.light = true,
            Call::Message => self.message = true,
        }
        let earliest = self.rang.map_or(now, |rang| rang + GAP);
        self.due = self.due.or(Some(earliest.max(now + GATHER)));
    }

    fn is_own(&self, key: &CheckKey, now: Steady) -> bool {
        self.own.iter().any(|(until, what)| {
            now < *until
                && match what {
                    Own::Everything => true,
                    Own::Host(host) => *host == key.host,
                    Own::Check(check) => check == key,
                }
        })
    }
}

/// Mutes for a while, or no longer.
pub fn mute(app: &mut App) {
    if app.ringer.muted_until(app.now).is_some() {
        app.ringer.mute = None;
        app.say(Tone::Note, "the bell is on");
        return;
    }
    let until = app.wall() + MUTE;
    app.ringer.mute = Some((app.now.steady + MUTE, until));
    let clock = app.options.zone.clock(until);
    app.say(Tone::Note, format!("the bell is off until {clock}"));
}

/// Remembers what the person here asks for: what comes of it is no news.
pub fn own(app: &mut App, effects: &[Effect]) {
    let until = app.now.steady + OWN;
    for effect in effects {
        let Effect::Execute { command, .. } = effect else { continue };
        let targets = match command {
            Command::Look { .. }
            | Command::Acknowledge { .. }
            | Command::Comment { .. }
            | Command::Remember { .. } => continue,
            Command::Recheck { targets } | Command::Unacknowledge { targets } => targets.as_slice(),
            _ => &[],
        };
        if targets.is_empty() || targets.len() > OWN_LIMIT {
            app.ringer.own.push((until, Own::Everything));
        }
        for target in targets.iter().take(OWN_LIMIT) {
            let what = match target {
                Target::Host(host) => Some(Own::Host(Name::clone(host))),
                Target::Check(key) => Some(Own::Check(key.clone())),
                Target::Alert(id) => app.world.alert(*id).map(|a| Own::Check(a.check.clone())),
            };
            app.ringer.own.extend(what.map(|what| (until, what)));
        }
    }
    let extra = app.ringer.own.len().saturating_sub(OWN_LIMIT * 2);
    app.ringer.own.drain(..extra);
}

/// An alert is about to enter the World: a problem that nobody has, and that was none before or a
/// lesser one, calls.
pub fn sees(app: &mut App, alert: &Alert) {
    let severity = |alert: &Alert| {
        let calls = alert.phase == Phase::Firing && alert.is_unhandled();
        if calls { alert.state.severity() } else { 0 }
    };
    let before = app.world.alert(alert.id).map_or(0, |old| severity(old));
    if !app.world.is_ready() || severity(alert) <= before {
        return;
    }
    let now = app.now.steady;
    if app.snoozed.contains_key(&alert.check) || app.ringer.is_own(&alert.check, now) {
        return;
    }
    let call = app.options.bell.of(alert.state);
    match alert.state {
        _ if call != Call::Message => {}
        State::Critical => app.ringer.critical += 1,
        _ => app.ringer.warning += 1,
    }
    app.ringer.call(call, now);
}

/// So many acknowledgements are about to end.
pub fn acknowledgements(app: &mut App, count: u64) {
    let call = app.options.bell.ack;
    if call == Call::Message {
        app.ringer.acks += count;
    }
    app.ringer.call(call, app.now.steady);
}

/// Rings what is due.
pub fn tick(app: &mut App) -> Vec<Effect> {
    let now = app.now;
    let stormy = app.storm.storm().is_some();
    let ringer = &mut app.ringer;
    ringer.own.retain(|(until, _)| now.steady < *until);
    ringer.mute = ringer.mute.filter(|(until, _)| now.steady < *until);
    ringer.lit = ringer.lit.filter(|until| now.steady < *until);
    if !stormy {
        ringer.storm = false;
    }
    if ringer.due.is_none_or(|due| now.steady < due) {
        return Vec::new();
    }
    let waiting = std::mem::take(ringer);
    (ringer.lit, ringer.mute, ringer.own) = (waiting.lit, waiting.mute, waiting.own);
    (ringer.rang, ringer.storm) = (waiting.rang, waiting.storm);
    if ringer.mute.is_some() || stormy && waiting.storm {
        return Vec::new();
    }
    (ringer.rang, ringer.storm) = (Some(now.steady), stormy);
    if waiting.light {
        ringer.lit = Some(now.steady + FLASH);
    }
    let quiet = is_quiet(app.options.bell.quiet, app.options.zone.minute(app.wall()));
    let mut effects = Vec::new();
    if waiting.sound && !quiet {
        effects.push(Effect::Bell(Bell::Sound));
    }
    if waiting.message && !quiet {
        let Ringer { critical, warning, acks, .. } = waiting;
        effects.push(Effect::Bell(Bell::Message { critical, warning, acks }));
    }
    effects
}

/// Lights the top line.
pub fn flash(app: &App, buffer: &mut Buffer) {
    if app.ringer.lit.is_some_and(|until| app.now.steady < until) {
        let area = buffer.area;
        let style = app.theme.style(Role::Bad).add_modifier(ratatui::style::Modifier::REVERSED);
        let surface = &mut Surface::new(buffer, area, &app.theme);
        surface.tint_cells(0, 0, surface.width(), style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_go_over_midnight() {
        let night = Some((22 * 60, 6 * 60));
        for (minute, quiet) in [(21 * 60 + 59, false), (22 * 60, true), (0, true), (359, true)] {
            assert_eq!(is_quiet(night, minute), quiet, "{minute}");
        }
        assert!(!is_quiet(night, 360));
        assert!(is_quiet(Some((60, 120)), 60) && !is_quiet(Some((60, 120)), 120));
        assert!(!is_quiet(None, 0));
        let zone = crate::tui::zone::Zone::utc();
        let at = Timestamp::from_millis((21 * 60 + 4) * 60_000 + 59_999);
        assert_eq!(zone.minute(at), 21 * 60 + 4);
    }
}
