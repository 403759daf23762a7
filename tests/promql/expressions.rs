//! Random expressions over the history, and which features of the language each one has.

use std::collections::BTreeSet;

use fluxnoc::promql::{Edition, Kind, parse};

use crate::history::Random;

/// Functions of a vector that keep the labels.
pub const SIMPLE: &[&str] = &[
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "ceil",
    "cos",
    "cosh",
    "deg",
    "exp",
    "floor",
    "ln",
    "log10",
    "log2",
    "rad",
    "sgn",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "timestamp",
    "sort",
    "sort_desc",
    "round",
    "clamp",
    "clamp_min",
    "clamp_max",
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "days_in_month",
    "hour",
    "minute",
    "month",
    "year",
];
/// Functions of a range that keep the labels.
pub const RANGED: &[&str] = &[
    "rate",
    "irate",
    "increase",
    "delta",
    "idelta",
    "deriv",
    "predict_linear",
    "resets",
    "changes",
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "sum_over_time",
    "count_over_time",
    "last_over_time",
    "present_over_time",
    "stddev_over_time",
    "stdvar_over_time",
    "quantile_over_time",
];
/// Functions with a form of their own.
pub const SPECIAL: &[&str] = &[
    "absent",
    "absent_over_time",
    "scalar",
    "vector",
    "time",
    "pi",
    "histogram_quantile",
    "label_replace",
    "label_join",
];
pub const ARITHMETIC: &[&str] = &["+", "-", "*", "/", "%", "^", "atan2"];
pub const COMPARING: &[&str] = &["==", "!=", ">", "<", ">=", "<="];
pub const SETS: &[&str] = &["and", "or", "unless"];
pub const AGGREGATIONS: &[&str] = &[
    "sum",
    "min",
    "max",
    "avg",
    "count",
    "stddev",
    "stdvar",
    "topk",
    "bottomk",
    "quantile",
    "count_values",
    "group",
];
const MODIFIERS: &[&str] = &[
    "bool",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "by",
    "without",
    "offset",
    "offset -",
    "@",
    "@ start()",
    "@ end()",
    "[:]",
    "[: step]",
    "unary -",
    "matcher =",
    "matcher !=",
    "matcher =~",
    "matcher !~",
    "number",
    "string",
    "instant selector",
    "range selector",
];

/// Functions and operators that Go has made itself, and that differ in the last bit.
pub const INEXACT: &[&str] = &[
    "acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "exp", "ln", "log10", "log2",
    "sin", "sinh", "tan", "tanh", "^", "atan2",
];

/// All features that are counted.
pub fn features() -> Vec<&'static str> {
    [SIMPLE, RANGED, SPECIAL, ARITHMETIC, COMPARING, SETS, AGGREGATIONS, MODIFIERS].concat()
}

pub struct Metric {
    pub name: &'static str,
    /// Labels with some of their values.
    pub labels: &'static [(&'static str, &'static [&'static str])],
    /// Whether two series hardly ever have the same value.
    pub distinct: bool,
}

pub const METRICS: &[Metric] = &[
    Metric {
        name: "requests_total",
        labels: &[
            ("job", &["api", "web", "db"]),
            ("instance", &["a:1", "b:1", "c:1"]),
            ("code", &["200", "404", "500"]),
        ],
        distinct: true,
    },
    Metric {
        name: "temperature",
        labels: &[("site", &["dal", "fra"]), ("room", &["r1", "r2", "r3", "r4"])],
        distinct: true,
    },
    Metric {
        name: "queue",
        labels: &[("job", &["api", "web"]), ("instance", &["a:1", "b:1", "c:1", "d:1"])],
        distinct: false,
    },
    Metric { name: "level", labels: &[("instance", &["a:1", "b:1"])], distinct: false },
    Metric { name: "disk", labels: &[("instance", &["a:1", "b:1"])], distinct: true },
    Metric {
        name: "latency_seconds_bucket",
        labels: &[
            ("job", &["api", "web"]),
            ("instance", &["a:1", "b:1"]),
            ("le", &["0.1", "0.5", "1", "+Inf"]),
        ],
        distinct: false,
    },
    Metric { name: "odd", labels: &[("kind", &["mixed", "calm", "wild"])], distinct: false },
    Metric { name: "gappy", labels: &[("n", &["1", "2", "3", "4"])], distinct: true },
    Metric {
        name: "build_info",
        labels: &[("instance", &["a:1", "b:1", "c:1"]), ("version", &["1.0", "1.1", "2.0"])],
        distinct: false,
    },
];

/// An expression and its features.
pub struct Expression {
    pub text: String,
    pub used: BTreeSet<&'static str>,
}

pub struct Maker<'a> {
    pub random: &'a mut Random,
    pub used: BTreeSet<&'static str>,
    pub is_range: bool,
}

/// Whether 2.42 does not do what it means to do, so that nothing can be compared. These are tested by
/// hand in `cases/ranges.test` and `cases/functions.test`:
/// - `timestamp` of a selector with `@` and `offset` forgets the offset, but not where it loads;
/// - `@` within a subquery that has an offset: where the offset is as long as the range, the fixed
///   time is shifted by it;
/// - `predict_linear` of a range with `@`, over a range of times, moves the fixed window.
///
/// A fourth is not made: `count_values` in a range, with a label that is also listed by `by`, groups
/// differently from the second step on.
pub fn is_broken(text: &str, is_range: bool) -> bool {
    let fixed = text.contains('@');
    let shifted = fixed && text.contains("offset");
    shifted && (text.contains("timestamp(") || text.contains("m:"))
        || fixed && is_range && text.contains("predict_linear(")
}

/// Makes an expression that has a feature; for a range of times or for one.
pub fn make(random: &mut Random, feature: &'static str, is_range: bool) -> Expression {
    let mut maker = Maker { random, used: BTreeSet::new(), is_range };
    let depth = 1 + maker.random.below(2);
    let inner = maker.with(feature, depth);
    // Often it is only a part of the expression.
    let is_vector = parse(&inner, Edition::Two).is_ok_and(|query| query.kind() == Kind::Vector);
    let text = match maker.random.below(6) {
        _ if !is_vector => inner,
        0 => maker.aggregated(&inner, "sum"),
        1 => maker.aggregated(&inner, "max"),
        2 => format!("({inner})"),
        _ => inner,
    };
    Expression { text, used: maker.used }
}

impl Maker<'_> {
    pub fn pick(&mut self, all: &[&'static str]) -> &'static str {
        all[self.random.below(all.len())]
    }

    pub fn uses(&mut self, feature: &'static str) -> &'static str {
        self.used.insert(feature);
        feature
    }

    pub fn metric(&mut self) -> &'static Metric {
        &METRICS[self.random.below(METRICS.len())]
    }

    pub fn distinct(&mut self) -> &'static Metric {
        loop {
            let metric = self.metric();
            if metric.distinct {
                return metric;
            }
        }
    }

    /// An expression of which a feature is the root, or near it.
    pub fn with(&mut self, feature: &'static str, depth: usize) -> String {
        let metric = self.metric();
        if SIMPLE.contains(&feature) {
            return self.simple_of(feature, metric, depth);
        }
        if RANGED.contains(&feature) {
            return self.ranged(feature, metric, depth);
        }
        if ARITHMETIC.contains(&feature) || COMPARING.contains(&feature) || SETS.contains(&feature)
        {
            return self.operation(feature, depth);
        }
        if AGGREGATIONS.contains(&feature) {
            let inner = self.for_aggregation(feature, depth);
            return self.aggregated(&inner, feature);
        }
        if SPECIAL.contains(&feature) {
            return self.special(feature, depth);
        }
        self.modified(feature, depth)
    }

    pub fn modified(&mut self, feature: &'static str, depth: usize) -> String {
        let metric = self.metric();
        match feature {
            "bool" => {
                let operator = self.pick(COMPARING);
                let (left, right) = (self.keeping(metric, depth), self.scalar(1));
                self.uses("bool");
                format!("({left}) {} bool ({right})", self.uses(operator))
            }
            "on" | "ignoring" | "group_left" | "group_right" => {
                let operator = self.any_operator();
                self.joined(operator, feature)
            }
            "by" | "without" => {
                let aggregation = self.pick(AGGREGATIONS);
                let inner = self.for_aggregation(aggregation, depth);
                self.grouped(&inner, aggregation, feature)
            }
            "[:]" | "[: step]" => {
                let function = self.pick(RANGED);
                let range = self.subquery(metric, depth, feature == "[: step]");
                self.call_ranged(function, &range)
            }
            "unary -" => {
                let inner = self.keeping(metric, depth);
                self.uses("unary -");
                format!("-({inner})")
            }
            "number" => self.number(),
            "string" => {
                self.uses("string");
                format!("\"{}\"", self.pick(&["x", "", "a\\\"b", "ü"]))
            }
            "range selector" => {
                let function = self.pick(RANGED);
                let range = self.selected(metric, "", true);
                self.call_ranged(function, &range)
            }
            _ => self.selected(metric, feature, false),
        }
    }
}
