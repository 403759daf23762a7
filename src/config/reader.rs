//! Reads one table key by key, and says everything that is wrong with it.

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Sink, allowed};
use super::value::{bounded_span, integer};
use crate::model::Span;
use crate::model::id::valid_name;

/// Longest text of one value, in bytes.
const TEXT_LIMIT: usize = 64 * 1024;
/// Most entries of one list or inner table.
const LIST_LIMIT: usize = 10_000;

/// One table of the file.
pub(super) struct Reader<'a> {
    pub sink: &'a Sink<'a>,
    table: &'a DeTable<'a>,
    /// Where the table begins.
    pub span: Range<usize>,
    /// How messages call it: `[[host]]`.
    pub what: String,
    /// For a table inside another one (`labels`), the key it stands under.
    prefix: String,
}

impl<'a> Reader<'a> {
    pub fn new(
        sink: &'a Sink<'a>,
        table: &'a DeTable<'a>,
        span: Range<usize>,
        what: impl Into<String>,
    ) -> Self {
        Self { sink, table, span, what: what.into(), prefix: String::new() }
    }

    /// Complains about every key that is not in `known`.
    pub fn refuse_unknown(&self, known: &[&str]) {
        for key in self.table.keys() {
            let word: &str = key.get_ref();
            if !known.contains(&word) {
                let hint = allowed(word, known);
                let name = format!("{}{word}", self.prefix);
                self.sink
                    .wrong(&key.span(), format!("unknown key `{name}` in {}{hint}", self.what));
            }
        }
    }

    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub fn keys(&self) -> impl Iterator<Item = (&'a str, Range<usize>)> {
        self.table.keys().map(|key| (&**key.get_ref(), key.span()))
    }

    pub fn get(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.table.get(key)
    }

    /// Where the key's value is, or the table when there is no such key.
    pub fn place(&self, key: &str) -> Range<usize> {
        self.get(key).map_or_else(|| self.span.clone(), Spanned::span)
    }

    pub fn wrong(&self, key: &str, message: impl AsRef<str>) {
        self.sink.wrong(&self.place(key), format!("{}{key}: {}", self.prefix, message.as_ref()));
    }

    /// Complains that a required key is not there.
    pub fn require(&self, key: &str, mend: &str) {
        if !self.has(key) {
            let message = format!("{} needs `{key}`; write {mend}", self.what);
            self.sink.missing(&self.span, message);
        }
    }

    /// A text of at least one character.
    pub fn text(&self, key: &str) -> Option<&'a str> {
        let text = self.any_text(key)?;
        if text.trim().is_empty() {
            self.wrong(key, "must not be empty");
            return None;
        }
        Some(text)
    }

    /// A name of a host, a check or the like.
    pub fn name(&self, key: &str) -> Option<&'a str> {
        let name = self.text(key)?;
        let good = valid_name(name);
        good.map_err(|why| self.wrong(key, format!("{name:?}: {why}"))).ok().map(|()| name)
    }

    /// File and line of the table.
    pub fn origin(&self) -> String {
        self.sink.text.origin(self.span.start)
    }

    /// A text that may be empty.
    pub fn any_text(&self, key: &str) -> Option<&'a str> {
        let value = self.get(key)?;
        let Some(text) = value.get_ref().as_str() else {
            self.type_error(key, value, "a text in quotes");
            return None;
        };
        if text.len() > TEXT_LIMIT {
            self.wrong(key, format!("is longer than {TEXT_LIMIT} bytes"));
            return None;
        }
        if text.contains('\0') {
            self.wrong(key, "must not contain NUL");
            return None;
        }
        Some(text)
    }

    pub fn type_error(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) {
        let have = value.get_ref().type_str();
        self.sink.wrong(
            &value.span(),
            format!("{}{key}: expected {wanted}, found {}", self.prefix, with_article(have)),
        );
    }

    pub fn boolean(&self, key: &str) -> Option<bool> {
        let value = self.get(key)?;
        let found = value.get_ref().as_bool();
        if found.is_none() {
            self.type_error(key, value, "true or false");
        }
        found
    }

    /// A whole number within bounds.
    pub fn number<T: TryFrom<i64>>(&self, key: &str, bounds: RangeInclusive<i64>) -> Option<T> {
        let value = self.get(key)?;
        let DeValue::Integer(number) = value.get_ref() else {
            self.type_error(key, value, "a whole number");
            return None;
        };
        let found =
            integer(number).filter(|n| bounds.contains(n)).and_then(|n| T::try_from(n).ok());
        if found.is_none() {
            let (low, high) = (bounds.start(), bounds.end());
            self.wrong(key, format!("{} is not within {low} to {high}", number.as_str()));
        }
        found
    }

    /// A length of time within bounds.
    pub fn duration(&self, key: &str, bounds: RangeInclusive<Span>) -> Option<Span> {
        let value = self.get(key)?;
        let Some(text) = value.get_ref().as_str() else {
            self.type_error(
                key,
                value,
                "a duration in quotes such as \"30s\", \"5m\" or \"250ms\"",
            );
            return None;
        };
        match bounded_span(text, bounds) {
            Ok(span) => Some(span),
            Err(message) => {
                self.wrong(key, message);
                None
            }
        }
    }

    /// A text that a function parses; its words say what is wrong.
    pub fn parsed_by<T>(&self, key: &str, parse: fn(&str) -> Result<T, String>) -> Option<T> {
        parse(self.text(key)?).map_err(|why| self.wrong(key, why)).ok()
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.wrong(key, format!("`{text}` is unknown{}", allowed(text, &names)));
        }
        found
    }

    /// A list of texts; a single text is a list of one.
    pub fn texts(&self, key: &str) -> Option<Vec<(String, Range<usize>)>> {
        let value = self.get(key)?;
        if let Some(text) = value.get_ref().as_str() {
            self.text(key)?;
            return Some(vec![(text.to_owned(), value.span())]);
        }
        let Some(list) = value.get_ref().as_array() else {
            self.type_error(key, value, "a list of texts such as [\"a\", \"b\"]");
            return None;
        };
        if list.len() > LIST_LIMIT {
            self.wrong(key, format!("has more than {LIST_LIMIT} entries"));
            return None;
        }
        let mut texts = Vec::with_capacity(list.len());
        for item in list {
            match item.get_ref().as_str() {
                Some(text) if text.len() <= TEXT_LIMIT && !text.contains('\0') => {
                    texts.push((text.to_owned(), item.span()));
                }
                Some(_) => {
                    let why = format!("{key}: an entry has NUL or more than {TEXT_LIMIT} bytes");
                    self.sink.wrong(&item.span(), why);
                }
                None => self.type_error(key, item, "a text in quotes"),
            }
        }
        Some(texts)
    }

    /// A list of texts, each checked; the places are dropped.
    pub fn checked(&self, key: &str, check: impl Fn(&str) -> Result<(), String>) -> Vec<String> {
        let mut good = Vec::new();
        for (text, span) in self.texts(key).unwrap_or_default() {
            match check(&text) {
                Ok(()) => good.push(text),
                Err(why) => self.sink.wrong(&span, format!("{}{key}: {why}", self.prefix)),
            }
        }
        good
    }

    /// The table under a key.
    pub fn table(&self, key: &str) -> Option<Reader<'a>> {
        let value = self.get(key)?;
        let Some(table) = value.get_ref().as_table() else {
            self.type_error(key, value, "a table such as { a = \"b\" }");
            return None;
        };
        if table.len() > LIST_LIMIT {
            self.wrong(key, format!("has more than {LIST_LIMIT} entries"));
            return None;
        }
        Some(Reader {
            sink: self.sink,
            table,
            span: value.span(),
            what: format!("`{key}` of {}", self.what),
            prefix: format!("{}{key}.", self.prefix),
        })
    }

    /// A table of texts, such as labels.
    pub fn map(&self, key: &str) -> BTreeMap<String, String> {
        let Some(inner) = self.table(key) else { return BTreeMap::new() };
        let mut map = BTreeMap::new();
        for (name, span) in inner.keys() {
            if name.is_empty() || name.chars().any(char::is_control) {
                let why = format!("{key}: a name must be visible and not empty");
                self.sink.wrong(&span, why);
            } else if let Some(text) = inner.any_text(name) {
                map.insert(name.to_owned(), text.to_owned());
            }
        }
        map
    }

    /// The tables under a key that is written `[[key]]`.
    pub fn tables(&self, key: &str, what: &str) -> Vec<Reader<'a>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(list) = value.get_ref().as_array() else {
            self.type_error(key, value, &format!("a list of tables; write {what}"));
            return Vec::new();
        };
        let mut tables = Vec::with_capacity(list.len());
        for item in list {
            match item.get_ref().as_table() {
                Some(table) => tables.push(Reader::new(self.sink, table, item.span(), what)),
                None => self.type_error(key, item, &format!("a table; write {what}")),
            }
        }
        tables
    }
}

fn with_article(kind: &str) -> String {
    match kind {
        "integer" => "a whole number".to_owned(),
        "float" => "a number with a point".to_owned(),
        "array" => "a list".to_owned(),
        "string" => "a text".to_owned(),
        "boolean" => "true or false".to_owned(),
        other => format!("a {other}"),
    }
}
