//! What is wrong with a configuration: all of it at once, each with its place and the mend.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

/// Most problems that are kept; what comes beyond is counted.
pub const PROBLEM_LIMIT: usize = 200;

/// Longest word that is compared with the allowed ones, in bytes.
const WORD_LIMIT: usize = 64;

/// Where in a file: line and column from 1, columns counted in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// Line, from 1; 0 when the problem has no place in a file.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

/// One thing that is wrong, or that an operator should know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file as it was named, `environment` or `command line`.
    pub source: String,
    /// Where in it.
    pub place: Place,
    /// What is wrong, what is allowed, and the mend.
    pub message: String,
}

impl Problem {
    /// A problem without a place in a file.
    #[must_use]
    pub fn of(source: &str, message: impl Into<String>) -> Self {
        Self { source: source.to_owned(), place: Place::default(), message: message.into() }
    }
}

impl fmt::Display for Problem {
    /// `config.toml:12:3: message`; the message is made safe for a terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = crate::model::SafeText::line(&self.message);
        let source = crate::model::SafeText::line(&self.source);
        match self.place {
            Place { line: 0, .. } => write!(f, "{source}: {message}"),
            Place { line, column } => write!(f, "{source}:{line}:{column}: {message}"),
        }
    }
}

/// Everything that is wrong; one line each. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems {
    /// The problems, in the order of the file.
    pub list: Vec<Problem>,
    /// How many more there were than are listed.
    pub omitted: usize,
}

impl Problems {
    /// Exactly one problem, without a place.
    #[must_use]
    pub fn one(source: &str, message: impl Into<String>) -> Self {
        Self { list: vec![Problem::of(source, message)], omitted: 0 }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.list.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        if self.omitted > 0 {
            write!(f, "\nand {} more problems; mend these first", self.omitted)?;
        }
        Ok(())
    }
}

/// A text with its name: turns byte positions into places.
#[derive(Debug)]
pub(super) struct Text<'a> {
    /// The file as it is named in messages.
    pub name: String,
    whole: &'a str,
    starts: Vec<usize>,
}

impl<'a> Text<'a> {
    pub fn new(name: &str, text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        Self { name: name.to_owned(), whole: text, starts }
    }

    pub fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at)
    }

    pub fn place(&self, at: usize) -> Place {
        let line = self.line(at);
        let start = line.checked_sub(1).and_then(|n| self.starts.get(n)).copied().unwrap_or(0);
        let before = self.whole.get(start..at.min(self.whole.len())).unwrap_or_default();
        Place { line, column: before.chars().count() + 1 }
    }

    /// File and line of a byte position.
    pub fn origin(&self, at: usize) -> String {
        format!("{}:{}", self.name, self.line(at))
    }

    /// The byte position of a place.
    pub fn position(&self, place: Place) -> usize {
        let start = place.line.checked_sub(1).and_then(|n| self.starts.get(n)).copied();
        let start = start.unwrap_or(self.whole.len());
        let rest = self.whole.get(start..).unwrap_or_default();
        let column = place.column.saturating_sub(1);
        start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
    }

    /// The last line of the entry whose header is at `at`.
    pub fn last_line_of_entry(&self, at: usize) -> usize {
        let line = self.line(at);
        let following = self.starts.get(line..).unwrap_or_default();
        let header = following.iter().position(|start| {
            let rest = self.whole.get(*start..).unwrap_or_default();
            rest.trim_start_matches([' ', '\t']).starts_with('[')
        });
        header.map_or(self.starts.len(), |lines| line + lines)
    }
}

/// Collects problems and warnings while a text is read.
#[derive(Debug)]
pub(super) struct Sink<'a> {
    pub text: Text<'a>,
    problems: RefCell<Vec<Problem>>,
    omitted: std::cell::Cell<usize>,
    warnings: RefCell<Vec<Problem>>,
    /// Lines that are no TOML: what they broke is not complained about twice.
    broken: RefCell<BTreeSet<usize>>,
}

impl<'a> Sink<'a> {
    pub fn new(name: &str, text: &'a str) -> Self {
        Self {
            text: Text::new(name, text),
            problems: RefCell::default(),
            omitted: std::cell::Cell::new(0),
            warnings: RefCell::default(),
            broken: RefCell::default(),
        }
    }

    /// Something is wrong at a span.
    pub fn wrong(&self, span: &Range<usize>, message: impl Into<String>) {
        if !self.broken.borrow().contains(&self.text.line(span.start)) {
            self.at(span.start, message.into());
        }
    }

    /// Something is missing in the entry whose header is at `span`.
    pub fn missing(&self, span: &Range<usize>, message: impl Into<String>) {
        let lines = self.text.line(span.start)..=self.text.last_line_of_entry(span.start);
        if self.broken.borrow().range(lines).next().is_none() {
            self.wrong(span, message);
        }
    }

    /// The text is no TOML at a position.
    pub fn syntax(&self, at: usize, message: &str) {
        // One mistake often makes the parser stumble several times on its line.
        if self.broken.borrow_mut().insert(self.text.line(at)) {
            self.at(at, message.to_owned());
        }
    }

    fn at(&self, at: usize, message: String) {
        // Finding the column of a problem that nobody will see could take long.
        let full = self.problems.borrow().len() >= PROBLEM_LIMIT;
        let place = if full { Place::default() } else { self.text.place(at) };
        self.push(Problem { source: self.text.name.clone(), place, message });
    }

    /// Something of another file that works but should be known.
    pub fn warning(&self, warning: Problem) {
        let mut warnings = self.warnings.borrow_mut();
        if warnings.len() < PROBLEM_LIMIT {
            warnings.push(warning);
        }
    }

    /// Something that works but should be known.
    pub fn warn(&self, span: &Range<usize>, message: impl Into<String>) {
        let mut warnings = self.warnings.borrow_mut();
        if warnings.len() < PROBLEM_LIMIT {
            warnings.push(Problem {
                source: self.text.name.clone(),
                place: self.text.place(span.start),
                message: message.into(),
            });
        }
    }

    pub fn push(&self, problem: Problem) {
        let mut problems = self.problems.borrow_mut();
        if problems.len() < PROBLEM_LIMIT {
            problems.push(problem);
        } else {
            self.omitted.set(self.omitted.get() + 1);
        }
    }

    /// Everything that is wrong so far, and how much more there was.
    pub fn into_problems(self) -> (Vec<Problem>, usize) {
        (self.problems.into_inner(), self.omitted.get())
    }

    /// The warnings, or everything that is wrong.
    pub fn finish(self) -> Result<Vec<Problem>, Problems> {
        let mut list = self.problems.into_inner();
        if list.is_empty() {
            return Ok(self.warnings.into_inner());
        }
        list.sort();
        list.dedup();
        Err(Problems { list, omitted: self.omitted.get() })
    }
}

/// The place of a byte position in a text.
#[must_use]
pub fn place(text: &str, at: usize) -> Place {
    Text::new("", text).place(at)
}

/// The known word that was probably meant.
#[must_use]
pub fn nearest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The distance takes time and memory by the product of both lengths.
    words
        .into_iter()
        .filter(|_| word.len() <= WORD_LIMIT)
        .map(|known| (strsim::damerau_levenshtein(word, known), known))
        .filter(|(distance, known)| *distance <= (known.chars().count() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// `; did you mean ...` when one of the allowed words is near, and the allowed words.
pub(super) fn allowed(word: &str, words: &[&str]) -> String {
    let near = nearest(word, words.iter().copied());
    let hint = near.map_or(String::new(), |known| format!("; did you mean `{known}`?"));
    format!("{hint}; allowed: {}", words.join(", ")).replace("?;", "?")
}
