//! From the words of a template to its tree.

use super::functions;
use super::tokens::{Part, Token, parts};

/// `if` within `if`, parentheses within parentheses.
const NESTED: usize = 32;

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Written as it is.
    Text(String),
    /// The value of a pipeline is written.
    Write(Pipeline),
    /// A variable is declared or changed.
    Set { name: String, declares: bool, value: Pipeline },
    /// `if` and `with`: the first that is true, or `else`.
    If { condition: Pipeline, is_with: bool, then: Vec<Node>, otherwise: Vec<Node> },
}

/// Commands, each of which is given the value of the one before as its last argument.
#[derive(Clone, Debug, PartialEq)]
pub struct Pipeline {
    pub commands: Vec<Command>,
}

/// A command.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// The value of an operand.
    Operand(Operand),
    /// A function with its arguments.
    Call(String, Vec<Operand>),
}

/// Where a value begins.
#[derive(Clone, Debug, PartialEq)]
pub enum Root {
    /// `.`
    Dot,
    /// `$name`
    Variable(String),
    /// A constant.
    Text(String),
    /// A constant.
    Int(i64),
    /// A constant.
    Float(f64),
    /// `true` and `false`
    Bool(bool),
    /// A function without arguments, or a pipeline in parentheses.
    Pipeline(Box<Pipeline>),
}

/// A value and the fields that are taken of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Operand {
    pub root: Root,
    pub fields: Vec<String>,
}

/// Reads a template.
pub fn parse(text: &str) -> Result<Vec<Node>, String> {
    let parts = parts(text)?;
    let mut reader = Reader { parts: parts.into_iter(), variables: built_in(), depth: 0 };
    let (nodes, end) = reader.nodes()?;
    match end {
        Stop::Text => Ok(nodes),
        Stop::End => Err("unexpected {{end}}".to_owned()),
        Stop::Else(_) => Err("unexpected {{else}}".to_owned()),
    }
}

fn built_in() -> Vec<String> {
    ["", "labels", "value", "externalLabels", "externalURL"].map(str::to_owned).to_vec()
}

/// What ended a list of nodes.
enum Stop {
    /// The end of the text.
    Text,
    /// `end`
    End,
    /// `else`, with what stands behind it.
    Else(Vec<Token>),
}

struct Reader {
    parts: std::vec::IntoIter<Part>,
    variables: Vec<String>,
    depth: usize,
}

impl Reader {
    fn nodes(&mut self) -> Result<(Vec<Node>, Stop), String> {
        let mut nodes = Vec::new();
        let known = self.variables.len();
        while let Some(part) = self.parts.next() {
            let tokens = match part {
                Part::Text(text) => {
                    nodes.push(Node::Text(text));
                    continue;
                }
                Part::Action(tokens) => tokens,
            };
            let (first, rest) = match tokens.split_first() {
                Some((Token::Name(name), rest)) => (name.as_str(), rest),
                Some(_) => ("", tokens.as_slice()),
                None => return Err("missing value for command".to_owned()),
            };
            match first {
                "end" | "else" => {
                    self.variables.truncate(known);
                    let end = if first == "end" { Stop::End } else { Stop::Else(rest.to_vec()) };
                    return Ok((nodes, end));
                }
                "if" | "with" => nodes.push(self.condition(rest, first == "with")?),
                "range" | "template" | "define" | "block" | "break" | "continue" => {
                    return Err(format!("`{first}` is not supported"));
                }
                _ => nodes.push(self.action(&tokens)?),
            }
        }
        Ok((nodes, Stop::Text))
    }

    fn action(&mut self, tokens: &[Token]) -> Result<Node, String> {
        let (name, declares, rest) = match tokens {
            [Token::Variable(name), Token::Declare, rest @ ..] => (name, true, rest),
            [Token::Variable(name), Token::Assign, rest @ ..] => (name, false, rest),
            _ => return Ok(Node::Write(self.pipeline(tokens)?)),
        };
        let value = self.pipeline(rest)?;
        if declares {
            self.variables.push(name.clone());
        } else {
            self.check_variable(name)?;
        }
        Ok(Node::Set { name: name.clone(), declares, value })
    }

    /// Reads an `if` or `with` up to its `end`.
    fn condition(&mut self, tokens: &[Token], is_with: bool) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > NESTED {
            return Err(format!("at most {NESTED} conditions within conditions"));
        }
        let condition = self.pipeline(tokens)?;
        let (then, end) = self.nodes()?;
        let otherwise = match end {
            Stop::Text => return Err("unexpected EOF: {{end}} is missing".to_owned()),
            Stop::End => Vec::new(),
            Stop::Else(rest) => match rest.split_first() {
                None => match self.nodes()? {
                    (nodes, Stop::End) => nodes,
                    _ => return Err("expected end after else".to_owned()),
                },
                Some((Token::Name(name), rest)) if name == "if" || name == "with" => {
                    let rest = rest.to_vec();
                    let is_with = name == "with";
                    vec![self.condition(&rest, is_with)?]
                }
                Some(_) => return Err("unexpected words after else".to_owned()),
            },
        };
        self.depth -= 1;
        Ok(Node::If { condition, is_with, then, otherwise })
    }

    fn check_variable(&self, name: &str) -> Result<(), String> {
        if self.variables.iter().any(|known| known == name) {
            return Ok(());
        }
        Err(format!("undefined variable \"${name}\""))
    }

    fn pipeline(&self, tokens: &[Token]) -> Result<Pipeline, String> {
        let mut words = Words { tokens, at: 0, depth: 0, reader: self };
        let pipeline = words.pipeline()?;
        if words.at < tokens.len() {
            return Err("unexpected right paren".to_owned());
        }
        Ok(pipeline)
    }
}

/// The words of one action.
struct Words<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    reader: &'a Reader,
}

impl Words<'_> {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += usize::from(token.is_some());
        token
    }

    fn pipeline(&mut self) -> Result<Pipeline, String> {
        let mut commands = vec![self.command()?];
        while self.tokens.get(self.at) == Some(&Token::Pipe) {
            self.at += 1;
            commands.push(self.command()?);
        }
        // What is piped must go somewhere.
        let piped = commands.iter().skip(1);
        if piped.clone().any(|command| matches!(command, Command::Operand(_))) {
            return Err("non executable command in pipeline".to_owned());
        }
        Ok(Pipeline { commands })
    }

    fn command(&mut self) -> Result<Command, String> {
        let called = match self.tokens.get(self.at) {
            Some(Token::Name(name)) if !is_constant(name) => Some(name.clone()),
            _ => None,
        };
        let mut operands = Vec::new();
        if let Some(name) = &called {
            functions::check(name)?;
            self.at += 1;
        }
        while let Some(token) = self.tokens.get(self.at) {
            if matches!(token, Token::Pipe | Token::Close) {
                break;
            }
            operands.push(self.operand()?);
        }
        match (called, operands.len()) {
            (Some(name), _) => Ok(Command::Call(name, operands)),
            (None, 1) => operands.pop().map(Command::Operand).ok_or_else(String::new),
            (None, 0) => Err("missing value for command".to_owned()),
            (None, _) => Err("can't give argument to non-function".to_owned()),
        }
    }

    fn operand(&mut self) -> Result<Operand, String> {
        let mut fields = Vec::new();
        let root = match self.next() {
            Some(Token::Variable(name)) => {
                self.reader.check_variable(&name)?;
                Root::Variable(name)
            }
            Some(Token::Field(name, _)) => {
                fields.extend((!name.is_empty()).then_some(name));
                Root::Dot
            }
            Some(Token::Text(text)) => Root::Text(text),
            Some(Token::Int(number)) => Root::Int(number),
            Some(Token::Float(number)) => Root::Float(number),
            Some(Token::Name(name)) if is_constant(&name) => Root::Bool(name == "true"),
            Some(Token::Name(name)) => {
                functions::check(&name)?;
                let commands = vec![Command::Call(name, Vec::new())];
                Root::Pipeline(Box::new(Pipeline { commands }))
            }
            Some(Token::Open) => {
                self.depth += 1;
                if self.depth > NESTED {
                    return Err(format!("at most {NESTED} parentheses within parentheses"));
                }
                let pipeline = self.pipeline()?;
                if self.next() != Some(Token::Close) {
                    return Err("unclosed left paren".to_owned());
                }
                self.depth -= 1;
                Root::Pipeline(Box::new(pipeline))
            }
            _ => return Err("unexpected word in operand".to_owned()),
        };
        while let Some(Token::Field(name, true)) = self.tokens.get(self.at) {
            if name.is_empty() {
                return Err("unexpected <.> in operand".to_owned());
            }
            fields.push(name.clone());
            self.at += 1;
        }
        Ok(Operand { root, fields })
    }
}

fn is_constant(name: &str) -> bool {
    matches!(name, "true" | "false")
}
