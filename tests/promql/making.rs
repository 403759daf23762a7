//! The parts of a random expression: selectors, functions, ranges, numbers.

use crate::expressions::{ARITHMETIC, COMPARING, Maker, Metric, RANGED, SIMPLE};
use crate::history::{LENGTH, START};

impl Maker<'_> {
    /// A selector with matchers and modifiers; one of them by force.
    pub fn selected(&mut self, metric: &Metric, forced: &'static str, is_range: bool) -> String {
        let mut matchers = Vec::new();
        for (label, values) in metric.labels {
            let operator = match forced.strip_prefix("matcher ") {
                Some(operator) if matchers.is_empty() => operator,
                _ if self.random.chance(0.25) => self.pick(&["=", "!=", "=~", "!~"]),
                _ => continue,
            };
            let value = values[self.random.below(values.len())];
            let other = values[self.random.below(values.len())];
            let (value, feature) = match operator {
                "=" => (value.to_owned(), "matcher ="),
                "!=" => (value.to_owned(), "matcher !="),
                "=~" => (self.pattern(value, other), "matcher =~"),
                _ => (self.pattern(value, other), "matcher !~"),
            };
            self.uses(feature);
            matchers.push(format!("{label}{operator}\"{value}\""));
        }
        let mut text = metric.name.to_owned();
        if !matchers.is_empty() {
            text.push_str(&format!("{{{}}}", matchers.join(",")));
        }
        if is_range {
            let range = self.pick(&["1m", "2m", "5m", "10m", "90s", "1h", "30s", "7m30s"]);
            text.push_str(&format!("[{range}]"));
        }
        self.uses(if is_range { "range selector" } else { "instant selector" });
        self.shifted(text, forced)
    }

    pub fn pattern(&mut self, value: &str, other: &str) -> String {
        match self.random.below(4) {
            0 => format!("{value}|{other}").replace('+', "."),
            1 => format!(".*{}", &value[value.len() - 1..]).replace('+', "."),
            2 => "[a-d4].*".to_owned(),
            _ => ".+".to_owned(),
        }
    }

    /// `offset` and `@`, rarely or by force.
    pub fn shifted(&mut self, mut text: String, forced: &str) -> String {
        let at = match forced {
            "@" | "@ start()" | "@ end()" => forced,
            _ if self.random.chance(0.06) => self.pick(&["@", "@ start()", "@ end()"]),
            _ => "",
        };
        match at {
            "@" => {
                let seconds =
                    START / 1000 + 600 + self.random.below(LENGTH as usize / 1000 - 600) as i64;
                self.uses("@");
                text.push_str(&format!(" @ {seconds}.5"));
            }
            "@ start()" => text.push_str(&format!(" {}", self.uses("@ start()"))),
            "@ end()" => text.push_str(&format!(" {}", self.uses("@ end()"))),
            _ => {}
        }
        let offset = match forced {
            "offset" | "offset -" => forced,
            _ if self.random.chance(0.08) => self.pick(&["offset", "offset -"]),
            _ => "",
        };
        let length = self.pick(&["1m", "5m", "17s", "10m"]);
        match offset {
            "offset" => text.push_str(&format!(" {} {length}", self.uses("offset"))),
            "offset -" => text.push_str(&format!(" {}{length}", self.uses("offset -"))),
            _ => {}
        }
        text
    }

    /// A vector with the labels of a metric.
    pub fn keeping(&mut self, metric: &Metric, depth: usize) -> String {
        if depth == 0 {
            return self.selected(metric, "", false);
        }
        match self.random.below(8) {
            0 => {
                let function = self.pick(SIMPLE);
                self.simple_of(function, metric, depth)
            }
            1..=3 => {
                let function = self.pick(RANGED);
                self.ranged(function, metric, depth)
            }
            4 => {
                let inner = self.keeping(metric, depth - 1);
                self.uses("unary -");
                format!("-{inner}")
            }
            5 => {
                let operator = self.pick(ARITHMETIC);
                let inner = self.keeping(metric, depth - 1);
                let number = self.number();
                format!("({inner}) {} {number}", self.uses(operator))
            }
            6 => {
                let operator = self.pick(COMPARING);
                let inner = self.keeping(metric, depth - 1);
                let number = self.number();
                format!("({inner}) {} {number}", self.uses(operator))
            }
            _ => self.selected(metric, "", false),
        }
    }

    /// A function of one number. Angles are of what is exact: of a large number the last bit, which may
    /// be another in Go, is the whole angle.
    pub fn simple_of(&mut self, function: &'static str, metric: &Metric, depth: usize) -> String {
        let is_angle = matches!(function, "sin" | "cos" | "tan");
        let inner = self.keeping(metric, if is_angle { 0 } else { depth - 1 });
        self.simple(function, &inner)
    }

    pub fn simple(&mut self, function: &'static str, inner: &str) -> String {
        self.uses(function);
        match function {
            "round" if self.random.chance(0.5) => {
                format!("round({inner}, {})", self.pick(&["0.1", "5", "0.25", "10"]))
            }
            // Go's exponential on x86 overflows from 709.44 on, where 709.78 is the last that fits.
            "exp" | "sinh" | "cosh" => format!("{function}(clamp({inner}, -700, 700))"),
            "clamp" => format!(
                "clamp({inner}, {}, {})",
                self.pick(&["0", "-5", "20"]),
                self.pick(&["10", "50"])
            ),
            "clamp_min" | "clamp_max" => {
                format!("{function}({inner}, {})", self.pick(&["0", "10", "1e3"]))
            }
            "day_of_month" | "day_of_week" | "day_of_year" | "days_in_month" | "hour"
            | "minute" | "month" | "year" => match self.random.below(3) {
                0 => format!("{function}()"),
                1 => format!("{function}(timestamp({inner}))"),
                _ => format!("{function}(clamp({inner}, -1e9, 1e9) * 2 == {inner} * 2)"),
            },
            _ => format!("{function}({inner})"),
        }
    }

    pub fn ranged(&mut self, function: &'static str, metric: &Metric, depth: usize) -> String {
        let range = if self.random.chance(0.25) {
            let has_step = self.random.chance(0.5);
            self.subquery(metric, depth, has_step)
        } else {
            self.selected(metric, "", true)
        };
        self.call_ranged(function, &range)
    }

    pub fn call_ranged(&mut self, function: &'static str, range: &str) -> String {
        self.uses(function);
        match function {
            "quantile_over_time" => {
                format!(
                    "quantile_over_time({}, {range})",
                    self.pick(&["0.5", "0.9", "0", "1", "0.33", "-1", "2"])
                )
            }
            "predict_linear" => {
                format!("predict_linear({range}, {})", self.pick(&["600", "3600", "-60"]))
            }
            _ => format!("{function}({range})"),
        }
    }

    pub fn subquery(&mut self, metric: &Metric, depth: usize, has_step: bool) -> String {
        let inner = self.keeping(metric, depth - 1);
        let range = self.pick(&["5m", "10m", "3m", "15m"]);
        let text = if has_step {
            self.uses("[: step]");
            format!("({inner})[{range}:{}]", self.pick(&["30s", "1m", "20s", "45s"]))
        } else {
            self.uses("[:]");
            format!("({inner})[{range}:]")
        };
        self.shifted(text, "")
    }

    pub fn number(&mut self) -> String {
        self.uses("number");
        self.pick(&[
            "2", "0.5", "10", "100", "-3", "0", "1e3", "0x1F", "3.14", "NaN", "Inf", "-Inf",
        ])
        .to_owned()
    }

    pub fn scalar(&mut self, depth: usize) -> String {
        match self.random.below(if depth == 0 { 2 } else { 6 }) {
            0 | 3 | 4 => self.number(),
            1 => {
                let function = self.pick(&["pi", "time", "time"]);
                format!("{}() % 60", self.uses(function))
            }
            2 => {
                let metric = self.metric();
                let inner = self.keeping(metric, 0);
                self.uses("scalar");
                let inner = self.aggregated(&inner, "max");
                format!("scalar({inner})")
            }
            _ => {
                let operator = self.pick(ARITHMETIC);
                let (left, right) = (self.scalar(0), self.scalar(0));
                format!("(({left}) {} ({right}))", self.uses(operator))
            }
        }
    }

    pub fn any_operator(&mut self) -> &'static str {
        match self.random.below(3) {
            0 => self.pick(ARITHMETIC),
            1 => self.pick(COMPARING),
            _ => self.pick(&["+", "-", "*", "/"]),
        }
    }
}
