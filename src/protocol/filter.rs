//! The filter that an operator types: words that must all occur.
//!
//! Every word must be found, ignoring case, in one of a row's texts or begin its state; `state:crit` and `!word`
//! (must not occur) are understood.

use crate::model::ShownState;

/// A parsed filter; the empty one passes everything.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Filter {
    words: Vec<Word>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    negated: bool,
    what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Text(String),
    State(ShownState),
}

impl Filter {
    /// Parses what was typed.
    ///
    /// # Errors
    /// A sentence naming the word that is wrong and what is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut words = Vec::new();
        for word in text.split_whitespace() {
            let (negated, word) = match word.strip_prefix('!') {
                Some(rest) => (true, rest),
                None => (false, word),
            };
            if word.is_empty() {
                continue;
            }
            let what = match word.strip_prefix("state:") {
                Some(state) => What::State(parse_state(state)?),
                None => What::Text(word.to_lowercase()),
            };
            words.push(Word { negated, what });
        }
        Ok(Self { words })
    }

    /// True when nothing is filtered out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether a row passes.
    #[must_use]
    pub fn passes(&self, state: ShownState, texts: &[&str]) -> bool {
        self.words.iter().all(|word| {
            let found = match &word.what {
                What::State(wanted) => *wanted == state,
                What::Text(needle) => {
                    state.word().to_lowercase().starts_with(needle.as_str())
                        || texts.iter().any(|text| text.to_lowercase().contains(needle.as_str()))
                }
            };
            found != word.negated
        })
    }
}

fn parse_state(text: &str) -> Result<ShownState, String> {
    let text = text.to_uppercase();
    ShownState::ALL
        .into_iter()
        .find(|state| !text.is_empty() && state.word().starts_with(&text))
        .ok_or_else(|| {
            format!("`state:{text}` is unknown; write state:crit, warn, unkn, maint or ok")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_states() {
        let filter = Filter::parse("state:crit WEB !db").unwrap();
        assert!(filter.passes(ShownState::Critical, &["web-1", "http"]));
        assert!(!filter.passes(ShownState::Warning, &["web-1"]));
        assert!(!filter.passes(ShownState::Critical, &["web-1", "mariadb"]));
        assert!(Filter::parse("crit").unwrap().passes(ShownState::Critical, &["web-1"]));
        assert!(Filter::parse("state:bad").is_err());
        assert!(Filter::parse("  ").unwrap().is_empty());
    }
}
