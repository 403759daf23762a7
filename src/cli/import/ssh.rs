//! `~/.ssh/config`: the machines that somebody goes to.

use super::entry::{Entry, Found, Wanted};

/// One `Host` section.
#[derive(Default)]
struct Section {
    names: Vec<String>,
    line: usize,
    address: Option<String>,
    port: Option<u16>,
    through: Option<String>,
}

/// Reads a client configuration. Patterns name no machine; `Include` is not followed.
pub fn read(text: &str) -> Found {
    let mut found = Found::default();
    let mut section: Option<Section> = None;
    for (n, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let cut = line.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(line.len());
        let (key, value) = line.split_at(cut);
        let value = value.trim_start_matches(|c: char| c.is_whitespace() || c == '=');
        let value = value.trim().trim_matches('"');
        match key.to_ascii_lowercase().as_str() {
            "host" => {
                close(section.take(), &mut found);
                let names = value.split_whitespace().map(|name| name.trim_matches('"').to_owned());
                section = Some(Section {
                    names: names.take(64).collect(),
                    line: n + 1,
                    ..Section::default()
                });
            }
            "match" => {
                close(section.take(), &mut found);
                found.note(n + 1, "Match was left out: it names no machine");
            }
            "include" => {
                let file: String = value.chars().take(128).collect();
                found.note(n + 1, format!("Include is not followed; import {file} by itself"));
            }
            // The first value counts, as ssh has it.
            key => {
                let Some(section) = &mut section else { continue };
                match key {
                    "hostname" if section.address.is_none() => {
                        section.address = Some(value.to_owned());
                    }
                    "port" if section.port.is_none() => section.port = value.parse().ok(),
                    "proxyjump" | "proxycommand"
                        if section.through.is_none() && value != "none" =>
                    {
                        section.through = Some(value.to_owned());
                    }
                    _ => {}
                }
            }
        }
    }
    close(section, &mut found);
    found
}

fn close(section: Option<Section>, found: &mut Found) {
    let Some(section) = section else { return };
    let is_pattern = |name: &String| name.contains(['*', '?', '!']);
    let mut names = section.names.iter().filter(|name| !is_pattern(name));
    let Some(name) = names.next() else { return };
    let address = section.address.as_deref().map(|text| text.replace("%h", name));
    let address = address.unwrap_or_else(|| name.clone());
    let others: Vec<&str> = names.map(String::as_str).collect();
    let mut notes = Vec::new();
    if !others.is_empty() {
        notes.push(format!("also {}", others.join(", ")));
    }
    let mut entry = Entry::new(name, &address, section.line);
    if let Some(through) = &section.through {
        // It cannot be reached from here, so a check would only be an alert.
        notes.push(format!("reached through {through}, so nothing is checked"));
        entry.checks.clear();
        let through: String = through.chars().take(64).collect();
        found.note(section.line, format!("{name} is reached through {through}: no checks"));
    } else {
        entry.checks.push(Wanted::Tcp("ssh".to_owned(), section.port.unwrap_or(22).max(1)));
    }
    entry.notes = (!notes.is_empty()).then(|| notes.join("; "));
    found.entries.push(entry);
}
