//! The execution of a template.

use super::functions;
use super::parse::{Command, Node, Operand, Pipeline, Root};
use super::{About, OUTPUT};
use crate::promql::labels::Labels;
use crate::promql::template::float;

/// A value of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    Text(String),
    Float(f64),
    Int(i64),
    Bool(bool),
    Labels(Labels),
    /// What `.` and `$` are.
    Whole,
}

impl Item {
    /// Whether a condition holds.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Text(text) => !text.is_empty(),
            Self::Float(number) => *number != 0.0,
            Self::Int(number) => *number != 0,
            Self::Bool(is) => *is,
            Self::Labels(labels) => !labels.is_empty(),
            Self::Whole => true,
        }
    }

    /// As it is written.
    pub fn written(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Float(number) => float::general(*number),
            Self::Int(number) => number.to_string(),
            Self::Bool(is) => is.to_string(),
            Self::Labels(labels) => {
                let pairs: Vec<String> =
                    labels.iter().map(|(name, value)| format!("{name}:{value}")).collect();
                format!("map[{}]", pairs.join(" "))
            }
            Self::Whole => "{}".to_owned(),
        }
    }

    /// The name of its type in Go.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "string",
            Self::Float(_) => "float64",
            Self::Int(_) => "int",
            Self::Bool(_) => "bool",
            Self::Labels(_) => "map[string]string",
            Self::Whole => "struct",
        }
    }
}

struct Run<'a> {
    about: &'a About<'a>,
    variables: Vec<(String, Item)>,
    out: String,
}

/// Writes the text of a template.
pub fn run(nodes: &[Node], about: &About<'_>) -> Result<String, String> {
    let variables = vec![
        (String::new(), Item::Whole),
        ("labels".to_owned(), Item::Labels(about.labels.clone())),
        ("value".to_owned(), Item::Float(about.value)),
        ("externalLabels".to_owned(), Item::Labels(about.external_labels.clone())),
        ("externalURL".to_owned(), Item::Text(about.external_url.to_owned())),
    ];
    let mut run = Run { about, variables, out: String::new() };
    run.nodes(nodes, &Item::Whole)?;
    Ok(run.out)
}

impl Run<'_> {
    fn nodes(&mut self, nodes: &[Node], dot: &Item) -> Result<(), String> {
        let known = self.variables.len();
        for node in nodes {
            match node {
                Node::Text(text) => self.write(text)?,
                Node::Write(pipeline) => {
                    let value = self.pipeline(pipeline, dot)?;
                    self.write(&value.written())?;
                }
                Node::Set { name, declares, value } => {
                    let value = self.pipeline(value, dot)?;
                    let mut known = self.variables.iter_mut().rev();
                    match known.find(|(known, _)| known == name).filter(|_| !declares) {
                        Some((_, old)) => *old = value,
                        None => self.variables.push((name.clone(), value)),
                    }
                }
                Node::If { condition, is_with, then, otherwise } => {
                    let value = self.pipeline(condition, dot)?;
                    let holds = value.is_true();
                    let inner = if *is_with && holds { &value } else { dot };
                    self.nodes(if holds { then } else { otherwise }, inner)?;
                }
            }
        }
        self.variables.truncate(known);
        Ok(())
    }

    fn write(&mut self, text: &str) -> Result<(), String> {
        self.out.push_str(text);
        check_length(&self.out)
    }

    fn pipeline(&self, pipeline: &Pipeline, dot: &Item) -> Result<Item, String> {
        let mut last: Option<Item> = None;
        for command in &pipeline.commands {
            let value = match command {
                Command::Operand(operand) => self.operand(operand, dot)?,
                Command::Call(name, operands) => {
                    let mut args = Vec::with_capacity(operands.len() + 1);
                    for operand in operands {
                        args.push(self.operand(operand, dot)?);
                    }
                    args.extend(last.take());
                    functions::call(name, &args)
                        .map_err(|why| format!("error calling {name}: {why}"))?
                }
            };
            if let Item::Text(text) = &value {
                check_length(text)?;
            }
            last = Some(value);
        }
        last.ok_or_else(|| "missing value for command".to_owned())
    }

    fn operand(&self, operand: &Operand, dot: &Item) -> Result<Item, String> {
        let mut value = match &operand.root {
            Root::Dot => dot.clone(),
            Root::Variable(name) => {
                let mut known = self.variables.iter().rev();
                let found = known.find(|(known, _)| known == name);
                let undefined = || format!("undefined variable: ${name}");
                found.map(|(_, value)| value.clone()).ok_or_else(undefined)?
            }
            Root::Text(text) => Item::Text(text.clone()),
            Root::Int(number) => Item::Int(*number),
            Root::Float(number) => Item::Float(*number),
            Root::Bool(is) => Item::Bool(*is),
            Root::Pipeline(pipeline) => self.pipeline(pipeline, dot)?,
        };
        for field in &operand.fields {
            value = self.field(&value, field)?;
        }
        Ok(value)
    }

    /// A field; a label that is not there is empty.
    fn field(&self, value: &Item, field: &str) -> Result<Item, String> {
        match (value, field) {
            (Item::Labels(labels), name) => Ok(Item::Text(labels.get(name).to_owned())),
            (Item::Whole, "Labels") => Ok(Item::Labels(self.about.labels.clone())),
            (Item::Whole, "Value") => Ok(Item::Float(self.about.value)),
            (Item::Whole, "ExternalLabels") => Ok(Item::Labels(self.about.external_labels.clone())),
            (Item::Whole, "ExternalURL") => Ok(Item::Text(self.about.external_url.to_owned())),
            _ => Err(format!("can't evaluate field {field} in type {}", value.kind())),
        }
    }
}

fn check_length(text: &str) -> Result<(), String> {
    if text.len() > OUTPUT {
        return Err(format!("a text of more than {OUTPUT} bytes"));
    }
    Ok(())
}
