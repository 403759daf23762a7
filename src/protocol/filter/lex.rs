//! Cutting a filter into words, and words into values; all pieces know where they stand.

use std::ops::Range;

/// A piece of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// As it is written.
    pub raw: &'a str,
    /// Its first byte in the whole text.
    pub at: usize,
}

impl Piece<'_> {
    /// The bytes it takes.
    #[must_use]
    pub const fn span(&self) -> Range<usize> {
        self.at..self.at + self.raw.len()
    }

    /// What follows its first `bytes`; nothing when that is within a character.
    #[must_use]
    pub fn after(&self, bytes: usize) -> Self {
        let raw = self.raw.get(bytes..).unwrap_or("");
        Self { raw, at: self.at + self.raw.len() - raw.len() }
    }

    /// Before and after the first `mark` outside quotes.
    #[must_use]
    pub fn split_once(&self, mark: char) -> Option<(Self, Self)> {
        let (at, _) = letters(self.raw).find(|(_, letter)| *letter == Letter::Plain(mark))?;
        let before = Self { raw: self.raw.get(..at)?, at: self.at };
        Some((before, self.after(at + mark.len_utf8())))
    }

    /// The key before the first `:`, when there is one, with the rest behind the `:`.
    #[must_use]
    pub fn key(&self) -> Option<(Self, Self)> {
        let end = self.raw.find(|c: char| !c.is_ascii_alphabetic())?;
        let rest = self.raw.get(end..)?;
        (end > 0 && rest.starts_with(':')).then(|| {
            (Self { raw: self.raw.get(..end).unwrap_or(""), at: self.at }, self.after(end + 1))
        })
    }

    /// True when its last quote is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let mut open = false;
        for (_, letter) in letters(self.raw) {
            if letter == Letter::Quote {
                open = !open;
            }
        }
        open
    }

    /// As it is written, with its last quote closed; reads as the same again.
    #[must_use]
    pub fn closed(&self) -> String {
        let mut written = String::with_capacity(self.raw.len() + 1);
        for (_, letter) in letters(self.raw) {
            match letter {
                Letter::Quote => written.push('"'),
                Letter::Plain(c) => written.push(c),
                Letter::Quoted(c) => {
                    if matches!(c, '"' | '\\') {
                        written.push('\\');
                    }
                    written.push(c);
                }
            }
        }
        if self.is_open() {
            written.push('"');
        }
        written
    }

    /// What is meant: without quotes and the backslashes in them.
    #[must_use]
    pub fn text(&self) -> String {
        let texts = letters(self.raw).filter_map(|(_, letter)| match letter {
            Letter::Plain(c) | Letter::Quoted(c) => Some(c),
            Letter::Quote => None,
        });
        texts.collect()
    }

    /// As a glob: what is in quotes stands for itself.
    #[must_use]
    pub fn glob(&self) -> String {
        let mut glob = String::with_capacity(self.raw.len());
        for (_, letter) in letters(self.raw) {
            match letter {
                Letter::Quote => {}
                Letter::Plain(c) => glob.push(c),
                Letter::Quoted(c) => {
                    if "*?[]{}\\,!".contains(c) {
                        glob.push('\\');
                    }
                    glob.push(c);
                }
            }
        }
        glob
    }

    /// The values of a comma list. With `globs` a comma in braces or brackets does not part.
    #[must_use]
    pub fn list(&self, globs: bool) -> Vec<Self> {
        let mut values = Vec::new();
        let (mut from, mut depth) = (0, 0_usize);
        for (at, letter) in letters(self.raw) {
            match letter {
                Letter::Plain('{' | '[') if globs => depth += 1,
                Letter::Plain('}' | ']') if globs => depth = depth.saturating_sub(1),
                Letter::Plain(',') if depth == 0 => {
                    let raw = self.raw.get(from..at).unwrap_or("");
                    values.push(Self { raw, at: self.at + from });
                    from = at + 1;
                }
                _ => {}
            }
        }
        values.push(self.after(from));
        values
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Letter {
    Plain(char),
    Quoted(char),
    Quote,
}

/// The letters of a text and whether they are in quotes. In quotes `\"` and `\\` stand for `"`
/// and `\`.
fn letters(text: &str) -> impl Iterator<Item = (usize, Letter)> + '_ {
    let mut inside = false;
    let mut rest = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let (at, c) = rest.next()?;
        let letter = match c {
            '"' => {
                inside = !inside;
                Letter::Quote
            }
            '\\' if inside => match rest.next_if(|(_, c)| matches!(c, '"' | '\\')) {
                Some((_, escaped)) => Letter::Quoted(escaped),
                None => Letter::Quoted('\\'),
            },
            c if inside => Letter::Quoted(c),
            c => Letter::Plain(c),
        };
        Some((at, letter))
    })
}

/// The words of a text, parted by blanks outside quotes.
#[must_use]
pub fn words(text: &str) -> Vec<Piece<'_>> {
    let mut words = Vec::new();
    let mut from = None;
    let mut push = |from: usize, to: usize| {
        if let Some(raw) = text.get(from..to) {
            words.push(Piece { raw, at: from });
        }
    };
    for (at, letter) in letters(text) {
        match (letter, from) {
            (Letter::Plain(c), Some(start)) if c.is_whitespace() => {
                push(start, at);
                from = None;
            }
            (Letter::Plain(c), None) if c.is_whitespace() => {}
            (_, None) => from = Some(at),
            _ => {}
        }
    }
    if let Some(start) = from {
        push(start, text.len());
    }
    words
}
