//! The words of a template: text, and what stands between `{{` and `}}`.

/// A word within an action.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A name or a keyword.
    Name(String),
    /// `$name`; `$` alone has an empty one.
    Variable(String),
    /// `.name`; a dot alone has an empty one. The flag says that it stands right behind another word.
    Field(String, bool),
    /// A text in quotes.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// `|`
    Pipe,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `:=`
    Declare,
    /// `=`
    Assign,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// What is written as it is.
    Text(String),
    /// The words of an action.
    Action(Vec<Token>),
}

/// Cuts a template into its parts. `{{-` and `-}}` take the white space beside them.
pub fn parts(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut trims = false;
    while let Some((before, after)) = rest.split_once("{{") {
        let trims_left =
            after.starts_with("- ") || after.starts_with("-\n") || after.starts_with("-\t");
        let mut before = if trims { before.trim_start() } else { before };
        if trims_left {
            before = before.trim_end();
        }
        push_text(&mut parts, before);
        let inside = if trims_left { after.get(1..).unwrap_or_default() } else { after };
        let (tokens, left, trims_right) = action(inside)?;
        if let Some(tokens) = tokens {
            parts.push(Part::Action(tokens));
        }
        trims = trims_right;
        rest = left;
    }
    push_text(&mut parts, if trims { rest.trim_start() } else { rest });
    Ok(parts)
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Text(text.to_owned()));
    }
}

type Action<'a> = (Option<Vec<Token>>, &'a str, bool);

/// Reads an action up to its end; none for a comment.
fn action(text: &str) -> Result<Action<'_>, String> {
    if let Some(comment) = text.trim_start().strip_prefix("/*") {
        let (_, after) = comment.split_once("*/").ok_or("unclosed comment")?;
        let (after, trims) = end(after).ok_or("comment ends before closing delimiter")?;
        return Ok((None, after, trims));
    }
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        if let Some((after, trims)) = end(rest) {
            return Ok((Some(tokens), after, trims));
        }
        let trimmed = rest.trim_start();
        let is_adjacent = trimmed.len() == rest.len() && !tokens.is_empty();
        if trimmed.is_empty() {
            return Err("unclosed action".to_owned());
        }
        let (token, after) = token(trimmed, is_adjacent)?;
        tokens.push(token);
        rest = after;
    }
}

/// What stands behind the end of an action, if that is here, and whether it takes white space.
fn end(rest: &str) -> Option<(&str, bool)> {
    let trimmed = rest.trim_start();
    if let Some(after) = trimmed.strip_prefix("}}") {
        return Some((after, false));
    }
    let is_spaced = trimmed.len() < rest.len();
    trimmed.strip_prefix("-}}").filter(|_| is_spaced).map(|after| (after, true))
}

fn token(text: &str, is_adjacent: bool) -> Result<(Token, &str), String> {
    let mut letters = text.chars();
    let first = letters.next().unwrap_or_default();
    let after = letters.as_str();
    let word =
        |from: &str| from.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(from.len());
    let cut = |from: &'_ str| {
        let (name, rest) = from.split_at(word(from));
        (name.to_owned(), text.len() - rest.len())
    };
    let behind = |at: usize| text.get(at..).unwrap_or_default();
    let is_number = first.is_ascii_digit()
        || matches!(first, '-' | '+' | '.') && after.starts_with(|c: char| c.is_ascii_digit());
    match first {
        '|' => Ok((Token::Pipe, after)),
        '(' => Ok((Token::Open, after)),
        ')' => Ok((Token::Close, after)),
        ':' if after.starts_with('=') => Ok((Token::Declare, behind(2))),
        '=' => Ok((Token::Assign, after)),
        '"' => quoted(text),
        '`' => {
            let (inner, rest) = after.split_once('`').ok_or("unterminated raw quoted string")?;
            Ok((Token::Text(inner.to_owned()), rest))
        }
        '$' => {
            let (name, at) = cut(after);
            Ok((Token::Variable(name), behind(at)))
        }
        _ if is_number => number(text),
        '.' => {
            let (name, at) = cut(after);
            Ok((Token::Field(name, is_adjacent), behind(at)))
        }
        _ if first.is_alphabetic() || first == '_' => {
            let (name, at) = cut(text);
            Ok((Token::Name(name), behind(at)))
        }
        _ => Err(format!("unexpected {first:?} in action")),
    }
}

fn number(text: &str) -> Result<(Token, &str), String> {
    let mut before = ' ';
    let end = text.find(|c: char| {
        let is_sign = matches!(c, '+' | '-') && matches!(before, ' ' | 'e' | 'E');
        before = c;
        !(c.is_ascii_alphanumeric() || c == '.' || is_sign)
    });
    let (word, after) = text.split_at(end.unwrap_or(text.len()));
    let hex = word.strip_prefix("0x").map(|digits| i64::from_str_radix(digits, 16));
    if let Ok(whole) = hex.unwrap_or_else(|| word.parse()) {
        return Ok((Token::Int(whole), after));
    }
    let is_plain = word.contains(|c: char| c.is_ascii_digit());
    match word.parse() {
        Ok(float) if is_plain => Ok((Token::Float(float), after)),
        _ => Err(format!("bad number syntax: {word:?}")),
    }
}

fn quoted(text: &str) -> Result<(Token, &str), String> {
    let mut made = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((at, c)) = letters.next() {
        match c {
            '"' => return Ok((Token::Text(made), text.get(at + 1..).unwrap_or_default())),
            '\n' => break,
            '\\' => match letters.next() {
                Some((_, 'n')) => made.push('\n'),
                Some((_, 't')) => made.push('\t'),
                Some((_, 'r')) => made.push('\r'),
                Some((_, escaped @ ('"' | '\\' | '\''))) => made.push(escaped),
                Some((_, other)) => return Err(format!("unknown escape sequence \\{other}")),
                None => break,
            },
            other => made.push(other),
        }
    }
    Err("unterminated quoted string".to_owned())
}
