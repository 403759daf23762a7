//! The log of an engine: every transition and every operator's action, newest first, filtered.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::schema::{text, text_schemas};
use crate::model::{AlertId, EdgeKind, Name, Pattern, SafeText, State, Timestamp};

/// Longest text and longest actor of a filter, in characters.
pub const FILTER_LIMIT: usize = 200;

/// What an entry of the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogKind {
    /// A recorded change of an alert.
    Edge(EdgeKind),
    /// A comment on a host or check that had no firing alert.
    Comment,
    /// A path to a host changed.
    Path,
    /// Something an operator had done that is no change of an alert: a window, a re-check, an
    /// undo, a reload, a stop.
    Action,
}

impl LogKind {
    /// The word on the wire and in filters.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Edge(kind) => kind.word(),
            Self::Comment => "comment",
            Self::Path => "path",
            Self::Action => "action",
        }
    }

    /// All kinds.
    pub fn all() -> impl Iterator<Item = Self> {
        let edges = EdgeKind::ALL.into_iter().map(Self::Edge);
        edges.chain([Self::Comment, Self::Path, Self::Action])
    }
}

impl fmt::Display for LogKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for LogKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::all().find(|kind| kind.word() == text).ok_or_else(|| {
            let words: Vec<&str> = Self::all().map(Self::word).collect();
            let text: String = text.chars().take(40).collect();
            format!("`{text}` is no kind of entry; write one of {}", words.join(", "))
        })
    }
}

text_schemas! {
    LogKind => text("What an entry of the log is.", "fired")
        .enum_values(Some(LogKind::all().map(LogKind::word)));
    LogCursor => text("Where a page ended; it goes back as it came.", "");
}

impl Serialize for LogKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl<'de> Deserialize<'de> for LogKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Which entries are wanted; an empty filter wants all.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogFilter {
    /// From this moment (inclusive).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// To this moment (exclusive).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
    /// Only of these hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosts: Option<Pattern>,
    /// Only what this operator did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Only of these kinds; all, when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<LogKind>,
    /// Only such whose text contains this, whatever the case of its letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Where a page of the log ended; opaque, goes back as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogCursor {
    /// The moment of the last entry.
    pub at: Timestamp,
    /// Which of the sources it was from.
    pub source: u8,
    /// Its number there.
    pub seq: i64,
}

impl fmt::Display for LogCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.at.millis(), self.source, self.seq)
    }
}

impl FromStr for LogCursor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('.');
        let cursor = (|| {
            Some(Self {
                at: Timestamp::from_millis(parts.next()?.parse().ok()?),
                source: parts.next()?.parse().ok()?,
                seq: parts.next()?.parse().ok()?,
            })
        })();
        let end = parts.next().is_none();
        cursor.filter(|_| end).ok_or_else(|| "this is no cursor of an earlier page".to_owned())
    }
}

impl Serialize for LogCursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LogCursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LogEntry {
    /// When.
    pub at: Timestamp,
    /// What it is.
    pub kind: LogKind,
    /// The host; an action may be about several or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub host: Option<Name>,
    /// The check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub check: Option<Name>,
    /// The episode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<AlertId>,
    /// The state before, for a change of an alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<State>,
    /// The state after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<State>,
    /// What happened in words.
    pub text: SafeText,
    /// Who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<SafeText>,
    /// True when a window covered it at that moment.
    #[serde(default)]
    pub in_maintenance: bool,
}

/// A page of the log, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LogPage {
    /// The entries.
    pub entries: Vec<LogEntry>,
    /// Where to go on; `None` at the end. A page may hold fewer entries than were asked for and
    /// yet have a next one: an answer looks through a bounded number of rows.
    pub next: Option<LogCursor>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_cursors_survive_text() {
        for kind in LogKind::all() {
            assert_eq!(kind.word().parse(), Ok(kind));
        }
        assert!("fire".parse::<LogKind>().unwrap_err().contains("fired"));
        let cursor = LogCursor { at: Timestamp::from_millis(-7), source: 3, seq: 12 };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for bad in ["", "1.2", "1.2.3.4", "1.999.3", "x.1.1"] {
            assert!(bad.parse::<LogCursor>().is_err(), "{bad}");
        }
    }
}
