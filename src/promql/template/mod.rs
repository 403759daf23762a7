//! Templates of labels and annotations, as Prometheus's rules have them: `{{ $labels.instance }} is at
//! {{ $value | humanize }}`.
//!
//! They are Go's templates with actions, pipelines, variables, `if` and `with`, and the functions that
//! format values and texts. What asks the database again or links to a server's pages (`query`,
//! `graphLink`, `range`, ...) is refused by name when the template is read.

mod float;
mod functions;
mod humanize;
mod parse;
mod printf;
mod run;
mod tokens;

use super::labels::Labels;
use parse::Node;

/// Bytes of a template.
const BYTES: usize = 16 * 1024;
/// Bytes of what it makes.
const OUTPUT: usize = 64 * 1024;

/// A template that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    nodes: Vec<Node>,
}

/// What the templates of a rule are about.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// `$labels`: the labels of the element, its name included.
    pub labels: &'a Labels,
    /// `$value`
    pub value: f64,
    /// `$externalLabels`: what the installation is called.
    pub external_labels: &'a Labels,
    /// `$externalURL`: where it is seen.
    pub external_url: &'a str,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong or not supported.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > BYTES {
            return Err(format!("a template has at most {BYTES} bytes"));
        }
        Ok(Self { nodes: parse::parse(text)? })
    }

    /// Writes the text. One that fails is the text of its failure, as in Prometheus: an alert with a
    /// bad annotation is still an alert.
    #[must_use]
    pub fn expand(&self, about: &About<'_>) -> String {
        match run::run(&self.nodes, about) {
            Ok(text) => text,
            Err(why) => format!("<error expanding template: {why}>"),
        }
    }
}
