//! What an instance's graphs and targets are, as expressions over its series. Pure.
//!
//! All series of an instance are summed before anything is divided or a quantile is taken (SPEC
//! D-12, D-13). The pool's gauges count where they live; where they are 0, as in every build so far,
//! what the monitoring says does.

use crate::model::Timestamp;
use crate::model::fluxbase::{JOB, MONITORING};
use crate::promql::{
    Edition, Options, Point as Found, Source, Steps, Value, evaluate_instant, evaluate_range, parse,
};
use crate::protocol::query::Point;
use crate::protocol::{FluxbaseGoal, FluxbaseGraph, FluxbaseLine, FluxbasePanel, FluxbaseTarget};

/// Which Prometheus is meant: there is no difference for these expressions.
const EDITION: Edition = Edition::Three;

/// The series of one instance.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    /// `job="fluxbase",instance="app-1:8080"`: of the exposition.
    scraped: String,
    /// The same of the monitoring's figures.
    told: String,
}

impl Instance {
    /// The instance that is called so.
    pub fn new(instance: &str) -> Self {
        let name = instance.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        // A check of all surfaces has the figures among its own series.
        Self {
            scraped: format!("job=\"{JOB}\",instance=\"{name}\""),
            told: format!("job=~\"{JOB}|{MONITORING}\",instance=\"{name}\""),
        }
    }

    fn rate(&self, metric: &str, more: &str, range: &str) -> String {
        format!("rate({metric}{{{}{more}}}[{range}])", self.scraped)
    }

    fn quantile(&self, q: &str, metric: &str) -> String {
        let rate = self.rate(metric, "", RANGE);
        format!("histogram_quantile({q}, sum by (le) ({rate}))")
    }

    fn requests(&self, q: &str) -> String {
        self.quantile(q, "fluxbase_http_request_duration_seconds_bucket")
    }

    fn queries(&self, q: &str) -> String {
        self.quantile(q, "fluxbase_db_query_duration_seconds_bucket")
    }

    /// Failed requests of all; 0 where there are requests and none failed.
    fn errors(&self) -> String {
        let all = self.rate("fluxbase_http_requests_total", "", RANGE);
        let bad = self.rate("fluxbase_http_requests_total", ",status=\"5xx\"", RANGE);
        format!("(sum({bad}) or sum({all}) * 0) / sum({all})")
    }

    /// A figure of the pool: its gauge where the gauges live, else the monitoring's.
    fn pool(&self, gauge: &str, figure: &str) -> String {
        let (scraped, told) = (&self.scraped, &self.told);
        format!(
            "max((fluxbase_db_connections{gauge}{{{scraped}}} and on () \
             (fluxbase_db_connections_max{{{scraped}}} > 0))) or \
             max(fluxbase_monitoring_database_{figure}{{{told}}})"
        )
    }

    /// Growth an hour as a share of the mean; the exposition needs no login and goes first.
    fn growth(&self, scraped: &str, told: &str) -> String {
        let share =
            |series: &str| format!("deriv({series}[1h]) * 3600 / avg_over_time({series}[1h])");
        let (one, other) = (
            format!("{scraped}{{{}}}", self.scraped),
            format!("fluxbase_monitoring_{told}{{{}}}", self.told),
        );
        format!("max({}) or max({})", share(&one), share(&other))
    }

    fn lines(&self, graph: FluxbaseGraph) -> Vec<(&'static str, String)> {
        match graph {
            FluxbaseGraph::RequestRate => {
                let rate = self.rate("fluxbase_http_requests_total", "", RANGE);
                vec![("requests", format!("sum({rate})"))]
            }
            FluxbaseGraph::Latency => {
                vec![("P95", self.requests("0.95")), ("P99", self.requests("0.99"))]
            }
            FluxbaseGraph::ErrorRate => vec![("errors", self.errors())],
            FluxbaseGraph::DbConnections => vec![
                ("in use", self.pool("", "acquired_conns")),
                ("max", self.pool("_max", "max_conns")),
            ],
            FluxbaseGraph::RealtimeConnections => {
                let scraped = format!("fluxbase_realtime_connections{{{}}}", self.scraped);
                let told =
                    format!("fluxbase_monitoring_realtime_total_connections{{{}}}", self.told);
                vec![("connections", format!("max({scraped}) or max({told})"))]
            }
        }
    }

    fn goal(&self, goal: FluxbaseGoal) -> String {
        match goal {
            FluxbaseGoal::LatencyP95 => self.requests("0.95"),
            FluxbaseGoal::LatencyP99 => self.requests("0.99"),
            FluxbaseGoal::QueryP95 => self.queries("0.95"),
            FluxbaseGoal::QueryP99 => self.queries("0.99"),
            FluxbaseGoal::ErrorRate => self.errors(),
            FluxbaseGoal::PoolUse => format!(
                "({}) / ({})",
                self.pool("", "acquired_conns"),
                self.pool("_max", "max_conns")
            ),
            FluxbaseGoal::Memory => self.growth("go_memstats_alloc_bytes", "memory_alloc_mb"),
            FluxbaseGoal::Goroutines => self.growth("go_goroutines", "num_goroutines"),
        }
    }

    /// Its five graphs.
    ///
    /// # Errors
    /// Why they cannot be said: there are too many series, or there is no time any more.
    pub fn panels(
        &self,
        source: &dyn Source,
        (from, to): (Timestamp, Timestamp),
        points: u32,
    ) -> Result<Vec<FluxbasePanel>, String> {
        let wide = to.since(from).millis() / u64::from(points.clamp(1, POINTS));
        let step = i64::try_from(wide.max(1000)).unwrap_or(i64::MAX);
        let steps = Steps { start: from.millis(), end: to.millis(), step };
        let each = FluxbaseGraph::ALL.into_iter().map(|graph| {
            let lines = self.lines(graph).into_iter().map(|(name, text)| {
                let points = range(&text, source, steps)?;
                Ok(FluxbaseLine { name: name.to_owned(), points })
            });
            Ok(FluxbasePanel { graph, lines: lines.collect::<Result<_, String>>()? })
        });
        each.collect()
    }

    /// How it stands to each goal at a moment.
    ///
    /// # Errors
    /// As [`Self::panels`].
    pub fn targets(
        &self,
        source: &dyn Source,
        at: Timestamp,
    ) -> Result<Vec<FluxbaseTarget>, String> {
        let each = FluxbaseGoal::ALL.into_iter().map(|goal| {
            let value = instant(&self.goal(goal), source, at)?;
            let told = match goal {
                // A slope of two moments is none.
                FluxbaseGoal::Memory | FluxbaseGoal::Goroutines => {
                    self.has_history(source, at, goal)?
                }
                _ => true,
            };
            Ok(FluxbaseTarget { goal, value: value.filter(|_| told) })
        });
        each.collect()
    }

    /// True when there is enough of the past for a trend.
    fn has_history(
        &self,
        source: &dyn Source,
        at: Timestamp,
        goal: FluxbaseGoal,
    ) -> Result<bool, String> {
        let (scraped, told) = match goal {
            FluxbaseGoal::Memory => ("go_memstats_alloc_bytes", "memory_alloc_mb"),
            _ => ("go_goroutines", "num_goroutines"),
        };
        let text = format!(
            "max({scraped}{{{}}} offset {TREND}) or max(fluxbase_monitoring_{told}{{{}}} offset {TREND})",
            self.scraped, self.told
        );
        Ok(instant(&text, source, at)?.is_some())
    }
}

/// What a rate is taken over, as in the rules.
const RANGE: &str = "5m";
/// So old must the oldest value be before there is a trend.
const TREND: &str = "15m";
/// Most points of a line.
const POINTS: u32 = 600;

fn instant(text: &str, source: &dyn Source, at: Timestamp) -> Result<Option<f64>, String> {
    let query = parse(text, EDITION).map_err(|why| why.to_string())?;
    let value = evaluate_instant(&query, source, at.millis(), &Options::default());
    let value = value.map_err(|why| why.to_string())?;
    let found = match value {
        Value::Vector(all) => all.first().map(|sample| sample.value),
        Value::Scalar(value) => Some(value),
        Value::Matrix(_) | Value::Text(_) => None,
    };
    Ok(found.filter(|value| value.is_finite()))
}

fn range(text: &str, source: &dyn Source, steps: Steps) -> Result<Vec<Point>, String> {
    let query = parse(text, EDITION).map_err(|why| why.to_string())?;
    let value = evaluate_range(&query, source, steps, &Options::default());
    let Value::Matrix(all) = value.map_err(|why| why.to_string())? else { return Ok(Vec::new()) };
    // Two sides of an `or` without labels are one series.
    let mut points: Vec<Found> = all.into_iter().flat_map(|series| series.points).collect();
    points.sort_by_key(|point| point.at);
    let finite = points.into_iter().filter(|point| point.value.is_finite());
    Ok(finite.map(|p| Point::one(Timestamp::from_millis(p.at), p.value)).collect())
}

#[cfg(test)]
#[path = "figures_tests.rs"]
mod tests;
