//! From rules as they are written to rules that can be evaluated, with every mistake and its place.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Body, Group, QueryRules, Rule};
use crate::config::promql::Promql;
use crate::config::{Place, Problem, Problems, RuleEntry, RuleGroup, RuleName};
use crate::model::{Name, Span, hash};
use crate::promql::alerting::{AlertRule, Installation, RecordRule, Written};
use crate::promql::{Edition, Labels, Limits, Options, Position, parse};

/// Bounds of one expression: a tenth of what Prometheus allows itself, for it shares a machine with
/// the judgement of everything else.
const LIMITS: Limits = Limits {
    series: 100_000,
    samples: 5_000_000,
    steps: 11_000,
    visits: 20_000_000,
    label: 16 * 1024,
};

/// Reads the expressions and templates of all rules.
///
/// # Errors
/// Everything that is wrong with them: file, line and column.
pub fn compile(groups: &[Arc<RuleGroup>], promql: &Promql) -> Result<QueryRules, Problems> {
    let edition = if promql.edition == "2" { Edition::Two } else { Edition::Three };
    let mut reader = Reader { edition, problems: Vec::new() };
    let mut known: HashMap<(&str, &str), Place> = HashMap::new();
    let mut all = Vec::with_capacity(groups.len());
    for group in groups {
        if let Some(first) = known.insert((&group.source, &group.name), group.place) {
            let (name, line) = (&group.name, first.line);
            let again = format!("the group `{name}` is there already, in line {line}");
            reader.wrong(&group.source, group.place, again);
        }
        all.push(Arc::new(reader.group(group, promql)));
    }
    if !reader.problems.is_empty() {
        reader.problems.sort();
        let omitted = reader.problems.len().saturating_sub(LISTED);
        reader.problems.truncate(LISTED);
        return Err(Problems { list: reader.problems, omitted });
    }
    let step = i64::try_from(promql.interval.millis()).unwrap_or(i64::MAX);
    Ok(QueryRules {
        groups: all,
        options: Options { subquery_step: step, limits: LIMITS, ..Options::default() },
        installation: Installation {
            labels: Labels::from_pairs(
                promql.external_labels.iter().map(|(name, value)| (name.as_str(), value.as_str())),
            ),
            url: promql.external_url.clone().unwrap_or_default(),
        },
        host: promql.host.as_str().into(),
        contact_list: promql.contact_list.as_deref().map(Name::from),
    })
}

/// Most problems that are listed.
const LISTED: usize = 200;

struct Reader {
    edition: Edition,
    problems: Vec<Problem>,
}

/// A span in milliseconds.
fn millis(span: Span) -> i64 {
    i64::try_from(span.millis()).unwrap_or(i64::MAX)
}

impl Reader {
    fn wrong(&mut self, source: &str, place: Place, message: impl Into<String>) {
        self.problems.push(Problem { source: source.to_owned(), place, message: message.into() });
    }

    fn group(&mut self, group: &RuleGroup, promql: &Promql) -> Group {
        let interval = group.interval.unwrap_or(promql.interval);
        let id = format!("{};{}", group.source, group.name);
        let offset = hash::fnv1a(id.as_bytes()) % interval.millis().max(1);
        let mut rules = Vec::with_capacity(group.rules.len());
        for entry in &group.rules {
            rules.extend(self.rule(group, entry));
        }
        Group {
            source: group.source.as_ref().into(),
            name: group.name.as_str().into(),
            interval,
            offset: Span::from_millis(offset),
            limit: group.limit,
            query_offset: millis(group.query_offset),
            host: group.host.clone(),
            contact_list: group.contact_list.clone(),
            rules,
        }
    }

    fn rule(&mut self, group: &RuleGroup, entry: &RuleEntry) -> Option<Rule> {
        let mut labels = entry.labels.clone();
        for (name, value) in &group.labels {
            if !labels.iter().any(|(own, _)| own == name) {
                labels.push((name.clone(), value.clone()));
            }
        }
        labels.sort();
        let (RuleName::Alert(name) | RuleName::Record(name)) = &entry.name;
        let written = Written {
            name,
            expr: &entry.expr,
            hold: millis(entry.hold),
            keep: millis(entry.keep),
            labels: &labels,
            annotations: &entry.annotations,
        };
        // First by itself, for the place within the expression.
        let query = parse(&entry.expr, self.edition);
        let body = match (&query, &entry.name) {
            (Err(refused), _) => {
                let place = within(entry, refused.position);
                let (what, why) = (kind(&entry.name), &refused.message);
                self.wrong(&group.source, place, format!("{what} `{name}`: {why}"));
                return None;
            }
            (Ok(_), RuleName::Alert(_)) => {
                AlertRule::new(&written, self.edition).map(|rule| Body::Alert(Box::new(rule)))
            }
            (Ok(_), RuleName::Record(_)) => {
                RecordRule::new(&written, self.edition).map(|rule| Body::Record(Box::new(rule)))
            }
        };
        let body = body.map_err(|why| {
            let what = kind(&entry.name);
            self.wrong(&group.source, entry.place, format!("{what} `{name}`: {why}"));
        });
        Some(Rule {
            name: name.as_str().into(),
            line: entry.place.line,
            expr: entry.expr.trim().into(),
            hold: entry.hold,
            keep: entry.keep,
            labels: labels.clone(),
            annotations: entry.annotations.clone(),
            reach: query.map(|query| query.reach()).unwrap_or_default(),
            body: body.ok()?,
        })
    }
}

const fn kind(name: &RuleName) -> &'static str {
    match name {
        RuleName::Alert(_) => "alert",
        RuleName::Record(_) => "record",
    }
}

/// A place in an expression as one of its file. Of the lines after the first only how far they are
/// indented is not known: as far as the first one.
const fn within(entry: &RuleEntry, position: Option<Position>) -> Place {
    let Some(position) = position else { return entry.expr_place };
    let Place { line, column } = entry.expr_place;
    Place {
        line: line + position.line.saturating_sub(1),
        column: column + position.column.saturating_sub(1),
    }
}

#[cfg(test)]
#[path = "compile_tests.rs"]
mod tests;
