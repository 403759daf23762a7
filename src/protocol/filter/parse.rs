//! From words to terms, with every mistake located.

use std::ops::Range;

use super::error::{FilterError, quoted};
use super::lex::Piece;
use super::search::{Glob, Needle};
use super::term::{Term, Test, Written};
use super::words::{Flag, Key, StateWord, nearest};
use crate::model::{Kind, Span};

type Parsed<T> = Result<T, FilterError>;

/// Reads one word. An `open` word is still being typed: its last quote may be open, its last value
/// may be missing, and a glob at its end stands for all that begins so.
pub(super) fn term(word: Piece<'_>, open: bool) -> Parsed<Term> {
    let (negated, body) = match word.raw.strip_prefix('!') {
        Some(_) => (true, word.after(1)),
        None => (false, word),
    };
    if body.raw.is_empty() {
        let mend = "write the term that must not hold behind it, such as !acked";
        return Err(FilterError::new(word.span(), "nothing stands behind `!`", mend));
    }
    if body.is_open() && !open {
        let at = body.at + body.raw.rfind('"').unwrap_or(0);
        let what = "the quote is not closed";
        return Err(FilterError::new(at..body.span().end, what, "write `\"` behind the text"));
    }
    let reader = Reader { open, grows: open && !negated };
    let test = match body.key() {
        Some((key, value)) => reader.keyed(key, value)?,
        None => match Flag::of(body.raw) {
            Some(flag) => Test::Is(vec![flag]),
            None => Reader::text(body)?,
        },
    };
    Ok(Term { negated, test })
}

/// True when an open word can still become a key or a flag, and says nothing yet.
pub(super) fn is_undecided(word: Piece<'_>) -> bool {
    let body = word.raw.strip_prefix('!').unwrap_or(word.raw);
    if body.is_empty() {
        return false;
    }
    let starts =
        |whole: &str| whole.get(..body.len()).is_some_and(|start| start.eq_ignore_ascii_case(body));
    Flag::of(body).is_none()
        && (Key::ALL.iter().any(|key| starts(key.word()))
            || Flag::ALL.iter().any(|flag| starts(flag.word())))
}

struct Reader {
    /// The word is still being typed.
    open: bool,
    /// The last glob of it takes all that begins so.
    grows: bool,
}

impl Reader {
    fn text(piece: Piece<'_>) -> Parsed<Test> {
        let text = piece.text();
        if text.is_empty() {
            return Err(FilterError::new(
                piece.span(),
                "the quotes are empty",
                "write a text in them",
            ));
        }
        Ok(Test::Text(written(piece, Needle::new(&text))))
    }

    fn keyed(&self, name: Piece<'_>, value: Piece<'_>) -> Parsed<Test> {
        let span = name.at..value.at;
        let Some(key) = Key::of(name.raw) else {
            let keys = Key::ALL.iter().map(|key| key.word());
            let mend = match nearest(name.raw, keys.clone()) {
                Some(near) => format!("did you mean `{near}:`? For the text write it in quotes"),
                None => format!(
                    "the keys are {}; for the text write it in quotes",
                    keys.collect::<Vec<_>>().join(" ")
                ),
            };
            return Err(FilterError::new(span, format!("{} is no key", quoted(name.raw)), mend));
        };
        if value.raw.is_empty() {
            let what = format!("`{}:` needs a value", key.word());
            return Err(FilterError::new(span, what, format!("write it as {}", key.example())));
        }
        match key {
            Key::State => Ok(Test::State(self.each(key, value, state)?)),
            Key::Judged => Ok(Test::Judged(self.each(key, value, state)?)),
            Key::Is => Ok(Test::Is(self.each(key, value, flag)?)),
            Key::Output => {
                let needle = |piece: Piece<'_>| Ok(written(piece, Needle::new(&piece.text())));
                Ok(Test::Output(self.each(key, value, needle)?))
            }
            Key::Host | Key::Check | Key::Kind | Key::Group | Key::Site | Key::By => {
                Ok(Test::Name(key, self.globs(key, value)?))
            }
            Key::Tag => self.tag(value),
            Key::Since => Ok(Test::Since(span_of(value, key.example())?)),
            Key::Before => Ok(Test::Before(span_of(value, key.example())?)),
            Key::Ends => Ok(Test::Ends(span_of(value, key.example())?)),
            Key::Age => age(value),
        }
    }

    fn tag(&self, value: Piece<'_>) -> Parsed<Test> {
        let (name, values) = match value.split_once('=') {
            Some((name, values)) => (name, Some(values)),
            None => (value, None),
        };
        let text = name.text();
        if text.is_empty() {
            let mend = format!("write it as {}", Key::Tag.example());
            return Err(FilterError::new(value.span(), "the label has no name", mend));
        }
        let values = match values {
            None => Vec::new(),
            Some(values) if values.raw.is_empty() && self.open => Vec::new(),
            Some(values) if values.raw.is_empty() => {
                let mend = format!("write it as {}, or tag:NAME", Key::Tag.example());
                return Err(FilterError::new(value.span(), "the label's value is empty", mend));
            }
            Some(values) => self.globs(Key::Tag, values)?,
        };
        Ok(Test::Tag(written(name, text), values))
    }

    /// The values of a list, each read by `read`; in an open word the last may be missing.
    fn each<'a, T>(
        &self,
        key: Key,
        value: Piece<'a>,
        read: impl Fn(Piece<'a>) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        let globs = !matches!(key, Key::Output);
        let mut pieces = value.list(globs);
        if self.open && pieces.len() > 1 && pieces.last().is_some_and(|last| last.raw.is_empty()) {
            pieces.pop();
        }
        let read = |piece: Piece<'a>| {
            if piece.text().is_empty() {
                let what = format!("a value of `{}:` is empty", key.word());
                return Err(FilterError::new(
                    widened(piece, value),
                    what,
                    format!("write it as {}", key.example()),
                ));
            }
            read(piece)
        };
        pieces.into_iter().map(read).collect()
    }

    fn globs(&self, key: Key, value: Piece<'_>) -> Parsed<Vec<Written<Glob>>> {
        let end = value.span().end;
        self.each(key, value, |piece| {
            let mut written = written(piece, ());
            let mut pattern = piece.glob();
            if self.grows && piece.span().end == end && !pattern.ends_with('*') {
                pattern.push('*');
                written.raw = format!("{}*", written.raw).into();
            }
            let find = Glob::new(&pattern).map_err(|why| {
                let what = format!("{} is not a pattern: {why}", quoted(piece.raw));
                let mend = "`*` stands for any text, quotes make a sign stand for itself";
                FilterError::new(piece.span(), what, mend)
            })?;
            if key == Key::Kind && !Kind::ALL.iter().any(|kind| find.matches(kind.word())) {
                return Err(unknown(piece, "kind of check", Kind::ALL.iter().map(|k| k.word())));
            }
            Ok(Written { raw: written.raw, find })
        })
    }
}

/// A value with how it is written.
fn written<T>(piece: Piece<'_>, find: T) -> Written<T> {
    Written { raw: piece.closed().into(), find }
}

/// The piece, or what is around it when it is empty, so that a mark can be seen.
fn widened(piece: Piece<'_>, value: Piece<'_>) -> Range<usize> {
    if piece.raw.is_empty() { value.span() } else { piece.span() }
}

fn state(piece: Piece<'_>) -> Parsed<StateWord> {
    StateWord::beginning(&piece.text())
        .ok_or_else(|| unknown(piece, "state", StateWord::ALL.iter().map(|word| word.short())))
}

fn flag(piece: Piece<'_>) -> Parsed<Flag> {
    Flag::of(&piece.text())
        .ok_or_else(|| unknown(piece, "flag", Flag::ALL.iter().map(|flag| flag.word())))
}

fn unknown<'a>(
    piece: Piece<'_>,
    noun: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> FilterError {
    let all = known.clone().collect::<Vec<_>>().join(", ");
    let mend = match nearest(&piece.text(), known) {
        Some(near) => format!("did you mean `{near}`? There are {all}"),
        None => format!("there are {all}"),
    };
    FilterError::new(piece.span(), format!("{} is no {noun}", quoted(piece.raw)), mend)
}

fn span_of(piece: Piece<'_>, example: &str) -> Parsed<Span> {
    piece.text().parse().map_err(|_| {
        let what = format!("{} is not a length of time", quoted(piece.raw));
        FilterError::new(piece.span(), what, format!("write it as {example}, with s, m, h or d"))
    })
}

fn age(value: Piece<'_>) -> Parsed<Test> {
    // An empty length is marked together with its sign.
    let read = |example| {
        span_of(value.after(1), example)
            .map_err(|error| FilterError { span: value.span(), ..error })
    };
    if value.raw.starts_with('>') {
        Ok(Test::Before(read(Key::Age.example())?))
    } else if value.raw.starts_with('<') {
        Ok(Test::Since(read("age:<2h")?))
    } else {
        let what = "`age:` needs `>` or `<`";
        let mend = "write age:>2h for older, age:<2h for younger";
        Err(FilterError::new(value.span(), what, mend))
    }
}
