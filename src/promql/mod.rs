//! `PromQL`: expressions are checked when they are read and evaluated over whatever gives series.
//!
//! In: the text of an expression; a [`Source`] of series, a time or a range of times, limits.
//! Out: a [`Query`], or what is refused and where; a [`Value`], or a named [`Fault`].
//! Never: I/O, async, a clock; unbounded work: every evaluation has a [`Limits`].
//!
//! The language is that of Prometheus. Where its versions differ, the caller says which one is
//! meant: [`Edition::Two`] is 2.42, [`Edition::Three`] is 3.x:
//!
//! | what | 2.42 | 3.x |
//! |---|---|---|
//! | a selector's first moment (`ts - 5m`, `ts - range`) | belongs to it | does not |
//! | `rate`, `increase` beyond the first sample | cut at zero, then at half an interval | the other way round |
//! | `.` in a pattern | any character but a line's end | any character |
//! | falling buckets of a histogram | lifted | lifted; relative differences below 1e-12 are none |
//! | `atan2` of two vectors | keeps the name of the metric | drops it |
//! | which of equal elements `topk` and `bottomk` take | up to its heap | up to another heap |
//!
//! Where 2.42 does not do what it means to do, both editions do it: `timestamp` of a selector with
//! `@` and `offset` regards the offset; `predict_linear` of a range with `@` keeps to that range at
//! every step; `@` within a subquery means the same whatever the subquery's offset; `count_values`
//! with a label that `by` lists too groups alike at every step. Dates of what is no date are NaN.
//!
//! Not supported, and refused by name: native histograms, experiments of 3.x (`info`, `limitk`,
//! `fill`, `or` between matchers, ...), `holt_winters`, a bare number as a duration and the reverse.

pub mod alerting;

mod error;
mod eval;
mod function;
mod labels;
mod limits;
mod lower;
mod pattern;
mod scan;
mod source;
mod syntax;
mod template;
mod value;

pub use error::{Fault, Position, Refused};
pub use eval::{Options, Steps, evaluate_instant, evaluate_range};
pub use labels::{Labels, NAME};
pub use limits::Limits;
pub use source::{Selection, Source, Taken};
pub use syntax::{Compare, Edition, Kind, Matcher};
pub use template::{About, Template};
pub use value::{Point, STALE, Sample, Series, Value, is_stale};

use syntax::Expr;

/// An expression that was read and can be evaluated.
#[derive(Clone, Debug)]
pub struct Query {
    text: String,
    expr: Expr,
    edition: Edition,
}

impl Query {
    /// The text it was read from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What its evaluation gives.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.expr.kind()
    }

    /// The edition it was read for.
    #[must_use]
    pub const fn edition(&self) -> Edition {
        self.edition
    }

    /// How far back it looks besides the time that a selector looks back anyway, in milliseconds:
    /// ranges, subqueries and offsets.
    #[must_use]
    pub fn reach(&self) -> i64 {
        self.expr.reach()
    }

    /// The matchers of all its selectors, in the order of the text: what it reads.
    #[must_use]
    pub fn selectors(&self) -> Vec<&[Matcher]> {
        let mut found = Vec::new();
        self.expr.selectors(&mut found);
        found
    }
}

/// Reads an expression.
///
/// # Errors
/// What is wrong or not supported, by name, and where it stands if that is known.
pub fn parse(text: &str, edition: Edition) -> Result<Query, Refused> {
    let scanned = scan::scan(text)?;
    let tree = promql_parser::parser::parse(text).map_err(|said| scanned.place(&said))?;
    let expr = lower::lower(&tree, edition)?;
    Ok(Query { text: text.to_owned(), expr, edition })
}
