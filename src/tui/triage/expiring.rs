//! Acknowledgements that are about to end: marked in the lists, said once and called once on every
//! console, and sent to nobody.
//!
//! One that was given for less than the time of the warning is not said: who gave it knows.

use std::collections::HashMap;

use crate::model::{Acknowledgement, Alert, AlertId, Span, Steady, Timestamp};
use crate::tui::app::{App, Tone};
use crate::tui::bell;
use crate::tui::format::plural;

/// How often it is looked for them; shorter than the shortest time of a warning.
const STEP: Span = Span::from_secs(20);

/// How long it stands on the bottom line: nobody has just pressed a key there.
const SHOWN: Span = Span::from_secs(60);

/// What was said.
#[derive(Debug, Default)]
pub struct Expiring {
    /// The end that was said of each open alert's acknowledgement.
    said: HashMap<AlertId, Timestamp>,
    /// When it is looked again.
    next: Option<Steady>,
}

/// How long an acknowledgement still lasts, when its end is near enough to be marked.
#[must_use]
pub fn rest(ack: &Acknowledgement, warning: Option<Span>, now: Timestamp) -> Option<Span> {
    let end = ack.expires.filter(|end| *end > now)?;
    Some(end.since(now)).filter(|rest| Some(*rest) <= warning)
}

/// The end that is to be said of an alert now.
fn due(alert: &Alert, warning: Span, now: Timestamp) -> Option<Timestamp> {
    let ack = alert.ack.as_ref().filter(|_| alert.fired.is_some())?;
    let long = ack.expires.is_some_and(|end| end.since(ack.at) > warning);
    rest(ack, Some(warning), now).filter(|_| long).and(ack.expires)
}

/// Says those that came near.
pub fn tick(app: &mut App) {
    let now = app.now;
    let own = &mut app.triage.expiring;
    let Some(warning) = app.options.ack_warning else { return };
    if !app.world.is_ready() || own.next.is_some_and(|next| now.steady < next) {
        return;
    }
    own.next = Some(now.steady + STEP);
    let before = std::mem::take(&mut own.said);
    let (mut fresh, mut mine) = (Vec::new(), 0);
    let me = app.actor.name();
    for alert in app.world.open_alerts() {
        let Some(end) = due(alert, warning, now.wall) else { continue };
        own.said.insert(alert.id, end);
        if before.get(&alert.id) != Some(&end) {
            mine += usize::from(alert.ack.as_ref().is_some_and(|ack| ack.author == me));
            fresh.push((end, alert.clone()));
        }
    }
    let Some((end, _)) = fresh.iter().max_by_key(|(end, _)| *end) else { return };
    let until = app.options.zone.moment(*end, now.wall);
    let text = match fresh.as_slice() {
        [(_, alert)] => {
            let author = alert.ack.as_ref().map(|ack| ack.author.to_string()).unwrap_or_default();
            let whose = if mine == 1 { "your".to_owned() } else { format!("{author}'s") };
            format!("{whose} acknowledgement of {} ends at {until}", alert.check)
        }
        all => {
            let count = plural(all.len(), "acknowledgement");
            let whose = if mine > 0 { format!(", {mine} of them yours") } else { String::new() };
            format!("{count} end by {until}{whose}: 'e shows them")
        }
    };
    let count = u64::try_from(fresh.len()).unwrap_or(u64::MAX);
    app.say(Tone::Note, text);
    if let Some(message) = &mut app.message {
        message.until = Some(now.steady + SHOWN);
    }
    bell::acknowledgements(app, count);
}

/// When it is looked again.
#[must_use]
pub fn next_wake(app: &App) -> Option<Steady> {
    app.triage.expiring.next.filter(|_| app.options.ack_warning.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SafeText;

    #[test]
    fn an_end_is_near_from_the_warning_on_until_it_is_there() {
        let at = |minutes: i64| Timestamp::from_millis(1_700_000_000_000 + minutes * 60_000);
        let ack = |expires| Acknowledgement {
            author: SafeText::line("ann"),
            comment: SafeText::empty(),
            at: at(0),
            expires,
            sticky: false,
        };
        let quarter = Some(Span::from_secs(900));
        let ends = ack(Some(at(60)));
        for (warning, now, near, why) in [
            (quarter, 44, false, "a minute too early"),
            (quarter, 45, true, "from its time on"),
            (quarter, 59, true, "until its end"),
            (quarter, 60, false, "it is over"),
            (None, 59, false, "nobody wants to know"),
        ] {
            assert_eq!(rest(&ends, warning, at(now)).is_some(), near, "{why}");
        }
        assert_eq!(rest(&ack(None), quarter, at(59)), None, "it ends with the problem");
    }
}
