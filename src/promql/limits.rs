//! What an evaluation may use at most, and what it has used.

use super::error::Fault;

/// The bounds of one evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Series that all selectors together may load.
    pub series: usize,
    /// Samples that all selectors may load and all operations may make.
    pub samples: u64,
    /// Steps of a range or of a subquery.
    pub steps: u64,
    /// Samples that functions over ranges may visit: windows overlap, so it can be many times what
    /// was loaded.
    pub visits: u64,
    /// Bytes of a label value that a function makes.
    pub label: usize,
}

impl Default for Limits {
    /// Of the order of what Prometheus allows itself, and a second or two at most.
    fn default() -> Self {
        Self {
            series: 100_000,
            samples: 10_000_000,
            steps: 11_000,
            visits: 100_000_000,
            label: 16 * 1024,
        }
    }
}

/// So many visits are made between two looks at the time: a few milliseconds of work.
const STRIDE: u64 = 1 << 15;

/// What is left of the limits.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    limits: Limits,
    series: usize,
    samples: u64,
    visits: u64,
    /// How many visits there were when the time was looked at last.
    looked: u64,
}

impl Budget {
    /// All of it.
    pub const fn new(limits: Limits) -> Self {
        Self { limits, series: 0, samples: 0, visits: 0, looked: 0 }
    }

    /// Series that selectors may load yet.
    pub const fn room(&self) -> usize {
        self.limits.series.saturating_sub(self.series)
    }

    /// Takes a series that a selector loads.
    pub const fn series(&mut self) -> Result<(), Fault> {
        self.series = self.series.saturating_add(1);
        if self.series > self.limits.series {
            return Err(Fault::TooManySeries(self.limits.series));
        }
        Ok(())
    }

    /// Takes samples that are loaded or made.
    pub const fn samples(&mut self, count: usize) -> Result<(), Fault> {
        self.samples = self.samples.saturating_add(count as u64);
        if self.samples > self.limits.samples {
            return Err(Fault::TooManySamples(self.limits.samples));
        }
        Ok(())
    }

    /// Takes samples that a function looks at, and the look itself.
    pub const fn visits(&mut self, count: usize) -> Result<(), Fault> {
        self.visits = self.visits.saturating_add(1 + count as u64);
        if self.visits > self.limits.visits {
            return Err(Fault::TooMuchWork(self.limits.visits));
        }
        Ok(())
    }

    /// True when so much was done since this was last true that the time should be looked at.
    pub const fn is_time_to_look(&mut self) -> bool {
        let is_time = self.visits.saturating_sub(self.looked) >= STRIDE;
        if is_time {
            self.looked = self.visits;
        }
        is_time
    }

    /// Allows a number of steps.
    pub const fn steps(&self, count: u64) -> Result<(), Fault> {
        if count > self.limits.steps {
            return Err(Fault::TooManySteps(self.limits.steps));
        }
        Ok(())
    }

    /// Allows a label value.
    pub const fn label(&self, value: &str) -> Result<(), Fault> {
        if value.len() > self.limits.label {
            return Err(Fault::LongLabel(self.limits.label));
        }
        Ok(())
    }
}
