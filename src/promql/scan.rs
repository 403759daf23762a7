//! A look at the text before it is parsed: bounds, and what is refused with its place.
//!
//! The parser knows no places and builds its tree without bounds: a chain of a thousand operators
//! or a pattern of gigabytes would be built before anyone could refuse it. So the words are counted
//! here first, and what is not supported is named where it stands.

use super::error::{Position, Refused};
use super::function::Function;
use super::pattern;
use super::syntax::Edition;

/// Bytes of an expression.
const BYTES: usize = 16 * 1024;
/// Words of an expression.
const WORDS: usize = 4_000;
/// Brackets within brackets.
const NESTED: usize = 48;
/// Operators: a chain of them is as deep as it is long.
const OPERATORS: usize = 128;
/// Patterns of matchers.
const PATTERNS: usize = 64;

/// Words that an expression is written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Name,
    Number,
    Duration,
    Text,
    Sign,
}

/// What may stand next in an orderly expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Operand,
    Operator,
    Any,
}

/// A word and where it stands, in bytes.
#[derive(Clone, Copy, Debug)]
struct Token<'a> {
    word: Word,
    text: &'a str,
    at: usize,
    in_braces: bool,
    in_brackets: bool,
}

/// A text that is within the bounds and has nothing that is known not to be supported.
#[derive(Debug)]
pub struct Scanned<'a> {
    text: &'a str,
    tokens: Vec<Token<'a>>,
}

/// Words with a meaning before `(` that are no functions.
const KEYWORDS: &[&str] = &[
    "sum",
    "min",
    "max",
    "avg",
    "count",
    "stddev",
    "stdvar",
    "topk",
    "bottomk",
    "quantile",
    "count_values",
    "group",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "bool",
    "and",
    "or",
    "unless",
    "atan2",
    "offset",
    "nan",
    "inf",
];

/// Words of newer versions that change what an expression means.
const NEWER: &[&str] = &["fill", "fill_left", "fill_right", "limitk", "limit_ratio"];

/// Looks at a text.
///
/// # Errors
/// What goes beyond the bounds or is not supported.
pub fn scan(text: &str) -> Result<Scanned<'_>, Refused> {
    if text.len() > BYTES {
        return Err(Refused::new(format!("an expression has at most {BYTES} bytes")));
    }
    let scanned = Scanned { text, tokens: tokens(text) };
    scanned.check_bounds()?;
    scanned.check_words()?;
    Ok(scanned)
}

impl Scanned<'_> {
    fn refuse(&self, at: usize, message: impl Into<String>) -> Refused {
        let before = self.text.get(..at).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Refused { message: message.into(), position: Some(Position { line, column }) }
    }

    /// Gives a refusal of the parser the place of the word it names, when that is the only one.
    pub fn place(&self, said: &str) -> Refused {
        if said == "invalid promql query" {
            return self.disorder().unwrap_or_else(|| Refused::new("no valid expression"));
        }
        let named = said.split('\'').nth(1).unwrap_or_default();
        let mut places = self.tokens.iter().filter(|token| token.text == named);
        match (places.next(), places.next()) {
            (Some(token), None) => self.refuse(token.at, said),
            _ => Refused::new(said),
        }
    }

    fn check_bounds(&self) -> Result<(), Refused> {
        let mut depth = 0_usize;
        let (mut operators, mut patterns) = (0, 0);
        for (index, token) in self.tokens.iter().enumerate() {
            let over = |what: &str, most: usize| {
                let message = format!("an expression has at most {most} {what}");
                Err(self.refuse(token.at, message))
            };
            if index >= WORDS {
                return over("words", WORDS);
            }
            match token.text {
                "(" | "[" | "{" if token.word == Word::Sign => depth += 1,
                ")" | "]" | "}" if token.word == Word::Sign => depth = depth.saturating_sub(1),
                "=~" | "!~" => patterns += 1,
                _ if token.is_operator() => operators += 1,
                _ => {}
            }
            // A bracket of a range or a subquery nests what stands before it.
            operators += usize::from(token.text == "[" && token.word == Word::Sign);
            if depth > NESTED {
                return over("brackets within brackets", NESTED);
            }
            if operators > OPERATORS {
                return over("operators", OPERATORS);
            }
            if patterns > PATTERNS {
                return over("patterns", PATTERNS);
            }
        }
        Ok(())
    }

    fn check_words(&self) -> Result<(), Refused> {
        let mut before: Option<&Token<'_>> = None;
        for (index, token) in self.tokens.iter().enumerate() {
            let next = self.tokens.get(index + 1).map_or("", |next| next.text);
            match token.word {
                Word::Name if token.in_braces => self.check_in_braces(token, next)?,
                Word::Name if next == "(" => self.check_called(token, before)?,
                Word::Number | Word::Duration => self.check_duration(index, token)?,
                Word::Name if is_number_name(token.text) => self.check_duration(index, token)?,
                Word::Text if before.is_some_and(|b| matches!(b.text, "=~" | "!~")) => {
                    self.check_pattern(token)?;
                }
                _ => {}
            }
            before = Some(token);
        }
        Ok(())
    }

    fn check_in_braces(&self, token: &Token<'_>, next: &str) -> Result<(), Refused> {
        let is_word =
            token.text.eq_ignore_ascii_case("or") && !matches!(next, "=" | "!=" | "=~" | "!~");
        if is_word {
            return Err(self.refuse(token.at, "`or` between matchers is not supported"));
        }
        Ok(())
    }

    fn check_called(&self, token: &Token<'_>, before: Option<&Token<'_>>) -> Result<(), Refused> {
        let name = token.text;
        let lower = name.to_ascii_lowercase();
        let follows_at = before.is_some_and(|before| before.text == "@");
        if follows_at && (lower == "start" || lower == "end") {
            return Ok(());
        }
        if NEWER.contains(&lower.as_str()) {
            return Err(self.refuse(token.at, format!("`{lower}` is not supported")));
        }
        if KEYWORDS.contains(&lower.as_str()) || Function::named(name).is_some() {
            return Ok(());
        }
        let message = if Function::is_other(name) {
            format!("function `{name}` is not supported")
        } else {
            format!("unknown function with name \"{name}\"")
        };
        Err(self.refuse(token.at, message))
    }

    /// A duration has units and no point, and stands where one belongs: newer versions take one for
    /// the other, and the parser does not notice what does not fit.
    fn check_duration(&self, index: usize, token: &Token<'_>) -> Result<(), Refused> {
        let back = |steps: usize| index.checked_sub(steps).and_then(|at| self.tokens.get(at));
        let is = |token: Option<&Token<'_>>, text: &str| {
            token.is_some_and(|token| token.text.eq_ignore_ascii_case(text))
        };
        let signed = is(back(1), "-") || is(back(1), "+");
        let after_offset = is(back(1), "offset") || signed && is(back(2), "offset");
        let belongs = token.in_brackets || after_offset;
        match token.word {
            Word::Number | Word::Name if belongs => {
                Err(self.refuse(token.at, "a duration needs a unit, as in 300s or 5m"))
            }
            Word::Duration if !belongs => {
                Err(self
                    .refuse(token.at, format!("a duration where a number belongs: {}", token.text)))
            }
            Word::Duration => match super::lower::duration(token.text) {
                Some(_) => Ok(()),
                None => {
                    Err(self
                        .refuse(token.at, format!("not a valid duration string: {:?}", token.text)))
                }
            },
            _ => Ok(()),
        }
    }

    fn check_pattern(&self, token: &Token<'_>) -> Result<(), Refused> {
        // The parser refuses such an escape, but what takes the quotes away would panic before.
        let mut letters = token.text.chars();
        while let Some(letter) = letters.next() {
            if letter == '\\' && letters.next().is_none_or(|escaped| !escaped.is_ascii()) {
                return Ok(());
            }
        }
        let Ok(text) = promql_parser::util::unquote_string(token.text) else { return Ok(()) };
        match pattern::anchored(&text, Edition::Two) {
            Ok(_) => Ok(()),
            Err(why) => Err(self.refuse(token.at, format!("the pattern {text:?}: {why}"))),
        }
    }

    /// The first place where two words cannot follow each other: two operands, or an operator where
    /// an operand belongs. What may follow a closing bracket or a keyword is left open.
    fn disorder(&self) -> Option<Refused> {
        let mut wanted = Wanted::Operand;
        for token in self.tokens.iter().filter(|token| !token.in_braces && !token.in_brackets) {
            let is_sign = token.word == Word::Sign;
            let is_unary = matches!(token.text, "+" | "-");
            let next = match token.text {
                _ if token.is_operator() => {
                    if wanted == Wanted::Operand && !is_unary {
                        return Some(self.unexpected(token));
                    }
                    Wanted::Operand
                }
                "(" if is_sign => Wanted::Any,
                "," if is_sign => Wanted::Operand,
                _ if is_sign || token.word == Word::Name && is_keyword(token.text) => Wanted::Any,
                _ if wanted == Wanted::Operator => return Some(self.unexpected(token)),
                _ => Wanted::Operator,
            };
            wanted = next;
        }
        let is_unfinished = wanted == Wanted::Operand;
        is_unfinished.then(|| self.refuse(self.text.len(), "unexpected end of input"))
    }

    fn unexpected(&self, token: &Token<'_>) -> Refused {
        self.refuse(token.at, format!("unexpected \"{}\"", token.text))
    }
}

fn is_number_name(text: &str) -> bool {
    text.eq_ignore_ascii_case("nan") || text.eq_ignore_ascii_case("inf")
}

fn is_keyword(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    !is_number_name(text)
        && (KEYWORDS.contains(&lower.as_str()) || matches!(lower.as_str(), "start" | "end"))
}

impl Token<'_> {
    fn is_operator(&self) -> bool {
        if self.in_braces || self.in_brackets {
            return false;
        }
        match self.word {
            Word::Sign => matches!(
                self.text,
                "+" | "-" | "*" | "/" | "%" | "^" | "==" | "!=" | ">" | "<" | ">=" | "<="
            ),
            Word::Name => {
                let lower = self.text.to_ascii_lowercase();
                matches!(lower.as_str(), "and" | "or" | "unless" | "atan2")
            }
            _ => false,
        }
    }
}

/// The words of a text, without spaces and comments. What belongs to no word is one of its own:
/// the parser will say so.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let (mut in_braces, mut in_brackets) = (false, false);
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.chars().next().unwrap_or_default();
        if first.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        if first == '#' {
            at += rest.find(['\n', '\r']).unwrap_or(rest.len());
            continue;
        }
        let (word, length) = measure(rest, first, !in_braces && !in_brackets);
        let word_text = rest.get(..length).unwrap_or(rest);
        match word_text {
            "}" => in_braces = false,
            "]" => in_brackets = false,
            _ => {}
        }
        found.push(Token { word, text: word_text, at, in_braces, in_brackets });
        match word_text {
            "{" => in_braces = true,
            "[" => in_brackets = true,
            _ => {}
        }
        at += length.max(1);
    }
    found
}

/// What kind of word begins here, and how many bytes it has.
fn measure(rest: &str, first: char, may_have_colon: bool) -> (Word, usize) {
    let run = |text: &str, inside: fn(char) -> bool| {
        text.find(|c: char| !inside(c)).unwrap_or(text.len())
    };
    if first.is_ascii_alphabetic() || first == '_' || first == ':' && may_have_colon {
        return (Word::Name, run(rest, |c| c.is_ascii_alphanumeric() || c == '_' || c == ':'));
    }
    if matches!(first, '"' | '\'' | '`') {
        return (Word::Text, quoted(rest, first));
    }
    let second = rest.chars().nth(1).unwrap_or_default();
    if first.is_ascii_digit() || first == '.' && second.is_ascii_digit() {
        return number(rest);
    }
    let two = match first {
        '=' | '!' => matches!(second, '=' | '~'),
        '<' | '>' => second == '=',
        _ => false,
    };
    (Word::Sign, if two { 2 } else { first.len_utf8() })
}

/// The length of a text in quotes, whether it ends or not.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' && quote != '`' {
            escaped = true;
        } else if c == quote {
            return at + 1;
        }
    }
    rest.len()
}

/// A number or a duration.
fn number(rest: &str) -> (Word, usize) {
    let bytes = rest.as_bytes();
    let mut length = 0;
    let mut before = b' ';
    while let Some(byte) = bytes.get(length) {
        let signs_exponent =
            matches!(byte, b'+' | b'-') && matches!(before, b'e' | b'E') && !rest.starts_with("0x");
        if !byte.is_ascii_alphanumeric() && *byte != b'.' && !signs_exponent {
            break;
        }
        before = *byte;
        length += 1;
    }
    let text = rest.get(..length).unwrap_or_default();
    let is_hex = text.starts_with("0x") || text.starts_with("0X");
    let is_duration = !is_hex && text.bytes().any(|b| b"smhdwy".contains(&b));
    (if is_duration { Word::Duration } else { Word::Number }, length)
}
