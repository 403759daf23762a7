//! The functions of templates.

use std::cmp::Ordering;

use super::humanize::{
    humanize, humanize_1024, humanize_duration, humanize_percentage, humanize_timestamp,
};
use super::printf::printf;
use super::run::Item;
use crate::promql::{lower, pattern};

const KNOWN: &[&str] = &[
    "humanize",
    "humanize1024",
    "humanizeDuration",
    "humanizePercentage",
    "humanizeTimestamp",
    "printf",
    "print",
    "println",
    "title",
    "toUpper",
    "toLower",
    "match",
    "reReplaceAll",
    "stripPort",
    "stripDomain",
    "parseDuration",
    "safeHtml",
    "len",
    "index",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "and",
    "or",
    "not",
];

/// Functions of Prometheus and Go that are not supported.
const OTHERS: &[&str] = &[
    "query",
    "first",
    "label",
    "value",
    "strvalue",
    "sortByLabel",
    "args",
    "tmpl",
    "externalURL",
    "pathPrefix",
    "graphLink",
    "tableLink",
    "toTime",
    "html",
    "js",
    "urlquery",
    "slice",
    "call",
];

/// Refuses what is no function or not supported.
pub fn check(name: &str) -> Result<(), String> {
    if KNOWN.contains(&name) {
        return Ok(());
    }
    if OTHERS.contains(&name) {
        return Err(format!("template function `{name}` is not supported"));
    }
    Err(format!("function {name:?} not defined"))
}

/// The value of a function.
pub fn call(name: &str, args: &[Item]) -> Result<Item, String> {
    let text = |made: String| Ok(Item::Text(made));
    match (name, args) {
        ("humanize", [one]) => text(humanize(number(one)?)),
        ("humanize1024", [one]) => text(humanize_1024(number(one)?)),
        ("humanizeDuration", [one]) => text(humanize_duration(number(one)?)),
        ("humanizePercentage", [one]) => text(humanize_percentage(number(one)?)),
        ("humanizeTimestamp", [one]) => text(humanize_timestamp(number(one)?)?),
        ("printf", [pattern, rest @ ..]) => text(printf(string(pattern)?, rest)),
        ("print", all) => text(print(all)),
        ("println", all) => {
            let words: Vec<String> = all.iter().map(Item::written).collect();
            text(format!("{}\n", words.join(" ")))
        }
        ("title", [one]) => text(title(string(one)?)),
        ("toUpper", [one]) => text(string(one)?.to_uppercase()),
        ("toLower", [one]) => text(string(one)?.to_lowercase()),
        ("safeHtml", [one]) => text(string(one)?.to_owned()),
        ("match", [pattern, of]) => {
            Ok(Item::Bool(pattern::free(string(pattern)?)?.is_match(string(of)?)))
        }
        ("reReplaceAll", [pattern, by, of]) => {
            let regex = pattern::free(string(pattern)?)?;
            text(regex.replace_all(string(of)?, string(by)?).into_owned())
        }
        ("stripPort", [one]) => {
            let one = string(one)?;
            text(host_and_port(one).map_or(one, |(host, _)| host).to_owned())
        }
        ("stripDomain", [one]) => text(strip_domain(string(one)?)),
        ("parseDuration", [one]) => {
            let millis = lower::duration(string(one)?).ok_or("not a valid duration string")?;
            #[expect(clippy::cast_precision_loss, reason = "durations are below 2^53 ms")]
            Ok(Item::Float(millis as f64 / 1000.0))
        }
        ("len", [one]) => len(one),
        ("index", [Item::Labels(labels), name]) => text(labels.get(string(name)?).to_owned()),
        ("not", [one]) => Ok(Item::Bool(!one.is_true())),
        ("and", [.., last]) => Ok(args.iter().find(|arg| !arg.is_true()).unwrap_or(last).clone()),
        ("or", [.., last]) => Ok(args.iter().find(|arg| arg.is_true()).unwrap_or(last).clone()),
        ("eq", [one, rest @ ..]) if !rest.is_empty() => {
            for other in rest {
                if compare(one, other)? == Some(Ordering::Equal) {
                    return Ok(Item::Bool(true));
                }
            }
            Ok(Item::Bool(false))
        }
        ("ne", [one, other]) => Ok(Item::Bool(compare(one, other)? != Some(Ordering::Equal))),
        ("lt", [one, other]) => Ok(Item::Bool(ordered(one, other)? == Some(Ordering::Less))),
        ("gt", [one, other]) => Ok(Item::Bool(ordered(one, other)? == Some(Ordering::Greater))),
        ("le", [one, other]) => {
            Ok(Item::Bool(matches!(ordered(one, other)?, Some(Ordering::Less | Ordering::Equal))))
        }
        ("ge", [one, other]) => Ok(Item::Bool(matches!(
            ordered(one, other)?,
            Some(Ordering::Greater | Ordering::Equal)
        ))),
        _ => Err(format!("wrong number or type of args: got {}", args.len())),
    }
}

fn string(item: &Item) -> Result<&str, String> {
    match item {
        Item::Text(text) => Ok(text),
        other => Err(format!("wrong type for value; expected string; got {}", other.kind())),
    }
}

/// A number, or a text that is one.
fn number(item: &Item) -> Result<f64, String> {
    match item {
        Item::Float(number) => Ok(*number),
        #[expect(clippy::cast_precision_loss, reason = "a number for people")]
        Item::Int(number) => Ok(*number as f64),
        Item::Text(text) => text.parse().map_err(|_| format!("parsing {text:?}: invalid syntax")),
        other => Err(format!("can't convert {} to float", other.kind())),
    }
}

fn len(item: &Item) -> Result<Item, String> {
    let length = match item {
        Item::Text(text) => text.len(),
        Item::Labels(labels) => labels.iter().count(),
        other => return Err(format!("len of type {}", other.kind())),
    };
    Ok(Item::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// Values one after the other, with spaces between those of which neither is a text.
fn print(all: &[Item]) -> String {
    let mut out = String::new();
    let mut before_is_text = true;
    for item in all {
        let is_text = matches!(item, Item::Text(_));
        if !is_text && !before_is_text {
            out.push(' ');
        }
        out.push_str(&item.written());
        before_is_text = is_text;
    }
    out
}

/// Compares values of one type; a whole number and another one are of two types.
fn compare(one: &Item, other: &Item) -> Result<Option<Ordering>, String> {
    match (one, other) {
        (Item::Text(one), Item::Text(other)) => Ok(Some(one.cmp(other))),
        (Item::Float(one), Item::Float(other)) => Ok(one.partial_cmp(other)),
        (Item::Int(one), Item::Int(other)) => Ok(Some(one.cmp(other))),
        (Item::Bool(one), Item::Bool(other)) => Ok(Some(one.cmp(other))),
        _ => Err("incompatible types for comparison".to_owned()),
    }
}

fn ordered(one: &Item, other: &Item) -> Result<Option<Ordering>, String> {
    match one {
        Item::Bool(_) => Err("invalid type for comparison".to_owned()),
        _ => compare(one, other),
    }
}

/// The first letter of every word in upper case.
fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        let in_word = if before.is_ascii() {
            before.is_ascii_alphanumeric() || before == '_'
        } else {
            !before.is_whitespace()
        };
        if in_word {
            out.push(c);
        } else {
            out.extend(c.to_uppercase());
        }
        before = c;
    }
    out
}

/// Host and port of `host:port` and `[host]:port`.
fn host_and_port(text: &str) -> Option<(&str, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']').map(|host| (host, port)),
        None => (!host.contains(':')).then_some((host, port)),
    }
}

fn strip_domain(text: &str) -> String {
    let (host, port) = host_and_port(text).unwrap_or((text, ""));
    if host.parse::<std::net::IpAddr>().is_ok() {
        return text.to_owned();
    }
    let first = host.split('.').next().unwrap_or_default();
    if port.is_empty() { first.to_owned() } else { format!("{first}:{port}") }
}
