//! What is typed to filter the history: the words of the filter language that a log has.
//!
//! `host:db-*,web-1 check:http kind:fired,ack by:noc-2 since:2h before:30m "text of it"`

use crate::model::{Pattern, Span, Timestamp};
use crate::protocol::filter::{FilterError, FilterErrors, Piece, nearest, quoted, words};
use crate::protocol::log::FILTER_LIMIT;
use crate::protocol::{LogEntry, LogFilter, LogKind};

/// The keys, with an example of each.
const KEYS: [(&str, &str); 6] = [
    ("host", "host:db-*"),
    ("check", "check:http"),
    ("by", "by:noc-2"),
    ("kind", "kind:fired,recovered"),
    ("since", "since:2h"),
    ("before", "before:30m"),
];

/// What was typed, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    hosts: Option<Pattern>,
    /// The engine's log knows no check as such: these rows are chosen here.
    checks: Option<Pattern>,
    actor: Option<String>,
    kinds: Vec<LogKind>,
    since: Option<Span>,
    before: Option<Span>,
    text: Option<String>,
}

impl Words {
    /// Reads a text.
    ///
    /// # Errors
    /// Every mistake with its place and the mend.
    pub fn parse(text: &str) -> Result<Self, FilterErrors> {
        let mut read = Self::default();
        let mut errors = Vec::new();
        for word in words(text) {
            if let Err(error) = read.take(word) {
                errors.push(error);
            }
        }
        let long = |text: &Option<String>| {
            text.as_ref().is_some_and(|text| text.chars().count() > FILTER_LIMIT)
        };
        if long(&read.text) || long(&read.actor) {
            let what = format!("it has more than {FILTER_LIMIT} characters");
            errors.push(FilterError::new(0..text.len(), what, "write a shorter one"));
        }
        if errors.is_empty() { Ok(read) } else { Err(FilterErrors(errors)) }
    }

    fn take(&mut self, word: Piece<'_>) -> Result<(), FilterError> {
        if word.is_open() {
            return Err(FilterError::new(
                word.span(),
                "the quote is not closed",
                "write `\"` behind the text",
            ));
        }
        if word.raw.starts_with('!') {
            let what = format!("{} cannot be turned round in the history", quoted(word.raw));
            return Err(FilterError::new(word.span(), what, "write what shall be shown"));
        }
        let Some((key, value)) = word.key() else {
            let text = word.text();
            // The log looks for one text: words that follow each other are one.
            self.text = Some(match self.text.take() {
                Some(before) => format!("{before} {text}"),
                None => text,
            });
            return Ok(());
        };
        let Some((name, example)) = KEYS.into_iter().find(|(name, _)| *name == key.raw) else {
            let names = KEYS.into_iter().map(|(name, _)| name);
            let mend = match nearest(key.raw, names.clone()) {
                Some(near) => format!("did you mean `{near}:`?"),
                None => {
                    let all: Vec<&str> = names.collect();
                    format!("the history has {}; for the text write it in quotes", all.join(" "))
                }
            };
            let what = format!("{} is no key here", quoted(key.raw));
            return Err(FilterError::new(word.at..value.at, what, mend));
        };
        if value.text().is_empty() {
            let what = format!("`{name}:` needs a value");
            return Err(FilterError::new(word.span(), what, format!("write it as {example}")));
        }
        match name {
            "host" => self.hosts = Some(pattern(value)?),
            "check" => self.checks = Some(pattern(value)?),
            "by" => self.actor = Some(value.text()),
            "kind" => self.kinds.extend(kinds(value)?),
            "since" => self.since = Some(span(value, example)?),
            _ => self.before = Some(span(value, example)?),
        }
        Ok(())
    }

    /// True when everything is wanted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What the engine is asked for now.
    #[must_use]
    pub fn filter(&self, now: Timestamp) -> LogFilter {
        LogFilter {
            from: self.since.map(|span| now - span),
            to: self.before.map(|span| now - span),
            hosts: self.hosts.clone(),
            actor: self.actor.clone(),
            kinds: self.kinds.clone(),
            text: self.text.clone(),
        }
    }

    /// Whether an entry of the answer is shown: what the engine could not choose.
    #[must_use]
    pub fn passes(&self, entry: &LogEntry) -> bool {
        let Some(checks) = &self.checks else { return true };
        entry.check.as_ref().is_some_and(|check| checks.matches(check))
    }
}

/// A comma list of globs as one pattern.
fn pattern(value: Piece<'_>) -> Result<Pattern, FilterError> {
    let globs: Vec<String> = value.list(true).iter().map(Piece::glob).collect();
    let text = match globs.as_slice() {
        [one] => one.clone(),
        many => format!("{{{}}}", many.join(",")),
    };
    text.parse().map_err(|why| {
        let mend = "`*` stands for any text, quotes make a sign stand for itself";
        FilterError::new(
            value.span(),
            format!("{} is not a pattern: {why}", quoted(value.raw)),
            mend,
        )
    })
}

/// Kinds by the beginning of their word: `ack` is both that somebody took it and that it ended.
fn kinds(value: Piece<'_>) -> Result<Vec<LogKind>, FilterError> {
    let mut kinds = Vec::new();
    for piece in value.list(false) {
        let text = piece.text().to_ascii_lowercase().replace('-', "_");
        let before = kinds.len();
        if !text.is_empty() {
            kinds.extend(LogKind::all().filter(|kind| kind.word().starts_with(&text)));
        }
        if kinds.len() == before {
            let words = LogKind::all().map(LogKind::word).collect::<Vec<_>>();
            let near = nearest(&text, words.iter().copied());
            let words = words.join(", ");
            let mend = match near {
                Some(near) => format!("did you mean `{near}`? There are {words}"),
                None => format!("there are {words}"),
            };
            let what = format!("{} is no kind of entry", quoted(piece.raw));
            return Err(FilterError::new(piece.span(), what, mend));
        }
    }
    Ok(kinds)
}

fn span(value: Piece<'_>, example: &str) -> Result<Span, FilterError> {
    value.text().parse().map_err(|_| {
        let what = format!("{} is not a length of time", quoted(value.raw));
        FilterError::new(value.span(), what, format!("write it as {example}, with s, m, h or d"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EdgeKind;

    #[test]
    fn words_become_what_the_log_can_be_asked_for() {
        let now = Timestamp::from_millis(10_000_000);
        let words =
            Words::parse("host:db-*,web-1 kind:fired,ack by:noc-2 since:1h no answer").unwrap();
        let filter = words.filter(now);
        assert_eq!(filter.hosts.as_ref().map(Pattern::as_str), Some("{db-*,web-1}"));
        assert_eq!(filter.actor.as_deref(), Some("noc-2"));
        assert_eq!(filter.text.as_deref(), Some("no answer"));
        assert_eq!(filter.from, Some(now - Span::from_secs(3600)));
        let kinds = [EdgeKind::Fired, EdgeKind::Acknowledged, EdgeKind::AckExpired];
        assert_eq!(filter.kinds, kinds.map(LogKind::Edge));
        assert!(Words::parse("  ").unwrap().is_empty());
        let literal = Words::parse("host:\"a*\"").unwrap().filter(now);
        assert!(!literal.hosts.unwrap().matches("ab"));
    }

    #[test]
    fn mistakes_say_where_and_what_would_be_right() {
        for (text, span, says) in [
            ("hots:a", 0..5, "`hots` is no key here; did you mean `host:`?"),
            ("a since:soon", 8..12, "`soon` is not a length of time; write it as since:2h"),
            ("kind:fird", 5..9, "`fird` is no kind of entry; did you mean `fired`?"),
            ("x host:", 2..7, "`host:` needs a value; write it as host:db-*"),
            ("\"a", 0..2, "the quote is not closed"),
            ("!acked", 0..6, "cannot be turned round"),
            ("host:[", 5..6, "`[` is not a pattern"),
            ("state:crit", 0..6, "`state` is no key here"),
        ] {
            let errors = Words::parse(text).unwrap_err();
            let first = errors.0.first().unwrap();
            assert_eq!(first.span, span, "{text}");
            assert!(first.to_string().contains(says), "{text}: {first}");
        }
    }
}
