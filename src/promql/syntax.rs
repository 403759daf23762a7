//! The tree of an expression: checked, with names resolved, ready to be evaluated.

use std::sync::Arc;

use regex::Regex;

use super::function::Function;
use super::labels::NAME;

/// Which Prometheus is meant where its versions differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Edition {
    /// 2.42.
    Two,
    /// 3.x.
    Three,
}

/// What an expression gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    Scalar,
    /// Elements at a time.
    Vector,
    /// Series over a range of times.
    Matrix,
    /// A text.
    Text,
}

impl Kind {
    /// The name that Prometheus gives it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Vector => "instant vector",
            Self::Matrix => "range vector",
            Self::Text => "string",
        }
    }
}

/// How a label is compared.
#[derive(Clone, Debug)]
pub enum Compare {
    /// `=`
    Is,
    /// `!=`
    IsNot,
    /// `=~`, anchored at both ends.
    Like(Regex),
    /// `!~`, anchored at both ends.
    Unlike(Regex),
}

/// One condition of a selector.
#[derive(Clone, Debug)]
pub struct Matcher {
    /// The label.
    pub name: String,
    /// How.
    pub compare: Compare,
    /// With what; the text of a pattern.
    pub value: String,
}

impl Matcher {
    /// Whether a value matches; a label that is not there has an empty one.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        match &self.compare {
            Compare::Is => self.value == value,
            Compare::IsNot => self.value != value,
            Compare::Like(pattern) => pattern.is_match(value),
            Compare::Unlike(pattern) => !pattern.is_match(value),
        }
    }

    /// The name of the metric it asks for.
    pub(super) fn is_name(&self) -> Option<&str> {
        let is_name = self.name == NAME && matches!(self.compare, Compare::Is);
        is_name.then_some(self.value.as_str())
    }
}

/// A fixed time of a selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// `@ start()`
    Start,
    /// `@ end()`
    End,
    /// `@ 1609746000`, in milliseconds.
    Time(i64),
}

/// `offset` and `@`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// How far back, in milliseconds.
    pub offset: i64,
    /// The time that stands for every time of the evaluation.
    pub at: Option<At>,
}

/// A selector of series.
#[derive(Clone, Debug)]
pub struct Selector {
    /// All must match.
    pub matchers: Vec<Matcher>,
    /// Modifiers.
    pub shift: Shift,
}

/// A binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Mod,
    /// `^`
    Pow,
    /// `atan2`
    Atan2,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `>`
    Gt,
    /// `<`
    Lt,
    /// `>=`
    Ge,
    /// `<=`
    Le,
    /// `and`
    And,
    /// `or`
    Or,
    /// `unless`
    Unless,
}

impl Operator {
    /// Whether it filters, or gives 0 and 1.
    pub const fn compares(self) -> bool {
        matches!(self, Self::Eq | Self::Ne | Self::Gt | Self::Lt | Self::Ge | Self::Le)
    }

    /// Whether it works on sets.
    pub const fn is_of_sets(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }
}

/// Labels by which series are put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grouping {
    /// `by` or `on`; otherwise `without` or `ignoring`.
    pub is_listed: bool,
    /// The labels.
    pub labels: Vec<Arc<str>>,
}

impl Grouping {
    /// Whether a label is listed.
    pub fn lists(&self, name: &str) -> bool {
        self.labels.iter().any(|label| &**label == name)
    }
}

/// Which side of a match may have many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Many {
    /// Neither.
    None,
    /// `group_left`, with labels of the other side.
    Left(Vec<Arc<str>>),
    /// `group_right`, with labels of the other side.
    Right(Vec<Arc<str>>),
}

/// How the two sides of an operation find each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matching {
    /// `on` or `ignoring`.
    pub grouping: Grouping,
    /// `group_left` or `group_right`.
    pub many: Many,
}

/// An aggregation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregation {
    /// `sum`
    Sum,
    /// `min`
    Min,
    /// `max`
    Max,
    /// `avg`
    Avg,
    /// `count`
    Count,
    /// `stddev`
    Stddev,
    /// `stdvar`
    Stdvar,
    /// `topk`
    Topk,
    /// `bottomk`
    Bottomk,
    /// `quantile`
    Quantile,
    /// `count_values`
    CountValues,
    /// `group`
    Group,
}

/// An operation with its two sides.
#[derive(Clone, Debug)]
pub struct Binary {
    /// What is done.
    pub operator: Operator,
    /// `bool`
    pub is_bool: bool,
    /// How series find each other.
    pub matching: Matching,
    /// The left side.
    pub left: Expr,
    /// The right side.
    pub right: Expr,
}

/// An aggregation with what it is of.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// What is made of a group.
    pub aggregation: Aggregation,
    /// What makes a group.
    pub grouping: Grouping,
    /// The number of `topk`, `bottomk` and `quantile`, the label of `count_values`.
    pub param: Option<Expr>,
    /// Of what.
    pub of: Expr,
}

/// A subquery.
#[derive(Clone, Debug)]
pub struct Subquery {
    /// Of what.
    pub of: Expr,
    /// How far back, in milliseconds.
    pub range: i64,
    /// In which steps.
    pub step: Option<i64>,
    /// Modifiers.
    pub shift: Shift,
}

/// An expression. Parentheses have done their work when it is read.
#[derive(Clone, Debug)]
pub enum Expr {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// A pattern, anchored at both ends.
    Pattern(Regex),
    /// The newest samples.
    Instant(Selector),
    /// The samples of a time, in milliseconds.
    Range(Selector, i64),
    /// An expression at many times.
    Subquery(Box<Subquery>),
    /// A unary minus.
    Negate(Box<Expr>),
    /// An operation on two.
    Binary(Box<Binary>),
    /// An aggregation.
    Aggregate(Box<Aggregate>),
    /// A call of a function.
    Call(Function, Vec<Expr>),
}

impl Expr {
    /// What it gives.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Number(_) => Kind::Scalar,
            Self::Text(_) | Self::Pattern(_) => Kind::Text,
            Self::Range(..) | Self::Subquery(_) => Kind::Matrix,
            Self::Negate(of) => of.kind(),
            Self::Binary(binary) => {
                let is_scalar = |side: &Self| side.kind() == Kind::Scalar;
                let both = is_scalar(&binary.left) && is_scalar(&binary.right);
                if both { Kind::Scalar } else { Kind::Vector }
            }
            Self::Call(function, _) if function.is_scalar() => Kind::Scalar,
            Self::Instant(_) | Self::Aggregate(_) | Self::Call(..) => Kind::Vector,
        }
    }

    /// How far back it looks, in milliseconds; what `@` fixes is not counted.
    pub fn reach(&self) -> i64 {
        let most = |all: &[Self]| all.iter().map(Self::reach).max().unwrap_or(0);
        let reach = match self {
            Self::Number(_) | Self::Text(_) | Self::Pattern(_) => 0,
            Self::Instant(selector) => selector.shift.offset,
            Self::Range(selector, range) => selector.shift.offset.saturating_add(*range),
            Self::Subquery(subquery) => subquery
                .of
                .reach()
                .saturating_add(subquery.range)
                .saturating_add(subquery.shift.offset),
            Self::Negate(of) => of.reach(),
            Self::Binary(binary) => binary.left.reach().max(binary.right.reach()),
            Self::Aggregate(aggregate) => {
                let param = aggregate.param.as_ref().map_or(0, Self::reach);
                aggregate.of.reach().max(param)
            }
            Self::Call(_, args) => most(args),
        };
        reach.max(0)
    }

    /// Collects the matchers of its selectors.
    pub fn selectors<'a>(&'a self, found: &mut Vec<&'a [Matcher]>) {
        match self {
            Self::Number(_) | Self::Text(_) | Self::Pattern(_) => {}
            Self::Instant(selector) | Self::Range(selector, _) => found.push(&selector.matchers),
            Self::Subquery(subquery) => subquery.of.selectors(found),
            Self::Negate(of) => of.selectors(found),
            Self::Binary(binary) => {
                binary.left.selectors(found);
                binary.right.selectors(found);
            }
            Self::Aggregate(aggregate) => {
                aggregate.param.iter().for_each(|param| param.selectors(found));
                aggregate.of.selectors(found);
            }
            Self::Call(_, args) => args.iter().for_each(|arg| arg.selectors(found)),
        }
    }
}
