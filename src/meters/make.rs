//! Making families: the prefix, the help, the registration.

use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry,
};

/// What every name begins with.
pub(super) const PREFIX: &str = "fluxnoc_";

/// Registers what it makes.
pub(super) struct Make<'r>(pub &'r Registry);

impl Make<'_> {
    pub(super) fn counters(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.keep(IntCounterVec::new(opts(name, help), labels))
    }

    pub(super) fn gauge(&self, name: &str, help: &str) -> Gauge {
        self.keep(Gauge::with_opts(opts(name, help)))
    }

    pub(super) fn int_gauge(&self, name: &str, help: &str) -> IntGauge {
        self.keep(IntGauge::with_opts(opts(name, help)))
    }

    /// Absent until a value is set, also without labels.
    pub(super) fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> GaugeVec {
        self.keep(GaugeVec::new(opts(name, help), labels))
    }

    /// The same of whole numbers.
    pub(super) fn int_gauges(&self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        self.keep(IntGaugeVec::new(opts(name, help), labels))
    }

    pub(super) fn histograms(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        buckets: &[f64],
    ) -> HistogramVec {
        let opts = HistogramOpts { common_opts: opts(name, help), buckets: buckets.to_vec() };
        self.keep(HistogramVec::new(opts, labels))
    }

    #[expect(clippy::expect_used, reason = "the names stand in this folder, and a test makes all")]
    fn keep<T: Collector + Clone + 'static>(&self, made: prometheus::Result<T>) -> T {
        let made = made.expect("names and labels of meters are valid");
        self.0.register(Box::new(made.clone())).expect("each name stands once");
        made
    }
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(format!("{PREFIX}{name}"), help)
}
