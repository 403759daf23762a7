//! `[[schedule]]`: network tests that run again and again, in the words of `POST /api/speed/schedules`.

use std::fmt::Write as _;

use serde_json::{Map, Value};
use toml::de::DeValue;

use super::keys;
use super::reader::Reader;
use super::value::integer;
use crate::model::aim::can_aim;
use crate::model::due::Times;
use crate::model::id::valid_name;
use crate::model::{Name, NamedTarget, Plan, TestKind};

/// Most of them.
const SCHEDULES: usize = 1000;
/// Most entries of one list.
const LIST: usize = 100;

/// What a schedule may refer to.
pub(super) struct Known<'a> {
    /// Contact lists.
    pub lists: &'a [Name],
    /// Where speedtests may go by name.
    pub targets: &'a [NamedTarget],
}

/// Reads every `[[schedule]]`.
pub(super) fn read(top: &Reader<'_>, known: &Known<'_>) -> Vec<Plan> {
    let mut found: Vec<Plan> = Vec::new();
    for entry in top.tables("schedule", "[[schedule]]") {
        let Some(plan) = one(&entry, known) else { continue };
        let folded = |plan: &Plan| plan.agent.as_deref().map(str::to_lowercase);
        if found.iter().any(|other| other.name == plan.name && folded(other) == folded(&plan)) {
            entry.wrong("name", "there is a schedule of that name at that agent already");
        }
        if found.len() == SCHEDULES {
            entry.wrong("name", format!("more than {SCHEDULES} schedules"));
            break;
        }
        found.push(plan);
    }
    found
}

fn one(entry: &Reader<'_>, known: &Known<'_>) -> Option<Plan> {
    entry.require("name", "name = \"uplink\"");
    entry.require("test_type", "test_type = \"speedtest\"");
    if !entry.has("interval_seconds") && !entry.has("cron") {
        entry.require("interval_seconds", "interval_seconds = 3600");
    }
    let kind = entry.text("test_type").map(|word| {
        let kind = word.parse::<TestKind>();
        if kind.is_err() {
            let words = TestKind::ALL.map(TestKind::word);
            let hint = super::problem::allowed(word, &words);
            let cut: String = word.chars().take(40).collect();
            entry.wrong("test_type", format!("`{cut}` is unknown{hint}"));
        }
        kind
    });
    let Some(Ok(kind)) = kind else { return None };
    // A DNS timing says `target` for what it asks for.
    let own = kind.fields().iter().filter(|key| !["target", "hostname"].contains(key));
    let all: Vec<&str> = keys::SCHEDULE.iter().chain(own).copied().collect();
    entry.refuse_unknown(&all);
    let mut map = Map::new();
    for (key, _) in entry.keys().filter(|(key, _)| all.contains(key)) {
        let value = if key == "thresholds" { thresholds(entry) } else { value(entry, key) };
        map.insert(key.to_owned(), value?);
    }
    let plan: Plan = match serde_json::from_value(Value::Object(map)) {
        Ok(plan) => plan,
        Err(error) => {
            entry.wrong("test_type", error.to_string());
            return None;
        }
    };
    let good = plan
        .agent
        .as_deref()
        .map_or(Ok(()), valid_name)
        .map_err(|why| format!("`agent`: {why}"))
        .and_then(|()| plan.check())
        .and_then(|()| Times::of(&plan, 0).map(drop))
        .and_then(|()| can_aim(&plan.spec()?, known.targets));
    if let Err(why) = good {
        let (field, why) = why
            .strip_prefix('`')
            .and_then(|rest| rest.split_once("`: "))
            .map_or(("test_type", why.as_str()), |(field, why)| (field, why));
        match field.split_once('.') {
            Some(("thresholds", limit)) => entry.wrong("thresholds", format!("{limit}: {why}")),
            _ if field == "hostname" => entry.wrong("target", why),
            _ => entry.wrong(field, why),
        }
        return None;
    }
    if let Some(list) = &plan.notify_contact_list
        && !known.lists.iter().any(|name| **name == **list)
    {
        let why =
            super::channels::unknown("contact list", list, known.lists.iter().map(AsRef::as_ref));
        entry.wrong("notify_contact_list", why);
        return None;
    }
    Some(plan)
}

/// The limits of a schedule; `None` when something in them is wrong.
fn thresholds(entry: &Reader<'_>) -> Option<Value> {
    let inner = entry.table("thresholds")?;
    inner.refuse_unknown(keys::THRESHOLDS);
    let mut map = Map::new();
    for (key, _) in inner.keys().filter(|(key, _)| keys::THRESHOLDS.contains(key)) {
        match value(&inner, key)? {
            number @ Value::Number(_) => map.insert(key.to_owned(), number),
            _ => {
                inner.wrong(key, "expected a number");
                return None;
            }
        };
    }
    Some(Value::Object(map))
}

/// What each key must be, besides the parameters of tests, which their own readers judge.
const TEXTS: &[&str] =
    &["name", "agent", "target", "test_type", "cron", "zone", "notify_contact_list"];
const COUNTS: &[&str] = &["interval_seconds", "consecutive_failures", "of_last", "retest_seconds"];
const SWITCHES: &[&str] = &["alert_on_breach", "alert_on_missed", "alert_on_path_change", "paused"];

fn value(reader: &Reader<'_>, key: &str) -> Option<Value> {
    let found = reader.get(key)?;
    if TEXTS.contains(&key) {
        return reader.text(key).map(Value::from);
    }
    if SWITCHES.contains(&key) {
        return reader.boolean(key).map(Value::from);
    }
    let scalar = |value: &DeValue<'_>| match value {
        DeValue::String(text) => Some(Value::from(text.as_ref())),
        DeValue::Integer(number) => integer(number).map(Value::from),
        DeValue::Float(number) => number.to_string().parse::<f64>().ok().map(Value::from),
        DeValue::Boolean(on) => Some(Value::from(*on)),
        _ => None,
    };
    let made = match found.get_ref() {
        DeValue::Array(list) if list.len() <= LIST => list
            .iter()
            .map(|one| scalar(one.get_ref()))
            .collect::<Option<Vec<_>>>()
            .map(Value::from),
        single => scalar(single),
    };
    let is_count = COUNTS.contains(&key);
    match made {
        Some(number) if is_count && number.as_u64().is_none_or(|n| u32::try_from(n).is_err()) => {
            reader.type_error(key, found, "a whole number from 0 on");
            None
        }
        Some(made) => Some(made),
        None => {
            reader.type_error(key, found, "a text, a number, true, false or a list of them");
            None
        }
    }
}

/// Writes them.
pub(super) fn write(out: &mut String, plans: &[Plan]) {
    for plan in plans {
        let _ = write!(out, "\n[[schedule]]\n");
        let Ok(Value::Object(map)) = serde_json::to_value(plan) else { continue };
        for (key, value) in map.iter().filter(|(_, value)| !value.is_null()) {
            let _ = writeln!(out, "{key} = {}", toml_value(value));
        }
    }
}

/// A value as TOML writes it in a line.
fn toml_value(value: &Value) -> String {
    match value {
        Value::String(text) => super::show::text(text),
        Value::Array(all) => {
            let all: Vec<String> = all.iter().map(toml_value).collect();
            format!("[{}]", all.join(", "))
        }
        Value::Object(map) => {
            let all: Vec<String> = map
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| format!("{key} = {}", toml_value(value)))
                .collect();
            if all.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", all.join(", ")) }
        }
        other => other.to_string(),
    }
}
