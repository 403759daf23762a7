//! Icinga 2 objects: `object Host` with their templates, `object Service`. Rules (`apply`),
//! functions and conditions are a language; they are named, not evaluated.

use std::collections::{BTreeMap, HashMap};

use super::entry::{Entry, Found};
use super::nagios;

/// Most objects of a file.
const OBJECTS: usize = 200_000;
/// Longest chain of templates.
const CHAIN: usize = 16;

/// One `object` or `template`.
struct Object {
    kind: String,
    name: String,
    template: bool,
    line: usize,
    imports: Vec<String>,
    keys: BTreeMap<String, String>,
}

/// True for the language of Icinga 2.
pub fn is_dsl(text: &str) -> bool {
    let word = |line: &str, word: &str| line.trim_start().starts_with(word);
    text.lines()
        .any(|line| word(line, "object ") || word(line, "template ") || word(line, "apply "))
}

/// Reads objects.
///
/// # Errors
/// When there are too many.
pub fn read(text: &str) -> Result<Found, String> {
    let mut found = Found::default();
    let objects = objects(text, &mut found)?;
    let templates: HashMap<&str, &Object> = objects
        .iter()
        .filter(|object| object.template && object.kind == "Host")
        .map(|object| (object.name.as_str(), object))
        .collect();
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    let real = || objects.iter().filter(|object| !object.template);
    for object in real().filter(|object| object.kind == "Host") {
        let keys = inherited(object, &templates);
        let text = |key: &str| keys.get(key).cloned();
        let address = text("address").or_else(|| text("address6")).unwrap_or_default();
        let mut entry = Entry::new(&object.name, &address, object.line);
        entry.notes = text("notes").or_else(|| text("display_name"));
        entry.runbook = text("notes_url");
        entry.groups = list(keys.get("groups"));
        for (key, value) in &keys {
            if let Some(name) = key.strip_prefix("vars.") {
                entry.labels.insert(name.to_owned(), value.clone());
            }
        }
        entries.entry(object.name.clone()).or_insert(entry);
    }
    for object in real().filter(|object| object.kind == "Service") {
        let host = object.keys.get("host_name").map_or("", String::as_str);
        let command = object.keys.get("check_command").map_or("", String::as_str);
        let name = object.name.rsplit('!').next().unwrap_or_default();
        let short = |text: &str| text.chars().take(80).collect::<String>();
        let port = ["vars.tcp_port", "vars.ssh_port"].iter().find_map(|k| object.keys.get(*k));
        let command = port.map_or_else(|| command.to_owned(), |port| format!("{command}!{port}"));
        let Some(entry) = entries.get_mut(host) else { continue };
        let own = object.keys.keys().any(|key| key.starts_with("vars.http_"));
        match nagios::check(name, &command, &entry.address).filter(|_| !own) {
            Some(check) => entry.checks.push(check),
            None => {
                let (name, command) = (short(name), short(&command));
                let words = format!("service {name:?} was left out: write a check for {command}");
                found.note(object.line, words);
            }
        }
    }
    found.entries = entries.into_values().collect();
    Ok(found)
}

fn inherited(object: &Object, templates: &HashMap<&str, &Object>) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    let mut chain: Vec<&Object> = vec![object];
    let mut at = 0;
    while let Some(next) = chain.get(at).copied().filter(|_| at < CHAIN) {
        // The last import counts most, and the object itself more.
        let above = next.imports.iter().rev().filter_map(|name| templates.get(name.as_str()));
        chain.extend(above.copied());
        at += 1;
    }
    for object in chain.iter().take(CHAIN) {
        for (key, value) in &object.keys {
            keys.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    keys
}

fn objects(text: &str, found: &mut Found) -> Result<Vec<Object>, String> {
    let mut objects: Vec<Object> = Vec::new();
    let mut open: Option<Object> = None;
    let (mut depth, mut skipped, mut comment) = (0_usize, false, false);
    for (n, line) in text.lines().enumerate() {
        let line = bare(line, &mut comment);
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if depth == 0 {
            match head(line, n + 1) {
                Some(object) => open = Some(object),
                None if line.starts_with("apply ") => {
                    skipped = true;
                    let rule: String = line.chars().take(64).collect();
                    let rule = rule.trim_end_matches(['{', ' ']);
                    found.note(n + 1, format!("{rule:?} is a rule and was left out"));
                }
                None => {}
            }
        } else if depth == 1
            && let Some(object) = &mut open
        {
            assignment(line, object);
        }
        depth += line.matches('{').count();
        depth = depth.saturating_sub(line.matches('}').count());
        if depth == 0 && (skipped || line.contains('}')) {
            objects.extend(open.take());
            skipped = false;
        }
        if objects.len() > OBJECTS {
            return Err(format!("there are more than {OBJECTS} objects"));
        }
    }
    if let Some(lost) = open {
        found.note(lost.line, "`}` is missing; the object was left out");
    }
    Ok(objects)
}

/// The line without its comments; `comment` is true inside `/* */`.
fn bare(line: &str, comment: &mut bool) -> String {
    let mut out = String::new();
    let mut rest = line;
    loop {
        if *comment {
            let Some((_, after)) = rest.split_once("*/") else { return out };
            *comment = false;
            rest = after;
        }
        let text = rest.find("/*");
        let end = [rest.find("//"), rest.find('#')].into_iter().flatten().min();
        match (text, end) {
            // A URL is no comment.
            (_, Some(at)) if rest.get(..at).is_some_and(|b| b.matches('"').count() % 2 == 1) => {
                out.push_str(rest);
                return out;
            }
            (Some(at), end) if end.is_none_or(|end| at < end) => {
                out.push_str(rest.get(..at).unwrap_or_default());
                rest = rest.get(at + 2..).unwrap_or_default();
                *comment = true;
            }
            (_, Some(at)) => {
                out.push_str(rest.get(..at).unwrap_or_default());
                return out;
            }
            _ => {
                out.push_str(rest);
                return out;
            }
        }
    }
}

/// `object Host "name" {`
fn head(line: &str, at: usize) -> Option<Object> {
    let mut words = line.splitn(3, char::is_whitespace);
    let template = match words.next()? {
        "object" => false,
        "template" => true,
        _ => return None,
    };
    let kind = words.next()?.to_owned();
    let name = quoted(words.next()?)?;
    Some(Object { kind, name, template, line: at, imports: Vec::new(), keys: BTreeMap::new() })
}

fn assignment(line: &str, object: &mut Object) {
    if let Some(name) = line.strip_prefix("import ") {
        object.imports.extend(quoted(name));
        return;
    }
    let Some((key, value)) = line.split_once('=') else { return };
    let key = key.trim().trim_end_matches('+').trim().to_owned();
    let value = value.trim().trim_end_matches(';').trim();
    let text = if value.starts_with('[') {
        Some(value.to_owned())
    } else {
        quoted(value).or_else(|| value.parse::<u64>().ok().map(|number| number.to_string()))
    };
    if let Some(text) = text.filter(|text| !text.starts_with('[') || key == "groups") {
        object.keys.insert(key, text);
    }
}

fn quoted(text: &str) -> Option<String> {
    let rest = text.trim().strip_prefix('"')?;
    rest.split_once('"').map(|(inside, _)| inside.to_owned())
}

fn list(text: Option<&String>) -> Vec<String> {
    let text = text.map(String::as_str).unwrap_or_default();
    text.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}
