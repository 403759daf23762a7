//! An Ansible inventory, as INI or as YAML.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::{Entry, Found, HOST_LIMIT};
use crate::config::yaml::{self, Node};

/// Deepest nesting of groups.
const DEPTH: usize = 16;

/// What is known of a host.
#[derive(Default)]
struct Machine {
    line: usize,
    address: Option<String>,
    local: bool,
    groups: BTreeSet<String>,
}

/// Hosts and groups as they are found.
#[derive(Default)]
struct Inventory {
    machines: BTreeMap<String, Machine>,
    /// Each group's parents.
    parents: BTreeMap<String, BTreeSet<String>>,
    found: Found,
}

/// Reads an inventory. Variables of groups, patterns and Jinja are not evaluated.
///
/// # Errors
/// When it is neither.
pub fn read(text: &str) -> Result<Found, String> {
    let first = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with(['#', ';']) && *line != "---");
    let mut inventory = Inventory::default();
    let is_yaml = first.is_some_and(|line| !line.starts_with('[') && line.ends_with(':'))
        || text.trim_start().starts_with(['{', '-']);
    if is_yaml {
        let root = yaml::read(text)?;
        for (name, group) in root.pairs() {
            inventory.group(name, group, None, 0);
        }
        if root.pairs().is_empty() {
            return Err("there is no group in it; an inventory begins with all: or a group".into());
        }
    } else {
        inventory.ini(text);
    }
    Ok(inventory.finish())
}

impl Inventory {
    fn machine(&mut self, name: &str, line: usize) -> Option<&mut Machine> {
        if !self.machines.contains_key(name) && self.machines.len() > HOST_LIMIT {
            return None;
        }
        let new = || Machine { line, ..Machine::default() };
        Some(self.machines.entry(name.to_owned()).or_insert_with(new))
    }

    fn host(&mut self, name: &str, group: &str, line: usize, vars: &[(&str, &str)]) {
        for name in ranges(name) {
            let Some(machine) = self.machine(&name, line) else { return };
            if !matches!(group, "all" | "ungrouped") {
                machine.groups.insert(group.to_owned());
            }
            for (key, value) in vars {
                match *key {
                    "ansible_host" | "ansible_ssh_host" => {
                        machine.address = Some((*value).to_owned());
                    }
                    "ansible_connection" => machine.local = *value == "local",
                    _ => {}
                }
            }
        }
    }

    fn group(&mut self, name: &str, group: &Node, parent: Option<&str>, depth: usize) {
        if depth > DEPTH {
            self.found.note(group.line, format!("groups are nested more than {DEPTH} deep"));
            return;
        }
        if let Some(parent) = parent.filter(|parent| *parent != "all") {
            self.parents.entry(name.to_owned()).or_default().insert(parent.to_owned());
        }
        for (host, vars) in group.get("hosts").map(Node::pairs).unwrap_or_default() {
            let texts = vars.pairs().iter();
            let vars_of: Vec<(&str, &str)> =
                texts.filter_map(|(key, node)| Some((key.as_str(), node.text()?))).collect();
            self.host(host, name, vars.line, &vars_of);
        }
        for (child, node) in group.get("children").map(Node::pairs).unwrap_or_default() {
            self.group(child, node, Some(name), depth + 1);
        }
    }

    fn ini(&mut self, text: &str) {
        let mut group = "ungrouped".to_owned();
        let mut kind = String::new();
        for (n, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(head) = line.strip_prefix('[') {
                let Some((head, _)) = head.split_once(']') else {
                    self.found.note(n + 1, "`]` is missing; the line was left out");
                    continue;
                };
                let (name, what) = head.split_once(':').unwrap_or((head, ""));
                name.trim().clone_into(&mut group);
                what.trim().clone_into(&mut kind);
                continue;
            }
            let words = shell_words::split(line.split(" #").next().unwrap_or_default());
            let Ok(words) = words else {
                self.found.note(n + 1, "a quotation mark is missing; the line was left out");
                continue;
            };
            let Some((name, rest)) = words.split_first() else { continue };
            match kind.as_str() {
                "" => {
                    let vars: Vec<(&str, &str)> =
                        rest.iter().filter_map(|word| word.split_once('=')).collect();
                    self.host(name, &group, n + 1, &vars);
                }
                "children" if group != "all" => {
                    self.parents.entry(name.clone()).or_default().insert(group.clone());
                }
                _ => {}
            }
        }
    }

    fn finish(self) -> Found {
        let Self { machines, parents, mut found } = self;
        for (name, machine) in machines {
            let mut groups = machine.groups;
            for _ in 0..DEPTH {
                let above: Vec<String> = groups
                    .iter()
                    .filter_map(|group| parents.get(group))
                    .flatten()
                    .cloned()
                    .collect();
                let before = groups.len();
                groups.extend(above);
                if groups.len() == before {
                    break;
                }
            }
            let address = match machine.address {
                Some(text) if text.contains("{{") => {
                    let words = format!("host {name} was left out: its address is computed");
                    found.note(machine.line, words);
                    continue;
                }
                Some(text) => text,
                None if machine.local => "127.0.0.1".to_owned(),
                None => String::new(),
            };
            let mut entry = Entry::new(&name, &address, machine.line);
            entry.groups = groups.into_iter().collect();
            found.entries.push(entry);
        }
        found
    }
}

/// `web[01:20]` and `db-[a:c]` as the names that they stand for.
fn ranges(name: &str) -> Vec<String> {
    let mut names = vec![name.to_owned()];
    // Three ranges in a name are more than anybody has.
    for _ in 0..3 {
        let mut next = Vec::new();
        let mut grown = false;
        for name in &names {
            match range(name) {
                Some(expanded) => {
                    grown = true;
                    next.extend(expanded);
                }
                None => next.push(name.clone()),
            }
            if next.len() > HOST_LIMIT {
                return next;
            }
        }
        names = next;
        if !grown {
            break;
        }
    }
    names
}

fn range(name: &str) -> Option<Vec<String>> {
    let (before, rest) = name.split_once('[')?;
    let (inside, after) = rest.split_once(']')?;
    let mut parts = inside.split(':');
    let (from, to) = (parts.next()?, parts.next()?);
    let step: usize = parts.next().map_or(Some(1), |text| text.parse().ok())?;
    let step = step.max(1);
    let whole = |middle: String| format!("{before}{middle}{after}");
    if let (Ok(first), Ok(last)) = (from.parse::<u32>(), to.parse::<u32>()) {
        let wide = from.len().min(10);
        let numbers = (first..=last).step_by(step).take(HOST_LIMIT + 1);
        return Some(numbers.map(|n| whole(format!("{n:0wide$}"))).collect());
    }
    let letter = |text: &str| {
        let mut bytes = text.bytes();
        bytes.next().filter(|byte| byte.is_ascii_alphabetic() && bytes.next().is_none())
    };
    let (first, last) = (letter(from)?, letter(to)?);
    Some((first..=last).step_by(step).map(|byte| whole(char::from(byte).to_string())).collect())
}
