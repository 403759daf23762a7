//! Completion of a filter: what the word at the cursor can become, the best first.
//!
//! Keys, flags and states come from the language itself, names from a [`Vocabulary`].

use std::collections::BTreeSet;
use std::ops::Range;

use crate::model::Kind;
use crate::protocol::World;
use crate::protocol::filter::{Flag, Key, Piece, StateWord, words};

/// Most candidates that are offered.
pub const CANDIDATES: usize = 50;
/// Names of one sort that are looked at; a vocabulary gives no more.
const NAMES: usize = 100_000;

/// Something to put at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What is put in place of [`Completion::replace`].
    pub text: String,
    /// What it means; empty for names.
    pub about: &'static str,
}

/// What the word at the cursor can become.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Completion {
    /// The bytes of the text that a candidate replaces.
    pub replace: Range<usize>,
    /// At most [`CANDIDATES`], the best first.
    pub candidates: Vec<Candidate>,
}

impl Completion {
    /// The text with a candidate put in, and the cursor behind it.
    #[must_use]
    pub fn apply(&self, text: &str, candidate: &Candidate) -> (String, usize) {
        let before = text.get(..self.replace.start).unwrap_or(text);
        let after = text.get(self.replace.end..).unwrap_or("");
        let cursor = before.len() + candidate.text.len();
        (format!("{before}{}{after}", candidate.text), cursor)
    }
}

/// Where names come from. Every method calls `each` once for every name, in any order; the same
/// name may come more than once.
pub trait Vocabulary {
    /// Names of hosts.
    fn hosts(&self, each: &mut dyn FnMut(&str));
    /// Names of checks.
    fn checks(&self, each: &mut dyn FnMut(&str));
    /// Groups.
    fn groups(&self, each: &mut dyn FnMut(&str));
    /// Names of labels.
    fn labels(&self, each: &mut dyn FnMut(&str));
    /// Values of a label.
    fn values(&self, label: &str, each: &mut dyn FnMut(&str));
    /// Sites.
    fn sites(&self, each: &mut dyn FnMut(&str));
    /// Who has acknowledged something.
    fn people(&self, each: &mut dyn FnMut(&str));
}

impl Vocabulary for World {
    fn hosts(&self, each: &mut dyn FnMut(&str)) {
        self.hosts().for_each(|entry| each(&entry.host.name));
    }

    fn checks(&self, each: &mut dyn FnMut(&str)) {
        self.hosts().flat_map(|entry| &entry.checks).for_each(|row| each(&row.key.name));
    }

    fn groups(&self, each: &mut dyn FnMut(&str)) {
        self.hosts().flat_map(|entry| &entry.host.groups).for_each(|group| each(group));
    }

    fn labels(&self, each: &mut dyn FnMut(&str)) {
        self.hosts().flat_map(|entry| entry.host.labels.keys()).for_each(|key| each(key));
    }

    fn values(&self, label: &str, each: &mut dyn FnMut(&str)) {
        self.hosts().filter_map(|entry| entry.host.labels.get(label)).for_each(|value| each(value));
    }

    fn sites(&self, each: &mut dyn FnMut(&str)) {
        for entry in self.hosts() {
            let site = entry.host.labels.get("site").or_else(|| entry.host.groups.first());
            if let Some(site) = site {
                each(site);
            }
        }
    }

    fn people(&self, each: &mut dyn FnMut(&str)) {
        let acks = self.open_alerts().filter_map(|alert| alert.ack.as_ref());
        acks.for_each(|ack| each(ack.author.as_str()));
    }
}

/// Completes the word that ends at the cursor (a byte offset; what stands behind it stays).
///
/// Names that begin with what is typed come before names that contain it, then by the alphabet.
#[must_use]
pub fn complete(text: &str, cursor: usize, vocabulary: &dyn Vocabulary) -> Completion {
    let Some(before) = text.get(..cursor) else { return Completion::default() };
    let word = words(before).into_iter().next_back().filter(|word| word.span().end == cursor);
    let word = word.unwrap_or(Piece { raw: "", at: cursor });
    let body = if word.raw.starts_with('!') { word.after(1) } else { word };
    let Some((key, value)) = body.key() else {
        return Completion { replace: body.span(), candidates: start(body.raw) };
    };
    let Some(key) = Key::of(key.raw) else { return Completion::default() };
    let label = (key == Key::Tag).then(|| value.split_once('=')).flatten();
    let list = label.map_or(value, |(_, values)| values);
    let open = list.list(true).into_iter().next_back().unwrap_or(list);
    let typed = open.text();
    let candidates = match (key, label) {
        (Key::State | Key::Judged, _) => {
            words_of(&typed, StateWord::ALL.iter().map(|word| (word.short(), word.meaning())))
        }
        (Key::Is, _) => {
            words_of(&typed, Flag::ALL.iter().map(|flag| (flag.word(), flag.meaning())))
        }
        (Key::Kind, _) => words_of(&typed, Kind::ALL.iter().map(|kind| (kind.word(), ""))),
        (Key::Since | Key::Before | Key::Ends, _) => lengths(&typed, ""),
        (Key::Age, _) => lengths(&typed, ">"),
        (Key::Output, _) => Vec::new(),
        (Key::Tag, None) => names(&typed, "=", |each| vocabulary.labels(each)),
        (Key::Tag, Some((label, _))) => {
            names(&typed, "", |each| vocabulary.values(&label.text(), each))
        }
        (Key::Host, _) => names(&typed, "", |each| vocabulary.hosts(each)),
        (Key::Check, _) => names(&typed, "", |each| vocabulary.checks(each)),
        (Key::Group, _) => names(&typed, "", |each| vocabulary.groups(each)),
        (Key::Site, _) => names(&typed, "", |each| vocabulary.sites(each)),
        (Key::By, _) => names(&typed, "", |each| vocabulary.people(each)),
    };
    Completion { replace: open.span(), candidates }
}

/// Keys and flags that begin so; for an empty word all of them.
fn start(typed: &str) -> Vec<Candidate> {
    let keys = Key::ALL.iter().map(|key| (format!("{}:", key.word()), key.meaning()));
    let flags = Flag::ALL.iter().map(|flag| (flag.word().to_owned(), flag.meaning()));
    let all = keys.chain(flags).filter(|(text, _)| begins(text, typed));
    all.map(|(text, about)| Candidate { text, about }).take(CANDIDATES).collect()
}

fn words_of(
    typed: &str,
    all: impl Iterator<Item = (&'static str, &'static str)>,
) -> Vec<Candidate> {
    let fitting = all.filter(|(word, _)| begins(word, typed));
    fitting.map(|(word, about)| Candidate { text: word.to_owned(), about }).collect()
}

/// Usual lengths of time; a number that is typed gets the units.
fn lengths(typed: &str, sign: &str) -> Vec<Candidate> {
    let (sign, number) = match typed.strip_prefix(['>', '<']) {
        Some(number) => (typed.get(..1).unwrap_or(sign), number),
        None => (sign, typed),
    };
    let is_number = !number.is_empty() && number.len() < 6;
    let texts: Vec<String> = if is_number && number.bytes().all(|b| b.is_ascii_digit()) {
        ["m", "h", "d", "s"].map(|unit| format!("{sign}{number}{unit}")).into()
    } else if number.is_empty() {
        ["15m", "1h", "2h", "8h", "1d", "7d"].map(|length| format!("{sign}{length}")).into()
    } else {
        Vec::new()
    };
    texts.into_iter().map(|text| Candidate { text, about: "" }).collect()
}

/// The names that fit, each once: those that begin with what is typed, then those that contain it.
fn names(typed: &str, behind: &str, from: impl FnOnce(&mut dyn FnMut(&str))) -> Vec<Candidate> {
    let typed = typed.trim_end_matches('*').to_lowercase();
    // The best so far, in order; together they are never more than what is offered.
    let (mut starting, mut containing) = (BTreeSet::<String>::new(), BTreeSet::<String>::new());
    let mut seen = 0_usize;
    from(&mut |name| {
        seen += 1;
        // Most names are known already, or do not make it into a full set: looked at before copied.
        if seen > NAMES || starting.contains(name) || containing.contains(name) {
            return;
        }
        let starts = begins(name, &typed);
        let room = CANDIDATES.saturating_sub(starting.len());
        let set = if starts { &mut starting } else { &mut containing };
        let is_full = set.len() >= if starts { CANDIDATES } else { room };
        if is_full && set.last().is_none_or(|last| name > last.as_str()) {
            return;
        }
        if starts || contains(name, &typed) {
            set.insert(name.to_owned());
        }
        if starting.len() > CANDIDATES {
            starting.pop_last();
        }
        while starting.len() + containing.len() > CANDIDATES {
            containing.pop_last();
        }
    });
    let names = starting.into_iter().chain(containing);
    let candidates =
        names.map(|name| Candidate { text: format!("{}{behind}", written(&name)), about: "" });
    candidates.collect()
}

/// `name` begins with `typed`, which is in lower case.
fn begins(name: &str, typed: &str) -> bool {
    let mut letters = name.chars().flat_map(char::to_lowercase);
    typed.chars().flat_map(char::to_lowercase).all(|wanted| letters.next() == Some(wanted))
}

fn contains(name: &str, typed: &str) -> bool {
    name.char_indices().any(|(at, _)| name.get(at..).is_some_and(|rest| begins(rest, typed)))
}

/// A name as it must be written in a filter: in quotes when a sign in it means something there.
fn written(name: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && !"\",*?[]{}\\=!".contains(c);
    if name.chars().all(plain) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

#[cfg(test)]
#[path = "completion_tests.rs"]
mod tests;
