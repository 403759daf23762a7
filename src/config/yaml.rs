//! A bounded tree of a YAML or JSON text, with places. Aliases are refused: they can grow without
//! end.

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::problem::Place;

/// Deepest nesting.
const DEPTH: usize = 32;
/// Most values.
const VALUES: usize = 500_000;

/// A value and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The line.
    pub line: usize,
    /// The column, counted in characters.
    pub column: usize,
    /// True for a text without quotes: it may be a number.
    pub plain: bool,
    /// Where the keys of a map are, in their order.
    pub keys: Vec<Place>,
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
    key: Option<(String, Place)>,
}

/// Why a text is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// Why.
    pub message: String,
}

/// Reads the first document.
///
/// # Errors
/// Where it is no YAML, or beyond what an inventory needs.
pub fn read(text: &str) -> Result<Node, String> {
    let empty = Node {
        line: 1,
        column: 1,
        plain: false,
        keys: Vec::new(),
        value: Value::Text(String::new()),
    };
    let first = some(text, 1).map_err(|fault| match fault.place.line {
        0 => fault.message,
        line => format!("line {line}: {}", fault.message),
    });
    Ok(first?.pop().unwrap_or(empty))
}

/// Reads all documents.
///
/// # Errors
/// Where it is no YAML, or beyond what a file of rules needs.
pub fn documents(text: &str) -> Result<Vec<Node>, Fault> {
    some(text, usize::MAX)
}

fn some(text: &str, most: usize) -> Result<Vec<Node>, Fault> {
    let mut done_ones = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut values = 0;
    for step in Parser::new_from_str(text) {
        let (event, span) = step.map_err(|error| {
            let mark = error.marker();
            let place = Place { line: mark.line(), column: mark.col() + 1 };
            Fault { place, message: error.info().to_owned() }
        })?;
        let place = Place { line: span.start.line(), column: span.start.col() + 1 };
        let fault = |message: String| Fault { place, message };
        values += 1;
        if values > VALUES {
            return Err(fault(format!("there are more than {VALUES} values")));
        }
        let node = |value, plain| {
            let Place { line, column } = place;
            Node { line, column, plain, keys: Vec::new(), value }
        };
        let begin = |value| Open { node: node(value, false), key: None };
        let done = match event {
            Event::MappingStart(..) => {
                open.push(begin(Value::Map(Vec::new())));
                None
            }
            Event::SequenceStart(..) => {
                open.push(begin(Value::List(Vec::new())));
                None
            }
            Event::Scalar(text, style, ..) => {
                let text = if text == "~" || text == "null" { String::new() } else { text.into() };
                Some(node(Value::Text(text), style == ScalarStyle::Plain))
            }
            Event::MappingEnd | Event::SequenceEnd => open.pop().map(|open| open.node),
            Event::Alias(_) => {
                return Err(fault("aliases (*name) are not read; write it out".to_owned()));
            }
            _ => None,
        };
        if open.len() > DEPTH {
            return Err(fault(format!("it is nested more than {DEPTH} deep")));
        }
        let Some(node) = done else { continue };
        match open.last_mut() {
            None => done_ones.push(node),
            Some(parent) => put(parent, node).map_err(fault)?,
        }
        if done_ones.len() >= most {
            break;
        }
    }
    Ok(done_ones)
}

fn put(parent: &mut Open, node: Node) -> Result<(), String> {
    match &mut parent.node.value {
        Value::List(items) => items.push(node),
        Value::Map(pairs) => match parent.key.take() {
            Some((key, place)) => {
                pairs.push((key, node));
                parent.node.keys.push(place);
            }
            None => match node.value {
                Value::Text(text) => {
                    let place = Place { line: node.line, column: node.column };
                    parent.key = Some((text, place));
                }
                _ => return Err("a key must be a text".to_owned()),
            },
        },
        Value::Text(_) => {}
    }
    Ok(())
}
