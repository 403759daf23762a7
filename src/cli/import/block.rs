//! The block of a source in the configuration: what is new, changed, gone, and what stays as the
//! operator left it.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fmt::Write as _;

use toml::{Table, Value};

use super::entry::{Entry, Wanted};
use crate::config::toml_text;

/// Where a block comes from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The format.
    pub format: &'a str,
    /// The file.
    pub file: &'a str,
    /// Today.
    pub day: &'a str,
}

impl Origin<'_> {
    fn begin(&self) -> String {
        format!("# fluxnoc import {} {}: begin", self.format, self.file)
    }

    fn end(&self) -> String {
        format!("# fluxnoc import {} {}: end", self.format, self.file)
    }

    /// The end of the line that disables a host, by which it is known.
    fn gone(&self) -> String {
        format!("# not in {} any more", self.file)
    }
}

/// What becomes of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It comes.
    New {
        /// Which.
        host: String,
        /// In a few words.
        what: String,
    },
    /// It is different now.
    Changed {
        /// Which.
        host: String,
        /// What is.
        what: Vec<String>,
    },
    /// The source has it no more.
    Disabled {
        /// Which.
        host: String,
    },
    /// It is the operator's own, or another source's.
    Kept {
        /// Which.
        host: String,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New { host, what } => write!(f, "+ {host}  {what}"),
            Self::Changed { host, what } => write!(f, "~ {host}  {}", what.join("; ")),
            Self::Disabled { host } => write!(f, "- {host}  disabled: the source has it no more"),
            Self::Kept { host } => write!(f, "= {host}  kept: it is written elsewhere already"),
        }
    }
}

/// The configuration after an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// Its text.
    pub text: String,
    /// What changed.
    pub changes: Vec<Change>,
    /// Hosts that are as they were.
    pub unchanged: usize,
}

/// The text before, in and after the block.
struct Parts<'a> {
    before: &'a str,
    inside: &'a str,
    after: &'a str,
}

fn parts<'a>(text: &'a str, origin: &Origin<'_>) -> Result<Parts<'a>, String> {
    let (begin, end) = (origin.begin(), origin.end());
    let mut places: [Vec<(usize, usize)>; 2] = [Vec::new(), Vec::new()];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let next = at + line.len();
        for (mark, places) in [&begin, &end].into_iter().zip(&mut places) {
            if line.trim_end() == mark {
                places.push((at, next));
            }
        }
        at = next;
    }
    let get = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    match places.each_ref().map(Vec::as_slice) {
        [[], []] => Ok(Parts { before: text, inside: "", after: "" }),
        [[(start, inner)], [(outer, stop)]] if inner <= outer => Ok(Parts {
            before: get(0, *start),
            inside: get(*inner, *outer),
            after: get(*stop, text.len()),
        }),
        _ => Err(format!("the lines {begin:?} and {end:?} must be there once each, in this order")),
    }
}

/// Everything outside the block of a source.
///
/// # Errors
/// When the lines around the block do not fit.
pub fn outside(text: &str, origin: &Origin<'_>) -> Result<String, String> {
    let parts = parts(text, origin)?;
    Ok(format!("{}{}", parts.before, parts.after))
}

/// What a host or a job is called in a list of changes.
pub fn title(is_job: bool, name: &str) -> String {
    if is_job { format!("[[scrape]] {name}") } else { name.to_owned() }
}

/// Puts what was found into the configuration; `taken` are the titles of hosts and jobs outside the
/// block, `more` is what its head shall be, if that is another one.
///
/// # Errors
/// When what stands in the block cannot be understood any more.
pub fn merge(
    old: &str,
    origin: &Origin<'_>,
    entries: &[Entry],
    taken: &[String],
    more: Option<&str>,
) -> Result<Merged, String> {
    let parts = parts(old, origin)?;
    let wanted: HashMap<String, &Entry> =
        entries.iter().map(|e| (title(e.job.is_some(), &e.name), e)).collect();
    let mut merged = Merged { text: String::new(), changes: Vec::new(), unchanged: 0 };
    let (head, chunks) = chunks(parts.inside);
    let mut inside = more.map_or_else(|| head.to_owned(), str::to_owned);
    let mut have: Vec<String> = Vec::new();
    for chunk in chunks {
        let mut host = Known::read(chunk)?;
        let name = title(host.is_job, &host.name);
        have.push(name.clone());
        match wanted.get(&name) {
            Some(entry) => {
                let what = host.update(entry, origin)?;
                if what.is_empty() {
                    merged.unchanged += 1;
                } else {
                    merged.changes.push(Change::Changed { host: name, what });
                }
            }
            None if host.is_disabled() => merged.unchanged += 1,
            None => {
                host.disable(origin);
                merged.changes.push(Change::Disabled { host: name });
            }
        }
        inside.push_str(&host.text());
    }
    for entry in entries {
        let host = title(entry.job.is_some(), &entry.name);
        if have.contains(&host) {
            continue;
        }
        if taken.contains(&host) {
            merged.changes.push(Change::Kept { host });
            continue;
        }
        inside.push_str(&written(entry, origin));
        merged.changes.push(Change::New { host, what: summary(entry) });
    }
    merged.text = if inside.is_empty() {
        old.to_owned()
    } else {
        let gap = match parts.before {
            "" => "",
            before if before.ends_with("\n\n") || !parts.inside.is_empty() => "",
            before if before.ends_with('\n') => "\n",
            _ => "\n\n",
        };
        let (begin, end) = (origin.begin(), origin.end());
        format!("{}{gap}{begin}\n{inside}{end}\n{}", parts.before, parts.after)
    };
    Ok(merged)
}

/// Splits at the lines `[[host]]` and `[[scrape]]`.
fn chunks(inside: &str) -> (&str, Vec<&str>) {
    let mut starts = Vec::new();
    let mut at = 0;
    for line in inside.split_inclusive('\n') {
        if matches!(line.trim_end(), "[[host]]" | "[[scrape]]") {
            starts.push(at);
        }
        at += line.len();
    }
    let first = starts.first().copied().unwrap_or(inside.len());
    let ends = starts.iter().skip(1).copied().chain([inside.len()]);
    let pieces = starts.iter().zip(ends).filter_map(|(from, to)| inside.get(*from..to)).collect();
    (inside.get(..first).unwrap_or_default(), pieces)
}

fn summary(entry: &Entry) -> String {
    if let Some(keys) = &entry.job {
        let sources = keys.iter().filter(|(key, _)| ["targets", "files", "http_sd"].contains(key));
        let words: Vec<String> = sources.map(|(key, value)| format!("{key} {value}")).collect();
        return words.join(", ");
    }
    let checks: Vec<&str> = entry.checks.iter().map(Wanted::name).collect();
    let mut words = entry.address.clone();
    if !entry.groups.is_empty() {
        let _ = write!(words, ", groups {}", entry.groups.join(" "));
    }
    match checks.as_slice() {
        [] => words.push_str(", no checks"),
        checks => {
            let _ = write!(words, ", checks {}", checks.join(", "));
        }
    }
    words
}

fn list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| toml_text(item)).collect();
    format!("[{}]", items.join(", "))
}

fn map(items: &BTreeMap<String, String>) -> String {
    let pair =
        |(key, value): (&String, &String)| format!("{} = {}", toml_text(key), toml_text(value));
    let items: Vec<String> = items.iter().map(pair).collect();
    format!("{{ {} }}", items.join(", "))
}

/// The keys that the source says, as they are written; `None` for one that it does not have.
fn keys(entry: &Entry) -> Vec<(&'static str, Option<String>)> {
    if let Some(keys) = &entry.job {
        return keys.iter().map(|(key, value)| (*key, Some(value.clone()))).collect();
    }
    let text = |text: &Option<String>| text.as_deref().map(toml_text);
    vec![
        ("address", Some(toml_text(&entry.address))),
        ("groups", (!entry.groups.is_empty()).then(|| list(&entry.groups))),
        ("labels", (!entry.labels.is_empty()).then(|| map(&entry.labels))),
        ("contact", text(&entry.contact)),
        ("notes", text(&entry.notes)),
        ("runbook", text(&entry.runbook)),
    ]
}

fn written(entry: &Entry, origin: &Origin<'_>) -> String {
    let table = if entry.job.is_some() { "[[scrape]]" } else { "[[host]]" };
    let mut out = format!("{table}\n# from {}:{}\n", origin.file, entry.line);
    let _ = writeln!(out, "name = {}", toml_text(&entry.name));
    for (key, value) in keys(entry) {
        if let Some(value) = value {
            let _ = writeln!(out, "{key} = {value}");
        }
    }
    if entry.checks.contains(&Wanted::Ping) {
        out.push_str("checks = [\"ping\"]\n");
    }
    for check in entry.checks.iter().filter(|check| **check != Wanted::Ping) {
        out.push('\n');
        out.push_str(&check_text(check));
    }
    out.push('\n');
    out
}

fn check_text(check: &Wanted) -> String {
    let head = format!("[[host.check]]\nname = {}\n", toml_text(check.name()));
    match check {
        Wanted::Ping => format!("{head}kind = \"ping\"\n"),
        Wanted::Tcp(_, port) => format!("{head}kind = \"tcp\"\nport = {port}\n"),
        Wanted::Http(_, url) => format!("{head}kind = \"http\"\nurl = {}\n", toml_text(url)),
    }
}

/// A host or a job of the block as it stands there.
struct Known {
    is_job: bool,
    name: String,
    table: Table,
    lines: Vec<String>,
}

impl Known {
    fn read(chunk: &str) -> Result<Self, String> {
        let bad = |why: String| {
            let head: String = chunk.lines().skip(1).take(3).collect::<Vec<_>>().join(" ");
            let head: String = head.chars().take(80).collect();
            format!("the imported host at {head:?} cannot be read any more: {why}")
        };
        let document: Table = toml::from_str(chunk).map_err(|e| bad(e.message().to_owned()))?;
        let is_job = document.contains_key("scrape");
        let item = document.get(if is_job { "scrape" } else { "host" });
        let table = match item.and_then(Value::as_array).map(Vec::as_slice) {
            Some([Value::Table(table)]) => table.clone(),
            _ => return Err(bad("it is no [[host]]".to_owned())),
        };
        let name = table.get("name").and_then(Value::as_str);
        let name = name.ok_or_else(|| bad("it has no name".to_owned()))?.to_owned();
        Ok(Self { is_job, name, table, lines: chunk.lines().map(str::to_owned).collect() })
    }

    fn text(&self) -> String {
        self.lines.iter().fold(String::new(), |text, line| text + line + "\n")
    }

    fn is_disabled(&self) -> bool {
        self.table.get("enabled") == Some(&Value::Boolean(false))
    }

    /// The line at which a key of the host itself stands.
    fn at(&self, key: &str) -> Option<usize> {
        let head = self.lines.iter().skip(1).take_while(|line| !line.starts_with('['));
        let found = head.enumerate().find(|(_, line)| {
            line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='))
        });
        found.map(|(at, _)| at + 1)
    }

    /// Writes the line of a key: in place of the old one, else behind the name.
    fn put(&mut self, key: &str, line: String) {
        if let Some(old) = self.at(key).and_then(|at| self.lines.get_mut(at)) {
            *old = line;
        } else {
            let at = self.at("name").map_or(1, |at| at + 1);
            self.lines.insert(at, line);
        }
    }

    fn disable(&mut self, origin: &Origin<'_>) {
        let line = format!("enabled = false {} ({})", origin.gone(), origin.day);
        self.put("enabled", line);
    }

    /// Makes it what the source says; gives what differed.
    fn update(&mut self, entry: &Entry, origin: &Origin<'_>) -> Result<Vec<String>, String> {
        let mut what = Vec::new();
        // A host that the operator disabled stays so.
        if let Some(at) = self.at("enabled")
            && self.lines.get(at).is_some_and(|line| line.contains(&origin.gone()))
        {
            self.lines.remove(at);
            what.push("enabled again".to_owned());
        }
        for (key, value) in keys(entry) {
            let said = value.as_ref().map(|value| parsed(key, value)).transpose()?;
            let before = self.table.get(key).cloned();
            // What only the operator has, the operator keeps.
            let Some((value, said)) = value.zip(said) else { continue };
            if before.as_ref() == Some(&said) {
                continue;
            }
            let line = format!("{key} = {value}");
            self.put(key, line);
            let before = before.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
            what.push(format!("{key} {before} -> {value}"));
        }
        for check in &entry.checks {
            if !self.has(check) {
                while self.lines.last().is_some_and(String::is_empty) {
                    self.lines.pop();
                }
                self.lines.push(String::new());
                self.lines.extend(check_text(check).lines().map(str::to_owned));
                self.lines.push(String::new());
                what.push(format!("check {} is new", check.name()));
            }
        }
        // Somebody may have broken a value over lines: then the line is not the value.
        Self::read(&self.text())?;
        Ok(what)
    }

    fn has(&self, check: &Wanted) -> bool {
        let bare = self.table.get("checks").and_then(Value::as_array);
        let own = self.table.get("check").and_then(Value::as_array);
        let named = |value: &Value| {
            let name = value.get("name").or_else(|| value.get("kind")).and_then(Value::as_str);
            name == Some(check.name())
        };
        bare.into_iter().flatten().any(|value| value.as_str() == Some(check.name()))
            || own.into_iter().flatten().any(named)
    }
}

fn parsed(key: &str, value: &str) -> Result<Value, String> {
    let table: Table = toml::from_str(&format!("{key} = {value}")).map_err(|e| e.to_string())?;
    table.get(key).cloned().ok_or_else(|| format!("{key} cannot be written"))
}
