//! What a command acts on, and how it is written.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::schema::{text, text_schemas};
use crate::model::{AlertId, CheckKey, Name};

/// What a command acts on: an alert's id, a host (all its alerts or checks) or one check.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// One episode.
    Alert(AlertId),
    /// Everything on a host.
    Host(Name),
    /// One check.
    Check(CheckKey),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alert(id) => id.fmt(f),
            Self::Host(name) => f.write_str(name),
            Self::Check(key) => key.fmt(f),
        }
    }
}

impl FromStr for Target {
    type Err = String;

    /// An alert's id, `HOST`, or `HOST/CHECK`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(id) = text.parse::<AlertId>() {
            return Ok(Self::Alert(id));
        }
        if text.contains('/') {
            return text
                .parse()
                .map(Self::Check)
                .map_err(|e: crate::model::id::BadCheckKey| e.to_string());
        }
        if text.is_empty() {
            return Err("a target is an alert's id, HOST or HOST/CHECK".to_owned());
        }
        Ok(Self::Host(text.into()))
    }
}

text_schemas! {
    Target => text("What is meant: the id of an alert, HOST, or HOST/CHECK.", "web-1/http")
        .min_length(Some(1));
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_survive_text() {
        for text in ["web-1", "web-1/http", "018bcfe5-6800-7707-8707-070707070707"] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
        assert!(matches!("018bcfe5-6800-7707-8707-070707070707".parse(), Ok(Target::Alert(_))));
        assert!("".parse::<Target>().is_err());
    }
}
