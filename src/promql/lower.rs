//! From the parser's tree to ours: names resolved, times in milliseconds, patterns compiled.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use promql_parser::label::{MatchOp, Matchers};
use promql_parser::parser::{
    self as tree, AtModifier, LabelModifier, Offset, VectorMatchCardinality, VectorSelector,
};

use super::error::Refused;
use super::function::Function;
use super::labels::NAME;
use super::pattern;
use super::syntax::{
    Aggregate, Aggregation, At, Binary, Compare, Edition, Expr, Grouping, Kind, Many, Matcher,
    Matching, Operator, Selector, Shift, Subquery,
};
use crate::model::rule_words::{self, is_label_name};

/// The longest duration: a hundred years, so that sums of them stay far from the ends of a number.
const LONGEST: i64 = 100 * 366 * 86_400_000;
/// Times of `@`: within the years that a date can have.
const FARTHEST: i64 = 8_000_000_000_000_000;

/// Reads a duration such as `1h30m`: units in falling order, each once, no fractions.
pub fn duration(text: &str) -> Option<i64> {
    let sum = i64::try_from(rule_words::millis(text)?).ok()?;
    (sum > 0 && sum <= LONGEST).then_some(sum)
}

/// Makes our tree.
///
/// # Errors
/// What is not supported.
pub fn lower(expr: &tree::Expr, edition: Edition) -> Result<Expr, Refused> {
    let inner = |expr: &tree::Expr| lower(expr, edition);
    Ok(match expr {
        tree::Expr::Paren(paren) => inner(&paren.expr)?,
        tree::Expr::NumberLiteral(number) => Expr::Number(number.val),
        tree::Expr::StringLiteral(text) => Expr::Text(text.val.clone()),
        tree::Expr::VectorSelector(of) => Expr::Instant(selector(of, edition)?),
        tree::Expr::MatrixSelector(of) => {
            Expr::Range(selector(&of.vs, edition)?, millis(of.range)?)
        }
        tree::Expr::Subquery(of) => Expr::Subquery(Box::new(Subquery {
            of: inner(&of.expr)?,
            range: millis(of.range)?,
            step: of.step.map(millis).transpose()?,
            shift: shift(of.offset.as_ref(), of.at.as_ref())?,
        })),
        tree::Expr::Unary(of) => match inner(&of.expr)? {
            Expr::Number(number) => Expr::Number(-number),
            other => Expr::Negate(Box::new(other)),
        },
        tree::Expr::Binary(of) => Expr::Binary(Box::new(binary(of, edition)?)),
        tree::Expr::Aggregate(of) => Expr::Aggregate(Box::new(aggregate(of, edition)?)),
        tree::Expr::Call(of) => call(of, edition)?,
        tree::Expr::Extension(_) => return Err(Refused::new("an extension of the language")),
    })
}

fn millis(duration: Duration) -> Result<i64, Refused> {
    let millis = i64::try_from(duration.as_millis()).ok().filter(|millis| *millis <= LONGEST);
    millis.ok_or_else(|| Refused::new("a duration of more than a hundred years"))
}

fn shift(offset: Option<&Offset>, at: Option<&AtModifier>) -> Result<Shift, Refused> {
    let offset = match offset {
        None => 0,
        Some(Offset::Pos(back)) => millis(*back)?,
        Some(Offset::Neg(forward)) => -millis(*forward)?,
    };
    let at = match at {
        None => None,
        Some(AtModifier::Start) => Some(At::Start),
        Some(AtModifier::End) => Some(At::End),
        Some(AtModifier::At(time)) => Some(At::Time(epoch_millis(*time)?)),
    };
    Ok(Shift { offset, at })
}

fn epoch_millis(time: SystemTime) -> Result<i64, Refused> {
    let (size, sign) = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => (after, 1),
        Err(before) => (before.duration(), -1),
    };
    let millis = i64::try_from(size.as_millis()).ok().filter(|millis| *millis <= FARTHEST);
    let far = || Refused::new("timestamp out of bounds for @ modifier");
    Ok(sign * millis.ok_or_else(far)?)
}

fn selector(of: &VectorSelector, edition: Edition) -> Result<Selector, Refused> {
    let mut matchers = Vec::new();
    if let Some(name) = &of.name {
        let name = name.clone();
        matchers.push(Matcher { name: NAME.to_owned(), compare: Compare::Is, value: name });
    }
    matchers.extend(all_matchers(&of.matchers, edition)?);
    Ok(Selector { matchers, shift: shift(of.offset.as_ref(), of.at.as_ref())? })
}

fn all_matchers(of: &Matchers, edition: Edition) -> Result<Vec<Matcher>, Refused> {
    if !of.or_matchers.is_empty() {
        return Err(Refused::new("`or` between matchers is not supported"));
    }
    let one = |matcher: &promql_parser::label::Matcher| {
        let regex = || {
            pattern::anchored(&matcher.value, edition)
                .map_err(|why| Refused::new(format!("the pattern {:?}: {why}", matcher.value)))
        };
        let compare = match matcher.op {
            MatchOp::Equal => Compare::Is,
            MatchOp::NotEqual => Compare::IsNot,
            MatchOp::Re(_) => Compare::Like(regex()?),
            MatchOp::NotRe(_) => Compare::Unlike(regex()?),
        };
        Ok(Matcher { name: matcher.name.clone(), compare, value: matcher.value.clone() })
    };
    of.matchers.iter().map(one).collect()
}

fn names(labels: &[String]) -> Vec<Arc<str>> {
    labels.iter().map(|label| Arc::from(label.as_str())).collect()
}

fn grouping(modifier: Option<&LabelModifier>, is_listed: bool) -> Grouping {
    match modifier {
        None => Grouping { is_listed, labels: Vec::new() },
        Some(LabelModifier::Include(labels)) => {
            Grouping { is_listed: true, labels: names(&labels.labels) }
        }
        Some(LabelModifier::Exclude(labels)) => {
            Grouping { is_listed: false, labels: names(&labels.labels) }
        }
    }
}

fn binary(of: &tree::BinaryExpr, edition: Edition) -> Result<Binary, Refused> {
    let operator = match of.op.to_string().as_str() {
        "+" => Operator::Add,
        "-" => Operator::Sub,
        "*" => Operator::Mul,
        "/" => Operator::Div,
        "%" => Operator::Mod,
        "^" => Operator::Pow,
        "atan2" => Operator::Atan2,
        "==" => Operator::Eq,
        "!=" => Operator::Ne,
        ">" => Operator::Gt,
        "<" => Operator::Lt,
        ">=" => Operator::Ge,
        "<=" => Operator::Le,
        "and" => Operator::And,
        "or" => Operator::Or,
        "unless" => Operator::Unless,
        other => return Err(Refused::new(format!("operator `{other}` is not supported"))),
    };
    let modifier = of.modifier.as_ref();
    if modifier.is_some_and(|m| m.fill_values.lhs.is_some() || m.fill_values.rhs.is_some()) {
        return Err(Refused::new("`fill` is not supported"));
    }
    let many = match modifier.map(|modifier| &modifier.card) {
        Some(VectorMatchCardinality::ManyToOne(labels)) => Many::Left(names(&labels.labels)),
        Some(VectorMatchCardinality::OneToMany(labels)) => Many::Right(names(&labels.labels)),
        _ => Many::None,
    };
    let (left, right) = (lower(&of.lhs, edition)?, lower(&of.rhs, edition)?);
    let of_vectors = left.kind() == Kind::Vector && right.kind() == Kind::Vector;
    if !of_vectors && many != Many::None {
        return Err(Refused::new("vector matching only allowed between vectors"));
    }
    let matching = modifier.and_then(|modifier| modifier.matching.as_ref());
    let matching = Matching { grouping: grouping(matching, false), many };
    let is_bool = modifier.is_some_and(|modifier| modifier.return_bool);
    Ok(Binary { operator, is_bool, matching, left, right })
}

fn aggregate(of: &tree::AggregateExpr, edition: Edition) -> Result<Aggregate, Refused> {
    let aggregation = match of.op.to_string().as_str() {
        "sum" => Aggregation::Sum,
        "min" => Aggregation::Min,
        "max" => Aggregation::Max,
        "avg" => Aggregation::Avg,
        "count" => Aggregation::Count,
        "stddev" => Aggregation::Stddev,
        "stdvar" => Aggregation::Stdvar,
        "topk" => Aggregation::Topk,
        "bottomk" => Aggregation::Bottomk,
        "quantile" => Aggregation::Quantile,
        "count_values" => Aggregation::CountValues,
        "group" => Aggregation::Group,
        other => return Err(Refused::new(format!("aggregation `{other}` is not supported"))),
    };
    let param = of.param.as_ref().map(|param| lower(param, edition)).transpose()?;
    if let (Aggregation::CountValues, Some(Expr::Text(label))) = (aggregation, &param)
        && !is_label_name(label)
    {
        return Err(Refused::new(format!("invalid label name {label:?}")));
    }
    let grouping = grouping(of.modifier.as_ref(), true);
    Ok(Aggregate { aggregation, grouping, param, of: lower(&of.expr, edition)? })
}

fn call(of: &tree::Call, edition: Edition) -> Result<Expr, Refused> {
    let name = of.func.name;
    let Some(function) = Function::named(name) else {
        return Err(Refused::new(format!("function `{name}` is not supported")));
    };
    let args: Result<Vec<Expr>, Refused> =
        of.args.args.iter().map(|arg| lower(arg, edition)).collect();
    let mut args = args?;
    // The parser lets a few numbers pass where a vector belongs.
    let of_numbers =
        matches!(function, Function::Exp | Function::Ln | Function::Log2 | Function::Log10);
    if of_numbers && args.first().is_none_or(|arg| arg.kind() != Kind::Vector) {
        let said = format!("expected type instant vector in call to function {name:?}, got scalar");
        return Err(Refused::new(said));
    }
    check_texts(function, &mut args, edition)?;
    Ok(Expr::Call(function, args))
}

/// Checks the texts of the two functions that make labels, and compiles the pattern among them.
fn check_texts(function: Function, args: &mut [Expr], edition: Edition) -> Result<(), Refused> {
    let text = |index: usize| match args.get(index) {
        Some(Expr::Text(text)) => text.as_str(),
        _ => "",
    };
    let invalid = |what: &str, name: &str, value: &str| {
        Err(Refused::new(format!("invalid {what} in {name}(): {value}")))
    };
    let to = text(1);
    match function {
        Function::LabelReplace => {
            let Ok(pattern) = pattern::anchored(text(4), edition) else {
                return invalid("regular expression", "label_replace", text(4));
            };
            if !is_label_name(to) {
                return invalid("destination label name", "label_replace", to);
            }
            if let Some(arg) = args.get_mut(4) {
                *arg = Expr::Pattern(pattern);
            }
        }
        Function::LabelJoin => {
            if let Some(label) = (3..args.len()).map(text).find(|label| !is_label_name(label)) {
                return invalid("source label name", "label_join", label);
            }
            if !is_label_name(to) {
                return invalid("destination label name", "label_join", to);
            }
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_units_in_falling_order() {
        let cases = [
            ("5m", Some(300_000)),
            ("1h30m", Some(5_400_000)),
            ("1y2w3d4h5m6s7ms", Some(31_536_000_000 + 1_209_600_000 + 273_906_007)),
            ("100ms", Some(100)),
            ("0s", None),
            ("30m1h", None),
            ("1m1m", None),
            ("1.5h", None),
            ("99999999999y", None),
            ("101y", None),
            ("5", None),
            ("m", None),
            ("5x", None),
            ("", None),
        ];
        for (text, millis) in cases {
            assert_eq!(duration(text), millis, "{text}");
        }
    }
}
