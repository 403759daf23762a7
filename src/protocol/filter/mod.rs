//! The filter that an operator types, the one language of lists, saved views and previews.
//!
//! A filter is words parted by blanks; every one must hold. A word is
//!
//! - text, looked for in all texts of the row without regard to case: `web`, `"gateway timeout"`;
//! - `key:value`, with a comma list of values of which one must hold: `state:crit,warn`,
//!   `host:db-*`, `tag:site=dal`, `since:2h` (all keys: [`Key`]);
//! - a flag: `acked`, `unhandled`, `pending`, `firing`, `stale`, `snoozed`, `mine`, `window`,
//!   `disabled` ([`Flag`]), also written `is:acked`;
//! - any of these with `!` before it: it must not hold.
//!
//! What is in quotes is always text, never a key, a flag or a glob: `"acked"`, `host:"a*"`.
//! `host`, `check`, `kind`, `group`, `site`, `by` and the values of `tag` are globs over the whole
//! name, without regard to case. A word counts as `key:` only when it begins with letters and a
//! colon, so that addresses such as `fe80::1` are text.
//!
//! **While it is typed** ([`Filter::live`]) nothing flickers: the word at the cursor does not
//! filter as long as it can still become a key or a flag (`sta`, `host`), or as long as it is
//! wrong (`since:2`); a glob at its end stands for all names that begin so (`host:db` is
//! `host:db*`). A mistake in any other word is reported, and that word alone does not filter.
//! Committed ([`Filter::parse`]) a filter is taken as it stands, or not at all.

mod error;
mod facts;
mod lex;
mod parse;
mod rows;
mod search;
mod term;
mod words;

use std::fmt;
use std::ops::Range;

pub use error::{FilterError, FilterErrors, quoted};
pub use facts::{Asker, Facts};
pub use lex::{Piece, words};
pub use rows::{CheckFacts, HostFacts, Look};
pub use words::{Flag, GRAMMAR, HelpLine, Key, StateWord, help, nearest};

use crate::model::{ShownState, Timestamp};
use term::Term;

/// Longest filter, in bytes.
pub const LENGTH_LIMIT: usize = 4096;
/// Most terms of a filter.
pub const TERM_LIMIT: usize = 64;

/// A parsed filter; the empty one passes everything. Displays as a text that parses to the same.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    terms: Vec<Term>,
}

/// What a host answers for all its rows; see [`Filter::of_host`].
#[derive(Clone, Copy, Debug)]
pub struct HostAnswers {
    /// The terms (by bit; there are at most [`TERM_LIMIT`]) whose text the host has.
    found: u64,
}

/// A filter that is still being typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// What can be filtered by already.
    pub filter: Filter,
    /// Mistakes in the words that the cursor is not at.
    pub errors: Vec<FilterError>,
    /// What the word at the cursor still needs; not a mistake yet.
    pub hint: Option<FilterError>,
    /// The bytes of the word at the cursor, when it does not filter yet.
    pub undecided: Option<Range<usize>>,
}

impl Filter {
    /// Parses what was typed.
    ///
    /// # Errors
    /// Every mistake with its place and the mend.
    pub fn parse(text: &str) -> Result<Self, FilterErrors> {
        let live = Self::live(text, None);
        if live.errors.is_empty() { Ok(live.filter) } else { Err(FilterErrors(live.errors)) }
    }

    /// What can be used of a text that is being typed, with the cursor behind `cursor` bytes;
    /// without a cursor every word counts as ended. See the module's head.
    #[must_use]
    pub fn live(text: &str, cursor: Option<usize>) -> Live {
        let mut live = Live::default();
        if text.len() > LENGTH_LIMIT {
            let what = format!("the filter has more than {LENGTH_LIMIT} bytes");
            live.errors.push(FilterError::new(0..text.len(), what, "write a shorter one"));
            return live;
        }
        for (n, word) in words(text).into_iter().enumerate() {
            if n == TERM_LIMIT {
                let what = format!("the filter has more than {TERM_LIMIT} terms");
                let mend = "join some to comma lists, such as site:dal,fra";
                live.errors.push(FilterError::new(word.at..text.len(), what, mend));
                break;
            }
            let open = cursor.is_some_and(|at| word.at < at && at <= word.span().end);
            if open && parse::is_undecided(word) {
                live.undecided = Some(word.span());
                continue;
            }
            match parse::term(word, open) {
                Ok(term) => live.filter.terms.push(term),
                Err(hint) if open => {
                    live.undecided = Some(word.span());
                    live.hint = Some(hint);
                }
                Err(error) => live.errors.push(error),
            }
        }
        live
    }

    /// True when nothing is filtered out.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether a row passes.
    #[must_use]
    pub fn matches<F: Facts + ?Sized>(&self, row: &F, asker: Asker<'_>) -> bool {
        self.holds(row, asker, |_| None)
    }

    /// What a host (any row of it) answers for all its rows; `None` when none of them can pass.
    #[must_use]
    pub fn of_host<F: Facts + ?Sized>(&self, row: &F) -> Option<HostAnswers> {
        let mut found = 0;
        let asker = Asker { now: Timestamp::default(), me: "" };
        for (at, term) in self.terms.iter().enumerate() {
            if term.test.is_of_host() {
                if !term.holds(row, asker) {
                    return None;
                }
            } else if term.test.holds_on_host(row) == Some(true) {
                if term.negated {
                    return None;
                }
                found |= 1 << at;
            }
        }
        Some(HostAnswers { found })
    }

    /// Whether a row passes of whose host the answers are known already.
    #[must_use]
    pub fn matches_given<F: Facts + ?Sized>(
        &self,
        host: HostAnswers,
        row: &F,
        asker: Asker<'_>,
    ) -> bool {
        self.holds(row, asker, |(at, term)| match &term.test {
            test if test.is_of_host() => Some(true),
            test => (host.found & 1 << at != 0)
                .then_some(true)
                .or_else(|| test.holds_on_row(row).map(|found| found != term.negated)),
        })
    }

    /// True when a row's names or output are read.
    fn reads_texts(&self) -> bool {
        self.terms.iter().any(|term| {
            !term.is_cheap() && !term.test.is_of_host() && !matches!(term.test, term::Test::Is(_))
        })
    }

    /// Whether all terms hold, the cheap ones first; `known` has answers that need no question.
    fn holds<F: Facts + ?Sized>(
        &self,
        row: &F,
        asker: Asker<'_>,
        known: impl Fn((usize, &Term)) -> Option<bool>,
    ) -> bool {
        let all = |cheap: bool| {
            let terms = self.terms.iter().enumerate().filter(|(_, term)| term.is_cheap() == cheap);
            let mut terms = terms;
            terms.all(|(at, term)| known((at, term)).unwrap_or_else(|| term.holds(row, asker)))
        };
        all(true) && all(false)
    }

    /// Whether a row passes of which only a state and texts are known; the first text is the
    /// host's name, the second the check's. Labels, flags and ages are not found there: rows with
    /// all facts go through [`Self::matches`].
    #[must_use]
    pub fn passes(&self, state: ShownState, texts: &[&str]) -> bool {
        let asker = Asker { now: Timestamp::default(), me: "" };
        self.matches(&facts::Texts { shown: state, texts }, asker)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, term) in self.terms.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            term.fmt(f)?;
        }
        Ok(())
    }
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.terms.len() == other.terms.len() && self.to_string() == other.to_string()
    }
}

impl Eq for Filter {}

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;
