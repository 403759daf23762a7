//! What a team hands over to the next one: pure, from what happened and how things stand.
//!
//! | topic | what | order |
//! |---|---|---|
//! | open | fires, nobody has it, no window hides it, nothing else explains it | the worst, then the oldest |
//! | acknowledged | is open and somebody has it | what ends first; what ends with the problem last |
//! | ending | acknowledgements and windows in effect that end within [`SOON`] | what ends first |
//! | new | became an alert in the time, once for each check | the newest |
//! | recovered | is over since, once for each check, unless it is a problem again | the newest |
//! | flapping | changes too often now, then what did in the time | the newest |
//! | not watched | the engine was off, or blind | the oldest |
//! | notes | written in the time, and who signed off | the oldest |
//!
//! Where it begins:
//!
//! | asked for | shifts | signed off | begins |
//! |---|---|---|---|
//! | yes | | | then |
//! | no | yes | at most [`EARLY`] before the shift, or in it | at the sign-off |
//! | no | yes | longer ago, the shift is younger than [`LATE`] | with the shift before: it is still to be handed over |
//! | no | yes | longer ago | with the shift |
//! | no | no | ever | at the sign-off |
//! | no | no | never | [`SOON`] ago |

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use crate::model::handover::{ROWS, SOON};
use crate::model::words::window as called;
use crate::model::{
    Alert, CheckKey, Duty, DutyKind, Edge, EdgeKind, HandoverPart, HandoverRow, Maintenance, Phase,
    SafeText, Since, Span, Timestamp, Topic,
};

/// How long before the begin of a shift a sign-off belongs to it.
pub const EARLY: Span = Span::from_secs(3600);
/// How long after the begin of a shift the one before is still handed over.
pub const LATE: Span = Span::from_secs(1800);
/// Times without an engine that lie so close together are one: somebody only asked it something.
const CLOSE: Span = Span::from_secs(60);

/// Where a handover begins: `shift` is when the present one and the one before began.
#[must_use]
pub fn begin(
    asked: Option<Timestamp>,
    shift: Option<(Timestamp, Timestamp)>,
    signed_off: Option<Timestamp>,
    now: Timestamp,
) -> (Timestamp, Since) {
    let signed_off = signed_off.filter(|at| *at <= now);
    match (asked, shift, signed_off) {
        (Some(at), ..) => (at.min(now), Since::Asked),
        (None, Some((start, _)), Some(at)) if at + EARLY >= start => (at, Since::SignOff),
        (None, Some((start, before)), _) if now < start + LATE => (before, Since::ShiftBefore),
        (None, Some((start, _)), _) => (start, Since::Shift),
        (None, None, Some(at)) => (at, Since::SignOff),
        (None, None, None) => (now - SOON, Since::Hours),
    }
}

/// What a handover is made from.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Edges since its begin, the newest first; of other kinds than these it takes no notice.
    pub edges: &'a [Edge],
    /// Alerts that are open.
    pub alerts: &'a [&'a Alert],
    /// Windows.
    pub windows: &'a [&'a Maintenance],
    /// The duty log since its begin, the oldest first.
    pub duty: &'a [Duty],
    /// Where it begins.
    pub from: Timestamp,
    /// Now.
    pub now: Timestamp,
}

/// The edges that a handover tells of.
pub const KINDS: [EdgeKind; 3] = [EdgeKind::Fired, EdgeKind::Recovered, EdgeKind::FlappingStarted];

/// All topics of a handover.
#[must_use]
pub fn assemble(facts: &Facts<'_>) -> Vec<HandoverPart> {
    let part = |topic| {
        let mut rows = match topic {
            Topic::Open => open(facts),
            Topic::Acknowledged => acknowledged(facts),
            Topic::Ending => ending(facts),
            Topic::New => new(facts),
            Topic::Recovered => recovered(facts),
            Topic::Flapping => flapping(facts),
            Topic::Unwatched => unwatched(facts),
            Topic::Notes => notes(facts),
        };
        let count = rows.len();
        // Of notes the last ones matter most.
        if topic == Topic::Notes && count > ROWS {
            rows.drain(..count - ROWS);
        }
        rows.truncate(ROWS);
        HandoverPart { topic, count, rows }
    };
    Topic::ALL.into_iter().map(part).collect()
}

fn of_alert(alert: &Alert, text: SafeText) -> HandoverRow {
    HandoverRow {
        state: Some(alert.state),
        check: Some(alert.check.clone()),
        ..HandoverRow::new(alert.since, text)
    }
}

fn firing<'a>(facts: &Facts<'a>) -> impl Iterator<Item = &'a Alert> + use<'a> {
    let alerts = facts.alerts;
    alerts.iter().copied().filter(|alert| alert.phase == Phase::Firing)
}

fn open(facts: &Facts<'_>) -> Vec<HandoverRow> {
    let mut found: Vec<&Alert> = firing(facts).filter(|alert| alert.is_unhandled()).collect();
    found.sort_by_key(|alert| (Reverse(alert.state.severity()), alert.since));
    let mut behind: HashMap<&CheckKey, usize> = HashMap::new();
    for root in firing(facts).filter_map(Alert::root) {
        *behind.entry(root).or_default() += 1;
    }
    let row = |alert: &&Alert| {
        let text = match behind.get(&alert.check) {
            Some(count) => SafeText::line(&format!("{}; {count} affected", alert.output)),
            None => alert.output.clone(),
        };
        of_alert(alert, text)
    };
    found.iter().map(row).collect()
}

fn acknowledged(facts: &Facts<'_>) -> Vec<HandoverRow> {
    let mut found: Vec<HandoverRow> = firing(facts)
        .filter_map(|alert| {
            let ack = alert.ack.as_ref()?;
            let who = Some(ack.author.clone());
            Some(HandoverRow { until: ack.expires, who, ..of_alert(alert, ack.comment.clone()) })
        })
        .collect();
    found.sort_by_key(|row| (row.until.is_none(), row.until, row.at));
    found
}

fn ending(facts: &Facts<'_>) -> Vec<HandoverRow> {
    let soon = |end: Timestamp| end > facts.now && end <= facts.now + SOON;
    let acks = firing(facts).filter_map(|alert| {
        let ack = alert.ack.as_ref()?;
        let until = ack.expires.filter(|end| soon(*end))?;
        let text = SafeText::line("acknowledgement");
        let who = Some(ack.author.clone());
        Some(HandoverRow { at: ack.at, until: Some(until), who, ..of_alert(alert, text) })
    });
    let active = facts.windows.iter().filter(|w| w.is_active(facts.now) && soon(w.end));
    let windows = active.map(|window| HandoverRow {
        until: Some(window.end),
        who: Some(window.author.clone()),
        ..HandoverRow::new(window.start, SafeText::line(&called(window.name.as_str())))
    });
    let mut all: Vec<HandoverRow> = acks.chain(windows).collect();
    all.sort_by_key(|row| row.until);
    all
}

/// The edges of a kind, once for each check with the newest, and how many there were.
fn once<'a>(facts: &Facts<'a>, kind: EdgeKind) -> Vec<(&'a Edge, usize)> {
    let mut places: HashMap<&CheckKey, usize> = HashMap::new();
    let mut found: Vec<(&Edge, usize)> = Vec::new();
    for edge in facts.edges.iter().filter(|edge| edge.kind == kind && edge.at >= facts.from) {
        let place = *places.entry(&edge.check).or_insert(found.len());
        match found.get_mut(place) {
            Some((_, count)) => *count += 1,
            None => found.push((edge, 1)),
        }
    }
    found
}

fn of_edge(edge: &Edge, count: usize) -> HandoverRow {
    let times = if count > 1 { format!(" ({count} times)") } else { String::new() };
    HandoverRow {
        state: Some(edge.to),
        check: Some(edge.check.clone()),
        ..HandoverRow::new(edge.at, SafeText::line(&format!("{}{times}", edge.text)))
    }
}

fn new(facts: &Facts<'_>) -> Vec<HandoverRow> {
    let open: HashMap<_, _> = firing(facts).map(|alert| (alert.id, alert)).collect();
    let row = |(edge, count): (&Edge, usize)| {
        let row = of_edge(edge, count);
        let stands = match open.get(&edge.alert) {
            Some(alert) if alert.ack.is_some() => "acknowledged",
            Some(alert) if alert.is_unhandled() => "open",
            Some(_) => "hidden",
            None => "over",
        };
        let text = SafeText::line(&format!("{}; {stands}", row.text));
        HandoverRow { text, ..row }
    };
    once(facts, EdgeKind::Fired).into_iter().map(row).collect()
}

fn recovered(facts: &Facts<'_>) -> Vec<HandoverRow> {
    let again: HashSet<&CheckKey> = firing(facts).map(|alert| &alert.check).collect();
    let row = |(edge, count): (&Edge, usize)| {
        let took = edge.at.since(edge.alert.born());
        let row = of_edge(edge, count);
        let text = format!("{} after {}; {}", edge.from, rough(took), row.text);
        HandoverRow { text: SafeText::line(&text), ..row }
    };
    let found = once(facts, EdgeKind::Recovered).into_iter();
    found.filter(|(edge, _)| !again.contains(&edge.check)).map(row).collect()
}

/// A span without what is too small to matter.
fn rough(span: Span) -> Span {
    let millis = span.millis();
    let step = if millis >= 3_600_000 { 60_000 } else { 1000 };
    Span::from_millis(millis / step * step)
}

fn flapping(facts: &Facts<'_>) -> Vec<HandoverRow> {
    let mut now: Vec<HandoverRow> = firing(facts)
        .filter_map(|alert| {
            let flapping = alert.flapping?;
            let row = of_alert(alert, SafeText::line(&flapping.words()));
            Some(HandoverRow { at: flapping.since, ..row })
        })
        .collect();
    now.sort_by_key(|row| Reverse(row.at));
    let still = firing(facts).filter(|alert| alert.flapping.is_some());
    let still: HashSet<&CheckKey> = still.map(|alert| &alert.check).collect();
    let past = once(facts, EdgeKind::FlappingStarted);
    let past = past.into_iter().filter(|(edge, _)| !still.contains(&edge.check));
    now.extend(past.map(|(edge, count)| {
        let text = if count > 1 { format!("flapped {count} times") } else { "flapped".to_owned() };
        HandoverRow {
            check: Some(edge.check.clone()),
            ..HandoverRow::new(edge.at, SafeText::line(&text))
        }
    }));
    now
}

fn unwatched(facts: &Facts<'_>) -> Vec<HandoverRow> {
    let mut found: Vec<HandoverRow> = Vec::new();
    for duty in facts.duty {
        let words = match duty.kind {
            DutyKind::Off => "the engine was off",
            DutyKind::Blind => "the engine was blind: no canary answered",
            DutyKind::Note | DutyKind::SignOff => continue,
        };
        if duty.until.is_some_and(|until| until <= facts.from) {
            continue;
        }
        let text = SafeText::line(words);
        if let Some(before) = found.iter_mut().rev().find(|row| row.text == text)
            && before.until.is_some_and(|until| duty.at <= until + CLOSE)
        {
            before.until = duty.until.map(|until| before.until.map_or(until, |b| b.max(until)));
            continue;
        }
        found.push(HandoverRow { until: duty.until, ..HandoverRow::new(duty.at, text) });
    }
    found
}

fn notes(facts: &Facts<'_>) -> Vec<HandoverRow> {
    let written = facts.duty.iter().filter(|duty| duty.at >= facts.from);
    let row = |duty: &Duty| {
        let text = match duty.kind {
            DutyKind::Note => duty.text.clone(),
            DutyKind::SignOff => SafeText::line(&format!("signed off, {} took over", duty.text)),
            DutyKind::Off | DutyKind::Blind => return None,
        };
        Some(HandoverRow { who: duty.author.clone(), ..HandoverRow::new(duty.at, text) })
    };
    written.filter_map(row).collect()
}

#[cfg(test)]
#[path = "handover_tests.rs"]
mod tests;
