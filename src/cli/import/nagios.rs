//! Nagios objects (and Icinga 1, Naemon, Shinken): hosts, host groups, templates, and the services
//! that are a kind of ours. Commands are not taken over: nothing that a file says is ever run.

use std::collections::{BTreeMap, HashMap};

use super::entry::{Entry, Found, Wanted, wanted};

/// Most objects of a file.
const OBJECTS: usize = 200_000;
/// Longest chain of templates.
const CHAIN: usize = 16;

/// One `define`.
struct Object {
    kind: String,
    line: usize,
    keys: BTreeMap<String, String>,
}

/// Reads object definitions.
///
/// # Errors
/// When there is none.
pub fn read(text: &str) -> Result<Found, String> {
    let mut found = Found::default();
    let objects = objects(text, &mut found)?;
    let mut templates: HashMap<(&str, &str), &Object> = HashMap::new();
    for object in &objects {
        if let Some(name) = object.keys.get("name") {
            templates.entry((&object.kind, name)).or_insert(object);
        }
    }
    let whole: Vec<(&Object, BTreeMap<String, String>)> = objects
        .iter()
        .filter(|object| object.keys.get("register").is_none_or(|text| text.trim() != "0"))
        .map(|object| (object, inherited(object, &templates)))
        .collect();
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    for (object, keys) in whole.iter().filter(|(object, _)| object.kind == "host") {
        let Some(name) = keys.get("host_name") else {
            found.note(object.line, "a host without host_name was left out");
            continue;
        };
        let address = keys.get("address").cloned().unwrap_or_default();
        let mut entry = Entry::new(name, &address, object.line);
        entry.groups = list(keys.get("hostgroups")).map(str::to_owned).collect();
        let alias = keys.get("alias").or_else(|| keys.get("display_name"));
        entry.notes = keys.get("notes").or(alias).filter(|text| *text != name).cloned();
        entry.contact = keys.get("contact_groups").or_else(|| keys.get("contacts")).cloned();
        entry.runbook = keys.get("notes_url").cloned();
        entries.entry(name.clone()).or_insert(entry);
    }
    for (_, keys) in whole.iter().filter(|(object, _)| object.kind == "hostgroup") {
        let Some(group) = keys.get("hostgroup_name") else { continue };
        for member in list(keys.get("members")) {
            if let Some(entry) = entries.get_mut(member) {
                entry.groups.push(group.clone());
            }
        }
    }
    for (object, keys) in whole.iter().filter(|(object, _)| object.kind == "service") {
        service(object.line, keys, &mut entries, &mut found);
    }
    found.entries = entries.into_values().collect();
    Ok(found)
}

fn service(
    line: usize,
    keys: &BTreeMap<String, String>,
    entries: &mut BTreeMap<String, Entry>,
    found: &mut Found,
) {
    let name = keys.get("service_description").map_or("", String::as_str);
    let command = keys.get("check_command").map_or("", String::as_str);
    let short = |text: &str| text.chars().take(80).collect::<String>();
    let groups: Vec<&str> = list(keys.get("hostgroup_name")).collect();
    let hosts: Vec<&str> = list(keys.get("host_name")).collect();
    let out = |host: &str| hosts.iter().any(|h| h.strip_prefix('!') == Some(host));
    let mut some = false;
    let mut known = true;
    for (host, entry) in entries.iter_mut() {
        let named = hosts.iter().any(|h| *h == "*" || h == host);
        let grouped = entry.groups.iter().any(|group| groups.contains(&group.as_str()));
        if out(host) || !(named || grouped) {
            continue;
        }
        some = true;
        match check(name, command, &entry.address) {
            Some(check) if !entry.checks.contains(&check) => entry.checks.push(check),
            Some(_) => {}
            None => known = false,
        }
    }
    if !some {
        found.note(line, format!("service {:?} is on no host of this file", short(name)));
    } else if !known {
        let words =
            format!("service {:?} was left out: write a check for {}", short(name), short(command));
        found.note(line, words);
    }
}

/// The check of ours that a command of the standard plugins is.
pub fn check(name: &str, command: &str, address: &str) -> Option<Wanted> {
    let mut parts = command.split('!').map(str::trim);
    let plugin = parts.next()?;
    let arguments: Vec<&str> = parts.collect();
    let port = || {
        let words = arguments.iter().flat_map(|text| text.split_whitespace());
        words.filter_map(|word| word.trim_start_matches("-p").parse::<u16>().ok()).find(|p| *p > 0)
    };
    let named = |word: &str| match wanted(word, address)? {
        Wanted::Ping => Some(Wanted::Ping),
        Wanted::Tcp(_, port) => Some(Wanted::Tcp(name.to_owned(), port)),
        Wanted::Http(_, url) => Some(Wanted::Http(name.to_owned(), url)),
    };
    match plugin.trim_start_matches("check_").trim_start_matches("check-") {
        "ping" | "ping4" | "ping6" | "host-alive" | "hostalive" | "icmp" | "fping" => {
            Some(Wanted::Ping)
        }
        word @ ("ssh" | "smtp" | "imap" | "pop" | "ftp" | "ldap" | "pgsql") => match port() {
            Some(port) => named(&format!("tcp:{port}")),
            None => named(word),
        },
        "tcp" => named(&format!("tcp:{}", port()?)),
        // With arguments it is another page, or other words on it: that is for the operator to say.
        "http" if arguments.iter().all(|text| text.is_empty()) => named("http"),
        "https" if arguments.iter().all(|text| text.is_empty()) => named("https"),
        _ => None,
    }
}

fn list(text: Option<&String>) -> impl Iterator<Item = &str> {
    let text = text.map(String::as_str).unwrap_or_default();
    text.trim_start_matches('+').split(',').map(str::trim).filter(|word| !word.is_empty())
}

/// The keys of an object with those of its templates: the first that says something counts.
fn inherited(
    object: &Object,
    templates: &HashMap<(&str, &str), &Object>,
) -> BTreeMap<String, String> {
    let mut keys = object.keys.clone();
    let mut waiting: Vec<&Object> = vec![object];
    // A template that uses itself ends here too.
    for _ in 0..CHAIN {
        let Some(next) = waiting.pop() else { break };
        let mut above: Vec<&Object> = list(next.keys.get("use"))
            .filter_map(|name| templates.get(&(object.kind.as_str(), name)).copied())
            .collect();
        for template in &above {
            for (key, value) in &template.keys {
                if !matches!(key.as_str(), "name" | "register" | "use") {
                    keys.entry(key.clone()).or_insert_with(|| value.clone());
                }
            }
        }
        above.reverse();
        waiting.extend(above);
    }
    keys
}

fn objects(text: &str, found: &mut Found) -> Result<Vec<Object>, String> {
    let mut objects = Vec::new();
    let mut open: Option<Object> = None;
    for (n, line) in text.lines().enumerate() {
        let line = line.split(';').next().unwrap_or_default().trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(rest) = line.strip_prefix("define").filter(|rest| rest.starts_with([' ', '\t']))
        {
            if let Some(lost) = open.take() {
                found.note(lost.line, "`}` is missing; the object was left out");
            }
            let kind = rest.split('{').next().unwrap_or_default().trim().to_owned();
            open = Some(Object { kind, line: n + 1, keys: BTreeMap::new() });
            continue;
        }
        if line.starts_with('}') {
            objects.extend(open.take());
            if objects.len() > OBJECTS {
                return Err(format!("there are more than {OBJECTS} objects"));
            }
            continue;
        }
        let Some(object) = &mut open else { continue };
        if let Some((key, value)) = line.split_once(char::is_whitespace) {
            object.keys.insert(key.to_owned(), value.trim().to_owned());
        }
    }
    if let Some(lost) = open {
        found.note(lost.line, "`}` is missing; the object was left out");
    }
    if objects.is_empty() {
        return Err("there is no object in it; they are written define host { ... }".to_owned());
    }
    Ok(objects)
}
