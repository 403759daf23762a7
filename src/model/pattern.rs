//! Globs over host and check names, such as `db-prod-*`.
//!
//! Matching is linear in the name (the `globset` crate compiles to a finite automaton), ignores
//! no case, and must cover the whole name. `*` crosses dots and slashes.

use std::fmt;
use std::str::FromStr;

use globset::{Glob, GlobBuilder, GlobMatcher};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A compiled glob that remembers how it was written.
#[derive(Clone)]
pub struct Pattern {
    matcher: GlobMatcher,
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a pattern: {why}")]
pub struct BadPattern {
    /// As written, cut to 80 characters.
    pub text: String,
    /// What is wrong.
    pub why: String,
}

/// Longest pattern, in bytes.
pub const PATTERN_LIMIT: usize = 1024;

impl Pattern {
    /// True when the whole of `name` matches.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.matcher.is_match(name)
    }

    /// The text it was made from.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.matcher.glob().glob()
    }

    /// The pattern that matches exactly `name`, whatever characters are in it.
    ///
    /// # Errors
    /// When the name is longer than a pattern may be.
    pub fn exactly(name: &str) -> Result<Self, BadPattern> {
        globset::escape(name).parse()
    }
}

impl FromStr for Pattern {
    type Err = BadPattern;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = |why: String| BadPattern { text: text.chars().take(80).collect(), why };
        if text.trim().is_empty() {
            return Err(bad("it is empty; `*` matches every host".to_owned()));
        }
        if text.len() > PATTERN_LIMIT {
            return Err(bad(format!("it has more than {PATTERN_LIMIT} bytes")));
        }
        let glob: Glob = GlobBuilder::new(text)
            .literal_separator(false)
            .backslash_escape(true)
            .build()
            .map_err(|error| bad(error.kind().to_string()))?;
        Ok(Self { matcher: glob.compile_matcher() })
    }
}

impl fmt::Debug for Pattern {
    /// As it was written: what it was compiled to fills a page.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.as_str()).finish()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Pattern {}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fm_28_a_window_pattern_is_a_glob_over_whole_names() {
        let pattern: Pattern = "db-prod-*".parse().unwrap();
        assert!(pattern.matches("db-prod-01"));
        assert!(pattern.matches("db-prod-01.example/x"));
        assert!(!pattern.matches("xdb-prod-1"));
        assert!(!pattern.matches("DB-PROD-1"));
    }

    #[test]
    fn many_stars_stay_linear() {
        let pattern: Pattern = format!("{}b", "*a".repeat(200)).parse().unwrap();
        assert!(!pattern.matches(&"a".repeat(100)));
    }

    #[test]
    fn bad_patterns_say_why() {
        assert!("".parse::<Pattern>().is_err());
        assert!("a[".parse::<Pattern>().unwrap_err().to_string().contains("a["));
        assert!("x".repeat(2000).parse::<Pattern>().is_err());
    }

    #[test]
    fn exactly_escapes() {
        assert!(Pattern::exactly("a{b}*").unwrap().matches("a{b}*"));
        assert!(!Pattern::exactly("a*").unwrap().matches("ab"));
    }
}
