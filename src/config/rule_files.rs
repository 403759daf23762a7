//! `rule_files = [...]`: files of rules in TOML, JSON or YAML, the document's own block among them.
//!
//! | file | holds |
//! |---|---|
//! | `*.toml` | `[[rule]]` tables, or the keys of one rule |
//! | any other | YAML or JSON: one rule as a map, a list of rules, or a map with `rule` or `rules`; in YAML also several documents |
//!
//! JSON is read as the part of YAML that it is. A name is relative to the configuration's directory.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Place, Problem, Sink};
use super::reader::Reader;
use super::rules::{self, Written};
use super::yaml::{self, Node, Value};

/// Most files.
const FILES: usize = 1000;

/// Reads all rules: those of the configuration, then those of its files.
pub(super) fn read(top: &Reader<'_>, base: &Path) -> (Vec<Written>, Vec<PathBuf>) {
    let own = top.tables("rule", "[[rule]]");
    let mut written: Vec<Written> = own.iter().filter_map(rules::read).collect();
    let mut files = Vec::new();
    for (name, span) in top.texts("rule_files").unwrap_or_default() {
        if files.len() >= FILES {
            top.sink.wrong(&span, format!("rule_files: there are more than {FILES}"));
            break;
        }
        let path = base.join(&name);
        match super::file::read(&path) {
            Ok(text) => {
                let shown = path.display().to_string();
                let sink = Sink::new(&shown, &text);
                written.extend(one(&path, &text, &sink));
                let (problems, _) = sink.into_problems();
                for problem in problems {
                    top.sink.push(problem);
                }
            }
            Err(problems) => {
                for problem in problems.list {
                    // The mend of a missing configuration is none for a file that it names.
                    let words = problem.message.split("; name another").next().unwrap_or_default();
                    top.sink.wrong(&span, format!("rule_files: {}: {words}", problem.source));
                }
            }
        }
        files.push(path);
    }
    (written, files)
}

pub(super) fn one(path: &Path, text: &str, sink: &Sink<'_>) -> Vec<Written> {
    if path.extension().is_some_and(|ending| ending == "toml") {
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let at = error.span().unwrap_or_default().start;
            sink.syntax(at, error.message());
        }
        return table(sink, document.get_ref(), 0..text.len());
    }
    let documents = match yaml::documents(text) {
        Ok(documents) => documents,
        Err(fault) => {
            let source = sink.text.name.clone();
            sink.push(Problem { source, place: fault.place, message: fault.message });
            return Vec::new();
        }
    };
    let mut written = Vec::new();
    for document in &documents {
        let value = value(document, sink);
        written.extend(several(sink, &value));
    }
    if documents.is_empty() {
        sink.wrong(&(0..0), "there is no rule in it");
    }
    written
}

/// A rule, or a table with a list of them.
fn table(sink: &Sink<'_>, table: &DeTable<'_>, span: std::ops::Range<usize>) -> Vec<Written> {
    let reader = Reader::new(sink, table, span, "the rule");
    let lists = ["rule", "rules"].into_iter().filter(|key| reader.has(key));
    let lists: Vec<&str> = lists.collect();
    let Some(key) = lists.first() else {
        return rules::read(&reader).into_iter().collect();
    };
    let reader = Reader::new(sink, table, reader.span, "the file");
    reader.refuse_unknown(&[key]);
    let tables = reader.tables(key, "[[rule]]");
    tables.iter().filter_map(rules::read).collect()
}

fn several(sink: &Sink<'_>, value: &Spanned<DeValue<'_>>) -> Vec<Written> {
    match value.get_ref() {
        DeValue::Table(inner) => table(sink, inner, value.span()),
        DeValue::Array(list) => {
            list.iter().filter_map(|item| several_in_list(sink, item)).collect()
        }
        _ => {
            sink.wrong(&value.span(), "expected a rule, a list of rules, or a map with `rule`");
            Vec::new()
        }
    }
}

fn several_in_list(sink: &Sink<'_>, item: &Spanned<DeValue<'_>>) -> Option<Written> {
    let Some(table) = item.get_ref().as_table() else {
        sink.wrong(&item.span(), "expected a rule: a map with rule_name and so on");
        return None;
    };
    rules::read(&Reader::new(sink, table, item.span(), "the rule"))
}

/// A node in the words of the reader, with its place in the text. Its depth is bounded by `yaml`.
fn value<'a>(node: &'a Node, sink: &Sink<'_>) -> Spanned<DeValue<'a>> {
    let start = sink.text.position(Place { line: node.line, column: node.column });
    let (length, value) = match &node.value {
        Value::Text(text) => (text.len(), scalar(text, node.plain)),
        Value::List(items) => {
            let items = items.iter().map(|item| value(item, sink)).collect();
            (1, DeValue::Array(items))
        }
        Value::Map(pairs) => {
            let mut table = DeTable::new();
            for ((key, inner), place) in pairs.iter().zip(&node.keys) {
                let at = sink.text.position(*place);
                let span = at..at + key.len();
                if table.get(key.as_str()).is_some() {
                    sink.wrong(&span, format!("duplicate key `{key}`; write it once"));
                }
                let key = Spanned::new(span, Cow::Borrowed(key.as_str()));
                table.insert(key, value(inner, sink));
            }
            (1, DeValue::Table(table))
        }
    };
    Spanned::new(start..start + length, value)
}

/// Without quotes a number is a number, `true` and `false` are what they say, all else is a text.
fn scalar(text: &str, plain: bool) -> DeValue<'_> {
    let as_text = || DeValue::String(Cow::Borrowed(text));
    if !plain {
        return as_text();
    }
    match DeValue::parse(text).map(Spanned::into_inner) {
        Ok(known @ (DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_))) => known,
        _ => as_text(),
    }
}
