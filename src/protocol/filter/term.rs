//! One term of a filter: what it asks of a row, and how it is written.

use std::fmt;

use super::facts::{Asker, Facts};
use super::search::{Glob, Needle};
use super::words::{Flag, Key, StateWord};
use crate::model::{Phase, Span};

/// A term; `negated` turns its answer round.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) negated: bool,
    pub(super) test: Test,
}

/// A value as it was written (quotes and all) and what finds it.
#[derive(Clone, Debug)]
pub(super) struct Written<T> {
    pub(super) raw: Box<str>,
    pub(super) find: T,
}

/// What a term asks.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Text(Written<Needle>),
    Output(Vec<Written<Needle>>),
    State(Vec<StateWord>),
    Judged(Vec<StateWord>),
    /// `host`, `check`, `kind`, `group`, `site`, `by`.
    Name(Key, Vec<Written<Glob>>),
    /// A label, and one of these values when there are any.
    Tag(Written<String>, Vec<Written<Glob>>),
    Is(Vec<Flag>),
    Since(Span),
    Before(Span),
    /// Its acknowledgement ends within this time.
    Ends(Span),
}

impl Term {
    /// True for tests that cost next to nothing; they are made first.
    pub(super) const fn is_cheap(&self) -> bool {
        matches!(self.test, Test::State(_) | Test::Judged(_) | Test::Since(_) | Test::Before(_))
    }

    pub(super) fn holds<F: Facts + ?Sized>(&self, row: &F, asker: Asker<'_>) -> bool {
        self.test.holds(row, asker) != self.negated
    }
}

impl Test {
    /// True when the answer is the same for all rows of a host.
    pub(super) const fn is_of_host(&self) -> bool {
        matches!(self, Self::Tag(..) | Self::Name(Key::Host | Key::Group | Key::Site, _))
    }

    /// What the row's host alone answers; `None` when it has no part in the answer. For a text
    /// `false` is not the last word: the row's own texts may have it.
    pub(super) fn holds_on_host<F: Facts + ?Sized>(&self, row: &F) -> Option<bool> {
        match self {
            Self::Text(text) => Some(row.any_host_text(&mut |have| text.find.is_in(have))),
            _ => None,
        }
    }

    /// For a text, whether the row itself has it, its host aside.
    pub(super) fn holds_on_row<F: Facts + ?Sized>(&self, row: &F) -> Option<bool> {
        match self {
            Self::Text(text) => Some(on_row(&text.find, row)),
            _ => None,
        }
    }

    fn holds<F: Facts + ?Sized>(&self, row: &F, asker: Asker<'_>) -> bool {
        match self {
            Self::Text(text) => {
                row.any_host_text(&mut |have| text.find.is_in(have)) || on_row(&text.find, row)
            }
            Self::Output(texts) => texts.iter().any(|text| text.find.is_in(row.output())),
            Self::State(words) => words.iter().any(|word| word.means(row.shown())),
            Self::Judged(words) => words.iter().any(|word| word.means_judged(row.judged())),
            Self::Name(key, globs) => {
                let mut one = |name: &str| globs.iter().any(|glob| glob.find.matches(name));
                match key {
                    Key::Host => one(row.host()),
                    Key::Check => row.any_check(&mut |name, _| one(name)),
                    Key::Kind => {
                        row.any_check(&mut |_, kind| kind.is_some_and(|kind| one(kind.word())))
                    }
                    Key::Group => row.groups().iter().any(|group| one(group)),
                    Key::Site => row.site().is_some_and(one),
                    Key::By => row.any_ack(&mut one),
                    _ => false,
                }
            }
            Self::Tag(key, values) => row.label(&key.find).is_some_and(|have| {
                values.is_empty() || values.iter().any(|value| value.find.matches(have))
            }),
            Self::Is(flags) => flags.iter().any(|flag| is(row, *flag, asker)),
            Self::Since(span) => row.since().is_some_and(|since| asker.now.since(since) <= *span),
            Self::Before(span) => row.since().is_some_and(|since| asker.now.since(since) > *span),
            Self::Ends(span) => row.ack_ends().is_some_and(|end| end <= asker.now + *span),
        }
    }
}

/// A word is in one of the row's texts, or begins the word of its state.
fn on_row<F: Facts + ?Sized>(needle: &Needle, row: &F) -> bool {
    row.any_own_text(&mut |have| needle.is_in(have)) || needle.begins(row.shown().word())
}

fn is<F: Facts + ?Sized>(row: &F, flag: Flag, asker: Asker<'_>) -> bool {
    match flag {
        Flag::Acked => row.is_acked(),
        Flag::Unhandled => row.is_unhandled(),
        Flag::Pending => row.phase() == Some(Phase::Pending),
        Flag::Firing => row.phase() == Some(Phase::Firing),
        Flag::Stale => row.is_stale(),
        Flag::Flapping => row.is_flapping(),
        Flag::Explained => row.is_explained(),
        Flag::Snoozed => row.is_snoozed(),
        Flag::Mine => !asker.me.is_empty() && row.any_ack(&mut |who| who == asker.me),
        Flag::Window => row.in_window(),
        Flag::Disabled => row.is_disabled(),
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("!")?;
        }
        match &self.test {
            Test::Text(text) => f.write_str(&text.raw),
            Test::Output(texts) => list(f, Key::Output, texts.iter().map(|text| &*text.raw)),
            Test::State(words) => list(f, Key::State, words.iter().map(|word| word.short())),
            Test::Judged(words) => list(f, Key::Judged, words.iter().map(|word| word.short())),
            Test::Name(key, globs) => list(f, *key, globs.iter().map(|glob| &*glob.raw)),
            Test::Tag(key, values) => {
                write!(f, "{}:{}", Key::Tag.word(), key.raw)?;
                if !values.is_empty() {
                    f.write_str("=")?;
                }
                commas(f, values.iter().map(|value| &*value.raw))
            }
            Test::Is(flags) => match flags.as_slice() {
                [one] => f.write_str(one.word()),
                _ => list(f, Key::Is, flags.iter().map(|flag| flag.word())),
            },
            Test::Since(span) => write!(f, "{}:{span}", Key::Since.word()),
            Test::Before(span) => write!(f, "{}:{span}", Key::Before.word()),
            Test::Ends(span) => write!(f, "{}:{span}", Key::Ends.word()),
        }
    }
}

fn list<'a>(
    f: &mut fmt::Formatter<'_>,
    key: Key,
    values: impl Iterator<Item = &'a str>,
) -> fmt::Result {
    write!(f, "{}:", key.word())?;
    commas(f, values)
}

fn commas<'a>(f: &mut fmt::Formatter<'_>, values: impl Iterator<Item = &'a str>) -> fmt::Result {
    for (at, value) in values.enumerate() {
        if at > 0 {
            f.write_str(",")?;
        }
        f.write_str(value)?;
    }
    Ok(())
}
