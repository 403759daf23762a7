//! Where series come from: the one thing that the evaluation asks of the world.

use std::ops::ControlFlow;

use super::error::Fault;
use super::labels::Labels;
use super::limits::Budget;
use super::syntax::Matcher;
use super::value::{Point, Series};

/// What a selector wants.
#[derive(Clone, Copy, Debug)]
pub struct Selection<'a> {
    /// All of them must match.
    pub matchers: &'a [Matcher],
    /// The first moment of interest, in milliseconds since the epoch.
    pub from: i64,
    /// The last moment of interest; it belongs to the selection.
    pub to: i64,
    /// True when of each series only the last sample is looked at: earlier ones need not be given.
    pub newest: bool,
}

impl Selection<'_> {
    /// Whether a series belongs to the selection.
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        self.matchers.iter().all(|matcher| matcher.matches(labels.get(&matcher.name)))
    }

    /// The name of the metric when the selection asks for one name: sources may look it up.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.matchers.iter().find_map(Matcher::is_name)
    }
}

/// Gives series. Sums of floating point depend on their order, so a source gives the same series in
/// the same order each time; sorted by labels is the order of Prometheus.
pub trait Source {
    /// Hands over every series that matches and its samples from `from` to `to`, in the order of
    /// time and each time once, markers of ended series included; ends when it is told so.
    ///
    /// # Errors
    /// Why the series cannot be given.
    fn select(&self, selection: &Selection<'_>, taken: &mut Taken<'_>) -> Result<(), String>;

    /// True when the time of the evaluation is over: it ends soon after. Asked now and then.
    fn is_over(&self) -> bool {
        false
    }
}

/// Takes what a source gives, within the limits of the evaluation.
#[derive(Debug)]
pub struct Taken<'a> {
    budget: &'a mut Budget,
    from: i64,
    to: i64,
    series: Vec<Series>,
    fault: Option<Fault>,
}

impl<'a> Taken<'a> {
    /// Nothing yet.
    pub(super) const fn new(budget: &'a mut Budget, from: i64, to: i64) -> Self {
        Self { budget, from, to, series: Vec::new(), fault: None }
    }

    /// How many series it takes yet.
    #[must_use]
    pub const fn room(&self) -> usize {
        self.budget.room()
    }

    /// Takes a series; breaks when it was one too many. Samples outside the range are passed over.
    pub fn series(
        &mut self,
        labels: &Labels,
        points: impl IntoIterator<Item = Point>,
    ) -> ControlFlow<()> {
        match self.take(labels, points) {
            Ok(()) => ControlFlow::Continue(()),
            Err(fault) => {
                self.fault.get_or_insert(fault);
                ControlFlow::Break(())
            }
        }
    }

    fn take(
        &mut self,
        labels: &Labels,
        points: impl IntoIterator<Item = Point>,
    ) -> Result<(), Fault> {
        self.budget.series()?;
        let mut all: Vec<Point> = Vec::new();
        for point in points {
            let is_new = all.last().is_none_or(|last| point.at > last.at);
            if is_new && point.at >= self.from && point.at <= self.to {
                self.budget.samples(1)?;
                all.push(point);
            }
        }
        if !all.is_empty() {
            self.series.push(Series { labels: labels.clone(), points: all });
        }
        Ok(())
    }

    /// All that was taken.
    pub(super) fn done(self, said: Result<(), String>) -> Result<Vec<Series>, Fault> {
        match (self.fault, said) {
            (Some(fault), _) => Err(fault),
            (None, Err(why)) => Err(Fault::Source(why)),
            (None, Ok(())) => Ok(self.series),
        }
    }
}
