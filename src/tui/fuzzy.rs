//! Fuzzy matching for the palette: every action and every object, the best first.
//!
//! Words parted by blanks must all be found, in any order, each as letters in their order
//! (`corfra` finds `core-fra-2`); case counts only when a capital letter is typed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// Longest query that is matched, in characters; more is cut.
const QUERY_LIMIT: usize = 128;

/// A candidate that matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit<T> {
    /// What was matched.
    pub item: T,
    /// How well; more is better.
    pub score: u32,
    /// The characters (not bytes) of the candidate's text that the query matched, ascending.
    pub at: Vec<u32>,
}

/// What ranks two hits: the score, then the shorter text, then who came first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    score: u32,
    shorter: Reverse<usize>,
    first: Reverse<usize>,
}

struct Ranked<T>(Rank, T);

impl<T> PartialEq for Ranked<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T> Eq for Ranked<T> {}

impl<T> PartialOrd for Ranked<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Ranked<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

/// The best `limit` of `candidates`, the best first; `text` gives what is matched of each.
///
/// An empty query takes the first ones as they come. Equal scores go to the shorter text, then to
/// the one that came first. Positions are computed for the winners only.
pub fn best<T>(
    query: &str,
    candidates: impl IntoIterator<Item = T>,
    text: impl Fn(&T) -> &str,
    limit: usize,
) -> Vec<Hit<T>> {
    let query: String = query.chars().take(QUERY_LIMIT).collect();
    if query.trim().is_empty() {
        let first = candidates.into_iter().take(limit);
        return first.map(|item| Hit { item, score: 0, at: Vec::new() }).collect();
    }
    let pattern = literal(&query);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut letters = Vec::new();
    let wanted = letters_of(&query).unwrap_or(0);
    // The worst of the winners is on top, to be thrown out first.
    let mut winners: BinaryHeap<Reverse<Ranked<T>>> = BinaryHeap::new();
    for (n, item) in candidates.into_iter().enumerate() {
        let whole = text(&item);
        if letters_of(whole).is_some_and(|have| have & wanted != wanted) {
            continue;
        }
        let Some(score) = pattern.score(haystack(whole, &mut letters), &mut matcher) else {
            continue;
        };
        let rank = Rank { score, shorter: Reverse(whole.len()), first: Reverse(n) };
        if winners.len() == limit && winners.peek().is_none_or(|worst| rank < worst.0.0) {
            continue;
        }
        winners.push(Reverse(Ranked(rank, item)));
        if winners.len() > limit {
            winners.pop();
        }
    }
    let hits = winners.into_sorted_vec().into_iter().map(|Reverse(Ranked(rank, item))| {
        let mut at = Vec::new();
        pattern.indices(haystack(text(&item), &mut letters), &mut matcher, &mut at);
        at.sort_unstable();
        at.dedup();
        Hit { item, score: rank.score, at }
    });
    hits.collect()
}

/// A text as nucleo reads it, a letter for each `char`. Its own reader takes a text whose clusters all
/// begin with ASCII for bytes, and gives places beyond the text when one of them goes on otherwise.
fn haystack<'a>(text: &'a str, letters: &'a mut Vec<char>) -> Utf32Str<'a> {
    if text.is_ascii() {
        return Utf32Str::Ascii(text.as_bytes());
    }
    letters.clear();
    letters.extend(text.chars());
    Utf32Str::Unicode(letters)
}

/// The letters and digits in a text as bits, whatever their case; `None` for a text beyond ASCII,
/// whose letters may stand for plain ones. A candidate that lacks one of the query's cannot match,
/// and most candidates lack one.
fn letters_of(text: &str) -> Option<u64> {
    text.bytes().try_fold(0, |bits, byte| match byte.to_ascii_lowercase() {
        byte @ b'a'..=b'z' => Some(bits | 1 << (byte - b'a')),
        byte @ b'0'..=b'9' => Some(bits | 1 << (byte - b'0' + 26)),
        byte if byte.is_ascii() => Some(bits),
        _ => None,
    })
}

/// The query without nucleo's own signs (`^`, `!`, `'`, `$`): in names they are letters.
fn literal(query: &str) -> Pattern {
    Pattern::new(
        query,
        CaseMatching::Smart,
        Normalization::Smart,
        nucleo_matcher::pattern::AtomKind::Fuzzy,
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names<'a>(query: &str, from: &[&'a str], limit: usize) -> Vec<&'a str> {
        best(query, from.iter().copied(), |name| name, limit).into_iter().map(|h| h.item).collect()
    }

    #[test]
    fn letters_in_order_find_names() {
        let all = ["core-fra-2", "core-dal-1", "web-fra-1", "recheck", "Resume"];
        assert_eq!(names("corfra", &all, 5), ["core-fra-2"]);
        assert_eq!(names("fra core", &all, 5), ["core-fra-2"]);
        assert_eq!(names("rech", &all, 5), ["recheck"]);
        assert_eq!(names("zzz", &all, 5), [""; 0]);
        assert_eq!(names("", &all, 2), ["core-fra-2", "core-dal-1"]);
        assert_eq!(names("RES", &all, 5), [""; 0], "a capital counts as one");
    }

    #[test]
    fn the_whole_word_comes_before_scattered_letters() {
        assert_eq!(names("ack", &["alpha-check", "unack", "ack"], 1), ["ack"]);
        assert_eq!(names("db", &["db-10", "db-1"], 2), ["db-1", "db-10"], "the shorter first");
    }

    #[test]
    fn positions_are_characters() {
        let hits = best("ck", ["grüne-ack"], |name| name, 1);
        assert_eq!(hits.first().unwrap().at, [7, 8]);
    }

    #[test]
    fn signs_are_letters() {
        assert_eq!(names("!x", &["a!x", "ax"], 5), ["a!x"]);
        assert_eq!(names("^a", &["ba", "^a"], 5), ["^a"]);
        assert_eq!(names("a$", &["a", "a$"], 5), ["a$"]);
    }

    #[test]
    fn a_letter_after_a_mark_is_where_it_is() {
        let found = best("{", [" \u{1107f}{"], |name| name, 1);
        assert_eq!(found[0].at, [2]);
    }

    proptest! {
        #[test]
        fn what_is_skipped_would_not_match(
            query in "[a-cA-C1é ]{1,4}",
            all in proptest::collection::vec("[a-cA-C1-3é/-]{0,6}", 0..20),
        ) {
            let pattern = literal(&query);
            let mut matcher = Matcher::new(Config::DEFAULT);
            let mut letters = Vec::new();
            let matching: usize = all
                .iter()
                .filter(|name| {
                    pattern.score(haystack(name, &mut letters), &mut matcher).is_some()
                })
                .count();
            let found = best(&query, all.iter(), |name| name, usize::MAX).len();
            prop_assert_eq!(found, if query.trim().is_empty() { all.len() } else { matching });
        }

        #[test]
        fn winners_are_the_head_of_all_and_positions_lie_in_the_text(
            query in "[a-c\\PC]{0,4}",
            all in proptest::collection::vec("[a-c]{0,6}|\\PC{0,6}", 0..40),
            limit in 0_usize..10,
        ) {
            let whole = best(&query, all.iter(), |name| name, usize::MAX);
            let some = best(&query, all.iter(), |name| name, limit);
            prop_assert_eq!(&whole.iter().take(limit).collect::<Vec<_>>(), &some.iter().collect::<Vec<_>>());
            for hit in &whole {
                let letters = u32::try_from(hit.item.chars().count()).unwrap();
                prop_assert!(hit.at.iter().all(|at| *at < letters), "{:?}", hit);
            }
        }
    }
}
