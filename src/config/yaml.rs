//! A bounded tree of a YAML text, with lines. Aliases are refused: they can grow without end.

use saphyr_parser::{Event, Parser};

/// Deepest nesting.
const DEPTH: usize = 32;
/// Most values.
const VALUES: usize = 500_000;

/// A value and the line it begins at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The line.
    pub line: usize,
    /// The value.
    pub value: Value,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text, whatever it was written as; empty for nothing.
    Text(String),
    /// Keys and values in their order.
    Map(Vec<(String, Node)>),
    /// A list.
    List(Vec<Node>),
}

impl Node {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.pairs().iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// Keys and values; none for what is no mapping.
    #[must_use]
    pub fn pairs(&self) -> &[(String, Self)] {
        if let Value::Map(pairs) = &self.value { pairs } else { &[] }
    }

    /// The text, when it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }
}

/// What is being built.
struct Open {
    node: Node,
    /// The key that waits for its value.
    key: Option<String>,
}

/// Reads the first document.
///
/// # Errors
/// Where it is no YAML, or beyond what an inventory needs.
pub fn read(text: &str) -> Result<Node, String> {
    let mut open: Vec<Open> = Vec::new();
    let mut values = 0;
    for step in Parser::new_from_str(text) {
        let (event, span) = step.map_err(|error| error.to_string())?;
        let line = span.start.line();
        values += 1;
        if values > VALUES {
            return Err(format!("line {line}: there are more than {VALUES} values"));
        }
        let begin = |value| Open { node: Node { line, value }, key: None };
        let done = match event {
            Event::MappingStart(..) => {
                open.push(begin(Value::Map(Vec::new())));
                None
            }
            Event::SequenceStart(..) => {
                open.push(begin(Value::List(Vec::new())));
                None
            }
            Event::Scalar(text, ..) => {
                let text = if text == "~" || text == "null" { String::new() } else { text.into() };
                Some(Node { line, value: Value::Text(text) })
            }
            Event::MappingEnd | Event::SequenceEnd => open.pop().map(|open| open.node),
            Event::Alias(_) => {
                return Err(format!("line {line}: aliases (*name) are not read; write it out"));
            }
            Event::DocumentEnd => break,
            _ => None,
        };
        if open.len() > DEPTH {
            return Err(format!("line {line}: it is nested more than {DEPTH} deep"));
        }
        let Some(node) = done else { continue };
        match open.last_mut() {
            None => return Ok(node),
            Some(parent) => put(parent, node, line)?,
        }
    }
    Ok(Node { line: 1, value: Value::Text(String::new()) })
}

fn put(parent: &mut Open, node: Node, line: usize) -> Result<(), String> {
    match &mut parent.node.value {
        Value::List(items) => items.push(node),
        Value::Map(pairs) => match parent.key.take() {
            Some(key) => pairs.push((key, node)),
            None => match node.value {
                Value::Text(text) => parent.key = Some(text),
                _ => return Err(format!("line {line}: a key must be a text")),
            },
        },
        Value::Text(_) => {}
    }
    Ok(())
}
