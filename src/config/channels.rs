//! `[[channel]]` and `[[contact_list]]`: how people are told, and who is told of what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeValue;

use super::problem::nearest;
use super::reader::Reader;
use super::settings::{FluxNotify, Settings};
use super::{email, flux_notify, keys, kinds};
use crate::model::escalation::STEPS;
use crate::model::flux_notify::NAME;
use crate::model::{
    Channel, ChannelKind, EscalationStep, Format, GroupBy, Grouping, Name, Routes, Secret, Span,
    Webhook, channel::LOG, id::valid_name,
};

/// Longest name of a channel or list, in bytes: it is part of the keys of notifications.
const NAME_BYTES: usize = 64;

/// Notifications a minute that a channel is given one by one, unless it says otherwise.
const STORM: u32 = 30;
/// The most that it can say.
const MOST: i64 = 10_000;
/// Names that the alerts of a list can be grouped by.
const SHARED: usize = 4;
/// The shortest time between two messages of a group, unless the list says otherwise.
const INTERVAL: Span = Span::from_secs(300);
const DAY: Span = Span::from_secs(24 * 3600);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Webhook,
    Exec,
    FluxNotify,
    Email,
}

const FLUX: &str = "flux_notify";
const KINDS: [(&str, Kind); 4] = [
    ("webhook", Kind::Webhook),
    ("exec", Kind::Exec),
    ("email", Kind::Email),
    (FLUX, Kind::FluxNotify),
];

/// True when the file has a channel to a Flux Notify service, good or not.
pub(super) fn has_flux_notify(top: &Reader<'_>) -> bool {
    let channels = top.get("channel").and_then(|value| value.get_ref().as_array());
    channels.into_iter().flatten().any(|channel| {
        let kind = channel.get_ref().as_table().and_then(|table| table.get("kind"));
        kind.and_then(|kind| kind.get_ref().as_str()) == Some(FLUX)
    })
}

/// Reads all channels and contact lists. The default list is that of `[alerting]`, else that of
/// `[flux_notify]`.
pub(super) fn read(top: &Reader<'_>, settings: &Settings) -> Routes {
    let section = &settings.flux_notify;
    let default_list = settings.alerting.contact_list.as_ref().or(section.contact_list.as_ref());
    let mut routes = Routes::default();
    // Also those with mistakes: what names them is not wrong as well.
    let mut written: BTreeSet<Name> = BTreeSet::new();
    for reader in top.tables("channel", "[[channel]]") {
        let Some(name) = name(&reader) else { continue };
        if !written.insert(Name::clone(&name)) {
            reader.wrong("name", format!("a [[channel]] `{name}` exists already"));
        } else if let Some(channel) = channel(&reader, name, section) {
            let storm = reader.number("storm", 0..=MOST).unwrap_or(STORM);
            routes.storms.extend((storm > 0).then(|| (Name::clone(&channel.name), storm)));
            routes.channels.insert(Name::clone(&channel.name), channel);
        }
    }
    if let Some(channel) = flux_notify::implied(section).filter(|_| !has_flux_notify(top)) {
        if written.insert(Name::clone(&channel.name)) {
            routes.storms.insert(Name::clone(&channel.name), STORM);
            routes.channels.insert(Name::clone(&channel.name), channel);
        } else {
            let why = "[flux_notify] has a url, but its channel's name is taken by another kind";
            top.sink.missing(&top.span, why);
        }
    }
    let lists = written_lists(top, section);
    for reader in top.tables("contact_list", "[[contact_list]]") {
        reader.refuse_unknown(keys::CONTACT_LIST);
        let Some(name) = name(&reader) else { continue };
        reader.require("channels", "channels = [\"pager\"]");
        let known = |text: &str| {
            let known = text == LOG || written.contains(text);
            let all = written.iter().map(AsRef::as_ref).chain([LOG]);
            if known { Ok(()) } else { Err(unknown("channel", text, all)) }
        };
        let channels: Vec<Name> =
            reader.checked("channels", known).into_iter().map(Name::from).collect();
        if routes.lists.contains_key(&name) {
            reader.wrong("name", format!("a [[contact_list]] `{name}` exists already"));
        } else if reader
            .get("channels")
            .and_then(|value| value.get_ref().as_array())
            .is_some_and(|list| list.is_empty())
        {
            reader.wrong("channels", "names no channel; leave the list out, or name `log`");
        }
        routes.repeats.extend(repeat(&reader).map(|repeat| (Name::clone(&name), repeat)));
        let steps = escalation(&reader, &name, &lists);
        routes.escalations.extend(steps.map(|steps| (Name::clone(&name), steps)));
        routes.groupings.extend(grouping(&reader).map(|rule| (Name::clone(&name), rule)));
        routes.lists.insert(name, channels);
    }
    if let Some(list) = section.contact_list.as_deref().filter(|_| section.url.is_some())
        && !routes.lists.contains_key(list)
    {
        // The list is one of the service.
        let is_there = |channel: &&Channel| matches!(channel.kind, ChannelKind::FluxNotify(_));
        let there = routes.channels.values().filter(is_there);
        let there: Vec<Name> = there.map(|channel| Name::clone(&channel.name)).collect();
        if !there.is_empty() {
            routes.lists.insert(list.into(), there);
        }
    }
    let reached = |name: &str| routes.lists.values().flatten().any(|channel| **channel == *name);
    if routes.channels.contains_key(NAME) && section.url.is_some() && !reached(NAME) {
        let why = format!(
            "no contact list names the channel `{NAME}`, so nobody is told there; set \
             DEFAULT_CONTACT_LIST or write a [[contact_list]]"
        );
        top.sink.warn(&top.span, why);
    }
    if let Some(list) = default_list.map(String::as_str) {
        if routes.lists.contains_key(list) {
            routes.default_list = Some(list.into());
        } else {
            let why = unknown("contact list", list, routes.lists.keys().map(AsRef::as_ref));
            let alerting = top.table("alerting");
            match alerting.filter(|table| table.has("contact_list")) {
                Some(table) => table.wrong("contact_list", why),
                None => top.sink.missing(&top.span, format!("the default contact list: {why}")),
            }
        }
    }
    routes
}

/// The names of all lists that are written, also those with mistakes: a step may lead to one that
/// comes later.
fn written_lists(top: &Reader<'_>, section: &FluxNotify) -> Vec<Name> {
    let lists = top.get("contact_list").and_then(|value| value.get_ref().as_array());
    let name = |list: &Spanned<DeValue<'_>>| {
        list.get_ref().as_table()?.get("name")?.get_ref().as_str().map(Name::from)
    };
    let of_service = section.contact_list.as_deref().filter(|_| section.url.is_some());
    lists.into_iter().flatten().filter_map(name).chain(of_service.map(Name::from)).collect()
}

/// Who else is told while nobody has what a list was told of; `None` when it says nothing of that.
fn escalation(reader: &Reader<'_>, list: &Name, lists: &[Name]) -> Option<Arc<[EscalationStep]>> {
    let mut steps: Vec<EscalationStep> = Vec::new();
    let written =
        reader.tables("escalate", "escalate = [{ after = \"15m\", to = \"Shift lead\" }]");
    if written.len() > STEPS {
        reader.wrong("escalate", format!("has more than {STEPS} steps"));
        return None;
    }
    for step in written {
        step.refuse_unknown(keys::ESCALATION);
        step.require("after", "after = \"15m\"");
        step.require("to", "to = \"Shift lead\"");
        let longest = Span::from_millis(30 * DAY.millis());
        let after = step.duration("after", Span::from_secs(60)..=longest);
        let to = step.text("to").and_then(|text| {
            if *text == **list {
                let why = "is the list itself, which `repeat` tells again; name another one";
                step.wrong("to", why);
                return None;
            }
            let found = lists.iter().find(|list| ***list == *text).cloned();
            if found.is_none() {
                step.wrong("to", unknown("contact list", text, lists.iter().map(AsRef::as_ref)));
            }
            found
        });
        let (Some(after), Some(to)) = (after, to) else { continue };
        if let Some(before) = steps.last().filter(|before| before.after >= after) {
            step.wrong(
                "after",
                format!("{after} is not later than the step before, {}", before.after),
            );
            continue;
        }
        steps.push(EscalationStep { after, to });
    }
    (!steps.is_empty()).then(|| steps.into())
}

/// How often is told again.
fn repeat(reader: &Reader<'_>) -> Option<Span> {
    reader.duration("repeat", Span::from_secs(60)..=Span::from_millis(30 * DAY.millis()))
}

/// How the alerts of a list are told together; `None` when it says nothing of that.
fn grouping(reader: &Reader<'_>) -> Option<Grouping> {
    let said = ["group_by", "group_wait", "group_interval"].iter().any(|key| reader.has(key));
    if !said {
        return None;
    }
    let good = |text: &str| match valid_name(text) {
        Ok(()) if text.len() <= NAME_BYTES => Ok(()),
        _ => Err("write host, check or the name of a label".to_owned()),
    };
    let by = reader.checked("group_by", good).into_iter().map(|word| match word.as_str() {
        "host" => GroupBy::Host,
        "check" => GroupBy::Check,
        _ => GroupBy::Label(word),
    });
    let by: Vec<GroupBy> = by.collect();
    if by.len() > SHARED {
        reader.wrong("group_by", format!("names at most {SHARED}"));
    }
    let wait = reader.duration("group_wait", Span::ZERO..=DAY);
    let interval = reader.duration("group_interval", Span::ZERO..=DAY);
    Some(Grouping { by, wait: wait.unwrap_or(Span::ZERO), interval: interval.unwrap_or(INTERVAL) })
}

/// The contact list that a host or check names.
pub(super) fn list_of(reader: &Reader<'_>, lists: &[Name]) -> Option<Name> {
    let text = reader.text("contact_list")?;
    let found = lists.iter().find(|list| ***list == *text).cloned();
    if found.is_none() {
        let why = unknown("contact list", text, lists.iter().map(AsRef::as_ref));
        reader.wrong("contact_list", why);
    }
    found
}

pub(super) fn unknown<'a>(what: &str, text: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    let cut: String = text.chars().take(80).collect();
    match nearest(text, known.iter().copied()) {
        Some(meant) => format!("there is no {what} `{cut}`; did you mean `{meant}`?"),
        None if known.is_empty() => {
            format!(
                "there is no {what} `{cut}`; write a [[{}]] of that name",
                what.replace(' ', "_")
            )
        }
        None => format!("there is no {what} `{cut}`; there are: {}", known.join(", ")),
    }
}

fn name(reader: &Reader<'_>) -> Option<Name> {
    reader.require("name", "name = \"ops\"");
    let name = reader.text("name")?;
    let good = match valid_name(name) {
        Ok(()) if name.len() > NAME_BYTES => Err(format!("is longer than {NAME_BYTES} bytes")),
        Ok(()) if !name.is_ascii() => Err("has other characters than ASCII".to_owned()),
        Ok(()) if name == LOG => Err("is the program's own log, which is always there".to_owned()),
        other => other,
    };
    good.map_err(|why| reader.wrong("name", format!("{name:?} {why}"))).ok().map(|()| name.into())
}

fn channel(reader: &Reader<'_>, name: Name, section: &FluxNotify) -> Option<Channel> {
    reader.require("kind", "kind = \"webhook\"");
    let kind = reader.choice("kind", &KINDS);
    match kind {
        Some(Kind::Webhook) => reader.refuse_unknown(keys::WEBHOOK),
        Some(Kind::Exec) => reader.refuse_unknown(keys::EXEC),
        Some(Kind::FluxNotify) => reader.refuse_unknown(keys::FLUX_CHANNEL),
        Some(Kind::Email) => reader.refuse_unknown(keys::EMAIL),
        None => return None,
    }
    let bounds = Span::from_secs(1)..=Span::from_secs(60);
    let timeout = reader.duration("timeout", bounds).unwrap_or(Span::from_secs(10));
    let kind = match kind? {
        Kind::Webhook => ChannelKind::Webhook(webhook(reader)?),
        Kind::Exec => ChannelKind::Exec(exec(reader)?),
        Kind::FluxNotify => ChannelKind::FluxNotify(Box::new(flux_notify::read(reader, section)?)),
        Kind::Email => ChannelKind::Email(Box::new(email::read(reader)?)),
    };
    Some(Channel { name, kind, timeout })
}

fn exec(reader: &Reader<'_>) -> Option<Vec<String>> {
    reader.require("command", "command = [\"/usr/local/bin/page\", \"--now\"]");
    let argv: Vec<String> = reader.texts("command")?.into_iter().map(|(text, _)| text).collect();
    if argv.first().is_none_or(|program| program.trim().is_empty()) {
        reader.wrong("command", "must name a program");
        return None;
    }
    Some(argv)
}

fn webhook(reader: &Reader<'_>) -> Option<Webhook> {
    let formats = Format::ALL.map(|format| (format.word(), format));
    let format = reader.choice("format", &formats).unwrap_or(Format::Fluxnoc);
    if reader.has("format") && reader.text("format").is_none() {
        return None;
    }
    if !reader.has("url") && format != Format::Pagerduty {
        reader.require("url", "url = \"https://hooks.example/fluxnoc\"");
    }
    let url = match reader.get("url").map(|value| value.get_ref().is_str()) {
        // Of Slack the URL is the secret, and said to be one.
        Some(true) if format != Format::Slack => {
            let text = reader.text("url")?;
            kinds::valid_url(text).map_err(|why| reader.wrong("url", why)).ok()?;
            Secret::Inline(text.to_owned())
        }
        Some(_) => kinds::secret(reader, "url")?,
        None if format == Format::Pagerduty => {
            Secret::Inline("https://events.pagerduty.com/v2/enqueue".to_owned())
        }
        None => return None,
    };
    let routing_key = kinds::secret(reader, "routing_key");
    match (format, reader.has("routing_key")) {
        (Format::Pagerduty, false) => {
            reader.require("routing_key", "routing_key = { env = \"PAGERDUTY_KEY\" }");
        }
        (Format::Pagerduty, true) | (_, false) => {}
        (_, true) => reader.wrong("routing_key", "belongs to format = \"pagerduty\""),
    }
    Some(Webhook {
        url,
        format,
        secret: kinds::secret(reader, "secret"),
        token: kinds::secret(reader, "token"),
        routing_key,
        headers: kinds::headers(reader),
    })
}

/// The names of all lists, for [`list_of`].
pub(super) fn names(routes: &Routes) -> Vec<Name> {
    let lists: &BTreeMap<Name, Vec<Name>> = &routes.lists;
    lists.keys().cloned().collect()
}
