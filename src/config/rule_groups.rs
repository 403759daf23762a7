//! Rule files in Prometheus's own format: groups of alerting and recording rules.
//!
//! ```yaml
//! groups:
//!   - name: queues
//!     interval: 30s
//!     rules:
//!       - alert: QueueFull
//!         expr: queue_depth > 1000
//!         for: 10m
//!         labels: { severity: critical }
//!         annotations: { summary: "{{ $labels.queue }} holds {{ $value }}" }
//! ```
//!
//! What stands in it is checked here, with places; what its expressions and templates mean is not
//! known here. As in Prometheus only the first document of a file counts, and a key that is not known
//! is refused: a misspelt `for` would make an alert that fires at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::problem::{PROBLEM_LIMIT, Place, Problem, Problems, allowed};
use super::yaml::{self, Node, Value};
use crate::model::rule_words::{self, is_label_name};
use crate::model::{Name, Span};

const FILE_KEYS: [&str; 1] = ["groups"];
const GROUP_KEYS: [&str; 6] = ["name", "interval", "limit", "query_offset", "labels", "rules"];
const RULE_KEYS: [&str; 7] =
    ["alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations"];

/// Rules that are evaluated one after the other, with one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleGroup {
    /// The file that it stands in, or whatever else its text is called.
    pub source: Arc<str>,
    /// The host that its alerts belong to when neither their labels nor their target name one.
    pub host: Option<Name>,
    /// Who is told of its alerts when neither they nor their host say so.
    pub contact_list: Option<Name>,
    /// Where it begins.
    pub place: Place,
    /// What it is called; once in a file.
    pub name: String,
    /// How often it is evaluated; none: as often as all.
    pub interval: Option<Span>,
    /// Alerts or series that each rule may have; 0 for any number.
    pub limit: usize,
    /// How far back its expressions look.
    pub query_offset: Span,
    /// Labels of all its rules; a rule's own go before them.
    pub labels: Vec<(String, String)>,
    /// The rules in their order.
    pub rules: Vec<RuleEntry>,
}

/// Whether a rule makes alerts or a series, and what those are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleName {
    /// `alert`
    Alert(String),
    /// `record`
    Record(String),
}

/// A rule as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleEntry {
    /// Where it begins.
    pub place: Place,
    /// Where its expression begins.
    pub expr_place: Place,
    /// What it is called.
    pub name: RuleName,
    /// The expression.
    pub expr: String,
    /// `for`
    pub hold: Span,
    /// `keep_firing_for`
    pub keep: Span,
    /// Labels, sorted by name.
    pub labels: Vec<(String, String)>,
    /// Annotations, sorted by name.
    pub annotations: Vec<(String, String)>,
}

/// Reads a text of rules; `name` is what it is called: its file, or whoever brings it along.
///
/// # Errors
/// Everything that is wrong, with its line.
pub fn rule_groups(name: &str, text: &str) -> Result<Vec<RuleGroup>, Problems> {
    let mut reader = Reader { source: name, problems: Vec::new(), omitted: 0 };
    let documents = yaml::documents(text).unwrap_or_else(|fault| {
        reader.wrong(fault.place, fault.message);
        Vec::new()
    });
    let groups = documents.first().map(|root| reader.file(root)).unwrap_or_default();
    if reader.problems.is_empty() {
        return Ok(groups);
    }
    reader.problems.sort();
    Err(Problems { list: reader.problems, omitted: reader.omitted })
}

struct Reader<'a> {
    source: &'a str,
    problems: Vec<Problem>,
    omitted: usize,
}

const fn place(node: &Node) -> Place {
    Place { line: node.line, column: node.column }
}

impl Reader<'_> {
    fn wrong(&mut self, place: Place, message: impl Into<String>) {
        if self.problems.len() >= PROBLEM_LIMIT {
            self.omitted += 1;
            return;
        }
        let source = self.source.to_owned();
        self.problems.push(Problem { source, place, message: message.into() });
    }

    /// Refuses keys that are not known, and those that are written twice.
    fn keys(&mut self, node: &Node, what: &str, known: &[&str]) {
        let mut seen = BTreeSet::new();
        for ((key, _), place) in node.pairs().iter().zip(&node.keys) {
            if !known.contains(&key.as_str()) {
                let hint = allowed(key, known);
                self.wrong(*place, format!("{what} has no key `{key}`{hint}"));
            } else if !seen.insert(key) {
                self.wrong(*place, format!("duplicate key `{key}`; write it once"));
            }
        }
    }

    fn file(&mut self, root: &Node) -> Vec<RuleGroup> {
        match &root.value {
            Value::Text(text) if text.is_empty() => return Vec::new(),
            Value::Map(_) => {}
            _ => {
                self.wrong(place(root), "expected a map with `groups`");
                return Vec::new();
            }
        }
        self.keys(root, "a file of rules", &FILE_KEYS);
        let mut names = BTreeSet::new();
        let mut groups = Vec::new();
        for node in self.list(root, "groups") {
            let Some(group) = self.group(node) else { continue };
            if !names.insert(group.name.clone()) {
                let again = format!("the group name `{}` is repeated in the file", group.name);
                self.wrong(group.place, again);
            }
            groups.push(group);
        }
        groups
    }

    /// The items of a list; what is nothing is an empty one.
    fn list<'n>(&mut self, node: &'n Node, key: &str) -> &'n [Node] {
        match node.get(key).map(|inner| (inner, &inner.value)) {
            None => &[],
            Some((_, Value::List(items))) => items,
            Some((_, Value::Text(text))) if text.is_empty() => &[],
            Some((inner, _)) => {
                self.wrong(place(inner), format!("`{key}` is a list"));
                &[]
            }
        }
    }

    fn group(&mut self, node: &Node) -> Option<RuleGroup> {
        if !matches!(node.value, Value::Map(_)) {
            self.wrong(place(node), "a group is a map with `name` and `rules`");
            return None;
        }
        self.keys(node, "a group", &GROUP_KEYS);
        let name = self.text(node, "name").unwrap_or_default();
        if name.is_empty() {
            self.wrong(place(node), "a group needs a `name`");
        }
        let limit = match self.text(node, "limit") {
            None => 0,
            Some(text) => text.parse().unwrap_or_else(|_| {
                self.wrong_at(node, "limit", "`limit` is a whole number, 0 for none");
                0
            }),
        };
        let rules = self.list(node, "rules").iter().filter_map(|rule| self.rule(rule)).collect();
        Some(RuleGroup {
            source: Arc::from(self.source),
            host: None,
            contact_list: None,
            place: place(node),
            name,
            interval: self.duration(node, "interval").filter(|interval| *interval != Span::ZERO),
            limit,
            query_offset: self.duration(node, "query_offset").unwrap_or_default(),
            labels: self.pairs(node, "labels"),
            rules,
        })
    }

    fn rule(&mut self, node: &Node) -> Option<RuleEntry> {
        if !matches!(node.value, Value::Map(_)) {
            self.wrong(place(node), "a rule is a map with `alert` or `record`, and `expr`");
            return None;
        }
        self.keys(node, "a rule", &RULE_KEYS);
        let filled = |text: &String| !text.is_empty();
        let alert = self.text(node, "alert").filter(filled);
        let record = self.text(node, "record").filter(filled);
        let name = match (alert, record) {
            (Some(alert), None) => Some(RuleName::Alert(alert)),
            (None, Some(record)) => Some(RuleName::Record(record)),
            (Some(_), Some(_)) => {
                self.wrong(place(node), "only one of `record` and `alert` must be set");
                None
            }
            (None, None) => {
                self.wrong(place(node), "one of `record` or `alert` must be set");
                None
            }
        };
        let expr = self.text(node, "expr").unwrap_or_default();
        if expr.trim().is_empty() {
            self.wrong(place(node), "field `expr` must be set in a rule");
        }
        if matches!(name, Some(RuleName::Record(_))) {
            for key in ["for", "keep_firing_for", "annotations"] {
                self.refuse_in_record(node, key);
            }
        }
        let entry = RuleEntry {
            place: place(node),
            expr_place: node.get("expr").map_or_else(|| place(node), place),
            name: name?,
            expr,
            hold: self.duration(node, "for").unwrap_or_default(),
            keep: self.duration(node, "keep_firing_for").unwrap_or_default(),
            labels: self.pairs(node, "labels"),
            annotations: self.pairs(node, "annotations"),
        };
        Some(entry)
    }

    fn refuse_in_record(&mut self, node: &Node, key: &str) {
        if node.get(key).is_some() {
            self.wrong_at(node, key, &format!("invalid field `{key}` in a recording rule"));
        }
    }

    /// Something is wrong with the value of a key.
    fn wrong_at(&mut self, node: &Node, key: &str, message: &str) {
        let at = node.get(key).map_or_else(|| place(node), place);
        self.wrong(at, message);
    }

    fn text(&mut self, node: &Node, key: &str) -> Option<String> {
        let inner = node.get(key)?;
        let text = inner.text().map(str::to_owned);
        if text.is_none() {
            self.wrong(place(inner), format!("`{key}` is a text"));
        }
        text
    }

    fn duration(&mut self, node: &Node, key: &str) -> Option<Span> {
        let text = self.text(node, key)?;
        let span = duration(&text);
        if span.is_none() {
            let said =
                format!("`{key}`: not a valid duration string: {text:?}; write 30s or 1h30m");
            self.wrong_at(node, key, &said);
        }
        span
    }

    /// Names and texts, sorted by name.
    fn pairs(&mut self, node: &Node, key: &str) -> Vec<(String, String)> {
        let Some(inner) = node.get(key) else { return Vec::new() };
        let is_nothing = matches!(&inner.value, Value::Text(text) if text.is_empty());
        if !matches!(inner.value, Value::Map(_)) && !is_nothing {
            self.wrong(place(inner), format!("`{key}` is a map of names and texts"));
        }
        let mut all: Vec<(String, String)> = Vec::new();
        for ((name, value), at) in inner.pairs().iter().zip(&inner.keys) {
            if !is_label_name(name) || name == "__name__" {
                self.wrong(*at, format!("`{key}`: {name:?} is no name of a label"));
            }
            if all.iter().any(|(known, _)| known == name) {
                self.wrong(*at, format!("duplicate key `{name}`; write it once"));
            }
            match value.text() {
                Some(text) => all.push((name.clone(), text.to_owned())),
                None => self.wrong(place(value), format!("`{key}`: {name:?} needs a text")),
            }
        }
        all.sort();
        all
    }
}

/// A duration in Prometheus's words: units in falling order, each once, no fractions; or 0.
fn duration(text: &str) -> Option<Span> {
    if text == "0" {
        return Some(Span::ZERO);
    }
    let sum = rule_words::millis(text)?;
    // A hundred years are enough to wait.
    (!text.is_empty() && sum <= 100 * 366 * 86_400_000).then(|| Span::from_millis(sum))
}

#[cfg(test)]
#[path = "rule_groups_tests.rs"]
mod tests;
