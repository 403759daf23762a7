//! The verbs for scripts: from arguments to commands and queries of the seam.

use std::str::FromStr;

use chrono::{Local, NaiveTime, TimeZone};

use super::accounts_cmd::{self, Asked};
use super::args::{AckArgs, Command as Typed, NotifyCommand};
use super::report_args::{ReportArgs, ReportCommand};
use super::schedule_args::SchedulesCommand;
use super::window_args::{MaintenanceCommand, WindowArgs};
use crate::model::{AckExpiry, Shift, Shifts, Span, Timestamp};
use crate::protocol::{Command, NewMaintenance, Query};
use crate::tui::zone::Zone;

/// What is usual here, for what a command does not say.
#[derive(Clone, Debug)]
pub struct Usual {
    /// The zone of times.
    pub zone: Zone,
    /// When shifts begin in it.
    pub shifts: Shifts,
    /// When an acknowledgement ends.
    pub ack_expiry: AckExpiry,
}

impl Usual {
    /// The shift of a moment.
    #[must_use]
    pub fn shift(&self, now: Timestamp) -> Option<Shift> {
        self.zone.shift(&self.shifts, now)
    }

    /// The end of an acknowledgement that is given now.
    #[must_use]
    pub fn ack_end(&self, now: Timestamp) -> Option<Timestamp> {
        self.ack_expiry.end(self.shift(now), now)
    }
}

/// A point in time as people type it: `06:00` (the next one, local time) or RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The next time that the local clock shows this.
    Clock(NaiveTime),
    /// Exactly this.
    Exactly(Timestamp),
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let clock = NaiveTime::parse_from_str(text, "%H:%M");
        if let Ok(time) = clock.or_else(|_| NaiveTime::parse_from_str(text, "%H:%M:%S")) {
            return Ok(Self::Clock(time));
        }
        text.parse().map(Self::Exactly).map_err(|_| {
            let text: String = text.chars().take(64).collect();
            format!("`{text}` is not a time; write 22:00 (local time) or 2026-02-25T02:00:00Z")
        })
    }
}

impl Moment {
    /// The moment itself, seen from `now`.
    ///
    /// # Errors
    /// When the local clock never shows that time in the next days (it is skipped).
    pub fn from_now(self, now: Timestamp) -> Result<Timestamp, String> {
        match self {
            Self::Exactly(at) => Ok(at),
            Self::Clock(time) => next(&Local, time, now)
                .ok_or_else(|| format!("the local clock does not show {time} in the next days")),
        }
    }
}

/// The first moment after `now` at which a clock in `zone` shows `time`.
fn next<Z: TimeZone>(zone: &Z, time: NaiveTime, now: Timestamp) -> Option<Timestamp> {
    let today = now.to_utc()?.with_timezone(zone).date_naive();
    // Three days: a change of summer time may skip the hour on one of them.
    today
        .iter_days()
        .take(3)
        .filter_map(|day| zone.from_local_datetime(&day.and_time(time)).earliest())
        .map(|moment| Timestamp::from_millis(moment.timestamp_millis()))
        .find(|moment| *moment > now)
}

/// When an acknowledgement ends: `4h`, `06:00`, RFC 3339 or `never`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expires {
    /// Not by itself.
    Never,
    /// After so long.
    After(Span),
    /// Then.
    At(Moment),
}

impl FromStr for Expires {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "never" {
            return Ok(Self::Never);
        }
        match text.parse::<Span>() {
            Ok(Span::ZERO) => Err("an acknowledgement of no length; write 4h or never".to_owned()),
            Ok(span) => Ok(Self::After(span)),
            Err(_) => text.parse().map(Self::At).map_err(|_: String| {
                let text: String = text.chars().take(64).collect();
                format!("`{text}` is no end; write 4h, 06:00, 2026-02-25T06:00:00Z or never")
            }),
        }
    }
}

impl Expires {
    /// The moment, or `None` for never.
    ///
    /// # Errors
    /// When it is not in the future.
    pub fn from_now(self, now: Timestamp) -> Result<Option<Timestamp>, String> {
        let at = match self {
            Self::Never => return Ok(None),
            Self::After(span) => now + span,
            Self::At(moment) => moment.from_now(now)?,
        };
        if at > now { Ok(Some(at)) } else { Err(format!("{at} is over; write a later time")) }
    }
}

/// A moment that is over, as people type it: `14:00` (the last one), `8h` (ago) or RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// So long ago.
    Ago(Span),
    /// The last time that the clock of the console's zone showed this.
    Clock(NaiveTime),
    /// Exactly then.
    Exactly(Timestamp),
}

impl FromStr for Past {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(span) = text.parse::<Span>() {
            return Ok(Self::Ago(span));
        }
        match text.parse() {
            Ok(Moment::Clock(time)) => Ok(Self::Clock(time)),
            Ok(Moment::Exactly(at)) => Ok(Self::Exactly(at)),
            Err(_) => {
                let text: String = text.chars().take(64).collect();
                Err(format!("`{text}` is no begin; write 14:00, 8h or 2026-02-25T14:00:00Z"))
            }
        }
    }
}

impl Past {
    /// The moment itself, seen from `now`.
    ///
    /// # Errors
    /// When it lies ahead.
    pub(super) fn seen_from(self, now: Timestamp, zone: &Zone) -> Result<Timestamp, String> {
        let at = match self {
            Self::Ago(span) => now - span,
            Self::Exactly(at) => at,
            Self::Clock(time) => {
                let minute = time.format("%H:%M").to_string();
                // The last time that it was so late is the begin of a shift once a day.
                let shift = zone.shift(&Shifts::parse(&minute)?, now);
                shift.map(|shift| shift.start).ok_or("there is no such time")?
            }
        };
        if at > now { Err(format!("{at} is still to come; write an earlier time")) } else { Ok(at) }
    }
}

/// What a verb asks of the engine.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// To do something.
    Do(Command),
    /// To tell something.
    Tell(Query),
}

/// A verb with how its answer is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Verb {
    /// What is asked.
    pub ask: Ask,
    /// As what its answer is wanted.
    pub form: Form,
}

/// As what an answer is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// For people; times in this zone where it says none.
    Text(Zone),
    /// For people, as Markdown.
    Markdown(Zone),
    /// For scripts.
    Json,
}

/// The verb of a typed command; `None` when that is none of the engine's.
///
/// `now` is the wall clock.
///
/// # Errors
/// A sentence about a time that makes no sense.
#[must_use]
pub fn verb(typed: Typed, now: Timestamp, usual: &Usual) -> Option<Result<Verb, String>> {
    let form = |json| if json { Form::Json } else { Form::Text(usual.zone.clone()) };
    let tell = |query, json| Ok(Verb { ask: Ask::Tell(query), form: form(json) });
    let command = |command, json| Ok(Verb { ask: Ask::Do(command), form: form(json) });
    Some(match typed {
        Typed::Hosts { pattern, json } => tell(Query::Hosts { pattern }, json),
        Typed::Alerts { all, json } => tell(Query::Alerts { all }, json),
        Typed::Ack(args) => {
            let json = args.json;
            acknowledge(args, now, usual).and_then(|ack| command(ack, json))
        }
        Typed::Unack { targets, json } => command(Command::Unacknowledge { targets }, json),
        Typed::Recheck { targets, json } => command(Command::Recheck { targets }, json),
        Typed::Maintenance(MaintenanceCommand::Add(args)) => {
            let json = args.json;
            window(args, now).and_then(|window| command(Command::AddMaintenance(window), json))
        }
        Typed::Maintenance(MaintenanceCommand::List { all, json }) => {
            tell(Query::Maintenance { all }, json)
        }
        Typed::Maintenance(MaintenanceCommand::End { id, json }) => {
            command(Command::EndMaintenance { id }, json)
        }
        Typed::Maintenance(MaintenanceCommand::Cancel { id, json }) => {
            command(Command::CancelMaintenance { id }, json)
        }
        Typed::Maintenance(MaintenanceCommand::Extend { id, by, json }) => {
            command(Command::ExtendMaintenance { id, by }, json)
        }
        Typed::Rules { command, json } => {
            super::rules_cmd::query(command, json, now).and_then(|(query, json)| tell(query, json))
        }
        Typed::Notify(NotifyCommand::Hold { length, reason, json }) => {
            command(Command::HoldPaging { length, reason: reason.join(" ") }, json)
        }
        Typed::Notify(NotifyCommand::Resume { json }) => command(Command::ResumePaging, json),
        Typed::Handover { since, markdown, json, .. } => {
            let form = if markdown { Form::Markdown(usual.zone.clone()) } else { form(json) };
            handover(since, now, usual).map(|query| Verb { ask: Ask::Tell(query), form })
        }
        Typed::Report(ReportArgs {
            command: Some(ReportCommand::Review { days, json, .. }),
            ..
        }) => tell(Query::Review { days }, json),
        Typed::Agents { command, json } => {
            Ok(of_account(accounts_cmd::agents(command, json), usual))
        }
        Typed::Results(args) => super::test_args::results(args, now, &usual.zone)
            .map(|(ask, json)| Verb { ask, form: form(json) }),
        Typed::Schedules { command: None, json } => tell(Query::Schedules, json),
        Typed::Schedules { command: Some(SchedulesCommand::Add(args)), .. } => {
            let json = args.options.json;
            args.plan()
                .and_then(|plan| command(Command::AddSchedule { plan: Box::new(plan) }, json))
        }
        Typed::Nodes { json } => tell(Query::Nodes, json),
        Typed::Token(typed) => Ok(of_account(accounts_cmd::token(typed, now), usual)),
        Typed::Note { text, json } => command(Command::Note { text: text.join(" ") }, json),
        Typed::SignOff { to, json } => command(Command::SignOff { to }, json),
        // Its password is not for a pure function; those below ask for a schedule first.
        Typed::User(_)
        | Typed::Schedules { .. }
        | Typed::Serve { .. }
        | Typed::MigrateStore { .. }
        | Typed::Check(_)
        | Typed::Trace(_)
        | Typed::Dns(_)
        | Typed::Probe(_)
        | Typed::Speedtest(_)
        | Typed::Report(_)
        | Typed::Iperf
        | Typed::Config(_)
        | Typed::Notify(NotifyCommand::Test { .. })
        | Typed::Engine
        | Typed::Agent(_)
        | Typed::Demo(_)
        | Typed::Init(_)
        | Typed::Import(_)
        | Typed::Completions { .. }
        | Typed::Man { .. }
        | Typed::Keys { .. }
        | Typed::Doctor { .. } => return None,
    })
}

/// A verb about accounts.
#[must_use]
pub fn of_account(asked: Asked, usual: &Usual) -> Verb {
    let (ask, json) = match asked {
        Asked::Do(command, json) => (Ask::Do(command), json),
        Asked::Tell(query, json) => (Ask::Tell(query), json),
    };
    Verb { ask, form: if json { Form::Json } else { Form::Text(usual.zone.clone()) } }
}

fn handover(since: Option<Past>, now: Timestamp, usual: &Usual) -> Result<Query, String> {
    let seen =
        |past: Past| past.seen_from(now, &usual.zone).map_err(|why| format!("--since: {why}"));
    let since = since.map(seen).transpose()?;
    let shift = usual.shift(now);
    let (start, before) = (shift.map(|shift| shift.start), shift.map(|shift| shift.before));
    Ok(Query::Handover { since, shift: start, before })
}

fn acknowledge(args: AckArgs, now: Timestamp, usual: &Usual) -> Result<Command, String> {
    let expires = match args.expires {
        Some(expires) => expires.from_now(now).map_err(|why| format!("--expires: {why}"))?,
        None => usual.ack_end(now),
    };
    Ok(Command::Acknowledge {
        targets: args.targets,
        comment: args.comment,
        expires,
        sticky: args.sticky,
        notify: true,
    })
}

fn window(args: WindowArgs, now: Timestamp) -> Result<NewMaintenance, String> {
    let start = match args.start {
        Some(moment) => moment.from_now(now).map_err(|why| format!("--start: {why}"))?,
        None => now,
    };
    let end = match (args.length, args.end) {
        (Some(length), _) => start + length,
        // `--start 22:00 --end 06:00` is one night.
        (None, Some(end)) => end.from_now(start).map_err(|why| format!("--end: {why}"))?,
        (None, None) => return Err("write --for DURATION or --end TIME".to_owned()),
    };
    if end <= start {
        return Err(format!("the window would end at {end}, not after its start at {start}"));
    }
    if end <= now {
        return Err(format!("the window would be over already: it ends at {end}"));
    }
    Ok(NewMaintenance {
        name: args.name,
        host_pattern: Some(args.hosts),
        check: args.check,
        hosts: std::collections::BTreeSet::new(),
        checks: std::collections::BTreeSet::new(),
        start,
        end,
        children: args.children,
        repeats: args.repeats,
        suppress_notifications: !args.notify,
        created_by: None,
    })
}

#[cfg(test)]
#[path = "verb_tests.rs"]
mod tests;
