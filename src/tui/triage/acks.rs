//! Acknowledging: from a line or a form, one request for all.

use std::sync::Arc;

use crate::model::comment::COMMENT_LIMIT;
use crate::model::{AckExpiry, Alert, AlertId, Timestamp};
use crate::protocol::{Command, Target};
use crate::tui::app::{App, Overlay, Tone};
use crate::tui::effect::Effect;
use crate::tui::form::{Field, Form};
use crate::tui::format::plural;
use crate::tui::line::{AckEnd, Pending};
use crate::tui::targets::{Targets, targets};
use crate::tui::triage::again::Again;
use crate::tui::triage::{OpenForm, Purpose};
use crate::tui::typing;

/// The comment that lines and forms begin with.
pub const COMMENT: &str = "looking into it";

/// What is sent.
#[derive(Clone, Debug)]
pub struct Ack {
    /// Which alerts.
    pub alerts: Vec<AlertId>,
    /// In words.
    pub what: String,
    /// Why.
    pub comment: String,
    /// When it ends; `None` with the problem.
    pub expires: Option<Timestamp>,
    /// Whether it stays through changes of state.
    pub sticky: bool,
    /// Whether others are told.
    pub notify: bool,
}

/// The alerts under the cursor that nobody has; says why when there are none.
pub fn open_alerts(app: &mut App) -> Option<Vec<Arc<Alert>>> {
    let found = targets(app);
    let open: Vec<_> = found.alerts.iter().filter(|alert| alert.ack.is_none()).cloned().collect();
    if !open.is_empty() {
        return Some(open);
    }
    let text = match found.alerts.first() {
        None => found.nothing().to_owned(),
        Some(alert) => {
            let who = alert.ack.as_ref().map_or("somebody", |ack| ack.author.as_str());
            format!("{who} has acknowledged this already")
        }
    };
    app.say(Tone::Note, text);
    None
}

/// The command that gives back what is under the cursor, what waits for its answer, and the words
/// for it.
///
/// # Errors
/// Why there is nothing to give back.
pub fn give_back(app: &App) -> Result<(Command, Pending, String), &'static str> {
    let found = targets(app);
    let held: Vec<_> = found.alerts.iter().filter(|alert| alert.ack.is_some()).cloned().collect();
    if held.is_empty() {
        let nothing = found.alerts.is_empty();
        return Err(if nothing { found.nothing() } else { "nobody has acknowledged this" });
    }
    let what = Targets::words_of(&held);
    let alerts: Vec<_> = held.iter().map(|alert| alert.id).collect();
    let targets = alerts.iter().map(|id| Target::Alert(*id)).collect();
    let pending = Pending::Unack { alerts, what: what.clone() };
    Ok((Command::Unacknowledge { targets }, pending, what))
}

/// As [`give_back`], for checks that are run now.
///
/// # Errors
/// Why there is nothing to check.
pub fn recheck(app: &App) -> Result<(Command, Pending, String), &'static str> {
    let found = targets(app);
    if found.is_empty() {
        return Err("nothing is under the cursor");
    }
    let what = found.words();
    let command = Command::Recheck { targets: found.objects() };
    Ok((command, Pending::Recheck { what: what.clone() }, what))
}

/// Sends it.
pub fn send(app: &mut App, ack: Ack) -> Vec<Effect> {
    let until = typing::until(app, ack.expires);
    app.overlay = None;
    app.acking.extend(ack.alerts.iter().copied());
    app.say(Tone::Note, format!("acknowledging {}…", ack.what));
    let command = Command::Acknowledge {
        targets: ack.alerts.iter().map(|id| Target::Alert(*id)).collect(),
        comment: ack.comment,
        expires: ack.expires,
        sticky: ack.sticky,
        notify: ack.notify,
    };
    let id = app.ask(Pending::Ack { alerts: ack.alerts, what: ack.what, until });
    vec![Effect::Execute { id, command }]
}

/// What is filled in when the form opens.
#[derive(Clone, Debug)]
pub struct Filled {
    /// The comment.
    pub comment: String,
    /// The end as written.
    pub end: String,
    /// Whether it stays through changes of state.
    pub sticky: bool,
    /// Whether others are told.
    pub notify: bool,
}

/// How the end of the shift is written.
const SHIFT: &str = "end of shift";

/// The end that nobody chose.
fn standard(app: &App) -> AckEnd {
    match app.options.ack_expiry {
        AckExpiry::Never => AckEnd::Recovery,
        AckExpiry::After(span) => AckEnd::After(span),
        AckExpiry::Shift if app.options.shifts.is_empty() => AckEnd::After(AckExpiry::STANDARD),
        AckExpiry::Shift => AckEnd::Shift,
    }
}

/// When an acknowledgement ends that is given now; `None` with the problem.
#[must_use]
pub fn expires(app: &App, end: AckEnd) -> Option<Timestamp> {
    match end {
        AckEnd::After(span) => Some(app.wall() + span),
        AckEnd::Shift => AckExpiry::Shift.end(app.options.shift(app.wall()), app.wall()),
        AckEnd::Recovery => None,
    }
}

/// The end that nobody chose, as it is written.
#[must_use]
pub fn standard_end(app: &App) -> String {
    match standard(app) {
        AckEnd::After(span) => span.to_string(),
        AckEnd::Shift => SHIFT.to_owned(),
        AckEnd::Recovery => "until it recovers".to_owned(),
    }
}

/// Opens the form for what is under the cursor.
pub fn open_form(app: &mut App, filled: Option<Filled>) {
    let Some(alerts) = open_alerts(app) else { return };
    form_for(app, "Acknowledge", &alerts, filled);
}

/// Opens the form for these alerts.
pub fn form_for(app: &mut App, title: &str, alerts: &[Arc<Alert>], filled: Option<Filled>) {
    let filled = filled.unwrap_or_else(|| Filled {
        comment: COMMENT.to_owned(),
        end: standard_end(app),
        sticky: false,
        notify: true,
    });
    let what = Targets::words_of(alerts);
    let fields = vec![
        Field::text("comment", &filled.comment, "why, or who works on it"),
        Field::text("end", &filled.end, "4h, 06:00, shift, never, until it recovers"),
        Field::toggle(
            "sticky",
            filled.sticky,
            "stays when the state changes, until it is OK",
            "ends when the state changes",
        ),
        Field::toggle(
            "notify",
            filled.notify,
            "who was told of the problem hears who has it",
            "nobody is told",
        ),
    ];
    let form = Form::new(title, what.clone(), fields);
    let alerts = alerts.iter().map(|alert| alert.id).collect();
    let mut open = OpenForm { form, purpose: Purpose::Ack { alerts, what } };
    preview(app, &mut open);
    app.open(Overlay::Form(Box::new(open)));
}

/// When an acknowledgement ends that was typed so.
///
/// # Errors
/// A sentence that says what is allowed.
pub fn end(app: &App, text: &str) -> Result<Option<Timestamp>, String> {
    match text.trim().to_lowercase().as_str() {
        "never" | "until it recovers" | "it recovers" | "recovery" => return Ok(None),
        "shift" | SHIFT | "until the end of the shift" => return Ok(expires(app, AckEnd::Shift)),
        "" => return Err("write 4h, 06:00, never or until it recovers".to_owned()),
        _ => {}
    }
    let right = "write 4h, 06:00, never or until it recovers";
    let bad = |_| format!("`{}` is no end; {right}", text.trim());
    let end = app.options.zone.end(text, app.wall()).map_err(bad)?;
    if end <= app.wall() {
        return Err(format!("`{}` is over; {right}", text.trim()));
    }
    Ok(Some(end))
}

/// Looks whether a comment can be kept whole.
///
/// # Errors
/// How long it is, and how long it may be.
pub fn comment(text: &str) -> Result<(), String> {
    let count = text.chars().count();
    if count <= COMMENT_LIMIT {
        return Ok(());
    }
    Err(format!("a comment has at most {COMMENT_LIMIT} characters, this one has {count}"))
}

/// Says what sending would do.
pub fn preview(app: &App, open: &mut OpenForm) {
    let Purpose::Ack { alerts, .. } = &open.purpose else { return };
    let until = match end(app, open.form.text("end")) {
        Ok(end) => typing::until(app, end),
        Err(_) => "until ?".to_owned(),
    };
    let first = format!("acknowledges {} {until}", plural(alerts.len(), "alert"));
    open.form.preview = vec![first];
}

/// Sends what the form says, or says beside the field what is wrong.
pub fn commit(app: &mut App, open: &mut OpenForm) -> Option<Vec<Effect>> {
    let Purpose::Ack { alerts, what } = open.purpose.clone() else { return None };
    let text = open.form.text("end").to_owned();
    let expires = match end(app, &text) {
        Ok(expires) => expires,
        Err(why) => {
            open.form.fail("end", why);
            return None;
        }
    };
    let comment = open.form.text("comment").to_owned();
    if let Err(why) = self::comment(&comment) {
        open.form.fail("comment", why);
        return None;
    }
    let (sticky, notify) = (open.form.is_on("sticky"), open.form.is_on("notify"));
    let filled = Filled { comment: comment.clone(), end: text, sticky, notify };
    app.triage.last = Some(Again::AckForm(filled));
    Some(send(app, Ack { alerts, what, comment, expires, sticky, notify }))
}

/// The ends that a line offers, the standard one first.
#[must_use]
pub fn ends(app: &App) -> Vec<AckEnd> {
    let standard = standard(app);
    let mut ends = vec![standard];
    let hours = |hours: u64| AckEnd::After(crate::model::Span::from_secs(hours * 3600));
    let others = [1, 4, 8, 24].map(hours);
    let shift = (!app.options.shifts.is_empty()).then_some(AckEnd::Shift);
    let others = shift.into_iter().chain(others).chain([AckEnd::Recovery]);
    ends.extend(others.filter(|end| *end != standard));
    ends
}
