//! What random expressions are combined by: operators, matching, aggregations, functions with a form
//! of their own.

use crate::expressions::{COMPARING, METRICS, Maker, RANGED, SETS};

impl Maker<'_> {
    pub fn operation(&mut self, operator: &'static str, depth: usize) -> String {
        let metric = self.metric();
        let is_set = SETS.contains(&operator);
        match self.random.below(6) {
            // Sides that have the same labels.
            0 | 1 => {
                let (left, right) = (self.keeping(metric, depth), self.keeping(metric, depth - 1));
                self.uses(operator);
                format!("({left}) {operator} ({right})")
            }
            2 if !is_set => {
                let (left, right) = (self.scalar(1), self.keeping(metric, depth));
                self.uses(operator);
                format!("({left}) {operator} ({right})")
            }
            3 if !is_set => {
                let (left, right) = (self.scalar(1), self.scalar(1));
                let is_bool = COMPARING.contains(&operator);
                self.uses(operator);
                format!("({left}) {operator}{} ({right})", if is_bool { " bool" } else { "" })
            }
            4 if is_set => {
                let other = self.metric();
                let (left, right) = (self.keeping(metric, depth), self.keeping(other, depth));
                self.uses(operator);
                let feature = self.pick(&["on", "ignoring"]);
                let label = self.pick(&["instance", "job", "nosuch"]);
                format!("({left}) {operator} {}({label}) ({right})", self.uses(feature))
            }
            _ if is_set => {
                let (left, right) = (self.keeping(metric, depth), self.keeping(metric, 0));
                self.uses(operator);
                format!("({left}) {operator} ({right})")
            }
            _ => {
                let how = self.pick(&["on", "ignoring", "group_left", "group_right"]);
                self.joined(operator, how)
            }
        }
    }

    /// Two vectors that are matched by some of their labels.
    pub fn joined(&mut self, operator: &'static str, how: &'static str) -> String {
        self.uses(operator);
        let is_bool = COMPARING.contains(&operator) && self.random.chance(0.3);
        let operator = if is_bool {
            self.uses("bool");
            format!("{operator} bool")
        } else {
            operator.to_owned()
        };
        let of = |name: &str| METRICS.iter().find(|metric| metric.name == name).expect("a metric");
        let (many, one, label) = match self.random.below(4) {
            0 => ("requests_total", "queue", "instance"),
            1 => ("requests_total", "build_info", "instance"),
            2 => ("queue", "build_info", "instance"),
            _ => ("queue", "requests_total", "job"),
        };
        let depth = self.random.below(2);
        let many = self.keeping(of(many), depth);
        let one_inner = self.keeping(of(one), 0);
        self.uses("by");
        let one = match self.random.below(8) {
            // Rarely of the many: then it is an error.
            0 => one_inner.clone(),
            1 if one == "build_info" => one_inner.clone(),
            _ => format!("max by ({label}) ({one_inner})"),
        };
        self.uses("max");
        match how {
            "on" => {
                self.uses("on");
                format!("sum by ({label}) ({many}) {operator} on ({label}) {one}")
            }
            "ignoring" => {
                self.uses("ignoring");
                let name = self.pick(&["nosuch", "code", "job"]);
                format!("sum by ({label}) ({many}) {operator} ignoring ({name}) {one}")
            }
            _ => {
                let matching = if self.random.chance(0.7) {
                    self.uses("on");
                    format!("on ({label})")
                } else {
                    self.uses("ignoring");
                    "ignoring (code, site, job, version)".to_owned()
                };
                let taken = self.pick(&["(version)", "(nosuch)", "()"]);
                self.uses(how);
                let (left, right) = if how == "group_left" {
                    (format!("({many})"), one)
                } else {
                    (one, format!("({many})"))
                };
                format!("{left} {operator} {matching} {how}{taken} {right}")
            }
        }
    }

    /// What an aggregation is of. Of equal elements `topk` takes those that come first or last, so it
    /// is of what has an order: no subqueries, and in a range no equal elements.
    pub fn for_aggregation(&mut self, aggregation: &str, depth: usize) -> String {
        if matches!(aggregation, "topk" | "bottomk") {
            if self.is_range {
                let metric = self.distinct();
                return self.selected(metric, "", false);
            }
            let metric = self.metric();
            let function = self.pick(RANGED);
            let range = self.selected(metric, "", true);
            return if depth == 0 {
                self.selected(metric, "", false)
            } else {
                self.call_ranged(function, &range)
            };
        }
        let metric = self.metric();
        if aggregation == "count_values" {
            // Every digit of a value is part of a label, so only exact operations belong here.
            let inner = self.selected(metric, "", false);
            return if self.random.chance(0.3) { self.simple("round", &inner) } else { inner };
        }
        self.keeping(metric, depth)
    }

    pub fn aggregated(&mut self, inner: &str, aggregation: &'static str) -> String {
        match self.random.below(3) {
            0 => self.grouped(inner, aggregation, "by"),
            1 => self.grouped(inner, aggregation, "without"),
            _ => self.called(inner, aggregation, ""),
        }
    }

    pub fn grouped(&mut self, inner: &str, aggregation: &'static str, how: &'static str) -> String {
        let labels = self.pick(&[
            "job",
            "instance",
            "site, room",
            "",
            "kind, n",
            "job, le, code",
            "__name__",
        ]);
        self.uses(how);
        self.called(inner, aggregation, &format!("{how} ({labels})"))
    }

    pub fn called(&mut self, inner: &str, aggregation: &'static str, how: &str) -> String {
        self.uses(aggregation);
        let param = match aggregation {
            "topk" | "bottomk" => format!("{}, ", self.pick(&["1", "2", "3", "5", "0", "2.7"])),
            "quantile" => format!("{}, ", self.pick(&["0.5", "0.9", "0.1", "1", "-1", "NaN"])),
            "count_values" => format!(
                "\"{}\", ",
                self.pick(if self.is_range { &["v", "value"] } else { &["v", "job", "value"] })
            ),
            _ => String::new(),
        };
        if self.random.chance(0.5) {
            format!("{aggregation} {how} ({param}{inner})")
        } else {
            format!("{aggregation}({param}{inner}) {how}")
        }
    }

    pub fn special(&mut self, feature: &'static str, depth: usize) -> String {
        let metric = self.metric();
        self.uses(feature);
        match feature {
            "absent" => match self.random.below(3) {
                0 => format!("absent({})", self.keeping(metric, depth)),
                1 => {
                    format!("absent(nosuch{{job=\"{}\", le=~\"x\"}})", self.pick(&["api", "", "x"]))
                }
                _ => format!("absent({} > 1e308)", self.selected(metric, "", false)),
            },
            "absent_over_time" => match self.random.below(3) {
                0 => format!("absent_over_time({})", self.selected(metric, "", true)),
                1 => "absent_over_time(nosuch{a=\"b\", a=\"c\", d=\"e\"}[5m])".to_owned(),
                _ => {
                    format!("absent_over_time(gappy{{n=\"{}\"}}[30s])", self.pick(&["1", "2", "3"]))
                }
            },
            "scalar" => {
                let inner = self.keeping(metric, depth);
                let inner = self.aggregated(&inner, "min");
                format!("scalar({inner}) + {}", self.number())
            }
            "vector" => format!("vector({})", self.scalar(1)),
            "time" => format!("time() {} {}", self.uses("-"), self.number()),
            "pi" => format!("pi() {} {}", self.uses("*"), self.number()),
            "histogram_quantile" => self.histogram_quantile(),
            "label_replace" => {
                let inner = self.keeping(metric, depth);
                let (to, template) = (
                    self.pick(&["new", "job", "instance", "__name__"]),
                    self.pick(&["$1", "x-$1-${1}", "", "$$1", "c"]),
                );
                let (from, pattern) = (
                    self.pick(&["instance", "job", "nosuch", "site"]),
                    self.pick(&["(.*)", "(.).*", "a.*", "([a-z]+):?\\\\d*"]),
                );
                format!(
                    "label_replace({inner}, \"{to}\", \"{template}\", \"{from}\", \"{pattern}\")"
                )
            }
            _ => {
                let inner = self.keeping(metric, depth);
                let to = self.pick(&["new", "job", "room"]);
                let from = self.pick(&[
                    "\"job\", \"instance\"",
                    "\"site\"",
                    "\"nosuch\"",
                    "\"instance\", \"instance\", \"n\"",
                ]);
                format!(
                    "label_join({inner}, \"{to}\", \"{}\", {from})",
                    self.pick(&["-", "", ", "])
                )
            }
        }
    }

    pub fn histogram_quantile(&mut self) -> String {
        let q = self.pick(&["0.5", "0.9", "0.99", "0", "1", "-0.1", "1.1", "0.123"]);
        let range = self.pick(&["1m", "5m", "10m"]);
        self.uses("range selector");
        let rates = format!("{}(latency_seconds_bucket[{range}])", self.uses("rate"));
        let inner = match self.random.below(4) {
            0 => rates,
            1 => self.called(&rates, "sum", "by (le)"),
            2 => self.called(&rates, "sum", "by (le, job)"),
            _ => self.selected(&METRICS[5], "", false),
        };
        format!("histogram_quantile({q}, {inner})")
    }
}
