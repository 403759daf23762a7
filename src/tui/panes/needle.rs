//! What a list of network tests is narrowed to: words that its rows must have, or must not.
//!
//! In: a text as it was typed. Out: whether a row passes. Never: knows which list it is.

use crate::model::SafeText;

/// Words that a row must have; one behind `!` it must not have. Case does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needle {
    text: String,
    words: Vec<(bool, String)>,
}

/// What the line that narrows understands.
#[must_use]
pub const fn hint() -> &'static str {
    "words of agent, target, name or state; !word leaves out"
}

impl Needle {
    /// Reads a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let word = |word: &str| match word.strip_prefix('!') {
            Some(not) => (false, not.to_lowercase()),
            None => (true, word.to_lowercase()),
        };
        let words = text.split_whitespace().map(word).filter(|(_, word)| !word.is_empty());
        Self { text: text.trim().to_owned(), words: words.collect() }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What a title says of it: ` /fra`.
    #[must_use]
    pub fn title(&self) -> String {
        if self.is_empty() { String::new() } else { format!(" /{}", SafeText::line(&self.text)) }
    }

    /// True when everything passes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether a row that says this passes.
    #[must_use]
    pub fn passes(&self, texts: &[&str]) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let all = texts.join(" ").to_lowercase();
        self.words.iter().all(|(wanted, word)| all.contains(word.as_str()) == *wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_there_and_none_behind_an_exclamation_mark() {
        let row = ["FRA-01", "lan-1:5201", "✓ done"];
        for (text, passes) in [
            ("", true),
            ("fra", true),
            ("lan done", true),
            ("fra ams", false),
            ("!fra", false),
            ("! lan", true),
            ("!ams 5201", true),
        ] {
            assert_eq!(Needle::of(text).passes(&row), passes, "{text}");
        }
    }
}
